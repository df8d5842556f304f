"""The total change as a tree: groups of components, and in each its components; bars tile the bar of their parent."""

from __future__ import annotations

import math
from functools import partial

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixablate.figures.axis_layout import beside, foot, foot_height, lettered, set_ticks, span, ticks_plain
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import effect_text, estimate_text, interval_text, level_text, scale_words, share_text
from mixablate.figures.panels import first_panels, reason_notes
from mixablate.figures.paper import PLAIN, Paper
from mixablate.figures.row_layout import (
    Heads,
    RowLayout,
    axis_words,
    column_heads,
    heads_height,
    label_down,
    panel_title,
    row_layout,
    title_room,
    under_label,
    write_label,
    write_numbers,
    write_title,
)
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    FAINT,
    GRID,
    INK,
    MUTED,
    Look,
    bare_axes,
    component_looks,
    place,
)
from mixablate.figures.text_layout import fit_apart, fit_text

__all__ = ["draw_owen_tree"]

ROWS = RowLayout(
    width=DOUBLE_COLUMN,
    label_left=0.1,
    plot_left=2.1,
    plot=2.5,
    number_right=2.1 + 2.5 + 0.6,
    last_right=DOUBLE_COLUMN - 0.12,
    row=0.27,
)  # inches
OVER_NUMBERS = 0.4
INDENT = 0.18
NARROW_INDENT = 0.12
KEY = 0.3
HEAD = 0.34
AXIS = 0.36
MOST_ROWS = 60
MOST_PANELS = 4
TOTAL_BAR = "#8c959f"
GROUP_BAR = "#c3c9cf"


def draw_owen_tree(frame: pd.DataFrame, *, paper: Paper = PLAIN) -> Figure:
    """Total, groups, components, one row each: lengths are parts, members begin where the one before them ends.

    Args:
        frame: `owen_tree` of `figure_frames`.
        paper: to draw on.
    """
    with paper.in_style():
        panels, notes = first_panels(frame, MOST_ROWS, MOST_PANELS)
        shown = pd.concat(panels)
        reasons = lettered(shown["reason"])
        notes = [*reason_notes(reasons, "interval withheld: "), *notes]
        layout, heads = _layout(shown, paper.width, reasons), _heads(shown)
        titles = [panel_title(layout, str(rows["outcome_label"].iloc[0])) for rows in panels]
        head = HEAD + title_room(titles)
        heights = [layout.row * len(rows) for rows in panels]
        top = heads_height(layout, heads, KEY)
        figure = paper.sheet(top + sum(heights) + len(panels) * (head + AXIS) + foot_height(frame, notes, paper.width))
        looks = list(component_looks([str(i) for i in range(1 + max(int(shown["component_index"].max()), 0))]).values())
        column_heads(figure, layout, heads, OVER_NUMBERS)
        for rows, title, height in zip(panels, titles, heights, strict=True):
            axes = place(figure, layout.plot_left, top + head, layout.plot, height)
            _panel(axes, rows, title, looks, reasons, layout)
            top += head + height + AXIS
        foot(figure, frame, notes)
        return figure


def _layout(shown: pd.DataFrame, width: float, reasons: dict[str, str]) -> RowLayout:
    rows = [row for _, row in shown.iterrows()]
    numbers = [" ".join(_numbers(row, reasons)) for row in rows]
    labels, upper = shown["label"].astype(str), shown["role"] != "part"
    deeper = NARROW_INDENT * max(_depth(row) for row in rows)
    return row_layout(ROWS, width, labels, numbers, [_share(row) for row in rows], bold={*labels[upper]}, deeper=deeper)


def _panel(
    axes: Axes, rows: pd.DataFrame, title: str, looks: list[Look], reasons: dict[str, str], layout: RowLayout
) -> None:
    bare_axes(axes)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    scale = str(rows["scale"].iloc[0])
    factor = 100.0 if scale == "risk_difference" else 1.0
    limits = span([*rows["start"], *rows["end"], 0.0], pad=0.05)
    set_ticks(axes, limits, lambda ticks: ticks_plain(ticks, factor), 5)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_yticks([])
    axis_words(axes, layout, f"change from baseline, {scale_words(scale)}", pad=2)
    write_title(axes, layout, title)
    records = [row for _, row in rows.iterrows()]
    labels = _labels(records, layout)
    for y, (row, label) in enumerate(zip(records, labels, strict=True)):
        _bar(axes, y, row, looks)
        _texts(axes, y, row, label, reasons, layout)
    _branches(axes, [_depth(row) for row in records], labels, layout)
    axes.vlines(0.0, -0.5, len(rows) - 0.5, color=INK, linewidth=0.7, zorder=3)


