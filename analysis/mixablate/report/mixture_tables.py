"""The tables of the mix: what each part does, what replaces what, and how well the model predicts."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from mixablate.figures.frames import outcome_labels
from mixablate.figures.number_text import MISSING, level_text
from mixablate.findings import Findings
from mixablate.report.table import Cell, PageTable, count, effect_size, interval, p_value, sentences, text
from mixablate.study import Scale

__all__ = ["mixture_lead", "mixture_tables"]

SCALES = {
    Scale.RISK_DIFFERENCE: "points",
    Scale.VALUE: "score units",
    Scale.LOG_ODDS: "log-odds",
}
CAPTIONS = {
    "cox": "One part up, all others down in proportion",
    "replacement": "One part up, another down by as much",
}
ALL_AT_ONCE = (
    "The simultaneous interval and p hold for all changes of this table's kind on one outcome at once (max-T); p is "
    "that of the log-odds for rates."
)


def mixture_lead(findings: Findings) -> str:
    """What a change of the mix is, and from which mix it starts."""
    fit = findings.mixture_fit
    return (
        "Fractions of a mix sum to one: no part grows unless another shrinks, so that a part has an effect only "
        f"together with what gives way. Changes start from a reference mix ({fit['reference'].iloc[0]})."
        if len(fit)
        else ""
    )


def mixture_tables(findings: Findings) -> tuple[PageTable, ...]:
    """Cox changes and replacements, one table a kind and scale, the first open; then the models that were tried."""
    tables = []
    effects = findings.mixture_effects
    two = effects["part"].nunique() == 2
    for scale in SCALES:
        for kind in CAPTIONS:
            rows = effects[(effects["kind"] == kind) & (effects["scale"] == str(scale))]
            if len(rows) and not (kind == "replacement" and two):  # of two parts it is the same change
                folded = kind != "cox" or scale is Scale.LOG_ODDS
                tables.append(_effects(findings, rows, kind, scale, folded=folded))
    return (*tables, _fit(findings)) if tables else ()


def _effects(findings: Findings, rows: pd.DataFrame, kind: str, scale: Scale, *, folded: bool) -> PageTable:
    labels = outcome_labels(findings)
    level = level_text(findings.study.analysis.level)
    ordered = [row for name in labels for _, row in _sorted(rows[rows["outcome"] == name]).iterrows()]
    return PageTable(
        f"mixture_{kind}_{scale}",
        f"{CAPTIONS[kind]} ({SCALES[scale]})",
        ("Outcome", "Part", "Instead of", "From", "To", "Effect", f"{level} interval", "Simultaneous interval",
         "p, adjusted", "Runs", "Why none"),
        tuple(tuple(_effect_cells(labels, row, scale)) for row in ordered),
        ALL_AT_ONCE,
        folded=folded,
        scale=str(scale),
        unfolds=folded and kind == "cox",
    ).without_empty_columns()  # fmt: skip


def _sorted(rows: pd.DataFrame) -> pd.DataFrame:
    """The largest changes first, those without an interval last."""
    place = pd.to_numeric(rows["rank"]).fillna(math.inf)
    return rows.loc[place.sort_values(kind="stable").index]


def _effect_cells(labels: dict[str, str], row: pd.Series, scale: Scale) -> Iterable[Cell]:
    return (
        text(labels[str(row["outcome"])]),
        text(row["part"]),
        text(row["against"]),
        _share(row["from"]),
        _share(row["to"]),
        effect_size(_known(row["estimate"]), scale),
        interval(_known(row["lower"]), _known(row["upper"]), scale),
        interval(_known(row["simultaneous_lower"]), _known(row["simultaneous_upper"]), scale),
        p_value(_known(row["p_adjusted"])),
        count(float(row["n_runs"])),
        sentences(str(row["reason"])),
    )


def _fit(findings: Findings) -> PageTable:
    labels = outcome_labels(findings)
    fit = findings.mixture_fit
    # Of the curved model's offsets the best; findings.json and mixture_fit.csv have all.
    error = pd.to_numeric(fit["cv_rmse"]).fillna(math.inf)
    first = error.groupby([fit["outcome"], fit["model"]]).transform("min") == error
    fit = fit[first | fit["chosen"].astype(bool)].drop_duplicates(["outcome", "model"])
    rows = [row for name in labels for _, row in fit[fit["outcome"] == name].iterrows()]
    return PageTable(
        "mixture_fit",
        "The models of the mix, and how they predict runs they were not fitted to",
        ("Outcome", "Model", "Used", "Columns", "Runs", "Mixes", "Rank correlation, out of sample",
         "Error, out of sample", "Runs inside their prediction interval", "R\u00b2", "p of lack of fit",
         "p of no effect of the mix", "Note"),
        tuple(tuple(_fit_cells(labels, row)) for row in rows),
        "Out of sample: predicted by cross-validation, runs of one mix held out together, on log-odds or scores. "
        "R\u00b2 is about the mean, of the runs that were fitted. Lack of fit needs mixes with several runs.",
        folded=True,
    ).without_empty_columns()  # fmt: skip


def _fit_cells(labels: dict[str, str], row: pd.Series) -> Iterable[Cell]:
    return (
        text(labels[str(row["outcome"])]),
        text(row["words"]),
        text("yes" if row["chosen"] else "no"),
        count(float(row["columns"])),
        count(float(row["n_runs"])),
        count(float(row["n_mixes"])),
        effect_size(_known(row["cv_spearman"]), Scale.VALUE),
        effect_size(_known(row["cv_rmse"]), Scale.VALUE),
        _share(row["cv_coverage"]),
        effect_size(_known(row["r2"]), Scale.VALUE),
        p_value(_known(row["lack_of_fit_p"])),
        p_value(_known(row["joint_p"])),
        sentences(str(row["reason"])),
    )


def _known(value: object) -> float | None:
    number = float(str(value))
    return None if math.isnan(number) else number


def _share(value: object) -> Cell:
    number = _known(value)
    return Cell(MISSING, role="number") if number is None else Cell(f"{100 * number:.3g}%", {"value": number}, "number")
