"""What each verdict hangs on: the estimate with every run, scenario, seed, judge and base model left out in turn."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mixablate.claims import Status, Unit
from mixablate.figures.alt_text import name_in_words
from mixablate.figures.axis_layout import KEY_LINE, foot, foot_height, key_places, set_ticks, span, ticks_plain, write
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import estimate_text, scale_words
from mixablate.figures.panels import first_of
from mixablate.figures.paper import PLAIN, Paper
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    INK,
    MUTED,
    REGION,
    SMALL,
    STATUS_LOOKS,
    bare_axes,
    place,
    size_of,
)
from mixablate.figures.text_layout import fit_text

__all__ = ["MOST_STRIPS", "draw_fragility_strip", "fragility_alt"]

TEXT_LEFT = 0.28  # inches
TEXT_LINES = 3
LINE = 0.13
NAME_LINE = 0.107
LANE = 0.13
PAD = 0.46
TIGHT = 0.04
BETWEEN = 0.17
KEY = 0.5
BEFORE_WORD = 0.14
SURVIVES = "#0072b2"
FLIPS = "#c0392b"
MOST_STRIPS = 40
MOST_NAMES = 4
MARKERS = {Unit.RUN: "o", Unit.SCENARIO: "s", Unit.SEED: "^", Unit.JUDGE: "D", Unit.BASE_MODEL: "P", Unit.ITEM: "v"}
UNIT_WORDS = {unit: str(unit).replace("_", " ") for unit in Unit}
NAMES_HEAD = "does not survive without"
_write = partial(write, spacing=1.15)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where strips and names stand, in inches, and how wide texts are.

    `scale_down` is how far under a strip its unit stands. `stacked` where the claim's words stand over the strip and
    the names under it, and not beside it.
    """

    width: float
    text_width: float
    strip_left: float
    strip_width: float
    names_left: float
    names_width: float
    scale_down: float
    stacked: bool


@dataclass(frozen=True, slots=True)
class _Strip:
    """A claim on one outcome with its texts as they fit, and their places in inches from its top.

    Attributes:
        rows: of the frame.
        lanes: the kinds of things left out.
        words: the claim's; muted where the strip above is of the same claim.
        repeated: whether it is.
        names: of what flips the verdict, or that nothing does.
        words_down: middle of the words.
        axes_down: upper edge of the lanes.
        names_down: middle of the names.
        height: of the strip with its texts.
    """

    rows: pd.DataFrame
    lanes: tuple[Unit, ...]
    words: str
    repeated: bool
    names: str
    words_down: float
    axes_down: float
    names_down: float
    height: float


def draw_fragility_strip(frame: pd.DataFrame, *, paper: Paper = PLAIN) -> Figure:
    """A strip a claim and outcome: a lane a kind of thing left out, a mark where the estimate then stands.

    The shaded part is the claimed region. Marks that flip the verdict are red, larger and open, and named beside, or
    under the strip where the figure is narrow.

    Args:
        frame: `fragility_strip` of `figure_frames`.
        paper: to draw on.
    """
    with paper.in_style():
        groups = [rows for _, rows in frame.groupby(["claim", "outcome", "scale"], sort=False)]
        notes = first_of(min(len(groups), MOST_STRIPS), len(groups), "strips")
        places = _places(paper.width)
        strips, units = _strips(groups[:MOST_STRIPS], places), _units(frame, paper.width)
        above, body = KEY + KEY_LINE * units[-1][1], sum(strip.height for strip in strips)
        figure = paper.sheet(above + body + foot_height(frame, notes, paper.width))
        _key(figure, units, places)
        top = above
        for strip in strips:
            _draw(figure, strip, top, places)
            top += strip.height
        foot(figure, frame, notes)
        return figure


