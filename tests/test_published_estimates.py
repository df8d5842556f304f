"""Claims held against printed spreads over runs and printed counts, and one drop per token over another."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mixablate.estimate.reported import (
    ClaimedRegion,
    ReportedClaim,
    drop_per_amount,
    implied_trials,
    over_runs,
    reported_comparison,
    reported_contrasts,
    reported_zero,
    rollout_tails,
    run_spread,
)
from mixablate.study import Reported

BY_HAND = 1e-9
INVERTED = 1e-6  # a p found by bisection against the interval at that level


def record(record_id: str, value: str, **stated: object) -> Reported:
    return Reported.model_validate({"id": record_id, "quantity": "q", "arm": record_id, "value": value} | stated)


def over(record_id: str, value: str, lower: str, upper: str, **stated: object) -> Reported:
    return record(record_id, value, **({"runs": 4, "lower": lower, "upper": upper, "interval_kind": "sd"} | stated))


REFERENCE, TREATED = over("a", "22%", "18%", "26%"), over("b", "10%", "8%", "12%")


def test_the_spread_of_runs_is_half_the_printed_interval_at_its_widest() -> None:
    found = run_spread(REFERENCE)
    assert found is not None
    # 17.5 to 26.5 % at the widest: 9 points across
    assert (found.low, found.high, found.runs) == (0.215, 0.225, 4)
    assert found.sd == pytest.approx(0.045, abs=BY_HAND)


def test_a_standard_error_over_runs_is_the_sd_over_the_root_of_the_runs() -> None:
    found = run_spread(over("a", "22%", "18%", "26%", interval_kind="sem_of_runs"))
    assert found is not None
    assert found.sd == pytest.approx(0.045 * 2, abs=BY_HAND)


@pytest.mark.parametrize(
    "stated",
    [{"runs": 2}, {"runs": None}, {"interval_kind": "wilson"}, {"interval_kind": "unknown"}],
)
def test_no_spread_is_had_of_two_runs_or_another_interval(stated: dict[str, object]) -> None:
    assert run_spread(over("a", "22%", "18%", "26%", **stated)) is None


def test_an_interval_over_runs_says_nothing_of_rollouts() -> None:
    (found,) = implied_trials(over("a", "22%", "18%", "26%", interval_kind="sem_of_runs"))
    assert (
        found.reason == "one standard error over runs either way says how runs differ, not how many rollouts there were"
    )


def test_a_drop_over_runs_is_welchs_t_at_the_worst_of_rounding() -> None:
    reference, treated = run_spread(REFERENCE), run_spread(TREATED)
    assert reference is not None
    assert treated is not None
    found = over_runs(reference, treated, ReportedClaim(ClaimedRegion.REDUCES, 0.02))
    # SE^2 = (.045^2 + .025^2) / 4 = .0006625; df = SE^4 / ((.045^2/4)^2/3 + (.025^2/4)^2/3) = 4.6908
    error = math.sqrt(0.0006625)
    df = 0.0006625**2 / ((0.045**2 / 4) ** 2 / 3 + (0.025**2 / 4) ** 2 / 3)
    assert (found.std_error, found.df) == (pytest.approx(error), pytest.approx(df))
    # the least drop that the prints allow is 21.5 - 10.5 = 11 points, the most 13
    assert found.p_support == pytest.approx(stats.t.sf((0.11 - 0.02) / error, df), rel=BY_HAND)
    assert found.p_contradict == pytest.approx(stats.t.cdf((0.13 - 0.02) / error, df), rel=BY_HAND)
    assert found.upper == pytest.approx(-0.11 + stats.t.ppf(0.975, df) * error)


def test_a_claim_of_any_drop_must_hold_on_the_log_odds_too() -> None:
    reference, treated = run_spread(REFERENCE), run_spread(over("b", "2%", "0%", "4%"))
    assert reference is not None
    assert treated is not None
    found = over_runs(reference, treated, ReportedClaim())
    # SD of the treated: (.045 - -.005) / 2 = .025, on the logit .025 / (.02 x .98) = 1.2755; of the reference .045 /
    # (.22 x .78) = .2622. SE^2 = (1.2755^2 + .2622^2) / 4 = .42392, df = SE^4 / ((1.2755^2/4)^2/3 + (.2622^2/4)^2/3)
    squares = [(0.025 / (0.02 * 0.98)) ** 2 / 4, (0.045 / (0.22 * 0.78)) ** 2 / 4]
    error, df = math.sqrt(sum(squares)), sum(squares) ** 2 / sum(square**2 / 3 for square in squares)
    distance = math.log(0.215 / 0.785) - math.log(0.025 / 0.975)
    assert found.p_support == pytest.approx(stats.t.sf(distance / error, df), rel=BY_HAND)
    assert found.method.endswith("on rates and on log-odds")


@pytest.mark.parametrize(
    ("claim", "supported"),
    [
        (ReportedClaim(ClaimedRegion.AT_LEAST_RATIO, 1.2), True),
        (ReportedClaim(ClaimedRegion.AT_LEAST_RATIO, 8.0), False),
        (ReportedClaim(ClaimedRegion.EQUIVALENT, 0.5), True),
        (ReportedClaim(ClaimedRegion.EQUIVALENT, 0.01), False),
    ],
)
def test_other_regions_are_held_against_the_runs_too(claim: ReportedClaim, supported: bool) -> None:
    reference, treated = run_spread(REFERENCE), run_spread(TREATED)
    assert reference is not None
    assert treated is not None
    found = over_runs(reference, treated, claim)
    assert (found.p_support < 0.025, found.p_contradict < 0.025) == (supported, not supported)


def test_a_zero_over_runs_is_a_one_sided_t() -> None:
    treated = run_spread(TREATED)
    assert treated is not None
    found = over_runs(None, treated, ReportedClaim(ClaimedRegion.REACHES_ZERO, 0.2))
    # SE = .025 / 2, 3 df, the highest rate printed as 10 % is .105
    assert found.p_support == pytest.approx(stats.t.sf((0.2 - 0.105) / 0.0125, 3), rel=BY_HAND)


def test_a_ratio_with_a_rate_of_zero_has_no_interval() -> None:
    reference, treated = run_spread(REFERENCE), run_spread(over("b", "0%", "0%", "2%"))
    assert reference is not None
    assert treated is not None
    assert over_runs(reference, treated, ReportedClaim(ClaimedRegion.AT_LEAST_RATIO, 2.0)).reason == (
        "a ratio with a rate of 0 has no interval"
    )


def test_the_p_of_a_zero_is_the_chance_of_none() -> None:
    sides = reported_zero(record("z", "0", n=100), 0.03).sides
    assert sides is not None
    support, contradict = rollout_tails(sides, ReportedClaim(ClaimedRegion.REACHES_ZERO, 0.03))
    # 0 of 100 where each has a chance of .03: .97^100
    assert support == pytest.approx(0.97**100, rel=INVERTED)
    assert contradict == 1.0


@settings(max_examples=15, deadline=None)
@given(events=st.integers(1, 60), more=st.integers(1, 100))
def test_the_p_of_a_drop_is_where_its_interval_touches_no_drop(events: int, more: int) -> None:
    reference = record("a", f"{(events + more) / 400:.4f}", n=400)
    treated = record("b", f"{events / 400:.4f}", n=400)
    compared = reported_comparison(reference, treated)
    assert compared.sides is not None
    support, _ = rollout_tails(compared.sides, compared.claim)
    one, two = compared.sides
    assert one.counts is not None
    assert two.counts is not None
    if 1e-8 < support < 0.49:
        difference, *_ = reported_contrasts(one.counts, two.counts, 1 - 2 * support)
        assert difference.upper == pytest.approx(0.0, abs=INVERTED)


def tokens(record_id: str, value: str) -> Reported:
    return record(record_id, value, unit="tokens")


def test_a_drop_per_token_is_taken_at_the_printed_figures_and_over_rounding() -> None:
    rates = record("a", "22%"), record("b", "~1%"), record("c", "~1%")
    found = drop_per_amount(*rates, tokens("t", "3M"), tokens("u", "85M"))
    # (21 / 3) / (21 / 85) = 28.33
    assert found.estimate == pytest.approx(85 / 3, rel=BY_HAND)
    # least: (22 - 2) / 3.5 over (22 - 0) / 84.5, at a reference of .215: (19.5/3.5) / (21.5/84.5) = 21.897
    assert found.lower == pytest.approx((19.5 / 3.5) / (21.5 / 84.5), rel=BY_HAND)
    # most: (21.5 - 0) / 2.5 over (21.5 - 2) / 85.5
    assert found.upper == pytest.approx((21.5 / 2.5) / (19.5 / 85.5), rel=BY_HAND)


def test_the_ratio_is_open_where_the_other_arm_may_not_have_fallen() -> None:
    rates = record("a", "22%"), record("b", "10%"), record("c", "22%")
    found = drop_per_amount(*rates, tokens("t", "3M"), tokens("u", "85M"))
    assert math.isnan(found.estimate)
    assert math.isinf(found.upper)
    assert found.reason == "the other arm's rate may not have fallen at all"


def test_an_amount_must_be_a_figure_above_zero() -> None:
    rates = record("a", "22%"), record("b", "10%"), record("c", "15%")
    found = drop_per_amount(*rates, tokens("t", ">3M"), tokens("u", "85M"))
    assert found.reason == "an amount of data must be printed as a figure above 0"


def test_a_rate_on_the_boundary_does_not_lie_inside_whatever_binary_fractions_say() -> None:
    # .03 - .01 is .0199999... in binary
    assert not ReportedClaim(ClaimedRegion.EQUIVALENT, 0.02).holds(0.03, 0.01)
    assert reported_comparison(
        record("a", "3%"), record("b", "1%"), ReportedClaim(ClaimedRegion.EQUIVALENT, 0.02)
    ).sides
