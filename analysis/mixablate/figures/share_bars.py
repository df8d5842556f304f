"""Shares of the total change, one bar a component and scale, so that a reader sees what the choice of scale changes."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixablate.figures.axis_layout import (
    KEY_LINE,
    beside,
    foot,
    foot_height,
    key_lines,
    lettered,
    set_ticks,
    span,
    ticks_in_percent,
    write_key,
)
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import level_text, share_text
from mixablate.figures.panels import first_panels
from mixablate.figures.paper import PLAIN, Paper
from mixablate.figures.row_layout import (
    RowLayout,
    label_down,
    panel_title,
    row_layout,
    rule,
    title_room,
    write_label,
    write_numbers,
)
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    GRID,
    HEADING,
    INK,
    MUTED,
    SMALL,
    Look,
    axes_height,
    bare_axes,
    component_looks,
    place,
)
from mixablate.figures.text_layout import fit_apart, fit_text, text_width

__all__ = ["HEADS", "draw_share_bars"]

ROWS = RowLayout(
    width=DOUBLE_COLUMN,
    label_left=0.1,
    plot_left=1.7,
    plot=DOUBLE_COLUMN - 0.08 - 1.7,
    number_right=DOUBLE_COLUMN - 0.08,
    last_right=DOUBLE_COLUMN - 0.08,
    row=0.27,
)  # inches; the plots of all scales and their numbers stand between `plot_left` and `last_right`
GAP = 0.1
SIGN_ROOM = 0.16
KEY = 0.3
HEAD = 0.44
SCALE = 0.2
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


def draw_share_bars(frame: pd.DataFrame, *, paper: Paper = PLAIN) -> Figure:
    """A row a component, a panel a scale, one axis for all; whiskers are intervals of the shares over runs.

    A share without run-to-run uncertainty is hatched; one that cannot be stated is named with the letter of its reason.
    Beyond four outcomes, or 150 bars, the table holds the rest.

    Args:
        frame: `share_bars` of `figure_frames`.
        paper: to draw on.
    """
    with paper.in_style():
        panels, notes = first_panels(frame, MOST_ROWS, MOST_PANELS)
        shown = pd.concat(panels)
        reasons = lettered([*shown["withheld"], *shown["reason"]])
        notes = [*_reasons(shown, reasons), *notes]
        numbers = [_number(row, reasons) for _, row in shown.iterrows()]
        layout = row_layout(ROWS, paper.width, shown["label"].astype(str), numbers, signs=SIGN_ROOM)
        parts = _key(shown)
        together = fit_text(" \u00b7 ".join(parts), paper.width - 0.2, SMALL)
        key = key_lines(parts, paper.width) if layout.stacked else [together]
        above = KEY + KEY_LINE * (len(key) - 1)
        heights = [_height(rows, layout) for rows in panels]
        head = HEAD + title_room(_title(rows, layout) for rows in panels)
        total = above + sum(heights) + len(panels) * (head + AXIS) + foot_height(frame, notes, paper.width)
        figure = paper.sheet(total)
        looks = list(component_looks([str(i) for i in range(1 + max(int(shown["component_index"].max()), 0))]).values())
        write_key(figure, key, layout.label_left)
        rule(figure, above - 0.04)
        top = above
        for rows, height in zip(panels, heights, strict=True):
            _outcome(figure, rows, top + head, layout, looks, reasons)
            top += head + height + AXIS
        foot(figure, frame, notes)
        return figure


def _height(rows: pd.DataFrame, layout: RowLayout) -> float:
    """Inches of an outcome's plots: scales stand side by side, or under each other where that is too narrow."""
    one = layout.row * rows["component"].nunique()
    return one + (rows["scale"].nunique() - 1) * (AXIS + SCALE + one) if layout.stacked else one


def _title(rows: pd.DataFrame, layout: RowLayout) -> str:
    return panel_title(layout, str(rows["outcome_label"].iloc[0]))


def _reasons(shown: pd.DataFrame, reasons: dict[str, str]) -> list[str]:
    gone = set(shown["withheld"])
    notes = [
        f"({letter}) {'share' if reason in gone else 'interval'} withheld: {reason}"
        for reason, letter in list(reasons.items())[:MOST_REASONS]
    ]
    more = len(reasons) - MOST_REASONS
    return [*notes, f"{more} more reasons stand in the table."] if more > 0 else notes


def _outcome(
    figure: Figure, rows: pd.DataFrame, top: float, layout: RowLayout, looks: list[Look], reasons: dict[str, str]
) -> None:
    scales = list(dict.fromkeys(rows["scale"]))
    components = list(dict.fromkeys(rows["component"]))
    texts = {index: _number(row, reasons) for index, row in rows.iterrows()}
    slot = layout.plot / (1 if layout.stacked else max(len(scales), 2))
    width = slot if layout.stacked else slot - GAP - max(text_width(text, BODY) for text in texts.values())
    height = layout.row * len(components)
    limits = span([*rows[["share", "share_lower", "share_upper"]].to_numpy(dtype=float).ravel(), 0.0], zero=True)
    first = rows[rows["scale"] == scales[0]].set_index("component")["share"]
    for i, scale in enumerate(scales):
        left = layout.plot_left + (0.0 if layout.stacked else i * slot)
        down = i * (height + AXIS + SCALE) if layout.stacked else 0.0
        axes = place(figure, left, top + down, width, height)
        _ground(axes, limits, len(components), fit_text(HEADS[scale], slot - GAP, SMALL))
        if i == 0:
            _above(axes, (0.1 - layout.plot_left) / width, 0.22, _title(rows, layout), HEADING, INK)
        labels = _labels(axes, rows, components, layout) if i == 0 or layout.stacked else []
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
            colour = MUTED if row["withheld"] or row["reason"] else INK
            if layout.stacked:
                write_numbers(axes, layout, y, labels[y], (texts[index], ""), colours=(colour, colour))
            else:
                beside(axes, left + width + 0.05, y, texts[index], colour=colour)


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


def _labels(axes: Axes, rows: pd.DataFrame, components: list[str], layout: RowLayout) -> list[str]:
    """Component names as written, with the marks of a ranking and of a sign that differ over scales beside them."""
    named = rows.groupby("component", sort=False).agg({"label": "first", "rank_differs": "any", "sign_differs": "any"})
    room = layout.plot_left - 0.26 - SIGN_ROOM
    shown = fit_apart(named["label"].astype(str), lambda label: fit_text(label, room, BODY, 2))
    labels = [shown[str(named.loc[name, "label"])] for name in components]
    for y, name in enumerate(components):
        marks = "\u2260" * bool(named.loc[name, "rank_differs"]) + "\u00b1" * bool(named.loc[name, "sign_differs"])
        write_label(axes, layout, y, labels[y])
        if marks:
            beside(axes, layout.plot_left - 0.07, y, marks, bold=True, align="right", down=label_down(layout))
    return labels


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


def _key(shown: pd.DataFrame) -> list[str]:
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
    return parts
