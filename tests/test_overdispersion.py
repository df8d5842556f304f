"""Quasi-binomial and beta-binomial logits: by hand, by scipy's distribution, by simulation, and at the boundary."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import chdtri, expit, logit
from scipy.stats import betabinom
from scipy.stats import binom as binomial
from scipy.stats import t as student

from mixablate.errors import DesignError
from mixablate.estimate.models.beta_binomial import (
    BetaBinomial,
    beta_binomial_contrast,
    correlation_interval,
    fit_beta_binomial,
)
from mixablate.estimate.models.logit import Unfitted
from mixablate.estimate.models.overdispersion import QuasiBinomial, fit_quasibinomial, quasi_contrast

Floats = NDArray[np.float64]
EXACT = 1e-9  # two algebraically equal expressions at coefficients converged to 1e-10
SEARCHED = 1e-6  # log-likelihood: an optimiser without derivatives
CURVED = 1e-4  # relative: second differences of a log-likelihood over steps of 1e-4
TWO = ["(Intercept)", "tools"]
SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=15)

OFF = [12, 30, 21, 9, 25]
ON = [3, 14, 8, 2]


def arms(off: list[int], on: list[int], trials: int = 100) -> tuple[Floats, Floats, Floats]:
    design = np.array([[1.0, 0.0]] * len(off) + [[1.0, 1.0]] * len(on))
    return design, np.array([*off, *on], dtype=float), np.full(len(design), float(trials))


def must_quasi(design: Floats, events: Floats, trials: Floats) -> QuasiBinomial:
    fit = fit_quasibinomial(design, events, trials, names=TWO[: np.shape(design)[1]])
    assert isinstance(fit, QuasiBinomial), fit.reason
    return fit


def must_beta(design: Floats, events: Floats, trials: Floats) -> BetaBinomial:
    fit = fit_beta_binomial(design, events, trials, names=TWO[: np.shape(design)[1]])
    assert isinstance(fit, BetaBinomial), fit.reason
    return fit


def by_scipy(design: Floats, events: Floats, trials: Floats) -> Callable[[Floats], float]:
    """The log-likelihood of (coefficients, logit rho), from scipy's beta-binomial distribution."""

    def height(point: Floats) -> float:
        mean, rho = expit(design @ point[:-1]), expit(point[-1])
        return float(betabinom.logpmf(events, trials, mean * (1 - rho) / rho, (1 - mean) * (1 - rho) / rho).sum())

    return height


def random_arms(seed: int) -> tuple[Floats, Floats, Floats]:
    rng = np.random.default_rng(seed)
    design, _, _ = arms([0] * 4, [0] * 3)
    trials = rng.integers(5, 80, size=7).astype(float)
    rates = rng.beta(2, 4, size=7)
    return design, np.clip(rng.binomial(trials.astype(int), rates), 1, trials - 1).astype(float), trials


def test_the_dispersion_of_three_runs_by_hand() -> None:
    # Counts 2 6 10 of 20: rate .3, squares 16 + 0 + 16 over 20 (.3)(.7) = 4.2, two degrees of freedom
    fit = must_quasi(np.ones((3, 1)), np.array([2.0, 6, 10]), np.full(3, 20.0))
    assert (fit.pearson, fit.df) == (pytest.approx(32 / 4.2, rel=EXACT), 2)
    assert fit.dispersion == pytest.approx(16 / 4.2, rel=EXACT)
    # SE^2 of the log odds is phi / (60 (.3)(.7)), t on 2 degrees of freedom
    found = quasi_contrast(fit, [1], 0.9)
    assert found.std_error**2 == pytest.approx(16 / 4.2 / 12.6, rel=EXACT)
    assert found.upper == pytest.approx(logit(0.3) + student.ppf(0.95, 2) * found.std_error, rel=EXACT)
    assert fit.log_likelihood == pytest.approx(binomial.logpmf([2, 6, 10], 20, 0.3).sum(), rel=EXACT)


