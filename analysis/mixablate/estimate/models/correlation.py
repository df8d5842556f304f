"""Correlations of two numbers over independent units, with others held constant."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

__all__ = ["Correlation", "correlation", "correlation_limits", "correlation_tail"]

Floats = NDArray[np.float64]
FLAT = 1e-9  # a residual spread below this part of the values' own is rounding


@dataclass(frozen=True, slots=True)
class Correlation:
    """A (partial) correlation of n units.

    Attributes:
        estimate: -1 to 1; NaN where `reason` says why.
        z: its atanh; that of ranks in full agreement is halfway to the next value they can take.
        std_error: of z.
        n: units.
        held: columns held constant, stratum means counted.
        leverage: the largest share of the spread of either side that one unit carries.
        left, right: (n,) what is left of the two sides, whose correlation the estimate is.
        reason: why there is none; empty where there is one.
    """

    estimate: float
    z: float
    std_error: float
    n: int
    held: int
    leverage: float
    left: Floats
    right: Floats
    reason: str = ""


def correlation(
    first: Floats, second: Floats, given: Floats, strata: NDArray[np.intp], method: Literal["spearman", "pearson"]
) -> Correlation:
    """The correlation of what is left of two numbers when others, and stratum means, are taken off.

    For spearman all numbers are replaced by their ranks first. The standard error is that of Fisher's z,
    1/sqrt(n - held - 3), for ranks times sqrt(1 + r^2/2). Wrong where the units are not independent: runs of one mix,
    say, beside runs of another, when a number belongs to the mix.

    Source: Fisher (1924), Metron 3, 329-332 (partial correlation); Bonett & Wright (2000), Psychometrika 65, 23-28.

    Args:
        first: (n,).
        second: (n,).
        given: (n, q) held constant.
        strata: (n,) codes from 0; all alike for one stratum.
        method: of correlation.
    """
    ranks = method == "spearman"
    from scipy.stats import rankdata  # here: importing it takes half a second, and few studies ask

    columns = [rankdata(c) if ranks else c for c in (first, second, *given.T)]
    dummies = (strata[:, None] == np.arange(int(strata.max()) + 1)).astype(float)
    rest = np.column_stack([dummies, *columns[2:]])
    held = int(np.linalg.matrix_rank(rest)) - 1
    n = len(first)
    left, right = (column - rest @ np.linalg.lstsq(rest, column, rcond=None)[0] for column in columns[:2])
    sizes = [float(np.linalg.norm(side)) for side in (left, right)]
    own = [float(np.linalg.norm(column - column.mean())) for column in columns[:2]]
    flat = [not size > FLAT * max(whole, FLAT) for size, whole in zip(sizes, own, strict=True)]
    if any(flat) or n - held - 3 <= 0:
        reason = "one side does not vary once the others are held constant" if any(flat) else f"{n} units are too few"
        return Correlation(math.nan, math.nan, math.nan, n, held, math.nan, left, right, reason)
    estimate = float(np.clip(left @ right / (sizes[0] * sizes[1]), -1.0, 1.0))
    leverage = max(float((side**2).max()) / size**2 for side, size in zip((left, right), sizes, strict=True))
    most = 1.0 - 6.0 / (n**3 - n) if ranks else 1.0 - FLAT
    reason = "the two sides agree to the last digit" if abs(estimate) > most and not ranks else ""
    wider = math.sqrt(1.0 + estimate**2 / 2.0) if ranks else 1.0
    z, error = math.atanh(min(max(estimate, -most), most)), wider / math.sqrt(n - held - 3)
    return Correlation(estimate, z, error, n, held, leverage, left, right, reason)


def correlation_tail(found: Correlation, boundary: float, *, below: bool) -> float:
    """One-sided p of "the correlation is not below (or above) the boundary", by Fisher's z."""
    distance = (math.atanh(boundary) - found.z) / found.std_error
    return float(ndtr(-distance if below else distance))


def correlation_limits(found: Correlation, level: float) -> tuple[float, float]:
    """The two-sided interval, by Fisher's z."""
    reach = float(ndtri((1.0 + level) / 2.0)) * found.std_error
    low, high = math.tanh(found.z - reach), math.tanh(found.z + reach)
    return min(low, found.estimate), max(high, found.estimate)
