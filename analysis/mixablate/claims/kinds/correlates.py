"""`correlates`: do two numbers of the runs rise and fall together?

What counts as one observation decides. Runs of one mix share whatever the mix does, so that over mixes the arm is the
unit and its runs are averaged; within mixes runs are units, and arm means are taken off. Outcomes enter as log-odds, a
column as it stands. A correlation over mixes is no effect: nobody assigned the number on the other side.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mixablate.claims.case import Case, Standing
from mixablate.claims.kind import Kind, Question
from mixablate.claims.kinds.of_run_numbers import aligned
from mixablate.claims.outcomes import claimed_outcomes
from mixablate.claims.regions import Region
from mixablate.claims.run_columns import run_column
from mixablate.claims.verdict import SecondOpinion
from mixablate.design import Contrast, Design
from mixablate.estimate import (
    Correlation,
    Effect,
    correlation,
    correlation_limits,
    correlation_tail,
    existence_scale,
    keep_runs,
    number_or_none,
    outcome_of,
    power,
    score_missing,
    summarise,
    values_on,
)
from mixablate.resample import permuted_correlation_test, stage_rng
from mixablate.study import Correlates, Scale
from mixablate.tables import OutcomeKind, Tables

__all__ = ["KIND"]

Floats = NDArray[np.float64]
FEWEST_SPARE = 4  # units beyond the intercept, the other side and what is held constant: as of a regression coefficient
HIGHEST_LEVERAGE = 0.5  # of one unit, likewise
FEWEST_EVENTS = 2.0  # a run, and non-events: below it log-odds shrink towards even odds
MOST_UNITS = 2000
WANTED_POWER = 0.8


def _region(claim: Correlates, _: bool) -> Region:
    size = f" of at least {claim.minimum:g}" if claim.minimum else ""
    words = f"a {claim.direction} correlation{size}"
    if claim.direction == "positive":
        return Region(claim.minimum, math.inf, False, words)
    return Region(-math.inf, -claim.minimum, False, words)


def _cases(claim: Correlates, tables: Tables, design: Design) -> tuple[Case, ...]:
    (outcome,) = claimed_outcomes(claim, tables)
    known = {arm.arm_id for arm in design.arms if arm.known}
    parts = [summarise(tables, design, outcome)]
    if claim.other:
        parts.append(summarise(tables, design, outcome_of(tables, claim.other, name=" + ".join(claim.other))))
    own = aligned(parts)
    run_ids = own[0].run_ids
    names = ([claim.column] if claim.column else []) + list(claim.given)
    columns = np.array([run_column(claim, name, tables, run_ids) for name in names]).reshape(len(names), len(run_ids)).T
    keep = [a in known and bool(np.isfinite(c).all()) for a, c in zip(own[0].arm_ids, columns, strict=True)]
    own = tuple(keep_runs(part, keep) for part in own)
    arms = sorted({str(arm_id) for arm_id in own[0].arm_ids})
    contrast = Contrast(
        claim.id, claim.text, (), tuple((a, 1.0) for a in arms), (), (), (), "", "" if arms else "no run has both"
    )
    names_given = f"given {', '.join(claim.given)}" if claim.given else ""
    return (
        Case(
            claim,
            own[0],
            contrast,
            _region(claim, True),
            Scale.VALUE,
            parts=own,
            columns=columns[np.array(keep, dtype=bool)],
            notes=(names_given,) if names_given else (),
            needed=_needed(claim),
        ),
    )


def _claim(case: Case) -> Correlates:
    assert isinstance(case.claim, Correlates)
    return case.claim


def _needed(claim: Correlates) -> str:
    least = FEWEST_SPARE + 2 + len(claim.given)
    if claim.across == "arms":
        return f"at least {least} arms (mixes) that differ on both sides, none of them far from the others"
    return f"at least {least} runs beyond one in each arm, that differ on both sides"


def _sides(case: Case) -> tuple[Floats, Floats, Floats, NDArray[np.intp]]:
    """First and second side, what is held constant, and the strata, one row a unit."""
    claim = _claim(case)
    values = [values_on(part, existence_scale(part)) for part in case.parts]
    first = values[0]
    second = values[1] if claim.other else case.columns[:, 0]
    given = case.columns[:, 0 if claim.other else 1 :]
    _, codes = np.unique(np.array(case.summaries.arm_ids, dtype=str), return_inverse=True)
    codes = codes.ravel()
    if claim.across == "runs_within_arms":
        counts = np.bincount(codes)
        several = counts[codes] > 1
        _, codes = np.unique(codes[several], return_inverse=True)
        return first[several], second[several], given[several], codes.ravel()
    arms = (codes[:, None] == np.arange(int(codes.max(initial=-1)) + 1)).astype(float)
    means = arms.T / np.maximum(arms.sum(axis=0), 1.0)[:, None]
    return means @ first, means @ second, means @ given, np.zeros(arms.shape[1], dtype=np.intp)


def _found(case: Case) -> Correlation:
    first, second, given, strata = _sides(case)
    if first.size < 2:
        nothing = np.zeros(0)
        return Correlation(
            math.nan, math.nan, math.nan, first.size, 0, math.nan, nothing, nothing, "fewer than two units"
        )
    return correlation(first, second, given, strata, _claim(case).method)


def _refusal(case: Case, _: Design) -> tuple[str, bool]:
    found = _found(case)
    unit = "arms" if _claim(case).across == "arms" else "runs in arms of several"
    spare = found.n - found.held - 2
    if found.n < 2 or spare < FEWEST_SPARE:
        return f"{found.n} {unit}, {max(spare, 0)} beyond what is fitted; at least {FEWEST_SPARE} are needed", True
    if found.reason:
        return found.reason, True
    if not found.leverage <= HIGHEST_LEVERAGE:
        return f"one of the {unit} carries the correlation ({found.leverage:.0%} of a side's spread)", True
    return _few_events(case), False


def _few_events(case: Case) -> str:
    for part in case.parts:
        if part.outcome.kind is not OutcomeKind.EVENTS:
            continue
        for word, counts in (("events", part.events), ("non-events", part.trials - part.events)):
            mean = float(counts.sum(axis=1).mean())
            if mean < FEWEST_EVENTS:
                return f"{mean:.2f} {word} a run in {part.outcome.name}; at least {FEWEST_EVENTS:g} are needed"
    return ""


def _standing(case: Case, _: Design) -> Standing:
    found = _found(case)
    if found.reason:
        return Standing(found.estimate, math.nan, math.nan)
    ((boundary, below),) = case.region.boundaries
    return Standing(
        found.estimate,
        correlation_tail(found, boundary, below=below),
        correlation_tail(found, boundary, below=not below),
    )


def _opinion(case: Case, _: Design, asked: Question) -> SecondOpinion | None:
    """One side shuffled: it speaks about the sign, and abstains where a claim of a size is contradicted.

    No shuffle leaves a correlation other than 0, so that for a minimum above 0 it says less than the primary.
    """
    found, claim = _found(case), _claim(case)
    ((boundary, below),) = case.region.boundaries
    rng = stage_rng(asked.seed, "second opinion", claim.id, case.summaries.outcome.name, "0")
    strata = _sides(case)[3]
    test = permuted_correlation_test(found.left, found.right, strata, draws=asked.draws, rng=rng)
    if not asked.supports and boundary != 0.0:
        note = "abstains: shuffles speak about the sign of a correlation, not about its size"
        return SecondOpinion(test.method, None, test.smallest, True, None, True, note)
    p = test.p_below if below == asked.supports else test.p_above
    if test.smallest > asked.alpha / 2.0:
        note = f"abstains: its smallest attainable one-sided p is {test.smallest:.3g}, above {asked.alpha / 2.0:g}"
        return SecondOpinion(test.method, p, test.smallest, True, None, True, note)
    return SecondOpinion(test.method, p, test.smallest, False, p <= asked.alpha / 2.0, True)


def _effect(case: Case, design: Design, level: float) -> Effect:
    """`estimate` is the correlation, `n_treated` the units and `std_error` that of Fisher's z."""
    found, claim = _found(case), _claim(case)
    reason, _ = _refusal(case, design)
    low, high = correlation_limits(found, level) if not reason else (None, None)
    unit = "means of arms" if claim.across == "arms" else "runs around the means of their arms"
    name = {"spearman": "Spearman's", "pearson": "Pearson's"}[claim.method]
    other = claim.column or case.parts[1].outcome.name
    partial = f"partial on {', '.join(claim.given)}; " if claim.given else ""
    spread = ", standard error by Bonett and Wright" if claim.method == "spearman" else ""
    return Effect(
        outcome=case.summaries.outcome.name,
        contrast=claim.id,
        scale=Scale.VALUE,
        estimate=number_or_none(found.estimate),
        std_error=None if reason else found.std_error,
        df=None,
        lower=low,
        upper=high,
        level=level,
        p_value=None,
        p_adjusted=None,
        detectable=None,
        reference=None,
        treated=None,
        n_treated=found.n,
        n_reference=0,
        method=f"{name} correlation with {other} over {unit}; {partial}Fisher's z{spread}",
        scope="mixes like these" if claim.across == "arms" else "runs like these",
        reason=reason,
        notes=case.notes,
    )