def test_runs_closer_than_binomial_are_taken_as_binomial_unless_asked() -> None:
    fit = must_quasi(np.ones((4, 1)), np.array([6.0, 6, 5, 7]), np.full(4, 20.0))
    assert fit.dispersion < 1
    plain = 1 / (80 * 0.3 * 0.7)
    assert quasi_contrast(fit, [1]).std_error ** 2 == pytest.approx(plain, rel=EXACT)
    assert quasi_contrast(fit, [1], floor=0.0).std_error ** 2 == pytest.approx(plain * fit.dispersion, rel=EXACT)


def test_a_row_for_each_arm_shows_no_spread() -> None:
    fit = must_quasi(*arms([12], [3]))
    assert (fit.df, math.isnan(fit.dispersion)) == (0, True)
    found = quasi_contrast(fit, [0, 1])
    assert math.isnan(found.std_error)
    assert found.reason.startswith("as many coefficients as rows")
    beta = must_beta(*arms([12], [3]))
    assert beta.correlation == 0.0
    assert beta_binomial_contrast(beta, [0, 1]).reason == found.reason


@FEW
@given(SEEDS)
def test_the_likelihood_is_scipys_and_no_search_goes_higher(seed: int) -> None:
    rows = random_arms(seed)
    fit = must_beta(*rows)
    if fit.correlation < 1e-3:
        return  # scipy's gamma functions cancel
    height = by_scipy(*rows)
    top = np.append(fit.coefficients, logit(fit.correlation))
    assert fit.log_likelihood == pytest.approx(height(top), abs=SEARCHED)
    found = minimize(lambda point: -height(point), top + 0.1, method="Nelder-Mead", options={"maxiter": 2000})
    assert -found.fun <= fit.log_likelihood + SEARCHED


def test_standard_errors_are_those_of_second_differences() -> None:
    rows = arms(OFF, ON)
    fit, height, step = must_beta(*rows), by_scipy(*rows), 1e-4
    top = np.append(fit.coefficients, logit(fit.correlation))
    shifts = step * np.eye(3)
    curvature = [
        [
            (height(top + a + b) - height(top + a - b) - height(top - a + b) + height(top - a - b)) / (4 * step**2)
            for a in shifts
        ]
        for b in shifts
    ]
    np.testing.assert_allclose(fit.covariance, np.linalg.inv(-np.array(curvature)), rtol=CURVED, atol=1e-7)
    found = beta_binomial_contrast(fit, [0, 1], 0.9)
    assert found.df == 9 - 2
    reach = student.ppf(0.95, 7) * math.sqrt(fit.covariance[1, 1])
    assert (found.lower, found.upper) == pytest.approx((found.estimate - reach, found.estimate + reach), rel=EXACT)


def test_limits_of_the_correlation_are_those_of_a_search_over_the_coefficients() -> None:
    rows = arms(OFF, ON)
    fit, height = must_beta(*rows), by_scipy(*rows)
    lower, upper = correlation_interval(fit, 0.9)
    assert 0 < lower < fit.correlation < upper < 1
    for limit in (lower, upper):
        best = minimize(
            lambda b, at=limit: -height(np.append(b, logit(at))),
            fit.coefficients,
            method="Nelder-Mead",
            options={"xatol": 1e-8, "fatol": 1e-11},
        )
        assert fit.log_likelihood + best.fun == pytest.approx(chdtri(1, 0.1) / 2, abs=SEARCHED)


def test_runs_closer_than_binomial_have_no_correlation_and_the_binomial_numbers() -> None:
    design, events, trials = arms([20, 21, 20, 19], [9, 10, 11])
    fit, plain = must_beta(design, events, trials), must_quasi(design, events, trials)
    assert (fit.correlation, fit.ratio_statistic, fit.ratio_p_value) == (0.0, 0.0, 1.0)
    np.testing.assert_allclose(fit.coefficients, plain.coefficients, rtol=1e-8)
    np.testing.assert_allclose(fit.covariance[:2, :2], plain.model_covariance, rtol=1e-7)
    assert np.isnan(fit.covariance[2]).all()
    assert fit.log_likelihood == pytest.approx(plain.log_likelihood, rel=EXACT)
    lower, upper = correlation_interval(fit)
    assert lower == 0.0 < upper < 0.1


