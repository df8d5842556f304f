"""Rates behind an imperfect judge: Rogan-Gladen beside epiR, prediction-powered inference beside ppi-python."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from mixablate.estimate import (
    Judge,
    JudgedSample,
    PredictionPowered,
    blaker,
    clopper_pearson,
    corrected_limits,
    corrected_rate,
    judged_sample,
    lang_reiczigel,
    optimal_weight,
    prediction_powered_difference,
    prediction_powered_mean,
    rogan_gladen,
    sterne,
    tuned_weight,
    validated_judge,
    wilson,
)
from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.comparing import Comparison, close, each_close
from mixablate.selfcheck.paired_rows import paired_entries, wrong_inputs

__all__ = ["check_prediction_powered", "check_rogan_gladen"]

LEVEL = 0.95  # of intervals that state no other
COUNTS = ("x", "n", "tp", "npos", "tn", "nneg", "conf")
GRID = {"blaker": 1e-4, "sterne": 1e-5}
Limits = Callable[[int, int, float], tuple[float, float]]


def check_rogan_gladen(case: GoldCase) -> Iterator[Comparison]:
    """Every estimate and interval of every row."""
    exact, searched = case.tolerance("abs"), case.tolerance("sterne_blaker", "abs")
    for what, given, entry in paired_entries(case, "cases", COUNTS, {"conf": LEVEL}):
        yield from wrong_inputs(what, COUNTS, given, entry)
        row = dict(zip(COUNTS, given, strict=True))
        judge = validated_judge(row["tp"], row["npos"], row["tn"], row["nneg"])
        known = Judge(judge.sensitivity, judge.specificity)
        for block, one in (("known", known), ("estimated", judge)):
            yield from _compared(f"{what}.{block}", _textbook(row, one), entry.get(block, {}), exact)
        yield from _compared(f"{what}.lang_reiczigel", _shrunk(row, judge), entry.get("lang_reiczigel", {}), exact)
        for name, expected in entry.get("epiR_known_se_sp", {}).items():
            slack = searched if name in GRID else exact
            yield from _prevalences(f"{what}.epiR.{name}", row, known, expected, (exact, slack))


def check_prediction_powered(case: GoldCase) -> Iterator[Comparison]:
    """Every mean, weight and difference that the reference names, for each judge column that its keys name."""
    tolerance = case.tolerance("rel", "abs")
    relative = "rel" in case.reference.get("tolerance", {})
    table = case.table()
    for key, expected in case.reference.items():
        if key in ("truth_generating", "tolerance", "meta"):  # how the data were made, and bookkeeping
            continue
        for name, found, number in _numbers(key, table, expected):
            yield close(name, found, number, tolerance, relative=relative)


def _textbook(row: Mapping[str, float], judge: Judge) -> dict[str, float | tuple[float, float]]:
    found = corrected_rate(row["x"], row["n"], judge, row["conf"])
    known = corrected_rate(row["x"], row["n"], Judge(judge.sensitivity, judge.specificity), row["conf"])
    return {
        "ap": found.apparent,
        "rg_raw": found.estimate,
        "rg_clipped": found.clipped,
        "wald_se_known": known.std_error,
        "se_hat": judge.sensitivity,
        "sp_hat": judge.specificity,
        "delta_se": found.std_error,
        "delta_ci": (found.lower, found.upper),
    }


def _shrunk(row: Mapping[str, float], judge: Judge) -> dict[str, float | tuple[float, float]]:
    found = lang_reiczigel(row["x"], row["n"], judge, row["conf"])
    return {"est": found.estimate, "ci_raw": (found.lower, found.upper), "ci": found.clipped_limits}


def _prevalences(
    what: str, row: Mapping[str, float], judge: Judge, expected: Mapping[str, Any], tolerances: tuple[float, float]
) -> Iterator[Comparison]:
    """Apparent and true prevalence with their limits, as `epi.prev` lists them.

    epiR finds Blaker's limits on a grid of 1e-4 and Sterne's by bisection to 1e-5; ours are exact, hence a tolerance of
    their own. The correction divides a step of the search by sensitivity + specificity - 1.
    """
    exact, searched = tolerances
    name = what.rpartition(".")[2]
    limits = LIMITS[name](round(row["x"]), round(row["n"]), row["conf"])
    apparent = row["x"] / row["n"]
    step = GRID.get(name, 0.0) / (judge.sensitivity + judge.specificity - 1)
    blocks = {
        "ap": ((apparent, *limits), searched),
        "tp": ((rogan_gladen(apparent, judge), *corrected_limits(limits, judge)), max(searched, step)),
    }
    for key, ((estimate, *ends), tolerance) in blocks.items():
        yield close(f"{what}.{key}.0", estimate, expected[key][0], exact)
        for place, (end, theirs) in enumerate(zip(ends, expected[key][1:], strict=True), start=1):
            yield close(f"{what}.{key}.{place}", end, theirs, tolerance)


def _wilson_of_epir(events: int, trials: int, level: float) -> tuple[float, float]:
    """Wilson's limits, with the one-sided Poisson limit that epiR puts in their place at 1 and at n - 1 events."""
    lower, upper = wilson(events, trials, level)
    if events == 1:
        lower = -math.log(level) / trials
    if events == trials - 1:
        upper = 1.0 + math.log(level) / trials
    return lower, upper


