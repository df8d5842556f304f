"""`efficient`: is data of the components worth more than data of others?

Two cases, both of which must hold: the components' own drop, and the ratio. The ratio is one of drops at an equal
amount of data (`equal_amount`) or one of amounts at an equal outcome (`equal_outcome`); either is tested as a contrast
of arms at the claimed ratio. Tokens are taken as known.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from mixablate.claims.case import Case, Standing
from mixablate.claims.contrast_opinions import posed_opinion
from mixablate.claims.kind import Kind, Question
from mixablate.claims.kinds.data_ratio import DataRatio, claim_of
from mixablate.claims.kinds.equal_amount import EQUAL_AMOUNT
from mixablate.claims.kinds.equal_outcome import EQUAL_OUTCOME, dose_switches
from mixablate.claims.kinds.of_contrast import contrast_cases, contrast_kind, sides_confounded, switches_of
from mixablate.claims.regions import Region, improvement
from mixablate.claims.verdict import SecondOpinion
from mixablate.design import Contrast, Design, Switch
from mixablate.estimate import Effect, cell_arrays, evidence_of, notes_without_limits, run_level_effect, tail, values_on
from mixablate.study import Efficient, Scale
from mixablate.tables import Tables

__all__ = ["KIND"]

T = TypeVar("T")


def _ratio(claim: Efficient) -> DataRatio:
    return EQUAL_OUTCOME if claim.equal == "outcome" else EQUAL_AMOUNT


def _region(claim: Efficient, lower_is_better: bool) -> Region:
    """Of the components' own drop."""
    word = "drop" if lower_is_better else "rise"
    return improvement(0.0, claim.scale, lower_is_better=lower_is_better, words=f"a {word} of their own")


def _ratio_region(claim: Efficient) -> Region:
    return Region(claim.ratio, math.inf, False, _ratio(claim).region(claim))


def _cases(claim: Efficient, tables: Tables, design: Design) -> tuple[Case, ...]:
    sides = _ratio(claim).sides(claim, tables, design)
    cases = []
    for drop in contrast_cases(claim, tables, design, _region, sides.own):
        outcome = drop.summaries.outcome
        apart = (sides_confounded(design, tables, contrast, outcome)[0] for contrast in (sides.other, sides.joint))
        ratio = replace(
            drop,
            contrast=sides.joint,
            region=_ratio_region(claim),
            confounded=drop.confounded or next(filter(None, apart), ""),
            constants=sides.constants,
            notes=sides.notes,
            told_as=Scale.RISK_RATIO,
        )
        cases += [drop, ratio]
    return tuple(cases)


def _drop(claim: Efficient, tables: Tables, design: Design) -> Contrast:
    """The components' own, with why the ratio cannot be told where it cannot."""
    sides = _ratio(claim).sides(claim, tables, design)
    return replace(sides.own, reason=sides.joint.reason, needed=sides.joint.needed)


def _switches(claim: Efficient, design: Design) -> tuple[Switch, ...]:
    """Both sides'; of a component whose doses are read, its own only where it was run at none."""
    if claim.equal == "outcome" and dose_switches(claim, design):
        return switches_of(claim, design, claim.than)
    return switches_of(claim, design, claim.components, claim.than)


def _refusal(case: Case, design: Design) -> tuple[str, bool]:
    """As for every contrast; and no main-effects model stands in for a dose's own runs."""
    refused = DROPS.refusal(case, design)
    if refused[0] or claim_of(case).equal == "amount" or design.pair:
        return refused
    cells = cell_arrays(case.summaries, case.contrast)
    alone = [arm_id for arm_id, count in zip(cells.arm_ids, cells.counts, strict=True) if count < 2]
    return (f"one run at {alone[0]}: a curve over doses needs 2 or more in each arm", True) if alone else refused


def _standing(case: Case, design: Design) -> Standing:
    point = _ratio(claim_of(case)).point(case, design)
    evidence = evidence_of(case.summaries, case.contrast, case.scale, design)
    lower = case.summaries.outcome.lower_is_better
    if evidence.reason:
        return Standing(point, math.nan, math.nan)
    support, contradict = (tail(evidence, 0.0, below=below) for below in (lower, not lower))
    return Standing(point, support, contradict)


def _opinion(case: Case, design: Design, asked: Question) -> SecondOpinion:
    """Randomisation, else the wild bootstrap, of the contrast at the claimed ratio."""
    cells = cell_arrays(case.summaries, case.contrast)
    end = values_on(case.summaries, case.scale), cells, 0.0
    return posed_opinion(case, design, asked, [(end, case.summaries.outcome.lower_is_better)])


def _effect(case: Case, design: Design, level: float) -> Effect:
    """The ratio, told as one; its sides are drops, so that no level of them is given."""
    ratio = _ratio(claim_of(case))
    base = run_level_effect(case.summaries, case.contrast, case.scale, design, level=level)
    told = ratio.told(case, design, level) if not case.contrast.reason else None
    shown = told is not None and not _refusal(case, design)[0]
    return replace(
        base,
        estimate=told.estimate if told else None,
        std_error=None,
        df=base.df,
        lower=told.lower if told and shown else None,
        upper=told.upper if told and shown else None,
        p_value=None,
        detectable=None,
        reference=None,
        treated=None,
        within_lower=None,
        within_upper=None,
        tipping_sd=None,
        scale=case.unit,
        method=f"{ratio.method}: {base.method}",
        notes=(*notes_without_limits(base), *case.notes, *(told.notes if told and shown else ())),
    )


def _states(case: Case, effect: Effect) -> str:
    claim = claim_of(case)
    low = "no lower limit" if effect.lower is None else f"{effect.lower:.3g}"
    high = "no upper limit" if effect.upper is None else f"{effect.upper:.3g}"
    beside = "; ".join([f"{effect.n_treated} v {effect.n_reference} runs", *effect.notes])
    return f"{_ratio(claim).states(claim, effect.estimate)} ({effect.level:.0%} interval {low} to {high}; {beside})"


DROPS: Kind[Efficient] = contrast_kind(_region)


def _either(of_ratio: Callable[..., T], of_drop: Callable[..., T]) -> Callable[..., T]:
    """The ratio has amounts of data; the drop is a contrast like any other."""

    def chosen(case: Case, *rest: object) -> T:
        return (of_ratio if case.constants else of_drop)(case, *rest)

    return chosen


KIND: Kind[Efficient] = replace(
    DROPS,
    cases=_cases,
    refusal=_refusal,
    standing=_either(_standing, DROPS.standing),
    effect=_either(_effect, DROPS.effect),
    opinion=_either(_opinion, DROPS.opinion),
    # Main effects are straight lines in the dose: no third line beside a curve.
    beside=lambda case: None if case.constants or claim_of(case).equal == "outcome" else DROPS.beside(case),
    posed=lambda case, boundary: None if case.constants else DROPS.posed(case, boundary),
    states=_either(_states, DROPS.states),
    settles=_either(lambda case, *_: _ratio(claim_of(case)).settles, DROPS.settles),
    contrast=_drop,
    switches=_switches,
    further=lambda claim, _: (_ratio_region(claim),),
)
