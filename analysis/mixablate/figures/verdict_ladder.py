"""Verdict ladder: claims grouped by status, each with its interval drawn against the region it claims."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mixablate.claims import Status
from mixablate.figures.axis_layout import KEY_LINE, foot, foot_height, key_lines, span, write, write_key
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import bounded_rate_text, estimate_text, interval_text, level_text, rate_text
from mixablate.figures.panels import first_of
from mixablate.figures.paper import PLAIN, Paper
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    FAINT,
    HEADING,
    INK,
    MUTED,
    REGION,
    SMALL,
    STATUS_LOOKS,
    Look,
    axes_width,
    bare_axes,
    place,
    size_of,
)
from mixablate.figures.text_layout import fit_text

__all__ = ["MOST_CLAIMS", "draw_verdict_ladder"]

LEFT = 0.1  # inches
INDENT = 0.22
BEFORE_NUMBER = 0.15
ROW = 0.56
LINE = 0.13
DETAIL_LINES = 2
STRIP = 0.2
AXIS = 0.16
TIGHT = 0.03
BETWEEN = 0.16
GROUP = 0.33
KEY = 0.34
MOST_CLAIMS = 60
UNITS = {"risk_difference": "points", "risk_ratio": "ratio", "log_odds": "log-odds", "value": "score"}
_write = partial(write, spacing=1.15)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where strips and numbers stand, in inches, how wide texts are, and how far apart lines of numbers.

    `stacked` where the claim's words stand over its strip and not beside it.
    """

    width: float
    text_width: float
    strip_left: float
    strip_width: float
    pitch: float
    stacked: bool

    @property
    def number_left(self) -> float:
        """Where numbers begin."""
        return self.strip_left + self.strip_width + BEFORE_NUMBER


@dataclass(frozen=True, slots=True)
class _Said:
    """A row with its texts as they fit, and its places in inches from its top.

    Attributes:
        row: of the frame.
        words: the claim's; muted where the row above is of the same claim.
        repeated: whether it is.
        lines: of the numbers: text, size, ink.
        words_down: middle of the words.
        strip_down: middle of strip and numbers.
        height: of the row.
    """

    row: pd.Series
    words: str
    repeated: bool
    lines: tuple[tuple[str, float, str], ...]
    words_down: float
    strip_down: float
    height: float


def _places(width: float) -> _Places:
    if width >= DOUBLE_COLUMN:
        return _Places(width, 2.55, 3.1, 2.0, 0.16, stacked=False)
    return _Places(width, width - 2 * LEFT - INDENT, LEFT + INDENT, 1.35, LINE, stacked=True)


def draw_verdict_ladder(frame: pd.DataFrame, *, paper: Paper = PLAIN) -> Figure:
    """Claims from supported to untestable: marker, colour and word say the status, the strip shows why.

    Each strip has its own axis in the claim's unit: the shaded part is what the claim says, the line is the interval of
    the effect, its marker the estimate. A claim judged on several outcomes has a row for each.

    Args:
        frame: `verdict_ladder` of `figure_frames`.
        paper: to draw on.
    """
    with paper.in_style():
        shown = frame.head(MOST_CLAIMS)
        notes = [*first_of(len(shown), len(frame), "rows"), *_decided_on_log_odds(shown)]
        places = _places(paper.width)
        groups = [
            (Status(str(name)), [_said(row, places, same) for same, row in _with_repeats(rows)])
            for name, rows in shown.groupby("status", sort=False)
        ]
        key = key_lines(_key(shown), paper.width) if places.stacked else []
        above = KEY + KEY_LINE * max(len(key) - 1, 0)
        body = math.fsum(said.height for _, rows in groups for said in rows)
        figure = paper.sheet(above + GROUP * len(groups) + body + 0.08 + foot_height(frame, notes, paper.width))
        if places.stacked:
            write_key(figure, key)
        else:
            _heads(figure, _key(shown), places)
        top = above
        for status, rows in groups:
            _group_head(figure, top, STATUS_LOOKS[status], len({said.row["claim"] for said in rows}))
            top += GROUP
            for said in rows:
                _row(figure, top, said, STATUS_LOOKS[status], places)
                top += said.height
        foot(figure, frame, notes)
        return figure


