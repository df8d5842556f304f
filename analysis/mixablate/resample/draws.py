"""A statistic's bootstrap distribution, drawn or enumerated, with its moments and quantiles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["Draws", "Moments", "QuantileRule", "bootstrap_moments", "draw_quantiles"]

Floats = NDArray[np.float64]
ROUNDING = 1e-12  # cumulative probabilities of enumerated resamples are sums of up to millions of terms


class QuantileRule(StrEnum):
    """How a quantile is read off draws, by the numbers of Hyndman & Fan (1996, Am. Stat. 50:361).

    Type 6 interpolates between order statistics at p (B + 1), as the bootstrap literature does; type 7 at
    p (B - 1) + 1, as numpy and R do unless told otherwise; type 1 is the inverse of the distribution function, the only
    one that is meant for enumerated draws of unequal probability.
    """

    TYPE_1 = "type 1"
    TYPE_6 = "type 6"
    TYPE_7 = "type 7"


@dataclass(frozen=True, slots=True)
class Draws:
    """A statistic over resamples.

    Attributes:
        observed: of the data as they are.
        statistics: (B,), not finite where a resample leaves the statistic undefined (an arm without events has no log
            odds).
        weights: (B,) probabilities, summing to 1: equal for drawn resamples.
        exact: every distinct resample was enumerated; then the weights are those of the multinomial.
    """

    observed: float
    statistics: Floats
    weights: Floats
    exact: bool

    @property
    def undefined(self) -> float:
        """The probability (share of draws) of resamples in which the statistic is undefined."""
        return float(self.weights[~np.isfinite(self.statistics)].sum())


@dataclass(frozen=True, slots=True)
class Moments:
    """Of the resamples in which the statistic is defined.

    Attributes:
        mean: of the statistic.
        bias: mean minus observed.
        std_error: the standard deviation (with B - 1 below for drawn resamples); too small by about 1/(2n) for a mean
            of n units, since resampling n of n understates a variance by 1/n.
        undefined: the probability of the resamples left out.
    """

    mean: float
    bias: float
    std_error: float
    undefined: float


def bootstrap_moments(draws: Draws) -> Moments:
    """Mean, bias and standard error of the statistic over the resamples that define it; NaN where none or one does."""
    statistics, weights = _defined(draws)
    count = statistics.size
    if count < 2:
        return Moments(math.nan, math.nan, math.nan, draws.undefined)
    mean = float(weights @ statistics)
    inflation = 1.0 if draws.exact else count / (count - 1)
    variance = inflation * float(weights @ (statistics - mean) ** 2)
    return Moments(mean, mean - draws.observed, math.sqrt(variance), draws.undefined)


def draw_quantiles(draws: Draws, probabilities: Sequence[float], rule: QuantileRule | None = None) -> Floats:
    """Quantiles of the statistic over the resamples that define it, NaN where none does; as many as `probabilities`.

    It says nothing about the resamples left out: `draw_intervals` decides whether they can be.

    Args:
        draws: drawn or enumerated.
        probabilities: each between 0 and 1.
        rule: type 6 unless told otherwise; enumerated draws always type 1.

    Raises:
        ValueError: a probability outside 0 to 1, or an interpolating rule for enumerated draws.
    """
    wanted = np.asarray(probabilities, dtype=float)
    if not ((wanted >= 0) & (wanted <= 1)).all():
        raise ValueError(f"probabilities must lie between 0 and 1, found {list(probabilities)}")
    if draws.exact and rule not in (None, QuantileRule.TYPE_1):
        raise ValueError(f"enumerated draws differ in probability and have type 1 quantiles only, found {rule}")
    statistics, weights = _defined(draws)
    if statistics.size == 0:
        return np.full(wanted.size, math.nan)
    if draws.exact or rule is QuantileRule.TYPE_1:
        order = np.argsort(statistics, kind="stable")
        place = np.searchsorted(np.cumsum(weights[order]), wanted - ROUNDING)
        return statistics[order][np.minimum(place, statistics.size - 1)]
    count = statistics.size
    place = wanted * (count - 1) + 1 if rule is QuantileRule.TYPE_7 else wanted * (count + 1)
    return np.interp(place, np.arange(1, count + 1), np.sort(statistics))


def _defined(draws: Draws) -> tuple[Floats, Floats]:
    """The finite statistics and their weights, scaled to sum to 1."""
    finite = np.isfinite(draws.statistics)
    weights = draws.weights[finite]
    return draws.statistics[finite], weights / weights.sum() if weights.size else weights
