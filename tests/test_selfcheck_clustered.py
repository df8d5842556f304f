"""The gold cases of clustered regression: as they are, changed where nothing should change, and new ones."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import t as student
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.sandwich_covariance import cov_cluster_2groups

from changed_cases import GOLD, Check, assert_passes, numbers_in, original, written
from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.certified import check_numerical_accuracy
from mixablate.selfcheck.clustered import (
    check_glm_cluster,
    check_grouped_vs_expanded,
    check_ols_cluster,
    check_two_way_cluster,
)
from mixablate.selfcheck.marginal import check_average_marginal_effect

Floats = NDArray[np.float64]

CASES: dict[str, Check] = {
    "cr2_ols_mortality": check_ols_cluster,
    "glm_cluster_bacteria": check_glm_cluster,
    "glm_cluster_grouped_cbpp": check_glm_cluster,
    "grouped_vs_expanded_cbpp": check_grouped_vs_expanded,
    "ame_birthwt": check_average_marginal_effect,
    "twoway_cluster_petersen": check_two_way_cluster,
    "nist_longley": check_numerical_accuracy,
}
CLUSTERS = {
    "cr2_ols_mortality": ["state"],
    "glm_cluster_bacteria": ["ID"],
    "glm_cluster_grouped_cbpp": ["herd"],
    "grouped_vs_expanded_cbpp": ["herd"],
    "twoway_cluster_petersen": ["firm", "year"],
}


@pytest.mark.parametrize("name", list(CASES))
def test_every_number_of_the_gold_case_agrees(name: str) -> None:
    _, reference = original(name)
    case = GoldCase(name, "any", GOLD / name, reference)
    assert_passes(CASES[name], case, numbers_in(reference))


@pytest.mark.parametrize("name", list(CASES))
def test_shuffled_rows_and_renamed_clusters_pass_alike(name: str, tmp_path: Path) -> None:
    data, reference = original(name)
    changed = data.sample(frac=1, random_state=7)
    for column in CLUSTERS.get(name, []):
        codes = changed[column].astype(str).factorize()[0]
        changed[column] = [f"{column} {97 - code} é" for code in codes]
    assert_passes(CASES[name], written(tmp_path, changed, reference), numbers_in(reference))


@pytest.mark.parametrize("name", [name for name in CASES if name in CLUSTERS and "twoway" not in name])
def test_columns_of_other_names_in_another_order_pass_alike(name: str, tmp_path: Path) -> None:
    data, reference = original(name)
    names = {CLUSTERS[name][0]: "run.id", "mrate": "outcome", "size": "trials", "incidence": "events"}
    changed = data.rename(columns=names)[[names.get(c, c) for c in reversed(data.columns)]]
    assert_passes(CASES[name], written(tmp_path, changed, reference), numbers_in(reference))


def test_expanded_rows_may_come_as_counts(tmp_path: Path) -> None:
    data, reference = original("grouped_vs_expanded_cbpp")
    counts = data.groupby(["herd", "period"])["y"].agg(k="sum", m="size").reset_index()
    counts["y"] = counts["k"] / counts["m"]
    assert_passes(check_grouped_vs_expanded, written(tmp_path, counts, reference), numbers_in(reference))


@pytest.mark.parametrize("name", list(CASES))
def test_a_wrong_number_does_not_pass(name: str, tmp_path: Path) -> None:
    data, reference = original(name)

    def spoilt(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: part if key == "tolerance" else spoilt(part) for key, part in value.items()}
        return [spoilt(part) for part in value] if isinstance(value, list) else worse(value)

    def worse(value: Any) -> Any:
        return value * (1 + 1e-3) if isinstance(value, float) else value

    found = list(CASES[name](written(tmp_path, data, spoilt(reference))))
    # Whole numbers (rows, clusters, constraints) are not spoilt, and limits and covariances are compared on the scale
    # of their standard errors, which those near 0 hardly leave.
    assert sum(not c.passed for c in found) >= 0.9 * len(found)


def test_one_wrong_standard_error_among_thousands_does_not_pass(tmp_path: Path) -> None:
    data, reference = original("cr2_ols_mortality")
    reference["cr"]["CR2"]["se"]["legal"] *= 1 + 1e-5
    failed = [c.what for c in check_ols_cluster(written(tmp_path, data, reference)) if not c.passed]
    assert failed == ["cr.CR2.se.legal"]


def test_a_joint_test_of_another_name_is_of_the_coefficients_whose_statistic_it_has(tmp_path: Path) -> None:
    data, reference = original("cr2_ols_mortality")
    reference["joint_of_the_law"] = reference.pop("joint_legal_beertaxa")
    case = written(tmp_path, data, reference)
    assert_passes(check_ols_cluster, case, numbers_in(reference))
    reference["joint_of_the_law"]["HTZ"]["F"] *= 1.001
    found = {c.what for c in check_ols_cluster(written(tmp_path, data, reference)) if not c.passed}
    assert found == {"joint_of_the_law.HTZ.F"}


def test_p_values_of_a_logit_are_as_near_as_its_standard_errors_and_those_of_least_squares_nearer(
    tmp_path: Path,
) -> None:
    # With one more step of glm R's own p-values of `glm_ids_like_numbers` move by 1.7e-6, and are then ours to 1e-14.
    for name, passes in (("glm_cluster_bacteria", True), ("cr2_ols_mortality", False)):
        data, reference = original(name)
        reference["cr"]["CR1"]["satt_p"]["(Intercept)"] *= 1 + 4e-6
        found = [c.what for c in CASES[name](written(tmp_path, data, reference)) if not c.passed]
        assert found == ([] if passes else ["cr.CR1.satt_p.(Intercept)"])


def test_cr1s_depends_on_the_form_of_the_rows_and_cr2_does_not() -> None:
    _, grouped = original("glm_cluster_grouped_cbpp")
    _, expanded = original("grouped_vs_expanded_cbpp")
    last = "factor(period)4"
    assert (grouped["cluster_HC1"][last], expanded["cluster_HC1"][last]) == pytest.approx((0.41300, 0.40230), abs=5e-6)
    assert grouped["cr"]["CR2"]["se"][last] == pytest.approx(expanded["CR2"][last], rel=1e-6)


# --- new cases, their truth by another road -----------------------------------------------------------------------


def sandwich_by_definition(
    whitened: Floats, residuals: Floats, codes: NDArray[np.intp], theta: Floats, power: float
) -> tuple[Floats, Floats]:
    """Covariance (p, p) and Satterthwaite df (p,) from clubSandwich's formulas with dense matrices.

    A_g = D (D (I - H_gg) Theta D)^(-1/2) D on the response scale with D = sqrt(Theta), for power 1/2; (I - H_gg)^-1 for
    power 1, and I for 0. Rows are whitened: the response has variance theta, the whitened rows 1.
    """
    inverse = np.linalg.inv(whitened.T @ whitened)
    maker = np.eye(len(whitened)) - whitened @ inverse @ whitened.T
    lines = []
    for cluster in range(codes.max() + 1):
        mine = codes == cluster
        block = maker[np.ix_(mine, mine)]
        if power == 0.5:
            root = np.diag(np.sqrt(theta[mine]))
            # On the response scale I - H is root (whitened I - H) root^-1.
            values, turn = np.linalg.eigh(root @ root @ block @ root @ root)
            adjust = np.linalg.inv(root) @ root @ (turn / np.sqrt(values)) @ turn.T @ root @ root
        else:
            adjust = np.linalg.inv(block) if power else np.eye(len(block))
        lines.append(inverse @ whitened[mine].T @ adjust @ maker[mine])
    stack = np.array(lines)
    covariance = np.einsum("gpi,gqj,i,j->pq", stack, stack, residuals, residuals, optimize=True)
    inner = np.einsum("gpi,hpi->pgh", stack, stack)
    trace = np.einsum("pgg->p", inner)
    return covariance, trace**2 / (inner**2).sum(axis=(1, 2))


def club_block(names: list[str], estimate: Floats, covariance: Floats, df: Floats, groups: int) -> dict[str, Any]:
    """What make.R saves for one correction."""
    se = np.sqrt(covariance.diagonal())
    reach = student.ppf(0.975, df) * se

    def named(values: Floats) -> dict[str, float]:
        return dict(zip(names, values.tolist(), strict=True))

    return {
        "se": named(se),
        "satt_df": named(df),
        "satt_p": named(2 * student.sf(np.abs(estimate / se), df)),
        "naive_t_p": named(2 * student.sf(np.abs(estimate / se), groups - 1)),
        "ci_L": named(estimate - reach),
        "ci_U": named(estimate + reach),
        "vcov": covariance.tolist(),
    }


def test_another_regression_with_text_factors_and_an_interaction_passes(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    codes = rng.permutation(np.repeat(np.arange(9), 6))
    data = pd.DataFrame(
        {
            "noise": rng.normal(size=54),
            "lab": [f"lab {c}" for c in codes],
            "mix": rng.choice(["none", "tools", "Stories"], 54),
            "dose": rng.uniform(0, 1, 54).round(3),
            "harm": rng.normal(size=54) + rng.normal(size=9)[codes],
        }
    )
    names = ["(Intercept)", "mixStories", "mixtools", "dose", "mixStories:dose", "mixtools:dose"]
    mixes = [(data["mix"] == mix).to_numpy(float) for mix in ("Stories", "tools")]
    dose = data["dose"].to_numpy()
    design = np.column_stack([np.ones(54), *mixes, dose, *(mix * dose for mix in mixes)])
    fit = OLS(data["harm"], design).fit()
    estimate, residuals = fit.params.to_numpy(), fit.resid.to_numpy()
    factors = {"CR0": (0.0, 1.0), "CR1": (0.0, 9 / 8), "CR1S": (0.0, 9 / 8 * 53 / 48), "CR2": (0.5, 1), "CR3": (1, 1)}
    blocks = {}
    for key, (power, factor) in factors.items():
        covariance, df = sandwich_by_definition(design, residuals, codes, np.ones(54), power)
        blocks[key] = club_block(names, estimate, covariance * factor, df, 9)
    covariance = np.array(blocks["CR2"]["vcov"])[4:, 4:]
    statistic = float(estimate[4:] @ np.linalg.solve(covariance, estimate[4:]) / 2)
    reference = {
        "coef": dict(zip(names, estimate.tolist(), strict=True)),
        "cr": blocks,
        "joint_mixStories:dose_mixtools:dose": {
            "Naive-F": {"F": statistic, "df_num": 2, "df_denom": 8, "p": (1 + statistic / 4) ** -4.0}
        },
        "tolerance": {"rel": 1e-7},
    }
    # The upper tail of F(2, 8) is (1 + 2 F / 8)^-4.
    assert_passes(check_ols_cluster, written(tmp_path, data, reference), numbers_in(reference))


def other_counts(most: int = 60) -> tuple[pd.DataFrame, Floats, list[str]]:
    """Runs with several rows each whose designs overlap, so that the variances of the rows matter to CR2."""
    rng = np.random.default_rng(12)
    run = np.repeat(np.arange(8), 5)
    dose = rng.uniform(0, 1, 40).round(2)
    judge = rng.choice(["strict", "kind"], 40)
    trials = rng.integers(4, most, 40)
    rate = expit(-1 + dose + 0.5 * (judge == "strict") + rng.normal(0, 0.6, 8)[run])
    events = rng.binomial(trials, rate)
    data = pd.DataFrame({"dose": dose, "judge": judge, "bad": events / trials, "n": trials, "model": run * 7 + 3})
    design = np.column_stack([np.ones(40), dose, judge == "strict"])
    return data, design, ["(Intercept)", "dose", "judgestrict"]


def logit_reference(
    data: pd.DataFrame, design: Floats, names: list[str], events: Floats, trials: Floats
) -> dict[str, Any]:
    """The numbers of make.R's glmcase, by statsmodels and the definition."""
    fit = GLM(np.column_stack([events, trials - events]), design, family=Binomial()).fit(tol=1e-15)
    rate = expit(design @ fit.params)
    weight = np.sqrt(trials * rate * (1 - rate))
    whitened, residuals = design * weight[:, None], (events - trials * rate) / weight
    codes = np.unique(data["model"], return_inverse=True)[1]
    theta = rate * (1 - rate) / trials
    groups, rows, columns = codes.max() + 1, *design.shape
    between, stata = groups / (groups - 1), (rows - 1) / (rows - columns)
    found = {power: sandwich_by_definition(whitened, residuals, codes, theta, power) for power in (0.0, 0.5, 1.0)}

    def named(values: Floats) -> dict[str, float]:
        return dict(zip(names, values.tolist(), strict=True))

    plain = found[0.0][0].diagonal()
    return {
        "coef": named(fit.params),
        "model_se": named(fit.bse),
        "deviance": fit.deviance,
        "logLik": fit.llf,
        "n_rows": rows,
        "G": int(groups),
        "cluster_HC0_nocadj": named(np.sqrt(plain)),
        "cluster_HC0_cadj": named(np.sqrt(plain * between)),
        "cluster_HC1": named(np.sqrt(plain * between * stata)),
        "cr": {
            key: club_block(names, fit.params, found[power][0] * factor, found[power][1], groups)
            for key, power, factor in (
                ("CR0", 0.0, 1.0),
                ("CR1", 0.0, between),
                ("CR1S", 0.0, between * stata),
                ("CR2", 0.5, 1.0),
                ("CR3", 1.0, 1.0),
            )
        },
        "tolerance": {"coef_rel": 1e-8, "se_rel": 1e-6},
    }


