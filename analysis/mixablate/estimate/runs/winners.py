"""The effect of the best of several, corrected for having been chosen because it did best.

The largest of several estimates is too large on average (the winner's curse), the more so the closer the truths are.
The estimate here is median-unbiased whatever they are: given that the winner won, its estimate is a normal truncated to
the values at which it would have won, and the estimate is the mean at which what was seen is the median.

Source: Andrews, Kitagawa & McCloskey (2024), Inference on Winners, QJE 139, 305-358: the hybrid estimator. The
truncation is narrowed to a simultaneous interval of level 1 - beta around the mean tried, beta = .005, so that a close
race does not send the estimate far off. The simultaneous quantile is Bonferroni's, never too small.

WRONG where the candidates' covariance is poorly known (few runs an arm): it is taken as given and the estimates as
normal. What remains of the bias is in docs/calibration.md.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

__all__ = ["winner_estimate", "winning_limits"]

Floats = NDArray[np.float64]
BETA = 0.005  # a tenth of .05, as the source proposes


def winning_limits(estimates: Floats, covariance: Floats, winner: int) -> tuple[float, float]:
    """Between which values the winner's estimate still wins, given what does not move with it.

    With s_j = Cov_jw / Var_w and Z_j = X_j - s_j X_w it wins while X_w (1 - s_j) >= Z_j for every j.

    >>> winning_limits(np.array([3.0, 1.0]), np.eye(2), 0)
    (1.0, inf)
    """
    slopes = covariance[:, winner] / covariance[winner, winner]
    rest = estimates - slopes * estimates[winner]
    others = np.arange(estimates.size) != winner
    below, above = others & (slopes < 1.0), others & (slopes > 1.0)
    low = max((rest[below] / (1.0 - slopes[below])).tolist(), default=-math.inf)
    high = min((rest[above] / (1.0 - slopes[above])).tolist(), default=math.inf)
    return float(low), float(high)


def winner_estimate(estimates: Floats, covariance: Floats, winner: int) -> float:
    """The hybrid median-unbiased estimate of the winner's own effect.

    In a dead heat it is the end of the simultaneous interval: nothing shows that the winner is any better.

    Args:
        estimates: (K,) turned so that larger is better.
        covariance: (K, K) of them.
        winner: the largest.

    Raises:
        ValueError: the winner is not the largest, or has no variance.
    """
    seen, spread = float(estimates[winner]), math.sqrt(float(covariance[winner, winner]))
    if not seen >= float(estimates.max()):
        raise ValueError(f"the winner must have the largest estimate, {estimates.max():g}, found {seen:g}")
    if not spread > 0.0:
        raise ValueError(f"the winner's estimate must have a variance above 0, found {spread**2:g}")
    low, high = winning_limits(estimates, covariance, winner)
    reach = -float(ndtri(BETA / 2.0 / estimates.size)) * spread

    def median_gap(mean: float) -> float:
        return _truncated(seen, mean, spread, max(low, mean - reach), min(high, mean + reach)) - 0.5

    edge = 1e-6 * spread  # at the very ends the truncation leaves a point
    lowest, highest = seen - reach + edge, seen + reach - edge
    if not low < seen - edge or median_gap(lowest) <= 0.0:
        return seen - reach
    return float(brentq(median_gap, lowest, highest, xtol=1e-10 * spread))


def _truncated(value: float, mean: float, spread: float, low: float, high: float) -> float:
    """The distribution function of a normal truncated to (low, high), from the tail in which it has digits."""
    a, x, b = ((end - mean) / spread for end in (low, value, high))
    if a > 0.0:
        a, x, b = -b, -x, -a
        return 1.0 - float((ndtr(x) - ndtr(a)) / (ndtr(b) - ndtr(a)))
    return float((ndtr(x) - ndtr(a)) / (ndtr(b) - ndtr(a)))
