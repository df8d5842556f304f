"""How easily the verdicts flip: the table of what each does not survive without, and that of its specifications."""

from __future__ import annotations

from mixablate.claims import Status, Verdict
from mixablate.figures.number_text import scale_words
from mixablate.findings import Findings
from mixablate.report.table import Cell, PageTable, effect_size, interval, p_value, status_cell, text

__all__ = ["ROBUSTNESS_LEAD", "robustness_points", "robustness_tables"]

ROBUSTNESS_LEAD = (
    "Every run, scenario, seed, judge and base model left out in turn, and every admissible choice of scale, "
    "estimator, inclusion rule and judge. What is left is judged by the primary alone, in the unit it tests in: "
    "log-odds where a claim is that an effect exists, the claim's own unit where it has a margin or a minimum."
)
UNIT_WORDS = {"base_model": "base model"}


def robustness_points(findings: Findings) -> tuple[str, ...]:
    """A sentence a testable claim: what it hangs on, and how many specifications give its verdict."""
    return tuple(_sentence(verdict) for verdict in findings.verdicts if verdict.specifications)


def robustness_tables(findings: Findings) -> tuple[PageTable, ...]:
    """The flips, and all specifications; none where no claim could be tested."""
    return tuple(table for table in (_flips(findings), _specifications(findings)) if table.rows)


def _sentence(verdict: Verdict) -> str:
    claim = verdict.claim.text.rstrip(".")
    words = [f"\u201c{claim}\u201d: {verdict.status}"]
    if verdict.left_out:
        flips = [f"{_unit(row.unit)} {row.name}" for row in verdict.flips]
        named = ", ".join(flips[:4]) + (f" and {len(flips) - 4} more" if len(flips) > 4 else "")
        words.append(f"it does not survive without {named}" if flips else f"survives each of {len(verdict.left_out)}")
    counted = [one for one in verdict.specifications if one.admissible]
    agreeing = sum(one.agrees is True for one in counted)
    words.append(f"{agreeing} of {len(counted)} specifications say the same")
    return "; ".join(words) + "."


def _unit(unit: str) -> str:
    return UNIT_WORDS.get(str(unit), str(unit))


def _flips(findings: Findings) -> PageTable:
    rows = tuple(
        (
            text(verdict.claim.id, "code"),
            text(_unit(row.unit)),
            text(row.name, "code"),
            effect_size(row.estimate, row.scale),
            text(scale_words(row.scale)),
            text(row.outcome),
            p_value(row.p_value),
            text({"p": "p", "estimate": "the estimate", "estimate and p": "the estimate and p"}[row.flipped]),
        )
        for verdict in findings.verdicts
        for row in verdict.flips
    )
    return PageTable(
        "flips",
        "What verdicts do not survive without",
        ("Claim", "Left out", "Name", "Effect then", "Unit", "Outcome", "p then, one-sided", "What flips"),
        rows,
        "The estimate leaves the claimed region, or p exceeds twice what the verdict needed; no adjustment for the "
        "family. fragility.csv has every row.",
    )


def _specifications(findings: Findings) -> PageTable:
    rows = tuple(
        (
            text(one.claim, "code"),
            text(scale_words(one.scale)),
            text(one.estimator),
            text(one.inclusion),
            text(one.judge),
            effect_size(one.estimate, one.scale),
            interval(one.lower, one.upper, one.scale),
            p_value(one.p_support),
            _says(one.status),
            text("as declared" if one.declared else one.reason),
        )
        for verdict in findings.verdicts
        for one in verdict.specifications
    )
    return PageTable(
        "specifications",
        "Every specification of every claim",
        ("Claim", "Unit", "Estimator", "Outcomes", "Judge", "Effect", "Interval", "p inside", "Says", "Note"),
        rows,
        "Boundaries are carried to other scales at the reference rate seen. Those with a reason are not admissible and "
        "do not count.",
        folded=True,
    ).without_empty_columns()


def _says(status: str) -> Cell:
    return status_cell(Status(status)) if status else text("not admissible")
