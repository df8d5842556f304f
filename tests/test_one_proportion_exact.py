"""Sterne's and Blaker's intervals: the tests they turn around, their coverage by enumeration, and their symmetries."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from mixablate.estimate import blaker, clopper_pearson, sterne

INSIDE = 1e-7  # a step across a limit, wide against its rounding
ROUNDING = 1e-12  # the same probabilities summed in another order
LEVELS = st.sampled_from([0.8, 0.9, 0.95, 0.99])


@st.composite
def counts(draw: st.DrawFn, most: int = 120) -> tuple[int, int]:
    trials = draw(st.integers(1, most))
    return draw(st.integers(0, trials)), trials


def acceptability(events: int, trials: int, rate: float) -> float:
    """Blaker's: the observed smaller tail, plus the largest other tail that is no larger."""
    tails = binom.cdf(np.arange(-1, trials), trials, rate), binom.sf(np.arange(trials + 1), trials, rate)
    lower, upper = binom.cdf(events, trials, rate), binom.sf(events - 1, trials, rate)
    if lower < upper:
        return float(lower + tails[1][tails[1] <= lower * (1 + ROUNDING)].max(initial=0.0))
    return float(upper + tails[0][tails[0] <= upper * (1 + ROUNDING)].max(initial=0.0))


def test_limits_by_hand_for_one_event_of_one() -> None:
    # Below one half P(X >= 1) = p alone counts, for 0 is likelier: p >= .05.
    assert sterne(1, 1) == pytest.approx((0.05, 1.0), abs=ROUNDING)
    assert blaker(0, 1) == pytest.approx((0.0, 0.95), abs=ROUNDING)


def test_the_lower_limit_of_one_event_rests_on_one_tail_alone() -> None:
    # Near 0 the other tail is larger than P(X >= 1): 1 - (1 - p)^10 = .05 at p = 1 - .95^(1/10) = .00512, where Clopper
    # and Pearson stop at 1 - .975^(1/10) = .00253.
    for interval in (sterne, blaker):
        low, high = interval(1, 10)
        assert low == pytest.approx(1 - 0.95 ** (1 / 10), abs=ROUNDING)
        assert low < high


@given(counts(), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_sterne_turns_around_the_exact_test_of_scipy(rows: tuple[int, int], level: float) -> None:
    events, trials = rows
    low, high = sterne(events, trials, level)
    for limit, out in ((low, -INSIDE), (high, INSIDE)):
        if 0 < limit < 1:
            assert binomtest(events, trials, limit + out).pvalue < 1 - level + ROUNDING
            assert binomtest(events, trials, limit - out).pvalue > 1 - level - 1e-4


@given(counts(), LEVELS)
def test_blaker_turns_around_its_acceptability(rows: tuple[int, int], level: float) -> None:
    events, trials = rows
    low, high = blaker(events, trials, level)
    for limit, out in ((low, -INSIDE), (high, INSIDE)):
        if 0 < limit < 1:
            assert acceptability(events, trials, limit + out) < 1 - level + ROUNDING
            assert acceptability(events, trials, limit - out) > 1 - level - 1e-4


@pytest.mark.parametrize("interval", [sterne, blaker])
def test_no_rate_is_covered_less_often_than_promised(interval: Callable[..., tuple[float, float]]) -> None:
    trials, rates = 30, np.linspace(0.002, 0.998, 499)
    limits = np.array([interval(events, trials) for events in range(trials + 1)])
    covered = (limits[:, :1] <= rates) & (rates <= limits[:, 1:])
    coverage = (binom.pmf(np.arange(trials + 1)[:, None], trials, rates) * covered).sum(axis=0)
    assert coverage.min() >= 0.95 - ROUNDING
    exact = np.array([clopper_pearson(events, trials) for events in range(trials + 1)])
    assert np.ptp(limits, axis=1).sum() < np.ptp(exact, axis=1).sum()


@pytest.mark.parametrize("interval", [sterne, blaker])
@given(rows=counts(), level=LEVELS)
def test_limits_hold_the_rate_and_mirror_when_events_and_non_events_swap(
    interval: Callable[..., tuple[float, float]], rows: tuple[int, int], level: float
) -> None:
    events, trials = rows
    low, high = interval(events, trials, level)
    assert 0 <= low <= events / trials <= high <= 1
    swapped = interval(trials - events, trials, level)
    assert (1 - swapped[1], 1 - swapped[0]) == pytest.approx((low, high), abs=ROUNDING)


@given(counts(), LEVELS)
def test_blaker_lies_inside_clopper_and_pearson(rows: tuple[int, int], level: float) -> None:
    (low, high), (outer_low, outer_high) = blaker(*rows, level), clopper_pearson(*rows, level)
    assert outer_low - ROUNDING <= low
    assert high <= outer_high + ROUNDING


@given(counts())
def test_a_higher_level_gives_a_blaker_interval_around_the_lower_one(rows: tuple[int, int]) -> None:
    (low, high), (wide_low, wide_high) = blaker(*rows, 0.9), blaker(*rows, 0.95)
    assert wide_low <= low + ROUNDING
    assert high <= wide_high + ROUNDING


@pytest.mark.parametrize("interval", [sterne, blaker])
@pytest.mark.parametrize(
    ("events", "trials", "level", "said"),
    [
        (1, 0, 0.95, "trials must be"),
        (1, 2.5, 0.95, "whole"),
        (1, math.nan, 0.95, "trials must be"),
        (6, 5, 0.95, "events must"),
        (0.5, 5, 0.95, "whole"),
        (1, 5, 1.0, "level must lie between 0 and 1"),
        (1, 5, math.nan, "level must lie between 0 and 1"),
    ],
)
def test_arguments_outside_their_range_are_refused(
    interval: Callable[..., tuple[float, float]], events: float, trials: float, level: float, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        interval(events, trials, level)
