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

from mixablate.errors import counted
from mixablate.figures.axis_layout import beside, foot, foot_height, lettered, set_ticks, span, ticks_plain
from mixablate.figures.forest import MOST_ROWS, OVER_NUMBERS, ROWS, shared_axes, sides_in_words
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import effect_text, estimate_text, interval_text, level_text, scale_words
from mixablate.figures.panels import first_of, reason_notes
from mixablate.figures.paper import PLAIN, Paper
from mixablate.figures.row_layout import (
    Heads,
    RowLayout,
    axis_words,
    column_heads,
    heading_band,
    heads_height,
    row_layout,
    rule,
    write_label,
    write_numbers,
)
from mixablate.figures.style import (
    BODY,
    FAINT,
    GRID,
    INK,
    MUTED,
    bare_axes,
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
SIGN_ROOM = 0.15  # inches
SIGNS = {"interval": " \u2020", "estimate": " \u2021", "": ""}
KIND_WORDS = {"pooled": "Mean of blocks like these", "prediction": "One more block like these"}
SIGN_WORDS = {
    "interval": "\u2020 the whole interval lies on the other side of zero than the pooled effect.",
    "estimate": "\u2021 the estimate lies on the other side of zero than the pooled effect, its interval on both.",
}


def draw_block_forest(frame: pd.DataFrame, *, paper: Paper = PLAIN) -> Figure:
    """Effects within blocks against a zero line, with the pooled effect and the band of one more block under them.

    A block without an interval over runs is hollow and grey, with a letter that leads to the reason under the figure; a
    block on the other side of zero than the pooled effect is red and carries a sign. Comparisons without an estimate in
    any block are left out, with a note.

    Args:
        frame: `block_forest` of `figure_frames`.
        paper: to draw on.
    """
    with paper.in_style():
        frame, empty = _estimated(frame)
        shown = _whole_groups(frame)
        panels = [rows for _, rows in shown.groupby(shared_axes(shown), sort=False)]
        reasons = lettered(shown["reason"])
        notes = [*_notes(frame, shown, reasons), *empty]
        layout, heads = _layout(shown, paper.width, reasons), _heads(shown)
        heights = [layout.row * _lines(rows) for rows in panels]
        above = heads_height(layout, heads, KEY)
        total = above + sum(heights) + len(panels) * (SIDES + AXIS) + foot_height(frame, notes, paper.width)
        figure = paper.sheet(total)
        column_heads(figure, layout, heads, OVER_NUMBERS)
        rule(figure, above - 0.04)
        top = above
        for rows, height in zip(panels, heights, strict=True):
            axes = place(figure, layout.plot_left, top + SIDES, layout.plot, height)
            _panel(axes, rows, reasons, layout)
            top += SIDES + height + AXIS
        foot(figure, frame, notes)
        return figure


def _layout(shown: pd.DataFrame, width: float, reasons: dict[str, str]) -> RowLayout:
    records = shown.to_dict("records")
    numbers = [" ".join(_numbers(record, reasons)) for record in records]
    bold = [KIND_WORDS["pooled"]]
    return row_layout(ROWS, width, map(_row_name, records), numbers, map(_runs, records), bold=bold, signs=SIGN_ROOM)


def _estimated(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The components and outcomes with an estimate in some block, and a note on those without; all if none has one."""
    groups = frame.groupby(["outcome", "contrast"], sort=False)["estimate"]
    known = groups.transform("count") > 0
    missing = int((groups.count() == 0).sum())
    if not missing or not known.any():
        return frame, []
    return frame[known], [f"{counted(missing, 'comparison')} without an estimate in any block: the table says why."]


def _whole_groups(frame: pd.DataFrame) -> pd.DataFrame:
    """The first groups that fit on a page, none of them cut; always one, cut if it must be."""
    sizes = frame.groupby(["outcome", "contrast"], sort=False)["kind"].transform("size")
    starts = ~frame.duplicated(["outcome", "contrast"])
    ends = sizes.where(starts, 0).cumsum()
    kept = frame[ends <= MOST_ROWS]
    return kept if len(kept) else pd.concat([frame[: MOST_ROWS - 2], frame[ends == ends.iloc[0]].tail(2)])


def _lines(rows: pd.DataFrame) -> int:
    return len(rows) + len(rows[["outcome", "contrast"]].drop_duplicates())


def _notes(frame: pd.DataFrame, shown: pd.DataFrame, reasons: dict[str, str]) -> list[str]:
    notes = [words for sign, words in SIGN_WORDS.items() if (shown["against"] == sign).any()]
    return [*notes, *reason_notes(reasons, "no interval: "), *first_of(len(shown), len(frame), "rows")]


def _panel(axes: Axes, rows: pd.DataFrame, reasons: dict[str, str], layout: RowLayout) -> None:
    bare_axes(axes)
    lines = _lines(rows)
    axes.set_ylim(lines - 0.5, -0.5)
    limits = _limits(rows)
    scale = str(rows["scale"].iloc[0])
    set_ticks(axes, limits, lambda ticks: ticks_plain(ticks, 100.0 if scale == "risk_difference" else 1.0), 6)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axis_words(axes, layout, f"with the component minus without it, {scale_words(scale)}")
    axes.set_yticks([])
    y = 0
    for _, group in rows.groupby(["outcome", "contrast"], sort=False):
        records = group.to_dict("records")
        heading_band(axes, layout, y)
        heading = f"{records[0]['outcome_label']}: {records[0]['component_label']}"
        beside(axes, 0.1, y, fit_text(heading, layout.last_right - 0.2, BODY, layout.lines + 1, bold=True), bold=True)
        for record in records:
            y += 1
            _texts(axes, y, record, reasons, layout)
            _marks(axes, y, record)
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


def _runs(record: Mapping[Hashable, Any]) -> str:
    return f"{record['n_treated']} v {record['n_reference']}" if record["kind"] != "prediction" else ""


def _numbers(record: Mapping[Hashable, Any], reasons: dict[str, str]) -> tuple[str, str]:
    """Estimate and interval as text, or the letter of the reason why there is none; a band has no estimate."""
    scale, reason = str(record["scale"]), str(record["reason"])
    estimate = estimate_text(float(record["estimate"]), scale) if record["kind"] != "prediction" else ""
    interval = f"({interval_text(float(record['lower']), float(record['upper']), scale)})"
    return estimate, f"no interval ({reasons[reason]})" if reason else interval


def _texts(axes: Axes, y: int, record: Mapping[Hashable, Any], reasons: dict[str, str], layout: RowLayout) -> None:
    """Label, runs and numbers of a row."""
    pooled = record["kind"] == "pooled"
    beside_plot = 0.3 + SIGN_ROOM if record["kind"] == "within" else 0.26
    label = fit_text(_row_name(record), layout.plot_left - beside_plot, BODY, layout.lines or 1, bold=pooled)
    label += SIGNS[str(record["against"])]
    write_label(axes, layout, y, label, bold=pooled)
    beside(axes, layout.last_right, y, _runs(record), colour=MUTED, align="right")
    colour = MUTED if record["reason"] else INK
    write_numbers(axes, layout, y, label, _numbers(record, reasons), colours=(colour, colour), bold=pooled)


def _marks(axes: Axes, y: int, record: Mapping[Hashable, Any]) -> None:
    """Mark and interval of a row in the plot."""
    estimate, lower, upper = (float(record[name]) for name in ("estimate", "lower", "upper"))
    scale, reason, kind = str(record["scale"]), str(record["reason"]), str(record["kind"])
    words = f"{_row_name(record)}: {effect_text(record)}"
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


def _heads(frame: pd.DataFrame) -> Heads:
    level = level_text(float(frame["level"].iloc[0]))
    marks = f"\u25a0 {level} interval over runs", "\u25c6 over blocks"
    return Heads(marks, "difference (interval)", "runs")
