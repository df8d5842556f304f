"""Interactions of pairs of components: names down the diagonal, a cell for every pair below it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mixablate.figures.axis_layout import (
    KEY_LINE,
    foot,
    foot_height,
    key_lines,
    lettered,
    numbered_height,
    write,
    write_key,
    write_numbered,
)
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import effect_text, estimate_text, scale_words
from mixablate.figures.panels import first_panels, reason_notes
from mixablate.figures.paper import PLAIN, Paper
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    FAINT,
    HEADING,
    INK,
    MUTED,
    SMALL,
    bare_axes,
    place,
)
from mixablate.figures.text_layout import fit_apart, fit_text, text_width

__all__ = ["draw_interaction_heatmap"]

NAMES = 1.58  # inches right of the last column, for the last name
NARROW_NAMES = 1.2
NUMBER = 0.23  # for the number of the last component
EDGE = 0.12
WIDEST = 0.85  # of a cell
PAD = 0.06
TIGHT_PAD = 0.05
KEY = 0.3
HEAD = 0.28
TITLE_LINE = 0.14
AFTER = 0.12
MOST_PAIRS = 160
MOST_PANELS = 6
MOST_REASONS = 6
WORD = SMALL - 0.5
WORDS = {"better together": "better", "worse together": "worse"}
SIGNS = LinearSegmentedColormap.from_list("signs", ["#3a87bd", "#ffffff", "#e59a57"])
"""Blue below zero, orange above, white at zero: light enough for black numbers, told apart by the sign in grey."""

Sign = Literal["word", "behind", "under"]
"""A cell says better or worse together by a word under its number, or by an initial behind or under it."""
ROW: Mapping[Sign, float] = {"word": 0.36, "behind": 0.27, "under": 0.3}


@dataclass(frozen=True, slots=True)
class _Grid:
    """How the cells of a panel stand and what they hold, in inches.

    Attributes:
        sign: how a cell says better or worse together.
        numbers: component -> the number that stands for its name; empty where names stand.
        names: room right of the last column.
        columns: most columns beside each other; the others go on below.
        cell: width of a cell.
    """

    sign: Sign
    numbers: Mapping[str, str]
    names: float
    columns: int
    cell: float

    @property
    def row(self) -> float:
        """Height of a cell."""
        return ROW[self.sign]

    @property
    def slot(self) -> float:
        """Width of a panel."""
        return EDGE + self.columns * self.cell + self.names

    def blocks(self, rows: pd.DataFrame) -> list[tuple[range, range]]:
        """The columns of a panel that stand beside each other, and from the first of them on the rows below it."""
        players = 1 + int(rows["second_position"].max())
        starts = range(0, players - 1, self.columns)
        return [(range(i, min(i + self.columns, players - 1)), range(i, players)) for i in starts]

    def height(self, rows: pd.DataFrame) -> float:
        """Height of the cells of a panel."""
        blocks = self.blocks(rows)
        return sum(self.row * len(down) for _, down in blocks) + AFTER * (len(blocks) - 1)


def draw_interaction_heatmap(frame: pd.DataFrame, *, paper: Paper = PLAIN) -> Figure:
    """Read from a name leftwards along its row and downwards along its column; one colour scale for all outcomes.

    A framed cell is clear of zero, all pairs at once, and says whether the two are better or worse together than their
    sum. A hatched cell has no interval; the letter leads to the reason. Beyond six outcomes the table holds the rest.
    Where cells beside names would be too narrow for what they say, numbers stand for the names, and columns go on
    below.

    Args:
        frame: `interaction_heatmap` of `figure_frames`.
        paper: to draw on.
    """
    with paper.in_style():
        panels, notes = first_panels(frame[frame["first"] != ""], MOST_PAIRS, MOST_PANELS)
        reasons = lettered(pd.concat(panels)["reason"])
        notes = [*_reasons(frame, reasons), *notes]
        names = _names(panels)
        grid = _grid(pd.concat(panels), list(names), reasons, paper.width)
        shown = fit_apart(names.values(), lambda name: fit_text(name, paper.width - 0.4, BODY, 2))
        labels = [shown[name] for name in names.values()] if grid.numbers else []
        abreast = max(1, min(len(panels), int(paper.width / grid.slot)))
        titled = [(rows, _title(rows, paper.width / abreast, paper.width)) for rows in panels]
        lines = [titled[i : i + abreast] for i in range(0, len(titled), abreast)]
        head = HEAD + TITLE_LINE * max(title.count("\n") for _, title in titled)
        heights = [max(grid.height(rows) for rows, _ in line) for line in lines]
        key = _key(panels, grid, paper.width)
        top = KEY + KEY_LINE * (len(key) - 1)
        total = top + sum(heights) + len(lines) * (head + AFTER) + numbered_height(labels)
        figure = paper.sheet(total + foot_height(frame, notes, paper.width))
        limits = _limits(panels)
        for line, height in zip(lines, heights, strict=True):
            for i, (rows, title) in enumerate(line):
                left, room = i * paper.width / abreast, paper.width / abreast
                _panel(figure, rows, (left, top + head, room), grid, limits, reasons)
                write(figure, left + EDGE, top + 0.04, title, size=HEADING, bold=True, level="top")
            top += head + height + AFTER
        write_numbered(figure, 0.08, top, labels)
        write_key(figure, key, 0.1)
        foot(figure, frame, notes)
        return figure


def _grid(pairs: pd.DataFrame, components: Sequence[str], reasons: Mapping[str, str], width: float) -> _Grid:
    """Names beside cells and words in them, or in a narrow figure as much of that as pushes no column below."""
    most = int(pairs["second_position"].max())
    if width >= DOUBLE_COLUMN:
        cell = min(WIDEST, (width - EDGE - NAMES) / most)
        return _Grid("word" if text_width("better", WORD) + PAD <= cell else "behind", {}, NAMES, most, cell)
    numbers = {name: str(i) for i, name in enumerate(components, start=1)}
    choices: tuple[tuple[Sign, Mapping[str, str], float], ...] = (
        ("word", {}, NARROW_NAMES), ("word", numbers, NUMBER), ("under", numbers, NUMBER),
    )  # fmt: skip
    grids = []
    for sign, at_cells, beside in choices:
        room = width - EDGE - beside
        blocks = math.ceil(most / int(room / _needed(pairs, sign, reasons)))
        columns = math.ceil(most / blocks)
        grids.append((blocks, _Grid(sign, at_cells, beside, columns, min(WIDEST, room / columns))))
    return min(grids, key=lambda found: found[0])[1]


def _needed(pairs: pd.DataFrame, sign: Sign, reasons: Mapping[str, str]) -> float:
    """Inches that the cells' texts need."""
    widest = 0.0
    for _, pair in pairs.iterrows():
        number, under = _texts(pair, sign, reasons)
        size, bold = _font(pair, sign)
        widest = max(widest, text_width(number, size, bold), text_width(under, WORD))
    return widest + (PAD if sign == "word" else TIGHT_PAD)


