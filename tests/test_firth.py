"""Firth's logit: half an event by hand, brute force beside it, and what separation does to a study."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import chdtri, expit, log_expit, logit
from scipy.stats import binom

from mixablate.attribute import AttributionScale, Rule, attribute_outcome
from mixablate.design import model_matrix
from mixablate.errors import DesignError
from mixablate.estimate import OutcomeModel, fit_outcome, regression_effects
from mixablate.estimate.models.firth import (
    FirthFit,
    firth_over_runs,
    firth_profile,
    firth_ratio_test,
    firth_wald,
    fit_firth,
)
from mixablate.estimate.models.logit import linear_contrast, rate_contrast, standardised_rates
from mixablate.estimate.models.separation import SeparationKind
from mixablate.study import ComponentType
from small_studies import contrast_of, flag, study_of, summaries_of, tables_of

Floats = NDArray[np.float64]
EXACT = 1e-9  # two algebraically equal expressions, the fit converged to 1e-14
SEARCHED = 1e-6  # an optimiser without derivatives, on a likelihood that is flat to 1e-12 there
SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=25)
TWO = ["(Intercept)", "tools, unused"]
OFF, ON = [1.0, 0.0], [1.0, 1.0]


def two_arms(off: list[int], on: list[int], trials: int = 100) -> tuple[Floats, Floats, Floats, list[str]]:
    design = np.array([OFF] * len(off) + [ON] * len(on))
    runs = [f"r{i}é" for i in range(len(design))]
    return design, np.array([*off, *on], dtype=float), np.full(len(design), float(trials)), runs


def height(design: Floats, events: Floats, trials: Floats, coefficients: Floats) -> float:
    """The penalised log-likelihood, written down from its definition."""
    score = design @ coefficients
    information = (design * (trials * expit(score) * expit(-score))[:, None]).T @ design
    likelihood = events @ log_expit(score) + (trials - events) @ log_expit(-score)
    return float(likelihood + 0.5 * np.linalg.slogdet(information)[1])


def random_rows(seed: int, *, separated: bool = False) -> tuple[Floats, Floats, Floats]:
    """Six to ten rows of counts, an intercept and two columns; on request split by a score, or nearly."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(6, 11))
    columns = rng.normal(size=(n, 2)) if rng.random() < 0.5 else rng.integers(0, 3, size=(n, 2)).astype(float)
    design = np.column_stack([np.ones(n), columns])
    trials = rng.choice([1, 3, 40, 2000], size=n).astype(float)
    score = columns @ rng.normal(size=2)
    events = np.where(score > np.median(score), trials, 0.0) if separated else rng.binomial(trials.astype(int), 0.3)
    return design, np.asarray(events, dtype=float), trials


def fitted(seed: int, *, separated: bool = False) -> tuple[Floats, Floats, Floats, FirthFit]:
    """The first random rows from this seed on whose columns vary apart."""
    while True:
        design, events, trials = random_rows(seed, separated=separated)
        if np.linalg.matrix_rank(design) == 3:
            return design, events, trials, fit_firth(design, events, trials, names=["a", "b", "c"])
        seed += 1


@pytest.mark.parametrize(("off", "on"), [(6, 0), (0, 20), (7, 7), (0, 0), (20, 0)])
def test_a_two_arm_table_gets_half_an_event_and_half_a_non_event_per_arm(off: int, on: int) -> None:
    # Jeffreys' prior of a saturated table is a product of beta(1/2, 1/2): log((k + .5) / (n - k + .5)) in each arm.
    fit = fit_firth([OFF, ON], [off, on], [20, 30], names=TWO)
    arms = [math.log((off + 0.5) / (20 - off + 0.5)), math.log((on + 0.5) / (30 - on + 0.5))]
    np.testing.assert_allclose(fit.coefficients, [arms[0], arms[1] - arms[0]], rtol=EXACT, atol=EXACT)
    # SE^2 of the ratio is 1 / (20 p q) + 1 / (30 p q) at those rates
    rates = expit(np.array(arms))
    variances = 1 / (np.array([20, 30]) * rates * (1 - rates))
    assert firth_wald(fit, [0, 1]).std_error ** 2 == pytest.approx(variances.sum(), rel=EXACT)
    assert firth_wald(fit, [1, 0]).std_error ** 2 == pytest.approx(variances[0], rel=EXACT)