def _decided_on_log_odds(rows: pd.DataFrame) -> list[str]:
    """Why an interval may reach no effect beside a claim of any drop that is decided; nothing where none does."""
    nothing = rows["scale"].eq("risk_ratio").astype(float)
    of_any = rows["region_lower"].eq(nothing) | rows["region_upper"].eq(nothing)
    decided = rows["status"].isin([Status.SUPPORTED, Status.CONTRADICTED])
    reached = (rows["lower"] <= nothing) & (rows["upper"] >= nothing) & rows["kind"].ne("reaches_zero")
    if not (of_any & decided & reached).any():
        return []
    return [
        "Whether there is any drop is decided on the per-run log-odds: an interval in points may reach 0 beside it."
    ]


def _with_repeats(rows: pd.DataFrame) -> list[tuple[bool, pd.Series]]:
    again = rows["claim"].eq(rows["claim"].shift())
    return [(bool(same), row) for (_, row), same in zip(rows.iterrows(), again, strict=True)]


def _said(row: pd.Series, places: _Places, same_claim: bool) -> _Said:
    words = "the same claim" if same_claim else fit_text(str(row["text"]), places.text_width, BODY, 3)
    room = places.width - places.number_left - LEFT
    number, *details = _number(row), str(row["outcome_label"]), _unit_and_flags(row)
    size = SMALL if places.stacked else BODY
    most = DETAIL_LINES if places.stacked else 1
    texts = [(number, size, INK), *((detail, SMALL, MUTED) for detail in details if detail)]
    lines = tuple(
        (line, size, ink) for text, size, ink in texts for line in fit_text(text, room, size, most).split("\n")
    )
    if not places.stacked:
        return _Said(row, words, same_claim, lines, ROW / 2, ROW / 2, ROW)
    over, under = LINE * (words.count("\n") + 1), max(STRIP + AXIS, places.pitch * len(lines))
    return _Said(row, words, same_claim, lines, over / 2, over + TIGHT + under / 2, over + TIGHT + under + BETWEEN)


def _mark(look: Look, size: float) -> dict[str, Any]:
    face = look.colour if look.filled else "white"
    return {"marker": look.marker, "markersize": size, "markerfacecolor": face, "markeredgecolor": look.colour,
            "markeredgewidth": 1.3 if not look.filled else 0.6, "linestyle": "none"}  # fmt: skip


def _group_head(figure: Figure, top: float, look: Look, claims: int) -> None:
    width, height = size_of(figure)
    line = 1 - (top + 0.03) / height
    figure.add_artist(Line2D([LEFT / width, 1 - LEFT / width], [line, line], color=FAINT, linewidth=0.6))
    middle = top + 0.2
    figure.add_artist(Line2D([(LEFT + 0.07) / width], [1 - middle / height], **_mark(look, 6)))
    word = f"{look.word.capitalize()}  \u00b7  {claims} claim{'s' if claims != 1 else ''}"
    _write(figure, LEFT + INDENT, middle, word, size=HEADING, colour=look.colour, bold=True)


def _row(figure: Figure, top: float, said: _Said, look: Look, places: _Places) -> None:
    ink, middle = MUTED if said.repeated else INK, top + said.strip_down
    _write(figure, LEFT + INDENT, top + said.words_down, said.words, size=BODY, colour=ink)
    axes = place(figure, places.strip_left, middle - STRIP / 2 - 0.04, places.strip_width, STRIP)
    _strip(axes, said.row, look)
    for i, (text, size, colour) in enumerate(said.lines):
        at = middle + places.pitch * (i - len(said.lines) / 2 + 0.5)
        _write(figure, places.number_left, at, text, size=size, colour=colour)


def _in_unit(value: float, row: pd.Series) -> str:
    """A bound in the claim's unit, without trailing zeros: a rate for "reaches zero", else the scale's unit."""
    if row["kind"] == "reaches_zero":
        return f"{100 * value:g}%"
    text = estimate_text(value, str(row["scale"]))
    return text.rstrip("0").rstrip(".") if "." in text else text


def _unit(row: pd.Series) -> str:
    return "rate" if row["kind"] == "reaches_zero" else UNITS[str(row["scale"])]


def _unit_and_flags(row: pd.Series) -> str:
    return ", ".join([_unit(row), *(flag.replace("_", " ") for flag in str(row["flags"]).split())])


def _number(row: pd.Series) -> str:
    """The estimate with its interval, or that there is none."""
    lower, upper = float(row["lower"]), float(row["upper"])
    if math.isnan(float(row["estimate"])) and math.isnan(upper):
        return "no estimate over runs"
    if row["kind"] == "reaches_zero":
        limits = bounded_rate_text(lower, upper)
        return rate_text(float(row["estimate"])) + (f"   ({limits})" if limits else "")
    estimate = estimate_text(float(row["estimate"]), str(row["scale"]))
    if math.isnan(lower) and math.isnan(upper):
        return f"{estimate}   (no interval)"
    return f"{estimate}   ({interval_text(lower, upper, str(row['scale']))})"


