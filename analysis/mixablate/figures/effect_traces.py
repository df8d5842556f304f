"""Effect traces: what is predicted where one part of the mix grows and the others give way in proportion."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixablate.figures.axis_layout import (
    KEY_LINE,
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
from mixablate.figures.paper import PLAIN, Paper
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
    place,
)
from mixablate.figures.text_layout import fit_text

__all__ = ["draw_effect_traces"]

LEFT = 0.55  # inches
RIGHT = 0.12
GAP = 0.16
NARROW_GAP = 0.3
KEY = 0.34
KEY_LINES = 2
HEAD = 0.42
PART = 0.2  # over the panels under the first ones of an outcome
TITLE_LINE = 0.14
NAME_LINE = 0.125
PANEL = 1.05
AXIS = 0.3
RUG = 0.03  # of the panel's height: where the runs' dots stand
LEAST = 0.9
WIDEST = 2.2


@dataclass(frozen=True, slots=True)
class _Grid:
    """How the panels of an outcome stand, in inches.

    Attributes:
        abreast: how many beside each other.
        width: of a panel.
        gap: between panels.
        names: of the parts as they fit over the panels.
        title: lines of the outcome's name.
    """

    abreast: int
    width: float
    gap: float
    names: tuple[str, ...]
    title: int

    @property
    def name(self) -> float:
        """What names of several lines need over a panel, beyond the first line."""
        return NAME_LINE * max(name.count("\n") for name in self.names)

    @property
    def head(self) -> float:
        """What stands over the first panels of an outcome."""
        return HEAD + TITLE_LINE * (self.title - 1) + self.name

    def place_of(self, panel: int) -> tuple[float, float]:
        """Where a panel stands: from the figure's left edge, and down from the first panel of its outcome."""
        down, across = divmod(panel, self.abreast)
        return LEFT + across * (self.width + self.gap), down * (PART + self.name + PANEL + AXIS)

    @property
    def slot(self) -> float:
        """Height of an outcome."""
        return self.head + PANEL + AXIS + self.place_of(len(self.names) - 1)[1]


def draw_effect_traces(frame: pd.DataFrame, *, paper: Paper = PLAIN) -> Figure:
    """A block of panels an outcome, one panel a part: predicted outcome with its band, runs as a rug, the reference.

    As many panels of an outcome stand abreast as the figure has room for, the others under them.

    Args:
        frame: `effect_traces` of `figure_frames`: rows of `row` "trace" and "run", in drawing order.
        paper: to draw on.
    """
    with paper.in_style():
        outcomes, parts = (list(dict.fromkeys(frame[name])) for name in ("outcome", "part"))
        reasons = lettered(frame["reason"])
        notes = [f"({letter}) band withheld: {reason}" for reason, letter in reasons.items()]
        everything = int(frame["n_parts"].iloc[0])
        if everything > len(parts):
            notes.append(f"The {len(parts)} of {everything} parts whose changes are largest; the tables have all.")
        lines = 1 if paper.width >= DOUBLE_COLUMN else 2
        labels = frame.drop_duplicates("outcome")["outcome_label"].astype(str)
        titles = [fit_text(label, paper.width - 0.3, HEADING, lines, bold=True) for label in labels]
        grid = _grid([str(part) for part in parts], titles, paper.width, lines)
        key = fit_text(_key(frame), paper.width - 0.2, SMALL, KEY_LINES * lines)
        above = KEY + KEY_LINE * max(key.count("\n") + 1 - KEY_LINES, 0)
        figure = paper.sheet(above + grid.slot * len(outcomes) + foot_height(frame, notes, paper.width))
        write(figure, 0.08, 0.06, key, colour=MUTED, level="top", spacing=1.2)
        for down, (outcome, title) in enumerate(zip(outcomes, titles, strict=True)):
            rows = frame[frame["outcome"] == outcome]
            top = above + grid.slot * down + grid.head
            middle = top - grid.head + 0.12 + TITLE_LINE / 2 * title.count("\n")
            write(figure, 0.08, middle, title, size=HEADING, bold=True)
            limits = span(rows.loc[rows["row"] == "trace", ["estimate", "lower", "upper"]].to_numpy(float).ravel())
            for i, part in enumerate(parts):
                left, under = grid.place_of(i)
                axes = place(figure, left, top + under, grid.width, PANEL)
                axes.set_title(grid.names[i], fontsize=BODY, loc="left", pad=2.5)
                _panel(axes, rows[rows["part"] == part], str(part), limits, reasons, first=i % grid.abreast == 0)
        foot(figure, frame, notes)
        return figure


def _grid(parts: list[str], titles: list[str], width: float, lines: int) -> _Grid:
    """As many panels abreast as have room; in a narrow figure so far apart that no label of a tick reaches another."""
    gap = GAP if width >= DOUBLE_COLUMN else NARROW_GAP
    room = width - LEFT - max(RIGHT, gap / 2)
    abreast = min(len(parts), int((room + gap) / (LEAST + gap)))
    panel = min((room - gap * (abreast - 1)) / abreast, WIDEST)
    names = tuple(fit_text(part, panel, BODY, lines) for part in parts)
    return _Grid(abreast, panel, gap, names, 1 + max(title.count("\n") for title in titles))


def _panel(
    axes: Axes,
    rows: pd.DataFrame,
    part: str,
    limits: tuple[float, float],
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


def _key(frame: pd.DataFrame) -> str:
    band = level_text(float(frame["level"].iloc[0]))
    return (
        f"line: predicted outcome as the part's share of the mix changes, the others in proportion; band: {band} "
        "interval, point by point; dots: the runs' shares; dotted: the reference mix"
    )
