"""A table as it came in: cells as text (from a file) or numbers (from a frame), and where each one stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from mixablate.errors import Problem
from mixablate.tables.columns import renamed_columns
from mixablate.tables.names import shown

__all__ = ["MAX_EXACT", "Cells", "Column", "Numbers", "RawTable", "from_frame", "text_cells", "text_column"]

MAX_EXACT = 2**53
"""Whole numbers above this do not fit a double: 9007199254740993 would silently become 9007199254740992."""

Numbers = npt.NDArray[np.float64]
Cells = list[str] | Numbers
"""A column: text as it was written, "" where blank; or, from a frame, numbers with NaN where blank."""

Column = Numbers | pd.Series
"""A validated column: numbers, or text (see `text_column`)."""


@dataclass(frozen=True, slots=True)
class RawTable:
    """One input table before any value was read.

    Attributes:
        role: "runs", "outcomes", "evals" or "rollouts".
        place: how messages name it: the declared path, or "the outcomes frame".
        columns: our column name -> its cells, after `tables.rename` and NFC normalisation.
        n_rows: data rows.
        lines: the file line on which each row starts; None for a frame, whose rows are counted from 0.
        labels: what each row is, for tables that were summed up from others.
        whole: False when rows were lost to errors, so that "not in this table" cannot be said.
        theirs: our name -> the file's name, for renamed columns.
    """

    role: str
    place: str
    columns: Mapping[str, Cells]
    n_rows: int
    lines: Sequence[int] | None = None
    whole: bool = True
    theirs: Mapping[str, str] = field(default_factory=dict)
    labels: Sequence[str] | None = None

    def at(self, row: int | None = None, column: str | None = None) -> str:
        """Where a cell stands, in words: 'outcomes.csv, line 5, column "n_events"'."""
        parts = [self.place]
        if row is not None:
            parts.append(self.row_name(row))
        if column is not None:
            parts.append(f"column {shown(self.theirs.get(column, column))}")
        return ", ".join(parts)

    def row_name(self, row: int) -> str:
        """What a row is called: "line 5" of a file, "row 3" of a frame."""
        if self.labels is not None:
            return self.labels[row]
        return f"line {self.lines[row]}" if self.lines is not None else f"row {row}"

    def __contains__(self, column: object) -> bool:
        """Whether the table has the column, in our name."""
        return column in self.columns


def text_cells(table: RawTable, column: str) -> list[str]:
    """A column as text, "" where blank; whole numbers from frames without a decimal point; all "" if absent."""
    cells = table.columns.get(column)
    if cells is None:
        return [""] * table.n_rows
    if isinstance(cells, list):
        return cells
    return ["" if number != number else _number_text(number) for number in cells.tolist()]


def text_column(values: Sequence[str | None]) -> pd.Series:
    """Names as a column of Python objects, so that a missing one stays None (pandas' own text type makes it NaN)."""
    return pd.Series(list(values), dtype=object)


def _number_text(number: float) -> str:
    return str(int(number)) if number.is_integer() else repr(number)


def from_frame(role: str, frame: pd.DataFrame, rename: Mapping[str, str]) -> tuple[RawTable, list[Problem]]:
    """An in-memory table, ready for the same validation as a file; the frame is not changed.

    Text columns stay text; number and boolean columns stay numbers (NaN = blank); a run or eval id that is a number is
    refused, since "001" has become 1 by then and the id that was meant cannot be known.
    """
    place = f"the {role} frame"
    names, theirs, problems = renamed_columns([str(name) for name in frame.columns], rename, place)
    columns: dict[str, Cells] = {}
    for position, name in enumerate(names):
        if name in columns:
            continue
        columns[name] = _cells(frame.iloc[:, position])
        if name in ("run_id", "eval_id") and not isinstance(columns[name], list):
            problems.append(
                Problem(
                    "ID_TYPE",
                    f'{place}, column "{name}"',
                    f"numbers ({frame.iloc[:, position].dtype})",
                    'ids as text ("001" is not 1)',
                    f'Read the file with dtype=str, or convert: frame["{name}"] = frame["{name}"].astype(str).',
                )
            )
    if len(frame) == 0:
        problems.append(Problem("NO_ROWS", place, "no rows", "at least one row", "Give the table its rows."))
    return RawTable(role, place, columns, len(frame), theirs=theirs), problems


def _cells(series: pd.Series) -> Cells:
    values = series.tolist()
    kind = series.dtype.kind if isinstance(series.dtype, np.dtype) else ""
    if kind in ("i", "u") and any(abs(value) > MAX_EXACT for value in values):
        return [str(value) for value in values]
    if kind in ("i", "u", "f", "b"):
        return series.to_numpy(dtype=np.float64)
    return [value if isinstance(value, str) else "" if pd.isna(value) else _object_text(value) for value in values]


def _object_text(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    return _number_text(float(value)) if isinstance(value, float) else str(value)
