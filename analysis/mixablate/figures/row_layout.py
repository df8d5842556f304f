"""Figures of rows: label, plot, numbers and a last column side by side; numbers under labels where it is narrow."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mixablate.figures.axis_layout import BETWEEN, KEY_LINE, beside, key_lines, write, write_key
from mixablate.figures.style import BODY, DOUBLE_COLUMN, FAINT, HEADING, INK, MUTED, SMALL, axes_height, size_of
from mixablate.figures.text_layout import drawable, fit_text, text_width

__all__ = [
    "Heads",
    "RowLayout",
    "axis_words",
    "column_heads",
    "heading_band",
    "heads_height",
    "label_down",
    "panel_title",
    "row_layout",
    "rule",
    "title_room",
    "under_label",
    "write_aside",
    "write_label",
    "write_numbers",
    "write_title",
]

LINE = 0.125  # inches
TITLE_LINE = 0.14
APART = 0.11  # rows
EDGE = 0.08
INDENT = 0.14
GAP = 0.12
LABEL_GAP = 0.16
LEAST_LABEL = 1.35
LEAST_PLOT = 1.05
LABEL_LINES = 2
SHADE = "#f3f5f7"


@dataclass(frozen=True, slots=True)
class RowLayout:
    """Where the columns of a figure of rows stand, in inches from its left edge.

    Attributes:
        width: of the figure.
        label_left: where labels begin.
        plot_left: where the plot begins.
        plot: width of the plot.
        number_right: where estimates end and intervals begin, if they stand beside the plot.
        last_right: where the last column ends.
        row: height of a row.
        lines: most lines of a label with its numbers under it; 0 where numbers stand beside the plot.
    """

    width: float
    label_left: float
    plot_left: float
    plot: float
    number_right: float
    last_right: float
    row: float
    lines: int = 0

    @property
    def stacked(self) -> bool:
        """Whether numbers stand under their label."""
        return self.lines > 0


@dataclass(frozen=True, slots=True)
class Heads:
    """What a figure of rows says at its top: what marks mean, `between` them, what numbers are, the last column."""

    marks: tuple[str, ...]
    numbers: str
    last: str = ""
    between: str = BETWEEN


def row_layout(
    wide: RowLayout,
    width: float,
    labels: Iterable[str],
    numbers: Iterable[str],
    lasts: Iterable[str] = (),
    *,
    bold: Collection[str] = (),
    signs: float = 0.0,
    deeper: float = 0.0,
) -> RowLayout:
    """`wide` from a double column on; else numbers under labels, with as much plot as numbers and last column leave.

    Labels give way to the plot, the plot to numbers: those are never cut and never stand in the plot.
    `bold` are the labels written so, `signs` the inches that signs behind a label need, `deeper` those by which labels
    and the numbers under them are set in at most.
    """
    if width >= DOUBLE_COLUMN:
        return wide
    last = width - EDGE
    widest = max((text_width(text, BODY) for text in lasts if text), default=0.0)
    plot_right = last - (widest + GAP if widest else 0.5 * GAP)
    indent = min(wide.label_left, INDENT)
    number = indent + deeper + max(text_width(text, SMALL) for text in numbers)
    labels = list(labels)
    aside = indent + deeper + LABEL_GAP + signs
    whole = min(aside + max(text_width(drawable(label), BODY) for label in labels), plot_right / 2)
    left = max(number + GAP, min(max(LEAST_LABEL + GAP, whole), plot_right - LEAST_PLOT))
    fitted = [fit_text(label, left - aside, BODY, LABEL_LINES, bold=label in bold) for label in labels]
    lines = 1 + max(label.count("\n") for label in fitted)
    return RowLayout(width, indent, left, plot_right - left, left, last, LINE * (lines + 1) + APART, lines)


def heading_band(axes: Axes, layout: RowLayout, y: float) -> None:
    """Shade the row of a heading; from edge to edge, and over the line at zero, where the heading crosses the plot."""
    if layout.stacked:
        ends = ((EDGE / 2 - layout.plot_left) / layout.plot, (layout.width - EDGE / 2 - layout.plot_left) / layout.plot)
        axes.axhspan(y - 0.5, y + 0.5, *ends, color=SHADE, linewidth=0, zorder=2.5, clip_on=False)
    else:
        axes.axhspan(y - 0.5, y + 0.5, color=SHADE, linewidth=0, zorder=0)


def write_label(
    axes: Axes,
    layout: RowLayout,
    y: float,
    label: str,
    *,
    heading: bool = False,
    bold: bool = False,
    deeper: float = 0.0,
) -> None:
    """Write a label that fits, over the line of its numbers where they stand under it; headings are out a little."""
    outdent = EDGE if layout.stacked else 0.1
    left = outdent if heading else layout.label_left + deeper
    beside(axes, left, y, label, bold=bold or heading, down=label_down(layout))


def label_down(layout: RowLayout) -> float:
    """Inches from the middle of a row down to the middle of its label."""
    return -LINE / 2 if layout.stacked else 0.0


def write_aside(axes: Axes, layout: RowLayout, y: float, label: str, text: str, left: float) -> None:
    """Write muted words `left` inches from the figure's edge, or under the heading `label` as it is written there."""
    if layout.stacked:
        beside(axes, EDGE, y, text, colour=MUTED, down=under_label(label), size=SMALL)
    else:
        beside(axes, left, y, text, colour=MUTED)


