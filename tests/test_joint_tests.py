"""Joint tests of constraints: clubSandwich's numbers, a layout by hand, the definition by dense matrices, the null."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom, f

from mixablate.estimate.models.cluster_robust import (
    ClusterRobust,
    Correction,
    cluster_robust,
    contrast_inference,
    least_squares,
    satterthwaite_df,
)
from mixablate.estimate.models.joint_tests import JointTest, hotelling_hta, hotelling_htz, joint_log_odds, naive_f
from mixablate.estimate.models.logit import LogitFit, fit_logit, linear_contrast

GOLD = Path(__file__).resolve().parents[1] / "fixtures" / "gold"
EXACT = 1e-9  # two algebraically equal expressions, well conditioned
DENSE = 1e-7  # the same by explicit inverses and square roots of matrices
SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=20)
TESTS = [hotelling_htz, hotelling_hta, naive_f]
Floats = NDArray[np.float64]


def fitted(seed: int, clusters: int = 9, columns: int = 4) -> tuple[Floats, Floats, Floats, NDArray[np.intp]]:
    """Design, coefficients, residuals and cluster codes of a random regression with clusters of 2 to 6 rows."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(clusters), rng.integers(2, 7, clusters))
    design = np.column_stack([np.ones(len(codes)), rng.normal(size=(len(codes), columns - 1))])
    coefficients, residuals = least_squares(design, rng.normal(size=len(codes)) + rng.normal(size=clusters)[codes])
    return design, coefficients, residuals, codes


def numbers(test: JointTest) -> tuple[float, float, float, float]:
    return test.statistic, test.df_num, test.df_denom, test.p_value


def test_mortality_s_joint_tests_are_clubsandwich_s() -> None:
    data = pd.read_csv(GOLD / "cr2_ols_mortality" / "data.csv")
    reference = json.loads((GOLD / "cr2_ols_mortality" / "reference.json").read_text())
    years = [(data["year"] == year).to_numpy(float) for year in range(1971, 1997)]
    design = np.column_stack([np.ones(len(data)), data["legal"], data["beertaxa"], *years])
    coefficients, residuals = least_squares(design, data["mrate"].to_numpy(float))
    robust = cluster_robust(design, residuals, data["state"])
    for name, test in (("HTZ", hotelling_htz), ("HTA", hotelling_hta), ("Naive-F", naive_f)):
        theirs = reference["joint_legal_beertaxa"][name]
        found = test(coefficients[[1, 2]], robust, np.eye(29)[[1, 2]])
        expected = (theirs["F"], theirs["df_num"], theirs["df_denom"], theirs["p"])
        assert numbers(found) == pytest.approx(expected, rel=reference["tolerance"]["rel"])


# Three arms of four runs. Means 3, 5, 4; squared deviations 4+1+1+4 = 10, 1+1+1+1 = 4, 9+1+1+9 = 20.
ARMS = np.array([[1, 2, 4, 5], [4, 4, 6, 6], [1, 3, 5, 7.0]])


def three_arms(values: Floats) -> tuple[Floats, ClusterRobust]:
    arms, runs = values.shape
    design = np.kron(np.eye(arms), np.ones((runs, 1)))
    coefficients, residuals = least_squares(design, values.ravel())
    return coefficients, cluster_robust(design, residuals, np.arange(values.size))


def test_three_arms_of_four_runs_by_hand() -> None:
    # Variances of the means v = s^2/4 = 10/12, 4/12, 20/12. Equality of three means with known variances:
    # Q = sum of (m - weighted mean)^2 / v with weights 1/v = 1.2, 3, .6: weighted mean (3.6 + 15 + 2.4)/4.8 = 4.375;
    # Q = 1.2 (1.375)^2 + 3 (.625)^2 + .6 (.375)^2 = 2.26875 + 1.171875 + .084375 = 3.525.
    # nu: the turned covariance is T diag(w) T' with Var(w) = 2/3, so the variances of its entries sum to
    # 2/3 * sum over arms of (2/3)^2 = 8/9, and nu = 2 (3) / (8/9) = 6.75. F = (5.75/6.75) Q/2 on 2 and 5.75.
    coefficients, robust = three_arms(ARMS)
    matrix = np.array([[-1, 1, 0], [-1, 0, 1.0]])
    found = hotelling_htz(matrix @ coefficients, robust, matrix)
    statistic = 5.75 / 6.75 * 3.525 / 2
    assert numbers(found) == pytest.approx((statistic, 2, 5.75, f.sf(statistic, 2, 5.75)), rel=EXACT)
    naive = naive_f(matrix @ coefficients, robust, matrix)
    assert numbers(naive) == pytest.approx((3.525 / 2, 2, 11, f.sf(3.525 / 2, 2, 11)), rel=EXACT)