def test_the_wald_interval_is_the_normal_one() -> None:
    fit = fit_firth([OFF, ON], [6, 0], [20, 30], names=TWO)
    found = firth_wald(fit, [0, 1], 0.9)
    assert found.upper - found.estimate == pytest.approx(1.6448536269514722 * found.std_error, rel=EXACT)


def test_the_kind_of_separation_is_kept_and_none_is_needed() -> None:
    kinds = [
        fit_firth([OFF, ON], [off, on], [20, 30], names=TWO).separation.kind for off, on in [(6, 5), (6, 0), (20, 0)]
    ]
    assert kinds == [SeparationKind.NONE, SeparationKind.QUASI, SeparationKind.COMPLETE]


@FEW
@given(SEEDS, st.booleans())
def test_no_search_without_derivatives_goes_higher_nearby(seed: int, separated: bool) -> None:
    design, events, trials, fit = fitted(seed, separated=separated)
    assert fit.log_likelihood == pytest.approx(height(design, events, trials, fit.coefficients), rel=EXACT)
    around = fit.coefficients + 0.05 * np.vstack([np.zeros(3), np.diag(np.sqrt(np.diag(fit.covariance)))])
    found = minimize(
        lambda b: -height(design, events, trials, b),
        fit.coefficients,
        method="Nelder-Mead",
        options={"initial_simplex": around, "xatol": 1e-9, "fatol": 1e-12, "maxiter": 2000, "maxfev": 2000},
    )
    assert -found.fun <= fit.log_likelihood + SEARCHED


@settings(max_examples=60)
@given(SEEDS)
def test_every_separated_set_converges_to_a_penalised_score_of_zero(seed: int) -> None:
    design, events, trials, fit = fitted(seed, separated=True)
    rate = expit(design @ fit.coefficients)
    weight = trials * rate * (1 - rate)
    hat = weight * ((design @ fit.covariance) * design).sum(axis=1)
    slope = design.T @ (events - trials * rate + hat * (0.5 - rate))
    # In units of the standard errors: how far from the maximum the fit may still be.
    assert slope @ fit.covariance @ slope < 1e-12
    np.testing.assert_allclose(np.linalg.inv((design * weight[:, None]).T @ design), fit.covariance, rtol=1e-4)


def test_limits_are_those_of_a_brute_force_grid() -> None:
    # The other coefficient is profiled out on a grid; at a limit the best of it lies a half chi-square quantile down.
    design, events, trials = np.array([OFF, ON, [1, 2.0]]), np.array([6, 1, 0.0]), np.array([20, 20, 20.0])
    fit = fit_firth(design, events, trials, names=["(Intercept)", "dose"])
    for level in (0.5, 0.95):
        found = firth_profile(fit, [0, 1], level)
        for limit in (found.lower, found.upper):
            heights = [height(design, events, trials, np.array([a, limit])) for a in np.linspace(-6, 4, 10001)]
            assert fit.log_likelihood - max(heights) == pytest.approx(chdtri(1, 1 - level) / 2, abs=SEARCHED)
        assert found.lower < found.estimate < found.upper


@settings(max_examples=10)
@given(SEEDS)
def test_the_profile_of_a_contrast_is_that_of_a_recoded_column(seed: int) -> None:
    # With columns (a, b) replaced by (a, a + b) the coefficients become (first - second, second).
    design, events, trials, fit = fitted(seed, separated=True)
    recoded = np.column_stack([design[:, :2], design[:, 1] + design[:, 2]])
    other = fit_firth(recoded, events, trials, names=["a", "b", "c"])
    mine, theirs = firth_profile(fit, [0, 1, -1]), firth_profile(other, [0, 1, 0])
    assert (mine.reason, theirs.reason) == ("", "")
    np.testing.assert_allclose(
        [mine.estimate, mine.lower, mine.upper], [theirs.estimate, theirs.lower, theirs.upper], rtol=1e-6, atol=1e-6
    )


