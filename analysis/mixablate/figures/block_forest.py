"""Forest of one comparison block by block: a row a block, the pooled diamond, the band of a new block."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon

from mixablate.figures.axis_layout import beside, foot, foot_height, lettered, set_ticks, span, ticks_plain, write
from mixablate.figures.forest import LABEL_WIDTH, MOST_ROWS, NUMBER_RIGHT, PLOT_WIDTH, ROW, RUNS_RIGHT, sides_in_words
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import effect_text, estimate_text, interval_text, level_text, scale_words
from mixablate.figures.panels import first_of, reason_notes
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    FAINT,
    GRID,
    INK,
    MUTED,
    SMALL,
    bare_axes,
    new_figure,
    paper_style,
    place,
)
from mixablate.figures.text_layout import fit_text

__all__ = ["draw_block_forest"]

KEY = 0.34  # inches
SIDES = 0.24
AXIS = 0.5
WITHIN = "#0072b2"
TURNED = "#c0392b"
BAND = "#c9dcea"
FARTHEST = 0.75  # of the blocks' own span: what reaches further is cut, with an arrow
SIGNS = {"interval": " \u2020", "estimate": " \u2021", "": ""}
KIND_WORDS = {"pooled": "Mean of blocks like these", "prediction": "One more block like these"}
SIGN_WORDS = {
    "interval": "\u2020 the whole interval lies on the other side of zero than the pooled effect.",
    "estimate": "\u2021 the estimate lies on the other side of zero than the pooled effect, its interval on both.",
}


def draw_block_forest(frame: pd.DataFrame) -> Figure:
    """Effects within blocks against a zero line, with the pooled effect and the band of one more block under them.

    A block without an interval over runs is hollow and grey, with a letter that leads to the reason under the figure; a
    block on the other side of zero than the pooled effect is red and carries a sign.

    Args:
        frame: `block_forest` of `figure_frames`.
    """
    with paper_style():
        shown = _whole_groups(frame)
        panels = [rows for _, rows in shown.groupby(_panel_keys(shown), sort=False)]
        reasons = lettered(shown["reason"])
        notes = _notes(frame, shown, reasons)
        heights = [ROW * _lines(rows) for rows in panels]
        figure = new_figure(
            DOUBLE_COLUMN, KEY + sum(heights) + len(panels) * (SIDES + AXIS) + foot_height(frame, notes)
        )
        _key(figure, shown)
        top = KEY
        for rows, height in zip(panels, heights, strict=True):
            axes = place(figure, LABEL_WIDTH, top + SIDES, PLOT_WIDTH, height)
            _panel(axes, rows, reasons)
            top += SIDES + height + AXIS
        foot(figure, frame, notes)
        return figure


def _whole_groups(frame: pd.DataFrame) -> pd.DataFrame:
    """The first groups that fit on a page, none of them cut; always one, cut if it must be."""
    sizes = frame.groupby(["outcome", "contrast"], sort=False)["kind"].transform("size")
    starts = ~frame.duplicated(["outcome", "contrast"])
    ends = sizes.where(starts, 0).cumsum()
    kept = frame[ends <= MOST_ROWS]
    return kept if len(kept) else pd.concat([frame[: MOST_ROWS - 2], frame[ends == ends.iloc[0]].tail(2)])


def _panel_keys(frame: pd.DataFrame) -> pd.Series:
    """Rate differences of one direction share an axis; every score has its own unit and so its own axis."""
    own = frame["outcome"].where(frame["scale"] == "value", "")
    return frame["scale"] + "/" + frame["direction"] + "/" + own


def _lines(rows: pd.DataFrame) -> int:
    return len(rows) + len(rows[["outcome", "contrast"]].drop_duplicates())


def _notes(frame: pd.DataFrame, shown: pd.DataFrame, reasons: dict[str, str]) -> list[str]:
    notes = [words for sign, words in SIGN_WORDS.items() if (shown["against"] == sign).any()]
    return [*notes, *reason_notes(reasons, "no interval: "), *first_of(len(shown), len(frame), "rows")]


def _panel(axes: Axes, rows: pd.DataFrame, reasons: dict[str, str]) -> None:
    bare_axes(axes)
    lines = _lines(rows)
    axes.set_ylim(lines - 0.5, -0.5)
    limits = _limits(rows)
    scale = str(rows["scale"].iloc[0])
    set_ticks(axes, limits, lambda ticks: ticks_plain(ticks, 100.0 if scale == "risk_difference" else 1.0), 6)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_xlabel(f"with the component minus without it, {scale_words(scale)}", fontsize=SMALL, labelpad=3)
    axes.set_yticks([])
    y = 0
    for _, group in rows.groupby(["outcome", "contrast"], sort=False):
        records = group.to_dict("records")
        axes.axhspan(y - 0.5, y + 0.5, color="#f3f5f7", linewidth=0, zorder=0)
        heading = f"{records[0]['outcome_label']}: {records[0]['component_label']}"
        beside(axes, 0.1, y, fit_text(heading, RUNS_RIGHT - 0.2, BODY, bold=True), bold=True)
        for record in records:
            y += 1
            _label(axes, y, record)
            _row(axes, y, record, reasons)
        y += 1
    axes.vlines(0.0, -0.5, lines - 0.5, color=INK, linewidth=0.8, zorder=2)
    sides_in_words(axes, str(rows["direction"].iloc[0]), limits)


def _limits(rows: pd.DataFrame) -> tuple[float, float]:
    """The blocks' own span, widened for pooled effects and bands as far as `FARTHEST`."""
    numbers = ["estimate", "lower", "upper"]
    low, high = span(rows.loc[rows["kind"] == "within", numbers].to_numpy(dtype=float).ravel(), zero=True, pad=0.08)
    whole = span(rows[numbers].to_numpy(dtype=float).ravel(), zero=True, pad=0.08)
    room = FARTHEST * (high - low)
    return max(min(low, whole[0]), low - room), min(max(high, whole[1]), high + room)


