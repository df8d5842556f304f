"""A CSV file -> a table of text: strict about bytes, quotes and row lengths, silent about meanings."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mixablate.errors import Problem, Severity
from mixablate.tables.columns import renamed_columns
from mixablate.tables.frames import SourceFile
from mixablate.tables.names import CONTROL, as_nfc, joined, nearest_name, shown
from mixablate.tables.raw import Cells, RawTable

__all__ = ["MAX_COLUMNS", "MAX_ROWS", "Reading", "file_problem", "header_problems", "read_csv_table", "wrong_encoding"]

MAX_COLUMNS = 2_000
MAX_ROWS = 5_000_000
LISTED = 5
"""Rows of one kind of fault that are listed one by one; the rest are counted."""

NUMBER = re.compile(r"[+-]?[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading one file: `table` and `source` are None where nothing could be made of it.

    `items` are the rollouts counted item by item, where they are few enough.
    """

    table: RawTable | None
    problems: tuple[Problem, ...]
    source: SourceFile | None
    items: pd.DataFrame | None = None


def read_csv_table(role: str, declared: str, folder: Path, rename: Mapping[str, str]) -> Reading:
    """The file as a table of text, with every fault of its bytes and rows.

    Args:
        role: "runs", "outcomes" or "evals".
        declared: the path as the study declares it, relative to `folder`. ".tsv" files are separated by tabs.
        folder: the study's folder.
        rename: their column name -> ours.
    """
    path = folder / declared
    if (problem := file_problem(path, declared)) is not None:
        return Reading(None, (problem,), None)
    content = path.read_bytes()
    text, problems = _decoded(content, declared)
    if text is None:
        return Reading(None, tuple(problems), None)
    separator = "\t" if path.suffix.casefold() == ".tsv" else ","
    records, lines, faults = _records(text, declared, separator)
    problems += faults
    problems += _separator_problems(records, declared) or []
    if not records or any(p.code in ("LOCALE", "SEPARATOR", "QUOTE") for p in problems):
        return Reading(None, tuple(problems), None)
    if no_header := header_problems(records[0], declared):
        return Reading(None, (*problems, *no_header), None)
    table, faults = _table(role, declared, records, lines, rename)
    source = SourceFile(declared, hashlib.sha256(content).hexdigest(), table.n_rows)
    return Reading(table, (*problems, *faults), source)


def file_problem(path: Path, declared: str) -> Problem | None:
    """Why this path cannot be read as a table, or None."""
    if path.is_file():
        return None
    if path.exists():
        return Problem("FILE_KIND", declared, "a folder or device", "a file", "Name the table's file.")
    beside = [entry.name for entry in path.parent.iterdir() if entry.is_file()] if path.parent.is_dir() else []
    return Problem(
        "FILE_MISSING",
        declared,
        "no such file",
        f"a file in {shown(str(path.parent))}",
        nearest_name(path.name, beside),
    )


