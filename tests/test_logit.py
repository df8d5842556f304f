"""The clustered logit: R's numbers, Welch's as a second road, and what must leave every number alone."""

from __future__ import annotations

import json
import math
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mixablate.errors import DesignError
from mixablate.estimate.models.cluster_robust import Correction, satterthwaite_df
from mixablate.estimate.models.logit import (
    LogitFit,
    Unfitted,
    fit_logit,
    linear_contrast,
    rate_contrast,
    standardised_rates,
)
from mixablate.estimate.models.separation import SeparationKind

GOLD = Path(__file__).resolve().parents[1] / "fixtures" / "gold"
EXACT = 1e-9  # two algebraically equal expressions at coefficients converged to 1e-10
STEP = 1e-5  # of the central difference that stands for a derivative; its own error is about 1e-10
Floats = NDArray[np.float64]
SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=25)


def gold(case: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    return pd.read_csv(GOLD / case / "data.csv"), dict(json.loads((GOLD / case / "reference.json").read_text()))


def must_fit(*arguments: Any, **named: Any) -> LogitFit:
    fit = fit_logit(*arguments, **named)
    assert isinstance(fit, LogitFit), fit.reason
    return fit


def cbpp() -> tuple[Floats, pd.DataFrame, dict[str, Any]]:
    data, reference = gold("glm_cluster_grouped_cbpp")
    design = np.column_stack([np.ones(len(data)), *((data["period"] == p).to_numpy(float) for p in (2, 3, 4))])
    return design, data, reference


def bacteria() -> tuple[Floats, pd.DataFrame, dict[str, Any]]:
    data, reference = gold("glm_cluster_bacteria")
    drugs = [(data["trt"] == drug).to_numpy(float) for drug in ("drug", "drug+")]
    data = data.assign(incidence=data["y"], size=1, herd=data["ID"])
    return np.column_stack([np.ones(len(data)), *drugs, data["week"]]), data, reference


@pytest.mark.parametrize("correction", list(Correction))
@pytest.mark.parametrize("case", [cbpp, bacteria])
def test_clustered_logits_are_those_of_r(case: Any, correction: Correction) -> None:
    design, data, reference = case()
    names = list(reference["coef"])
    fit = must_fit(design, data["incidence"], data["size"], list(data["herd"]), names=names, correction=correction)
    near, rel = reference["tolerance"]["coef_rel"], reference["tolerance"]["se_rel"]
    np.testing.assert_allclose(fit.coefficients, list(reference["coef"].values()), rtol=near)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.model_covariance)), list(reference["model_se"].values()), rtol=rel)
    assert fit.deviance == pytest.approx(reference["deviance"], rel=near)
    assert (fit.n_rows, fit.n_clusters) == (reference["n_rows"], reference["G"])
    theirs = reference["cr"][str(correction)]
    np.testing.assert_allclose(fit.covariance, theirs["vcov"], rtol=rel)
    for position, name in enumerate(names):
        found = linear_contrast(fit, np.eye(len(names))[position])
        assert found.std_error == pytest.approx(theirs["se"][name], rel=rel)
        assert found.df == pytest.approx(theirs["satt_df"][name], rel=rel)
        assert found.p_value == pytest.approx(theirs["satt_p"][name], rel=rel)
        assert (found.lower, found.upper) == pytest.approx((theirs["ci_L"][name], theirs["ci_U"][name]), rel=rel)


def test_one_row_per_animal_gives_what_the_counts_give_to_the_last_digit() -> None:
    design, grouped, _ = cbpp()
    rows, reference = gold("grouped_vs_expanded_cbpp")
    wide = np.column_stack([np.ones(len(rows)), *((rows["period"] == p).to_numpy(float) for p in (2, 3, 4))])
    names = list(reference["coef"])
    counted = must_fit(design, grouped["incidence"], grouped["size"], list(grouped["herd"]), names=names)
    fit = must_fit(wide, rows["y"], np.ones(len(rows)), list(rows["herd"]), names=names)
    rel = reference["tolerance"]["rel"]
    np.testing.assert_allclose(fit.coefficients, list(reference["coef"].values()), rtol=rel)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), list(reference["CR2"].values()), rtol=rel)
    degrees = [satterthwaite_df(fit.robust, unit) for unit in np.eye(4)]
    np.testing.assert_allclose(degrees, list(reference["CR2_df"].values()), rtol=rel)
    assert (fit.coefficients == counted.coefficients).all()
    assert (fit.covariance == counted.covariance).all()
    assert fit.n_rows == len(rows)


