"""The arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixablate.findings import Findings, Judged
    from mixablate.study import Study
    from mixablate.tables import Tables

__all__ = ["analysed", "json_option", "judged_study", "opened", "output_option", "study_argument"]

study_argument = click.argument("study", type=click.Path(path_type=Path))
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout, nothing else.")


def output_option(
    help_text: str, *, default: str = ""
) -> Callable[[Callable[..., int | None]], Callable[..., int | None]]:
    """The option `-o DIR`, required where it has no default."""
    names = ("-o", "--output", "output")
    folder = click.Path(path_type=Path)
    if default:
        return click.option(*names, type=folder, metavar="DIR", help=help_text, default=default, show_default=True)
    return click.option(*names, type=folder, metavar="DIR", help=help_text, required=True)


def opened(path: Path) -> tuple[Study, Tables]:
    """The study at `path` (a file, or a folder that holds study.toml) and its validated tables.

    What it cost to read rollouts goes to stderr.

    Raises:
        StudyError: the declaration cannot be read.
        TableError: a table breaks its contract.
    """
    from mixablate.cli.terminal import say
    from mixablate.study import load_study
    from mixablate.tables import read_tables

    study = load_study(path)
    return study, read_tables(study, progress=say)


def judged_study(path: Path) -> Judged:
    """The verdicts of the study at `path`, its stages named on stderr; a fraction of the time that `analysed` takes.

    Raises:
        MixablateError: the study or its tables cannot be used.
    """
    from mixablate.cli.terminal import stages

    with stages("reading the tables") as begin:
        study, tables = opened(path)
        begin("loading the estimators")
        from mixablate.findings import judged

        begin("claims")
        return judged(study, tables, progress=begin)


def analysed(path: Path) -> Findings:
    """Everything that the study at `path` found, its stages and runs that are counted once named on stderr.

    Raises:
        MixablateError: the study or its tables cannot be used.
    """
    from mixablate.cli.terminal import show_notices, stages
    from mixablate.tables import seed_notices

    with stages("reading the tables") as begin:
        study, tables = opened(path)
        show_notices(seed_notices(tables))
        begin("loading the estimators")
        from mixablate.findings import analyse
        from mixablate.simulate import study_truth

        return analyse(study, tables, truth=study_truth(study), progress=begin)
