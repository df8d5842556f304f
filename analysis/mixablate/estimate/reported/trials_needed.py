"""From how many rollouts an arm a claim would stand, were every rollout independent and all runs alike."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.special import bdtr, ndtr, ndtri

from mixablate.estimate.counts.checks import check_level
from mixablate.estimate.counts.one_proportion import upper_bound
from mixablate.estimate.counts.restricted_rates import rates_at_difference, rates_at_ratio
from mixablate.estimate.counts.roots import normal_quantile
from mixablate.estimate.reported.reported_claim import ClaimedRegion, ReportedClaim

__all__ = ["MOST_TRIALS", "TrialsNeeded", "trials_needed"]

MOST_TRIALS = 100_000_000
LOOK_BACK, WHOLE = 20, 1e-12
NOT_IN_REGION = "the rates themselves do not lie in the claimed region"
TOO_MANY = f"more than {MOST_TRIALS:,} rollouts an arm"

TWO_RATES = "n = (z sqrt(v0) + z_power sqrt(v1))^2 / d^2, v0 at the likeliest rates on the claim's boundary"
TWO_MARGINS = "the smallest n at which both one-sided score tests reject with this power, by the normal distribution"
ONE_RATE = "the smallest n whose exact one-sided upper bound meets the claim with this power, by the binomial"


@dataclass(frozen=True, slots=True)
class TrialsNeeded:
    """Rollouts an arm at which a claim would stand; a floor, since no run-to-run variation is counted.

    Attributes:
        interval_excludes: with the rates seen exactly as taken, the interval just lies inside the region (a study
            of this size finds so about half of the time).
        for_power: a study of this size finds so with the wanted power.
        power: wanted.
        formula: of both, in words.
        reason: why a number is missing; empty where none is.
    """

    interval_excludes: int | None
    for_power: int | None
    power: float
    formula: str
    reason: str = ""


def trials_needed(
    reference: float, treated: float, claim: ReportedClaim, *, level: float = 0.95, power: float = 0.8
) -> TrialsNeeded:
    """The rollouts an arm, the same on both, that a claim about two rates needs at the least.

    A floor: for independent rollouts of two models that stand for all runs of their arms. 22 % against 15 % needs
    482 an arm for 80 % power at 5 % two-sided, and 237 for an interval that just excludes no drop.

    Source: Farrington & Manning (1990), Stat. Med. 9, 1447-1454, eq. 4 with the likeliest rates on the boundary, for
    differences and ratios; without a minimum this is Fleiss, Levin & Paik (2003), Statistical Methods for Rates and
    Proportions, eq. 4.14, without continuity correction. `reaches_zero` is exact.

    Args:
        reference: rate of the reference arm, 0 to 1; not used by `reaches_zero`.
        treated: rate of the treated arm, 0 to 1.
        claim: the region; `reduces` and `at_least_ratio` are held to a two-sided interval at `level`, the other two to
            one-sided ones.
        level: between 0 and 1.
        power: between 0 and 1.

    Raises:
        ValueError: a rate, the level or the power outside its range, or not a number.

    >>> found = trials_needed(0.22, 0.15, ReportedClaim())
    >>> found.interval_excludes, found.for_power
    (237, 482)
    """
    check_level(level)
    if not (0 <= reference <= 1 and 0 <= treated <= 1):
        raise ValueError(f"rates must lie between 0 and 1, found {reference} and {treated}")
    if not 0 < power < 1:
        raise ValueError(f"power must lie between 0 and 1, found {power}")
    formula = {ClaimedRegion.REACHES_ZERO: ONE_RATE, ClaimedRegion.EQUIVALENT: TWO_MARGINS}.get(claim.region, TWO_RATES)
    if not claim.holds(reference, treated):
        return TrialsNeeded(None, None, power, formula, NOT_IN_REGION)
    match claim.region:
        case ClaimedRegion.REACHES_ZERO:
            excludes, powered = _bounded(treated, claim.amount, level, power)
        case ClaimedRegion.EQUIVALENT:
            excludes, powered = _within(reference, treated, claim.amount, level, power)
        case _:
            excludes, powered = _beyond(reference, treated, claim, level, power)
    reason = TOO_MANY if powered is None or excludes is None else ""
    return TrialsNeeded(excludes, powered, power, formula, reason)


def _beyond(
    reference: float, treated: float, claim: ReportedClaim, level: float, power: float
) -> tuple[int | None, int | None]:
    if claim.region is ClaimedRegion.AT_LEAST_RATIO:
        weight = claim.amount
        at_reference, at_treated = rates_at_ratio(reference, 1, treated, 1, weight / (1 + weight))
        distance = reference - weight * treated
    else:
        weight = 1.0
        at_reference, at_treated = rates_at_difference(reference, 1, treated, 1, claim.amount)
        distance = reference - treated - claim.amount
    null = _variance(at_reference) + weight**2 * _variance(at_treated)
    seen = _variance(reference) + weight**2 * _variance(treated)
    z = normal_quantile(level) * math.sqrt(null)
    return _whole((z / distance) ** 2), _whole(((z + float(ndtri(power)) * math.sqrt(seen)) / distance) ** 2)


def _within(
    reference: float, treated: float, margin: float, level: float, power: float
) -> tuple[int | None, int | None]:
    """Power is P(both reject) = P(one rejects) + P(the other does) - 1 where it is positive."""
    z, difference = float(ndtri(level)), reference - treated
    seen = math.sqrt(_variance(reference) + _variance(treated))
    rooms, nulls = [], []
    for bound in (margin, -margin):
        at_reference, at_treated = rates_at_difference(reference, 1, treated, 1, bound)
        rooms.append(abs(bound - difference))
        nulls.append(math.sqrt(_variance(at_reference) + _variance(at_treated)))
    excludes = max((z * null / room) ** 2 for room, null in zip(rooms, nulls, strict=True))

    def powered(trials: int) -> bool:
        reached = [math.sqrt(trials) * room - z * null for room, null in zip(rooms, nulls, strict=True)]
        if seen == 0:
            return min(reached) >= 0
        return float(ndtr(reached[0] / seen) + ndtr(reached[1] / seen)) - 1 >= power

    return _whole(excludes), _first(powered, MOST_TRIALS)


def _bounded(rate: float, bound: float, level: float, power: float) -> tuple[int | None, int | None]:
    """The first n at which the expected events meet the bound, and the first with the wanted chance that events do.

    For a given most number of events the chance is highest at the fewest trials that allow it, so only those are
    tried. The chance rises with the events but for steps of one trial, which the last ones before are tried for.
    """
    excludes = _first(lambda n: upper_bound(rate * n, n, level) <= bound, MOST_TRIALS)

    def fewest_trials(events: int) -> int | None:
        return _first(lambda n: n > events and upper_bound(events, n, level) <= bound, MOST_TRIALS)

    def powered(events: int) -> bool:
        trials = fewest_trials(events)
        return trials is None or float(bdtr(events, trials, rate)) >= power

    events = (_first(lambda k: powered(k - 1), MOST_TRIALS) or MOST_TRIALS) - 1
    events = min([k for k in range(max(0, events - LOOK_BACK), events) if powered(k)], default=events)
    return excludes, fewest_trials(events)


def _first(holds: Callable[[int], bool], largest: int) -> int | None:
    """The first n from 1 on for which it holds, of a condition that stays true; None where none does by `largest`."""
    low, high = 0, 1
    while not holds(high):
        if high >= largest:
            return None
        low, high = high, min(2 * high, largest)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _variance(rate: float) -> float:
    return rate * (1 - rate)


def _whole(trials: float) -> int | None:
    """The next whole number up; None beyond what is ever run. A whole number short of itself by rounding stays it."""
    if trials > MOST_TRIALS:
        return None
    return max(1, math.ceil(trials * (1 - WHOLE)))
