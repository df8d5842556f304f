"""Every admissible specification of a claim, and whether it gives the verdict.

Source: Simonsohn, Simmons & Nelson (2020), Nature Human Behaviour 4, 1208; Steegen et al. (2016), Perspectives on
Psychological Science 11, 702. The specifications share their runs, so that their share is a description: no test of the
whole curve is made of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mixablate.claims.admissible import Asking, asking, estimators_of, inclusions_of, scales_of_claim
from mixablate.claims.asked import Asked
from mixablate.claims.case import Case, Standing, keep_case
from mixablate.claims.contrast_evidence import standing_in
from mixablate.claims.deciding import decide
from mixablate.claims.kinds import kind_of
from mixablate.claims.other_tables import OtherTables
from mixablate.claims.reduced_cases import cases_with_judge, without_evals
from mixablate.claims.specification import Estimator, Inclusion, Specification
from mixablate.claims.verdict import Status
from mixablate.design import Design
from mixablate.estimate import (
    Evidence,
    OutcomeModel,
    cell_arrays,
    fit_outcome,
    interval,
    outside_region,
    regression_effects,
    regression_evidence,
    run_regression,
    values_on,
)
from mixablate.study import Scale
from mixablate.tables import Tables

__all__ = ["Fits", "specification_curve"]

Fits = dict[tuple[str, Inclusion, tuple[tuple[str, float], ...]], OutcomeModel | str]
"""The logits fitted already, by judge, inclusion rule and weighted evals: filled as they are asked for."""


@dataclass(frozen=True, slots=True)
class _Found:
    """One case by one specification."""

    case: Case
    estimate: float | None
    lower: float | None
    upper: float | None
    standing: Standing
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Curve:
    """What all specifications of one claim share."""

    asked: Asked
    status: Status
    factor: float
    level: float
    design: Design
    fits: Fits


def specification_curve(
    asked: Asked,
    status: Status,
    factor: float,
    level: float,
    tables: Tables,
    design: Design,
    others: OtherTables,
    fits: Fits,
) -> tuple[Specification, ...]:
    """The specifications of a testable claim, as declared first; the inadmissible ones say why.

    Args:
        asked: the claim, put to the tables.
        status: of its verdict.
        factor: by how much its family raised its p; every specification's p is raised by as much.
        level: of two-sided intervals.
        tables: of the study.
        design: of the study.
        others: other judges' and steps' tables.
        fits: logits fitted already; those asked for here are added.
    """
    curve = _Curve(asked, status, factor, level, design, fits)
    scales, estimators = scales_of_claim(asked.cases), estimators_of(asked.cases, design)
    found = []
    for judge, inclusion, cases in _included(asked, tables, design, others):
        for scale in scales:
            for estimator in estimators:
                if estimator is Estimator.RUNS or scale is not Scale.RISK_RATIO:
                    found.append(_specification(curve, scale, estimator, inclusion, judge, cases))
    return tuple(found)


def _included(
    asked: Asked, tables: Tables, design: Design, others: OtherTables
) -> Iterator[tuple[str, Inclusion, tuple[Case, ...]]]:
    """The cases by judge and inclusion rule; the last step is asked of the judge that headlines."""
    claim = asked.claim
    by_judge = {"": asked.cases}
    by_judge |= {name: cases_with_judge(claim, asked.cases, t, design) for name, t in others.alone.items()}
    for judge, cases in by_judge.items():
        for inclusion in inclusions_of(cases, others.complete, tables) if cases else ():
            yield judge, inclusion, tuple(_counted(case, inclusion, tables, design, others) for case in cases)
    if others.last_step is not None:
        yield "", Inclusion.LAST_STEP, cases_with_judge(claim, asked.cases, others.last_step, design)


def _counted(case: Case, inclusion: Inclusion, tables: Tables, design: Design, others: OtherTables) -> Case:
    if inclusion in (Inclusion.MISSING_EVENTS, Inclusion.MISSING_OTHERS):
        share = 1.0 if inclusion is Inclusion.MISSING_EVENTS else 0.0
        scored: Case = kind_of(case.claim).scored(case, dict.fromkeys(case.summaries.arm_ids, share))
        return scored
    if inclusion is Inclusion.COMPLETE_RUNS:
        return keep_case(case, [run_id in others.complete for run_id in case.summaries.run_ids])
    if inclusion is Inclusion.UNCONTAMINATED:
        flagged = frozenset(tables.evals.loc[tables.evals["contaminated"], "eval_id"].astype(str))
        return without_evals(case, flagged, tables, design) or case
    return case


def _specification(
    curve: _Curve, scale: Scale, estimator: Estimator, inclusion: Inclusion, judge: str, cases: Sequence[Case]
) -> Specification:
    asks = [asking(case, scale) for case in cases]
    found = [_judged(curve, ask, estimator, inclusion, judge) for ask in asks]
    reason = next((one.reason for one in found if one.reason), "" if found else "no run has this outcome")
    weakest = max(found, key=lambda one: one.standing.p_support, default=None)
    support = max((one.standing.p_support for one in found), default=math.nan)
    against = min((one.standing.p_contradict for one in found), default=math.nan) * len(found)
    equivalent = [one.standing.p_equivalent for one in found]
    within = max(p for p in equivalent if p is not None) if found and None not in equivalent else None
    against, alpha = min(1.0, against), 1.0 - curve.level
    status = decide(support * curve.factor, against * curve.factor, within, alpha, agrees=True)
    declared = judge == "" and inclusion is Inclusion.DECLARED and estimator is Estimator.RUNS
    first = scales_of_claim(curve.asked.cases)[0]
    region = weakest.case.region if weakest else curve.asked.cases[0].region
    return Specification(
        claim=curve.asked.claim.id,
        scale=weakest.case.unit if weakest else scale,
        estimator=estimator,
        inclusion=inclusion,
        judge=judge,
        outcome=(weakest.case if weakest else curve.asked.cases[0]).summaries.outcome.name,
        estimate=weakest.estimate if weakest else None,
        lower=weakest.lower if weakest and not reason else None,
        upper=weakest.upper if weakest and not reason else None,
        level=curve.level,
        region_lower=region.lower if math.isfinite(region.lower) else None,
        region_upper=region.upper if math.isfinite(region.upper) else None,
        p_support=None if reason else support,
        p_contradict=None if reason else against,
        p_needed=alpha / 2.0 / curve.factor,
        status="" if reason else str(status),
        agrees=None if reason else status is curve.status,
        declared=declared and scale is first,
        reason=reason,
    )


def _judged(curve: _Curve, ask: Asking, estimator: Estimator, inclusion: Inclusion, judge: str) -> _Found:
    nothing = Standing(math.nan, math.nan, math.nan)
    if ask.reason:
        return _Found(ask.case, None, None, None, nothing, ask.reason)
    if estimator is Estimator.RUNS:
        return _over_runs(curve, ask)
    if estimator is Estimator.LEAST_SQUARES:
        return _least_squares(curve, ask)
    return _logit(curve, ask, inclusion, judge)


def _over_runs(curve: _Curve, ask: Asking) -> _Found:
    kind, case = kind_of(ask.case.claim), ask.case
    reason, _ = kind.refusal(ask.gate, curve.design)
    effect = kind.effect(case, curve.design, curve.level)
    if reason:
        return _Found(case, effect.estimate, None, None, Standing(math.nan, math.nan, math.nan), reason)
    standing = kind.standing(case, curve.design)
    if ask.within is not None:
        within = kind.standing(replace(case, region=ask.within), curve.design).p_support
        standing = replace(standing, p_equivalent=within)
    return _Found(case, effect.estimate, effect.lower, effect.upper, standing)


def _least_squares(curve: _Curve, ask: Asking) -> _Found:
    """The main-effects regression over the runs' values: the primary itself where some arm has one run only."""
    case, nothing = ask.case, Standing(math.nan, math.nan, math.nan)
    cells = cell_arrays(case.summaries, case.contrast)
    if not cells.counts.size or (cells.counts == 0).any():
        return _Found(case, None, None, None, nothing, "an arm is left without a run")
    if (cells.counts < 2).any():
        return _Found(case, None, None, None, nothing, "the same as over runs: some arm has one run only")
    found = run_regression(case.summaries, case.contrast, curve.design)
    if isinstance(found, str):
        return _Found(case, None, None, None, nothing, found)
    run_ids = [case.summaries.run_ids[r] for r in found.runs]
    values = values_on(case.summaries, case.scale)[found.runs]
    evidence = regression_evidence(case.scale, found, values, run_ids, (math.nan, math.nan))
    reason = outside_region(evidence, case.summaries, case.contrast)
    if reason:
        return _Found(case, evidence.estimate, None, None, nothing, reason)
    low, high = interval(evidence, curve.level)
    return _Found(case, evidence.estimate, low, high, _standing(ask, evidence))


