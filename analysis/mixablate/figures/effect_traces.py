"""Effect traces: what is predicted where one part of the mix grows and the others give way in proportion."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixablate.figures.axis_layout import (
    foot,
    foot_height,
    lettered,
    set_ticks,
    span,
    tick_choices,
    ticks_in_percent,
    ticks_plain,
    write,
)
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import level_text
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    FAINT,
    GRID,
    HEADING,
    INK,
    MUTED,
    RUN_DOT,
    SMALL,
    bare_axes,
    new_figure,
    paper_style,
    place,
)
from mixablate.figures.text_layout import fit_text

__all__ = ["draw_effect_traces"]

LEFT = 0.55  # inches
RIGHT = 0.12
GAP = 0.16
KEY = 0.34
HEAD = 0.42
PANEL = 1.05
AXIS = 0.3
RUG = 0.03  # of the panel's height: where the runs' dots stand
WIDEST = 2.2


def draw_effect_traces(frame: pd.DataFrame) -> Figure:
    """One row of panels an outcome, one panel a part: predicted outcome with its band, runs as a rug, the reference.

    Args:
        frame: `effect_traces` of `figure_frames`: rows of `row` "trace" and "run", in drawing order.
    """
    with paper_style():
        outcomes, parts = (list(dict.fromkeys(frame[name])) for name in ("outcome", "part"))
        reasons = lettered(frame["reason"])
        notes = [f"({letter}) band withheld: {reason}" for reason, letter in reasons.items()]
        everything = int(frame["n_parts"].iloc[0])
        if everything > len(parts):
            notes.append(f"The {len(parts)} of {everything} parts whose changes are largest; the tables have all.")
        width = min((DOUBLE_COLUMN - LEFT - RIGHT - GAP * (len(parts) - 1)) / len(parts), WIDEST)
        slot = HEAD + PANEL + AXIS
        figure = new_figure(DOUBLE_COLUMN, KEY + slot * len(outcomes) + foot_height(frame, notes))
        _key(figure, frame)
        for down, outcome in enumerate(outcomes):
            rows = frame[frame["outcome"] == outcome]
            top = KEY + slot * down + HEAD
            _title(figure, str(rows["outcome_label"].iloc[0]), top - HEAD)
            limits = span(rows.loc[rows["row"] == "trace", ["estimate", "lower", "upper"]].to_numpy(float).ravel())
            for across, part in enumerate(parts):
                axes = place(figure, LEFT + across * (width + GAP), top, width, PANEL)
                _panel(axes, rows[rows["part"] == part], str(part), limits, width, reasons, first=across == 0)
        foot(figure, frame, notes)
        return figure


def _title(figure: Figure, label: str, top: float) -> None:
    shown = fit_text(label, DOUBLE_COLUMN - 0.3, HEADING, bold=True)
    write(figure, 0.08, top + 0.12, shown, size=HEADING, bold=True)


def _panel(
    axes: Axes,
    rows: pd.DataFrame,
    part: str,
    limits: tuple[float, float],
    width: float,
    reasons: dict[str, str],
    *,
    first: bool,
) -> None:
    bare_axes(axes, keep=("bottom",))
    axes.set_ylim(*limits)
    traces, runs = rows[rows["row"] == "trace"], rows[rows["row"] == "run"]
    ticks = tick_choices(limits, 3)[0]
    events = bool(len(rows)) and str(rows["kind"].iloc[0]) == "events"
    labels = ticks_in_percent(ticks) if events else ticks_plain(ticks)
    axes.set_yticks(ticks, labels if first else [""] * len(ticks))
    axes.tick_params(axis="y", labelsize=SMALL, labelcolor=MUTED)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    set_ticks(axes, span(rows["fraction"], pad=0.04), ticks_in_percent, 3)
    axes.set_title(fit_text(part, width, BODY), fontsize=BODY, loc="left", pad=2.5)
    if len(traces):
        axes.axvline(float(traces["reference"].iloc[0]), color=FAINT, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=1)
        at = traces["fraction"].to_numpy(float)
        lower, upper = traces["lower"].to_numpy(float), traces["upper"].to_numpy(float)
        axes.fill_between(at, lower, upper, color=RUN_DOT, alpha=0.18, linewidth=0, zorder=2)
        axes.plot(at, traces["estimate"].to_numpy(float), color=RUN_DOT, linewidth=1.3, zorder=3)
    low, high = limits
    level = low + RUG * (high - low)
    dots = axes.scatter(runs["fraction"], [level] * len(runs), s=6, color=INK, alpha=0.3, linewidths=0, zorder=4)
    shares = zip(runs["run_id"], runs["fraction"].astype(float), strict=True)
    on_hover([f"run {run}: {100.0 * share:.0f}% {part}" for run, share in shares], dots)
    letters = sorted({reasons[reason] for reason in traces["reason"] if reason})
    if letters:
        axes.text(0.98, 0.95, f"({', '.join(letters)})", transform=axes.transAxes, fontsize=SMALL, color=MUTED,
                  ha="right", va="top")  # fmt: skip


def _key(figure: Figure, frame: pd.DataFrame) -> None:
    band = level_text(float(frame["level"].iloc[0]))
    words = (
        f"line: predicted outcome as the part's share of the mix changes, the others in proportion; band: {band} "
        "interval, point by point; dots: the runs' shares; dotted: the reference mix"
    )
    shown = fit_text(words, DOUBLE_COLUMN - 0.2, SMALL, 2)
    write(figure, 0.08, 0.06, shown, colour=MUTED, level="top", spacing=1.2)
