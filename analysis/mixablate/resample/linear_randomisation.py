"""Exact randomisation of a sum of scores over the treated runs: differences of means, and Wilcoxon's rank sum.

A sum over the treated runs is a sum over those in the first half of the list plus those in the second: both halves'
subsets are listed and the pairs counted by sorting, so that the 137 billion assignments of 20 runs against 20 take a
second. Of more runs, whose scores must lie on a grid (ranks, counts of as many rollouts), possible sums are counted run
by run. The statistic is not studentised: under unequal spread of the arms its level holds only for the sharp null that
treatment changed no run, not for equal means.

Source: Pagano & Tritchler (1983), JASA 78:435; the split-up algorithm of van de Wiel (2001) and the shift algorithm of
Streitberg & Röhmel (1986), as in R's coin.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixablate.resample.reference import DrawTest

__all__ = ["difference_randomisation_test", "midranks", "rank_sum_randomisation_test", "standardised_sum"]

Floats = NDArray[np.float64]
MOST_RUNS = 44  # 2^22 subsets a half: 34 MB each
MOST_SUMS = 400_000_000  # of the shift algorithm, over sizes and runs: a second
GRIDS = (1, 2, 10, 100, 1_000, 10_000)  # steps to the unit
ON_GRID = 1e-6  # of a step
TIED = 1e-12  # sums of the same scores in another order differ in the last bits


def difference_randomisation_test(values: ArrayLike, treated: ArrayLike) -> DrawTest:
    """The mean of the treated runs minus that of the others, against all assignments of as many runs.

    Args:
        values: (R,) of the runs, at most 44 unless they lie on a grid (whole numbers, or of up to four decimals).
        treated: (R,) true (1) for treated runs.

    Raises:
        ValueError: values that are not finite, no run on a side, too many runs, or lists of unequal length.

    >>> test = difference_randomisation_test([1.0, 2.0, 3.0, 7.0, 8.0, 9.0], [0, 0, 0, 1, 1, 1])
    >>> test.observed, test.draws, test.p_absolute
    (6.0, 20, 0.1)
    """
    scores, sides = _checked(values, treated)
    size = int(sides.sum())
    observed = float(scores[sides].mean() - scores[~sides].mean())
    return _counted(scores, sides, observed, f"difference of means of {size} against {scores.size - size} runs")


def rank_sum_randomisation_test(values: ArrayLike, treated: ArrayLike) -> DrawTest:
    """Wilcoxon's rank sum of the treated runs, standardised, against all assignments of as many runs.

    Tied values share their mean rank. The p-values are exact; the standardised statistic is only how it is shown.

    Args:
        values: (R,) of the runs, some hundreds at most.
        treated: (R,) true (1) for treated runs.

    Raises:
        ValueError: as for `difference_randomisation_test`.
    """
    scores, sides = _checked(values, treated)
    ranks = midranks(scores)
    return _counted(
        ranks, sides, standardised_sum(ranks, sides), f"rank sum of {int(sides.sum())} of {ranks.size} runs"
    )


def standardised_sum(scores: Floats, treated: NDArray[np.bool_]) -> float:
    """The treated runs' sum minus its mean over assignments, over its standard deviation; 0 where all scores tie."""
    size, runs = int(treated.sum()), scores.size
    spread = float(((scores - scores.mean()) ** 2).sum()) * size * (runs - size) / (runs * (runs - 1))
    gap = float(scores[treated].sum()) - size * float(scores.mean())
    return gap / math.sqrt(spread) if spread > 0.0 else 0.0


