"""Ternary plot: predictions over the mixes of three parts that sum to one, with the runs as they came out."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from mixablate.figures.axis_layout import KEY_LINE, Align, foot, foot_height, write
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import rate_text
from mixablate.figures.paper import PLAIN, Paper
from mixablate.figures.style import (
    BODY,
    FAINT,
    HEADING,
    INK,
    MUTED,
    SMALL,
    bare_axes,
    place,
)
from mixablate.figures.text_layout import fit_text

__all__ = ["draw_ternary"]

SIDE = 2.45  # inches, of the triangle
TALL = SIDE * math.sqrt(3) / 2
SLOT = 3.3  # inches at least, of a triangle with its labels
WORDS = "shade: predicted outcome of a mix within the reach of the runs; dots: training runs; lines: quarters"
KEY = 0.2
HEAD = 0.5
BASE = 0.3
BAR = 0.42
STEPS = 24  # of the surface along a side
LIGHT_TO_DARK = LinearSegmentedColormap.from_list("mix", ["#f3efe0", "#9ecae1", "#2b7bba", "#08306b"])


def draw_ternary(frame: pd.DataFrame, *, paper: Paper = PLAIN) -> Figure:
    """One triangle an outcome: each corner a mix of one part alone, shade the predicted outcome, dots the runs.

    Only mixes within the reach of the runs are shaded. Runs have the shade of what they came to.

    Args:
        frame: `ternary` of `figure_frames`: rows of `row` "surface" and "run".
        paper: to draw on.
    """
    with paper.in_style():
        outcomes = list(dict.fromkeys(frame["outcome"]))
        across = max(1, int(paper.width / SLOT))
        line, slot, key = HEAD + TALL + BASE + BAR, paper.width / across, fit_text(WORDS, paper.width - 0.2, SMALL, 3)
        above = KEY + KEY_LINE * key.count("\n")
        figure = paper.sheet(above + line * math.ceil(len(outcomes) / across) + foot_height(frame, (), paper.width))
        write(figure, 0.08, 0.06, key, colour=MUTED, level="top")
        for i, outcome in enumerate(outcomes):
            left, top = slot * (i % across), above + line * (i // across)
            _triangle(figure, frame[frame["outcome"] == outcome], left, top, slot)
        foot(figure, frame)
        return figure


def _triangle(figure: Figure, rows: pd.DataFrame, left: float, top: float, slot: float) -> None:
    first = rows.iloc[0]
    title = fit_text(str(first["outcome_label"]), slot - 0.2, HEADING, bold=True)
    write(figure, left + 0.08, top + 0.12, title, size=HEADING, bold=True)
    side = left + (slot - SIDE) / 2
    axes = place(figure, side, top + HEAD, SIDE, TALL)
    values = rows["estimate"].astype(float)
    norm = Normalize(float(values.min()), float(values.max()) if values.max() > values.min() else values.min() + 1.0)
    _field(axes, rows, norm)
    corner = fit_text(str(first["label_a"]), slot - 0.3, BODY)
    write(figure, side + SIDE / 2, top + HEAD - 0.09, corner, size=BODY, align="center")
    for name, at in (("label_b", left + slot / 4), ("label_c", left + 3 * slot / 4)):
        text = fit_text(str(first[name]), slot / 2 - 0.2, BODY)
        write(figure, at, top + HEAD + TALL + 0.13, text, size=BODY, align="center")
    _scale(figure, rows, norm, left, top + HEAD + TALL + BASE, slot)


def _at(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Positions in a triangle of side 1: part a at the top, b at the left, c at the right."""
    a, c = rows["a"].astype(float), rows["c"].astype(float)
    return c + a / 2, a * math.sqrt(3) / 2


def _field(axes: Axes, rows: pd.DataFrame, norm: Normalize) -> None:
    bare_axes(axes, keep=())
    axes.set_axis_off()
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlim(0, 1)
    axes.set_ylim(0, math.sqrt(3) / 2)
    surface, runs = rows[rows["row"] == "surface"], rows[rows["row"] == "run"]
    size = (SIDE / STEPS * 72 * 1.2) ** 2
    shades = axes.scatter(*_at(surface), s=size, c=surface["estimate"].astype(float), cmap=LIGHT_TO_DARK, norm=norm,
                          marker="h", linewidths=0, zorder=1)  # fmt: skip
    corners = [(0.5, math.sqrt(3) / 2), (0.0, 0.0), (1.0, 0.0)]
    shades.set_clip_path(Polygon(corners, closed=True, transform=axes.transData))
    for one, other in ((0, 1), (1, 2), (2, 0)):
        axes.plot(*zip(corners[one], corners[other], strict=True), color=INK, linewidth=0.8, zorder=3, clip_on=False)
    for share in (0.25, 0.5, 0.75):
        for top, down, across in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
            ends = [_between(corners[top], corners[side], share) for side in (down, across)]
            axes.plot(*zip(*ends, strict=True), color=FAINT, linewidth=0.4, zorder=2)
    dots = axes.scatter(*_at(runs), s=13, c=runs["estimate"].astype(float), cmap=LIGHT_TO_DARK, norm=norm,
                        edgecolors=INK, linewidths=0.6, zorder=4, clip_on=False)  # fmt: skip
    on_hover([_run_words(run) for run in runs.to_dict("records")], dots)


def _run_words(run: Mapping[Hashable, Any]) -> str:
    mix = ", ".join(f"{run[f'label_{part}']} {100.0 * float(run[part]):.0f}%" for part in "abc")
    return f"run {run['run_id']}: {rate_text(float(run['estimate']), str(run['kind']))} at {mix}"


def _between(one: tuple[float, float], other: tuple[float, float], share: float) -> tuple[float, float]:
    return share * one[0] + (1 - share) * other[0], share * one[1] + (1 - share) * other[1]


def _scale(figure: Figure, rows: pd.DataFrame, norm: Normalize, left: float, top: float, slot: float) -> None:
    """The shades from the lowest to the highest outcome, with both numbers."""
    kind = str(rows["kind"].iloc[0])
    long = 1.3
    start = left + (slot - long) / 2
    axes = place(figure, start, top + 0.08, long, 0.09)
    shades = 48
    axes.bar(range(shades), [1.0] * shades, width=1.05, color=[LIGHT_TO_DARK(i / (shades - 1)) for i in range(shades)])
    axes.set_xlim(-0.5, shades - 0.5)
    axes.set_ylim(0, 1)
    axes.set_axis_off()
    axes.set_xticks([])
    axes.set_yticks([])
    ends: list[tuple[float | None, float, Align]] = [
        (norm.vmin, start - 0.06, "right"),
        (norm.vmax, start + long + 0.06, "left"),
    ]
    for value, at, align in ends:
        write(figure, at, top + 0.125, rate_text(float(value or 0.0), kind), colour=MUTED, align=align)
