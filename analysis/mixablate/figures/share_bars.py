"""Shares of the total change, one bar a component and scale, so that a reader sees what the choice of scale changes."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mixablate.figures.axis_layout import beside, foot, foot_height, lettered, set_ticks, span, ticks_in_percent
from mixablate.figures.number_text import MINUS, level_text
from mixablate.figures.panels import first_panels
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

__all__ = ["draw_share_bars", "share_text"]

LABEL_WIDTH = 1.7  # inches
NUMBER_WIDTH = 0.88  # beside each panel
EDGE = 0.08
GAP = 0.1
ROW = 0.26
KEY = 0.3
HEAD = 0.44
AXIS = 0.3
MOST_ROWS = 150  # of the frame: three scales a component
MOST_PANELS = 4
MOST_REASONS = 6
HATCH = "/////"
HEADS = {
    "risk_difference": "difference of rates",
    "value": "difference of scores",
    "log_odds": "log-odds",
    "log_ratio": "log-ratio",
}


def share_text(share: float, lower: float = math.nan, upper: float = math.nan) -> str:
    """A share in percent, with its interval where there is one.

    >>> share_text(0.254), share_text(-0.04, -0.11, 0.03)
    ('25%', '−4% (−11 to 3)')
    """
    if math.isnan(lower) or math.isnan(upper):
        return f"{_whole(share)}%"
    return f"{_whole(share)}% ({_whole(lower)} to {_whole(upper)})"


def _whole(share: float) -> str:
    rounded = round(100.0 * share)
    return f"{MINUS}{-rounded}" if rounded < 0 else str(rounded)


def draw_share_bars(frame: pd.DataFrame) -> Figure:
    """A row a component, a panel a scale, one axis for all; whiskers are intervals of the shares over runs.

    A share without run-to-run uncertainty is hatched; one that cannot be stated is named with the letter of its reason.
    Beyond four outcomes, or 150 bars, the table holds the rest.

    Args:
        frame: `share_bars` of `figure_frames`.
    """
    with paper_style():
        panels, notes = first_panels(frame, MOST_ROWS, MOST_PANELS)
        shown = pd.concat(panels)
        reasons = lettered([*shown["withheld"], *shown["reason"]])
        notes = [*_reasons(shown, reasons), *notes]
        heights = [ROW * rows["component"].nunique() for rows in panels]
        figure = new_figure(DOUBLE_COLUMN, KEY + sum(heights) + len(panels) * (HEAD + AXIS) + foot_height(frame, notes))
        looks = list(component_looks([str(i) for i in range(1 + max(int(shown["component_index"].max()), 0))]).values())
        _key(figure, shown)
        top = KEY
        for rows, height in zip(panels, heights, strict=True):
            _outcome(figure, rows, top, height, looks, reasons)
            top += HEAD + height + AXIS
        foot(figure, frame, notes)
        figure.draw_without_rendering()
        return figure


def _reasons(shown: pd.DataFrame, reasons: dict[str, str]) -> list[str]:
    gone = set(shown["withheld"])
    notes = [
        f"({letter}) {'share' if reason in gone else 'interval'} withheld: {reason}"
        for reason, letter in list(reasons.items())[:MOST_REASONS]
    ]
    more = len(reasons) - MOST_REASONS
    return [*notes, f"{more} more reasons stand in the table."] if more > 0 else notes


def _outcome(
    figure: Figure, rows: pd.DataFrame, top: float, height: float, looks: list[Look], reasons: dict[str, str]
) -> None:
    scales = list(dict.fromkeys(rows["scale"]))
    components = list(dict.fromkeys(rows["component"]))
    slot = (DOUBLE_COLUMN - EDGE - LABEL_WIDTH) / max(len(scales), 2)
    width = slot - NUMBER_WIDTH - GAP
    values = rows[["share", "share_lower", "share_upper"]].to_numpy(dtype=float).ravel()
    limits = span([*values, 0.0], zero=True)
    first = rows[rows["scale"] == scales[0]].set_index("component")["share"]
    for i, scale in enumerate(scales):
        left = LABEL_WIDTH + i * slot
        axes = place(figure, left, top + HEAD, width, height)
        bare_axes(axes)
        axes.set_ylim(len(components) - 0.5, -0.5)
        set_ticks(axes, limits, ticks_in_percent, 3)
        axes.set_yticks([])
        axes.grid(axis="x", color=GRID, linewidth=0.6)
        axes.vlines(0.0, -0.5, len(components) - 0.5, color=INK, linewidth=0.7, zorder=3)
        _above(axes, 0.0, 0.05, fit_text(HEADS[scale], slot - GAP, SMALL), SMALL, MUTED)
        mine = rows[rows["scale"] == scale].set_index("component")
        for y, name in enumerate(components):
            if name in mine.index:
                look = looks[max(int(mine.loc[name, "component_index"]), 0)]
                _bar(axes, y, mine.loc[name], look, float(first[name]) if i else math.nan)
                _number(axes, left + width + 0.06, y, mine.loc[name], reasons)
        if i == 0:
            title = fit_text(str(rows["outcome_label"].iloc[0]), DOUBLE_COLUMN - 0.3, HEADING, bold=True)
            _above(axes, (0.1 - LABEL_WIDTH) / width, 0.22, title, HEADING, INK)
            _labels(axes, rows, components)


def _above(axes: Axes, at: float, over: float, text: str, size: float, colour: str) -> None:
    weight = "bold" if size == HEADING else "normal"
    axes.text(at, 1 + over / axes_height(axes), text, transform=axes.transAxes, fontsize=size, color=colour,
              fontweight=weight, va="bottom")  # fmt: skip


def _labels(axes: Axes, rows: pd.DataFrame, components: list[str]) -> None:
    """Component names, with the marks of a ranking and of a sign that differ over scales."""
    named = rows.groupby("component", sort=False).agg({"label": "first", "rank_differs": "any", "sign_differs": "any"})
    for y, name in enumerate(components):
        marks = "\u2260" * bool(named.loc[name, "rank_differs"]) + "\u00b1" * bool(named.loc[name, "sign_differs"])
        beside(axes, 0.1, y, fit_text(str(named.loc[name, "label"]), LABEL_WIDTH - 0.42, BODY, 2))
        if marks:
            beside(axes, LABEL_WIDTH - 0.07, y, marks, bold=True, align="right")


def _bar(axes: Axes, y: int, row: pd.Series, look: Look, first: float) -> None:
    share, descriptive = float(row["share"]), bool(row["descriptive"])
    if math.isnan(share):
        return
    axes.barh(
        [y],
        [share],
        height=0.62,
        facecolor="white" if descriptive else look.colour,
        edgecolor=look.colour,
        hatch=HATCH if descriptive else None,
        linewidth=0.8 if descriptive else 0.0,
        zorder=2,
    )
    lower, upper = float(row["share_lower"]), float(row["share_upper"])
    if not math.isnan(lower) and not math.isnan(upper):
        axes.plot([lower, upper], [y, y], color="white", linewidth=2.8, solid_capstyle="butt", zorder=3)
        axes.plot([lower, upper], [y, y], color=INK, linewidth=1.1, solid_capstyle="butt", zorder=4)
    if not math.isnan(first):
        axes.plot([first, first], [y - 0.42, y + 0.42], color="white", linewidth=2.0, zorder=5)
        axes.plot([first, first], [y - 0.42, y + 0.42], color=INK, linewidth=0.9, linestyle=(0, (1, 1)), zorder=6)


def _number(axes: Axes, left: float, y: int, row: pd.Series, reasons: dict[str, str]) -> None:
    withheld, reason = str(row["withheld"]), str(row["reason"])
    if withheld:
        beside(axes, left, y, f"withheld ({reasons[withheld]})", colour=MUTED)
        return
    text = share_text(float(row["share"]), float(row["share_lower"]), float(row["share_upper"]))
    beside(axes, left, y, f"{text} ({reasons[reason]})" if reason else text, colour=MUTED if reason else INK)


def _key(figure: Figure, shown: pd.DataFrame) -> None:
    """What bars and marks mean: only what is drawn."""
    parts = []
    if shown["share_lower"].notna().any():
        parts.append(f"line: {level_text(float(shown['level'].iloc[0]))} interval over runs")
    if shown["descriptive"].any():
        parts.append("hatched: descriptive share, of these models only")
    if shown["scale"].nunique() > 1:
        parts.append(f"dotted: the share of the {HEADS[str(shown['scale'].iloc[0])]}")
    if shown["rank_differs"].any():
        parts.append("\u2260 rank differs by scale")
    if shown["sign_differs"].any():
        parts.append("\u00b1 sign differs by scale")
    width, height = figure.get_size_inches()
    text = fit_text(" \u00b7 ".join(parts), DOUBLE_COLUMN - 0.2, SMALL)
    figure.text(0.1 / width, 1 - 0.1 / height, text, fontsize=SMALL, color=MUTED, va="top")
    line = 1 - 0.26 / height
    figure.add_artist(Line2D([EDGE / width, 1 - EDGE / width], [line, line], color=FAINT, linewidth=0.6))
