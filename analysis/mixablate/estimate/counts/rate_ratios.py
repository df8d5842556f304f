"""Intervals for the ratio and the odds ratio of two rates, from their counts alone.

Side 1 comes first: a ratio is rate 1 / rate 0. All describe two fixed models: they hold for independent rollouts of
each, and are wrong for rollouts pooled over training runs that differ, where they are far too narrow. Non-whole counts
(weighted or effective ones) are allowed throughout.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from mixablate.estimate.counts.checks import check_level, check_sides
from mixablate.estimate.counts.restricted_rates import miettinen_nurminen_factor, ratio_score_z
from mixablate.estimate.counts.roots import normal_quantile, score_limit

__all__ = [
    "RatioInterval",
    "katz_risk_ratio",
    "koopman_risk_ratio",
    "miettinen_nurminen_risk_ratio",
    "wald_odds_ratio",
]

EMPTY_CELL = "a side has no events or nothing but events, and the formula divides by that count"
UNDETERMINED = "neither side has events, so that every ratio fits"


@dataclass(frozen=True, slots=True)
class RatioInterval:
    """A ratio of side 1 to side 0 with its interval; what cannot be estimated is NaN, and `reason` says why.

    Attributes:
        estimate: 0 to infinity.
        lower, upper: limits; the upper may be infinite.
        reason: why a number is missing; empty where none is.
    """

    estimate: float
    lower: float
    upper: float
    reason: str = ""


def miettinen_nurminen_risk_ratio(
    events_1: float, trials_1: float, events_0: float, trials_0: float, level: float = 0.95
) -> RatioInterval:
    """The ratios of rates that the score test does not reject, its variance times N/(N - 1).

    The lower limit is exactly 0 without events on side 1, the upper infinite without events on side 0; without any
    events every ratio fits. For independent rollouts of two fixed models; wrong for rollouts pooled over training runs
    that differ.

    Source: Miettinen & Nurminen (1985), Stat. Med. 4, 213-226.

    Args:
        events_1: events of side 1, 0 to `trials_1`.
        trials_1: trials of side 1, more than 0.
        events_0: events of side 0, 0 to `trials_0`.
        trials_0: trials of side 0, more than 0; more than 1 with those of side 1.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range, or not a number.
    """
    check_sides(events_1, trials_1, events_0, trials_0)
    check_level(level)
    quantile = normal_quantile(level) * miettinen_nurminen_factor(trials_1, trials_0)
    return _score_ratio(events_1, trials_1, events_0, trials_0, quantile)


def koopman_risk_ratio(
    events_1: float, trials_1: float, events_0: float, trials_0: float, level: float = 0.95
) -> RatioInterval:
    """The ratios of rates that the score test does not reject, its variance as it is.

    The lower limit is exactly 0 without events on side 1, the upper infinite without events on side 0; without any
    events every ratio fits. For independent rollouts of two fixed models; wrong for rollouts pooled over training runs
    that differ.

    Source: Koopman (1984), Biometrics 40, 513-517, whose example this is.

    Args:
        events_1: events of side 1, 0 to `trials_1`.
        trials_1: trials of side 1, more than 0.
        events_0: events of side 0, 0 to `trials_0`.
        trials_0: trials of side 0, more than 0.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range, or not a number.

    >>> found = koopman_risk_ratio(36, 40, 16, 80)
    >>> round(found.estimate, 2), round(found.lower, 2), round(found.upper, 2)
    (4.5, 2.94, 7.15)
    """
    check_sides(events_1, trials_1, events_0, trials_0)
    check_level(level)
    return _score_ratio(events_1, trials_1, events_0, trials_0, normal_quantile(level))


def katz_risk_ratio(
    events_1: float, trials_1: float, events_0: float, trials_0: float, level: float = 0.95
) -> RatioInterval:
    """The ratio of rates with the normal interval of its logarithm.

    Withheld where a side has no events, or nothing but events (it then counts as known without error): the score
    intervals need no such exception. For independent rollouts of two fixed models; wrong for rollouts pooled over
    training runs that differ.

    Source: Katz, Baptista, Azen & Pike (1978), Biometrics 34, 469-474, method C.

    Args:
        events_1: events of side 1, 0 to `trials_1`.
        trials_1: trials of side 1, more than 0.
        events_0: events of side 0, 0 to `trials_0`.
        trials_0: trials of side 0, more than 0.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range, or not a number.
    """
    check_sides(events_1, trials_1, events_0, trials_0)
    check_level(level)
    ratio = _quotient(events_1 / trials_1, events_0 / trials_0)
    others = (trials_1 - events_1, trials_0 - events_0)
    if min(events_1, events_0, *others) == 0:
        return RatioInterval(ratio, math.nan, math.nan, EMPTY_CELL)
    variance = others[0] / (events_1 * trials_1) + others[1] / (events_0 * trials_0)
    return _log_interval(ratio, variance, level)


def wald_odds_ratio(
    events_1: float, trials_1: float, events_0: float, trials_0: float, level: float = 0.95
) -> RatioInterval:
    """The sample odds ratio with the normal interval of its logarithm.

    Withheld where a side has no events or nothing but events; `conditional_odds_ratio` is for those. For independent
    rollouts of two fixed models; wrong for rollouts pooled over training runs that differ.

    Source: Woolf (1955), Annals of Human Genetics 19, 251-253.

    Args:
        events_1: events of side 1, 0 to `trials_1`.
        trials_1: trials of side 1, more than 0.
        events_0: events of side 0, 0 to `trials_0`.
        trials_0: trials of side 0, more than 0.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range, or not a number.
    """
    check_sides(events_1, trials_1, events_0, trials_0)
    check_level(level)
    others_1, others_0 = trials_1 - events_1, trials_0 - events_0
    ratio = _quotient(events_1 * others_0, events_0 * others_1)
    if min(events_1, events_0, others_1, others_0) == 0:
        return RatioInterval(ratio, math.nan, math.nan, EMPTY_CELL)
    return _log_interval(ratio, 1 / events_1 + 1 / events_0 + 1 / others_1 + 1 / others_0, level)


def _quotient(above: float, below: float) -> float:
    if below > 0:
        return above / below
    return math.inf if above > 0 else math.nan


def _log_interval(ratio: float, variance: float, level: float) -> RatioInterval:
    reach = math.exp(normal_quantile(level) * math.sqrt(variance))
    return RatioInterval(ratio, ratio / reach, ratio * reach)


def _score_ratio(events_1: float, trials_1: float, events_0: float, trials_0: float, quantile: float) -> RatioInterval:
    """Both limits as lower ones, the upper with the sides swapped, each found as the share r / (1 + r) of a ratio r."""

    def lower(one: tuple[float, float], other: tuple[float, float]) -> float:
        rate_1, rate_0 = one[0] / one[1], other[0] / other[1]
        if rate_1 == 0:
            return 0.0
        share = score_limit(lambda share: ratio_score_z(*one, *other, share), quantile, 0.0, rate_1 / (rate_1 + rate_0))
        return share / (1 - share)

    side_1, side_0 = (events_1, trials_1), (events_0, trials_0)
    estimate = _quotient(events_1 / trials_1, events_0 / trials_0)
    upper = _quotient(1.0, lower(side_0, side_1))
    return RatioInterval(estimate, lower(side_1, side_0), upper, UNDETERMINED if math.isnan(estimate) else "")
