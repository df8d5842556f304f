"""Dose curves with run dots: a panel per component and outcome, a band where the runs carry one, the monotone steps."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mixablate.figures.axis_layout import (
    KEY_LINE,
    foot,
    foot_height,
    key_lines,
    lettered,
    span,
    value_axis,
    write,
    write_key,
)
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import level_text, rate_text
from mixablate.figures.panels import first_of, reason_notes
from mixablate.figures.paper import PLAIN, Paper
from mixablate.figures.style import (
    BODY,
    INK,
    MUTED,
    RUN_DOT,
    SMALL,
    axes_width,
    bare_axes,
    component_looks,
    place,
)
from mixablate.figures.text_layout import fit_text, text_width

__all__ = ["MOST_PANELS", "dose_curves_alt", "dose_text", "draw_dose_curves"]

Floats = NDArray[np.float64]
MOST_PANELS = 18
SLOT = 2.2  # inches at least, of a panel with its labels
LEFT = 0.5  # inches, of each panel's y labels
HIGH = 1.25
GAP = 0.12
TITLE = 0.34
AXIS = 0.3
HEADING = 0.26
KEY = 0.3
ZERO_GAP = 0.16  # of the axis, between dose 0 and the smallest dose above it


@dataclass(frozen=True, slots=True)
class DoseAxis:
    """Where doses stand on a panel's axis."""

    logged: bool
    low: float
    high: float

    def at(self, dose: Floats) -> Floats:
        """Positions of doses; on a logarithmic axis dose 0 stands apart on the left."""
        if not self.logged:
            return dose
        above = np.log10(np.where(dose > 0.0, dose, self.low))
        zero = math.log10(self.low) - ZERO_GAP * max(math.log10(self.high / self.low), 0.3)
        return np.where(dose > 0.0, above, zero)


def draw_dose_curves(frame: pd.DataFrame, *, paper: Paper = PLAIN) -> Figure:
    """Small multiples: run dots, the fitted line with its band, the spline dashed, the monotone fit as steps.

    Args:
        frame: `dose_curves` of `figure_frames`.
        paper: to draw on.
    """
    with paper.in_style():
        groups = [rows for _, rows in frame.groupby(["component_index", "outcome"], sort=False)]
        panels = groups[:MOST_PANELS]
        reasons = lettered(reason for panel in panels for reason in _main(panel)["reason"])
        notes = [*reason_notes(reasons, "no band: "), *first_of(len(panels), len(groups), "panels")]
        most = max(1, int((paper.width - 0.1) / SLOT))
        slot = (paper.width - 0.1) / most
        lines = _lines(panels, most)
        key = key_lines(_key(frame), paper.width)
        above = KEY + KEY_LINE * (len(key) - 1)
        heights = [HEADING * heading + TITLE + HIGH + AXIS for heading, _ in lines]
        figure = paper.sheet(above + sum(heights) + foot_height(frame, notes, paper.width))
        looks = list(component_looks([str(i) for i in range(1 + int(frame["component_index"].max()))]).values())
        write_key(figure, key)
        top = above
        for (heading, across), height in zip(lines, heights, strict=True):
            if heading:
                named = fit_text(str(across[0]["component_label"].iloc[0]), paper.width - 0.2, BODY, bold=True)
                write(figure, 0.08, top + 0.15, named, size=BODY, bold=True)
            for column, panel in enumerate(across):
                left = 0.05 + LEFT + column * slot
                _titles(figure, left, top + HEADING * heading, slot - LEFT - GAP, panel, reasons)
                axes = place(figure, left, top + HEADING * heading + TITLE, slot - LEFT - GAP, HIGH)
                _panel(axes, panel, looks[int(panel["component_index"].iloc[0])].colour)
            top += height
        foot(figure, frame, notes)
        return figure


def _titles(
    figure: Figure, left: float, top: float, width: float, panel: pd.DataFrame, reasons: dict[str, str]
) -> None:
    """The outcome's name, and the letter of the reason where the band is missing."""
    write(figure, left, top + 0.1, fit_text(str(panel["outcome_label"].iloc[0]), width, SMALL))
    why = next(iter(_main(panel)["reason"]), "")
    if why:
        write(figure, left, top + 0.23, f"no band ({reasons[why]})", colour=MUTED)


def _lines(panels: list[pd.DataFrame], most: int) -> list[tuple[bool, list[pd.DataFrame]]]:
    """Rows of panels, a new one for every component; whether the component's name stands over it."""
    lines: list[tuple[bool, list[pd.DataFrame]]] = []
    for panel in panels:
        component = panel["component_index"].iloc[0]
        same = bool(lines) and lines[-1][1][0]["component_index"].iloc[0] == component
        if same and len(lines[-1][1]) < most:
            lines[-1][1].append(panel)
        else:
            lines.append((not same, [panel]))
    return lines


def _main(panel: pd.DataFrame) -> pd.DataFrame:
    """The curve that carries the band: the line in log dose on a logarithmic axis where there is one, else the line."""
    curves = panel[panel["row"] == "curve"]
    logged = bool(panel["log_axis"].iloc[0]) and bool((curves["shape"] == "log").any())
    return curves[curves["shape"] == ("log" if logged else "linear")]


