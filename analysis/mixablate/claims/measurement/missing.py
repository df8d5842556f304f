"""The bounds of a claim's estimate whatever its missing rollouts were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mixablate.claims.case import Case
from mixablate.claims.kinds import kind_of
from mixablate.claims.kinds.of_run_numbers import numbers_of
from mixablate.claims.measurement.measured import MissingEnds
from mixablate.claims.numbers_in_words import end_words, unit_of_span
from mixablate.design import Design
from mixablate.estimate import Effect, RunSummaries, Side, push_missing, sides_of
from mixablate.study import ReachesZero
from mixablate.tables import OutcomeKind

__all__ = ["missing_ends", "missing_words", "scored_towards"]


def scored_towards(case: Case, *, treated: bool) -> Case:
    """The case with every missing rollout scored so that its number is highest (treated) or lowest.

    Events on the treated side and none on the reference side, or the other way round; of a number made of several
    outcomes, part by part, by the sign of the part's weight. One end of the worst- and best-case bounds (Manski 1990).
    """
    sides = sides_of(case.contrast)
    up, down = sides[Side.TREATED], sides[Side.REFERENCE]
    if not case.parts or not case.weights:
        pushed = {arm_id: float(arm_id in (up if treated else down)) for arm_id in case.summaries.arm_ids}
        scored: Case = kind_of(case.claim).scored(case, pushed)
        return scored
    parts = tuple(
        push_missing(part, up if (weight > 0.0) == treated else down)
        for part, weight in zip(case.parts, case.weights, strict=True)
    )
    name = case.summaries.outcome.name
    return replace(case, parts=parts, summaries=numbers_of(parts, case.weights, case.scale, name))


def missing_ends(case: Case, found: Effect, design: Design) -> MissingEnds | None:
    """The ends between which the estimate lies; None where no rollout of the contrast's runs is missing.

    Args:
        case: of a claim.
        found: its effect, missing rollouts left out.
        design: of the study.
    """
    sides = sides_of(case.contrast)
    n_treated, n_reference = (_missing_on(case, arms) for arms in (sides[Side.TREATED], sides[Side.REFERENCE]))
    if not n_treated + n_reference:
        return None
    nothing = MissingEnds(n_treated, n_reference, None, None, None, None)
    observed = case.parts or (case.summaries,)
    if any(part.outcome.kind is not OutcomeKind.EVENTS for part in observed):
        return replace(nothing, reason="scores have no lowest and highest value to put in")
    if case.parts and not case.weights:
        return replace(nothing, reason="the missing can move a correlation either way")
    effects = [found] + [
        kind_of(case.claim).effect(scored_towards(case, treated=treated), design, found.level)
        for treated in (False, True)
    ]
    estimates = [effect.estimate for effect in effects]
    return replace(
        nothing,
        low=_end(estimates, min),
        high=_end(estimates, max),
        lower=_end([effect.lower for effect in effects], min),
        upper=_end([effect.upper for effect in effects], max),
        reason="" if None not in estimates else "no estimate at one of the two ends",
    )


def missing_words(ends: MissingEnds, case: Case) -> str:
    """The ends in a sentence, in the unit in which the effect is shown; empty where both read alike."""
    counts = f"{ends.n_treated} treated and {ends.n_reference} reference rollouts are missing"
    if ends.low is None or ends.high is None:
        return f"{counts}; bounds cannot be given: {ends.reason}"
    if isinstance(case.claim, ReachesZero):
        what, low, high, of = "treated rate", f"{ends.low:.2%}", f"{ends.high:.2%}", ""
    else:
        low, high = end_words(ends.low, ends.high, case.unit)
        what, of = "estimate", unit_of_span(case.unit)
    return "" if low == high else f"{counts}; whatever they were, the {what} lies between {low} and {high}{of}"


def _end(values: list[float | None], which: Callable[[list[float]], float]) -> float | None:
    known = [value for value in values if value is not None and not np.isnan(value)]
    if len(known) < len(values):
        return None
    return which(known)


def _missing_on(case: Case, arms: frozenset[str]) -> int:
    observed: tuple[RunSummaries, ...] = case.parts or (case.summaries,)
    rows = [[arm_id in arms for arm_id in part.arm_ids] for part in observed]
    return int(sum(part.missing[mine].sum() for part, mine in zip(observed, rows, strict=True)))
