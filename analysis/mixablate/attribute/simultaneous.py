"""p-values and limits for several numbers at once: max-T from their joint spread over runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, ndtr, stdtr

from mixablate.attribute.inferring import Inferred, Setting

__all__ = ["Quantiles", "adjusted", "quantiles_of", "simultaneous"]

Floats = NDArray[np.float64]

DRAWS = 10_000  # of the multivariate t: a p of .05 is right to .002
GRID = np.linspace(-6.0, 6.0, 241)  # normal scores at which chi-square quantiles are taken; between, interpolated
T_GRID = np.linspace(-8.0, 6.0, 1401)  # log t at which tails are taken: steps of 1 % of t, a p right to 1e-4 of itself


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Draws behind simultaneous limits: standard normals (draws, k) for correlation and (draws,) for the spread."""

    normals: Floats
    scores: Floats


def quantiles_of(numbers: int, rng: np.random.Generator) -> Quantiles:
    """The draws for that many numbers."""
    return Quantiles(rng.standard_normal((DRAWS, numbers)), rng.standard_normal(DRAWS))


def adjusted(
    setting: Setting, parts: Sequence[Inferred], correlation: Floats, quantiles: Quantiles
) -> list[tuple[float, float, float]]:
    """p-value and limits of each part for all parts at once; Bonferroni's where scenarios are random."""
    alpha, count = 1.0 - setting.level, sum(not part.reason for part in parts)
    smallest = np.ones(0)
    critical = alpha / max(count, 1)
    if count > 1 and not setting.crossed:
        smallest = simultaneous(parts, correlation, quantiles.normals, quantiles.scores)
        critical = min(alpha, float(np.quantile(smallest, alpha)))
    found = []
    for part in parts:
        p = part.p_value
        if smallest.size:
            p = max(p, (1.0 + np.count_nonzero(smallest <= p)) / (1.0 + smallest.size))
        elif count > 1:
            p = min(1.0, p * count)
        found.append((float(p) if not part.reason else math.nan, *part.limits(critical / 2.0)))
    return found


def simultaneous(numbers: Sequence[Inferred], correlation: Floats, normals: Floats, scores: Floats) -> Floats:
    """The smallest two-sided p of all numbers in each draw under no effect: min-p, the max-T of unequal df; (draws,).

    Multivariate t with the numbers' correlation; one chi-square for all, each at its own degrees of freedom, so that
    numbers of equal df have the usual multivariate t (Genz & Bretz 2009, eq. 1.3).

    Args:
        numbers: (q,), those without an interval take no part.
        correlation: (q, q).
        normals: (draws, at least q) standard normal.
        scores: (draws,) standard normal, whose ranks give the chi-squares.
    """
    kept = [i for i, number in enumerate(numbers) if not number.reason]
    if not kept:
        return np.ones(len(scores))
    values, vectors = np.linalg.eigh(correlation[np.ix_(kept, kept)])
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    z = normals[:, : len(kept)] @ root.T
    smallest = np.full(len(scores), 0.5)
    for column, i in enumerate(kept):
        df = numbers[i].df
        squares = _between(scores, GRID, np.log(np.asarray(chdtri(df, ndtr(-GRID)), dtype=float) / df))
        t = np.log(np.abs(z[:, column])) - 0.5 * squares
        np.minimum(smallest, _between(t, T_GRID, np.asarray(stdtr(df, -np.exp(T_GRID)), dtype=float)), out=smallest)
    return 2.0 * smallest


def _between(places: Floats, grid: Floats, values: Floats) -> Floats:
    """Linear interpolation on an evenly spaced grid, its ends beyond it: `np.interp` without the search."""
    at = (np.clip(places, grid[0], grid[-1]) - grid[0]) * ((grid.size - 1) / (grid[-1] - grid[0]))
    low = np.minimum(at.astype(np.intp), grid.size - 2)
    return np.asarray(values[low] + (at - low) * (values[low + 1] - values[low]))
