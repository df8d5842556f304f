"""Gold cases of bootstraps, permutations and max-T: distributions enumerated by other software, or drawn from ours."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.resample import (
    Draws,
    DrawTest,
    QuantileRule,
    Side,
    Statistic,
    abc_interval,
    acceleration,
    basic_interval,
    bca_interval,
    bca_points,
    bootstrap_moments,
    difference_randomisation_test,
    distinct_resamples,
    draw_quantiles,
    enumerated_bootstrap,
    infinitesimal_influence,
    jackknife_influence,
    joint_randomisation,
    median_bias,
    percentile_interval,
    randomisation_test,
    rank_sum_randomisation_test,
    raw_p_values,
    single_step_max_t,
    stage_rng,
    step_down_max_t,
    studentised_interval,
    two_arms,
)
from mixablate.resample.linear_randomisation import midranks, standardised_sum
from mixablate.resample.randomisation import assignments
from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.column_roles import nearest
from mixablate.selfcheck.comparing import Comparison, close
from mixablate.selfcheck.monte_carlo import within_monte_carlo_error

__all__ = [
    "check_bootstrap_enumerated",
    "check_bootstrap_fixed_indices",
    "check_cluster_bootstrap_enumerated",
    "check_permutation",
    "check_step_down_max_t",
]

Floats = NDArray[np.float64]

DIGITS = 1e-9  # references are printed to 14 digits; sums of a hundred thousand terms lose a few
INFINITE = 1e9  # what make.R writes for a t without spread
NO_SPREAD = 1e-24  # relative variance of a resample of one unit alone: rounding


def check_bootstrap_enumerated(case: GoldCase) -> Iterator[Comparison]:
    """The ratio sum(x)/sum(u) of n units (their mean x without a `u`): the ideal bootstrap and its intervals."""
    data, reference = case.table(), case.reference
    statistic = _ratio_statistic(data)
    draws = enumerated_bootstrap(statistic, [""] * len(data))
    found = bootstrap_moments(draws)
    jackknife = jackknife_influence(statistic, len(data))
    numbers = {
        "t0": draws.observed,
        "n_distinct": float(draws.statistics.size),
        "sum_w": float(draws.weights.sum()),
        "ideal_mean": found.mean,
        "ideal_bias": found.bias,
        "ideal_se": found.std_error,
        "jackknife_se": math.sqrt(float((jackknife**2).sum()) / (len(data) * (len(data) - 1))),
    }
    yield from _shared("", numbers, reference, DIGITS)
    influences = {"jackknife": jackknife, "infinitesimal": infinitesimal_influence(statistic, len(data))}
    for key, expected in reference.items():
        if parts := re.fullmatch(r"(percentile|basic)(\d+)", key):
            interval = {"percentile": percentile_interval, "basic": basic_interval}[parts[1]](draws, _level(parts[2]))
            yield from _shared("", {key: (interval.lower, interval.upper)}, reference, DIGITS)
        elif parts := re.fullmatch(r"bca(\d+)_(jackknife|infinitesimal)_a", key):
            ours = _bca(draws, acceleration(influences[parts[2]]), _level(parts[1]))
            yield from _shared(f"{key}.", ours, expected, DIGITS)
        elif parts := re.fullmatch(r"abc(\d+)", key):
            approximate = abc_interval(statistic, len(data), _level(parts[1]))
            limits = {key: (approximate.lower, approximate.upper)}
            yield from _shared("", limits, reference, case.tolerance("abc_rel", default=1e-6), relative=True)
        elif parts := re.fullmatch(r"R_boot_(\d+)_seed\d+", key):
            yield from within_monte_carlo_error(f"{key}.", draws, acceleration(jackknife), expected, int(parts[1]))


def check_cluster_bootstrap_enumerated(case: GoldCase) -> Iterator[Comparison]:
    """Runs resampled within two arms: pooled risk difference, log odds ratio and log risk ratio."""
    data = case.table().groupby(["arm", "run"], sort=True, as_index=False)[["k", "n"]].sum()
    arms = data["arm"].astype(str).tolist()
    statistics = _two_arm_statistics(data)
    for key, statistic in statistics.items():
        draws = enumerated_bootstrap(statistic, arms)
        short = {"risk_difference": "rd"}.get(key, key)
        yield from _shared("point.", {short: draws.observed}, case.reference.get("point", {}), DIGITS)
        if key in case.reference:
            yield from _moments_and_percentiles(f"{key}.", draws, case.reference[key])
    yield close("n_distinct", distinct_resamples(arms), case.reference["n_distinct"], 0.0)


def check_bootstrap_fixed_indices(case: GoldCase) -> Iterator[Comparison]:
    """The mean of `x` over resamples whose indices (from 0) are given: every kind of interval from drawn resamples."""
    x, reference = case.table()["x"].to_numpy(dtype=float), case.reference
    tolerance = case.tolerance("rel", "abs", default=1e-10)
    draws, pivots, variance = _indexed(x, case.table("indices").to_numpy(dtype=np.intp))
    error = math.sqrt(variance)
    numbers = {
        "B": float(draws.statistics.size),
        "t0": draws.observed,
        "v0": variance,
        "se_boot": bootstrap_moments(draws).std_error,
        "n_nonfinite_studentised": float(np.count_nonzero(~np.isfinite(pivots.statistics))),
    }
    yield from _shared("", numbers, reference, tolerance, relative=True)
    for key, expected in reference.items():
        if parts := re.fullmatch(r"(percentile|basic|student)(\d+)_type(\d)", key):
            level, rule = _level(parts[2]), QuantileRule(f"type {parts[3]}")
            interval = {
                "percentile": lambda level, rule: percentile_interval(draws, level, rule),
                "basic": lambda level, rule: basic_interval(draws, level, rule),
                "student": lambda level, rule: studentised_interval(draws.observed, error, pivots, level, rule),
            }[parts[1]](level, rule)
            limits = {key: (interval.lower, interval.upper)}
            yield from _shared("", limits, reference, tolerance, relative=True)
        elif parts := re.fullmatch(r"bca(\d*)", key):
            ours = _drawn_bca(draws, acceleration(x - x.mean()), _level(parts[1] or "95"), expected)
            yield from _shared(f"{key}.", ours, expected, tolerance, relative=True)


def check_permutation(case: GoldCase) -> Iterator[Comparison]:
    """Two groups of runs under every assignment: difference of means, Welch's t, Wilcoxon's rank sum."""
    values, treated = _two_groups(case.table(), case.reference)
    tolerance = case.tolerance("p_abs")
    if {"wilcoxon_exact_p", "wilcoxon_z", "midpvalue"} & set(case.reference):
        yield from _shared("", _rank_sum(values, treated), case.reference, tolerance)
    difference = difference_randomisation_test(values, treated)
    numbers = {
        "coin_exact_p": difference.p_absolute,
        "oneway_exact_p": difference.p_absolute,
        "min_attainable_two_sided_p": difference.smallest_two_sided,
    }
    yield from _shared("", numbers, case.reference, tolerance)
    yield from _draw_test("mean_difference", difference, case.reference, tolerance)
    if "welch_t" in case.reference:
        cells = two_arms(treated)
        welch = randomisation_test(values, cells, draws=assignments(cells), rng=stage_rng(0, "selfcheck"))
        yield from _draw_test("welch_t", welch, case.reference, tolerance)


def check_step_down_max_t(case: GoldCase) -> Iterator[Comparison]:
    """Welch's absolute t of several outcomes under every joint relabelling of two arms."""
    data, reference = case.table(), case.reference
    evals = list(reference["t"])
    cells = two_arms(data["arm"].to_numpy() == data["arm"].max())
    values = data[evals].to_numpy(dtype=float)
    total = assignments(cells)
    signed = joint_randomisation(values, cells, draws=total, rng=stage_rng(0, "selfcheck"), sides=Side.ABOVE)
    joint = replace(signed, observed=np.abs(signed.observed), drawn=np.abs(signed.drawn))
    yield close("n_assignments", len(joint.drawn), reference["n_assignments"], 0.0)
    yield from _shared("t.", _by(evals, signed.observed), reference["t"], DIGITS)
    tolerance = case.tolerance("p_abs")
    adjusted = {
        "raw_p": raw_p_values,
        "single_step_maxT": single_step_max_t,
        "step_down_maxT": step_down_max_t,
    }
    for key, function in adjusted.items():
        yield from _shared(f"{key}.", _by(evals, function(joint)), reference.get(key, {}), tolerance)


