"""Which reported figures may be compared at all, and which only stand side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from mixablate.estimate.reported.rounding import possible_rates, possible_values
from mixablate.study import RATE, WORDS, Reported

__all__ = ["Conflict", "conflicting_reports", "conflicts_frame", "not_comparable", "share_a_value"]

COLUMNS = ["quantity", "eval", "base_model", "arm", "agree", "id", "value", "n", "source", "note"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Several reports of one figure, side by side; never averaged.

    Attributes:
        records: two or more, of one quantity, arm, eval, base model and unit, in the order declared.
        agree: whether every two of them could be prints of one value; statements in words, whether they are the same.
    """

    records: tuple[Reported, ...]
    agree: bool


def not_comparable(reference: Reported, treated: Reported) -> str:
    """Why two records must not be compared, in words; empty where they may be.

    A chain such as 96 % to 22 % to 3 % over several models and metrics compares nothing; it is refused here, whatever
    the numbers.
    """
    for key in ("quantity", "eval", "base_model", "unit"):
        one, other = getattr(reference, key), getattr(treated, key)
        if one != other:
            words = {"quantity": "quantities", "eval": "evals", "base_model": "base models", "unit": "units"}[key]
            return f"records of different {words} are never compared: {_quoted(one)} and {_quoted(other)}"
    if reference.unit != RATE:
        return f'only rates are compared; these are of the unit "{reference.unit}"'
    if reference.id == treated.id:
        return "it is one record, not two"
    if reference.arm == treated.arm and reference.arm:
        return f'both report the arm "{reference.arm}": a conflict of reports, or a rerun, not an effect'
    return ""


def conflicting_reports(records: Iterable[Reported]) -> tuple[Conflict, ...]:
    """The figures that were reported more than once, each with all its reports.

    Records without an arm are reports of the same figure where the rest is the same. Reports that agree stand there
    too: `agree` says that their prints share a value, not that it is the true one.

    Args:
        records: of one study; the order of figures and of their reports is kept.
    """
    groups: dict[tuple[str, ...], list[Reported]] = {}
    for record in records:
        key = (record.quantity, record.arm, record.eval, record.base_model, record.unit)
        groups.setdefault(key, []).append(record)
    return tuple(
        Conflict(tuple(group), all(share_a_value(one, other) for one, other in combinations(group, 2)))
        for group in groups.values()
        if len(group) > 1
    )


def conflicts_frame(conflicts: Iterable[Conflict]) -> pd.DataFrame:
    """One row per report, conflicts in the order given."""
    rows = [
        {column: conflict.agree if column == "agree" else getattr(record, column) for column in COLUMNS}
        for conflict in conflicts
        for record in conflict.records
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def share_a_value(one: Reported, other: Reported) -> bool:
    """Whether two reports of one unit could be prints of one value; of two statements, whether they are the same."""
    if one.unit == WORDS:
        return one.value == other.value
    read = possible_rates if one.unit == RATE else possible_values
    return read(one.figure).overlaps(read(other.figure))


def _quoted(value: str) -> str:
    return f'"{value}"' if value else "not stated"
