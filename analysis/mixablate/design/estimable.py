"""What these runs can and cannot separate, and the arm that would separate it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from mixablate.design.arms import Arm, Design
from mixablate.design.contrasts import Contrast, switch
from mixablate.design.matrix import model_matrix
from mixablate.study import Component, ComponentType, Study
from mixablate.tables import Tables

__all__ = ["SIDES_MUST_SHARE", "Estimability", "alias_sentences", "confounds", "estimability"]

SIDES_MUST_SHARE = ("base_model", "judge", "task_version")
SIZE_COLUMNS = ("tokens", "examples", "epochs")


@dataclass(frozen=True, slots=True)
class Estimability:
    """Whether these runs can estimate one component's effect.

    Attributes:
        component: id.
        label: for people.
        estimable: some stratum of the other components and block holds both its sides.
        n_reference, n_treated: training runs on each side, over the strata used.
        strata_used, strata_left_out: in words.
        reason: why not, or empty.
        needed: the arm that would make it estimable, or empty.
    """

    component: str
    label: str
    estimable: bool
    n_reference: int
    n_treated: int
    strata_used: tuple[str, ...]
    strata_left_out: tuple[str, ...]
    reason: str
    needed: str


def estimability(study: Study, design: Design) -> tuple[Estimability, ...]:
    """One row per component that has a baseline and a target, in declaration order."""
    rows = []
    for component in study.components:
        if component.baseline is None or component.target is None:
            continue
        contrast = switch(design, [component.id], name=component.id)
        together = _always_with(design, component)
        reason = contrast.reason
        if reason and together:
            reason = f"it only ever appears together with {together}"
        rows.append(
            Estimability(
                component.id,
                component.label,
                contrast.estimable,
                _runs_on(design, contrast, negative=True),
                _runs_on(design, contrast, negative=False),
                contrast.strata_used,
                contrast.strata_left_out,
                reason,
                contrast.needed,
            )
        )
    return tuple(rows)


def alias_sentences(design: Design) -> tuple[str, ...]:
    """One sentence per set of components these arms cannot tell apart, each naming the arm that would.

    Components whose levels move together in every arm, components that never vary, and components that are a sum of
    others (the rank of the main-effects matrix falls short) are named.
    """
    sentences = []
    arms = [arm for arm in design.arms if arm.known]
    by_id = {c.id: c for c in design.components}
    matrix = model_matrix(design)
    for component_id in matrix.constant:
        component = by_id[component_id]
        sentences.append(
            f'"{component.label}" has the same level in every run: its effect cannot be estimated. '
            f"An arm at another level of {component_id} would separate it."
        )
    varying = [c for c in design.components if c.id not in matrix.constant]
    paired = []
    for one, other in combinations(varying, 2):
        if _one_to_one(arms, one.id, other.id):
            paired.append((one.id, other.id))
            sentences.append(
                f'"{one.label}" and "{other.label}" only ever appear together: these runs give their joint effect and '
                f"cannot split it. An arm with {one.id} at its target and {other.id} at its baseline would "
                "separate them."
            )
    deficit = matrix.rows.shape[1] - matrix.rank
    if deficit > len(paired):
        sentences.append(
            "The main effects are linearly dependent over these arms "
            f"(rank {matrix.rank} of {matrix.rows.shape[1]}): {_dependent(matrix.rows, matrix.names)}."
        )
    return tuple(sentences)


def confounds(
    design: Design, tables: Tables, contrast: Contrast, evals: Collection[str] = ()
) -> tuple[tuple[str, str], ...]:
    """(column, sentence) for each recorded property that the two sides of a contrast do not share.

    `SIDES_MUST_SHARE` (base model, judge, task version): the sides have none in common, and a claim is then untestable;
    judge and task version are compared eval by eval, over `evals` (all of them if empty). Sizes (tokens, examples,
    epochs) whose ranges do not overlap are named as the size-matched control that is missing.
    """
    found = list(_grading(design, tables, contrast, evals))
    runs = tables.runs.set_index("run_id")
    treated = [r for a, c in contrast.coefficients if c > 0 for r in design.arm(a).run_ids]
    reference = [r for a, c in contrast.coefficients if c < 0 for r in design.arm(a).run_ids]
    if "base_model" in runs.columns and design.pair != "base_model" and "base_model" not in _columns(design, contrast):
        sides = [set(runs.loc[ids, "base_model"].dropna()) for ids in (treated, reference)]
        if sides[0] and sides[1] and not sides[0] & sides[1]:
            found.append(
                ("base_model", "the two sides share no base model, so the mix and the base model changed together")
            )
    for column in SIZE_COLUMNS:
        if column in runs.columns and column not in _columns(design, contrast):
            one, other = (
                pd.to_numeric(runs.loc[ids, column], errors="coerce").dropna() for ids in (treated, reference)
            )
            if len(one) and len(other) and (one.min() > other.max() or other.min() > one.max()):
                found.append(
                    (
                        column,
                        f"{contrast.label}: the sides differ in {column} in every run "
                        f"({other.min():,.0f} to {other.max():,.0f} against {one.min():,.0f} to {one.max():,.0f}); "
                        f"a control matched in {column} would tell the content from the amount",
                    )
                )
    return tuple(found)


def _grading(design: Design, tables: Tables, contrast: Contrast, evals: Collection[str]) -> Iterator[tuple[str, str]]:
    side = {r: c > 0 for a, c in contrast.coefficients for r in design.arm(a).run_ids}
    rows = tables.headline[tables.headline["run_id"].isin(side)]
    if evals:
        rows = rows[rows["eval_id"].isin(list(evals))]
    for column in ("judge", "task_version"):
        if column not in rows.columns:
            continue
        for eval_id, mine in rows.groupby("eval_id", sort=True):
            treated = mine["run_id"].map(side).astype(bool)
            one, other = (sorted({str(v) for v in mine.loc[mask, column] if v}) for mask in (treated, ~treated))
            if one and other and not set(one) & set(other):
                words = column.replace("_", " ")
                yield (
                    column,
                    f'on "{eval_id}" the two sides share no {words} ({", ".join(other)} against {", ".join(one)}), '
                    f"so the mix and the {words} changed together",
                )


def _columns(design: Design, contrast: Contrast) -> set[str]:
    return {c.column for c in design.components if c.id in contrast.components}


def _runs_on(design: Design, contrast: Contrast, *, negative: bool) -> int:
    return sum(len(design.arm(a).run_ids) for a, c in contrast.coefficients if (c < 0) == negative)


def _one_to_one(arms: list[Arm], one: str, other: str) -> bool:
    pairs = {(arm.level(one), arm.level(other)) for arm in arms}
    return len({a for a, _ in pairs}) == len(pairs) == len({b for _, b in pairs}) and len(pairs) > 1


def _always_with(design: Design, component: Component) -> str:
    arms = [arm for arm in design.arms if arm.known]
    partners = [
        other.label
        for other in design.components
        if other.id != component.id
        and other.type is not ComponentType.CATEGORY
        and _one_to_one(arms, component.id, other.id)
    ]
    return " and ".join(f'"{label}"' for label in partners)


def _dependent(rows: np.ndarray, names: tuple[str, ...]) -> str:
    _, _, v = np.linalg.svd(rows)
    null = v[-1]
    involved = [name for name, weight in zip(names, null, strict=True) if abs(weight) > 1e-8]
    return ", ".join(involved) + " cannot be told apart"