def test_a_correlation_that_is_almost_none_is_found_where_gamma_functions_cancel() -> None:
    # Two-run arms at a sum of squares just above binomial: rho of about 1e-6, at which lbeta has no digits left.
    fit = must_beta(np.ones((4, 1)), 10_000 + np.array([-70.0, 70, -73, 73]), np.full(4, 2e4))
    # Variance of a count is n p q (1 + (n - 1) rho): 5114.5 (ML divides by runs) over 5000 is 1 + 19999 rho
    assert fit.correlation == pytest.approx((5114.5 / 5000 - 1) / 19_999, rel=0.01)


def test_the_boundary_p_value_is_half_of_chi_squares() -> None:
    fit = must_beta(*arms(OFF, ON))
    plain = must_quasi(*arms(OFF, ON))
    assert fit.ratio_statistic == pytest.approx(2 * (fit.log_likelihood - plain.log_likelihood), rel=1e-7)
    # P(chi-square_1 > x) = 2 P(N > sqrt x)
    assert fit.ratio_p_value == pytest.approx(math.erfc(math.sqrt(fit.ratio_statistic / 2)) / 2, rel=EXACT)


def test_a_known_correlation_is_found_again() -> None:
    # 600 runs of 50 at rho .05 and rates .2 and .1: the estimates lie within 4.5 of their standard errors unless luck
    # fails by about 2e-5, and this seed is fixed.
    rng = np.random.default_rng(20)
    design = np.array([[1.0, i % 2] for i in range(600)])
    mean = np.where(design[:, 1] > 0, 0.1, 0.2)
    rates = rng.beta(mean * 19, (1 - mean) * 19)
    fit = must_beta(design, rng.binomial(50, rates).astype(float), np.full(600, 50.0))
    errors = np.sqrt(np.diag(fit.covariance))
    truth = [logit(0.2), logit(0.1) - logit(0.2), logit(0.05)]
    assert (np.abs((np.append(fit.coefficients, logit(fit.correlation)) - truth) / errors) < 4.5).all()
    lower, upper = correlation_interval(fit, 0.99999)
    assert lower < 0.05 < upper


@FEW
@given(SEEDS)
def test_row_order_and_recoding_do_not_matter(seed: int) -> None:
    design, events, trials = random_arms(seed)
    order = np.random.default_rng(seed).permutation(len(design))
    recoded = np.column_stack([design[:, 0], 1 - design[:, 1]])
    fit, quasi = must_beta(design, events, trials), must_quasi(design, events, trials)
    moved = must_beta(design[order], events[order], trials[order])
    turned, turned_quasi = must_beta(recoded, events, trials), must_quasi(recoded, events, trials)
    flipped = must_beta(design, trials - events, trials)
    np.testing.assert_allclose(moved.coefficients, fit.coefficients, rtol=1e-7)
    np.testing.assert_allclose(flipped.coefficients, -fit.coefficients, rtol=1e-6, atol=1e-7)
    assert turned.coefficients[1] == pytest.approx(-fit.coefficients[1], rel=1e-6, abs=1e-7)
    assert turned_quasi.coefficients[1] == pytest.approx(-quasi.coefficients[1], rel=1e-7, abs=1e-9)
    for other in (moved, turned, flipped):
        assert other.correlation == pytest.approx(fit.correlation, rel=1e-6, abs=1e-9)
        assert other.log_likelihood == pytest.approx(fit.log_likelihood, rel=EXACT)
    assert turned_quasi.dispersion == pytest.approx(quasi.dispersion, rel=1e-7)


