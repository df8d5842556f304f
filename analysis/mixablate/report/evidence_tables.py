"""The tables of what was found: claims, rates, effects, attribution, both distributions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pandas as pd

from mixablate.claims import Verdict
from mixablate.errors import counted
from mixablate.estimate import Effect
from mixablate.figures.frames import distribution_frame, headline_outcomes, outcome_labels
from mixablate.figures.number_text import MISSING, bounded_rate_text, level_text, scale_words, typeset
from mixablate.figures.panels import leading_outcomes
from mixablate.findings import Findings
from mixablate.report.published_summary import on_runs
from mixablate.report.table import (
    Cell,
    PageTable,
    count,
    effect_size,
    interval,
    level,
    level_interval,
    p_value,
    sentences,
    status_cell,
    text,
)
from mixablate.study import Scale

__all__ = [
    "claim_tables",
    "distribution_tables",
    "effect_tables",
    "rate_tables",
    "regression_tables",
    "truth_tables",
]

SCALES = (Scale.RISK_DIFFERENCE, Scale.VALUE, Scale.RISK_RATIO, Scale.LOG_ODDS)
SCALE_TITLES = {
    Scale.RISK_DIFFERENCE: "Differences of rates, in percentage points",
    Scale.VALUE: "Differences of scores",
    Scale.RISK_RATIO: "Ratios of rates",
    Scale.LOG_ODDS: "Differences of log-odds",
}
MOST_ACROSS = 12  # outcomes side by side
UNITS = {
    Scale.RISK_DIFFERENCE: "points",
    Scale.VALUE: "score units",
    Scale.RISK_RATIO: "ratio",
    Scale.LOG_ODDS: "log-odds",
}


def claim_tables(findings: Findings) -> tuple[PageTable, ...]:
    """The claims on runs with verdict, reason and what would settle them; beside it the second opinions."""
    claims = PageTable(
        "claims",
        "Claims and verdicts",
        ("Claim", "Verdict", "Estimate", "Interval", "p", "Why"),
        tuple(row for verdict in on_runs(findings) for row in _claim_rows(findings, verdict)),
        "p is one-sided, at the boundary of the claimed region, adjusted within the claim's family.",
    )
    opinions = PageTable(
        "second_opinions",
        "Second opinions on each claim",
        ("Claim", "Test of another nature", "p, one-sided", "Smallest p possible", "Agrees", "Decides", "Note"),
        tuple(
            (
                text(v.claim.id, "code"),
                text(o.method),
                p_value(o.p_value),
                p_value(o.smallest),
                text("abstains" if o.abstains or o.agrees is None else "yes" if o.agrees else "no"),
                text("with the primary" if o.decides else "stands beside"),
                text(o.note),
            )
            for v in findings.verdicts
            for o in v.second_opinions
        ),
        folded=True,
    )
    return tuple(table for table in (claims, opinions) if table.rows)


def _claim_rows(findings: Findings, verdict: Verdict) -> Iterable[tuple[Cell, ...]]:
    """The claim's row, and one more for every further outcome it was judged on."""
    labels = outcome_labels(findings)
    source, settle = verdict.claim.source.rstrip("."), verdict.would_settle.rstrip(".")
    fragile = f" Fragile to: {', '.join(verdict.fragility)}." if verdict.fragility else ""
    reason = verdict.reason.rstrip(".") + "." + fragile
    for i, effect in enumerate(verdict.evidence or (None,)):
        on = f"On: {labels.get(effect.outcome, effect.outcome)}." if effect else ""
        said = " ".join([typeset(f"Claimed: {verdict.region}."), on, f"{source}." if source else ""]).strip()
        named = text(verdict.claim.text, more=said, code=verdict.claim.id)
        yield (
            text("The same claim", "same", more=on) if i else named,
            status_cell(verdict.status, verdict.flags),
            *_claim_numbers(verdict, effect),
            p_value(None if i else verdict.p_adjusted),
            sentences("As above.") if i else sentences(reason, f"Would settle it: {settle}." if settle else ""),
        )


def _claim_numbers(verdict: Verdict, effect: Effect | None) -> tuple[Cell, Cell]:
    """Estimate and interval in the claim's own unit."""
    if effect is None:
        return text(MISSING), text(MISSING)
    if verdict.claim.kind == "reaches_zero":
        rate = level(effect.treated, "events")
        if effect.reference is not None or effect.upper is None:
            return rate, Cell(MISSING, role="number")
        known = {"upper": effect.upper} | ({} if effect.lower is None else {"lower": effect.lower})
        return rate, Cell(bounded_rate_text(effect.lower, effect.upper), known, "number")
    size = effect_size(effect.estimate, effect.scale)
    size = replace(size, more=UNITS[effect.scale]) if size.values else size
    return size, interval(effect.lower, effect.upper, effect.scale)


