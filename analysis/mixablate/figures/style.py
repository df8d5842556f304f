"""One look for every figure: paper widths, ink, a palette that colour-blind readers can tell apart, and markers.

Colour never carries meaning alone: components also differ by marker, verdicts by marker, fill and word.
The palette is Okabe and Ito's (Color Universal Design, 2008); text sizes hold at the stated widths without scaling.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from mixablate.claims import Status

__all__ = [
    "BODY",
    "COLUMNS",
    "DOUBLE_COLUMN",
    "FAINT",
    "FONT",
    "GRID",
    "HEADING",
    "INK",
    "MUTED",
    "REGION",
    "RUN_DOT",
    "SINGLE_COLUMN",
    "SMALL",
    "STATUS_LOOKS",
    "Column",
    "Look",
    "axes_height",
    "axes_width",
    "bare_axes",
    "component_looks",
    "figure_of",
    "paper_style",
    "place",
    "size_of",
]

Column = Literal["single", "double"]

SINGLE_COLUMN = 3.35  # inches
DOUBLE_COLUMN = 7.0
COLUMNS: dict[Column, float] = {"single": SINGLE_COLUMN, "double": DOUBLE_COLUMN}

INK = "#1c2127"
MUTED = "#57606a"
FAINT = "#a9b1ba"
GRID = "#e8ebee"
RUN_DOT = "#0072b2"
REGION = "#d5e3ee"  # what a claim says

BODY = 7.5  # points
SMALL = 6.5
HEADING = 8.5

FONT = "DejaVu Sans"  # ships with matplotlib: the same outlines on every machine

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#3a9bd9")
_MARKERS = ("o", "s", "D", "^", "v", "P", "X", "<", ">", "p")

_RC: dict[Any, Any] = {
    "axes.prop_cycle": cycler(color=_COLOURS),
    "axes.edgecolor": FAINT,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.6,
    "figure.facecolor": "white",
    "font.family": [FONT],
    "font.size": BODY,
    "legend.frameon": False,
    "path.simplify": False,
    "pdf.fonttype": 42,
    "savefig.dpi": 200,  # readable at twice the paper width, under 200 kB a figure
    "svg.fonttype": "path",  # drawn as outlines: no font is needed to read the file
    "svg.hashsalt": "mixablate",  # element ids follow from the content: the same bytes every time
    "svg.id": None,
    "text.color": INK,
    "text.parse_math": False,  # a "$" in a name is a "$"
    "text.usetex": False,
    "xtick.color": FAINT,
    "xtick.labelcolor": MUTED,
    "xtick.labelsize": SMALL,
    "xtick.major.size": 0,
    "ytick.color": FAINT,
    "ytick.labelcolor": INK,
    "ytick.major.size": 0,
}


@dataclass(frozen=True, slots=True)
class Look:
    """How one thing is told from others: a colour, a marker, whether it is filled, and a word.

    `symbol` is the same sign in running text and tables.
    """

    colour: str
    marker: str
    filled: bool = True
    word: str = ""
    symbol: str = ""


STATUS_LOOKS: dict[Status, Look] = {
    Status.SUPPORTED: Look("#00795a", "o", True, "supported", "\u2713"),
    Status.EQUIVALENT: Look("#0072b2", "D", True, "equivalent", "\u2248"),
    Status.UNDECIDED: Look("#8a5a00", "o", False, "undecided", "?"),
    Status.CONTRADICTED: Look("#c0392b", "X", True, "contradicted", "\u2717"),
    Status.UNTESTABLE: Look("#57606a", "s", False, "untestable", "\u2205"),
}
"""In the order of the ladder."""


@contextmanager
def paper_style() -> Iterator[None]:
    """The rcParams of every figure, whatever the user's matplotlibrc says; restored on leaving."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        for key, value in _RC.items():
            matplotlib.rcParams[key] = value
        yield


def component_looks(components: Sequence[str]) -> dict[str, Look]:
    """Component id -> its look, the same in every figure of a study drawn in one style.

    Colours repeat after six components (or as many as the style has) and markers after ten; both together only after
    sixty: where colours and markers would meet again, markers move on by one.
    """
    colours = matplotlib.rcParams["axes.prop_cycle"].by_key().get("color", _COLOURS)
    meet = math.lcm(len(colours), len(_MARKERS))
    return {
        name: Look(colours[i % len(colours)], _MARKERS[(i + i // meet) % len(_MARKERS)])
        for i, name in enumerate(components)
    }


def place(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a position given in inches from the figure's top left corner."""
    full_width, full_height = size_of(figure)
    return figure.add_axes(
        (left / full_width, 1.0 - (top + height) / full_height, width / full_width, height / full_height)
    )


def size_of(figure: Figure | SubFigure) -> tuple[float, float]:
    """Width and height in inches of a figure, or of a part of one."""
    if isinstance(figure, Figure):
        width, height = figure.get_size_inches()
        return float(width), float(height)
    return figure.bbox.width / figure.dpi, figure.bbox.height / figure.dpi


def axes_height(axes: Axes) -> float:
    """Height of placed axes in inches."""
    return float(axes.get_position().height * size_of(figure_of(axes))[1])


def axes_width(axes: Axes) -> float:
    """Width of placed axes in inches."""
    return float(axes.get_position().width * size_of(figure_of(axes))[0])


def figure_of(axes: Axes) -> Figure | SubFigure:
    """The figure that `axes` were placed in, or the part of one.

    Raises:
        ValueError: they are in none, and so have no size in inches.
    """
    figure = axes.get_figure(root=False)
    if figure is None:
        raise ValueError("axes without a figure have no size in inches")
    return figure


def bare_axes(axes: Axes, *, keep: Sequence[str] = ("bottom",)) -> None:
    """Remove the box of `axes` except the named sides."""
    for side, spine in axes.spines.items():
        spine.set_visible(side in keep)
    axes.set_axisbelow(True)
