"""Intervals of single rates: other software's numbers, numbers by hand, coverage, and what must hold for any counts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, chi2

from drawn_counts import HAND, LEVELS, SAME, counts, gold
from mixablate.estimate.counts.one_proportion import (
    agresti_coull,
    clopper_pearson,
    jeffreys,
    likelihood_ratio_interval,
    mid_p_interval,
    rule_of_three,
    upper_bound,
    wald_interval,
    wilson,
    wilson_continuity,
)

Interval = Callable[[float, float, float], tuple[float, float]]

INTERVALS: dict[str, Interval] = {
    "wald": wald_interval,
    "wilson": wilson,
    "wilson_cc": wilson_continuity,
    "clopper_pearson": clopper_pearson,
    "mid_p": mid_p_interval,
    "likelihood_ratio": likelihood_ratio_interval,
    "jeffreys": jeffreys,
    "agresti_coull": agresti_coull,
}
WITHIN = [clopper_pearson, wilson, wilson_continuity, mid_p_interval, likelihood_ratio_interval, jeffreys]
ROUNDED = 5e-4  # coverages stated in docstrings to three decimals


@pytest.mark.parametrize("row", gold("binom_interval_newcombe1998")["cases"], ids=lambda row: f"{row['x']}/{row['n']}")
def test_single_rate_intervals_are_those_of_r(row: dict[str, Any]) -> None:
    tolerance = gold("binom_interval_newcombe1998")["tolerance"]["abs"]
    x, n, level = row["x"], row["n"], row["conf"]
    for name, interval in INTERVALS.items():
        assert interval(x, n, level) == pytest.approx(tuple(row[name]), abs=tolerance), name
    assert upper_bound(x, n, level) == pytest.approx(row["upper_one_sided_cp"], abs=tolerance)
    if x == 0:
        assert rule_of_three(n) == pytest.approx(row["rule_of_three"], abs=tolerance)


@pytest.mark.parametrize(
    ("interval", "printed"),
    [
        (wilson, (0.2553, 0.3662)),
        (wilson_continuity, (0.2535, 0.3682)),
        (clopper_pearson, (0.2527, 0.3676)),
        (mid_p_interval, (0.2544, 0.3658)),
        (likelihood_ratio_interval, (0.2542, 0.3655)),
    ],
)
def test_intervals_of_81_in_263_are_those_printed_by_newcombe_1998(
    interval: Interval, printed: tuple[float, float]
) -> None:
    assert interval(81, 263, 0.95) == pytest.approx(printed, abs=HAND)


def test_no_events_of_100_bound_the_rate_at_2_95_percent_one_sided_and_3_6_two_sided() -> None:
    # 1 - .05^(1/100) = .02951 and 1 - .025^(1/100) = .03622; 3/100 is the rule of three
    assert upper_bound(0, 100) == pytest.approx(0.02951, abs=HAND)
    assert clopper_pearson(0, 100) == pytest.approx((0.0, 0.03622), abs=HAND)
    assert rule_of_three(100) == 0.03


def test_the_other_limits_at_no_events_by_hand() -> None:
    # 0 of 20: mid-P 1 - .05^(1/20) = .13911; likelihood ratio 1 - exp(-3.84146/40) = .09157
    assert mid_p_interval(0, 20) == pytest.approx((0.0, 0.13911), abs=HAND)
    assert likelihood_ratio_interval(0, 20) == pytest.approx((0.0, 0.09157), abs=HAND)
    # Agresti-Coull: 1.92073 of 23.84146 is .08056, SE sqrt(.08056 x .91944 / 23.84146) = .05574, times 1.95996: .10925
    assert agresti_coull(0, 20) == pytest.approx((-0.02868, 0.18981), abs=HAND)
    # Wald, 5 of 20: .25 -+ 1.95996 sqrt(.25 x .75 / 20) = .25 -+ .18977
    assert wald_interval(5, 20) == pytest.approx((0.06023, 0.43977), abs=HAND)
    assert wald_interval(0, 20) == (0.0, 0.0)


@pytest.mark.parametrize("interval", WITHIN)
def test_limits_at_no_events_and_all_events_are_exact(interval: Interval) -> None:
    assert interval(0, 7, 0.95)[0] == 0.0
    assert interval(7, 7, 0.95)[1] == 1.0
    assert upper_bound(7, 7) == 1.0


@given(counts(), LEVELS)
def test_the_exact_bound_leaves_a_tail_of_exactly_one_minus_level(rows: tuple[int, int], level: float) -> None:
    events, trials = rows
    if events < trials:
        assert binom.cdf(events, trials, upper_bound(events, trials, level)) == pytest.approx(1 - level, abs=SAME)


@given(counts(), LEVELS)
def test_the_mid_p_limits_leave_half_the_rest_counting_half_of_what_was_seen(
    rows: tuple[int, int], level: float
) -> None:
    events, trials = rows
    lower, upper = mid_p_interval(events, trials, level)
    if events > 0:
        more = binom.sf(events, trials, lower) + binom.pmf(events, trials, lower) / 2
        assert more == pytest.approx((1 - level) / 2, abs=SAME)
    if events < trials:
        fewer = binom.cdf(events - 1, trials, upper) + binom.pmf(events, trials, upper) / 2
        assert fewer == pytest.approx((1 - level) / 2, abs=SAME)


@given(counts(), LEVELS)
def test_the_likelihood_at_its_limits_is_lower_by_half_the_chi_square_quantile(
    rows: tuple[int, int], level: float
) -> None:
    events, trials = rows
    best = binom.logpmf(events, trials, events / trials)
    for limit in likelihood_ratio_interval(events, trials, level):
        if 0 < limit < 1:
            assert 2 * (best - binom.logpmf(events, trials, limit)) == pytest.approx(chi2.ppf(level, 1), rel=1e-7)


@given(counts(), LEVELS)
def test_scipy_gives_the_same_exact_and_score_intervals(rows: tuple[int, int], level: float) -> None:
    result = binomtest(*rows)
    for interval, method in ((clopper_pearson, "exact"), (wilson, "wilson"), (wilson_continuity, "wilsoncc")):
        theirs = result.proportion_ci(level, method=method)
        assert interval(*rows, level) == pytest.approx((theirs.low, theirs.high), abs=1e-8)  # scipy's root finding


def lowest_coverage(interval: Interval, trials: int, least: float) -> float:
    """Over rates from `least` to 1 - `least`, at both sides of every limit, where the coverage jumps."""
    limits = np.array([interval(events, trials, 0.95) for events in range(trials + 1)])
    jumps = np.unique(limits)
    rates = np.concatenate([jumps - 1e-10, jumps + 1e-10])
    rates = np.concatenate([[least, 1 - least], rates[(rates >= least) & (rates <= 1 - least)]])
    held = (limits[:, :1] <= rates) & (rates <= limits[:, 1:])
    return float((held * binom.pmf(np.arange(trials + 1)[:, None], trials, rates)).sum(axis=0).min())


def test_the_exact_interval_covers_every_rate_as_often_as_it_says() -> None:
    assert lowest_coverage(clopper_pearson, 50, 1e-9) >= 0.95


@pytest.mark.parametrize(
    ("interval", "stated"),
    [
        (clopper_pearson, 0.950),
        (mid_p_interval, 0.919),
        (wilson, 0.895),
        (wilson_continuity, 0.951),
        (likelihood_ratio_interval, 0.840),
        (jeffreys, 0.878),
        (agresti_coull, 0.941),
        (wald_interval, 0.181),
    ],
)
def test_the_lowest_coverage_of_each_interval_is_the_one_stated(interval: Interval, stated: float) -> None:
    assert lowest_coverage(interval, 200, 0.001) == pytest.approx(stated, abs=ROUNDED)


@given(counts(), LEVELS)
def test_intervals_hold_the_rate(rows: tuple[int, int], level: float) -> None:
    for interval in WITHIN:
        lower, upper = interval(*rows, level)
        assert 0 <= lower <= rows[0] / rows[1] + SAME, interval
        assert rows[0] / rows[1] - SAME <= upper <= 1, interval


@given(counts(), LEVELS)
def test_intervals_mirror_when_events_and_non_events_swap(rows: tuple[int, int], level: float) -> None:
    events, trials = rows
    for interval in INTERVALS.values():
        lower, upper = interval(events, trials, level)
        swapped = interval(trials - events, trials, level)
        assert (1 - swapped[1], 1 - swapped[0]) == pytest.approx((lower, upper), abs=SAME), interval


@given(counts(), LEVELS)
def test_a_higher_level_gives_a_wider_interval_and_repeated_counts_a_narrower_one(
    rows: tuple[int, int], level: float
) -> None:
    events, trials = rows
    for interval in WITHIN:
        lower, upper = interval(events, trials, level)
        wider = interval(events, trials, (1 + level) / 2)
        assert wider[0] <= lower + SAME, interval
        assert upper <= wider[1] + SAME, interval
        tenfold = interval(10 * events, 10 * trials, level)
        assert tenfold[1] - tenfold[0] <= upper - lower + SAME, interval


@given(counts(), st.floats(0.01, 0.99))
def test_counts_between_whole_ones_give_limits_between_theirs(rows: tuple[int, int], part: float) -> None:
    events, trials = rows
    if events < trials:
        for interval in WITHIN:
            low, between, high = (interval(events + step, trials, 0.95) for step in (0, part, 1))
            assert low[0] - SAME <= between[0] <= high[0] + SAME, interval
            assert low[1] - SAME <= between[1] <= high[1] + SAME, interval


def test_small_and_large_counts_keep_their_digits() -> None:
    # One event of a million: the exact lower limit is 1 - .975^(1/n); for mid-P, with l = n p, 1 - exp(-l) (1 + l)
    # + l exp(-l) / 2 = .025, which .0500 solves: .00121 + .02378
    assert clopper_pearson(1, 1e6)[0] == pytest.approx(-math.expm1(math.log(0.975) / 1e6), rel=SAME)
    assert mid_p_interval(1, 1e6)[0] == pytest.approx(5.0e-8, rel=2e-3)
    assert likelihood_ratio_interval(0.001, 10)[0] >= 0


@pytest.mark.parametrize("interval", [*INTERVALS.values(), upper_bound])
@pytest.mark.parametrize(
    ("events", "trials", "level", "said"),
    [
        (1, 0, 0.95, "trials must be more than 0"),
        (1, math.nan, 0.95, "trials must be more than 0"),
        (1, math.inf, 0.95, "trials must be more than 0"),
        (-1, 5, 0.95, "events must lie between 0 and the 5 trials"),
        (6, 5, 0.95, "events must lie between 0 and the 5 trials"),
        (math.nan, 5, 0.95, "events must lie between"),
        (1, 5, 1.0, "level must lie between 0 and 1"),
        (1, 5, math.nan, "level must lie between 0 and 1"),
    ],
)
def test_arguments_outside_their_range_are_refused(
    interval: Callable[[float, float, float], object], events: float, trials: float, level: float, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        interval(events, trials, level)


def test_the_rule_of_three_needs_trials() -> None:
    with pytest.raises(ValueError, match="trials must be more than 0"):
        rule_of_three(0)