def rate_tables(findings: Findings) -> tuple[PageTable, ...]:
    """Rates of every arm on every outcome: a matrix of means, and a folded list with counts and intervals."""
    labels = outcome_labels(findings)
    rates = findings.rates[findings.rates["outcome"].isin(labels)]
    arms = [arm for arm in findings.design.arms if arm.arm_id in set(rates["arm_id"])]
    cells = {(row["arm_id"], row["outcome"]): row for _, row in rates.iterrows()}
    across, _ = leading_outcomes(rates, MOST_ACROSS)
    matrix = tuple(
        (text(arm.label), count(runs), *(_rate_cell(cells.get((arm.arm_id, name)), runs) for name in across))
        for arm, runs in ((arm, len(arm.run_ids)) for arm in arms)
    )
    left_out = len(labels) - len(across)
    note = f"{len(across)} of {len(labels)} outcomes, means of domains first; the table below has all."
    listed = tuple(
        (text(labels[name]), text(arm.label), *_rate_row(cells[arm.arm_id, name]))
        for name in labels
        for arm in arms
        if (arm.arm_id, name) in cells
    )
    tables = (
        PageTable(
            "rates",
            "Mean rate (or score) by arm",
            ("Arm", "Runs", *(labels[name] for name in across)),
            matrix,
            note if left_out else "",
        ),
        PageTable(
            "rates_in_full",
            "Rates with intervals and counts",
            ("Outcome", "Arm", "Mean", f"{level_text(findings.study.analysis.level)} interval", "What it covers",
             "Runs", "Events", "Scored rollouts", "Missing rollouts"),
            listed,
            "Intervals over runs speak about runs like these; an interval within one run speaks about that model only.",
            folded=True,
        ),
    )  # fmt: skip
    return tables if matrix else ()


def _rate_cell(row: pd.Series | None, runs: int) -> Cell:
    """The mean; where not all of the arm's runs have the outcome, also over how many it is."""
    if row is None:
        return Cell("not run", role="number")
    n = int(row["n_runs"])
    return replace(level(float(row["estimate"]), str(row["kind"])), more="" if n == runs else counted(n, "run"))


def _rate_row(row: pd.Series) -> tuple[Cell, ...]:
    kind = str(row["kind"])
    scored = row["n_trials"] - row["n_missing"]
    return (
        level(float(row["estimate"]), kind),
        level_interval(float(row["lower"]), float(row["upper"]), kind),
        text({"none": "no interval"}.get(str(row["interval"]), str(row["interval"]))),
        count(float(row["n_runs"])),
        count(float(row["n_events"])),
        count(float(scored)),
        count(float(row["n_missing"])),
    )


def effect_tables(findings: Findings) -> tuple[PageTable, ...]:
    """Run-level effects of the components, one table a scale; the first stands open."""
    components = {c.id: c.label for c in findings.design.components}
    effects = [e for e in findings.effects if e.contrast in components]
    return _by_scale(findings, effects, "effects", "Effects over training runs", open_first=True)


def regression_tables(findings: Findings) -> tuple[PageTable, ...]:
    """The regression line beside them, folded."""
    return _by_scale(findings, list(findings.regression), "regression", "Regression beside them", open_first=False)


def _by_scale(
    findings: Findings, effects: Sequence[Effect], name: str, caption: str, *, open_first: bool
) -> tuple[PageTable, ...]:
    tables = []
    for scale in SCALES:
        rows = [e for e in effects if e.scale is scale]
        if rows:
            plain = scale in (Scale.RISK_DIFFERENCE, Scale.VALUE)
            table = _effect_table(findings, rows, f"{name}_{scale}", caption, folded=not (open_first and plain))
            tables.append(replace(table, scale=str(scale), unfolds=open_first and table.folded))
    return tuple(tables)


