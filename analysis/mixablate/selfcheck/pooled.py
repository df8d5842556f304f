"""Gold cases of pooled studies and of adjusted p-values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.claims.adjust import (
    benjamini_hochberg,
    benjamini_yekutieli,
    bonferroni,
    hochberg,
    holm,
    hommel,
)
from mixablate.estimate.pooled.between_variance import (
    BetweenVariance,
    paule_mandel_std_error,
    tau2_dersimonian_laird,
    tau2_hedges,
    tau2_interval,
    tau2_maximum_likelihood,
    tau2_paule_mandel,
    tau2_reml,
    tau2_sidik_jonkman,
)
from mixablate.estimate.pooled.meta_regression import meta_regression, small_study_test
from mixablate.estimate.pooled.pooling import BetweenEstimator, MeanInterval, Pooled, fixed_effect, leave_one_out, pool
from mixablate.estimate.pooled.study_effects import CountScale, effects_from_counts, mantel_haenszel_ratio
from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.comparing import Comparison, close, each_close, listed, within

__all__ = ["check_meta_analysis", "check_p_adjust"]

Floats = NDArray[np.float64]

ESTIMATORS: Mapping[str, BetweenEstimator] = {
    "DL": tau2_dersimonian_laird,
    "HE": tau2_hedges,
    "SJ": tau2_sidik_jonkman,
    "PM": tau2_paule_mandel,
    "EB": tau2_paule_mandel,  # the same equation by another name
    "ML": tau2_maximum_likelihood,
    "REML": tau2_reml,
}
INTERVALS = {
    "z": MeanInterval.NORMAL,
    "knha": MeanInterval.HARTUNG_KNAPP_UNGUARDED,
    "adhoc": MeanInterval.HARTUNG_KNAPP,
}
RULES: Mapping[str, Callable[[Sequence[float]], tuple[float, ...]]] = {
    "bonferroni": bonferroni,
    "holm": holm,
    "hochberg": hochberg,
    "hommel": hommel,
    "BH": benjamini_hochberg,
    "fdr": benjamini_hochberg,  # R's other name for it
    "BY": benjamini_yekutieli,
}
SIDES = (("tpos", "tneg", "cpos", "cneg"), ("ai", "bi", "ci", "di"))
WITH_TRIALS = ("ai", "n1i", "ci", "n2i")
SCALES: Mapping[str, CountScale] = {"RR": "risk_ratio", "OR": "log_odds", "RD": "risk_difference"}
UNIROOT = 2.0**-13
"""Where R's `uniroot` stops by default (the fourth root of the machine's epsilon): metafor's Paule-Mandel tau2 is no
nearer than this to its equation's root, which is more than the tolerance that the cases state."""
PERCENT = 100.0
EDGE = 100.0  # metafor looks for the upper limit of tau2 up to this, or ten times tau2


def check_p_adjust(case: GoldCase) -> Iterator[Comparison]:
    """Every rule's adjusted p-values, in ascending order: they rise with the p-values, so that rows may be shuffled.

    Missing p-values are left out on both sides, as R does.
    """
    p_values = sorted(float(p) for p in case.table()["p"].dropna())
    tolerance = case.tolerance("abs", "p_abs")
    for name, rule in RULES.items():
        if name in case.reference:
            expected = sorted(float(p) for p in listed(case.reference[name]) if p is not None)
            yield close(f"{name} (number of)", len(p_values), len(expected), 0.0)
            yield from each_close(name, rule(p_values), expected, tolerance)


def check_meta_analysis(case: GoldCase) -> Iterator[Comparison]:
    """Means, tau2, heterogeneity and both intervals of every estimator, and whatever else metafor gave."""
    given, known = _effects(case)
    y, v = given[0][known], given[1][known]
    reference, tolerance = case.reference, case.tolerance("abs")
    for key in reference:
        name, _, test = key.rpartition("_")
        if test in INTERVALS and (name == "FE" or name in ESTIMATORS):
            yield from _mean(case, key, y, v)
    if "yi" in reference:
        # In ascending order: the reference lists studies as its rows stood.
        for key, ours in (("yi", y), ("vi", v)):
            yield from each_close(
                key, sorted(ours.tolist()), sorted(n for n in reference[key] if n is not None), tolerance
            )
    if "tau2_Qprofile_ci" in reference:
        yield from _tau2_limits(case, y, v)
    if "egger_regtest" in reference:
        found = small_study_test(y, v)
        yield from each_close(
            "egger_regtest",
            {"stat": found.estimate / found.std_error, "p": found.p_value},
            reference["egger_regtest"],
            tolerance,
        )
    if "adhoc_hk" in reference:
        guarded = pool(y, v, level=_level(case))
        yield close("adhoc_hk.se", guarded.std_error, reference["adhoc_hk"]["se"], tolerance)
        limits = (guarded.lower, guarded.upper)
        yield from each_close("adhoc_hk.ci", limits, reference["adhoc_hk"]["ci"], tolerance)
    for key in reference:
        name = key.removeprefix("leave1out_")
        if name != key and name in ESTIMATORS:
            without = sorted(one.estimate for one in leave_one_out(y, v, ESTIMATORS[name]))
            yield from each_close(key, without, sorted(reference[key]), tolerance)
        moderator = key.removeprefix("meta_regression_")
        if moderator != key:
            yield from _moderated(case, key, *given, case.table()[moderator].to_numpy(dtype=float))
    if "mantel_haenszel_logRR" in reference:
        events_1, trials_1, events_0, trials_0 = _counts(case.table())
        ratio = mantel_haenszel_ratio(events_1, trials_1, events_0, trials_0)
        found_ratio = {"beta": ratio.estimate, "se": ratio.std_error}
        yield from each_close("mantel_haenszel_logRR", found_ratio, reference["mantel_haenszel_logRR"], tolerance)


