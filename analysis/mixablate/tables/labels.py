"""The labels table: what people said of rollouts that a judge scored."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from mixablate.errors import Problem
from mixablate.tables.columns import missing_column
from mixablate.tables.ids import read_names
from mixablate.tables.label_columns import LABEL_COLUMNS
from mixablate.tables.levels import read_booleans
from mixablate.tables.names import nearest_name, shown
from mixablate.tables.numbers import BadCell, cell_problems, read_counts
from mixablate.tables.raw import RawTable, text_cells, text_column
from mixablate.tables.rows import unused_columns

__all__ = ["read_labels"]

REQUIRED = ("eval_id", "human", "judged")


def read_labels(
    table: RawTable, run_ids: Collection[str], eval_ids: Collection[str]
) -> tuple[pd.DataFrame, list[Problem]]:
    """The labels, one row per rollout or per count of rollouts labelled alike.

    Args:
        table: as it came in.
        run_ids: those of the runs table.
        eval_ids: those of the evals table.
    """
    header = [name for name in table.columns if name]
    problems = [
        missing_column(name, header, table.place, LABEL_COLUMNS[name]) for name in REQUIRED if name not in table
    ]
    columns: dict[str, object] = {}
    for name, known in (("eval_id", eval_ids), ("run_id", run_ids)):
        names, faults = read_names(table, name, required=name == "eval_id" and name in table)
        problems += [*faults, *_unknown(table, name, names, known)]
        columns[name] = text_column(names)
    judges, faults = read_names(table, "judge", required=False)
    problems += faults
    columns["judge"] = text_column(judges)
    for name in ("human", "judged"):
        columns[name], faults = read_booleans(table, name)
        problems += [*faults, *_blank(table, name)]
    counts, faults = read_counts(table, "n")
    bad = [
        BadCell(int(row), "COUNT_RANGE", f"{counts[row]:g}", "n of 0 or more", "Correct the count.")
        for row in np.flatnonzero(counts < 0)
    ]
    problems += [*faults, *cell_problems(table, "n", bad), *unused_columns(table, LABEL_COLUMNS)]
    columns["n"] = np.where(np.isnan(counts), 1.0, counts)
    return pd.DataFrame(columns)[list(LABEL_COLUMNS)], problems


def _unknown(table: RawTable, column: str, names: list[str], known: Collection[str]) -> list[Problem]:
    code = "UNKNOWN_RUN" if column == "run_id" else "UNKNOWN_EVAL"
    required = f"the {column} of a row of the {'runs' if column == 'run_id' else 'evals'} table"
    bad = [
        BadCell(row, code, shown(name), required, nearest_name(name, known))
        for row, name in enumerate(names)
        if name and name not in known
    ]
    return cell_problems(table, column, bad)


def _blank(table: RawTable, column: str) -> list[Problem]:
    if column not in table:
        return []
    remedy = "Fill the cell, or delete the row: a rollout without both answers validates nothing."
    required = f"0 or 1 in {shown(column)}"
    bad = [
        BadCell(row, "LABEL_MISSING", "a blank cell", required, remedy)
        for row, cell in enumerate(text_cells(table, column))
        if not cell.strip()
    ]
    return cell_problems(table, column, bad)
