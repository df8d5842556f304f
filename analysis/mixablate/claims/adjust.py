"""Adjustment of p-values for the number of claims that are judged together.

Every function here takes the p-values of one family and returns adjusted ones in the order given, to be compared with
the family's alpha; none is below the p-value it came from. A member that could not be tested has no p-value: whether it
still counts (as 1) or was never part of the family is for the caller to say, so NaN is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["benjamini_hochberg", "benjamini_yekutieli", "bonferroni", "hochberg", "holm", "hommel"]

Floats = NDArray[np.float64]


def bonferroni(p_values: Sequence[float]) -> tuple[float, ...]:
    """The p-values times their number.

    Controls the family-wise error (any wrong rejection) under any dependence. `holm` does so too and is never larger:
    this one is for intervals that are to fit their p-values.

    Source: Dunn (1961), JASA 56, 52-64.

    Raises:
        ValueError: a p-value outside 0 to 1, or NaN.

    >>> bonferroni([0.25, 0.5])
    (0.5, 1.0)
    """
    return _in_order(p_values, lambda p: len(p) * p)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's step-down adjusted p-values: the smallest times n, the next times n - 1, never falling.

    Controls the family-wise error under any dependence; the default for families of claims.

    Source: Holm (1979), Scand. J. Stat. 6, 65-70.

    Raises:
        ValueError: a p-value outside 0 to 1, or NaN.

    >>> [round(p, 6) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    return _in_order(p_values, lambda p: np.maximum.accumulate(np.arange(len(p), 0, -1) * p))


def hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Hochberg's step-up adjusted p-values: the largest times 1, the next times 2, never rising towards the smallest.

    Never larger than Holm's. Controls the family-wise error for independent tests and for many positively dependent
    ones (those for which Simes' test holds), such as evals that rise and fall together over runs. Wrong for opposed
    tests: two sides of one question, or parts that sum to a total.

    Source: Hochberg (1988), Biometrika 75, 800-802; dependence: Sarkar (1998), Ann. Stat. 26, 494-504.

    Raises:
        ValueError: a p-value outside 0 to 1, or NaN.

    >>> [round(p, 6) for p in hochberg([0.01, 0.04, 0.03])]
    [0.03, 0.04, 0.04]
    """
    return _in_order(p_values, lambda p: _falling(np.arange(len(p), 0, -1) * p))


def hommel(p_values: Sequence[float]) -> tuple[float, ...]:
    """Hommel's adjusted p-values: the largest Simes p-value of any group of claims that the claim belongs to.

    Never larger than Hochberg's; controls the same error under the same dependence.

    Source: Hommel (1988), Biometrika 75, 383-386; adjusted p-values: Wright (1992), Biometrics 48, 1005-1013.

    Raises:
        ValueError: a p-value outside 0 to 1, or NaN.

    >>> [round(p, 6) for p in hommel([0.01, 0.04, 0.03])]
    [0.03, 0.04, 0.04]
    """
    return _in_order(p_values, _largest_simes)


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Benjamini and Hochberg's adjusted p-values: the i-th smallest times n / i, never rising towards the smallest.

    Controls the false discovery rate (the expected part of wrong ones among rejections), not the chance of any wrong
    rejection: for screening many evals, not for claims that each stand alone. For independent tests and under positive
    regression dependence.

    Source: Benjamini & Hochberg (1995), JRSS B 57, 289-300; dependence: Benjamini & Yekutieli (2001).

    Raises:
        ValueError: a p-value outside 0 to 1, or NaN.

    >>> [round(p, 6) for p in benjamini_hochberg([0.01, 0.04, 0.03])]
    [0.03, 0.04, 0.04]
    """
    return _in_order(p_values, lambda p: _falling(len(p) / np.arange(1, len(p) + 1) * p))


def benjamini_yekutieli(p_values: Sequence[float]) -> tuple[float, ...]:
    """Benjamini and Yekutieli's adjusted p-values: Benjamini and Hochberg's times 1 + 1/2 + ... + 1/n.

    Controls the false discovery rate under any dependence.

    Source: Benjamini & Yekutieli (2001), Ann. Stat. 29, 1165-1188.

    Raises:
        ValueError: a p-value outside 0 to 1, or NaN.
    """
    return _in_order(p_values, lambda p: _falling(_harmonic(len(p)) * (len(p) / np.arange(1, len(p) + 1)) * p))


def _in_order(p_values: Sequence[float], adjust: Callable[[Floats], Floats]) -> tuple[float, ...]:
    """What a rule gives for the ascending p-values, at most 1, in the order of the members."""
    p = np.array(p_values, dtype=float)
    for place, value in enumerate(p):
        if not 0 <= value <= 1:
            raise ValueError(
                f"p-values must lie between 0 and 1, found {value} as number {place + 1} of {len(p)}; a claim "
                "without one counts as 1, or not at all"
            )
    if p.size == 0:
        return ()
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(adjust(p[order]), 1.0)
    return tuple(adjusted.tolist())


def _falling(scaled: Floats) -> Floats:
    """Each number, or the smallest of those after it."""
    return np.asarray(np.minimum.accumulate(scaled[::-1])[::-1], dtype=float)


def _harmonic(n: int) -> float:
    return float((1 / np.arange(1, n + 1)).sum())


def _largest_simes(p: Floats) -> Floats:
    """For each of the ascending p-values, the largest Simes p-value of a group that holds it.

    Among groups of m the largest is that with the m - 1 largest other members; Simes' p-value of an ascending group is
    the smallest of m p_j / j.
    """
    n = len(p)
    largest = p.copy()
    for m in range(2, n + 1):
        others = float((m * p[n - m + 1 :] / np.arange(2, m + 1)).min())
        of_group = np.minimum(m * p, others)  # of member i below the m - 1 largest, joined to these
        of_group[n - m + 1 :] = of_group[n - m]  # one of them: the group of the m largest
        largest = np.maximum(largest, of_group)
    return largest
