"""Cluster-robust covariance: clubSandwich's and NIST's numbers, Welch's formula, the jackknife, and invariances."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import ttest_ind

from mixablate.estimate.models.cluster_robust import (
    ClusterRobust,
    Correction,
    cluster_robust,
    contrast_inference,
    least_squares,
    satterthwaite_df,
    t_inference,
)

GOLD = Path(__file__).resolve().parents[1] / "fixtures" / "gold"
EXACT = 1e-9  # two algebraically equal expressions, well conditioned
Floats = NDArray[np.float64]
SEEDS = st.integers(0, 2**32 - 1)


def gold(case: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    return pd.read_csv(GOLD / case / "data.csv"), dict(json.loads((GOLD / case / "reference.json").read_text()))


def fitted(
    seed: int, clusters: int = 7, most: int = 9, columns: int = 4
) -> tuple[Floats, Floats, NDArray[np.intp], Floats]:
    """Design, residuals, cluster codes and row variances of a random regression, clusters of 2 to `most` rows."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(clusters), rng.integers(2, most + 1, clusters))
    design = np.column_stack([np.ones(len(codes)), rng.normal(size=(len(codes), columns - 1))])
    _, residuals = least_squares(design, rng.normal(size=len(codes)) + rng.normal(size=clusters)[codes])
    return design, residuals, codes, rng.uniform(0.05, 0.25, len(codes))


def degrees(robust: ClusterRobust) -> Floats:
    return np.array([satterthwaite_df(robust, unit) for unit in np.eye(len(robust.root))])


@pytest.mark.parametrize("correction", list(Correction))
def test_least_squares_covariances_and_degrees_of_freedom_are_clubsandwichs(correction: Correction) -> None:
    data, reference = gold("cr2_ols_mortality")
    rel = reference["tolerance"]["rel"]
    years = [(data["year"] == year).to_numpy(float) for year in range(1971, 1997)]
    design = np.column_stack([np.ones(len(data)), data["legal"], data["beertaxa"], *years])
    coefficients, residuals = least_squares(design, data["mrate"].to_numpy(float))
    robust = cluster_robust(design, residuals, data["state"], correction)
    theirs = reference["cr"][str(correction)]
    np.testing.assert_allclose(coefficients, list(reference["coef"].values()), rtol=rel)
    np.testing.assert_allclose(robust.covariance, theirs["vcov"], rtol=rel)
    np.testing.assert_allclose(degrees(robust), list(theirs["satt_df"].values()), rtol=rel)
    for position, name in enumerate(reference["coef"]):
        found = contrast_inference(coefficients[position], robust, np.eye(len(coefficients))[position])
        assert found.std_error == pytest.approx(theirs["se"][name], rel=rel)
        assert found.p_value == pytest.approx(theirs["satt_p"][name], rel=rel)
        assert (found.lower, found.upper) == pytest.approx((theirs["ci_L"][name], theirs["ci_U"][name]), rel=rel)


def test_longley_coefficients_and_errors_keep_eight_certified_digits() -> None:
    data, reference = gold("nist_longley")
    design = np.column_stack([np.ones(len(data)), data.drop(columns="y")])
    coefficients, residuals = least_squares(design, data["y"].to_numpy(float))
    rel = reference["tolerance"]["rel"]
    np.testing.assert_allclose(coefficients, reference["certified_coef"], rtol=rel)
    spread = math.sqrt(residuals @ residuals / (len(data) - 7))
    assert spread == pytest.approx(reference["residual_sd"], rel=rel)
    root = cluster_robust(design, residuals, np.arange(len(data))).root
    np.testing.assert_allclose(np.sqrt(np.diag(root @ root.T)) * spread, reference["certified_se"], rtol=rel)


