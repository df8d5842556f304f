"""Arms: the runs that are equal on every declared component, block and mix."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from mixablate.notebook import table_html
from mixablate.study import Component, ComponentType, Study
from mixablate.study.claim_kinds import Level
from mixablate.tables import Tables, one_mix

__all__ = ["Arm", "Design", "arm_words", "design_of", "level_text", "named_arm"]

MOST_LEVELS = 6  # written out in a sentence
MOST_LEFT = 3  # components that a mix is named by where it lacks them and has more than `MOST_LEVELS` others


@dataclass(frozen=True, slots=True)
class Arm:
    """One cell of the design.

    Attributes:
        arm_id: stable text id, e.g. "tools=1 system_prompts=0".
        label: for people, e.g. "Unused tool definitions" or "baseline".
        levels: component id and level, in declaration order; None where unknown.
        block: the values of the study's block columns.
        run_ids: sorted.
    """

    arm_id: str
    label: str
    levels: tuple[tuple[str, Level | None], ...]
    block: tuple[str, ...]
    run_ids: tuple[str, ...]

    def level(self, component_id: str) -> Level | None:
        """The arm's level of a component, None where unknown."""
        for name, level in self.levels:
            if name == component_id:
                return level
        raise KeyError(component_id)

    @property
    def known(self) -> bool:
        """Whether every component's level is known; arms with unknown levels enter no contrast."""
        return all(level is not None for _, level in self.levels)


@dataclass(frozen=True, slots=True)
class Design:
    """All arms of a study, ordered by their levels in declaration order.

    Attributes:
        components: as declared.
        arms: ordered; baseline first where it was run.
        block: the block columns.
        pair: the pairing column, "" where none.
        pairs: (run_id, its value of the pairing column, or one of its own where that is blank), sorted; empty where
            nothing is paired.
        scenarios: whether means over evals speak about these evals or about others like them.
    """

    components: tuple[Component, ...]
    arms: tuple[Arm, ...]
    block: tuple[str, ...] = ()
    pair: str = ""
    pairs: tuple[tuple[str, str], ...] = ()
    scenarios: Literal["fixed", "random"] = "fixed"

    def arm(self, arm_id: str) -> Arm:
        """The arm of that id.

        Raises:
            KeyError: no arm has it.
        """
        for arm in self.arms:
            if arm.arm_id == arm_id:
                return arm
        raise KeyError(arm_id)

    def _repr_html_(self) -> str:
        rows = [
            {"arm": arm.label} | dict(arm.levels) | dict(zip(self.block, arm.block, strict=True))
            | {"runs": len(arm.run_ids)}
            for arm in self.arms
        ]  # fmt: skip
        return table_html("Arms", rows)

    def arm_of_runs(self) -> dict[str, str]:
        """run_id -> arm_id."""
        return {run_id: arm.arm_id for arm in self.arms for run_id in arm.run_ids}


def design_of(study: Study, tables: Tables) -> Design:
    """The arms of these runs, with the study's blocks and pairs."""
    runs = tables.runs
    mixes = [name for name in runs.columns if name.startswith("mix.")]
    runs = runs.assign(**{name: one_mix(runs[name]) for name in mixes})
    cells: dict[tuple[Any, ...], list[str]] = {}
    for row in runs.to_dict("records"):
        levels = tuple((c.id, _level(c, row[c.id])) for c in study.components)
        block = tuple(str(row[name]) for name in study.analysis.block)
        mix = tuple(_known(row[name]) for name in mixes)
        cells.setdefault((levels, block, mix), []).append(str(row["run_id"]))
    ordered = sorted(cells.items(), key=lambda item: _arm_order(study.components, item[0]))
    pair = study.analysis.pair
    named = zip(runs["run_id"].astype(str), runs[pair], strict=True) if pair else ()
    pairs = tuple(sorted((run_id, _pair(value, run_id)) for run_id, value in named))
    arms = tuple(_named(study.components, ordered))
    return Design(study.components, arms, study.analysis.block, pair, pairs, study.analysis.scenarios)


