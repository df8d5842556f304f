"""The rows of a case's data beside the entries of its reference, one for each row.

Rows may stand in any order: an entry goes with the row of its own inputs, and what is left over goes by order, so that
a row which was changed is held against its reference.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.comparing import Comparison, close

__all__ = ["paired_entries", "wrong_inputs"]

SAME = 1e-12
"""Inputs are written to 14 or 15 digits."""


def paired_entries(
    case: GoldCase, key: str, inputs: Sequence[str], defaults: Mapping[str, float]
) -> Iterator[tuple[str, tuple[float, ...], Mapping[str, Any]]]:
    """Each entry of a list of the reference with its place and its inputs: its row's where the data have one.

    Args:
        case: the case.
        key: of the list.
        inputs: names of columns and of what an entry repeats of them.
        defaults: of inputs that neither states.
    """
    entries: list[Mapping[str, Any]] = list(case.reference[key])
    rows = _paired(_rows(case, inputs), entries)
    for place, (entry, row) in enumerate(zip(entries, rows, strict=True)):
        known = {**defaults, **{name: entry[name] for name in inputs if name in entry}, **row}
        yield f"{key}.{place}", tuple(float(known[name]) for name in inputs), entry


def wrong_inputs(
    name: str, inputs: Sequence[str], given: Sequence[float], entry: Mapping[str, Any]
) -> Iterator[Comparison]:
    """The inputs that an entry repeats and its row has otherwise; those that agree are no result, and not counted."""
    for label, value in zip(inputs, given, strict=True):
        if label in entry and not math.isclose(value, float(entry[label]), rel_tol=SAME):
            yield close(f"{name}.{label}", value, float(entry[label]), SAME, relative=True)


def _rows(case: GoldCase, inputs: Sequence[str]) -> list[dict[str, float]]:
    """The rows of the data, of the inputs among its columns; none where the case has no data of its own."""
    if not (case.folder / "data.csv").is_file():
        return []
    table = case.table()
    names = [name for name in inputs if name in table.columns]
    return (
        [dict(zip(names, map(float, row), strict=True)) for row in table[names].itertuples(index=False)]
        if names
        else []
    )


def _paired(rows: list[dict[str, float]], entries: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
    """For each entry the row that agrees with it; of the rest the first with the first; empty where none is left."""
    left = list(rows)
    paired: list[dict[str, float] | None] = []
    for entry in entries:
        place = next((place for place, row in enumerate(left) if _agree(row, entry)), None)
        paired.append(None if place is None else left.pop(place))
    return [row if row is not None else left.pop(0) if left else {} for row in paired]


def _agree(row: Mapping[str, float], entry: Mapping[str, Any]) -> bool:
    return all(math.isclose(value, entry.get(name, value), rel_tol=SAME) for name, value in row.items())
