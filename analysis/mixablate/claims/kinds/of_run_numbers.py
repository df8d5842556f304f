"""Kinds about a number of each run that is made of several outcomes: a gap of two evals, a slope over steps, a lead.

The number is a weighted sum of the run's summaries, so that the training run stays the unit: it is compared between
arms like any other summary. In units of rates its spread is that of the rates or what their log-odds imply, whichever
makes the contrast wider, as for the rates themselves (estimate.runs.rate_limits, rule 2).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mixablate.claims.case import Case, Standing
from mixablate.claims.contrast_evidence import design_refusal, standing_in
from mixablate.claims.contrast_opinions import contrast_opinion
from mixablate.claims.kind import Kind, Posed, Question
from mixablate.claims.numbers_in_words import effect_words
from mixablate.claims.verdict import SecondOpinion
from mixablate.design import Design
from mixablate.estimate import (
    Effect,
    Evidence,
    RunSummaries,
    cell_arrays,
    cell_moments,
    design_limit,
    detectable,
    evidence_of,
    interval,
    outcome_limit,
    run_level_effect,
    satterthwaite,
    score_missing,
    values_on,
)
from mixablate.study import Declared, Scale
from mixablate.tables import OutcomeKind, Tables

__all__ = ["aligned", "number_kind", "numbers_of"]

Floats = NDArray[np.float64]
RANDOM = 'a number made of several outcomes has no interval over random scenarios; set scenarios = "fixed"'


C = TypeVar("C", bound=Declared)
T = TypeVar("T")


def number_kind(outcomes: Kind[C], cases: Callable[[C, Tables, Design], tuple[Case, ...]]) -> Kind[C]:
    """A kind with cases about numbers of each run, made of parts, beside cases about one outcome.

    Args:
        outcomes: how the cases of one outcome are judged.
        cases: of a claim.
    """

    def either(of_number: Callable[..., T], of_outcome: Callable[..., T]) -> Callable[..., T]:
        def chosen(case: Case, *rest: object) -> T:
            return (of_number if case.parts else of_outcome)(case, *rest)

        return chosen

    def posed(case: Case, boundary: float) -> Posed | None:
        return outcomes.posed(replace(case, scale=Scale.VALUE) if case.parts else case, boundary)

    return replace(
        outcomes,
        cases=cases,
        refusal=either(_refusal, outcomes.refusal),
        standing=either(_standing, outcomes.standing),
        effect=either(_effect, outcomes.effect),
        opinion=either(_opinion, outcomes.opinion),
        beside=lambda case: None if case.parts else outcomes.beside(case),
        posed=posed,
        scored=either(_scored, outcomes.scored),
        states=either(_states, outcomes.states),
    )


def aligned(parts: Sequence[RunSummaries]) -> tuple[RunSummaries, ...]:
    """The summaries over the runs that have all of them, in one order; the others are named absent."""
    shared = set.intersection(*(set(part.run_ids) for part in parts))
    found = []
    for part in parts:
        keep = np.array([run_id in shared for run_id in part.run_ids], dtype=bool)
        left = [run_id for run_id in part.run_ids if run_id not in shared]
        found.append(
            replace(
                part,
                run_ids=tuple(np.array(part.run_ids, dtype=object)[keep]),
                arm_ids=tuple(np.array(part.arm_ids, dtype=object)[keep]),
                pairs=tuple(np.array(part.pairs, dtype=object)[keep]),
                log_odds=part.log_odds[keep],
                level=part.level[keep],
                events=part.events[keep],
                trials=part.trials[keep],
                missing=part.missing[keep],
                absent=tuple(sorted({*part.absent, *left})),
            )
        )
    return tuple(found)


def numbers_of(parts: Sequence[RunSummaries], weights: Sequence[float], scale: Scale, name: str) -> RunSummaries:
    """The weighted sums of aligned summaries on a scale, as scores of one outcome."""
    first = parts[0]
    values = sum((w * values_on(part, scale) for w, part in zip(weights, parts, strict=True)), np.zeros(1))
    nothing = np.full((len(first.run_ids), 1), math.nan)
    return replace(
        first,
        outcome=replace(first.outcome, name=name, label=name, evals=((name, 1.0),), kind=OutcomeKind.SCORE, domain=""),
        log_odds=np.full(len(first.run_ids), math.nan),
        level=np.asarray(values, dtype=float),
        events=nothing,
        trials=nothing,
        missing=np.zeros((len(first.run_ids), 1)),
    )


def _scored(case: Case, shares: Mapping[str, float]) -> Case:
    """The case with these shares of the missing rollouts of arms scored as events, in every part."""
    parts = tuple(score_missing(part, shares) for part in case.parts)
    numbers = numbers_of(parts, case.weights, case.scale, case.summaries.outcome.name)
    return replace(case, parts=parts, summaries=numbers)


def _evidence(case: Case, design: Design) -> Evidence:
    """The contrast of the runs' numbers, with the wider of two spreads where they are differences of rates."""
    evidence = evidence_of(case.summaries, case.contrast, Scale.VALUE, design)
    if evidence.reason or case.scale is not Scale.RISK_DIFFERENCE or evidence.layout != "cells":
        return evidence
    cells = cell_arrays(case.summaries, case.contrast)
    _, variances = cell_moments(_by_log_odds(case)[cells.rows], cells)
    shares = cells.coefficients**2 * variances
    error = math.sqrt(float(shares.sum()))
    if error <= evidence.std_error:
        return evidence
    return replace(evidence, std_error=error, df=float(satterthwaite(shares, cells.counts)))


