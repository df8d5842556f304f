"""Pooled studies: by hand, by other roads, metafor's published numbers, and what must never happen."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import chi2, t
from statsmodels.regression.linear_model import WLS
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.meta_analysis import combine_effects

from mixablate.estimate.pooled.between_variance import (
    BetweenVariance,
    tau2_dersimonian_laird,
    tau2_hedges,
    tau2_interval,
    tau2_maximum_likelihood,
    tau2_paule_mandel,
    tau2_reml,
    tau2_sidik_jonkman,
)
from mixablate.estimate.pooled.meta_regression import meta_regression, small_study_test
from mixablate.estimate.pooled.pooling import BetweenEstimator, MeanInterval, Pooled, fixed_effect, leave_one_out, pool
from mixablate.estimate.pooled.study_effects import effects_from_counts, mantel_haenszel_ratio

GOLD = Path(__file__).resolve().parents[1] / "fixtures" / "gold" / "meta_bcg"
ROUNDING = 1e-9  # two algebraically equal roads over a few dozen numbers
MINIMISER = 1e-5  # of scipy's bounded search, in tau2
PUBLISHED = 5e-5  # numbers printed to four places

ESTIMATORS: dict[str, BetweenEstimator] = {
    "DL": tau2_dersimonian_laird,
    "HE": tau2_hedges,
    "SJ": tau2_sidik_jonkman,
    "PM": tau2_paule_mandel,
    "ML": tau2_maximum_likelihood,
    "REML": tau2_reml,
}
each_estimator = pytest.mark.parametrize("between", ESTIMATORS.values(), ids=ESTIMATORS)
FEW = settings(max_examples=20)

EFFECTS, ALIKE = [0.1, 0.5, 1.2], [0.04, 0.04, 0.04]


@st.composite
def studies(draw: st.DrawFn, least: int = 2) -> tuple[np.ndarray, np.ndarray]:
    k = draw(st.integers(least, 8))
    effects = draw(st.lists(st.floats(-3, 3).map(lambda x: round(x, 3)), min_size=k, max_size=k))
    variances = draw(st.lists(st.floats(0.005, 2).map(lambda x: round(x, 4)), min_size=k, max_size=k))
    return np.array(effects), np.array(variances)


def bcg() -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    data = pd.read_csv(GOLD / "data.csv")
    counts = (data["tpos"], data["tpos"] + data["tneg"], data["cpos"], data["cpos"] + data["cneg"])
    return *effects_from_counts(*counts, "risk_ratio"), data


# by hand


def test_a_fixed_effect_of_two_studies_by_hand() -> None:
    # Weights 25 and 100: mean -(25 + 50)/125 = -.6, SE 1/sqrt(125). Q = 25(.4^2) + 100(.1^2) = 5, I2 = 1 - 1/5.
    found = fixed_effect([-1.0, -0.5], [0.04, 0.01])
    assert (found.estimate, found.std_error) == pytest.approx((-0.6, 125**-0.5), rel=ROUNDING)
    assert (found.q, found.i2, found.h2, found.tau2) == pytest.approx((5.0, 0.8, 5.0, 0.0), rel=ROUNDING)
    assert found.upper - found.estimate == pytest.approx(1.959963984540054 * 125**-0.5, rel=ROUNDING)
    assert math.isnan(found.prediction_lower)


@pytest.mark.parametrize("name", ["DL", "HE", "PM", "REML"])
def test_at_equal_variances_tau2_is_the_variance_of_effects_less_theirs(name: str) -> None:
    # Mean .6, squares .25 + .01 + .36 = .62, variance .31; less .04 is .27.
    assert ESTIMATORS[name](EFFECTS, ALIKE, None).tau2 == pytest.approx(0.27, rel=ROUNDING)


def test_maximum_likelihood_and_sidik_jonkman_at_equal_variances_by_hand() -> None:
    # ML divides by 3: .62/3 - .04. SJ guesses g = .62/3 and gives g (.62 / (g + .04)) / 2.
    guess = 0.62 / 3
    assert tau2_maximum_likelihood(EFFECTS, ALIKE).tau2 == pytest.approx(guess - 0.04, rel=ROUNDING)
    assert tau2_sidik_jonkman(EFFECTS, ALIKE).tau2 == pytest.approx(guess * 0.31 / (guess + 0.04), rel=ROUNDING)


def test_at_equal_variances_the_default_interval_is_that_of_a_mean_of_studies() -> None:
    # Total variance .27 + .04 = .31 each: SE sqrt(.31/3), and the t interval of three numbers.
    found = pool(EFFECTS, ALIKE)
    reach = t.ppf(0.975, 2) * math.sqrt(0.31 / 3)
    assert (found.lower, found.upper) == pytest.approx((0.6 - reach, 0.6 + reach), rel=ROUNDING)
    further = t.ppf(0.975, 2) * math.sqrt(0.31 / 3 + 0.27)
    assert found.prediction_upper == pytest.approx(0.6 + further, rel=ROUNDING)
    # Typical variance within is .04: I2 = .27/.31, H2 = .31/.04.
    assert (found.i2, found.h2) == pytest.approx((0.27 / 0.31, 0.31 / 0.04), rel=ROUNDING)


def test_effects_from_counts_by_hand() -> None:
    # 10/100 v 20/100.
    ratio, ratio_variance = effects_from_counts([10], [100], [20], [100], "risk_ratio")
    assert (ratio[0], ratio_variance[0]) == pytest.approx((math.log(0.5), 0.1 - 0.01 + 0.05 - 0.01), rel=ROUNDING)
    odds, odds_variance = effects_from_counts([10], [100], [20], [100], "log_odds")
    assert (odds[0], odds_variance[0]) == pytest.approx(
        (math.log((10 / 90) / (20 / 80)), 1 / 10 + 1 / 90 + 1 / 20 + 1 / 80), rel=ROUNDING
    )
    difference, variance = effects_from_counts([10], [100], [20], [100], "risk_difference")
    assert (difference[0], variance[0]) == pytest.approx((-0.1, 0.09 / 100 + 0.16 / 100), rel=ROUNDING)
    # An empty cell: .5/101 v 20.5/101, in that study alone.
    both, _ = effects_from_counts([0, 10], [100, 100], [20, 20], [100, 100], "risk_ratio")
    assert both == pytest.approx([math.log(0.5 / 20.5), math.log(0.5)], rel=ROUNDING)


def test_a_mantel_haenszel_ratio_of_one_study_is_its_risk_ratio() -> None:
    # One study of 10/100 v 20/100: log(.5) with variance 1/10 - 1/100 + 1/20 - 1/100.
    found = mantel_haenszel_ratio([10], [100], [20], [100])
    assert (found.estimate, found.std_error**2) == pytest.approx((math.log(0.5), 0.13), rel=ROUNDING)


# two roads to one number


@FEW
@given(studies(least=3), st.booleans())
def test_likelihood_estimates_are_where_a_minimiser_finds_no_better(
    drawn: tuple[np.ndarray, np.ndarray], restricted: bool
) -> None:
    y, v = drawn

    def loss(tau2: float) -> float:
        w = 1 / (v + tau2)
        mean = (w @ y) / w.sum()
        return float(np.log(v + tau2).sum() + w @ (y - mean) ** 2 + (math.log(w.sum()) if restricted else 0.0))

    found = (tau2_reml if restricted else tau2_maximum_likelihood)(y, v).tau2
    searched = minimize_scalar(loss, bounds=(0, 40), method="bounded", options={"xatol": MINIMISER / 10})
    assert loss(found) <= min(searched.fun, loss(0.0)) + ROUNDING


@pytest.mark.parametrize(("far", "peak"), [(1.0, 0.0003), (0.5, 2.468)])
def test_the_higher_of_two_likelihood_peaks_is_taken(far: float, peak: float) -> None:
    # Three precise studies that agree and two imprecise ones far off: a peak near .0003 and one at 2 or above.
    y, v = np.array([0.0, 0.02, -0.02, 3.0, 3.2]), np.array([1e-4, 1e-4, 1e-4, far, far])
    grid = np.concatenate([[0.0], np.geomspace(1e-6, 20, 4000)])

    def height(tau2: float) -> float:
        w = 1 / (v + tau2)
        return float(np.log(w).sum() - w @ (y - (w @ y) / w.sum()) ** 2 - math.log(w.sum()))

    heights = np.array([height(tau2) for tau2 in grid])
    assert ((heights[1:-1] > heights[:-2]) & (heights[1:-1] > heights[2:])).sum() == 2
    assert height(tau2_reml(y, v).tau2) >= heights.max() - ROUNDING
    assert tau2_reml(y, v).tau2 == pytest.approx(peak, rel=0.05)


@FEW
@given(studies(least=3))
def test_paule_mandel_and_the_limits_of_tau2_solve_their_equation(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    y, v = drawn
    low, high = tau2_interval(y, v)
    free = len(y) - 1
    wanted = [(tau2_paule_mandel(y, v).tau2, free), (low, chi2.ppf(0.975, free)), (high, chi2.ppf(0.025, free))]
    for tau2, target in wanted:
        w = 1 / (v + tau2)
        squares = w @ (y - (w @ y) / w.sum()) ** 2
        assert squares == pytest.approx(target, rel=ROUNDING) if tau2 > 0 else squares <= target
    assert low <= high


@FEW
@given(studies(least=3))
def test_where_tau2_is_positive_statsmodels_agrees(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    # Only there: it does not cut tau2 off at 0. Its other estimator, "iterated", gives 0 for effects 0, 0, 2 of
    # variances about 1, where the root is .32.
    y, v = drawn
    found = pool(y, v, tau2_dersimonian_laird, interval=MeanInterval.HARTUNG_KNAPP_UNGUARDED)
    assume(found.tau2 > 1e-3)
    theirs = combine_effects(y, v, method_re="chi2")
    assert found.tau2 == pytest.approx(theirs.tau2, rel=ROUNDING)
    assert found.estimate == pytest.approx(theirs.mean_effect_re, rel=ROUNDING, abs=ROUNDING)
    assert found.std_error == pytest.approx(theirs.sd_eff_w_re_hksj, rel=ROUNDING)
    normal = pool(y, v, tau2_dersimonian_laird, interval=MeanInterval.NORMAL)
    assert normal.std_error == pytest.approx(theirs.sd_eff_w_re, rel=ROUNDING)
    fixed = fixed_effect(y, v)
    assert (fixed.estimate, fixed.std_error, fixed.q) == pytest.approx(
        (theirs.mean_effect_fe, theirs.sd_eff_w_fe, theirs.q), rel=ROUNDING, abs=ROUNDING
    )


def test_equal_effects_have_no_negative_tau2_as_statsmodels_has() -> None:
    assert combine_effects(np.full(3, 0.4), np.array(ALIKE), method_re="chi2").tau2 == pytest.approx(-0.04)
    for between in ESTIMATORS.values():
        assert between([0.4] * 3, ALIKE, None).tau2 == 0.0


def test_the_small_study_slope_is_a_weighted_regression_on_standard_errors() -> None:
    y, v, _ = bcg()
    theirs = WLS(y, np.column_stack([np.ones(len(y)), np.sqrt(v)]), weights=1 / v).fit()
    found = small_study_test(y, v)
    assert (found.estimate, found.std_error, found.p_value) == pytest.approx(
        (theirs.params[1], theirs.bse[1], theirs.pvalues[1]), rel=ROUNDING
    )


def test_a_moderator_with_two_values_compares_two_means() -> None:
    # With tau2 held at .1, the slope is the difference of the groups' weighted means, its variance the sum of theirs.
    y, v, group = np.array([0.1, 0.5, 1.2, 1.0, 2.0]), np.array([0.1, 0.2, 0.1, 0.3, 0.2]), np.array([0, 0, 0, 1, 1])
    held = BetweenVariance(0.1, math.nan, "held")
    found = meta_regression(y, v, group, lambda *_: held, interval=MeanInterval.NORMAL)
    means = [pool(y[group == g], v[group == g], lambda *_: held, interval=MeanInterval.NORMAL) for g in (0, 1)]
    slope = found.coefficients[1]
    assert slope.estimate == pytest.approx(means[1].estimate - means[0].estimate, rel=ROUNDING)
    assert slope.std_error == pytest.approx(math.hypot(*(mean.std_error for mean in means)), rel=ROUNDING)
    assert found.statistic == pytest.approx((slope.estimate / slope.std_error) ** 2, rel=ROUNDING)
    assert found.p_value == pytest.approx(slope.p_value, rel=ROUNDING)
    by_f = meta_regression(y, v, group, lambda *_: held)
    assert by_f.p_value == pytest.approx(by_f.coefficients[1].p_value, rel=ROUNDING)
    assert by_f.coefficients[1].df == 3


def test_the_mantel_haenszel_ratio_is_that_of_statsmodels() -> None:
    _, _, data = bcg()
    tables = [[[r.tpos, r.tneg], [r.cpos, r.cneg]] for r in data.itertuples()]
    counts = (data["tpos"], data["tpos"] + data["tneg"], data["cpos"], data["cpos"] + data["cneg"])
    theirs = StratifiedTable([np.array(table) for table in tables]).riskratio_pooled
    assert math.exp(mantel_haenszel_ratio(*counts).estimate) == pytest.approx(theirs, rel=ROUNDING)


# other software's numbers; the rest of metafor's are compared in test_selfcheck.py


def test_the_published_bcg_numbers() -> None:
    y, v, data = bcg()
    found = pool(y, v, interval=MeanInterval.NORMAL)
    assert (found.estimate, found.std_error, found.tau2) == pytest.approx((-0.7145, 0.1798, 0.3132), abs=PUBLISHED)
    explained = meta_regression(y, v, data["ablat"], interval=MeanInterval.NORMAL)
    assert explained.coefficients[1].estimate == pytest.approx(-0.0291, abs=PUBLISHED)


# known truth


def test_the_default_interval_of_five_studies_holds_and_the_normal_one_does_not() -> None:
    # 2,000 sets of 5 studies, tau2 .1, variances .02 to .3. A true 95 % falls below 93 % once in 50,000 (4.1 SE).
    rng = np.random.default_rng(20)
    covered = dict.fromkeys((MeanInterval.NORMAL, MeanInterval.HARTUNG_KNAPP), 0)
    for _ in range(2000):
        v = rng.uniform(0.02, 0.3, size=5)
        y = 0.4 + rng.normal(size=5) * np.sqrt(0.1 + v)
        for interval in covered:
            mean = pool(y, v, tau2_dersimonian_laird, interval=interval)
            covered[interval] += mean.lower <= 0.4 <= mean.upper
    assert covered[MeanInterval.HARTUNG_KNAPP] >= 1860
    assert covered[MeanInterval.NORMAL] < 1860


# what must never happen


@each_estimator
@FEW
@given(drawn=studies())
def test_tau2_is_never_negative_and_has_a_standard_error(
    between: BetweenEstimator, drawn: tuple[np.ndarray, np.ndarray]
) -> None:
    found = between(*drawn, None)
    assert found.tau2 >= 0
    assert found.std_error >= 0
    assert found.reason == ""


@each_estimator
@FEW
@given(drawn=studies())
def test_the_default_interval_is_never_narrower_than_the_normal_or_the_fixed_one(
    between: BetweenEstimator, drawn: tuple[np.ndarray, np.ndarray]
) -> None:
    def width(found: Pooled) -> float:
        return found.upper - found.lower

    default = pool(*drawn, between)
    assert width(default) >= width(pool(*drawn, between, interval=MeanInterval.NORMAL))
    assert width(default) >= width(fixed_effect(*drawn)) * (1 - ROUNDING)
    assert default.prediction_lower <= default.lower
    assert default.upper <= default.prediction_upper
    assert 0 <= default.i2 < 1


def test_without_the_guard_agreeing_studies_give_less_than_the_fixed_effects_width() -> None:
    y, v = [0.40, 0.41, 0.42], ALIKE
    unguarded = pool(y, v, interval=MeanInterval.HARTUNG_KNAPP_UNGUARDED)
    fixed = fixed_effect(y, v)
    assert unguarded.upper - unguarded.lower < fixed.upper - fixed.lower
    assert pool(y, v).std_error == pytest.approx(fixed.std_error)


@each_estimator
@FEW
@given(drawn=studies(), shuffle=st.randoms(use_true_random=False))
def test_the_order_of_studies_moves_no_number(
    between: BetweenEstimator, drawn: tuple[np.ndarray, np.ndarray], shuffle: Any
) -> None:
    y, v = drawn
    order = list(range(len(y)))
    shuffle.shuffle(order)
    here, there = pool(y, v, between), pool(y[order], v[order], between)
    assert (here.estimate, here.std_error, here.tau2) == pytest.approx(
        (there.estimate, there.std_error, there.tau2), rel=1e-6, abs=1e-8
    )


@each_estimator
@FEW
@given(drawn=studies(), shift=st.integers(-5, 5), factor=st.sampled_from([-2.0, -1.0, 0.25]))
def test_shifting_scaling_and_swapping_sides_do_what_they_should(
    between: BetweenEstimator, drawn: tuple[np.ndarray, np.ndarray], shift: int, factor: float
) -> None:
    y, v = drawn
    here, there = pool(y, v, between), pool(factor * (y + shift), factor**2 * v, between)
    assert there.estimate == pytest.approx(factor * (here.estimate + shift), rel=1e-6, abs=1e-7)
    assert there.tau2 == pytest.approx(factor**2 * here.tau2, rel=1e-5, abs=1e-7)
    assert there.upper - there.lower == pytest.approx(abs(factor) * (here.upper - here.lower), rel=1e-5)
    assert there.q == pytest.approx(here.q, rel=1e-6, abs=1e-7)


@FEW
@given(studies(least=3))
def test_leaving_each_out_is_pooling_the_others(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    y, v = drawn
    without = leave_one_out(y, v)
    assert len(without) == len(y)
    assert without[1] == pool(np.delete(y, 1), np.delete(v, 1))


# what cannot be estimated, and what is refused


@each_estimator
def test_a_single_study_says_nothing_of_others(between: BetweenEstimator) -> None:
    found = pool([0.3], [0.04], between)
    assert found.reason == "1 study leaves nothing to tell how much studies differ"
    assert found.estimate == 0.3
    for number in (found.std_error, found.lower, found.p_value, found.tau2, found.i2, found.prediction_upper):
        assert math.isnan(number)
    assert leave_one_out([0.3], [0.04], between) == ()


def test_a_fixed_effect_of_a_single_study_is_that_study() -> None:
    found = fixed_effect([0.3], [0.04])
    assert (found.estimate, found.std_error, found.q) == pytest.approx((0.3, 0.2, 0.0), abs=ROUNDING)
    assert math.isnan(found.q_p)


def test_an_interval_without_width_is_withheld() -> None:
    found = pool([0.4] * 3, ALIKE, interval=MeanInterval.HARTUNG_KNAPP_UNGUARDED)
    assert (found.std_error, "agree to the last digit" in found.reason) == (0.0, True)
    assert math.isnan(found.lower)
    assert pool([0.4] * 3, ALIKE).reason == ""


def test_tau2_of_too_few_or_of_agreeing_studies_has_the_limits_it_can_have() -> None:
    assert all(math.isnan(limit) for limit in tau2_interval([0.3], [0.04]))
    assert tau2_interval([0.4] * 3, ALIKE) == (0.0, 0.0)


def test_regressions_of_too_few_studies_say_so() -> None:
    assert "3 studies" in small_study_test([0.1, 0.2], [0.1, 0.2]).reason
    assert "standard errors differ" in small_study_test(EFFECTS, ALIKE).reason
    assert "nothing to tell" in meta_regression([0.1, 0.2], [0.1, 0.2], [0, 1]).reason
    assert "no events" in mantel_haenszel_ratio([0, 0], [9, 9], [1, 2], [9, 9]).reason


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: pool([0.1, 0.2], [0.1]), "one variance per effect"),
        (lambda: pool([], []), "at least one effect"),
        (lambda: pool([0.1, math.nan], [0.1, 0.1]), "effects must be finite"),
        (lambda: pool([0.1, 0.2], [0.1, 0.0]), "variances must be above 0 and finite, found 0.0"),
        (lambda: pool([0.1, 0.2], [0.1, math.nan]), "variances must be above 0 and finite, found nan"),
        (lambda: pool([0.1, 0.2], [0.1, 0.1], level=1.0), "level must lie between 0 and 1"),
        (lambda: fixed_effect([0.1, 0.2], [0.1, 0.1], level=math.nan), "level must lie between 0 and 1"),
        (lambda: tau2_interval([0.1, 0.2], [0.1, 0.1], level=0.0), "level must lie between 0 and 1"),
        (lambda: meta_regression(EFFECTS, ALIKE, [1, 1, 1]), "linearly independent"),
        (lambda: meta_regression(EFFECTS, ALIKE, [1, 2]), "one row per effect"),
        (lambda: effects_from_counts([1], [0], [1], [9], "risk_ratio"), "trials must be more than 0"),
        (lambda: effects_from_counts([10], [9], [1], [9], "risk_ratio"), "events must lie between 0"),
        (lambda: effects_from_counts([1, 2], [9], [1], [9], "log_odds"), "as long as each other"),
        (lambda: mantel_haenszel_ratio([math.nan], [9], [1], [9]), "events must lie between 0"),
    ],
)
def test_arguments_outside_their_range_are_refused(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()
