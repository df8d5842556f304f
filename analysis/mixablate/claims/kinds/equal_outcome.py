"""`efficient` at an equal outcome: with how many times fewer tokens the same is reached.

One component was run at several doses, the other side at its treated level with D tokens more than the reference. The
ratio is at least r where, at D / r tokens, the component's drop is the other's or larger. Between two neighbouring
doses the drop is read on the straight line in log tokens, so that what is tested is a contrast of arms. The interval
holds the ratios that such tests do not refuse (Fieller's device). Nothing is read outside the doses run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy.optimize import brentq

from mixablate.claims.case import Case
from mixablate.claims.kinds.data_ratio import (
    DataRatio,
    Sides,
    Told,
    claim_of,
    data_words,
    extra_data,
    other_switch,
    without_arms,
)
from mixablate.claims.kinds.doses import check_dosed, claimed_component, dose_of
from mixablate.claims.kinds.of_contrast import own_switch
from mixablate.design import Contrast, Design, difference_of, switch, weighted_coefficients
from mixablate.estimate import Evidence, evidence_of, interval
from mixablate.study import Efficient
from mixablate.tables import Tables

__all__ = ["EQUAL_OUTCOME", "dose_switches"]

SAME = 1e-9  # relative difference of two amounts of data that is rounding
STEPS = 8  # into which a stretch between neighbouring doses is cut in search of the limits


@dataclass(frozen=True, slots=True)
class Dose:
    """A dose of the component: its level, its tokens above the reference's, and its contrast with the reference."""

    level: float
    data: float
    contrast: Contrast


@dataclass(frozen=True, slots=True)
class Compatible:
    """The own data that the runs do not tell from the other's at an equal outcome.

    Attributes:
        least, most: ends of the hull, None where the doses end before; where every dose is told to do better (worse),
            `most` is the smallest (`least` the largest) of them.
        pieces: stretches that the hull is made of.
        turns: whether the smallest dose is told to do better, or the largest worse, and others are not.
    """

    least: float | None
    most: float | None
    pieces: int
    turns: bool


Curve = tuple[Dose, ...]
"""Doses by rising amount of data."""


def dose_switches(claim: Efficient, design: Design) -> tuple[tuple[float, Contrast], ...]:
    """Each dose of the component that has arms of two runs or more beside the reference, with its contrast."""
    found = []
    for dose in _doses_run(claim, design):
        contrast = _switch(claim, design, dose)
        if contrast.estimable and all(len(design.arm(arm_id).run_ids) > 1 for arm_id, _ in contrast.coefficients):
            found.append((dose, contrast))
    return tuple(found)


def _doses_run(claim: Efficient, design: Design) -> list[float]:
    component = claimed_component(claim, design)
    start = claim.reference.get(component.id, component.baseline)
    return sorted({dose_of(arm, component) for arm in design.arms if arm.known and arm.level(component.id) != start})


def _switch(claim: Efficient, design: Design, dose: float) -> Contrast:
    treated = {**claim.treated, claim.components[0]: dose}
    return switch(design, claim.components, name=claim.id, at=claim.at, reference=claim.reference, treated=treated)


def _sides(claim: Efficient, tables: Tables, design: Design) -> Sides:
    check_dosed(claim, claimed_component(claim, design), 'leave equal = "outcome" out')
    other = other_switch(claim, design)
    doses = [Dose(d, extra_data(claim, c, tables, design), c) for d, c in dose_switches(claim, design)]
    curve = tuple(sorted((dose for dose in doses if dose.data > 0.0), key=lambda dose: dose.data))
    data = extra_data(claim, other, tables, design)
    constants = (data, *(number for dose in curve for number in (dose.level, dose.data)))
    reason, needed = _lacking(claim, other, data, curve)
    if reason:
        nothing = without_arms(curve[-1].contrast if curve else own_switch(claim, design), reason, needed)
        return Sides(nothing, other, nothing, constants, ())
    own = _read(curve, design, data / claim.ratio)
    # The strata left out are the drops' own to tell: beside a curve they are its other doses.
    joint = replace(difference_of(design, own, other, name=claim.id), strata_left_out=())
    return Sides(own, other, joint, constants, _notes(claim, design, curve, data, own))


def _lacking(claim: Efficient, other: Contrast, data: float, curve: Curve) -> tuple[str, str]:
    """Why the ratio cannot be told, and what would let it; empty where it can."""
    name, per = claim.components[0], claim.per
    if other.reason:
        return other.reason, other.needed
    if not data > 0.0:
        return f"{other.label} has no more {per} than its reference", f"{per} of both, above those of their reference"
    at = f"runs of {name} with about {data_words(data / claim.ratio)} {per} more than its reference, all else equal"
    if not curve:
        return f"no dose of {name} has 2 runs beside 2 of its reference, all else equal, and more {per} than that", at
    same = next((pair for pair in pairwise(curve) if _same(pair[0].data, pair[1].data)), None)
    if same:
        levels = " and ".join(f"{dose.level:g}" for dose in same)
        return (
            f"{name} at {levels} has the same {per}, so that its doses are no curve over them",
            f"doses of {name} that differ in {per}",
        )
    if not _within(curve, data / claim.ratio):
        low, high = (data_words(dose.data) for dose in (curve[0], curve[-1]))
        reason = f"the claim asks for {name} at {data_words(data / claim.ratio)} {per} above its reference's"
        return f"{reason}, and its doses were run from {low} to {high}; nothing is read outside", at
    return "", ""


