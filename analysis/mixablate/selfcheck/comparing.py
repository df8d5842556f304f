"""A number of ours beside a number of theirs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Comparison", "close", "each_close", "listed", "printed", "same", "within"]

DIGITS = 14
"""Of the numbers of a reference: what R's toJSON was told to write."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison.

    Attributes:
        what: the number's place in the reference, such as `cr.CR2.se.late`.
        expected: the reference's, as text for labels.
        found: ours.
        error: absolute or relative, whichever the tolerance is stated in; infinite for a label that differs, a number
            that is missing or one that should be.
        tolerance: the largest error that passes.
    """

    what: str
    expected: float | str | None
    found: float | str | None
    error: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the error is no larger than the tolerance."""
        return self.error <= self.tolerance


def close(
    what: str, found: float | None, expected: float | None, tolerance: float, *, relative: bool = False
) -> Comparison:
    """Two numbers; the error is relative to the expected one on request. A missing number agrees with NaN or None."""
    if found is None or expected is None or math.isnan(found) or math.isnan(expected):
        absent = (expected is None or math.isnan(expected)) and (found is None or math.isnan(found))
        return Comparison(what, expected, found, 0.0 if absent else math.inf, tolerance)
    error = 0.0 if found == expected else abs(found - expected)
    if relative and expected != 0:
        error /= abs(expected)
    return Comparison(what, float(expected), float(found), error, tolerance)


def each_close(
    what: str,
    found: Mapping[str, float] | Sequence[float],
    expected: Mapping[str, float | None] | Sequence[float | None] | float | None,
    tolerance: float,
    *,
    relative: bool = False,
) -> Iterator[Comparison]:
    """Every number of a mapping or sequence of the reference, beside ours of the same key or place."""
    ours = found if isinstance(found, Mapping) else {str(place): number for place, number in enumerate(found)}
    theirs = expected if isinstance(expected, Mapping) else {str(place): n for place, n in enumerate(listed(expected))}
    for key, number in theirs.items():
        yield close(f"{what}.{key}", ours.get(key), number, tolerance, relative=relative)


def listed(numbers: Sequence[float | None] | float | None) -> Sequence[float | None]:
    """A vector of the reference as a sequence: R's toJSON writes one of length one as a number."""
    return numbers if isinstance(numbers, Sequence) else [numbers]


def printed(number: float) -> float:
    """Half a unit of the last digit that a reference has of this number; 0 for 0 and for none."""
    if not math.isfinite(number) or number == 0:
        return 0.0
    return float(0.5 * 10.0 ** (math.floor(math.log10(abs(number))) + 1 - DIGITS))


def same(what: str, found: object, expected: object) -> Comparison:
    """Two labels, which are the same or not."""
    return Comparison(what, str(expected), str(found), 0.0 if found == expected else math.inf, 0.0)


def within(what: str, found: float, low: float, high: float) -> Comparison:
    """A number that must lie between two: the error is how far outside it is."""
    outside = max(low - found, found - high, 0.0) if not math.isnan(found) else math.inf
    return Comparison(what, f"{low:.10g} to {high:.10g}", found, outside, 0.0)