def _strip(axes: Axes, row: pd.Series, look: Look) -> None:
    bare_axes(axes)
    axes.set_yticks([])
    axes.set_ylim(-1, 1)
    ratio = row["scale"] == "risk_ratio"
    rate = row["kind"] == "reaches_zero"
    none = 1.0 if ratio else 0.0
    ends = [float(row[k]) for k in ("region_lower", "region_upper") if math.isfinite(float(row[k]))]
    margins = _margins(row, ratio)
    values = [float(row[k]) for k in ("estimate", "lower", "upper")]
    left, right = _limits([*values, *ends, *margins, none], log=ratio)
    left = -0.03 * right if rate else left
    if ratio:
        axes.set_xscale("log")
        axes.minorticks_off()
    axes.set_xlim(left, right)
    low, high = float(row["region_lower"]), float(row["region_upper"])
    if not math.isnan(low):
        start = 0.0 if rate else left
        axes.axvspan(max(low, start), min(high, right), color=REGION, linewidth=0, zorder=0)
    for end in ends:
        axes.axvline(end, color="#6b8ba4", linewidth=0.9, zorder=1)
    for end in margins:
        axes.axvline(end, color=look.colour, linewidth=1.0, linestyle=(0, (1, 1)), zorder=1)
    if not rate:
        axes.axvline(none, color=MUTED, linewidth=0.7, linestyle=(0, (2, 2)), zorder=1)
    _strip_ticks(axes, [*ends, *margins, none], row)
    on_hover(f"{look.word}, {_number(row)}, {_unit(row)}: {row['text']}", *_interval(axes, values, look))


def _margins(row: pd.Series, ratio: bool) -> list[float]:
    """Both ends of the margin that an `equivalent` verdict rests on; nothing elsewhere."""
    margin = float(row["margin"])
    if row["status"] != Status.EQUIVALENT or math.isnan(margin):
        return []
    return [1.0 / margin if ratio else -margin, margin]


def _strip_ticks(axes: Axes, wanted: list[float], row: pd.Series) -> None:
    """Ticks at no effect and at the ends of region and margin, as far as their labels stand apart."""
    left, right = axes.get_xlim()
    log = axes.get_xscale() == "log"

    def inches(value: float) -> float:
        share = math.log(value / left) / math.log(right / left) if log else (value - left) / (right - left)
        return share * axes_width(axes)

    kept: list[float] = []
    for value in wanted:
        if all(abs(inches(value) - inches(other)) > 0.34 for other in kept):
            kept.append(value)
    axes.set_xticks(kept, [_in_unit(value, row) for value in kept])
    axes.tick_params(axis="x", labelsize=SMALL - 0.5, pad=1.5)


def _limits(values: list[float], *, log: bool) -> tuple[float, float]:
    if not log:
        return span(values, pad=0.16)
    low, high = span([math.log(v) for v in values if v > 0.0], pad=0.16)
    return math.exp(low), math.exp(high)


def _interval(axes: Axes, values: list[float], look: Look) -> list[Line2D]:
    """The interval, to the edge of the strip on a side without a bound, and the estimate with the status marker."""
    estimate, lower, upper = values
    left, right = axes.get_xlim()
    drawn: list[Line2D] = []
    if not math.isnan(estimate):
        drawn += axes.plot([estimate], [0], zorder=4, clip_on=False, **_mark(look, 5.5))
    if not (math.isnan(lower) and math.isnan(upper)):
        ends = [left if math.isnan(lower) else lower, right if math.isnan(upper) else upper]
        drawn += axes.plot(ends, [0, 0], color=look.colour, linewidth=1.7, solid_capstyle="butt", zorder=3)
    return drawn


def _key(frame: pd.DataFrame) -> list[str]:
    """What stands where, part by part; the numbers' part last."""
    level = level_text(float(frame["level"].iloc[0]))
    margin = ["\u205e margin"] if (frame["status"] == Status.EQUIVALENT).any() else []
    return ["shaded: claimed", "\u250a no effect", *margin, f"estimate   ({level} interval)"]


def _heads(figure: Figure, parts: list[str], places: _Places) -> None:
    """The parts of the key over the columns."""
    _write(figure, LEFT, 0.16, "claim", colour=MUTED)
    _write(figure, places.strip_left, 0.16, "   ".join(parts[:-1]), colour=MUTED)
    _write(figure, places.number_left, 0.16, parts[-1], colour=MUTED)
