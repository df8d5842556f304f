"""`dose_response`: does the outcome improve the more of a component there is?

The trend is the least squares slope of the runs' values on the dose within strata of everything else, with HC2 standard
errors and Bell-McCaffrey degrees of freedom: a run at each of many doses carries it, without a replicate. It is told as
the fitted change from the component's baseline to its target. A trend is not a shape: where neighbouring doses reverse
it, the words say so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mixablate.claims.case import Case, Standing
from mixablate.claims.contrast_evidence import design_refusal, standing_in
from mixablate.claims.contrast_opinions import opinion_of
from mixablate.claims.kind import Kind, Question
from mixablate.claims.kinds.doses import DOSED, check_dosed, claimed_component, dose_of
from mixablate.claims.kinds.of_contrast import contrast_cases, contrast_kind, own_switch, switches_of
from mixablate.claims.numbers_in_words import amount, effect_words
from mixablate.claims.regions import Region, check_region, drop_words, improvement
from mixablate.claims.verdict import SecondOpinion
from mixablate.design import Arm, Contrast, Design, Switch
from mixablate.estimate import (
    Effect,
    Evidence,
    cell_arrays,
    detectable,
    existence_scale,
    interval,
    number_or_none,
    outcome_limit,
    run_level_effect,
    runs_on_sides,
    thin_regression,
    two_sided_p,
    values_on,
)
from mixablate.estimate.models.cluster_robust import cluster_robust, contrast_inference, least_squares
from mixablate.resample import restricted_wild_test, stage_rng, wild_regression
from mixablate.study import Component, DoseResponse, Scale
from mixablate.tables import Tables

__all__ = ["KIND"]

Floats = NDArray[np.float64]
NEEDED = "runs at more doses, none of them far from the others, all else equal"


@dataclass(frozen=True, slots=True)
class Trend:
    """The rows of a trend: runs (n,) as places in the summaries, design rows (n, p), the vector of the change (p,)."""

    runs: tuple[int, ...]
    rows: Floats
    vector: Floats


def _region(claim: DoseResponse, lower_is_better: bool) -> Region:
    check_region(claim, minimum=claim.minimum, margin=claim.margin)
    words = drop_words(claim.minimum, claim.scale, lower_is_better=lower_is_better) + " over the doses"
    return improvement(claim.minimum, claim.scale, lower_is_better=lower_is_better, words=words)


def _cases(claim: DoseResponse, tables: Tables, design: Design) -> tuple[Case, ...]:
    component = claimed_component(claim, design)
    check_dosed(claim, component, "claim reduces")
    ends = [claim.reference.get(component.id, component.baseline), claim.treated.get(component.id, component.target)]
    low, high = (float(end) for end in ends if end is not None)
    logs = claim.over == "log_dose"
    doses = [d for d in (dose_of(arm, component) for arm in design.arms if arm.known) if d > 0.0 or not logs]
    low = min(doses, default=math.nan) if logs and low <= 0.0 else low
    span = math.log(high / low) if logs and high > 0.0 else high - low
    cases = contrast_cases(claim, tables, design, _region, _contrast(claim, design, component), difference=True)
    notes = (f"from {low:g} to {high:g}" + (" on the log of the dose" if logs else ""),)
    return tuple(replace(case, constants=(span,), notes=notes, needed=NEEDED) for case in cases)


def _dosed(claim: DoseResponse, design: Design) -> Contrast | None:
    """The contrast over doses; None for a component that has none, which `_cases` refuses."""
    component = claimed_component(claim, design)
    return _contrast(claim, design, component) if component.type in DOSED else None


def _switches(claim: DoseResponse, design: Design) -> tuple[Switch, ...]:
    """Baseline to target, where no two doses were run with all else equal; any two others would do as well."""
    contrast = _dosed(claim, design)
    return () if contrast is None or contrast.estimable else switches_of(claim, design, claim.components)


def _contrast(claim: DoseResponse, design: Design, component: Component) -> Contrast:
    """Arms with the centred dose of their stratum as coefficient: higher doses are the treated side."""
    both = own_switch(claim, design)
    logs = claim.over == "log_dose"
    strata: dict[object, list[Arm]] = {}
    for arm in design.arms:
        others = tuple(level for name, level in arm.levels if name != component.id)
        stands = claim.at == "average" or all(
            arm.level(c.id) == (c.baseline if claim.at == "baseline" else c.target)
            for c in design.components
            if c.id != component.id
        )
        if arm.known and stands and (dose_of(arm, component) > 0.0 or not logs):
            strata.setdefault((others, arm.block), []).append(arm)
    coefficients: dict[str, float] = {}
    for arms in strata.values():
        x = np.array([_axis(dose_of(arm, component), logs) for arm in arms])
        if len(set(x.tolist())) < 2:
            continue
        runs = np.array([len(arm.run_ids) for arm in arms], dtype=float)
        centred = runs * (x - float(runs @ x) / runs.sum())
        for arm, value in zip(arms, centred.tolist(), strict=True):
            coefficients[arm.arm_id] = value
    total = sum(c for c in coefficients.values() if c > 0.0)
    reason = "" if total > 0.0 else f"{component.id} was run at one dose only, all else equal"
    needed = "" if total > 0.0 else f"runs at other doses of {component.id}, all else equal"
    ordered = tuple((a.arm_id, coefficients[a.arm_id] / total) for a in design.arms if a.arm_id in coefficients)
    return replace(
        both, coefficients=ordered, strata=(), strata_used=(), strata_left_out=(), reason=reason, needed=needed
    )


def _axis(dose: float, logs: bool) -> float:
    return math.log(dose) if logs else dose


def _trend(case: Case, design: Design) -> Trend:
    """Stratum intercepts and the dose, over the runs of the contrast's arms that have the outcome."""
    claim, summaries = _claim(case), case.summaries
    component = claimed_component(claim, design)
    asked = {arm_id for arm_id, _ in case.contrast.coefficients}
    places = tuple(r for r, arm_id in enumerate(summaries.arm_ids) if arm_id in asked)
    arms = [design.arm(summaries.arm_ids[r]) for r in places]
    keys = [(tuple(level for name, level in arm.levels if name != component.id), arm.block) for arm in arms]
    order = {key: position for position, key in enumerate(dict.fromkeys(keys))}
    rows = np.zeros((len(places), len(order) + 1))
    for row, (arm, key) in enumerate(zip(arms, keys, strict=True)):
        rows[row, order[key]] = 1.0
        rows[row, -1] = _axis(dose_of(arm, component), claim.over == "log_dose")
    vector = np.zeros(len(order) + 1)
    vector[-1] = case.constants[0]
    return Trend(places, rows, vector)


