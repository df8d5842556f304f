"""The total change as a tree: groups of components, and in each its components; bars tile the bar of their parent."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixablate.figures.axis_layout import (
    Align,
    beside,
    foot,
    foot_height,
    lettered,
    set_ticks,
    span,
    ticks_plain,
    write,
)
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import effect_text, estimate_text, interval_text, level_text, scale_words, share_text
from mixablate.figures.panels import first_panels, reason_notes
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    FAINT,
    GRID,
    HEADING,
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

__all__ = ["draw_owen_tree"]

LABEL_WIDTH = 2.1  # inches
PLOT_WIDTH = 2.5
NUMBER_RIGHT = LABEL_WIDTH + PLOT_WIDTH + 0.6
SHARE_RIGHT = DOUBLE_COLUMN - 0.12
INDENT = 0.18
ROW = 0.27
KEY = 0.3
HEAD = 0.34
AXIS = 0.36
MOST_ROWS = 60
MOST_PANELS = 4
TOTAL_BAR = "#8c959f"
GROUP_BAR = "#c3c9cf"


def draw_owen_tree(frame: pd.DataFrame) -> Figure:
    """Total, groups, components, one row each: lengths are parts, members begin where the one before them ends.

    Args:
        frame: `owen_tree` of `figure_frames`.
    """
    with paper_style():
        panels, notes = first_panels(frame, MOST_ROWS, MOST_PANELS)
        shown = pd.concat(panels)
        reasons = lettered(shown["reason"])
        notes = [*reason_notes(reasons, "interval withheld: "), *notes]
        heights = [ROW * len(rows) for rows in panels]
        figure = new_figure(DOUBLE_COLUMN, KEY + sum(heights) + len(panels) * (HEAD + AXIS) + foot_height(frame, notes))
        looks = list(component_looks([str(i) for i in range(1 + max(int(shown["component_index"].max()), 0))]).values())
        _key(figure, shown)
        top = KEY
        for rows, height in zip(panels, heights, strict=True):
            axes = place(figure, LABEL_WIDTH, top + HEAD, PLOT_WIDTH, height)
            _panel(axes, rows, looks, reasons)
            top += HEAD + height + AXIS
        foot(figure, frame, notes)
        return figure


def _panel(axes: Axes, rows: pd.DataFrame, looks: list[Look], reasons: dict[str, str]) -> None:
    bare_axes(axes)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    scale = str(rows["scale"].iloc[0])
    factor = 100.0 if scale == "risk_difference" else 1.0
    limits = span([*rows["start"], *rows["end"], 0.0], pad=0.05)
    set_ticks(axes, limits, lambda ticks: ticks_plain(ticks, factor), 5)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_yticks([])
    axes.set_xlabel(f"change from baseline, {scale_words(scale)}", fontsize=SMALL, labelpad=2)
    axes.text(
        (0.1 - LABEL_WIDTH) / PLOT_WIDTH,
        1 + 0.1 / axes_height(axes),
        fit_text(str(rows["outcome_label"].iloc[0]), DOUBLE_COLUMN - 0.3, HEADING, bold=True),
        transform=axes.transAxes,
        fontsize=HEADING,
        fontweight="bold",
    )
    records = [row for _, row in rows.iterrows()]
    depths = [_depth(row) for row in records]
    for y, row in enumerate(records):
        _bar(axes, y, row, looks)
        left = 0.1 + INDENT * depths[y]
        label = fit_text(str(row["label"]), LABEL_WIDTH - left - 0.1, BODY, 2, bold=row["role"] != "part")
        beside(axes, left, y, label, bold=row["role"] != "part")
        _numbers(axes, y, row, reasons)
    _branches(axes, depths)
    axes.vlines(0.0, -0.5, len(rows) - 0.5, color=INK, linewidth=0.7, zorder=3)


def _depth(row: pd.Series) -> int:
    return 0 if row["role"] == "total" else 2 if row["group"] else 1


def _branches(axes: Axes, depths: list[int]) -> None:
    """Lines from every parent down to its children, in the margin of the labels."""
    for parent, depth in enumerate(depths):
        below = depths[parent + 1 :]
        end = next((i for i, other in enumerate(below) if other <= depth), len(below))
        children = [parent + 1 + i for i, other in enumerate(below[:end]) if other == depth + 1]
        if not children:
            continue
        x = (0.1 + INDENT * depth + 0.06 - LABEL_WIDTH) / PLOT_WIDTH
        across = axes.get_yaxis_transform()
        axes.plot([x, x], [parent + 0.32, children[-1]], color=FAINT, linewidth=0.8, transform=across, clip_on=False)
        for child in children:
            ends = [x, x + (INDENT - 0.09) / PLOT_WIDTH]
            axes.plot(ends, [child, child], color=FAINT, linewidth=0.8, transform=across, clip_on=False)


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


def _numbers(axes: Axes, y: int, row: pd.Series, reasons: dict[str, str]) -> None:
    scale, reason = str(row["scale"]), str(row["reason"])
    beside(axes, NUMBER_RIGHT, y, estimate_text(float(row["estimate"]), scale), align="right",
           bold=row["role"] != "part")  # fmt: skip
    interval = f"({interval_text(float(row['lower']), float(row['upper']), scale)})"
    beside(axes, NUMBER_RIGHT + 0.08, y, f"withheld ({reasons[reason]})" if reason else interval,
           colour=MUTED if reason else INK)  # fmt: skip
    if not math.isnan(float(row["share"])):
        beside(axes, SHARE_RIGHT, y, share_text(float(row["share"])), align="right", colour=MUTED if reason else INK)


def _key(figure: Figure, frame: pd.DataFrame) -> None:
    unit = "points" if (frame["scale"] == "risk_difference").all() else "change"
    heads: list[tuple[float, Align, str]] = [
        (LABEL_WIDTH, "left", "Owen value: groups stay together"),
        (NUMBER_RIGHT - 0.4, "left", f"{unit} ({level_text(float(frame['level'].iloc[0]))} interval)"),
        (SHARE_RIGHT, "right", "descriptive share" if frame["descriptive"].any() else "share"),
    ]
    for left, align, text in heads:
        write(figure, left, 0.1, text, colour=MUTED, align=align, level="top")