BIRTH_COLUMNS = ["age", "lwt", "smoke", "ptd", "ht", "ui"]


def birth(correction: Correction = Correction.CR0) -> tuple[pd.DataFrame, Floats, LogitFit, dict[str, Any]]:
    data, reference = gold("ame_birthwt")
    design = np.column_stack([np.ones(len(data)), data[BIRTH_COLUMNS]])
    fit = must_fit(
        design,
        data["low"],
        np.ones(len(data)),
        range(len(data)),
        names=["intercept", *BIRTH_COLUMNS],
        correction=correction,
    )
    return data, design, fit, reference


@pytest.mark.parametrize("name", ["smoke", "ptd", "ht", "ui"])
def test_average_marginal_effects_and_log_risk_ratios_are_those_of_r(name: str) -> None:
    data, design, fit, reference = birth()
    column = 1 + BIRTH_COLUMNS.index(name)
    on, off = design.copy(), design.copy()
    on[:, column], off[:, column] = 1, 0
    rates = standardised_rates(fit, [on, off], np.ones(len(data)))
    absolute, rel = reference["tolerance"]["est_abs"], reference["tolerance"]["se_rel"]
    for key, c, scale in (
        ("risk1", (1, 0), "rate"),
        ("risk0", (0, 1), "rate"),
        ("dydx", (1, -1), "rate"),
        ("logRR", (1, -1), "log"),
    ):
        theirs = reference[f"{key}_{name}"]
        model = rate_contrast(fit, rates, c, scale, covariance="model")
        robust = rate_contrast(fit, rates, c, scale)
        assert model.estimate == pytest.approx(theirs["estimate"], abs=absolute)
        assert model.std_error == pytest.approx(theirs["se_model"], rel=rel)
        assert robust.std_error == pytest.approx(theirs["se_HC0"], rel=rel)
        assert math.isinf(model.df)


@pytest.mark.parametrize("name", ["age", "lwt"])
def test_a_derivative_is_a_difference_of_two_near_designs(name: str) -> None:
    data, design, fit, reference = birth()
    up, down = design.copy(), design.copy()
    up[:, 1 + BIRTH_COLUMNS.index(name)] += STEP
    down[:, 1 + BIRTH_COLUMNS.index(name)] -= STEP
    rates = standardised_rates(fit, [up, down], np.ones(len(data)))
    found = rate_contrast(fit, rates, np.array([1, -1]) / (2 * STEP), covariance="model")
    theirs = reference[f"dydx_{name}"]
    assert found.estimate == pytest.approx(theirs["estimate"], abs=reference["tolerance"]["est_abs"])
    assert found.std_error == pytest.approx(theirs["se_model"], rel=reference["tolerance"]["se_rel"])


def test_deviances_give_the_shapley_decomposition_of_r() -> None:
    data, reference = gold("shapley_glm_birthwt")

    def deviance(names: tuple[str, ...]) -> float:
        design = np.column_stack([np.ones(len(data)), *(data[name] for name in names)])
        return must_fit(design, data["low"], np.ones(len(data)), range(len(data)), names=["1", *names]).deviance

    value = {frozenset(s): deviance(s) for k in range(7) for s in combinations(BIRTH_COLUMNS, k)}
    empty = value[frozenset()]
    tolerance = reference["tolerance"]["abs"]
    assert 1 - value[frozenset(BIRTH_COLUMNS)] / empty == pytest.approx(reference["total"], abs=tolerance)
    for name in BIRTH_COLUMNS:
        gains = 0.0
        for others in (s for s in value if name not in s):
            share = math.factorial(len(others)) * math.factorial(5 - len(others)) / math.factorial(6)
            gains += share * (value[others] - value[others | {name}]) / empty
        assert gains == pytest.approx(reference["shapley"][name], abs=tolerance)


