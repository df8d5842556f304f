"""Shapley waterfall: from the baseline's rate to the full mix's, one step a component with its interval."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixablate.figures.axis_layout import Align, beside, foot, foot_height, lettered, span, value_ticks, write
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import effect_text, estimate_text, interval_text, level_text, rate_text, share_text
from mixablate.figures.panels import first_panels, reason_notes
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    FAINT,
    GRID,
    HEADING,
    INK,
    MUTED,
    axes_height,
    bare_axes,
    component_looks,
    new_figure,
    paper_style,
    place,
)
from mixablate.figures.text_layout import fit_text

__all__ = ["draw_waterfall"]

LABEL_WIDTH = 1.85  # inches
PLOT_WIDTH = 2.75
NUMBER_RIGHT = LABEL_WIDTH + PLOT_WIDTH + 0.6
SHARE_RIGHT = DOUBLE_COLUMN - 0.12
ROW = 0.3
KEY = 0.3
HEAD = 0.4
AXIS = 0.34
SEEN = 0.08  # inches between ticks
MOST_ROWS = 80
MOST_PANELS = 6
END_BAR = "#8c959f"


def draw_waterfall(frame: pd.DataFrame) -> Figure:
    """Bars for baseline and full mix, between them one floating bar a component; whiskers are intervals over runs.

    A split without run-to-run uncertainty is drawn in outline, its shares are called descriptive and the reason stands
    under the figure.

    Args:
        frame: `waterfall` of `figure_frames`.
    """
    with paper_style():
        panels, notes = first_panels(frame, MOST_ROWS, MOST_PANELS)
        shown = pd.concat(panels)
        reasons = lettered(shown["reason"])
        notes = [*reason_notes(reasons, "interval withheld: "), *notes]
        heights = [ROW * len(rows) for rows in panels]
        figure = new_figure(DOUBLE_COLUMN, KEY + sum(heights) + len(panels) * (HEAD + AXIS) + foot_height(frame, notes))
        _key(figure, shown)
        top = KEY
        for rows, height in zip(panels, heights, strict=True):
            axes = place(figure, LABEL_WIDTH, top + HEAD, PLOT_WIDTH, height)
            _panel(axes, rows, reasons)
            top += HEAD + height + AXIS
        foot(figure, frame, notes)
        return figure


def _panel(axes: Axes, rows: pd.DataFrame, reasons: dict[str, str]) -> None:
    first = rows.iloc[0]
    kind = str(first["kind"])
    bare_axes(axes)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    value_ticks(axes, _limits(rows), kind, most=5)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_yticks([])
    axes.text(
        (0.1 - LABEL_WIDTH) / PLOT_WIDTH,
        1 + 0.1 / axes_height(axes),
        fit_text(str(first["outcome_label"]), DOUBLE_COLUMN - 0.3, HEADING, bold=True),
        transform=axes.transAxes,
        fontsize=HEADING,
        fontweight="bold",
    )
    if _ticked(rows):
        _left_out(axes, rows)
    components = [str(i) for i in range(1 + max(int(rows["component_index"].max()), 0))]
    looks = list(component_looks(components).values())
    for y, (_, row) in enumerate(rows.iterrows()):
        part = row["role"] == "part"
        colour = looks[max(int(row["component_index"]), 0)].colour if part else END_BAR
        _bar(axes, y, row, colour)
        if y + 1 < len(rows):
            axes.plot([row["end"]] * 2, [y + 0.3, y + 0.7], color=FAINT, linewidth=0.8, zorder=1)
        beside(axes, 0.1, y, fit_text(str(row["label"]), LABEL_WIDTH - 0.25, BODY, 2), bold=not part)
        _numbers(axes, y, row, reasons)


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


def _ticked(rows: pd.DataFrame) -> bool:
    """Whether the ranges with a run left out are wide enough to be seen; else they stand in the table only."""
    low, high = _limits(rows)
    inches = (rows["loo_upper"] - rows["loo_lower"]) * PLOT_WIDTH / (high - low)
    return bool(inches.max() >= SEEN)


def _numbers(axes: Axes, y: int, row: pd.Series, reasons: dict[str, str]) -> None:
    """The step in words beside its bar: points with interval, and its share of the total."""
    if row["role"] != "part":
        beside(axes, NUMBER_RIGHT, y, rate_text(float(row["estimate"]), str(row["kind"])), align="right", bold=True)
        return
    scale, reason = str(row["scale"]), str(row["reason"])
    beside(axes, NUMBER_RIGHT, y, estimate_text(float(row["estimate"]), scale), align="right")
    interval = f"({interval_text(float(row['lower']), float(row['upper']), scale)})"
    beside(axes, NUMBER_RIGHT + 0.08, y, f"withheld ({reasons[reason]})" if reason else interval,
           colour=MUTED if reason else INK)  # fmt: skip
    share = float(row["share"])
    if not math.isnan(share):
        beside(axes, SHARE_RIGHT, y, share_text(share), align="right", colour=MUTED if reason else INK)


def _key(figure: Figure, frame: pd.DataFrame) -> None:
    events = (frame["kind"] == "events").all()
    descriptive = frame["descriptive"].any()
    unit = "points" if events else "change"
    step = "each component's step (Shapley value)"
    if frame["lower_simultaneous"].notna().any():
        step = "Shapley steps \u00b7 thin: all at once"
    if any(_ticked(rows) for _, rows in frame.groupby("outcome", sort=False)):
        step += " \u00b7 ticks: one run left out"
    heads: list[tuple[float, Align, str]] = [
        (LABEL_WIDTH, "left", step),
        (NUMBER_RIGHT - 0.4, "left", f"{unit} ({level_text(float(frame['level'].iloc[0]))} interval)"),
        (SHARE_RIGHT, "right", "descriptive share" if descriptive else "share"),
    ]
    for left, align, text in heads:
        write(figure, left, 0.1, text, colour=MUTED, align=align, level="top")
