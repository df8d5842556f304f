"""Shares of the total change, one bar a component and scale, so that a reader sees what the choice of scale changes."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mixablate.figures.axis_layout import beside, foot, foot_height, lettered, set_ticks, span, ticks_in_percent, write
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import level_text, share_text
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
from mixablate.figures.text_layout import fit_text, text_width

__all__ = ["HEADS", "draw_share_bars"]

LABEL_WIDTH = 1.7  # inches
EDGE = 0.08
GAP = 0.1
ROW = 0.27
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
    texts = {index: _number(row, reasons) for index, row in rows.iterrows()}
    width = slot - GAP - max(text_width(text, BODY) for text in texts.values())
    limits = span([*rows[["share", "share_lower", "share_upper"]].to_numpy(dtype=float).ravel(), 0.0], zero=True)
    first = rows[rows["scale"] == scales[0]].set_index("component")["share"]
    for i, scale in enumerate(scales):
        left = LABEL_WIDTH + i * slot
        axes = place(figure, left, top + HEAD, width, height)
        _ground(axes, limits, len(components), fit_text(HEADS[scale], slot - GAP, SMALL))
        if i == 0:
            title = fit_text(str(rows["outcome_label"].iloc[0]), DOUBLE_COLUMN - 0.3, HEADING, bold=True)
            _above(axes, (0.1 - LABEL_WIDTH) / width, 0.22, title, HEADING, INK)
            _labels(axes, rows, components)
        mine = rows[rows["scale"] == scale]
        places = [components.index(name) for name in mine["component"]]
        if (mine["withheld"] != "").all() and mine["withheld"].nunique() == 1:
            axes.text(0.5, 0.5, texts[mine.index[0]], transform=axes.transAxes, ha="center", va="center",
                      fontsize=BODY, color=MUTED, backgroundcolor="white")  # fmt: skip
            continue
        _bars(axes, mine, places, looks)
        if i:
            _compare(axes, [float(first.get(name, math.nan)) for name in mine["component"]], places)
        for y, (index, row) in zip(places, mine.iterrows(), strict=True):
            plain = not row["withheld"] and not row["reason"]
            beside(axes, left + width + 0.05, y, texts[index], colour=INK if plain else MUTED)


def _ground(axes: Axes, limits: tuple[float, float], lines: int, head: str) -> None:
    """Axis, grid, zero line and the name of the scale."""
    bare_axes(axes)
    axes.set_ylim(lines - 0.5, -0.5)
    set_ticks(axes, limits, ticks_in_percent, 3)
    axes.set_yticks([])
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.vlines(0.0, -0.5, lines - 0.5, color=INK, linewidth=0.7, zorder=3)
    _above(axes, 0.0, 0.05, head, SMALL, MUTED)


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


def _bars(axes: Axes, rows: pd.DataFrame, places: list[int], looks: list[Look]) -> None:
    """Bars of the shares that are stated, with their intervals."""
    descriptive = bool(rows["descriptive"].any())
    colours = [looks[max(int(i), 0)].colour for i in rows["component_index"]]
    bars = axes.barh(
        places,
        rows["share"].fillna(0.0),
        height=0.62,
        facecolor=["white"] * len(rows) if descriptive else colours,
        edgecolor=colours,
        hatch=HATCH if descriptive else None,
        linewidth=0.8 if descriptive else 0.0,
        zorder=2,
    )
    for bar, (_, row) in zip(bars, rows.iterrows(), strict=True):
        share = share_text(*(float(row[name]) for name in ("share", "share_lower", "share_upper")))
        if not row["withheld"]:
            on_hover(f"{row['label']}, {HEADS[str(row['scale'])]}: {share}", bar)
    held = (rows["share_lower"].notna() & rows["share_upper"].notna()).to_numpy()
    at = [y for y, shown in zip(places, held, strict=True) if shown]
    if at:
        ends = rows.loc[held, "share_lower"], rows.loc[held, "share_upper"]
        axes.hlines(at, *ends, color="white", linewidth=2.8, zorder=3)
        axes.hlines(at, *ends, color=INK, linewidth=1.1, zorder=4)


def _compare(axes: Axes, first: list[float], places: list[int]) -> None:
    """Dotted marks at the shares of the first scale."""
    known = [(share, y) for share, y in zip(first, places, strict=True) if not math.isnan(share)]
    if known:
        shares, at = [share for share, _ in known], [y for _, y in known]
        ends = [y - 0.42 for y in at], [y + 0.42 for y in at]
        axes.vlines(shares, *ends, color="white", linewidth=2.0, zorder=5)
        axes.vlines(shares, *ends, color=INK, linewidth=0.9, linestyle=[(0, (1, 1))], zorder=6)


def _number(row: pd.Series, reasons: dict[str, str]) -> str:
    """What stands beside a bar: share with interval, or the letter of the reason why there is none."""
    withheld, reason = str(row["withheld"]), str(row["reason"])
    if withheld:
        return f"withheld ({reasons[withheld]})"
    text = share_text(float(row["share"]), float(row["share_lower"]), float(row["share_upper"]))
    return f"{text} ({reasons[reason]})" if reason else text


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
    write(figure, 0.1, 0.1, text, colour=MUTED, level="top")
    line = 1 - 0.26 / height
    figure.add_artist(Line2D([EDGE / width, 1 - EDGE / width], [line, line], color=FAINT, linewidth=0.6))
