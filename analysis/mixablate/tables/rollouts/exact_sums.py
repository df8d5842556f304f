"""Sums of doubles and of their squares without any rounding, by whole numbers that every engine adds alike.

Floating-point sums depend on the order of their terms, so on threads, on files and on the engine. Here each value is
cut into three whole numbers of 28 bits, relative to a power of two near it; whole numbers add exactly, in any order.
(The idea is that of Demmel and Nguyen, Parallel Reproducible Summation, IEEE Trans. Comput. 64, 2015, with enough
limbs that nothing is left over.)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

__all__ = ["SUMS", "ExactSums", "bins_between", "mean_and_sd", "summed", "sums_query"]

BITS = 28
"""Of one limb: three of them hold the 53 bits of a double that is at least 2^-28 of its bin's edge, with 3 to spare."""

LEAST, MOST = -1022, 1024
"""A scale of 2^-e stays a double for these e; the lowest bin also takes the subnormal numbers."""

SUMS = ("one", "two", "three", "one_one", "one_two", "one_three", "two_three", "three_three")


@dataclass(frozen=True, slots=True)
class ExactSums:
    """n, the sum and the sum of squares of some values, exactly."""

    n: int = 0
    total: Fraction = Fraction(0)
    squares: Fraction = Fraction(0)

    def __add__(self, other: ExactSums) -> ExactSums:
        """Of both together."""
        return ExactSums(self.n + other.n, self.total + other.total, self.squares + other.squares)


def bins_between(low: float, high: float) -> list[int]:
    """The exponents e, falling by 28, of bins [2^(e-28), 2^e) that hold every size from `low` to `high`.

    >>> bins_between(0.25, 0.75), bins_between(1e-9, 3.0)
    ([0], [2, -26])
    """
    exponents = [max(math.frexp(high)[1], LEAST)]
    while low < math.ldexp(1.0, exponents[-1] - BITS) and exponents[-1] > LEAST:
        exponents.append(max(exponents[-1] - BITS, LEAST))
    return exponents


def sums_query(keys: str, number: str, rows: str, bins: Sequence[int]) -> str:
    """The query that sums limbs: `keys`, exponent, n, then `SUMS`, one row per key and bin that occurs.

    Args:
        keys: the columns to sum within, as written after GROUP BY.
        number: the double, finite or NULL.
        rows: what stands after FROM, with its WHERE.
        bins: from `bins_between`, for the sizes that occur.
    """
    size = f"abs({number})"
    fits = [f"WHEN {size} >= {_double(math.ldexp(1.0, e - BITS))} THEN" for e in bins[:-1]]
    exponent = _case([f"{fit} {e}" for fit, e in zip(fits, bins, strict=False)], str(bins[-1]))
    scale = [_double(math.ldexp(1.0, min(BITS - e, 1023))) for e in bins]
    scaled = _case([f"{fit} {size} * {by}" for fit, by in zip(fits, scale, strict=False)], f"{size} * {scale[-1]}")
    radix = _double(2.0**BITS)
    return f"""
SELECT {keys}, exponent, count(*) AS n, sum(s * one) AS one, sum(s * two) AS two, sum(s * three) AS three,
    {_wide_sum("one * one")} AS one_one, {_wide_sum("one * two")} AS one_two,
    {_wide_sum("2 * one * three + two * two")} AS one_three, {_wide_sum("two * three")} AS two_three,
    {_wide_sum("three * three")} AS three_three
FROM (
    SELECT {keys}, exponent, s, one, two, CAST(floor((x - two) * {radix}) AS BIGINT) AS three FROM (
        SELECT {keys}, exponent, s, one, x, CAST(floor(x) AS BIGINT) AS two FROM (
            SELECT {keys}, exponent, s, CAST(floor(x) AS BIGINT) AS one, (x - floor(x)) * {radix} AS x FROM (
                SELECT {keys}, {exponent} AS exponent, CASE WHEN {number} < 0 THEN -1 ELSE 1 END AS s, {scaled} AS x
                FROM {rows}
            ) AS scaled
        ) AS first
    ) AS second
) AS third
GROUP BY {keys}, exponent"""


def _case(branches: Sequence[str], otherwise: str) -> str:
    return f"CASE {' '.join(branches)} ELSE {otherwise} END" if branches else otherwise


def _double(value: float) -> str:
    """A literal that every dialect reads as a double, and not as a decimal: it has an exponent."""
    return f"{value:.17e}"


def _wide_sum(product: str) -> str:
    """A sum that 64 bits may not hold."""
    return f"sum(CAST({product} AS DECIMAL(38, 0)))"


def summed(rows: Iterable[Sequence[int]]) -> ExactSums:
    """The sums of one key, from its rows of `sums_query`: exponent, n, then `SUMS`.

    >>> summed([(2, 1, 3 * 2**26, 0, 0, 9 * 2**52, 0, 0, 0, 0)])  # the value 3: 3/4 of 2^2
    ExactSums(n=1, total=Fraction(3, 1), squares=Fraction(9, 1))
    """
    found = ExactSums()
    for exponent, n, one, two, three, one_one, one_two, one_three, two_three, three_three in rows:
        unit = _power(max(exponent - BITS, -1023) - 2 * BITS)
        total = (one << 2 * BITS) + (two << BITS) + three
        squares = one_one << 4 * BITS
        squares += (one_two << 3 * BITS + 1) + (one_three << 2 * BITS) + (two_three << BITS + 1) + three_three
        found += ExactSums(n, total * unit, squares * unit * unit)
    return found


def _power(exponent: int) -> Fraction:
    return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)


def mean_and_sd(sums: ExactSums) -> tuple[float, float]:
    """The mean and the standard deviation (n - 1), each the double nearest the exact value; NaN where undefined."""
    if not sums.n:
        return math.nan, math.nan
    mean = float(sums.total / sums.n)
    if sums.n == 1:
        return mean, math.nan
    return mean, _root((sums.squares - sums.total**2 / sums.n) / (sums.n - 1))


def _root(value: Fraction) -> float:
    """The square root, by whole numbers, so that neither a large nor a small variance leaves the range of a double."""
    if not value:
        return 0.0
    shift = 64 - (value.numerator.bit_length() - value.denominator.bit_length()) // 2
    return float(Fraction(math.isqrt(math.floor(value * _power(2 * shift)))) * _power(-shift))