def _decoded(content: bytes, declared: str) -> tuple[str | None, list[Problem]]:
    """The text of a UTF-8 file without its byte-order mark, or None with the reason."""
    if not content.strip():
        remedy = "Write a header line and one line per row."
        return None, [Problem("EMPTY_FILE", declared, f"{len(content)} bytes", "a table", remedy)]
    if content.startswith((b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0")):
        kind = "a Parquet file" if content.startswith(b"PAR1") else "a spreadsheet or zip file"
        remedy = "Export it as CSV (UTF-8). Parquet and JSONL are read for tables.rollouts only."
        return None, [Problem("FILE_FORMAT", declared, kind, "CSV text", remedy)]
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return None, [wrong_encoding(content, error.start, declared)]
    marked = text.startswith("\ufeff")
    problems = []
    if marked:
        found = "a UTF-8 byte-order mark at the start"
        problems.append(Problem("BOM", declared, found, "UTF-8 text", "Nothing to do: it was left out.", Severity.INFO))
    text = text.removeprefix("\ufeff")
    problems += _control_problems(text, declared)
    return (None if any(problem.code == "NUL" for problem in problems) else text), problems


def wrong_encoding(content: bytes, offset: int, declared: str) -> Problem:
    """The problem of a byte that is not UTF-8, naming its offset and what the file may be instead."""
    line = content.count(b"\n", 0, offset) + 1
    byte = content[offset]
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in content[:200]:
        remedy = 'The file looks like UTF-16 ("Unicode text"): save it as CSV UTF-8.'
    else:
        meant = bytes([byte]).decode("cp1252", errors="replace")
        remedy = f"In Windows-1252 this byte is {shown(meant)}: save the file as CSV UTF-8."
    found = f"the byte 0x{byte:02x}, which is not UTF-8"
    return Problem("ENCODING", f"{declared}, byte {offset} (line {line})", found, "UTF-8 text", remedy)


def _control_problems(text: str, declared: str) -> list[Problem]:
    """Control characters and bidirectional overrides, each with its line."""
    matches = list(CONTROL.finditer(text))
    problems = []
    for match in matches[:LISTED]:
        line = text.count("\n", 0, match.start()) + 1
        nul = match.group() == "\x00"
        around = text[max(match.start() - 10, 0) : match.end() + 10].splitlines()
        found = f"the character U+{ord(match.group()):04X} in {shown(max(around, key=len))}"
        problems.append(
            Problem(
                "NUL" if nul else "CONTROL_CHARACTER", f"{declared}, line {line}", found, "visible text", "Delete it."
            )
        )
    if len(matches) > LISTED:
        found = f"{len(matches) - LISTED} more such characters"
        problems.append(Problem("CONTROL_CHARACTER", declared, found, "visible text", "Delete them."))
    return problems


def _records(text: str, declared: str, separator: str) -> tuple[list[list[str]], list[int], list[Problem]]:
    """The file's records without blank lines, the line each starts on, and a fault of its quotes, if any."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    records: list[list[str]] = []
    lines: list[int] = []
    start = 1
    try:
        for record in reader:
            if record:
                records.append(record)
                lines.append(start)
            start = reader.line_num + 1
    except csv.Error as error:
        said = str(error)
        found = "a quote that is not closed" if "end of data" in said else said
        remedy = 'Close the quote, or double it inside a quoted cell ("").'
        return (
            records,
            lines,
            [
                Problem(
                    "QUOTE", f"{declared}, line {start}", found, "cells quoted from start to end, or not at all", remedy
                )
            ],
        )
    return records, lines, []


def _separator_problems(records: Sequence[Sequence[str]], declared: str) -> list[Problem]:
    if not records or len(records[0]) != 1:
        return []
    header = records[0][0]
    if ";" in header:
        remedy = "Export with comma as separator and point as decimal mark (spreadsheets: a US or UK locale)."
        return [
            Problem(
                "LOCALE",
                f"{declared}, line 1",
                f"columns separated by semicolons: {shown(header)}",
                "columns separated by commas, decimals with a point",
                remedy,
            )
        ]
    if "\t" in header:
        remedy = "Export with commas, or name the file .tsv."
        return [
            Problem(
                "SEPARATOR", f"{declared}, line 1", "columns separated by tabs", "columns separated by commas", remedy
            )
        ]
    return []


def _table(
    role: str, declared: str, records: Sequence[list[str]], lines: Sequence[int], rename: Mapping[str, str]
) -> tuple[RawTable, list[Problem]]:
    header, *rows = records
    names, theirs, problems = renamed_columns(header, rename, declared)
    if not rows:
        remedy = "Write one line per row below the header."
        problems.append(Problem("NO_ROWS", declared, "a header and no rows", "at least one row", remedy))
    if len(header) > MAX_COLUMNS or len(rows) > MAX_ROWS:
        found = f"{len(header):,} columns, {len(rows):,} rows"
        required = f"at most {MAX_COLUMNS:,} columns and {MAX_ROWS:,} rows"
        remedy = "Keep the columns the study names; single rollouts belong in tables.rollouts."
        problems.append(Problem("TABLE_SIZE", declared, found, required, remedy))
    kept = [index for index, row in enumerate(rows) if len(row) == len(header)]
    problems += _ragged_problems(rows, lines[1:], len(header), declared)
    columns: dict[str, Cells] = {}
    for position, name in enumerate(names):
        columns.setdefault(name, [as_nfc(rows[index][position]) for index in kept])
    changed = sum(as_nfc(cell) != cell for index in kept for cell in rows[index] if not cell.isascii())
    if changed:
        found, remedy = f"{changed} cells with decomposed accents", "Nothing to do: they were composed (NFC)."
        problems.append(Problem("NFC", declared, found, "composed accents", remedy, Severity.INFO))
    kept_lines = [lines[1:][index] for index in kept]
    whole = len(kept) == len(rows)
    return RawTable(role, declared, columns, len(kept), kept_lines, whole, theirs), problems


def header_problems(header: Sequence[str], place: str) -> list[Problem]:
    """Whether the first line is data: a header has no numbers in it."""
    numbers = [name for name in header if NUMBER.fullmatch(name)]
    if not numbers:
        return []
    return [
        Problem(
            "NO_HEADER",
            f"{place}, line 1",
            f"numbers in the first line: {joined(numbers)}",
            "column names in the first line",
            "Write the column names as the first line.",
        )
    ]


def _ragged_problems(rows: Sequence[Sequence[str]], lines: Sequence[int], width: int, declared: str) -> list[Problem]:
    ragged = [(line, row) for line, row in zip(lines, rows, strict=True) if len(row) != width]
    problems = []
    for line, row in ragged[:LISTED]:
        longer = len(row) > width
        found = f"{len(row)} cells: {shown(','.join(row))}"
        remedy = (
            "A decimal comma or a comma inside a text splits a cell in two: write 0.25, or put the text in quotes."
            if longer
            else "Add the missing cells; a blank cell still needs its comma."
        )
        required = f"{width} cells, as in the header"
        problems.append(Problem("RAGGED", f"{declared}, line {line}", found, required, remedy))
    if len(ragged) > LISTED:
        others = ", ".join(str(line) for line, _ in ragged[LISTED : 4 * LISTED])
        others += ", ..." if len(ragged) > 4 * LISTED else ""
        found = f"{len(ragged) - LISTED} more rows of another length (lines {others})"
        problems.append(Problem("RAGGED", declared, found, f"{width} cells in every row", "Mend them in the same way."))
    return problems