def _states(case: Case, effect: Effect) -> str:
    claim = _claim(case)
    unit = "arms" if claim.across == "arms" else "runs within arms"
    given = f", given {', '.join(claim.given)}" if claim.given else ""
    words = "no correlation" if effect.estimate is None else f"correlation {effect.estimate:.2f}"
    if effect.lower is not None and effect.upper is not None:
        words += f" ({effect.level:.0%} interval {effect.lower:.2f} to {effect.upper:.2f}"
        return f"{words}; {effect.n_treated} {unit}{given})"
    return f"{words} ({effect.n_treated} {unit}{given})"


def _settles(case: Case, effect: Effect, alpha: float) -> str:
    """Units that would decide, if the correlation seen were the truth."""
    found, ((boundary, _),) = _found(case), case.region.boundaries
    unit = "arms (mixes)" if _claim(case).across == "arms" else "runs"
    distance = abs(found.z - math.atanh(boundary))
    if effect.std_error is None or not distance > 0.0:
        return f"more {unit}"
    wider = effect.std_error * math.sqrt(found.n - found.held - 3)
    for units in range(found.n + 1, MOST_UNITS):
        if power(distance, wider / math.sqrt(units - found.held - 3), math.inf, 1.0 - alpha) >= WANTED_POWER:
            return f"about {units} {unit} in place of {found.n} (80 % power, if the correlation seen were the truth)"
    return f"more than {MOST_UNITS} {unit}: the correlation seen is close to the region's edge"


def _scored(case: Case, shares: dict[str, float]) -> Case:
    parts = tuple(score_missing(part, shares) for part in case.parts)
    return replace(case, parts=parts, summaries=parts[0])


KIND: Kind[Correlates] = Kind(
    region=_region,
    cases=_cases,
    refusal=_refusal,
    standing=_standing,
    effect=_effect,
    opinion=_opinion,
    beside=lambda _: None,
    posed=lambda *_: None,
    scored=lambda case, shares: _scored(case, dict(shares)),
    states=_states,
    settles=_settles,
    fewest=lambda _, effect: effect.n_treated,
)
