"""Component levels: flags, doses, fractions and categories, with `unknown` for a level nobody knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mixablate.errors import Problem, Severity
from mixablate.study import Component, ComponentType
from mixablate.tables.columns import missing_column
from mixablate.tables.ids import case_problems, read_names
from mixablate.tables.mixes import Mixes
from mixablate.tables.names import joined, shown
from mixablate.tables.numbers import BadCell, cell_problems, read_numbers
from mixablate.tables.raw import Numbers, RawTable, text_cells

__all__ = ["UNKNOWN", "Levels", "read_booleans", "read_levels"]

UNKNOWN = "unknown"
"""The cell that says: this run has some level of the component, and it is not known which."""

SPELLINGS = {
    "0": ("0/1", 0.0),
    "1": ("0/1", 1.0),
    "0.0": ("0/1", 0.0),
    "1.0": ("0/1", 1.0),
    "false": ("true/false", 0.0),
    "true": ("true/false", 1.0),
    "no": ("yes/no", 0.0),
    "yes": ("yes/no", 1.0),
}
ACCEPTED = "0/1, true/false or yes/no, one of them throughout the column"


@dataclass(frozen=True, slots=True)
class Levels:
    """A component's level in every run: numbers (NaN = unknown), or names (None = unknown) for a category."""

    values: Numbers | list[str | None]
    problems: tuple[Problem, ...]


def read_levels(component: Component, table: RawTable, mixes: Mixes, run_ids: list[str]) -> Levels:
    """The levels of one declared component, in the table's row order.

    A fraction that reads a mix column is the row's fraction of that domain, also where the mix is given in tokens, and
    0 for a run whose mix is empty throughout (an untrained base model).
    """
    if component.column not in table:
        meaning = f'the levels of component "{component.id}" ({component.type.value})'
        place = table.place
        missing = missing_column(component.column, [name for name in table.columns if name], place, meaning)
        remedy = missing.remedy.split(" Then write")[0]
        problem = Problem(
            "COMPONENT_COLUMN",
            place,
            missing.found,
            missing.required,
            f'{remedy} Add the column, or set column = "..." in [components.{component.id}].',
        )
        return Levels(np.full(table.n_rows, np.nan), (problem,))
    if component.type is ComponentType.CATEGORY:
        values, problems = _names(table, component)
        return Levels(values, (*problems, *_unknown_notice(component, table, [v is None for v in values], run_ids)))
    if component.type is ComponentType.FLAG:
        numbers, problems = read_booleans(table, component.column, words=(UNKNOWN,))
        blank = [not cell.strip() for cell in text_cells(table, component.column)]
    elif component.column in mixes.fractions:
        return _from_mix(component, table, mixes, run_ids)
    else:
        numbers, problems = read_numbers(table, component.column, words=(UNKNOWN,))
        blank = [not cell.strip() for cell in text_cells(table, component.column)]
        if component.type is ComponentType.FRACTION:
            problems += _fraction_problems(table, component.column, numbers)
    problems += _blank_problems(table, component, blank)
    unknown = [cell.strip(" \t") == UNKNOWN for cell in text_cells(table, component.column)]
    return Levels(numbers, (*problems, *_unknown_notice(component, table, unknown, run_ids)))


def read_booleans(table: RawTable, column: str, words: Iterable[str] = ()) -> tuple[Numbers, list[Problem]]:
    """The column as 0 and 1, NaN where blank or one of `words`; a mix of spellings in one column is refused."""
    allowed = frozenset(words)
    values = np.full(table.n_rows, np.nan)
    bad: list[BadCell] = []
    spelled: dict[str, dict[str, int]] = {}
    for row, cell in enumerate(text_cells(table, column)):
        text = cell.strip(" \t")
        if not text or text in allowed:
            continue
        family, value = SPELLINGS.get(text.casefold(), ("", np.nan))
        if family:
            values[row] = value
            spelled.setdefault(family, {}).setdefault(text, row)
        else:
            remedy = "Correct the cell; for an amount declare the component's type as dose or fraction."
            bad.append(BadCell(row, "FLAG_VALUE", shown(text), ACCEPTED, remedy))
    problems = cell_problems(table, column, bad)
    if len(spelled) > 1:
        firsts = [(min(cells.values()), cells) for cells in spelled.values()]
        seen = "; ".join(
            f"{joined(sorted(cells))} first at {table.at(row).removeprefix(table.place + ', ')}"
            for row, cells in sorted(firsts, key=lambda first: first[0])
        )
        problems.append(
            Problem(
                "FLAG_SPELLINGS", table.at(None, column), f"several spellings: {seen}", ACCEPTED, "Use one of them."
            )
        )
    return values, problems


