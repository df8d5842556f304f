"""`reaches_zero`: is the treated rate too small to matter?"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from mixablate.claims.case import Case, Standing
from mixablate.claims.contrast_evidence import design_refusal
from mixablate.claims.kind import Kind
from mixablate.claims.kinds.of_contrast import contrast_cases, own_switch, scored_outcome, switches_of
from mixablate.claims.outcomes import claimed_outcomes
from mixablate.claims.regions import Region
from mixablate.design import Contrast, Design
from mixablate.errors import ClaimError, Problem, counted
from mixablate.estimate import (
    FEWEST_RUNS,
    Effect,
    Evidence,
    cell_arrays,
    clustered_upper_bound,
    evidence_of,
    interval,
    method_words,
    tail,
    treated_counts,
    treated_rate_effect,
)
from mixablate.study import ReachesZero, Scale
from mixablate.tables import OutcomeKind, Tables

__all__ = ["KIND", "treated_only"]


def treated_only(contrast: Contrast) -> Contrast:
    """The treated side alone: coefficients that sum to 1, so that the estimate is its mean rate."""
    return replace(contrast, coefficients=tuple((a, c) for a, c in contrast.coefficients if c > 0), strata=())


def _region(claim: ReachesZero, _: bool) -> Region:
    return Region(-math.inf, claim.bound, False, f"treated rate at most {claim.bound:.2%}")


def _cases(claim: ReachesZero, tables: Tables, design: Design) -> tuple[Case, ...]:
    for outcome in claimed_outcomes(claim, tables):
        if outcome.kind is OutcomeKind.SCORE:
            required, remedy = "counts of events", "A score has no rate that could be zero: choose another kind."
            found = f'kind "reaches_zero" for "{outcome.name}", which holds scores'
            raise ClaimError(Problem("CLAIM_SCALE", f'claim "{claim.id}"', found, required, remedy))
    return contrast_cases(claim, tables, design, _region, own_switch(claim, design))


def _refusal(case: Case, _: Design) -> tuple[str, bool]:
    refused = design_refusal(case)
    if refused:
        return refused, True
    cells = cell_arrays(case.summaries, treated_only(case.contrast))
    runs = int(cells.counts.sum()) if (cells.counts > 0).all() else 0
    few = f"{counted(runs, 'treated run')}; at least {FEWEST_RUNS} are needed for a bound over runs"
    return (few, True) if runs < FEWEST_RUNS else ("", False)


def _standing(case: Case, design: Design) -> Standing:
    """Supported by the clustered one-sided bound at 1 - alpha, contradicted by the rate's own interval.

    The bound is one-sided at alpha where every other p here is one-sided at alpha/2; its p is halved so that one
    threshold and one family serve all (design.md section 6.9).
    """
    events, trials = treated_counts(case.summaries, case.contrast)
    bound = case.region.upper

    def gap(level: float) -> float:
        return clustered_upper_bound(events, trials, level) - bound

    lowest, highest = 0.51, 1.0 - 1e-9  # the clustered bound is defined above one half
    if gap(highest) <= 0.0:
        p_bound = 1.0 - highest
    elif gap(lowest) >= 0.0:
        p_bound = 1.0
    else:
        p_bound = 1.0 - float(brentq(gap, lowest, highest, xtol=1e-12))
    rate = float(np.sum(events) / np.sum(trials))
    alone = _rate_over_runs(case, design)
    above = 1.0 if alone.reason or rate <= bound else tail(alone, bound, below=False)
    return Standing(rate, p_bound / 2.0, above)


def _rate_over_runs(case: Case, design: Design) -> Evidence:
    these = replace(design, scenarios="fixed")  # a rate is bounded on these scenarios, and its scope says so
    return evidence_of(case.summaries, treated_only(case.contrast), Scale.RISK_DIFFERENCE, these)


def _effect(case: Case, design: Design, level: float) -> Effect:
    """The rate with its one-sided bound; beyond the claimed bound with its own interval, whose lower end decides."""
    bounded = treated_rate_effect(case.summaries, case.contrast, level=level)
    if bounded.treated is None or bounded.treated <= case.region.upper:
        return bounded
    alone = _rate_over_runs(case, design)
    if alone.reason:
        return bounded
    lower, upper = interval(alone, level)
    return replace(
        bounded,
        lower=max(lower, 0.0),
        upper=min(upper, 1.0),
        method=method_words(alone),
        notes=("a rate, not a difference",),
    )


def _states(_: Case, effect: Effect) -> str:
    rate = "unknown" if effect.treated is None else f"{effect.treated:.2%}"
    if effect.upper is None:
        limits = ""
    elif effect.lower is None:
        limits = f", one-sided {effect.level:.0%} bound {effect.upper:.2%}"
    else:
        limits = f", {effect.level:.0%} interval {effect.lower:.2%} to {effect.upper:.2%}"
    return f"treated rate {rate} over {effect.n_treated} runs{limits}"


KIND: Kind[ReachesZero] = Kind(
    region=_region,
    cases=_cases,
    refusal=_refusal,
    standing=_standing,
    effect=_effect,
    opinion=lambda *_: None,  # exchanging runs between arms says nothing about one arm's rate
    beside=lambda _: None,
    posed=lambda *_: None,
    scored=scored_outcome,
    states=_states,
    settles=lambda *_: "more training runs of the treated arm",
    fewest=lambda _, effect: effect.n_treated,
    contrast=lambda claim, _, design: own_switch(claim, design),
    switches=lambda claim, design: switches_of(claim, design, claim.components),
    bound_decides=True,
)