def _claim(case: Case) -> DoseResponse:
    assert isinstance(case.claim, DoseResponse)
    return case.claim


def _evidence(case: Case, design: Design, scale: Scale) -> Evidence:
    trend = _trend(case, design)
    nothing = Evidence(scale, math.nan, math.nan, math.nan, "regression", math.nan, math.nan)
    if len(trend.runs) <= trend.rows.shape[1] or np.linalg.matrix_rank(trend.rows) < trend.rows.shape[1]:
        return replace(nothing, reason="no run to spare to learn run-to-run spread from")
    values = values_on(case.summaries, scale)[list(trend.runs)]
    coefficients, residuals = least_squares(trend.rows, values)
    robust = cluster_robust(trend.rows, residuals, [case.summaries.run_ids[r] for r in trend.runs])
    found = contrast_inference(float(trend.vector @ coefficients), robust, trend.vector)
    return replace(
        nothing,
        estimate=found.estimate,
        std_error=found.std_error,
        df=found.df,
        leverage=found.leverage,
        reason=found.reason,
    )


def _refusal(case: Case, design: Design) -> tuple[str, bool]:
    refused = design_refusal(case)
    if refused:
        return refused, True
    evidence = _evidence(case, design, case.scale)
    by_design = evidence.reason or thin_regression(evidence.df, evidence.leverage)
    if by_design:
        return by_design, True
    return outcome_limit(evidence, case.summaries, case.contrast), False


def _tested_on(case: Case) -> Scale:
    return existence_scale(case.summaries) if case.region.at_no_effect else case.scale


