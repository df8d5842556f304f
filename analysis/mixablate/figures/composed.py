"""Several figures as the lettered parts of one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from matplotlib.figure import Figure, SubFigure

from mixablate.errors import Problem, StudyError
from mixablate.figures.axis_layout import LETTERS
from mixablate.figures.catalogue import FigureEntry
from mixablate.figures.paper import Paper, Settings, Style, paper_of
from mixablate.figures.style import DOUBLE_COLUMN, HEADING, SINGLE_COLUMN, size_of

__all__ = ["compose"]

LETTER = 0.2  # inches over each part
LEFT = 0.08
MOST = int(DOUBLE_COLUMN / SINGLE_COLUMN)


def compose(rows: Sequence[Sequence[FigureEntry]], *, style: Style | None = None) -> Figure:
    """One figure as wide as a double column: rows of one or two parts, each as high as its content, with a letter.

    Args:
        rows: of entries, such as `chosen_entry(findings, "forest", ["blackmail"])`; two beside each other are drawn as
            for a single column.
        style: matplotlib settings over ours, as in `plot`.

    Raises:
        StudyError: a row of no part or more than two, an entry with nothing to draw, a style that cannot be taken.
    """
    _refuse_unfit(rows)
    style = paper_of(style=style).style
    letters = (LETTERS[i] if i < len(LETTERS) else str(i + 1) for i in count())
    needed = [[_height(entry, DOUBLE_COLUMN / len(row), style) for entry in row] for row in rows]
    heights = [LETTER + max(row) for row in needed]
    with Paper(style=style).in_style():
        whole = Paper(style=style).sheet(sum(heights))
        lines = whole.subfigures(len(rows), 1, height_ratios=heights, squeeze=False).flat
        for row, own, height, line in zip(rows, needed, heights, lines, strict=True):
            cells = line.subfigures(1, len(row), squeeze=False).flat
            for entry, high, cell in zip(row, own, cells, strict=True):
                _part(entry, next(letters), cell, (LETTER, high, height - LETTER - high), style)
    return whole


def _height(entry: FigureEntry, width: float, style: Settings) -> float:
    """Inches that a figure needs at that width: known once it is drawn."""
    return float(entry.kind.draw(entry.frame, paper=Paper(width, style)).get_figheight())


def _part(
    entry: FigureEntry, letter: str, cell: SubFigure, heights: tuple[float, float, float], style: Settings
) -> None:
    """The letter, the figure under it, and what a higher neighbour leaves empty."""
    above, below, _ = cell.subfigures(3, 1, height_ratios=heights, squeeze=False).flat
    above.text(LEFT / size_of(above)[0], 0.5, letter, fontsize=HEADING, fontweight="bold", va="center")
    entry.draw(style=style, onto=below)


def _refuse_unfit(rows: Sequence[Sequence[FigureEntry]]) -> None:
    problems = [
        Problem(
            "FIGURE_ROW",
            f"row {number}",
            f"{len(row)} figures",
            f"one to {MOST} figures in a row",
            f"A row is {DOUBLE_COLUMN:g} inches wide; set the others under each other.",
        )
        for number, row in enumerate(rows, start=1)
        if not 1 <= len(row) <= MOST
    ]
    problems += [entry.empty() for row in rows for entry in row if entry.reason]
    if not rows:
        problems.append(Problem("FIGURE_ROW", "rows", "no row", "one or more", "Name the figures to draw."))
    if problems:
        raise StudyError(problems)
