"""The check of mixed logits: the gold case, what leaves it passing, what must fail it, and cases of its kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logsumexp
from scipy.stats import norm

from mixablate.estimate.models.mixed_logit import MixedLogit, fit_mixed_logit
from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.comparing import Comparison
from mixablate.selfcheck.mixed import check_mixed_logit

GOLD = Path(__file__).resolve().parents[1] / "fixtures" / "gold" / "mixedlogit_cbpp"
REFERENCE: dict[str, Any] = json.loads((GOLD / "reference.json").read_text())
LIKELIHOODS = ("logLik", "loglik_with_binomial_constants")
Floats = NDArray[np.float64]


def compared(folder: Path, data: pd.DataFrame, reference: Mapping[str, Any]) -> list[Comparison]:
    data.to_csv(folder / "data.csv", index=False)
    return list(check_mixed_logit(GoldCase("a case", "mixed_logit", folder, reference)))


def numbers_in(node: object) -> int:
    if isinstance(node, Mapping):
        return sum(numbers_in(part) for part in node.values())
    return sum(map(numbers_in, node)) if isinstance(node, list) else int(isinstance(node, float | int))


def sections(reference: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {key: dict(part) for key, part in reference.items() if isinstance(part, Mapping) and "beta" in part}


def test_every_number_of_the_gold_case_is_compared_and_agrees() -> None:
    found = list(check_mixed_logit(GoldCase("a case", "mixed_logit", GOLD, REFERENCE)))
    assert len(found) == sum(map(numbers_in, sections(REFERENCE).values()))
    assert len({comparison.what for comparison in found}) == len(found)
    assert [comparison for comparison in found if not comparison.passed] == []


def test_only_lme4_s_laplace_section_is_given_more_than_the_case_s_tolerance() -> None:
    found = list(check_mixed_logit(GoldCase("a case", "mixed_logit", GOLD, REFERENCE)))
    wide = {c.what.split(".")[0] for c in found if c.tolerance > REFERENCE["tolerance"]["beta_abs"]}
    assert wide == {"nAGQ1"}


@pytest.mark.parametrize("key", list(sections(REFERENCE)))
def test_a_number_that_is_off_by_a_thousandth_fails_outside_laplace_and_by_a_tenth_everywhere(
    key: str, tmp_path: Path
) -> None:
    off = 1.1 if key == "nAGQ1" else 1.001
    section = sections(REFERENCE)[key]
    changed = {
        name: {n: v * off for n, v in part.items()} if isinstance(part, Mapping) else part * off
        for name, part in section.items()
    }
    found = compared(tmp_path, pd.read_csv(GOLD / "data.csv"), REFERENCE | {key: changed})
    assert {c.what for c in found if not c.passed} == {c.what for c in found if c.what.startswith(f"{key}.")}


@pytest.mark.parametrize(("part", "passes"), [(0.05, True), (0.2, False)])
def test_at_too_few_nodes_a_number_may_be_off_by_a_tenth_of_what_they_miss(
    part: float, passes: bool, tmp_path: Path
) -> None:
    # HSAUR3's toenail, 0/1 rows and an SD of 4: lme4's nine nodes are off by a fiftieth of their distance to sixty from
    # what they are with `tolPwrss = 1e-13`, .001 in the intercept and .0023 in the log-likelihood.
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(60), 8)
    response = (rng.random(480) < expit(-2.5 + 4 * rng.normal(size=60)[group])).astype(float)
    groupings = {"run": group.tolist()}
    few, many = (
        fit_mixed_logit(np.ones((480, 1)), response, np.ones(480), groupings, names=["(Intercept)"], nodes=nodes)
        for nodes in (9, 60)
    )
    assert isinstance(few, MixedLogit)
    assert isinstance(many, MixedLogit)
    missed = float(many.coefficients[0] - few.coefficients[0])
    assert abs(missed) > 0.01
    section = {"beta": {"(Intercept)": float(few.coefficients[0]) + part * missed}}
    data = pd.DataFrame({"y": response.astype(int), "run": group})
    (found,) = compared(tmp_path, data, {"formula": "y ~ 1 + (1 | run)", "nAGQ9": section})
    assert found.passed == passes


def shuffled(data: pd.DataFrame) -> pd.DataFrame:
    return data.sample(frac=1, random_state=3)


def renamed(data: pd.DataFrame) -> pd.DataFrame:
    return data.assign(herd=[f"Hérd {(7 * herd) % 31}, old" for herd in data["herd"]])


def with_empty_rows(data: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([data, data.head(3).assign(incidence=0, size=0)])


def as_counts(data: pd.DataFrame) -> pd.DataFrame:
    return data.assign(incidence=data["incidence"].astype(float))


@pytest.mark.parametrize("change", [shuffled, renamed, with_empty_rows, as_counts])
def test_rows_in_another_order_and_herds_of_other_names_pass(
    change: Callable[[pd.DataFrame], pd.DataFrame], tmp_path: Path
) -> None:
    found = compared(tmp_path, change(pd.read_csv(GOLD / "data.csv")), REFERENCE)
    assert [comparison for comparison in found if not comparison.passed] == []


def expanded(data: pd.DataFrame) -> pd.DataFrame:
    wide = data.loc[data.index.repeat(data["size"])]
    place = wide.groupby(level=0).cumcount()
    return wide.assign(y=(place < wide["incidence"]).astype(int), one=1).drop(columns=["incidence", "size"])


def split(data: pd.DataFrame) -> pd.DataFrame:
    part = data.assign(incidence=data["incidence"] // 2, size=data["size"] // 2)
    rest = data.assign(incidence=data["incidence"] - part["incidence"], size=data["size"] - part["size"])
    return pd.concat([part, rest])


@pytest.mark.parametrize(
    ("change", "response"),
    [
        (expanded, "cbind(y, 1 - y)"),
        (expanded, "cbind(y, one - y)"),
        (expanded, "y"),
        (split, "cbind(incidence, size - incidence)"),
    ],
)
def test_split_rows_and_rows_of_0_and_1_pass_but_for_the_likelihood_s_constants(
    change: Callable[[pd.DataFrame], pd.DataFrame], response: str, tmp_path: Path
) -> None:
    without = {
        key: {name: part for name, part in section.items() if name not in LIKELIHOODS}
        for key, section in sections(REFERENCE).items()
    }
    formula = f"{response} ~ factor(period) + (1 | herd)"
    found = compared(tmp_path, change(pd.read_csv(GOLD / "data.csv")), REFERENCE | without | {"formula": formula})
    assert len(found) == sum(map(numbers_in, without.values()))
    assert [comparison for comparison in found if not comparison.passed] == []


def test_at_rows_of_0_and_1_both_kinds_of_log_likelihood_are_one(tmp_path: Path) -> None:
    # lme4 leaves out the rows' own log-likelihoods, which are 0 there.
    data = expanded(pd.read_csv(GOLD / "data.csv"))
    names = REFERENCE["nAGQ9"]["beta"]
    section = {"beta": dict.fromkeys(names, 0.0), "logLik": 0.0, "loglik_with_binomial_constants": 0.0}
    found = compared(tmp_path, data, {"formula": "y ~ factor(period) + (1 | herd)", "nAGQ9": section})
    found = found[len(names) :]
    assert [c.what for c in found] == ["nAGQ9.logLik", "nAGQ9.loglik_with_binomial_constants"]
    assert found[0].found == found[1].found


def grid_likelihood(theta: Floats, x: Floats, y: Floats, group: NDArray[np.intp]) -> float:
    """The log-likelihood by the trapezoid rule on 801 points, which no part of the package uses."""
    points = np.linspace(-8, 8, 801)
    rate = expit((x @ theta[:-1])[:, None] + np.exp(theta[-1]) * points)
    rows = np.log(np.where(y[:, None] > 0, rate, 1 - rate))
    by_group = np.stack([rows[group == g].sum(axis=0) for g in np.unique(group)])
    return float(
        logsumexp(by_group + norm.logpdf(points), axis=1).sum() + len(by_group) * np.log(points[1] - points[0])
    )


def test_a_new_case_of_0_and_1_rows_agrees_with_a_likelihood_summed_over_a_grid(tmp_path: Path) -> None:
    rng = np.random.default_rng(12)
    group = np.repeat(np.arange(25), 9)
    dose, treated = rng.normal(size=len(group)).round(2), group % 2 == 0
    rate = expit(-0.4 + 0.5 * dose + 0.8 * treated + 1.2 * rng.normal(size=25)[group])
    y = (rng.random(len(group)) < rate).astype(float)
    x = np.column_stack([np.ones(len(group)), dose, treated])

    def depth(theta: Floats) -> float:
        return -grid_likelihood(theta, x, y, group)

    theta = minimize(depth, np.zeros(4), method="BFGS", options={"gtol": 1e-4}).x
    steps = 1e-3 * np.eye(4)
    hessian = np.array([
        [depth(theta + a + b) - depth(theta + a - b) - depth(theta - a + b) + depth(theta - a - b) for b in steps]
        for a in steps
    ]) / 4e-6  # fmt: skip
    gradient = np.array([(depth(theta + e) - depth(theta - e)) / 2e-3 for e in steps])
    theta = theta - np.linalg.solve(hessian, gradient)
    errors = np.sqrt(np.diag(np.linalg.inv(hessian))).tolist()
    names = ["(Intercept)", "my.dose", "armb, treated"]
    reference = {
        "formula": "cbind(y, 1 - y) ~ my.dose + arm + (1 | run.id)",
        "ml_agh40": {
            "beta": dict(zip(names, theta[:3].tolist(), strict=True)),
            "se": dict(zip(names, errors[:3], strict=True)),
            "sd": float(np.exp(theta[3])),
            "se_log_sd": errors[3],
            "loglik_with_binomial_constants": -depth(theta),
        },
        "tolerance": {"beta_abs": 2e-5, "sd_abs": 2e-5},
    }
    arm = np.where(treated, "b, treated", "a")
    data = pd.DataFrame({"run.id": [f"run {g}" for g in group], "my.dose": dose, "arm": arm, "y": y})
    found = compared(tmp_path, data.sample(frac=1, random_state=1), reference)
    assert len(found) == 9
    assert [comparison for comparison in found if not comparison.passed] == []


@pytest.mark.parametrize(
    ("sd", "places"),
    [
        ([0.6791696596, 0.3577233257], ["sd.herd", "sd.period"]),
        ({"period": 0.3577233257, "herd": 0.6791696596}, ["sd.period", "sd.herd"]),
    ],
)
def test_a_new_case_of_two_crossed_groupings_is_lme4_s(sd: Any, places: list[str], tmp_path: Path) -> None:
    # lme4 1.1-31, tolPwrss = 1e-13: LAPLACE_LATE of test_mixed_logit.py. lme4 lists 15 herds before 4 periods.
    data = pd.read_csv(GOLD / "data.csv")
    data["late"] = (data["period"] > 2).astype(int)
    section = {
        "beta": {"(Intercept)": -1.8519424987, "late": -0.8880668084},
        "se": {"(Intercept)": 0.3435812406, "late": 0.4518571658},
        "sd": sd,
        "logLik": -95.56231816,
    }
    formula = "cbind(incidence, size - incidence) ~ late + (1 | period) + (1 | herd)"
    found = compared(tmp_path, data, {"formula": formula, "nAGQ1": section})
    assert [c.what for c in found if ".sd" in c.what] == [f"nAGQ1.{place}" for place in places]
    assert max(c.error for c in found) < 1e-4


def test_data_without_finite_estimates_are_said_to_have_none(tmp_path: Path) -> None:
    data = pd.read_csv(GOLD / "data.csv").assign(incidence=0)
    with pytest.raises(ArithmeticError, match="nAGQ1: complete separation"):
        compared(tmp_path, data, REFERENCE)


def test_a_long_formula_that_r_broke_into_lines_is_read(tmp_path: Path) -> None:
    broken = ["cbind(incidence, size - incidence) ~ factor(period) +", "    (1 | herd)"]
    found = compared(tmp_path, pd.read_csv(GOLD / "data.csv"), REFERENCE | {"formula": broken})
    assert [comparison for comparison in found if not comparison.passed] == []


def test_a_response_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    formula = "log(incidence) ~ factor(period) + (1 | herd)"
    with pytest.raises(ValueError, match=r'a response must be 0 and 1, .* found "log\(incidence\)"'):
        compared(tmp_path, pd.read_csv(GOLD / "data.csv"), REFERENCE | {"formula": formula})
