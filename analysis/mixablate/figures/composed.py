"""Several figures as the lettered parts of one."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase

from matplotlib.figure import Figure, SubFigure

from mixablate.errors import Problem, StudyError
from mixablate.figures.catalogue import FigureEntry
from mixablate.figures.paper import Paper, Style
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
    style = style or {}
    letters = iter(ascii_lowercase)
    heights = [LETTER + max(_height(entry, DOUBLE_COLUMN / len(row), style) for entry in row) for row in rows]
    whole = Figure(figsize=(DOUBLE_COLUMN, sum(heights)), dpi=200)
    lines = whole.subfigures(len(rows), 1, height_ratios=heights, squeeze=False).flat
    for row, height, line in zip(rows, heights, lines, strict=True):
        for entry, cell in zip(row, line.subfigures(1, len(row), squeeze=False).flat, strict=True):
            _part(entry, next(letters), cell, height, style)
    return whole


def _height(entry: FigureEntry, width: float, style: Style) -> float:
    """Inches that a figure needs at that width: known once it is drawn."""
    return float(entry.kind.draw(entry.frame, paper=Paper(width, style)).get_figheight())


def _part(entry: FigureEntry, letter: str, cell: SubFigure, height: float, style: Style) -> None:
    above, below = cell.subfigures(2, 1, height_ratios=[LETTER, height - LETTER], squeeze=False).flat
    with Paper(style=style).in_style():
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
    problems += [
        Problem(
            "FIGURE_EMPTY", entry.name, "nothing to draw", "another figure, or the runs that it needs", entry.reason
        )
        for row in rows
        for entry in row
        if entry.reason
    ]
    if not rows:
        problems.append(Problem("FIGURE_ROW", "rows", "no row", "one or more", "Name the figures to draw."))
    if problems:
        raise StudyError(problems)
