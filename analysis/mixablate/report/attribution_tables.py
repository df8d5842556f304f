"""The tables of who earned the change: parts by scale, shares, groups, interactions, and what lies behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mixablate.attribute import Attribution, AttributionScale, Interactions, PairIndex, Part
from mixablate.figures.frames import headline_outcomes, outcome_labels
from mixablate.figures.number_text import MISSING, level_text, scale_words
from mixablate.findings import Findings
from mixablate.report.table import (
    Cell,
    PageTable,
    chance,
    count,
    effect_size,
    interval,
    level,
    p_value,
    share,
    share_interval,
    text,
)

__all__ = ["attribution_points", "attribution_tables"]

SCALES = ("risk_difference", "value", "log_odds", "log_ratio")
SCALE_TITLES = {
    "risk_difference": "Differences of rates, in percentage points",
    "value": "Differences of scores",
    "log_odds": "Differences of log-odds of mean rates",
    "log_ratio": "Differences of logs of mean rates (ratios)",
}
SHARE_HEADS = {
    "risk_difference": "Share of the difference",
    "value": "Share of the difference in score",
    "log_odds": "Share of the log-odds",
    "log_ratio": "Share of the log-ratio",
}
RULES = {
    "shapley": "Shapley (all orders)",
    "owen": "Owen (groups kept together)",
    "banzhaf": "Banzhaf (all coalitions alike)",
    "leave_one_out": "leave one out (what is lost without it)",
    "add_one_in": "add one in (what it brings alone)",
    "ordered": "ordered (added in the order of declaration)",
}
INDICES = {"shapley_taylor": "Shapley–Taylor", "shapley_interaction": "Shapley interaction index"}
EFFICIENT = ("shapley", "owen", "ordered")
MOST_POINTS = 8
MOST_SHARES = 16  # rows that stand open


def attribution_points(findings: Findings) -> tuple[str, ...]:
    """What the tables amount to: the ranking of parts, where scales disagree, who takes no part and why."""
    labels, heads = outcome_labels(findings), headline_outcomes(findings)
    points: list[str] = []
    for outcome in heads:
        main = [a for a in findings.attributions if a.outcome == outcome and a.rule == "shapley"]
        label = labels.get(outcome, outcome)
        if main and main[0].descriptive:
            points.append(f"{label}: {main[0].reason}. Shares are descriptive: they are of these models.")
        elif main and main[0].ranking:
            points.append(f"{label}, Shapley parts in {scale_words(main[0].scale)}: {main[0].ranking}")
        points += [
            f"{label}, {RULES[found.rule].split(' (')[0]}: {found.warning}"
            for found in findings.agreements
            if found.outcome == outcome and found.warning
        ][:2]
    for found in findings.attributions:
        points += found.notes
        points += [f"{left.label} takes no part: {left.reason}." for left in found.left_out]
    points += [
        f"{labels.get(w.outcome, w.outcome)}, {RULES.get(w.rule, w.rule).split(' (')[0]} in {scale_words(w.scale)}: "
        f"withheld; {w.reason}."
        for w in findings.withheld
        if w.outcome in heads
    ]
    unique = list(dict.fromkeys(points))
    more = len(unique) - MOST_POINTS
    return (*unique[:MOST_POINTS], f"{more} more of the kind in findings.json.") if more > 0 else tuple(unique)


def attribution_tables(findings: Findings) -> tuple[PageTable, ...]:
    """Shapley splits of the headline outcomes, one table a scale, and their shares side by side; the rest folded."""
    heads = headline_outcomes(findings)
    shown = [a for name in heads for a in findings.attributions if a.rule == "shapley" and a.outcome == name]
    other = [a for a in findings.attributions if a not in shown and (a.outcome in heads or a.rule == "shapley")]
    tables = []
    for scale in SCALES:
        found = [a for a in shown if a.scale == scale]
        if found:
            table = _split_table(findings, found, f"attribution_{scale}", SCALE_TITLES[scale], folded=False)
            tables.append(replace(table, scale=scale))
    tables += [
        *_shares_table(findings, heads),
        *_group_table(findings, heads),
        *_interaction_tables(findings, heads),
        *_comparison_table(findings, heads),
        *_coalition_table(findings, heads),
    ]
    if other:
        table = _split_table(findings, other, "attribution_other", "Other outcomes and rules", folded=True)
        tables.append(replace(table, note=f"{table.note} Other outcomes by other rules are in attribution.csv."))
    return tuple(tables)


def _split_table(findings: Findings, found: Sequence[Attribution], name: str, title: str, *, folded: bool) -> PageTable:
    labels = outcome_labels(findings)
    rows: list[tuple[Cell, ...]] = []
    for a in found:
        outcome = labels.get(a.outcome, a.outcome)
        lead: tuple[Cell, ...] = (text(outcome),)
        if folded:
            lead = (*lead, text(RULES.get(a.rule, a.rule)), text(scale_words(a.scale)))
        rows += [(*lead, text(part.label), *_part_cells(part, a)) for part in a.parts]
        blank = (share(None), share_interval(None, None), chance(None), p_value(None), interval(None, None, a.scale))
        nothing = (*blank, text(""))
        if a.rule not in EFFICIENT:
            rest = (effect_size(a.unattributed, a.scale), interval(None, None, a.scale))
            rows.append((*lead, text("Unattributed"), *rest, *nothing))
        total = (effect_size(a.total, a.scale), interval(a.total_lower, a.total_upper, a.scale))
        rows.append((*lead, text("Total change", "total"), *total, *nothing))
    heads = ("Outcome", "Rule", "Unit") if folded else ("Outcome",)
    word = "Descriptive share" if all(a.descriptive for a in found) else "Share"
    tail = ("Part", "Step", f"{level_text(found[0].level)} interval", word, "Interval of share", "Largest part")
    columns = (*heads, *tail, "p, all parts at once", "Any one run left out", "Values")
    return PageTable(
        name, f"Attribution: {title}", columns, tuple(rows), _split_note(found), folded
    ).without_empty_columns()


def _part_cells(part: Part, a: Attribution) -> tuple[Cell, ...]:
    return (
        effect_size(part.estimate, a.scale),
        interval(part.lower, part.upper, a.scale),
        share(part.share),
        share_interval(part.share_lower, part.share_upper),
        chance(part.p_largest),
        p_value(part.p_adjusted),
        interval(part.loo_lower, part.loo_upper, a.scale),
        text(part.source, more=f"most moved by {part.loo_run}" if part.loo_run else ""),
    )


def _split_note(found: Sequence[Attribution]) -> str:
    reasons = dict.fromkeys(reason for a in found for reason in (a.reason, *(p.reason for p in a.parts)) if reason)
    note = "Largest part: how often it is the largest over joint draws."
    if any(part.p_adjusted is not None for a in found for part in a.parts):
        note += " p, all parts at once: of no part, two-sided, for all parts of the split together (max-T)."
    note += " Values: whether the coalitions' values are those of arms that were run, of the fitted model, or mixed."
    return note + (f" Intervals withheld: {'; '.join(reasons)}." if reasons else "")


def _shares_table(findings: Findings, heads: Sequence[str]) -> list[PageTable]:
    """The shares of every rule, scales side by side."""
    labels = outcome_labels(findings)
    scales = [s for s in SCALES if any(a.scale == s and a.outcome in heads for a in findings.attributions)]
    if len(scales) < 2:
        return []
    rows, descriptive = [], []
    for outcome in heads:
        for rule, words in RULES.items():
            mine = {str(a.scale): a for a in findings.attributions if a.outcome == outcome and a.rule == rule}
            if not mine:
                continue
            first = next(iter(mine.values()))
            descriptive.append(first.descriptive)
            for position, part in enumerate(first.parts):
                cells = [share(mine[s].parts[position].share if s in mine else None) for s in scales]
                named = (text(labels.get(outcome, outcome)), text(words), text(part.label))
                rows.append((*named, *cells, text(part.source)))
    if not any(cell.values for row in rows for cell in row):
        return []
    word = "Descriptive shares" if all(descriptive) else "Shares"
    columns = ("Outcome", "Rule", "Part", *(SHARE_HEADS[s] for s in scales), "Values")
    note = "A share is a share of one scale's total; it is withheld where that total is compatible with no change."
    title = f"{word} by rule, scales side by side"
    return [PageTable("attribution_shares", title, columns, tuple(rows), note, folded=len(rows) > MOST_SHARES)]


def _group_table(findings: Findings, heads: Sequence[str]) -> list[PageTable]:
    labels = outcome_labels(findings)
    rows = [
        (
            text(labels.get(a.outcome, a.outcome)),
            text(scale_words(a.scale)),
            text(group.label),
            effect_size(group.estimate, a.scale),
            interval(group.lower, group.upper, a.scale),
            share(group.share),
            p_value(group.p_value),
            text(group.source),
        )
        for outcome in heads
        for a in findings.attributions
        if a.outcome == outcome
        for group in a.groups
    ]
    columns = ("Outcome", "Unit", "Group", "Step", "Interval", "Share", "p", "Values")
    note = "Owen: a group's step is the sum of its members', and its Shapley value in the game of groups."
    table = PageTable("attribution_groups", "Attribution: groups of components", columns, tuple(rows), note)
    return [table.without_empty_columns()] if rows else []


def _interaction_tables(findings: Findings, heads: Sequence[str]) -> list[PageTable]:
    """Shapley-Taylor interactions of the headline outcomes on the plain scale; every other one folded."""
    plain = [
        i
        for i in findings.interactions
        if i.outcome in heads and i.index == PairIndex.SHAPLEY_TAYLOR and i.scale in ("risk_difference", "value")
    ]
    plain.sort(key=lambda i: list(heads).index(i.outcome))
    other = [i for i in findings.interactions if i not in plain]
    tables = []
    for found, folded in ((plain, False), (other, True)):
        rows = [row for i in found if i.pairs for row in _pair_rows(findings, i)]
        if rows:
            name = "attribution_interactions" + ("_other" if folded else "")
            title = "Interactions of pairs" + (": other outcomes, scales and indices" if folded else "")
            columns = ("Outcome", "Unit", "Index", "Pair", "Interaction", "Interval", "p, all pairs at once", "Word")
            note = (
                "Together minus apart. Better or worse together: than the sum of the two; by p for all pairs at once."
            )
            tables.append(PageTable(name, title, columns, tuple(rows), note, folded).without_empty_columns())
    return tables


def _pair_rows(findings: Findings, i: Interactions) -> list[tuple[Cell, ...]]:
    labels = outcome_labels(findings)
    return [
        (
            text(labels.get(i.outcome, i.outcome)),
            text(scale_words(i.scale)),
            text(INDICES[i.index]),
            text(f"{pair.first_label} with {pair.second_label}"),
            effect_size(pair.estimate, i.scale),
            interval(pair.lower, pair.upper, i.scale),
            p_value(pair.p_adjusted),
            text(pair.word or MISSING),
        )
        for pair in i.pairs
    ]


def _comparison_table(findings: Findings, heads: Sequence[str]) -> list[PageTable]:
    labels = outcome_labels(findings)
    rows = []
    for a in findings.attributions:
        names = {part.component: part.label for part in a.parts}
        if a.outcome in heads and a.rule == "shapley":
            rows += [
                (
                    text(labels.get(a.outcome, a.outcome)),
                    text(scale_words(a.scale)),
                    text(f"{names[c.first]} minus {names[c.second]}"),
                    effect_size(c.difference, a.scale),
                    interval(c.lower, c.upper, a.scale),
                    p_value(c.p_value),
                )
                for c in a.comparisons
            ]
    columns = ("Outcome", "Unit", "Shapley parts", "Difference", "Interval", "p")
    table = PageTable("attribution_comparisons", "Differences of parts", columns, tuple(rows), folded=True)
    return [table.without_empty_columns()] if rows else []


def _coalition_table(findings: Findings, heads: Sequence[str]) -> list[PageTable]:
    labels = outcome_labels(findings)
    frame = findings.coalitions[findings.coalitions["outcome"].isin(list(heads))]
    scores = {a.outcome for a in findings.attributions if a.scale is AttributionScale.VALUE}
    rows = tuple(
        (
            text(labels.get(row["outcome"], row["outcome"])),
            text(row["label"]),
            level(row["value"], "score" if row["outcome"] in scores else "events"),
            text(row["source"]),
            count(row["n_runs"]),
        )
        for row in frame.to_dict("records")
    )
    columns = ("Outcome", "Coalition", "Value", "From", "Runs")
    note = "What every split above is computed from: the mean rate (or score) with these components at their target."
    return (
        [PageTable("attribution_coalitions", "Values of coalitions", columns, rows, note, folded=True)] if rows else []
    )
