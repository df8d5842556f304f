"""Gold cases of clustered covariances: least squares, the logit, joint tests, two-way clustering."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, gammaln, xlogy

from mixablate.estimate.models.cluster_robust import (
    ClusterRobust,
    Correction,
    cluster_robust,
    least_squares,
    satterthwaite_df,
    stata_factor,
)
from mixablate.estimate.models.inference import t_inference
from mixablate.estimate.models.joint_tests import hotelling_hta, hotelling_htz, naive_f
from mixablate.estimate.models.logit import LogitFit, fit_logit
from mixablate.estimate.models.two_way import cgm_covariance
from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.column_roles import Counts, binomial_counts, nearest, numeric_response
from mixablate.selfcheck.comparing import Comparison, close, each_close
from mixablate.selfcheck.expressions import evaluated, words_of
from mixablate.selfcheck.logits import must_fit
from mixablate.selfcheck.named_columns import named_columns, source_columns

__all__ = ["check_glm_cluster", "check_grouped_vs_expanded", "check_ols_cluster", "check_two_way_cluster"]

Floats = NDArray[np.float64]

LEVEL = 0.95
"""conf_int's default, which make.R keeps."""

JOINT = {"HTZ": hotelling_htz, "HTA": hotelling_hta, "Naive-F": naive_f}
"""clubSandwich's other joint tests (chi-sq, HTB, EDF, EDT) are left out on purpose: nothing here uses them."""

CLUSTERED = {"HC0_nocadj": Correction.CR0, "HC0_cadj": Correction.CR1, "HC0": Correction.CR1, "HC1": Correction.CR1S}
"""The types of sandwich's vcovCL; without `nocadj` it multiplies by G/(G - 1)."""

WHITE = {
    "HC0_white": Correction.CR0,
    "HC0": Correction.CR0,
    "HC1": Correction.CR1S,
    "HC2": Correction.CR2,
    "HC3": Correction.CR3,
}
"""The types of sandwich's vcovHC: corrections with every row a cluster of its own."""


ROUNDING = 1e-5
"""Below this part of its usual size a coefficient or standard error is 0 but for rounding: an outcome that is as
frequent at two visits, the error of a level by clusters that are the levels. R's 1e-16 there has no right digit."""


@dataclass(frozen=True, slots=True)
class _Fit:
    """A whitened fit: names and coefficients (p,), design (n, p), residuals (n,), working variances (n,) if any."""

    names: tuple[str, ...]
    coefficients: Floats
    design: Floats
    residuals: Floats
    variances: Floats | None = None

    def by(self, labels: ArrayLike, correction: Correction) -> ClusterRobust:
        spread = self.variances if correction is Correction.CR2 else None
        return cluster_robust(self.design, self.residuals, labels, correction, spread)

    def errors(self, labels: ArrayLike, correction: Correction) -> Floats:
        return _roots(self.by(labels, correction).covariance)

    def classical(self) -> Floats:
        """Standard errors of independent rows of one variance."""
        rows, columns = self.design.shape
        root = self.by(np.arange(rows), Correction.CR0).root
        return _roots(root @ root.T * float(self.residuals @ self.residuals) / (rows - columns))

    def compared(
        self, what: str, found: Floats, expected: Mapping[str, float | None], tolerance: float
    ) -> Iterator[Comparison]:
        """Coefficients or their standard errors, relative to the reference's unless both are 0 but for rounding."""
        for name, ours, usual in zip(self.names, found.tolist(), self.classical().tolist(), strict=True):
            theirs = expected.get(name)
            if theirs is not None and max(abs(ours), abs(theirs)) < ROUNDING * usual:
                yield _scaled(f"{what}.{name}", ours, theirs, ROUNDING * usual, tolerance)
            else:
                yield close(f"{what}.{name}", ours, theirs, tolerance, relative=True)


def check_ols_cluster(case: GoldCase) -> Iterator[Comparison]:
    """Least squares with clubSandwich's CR0 to CR3, Satterthwaite df, intervals and joint tests.

    The response is the formula's where one is stated, else the column whose coefficients come nearest; the cluster is
    the other column whose standard errors do.
    """
    table, reference, tolerance = case.table(), case.reference, case.tolerance("rel")
    fit, response = _ordinary(table, reference)
    cluster = _cluster(fit, table[[c for c in table.columns if c not in words_of(response)]], reference)
    yield from fit.compared("coef", fit.coefficients, reference["coef"], tolerance)
    yield from _small_sample(reference, fit, lambda correction: fit.by(table[cluster], correction), tolerance)


