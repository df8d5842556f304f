"""The tables of what was measured, and how well: missing rollouts, acting, awareness, controls."""

from __future__ import annotations

import pandas as pd

from mixablate.claims import Flag, Verdict
from mixablate.figures.frames import outcome_labels
from mixablate.figures.number_text import MISSING
from mixablate.findings import Findings
from mixablate.report.table import Cell, PageTable, count, effect_size, interval, level, p_value, sentences, text
from mixablate.study import Scale
from mixablate.tables import OutcomeKind

__all__ = ["MEASUREMENT_LEAD", "measurement_points", "measurement_tables"]

MEASUREMENT_LEAD = (
    "A rate is no better than its measurement: what is missing, whether models acted at all, what a judge says of "
    "outcomes on which nothing should happen."
)
NAMED = ("REUSED_SEED", "ERRORS_SCORED", "SENTINEL_READ", "MIXED_JUDGE", "MIXED_TASK_VERSION", "NOTHING_SCORED")
MEASURING = (Flag.MISSING_MATTERS, Flag.JUDGE_MATTERS, Flag.STOPPED_ACTING, Flag.SATURATED, Flag.REUSED_SEED)


def measurement_points(findings: Findings) -> tuple[str, ...]:
    """What reading the tables found of the measurement, and the claims that are flagged for it."""
    read = [problem for problem in findings.notices if problem.code in NAMED]
    points = [f"{problem.place}: {problem.found}. {problem.remedy}" for problem in read]
    for verdict in findings.verdicts:
        flags = [str(flag).replace("_", " ") for flag in verdict.flags if flag in MEASURING]
        if flags:
            points.append(f'The claim "{verdict.claim.id}" is flagged {", ".join(flags)}: its reason says why.')
    return tuple(points)


def measurement_tables(findings: Findings) -> tuple[PageTable, ...]:
    """Beside the rates, then claim by claim; tables without a row are left out."""
    tables = (_beside_rates(findings), _missing(findings), _controls(findings), _judges(findings))
    return tuple(table for table in tables if table.rows)


def _beside_rates(findings: Findings) -> PageTable:
    """Arms and evals of which more is known than a rate."""
    frame = findings.measured_rates
    known = ["acting_rate", "aware_rate", "n_errored"]
    shown = frame[frame[known].notna().any(axis=1) | frame["contaminated"].astype(bool)]
    kind = OutcomeKind.EVENTS
    rows = tuple(
        (
            text(row["outcome_label"]),
            text(row["arm"]),
            level(row["rate"], kind),
            level(row["acting_rate"], kind),
            level(row["rate_given_acted"], kind),
            level(row["aware_rate"], kind),
            level(row["rate_aware"], kind),
            level(row["rate_unaware"], kind),
            count(None if pd.isna(row["n_errored"]) else row["n_errored"]),
            text("yes" if row["contaminated"] else ""),
        )
        for row in shown.to_dict("records")
    )
    heads = ("Outcome", "Arm", "Rate", "Acted", "Rate when acted", "Aware", "Rate aware", "Rate unaware", "Errored")
    note = (
        "Acted: of all rollouts attempted; a low rate where models stopped acting is passivity, not safety. Aware: the "
        "model said that it may be in a test; these are strata, not the effect of awareness. Contaminated: the eval "
        "may have been trained on, and a zero on it says less."
    )
    table = PageTable("beside_rates", "Beside the rates", (*heads, "Contaminated"), rows, note)
    return table.without_empty_columns()


def _missing(findings: Findings) -> PageTable:
    labels = outcome_labels(findings)
    rows = []
    for verdict in findings.verdicts:
        for effect, found in zip(verdict.evidence, verdict.measurement.outcomes, strict=False):
            if found.missing is not None:
                ends, scale = found.missing, effect.scale
                rows.append(
                    (
                        text(verdict.claim.id, "code"),
                        text(labels.get(found.outcome, found.outcome)),
                        count(ends.n_treated),
                        count(ends.n_reference),
                        effect_size(effect.estimate, scale),
                        interval(ends.low, ends.high, scale),
                        interval(ends.lower, ends.upper, scale),
                        text(ends.reason or (MISSING if Flag.MISSING_MATTERS not in verdict.flags else "matters")),
                    )
                )
    heads = ("Claim", "Outcome", "Missing, treated", "Missing, reference", "As found", "Whatever they were")
    note = (
        "Whatever they were: the estimate with every missing rollout scored for one side and against the other. The "
        "interval there adds the uncertainty over runs."
    )
    return PageTable(
        "missing", "Missing rollouts, claim by claim", (*heads, "Interval there", "Remark"), tuple(rows), note
    )


def _controls(findings: Findings) -> PageTable:
    kinds = dict(zip(findings.tables.evals["eval_id"], findings.tables.evals["kind"], strict=True))
    labels = outcome_labels(findings)
    rows = []
    for verdict in findings.verdicts:
        for control in verdict.measurement.controls:
            scale = Scale.RISK_DIFFERENCE if kinds[control.eval_id] == OutcomeKind.EVENTS else Scale.VALUE
            rows.append(
                (
                    text(verdict.claim.id, "code"),
                    text(labels.get(control.eval_id, control.eval_id)),
                    effect_size(control.estimate, scale),
                    interval(control.lower, control.upper, scale),
                    p_value(control.p_adjusted),
                    _moved(verdict, control.moved, control.reason),
                )
            )
    heads = ("Claim", "Control", "Change", "Interval", "p, adjusted", "Moved")
    note = (
        "Controls are evals on which the components should do nothing. p: two-sided, of no change, by Holm over the "
        "controls of a claim. One that moved says that the judge or the set-up may have changed with the mix."
    )
    return PageTable("controls", "Controls, claim by claim", heads, tuple(rows), note)


def _judges(findings: Findings) -> PageTable:
    rows = []
    for verdict in findings.verdicts:
        scale = verdict.evidence[0].scale if verdict.evidence else Scale.RISK_DIFFERENCE
        for found in verdict.measurement.judges:
            shown = Scale.RISK_DIFFERENCE if found.n_labels else scale
            rows.append(
                (
                    text(verdict.claim.id, "code"),
                    text(found.what),
                    text(found.judge),
                    count(found.n_labels or None),
                    level(found.sensitivity, OutcomeKind.EVENTS),
                    level(found.specificity, OutcomeKind.EVENTS),
                    p_value(found.p_differs),
                    effect_size(found.estimate, shown),
                    interval(found.lower, found.upper, shown),
                    sentences(f"nothing: {found.reason}" if found.reason else found.says),
                )
            )
    heads = ("Claim", "What", "Judge", "Labels", "Events found", "Others passed", "p, errs alike", "Estimate")
    note = (
        "By itself: what the primary would say of it, unadjusted. p, errs alike: of no difference between the judge's "
        "errors on the two sides. Errors are taken out by Rogan and Gladen's formula, side by side where they differ."
    )
    table = PageTable("judges", "Judges, claim by claim", (*heads, "Interval", "By itself"), tuple(rows), note)
    return table.without_empty_columns() if rows else table


def _moved(verdict: Verdict, moved: bool, reason: str) -> Cell:
    if reason:
        return sentences(f"not judged: {reason}")
    words = "yes" if moved else "no"
    return text(words + (f"; {verdict.claim.id} is flagged judge matters" if moved else ""))
