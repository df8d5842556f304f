"""Intervals from counts: other software's numbers, numbers by hand, and what must hold for any counts."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom, t

from mixablate.estimate.exact import clopper_pearson, clustered_upper_bound, newcombe_difference, upper_bound, wilson

GOLD = Path(__file__).resolve().parents[1] / "fixtures" / "gold"
HAND = 5e-5  # numbers worked out by hand to four decimals
SAME = 1e-9  # two ways of computing one quantile in double precision
LEVELS = st.sampled_from([0.8, 0.9, 0.95, 0.99])


def gold(case: str) -> dict[str, Any]:
    return dict(json.loads((GOLD / case / "reference.json").read_text()))


@st.composite
def counts(draw: st.DrawFn, least: int = 1, most: int = 400) -> tuple[int, int]:
    trials = draw(st.integers(least, most))
    return draw(st.integers(0, trials)), trials


@pytest.mark.parametrize("row", gold("binom_interval_newcombe1998")["cases"], ids=lambda row: f"{row['x']}/{row['n']}")
def test_single_rate_intervals_are_those_of_r(row: dict[str, Any]) -> None:
    tolerance = gold("binom_interval_newcombe1998")["tolerance"]["abs"]
    x, n, level = row["x"], row["n"], row["conf"]
    assert clopper_pearson(x, n, level) == pytest.approx(tuple(row["clopper_pearson"]), abs=tolerance)
    assert wilson(x, n, level) == pytest.approx(tuple(row["wilson"]), abs=tolerance)
    assert upper_bound(x, n, level) == pytest.approx(row["upper_one_sided_cp"], abs=tolerance)


@pytest.mark.parametrize("row", gold("diff_interval_newcombe1998")["cases"], ids=lambda r: f"{r['x1']}/{r['n1']}")
def test_differences_are_those_of_newcombe_1998(row: dict[str, Any]) -> None:
    tolerance = gold("diff_interval_newcombe1998")["tolerance"]["abs"]
    found = newcombe_difference(row["x1"], row["n1"], row["x2"], row["n2"], row["conf"])
    assert found == pytest.approx(tuple(row["newcombe_score"]), abs=tolerance)


def test_no_events_of_100_bound_the_rate_at_2_95_percent_one_sided_and_3_6_two_sided() -> None:
    # 1 - .05^(1/100) = .02951 and 1 - .025^(1/100) = .03622
    assert upper_bound(0, 100) == pytest.approx(0.02951, abs=HAND)
    assert clopper_pearson(0, 100) == pytest.approx((0.0, 0.03622), abs=HAND)


def test_limits_at_no_events_and_all_events_are_exact() -> None:
    assert clopper_pearson(0, 7)[0] == 0.0
    assert clopper_pearson(7, 7)[1] == 1.0
    assert wilson(0, 7)[0] == 0.0
    assert wilson(7, 7)[1] == 1.0
    assert upper_bound(7, 7) == 1.0


@given(counts(), LEVELS)
def test_the_exact_bound_leaves_a_tail_of_exactly_one_minus_level(rows: tuple[int, int], level: float) -> None:
    events, trials = rows
    if events < trials:
        assert binom.cdf(events, trials, upper_bound(events, trials, level)) == pytest.approx(1 - level, abs=SAME)


@given(counts(), LEVELS)
def test_intervals_hold_the_rate_and_mirror_when_events_and_non_events_swap(
    rows: tuple[int, int], level: float
) -> None:
    events, trials = rows
    for interval in (clopper_pearson, wilson):
        lower, upper = interval(events, trials, level)
        assert 0 <= lower <= events / trials <= upper <= 1
        swapped = interval(trials - events, trials, level)
        assert (1 - swapped[1], 1 - swapped[0]) == pytest.approx((lower, upper), abs=SAME)


@given(counts(), counts(), LEVELS)
def test_swapping_the_sides_turns_the_difference_around(
    one: tuple[int, int], other: tuple[int, int], level: float
) -> None:
    lower, upper = newcombe_difference(*one, *other, level)
    assert -1 - SAME <= lower <= one[0] / one[1] - other[0] / other[1] <= upper <= 1 + SAME
    assert newcombe_difference(*other, *one, level) == pytest.approx((-upper, -lower), abs=SAME)


def test_a_clustered_bound_by_hand() -> None:
    # Runs 10, 20, 30 of 100: rate .2; between runs 3/2 (100 + 0 + 100) / 300^2 = 1/300; binomial .16/300;
    # design effect 6.25; 300/6.25 = 48 trials; df correction (t.95,299 / t.95,2)^2 = (1.64997 / 2.91999)^2 = .31929;
    # 15.326 trials with 3.065 events: beta(4.065, 12.261) at .95.
    effective = 48 * (t.ppf(0.95, 299) / t.ppf(0.95, 2)) ** 2
    assert effective == pytest.approx(15.326, abs=1e-3)
    by_hand = beta.ppf(0.95, 0.2 * effective + 1, 0.8 * effective)
    assert clustered_upper_bound([10, 20, 30], [100, 100, 100]) == pytest.approx(by_hand, abs=SAME)
    assert by_hand > 1.7 * upper_bound(60, 300)


def test_at_no_events_only_the_degrees_of_freedom_are_paid_for() -> None:
    # 5 runs of 20: 100 (1.66039 / 2.13185)^2 = 60.66 trials; 1 - .05^(1/60.66) = .0482, against .0295 unclustered.
    effective = 100 * (t.ppf(0.95, 99) / t.ppf(0.95, 4)) ** 2
    assert effective == pytest.approx(60.66, abs=0.01)
    assert clustered_upper_bound([0] * 5, [20] * 5) == pytest.approx(1 - 0.05 ** (1 / effective), abs=SAME)


def test_one_run_bounds_nothing_about_other_runs() -> None:
    assert clustered_upper_bound([0], [300]) == 1.0
    assert clustered_upper_bound([0, 0], [300, 0]) == 1.0


def test_runs_that_always_misbehave_have_the_bound_one() -> None:
    assert clustered_upper_bound([5, 9], [5, 9]) == 1.0


@given(st.lists(counts(most=60), min_size=2, max_size=8), st.sampled_from([0.6, 0.9, 0.95, 0.99]))
def test_the_clustered_bound_is_never_below_the_pooled_one(runs: list[tuple[int, int]], level: float) -> None:
    events, trials = zip(*runs, strict=True)
    bound = clustered_upper_bound(events, trials, level)
    assert upper_bound(sum(events), sum(trials), level) <= bound <= 1


@given(st.lists(counts(most=60), min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_runs_and_empty_runs_do_not_move_the_bound(runs: list[tuple[int, int]], shuffle: Any) -> None:
    bound = clustered_upper_bound(*zip(*runs, strict=True))
    moved = [*runs, (0, 0)]
    shuffle.shuffle(moved)
    assert clustered_upper_bound(*zip(*moved, strict=True)) == bound


@pytest.mark.parametrize("interval", [clopper_pearson, wilson, upper_bound])
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


@pytest.mark.parametrize(
    ("events", "trials", "level", "said"),
    [
        ([1], [2, 3], 0.95, "as long as each other"),
        ([1, 4], [2, 3], 0.95, "events must lie"),
        ([1, 1], [2, -1], 0.95, "trials must be 0 or more"),
        ([0, 0], [0, 0], 0.95, "trials must be more than 0"),
        ([1, 1], [2, 3], 0.5, "above 0.5"),
    ],
)
def test_runs_that_make_no_sense_are_refused(events: list[int], trials: list[int], level: float, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        clustered_upper_bound(events, trials, level)
