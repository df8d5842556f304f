"""`mixablate report`: the whole analysis as a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mixablate.cli.arguments import analysed, json_option, output_option, study_argument
from mixablate.cli.exits import refuse_unwritable, writing

if TYPE_CHECKING:
    from mixablate.findings import Findings

__all__ = ["report"]


@click.command(epilog="Example: mixablate report study.toml -o report")
@study_argument
@output_option("The folder to write the report to.")
@json_option
def report(study: Path, output: Path, as_json: bool) -> None:
    """Write the report of a study.

    DIR gets report.html (one self-contained page), report.md, the numbers as JSON and CSV, the figures with the data
    behind each, and manifest.json. The exit code is 0 whatever the verdicts are.
    """
    from mixablate.cli.document import SCHEMA, json_text
    from mixablate.cli.terminal import verdict_line

    findings, folder = write(study, output)
    if as_json:
        print(json_text({"schema": SCHEMA, **entry(findings, folder)}))
        return
    for verdict in findings.verdicts:
        print(verdict_line(verdict))
    print(folder / "report.html")


def write(study: Path, output: Path) -> tuple[Findings, Path]:
    """The findings of a study and the folder its report was written to.

    Raises:
        MixablateError: the study or its tables cannot be used.
        CouldNotWriteError: the folder cannot be written to.
    """
    from mixablate.cli.terminal import stages

    refuse_unwritable(output)
    findings = analysed(study)
    with stages("writing the report"):
        from mixablate.report import write_report

        with writing(output):
            return findings, write_report(findings, output)


def entry(findings: Findings, folder: Path) -> dict[str, object]:
    """What the JSON document says of one report: where it is, and each claim's status."""
    return {
        "study": findings.study.title,
        "folder": str(folder),
        "report": str(folder / "report.html"),
        "verdicts": [{"claim": v.claim.id, "status": v.status, "flags": v.flags} for v in findings.verdicts],
    }