@given(SEEDS)
@FEW
def test_degrees_of_freedom_are_those_of_the_definition_by_dense_matrices(seed: int) -> None:
    # Contributions u_js = c_s' M X_j' A_j (I - H)_j z of cluster j are linear in the errors z; D_st = sum_j u_js u_jt.
    design, coefficients, residuals, codes = fitted(seed)
    matrix = np.array([[0, 1, 0, 0], [0, 0, 1, -0.5], [0.3, 0, 0, 1.0]])
    inverse = np.linalg.inv(design.T @ design)
    maker = np.eye(len(design)) - design @ inverse @ design.T
    lines = []
    for cluster in range(9):
        mine = codes == cluster
        values, turn = np.linalg.eigh(maker[np.ix_(mine, mine)])
        lines.append(matrix @ inverse @ design[mine].T @ (turn / np.sqrt(values)) @ turn.T @ maker[mine])
    stack = np.array(lines)
    omega = np.einsum("gsn,gtn->st", stack, stack)
    values, turn = np.linalg.eigh(omega)
    stack = (turn / np.sqrt(values)) @ turn.T @ stack
    inner = np.einsum("jsn,ktn->stjk", stack, stack)
    covariances = np.einsum("sujk,tvjk->stuv", inner, inner) + np.einsum("svjk,tujk->stuv", inner, inner)
    variances = np.einsum("stst->", covariances)
    robust = cluster_robust(design, residuals, codes)
    for test, wishart in (
        (hotelling_htz, 3 * 4 / variances),
        (hotelling_hta, 2 * variances / (covariances**2).sum()),
    ):
        found = test(matrix @ coefficients, robust, matrix)
        if wishart > 2:
            assert found.df_denom == pytest.approx(wishart - 2, rel=DENSE)
        else:
            assert found.reason.startswith("too few clusters for 3 constraints")


@given(SEEDS, st.sampled_from(list(Correction)))
@FEW
def test_one_constraint_is_the_t_test(seed: int, correction: Correction) -> None:
    design, coefficients, residuals, codes = fitted(seed)
    robust = cluster_robust(design, residuals, codes, correction)
    vector = np.array([0, 1, -2, 0.5])
    single = contrast_inference(float(vector @ coefficients), robust, vector)
    for test in (hotelling_htz, hotelling_hta):
        found = test(vector @ coefficients, robust, vector[None, :])
        expected = ((single.estimate / single.std_error) ** 2, 1, satterthwaite_df(robust, vector), single.p_value)
        assert numbers(found) == pytest.approx(expected, rel=EXACT)


@given(SEEDS)
@FEW
def test_only_what_is_constrained_matters_and_not_how_it_is_written(seed: int) -> None:
    design, coefficients, residuals, codes = fitted(seed)
    robust = cluster_robust(design, residuals, codes)
    matrix = np.eye(4)[[1, 2]]
    again = np.array([[2, 1], [-1000, 0.5]]) @ matrix
    for test in TESTS:
        one, other = (test(m @ coefficients, robust, m) for m in (matrix, again))
        assert numbers(other) == pytest.approx(numbers(one), rel=DENSE)


@given(SEEDS)
@FEW
def test_row_order_and_cluster_names_do_not_matter_and_repeating_rows_buys_nothing(seed: int) -> None:
    design, coefficients, residuals, codes = fitted(seed)
    shuffle = np.random.default_rng(seed).permutation(np.tile(np.arange(len(codes)), 2))
    names = np.array([f"run {9 - code} é" for code in codes])
    matrix = np.eye(4)[1:]
    once = cluster_robust(design, residuals, codes)
    twice = cluster_robust(design[shuffle], residuals[shuffle], names[shuffle])
    for test in TESTS:
        one, other = (test(matrix @ coefficients, robust, matrix) for robust in (once, twice))
        assert numbers(other) == pytest.approx(numbers(one), rel=DENSE, nan_ok=True)
        assert one.reason == other.reason


def test_a_logit_s_arms_are_tested_jointly_on_its_clustered_covariance() -> None:
    design = np.kron(np.column_stack([np.ones(3), np.eye(3)[:, 1:]]), np.ones((5, 1)))
    events = [30, 50, 36, 44, 41, 12, 30, 18, 25, 20, 40, 22, 31, 28, 35]
    fit = fit_logit(design, events, [200] * 15, range(15), names=["base", "tools", "prompts"])
    assert isinstance(fit, LogitFit)
    matrix = np.eye(3)[1:]
    found = joint_log_odds(fit, matrix)
    wald = fit.coefficients[1:] @ np.linalg.solve(fit.covariance[1:, 1:], fit.coefficients[1:])
    assert found.statistic * (found.df_denom + 1) / found.df_denom * 2 == pytest.approx(wald, rel=EXACT)
    assert found == hotelling_htz(matrix @ fit.coefficients, fit.robust, matrix)
    alone = joint_log_odds(fit, matrix[0])
    assert alone.p_value == pytest.approx(linear_contrast(fit, matrix[0]).p_value, rel=EXACT)


