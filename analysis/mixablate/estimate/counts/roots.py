"""Roots of functions of one variable in a bracket, to the last digits of the root."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

from scipy.optimize import brentq
from scipy.special import ndtri

__all__ = ["increasing_root", "normal_quantile", "root", "score_limit"]

FINEST = 4 * math.ulp(1.0)
"""The relative precision asked of a root: the finest that `brentq` accepts."""

SMALLEST, MOST_STEPS = sys.float_info.min, 4000
"""A root below the smallest normal number is 0; halving a bracket of 0 and 1 so far takes about a thousand steps."""


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where the function crosses 0 between `low` and `high`, precise relative to the root and not only to 1.

    Raises:
        ValueError: a function of the same sign at both ends.
    """
    return float(brentq(function, low, high, xtol=SMALLEST, rtol=FINEST, maxiter=MOST_STEPS))


def increasing_root(function: Callable[[float], float]) -> float:
    """Where an increasing function crosses 0 and the exponential of that, e.g. a log odds ratio in, the odds ratio out.

    The bracket doubles about 0 until the signs differ.
    """
    reach = 1.0
    while not function(-reach) <= 0 <= function(reach):
        reach *= 2
    return math.exp(root(function, -reach, reach))


def normal_quantile(level: float) -> float:
    """The normal quantile of a two-sided interval of this level: 1.96 for .95."""
    return float(ndtri((1 + level) / 2))


def score_limit(statistic: Callable[[float], float], quantile: float, least: float, estimate: float) -> float:
    """Where, between `least` and the estimate, the statistic comes down to the quantile; `least` if they are the same.

    The statistic is infinite or large at `least` and 0 at the estimate, where both its parts may be 0. It is compared
    with the quantile on the bounded scale z / hypot(1, z), so that the bracket holds for every table.
    """
    if estimate <= least:
        return least

    def above(trial: float) -> float:
        z = math.inf if trial <= least else 0.0 if trial >= estimate else statistic(trial)
        return _bounded(z) - _bounded(quantile)

    return root(above, least, estimate)


def _bounded(z: float) -> float:
    return math.copysign(1.0, z) if math.isinf(z) else z / math.hypot(1.0, z)
