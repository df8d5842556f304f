"""Estimation plots (Gardner & Altman 1986): runs of both sides as dots, their difference on an axis of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mixablate.claims import Status
from mixablate.errors import counted
from mixablate.figures.alt_text import name_in_words
from mixablate.figures.axis_layout import (
    KEY_LINE,
    foot,
    foot_height,
    key_lines,
    span,
    tick_choices,
    ticks_plain,
    value_axis,
    write,
    write_key,
)
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import effect_text, estimate_text, interval_text, level_text, rate_text, scale_words
from mixablate.figures.panels import first_of
from mixablate.figures.paper import PLAIN, Paper
from mixablate.figures.style import (
    BODY,
    FAINT,
    INK,
    MUTED,
    RUN_DOT,
    SMALL,
    STATUS_LOOKS,
    bare_axes,
    place,
)
from mixablate.figures.text_layout import fit_apart, fit_arm, fit_text

__all__ = ["draw_estimation", "estimation_alt"]

MOST_PANELS = 8
MOST_NOTES = 3
SLOT = 3.3  # inches at least, of a panel with its labels
KEY = 0.3  # inches
TITLE = 0.52
WIDE = 2.35
HIGH = 1.75
LEFT = 0.5
RIGHT = 0.62
AXIS = 0.52
NAME_LINES = 2
NAME = 0.72  # inches, of a side's name under the axis
APART = 0.052  # of the horizontal axis, between dots side by side
CLOSE = 0.035  # of the vertical axis: dots nearer than this stand side by side
PLACES = {"reference": 0.0, "treated": 1.0, "difference": 2.0}
Floats = NDArray[np.float64]


def draw_estimation(
    frame: pd.DataFrame, draws: Mapping[tuple[str, str], Floats] | None = None, *, paper: Paper = PLAIN
) -> Figure:
    """One panel per claim and outcome: runs left and middle, the difference with its interval right.

    The axis on the right has its zero at the reference's mean, so that the difference stands level with the treated
    mean. The first eight panels; of claims that rest on the same effect the first has one, and notes name the others.

    Args:
        frame: `estimation` of `figure_frames`.
        draws: (claim, outcome) -> draws of its difference (bootstrap or posterior, in the unit of the estimate), drawn
            as a half violin beside the interval; nothing is computed from them.
        paper: to draw on.
    """
    with paper.in_style():
        every, again = _comparisons(frame)
        panels = every[:MOST_PANELS]
        notes = [*again, *first_of(len(panels), len(every), "comparisons")]
        across = max(1, int(paper.width / SLOT))
        line, slot, key = TITLE + HIGH + AXIS, paper.width / across, key_lines(_key(frame), paper.width)
        above = KEY + KEY_LINE * (len(key) - 1)
        figure = paper.sheet(above + math.ceil(len(panels) / across) * line + foot_height(frame, notes, paper.width))
        write_key(figure, key)
        titles = fit_apart(
            (str(panel["text"].iloc[0]) for panel in panels), lambda text: fit_text(text, slot - 0.2, BODY, bold=True)
        )
        for i, panel in enumerate(panels):
            left, top = (i % across) * slot, above + (i // across) * line
            _titles(figure, left + 0.08, top, slot - 0.2, panel, titles[str(panel["text"].iloc[0])])
            axes = place(figure, left + LEFT, top + TITLE, slot - LEFT - RIGHT, HIGH)
            first = panel.iloc[0]
            _panel(axes, panel, (draws or {}).get((str(first["claim"]), str(first["outcome"]))))
        foot(figure, frame, notes)
        return figure


def _comparisons(frame: pd.DataFrame) -> tuple[list[pd.DataFrame], list[str]]:
    """The rows of every comparison, and a note on each claim that rests on one that is there already."""
    first: dict[int, pd.DataFrame] = {}
    notes = []
    for _, rows in frame.groupby(["claim", "outcome"], sort=False):
        kept = first.setdefault(int(rows["comparison"].iloc[0]), rows)
        if kept is not rows:
            look = STATUS_LOOKS[Status(str(rows["status"].iloc[0]))]
            notes.append(f"On the same effect as \u201c{kept['text'].iloc[0]}\u201d: "
                         f"\u201c{rows['text'].iloc[0]}\u201d, {look.word}.")  # fmt: skip
    more = len(notes) - MOST_NOTES
    rest = [f"{counted(more, 'further claim')} on effects that are drawn: the table names them."] if more > 0 else []
    return list(first.values()), [*notes[:MOST_NOTES], *rest]


def _titles(figure: Figure, left: float, top: float, width: float, panel: pd.DataFrame, title: str) -> None:
    look = STATUS_LOOKS[Status(str(panel["status"].iloc[0]))]
    effect = panel[panel["row"] == "effect"].iloc[0]
    said = effect_text(effect)
    for down, text, size, colour, bold in (
        (0.12, title, BODY, INK, True),
        (0.25, str(panel["outcome_label"].iloc[0]), SMALL, MUTED, False),
        (0.38, f"{said}, {look.word}", SMALL, look.colour, False),
    ):
        write(figure, left, top + down, fit_text(text, width, size, bold=bold), size=size, colour=colour, bold=bold)


def _panel(axes: Axes, panel: pd.DataFrame, draws: Floats | None) -> None:
    bare_axes(axes, keep=("left",))
    kind = str(panel["kind"].iloc[0])
    sides = panel[panel["row"] == "side"].set_index("side")
    means, labels = sides["estimate"].astype(float).to_dict(), sides["label"].astype(str).to_dict()
    reference, treated = means["reference"], means["treated"]
    effect = panel[panel["row"] == "effect"].iloc[0]
    reach = reference + effect[["lower", "upper"]].to_numpy(dtype=float)
    runs = panel[panel["row"] == "run"]
    limits = span([*runs["estimate"], reference, treated, *reach], zero=False, least=0.05)
    axes.set_xlim(-0.55, 2.55)
    value_axis(axes, limits, kind)
    for side in ("reference", "treated"):
        mine = runs.loc[runs["side"] == side, "estimate"].to_numpy(dtype=float)
        dots = axes.scatter(PLACES[side] + beside_each_other(mine, limits), mine, s=11, color=RUN_DOT, alpha=0.7,
                            linewidths=0, zorder=3)  # fmt: skip
        names = runs.loc[runs["side"] == side, "run_id"]
        on_hover(
            [f"run {run}: {rate_text(rate, kind)}" for run, rate in zip(names.astype(str), mine, strict=True)], dots
        )
    for side, mean in (("reference", reference), ("treated", treated)):
        ends = [PLACES[side] - 0.28, PLACES[side] + 0.28]
        (bar,) = axes.plot(ends, [mean, mean], color=INK, linewidth=1.4, zorder=4)
        on_hover(f"{labels[side]}: mean {rate_text(mean, kind)}", bar)
        axes.plot(
            [PLACES[side] + 0.28, 2.55], [mean, mean], color=FAINT, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1
        )
    _difference(axes, effect, reference, draws)
    _difference_axis(axes, limits, reference, str(effect["scale"]))
    _names(axes, sides, effect)


def beside_each_other(values: Floats, limits: tuple[float, float]) -> Floats:
    """Offsets from the middle, in order of value, so that no dot hides another that is as high."""
    near, offsets = CLOSE * (limits[1] - limits[0]), np.zeros(len(values))
    taken: list[tuple[float, float]] = []
    for i in np.argsort(values, kind="stable"):
        tried = (sign * step * APART for step in range(len(values) + 1) for sign in (1.0, -1.0))
        for offset in tried:
            if all(abs(values[i] - y) >= near or abs(offset - x) >= APART / 2 for x, y in taken):
                offsets[i] = offset
                break
        taken.append((float(offsets[i]), float(values[i])))
    return np.clip(offsets, -0.45, 0.45)


def _difference(axes: Axes, effect: pd.Series, reference: float, draws: Floats | None) -> None:
    at, estimate = PLACES["difference"], reference + float(effect["estimate"])
    lower, upper = (reference + float(effect[end]) for end in ("lower", "upper"))
    if draws is not None and len(draws) > 1:
        counts, edges = np.histogram(np.asarray(draws, dtype=float) + reference, bins=40)
        middle = (edges[1:] + edges[:-1]) / 2
        axes.fill_betweenx(middle, at, at + 0.42 * counts / counts.max(), color=FAINT, alpha=0.6, linewidth=0, zorder=2)
    stated = not math.isnan(lower)
    bar = axes.plot([at, at], [lower, upper], color=INK, linewidth=1.4, zorder=4) if stated else []
    (mark,) = axes.plot([at], [estimate], marker="o", markersize=5, color=INK, linestyle="none", zorder=5,
                        markerfacecolor=INK if stated else "white")  # fmt: skip
    on_hover(f"difference: {effect_text(effect)}", mark, *bar)


def _difference_axis(axes: Axes, limits: tuple[float, float], reference: float, scale: str) -> None:
    """The axis of differences on the right, its zero at the reference's mean."""
    factor = 100.0 if scale == "risk_difference" else 1.0
    shifted = (limits[0] - reference, limits[1] - reference)
    ticks = tick_choices(shifted, 4)[0]
    for tick, label in zip(ticks, ticks_plain(ticks, factor), strict=True):
        axes.annotate(label, (2.55, reference + tick), (3, 0), textcoords="offset points", va="center_baseline",
                      fontsize=SMALL, color=MUTED, annotation_clip=False)  # fmt: skip
    axes.axvline(2.55, color=FAINT, linewidth=0.6, clip_on=False)