def fragility_alt(frame: pd.DataFrame) -> str:
    """Per claim: of how many things left out which flip the verdict."""
    sentences = []
    for _, rows in frame.groupby("claim", sort=False):
        flips = rows[rows["flips"]]
        counts = ", ".join(f"{n} {UNIT_WORDS[Unit(str(u))]}s" for u, n in rows["unit"].value_counts(sort=False).items())
        named = ", ".join(f"{UNIT_WORDS[Unit(str(u))]} {name_in_words(n)}" for u, n in
                          zip(flips["unit"].head(MOST_NAMES), flips["name"].head(MOST_NAMES), strict=True))  # fmt: skip
        said = f"it does not survive without {named}" if named else "it survives each"
        more = f" and {len(flips) - MOST_NAMES} more" if len(flips) > MOST_NAMES else ""
        first = rows.iloc[0]
        sentences.append(f"{name_in_words(first['text'])} ({first['verdict']}), {counts} left out: {said}{more}.")
    return "Strips of estimates with one thing left out. " + " ".join(sentences)


def _places(width: float) -> _Places:
    if width >= DOUBLE_COLUMN:
        return _Places(width, 1.95, 2.35, 2.7, 5.2, width - 5.2 - 0.1, 0.24, stacked=False)
    strip = width - 2 * TEXT_LEFT  # its margins hold the half of a label at either end
    return _Places(width, width - TEXT_LEFT - 0.1, TEXT_LEFT, strip, TEXT_LEFT, strip, 0.18, stacked=True)


def _strips(groups: list[pd.DataFrame], places: _Places) -> list[_Strip]:
    strips: list[_Strip] = []
    for rows in groups:
        first, lanes = rows.iloc[0], tuple(unit for unit in Unit if (rows["unit"] == str(unit)).any())
        again = bool(strips) and str(strips[-1].rows["claim"].iloc[0]) == str(first["claim"])
        text = f"the same claim: {first['outcome_label']}" if again else str(first["text"])
        words, names = fit_text(text, places.text_width, BODY, TEXT_LINES), _names(rows, places.names_width)
        height = LANE * len(lanes) + PAD
        middle = height / 2 - 0.04
        downs = (middle, 0.06, middle, height)
        if places.stacked:
            over, beyond = LINE * (words.count("\n") + 1), NAME_LINE * (names.count("\n") + 1)
            head = NAME_LINE * bool(rows["flips"].any())
            under = over + TIGHT + LANE * len(lanes) + places.scale_down + head
            downs = (over / 2, over + TIGHT, under + beyond / 2, under + beyond + BETWEEN)
        strips.append(_Strip(rows, lanes, words, again, names, *downs))
    return strips


def _draw(figure: Figure, strip: _Strip, top: float, places: _Places) -> None:
    records = strip.rows.to_dict("records")
    axes = place(figure, places.strip_left, top + strip.axes_down, places.strip_width, LANE * len(strip.lanes))
    bare_axes(axes)
    axes.set_ylim(len(strip.lanes) - 0.5, -0.5)
    axes.set_yticks([])
    _axis(axes, records, places.scale_down)
    for record in records:
        if not math.isnan(_number(record["estimate"])):
            _mark(axes, strip.lanes.index(Unit(str(record["unit"]))), record)
    whole = _number(records[0]["estimate_of_all"])
    if not math.isnan(whole):
        axes.axvline(whole, color=INK, linewidth=0.8, zorder=1)
    look = STATUS_LOOKS[Status(str(records[0]["verdict"]))]
    _write(figure, 0.1, top + strip.words_down, f"{look.symbol}", size=BODY, colour=look.colour)
    _write(figure, TEXT_LEFT, top + strip.words_down, strip.words, size=BODY, colour=MUTED if strip.repeated else INK)
    if places.stacked and strip.rows["flips"].any():
        head = top + strip.names_down - NAME_LINE * (strip.names.count("\n") + 2) / 2
        _write(figure, places.names_left, head, NAMES_HEAD, colour=FLIPS)
    _write(figure, places.names_left, top + strip.names_down, strip.names, colour=MUTED)


def _number(value: object) -> float:
    return math.nan if value is None else float(str(value))


