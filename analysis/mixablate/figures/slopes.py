"""Slope chart: the same seed, pair or base model in every arm, one line each."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixablate.figures.axis_layout import (
    KEY_LINE,
    foot,
    foot_height,
    numbered_height,
    span,
    value_axis,
    write,
    write_numbered,
)
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import rate_text
from mixablate.figures.panels import first_of
from mixablate.figures.paper import PLAIN, Paper
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    MUTED,
    SMALL,
    Look,
    axes_width,
    bare_axes,
    component_looks,
    place,
)
from mixablate.figures.text_layout import drawable, fit_apart, fit_arm, fit_text, text_width

__all__ = ["draw_slopes", "slopes_alt"]

MOST_PANELS = 4
MOST_ARMS = 8
NAMED = 8  # units; of more, lines are grey and the table names them
KEY = 0.34  # inches
TITLE = 0.3
HIGH = 2.1
LEFT = 0.5
NAMES = 1.25  # for the units' names, where there is room
ARMS = 0.55
NUMBERS = 0.3
SLOT = 0.6  # an arm's at least, for its name under the axis; else numbers stand there


def draw_slopes(frame: pd.DataFrame, *, paper: Paper = PLAIN) -> Figure:
    """One panel per outcome: arms side by side, a line for each unit through its mean in every arm it was run in.

    Where an arm's name would not fit under the axis, its number stands there and the names under the panels.

    Args:
        frame: `slopes` of `figure_frames`.
        paper: to draw on.
    """
    with paper.in_style():
        every = [rows for _, rows in frame.groupby("outcome", sort=False)]
        panels, arms = every[:MOST_PANELS], sorted(frame["arm_index"].unique())
        notes = [*first_of(len(panels), len(every), "outcomes"), *first_of(MOST_ARMS, len(arms), "arms")]
        arms = [int(arm) for arm in arms[:MOST_ARMS]]
        names = _room_for_names(frame, paper.width)
        wide = paper.width - LEFT - names
        labels = [] if wide / len(arms) >= SLOT else _arm_labels(frame, arms, paper.width - 0.4)
        below = NUMBERS if labels else ARMS
        key = fit_text(_key(frame), paper.width - 0.2, SMALL, 2)
        above = KEY + KEY_LINE * key.count("\n")
        body = above + len(panels) * (TITLE + HIGH + below)
        figure = paper.sheet(body + numbered_height(labels) + foot_height(frame, notes, paper.width))
        write(figure, 0.08, 0.1, key, colour=MUTED, level="top")
        for i, panel in enumerate(panels):
            top = above + i * (TITLE + HIGH + below)
            title = fit_text(str(panel["outcome_label"].iloc[0]), paper.width - 0.3, BODY, bold=True)
            write(figure, 0.08, top + 0.12, title, size=BODY, bold=True)
            axes = place(figure, LEFT, top + TITLE, wide, HIGH)
            _panel(axes, panel[panel["arm_index"].isin(arms)], arms, names, numbered=bool(labels))
        write_numbered(figure, 0.08, body, labels)
        foot(figure, frame, notes)
        return figure


def _room_for_names(frame: pd.DataFrame, width: float) -> float:
    """Inches right of the panels: as much as the units' names need where the figure is narrow."""
    units = [drawable(unit) for unit in frame["unit"].astype(str).unique()]
    if width >= DOUBLE_COLUMN or len(units) > NAMED:
        return NAMES if width >= DOUBLE_COLUMN else 0.15
    return min(NAMES, 0.27 + max(text_width(unit, SMALL) for unit in units))


def _arm_labels(frame: pd.DataFrame, arms: list[int], width: float) -> list[str]:
    of_arm = frame.drop_duplicates("arm_index").set_index("arm_index")["arm"]
    shown = fit_apart([str(of_arm[arm]) for arm in arms], lambda name: fit_arm(name, width, BODY, 3))
    return [shown[str(of_arm[arm])] for arm in arms]