def test_zero_lies_in_the_profile_where_the_ratio_test_does_not_reject() -> None:
    fit = fit_firth([OFF, ON], [9, 3], [40, 40], names=TWO)
    p_value = firth_ratio_test(fit, [0, 1]).p_value
    assert firth_profile(fit, [0, 1], 1 - p_value).upper == pytest.approx(0.0, abs=1e-8)


def test_a_joint_test_is_twice_the_fall_to_the_best_of_what_is_left() -> None:
    design = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1.0]])
    events, trials = np.array([9, 4, 5, 0.0]), np.array([40, 40, 30, 30.0])
    fit = fit_firth(design, events, trials, names=["(Intercept)", "tools", "prompts"])
    joint = firth_ratio_test(fit, [[0, 1, 0], [0, 0, 1]])
    best = minimize_scalar(lambda a: -height(design, events, trials, np.array([a, 0, 0])), bounds=(-6, 2))
    assert joint.statistic == pytest.approx(2 * (fit.log_likelihood + best.fun), abs=SEARCHED)
    assert (joint.df, joint.p_value) == (2, pytest.approx(math.exp(-joint.statistic / 2), rel=EXACT))
    # All coefficients at once, at their own values: nothing is lost, nothing is left to climb.
    own = firth_ratio_test(fit, np.eye(3), fit.coefficients)
    assert (own.df, own.statistic) == (3, pytest.approx(0.0, abs=SEARCHED))
    shifted = firth_ratio_test(fit, [0, 1, 0], [-1.0])
    assert shifted.statistic == pytest.approx(firth_ratio_test(fit, [0, 2, 0], [-2.0]).statistic, rel=EXACT)


@settings(max_examples=8)
@given(SEEDS)
def test_row_order_splitting_and_single_rollouts_move_no_digit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    design, events, trials, runs = two_arms([3, 9, 4], [0, 0, 0], 12)
    fit = fit_firth(design, events, trials, runs, names=TWO)
    order = rng.permutation(6)
    moved = fit_firth(design[order], events[order], trials[order], [runs[i] for i in order], names=TWO)
    first = rng.integers(0, events + 1)
    parts = np.concatenate([first, events - first]), np.concatenate([first + 2, trials - first - 2])
    parted = fit_firth(np.vstack([design, design]), *parts, [*runs, *runs], names=TWO)
    owner = np.repeat(np.arange(6), 12)
    single = (np.arange(72) % 12 < events[owner]).astype(float)
    rollouts = fit_firth(design[owner], single, np.ones(72), [runs[i] for i in owner], names=TWO)
    for other in (moved, parted, rollouts):
        assert (other.coefficients == fit.coefficients).all()
        assert (other.covariance == fit.covariance).all()
        assert other.log_likelihood == fit.log_likelihood
        assert firth_ratio_test(other, [0, 1]) == firth_ratio_test(fit, [0, 1])
        assert (firth_over_runs(other).robust.covariance == firth_over_runs(fit).robust.covariance).all()


@FEW
@given(SEEDS)
def test_swapping_events_for_non_events_turns_every_sign(seed: int) -> None:
    design, events, trials, fit = fitted(seed, separated=True)
    other = fit_firth(design, trials - events, trials, names=["a", "b", "c"])
    np.testing.assert_allclose(other.coefficients, -fit.coefficients, rtol=1e-7, atol=1e-7)


