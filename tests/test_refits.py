"""Refits of a logit under many weightings: against statsmodels, by two engines, and by what must not matter."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixablate.errors import DesignError
from mixablate.estimate import fit_outcome
from mixablate.resample import (
    RefitStatus,
    TwoWayWeights,
    bootstrap_weights,
    jackknife_weights,
    plan_of_outcome,
    refit_logit,
    refit_plan,
    stage_rng,
    two_way_bootstrap_weights,
)
from mixablate.resample.refits.cholesky import factors, inverses, solutions
from mixablate.resample.refits.crossed import CrossedEngine
from mixablate.resample.refits.dense import DenseEngine
from refit_examples import Example, by_statsmodels, crossed_example, flags
from small_studies import study_of, summaries_of, tables_of

PROMISED = 1e-8  # what the issue asks of replicates against statsmodels
ROUNDING = 1e-12  # the same sums in another order
DIGITS = 1e-7  # 1e4 plus half a unit keeps 12 of 16 digits of the dose, over coefficients times 100
CONVERGED = 1e-9  # two iterations, each stopped at errors of 2e-11 in log odds of orthogonal columns


def small() -> Example:
    return crossed_example(40, 6, flags(40, 6, "small"), intercept=-1.5, stage="small counts")


def large() -> Example:
    return crossed_example(120, 10, flags(120, 12, "large"), intercept=-1.0, stage="large counts")


def with_doses() -> Example:
    doses = stage_rng(8, "doses").uniform(0.0, 50.0, (30, 3))
    return crossed_example(30, 4, doses, intercept=-1.0, stage="dose counts", slope=0.02)


def with_missing_cells() -> Example:
    example = small()
    gone = stage_rng(8, "missing cells").random(example.trials.size) < 0.15
    return replace(example, events=np.where(gone, 0.0, example.events), trials=np.where(gone, 0.0, example.trials))


def without_evals() -> Example:
    example = small()
    return replace(example, design=example.design[:, :7])


def linear_in_the_eval() -> Example:
    example = small()
    return replace(example, design=np.column_stack([example.design[:, :7], np.tile(np.arange(6.0), 40)]))


def bootstrapped(groups: int, draws: int, stage: str = "weights") -> np.ndarray:
    return bootstrap_weights(["all"] * groups, draws=draws, rng=stage_rng(8, stage))


@pytest.mark.parametrize("crossed", [True, False])
@pytest.mark.parametrize(
    "example", [small(), large(), with_doses(), with_missing_cells()], ids=["small", "large", "doses", "missing"]
)
def test_replicates_are_those_of_statsmodels_with_the_same_weights(example: Example, crossed: bool) -> None:
    plan = example.plan(crossed=crossed)
    assert isinstance(plan.engine, CrossedEngine if crossed else DenseEngine)
    weights = bootstrapped(len(plan.clusters), 12)
    refits = refit_logit(plan, weights)
    for row, found in zip(weights, refits.coefficients, strict=True):
        np.testing.assert_allclose(found, by_statsmodels(example, example.row_weights(plan, row)), atol=PROMISED)


@pytest.mark.parametrize("example", [without_evals(), linear_in_the_eval()], ids=["no evals", "linear in the eval"])
def test_designs_that_are_not_crossed_get_the_dense_engine_and_the_numbers_of_statsmodels(example: Example) -> None:
    plan = example.plan()
    assert isinstance(plan.engine, DenseEngine)
    weights = bootstrapped(40, 5)
    refits = refit_logit(plan, weights)
    for row, found in zip(weights, refits.coefficients, strict=True):
        np.testing.assert_allclose(found, by_statsmodels(example, example.row_weights(plan, row)), atol=PROMISED)


def test_a_design_of_evals_alone_is_crossed_too() -> None:
    example = replace(small(), design=small().design[:, [0, 7, 8, 9, 10, 11]])
    plan, weights = example.plan(), bootstrapped(40, 300)
    assert isinstance(plan.engine, CrossedEngine)
    found, other = refit_logit(plan, weights), refit_logit(example.plan(crossed=False), weights)
    np.testing.assert_allclose(found.coefficients, other.coefficients, atol=CONVERGED)
    # By hand: the intercept is the log odds of the first eval's events, added up over the runs as often as drawn.
    first = np.arange(0, 240, 6)
    row = weights[0][[plan.clusters.index(example.runs[place]) for place in first]]
    events, trials = row @ example.events[first], row @ example.trials[first]
    assert found.coefficients[0, 0] == pytest.approx(math.log(events / (trials - events)), abs=CONVERGED)


@pytest.mark.parametrize("example", [small(), large()], ids=["small", "large"])
def test_both_engines_give_the_same_numbers(example: Example) -> None:
    groups = len(set(example.runs))
    weights = np.vstack([bootstrapped(groups, 300), jackknife_weights(groups), 0.1 + bootstrapped(groups, 50, "more")])
    found = [refit_logit(example.plan(crossed=crossed), weights) for crossed in (True, False)]
    np.testing.assert_array_equal(found[0].status, found[1].status)
    np.testing.assert_allclose(found[0].coefficients, found[1].coefficients, atol=CONVERGED)


def test_two_arms_by_hand() -> None:
    # Runs a, b of the reference have 1 and 4 events of 10, the treated c, d 5 and 8. Counted once each: 5 of 20 and
    # 13 of 20. Weights (2, 0, 1, 0): 2 of 20 and 5 of 10. Weights (0, 1, 1, 3): 4 of 10 and 5 + 24 of 40.
    plan = refit_plan([[1, 0], [1, 0], [1, 1], [1, 1]], [1, 4, 5, 8], [10] * 4, list("abcd"), names=["one", "treated"])
    refits = refit_logit(plan, [[1, 1, 1, 1], [2, 0, 1, 0], [0, 1, 1, 3]])
    odds = [(5 / 15, 13 / 7), (2 / 18, 5 / 5), (4 / 6, 29 / 11)]
    expected = [[math.log(reference), math.log(treated / reference)] for reference, treated in odds]
    np.testing.assert_allclose(refits.coefficients, expected, atol=CONVERGED)
    np.testing.assert_allclose(plan.coefficients, expected[0], atol=CONVERGED)
    assert refits.words == "3 of 3 replicates converged"


def test_runs_and_scenarios_with_weights_of_their_own_multiply() -> None:
    # Scenarios lie within evals: the model has a level for each of 3 evals, each with 2 scenarios.
    fine = crossed_example(20, 6, flags(20, 2, "two-way"), intercept=-0.5, stage="two-way counts")
    scenario = np.tile(np.arange(6), 20)
    levels = np.eye(3)[scenario % 3][:, 1:]
    example = replace(fine, design=np.hstack([fine.design[:, :3], levels]))
    plans = [example.plan(crossed=crossed, scenarios=scenario.tolist()) for crossed in (True, False)]
    strata = [int(label) % 3 for label in plans[0].scenarios]
    weights = two_way_bootstrap_weights(["all"] * 20, strata, draws=60, rng=stage_rng(8, "two-way"))
    found, other = (refit_logit(plan, weights) for plan in plans)
    np.testing.assert_array_equal(found.status, other.status)
    np.testing.assert_allclose(found.coefficients, other.coefficients, atol=CONVERGED)
    for draw in range(4):
        rows = example.row_weights(plans[0], weights.clusters[draw]) * weights.scenarios[draw][scenario]
        np.testing.assert_allclose(found.coefficients[draw], by_statsmodels(example, rows), atol=PROMISED)


def test_how_many_replicates_are_refitted_together_moves_nothing_but_rounding() -> None:
    plan, weights = small().plan(), bootstrapped(40, 1100)
    together = refit_logit(plan, weights).coefficients
    np.testing.assert_allclose(refit_logit(plan, weights[:700]).coefficients, together[:700], atol=ROUNDING)
    np.testing.assert_allclose(refit_logit(plan, weights[3:4]).coefficients, together[3:4], atol=ROUNDING)


@pytest.mark.slow
def test_the_number_of_worker_processes_moves_no_digit() -> None:
    plan, weights = small().plan(), bootstrapped(40, 1300)
    alone, shared = refit_logit(plan, weights), refit_logit(plan, weights, jobs=2)
    np.testing.assert_array_equal(alone.coefficients, shared.coefficients)
    np.testing.assert_array_equal(alone.status, shared.status)


def test_all_weights_alike_give_the_fit_of_the_full_data() -> None:
    plan = small().plan()
    refits = refit_logit(plan, [[1.0] * 40, [7.0] * 40, [1e-6] * 40, [1e9] * 40])
    np.testing.assert_allclose(refits.coefficients, np.tile(plan.coefficients, (4, 1)), atol=CONVERGED)


def test_a_million_rollouts_a_cell_are_as_precise_as_a_hundred() -> None:
    example = small()
    many = replace(example, events=example.events * 1e5, trials=example.trials * 1e5)
    weights = bootstrapped(40, 200)
    found = [refit_logit(each.plan(), weights).coefficients for each in (example, many)]
    np.testing.assert_allclose(found[0], found[1], atol=CONVERGED)


@settings(max_examples=12)
@given(st.integers(0, 2**32 - 1))
def test_neither_order_nor_names_nor_splitting_of_rows_moves_a_replicate(seed: int) -> None:
    example, random = small(), np.random.default_rng(seed)
    weights = bootstrapped(40, 40)
    plan = example.plan()
    part = np.floor(example.trials * random.random(240))
    events = np.minimum(example.events, part)
    rest = replace(example, events=example.events - events, trials=example.trials - part)
    order = random.permutation(480)
    split = Example(
        np.vstack([example.design, example.design])[order],
        np.concatenate([events, rest.events])[order],
        np.concatenate([part, rest.trials])[order],
        [f"renamed {(*example.runs, *example.runs)[place]}" for place in order],
    )
    found = refit_logit(split.plan(), weights)  # the new names sort as the old ones do
    np.testing.assert_allclose(found.coefficients, refit_logit(plan, weights).coefficients, atol=CONVERGED)


def test_swapping_the_arms_flips_the_sign() -> None:
    example = small()
    swapped = example.design.copy()
    swapped[:, 2] = 1 - swapped[:, 2]
    weights = bootstrapped(40, 100)
    found, other = (
        refit_logit(each.plan(), weights).coefficients for each in (example, replace(example, design=swapped))
    )
    np.testing.assert_allclose(found[:, 2], -other[:, 2], atol=CONVERGED)
    np.testing.assert_allclose(np.delete(found, [0, 2], axis=1), np.delete(other, [0, 2], axis=1), atol=CONVERGED)


def test_the_unit_and_the_origin_of_a_dose_do_not_matter() -> None:
    example, weights = with_doses(), bootstrapped(30, 100)
    shifted = example.design.copy()
    shifted[:, 1] = 1e4 + 1e-2 * shifted[:, 1]
    found, other = (
        refit_logit(each.plan(), weights).coefficients for each in (example, replace(example, design=shifted))
    )
    np.testing.assert_allclose(other[:, 1], 1e2 * found[:, 1], atol=DIGITS)
    np.testing.assert_allclose(other[:, 2:], found[:, 2:], atol=DIGITS)


def test_a_run_without_rollouts_changes_nothing_whatever_its_weight() -> None:
    example = small()
    more = Example(
        np.vstack([example.design, example.design[:1]]),
        np.append(example.events, 0.0),
        np.append(example.trials, 0.0),
        [*example.runs, "run 999"],
    )
    weights, plan = bootstrapped(40, 30), more.plan()
    assert plan.clusters[-1] == "run 999"
    found = refit_logit(plan, np.column_stack([weights, np.arange(30.0)]))
    np.testing.assert_allclose(found.coefficients, refit_logit(example.plan(), weights).coefficients, atol=CONVERGED)


def test_the_bootstrap_spread_is_the_sandwich_of_many_runs() -> None:
    # 120 runs: the bootstrap SD of 2,000 draws is known to 1.6 %, and differs from the uncorrected sandwich by terms of
    # the order p/G = 22/120. A ratio outside .85 to 1.25 would mean a wrong weighting.
    example = large()
    plan = example.plan()
    refits = refit_logit(plan, bootstrapped(120, 2000))
    rate = 1 / (1 + np.exp(-(example.design @ plan.coefficients)))
    bread = np.linalg.inv(example.design.T @ (example.design * (example.trials * rate * (1 - rate))[:, None]))
    scores = example.design * (example.events - example.trials * rate)[:, None]
    by_run = scores.reshape(120, 10, -1).sum(axis=1)
    sandwich = np.sqrt(np.diag(bread @ by_run.T @ by_run @ bread))
    ratio = refits.coefficients.std(axis=0, ddof=1) / sandwich
    assert ((ratio > 0.85) & (ratio < 1.25)).all()


def test_an_outcome_model_is_planned_as_it_was_fitted() -> None:
    cells = [
        ({"tools": t, "prompts": p}, {"blackmail": [40 - 9 * t + p, 50, 45 - p], "leaking": [20, 25 - 4 * t, 30]})
        for t in (0, 1)
        for p in (0, 1)
    ]
    study = study_of()
    summaries, design = summaries_of(study, tables_of(study, cells), "blackmail", "leaking")
    model = fit_outcome(summaries, design)
    assert not isinstance(model, str)
    plan = plan_of_outcome(model, summaries, design)
    assert plan.names == model.fit.names
    assert plan.clusters == tuple(sorted(summaries.run_ids))
    np.testing.assert_allclose(plan.coefficients, model.fit.coefficients, atol=PROMISED)


def test_many_small_systems_are_solved_as_by_lapack() -> None:
    draws = stage_rng(8, "systems")
    roots = draws.normal(size=(50, 5, 9))
    matrices = roots @ roots.transpose(0, 2, 1)
    sides = draws.normal(size=(5, 50))
    triangles = factors(np.ascontiguousarray(matrices.transpose(1, 2, 0)))
    expected = np.linalg.solve(matrices, sides.T[:, :, None])[:, :, 0].T
    np.testing.assert_allclose(solutions(triangles, sides.copy()), expected, rtol=1e-9)
    lower = np.tril(np.ones((5, 5), bool))
    np.testing.assert_allclose(inverses(triangles)[lower], np.linalg.inv(matrices).transpose(1, 2, 0)[lower], rtol=1e-9)


def test_a_singular_matrix_is_marked_and_leaves_the_others_alone() -> None:
    # [[1, 1], [1, 1]] beside [[2, 0], [0, 4]]: the second pivot of the first is 0, its solution's second entry too.
    matrices = np.stack([np.ones((2, 2)), np.diag([2.0, 4.0])], axis=2)
    triangles = factors(matrices)
    assert triangles.least.tolist() == [0.0, 1.0]
    found = solutions(triangles, np.array([[3.0, 2.0], [3.0, 8.0]]))
    np.testing.assert_allclose(found, [[3.0, 1.0], [0.0, 2.0]], rtol=ROUNDING)


def test_columns_that_depend_on_one_another_are_refused() -> None:
    with pytest.raises(DesignError, match="linear combinations of one another"):
        refit_plan([[1, 0, 1], [1, 1, 2], [1, 0, 1]], [1, 2, 3], [9, 9, 9], list("abc"), names=list("xyz"))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([[1.0] * 39], "weights of 40 clusters need as many columns"),
        ([1.0] * 40, "weights of 40 clusters need as many columns"),
        ([[1.0] * 39 + [-1.0]], "weights of clusters must be 0 or more and finite"),
        ([[1.0] * 39 + [math.nan]], "weights of clusters must be 0 or more and finite"),
        (TwoWayWeights(np.ones((1, 40)), np.ones((1, 6))), "a plan with 0 scenarios was given two-way weights"),
    ],
)
def test_weights_that_do_not_fit_are_refused(weights: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        refit_logit(small().plan(), weights)  # type: ignore[arg-type]


def test_scenario_weights_that_do_not_fit_are_refused() -> None:
    plan = small().plan(scenarios=np.tile(np.arange(6), 40).tolist())
    with pytest.raises(ValueError, match="a plan with 6 scenarios was given weights of clusters only"):
        refit_logit(plan, np.ones((1, 40)))
    with pytest.raises(ValueError, match="weights of 6 scenarios need as many columns"):
        refit_logit(plan, TwoWayWeights(np.ones((2, 40)), np.ones((1, 6))))


def test_labels_that_do_not_fit_the_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="4 rows need as many scenarios, found 3"):
        refit_plan(np.eye(4), [1] * 4, [2] * 4, list("abcd"), names=list("wxyz"), scenarios=list("abc"))


def test_statuses_are_told_in_words() -> None:
    assert [status.words.split(" ")[0] for status in RefitStatus] == ["converged", "separated", "rank", "not"]
