"""Rates corrected for a judge's errors: by hand, by numerical derivatives, against a known truth, and refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import norm, t

from mixablate.design import Contrast, Design
from mixablate.estimate import (
    CorrectedDifference,
    Judge,
    JudgeByArm,
    RunSummaries,
    corrected_contrast,
    corrected_difference,
    corrected_limits,
    corrected_rate,
    evidence_of,
    interval,
    lang_reiczigel,
    rogan_gladen,
    validated_judge,
    wilson,
)
from mixablate.study import Scale
from small_studies import contrast_of, study_of, summaries_of, tables_of

ROUNDING = 1e-12  # the same sums in another order
DERIVATIVE = 1e-6  # central differences with a step of 1e-5
Z = norm.ppf(0.975)
GOOD = validated_judge(45, 50, 147, 150)
REFERENCE, TREATED = [40, 52, 47, 61], [22, 30, 17]
SHARES = st.floats(0.55, 1.0)


def two_arms(
    reference: list[int], treated: list[int], trials: int = 100, **analysis: str
) -> tuple[RunSummaries, Contrast, Design]:
    study = study_of(["tools"], **analysis)
    tables = tables_of(study, [({"tools": 0}, reference), ({"tools": 1}, treated)], trials=trials)
    summaries, design = summaries_of(study, tables)
    return summaries, contrast_of(design), design


def contrast(judge: Judge | JudgeByArm, *, level: float = 0.95) -> CorrectedDifference:
    return corrected_contrast(*two_arms(REFERENCE, TREATED), judge, level)


def pulled(successes: float, n: float) -> float:
    share = (successes + 0.5) / (n + 1)
    return share * (1 - share) / n


def by_derivatives(
    function: Callable[[np.ndarray], float], at: np.ndarray, variances: np.ndarray, step: float = 1e-5
) -> float:
    """The delta method by central differences: another road to a variance."""
    steps = step * np.eye(at.size)
    gradient = np.array([(function(at + s) - function(at - s)) / (2 * step) for s in steps])
    return float(gradient**2 @ variances)


def test_a_rate_corrected_by_hand() -> None:
    # (.30 + .80 - 1) / (.90 + .80 - 1) = .1 / .7 = 1/7; known shares: sqrt(.3 * .7 / 100) / .7 = .045826 / .7 = .065465
    found = corrected_rate(30, 100, Judge(0.9, 0.8))
    assert found.estimate == pytest.approx(1 / 7, abs=ROUNDING)
    assert found.std_error == pytest.approx(0.0654654, abs=1e-7)
    # Of 50 and 100: .21/100 + (1/7)^2 .09/50 + (6/7)^2 .16/100 = .0021 + .0000367 + .0011755 = .0033122; /.49
    assert corrected_rate(30, 100, validated_judge(45, 50, 80, 100)).std_error == pytest.approx(
        math.sqrt((0.0021 + 0.09 / 50 / 49 + 0.16 / 100 * 36 / 49) / 0.49), abs=ROUNDING
    )


def test_the_raw_and_the_clipped_rate_are_both_kept() -> None:
    found = corrected_rate(4, 200, Judge(0.9, 0.97))
    assert found.estimate == pytest.approx(-0.01 / 0.87, abs=ROUNDING)
    assert found.clipped == 0.0
    assert found.lower < 0.0 == found.clipped_limits[0]


@given(st.integers(0, 60), SHARES, SHARES, st.integers(5, 200), st.integers(5, 200))
def test_the_variance_of_a_rate_is_the_delta_method(
    events: int, sensitivity: float, specificity: float, positives: int, negatives: int
) -> None:
    judge = Judge(sensitivity, specificity, positives, negatives)
    at = np.array([events / 60, sensitivity, specificity])
    variances = np.array([v * (1 - v) / n for v, n in zip(at, (60, positives, negatives), strict=True)])
    slow = by_derivatives(lambda a: (a[0] + a[2] - 1) / (a[1] + a[2] - 1), at, variances)
    assert corrected_rate(events, 60, judge).std_error ** 2 == pytest.approx(slow, rel=1e-4, abs=DERIVATIVE)


def test_a_difference_by_hand_with_known_shares() -> None:
    # (.30 - .50) / (.90 + .90 - 1) = -.25
    found = corrected_difference(30, 100, 50, 100, Judge(0.9, 0.9))
    assert found.estimate == pytest.approx(-0.25, abs=ROUNDING)
    assert found.std_error == pytest.approx(math.sqrt(pulled(30, 100) + pulled(50, 100)) / 0.8, abs=ROUNDING)
    assert (found.lower, found.upper) == pytest.approx(
        (-0.25 - Z * found.std_error, -0.25 + Z * found.std_error), abs=ROUNDING
    )
    assert (found.judge_share, found.note, found.reason) == (0.0, "", "")


@given(st.integers(1, 59), st.integers(1, 59), st.integers(30, 49), st.integers(90, 149))
def test_a_common_judge_is_the_joint_delta_method(one: int, zero: int, found_of_50: int, passed_of_150: int) -> None:
    judge = validated_judge(found_of_50, 50, passed_of_150, 150)
    at = np.array([one / 60, zero / 60, judge.sensitivity, judge.specificity])
    variances = np.array([pulled(one, 60), pulled(zero, 60), pulled(found_of_50, 50), pulled(passed_of_150, 150)])
    slow = by_derivatives(lambda a: (a[0] - a[1]) / (a[2] + a[3] - 1), at, variances)
    found = corrected_difference(one, 60, zero, 60, judge)
    assert found.reason or found.std_error**2 == pytest.approx(slow, rel=1e-4, abs=DERIVATIVE)


@given(st.integers(1, 59), st.integers(1, 59), st.integers(40, 49), st.integers(100, 149))
def test_judges_by_arm_are_the_delta_method_of_six_rates(
    one: int, zero: int, found_of_50: int, passed_of_150: int
) -> None:
    judges = JudgeByArm(validated_judge(found_of_50, 50, passed_of_150, 150), GOOD)
    at = np.array([one / 60, zero / 60, found_of_50 / 50, passed_of_150 / 150, 45 / 50, 147 / 150])
    sizes = (60, 60, 50, 150, 50, 150)
    variances = np.array([pulled(rate * n, n) for rate, n in zip(at, sizes, strict=True)])
    slow = by_derivatives(
        lambda a: (a[0] + a[3] - 1) / (a[2] + a[3] - 1) - (a[1] + a[5] - 1) / (a[4] + a[5] - 1), at, variances
    )
    found = corrected_difference(one, 60, zero, 60, judges)
    assert found.std_error**2 == pytest.approx(slow, rel=1e-4, abs=DERIVATIVE)


def test_a_common_judges_uncertainty_matters_only_as_far_as_there_is_a_difference() -> None:
    same = corrected_difference(60, 300, 60, 300, GOOD)
    assert same.judge_share == 0.0
    assert corrected_difference(20, 300, 90, 300, GOOD).judge_share > 0.0
    assert corrected_difference(60, 300, 60, 300, JudgeByArm(GOOD, GOOD)).judge_share > 0.1


@given(st.integers(0, 60), st.integers(0, 60))
def test_swapping_the_arms_turns_the_difference_around(one: int, zero: int) -> None:
    other = validated_judge(40, 50, 140, 150)
    found = corrected_difference(one, 60, zero, 60, JudgeByArm(GOOD, other))
    turned = corrected_difference(zero, 60, one, 60, JudgeByArm(other, GOOD))
    assert (turned.estimate, turned.lower, turned.upper) == pytest.approx(
        (-found.estimate, -found.upper, -found.lower), abs=ROUNDING
    )
    assert turned.judge_share == pytest.approx(found.judge_share, abs=ROUNDING)


@given(st.integers(0, 60), SHARES, SHARES)
def test_events_and_non_events_swap_with_sensitivity_and_specificity(
    events: int, sensitivity: float, specificity: float
) -> None:
    judge, mirrored = Judge(sensitivity, specificity, 40, 160), Judge(specificity, sensitivity, 160, 40)
    for method in (corrected_rate, lang_reiczigel):
        found, turned = method(events, 60, judge), method(60 - events, 60, mirrored)
        # A judge barely better than a coin divides by a J of a tenth: rounding grows by as much.
        assert (turned.estimate, turned.lower) == pytest.approx((1 - found.estimate, 1 - found.upper), abs=1e-9)


def test_a_larger_validation_set_never_widens_the_interval_and_a_known_judge_is_its_limit() -> None:
    widths = []
    for times in (1, 2, 10, 1e9):
        found = corrected_difference(
            30, 300, 75, 300, validated_judge(45 * times, 50 * times, 147 * times, 150 * times)
        )
        widths.append(found.upper - found.lower)
    assert widths == sorted(widths, reverse=True)
    known = corrected_difference(30, 300, 75, 300, Judge(0.9, 0.98))
    assert widths[-1] == pytest.approx(known.upper - known.lower, rel=1e-6)


def test_limits_of_the_apparent_rate_are_mapped_by_the_judge() -> None:
    judge = Judge(0.96, 0.89)
    low, high = wilson(23, 150)
    assert corrected_limits((low, high), judge) == pytest.approx(
        ((low - 0.11) / 0.85, (high - 0.11) / 0.85), abs=ROUNDING
    )


def test_lang_and_reiczigel_with_a_known_judge_is_agresti_and_coull_mapped() -> None:
    # Without validation error nothing moves the centre: (x + z^2/2)/(n + z^2) plus and minus z standard errors.
    size = 150 + Z**2
    rate = (23 + Z**2 / 2) / size
    reach = Z * math.sqrt(rate * (1 - rate) / size)
    found = lang_reiczigel(23, 150, Judge(0.96, 0.89))
    assert (found.lower, found.upper) == pytest.approx(
        corrected_limits((rate - reach, rate + reach), Judge(0.96, 0.89)), abs=1e-9
    )


def test_a_judge_no_better_than_a_coin_gives_no_rate_and_says_why() -> None:
    coin = Judge(0.6, 0.4)
    assert math.isnan(rogan_gladen(0.3, coin))
    for found in (
        corrected_rate(3, 10, coin),
        lang_reiczigel(3, 10, coin),
        corrected_difference(3, 10, 5, 10, coin),
        corrected_difference(3, 10, 5, 10, JudgeByArm(GOOD, coin)),
        contrast(coin),
    ):
        assert math.isnan(found.estimate)
        assert math.isnan(found.lower)
        assert "no better than a coin" in found.reason


def test_a_judge_not_shown_to_beat_a_coin_gives_an_estimate_without_interval() -> None:
    found = corrected_difference(30, 100, 50, 100, validated_judge(6, 10, 6, 10))
    assert found.estimate == pytest.approx(-1.0, abs=ROUNDING)
    assert math.isnan(found.lower)
    assert "does not show the judge to be better than a coin" in found.reason


def test_a_small_validation_set_is_noted() -> None:
    assert "validated on 60 rollouts" in corrected_difference(30, 100, 50, 100, validated_judge(9, 10, 49, 50)).note
    assert "8 of them events" in corrected_difference(30, 100, 50, 100, validated_judge(8, 8, 290, 300)).note
    assert corrected_difference(30, 100, 50, 100, validated_judge(9, 10, 186, 190)).note == ""


def test_over_runs_the_corrected_contrast_by_hand() -> None:
    # Per-run corrected rates, their variance between runs over n on each side, and the common judge's part d^2 V / J^2.
    judge = validated_judge(45, 50, 147, 150)
    scale = judge.youden
    ones, zeros = (np.array(runs) / 100 for runs in (TREATED, REFERENCE))
    corrected = [(rates + judge.specificity - 1) / scale for rates in (ones, zeros)]
    found = contrast(judge)
    assert found.estimate == pytest.approx(corrected[0].mean() - corrected[1].mean(), abs=ROUNDING)
    assert (found.treated, found.reference) == pytest.approx([c.mean() for c in corrected], abs=ROUNDING)
    spread = [c.var(ddof=1) / c.size for c in corrected]
    part = [(found.estimate / scale) ** 2 * v for v in (pulled(45, 50), pulled(147, 150))]
    apparent = evidence_of(*two_arms(REFERENCE, TREATED)[:2], Scale.RISK_DIFFERENCE, two_arms(REFERENCE, TREATED)[2])
    between = (apparent.std_error / scale) ** 2  # at least the spread of the rates: the log-odds' may be the wider
    assert between >= sum(spread) - ROUNDING
    assert found.std_error == pytest.approx(math.sqrt(between + sum(part)), abs=ROUNDING)
    assert found.judge_share == pytest.approx(sum(part) / (between + sum(part)), abs=ROUNDING)
    df = (between + sum(part)) ** 2 / (between**2 / apparent.df + part[0] ** 2 / 49 + part[1] ** 2 / 149)
    assert found.df == pytest.approx(df, rel=ROUNDING)
    low, high = interval(apparent, 0.95)
    reach = t.ppf(0.975, df) * math.sqrt(sum(part))
    down, up = (apparent.estimate - low) / scale, (high - apparent.estimate) / scale
    assert (found.lower, found.upper) == pytest.approx(
        (found.estimate - math.hypot(down, reach), found.estimate + math.hypot(up, reach)), abs=ROUNDING
    )


def test_a_perfect_known_judge_changes_nothing_over_runs() -> None:
    found = contrast(Judge(1.0, 1.0))
    summaries, arms, design = two_arms(REFERENCE, TREATED)
    apparent = evidence_of(summaries, arms, Scale.RISK_DIFFERENCE, design)
    assert (found.lower, found.upper) == pytest.approx(interval(apparent, 0.95), abs=ROUNDING)
    assert found.std_error == pytest.approx(apparent.std_error, abs=ROUNDING)


def test_one_known_judge_on_both_sides_is_the_common_judge() -> None:
    known = Judge(0.9, 0.95)
    common, each = contrast(known), contrast(JudgeByArm(known, known))
    for name in ("estimate", "std_error", "df", "lower", "upper"):
        assert getattr(each, name) == pytest.approx(getattr(common, name), rel=1e-9)


def test_a_judge_for_each_side_takes_out_what_one_side_alone_got_wrong() -> None:
    # The treated side's judge misses a third of events: 23 % judged are 34.5 %.
    lenient = Judge(2 / 3, 1.0, 300, 300)
    found = contrast(JudgeByArm(lenient, Judge(1.0, 1.0)))
    assert found.treated == pytest.approx(0.345, abs=ROUNDING)
    assert found.reference == pytest.approx(0.5, abs=ROUNDING)
    assert found.lower < found.estimate < found.upper
    assert 0.0 < found.judge_share < 1.0


def test_pairs_take_a_common_judge_and_not_one_for_each_side() -> None:
    paired = two_arms([40, 52, 47, 61], [22, 30, 17, 33], pair="seed")
    common = corrected_contrast(*paired, GOOD)
    apparent = evidence_of(*paired[:2], Scale.RISK_DIFFERENCE, paired[2])
    assert common.estimate == pytest.approx(apparent.estimate / GOOD.youden, abs=ROUNDING)
    assert not common.reason
    assert "independent" in corrected_contrast(*paired, JudgeByArm(GOOD, GOOD)).reason


def test_two_runs_on_a_side_get_the_corrected_estimate_without_interval() -> None:
    found = corrected_contrast(*two_arms([40, 52], [22, 30]), Judge(0.9, 0.9))
    assert found.estimate == pytest.approx(-0.2 / 0.8, abs=ROUNDING)
    assert "training runs are needed" in found.reason
    assert math.isnan(found.upper)


def test_the_order_of_runs_moves_nothing() -> None:
    backwards = corrected_contrast(*two_arms(REFERENCE[::-1], TREATED[::-1]), GOOD)
    forwards = contrast(GOOD)
    assert (backwards.lower, backwards.df) == pytest.approx((forwards.lower, forwards.df), rel=ROUNDING)


def drawn(rng: np.random.Generator, rate: float, judge: Judge, n: int, size: int) -> np.ndarray:
    return rng.binomial(n, rate * judge.sensitivity + (1 - rate) * (1 - judge.specificity), size)


@pytest.mark.parametrize("common", [True, False], ids=["common", "by arm"])
@pytest.mark.parametrize(("treated", "reference"), [(0.05, 0.2), (0.1, 0.1)])
def test_differences_cover_at_200_validated_rollouts(common: bool, treated: float, reference: float) -> None:
    # S11: 93 to 98 %. In 8,000 other studies of these cells 95.3 to 96.1 % were covered, so that 2,000 leave 93 to 98 %
    # on another seed with probability below 1e-4.
    rng, size, truth = np.random.default_rng(11), 2000, Judge(0.9, 0.96)
    ones, zeros = drawn(rng, treated, truth, 300, size), drawn(rng, reference, truth, 300, size)
    sets = [(rng.binomial(30, 0.9, size), rng.binomial(170, 0.96, size)) for _ in range(2)]
    covered = 0
    for study in range(size):
        judges = [validated_judge(tp[study], 30, tn[study], 170) for tp, tn in sets]
        judge = judges[0] if common else JudgeByArm(*judges)
        found = corrected_difference(ones[study], 300, zeros[study], 300, judge)
        covered += found.lower <= treated - reference <= found.upper
    assert 0.93 <= covered / size <= 0.98


def test_uncorrected_the_same_differences_are_missed() -> None:
    # Expected apparent difference: -.15 * .86 = -.129; its interval holds -.15 less than 95 % of the time.
    rng, size, truth = np.random.default_rng(5), 500, Judge(0.7, 0.9)
    ones, zeros = drawn(rng, 0.05, truth, 1000, size), drawn(rng, 0.3, truth, 1000, size)
    held = [
        (found := corrected_difference(a, 1000, b, 1000, Judge(1.0, 1.0))).lower <= -0.25 <= found.upper
        for a, b in zip(ones, zeros, strict=True)
    ]
    assert np.mean(held) < 0.1


@pytest.mark.parametrize("common", [True, False], ids=["common", "by arm"])
def test_over_five_runs_a_side_the_corrected_contrast_covers(common: bool) -> None:
    # 2,000 studies of 5 v 5 runs of 300 rollouts, run SD .5 on the logit. In 4,000 others 96.3 % (common judge) and
    # 96.9 % (by arm) were covered: another seed would leave 93 to 98 % with a probability of .3 % at most.
    assert 0.93 <= coverage_over_runs(common, 2000, np.random.default_rng(3)) <= 0.98


def coverage_over_runs(common: bool, size: int, rng: np.random.Generator, runs: int = 5) -> float:
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    centres = np.array([-1.2, -2.2])  # reference and treated
    means = (expit(centres[:, None] + 0.5 * nodes) * weights).sum(axis=1) / weights.sum()
    summaries, arms, design = two_arms([50] * runs, [50] * runs, trials=300)
    signs = dict(arms.coefficients)
    treated_arm = max(signs, key=signs.__getitem__)
    side = np.array([arm_id == treated_arm for arm_id in summaries.arm_ids], dtype=int)
    truth, covered = Judge(0.9, 0.96), 0
    for _ in range(size):
        rates = expit(centres[side] + 0.5 * rng.standard_normal(2 * runs))
        counts = rng.binomial(300, rates * truth.sensitivity + (1 - rates) * (1 - truth.specificity)).astype(float)
        judges = [validated_judge(rng.binomial(40, 0.9), 40, rng.binomial(160, 0.96), 160) for _ in range(2)]
        drawn_runs = replace(
            summaries,
            events=counts[:, None],
            level=counts / 300,
            log_odds=np.log((counts + 0.5) / (300.5 - counts)),
        )
        judge = judges[0] if common else JudgeByArm(*judges)
        found = corrected_contrast(drawn_runs, arms, design, judge)
        covered += found.lower <= means[1] - means[0] <= found.upper
    return covered / size


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Judge(1.2, 0.9), "sensitivity must lie between 0 and 1"),
        (lambda: Judge(0.9, math.nan), "specificity must lie between 0 and 1"),
        (lambda: Judge(0.9, 0.9, 0.0, 10.0), "n_events must be more than 0"),
        (lambda: Judge(0.9, 0.9, 10.0, math.nan), "n_others must be more than 0"),
        (lambda: validated_judge(11, 10, 5, 5), "events must lie between 0 and the 10 trials"),
        (lambda: validated_judge(1, 0, 5, 5), "trials must be more than 0"),
        (lambda: corrected_rate(5, 4, GOOD), "events must lie"),
        (lambda: corrected_rate(1, 4, GOOD, 1.0), "level must lie between 0 and 1"),
        (lambda: lang_reiczigel(1, 4, GOOD, math.nan), "level must lie between 0 and 1"),
        (lambda: corrected_difference(5, 4, 1, 4, GOOD), "events must lie"),
        (lambda: corrected_difference(1, 4, 1, 4, GOOD, 0.0), "level must lie between 0 and 1"),
        (lambda: contrast(GOOD, level=2.0), "level must lie between 0 and 1"),
    ],
)
def test_what_makes_no_sense_is_refused(call: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()


def test_scores_have_no_events_to_misjudge() -> None:
    study = study_of(["tools"])
    tables = tables_of(study, [({"tools": 0}, REFERENCE), ({"tools": 1}, TREATED)])
    summaries, design = summaries_of(study, tables)
    scores = replace(summaries, outcome=replace(summaries.outcome, kind="score"))
    with pytest.raises(ValueError, match="found scores"):
        corrected_contrast(scores, contrast_of(design), design, GOOD)
