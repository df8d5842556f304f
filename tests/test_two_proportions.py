"""Differences of two rates: other software's numbers, the score test by another road, coverage, and symmetries."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import ndtri, xlog1py, xlogy
from scipy.stats import binom

from drawn_counts import HAND, LEVELS, SAME, counts, gold, tables
from mixablate.estimate.counts.restricted_rates import rates_at_difference, score_z
from mixablate.estimate.counts.two_proportions import (
    agresti_caffo_difference,
    mee_difference,
    miettinen_nurminen_difference,
    newcombe_difference,
    wald_difference,
)

Interval = Callable[..., tuple[float, float]]

INTERVALS: dict[str, Interval] = {
    "wald": wald_difference,
    "newcombe_score": newcombe_difference,
    "miettinen_nurminen": miettinen_nurminen_difference,
    "mee": mee_difference,
    "agresti_caffo": agresti_caffo_difference,
}
WITHIN = [newcombe_difference, miettinen_nurminen_difference, mee_difference]
SMALL = tables(6)
SEARCHED = 1e-5  # the rates of greatest likelihood, by a search to about the root of double precision
ROUNDED = 5e-4  # coverages stated in docstrings to three decimals


@pytest.mark.parametrize("row", gold("diff_interval_newcombe1998")["cases"], ids=lambda r: f"{r['x1']}/{r['n1']}")
def test_differences_are_those_of_newcombe_1998(row: dict[str, Any]) -> None:
    tolerance = gold("diff_interval_newcombe1998")["tolerance"]["abs"]
    for name, interval in INTERVALS.items():
        found = interval(row["x1"], row["n1"], row["x2"], row["n2"], row["conf"])
        assert found == pytest.approx(tuple(row[name]), abs=tolerance), name


@pytest.mark.parametrize(
    ("interval", "printed"),
    [
        (wald_difference, (0.0575, 0.3425)),
        (mee_difference, (0.0533, 0.3377)),
        (miettinen_nurminen_difference, (0.0528, 0.3382)),
        (newcombe_difference, (0.0524, 0.3339)),
    ],
)
def test_intervals_of_56_in_70_against_48_in_80_are_those_printed_by_newcombe_1998(
    interval: Interval, printed: tuple[float, float]
) -> None:
    assert interval(56, 70, 48, 80) == pytest.approx(printed, abs=HAND)


def test_a_score_limit_by_hand() -> None:
    # No events on either side: rate 1 = d and rate 0 = 0 are the likeliest at a difference d > 0, so that d is Wilson's
    # limit of side 1 alone, z^2 / (n + z^2) = 3.84146 / 13.84146; of side 0, 3.84146 / 23.84146.
    assert mee_difference(0, 10, 0, 20) == pytest.approx((-0.16113, 0.27753), abs=HAND)
    # The factor 30/29 of the variance stands in z^2: 3.97392 / 13.97392 and 3.97392 / 23.97392.
    assert miettinen_nurminen_difference(0, 10, 0, 20) == pytest.approx((-0.16576, 0.28438), abs=HAND)


def test_agresti_and_caffo_by_hand() -> None:
    # 10/12 against 4/12 of 9/10 and 3/10: .5 -+ 1.95996 sqrt(.138889/12 + .222222/12) = .5 -+ 1.95996 x .173472
    assert agresti_caffo_difference(9, 10, 3, 10) == pytest.approx((0.16000, 0.84000), abs=HAND)


def likelihood_search(table: tuple[int, int, int, int], difference: float) -> float:
    """Rate 0 of greatest likelihood with rate 1 - rate 0 given, by golden section."""
    x1, n1, x0, n0 = table

    def unlikely(rate: float) -> float:
        other = min(1.0, max(0.0, rate + difference))
        return -float(xlogy(x1, other) + xlog1py(n1 - x1, -other) + xlogy(x0, rate) + xlog1py(n0 - x0, -rate))

    bounds = (max(0.0, -difference), min(1.0, 1 - difference))
    return float(minimize_scalar(unlikely, bounds=bounds, method="bounded", options={"xatol": 1e-9}).x)


@given(counts(), counts(), st.floats(-0.999, 0.999))
def test_the_rates_at_a_difference_are_the_likeliest(
    one: tuple[int, int], other: tuple[int, int], difference: float
) -> None:
    rate_1, rate_0 = rates_at_difference(*one, *other, difference)
    assert 0 <= rate_1 <= 1
    assert 0 <= rate_0 <= 1
    assert rate_1 - rate_0 == pytest.approx(difference, abs=SAME)
    assert rate_0 == pytest.approx(likelihood_search((*one, *other), difference), abs=SEARCHED)


@pytest.mark.parametrize(("interval", "more"), [(mee_difference, False), (miettinen_nurminen_difference, True)])
def test_the_score_test_rejects_outside_its_limits_and_nowhere_within_for_every_small_table(
    interval: Interval, more: bool
) -> None:
    steps = (0.001, 0.1, 0.5, 0.9, 0.999)
    for table in SMALL:
        x1, n1, x0, n0 = table
        observed, quantile = x1 / n1 - x0 / n0, ndtri(0.95)
        quantile *= math.sqrt((n1 + n0) / (n1 + n0 - 1)) if more else 1
        lower, upper = interval(*table, 0.9)
        assert -1 <= lower <= observed <= upper <= 1
        for at in steps:
            assert score_z(*table, lower + at * (observed - lower)) <= quantile + SAME, table
            assert score_z(*table, observed + at * (upper - observed)) >= -quantile - SAME, table
            if lower > -1:
                assert score_z(*table, -1 + at * (lower + 1)) >= quantile - SAME, table
            if upper < 1:
                assert score_z(*table, upper + at * (1 - upper)) <= -quantile + SAME, table


@pytest.mark.parametrize("interval", WITHIN)
@pytest.mark.parametrize("level", [0.001, 0.5, 0.999999])
def test_tables_at_every_edge_and_level_have_limits(interval: Interval, level: float) -> None:
    for trials_1, trials_0 in ((1, 1), (1, 2000), (3, 10**6), (0.5, 0.75)):
        for x1 in (0, trials_1):
            for x0 in (0, trials_0):
                lower, upper = interval(x1, trials_1, x0, trials_0, level)
                assert -1 - SAME <= lower <= x1 / trials_1 - x0 / trials_0 <= upper <= 1 + SAME


def test_sides_that_could_not_differ_more_have_a_limit_of_exactly_one() -> None:
    for interval in (mee_difference, miettinen_nurminen_difference):
        assert interval(10, 10, 0, 20)[1] == 1.0
        assert interval(0, 10, 20, 20)[0] == -1.0


def test_a_rate_against_a_million_trials_is_the_one_rate_interval() -> None:
    # Side 0 is all but known, at .3: Mee's test is then the score test of side 1 alone, so Wilson's interval less .3.
    # 12 of 40: (24 + 3.84146 -+ 1.95996 sqrt(3.84146 + 4 x 12 x .7)) / (2 x 43.84146) = .18072 and .45433
    assert mee_difference(12, 40, 3e8, 1e9) == pytest.approx((0.18072 - 0.3, 0.45433 - 0.3), abs=HAND)


@given(counts(), counts(), LEVELS)
def test_swapping_the_sides_turns_the_difference_around(
    one: tuple[int, int], other: tuple[int, int], level: float
) -> None:
    for interval in INTERVALS.values():
        lower, upper = interval(*one, *other, level)
        assert interval(*other, *one, level) == pytest.approx((-upper, -lower), abs=SAME), interval
    for interval in (mee_difference, miettinen_nurminen_difference):
        assert interval(*other, *one, level) == tuple(-limit for limit in reversed(interval(*one, *other, level)))


@given(counts(), counts(), LEVELS)
def test_intervals_hold_the_difference_and_stay_within_what_is_possible(
    one: tuple[int, int], other: tuple[int, int], level: float
) -> None:
    for interval in WITHIN:
        lower, upper = interval(*one, *other, level)
        assert -1 - SAME <= lower <= one[0] / one[1] - other[0] / other[1] <= upper <= 1 + SAME, interval


@given(counts(), counts(), LEVELS)
def test_counting_non_events_instead_turns_the_difference_around(
    one: tuple[int, int], other: tuple[int, int], level: float
) -> None:
    for interval in INTERVALS.values():
        lower, upper = interval(*one, *other, level)
        mirrored = interval(one[1] - one[0], one[1], other[1] - other[0], other[1], level)
        assert mirrored == pytest.approx((-upper, -lower), abs=SAME), interval


@given(counts(), counts(), LEVELS)
def test_a_higher_level_holds_the_lower_ones_interval(
    one: tuple[int, int], other: tuple[int, int], level: float
) -> None:
    for interval in INTERVALS.values():
        inner, outer = interval(*one, *other, level), interval(*one, *other, (1 + level) / 2)
        assert outer[0] <= inner[0] + SAME, interval
        assert inner[1] <= outer[1] + SAME, interval


@pytest.mark.parametrize(
    ("interval", "least", "most"),
    [
        (newcombe_difference, 0.929, 0.999),
        (miettinen_nurminen_difference, 0.935, 0.993),
        (mee_difference, 0.935, 0.993),
        (agresti_caffo_difference, 0.942, 0.999),
        (wald_difference, 0.778, 0.993),
    ],
)
def test_the_coverage_of_each_interval_is_the_one_stated(interval: Interval, least: float, most: float) -> None:
    rates = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.98])
    found = []
    for n1, n0 in ((40, 40), (30, 50)):
        limits = np.array([[interval(x1, n1, x0, n0) for x0 in range(n0 + 1)] for x1 in range(n1 + 1)])
        chances_1 = binom.pmf(np.arange(n1 + 1), n1, rates[:, None])
        chances_0 = binom.pmf(np.arange(n0 + 1), n0, rates[:, None])
        for i, rate_1 in enumerate(rates):
            for j, rate_0 in enumerate(rates):
                true = rate_1 - rate_0
                held = (limits[..., 0] <= true + SAME) & (true - SAME <= limits[..., 1])
                found.append(chances_1[i] @ held @ chances_0[j])
    assert min(found) == pytest.approx(least, abs=ROUNDED)
    assert max(found) == pytest.approx(most, abs=ROUNDED)


@pytest.mark.parametrize("interval", INTERVALS.values())
@pytest.mark.parametrize(
    ("table", "level", "said"),
    [
        ((1, 0, 1, 5), 0.95, "trials must be more than 0"),
        ((1, 5, 1, math.nan), 0.95, "trials must be more than 0"),
        ((6, 5, 1, 5), 0.95, "events must lie between 0 and the 5 trials"),
        ((1, 5, math.nan, 5), 0.95, "events must lie between"),
        ((1, 5, 1, 5), 0.0, "level must lie between 0 and 1"),
        ((1, 5, 1, 5), math.nan, "level must lie between 0 and 1"),
    ],
)
def test_arguments_outside_their_range_are_refused(
    interval: Interval, table: tuple[float, float, float, float], level: float, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        interval(*table, level)


def test_the_factor_of_miettinen_and_nurminen_needs_more_than_one_trial() -> None:
    with pytest.raises(ValueError, match="must come to more than 1, found 1"):
        miettinen_nurminen_difference(0.2, 0.5, 0.1, 0.5)
