"""Rates by arm: one panel an outcome, every run a dot, mean and interval, exact counts."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixablate.figures.axis_layout import KEY_LINE, foot, foot_height, key_lines, span, value_ticks, write_key
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import count_text, counted_text, rate_interval_text, rate_text
from mixablate.figures.panels import first_of, leading_outcomes
from mixablate.figures.paper import PLAIN, Paper
from mixablate.figures.style import (
    BODY,
    FAINT,
    GRID,
    HEADING,
    INK,
    MUTED,
    RUN_DOT,
    SMALL,
    axes_height,
    bare_axes,
    place,
)
from mixablate.figures.text_layout import fit_apart, fit_arm, fit_text

__all__ = ["draw_rates_by_arm"]

LABEL_WIDTH = 1.75  # inches
COUNTS_WIDTH = 0.66
COUNTS_APART = 3.5  # points
GAP = 0.14
HEAD = 0.5
AXIS = 0.3
KEY = 0.3
LINE = 0.12
ARM_LINES = 3
NAMES = 0.36  # of the figure's width at most, for the labels
SLOT = 1.7  # inches at least, of a panel with its counts
APART = 0.17  # rows: dots below, mean and interval above, where an arm has several runs
MOST_ARMS = 80  # beyond it the page could not be read; the table has every arm
MOST_HEIGHT = 20.0  # inches of panels, but for the first line of them
DOMAIN_WORDS = {
    "in_distribution": "in distribution",
    "out_of_distribution": "out of distribution",
    "capability": "capability",
    "control": "control",
}


def draw_rates_by_arm(frame: pd.DataFrame, *, paper: Paper = PLAIN) -> Figure:
    """One panel per outcome with arms as rows: runs as dots, their mean and interval, and events of scored rollouts.

    Args:
        frame: `rates_by_arm` of `figure_frames`: rows of `row` "arm" and "run", in drawing order.
        paper: to draw on.
    """
    with paper.in_style():
        everyone = list(dict.fromkeys(frame.sort_values("arm_index", kind="stable")["arm_id"]))
        arms = everyone[:MOST_ARMS]
        notes = first_of(len(arms), len(everyone), "arms")
        frame = frame[frame["arm_id"].isin(arms)]
        names = min(LABEL_WIDTH, NAMES * paper.width)
        name_lines = ARM_LINES if names == LABEL_WIDTH else 2 * ARM_LINES
        arm_names = [_arm_label(frame, arm) for arm in arms]
        shown = fit_apart(arm_names, lambda name: fit_arm(name, names - 0.2, BODY, name_lines))
        labels = [shown[name] for name in arm_names]
        row = max(0.27, max(label.count("\n") + 1 for label in labels) * LINE + 0.07)
        panel = row * len(arms)
        most = max(1, int((paper.width - names) / SLOT))
        outcomes, left_out = leading_outcomes(frame, most * int(MOST_HEIGHT / (panel + HEAD + AXIS)) or most)
        notes += left_out
        columns = min(most, len(outcomes))
        lines = math.ceil(len(outcomes) / columns)
        slot = (paper.width - names) / columns
        titles = {o: _title(frame, o, slot - GAP / 2 - 0.05) for o in outcomes}
        head = HEAD + 0.14 * max(title.count("\n") for title in titles.values())
        key = key_lines(_key(frame), paper.width)
        above = KEY + KEY_LINE * (len(key) - 1)
        figure = paper.sheet(above + lines * (head + panel + AXIS) + foot_height(frame, notes, paper.width))
        write_key(figure, key)
        for i, outcome in enumerate(outcomes):
            across, down = i % columns, i // columns
            axes = place(
                figure,
                names + across * slot + GAP / 2,
                above + head + down * (head + panel + AXIS),
                slot - COUNTS_WIDTH - GAP,
                panel,
            )
            rows = frame[frame["outcome"] == outcome]
            _panel(axes, rows, arms, titles[outcome], _limits(frame, rows.iloc[0]))
            axes.set_yticks(range(len(arms)) if across == 0 else [], labels if across == 0 else [])
        foot(figure, frame, notes)
        return figure


def _limits(frame: pd.DataFrame, first: pd.Series) -> tuple[float, float]:
    """Horizontal limits shared by the outcomes of one domain, kind and direction, so that panels compare."""
    alike = (frame[["domain", "kind", "direction"]] == first[["domain", "kind", "direction"]]).all(axis=1)
    arms, runs = frame[alike & (frame["row"] == "arm")], frame[alike & (frame["row"] == "run")]
    values = [*arms["estimate"], *arms["lower"], *arms["upper"], *runs["estimate"]]
    return span(values, zero=first["kind"] == "events" and first["direction"] == "lower", least=0.1)


def _title(frame: pd.DataFrame, outcome: str, width: float) -> str:
    label = str(frame.loc[frame["outcome"] == outcome, "outcome_label"].iloc[0])
    return fit_text(label, width, HEADING, 2, bold=True)


def _arm_label(frame: pd.DataFrame, arm_id: str) -> str:
    return str(frame.loc[frame["arm_id"] == arm_id, "arm"].iloc[0])


def _panel(axes: Axes, rows: pd.DataFrame, arms: list[str], title: str, limits: tuple[float, float]) -> None:
    first = rows.iloc[0]
    kind = str(first["kind"])
    bare_axes(axes)
    axes.set_ylim(len(arms) - 0.5, -0.5)
    for y in range(len(arms)):
        if y % 2 == 0:
            axes.axhspan(y - 0.5, y + 0.5, color="#f6f8fa", linewidth=0, zorder=0)
    value_ticks(axes, limits, kind)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    baseline = rows[(rows["row"] == "arm") & rows["baseline"]]
    if len(baseline) == 1:
        axes.axvline(float(baseline["estimate"].iloc[0]), color=FAINT, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
    _marks(axes, rows, arms)
    _counts(axes, rows, arms, kind)
    words = f"{DOMAIN_WORDS.get(first['domain'], first['domain'])} \u00b7 {first['direction']} is better"
    _heading(axes, title, words)


def _heading(axes: Axes, title: str, words: str) -> None:
    """Outcome and, under it, what kind of outcome it is, above the panel."""
    height = axes_height(axes)
    axes.text(0, 1 + 0.22 / height, title, transform=axes.transAxes, va="bottom",
              fontsize=HEADING, fontweight="bold")  # fmt: skip
    axes.text(0, 1 + 0.07 / height, words, transform=axes.transAxes, va="bottom",
              fontsize=SMALL, color=MUTED)  # fmt: skip


def _marks(axes: Axes, rows: pd.DataFrame, arms: list[str]) -> None:
    """The dots of every arm's runs, and above them the arm's mean and interval; a few artists for all arms."""
    level = rows["arm_id"].map({arm: y for y, arm in enumerate(arms)}).to_numpy(float)
    is_run = (rows["row"] == "run").to_numpy()
    runs, at = rows[is_run], level[is_run]
    many = (runs["arm_id"].map(runs["arm_id"].value_counts()) > 1).to_numpy()
    for size, down, chosen in ((11, APART, many), (17, 0.0, ~many)):  # one size a call: a shape once, and its places
        drawn = axes.scatter(
            runs.loc[chosen, "estimate"], at[chosen] + down, s=size, color=RUN_DOT, alpha=0.7, linewidths=0, zorder=3
        )
        on_hover([_run_words(run) for run in runs[chosen].to_dict("records")], drawn)
    several = rows["arm_id"].isin(runs.loc[many, "arm_id"]).to_numpy()
    above = level - np.where(several, APART, 0.0)
    for kind, colour, width, line in (("over runs", INK, 1.4, "-"), ("within this run", MUTED, 0.8, (0, (2, 1.5)))):
        chosen = (~is_run) & (rows["interval"] == kind).to_numpy()
        arms_of = rows[chosen]
        bars = axes.hlines(
            above[chosen], arms_of["lower"], arms_of["upper"], color=colour, linewidth=width, linestyle=line, zorder=3
        )
        on_hover([_arm_words(arm) for arm in arms_of.to_dict("records")], bars)
    means = (~is_run) & (rows["n_runs"] > 1).to_numpy()
    (ticks,) = axes.plot(
        rows.loc[means, "estimate"], above[means], marker="|", markersize=7, markeredgewidth=1.8, color=INK,
        linestyle="none", zorder=4,
    )  # fmt: skip
    on_hover([_arm_words(arm) for arm in rows[means].to_dict("records")], ticks)


def _run_words(run: Mapping[Hashable, Any]) -> str:
    numbers = counted_text(float(run["estimate"]), float(run["n_events"]), float(run["n_scored"]), str(run["kind"]))
    return f"run {run['run_id']}: {numbers}"


def _arm_words(arm: Mapping[Hashable, Any]) -> str:
    numbers = rate_interval_text(arm, str(arm["kind"]))
    within = ", interval within this run" if arm["interval"] == "within this run" else ""
    runs = f"mean of {int(arm['n_runs'])} runs" if arm["n_runs"] > 1 else "1 run"
    return f"{runs}, {numbers}{within}: {arm['arm']}"


def _counts(axes: Axes, rows: pd.DataFrame, arms: list[str], kind: str) -> None:
    """On the right of the panel: events of scored rollouts, or the mean where there are no counts.

    Plain texts: ticks of a second axis would be five artists each.
    """
    means = rows[rows["row"] == "arm"]
    numbers = means[["n_events", "n_scored", "estimate"]].to_numpy(float).tolist()
    measured = dict(zip(means["arm_id"], numbers, strict=True))
    for y, arm in enumerate(arms):
        events, scored, level = measured.get(arm, (math.nan, math.nan, math.nan))
        text = rate_text(level, kind) if math.isnan(events) else f"{count_text(events)}/{count_text(scored)}"
        axes.annotate(
            text if arm in measured else "not run",
            (1.0, y),
            (COUNTS_APART, 0),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            va="center_baseline",
            fontsize=SMALL - 0.5,
            color=MUTED,
            annotation_clip=False,
        )


def _key(frame: pd.DataFrame) -> list[str]:
    """The parts that say what dots, bars and numbers are."""
    arms = frame[frame["row"] == "arm"]
    parts = ["\u25cf one training run"]
    if (arms["n_runs"] > 1).any():
        parts.append("\u2503 mean over runs")
    if (arms["interval"] == "over runs").any():
        parts.append(f"\u2501 {100 * frame['level'].iloc[0]:g}% interval over runs")
    if (arms["interval"] == "within this run").any():
        parts.append("\u254c interval within one run only")
    if arms["baseline"].any():
        parts.append("\u250a baseline")
    counted = arms["n_events"].notna()
    numbers = ["events / scored rollouts"] * bool(counted.any()) + ["mean"] * bool((~counted).any())
    return [*parts, f"right: {', else the '.join(numbers)}"]