def _row_name(record: Mapping[Hashable, Any]) -> str:
    return KIND_WORDS.get(str(record["kind"])) or str(record["block"])


def _label(axes: Axes, y: int, record: Mapping[Hashable, Any]) -> None:
    kind = str(record["kind"])
    label = KIND_WORDS.get(kind) or fit_text(str(record["block"]), LABEL_WIDTH - 0.45, BODY)
    beside(axes, 0.22, y, label + SIGNS[str(record["against"])], bold=kind == "pooled")
    runs = f"{record['n_treated']} v {record['n_reference']}" if kind != "prediction" else ""
    beside(axes, RUNS_RIGHT, y, runs, colour=MUTED, align="right")


def _row(axes: Axes, y: int, record: Mapping[Hashable, Any], reasons: dict[str, str]) -> None:
    """Mark and interval in the plot, the same numbers as text beside it."""
    estimate, lower, upper = (float(record[name]) for name in ("estimate", "lower", "upper"))
    scale, reason, kind = str(record["scale"]), str(record["reason"]), str(record["kind"])
    colour = MUTED if reason else INK
    words = f"{_row_name(record)}: {effect_text(record)}"
    beside(axes, NUMBER_RIGHT, y, estimate_text(estimate, scale) if kind != "prediction" else "", colour=colour,
           align="right", bold=kind == "pooled")  # fmt: skip
    stated = f"no interval ({reasons[reason]})" if reason else f"({interval_text(lower, upper, scale)})"
    beside(axes, NUMBER_RIGHT + 0.08, y, stated, colour=colour)
    if reason:
        (mark,) = axes.plot([estimate], [y], marker="o", markersize=4.2, markerfacecolor="white", markeredgecolor=MUTED,
                            markeredgewidth=0.9, linestyle="none", zorder=4)  # fmt: skip
        on_hover(f"{words}, no interval", mark)
    elif kind == "within":
        on_hover(words, *_block(axes, y, record))
    elif kind == "pooled":
        on_hover(words, _diamond(axes, y, (lower, estimate, upper)))
    else:
        low, high = _within_axes(axes, y, lower, upper, FAINT)
        (band,) = axes.plot([low, high], [y, y], color=BAND, linewidth=6, solid_capstyle="butt", zorder=1)
        on_hover(f"{_row_name(record)}: {interval_text(lower, upper, scale)} {scale_words(scale)}", band)


def _block(axes: Axes, y: int, record: Mapping[Hashable, Any]) -> tuple[Line2D, Line2D]:
    """The mark and the interval of one block, drawn."""
    turned = bool(record["against"])
    colour, weight = TURNED if turned else WITHIN, float(record["weight"])
    low, high = _within_axes(axes, y, float(record["lower"]), float(record["upper"]), colour)
    (bar,) = axes.plot([low, high], [y, y], color=colour, linewidth=1.3, zorder=3)
    hollow = record["against"] == "estimate"
    (mark,) = axes.plot([float(record["estimate"])], [y], marker="s", markersize=3.0 + 5.0 * math.sqrt(weight),
                        markerfacecolor="white" if hollow else colour, markeredgecolor=colour, markeredgewidth=0.9,
                        linestyle="none", zorder=4)  # fmt: skip
    return mark, bar


def _diamond(axes: Axes, y: int, ends: tuple[float, float, float]) -> Polygon:
    lower, estimate, upper = ends
    low, high = _within_axes(axes, y, lower, upper, INK)
    sides = [low, estimate, high, estimate], [y, y - 0.32, y, y + 0.32]
    (diamond,) = axes.fill(*sides, color=INK, linewidth=0, zorder=4)
    return diamond


def _within_axes(axes: Axes, y: int, lower: float, upper: float, colour: str) -> tuple[float, float]:
    """The interval cut at the edges of the plot, with an arrow where something was cut or no limit is given."""
    left, right = axes.get_xlim()
    for bound, end, arrow in ((lower, left, "<"), (upper, right, ">")):
        if math.isnan(bound) or not left <= bound <= right:
            axes.plot([end], [y], marker=arrow, markersize=4, color=colour, clip_on=False, zorder=3)
    return (left if math.isnan(lower) else max(lower, left)), (right if math.isnan(upper) else min(upper, right))


def _key(figure: Figure, frame: pd.DataFrame) -> None:
    level = level_text(float(frame["level"].iloc[0]))
    width, height = figure.get_size_inches()
    words = f"\u25a0 {level} interval over runs     \u25c6 over blocks"
    for left, text in ((LABEL_WIDTH, words), (NUMBER_RIGHT - 0.48, "difference (interval)")):
        write(figure, left, 0.1, text, colour=MUTED, level="top")
    write(figure, RUNS_RIGHT, 0.1, "runs", colour=MUTED, align="right", level="top")
    line = 1 - 0.3 / height
    figure.add_artist(Line2D([0.08 / width, 1 - 0.08 / width], [line, line], color=FAINT, linewidth=0.6))
