"""`matches_rate`: is our rate the published one, give or take a margin?

Both uncertainties enter the interval of the difference. Ours is over training runs. The published one is what was
stated (`claims.published_rate`): rollouts behind the rate, an interval, and of a record its runs' spread or
its rounding. What no published rate of one model carries is how much further runs of that mix would have differed.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from mixablate.claims.case import Case, Standing
from mixablate.claims.kind import Kind
from mixablate.claims.kinds.of_contrast import factor_for_power, own_switch, scored_outcome
from mixablate.claims.numbers_in_words import amount, change, span
from mixablate.claims.outcomes import check_scale, claimed_outcomes
from mixablate.claims.published_rate import PublishedRate, published_rate
from mixablate.claims.regions import Region, check_region
from mixablate.design import Contrast, Design
from mixablate.errors import counted
from mixablate.estimate import (
    FEWEST_RUNS,
    Effect,
    Evidence,
    cell_arrays,
    evidence_of,
    limits,
    method_words,
    number_or_none,
    summarise,
)
from mixablate.study import MatchesRate, Scale
from mixablate.tables import Tables

__all__ = ["KIND"]

FEWEST_EVENTS = 2.0  # a run, and non-events, as for every interval over runs (estimate.runs.region)
FARTHEST = 21.0  # normal quantile beyond which no verdict changes, as in estimate.runs.evidence
FLAT = 1e-9
NEEDED = f"at least {FEWEST_RUNS} training runs on our side"


def _region(claim: MatchesRate, _: bool) -> Region:
    check_region(claim, margin=claim.margin)
    words = f"within {amount(claim.margin, claim.scale)} of {published_rate(claim).rate:.2%}"
    return Region(-claim.margin, claim.margin, False, words)


def _cases(claim: MatchesRate, tables: Tables, design: Design) -> tuple[Case, ...]:
    cases = []
    for outcome in claimed_outcomes(claim, tables):
        summaries = summarise(tables, design, outcome)
        check_scale(claim, summaries)
        region = _region(claim, outcome.lower_is_better)
        case = Case(claim, summaries, _one_side(claim, design), region, claim.scale, margin=claim.margin)
        cases.append(replace(case, notes=published_rate(claim).notes, needed=NEEDED))
    return tuple(cases)


def _one_side(claim: MatchesRate, design: Design) -> Contrast:
    """The arms that stand at the side's levels, weighted equally; coefficients sum to 1."""
    both = own_switch(claim, design)
    treated = claim.side == "treated"
    by_id = {component.id: component for component in design.components}
    given = claim.treated if treated else claim.reference
    levels = {c: given.get(c, by_id[c].target if treated else by_id[c].baseline) for c in claim.components}
    others = [c for c in design.components if c.id not in levels]
    arms = [
        arm.arm_id
        for arm in design.arms
        if arm.known
        and all(arm.level(c) == level for c, level in levels.items())
        and (
            claim.at == "average"
            or all(arm.level(c.id) == (c.baseline if claim.at == "baseline" else c.target) for c in others)
        )
    ]
    words = both.treated if treated else both.reference
    return replace(
        both,
        coefficients=tuple((arm_id, 1.0 / len(arms)) for arm_id in arms),
        strata=(),
        strata_used=(),
        strata_left_out=(),
        reason="" if arms else f"no run stands at {words}",
        needed="" if arms else f"at least {FEWEST_RUNS} training runs at {words}",
    )


def _theirs(case: Case) -> PublishedRate:
    assert isinstance(case.claim, MatchesRate)
    return published_rate(case.claim)


def _ours(case: Case, design: Design) -> Evidence:
    """Our rate over runs; pairs count where arms are averaged, for one arm has none."""
    pair = design.pair if len(case.contrast.coefficients) > 1 else ""
    plain = replace(design, scenarios="fixed", pair=pair)
    return evidence_of(case.summaries, case.contrast, Scale.RISK_DIFFERENCE, plain)


def _refusal(case: Case, design: Design) -> tuple[str, bool]:
    if reason := case.contrast.reason or _theirs(case).reason:
        return reason, True
    cells = cell_arrays(case.summaries, case.contrast)
    runs = int(cells.counts.sum())
    if runs < FEWEST_RUNS or (cells.counts < 2).any():
        return f"{counted(runs, 'run')} on our side; at least {FEWEST_RUNS}, and 2 in each arm, are needed", True
    evidence = _ours(case, design)
    if evidence.reason:
        return evidence.reason, True
    events, trials = case.summaries.events[cells.rows].sum(axis=1), case.summaries.trials[cells.rows].sum(axis=1)
    for word, counts in (("events", events), ("non-events", trials - events)):
        if counts.mean() < FEWEST_EVENTS:
            less = "; a rate this near zero is a claim of the kind reaches_zero" if word == "events" else ""
            return f"{counts.mean():.2f} {word} a run; at least {FEWEST_EVENTS:g} are needed{less}", False
    if evidence.std_error <= FLAT:
        return "the runs agree to the last digit: nothing shows how much runs differ", False
    return "", False


