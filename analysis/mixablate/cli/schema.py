"""`mixablate schema`: what a study file may say, for editors and for people."""

from __future__ import annotations

import click

from mixablate.cli.arguments import json_option

__all__ = ["schema"]


@click.command(epilog="Example: mixablate schema > study.schema.json")
@json_option
def schema(as_json: bool) -> None:
    """Print the JSON Schema of study.toml.

    It is one JSON document with and without --json.
    """
    from mixablate.cli.document import json_text
    from mixablate.study import study_schema

    print(json_text(study_schema()))
