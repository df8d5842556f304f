"""Weights in place of resampled rows: by hand, by their moments, and by how they use up random numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixablate.resample import (
    bootstrap_weights,
    jackknife_weights,
    leave_one_out_weights,
    stage_rng,
    two_way_bootstrap_weights,
)

EXACT = 1e-12  # sums of a few small numbers


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12), st.booleans())
def test_every_replicate_has_as_many_clusters_of_a_stratum_as_there_are(strata: list[str], rescaled: bool) -> None:
    weights = bootstrap_weights(strata, draws=20, rng=stage_rng(1, "strata"), rescaled=rescaled)
    assert weights.shape == (20, len(strata))
    for label in set(strata):
        members = np.array([stratum == label for stratum in strata])
        size = int(members.sum())
        np.testing.assert_allclose(weights[:, members].sum(axis=1), size, atol=EXACT)
        unit = size / (size - 1) if rescaled and size > 1 else 1.0
        times = weights[:, members] / unit
        np.testing.assert_allclose(times, np.round(times), atol=EXACT)


@pytest.mark.parametrize("rescaled", [False, True])
def test_the_first_999_of_9999_draws_are_the_999_draws(rescaled: bool) -> None:
    strata = ["a"] * 40 + ["b"] * 160
    few, many = (
        bootstrap_weights(strata, draws=draws, rng=stage_rng(1, "prefix"), rescaled=rescaled) for draws in (999, 9999)
    )
    np.testing.assert_array_equal(few, many[:999])


def test_the_order_of_strata_among_the_clusters_does_not_matter_to_their_draws() -> None:
    mixed = bootstrap_weights(list("abab"), draws=50, rng=stage_rng(1, "order"))
    sorted_ = bootstrap_weights(list("aabb"), draws=50, rng=stage_rng(1, "order"))
    np.testing.assert_array_equal(mixed[:, [0, 2, 1, 3]], sorted_)


def test_the_variance_of_a_mean_is_that_of_the_formula() -> None:
    # Values 1, 2, 6, 7 in a stratum of 4: mean 4, squares of deviations 9 + 4 + 4 + 9 = 26. The plain bootstrap's
    # variance of the mean is 26/4/4 = 1.625, Rao & Wu's 26/3/4 = 2.1667. Of 40,000 draws the variance has a standard
    # error of about sqrt(2/40,000) = .7 %: 4 % is more than five of them, chance below 1e-6.
    values = np.array([1.0, 2.0, 6.0, 7.0])
    for rescaled, variance in ((False, 1.625), (True, 26 / 12)):
        weights = bootstrap_weights(list("aaaa"), draws=40_000, rng=stage_rng(1, "variance"), rescaled=rescaled)
        assert (weights @ values / 4).var() == pytest.approx(variance, rel=0.04)


def test_a_cluster_alone_in_its_stratum_always_counts_once() -> None:
    for rescaled in (False, True):
        weights = bootstrap_weights(["a", "b", "a"], draws=30, rng=stage_rng(1, "alone"), rescaled=rescaled)
        assert (weights[:, 1] == 1.0).all()


def test_leaving_out_labels_by_hand() -> None:
    labels, weights = leave_one_out_weights([10, 9, 10, 8])
    assert labels == ("10", "8", "9")
    assert weights.tolist() == [[0, 1, 0, 1], [1, 1, 1, 0], [1, 0, 1, 1]]
    assert jackknife_weights(3).tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]


def test_runs_and_scenarios_are_drawn_independently_each_from_its_own_stream() -> None:
    found = [
        two_way_bootstrap_weights(["a"] * 30, ["e"] * scenarios, draws=4000, rng=stage_rng(1, "two"), rescaled=True)
        for scenarios in (30, 7)
    ]
    np.testing.assert_array_equal(found[0].clusters, found[1].clusters)
    # The correlation of 4,000 independent pairs has a standard error of .016; six of them.
    correlation = np.corrcoef(found[0].clusters[:, 0], found[0].scenarios[:, 0])[0, 1]
    assert abs(correlation) < 0.1


@pytest.mark.parametrize(("strata", "draws"), [([], 5), (["a"], 0)])
def test_nothing_to_draw_is_refused(strata: list[str], draws: int) -> None:
    with pytest.raises(ValueError, match="draws and clusters must be at least 1"):
        bootstrap_weights(strata, draws=draws, rng=stage_rng(1, "none"))
