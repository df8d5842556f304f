"""What a figure is drawn on: a sheet as wide as a column, or a part of a larger figure; in a style over ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import matplotlib
from matplotlib.figure import Figure, SubFigure
from matplotlib.font_manager import FontProperties, findfont

from mixablate.errors import Problem, StudyError, nearest
from mixablate.figures.style import COLUMNS, DOUBLE_COLUMN, FONT, SINGLE_COLUMN, Column, paper_style, size_of

__all__ = ["PLAIN", "TAKEN", "Paper", "Style", "paper_of", "read_style"]

Style = Mapping[str, Any]

FONT_LISTS = ("serif", "sans-serif", "monospace", "cursive", "fantasy")
TAKEN = (
    "font.family",
    *(f"font.{family}" for family in FONT_LISTS),
    "axes.prop_cycle",
    "axes.edgecolor",
    "axes.facecolor",
    "axes.linewidth",
    "figure.facecolor",
    "hatch.linewidth",
    "pdf.fonttype",
    "savefig.dpi",
    "savefig.facecolor",
    "svg.fonttype",
)
"""What a style may set: the rest is measured for the width (sizes of text and figure) or has a meaning (verdicts)."""
ROUNDING = 1e-6  # inches
SHEET = "a matplotlib style sheet"
SHEET_REMEDY = "It has lines like `font.family: serif`; see matplotlib's page on style sheets."


@dataclass(frozen=True, slots=True)
class Paper:
    """What a figure is drawn on.

    Attributes:
        width: in inches, a single column or more.
        style: matplotlib settings over ours, of those in `TAKEN`.
        onto: the part of a larger figure that is drawn in; none for a figure of its own.
    """

    width: float = DOUBLE_COLUMN
    style: Style = field(default_factory=dict)
    onto: SubFigure | None = None

    @contextmanager
    def in_style(self) -> Iterator[None]:
        """Our settings and this style over them; what was set before is set again on leaving.

        Raises:
            StudyError: a setting that cannot be taken, a value that matplotlib refuses, a font that is not there.
        """
        _refuse_untaken(self.style)
        with paper_style():
            settings: dict[Any, Any] = matplotlib.rcParams
            for key, value in self.style.items():
                try:
                    settings[key] = value
                except (ValueError, TypeError) as error:
                    raise _refused(key, f"{value!r}", "a value that matplotlib takes", str(error)) from error
            if any(key.startswith("font.") for key in self.style):
                settings["font.family"] = [_first_there(_fonts(settings)), FONT]
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
        if has < height - ROUNDING:
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


PLAIN = Paper()
"""A sheet as wide as a double column, in our style."""


def paper_of(column: Column = "double", style: Style | None = None, onto: SubFigure | None = None) -> Paper:
    """A sheet as wide as that column; or the part `onto` of a larger figure, as wide as it is.

    Raises:
        StudyError: the part is narrower than a single column.
    """
    width = COLUMNS[column] if onto is None else size_of(onto)[0]
    if width < SINGLE_COLUMN - ROUNDING:
        raise StudyError(
            Problem(
                "FIGURE_WIDTH",
                "onto",
                f"a part {width:.2f} inches wide",
                f"a single column ({SINGLE_COLUMN:g} inches) or more",
                "Make the figure wider, or set its parts under each other.",
            )
        )
    return Paper(width, style or {}, onto)


def read_style(path: Path) -> tuple[dict[str, Any], list[str]]:
    """The settings of a matplotlib style sheet that are taken, and the names of those that are not.

    Raises:
        StudyError: the file cannot be read, or no line of it is a setting.
    """
    try:
        found = matplotlib.rc_params_from_file(path, fail_on_error=True, use_default_template=False)
    except (OSError, ValueError, KeyError) as error:
        raise _refused(str(path), str(error), SHEET, SHEET_REMEDY) from error
    if not found:
        raise _refused(str(path), "no setting that matplotlib knows", SHEET, SHEET_REMEDY)
    return {key: found[key] for key in found if key in TAKEN}, sorted(key for key in found if key not in TAKEN)


def _refuse_untaken(style: Style) -> None:
    problems = [
        Problem("FIGURE_STYLE", "style", f'"{key}"', f"one of {', '.join(TAKEN)}", nearest(key, TAKEN))
        for key in style
        if key not in TAKEN
    ]
    if problems:
        raise StudyError(problems)


def _fonts(settings: Style) -> list[str]:
    """The names of the fonts that are wanted, first choice first; a generic family is a list of them."""
    families = [settings[f"font.{name}"] if name in FONT_LISTS else [name] for name in settings["font.family"]]
    return [str(name) for names in families for name in names]


def _first_there(wanted: list[str]) -> str:
    for name in wanted:
        try:
            findfont(FontProperties(family=[name]), fallback_to_default=False)
        except ValueError:
            continue
        return name
    raise _refused("font.family", ", ".join(wanted), "a font that is installed", "Install it, or name another.")


def _refused(key: str, found: str, required: str, remedy: str) -> StudyError:
    return StudyError(Problem("FIGURE_STYLE", key, found, required, remedy))
