"""Bootstrap intervals of a difference of two means: against resampled rows, scipy, the jackknife, and by properties."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from mixablate.resample import (
    enumerated_bootstrap,
    mean_difference_bca,
    mean_difference_draws,
    mean_difference_skew,
    percentile_interval,
    rate_difference_bca,
    rate_difference_draws,
    rate_difference_skew,
    stage_rng,
)

Floats = NDArray[np.float64]
EXACT = 1e-12  # the same few sums in another order
COUNTS = 34, 300, 12, 300


def rng(name: str = "difference") -> np.random.Generator:
    return stage_rng(5, name)


def rows(events: int, trials: int) -> Floats:
    return np.repeat([1.0, 0.0], [events, trials - events])


def test_the_observed_difference_by_hand() -> None:
    # 34/300 - 12/300 = 22/300.
    draws = rate_difference_draws(*COUNTS, draws=9, rng=rng())
    assert draws.observed == pytest.approx(22 / 300, abs=EXACT)
    assert not draws.exact
    assert draws.weights == pytest.approx(np.full(9, 1 / 9), abs=EXACT)
    assert mean_difference_draws([1.0, 2.0, 6.0], [4.0], draws=3, rng=rng()).observed == pytest.approx(-1.0, abs=EXACT)


@pytest.mark.parametrize("draw", ["counts", "few values", "rows"])
def test_draws_have_the_law_of_resampled_rows(draw: str) -> None:
    # Enumerated: 4 rows of which 1 is an event against 3 of which 2 are, every resample with its probability. With
    # 20,000 draws no outcome's frequency misses its probability by more than 5 standard errors, save once in 10,000.
    one, other = rows(1, 4), rows(2, 3)
    values, arms = np.concatenate([one, other]), np.array(["t"] * 4 + ["r"] * 3)

    def difference(weights: Floats) -> Floats:
        t, r = weights[:, :4], weights[:, 4:]
        return t @ values[:4] / t.sum(axis=1) - r @ values[4:] / r.sum(axis=1)

    every = enumerated_bootstrap(difference, arms.tolist())
    if draw == "counts":
        drawn = rate_difference_draws(1, 4, 2, 3, draws=20_000, rng=rng())
    elif draw == "rows":
        drawn = mean_difference_draws(one, other, draws=20_000, rng=rng())
    else:  # the same rates over 48 rows: enough alike to be drawn as counts
        drawn = mean_difference_draws(np.tile(one, 12), np.tile(other, 12), draws=20_000, rng=rng())
    if draw == "few values":
        rates = stats.binom(48, 0.25), stats.binom(36, 2 / 3)
        assert drawn.statistics.mean() == pytest.approx(
            0.25 - 2 / 3, abs=5 * drawn.statistics.std() / math.sqrt(20_000)
        )
        spread = rates[0].var() / 48**2 + rates[1].var() / 36**2
        assert drawn.statistics.var() == pytest.approx(spread, rel=5 * math.sqrt(2 / 20_000))
        return
    for outcome in np.unique(every.statistics.round(9)):
        chance = float(every.weights[np.isclose(every.statistics, outcome)].sum())
        seen = float(np.isclose(drawn.statistics, outcome).mean())
        assert seen == pytest.approx(chance, abs=5 * math.sqrt(chance * (1 - chance) / 20_000))


def left_out_skew(one: Floats, other: Floats) -> float:
    """The acceleration from means with every row left out in turn (scipy's several-sample form)."""
    scaled = []
    for side, sign in ((one, 1.0), (other, -1.0)):
        left = np.array([sign * np.delete(side, i).mean() for i in range(side.size)])
        scaled.append((side.size - 1) * (left.mean() - left) / side.size)
    influence = np.concatenate(scaled)
    return float((influence**3).sum() / (6 * (influence**2).sum() ** 1.5))


def test_the_jackknife_in_closed_form_is_that_of_rows_left_out() -> None:
    draws = rng("skew")
    for events, trials, others, size in ((3, 20, 5, 12), (34, 300, 12, 200), (1, 2, 0, 5), (0, 9, 8, 9)):
        expected = left_out_skew(rows(events, trials), rows(others, size))
        assert rate_difference_skew(events, trials, others, size) == pytest.approx(expected, abs=EXACT)
        again = mean_difference_skew(rows(events, trials), rows(others, size))
        assert again == pytest.approx(expected, abs=EXACT)
    one, other = draws.gamma(1.5, size=30), draws.gamma(3.0, size=17)
    assert mean_difference_skew(one, other) == pytest.approx(left_out_skew(one, other), abs=EXACT)


@pytest.mark.parametrize("binary", [True, False])
def test_bca_limits_are_scipys_up_to_monte_carlo_error(binary: bool) -> None:
    # At 4,000 draws the difference of two runs' limits has a standard error of .082 of the estimate's; four of them.
    draws = rng("scipy")
    one, other = (rows(40, 400), rows(24, 300)) if binary else (draws.gamma(1.0, size=90), draws.gamma(1.2, size=70))

    def difference(x: Floats, y: Floats, axis: int) -> Floats:
        return np.asarray(x.mean(axis=axis) - y.mean(axis=axis))

    theirs = stats.bootstrap(
        (one, other), difference, n_resamples=4000, batch=500, method="BCa", rng=np.random.default_rng(1)
    )
    found = (
        rate_difference_bca(40, 400, 24, 300, draws=4000, rng=rng())
        if binary
        else mean_difference_bca(one, other, draws=4000, rng=rng())
    )
    allowed = 4 * 0.082 * float(theirs.standard_error)
    assert found.lower == pytest.approx(float(theirs.confidence_interval.low), abs=allowed)
    assert found.upper == pytest.approx(float(theirs.confidence_interval.high), abs=allowed)


def test_a_true_difference_of_rates_is_covered_at_the_level() -> None:
    # 600 pairs of models at rates .3 and .2: with coverage .95 fewer than 545 (.908) come once in 10,000 times.
    draws = rng("coverage")
    covered = 0
    for events, others in zip(draws.binomial(200, 0.3, 600), draws.binomial(200, 0.2, 600), strict=True):
        found = rate_difference_bca(int(events), 200, int(others), 200, draws=999, rng=draws)
        covered += found.lower <= 0.1 <= found.upper
    assert covered >= 545


def test_percentile_limits_are_read_off_the_same_draws() -> None:
    draws = rate_difference_draws(*COUNTS, draws=999, rng=rng())
    found = percentile_interval(draws, 0.9)
    # Type 6 at 999 draws: the 50th and the 950th of them in order.
    ordered = np.sort(draws.statistics)
    assert (found.lower, found.upper) == pytest.approx((ordered[49], ordered[949]), abs=EXACT)


def test_fewer_draws_are_the_first_of_more() -> None:
    scores = rng("scores").normal(size=(2, 50))
    graded = np.round(np.tile(scores, 20))
    for few, many in (
        [rate_difference_draws(*COUNTS, draws=draws, rng=rng()).statistics for draws in (99, 999)],
        [mean_difference_draws(*scores, draws=draws, rng=rng()).statistics for draws in (99, 999)],
        [mean_difference_draws(*graded, draws=draws, rng=rng()).statistics for draws in (99, 999)],
    ):
        assert np.array_equal(few, many[:99])


@given(st.integers(0, 20), st.integers(1, 20), st.integers(0, 20), st.integers(1, 20))
def test_swapping_the_models_turns_the_sign(events: int, others: int, more: int, size: int) -> None:
    one, other = (events, events + others), (more, more + size)
    assert rate_difference_skew(*one, *other) == pytest.approx(-rate_difference_skew(*other, *one), abs=EXACT)
    here, there = (rate_difference_draws(*a, *b, draws=5, rng=rng()) for a, b in ((one, other), (other, one)))
    assert here.observed == -there.observed


def test_a_change_of_unit_and_origin_moves_the_limits_with_it() -> None:
    one, other = rng("scores").normal(size=(2, 60))
    here = mean_difference_bca(one, other, draws=499, rng=rng())
    there = mean_difference_bca(3 * one + 7, 3 * other + 7, draws=499, rng=rng())
    assert (there.lower, there.upper) == pytest.approx((3 * here.lower, 3 * here.upper), abs=1e-9)


def test_models_without_events_give_a_point() -> None:
    found = rate_difference_bca(0, 50, 0, 80, draws=99, rng=rng())
    assert (found.lower, found.upper, found.reason) == (0.0, 0.0, "")
    assert rate_difference_skew(0, 50, 80, 80) == 0.0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: rate_difference_bca(5, 4, 1, 4, draws=9, rng=rng()), "found 5 of 4"),
        (lambda: rate_difference_bca(1, 4, -1, 4, draws=9, rng=rng()), "found -1 of 4"),
        (lambda: rate_difference_skew(0, 0, 1, 4), "trials at least 1"),
        (lambda: rate_difference_draws(*COUNTS, draws=0, rng=rng()), "draws must be at least 1"),
        (lambda: mean_difference_draws([1.0], [2.0], draws=0, rng=rng()), "draws must be at least 1"),
        (lambda: mean_difference_bca([], [2.0], draws=9, rng=rng()), "one finite value or more"),
        (lambda: mean_difference_skew([1.0, math.nan], [2.0]), "one finite value or more"),
        (lambda: rate_difference_bca(*COUNTS, 1.0, draws=9, rng=rng()), "level must lie between 0 and 1"),
        (lambda: mean_difference_bca([1.0], [2.0], 0.0, draws=9, rng=rng()), "level must lie between 0 and 1"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(call: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()