@pytest.mark.parametrize(
    "formula", ["bad ~ dose + judge", ["bad ~ dose +", "    judge"], "cbind(k, n - k) ~ dose + judge"]
)
def test_another_logit_of_counts_passes_however_its_response_is_written(formula: Any, tmp_path: Path) -> None:
    data, design, names = other_counts()
    events = np.round(data["bad"] * data["n"]).to_numpy()
    reference = logit_reference(data, design, names, events, data["n"].to_numpy(float)) | {"formula": formula}
    if "cbind" in formula:
        data = data.drop(columns="bad").assign(k=events)
    assert_passes(check_glm_cluster, written(tmp_path, data, reference), numbers_in(reference))


def test_another_logit_of_0_1_rows_passes(tmp_path: Path) -> None:
    data, design, names = other_counts(most=15)
    rows = np.repeat(np.arange(40), data["n"])
    events = np.round(data["bad"] * data["n"]).to_numpy()
    ones = np.concatenate([np.arange(n) < k for k, n in zip(events, data["n"], strict=True)]).astype(float)
    wide = data.iloc[rows][["model", "dose", "judge"]].assign(bad=ones.astype(int)).reset_index(drop=True)
    reference = logit_reference(wide, design[rows], names, ones, np.ones(len(rows))) | {"formula": "bad ~ dose + judge"}
    shuffled = wide.sample(frac=1, random_state=3)
    assert_passes(check_glm_cluster, written(tmp_path, shuffled, reference), numbers_in(reference))
    both = {
        "coef": reference["coef"],
        "model_se": reference["model_se"],
        "cluster_HC0_nocadj": reference["cluster_HC0_nocadj"],
        "cluster_HC1": reference["cluster_HC1"],
        "CR2": reference["cr"]["CR2"]["se"],
        "CR2_df": reference["cr"]["CR2"]["satt_df"],
        "tolerance": {"rel": 1e-6},
    }
    assert_passes(check_grouped_vs_expanded, written(tmp_path, shuffled, both), 2 * numbers_in(both))


