"""`mixablate design`: what was run, and which effects these runs can estimate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mixablate.cli.arguments import json_option, opened, study_argument

if TYPE_CHECKING:
    from mixablate.design import Arm, Design, Estimability

__all__ = ["describe_design"]


@click.command("design", epilog="Example: mixablate design study.toml")
@study_argument
@json_option
def describe_design(study: Path, as_json: bool) -> None:
    """Show the arms and which effects are estimable.

    Where a component's effect is not, the reason stands beside it, and the arm to run that would change it.
    """
    from mixablate.cli.document import SCHEMA, json_text
    from mixablate.cli.terminal import stages
    from mixablate.design import alias_sentences, design_of, estimability

    with stages("reading the tables"):
        declared, tables = opened(study)
        design = design_of(declared, tables)
        answers = estimability(declared, design)
        aliases = alias_sentences(design)
    if as_json:
        document = {
            "schema": SCHEMA,
            "study": declared.title,
            "arms": [arm_entry(arm) for arm in design.arms],
            "components": answers,
            "aliases": aliases,
        }
        print(json_text(document))
    else:
        show_arms(design)
        show_estimability(answers, aliases)


def arm_entry(arm: Arm) -> dict[str, object]:
    """One arm for the JSON document."""
    return {
        "arm_id": arm.arm_id,
        "label": arm.label,
        "levels": dict(arm.levels),
        "block": arm.block,
        "runs": arm.run_ids,
    }


def show_arms(design: Design) -> None:
    """Arms in rows, components in columns; where they do not fit the terminal, each arm's levels in words."""
    from mixablate.cli.terminal import screen, show_table
    from mixablate.design.arms import level_text

    ids = [component.id for component in design.components]
    headings = [*ids, *design.block, "runs"]
    rows = [[*(level_text(arm.level(name)) for name in ids), *arm.block, str(len(arm.run_ids))] for arm in design.arms]
    widths = [max(len(cell) for cell in column) + 2 for column in zip(headings, *rows, strict=True)]
    if sum(widths) <= screen().width:
        show_table(headings, rows, right=[len(headings) - 1])
    else:
        show_table(("arm", "runs"), [(arm.label, str(len(arm.run_ids))) for arm in design.arms], right=[1])


def show_estimability(answers: tuple[Estimability, ...], aliases: tuple[str, ...]) -> None:
    """One row per component, then what cannot be told apart."""
    from mixablate.cli.terminal import screen, show_beside, show_table

    rows = [(a.label, "yes" if a.estimable else "no", f"{a.n_treated} v {a.n_reference}", because(a)) for a in answers]
    if rows:
        show_table(("component", "estimable", "runs", "why not, or what was left out"), rows)
    else:
        print("No component has both a baseline and a target: each claim names the levels it compares.")
    for sentence in aliases:
        show_beside("", [sentence], screen(), width=0)


def because(answer: Estimability) -> str:
    """Why a component cannot be estimated and what would mend it, or which strata were left out."""
    if not answer.estimable:
        return f"{answer.reason}. Needed: {answer.needed}." if answer.needed else f"{answer.reason}."
    if answer.strata_left_out:
        return "left out, one side only: " + "; ".join(answer.strata_left_out)
    return ""
