"""Where axes begin and end, where their ticks stand, and the notes under a figure: layout arithmetic only."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixablate.figures.number_text import MINUS
from mixablate.figures.style import BODY, DOUBLE_COLUMN, GRID, INK, MUTED, SMALL, axes_width, figure_of, size_of
from mixablate.figures.text_layout import fit_text, text_width

__all__ = [
    "BETWEEN",
    "KEY_LINE",
    "LETTERS",
    "Align",
    "beside",
    "foot",
    "foot_height",
    "key_lines",
    "key_places",
    "lettered",
    "numbered_height",
    "set_ticks",
    "span",
    "tick_choices",
    "ticks_in_percent",
    "ticks_plain",
    "value_axis",
    "value_ticks",
    "write",
    "write_key",
    "write_numbered",
]

NOTE_LINE = 0.14  # inches
NOTE_LINES = 3
KEY_LINE = 0.13
KEY_LEFT = 0.1
ITEM_LINE = 0.125
ITEM_GAP = 0.075
BETWEEN = " " * 5  # parts of a key
EDGE = 1e-9  # of a step: a tick that rounding put outside the limits still counts
LABEL_GAP = 0.06  # inches, between tick labels
LETTERS = "abcdefghijklmnopqrstuvwxyz"

Align = Literal["left", "center", "right"]
Level = Literal["center", "top", "baseline"]


def span(values: Iterable[float], *, zero: bool = False, pad: float = 0.06, least: float = 0.0) -> tuple[float, float]:
    """Limits that hold every finite value with a margin on both sides; with `zero` they begin at or before zero.

    They are at least `least` times the largest value wide, so that a tiny spread is not blown up.
    """
    finite = [float(v) for v in values if np.isfinite(v)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    short = least * max(abs(low), abs(high)) - (high - low)
    if short > 0.0:
        low, high = low - short / 2, high + short / 2
    room = (high - low) * pad or max(abs(high) * pad, 0.01)
    return (low - room if not zero or low < 0.0 else -room / 2), high + room


def tick_choices(limits: tuple[float, float], most: int = 4) -> list[list[float]]:
    """Round ticks inside `limits`, from about `most` of them down to one; never an empty choice."""
    low, high = limits
    size = math.floor(math.log10((high - low) / (most + 1)))
    steps = [factor * 10.0**power for power in (size, size + 1, size + 2) for factor in (1.0, 2.0, 2.5, 5.0)]
    choices = []
    for step in steps:
        first = math.ceil(low / step - EDGE)
        ticks = [i * step for i in range(first, math.floor(high / step + EDGE) + 1)]
        if 1 <= len(ticks) <= most + 1:
            choices.append(ticks)
    return choices or [[low]]


def _labels(values: list[float], factor: float, unit: str) -> list[str]:
    shown = [v * factor for v in values]
    size = max(abs(v) for v in shown) or 1.0
    digits = next((d for d in range(9) if all(abs(round(v, d) - v) < EDGE * size for v in shown)), 9)
    texts = [f"{v:.{digits}f}" for v in shown]
    return [(MINUS + t[1:] if t.startswith("-") and float(t) != 0.0 else t.lstrip("-")) + unit for t in texts]


def ticks_in_percent(values: list[float]) -> list[str]:
    """Labels of ticks that are rates: "20%"."""
    return _labels(values, 100.0, "%")


def ticks_plain(values: list[float], factor: float = 1.0) -> list[str]:
    """Labels of ticks with a true minus sign and no more decimals than their step has."""
    return _labels(values, factor, "")


def set_ticks(axes: Axes, limits: tuple[float, float], label: Callable[[list[float]], list[str]], most: int) -> None:
    """Set limits and ticks of the horizontal axis: as many of about `most` ticks as have room for their labels."""
    inches = axes_width(axes) / (limits[1] - limits[0])
    choices = tick_choices(limits, most)
    ends = [[ticks[0], ticks[-1]] for ticks in choices if len(ticks) > 2]
    tried = [*(ticks for ticks in choices if len(ticks) > 1), *ends, *choices]
    ticks = next((ticks for ticks in tried if _apart(ticks, label(ticks), inches)), choices[-1][:1])
    axes.set_xlim(*limits)
    axes.set_xticks(ticks, label(ticks))


def _apart(ticks: list[float], labels: list[str], inches: float) -> bool:
    """Whether centred labels leave a gap between each other at so many inches a unit."""
    halves = [text_width(label, SMALL) / 2 for label in labels]
    return all(
        (b - a) * inches >= half + other + LABEL_GAP
        for (a, b), (half, other) in zip(pairwise(ticks), pairwise(halves), strict=True)
    )


def value_ticks(axes: Axes, limits: tuple[float, float], kind: str, most: int = 4) -> None:
    """Set limits and ticks of the horizontal axis: percent for events, plain numbers for scores."""
    set_ticks(axes, limits, ticks_in_percent if kind == "events" else ticks_plain, most)


def value_axis(axes: Axes, limits: tuple[float, float], kind: str, width: float = 0.42) -> None:
    """Set limits, ticks and grid of the vertical axis: percent for events, plain numbers for scores.

    `width` is the room for labels in inches.
    """
    ticks = tick_choices(limits, 4)[0]
    if kind == "events":  # an interval of a difference can reach beyond 0 and 1, a rate cannot
        ticks = [tick for tick in ticks if -EDGE <= tick <= 1.0 + EDGE]
    words = ticks_in_percent(ticks) if kind == "events" else ticks_plain(ticks)
    axes.set_ylim(*limits)
    axes.set_yticks(ticks, [fit_text(word, width, SMALL) for word in words])
    axes.tick_params(axis="y", labelsize=SMALL, labelcolor=MUTED)
    axes.grid(axis="y", color=GRID, linewidth=0.6)


def beside(
    axes: Axes,
    left: float,
    y: float,
    text: str,
    *,
    bold: bool = False,
    colour: str = INK,
    align: Align = "left",
    down: float = 0.0,
    size: float = BODY,
) -> None:
    """Write `text` `left` inches from the figure's left edge, `down` inches under the middle of row `y` of `axes`."""
    low, high = axes.get_ylim()
    box = axes.get_position()
    figure = figure_of(axes)
    width, height = size_of(figure)
    figure.text(
        left / width,
        box.y0 + box.height * (y - low) / (high - low) - down / height,
        text,
        va="center",
        ha=align,
        fontsize=size,
        fontweight="bold" if bold else "normal",
        color=colour,
    )