def _names(panels: Sequence[pd.DataFrame]) -> dict[str, str]:
    """Component -> its name, as they stand in the first panel that has them."""
    every: dict[str, str] = {}
    for rows in panels:
        for _, (component, label) in sorted(_players(rows).items()):
            every.setdefault(component, label)
    return every


def _players(rows: pd.DataFrame) -> dict[int, tuple[str, str]]:
    """Position -> the component that stands there, and its name."""
    found: dict[int, tuple[str, str]] = {}
    for side in ("second", "first"):
        named = zip(rows[side].astype(str), rows[f"{side}_label"].astype(str), strict=True)
        found |= dict(zip(rows[f"{side}_position"].astype(int), named, strict=True))
    return found


def _reasons(frame: pd.DataFrame, reasons: dict[str, str]) -> list[str]:
    notes = reason_notes(reasons, "interval withheld: ")
    gone = frame[frame["first"] == ""].head(MOST_REASONS)
    return notes + [f"{row['outcome_label']}: withheld; {row['reason']}" for _, row in gone.iterrows()]


def _limits(panels: list[pd.DataFrame]) -> dict[str, float]:
    """The largest interaction of each scale in size: its colours run from minus to plus that."""
    every = pd.concat(panels)
    largest = every["estimate"].abs().groupby(every["scale"]).max()
    return {str(scale): float(size) or 1.0 for scale, size in largest.items()}


def _title(rows: pd.DataFrame, room: float, width: float) -> str:
    lines = 1 if width >= DOUBLE_COLUMN else 2
    return fit_text(str(rows["outcome_label"].iloc[0]), room - 2 * EDGE, HEADING, lines, bold=True)


