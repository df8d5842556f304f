"""Exact tests of two rates: other software's numbers, numbers by hand, enumeration, and symmetries."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.stats import barnard_exact, binom, fisher_exact, hypergeom
from scipy.stats.contingency import odds_ratio

from drawn_counts import LEVELS, SAME, counts, gold
from mixablate.estimate.counts.rate_ratios import RatioInterval
from mixablate.estimate.counts.two_by_two import ConditionalTest, conditional_odds_ratio, fisher, fisher_mid_p
from mixablate.estimate.counts.unconditional import UnconditionalTest, barnard, boschloo, probability_at

Unconditional = Callable[[float, float, float, float], UnconditionalTest]

R_ROOT = 2.0**-13  # where R's uniroot stops: so far is fisher.test from an odds ratio, or from its inverse
SCIPY_ROOT = 1e-6  # scipy's odds_ratio, relative, by its own root finding
SCIPY_GRID = 1e-3  # scipy's barnard_exact looks at some points of the nuisance rate only
FINE = 1e-5  # between two points of the grid of 2,001 rates used here
UNCONDITIONAL = [boschloo, barnard]


@pytest.mark.parametrize("row", gold("exact_2x2")["cases"], ids=lambda r: f"{r['x1']}/{r['n1']}")
def test_exact_tests_are_those_of_r(row: dict[str, Any]) -> None:
    tolerance = gold("exact_2x2")["tolerance"]
    table = (row["x1"], row["n1"], row["x2"], row["n2"])
    test, mid = fisher(*table), fisher_mid_p(*table)
    ours = (test.two_sided, test.less, test.greater, mid.less, mid.greater, mid.doubled, mid.two_sided)
    names = ("fisher_two_sided", "fisher_less", "fisher_greater", "midp_less", "midp_greater")
    theirs = [row[name] for name in (*names, "midp_two_sided_doubled", "fisher_midp_two_sided_minlik")]
    assert ours == pytest.approx(tuple(theirs), abs=tolerance["fisher"])
    assert boschloo(*table).p_value == pytest.approx(row["boschloo_two_sided"]["p"], abs=tolerance["boschloo_barnard"])
    found = barnard(*table)
    assert found.statistic == pytest.approx(row["barnard_pooled_z"]["z"], abs=tolerance["boschloo_barnard"])
    assert found.p_value == pytest.approx(row["barnard_pooled_z"]["p"], abs=tolerance["boschloo_barnard"])


@pytest.mark.parametrize("row", gold("exact_2x2")["cases"], ids=lambda r: f"{r['x1']}/{r['n1']}")
def test_odds_ratios_are_those_of_r_as_far_as_r_solves_for_them(row: dict[str, Any]) -> None:
    found = conditional_odds_ratio(row["x1"], row["n1"], row["x2"], row["n2"])
    numbers = zip((found.estimate, found.lower, found.upper), (row["cond_mle_or"], *row["cond_or_ci"]), strict=True)
    for ours, theirs in numbers:
        if theirs <= 1:
            assert ours == pytest.approx(theirs, abs=R_ROOT)
        else:
            assert 1 / ours == pytest.approx(1 / theirs, abs=R_ROOT)


def test_the_lady_tasting_tea_by_hand() -> None:
    # Of 70 choices 1, 16, 36, 16, 1 have 0 to 4 cups right. With 3: 17/70 and 69/70 one-sided, 34/70 two-sided;
    # mid-p 17/70 - 8/70 = 9/70; two-sided over the no likelier ones 34/70 - (16 + 16)/140 = 18/70
    test, mid = fisher(3, 4, 1, 4), fisher_mid_p(3, 4, 1, 4)
    assert (test.greater, test.less, test.two_sided) == pytest.approx((17 / 70, 69 / 70, 34 / 70), abs=SAME)
    assert test.doubled == pytest.approx(34 / 70, abs=SAME)
    assert (mid.greater, mid.doubled, mid.two_sided) == pytest.approx((9 / 70, 18 / 70, 18 / 70), abs=SAME)


def test_the_unconditional_tests_of_the_tea_by_hand() -> None:
    # As extreme as 3 v 1 by either order: 0-2, 0-3, 0-4, 1-3, 1-4, 2-4 and their mirrors. At a rate of a half the
    # chances are 2 (6 + 4 + 1 + 16 + 4 + 6) / 256 = 74/256, which is the maximum.
    for test in UNCONDITIONAL:
        found = test(3, 4, 1, 4)
        assert (found.p_value, found.nuisance) == pytest.approx((74 / 256, 0.5), abs=1e-6)
        assert probability_at(found, 0.0) == 0.0
    assert barnard(3, 4, 1, 4).statistic == pytest.approx(math.sqrt(2), abs=SAME)


def test_odds_ratios_by_hand() -> None:
    # One event of 1 against 1 of 2 (3 trials, 2 events): weights 1 (0 and 2) and 2 (1 and 1), psi times the second;
    # the table has the most it can: an infinite estimate; P(1) = 2 psi / (1 + 2 psi) = .025 at psi = .0128205
    found = conditional_odds_ratio(1, 1, 1, 2)
    assert (found.estimate, found.upper) == (math.inf, math.inf)
    assert found.lower == pytest.approx(0.025 / 0.975 / 2, rel=SAME)
    # 1 of 2 against 1 of 2: weights 1, 4, 1 of 0, 1, 2 on side 1, and psi, psi^2: by symmetry 1
    assert conditional_odds_ratio(1, 2, 1, 2).estimate == pytest.approx(1.0, rel=SAME)


@pytest.mark.parametrize(("x1", "x0"), [(0, 0), (5, 7)])
def test_where_all_trials_agree_nothing_is_learnt(x1: int, x0: int) -> None:
    table = (x1, 5, x0, 7)
    assert fisher(*table) == ConditionalTest(1.0, 1.0, 1.0, 1.0)
    assert fisher_mid_p(*table) == ConditionalTest(0.5, 0.5, 1.0, 0.5)
    found = conditional_odds_ratio(*table)
    assert math.isnan(found.estimate)
    assert (found.lower, found.upper) == (0.0, math.inf)
    assert found.reason == "no trial or every trial is an event, so that every odds ratio fits"
    assert boschloo(*table).p_value == 1.0
    assert barnard(*table) == UnconditionalTest(0.0, 1.0, 0.0, np.ones(13))


@given(counts(most=60), counts(most=60))
def test_scipy_gives_the_same_fisher_p(one: tuple[int, int], other: tuple[int, int]) -> None:
    (x1, n1), (x0, n0) = one, other
    square = [[x1, n1 - x1], [x0, n0 - x0]]
    test = fisher(x1, n1, x0, n0)
    for ours, alternative in ((test.two_sided, "two-sided"), (test.less, "less"), (test.greater, "greater")):
        assert ours == pytest.approx(fisher_exact(square, alternative).pvalue, abs=SAME)


@pytest.mark.parametrize(
    "table", [(3, 4, 1, 4), (7, 12, 8, 10), (1, 50, 9, 40), (120, 300, 60, 250), (2, 300, 20, 300)]
)
def test_scipy_gives_the_same_conditional_odds_ratio(table: tuple[int, int, int, int]) -> None:
    x1, n1, x0, n0 = table
    theirs = odds_ratio([[x1, n1 - x1], [x0, n0 - x0]])
    limits = theirs.confidence_interval(0.9)
    found = conditional_odds_ratio(*table, 0.9)
    expected = (theirs.statistic, limits.low, limits.high)
    assert (found.estimate, found.lower, found.upper) == pytest.approx(expected, rel=SCIPY_ROOT)


@pytest.mark.parametrize("table", [(3, 7, 5, 6), (0, 8, 3, 5), (4, 12, 9, 11), (2, 10, 2, 10), (5, 5, 1, 9)])
def test_boschloo_is_the_largest_chance_of_a_fisher_p_as_small_as_this_one(table: tuple[int, int, int, int]) -> None:
    x1, n1, x0, n0 = table
    p = np.array([[fisher_exact([[i, n1 - i], [j, n0 - j]]).pvalue for j in range(n0 + 1)] for i in range(n1 + 1)])
    extreme = p <= p[x1, x0] * (1 + SAME)
    check_largest(boschloo(*table), extreme)
    assert boschloo(*table).p_value <= p[x1, x0] + SAME


@pytest.mark.parametrize("table", [(3, 7, 5, 6), (0, 8, 3, 5), (4, 12, 9, 11), (5, 5, 1, 9)])
def test_barnard_is_the_largest_chance_of_a_z_as_large_as_this_one(table: tuple[int, int, int, int]) -> None:
    x1, n1, x0, n0 = table
    i, j = np.arange(n1 + 1)[:, None], np.arange(n0 + 1)
    pooled = (i + j) / (n1 + n0)
    variance = pooled * (1 - pooled) * (1 / n1 + 1 / n0)
    z = np.where(variance > 0, (i / n1 - j / n0) / np.sqrt(np.where(variance > 0, variance, 1)), 0)
    check_largest(barnard(*table), np.abs(z) >= abs(z[x1, x0]) - SAME)
    if table != (3, 7, 5, 6):  # there scipy loses a tie to rounding: .1503 for .1560
        square = [[x1, x0], [n1 - x1, n0 - x0]]
        assert barnard(*table).p_value == pytest.approx(barnard_exact(square, n=256).pvalue, abs=SCIPY_GRID)


def check_largest(found: UnconditionalTest, extreme: np.ndarray[Any, np.dtype[np.bool_]]) -> None:
    """Against the sum over both sides' counts, on a grid of 2,001 rates."""
    n1, n0 = extreme.shape[0] - 1, extreme.shape[1] - 1
    rates = np.linspace(0, 1, 2001)
    chances_1 = binom.pmf(np.arange(n1 + 1), n1, rates[:, None])
    chances_0 = binom.pmf(np.arange(n0 + 1), n0, rates[:, None])
    on_grid = ((chances_1 @ extreme) * chances_0).sum(axis=1)
    assert on_grid.max() - SAME <= found.p_value <= on_grid.max() + FINE
    assert probability_at(found, found.nuisance) == pytest.approx(found.p_value, abs=SAME)
    assert [probability_at(found, rate) for rate in rates[::100]] == pytest.approx(on_grid[::100].tolist(), abs=SAME)