def _by_log_odds(case: Case) -> Floats:
    """What the runs' log-odds imply for their numbers, each part linearised at its arm's mean rate."""
    cells = cell_arrays(case.summaries, case.contrast)
    values = np.zeros(len(case.summaries.run_ids))
    for weight, part in zip(case.weights, case.parts, strict=True):
        means, _ = cell_moments(part.level[cells.rows], cells)
        slopes = (means * (1.0 - means))[cells.cell]
        values[cells.rows] += weight * slopes * part.log_odds[cells.rows]
    return values


def _refusal(case: Case, design: Design) -> tuple[str, bool]:
    """Why the number cannot be compared, and whether that is the design's fault; ("", False) if it can."""
    refused = design_refusal(case)
    if refused:
        return refused, True
    if design.scenarios == "random" and any(len(part.outcome.evals) > 1 for part in case.parts):
        return RANDOM, True
    evidence = _evidence(case, design)
    by_design = design_limit(evidence, case.summaries, case.contrast)
    if by_design:
        return by_design, True
    for part, weight in zip(case.parts, case.weights, strict=True):
        # A part may be alike in all runs of an arm: it is the number whose spread must be seen.
        own = replace(evidence_of(part, case.contrast, case.scale, design), std_error=math.inf)
        thin = "" if weight == 0.0 or own.reason else outcome_limit(own, part, case.contrast)
        if thin:
            return f"{part.outcome.name}: {thin}", False
    return outcome_limit(evidence, case.summaries, case.contrast), False


def _standing(case: Case, design: Design) -> Standing:
    """Where the contrast of the runs' numbers stands."""
    evidence = _evidence(case, design)
    if evidence.reason:
        return Standing(evidence.estimate, math.nan, math.nan)
    return standing_in(case, evidence, evidence)


def _opinion(case: Case, design: Design, asked: Question) -> SecondOpinion | None:
    """Randomisation within strata, or the wild bootstrap, on the runs' numbers."""
    return contrast_opinion(replace(case, scale=Scale.VALUE), design, asked)


def _effect(case: Case, design: Design, level: float) -> Effect:
    """The contrast of the runs' numbers as a row; the sides' own levels have no unit of their own and stay out."""
    base = run_level_effect(case.summaries, case.contrast, Scale.VALUE, design, level=level)
    reason, _ = _refusal(case, design)
    evidence = _evidence(case, design)
    low, high = interval(evidence, level) if not reason else (math.nan, math.nan)
    return replace(
        base,
        scale=case.scale,
        std_error=None if reason else evidence.std_error,
        df=None if reason else evidence.df,
        lower=None if reason else low,
        upper=None if reason else high,
        p_value=None if reason else base.p_value,
        detectable=None if reason else detectable(evidence.std_error, evidence.df, level=level),
        treated=None,
        reference=None,
        method=base.method.replace("per-run scores", f"per-run {case.summaries.outcome.name}"),
        reason=reason,
        notes=(*base.notes, *case.notes),
    )


def _states(case: Case, effect: Effect) -> str:
    """The change of the number, with what a reader must know beside it."""
    return "; ".join([effect_words(effect), *case.notes])