def _panel(axes: Axes, panel: pd.DataFrame, arms: list[int], room: float, *, numbered: bool) -> None:
    bare_axes(axes, keep=("bottom", "left"))
    kind = str(panel["kind"].iloc[0])
    units = list(dict.fromkeys(panel["unit"].astype(str)))
    looks = component_looks(units)
    limits = span(panel["estimate"], zero=kind == "events", least=0.05)
    value_axis(axes, limits, kind)
    ends: list[tuple[float, str, Look]] = []
    for unit in units:
        mine = panel[panel["unit"].astype(str) == unit].sort_values("arm_index")
        colour = looks[unit].colour if len(units) <= NAMED else MUTED
        x = [arms.index(int(index)) for index in mine["arm_index"]]
        (line,) = axes.plot(x, mine["estimate"], color=colour, linewidth=1.1, marker=looks[unit].marker, markersize=4,
                            alpha=1.0 if len(units) <= NAMED else 0.5)  # fmt: skip
        on_hover([_words(record) for record in mine.to_dict("records")], line)
        ends.append((float(mine["estimate"].iloc[-1]), unit, looks[unit]))
    axes.set_xlim(-0.3, len(arms) - 0.7)
    width = axes_width(axes) / len(arms) - 0.05
    of_arm = panel.drop_duplicates("arm_index").set_index("arm_index")["arm"]
    names = [str(of_arm.get(arm, "")) for arm in arms]
    shown = fit_apart(names, lambda name: fit_arm(name, width, SMALL, 4))
    labels = [shown[name] for name in names]
    axes.set_xticks(range(len(arms)), [str(i + 1) for i in range(len(arms))] if numbered else labels)
    axes.tick_params(axis="x", length=0, pad=3, labelsize=SMALL, labelcolor=MUTED)
    if len(units) <= NAMED:
        _names(axes, ends, limits, room)


def _words(record: Mapping[Hashable, Any]) -> str:
    unit = f"{str(record['unit_kind']).split(',')[0].replace('_', ' ')} {record['unit']}"
    return f"{unit}: {rate_text(float(record['estimate']), str(record['kind']))}, {record['arm']}"


def _names(axes: Axes, ends: list[tuple[float, str, Look]], limits: tuple[float, float], room: float) -> None:
    """Units with their markers at the right of the panel, level with their last point where there is room."""
    least = 0.13 / HIGH * (limits[1] - limits[0])
    at = -math.inf
    across, beside = axes.get_yaxis_transform(), 1.0 + 0.08 / axes_width(axes)
    for y, unit, look in sorted(ends, key=lambda end: end[:2]):
        at = max(y, at + least)
        axes.plot([beside], [at], marker=look.marker, markersize=3, color=look.colour, transform=across, clip_on=False)
        axes.annotate(fit_text(unit, room - 0.22, SMALL), (beside, at), (5, 0), xycoords=across,
                      textcoords="offset points", va="center_baseline", fontsize=SMALL, color=look.colour,
                      annotation_clip=False)  # fmt: skip


def _key(frame: pd.DataFrame) -> str:
    unit = str(frame["unit_kind"].iloc[0]).replace("_", " ")
    return f"one line: one {unit}; its mean over runs in each arm"


def slopes_alt(frame: pd.DataFrame) -> str:
    """How many units, and per outcome how many rise and fall from their first arm to their last."""
    unit = str(frame["unit_kind"].iloc[0]).replace("_", " ")
    sentences = [f"Slope chart of {frame['unit'].nunique()} units ({unit}) over {frame['arm_id'].nunique()} arms."]
    for _, panel in list(frame.groupby("outcome", sort=False))[:MOST_PANELS]:
        kind = str(panel["kind"].iloc[0])
        ordered = panel.sort_values("arm_index", kind="stable")
        ends = ordered.groupby("unit", sort=False)["estimate"].agg(["first", "last"])
        down, up = int((ends["last"] < ends["first"]).sum()), int((ends["last"] > ends["first"]).sum())
        first, last = (rate_text(float(ends[end].mean()), kind) for end in ("first", "last"))
        sentences.append(
            f"{panel['outcome_label'].iloc[0]}: from first to last arm {down} fall and {up} rise, on average "
            f"{first} to {last}."
        )
    return " ".join(sentences)
