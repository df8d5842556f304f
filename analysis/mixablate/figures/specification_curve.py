"""The specification curve of each claim: every admissible way to judge it, from furthest outside to furthest inside."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixablate.claims import Estimator, Inclusion, Status
from mixablate.figures.alt_text import name_in_words
from mixablate.figures.axis_layout import KEY_LINE, beside, foot, foot_height, key_lines, key_places, write
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import MINUS, effect_text, scale_words
from mixablate.figures.panels import first_of
from mixablate.figures.paper import PLAIN, Paper
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    FAINT,
    GRID,
    INK,
    MUTED,
    SMALL,
    STATUS_LOOKS,
    Look,
    bare_axes,
    place,
)
from mixablate.figures.text_layout import drawable, fit_apart, fit_text, text_width

__all__ = ["MOST_CLAIMS", "draw_specification_curve", "specification_alt"]

LEFT = 0.1  # inches
LABEL_MOST = 1.45
HEAD = 0.42
TITLE_LINE = 0.145
TITLE_LINES = 3
CURVE = 0.95
LINE = 0.145
GAP = 0.2
KEY = 0.46
STATUS_PITCH = 1.2
APART = 0.0535  # from dot to dot at least, so that they hardly touch: 90 in a double column
FARTHEST = 8.0  # normal standard errors: beyond it nothing is decided otherwise, and dots stand at the edge
MOST_CLAIMS = 3  # fit on a printed page
CHOICES = ("scale", "estimator", "inclusion", "judge", "outcome_label")
INSIDE, OUTSIDE = "inside the claim", "outside"
KEY_WORDS = ("ringed: as declared", "dotted: needed to decide", "axis: standard errors (z)")


@dataclass(frozen=True, slots=True)
class _Places:
    """Where words and dots stand, in inches, and the sizes of words, dots and the ring in points."""

    width: float
    left: float
    plot: float
    words: float
    size: float
    dot: float
    square: float
    ring: float
    title_lines: int

    @property
    def most(self) -> int:
        """How many specifications of a claim are drawn."""
        return int(self.plot / APART - 0.4)


@dataclass(frozen=True, slots=True)
class _Claim:
    """A claim as it is drawn: the title that fits, the specifications with a dot, and how many of all agree.

    `lines` are (choice, value) of the matrix.
    """

    title: str
    rows: pd.DataFrame
    lines: list[tuple[str, str]]
    agreeing: int
    total: int

    @property
    def head(self) -> float:
        """Inches above the curve."""
        return HEAD + TITLE_LINE * self.title.count("\n")

    @property
    def height(self) -> float:
        """Inches of everything."""
        return self.head + CURVE + LINE * len(self.lines) + GAP


def draw_specification_curve(frame: pd.DataFrame, *, paper: Paper = PLAIN) -> Figure:
    """A panel a claim: dots from outside the claimed region to inside, the choices behind each dot under it.

    The axis is one for all scales: the normal quantile of the one-sided p at the region's boundary. Marker, fill and
    colour say what the specification says; the declared one is ringed. Of a claim on each of several outcomes
    it is marked which one decides. Beyond eight standard errors dots stand at the edge. Of more specifications than
    there is room for, dots are those evenly along the curve.

    Args:
        frame: `specification_curve` of `figure_frames`.
        paper: to draw on.
    """
    with paper.in_style():
        every = [rows for _, rows in frame[frame["reason"] == ""].groupby("claim", sort=False)]
        places = _places(every[:MOST_CLAIMS], paper.width)
        claims = [_claim(rows, places) for rows in every[:MOST_CLAIMS]]
        notes = _notes(frame, len(every), claims)
        looks, words = _looks(claims, paper.width), _key_words(paper.width)
        above = KEY + KEY_LINE * (looks[-1][1] + len(words) - 1)
        heights = [claim.height for claim in claims]
        figure = paper.sheet(above + sum(heights) + foot_height(frame, notes, paper.width))
        _key(figure, looks, words)
        top = above
        for claim in claims:
            _panel(figure, claim, top, places)
            top += claim.height
        foot(figure, frame, notes)
        return figure


def specification_alt(frame: pd.DataFrame) -> str:
    """Per claim: how many specifications give the verdict, and what the others say."""
    sentences = []
    for _, rows in frame.groupby("claim", sort=False):
        counted = rows[rows["reason"] == ""]
        first = rows.iloc[0]
        others = counted.loc[counted["status"] != first["verdict"], "status"].value_counts()
        said = ", ".join(f"{n} {status}" for status, n in others.items())
        sentences.append(
            f"{name_in_words(first['text'])}: {first['verdict']}, as {int(counted['agrees'].eq(True).sum())} of "
            f"{len(counted)} specifications say" + (f"; the others: {said}." if said else ".")
        )
    return "Specification curves, dots from outside the claimed region to inside. " + " ".join(sentences)


def _places(claims: list[pd.DataFrame], width: float) -> _Places:
    """Words beside the plot; in a narrow figure smaller, with all the plot that they leave."""
    if width >= DOUBLE_COLUMN:
        return _Places(width, 2.0, width - 2.0 - 0.15, 1.7, BODY, 3.6, 2.6, 8.0, title_lines=1)
    texts = [_words(choice, value) for rows in claims for choice, value in _lines(rows)]
    beside_ticks = text_width(INSIDE, SMALL) + text_width(f"{MINUS}0.0", SMALL)
    words = min(max([beside_ticks, *(text_width(drawable(text), SMALL) for text in texts)]), LABEL_MOST)
    left = LEFT + words + 0.1
    return _Places(width, left, width - left - 0.12, words, SMALL, 2.8, 2.2, 6.5, TITLE_LINES)


def _claim(rows: pd.DataFrame, places: _Places) -> _Claim:
    title = fit_text(str(rows["text"].iloc[0]), places.width - 0.3, BODY, places.title_lines, bold=True)
    shown = _thinned(rows, places.most)
    return _Claim(title, shown, _lines(shown), int(rows["agrees"].eq(True).sum()), len(rows))


def _thinned(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """The specifications that are drawn: of too many the declared one, and of the others evenly along the curve."""
    if len(rows) <= most:
        return rows
    declared = rows["declared"].eq(True).to_numpy()
    kept, others = np.flatnonzero(declared), np.flatnonzero(~declared)
    picked = np.linspace(0, len(others) - 1, most - len(kept)).round().astype(int)
    return rows.iloc[np.sort([*kept, *others[picked]])]


def _notes(frame: pd.DataFrame, every: int, claims: list[_Claim]) -> list[str]:
    notes = []
    refused = int((frame["reason"] != "").sum())
    if refused:
        notes.append(f"{refused} combinations are not admissible; the table has each with its reason.")
    notes += first_of(len(claims), every, "claims")
    if any((claim.rows["distance"].abs() > FARTHEST).any() for claim in claims):
        notes.append(f"Dots at the edge: {FARTHEST:g} standard errors or more from the end of what is claimed.")
    if any(len(claim.rows) < claim.total for claim in claims):
        most = max(len(claim.rows) for claim in claims)
        notes.append(f"At most {most} specifications a claim, evenly along its curve; the table has all.")
    return notes


def _words(choice: str, value: str) -> str:
    if choice == "scale":
        return scale_words(value)
    if choice == "outcome_label":
        return f"decided by {value}"
    if choice == "judge":
        return f"judge {value}" if value else "judge as declared"
    return value if choice == "estimator" or value != Inclusion.DECLARED else "outcomes as declared"


def _lines(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """(choice, value) of the matrix, choices that are alike in all specifications left out."""
    found = []
    ranks = {str(e): i for i, e in enumerate((*Estimator, *Inclusion))}
    for choice in CHOICES:
        values = sorted(dict.fromkeys(rows[choice].astype(str)), key=lambda value: (ranks.get(value, 0), value))
        found += [(choice, value) for value in values] if len(values) > 1 else []
    return found


def _panel(figure: Figure, claim: _Claim, top: float, places: _Places) -> None:
    records = claim.rows.to_dict("records")
    axes = place(figure, places.left, top + claim.head, places.plot, CURVE)
    bare_axes(axes, keep=())
    axes.set_xlim(-0.7, max(len(records), 12) - 0.3)
    distances = [_clipped(float(record["distance"])) for record in records]
    needed = float(records[0]["distance_needed"])
    low, high = min(*distances, -needed) - 0.8, max(*distances, needed) + 0.8
    axes.set_ylim(low, high)
    axes.axhspan(0.0, high, color="#eef3f7", linewidth=0, zorder=0)
    for level, style in ((0.0, "-"), (needed, ":"), (-needed, ":")):
        axes.axhline(level, color=MUTED if level else FAINT, linewidth=0.7, linestyle=style, zorder=1)
    axes.set_yticks([-needed, 0.0, needed], [f"{MINUS}{needed:.1f}", "0", f"{needed:.1f}"])
    axes.tick_params(axis="y", labelsize=SMALL, labelcolor=MUTED)
    axes.set_xticks([])
    for x, (record, distance) in enumerate(zip(records, distances, strict=True)):
        _dot(axes, x, distance, record, places)
    _head(axes, claim, str(records[0]["verdict"]), places)
    _matrix(figure, claim.lines, records, top + claim.head + CURVE, places)


def _clipped(distance: float) -> float:
    return max(-FARTHEST, min(FARTHEST, distance))


def _dot(axes: Axes, x: int, y: float, record: Mapping[Hashable, Any], places: _Places) -> None:
    look = STATUS_LOOKS[Status(str(record["status"]))]
    face = look.colour if look.filled else "white"
    marks = axes.plot([x], [y], marker=look.marker, markersize=places.dot, markerfacecolor=face,
                      markeredgecolor=look.colour, markeredgewidth=0.9, linestyle="none", zorder=3,
                      clip_on=False)  # fmt: skip
    if record["declared"]:
        marks += axes.plot([x], [y], marker="o", markersize=places.ring, markerfacecolor="none", markeredgecolor=INK,
                           markeredgewidth=0.8, linestyle="none", zorder=4, clip_on=False)  # fmt: skip
    on_hover(_dot_words(record), *marks)


def _dot_words(record: Mapping[Hashable, Any]) -> str:
    choices = ", ".join(_words(choice, str(record[choice])) for choice in CHOICES[1:-1] if record[choice])
    return f"{record['status']}, {effect_text(record)}: {choices}"


def _head(axes: Axes, claim: _Claim, verdict: str, places: _Places) -> None:
    share = f"{STATUS_LOOKS[Status(verdict)].word}; {claim.agreeing} of {claim.total} specifications say so"
    low, high = axes.get_ylim()
    above = (high - low) / CURVE
    beside(axes, LEFT, high + (0.29 + TITLE_LINE / 2 * claim.title.count("\n")) * above, claim.title, bold=True)
    beside(axes, LEFT, high + 0.12 * above, share, colour=MUTED)
    beside(axes, LEFT, high - 0.12 * above, INSIDE, colour=MUTED, size=places.size)
    beside(axes, LEFT, low + 0.12 * above, OUTSIDE, colour=MUTED, size=places.size)


def _matrix(
    figure: Figure, lines: list[tuple[str, str]], records: list[dict[Hashable, Any]], top: float, places: _Places
) -> None:
    """Which choices are behind each dot."""
    if not lines:
        return
    axes = place(figure, places.left, top + 0.05, places.plot, LINE * len(lines))
    bare_axes(axes, keep=())
    axes.set_xlim(-0.7, max(len(records), 12) - 0.3)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.set_xticks([])
    axes.set_yticks([])
    texts = [_words(choice, value) for choice, value in lines]
    shown = fit_apart(texts, lambda text: fit_text(text, places.words, places.size))
    for y, (choice, value) in enumerate(lines):
        if y and lines[y - 1][0] != choice:
            axes.axhline(y - 0.5, color=GRID, linewidth=0.8)
        beside(axes, LEFT, y, shown[texts[y]], size=places.size)
        mine = [x for x, record in enumerate(records) if str(record[choice]) == value]
        axes.plot(mine, [y] * len(mine), marker="s", markersize=places.square, color=INK, linestyle="none")


def _looks(claims: list[_Claim], width: float) -> list[tuple[Look, int, float]]:
    """What specifications say, each with its line of the key and where in it the word begins."""
    said = {str(status) for claim in claims for status in claim.rows["status"]}
    looks = [look for status, look in STATUS_LOOKS.items() if str(status) in said]
    places = key_places([f"{look.symbol} {look.word}" for look in looks], [STATUS_PITCH] * len(looks), width, 0.0)
    return [(look, *place_of) for look, place_of in zip(looks, places, strict=True)]


def _key_words(width: float) -> list[str]:
    return ["   ".join(KEY_WORDS)] if width >= DOUBLE_COLUMN else key_lines(KEY_WORDS, width)


def _key(figure: Figure, looks: list[tuple[Look, int, float]], words: list[str]) -> None:
    for look, line, left in looks:
        write(figure, left, 0.14 + KEY_LINE * line, f"{look.symbol} {look.word}", colour=look.colour)
    for i, text in enumerate(words, start=looks[-1][1]):
        write(figure, LEFT, 0.31 + KEY_LINE * i, text, colour=MUTED)
