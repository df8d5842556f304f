"""Exact intervals of one rate that are shorter than Clopper and Pearson's: Sterne's and Blaker's.

Both turn a two-sided exact test around. Below the observed rate their p-value is P(X >= x) + P(X <= k) with a k that
steps up as the rate rises. Between two steps it falls and then rises (the derivative is proportional to a difference
of two binomial probabilities whose ratio is monotone), so that it can reach 1 - level only at the end of a piece or
once inside it: limits are found exactly, where other software searches on a grid.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq
from scipy.special import bdtr, bdtrc, betaincinv, expit, gammaln

from mixablate.estimate.counts.checks import check_level, whole_counts

__all__ = ["blaker", "sterne"]

CLOSE = 1e-15  # of a limit; the probabilities themselves are good to about 1e-14


def sterne(events: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """The interval of all rates at which counts as improbable as the observed one, or more so, are not too rare.

    Among exact intervals the one with the smallest acceptance regions, and on the whole shorter than Clopper and
    Pearson's; never below its level for independent trials. Wrong for rollouts pooled over training runs that differ:
    it then describes these models only. The rates not rejected can have gaps; the interval spans them.

    Source: Sterne (1954), Biometrika 41, 275-278; limits as in Reiczigel, Foldi & Ozsvari (2010), Epidemiol. Infect.
    138, 1674-1678.

    Args:
        events: whole, 0 to `trials`.
        trials: whole, more than 0.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range, or counts that are not whole.

    >>> [round(limit, 4) for limit in sterne(23, 150)]
    [0.1024, 0.2194]
    """
    check_level(level)
    x, n = whole_counts(events, trials)
    return _sterne_lower(x, n, 1.0 - level), 1.0 - _sterne_lower(n - x, n, 1.0 - level)


def blaker(events: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """The interval of all rates at which a tail no larger than the observed one is not too rare.

    It always lies inside Clopper and Pearson's, and a higher level gives an interval that contains the lower one's
    (which Sterne's need not). Never below its level for independent trials. Wrong for rollouts pooled over training
    runs that differ: it then describes these models only.

    Source: Blaker (2000), Canadian Journal of Statistics 28, 783-798. R's epiR walks in steps of 1e-4 from Clopper and
    Pearson's limits and stops up to one step outside the exact ones given here.

    Args:
        events: whole, 0 to `trials`.
        trials: whole, more than 0.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range, or counts that are not whole.

    >>> [round(limit, 4) for limit in blaker(23, 150)]
    [0.101, 0.2184]
    """
    check_level(level)
    x, n = whole_counts(events, trials)
    return _blaker_lower(x, n, 1.0 - level), 1.0 - _blaker_lower(n - x, n, 1.0 - level)


def _sterne_lower(x: int, n: int, alpha: float) -> float:
    if x == 0:
        return 0.0
    k = np.arange(x)
    # At step k the counts k and x are equally probable: log odds (log C(n, k) - log C(n, x)) / (x - k).
    choose = gammaln(n - k + 1) + gammaln(k + 1) - gammaln(n - x + 1) - gammaln(x + 1)
    steps = expit(-choose / (x - k))
    first = int(np.argmax(bdtrc(x - 1, n, steps) + bdtr(k, n, steps) >= alpha))
    start = float(steps[first - 1]) if first else 0.0
    return _first_crossing(x, n, first - 1, start, float(steps[first]), alpha)


def _blaker_lower(x: int, n: int, alpha: float) -> float:
    if x == 0:
        return 0.0
    start = float(betaincinv(x, n - x + 1, alpha / 2.0))  # Clopper and Pearson's: below it twice the tail is too rare
    below = int(np.searchsorted(bdtr(np.arange(x), n, start), alpha / 2.0, side="right")) - 1
    step = _root(lambda rate: float(bdtr(below + 1, n, rate) - bdtrc(x - 1, n, rate)), start, 1.0)
    return _first_crossing(x, n, below, start, step, alpha)


def _first_crossing(x: int, n: int, below: int, start: float, end: float, alpha: float) -> float:
    """Where P(X >= x) + P(X <= below) first reaches alpha in this piece; its end where it does not."""

    def excess(rate: float) -> float:
        return float(bdtrc(x - 1, n, rate)) + (float(bdtr(below, n, rate)) if below >= 0 else 0.0) - alpha

    return end if excess(end) <= 0.0 else _root(excess, start, end)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    return float(brentq(function, low, high, xtol=CLOSE))
