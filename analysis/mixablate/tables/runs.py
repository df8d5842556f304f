"""The runs table: one row per trained model, with the level of every declared component."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from mixablate.errors import Problem, Severity
from mixablate.study import Component, ComponentType, Study
from mixablate.tables.columns import missing_column
from mixablate.tables.contract import AMOUNTS, FEATURE, RUN_RULES, RUN_TEXT, rules_schema
from mixablate.tables.ids import case_problems, name_notices, read_names
from mixablate.tables.independence import independence_problems
from mixablate.tables.levels import UNKNOWN, read_levels
from mixablate.tables.mixes import MIX, read_mixes
from mixablate.tables.names import joined, nearest_name, shown
from mixablate.tables.numbers import BadCell, cell_problems, read_numbers
from mixablate.tables.raw import Column, RawTable, text_cells, text_column
from mixablate.tables.rows import repeated_keys, unused_columns
from mixablate.tables.rules import rule_problems

__all__ = ["read_runs"]

SCHEMA = rules_schema(RUN_RULES)
UNTRIED = "Train runs with it, or leave the component out: its effect cannot be told."
DATES = ("date", "created")  # read by the design: whether the two sides of a contrast were made in one period


def read_runs(study: Study, table: RawTable) -> tuple[pd.DataFrame, list[Problem]]:
    """The runs in the table's row order, columns as `Tables.runs` documents them."""
    run_ids, problems = _run_ids(table)
    columns: dict[str, Column] = {"run_id": text_column(run_ids)}
    for name in RUN_TEXT:
        names, faults = read_names(table, name, required=False)
        columns[name] = text_column([value or None for value in names])
        problems += faults
    mixes, faults = read_mixes(table, study.analysis.mix_tolerance)
    problems += faults
    levels: dict[str, Column] = {}
    for component in study.components:
        read = read_levels(component, table, mixes, run_ids)
        levels[component.id] = text_column(read.values) if isinstance(read.values, list) else read.values
        problems += read.problems
        problems += _never_run(study, component, levels[component.id], table)
    features = sorted(name for name in table.columns if name.startswith(FEATURE))
    amounts: dict[str, Column] = {}
    for name in (*features, *AMOUNTS):
        words = (UNKNOWN,) if name in {component.column for component in study.components} else ()
        amounts[name], faults = read_numbers(table, name, words)
        problems += faults
    declared, faults = _declared_columns(study, table, levels)
    problems += faults
    first = ("base_model", "seed")
    ordered = {name: columns[name] for name in ("run_id", *first)} | levels | dict(mixes.given) | amounts
    ordered |= {name: columns[name] for name in RUN_TEXT if name not in ordered}
    others = _other_columns(study, table, ordered)
    frame = pd.DataFrame(ordered | {name: declared.get(name, text_column(text_cells(table, name))) for name in others})
    problems += rule_problems(SCHEMA, RUN_RULES, table, frame)
    problems += independence_problems(study, table, frame)
    used = {
        "run_id",
        *RUN_TEXT,
        *AMOUNTS,
        *DATES,
        *features,
        *mixes.given,
        *declared,
        *(c.column for c in study.components),
    }
    problems += unused_columns(table, used)
    problems += _shadowed(study, table)
    return frame, problems


def _run_ids(table: RawTable) -> tuple[list[str], list[Problem]]:
    problems: list[Problem] = []
    if "run_id" not in table:
        header = [name for name in table.columns if name]
        problems.append(missing_column("run_id", header, table.place, "one id per trained model, as in the outcomes"))
    run_ids, faults = read_names(table, "run_id", required="run_id" in table)
    problems += faults
    if "run_id" in table and not faults:
        hint = " Second evaluations of one run go into the outcomes, as replicate."
        problems += repeated_keys(table, {"run_id": run_ids}, "run_id", hint)
    problems += case_problems(table, "run_id", run_ids, Severity.WARNING)
    problems += name_notices(table, "run_id", run_ids)
    return run_ids, problems