def two_arms() -> tuple[Floats, Floats, Floats, list[str], LogitFit]:
    """Intercept and one flag; 4 runs of 200 without it (20 % of 800), 3 with it (10 % of 600)."""
    design = np.column_stack([np.ones(7), [0, 0, 0, 0, 1, 1, 1.0]])
    events, trials = np.array([30, 50, 36, 44, 12, 30, 18.0]), np.full(7, 200.0)
    runs = ["r9", "r10", "ω", "NA", "1e5", "007", "b b"]
    return design, events, trials, runs, must_fit(design, events, trials, runs, names=["intercept", "tools, unused"])


def test_the_difference_of_two_arms_has_welchs_standard_error_on_run_rates() -> None:
    # rates .15 .25 .18 .22 (s^2 = .0019333), .06 .15 .09 (s^2 = .0021): SE^2 = .0019333/4 + .0021/3
    design, events, trials, _, fit = two_arms()
    on, off = design.copy(), design.copy()
    on[:, 1], off[:, 1] = 1, 0
    found = rate_contrast(fit, standardised_rates(fit, [on, off], trials), [1, -1])
    assert found.estimate == pytest.approx(0.10 - 0.20, rel=EXACT)
    assert found.std_error**2 == pytest.approx(0.0058 / 3 / 4 + 0.0021 * 2 / 2 / 3, rel=EXACT)
    rates = events / trials
    assert found.std_error**2 == pytest.approx(rates[:4].var(ddof=1) / 4 + rates[4:].var(ddof=1) / 3, rel=EXACT)
    # Working variances .2(.8) and .1(.9) a trial: df = (a + b)^2 / (a^2/3 + b^2/2), a = .16/4, b = .09/3
    assert found.df == pytest.approx(0.07**2 / (0.04**2 / 3 + 0.03**2 / 2), rel=EXACT)


def test_log_scales_follow_from_the_two_rates_by_hand() -> None:
    # Rates .1 and .2: log ratio log .5; slopes 1/p, so SE^2 = v1/.01 + v0/.04. Log odds ratio log((1/9)/(1/4)).
    design, _, trials, _, fit = two_arms()
    on, off = design.copy(), design.copy()
    on[:, 1], off[:, 1] = 1, 0
    rates = standardised_rates(fit, [on, off], trials)
    ratio = rate_contrast(fit, rates, [1, -1], "log")
    assert ratio.estimate == pytest.approx(math.log(0.5), rel=EXACT)
    assert ratio.std_error**2 == pytest.approx(0.0021 / 3 / 0.01 + 0.0058 / 3 / 4 / 0.04, rel=EXACT)
    odds = rate_contrast(fit, rates, [1, -1], "log_odds")
    coefficient = linear_contrast(fit, [0, 1])
    assert odds.estimate == pytest.approx(math.log(4 / 9), rel=EXACT)
    assert (odds.estimate, odds.std_error, odds.df) == pytest.approx(
        (coefficient.estimate, coefficient.std_error, coefficient.df), rel=EXACT
    )


def test_standardised_rates_weight_their_rows_and_their_gradient_is_the_slope() -> None:
    design, _, _, _, fit = two_arms()
    weights = np.array([1, 1, 1, 1, 4, 4, 4.0])
    rates = standardised_rates(fit, [design, design[::-1]], weights)
    assert rates.rates == pytest.approx([(4 * 0.2 + 12 * 0.1) / 16, (13 * 0.2 + 3 * 0.1) / 16], rel=EXACT)
    for column in range(2):
        moved = np.eye(2)[column] * STEP
        up, down = (design @ (fit.coefficients + s * moved) for s in (1, -1))
        slope = float((weights / weights.sum()) @ (1 / (1 + np.exp(-up)) - 1 / (1 + np.exp(-down))) / (2 * STEP))
        assert rates.gradient[0, column] == pytest.approx(slope, rel=1e-7)


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


