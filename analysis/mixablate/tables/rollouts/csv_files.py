"""CSV files of rollouts as a source for DuckDB: every column as text, nothing guessed, every bad row named."""

from __future__ import annotations

import csv
import glob
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from mixablate.errors import Problem, TableError
from mixablate.tables.columns import renamed_columns
from mixablate.tables.names import shown
from mixablate.tables.read import header_problems, wrong_encoding
from mixablate.tables.rollouts.files import RolloutFiles
from mixablate.tables.rollouts.source import (
    ROLLOUT_COLUMNS,
    Kind,
    Part,
    missing_columns,
    quoted_text,
)

__all__ = ["csv_faults", "csv_parts", "listed"]

LISTED = 5


def listed(paths: Sequence[Path]) -> str:
    """The paths as an SQL list; characters that duckdb would take for a pattern stand for themselves."""
    return "[" + ", ".join(quoted_text(glob.escape(str(path))) for path in paths) + "]"


def csv_parts(files: RolloutFiles, rename: Mapping[str, str]) -> list[Part]:
    """CSV or TSV files as parts of a source, those with the same header together.

    Raises:
        TableError: a header cannot be used.
    """
    alike: dict[tuple[str, ...], list[int]] = {}
    for number, (path, name) in enumerate(zip(files.paths, files.names, strict=True)):
        alike.setdefault(tuple(_header(path, name)), []).append(number)
    parts = []
    for header, numbers in alike.items():
        names = _names(header, files.names[numbers[0]], rename)
        raw = {name: f"coalesce(c{position}, '')" for position, name in enumerate(names) if name in ROLLOUT_COLUMNS}
        relation = _relation([files.paths[number] for number in numbers], len(header), "nullstr=''")
        parts.append(Part(relation, tuple(names), raw, dict.fromkeys(raw, Kind.TEXT)))
    return parts


def _names(header: Sequence[str], place: str, rename: Mapping[str, str]) -> list[str]:
    """The header in our names."""
    names, _, problems = renamed_columns(header, rename, place)
    if no_header := header_problems(header, place):
        raise TableError(no_header)
    if len(header) == 1 and ";" in header[0]:
        remedy = "Export with comma as separator and point as decimal mark."
        found = f"columns separated by semicolons: {shown(header[0])}"
        problems.append(Problem("LOCALE", f"{place}, line 1", found, "columns separated by commas", remedy))
    else:
        problems += missing_columns(names, place)
    if problems:
        raise TableError(problems)
    return names


def _header(path: Path, name: str) -> list[str]:
    """The names in the first line of a CSV file.

    Raises:
        TableError: it has none.
    """
    with path.open("rb") as file:
        first = file.readline()
    try:
        line = first.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError(wrong_encoding(first, error.start, name)) from None
    separator = "\t" if path.suffix.casefold() == ".tsv" else ","
    header = next(csv.reader([line.rstrip("\r\n")], delimiter=separator), [])
    if not header:
        remedy = "Write a header line and one line per rollout."
        raise TableError(Problem("EMPTY_FILE", name, "no header", "a table", remedy))
    return header


def _relation(paths: Sequence[Path], width: int, option: str) -> str:
    """Columns c0, c1, ... of text, read strictly: a row that is longer or shorter than the header is an error."""
    columns = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(width))
    separator = "\\t" if paths[0].suffix.casefold() == ".tsv" else ","
    return (
        f"read_csv({listed(paths)}, columns={{{columns}}}, header=true, delim='{separator}', "
        f"quote='\"', escape='\"', strict_mode=true, auto_detect=false, hive_partitioning=false, {option})"
    )


def csv_faults(path: Path, name: str) -> list[Problem]:
    """The rows of a file that duckdb would not read, with their lines: after a failed scan, all at once.

    Args:
        path: the file.
        name: how messages name it.
    """
    if (offset := _first_bad_byte(path)) is not None:
        with path.open("rb") as file:
            return [wrong_encoding(file.read(offset + 1), offset, name)]
    width = len(_header(path, name))
    counted = ", ".join(f"count(c{position})" for position in range(width))
    with duckdb.connect(":memory:") as con:
        # the scan skips what it rejects, and fills the table it is rejected to only when it is read to its end
        con.execute(f"SELECT {counted} FROM {_relation([path], width, 'store_rejects=true')}").fetchall()
        rejected = con.execute("SELECT line, error_type, csv_line FROM reject_errors ORDER BY line").fetchall()
    problems: dict[int, Problem] = {}
    for line, kind, text in rejected:
        code, required, remedy = "RAGGED", f"{width} cells, as in the header", "A comma inside a text needs quotes."
        if "QUOTE" in str(kind):
            code, required, remedy = "QUOTE", "cells quoted from start to end, or not at all", "Close the quote."
        found = shown(str(text).strip())
        problems.setdefault(int(line), Problem(code, f"{name}, line {line}", found, required, remedy))
    listed = list(problems.values())
    if len(listed) > LISTED:
        more = f"{len(listed) - LISTED} more such rows"
        listed = [*listed[:LISTED], Problem("RAGGED", name, more, "rows like the header", "Mend them likewise.")]
    return listed


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
