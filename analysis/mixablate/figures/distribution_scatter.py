"""In-distribution against out-of-distribution rate: does what helps on the trained-for evals help elsewhere?"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

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
from mixablate.figures.text_layout import fit_apart, fit_arm, fit_text

__all__ = ["draw_distribution_scatter"]

LEFT = 0.75  # inches
TOP = 0.2
SIDE = 3.35
RIGHT = 0.1
BEFORE_KEY = 0.35
AXIS = 0.55
MOST_NUMBERED = 20  # arms; beyond it discs hide each other and the table names them
NOTE = 0.14
DISC = 0.085  # radius of an arm's disc
POINT = 0.03  # radius of the point that a moved disc belongs to
APART = 2.15 * DISC  # least between the centres of two discs
RINGS = (0.0, 0.19, 0.27, 0.36, 0.46, 0.58)  # inches from a point to its disc, nearest first
ANGLES = (2, 14, 6, 10, 0, 8, 4, 12, 1, 3, 5, 7, 9, 11, 13, 15)  # of 16
Place = tuple[float, float]  # inches from the lower left corner of the field


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

    A disc that would cover another or its point is moved aside, with a line to its own point. The line of equal rates
    is left out where one outcome is better lower and the other higher.

    Args:
        frame: `distribution_scatter` of `figure_frames`.
        paper: to draw on.
    """
    with paper.in_style():
        places = _places(paper.width)
        arms = frame[frame["row"] == "arm"].reset_index(drop=True)
        runs = frame[frame["row"] == "run"]
        limits = _limits(frame)
        many = len(arms) > MOST_NUMBERED
        names = [] if many else arms["arm"].astype(str).tolist()
        shown = fit_apart(names, lambda name: fit_arm(name, places.key_width - 0.3, BODY, 3))
        labels = [shown[name] for name in names]
        points, dots = (_in_inches(rows, limits, places.side) for rows in (arms, runs))
        centres = points if many else _apart(points, dots, places.side)
        notes = _notes(frame, moved=centres != points)
        bottom = max(TOP + places.side + AXIS, places.key_top + 0.43 + numbered_height(labels) + NOTE * len(notes))
        figure = paper.sheet(bottom + foot_height(frame, width=paper.width))
        axes = place(figure, LEFT, TOP, places.side, places.side)
        _field(axes, frame, limits)
        marks = axes.scatter(
            runs["estimate_in"], runs["estimate_out"], s=9, color=RUN_DOT, alpha=0.35, linewidths=0, zorder=2
        )
        on_hover([_run_words(run) for run in runs.to_dict("records")], marks)
        _crosses(axes, arms)
        if many:
            _unnumbered(axes, arms)
        else:
            _discs(axes, arms, points, centres)
        _key(figure, len(arms), labels, notes, places)
        foot(figure, frame)
        return figure


def _limits(frame: pd.DataFrame) -> tuple[float, float]:
    columns = ["estimate_in", "lower_in", "upper_in", "estimate_out", "lower_out", "upper_out"]
    return span(frame[columns].to_numpy(dtype=float).ravel(), zero=True)


def _in_inches(rows: pd.DataFrame, limits: tuple[float, float], side: float) -> list[Place]:
    inch = (limits[1] - limits[0]) / side
    pairs = zip(rows["estimate_in"].astype(float), rows["estimate_out"].astype(float), strict=True)
    return [((x - limits[0]) / inch, (y - limits[0]) / inch) for x, y in pairs]


def _directions(frame: pd.DataFrame) -> tuple[str, str]:
    """Where the outcomes across and up are better: "lower" or "higher"."""
    return str(frame["direction_in"].iloc[0]), str(frame["direction_out"].iloc[0])


