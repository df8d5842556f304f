"""The specification curve of each claim: every admissible way to judge it, from furthest outside to furthest inside."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixablate.claims import Estimator, Inclusion, Status
from mixablate.figures.alt_text import name_in_words
from mixablate.figures.axis_layout import beside, foot, foot_height, write
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import MINUS, effect_text, scale_words
from mixablate.figures.panels import first_of
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    FAINT,
    GRID,
    INK,
    MUTED,
    SMALL,
    STATUS_LOOKS,
    bare_axes,
    new_figure,
    paper_style,
    place,
)
from mixablate.figures.text_layout import fit_text

__all__ = ["MOST_CLAIMS", "draw_specification_curve", "specification_alt"]

LABEL_WIDTH = 2.0  # inches
WIDE = DOUBLE_COLUMN - LABEL_WIDTH - 0.15
HEAD = 0.42
CURVE = 0.95
LINE = 0.145
GAP = 0.2
KEY = 0.46
FARTHEST = 8.0  # normal standard errors: beyond it nothing is decided otherwise, and dots stand at the edge
MOST_CLAIMS = 3  # fit on a printed page
MOST_SPECIFICATIONS = 90
CHOICES = ("scale", "estimator", "inclusion", "judge")


def draw_specification_curve(frame: pd.DataFrame) -> Figure:
    """A panel a claim: dots from outside the claimed region to inside, the choices behind each dot under it.

    The axis is one for all scales: the normal quantile of the one-sided p at the region's boundary. Marker, fill and
    colour say what the specification says; the declared one is ringed. Beyond eight standard errors dots stand at the
    edge.

    Args:
        frame: `specification_curve` of `figure_frames`.
    """
    with paper_style():
        counted = frame[frame["reason"] == ""]
        claims = [rows for _, rows in counted.groupby("claim", sort=False)]
        shown = [_thinned(rows) for rows in claims[:MOST_CLAIMS]]
        notes = _notes(frame, claims, shown)
        heights = [HEAD + CURVE + LINE * len(_lines(rows)) + GAP for rows in shown]
        figure = new_figure(DOUBLE_COLUMN, KEY + sum(heights) + foot_height(frame, notes))
        _key(figure, shown)
        top = KEY
        for rows, whole, height in zip(shown, claims, heights, strict=False):
            _panel(figure, rows, top, int(whole["agrees"].eq(True).sum()), len(whole))
            top += height
        foot(figure, frame, notes)
        return figure


def specification_alt(frame: pd.DataFrame) -> str:
    """Per claim: how many specifications give the verdict, and what the others say."""
    sentences = []
    for _, rows in frame.groupby("claim", sort=False):
        counted = rows[rows["reason"] == ""]
        first = rows.iloc[0]
        others = counted.loc[counted["status"] != first["verdict"], "status"].value_counts()
        said = ", ".join(f"{n} {status}" for status, n in others.items())
        sentences.append(
            f"{name_in_words(first['text'])}: {first['verdict']}, as {int(counted['agrees'].eq(True).sum())} of "
            f"{len(counted)} specifications say" + (f"; the others: {said}." if said else ".")
        )
    return "Specification curves, dots from outside the claimed region to inside. " + " ".join(sentences)


def _notes(frame: pd.DataFrame, claims: list[pd.DataFrame], shown: list[pd.DataFrame]) -> list[str]:
    notes = []
    refused = int((frame["reason"] != "").sum())
    if refused:
        notes.append(f"{refused} combinations are not admissible; the table has each with its reason.")
    notes += first_of(len(shown), len(claims), "claims")
    if any(len(rows) > MOST_SPECIFICATIONS for rows in claims[:MOST_CLAIMS]):
        notes.append(
            f"At most {MOST_SPECIFICATIONS} specifications a claim, evenly along its curve; the table has all."
        )
    return notes


def _thinned(rows: pd.DataFrame) -> pd.DataFrame:
    """The specifications that are drawn: of too many the declared one, and of the others evenly along the curve."""
    if len(rows) <= MOST_SPECIFICATIONS:
        return rows
    declared = rows["declared"].eq(True).to_numpy()
    kept, others = np.flatnonzero(declared), np.flatnonzero(~declared)
    picked = np.linspace(0, len(others) - 1, MOST_SPECIFICATIONS - len(kept)).round().astype(int)
    return rows.iloc[np.sort([*kept, *others[picked]])]


def _words(choice: str, value: str) -> str:
    if choice == "scale":
        return scale_words(value)
    if choice == "judge":
        return f"judge {value}" if value else "judge as declared"
    return value if choice == "estimator" or value != Inclusion.DECLARED else "outcomes as declared"


def _lines(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """(choice, value) of the matrix, choices that are alike in all specifications left out."""
    found = []
    ranks = {str(e): i for i, e in enumerate((*Estimator, *Inclusion))}
    for choice in CHOICES:
        values = sorted(dict.fromkeys(rows[choice].astype(str)), key=lambda value: (ranks.get(value, 0), value))
        found += [(choice, value) for value in values] if len(values) > 1 else []
    return found


def _panel(figure: Figure, rows: pd.DataFrame, top: float, agreeing: int, of: int) -> None:
    records = rows.to_dict("records")
    first = records[0]
    axes = place(figure, LABEL_WIDTH, top + HEAD, WIDE, CURVE)
    bare_axes(axes, keep=())
    axes.set_xlim(-0.7, max(len(records), 12) - 0.3)
    distances = [_clipped(float(record["distance"])) for record in records]
    needed = float(first["distance_needed"])
    low, high = min(*distances, -needed) - 0.8, max(*distances, needed) + 0.8
    axes.set_ylim(low, high)
    axes.axhspan(0.0, high, color="#eef3f7", linewidth=0, zorder=0)
    for level, style in ((0.0, "-"), (needed, ":"), (-needed, ":")):
        axes.axhline(level, color=MUTED if level else FAINT, linewidth=0.7, linestyle=style, zorder=1)
    axes.set_yticks([-needed, 0.0, needed], [f"{MINUS}{needed:.1f}", "0", f"{needed:.1f}"])
    axes.tick_params(axis="y", labelsize=SMALL, labelcolor=MUTED)
    axes.set_xticks([])
    for x, (record, distance) in enumerate(zip(records, distances, strict=True)):
        _dot(axes, x, distance, record)
    _head(axes, first, agreeing, of)
    _matrix(figure, rows, records, top + HEAD + CURVE)


def _clipped(distance: float) -> float:
    return max(-FARTHEST, min(FARTHEST, distance))


def _dot(axes: Axes, x: int, y: float, record: Mapping[Hashable, Any]) -> None:
    look = STATUS_LOOKS[Status(str(record["status"]))]
    face = look.colour if look.filled else "white"
    marks = axes.plot([x], [y], marker=look.marker, markersize=3.6, markerfacecolor=face, markeredgecolor=look.colour,
                      markeredgewidth=0.9, linestyle="none", zorder=3, clip_on=False)  # fmt: skip
    if record["declared"]:
        marks += axes.plot([x], [y], marker="o", markersize=8.0, markerfacecolor="none", markeredgecolor=INK,
                           markeredgewidth=0.8, linestyle="none", zorder=4, clip_on=False)  # fmt: skip
    on_hover(_dot_words(record), *marks)


def _dot_words(record: Mapping[Hashable, Any]) -> str:
    choices = ", ".join(_words(choice, str(record[choice])) for choice in CHOICES[1:] if record[choice])
    return f"{record['status']}, {effect_text(record)}: {choices}"


def _head(axes: Axes, first: Mapping[Hashable, Any], agreeing: int, of: int) -> None:
    verdict = STATUS_LOOKS[Status(str(first["verdict"]))].word
    share = f"{verdict}; {agreeing} of {of} specifications say so"
    low, high = axes.get_ylim()
    above = (high - low) / CURVE
    text = fit_text(str(first["text"]), DOUBLE_COLUMN - 0.3, BODY, bold=True)
    beside(axes, 0.1, high + 0.29 * above, text, bold=True)
    beside(axes, 0.1, high + 0.12 * above, share, colour=MUTED)
    beside(axes, 0.1, high - 0.12 * above, "inside the claim", colour=MUTED)
    beside(axes, 0.1, low + 0.12 * above, "outside", colour=MUTED)


def _matrix(figure: Figure, rows: pd.DataFrame, records: list[dict[Hashable, Any]], top: float) -> None:
    """Which choices are behind each dot."""
    lines = _lines(rows)
    if not lines:
        return
    axes = place(figure, LABEL_WIDTH, top + 0.05, WIDE, LINE * len(lines))
    bare_axes(axes, keep=())
    axes.set_xlim(-0.7, max(len(records), 12) - 0.3)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.set_xticks([])
    axes.set_yticks([])
    for y, (choice, value) in enumerate(lines):
        if y and lines[y - 1][0] != choice:
            axes.axhline(y - 0.5, color=GRID, linewidth=0.8)
        beside(axes, 0.1, y, fit_text(_words(choice, value), LABEL_WIDTH - 0.3, SMALL))
        mine = [x for x, record in enumerate(records) if str(record[choice]) == value]
        axes.plot(mine, [y] * len(mine), marker="s", markersize=2.6, color=INK, linestyle="none")


def _key(figure: Figure, shown: list[pd.DataFrame]) -> None:
    said = {str(status) for rows in shown for status in rows["status"]}
    looks = [look for status, look in STATUS_LOOKS.items() if str(status) in said]
    left = 0.1
    for look in looks:
        write(figure, left, 0.14, f"{look.symbol} {look.word}", colour=look.colour)
        left += 1.2
    words = "ringed: as declared   dotted: needed to decide   axis: standard errors (z)"
    write(figure, 0.1, 0.31, words, colour=MUTED)
