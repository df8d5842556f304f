"""Interactions of pairs of components: names down the diagonal, a cell for every pair below it."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mixablate.figures.axis_layout import foot, foot_height, lettered, write
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import effect_text, estimate_text, level_text, scale_words
from mixablate.figures.panels import first_panels, reason_notes
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    FAINT,
    HEADING,
    INK,
    MUTED,
    SMALL,
    bare_axes,
    new_figure,
    paper_style,
    place,
)
from mixablate.figures.text_layout import fit_text, text_width

__all__ = ["draw_interaction_heatmap"]

NAMES = 1.58  # inches right of the last column, for the last name
EDGE = 0.12
WIDEST = 0.85  # of a cell
ROW = 0.36
TIGHT_ROW = 0.27  # where words do not fit under numbers
KEY = 0.3
HEAD = 0.28
AFTER = 0.12
MOST_PAIRS = 160
MOST_PANELS = 6
MOST_REASONS = 6
WORD = SMALL - 0.5
WORDS = ("synergy", "redundancy")
SIGNS = LinearSegmentedColormap.from_list("signs", ["#3a87bd", "#ffffff", "#e59a57"])
"""Blue below zero, orange above, white at zero: light enough for black numbers, told apart by the sign in grey."""


def draw_interaction_heatmap(frame: pd.DataFrame) -> Figure:
    """Read from a name leftwards along its row and downwards along its column; one colour scale for all outcomes.

    A framed cell has an interval that excludes zero, and says whether that is synergy or redundancy. A hatched cell has
    no interval; the letter leads to the reason. Beyond six outcomes the table holds the rest.

    Args:
        frame: `interaction_heatmap` of `figure_frames`.
    """
    with paper_style():
        panels, notes = first_panels(frame[frame["first"] != ""], MOST_PAIRS, MOST_PANELS)
        reasons = lettered(pd.concat(panels)["reason"])
        notes = [*_reasons(frame, reasons), *notes]
        players = [1 + int(rows["second_position"].max()) for rows in panels]
        cell = min(WIDEST, (DOUBLE_COLUMN - EDGE - NAMES) / (max(players) - 1))
        words = text_width("redundancy", WORD) + 0.06 <= cell
        row = ROW if words else TIGHT_ROW
        slot = EDGE + (max(players) - 1) * cell + NAMES
        abreast = max(1, min(len(panels), int(DOUBLE_COLUMN / slot)))
        lines = [panels[i : i + abreast] for i in range(0, len(panels), abreast)]
        heights = [row * max(1 + int(rows["second_position"].max()) for rows in line) for line in lines]
        total = KEY + sum(heights) + len(lines) * (HEAD + AFTER) + foot_height(frame, notes)
        figure = new_figure(DOUBLE_COLUMN, total)
        top = KEY
        limits = _limits(panels)
        for line, height in zip(lines, heights, strict=True):
            for i, rows in enumerate(line):
                where = (i * DOUBLE_COLUMN / abreast, top, DOUBLE_COLUMN / abreast)
                _panel(figure, rows, where, (cell, row), limits, reasons)
            top += HEAD + height + AFTER
        _key(figure, panels, words)
        foot(figure, frame, notes)
        return figure


def _reasons(frame: pd.DataFrame, reasons: dict[str, str]) -> list[str]:
    notes = reason_notes(reasons, "interval withheld: ")
    gone = frame[frame["first"] == ""].head(MOST_REASONS)
    return notes + [f"{row['outcome_label']}: withheld; {row['reason']}" for _, row in gone.iterrows()]


def _limits(panels: list[pd.DataFrame]) -> dict[str, float]:
    """The largest interaction of each scale in size: its colours run from minus to plus that."""
    every = pd.concat(panels)
    largest = every["estimate"].abs().groupby(every["scale"]).max()
    return {str(scale): float(size) or 1.0 for scale, size in largest.items()}


def _panel(
    figure: Figure,
    rows: pd.DataFrame,
    where: tuple[float, float, float],
    sizes: tuple[float, float],
    limits: dict[str, float],
    reasons: dict[str, str],
) -> None:
    """One outcome: `where` is left, top and width, `sizes` width and height of a cell, in inches."""
    (left, top, room), (cell, row) = where, sizes
    players = 1 + int(rows["second_position"].max())
    axes = place(figure, left + EDGE, top + HEAD, cell * players, row * players)
    bare_axes(axes, keep=())
    axes.set_xlim(-0.5, players - 0.5)
    axes.set_ylim(players - 0.5, -0.5)
    axes.set_xticks([])
    axes.set_yticks([])
    size = limits[str(rows["scale"].iloc[0])]
    for _, pair in rows.iterrows():
        _cell(axes, pair, Normalize(-size, size)(float(pair["estimate"])), reasons, words=row == ROW)
    labels = dict(zip(rows["second_position"], rows["second_label"], strict=True))
    labels |= dict(zip(rows["first_position"], rows["first_label"], strict=True))
    for i, label in labels.items():
        text = fit_text(str(label), min(room - EDGE - int(i) * cell - 0.15, 2 * NAMES), BODY, 2)
        axes.text(int(i) - 0.5 + 0.06 / cell, int(i), text, va="center", fontsize=BODY)
    title = fit_text(str(rows["outcome_label"].iloc[0]), room - 2 * EDGE, HEADING, bold=True)
    write(figure, left + EDGE, top + 0.04, title, size=HEADING, bold=True, level="top")


def _cell(axes: Axes, pair: pd.Series, level: float, reasons: dict[str, str], *, words: bool) -> None:
    x, y = int(pair["first_position"]), int(pair["second_position"])
    reason, clear = str(pair["reason"]), bool(pair["clear"])
    withheld = bool(reason) or math.isnan(float(pair["lower"]))
    box = (x - 0.47, y - 0.46)
    fill = Rectangle(box, 0.94, 0.92, facecolor=SIGNS(float(level)), edgecolor=FAINT, linewidth=0.5, zorder=1)
    parts: list[Artist] = [axes.add_patch(fill)]
    if withheld:
        hatch = Rectangle(box, 0.94, 0.92, fill=False, hatch="////", edgecolor=FAINT, linewidth=0, zorder=2)
        parts.append(axes.add_patch(hatch))
    if clear:
        axes.add_patch(Rectangle(box, 0.94, 0.92, fill=False, edgecolor=INK, linewidth=1.5, zorder=3))
    number = estimate_text(float(pair["estimate"]), str(pair["scale"]))
    if reason:
        number += f" ({reasons[reason]})"
    word = str(pair["word"]) if pair["word"] in WORDS else ""
    below = 0.17 if word and words else 0.0
    if word and not words:
        number += f" {word[0].upper()}"
    backing = {"boxstyle": "square,pad=0.1", "facecolor": "white", "linewidth": 0} if withheld else None
    parts.append(
        axes.text(x, y - below, number, ha="center", va="center", fontsize=BODY if words else WORD, zorder=4,
                  bbox=backing, fontweight="bold" if clear else "normal", color=MUTED if withheld else INK)
    )  # fmt: skip
    if word and words:
        parts.append(axes.text(x, y + 0.24, word, ha="center", va="center", fontsize=WORD, zorder=4))
    said = effect_text(pair) + (f", {word}" if word else "")
    on_hover(f"{pair['first_label']} with {pair['second_label']}: {said}", *parts)


def _key(figure: Figure, panels: list[pd.DataFrame], words: bool) -> None:
    every = pd.concat(panels)
    parts = [f"together minus apart, {scale_words(str(every['scale'].iloc[0]))}", "blue: below zero", "orange: above"]
    parts.append(f"framed: {level_text(float(every['level'].iloc[0]))} interval excludes zero")
    if not words:
        parts.append("S synergy, R redundancy")
    if (every["reason"] != "").any():
        parts.append("hatched: no interval")
    text = fit_text(" \u00b7 ".join(parts), DOUBLE_COLUMN - 0.2, SMALL)
    write(figure, 0.1, 0.1, text, colour=MUTED, level="top")