def midranks(values: Floats) -> Floats:
    """Ranks from 1, ties at their mean rank.

    >>> midranks(np.array([5.0, 1.0, 5.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2.0)[place.ravel()], dtype=float)


def _checked(values: ArrayLike, treated: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    scores, labels = np.asarray(values, dtype=float), np.asarray(treated)
    if scores.ndim != 1 or labels.shape != scores.shape or not np.isin(labels, (0, 1)).all():
        raise ValueError(
            f"treated must be true or false (1 or 0) for each of {scores.size} runs, found {labels.size} labels"
        )
    if not (scores.size >= 2 and np.isfinite(scores).all()):
        raise ValueError(f"there must be two runs or more with finite values, found {scores.size}")
    sides = labels == 1
    if not 0 < sides.sum() < sides.size:
        raise ValueError("both sides need at least one run")
    return scores, sides


def _counted(scores: Floats, sides: NDArray[np.bool_], observed: float, what: str) -> DrawTest:
    """p-values by counting the assignments whose centred sum lies below, above and as far from 0."""
    centred = scores - scores.mean()
    # Above 0 also where all scores are 0, so that equal sums tie.
    slack = max(TIED * float(np.abs(centred).sum()), math.ulp(0.0))
    total = math.comb(sides.size, int(sides.sum()))
    gap = float(centred[sides].sum())
    distance = abs(gap)
    bounds = np.array(
        [gap + slack, gap - slack, -distance - slack, slack - distance, distance - slack, distance + slack]
    )
    counted = _at_most if scores.size <= MOST_RUNS else _at_most_on_grid
    below, least, beyond_low, absolute_low, absolute_high, beyond_high = counted(centred, int(sides.sum()), bounds)
    absolute = total if distance <= slack else absolute_low + total - absolute_high
    beyond = beyond_low + total - beyond_high
    return DrawTest(
        method=f"exact randomisation, all {total:,} assignments, {what}",
        p_below=below / total,
        p_above=(total - least) / total,
        smallest=1.0 / total,
        exact=True,
        draws=total,
        observed=observed,
        p_absolute=absolute / total,
        tied=(below - least) / total,
        tied_absolute=(absolute - beyond) / total,
    )


def _at_most(scores: Floats, size: int, bounds: Floats) -> list[int]:
    """How many choices of `size` scores have a sum of at most each bound."""
    middle = scores.size // 2
    first, second = _subset_sums(scores[:middle]), _subset_sums(scores[middle:])
    found = [0] * bounds.size
    for chosen, sums in enumerate(first):
        if 0 <= size - chosen < len(second):
            others = second[size - chosen]
            for place, bound in enumerate(bounds):
                found[place] += int(np.searchsorted(others, bound - sums, side="right").sum())
    return found


def _at_most_on_grid(scores: Floats, size: int, bounds: Floats) -> list[int]:
    """The same for scores that are whole multiples of a step apart, to 15 digits.

    Raises:
        ValueError: scores that are not, or too many possible sums.
    """
    above = scores - scores.min()
    grid = next((steps for steps in GRIDS if np.abs(above * steps - np.rint(above * steps)).max() < ON_GRID), 0)
    places = np.sort(np.rint(above * grid).astype(int))
    most = int(places[-size:].sum()) if grid else 0
    if not grid or scores.size * size * (most + 1) > MOST_SUMS:
        raise ValueError(
            f"there must be at most {MOST_RUNS} runs, or values on a coarse grid, found {scores.size} runs"
        )
    ways = np.zeros((size + 1, most + 1))
    ways[0, 0] = 1.0
    for place in places.tolist():
        ways[1:, place:] += ways[:-1, : most + 1 - place].copy()
    sums = np.arange(most + 1) / grid + size * float(scores.min())
    return [round(float(ways[size, sums <= bound].sum())) for bound in bounds]


def _subset_sums(scores: Floats) -> list[Floats]:
    """The sorted sums of all subsets, by the subset's size."""
    sums = [np.zeros(1), *(np.zeros(0) for _ in range(scores.size))]
    for score in scores:
        for size in range(scores.size, 0, -1):
            sums[size] = np.concatenate([sums[size], sums[size - 1] + score])
    return [np.sort(found) for found in sums]