@pytest.mark.parametrize("test", UNCONDITIONAL)
def test_no_rate_makes_an_unconditional_test_reject_more_often_than_it_says(test: Unconditional) -> None:
    n1, n0 = 14, 10
    p = np.array([[test(i, n1, j, n0).p_value for j in range(n0 + 1)] for i in range(n1 + 1)])
    rates = np.linspace(0, 1, 501)[:, None]
    chances_1, chances_0 = binom.pmf(np.arange(n1 + 1), n1, rates), binom.pmf(np.arange(n0 + 1), n0, rates)
    for alpha in (0.01, 0.05, 0.2):
        assert ((chances_1 @ (p <= alpha)) * chances_0).sum(axis=1).max() <= alpha + SAME


def test_fishers_two_sided_p_at_large_counts_is_the_exact_fraction() -> None:
    # 300 trials a side, whole numbers throughout
    x1, n1, x0, n0 = 12, 300, 34, 300
    ways = [math.comb(n1, i) * math.comb(n0, x1 + x0 - i) for i in range(x1 + x0 + 1)]
    exact = Fraction(sum(w for w in ways if w <= ways[x1]), sum(ways))
    assert fisher(x1, n1, x0, n0).two_sided == pytest.approx(float(exact), rel=1e-10)
    assert fisher(x1, n1, x0, n0).less == pytest.approx(hypergeom.cdf(x1, n1 + n0, x1 + x0, n1), rel=1e-10)


