"""The checks of judged rates on the gold cases, on disguised copies of them, and on a case of other data."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, norm

from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.comparing import Comparison
from mixablate.selfcheck.judged import check_prediction_powered, check_rogan_gladen

GOLD = Path(__file__).resolve().parents[1] / "fixtures" / "gold"
CHECKS = {"rogan_gladen": check_rogan_gladen, "prediction_powered": check_prediction_powered}
Z = norm.ppf(0.975)


def case_of(folder: Path, method: str) -> GoldCase:
    return GoldCase(folder.name, method, folder, json.loads((folder / "reference.json").read_text()))


def compared(folder: Path, method: str) -> list[Comparison]:
    return list(CHECKS[method](case_of(folder, method)))


def written(folder: Path, table: pd.DataFrame, reference: dict[str, Any]) -> Path:
    folder.mkdir(exist_ok=True)
    table.to_csv(folder / "data.csv", index=False)
    (folder / "reference.json").write_text(json.dumps(reference))
    return folder


def failed(comparisons: list[Comparison]) -> list[Comparison]:
    assert comparisons
    return [comparison for comparison in comparisons if not comparison.passed]


@pytest.mark.parametrize(
    ("name", "method", "numbers"), [("rogan_gladen", "rogan_gladen", 3 * 42), ("ppi_mean", "prediction_powered", 28)]
)
def test_every_number_of_the_case_agrees(name: str, method: str, numbers: int) -> None:
    found = compared(GOLD / name, method)
    assert failed(found) == []
    # Three rows of 4 + 9 + 5 + 4 * 6 numbers; two judge columns of 3 + 3 + 4 + 1, and 3 + 1 + 2.
    assert len(found) == numbers


@pytest.mark.parametrize(("name", "method"), [("rogan_gladen", "rogan_gladen"), ("ppi_mean", "prediction_powered")])
def test_a_number_that_is_off_is_seen(name: str, method: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    shutil.copytree(GOLD / name, folder)
    text = (folder / "reference.json").read_text()
    number = {"rogan_gladen": "0.14739109718273", "ppi_mean": "0.10948610181464424"}[name]
    assert text.count(number) == 1
    (folder / "reference.json").write_text(text.replace(number, f"{float(number) + 1e-5}"))
    assert len(failed(compared(folder, method))) == 1


def test_counts_are_read_from_the_data_and_must_be_those_that_the_reference_repeats(tmp_path: Path) -> None:
    table = pd.read_csv(GOLD / "rogan_gladen" / "data.csv")
    reference = json.loads((GOLD / "rogan_gladen" / "reference.json").read_text())
    found = failed(compared(written(tmp_path / "one", table.assign(x=table["x"] + 1), reference), "rogan_gladen"))
    assert {"cases.0.x", "cases.0.known.ap", "cases.2.lang_reiczigel.est"} <= {c.what for c in found}
    for entry in reference["cases"]:
        for name in table.columns:
            del entry[name]
    assert failed(compared(written(tmp_path / "two", table, reference), "rogan_gladen")) == []


def test_only_searched_limits_are_given_more_than_the_exact_tolerance(tmp_path: Path) -> None:
    loose = {c.what for c in compared(GOLD / "rogan_gladen", "rogan_gladen") if c.tolerance > 1e-6}
    ends = {f"epiR.{name}.{key}.{place}" for name in ("sterne", "blaker") for key in ("ap", "tp") for place in (1, 2)}
    assert loose == {f"cases.{case}.{end}" for case in range(3) for end in ends}


def test_shuffled_rows_and_columns_are_the_same_case(tmp_path: Path) -> None:
    for name, method in (("rogan_gladen", "rogan_gladen"), ("ppi_mean", "prediction_powered")):
        table = pd.read_csv(GOLD / name / "data.csv")
        shuffled = table.sample(frac=1, random_state=3)[table.columns[::-1]]
        reference = json.loads((GOLD / name / "reference.json").read_text())
        assert failed(compared(written(tmp_path / name, shuffled, reference), method)) == []


def test_renamed_arms_true_and_false_labels_and_another_judge_column_are_the_same_case(tmp_path: Path) -> None:
    table = pd.read_csv(GOLD / "ppi_mean" / "data.csv")
    reference = json.loads((GOLD / "ppi_mean" / "reference.json").read_text())
    table["arm"] = table["arm"].map({0: "a: plain", 1: "b: é"})
    table["labelled"] = table["labelled"] == 1
    table["grader_v2"] = table["judge_score"]
    renamed = {key.replace("judge_score", "grader_v2"): value for key, value in reference.items()}
    assert failed(compared(written(tmp_path / "renamed", table, renamed), "prediction_powered")) == []


def test_rows_of_the_reference_may_come_in_another_order_and_number(tmp_path: Path) -> None:
    table = pd.read_csv(GOLD / "rogan_gladen" / "data.csv")
    reference = json.loads((GOLD / "rogan_gladen" / "reference.json").read_text())
    reference["cases"] = reference["cases"][:0:-1]
    found = compared(written(tmp_path / "fewer", table.iloc[:0:-1], reference), "rogan_gladen")
    assert failed(found) == []
    assert len(found) == 2 * 42


def epir_blaker(x: int, n: int) -> list[float]:
    """epiR's walk in steps of 1e-4 from Clopper and Pearson's limits, as its R code has it."""

    def acceptability(p: float) -> float:
        from scipy.stats import binom

        upper, lower = 1 - binom.cdf(x - 1, n, p), binom.cdf(x, n, p)
        one = upper + binom.cdf(binom.ppf(upper, n, p) - 1, n, p)
        return float(min(one, lower + 1 - binom.cdf(binom.ppf(1 - lower, n, p), n, p)))

    low = float(beta.ppf(0.025, x, n - x + 1))
    while acceptability(low + 1e-4) < 0.05:
        low += 1e-4
    high = float(beta.ppf(0.975, x + 1, n - x))
    while acceptability(high - 1e-4) < 0.05:
        high -= 1e-4
    return [low, high]


def new_row(x: int, n: int, tp: int, npos: int, tn: int, nneg: int) -> dict[str, Any]:
    """The numbers that make.R computes, by formulas written out here; Blaker's by epiR's own walk."""
    se, sp, ap = tp / npos, tn / nneg, x / n
    j = se + sp - 1
    raw = (ap + sp - 1) / j
    known = {
        "ap": ap,
        "rg_raw": raw,
        "rg_clipped": min(1, max(0, raw)),
        "wald_se_known": (ap * (1 - ap) / n) ** 0.5 / j,
    }
    error = ((ap * (1 - ap) / n + raw**2 * se * (1 - se) / npos + (1 - raw) ** 2 * sp * (1 - sp) / nneg) / j**2) ** 0.5
    centre, reach = ap + Z**2 / 2 / n, Z * (ap * (1 - ap) / n + Z**2 / 4 / n**2) ** 0.5
    wilson = [(centre - reach) / (1 + Z**2 / n), (centre + reach) / (1 + Z**2 / n)]
    if x == 1:  # Hmisc's binconf, from which epiR took its Wilson limits
        wilson[0] = -math.log(0.95) / n
    exact = [float(beta.ppf(0.025, x, n - x + 1)), float(beta.ppf(0.975, x + 1, n - x))]
    intervals = {
        name: {"ap": [ap, *limits], "tp": [(value + sp - 1) / j for value in (ap, *limits)]}
        for name, limits in (("c-p", exact), ("blaker", epir_blaker(x, n)), ("wilson", wilson))
    }
    counts = {"x": x, "n": n, "tp": tp, "npos": npos, "tn": tn, "nneg": nneg}
    estimated = {"se_hat": se, "sp_hat": sp, "delta_se": error, "delta_ci": [raw - Z * error, raw + Z * error]}
    return counts | {"known": known, "estimated": known | estimated, "epiR_known_se_sp": intervals}


def test_a_case_of_other_counts(tmp_path: Path) -> None:
    rows = [new_row(1, 80, 18, 20, 57, 60), new_row(310, 400, 70, 90, 33, 40), new_row(9, 2000, 40, 40, 199, 200)]
    reference = {"cases": rows, "tolerance": {"abs": 1e-6, "sterne_blaker": 1e-3}}
    assert failed(compared(written(tmp_path / "other", pd.DataFrame(rows), reference), "rogan_gladen")) == []


def test_a_case_of_other_rollouts(tmp_path: Path) -> None:
    # Few labels on purpose: the interval that users see is then wider, and the reference's is not.
    rng = np.random.default_rng(8)
    labelled = rng.random(240) < 0.3
    human, arm = rng.integers(0, 2, 240).astype(float), rng.integers(0, 2, 240)
    grader = np.round(0.7 * human + 0.3 * rng.random(240), 3)
    table = pd.DataFrame({"labelled": labelled.astype(int), "arm": arm, "grader": grader, "judge": grader > 0.5})
    table["human"] = np.where(labelled, human, np.nan)
    table["judge"] = table["judge"].astype(int)

    def rate(rows: np.ndarray, column: str, weight: float) -> tuple[float, float]:
        y, f = human[labelled & rows], table[column].to_numpy(float)[labelled & rows]
        u = table[column].to_numpy(float)[~labelled & rows]
        return weight * u.mean() + (y - weight * f).mean(), weight**2 * u.var() / u.size + (
            y - weight * f
        ).var() / y.size

    everyone = np.ones(240, dtype=bool)
    y, f = human[labelled], grader[labelled]
    scale = (1 + labelled.sum() / (~labelled).sum()) * grader.var(ddof=1)
    formula = float(np.cov(y, f)[0, 1] / scale)
    tuned = float(np.clip(np.cov(y, f, ddof=0)[0, 1] / scale, 0, 1))
    reference: dict[str, Any] = {"mean_grader_lambda_formula": formula, "tolerance": {"rel": 1e-9}}
    for name, weight in (("ppi", 1.0), ("power_tuned", tuned)):
        estimate, variance = rate(everyone, "grader", weight)
        reach = norm.ppf(0.95) * variance**0.5
        reference[f"mean_grader_{name}"] = {"estimate": estimate, "ci90": [estimate - reach, estimate + reach]}
    (one, one_variance), (zero, zero_variance) = rate(arm == 1, "judge", 1.0), rate(arm == 0, "judge", 1.0)
    reference["arm_difference_ppi"] = {"estimate": one - zero, "se": (one_variance + zero_variance) ** 0.5}
    reference["naive_judge_only"] = float(table["judge"].to_numpy()[~labelled].mean())
    found = compared(written(tmp_path / "other", table, reference), "prediction_powered")
    assert failed(found) == []
    assert len(found) == 1 + 2 * 3 + 2 + 1


def test_an_entry_that_is_not_known_is_said_and_not_passed_over(tmp_path: Path) -> None:
    table = pd.read_csv(GOLD / "ppi_mean" / "data.csv")
    with pytest.raises(ValueError, match='entry "median_judge_ppi" of the reference is not known'):
        compared(written(tmp_path / "unknown", table, {"median_judge_ppi": 1.0}), "prediction_powered")
