"""`mixablate init`: a study file to start from."""

from __future__ import annotations

from pathlib import Path

import click

from mixablate.cli.arguments import json_option
from mixablate.cli.exits import writing

__all__ = ["init"]


@click.command(epilog="Example: mixablate init my-runs/")
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@json_option
def init(folder: Path, as_json: bool) -> None:
    """Write study.toml for the tables in FOLDER (default: here).

    The run, outcome and eval tables are recognised by their columns; run columns of 0 and 1 become components, or
    columns of a few names where there is none of them.
    A study.toml that exists is never overwritten.
    """
    from mixablate.cli.document import SCHEMA, json_text
    from mixablate.cli.terminal import printable
    from mixablate.errors import Problem, StudyError
    from mixablate.tables.scaffold import scaffold, write_scaffold

    target = folder / "study.toml"
    if target.exists():
        remedy = "Edit it, or move it away first: a declaration is never overwritten."
        raise StudyError(Problem("STUDY_EXISTS", str(target), "a study file", "none", remedy))
    proposal = scaffold(folder)
    with writing(target):
        write_scaffold(proposal, target)
    if as_json:
        document = {
            "schema": SCHEMA,
            "study": str(target),
            "runs": proposal.runs,
            "rollouts" if proposal.rollouts else "outcomes": proposal.outcomes,
            "evals": proposal.evals,
            "components": proposal.components,
            "left_out": dict(proposal.others),
        }
        print(json_text(document))
        return
    print(f"{target}: components {printable(', '.join(proposal.components))}")
    print(f"Next: declare your claims in it, then: mixablate validate {target}")
