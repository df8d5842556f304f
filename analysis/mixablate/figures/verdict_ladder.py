"""Verdict ladder: claims grouped by status, each with its interval drawn against the region it claims."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mixablate.claims import Status
from mixablate.figures.axis_layout import foot, foot_height, span, write
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import estimate_text, interval_text, level_text, rate_text
from mixablate.figures.panels import first_of
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    FAINT,
    HEADING,
    INK,
    MUTED,
    SMALL,
    STATUS_LOOKS,
    Look,
    bare_axes,
    new_figure,
    paper_style,
    place,
)
from mixablate.figures.text_layout import fit_text

__all__ = ["MOST_CLAIMS", "draw_verdict_ladder"]

LEFT = 0.1  # inches
TEXT_WIDTH = 2.75
STRIP_LEFT = 3.1
STRIP_WIDTH = 2.0
NUMBER_LEFT = STRIP_LEFT + STRIP_WIDTH + 0.15
ROW = 0.56
STRIP = 0.2
GROUP = 0.33
KEY = 0.34
REGION = "#d5e3ee"
MOST_CLAIMS = 60
UNITS = {"risk_difference": "points", "risk_ratio": "ratio", "log_odds": "log-odds", "value": "score"}
_write = partial(write, spacing=1.15)


def draw_verdict_ladder(frame: pd.DataFrame) -> Figure:
    """Claims from supported to untestable: marker, colour and word say the status, the strip shows why.

    Each strip has its own axis in the claim's unit: the shaded part is what the claim says, the line is the interval of
    the effect, its marker the estimate. A claim judged on several outcomes has a row for each.

    Args:
        frame: `verdict_ladder` of `figure_frames`.
    """
    with paper_style():
        shown = frame.head(MOST_CLAIMS)
        notes = first_of(len(shown), len(frame), "rows")
        groups = [(Status(str(name)), rows) for name, rows in shown.groupby("status", sort=False)]
        figure = new_figure(
            DOUBLE_COLUMN, KEY + GROUP * len(groups) + ROW * len(shown) + 0.08 + foot_height(frame, notes)
        )
        _key(figure, shown)
        top = KEY
        for status, rows in groups:
            _group_head(figure, top, STATUS_LOOKS[status], rows["claim"].nunique())
            top += GROUP
            again = rows["claim"].eq(rows["claim"].shift())
            for (_, row), same in zip(rows.iterrows(), again, strict=True):
                _row(figure, top, row, STATUS_LOOKS[status], same_claim=bool(same))
                top += ROW
        foot(figure, frame, notes)
        return figure


def _mark(look: Look, size: float) -> dict[str, Any]:
    face = look.colour if look.filled else "white"
    return {"marker": look.marker, "markersize": size, "markerfacecolor": face, "markeredgecolor": look.colour,
            "markeredgewidth": 1.3 if not look.filled else 0.6, "linestyle": "none"}  # fmt: skip


def _group_head(figure: Figure, top: float, look: Look, claims: int) -> None:
    width, height = figure.get_size_inches()
    line = 1 - (top + 0.03) / height
    figure.add_artist(Line2D([LEFT / width, 1 - LEFT / width], [line, line], color=FAINT, linewidth=0.6))
    middle = top + 0.2
    figure.add_artist(Line2D([(LEFT + 0.07) / width], [1 - middle / height], **_mark(look, 6)))
    word = f"{look.word.capitalize()}  \u00b7  {claims} claim{'s' if claims != 1 else ''}"
    _write(figure, LEFT + 0.22, middle, word, size=HEADING, colour=look.colour, bold=True)


def _row(figure: Figure, top: float, row: pd.Series, look: Look, *, same_claim: bool) -> None:
    middle = top + ROW / 2
    if same_claim:
        _write(figure, LEFT + 0.22, middle, "the same claim", size=BODY, colour=MUTED)
    else:
        _write(figure, LEFT + 0.22, middle, fit_text(str(row["text"]), TEXT_WIDTH - 0.2, BODY, 3), size=BODY)
    axes = place(figure, STRIP_LEFT, middle - STRIP / 2 - 0.04, STRIP_WIDTH, STRIP)
    _strip(axes, row, look)
    room = DOUBLE_COLUMN - NUMBER_LEFT - LEFT
    number, *details = _number(row), str(row["outcome_label"]), _unit_and_flags(row)
    lines = [(number, BODY, INK), *((detail, SMALL, MUTED) for detail in details if detail)]
    for i, (text, size, ink) in enumerate(lines):
        at = middle + 0.16 * (i - len(lines) / 2 + 0.5)
        _write(figure, NUMBER_LEFT, at, fit_text(text, room, size), size=size, colour=ink)


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
        bound = f"   (at most {rate_text(upper)})" if not math.isnan(upper) else ""
        return rate_text(float(row["estimate"])) + bound
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
        return share * STRIP_WIDTH

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


def _key(figure: Figure, frame: pd.DataFrame) -> None:
    level = level_text(float(frame["level"].iloc[0]))
    _write(figure, LEFT, 0.16, "claim", colour=MUTED)
    margin = "   \u205e margin" if (frame["status"] == Status.EQUIVALENT).any() else ""
    _write(figure, STRIP_LEFT, 0.16, f"shaded: claimed   \u250a no effect{margin}", colour=MUTED)
    _write(figure, NUMBER_LEFT, 0.16, f"estimate   ({level} interval)", colour=MUTED)
