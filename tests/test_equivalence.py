"""Tests against a margin: other software's numbers, numbers by hand, their interval, their size, and symmetries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from drawn_counts import HAND, SAME, counts, gold
from mixablate.estimate.counts.equivalence import equivalence_test, not_higher, not_lower

MARGINS = st.sampled_from([0.01, 0.05, 0.1, 0.3])


@pytest.mark.parametrize("row", gold("tost_farrington_manning")["cases"], ids=lambda r: f"{r['x1']}/{r['n1']}")
def test_tests_and_intervals_are_those_of_r(row: dict[str, Any]) -> None:
    tolerance = gold("tost_farrington_manning")["tolerance"]["abs"]
    found = equivalence_test(row["x1"], row["n1"], row["x2"], row["n2"], row["margin"], row["alpha"])
    for test, theirs in ((found.above, row["fm_lower"]), (found.below, row["fm_upper"])):
        assert test.z == pytest.approx(theirs["z"], abs=tolerance)
        assert test.p_value == pytest.approx(theirs["p_upper"], abs=tolerance)
    assert found.p_value == pytest.approx(row["tost_p"], abs=tolerance)
    assert (found.lower, found.upper) == pytest.approx(tuple(row["mee_ci_1_2alpha"]), abs=tolerance)
    assert (-found.margin < found.lower and found.upper < found.margin) == row["equivalent_score"]


def test_equal_sides_by_hand() -> None:
    # 50 of 100 on both sides, margin .1: the likeliest rates at -.1 are .45 and .55, variance 2 x .2475/100 = .00495,
    # z = .1 / .0703562 = 1.421338, p = .077609
    found = equivalence_test(50, 100, 50, 100, 0.1)
    assert found.above == found.below == not_lower(50, 100, 50, 100, 0.1)
    assert (found.above.z, found.p_value) == pytest.approx((1.421338, 0.077609), abs=HAND)
    assert found.difference == 0.0


@given(counts(), counts(), MARGINS, st.sampled_from([0.01, 0.05, 0.2]))
def test_the_interval_lies_within_the_margins_where_both_tests_reject_and_only_there(
    one: tuple[int, int], other: tuple[int, int], margin: float, alpha: float
) -> None:
    found = equivalence_test(*one, *other, margin, alpha)
    for test, distance in ((found.above, found.lower + margin), (found.below, margin - found.upper)):
        if abs(distance) > SAME:
            assert (test.p_value < alpha) == (distance > 0)


@given(counts(), counts(), MARGINS)
def test_swapping_the_sides_or_counting_non_events_swaps_the_margins(
    one: tuple[int, int], other: tuple[int, int], margin: float
) -> None:
    found = equivalence_test(*one, *other, margin)
    others = (one[1] - one[0], one[1], other[1] - other[0], other[1])
    for turned in (equivalence_test(*other, *one, margin), equivalence_test(*others, margin)):
        assert (turned.above.z, turned.below.z) == pytest.approx((found.below.z, found.above.z), rel=SAME, abs=SAME)
        assert turned.p_value == pytest.approx(found.p_value, abs=SAME)
        assert (turned.lower, turned.upper) == pytest.approx((-found.upper, -found.lower), abs=SAME)
    assert found.below == not_higher(*one, *other, margin)


@given(counts(), counts())
def test_a_wider_margin_is_easier_to_keep(one: tuple[int, int], other: tuple[int, int]) -> None:
    p_values = [not_higher(*one, *other, margin).p_value for margin in (0.02, 0.1, 0.3)]
    assert p_values == sorted(p_values, reverse=True)


@pytest.mark.parametrize("rate", [0.15, 0.3, 0.5, 0.8])
def test_at_the_margin_the_one_sided_test_rejects_about_as_often_as_it_says(rate: float) -> None:
    # Enumerated: 60 trials a side, rate 1 lower than rate 0 by exactly the margin of .1
    events = np.arange(61)
    rejected = np.array([[not_lower(i, 60, j, 60, 0.1).p_value < 0.05 for j in events] for i in events])
    size = binom.pmf(events, 60, rate - 0.1) @ rejected @ binom.pmf(events, 60, rate)
    assert 0.035 < size < 0.065


@pytest.mark.parametrize(
    ("table", "margin", "alpha", "said"),
    [
        ((1, 0, 1, 5), 0.1, 0.05, "trials must be more than 0"),
        ((1, 5, 6, 5), 0.1, 0.05, "events must lie between 0 and the 5 trials"),
        ((1, 5, 1, 5), 0.0, 0.05, "margin must lie between 0 and 1"),
        ((1, 5, 1, 5), math.nan, 0.05, "margin must lie between 0 and 1"),
        ((1, 5, 1, 5), 0.1, 0.5, "alpha must lie between 0 and 0.5"),
        ((1, 5, 1, 5), 0.1, math.nan, "alpha must lie between 0 and 0.5"),
    ],
)
def test_arguments_outside_their_range_are_refused(
    table: tuple[float, float, float, float], margin: float, alpha: float, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        equivalence_test(*table, margin, alpha)
