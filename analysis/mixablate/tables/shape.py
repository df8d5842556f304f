"""The shape of a study's tables: their runs, evals and outcome rows, without a single outcome."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from mixablate.errors import Problem, Severity, TableError
from mixablate.study import PlannedCells, Shape, Study
from mixablate.tables.contract import OUTCOME_TEXT, RUN_TEXT
from mixablate.tables.evals import read_evals
from mixablate.tables.frames import Tables
from mixablate.tables.ids import read_names
from mixablate.tables.joins import claim_problems
from mixablate.tables.mixes import MIX
from mixablate.tables.numbers import read_numbers
from mixablate.tables.raw import RawTable, text_cells
from mixablate.tables.read import Reading, read_csv_table
from mixablate.tables.runs import read_runs

__all__ = ["PlannedTables", "planned_tables", "shape_of"]

NOTHING_YET = frozenset({"FILE_MISSING", "EMPTY_FILE", "NO_ROWS"})
"""What an outcome table that is still to come is refused for elsewhere."""

Said = Callable[[str], None]
Key = tuple[str, float | None, str, str, str, str]


@dataclass(frozen=True, slots=True)
class PlannedTables:
    """What can be locked of the tables.

    Attributes:
        shape: of the tables as they stand.
        measured: outcome rows that hold a measurement already.
        notices: warnings from reading the runs and evals.
    """

    shape: Shape
    measured: int
    notices: tuple[Problem, ...]


def planned_tables(study: Study, *, progress: Said | None = None) -> PlannedTables:
    """The shape of the tables as they stand in the files, where outcomes may be absent, empty or blank.

    Raises:
        TableError: the runs or evals break their contract, a claim names an unknown eval, the outcomes that are there
            cannot be read, or the study has no tables.
    """
    if study.tables is None:
        raise TableError(Problem("STUDY_WITHOUT_TABLES", "the study file", "no [tables]", "tables", "Add [tables]."))
    paths, folder = study.tables, study.folder
    read = [read_csv_table(role, path, folder, paths.rename) for role, path in _planned(study)]
    problems = [problem for reading in read for problem in reading.problems]
    runs, evals = (reading.table for reading in read)
    if runs is None or evals is None:
        raise TableError(_errors(problems))
    run_frame, faults = read_runs(study, runs)
    problems += faults
    eval_frame, faults = read_evals(evals)
    problems += [*faults, *claim_problems(study, eval_frame, evals.place)]
    outcomes = _outcomes(study, progress)
    problems += [p for p in outcomes.problems if p.code not in NOTHING_YET]
    if errors := _errors(problems):
        raise TableError(errors)
    cells, measured = _cells(outcomes.table, eval_frame)
    shape = Shape(runs=_runs(study, run_frame), evals=_evals(eval_frame), outcomes=cells)
    warned = tuple(dict.fromkeys(p for p in problems if p.severity is Severity.WARNING))
    return PlannedTables(shape, measured, warned)


def shape_of(study: Study, tables: Tables) -> Shape:
    """The shape of validated tables, every run that was named in it, to be compared with one that was locked."""
    names = ("run_id", "eval_id", "step", *OUTCOME_TEXT)
    whole = tables.named or tables
    columns = [whole.outcomes[name].tolist() for name in names]
    grouped: dict[Key, list[str]] = {}
    for run_id, eval_id, step, *text in zip(*columns, strict=True):
        _add(grouped, str(run_id), str(eval_id), float(step), [str(word) for word in text])
    return Shape(runs=_runs(study, whole.runs), evals=_evals(whole.evals), outcomes=_listed(grouped))


def _planned(study: Study) -> tuple[tuple[str, str], tuple[str, str]]:
    assert study.tables is not None
    return ("runs", study.tables.runs), ("evals", study.tables.evals)


def _outcomes(study: Study, progress: Said | None) -> Reading:
    assert study.tables is not None
    paths = study.tables
    if paths.rollouts is None:
        return read_csv_table("outcomes", str(paths.outcomes), study.folder, paths.rename)
    # duckdb takes 0.2 s to import and most studies hold counts
    from mixablate.tables.rollouts import read_rollouts

    return read_rollouts(paths.rollouts, study.folder, paths.rename, engine=paths.engine, progress=progress)


def _runs(study: Study, frame: pd.DataFrame) -> dict[str, dict[str, bool | float | str | None]]:
    """Each run's levels, mix, blocks, pair and covariates, and where it came from."""
    named = [*study.analysis.block, study.analysis.pair, *study.analysis.covariates]
    mixes = [name for name in frame.columns if name.startswith(MIX)]
    wanted = dict.fromkeys([*(c.id for c in study.components), *named, *RUN_TEXT, *mixes])
    columns = [name for name in wanted if name in frame.columns]
    rows = zip(*(frame[name].tolist() for name in ("run_id", *columns)), strict=True)
    return {str(run): {c: _plain(v) for c, v in zip(columns, values, strict=True)} for run, *values in sorted(rows)}


def _evals(frame: pd.DataFrame) -> dict[str, dict[str, bool | float | str | None]]:
    columns = ("domain", "direction", "weight", "task_version")
    rows = zip(*(frame[name].tolist() for name in ("eval_id", *columns)), strict=True)
    return {str(name): {c: _plain(v) for c, v in zip(columns, values, strict=True)} for name, *values in sorted(rows)}


def _plain(value: object) -> bool | float | str | None:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float | int):
        return float(value)
    return str(value)


def _cells(table: RawTable | None, evals: pd.DataFrame) -> tuple[tuple[PlannedCells, ...], int]:
    """The outcome rows by their keys, and how many hold a measurement; nothing else of them is looked at."""
    if table is None:
        return (), 0
    versions = dict(zip(evals["eval_id"].tolist(), evals["task_version"].tolist(), strict=True))
    names = {name: read_names(table, name, required=False)[0] for name in ("run_id", "eval_id", *OUTCOME_TEXT)}
    steps = read_numbers(table, "step")[0]
    grouped: dict[Key, list[str]] = {}
    for row in range(table.n_rows):
        text = {name: names[name][row] for name in OUTCOME_TEXT}
        eval_id = names["eval_id"][row]
        text["task_version"] = text["task_version"] or str(versions.get(eval_id, ""))
        _add(grouped, names["run_id"][row], eval_id, float(steps[row]), list(text.values()))
    events, values = text_cells(table, "n_events"), text_cells(table, "value")
    measured = sum(bool(e.strip() or v.strip()) for e, v in zip(events, values, strict=True))
    return _listed(grouped), measured


def _add(grouped: dict[Key, list[str]], run_id: str, eval_id: str, step: float, text: Sequence[str]) -> None:
    metric, judge, version, replicate = text
    key = (eval_id, None if math.isnan(step) else step, metric, judge, version, replicate)
    grouped.setdefault(key, []).append(run_id)


def _listed(grouped: Mapping[Key, Sequence[str]]) -> tuple[PlannedCells, ...]:
    ordered = sorted(
        grouped.items(), key=lambda item: (item[0][0], item[0][1] is not None, item[0][1] or 0.0, *item[0][2:])
    )
    return tuple(
        PlannedCells(
            eval=eval_id,
            step=step,
            metric=metric,
            judge=judge,
            task_version=version,
            replicate=replicate,
            runs=tuple(sorted(set(runs))),
        )
        for (eval_id, step, metric, judge, version, replicate), runs in ordered
    )


def _errors(problems: Sequence[Problem]) -> list[Problem]:
    return list(dict.fromkeys(problem for problem in problems if problem.severity is Severity.ERROR))