def _names(table: RawTable, component: Component) -> tuple[list[str | None], list[Problem]]:
    names, problems = read_names(table, component.column, required=False)
    problems += _blank_problems(table, component, [not name for name in names])
    problems += case_problems(table, component.column, names, Severity.ERROR)
    return [None if name == UNKNOWN else name for name in names], problems


def _from_mix(component: Component, table: RawTable, mixes: Mixes, run_ids: list[str]) -> Levels:
    column = component.column
    if component.type is ComponentType.DOSE:
        values = np.where(mixes.empty, 0.0, mixes.given[column])
    else:
        values = np.where(mixes.empty, 0.0, mixes.fractions[column])
    notices = _unknown_notice(component, table, mixes.unknown[column].tolist(), run_ids)
    if mixes.empty.any():
        untrained = sorted(run for run, empty in zip(run_ids, mixes.empty, strict=True) if empty)
        notices.append(
            Problem(
                "UNTRAINED",
                table.at(None, column),
                f"an empty mix in {joined(untrained)}",
                "a mix for every trained run",
                f'Read as untrained: "{component.id}" is 0 there. For a mix that is not known, write {UNKNOWN}.',
                Severity.INFO,
            )
        )
    if mixes.tokens and component.type is ComponentType.FRACTION:
        notices.append(
            Problem(
                "MIX_TOKENS",
                table.at(None, column),
                "token counts",
                "fractions or token counts",
                f'"{component.id}" is the count divided by the run\'s sum over all mix columns.',
                Severity.INFO,
            )
        )
    return Levels(values, tuple(notices))


def _fraction_problems(table: RawTable, column: str, values: Numbers) -> list[Problem]:
    wrong = np.flatnonzero(~np.isnan(values) & ~((values >= 0) & (values <= 1)))
    bad = []
    for row in wrong:
        value = float(values[row])
        code = "MIX_NEGATIVE" if value < 0 else "MIX_SCALE" if value > 1.5 else "MIX_RANGE"
        remedy = f"A percentage? Write {value / 100:.12g}." if code == "MIX_SCALE" else "Correct the value."
        bad.append(BadCell(int(row), code, f"{value:.12g}", "a fraction from 0 to 1", remedy))
    return cell_problems(table, column, bad)


def _blank_problems(table: RawTable, component: Component, blank: list[bool]) -> list[Problem]:
    none = '"none", say, if it had none' if component.type is ComponentType.CATEGORY else "0 if there was none"
    remedy = f"Write the level ({none}), or {UNKNOWN} if nobody knows it."
    required = f'a level of component "{component.id}" in every run; blank is not zero'
    bad = [
        BadCell(row, "LEVEL_MISSING", "a blank cell", required, remedy)
        for row, is_blank in enumerate(blank)
        if is_blank
    ]
    return cell_problems(table, component.column, bad)


def _unknown_notice(
    component: Component, table: RawTable, unknown: Iterable[bool], run_ids: list[str]
) -> list[Problem]:
    runs = sorted(run for run, is_unknown in zip(run_ids, unknown, strict=True) if is_unknown)
    if not runs:
        return []
    return [
        Problem(
            "LEVEL_UNKNOWN",
            table.at(None, component.column),
            f"{UNKNOWN} in {joined(runs)}",
            "a known level, for the run to enter a contrast",
            f'These runs are shown and enter no contrast of "{component.id}".',
            Severity.INFO,
        )
    ]
