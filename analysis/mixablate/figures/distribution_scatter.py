"""In-distribution against out-of-distribution rate: does what helps on the trained-for evals help elsewhere?"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixablate.figures.axis_layout import (
    foot,
    foot_height,
    numbered_height,
    span,
    tick_choices,
    ticks_in_percent,
    write,
    write_numbered,
)
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import level_text, rate_interval_text, rate_text
from mixablate.figures.paper import PLAIN, Paper
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    FAINT,
    GRID,
    INK,
    MUTED,
    RUN_DOT,
    SMALL,
    axes_width,
    bare_axes,
    place,
)
from mixablate.figures.text_layout import fit_arm, fit_text

__all__ = ["draw_distribution_scatter"]

LEFT = 0.75  # inches
TOP = 0.2
SIDE = 3.35
RIGHT = 0.1
BEFORE_KEY = 0.35
AXIS = 0.55
MOST_NUMBERED = 20  # arms; beyond it discs hide each other and the table names them
DISC = 0.085  # radius of an arm's disc
CANDIDATES = tuple(
    (radius * math.cos(angle * math.pi / 8), radius * math.sin(angle * math.pi / 8))
    for radius in (0.0, 0.19, 0.27, 0.36, 0.46, 0.58)
    for angle in (2, 14, 6, 10, 0, 8, 4, 12, 1, 3, 5, 7, 9, 11, 13, 15)
)


@dataclass(frozen=True, slots=True)
class _Places:
    """Side of the square field, and where the key stands: right of it, or under it where there is no room."""

    side: float
    key_left: float
    key_top: float
    key_width: float


def _places(width: float) -> _Places:
    if width < DOUBLE_COLUMN:
        side = width - LEFT - RIGHT
        return _Places(side, RIGHT, TOP + side + AXIS, width - 2 * RIGHT)
    key_left = LEFT + SIDE + BEFORE_KEY
    return _Places(SIDE, key_left, TOP, width - key_left - RIGHT)


def draw_distribution_scatter(frame: pd.DataFrame, *, paper: Paper = PLAIN) -> Figure:
    """Arms as numbered discs with intervals, their runs as faint dots, the line of equal rates.

    Discs that would cover each other are moved aside, with a line to their point.

    Args:
        frame: `distribution_scatter` of `figure_frames`.
        paper: to draw on.
    """
    with paper.in_style():
        places = _places(paper.width)
        arms = frame[frame["row"] == "arm"].reset_index(drop=True)
        many = len(arms) > MOST_NUMBERED
        labels = [] if many else [fit_arm(str(arm), places.key_width - 0.3, BODY, 3) for arm in arms["arm"]]
        key_height = 0.3 + numbered_height(labels) + 0.55
        bottom = max(TOP + places.side + AXIS, places.key_top + key_height)
        figure = paper.sheet(bottom + foot_height(frame, width=paper.width))
        axes = place(figure, LEFT, TOP, places.side, places.side)
        _field(axes, frame)
        runs = frame[frame["row"] == "run"]
        dots = axes.scatter(
            runs["estimate_in"], runs["estimate_out"], s=9, color=RUN_DOT, alpha=0.35, linewidths=0, zorder=2
        )
        on_hover([_run_words(run) for run in runs.to_dict("records")], dots)
        _arms(axes, arms, places.side, numbered=not many)
        _key(figure, frame, labels, places)
        foot(figure, frame)
        return figure


def _field(axes: Axes, frame: pd.DataFrame) -> None:
    """Equal axes in percent, the line of equal rates, axis labels that name the outcomes."""
    bare_axes(axes, keep=("bottom", "left"))
    columns = ["estimate_in", "lower_in", "upper_in", "estimate_out", "lower_out", "upper_out"]
    limits = span(frame[columns].to_numpy(dtype=float).ravel(), zero=True)
    ticks = tick_choices(limits, 5)[0]
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(ticks, ticks_in_percent(ticks))
    axes.set_xlim(*limits)
    axes.set_ylim(*limits)
    axes.tick_params(axis="y", labelsize=SMALL, labelcolor=MUTED)
    axes.grid(color=GRID, linewidth=0.6)
    axes.plot(limits, limits, color=FAINT, linewidth=0.9, linestyle=(0, (4, 2)), zorder=1)
    axes.text(0.985, 0.955, "equal rates", transform=axes.transAxes, fontsize=SMALL, color=MUTED, ha="right", va="top",
              rotation=45, rotation_mode="anchor")  # fmt: skip
    side = axes_width(axes)
    lines = 1 if side >= SIDE else 2
    axes.set_xlabel(fit_text(_axis_words(frame, "in"), side - 0.1, BODY, lines), fontsize=BODY, labelpad=4)
    axes.set_ylabel(fit_text(_axis_words(frame, "out"), side - 0.1, BODY, lines), fontsize=BODY)


def _axis_words(frame: pd.DataFrame, side: str) -> str:
    label, outcome = str(frame[f"label_{side}"].iloc[0]), str(frame[f"outcome_{side}"].iloc[0])
    domain = {"in": "in_distribution", "out": "out_of_distribution"}[side]
    return label if outcome == domain else f"{label} ({domain.replace('_', ' ')})"


def _arms(axes: Axes, arms: pd.DataFrame, side: float, *, numbered: bool) -> None:
    """Interval crosses, then discs with the arms' numbers, moved off each other."""
    for _, arm in arms.iterrows():
        x, y = float(arm["estimate_in"]), float(arm["estimate_out"])
        axes.plot([arm["lower_in"], arm["upper_in"]], [y, y], color=MUTED, linewidth=0.8, zorder=3)
        axes.plot([x, x], [arm["lower_out"], arm["upper_out"]], color=MUTED, linewidth=0.8, zorder=3)
    low, high = axes.get_xlim()
    inch = (high - low) / side
    points = [(float(a["estimate_in"]), float(a["estimate_out"])) for _, a in arms.iterrows()]
    words = [_arm_words(arm) for arm in arms.to_dict("records")]
    if not numbered:
        discs = axes.scatter(
            arms["estimate_in"], arms["estimate_out"], s=22, color=INK, edgecolors="white", linewidths=0.6, zorder=5
        )
        on_hover(words, discs)
        return
    centres = _apart([((x - low) / inch, (y - low) / inch) for x, y in points], side)
    for number, ((x, y), (left, up)) in enumerate(zip(points, centres, strict=True), start=1):
        at = (low + left * inch, low + up * inch)
        axes.plot([x, at[0]], [y, at[1]], color=INK, linewidth=0.6, zorder=4)
        (point,) = axes.plot([x], [y], marker="o", markersize=3, color=INK, zorder=4)
        (disc,) = axes.plot([at[0]], [at[1]], marker="o", markersize=2 * DISC * 72, color=INK, markeredgecolor="white",
                            markeredgewidth=0.8, zorder=5)  # fmt: skip
        text = axes.text(*at, str(number), color="white", fontsize=SMALL, fontweight="bold", ha="center",
                         va="center_baseline", zorder=6)  # fmt: skip
        on_hover(words[number - 1], disc, point, text)