def check_two_way_cluster(case: GoldCase) -> Iterator[Comparison]:
    """Least squares with classical, White's, one-way and two-way clustered standard errors.

    The two ways are the columns that the keys `cluster_<column>_<type>` name, in that order.
    """
    table, reference, tolerance = case.table(), case.reference, case.tolerance("rel")
    fit, _ = _ordinary(table, reference)
    yield from fit.compared("coef", fit.coefficients, reference["coef"], tolerance)
    keys = [key for key, value in reference.items() if isinstance(value, Mapping) and set(value) == set(fit.names)]
    ways = list(dict.fromkeys(found[0] for key in keys if (found := _one_way(key, table))))
    for key in keys:
        if key != "coef":
            yield from fit.compared(key, _panel_errors(key, fit, table, ways), reference[key], tolerance)


def check_glm_cluster(case: GoldCase) -> Iterator[Comparison]:
    """The binomial logit with model errors, sandwich's types by cluster, clubSandwich's CR0 to CR3 and their df.

    A response of proportions has for weights the column that makes whole numbers of all of them. The cluster is the
    column outside response and weights with G values; of several, the one whose standard errors come nearest.
    """
    table, reference = case.table(), case.reference
    near, tolerance = case.tolerance("coef_rel", "rel"), case.tolerance("se_rel", "rel")
    names = tuple(reference["coef"])
    design = named_columns(names, table)
    counts = _binomial(reference, table, design)
    logit = must_fit(names, design, counts, ["all"] * len(table))
    fit = _whitened(logit, design, counts)
    others = [c for c in table.columns if c not in counts.columns]
    groups = [c for c in others if "G" not in reference or table[c].nunique() == reference["G"]]
    cluster = _cluster(fit, table[groups or others], reference)
    yield from fit.compared("coef", fit.coefficients, reference["coef"], near)
    yield from _logit_numbers(reference, logit, counts, near, tolerance)
    if "G" in reference:
        yield close("G", table[cluster].nunique(), reference["G"], 0.0)
    for key, correction in CLUSTERED.items():
        if f"cluster_{key}" in reference:
            errors = fit.errors(table[cluster], correction)
            yield from fit.compared(f"cluster_{key}", errors, reference[f"cluster_{key}"], tolerance)

    def by(correction: Correction) -> ClusterRobust:
        if correction is Correction.CR2 and np.ptp(counts.trials) == 0:
            # Rows of as many trials each: adding up those alike changes nothing, and 0/1 rows become few.
            return must_fit(names, design, counts, table[cluster].tolist(), correction).robust
        return fit.by(table[cluster], correction)

    yield from _small_sample(reference, fit, by, tolerance)


def check_grouped_vs_expanded(case: GoldCase) -> Iterator[Comparison]:
    """A logit of the rows as they are and of the counts they add up to: one set of numbers for both.

    HC1 takes its n from the trials, whichever form the table has: the reference's is that of the 0/1 rows.
    """
    table, reference, tolerance = case.table(), case.reference, case.tolerance("rel")
    names = tuple(reference["coef"])
    design = named_columns(names, table)
    counts = _binomial(reference, table, design)
    fit = _whitened(must_fit(names, design, counts, ["all"] * len(table)), design, counts)
    cluster = _cluster(fit, table[[c for c in table.columns if c not in counts.columns]], reference)
    codes = np.unique(table[cluster], return_inverse=True)[1]
    cells, cell = np.unique(np.column_stack([codes, design]), axis=0, return_inverse=True)
    events, trials = (np.bincount(cell.ravel(), values).astype(float) for values in (counts.events, counts.trials))
    yield from _one_form(reference, "as given", fit, design, counts, codes, tolerance)
    grouped = Counts(events, trials, counts.columns)
    yield from _one_form(reference, "grouped", fit, cells[:, 1:], grouped, cells[:, 0], tolerance)


def _cluster(fit: _Fit, candidates: pd.DataFrame, reference: Mapping[str, Any]) -> str:
    """The column whose clustered standard errors come nearest to the reference's."""
    if "cluster_HC0_nocadj" in reference:
        correction, expected = Correction.CR0, reference["cluster_HC0_nocadj"]
    else:
        first = next(iter(reference["cr"]))
        correction, expected = Correction(first), reference["cr"][first]["se"]
    return nearest(list(candidates.columns), lambda c: fit.errors(candidates[c], correction), expected.values())


def _binomial(reference: Mapping[str, Any], table: pd.DataFrame, design: Floats) -> Counts:
    """The counts whose coefficients and model standard errors come nearest to the reference's."""
    names = tuple(reference["coef"])

    def numbers(counts: Counts) -> Floats:
        fit = fit_logit(design, counts.events, counts.trials, ["all"] * len(table), names=names)
        if not isinstance(fit, LogitFit):
            return np.full(2 * len(names), np.nan)
        return np.concatenate([fit.coefficients, _roots(fit.model_covariance)])

    errors = list(reference["model_se"].values())
    slopes = [b if abs(b) > ROUNDING * se else None for b, se in zip(reference["coef"].values(), errors, strict=True)]
    expected = [*slopes, *errors]
    return binomial_counts(reference, table, source_columns(names, table), numbers, expected)