def _shared(
    prefix: str, found: Mapping[str, Any], expected: Mapping[str, Any], tolerance: float, *, relative: bool = False
) -> Iterator[Comparison]:
    """What both sides have, numbers and sequences of numbers alike."""
    for key, numbers in found.items():
        if key not in expected:
            continue
        if isinstance(numbers, tuple):
            for place, (ours, theirs) in enumerate(zip(numbers, expected[key], strict=True)):
                yield _beside(f"{prefix}{key}.{place}", ours, theirs, tolerance, relative)
        else:
            yield _beside(f"{prefix}{key}", numbers, expected[key], tolerance, relative)


def _beside(what: str, found: float, expected: float | str | None, tolerance: float, relative: bool) -> Comparison:
    """Relative on request and above 1: what is 0 but for rounding has no relative error. R's infinities are missing."""
    theirs = None if isinstance(expected, str) else expected
    if theirs is not None and abs(theirs) == INFINITE and math.isinf(found):
        found = math.copysign(INFINITE, found)
    large = theirs is not None and abs(theirs) > 1.0
    return close(what, found if math.isfinite(found) else None, theirs, tolerance, relative=relative or large)


def _level(percent: str) -> float:
    """The level of a key's digits: 95 is .95, 995 is .995."""
    return float(f"0.{percent}")