def _effect_table(findings: Findings, effects: Sequence[Effect], name: str, caption: str, *, folded: bool) -> PageTable:
    labels = outcome_labels(findings)
    order = {outcome: i for i, outcome in enumerate(labels)}
    components = {c.id: c.label for c in findings.design.components}
    scale = effects[0].scale
    kind = "score" if scale is Scale.VALUE else "events"
    said = [_remarks(e) for e in effects]
    common = [remark for remark in said[0] if all(remark in other for other in said)]
    rows = []
    for e in sorted(effects, key=lambda e: order.get(e.outcome, len(order))):
        rows.append(
            (
                text(labels.get(e.outcome, e.outcome)),
                text(components.get(e.contrast, e.contrast)),
                level(e.reference, kind),
                level(e.treated, kind),
                effect_size(e.estimate, scale),
                interval(e.lower, e.upper, scale),
                interval(e.within_lower, e.within_upper, scale),
                p_value(e.p_value),
                effect_size(e.detectable, scale),
                text(f"{e.n_treated} v {e.n_reference}"),
                sentences("; ".join(remark for remark in _remarks(e) if remark not in common)),
            )
        )
    percent = level_text(effects[0].level)
    heads = ("Outcome", "Component", "Without it", "With it", "Effect", f"{percent} interval")
    tail = ("Between these models only", "p", "Detectable", "Runs", "Remarks")
    return PageTable(
        name,
        f"{caption}: {SCALE_TITLES[scale][0].lower()}{SCALE_TITLES[scale][1:]}",
        (*heads, *tail),
        tuple(rows),
        _effect_note(scale, by_run=name.startswith("effects")) + (f" All rows: {'; '.join(common)}." if common else ""),
        folded,
    ).without_empty_columns()


def _remarks(effect: Effect) -> list[str]:
    withheld = [f"interval withheld: {effect.reason}"] if effect.reason else []
    return [*withheld, *effect.notes]


def _effect_note(scale: Scale, *, by_run: bool) -> str:
    kind = "over" if scale is Scale.RISK_RATIO else "minus"
    tested = "p: of no effect, two-sided, unadjusted."
    if by_run and scale in (Scale.RISK_DIFFERENCE, Scale.RISK_RATIO):
        tested = (
            "p: of no effect, two-sided, unadjusted, on the runs' mean log-odds: it can disagree with the interval of "
            "the effect shown."
        )
    return (
        f"Effect: with the component {kind} without it, in {scale_words(scale)}. {tested} Detectable: the smallest "
        "effect these runs would find in four of five repetitions."
    )


def truth_tables(findings: Findings) -> tuple[PageTable, ...]:
    """What was found beside what was put in, for the headline outcomes; every other outcome folded."""
    labels, heads = outcome_labels(findings), headline_outcomes(findings)
    names = {component.id: component.label for component in findings.design.components}
    kinds = {"effect": "effect", "shapley": "Shapley part"}
    columns = ("Outcome", "Number", "Unit", "Truth", "Estimate", "Interval", "Covered")
    tables = []
    for folded, title in ((False, "Found and put in"), (True, "Found and put in: other outcomes")):
        rows = [
            (
                text(labels.get(row["outcome"], row["outcome"])),
                text(f"{names[row['contrast']]}, {kinds[row['kind']]}"),
                text(scale_words(row["scale"])),
                effect_size(row["truth"], row["scale"]),
                effect_size(row["estimate"], row["scale"]),
                interval(row["lower"], row["upper"], row["scale"]),
                text(MISSING if row["covered"] is None else "yes" if row["covered"] else "no"),
            )
            for row in findings.truths.to_dict("records")
            if (row["outcome"] in heads) != folded
        ]
        if rows:
            name = "truth_other" if folded else "truth"
            tables.append(PageTable(name, title, columns, tuple(rows), "", folded))
    return tuple(tables)


def distribution_tables(findings: Findings) -> tuple[PageTable, ...]:
    """Every arm's rate in and out of distribution."""
    frame = distribution_frame(findings)
    arms = frame[frame["row"] == "arm"]
    if arms.empty:
        return ()
    rows = tuple(
        (
            text(row["arm"]),
            level(float(row["estimate_in"]), "events"),
            level_interval(float(row["lower_in"]), float(row["upper_in"]), "events"),
            level(float(row["estimate_out"]), "events"),
            level_interval(float(row["lower_out"]), float(row["upper_out"]), "events"),
        )
        for _, row in arms.iterrows()
    )
    first = arms.iloc[0]
    heads = ("Arm", str(first["label_in"]), "Interval", str(first["label_out"]), "Interval")
    return (PageTable("distribution", "In and out of distribution by arm", heads, rows, folded=True),)
