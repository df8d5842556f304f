"""What these runs cannot tell apart: components on a ring, recorded properties inside it, a line for every tie."""

from __future__ import annotations

import math
from typing import Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from mixablate.figures.axis_layout import foot, foot_height, write
from mixablate.figures.panels import first_of
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    FAINT,
    INK,
    MUTED,
    SMALL,
    bare_axes,
    new_figure,
    paper_style,
    place,
)
from mixablate.figures.text_layout import fit_text

__all__ = ["EDGE_LOOKS", "draw_alias_graph"]

ACROSS = 1.35  # inches from the middle to the ring at its widest
LABELS = DOUBLE_COLUMN / 2 - ACROSS - 0.25
ROW = 0.27
KEY = 0.3
MOST_NODES = 28
FEW = 12  # components up to which those without a tie are drawn too
BEND = 0.45  # of the way from a tie's middle to the ring's middle

Dashes = Literal["-"] | tuple[float, tuple[float, ...]]

EDGE_LOOKS: dict[str, tuple[str, Dashes, float, str]] = {
    "together": ("#c0392b", "-", 2.4, "only ever together"),
    "aliased": ("#d55e00", "-", 1.1, "aliased"),
    "near": ("#8a5a00", (0, (4, 2)), 1.1, "nearly inseparable"),
    "shared": ("#c0392b", (0, (1, 1.2)), 1.8, "changed together: untestable"),
    "size": ("#0072b2", (0, (1, 1.5)), 1.2, "no size-matched control"),
    "origin": ("#57606a", (0, (1, 2.5)), 1.2, "made apart (date, seeds)"),
}
"""Kind -> colour, line style, width, words."""

Points = dict[str, tuple[float, float]]


def draw_alias_graph(frame: pd.DataFrame) -> Figure:
    """Components on a ring with a line between those that cannot be told apart; properties as squares inside.

    Beyond 12 components those without a tie are left out; beyond 28 the rest stand in the table.

    Args:
        frame: `alias_graph` of `figure_frames`; without rows the figure says that nothing is aliased.
    """
    with paper_style():
        ties = frame[frame["row"] == "edge"]
        ring, inner, notes = _nodes(frame)
        rows = max(math.ceil(len(ring) / 2), len(inner) + 1, 3)
        height = ROW * rows
        figure = new_figure(DOUBLE_COLUMN, KEY + height + 0.15 + foot_height(frame, notes))
        axes = place(figure, 0.0, KEY, DOUBLE_COLUMN, height + 0.1)
        bare_axes(axes, keep=())
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_xlim(-DOUBLE_COLUMN / 2, DOUBLE_COLUMN / 2)
        axes.set_ylim(-height / 2 - 0.05, height / 2 + 0.05)
        if ties.empty:
            axes.text(0, 0, "Nothing is aliased or confounded.", ha="center", va="center", fontsize=BODY, color=MUTED)
        points = _places(list(ring), list(inner), height)
        _ties(axes, ties, points)
        _marks(axes, points, ring, inner)
        _key(figure, list(dict.fromkeys(ties["kind"])))
        foot(figure, frame, notes)
        return figure


def _nodes(frame: pd.DataFrame) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """Labels of the components on the ring and of the properties inside it, and what is left out."""
    nodes = frame[frame["row"] == "node"]
    components = nodes[nodes["kind"] == "component"]
    notes = []
    if len(components) > FEW:
        tied = components[components["words"] != ""]
        if len(tied) < len(components):
            notes.append(f"Components without a tie are left out: {len(components) - len(tied)}.")
        components = tied
    notes += first_of(MOST_NODES, len(components), "components with a tie")
    components = components.head(MOST_NODES)
    inside = nodes[nodes["kind"] == "property"]
    both = [dict(zip(part["name"], part["label"].astype(str), strict=True)) for part in (components, inside)]
    return both[0], both[1], notes


def _places(ring: list[str], inner: list[str], height: float) -> Points:
    """The ring clockwise from the top right, at even heights so that labels stand apart; properties down the middle."""
    right = ring[: math.ceil(len(ring) / 2)]
    left = ring[len(right) :][::-1]
    points: Points = {}
    for side, names in ((1.0, right), (-1.0, left)):
        for i, name in enumerate(names):
            y = height / 2 - height * (i + 0.5) / len(names)
            points[name] = (side * ACROSS * math.sqrt(1.0 - 0.75 * (2 * y / height) ** 2), y)
    for i, name in enumerate(inner):
        points[name] = (0.0, height / 2 - height * (i + 0.75) / len(inner))  # off the line between two opposite
    return points


def _ties(axes: Axes, ties: pd.DataFrame, points: Points) -> None:
    for tie in ties.to_dict("records"):
        if tie["source"] not in points or tie["target"] not in points:
            continue
        (x0, y0), (x1, y1) = points[tie["source"]], points[tie["target"]]
        colour, style, width, _ = EDGE_LOOKS[str(tie["kind"])]
        middle = ((x0 + x1) / 2 * (1 - BEND), (y0 + y1) / 2)
        path = Path([(x0, y0), middle, (x1, y1)], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
        axes.add_patch(PathPatch(path, fill=False, edgecolor=colour, linestyle=style, linewidth=width, zorder=2))


def _marks(axes: Axes, points: Points, ring: dict[str, str], inner: dict[str, str]) -> None:
    for name, label in ring.items():
        x, y = points[name]
        axes.plot([x], [y], marker="o", markersize=6, color=INK, markeredgecolor="white", linestyle="none", zorder=4)
        side = "left" if x > 0 else "right"
        axes.text(x + (0.1 if x > 0 else -0.1), y, fit_text(label, LABELS, BODY), ha=side, va="center", fontsize=BODY)
    for name, label in inner.items():
        x, y = points[name]
        box = {"boxstyle": "square,pad=0.25", "facecolor": "white", "edgecolor": MUTED, "linewidth": 0.8}
        text = fit_text(label, ACROSS, SMALL)
        axes.text(x, y, text, ha="center", va="center", fontsize=SMALL, color=INK, bbox=box, zorder=5)


def _key(figure: Figure, kinds: list[str]) -> None:
    """A line of each kind that is drawn, with its words, evenly over the width."""
    width, height = figure.get_size_inches()
    shown = [kind for kind in EDGE_LOOKS if kind in kinds]
    slot = (DOUBLE_COLUMN - 0.16) / max(len(shown), 4)
    for i, kind in enumerate(shown):
        colour, style, line, words = EDGE_LOOKS[kind]
        left, y = 0.08 + i * slot, 1 - 0.14 / height
        ends = [left / width, (left + 0.22) / width]
        figure.add_artist(Line2D(ends, [y, y], color=colour, linestyle=style, linewidth=line))
        text = fit_text(words, slot - 0.35, SMALL)
        write(figure, left + 0.28, 0.14, text, colour=MUTED)
    line = 1 - 0.26 / height
    figure.add_artist(Line2D([0.08 / width, 1 - 0.08 / width], [line, line], color=FAINT, linewidth=0.6))