def test_runs_of_a_logit_that_agree_exactly_give_no_p_value_of_zero() -> None:
    design = np.kron(np.column_stack([np.ones(3), np.eye(3)[:, 1:]]), np.ones((3, 1)))
    fit = fit_logit(design, [60] * 3 + [12] * 3 + [31] * 3, [300] * 9, range(9), names=["base", "tools", "prompts"])
    assert isinstance(fit, LogitFit)
    assert "spread between runs was seen" in joint_log_odds(fit, np.eye(3)[1:]).reason
    with pytest.raises(ValueError, match=r"constraints must be \(q, 3\)"):
        joint_log_odds(fit, [1, 0])


def test_the_hotelling_test_holds_its_level_with_three_runs_an_arm_and_the_naive_f_does_not() -> None:
    # 1,500 null studies of three arms of three runs, spread .5, 1 and 1.5. If the test rejected exactly 5 %, more than
    # 108 rejections (7.2 %) would come with chance below 1 in 10,000. It rejected 4.8 % here, the naive F 14.7 %, at
    # which 150 rejections or fewer have a chance below 1 in a million.
    rng = np.random.default_rng(20261122)
    assert binom.sf(108, 1500, 0.05) < 1e-4
    matrix = np.array([[-1, 1, 0], [-1, 0, 1.0]])
    rejected = np.zeros(2, dtype=int)
    for _ in range(1500):
        coefficients, robust = three_arms(rng.normal(size=(3, 3)) * np.array([[0.5], [1.0], [1.5]]))
        for place, test in enumerate((hotelling_htz, naive_f)):
            rejected[place] += test(matrix @ coefficients, robust, matrix).p_value < 0.05
    assert rejected[0] <= 108
    assert rejected[1] > 2 * 75


def test_an_arm_of_one_run_cannot_be_tested() -> None:
    design = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1.0]])
    coefficients, residuals = least_squares(design, np.array([1, 3, 2, 7, 5.0]))
    robust = cluster_robust(design, residuals, range(5))
    found = hotelling_htz(coefficients, robust, np.eye(3))
    assert found.reason == "a combination of the constraints rests on runs that the model fits exactly"
    assert all(math.isnan(number) for number in (found.statistic, found.df_denom, found.p_value))
    assert not hotelling_htz(coefficients[:2], robust, np.eye(3)[:2]).reason.startswith("a combination")


def test_more_constraints_than_clusters_show_are_withheld_with_the_count() -> None:
    design, coefficients, residuals, codes = fitted(5, clusters=4, columns=6)
    robust = cluster_robust(design, residuals, codes)
    found = naive_f(coefficients[1:], robust, np.eye(6)[1:])
    assert found.reason == "5 constraints, but spread between runs was seen in 4 directions only"


def test_runs_that_agree_exactly_give_no_test() -> None:
    coefficients, robust = three_arms(np.repeat([[0.1], [0.4], [0.7]], 3, axis=1))
    found = hotelling_htz(coefficients[1:] - coefficients[0], robust, np.array([[-1, 1, 0], [-1, 0, 1.0]]))
    assert found.reason == "2 constraints, but spread between runs was seen in 0 directions only"


def test_too_few_clusters_for_the_constraints_are_named() -> None:
    coefficients, robust = three_arms(ARMS[:, [0, 3]])  # nu = 9 (1)/4 = 2.25 for two constraints, 1.25 left
    matrix = np.array([[-1, 1, 0], [-1, 0, 1.0]])
    assert hotelling_htz(matrix @ coefficients, robust, matrix).df_denom == pytest.approx(1.25, rel=EXACT)
    found = hotelling_htz(coefficients, robust, np.eye(3))  # nu = 3 (4)/(2 * 3) = 2, and 2 - 3 + 1 = 0 left
    assert found.reason == "too few clusters for 3 constraints: 2.0 degrees of freedom"


@pytest.mark.parametrize(
    ("estimates", "gradients", "said"),
    [
        ([1, 2], np.eye(3)[:1], "gradients must be"),
        ([1], np.eye(4)[:1], "gradients must be"),
        ([], np.zeros((0, 3)), "gradients must be"),
        ([1, math.nan], np.eye(3)[:2], "must be finite"),
        ([1, 2], np.ones((2, 3)), "linearly independent"),
        ([1, 2, 3, 4], np.eye(4)[:, :3], "linearly independent"),
    ],
)
def test_what_is_no_set_of_constraints_is_refused(estimates: Any, gradients: Floats, said: str) -> None:
    _, robust = three_arms(ARMS)
    with pytest.raises(ValueError, match=said):
        hotelling_htz(estimates, robust, gradients)
