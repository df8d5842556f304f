"""What a comparison of these runs could have found: power of the t test and the smallest detectable effect."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtrit

from mixablate.estimate.counts.checks import check_level

__all__ = ["detectable", "power", "runs_for_power"]

Floats = NDArray[np.float64]

_NEGLIGIBLE = 40.0
"""Densities below exp(-40) of their peak are left out of the integral (4e-18, below one ulp of the result)."""

_LARGEST_ARM = 1_000_000
MOST_STEPS = 80
SETTLED = 1e-9  # the step after it is of its square's size


def power(effect: float, std_error: float, df: float, level: float = 0.95) -> float:
    """The probability that a two-sided t test at 1 - `level` rejects when the true effect is `effect`.

    Probability that |T| exceeds the t quantile, T noncentral t with noncentrality effect / std_error. It is integrated
    here over the distribution of the estimated standard error, because scipy's noncentral t (1.17) answers NaN at many
    arguments in use (df 1 and noncentrality 8, df 4 and 12). Wrong where the estimate is far from normal.

    Source: the definition of the noncentral t; the same number as R's pt(..., ncp). The integration
    is accurate to about 1e-14.

    Args:
        effect: true effect, in the unit of `std_error`; its sign does not matter.
        std_error: standard error over runs, 0 or more (at 0 every effect but 0 is found).
        df: degrees of freedom of the estimated standard error, more than 0; infinity for a known one.
        level: confidence level of the interval that the test inverts, between 0 and 1.

    Returns:
        Between 1 - `level` and 1.

    Raises:
        ValueError: an argument outside its range, or not a number.

    >>> round(power(0.1, 0.045552167895722, 4), 4)
    0.3899
    """
    if not math.isfinite(effect):
        raise ValueError(f"effect must be finite, found {effect}")
    _check(std_error, df, level)
    if std_error == 0:
        return 1 - level if effect == 0 else 1.0
    return _rejection(abs(effect) / std_error, df, level)


def detectable(std_error: float, df: float, level: float = 0.95, power: float = 0.8) -> float:
    """The smallest absolute effect that a two-sided t test finds with this power, in the unit of `std_error`.

    At 80 % and 4 degrees of freedom it is 3.76 standard errors; with a known standard error 2.80. It describes
    the design and the spread between runs seen in it, not the effect: a non-significant result below it says little.

    Args:
        std_error: standard error over runs, 0 or more.
        df: its degrees of freedom, more than 0; infinity for a known one.
        level: confidence level, between 0 and 1.
        power: wanted, above 1 - `level` and below 1.

    Raises:
        ValueError: an argument outside its range, or not a number.

    >>> round(detectable(0.2, 4), 4)
    0.7522
    """
    _check(std_error, df, level)
    if not 1 - level < power < 1:
        raise ValueError(f"power must lie between {1 - level:g} and 1, found {power}")
    return std_error * _noncentrality(df, level, power)


def runs_for_power(effect: float, run_sd: float, level: float = 0.95, power: float = 0.8) -> int:
    """The fewest runs per arm with which a two-arm t test finds `effect` with this power.

    Two arms of n runs each, standard error run_sd * sqrt(2/n), 2(n - 1) degrees of freedom. `run_sd` is that of the
    per-run summary: it includes the binomial error within runs. Wrong for unequal spread, where Welch has fewer
    degrees of freedom.

    Args:
        effect: difference of the arm means, not 0.
        run_sd: standard deviation of the per-run summary within an arm, more than 0, in the unit of `effect`.
        level: confidence level, between 0 and 1.
        power: wanted, above 1 - `level` and below 1.

    Returns:
        2 or more.

    Raises:
        ValueError: an argument outside its range, or more than a million runs per arm needed.

    >>> runs_for_power(effect=0.7, run_sd=0.5)
    10
    """
    if not 0 < abs(effect) < math.inf:
        raise ValueError(f"effect must be finite and not 0, found {effect}")
    if not run_sd > 0:
        raise ValueError(f"run_sd must be more than 0, found {run_sd}")

    def enough(runs: int) -> bool:
        return detectable(run_sd * math.sqrt(2 / runs), 2.0 * (runs - 1), level, power) <= abs(effect)

    high = 2
    while not enough(high):
        if high >= _LARGEST_ARM:
            raise ValueError(f"an effect of {effect} needs more than {_LARGEST_ARM} runs per arm at run_sd {run_sd}")
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


@lru_cache(maxsize=4096)
def _noncentrality(df: float, level: float, wanted: float) -> float:
    """The noncentrality at which the two-sided t test has the wanted power."""
    high, nodes = 4.0, _nodes(df, level, 4.0)
    while _rejected(high, *nodes) < wanted:
        high *= 2
        nodes = _nodes(df, level, high)
    return _crossing(wanted, high, *nodes)


def _crossing(wanted: float, high: float, critical: Floats, shares: Floats) -> float:
    """Where the rejection, which rises from 0 to `high`, is as wanted: Newton's steps, halved where they leave it."""
    low, at = 0.0, min(float(critical.mean() + ndtri(wanted)), high)
    for _ in range(MOST_STEPS):
        above, below = at - critical, -at - critical
        missing = wanted - float(shares @ (ndtr(above) + ndtr(below)))
        low, high = (at, high) if missing > 0.0 else (low, at)
        slope = float(shares @ (np.exp(-(above**2) / 2) - np.exp(-(below**2) / 2))) / math.sqrt(2 * math.pi)
        step = missing / slope if slope > 0.0 else math.inf
        if abs(step) < SETTLED * max(at, 1.0):
            return at + step
        at = at + step if low < at + step < high else (low + high) / 2
    return at


def _rejection(noncentrality: float, df: float, level: float) -> float:
    """P(|T| > t quantile), T = (Z + noncentrality) / S and S = sqrt(chi2(df) / df)."""
    return _rejected(noncentrality, *_nodes(df, level, noncentrality))


def _rejected(noncentrality: float, critical: Floats, shares: Floats) -> float:
    """Given S it is a normal probability: these, with their shares."""
    return float(shares @ (ndtr(noncentrality - critical) + ndtr(-noncentrality - critical)))


def _nodes(df: float, level: float, farthest: float) -> tuple[Floats, Floats]:
    """Values of (t quantile x S) and the share of each, for noncentralities up to `farthest`.

    In y = log S the density is proportional to exp(-df g(y)) with g(y) = (exp(2y) - 1)/2 - y; integrand and all its
    derivatives vanish at both ends, where the trapezoidal rule converges exponentially in the step, once that resolves
    both the density and the normal transition.
    """
    critical = float(stdtrit(df, (1 + level) / 2))
    if math.isinf(df):
        return np.array([critical]), np.ones(1)
    room = _NEGLIGIBLE / df
    low, high = -(room + math.sqrt(room)), math.sqrt(room)
    step = 0.25 / max(farthest, math.sqrt(2 * df), 2.0)
    y = np.linspace(low, high, 2 + math.ceil((high - low) / step))
    weight = np.exp(-df * (np.expm1(2 * y) / 2 - y))
    return critical * np.exp(y), weight / weight.sum()


def _check(std_error: float, df: float, level: float) -> None:
    if not 0 <= std_error < math.inf:
        raise ValueError(f"std_error must be 0 or more and finite, found {std_error}")
    if not df > 0:
        raise ValueError(f"df must be more than 0, found {df}")
    check_level(level)
