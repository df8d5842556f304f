"""What each verdict hangs on: the estimate with every run, scenario, seed, judge and base model left out in turn."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mixablate.claims import Status, Unit
from mixablate.figures.alt_text import name_in_words
from mixablate.figures.axis_layout import foot, foot_height, set_ticks, span, ticks_plain, write
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import estimate_text, scale_words
from mixablate.figures.panels import first_of
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    INK,
    MUTED,
    SMALL,
    STATUS_LOOKS,
    bare_axes,
    new_figure,
    paper_style,
    place,
)
from mixablate.figures.text_layout import fit_text

__all__ = ["MOST_STRIPS", "draw_fragility_strip", "fragility_alt"]

TEXT_WIDTH = 2.15  # inches
STRIP_LEFT = 2.35
STRIP_WIDTH = 2.7
NAMES_LEFT = STRIP_LEFT + STRIP_WIDTH + 0.15
LANE = 0.13
PAD = 0.46
KEY = 0.5
REGION = "#d5e3ee"
SURVIVES = "#0072b2"
FLIPS = "#c0392b"
MOST_STRIPS = 40
MOST_NAMES = 4
MARKERS = {Unit.RUN: "o", Unit.SCENARIO: "s", Unit.SEED: "^", Unit.JUDGE: "D", Unit.BASE_MODEL: "P", Unit.ITEM: "v"}
UNIT_WORDS = {unit: str(unit).replace("_", " ") for unit in Unit}
_write = partial(write, spacing=1.15)


def draw_fragility_strip(frame: pd.DataFrame) -> Figure:
    """A strip a claim and outcome: a lane a kind of thing left out, a mark where the estimate then stands.

    The shaded part is the claimed region. Marks that flip the verdict are red, larger and open, and named beside.

    Args:
        frame: `fragility_strip` of `figure_frames`.
    """
    with paper_style():
        strips = [rows for _, rows in frame.groupby(["claim", "outcome", "scale"], sort=False)]
        shown = strips[:MOST_STRIPS]
        notes = first_of(len(shown), len(strips), "strips")
        heights = [LANE * rows["unit"].nunique() + PAD for rows in shown]
        figure = new_figure(DOUBLE_COLUMN, KEY + sum(heights) + foot_height(frame, notes))
        _key(figure, frame)
        top, claim = KEY, ""
        for rows, height in zip(shown, heights, strict=True):
            _strip(figure, rows, top, height, again=str(rows["claim"].iloc[0]) == claim)
            claim = str(rows["claim"].iloc[0])
            top += height
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


def _strip(figure: Figure, rows: pd.DataFrame, top: float, height: float, *, again: bool) -> None:
    records = rows.to_dict("records")
    lanes = [unit for unit in Unit if (rows["unit"] == str(unit)).any()]
    axes = place(figure, STRIP_LEFT, top + 0.06, STRIP_WIDTH, LANE * len(lanes))
    bare_axes(axes)
    axes.set_ylim(len(lanes) - 0.5, -0.5)
    axes.set_yticks([])
    scale = str(records[0]["scale"])
    _axis(axes, records, scale)
    for record in records:
        if not math.isnan(_number(record["estimate"])):
            _mark(axes, lanes.index(Unit(str(record["unit"]))), record)
    whole = _number(records[0]["estimate_of_all"])
    if not math.isnan(whole):
        axes.axvline(whole, color=INK, linewidth=0.8, zorder=1)
    look = STATUS_LOOKS[Status(str(records[0]["verdict"]))]
    middle = top + height / 2 - 0.04
    text = f"the same claim: {records[0]['outcome_label']}" if again else str(records[0]["text"])
    _write(figure, 0.1, middle, f"{look.symbol}", size=BODY, colour=look.colour)
    _write(figure, 0.28, middle, fit_text(text, TEXT_WIDTH - 0.2, BODY, 3), size=BODY, colour=MUTED if again else INK)
    _write(figure, NAMES_LEFT, middle, _names(rows), colour=MUTED)


def _number(value: object) -> float:
    return math.nan if value is None else float(str(value))


def _axis(axes: Axes, records: list[dict[Hashable, Any]], scale: str) -> None:
    ends = [_number(records[0][name]) for name in ("region_lower", "region_upper")]
    values = [_number(r["estimate"]) for r in records] + [_number(records[0]["estimate_of_all"]), *ends]
    limits = span(values, pad=0.12)
    factor = 100.0 if scale == "risk_difference" else 1.0
    set_ticks(axes, limits, lambda ticks: ticks_plain(ticks, factor), 4)
    axes.tick_params(axis="x", labelsize=SMALL, pad=1.5)
    axes.text(1.0, -0.24 / (LANE * (axes.get_ylim()[0] + 0.5)), scale_words(scale), transform=axes.transAxes,
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


def _names(rows: pd.DataFrame) -> str:
    """What flips the verdict, with what flipped; or that nothing does."""
    flips = rows[rows["flips"]].to_dict("records")
    room = DOUBLE_COLUMN - NAMES_LEFT - 0.1
    if not flips:
        return fit_text(f"survives each of {len(rows)}", room, SMALL)
    lines = [f"{UNIT_WORDS[Unit(str(r['unit']))]} {r['name']}: {r['flipped']}" for r in flips[: MOST_NAMES - 1]]
    more = len(flips) - len(lines)
    lines += [f"and {more} more"] if more else []
    return "\n".join(fit_text(line, room, SMALL) for line in lines)


def _key(figure: Figure, frame: pd.DataFrame) -> None:
    width, height = figure.get_size_inches()
    left = 0.1
    for unit in (unit for unit in Unit if (frame["unit"] == str(unit)).any()):
        x, y = (left + 0.05) / width, 1 - 0.14 / height
        figure.add_artist(Line2D([x], [y], marker=MARKERS[unit], markersize=3.4, color=SURVIVES, linestyle="none"))
        _write(figure, left + 0.14, 0.14, UNIT_WORDS[unit], colour=MUTED)
        left += 0.28 + 0.075 * len(UNIT_WORDS[unit])
    _write(figure, 0.28, 0.33, "claim", colour=MUTED)
    _write(figure, STRIP_LEFT, 0.33, "shaded: claimed   line: nothing left out", colour=MUTED)
    _write(figure, NAMES_LEFT, 0.33, "does not survive without", colour=FLIPS)