def _by(names: Sequence[str], numbers: Floats) -> dict[str, float]:
    return dict(zip(names, numbers.tolist(), strict=True))


def _ratio_statistic(data: pd.DataFrame) -> Statistic:
    x = data["x"].to_numpy(dtype=float)
    u = data["u"].to_numpy(dtype=float) if "u" in data else np.ones(x.size)
    return lambda weights: np.asarray(weights @ x / (weights @ u), dtype=float)


def _bca(draws: Draws, skew: float, level: float) -> dict[str, Any]:
    ours: dict[str, Any] = {"a": skew}
    for name, half in (("mid", True), ("strict", False)):
        interval = bca_interval(draws, skew, level, half_ties=half)
        points = bca_points(draws, skew, level, half_ties=half)
        ours |= {f"z0_{name}": points.bias, f"adj_{name}": points.points}
        ours |= {f"ci_{name}": (interval.lower, interval.upper)}
    return ours


def _drawn_bca(draws: Draws, skew: float, level: float, expected: Mapping[str, Any]) -> dict[str, Any]:
    ours: dict[str, Any] = {"z0": median_bias(draws), "a": skew, "adj": bca_points(draws, skew, level).points}
    for key in expected:
        if parts := re.fullmatch(r"ci_type(\d)", key):
            interval = bca_interval(draws, skew, level, QuantileRule(f"type {parts[1]}"))
            ours[key] = (interval.lower, interval.upper)
    return ours


def _two_arm_statistics(runs: pd.DataFrame) -> dict[str, Statistic]:
    """Of weights over runs: the arm of the larger label against the other, pooled counts."""
    k, n = runs["k"].to_numpy(dtype=float), runs["n"].to_numpy(dtype=float)
    treated = (runs["arm"] == runs["arm"].max()).to_numpy()

    def rates(weights: Floats) -> tuple[Floats, Floats]:
        one, other = ((weights[:, side] @ k[side]) / (weights[:, side] @ n[side]) for side in (treated, ~treated))
        return one, other

    def compared(scale: Callable[[Floats], Floats]) -> Statistic:
        def statistic(weights: Floats) -> Floats:
            one, other = rates(weights)
            return scale(one) - scale(other)

        return statistic

    return {
        "risk_difference": compared(lambda rate: rate),
        "log_or": compared(lambda rate: np.log(rate / (1 - rate))),
        "log_rr": compared(np.log),
    }