def test_another_panel_with_other_ways_and_columns_passes(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    data = pd.DataFrame(
        {
            "team": rng.integers(0, 12, 150),
            "month": rng.choice(["Jan", "Feb", "Mar", "Apr", "May"], 150),
            "spend": rng.normal(size=150),
            "size": rng.normal(size=150),
            "gain": rng.normal(size=150),
        }
    )
    data["gain"] += 0.5 * data["spend"] + rng.normal(size=12)[data["team"]]
    design = np.column_stack([np.ones(150), data["spend"], data["size"]])
    fit = OLS(data["gain"].to_numpy(), design).fit()
    names = ["(Intercept)", "spend", "size"]
    month = data["month"].factorize()[0]
    theirs = {
        "coef": fit.params,
        "classical": fit.bse,
        "HC0_white": fit.HC0_se,
        "HC1": fit.HC1_se,
        "HC2": fit.HC2_se,
        "HC3": fit.HC3_se,
        "cluster_team_HC1": fit.get_robustcov_results("cluster", groups=data["team"]).bse,
        "cluster_month_HC0_nocadj": fit.get_robustcov_results("cluster", groups=month, use_correction=False).bse,
    }
    reference: dict[str, Any] = {k: dict(zip(names, map(float, v), strict=True)) for k, v in theirs.items()}
    variances = cov_cluster_2groups(fit, data["team"].to_numpy(), month, use_correction=False)[0].diagonal()
    assert variances.min() < 0 < variances.max()  # R saves the root of a negative variance as null
    roots = [math.sqrt(v) if v >= 0 else None for v in variances]
    reference["twoway_HC0_nocadj"] = dict(zip(names, roots, strict=True))
    reference["tolerance"] = {"rel": 1e-8}
    assert_passes(check_two_way_cluster, written(tmp_path, data, reference), numbers_in(reference))