def _field(axes: Axes, frame: pd.DataFrame, limits: tuple[float, float]) -> None:
    """Equal axes in percent that name the outcomes, the line of equal rates where it means something."""
    bare_axes(axes, keep=("bottom", "left"))
    ticks = tick_choices(limits, 5)[0]
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(ticks, ticks_in_percent(ticks))
    axes.set_xlim(*limits)
    axes.set_ylim(*limits)
    axes.tick_params(axis="y", labelsize=SMALL, labelcolor=MUTED)
    axes.grid(color=GRID, linewidth=0.6)
    if len(set(_directions(frame))) == 1:
        axes.plot(limits, limits, color=FAINT, linewidth=0.9, linestyle=(0, (4, 2)), zorder=1)
        axes.text(0.985, 0.955, "equal rates", transform=axes.transAxes, fontsize=SMALL, color=MUTED, ha="right",
                  va="top", rotation=45, rotation_mode="anchor")  # fmt: skip
    side = axes_width(axes)
    lines = 1 if side >= SIDE else 2
    axes.set_xlabel(fit_text(_axis_words(frame, "in"), side - 0.1, BODY, lines), fontsize=BODY, labelpad=4)
    axes.set_ylabel(fit_text(_axis_words(frame, "out"), side - 0.1, BODY, lines), fontsize=BODY)


def _axis_words(frame: pd.DataFrame, side: str) -> str:
    label, outcome = str(frame[f"label_{side}"].iloc[0]), str(frame[f"outcome_{side}"].iloc[0])
    domain = {"in": "in_distribution", "out": "out_of_distribution"}[side]
    return label if outcome == domain else f"{label} ({domain.replace('_', ' ')})"


def _crosses(axes: Axes, arms: pd.DataFrame) -> None:
    for _, arm in arms.iterrows():
        x, y = float(arm["estimate_in"]), float(arm["estimate_out"])
        axes.plot([arm["lower_in"], arm["upper_in"]], [y, y], color=MUTED, linewidth=0.8, zorder=3)
        axes.plot([x, x], [arm["lower_out"], arm["upper_out"]], color=MUTED, linewidth=0.8, zorder=3)


def _unnumbered(axes: Axes, arms: pd.DataFrame) -> None:
    discs = axes.scatter(
        arms["estimate_in"], arms["estimate_out"], s=22, color=INK, edgecolors="white", linewidths=0.6, zorder=5
    )
    on_hover([_arm_words(arm) for arm in arms.to_dict("records")], discs)


def _discs(axes: Axes, arms: pd.DataFrame, points: list[Place], centres: list[Place]) -> None:
    """Discs with the arms' numbers; the points of moved ones, and the lines to them, over all discs, edged white."""
    low, high = axes.get_xlim()
    inch = (high - low) / axes_width(axes)
    white = [withStroke(linewidth=1.9, foreground="white")]
    for number, (arm, point, centre) in enumerate(zip(arms.to_dict("records"), points, centres, strict=True), start=1):
        x, y = (low + inches * inch for inches in centre)
        (disc,) = axes.plot([x], [y], marker="o", markersize=2 * DISC * 72, color=INK, markeredgecolor="white",
                            markeredgewidth=0.8, zorder=5)  # fmt: skip
        text = axes.text(x, y, str(number), color="white", fontsize=SMALL, fontweight="bold", ha="center",
                         va="center_baseline", zorder=8)  # fmt: skip
        marks: list[Artist] = [disc, text]
        if centre != point:
            share = 1.0 - DISC / math.dist(point, centre)  # of the way to the disc's middle: the line ends at its edge
            at = [float(arm["estimate_in"]), float(arm["estimate_out"])]
            ends = [[a, a + share * (b - a)] for a, b in zip(at, (x, y), strict=True)]
            axes.plot(*ends, color=INK, linewidth=0.7, zorder=6, path_effects=white)
            marks += axes.plot(*([value] for value in at), marker="o", markersize=2 * POINT * 72, color=INK,
                               markeredgecolor="white", markeredgewidth=0.7, zorder=7)  # fmt: skip
        on_hover(_arm_words(arm), *marks)


def _run_words(run: Mapping[Hashable, Any]) -> str:
    inside, outside = (rate_text(float(run[f"estimate_{side}"])) for side in ("in", "out"))
    return f"run {run['run_id']}: {inside} in distribution, {outside} out of distribution"