def _notes(claim: Efficient, design: Design, curve: Curve, data: float, own: Contrast) -> tuple[str, ...]:
    """The amounts compared, what the reading between doses supposes, and the doses that are not on the curve."""
    low, high = (data_words(dose.data) for dose in (curve[0], curve[-1]))
    amounts = f"{data_words(data)} {claim.per} against doses of {low} to {high}"
    at = f"held against the claim at {data_words(data / claim.ratio)}"
    straight = f"on a straight line in log {claim.per} between {own.treated}"
    read = "a dose that was run" if any(own == dose.contrast for dose in curve) else straight
    left = sorted(set(_doses_run(claim, design)) - {dose.level for dose in curve})
    lacking = f"not on the curve for want of 2 runs or of {claim.per}: {', '.join(f'{dose:g}' for dose in left)}"
    return (f"{amounts}, {at}, {read}", *([lacking] if left else []))


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=SAME)


def _within(curve: Curve, data: float) -> bool:
    return curve[0].data * (1.0 - SAME) <= data <= curve[-1].data * (1.0 + SAME)


def _read(curve: Curve, design: Design, data: float) -> Contrast:
    """The drop at an amount of data within the doses: a dose's own, or weighted between its two neighbours."""
    for dose in curve:
        if _same(dose.data, data):
            return dose.contrast
    low, high = next((low, high) for low, high in pairwise(curve) if low.data < data < high.data)
    share = math.log(data / low.data) / math.log(high.data / low.data)
    return replace(
        low.contrast,
        coefficients=weighted_coefficients(design, [(1.0 - share, low.contrast), (share, high.contrast)]),
        strata=(),
        strata_used=tuple(dict.fromkeys(low.contrast.strata_used + high.contrast.strata_used)),
        strata_left_out=tuple(dict.fromkeys(low.contrast.strata_left_out + high.contrast.strata_left_out)),
        treated=f"{low.contrast.treated} and {high.contrast.treated}",
    )


def _curve(case: Case, design: Design) -> Curve:
    """The doses of the case, without those that these runs have left."""
    claim, numbers = claim_of(case), case.constants[1:]
    doses = (Dose(d, data, _switch(claim, design, d)) for d, data in zip(numbers[::2], numbers[1::2], strict=True))
    return tuple(dose for dose in doses if not math.isnan(_drop(case, dose.contrast, design)))


def _drop(case: Case, contrast: Contrast, design: Design) -> float:
    """By how much the treated arms are better in the mean, no model's slope in place of a dose's own runs."""
    found = evidence_of(case.summaries, contrast, case.scale, design)
    change = found.treated - found.reference
    return -change if case.summaries.outcome.lower_is_better else change


def _leads(case: Case, design: Design, curve: Curve) -> list[float]:
    """At each dose its drop less the other's: straight lines in log data lie between."""
    other = _drop(case, other_switch(claim_of(case), design), design)
    return [_drop(case, dose.contrast, design) - other for dose in curve]


def _point(case: Case, design: Design) -> float:
    """The other's data over the own that bring the same outcome.

    Where a curve that turns brings it several times, the one next to the claim on the side on which the runs stand.
    Infinite where no fewer data than the claim's, within the doses, fall short; 0 where no more of them reach it.
    """
    curve, data = _curve(case, design), case.constants[0]
    claimed = data / claim_of(case).ratio
    if not curve or not _within(curve, claimed):
        return math.nan
    logs, leads = np.log([dose.data for dose in curve]), np.array(_leads(case, design, curve))
    start = (math.log(claimed), float(np.interp(math.log(claimed), logs, leads)))
    reached = start[1] >= 0.0
    beyond = logs < start[0] if reached else logs > start[0]
    path = sorted(zip(logs[beyond].tolist(), leads[beyond].tolist(), strict=True), reverse=reached)
    for (x, lead), (next_x, next_lead) in pairwise([start, *path]):
        if (next_lead >= 0.0) != reached:
            return data / math.exp(x + (next_x - x) * lead / (lead - next_lead))
    return math.inf if reached else 0.0


