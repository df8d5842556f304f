"""Trajectories: every run's outcome over training steps, lines coloured by arm."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixablate.figures.axis_layout import foot, foot_height, set_ticks, span, ticks_plain, value_axis, write
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import rate_text
from mixablate.figures.panels import leading_outcomes
from mixablate.figures.paper import PLAIN, Paper
from mixablate.figures.style import (
    BODY,
    MUTED,
    SMALL,
    Look,
    bare_axes,
    component_looks,
    place,
    size_of,
)
from mixablate.figures.text_layout import fit_apart, fit_text, text_width

__all__ = ["draw_trajectories", "trajectories_alt"]

MOST_PANELS = 12
NAMED = 10  # arms; beyond it looks repeat, and the table names them
SLOT = 3.3  # inches at least, of a panel with its labels
TITLE = 0.3  # inches
HIGH = 1.6
LEFT = 0.5
AXIS = 0.42
KEY_LINE = 0.16


def draw_trajectories(frame: pd.DataFrame, *, paper: Paper = PLAIN) -> Figure:
    """One panel per eval: a line for each run through the steps at which it was evaluated.

    Args:
        frame: `trajectories` of `figure_frames`.
        paper: to draw on.
    """
    with paper.in_style():
        outcomes, notes = leading_outcomes(frame, MOST_PANELS)
        arms = frame.drop_duplicates("arm_id").sort_values("arm_index")
        looks = component_looks([str(arm) for arm in arms["arm_id"]])
        lines = _key_lines(arms, paper.width)
        if len(arms) > NAMED:
            notes.append(f"{len(arms)} arms; the table names the runs.")
        across = max(1, int(paper.width / SLOT))
        rows = math.ceil(len(outcomes) / across)
        key = 0.08 + KEY_LINE * (len(lines) + 1)
        figure = paper.sheet(key + rows * (TITLE + HIGH + AXIS) + foot_height(frame, notes, paper.width))
        _key(figure, lines, looks)
        slot = paper.width / across
        for i, outcome in enumerate(outcomes):
            left, top = (i % across) * slot, key + (i // across) * (TITLE + HIGH + AXIS)
            panel = frame[frame["outcome"] == outcome]
            title = fit_text(str(panel["outcome_label"].iloc[0]), slot - 0.25, BODY, bold=True)
            write(figure, left + 0.1, top + 0.14, title, size=BODY, bold=True)
            _panel(place(figure, left + LEFT, top + TITLE, slot - LEFT - 0.2, HIGH), panel, looks)
        foot(figure, frame, notes)
        return figure


def _panel(axes: Axes, panel: pd.DataFrame, looks: dict[str, Look]) -> None:
    bare_axes(axes, keep=("bottom", "left"))
    kind = str(panel["kind"].iloc[0])
    value_axis(axes, span(panel["estimate"], zero=kind == "events", least=0.05), kind)
    many = panel["run_id"].nunique() > 40
    for _, mine in panel.groupby("run_id", sort=False):
        look = looks[str(mine["arm_id"].iloc[0])]
        ordered = mine.sort_values("step")
        (line,) = axes.plot(ordered["step"], ordered["estimate"], color=look.colour, linewidth=0.9, marker=look.marker,
                            markersize=2.5, alpha=0.4 if many else 0.85)  # fmt: skip
        on_hover([f"run {r['run_id']}, step {float(r['step']):g}: {rate_text(float(r['estimate']), kind)}"
                  for r in ordered.to_dict("records")], line)  # fmt: skip
    set_ticks(axes, span(panel["step"], pad=0.04), ticks_plain, 5)
    axes.set_xlabel("training step", fontsize=SMALL, labelpad=2)


def _key_lines(arms: pd.DataFrame, room: float) -> list[list[tuple[str, str]]]:
    """(arm id, label) in lines that fit the width."""
    lines: list[list[tuple[str, str]]] = [[]]
    used = 0.0
    named = arms.head(NAMED)
    names = fit_apart(named["arm"].astype(str), lambda name: fit_text(name, min(3.0, room - 0.6), SMALL))
    for arm_id, label in named[["arm_id", "arm"]].itertuples(index=False):
        shown = names[str(label)]
        width = text_width(shown, SMALL) + 0.4
        if lines[-1] and used + width > room - 0.2:
            lines.append([])
            used = 0.0
        lines[-1].append((str(arm_id), shown))
        used += width
    return lines


def _key(figure: Figure, lines: list[list[tuple[str, str]]], looks: dict[str, Look]) -> None:
    width, height = size_of(figure)
    write(figure, 0.08, 0.1, "one line: one training run; colour and marker: its arm", colour=MUTED)
    axes = place(figure, 0.0, 0.0, float(width), float(height))
    axes.set_xlim(0.0, float(width))
    axes.set_ylim(float(height), 0.0)
    axes.axis("off")
    for number, line in enumerate(lines, start=1):
        left, y = 0.12, 0.1 + number * KEY_LINE
        for arm_id, label in line:
            look = looks[arm_id]
            axes.plot([left, left + 0.2], [y, y], color=look.colour, linewidth=1.2, marker=look.marker, markersize=3)
            axes.text(left + 0.26, y, label, fontsize=SMALL, color=MUTED, va="center_baseline")
            left += 0.4 + text_width(label, SMALL)


def trajectories_alt(frame: pd.DataFrame) -> str:
    """Runs, steps and, per eval, the mean over runs at the first and the last step."""
    runs, steps = frame["run_id"].nunique(), frame["step"].nunique()
    sentences = [f"Lines of {runs} training runs in {frame['arm_id'].nunique()} arms over {steps} training steps."]
    for _, panel in list(frame.groupby("outcome", sort=False))[:MOST_PANELS]:
        kind = str(panel["kind"].iloc[0])
        means = panel.groupby("step")["estimate"].mean()
        sentences.append(
            f"{panel['outcome_label'].iloc[0]}: on average {rate_text(float(means.iloc[0]), kind)} at step "
            f"{means.index[0]:g}, {rate_text(float(means.iloc[-1]), kind)} at step {means.index[-1]:g}."
        )
    return " ".join(sentences)