def test_two_arms_of_runs_give_welchs_error_and_bell_mccaffreys_degrees_of_freedom() -> None:
    # Arm 0: 1, 2, 6 (mean 3, s^2 = 7); arm 1: 10, 14 (mean 12, s^2 = 8). SE^2 = 7/3 + 8/2 = 6.3333.
    # df = (1/3 + 1/2)^2 / (1/(9*2) + 1/(4*1)) = .69444 / .30556 = 2.2727
    design = np.array([[1, 0], [1, 0], [1, 0], [0, 1], [0, 1.0]])
    values = np.array([1, 2, 6, 10, 14.0])
    coefficients, residuals = least_squares(design, values)
    difference = np.array([-1.0, 1.0])
    robust = cluster_robust(design, residuals, ["c", "a", "e", "b", "d"])
    found = contrast_inference(float(difference @ coefficients), robust, difference)
    assert found.estimate == pytest.approx(9)
    assert found.std_error**2 == pytest.approx(7 / 3 + 8 / 2, rel=EXACT)
    assert found.df == pytest.approx(0.25 / 0.11, rel=EXACT)
    assert found.estimate / found.std_error == pytest.approx(
        ttest_ind(values[3:], values[:3], equal_var=False).statistic
    )


def test_with_equal_arms_the_test_has_the_pooled_degrees_of_freedom() -> None:
    design = np.kron(np.eye(2), np.ones((5, 1)))
    robust = cluster_robust(design, least_squares(design, np.arange(10.0))[1], range(10))
    assert satterthwaite_df(robust, np.array([-1.0, 1.0])) == pytest.approx(8, rel=EXACT)
    np.testing.assert_allclose(robust.leverage, 0.2, rtol=EXACT)


