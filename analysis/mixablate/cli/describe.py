"""`mixablate design`: what was run, and which effects these runs can estimate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mixablate.cli.arguments import json_option, opened, study_argument
from mixablate.cli.exits import refuse_unwritable, writing

if TYPE_CHECKING:
    from mixablate.design import Additions, Arm, Contrast, ContrastAudit, Design, DesignAudit
    from mixablate.study import Study
    from mixablate.tables import Tables

__all__ = ["describe_design"]

HEADINGS = ("component", "estimable", "runs", "effective", "leverage", "VIF", "why not, and what stands beside it")


@click.command("design", epilog="Example: mixablate design study.toml --figure drawings")
@study_argument
@click.option(
    "--figure",
    "figures",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Also draw arms by components, and what cannot be told apart, into this folder (SVG, PNG, CSV).",
)
@json_option
def describe_design(study: Path, figures: Path | None, as_json: bool) -> None:
    """Show the arms and which effects and claims are estimable.

    Where one is not, the reason stands beside it: what it is aliased with or changed together with. Last stands the
    smallest set of arms that would make all of them estimable.
    """
    from mixablate.cli.document import SCHEMA, json_text
    from mixablate.cli.terminal import show_notices, stages
    from mixablate.design import design_of, mixed_stages
    from mixablate.design.pairs import without_complete_pairs
    from mixablate.tables import seed_notices

    if figures is not None:
        refuse_unwritable(figures)
    with stages("reading the tables") as begin:
        declared, tables = opened(study)
        refuse_no_runs(declared, study)
        begin("design")
        design = design_of(declared, tables)
        notices = (
            *without_complete_pairs(design, compared(declared, design, tables)),
            *mixed_stages(declared, design, tables),
            *seed_notices(tables),
        )
        audit, claims = audited(declared, design, tables)
        drawn = drawings(figures, declared, design, tables, audit) if figures is not None else ()
    if as_json:
        document = {
            "schema": SCHEMA,
            "study": declared.title,
            "arms": [arm_entry(arm) | {"leverage": audit.leverage.get(arm.arm_id)} for arm in design.arms],
            "components": [contrast_entry(row) for row in audit.components],
            "joint": [contrast_entry(row) for row in audit.joint],
            "claims": [{"claim": row.name} | contrast_entry(row) for row in claims],
            "aliases": audit.sentences,
            "alias_sets": audit.aliases,
            "arms_to_add": additions_entry(audit.additions),
            "notices": notices,
            "figures": [str(path) for path in drawn],
        }
        print(json_text(document))
        return
    show_notices(notices)
    show_arms(design)
    show_audit(design, audit, claims)
    for path in drawn:
        print(path)


def refuse_no_runs(study: Study, path: Path) -> None:
    """Nothing, where the study has tables; a study of reported figures has no design.

    Raises:
        StudyError: the study declares no tables.
    """
    from mixablate.errors import Problem, StudyError

    if study.tables is None:
        problem = Problem(
            code="STUDY_WITHOUT_TABLES",
            place=str(path),
            found="no [tables]: the study rests on reported figures alone",
            required="tables of runs, outcomes and evals",
            remedy="Add [tables] and [components], or judge its published claims with `mixablate check`.",
        )
        raise StudyError(problem)


def audited(study: Study, design: Design, tables: Tables) -> tuple[DesignAudit, tuple[ContrastAudit, ...]]:
    """The design's audit, and that of every claim's contrast."""
    from mixablate.claims import claim_audits, claim_switches
    from mixablate.design import audit_design

    claimed = [switch for claim in study.claims for switch in claim_switches(claim, design)]
    return audit_design(study, design, tables, claimed), claim_audits(study.claims, tables, design)


def compared(study: Study, design: Design, tables: Tables) -> list[Contrast]:
    """The contrasts of the components, and of the claims that compare arms."""
    from mixablate.claims import claim_contrast
    from mixablate.design import switch

    ends = (c for c in study.components if c.baseline is not None and c.target is not None)
    components = [switch(design, [component.id], name=component.id) for component in ends]
    return components + [c for claim in study.claims if (c := claim_contrast(claim, tables, design)) is not None]


def drawings(folder: Path, study: Study, design: Design, tables: Tables, audit: DesignAudit) -> tuple[Path, ...]:
    """The figures written into `folder`.

    Raises:
        CouldNotWriteError: the folder cannot be written to.
    """
    from mixablate.report import write_design_figures

    with writing(folder):
        return write_design_figures(folder, study, design, tables, audit)


def contrast_entry(row: ContrastAudit) -> dict[str, object]:
    """One contrast for the JSON document: everything the audit carries."""
    import dataclasses

    carried = {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
    return {"component": carried.pop("name")} | carried


def additions_entry(additions: Additions) -> dict[str, object]:
    """The arms to train for the JSON document."""
    arms = [
        {
            "arm_id": added.arm.arm_id,
            "levels": dict(added.arm.levels),
            "block": added.arm.block,
            "runs": added.runs,
            "unlocks": added.unlocks,
            "beside": [{"arm_id": arm_id, "runs": runs} for arm_id, runs in added.beside],
        }
        for added in additions.arms
    ]
    impossible = [{"contrast": name, "reason": why} for name, why in additions.impossible]
    return {"arms": arms, "exact": additions.exact, "impossible": impossible}


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


def show_audit(design: Design, audit: DesignAudit, claims: tuple[ContrastAudit, ...]) -> None:
    """Components, claims, what cannot be told apart, and the arms to add."""
    from mixablate.cli.terminal import screen, show_beside, show_table
    from mixablate.design import addition_sentences, audit_sentences

    if audit.components:
        rows = [answer_row(row, row.label) for row in (*audit.components, *audit.joint)]
        show_table(HEADINGS, rows)
    else:
        print("No component has both a baseline and a target: each claim names the levels it compares.")
    if claims:
        rows = [(row[0], row[1], row[2], row[-1]) for row in (answer_row(claim, claim.name) for claim in claims)]
        show_table(("claim", *HEADINGS[1:3], HEADINGS[-1]), rows)
    few = few_words(design, (*audit.components, *audit.joint, *claims))
    said = [*few, *audit.sentences, *audit_sentences(design, audit), *addition_sentences(audit.additions)]
    for sentence in dict.fromkeys(f"{words.rstrip('.')}." for words in said):
        show_beside("- ", [sentence], screen(), width=2)


def few_words(design: Design, rows: Sequence[ContrastAudit]) -> list[str]:
    """What has too few runs on a side for a verdict; a dose is judged by its regression, and is left out."""
    from mixablate.estimate.runs.region import FEWEST_RUNS
    from mixablate.study import ComponentType

    graded = {c.id for c in design.components if c.type in (ComponentType.DOSE, ComponentType.FRACTION)}
    few = {
        f"{row.name} ({row.n_treated} v {row.n_reference})": None
        for row in rows
        if row.estimable and min(row.n_treated, row.n_reference) < FEWEST_RUNS and not graded & set(row.components)
    }
    if not few:
        return []
    return [f"Fewer than {FEWEST_RUNS} runs on a side: an estimate without an interval, no verdict: {', '.join(few)}"]


def answer_row(row: ContrastAudit, name: str) -> tuple[str, ...]:
    """One contrast: estimable, runs, effective runs, leverage, inflation, and in words why not."""
    from mixablate.design import answer_word, remarks

    effective = f"{row.effective_treated:.3g} v {row.effective_reference:.3g}" if row.estimable else ""
    leverage = "" if row.leverage is None else f"{row.leverage:.2f}"
    inflation = "" if row.closeness is None else f"{row.closeness.inflation:.3g}"
    runs = f"{row.n_treated} v {row.n_reference}"
    confounded = {confound.sentence for confound in row.confounds}
    named = [f"confounded: {', '.join(dict.fromkeys(c.column for c in row.confounds))}"] if row.confounds else []
    words = [words for words in remarks(row) if words not in confounded]
    return name, answer_word(row), runs, effective, leverage, inflation, "; ".join([*words, *named])
