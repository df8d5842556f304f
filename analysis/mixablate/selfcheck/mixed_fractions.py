"""Regressions on fractions that sum to one: Scheffé's models and log-ratios, beside R's lm."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.estimate.mixtures import (
    Blend,
    BlendModel,
    MixFit,
    blend_names,
    centre,
    closed,
    clr,
    clr_coefficients,
    cox_path,
    design_rows,
    extra_squares,
    fit_mix,
    ilr,
    mixes_alone,
    pivot_basis,
    predict_mix,
    total_variance,
    working_covariance,
)
from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.column_roles import numeric_response
from mixablate.selfcheck.comparing import Comparison, close, each_close
from mixablate.selfcheck.expressions import evaluated

__all__ = ["check_log_ratio_regression", "check_scheffe_mixture"]

Floats = NDArray[np.float64]

STEP = 1 / 16
"""Of the central difference that is the slope of a quadratic but for rounding; smaller would lose digits."""


def check_scheffe_mixture(case: GoldCase) -> Iterator[Comparison]:
    """Coefficients, sums of squares, both R2, a prediction, and each part's effect and slope in Cox's direction."""
    near = case.tolerance("rel")
    reference = case.reference
    parts = list(reference["linear"]["coef"])
    data = case.table()
    fractions, response = _columns(data, parts, reference["linear"], data[parts].dropna().to_numpy(float))
    runs = mixes_alone(parts, fractions)
    fits = {model: fit_mix(Blend(model), runs, response) for model in (BlendModel.LINEAR, BlendModel.QUADRATIC)}
    for model, fit in fits.items():
        yield from _lm(str(model), fit, _names(fit), reference[str(model)], near)
    yield from _quadratic(fits[BlendModel.LINEAR], fits[BlendModel.QUADRATIC], reference["quadratic"], near)
    found = predict_mix(fits[BlendModel.QUADRATIC], np.array([reference["prediction"]["x"]], dtype=float))
    for key, ours in (("fit", found.estimate), ("se", found.std_error)):
        yield close(f"prediction.{key}", float(ours[0]), reference["prediction"][key], near, relative=True)
    yield from _cox(fits[BlendModel.QUADRATIC], reference["cox_direction"], near)


def check_log_ratio_regression(case: GoldCase) -> Iterator[Comparison]:
    """Coefficients as ilr, clr and alr with standard errors, R2, F, and the compositions' centre and coordinates."""
    near, reference = case.tolerance("rel"), case.reference
    parts, data = list(reference["parts"]), case.table()
    fractions = closed(data[parts].dropna().to_numpy(float))
    design = np.column_stack([np.ones(len(fractions)), ilr(fractions)])
    fractions, response = _columns(data, parts, {"coef": reference["ilr_coef"]}, fractions, design)
    fit = fit_mix(Blend(BlendModel.LOG_RATIO), mixes_alone(parts, fractions), response)
    names = ["(Intercept)", *(f"ilr{j}" for j in range(1, len(parts)))]
    errors = np.sqrt(np.diag(working_covariance(fit)))
    for i, (ours, theirs) in enumerate(zip(pivot_basis(len(parts)), reference["ilr_basis"], strict=True)):
        yield from each_close(f"ilr_basis.{i}", ours.tolist(), theirs, near, relative=True)
    yield from _each("ilr_coef", names, fit.coefficients, reference["ilr_coef"], near)
    yield from _each("ilr_se", names, errors, reference["ilr_se"], near)
    coefficients, covariance = clr_coefficients(fit, by_run=False)
    by_part = np.sqrt(np.diag(covariance))
    yield from _each("clr_coef", parts, coefficients, reference["clr_coef"], near)
    yield from _each("clr_coef_se", parts, by_part, reference["clr_coef_se"], near)
    yield close("clr_coef_sum", float(coefficients.sum()), reference["clr_coef_sum"], near)
    alr = ["(Intercept)", *parts]
    yield from _each("alr_coef", alr, [fit.coefficients[0], *coefficients], reference["alr_coef"], near)
    yield from _each("alr_se", alr, [errors[0], *by_part], reference["alr_se"], near)
    spread = float(((response - response.mean()) ** 2).sum())
    test = extra_squares(spread, len(response) - 1, fit.rss, fit.df_residual)
    for key, number in (("r2", fit.r2), ("F", test.statistic), ("rss", fit.rss)):
        yield close(key, number, reference[key], near, relative=True)
    yield from _each("centre_closed_geometric_mean", parts, centre(fractions),
                     reference["centre_closed_geometric_mean"], near)  # fmt: skip
    yield from each_close("first_row_ilr", ilr(fractions)[0].tolist(), reference["first_row_ilr"], near, relative=True)
    yield from each_close("first_row_clr", clr(fractions)[0].tolist(), reference["first_row_clr"], near, relative=True)
    yield close("total_variance", total_variance(fractions), reference["total_variance"], near, relative=True)


