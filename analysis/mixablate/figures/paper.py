"""What a figure is drawn on: a sheet as wide as a column, or a part of a larger figure; in a style over ours."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import matplotlib
from cycler import cycler
from matplotlib.figure import Figure, SubFigure
from matplotlib.font_manager import FontProperties, findfont, font_family_aliases
from matplotlib.style import library as known_styles
from matplotlib.text import Text

from mixablate.errors import Problem, StudyError, nearest
from mixablate.figures.style import BODY, COLUMNS, DOUBLE_COLUMN, FONT, SINGLE_COLUMN, Column, paper_style, size_of
from mixablate.figures.text_layout import text_width

__all__ = ["PLAIN", "TAKEN", "Paper", "Settings", "Style", "paper_of", "read_style"]

Settings = Mapping[str, Any]
Style = Settings | Path | str
"""Matplotlib settings, a style sheet, or the name of one."""

FONT_LISTS = ("serif", "sans-serif", "monospace", "cursive", "fantasy")
TAKEN = (
    "font.family",
    *(f"font.{family}" for family in FONT_LISTS),
    "axes.prop_cycle",
    "axes.edgecolor",
    "axes.linewidth",
    "figure.facecolor",
    "hatch.linewidth",
    "pdf.fonttype",
    "savefig.dpi",
    "svg.fonttype",
)
"""What a style may set: the rest is measured for the width (sizes of text and figure) or has a meaning (verdicts)."""
DIGITS = 6  # of an inch: parts of a figure are as wide as they are called but for the last bits
WIDEST = 1.05  # of the width of our font, for which columns of numbers are laid out
SAMPLE = "Unused tool definitions, 34 of 300 (12.2 to 4.5)"
SHEET = "a matplotlib style sheet"
SHEET_REMEDY = "It has lines like `font.family: serif`; see matplotlib's page on style sheets."
_ONE_AT_A_TIME = threading.RLock()  # matplotlib's settings are those of the process


@dataclass(frozen=True, slots=True)
class Paper:
    """What a figure is drawn on.

    Attributes:
        width: in inches, a single column or more.
        style: matplotlib settings over ours, of those in `TAKEN`.
        onto: the part of a larger figure that is drawn in; none for a figure of its own.
    """

    width: float = DOUBLE_COLUMN
    style: Settings = field(default_factory=dict)
    onto: SubFigure | None = None

    @contextmanager
    def in_style(self) -> Iterator[None]:
        """Our settings and this style over them; what was set before is set again on leaving. Other threads wait.

        Raises:
            StudyError: a setting that cannot be taken, a value that cannot be drawn with, a font that is not there or
                wider than ours.
        """
        _refuse_untaken(self.style)
        with _ONE_AT_A_TIME, paper_style():
            settings: dict[Any, Any] = matplotlib.rcParams
            for key, value in self.style.items():
                try:
                    settings[key] = value
                except (ValueError, TypeError) as error:
                    raise _refused(key, f"{value!r}", "a value that matplotlib takes", str(error)) from error
            _keep_colours(settings)
            _refuse_dpi(settings["savefig.dpi"])
            _set_font(settings, self.style)
            yield

    def sheet(self, height: float) -> Figure:
        """Where to draw: an empty figure of that height in inches (no pyplot, so no window), or the part, if as high.

        A part is typed as the figure that it is a part of: drawing asks of it only what both have.

        Raises:
            StudyError: the part is not as high.
        """
        if self.onto is None:
            return Figure(figsize=(self.width, height), dpi=200)
        has = size_of(self.onto)[1]
        if round(has, DIGITS) < round(height, DIGITS):
            raise StudyError(
                Problem(
                    "FIGURE_HEIGHT",
                    "onto",
                    f"a part {has:.2f} inches high",
                    f"at least {height:.2f} inches at a width of {self.width:.2f}",
                    "Make the figure higher, give the part a larger share of it, or draw fewer outcomes.",
                )
            )
        return cast(Figure, self.onto)

    def set_lines(self, figure: Figure | SubFigure) -> None:
        """Set the lines of texts that were drawn in this style as far apart as in our font, for which there is room."""
        if any(key.startswith("font.") for key in self.style):
            with PLAIN.in_style():
                wanted = _line_pitch(None)
            with self.in_style():
                spacing = wanted / _line_pitch(1.0)
            for text in figure.findobj(Text):
                text.set_linespacing(spacing)


PLAIN = Paper()
"""A sheet as wide as a double column, in our style."""


def paper_of(column: Column = "double", style: Style | None = None, onto: object = None) -> Paper:
    """A sheet as wide as that column; or the part `onto` of a larger figure, as wide as it is.

    `style` holds matplotlib settings, or names a style sheet, of which is taken what `TAKEN` names.

    Raises:
        StudyError: no such column, a style sheet that is none, or `onto` is no part of a figure, one that lays itself
            out, or narrower than a single column.
    """
    if column not in COLUMNS:
        raise StudyError(Problem("FIGURE_WIDTH", "column", repr(column), "a column", nearest(str(column), COLUMNS)))
    taken = read_style(Path(style))[0] if isinstance(style, (str, Path)) else style or {}
    return Paper(COLUMNS[column], taken) if onto is None else Paper(_width_of(onto), taken, cast(SubFigure, onto))


def _width_of(part: object) -> float:
    if not isinstance(part, SubFigure):
        raise StudyError(
            Problem(
                "FIGURE_PART",
                "onto",
                f"a {type(part).__name__}",
                "a part of a figure: most figures have several axes",
                "Make one with `left, right = matplotlib.figure.Figure(figsize=(7, 9)).subfigures(1, 2)`.",
            )
        )
    if part.get_layout_engine() is not None:
        raise StudyError(
            Problem(
                "FIGURE_PART",
                "onto",
                "a part of a figure that lays itself out",
                "a figure whose parts stay as large as they are",
                'Leave out layout="constrained" or "tight".',
            )
        )
    width = round(size_of(part)[0], DIGITS)
    if width < SINGLE_COLUMN:
        raise StudyError(
            Problem(
                "FIGURE_WIDTH",
                "onto",
                f"a part {width:.2f} inches wide",
                f"a single column ({SINGLE_COLUMN:g} inches) or more",
                "Make the figure wider, or set its parts under each other.",
            )
        )
    return width


def read_style(path: Path) -> tuple[dict[str, Any], list[str]]:
    """The settings of a matplotlib style sheet that are taken, and the names of those that are not.

    `path` is a file, or the name of a style that matplotlib knows.

    Raises:
        StudyError: the file cannot be read, no line of it is a setting, or what is taken cannot be drawn with.
    """
    source = known_styles.get(str(path)) if not path.exists() else None
    try:
        found = source or matplotlib.rc_params_from_file(path, fail_on_error=True, use_default_template=False)
    except (OSError, ValueError, KeyError) as error:
        raise _refused(str(path), str(error), SHEET, SHEET_REMEDY) from error
    if not found:
        raise _refused(str(path), "no setting that matplotlib knows", SHEET, SHEET_REMEDY)
    taken: dict[str, Any] = {key: found[key] for key in found if key in TAKEN}
    with Paper(style=taken).in_style():  # refuses now what drawing would refuse
        return taken, sorted(key for key in found if key not in TAKEN)


def _refuse_untaken(style: Settings) -> None:
    problems = [
        Problem("FIGURE_STYLE", "style", f'"{key}"', f"one of {', '.join(TAKEN)}", nearest(str(key), TAKEN))
        for key in style
        if key not in TAKEN
    ]
    if problems:
        raise StudyError(problems)


def _keep_colours(settings: dict[Any, Any]) -> None:
    """Of a cycle only the colours: dashes, markers and shades have a meaning here."""
    colours = settings["axes.prop_cycle"].by_key().get("color", [])
    if not colours:
        raise _refused("axes.prop_cycle", "no colour", "one or more", 'As in `cycler(color=["#264653", "#e76f51"])`.')
    settings["axes.prop_cycle"] = cycler(color=colours)


def _refuse_dpi(dpi: float | str) -> None:
    if not (dpi == "figure" or 0 < float(dpi) < float("inf")):
        raise _refused("savefig.dpi", f"{dpi}", "dots an inch, more than 0", "Journals ask for 300 to 600.")


def _set_font(settings: dict[Any, Any], style: Settings) -> None:
    """The first font of the style that is there, then ours for signs that it lacks."""
    lists = [key for key in style if key.removeprefix("font.") in FONT_LISTS]
    if "font.family" not in style and not lists:
        return
    if "font.family" not in style:  # matplotlib's own family is sans-serif
        settings["font.family"] = ["sans-serif" if "font.sans-serif" in lists else lists[0].removeprefix("font.")]
    ours = _width_in(settings, FONT)
    name = _first_there(_fonts(settings))
    settings["text.hinting"] = "none"  # as wide as measured
    wider = _width_in(settings, name) / ours
    if wider > WIDEST:
        raise _refused(
            "font.family",
            f"{name}, {wider - 1:.0%} wider than {FONT}",
            f"a font that is at most {WIDEST - 1:.0%} wider: columns of numbers would run into each other",
            "Most fonts are narrower; those of equal letters are not.",
        )
    settings["font.family"] = [name, FONT]


def _width_in(settings: dict[Any, Any], font: str) -> float:
    """Width of a sample in that font, set meanwhile."""
    before = settings["font.family"]
    settings["font.family"] = [font]
    width = text_width(SAMPLE, BODY)
    settings["font.family"] = before
    return width


def _fonts(settings: Settings) -> list[str]:
    """The names of the fonts that are wanted, first choice first; a generic family is a list of them."""
    return [str(name) for family in settings["font.family"] for name in _of_family(settings, str(family))]


def _of_family(settings: Settings, family: str) -> list[str]:
    alias = family.lower()
    if alias not in font_family_aliases:
        return [family]
    return list(settings["font.sans-serif" if alias.startswith("sans") else f"font.{alias}"])


def _first_there(wanted: list[str]) -> str:
    for name in wanted:
        try:
            findfont(FontProperties(family=[name]), fallback_to_default=False)
        except ValueError:
            continue
        return name
    raise _refused("font.family", ", ".join(wanted), "a font that is installed", "Install it, or name another.")


def _line_pitch(spacing: float | None) -> float:
    """Pixels from one line to the next in the font that is set, at that spacing or at matplotlib's own."""
    figure = Figure(figsize=(1.0, 1.0), dpi=200)
    two, three = (figure.text(0.0, 0.0, text, fontsize=BODY, linespacing=spacing) for text in ("lp\nlp", "lp\nlp\nlp"))
    return float(three.get_window_extent().height - two.get_window_extent().height)


def _refused(key: str, found: str, required: str, remedy: str) -> StudyError:
    return StudyError(Problem("FIGURE_STYLE", key, found, required, remedy))
