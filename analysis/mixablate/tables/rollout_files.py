"""One row per rollout, in CSV, JSONL or Parquet -> a DuckDB view of text columns; nothing is loaded."""

from __future__ import annotations

import csv
import glob
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mixablate.errors import Problem
from mixablate.tables.columns import missing_column, renamed_columns
from mixablate.tables.names import shown
from mixablate.tables.read import header_problems, wrong_encoding

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["ROLLOUT_COLUMNS", "RolloutView", "csv_faults", "json_faults", "open_view", "quoted_name", "unreadable"]

ROLLOUT_COLUMNS = {
    "run_id": "the run that was evaluated",
    "eval_id": "the eval it was evaluated on",
    "item_id": "the prompt or scenario of the rollout",
    "epoch": "which repetition of the item this is (default: one each)",
    "value": "0 or 1, or a score; blank or null where the rollout was not scored",
    "step": "the checkpoint",
    "metric": "what was scored",
    "judge": "who scored it",
    "task_version": "the version of its prompts and scoring",
    "replicate": "which evaluation of the run this is",
}
REQUIRED = ("run_id", "eval_id", "item_id", "value")
NUMERIC = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "FLOAT",
    "DOUBLE",
    "DECIMAL",
)
LISTED = 5


@dataclass(frozen=True, slots=True)
class RolloutView:
    """The file as a view named `rollouts` with the columns of `ROLLOUT_COLUMNS`.

    Attributes:
        header: the file's columns, in our names.
        typed: whether `value` is a number already (Parquet); otherwise it is text as written.
        problems: of the header.
        usable: whether the view was made.
    """

    header: tuple[str, ...]
    typed: bool
    problems: tuple[Problem, ...]
    usable: bool


