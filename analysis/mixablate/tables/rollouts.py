"""Rollouts -> one outcome row per run, eval, step, metric, judge, task version and replicate, without loading them."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np

from mixablate.errors import Problem, Severity
from mixablate.tables.contract import OUTCOME_KEYS
from mixablate.tables.frames import SourceFile
from mixablate.tables.names import joined, shown
from mixablate.tables.numbers import explain_number
from mixablate.tables.raw import Cells, RawTable
from mixablate.tables.read import Reading, file_problem
from mixablate.tables.rollout_files import (
    ROLLOUT_COLUMNS,
    RolloutView,
    csv_faults,
    json_faults,
    open_view,
    quoted_name,
    unreadable,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["read_rollouts"]

LISTED = 5
NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
KEYS = ", ".join(quoted_name(name) for name in OUTCOME_KEYS)
ROLLOUT_KEYS = (*OUTCOME_KEYS, "item_id", "epoch")

NUMBERED = f"""
CREATE TEMP VIEW numbered AS
SELECT * EXCLUDE (value), value AS given,
       CASE WHEN regexp_full_match(value, '{NUMBER}') AND isfinite(try_cast(value AS DOUBLE))
                 THEN try_cast(value AS DOUBLE)
            WHEN lower(value) = 'true' THEN 1.0 WHEN lower(value) = 'false' THEN 0.0 END AS value
FROM rollouts
"""
NUMBERED_TYPED = """
CREATE TEMP VIEW numbered AS
SELECT * EXCLUDE (value), CASE WHEN isinf(value) THEN CAST(value AS VARCHAR) END AS given,
       CASE WHEN isfinite(value) THEN value END AS value
