"""The tables of what was published: conflicts side by side, the records by what they measure, and every comparison."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

from mixablate.claims import Flag, Verdict, as_printed
from mixablate.estimate import Effect
from mixablate.figures.number_text import MISSING, estimate_text, interval_text, level_text, typeset
from mixablate.findings import Findings
from mixablate.report.published_summary import on_figures
from mixablate.report.table import Cell, PageTable, count, effect_size, interval, level, sentences, status_cell, text
from mixablate.study import RATE, WORDS, Scale

__all__ = ["PUBLISHED_LEAD", "published_claim_tables", "published_tables"]

PUBLISHED_LEAD = (
    "Figures as they were printed, with all that is stated about them. A table holds one quantity: figures of "
    "different quantities, evals or base models are never compared and form no chain."
)
NOT_STATED = "not stated"
Row = Mapping[Hashable, Any]


def published_claim_tables(findings: Findings) -> tuple[PageTable, ...]:
    """The claims on published figures, a row each: verdict, every report it was held to, and why."""
    printed = {record.id: record.value for record in findings.study.reported}
    rows = tuple(_claim_row(verdict, printed) for verdict in on_figures(findings))
    heads = ("Claim", "Verdict", "As printed", "Difference or ratio", "Why")
    note = (
        "Every report of a figure is judged by itself, in the order of the records. p-values stand in the reason of a "
        "claim that was decided, one-sided and adjusted within its family."
    )
    return (PageTable("published_claims", "Claims on published figures", heads, rows, note),) if rows else ()


def _claim_row(verdict: Verdict, printed: Mapping[str, str]) -> tuple[Cell, ...]:
    source, settle = verdict.claim.source.rstrip("."), verdict.would_settle.rstrip(".")
    said = typeset(f"Claimed: {verdict.region}.") + (f" {source}." if source else "")
    compared = [as_printed(effect, printed) for effect in verdict.evidence]
    several = len(verdict.evidence) > 1
    found = [_in_unit(effect, verdict.claim.kind, several=several) for effect in verdict.evidence]
    return (
        text(verdict.claim.text, more=said, code=verdict.claim.id),
        status_cell(verdict.status, [flag for flag in verdict.flags if flag is not Flag.REPORTED]),
        text("; ".join(dict.fromkeys(compared)) or MISSING),
        text("; ".join(dict.fromkeys(filter(None, found))) or MISSING),
        sentences(verdict.reason, f"Would settle it: {settle}." if settle else ""),
    )


def _in_unit(effect: Effect, kind: str, *, several: bool) -> str:
    """The effect at the printed figures with its interval, where it has one; of a zero the bound of its rate.

    Of several the level of the intervals stands in the reason beside them.
    """
    if kind == "reaches_zero":
        return "no bound" if effect.upper is None else f"at most {100 * effect.upper:.3g} %"
    if effect.estimate is None:
        return ""
    unit = {Scale.RISK_DIFFERENCE: " points", Scale.RISK_RATIO: "x"}.get(effect.scale, "")
    words = estimate_text(effect.estimate, effect.scale) + unit
    if effect.lower is None and effect.upper is None:
        return words
    ends = interval_text(effect.lower, effect.upper, effect.scale)
    return f"{words} ({ends})" if several else f"{words} ({level_text(effect.level)} interval {ends})"


def published_tables(findings: Findings) -> tuple[PageTable, ...]:
    """Conflicts first, then a table a quantity, then the comparisons behind the verdicts."""
    return (*_conflict_tables(findings), *_record_tables(findings), *_comparison_tables(findings))


def _conflict_tables(findings: Findings) -> tuple[PageTable, ...]:
    """A row a report, each with its figure in full, since rows can be sorted and filtered."""
    rows = tuple(
        (
            text(row["quantity"], more=_scope(row)),
            text(row["value"], "prose"),
            _stated(row["n"]) if row["unit"] == RATE else text(MISSING),
            text("yes" if row["agree"] else "no"),
            text(row["source"] or MISSING, "prose", row["note"]),
        )
        for row in findings.published.conflicts.to_dict("records")
    )
    heads = ("Figure", "As printed", "n", "Could be one value", "Where")
    note = "Each report is kept and judged by itself; none is averaged, and none is preferred."
    return (PageTable("conflicts", "Reported more than once, side by side", heads, rows, note),) if rows else ()


def _record_tables(findings: Findings) -> tuple[PageTable, ...]:
    by_quantity: dict[tuple[str, str], list[Row]] = {}
    for row in findings.published.records.to_dict("records"):
        by_quantity.setdefault((str(row["quantity"]), str(row["unit"])), []).append(row)
    tables = []
    for number, ((quantity, unit), rows) in enumerate(by_quantity.items(), start=1):
        tables.append(_record_table(f"published_{number}", quantity, unit, rows))
    return tuple(tables)


def _record_table(name: str, quantity: str, unit: str, rows: list[Row]) -> PageTable:
    rate = unit == RATE
    cells = tuple(
        (
            text(row["label"] or row["arm"] or MISSING, more=row["id"]),
            text(row["value"], "prose", _stands_for(row)),
            _stated(row["n"]) if rate else text(MISSING),
            _stated(row["runs"]) if unit != WORDS else text(MISSING),
            text(_interval_words(row)),
            text(row["eval"] or MISSING),
            text(row["base_model"] or MISSING),
            text(row["source"] or MISSING, "prose", row["note"]),
        )
        for row in rows
    )
    heads = ("Arm", "As printed", "n", "Training runs", "Printed interval", "Eval", "Base model", "Where")
    caption = quantity[:1].upper() + quantity[1:] + ("" if rate else f" (in {unit})")
    return PageTable(name, caption, heads, cells, folded=unit != RATE).without_empty_columns()


def _comparison_tables(findings: Findings) -> tuple[PageTable, ...]:
    rows = tuple(
        (
            text(row["claim"], "code"),
            text(row["contrast"], "code"),
            level(row["reference"], "events"),
            level(row["treated"], "events"),
            _effect(row),
            interval(row["within_lower"], row["within_upper"], _scale(row)),
            Cell(MISSING if _missing(row["tipping_sd"]) else f"{row['tipping_sd']:.2f}", role="number"),
            sentences(str(row["reason"]) or "decides"),
        )
        for row in findings.published.comparisons.to_dict("records")
    )
    heads = (
        "Claim", "Records", "Reference", "Treated", "Difference or ratio", "Between these models only",
        "Tipping run SD", "Why it does not decide",
    )  # fmt: skip
    note = (
        "Tipping run SD: on the logit, the run-to-run SD above which the claim would fall; .3 to .7 are typical. An "
        "interval between these models rests on rollouts that are independent."
    )
    table = PageTable("comparisons", "Every comparison that a claim asks for", heads, rows, note, folded=True)
    return (table.without_empty_columns(),) if rows else ()


def _effect(row: Row) -> Cell:
    """Of a zero there is no difference; its rate stands under "treated"."""
    return Cell(MISSING, role="number") if _missing(row["reference"]) else effect_size(row["estimate"], _scale(row))


def _scale(row: Row) -> str:
    return str(Scale(row["scale"]))


def _stated(value: object) -> Cell:
    return text(NOT_STATED) if _missing(value) else count(float(str(value)))


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _scope(row: Row) -> str:
    parts = (row["label"] or row["arm"], row["eval"], row["base_model"])
    return ", ".join(str(part) for part in parts if part)


def _stands_for(row: Row) -> str:
    """The true rates that a print may stand for."""
    if row["unit"] != RATE or _missing(row["possible_lower"]) or _missing(row["possible_upper"]):
        return ""
    if row["possible_lower"] == row["possible_upper"]:
        return "no rollout" if not row["possible_lower"] else "every rollout"
    lower, upper = (f"{100 * float(row[end]):.6g}%" for end in ("possible_lower", "possible_upper"))
    return f"{lower} to {upper}"


def _interval_words(row: Row) -> str:
    if _missing(row["lower"]):
        return MISSING
    kind = str(row["interval_kind"]).replace("_", " ")
    level_words = "" if _missing(row["interval_level"]) else f"{100 * float(row['interval_level']):g} % "
    return f"{row['lower']} to {row['upper']} ({level_words}{kind if kind != 'unknown' else 'kind not stated'})"