def _arm_words(arm: Mapping[Hashable, Any]) -> str:
    inside, outside = (rate_interval_text(arm, side=side) for side in ("_in", "_out"))
    return f"{inside} in distribution, {outside} out of distribution: {arm['arm']}"


def _apart(points: list[Place], dots: list[Place], side: float) -> list[Place]:
    """A centre for the disc of each point: on it, or as near as no disc covers another or another's point.

    Of places as near, that which hides the fewest `dots` (runs). Where all is full discs may cover points, then discs;
    none leaves the field.
    """
    done: list[Place] = []
    for i, point in enumerate(points):
        others = [other for j, other in enumerate(points) if j != i]
        tried = [(ring, c) for ring, c in _round(point) if all(DISC <= z <= side - DISC for z in c)] or [(0.0, point)]
        free = [(ring, c) for ring, c in tried if all(math.dist(c, other) > APART for other in done)]
        clear = [(ring, c) for ring, c in free if _clear(c, point, others, done)]
        chosen = min(clear or free or tried[:1], key=lambda choice: (choice[0], _hidden(choice[1], dots)))
        done.append(chosen[1])
    return done


def _round(point: Place) -> Iterator[tuple[float, Place]]:
    """The point itself, then places round it: how far, and where."""
    yield 0.0, point
    for ring in RINGS[1:]:
        for angle in ANGLES:
            turn = angle * math.pi / 8
            yield ring, (point[0] + ring * math.cos(turn), point[1] + ring * math.sin(turn))


def _clear(centre: Place, point: Place, others: list[Place], done: list[Place]) -> bool:
    """Whether a disc there leaves every other arm's point free, and the line to it discs that stand and points."""
    if any(math.dist(centre, other) <= DISC + POINT for other in others):
        return False
    if centre == point:
        return True
    past = all(_from_line(other, point, centre) >= min(2 * POINT, math.dist(point, other)) for other in others)
    return past and all(_from_line(disc, point, centre) > DISC for disc in done)


def _from_line(at: Place, start: Place, end: Place) -> float:
    """Distance from a place to the line between two others."""
    across, up = end[0] - start[0], end[1] - start[1]
    share = ((at[0] - start[0]) * across + (at[1] - start[1]) * up) / (across**2 + up**2)
    share = min(max(share, 0.0), 1.0)
    return math.dist(at, (start[0] + share * across, start[1] + share * up))


def _hidden(centre: Place, dots: list[Place]) -> int:
    return sum(math.dist(centre, dot) < DISC for dot in dots)


def _notes(frame: pd.DataFrame, *, moved: bool) -> list[str]:
    """What dots and lines are, and which way is better."""
    arms = frame[frame["row"] == "arm"]
    single = len(arms) == int((frame["row"] == "run").sum())
    notes = ["every arm is a single training run" if single else "small dots: single training runs"]
    if (arms["interval_in"] == "over runs").any():
        notes.append(f"crosses: {level_text(float(frame['level'].iloc[0]))} intervals over runs")
    elif (arms[["interval_in", "interval_out"]] != "none").any(axis=None):
        notes.append("crosses: intervals within one run only")
    if moved:
        notes.append("disc on a line: moved aside, its arm is at the line's dot")
    inside, outside = _directions(frame)
    if inside == outside:
        notes.append("below the line: lower out of distribution")
    better = "left" if inside == "lower" else "right", "down" if outside == "lower" else "up"
    return [*notes, f"better: {better[0]} in distribution, {better[1]} out of distribution"]


def _key(figure: Figure, arms: int, labels: list[str], notes: list[str], places: _Places) -> None:
    """The arms' numbers and names, and the notes."""
    left, top = places.key_left, places.key_top + 0.1
    head = "Arms" if labels else f"{arms} arms; the table names them"
    write(figure, left, top, head, size=BODY, bold=True)
    top = write_numbered(figure, left, top + 0.12, labels)
    for i, note in enumerate(notes, start=1):
        write(figure, left, top + NOTE * i, note, colour=MUTED)