def test_units_and_origins_far_apart_do_not_matter() -> None:
    design, events, trials = np.array([OFF, ON, [1, 2.0]]), np.array([6, 1, 0.0]), np.array([20, 20, 20.0])
    fit = fit_firth(design, events, trials, names=TWO)
    tokens = np.column_stack([design[:, 0], 1e9 + 1e7 * design[:, 1]])
    other = fit_firth(tokens, events, trials, names=TWO)
    assert other.coefficients[1] * 1e7 == pytest.approx(fit.coefficients[1], rel=1e-6)
    assert firth_profile(other, [0, 1]).lower * 1e7 == pytest.approx(firth_profile(fit, [0, 1]).lower, rel=1e-6)


def test_rows_without_trials_are_left_out() -> None:
    design, events, trials, runs = two_arms([3, 9], [0, 0])
    fit = fit_firth(design, events, trials, runs, names=TWO)
    more = fit_firth([*design.tolist(), [1, 0.5]], [*events, 0], [*trials, 0], [*runs, "unscored"], names=TWO)
    assert (more.coefficients == fit.coefficients).all()
    assert more.n_rows == fit.n_rows == 4


def test_of_several_maxima_the_higher_one_is_taken() -> None:
    # Completely separated rows of very unequal size: from 0 the climb ends at -2.82, on a lower maximum.
    design, events, trials = random_rows(19, separated=True)
    fit = fit_firth(design, events, trials, names=["a", "b", "c"])
    assert fit.log_likelihood == pytest.approx(-2.4752, abs=1e-4)


def test_wider_levels_give_wider_limits() -> None:
    fit = fit_firth([OFF, ON], [6, 0], [20, 30], names=TWO)
    found = [firth_profile(fit, [0, 1], level) for level in (0.5, 0.8, 0.95, 0.999)]
    assert all(wide.lower < narrow.lower and narrow.upper < wide.upper for narrow, wide in pairwise(found))


def test_the_profile_of_one_rate_holds_its_level_by_enumeration() -> None:
    # Every count of 40 trials, and its probability: no simulation. Discrete, hence not exactly 95 %.
    limits = [firth_profile(fit_firth([[1.0]], [k], [40], names=["(Intercept)"]), [1]) for k in range(41)]
    for rate in (0.05, 0.1, 0.3, 0.5):
        held = [found.lower <= logit(rate) <= found.upper for found in limits]
        assert 0.92 < binom.pmf(np.arange(41), 40, rate)[held].sum() < 0.985


def test_over_runs_an_arm_has_the_spread_of_its_runs_by_hand() -> None:
    # Counts 3 9 6 (mean 6, squares 18) and 1 5 (3, 8) of 100; rates 18.5/301 and 6.5/201.
    # A run's penalised score is its count less the mean, and CR2 divides by 1 - 1/G: SE^2 of an arm's log odds is
    # squares G/(G - 1) / (N p q)^2.
    fit = firth_over_runs(fit_firth(*two_arms([3, 9, 6], [1, 5]), names=TWO))
    rates = np.array([18.5 / 301, 6.5 / 201])
    variances = np.array([18 * 3 / 2, 8 * 2]) / (np.array([300, 200]) * rates * (1 - rates)) ** 2
    found = linear_contrast(fit, [0, 1])
    assert found.estimate == pytest.approx(logit(rates[1]) - logit(rates[0]), rel=EXACT)
    assert found.std_error**2 == pytest.approx(variances.sum(), rel=EXACT)
    difference = rate_contrast(fit, standardised_rates(fit, [[OFF], [ON]], [1]), [-1, 1])
    assert difference.std_error**2 == pytest.approx(27 / 300**2 + 16 / 200**2, rel=EXACT)
    assert (fit.penalised_for, fit.n_clusters) == ("", 5)