def _panel(axes: Axes, panel: pd.DataFrame, colour: str) -> None:
    bare_axes(axes, keep=("bottom", "left"))
    runs = panel[panel["row"] == "run"]
    doses = runs["dose"].to_numpy(dtype=float)
    above = doses[doses > 0.0]
    logged = bool(panel["log_axis"].iloc[0])
    axis = DoseAxis(logged, float(above.min()) if above.size else 1.0, float(doses.max()))
    main = _main(panel)
    _line(axes, axis, main, colour)
    spline = panel[(panel["row"] == "curve") & (panel["shape"] == "spline")]
    x = axis.at(spline["dose"].to_numpy(dtype=float))
    axes.plot(x, spline["estimate"], color=MUTED, linewidth=0.9, linestyle=(0, (3, 2)), zorder=3)
    steps = panel[(panel["row"] == "curve") & (panel["shape"] == "monotone")]
    axes.step(axis.at(steps["dose"].to_numpy(dtype=float)), steps["estimate"], where="mid", color=INK, linewidth=0.8,
              zorder=3)  # fmt: skip
    dots = axes.scatter(axis.at(doses), runs["estimate"], s=9, color=RUN_DOT, alpha=0.6, linewidths=0, zorder=4)
    on_hover([_run_words(run) for run in runs.to_dict("records")], dots)
    _ticks(axes, axis, np.unique(doses))
    shown = pd.concat([runs["estimate"], main["estimate"], main["lower"], main["upper"]]).to_numpy(dtype=float)
    limits = span(shown, zero=str(panel["kind"].iloc[0]) == "events", least=0.02)
    value_axis(axes, limits, str(panel["kind"].iloc[0]), LEFT - 0.08)


def _run_words(run: Mapping[Hashable, Any]) -> str:
    rate = rate_text(float(run["estimate"]), str(run["kind"]))
    return f"run {run['run_id']}, dose {dose_text(float(run['dose']))}: {rate}"


def _line(axes: Axes, axis: DoseAxis, main: pd.DataFrame, colour: str) -> None:
    """The line and its band; on a logarithmic axis what stands at dose 0 is a dash of its own."""
    dose = main["dose"].to_numpy(dtype=float)
    apart = axis.logged & (dose == 0.0)
    for rows, width in ((main[~apart], 0.0), (main[apart], 0.05)):
        if rows.empty:
            continue
        x = axis.at(rows["dose"].to_numpy(dtype=float))
        y, low, high = (rows[name].to_numpy(dtype=float) for name in ("estimate", "lower", "upper"))
        if width:
            x, y, low, high = np.array([x[0] - width, x[0] + width]), *(np.repeat(v[:1], 2) for v in (y, low, high))
        axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0, zorder=1)
        axes.plot(x, y, color=colour, linewidth=1.5, zorder=3)


def _ticks(axes: Axes, axis: DoseAxis, doses: Floats) -> None:
    """Ticks at doses that were run, as many from the ends inwards as have room for their labels."""
    at = axis.at(doses)
    low, high = float(at.min()), float(at.max())
    pad = 0.06 * (high - low)
    inch = axes_width(axes) / (high - low + 2 * pad)
    kept: list[int] = []
    for i in [0, doses.size - 1, *range(1, doses.size - 1)]:
        half = text_width(dose_text(float(doses[i])), SMALL) / 2
        room = all(
            abs(at[i] - at[j]) * inch >= half + text_width(dose_text(float(doses[j])), SMALL) / 2 + 0.06 for j in kept
        )
        kept += [i] if room else []
    kept.sort()
    axes.set_xlim(low - pad, high + pad)
    axes.set_xticks([float(at[i]) for i in kept], [dose_text(float(doses[i])) for i in kept])
    axes.tick_params(axis="x", labelsize=SMALL)


def dose_text(dose: float) -> str:
    """A dose in few characters.

    >>> dose_text(14_000_000), dose_text(6000), dose_text(0.05), dose_text(0)
    ('14M', '6,000', '0.05', '0')
    """
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e4, "k")):
        if abs(dose) >= size:
            return f"{dose / (1e3 if letter == 'k' else size):.3g}{letter}"
    return f"{dose:,.4g}" if abs(dose) < 1000 else f"{dose:,.0f}"


def _key(frame: pd.DataFrame) -> list[str]:
    level = level_text(float(frame["level"].iloc[0]))
    parts = ["\u25cf one training run", f"\u2501 line with {level} band over runs", "\u2500 monotone fit, in steps"]
    return [*parts, "\u254c natural spline"] if (frame["shape"] == "spline").any() else parts


def dose_curves_alt(frame: pd.DataFrame) -> str:
    """Per panel: how many runs at how many doses, and where the line begins and ends."""
    sentences = ["Dose curves, one panel per component and outcome, every dot a training run."]
    for _, panel in frame.groupby(["component_index", "outcome"], sort=False):
        runs = panel[panel["row"] == "run"]
        main = _main(panel).sort_values("dose", kind="stable")
        named = f"{_short(panel['component_label'].iloc[0])} on {_short(panel['outcome_label'].iloc[0])}"
        counted = f"{len(runs)} runs at {runs['dose'].nunique()} doses"
        if main.empty:
            sentences.append(f"{named}: {counted}, no line.")
            continue
        first, last = main.iloc[0], main.iloc[-1]
        ends = [_level(float(row["estimate"]), str(row["kind"])) for row in (first, last)]
        band = "without a band" if first["reason"] else "with a band"
        sentences.append(
            f"{named}: {counted}; the line goes from {ends[0]} at {dose_text(float(first['dose']))} to {ends[1]} at "
            f"{dose_text(float(last['dose']))}, {band}."
        )
        if len(sentences) > MOST_PANELS:
            break
    return " ".join(sentences)


def _level(value: float, kind: str) -> str:
    return f"{100.0 * value:.1f}%" if kind == "events" else f"{value:.3g}"


def _short(text: object) -> str:
    shown = " ".join(str(text).split())
    return shown if len(shown) <= 120 else shown[:120] + "\u2026"