@given(counts(most=200), counts(most=200))
def test_swapping_the_sides_or_counting_non_events_swaps_the_tails(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    others = (one[1] - one[0], one[1], other[1] - other[0], other[1])
    for conditional in (fisher, fisher_mid_p):
        test = conditional(*one, *other)
        for turned in (conditional(*other, *one), conditional(*others)):
            assert (turned.less, turned.greater) == pytest.approx((test.greater, test.less), abs=SAME)
            assert (turned.doubled, turned.two_sided) == pytest.approx((test.doubled, test.two_sided), abs=SAME)


@given(counts(most=200), counts(most=200), LEVELS)
def test_swapping_the_sides_or_counting_non_events_inverts_the_odds_ratio(
    one: tuple[int, int], other: tuple[int, int], level: float
) -> None:
    found = conditional_odds_ratio(*one, *other, level)
    others = (one[1] - one[0], one[1], other[1] - other[0], other[1])
    for turned in (conditional_odds_ratio(*other, *one, level), conditional_odds_ratio(*others, level)):
        expected = [inverse(number) for number in (found.estimate, found.upper, found.lower)]
        assert numbers_of(turned) == pytest.approx(expected, rel=SAME, nan_ok=True)
    if not found.reason:
        assert found.lower <= found.estimate <= found.upper


def inverse(number: float) -> float:
    return math.inf if number == 0 else 1 / number


def numbers_of(found: RatioInterval) -> list[float]:
    return [found.estimate, found.lower, found.upper]


@settings(max_examples=30)
@given(counts(most=25), counts(most=25))
def test_swapping_the_sides_or_counting_non_events_leaves_the_unconditional_p(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    others = (one[1] - one[0], one[1], other[1] - other[0], other[1])
    for test in UNCONDITIONAL:
        p_value = test(*one, *other).p_value
        assert test(*other, *one).p_value == pytest.approx(p_value, abs=SAME)
        assert test(*others).p_value == pytest.approx(p_value, abs=SAME)
        assert 0 < p_value <= 1


@given(counts(most=200), counts(most=200))
def test_mid_p_is_never_above_fishers_p_and_the_odds_ratio_limits_agree_with_its_tails(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    test, mid = fisher(*one, *other), fisher_mid_p(*one, *other)
    assert mid.less <= test.less
    assert mid.two_sided <= test.two_sided
    assert mid.less + mid.greater == pytest.approx(1, abs=SAME)
    found = conditional_odds_ratio(*one, *other)
    if abs(test.less - 0.025) > SAME and not found.reason:
        assert (found.upper < 1) == (test.less < 0.025)


@pytest.mark.parametrize("test", [fisher, fisher_mid_p, conditional_odds_ratio, boschloo, barnard])
@pytest.mark.parametrize(
    ("table", "said"),
    [
        ((1, 0, 1, 5), "trials must be more than 0"),
        ((1, 5, 6, 5), "events must lie between 0 and the 5 trials"),
        ((1.5, 5, 1, 5), "an exact test needs whole counts, found 1.5 of 5"),
        ((1, 5, 1, 5.5), "an exact test needs whole counts, found 1 of 5.5"),
    ],
)
def test_counts_outside_their_range_or_not_whole_are_refused(
    test: Callable[..., object], table: tuple[float, float, float, float], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        test(*table)


def test_levels_and_rates_outside_their_range_are_refused() -> None:
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        conditional_odds_ratio(1, 5, 2, 5, 1.0)
    with pytest.raises(ValueError, match="rate must lie between 0 and 1"):
        probability_at(boschloo(1, 5, 2, 5), math.nan)
