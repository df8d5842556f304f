"""Bootstrap draws and the intervals read off them: by hand, by two roads, and where they fail."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm

from mixablate.resample import (
    Draws,
    QuantileRule,
    Statistic,
    abc_interval,
    acceleration,
    basic_interval,
    bca_interval,
    bca_points,
    bootstrap_moments,
    distinct_resamples,
    draw_quantiles,
    drawn_bootstrap,
    enumerated_bootstrap,
    infinitesimal_influence,
    jackknife_influence,
    leave_one_out,
    median_bias,
    multinomial_resamples,
    percentile_interval,
    stage_rng,
    studentised_interval,
)

Floats = NDArray[np.float64]
EXACT = 1e-12  # sums of a few dozen terms in another order
STEP = 1e-8  # differences of 1e-4 of a linear function, divided by that step
UNITS = st.lists(st.integers(-50, 50), min_size=2, max_size=5)


def mean_of(values: list[float] | list[int]) -> Statistic:
    numbers = np.asarray(values, dtype=float)
    return lambda weights: np.asarray(weights @ numbers / weights.sum(axis=1))


def drawn(numbers: Floats | list[float], observed: float = 0.0) -> Draws:
    values = np.asarray(numbers, dtype=float)
    return Draws(observed, values, np.full(values.size, 1 / values.size), exact=False)


def log_odds_ratio(events: list[int]) -> Statistic:
    """Of two arms of three runs of 10 rollouts each."""
    k = np.asarray(events, dtype=float)

    def statistic(weights: Floats) -> Floats:
        rates = [weights[:, side] @ k[side] / 30 for side in (slice(0, 3), slice(3, 6))]
        return np.log(rates[1] / (1 - rates[1])) - np.log(rates[0] / (1 - rates[0]))

    return statistic


ARMS = ["a", "a", "a", "b", "b", "b"]


def test_three_units_have_ten_resamples_whose_chances_are_counted_by_hand() -> None:
    # Of 27 ordered resamples: 3 with one unit alone (1 each), 6 of two against one (3 each), 1 of all three (6).
    counts, chances = multinomial_resamples(3)
    by_count = {tuple(row): 27 * chance for row, chance in zip(counts.tolist(), chances.tolist(), strict=True)}
    assert len(by_count) == 10
    assert by_count[3, 0, 0] == pytest.approx(1, abs=EXACT)
    assert by_count[0, 2, 1] == pytest.approx(3, abs=EXACT)
    assert by_count[1, 1, 1] == pytest.approx(6, abs=EXACT)


def test_the_numbers_of_resamples_are_those_of_the_published_cases() -> None:
    assert len(multinomial_resamples(10)[0]) == distinct_resamples([""] * 10) == 92_378
    assert distinct_resamples(["a"] * 5 + ["b"] * 5) == 15_876


def test_the_percentile_interval_of_three_units_by_hand() -> None:
    # Units 0, 3, 6: means 0 (1/27), 1 (3), 2 (3 + 3 of 0,0,6 and 0,3,3), 3 (1 + 6), 4 (6), 5 (3), 6 (1).
    draws = enumerated_bootstrap(mean_of([0, 3, 6]), ["", "", ""])
    # 90 %: .05 is first passed at mean 1 (4/27 = .148); .95 at mean 5 (26/27 = .963).
    found = percentile_interval(draws, 0.9)
    assert (found.lower, found.upper) == pytest.approx((1.0, 5.0), abs=EXACT)
    assert found.draws == 10
    assert found.undefined == 0.0
    mirrored = basic_interval(draws, 0.9)
    assert (mirrored.lower, mirrored.upper) == pytest.approx((6 - 5.0, 6 - 1.0), abs=EXACT)


def test_the_enumerated_moments_of_a_mean_are_the_formulas() -> None:
    values = [1.0, 4.0, 4.0, 9.0, 12.5]
    found = bootstrap_moments(enumerated_bootstrap(mean_of(values), [""] * 5))
    assert found.mean == pytest.approx(np.mean(values), abs=EXACT)
    assert found.bias == pytest.approx(0.0, abs=EXACT)
    assert found.std_error == pytest.approx(np.std(values) / math.sqrt(5), abs=EXACT)


def test_arms_are_resampled_on_their_own() -> None:
    # The variance of a difference is the sum of the arms' plug-in variances over their sizes.
    values = np.array([1.0, 2.0, 9.0, 4.0, 4.5, 5.0, 7.0])
    arms = ["x", "y", "x", "y", "y", "x", "y"]
    first = np.array([arm == "x" for arm in arms])

    def difference(weights: Floats) -> Floats:
        return weights[:, first] @ values[first] / 3 - weights[:, ~first] @ values[~first] / 4

    draws = enumerated_bootstrap(difference, arms)
    assert draws.statistics.size == 10 * 35
    assert draws.weights.sum() == pytest.approx(1.0, abs=EXACT)
    variance = np.var(values[first]) / 3 + np.var(values[~first]) / 4
    assert bootstrap_moments(draws).std_error == pytest.approx(math.sqrt(variance), abs=EXACT)


def test_drawn_resamples_are_near_the_enumeration() -> None:
    # 20,000 draws: a probability within 4 standard errors (.014 at most), missed once in 16,000.
    statistic = mean_of([1, 4, 4, 9, 12])
    whole = enumerated_bootstrap(statistic, [""] * 5)
    some = drawn_bootstrap(statistic, [""] * 5, draws=20_000, rng=stage_rng(1, "test"))
    for value in (3.0, 5.0, 7.0, 9.0):
        chance = whole.weights[whole.statistics <= value + EXACT].sum()
        assert np.mean(some.statistics <= value + EXACT) == pytest.approx(chance, abs=4 * math.sqrt(0.25 / 20_000))
    assert some.observed == whole.observed == 6.0


def test_the_first_draws_are_the_draws_of_a_shorter_run() -> None:
    short, long = (drawn_bootstrap(mean_of([1, 4, 9]), ARMS[:3], draws=n, rng=stage_rng(1, "x")) for n in (50, 20_000))
    assert (short.statistics == long.statistics[:50]).all()


def test_quantiles_by_hand() -> None:
    # Draws 1 to 9. Type 6: .25 x 10 = place 2.5; type 7: .25 x 8 + 1 = place 3; type 1: the third of nine passes .25.
    draws = drawn(np.arange(9.0, 0.0, -1.0))
    assert draw_quantiles(draws, [0.25], QuantileRule.TYPE_6).tolist() == [2.5]
    assert draw_quantiles(draws, [0.25], QuantileRule.TYPE_7).tolist() == [3.0]
    assert draw_quantiles(draws, [0.25], QuantileRule.TYPE_1).tolist() == [3.0]
    assert draw_quantiles(draws, [0.25]).tolist() == [2.5]
    assert draw_quantiles(draws, [0.0, 1.0]).tolist() == [1.0, 9.0]


@given(
    st.lists(st.floats(-9, 9), min_size=1, max_size=30),
    st.floats(0.001, 0.999),
    st.sampled_from([(QuantileRule.TYPE_6, "weibull"), (QuantileRule.TYPE_7, "linear")]),
)
def test_quantiles_are_those_of_numpy(
    numbers: list[float], probability: float, rules: tuple[QuantileRule, str]
) -> None:
    ours, theirs = rules
    expected = np.quantile(numbers, probability, method=theirs)
    assert draw_quantiles(drawn(numbers), [probability], ours)[0] == pytest.approx(expected, abs=1e-9)


def test_influence_of_a_mean_is_the_distance_from_it() -> None:
    values = [1.0, 4.0, 4.0, 9.0, 12.5]
    away = np.array(values) - np.mean(values)
    # The jackknife's is n/(n - 1) times... for a mean exactly: leaving i out moves it by (mean - x_i)/(n - 1).
    assert jackknife_influence(mean_of(values), 5) == pytest.approx(away, abs=EXACT)
    assert infinitesimal_influence(mean_of(values), 5) == pytest.approx(away, abs=STEP)
    assert leave_one_out(mean_of(values), 5)[0] == pytest.approx(29.5 / 4, abs=EXACT)


def test_acceleration_by_hand() -> None:
    # Values -1, -1, 2: cubes sum to 6, squares to 6; 6 / (6 x 6^1.5) = 6^-1.5.
    assert acceleration(np.array([-1.0, -1.0, 2.0])) == pytest.approx(6**-1.5, abs=EXACT)
    assert acceleration(np.zeros(3)) == 0.0


def test_without_bias_and_acceleration_bca_is_the_percentile_interval() -> None:
    draws = enumerated_bootstrap(mean_of([-2, -1, 0, 1, 2]), [""] * 5)
    assert median_bias(draws, half_ties=True) == pytest.approx(0.0, abs=EXACT)
    plain, corrected = percentile_interval(draws, 0.9), bca_interval(draws, 0.0, 0.9, half_ties=True)
    assert (corrected.lower, corrected.upper) == (plain.lower, plain.upper)


def test_bca_points_by_hand() -> None:
    # 30 of 100 draws below the observed: z0 = -.524401. At a = .1 and 90 %: reach -.524401 -+ 1.644854;
    # lower -.524401 - 2.169255/(1 + .2169255) = -2.306971, upper -.524401 + 1.120453/(1 - .1120453) = .737435.
    draws = drawn(np.arange(100.0), observed=30.0)
    found = bca_points(draws, 0.1, 0.9)
    assert found.bias == pytest.approx(-0.524401, abs=1e-6)
    assert found.points == pytest.approx((norm.cdf(-2.306971), norm.cdf(0.737435)), abs=1e-6)
    assert median_bias(draws, half_ties=True) == pytest.approx(norm.ppf(0.305), abs=EXACT)


def test_a_studentised_interval_by_hand() -> None:
    # Pivots -2 to 2 in steps of 1, type 7 at 50 %: quartiles -1 and 1; 10 -+ 3 x 1.
    found = studentised_interval(10.0, 3.0, drawn([-2, -1, 0, 1, 2]), 0.5, QuantileRule.TYPE_7)
    assert (found.lower, found.upper) == (7.0, 13.0)


def test_the_abc_interval_of_a_symmetric_mean_is_the_normal_one() -> None:
    # A mean has no curvature and here no skew: lambda is z itself, the interval mean -+ z s/sqrt(n).
    values = [-3.0, -1.0, 0.0, 1.0, 3.0]
    reach = norm.ppf(0.975) * np.std(values) / math.sqrt(5)
    found = abc_interval(mean_of(values), 5)
    assert (found.lower, found.upper) == pytest.approx((-reach, reach), abs=1e-6)
    assert found.draws == 0


def test_resamples_without_a_statistic_are_counted_and_above_five_percent_refused() -> None:
    # Runs with 0, 0 and 5 events: all three drawn from the two empty ones with chance (2/3)^3 = 29.6 %.
    draws = enumerated_bootstrap(log_odds_ratio([0, 0, 5, 3, 4, 5]), ARMS)
    assert draws.undefined == pytest.approx(8 / 27, abs=EXACT)
    for found in (percentile_interval(draws), basic_interval(draws), bca_interval(draws, 0.0)):
        assert math.isnan(found.lower)
        assert "29.6% of the resamples leave the statistic undefined" in found.reason
        assert found.undefined == pytest.approx(8 / 27, abs=EXACT)


def test_resamples_without_a_statistic_above_one_percent_are_said() -> None:
    # One empty run of three: (1/3)^3 = 3.7 %.
    found = percentile_interval(enumerated_bootstrap(log_odds_ratio([0, 4, 5, 3, 4, 5]), ARMS))
    assert math.isfinite(found.lower)
    assert "3.7% of the resamples leave the statistic undefined and were left out" in found.note


def test_too_few_draws_for_the_tails_are_said() -> None:
    assert "19 draws are too few" in percentile_interval(drawn(np.arange(19.0)), 0.95).note
    assert percentile_interval(drawn(np.arange(39.0)), 0.95).note == ""


def test_draws_on_one_side_of_the_statistic_have_no_bca_interval() -> None:
    found = bca_interval(drawn(np.arange(1.0, 100.0), observed=0.0), 0.0)
    assert math.isnan(found.upper)
    assert "leave no probability to read" in found.reason


def test_a_statistic_undefined_for_the_data_has_no_basic_or_bca_interval() -> None:
    draws = drawn(np.arange(100.0), observed=math.inf)
    assert basic_interval(draws).reason == "the statistic is undefined for the data as they are"
    assert bca_interval(draws, 0.0).reason


def test_an_estimate_without_spread_has_no_studentised_interval() -> None:
    assert "not above 0" in studentised_interval(1.0, 0.0, drawn([1.0, 2.0])).reason


def test_a_statistic_that_is_constant_has_no_abc_interval() -> None:
    assert "does not vary" in abc_interval(lambda weights: np.ones(len(weights)), 4).reason


def test_draws_that_are_all_undefined_have_no_moments_and_no_quantiles() -> None:
    draws = drawn([math.nan, math.inf])
    assert math.isnan(bootstrap_moments(draws).mean)
    assert np.isnan(draw_quantiles(draws, [0.5])).all()


def test_the_percentile_interval_leaves_the_truth_out_far_too_often_at_three_runs_a_side() -> None:
    # The evidence says 19 % (binomial outcomes); here normal runs, 500 studies: within .12 and .30 but once in 10^4.
    rng = stage_rng(5, "percentile at three runs")
    missed = 0
    for values in rng.normal(size=(500, 6)):

        def difference(weights: Floats, values: Floats = values) -> Floats:
            return (weights[:, :3] @ values[:3] - weights[:, 3:] @ values[3:]) / 3

        found = percentile_interval(enumerated_bootstrap(difference, ARMS))
        missed += not found.lower <= 0.0 <= found.upper
    assert 0.12 < missed / 500 < 0.30


@given(UNITS, st.randoms(use_true_random=False), st.integers(-5, 5))
def test_order_does_not_matter_and_a_shift_shifts(values: list[int], shuffle: Any, shift: int) -> None:
    moved = [value + shift for value in values]
    shuffle.shuffle(moved)
    units = [""] * len(values)
    before, after = (enumerated_bootstrap(mean_of(v), units) for v in (values, moved))
    for interval in (percentile_interval, basic_interval):
        one, other = interval(before), interval(after)
        assert (other.lower - shift, other.upper - shift) == pytest.approx((one.lower, one.upper), abs=1e-9)


@given(UNITS, UNITS)
def test_swapping_the_arms_turns_the_distribution_of_their_difference_around(one: list[int], other: list[int]) -> None:
    def draws_of(first: list[int], second: list[int]) -> Draws:
        split, values = len(first), np.array([*first, *second], dtype=float)

        def difference(weights: Floats) -> Floats:
            return weights[:, :split] @ values[:split] / split - weights[:, split:] @ values[split:] / len(second)

        return enumerated_bootstrap(difference, ["a"] * split + ["b"] * len(second))

    forward, backward = bootstrap_moments(draws_of(one, other)), bootstrap_moments(draws_of(other, one))
    assert forward.mean == pytest.approx(-backward.mean, abs=1e-9)
    assert forward.std_error == pytest.approx(backward.std_error, abs=1e-9)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: percentile_interval(drawn([1.0]), 1.0), "level must lie between 0 and 1"),
        (lambda: basic_interval(drawn([1.0]), math.nan), "level must lie between 0 and 1"),
        (lambda: studentised_interval(1.0, 1.0, drawn([1.0]), 0.0), "level must lie between 0 and 1"),
        (lambda: bca_interval(drawn([1.0]), 0.0, 2.0), "level must lie between 0 and 1"),
        (lambda: abc_interval(mean_of([1, 2]), 2, -1.0), "level must lie between 0 and 1"),
        (lambda: abc_interval(mean_of([1]), 1), "at least two units"),
        (lambda: draw_quantiles(drawn([1.0]), [1.5]), "probabilities must lie between 0 and 1"),
        (
            lambda: percentile_interval(enumerated_bootstrap(mean_of([1, 2]), ["", ""]), rule=QuantileRule.TYPE_6),
            "type 1 quantiles only",
        ),
        (lambda: multinomial_resamples(0), "at least one unit"),
        (lambda: multinomial_resamples(13), "at most 5,000,000 distinct resamples, found 5,200,300"),
        (lambda: enumerated_bootstrap(mean_of([1]), []), "at least one unit"),
        (lambda: enumerated_bootstrap(mean_of([1] * 16), ["a"] * 8 + ["b"] * 8), "draw them instead"),
        (lambda: enumerated_bootstrap(lambda weights: weights, ["", ""]), "one number a row"),
        (lambda: drawn_bootstrap(mean_of([1]), [""], draws=0, rng=stage_rng(1, "")), "draws must be at least 1"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(call: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()
