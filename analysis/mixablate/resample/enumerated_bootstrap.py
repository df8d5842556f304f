"""Bootstrap distributions of functions of weights, every distinct resample enumerated with its probability, or drawn.

Resampling n units (training runs) with replacement is giving them multinomial weights: of n^n resamples only
C(2n - 1, n) differ, 126 for five runs and 92,378 for ten. What can be enumerated has no Monte Carlo error and needs no
seed. Nothing here makes a bootstrap right with few runs: see `draw_intervals`.

Source: Fisher & Hall (1991), Stat. Prob. Letters 11, 295-300; Davison & Hinkley (1997), section 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from mixablate.resample.draws import Draws

__all__ = [
    "Statistic",
    "distinct_resamples",
    "drawn_bootstrap",
    "enumerated_bootstrap",
    "infinitesimal_influence",
    "jackknife_influence",
    "leave_one_out",
    "multinomial_resamples",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

Statistic = Callable[[Floats], Floats]
"""Weights (B, n) of the units in, one number a row out (B,); only their relative size within a stratum may matter."""

MOST_RESAMPLES = 5_000_000
BATCH = 16_384  # resamples a batch: with 20 units 2.6 MB of float64


def multinomial_resamples(units: int) -> tuple[NDArray[np.uint8], Floats]:
    """The distinct resamples of n units: counts (M, n), rows summing to n, and their probabilities (M,).

    M is C(2n - 1, n); a resample's probability is n! / (prod of counts!) / n^n.

    Raises:
        ValueError: fewer than one unit, or more than 5,000,000 resamples (13 units).

    >>> counts, probabilities = multinomial_resamples(2)
    >>> counts.tolist(), probabilities.round(3).tolist()
    ([[0, 2], [1, 1], [2, 0]], [0.25, 0.5, 0.25])
    """
    if not units >= 1:
        raise ValueError(f"there must be at least one unit to resample, found {units}")
    _check_number(math.comb(2 * units - 1, units))
    rows = np.zeros((1, 0), dtype=np.uint8)
    for _ in range(units - 1):
        left = units - rows.sum(axis=1, dtype=np.intp)
        again = np.repeat(np.arange(len(rows)), left + 1)
        first = np.repeat(np.cumsum(left + 1) - (left + 1), left + 1)
        rows = np.column_stack([rows[again], (np.arange(again.size) - first).astype(np.uint8)])
    counts = np.column_stack([rows, (units - rows.sum(axis=1, dtype=np.intp)).astype(np.uint8)])
    log_factorial = gammaln(np.arange(units + 1) + 1.0)
    logs = log_factorial[units] - log_factorial[counts].sum(axis=1) - units * math.log(units)
    return counts, np.exp(logs)


def distinct_resamples(strata: Sequence[object]) -> int:
    """How many distinct resamples there are if the units (n,) are resampled within their strata."""
    sizes = np.unique([str(label) for label in strata], return_counts=True)[1]
    return math.prod(math.comb(2 * int(size) - 1, int(size)) for size in sizes)


def enumerated_bootstrap(statistic: Statistic, strata: Sequence[object]) -> Draws:
    """The statistic over every distinct resample of the units, each stratum (arm) resampled on its own.

    Args:
        statistic: of weights, in batches.
        strata: (n,) the stratum of each unit; all alike for one sample.

    Raises:
        ValueError: no units, or more than 5,000,000 resamples (two arms of 7 have 2,944,656).

    >>> heights = np.array([1.0, 2.0, 6.0])
    >>> draws = enumerated_bootstrap(lambda weights: weights @ heights / weights.sum(axis=1), ["", "", ""])
    >>> draws.statistics.size, draws.observed
    (10, 3.0)
    """
    members = _members(strata)
    total = distinct_resamples(strata)
    _check_number(total)
    tables = [multinomial_resamples(places.size) for places in members]
    statistics, weights = np.empty(total), np.empty(total)
    for start in range(0, total, BATCH):
        codes = np.arange(start, min(start + BATCH, total))
        batch, chance = np.empty((codes.size, len(strata))), np.ones(codes.size)
        span = slice(start, start + codes.size)
        for places, (counts, probabilities) in zip(reversed(members), reversed(tables), strict=True):
            codes, picked = np.divmod(codes, len(counts))
            batch[:, places] = counts[picked]
            chance *= probabilities[picked]
        statistics[span], weights[span] = _evaluated(statistic, batch), chance
    return Draws(_at_equal_weights(statistic, len(strata)), statistics, weights, exact=True)


def drawn_bootstrap(statistic: Statistic, strata: Sequence[object], *, draws: int, rng: np.random.Generator) -> Draws:
    """The statistic over `draws` random resamples of the units (n,), each stratum resampled on its own.

    Raises:
        ValueError: no units, or no draws.
    """
    if not draws >= 1:
        raise ValueError(f"draws must be at least 1, found {draws}")
    members, units = _members(strata), len(strata)
    statistics = np.empty(draws)
    for start in range(0, draws, BATCH):
        count = min(BATCH, draws - start)
        uniform, picked = rng.random((count, units)), np.empty((count, units), dtype=np.intp)
        for places in members:
            picked[:, places] = places[(uniform[:, places] * places.size).astype(np.intp)]
        flat = (picked + units * np.arange(count)[:, None]).ravel()
        batch = np.bincount(flat, minlength=count * units).reshape(count, units).astype(float)
        statistics[start : start + count] = _evaluated(statistic, batch)
    return Draws(_at_equal_weights(statistic, units), statistics, np.full(draws, 1.0 / draws), exact=False)


def leave_one_out(statistic: Statistic, units: int) -> Floats:
    """The statistic without each unit in turn, (n,)."""
    return _evaluated(statistic, 1.0 - np.eye(units))


def jackknife_influence(statistic: Statistic, units: int) -> Floats:
    """Empirical influence values (n,) by the jackknife: (n - 1) times what leaving a unit out takes away.

    Their sum of squares over n (n - 1) is the jackknife variance.
    """
    left_out = leave_one_out(statistic, units)
    return np.asarray((units - 1) * (left_out.mean() - left_out), dtype=float)


def infinitesimal_influence(statistic: Statistic, units: int) -> Floats:
    """Empirical influence values (n,): the statistic's derivative along a little more weight for each unit.

    By a forward difference of 0.001/n, as `empinf` of R's boot takes it, so that intervals agree with R's: the
    truncation is of the order of that step. Wrong for statistics that jump (medians, quantiles).
    """
    step = 0.001 / units
    shares = np.full((units, units), (1.0 - step) / units)
    shares[np.diag_indices(units)] += step
    return (_evaluated(statistic, shares * units) - _at_equal_weights(statistic, units)) / step


def _evaluated(statistic: Statistic, weights: Floats) -> Floats:
    """One number a row; undefined ones (0/0, log 0) are NaN or infinite without a warning."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        found = np.asarray(statistic(weights), dtype=float)
    if found.shape != (len(weights),):
        raise ValueError(
            f"the statistic must give one number a row of weights, found {found.shape} for {weights.shape}"
        )
    return found


def _at_equal_weights(statistic: Statistic, units: int) -> float:
    return float(_evaluated(statistic, np.ones((1, units)))[0])


def _members(strata: Sequence[object]) -> list[Ints]:
    if len(strata) == 0:
        raise ValueError("there must be at least one unit to resample, found 0")
    codes = np.unique([str(label) for label in strata], return_inverse=True)[1].ravel()
    return [np.flatnonzero(codes == code) for code in range(int(codes.max()) + 1)]


def _check_number(total: int) -> None:
    if total > MOST_RESAMPLES:
        raise ValueError(
            f"enumeration needs at most {MOST_RESAMPLES:,} distinct resamples, found {total:,}: draw them instead"
        )
