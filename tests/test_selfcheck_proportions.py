"""The checks of counts: shipped cases, shuffled and changed copies of them, and new ones computed by another road."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, binom, binomtest, fisher_exact, norm
from scipy.stats.contingency import odds_ratio
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from drawn_counts import GOLD, gold
from mixablate.selfcheck import Comparison
from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.proportions import (
    check_difference_interval,
    check_equivalence,
    check_exact_two_by_two,
    check_proportion_interval,
)

Check = Callable[[GoldCase], Iterator[Comparison]]

CASES: dict[str, Check] = {
    "binom_interval_newcombe1998": check_proportion_interval,
    "diff_interval_newcombe1998": check_difference_interval,
    "exact_2x2": check_exact_two_by_two,
    "tost_farrington_manning": check_equivalence,
}
every_case = pytest.mark.parametrize("name", CASES)


def check(name: str, folder: Path, reference: dict[str, Any], data: pd.DataFrame | None) -> list[Comparison]:
    if data is not None:
        data.to_csv(folder / "data.csv", index=False)
    return list(CASES[name](GoldCase(name, "any", folder, reference)))


def data_of(name: str) -> pd.DataFrame:
    return pd.read_csv(GOLD / name / "data.csv")


def numbers_in(value: Any) -> int:
    """How many numbers, missing ones and decisions a reference holds."""
    if isinstance(value, dict):
        return sum(numbers_in(part) for part in value.values())
    return sum(numbers_in(part) for part in value) if isinstance(value, list) else 1


@every_case
def test_every_number_of_the_shipped_cases_agrees(name: str) -> None:
    found = list(CASES[name](GoldCase(name, "any", GOLD / name, gold(name))))
    assert found
    assert [c.what for c in found if not c.passed] == []


@every_case
def test_every_number_of_an_entry_is_compared(name: str) -> None:
    entry, inputs = gold(name)["cases"][0], {"x", "n", "x1", "n1", "x2", "n2", "conf", "margin", "alpha"}
    found = CASES[name](GoldCase(name, "any", GOLD / name, gold(name)))
    compared = [c.what for c in found if c.what.startswith("cases.0.")]
    assert len(compared) == len(set(compared)) == sum(numbers_in(v) for key, v in entry.items() if key not in inputs)


@every_case
def test_the_order_of_rows_and_of_columns_does_not_matter(name: str, tmp_path: Path) -> None:
    data = data_of(name).sample(frac=1, random_state=5).iloc[:, ::-1]
    assert all(c.passed for c in check(name, tmp_path, gold(name), data))


@every_case
def test_entries_in_another_order_or_fewer_go_with_their_own_rows(name: str, tmp_path: Path) -> None:
    reference = gold(name)
    reference["cases"] = reference["cases"][:0:-1]
    assert all(c.passed for c in check(name, tmp_path, reference, data_of(name)))


@every_case
def test_without_rows_an_entry_has_its_own_inputs(name: str, tmp_path: Path) -> None:
    assert all(c.passed for c in check(name, tmp_path, gold(name), None))
    unrelated = pd.DataFrame({"rollout": [1, 2], "event": [0, 1]})
    assert all(c.passed for c in check(name, tmp_path, gold(name), unrelated))


@every_case
def test_an_entry_without_inputs_has_those_of_its_row(name: str, tmp_path: Path) -> None:
    data, reference = data_of(name), gold(name)
    reference["cases"] = [{k: v for k, v in e.items() if k not in data.columns} for e in reference["cases"]]
    assert all(c.passed for c in check(name, tmp_path, reference, data))


@every_case
def test_a_row_that_was_changed_fails(name: str, tmp_path: Path) -> None:
    data = data_of(name)
    data.iloc[1, 0] -= 1
    failed = {c.what.split(".")[1] for c in check(name, tmp_path, gold(name), data) if not c.passed}
    assert failed == {"1"}


@every_case
def test_inputs_that_the_reference_has_otherwise_fail(name: str, tmp_path: Path) -> None:
    for key in set(gold(name)["cases"][0]) & {"x", "n", "x1", "n2", "conf", "margin", "alpha"}:
        reference = gold(name)
        reference["cases"][1][key] += 0.001 if reference["cases"][1][key] < 1 else 1
        data = data_of(name) if key in data_of(name) else None
        failed = [c.what for c in check(name, tmp_path, reference, data) if not c.passed]
        assert f"cases.1.{key}" in failed or data is None
        assert failed


@every_case
def test_a_reference_that_was_changed_fails(name: str, tmp_path: Path) -> None:
    reference = gold(name)
    for key, value in reference["cases"][0].items():
        if isinstance(value, list):
            reference["cases"][0][key] = [value[0] + 0.01, *value[1:]]
            break
    failed = [c.what for c in check(name, tmp_path, reference, data_of(name)) if not c.passed]
    assert failed == [f"cases.0.{key}.0"]


def test_a_wrong_decision_fails(tmp_path: Path) -> None:
    name = "tost_farrington_manning"
    reference = gold(name)
    reference["cases"][2]["equivalent_score"] = False
    failed = [c.what for c in check(name, tmp_path, reference, data_of(name)) if not c.passed]
    assert failed == ["cases.2.equivalent_score"]


def test_the_tolerance_is_that_of_the_case(tmp_path: Path) -> None:
    name = "binom_interval_newcombe1998"
    reference = gold(name)
    reference["tolerance"] = {"abs": 1e-30}
    assert not all(c.passed for c in check(name, tmp_path, reference, data_of(name)))


def test_an_infinite_odds_ratio_is_missing_from_json_and_agrees(tmp_path: Path) -> None:
    # 5 of 5 against 1 of 4, and a table that says nothing, of which R reports an estimate of 0
    full, empty = fisher_exact([[5, 0], [1, 3]]).pvalue, 1.0
    lower = odds_ratio([[5, 0], [1, 3]]).confidence_interval(0.95).low
    entries = [
        {
            "x1": 5,
            "n1": 5,
            "x2": 1,
            "n2": 4,
            "fisher_two_sided": full,
            "cond_mle_or": None,
            "cond_or_ci": [lower, None],
        },
        {"x1": 0, "n1": 5, "x2": 0, "n2": 4, "fisher_two_sided": empty, "cond_mle_or": 0, "cond_or_ci": [0, None]},
    ]
    data = pd.DataFrame(entries)[["x1", "n1", "x2", "n2"]]
    found = check("exact_2x2", tmp_path, {"cases": entries, "tolerance": {"fisher": 1e-9}}, data)
    assert [c.what for c in found if not c.passed] == []
    assert len(found) == 7


def test_new_single_rates_at_other_levels_by_scipy_and_statsmodels(tmp_path: Path) -> None:
    entries = []
    for x, n, level in ((3, 47, 0.9), (0, 12, 0.99), (250, 251, 0.8), (1234, 5678, 0.999)):
        test = binomtest(x, n)
        names = {"clopper_pearson": "exact", "wilson": "wilson", "wilson_cc": "wilsoncc"}
        rows = {ours: list(test.proportion_ci(level, method=theirs)) for ours, theirs in names.items()}
        z = norm.ppf((1 + level) / 2)
        reach = z * math.sqrt(x / n * (1 - x / n) / n)
        rows["wald"] = [x / n - reach, x / n + reach]
        tails = np.array([(1 - level) / 2, (1 + level) / 2])
        rows["jeffreys"] = beta.ppf(tails, x + 0.5, n - x + 0.5).tolist()
        rows["jeffreys"] = [0.0 if x == 0 else rows["jeffreys"][0], rows["jeffreys"][1]]
        shrunk = (x + z**2 / 2) / (n + z**2)
        reach = z * math.sqrt(shrunk * (1 - shrunk) / (n + z**2))
        rows["agresti_coull"] = [shrunk - reach, shrunk + reach]
        if 0 < x < n:
            assert proportion_confint(x, n, 1 - level, "agresti_coull") == pytest.approx(rows["agresti_coull"])
        bound, three = beta.ppf(level, x + 1, n - x), 3 / n if x == 0 else None
        entries.append({"x": x, "n": n, "conf": level, **rows, "upper_one_sided_cp": bound, "rule_of_three": three})
    data = pd.DataFrame(entries)[["conf", "n", "x"]].iloc[::-1]
    found = check("binom_interval_newcombe1998", tmp_path, {"cases": entries, "tolerance": {"abs": 1e-8}}, data)
    assert [c.what for c in found if not c.passed] == []
    assert len(found) == 4 * (2 * 6 + 2)


def test_new_differences_at_another_level_by_statsmodels(tmp_path: Path) -> None:
    entries = []
    for table in ((30, 100, 10, 100), (3, 40, 9, 55), (700, 900, 650, 1000)):
        x1, n1, x2, n2 = table
        names = {"wald": "wald", "newcombe_score": "newcomb", "agresti_caffo": "agresti-caffo"}
        limits = {
            ours: list(confint_proportions_2indep(*table, method=theirs, compare="diff", alpha=0.1))
            for ours, theirs in names.items()
        }
        ratio = confint_proportions_2indep(*table, method="log", compare="ratio", alpha=0.1)
        odds = confint_proportions_2indep(*table, method="logit", compare="odds-ratio", alpha=0.1)
        limits["rr_katz"] = [x1 / n1 / (x2 / n2), *ratio]
        limits["or_wald"] = [x1 * (n2 - x2) / (x2 * (n1 - x1)), *odds]
        inputs = dict(zip(("x1", "n1", "x2", "n2"), table, strict=True))
        entries.append({**inputs, "conf": 0.9, "diff": x1 / n1 - x2 / n2, **limits})
    found = check("diff_interval_newcombe1998", tmp_path, {"cases": entries, "tolerance": {"abs": 1e-7}}, None)
    assert [c.what for c in found if not c.passed] == []
    assert len(found) == 3 * 13


def test_new_tables_by_scipy_and_by_enumeration(tmp_path: Path) -> None:
    entries = []
    for x1, n1, x2, n2 in ((1, 9, 5, 8), (6, 10, 2, 13)):
        square = [[x1, n1 - x1], [x2, n2 - x2]]
        p = {side: fisher_exact(square, side).pvalue for side in ("two-sided", "less", "greater")}
        theirs = odds_ratio(square)
        every = np.array(
            [[fisher_exact([[i, n1 - i], [j, n2 - j]]).pvalue for j in range(n2 + 1)] for i in range(n1 + 1)]
        )
        extreme = every <= p["two-sided"] * (1 + 1e-9)
        rates = np.linspace(0, 1, 20001)[:, None]
        sides = (binom.pmf(np.arange(n1 + 1), n1, rates), binom.pmf(np.arange(n2 + 1), n2, rates))
        chances = ((sides[0] @ extreme) * sides[1]).sum(axis=1)
        largest = {"p": float(chances.max()), "nuisance": float(rates[chances.argmax(), 0])}
        entry = {"x1": x1, "n1": n1, "x2": x2, "n2": n2, "fisher_two_sided": p["two-sided"]}
        entry |= {"fisher_less": p["less"], "fisher_greater": p["greater"], "cond_mle_or": theirs.statistic}
        entry |= {"cond_or_ci": list(theirs.confidence_interval(0.95)), "boschloo_two_sided": largest}
        entries.append(entry)
    reference = {"cases": entries, "tolerance": {"fisher": 1e-10, "boschloo_barnard": 1e-6}}
    assert [c.what for c in check("exact_2x2", tmp_path, reference, None) if not c.passed] == []


def test_a_new_margin_by_the_likeliest_rates_of_equal_sides(tmp_path: Path) -> None:
    # 100 of 200 on both sides: the likeliest rates at a difference d are (1 + d)/2 and (1 - d)/2, so that Mee's limits
    # solve d^2 = z^2 (1 - d^2) / (2 n), which gives z / sqrt(2 n + z^2)
    margin, alpha, n = 0.08, 0.1, 200
    z = margin / math.sqrt(2 * (0.25 - margin**2 / 4) / n)
    test = {"z": z, "p_upper": float(norm.sf(z))}
    quantile = norm.ppf(1 - alpha)
    mee = quantile / math.sqrt(2 * n + quantile**2)
    wald = quantile * math.sqrt(2 * 0.25 / n)
    entry = {"x1": 100, "n1": n, "x2": 100, "n2": n, "margin": margin, "alpha": alpha, "fm_lower": test}
    entry |= {"fm_upper": test, "tost_p": test["p_upper"], "mee_ci_1_2alpha": [-mee, mee]}
    entry |= {"wald_ci_1_2alpha": [-wald, wald], "equivalent_score": mee < margin, "noninferior_score": mee < margin}
    data = pd.DataFrame([entry])[["x1", "n1", "x2", "n2", "margin"]]
    found = check("tost_farrington_manning", tmp_path, {"cases": [entry], "tolerance": {"abs": 1e-9}}, data)
    assert [c.what for c in found if not c.passed] == []