def _other_columns(study: Study, table: RawTable, taken: dict[str, Column]) -> list[str]:
    """Columns kept for display under their own names, in alphabetical order."""
    read = {component.column for component in study.components if component.column != component.id}
    read -= {*study.analysis.block, study.analysis.pair, *study.analysis.covariates}
    return sorted(name for name in table.columns if name and name not in taken and name not in read)


def _declared_columns(
    study: Study, table: RawTable, levels: dict[str, Column]
) -> tuple[dict[str, Column], list[Problem]]:
    """The columns that blocks, pairs and covariates name, beyond those with a place of their own."""
    problems: list[Problem] = []
    columns: dict[str, Column] = {}
    for key, name in _named_columns(study):
        if name in levels:
            continue
        if name not in table:
            known = [column for column in table.columns if column]
            required = f"a runs column for analysis.{key}"
            problems.append(
                Problem("RUN_COLUMN", table.place, f'no column "{name}"', required, nearest_name(name, known))
            )
            continue
        column, faults = _declared_column(key, name, table)
        problems += faults
        if name not in (*RUN_TEXT, *AMOUNTS) and not name.startswith((FEATURE, MIX)):
            columns[name] = column
    return columns, problems


def _named_columns(study: Study) -> Iterator[tuple[str, str]]:
    yield from (("block", name) for name in study.analysis.block)
    if study.analysis.pair:
        yield "pair", study.analysis.pair
    yield from (("covariates", name) for name in study.analysis.covariates)


def _declared_column(key: str, name: str, table: RawTable) -> tuple[Column, list[Problem]]:
    """A covariate of numbers only is read as numbers; blocks, pairs and other covariates are names."""
    names, problems = read_names(table, name, required=False)
    blank = [row for row, cell in enumerate(names) if not cell]
    if key == "pair" and blank:
        found = f"{len(blank)} blank cells"
        remedy = "Runs without a value leave the paired contrasts; fill the cells if they have partners."
        required = f'a value of "{name}" in every paired run'
        problems.append(Problem("PAIR_MISSING", table.at(None, name), found, required, remedy, Severity.WARNING))
    elif blank:
        bad = [
            BadCell(row, "LEVEL_MISSING", "a blank cell", f"a value in every run (analysis.{key})", "Fill the cell.")
            for row in blank
        ]
        problems += cell_problems(table, name, bad)
    if key == "covariates":
        numbers, faults = read_numbers(table, name)
        if not faults:
            return numbers, problems
        problems += faults if not np.isnan(numbers).all() else []
    return text_column([cell or None for cell in names]), problems


def _never_run(study: Study, component: Component, levels: Column, table: RawTable) -> list[Problem]:
    """A warning for levels that the study names and no run has: a misspelling, or an arm still to train.

    Of doses and fractions none: what is fitted over them needs no run at either end.
    """
    if component.type not in (ComponentType.CATEGORY, ComponentType.FLAG) or component.column not in table:
        return []
    run = {level for level in levels.tolist() if level is not None and level == level}
    named = {component.baseline, component.target}
    for claim in study.claims:
        named |= {claim.reference.get(component.id), claim.treated.get(component.id)}
    absent = sorted(named - run - {None}, key=str)
    return [
        Problem(
            "LEVEL_NOT_RUN",
            table.at(None, component.column),
            f'no run with {_level_shown(level)}, which the study names for component "{component.id}"',
            "levels that some run has",
            nearest_name(level, run) if isinstance(level, str) else UNTRIED,
            Severity.WARNING,
        )
        for level in absent
    ]


def _level_shown(level: object) -> str:
    return shown(level) if isinstance(level, str) else f"{level:g}"


def _shadowed(study: Study, table: RawTable) -> list[Problem]:
    hidden = sorted(c.id for c in study.components if c.id in table and c.column != c.id)
    if not hidden:
        return []
    found = f"columns named like a component that reads another column: {joined(hidden)}"
    remedy = "They are not kept. Rename them, or let the component read them."
    return [Problem("COLUMN_SHADOWED", table.place, found, "one meaning per name", remedy, Severity.WARNING)]
