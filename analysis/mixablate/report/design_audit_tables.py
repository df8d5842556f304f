"""The tables of what these runs can estimate: components, claims, and the arms to add."""

from __future__ import annotations

from mixablate.claims import claim_audits
from mixablate.design import DesignAudit, answer_word, remarks
from mixablate.figures.number_text import MISSING
from mixablate.findings import Findings
from mixablate.report.table import Cell, PageTable, count, sentences, text

__all__ = ["audit_tables"]

INTERACTING = (
    " For synergy and stacks all arms of the four combinations are counted, by the first set; the verdict counts the "
    "runs with both sets v those of the smallest other combination."
)


def audit_tables(findings: Findings) -> tuple[PageTable, ...]:
    """What each component's and each claim's contrast rests on, or why it cannot be estimated; what to run next."""
    audit = findings.audit
    return (*_component_table(audit), *_claim_table(findings), *_addition_table(audit))


def _component_table(audit: DesignAudit) -> tuple[PageTable, ...]:
    heads = (
        "Component", "Estimable", "Runs with it", "Runs without it", "Effective runs", "Strata", "Leverage",
        "Variance inflation", "Why not, and what stands beside it",
    )  # fmt: skip
    rows = tuple(
        (
            text(row.label),
            text(answer_word(row)),
            count(row.n_treated),
            count(row.n_reference),
            text(f"{row.effective_treated:.1f} v {row.effective_reference:.1f}" if row.estimable else MISSING),
            count(len(row.strata)),
            _decimal(row.leverage),
            _decimal(row.closeness.inflation if row.closeness else None),
            sentences("; ".join(remarks(row))),
        )
        for row in (*audit.components, *audit.joint)
    )
    note = (
        "Effective runs: how many runs of one arm would give each side's mean the same variance. Leverage: the largest "
        "hat value of a run in the model of main effects. Variance inflation: by how much the other components inflate "
        "the variance of the component's coefficient in that model."
    )
    return (PageTable("estimable", "What these runs can estimate", heads, rows, note),) if rows else ()


def _claim_table(findings: Findings) -> tuple[PageTable, ...]:
    design, tables = findings.design, findings.tables
    rows = [
        (
            text(row.name, "code"),
            text(answer_word(row)),
            count(row.n_treated),
            count(row.n_reference),
            sentences("; ".join(remarks(row))),
        )
        for row in claim_audits(findings.study.claims, tables, design)
    ]
    together = any(claim.kind in ("synergy", "stacks") for claim in findings.study.claims)
    heads = ("Claim", "Estimable", "Treated runs", "Reference runs", "Why not, and what stands beside it")
    note = "Runs of the arms that the claim compares." + (INTERACTING if together else "")
    table = PageTable("estimable_claims", "Which claims the design can speak to", heads, tuple(rows), note)
    return (table,) if rows else ()


def _addition_table(audit: DesignAudit) -> tuple[PageTable, ...]:
    labels = {row.name: row.label for row in audit.components}
    rows = tuple(
        (
            text(added.arm.label, more=added.arm.arm_id),
            count(added.runs),
            text(", ".join(labels.get(name, name) for name in added.unlocks)),
            text("; ".join(f"{runs} more of {arm_id}" for arm_id, runs in added.beside)),
        )
        for added in audit.additions.arms
    )
    how = "No smaller set of such arms does." if audit.additions.exact else "Built one arm at a time; fewer may do."
    heads = ("Arm to train", "Runs", "Makes estimable", "Runs that its partners lack")
    table = PageTable("arms_to_add", "The arms that would make every effect estimable", heads, rows, how)
    return (table.without_empty_columns(),) if rows else ()


def _decimal(value: float | None) -> Cell:
    known = {} if value is None else {"value": float(value)}
    return Cell(MISSING if value is None else f"{value:.2f}", known, "number")
