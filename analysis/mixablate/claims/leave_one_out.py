"""How easily a verdict flips: every run, scenario, seed, judge and base model left out in turn (design.md 6.12).

What is left is judged by the primary alone, unadjusted and whatever the region gate would say: a verdict survives while
the estimate stays on its side of the region and p within twice what the verdict needed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np

from mixablate.claims.asked import Asked
from mixablate.claims.case import Case, Standing
from mixablate.claims.contrast_evidence import contrast_standing
from mixablate.claims.kinds import kind_of
from mixablate.claims.left_out import LeftOut, Unit
from mixablate.claims.reduced_cases import (
    cases_with_judge,
    cases_without_eval,
    cases_without_runs,
)
from mixablate.claims.regions import within_margin
from mixablate.claims.verdict import Status
from mixablate.claims.without_item import cases_without_item, items_of
from mixablate.design import Design
from mixablate.estimate import EachLeftOut, each_run_left_out, existence_scale, left_out_tails, number_or_none
from mixablate.study import Claim, Scale
from mixablate.tables import Tables

__all__ = ["leave_one_out"]

DECIDED = (Status.SUPPORTED, Status.CONTRADICTED, Status.EQUIVALENT)
NOTHING_LEFT = "nothing is left to compare"


def leave_one_out(
    asked: Asked, status: Status, level: float, tables: Tables, design: Design, judges: Mapping[str, Tables]
) -> tuple[LeftOut, ...]:
    """A row for every run, scenario, seed, judge and base model that the verdict rests on; none where it says nothing.

    Runs of arms that the claim does not compare are not left out. A scenario is an eval of a mean of several; seeds
    and base models count where two runs share one and another is left. Items of an eval are left out where rollouts
    name them.

    Args:
        asked: the claim, put to the tables.
        status: of its verdict.
        level: of two-sided intervals.
        tables: of the study.
        design: of the study.
        judges: what stands without a judge (`OtherTables.without`).
    """
    if status not in DECIDED:
        return ()
    verdict = _Judged(asked, status, 1.0 - level)
    rows = list(_runs(verdict, tables, design))
    rows += _scenarios(verdict, tables, design)
    for unit in (Unit.SEED, Unit.BASE_MODEL):
        for name, runs in _groups(asked.cases, tables, str(unit)).items():
            cases, left = cases_without_runs(asked.claim, asked.cases, runs, tables, design)
            rows.append(verdict.row(unit, name, cases, left))
    for name, other in judges.items():
        rows.append(verdict.row(Unit.JUDGE, name, cases_with_judge(asked.claim, asked.cases, other, design), design))
    for (eval_id, item_id), counts in items_of(asked.cases, tables).items():
        cases_left = cases_without_item(asked.cases, eval_id, counts)
        if cases_left is not None:
            rows.append(verdict.row(Unit.ITEM, f"{eval_id} / {item_id}", cases_left, design))
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A decided claim."""

    asked: Asked
    status: Status
    alpha: float

    @property
    def claim(self) -> Claim:
        return self.asked.claim

    def row(self, unit: Unit, name: str, cases: Sequence[Case], design: Design) -> LeftOut:
        """What is left of the verdict on cases made anew."""
        if not cases or any(_empty(case) for case in cases):
            first = self.asked.cases[0]
            outcome, scale = first.summaries.outcome.name, _unit(first)
            return LeftOut(self.claim.id, unit, name, outcome, scale, None, None, "", note=NOTHING_LEFT)
        standings = [kind_of(self.claim).standing(case, design) for case in cases]
        return self.told(unit, name, cases, standings)

    def told(self, unit: Unit, name: str, cases: Sequence[Case], standings: Sequence[Standing]) -> LeftOut:
        """The row of what these standings leave of the verdict.

        Supported and equivalent stand on every case; contradicted stands on one, at as many times its p.
        """
        found = [self._flip(case, one, len(cases)) for case, one in zip(cases, standings, strict=True)]
        worst = max if self.status is not Status.CONTRADICTED else min
        index = worst(range(len(found)), key=lambda i: (bool(found[i][0]), _known(found[i][1])))
        flipped, p = found[index]
        case, estimate = cases[index], standings[index].estimate
        return LeftOut(
            self.claim.id,
            unit,
            name,
            case.summaries.outcome.name,
            _unit(case),
            number_or_none(estimate),
            number_or_none(p),
            flipped,
            *self._ends(case),
        )

    def _ends(self, case: Case) -> tuple[float | None, float | None]:
        """The region's ends in the unit of the estimate."""
        if self.status is Status.EQUIVALENT:
            return None, None
        ends = (case.region.lower, case.region.upper)
        none = 0.0 if case.region.at_no_effect else None
        low, high = (None if math.isinf(end) else end if none is None else none for end in ends)
        return low, high

    def _flip(self, case: Case, found: Standing, cases: int) -> tuple[str, float]:
        if self.status is Status.EQUIVALENT:
            p = math.nan if found.p_equivalent is None else found.p_equivalent
            return _words(outside=p > 0.5, beyond=p > 2.0 * self.alpha), p
        supported = self.status is Status.SUPPORTED
        p = found.p_support * self.asked.raised if supported else found.p_contradict * cases
        p = min(1.0, p) if not math.isnan(p) else p
        outside = _inside(case, found.estimate) != supported or math.isnan(found.estimate)
        return _words(outside=outside and not kind_of(self.claim).bound_decides, beyond=p > self.alpha), p