@given(SEEDS)
@FEW
def test_row_order_moves_no_digit(seed: int) -> None:
    design, events, trials, runs = study(seed)
    shuffle = np.random.default_rng(seed).permutation(36)
    fit = must_fit(design, events, trials, runs, names=NAMES)
    moved = must_fit(design[shuffle], events[shuffle], trials[shuffle], [runs[i] for i in shuffle], names=NAMES)
    assert (moved.coefficients == fit.coefficients).all()
    assert (moved.covariance == fit.covariance).all()
    assert linear_contrast(moved, np.eye(5)[1]) == linear_contrast(fit, np.eye(5)[1])


@given(SEEDS)
@FEW
def test_splitting_a_row_of_counts_moves_no_digit(seed: int) -> None:
    design, events, trials, runs = study(seed)
    rng = np.random.default_rng(seed)
    row = int(rng.integers(36))
    part = float(rng.hypergeometric(int(events[row]), int(trials[row] - events[row]), 30))
    split_events = np.concatenate([events, [part]]) - np.eye(37)[row] * part
    split_trials = np.concatenate([trials, [30.0]]) - np.eye(37)[row] * 30
    fit = must_fit(design, events, trials, runs, names=NAMES)
    split = must_fit(np.vstack([design, design[row]]), split_events, split_trials, [*runs, runs[row]], names=NAMES)
    assert (split.coefficients == fit.coefficients).all()
    assert (split.covariance == fit.covariance).all()


@given(SEEDS, st.integers(2, 3))
@FEW
def test_more_rollouts_of_the_same_runs_with_the_same_rates_do_not_shrink_the_interval(seed: int, times: int) -> None:
    design, events, trials, runs = study(seed)
    once = linear_contrast(must_fit(design, events, trials, runs, names=NAMES), np.eye(5)[1])
    fit = must_fit(
        np.tile(design, (times, 1)), np.tile(events, times), np.tile(trials, times), runs * times, names=NAMES
    )
    often = linear_contrast(fit, np.eye(5)[1])
    assert (often.estimate, often.std_error, often.df) == pytest.approx(
        (once.estimate, once.std_error, once.df), rel=1e-7
    )
    assert linear_contrast(fit, np.eye(5)[1], covariance="model").std_error < once.std_error


@given(SEEDS)
@FEW
def test_recoding_the_flag_turns_its_effect_around_and_no_other(seed: int) -> None:
    design, events, trials, runs = study(seed)
    turned = design.copy()
    turned[:, 1] = 1 - turned[:, 1]
    one = must_fit(design, events, trials, runs, names=NAMES)
    other = must_fit(turned, events, trials, runs, names=NAMES)
    for column, sign in ((1, -1), (2, 1)):
        here, there = linear_contrast(one, np.eye(5)[column]), linear_contrast(other, np.eye(5)[column])
        assert (sign * there.estimate, there.std_error, there.df) == pytest.approx(
            (here.estimate, here.std_error, here.df), rel=1e-6
        )


def test_rows_without_trials_are_left_out() -> None:
    design, events, trials, runs, fit = two_arms()
    more = must_fit(
        np.vstack([design, [1, 0.5]]), [*events, 0], [*trials, 0], [*runs, "unscored"], names=["intercept", "tools"]
    )
    assert (more.coefficients == fit.coefficients).all()
    assert (more.n_rows, more.n_clusters) == (7, 7)


def test_an_arm_without_events_gives_the_reason_and_no_numbers() -> None:
    design, events, trials, runs, _ = two_arms()
    found = fit_logit(design, events * (design[:, 1] == 0), trials, runs, names=["intercept", "tools, unused"])
    assert isinstance(found, Unfitted)
    assert found.separation.kind is SeparationKind.QUASI
    assert found.separation.rows == (4, 5, 6)
    assert found.reason == (
        'quasi separation: 3 rows fitted at a rate of exactly 0 or 1, no finite estimate for "tools, unused"'
    )


