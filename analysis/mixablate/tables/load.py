"""The doors of the layer: a study's files, or frames in memory, validated into `Tables`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from mixablate.errors import Problem, Severity, TableError
from mixablate.study import Study
from mixablate.tables.contract import OUTCOME_KEYS
from mixablate.tables.evals import read_evals
from mixablate.tables.frames import OutcomeKind, SourceFile, Tables
from mixablate.tables.headline import read_headline
from mixablate.tables.independence import counted_once
from mixablate.tables.items import headline_items, no_items
from mixablate.tables.joins import claim_problems, join_problems, rename_notices, version_notices
from mixablate.tables.label_columns import no_labels
from mixablate.tables.labels import read_labels
from mixablate.tables.none import no_tables
from mixablate.tables.outcomes import eval_kinds, read_outcomes
from mixablate.tables.raw import RawTable, from_frame, text_column
from mixablate.tables.read import Reading, read_csv_table
from mixablate.tables.runs import read_runs

__all__ = ["read_tables", "tables_from_frames"]

SEVERITIES = tuple(Severity)


@dataclass(frozen=True, slots=True)
class _Inputs:
    """The tables as they came in; one that could not be read at all is None."""

    runs: RawTable | None
    outcomes: RawTable | None
    evals: RawTable | None
    labels: RawTable | None
    items: pd.DataFrame | None
    problems: tuple[Problem, ...]
    sources: tuple[SourceFile, ...]


def read_tables(study: Study, *, progress: Callable[[str], None] | None = None) -> Tables:
    """The validated tables of a study, from the files it names; without a row where it rests on reported figures alone.

    Of runs of one arm and seed one stays (`Tables.named` has all), unless the study calls them independent.

    Args:
        study: its `tables` say where they are.
        progress: told what reading rollouts cost, in a sentence.

    Raises:
        TableError: with every problem found in every file, each with its place, what was found, what is required and
            what to do. Warnings and information do not raise; they are in `Tables.notices`.
    """
    if study.tables is None:
        return no_tables()
    paths, folder = study.tables, study.folder
    runs = read_csv_table("runs", paths.runs, folder, paths.rename)
    if paths.rollouts is not None:
        # duckdb takes 0.2 s to import and most studies hold counts
        from mixablate.tables.rollouts import read_rollouts

        outcomes = read_rollouts(
            paths.rollouts, folder, paths.rename, engine=paths.engine, sentinels=paths.sentinels, progress=progress
        )
    else:
        outcomes = read_csv_table("outcomes", str(paths.outcomes), folder, paths.rename)
    evals = read_csv_table("evals", paths.evals, folder, paths.rename)
    readings: tuple[Reading, ...] = (runs, outcomes, evals)
    labels = read_csv_table("labels", paths.labels, folder, paths.rename) if paths.labels is not None else None
    if labels is not None:
        readings = (*readings, labels)
    problems = tuple(problem for reading in readings for problem in reading.problems)
    sources = tuple(reading.source for reading in readings if reading.source is not None)
    labelled = labels.table if labels is not None else None
    return _validated(
        study, _Inputs(runs.table, outcomes.table, evals.table, labelled, outcomes.items, problems, sources)
    )


def tables_from_frames(
    study: Study,
    *,
    runs: pd.DataFrame,
    outcomes: pd.DataFrame,
    evals: pd.DataFrame,
    labels: pd.DataFrame | None = None,
) -> Tables:
    """The validated tables of a study, from frames in memory: as those that `read_tables` makes of files.

    About 10 ms for 40 runs.

    Args:
        study: its `tables` paths are not read; its `tables.rename` applies.
        runs: one row per trained model, as design.md's runs table.
        outcomes: one row per run and eval, counts or scores.
        evals: one row per eval.
        labels: what people said of rollouts, one row each or with their count.

    Raises:
        TableError: with every problem of all frames.
    """
    rename = _rename(study)
    tables: list[RawTable] = []
    problems: list[Problem] = []
    given = [("runs", runs), ("outcomes", outcomes), ("evals", evals)]
    for role, frame in [*given, *([("labels", labels)] if labels is not None else [])]:
        table, faults = from_frame(role, frame, rename)
        tables.append(table)
        problems += faults
    return _validated(
        study,
        _Inputs(tables[0], tables[1], tables[2], tables[3] if labels is not None else None, None, tuple(problems), ()),
    )


def _rename(study: Study) -> dict[str, str]:
    return {} if study.tables is None else study.tables.rename


def _sentinels(study: Study) -> tuple[float, ...] | None:
    """Those still to be looked for in a table of outcomes: rollouts have been read with them."""
    if study.tables is None or study.tables.rollouts is not None:
        return ()
    return study.tables.sentinels


def _validated(study: Study, inputs: _Inputs) -> Tables:
    problems = list(inputs.problems)
    runs, outcomes, evals = None, None, None
    if inputs.runs is not None:
        runs, faults = read_runs(study, inputs.runs)
        problems += faults
    if inputs.evals is not None:
        evals, faults = read_evals(inputs.evals)
        problems += faults
    if inputs.outcomes is not None:
        versions = {} if evals is None else dict(zip(evals["eval_id"], evals["task_version"], strict=True))
        outcomes, faults = read_outcomes(inputs.outcomes, versions, _sentinels(study))
        problems += faults
    if runs is None or outcomes is None or evals is None:
        raise TableError(_errors(problems))
    return _joined(study, inputs, runs, outcomes, evals, problems)


def _joined(
    study: Study,
    inputs: _Inputs,
    runs: pd.DataFrame,
    outcomes: pd.DataFrame,
    evals: pd.DataFrame,
    problems: list[Problem],
) -> Tables:
    tables = [table for table in (inputs.runs, inputs.outcomes, inputs.evals) if table is not None]
    problems += join_problems((tables[0], runs), (tables[1], outcomes), (tables[2], evals))
    unknown = set(outcomes["eval_id"]) - set(evals["eval_id"])
    problems += claim_problems(study, evals, tables[2].place, unknown) if tables[2].whole else []
    problems += rename_notices(_rename(study), tables)
    problems += version_notices(outcomes, evals, tables[1].place)
    labels = no_labels()
    if inputs.labels is not None:
        labels, faults = read_labels(inputs.labels, set(runs["run_id"]), set(evals["eval_id"]))
        problems += faults
    kinds, faults = eval_kinds(outcomes, tables[1].place)
    problems += faults
    if errors := _errors(problems):
        raise TableError(errors)
    outcomes = _ordered(outcomes, OUTCOME_KEYS)
    headline, faults = read_headline(study, outcomes, tables[1].place)
    problems += faults
    if headline.empty and not _errors(problems):
        required, remedy = (
            "at least one run with a rate or a score",
            "Add outcomes; the warnings say what was left out.",
        )
        problems.append(Problem("NO_OUTCOMES", tables[1].place, "nothing that was measured", required, remedy))
    if errors := _errors(problems):
        raise TableError(errors)
    kind = [kinds.get(eval_id, OutcomeKind.EVENTS.value) for eval_id in evals["eval_id"].tolist()]
    whole = Tables(
        runs=_ordered(runs, ("run_id",)),
        outcomes=outcomes,
        evals=_ordered(evals.assign(kind=text_column(kind)), ("eval_id",)),
        headline=headline,
        notices=tuple(sorted(set(problems), key=_notice_order)),
        sources=inputs.sources,
        labels=labels,
        items=no_items() if inputs.items is None else headline_items(inputs.items, headline),
    )
    return counted_once(study, whole)


def _errors(problems: Iterable[Problem]) -> list[Problem]:
    """The errors, each once, in the order found: runs, evals, outcomes, then what joins them."""
    return list(dict.fromkeys(problem for problem in problems if problem.severity is Severity.ERROR))


def _notice_order(problem: Problem) -> tuple[int, str, str, str]:
    return SEVERITIES.index(problem.severity), problem.code, problem.place, problem.found


def _ordered(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """The frame sorted by its keys, blank numbers first, so that the order of the input moves no number."""
    columns = [frame[key].tolist() for key in keys]
    rows = [tuple(float("-inf") if part != part else part for part in row) for row in zip(*columns, strict=True)]
    order = sorted(range(len(rows)), key=rows.__getitem__)
    return frame.iloc[order].reset_index(drop=True)