def _standing(ask: Asking, evidence: Evidence) -> Standing:
    found = standing_in(ask.case, evidence, evidence)
    if ask.within is None:
        return found
    return replace(found, p_equivalent=standing_in(replace(ask.case, region=ask.within), evidence, evidence).p_support)


def _logit(curve: _Curve, ask: Asking, inclusion: Inclusion, judge: str) -> _Found:
    """The binomial logit with main effects, CR2 over runs; Firth's where the outcomes are separated."""
    case, nothing = ask.case, Standing(math.nan, math.nan, math.nan)
    key = (judge, inclusion, case.summaries.outcome.evals)
    if key not in curve.fits:
        curve.fits[key] = fit_outcome(case.summaries, curve.design)
    model = curve.fits[key]
    cells = cell_arrays(case.summaries, case.contrast)
    if not cells.counts.size or (cells.counts == 0).any():
        return _Found(case, None, None, None, nothing, "an arm is left without a run")
    effects = regression_effects(case.summaries, [case.contrast], curve.design, level=curve.level, model=model)
    effect = next(e for e in effects if e.scale is case.scale)
    if effect.reason or effect.estimate is None or effect.std_error is None or effect.df is None:
        return _Found(case, effect.estimate, None, None, nothing, effect.reason or "no standard error")
    numbers = (effect.estimate, effect.std_error, effect.df)
    evidence = Evidence(case.scale, *numbers, "regression", math.nan, math.nan)
    return _Found(case, effect.estimate, effect.lower, effect.upper, _standing(ask, evidence))
