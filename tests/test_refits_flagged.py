"""Replicates without a maximum: flagged as linear programming flags them; Firth's estimate where asked."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from mixablate.estimate import fit_firth
from mixablate.resample import (
    FirthUse,
    RefitPlan,
    Refits,
    RefitStatus,
    bootstrap_weights,
    jackknife_weights,
    refit_logit,
    refit_plan,
    stage_rng,
)
from refit_examples import Example, by_linear_programming, by_statsmodels, crossed_example, flags, rare_example

PROMISED = 1e-8  # what the issue asks of replicates against other software
ROUNDING = 1e-12  # the same sums in another order
PENALISED = 1e-7  # linear convergence, stopped at steps of 1e-9 in log odds of orthogonal columns

RARE = [(-6.0, False, True), (-6.0, False, False), (-6.5, True, True), (-6.5, True, False)]


def bootstrapped(groups: int, draws: int, stage: str = "weights") -> np.ndarray:
    return bootstrap_weights(["all"] * groups, draws=draws, rng=stage_rng(8, stage))


def rare_refits(
    intercept: float, doses: bool, crossed: bool, draws: int
) -> tuple[Example, RefitPlan, np.ndarray, Refits]:
    example = rare_example(intercept=intercept, doses=doses)
    plan = example.plan(crossed=crossed)
    weights = bootstrapped(40, draws)
    return example, plan, weights, refit_logit(plan, weights)


@pytest.mark.parametrize(("intercept", "doses", "crossed"), RARE)
def test_the_flags_are_those_of_linear_programming_on_every_replicate(
    intercept: float, doses: bool, crossed: bool
) -> None:
    example, plan, weights, refits = rare_refits(intercept, doses, crossed, 200)
    expected = [by_linear_programming(example, example.row_weights(plan, row)) for row in weights]
    assert refits.status.tolist() == expected
    assert min(Counter(expected)[status] for status in list(RefitStatus)[:3]) >= 5  # there are all three


def test_so_are_those_of_one_eval_with_many_runs_of_each_arm() -> None:
    """48 runs of 8 arms: more runs than a table of units pays for, so that refits start at the full data's fit."""
    columns = np.repeat(np.array([[float(bit) for bit in f"{arm:03b}"] for arm in range(8)]), 6, axis=0)
    example = crossed_example(48, 1, columns, intercept=-5.8, stage="one rare eval", trials=100)
    plan = example.plan()
    assert not plan.engine.tabled
    weights = bootstrapped(48, 300)
    refits = refit_logit(plan, weights)
    expected = [by_linear_programming(example, example.row_weights(plan, row)) for row in weights]
    assert refits.status.tolist() == expected
    assert min(Counter(expected)[status] for status in (RefitStatus.CONVERGED, RefitStatus.SEPARATED)) >= 30
    for row in np.flatnonzero(refits.usable)[:20]:
        theirs = by_statsmodels(example, example.row_weights(plan, weights[row]))
        assert refits.coefficients[row] == pytest.approx(theirs, abs=PROMISED)


def test_flags_do_not_depend_on_the_replicates_met_before() -> None:
    example, plan, weights, refits = rare_refits(-6.5, True, True, 400)
    again = refit_logit(plan, weights[::-1])
    assert again.status[::-1].tolist() == refits.status.tolist()
    for place in np.flatnonzero(refits.status == RefitStatus.SEPARATED)[::12]:
        alone = refit_logit(plan, weights[place][None])
        assert alone.status[0] == RefitStatus.SEPARATED
        assert by_linear_programming(example, example.row_weights(plan, weights[place])) is RefitStatus.SEPARATED


@pytest.mark.parametrize(("intercept", "doses", "crossed"), RARE)
def test_the_others_are_those_of_statsmodels(intercept: float, doses: bool, crossed: bool) -> None:
    example, plan, weights, refits = rare_refits(intercept, doses, crossed, 60)
    for place in np.flatnonzero(refits.status == RefitStatus.CONVERGED)[:10]:
        expected = by_statsmodels(example, example.row_weights(plan, weights[place]))
        np.testing.assert_allclose(refits.coefficients[place], expected, atol=PROMISED)


def test_flagged_replicates_hold_nan_and_are_counted() -> None:
    _, _, _, refits = rare_refits(-6.0, False, True, 500)
    converged = refits.status == RefitStatus.CONVERGED
    np.testing.assert_array_equal(refits.usable, converged)
    assert np.isnan(refits.coefficients[~converged]).all()
    assert np.isfinite(refits.coefficients[converged]).all()
    counts = [refits.count(status) for status in RefitStatus]
    assert sum(counts) == 500
    assert counts[3] == 0
    assert refits.words == (
        f"{counts[0]} of 500 replicates converged; {counts[1]} separated (no finite maximum likelihood estimate); "
        f"{counts[2]} rank deficient (the rows left do not determine the coefficients)"
    )


