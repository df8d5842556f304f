"""Tests of a dose curve's shape over training runs: its trend, its departure from a line, its last step.

The trend is the least squares slope within strata, a contrast of cell means. Where every cell (stratum and dose) holds
two runs its standard error comes from the spread within cells alone (SE^2 = sum c^2 s^2 / n, Satterthwaite), so that a
bent curve does not pass for noise; elsewhere from the regression's residuals (HC2, Bell-McCaffrey).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mixablate.estimate.doses.dose_runs import DoseRuns, thin_sides
from mixablate.estimate.doses.dose_terms import DoseTerms, Shape
from mixablate.estimate.doses.within_strata import within_strata
from mixablate.estimate.models.cluster_robust import contrast_inference
from mixablate.estimate.models.joint_tests import hotelling_htz
from mixablate.estimate.runs.cells import satterthwaite
from mixablate.estimate.runs.detectable import detectable
from mixablate.estimate.runs.effect import number_or_none
from mixablate.estimate.runs.evidence import Evidence, interval, two_sided_p
from mixablate.estimate.runs.region import few_on_a_side, thin_regression
from mixablate.study import Scale

__all__ = ["Asked", "DoseTest", "departure_from_linearity", "stated", "trend", "trend_coefficients"]

Floats = NDArray[np.float64]
ROUNDING = 1e-9


class Asked(StrEnum):
    """What a test of a dose asks."""

    TREND = "trend"
    LOG_TREND = "log trend"
    DEPARTURE = "departure from a line"
    MONOTONE = "monotone trend"
    AGAINST = "step against the trend"
    LAST_STEP = "last step"


@dataclass(frozen=True, slots=True)
class DoseTest:
    """One test of a dose on one outcome.

    Attributes:
        component, outcome: ids.
        asked: which question.
        scale: of `estimate`.
        unit: what `estimate` is per, or of: "per unit of dose", "per doubling of dose", "from 2 to 4".
        estimate: None where there is none.
        std_error, df, lower, upper, detectable: over runs; None where withheld.
        level: of the interval.
        p_value: two-sided; None where withheld.
        smallest_p: the smallest p these runs could give; None for t and F tests, which have no floor.
        n_runs, n_doses, n_strata: what it rests on.
        method: the exact formula in words.
        scope: what it speaks about.
        reason: why it cannot tell; empty where it can.
        finding: what it says, in words.
        left_out: strata with a single dose.
    """

    component: str
    outcome: str
    asked: Asked
    scale: Scale
    unit: str
    estimate: float | None
    std_error: float | None
    df: float | None
    lower: float | None
    upper: float | None
    level: float
    p_value: float | None
    smallest_p: float | None
    detectable: float | None
    n_runs: int
    n_doses: int
    n_strata: int
    method: str
    scope: str
    reason: str
    finding: str
    left_out: tuple[str, ...] = ()


def trend_coefficients(runs: DoseRuns, terms: DoseTerms) -> Floats:
    """Coefficients of runs (R,) whose sum over values is the least squares slope within strata.

    The slope's column less what strata (and the intercept of dose 0) explain of it, over its sum of squares (Frisch &
    Waugh 1933): within one stratum (x - mean x) / sum (x - mean x)^2.

    Raises:
        ValueError: the slope's column does not vary within strata.
    """
    columns = terms.columns(runs.dose)
    others = np.hstack([runs.strata, np.delete(columns, terms.slope, axis=1)])
    slope = columns[:, terms.slope]
    left = slope - others @ np.linalg.lstsq(others, slope, rcond=None)[0]
    size = float(left @ left)
    if not size > ROUNDING * float(slope @ slope):
        raise ValueError("the dose does not vary within strata")
    return np.asarray(left / size, dtype=float)


def trend(runs: DoseRuns, terms: DoseTerms, *, level: float) -> DoseTest:
    """The slope within strata, per unit of dose or per doubling, with its t test over runs."""
    asked = Asked.LOG_TREND if terms.shape is Shape.LOG else Asked.TREND
    unit = "per doubling of dose" if terms.shape is Shape.LOG else "per unit of dose"
    try:
        per_run = trend_coefficients(runs, terms)
    except ValueError as error:
        return stated(runs, asked, unit, _nothing(runs, str(error)), str(error), terms.words, level)
    estimate = float(per_run @ runs.values)
    # Coefficients of a long dose axis are tiny; a margin relative to the largest keeps rounding off the sides.
    sides = np.where(np.abs(per_run) > ROUNDING * float(np.abs(per_run).max()), per_run, 0.0)
    few = few_on_a_side(int((sides > 0).sum()), int((sides < 0).sum())) if runs.replicated else ""
    evidence = _of_cells(runs, per_run, estimate) if runs.replicated else _of_rows(runs, terms, estimate)
    thin = thin_regression(evidence.df, evidence.leverage) if evidence.layout == "regression" else ""
    reason = few or evidence.reason or thin or thin_sides(runs, sides) or _no_spread(evidence, per_run, runs)
    how = "cell means (stratum and dose), SE^2 = sum c^2 s^2/n, Satterthwaite df"
    if evidence.layout == "regression":
        how = "least squares over runs, HC2 standard error, Bell-McCaffrey df"
    return stated(runs, asked, unit, evidence, reason, f"{terms.words}, within strata; {how}", level)


def departure_from_linearity(runs: DoseRuns, *, level: float) -> DoseTest:
    """Whether the dose means lie off every straight line, where doses are replicated.

    The dose means (strata averaged out) are fitted freely, and the D - 2 contrasts among them that vanish on a line are
    tested at once by the approximate Hotelling test with HC2, which in replicated cells uses their own s^2/n. The
    estimate is the largest distance of a dose mean from the least squares line through them, with a Bonferroni interval
    over the D doses. Lack of fit as in Draper & Smith (1998), section 2.1, without its equal variances.
    """
    size = runs.doses.size
    words = "dose means against the straight line through them; approximate Hotelling test (HTZ) of all contrasts off "
    words += "the line, HC2 over runs; interval of the largest distance, Bonferroni over the doses"
    fit = within_strata(runs, np.eye(size)[runs.at][:, 1:])
    if isinstance(fit, str):
        return stated(runs, Asked.DEPARTURE, "", _nothing(runs, fit), fit, words, level)
    line = np.column_stack([np.ones(size), runs.doses / np.abs(runs.doses).max()])
    weight = np.sqrt(np.bincount(runs.at))[:, None]
    effects = np.concatenate([[0.0], fit.coefficients[fit.strata :]])
    off = np.eye(size) - line @ np.linalg.pinv(weight * line) @ np.diag(weight[:, 0])
    place = int(np.argmax(np.abs(off @ effects)))
    contrast = np.concatenate([np.zeros(fit.strata), off[place, 1:]])
    found = contrast_inference(float(off[place] @ effects), fit.robust, contrast, 1.0 - (1.0 - level) / size)
    constraints = np.hstack([np.zeros((size - 2, fit.strata)), _off_line(runs.doses)])
    joint = hotelling_htz(constraints @ fit.coefficients, fit.robust, constraints)
    evidence = Evidence(runs.scale, found.estimate, found.std_error, joint.df_denom, "regression", math.nan, math.nan)
    reason = joint.reason or found.reason or thin_regression(joint.df_denom, found.leverage)
    reason = reason or thin_sides(runs, runs.dose - float(runs.dose.mean()))
    made = stated(runs, Asked.DEPARTURE, f"off the line at dose {runs.doses[place]:g}", evidence, reason, words, level)
    if reason:
        return made
    return _replaced(made, found.lower, found.upper, joint.p_value, found.df)


def _replaced(test: DoseTest, lower: float, upper: float, p_value: float, df: float) -> DoseTest:
    clear = p_value <= 1.0 - test.level
    finding = "the curve bends: it departs from a straight line" if clear else "no clear departure from a straight line"
    return replace(test, lower=lower, upper=upper, p_value=p_value, df=df, detectable=None, finding=finding)


def stated(
    runs: DoseRuns, asked: Asked, unit: str, evidence: Evidence, reason: str, method: str, level: float
) -> DoseTest:
    """The test that this evidence makes, its numbers withheld where there is a reason."""
    lower, upper = (math.nan, math.nan) if reason else interval(evidence, level)
    p_value = None if reason else two_sided_p(evidence)
    return DoseTest(
        component=runs.component,
        outcome=runs.outcome.name,
        asked=asked,
        scale=evidence.scale,
        unit=unit,
        estimate=number_or_none(evidence.estimate),
        std_error=None if reason else number_or_none(evidence.std_error),
        df=None if reason else number_or_none(evidence.df),
        lower=number_or_none(lower),
        upper=number_or_none(upper),
        level=level,
        p_value=p_value,
        smallest_p=None,
        detectable=None if reason else detectable(evidence.std_error, evidence.df, level=level),
        n_runs=len(runs.run_ids),
        n_doses=runs.doses.size,
        n_strata=int(runs.stratum.max()) + 1,
        method=("described, not inferred: " if reason else "") + method,
        scope="these models only, on these scenarios" if reason else "runs like these, on these scenarios",
        reason=reason,
        finding=_finding(evidence.estimate, p_value, level, reason),
        left_out=runs.left_out,
    )


def _finding(estimate: float, p_value: float | None, level: float, reason: str) -> str:
    way = "rises" if estimate > 0.0 else "falls"
    if reason or p_value is None:
        return f"cannot tell: {reason}"
    return f"the outcome {way} with the dose" if p_value <= 1.0 - level else "no clear trend"


def _nothing(runs: DoseRuns, reason: str) -> Evidence:
    return Evidence(runs.scale, math.nan, math.nan, math.nan, "regression", math.nan, math.nan, reason=reason)


def _of_cells(runs: DoseRuns, per_run: Floats, estimate: float) -> Evidence:
    cell = runs.cells
    counts = np.bincount(cell).astype(float)
    means = np.bincount(cell, runs.values) / counts
    squares = np.bincount(cell, (runs.values - means[cell]) ** 2)
    coefficients = np.bincount(cell, per_run)
    shares = coefficients**2 * squares / (counts * (counts - 1.0))
    error, df = math.sqrt(float(shares.sum())), float(satterthwaite(shares, counts))
    return Evidence(runs.scale, estimate, error, df, "cells", math.nan, math.nan)


def _of_rows(runs: DoseRuns, terms: DoseTerms, estimate: float) -> Evidence:
    columns = terms.columns(runs.dose)
    unit = np.abs(columns).max(axis=0)
    fit = within_strata(runs, columns / unit)
    if isinstance(fit, str):
        return Evidence(runs.scale, estimate, math.nan, math.nan, "regression", math.nan, math.nan, reason=fit)
    vector = np.zeros(fit.rows.shape[1])
    vector[fit.strata + terms.slope] = 1.0 / unit[terms.slope]
    found = contrast_inference(estimate, fit.robust, vector)
    return Evidence(
        runs.scale, estimate, found.std_error, found.df, "regression", math.nan, math.nan,
        leverage=found.leverage, reason=found.reason,
    )  # fmt: skip


def _no_spread(evidence: Evidence, per_run: Floats, runs: DoseRuns) -> str:
    """Where all runs of a cell agree to the last digit, nothing shows how much runs differ."""
    size = float(np.abs(per_run) @ np.abs(runs.values - runs.values.mean()))
    if evidence.std_error <= ROUNDING * size or not evidence.std_error > 0.0:
        return "the runs of each dose agree to the last digit: nothing shows how much runs differ"
    return ""


def _off_line(doses: Floats) -> Floats:
    """(D - 2, D - 1) contrasts of the doses' effects against the first dose's that vanish on every straight line."""
    gaps = (doses[1:] - doses[0]) / (doses[-1] - doses[0])
    _, _, axes = np.linalg.svd(gaps[None, :])
    return np.asarray(axes[1:], dtype=float)
