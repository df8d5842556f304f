"""Regressions on the mix: by hand, by two roads, by known truth, and what is refused."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mixablate.estimate.mixtures import (
    Blend,
    BlendModel,
    MixReference,
    MixRuns,
    alr,
    best,
    blend_columns,
    candidates,
    closed,
    clr_coefficients,
    cox_change,
    cox_path,
    design_rows,
    equal_blending,
    estimable,
    extra_squares,
    fit_mix,
    folds_of,
    ilr,
    lack_of_fit,
    mix_contrasts,
    mix_matters,
    mixes_alone,
    pivot_basis,
    predict_mix,
    replacement,
    spearman,
    without_zeros,
)
from mixablate.estimate.mixtures.many_contrasts import contrast_inferences
from mixablate.estimate.mixtures.simultaneous import max_t
from mixablate.estimate.models.cluster_robust import contrast_inference

Floats = NDArray[np.float64]

EXACT = 1e-12  # sums and products of a few numbers near 1
SOLVED = 1e-9  # least squares by two roads, condition numbers below 1e4
NONE = np.empty((0, 0))
PARTS = ("chat", "tools", "stories")
LATTICE = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]], dtype=float)


def mixes(seed: int, n: int, parts: int = 3) -> Floats:
    return np.random.default_rng(seed).dirichlet([2.0] * parts, n)


def rows_of(fit_runs: MixRuns, blend: Blend, points: Floats) -> Floats:
    return design_rows(blend, fit_runs, points, np.tile(fit_runs.process.mean(axis=0), (len(points), 1)))


def test_scheffe_coefficients_are_the_outcomes_of_pure_parts_and_four_times_the_excess_of_halves() -> None:
    # At the corners 2, 4, 9; halves of 1 and 2 come to 5 = (2 + 4)/2 + b12/4, so b12 = 8; of 1 and 3 to 5.5, so 0;
    # of 2 and 3 to 6 = 6.5 + b23/4, so -2. Every mix twice, one above and one below by 0.1: the mean is exact.
    outcome = np.array([2, 4, 9, 5, 5.5, 6.0])
    runs = mixes_alone(PARTS, np.repeat(LATTICE, 2, axis=0))
    fit = fit_mix(Blend(BlendModel.QUADRATIC), runs, np.repeat(outcome, 2) + np.tile([0.1, -0.1], 6))
    np.testing.assert_allclose(fit.coefficients, [2, 4, 9, 8, 0, -2], atol=SOLVED)
    # RSS = 12 * 0.01; 12 runs less 6 columns.
    assert fit.rss == pytest.approx(0.12, abs=SOLVED)
    assert fit.df_residual == 6
    assert fit.sigma == pytest.approx(math.sqrt(0.02), abs=SOLVED)


def test_r2_is_about_the_mean_and_not_about_zero() -> None:
    # Corners come to 10 and 12, each run 1 above or below: RSS 4. About the mean 11 the squares sum to 4 + 0 + 0 + 4.
    runs = mixes_alone(("a", "b"), np.array([[1, 0], [1, 0], [0, 1], [0, 1.0]]))
    fit = fit_mix(Blend(BlendModel.LINEAR), runs, np.array([9, 11, 11, 13.0]))
    assert fit.r2 == pytest.approx(1 - 4 / 8, abs=EXACT)  # about zero it would be 1 - 4/492


def test_a_part_rises_and_the_others_keep_their_ratios() -> None:
    # From (.5, .3, .2) tools up to .44: the others, .7 together, share .56 as 5 : 2, so .4 and .16.
    np.testing.assert_allclose(
        cox_path(np.array([0.5, 0.3, 0.2]), 1, np.array([0.44])), [[0.4, 0.44, 0.16]], atol=EXACT
    )


def test_a_cox_effect_of_the_linear_model_by_hand() -> None:
    # Coefficients 2, 4, 9; from (.5, .3, .2) tools + .14, chat - .1, stories - .04: .56 - .2 - .36 = 0.
    runs = mixes_alone(PARTS, np.repeat(LATTICE, 2, axis=0))
    fit = fit_mix(Blend(BlendModel.LINEAR), runs, runs.fractions @ [2, 4, 9.0] + np.tile([0.1, -0.1], 6))
    reach = MixReference(np.array([0.5, 0.3, 0.2]), np.zeros(3), np.ones(3))
    change = cox_change(reach, 1, 0.14)
    rows = rows_of(runs, fit.blend, np.array([change.start, change.end]))
    assert float((rows[1] - rows[0]) @ fit.coefficients) == pytest.approx(0.0, abs=SOLVED)
    swap = replacement(reach, 2, 0, 0.1)  # stories for chat: .1 * (9 - 2)
    rows = rows_of(runs, fit.blend, np.array([swap.start, swap.end]))
    assert float((rows[1] - rows[0]) @ fit.coefficients) == pytest.approx(0.7, abs=SOLVED)


@pytest.mark.parametrize("model", list(BlendModel))
def test_an_effect_is_the_difference_of_two_predictions(model: BlendModel) -> None:
    runs = mixes_alone(PARTS, mixes(3, 40))
    rng = np.random.default_rng(4)
    fit = fit_mix(Blend(model), runs, rng.normal(size=40) + 3 * runs.fractions[:, 1])
    change = cox_change(MixReference(np.array([0.4, 0.3, 0.3]), np.zeros(3), np.ones(3)), 0, 0.05)
    both = np.array([change.start, change.end])
    rows = rows_of(runs, fit.blend, both)
    predicted = predict_mix(fit, both).estimate
    (found,) = mix_contrasts(fit, (rows[1] - rows[0])[None])
    assert found.estimate == pytest.approx(predicted[1] - predicted[0], abs=SOLVED)


def test_scheffe_linear_is_the_regression_against_a_reference_part_said_otherwise() -> None:
    # y = b1 x1 + b2 x2 + b3 x3 = b3 + (b1 - b3) x1 + (b2 - b3) x2; HC2 and its df are the same too.
    runs = mixes_alone(PARTS, mixes(5, 25))
    response = np.random.default_rng(6).normal(size=25)
    fit = fit_mix(Blend(BlendModel.LINEAR), runs, response)
    other = sm.OLS(response, sm.add_constant(runs.fractions[:, :2])).fit(cov_type="HC2")
    np.testing.assert_allclose(fit.coefficients[:2] - fit.coefficients[2], other.params[1:], atol=SOLVED)
    contrasts = np.array([[1.0, 0, -1], [0, 1, -1]])
    errors = [one.std_error for one in mix_contrasts(fit, contrasts)]
    np.testing.assert_allclose(errors, other.bse[1:], atol=SOLVED)


@pytest.mark.parametrize("model", list(BlendModel))
def test_many_contrasts_at_once_are_the_contrasts_one_by_one(model: BlendModel) -> None:
    runs = mixes_alone(PARTS, mixes(7, 30))
    fit = fit_mix(Blend(model), runs, np.random.default_rng(8).normal(size=30))
    gradients = np.random.default_rng(9).normal(size=(5, len(fit.coefficients)))
    together = contrast_inferences(gradients @ fit.coefficients, fit.robust, gradients)
    for gradient, one in zip(gradients, together, strict=True):
        alone = contrast_inference(float(gradient @ fit.coefficients), fit.robust, gradient)
        for name in ("estimate", "std_error", "df", "lower", "upper", "p_value", "leverage"):
            assert getattr(one, name) == pytest.approx(getattr(alone, name), rel=1e-9), name


def test_columns_that_depend_on_each_other_leave_what_can_be_told_apart() -> None:
    # Tools are twice the stories in every run: raising both in that ratio can be told, raising tools alone cannot.
    chat = np.linspace(0.1, 0.9, 20)
    fractions = np.column_stack([chat, (1 - chat) * 2 / 3, (1 - chat) / 3])
    runs = mixes_alone(PARTS, fractions)
    response = 1 + 2 * chat + np.random.default_rng(10).normal(scale=0.1, size=20)
    fit = fit_mix(Blend(BlendModel.LINEAR), runs, response)
    together, alone = np.array([0.1, -0.2 / 3, -0.1 / 3]), np.array([-0.1, 0.1, 0.0])
    assert estimable(fit, np.array([together, alone])).tolist() == [True, False]
    slope = np.polyfit(chat, response, 1)[0]  # the second road: a line through one share
    assert mix_contrasts(fit, together[None])[0].estimate == pytest.approx(0.1 * slope, abs=SOLVED)


def test_a_part_beyond_the_runs_or_the_whole_has_a_reason() -> None:
    reach = MixReference(np.array([0.9, 0.1, 0.0]), np.array([0.5, 0.1, 0.0]), np.array([0.95, 0.2, 0.03]))
    assert cox_change(reach, 1, 0.05).reason == ""
    assert cox_change(reach, 2, 0.05).reason == "no run has more than 3 % of it; 5 % lies beyond"
    assert cox_change(reach, 0, 0.2).reason == "the reference mix holds 90 % already"
    assert replacement(reach, 0, 2, 0.05).reason == "the reference mix holds only 0 % of what gives way"
    assert "at least 10 %" in replacement(reach, 0, 1, 0.05).reason
    pure = MixReference(np.array([1.0, 0.0, 0.0]), np.zeros(3), np.ones(3))
    assert cox_change(pure, 0, 0.05).reason == "the reference mix holds nothing else that could give way"


@given(st.integers(0, 10_000), st.floats(0.998, 1.002))
@settings(max_examples=25, deadline=None)
def test_rounded_rows_are_closed_and_scaling_them_changes_nothing(seed: int, total: float) -> None:
    fractions = mixes(seed, 12)
    np.testing.assert_allclose(closed(fractions * total), fractions, atol=EXACT)


@given(st.integers(0, 10_000), st.permutations(range(4)))
@settings(max_examples=20, deadline=None)
def test_relabelled_parts_change_no_prediction_and_no_clr_coefficient(seed: int, order: list[int]) -> None:
    fractions = mixes(seed, 30, 4)
    response = np.random.default_rng(seed).normal(size=30)
    for model in BlendModel:
        one = fit_mix(Blend(model), mixes_alone("abcd", fractions), response)
        other = fit_mix(Blend(model), mixes_alone("abcd", fractions[:, order]), response)
        np.testing.assert_allclose(one.residuals, other.residuals, atol=1e-7)  # curved columns: condition 1e4
    np.testing.assert_allclose(clr_coefficients(one)[0][order], clr_coefficients(other)[0], atol=1e-7)


def test_clr_coefficients_do_not_depend_on_the_basis_and_are_those_of_alr() -> None:
    fractions = mixes(11, 30, 4)
    response = np.random.default_rng(12).normal(size=30)
    found, covariance = clr_coefficients(fit_mix(Blend(BlendModel.LOG_RATIO), mixes_alone("abcd", fractions), response))
    assert found.sum() == pytest.approx(0.0, abs=SOLVED)
    turn = pivot_basis(4) @ np.linalg.qr(np.random.default_rng(13).normal(size=(3, 3)))[0]  # another orthonormal basis
    other = sm.OLS(response, sm.add_constant(ilr(fractions, turn))).fit(cov_type="HC2")
    np.testing.assert_allclose(found, turn @ other.params[1:], atol=SOLVED)
    for reference in range(4):
        ratios = sm.OLS(response, sm.add_constant(alr(fractions, reference))).fit(cov_type="HC2")
        np.testing.assert_allclose(np.delete(found, reference), ratios.params[1:], atol=SOLVED)
        errors = np.delete(np.sqrt(np.diag(covariance)), reference)
        np.testing.assert_allclose(errors, ratios.bse[1:], atol=SOLVED)


def test_the_pivot_basis_is_orthonormal_and_sets_parts_against_a_whole() -> None:
    basis = pivot_basis(5)
    np.testing.assert_allclose(basis.T @ basis, np.eye(4), atol=EXACT)
    np.testing.assert_allclose(basis.sum(axis=0), 0, atol=EXACT)


def test_zeros_are_replaced_and_the_other_ratios_stay() -> None:
    found = without_zeros(np.array([[0.6, 0.4, 0, 0], [0.25] * 4]), 0.01)
    np.testing.assert_allclose(found, [[0.588, 0.392, 0.01, 0.01], [0.25] * 4], atol=EXACT)  # .6 * .98, .4 * .98
    with pytest.raises(ValueError, match="zeros cannot be replaced"):
        without_zeros(np.array([[1.0, 0, 0]]), 0.5)


def test_the_null_of_a_mix_is_equal_blending_and_never_a_coefficient_of_zero() -> None:
    np.testing.assert_array_equal(equal_blending(3, 4), [[1, -1, 0, 0], [1, 0, -1, 0]])
    # Outcomes near 10 whatever the mix: every coefficient is far from 0, and the mix does not matter.
    runs = mixes_alone(PARTS, mixes(14, 60))
    level = fit_mix(Blend(BlendModel.LINEAR), runs, 10 + np.random.default_rng(15).normal(size=60))
    steep = fit_mix(Blend(BlendModel.LINEAR), runs, level.response + 8 * runs.fractions[:, 0])
    assert abs(level.coefficients).min() > 5
    assert mix_matters(level)[0].p_value > 0.01  # fails once in a hundred seeds; this one is fixed
    assert mix_matters(steep)[0].p_value < 1e-6


def test_where_many_columns_forbid_the_test_by_run_the_f_test_stands_and_says_so() -> None:
    fractions = mixes(16, 90, 7)
    fit = fit_mix(
        Blend(BlendModel.QUADRATIC), mixes_alone("abcdefg", fractions), np.random.default_rng(17).normal(size=90)
    )
    found, method = mix_matters(fit)
    assert "equally variable" in method
    other = sm.OLS(fit.response, sm.add_constant(blend_columns(fit.blend, fractions)[:, 1:])).fit()
    assert found.p_value == pytest.approx(other.f_pvalue, rel=1e-7)


def test_lack_of_fit_is_the_f_test_against_a_mean_for_every_mix() -> None:
    # Three mixes of (1,0), (.5,.5), (0,1), two runs each: 1 3 | 6 8 | 1 3. The line is flat at 22/6; pure error 6 on 3,
    # RSS = 2 * (2.6667^2 + .6667^2) + 2.3333^2 + 4.3333^2 = 39.333, so F = (33.333 / 1) / (6 / 3) = 16.667.
    runs = mixes_alone(("a", "b"), np.repeat([[1, 0], [0.5, 0.5], [0, 1.0]], 2, axis=0))
    found = lack_of_fit(fit_mix(Blend(BlendModel.LINEAR), runs, np.array([1, 3, 6, 8, 1, 3.0])))
    assert found.statistic == pytest.approx(100 / 6, rel=SOLVED)
    assert (found.df_num, found.df_denom) == (1, 3)
    single = lack_of_fit(fit_mix(Blend(BlendModel.LINEAR), mixes_alone(PARTS, mixes(1, 9)), mixes(2, 9)[:, 0]))
    assert math.isnan(single.p_value)


def test_an_f_test_without_a_run_to_spare_has_no_p() -> None:
    assert math.isnan(extra_squares(2.0, 3, 0.0, 0).p_value)


def flagged(seed: int, n: int, *, crossed: bool) -> MixRuns:
    rng = np.random.default_rng(seed)
    ids = tuple(f"r{i:03d}" for i in rng.permutation(n))
    process = (np.arange(n) % 2.0)[:, None]
    return MixRuns(PARTS, rng.dirichlet([2, 2, 2], n), process, ("prompts",), crossed, ids, ids)


def test_a_flag_beside_the_mix_is_the_regression_with_its_column() -> None:
    runs = flagged(18, 30, crossed=False)
    response = np.random.default_rng(19).normal(size=30)
    fit = fit_mix(Blend(BlendModel.LINEAR), runs, response)
    oracle = np.linalg.lstsq(np.hstack([runs.fractions, runs.process]), response, rcond=None)[0]
    np.testing.assert_allclose(fit.coefficients, oracle, atol=SOLVED)


def test_a_flag_crossed_with_the_mix_is_a_blending_model_for_each_of_its_levels() -> None:
    runs = flagged(20, 40, crossed=True)
    response = np.random.default_rng(21).normal(size=40)
    fit = fit_mix(Blend(BlendModel.LINEAR), runs, response)
    on = runs.process[:, 0] == 1
    without, with_flag = (np.linalg.lstsq(runs.fractions[m], response[m], rcond=None)[0] for m in (~on, on))
    np.testing.assert_allclose(fit.coefficients, [*without, *(with_flag - without)], atol=SOLVED)


@pytest.mark.parametrize("model", list(BlendModel))
def test_cross_validation_from_one_fit_is_refitting_without_each_fold(model: BlendModel) -> None:
    runs = flagged(22, 45, crossed=False)
    response = np.random.default_rng(23).normal(size=45) + 4 * runs.fractions[:, 0]
    folds = folds_of(runs, np.random.default_rng(24))
    (found,) = candidates(runs, response, folds, models=(model,), zero=0.005, level=0.9)[:1]
    rows = design_rows(found.blend, runs, runs.fractions, runs.process)
    predicted, inside = np.empty(45), np.empty(45, dtype=bool)
    for fold in np.unique(folds):
        held = folds == fold
        other = sm.OLS(response[~held], rows[~held]).fit()
        table = other.get_prediction(rows[held]).summary_frame(alpha=0.1)
        predicted[held] = table["mean"]
        inside[held] = (table["obs_ci_lower"] <= response[held]) & (response[held] <= table["obs_ci_upper"])
    assert found.rmse == pytest.approx(float(np.sqrt(((response - predicted) ** 2).mean())), rel=1e-7)
    assert found.spearman == pytest.approx(spearman(predicted, response), abs=SOLVED)
    assert found.coverage == inside.mean()


def test_folds_hold_runs_of_one_mix_together_whatever_the_order_of_rows() -> None:
    fractions = np.repeat(mixes(25, 15), 3, axis=0)
    runs = mixes_alone(PARTS, fractions)
    folds = folds_of(runs, np.random.default_rng(1))
    assert (folds.reshape(15, 3) == folds.reshape(15, 3)[:, :1]).all()
    order = np.random.default_rng(2).permutation(45)
    shuffled = folds_of(mixes_alone(PARTS, fractions[order]), np.random.default_rng(1))
    np.testing.assert_array_equal(shuffled, folds[order])


def test_the_only_run_of_a_flag_is_left_out_of_cross_validation_and_nothing_else() -> None:
    fractions = mixes(26, 40)
    response = np.random.default_rng(27).normal(size=40)
    alone = np.zeros((40, 1))
    alone[7] = 1.0
    ids = tuple(f"{i:02d}" for i in range(40))
    with_flag = MixRuns(PARTS, fractions, alone, ("once",), False, ids, ids)
    folds = folds_of(with_flag, np.random.default_rng(3))
    (found,) = candidates(with_flag, response, folds, models=(BlendModel.LINEAR,), zero=0.005, level=0.95)
    assert np.flatnonzero(~np.isfinite(found.errors)).tolist() == [7]
    rest = np.arange(40) != 7
    without = mixes_alone(PARTS, fractions[rest])
    (oracle,) = candidates(without, response[rest], folds[rest], models=(BlendModel.LINEAR,), zero=0.005, level=0.95)
    assert found.rmse == pytest.approx(oracle.rmse, rel=1e-9)
    assert found.coverage == oracle.coverage


def test_too_few_runs_or_mixes_are_said_of_each_model() -> None:
    runs = mixes_alone(PARTS, mixes(28, 8))
    response = np.arange(8.0)
    found = candidates(runs, response, folds_of(runs, np.random.default_rng(1)), zero=0.005, level=0.95)
    reasons = {c.blend.model: c.reason for c in found}
    assert reasons[BlendModel.LINEAR] == ""
    assert reasons[BlendModel.QUADRATIC] == "8 runs for 6 columns; 4 more are needed"
    two = mixes_alone(("a", "b"), np.repeat([[1, 0], [0.8, 0.2]], 5, axis=0))
    found = candidates(two, np.arange(10.0), folds_of(two, np.random.default_rng(1)), zero=0.005, level=0.95)
    chosen = best(found)
    assert chosen is not None
    assert chosen.blend.model is BlendModel.LINEAR
    assert chosen.unseen == "10 of 10 runs cannot be predicted from the others"
    assert {c.reason for c in found if c.blend.model is BlendModel.CURVED} == {
        "the mixes that were run do not tell its columns apart"
    }


def test_max_t_of_independent_members_is_sidak_and_of_equal_ones_is_the_t_interval() -> None:
    runs = mixes_alone(PARTS, np.repeat(np.eye(3), 40, axis=0))
    fit = fit_mix(Blend(BlendModel.LINEAR), runs, np.random.default_rng(29).normal(size=120))
    ones = mix_contrasts(fit, np.eye(3))  # means of separate runs: independent, 39 degrees of freedom each
    draws = 40_000
    found = max_t(ones, np.diag([one.std_error**2 for one in ones]), 0.95, draws, np.random.default_rng(1))
    # The studentised maximum modulus of 3 with 39 degrees of freedom (Stoline & Ury 1979 print 2.49 for 40); a quantile
    # of 40,000 draws has a standard error of about .012.
    assert found.multiple == pytest.approx(2.486, abs=0.04)
    same = max_t([ones[0]] * 3, np.full((3, 3), ones[0].std_error ** 2), 0.95, draws, np.random.default_rng(1))
    assert same.multiple == pytest.approx(2.0227, abs=0.04)  # t(39) at .975
    assert (found.p_adjusted >= [one.p_value for one in ones]).all()


def test_a_prediction_interval_holds_new_runs_at_its_level() -> None:
    # 200 studies of 30 runs, one new run each at a mix not run: 95 % within 3 standard errors (1.5 points each).
    inside = 0
    for seed in range(200):
        rng = np.random.default_rng(1000 + seed)
        fractions = rng.dirichlet([2, 2, 2], 31)
        response = fractions @ [1.0, 2.0, 4.0] + rng.normal(size=31)
        fit = fit_mix(Blend(BlendModel.LINEAR), mixes_alone(PARTS, fractions[:30]), response[:30])
        found = predict_mix(fit, fractions[30:])
        inside += bool(found.lower[0] <= response[30] <= found.upper[0])
    assert 0.95 - 0.047 <= inside / 200 <= 0.95 + 0.047


def test_pairs_of_runs_are_one_cluster() -> None:
    runs = flagged(30, 24, crossed=False)
    pairs = tuple(f"p{i // 2}" for i in range(24))
    paired = MixRuns(PARTS, runs.fractions, runs.process, runs.process_names, False, runs.run_ids, pairs)
    response = np.random.default_rng(31).normal(size=24)
    one, other = (fit_mix(Blend(BlendModel.LINEAR), r, response) for r in (runs, paired))
    np.testing.assert_allclose(one.coefficients, other.coefficients, atol=SOLVED)
    assert len(other.robust.clusters) == 12
    assert not math.isclose(*(mix_contrasts(f, np.array([[1.0, -1, 0, 0]]))[0].std_error for f in (one, other)))


def test_every_pair_of_columns_of_the_quadratic_model_is_there_once() -> None:
    point = np.array([[0.2, 0.3, 0.5]])
    products = [a * b for a, b in itertools.combinations(point[0], 2)]
    np.testing.assert_allclose(blend_columns(Blend(BlendModel.QUADRATIC), point)[0, 3:], products, atol=EXACT)
    np.testing.assert_allclose(
        blend_columns(Blend(BlendModel.CURVED, offset=0.1), point)[0, 3:], np.log([3.0, 4.0, 6.0]), atol=EXACT
    )