def _ordinary(table: pd.DataFrame, reference: Mapping[str, Any]) -> tuple[_Fit, str]:
    """The least squares fit with the reference's coefficients, and its response."""
    names = tuple(reference["coef"])
    design = named_columns(names, table)
    response = numeric_response(reference, table, design, source_columns(names, table))
    coefficients, residuals = least_squares(design, np.asarray(evaluated(response, table), dtype=float))
    return _Fit(names, coefficients, design, residuals), response


def _whitened(fit: LogitFit, design: Floats, counts: Counts) -> _Fit:
    """The rows as given; clubSandwich takes p(1 - p)/n as the variance of a row of proportions."""
    rate = expit(design @ fit.coefficients)
    weight = np.sqrt(counts.trials * rate * (1 - rate))
    residuals = (counts.events - counts.trials * rate) / weight
    variances = rate * (1 - rate) / counts.trials
    return _Fit(fit.names, fit.coefficients, design * weight[:, None], residuals, variances)


def _panel_errors(key: str, fit: _Fit, table: pd.DataFrame, ways: Sequence[str]) -> Floats:
    """The standard errors that a key of the two-way case names; NaN for a key that is not known."""
    rows = np.arange(len(table))
    if key == "classical":
        return fit.classical()
    if key in WHITE:
        return fit.errors(rows, WHITE[key])
    if found := _one_way(key, table):
        return fit.errors(table[found[0]], CLUSTERED[found[1]])
    two = re.fullmatch(rf"twoway_({'|'.join(CLUSTERED)})(_multi0)?", key)
    if not two or len(ways) != 2:
        return np.full(len(fit.names), np.nan)
    first, second = (table[way] for way in ways)
    both = cgm_covariance(fit.design, fit.residuals, first, second, CLUSTERED[two[1]], plain_cells=bool(two[2]))
    return _roots(both)


def _one_way(key: str, table: pd.DataFrame) -> tuple[str, str] | None:
    """The column and type of a key such as `cluster_firm_HC1`."""
    found = re.fullmatch(rf"cluster_(.+?)_({'|'.join(CLUSTERED)})", key)
    return (found[1], found[2]) if found and found[1] in table.columns else None


def _logit_numbers(
    reference: Mapping[str, Any], fit: LogitFit, counts: Counts, near: float, tolerance: float
) -> Iterator[Comparison]:
    """Model errors, deviance, log-likelihood and rows, of those that the reference has."""
    yield from _each(fit.names, "model_se", _roots(fit.model_covariance), reference["model_se"], tolerance)
    k, n = counts.events, counts.trials
    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    best = float((ways + xlogy(k, k / n) + xlogy(n - k, 1 - k / n)).sum())
    for key, number in (("deviance", fit.deviance), ("logLik", best - fit.deviance / 2)):
        if key in reference:
            yield close(key, number, reference[key], near, relative=True)
    if "n_rows" in reference:
        yield close("n_rows", fit.n_rows, reference["n_rows"], 0.0)


def _one_form(
    reference: Mapping[str, Any],
    form: str,
    fit: _Fit,
    design: Floats,
    counts: Counts,
    clusters: NDArray[Any],
    tolerance: float,
) -> Iterator[Comparison]:
    names = fit.names
    plain, corrected = (must_fit(names, design, counts, clusters.tolist(), c) for c in (Correction.CR0, Correction.CR2))
    factor = stata_factor(int(counts.trials.sum()), len(names), plain.n_clusters)
    found = {
        "coef": plain.coefficients,
        "model_se": _roots(plain.model_covariance),
        "cluster_HC0_nocadj": _roots(plain.covariance),
        "cluster_HC1": _roots(plain.covariance * factor),
        "CR2": _roots(corrected.covariance),
        "CR2_df": np.array([satterthwaite_df(corrected.robust, unit) for unit in np.eye(len(names))]),
    }
    for key, expected in reference.items():
        if isinstance(expected, Mapping) and set(expected) == set(names):
            ours = found.get(key, np.full(len(names), np.nan))
            yield from fit.compared(f"{form}.{key}", ours, expected, tolerance)