def _standing(case: Case, design: Design) -> Standing:
    evidence = _evidence(case, design, _tested_on(case))
    if evidence.reason:
        return Standing(evidence.estimate, math.nan, math.nan)
    return standing_in(case, evidence, _evidence(case, design, case.scale))


def _opinion(case: Case, design: Design, asked: Question) -> SecondOpinion:
    """The wild bootstrap of the same regression, run by run."""
    trend = _trend(case, design)
    values = values_on(case.summaries, _tested_on(case))[list(trend.runs)]
    fit = wild_regression(trend.rows, values, [case.summaries.run_ids[r] for r in trend.runs], trend.vector)
    tests = []
    for index, (boundary, below) in enumerate(case.region.boundaries if not fit.reason else ()):
        rng = stage_rng(asked.seed, "second opinion", case.claim.id, case.summaries.outcome.name, f"{index}")
        null = 0.0 if case.region.at_no_effect else boundary
        tests.append((below, restricted_wild_test(fit, draws=asked.draws, rng=rng, null=null)))
    return opinion_of(tests, asked)


def _effect(case: Case, design: Design, level: float) -> Effect:
    if case.contrast.reason:
        return run_level_effect(case.summaries, case.contrast, case.scale, design, level=level)
    evidence, reason = _evidence(case, design, case.scale), _refusal(case, design)[0]
    tested = _evidence(case, design, existence_scale(case.summaries))
    shown = not reason
    low, high = interval(evidence, level) if shown else (math.nan, math.nan)
    n_treated, n_reference = runs_on_sides(cell_arrays(case.summaries, case.contrast))
    return Effect(
        outcome=case.summaries.outcome.name,
        contrast=case.contrast.name,
        scale=case.scale,
        estimate=number_or_none(evidence.estimate),
        std_error=evidence.std_error if shown else None,
        df=evidence.df if shown else None,
        lower=low if shown else None,
        upper=high if shown else None,
        level=level,
        p_value=two_sided_p(tested) if shown and not tested.reason else None,
        p_adjusted=None,
        detectable=detectable(evidence.std_error, evidence.df, level=level) if shown else None,
        reference=None,
        treated=None,
        n_treated=n_treated,
        n_reference=n_reference,
        method="least squares of the runs' values on the dose within strata, HC2 standard error, Bell-McCaffrey df; "
        "fitted change from baseline to target",
        scope="runs like these, on these scenarios",
        reason=reason,
        notes=(*case.notes, *_reversal(case, design)),
    )


def _reversal(case: Case, design: Design) -> tuple[str, ...]:
    """The largest step against the trend between neighbouring doses, strata taken off."""
    trend = _trend(case, design)
    strata, dose = trend.rows[:, :-1], trend.rows[:, -1]
    values = values_on(case.summaries, case.scale)[list(trend.runs)]
    doses = np.unique(dose)
    columns = np.hstack([strata, (dose[:, None] == doses[1:]).astype(float)])
    means = np.concatenate([[0.0], np.linalg.lstsq(columns, values, rcond=None)[0][strata.shape[1] :]])
    evidence = _evidence(case, design, case.scale)
    against = np.diff(means) * (-1.0 if evidence.estimate > 0.0 else 1.0)
    if not against.size or not against.max() > 0.0:
        return ()
    worst = int(np.argmax(against))
    logs = _claim(case).over == "log_dose"
    ends = [math.exp(d) if logs else d for d in (float(doses[worst]), float(doses[worst + 1]))]
    step = amount(float(np.diff(means)[worst]), case.scale)
    return (f"between {ends[0]:g} and {ends[1]:g} the runs go the other way, by {step}",)


def _states(_: Case, effect: Effect) -> str:
    return "; ".join([f"fitted change {effect_words(effect)}", *effect.notes])


KIND: Kind[DoseResponse] = replace(
    contrast_kind(_region, difference=True),
    cases=_cases,
    refusal=_refusal,
    standing=_standing,
    effect=_effect,
    opinion=_opinion,
    beside=lambda _: None,  # its main effects are those of all components, and its dose is not within strata
    posed=lambda *_: None,
    states=_states,
    contrast=lambda claim, _, design: _dosed(claim, design),
    switches=_switches,
)