def quoted_name(name: str) -> str:
    """A column name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def open_view(con: DuckDBPyConnection, path: Path, declared: str, rename: Mapping[str, str]) -> RolloutView:
    """A view over the file, by its suffix; duckdb's own errors pass through.

    Args:
        con: where the view is made.
        path: the file.
        declared: how messages name it.
        rename: their column name -> ours.
    """
    suffix = path.suffix.casefold()
    if suffix in (".csv", ".tsv"):
        return _csv_view(con, path, declared, rename)
    if suffix in (".jsonl", ".ndjson"):
        return _json_view(con, path, declared, rename)
    if suffix == ".parquet":
        return _parquet_view(con, path, declared, rename)
    found = f"the suffix {shown(path.suffix)}"
    problem = Problem("FILE_FORMAT", declared, found, ".csv, .tsv, .jsonl or .parquet", "Convert the file.")
    return RolloutView((), False, (problem,), False)


def _csv_view(con: DuckDBPyConnection, path: Path, declared: str, rename: Mapping[str, str]) -> RolloutView:
    with path.open("rb") as file:
        first = file.readline()
    try:
        line = first.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return RolloutView((), False, (wrong_encoding(first, error.start, declared),), False)
    separator = "\t" if path.suffix.casefold() == ".tsv" else ","
    header = next(csv.reader([line.rstrip("\r\n")], delimiter=separator), [])
    if not header:
        problem = Problem(
            "EMPTY_FILE", declared, "no header", "a table", "Write a header line and one line per rollout."
        )
        return RolloutView((), False, (problem,), False)
    names, _, problems = renamed_columns(header, rename, declared)
    if no_header := header_problems(header, declared):
        return RolloutView(tuple(names), False, tuple(no_header), False)
    if len(header) == 1 and ";" in header[0]:
        remedy = "Export with comma as separator and point as decimal mark."
        found = f"columns separated by semicolons: {shown(header[0])}"
        problems.append(Problem("LOCALE", f"{declared}, line 1", found, "columns separated by commas", remedy))
    else:
        problems += _missing_columns(names, declared)
    if problems:
        return RolloutView(tuple(names), False, tuple(problems), False)
    source = _csv_source(path, len(header), "nullstr=''")
    _create(con, source, {name: f"c{position}" for position, name in enumerate(names)}, "{column}")
    return RolloutView(tuple(names), False, (), True)


def _csv_source(path: Path, width: int, option: str) -> str:
    separator = "\\t" if path.suffix.casefold() == ".tsv" else ","
    return (
        f"read_csv({_literal(path)}, columns={{{_csv_columns(width)}}}, header=true, delim='{separator}', "
        f"quote='\"', escape='\"', strict_mode=true, auto_detect=false, {option})"
    )


def _csv_columns(width: int) -> str:
    return ", ".join(f"'c{position}': 'VARCHAR'" for position in range(width))


def _json_view(con: DuckDBPyConnection, path: Path, declared: str, rename: Mapping[str, str]) -> RolloutView:
    sample = f"read_json({_literal(path)}, format='newline_delimited', maximum_depth=1, sample_size=20480)"
    header = [str(row[0]) for row in con.execute(f"DESCRIBE SELECT * FROM {sample}").fetchall()]
    names, theirs, problems = renamed_columns(header, rename, declared)
    problems += _missing_columns(names, declared)
    if problems:
        return RolloutView(tuple(names), False, tuple(json_faults(path, declared) or problems), False)
    # keys that first appear after the sample are read too: every known column is asked for
    asked = {name: theirs.get(name, name) for name in ROLLOUT_COLUMNS}
    columns = ", ".join(f"{_text(name)}: 'JSON'" for name in asked.values())
    source = f"read_json({_literal(path)}, format='newline_delimited', columns={{{columns}}})"
    _create(con, source, asked, "json_extract_string({column}, '$')")
    return RolloutView(tuple(names), False, (), True)


def _parquet_view(con: DuckDBPyConnection, path: Path, declared: str, rename: Mapping[str, str]) -> RolloutView:
    source = f"read_parquet({_literal(path)})"
    described = con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    header, types = [str(row[0]) for row in described], [str(row[1]) for row in described]
    names, _, problems = renamed_columns(header, rename, declared)
    problems += _missing_columns(names, declared)
    kinds = dict(zip(names, types, strict=True))
    for name in ("run_id", "eval_id"):
        if kinds.get(name, "").startswith(NUMERIC):
            found = f'numbers ({kinds[name]}) in column "{name}"'
            remedy = "Write the column as text."
            problems.append(Problem("ID_TYPE", declared, found, 'ids as text ("001" is not 1)', remedy))
    if problems:
        return RolloutView(tuple(names), False, tuple(problems), False)
    typed = kinds["value"].startswith(NUMERIC)
    columns = dict(zip(names, header, strict=True))
    _create(con, source, columns, "CAST({column} AS VARCHAR)", "CAST({column} AS DOUBLE)" if typed else "")
    return RolloutView(tuple(names), typed, (), True)


def _create(con: DuckDBPyConnection, source: str, columns: Mapping[str, str], as_text: str, value: str = "") -> None:
    """The view: each known column as text in NFC, "" where it is blank or absent; `value` NULL where blank."""
    parts = []
    for name in ROLLOUT_COLUMNS:
        column = quoted_name(columns[name]) if name in columns else "NULL"
        text = as_text.format(column=column) if name in columns else "CAST(NULL AS VARCHAR)"
        if name == "value":
            parts.append(f"{value.format(column=column) or text} AS value")
        else:
            parts.append(f"coalesce(nfc_normalize({text}), '') AS {quoted_name(name)}")
    con.execute(f"CREATE TEMP VIEW rollouts AS SELECT {', '.join(parts)} FROM {source}")


def _missing_columns(names: Sequence[str], declared: str) -> list[Problem]:
    header = [name for name in names if name]
    return [missing_column(name, header, declared, ROLLOUT_COLUMNS[name]) for name in REQUIRED if name not in names]


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _literal(path: Path) -> str:
    """The path as an SQL string; characters that duckdb would take for a pattern stand for themselves."""
    return _text(glob.escape(str(path)))


def csv_faults(con: DuckDBPyConnection, path: Path, declared: str, width: int, said: str) -> list[Problem]:
    """The rows that duckdb would not read, with their lines: after a failed scan, so that all are named at once.

    Args:
        con: any connection.
        path: the file.
        declared: how messages name it.
        width: its columns.
        said: duckdb's message, for what is not explained otherwise.
    """
    if (offset := _first_bad_byte(path)) is not None:
        return [_encoding_fault(path, offset, declared)]
    counted = ", ".join(f"count(c{position})" for position in range(width))
    # the second scan skips what it rejects, and fills the table it is rejected to only when it is read to its end
    con.execute(f"SELECT {counted} FROM {_csv_source(path, width, 'store_rejects=true')}").fetchall()
    rejected = con.execute("SELECT line, error_type, csv_line FROM reject_errors ORDER BY line").fetchall()
    problems: dict[int, Problem] = {}
    for line, kind, text in rejected:
        code, required, remedy = "RAGGED", f"{width} cells, as in the header", "A comma inside a text needs quotes."
        if "QUOTE" in str(kind):
            code, required, remedy = "QUOTE", "cells quoted from start to end, or not at all", "Close the quote."
        found = shown(str(text).strip())
        problems.setdefault(int(line), Problem(code, f"{declared}, line {line}", found, required, remedy))
    listed = list(problems.values())
    if len(listed) > LISTED:
        found = f"{len(listed) - LISTED} more such rows"
        listed = [*listed[:LISTED], Problem("RAGGED", declared, found, "rows like the header", "Mend them likewise.")]
    return listed or [unreadable(declared, said)]


def _first_bad_byte(path: Path) -> int | None:
    """The offset of the first byte that is not UTF-8."""
    with path.open("rb") as file:
        offset = 0
        for line in file:
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                return offset + error.start
            offset += len(line)
    return None


def _encoding_fault(path: Path, offset: int, declared: str) -> Problem:
    with path.open("rb") as file:
        return wrong_encoding(file.read(offset + 1), offset, declared)


def unreadable(declared: str, said: str) -> Problem:
    """The problem of a file that duckdb cannot read, in its words."""
    return Problem("FILE_FORMAT", declared, said.splitlines()[0], "a readable file", "Write the file again.")


def json_faults(path: Path, declared: str) -> list[Problem]:
    """The first lines of a JSONL file that are not one object each, after a failed scan."""
    problems: list[Problem] = []
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            reason = _json_fault(line)
            if reason and len(problems) < LISTED:
                where = f"{declared}, line {number}"
                problems.append(Problem("JSON_LINE", where, reason, "one JSON object per line", "Correct the line."))
    return problems


def _json_fault(line: bytes) -> str:
    """Why a line is not a JSON object with each key once; "" if it is one, or is blank."""
    if not line.strip():
        return ""
    try:
        pairs = json.loads(line.decode("utf-8"), object_pairs_hook=list)
    except UnicodeDecodeError as error:
        return f"a byte that is not UTF-8, at {error.start}"
    except (ValueError, RecursionError) as error:
        return f"not JSON: {error}"
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):
        return "no object"
    keys = [key for key, _ in pairs]
    repeated = sorted({key for key in keys if keys.count(key) > 1})
    return f"the key {shown(repeated[0])} twice" if repeated else ""