def _mean(case: GoldCase, key: str, y: Floats, v: Floats) -> Iterator[Comparison]:
    name, _, test = key.rpartition("_")
    expected, tolerance, level = case.reference[key], case.tolerance("abs"), _level(case)
    if name == "FE":
        found = fixed_effect(y, v, level=level)
    elif name == "PM":
        yield from _paule_mandel(key, expected, y, v, tolerance)
        stopped = BetweenVariance(float(expected["tau2"]), math.nan, name)
        found = pool(y, v, lambda *_: stopped, interval=INTERVALS[test], level=level)
    else:
        found = pool(y, v, ESTIMATORS[name], interval=INTERVALS[test], level=level)
    ours = _numbers(found)
    theirs = {number: value for number, value in expected.items() if number not in ("ci", "pred_int")}
    if name == "PM":
        theirs = {number: value for number, value in theirs.items() if number not in ("tau2", "se_tau2")}
    if expected["se"] == 0:  # metafor's interval without width; withheld here
        theirs = {number: value for number, value in theirs.items() if number not in ("stat", "p")}
        yield from each_close(key, ours, theirs, tolerance)
        return
    yield from each_close(key, ours, theirs, tolerance)
    yield from each_close(f"{key}.ci", (found.lower, found.upper), expected["ci"], tolerance)
    if expected.get("pred_int") is not None:
        further = (found.prediction_lower, found.prediction_upper)
        yield from each_close(f"{key}.pred_int", further, expected["pred_int"], tolerance)


def _paule_mandel(
    key: str, expected: Mapping[str, Any], y: Floats, v: Floats, tolerance: float
) -> Iterator[Comparison]:
    """Our root beside theirs, and the standard error at theirs; the numbers that follow are compared at theirs too."""
    theirs = float(expected["tau2"])
    yield close(f"{key}.tau2", tau2_paule_mandel(y, v).tau2, theirs, max(tolerance, UNIROOT))
    yield close(f"{key}.se_tau2", paule_mandel_std_error(v, theirs), expected["se_tau2"], tolerance)


def _numbers(found: Pooled) -> dict[str, float]:
    return {
        "beta": found.estimate,
        "se": found.std_error,
        "stat": found.statistic,
        "p": found.p_value,
        "tau2": found.tau2,
        "se_tau2": found.tau2_std_error,
        "I2": PERCENT * found.i2,
        "H2": found.h2,
        "QE": found.q,
        "QEp": found.q_p,
    }


def _tau2_limits(case: GoldCase, y: Floats, v: Floats) -> Iterator[Comparison]:
    tolerance, level = case.tolerance("abs"), _level(case)
    (low, high), found = case.reference["tau2_Qprofile_ci"], tau2_interval(y, v, level=level)
    yield close("tau2_Qprofile_ci.0", found[0], low, tolerance)
    if high == max(EDGE, 10 * tau2_reml(y, v).tau2):
        yield within("tau2_Qprofile_ci.1", found[1], high, math.inf)
    else:
        yield close("tau2_Qprofile_ci.1", found[1], high, tolerance)


def _moderated(case: GoldCase, key: str, y: Floats, v: Floats, moderator: Floats) -> Iterator[Comparison]:
    expected, tolerance = case.reference[key], case.tolerance("abs")
    known = np.isfinite(y + v + moderator)
    found = meta_regression(y[known], v[known], moderator[known], interval=MeanInterval.NORMAL)
    yield from each_close(f"{key}.beta", [c.estimate for c in found.coefficients], expected["beta"], tolerance)
    yield from each_close(f"{key}.se", [c.std_error for c in found.coefficients], expected["se"], tolerance)
    whole = {"tau2": found.tau2, "QM": found.statistic, "R2": PERCENT * found.explained}
    yield from each_close(key, whole, {name: expected[name] for name in whole if name in expected}, tolerance)


def _effects(case: GoldCase) -> tuple[tuple[Floats, Floats], NDArray[np.bool_]]:
    """The studies' effects and variances: stated in the table, from its counts, or stated in the reference.

    With them which studies have both: metafor leaves out the others.
    """
    table = case.table()
    if {"yi", "vi"} <= set(table.columns):
        found = table["yi"].to_numpy(dtype=float), table["vi"].to_numpy(dtype=float)
    elif any(set(names) <= set(table.columns) for names in (*SIDES, WITH_TRIALS)):
        found = effects_from_counts(*_counts(table), _scale(case, table))
    else:
        found = np.array(case.reference["yi"], dtype=float), np.array(case.reference["vi"], dtype=float)
    return found, np.isfinite(found[0] + found[1])


def _scale(case: GoldCase, table: pd.DataFrame) -> CountScale:
    """The reference's measure; where it states none, that whose fixed-effect mean is the reference's."""
    if "measure" in case.reference:
        return SCALES[case.reference["measure"]]
    if "FE_z" not in case.reference:
        return "risk_ratio"
    mean, counts = float(case.reference["FE_z"]["beta"]), _counts(table)
    return min(
        SCALES.values(), key=lambda scale: abs(fixed_effect(*effects_from_counts(*counts, scale)).estimate - mean)
    )


def _counts(table: pd.DataFrame) -> tuple[Floats, Floats, Floats, Floats]:
    """Events and trials of side 1, events and trials of side 0."""
    for names in SIDES:
        if set(names) <= set(table.columns):
            a, b, c, d = (table[name].to_numpy(dtype=float) for name in names)
            return a, a + b, c, c + d
    a, n, c, m = (table[name].to_numpy(dtype=float) for name in WITH_TRIALS)
    return a, n, c, m


def _level(case: GoldCase) -> float:
    return float(case.reference.get("level", 0.95))
