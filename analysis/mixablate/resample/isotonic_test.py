"""A monotone trend by randomisation: the isotonic sum of squares when runs are dealt to doses anew within strata.

Valid for the sharp null that the dose changed no run, whatever the outcome's distribution, since doses within a stratum
could have been dealt to its runs in any order.

Source: the E-bar-squared statistic of Barlow, Bartholomew, Bremner & Brunk (1972), section 3.2, with its distribution
over permutations in place of the normal one.
"""

from __future__ import annotations

import math
from itertools import pairwise, permutations

import numpy as np
from numpy.typing import NDArray

from mixablate.errors import counted
from mixablate.estimate.doses.isotonic import isotonic_rows
from mixablate.resample.randomisation import randomisation_words
from mixablate.resample.reference import DrawTest, compare

__all__ = ["MOST_GROUPS", "isotonic_randomisation_test", "isotonic_statistics"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
MOST_GROUPS = 10  # doses beyond that are joined to groups of neighbours: the test stays exact, its cost stays small
BATCH = 2048


def isotonic_randomisation_test(
    values: Floats, at: Ints, stratum: Ints, *, draws: int, rng: np.random.Generator
) -> DrawTest:
    """E-bar-squared of the better direction against its distribution over runs dealt to doses within strata.

    The statistic is the share of the within-stratum sum of squares that the nearest monotone function of the dose
    explains, its sign that of the better direction (positive: rising). It is two-sided: both directions are tried in
    every draw, and `p_absolute` is the p-value. Where strata hold doses in unequal proportions, dose means of
    stratum-centred values are used; that costs power, not validity. All assignments are enumerated where there are at
    most `draws`, otherwise as many are drawn.

    Args:
        values: (R,) of the runs.
        at: (R,) position of each run's dose, 0 to D - 1 in ascending order.
        stratum: (R,) 0 to S - 1.
        draws: how many.
        rng: of the stage.

    Raises:
        ValueError: fewer than two doses.
    """
    if np.unique(at).size < 2:
        raise ValueError(f"there must be at least two doses, found {np.unique(at).size}")
    groups = _grouped(at)
    total = _assignments(groups, stratum)
    exact = total <= draws
    observed = float(isotonic_statistics(values[None, :], groups, stratum)[0])
    if exact:
        drawn = _of_labels(values, _all_orders(groups, stratum), stratum)
    else:
        drawn = _drawn(values, groups, stratum, draws, rng)
    words = randomisation_words(counted(int(stratum.max()) + 1, "stratum", "strata"), "assignments", total, draws)
    joined = f", doses joined to {groups.max() + 1} groups of neighbours" if np.unique(at).size > MOST_GROUPS else ""
    return compare(
        observed,
        drawn,
        exact=exact,
        smallest=_smallest(groups, stratum, total) if exact else 1.0 / (draws + 1),
        method=f"isotonic E-bar-squared, the better of both directions, {words}{joined}",
    )


def isotonic_statistics(values: Floats, at: Ints, stratum: Ints) -> Floats:
    """The signed E-bar-squared (B,) of each row of run values (B, R)."""
    indicator = (stratum[:, None] == np.arange(int(stratum.max()) + 1)).astype(float)
    centred = values - values @ indicator / indicator.sum(axis=0) @ indicator.T
    return _statistics(centred, (at[:, None] == np.arange(int(at.max()) + 1)).astype(float))


def _statistics(centred: Floats, dose: Floats) -> Floats:
    weights = dose.sum(axis=0)
    return _signed(centred @ dose / weights, weights, (centred**2).sum(axis=1))


def _signed(means: Floats, weights: Floats, total: Floats) -> Floats:
    """The signed statistic from dose means (B, D) of centred values and the sums of squares (B,)."""
    gains = []
    for sign in (1.0, -1.0):
        fitted = isotonic_rows(sign * means, weights)
        around = fitted - (fitted @ weights / weights.sum())[:, None]
        gains.append(around**2 @ weights)
    rising, falling = (np.where(total > 0.0, gain / np.where(total > 0.0, total, 1.0), 0.0) for gain in gains)
    return np.where(rising >= falling, rising, -falling)


def _drawn(values: Floats, at: Ints, stratum: Ints, draws: int, rng: np.random.Generator) -> Floats:
    """Statistics of `draws` dealings: values are shuffled within strata, row by row.

    Values and doses are sorted first, strata by size and spread: the draws do not depend on what runs are called.
    """
    means = np.bincount(stratum, values) / np.bincount(stratum)
    off = values - means[stratum]
    rank = np.empty(means.size, dtype=np.intp)
    rank[np.lexsort((np.bincount(stratum, off**2), np.bincount(stratum)))] = np.arange(means.size)
    place = rank[stratum]
    centred, labels = off[np.lexsort((off, place))], at[np.lexsort((at, place))]
    dose = (labels[:, None] == np.arange(int(at.max()) + 1)).astype(float)
    edges = np.concatenate([[0], np.cumsum(np.bincount(place))])
    found = np.empty(draws)
    for start in range(0, draws, BATCH):
        count = min(BATCH, draws - start)
        keys = rng.random((count, centred.size))
        shuffled = np.empty_like(keys)
        for low, high in pairwise(edges.tolist()):
            shuffled[:, low:high] = centred[low:high][np.argsort(keys[:, low:high], axis=1)]
        found[start : start + count] = _statistics(shuffled, dose)
    return found


def _of_labels(values: Floats, labels: Ints, stratum: Ints) -> Floats:
    """Statistics of listed dealings: `labels` (B, R) is the dose of every run in each."""
    centred = values - (np.bincount(stratum, values) / np.bincount(stratum))[stratum]
    doses = int(labels.max()) + 1
    weights = np.bincount(labels[0], minlength=doses).astype(float)
    sums = np.stack([(centred * (labels == dose)).sum(axis=1) for dose in range(doses)], axis=1)
    return _signed(sums / weights, weights, np.full(len(labels), float(centred @ centred)))


def _grouped(at: Ints) -> Ints:
    """Doses joined to at most `MOST_GROUPS` groups of neighbours with about as many runs each."""
    _, codes, counts = np.unique(at, return_inverse=True, return_counts=True)
    if counts.size <= MOST_GROUPS:
        return np.asarray(codes.ravel(), dtype=np.intp)
    middle = (np.cumsum(counts) - counts / 2.0) / counts.sum()
    group = np.minimum((middle * MOST_GROUPS).astype(np.intp), MOST_GROUPS - 1)
    return np.asarray(np.unique(group, return_inverse=True)[1].ravel()[codes.ravel()], dtype=np.intp)


def _assignments(at: Ints, stratum: Ints) -> int:
    count = 1
    for one in range(int(stratum.max()) + 1):
        sizes = np.bincount(at[stratum == one])
        left = int(sizes.sum())
        for size in sizes.tolist():
            count *= math.comb(left, size)
            left -= size
    return count


def _smallest(at: Ints, stratum: Ints, total: int) -> float:
    """The smallest p: one assignment of `total`, or two where the mirror image of the doses is an assignment too."""
    doses = int(at.max()) + 1
    sizes = [np.bincount(at[stratum == one], minlength=doses) for one in range(int(stratum.max()) + 1)]
    mirrored = all((size == size[::-1]).all() for size in sizes)
    return min(1.0, (2.0 if mirrored else 1.0) / total)


def _all_orders(at: Ints, stratum: Ints) -> Ints:
    """Every distinct dealing of doses to runs within strata, (A, R)."""
    found = np.zeros((1, at.size), dtype=np.intp)
    for one in range(int(stratum.max()) + 1):
        members = np.flatnonzero(stratum == one)
        dealt = np.array(sorted(_distinct(tuple(sorted(at[members].tolist())))), dtype=np.intp)
        found = np.repeat(found, len(dealt), axis=0)
        found[:, members] = np.tile(dealt, (len(found) // len(dealt), 1))
    return found


def _distinct(labels: tuple[int, ...]) -> set[tuple[int, ...]]:
    """The distinct orders of these labels."""
    if len(labels) <= 1 or len(set(labels)) == 1:
        return {labels}
    if len(set(labels)) == len(labels):
        return set(permutations(labels))
    return {
        (label, *rest)
        for label in dict.fromkeys(labels)
        for rest in _distinct((*labels[: labels.index(label)], *labels[labels.index(label) + 1 :]))
    }
