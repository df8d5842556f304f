"""Forest of component effects: one row a component, grouped by outcome, withheld intervals marked with their reason."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from itertools import groupby
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixablate.figures.axis_layout import beside, foot, foot_height, lettered, set_ticks, span, ticks_plain
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import effect_text, estimate_text, interval_text, level_text, scale_words
from mixablate.figures.panels import first_of, leading_outcomes, reason_notes
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
    write_aside,
    write_label,
    write_numbers,
)
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    GRID,
    INK,
    MUTED,
    REGION,
    SMALL,
    Look,
    axes_height,
    axes_width,
    bare_axes,
    component_looks,
    place,
)
from mixablate.figures.text_layout import fit_apart, fit_text

__all__ = ["MOST_ROWS", "OVER_NUMBERS", "ROWS", "draw_forest", "shared_axes", "sides_in_words"]

ROWS = RowLayout(
    width=DOUBLE_COLUMN,
    label_left=0.22,
    plot_left=1.85,
    plot=2.75,
    number_right=1.85 + 2.75 + 0.55,
    last_right=DOUBLE_COLUMN - 0.12,
    row=0.215,
)  # inches
OVER_NUMBERS = 0.48
KEY = 0.34
SIDES = 0.24
AXIS = 0.5
BAND = 0.42  # of a row, half the height of a margin's band
MARGIN = ("margin_lower", "margin_upper")
MOST_ROWS = 60  # beyond it the page could not be read; the table has every row
DOMAIN_WORDS = {
    "in_distribution": "in distribution",
    "out_of_distribution": "out of distribution",
    "capability": "capability",
    "control": "control",
}


def draw_forest(frame: pd.DataFrame, *, paper: Paper = PLAIN) -> Figure:
    """Effects with intervals against a zero line, outcomes with one unit and direction sharing an axis.

    A row without an interval over runs is drawn hollow and grey, with the interval between these very models dashed
    where there is one, and a letter that leads to the reason under the figure. Where a claim says within what margin an
    effect lies, that margin is shaded behind it.

    Args:
        frame: `forest` of `figure_frames`.
        paper: to draw on.
    """
    with paper.in_style():
        outcomes, left_out = leading_outcomes(frame, MOST_ROWS // max(1, frame["component"].nunique()))
        of_these = frame[frame["outcome"].isin(outcomes)]
        shown = of_these.head(MOST_ROWS)
        blocks = [rows for _, rows in shown.groupby(shared_axes(shown), sort=False)]
        reasons = lettered(shown["reason"])
        notes = [*_notes(of_these, shown, reasons), *left_out]
        layout = _layout(shown, paper.width, reasons)
        heights = [layout.row * (len(rows) + rows["outcome"].nunique()) for rows in blocks]
        heads = _heads(shown)
        above = heads_height(layout, heads, KEY)
        total = above + sum(heights) + len(blocks) * (SIDES + AXIS) + foot_height(frame, notes, paper.width)
        figure = paper.sheet(total)
        looks = list(component_looks([str(i) for i in range(1 + int(shown["component_index"].max()))]).values())
        column_heads(figure, layout, heads, OVER_NUMBERS)
        rule(figure, above - 0.04)
        top = above
        for rows, height in zip(blocks, heights, strict=True):
            axes = place(figure, layout.plot_left, top + SIDES, layout.plot, height)
            _block(axes, rows, looks, reasons, layout)
            top += SIDES + height + AXIS
        foot(figure, frame, notes)
        return figure


def _layout(shown: pd.DataFrame, width: float, reasons: dict[str, str]) -> RowLayout:
    records = shown.to_dict("records")
    numbers = [" ".join(_numbers(record, reasons)) for record in records]
    return row_layout(ROWS, width, shown["component_label"].astype(str), numbers, [_runs(record) for record in records])


def shared_axes(frame: pd.DataFrame) -> pd.Series:
    """Rate differences of one direction share an axis; every score has its own unit and so its own axis."""
    own = frame["outcome"].where(frame["scale"] == "value", "")
    return frame["scale"] + "/" + frame["direction"] + "/" + own


def _notes(frame: pd.DataFrame, shown: pd.DataFrame, reasons: dict[str, str]) -> list[str]:
    return [*reason_notes(reasons, "interval withheld: "), *first_of(len(shown), len(frame), "effects")]


def _block(axes: Axes, rows: pd.DataFrame, looks: list[Look], reasons: dict[str, str], layout: RowLayout) -> None:
    bare_axes(axes)
    lines = len(rows) + rows["outcome"].nunique()
    axes.set_ylim(lines - 0.5, -0.5)
    values = rows[["estimate", "lower", "upper", "within_lower", "within_upper", *MARGIN]].to_numpy(dtype=float)
    limits = span(values.ravel(), zero=True, pad=0.08)
    _scale_axis(axes, limits, str(rows["scale"].iloc[0]), layout)
    y = 0
    labels: dict[int, tuple[str, bool]] = {}
    room = layout.plot_left - 0.3
    names = fit_apart(rows["component_label"].astype(str), lambda name: fit_text(name, room, BODY, layout.lines or 1))
    for _, group in groupby(rows.to_dict("records"), key=lambda record: record["outcome"]):
        records = list(group)
        labels[y] = (_heading(records[0], layout), True)
        heading_band(axes, layout, y)
        domain = DOMAIN_WORDS.get(records[0]["domain"], records[0]["domain"])
        words = f"{domain} \u00b7 {records[0]['direction']} is better"
        write_aside(axes, layout, y, labels[y][0], words, layout.number_right - OVER_NUMBERS)
        for record in records:
            y += 1
            label = names[str(record["component_label"])]
            labels[y] = (label, False)
            beside(axes, layout.last_right, y, _runs(record), colour=MUTED, align="right")
            _margin(axes, y, record)
            _marks(axes, y, record, looks[int(record["component_index"])])
            colour = MUTED if record["reason"] else INK
            write_numbers(axes, layout, y, label, _numbers(record, reasons), colours=(colour, colour))
        y += 1
    axes.vlines(0.0, -0.5, lines - 0.5, color=INK, linewidth=0.8, zorder=2)
    axes.set_yticks([])
    for at, (label, heading) in labels.items():
        write_label(axes, layout, at, label, heading=heading)
    sides_in_words(axes, str(rows["direction"].iloc[0]), limits)


def _heading(record: Mapping[Hashable, Any], layout: RowLayout) -> str:
    room = layout.last_right - 0.1 if layout.stacked else layout.number_right - 0.65
    return fit_text(str(record["outcome_label"]), room, BODY, layout.lines or 1, bold=True)


def _scale_axis(axes: Axes, limits: tuple[float, float], scale: str, layout: RowLayout) -> None:
    factor = 100.0 if scale == "risk_difference" else 1.0
    set_ticks(axes, limits, lambda ticks: ticks_plain(ticks, factor), 6)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axis_words(axes, layout, f"with the component minus without it, {scale_words(scale)}")


def _runs(record: Mapping[Hashable, Any]) -> str:
    return f"{record['n_treated']} v {record['n_reference']}"


def _numbers(record: Mapping[Hashable, Any], reasons: dict[str, str]) -> tuple[str, str]:
    """Estimate and interval as text, or the letter of the reason why there is none."""
    scale, reason = str(record["scale"]), str(record["reason"])
    interval = f"({interval_text(float(record['lower']), float(record['upper']), scale)})"
    return estimate_text(float(record["estimate"]), scale), f"withheld ({reasons[reason]})" if reason else interval


def _margin(axes: Axes, y: int, record: Mapping[Hashable, Any]) -> None:
    """The claimed margin as a band behind its row, to the edge of the plot on a side that is open."""
    lower, upper = (float(record[end]) for end in MARGIN)
    if not math.isnan(lower):
        left, right = axes.get_xlim()
        axes.fill_between(
            [max(lower, left), min(upper, right)], y - BAND, y + BAND, color=REGION, linewidth=0, zorder=0.4
        )


def _margin_words(record: Mapping[Hashable, Any]) -> str:
    lower, upper = (float(record[end]) for end in MARGIN)
    if math.isnan(lower):
        return ""
    ends = [end if math.isfinite(end) else None for end in (lower, upper)]
    return f", claimed: {interval_text(ends[0], ends[1], str(record['scale']))}"


def _marks(axes: Axes, y: int, record: Mapping[Hashable, Any], look: Look) -> None:
    """Marker and interval of one effect in the plot."""
    estimate, lower, upper = (float(record[k]) for k in ("estimate", "lower", "upper"))
    words = f"{record['component_label']}, {record['outcome_label']}: {effect_text(record)}{_margin_words(record)}"
    if record["reason"]:
        within = float(record["within_lower"]), float(record["within_upper"])
        axes.plot(within, (y, y), color=MUTED, linewidth=0.9, linestyle=(0, (2, 1.5)), zorder=3)
        (mark,) = axes.plot([estimate], [y], marker=look.marker, markersize=4.2, markerfacecolor="white",
                            markeredgecolor=MUTED, markeredgewidth=0.9, linestyle="none", zorder=4)  # fmt: skip
        on_hover(f"{words}, interval withheld", mark)
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


def sides_in_words(axes: Axes, direction: str, limits: tuple[float, float]) -> None:
    """Over the plot: which side of zero is a reduction (or an improvement)."""
    left = "\u25c2 reduction" if direction == "lower" else "\u25c2 worse"
    right = "increase \u25b8" if direction == "lower" else "improvement \u25b8"
    zero = (0.0 - limits[0]) / (limits[1] - limits[0])
    above = 1 + 0.05 / axes_height(axes)
    for text, align, at, room in ((left, "right", zero, zero), (right, "left", zero, 1 - zero)):
        gap = 0.02 if align == "left" else -0.02
        if room * axes_width(axes) > 0.25:
            axes.text(
                at + gap, above, text, ha=align, va="bottom", transform=axes.transAxes, fontsize=SMALL, color=MUTED
            )


def _heads(frame: pd.DataFrame) -> Heads:
    level = level_text(float(frame["level"].iloc[0]))
    withheld = ["\u254c these models only"] if (frame["reason"] != "").any() else []
    claimed = ["shaded: claimed margin"] if frame["margin_lower"].notna().any() else []
    return Heads((f"\u2501 {level} interval over training runs", *withheld, *claimed), "difference (interval)", "runs")
