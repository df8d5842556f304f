"""Missing rollouts: bounds by hand, the share of events that tips a conclusion, and the verdict that says so."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixablate.claims import Flag, judge
from mixablate.design import Contrast, Design, design_of
from mixablate.estimate import (
    RunSummaries,
    Side,
    evidence_of,
    interval,
    missing_bounds,
    push_missing,
    score_missing,
    scored_rate,
    sides_of,
    tipping_curve,
    tipping_share,
)
from mixablate.study import Scale
from small_studies import claim, contrast_of, study_of, summaries_of, tables_of

ROUNDING = 1e-12  # the same sums in another order
FOUND = 1e-6  # of a share that bisection narrows to 1e-9
HIGH, LOW = [50, 45, 55, 48, 52], [35, 38, 41, 36, 39]
RATES = (Scale.RISK_DIFFERENCE, Scale.RISK_RATIO, Scale.LOG_ODDS)
TREATED, REFERENCE = Side.TREATED, Side.REFERENCE


def two_arms(
    reference: list[int] = HIGH, treated: list[int] = LOW, *, missing: int = 60, **analysis: str
) -> tuple[RunSummaries, Contrast, Design]:
    study = study_of(["tools"], **analysis)
    tables = tables_of(study, [({"tools": 0}, reference), ({"tools": 1}, treated)], missing=missing)
    summaries, design = summaries_of(study, tables)
    return summaries, contrast_of(design), design


ARMS = two_arms()


def test_bounds_by_hand() -> None:
    # Means 37.8 of 100 treated, 50 reference, 60 more each: (37.8 + 60 - 50)/160 = .29875; (37.8 - 110)/160 = -.45125
    summaries, contrast, design = two_arms()
    found = missing_bounds(summaries, contrast, Scale.RISK_DIFFERENCE, design)
    assert found.as_found.estimate == pytest.approx(-0.122, abs=ROUNDING)
    assert found.treated_events.estimate == pytest.approx(0.29875, abs=ROUNDING)
    assert found.reference_events.estimate == pytest.approx(-0.45125, abs=ROUNDING)
    assert (found.n_treated, found.n_reference) == (300, 300)
    assert found.lower == found.reference_events.lower
    assert found.upper == found.treated_events.upper


@pytest.mark.parametrize("scale", RATES)
@given(share=st.floats(0, 1), other=st.floats(0, 1))
def test_whatever_the_missing_were_the_estimate_lies_between_the_bounds(
    scale: Scale, share: float, other: float
) -> None:
    summaries, contrast, design = ARMS
    arms = sides_of(contrast)
    bounds = missing_bounds(summaries, contrast, scale, design)
    shares = dict.fromkeys(arms[TREATED], share) | dict.fromkeys(arms[REFERENCE], other)
    estimate = evidence_of(score_missing(summaries, shares), contrast, scale, design).estimate
    assert bounds.reference_events.estimate - ROUNDING <= estimate <= bounds.treated_events.estimate + ROUNDING


def test_pushing_is_scoring_with_shares_of_1_and_0_and_unnamed_arms_stay_missing() -> None:
    summaries, contrast, _ = two_arms()
    arms = sides_of(contrast)
    pushed = push_missing(summaries, arms[TREATED])
    scored = score_missing(summaries, dict.fromkeys(arms[TREATED], 1.0) | dict.fromkeys(arms[REFERENCE], 0.0))
    assert np.array_equal(pushed.events, scored.events)
    assert np.array_equal(pushed.log_odds, scored.log_odds)
    half = score_missing(summaries, dict.fromkeys(arms[TREATED], 0.5))
    treated = np.array([arm_id in arms[TREATED] for arm_id in summaries.arm_ids])
    assert half.events[treated, 0] == pytest.approx(np.array(LOW) + 30)
    assert half.trials[treated, 0] == pytest.approx(160)
    assert half.level[~treated] == pytest.approx(np.array(HIGH) / 100)
    assert half.missing[~treated, 0] == pytest.approx(60)
    assert not half.missing[treated].any()


def test_nothing_missing_leaves_bounds_and_finding_the_same() -> None:
    summaries, contrast, design = two_arms(missing=0)
    found = missing_bounds(summaries, contrast, Scale.LOG_ODDS, design)
    assert found.as_found == found.treated_events == found.reference_events
    curve = tipping_curve(summaries, contrast, Scale.LOG_ODDS, design, TREATED)
    assert curve.reason == "no rollout of the treated side is missing"
    assert curve.tipping is None


@pytest.mark.parametrize("scale", RATES)
@pytest.mark.parametrize("side", list(Side))
def test_at_the_tipping_share_the_interval_touches_no_effect(scale: Scale, side: Side) -> None:
    summaries, contrast, design = two_arms()
    curve = tipping_curve(summaries, contrast, scale, design, side)
    assert curve.tipping is not None
    at = score_missing(summaries, dict.fromkeys(sides_of(contrast)[side], curve.tipping))
    nothing = 1.0 if scale is Scale.RISK_RATIO else 0.0
    limits = interval(evidence_of(at, contrast, scale, design), 0.95)
    assert min(abs(limit - nothing) for limit in limits) < FOUND
    # Events among the treated side's missing undo a drop; so does their absence on the reference side.
    assert (curve.tipping > curve.scored) == (side is TREATED)


def test_a_curve_passes_through_the_estimate_at_each_share() -> None:
    summaries, contrast, design = two_arms()
    curve = tipping_curve(summaries, contrast, Scale.RISK_DIFFERENCE, design, TREATED)
    # The treated mean rate at share s is (37.8 + 60 s) / 160; the reference's stays .5.
    assert curve.estimates == pytest.approx((37.8 + 60 * curve.shares) / 160 - 0.5, abs=ROUNDING)
    assert (curve.lowers < curve.estimates).all()
    assert (curve.estimates < curve.uppers).all()
    assert curve.scored == pytest.approx(0.378)


def test_the_other_sides_missing_can_be_scored_too() -> None:
    summaries, contrast, design = two_arms()
    out = tipping_curve(summaries, contrast, Scale.RISK_DIFFERENCE, design, TREATED)
    none = tipping_curve(summaries, contrast, Scale.RISK_DIFFERENCE, design, TREATED, other=0.0)
    # (37.8 + 60 s)/160 - 50/160: without its missing scored as no events the reference stood at 50/100.
    assert none.estimates == pytest.approx((60 * none.shares - 12.2) / 160, abs=ROUNDING)
    assert none.tipping is not None
    assert out.tipping is not None
    assert none.tipping < out.tipping


def test_few_missing_tip_nothing() -> None:
    summaries, contrast, design = two_arms(missing=1)
    for side in Side:
        assert tipping_curve(summaries, contrast, Scale.LOG_ODDS, design, side).tipping is None


def test_swapping_the_arms_swaps_the_sides() -> None:
    one = tipping_curve(*_arguments(two_arms(HIGH, LOW)), TREATED)
    other = tipping_curve(*_arguments(two_arms(LOW, HIGH)), REFERENCE)
    assert other.tipping == pytest.approx(one.tipping, abs=FOUND)
    assert other.estimates == pytest.approx(-one.estimates, abs=ROUNDING)


def _arguments(arms: tuple[RunSummaries, Contrast, Design]) -> tuple[RunSummaries, Contrast, Scale, Design]:
    return arms[0], arms[1], Scale.LOG_ODDS, arms[2]


def test_two_runs_have_bounds_of_the_estimate_and_the_reason_why_no_interval() -> None:
    summaries, contrast, design = two_arms(HIGH[:2], LOW[:2])
    found = missing_bounds(summaries, contrast, Scale.RISK_DIFFERENCE, design)
    assert not math.isnan(found.treated_events.estimate)
    assert math.isnan(found.lower)
    assert math.isnan(found.upper)
    curve = tipping_curve(summaries, contrast, Scale.RISK_DIFFERENCE, design, TREATED)
    assert "training runs are needed" in curve.reason
    assert np.isnan(curve.lowers).all()


def test_incomplete_pairs_count_neither_as_runs_nor_as_missing() -> None:
    summaries, contrast, design = two_arms(HIGH, LOW[:4], pair="seed")
    found = missing_bounds(summaries, contrast, Scale.RISK_DIFFERENCE, design)
    assert (found.n_treated, found.n_reference) == (240, 240)


def test_the_tipping_share_is_the_nearest_on_either_side() -> None:
    assert tipping_share(lambda s: 0.2 < s < 0.6, True, 0.5) == pytest.approx(0.6, abs=FOUND)
    assert tipping_share(lambda s: 0.2 < s < 0.6, True, 0.3) == pytest.approx(0.2, abs=FOUND)
    assert tipping_share(lambda s: s < 2.0, True, 0.3) is None
    assert tipping_share(lambda s: s > 0.5, True, 0.3) == 0.3


@given(st.floats(0.001, 0.999), st.floats(0, 1))
def test_a_threshold_is_found_wherever_it_lies(threshold: float, start: float) -> None:
    found = tipping_share(lambda s: s >= threshold, start >= threshold, start)
    assert found == pytest.approx(threshold, abs=FOUND)


def test_scored_rates_pool_runs_and_evals() -> None:
    summaries, contrast, _ = two_arms()
    assert scored_rate(summaries, sides_of(contrast)[REFERENCE]) == pytest.approx(0.5)


def test_a_verdict_that_hangs_on_the_missing_says_from_which_share_it_would_turn() -> None:
    study = study_of(["tools"], [claim(kind="reduces")])

    def verdict(missing: int):
        tables = tables_of(study, [({"tools": 0}, HIGH), ({"tools": 1}, LOW)], missing=missing)
        (found,) = judge(study, tables, design_of(study, tables))
        return found

    found = verdict(60)
    summaries, contrast, design = two_arms()
    shares = [tipping_curve(summaries, contrast, Scale.LOG_ODDS, design, side).tipping for side in Side]
    assert Flag.MISSING_MATTERS in found.flags
    # The claim's region begins at no effect, so the existence test on log-odds decides, one-sided at half of alpha.
    assert f"{shares[0]:.1%} of the treated side's were events (37.8% of its scored)" in found.reason
    assert f"{shares[1]:.1%} of the reference side's were events (50.0% of its scored)" in found.reason
    assert "missing" not in verdict(0).reason


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_a_share_outside_0_and_1_is_refused(share: float) -> None:
    summaries, contrast, design = two_arms()
    with pytest.raises(ValueError, match="share of events must lie between 0 and 1"):
        score_missing(summaries, {summaries.arm_ids[0]: share})
    with pytest.raises(ValueError, match="share of events must lie between 0 and 1"):
        tipping_curve(summaries, contrast, Scale.LOG_ODDS, design, TREATED, other=share)


def test_a_level_outside_its_range_is_refused() -> None:
    summaries, contrast, design = two_arms()
    for call in (missing_bounds, lambda *a, **k: tipping_curve(*a, TREATED, **k)):
        with pytest.raises(ValueError, match="level must lie between 0 and 1"):
            call(summaries, contrast, Scale.LOG_ODDS, design, level=1.0)


def test_paired_bounds_reach_no_further_than_rates_can_be_apart() -> None:
    # Differences of -2, -98 and -95 points reach 136 points either way over three pairs.
    study = study_of(("tools",), pair="seed")
    tables = tables_of(study, [({"tools": 0}, [2, 98, 95]), ({"tools": 1}, [0, 0, 0])], missing=20)
    summaries, design = summaries_of(study, tables)
    contrast = contrast_of(design)
    assert interval(evidence_of(summaries, contrast, Scale.RISK_DIFFERENCE, design), 0.95)[0] < -1.0
    bounds = missing_bounds(summaries, contrast, Scale.RISK_DIFFERENCE, design)
    assert bounds.as_found.lower == bounds.treated_events.lower == bounds.reference_events.lower == -1.0
