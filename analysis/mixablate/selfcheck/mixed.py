"""Mixed logits: R's lme4 at several numbers of nodes, and the maximum of the likelihood itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mixablate.estimate.models.mixed_logit import MixedLogit, RandomIntercepts, fit_mixed_logit
from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.column_roles import counts_of, formula_of
from mixablate.selfcheck.comparing import Comparison, close
from mixablate.selfcheck.named_columns import named_columns

__all__ = ["check_mixed_logit"]

# lme4's Laplace fit stops its inner iterations as soon as the penalised deviance moves by less than a relative 1e-7
# (`tolPwrss`), and takes the curvature from the step before: its optimum is not that of Laplace's approximation. With
# `tolPwrss = 1e-13` its coefficients come within 1e-6 of ours, its standard errors within 5e-5 (seven data sets, lme4
# 1.1-31). By default it missed Laplace's maximum by up to .014 standard errors, and by 2.8 % in the standard errors
# (twelve data sets).
LAPLACE_SHORT = 0.03  # in standard errors: estimates
LAPLACE_SE = 0.05  # relative
LAPLACE_HEIGHT = 0.01  # log-likelihood
DEFAULT = 1e-4


def check_mixed_logit(case: GoldCase) -> Iterator[Comparison]:
    """Coefficients, standard errors, SDs and log-likelihoods of every section, at the nodes that its name ends in.

    `logLik` at more than one node is lme4's, which leaves out the log-likelihood of the rows at rates of their own;
    `loglik_with_binomial_constants` is complete. With two groupings the SDs come in lme4's order, the grouping with
    more groups first, unless they are named.
    """
    data = case.table()
    response, _, right = formula_of(case.reference).partition("~")
    counts = counts_of(response.strip(), data)
    groupings = {name: data[name].tolist() for name in re.findall(r"\(\s*1\s*\|\s*([\w.]+)\s*\)", right)}
    for key, section in case.reference.items():
        nodes = re.search(r"\d+$", key)
        if nodes and isinstance(section, Mapping) and "beta" in section:
            # By the names of the coefficients: which level comes first is a matter of R's locale.
            names = tuple(section["beta"])
            matrix = named_columns(names, data)
            fit = fit_mixed_logit(matrix, counts.events, counts.trials, groupings, names=names, nodes=int(nodes[0]))
            if not isinstance(fit, MixedLogit):
                raise ArithmeticError(f"{key}: {fit.reason}")
            yield from _section(case, key, section, fit)


def _section(case: GoldCase, key: str, section: Mapping[str, Any], fit: MixedLogit) -> Iterator[Comparison]:
    near, near_sd = case.tolerance("beta_abs", default=DEFAULT), case.tolerance("sd_abs", default=DEFAULT)
    near_se, near_height = case.tolerance("se_abs", default=near), case.tolerance("logLik_abs", default=near)
    laplace = fit.nodes == 1
    errors = dict(zip(fit.names, np.sqrt(np.diag(fit.covariance)).tolist(), strict=True))
    betas = dict(zip(fit.names, fit.coefficients.tolist(), strict=True))
    for name, expected in section["beta"].items():
        slack = LAPLACE_SHORT * errors.get(name, 0.0) if laplace else 0.0
        yield close(f"{key}.beta.{name}", betas.get(name), expected, max(near, slack))
    for name, expected in section.get("se", {}).items():
        slack = LAPLACE_SE * errors.get(name, 0.0) if laplace else 0.0
        yield close(f"{key}.se.{name}", errors.get(name), expected, max(near_se, slack))
    for part, what, expected in _by_grouping("sd", section, fit):
        slack = LAPLACE_SHORT * part.sd * part.se_log_sd if laplace and part.sd > 0 else 0.0
        yield close(f"{key}.{what}", part.sd, expected, max(near_sd, slack))
    for part, what, expected in _by_grouping("se_log_sd", section, fit):
        yield close(f"{key}.{what}", part.se_log_sd, expected, near_sd)
    if "logLik" in section:
        height = fit.log_likelihood - (0.0 if laplace else fit.saturated)
        yield close(f"{key}.logLik", height, section["logLik"], LAPLACE_HEIGHT if laplace else near_height)
    complete = "loglik_with_binomial_constants"
    if complete in section:
        yield close(f"{key}.{complete}", fit.log_likelihood, section[complete], near_height)


def _by_grouping(
    name: str, section: Mapping[str, Any], fit: MixedLogit
) -> Iterator[tuple[RandomIntercepts, str, float | None]]:
    """The groupings with the section's number for each: one number, a list in lme4's order, or named numbers."""
    stated = section.get(name)
    if isinstance(stated, Mapping):
        parts = {part.name: part for part in fit.intercepts}
        yield from ((parts[grouping], f"{name}.{grouping}", number) for grouping, number in stated.items())
    elif name in section:
        numbers = stated if isinstance(stated, list) else [stated]
        ordered = sorted(fit.intercepts, key=lambda part: -len(part.labels))
        for part, number in zip(ordered, numbers, strict=True):
            yield part, name if len(numbers) == 1 else f"{name}.{part.name}", number
