"""The model matrix of a run-level regression, with the encoding remembered for prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.design.arms import Design, level_text
from mixablate.study import ComponentType
from mixablate.study.claim_kinds import Level

__all__ = ["ModelMatrix", "model_matrix"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ModelMatrix:
    """Intercept, component main effects and block dummies, one row per arm with known levels.

    Flags, doses and fractions enter as their level (one column each), categories as dummies against their baseline (or
    first level). Columns that never vary are left out and named.

    Attributes:
        names: column names; the first is "intercept".
        terms: (component id or "", level or "", block position or -1) behind each column.
        arm_ids: the rows.
        rows: (arms, columns).
        constant: component ids without variation.
    """

    names: tuple[str, ...]
    terms: tuple[tuple[str, str, int], ...]
    arm_ids: tuple[str, ...]
    rows: Floats
    constant: tuple[str, ...]

    def entries(self, levels: Mapping[str, Level | None]) -> dict[int, float]:
        """Column index -> entry for the columns of these components at these levels; other columns are left out."""
        return {i: _entry(term, levels, ()) for i, term in enumerate(self.terms) if term[0] in levels}

    @property
    def rank(self) -> int:
        """Numerical rank of the matrix."""
        return int(np.linalg.matrix_rank(self.rows))


def model_matrix(design: Design) -> ModelMatrix:
    """The main-effects matrix of the arms with known levels."""
    arms = [arm for arm in design.arms if arm.known]
    known = [(dict(arm.levels), arm.block) for arm in arms]
    terms: list[tuple[str, str, int]] = [("", "", -1)]
    constant = []
    for component in design.components:
        if design.pair and component.column == design.pair:
            continue
        levels = sorted({of_arm[component.id] for of_arm, _ in known}, key=str)
        if len(levels) < 2:
            constant.append(component.id)
        elif component.type is ComponentType.CATEGORY:
            reference = component.baseline if component.baseline in levels else levels[0]
            terms += [(component.id, str(level), -1) for level in levels if level != reference]
        else:
            terms.append((component.id, "", -1))
    for position in range(len(design.block)):
        values = sorted({arm.block[position] for arm in arms})
        terms += [("", value, position) for value in values[1:]]
    rows = np.array([[_entry(term, *entry) for term in terms] for entry in known], dtype=float)
    names = tuple(_name(term, design) for term in terms)
    return ModelMatrix(
        names, tuple(terms), tuple(arm.arm_id for arm in arms), rows.reshape(len(arms), -1), tuple(constant)
    )


def _entry(term: tuple[str, str, int], levels: Mapping[str, Level | None], block: Sequence[str]) -> float:
    component, value, position = term
    if component:
        level = levels[component]
        return float(level == value) if value else float(level or 0.0)
    if position >= 0:
        return float(block[position] == value)
    return 1.0


def _name(term: tuple[str, str, int], design: Design) -> str:
    component, value, position = term
    if component:
        return f"{component}={level_text(value)}" if value else component
    return f"{design.block[position]}={value}" if position >= 0 else "intercept"