def _pair(value: object, run_id: str) -> str:
    """The run's pair; one of its own where none is named, so that it is complete with no other."""
    return f"no pair: {run_id}" if value is None or value != value or value == "" else str(value)


def level_text(level: Level | None) -> str:
    """A level as people write it: 1 not 1.0; "unknown" for None.

    >>> level_text(1.0), level_text(0.2), level_text("safe"), level_text(None)
    ('1', '0.2', 'safe', 'unknown')
    """
    if level is None:
        return "unknown"
    return level if isinstance(level, str) else format(level, ".6g")


def arm_words(arm: Arm) -> str:
    """The arm's levels where they are few enough to read, else its label: what has left the baseline."""
    return arm.arm_id if len(arm.levels) <= MOST_LEVELS else arm.label


def named_arm(design: Design, levels: tuple[Level, ...], block: tuple[str, ...]) -> Arm:
    """An arm at these levels (declaration order) without runs, named as it would be had it been run."""
    pairs = tuple((c.id, level) for c, level in zip(design.components, levels, strict=True))
    where = f" [{', '.join(block)}]" if block else ""
    arm_id = " ".join(f"{name}={level_text(level)}" for name, level in pairs) + where
    return Arm(arm_id, _label(design.components, dict(pairs)) + where, pairs, block, ())


def _level(component: Component, cell: object) -> Level | None:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)) or cell is pd.NA:
        return None
    return str(cell) if component.type is ComponentType.CATEGORY else float(str(cell))


def _known(cell: object) -> float | None:
    value = float(str(cell))
    return None if math.isnan(value) else value


def _arm_order(components: tuple[Component, ...], key: tuple[Any, ...]) -> tuple[object, ...]:
    """Unknown mixes last; then by block, by how many components left their baseline, by which, by how far."""
    levels, block, mix = key
    known = [(c, level) for c, (_, level) in zip(components, levels, strict=True) if level is not None]
    away = [level != c.baseline for c, level in known]
    return (
        len(known) < len(components),
        block,
        sum(away),
        [not moved for moved in away],
        [("", level) if not isinstance(level, str) else (level, 0.0) for _, level in known],
        str(mix),
    )


def _named(components: tuple[Component, ...], cells: Iterable[tuple[tuple[Any, ...], list[str]]]) -> Iterable[Arm]:
    seen: dict[tuple[Any, ...], int] = {}
    listed = list(cells)
    same = [(levels, block) for (levels, block, _), _ in listed]
    for (levels, block, _), run_ids in listed:
        seen[levels, block] = seen.get((levels, block), 0) + 1
        suffix = f" mix#{seen[levels, block]}" if same.count((levels, block)) > 1 else ""
        where = f" [{', '.join(block)}]" if block else ""
        arm_id = " ".join(f"{name}={level_text(level)}" for name, level in levels) + where + suffix
        label = _label(components, dict(levels)) + where + suffix.replace(" mix#", ", mix ")
        yield Arm(arm_id, label, levels, block, tuple(sorted(run_ids)))


def _label(components: tuple[Component, ...], levels: Mapping[str, Level | None]) -> str:
    parts = []
    for component in components:
        level = levels[component.id]
        if level is None:
            parts.append(f"{component.label} unknown")
        elif component.type is ComponentType.CATEGORY:
            parts.append(str(level))
        elif level != component.baseline:
            amount = "" if component.type is ComponentType.FLAG else f" {level_text(level)}"
            parts.append(component.label + amount)
    if parts and all(part.endswith(" unknown") for part in parts) and len(parts) == len(components):
        return "unknown mix"
    left = [component.label for component in components if levels[component.id] == component.baseline]
    full = all(levels[c.id] in (c.baseline, c.target) for c in components if c.target is not None)
    if len(parts) > MOST_LEVELS and len(left) <= MOST_LEFT and full and len(left) + len(parts) == len(components):
        return "full mix" + (f" without {', '.join(left)}" if left else "")
    return " + ".join(parts) or "baseline"
