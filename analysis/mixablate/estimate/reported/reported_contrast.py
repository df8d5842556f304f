"""The effect between two reported rates whose n are stated, over the worst case of what rounding leaves open."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from mixablate.estimate.counts.checks import check_level
from mixablate.estimate.counts.one_proportion import clopper_pearson, upper_bound
from mixablate.estimate.counts.rate_ratios import RatioInterval, miettinen_nurminen_risk_ratio
from mixablate.estimate.counts.two_by_two import conditional_odds_ratio
from mixablate.estimate.counts.two_proportions import miettinen_nurminen_difference
from mixablate.estimate.reported.count_reconstruction import PossibleCounts
from mixablate.study import Scale

__all__ = ["INDEPENDENT", "RateBounds", "ReportedContrast", "rate_bounds", "reported_contrasts"]

INDEPENDENT = "if every rollout were independent and there were no run-to-run variation"
"""What every interval of reported rates rests on, said with each of them."""

DIFFERENCE = "score interval (Miettinen & Nurminen 1985) over the worst case of rounding"
RATIO = "score interval of the ratio (Miettinen & Nurminen 1985) over the worst case of rounding"
LOG_ODDS = "exact conditional interval of the log odds ratio (Cornfield 1956) over the worst case of rounding"
UNDETERMINED = "no events, or nothing but events, on both sides: every ratio fits"
NO_COUNTS = "no whole count gives the printed rate of one side"

Limits = tuple[float, float, float]
"""Estimate, lower and upper limit."""


@dataclass(frozen=True, slots=True)
class ReportedContrast:
    """Treated minus (or over) reference, for all counts that may have been printed so.

    Attributes:
        scale: risk_difference, risk_ratio or log_odds.
        estimate_lower, estimate_upper: the least and the largest estimate that the counts allow.
        lower, upper: the least lower and the largest upper limit; a ratio's and a log-odds limit may be infinite.
        level: of each of those intervals.
        method: the formula.
        scope: what they rest on.
        reason: why numbers are missing (NaN); empty where none is.
    """

    scale: Scale
    estimate_lower: float
    estimate_upper: float
    lower: float
    upper: float
    level: float
    method: str
    scope: str = INDEPENDENT
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RateBounds:
    """What a reported count bounds its rate by, over the worst case of rounding; of one model, as it is.

    Attributes:
        at_most: one-sided exact upper bound.
        lower, upper: two-sided exact interval.
        level: of both.
    """

    at_most: float
    lower: float
    upper: float
    level: float


def rate_bounds(counts: PossibleCounts, level: float = 0.95) -> RateBounds | None:
    """The exact bounds of a reported rate: of a zero too, which shows no more than they say.

    For independent rollouts of one fixed model; wrong, too narrow, for rollouts pooled over training runs that differ.

    Source: Clopper & Pearson (1934).

    Args:
        counts: None is returned where no count fits.
        level: between 0 and 1.

    Raises:
        ValueError: the level outside its range.

    >>> found = rate_bounds(PossibleCounts(100, 0, 0))
    >>> round(found.at_most, 4), round(found.upper, 4)
    (0.0295, 0.0362)
    """
    check_level(level)
    if counts.fewest is None or counts.most is None:
        return None
    lower, _ = clopper_pearson(counts.fewest, counts.trials, level)
    _, upper = clopper_pearson(counts.most, counts.trials, level)
    return RateBounds(upper_bound(counts.most, counts.trials, level), lower, upper, level)


def reported_contrasts(
    reference: PossibleCounts, treated: PossibleCounts, level: float = 0.95
) -> tuple[ReportedContrast, ReportedContrast, ReportedContrast]:
    """Difference, ratio and log odds ratio of two reported rates, each over every pair of counts they allow.

    All three rise with the treated and fall with the reference count, so that the two extreme pairs hold the others
    (checked over whole tables in the tests). They describe the two models that were evaluated: for rollouts of several
    runs, or where one run stands for its arm, they are too narrow.

    Source: Miettinen & Nurminen (1985), Stat. Med. 4, 213-226; Cornfield (1956), Proc. 3rd Berkeley Symp. 4, 135-148.

    Args:
        reference: counts of the reference side.
        treated: counts of the treated side.
        level: between 0 and 1.

    Raises:
        ValueError: the level outside its range.
    """
    check_level(level)
    return (
        _contrast(Scale.RISK_DIFFERENCE, DIFFERENCE, _difference, reference, treated, level),
        _contrast(Scale.RISK_RATIO, RATIO, _ratio, reference, treated, level),
        _contrast(Scale.LOG_ODDS, LOG_ODDS, _log_odds, reference, treated, level),
    )


def _contrast(
    scale: Scale,
    method: str,
    limits: Callable[[int, int, int, int, float], Limits],
    reference: PossibleCounts,
    treated: PossibleCounts,
    level: float,
) -> ReportedContrast:
    if not (reference.counts and treated.counts):
        return ReportedContrast(scale, math.nan, math.nan, math.nan, math.nan, level, method, reason=NO_COUNTS)
    least = limits(treated.counts[0], treated.trials, reference.counts[-1], reference.trials, level)
    most = limits(treated.counts[-1], treated.trials, reference.counts[0], reference.trials, level)
    reason = UNDETERMINED if math.isnan(least[0]) or math.isnan(most[0]) else ""
    return ReportedContrast(scale, least[0], most[0], least[1], most[2], level, method, reason=reason)


def _difference(events_1: int, trials_1: int, events_0: int, trials_0: int, level: float) -> Limits:
    estimate = events_1 / trials_1 - events_0 / trials_0
    return estimate, *miettinen_nurminen_difference(events_1, trials_1, events_0, trials_0, level)


def _ratio(events_1: int, trials_1: int, events_0: int, trials_0: int, level: float) -> Limits:
    return _limits(miettinen_nurminen_risk_ratio(events_1, trials_1, events_0, trials_0, level))


def _log_odds(events_1: int, trials_1: int, events_0: int, trials_0: int, level: float) -> Limits:
    estimate, lower, upper = _limits(conditional_odds_ratio(events_1, trials_1, events_0, trials_0, level))
    return _log(estimate), _log(lower), _log(upper)


def _limits(found: RatioInterval) -> Limits:
    return found.estimate, found.lower, found.upper


def _log(ratio: float) -> float:
    return -math.inf if ratio == 0 else math.log(ratio)