def test_a_run_split_in_two_is_another_statement() -> None:
    # The same rollouts as twice the runs, each pair alike: less correlation between runs' rollouts is needed for less.
    design, events, trials = arms([10, 30, 20, 8], [2, 14, 8, 4])
    whole = must_beta(design, events, trials), must_quasi(design, events, trials)
    halves = np.vstack([design, design]), np.tile(events / 2, 2), np.tile(trials / 2, 2)
    split = must_beta(*halves), must_quasi(*halves)
    assert split[1].coefficients == pytest.approx(whole[1].coefficients, abs=1e-9)
    assert split[1].dispersion < 0.6 * whole[1].dispersion
    assert split[0].covariance[1, 1] < whole[0].covariance[1, 1]


def test_rows_without_trials_are_left_out() -> None:
    design, events, trials = arms(OFF, ON)
    more = np.vstack([design, [1.0, 0.5]]), np.append(events, 0.0), np.append(trials, 0.0)
    assert must_beta(*more).coefficients == pytest.approx(must_beta(design, events, trials).coefficients, rel=1e-9)
    assert must_quasi(*more).df == must_quasi(design, events, trials).df == 7
    assert must_beta(*more).rows.count == 9


def test_far_units_do_not_matter() -> None:
    design, events, trials = arms(OFF, ON)
    tokens = np.column_stack([design[:, 0], 1e9 + 1e7 * design[:, 1]])
    assert must_beta(tokens, events, trials).coefficients[1] * 1e7 == pytest.approx(
        must_beta(design, events, trials).coefficients[1], rel=1e-6
    )


@pytest.mark.parametrize(
    ("events", "trials", "said"),
    [
        ([5, 9, 0, 0], [20] * 4, "quasi separation: 2 row"),
        ([1, 0, 1, 0], [1] * 4, "rows of a single trial carry no information"),
        ([20, 0, 20, 0], [20] * 4, "rollouts of a run all agree"),
    ],
)
def test_what_has_no_beta_binomial_estimate_gives_the_reason(events: list[int], trials: list[int], said: str) -> None:
    design, _, _ = arms([0, 0], [0, 0])
    found = fit_beta_binomial(design, events, trials, names=TWO)
    assert isinstance(found, Unfitted)
    assert found.reason.startswith(said)


def test_separated_counts_have_no_quasi_binomial_either() -> None:
    found = fit_quasibinomial(*arms([5, 9], [0, 0]), names=TWO)
    assert isinstance(found, Unfitted)
    assert '"tools"' in found.reason


def test_aliased_columns_are_refused_by_name() -> None:
    design, events, trials = arms(OFF, ON)
    twice = np.column_stack([design, 2 * design[:, 1]])
    for fit in (fit_beta_binomial, fit_quasibinomial):
        with pytest.raises(DesignError, match='"tools", "again"'):
            fit(twice, events, trials, names=[*TWO, "again"])


def test_counts_that_are_not_whole_are_refused() -> None:
    with pytest.raises(ValueError, match="must be whole numbers"):
        fit_beta_binomial([[1.0], [1.0]], [0.5, 1], [2, 2], names=["(Intercept)"])


def test_events_beyond_trials_are_refused() -> None:
    for fit in (fit_beta_binomial, fit_quasibinomial):
        with pytest.raises(ValueError, match="events must lie between 0 and trials"):
            fit([[1.0], [1.0]], [3, 1], [2, 2], names=["(Intercept)"])


def test_bad_contrasts_levels_and_floors_are_refused() -> None:
    quasi, beta = must_quasi(*arms(OFF, ON)), must_beta(*arms(OFF, ON))
    with pytest.raises(ValueError, match="needs 2 weights"):
        quasi_contrast(quasi, [1])
    with pytest.raises(ValueError, match="needs 2 weights"):
        beta_binomial_contrast(beta, [1])
    with pytest.raises(ValueError, match="floor must be 0 or more"):
        quasi_contrast(quasi, [0, 1], floor=-1.0)
    for level in (0.0, 1.0, math.nan):
        for function in (quasi_contrast, beta_binomial_contrast):
            with pytest.raises(ValueError, match="level must lie between 0 and 1"):
                function(quasi if function is quasi_contrast else beta, [0, 1], level)
        with pytest.raises(ValueError, match="level must lie between 0 and 1"):
            correlation_interval(beta, level)