def _limits(theirs: PublishedRate, ours: Evidence, tail: float) -> tuple[float, float]:
    """Limits of our rate less the published one: distances combined by their squares (MOVER, Zou & Donner 2008)."""
    low, high = limits(ours, tail)
    down, up = theirs.reach(tail)
    gap = ours.estimate - theirs.rate
    return gap - math.hypot(ours.estimate - low, up), gap + math.hypot(high - ours.estimate, down)


def _tail(theirs: PublishedRate, ours: Evidence, boundary: float, *, below: bool) -> float:
    """One-sided p of "the difference is not below (above) the boundary": the tail at which a limit touches it."""
    gap = ours.estimate - theirs.rate
    clear = gap < boundary if below else gap > boundary
    upper = below == clear

    def past(z: float) -> float:
        return (_limits(theirs, ours, float(ndtr(-z)))[upper] - boundary) * (1.0 if upper else -1.0)

    if past(0.0) >= 0.0:
        p = 0.5
    elif past(FARTHEST) < 0.0:
        p = 0.0
    else:
        p = float(ndtr(-brentq(past, 0.0, FARTHEST, xtol=1e-12)))
    return p if clear else 1.0 - p


def _standing(case: Case, design: Design) -> Standing:
    theirs, ours = _theirs(case), _ours(case, design)
    if ours.reason:
        return Standing(ours.estimate - theirs.rate, math.nan, math.nan)
    ends = case.region.boundaries
    return Standing(
        ours.estimate - theirs.rate,
        max(_tail(theirs, ours, value, below=below) for value, below in ends),
        min(_tail(theirs, ours, value, below=not below) for value, below in ends),
    )


def _effect(case: Case, design: Design, level: float) -> Effect:
    """`treated` is our rate and `reference` the published one."""
    theirs, ours = _theirs(case), _ours(case, design)
    reason, _ = _refusal(case, design)
    low, high = _limits(theirs, ours, (1.0 - level) / 2.0) if not reason else (math.nan, math.nan)
    down, up = theirs.reach(float(ndtr(-1.0)))
    cells = cell_arrays(case.summaries, case.contrast)
    rate = number_or_none(ours.treated)
    return Effect(
        outcome=case.summaries.outcome.name,
        contrast=case.contrast.name,
        scale=case.scale,
        estimate=None if rate is None else rate - theirs.rate,
        std_error=None if reason else math.hypot(ours.std_error, (down + up) / 2.0),
        df=None if reason else ours.df,
        lower=None if reason else low,
        upper=None if reason else high,
        level=level,
        p_value=None,
        p_adjusted=None,
        detectable=None,
        reference=theirs.rate,
        treated=rate,
        n_treated=int(cells.counts.sum()),
        n_reference=0,
        method=f"{method_words(ours, reason)}; less a published rate ({theirs.source}), distances combined by squares",
        scope=f"runs like these, on these scenarios; {theirs.scope}",
        reason=reason,
        notes=case.notes,
    )


def _states(case: Case, effect: Effect) -> str:
    theirs = _theirs(case)
    ours = "unknown" if effect.treated is None else f"{effect.treated:.1%}"
    words = f"{ours} over {effect.n_treated} runs against the published {theirs.rate:.1%} ({theirs.source})"
    if effect.estimate is not None and effect.lower is not None and effect.upper is not None:
        stated = change(effect.estimate, effect.scale)
        words += f": {stated} ({effect.level:.0%} interval {span(effect.lower, effect.upper, effect.scale)})"
    return words


def _settles(case: Case, effect: Effect, alpha: float) -> str:
    if effect.estimate is None or effect.std_error is None or effect.df is None:
        return "more training runs on our side"
    theirs = sum(_theirs(case).reach(float(ndtr(-1.0)))) / 2.0
    ours = math.sqrt(max(effect.std_error**2 - theirs**2, 0.0))
    distance = min(abs(effect.estimate - end) for end, _ in case.region.boundaries)
    factor = factor_for_power(
        distance, lambda k: math.hypot(ours / math.sqrt(k), theirs), effect.df, effect.n_treated, alpha
    )
    if factor is None:
        return "no number of our runs at the spread seen: the published rate's own n, or a wider margin, would"
    needed = max(effect.n_treated + 1, int(np.ceil(effect.n_treated * factor)))
    return f"about {needed} runs on our side in place of {effect.n_treated} (80 % power, at the spread and rate seen)"


KIND: Kind[MatchesRate] = Kind(
    region=_region,
    cases=_cases,
    refusal=_refusal,
    standing=_standing,
    effect=_effect,
    opinion=lambda *_: None,  # no runs of the published side exist that could be exchanged with ours
    beside=lambda _: None,
    posed=lambda *_: None,
    scored=scored_outcome,
    states=_states,
    settles=_settles,
    fewest=lambda _, effect: effect.n_treated,
    contrast=lambda claim, _, design: _one_side(claim, design),
)