def under_label(label: str) -> float:
    """Inches from the middle of a row to the line under a label of so many lines."""
    return LINE / 2 * (label.count("\n") + 1)


def write_numbers(
    axes: Axes,
    layout: RowLayout,
    y: float,
    label: str,
    numbers: tuple[str, str],
    *,
    colours: tuple[str, str] = (INK, INK),
    bold: bool = False,
    deeper: float = 0.0,
) -> None:
    """Write estimate and interval beside the plot, or, never bold, under `label` as it is written there."""
    if layout.stacked:
        text = " ".join(part for part in numbers if part)
        left = layout.label_left + deeper
        beside(axes, left, y, text, colour=colours[1], down=under_label(label), size=SMALL)
        return
    beside(axes, layout.number_right, y, numbers[0], colour=colours[0], align="right", bold=bold)
    beside(axes, layout.number_right + 0.08, y, numbers[1], colour=colours[1])


def axis_words(axes: Axes, layout: RowLayout, text: str, pad: float = 3) -> None:
    """Name the horizontal axis, ending with the plot where the words are wider than it."""
    room = layout.plot_left + layout.plot - EDGE
    axes.set_xlabel(
        fit_text(text, room, SMALL) if layout.stacked else text,
        fontsize=SMALL,
        labelpad=pad,
        loc="right" if layout.stacked else "center",
    )


def heads_height(layout: RowLayout, heads: Heads, height: float) -> float:
    """Inches that `column_heads` need: `height` in one line, more where a narrow figure breaks them."""
    return height + KEY_LINE * (len(_head_lines(layout, heads)) - 1) if layout.stacked else height


def column_heads(figure: Figure, layout: RowLayout, heads: Heads, over_numbers: float) -> None:
    """Write what marks mean and what the columns hold: over them, or line by line where they are too narrow.

    Words on marks that would run into the head of the numbers begin left of the plot; that head begins `over_numbers`
    inches left of where estimates end.
    """
    if layout.stacked:
        write_key(figure, _head_lines(layout, heads))
        return
    marks, numbers_left = heads.between.join(heads.marks), layout.number_right - over_numbers
    left = min(layout.plot_left, numbers_left - 2 * GAP - text_width(marks, SMALL))
    write(figure, left, 0.1, marks, colour=MUTED, level="top")
    write(figure, numbers_left, 0.1, heads.numbers, colour=MUTED, level="top")
    write(figure, layout.last_right, 0.1, heads.last, colour=MUTED, align="right", level="top")


def _head_lines(layout: RowLayout, heads: Heads) -> list[str]:
    last = [f"right: {heads.last}"] if heads.last else []
    return key_lines([*heads.marks, f"under labels: {heads.numbers}", *last], layout.width)


def panel_title(layout: RowLayout, text: str) -> str:
    """The title of a panel as it fits: in one line, or two where the figure is narrow."""
    return fit_text(text, layout.width - 0.3, HEADING, 2 if layout.stacked else 1, bold=True)


def title_room(titles: Iterable[str]) -> float:
    """Inches that the longest of the titles needs for its lines but the first."""
    return TITLE_LINE * max(title.count("\n") for title in titles)


def write_title(axes: Axes, layout: RowLayout, title: str) -> None:
    """Write the title of a panel over its axes, from the left edge of the figure on."""
    axes.text(
        (0.1 - layout.plot_left) / layout.plot,
        1 + (0.1 + TITLE_LINE * title.count("\n")) / axes_height(axes),
        title,
        transform=axes.transAxes,
        fontsize=HEADING,
        fontweight="bold",
    )


def rule(figure: Figure, down: float) -> None:
    """A faint line across the figure so many inches from its top."""
    width, height = size_of(figure)
    line = 1 - down / height
    figure.add_artist(Line2D([EDGE / width, 1 - EDGE / width], [line, line], color=FAINT, linewidth=0.6))
