"""The rows that break a rule of the contract, as problems with their lines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pandera.pandas as pa

from mixablate.errors import Problem
from mixablate.tables.contract import RowRule
from mixablate.tables.numbers import BadCell, cell_problems
from mixablate.tables.raw import RawTable

__all__ = ["rule_problems"]


def rule_problems(
    schema: pa.DataFrameSchema, rules: tuple[RowRule, ...], table: RawTable, frame: pd.DataFrame
) -> list[Problem]:
    """One problem per row and broken rule; `frame` has one row per row of `table`, in its order.

    Args:
        schema: of these rules (`contract.rules_schema`), built once.
        rules: to say what is broken: pandera's own report repeats a row once per column and has no remedy.
        table: where the rows stand.
        frame: the values.
    """
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors:
        return [problem for rule in rules for problem in _broken(rule, table, frame)]
    return []


def _broken(rule: RowRule, table: RawTable, frame: pd.DataFrame) -> list[Problem]:
    bad = []
    for row in np.flatnonzero(~rule.holds(frame)):
        values = {column: float(frame[column].iloc[row]) for column in rule.columns}
        found = ", ".join(f"{column} = {value:.12g}" for column, value in values.items() if value == value)
        bad.append(BadCell(int(row), rule.code, found, rule.required, rule.remedy))
    column = next((name for name in rule.columns if name in table), rule.columns[0])
    return cell_problems(table, column, bad)