@given(SEEDS)
def test_every_row_its_own_cluster_is_hc2(seed: int) -> None:
    design, residuals, _, _ = fitted(seed)
    inverse = np.linalg.inv(design.T @ design)
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    hc2 = inverse @ (design.T * (residuals**2 / (1 - leverage))) @ design @ inverse
    robust = cluster_robust(design, residuals, np.arange(len(design)))
    np.testing.assert_allclose(robust.covariance, hc2, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(robust.leverage, leverage, rtol=1e-8)


@given(SEEDS)
def test_cr3_is_the_jackknife_over_clusters(seed: int) -> None:
    # The identity is exact for least squares: leave each cluster out and refit.
    rng = np.random.default_rng(seed)
    design, _, codes, _ = fitted(seed)
    response = rng.normal(size=len(design)) + rng.normal(size=7)[codes]
    coefficients, residuals = least_squares(design, response)
    moves = [least_squares(design[codes != g], response[codes != g])[0] - coefficients for g in range(7)]
    robust = cluster_robust(design, residuals, codes, Correction.CR3)
    np.testing.assert_allclose(robust.covariance, np.transpose(moves) @ moves, rtol=1e-7, atol=1e-10)


@given(SEEDS, st.booleans())
def test_cr2_is_unbiased_and_its_degrees_of_freedom_match_two_moments(seed: int, unequal: bool) -> None:
    # The squared error of a contrast is a quadratic form z'Qz in the independent working errors z. Its expectation is
    # tr Q, its df 2 (tr Q)^2 / Var = (tr Q)^2 / tr Q^2; Q is built here from the definition, error by error.
    design, _, codes, variances = fitted(seed)
    spread = variances if unequal else None
    rows = len(design)
    maker = np.eye(rows) - design @ np.linalg.inv(design.T @ design) @ design.T
    robust = cluster_robust(design, np.zeros(rows), codes, variances=spread)
    vector = np.array([0.0, 1.0, -0.5, 0.0])
    direction = robust.root.T @ vector
    by_error = np.zeros((7, rows))
    for error in range(rows):
        again = cluster_robust(design, maker[:, error], codes, variances=spread)
        assert again.covariance.shape == (4, 4)
        by_error[:, error] = scores(again, maker[:, error], codes, spread, design) @ direction
    form = by_error.T @ by_error
    assert np.trace(form) == pytest.approx(direction @ direction, rel=1e-7)
    assert satterthwaite_df(robust, vector) == pytest.approx(np.trace(form) ** 2 / (form**2).sum(), rel=1e-7)


def scores(
    robust: ClusterRobust, residuals: Floats, codes: NDArray[np.intp], variances: Floats | None, design: Floats
) -> Floats:
    """Root' X_g' A_g e_g for each cluster, from the definition of A_g by dense matrices."""
    inverse = np.linalg.inv(design.T @ design)
    found = []
    for g in range(7):
        x = design[codes == g]
        v = np.diag(np.ones(len(x)) if variances is None else variances[codes == g])
        values, turn = np.linalg.eigh(v @ (np.eye(len(x)) - x @ inverse @ x.T) @ v)
        found.append(robust.root.T @ x.T @ (turn / np.sqrt(values)) @ turn.T @ v @ residuals[codes == g])
    return np.array(found)


@given(SEEDS, st.sampled_from(list(Correction)), st.booleans())
def test_cluster_names_and_row_order_do_not_matter(seed: int, correction: Correction, unequal: bool) -> None:
    design, residuals, codes, variances = fitted(seed)
    shuffle = np.random.default_rng(seed).permutation(len(codes))
    spread = variances if unequal else None
    names = np.array([f"run {9 - code} é" for code in codes])
    one = cluster_robust(design, residuals, codes, correction, spread)
    other = cluster_robust(
        design[shuffle], residuals[shuffle], names[shuffle], correction, None if spread is None else spread[shuffle]
    )
    np.testing.assert_allclose(other.covariance, one.covariance, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(degrees(other), degrees(one), rtol=1e-8)
    assert dict(zip(other.clusters, other.leverage, strict=True)) == pytest.approx(
        {f"run {9 - int(c)} é": h for c, h in zip(one.clusters, one.leverage, strict=True)}
    )


@given(SEEDS, st.sampled_from(list(Correction)))
def test_large_clusters_are_the_same_rotated_or_not(seed: int, correction: Correction) -> None:
    # Without variances clusters of more rows than columns are rotated; variances all alike say the same, unrotated.
    design, residuals, codes, _ = fitted(seed, most=12)
    rotated = cluster_robust(design, residuals, codes, correction)
    plain = cluster_robust(design, residuals, codes, correction, np.full(len(codes), 0.3))
    np.testing.assert_allclose(plain.covariance, rotated.covariance, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(degrees(plain), degrees(rotated), rtol=1e-8)


@given(SEEDS, st.integers(2, 4), st.sampled_from([Correction.CR0, Correction.CR2]))
def test_repeating_all_rows_within_their_clusters_buys_no_precision(seed: int, times: int, how: Correction) -> None:
    design, residuals, codes, _ = fitted(seed)
    once = cluster_robust(design, residuals, codes, how)
    often = cluster_robust(np.tile(design, (times, 1)), np.tile(residuals, times), np.tile(codes, times), how)
    np.testing.assert_allclose(often.covariance, once.covariance, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(degrees(often), degrees(once), rtol=1e-8)


def test_the_corrections_are_ordered() -> None:
    design, residuals, codes, _ = fitted(3)
    found = [np.diag(cluster_robust(design, residuals, codes, c).covariance) for c in ("CR0", "CR2", "CR3")]
    assert (found[0] < found[1]).all()
    assert (found[1] < found[2]).all()
    cr1 = np.diag(cluster_robust(design, residuals, codes, Correction.CR1).covariance)
    np.testing.assert_allclose(cr1, found[0] * 7 / 6, rtol=EXACT)


def test_an_arm_of_one_run_has_no_standard_error_of_its_own() -> None:
    # Three runs against one: the single run is fitted exactly; a naive cluster error would count it as certain.
    design = np.array([[1, 0], [1, 0], [1, 0], [0, 1.0]])
    coefficients, residuals = least_squares(design, np.array([1, 2, 6, 10.0]))
    robust = cluster_robust(design, residuals, ["a", "b", "c", "lone run"])
    found = contrast_inference(float(coefficients[1] - coefficients[0]), robust, np.array([-1.0, 1.0]))
    assert found.estimate == pytest.approx(7)
    assert math.isnan(found.std_error)
    assert math.isnan(found.p_value)
    # its share: 1 of (1 + 1/3)
    assert found.reason.startswith("75% of the estimate's variance comes from runs that the model fits exactly (\"lone")
    assert not contrast_inference(3.0, robust, np.array([1.0, 0.0])).reason


def test_clusters_with_an_intercept_of_their_own_still_carry_comparisons_within_them() -> None:
    # Every cluster's mean is fitted exactly, which the within-cluster slope does not use: 4 clusters, x = 0, 1 in each.
    # The slope is the mean of the four differences 1, 2, 3, 6: 3, with SE^2 = s^2 / 4 = (14/3) / 4 and 3 df.
    design = np.column_stack([np.kron(np.eye(4), np.ones((2, 1))), np.tile([0, 1.0], 4)])
    coefficients, residuals = least_squares(design, np.array([5, 6, 0, 2, 9, 12, 1, 7.0]))
    robust = cluster_robust(design, residuals, np.repeat(list("wxyz"), 2))
    found = contrast_inference(coefficients[4], robust, np.eye(5)[4])
    assert (found.estimate, found.std_error**2, found.df) == pytest.approx((3, 14 / 12, 3))
    assert contrast_inference(coefficients[0], robust, np.eye(5)[0]).reason


def test_one_cluster_supports_nothing() -> None:
    design = np.column_stack([np.ones(4), np.arange(4.0)])
    robust = cluster_robust(design, least_squares(design, np.array([1, 3, 2, 5.0]))[1], ["only"] * 4)
    assert "100% of the estimate's variance" in contrast_inference(1.0, robust, np.array([0.0, 1.0])).reason
    assert math.isnan(satterthwaite_df(robust, np.array([0.0, 1.0])))


def test_runs_that_agree_to_the_last_digit_give_no_p_value_of_zero() -> None:
    design = np.kron(np.eye(2), np.ones((3, 1)))
    coefficients, residuals = least_squares(design, np.array([0.1, 0.1, 0.1, 0.7, 0.7, 0.7]))
    robust = cluster_robust(design, residuals, range(6))
    found = contrast_inference(float(coefficients[1] - coefficients[0]), robust, np.array([-1.0, 1.0]))
    assert (found.reason, math.isnan(found.p_value)) == ("no spread between runs was seen", True)


def test_a_normal_interval_comes_of_infinite_degrees_of_freedom() -> None:
    found = t_inference(1.0, 0.5, math.inf)
    assert (found.lower, found.upper) == pytest.approx((1 - 0.5 * 1.959964, 1 + 0.5 * 1.959964), abs=1e-6)
    assert found.p_value == pytest.approx(0.0455, abs=1e-4)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: cluster_robust(np.ones((3, 1)), np.ones(3), [1, 2]), "unequal rows"),
        (lambda: cluster_robust(np.ones((3, 1)), np.ones(3), [1, 2, 3], variances=np.zeros(3)), "variances must be"),
        (lambda: cluster_robust(np.ones((3, 2)), np.ones(3), [1, 2, 3]), "linearly dependent"),
        (lambda: least_squares(np.ones((1, 2)), np.ones(1)), "at least as many rows as columns"),
        (lambda: least_squares(np.zeros((3, 1)), np.ones(3)), "no column of zeros"),
        (lambda: least_squares(np.full((3, 1), np.nan), np.ones(3)), "must be finite"),
        (lambda: least_squares(np.ones((3, 1)), np.full(3, np.nan)), "response must be finite"),
        (lambda: t_inference(1, 1, 4, 1.5), "level must lie between 0 and 1"),
    ],
)
def test_what_is_no_regression_is_refused(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()