def test_a_difference_from_an_arm_without_events_rests_on_the_other_arms_runs() -> None:
    # Counts 12 18 6 12 12 (mean 12, squares 72) of 100: 72 (5/4) / 500^2; the silent arm adds p q / 500 at .5/501.
    fit = firth_over_runs(fit_firth(*two_arms([12, 18, 6, 12, 12], [0] * 5), names=TWO))
    difference = rate_contrast(fit, standardised_rates(fit, [[OFF], [ON]], [1]), [-1, 1])
    silent = 0.5 / 501
    assert difference.estimate == pytest.approx(silent - 60.5 / 501, rel=EXACT)
    assert difference.std_error**2 == pytest.approx(90 / 500**2 + silent * (1 - silent) / 500, rel=EXACT)
    assert difference.reason == ""
    ratio = linear_contrast(fit, [0, 1])
    assert ratio.estimate == pytest.approx(logit(silent) - logit(60.5 / 501), rel=EXACT)
    assert math.isnan(ratio.std_error)
    # Working variances 1/(500 p q): 2.006 for the silent arm, .0188 for the other
    assert ratio.reason == (
        'quasi separation: 5 rows fitted at a rate of exactly 0 or 1, no finite estimate for "tools, unused"; '
        "99% of the variance of Firth's estimate comes from those rows, which show no spread between runs"
    )
    # As if runs did not differ there is a normal interval, and it is the Wald one.
    model = linear_contrast(fit, [0, 1], covariance="model")
    assert model == firth_wald(fit_firth(*two_arms([12, 18, 6, 12, 12], [0] * 5), names=TWO), [0, 1])


def test_runs_that_agree_exactly_give_no_interval_under_separation_either() -> None:
    fit = firth_over_runs(fit_firth(*two_arms([12] * 5, [0] * 5), names=TWO))
    difference = rate_contrast(fit, standardised_rates(fit, [[OFF], [ON]], [1]), [-1, 1])
    assert difference.reason == "no spread between runs was seen"


def test_more_rollouts_of_the_same_runs_do_not_shrink_the_interval_over_runs() -> None:
    design, events, trials, runs = two_arms([3, 9, 6], [1, 5, 2])
    errors = []
    for times in (1, 3):
        rows = np.tile(design, (times, 1)), np.tile(events, times), np.tile(trials, times), runs * times
        fit = firth_over_runs(fit_firth(*rows, names=TWO))
        errors.append(rate_contrast(fit, standardised_rates(fit, [[OFF], [ON]], [1]), [-1, 1]).std_error)
    assert errors[1] == pytest.approx(errors[0], rel=EXACT)


def separated_study(**keys: Any) -> tuple[Any, Any]:
    """Tools silence every run; prompts act where there are no tools."""
    cells = [
        ({"tools": t, "prompts": p}, [0] * 5 if t else [50 - 9 * p, 45, 41, 52, 47]) for t in (0, 1) for p in (0, 1)
    ]
    study = study_of(**keys)
    return summaries_of(study, tables_of(study, cells))


def test_a_study_with_separated_outcomes_is_fitted_by_firth_and_by_nothing_else() -> None:
    summaries, design = separated_study()
    model = fit_outcome(summaries, design)
    assert isinstance(model, OutcomeModel)
    assert model.firth is not None
    assert model.words.startswith("Firth's penalised logit (separation found by linear programming: quasi separation:")
    direct = fit_firth(model.rows, summaries.events.ravel(), summaries.trials.ravel(), names=model_matrix(design).names)
    np.testing.assert_allclose(model.fit.coefficients, direct.coefficients, rtol=EXACT)
    assert np.abs(model.fit.coefficients).max() < 10.0  # maximum likelihood stops where it likes, beyond 20


def test_a_study_without_separation_never_meets_the_penalty() -> None:
    study = study_of(["tools"])
    model = fit_outcome(*summaries_of(study, tables_of(study, [({"tools": t}, [40 - 9 * t, 50, 45]) for t in (0, 1)])))
    assert isinstance(model, OutcomeModel)
    assert (model.firth, model.fit.quiet, model.words) == (None, None, "binomial logit")


def test_aliased_components_stay_unfitted_under_separation() -> None:
    components = [flag(name, type=ComponentType.DOSE) for name in ("tools", "prompts")]
    study = study_of(components)
    cells = [({"tools": t, "prompts": t}, [0] * 4 if t else [5, 6, 7, 8]) for t in (0, 1)]
    summaries, design = summaries_of(study, tables_of(study, cells))
    found = fit_outcome(summaries, design)
    assert isinstance(found, str)
    assert "linear combinations" in found


