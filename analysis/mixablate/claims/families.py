"""P-values adjusted within families of claims."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from mixablate.claims.adjust import hochberg, holm
from mixablate.claims.asked import Asked
from mixablate.claims.kinds import kind_of
from mixablate.design import Design
from mixablate.estimate import cell_arrays
from mixablate.resample import JointMember, Side, joint_wild, stage_rng, step_down_max_t
from mixablate.study import Study

__all__ = ["adjusted_p_values"]

STEP: dict[Literal["holm", "hochberg"], Callable[[Sequence[float]], tuple[float, ...]]] = {
    "holm": holm,
    "hochberg": hochberg,
}


def adjusted_p_values(asked: Sequence[Asked], study: Study, design: Design, *, supports: bool) -> tuple[float, ...]:
    """One-sided p-values of support (or contradiction), adjusted within families; NaN for claims that do not count.

    Claims that the design cannot test do not count in their family; claims lost through their outcomes count with
    p = 1. Exploratory claims form one family of their own. By max-T a family is adjusted from one joint wild bootstrap
    of all its contrasts, and never below the primary's own p; a family with a member that has no place in it (a bound
    of a rate, paired runs, random scenarios, an arm of one run, a claim lost through its outcomes) is adjusted by Holm.
    """
    families: dict[str, list[int]] = {}
    for index, one in enumerate(asked):
        if not (one.refused and one.by_design):
            exploratory = one.claim.status == "exploratory"
            families.setdefault("exploratory" if exploratory else f"confirmatory {one.claim.family}", []).append(index)
    adjusted = [math.nan] * len(asked)
    for family, members in families.items():
        primary = [asked[i].p_support if supports else asked[i].p_contradict for i in members]
        rule = study.analysis.adjust
        if rule == "max_t":
            found = _by_max_t([asked[i] for i in members], primary, family, study, design, supports=supports)
        else:
            found = STEP[rule](primary)
        for index, p in zip(members, found, strict=True):
            adjusted[index] = p
    return tuple(adjusted)


def _by_max_t(
    asked: Sequence[Asked], primary: Sequence[float], family: str, study: Study, design: Design, *, supports: bool
) -> tuple[float, ...]:
    if not all(_joins(one, design) for one in asked):
        return holm(primary)
    owners: list[int] = []
    members: list[JointMember] = []
    for index, one in enumerate(asked):
        mine = _members(one, supports=supports)
        owners += [index] * len(mine)
        members += mine
    rng = stage_rng(study.seed, "max-T", family, "support" if supports else "contradict")
    p_values = step_down_max_t(joint_wild(members, draws=study.analysis.draws, rng=rng))
    # To support, every boundary must be cleared: the largest p. To contradict, one: all of them are in the family.
    joined = max if supports else min
    return tuple(
        max(own, joined(p for p, owner in zip(p_values.tolist(), owners, strict=True) if owner == index))
        for index, own in enumerate(primary)
    )


def _joins(one: Asked, design: Design) -> bool:
    if one.refused or design.pair or design.scenarios == "random":
        return False
    return all(
        kind_of(one.claim).posed(case, boundary) is not None
        and (cell_arrays(case.summaries, case.contrast).counts >= 2).all()
        for case in one.cases
        for boundary, _ in case.region.boundaries
    )


def _members(one: Asked, *, supports: bool) -> list[JointMember]:
    members = []
    for case in one.cases:
        for boundary, below in case.region.boundaries:
            posed = kind_of(one.claim).posed(case, boundary)
            if posed is None:
                continue
            values, cells, shift = posed
            run_ids = tuple(np.array(case.summaries.run_ids)[cells.rows].tolist())
            side = Side.BELOW if below == supports else Side.ABOVE
            members.append(JointMember(run_ids, values[cells.rows], cells, shift, side))
    return members
