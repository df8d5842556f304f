"""`mixablate validate`: is the study file, with its tables, something that can be analysed?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mixablate.cli.arguments import json_option, opened, study_argument
from mixablate.errors import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixablate.claims.case import Case
    from mixablate.design import Design
    from mixablate.errors import Problem
    from mixablate.study import Study
    from mixablate.tables import Tables

__all__ = ["validate"]


@click.command(epilog="Example: mixablate validate study.toml")
@study_argument
@json_option
def validate(study: Path, as_json: bool) -> None:
    """Check a study file and its tables.

    Every problem is reported at once (exit code 2); without one, what was read is summed up, and what each claim says.
    """
    from mixablate.claims import cases_of_claims, compared_with_lock
    from mixablate.claims.directions import claims_that_rise
    from mixablate.cli.document import json_text
    from mixablate.cli.lock import show_comparison
    from mixablate.cli.terminal import stages
    from mixablate.design import design_of
    from mixablate.design.pairs import without_complete_pairs

    with stages("reading the tables"):
        declared, tables = opened(study)
        design = design_of(declared, tables)
        claimed = cases_of_claims(declared.claims, tables, design) if len(tables.runs) else {}
        lock = compared_with_lock(declared, tables, design)
        contrasts = [case.contrast for own in claimed.values() for case in own]
        notices = (
            *claims_that_rise(claimed, design),
            *without_complete_pairs(design, contrasts),
            *tables.notices,
        )
    if as_json:
        regions = [{"claim": name, "region": region, "on": on} for name, region, on in claim_rows(claimed)]
        print(json_text(summary(declared, tables, design, notices) | {"claim_regions": regions, "lock": lock}))
    else:
        show_summary(declared, tables, design, notices)
        show_claims(claimed)
        show_comparison(lock)
        print("No error: the study can be analysed.")


def claim_rows(claimed: Mapping[str, tuple[Case, ...]]) -> list[tuple[str, str, str]]:
    """Claim, its region in words, and the outcomes that it is about."""
    from mixablate.claims.case import region_words

    return [
        (
            name,
            region_words(cases),
            "; ".join(dict.fromkeys(case.summaries.outcome.label for case in cases)),
        )
        for name, cases in claimed.items()
    ]


def show_claims(claimed: Mapping[str, tuple[Case, ...]]) -> None:
    """What each claim says of which outcome: a wrong direction of an eval shows here as a rise for a drop."""
    from mixablate.cli.terminal import printable

    for name, region, on in claim_rows(claimed):
        print(printable(f"claim {name}: {region}, of {on}"))
    if claimed:
        print()


def summary(study: Study, tables: Tables, design: Design, notices: tuple[Problem, ...]) -> dict[str, object]:
    """What was read: counts, components, arms with their runs, evals, files and notices."""
    from mixablate.cli.document import SCHEMA

    return {
        "schema": SCHEMA,
        "study": study.title,
        "simulated": study.simulated,
        "runs": len(tables.runs),
        "outcome_rows": len(tables.outcomes),
        "claims": [claim.id for claim in study.claims],
        "published_claims": [claim.id for claim in study.published_claims],
        "reported": [record.id for record in study.reported],
        "components": [component.id for component in study.components],
        "arms": [{"arm_id": arm.arm_id, "label": arm.label, "runs": list(arm.run_ids)} for arm in design.arms],
        "evals": evals_of(tables),
        "sources": list(tables.sources),
        "notices": list(notices),
    }


def evals_of(tables: Tables) -> list[dict[str, object]]:
    """One entry per eval: its declaration, and how many runs have it."""
    evaluated = tables.headline.groupby("eval_id")["run_id"].nunique()
    return [
        {
            "eval_id": str(row["eval_id"]),
            "label": str(row["label"]),
            "domain": str(row["domain"]),
            "direction": str(row["direction"]),
            "kind": str(row["kind"]),
            "runs": int(evaluated.get(row["eval_id"], 0)),
        }
        for row in tables.evals.to_dict("records")
    ]


def show_summary(study: Study, tables: Tables, design: Design, notices: tuple[Problem, ...]) -> None:
    """The summary on stdout, the notices on stderr."""
    from mixablate.cli.terminal import show_notices, show_table, title_of

    print(title_of(study))
    if study.reported:
        claims = counted(len(study.published_claims), "published claim")
        print(f"{counted(len(study.reported), 'reported figure')}, {claims}")
    if study.tables is None:
        print("No error: the published claims can be judged.")
        return
    print(
        f"{counted(len(tables.runs), 'run')} in {counted(len(design.arms), 'arm')}, "
        f"{counted(len(study.components), 'component')}, {counted(len(study.claims), 'claim')}"
    )
    show_table(("arm", "runs"), [(arm.label, str(len(arm.run_ids))) for arm in design.arms], right=[1])
    rows = [
        (str(e["label"]), str(e["domain"]).replace("_", " "), f"{e['direction']} is better", str(e["runs"]))
        for e in evals_of(tables)
    ]
    show_table(("eval", "domain", "direction", "runs"), rows, right=[3])
    show_notices(notices)
