"""The evals table: what was measured, which way is better, and how far it stands from the training data."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mixablate.errors import Problem, Severity
from mixablate.tables.columns import missing_column
from mixablate.tables.contract import EVAL_RULES, rules_schema
from mixablate.tables.frames import EvalDomain
from mixablate.tables.ids import case_problems, name_notices, read_names
from mixablate.tables.levels import read_booleans
from mixablate.tables.names import nearest_name, shown
from mixablate.tables.numbers import BadCell, cell_problems, read_numbers
from mixablate.tables.raw import RawTable, text_cells, text_column
from mixablate.tables.rows import repeated_keys, unused_columns
from mixablate.tables.rules import rule_problems

__all__ = ["EVAL_COLUMNS", "read_evals"]

EVAL_COLUMNS = {
    "eval_id": "one id per eval, as in the outcomes",
    "label": "its name for people (default: the id)",
    "domain": "in_distribution, out_of_distribution, capability or control",
    "direction": "lower or higher: which way is better",
    "weight": "its weight in a mean over evals (default 1)",
    "contaminated": "whether models may have trained on it (default no)",
    "task_version": "the version of its prompts and scoring",
}
DOMAINS = tuple(domain.value for domain in EvalDomain)
DIRECTIONS = ("lower", "higher")
SHORT = {
    "ood": "out_of_distribution",
    "out": "out_of_distribution",
    "id": "in_distribution",
    "iid": "in_distribution",
    "in": "in_distribution",
    "low": "lower",
    "min": "lower",
    "down": "lower",
    "high": "higher",
    "max": "higher",
    "up": "higher",
}
"""How people begin other words for a domain or direction; none begins like another that means something else."""
SCHEMA = rules_schema(EVAL_RULES)


def read_evals(table: RawTable) -> tuple[pd.DataFrame, list[Problem]]:
    """The evals in the table's row order, all but their `kind`, which the outcomes decide."""
    problems = [
        missing_column(name, [c for c in table.columns if c], table.place, EVAL_COLUMNS[name])
        for name in ("eval_id", "domain", "direction")
        if name not in table
    ]
    eval_ids, faults = read_names(table, "eval_id", required="eval_id" in table)
    problems += faults
    problems += repeated_keys(table, {"eval_id": eval_ids}, "eval_id") if "eval_id" in table and not faults else []
    problems += case_problems(table, "eval_id", eval_ids, Severity.ERROR)
    problems += name_notices(table, "eval_id", eval_ids)
    labels = [label.strip() or eval_id for label, eval_id in zip(text_cells(table, "label"), eval_ids, strict=True)]
    domains, faults = _choices(table, "domain", DOMAINS, "Where an eval stands is declared, never guessed.")
    problems += faults
    directions, faults = _choices(
        table, "direction", DIRECTIONS, 'Which way is better is declared, never guessed: "lower" for a rate of harm.'
    )
    problems += faults
    weights, faults = read_numbers(table, "weight")
    problems += faults
    contaminated, faults = read_booleans(table, "contaminated")
    problems += faults
    versions, faults = read_names(table, "task_version", required=False)
    problems += faults
    frame = pd.DataFrame(
        {
            "eval_id": text_column(eval_ids),
            "label": text_column(labels),
            "domain": text_column(domains),
            "direction": text_column(directions),
            "weight": np.where(np.isnan(weights), 1.0, weights),
            "contaminated": contaminated == 1.0,
            "task_version": text_column(versions),
        }
    )
    problems += rule_problems(SCHEMA, EVAL_RULES, table, frame)
    problems += unused_columns(table, EVAL_COLUMNS)
    return frame, problems


def _choices(table: RawTable, column: str, known: tuple[str, ...], why: str) -> tuple[list[str], list[Problem]]:
    cells = [cell.strip() for cell in text_cells(table, column)]
    if column not in table:
        return cells, []
    required = "one of " + ", ".join(known)
    bad = []
    for row, cell in enumerate(cells):
        if not cell:
            bad.append(BadCell(row, column.upper(), "a blank cell", required, why))
        elif cell not in known:
            bad.append(BadCell(row, column.upper(), shown(cell), required, _meant(cell, known)))
    return cells, cell_problems(table, column, bad)


def _meant(cell: str, known: tuple[str, ...]) -> str:
    """The remedy for a cell that is none of the known names.

    >>> _meant("OOD", DOMAINS), _meant("lower is better", DIRECTIONS)
    ('Did you mean "out_of_distribution"?', 'Did you mean "lower"?')
    """
    said = cell.casefold()
    meant = next((name for start, name in SHORT.items() if said.startswith(start) and name in known), None)
    return f'Did you mean "{meant}"?' if meant else nearest_name(cell, known)