def test_bad_replicates_leave_the_others_as_they_are() -> None:
    plan = rare_example(intercept=-4.0).plan()
    weights = bootstrapped(40, 64)
    bad = weights.copy()
    bad[::2] = 0.0
    bad[::2, 0] = 5.0  # one run alone: nothing is determined
    bad[4] = 0.0
    found, other = refit_logit(plan, weights), refit_logit(plan, bad)
    assert (other.status[::2] == RefitStatus.RANK_DEFICIENT).all()
    np.testing.assert_array_equal(other.status[1::2], found.status[1::2])
    np.testing.assert_allclose(other.coefficients[1::2], found.coefficients[1::2], atol=ROUNDING)


def test_leaving_out_the_only_run_with_events_is_separated_by_hand() -> None:
    # Treated runs c, d, e have 0, 3 and 0 events of 10. Without d the treated arm has none; without any other run it
    # has some. Without both reference runs the constant is the treated arm.
    rows = [[1, 0], [1, 0], [1, 1], [1, 1], [1, 1]]
    plan = refit_plan(rows, [4, 5, 0, 3, 0], [10] * 5, list("abcde"), names=["one", "treated"])
    refits = refit_logit(plan, np.vstack([jackknife_weights(5), [0, 0, 1, 1, 1]]))
    assert [RefitStatus(code).name for code in refits.status] == [
        "CONVERGED",
        "CONVERGED",
        "CONVERGED",
        "SEPARATED",
        "CONVERGED",
        "RANK_DEFICIENT",
    ]
    # Without c: 9 of 20 against 3 of 20.
    assert refits.coefficients[2].tolist() == pytest.approx([math.log(9 / 11), math.log(3 / 17 * 11 / 9)], abs=PROMISED)


def test_weights_that_hold_almost_nothing_of_a_run_are_not_taken_for_none() -> None:
    # The treated arm's only events come from a run of weight 1e-3: finite, at rate .003/20.01.
    rows = [[1, 0], [1, 1], [1, 1]]
    plan = refit_plan(rows, [4, 0, 3], [10, 20, 10], list("abc"), names=["one", "treated"])
    refits = refit_logit(plan, [[1, 1, 1e-3]])
    treated = 0.003 / 20.01
    assert refits.coefficients[0].tolist() == pytest.approx(
        [math.log(4 / 6), math.log(treated / (1 - treated)) - math.log(4 / 6)], abs=PROMISED
    )


def test_separated_full_data_say_so_and_their_resamples_are_flagged() -> None:
    example = rare_example(intercept=-4.0)
    none = replace(example, events=np.where(example.design[:, 2] > 0, 0.0, example.events))
    plan = none.plan()
    assert plan.reason.startswith("quasi separation")
    assert 'no finite estimate for "x 2"' in plan.reason
    assert np.isnan(plan.coefficients).all()
    refits = refit_logit(plan, bootstrapped(40, 100))
    assert refits.count(RefitStatus.CONVERGED) == 0
    assert refits.count(RefitStatus.SEPARATED) + refits.count(RefitStatus.RANK_DEFICIENT) == 100


@pytest.mark.parametrize("crossed", [True, False])
@pytest.mark.parametrize("column", [2, 8])
def test_rows_that_all_have_only_events_are_separated_and_never_taken_for_converged(column: int, crossed: bool) -> None:
    # Their fitted rates round to 1 and the score to exactly 0, as at a maximum.
    example = crossed_example(30, 6, flags(30, 4, "all events"), intercept=0.5, stage="all events", trials=12)
    of_all = np.where(example.design[:, column] > 0, example.trials, example.events)
    for events in (of_all, example.trials):
        plan = replace(example, events=events).plan(crossed=crossed)
        assert "separation" in plan.reason
        refits = refit_logit(plan, np.vstack([np.ones(30), jackknife_weights(30)]))
        assert refits.count(RefitStatus.SEPARATED) == 31


@pytest.mark.parametrize("crossed", [True, False])
def test_coefficients_far_from_zero_are_found_like_any_others(crossed: bool) -> None:
    # Doses of .01 in some runs and of 2 in others, told apart by few events: coefficients of a thousand.
    runs = np.array([[0, 0, 0], [0, 0, 0.15], [0, 0.01, 2.68], [2.71, 2.24, 0], [2.6, 0, 0]])
    design = np.hstack([np.ones((10, 1)), np.repeat(runs, 2, axis=0), np.tile([[0.0], [1.0]], (5, 1))])
    trials = np.array([45.0, 129, 112, 262, 57, 139, 558, 354, 90, 90])
    example = Example(design, np.array([3.0, 0, 4, 8, 0, 1, 3, 3, 4, 2]), trials, list("aabbccddee"))
    plan, weights = example.plan(crossed=crossed), np.array([1.0, 1, 1, 1, 0])
    refits = refit_logit(plan, weights[None])
    expected = by_statsmodels(example, example.row_weights(plan, weights))
    assert np.abs(expected).max() > 1000
    np.testing.assert_allclose(refits.coefficients[0], expected, rtol=PROMISED)


