"""From evidence to an `Effect`: the interval where the runs support one, the reason and the description where not."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mixablate.design import Contrast, Design, strata_in_words
from mixablate.estimate.counts.clustered_bound import clustered_upper_bound
from mixablate.estimate.runs.cells import cell_arrays, runs_on_sides, side_level
from mixablate.estimate.runs.detectable import detectable
from mixablate.estimate.runs.effect import Effect, number_or_none
from mixablate.estimate.runs.evidence import PAIRED, Evidence, interval, possible_interval, two_sided_p
from mixablate.estimate.runs.rate_limits import RateSpread
from mixablate.estimate.runs.region import design_limit, outcome_limit
from mixablate.estimate.runs.run_level import complete_pairs, evidence_of, existence, existence_scale
from mixablate.estimate.runs.single_runs import within_runs
from mixablate.estimate.runs.summaries import RunSummaries
from mixablate.study import Scale
from mixablate.tables import OutcomeKind

__all__ = ["method_words", "notes_without_limits", "run_level_effect", "treated_counts", "treated_rate_effect"]

Floats = NDArray[np.float64]

CUT = "interval cut where rates between 0 and 1 cannot be further apart"
SUMMARY = {
    Scale.LOG_ODDS: "per-run log((k+1/2)/(n-k+1/2))",
    Scale.RISK_DIFFERENCE: "per-run rates",
    Scale.RISK_RATIO: "per-run rates",
    Scale.VALUE: "per-run scores",
}


def run_level_effect(
    summaries: RunSummaries, contrast: Contrast, scale: Scale, design: Design, *, level: float
) -> Effect:
    """The effect of a contrast on one scale, over training runs.

    The p-value is the existence test's (per-run log-odds, or scores), whatever the scale. Outside the supported region
    the interval and the p-value are None, `reason` says why, and the within-run interval and the tipping run SD of
    these very models are given instead. Unless the study declares its scenarios random, the interval is about runs
    like these on these scenarios; `scope` says which.
    """
    whole, summaries = summaries, complete_pairs(summaries, design, [arm_id for arm_id, _ in contrast.coefficients])
    evidence = evidence_of(summaries, contrast, scale, design)
    reason = design_limit(evidence, whole, contrast) or outcome_limit(evidence, summaries, contrast)
    cells = cell_arrays(summaries, contrast)
    n_treated, n_reference = runs_on_sides(cells)
    tested = evidence if scale is existence_scale(summaries) else existence(summaries, contrast, design)
    lower, upper = possible_interval(evidence, contrast, level) if not reason else (math.nan, math.nan)
    cut = (CUT,) if not reason and (lower, upper) != interval(evidence, level) else ()
    within = within_runs(summaries, contrast, level) if reason else None
    bounded = within if scale is Scale.RISK_DIFFERENCE else None
    return Effect(
        outcome=summaries.outcome.name,
        contrast=contrast.name,
        scale=scale,
        estimate=number_or_none(evidence.estimate),
        std_error=None if reason else number_or_none(evidence.std_error),
        df=None if reason else number_or_none(evidence.df),
        lower=number_or_none(lower),
        upper=number_or_none(upper),
        level=level,
        p_value=None if reason or tested.reason else two_sided_p(tested),
        p_adjusted=None,
        detectable=None if reason else _detectable(evidence, level),
        reference=side_level(summaries, contrast, -1.0),
        treated=side_level(summaries, contrast, 1.0),
        n_treated=n_treated,
        n_reference=n_reference,
        method=method_words(evidence, reason),
        scope=_scope(evidence, reason),
        within_lower=bounded.lower if bounded else None,
        within_upper=bounded.upper if bounded else None,
        tipping_sd=within.tipping_sd if within else None,
        reason=reason,
        notes=(*_notes(summaries, contrast, scale, reason, level), *cut),
    )


def treated_rate_effect(summaries: RunSummaries, contrast: Contrast, *, level: float) -> Effect:
    """The treated side's pooled rate with its one-sided upper bound at `level`, inflated for clustering over runs.

    `estimate` and `treated` are the rate, `upper` the bound; there is no reference side, lower limit or p-value.
    """
    events, trials = treated_counts(summaries, contrast)
    runs = events.size
    rate = float(events.sum() / trials.sum()) if runs else None
    return Effect(
        outcome=summaries.outcome.name,
        contrast=contrast.name,
        scale=Scale.RISK_DIFFERENCE,
        estimate=rate,
        std_error=None,
        df=float(runs - 1) if runs > 1 else None,
        lower=None,
        upper=clustered_upper_bound(events, trials, level) if runs > 1 else None,
        level=level,
        p_value=None,
        p_adjusted=None,
        detectable=None,
        reference=None,
        treated=rate,
        n_treated=runs,
        n_reference=0,
        method="one-sided exact upper bound of the treated rate at the effective sample size over runs (Korn-Graubard)",
        scope="runs like these, on these scenarios",
        notes=("a rate, not a difference; the bound is one-sided",),
    )


def treated_counts(summaries: RunSummaries, contrast: Contrast) -> tuple[Floats, Floats]:
    """Events and scored trials of each run of the treated side, summed over evals; shapes (R,)."""
    cells = cell_arrays(summaries, contrast)
    rows = cells.rows[cells.coefficients[cells.cell] > 0] if cells.rows.size else cells.rows
    return summaries.events[rows].sum(axis=1), summaries.trials[rows].sum(axis=1)


def notes_without_limits(effect: Effect) -> tuple[str, ...]:
    """The notes of an effect that do not speak of its limits, for a row that shows others in their place."""
    return tuple(note for note in effect.notes if note != CUT)


def method_words(evidence: Evidence, reason: str = "") -> str:
    """The exact formula behind an interval."""
    if reason:
        return "described, not inferred: " + SUMMARY[evidence.scale]
    layout = {
        "cells": "cell means of {values}, SE^2 = sum c^2 s^2/n, Satterthwaite df",
        "pairs": "differences of {values} within pairs, t with pairs - 1 df",
        "block_pairs": "differences of {values} within pairs, SE^2 = sum over blocks of s^2/n, Satterthwaite df",
        "regression": "main-effects least squares on {values}, HC2 standard error, Bell-McCaffrey df",
        "scenarios": "{values} by eval, least squares with eval effects, clustered by run and by eval (CR2; the "
        "largest of V_run, V_eval and V_run + V_eval - V_cell), t with at most min(runs, evals) - 1 df",
    }[evidence.layout].format(values=SUMMARY[evidence.scale])
    if evidence.rates is not None:
        layout += "; " + _rate_words(evidence.rates, evidence.scale)
    elif evidence.scale is Scale.RISK_RATIO:
        layout += "; log ratio by the delta method"
    if evidence.layout in PAIRED and evidence.scale in (Scale.RISK_DIFFERENCE, Scale.RISK_RATIO):
        layout += "; the wider of the rates' and the log-odds' spread over pairs"
    return layout


def _scope(evidence: Evidence, reason: str) -> str:
    if reason:
        return "these models only, on these scenarios"
    return f"runs like these, on {'scenarios like these' if evidence.layout == 'scenarios' else 'these scenarios'}"


def _rate_words(rates: RateSpread, scale: Scale) -> str:
    limits = {
        Scale.RISK_DIFFERENCE: "MOVER limits from logit intervals of each arm's mean rate",
        Scale.RISK_RATIO: "limits symmetric on the log ratio (delta method)",
    }[scale]
    spread = ", s^2 the wider of the rates' and the log-odds'"
    own = [f"{share:.0%}" for share in sorted(set(rates.own_share.tolist())) if share > 0.0]
    return limits + spread + (f"; t quantiles {' and '.join(own)} of the way to n - 1 df (Cochran)" if own else "")


def _detectable(evidence: Evidence, level: float) -> float | None:
    if not evidence.std_error > 0.0:
        return None
    found = detectable(evidence.std_error, evidence.df, level=level)
    return math.exp(-found) if evidence.scale is Scale.RISK_RATIO else found


def _notes(summaries: RunSummaries, contrast: Contrast, scale: Scale, reason: str, level: float) -> tuple[str, ...]:
    notes = []
    if contrast.strata_left_out:
        notes.append(f"strata left out, one side not run: {strata_in_words(contrast.strata_left_out)}")
    if reason and scale is Scale.RISK_RATIO and summaries.outcome.kind is OutcomeKind.EVENTS:
        events, trials = treated_counts(summaries, contrast)
        if events.size:
            bound = clustered_upper_bound(events, trials, level)
            notes.append(f"treated rate at most {bound:.4f} (one-sided {level:.0%} bound, clustered over runs)")
    return tuple(notes)
