"""The `mix.*` columns: fractions that sum to one, or token counts; never rescaled to make them fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from mixablate.errors import Problem
from mixablate.tables.numbers import BadCell, cell_problems, read_numbers
from mixablate.tables.raw import Numbers, RawTable, text_cells

__all__ = ["MIX", "Mixes", "one_mix", "read_mixes"]

MIX = "mix."
DIGITS = 9  # two mixes are one when their fractions agree to this many digits: float noise is not a design
UNKNOWN = "unknown"
PERCENT_SLACK = 0.5
"""A row of percentages sums to 100 but for rounding."""

TOLERANCES = tuple(digit * 10.0**power for power in range(-9, -1) for digit in (1, 2, 5))
MOST_ROUNDING = 0.04
"""A larger gap is not offered a tolerance: `analysis.mix_tolerance` ends at 0.05."""

ROUNDING = 0.005
"""Per column: values rounded to two decimals miss a sum of 1 by at most this much each."""

Mask = npt.NDArray[np.bool_]


def one_mix(parts: pd.Series) -> pd.Series:
    """A mix column in which numbers that differ by float noise are one."""
    return parts.round(DIGITS)


@dataclass(frozen=True, slots=True)
class Mixes:
    """The data mixes of all runs, in row order.

    Attributes:
        given: column -> the numbers as they stand, NaN where blank or unknown.
        fractions: column -> the share of the run's mix; equal to `given` unless the mix is in tokens.
        unknown: column -> whether the cell says `unknown`.
        empty: whether the run's mix is blank throughout.
        tokens: whether the columns hold token counts.
    """

    given: Mapping[str, Numbers]
    fractions: Mapping[str, Numbers]
    unknown: Mapping[str, Mask]
    empty: Mask
    tokens: bool


def read_mixes(table: RawTable, tolerance: float) -> tuple[Mixes, list[Problem]]:
    """The mix columns, each row either a full mix, or blank throughout (an untrained base model).

    Args:
        table: the runs table.
        tolerance: how far fractions may sum from 1 (`analysis.mix_tolerance`).
    """
    columns = sorted(name for name in table.columns if name.startswith(MIX))
    given: dict[str, Numbers] = {}
    problems: list[Problem] = []
    blank: dict[str, Mask] = {}
    unknown: dict[str, Mask] = {}
    for column in columns:
        given[column], faults = read_numbers(table, column, words=(UNKNOWN,))
        problems += faults
        cells = text_cells(table, column)
        blank[column] = np.array([not cell.strip() for cell in cells], dtype=bool)
        unknown[column] = np.array([cell.strip(" \t") == UNKNOWN for cell in cells], dtype=bool)
    none = np.zeros(table.n_rows, dtype=bool)
    if not columns:
        return Mixes({}, {}, {}, none, False), []
    values = np.column_stack([given[column] for column in columns])
    blanks = np.column_stack([blank[column] for column in columns])
    unknowns = np.column_stack([unknown[column] for column in columns])
    empty: Mask = np.all(blanks, axis=1)
    problems += _blank_problems(table, columns, blanks, empty)
    readable = ~np.isnan(values).any(axis=1)
    tokens = _are_tokens(values[readable])
    problems += _token_problems(table, columns, values) if tokens else []
    problems += [] if tokens else _fraction_problems(table, columns, values, unknowns, tolerance)
    total = values.sum(axis=1, keepdims=True)
    shares = np.divide(values, total, out=np.full_like(values, np.nan), where=total > 0) if tokens else values
    fractions = {column: shares[:, position] for position, column in enumerate(columns)}
    return Mixes(given, fractions, unknown, empty, tokens), problems


def _are_tokens(values: Numbers) -> bool:
    """Whether every complete row is whole numbers that sum neither to 1 nor to 100 (percentages)."""
    if not len(values) or not (values % 1 == 0).all() or not values.max() > 1:
        return False
    totals = values.sum(axis=1)
    return bool((totals > 1).all() and not (np.abs(totals - 100) <= PERCENT_SLACK).all())


def _blank_problems(table: RawTable, columns: list[str], blanks: Mask, empty: Mask) -> list[Problem]:
    trained = np.zeros(table.n_rows, dtype=bool)
    for amount in ("tokens", "examples"):
        trained |= np.array([cell.strip() not in ("", "0", "0.0") for cell in text_cells(table, amount)], dtype=bool)
    problems = []
    for position, column in enumerate(columns):
        required = "every mix column filled, or none of them (an untrained base model); blank is not zero"
        remedy = f"Write 0 if the mix has none of it, or {UNKNOWN} if nobody knows."
        rows = np.flatnonzero(blanks[:, position] & (~empty | trained))
        bad = [BadCell(int(row), "LEVEL_MISSING", "a blank cell", required, remedy) for row in rows]
        problems += cell_problems(table, column, bad)
    return problems


def _token_problems(table: RawTable, columns: list[str], values: Numbers) -> list[Problem]:
    problems = []
    for position, column in enumerate(columns):
        bad = [
            BadCell(
                int(row), "MIX_NEGATIVE", f"{values[row, position]:.12g}", "a token count of 0 or more", "Correct it."
            )
            for row in np.flatnonzero(values[:, position] < 0)
        ]
        problems += cell_problems(table, column, bad)
    return problems


def _fraction_problems(
    table: RawTable, columns: list[str], values: Numbers, unknowns: Mask, tolerance: float
) -> list[Problem]:
    """Negative and too large cells; rows in percent; rows whose fractions do not sum to 1."""
    totals = np.nansum(values, axis=1)
    filled = ~np.isnan(values).any(axis=1)
    partly = unknowns.any(axis=1)
    percent = filled & (np.abs(totals - 100) <= PERCENT_SLACK)
    whole = filled & ~percent & (values % 1 == 0).all(axis=1) & (totals > 1) & (values.max(axis=1, initial=0) > 1)
    problems = _cell_range_problems(table, columns, values, percent | whole, tolerance)
    bad = [
        BadCell(
            int(row),
            "MIX_SCALE",
            _row(columns, values[row], totals[row]),
            "fractions that sum to 1",
            "Divide percentages by 100." if percent[row] else "Give all runs fractions, or all runs token counts.",
        )
        for row in np.flatnonzero(percent | whole)
    ]
    in_range = ((values >= 0) & (values <= 1 + tolerance)) | np.isnan(values)
    sound = in_range.all(axis=1) & ~percent & ~whole
    off = sound & np.where(partly, totals > 1 + tolerance, filled & ~(np.abs(totals - 1) <= tolerance))
    bad += [
        BadCell(
            int(row),
            "MIX_SUM",
            _row(columns, values[row], totals[row]),
            f"fractions that sum to 1 within {tolerance:g}",
            _sum_remedy(float(totals[row]), len(columns)),
        )
        for row in np.flatnonzero(off)
    ]
    return problems + _row_problems(table, columns, bad)


def _sum_remedy(total: float, columns: int) -> str:
    gap = abs(total - 1)
    if gap <= min(ROUNDING * columns, MOST_ROUNDING):
        tolerance = next(step for step in TOLERANCES if step > gap * 1.001)
        return (
            f"If the fractions were rounded, declare it: mix_tolerance = {tolerance:g} under [analysis]; "
            "nothing is rescaled."
        )
    missing = "Add a column for the rest of the mix, such as mix.other, or correct the row." if total < 1 else ""
    return missing or "Correct the row: parts of a mix cannot exceed it."


def _row(columns: list[str], values: Numbers, total: float) -> str:
    parts = [f"{column} {value:.12g}" for column, value in zip(columns, values.tolist(), strict=True) if value == value]
    return f"{' + '.join(parts)} = {total:.12g}" if len(parts) <= 4 else f"{len(parts)} parts that sum to {total:.12g}"


def _cell_range_problems(
    table: RawTable, columns: list[str], values: Numbers, other_scale: Mask, tolerance: float
) -> list[Problem]:
    problems = []
    for position, column in enumerate(columns):
        cells = values[:, position]
        bad = [
            BadCell(
                int(row),
                "MIX_NEGATIVE" if cells[row] < 0 else "MIX_RANGE",
                f"{cells[row]:.12g}",
                "a fraction from 0 to 1",
                "Correct the value.",
            )
            for row in np.flatnonzero((cells < 0) | ((cells > 1 + tolerance) & ~other_scale))
        ]
        problems += cell_problems(table, column, bad)
    return problems


def _row_problems(table: RawTable, columns: list[str], bad: list[BadCell]) -> list[Problem]:
    """Problems of whole rows: their place names the line and all mix columns at once."""
    name = "mix.*" if len(columns) > 1 else columns[0]
    return cell_problems(table, name, bad)
