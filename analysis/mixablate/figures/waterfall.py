"""Shapley waterfall: from the baseline's rate to the full mix's, one step a component with its interval."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixablate.figures.axis_layout import beside, foot, foot_height, lettered, span, value_ticks
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import effect_text, estimate_text, interval_text, level_text, rate_text, share_text
from mixablate.figures.panels import first_panels, reason_notes
from mixablate.figures.paper import PLAIN, Paper
from mixablate.figures.row_layout import (
    Heads,
    RowLayout,
    column_heads,
    heads_height,
    panel_title,
    row_layout,
    title_room,
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
    bare_axes,
    component_looks,
    place,
)
from mixablate.figures.text_layout import fit_apart, fit_text

__all__ = ["draw_waterfall"]

ROWS = RowLayout(
    width=DOUBLE_COLUMN,
    label_left=0.1,
    plot_left=1.85,
    plot=2.75,
    number_right=1.85 + 2.75 + 0.6,
    last_right=DOUBLE_COLUMN - 0.12,
    row=0.3,
)  # inches
OVER_NUMBERS = 0.4
KEY = 0.3
HEAD = 0.4
AXIS = 0.34
SEEN = 0.08  # inches between ticks
MOST_ROWS = 80
MOST_PANELS = 6
END_BAR = "#8c959f"


def draw_waterfall(frame: pd.DataFrame, *, paper: Paper = PLAIN) -> Figure:
    """Bars for baseline and full mix, between them one floating bar a component; whiskers are intervals over runs.

    A split without run-to-run uncertainty is drawn in outline, its shares are called descriptive and the reason stands
    under the figure.

    Args:
        frame: `waterfall` of `figure_frames`.
        paper: to draw on.
    """
    with paper.in_style():
        panels, notes = first_panels(frame, MOST_ROWS, MOST_PANELS)
        shown = pd.concat(panels)
        reasons = lettered(shown["reason"])
        notes = [*reason_notes(reasons, "interval withheld: "), *notes]
        layout = _layout(shown, paper.width, reasons)
        heads = _heads(panels, layout)
        titles = [panel_title(layout, str(rows["outcome_label"].iloc[0])) for rows in panels]
        head = HEAD + title_room(titles)
        heights = [layout.row * len(rows) for rows in panels]
        top = heads_height(layout, heads, KEY)
        figure = paper.sheet(top + sum(heights) + len(panels) * (head + AXIS) + foot_height(frame, notes, paper.width))
        column_heads(figure, layout, heads, OVER_NUMBERS)
        for rows, title, height in zip(panels, titles, heights, strict=True):
            axes = place(figure, layout.plot_left, top + head, layout.plot, height)
            _panel(axes, rows, title, reasons, layout)
            top += head + height + AXIS
        foot(figure, frame, notes)
        return figure


def _layout(shown: pd.DataFrame, width: float, reasons: dict[str, str]) -> RowLayout:
    rows = [row for _, row in shown.iterrows()]
    numbers = [" ".join(_numbers(row, reasons)) for row in rows]
    labels, ends = shown["label"].astype(str), shown["role"] != "part"
    return row_layout(ROWS, width, labels, numbers, [_share(row) for row in rows], bold=set(labels[ends]))


def _panel(axes: Axes, rows: pd.DataFrame, title: str, reasons: dict[str, str], layout: RowLayout) -> None:
    kind = str(rows["kind"].iloc[0])
    bare_axes(axes)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    value_ticks(axes, _limits(rows), kind, most=5)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_yticks([])
    write_title(axes, layout, title)
    if _ticked(rows, layout.plot):
        _left_out(axes, rows)
    components = [str(i) for i in range(1 + max(int(rows["component_index"].max()), 0))]
    looks = list(component_looks(components).values())
    labels = fit_apart(rows["label"].astype(str), lambda label: fit_text(label, layout.plot_left - 0.25, BODY, 2))
    for y, (_, row) in enumerate(rows.iterrows()):
        part = row["role"] == "part"
        colour = looks[max(int(row["component_index"]), 0)].colour if part else END_BAR
        _bar(axes, y, row, colour)
        if y + 1 < len(rows):
            axes.plot([row["end"]] * 2, [y + 0.3, y + 0.7], color=FAINT, linewidth=0.8, zorder=1)
        _texts(axes, y, row, labels[str(row["label"])], reasons, layout)


def _bar(axes: Axes, y: int, row: pd.Series, colour: str) -> None:
    outline = bool(row["descriptive"]) and row["role"] == "part"
    bar = axes.barh(
        [y],
        [row["end"] - row["start"]],
        left=[row["start"]],
        height=0.6,
        facecolor="white" if outline else colour,
        edgecolor=colour,
        linewidth=1.0 if outline else 0.0,
        linestyle=(0, (3, 1.5)) if outline else "-",
        zorder=2,
    )
    lower, upper = float(row["lower"]), float(row["upper"])
    parts: list[Artist] = [*bar]
    if not math.isnan(row["lower_simultaneous"]):
        wide = [row["start"] + row["lower_simultaneous"], row["start"] + row["upper_simultaneous"]]
        axes.plot(wide, [y, y], color="white", linewidth=2.0, solid_capstyle="butt", zorder=3)
        parts += axes.plot(wide, [y, y], color=INK, linewidth=0.6, solid_capstyle="butt", zorder=4)
    if not math.isnan(lower) and not math.isnan(upper):
        whisker = [row["start"] + lower, row["start"] + upper]
        axes.plot(whisker, [y, y], color="white", linewidth=3.0, solid_capstyle="butt", zorder=3)
        parts += axes.plot(whisker, [y, y], color=INK, linewidth=1.2, solid_capstyle="butt", zorder=4)
        parts += axes.plot([row["end"]], [y], marker="|", markersize=7, markeredgewidth=1.4, color=INK, zorder=5)
    on_hover(_words(row), *parts)


def _words(row: pd.Series) -> str:
    if row["role"] != "part":
        return f"{row['label']}: {rate_text(float(row['estimate']), str(row['kind']))}"
    share = float(row["share"])
    return f"{row['label']}: {effect_text(row)}" + ("" if math.isnan(share) else f", share {share_text(share)}")


def _left_out(axes: Axes, rows: pd.DataFrame) -> None:
    """Two short ticks under each whisker: the range of the step with any one run left out."""
    parts = [(y, row["start"] + row["loo_lower"], row["start"] + row["loo_upper"]) for y, (_, row) in
             enumerate(rows.iterrows()) if row["role"] == "part" and not math.isnan(row["loo_lower"])]  # fmt: skip
    heights = [y for y, _, _ in parts for _ in range(2)]
    ends = [end for _, lower, upper in parts for end in (lower, upper)]
    for colour, width, order in (("white", 1.8, 3), (INK, 0.7, 5)):
        axes.vlines(ends, [y + 0.14 for y in heights], [y + 0.3 for y in heights], color=colour, linewidth=width,
                    zorder=order)  # fmt: skip


def _limits(rows: pd.DataFrame) -> tuple[float, float]:
    reach = ("lower", "upper", "lower_simultaneous", "upper_simultaneous", "loo_lower", "loo_upper")
    return span(
        [*rows["start"], *rows["end"], *(end for name in reach for end in rows["start"] + rows[name])], zero=True
    )


def _ticked(rows: pd.DataFrame, width: float) -> bool:
    """Whether the ranges with a run left out are wide enough to be seen in `width` inches; else the table has them."""
    low, high = _limits(rows)
    inches = (rows["loo_upper"] - rows["loo_lower"]) * width / (high - low)
    return bool(inches.max() >= SEEN)


def _texts(axes: Axes, y: int, row: pd.Series, label: str, reasons: dict[str, str], layout: RowLayout) -> None:
    """Label and numbers of a row, and the step's share of the total."""
    ends = row["role"] != "part"
    write_label(axes, layout, y, label, bold=ends)
    colour = MUTED if row["reason"] else INK
    write_numbers(axes, layout, y, label, _numbers(row, reasons), colours=(INK, INK if ends else colour), bold=ends)
    beside(axes, layout.last_right, y, _share(row), align="right", colour=colour)