def _columns(
    data: pd.DataFrame, parts: Sequence[str], stated: Mapping[str, Any], mixes: Floats, design: Floats | None = None
) -> tuple[Floats, Floats]:
    """Fractions and response of the rows without missing values."""
    whole = data.dropna(subset=list(parts))
    response = numeric_response(stated, whole, mixes if design is None else design, set(parts))
    values = np.asarray(evaluated(response, whole), dtype=float)
    kept = np.isfinite(values)
    return mixes[kept], values[kept]


def _names(fit: MixFit) -> tuple[str, ...]:
    return blend_names(fit.blend, fit.runs.parts)


def _each(
    what: str, names: Sequence[str], ours: Sequence[float] | Floats, theirs: Mapping[str, float], near: float
) -> Iterator[Comparison]:
    found = dict(zip(names, (float(number) for number in ours), strict=True))
    yield from each_close(what, found, theirs, near, relative=True)


def _lm(
    what: str, fit: MixFit, names: Sequence[str], reference: Mapping[str, Any], near: float
) -> Iterator[Comparison]:
    yield from _each(f"{what}.coef", names, fit.coefficients, reference["coef"], near)
    yield from _each(f"{what}.se", names, np.sqrt(np.diag(working_covariance(fit))), reference["se"], near)
    yield close(f"{what}.rss", fit.rss, reference["rss"], near, relative=True)


def _quadratic(linear: MixFit, quadratic: MixFit, reference: Mapping[str, Any], near: float) -> Iterator[Comparison]:
    response = linear.response
    spread = float(((response - response.mean()) ** 2).sum())
    test = extra_squares(linear.rss, linear.df_residual, quadratic.rss, quadratic.df_residual)
    found = {
        "sigma": quadratic.sigma,
        "df": float(quadratic.df_residual),
        "r2_correct_mean_adjusted": quadratic.r2,
        "r2_no_intercept_naive": 1 - quadratic.rss / float(response @ response),  # what lm prints: never ours
        "ss_linear": spread - linear.rss,
        "ss_quadratic": test.squares,
        "F_quadratic": test.statistic,
        "p_quadratic": test.p_value,
    }
    for key, number in found.items():
        yield close(f"quadratic.{key}", number, reference.get(key, math.nan), near, relative=True)


def _cox(fit: MixFit, reference: Mapping[str, Any], near: float) -> Iterator[Comparison]:
    """From none to all of each part, and the slope, through the centroid."""
    parts = len(fit.runs.parts)
    middle = np.full(parts, 1 / parts)
    totals, slopes = [], []
    for part in range(parts):
        at = np.array([0.0, 1.0, middle[part] - STEP, middle[part] + STEP])
        path = cox_path(middle, part, at)
        values = design_rows(fit.blend, fit.runs, path, np.empty((len(at), 0))) @ fit.coefficients
        totals.append(float(values[1] - values[0]))
        slopes.append(float(values[3] - values[2]) / (2 * STEP))
    for key, ours in (("total_effect_0_to_1_at_centroid", totals), ("slope_at_centroid", slopes)):
        yield from each_close(f"cox_direction.{key}", ours, reference[key], near, relative=True)
