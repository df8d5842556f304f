"""One look for every figure: paper widths, ink, a palette that colour-blind readers can tell apart, and markers.

Colour never carries meaning alone: components also differ by marker, verdicts by marker, fill and word.
The palette is Okabe and Ito's (Color Universal Design, 2008); text sizes hold at the stated widths without scaling.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixablate.claims import Status

__all__ = [
    "BODY",
    "COLUMNS",
    "DOUBLE_COLUMN",
    "FAINT",
    "GRID",
    "HEADING",
    "INK",
    "MUTED",
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
    "new_figure",
    "paper_style",
    "place",
    "root_figure",
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

BODY = 7.5  # points
SMALL = 6.5
HEADING = 8.5

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#3a9bd9")
_MARKERS = ("o", "s", "D", "^", "v", "P", "X", "<", ">", "p")

_RC: dict[Any, Any] = {
    "axes.edgecolor": FAINT,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.6,
    "figure.facecolor": "white",
    "font.family": ["DejaVu Sans"],  # ships with matplotlib: the same outlines on every machine
    "font.size": BODY,
    "legend.frameon": False,
    "path.simplify": False,
    "pdf.fonttype": 42,
    "savefig.facecolor": "white",
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
    """Component id -> its look, the same in every figure of a study.

    Colours repeat after six components and markers after ten; both together repeat after thirty.
    """
    return {name: Look(_COLOURS[i % len(_COLOURS)], _MARKERS[i % len(_MARKERS)]) for i, name in enumerate(components)}


def new_figure(width: float, height: float) -> Figure:
    """An empty white figure of that size in inches (no pyplot, so no global state and no window)."""
    return Figure(figsize=(width, height), dpi=200)


def place(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a position given in inches from the figure's top left corner."""
    full_width, full_height = figure.get_size_inches()
    return figure.add_axes(
        (left / full_width, 1.0 - (top + height) / full_height, width / full_width, height / full_height)
    )


def axes_height(axes: Axes) -> float:
    """Height of placed axes in inches."""
    return float(axes.get_position().height * root_figure(axes).get_figheight())


def axes_width(axes: Axes) -> float:
    """Width of placed axes in inches."""
    return float(axes.get_position().width * root_figure(axes).get_figwidth())


def root_figure(axes: Axes) -> Figure:
    """The figure that `axes` were placed in.

    Raises:
        ValueError: they are in none, and so have no size in inches.
    """
    figure = axes.get_figure(root=True)
    if figure is None:
        raise ValueError("axes without a figure have no size in inches")
    return figure


def bare_axes(axes: Axes, *, keep: Sequence[str] = ("bottom",)) -> None:
    """Remove the box of `axes` except the named sides."""
    for side, spine in axes.spines.items():
        spine.set_visible(side in keep)
    axes.set_axisbelow(True)
