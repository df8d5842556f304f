"""Runs crossed with scenarios: sandwich's numbers, arithmetic by hand, Welch, a known truth, what must not matter."""

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
from scipy.special import expit
from scipy.stats import binom, ttest_ind
from statsmodels.stats.sandwich_covariance import cov_cluster_2groups

from mixablate.estimate.models.cluster_robust import Correction, cluster_robust, least_squares
from mixablate.estimate.models.logit import LogitFit, fit_logit, linear_contrast
from mixablate.estimate.models.two_way import (
    ScenarioContrast,
    cell_log_odds,
    cell_rates,
    cgm_covariance,
    scenario_contrast,
    scenario_logit_contrast,
    two_way_covariances,
    two_way_inference,
)

GOLD = Path(__file__).resolve().parents[1] / "fixtures" / "gold" / "twoway_cluster_petersen"
EXACT = 1e-9  # two algebraically equal expressions, well conditioned
LOGIT = 1e-6  # the same through coefficients converged to 1e-10
SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=20)
Floats = NDArray[np.float64]
DROP = {"base": -1.0, "tools": 1.0}


def test_petersens_panel_has_the_two_way_errors_of_r() -> None:
    data, reference = pd.read_csv(GOLD / "data.csv"), json.loads((GOLD / "reference.json").read_text())
    design = np.column_stack([np.ones(len(data)), data["x"]])
    _, residuals = least_squares(design, data["y"].to_numpy(float))
    for key, plain in (("twoway_HC1", False), ("twoway_HC1_multi0", True)):
        found = cgm_covariance(
            design, residuals, data["firm"], data["year"], Correction.CR1S, plain_cells=plain
        ).diagonal()
        assert np.sqrt(found) == pytest.approx(list(reference[key].values()), rel=reference["tolerance"]["rel"])


@given(SEEDS)
@FEW
def test_two_way_covariances_are_statsmodels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    firm, year = rng.integers(0, 9, 80), rng.integers(0, 7, 80)
    design = np.column_stack([np.ones(80), rng.normal(size=(80, 2))])
    response = rng.normal(size=80) + rng.normal(size=9)[firm]
    _, residuals = least_squares(design, response)
    from statsmodels.regression.linear_model import OLS

    theirs = cov_cluster_2groups(OLS(response, design).fit(), firm, year, use_correction=False)[0]
    names = np.array([f"firm {9 - code}" for code in firm])
    found = cgm_covariance(design, residuals, names, year, Correction.CR0)
    assert found == pytest.approx(theirs, rel=1e-7, abs=1e-12)


# 3 v 2 runs on 2 scenarios.
RATES = np.array([[0.30, 0.10], [0.26, 0.04], [0.37, 0.13], [0.18, 0.08], [0.14, 0.04]])
ARMS = ["base", "base", "base", "tools", "tools"]


def test_a_small_table_by_hand() -> None:
    # Scenario means: base .31, .09; tools .16, .06. Differences -.15 and -.03, mean -.09.
    # Run means: base .20, .15, .25 (s^2 = .0025); tools .13, .09 (s^2 = .0008): V_run = .0025/3 + .0008/2.
    # V_scenario = ((-.06)^2 + .06^2)/(2 - 1)/2 = .0036. df: Satterthwaite 2.2727, runs - 1 = 4, scenarios - 1 = 1.
    found = scenario_contrast(RATES, ARMS, DROP)
    assert found.these.estimate == pytest.approx(-0.09, rel=EXACT)
    assert found.run_variance == pytest.approx(0.0025 / 3 + 0.0008 / 2, rel=EXACT)
    assert found.scenario_variance == pytest.approx(0.0036, rel=EXACT)
    assert (found.these.df, found.new.df) == pytest.approx((0.25 / 0.11, 1), rel=EXACT)
    assert (found.n_runs, found.n_scenarios) == (5, 2)
    widest = max(0.0036, found.run_variance + 0.0036 - found.cell_variance)
    assert found.new.std_error**2 == pytest.approx(widest, rel=EXACT)