def _axis(axes: Axes, records: list[dict[Hashable, Any]], scale_down: float) -> None:
    scale = str(records[0]["scale"])
    ends = [_number(records[0][name]) for name in ("region_lower", "region_upper")]
    values = [_number(r["estimate"]) for r in records] + [_number(records[0]["estimate_of_all"]), *ends]
    limits = span(values, pad=0.12)
    factor = 100.0 if scale == "risk_difference" else 1.0
    set_ticks(axes, limits, lambda ticks: ticks_plain(ticks, factor), 4)
    axes.tick_params(axis="x", labelsize=SMALL, pad=1.5)
    axes.text(1.0, -scale_down / (LANE * (axes.get_ylim()[0] + 0.5)), scale_words(scale), transform=axes.transAxes,
              fontsize=SMALL - 0.5, color=MUTED, ha="right", va="top")  # fmt: skip
    if not all(math.isnan(end) for end in ends):
        low, high = (limits[i] if math.isnan(end) else end for i, end in enumerate(ends))
        axes.axvspan(max(low, limits[0]), min(high, limits[1]), color=REGION, linewidth=0, zorder=0)


def _mark(axes: Axes, y: int, record: Mapping[Hashable, Any]) -> None:
    flips, scale = bool(record["flips"]), str(record["scale"])
    colour = FLIPS if flips else SURVIVES
    (mark,) = axes.plot([float(record["estimate"])], [y], marker=MARKERS[Unit(str(record["unit"]))],
                        markersize=5.2 if flips else 3.0, markerfacecolor="none" if flips else colour,
                        markeredgecolor=colour, markeredgewidth=1.1 if flips else 0.4, linestyle="none",
                        alpha=1.0 if flips else 0.75, zorder=4 if flips else 3, clip_on=False)  # fmt: skip
    left_out = f"without {UNIT_WORDS[Unit(str(record['unit']))]} {record['name']}"
    numbers = f"{estimate_text(float(record['estimate']), scale)} {scale_words(scale)}"
    on_hover(f"{left_out}: {numbers}" + (f", flips: {record['flipped']}" if flips else ""), mark)


def _names(rows: pd.DataFrame, room: float) -> str:
    """What flips the verdict, with what flipped; or that nothing does. In lines of `room` inches."""
    flips = rows[rows["flips"]].to_dict("records")
    if not flips:
        return fit_text(f"survives each of {len(rows)}", room, SMALL)
    lines = [f"{UNIT_WORDS[Unit(str(r['unit']))]} {r['name']}: {r['flipped']}" for r in flips[: MOST_NAMES - 1]]
    more = len(flips) - len(lines)
    lines += [f"and {more} more"] if more else []
    return "\n".join(fit_text(line, room, SMALL) for line in lines)


def _units(frame: pd.DataFrame, width: float) -> list[tuple[Unit, int, float]]:
    """The kinds of things left out, each with its line of the key and where in it the marker stands."""
    units = [unit for unit in Unit if (frame["unit"] == str(unit)).any()]
    words = [UNIT_WORDS[unit] for unit in units]
    places = key_places(words, [0.28 + 0.075 * len(word) for word in words], width, BEFORE_WORD)
    return [(unit, *place_of) for unit, place_of in zip(units, places, strict=True)]


def _key(figure: Figure, units: list[tuple[Unit, int, float]], places: _Places) -> None:
    width, height = size_of(figure)
    for unit, line, left in units:
        down = 0.14 + KEY_LINE * line
        x, y = (left + 0.05) / width, 1 - down / height
        figure.add_artist(Line2D([x], [y], marker=MARKERS[unit], markersize=3.4, color=SURVIVES, linestyle="none"))
        _write(figure, left + BEFORE_WORD, down, UNIT_WORDS[unit], colour=MUTED)
    heads = 0.33 + KEY_LINE * units[-1][1]
    columns = [
        (TEXT_LEFT, "claim", MUTED),
        (places.strip_left, "shaded: claimed   line: nothing left out", MUTED),
        (places.names_left, NAMES_HEAD, FLIPS),
    ]
    for left, text, colour in columns[1:2] if places.stacked else columns:
        _write(figure, left, heads, text, colour=colour)