def _words(*, outside: bool, beyond: bool) -> str:
    return " and ".join(word for word, holds in (("estimate", outside), ("p", beyond)) if holds)


def _known(p: float) -> float:
    return -1.0 if math.isnan(p) else p


def _inside(case: Case, estimate: float) -> bool:
    if not case.region.at_no_effect:
        return case.region.holds(estimate)
    _, below = case.region.boundaries[0]
    return estimate < 0.0 if below else estimate > 0.0


def _unit(case: Case) -> Scale:
    return existence_scale(case.summaries) if case.region.at_no_effect else case.unit


def _empty(case: Case) -> bool:
    left = set(case.summaries.arm_ids)
    arms = [arm_id for arm_id, _ in case.contrast.coefficients]
    return bool(case.contrast.reason) or not arms or not all(arm_id in left for arm_id in arms)


def _compared(cases: Sequence[Case]) -> tuple[str, ...]:
    """The runs of the arms that are compared in any case."""
    found = set()
    for case in cases:
        arms = {arm_id for arm_id, _ in case.contrast.coefficients}
        pairs = zip(case.summaries.run_ids, case.summaries.arm_ids, strict=True)
        found |= {run_id for run_id, arm_id in pairs if arm_id in arms}
    return tuple(sorted(found))


def _runs(verdict: _Judged, tables: Tables, design: Design) -> Iterator[LeftOut]:
    cases = verdict.asked.cases
    at_once = [_at_once(case, verdict.status, design) for case in cases]
    for run_id in _compared(cases):
        known = [one[run_id] for one in at_once if one is not None and run_id in one]
        if len(known) == len(cases):
            yield verdict.told(Unit.RUN, run_id, cases, known)
        else:
            fewer, left = cases_without_runs(verdict.claim, cases, {run_id}, tables, design)
            yield verdict.row(Unit.RUN, run_id, fewer, left)


def _at_once(case: Case, status: Status, design: Design) -> dict[str, Standing] | None:
    """The standing without each run of a plain contrast of independent arms; None where it must be made one by one."""
    random = design.scenarios == "random" and len(case.summaries.outcome.evals) > 1
    if kind_of(case.claim).standing is not contrast_standing or design.pair or random:
        return None
    found = _each(case, _unit(case), design)
    if found is None:
        return None
    ends = [(0.0 if case.region.at_no_effect else value, below) for value, below in case.region.boundaries]
    nothing = np.full(found.estimate.size, np.nan)
    support, contradict, equivalent = nothing, nothing, nothing
    if status is Status.SUPPORTED:
        support = np.max([left_out_tails(found, value, below=below) for value, below in ends], axis=0)
    elif status is Status.CONTRADICTED:
        contradict = np.min([left_out_tails(found, value, below=not below) for value, below in ends], axis=0)
    else:
        shown = found if found.scale is case.scale else _each(case, case.scale, design)
        if shown is None or case.margin is None:
            return None
        low, high = within_margin(case.margin, case.scale)
        equivalent = np.maximum(left_out_tails(shown, high, below=True), left_out_tails(shown, low, below=False))
    columns = (found.estimate.tolist(), support.tolist(), contradict.tolist(), equivalent.tolist())
    return {run_id: Standing(*numbers) for run_id, *numbers in zip(found.run_ids, *columns, strict=True)}


def _each(case: Case, scale: Scale, design: Design) -> EachLeftOut | None:
    return each_run_left_out(case.summaries, case.contrast, scale, design)


def _scenarios(verdict: _Judged, tables: Tables, design: Design) -> Iterator[LeftOut]:
    parts = [part for case in verdict.asked.cases for part in case.parts or (case.summaries,)]
    evals = dict.fromkeys(e for part in parts for e, _ in part.outcome.evals if len(part.outcome.evals) > 1)
    for eval_id in evals:
        cases = cases_without_eval(verdict.asked.cases, eval_id, tables, design)
        if cases is not None:
            yield verdict.row(Unit.SCENARIO, eval_id, cases, design)


def _groups(cases: Sequence[Case], tables: Tables, column: str) -> dict[str, Set[str]]:
    """Value -> its runs, of the runs compared; none where each value has one run, or all runs share one."""
    compared = set(_compared(cases))
    runs = tables.runs
    found: dict[str, set[str]] = {}
    for run_id, value in zip(runs["run_id"].astype(str), runs[column].tolist(), strict=True):
        if run_id in compared and isinstance(value, str):
            found.setdefault(value, set()).add(run_id)
    shared = max((len(ids) for ids in found.values()), default=0) > 1
    return dict(sorted(found.items())) if shared and len(found) > 1 else {}