def by_fit_firth(example: Example, plan: RefitPlan, weights: np.ndarray) -> np.ndarray:
    rows = example.row_weights(plan, weights)
    used = rows > 0
    fit = fit_firth(
        example.design[used], (rows * example.events)[used], (rows * example.trials)[used], names=example.names
    )
    return fit.coefficients


def test_firth_in_every_replicate_is_fit_firth_with_the_same_weights() -> None:
    example = rare_example(intercept=-5.0)
    none = replace(example, events=np.where(example.design[:, 3] > 0, 0.0, example.events))
    plan, weights = none.plan(), bootstrapped(40, 24)
    refits = refit_logit(plan, weights, firth=FirthUse.ALWAYS)
    assert refits.count(RefitStatus.SEPARATED) == 0
    assert (refits.penalised == refits.usable).all()
    for place in np.flatnonzero(refits.usable)[:8]:
        expected = by_fit_firth(none, plan, weights[place])
        np.testing.assert_allclose(refits.coefficients[place], expected, atol=PENALISED)
    for place in np.flatnonzero(~refits.usable):
        status = by_linear_programming(none, none.row_weights(plan, weights[place]))
        assert refits.status[place] == RefitStatus.RANK_DEFICIENT == status


def test_firth_in_the_separated_replicates_only_leaves_the_others_alone() -> None:
    example, plan, weights, refits = rare_refits(-6.0, False, True, 200)
    mended = refit_logit(plan, weights, firth=FirthUse.SEPARATED)
    np.testing.assert_array_equal(mended.status, refits.status)
    separated = refits.status == RefitStatus.SEPARATED
    np.testing.assert_array_equal(mended.penalised, separated)
    np.testing.assert_array_equal(mended.usable, separated | refits.usable)
    np.testing.assert_array_equal(mended.coefficients[~separated], refits.coefficients[~separated])
    for place in np.flatnonzero(separated)[:5]:
        expected = by_fit_firth(example, plan, weights[place])
        np.testing.assert_allclose(mended.coefficients[place], expected, atol=PENALISED)
    assert mended.words.endswith(f"; Firth's estimate in {separated.sum()}")


def test_firth_of_two_arms_adds_half_an_event_by_hand() -> None:
    # 0 of 20 against 6 of 20, and with weights (2, 0, 1, 3) 0 of 20 against 2 + 12 of 40; half an event and half a
    # non-event more in each arm.
    rows = [[1, 1], [1, 1], [1, 0], [1, 0]]
    plan = refit_plan(rows, [0, 0, 2, 4], [10] * 4, list("abcd"), names=["one", "treated"])
    refits = refit_logit(plan, [[1, 1, 1, 1], [2, 0, 1, 3]], firth=FirthUse.ALWAYS)
    odds = [(6.5 / 14.5, 0.5 / 20.5), (14.5 / 26.5, 0.5 / 20.5)]
    expected = [[math.log(reference), math.log(treated / reference)] for reference, treated in odds]
    np.testing.assert_allclose(refits.coefficients, expected, atol=PENALISED)


def test_firth_of_so_few_rollouts_that_whole_steps_undo_one_another_by_hand() -> None:
    # Three arms of 12 of 24, 2 of 2 and 1 of 1, each with a coefficient of its own: half an event and half a non-event
    # more in each. Steps of Fisher scoring go to and fro between two points for ever.
    plan = refit_plan([[1, 0, 0], [1, 1, 0], [1, 1, 1]], [12, 2, 1], [24, 2, 1], list("abc"), names=list("xyz"))
    assert plan.reason.startswith("quasi separation")
    refits = refit_logit(plan, [[1, 1, 1]], firth=FirthUse.ALWAYS)
    expected = [0.0, math.log(2.5 / 0.5), math.log(1.5 / 0.5) - math.log(2.5 / 0.5)]
    np.testing.assert_allclose(refits.coefficients[0], expected, atol=PENALISED)


def test_ordinary_replicates_have_no_flags_and_nearly_the_same_estimates_under_firth() -> None:
    example = crossed_example(40, 6, flags(40, 6, "small"), intercept=-1.5, stage="small counts")
    plan, weights = example.plan(), bootstrapped(40, 200)
    plain, firth = (refit_logit(plan, weights, firth=use) for use in (FirthUse.NEVER, FirthUse.ALWAYS))
    assert plain.words == firth.words.split(";")[0] == "200 of 200 replicates converged"
    assert np.abs(plain.coefficients - firth.coefficients).max() < 0.05  # the penalty is worth half an event of 3,000