def _depth(row: pd.Series) -> int:
    return 0 if row["role"] == "total" else 2 if row["group"] else 1


def _indent(layout: RowLayout) -> float:
    """Inches by which a row is set in from its parent."""
    return NARROW_INDENT if layout.stacked else INDENT


def _labels(rows: list[pd.Series], layout: RowLayout) -> list[str]:
    """Names as they fit, in what room their place in the tree leaves."""
    places = [(_depth(row), row["role"] != "part") for row in rows]
    shown: dict[tuple[int, bool], dict[str, str]] = {}
    for depth, bold in set(places):
        names = [str(row["label"]) for row, at in zip(rows, places, strict=True) if at == (depth, bold)]
        room = layout.plot_left - (layout.label_left + _indent(layout) * depth) - 0.1
        shown[depth, bold] = fit_apart(names, partial(fit_text, width=room, size=BODY, lines=2, bold=bold))
    return [shown[at][str(row["label"])] for row, at in zip(rows, places, strict=True)]


def _branches(axes: Axes, depths: list[int], labels: list[str], layout: RowLayout) -> None:
    """Lines from every parent, from under its label and numbers, down to its children, in the margin of the labels."""
    indent, across = _indent(layout), axes.get_yaxis_transform()
    for parent, depth in enumerate(depths):
        below = depths[parent + 1 :]
        end = next((i for i, other in enumerate(below) if other <= depth), len(below))
        children = [parent + 1 + i for i, other in enumerate(below[:end]) if other == depth + 1]
        if not children:
            continue
        x = (layout.label_left + indent * depth + indent / 3 - layout.plot_left) / layout.plot
        start = parent + ((under_label(labels[parent]) + 0.07) / layout.row if layout.stacked else 0.32)
        ends = [child + label_down(layout) / layout.row for child in children]
        axes.plot([x, x], [start, ends[-1]], color=FAINT, linewidth=0.8, transform=across, clip_on=False)
        for y in ends:
            axes.plot([x, x + indent / 2 / layout.plot], [y, y], color=FAINT, linewidth=0.8, transform=across,
                      clip_on=False)  # fmt: skip


def _bar(axes: Axes, y: int, row: pd.Series, looks: list[Look]) -> None:
    role, descriptive = str(row["role"]), bool(row["descriptive"])
    colour = {"total": TOTAL_BAR, "group": GROUP_BAR}.get(role) or looks[max(int(row["component_index"]), 0)].colour
    hollow = descriptive and role != "total"
    (bar,) = axes.barh(
        [y],
        [row["end"] - row["start"]],
        left=[row["start"]],
        height=0.62,
        facecolor="white" if hollow else colour,
        edgecolor=colour,
        hatch="/////" if hollow else None,
        linewidth=0.8 if hollow else 0.0,
        zorder=2,
    )
    on_hover(f"{row['label']}: {effect_text(row)}", bar)


def _texts(axes: Axes, y: int, row: pd.Series, label: str, reasons: dict[str, str], layout: RowLayout) -> None:
    """Label and numbers of a row, and its share of the total."""
    upper, deeper, colour = row["role"] != "part", _indent(layout) * _depth(row), MUTED if row["reason"] else INK
    write_label(axes, layout, y, label, bold=upper, deeper=deeper)
    numbers = _numbers(row, reasons)
    write_numbers(axes, layout, y, label, numbers, colours=(INK, colour), bold=upper, deeper=deeper)
    if share := _share(row):
        beside(axes, layout.last_right, y, share, align="right", colour=colour)


def _numbers(row: pd.Series, reasons: dict[str, str]) -> tuple[str, str]:
    """A part with its interval, or the letter of the reason why there is none."""
    scale, reason = str(row["scale"]), str(row["reason"])
    interval = f"({interval_text(float(row['lower']), float(row['upper']), scale)})"
    return estimate_text(float(row["estimate"]), scale), f"withheld ({reasons[reason]})" if reason else interval


def _share(row: pd.Series) -> str:
    share = float(row["share"])
    return "" if math.isnan(share) else share_text(share)


def _heads(shown: pd.DataFrame) -> Heads:
    unit = "points" if (shown["scale"] == "risk_difference").all() else "change"
    numbers = f"{unit} ({level_text(float(shown['level'].iloc[0]))} interval)"
    last = "descriptive share" if shown["descriptive"].any() else "share"
    return Heads(("Owen value: groups stay together",), numbers, last)
