"""Sentinels: numbers such as -1 that software writes where it has no score, and that a mean would count as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mixablate.errors import Problem, Severity
from mixablate.tables.names import joined, shown
from mixablate.tables.raw import Numbers, RawTable

__all__ = ["USUAL_SENTINELS", "score_sentinels", "undeclared_sentinel"]

USUAL_SENTINELS = (-1.0, -9.0, -99.0, -999.0, -9999.0)


def undeclared_sentinel(place: str, value: float, often: int) -> Problem:
    """The problem of scores that are 0 or more but for one usual sentinel."""
    remedy = (
        f"Leave what was not scored blank, or declare sentinels = [{value:g}] under [tables] to read it so; if it is a "
        "score, declare sentinels = []."
    )
    times = "once" if often == 1 else f"{often} times"
    found = f"{value:g} {times}, and no other value below 0"
    return Problem("SENTINEL", place, found, 'scores, or a declared value for "not scored"', remedy)


def score_sentinels(
    table: RawTable, eval_ids: Sequence[str], values: Numbers, sentinels: Sequence[float] | None
) -> tuple[np.ndarray, list[Problem]]:
    """Which rows hold a declared sentinel in place of a mean score, and what is to be said of them.

    Undeclared (None), a usual sentinel that is the only value of its eval below 0 is refused.

    Args:
        table: where the scores stand.
        eval_ids: one per row.
        values: one per row, NaN where there is no score.
        sentinels: as the study declares them.
    """
    if sentinels is None:
        return np.zeros(values.size, dtype=bool), _undeclared(table, np.array(eval_ids, dtype=object), values)
    rows = np.isin(values, np.array(sentinels, dtype=float))
    if not rows.any():
        return rows, []
    named = joined(sorted({eval_ids[row] for row in np.flatnonzero(rows).tolist()}))
    notice = Problem(
        "SENTINEL_READ",
        table.at(None, "value"),
        f"{int(rows.sum())} values of {' or '.join(f'{value:g}' for value in sentinels)} in eval {named}",
        "a blank value where nothing was scored",
        "Read as missing, as the study declares.",
        Severity.WARNING,
    )
    return rows, [notice]


def _undeclared(table: RawTable, eval_ids: np.ndarray, values: Numbers) -> list[Problem]:
    problems = []
    for eval_id in sorted(set(eval_ids[values < 0].tolist())):
        below = values[(eval_ids == eval_id) & (values < 0)]
        if below.min() == below.max() and float(below[0]) in USUAL_SENTINELS:
            place = f"{table.at(None, 'value')}, eval {shown(eval_id)}"
            problems.append(undeclared_sentinel(place, float(below[0]), below.size))
    return problems