def _small_sample(
    reference: Mapping[str, Any], fit: _Fit, by: Callable[[Correction], ClusterRobust], tolerance: float
) -> Iterator[Comparison]:
    """The blocks `cr` and `joint_*` of clubSandwich; the joint tests rest on CR2."""
    for key, theirs in reference.get("cr", {}).items():
        yield from _of_correction(f"cr.{key}", fit, by(Correction(key)), theirs, tolerance)
    for key, tests in reference.items():
        if not key.startswith("joint_"):
            continue
        robust = by(Correction.CR2)
        places = _constrained(key.removeprefix("joint_"), fit, robust, tests)
        gradients = np.eye(len(fit.names))[list(places)]
        for name in JOINT.keys() & tests.keys():
            test = JOINT[name](gradients @ fit.coefficients, robust, gradients)
            ours = {"F": test.statistic, "df_num": test.df_num, "df_denom": test.df_denom, "p": test.p_value}
            yield from each_close(f"{key}.{name}", ours, tests[name], tolerance, relative=True)


def _of_correction(
    what: str, fit: _Fit, robust: ClusterRobust, theirs: Mapping[str, Any], tolerance: float
) -> Iterator[Comparison]:
    """Standard errors, df, p-values, limits and covariance; the last two on the scale of the standard errors."""
    errors = _roots(robust.covariance)
    degrees = np.array([satterthwaite_df(robust, unit) for unit in np.eye(len(errors))])
    yield from fit.compared(f"{what}.se", errors, theirs["se"], tolerance)
    yield from _each(fit.names, f"{what}.satt_df", degrees, theirs["satt_df"], tolerance)
    among, shaken = len(robust.clusters) - 1, tolerance if fit.variances is not None else 0.0
    columns = (fit.coefficients.tolist(), errors.tolist(), degrees.tolist())
    for name, estimate, error, df in zip(fit.names, *columns, strict=True):
        for key, degree in (("satt_p", df), ("naive_t_p", float(among))):
            # R's glm leaves its last weights a step behind its coefficients: the standard errors of a logit agree to
            # their tolerance, and the tails that they give to a multiple of it.
            p_value, moved = (t_inference(estimate, error * by, degree).p_value for by in (1.0, 1 + shaken))
            slack = max(tolerance, moved / p_value - 1) if p_value > 0 else tolerance
            yield close(f"{what}.{key}.{name}", p_value, theirs[key][name], slack, relative=True)
        test = t_inference(estimate, error, df, LEVEL)
        yield _scaled(f"{what}.ci_L.{name}", test.lower, theirs["ci_L"][name], error, tolerance)
        yield _scaled(f"{what}.ci_U.{name}", test.upper, theirs["ci_U"][name], error, tolerance)
    for (row, column), ours in np.ndenumerate(robust.covariance):
        scale = float(errors[row] * errors[column])
        yield _scaled(f"{what}.vcov.{row}.{column}", float(ours), theirs["vcov"][row][column], scale, tolerance)


def _scaled(what: str, found: float, expected: float | None, scale: float, tolerance: float) -> Comparison:
    """Numbers that may come out near 0, compared on the scale of what they are limits or products of."""
    if expected is None or not scale > 0:
        return close(what, found, expected, tolerance)
    compared = close(what, found / scale, expected / scale, tolerance)
    return replace(compared, expected=expected, found=found)


def _constrained(
    text: str, fit: _Fit, robust: ClusterRobust, tests: Mapping[str, Mapping[str, float]]
) -> tuple[int, ...]:
    """The places of the coefficients that a joint test names, joined by underscores; a factor stands for its levels.

    A text that names none is that of as many coefficients as the tests have, those whose statistic comes nearest.
    """
    meant = {name: [place] for place, name in enumerate(fit.names)}
    for place, name in enumerate(fit.names):
        if factor := re.match(r"(factor\(\s*([\w.]+).*\))", name):
            for alias in factor.groups():
                meant.setdefault(alias, []).append(place)

    def read(rest: str) -> list[int] | None:
        for alias, places in meant.items():
            if rest == alias:
                return places
            if rest.startswith(f"{alias}_") and (others := read(rest[len(alias) + 1 :])) is not None:
                return [*places, *others]
        return None

    def statistic(places: tuple[int, ...]) -> Floats:
        gradients = np.eye(len(fit.names))[list(places)]
        return np.array([JOINT[name](gradients @ fit.coefficients, robust, gradients).statistic for name in known])

    if (found := read(text)) is not None:
        return tuple(found)
    known = sorted(JOINT.keys() & tests.keys())
    several = combinations(range(len(fit.names)), round(tests[known[0]]["df_num"]))
    return nearest(several, statistic, [tests[name]["F"] for name in known])


def _each(
    names: Sequence[str], what: str, found: Floats, expected: Mapping[str, float | None], tolerance: float
) -> Iterator[Comparison]:
    """Numbers by coefficient, each relative to the reference's."""
    return each_close(what, dict(zip(names, found.tolist(), strict=True)), expected, tolerance, relative=True)


def _roots(covariance: Floats) -> Floats:
    """Standard errors; NaN where a variance is below 0."""
    variances = np.diag(covariance)
    return np.where(variances >= 0, np.sqrt(np.abs(variances)), np.nan)
