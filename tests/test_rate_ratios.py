"""Ratios of two rates: other software's numbers, numbers by hand, and what must hold for any counts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from scipy.special import ndtri
from statsmodels.stats.proportion import confint_proportions_2indep

from drawn_counts import HAND, LEVELS, SAME, counts, gold, tables
from mixablate.estimate.counts.rate_ratios import (
    RatioInterval,
    katz_risk_ratio,
    koopman_risk_ratio,
    miettinen_nurminen_risk_ratio,
    wald_odds_ratio,
)
from mixablate.estimate.counts.restricted_rates import rates_at_ratio, ratio_score_z

Ratio = Callable[..., RatioInterval]
SCORES = [koopman_risk_ratio, miettinen_nurminen_risk_ratio]
RATIOS = [*SCORES, katz_risk_ratio, wald_odds_ratio]
SMALL = tables(6)
ROOT = 1e-6  # statsmodels' limits, relative, by its own root finding
TWO_DECIMALS = 5e-3


@pytest.mark.parametrize("row", gold("diff_interval_newcombe1998")["cases"], ids=lambda r: f"{r['x1']}/{r['n1']}")
def test_the_normal_intervals_are_those_of_r(row: dict[str, Any]) -> None:
    tolerance = gold("diff_interval_newcombe1998")["tolerance"]["abs"]
    for name, ratio in (("or_wald", wald_odds_ratio), ("rr_katz", katz_risk_ratio)):
        found = ratio(row["x1"], row["n1"], row["x2"], row["n2"], row["conf"])
        if row[name] is None:
            assert "a side has no events or nothing but events" in found.reason
            assert math.isnan(found.lower)
            assert math.isnan(found.upper)
        else:
            assert (found.estimate, found.lower, found.upper) == pytest.approx(tuple(row[name]), rel=tolerance)
            assert found.reason == ""


def test_the_interval_of_koopman_1984() -> None:
    found = koopman_risk_ratio(36, 40, 16, 80)
    assert (found.estimate, found.lower, found.upper) == pytest.approx((4.5, 2.94, 7.15), abs=TWO_DECIMALS)


def test_the_normal_intervals_by_hand() -> None:
    # 30 of 100 against 10 of 100: ratio 3, log SE sqrt(1/30 - 1/100 + 1/10 - 1/100) = .336650, times 1.95996 = .659822,
    # exp .659822 = 1.934448
    found = katz_risk_ratio(30, 100, 10, 100)
    assert (found.lower, found.upper) == pytest.approx((3 / 1.934448, 3 * 1.934448), abs=HAND)
    # odds 30/70 against 10/90: 3.857143, log SE sqrt(1/30 + 1/70 + 1/10 + 1/90) = .398410, times 1.95996 = .780869
    odds = wald_odds_ratio(30, 100, 10, 100)
    assert odds.estimate == pytest.approx(3.857143, abs=HAND)
    assert odds.lower == pytest.approx(3.857143 / math.exp(0.780869), abs=HAND)


@pytest.mark.parametrize(("ratio", "correction"), [(koopman_risk_ratio, False), (miettinen_nurminen_risk_ratio, True)])
@pytest.mark.parametrize(
    "table", [(36, 40, 16, 80), (3, 50, 12, 40), (1, 200, 5, 150), (7, 9, 2, 11), (60, 61, 50, 70)]
)
def test_statsmodels_gives_the_same_score_intervals(ratio: Ratio, correction: bool, table: tuple[int, ...]) -> None:
    theirs = confint_proportions_2indep(*table, compare="ratio", method="score", correction=correction, alpha=0.1)
    found = ratio(*table, 0.9)
    assert (found.lower, found.upper) == pytest.approx(theirs, rel=ROOT)


@given(counts(), counts())
def test_the_square_of_the_score_is_koopmans_chi_square(one: tuple[int, int], other: tuple[int, int]) -> None:
    (x1, n1), (x0, n0) = one, other
    for share in (0.1, 0.4, 0.7):
        rate_1, rate_0 = rates_at_ratio(x1, n1, x0, n0, share)
        if 0 < rate_1 < 1 and 0 < rate_0 < 1:
            assert rate_1 / (rate_1 + rate_0) == pytest.approx(share, rel=SAME)
            chi_1 = (x1 - n1 * rate_1) ** 2 / (n1 * rate_1 * (1 - rate_1))
            chi_0 = (x0 - n0 * rate_0) ** 2 / (n0 * rate_0 * (1 - rate_0))
            assert ratio_score_z(x1, n1, x0, n0, share) ** 2 == pytest.approx(chi_1 + chi_0, rel=1e-6, abs=SAME)


def test_the_score_test_rejects_outside_its_limits_and_nowhere_within_for_every_small_table() -> None:
    quantile = ndtri(0.95)
    for table in SMALL:
        found = koopman_risk_ratio(*table, 0.9)
        assert 0 <= found.lower <= found.upper <= math.inf
        lower = found.lower / (1 + found.lower)
        upper = found.upper / (1 + found.upper) if found.upper < math.inf else 1.0
        for at in (0.001, 0.5, 0.999):
            assert abs(ratio_score_z(*table, lower + at * (upper - lower))) <= quantile + SAME, table
            if lower > 0:
                assert ratio_score_z(*table, at * lower) >= quantile - SAME, table
            if upper < 1:
                assert ratio_score_z(*table, upper + at * (1 - upper)) <= -quantile + SAME, table


@pytest.mark.parametrize("ratio", SCORES)
def test_sides_without_events_have_a_limit_at_the_edge_and_the_other_inside(ratio: Ratio) -> None:
    none_on_1, none_on_0, none = ratio(0, 20, 5, 20), ratio(5, 20, 0, 20), ratio(0, 20, 0, 20)
    assert (none_on_1.estimate, none_on_1.lower) == (0.0, 0.0)
    assert 0 < none_on_1.upper < 1
    assert (none_on_0.estimate, none_on_0.upper) == (math.inf, math.inf)
    assert none_on_0.lower == pytest.approx(1 / none_on_1.upper, rel=SAME)
    assert math.isnan(none.estimate)
    assert (none.lower, none.upper) == (0.0, math.inf)
    assert none.reason == "neither side has events, so that every ratio fits"


@pytest.mark.parametrize("ratio", RATIOS)
@given(one=counts(), other=counts(), level=LEVELS)
def test_swapping_the_sides_inverts_the_ratio(
    ratio: Ratio, one: tuple[int, int], other: tuple[int, int], level: float
) -> None:
    found, swapped = ratio(*one, *other, level), ratio(*other, *one, level)
    if not math.isnan(found.lower):
        inverted = [math.inf if number == 0 else 1 / number for number in (found.upper, found.lower)]
        assert [swapped.lower, swapped.upper] == pytest.approx(inverted, rel=SAME)
    assert swapped.reason == found.reason
    assert math.isnan(found.estimate) or found.lower <= found.estimate <= found.upper or math.isnan(found.lower)


@given(one=counts(), other=counts(), level=LEVELS)
def test_counting_non_events_inverts_the_odds_ratio(one: tuple[int, int], other: tuple[int, int], level: float) -> None:
    found = wald_odds_ratio(*one, *other, level)
    mirrored = wald_odds_ratio(one[1] - one[0], one[1], other[1] - other[0], other[1], level)
    if not found.reason:
        assert (mirrored.lower, mirrored.upper) == pytest.approx((1 / found.upper, 1 / found.lower), rel=SAME)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize(
    ("table", "level", "said"),
    [
        ((1, 0, 1, 5), 0.95, "trials must be more than 0"),
        ((1, 5, 6, 5), 0.95, "events must lie between 0 and the 5 trials"),
        ((1, 5, 1, 5), 1.0, "level must lie between 0 and 1"),
    ],
)
def test_arguments_outside_their_range_are_refused(
    ratio: Ratio, table: tuple[float, float, float, float], level: float, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        ratio(*table, level)
