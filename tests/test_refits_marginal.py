"""Standardised rates and contrasts of every replicate: against those of the fit, and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mixablate.estimate import rate_contrast, standardised_rates
from mixablate.estimate.models.logit import LogitFit, fit_logit
from mixablate.resample import (
    average_slopes,
    bootstrap_weights,
    counterfactuals,
    linear_contrasts,
    rate_contrasts,
    refit_logit,
    refit_plan,
    stage_rng,
    standardised_rate_replicates,
)
from refit_examples import Example, crossed_example, flags, rare_example

ROUNDING = 1e-12  # the same sums in another order
CONVERGED = 1e-9  # two iterations, each stopped at errors of 2e-11 in log odds of orthogonal columns


def example() -> Example:
    return crossed_example(40, 6, flags(40, 6, "small"), intercept=-1.5, stage="small counts")


def at_levels(given: Example, column: int) -> list[np.ndarray]:
    """The rows with a flag off and on."""
    designs = [given.design.copy(), given.design.copy()]
    for level, design in enumerate(designs):
        design[:, column] = level
    return designs


def directly(coefficients: np.ndarray, designs: list[np.ndarray], weights: np.ndarray) -> np.ndarray:
    rates = [1 / (1 + np.exp(-(coefficients @ design.T))) for design in designs]
    return np.stack([rate @ weights / weights.sum() for rate in rates], axis=1)


@pytest.mark.parametrize("crossed", [True, False])
@pytest.mark.parametrize("product", [True, False])
def test_rates_are_means_over_the_rows_whether_or_not_they_make_a_grid(crossed: bool, product: bool) -> None:
    given = example()
    plan = given.plan(crossed=crossed)
    designs = [*at_levels(given, 1), *at_levels(given, 4)]
    draws = stage_rng(8, "row weights")
    weights = np.outer(draws.random(40), draws.random(6)).ravel() if product else draws.random(240)
    coefficients = draws.normal(size=(700, 12))
    prepared = counterfactuals(plan, designs, weights)
    assert (len(prepared.second) == 6) == (crossed and product)
    found = standardised_rate_replicates(coefficients, prepared)
    np.testing.assert_allclose(found, directly(coefficients, designs, weights), atol=ROUNDING)


def test_contrasts_at_the_full_fit_are_those_of_the_fit() -> None:
    given = example()
    plan = given.plan()
    fit = fit_logit(given.design, given.events, given.trials, given.runs, names=given.names)
    assert isinstance(fit, LogitFit)
    designs, weights = at_levels(given, 2), np.ones(240)
    standard = standardised_rates(fit, designs, weights)
    rates = standardised_rate_replicates(plan.coefficients[None], counterfactuals(plan, designs, weights))
    for scale in ("rate", "log", "log_odds"):
        expected = rate_contrast(fit, standard, [-1.0, 1.0], scale=scale).estimate
        assert rate_contrasts(rates, [-1.0, 1.0], scale)[0, 0] == pytest.approx(expected, abs=CONVERGED)


def test_two_arms_by_hand() -> None:
    # 5 of 20 against 13 of 20: rates .25 and .65, difference .4, log ratio log 2.6, log odds ratio log(13/7 x 3). The
    # slope over four rows of equal weight, two at each rate: beta x (.1875 + .2275)/2.
    plan = refit_plan([[1, 0], [1, 0], [1, 1], [1, 1]], [1, 4, 5, 8], [10] * 4, list("abcd"), names=["one", "treated"])
    rows = plan.rows.design
    reference, treated = (np.column_stack([np.ones(4), np.full(4, level)]) for level in (0.0, 1.0))
    found = refit_logit(plan, [[1, 1, 1, 1]]).coefficients
    rates = standardised_rate_replicates(found, counterfactuals(plan, [reference, treated], np.ones(4)))
    assert rates[0].tolist() == pytest.approx([0.25, 0.65], abs=CONVERGED)
    contrasts = [rate_contrasts(rates, [[-1, 1], [1, 0]], scale)[0, 0] for scale in ("rate", "log", "log_odds")]
    assert contrasts == pytest.approx([0.4, math.log(2.6), math.log(39 / 7)], abs=CONVERGED)
    assert linear_contrasts(found, [0, 1])[0, 0] == pytest.approx(math.log(39 / 7), abs=CONVERGED)
    slopes = average_slopes(found, counterfactuals(plan, [rows], np.ones(4)))
    assert slopes[0, 1] == pytest.approx(math.log(39 / 7) * 0.2075, abs=CONVERGED)


def test_slopes_are_derivatives() -> None:
    given = example()
    plan, step = given.plan(), 1e-5
    moved = [given.design.copy(), given.design.copy()]
    moved[0][:, 3] -= step
    moved[1][:, 3] += step
    coefficients, weights = stage_rng(8, "slopes").normal(size=(5, 12)), np.ones(240)
    rates = directly(coefficients, moved, weights)
    slopes = average_slopes(coefficients, counterfactuals(plan, [given.design], weights))
    np.testing.assert_allclose(slopes[:, 3], (rates[:, 1] - rates[:, 0]) / (2 * step), atol=1e-9)  # step squared


def test_replicates_without_estimates_have_no_rates() -> None:
    given = rare_example(intercept=-6.0)
    plan = given.plan()
    refits = refit_logit(plan, bootstrap_weights(["all"] * 40, draws=300, rng=stage_rng(8, "weights")))
    assert 0 < refits.usable.sum() < 300
    rates = standardised_rate_replicates(refits.coefficients, counterfactuals(plan, at_levels(given, 2), np.ones(240)))
    for values in (
        rates,
        rate_contrasts(rates, [-1, 1], "log_odds"),
        linear_contrasts(refits.coefficients, np.eye(12)),
    ):
        np.testing.assert_array_equal(np.isnan(values).any(axis=1), ~refits.usable)


def test_extreme_coefficients_give_rates_of_zero_and_one() -> None:
    given = example()
    coefficients = np.zeros((2, 12))
    coefficients[:, 0] = [-900.0, 900.0]
    rates = standardised_rate_replicates(coefficients, counterfactuals(given.plan(), [given.design], np.ones(240)))
    np.testing.assert_allclose(rates[:, 0], [0.0, 1.0], atol=ROUNDING)


@pytest.mark.parametrize(
    ("columns", "weights", "message"),
    [
        (12, np.zeros(240), "weights must be 0 or more, finite, and not all 0"),
        (12, np.full(240, math.nan), "weights must be 0 or more, finite, and not all 0"),
        (12, np.ones(239), "designs need 12 columns and weights of all rows"),
        (11, np.ones(240), "designs need 12 columns and weights of all rows"),
    ],
)
def test_designs_and_weights_that_do_not_fit_are_refused(columns: int, weights: np.ndarray, message: str) -> None:
    given = example()
    with pytest.raises(ValueError, match=message):
        counterfactuals(given.plan(), [given.design[:, :columns]], weights)


def test_slopes_of_two_designs_are_refused() -> None:
    given = example()
    with pytest.raises(ValueError, match="slopes are of one design, found 2"):
        average_slopes(np.zeros((1, 12)), counterfactuals(given.plan(), at_levels(given, 1), np.ones(240)))
