"""Counts beyond binomial: the numbers of R's glm, quasibinomial and VGAM's beta-binomial."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from mixablate.estimate.models.beta_binomial import BetaBinomial, correlation_interval, fit_beta_binomial
from mixablate.estimate.models.overdispersion import QuasiBinomial, fit_quasibinomial, quasi_contrast
from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.column_roles import formula_of
from mixablate.selfcheck.comparing import Comparison, close, each_close
from mixablate.selfcheck.named_columns import named_columns

__all__ = ["check_overdispersion"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a case: design (n, p), events and trials (n,), names of the columns."""

    design: Floats
    events: Floats
    trials: Floats
    names: tuple[str, ...]

    def by_name(self, numbers: Floats) -> dict[str, float]:
        return dict(zip(self.names, numbers.tolist(), strict=True))


def check_overdispersion(case: GoldCase) -> Iterator[Comparison]:
    """The binomial, quasi-binomial and beta-binomial fits of `events of trials`, a row for each litter or run."""
    reference, data = case.reference, case.table()
    stated = re.match(r"\s*([\w.]+) of ([\w.]+)\s*~", formula_of(reference))
    if stated is None:
        raise ValueError(f'a formula must begin "events of trials ~", found "{formula_of(reference)}"')
    events, trials = (data[column].to_numpy(dtype=float) for column in stated.groups())
    names = tuple(reference["binomial"]["coef"])
    rows = _Rows(named_columns(names, data), events, trials, names)
    yield from _beta_binomial(case, rows)
    yield from _binomial(case, rows)


def _beta_binomial(case: GoldCase, rows: _Rows) -> Iterator[Comparison]:
    fit = fit_beta_binomial(rows.design, rows.events, rows.trials, names=rows.names)
    if not isinstance(fit, BetaBinomial):
        raise ValueError(fit.reason)
    theirs, near = case.reference["betabin"], case.tolerance("coef_abs", default=1e-5)
    near_height = case.tolerance("loglik_abs", default=1e-7)
    errors, rho = np.sqrt(np.diag(fit.covariance)), fit.correlation
    yield from each_close("betabin.coef", rows.by_name(fit.coefficients), theirs["coef"], near)
    yield from each_close("betabin.se", rows.by_name(errors[:-1]), theirs["se"], near)
    yield close("betabin.rho", rho, theirs["rho"], near)
    yield close("betabin.logit_rho", float(logit(rho)), theirs["logit_rho"], near)
    yield close("betabin.se_logit_rho", float(errors[-1]), theirs["se_logit_rho"], near)
    # From 0 to infinity: found as well as rho is in relative terms.
    total = (1 - rho) / rho if rho > 0 else math.inf
    yield close("betabin.alpha_plus_beta", total, theirs["alpha_plus_beta"], near, relative=True)
    yield close("betabin.loglik", fit.log_likelihood, theirs["loglik"], near_height)
    lower, _ = correlation_interval(fit, 0.95)
    yield close("betabin.rho_profile95_lower", lower, theirs["rho_profile95_lower"], near)
    yield close("betabin.lr_vs_binomial", fit.ratio_statistic, theirs["lr_vs_binomial"], near_height)
    yield close("betabin.lr_p_boundary_halfchisq", fit.ratio_p_value, theirs["lr_p_boundary_halfchisq"], near)


def _binomial(case: GoldCase, rows: _Rows) -> Iterator[Comparison]:
    fit = fit_quasibinomial(rows.design, rows.events, rows.trials, names=rows.names)
    if not isinstance(fit, QuasiBinomial):
        raise ValueError(fit.reason)
    near, near_height = case.tolerance("coef_abs", default=1e-5), case.tolerance("loglik_abs", default=1e-7)
    plain, quasi = case.reference["binomial"], case.reference["quasibinomial"]
    yield from each_close("binomial.coef", rows.by_name(fit.coefficients), plain["coef"], near)
    yield from each_close("binomial.se", rows.by_name(np.sqrt(np.diag(fit.model_covariance))), plain["se"], near)
    yield close("binomial.loglik", fit.log_likelihood, plain["loglik"], near_height)
    yield close("binomial.deviance", fit.deviance, plain["deviance"], near_height)
    yield close("binomial.pearson_x2", fit.pearson, plain["pearson_x2"], near)
    yield close("binomial.df", fit.df, plain["df"], 0.0)
    yield close("quasibinomial.phi", fit.dispersion, quasi["phi"], near)
    found = [quasi_contrast(fit, column, floor=0.0) for column in np.eye(len(rows.names))]
    errors = np.array([one.std_error for one in found])
    yield from each_close("quasibinomial.se", rows.by_name(errors), quasi["se"], near)
    tails = np.array([one.p_value for one in found])
    yield from each_close("quasibinomial.t_p", rows.by_name(tails), quasi["t_p"], near)
