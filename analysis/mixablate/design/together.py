"""Components whose levels only ever move together: these runs know their joint effect and no part of it."""

from __future__ import annotations

from collections.abc import Mapping

from mixablate.design.arms import Design
from mixablate.study.claim_kinds import Level

__all__ = ["inseparable_groups"]


def inseparable_groups(design: Design) -> tuple[tuple[str, ...], ...]:
    """The maximal sets of component ids whose levels move one-to-one together over all arms with known levels.

    Within a set the level of one component tells the level of every other, in every run: the runs give the joint effect
    of the set and cannot split it, so whoever splits a total takes each set as one player. Sets are disjoint, hold two
    or more components, and stand in declaration order, as do the components within them. A component without variation
    is in no set (it has no effect here to share), nor is the pairing column. Relabelling levels changes nothing.
    """
    arms = [arm for arm in design.arms if arm.known]
    sets: dict[tuple[int, ...], list[str]] = {}
    for component in design.components:
        if design.pair and component.column == design.pair:
            continue
        pattern = _pattern([arm.level(component.id) for arm in arms])
        if len(set(pattern)) > 1:
            sets.setdefault(pattern, []).append(component.id)
    return tuple(tuple(together) for together in sets.values() if len(together) > 1)


def _pattern(levels: list[Level | None]) -> tuple[int, ...]:
    """Each arm's level numbered by first appearance: equal patterns are a one-to-one match of levels."""
    seen: Mapping[Level | None, int] = {level: i for i, level in enumerate(dict.fromkeys(levels))}
    return tuple(seen[level] for level in levels)
