"""The linear probability model: arithmetic by hand, Welch and statsmodels as second roads, what must not matter."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom, ttest_ind
from statsmodels.regression.linear_model import WLS

from mixablate.errors import DesignError
from mixablate.estimate.models.cluster_robust import Correction
from mixablate.estimate.models.linear_probability import (
    LinearProbability,
    Weighting,
    fit_linear_probability,
    risk_difference,
)

EXACT = 1e-9  # two algebraically equal expressions, well conditioned
LEAST_COVERED = 900  # of 1,000 intervals
SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=20)
BOTH = pytest.mark.parametrize("weighting", list(Weighting))
Floats = NDArray[np.float64]


def two_arms(weighting: Weighting = Weighting.RUNS) -> LinearProbability:
    """Runs of 100, 200 and 100 at rates .2, .4, .3 without the flag; of 100 and 300 at .1 and .2 with it."""
    design = np.column_stack([np.ones(5), [0, 0, 0, 1, 1.0]])
    return fit_linear_probability(
        design,
        [20, 80, 30, 10, 60],
        [100, 200, 100, 100, 300],
        ["r9", "r10", "ω", "NA", "1e5"],
        names=["intercept", "tools, unused"],
        weighting=weighting,
    )


def test_runs_alike_give_the_difference_of_mean_run_rates_with_welchs_error() -> None:
    # Means .3 and .15; s^2 = .01 over 3 runs and .005 over 2: SE^2 = .01/3 + .005/2 = .0058333.
    # Bell-McCaffrey df = (1/3 + 1/2)^2 / (1/(9*2) + 1/(4*1)) = 2.2727.
    fit = two_arms()
    found = risk_difference(fit, [0, 1])
    assert found.estimate == pytest.approx(-0.15, rel=EXACT)
    assert found.std_error**2 == pytest.approx(0.01 / 3 + 0.005 / 2, rel=EXACT)
    assert found.df == pytest.approx(0.25 / 0.11, rel=EXACT)
    welch = ttest_ind([0.1, 0.2], [0.2, 0.4, 0.3], equal_var=False)
    assert found.estimate / found.std_error == pytest.approx(welch.statistic, rel=EXACT)
    assert (fit.n_rows, fit.n_clusters, fit.doubts) == (5, 5, ())


def test_trials_alike_give_the_difference_of_pooled_rates() -> None:
    # 130/400 = .325, 70/400 = .175. Residuals of runs in events: 20 - 32.5, 80 - 65, 30 - 32.5; 10 - 17.5, 60 - 52.5.
    # CR0: (156.25 + 225 + 6.25)/400^2 + (56.25 + 56.25)/400^2. CR2 divides each square by 1 - n_run/n_arm.
    found = risk_difference(two_arms(Weighting.TRIALS), [0, 1])
    assert found.estimate == pytest.approx(0.175 - 0.325, rel=EXACT)
    squares = 156.25 / 0.75 + 225 / 0.5 + 6.25 / 0.75 + 56.25 / 0.75 + 56.25 / 0.25
    assert found.std_error**2 == pytest.approx(squares / 400**2, rel=EXACT)


def study(seed: int) -> tuple[Floats, Floats, Floats, list[str]]:
    """12 runs with three evals each, a flag, a dose and eval dummies; a rate of about 20 % that differs by run."""
    rng = np.random.default_rng(seed)
    flag, dose = np.tile([0, 1.0], 6), np.repeat([0, 0.1, 0.4], 4)
    evals = np.tile(np.eye(3)[:, 1:], (12, 1))
    design = np.column_stack([np.ones(36), np.repeat(flag, 3), np.repeat(dose, 3), evals])
    run = np.repeat(rng.normal(0, 0.4, 12), 3)
    trials = rng.integers(60, 200, 36).astype(float)
    events = rng.binomial(trials.astype(int), 1 / (1 + np.exp(1.4 - run + 0.5 * design[:, 1]))).astype(float)
    return design, events, trials, [f"run {i}" for i in np.repeat(rng.permutation(12), 3)]


NAMES = ["intercept", "flag", "dose", "eval b", "eval c"]


def same(one: LinearProbability, other: LinearProbability) -> None:
    assert other.coefficients == pytest.approx(one.coefficients, rel=EXACT, abs=EXACT)
    assert other.covariance == pytest.approx(one.covariance, rel=EXACT, abs=EXACT)
    here, there = (risk_difference(fit, [0, 1, 0.4, 0, 0]) for fit in (one, other))
    assert (there.df, there.p_value) == pytest.approx((here.df, here.p_value), rel=1e-7)


@BOTH
@given(seed=SEEDS)
@FEW
def test_coefficients_and_plain_clustered_errors_are_statsmodels(weighting: Weighting, seed: int) -> None:
    design, events, trials, runs = study(seed)
    fit = fit_linear_probability(
        design, events, trials, runs, names=NAMES, weighting=weighting, correction=Correction.CR0
    )
    codes = np.unique(runs, return_inverse=True)[1]
    per_run = np.bincount(codes, trials)[codes] if weighting is Weighting.RUNS else 1.0
    theirs = WLS(events / trials, design, weights=trials / per_run).fit(
        cov_type="cluster", cov_kwds={"groups": codes, "use_correction": False}
    )
    assert fit.coefficients == pytest.approx(theirs.params, rel=EXACT, abs=EXACT)
    assert fit.covariance == pytest.approx(theirs.cov_params(), rel=1e-7, abs=1e-12)


@BOTH
@given(seed=SEEDS)
@FEW
def test_row_order_run_names_and_rows_without_trials_do_not_matter(weighting: Weighting, seed: int) -> None:
    design, events, trials, runs = study(seed)
    order = np.random.default_rng(seed).permutation(36)
    one = fit_linear_probability(design, events, trials, runs, names=NAMES, weighting=weighting)
    other = fit_linear_probability(
        np.vstack([design[order], np.full(5, 7.0)]),
        [*events[order], 0],
        [*trials[order], 0],
        [f"model {runs[i]}" for i in order] + ["unscored"],
        names=NAMES,
        weighting=weighting,
    )
    same(one, other)
    assert (other.n_rows, other.n_clusters) == (36, 12)


@BOTH
@given(seed=SEEDS)
@FEW
def test_counts_and_their_0_1_rows_are_one_study(weighting: Weighting, seed: int) -> None:
    design, events, trials, runs = study(seed)
    rows = np.repeat(np.arange(36), trials.astype(int))
    ones = np.concatenate([np.arange(int(n)) < k for k, n in zip(events, trials, strict=True)]).astype(float)
    one = fit_linear_probability(design, events, trials, runs, names=NAMES, weighting=weighting)
    other = fit_linear_probability(
        design[rows], ones, np.ones(len(rows)), [runs[i] for i in rows], names=NAMES, weighting=weighting
    )
    same(one, other)


@BOTH
@given(seed=SEEDS, times=st.integers(2, 3))
@FEW
def test_more_rollouts_of_the_same_runs_at_the_same_rates_buy_no_precision(
    weighting: Weighting, seed: int, times: int
) -> None:
    design, events, trials, runs = study(seed)
    one = fit_linear_probability(design, events, trials, runs, names=NAMES, weighting=weighting)
    other = fit_linear_probability(
        np.tile(design, (times, 1)),
        np.tile(events, times),
        np.tile(trials, times),
        runs * times,
        names=NAMES,
        weighting=weighting,
    )
    same(one, other)


@BOTH
@given(seed=SEEDS)
@FEW
def test_recoding_the_flag_turns_its_effect_around(weighting: Weighting, seed: int) -> None:
    design, events, trials, runs = study(seed)
    turned = design.copy()
    turned[:, 1] = 1 - turned[:, 1]
    here, there = (
        risk_difference(
            fit_linear_probability(x, events, trials, runs, names=NAMES, weighting=weighting), [0, 1, 0, 0, 0]
        )
        for x in (design, turned)
    )
    assert (-there.estimate, there.std_error, -there.upper) == pytest.approx(
        (here.estimate, here.std_error, here.lower), rel=1e-7
    )


def test_nine_of_ten_intervals_hold_the_mean_difference_of_simulated_studies() -> None:
    # 1,000 studies of 5 v 5 runs of 200, run rates uniform within .1 of .3 and .2. The interval is nearly Welch's. If
    # it held the truth 93 % of the time, fewer than 900 of 1,000 would come with chance below 1 in 1,000.
    assert binom.cdf(LEAST_COVERED - 1, 1000, 0.93) < 1e-3
    rng = np.random.default_rng(20261122)
    design = np.column_stack([np.ones(10), np.repeat([0, 1.0], 5)])
    covered = 0
    for _ in range(1000):
        rates = np.repeat([0.3, 0.2], 5) + rng.uniform(-0.1, 0.1, 10)
        fit = fit_linear_probability(design, rng.binomial(200, rates), [200] * 10, range(10), names=["1", "tools"])
        found = risk_difference(fit, [0, 1])
        covered += found.lower <= -0.1 <= found.upper
    assert covered >= LEAST_COVERED


def test_fitted_rates_outside_0_to_1_are_doubted_by_run() -> None:
    # Rates .5, .1 (flag), .06 (prompts), 0 (both): the additive fit of the last cell lies below 0.
    design = np.repeat(np.array([[1, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1.0]]), 3, axis=0)
    fit = fit_linear_probability(
        design,
        [50, 55, 45, 10, 12, 8, 6, 8, 4, 0, 0, 0],
        [100] * 12,
        [f"run {i}" for i in range(12)],
        names=["intercept", "tools", "prompts"],
    )
    # Additive least squares of the cells .5, .1, .06, 0: grand mean .165, tools -.115, prompts -.135 each way.
    assert fit.fitted[9:] == pytest.approx([0.165 - 0.115 - 0.135] * 3, rel=EXACT)
    assert fit.doubts[0] == (
        '3 of 12 fitted rates lie outside 0 to 1 (the furthest -0.085, run "run 9"): '
        "differences of rates do not add up here"
    )
    assert risk_difference(fit, [0, 1, 0]).estimate == pytest.approx(-0.23, rel=EXACT)


@pytest.mark.parametrize(("turned", "word"), [(False, "events"), (True, "non-events")])
def test_runs_that_expect_few_events_are_doubted_and_still_estimated(turned: bool, word: str) -> None:
    design = np.column_stack([np.ones(6), np.repeat([0, 1.0], 3)])
    events = np.array([20, 30, 25, 0, 2, 1.0])
    fit = fit_linear_probability(design, 100 - events if turned else events, [100] * 6, "abcdef", names=["1", "tools"])
    assert len(fit.doubts) == 1
    assert fit.doubts[0].startswith(f"3 of 6 runs expect fewer than 2 {word} (run ")
    assert fit.doubts[0].endswith(" 1): the interval may be too short")
    assert not risk_difference(fit, [0, 1]).reason


def test_an_arm_without_any_event_has_its_difference_where_a_logit_has_none() -> None:
    fit = fit_linear_probability(
        [[1, 0], [1, 0], [1, 0], [1, 1], [1, 1], [1, 1.0]],
        [20, 30, 25, 0, 0, 0],
        [100] * 6,
        range(6),
        names=["1", "tools"],
    )
    found = risk_difference(fit, [0, 1])
    assert found.estimate == pytest.approx(-0.25, rel=EXACT)
    assert found.std_error**2 == pytest.approx(0.0025 / 3, rel=EXACT)
    assert "expect fewer than 2 events" in fit.doubts[0]


def test_one_run_per_arm_gives_the_difference_without_a_standard_error() -> None:
    fit = fit_linear_probability([[1, 0], [1, 1.0]], [60, 12], [300, 300], ["base", "mixed"], names=["1", "tools"])
    found = risk_difference(fit, [0, 1])
    assert found.estimate == pytest.approx(-0.16, rel=EXACT)
    assert math.isnan(found.std_error)
    assert "100% of the estimate's variance" in found.reason


def test_columns_that_never_vary_apart_are_refused_by_name() -> None:
    design = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 2], [1, 1, 2.0]])
    with pytest.raises(DesignError, match=r'ALIASED at the linear probability model.*"tools", "prompts"'):
        fit_linear_probability(design, [1, 2, 3, 4], [9] * 4, range(4), names=["1", "tools", "prompts"])


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: fit_linear_probability([[1.0]], [0], [0], ["a"], names=["1"]), DesignError, "NO_ROWS"),
        (lambda: fit_linear_probability([[1.0]], [3], [2], ["a"], names=["1"]), ValueError, "events must lie between"),
        (lambda: fit_linear_probability([[1.0]], [1], [2], ["a"], names=[]), ValueError, "needs as many names"),
        (lambda: fit_linear_probability([[1.0]], [1], [2], [], names=["1"]), ValueError, "needs as many names"),
        (lambda: fit_linear_probability([[math.nan]], [1], [2], ["a"], names=["1"]), ValueError, "must be finite"),
        (lambda: risk_difference(two_arms(), [0, 1], 1.5), ValueError, "level must lie between"),
    ],
)
def test_what_is_no_regression_of_counts_is_refused(call: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        call()