def test_the_cells_variance_is_hc2_of_the_rows() -> None:
    found = scenario_contrast(RATES, ARMS, DROP)
    arms = np.repeat([[1.0, 0], [1, 0], [1, 0], [0, 1], [0, 1]], 2, axis=0)
    design = np.column_stack([arms, np.tile([0, 1.0], 5)])
    inverse = np.linalg.inv(design.T @ design)
    residuals = RATES.ravel() - design @ inverse @ design.T @ RATES.ravel()
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    hc2 = inverse @ (design.T * (residuals**2 / (1 - leverage))) @ design @ inverse
    assert found.cell_variance == pytest.approx(hc2[0, 0] + hc2[1, 1] - 2 * hc2[0, 1], rel=EXACT)


def table(
    seed: int, runs: int = 5, scenarios: int = 6, differing: float = 0.5, rollouts: int = 33
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Counts of a null study: run SD .5, scenario SD 1, cell SD .3 on the logit, effects differing by scenario."""
    rng = np.random.default_rng(seed)
    arm = np.repeat([0, 1.0], runs)
    score = -1.4 + rng.normal(0, 1, scenarios) + rng.normal(0, 0.5, 2 * runs)[:, None]
    score = score + rng.normal(0, 0.3, (2 * runs, scenarios)) + arm[:, None] * rng.normal(0, differing, scenarios)
    trials = np.full(score.shape, rollouts)
    return rng.binomial(trials, expit(score)), trials, ["base"] * runs + ["tools"] * runs


@given(SEEDS)
@FEW
def test_a_complete_table_gives_these_scenarios_welchs_test_on_run_means(seed: int) -> None:
    events, trials, arms = table(seed)
    values = cell_log_odds(events, trials)
    found = scenario_contrast(values, arms, DROP)
    welch = ttest_ind(values[5:].mean(axis=1), values[:5].mean(axis=1), equal_var=False)
    assert found.these.estimate / found.these.std_error == pytest.approx(welch.statistic, rel=EXACT)
    assert found.these.df == pytest.approx(8, rel=EXACT)


@given(SEEDS)
@FEW
def test_the_scenario_term_is_the_spread_of_the_differences_within_scenarios(seed: int) -> None:
    events, trials, arms = table(seed)
    values = cell_rates(events, trials)
    differences = values[5:].mean(axis=0) - values[:5].mean(axis=0)
    found = scenario_contrast(values, arms, DROP)
    assert found.scenario_variance == pytest.approx(differences.var(ddof=1) / 6, rel=EXACT)


@given(SEEDS, st.booleans())
@FEW
def test_new_scenarios_are_never_claimed_more_surely_than_these(seed: int, logit: bool) -> None:
    events, trials, arms = table(seed, runs=3, scenarios=8, differing=0.0)
    trials = trials * (np.random.default_rng(seed).random(trials.shape) < 0.8)
    events = np.minimum(events, trials)
    found = (
        scenario_logit_contrast(events, trials, arms, DROP)
        if logit
        else scenario_contrast(cell_rates(events, trials), arms, DROP)
    )
    assert not found.new.reason
    assert found.new.std_error >= found.these.std_error * (1 - EXACT)
    assert found.new.df <= found.these.df
    assert found.new.lower <= found.these.lower + EXACT
    assert found.new.upper >= found.these.upper - EXACT


def test_null_studies_of_six_scenarios_are_rejected_as_often_as_said() -> None:
    # 400 null studies, 5 v 5 runs, 6 scenarios. Effects alike in all scenarios: both targets hold 5 %. Effects that
    # differ with SD .5: only `new` does. At exactly 5 %, 38 rejections or more (9.5 %) have chance below 1 in 4,000;
    # in 2,000 studies the rates were 5.0 and 3.4 % alike, 8.6 and 3.8 % differing. Two-way clustering without scenario
    # effects rejected 40.6 % (z), at which fewer than 100 of 400 have a chance below 1 in a billion.
    assert binom.sf(37, 400, 0.05) < 1 / 4000
    rejected = {(differing, target): 0 for differing in (0.0, 0.5) for target in ("these", "new", "naive")}
    for seed in range(400):
        for differing in (0.0, 0.5):
            events, trials, arms = table(seed, differing=differing)
            values = cell_log_odds(events, trials)
            found = scenario_contrast(values, arms, DROP)
            rejected[differing, "these"] += found.these.p_value < 0.05
            rejected[differing, "new"] += found.new.p_value < 0.05
            rejected[differing, "naive"] += naive_rejects(values)
    assert rejected[0.0, "these"] <= 37
    assert rejected[0.0, "new"] <= 37
    assert rejected[0.5, "new"] <= 37
    assert rejected[0.0, "naive"] >= 100


def naive_rejects(values: Floats) -> bool:
    """Two-way clustering with neither scenario effects nor t: |z| > 1.96, or a variance of 0 or less."""
    runs, scenarios = values.shape
    design = np.column_stack([np.ones(values.size), np.repeat([0, 1.0], values.size // 2)])
    coefficients, residuals = least_squares(design, values.ravel())
    ways = np.repeat(np.arange(runs), scenarios), np.tile(np.arange(scenarios), runs)
    variance = cgm_covariance(design, residuals, *ways)[1, 1]
    return bool(variance <= 0 or abs(coefficients[1]) > 1.96 * math.sqrt(variance))


def test_a_true_effect_on_new_scenarios_is_covered() -> None:
    # 300 studies with effect -1 on average over scenarios (SD .5). If 95 % were covered, fewer than 272 (90.7 %) would
    # come with chance below 1 in 500.
    assert binom.cdf(271, 300, 0.95) < 1 / 500
    covered = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        score = rng.normal(0, 1, 6) + rng.normal(0, 0.5, 10)[:, None] + rng.normal(0, 0.3, (10, 6))
        score[5:] += rng.normal(-1, 0.5, 6)
        found = scenario_contrast(score, ["base"] * 5 + ["tools"] * 5, DROP).new
        covered += found.lower <= -1 <= found.upper
    assert covered >= 272


def agree(one: ScenarioContrast, other: ScenarioContrast, sign: float = 1.0, rel: float = LOGIT) -> None:
    for here, there in ((one.these, other.these), (one.new, other.new)):
        assert (sign * there.estimate, there.std_error, there.df, there.p_value) == pytest.approx(
            (here.estimate, here.std_error, here.df, here.p_value), rel=rel
        )
    assert (other.n_runs, other.n_scenarios) == (one.n_runs, one.n_scenarios)


@pytest.mark.parametrize("logit", [False, True])
@given(seed=SEEDS)
@FEW
def test_order_names_empty_rows_and_sides_do_not_matter(logit: bool, seed: int) -> None:
    events, trials, arms = table(seed)
    trials = trials * (np.random.default_rng(seed).random(trials.shape) < 0.9)
    events = np.minimum(events, trials)
    rows, columns = np.random.default_rng(seed).permutation(10), np.random.default_rng(seed).permutation(6)

    def contrast(k: Any, n: Any, labels: list[str], drop: dict[str, float]) -> ScenarioContrast:
        if logit:
            return scenario_logit_contrast(k, n, labels, drop)
        return scenario_contrast(cell_rates(k, n), labels, drop)

    one = contrast(events, trials, arms, DROP)
    shuffled = contrast(events[rows][:, columns], trials[rows][:, columns], [arms[row] for row in rows], DROP)
    agree(one, shuffled)
    padded = contrast(
        np.pad(events, ((0, 2), (0, 1))), np.pad(trials, ((0, 2), (0, 1))), [*arms, "tools", "other"], DROP
    )
    agree(one, padded)
    agree(one, contrast(events, trials, arms, {"tools": -1, "base": 1}), sign=-1)
    more = contrast(
        np.vstack([events, events[:3]]), np.vstack([trials, trials[:3]]), [*arms, "stories", "stories", "stories"], DROP
    )
    agree(one, more)


@given(SEEDS)
@FEW
def test_the_logit_is_the_one_of_the_rows_with_its_clusters_by_run(seed: int) -> None:
    events, trials, arms = table(seed)
    found = scenario_logit_contrast(events, trials, arms, DROP)
    scenario = np.tile(np.eye(6), (10, 1))
    design = np.column_stack([np.repeat([0, 1.0], 30), scenario])
    fit = fit_logit(
        design, events.ravel(), trials.ravel(), np.repeat(range(10), 6).tolist(), names=[str(c) for c in range(7)]
    )
    assert isinstance(fit, LogitFit)
    expected = linear_contrast(fit, np.eye(7)[0])
    assert (found.these.estimate, found.these.std_error, found.these.df) == pytest.approx(
        (expected.estimate, expected.std_error, expected.df), rel=LOGIT
    )


def test_a_logit_s_scenario_term_is_cr2_by_scenario_of_its_whitened_rows() -> None:
    events, trials, arms = table(11)
    found = scenario_logit_contrast(events, trials, arms, DROP)
    design = np.column_stack([np.repeat([0, 1.0], 30), np.tile(np.eye(6), (10, 1))])
    fit = fit_logit(
        design, events.ravel(), trials.ravel(), np.repeat(range(10), 6).tolist(), names=[str(c) for c in range(7)]
    )
    assert isinstance(fit, LogitFit)
    rate = expit(design @ fit.coefficients)
    weight = np.sqrt(trials.ravel() * rate * (1 - rate))
    rows, residuals = design * weight[:, None], (events.ravel() - trials.ravel() * rate) / weight
    by_scenario = cluster_robust(rows, residuals, np.tile(range(6), 10)).covariance[0, 0]
    by_cell = cluster_robust(rows, residuals, range(60)).covariance[0, 0]
    assert (found.scenario_variance, found.cell_variance) == pytest.approx((by_scenario, by_cell), rel=LOGIT)


def test_scenarios_without_events_leave_a_log_odds_contrast_and_are_counted() -> None:
    events, trials, arms = table(3)
    mute = np.column_stack([events, np.zeros(10), trials[:, 0]])
    found = scenario_logit_contrast(mute, np.column_stack([trials, trials[:, :2]]), arms, DROP)
    assert found.notes == ("2 scenarios without events or without non-events left out",)
    agree(scenario_logit_contrast(events, trials, arms, DROP), found)


def test_an_arm_without_events_has_no_log_odds_and_says_so() -> None:
    events, trials, arms = table(3)
    events[5:] = 0
    found = scenario_logit_contrast(events, trials, arms, DROP)
    assert found.these.reason.startswith("quasi separation")
    assert (found.new.reason, math.isnan(found.new.estimate)) == (found.these.reason, True)


def test_gaps_leave_the_differences_within_scenarios() -> None:
    # Scenario 1 compares .5 and .1; scenario 2 has .9 on one side only and says nothing about the difference.
    found = scenario_contrast(
        [[0.4, math.nan], [0.6, math.nan], [0.0, 0.9], [0.2, math.nan]], ["base", "base", "tools", "tools"], DROP
    )
    assert found.these.estimate == pytest.approx(-0.4, rel=EXACT)
    assert (found.n_runs, found.n_scenarios) == (4, 1)
    assert found.new.reason == "nothing shows how much the difference varies over scenarios"
    assert not found.these.reason


def test_a_main_effect_of_four_arms_takes_their_coefficients() -> None:
    rates = np.vstack([RATES[:4], RATES[:4] + 0.1]) + np.linspace(0, 0.01, 16).reshape(8, 2)
    arms = ["neither", "neither", "a", "a", "b", "b", "both", "both"]
    weights = {"neither": -0.5, "a": 0.5, "b": -0.5, "both": 0.5}
    found = scenario_contrast(rates, arms, weights)
    means = rates.mean(axis=1).reshape(4, 2).mean(axis=1)
    assert found.these.estimate == pytest.approx(means @ [-0.5, 0.5, -0.5, 0.5], rel=EXACT)
    variances = rates.mean(axis=1).reshape(4, 2).var(axis=1, ddof=1)
    assert found.run_variance == pytest.approx(0.25 * variances.sum() / 2, rel=EXACT)


def test_one_run_an_arm_says_nothing_about_runs_nor_about_new_scenarios() -> None:
    found = scenario_contrast(RATES[[0, 4]], ["base", "tools"], DROP)
    assert found.these.estimate == pytest.approx(-0.11, rel=EXACT)
    assert "of the estimate's variance comes from runs that the model fits exactly" in found.these.reason
    assert found.new == found.these


def test_arms_on_different_scenarios_are_not_compared() -> None:
    rates = np.array([[0.3, math.nan], [0.2, math.nan], [math.nan, 0.1], [math.nan, 0.2]])
    found = scenario_contrast(rates, ["base", "base", "tools", "tools"], DROP)
    assert found.these.reason == "the arms were not run on the same scenarios, so that no scenario compares them"
    assert math.isnan(found.these.estimate)


def test_an_absent_arm_is_named() -> None:
    found = scenario_contrast(RATES, ARMS, {"base": -1, "stories": 1})
    assert found.new.reason == 'no run with a value in "stories"'


def test_whitened_fits_of_ones_own_take_any_gradient() -> None:
    design = np.column_stack([np.repeat([0, 1.0], [6, 4]), np.tile(np.eye(2), (5, 1))])
    coefficients, residuals = least_squares(design, RATES.ravel())
    both = two_way_covariances(design, residuals, np.repeat(range(5), 2), np.tile(["s", "t"], 5))
    agree(
        scenario_contrast(RATES, ARMS, DROP), two_way_inference(float(coefficients[0]), both, np.eye(3)[0]), rel=EXACT
    )


def test_cells_without_trials_have_no_rate_and_no_log_odds() -> None:
    assert cell_rates([[3, 0]], [[4, 0]]) == pytest.approx(np.array([[0.75, math.nan]]), nan_ok=True)
    assert cell_log_odds([[3, 0]], [[4, 0]]) == pytest.approx(np.array([[math.log(3.5 / 1.5), math.nan]]), nan_ok=True)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: scenario_contrast(RATES, ARMS[:4], DROP), "needs an arm per run"),
        (lambda: scenario_contrast(RATES.ravel(), ARMS, DROP), "needs an arm per run"),
        (lambda: scenario_contrast(RATES, ARMS, {"base": -1, "tools": 0.5}), "must sum to 0"),
        (lambda: scenario_contrast(RATES, ARMS, {"base": 0, "tools": 0}), "not all be 0"),
        (lambda: scenario_contrast(RATES, ARMS, {"base": math.nan, "tools": 1}), "must sum to 0"),
        (lambda: scenario_contrast(RATES / 0.0, ARMS, DROP), "found infinity"),
        (lambda: scenario_contrast(RATES, ARMS, DROP, level=0), "level must lie between"),
        (lambda: scenario_logit_contrast([[3, 5]], [[2, 9]], ["base"], DROP), "events must lie between"),
        (lambda: scenario_logit_contrast([3, 5], [4, 9], ["base"], DROP), "must both be"),
        (lambda: scenario_logit_contrast([[3, 5]], [[4, 9]], ["base", "tools"], DROP), "needs an arm per run"),
    ],
)
def test_what_is_no_table_of_runs_and_scenarios_is_refused(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said), np.errstate(divide="ignore"):
        call()
