"""Two reported rates and a claim: contrasts, rollouts and runs needed, tipping SDs, refusals and quotable sentences."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import betaincc, expit, logit
from scipy.stats import binom, norm

from mixablate.estimate import (
    clopper_pearson,
    conditional_odds_ratio,
    equivalence_test,
    mee_difference,
    miettinen_nurminen_difference,
    miettinen_nurminen_risk_ratio,
    upper_bound,
)
from mixablate.estimate.counts.restricted_rates import ratio_score_z, score_z
from mixablate.estimate.reported import (
    ClaimedRegion,
    PossibleCounts,
    ReportedClaim,
    Role,
    comparisons_frame,
    conflicting_reports,
    conflicts_frame,
    logit_side,
    rate_bounds,
    reported_comparison,
    reported_contrasts,
    reported_side,
    reported_zero,
    run_variation,
    side_by_side,
    trials_needed,
)
from mixablate.estimate.reported.quotable import about
from mixablate.estimate.runs.detectable import runs_for_power
from mixablate.estimate.runs.single_runs import tipping_run_sd
from mixablate.study import Reported

ANY_DROP = ReportedClaim()
REDUCES, RATIO = ClaimedRegion.REDUCES, ClaimedRegion.AT_LEAST_RATIO
ZERO, EQUIVALENT = ClaimedRegion.REACHES_ZERO, ClaimedRegion.EQUIVALENT
SAME = 1e-9  # two roads of floating-point arithmetic
SEARCHED = 1e-6  # a minimum found by a search
POWER_NOTES = {(22, 15): 482, (15, 3): 89, (3, 1): 769, (2, 1): 2319, (19, 1): 43, (65, 19): 17}  # mission.md, 4
APPROXIMATE = 0.015  # of a power: the normal approximation at a hundred or more rollouts, in counts


def report(value: str, arm: str, **keys: object) -> Reported:
    stated = {"id": f"{arm} {value}", "quantity": "mean honeypot rate", "value": value, "arm": arm}
    return Reported.model_validate(stated | keys)


def changed(record: Reported, **keys: object) -> Reported:
    return Reported.model_validate(record.model_dump() | keys)


@pytest.mark.parametrize(("percents", "expected"), POWER_NOTES.items(), ids=str)
def test_rollouts_for_power_are_those_of_the_independent_arithmetic(percents: tuple[int, int], expected: int) -> None:
    assert trials_needed(percents[0] / 100, percents[1] / 100, ANY_DROP).for_power == expected


def test_rollouts_for_power_by_hand() -> None:
    # p = .185, 2pq = .30155, root .549136; .22*.78 + .15*.85 = .2991, root .546900
    # (1.959964*.549136 + .841621*.546900)^2 / .07^2 = 1.536568^2 / .0049 = 481.85
    # (1.959964*.549136)^2 / .0049 = 236.4
    found = trials_needed(0.22, 0.15, ANY_DROP)
    assert (found.interval_excludes, found.for_power, found.power, found.reason) == (237, 482, 0.8, "")


@pytest.mark.parametrize(("reference", "treated", "minimum"), [(0.22, 0.15, 0.0), (0.65, 0.19, 0.3), (0.2, 0.0, 0.05)])
def test_the_score_interval_first_excludes_the_minimum_at_the_n_said(
    reference: float, treated: float, minimum: float
) -> None:
    n = trials_needed(reference, treated, ReportedClaim(REDUCES, minimum)).interval_excludes
    assert n is not None
    assert mee_difference(reference * n, n, treated * n, n)[0] > minimum
    assert mee_difference(reference * (n - 1), n - 1, treated * (n - 1), n - 1)[0] <= minimum


def test_the_score_test_of_a_ratio_first_rejects_at_the_n_said() -> None:
    n = trials_needed(0.65, 0.19, ReportedClaim(RATIO, 3.0)).interval_excludes
    assert n is not None
    z = [ratio_score_z(0.65 * m, m, 0.19 * m, m, 0.75) for m in (n - 1, n)]  # 3 is a share of 3/4
    assert z[0] < norm.ppf(0.975) <= z[1]


def test_a_factor_of_one_is_any_drop() -> None:
    one, other = (trials_needed(0.22, 0.15, claim) for claim in (ReportedClaim(RATIO, 1.0), ANY_DROP))
    assert (one.interval_excludes, one.for_power) == (other.interval_excludes, other.for_power)


def test_equivalence_is_first_shown_at_the_n_said() -> None:
    n = trials_needed(0.02, 0.01, ReportedClaim(EQUIVALENT, 0.02)).interval_excludes
    assert n is not None
    p_values = [equivalence_test(0.01 * m, m, 0.02 * m, m, 0.02).p_value for m in (n - 1, n)]
    assert p_values[1] <= 0.05 < p_values[0]


@pytest.mark.parametrize(
    ("reference", "treated", "claim"),
    [(0.3, 0.2, ANY_DROP), (0.4, 0.2, ReportedClaim(REDUCES, 0.1)), (0.5, 0.2, ReportedClaim(RATIO, 1.8))],
)
def test_the_power_at_the_n_said_is_that_of_every_table_counted(
    reference: float, treated: float, claim: ReportedClaim
) -> None:
    n = trials_needed(reference, treated, claim).for_power
    assert n is not None

    def rejects(low: int, high: int) -> bool:
        if claim.region is RATIO:
            return ratio_score_z(high, n, low, n, claim.amount / (1 + claim.amount)) > norm.ppf(0.975)
        return score_z(high, n, low, n, claim.amount) > norm.ppf(0.975)

    counts = range(n + 1)  # for each reference count, the treated counts that reject are those below a first one
    past = [bisect_left(counts, True, key=lambda low, high=high: not rejects(low, high)) for high in counts]
    chance = binom.pmf(list(counts), n, reference) @ binom.cdf(np.array(past) - 1, n, treated)
    assert chance == pytest.approx(0.8, abs=APPROXIMATE)


@pytest.mark.parametrize(("reference", "treated", "margin"), [(0.3, 0.3, 0.15), (0.2, 0.15, 0.15)])
def test_the_power_of_equivalence_at_the_n_said_is_that_of_every_table_counted(
    reference: float, treated: float, margin: float
) -> None:
    n = trials_needed(reference, treated, ReportedClaim(EQUIVALENT, margin)).for_power
    assert n is not None
    z, counts = norm.ppf(0.95), range(n + 1)
    inside = np.zeros(n + 1)
    for low in counts:  # for each treated count, the reference counts within both margins are a stretch
        first = bisect_left(counts, True, key=lambda high, low=low: score_z(high, n, low, n, -margin) > z)
        past = bisect_left(counts, True, key=lambda high, low=low: score_z(high, n, low, n, margin) >= -z)
        inside[low] = max(0.0, binom.cdf(past - 1, n, reference) - binom.cdf(first - 1, n, reference))
    assert binom.pmf(list(counts), n, treated) @ inside == pytest.approx(0.8, abs=APPROXIMATE)


def test_rollouts_for_a_zero_are_exact() -> None:
    # no event among n shows at most u where (1 - u)^n <= .05: 299 for 1 % (.99^298 = .0500, .99^299 = .0495)
    found = trials_needed(1.0, 0.0, ReportedClaim(ZERO, 0.01))
    assert (found.interval_excludes, found.for_power) == (299, 299)


@pytest.mark.parametrize(("rate", "bound"), [(0.005, 0.02), (0.02, 0.05), (0.1, 0.2)])
def test_rollouts_for_a_bound_are_those_found_by_trying_every_n(rate: float, bound: float) -> None:
    def power_at(trials: int) -> float:
        events = 0
        while upper_bound(events, trials) <= bound:
            events += 1
        return float(binom.cdf(events - 1, trials, rate))

    first = next(n for n in range(1, 2000) if power_at(n) >= 0.8)
    assert trials_needed(1.0, rate, ReportedClaim(ZERO, bound)).for_power == first


def test_a_claim_that_the_rates_do_not_bear_out_needs_no_number() -> None:
    found = trials_needed(0.15, 0.22, ANY_DROP)
    assert (found.interval_excludes, found.for_power) == (None, None)
    assert found.reason == "the rates themselves do not lie in the claimed region"


def test_more_rollouts_than_anyone_runs_are_said_to_be_so() -> None:
    found = trials_needed(0.2, 0.2 - 1e-6, ANY_DROP)
    assert found.for_power is None
    assert found.reason == "more than 100,000,000 rollouts an arm"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: trials_needed(1.2, 0.1, ANY_DROP), "rates must lie between 0 and 1, found 1.2 and 0.1"),
        (lambda: trials_needed(math.nan, 0.1, ANY_DROP), "rates must lie between 0 and 1, found nan and 0.1"),
        (lambda: trials_needed(0.2, 0.1, ANY_DROP, power=1.0), "power must lie between 0 and 1, found 1.0"),
        (lambda: trials_needed(0.2, 0.1, ANY_DROP, level=95), "level must lie between 0 and 1, found 95"),
        (lambda: ReportedClaim(REDUCES, -0.1), "the amount of reduces must be at least 0 and below 1, found -0.1"),
        (lambda: ReportedClaim(RATIO, 0.5), "the amount of at_least_ratio must be 1 or more and finite, found 0.5"),
        (lambda: ReportedClaim(ZERO, 0.0), "the amount of reaches_zero must be above 0 and below 1, found 0.0"),
        (lambda: ReportedClaim(EQUIVALENT), "the amount of equivalent must be above 0 and below 1, found 0.0"),
        (
            lambda: ReportedClaim(EQUIVALENT, math.nan),
            "the amount of equivalent must be above 0 and below 1, found nan",
        ),
        (lambda: run_variation(None, None, ANY_DROP, run_sds=(0.0,)), "run_sds must be more than 0 and finite"),
        (lambda: rate_bounds(PossibleCounts(9, 0, 0), 2.0), "level must lie between 0 and 1, found 2.0"),
        (
            lambda: reported_side(report("3x", "a", unit="times"), Role.TREATED),
            'record "a 3x" must hold a rate, found the unit "times"',
        ),
        (
            lambda: side_by_side([], "q", "a", "b"),
            'no record of the quantity "q" has the arm "a"',
        ),
    ],
)
def test_options_outside_their_range_are_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        call()


def test_a_zero_carries_its_bounds() -> None:
    found = rate_bounds(PossibleCounts(100, 0, 0))
    assert found is not None
    assert found.at_most == pytest.approx(1 - 0.05 ** (1 / 100), rel=SAME)  # 2.95 %
    assert found.upper == pytest.approx(1 - 0.025 ** (1 / 100), rel=SAME)  # 3.62 %


def test_bounds_take_the_worst_count_on_either_side_and_none_of_none() -> None:
    found = rate_bounds(PossibleCounts(300, 65, 67))
    assert found is not None
    assert (found.lower, found.upper) == (clopper_pearson(65, 300)[0], clopper_pearson(67, 300)[1])
    assert found.at_most == upper_bound(67, 300)
    assert rate_bounds(PossibleCounts(7, None, None)) is None


@settings(max_examples=40)
@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_contrasts_over_rounding_hold_those_of_every_pair_of_counts(n_1: int, n_0: int, data: st.DataObject) -> None:
    spans = []
    for trials in (n_1, n_0):
        ends = sorted((data.draw(st.integers(0, trials)), data.draw(st.integers(0, trials))))
        spans.append(PossibleCounts(trials, *ends))
    treated, reference = spans
    difference, ratio, log_odds = reported_contrasts(reference, treated)
    pairs = list(product(treated.counts, reference.counts))
    differences = [miettinen_nurminen_difference(k, n_1, j, n_0) for k, j in pairs]
    ratios = [miettinen_nurminen_risk_ratio(k, n_1, j, n_0) for k, j in pairs]
    odds = [conditional_odds_ratio(k, n_1, j, n_0) for k, j in pairs]
    assert difference.lower == pytest.approx(min(low for low, _ in differences), abs=SAME)
    assert difference.upper == pytest.approx(max(high for _, high in differences), abs=SAME)
    assert ratio.lower == pytest.approx(min(one.lower for one in ratios), rel=SAME)
    assert ratio.upper == pytest.approx(max(one.upper for one in ratios), rel=SAME)
    assert math.exp(log_odds.lower) == pytest.approx(min(one.lower for one in odds), rel=SAME)
    assert (math.exp(log_odds.upper) if log_odds.upper < math.inf else math.inf) == pytest.approx(
        max(one.upper for one in odds), rel=SAME
    )


def test_a_contrast_with_an_impossible_print_is_withheld_with_its_reason() -> None:
    found = reported_contrasts(PossibleCounts(7, None, None, "impossible"), PossibleCounts(100, 3, 3))
    assert all(math.isnan(one.estimate_lower) and math.isnan(one.upper) for one in found)
    assert {one.reason for one in found} == {"no whole count gives the printed rate of one side"}


def test_a_ratio_of_two_zeros_is_withheld_and_its_difference_is_not() -> None:
    difference, ratio, log_odds = reported_contrasts(PossibleCounts(100, 0, 0), PossibleCounts(100, 0, 0))
    assert difference.reason == ""
    assert ratio.reason == log_odds.reason == "no events, or nothing but events, on both sides: every ratio fits"
    assert (ratio.lower, ratio.upper) == (0.0, math.inf)


def variation_of(reference: float, treated: float, claim: ReportedClaim = ANY_DROP, n: int | None = None) -> float:
    found = run_variation(logit_side(reference, n, None), logit_side(treated, n, None), claim)
    assert found.tipping_sd is not None, found.reason
    return found.tipping_sd


def test_the_tipping_run_sd_by_hand() -> None:
    # logit .22 = -1.265666, logit .15 = -1.734601: |d| = .468935; d / (1.959964 sqrt 2) = .16918
    assert variation_of(0.22, 0.15) == pytest.approx(0.16918, abs=5e-6)


def test_the_tipping_run_sd_with_rollouts_by_hand() -> None:
    # 220 and 150 of 1000 with a half: log(220.5/780.5) = -1.264051, log(150.5/850.5) = -1.731863
    # v = 1/220.5 + 1/780.5 + 1/150.5 + 1/850.5 = .013637; ((.467812/1.959964)^2 - v)/2 = .021667; root .14720
    assert variation_of(0.22, 0.15, n=1000) == pytest.approx(0.14720, abs=5e-6)


@pytest.mark.parametrize("n", [None, 1000])
def test_a_boundary_of_no_effect_gives_the_same_by_the_search_as_in_closed_form(n: int | None) -> None:
    assert variation_of(0.22, 0.15, ReportedClaim(RATIO, 1.0), n) == pytest.approx(
        variation_of(0.22, 0.15, n=n), rel=SEARCHED
    )


@pytest.mark.parametrize(
    ("rates", "claim", "level"),
    [
        ((0.65, 0.19), ReportedClaim(RATIO, 3.0), 0.95),
        ((0.22, 0.15), ReportedClaim(REDUCES, 0.05), 0.95),
        ((0.02, 0.01), ReportedClaim(EQUIVALENT, 0.02), 0.9),
        ((0.3, 0.32), ReportedClaim(EQUIVALENT, 0.1), 0.9),
    ],
)
def test_the_tipping_run_sd_of_other_boundaries_is_that_of_a_search_over_the_plane(
    rates: tuple[float, float], claim: ReportedClaim, level: float
) -> None:
    # every point of the boundary on a fine grid of treated log-odds; nearest distance over z
    treated = expit(np.linspace(-12, 6, 400_001))
    boundaries = {
        RATIO: [treated * claim.amount],
        REDUCES: [treated + claim.amount],
        EQUIVALENT: [treated + claim.amount, treated - claim.amount],
    }
    nearest = min(
        float(np.hypot(logit(line[on]) - logit(rates[0]), logit(treated[on]) - logit(rates[1])).min())
        for line in boundaries[claim.region]
        for on in [(line > 0) & (line < 1)]
    )
    expected = nearest / norm.ppf(0.5 + level / 2)
    assert variation_of(*rates, claim) == pytest.approx(expected, rel=1e-5)  # the grid's step is 4.5e-5


def test_the_tipping_run_sd_of_a_zero_is_exact_over_rollouts() -> None:
    tipping = variation_of(0.0, 0.0, ReportedClaim(ZERO, 0.03), 300)

    def chance(z: float) -> float:
        return float(norm.pdf(z) * betaincc(1, 300, expit(logit(0.03) + tipping * z)))

    assert quad(chance, -12, 12, limit=200)[0] == pytest.approx(0.05, abs=1e-6)  # P(0 of 300) at the bound


def test_rollouts_alone_may_leave_a_claim_open() -> None:
    found = run_variation(logit_side(0.22, 100, None), logit_side(0.15, 100, None), ANY_DROP)
    assert found.tipping_sd is None
    assert found.reason == "rollouts alone already leave the claim open, whatever the runs do"
    zero = run_variation(None, logit_side(0.0, 50, None), ReportedClaim(ZERO, 0.03))
    assert (zero.tipping_sd, zero.reason) == (None, found.reason)


def test_more_runs_raise_the_tipping_sd_by_their_root() -> None:
    one, four = (
        run_variation(logit_side(0.22, None, runs), logit_side(0.15, None, runs), ANY_DROP).tipping_sd
        for runs in (1, 4)
    )
    assert one is not None
    assert four == pytest.approx(2 * one, rel=SAME)


def test_runs_needed_are_those_of_the_t_test_for_the_difference_of_log_odds() -> None:
    found = run_variation(logit_side(0.22, None, None), logit_side(0.15, None, None), ANY_DROP)
    effect = float(logit(0.22) - logit(0.15))
    assert found.runs_needed == tuple((sd, runs_for_power(effect, sd)) for sd in (0.3, 0.5, 0.7))
    assert found.runs_needed == ((0.3, 8), (0.5, 19), (0.7, 36))


def test_runs_needed_are_never_below_three_and_none_beyond_what_is_counted() -> None:
    few = run_variation(logit_side(0.65, None, None), logit_side(0.01, None, None), ANY_DROP)
    assert few.runs_needed[0] == (0.3, 3)
    many = run_variation(logit_side(0.2, None, None), logit_side(0.1999, None, None), ANY_DROP)
    assert many.runs_needed[2] == (0.7, None)
    bound = run_variation(None, logit_side(0.0299, None, None), ReportedClaim(ZERO, 0.02990001))
    assert bound.runs_needed == ((0.3, None), (0.5, None), (0.7, None))


def test_few_rollouts_without_an_event_leave_a_bound_open_and_name_no_runs() -> None:
    found = run_variation(None, logit_side(0.0, 30, None), ReportedClaim(ZERO, 0.01))  # .5/31 is above .01
    assert (found.tipping_sd, found.runs_needed) == (None, ())
    assert found.reason == "rollouts alone already leave the claim open, whatever the runs do"
    pair = run_variation(logit_side(0.1, 20, None), logit_side(0.0, 20, None), ReportedClaim(RATIO, 10.0))
    assert (pair.tipping_sd, pair.runs_needed, pair.reason) == (None, (), found.reason)


def test_a_rate_without_a_logit_gives_the_reason() -> None:
    found = run_variation(logit_side(0.22, None, None), logit_side(0.0, None, None), ANY_DROP)
    assert (found.tipping_sd, found.runs_needed) == (None, ())
    assert found.reason == "a rate of 0 or 1 without n has no logit"


def test_the_tipping_sd_is_that_of_single_runs() -> None:
    assert tipping_run_sd(0.468935, 0.0, 2.0, 0.95) == pytest.approx(variation_of(0.22, 0.15), abs=1e-6)
    assert tipping_run_sd(0.1, 1.0, 2.0, 0.95) is None


@pytest.mark.parametrize(
    ("claim", "rates", "holds"),
    [
        (ANY_DROP, (0.2, 0.2), False),
        (ReportedClaim(REDUCES, 0.05), (0.22, 0.15), True),
        (ReportedClaim(RATIO, 3.0), (0.65, 0.19), True),
        (ReportedClaim(RATIO, 4.0), (0.65, 0.19), False),
        (ReportedClaim(ZERO, 0.01), (0.5, 0.0), True),
        (ReportedClaim(EQUIVALENT, 0.02), (0.02, 0.01), True),
        (ReportedClaim(EQUIVALENT, 0.005), (0.02, 0.01), False),
    ],
)
def test_a_claim_is_a_region_of_two_rates(claim: ReportedClaim, rates: tuple[float, float], holds: bool) -> None:
    assert claim.holds(*rates) is holds


# Teaching Claude Why (Kutasov, Jermyn and others, May 2026), as listed in mission.md section 1c


def test_t1_demonstrations_without_n_say_what_they_would_need() -> None:
    found = reported_comparison(report("22%", "A0"), report("15%", "A1"))
    assert found.sentences == (
        "22% -> 15% without n: would need about 480 rollouts an arm even if every rollout were independent, and at "
        "least 8 runs an arm otherwise (80 % power for any drop; 8 runs at run SD 0.3, 19 at 0.5, 36 at 0.7).",
        "At the least favourable rates that the prints allow, about 660 rollouts an arm.",
        "With one run an arm, the claim of any drop stands only where the run-to-run SD on the logit is below 0.17, "
        "even with unlimited rollouts; 0.3 to 0.7 are typical of fine-tuning runs.",
    )
    assert found.contrasts == ()
    assert found.stands_if_independent is None


def test_t1_at_a_hundred_rollouts_an_arm_cannot_be_settled_and_at_a_thousand_can() -> None:
    hundred = reported_comparison(report("22%", "A0", n=100), report("15%", "A1", n=100))
    assert hundred.stands_if_independent is None
    lower, upper = miettinen_nurminen_difference(15, 100, 22, 100)
    assert (hundred.contrasts[0].lower, hundred.contrasts[0].upper) == pytest.approx((lower, upper), abs=SAME)
    assert "95 % interval −17.9 to 3.9" in hundred.sentences[2]
    assert "if every rollout were independent and there were no run-to-run variation" in hundred.sentences[2]
    thousand = reported_comparison(report("22%", "A0", n=1000), report("15%", "A1", n=1000))
    assert thousand.stands_if_independent is True
    assert (thousand.contrasts[0].estimate_lower, thousand.contrasts[0].estimate_upper) == pytest.approx((-0.08, -0.06))


def test_t3_within_error_bars_is_no_equivalence_without_thousands_of_rollouts() -> None:
    claim = ReportedClaim(EQUIVALENT, 0.02)
    found = reported_comparison(report("~1%", "A6"), report("2%", "A6-4"), claim)
    assert found.trials_needed is not None
    assert found.trials_needed.for_power is not None
    assert found.trials_needed.for_power > 1000
    assert found.trials_needed_at_worst is not None
    assert found.trials_needed_at_worst.for_power is None  # "~1%" may be 0 and "2%" 2.5: further apart than the margin
    assert "would not stand at any number of rollouts" in found.sentences[1]


def test_t3_nineteen_times_needs_few_rollouts_and_few_runs_for_any_drop() -> None:
    found = reported_comparison(report("19%", "A6-6"), report("1%", "A6"))
    assert found.trials_needed is not None
    assert found.trials_needed.for_power == 43
    assert found.variation is not None
    assert found.variation.runs_needed[0] == (0.3, 3)


def test_q6_more_than_three_times_is_the_riskier_claim() -> None:
    sides = report("65%", "B0", eval="blackmail"), report("19%", "B3", eval="blackmail")
    any_drop, factor = reported_comparison(*sides), reported_comparison(*sides, ReportedClaim(RATIO, 3.0))
    assert any_drop.trials_needed is not None
    assert factor.trials_needed is not None
    assert (any_drop.trials_needed.for_power, factor.trials_needed.for_power) == (17, 2087)


def test_q11_zeros_without_n_bound_nothing_and_with_n_carry_their_bound() -> None:
    claim = ReportedClaim(ZERO, 0.03)
    bare = reported_comparison(report("22%", "Sonnet 4"), report("0", "Haiku 4.5"), claim)
    assert bare.sentences[0] == 'Haiku 4.5: "0" without n bounds nothing; 0 of 299 would show at most 1 %.'
    assert bare.stands_if_independent is None
    stated = reported_comparison(report("22%", "Sonnet 4"), report("0", "Haiku 4.5", n=100), claim)
    assert stated.sentences[0] == (
        "Haiku 4.5: 0 with n = 100 is 0 of 100: at most 2.95 % (one-sided 95 % bound; the two-sided interval reaches "
        "3.6 %)."
    )
    assert stated.stands_if_independent is True
    assert reported_comparison(report("22%", "a"), report("20%", "b", n=100), claim).stands_if_independent is False


@pytest.mark.parametrize(
    ("value", "n", "stands"),
    [
        ("0", None, None),
        ("0", 98, None),
        ("0", 99, True),
        ("0%", 99, True),
        ("20%", 100, False),
        ("well under 1%", 2000, True),
    ],
)
def test_t21_a_zero_stands_alone_and_is_held_to_its_bound(value: str, n: int | None, stands: bool | None) -> None:
    # .97^98 = .0506, .97^99 = .0490; 0 % of 99 is no event; under 1 % of 2,000 is at most 19, at most 1.40 %
    found = reported_zero(report(value, "Haiku 4.5", n=n), 0.03)
    assert found.stands_if_independent is stands
    assert found.contrasts == ()
    assert not any(word in " ".join(found.sentences) for word in ("->", "Difference"))


def test_t21_a_zero_of_another_unit_is_refused() -> None:
    with pytest.raises(ValueError, match='must hold a rate, found the unit "tokens"'):
        reported_zero(report("0", "a", unit="tokens"), 0.01)


def test_q7_a_bound_is_held_to_its_least_favourable_rate() -> None:
    found = reported_comparison(report(">60%", "B0"), report("25%", "B2"))
    assert found.sides is not None
    assert found.sides[0].taken == 0.6
    assert "the claim is held to the least favourable rate" in found.sentences[0]
    equivalent = reported_comparison(report("2%", "a"), report("<1%", "b"), ReportedClaim(EQUIVALENT, 0.03))
    assert equivalent.trials_needed == equivalent.trials_needed_at_worst


def test_q10_up_to_says_nothing_of_a_drop() -> None:
    found = reported_comparison(report("up to 96%", "Opus 4"), report("3%", "A3"))
    assert found.trials_needed is not None
    assert found.trials_needed.for_power is None
    assert "would not stand at any number of rollouts" in found.sentences[1]


def test_an_impossible_print_is_named_and_its_n_left_out() -> None:
    found = reported_comparison(report("22%", "a", n=7), report("3%", "b", n=100))
    assert found.sentences[0] == (
        "a: 22% with n = 7 is impossible: no whole count of 7 rollouts gives a rate printed so."
    )
    assert found.stands_if_independent is None
    assert found.variation is not None
    assert not found.variation.rollouts_counted


def test_worst_cases_of_rounding_decide_whether_a_claim_stands() -> None:
    for claim, treated, stands in [
        (ReportedClaim(RATIO, 1.5), "15%", None),
        (ReportedClaim(RATIO, 2.0), "5%", True),
        (ReportedClaim(RATIO, 2.0), "20%", False),
        (ReportedClaim(REDUCES, 0.1), "20%", False),
        (ReportedClaim(EQUIVALENT, 0.1), "22%", True),
        (ReportedClaim(EQUIVALENT, 0.03), "5%", False),
    ]:
        found = reported_comparison(report("22%", "a", n=2000), report(treated, "b", n=2000), claim)
        assert found.stands_if_independent is stands, (claim, treated)


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        (
            {"quantity": "blackmail rate"},
            'records of different quantities are never compared: "mean honeypot rate" and "blackmail rate"',
        ),
        ({"eval": "E1"}, 'records of different evals are never compared: not stated and "E1"'),
        ({"base_model": "Opus 4"}, 'records of different base models are never compared: not stated and "Opus 4"'),
        ({"unit": "tokens"}, 'records of different units are never compared: "rate" and "tokens"'),
        ({"id": "A0 22%", "arm": "other"}, "it is one record, not two"),
        ({"arm": "A0"}, 'both report the arm "A0": a conflict of reports, or a rerun, not an effect'),
    ],
)
def test_what_does_not_measure_the_same_is_never_compared(keys: dict[str, object], reason: str) -> None:
    found = reported_comparison(report("22%", "A0"), changed(report("15%", "A1"), **keys))
    assert found.refused == reason
    assert found.sentences == (f"22% and 15% are not compared: {reason}.",)
    assert (found.sides, found.contrasts, found.trials_needed, found.variation) == (None, (), None, None)


def test_figures_that_are_no_rates_are_never_compared() -> None:
    found = reported_comparison(report("85M", "A4", unit="tokens"), report("3M", "A6", unit="tokens"))
    assert found.refused == 'only rates are compared; these are of the unit "tokens"'


def test_c2_the_chain_of_96_65_and_22_is_refused_link_by_link() -> None:
    opus = report("up to 96%", "Opus 4", quantity="blackmail rate, one cell", base_model="Opus 4", eval="E1")
    base = report("65%", "B0", quantity="blackmail rate", base_model="base", eval="E1")
    sonnet = report("22%", "A0", quantity="mean honeypot rate", base_model="Sonnet 4", eval="E123")
    for one, other in [(opus, base), (base, sonnet), (opus, sonnet)]:
        assert "never compared" in reported_comparison(one, other).refused


def test_c1_conflicting_reports_stand_side_by_side_and_each_is_judged() -> None:
    reports = [
        report("22%", "A0"),
        report("0", "A6", source="introduction", id="zero"),
        report("~1%", "A6", source="results", id="one"),
        report("3%", "A6", source="secondary pages", id="three"),
        report("15%", "A1"),
    ]
    (conflict,) = conflicting_reports(reports)
    assert [one.id for one in conflict.records] == ["zero", "one", "three"]
    assert not conflict.agree
    frame = conflicts_frame([conflict])
    assert list(frame["value"]) == ["0", "~1%", "3%"]
    assert not frame["agree"].any()
    compared = side_by_side(reports, "mean honeypot rate", "A0", "A6")
    assert [one.treated.id for one in compared] == ["zero", "one", "three"]
    assert list(comparisons_frame(compared)["treated_value"]) == ["0", "~1%", "3%"]


@pytest.mark.parametrize(
    ("values", "agree"),
    [
        (("0", "~1%"), True),  # "~1%" is 0 to 2 %
        (("1%", "~2%"), True),
        (("1%", "2%"), True),  # both may print 1.5 %
        (("1.0%", "2%"), False),
        (("<1%", "1.0%"), True),  # .95 to 1
        (("<1%", ">1%"), False),
        (("<1%", "≥1%"), False),
        (("≤1%", "≥1%"), True),
        (("29%", "30%"), True),
    ],
)
def test_reports_agree_where_their_prints_share_a_value(values: tuple[str, str], agree: bool) -> None:
    (conflict,) = conflicting_reports([report(value, "a") for value in values])
    assert conflict.agree is agree


def test_c7_reports_of_another_unit_may_conflict_too() -> None:
    (conflict,) = conflicting_reports([report(text, "A4", unit="tokens") for text in ("85M", "84M")])
    assert conflict.agree  # both may be 84.5 million
    (conflict,) = conflicting_reports([report(text, "A4", unit="tokens") for text in ("85.0M", "84M")])
    assert not conflict.agree


def test_c3_statements_in_words_stand_side_by_side_and_are_never_compared() -> None:
    said = [report(text, "D+", unit="words") for text in ("substantially reduced", "small but significant")]
    (conflict,) = conflicting_reports(said)
    assert not conflict.agree
    assert 'only rates are compared; these are of the unit "words"' in reported_comparison(*said).refused
    (same,) = conflicting_reports([said[0], changed(said[0], id="again")])
    assert same.agree


def test_a_comparison_is_one_row_and_its_contrasts_three() -> None:
    found = reported_comparison(report("22%", "A0", n=300, runs=3), report("15%", "A1", n=300, runs=3))
    frame = found.to_frame()
    assert len(frame) == 1
    row = frame.iloc[0]
    assert (row["reference_value"], row["treated_n"], row["claim"]) == ("22%", 300, "any drop")
    assert (row["trials_interval_excludes"], row["trials_for_power"]) == (237, 482)
    assert list(frame.filter(like="runs_at_sd").columns) == ["runs_at_sd_0.3", "runs_at_sd_0.5", "runs_at_sd_0.7"]
    assert list(found.contrasts_frame()["scale"]) == ["risk_difference", "risk_ratio", "log_odds"]
    assert "With the runs stated" in row["sentences"]
    mixed = reported_comparison(report("22%", "A0", n=3000, runs=3), report("15%", "A1", n=3000))
    assert "With the runs stated, one where none is" in mixed.sentences[-1]


def test_a_refused_comparison_is_one_row_too() -> None:
    row = reported_comparison(report("22%", "A0"), report("15%", "A0", id="b")).to_frame().iloc[0]
    assert row["trials_for_power"] is None
    assert row["refused"].startswith("both report the arm")


def test_a_wider_about_asks_for_more_rollouts_at_worst() -> None:
    sides = report("~5%", "a"), report("~2%", "b")
    narrow = reported_comparison(*sides, about_units=Fraction(1, 2)).trials_needed_at_worst
    wide = reported_comparison(*sides).trials_needed_at_worst
    assert narrow is not None
    assert wide is not None
    assert narrow.for_power is not None
    assert wide.for_power is not None
    assert narrow.for_power < wide.for_power


def test_counts_in_sentences_have_two_digits() -> None:
    assert [about(n) for n in (7, 99, 100, 482, 996, 2319, 58_480)] == [
        "7", "99", "about 100", "about 480", "about 1,000", "about 2,300", "about 58,000",
    ]  # fmt: skip