def test_an_effect_that_separation_does_not_touch_keeps_its_interval() -> None:
    summaries, design = separated_study()
    tools = regression_effects(summaries, [contrast_of(design, "tools")], design, level=0.95)
    prompts = regression_effects(summaries, [contrast_of(design, "prompts")], design, level=0.95)
    assert [effect.lower is None for effect in (*tools, *prompts)] == [True, False, False, False]
    assert all("Firth" in effect.method and "CR2 by run" in effect.method for effect in (*tools, *prompts))
    (ratio, _) = tools
    assert ratio.scope == "these models only, on these scenarios"
    assert "profile penalised-likelihood" in ratio.method
    assert ratio.within_lower is not None
    assert ratio.within_upper is not None
    assert ratio.estimate is not None
    assert ratio.within_lower < ratio.estimate < ratio.within_upper < 0.0


def test_an_attribution_from_a_penalised_model_says_so_and_adds_up() -> None:
    study = study_of()
    cells = [({"tools": 0, "prompts": 0}, [50, 45, 41, 52, 47]), ({"tools": 1, "prompts": 0}, [0] * 5)]
    cells += [({"tools": 0, "prompts": 1}, [30, 36, 33, 41, 35])]
    summaries, design = summaries_of(study, tables_of(study, cells))
    keys = {"rules": (Rule.SHAPLEY,), "scales": (AttributionScale.RISK_DIFFERENCE,)}
    (found,) = attribute_outcome(summaries, design, level=0.95, draws=99, seed=1, **keys).attributions
    assert {part.source for part in found.parts} == {"mixed"}
    assert "Firth's penalised logit (separation found by linear programming)" in found.method
    assert sum(part.estimate for part in found.parts) == pytest.approx(found.total, abs=EXACT)


def test_aliased_columns_are_refused_by_name() -> None:
    with pytest.raises(DesignError, match='"a", "b"'):
        fit_firth([[1, 2], [2, 4], [3, 6]], [0, 0, 1], [5, 5, 5], names=["a", "b"])


def test_nothing_scored_is_refused() -> None:
    with pytest.raises(DesignError, match="no row with trials"):
        fit_firth([[1.0]], [0], [0], names=["a"])


@pytest.mark.parametrize(("events", "said"), [([6, 21], "events must lie"), ([6, math.nan], "events must lie")])
def test_counts_that_are_none_are_refused(events: list[float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        fit_firth([OFF, ON], events, [20, 20], names=TWO)


def test_bad_contrasts_and_levels_are_refused() -> None:
    fit = fit_firth([OFF, ON], [6, 0], [20, 30], names=TWO)
    for vector in ([0, 0], [1], [1, 0, 0]):
        with pytest.raises(ValueError, match="needs 2 weights, not all 0"):
            firth_profile(fit, vector)
        with pytest.raises(ValueError, match="needs 2 weights, not all 0"):
            firth_wald(fit, vector)
    for level in (0.0, 1.0, math.nan):
        with pytest.raises(ValueError, match="level must lie between 0 and 1"):
            firth_profile(fit, [0, 1], level)
    for contrasts in ([[0, 1], [0, 2]], [0, 0], [1, 0, 0]):
        with pytest.raises(ValueError, match="linearly independent rows of 2 weights"):
            firth_ratio_test(fit, contrasts)
    with pytest.raises(ValueError, match="with a value each"):
        firth_ratio_test(fit, [0, 1], [0, 0])


def test_a_hypothesis_out_of_all_reach_is_an_error_and_no_number() -> None:
    fit = fit_firth([OFF, ON], [6, 0], [20, 30], names=TWO)
    with pytest.raises(ArithmeticError, match="did not converge"):
        firth_ratio_test(fit, [0, 1], [1e6])