FROM rollouts
"""
# Sums run in the order of the values, so that neither the order of the rows nor the number of threads moves a bit.
SUMMED = f"""
WITH kinds AS (
    SELECT eval_id, coalesce(bool_and(value IN (0, 1)), true) AS events FROM numbered GROUP BY eval_id
), means AS (
    SELECT {KEYS}, count(*) AS n_rows, count(value) AS n, count(*) FILTER (value = 1) AS ones,
           fsum(value ORDER BY value) / nullif(count(value), 0) AS mean
    FROM numbered GROUP BY {KEYS}
), spreads AS (
    SELECT {KEYS}, sqrt(fsum((value - mean) ** 2 ORDER BY (value - mean) ** 2) / nullif(count(value) - 1, 0)) AS sd
    FROM numbered JOIN means USING ({KEYS}) JOIN kinds USING (eval_id) WHERE NOT events GROUP BY {KEYS}
)
SELECT {KEYS}, events, n_rows, n, ones, mean, sd
FROM means JOIN kinds USING (eval_id) LEFT JOIN spreads USING ({KEYS}) ORDER BY {KEYS}
"""


def read_rollouts(declared: str, folder: Path, rename: Mapping[str, str]) -> Reading:
    """The outcomes that a file of rollouts sums to: the counts (or mean, n, sd) are exact, whatever the row order.

    An eval whose values are all 0 or 1 (or true and false) counts events; any other value makes it a score. A blank or
    null value is a missing rollout: part of `n_trials`, never harmless. Two rows with the same run, eval, item, epoch,
    step, metric, judge, task version and replicate are refused.

    Args:
        declared: the path as the study declares it; .csv, .tsv, .jsonl or .parquet.
        folder: the study's folder.
        rename: their column name -> ours.
    """
    path = folder / declared
    problem = file_problem(path, declared)
    if problem is None and not path.stat().st_size:
        remedy = "Write one row per rollout."
        problem = Problem("EMPTY_FILE", declared, "0 bytes", "a table", remedy)
    if problem is not None:
        return Reading(None, (problem,), None)
    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "temp_directory": tempfile.gettempdir(),
    }
    with duckdb.connect(":memory:", config=settings) as con:
        view: RolloutView | None = None
        try:
            view = open_view(con, path, declared, rename)
            if not view.usable:
                return Reading(None, view.problems, None)
            return _summed(con, view, path, declared)
        except duckdb.Error as error:
            return Reading(None, tuple(_faults(con, view, path, declared, error)), None)


def _faults(
    con: DuckDBPyConnection, view: RolloutView | None, path: Path, declared: str, error: duckdb.Error
) -> list[Problem]:
    suffix = path.suffix.casefold()
    if suffix in (".csv", ".tsv") and view is not None:
        return csv_faults(con, path, declared, len(view.header), str(error))
    faults = json_faults(path, declared) if suffix in (".jsonl", ".ndjson") else []
    return faults or [unreadable(declared, str(error))]


def _summed(con: DuckDBPyConnection, view: RolloutView, path: Path, declared: str) -> Reading:
    con.execute(NUMBERED_TYPED if view.typed else NUMBERED)
    n_rows = int(str(_rows(con, "SELECT count(*) FROM rollouts")[0][0]))
    if not n_rows:
        problem = Problem("NO_ROWS", declared, "a header and no rows", "at least one row", "Write one row per rollout.")
        return Reading(None, (problem,), None)
    problems = [*_bad_values(con, declared), *_repeated(con, declared), *_blank_items(con, declared)]
    problems += _not_numbers(con, declared) if view.typed else []
    extra = sorted(set(view.header) - set(ROLLOUT_COLUMNS))
    if extra:
        required = "columns that the contract names"
        problems.append(Problem("UNDECLARED_COLUMN", declared, joined(extra), required, "Not read.", Severity.INFO))
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Reading(_outcomes(con, declared), tuple(problems), SourceFile(declared, digest, n_rows))


def _rows(con: DuckDBPyConnection, query: str) -> list[tuple[object, ...]]:
    return list(con.execute(query).fetchall())


def _outcomes(con: DuckDBPyConnection, declared: str) -> RawTable:
    """The sums as an outcomes table: counts for evals of events, value, n and sd for scores."""
    rows = _rows(con, SUMMED)
    columns: dict[str, Cells] = {
        name: [str(row[position]) for row in rows] for position, name in enumerate(OUTCOME_KEYS)
    }
    events, n_rows, n, ones, mean, sd = zip(*(row[len(OUTCOME_KEYS) :] for row in rows), strict=True)
    counted = np.array(events, dtype=bool)
    totals, scored = np.array(n_rows, dtype=float), np.array(n, dtype=float)
    columns["n_trials"] = np.where(counted, totals, np.nan)
    columns["n_events"] = np.where(counted, np.array(ones, dtype=float), np.nan)
    columns["n_missing"] = totals - scored
    columns["value"] = np.where(counted, np.nan, np.array(mean, dtype=float))
    columns["n"] = np.where(counted, np.nan, scored)
    columns["sd"] = np.where(counted, np.nan, np.array(sd, dtype=float))
    labels = [f"run {shown(str(row[0]))}, eval {shown(str(row[1]))}" for row in rows]
    return RawTable("outcomes", declared, columns, len(rows), labels=labels)


def _bad_values(con: DuckDBPyConnection, declared: str) -> list[Problem]:
    """Values that are neither numbers nor blank, each distinct one with how often it occurs."""
    bad = _rows(
        con,
        "SELECT given, count(*) AS often, min(run_id), min(eval_id) FROM numbered WHERE given IS NOT NULL "
        f"AND value IS NULL GROUP BY given ORDER BY often DESC, given LIMIT {LISTED + 1}",
    )
    problems = []
    for given, often, run_id, eval_id in bad[:LISTED]:
        code, found, _, remedy = explain_number(str(given))
        where = (
            f'{declared}, column "value", {often} rows (one of run {shown(str(run_id))}, eval {shown(str(eval_id))})'
        )
        remedy = remedy.replace("Leave the cell blank", "Leave the value blank (null in JSONL)")
        if code == "NOT_A_NUMBER":
            remedy = (
                "Write 1 for the event and 0 for none (which of them is bad the eval's direction says), or the score."
            )
        problems.append(Problem(code, where, found, "0, 1, a score, or blank for missing", remedy))
    if len(bad) > LISTED:
        found, remedy = "still other such values", "Mend them in the same way."
        problems.append(Problem("NOT_A_NUMBER", f'{declared}, column "value"', found, "numbers", remedy))
    return problems


def _not_numbers(con: DuckDBPyConnection, declared: str) -> list[Problem]:
    often = _rows(con, "SELECT count(*) FROM rollouts WHERE isnan(value)")[0][0]
    if not often:
        return []
    found, remedy = f"{often} NaN values", "Read as missing rollouts, like nulls."
    return [Problem("NAN_VALUE", declared, found, "null for a missing rollout", remedy, Severity.INFO)]


def _repeated(con: DuckDBPyConnection, declared: str) -> list[Problem]:
    keys = ", ".join(quoted_name(name) for name in ROLLOUT_KEYS)
    repeated = f"SELECT {keys}, count(*) AS often FROM rollouts GROUP BY {keys} HAVING count(*) > 1"
    count = _rows(con, f"SELECT count(*) FROM ({repeated})")[0][0]
    if not count:
        return []
    *key, often = _rows(con, f"SELECT * FROM ({repeated}) ORDER BY {keys} LIMIT 1")[0]
    named = ", ".join(f"{name} {shown(str(part))}" for name, part in zip(ROLLOUT_KEYS, key, strict=True) if part != "")
    found = f"{count} repeated keys, among them {named} ({often} rows)"
    remedy = "Number the repetitions of an item in epoch, and second evaluations in replicate; delete true repeats."
    return [Problem("DUPLICATE_KEY", declared, found, "one row per rollout; none is dropped", remedy)]


def _blank_items(con: DuckDBPyConnection, declared: str) -> list[Problem]:
    often = _rows(con, "SELECT count(*) FROM rollouts WHERE trim(item_id) = ''")[0][0]
    if not often:
        return []
    found, remedy = f"{often} blank cells", "Fill them: rollouts of one item are not independent of one another."
    return [Problem("ID_EMPTY", f'{declared}, column "item_id"', found, "an item_id in every row", remedy)]
