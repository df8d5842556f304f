"""Limits of rate differences and ratios: by hand, one study against many, and against the shapes of a design."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit, logit

from mixablate.estimate import CellArrays
from mixablate.estimate.runs.rate_limits import RateSpread, difference_limits, log_ratio_limits, rate_spread
from mixablate.study import Scale

ROUNDING = 1e-12
TRIALS = 300
COUNTS = st.lists(st.integers(1, TRIALS - 1), min_size=3, max_size=6)


def two_arms(reference: int, treated: int) -> CellArrays:
    counts = np.array([reference, treated])
    cell = np.repeat([0, 1], counts)
    stratum = np.zeros(2, dtype=np.intp)
    indicator = (cell[:, None] == [0, 1]).astype(float)
    return CellArrays(
        np.arange(cell.size), cell, np.array([-1.0, 1.0]), counts.astype(float), stratum, ("a", "b"), indicator
    )


def spread_of(reference: list[int], treated: list[int], scale: Scale = Scale.RISK_DIFFERENCE) -> RateSpread:
    counts = np.array([*reference, *treated], dtype=float)
    log_odds = np.log((counts + 0.5) / (TRIALS - counts + 0.5))
    trials = np.full(counts.size, float(TRIALS))
    return rate_spread(counts / TRIALS, log_odds, trials, two_arms(len(reference), len(treated)), scale)


def test_three_against_three_by_hand() -> None:
    # Rates .1, .2, .3 and .05, .1, .15. Means .2 and .1; s^2/n of the rates .01/3 and .0025/3, slopes .16 and .09.
    # On the logit the rates' variances are .01/3/.0256 = .1302 and .0025/3/.0081 = .1029.
    spread = spread_of([30, 60, 90], [15, 30, 45])
    y = [np.log((k + 0.5) / (300.5 - k)) for k in (np.array([30, 60, 90]), np.array([15, 30, 45]))]
    log_odds = [float(np.var(v, ddof=1)) / 3 for v in y]
    assert log_odds[0] * 0.16**2 + log_odds[1] * 0.09**2 > (0.01 + 0.0025) / 3  # so the log-odds' spread is taken
    shares = np.array([log_odds[0] * 0.16**2, log_odds[1] * 0.09**2])
    df = shares.sum() ** 2 / (shares**2 / 2).sum()
    # Two arms of 3 runs: the t quantile goes min(1, 1.5/2) = 3/4 of the way to that of 2 df.
    t = 0.25 * stats.t.ppf(0.975, df) + 0.75 * stats.t.ppf(0.975, 2)
    low = expit(logit([0.2, 0.1]) - t * np.sqrt(log_odds))
    high = expit(logit([0.2, 0.1]) + t * np.sqrt(log_odds))
    expected = (-0.1 - math.hypot(0.1 - low[1], high[0] - 0.2), -0.1 + math.hypot(high[1] - 0.1, 0.2 - low[0]))
    assert difference_limits(spread, 0.025) == pytest.approx(expected, rel=ROUNDING)
    assert spread.df == pytest.approx(df, rel=ROUNDING)
    assert spread.std_error == pytest.approx(math.sqrt(shares.sum()), rel=ROUNDING)


def test_a_ratio_by_hand() -> None:
    spread = spread_of([30, 60, 90], [15, 30, 45], Scale.RISK_RATIO)
    # d log(rate) = (1 - rate) d logit(rate): shares (.8)^2 and (.9)^2 of the squared standard errors on the logit.
    shares = (np.array([0.8, 0.9]) * spread.logit_se) ** 2
    df = shares.sum() ** 2 / (shares**2 / 2).sum()
    t = 0.5 * stats.t.ppf(0.975, df) + 0.5 * stats.t.ppf(0.975, 2)  # k = 1: half of the way at 2 df
    reach = t * math.sqrt(shares.sum())
    expected = (math.log(0.5) - reach, math.log(0.5) + reach)
    assert log_ratio_limits(spread, 0.025) == pytest.approx(expected, rel=ROUNDING)


@given(COUNTS, COUNTS, st.sampled_from([Scale.RISK_DIFFERENCE, Scale.RISK_RATIO]))
def test_many_studies_at_once_are_the_studies_one_by_one(one: list[int], other: list[int], scale: Scale) -> None:
    studies = np.array([[*one, *other], [*one[::-1], *other[::-1]], [k // 2 + 1 for k in (*one, *other)]], dtype=float)
    log_odds = np.log((studies + 0.5) / (TRIALS - studies + 0.5))
    trials = np.full(studies.shape[1], float(TRIALS))
    limits = difference_limits if scale is Scale.RISK_DIFFERENCE else log_ratio_limits
    together = limits(rate_spread(studies / TRIALS, log_odds, trials, two_arms(len(one), len(other)), scale), 0.025)
    for i, study in enumerate(studies):
        counts = [int(k) for k in study]
        alone = limits(spread_of(counts[: len(one)], counts[len(one) :], scale), 0.025)
        assert [side[i] for side in together] == pytest.approx(alone, rel=1e-9, abs=1e-12)


@given(COUNTS, COUNTS)
def test_runs_twice_under_their_ids_would_be_one_run_so_more_runs_need_more_counts(
    one: list[int], other: list[int]
) -> None:
    # Every run entered once more as a run of its own halves the squared standard error and adds df: it must shrink the
    # interval. The tables refuse it (a repeated run id); here it shows that runs, not rollouts, carry the width.
    low, high = difference_limits(spread_of(one, other), 0.025)
    narrow = difference_limits(spread_of(one * 2, other * 2), 0.025)
    assert narrow[1] - narrow[0] <= high - low + ROUNDING


@given(COUNTS, COUNTS, st.floats(0.001, 0.2), st.floats(1.1, 3.0))
def test_a_smaller_tail_never_narrows_the_limits(one: list[int], other: list[int], tail: float, times: float) -> None:
    for scale, limits in ((Scale.RISK_DIFFERENCE, difference_limits), (Scale.RISK_RATIO, log_ratio_limits)):
        spread = spread_of(one, other, scale)
        wide, narrow = limits(spread, tail / times), limits(spread, tail)
        assert wide[0] <= narrow[0] + ROUNDING
        assert narrow[1] <= wide[1] + ROUNDING


def test_arms_without_an_event_have_limits() -> None:
    low, high = difference_limits(spread_of([30, 60, 90], [0, 0, 0]), 0.025)
    assert -0.9 < low < -0.2 < high < 0.2


def test_with_several_arms_a_side_the_shared_degrees_of_freedom_stand() -> None:
    cell = np.repeat(np.arange(4), 3)
    indicator = (cell[:, None] == np.arange(4)).astype(float)
    halves = np.array([-0.5, -0.5, 0.5, 0.5])
    cells = CellArrays(np.arange(12), cell, halves, np.full(4, 3.0), np.array([0, 1, 0, 1]), tuple("abcd"), indicator)
    rates = np.linspace(0.1, 0.3, 12)
    spread = rate_spread(rates, logit(rates), np.full(12, 300.0), cells, Scale.RISK_DIFFERENCE)
    assert spread.own_share.tolist() == [0.0] * 4
    assert spread.df > 2