def _numbers(row: pd.Series, reasons: dict[str, str]) -> tuple[str, str]:
    """A step with its interval or the letter of the reason why there is none; at the ends the rate itself."""
    if row["role"] != "part":
        return rate_text(float(row["estimate"]), str(row["kind"])), ""
    scale, reason = str(row["scale"]), str(row["reason"])
    interval = f"({interval_text(float(row['lower']), float(row['upper']), scale)})"
    return estimate_text(float(row["estimate"]), scale), f"withheld ({reasons[reason]})" if reason else interval


def _share(row: pd.Series) -> str:
    share = float(row["share"])
    return "" if row["role"] != "part" or math.isnan(share) else share_text(share)


def _heads(panels: list[pd.DataFrame], layout: RowLayout) -> Heads:
    shown = pd.concat(panels)
    marks = ["each component's step (Shapley value)"]
    if shown["lower_simultaneous"].notna().any():
        marks = ["Shapley steps", "thin: all at once"]
    if any(_ticked(rows, layout.plot) for rows in panels):
        marks.append("ticks: one run left out")
    unit = "points" if (shown["kind"] == "events").all() else "change"
    numbers = f"{unit} ({level_text(float(shown['level'].iloc[0]))} interval)"
    share = "descriptive share" if shown["descriptive"].any() else "share"
    return Heads(tuple(marks), numbers, share if shown["share"].notna().any() else "", " \u00b7 ")
