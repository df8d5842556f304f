"""Partial confounding: how much of a component is left once the others, or a recorded property, are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.design.arms import Design
from mixablate.design.confounds import DATE_COLUMNS, SIDES_MUST_SHARE, SIZE_COLUMNS, Confound, ConfoundKind
from mixablate.design.matrix import ModelMatrix, model_matrix
from mixablate.tables import Tables

__all__ = ["NEARLY_ALL", "Closeness", "closeness", "near_confounds"]

Floats = NDArray[np.float64]
NEARLY_ALL = 0.9  # R squared from which a component is called nearly inseparable: a variance inflated tenfold
NOTHING = 1e-8  # of a column's length: aliased
SPARE = 2  # runs beyond the coefficients, below which everything fits


@dataclass(frozen=True, slots=True)
class Closeness:
    """How nearly the other components give a component.

    Attributes:
        r_squared: of the component's column regressed on all others, over runs; the largest over a category's columns.
        inflation: 1 / (1 - r_squared): how much the others inflate the variance of its coefficient.
        nearest: id of the component (or block column) that alone correlates most; "" where nothing does.
    """

    r_squared: float
    inflation: float
    nearest: str


def closeness(design: Design) -> dict[str, Closeness]:
    """Component id -> its closeness, for components that vary and are not aliased."""
    matrix, rows = _by_run(design)
    found: dict[str, Closeness] = {}
    for component, own, rest in _split(matrix):
        worst = 0.0
        for column in own:
            centred = rows[:, column] - rows[:, column].mean()
            left = _residual(rows[:, rest], rows[:, column])
            if np.linalg.norm(left) <= NOTHING * np.linalg.norm(rows[:, column]):
                worst = 1.0
                break
            worst = max(worst, 1.0 - float(left @ left) / float(centred @ centred))
        if worst < 1.0:
            nearest = _nearest(design, matrix, rows, own, rest)
            found[component] = Closeness(worst, 1.0 / (1.0 - worst), nearest)
    return found


def near_confounds(design: Design, tables: Tables) -> dict[str, tuple[Confound, ...]]:
    """Component id -> recorded properties that explain 90 % or more of what the other components leave of it.

    Properties: sizes, dates and steps as numbers; base model and judge as names. A property with so many values that
    it would fit any component is not looked at, nor is a component that is aliased or never varies. The variance
    inflation of the component's coefficient, were the property added to the model, is 1 / (1 - R squared).
    """
    matrix, rows = _by_run(design)
    by_id = {c.id: c for c in design.components}
    run_ids = [run_id for a in matrix.arm_ids for run_id in design.arm(a).run_ids]
    properties = [p for p in _properties(tables, run_ids) if p[0] not in (*design.block, design.pair)]
    found: dict[str, tuple[Confound, ...]] = {}
    for component, own, rest in _split(matrix):
        near = []
        for name, values in properties:
            known = ~np.isnan(values).any(axis=1)
            if name == by_id[component].column or _spare(rows[known], values[known]) < SPARE:
                continue
            explained = _explained(rows[known], own, rest, values[known])
            if explained >= NEARLY_ALL:
                near.append(_near(by_id[component].label, name, min(explained, 1.0)))
        found[component] = tuple(near)
    return found


def _near(label: str, name: str, r_squared: float) -> Confound:
    words = name.replace("_", " ")
    inflated = f"{1.0 / (1.0 - r_squared):.0f}-fold" if r_squared < 1.0 - NOTHING else "without limit"
    sentence = (
        f"{label} is nearly inseparable from {words}: given the other components, {words} explains "
        f"{100.0 * r_squared:.0f} % of it (the variance of its effect beside {words} is inflated {inflated})"
    )
    return Confound(name, ConfoundKind.NEAR, sentence, "", r_squared)


def _by_run(design: Design) -> tuple[ModelMatrix, Floats]:
    matrix = model_matrix(design)
    counts = [len(design.arm(a).run_ids) for a in matrix.arm_ids]
    return matrix, np.repeat(matrix.rows, counts, axis=0)


def _split(matrix: ModelMatrix) -> Iterator[tuple[str, list[int], list[int]]]:
    """Each component with its own columns and the columns of everything else."""
    for component in dict.fromkeys(term[0] for term in matrix.terms if term[0]):
        own = [i for i, term in enumerate(matrix.terms) if term[0] == component]
        yield component, own, [i for i in range(len(matrix.terms)) if i not in own]


def _residual(columns: Floats, target: Floats) -> Floats:
    lengths = np.linalg.norm(columns, axis=0)
    scaled = columns / np.where(lengths > 0.0, lengths, 1.0)
    return np.asarray(target - scaled @ np.linalg.lstsq(scaled, target, rcond=None)[0], dtype=np.float64)


def _nearest(design: Design, matrix: ModelMatrix, rows: Floats, own: Sequence[int], rest: Sequence[int]) -> str:
    best, name = NOTHING, ""
    for i in rest[1:]:
        for column in own:
            r = float(np.corrcoef(rows[:, column], rows[:, i])[0, 1] ** 2)
            if r > best + NOTHING:
                best, name = r, matrix.terms[i][0] or design.block[matrix.terms[i][2]]
    return name


def _properties(tables: Tables, run_ids: Sequence[str]) -> Iterator[tuple[str, Floats]]:
    """Recorded properties of these runs as columns: (name, runs x columns), NaN where unknown."""
    runs = tables.runs.set_index("run_id").reindex(list(run_ids))
    for name in SIZE_COLUMNS:
        if name in runs.columns:
            yield name, pd.to_numeric(runs[name], errors="coerce").to_numpy(float)[:, None]
    for name in DATE_COLUMNS:
        if name in runs.columns:
            dates = pd.to_datetime(runs[name], errors="coerce", utc=True, format="ISO8601")
            seconds = np.asarray((dates - dates.min()).dt.total_seconds(), dtype=np.float64)
            yield name, seconds[:, None]
    headline = tables.headline
    if "step" in headline.columns:
        steps = pd.to_numeric(headline["step"], errors="coerce").groupby(headline["run_id"]).mean()
        yield "step", steps.reindex(list(run_ids)).to_numpy(float)[:, None]
    for name in SIDES_MUST_SHARE:
        if name in runs.columns:
            yield name, _dummies(runs[name])
        elif name in headline.columns:
            said = headline.groupby("run_id")[name].agg(lambda v: " + ".join(sorted({str(x) for x in v if x})))
            yield name, _dummies(said.reindex(list(run_ids)).replace("", None))


def _dummies(names: pd.Series) -> Floats:
    """One column a name but the first; NaN rows where unknown."""
    known = sorted({str(v) for v in names.dropna()})
    columns = np.array([[float(v == name) for name in known[1:]] for v in names.astype(object)], dtype=float)
    columns = columns.reshape(len(names), max(len(known) - 1, 0))
    columns[names.isna().to_numpy()] = np.nan
    return columns


def _spare(rows: Floats, values: Floats) -> int:
    """Runs beyond the coefficients of all components and the property."""
    return len(rows) - int(np.linalg.matrix_rank(rows)) - values.shape[1] if len(rows) and values.shape[1] else 0


def _explained(rows: Floats, own: Sequence[int], rest: Sequence[int], values: Floats) -> float:
    """R squared of the component on the property, both without the other components; 0 where nothing is left."""
    beside = np.column_stack([_residual(rows[:, rest], values[:, i]) for i in range(values.shape[1])])
    lengths = np.linalg.norm(values, axis=0)
    beside = beside[:, np.linalg.norm(beside, axis=0) > NOTHING * lengths]
    if not beside.shape[1]:
        return 0.0
    worst = 0.0
    for column in own:
        left = _residual(rows[:, rest], rows[:, column])
        if np.linalg.norm(left) > NOTHING * np.linalg.norm(rows[:, column]):
            after = _residual(beside, left)
            worst = max(worst, 1.0 - float(after @ after) / float(left @ left))
    return worst
