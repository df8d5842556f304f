"""Which outcomes of a frame are drawn: from the first on, as many as leave the figure readable; the rest is named."""

from __future__ import annotations

import pandas as pd

__all__ = ["first_panels", "leading_outcomes"]


def first_panels(frame: pd.DataFrame, most_rows: int, most_panels: int) -> tuple[list[pd.DataFrame], list[str]]:
    """The rows of each outcome that is drawn, in order, and a note where some are not; at least one is drawn."""
    every = [rows for _, rows in frame.groupby("outcome", sort=False)]
    panels, lines = every[:1], len(every[0])
    for rows in every[1:most_panels]:
        lines += len(rows)
        if lines > most_rows:
            break
        panels.append(rows)
    if len(panels) == len(every):
        return panels, []
    return panels, [f"The first {len(panels)} of {len(every)} outcomes; the table has all."]


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
