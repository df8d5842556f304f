"""`efficient`: do the components bring more drop per token than others?

Two cases, both of which must hold: the components' own drop, and the ratio of the two drops per token. No ratio of two
uncertain drops is formed: the claim "at least r times" is tested as a contrast of arms, own drop less r times what the
other's drop would be at the same tokens (Fieller 1954, JRSS B 16, 175), and the interval holds the ratios that such
tests do not refuse. Tokens are taken as known.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
from scipy.optimize import brentq

from mixablate.claims.case import Case, Standing
from mixablate.claims.contrast_opinions import posed_opinion
from mixablate.claims.kind import Kind, Question
from mixablate.claims.kinds.of_contrast import contrast_cases, contrast_kind, own_switch, switches_of
from mixablate.claims.regions import Region, improvement
from mixablate.claims.run_columns import run_column
from mixablate.claims.verdict import SecondOpinion
from mixablate.design import Contrast, Design, switch
from mixablate.estimate import Effect, Evidence, cell_arrays, evidence_of, run_level_effect, tail, values_on
from mixablate.study import Efficient, Scale
from mixablate.tables import Tables

__all__ = ["KIND"]

FARTHEST = 1e4  # ratios beyond it are told as no limit
T = TypeVar("T")


def _region(claim: Efficient, lower_is_better: bool) -> Region:
    """Of the components' own drop."""
    word = "drop" if lower_is_better else "rise"
    return improvement(0.0, claim.scale, lower_is_better=lower_is_better, words=f"a {word} of their own")


def _ratio_region(claim: Efficient) -> Region:
    words = f"{claim.ratio:g} times or more of the other's for each of the {claim.per}"
    return Region(claim.ratio, math.inf, False, words)


def _cases(claim: Efficient, tables: Tables, design: Design) -> tuple[Case, ...]:
    own = own_switch(claim, design)
    other = switch(design, claim.than, name=claim.id, at=claim.at, reference=claim.reference, treated=claim.treated)
    costs = tuple(_cost(claim, contrast, tables, design) for contrast in (own, other))
    reason, needed = _lacking(claim, own, other, costs)
    drops = contrast_cases(claim, tables, design, _region, own)
    coefficients = () if reason else _less(design, own, other, claim.ratio * costs[0] / costs[1])
    joint = replace(own, coefficients=coefficients, strata=(), reason=reason, needed=needed)
    notes = () if reason else (f"{costs[0]:,.0f} {claim.per} against {costs[1]:,.0f}",)
    region = _ratio_region(claim)
    ratios = [replace(case, contrast=joint, region=region, constants=costs, notes=notes) for case in drops]
    return tuple(case for pair in zip(drops, ratios, strict=True) for case in pair)


def _drop(claim: Efficient, tables: Tables, design: Design) -> Contrast:
    """The components' own, with why the ratio cannot be told where it cannot."""
    own = own_switch(claim, design)
    other = switch(design, claim.than, name=claim.id, at=claim.at, reference=claim.reference, treated=claim.treated)
    costs = tuple(_cost(claim, contrast, tables, design) for contrast in (own, other))
    reason, needed = _lacking(claim, own, other, costs)
    return replace(own, reason=reason, needed=needed)


def _lacking(claim: Efficient, own: Contrast, other: Contrast, costs: tuple[float, ...]) -> tuple[str, str]:
    """Why no ratio of the two can be told, and what would let it; empty where one can."""
    reason = own.reason or other.reason or _no_cost(claim, costs)
    return reason, own.needed or other.needed or (
        f"{claim.per} of both, above those of their reference" if reason else ""
    )


def _cost(claim: Efficient, contrast: Contrast, tables: Tables, design: Design) -> float:
    """What the treated side has more of the column than the reference side, in the mean."""
    total = 0.0
    for arm_id, coefficient in contrast.coefficients:
        total += coefficient * float(np.mean(run_column(claim, claim.per, tables, design.arm(arm_id).run_ids)))
    return total


def _no_cost(claim: Efficient, costs: tuple[float, ...]) -> str:
    if all(cost > 0.0 for cost in costs):
        return ""
    return f"one of the two sides has no more {claim.per} than its reference, so that nothing can be told for each"


def _less(design: Design, first: Contrast, second: Contrast, times: float) -> tuple[tuple[str, float], ...]:
    """Coefficients of the first contrast less so many times the second; what cancels drops out."""
    net = dict(first.coefficients)
    for arm_id, coefficient in second.coefficients:
        net[arm_id] = net.get(arm_id, 0.0) - times * coefficient
    return tuple((arm.arm_id, net[arm.arm_id]) for arm in design.arms if abs(net.get(arm.arm_id, 0.0)) > 1e-12)


def _at(case: Case, design: Design, ratio: float) -> Case:
    """The case with its contrast at another ratio."""
    claim = case.claim
    assert isinstance(claim, Efficient)
    own = own_switch(claim, design)
    other = switch(design, claim.than, name=claim.id, at=claim.at, reference=claim.reference, treated=claim.treated)
    times = ratio * case.constants[0] / case.constants[1]
    return replace(case, contrast=replace(case.contrast, coefficients=_less(design, own, other, times)))


