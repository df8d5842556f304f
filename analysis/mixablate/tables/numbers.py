"""Text -> numbers, without guessing: each cell that is not one says what it looks like."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mixablate.errors import Problem
from mixablate.tables.names import looks_missing, shown
from mixablate.tables.raw import MAX_EXACT, Numbers, RawTable

__all__ = ["BadCell", "cell_problems", "explain_number", "read_counts", "read_numbers", "unsure_digits"]

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
INTEGER = re.compile(r"[+-]?[0-9]+")
THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:[,'_ \u00a0\u2009\u202f][0-9]{3})+(?:\.[0-9]+)?")
DECIMAL_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+")
PERCENT = re.compile(r"[+-]?[0-9]*[.,]?[0-9]+ ?%")

LISTED = 5
"""Bad cells of a column that are listed one by one; the rest are counted."""

NAN = float("nan")

RATE_REMEDY = "A rate? Give the count of events and the count of trials it came from."
MEND_REST = "Mend them in the same way."


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell that cannot be used, before it is known how many such cells its column has."""

    row: int
    code: str
    found: str
    required: str
    remedy: str


def read_numbers(table: RawTable, column: str, words: Iterable[str] = ()) -> tuple[Numbers, list[Problem]]:
    """The column as numbers, NaN where blank or where the cell is one of `words`; all NaN where the column is absent.

    Refused, each with its own code: percent signs, decimal commas, thousands separators, "inf", "nan" and other words,
    digits of other scripts, whole numbers beyond 2^53. -0 becomes 0.
    """
    cells = table.columns.get(column)
    if cells is None:
        return np.full(table.n_rows, np.nan), []
    if not isinstance(cells, list):
        return _checked(cells, table, column)
    allowed = frozenset(words)
    values = np.full(table.n_rows, np.nan)
    bad: list[BadCell] = []
    for row, cell in enumerate(cells):
        text = cell.strip(" \t")
        if not text or text in allowed:
            continue
        if NUMBER.fullmatch(text) and not unsure_digits(text):
            values[row] = float(text)
        else:
            bad.append(BadCell(row, *explain_number(text)))
    return values + 0.0, cell_problems(table, column, bad)


def unsure_digits(text: str) -> bool:
    """Whether a number as written cannot be held: a whole number beyond 2^53, or one that overflows."""
    if len(text) < 16:
        return "e" in text.casefold() and not math.isfinite(float(text))
    if INTEGER.fullmatch(text):
        return len(text) > 400 or abs(int(text)) > MAX_EXACT
    return len(text) > 400 or not math.isfinite(float(text))


def _checked(values: Numbers, table: RawTable, column: str) -> tuple[Numbers, list[Problem]]:
    """Numbers from a frame: finite or NaN, and exact."""
    wrong = np.isinf(values) | (np.abs(values) > MAX_EXACT)
    bad = [
        BadCell(int(row), *explain_number(str(values[row]) if math.isinf(values[row]) else f"{values[row]:.0f}"))
        for row in np.flatnonzero(wrong)
    ]
    return np.where(wrong, np.nan, values) + 0.0, cell_problems(table, column, bad)


def explain_number(text: str) -> tuple[str, str, str, str]:
    """Code, found, required and remedy for a cell that is not a plain number.

    >>> explain_number("0,25")[0], explain_number("1,000")[0], explain_number("20%")[3]
    ('LOCALE', 'THOUSANDS', 'Write 0.2.')
    """
    found, required = shown(text), "a number written with digits and a decimal point"
    if PERCENT.fullmatch(text):
        value = float(text.rstrip("% ").replace(",", ".")) / 100
        return "PERCENT", found, required, f"Write {value:.12g}."
    if THOUSANDS.fullmatch(text):
        plain = re.sub("[^0-9.+-]", "", text)
        other = f" (or {text.replace(',', '.')} if a decimal is meant)" if text.count(",") == 1 else ""
        return "THOUSANDS", found, required, f"Write {plain}{other}."
    if DECIMAL_COMMA.fullmatch(text):
        return "LOCALE", found, required, f"Write {text.replace(',', '.')}: decimals take a point."
    if text.casefold().lstrip("+-") in ("inf", "infinity"):
        return "NOT_FINITE", found, "a finite number", "Leave the cell blank if there is no value."
    if looks_missing(text):
        return "NAN_TEXT", found, required, "Leave the cell blank if there is no value."
    if NUMBER.fullmatch(text):
        if INTEGER.fullmatch(text):
            return "INTEGER_RANGE", found, f"a whole number up to {MAX_EXACT}", "Store longer numbers as text ids."
        return "NOT_FINITE", found, "a finite number", "Correct the exponent."
    digits = "".join(str(_digit(character)) for character in text)
    if digits != text and NUMBER.fullmatch(digits):
        return "DIGITS", found, "the digits 0 to 9", f"Write {digits}."
    return "NOT_A_NUMBER", found, required, "Correct the cell; a column that mixes words and numbers needs two columns."


def _digit(character: str) -> str:
    """An ASCII form of a digit, sign or point of another script."""
    if character.isdecimal():
        return str(int(character))
    return {"\u2212": "-", "\uff0e": ".", "\uff0d": "-", "\uff0b": "+"}.get(character, character)


def read_counts(table: RawTable, column: str) -> tuple[Numbers, list[Problem]]:
    """The column as whole numbers (held as floats), NaN where blank; fractions are refused, the range is not judged."""
    values, problems = read_numbers(table, column)
    problems = [
        replace(p, required="a whole number", remedy=RATE_REMEDY)
        if p.code == "PERCENT" and p.remedy != MEND_REST
        else p
        for p in problems
    ]
    bad = []
    for row in np.flatnonzero(values % 1 > 0):
        value = float(values[row])
        remedy = RATE_REMEDY if 0 < value < 1 else "Give the number of rollouts, not an average."
        bad.append(BadCell(int(row), "COUNT_INTEGER", f"{value:.12g}", "a whole number", remedy))
    return values, [*problems, *cell_problems(table, column, bad)]


def cell_problems(table: RawTable, column: str, bad: Sequence[BadCell]) -> list[Problem]:
    """One problem per bad cell up to five of a code, then one that counts the rest and names their lines."""
    by_code: dict[str, list[BadCell]] = {}
    for cell in bad:
        by_code.setdefault(cell.code, []).append(cell)
    problems = []
    for code, cells in by_code.items():
        problems += [
            Problem(code, table.at(cell.row, column), cell.found, cell.required, cell.remedy) for cell in cells[:LISTED]
        ]
        rest = cells[LISTED:]
        if rest:
            where = ", ".join(table.row_name(cell.row) for cell in rest[: 2 * LISTED])
            found = f"{len(rest)} more such cells ({where}{', ...' if len(rest) > 2 * LISTED else ''})"
            problems.append(Problem(code, table.at(None, column), found, rest[0].required, MEND_REST))
    return problems
