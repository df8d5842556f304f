"""The upper bound over runs that differ: numbers by hand, and what must hold for any runs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, t

from drawn_counts import SAME, counts
from mixablate.estimate.counts.clustered_bound import clustered_upper_bound
from mixablate.estimate.counts.one_proportion import upper_bound


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