def _told(case: Case, design: Design, level: float) -> Told:
    curve, data, point = _curve(case, design), case.constants[0], _point(case, design)
    found = _compatible(case, design, curve, level)
    ends = {"lower": found.most, "upper": found.least}
    notes = [f"no {side} limit within the doses run" for side, end in ends.items() if end is None]
    notes += _point_notes(point, _leads(case, design, curve), data / curve[-1].data, data / curve[0].data)
    if found.pieces > 1:
        notes.append(f"the interval is the hull of {found.pieces} pieces: the runs speak against some ratios in it")
    if found.turns:
        notes.append("the curve turns, so that the limits hold within the doses run only")
    lower, upper = (None if end is None else data / end for end in ends.values())
    return Told(point if 0.0 < point < math.inf else None, lower, upper, tuple(notes))


def _point_notes(point: float, leads: Sequence[float], least: float, most: float) -> Iterator[str]:
    """Why no ratio is told, between the least and the most that the doses could show, or which of several is."""
    meetings = sum((one >= 0.0) != (other >= 0.0) for one, other in pairwise(leads))
    if meetings > 1:
        told = "; the one next to the claim is told" if 0.0 < point < math.inf else ""
        yield f"its curve turns and meets the other's outcome {meetings} times{told}"
    if point == math.inf:
        yield f"it does as well at every dose from the claim's down: {most:.3g} times or more"
    if point == 0.0:
        below = "" if meetings else f": less than {least:.3g} times, if at all"
        yield f"it does as well at no dose from the claim's up{below}"


def _compatible(case: Case, design: Design, curve: Curve, level: float) -> Compatible:
    """Found by testing equal outcomes on a grid over the doses, its ends to the last digits."""
    other, lower_is_better = other_switch(claim_of(case), design), case.summaries.outcome.lower_is_better

    def lead(log_data: float) -> tuple[float, float]:
        joint = difference_of(design, _read(curve, design, math.exp(log_data)), other, name=case.claim.id)
        low, high = _known(evidence_of(case.summaries, joint, case.scale, design), level)
        return (-high, -low) if lower_is_better else (low, high)

    logs = _grid([math.log(dose.data) for dose in curve])
    found = [lead(x) for x in logs]
    sides = [1 if low > 0.0 else -1 if high < 0.0 else 0 for low, high in found]
    turns = [i for i, (one, following) in enumerate(pairwise(sides)) if one != following]
    if not turns and sides[0] != 0:
        return Compatible(None, curve[0].data, 1, False) if sides[0] > 0 else Compatible(curve[-1].data, None, 1, False)

    def edge(place: int, side: int) -> float:
        """Where the test of this side turns, after this place of the grid."""
        return math.exp(_root(lambda x: lead(x)[0 if side > 0 else 1], logs[place], logs[place + 1]))

    leaves = next((i for i in turns if sides[i] != 0), None)
    enters = next((i for i in reversed(turns) if sides[i + 1] != 0), None)
    least = None if sides[0] == 0 or leaves is None else edge(leaves, sides[leaves])
    most = None if sides[-1] == 0 or enters is None else edge(enters, sides[enters + 1])
    return Compatible(least, most, _pieces(sides), sides[0] > 0 or sides[-1] < 0)


def _known(evidence: Evidence, level: float) -> tuple[float, float]:
    """The interval; everything where arm means alone carry none."""
    if evidence.reason or evidence.layout == "regression":
        return -math.inf, math.inf
    return interval(evidence, level)


def _grid(doses: Sequence[float]) -> list[float]:
    """The doses, and points between neighbours."""
    found = [x for low, high in pairwise(doses) for x in np.linspace(low, high, STEPS, endpoint=False).tolist()]
    return [*found, doses[-1]]


def _root(turning: Callable[[float], float], low: float, high: float) -> float:
    """Where a limit passes 0; without one (an endless limit), the end next to it."""
    ends = [turning(low), turning(high)]
    if not all(map(math.isfinite, ends)):
        return low if math.isfinite(ends[0]) else high
    return float(brentq(turning, low, high, xtol=1e-9))


def _pieces(sides: Sequence[int]) -> int:
    """Stretches of zeros, one that hides between a point above and one below counted too."""
    opened = sum(side == 0 and (i == 0 or sides[i - 1] != 0) for i, side in enumerate(sides))
    return opened + sum(one * other < 0 for one, other in pairwise(sides))


def _region(claim: Efficient) -> str:
    return f"the other's outcome, or a better one, with 1/{claim.ratio:g} of its {claim.per}"


def _states(claim: Efficient, ratio: float | None) -> str:
    if ratio is None:
        return f"no ratio of {claim.per} at an equal outcome within the doses run"
    return f"at an equal outcome the other takes {ratio:.3g} times the {claim.per}"


EQUAL_OUTCOME = DataRatio(
    sides=_sides,
    point=_point,
    told=_told,
    region=_region,
    states=_states,
    method="ratio of data at an equal outcome, drops on straight lines in log data between neighbouring doses, limits "
    "by test inversion from",
    settles="more training runs of the other mix and of the doses beside the claimed one, or doses nearer to it",
)
