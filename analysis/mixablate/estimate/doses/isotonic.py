"""Monotone regression: the non-decreasing (or non-increasing) values nearest to means, by pooling adjacent violators.

Source: Barlow, Bartholomew, Bremner & Brunk (1972), Statistical Inference under Order Restrictions, section 1.2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["isotonic_effects", "isotonic_rows", "pool_adjacent_violators"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
MOST_ROUNDS = 500
SETTLED = 1e-12  # of the values' spread: strata and dose means no longer move


def pool_adjacent_violators(means: ArrayLike, weights: ArrayLike | None = None, *, rising: bool = True) -> Floats:
    """The monotone values (D,) nearest to `means` in weighted least squares.

    Neighbours in the wrong order are replaced by their weighted mean until none are. The weighted mean of the whole is
    kept. Wrong as a smooth curve: it is a step function, without a slope anywhere.

    Args:
        means: (D,), in the order of the doses.
        weights: (D,) above 0, such as runs per dose; all 1 if absent.
        rising: non-decreasing, else non-increasing.

    Raises:
        ValueError: weights of another length or not above 0.

    >>> pool_adjacent_violators([1.0, 3.0, 2.0, 4.0]).tolist()
    [1.0, 2.5, 2.5, 4.0]
    """
    values = np.asarray(means, dtype=float) * (1.0 if rising else -1.0)
    sizes = np.ones_like(values) if weights is None else np.asarray(weights, dtype=float)
    if sizes.shape != values.shape or not (sizes > 0).all():
        raise ValueError(f"{values.size} means need as many weights above 0")
    blocks: list[tuple[float, float, int]] = []  # mean, weight, how many doses
    for value, weight in zip(values.tolist(), sizes.tolist(), strict=True):
        block = (value, weight, 1)
        while blocks and blocks[-1][0] >= block[0]:
            mean, size, count = blocks.pop()
            total = size + block[1]
            block = ((mean * size + block[0] * block[1]) / total, total, count + block[2])
        blocks.append(block)
    pooled = np.repeat([mean for mean, _, _ in blocks], [count for _, _, count in blocks])
    return pooled if rising else -pooled


def isotonic_rows(means: Floats, weights: Floats) -> Floats:
    """The non-decreasing values nearest to each row of `means` (B, D), all rows at once.

    By the max-min formula: value d is the largest over a <= d of the smallest over b >= d of the mean of a to b
    (Barlow et al. 1972, theorem 1.4).
    """
    sizes = np.concatenate([[0.0], np.cumsum(weights)])
    sums = np.concatenate([np.zeros((len(means), 1)), np.cumsum(means * weights, axis=1)], axis=1)
    found = np.full_like(means, -np.inf)
    for first in range(means.shape[1]):
        averages = (sums[:, first + 1 :] - sums[:, first : first + 1]) / (sizes[first + 1 :] - sizes[first])
        least = np.minimum.accumulate(averages[:, ::-1], axis=1)[:, ::-1]
        np.maximum(found[:, first:], least, out=found[:, first:])
    return found


def isotonic_effects(values: Floats, stratum: Ints, at: Ints, *, rising: bool) -> Floats:
    """The monotone dose effects (D,) nearest to the runs' values, each stratum with a level of its own.

    Strata levels and pooled dose means take turns until neither moves, which reaches the least squares fit since the
    sum of squares is convex. The mean over runs of effect plus stratum level is the mean of the values; effects are
    returned with the strata averaged in, by runs, so that they stand at the height of the data.
    """
    per_stratum, per_dose = np.bincount(stratum).astype(float), np.bincount(at).astype(float)
    spread = max(float(np.ptp(values)), 1e-300)
    levels = np.bincount(stratum, values) / per_stratum
    effects = np.zeros(per_dose.size)
    for _ in range(MOST_ROUNDS):
        means = np.bincount(at, values - levels[stratum]) / per_dose
        moved = pool_adjacent_violators(means, per_dose, rising=rising)
        levels = np.bincount(stratum, values - moved[at]) / per_stratum
        done = float(np.abs(moved - effects).max()) <= SETTLED * spread
        effects = moved
        if done:
            break
    return np.asarray(effects + float(levels[stratum].mean()), dtype=float)
