"""`mixablate simulate`: tables whose truth is known."""

from __future__ import annotations

from pathlib import Path

import click

from mixablate.cli.arguments import json_option, output_option
from mixablate.cli.exits import refuse_unwritable, writing
from mixablate.errors import counted

__all__ = ["simulate"]


@click.command(epilog="Example: mixablate simulate truth.toml -o simulated --seed 7")
@click.argument("truth", type=click.Path(path_type=Path))
@output_option("The folder to write the tables to.")
@click.option("--seed", type=click.IntRange(min=0), help="Instead of the seed in TRUTH.")
@json_option
def simulate(truth: Path, output: Path, seed: int | None, as_json: bool) -> None:
    """Simulate tables from a declared truth.

    TRUTH is a TOML file that states the components' effects on the logit, the run-to-run SD and the evals. Tables that
    stand in the folder already are never replaced by others.
    """
    from mixablate.cli.document import SCHEMA, json_text
    from mixablate.cli.terminal import stages
    from mixablate.simulate import read_truth
    from mixablate.simulate import simulate as simulated
    from mixablate.tables import write_tables

    refuse_unwritable(output)
    with stages("simulating"):
        declared = read_truth(truth)
        tables = simulated(declared, seed=declared.seed if seed is None else seed)
    with writing(output):
        write_tables(output, runs=tables.runs, outcomes=tables.outcomes, evals=tables.evals, replace=False)
    rows = {"runs": len(tables.runs), "outcomes": len(tables.outcomes), "evals": len(tables.evals)}
    if as_json:
        print(json_text({"schema": SCHEMA, "folder": str(output), "rows": rows}))
        return
    for name, count in rows.items():
        print(f"{output / name}.csv: {counted(count, 'row')}")
