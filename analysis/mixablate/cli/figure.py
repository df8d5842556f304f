"""`mixablate figure`: one figure of a study as a file for a paper."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mixablate.cli.arguments import analysed, json_option, study_argument
from mixablate.cli.exits import refuse_unwritable, writing
from mixablate.errors import StudyError

if TYPE_CHECKING:
    from mixablate.figures.style import Column

__all__ = ["figure"]

ENDINGS = (".svg", ".pdf", ".png")


@click.command(epilog="Example: mixablate figure forest study.toml -o forest.pdf --outcome blackmail")
@click.argument("name")
@study_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Ends in .svg, .pdf or .png; NAME.svg in this folder where left out. The data go beside it as CSV.",
)
@click.option("--outcome", "outcomes", multiple=True, metavar="ID", help="Draw this outcome only; may be repeated.")
@click.option(
    "--column",
    type=click.Choice(["single", "double"]),
    default="double",
    help="As wide as this column of a journal: 3.35 or 7 inches.",
)
@click.option(
    "--style",
    "style_sheet",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="SHEET",
    help="A matplotlib style sheet, or the name of one; its font, colours of components and dots an inch are taken.",
)
@json_option
def figure(
    name: str,
    study: Path,
    output: Path | None,
    outcomes: tuple[str, ...],
    column: Column,
    style_sheet: Path | None,
    as_json: bool,
) -> None:
    """Draw one figure of a study.

    NAME is a figure of the report: its file there without the ending, such as rates_by_arm, forest or waterfall. Fonts
    are embedded; the width is that of a double column (7 inches) or, with --column single, of a single one (3.35).
    """
    from mixablate.cli.document import SCHEMA, json_text

    path = Path(f"{name}.svg") if output is None else output
    if path.suffix.lower() not in ENDINGS:
        raise click.BadParameter(f'"{path.name}" must end in .svg, .pdf or .png', param_hint="--output")
    refuse_unwritable(path.parent)
    from mixablate.figures import chosen_entry, figure_kind, read_style
    from mixablate.report import write_figure

    figure_kind(name)  # refuses an unknown name before the analysis
    style, untaken = ({}, []) if style_sheet is None else read_style(style_sheet)
    if untaken:
        print(f"not taken from {style_sheet}: {', '.join(untaken)}", file=sys.stderr)
    entry = chosen_entry(analysed(study), name, outcomes)
    if entry.reason:
        raise StudyError(entry.empty())
    with writing(path):
        written = write_figure(entry, path, column, style)
    if as_json:
        files = [str(file) for file in written]
        print(json_text({"schema": SCHEMA, "figure": name, "files": files, "alt": entry.alt}))
        return
    print("\n".join(str(file) for file in written))
