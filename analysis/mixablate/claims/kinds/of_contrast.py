"""Kinds whose number is a contrast of arms: their cases, evidence and words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from mixablate.claims.case import Case
from mixablate.claims.contrast_evidence import contrast_refusal, contrast_standing
from mixablate.claims.contrast_opinions import contrast_opinion, logit_scale, posed
from mixablate.claims.kind import Kind
from mixablate.claims.numbers_in_words import change, effect_words
from mixablate.claims.outcomes import check_scale, claimed_outcomes
from mixablate.claims.regions import Region
from mixablate.design import ConfoundKind, Contrast, Design, Switch, confounds, switch, switch_of
from mixablate.estimate import Effect, Outcome, power, run_level_effect, score_missing, summarise
from mixablate.study import Declared, Scale
from mixablate.tables import Tables

__all__ = [
    "contrast_cases",
    "contrast_kind",
    "factor_for_power",
    "own_switch",
    "runs_needed",
    "scored_outcome",
    "sides_confounded",
    "states_change",
    "switches_of",
]

C = TypeVar("C", bound=Declared)
MOST_RUNS = 200  # an arm; beyond it the honest answer is "more than 200"
WANTED_POWER = 0.8


def own_switch(claim: Declared, design: Design) -> Contrast:
    """The claim's components switched together."""
    return switch(
        design, claim.components, name=claim.id, at=claim.at, reference=claim.reference, treated=claim.treated
    )


def switches_of(claim: Declared, design: Design, *sets: Sequence[str]) -> tuple[Switch, ...]:
    """The switches of these sets of components, at the claim's levels."""
    return tuple(
        switch_of(design, each, name=claim.id, at=claim.at, reference=claim.reference, treated=claim.treated)
        for each in sets
    )


def contrast_kind(
    region: Callable[[C, bool], Region],
    contrast: Callable[[C, Design], Contrast] = own_switch,
    *,
    difference: bool = False,
) -> Kind[C]:
    """A kind that claims where a contrast of arms lies.

    Args:
        region: of a claim, given whether a drop is better.
        contrast: over arms.
        difference: whether the kind claims a difference, so that one within the declared margin is `equivalent`.
    """

    def cases(claim: C, tables: Tables, design: Design) -> tuple[Case, ...]:
        return contrast_cases(claim, tables, design, region, contrast(claim, design), difference=difference)

    return Kind(
        region=region,
        cases=cases,
        refusal=contrast_refusal,
        standing=contrast_standing,
        effect=_effect,
        opinion=contrast_opinion,
        beside=logit_scale,
        posed=posed,
        scored=scored_outcome,
        states=states_change,
        settles=runs_needed,
        fewest=_smaller_side,
        contrast=lambda claim, _, design: contrast(claim, design),
        switches=lambda claim, design: switches_of(claim, design, claim.components),
    )


def contrast_cases(
    claim: C,
    tables: Tables,
    design: Design,
    region: Callable[[C, bool], Region],
    contrast: Contrast,
    *,
    difference: bool = False,
) -> tuple[Case, ...]:
    """One case per outcome judged: the mean of the claim's evals, or each of them.

    Raises:
        ClaimError: evals, scale or levels that do not fit the tables.
    """
    cases = []
    for outcome in claimed_outcomes(claim, tables):
        summaries = summarise(tables, design, outcome)
        check_scale(claim, summaries)
        confounded, beside = sides_confounded(design, tables, contrast, outcome)
        cases.append(
            Case(
                claim,
                summaries,
                contrast,
                region(claim, outcome.lower_is_better),
                claim.scale,
                confounded,
                margin=getattr(claim, "margin", None),
                difference=difference,
                beside=beside,
            )
        )
    return tuple(cases)


def sides_confounded(
    design: Design, tables: Tables, contrast: Contrast, outcome: Outcome
) -> tuple[str, tuple[str, ...]]:
    """Why a contrast's sides differ in more than the components, empty where they do not; what else differs beside."""
    found = confounds(design, tables, contrast, [eval_id for eval_id, _ in outcome.evals])
    confounded = next((c.sentence for c in found if c.kind is ConfoundKind.SHARED), "")
    return confounded, tuple(c.sentence for c in found if c.kind is not ConfoundKind.SHARED)


def scored_outcome(case: Case, shares: Mapping[str, float]) -> Case:
    """The case with these shares of the missing rollouts of arms scored as events."""
    return replace(case, summaries=score_missing(case.summaries, shares))


def states_change(_: Case, effect: Effect) -> str:
    """The change with its interval and runs, and the two sides' rates."""
    words = effect_words(effect)
    if effect.reference is not None and effect.treated is not None and effect.scale is not Scale.VALUE:
        words += f", {effect.reference:.1%} to {effect.treated:.1%}"
    return words


def runs_needed(case: Case, effect: Effect, alpha: float) -> str:
    """Runs an arm that would decide at the observed spread, if the observed estimate were the truth."""
    if effect.estimate is None or effect.std_error is None or effect.df is None:
        return "more training runs of the treated arm"
    logs = effect.scale is Scale.RISK_RATIO
    point = math.log(effect.estimate) if logs else effect.estimate
    ends = [math.log(value) if logs else value for value, _ in case.region.boundaries]
    distance, error = min(abs(point - end) for end in ends), effect.std_error
    runs = min(effect.n_treated, effect.n_reference)
    factor = factor_for_power(distance, lambda k: error / math.sqrt(k), effect.df, runs, alpha)
    truth = f"if the observed {change(effect.estimate, effect.scale)} were the truth"
    if factor is None:
        return (
            f"more than {MOST_RUNS} runs a side at the spread seen, {truth}: the estimate is close to the region's edge"
        )
    needed = max(runs + 1, math.ceil(runs * factor))
    return f"about {needed} runs a side in place of {runs} (80 % power at the spread seen, {truth})"


def factor_for_power(
    distance: float, error_at: Callable[[float], float], df: float, runs: int, alpha: float
) -> float | None:
    """By how much the runs must grow for 80 % power at this distance; None beyond 200 runs a side.

    Args:
        distance: from the estimate to the region's nearest end.
        error_at: the standard error with so many times the runs.
        df: of the standard error now; it grows with the runs.
        runs: on the smaller side now.
        alpha: two-sided level.
    """
    low, high = 1.0, MOST_RUNS / runs
    if power(distance, error_at(high), df * high, 1.0 - alpha) < WANTED_POWER:
        return None
    while high / low > 1.01:
        middle = math.sqrt(low * high)
        found = power(distance, error_at(middle), df * middle, 1.0 - alpha) >= WANTED_POWER
        low, high = (low, middle) if found else (middle, high)
    return high


def _effect(case: Case, design: Design, level: float) -> Effect:
    return run_level_effect(case.summaries, case.contrast, case.scale, design, level=level)


def _smaller_side(_: Case, effect: Effect) -> int:
    return min(effect.n_treated, effect.n_reference)