def test_no_events_at_all_are_complete_separation() -> None:
    design, events, trials, runs, _ = two_arms()
    found = fit_logit(design, events * 0, trials, runs, names=["intercept", "tools"])
    assert isinstance(found, Unfitted)
    assert found.reason.startswith("complete separation: every row fitted")
    assert found.reason.endswith('for "intercept"')


def test_one_run_per_arm_gives_the_estimate_without_a_standard_error() -> None:
    # statsmodels' clustered covariance gives SE 3e-13 and p = 0 here.
    found = linear_contrast(
        must_fit([[1, 0], [1, 1.0]], [60, 12], [300, 300], ["base", "mixed"], names=["intercept", "tools"]), [0, 1]
    )
    assert found.estimate == pytest.approx(math.log(12 / 288) - math.log(60 / 240), rel=EXACT)
    assert math.isnan(found.std_error)
    assert math.isnan(found.p_value)
    assert "100% of the estimate's variance" in found.reason


def test_runs_that_agree_exactly_give_no_p_value() -> None:
    design = np.column_stack([np.ones(6), [0, 0, 0, 1, 1, 1.0]])
    fit = must_fit(design, [60, 60, 60, 12, 12, 12], [300] * 6, list("abcdef"), names=["intercept", "tools"])
    assert linear_contrast(fit, [0, 1]).reason == "no spread between runs was seen"


def test_columns_that_never_vary_apart_are_refused_by_name() -> None:
    design, events, trials, runs, _ = two_arms()
    twice = np.column_stack([design, 2 * design[:, 1], np.arange(7.0)])
    with pytest.raises(DesignError, match='"tools", "prompts"') as caught:
        fit_logit(twice, events, trials, runs, names=["intercept", "tools", "prompts", "dose"])
    (problem,) = caught.value.problems
    assert (problem.code, '"dose"' in problem.found) == ("ALIASED", False)


def test_nothing_scored_is_refused() -> None:
    with pytest.raises(DesignError, match="NO_ROWS"):
        fit_logit(np.ones((2, 1)), [0, 0], [0, 0], ["a", "b"], names=["intercept"])


def test_events_beyond_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="events must lie between 0 and trials"):
        fit_logit(np.ones((2, 1)), [3, 9], [5, 5], ["a", "b"], names=["intercept"])


def test_a_name_too_few_is_refused() -> None:
    with pytest.raises(ValueError, match="needs as many names"):
        fit_logit(np.ones((2, 1)), [3, 4], [5, 5], ["a", "b"], names=[])


@pytest.mark.parametrize("weights", [[0, 0, 0], [1, -1, 1], [1, math.nan, 1]])
def test_weights_without_a_total_are_refused(weights: list[float]) -> None:
    _, _, _, _, fit = two_arms()
    with pytest.raises(ValueError, match="weights must be 0 or more"):
        standardised_rates(fit, [np.ones((3, 2))], weights)


SOFTWARE = 1e-7  # log odds: both stop at steps of 1e-10 and below; the likelihood is flat to 1e-15 there


@FEW
@given(SEEDS, st.floats(-5.0, 3.0), st.sampled_from([5, 200, 40_000]))
def test_coefficients_are_those_of_statsmodels_from_rare_events_to_many(seed: int, level: float, trials: int) -> None:
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    draws = np.random.default_rng(seed)
    design = np.column_stack(
        [np.ones(60), draws.integers(0, 2, 60), draws.normal(size=60) * 10.0, draws.normal(size=60)]
    )
    log_odds = design @ [level, -0.7, 0.05, 0.4] + draws.normal(0.0, 0.5, 60)
    counts = np.full(60, float(trials))
    events = draws.binomial(trials, 1 / (1 + np.exp(-log_odds))).astype(float)
    fit = fit_logit(design, events, counts, range(60), names=list("abcd"))
    if isinstance(fit, Unfitted):  # no event, or none on one side: separated
        assert not fit.separation.finite
        return
    theirs = GLM(np.column_stack([events, counts - events]), design, family=Binomial())
    expected = theirs.fit(maxiter=100, tol_criterion="params", atol=1e-12, rtol=1e-12).params
    assert fit.coefficients == pytest.approx(expected, abs=SOFTWARE)
