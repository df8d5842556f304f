"""`mixablate demo`: the shipped studies, reported without any argument."""

from __future__ import annotations

from pathlib import Path

import click

from mixablate.cli.arguments import json_option, output_option
from mixablate.cli.render import entry, write
from mixablate.cli.shipped import shipped

__all__ = ["demo", "shipped_study"]

STUDIES = ("harmlessness_diversification", "qwen_difficult_advice")


@click.command(epilog="Example: mixablate demo")
@output_option("The folder to write the reports to.", default="mixablate-demo")
@json_option
def demo(output: Path, as_json: bool) -> None:
    """Report a simulated study and a real one.

    harmlessness_diversification is simulated: a full factorial of three augmentations, five runs an arm.
    qwen_difficult_advice holds published counts: one training run an arm, and what that can and cannot support.
    """
    from mixablate.cli.document import SCHEMA, json_text
    from mixablate.cli.terminal import title_of, verdict_line

    written = [write(shipped_study(name), output / name) for name in STUDIES]
    if as_json:
        print(json_text({"schema": SCHEMA, "reports": [entry(findings, folder) for findings, folder in written]}))
        return
    for findings, folder in written:
        print(title_of(findings.study))
        for verdict in findings.verdicts:
            print(f"  {verdict_line(verdict)}")
        print(f"  {folder / 'report.html'}\n")


def shipped_study(name: str) -> Path:
    """The study file of a shipped study."""
    return shipped("reports", name, "study.toml")