def _run_words(run: Mapping[Hashable, Any]) -> str:
    inside, outside = (rate_text(float(run[f"estimate_{side}"])) for side in ("in", "out"))
    return f"run {run['run_id']}: {inside} in distribution, {outside} out of distribution"


def _arm_words(arm: Mapping[Hashable, Any]) -> str:
    inside, outside = (rate_interval_text(arm, side=side) for side in ("_in", "_out"))
    return f"{inside} in distribution, {outside} out of distribution: {arm['arm']}"


def _apart(points: list[tuple[float, float]], side: float) -> list[tuple[float, float]]:
    """Centres near `points` (inches) at which no disc covers another or leaves the field; the first fit of each."""
    taken: list[tuple[float, float]] = []
    for x, y in points:
        choices = [(x + dx, y + dy) for dx, dy in CANDIDATES]
        inside = [c for c in choices if DISC <= c[0] <= side - DISC and DISC <= c[1] <= side - DISC] or choices
        free = [c for c in inside if all(math.dist(c, other) > 2.15 * DISC for other in taken)]
        taken.append((free or inside)[0])
    return taken


def _key(figure: Figure, frame: pd.DataFrame, labels: list[str], places: _Places) -> None:
    """The arms' numbers and names, and what dots and lines are."""
    left, top = places.key_left, places.key_top + 0.1
    arms = frame[frame["row"] == "arm"]
    head = "Arms" if labels else f"{len(arms)} arms; the table names them"
    write(figure, left, top, head, size=BODY, bold=True)
    top += 0.12
    top = write_numbered(figure, left, top, labels)
    single = len(arms) == int((frame["row"] == "run").sum())
    notes = ["every arm is a single training run" if single else "small dots: single training runs"]
    if (arms["interval_in"] == "over runs").any():
        notes.append(f"crosses: {level_text(float(frame['level'].iloc[0]))} intervals over runs")
    elif (arms[["interval_in", "interval_out"]] != "none").any(axis=None):
        notes.append("crosses: intervals within one run only")
    notes.append("below the line: lower out of distribution")
    for i, note in enumerate(notes):
        write(figure, left, top + 0.14 + 0.14 * i, note, colour=MUTED)