def _evidence(case: Case, design: Design) -> Evidence:
    return evidence_of(case.summaries, case.contrast, case.scale, design)


def _point(case: Case, design: Design) -> float:
    """Own drop per token over the other's; infinite where the other has none, NaN where neither has."""
    claim = case.claim
    assert isinstance(claim, Efficient)
    own = own_switch(claim, design)
    other = switch(design, claim.than, name=claim.id, at=claim.at, reference=claim.reference, treated=claim.treated)
    sign = -1.0 if case.summaries.outcome.lower_is_better else 1.0
    drops = [sign * evidence_of(case.summaries, c, case.scale, design).estimate for c in (own, other)]
    first, second = (drop / cost for drop, cost in zip(drops, case.constants, strict=True))
    if second > 0.0:
        return first / second
    return math.inf if first > 0.0 else math.nan


def _standing(case: Case, design: Design) -> Standing:
    evidence, lower = _evidence(case, design), case.summaries.outcome.lower_is_better
    if evidence.reason:
        return Standing(_point(case, design), math.nan, math.nan)
    support, contradict = (tail(evidence, 0.0, below=below) for below in (lower, not lower))
    return Standing(_point(case, design), support, contradict)


def _opinion(case: Case, design: Design, asked: Question) -> SecondOpinion:
    """The wild bootstrap of the contrast at the claimed ratio."""
    cells = cell_arrays(case.summaries, case.contrast)
    end = values_on(case.summaries, case.scale), cells, 0.0
    return posed_opinion(case, design, asked, [(end, case.summaries.outcome.lower_is_better)])


def _limit(case: Case, design: Design, alpha: float, *, lower: bool) -> float | None:
    """The ratio at which the test of the claim turns: Fieller's limit; None where it never does."""
    below = case.summaries.outcome.lower_is_better == lower

    def left(log_ratio: float) -> float:
        evidence = _evidence(_at(case, design, math.exp(log_ratio)), design)
        return tail(evidence, 0.0, below=below) - alpha / 2.0

    reach = math.log(FARTHEST)
    if left(-reach) * left(reach) > 0.0:
        return None
    return math.exp(float(brentq(left, -reach, reach, xtol=1e-6)))


def _effect(case: Case, design: Design, level: float) -> Effect:
    """The ratio of drops per token, told as a ratio; its sides are drops, so that no level of them is given."""
    base = run_level_effect(case.summaries, case.contrast, case.scale, design, level=level)
    shown = not base.reason and not case.contrast.reason
    point = _point(case, design) if not case.contrast.reason else math.nan
    limits = [_limit(case, design, 1.0 - level, lower=end) if shown else None for end in (True, False)]
    return replace(
        base,
        estimate=point if math.isfinite(point) else None,
        std_error=None,
        df=base.df,
        lower=limits[0],
        upper=limits[1],
        p_value=None,
        detectable=None,
        reference=None,
        treated=None,
        within_lower=None,
        within_upper=None,
        tipping_sd=None,
        scale=Scale.RISK_RATIO,
        method=f"ratio of drops per unit of data, Fieller limits from: {base.method}",
        notes=(*base.notes, *case.notes),
    )


def _states(case: Case, effect: Effect) -> str:
    point = (
        "no ratio (the other has no drop)" if effect.estimate is None else f"{effect.estimate:.3g} times the other's"
    )
    low = "no lower" if effect.lower is None else f"{effect.lower:.3g}"
    high = "no upper limit" if effect.upper is None else f"{effect.upper:.3g}"
    beside = "; ".join([f"{effect.n_treated} v {effect.n_reference} runs", *case.notes])
    return f"drop for each unit of data {point} ({effect.level:.0%} interval {low} to {high}; {beside})"


def _settles(case: Case, effect: Effect, alpha: float) -> str:
    if case.constants:
        return "more training runs of the two mixes and of their reference, or more data in each"
    return DROPS.settles(case, effect, alpha)


DROPS = contrast_kind(_region)


def _either(of_ratio: Callable[..., T], of_drop: Callable[..., T]) -> Callable[..., T]:
    """The ratio has costs; the drop is a contrast like any other."""

    def chosen(case: Case, *rest: object) -> T:
        return (of_ratio if case.constants else of_drop)(case, *rest)

    return chosen


KIND: Kind[Efficient] = replace(
    DROPS,
    cases=_cases,
    standing=_either(_standing, DROPS.standing),
    effect=_either(_effect, DROPS.effect),
    opinion=_either(_opinion, DROPS.opinion),
    beside=lambda case: None if case.constants else DROPS.beside(case),
    posed=lambda case, boundary: None if case.constants else DROPS.posed(case, boundary),
    states=_either(_states, DROPS.states),
    settles=_settles,
    contrast=_drop,
    switches=lambda claim, design: switches_of(claim, design, claim.components, claim.than),
    further=lambda claim, _: (_ratio_region(claim),),
)
