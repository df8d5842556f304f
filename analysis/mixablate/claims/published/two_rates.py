"""Two printed rates held against a claim: compared at all, of these models, or of the mixes behind them."""

from __future__ import annotations

import math
from dataclasses import replace

from mixablate.claims.published.evidence import effect_of, no_effect
from mixablate.claims.published.reading import Reading
from mixablate.claims.published.regions import asked_of_rates
from mixablate.claims.published.wording import models_sentences, needed_words, over_runs_words
from mixablate.estimate import FEWEST_RUNS
from mixablate.estimate.reported import (
    ClaimedRegion,
    OverRuns,
    ReportedComparison,
    not_comparable,
    over_runs,
    reported_comparison,
    reported_zero,
    rollout_tails,
    run_spread,
)
from mixablate.study import (
    WORDS,
    PublishedAtLeastRatio,
    PublishedEquivalent,
    PublishedReachesZero,
    PublishedReduces,
    PublishedStronger,
    Reported,
)

__all__ = ["RatesClaim", "read_rates"]

RatesClaim = PublishedReduces | PublishedAtLeastRatio | PublishedReachesZero | PublishedEquivalent | PublishedStronger

COMPARABLE = "two records of one quantity, eval and base model, each with its n and its training runs"
NO_N = "the number of rollouts is not stated, so that chance has no bound"
NO_MIX = "one run an arm says nothing of a mix"
NO_SPREAD = "how the runs differ is not printed (one SD, or one standard error of their mean, either way)"


def read_rates(
    claim: RatesClaim, reference: Reported | None, treated: Reported, place: int, level: float, start: Reported | None
) -> Reading:
    """The claim held against one pair of reports.

    Args:
        claim: as declared.
        reference: the side without the change, of `stronger` the other arm; None for `reaches_zero`.
        treated: the side with it.
        place: which of the claim's figures this is.
        level: of two-sided intervals.
        start: of `stronger`, the reference that both drops start from; None elsewhere.
    """
    sides = [side for side in (start, reference, treated) if side is not None]
    shown = (treated,) if reference is None else (reference, treated)
    if said := [side for side in sides if side.unit == WORDS]:
        refused = "; ".join(f'{side.name} is given in words only, "{side.value}"' for side in said)
        settles = "a printed rate, with its n and training runs, of " + " and of ".join(side.name for side in said)
        return Reading(place, "", no_effect(claim, sides, level, refused), refused, settles=settles)
    for one in (start, reference):
        if one is not None and (apart := not_comparable(one, treated)):
            apart_too = " and ".join(record.value for record in shown)
            return Reading(place, apart_too, no_effect(claim, sides, level, apart), apart, settles=COMPARABLE)
    compared = _compared(claim, reference, treated, level)
    if claim.about == "models":
        return _of_models(claim, compared, shown, place)
    return _of_mix(claim, compared, shown, place, level)


def _subject(shown: tuple[Reported, ...]) -> str:
    """What is compared, as it is printed."""
    if len(shown) > 1:
        return " -> ".join(record.value for record in shown)
    return f"{shown[0].name}, {shown[0].value}"


def _compared(claim: RatesClaim, reference: Reported | None, treated: Reported, level: float) -> ReportedComparison:
    """At the level at which each one-sided bound is held as strictly as the end of a two-sided interval.

    Zeros keep the level itself: their bound is one-sided (design: 0 of 100 is at most 2.95 %).
    """
    asked = asked_of_rates(claim)
    if reference is None:
        return reported_zero(treated, asked.amount, level=level)
    held = 0.5 + level / 2 if asked.region is ClaimedRegion.EQUIVALENT else level
    return reported_comparison(reference, treated, asked, level=held)


def _impossible(compared: ReportedComparison, shown: tuple[Reported, ...]) -> str:
    """The side whose print no count of its n gives, in words; empty where there is none."""
    sides = [side for side in compared.sides or () if any(side.record is record for record in shown)]
    return "; ".join(
        f"{side.record.name}: {side.record.value} with n = {side.counts.trials} is impossible, {side.counts.reason}"
        for side in sides
        if side.counts is not None and not side.counts.counts
    )


def _of_models(claim: RatesClaim, compared: ReportedComparison, shown: tuple[Reported, ...], place: int) -> Reading:
    refused = _impossible(compared, shown)
    if not refused and any(record.n is None for record in shown):
        refused = NO_N
    effect = effect_of(claim, compared, shown, refused)
    found = Reading(place, _subject(shown), effect, refused, sentences=models_sentences(compared))
    found = replace(found, settles=needed_words(compared, runs=False), rollouts=_rollouts(compared))
    if refused or compared.sides is None:
        return found
    support, contradict = rollout_tails(compared.sides, compared.claim)
    return replace(found, p_support=_threshold(claim, support), p_contradict=contradict)


def _of_mix(
    claim: RatesClaim, compared: ReportedComparison, shown: tuple[Reported, ...], place: int, level: float
) -> Reading:
    spreads = [run_spread(record) for record in shown]
    found: OverRuns | None = None
    if spreads[-1] is not None and spreads[0] is not None:
        found = over_runs(spreads[0] if len(shown) > 1 else None, spreads[-1], compared.claim, level=level)
    refused = _impossible(compared, shown) or (found.reason if found is not None else _no_runs(shown))
    sentences = compared.sentences if found is None else (*over_runs_words(claim, found, level), *compared.sentences)
    effect = effect_of(claim, compared, shown, refused, found)
    reading = Reading(place, _subject(shown), effect, refused, sentences=sentences)
    reading = replace(reading, settles=needed_words(compared, runs=True), rollouts=_rollouts(compared))
    if refused or found is None:
        return reading
    return replace(reading, p_support=_threshold(claim, found.p_support), p_contradict=found.p_contradict)


def _no_runs(shown: tuple[Reported, ...]) -> str:
    """Why printed rates say nothing of the mixes behind them."""
    runs = [record.runs for record in shown]
    unstated = ["n"] if any(record.n is None for record in shown) else []
    if None in runs:
        stated = " and ".join([*unstated, "training runs"])
        return f"{stated} are not stated, and {NO_MIX}"
    fewest = min(count for count in runs if count is not None)
    if fewest < FEWEST_RUNS:
        return NO_MIX if fewest == 1 else f"{fewest} runs on a side are fewer than the {FEWEST_RUNS} needed"
    return NO_SPREAD


def _rollouts(compared: ReportedComparison) -> int | None:
    return None if compared.trials_needed is None else compared.trials_needed.for_power


def _threshold(claim: RatesClaim, p_value: float) -> float:
    """The one-sided p as every claim's is compared with alpha/2: that of a zero's bound, one-sided at alpha, halved."""
    halved = isinstance(claim, PublishedReachesZero)
    return p_value / 2 if halved and math.isfinite(p_value) and p_value < 1.0 else p_value