def write(
    figure: Figure,
    left: float,
    top: float,
    text: str,
    *,
    size: float = SMALL,
    colour: str = INK,
    bold: bool = False,
    align: Align = "left",
    level: Level = "center",
    spacing: float | None = None,
) -> None:
    """Write `text` at so many inches from the figure's left and upper edge; `level` says what of it stands there."""
    width, height = size_of(figure)
    figure.text(
        left / width,
        1 - top / height,
        text,
        fontsize=size,
        color=colour,
        fontweight="bold" if bold else "normal",
        ha=align,
        va=level,
        linespacing=spacing,
    )


def key_lines(parts: Sequence[str], width: float) -> list[str]:
    """The parts of a key in as few lines as a figure of that width has room for, none broken."""
    lines: list[str] = []
    for part in parts:
        together = f"{lines[-1]}{BETWEEN}{part}" if lines else part
        if lines and text_width(together, SMALL) <= width - 0.16:
            lines[-1] = together
        else:
            lines.append(fit_text(part, width - 0.16, SMALL))
    return lines


def key_places(words: Sequence[str], pitches: Sequence[float], width: float, lead: float) -> list[tuple[int, float]]:
    """Line and left edge in inches of the marks of a key, each with its word `lead` inches behind, `pitches` apart.

    A new line begins where a word would leave a figure of that width.
    """
    places: list[tuple[int, float]] = []
    line, left = 0, KEY_LEFT
    for word, pitch in zip(words, pitches, strict=True):
        if left + lead + text_width(word, SMALL) > width - 0.08:
            line, left = line + 1, KEY_LEFT
        places.append((line, left))
        left += pitch
    return places


def write_key(figure: Figure, lines: Sequence[str], left: float = 0.08, top: float = 0.1) -> None:
    """Write the lines of a key from `top` down; all but the first need `KEY_LINE` inches more each."""
    for i, line in enumerate(lines):
        write(figure, left, top + KEY_LINE * i, line, colour=MUTED, level="top")


def write_numbered(figure: Figure, left: float, top: float, labels: Sequence[str]) -> float:
    """Write labels under each other behind their numbers, from `top` down; where the next thing may stand comes out."""
    for number, label in enumerate(labels, start=1):
        write(figure, left + 0.14, top + ITEM_LINE / 2, str(number), size=BODY, bold=True, align="right",
              level="baseline")  # fmt: skip
        for line in label.split("\n"):
            write(figure, left + 0.24, top + ITEM_LINE / 2, line, size=BODY, level="baseline")
            top += ITEM_LINE
        top += ITEM_GAP
    return top


def numbered_height(labels: Sequence[str]) -> float:
    """Inches that `write_numbered` needs."""
    return sum(ITEM_LINE * (label.count("\n") + 1) + ITEM_GAP for label in labels)


def lettered(reasons: Iterable[str]) -> dict[str, str]:
    """Distinct reason -> the letter that stands for it in a figure, in order of appearance."""
    distinct = list(dict.fromkeys(reason for reason in reasons if reason))
    return {reason: LETTERS[i] if i < len(LETTERS) else str(i + 1) for i, reason in enumerate(distinct)}


def foot(figure: Figure, frame: pd.DataFrame, notes: Sequence[str] = (), left: float = 0.08) -> None:
    """Notes at the bottom left; simulated data are named first. `foot_height` leaves the room for them."""
    width, height = size_of(figure)
    for i, line in enumerate(reversed(_foot_lines(frame, notes, float(width) - 2 * left))):
        figure.text(left / width, (0.06 + i * NOTE_LINE) / height, line, fontsize=SMALL, color=MUTED, va="bottom")


def foot_height(frame: pd.DataFrame, notes: Sequence[str] = (), width: float = DOUBLE_COLUMN) -> float:
    """Inches that `foot` needs under a figure of that width."""
    lines = len(_foot_lines(frame, notes, width - 0.16))
    return 0.06 + NOTE_LINE * lines + (0.04 if lines else 0.0)


def _foot_lines(frame: pd.DataFrame, notes: Sequence[str], width: float) -> list[str]:
    """The notes broken into lines of `width` inches, at most three a note, or six where lines are short."""
    most = NOTE_LINES if width > DOUBLE_COLUMN / 2 else 2 * NOTE_LINES
    said = ["Simulated data."] if bool(frame["simulated"].any()) else []
    return [line for note in (*said, *notes) for line in fit_text(note, width, SMALL, most).split("\n")]
