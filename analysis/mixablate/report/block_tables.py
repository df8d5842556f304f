"""Block by block, in words and tables: within each block, pooled, in one more block, and what goes the other way."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from mixablate.figures.frames import block_forest_frame, outcome_labels
from mixablate.figures.number_text import estimate_text, interval_text, level_text, scale_words
from mixablate.findings import Findings
from mixablate.report.table import Cell, PageTable, effect_size, interval, p_value, sentences, share, text
from mixablate.study import Scale

__all__ = ["BLOCK_LEAD", "block_sentences", "block_tables"]

MOST_SENTENCES = 12
BLOCK_LEAD = (
    "The same comparison inside every block, from that block's runs alone; no two blocks share a run or a control. For "
    "what is said over blocks the block is the unit: more runs in one block say nothing about another. The band of one "
    "more block holds for blocks like these, not for any."
)
SCALES = (Scale.RISK_DIFFERENCE, Scale.VALUE, Scale.RISK_RATIO, Scale.LOG_ODDS)
CAPTIONS = {
    Scale.RISK_DIFFERENCE: "differences of rates, in percentage points",
    Scale.VALUE: "differences of scores",
    Scale.RISK_RATIO: "ratios of rates",
    Scale.LOG_ODDS: "differences of log-odds",
}
ROLES = {"pooled": "Mean of blocks like these", "prediction": "One more block like these"}

Row = Mapping[Hashable, Any]


def block_sentences(findings: Findings) -> tuple[str, ...]:
    """A sentence per outcome and component: the mean over blocks, where one more would lie, what goes against it.

    Differences of rates or scores; those with a block on the other side come first, and `MOST_SENTENCES` are given.
    """
    said = []
    for _, rows in block_forest_frame(findings).groupby(["outcome", "contrast"], sort=False):
        turned = (rows["against"] == "interval").any() * 2 + (rows["against"] != "").any() * 1
        said.append((-int(turned), _sentence(rows)))
    said.sort(key=lambda pair: pair[0])
    more = [f"{len(said) - MOST_SENTENCES} more stand in the table."] if len(said) > MOST_SENTENCES else []
    return (*(words for _, words in said[:MOST_SENTENCES]), *more)


def _sentence(rows: pd.DataFrame) -> str:
    records = rows.to_dict("records")
    pooled, ahead = records[-2], records[-1]
    scale, within = str(pooled["scale"]), records[:-2]
    lead = f'"{pooled["component_label"]}" on "{pooled["outcome_label"]}"'
    if pooled["reason"]:
        return f"{lead}: not pooled, {pooled['reason']}."
    found = f"{estimate_text(float(pooled['estimate']), scale)} {scale_words(scale)} on average over "
    found += f"{int(pooled['n_blocks'])} of {len(within)} blocks ({_interval(pooled)})"
    if ahead["reason"]:
        found += f"; no interval for one more block: {ahead['reason']}."
    else:
        stated = interval_text(float(ahead["lower"]), float(ahead["upper"]), scale)
        crosses = float(ahead["lower"]) <= 0.0 <= float(ahead["upper"])
        sure = "either sign is possible there" if crosses else "the same sign is expected there"
        found += f"; one more block like these would lie at {stated}, so {sure}."
    return f"{lead}: {found}{_turned(within)}"


def _turned(within: list[dict[Hashable, Any]]) -> str:
    """What goes the other way, and whether its interval says so or its estimate alone."""
    clear = [record for record in within if record["against"] == "interval"]
    unclear = [record for record in within if record["against"] == "estimate"]
    said = f" It goes the other way in {_blocks(clear)}." if clear else ""
    if unclear:
        one = len(unclear) == 1
        said += f" The estimate goes the other way in {_blocks(unclear)}, but {'its' if one else 'each'} interval "
        said += "includes zero: these runs do not establish a reversal there."
    return said


def _blocks(records: list[dict[Hashable, Any]]) -> str:
    return "; ".join(
        f"{r['block']} ({estimate_text(float(r['estimate']), str(r['scale']))}, {_interval(r)}, "
        f"{r['n_treated']} v {r['n_reference']} runs)"
        for r in records
    )


def _interval(record: Row) -> str:
    stated = interval_text(float(record["lower"]), float(record["upper"]), str(record["scale"]))
    return f"{level_text(float(record['level']))} interval {stated}"


def block_tables(findings: Findings) -> tuple[PageTable, ...]:
    """One table a scale, the first open: a row a block, then the mean and one more block."""
    tables: list[PageTable] = []
    for scale in SCALES:
        rows = findings.block_effects[findings.block_effects["scale"] == str(scale)]
        if len(rows):
            folded = scale not in (Scale.RISK_DIFFERENCE, Scale.VALUE)
            tables.append(_table(findings, rows, scale, folded=folded))
    return tuple(tables)


def _table(findings: Findings, frame: pd.DataFrame, scale: Scale, *, folded: bool) -> PageTable:
    labels = outcome_labels(findings)
    components = {c.id: c.label for c in findings.design.components}
    frame = frame[frame["outcome"].isin(labels)]
    order = frame["outcome"].map({name: i for i, name in enumerate(labels)}).sort_values(kind="stable").index
    rows = tuple(
        (text(labels[record["outcome"]]), text(components[record["contrast"]]), *_cells(record, scale))
        for record in frame.loc[order].to_dict("records")
    )
    level = level_text(float(frame["level"].iloc[0])) if len(frame) else ""
    heads = ("Outcome", "Component", "Block", "Effect", f"{level} interval", "p", "Weight", "Runs", "Remarks")
    logs = ", on the log" if scale is Scale.RISK_RATIO else ""
    note = (
        f"SD between blocks: of their true effects{logs}. I\u00b2 and Q stand beside and decide nothing: both grow "
        "with the runs in a block. p: of no effect, two-sided, unadjusted, from log-odds (or scores) on every scale."
    )
    return PageTable(f"blocks_{scale}", f"Effects by block: {CAPTIONS[scale]}", heads, rows, note, folded)


def _cells(record: Row, scale: Scale) -> tuple[Cell, ...]:
    kind = str(record["kind"])
    numbers = {name: _number(record[name]) for name in ("estimate", "lower", "upper", "p_value", "weight")}
    runs = f"{record['n_treated']} v {record['n_reference']}" if kind != "prediction" else ""
    return (
        text(ROLES.get(kind, record["block"]), "total" if kind == "pooled" else "text"),
        effect_size(numbers["estimate"], scale),
        interval(numbers["lower"], numbers["upper"], scale),
        p_value(numbers["p_value"]),
        share(numbers["weight"]),
        text(runs),
        sentences("; ".join(_remarks(record, scale))),
    )


def _remarks(record: Row, scale: Scale) -> list[str]:
    said = {"interval": ["goes the other way"], "estimate": ["estimate on the other side, interval includes no effect"]}
    remarks = [f"interval withheld: {record['reason']}"] if record["reason"] else said.get(str(record["against"]), [])
    tau = _number(record["tau"])
    if tau is not None:
        unit = Scale.LOG_ODDS if scale is Scale.RISK_RATIO else scale
        stated = interval_text(_number(record["tau_lower"]), _number(record["tau_upper"]), unit)
        remarks = [*remarks, f"SD between blocks {estimate_text(tau, unit)} ({stated})"]
        q = f"Q {float(record['q']):.1f} on {int(record['q_df'])} df"
        remarks.append(f"I\u00b2 {100.0 * float(record['i2']):.0f}%, {q}")
    shown = str(record["notes"]) if record["kind"] != "prediction" else ""
    return [*remarks, shown] if shown else remarks


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)