def _panel(
    figure: Figure,
    rows: pd.DataFrame,
    where: tuple[float, float, float],
    grid: _Grid,
    limits: dict[str, float],
    reasons: Mapping[str, str],
) -> None:
    """One outcome: `where` is left, top and width, in inches."""
    left, top, room = where
    size = limits[str(rows["scale"].iloc[0])]
    beside = min(1.0, grid.names / grid.cell)
    for columns, down in grid.blocks(rows):
        axes = place(figure, left + EDGE, top, grid.cell * (len(columns) + beside), grid.row * len(down))
        bare_axes(axes, keep=())
        axes.set_xlim(columns[0] - 0.5, columns[-1] + 0.5 + beside)
        axes.set_ylim(down[-1] + 0.5, down[0] - 0.5)
        axes.set_xticks([])
        axes.set_yticks([])
        for _, pair in rows[rows["first_position"].isin(columns)].iterrows():
            _cell(axes, pair, Normalize(-size, size)(float(pair["estimate"])), reasons, grid.sign)
        for i, (component, label) in _players(rows).items():
            if i in down:
                x = min(i, columns[-1] + 1)
                inches = min(room - EDGE - (x - columns[0]) * grid.cell - 0.15, 2 * NAMES)
                text = grid.numbers.get(component) or fit_text(label, inches, BODY, 2)
                weight = "bold" if grid.numbers else "normal"
                axes.text(x - 0.5 + 0.06 / grid.cell, i, text, va="center", fontsize=BODY, fontweight=weight)
        top += grid.row * len(down) + AFTER


def _texts(pair: pd.Series, sign: Sign, reasons: Mapping[str, str]) -> tuple[str, str]:
    """What stands in the middle of a cell, and under it."""
    number, word = estimate_text(float(pair["estimate"]), str(pair["scale"])), _word(pair)
    letter = f"({reasons[str(pair['reason'])]})" if pair["reason"] else ""
    if sign == "word":
        return f"{number} {letter}".strip(), word
    marks = f"{letter} {word[:1].upper()}".strip()
    return (number, marks) if sign == "under" else (f"{number} {marks}".strip(), "")


def _word(pair: pd.Series) -> str:
    return WORDS.get(str(pair["word"]), "")


def _font(pair: pd.Series, sign: Sign) -> tuple[float, bool]:
    """Points of a cell's number, and whether it is bold: not in the narrowest cells, where the frame must do."""
    return BODY if sign == "word" else WORD, bool(pair["clear"]) and sign != "under"


def _cell(axes: Axes, pair: pd.Series, level: float, reasons: Mapping[str, str], sign: Sign) -> None:
    x, y = int(pair["first_position"]), int(pair["second_position"])
    reason, clear = str(pair["reason"]), bool(pair["clear"])
    withheld = bool(reason) or math.isnan(float(pair["lower"]))
    box = (x - 0.47, y - 0.46)
    fill = Rectangle(box, 0.94, 0.92, facecolor=SIGNS(float(level)), edgecolor=FAINT, linewidth=0.5, zorder=1)
    parts: list[Artist] = [axes.add_patch(fill)]
    if withheld:
        hatch = Rectangle(box, 0.94, 0.92, fill=False, hatch="////", edgecolor=FAINT, linewidth=0, zorder=2)
        parts.append(axes.add_patch(hatch))
    if clear:
        axes.add_patch(Rectangle(box, 0.94, 0.92, fill=False, edgecolor=INK, linewidth=1.5, zorder=3))
    number, under = _texts(pair, sign, reasons)
    size, bold = _font(pair, sign)
    ink = MUTED if withheld else INK
    backing = {"boxstyle": "square,pad=0.1", "facecolor": "white", "linewidth": 0} if withheld else None
    parts.append(
        axes.text(x, y - (0.17 if under else 0.0), number, ha="center", va="center", fontsize=size, zorder=4,
                  bbox=backing, fontweight="bold" if bold else "normal", color=ink)
    )  # fmt: skip
    if under:
        parts.append(axes.text(x, y + 0.24, under, ha="center", va="center", fontsize=WORD, zorder=4, bbox=backing,
                               color=ink))  # fmt: skip
    said = effect_text(pair) + (f", {pair['word']}" if _word(pair) else "")
    on_hover(f"{pair['first_label']} with {pair['second_label']}: {said}", *parts)


def _key(panels: list[pd.DataFrame], grid: _Grid, width: float) -> list[str]:
    """The lines of the key: parts of one line, broken between them where it is too long for a narrow figure."""
    every = pd.concat(panels)
    parts = [f"together minus apart, {scale_words(str(every['scale'].iloc[0]))}", "blue: below zero", "orange: above"]
    parts.append(f"framed: p, all pairs at once, below {1.0 - float(every['level'].iloc[0]):.2g}")
    if grid.sign != "word":
        parts.append("B better, W worse together")
    if (every["reason"] != "").any():
        parts.append("hatched: no interval")
    if grid.numbers:
        parts.append("bold numbers: components, named below")
    if grid.columns < int(every["second_position"].max()):
        parts.append("more columns stand below the first")
    wide = width >= DOUBLE_COLUMN
    return [fit_text(" \u00b7 ".join(parts), width - 0.2, SMALL)] if wide else key_lines(parts, width - 0.04)
