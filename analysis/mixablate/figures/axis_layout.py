"""Where axes begin and end, where their ticks stand, and the notes under a figure: layout arithmetic only."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mixablate.figures.number_text import MINUS
from mixablate.figures.style import BODY, INK, MUTED, SMALL
from mixablate.figures.text_layout import fit_text

__all__ = [
    "beside",
    "foot",
    "foot_height",
    "lettered",
    "span",
    "tick_values",
    "ticks_in_percent",
    "ticks_plain",
    "value_ticks",
]

NOTE_LINE = 0.14  # inches
LETTERS = "abcdefghijklmnopqrstuvwxyz"

Align = Literal["left", "center", "right"]


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


def tick_values(limits: tuple[float, float], most: int = 4) -> list[float]:
    """Round numbers inside `limits`: about `most`, and three where the range allows it."""
    low, high = limits
    inside: list[float] = []
    for bins in (most, most + 1, most + 2):
        ticks = MaxNLocator(nbins=bins, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
        inside = [float(t) for t in ticks if low <= t <= high]
        if len(inside) >= 3:
            break
    return inside


def _labels(values: list[float], factor: float, unit: str) -> list[str]:
    shown = [v * factor for v in values]
    gaps = [b - a for a, b in pairwise(shown)]
    step = min(gaps, default=1.0)
    digits = next((d for d in range(6) if abs(round(step, d) - step) < 1e-9), 6)
    texts = [f"{v:.{digits}f}" for v in shown]
    return [(MINUS + t[1:] if t.startswith("-") and float(t) != 0.0 else t.lstrip("-")) + unit for t in texts]


def ticks_in_percent(values: list[float]) -> list[str]:
    """Labels of ticks that are rates: "20%"."""
    return _labels(values, 100.0, "%")


def ticks_plain(values: list[float], factor: float = 1.0) -> list[str]:
    """Labels of ticks with a true minus sign and no more decimals than their step has."""
    return _labels(values, factor, "")


def value_ticks(axes: Axes, limits: tuple[float, float], kind: str, most: int = 4) -> None:
    """Set limits and ticks of the horizontal axis: percent for events, plain numbers for scores."""
    ticks = tick_values(limits, most)
    axes.set_xlim(*limits)
    axes.set_xticks(ticks, ticks_in_percent(ticks) if kind == "events" else ticks_plain(ticks))


def beside(
    axes: Axes, left: float, y: float, text: str, *, bold: bool = False, colour: str = INK, align: Align = "left"
) -> None:
    """Write `text` at `left` inches from the figure's left edge, level with row `y` of `axes`."""
    low, high = axes.get_ylim()
    box = axes.get_position()
    figure = axes.get_figure(root=True)
    if figure is None:
        raise ValueError("axes without a figure")
    figure.text(
        left / figure.get_figwidth(),
        box.y0 + box.height * (y - low) / (high - low),
        text,
        va="center",
        ha=align,
        fontsize=BODY,
        fontweight="bold" if bold else "normal",
        color=colour,
    )


def lettered(reasons: Iterable[str]) -> dict[str, str]:
    """Distinct reason -> the letter that stands for it in a figure, in order of appearance."""
    distinct = list(dict.fromkeys(reason for reason in reasons if reason))
    return {reason: LETTERS[i] if i < len(LETTERS) else str(i + 1) for i, reason in enumerate(distinct)}


def foot(figure: Figure, frame: pd.DataFrame, notes: Iterable[str] = (), left: float = 0.08) -> None:
    """Notes at the bottom left, one a line; simulated data are named first."""
    lines = ["Simulated data."] if bool(frame["simulated"].any()) else []
    lines += list(notes)
    width, height = figure.get_size_inches()
    for i, line in enumerate(reversed(lines)):
        figure.text(
            left / width,
            (0.06 + i * NOTE_LINE) / height,
            fit_text(line, width - 2 * left, SMALL),
            fontsize=SMALL,
            color=MUTED,
            va="bottom",
        )


def foot_height(frame: pd.DataFrame, notes: int = 0) -> float:
    """Inches that `foot` needs for that many notes."""
    lines = notes + int(bool(frame["simulated"].any()))
    return 0.06 + NOTE_LINE * lines + (0.04 if lines else 0.0)
