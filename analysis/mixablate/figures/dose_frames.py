"""Dose curves and feature effects reshaped into the frames that are drawn and written as CSV."""

from __future__ import annotations

import pandas as pd

from mixablate.figures.frames import outcome_labels
from mixablate.findings import Findings

__all__ = ["dose_curves_frame", "feature_effects_frame", "feature_label"]

LONG_SPAN = 20.0  # largest over smallest dose above 0: beyond it the axis is logarithmic
DOSE_COLUMNS = (
    "component", "component_label", "component_index", "outcome", "outcome_label", "kind", "direction", "row", "shape",
    "run_id", "stratum", "dose", "estimate", "lower", "upper", "level", "log_axis", "method", "reason",
)  # fmt: skip
FEATURE_COLUMNS = (
    "outcome", "outcome_label", "kind", "direction", "feature", "feature_label", "given", "adjusted", "scale",
    "estimate", "lower", "upper", "level", "p_value", "p_adjusted", "vif", "n_runs", "reason",
)  # fmt: skip


def dose_curves_frame(findings: Findings) -> pd.DataFrame:
    """Rows of curves (`row` "curve": a point of a shape, with its band) and of runs (`row` "run"), panel by panel."""
    curves = findings.doses.curves.assign(row="curve", run_id="", stratum=-1)
    runs = findings.doses.runs.assign(row="run", shape="", method="", reason="", lower=None, upper=None)
    runs = runs.assign(level=findings.study.analysis.level)
    kept = ["component", "outcome", "row", "shape", "run_id", "stratum", "dose", "estimate", "lower", "upper", "level",
            "method", "reason"]  # fmt: skip
    parts = [part[kept].astype({"lower": float, "upper": float}) for part in (curves, runs) if len(part)]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=kept)
    frame = _with_outcomes(frame, findings)
    components = {c.id: c.label for c in findings.design.components}
    frame["component_label"] = frame["component"].map(components)
    frame["component_index"] = frame["component"].map({name: i for i, name in enumerate(components)})
    frame["log_axis"] = _logarithmic(frame)
    order = {name: i for i, name in enumerate(outcome_labels(findings))}
    frame["_place"] = frame["outcome"].map(order)
    frame = frame.sort_values(["component_index", "_place"], kind="stable").reset_index(drop=True)
    return frame[list(DOSE_COLUMNS)].assign(simulated=findings.study.simulated)


def feature_effects_frame(findings: Findings) -> pd.DataFrame:
    """One row per outcome, feature and model: the slope per standard deviation, or why it cannot be separated."""
    frame = findings.features if len(findings.features) else pd.DataFrame(columns=["outcome", *FEATURE_COLUMNS[4:]])
    frame = _with_outcomes(frame.copy(), findings)
    frame["feature_label"] = [feature_label(str(name)) for name in frame["feature"]]
    order = {name: i for i, name in enumerate(outcome_labels(findings))}
    frame["_place"] = frame["outcome"].map(order)
    frame = frame.sort_values("_place", kind="stable").reset_index(drop=True)
    return frame[list(FEATURE_COLUMNS)].assign(simulated=findings.study.simulated)


def feature_label(column: str) -> str:
    """A feature column's name for people.

    >>> feature_label("feature.distinct_tools")
    'distinct tools'
    """
    return column.removeprefix("feature.").replace("_", " ")


def _with_outcomes(frame: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    """The rows of outcomes that are shown, with label, kind and direction."""
    labels = outcome_labels(findings)
    frame = frame[frame["outcome"].isin(labels)].copy()
    rates = findings.rates.drop_duplicates("outcome").set_index("outcome")
    frame["outcome_label"] = frame["outcome"].map(labels)
    for column in ("kind", "direction"):
        frame[column] = frame["outcome"].map(rates[column]) if len(rates) else ""
    return frame


def _logarithmic(frame: pd.DataFrame) -> pd.Series:
    """Whether a component's doses span more than 20 times and none is negative, so that its axis is logarithmic."""
    found = {}
    for component, rows in frame.groupby("component", sort=False):
        doses = rows.loc[rows["row"] == "run", "dose"].astype(float)
        above = doses[doses > 0.0]
        found[component] = bool(len(above) and doses.min() >= 0.0 and above.max() / above.min() > LONG_SPAN)
    return frame["component"].map(found).astype(bool)
