"""Separation and Firth's penalised logit: labelled sets, and the numbers of R's brglm2 and logistf."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from mixablate.estimate.models.firth import FirthFit, firth_profile, firth_ratio_test, firth_wald, fit_firth
from mixablate.estimate.models.separation import separated
from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.column_roles import counts_of, formula_of
from mixablate.selfcheck.comparing import Comparison, close, each_close, same
from mixablate.selfcheck.formula import model_frame
from mixablate.selfcheck.named_columns import named_columns, source_columns

__all__ = ["check_firth", "check_separation"]

# Not compared: `ml_default_glm_coef` and `ml_converged_flag`, what R's glm returns under separation without a word
# (coefficients of the size at which its iteration stopped), and `median_bias_reduced`, the other estimator of brglm2
# (Kenne Pagui, Salvan and Sartori 2017), which is not ours.


def check_firth(case: GoldCase) -> Iterator[Comparison]:
    """Coefficients, Wald and profile intervals, and the penalised likelihood ratio test of every coefficient."""
    reference = case.reference
    fit = _fitted(case)
    near, near_limit = case.tolerance("coef_abs", default=1e-6), case.tolerance("ci_abs", default=1e-5)
    columns = dict(zip(fit.names, np.eye(len(fit.names)), strict=True))
    level = float(reference.get("level", 0.95))
    wald = {name: firth_wald(fit, column, level) for name, column in columns.items()}
    yield from each_close("coef", {name: found.estimate for name, found in wald.items()}, reference["coef"], near)
    yield from each_close("se", {name: found.std_error for name, found in wald.items()}, reference["se"], near)
    yield from each_close("wald_p", {name: found.p_value for name, found in wald.items()}, reference["wald_p"], near)
    yield close("penalized_loglik", fit.log_likelihood, reference["penalized_loglik"], near)
    profiles = {name: firth_profile(fit, column, level) for name, column in columns.items()}
    for key, ends in (
        ("profile_ci_lower", {name: found.lower for name, found in profiles.items()}),
        ("profile_ci_upper", {name: found.upper for name, found in profiles.items()}),
    ):
        yield from each_close(key, ends, reference[key], near_limit)
    tests = {name: firth_ratio_test(fit, column) for name, column in columns.items()}
    yield from each_close("plr_chisq", {n: test.statistic for n, test in tests.items()}, reference["plr_chisq"], near)
    yield from each_close("plr_p", {n: test.p_value for n, test in tests.items()}, reference["plr_p"], near)


def check_separation(case: GoldCase) -> Iterator[Comparison]:
    """The label of every set, and the names of the estimates that are infinite; `label` in the data is not read."""
    data = case.table()
    for name, expected in case.reference["sets"].items():
        rows = data[data["set"].astype(str) == name]
        frame = model_frame(rows["model"].iloc[0], rows)
        counts = counts_of(frame.response, rows)
        found = separated(frame.matrix, counts.events, counts.trials)
        infinite = {part.strip() for part in (expected["infinite"] or "").split(",")} - {""}
        yield same(f"sets.{name}.label", str(found.kind), expected["label"])
        yield same(f"sets.{name}.infinite", _listed(frame.names[i] for i in found.columns), _listed(infinite))


def _listed(names: Iterator[str] | set[str]) -> str:
    return ",".join(sorted(names))


def _fitted(case: GoldCase) -> FirthFit:
    data, names = case.table(), list(case.reference["coef"])
    response = formula_of(case.reference).partition("~")[0].strip()
    used = source_columns(names, data) | (set(re.findall(r"[\w.]+", response)) & set(data.columns))
    data = data.dropna(subset=sorted(used))
    counts = counts_of(response, data)
    return fit_firth(named_columns(names, data), counts.events, counts.trials, names=names)