def _moments_and_percentiles(prefix: str, draws: Draws, expected: Mapping[str, Any]) -> Iterator[Comparison]:
    found = bootstrap_moments(draws)
    # R's sums over no resample at all are 0.
    mean, error = (0.0, 0.0) if math.isnan(found.mean) else (found.mean, found.std_error)
    yield from _shared(prefix, {"mean": mean, "se": error}, expected, DIGITS)
    yield close(f"{prefix}prob_nonfinite", found.undefined, expected["prob_nonfinite"], DIGITS)
    for key in expected:
        if parts := re.fullmatch(r"percentile(\d+)", key):
            # Quantiles, not an interval: the reference has one also where too many resamples are undefined for ours.
            tail = (1 - _level(parts[1])) / 2
            quantiles = tuple(draw_quantiles(draws, [tail, 1 - tail]).tolist())
            yield from _shared(prefix, {key: quantiles}, expected, DIGITS)


def _indexed(x: Floats, indices: NDArray[np.intp]) -> tuple[Draws, Draws, float]:
    """Draws of the mean and of its pivot, and the plug-in variance of the mean."""
    count, units = indices.shape
    flat = (indices + units * np.arange(count)[:, None]).ravel()
    weights = np.bincount(flat, minlength=count * units).reshape(count, units).astype(float)
    means = weights @ x / units
    variances = (weights * (x - means[:, None]) ** 2).sum(axis=1) / units**2
    mean, variance = float(x.mean()), float(((x - x.mean()) ** 2).sum()) / units**2
    seen = variances > NO_SPREAD * variance
    pivots = np.where(seen, (means - mean) / np.sqrt(np.where(seen, variances, 1.0)), math.nan)
    equal = np.full(count, 1.0 / count)
    return Draws(mean, means, equal, exact=False), Draws(0.0, pivots, equal, exact=False), variance


def _two_groups(data: pd.DataFrame, reference: Mapping[str, Any]) -> tuple[Floats, NDArray[np.bool_]]:
    """Run values and whether each run stands in the last group, from counts by run or from values by row.

    The groups are the column `arm` or `group`, or else one of two levels; rows of one run are added up.
    """
    two = [str(name) for name in data.columns if data[name].nunique() == 2]
    group = next(name for name in ("arm", "group", *two) if name in data)
    if {"k", "n"} <= set(data.columns):
        counts = data[["k", "n"]]
    else:
        others = [c for c in data.columns if c not in (group, "run") and pd.api.types.is_numeric_dtype(data[c])]
        counts = pd.DataFrame({"k": data[_value_column(data, group, others, reference)], "n": 1.0})
    runs = data["run"] if "run" in data else pd.Series(np.arange(len(data)), index=data.index)
    table = counts.groupby([data[group], runs]).sum()
    labels = table.index.get_level_values(0)
    return (table["k"] / table["n"]).to_numpy(dtype=float), np.asarray(labels == labels.max())


def _value_column(data: pd.DataFrame, group: str, columns: Sequence[str], reference: Mapping[str, Any]) -> str:
    """The column whose difference of means or standardised rank sum is the reference's."""
    last = (data[group] == data[group].max()).to_numpy()

    def numbers(column: str) -> Floats:
        values = data[column].to_numpy(dtype=float)
        return np.array([values[last].mean() - values[~last].mean(), standardised_sum(midranks(values), ~last)])

    expected = [reference.get("mean_difference", {}).get("t0"), reference.get("wilcoxon_z")]
    return nearest(columns, numbers, expected)


def _rank_sum(values: Floats, treated: NDArray[np.bool_]) -> dict[str, float]:
    """Wilcoxon's test as coin has it, which standardises the sum of the first level."""
    ranks = rank_sum_randomisation_test(values, ~treated)
    return {
        "wilcoxon_exact_p": ranks.p_absolute,
        "wilcoxon_z": ranks.observed,
        # coin takes off half the ties on either side of 0, which at 0 are the same ones twice.
        "midpvalue": ranks.mid_p_absolute if abs(ranks.observed) > DIGITS else ranks.p_absolute_beyond,
    }


def _draw_test(key: str, test: DrawTest, reference: Mapping[str, Any], tolerance: float) -> Iterator[Comparison]:
    expected = reference.get(key, {})
    numbers = {
        "n_assignments": float(test.draws),
        "p_two_sided_abs": test.p_absolute,
        "p_greater": test.p_above,
        "p_less": test.p_below,
        "midp_two_sided": test.mid_p_absolute,
    }
    yield from _shared(f"{key}.", {"t0": test.observed}, expected, DIGITS)
    yield from _shared(f"{key}.", numbers, expected, tolerance)