LIMITS: Mapping[str, Limits] = {
    "c-p": clopper_pearson,
    "sterne": sterne,
    "blaker": blaker,
    "wilson": _wilson_of_epir,
}


def _compared(
    what: str, found: Mapping[str, float | tuple[float, ...]], expected: Mapping[str, Any], tolerance: float
) -> Iterator[Comparison]:
    """Every number and list of the reference, beside ours of the same name."""
    for key, number in expected.items():
        ours = found[key]
        if isinstance(ours, tuple):
            yield from each_close(f"{what}.{key}", ours, number, tolerance)
        else:
            yield close(f"{what}.{key}", ours, number, tolerance)


def _numbers(key: str, table: pd.DataFrame, expected: Any) -> Iterator[tuple[str, float | None, float]]:
    """The place, our number and theirs of one entry."""
    if key == "naive_judge_only":
        yield key, float(_sample(table, "judge").unlabelled.mean()), expected
    elif key == "arm_difference_ppi":
        # Second minus first arm, in the arms' own order (0 and 1 in the cases seen).
        first, second = (_sample(rows, "judge") for _, rows in table.groupby("arm", sort=True))
        yield from _entries(key, lambda level: prediction_powered_difference(second, first, level=level), expected)
    elif key == "classical_labelled_only":
        sample = _sample(table, "judge")
        yield from _entries(key, lambda level: prediction_powered_mean(sample, 0.0, level), expected)
    else:
        yield from _of_column(key, table, expected)


def _of_column(key: str, table: pd.DataFrame, expected: Any) -> Iterator[tuple[str, float | None, float]]:
    """`mean_<judge column>_<what was done>`."""
    named = re.fullmatch(r"mean_(.+?)_(ppi|closed_form|power_tuned|lambda_formula)", key)
    if named is None:
        raise ValueError(f'the entry "{key}" of the reference is not known')
    sample = _sample(table, named[1])
    if named[2] == "lambda_formula":
        yield key, optimal_weight(sample), expected
    else:
        weight = tuned_weight(sample) if named[2] == "power_tuned" else 1.0
        yield from _entries(key, lambda level: prediction_powered_mean(sample, weight, level), expected)


def _entries(
    key: str, of_level: Callable[[float], PredictionPowered], expected: Mapping[str, Any]
) -> Iterator[tuple[str, float | None, float]]:
    """Estimate, standard error and intervals (`ci95`: the level in percent) of one entry."""
    for name, number in expected.items():
        if name.startswith("ci"):
            limits = of_level(float(name[2:]) / 100.0).unwidened
            yield f"{key}.{name}.lower", limits[0], number[0]
            yield f"{key}.{name}.upper", limits[1], number[1]
        else:
            found = of_level(LEVEL)
            yield f"{key}.{name}", {"estimate": found.estimate, "se": found.std_error}[name], number


def _sample(table: pd.DataFrame, judge: str) -> JudgedSample:
    human = np.where(table["labelled"].to_numpy() == 1, table["human"].to_numpy(float), np.nan)
    return judged_sample(human, table[judge].to_numpy(float))
