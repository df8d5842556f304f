"""Rows as wholes: keys that must be unique, columns that nothing reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from mixablate.errors import Problem, Severity
from mixablate.tables.names import joined, shown
from mixablate.tables.raw import RawTable

__all__ = ["repeated_keys", "unused_columns"]

LISTED = 5


def repeated_keys(table: RawTable, keys: Mapping[str, Sequence[object]], column: str, hint: str = "") -> list[Problem]:
    """Rows with the same key, each named with both lines, identical rows included: none is dropped.

    Args:
        table: where the rows stand.
        keys: key column -> its values, one per row.
        column: the column a message points at.
        hint: what the reader may have meant, added to the remedy.
    """
    first: dict[tuple[object, ...], int] = {}
    repeated: list[tuple[int, int, tuple[object, ...]]] = []
    for row, key in enumerate(zip(*keys.values(), strict=True)):
        # NaN is not equal to itself; two rows without a step have the same (blank) step
        key = tuple(None if part != part else part for part in key)
        if key in first:
            repeated.append((first[key], row, key))
        else:
            first[key] = row
    problems = []
    for one, other, key in repeated[:LISTED]:
        named = ", ".join(
            f"{name} {_said(part)}" for name, part in zip(keys, key, strict=True) if part not in ("", None)
        )
        both = f"{table.at(one)} and {table.at(other).removeprefix(table.place + ', ')}"
        remedy = f"Delete one of the two rows, or correct its key.{hint}"
        problems.append(
            Problem(
                "DUPLICATE_KEY", f"{both}, column {shown(column)}", named, "one row per key; none is dropped", remedy
            )
        )
    if len(repeated) > LISTED:
        found = f"{len(repeated) - LISTED} more repeated keys"
        problems.append(Problem("DUPLICATE_KEY", table.place, found, "one row per key", "Mend them in the same way."))
    return problems


def _said(part: object) -> str:
    return shown(part) if isinstance(part, str) else f"{part:.12g}" if isinstance(part, float) else str(part)


def unused_columns(table: RawTable, used: Collection[str]) -> list[Problem]:
    """A note of the columns that nothing declares, in alphabetical order."""
    extra = sorted(name for name in table.columns if name and name not in used)
    if not extra:
        return []
    kept = "Kept for display; no model uses them." if table.role == "runs" else "Not read."
    required = "columns that the study declares or that mixablate knows"
    return [Problem("UNDECLARED_COLUMN", table.place, joined(extra), required, kept, Severity.INFO)]
