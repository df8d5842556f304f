"""What of a frame is drawn, as much as leaves the figure readable, and the notes that say what is not."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

__all__ = ["first_of", "first_panels", "leading_outcomes", "reason_notes"]

MOST_REASONS = 6


def first_of(shown: int, total: int, things: str, which: str = "The first") -> list[str]:
    """The note that so many of all are drawn; none where all are.

    >>> first_of(8, 9, "comparisons"), first_of(9, 9, "comparisons")
    (['The first 8 of 9 comparisons; the table has all.'], [])
    """
    return [f"{which} {shown} of {total} {things}; the table has all."] if shown < total else []


def reason_notes(reasons: Mapping[str, str], words: str = "", most: int = MOST_REASONS) -> list[str]:
    """The reasons under their letters (see `lettered`), after `words`; of many, how many more there are.

    >>> reason_notes({"one run": "a", "no events": "b"}, "no band: ", most=1)
    ['(a) no band: one run', '1 more reasons stand in the table.']
    """
    notes = [f"({letter}) {words}{reason}" for reason, letter in list(reasons.items())[:most]]
    return [*notes, f"{len(reasons) - most} more reasons stand in the table."] if len(reasons) > most else notes


def first_panels(frame: pd.DataFrame, most_rows: int, most_panels: int) -> tuple[list[pd.DataFrame], list[str]]:
    """The rows of each outcome that is drawn, in order, and a note where some are not; at least one is drawn."""
    every = [rows for _, rows in frame.groupby("outcome", sort=False)]
    panels, lines = every[:1], len(every[0])
    for rows in every[1:most_panels]:
        lines += len(rows)
        if lines > most_rows:
            break
        panels.append(rows)
    return panels, first_of(len(panels), len(every), "outcomes")


def leading_outcomes(frame: pd.DataFrame, most: int) -> tuple[list[str], list[str]]:
    """At most so many outcomes, those that are means of a domain first in line, in the frame's order; and a note."""
    every = frame.drop_duplicates("outcome")
    names = every["outcome"].tolist()
    means = every.loc[every["outcome"] == every["domain"], "outcome"].tolist()
    chosen = set([*means, *(name for name in names if name not in means)][: max(most, 1)])
    if len(chosen) == len(names):
        return names, []
    which = "the means and the first of the rest" if means else "the first"
    return [n for n in names if n in chosen], [f"{len(chosen)} of {len(names)} outcomes, {which}; the table has all."]