def _names(axes: Axes, sides: pd.DataFrame, effect: pd.Series) -> None:
    """What each column is, and how many runs it rests on."""
    ticks = [PLACES["reference"], PLACES["treated"], PLACES["difference"]]
    labels, runs = sides["label"].astype(str).to_dict(), sides["n_runs"].astype(int).to_dict()
    names = fit_apart(labels.values(), lambda label: fit_arm(label, NAME, SMALL, NAME_LINES))
    words = [f"{names[labels[s]]}\n{counted(runs[s], 'run')}" for s in ("reference", "treated")]
    unit = "points" if str(effect["scale"]) == "risk_difference" else "score units"
    axes.set_xticks(ticks, [*words, f"difference\n({unit})"], fontsize=SMALL, color=MUTED)
    axes.tick_params(axis="x", length=0, pad=3)


def _key(frame: pd.DataFrame) -> list[str]:
    level = level_text(float(frame["level"].iloc[0]))
    parts = ["\u25cf one training run", "\u2501 mean of the side", f"right: difference with its {level} interval"]
    if frame.loc[frame["row"] == "effect", "lower"].isna().any():
        parts.append("\u25cb no interval: these runs support none")
    return parts


def estimation_alt(frame: pd.DataFrame) -> str:
    """Per comparison: both means, the runs, and the difference with its interval."""
    panels, again = _comparisons(frame)
    sentences = [f"Estimation plot of {counted(len(panels), 'comparison')}."]
    for panel in panels[:MOST_PANELS]:
        effect = panel[panel["row"] == "effect"].iloc[0]
        scale = str(effect["scale"])
        counts = panel.loc[panel["row"] == "run", "side"].value_counts()
        interval = interval_text(float(effect["lower"]), float(effect["upper"]), scale)
        stated = f" ({interval})" if not math.isnan(float(effect["lower"])) else ", no interval"
        sentences.append(
            f"{name_in_words(effect['text'])} on {effect['outcome_label']}: "
            f"{estimate_text(float(effect['estimate']), scale)} {scale_words(scale)}{stated}, "
            f"{counted(int(counts.get('treated', 0)), 'run')} against {int(counts.get('reference', 0))}."
        )
    return " ".join([*sentences, *again])
