"""The tables of doses, diversity features and explained variation."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import pandas as pd

from mixablate.figures.dose_frames import feature_label
from mixablate.figures.frames import outcome_labels
from mixablate.figures.number_text import MISSING, level_text, scale_words
from mixablate.findings import Findings
from mixablate.report.table import (
    Cell,
    PageTable,
    count,
    effect_size,
    interval,
    p_value,
    sentences,
    share,
    share_interval,
    text,
)
from mixablate.study import Scale

__all__ = ["dose_tables", "explained_tables", "feature_tables"]

MODELS = {"alone": "alone", "size": "given", "components": "given"}
UNADJUSTED = "Each p is of one test, not adjusted for the others; claims are judged elsewhere."


def dose_tables(findings: Findings) -> tuple[PageTable, ...]:
    """Per component and outcome: trend, departure from a line, monotone trend, steps; the log-odds of steps folded."""
    tests = findings.doses.tests
    if not len(tests):
        return ()
    labels = outcome_labels(findings) | {"": "every outcome"}
    names = {component.id: component.label for component in findings.design.components}
    tests = tests[tests["outcome"].isin(labels)]
    level = level_text(findings.study.analysis.level)
    heads = (
        "Dose",
        "Outcome",
        "Question",
        "Estimate",
        "Unit",
        f"{level} interval",
        "p",
        "Smallest p",
        "Runs",
        "Answer",
    )
    steps = {str(name): _round_step(doses) for name, doses in findings.doses.runs.groupby("component")["dose"]}
    rows = tuple(_dose_row(row, names, labels, steps) for row in tests.to_dict("records"))
    strata = sorted({s for s in tests["left_out"].astype(str) if s})
    note = "Runs are compared within strata of everything else that was declared. " + UNADJUSTED
    note += " t and F tests have no smallest p."
    note += f" Strata with a single dose, left out: {'; '.join(strata)}." if strata else ""
    return (PageTable("doses", "Doses: the shape of each curve", heads, rows, note).without_empty_columns(),)


def _round_step(doses: pd.Series) -> float:
    """The power of ten of the doses' range: slopes are shown per so much, so that they have digits."""
    wide = float(doses.max() - doses.min())
    return 10.0 ** math.floor(math.log10(wide)) if wide > 0.0 else 1.0


def _dose_row(
    row: dict[Hashable, Any], names: dict[str, str], labels: dict[str, str], steps: dict[str, float]
) -> tuple[Cell, ...]:
    scale = str(row["scale"])
    monotone = row["asked"] == "monotone trend"
    step = steps.get(row["component"], 1.0) if row["unit"] == "per unit of dose" else 1.0
    estimate, lower, upper = (_number(row[name]) for name in ("estimate", "lower", "upper"))
    if not monotone:
        estimate, lower, upper = (None if v is None else v * step for v in (estimate, lower, upper))
    size = share(estimate) if monotone else effect_size(estimate, Scale(scale))
    per = f"per {step:,.6g} of dose" if row["unit"] == "per unit of dose" else row["unit"]
    unit = "of the spread (signed)" if monotone else f"{scale_words(scale)} {per}".strip()
    return (
        text(names[row["component"]]),
        text(labels[row["outcome"]]),
        text(row["asked"]),
        size,
        text(unit if estimate is not None else MISSING),
        interval(lower, upper, Scale(scale)),
        p_value(_number(row["p_value"])),
        p_value(_number(row["smallest_p"])),
        count(row["n_runs"]),
        count(row["n_doses"]),
        sentences(str(row["finding"])),
    )


def feature_tables(findings: Findings) -> tuple[PageTable, ...]:
    """Every feature's slope, alone, given the size, given the components."""
    frame = findings.features
    if not len(frame):
        return ()
    labels = outcome_labels(findings)
    level = level_text(findings.study.analysis.level)
    heads = ("Outcome", "Feature", "Model", "Per SD", "Unit", f"{level} interval", "p, Holm", "Partial R\u00b2", "VIF",
             "Runs", "Cannot tell because")  # fmt: skip
    rows = tuple(
        (
            text(labels[row["outcome"]]),
            text(feature_label(str(row["feature"]))),
            text(f"given {row['adjusted']}" if row["adjusted"] else "alone"),
            effect_size(_number(row["estimate"]), Scale(row["scale"])),
            text(scale_words(row["scale"])),
            interval(_number(row["lower"]), _number(row["upper"]), Scale(row["scale"])),
            p_value(_number(row["p_adjusted"])),
            share(_number(row["partial_r2"])),
            _vif(float(row["vif"])),
            count(row["n_runs"]),
            sentences(str(row["reason"]) or MISSING),
        )
        for row in frame.to_dict("records")
        if row["outcome"] in labels
    )
    note = (
        "p is adjusted over the features of an outcome and model (Holm); features that cannot be separated were "
        "not tested. VIF is 1/(1 - R\u00b2) of the feature by what it is given; from 10 on it is not told from that. "
        "These are associations over runs; no part of a component's effect is said to go through a feature."
    )
    return (PageTable("features", "Diversity features", heads, rows, note).without_empty_columns(),)


def explained_tables(findings: Findings) -> tuple[PageTable, ...]:
    """R^2 over runs split over its sources, with the deviance's split beside it."""
    frame = findings.explained
    if not len(frame):
        return ()
    labels = outcome_labels(findings)
    level = level_text(findings.study.analysis.level)
    heads = ("Outcome", "Source", "Part of R\u00b2", f"{level} jackknife", f"{level} bootstrap", "Share", "Alone",
             "Added last", "Part of deviance", "Moves with")  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for outcome, group in frame.groupby("outcome", sort=False):
        if outcome not in labels:
            continue
        records = group.to_dict("records")
        rows += [_explained_row(labels[str(outcome)], row) for row in records if row["player"]]
        first = records[0]
        blank = [text(MISSING)] * 5
        rows.append((text(labels[str(outcome)]), text("All sources", "total"), share(_number(first["total"])),
                     *blank, share(_number(first["deviance_total"])), text(first["reason"])))  # fmt: skip
    note = (
        "Each part is the mean of what a source adds to R\u00b2 over all orders of entry (LMG, the Shapley value); "
        "parts sum to the whole. Sources that move together share their credit. R\u00b2 is too large by about sources "
        "over runs. Parts of the deviance describe the counts and have no interval over runs. Shares are withheld "
        "where the whole is not clear (F test)."
    )
    return (PageTable("explained", "Explained variation over runs", heads, tuple(rows), note).without_empty_columns(),)


def _explained_row(label: str, row: dict[Hashable, Any]) -> tuple[Cell, ...]:
    return (
        text(label),
        text(row["player"]),
        share(_number(row["part"])),
        share_interval(_number(row["lower"]), _number(row["upper"])),
        share_interval(_number(row["boot_lower"]), _number(row["boot_upper"])),
        share(_number(row["share"])),
        share(_number(row["alone"])),
        share(_number(row["last"])),
        share(_number(row["deviance_part"])),
        text(row["moves_with"] or MISSING),
    )


def _vif(value: float) -> Cell:
    if math.isinf(value):
        return Cell("\u221e", role="number")
    return Cell(f"{value:.1f}", {"value": value}, "number")


def _number(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
