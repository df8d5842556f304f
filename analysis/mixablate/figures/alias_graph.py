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

from mixablate.figures.axis_layout import KEY_LINE, foot, foot_height, numbered_height, write, write_numbered
from mixablate.figures.hover import LONGEST, on_hover
from mixablate.figures.panels import first_of
from mixablate.figures.paper import PLAIN, Paper
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    FAINT,
    INK,
    MUTED,
    SMALL,
    bare_axes,
    place,
    size_of,
)
from mixablate.figures.text_layout import fit_apart, fit_text, text_width

__all__ = ["EDGE_LOOKS", "draw_alias_graph"]

ACROSS = 1.35  # inches from the middle to the ring at its widest
ROW = 0.27
KEY = 0.3
MOST_NODES = 28
FEW = 12  # components up to which those without a tie are drawn too
KEY_WORDS = 0.28  # inches, before the words of a kind; its line is drawn there
KEY_GAP = 0.16
NAME_LINES = 2  # under the ring, of few components
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


def draw_alias_graph(frame: pd.DataFrame, *, paper: Paper = PLAIN) -> Figure:
    """Components on a ring with a line between those that cannot be told apart; properties as squares inside.

    Beyond 12 components those without a tie are left out; beyond 28 the rest stand in the table. Where there is no room
    for names beside the ring, numbers stand there and the names under it.

    Args:
        frame: `alias_graph` of `figure_frames`; without rows the figure says that nothing is aliased.
        paper: to draw on.
    """
    with paper.in_style():
        ties = frame[frame["row"] == "edge"]
        ring, inner, notes = _nodes(frame)
        labels, names = _labels(ring, paper.width)
        kinds = _key_places([kind for kind in EDGE_LOOKS if kind in set(ties["kind"])], paper.width)
        key = KEY + KEY_LINE * max((line for _, _, line, _ in kinds), default=0)
        rows = max(math.ceil(len(ring) / 2), len(inner) + 1, 3)
        height = ROW * rows
        body = key + height + 0.15
        figure = paper.sheet(body + numbered_height(names) + foot_height(frame, notes, paper.width))
        axes = place(figure, 0.0, key, paper.width, height + 0.1)
        bare_axes(axes, keep=())
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_xlim(-paper.width / 2, paper.width / 2)
        axes.set_ylim(-height / 2 - 0.05, height / 2 + 0.05)
        if ties.empty:
            axes.text(0, 0, "Nothing is aliased or confounded.", ha="center", va="center", fontsize=BODY, color=MUTED)
        points = _places(list(ring), list(inner), height)
        _ties(axes, ties, points)
        _marks(axes, points, labels, inner, _words(frame))
        _key(figure, kinds, key)
        write_numbered(figure, 0.08, body, names)
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
        patch = PathPatch(path, fill=False, edgecolor=colour, linestyle=style, linewidth=width, zorder=2)
        on_hover(_finding(str(tie["words"])), axes.add_patch(patch))


def _finding(words: str) -> str:
    """What a tie's words found; where they are too long for a title, without the remedy behind it."""
    return words.rpartition("; ")[0] or words if len(words) > LONGEST else words


def _labels(ring: dict[str, str], width: float) -> tuple[dict[str, str], list[str]]:
    """What stands beside the ring: names, or where there is no room the numbers of those that come out beside them."""
    if width >= DOUBLE_COLUMN:
        shown = fit_apart(ring.values(), lambda label: fit_text(label, width / 2 - ACROSS - 0.25, BODY))
        return {name: shown[label] for name, label in ring.items()}, []
    numbers = {name: str(number) for number, name in enumerate(ring, start=1)}
    lines = NAME_LINES if len(ring) <= FEW else 1
    shown = fit_apart(ring.values(), lambda label: fit_text(label, width - 0.45, BODY, lines))
    return numbers, [shown[label] for label in ring.values()]


def _words(frame: pd.DataFrame) -> dict[str, str]:
    """Node -> its name and those of what it is tied to."""
    nodes, edges = (frame[frame["row"] == row] for row in ("node", "edge"))
    labels = dict(zip(nodes["name"].astype(str), nodes["label"].astype(str), strict=True))
    ends = list(zip(edges["source"].astype(str), edges["target"].astype(str), strict=True))
    tied = {name: [labels[b if a == name else a] for a, b in ends if name in (a, b)] for name in labels}
    said = {name: f"tied to {', '.join(others)}" if others else "without a tie" for name, others in tied.items()}
    return {name: f"{label}: {said[name]}" for name, label in labels.items()}


def _marks(axes: Axes, points: Points, labels: dict[str, str], inner: dict[str, str], words: dict[str, str]) -> None:
    for name, label in labels.items():
        x, y = points[name]
        mark = axes.plot([x], [y], marker="o", markersize=6, color=INK, markeredgecolor="white", linestyle="none",
                         zorder=4)  # fmt: skip
        on_hover(words[name], *mark)
        side = "left" if x > 0 else "right"
        axes.text(x + (0.1 if x > 0 else -0.1), y, label, ha=side, va="center", fontsize=BODY)
    for name, label in inner.items():
        x, y = points[name]
        box = {"boxstyle": "square,pad=0.25", "facecolor": "white", "edgecolor": MUTED, "linewidth": 0.8}
        text = fit_text(label, ACROSS, SMALL)
        boxed = axes.text(x, y, text, ha="center", va="center", fontsize=SMALL, color=INK, bbox=box, zorder=5)
        on_hover(words[name], boxed)


def _key_places(kinds: list[str], width: float) -> list[tuple[str, float, int, str]]:
    """Each kind with where it begins, on which line of the key, and its words; evenly over a double column."""
    if width >= DOUBLE_COLUMN:
        slot = (width - 0.16) / max(len(kinds), 4)
        return [(k, 0.08 + i * slot, 0, fit_text(EDGE_LOOKS[k][3], slot - 0.35, SMALL)) for i, k in enumerate(kinds)]
    placed: list[tuple[str, float, int, str]] = []
    left, line = 0.08, 0
    for kind in kinds:
        words = EDGE_LOOKS[kind][3]
        needed = KEY_WORDS + text_width(words, SMALL)
        if left + needed > width - 0.08 and placed:
            left, line = 0.08, line + 1
        placed.append((kind, left, line, words))
        left += needed + KEY_GAP
    return placed


def _key(figure: Figure, kinds: list[tuple[str, float, int, str]], bottom: float) -> None:
    """A line of each kind that is drawn, with its words."""
    width, height = size_of(figure)
    for kind, left, line, words in kinds:
        colour, style, thick, _ = EDGE_LOOKS[kind]
        down = 0.14 + KEY_LINE * line
        y = 1 - down / height
        ends = [left / width, (left + 0.22) / width]
        figure.add_artist(Line2D(ends, [y, y], color=colour, linestyle=style, linewidth=thick))
        write(figure, left + KEY_WORDS, down, words, colour=MUTED)
    rule = 1 - (bottom - 0.04) / height
    figure.add_artist(Line2D([0.08 / width, 1 - 0.08 / width], [rule, rule], color=FAINT, linewidth=0.6))
