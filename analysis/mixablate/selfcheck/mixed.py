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

# lme4's fits stop their inner iterations as soon as the penalised deviance moves by less than a relative 1e-7
# (`tolPwrss`), and take the curvature from the step before: their optimum is not that of Laplace's approximation. With
# `tolPwrss = 1e-13` its coefficients come within 1e-6 of ours, its standard errors within 5e-5 (seven data sets, lme4
# 1.1-31). By default it missed Laplace's maximum by up to .014 standard errors, and by 2.8 % in the standard errors
# (twelve data sets). The modes that it has not reached matter as far as the nodes are too few: with 0/1 rows and a
# random SD of 4, nine nodes were off by .04 in the intercept and lme4's default by a fiftieth of that from `tolPwrss =
# 1e-13`, which was ours to 1e-6 (up to 5 % on four data sets, at one node and at nine).
LAPLACE_SHORT = 0.03  # in standard errors: estimates
LAPLACE_SE = 0.05  # relative
LAPLACE_HEIGHT = 0.01  # log-likelihood
QUADRATURE_SHORT = 0.1  # of the distance to the number at many nodes
MANY = 60
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

    def fitted(key: str, names: tuple[str, ...], nodes: int) -> MixedLogit:
        matrix = named_columns(names, data)
        fit = fit_mixed_logit(matrix, counts.events, counts.trials, groupings, names=names, nodes=nodes)
        if not isinstance(fit, MixedLogit):
            raise ArithmeticError(f"{key}: {fit.reason}")
        return fit

    for key, section in case.reference.items():
        found = re.search(r"\d+$", key)
        if found and isinstance(section, Mapping) and "beta" in section:
            # By the names of the coefficients: which level comes first is a matter of R's locale.
            names, nodes = tuple(section["beta"]), int(found[0])
            fit = fitted(key, names, nodes)
            exact = fitted(key, names, MANY) if nodes < MANY and len(groupings) == 1 else fit
            yield from _section(case, key, section, fit, exact)


def _section(
    case: GoldCase, key: str, section: Mapping[str, Any], fit: MixedLogit, exact: MixedLogit
) -> Iterator[Comparison]:
    near, near_sd = case.tolerance("beta_abs", default=DEFAULT), case.tolerance("sd_abs", default=DEFAULT)
    near_se, near_height = case.tolerance("se_abs", default=near), case.tolerance("logLik_abs", default=near)
    tolerances = {"beta": near, "se": near_se, "sd": near_sd, "se_log_sd": near_sd}
    omitted = 0.0 if fit.nodes == 1 else fit.saturated
    ours, further, theirs = _numbers(fit, section, omitted), _numbers(exact, section, omitted), _expected(fit, section)
    laplace = _laplace_slack(fit, section) if fit.nodes == 1 else {}
    for what, expected in theirs.items():
        number = ours.get(what)
        slack = laplace.get(what, 0.0)
        if number is not None:
            slack = max(slack, QUADRATURE_SHORT * abs(number - further[what]))
        yield close(f"{key}.{what}", number, expected, max(tolerances.get(what.partition(".")[0], near_height), slack))


def _numbers(fit: MixedLogit, section: Mapping[str, Any], omitted: float) -> dict[str, float]:
    """A fit's numbers by their places in a section of the reference, whose `logLik` leaves something out."""
    errors = np.sqrt(np.diag(fit.covariance)).tolist()
    found = {f"beta.{name}": slope for name, slope in zip(fit.names, fit.coefficients.tolist(), strict=True)}
    found |= {f"se.{name}": error for name, error in zip(fit.names, errors, strict=True)}
    for name in ("sd", "se_log_sd"):
        found |= {what: getattr(part, name) for part, what, _ in _by_grouping(name, section, fit)}
    found["logLik"] = fit.log_likelihood - omitted
    found["loglik_with_binomial_constants"] = fit.log_likelihood
    return found


def _expected(fit: MixedLogit, section: Mapping[str, Any]) -> dict[str, float | None]:
    theirs = {f"{name}.{column}": n for name in ("beta", "se") for column, n in section.get(name, {}).items()}
    for name in ("sd", "se_log_sd"):
        theirs |= {what: number for _, what, number in _by_grouping(name, section, fit)}
    heights = ("logLik", "loglik_with_binomial_constants")
    return theirs | {name: section[name] for name in heights if name in section}


def _laplace_slack(fit: MixedLogit, section: Mapping[str, Any]) -> dict[str, float]:
    errors = np.sqrt(np.diag(fit.covariance)).tolist()
    slack = {f"beta.{name}": LAPLACE_SHORT * error for name, error in zip(fit.names, errors, strict=True)}
    slack |= {f"se.{name}": LAPLACE_SE * error for name, error in zip(fit.names, errors, strict=True)}
    for part, what, _ in _by_grouping("sd", section, fit):
        slack[what] = LAPLACE_SHORT * part.sd * part.se_log_sd if part.sd > 0 else 0.0
    return slack | {"logLik": LAPLACE_HEIGHT}


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
