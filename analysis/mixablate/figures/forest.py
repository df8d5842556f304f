"""Forest of component effects: one row a component, grouped by outcome, withheld intervals marked with their reason."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from itertools import groupby
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mixablate.figures.axis_layout import beside, foot, foot_height, lettered, set_ticks, span, ticks_plain, write
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import effect_text, estimate_text, interval_text, level_text, scale_words
from mixablate.figures.panels import first_of, leading_outcomes, reason_notes
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    FAINT,
    GRID,
    INK,
    MUTED,
    SMALL,
    Look,
    axes_height,
    bare_axes,
    component_looks,
    new_figure,
    paper_style,
    place,
)
from mixablate.figures.text_layout import fit_text

__all__ = [
    "LABEL_WIDTH", "MOST_ROWS", "NUMBER_RIGHT", "PLOT_WIDTH", "ROW", "RUNS_RIGHT", "draw_forest", "sides_in_words",
]  # fmt: skip

LABEL_WIDTH = 1.85  # inches
PLOT_WIDTH = 2.75
NUMBER_RIGHT = LABEL_WIDTH + PLOT_WIDTH + 0.55  # estimates end here, intervals begin behind it
RUNS_RIGHT = DOUBLE_COLUMN - 0.12
ROW = 0.215
KEY = 0.34
SIDES = 0.24
AXIS = 0.5
MOST_ROWS = 60  # beyond it the page could not be read; the table has every row
DOMAIN_WORDS = {
    "in_distribution": "in distribution",
    "out_of_distribution": "out of distribution",
    "capability": "capability",
    "control": "control",
}


def draw_forest(frame: pd.DataFrame) -> Figure:
    """Effects with intervals against a zero line, outcomes with one unit and direction sharing an axis.

    A row without an interval over runs is drawn hollow and grey, with the interval between these very models dashed
    where there is one, and a letter that leads to the reason under the figure.

    Args:
        frame: `forest` of `figure_frames`.
    """
    with paper_style():
        outcomes, left_out = leading_outcomes(frame, MOST_ROWS // max(1, frame["component"].nunique()))
        of_these = frame[frame["outcome"].isin(outcomes)]
        shown = of_these.head(MOST_ROWS)
        blocks = [rows for _, rows in shown.groupby(_block_keys(shown), sort=False)]
        reasons = lettered(shown["reason"])
        notes = [*_notes(of_these, shown, reasons), *left_out]
        heights = [ROW * (len(rows) + rows["outcome"].nunique()) for rows in blocks]
        total = KEY + sum(heights) + len(blocks) * (SIDES + AXIS) + foot_height(frame, notes)
        figure = new_figure(DOUBLE_COLUMN, total)
        looks = list(component_looks([str(i) for i in range(1 + int(shown["component_index"].max()))]).values())
        _key(figure, shown)
        top = KEY
        for rows, height in zip(blocks, heights, strict=True):
            axes = place(figure, LABEL_WIDTH, top + SIDES, PLOT_WIDTH, height)
            _block(axes, rows, looks, reasons)
            top += SIDES + height + AXIS
        foot(figure, frame, notes)
        return figure


def _block_keys(frame: pd.DataFrame) -> pd.Series:
    """Rate differences of one direction share an axis; every score has its own unit and so its own axis."""
    own = frame["outcome"].where(frame["scale"] == "value", "")
    return frame["scale"] + "/" + frame["direction"] + "/" + own


def _notes(frame: pd.DataFrame, shown: pd.DataFrame, reasons: dict[str, str]) -> list[str]:
    return [*reason_notes(reasons, "interval withheld: "), *first_of(len(shown), len(frame), "effects")]


def _block(axes: Axes, rows: pd.DataFrame, looks: list[Look], reasons: dict[str, str]) -> None:
    bare_axes(axes)
    lines = len(rows) + rows["outcome"].nunique()
    axes.set_ylim(lines - 0.5, -0.5)
    values = rows[["estimate", "lower", "upper", "within_lower", "within_upper"]].to_numpy(dtype=float).ravel()
    limits = span(values, zero=True, pad=0.08)
    _scale_axis(axes, limits, str(rows["scale"].iloc[0]))
    y = 0
    labels: dict[int, tuple[str, bool]] = {}
    for _, group in groupby(rows.to_dict("records"), key=lambda record: record["outcome"]):
        records = list(group)
        labels[y] = (str(records[0]["outcome_label"]), True)
        axes.axhspan(y - 0.5, y + 0.5, color="#f3f5f7", linewidth=0, zorder=0)
        beside(axes, NUMBER_RIGHT - 0.48, y, DOMAIN_WORDS.get(records[0]["domain"], ""), colour=MUTED)
        for record in records:
            y += 1
            labels[y] = (str(record["component_label"]), False)
            _row(axes, y, record, looks[int(record["component_index"])], reasons)
        y += 1
    axes.vlines(0.0, -0.5, lines - 0.5, color=INK, linewidth=0.8, zorder=2)
    axes.set_yticks([])
    for at, (label, heading) in labels.items():
        width = NUMBER_RIGHT - 0.65 if heading else LABEL_WIDTH - 0.3
        beside(axes, 0.1 if heading else 0.22, at, fit_text(label, width, BODY, bold=heading), bold=heading)
    sides_in_words(axes, str(rows["direction"].iloc[0]), limits)


def _scale_axis(axes: Axes, limits: tuple[float, float], scale: str) -> None:
    factor = 100.0 if scale == "risk_difference" else 1.0
    set_ticks(axes, limits, lambda ticks: ticks_plain(ticks, factor), 6)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_xlabel(f"with the component minus without it, {scale_words(scale)}", fontsize=SMALL, labelpad=3)


def _row(axes: Axes, y: int, record: Mapping[Hashable, Any], look: Look, reasons: dict[str, str]) -> None:
    """One effect: marker and interval in the plot, the same numbers as text beside it."""
    estimate, lower, upper = (float(record[k]) for k in ("estimate", "lower", "upper"))
    scale, reason = str(record["scale"]), str(record["reason"])
    words = f"{record['component_label']}, {record['outcome_label']}: {effect_text(record)}"
    runs = f"{record['n_treated']} v {record['n_reference']}"
    beside(axes, RUNS_RIGHT, y, runs, colour=MUTED, align="right")
    if reason:
        within = float(record["within_lower"]), float(record["within_upper"])
        axes.plot(within, (y, y), color=MUTED, linewidth=0.9, linestyle=(0, (2, 1.5)), zorder=3)
        (mark,) = axes.plot([estimate], [y], marker=look.marker, markersize=4.2, markerfacecolor="white",
                            markeredgecolor=MUTED, markeredgewidth=0.9, linestyle="none", zorder=4)  # fmt: skip
        on_hover(f"{words}, interval withheld", mark)
        beside(axes, NUMBER_RIGHT, y, estimate_text(estimate, scale), colour=MUTED, align="right")
        beside(axes, NUMBER_RIGHT + 0.08, y, f"withheld ({reasons[reason]})", colour=MUTED)
        return
    left, right = axes.get_xlim()
    ends = (left if math.isnan(lower) else lower, right if math.isnan(upper) else upper)
    (bar,) = axes.plot(ends, (y, y), color=look.colour, linewidth=1.5, zorder=3)
    for bound, end, arrow in ((lower, left, "<"), (upper, right, ">")):
        if math.isnan(bound):
            axes.plot([end], [y], marker=arrow, markersize=4, color=look.colour, clip_on=False, zorder=3)
    (mark,) = axes.plot([estimate], [y], marker=look.marker, markersize=5, color=look.colour, markeredgecolor="white",
                        markeredgewidth=0.5, linestyle="none", zorder=4)  # fmt: skip
    on_hover(words, mark, bar)
    beside(axes, NUMBER_RIGHT, y, estimate_text(estimate, scale), align="right")
    beside(axes, NUMBER_RIGHT + 0.08, y, f"({interval_text(lower, upper, scale)})")


def sides_in_words(axes: Axes, direction: str, limits: tuple[float, float]) -> None:
    """Over the plot: which side of zero is a reduction (or an improvement)."""
    left = "\u25c2 reduction" if direction == "lower" else "\u25c2 worse"
    right = "increase \u25b8" if direction == "lower" else "improvement \u25b8"
    zero = (0.0 - limits[0]) / (limits[1] - limits[0])
    above = 1 + 0.05 / axes_height(axes)
    for text, align, at, room in ((left, "right", zero, zero), (right, "left", zero, 1 - zero)):
        gap = 0.02 if align == "left" else -0.02
        if room * PLOT_WIDTH > 0.25:
            axes.text(
                at + gap, above, text, ha=align, va="bottom", transform=axes.transAxes, fontsize=SMALL, color=MUTED
            )


def _key(figure: Figure, frame: pd.DataFrame) -> None:
    level = level_text(float(frame["level"].iloc[0]))
    line = f"\u2501 {level} interval over training runs"
    if (frame["reason"] != "").any():
        line += "     \u254c these models only"
    heads = [(LABEL_WIDTH, line), (NUMBER_RIGHT - 0.48, "difference (interval)")]
    width, height = figure.get_size_inches()
    for left, text in heads:
        write(figure, left, 0.1, text, colour=MUTED, level="top")
    write(figure, RUNS_RIGHT, 0.1, "runs", colour=MUTED, align="right", level="top")
    line = 1 - 0.3 / height
    figure.add_artist(Line2D([0.08 / width, 1 - 0.08 / width], [line, line], color=FAINT, linewidth=0.6))
