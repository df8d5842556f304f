"""Effects over training runs: against scipy and statsmodels, by hand, by their symmetries, and where none is given."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, ttest_ind, ttest_rel

from mixablate.design import Contrast, Design
from mixablate.estimate import (
    Effect,
    Evidence,
    RunSummaries,
    evidence_of,
    interval,
    outcome_of,
    outside_region,
    push_missing,
    regression_effects,
    run_level_effect,
    summarise,
    tail,
    two_sided_p,
)
from mixablate.study import ComponentType, Scale
from small_studies import contrast_of, flag, study_of, summaries_of, tables_of

ROUNDING = 1e-9  # the same sums in another order
RATES = (Scale.RISK_DIFFERENCE, Scale.RISK_RATIO, Scale.LOG_ODDS)
REFERENCE, TREATED = [40, 52, 47, 61], [22, 30, 17]
INNER = st.lists(st.integers(5, 95), min_size=3, max_size=5)
ANY = st.lists(st.integers(0, 100), min_size=2, max_size=5)
# At least two events and two non-events a run on average: where intervals are shown.
SHOWN = st.lists(st.integers(0, 100), min_size=3, max_size=5).filter(lambda c: 2 * len(c) <= sum(c) <= 98 * len(c))


def empirical_logit(counts: Sequence[int], trials: int = 100) -> np.ndarray:
    k = np.array(counts, dtype=float)
    return np.log((k + 0.5) / (trials - k + 0.5))


def two_arms(
    reference: Sequence[int], treated: Sequence[int], *, trials: int = 100, missing: int = 0, pair: str = ""
) -> tuple[RunSummaries, Contrast, Design]:
    study = study_of(["tools"], pair=pair)
    cells = [({"tools": 0}, reference), ({"tools": 1}, treated)]
    summaries, design = summaries_of(study, tables_of(study, cells, trials=trials, missing=missing))
    return summaries, contrast_of(design), design


def effect(reference: Sequence[int], treated: Sequence[int], scale: Scale, **keys: object) -> Effect:
    summaries, contrast, design = two_arms(reference, treated, **keys)
    return run_level_effect(summaries, contrast, scale, design, level=0.95)


def evidence(reference: Sequence[int], treated: Sequence[int], scale: Scale, **keys: object) -> Evidence:
    summaries, contrast, design = two_arms(reference, treated, **keys)
    return evidence_of(summaries, contrast, scale, design)


def assert_withheld(found: Effect, reason: str) -> None:
    assert reason in found.reason
    assert (found.lower, found.upper, found.p_value, found.std_error, found.df) == (None,) * 5
    assert found.detectable is None
    assert found.scope == "these models only, on these scenarios"


def test_two_arms_on_log_odds_are_welch_on_the_empirical_logits() -> None:
    expected = ttest_ind(empirical_logit(TREATED), empirical_logit(REFERENCE), equal_var=False)
    found = effect(REFERENCE, TREATED, Scale.LOG_ODDS)
    assert found.reason == ""
    assert found.estimate == pytest.approx(
        empirical_logit(TREATED).mean() - empirical_logit(REFERENCE).mean(), rel=ROUNDING
    )
    assert found.df == pytest.approx(expected.df, rel=ROUNDING)
    assert found.p_value == pytest.approx(expected.pvalue, rel=ROUNDING)
    limits = expected.confidence_interval(0.95)
    assert (found.lower, found.upper) == pytest.approx((limits.low, limits.high), rel=ROUNDING)
    assert (found.n_treated, found.n_reference) == (3, 4)


def test_an_average_over_strata_has_the_contrast_standard_error_and_satterthwaite_df() -> None:
    # Coefficients -1/2, 1/2, -1/2, 1/2 over four arms of 3, 3, 4 and 5 runs:
    # v = (1/2)^2 s^2/n per arm, SE^2 = sum v, df = (sum v)^2 / sum(v^2/(n - 1)).
    arms = {(0, 0): [40, 52, 47], (1, 0): [22, 30, 17], (0, 1): [35, 33, 41, 50], (1, 1): [12, 9, 20, 15, 11]}
    study = study_of()
    cells = [({"tools": t, "prompts": p}, counts) for (t, p), counts in arms.items()]
    summaries, design = summaries_of(study, tables_of(study, cells))
    found = run_level_effect(summaries, contrast_of(design), Scale.LOG_ODDS, design, level=0.95)
    values = {key: empirical_logit(counts) for key, counts in arms.items()}
    shares = {key: 0.25 * y.var(ddof=1) / y.size for key, y in values.items()}
    total = sum(shares.values())
    means = {key: y.mean() for key, y in values.items()}
    by_hand = (means[1, 0] - means[0, 0] + means[1, 1] - means[0, 1]) / 2
    assert found.estimate == pytest.approx(by_hand, rel=ROUNDING)
    assert found.std_error == pytest.approx(math.sqrt(total), rel=ROUNDING)
    df = total**2 / sum(shares[key] ** 2 / (values[key].size - 1) for key in arms)
    assert found.df == pytest.approx(df, rel=ROUNDING)


def test_the_p_value_is_the_same_on_every_scale() -> None:
    found = {scale: effect(REFERENCE, TREATED, scale).p_value for scale in RATES}
    assert found[Scale.LOG_ODDS] is not None
    assert len(set(found.values())) == 1


def test_paired_runs_are_the_paired_t_test() -> None:
    one, other = [40, 52, 47, 61, 55], [22, 30, 39, 50, 31]
    expected = ttest_rel(empirical_logit(other), empirical_logit(one))
    found = effect(one, other, Scale.LOG_ODDS, pair="seed")
    limits = expected.confidence_interval(0.95)
    assert found.df == expected.df == 4
    assert found.p_value == pytest.approx(expected.pvalue, rel=ROUNDING)
    assert (found.lower, found.upper) == pytest.approx((limits.low, limits.high), rel=ROUNDING)


def test_a_run_without_its_pair_leaves_the_comparison() -> None:
    whole = effect([40, 52, 47, 61], [22, 30, 39, 50], Scale.LOG_ODDS, pair="seed")
    longer = effect([40, 52, 47, 61, 99], [22, 30, 39, 50], Scale.LOG_ODDS, pair="seed")
    assert (longer.estimate, longer.std_error) == (whole.estimate, whole.std_error)
    assert longer.n_reference == 4


@pytest.mark.parametrize("scale", [Scale.LOG_ODDS, Scale.RISK_DIFFERENCE])
def test_an_unreplicated_dose_design_has_the_hc2_standard_error(scale: Scale) -> None:
    doses, counts = np.linspace(0.0, 1.0, 8), [61, 55, 58, 44, 47, 39, 41, 28]
    study = study_of([flag("share", type=ComponentType.DOSE)])
    tables = tables_of(study, [({"share": d}, [k]) for d, k in zip(doses, counts, strict=True)])
    summaries, design = summaries_of(study, tables)
    found = evidence_of(summaries, contrast_of(design, "share"), scale, design)
    y = empirical_logit(counts) if scale is Scale.LOG_ODDS else np.array(counts) / 100
    expected = sm.OLS(y, sm.add_constant(doses)).fit(cov_type="HC2")
    assert found.layout == "regression"
    assert found.estimate == pytest.approx(expected.params[1], rel=ROUNDING)
    assert found.std_error == pytest.approx(expected.bse[1], rel=ROUNDING)
    # Eight equally spaced doses: the end run's leverage is 1/8 + 3.5^2/42 = 5/12.
    assert found.leverage == pytest.approx(5 / 12, rel=ROUNDING)


@given(INNER, INNER)
def test_swapping_the_arms_mirrors_the_interval(one: list[int], other: list[int]) -> None:
    for scale in (Scale.RISK_DIFFERENCE, Scale.LOG_ODDS):
        forward, backward = evidence(one, other, scale), evidence(other, one, scale)
        lower, upper = interval(forward, 0.95)
        assert backward.estimate == pytest.approx(-forward.estimate, rel=ROUNDING, abs=ROUNDING)
        assert interval(backward, 0.95) == pytest.approx((-upper, -lower), rel=ROUNDING, abs=ROUNDING)
    forward, backward = evidence(one, other, Scale.RISK_RATIO), evidence(other, one, Scale.RISK_RATIO)
    lower, upper = interval(forward, 0.95)
    assert backward.estimate == pytest.approx(1 / forward.estimate, rel=ROUNDING)
    if lower > 0 and math.isfinite(upper):
        assert interval(backward, 0.95) == pytest.approx((1 / upper, 1 / lower), rel=1e-7)


@pytest.mark.parametrize("scale", RATES)
def test_run_names_and_row_order_mean_nothing(scale: Scale) -> None:
    study = study_of(["tools"])
    # The cells in the other order give every run another id and another row, the permuted counts another partner.
    cells = [({"tools": 1}, [TREATED[i] for i in (2, 0, 1)]), ({"tools": 0}, [REFERENCE[i] for i in (3, 1, 0, 2)])]
    summaries, design = summaries_of(study, tables_of(study, cells))
    other = run_level_effect(summaries, contrast_of(design), scale, design, level=0.95)
    found = effect(REFERENCE, TREATED, scale)
    for name in ("estimate", "std_error", "df", "lower", "upper", "p_value", "detectable", "reference", "treated"):
        assert getattr(other, name) == pytest.approx(getattr(found, name), rel=1e-12), name


@given(INNER, INNER, st.sampled_from(RATES))
def test_the_tail_at_a_limit_is_half_of_what_the_interval_leaves_out(
    one: list[int], other: list[int], scale: Scale
) -> None:
    found = evidence(one, other, scale)
    lower, upper = interval(found, 0.95)
    if found.std_error > ROUNDING and lower > -1e6 and upper < 1e6 and (scale is not Scale.RISK_RATIO or lower > 0):
        assert tail(found, lower, below=False) == pytest.approx(0.025, rel=1e-5)
        assert tail(found, upper, below=True) == pytest.approx(0.025, rel=1e-5)
        assert tail(found, upper, below=False) == pytest.approx(0.975, rel=1e-5)


def test_both_tails_at_zero_make_the_two_sided_p() -> None:
    found = evidence(REFERENCE, TREATED, Scale.LOG_ODDS)
    assert 2 * tail(found, 0.0, below=True) == pytest.approx(two_sided_p(found), rel=ROUNDING)


@given(ANY, ANY)
def test_a_rate_difference_never_leaves_minus_one_to_one(one: list[int], other: list[int]) -> None:
    lower, upper = interval(evidence(one, other, Scale.RISK_DIFFERENCE), 0.95)
    assert -1.0 <= lower <= upper <= 1.0


def test_arms_at_opposite_ends_stay_within_minus_one_to_one() -> None:
    found = effect([100, 100, 100], [0, 0, 0], Scale.RISK_DIFFERENCE)
    assert found.reason == ""
    assert found.estimate == -1.0
    assert found.lower is not None
    assert found.lower >= -1.0
    assert found.upper is not None
    assert found.upper > -1.0  # nothing seen in 300 rollouts is not a rate of exactly zero


@pytest.mark.parametrize("scale", RATES)
def test_two_runs_on_a_side_are_described_only(scale: Scale) -> None:
    found = effect([40, 52, 47], [22, 30], scale)
    assert_withheld(found, "2 runs against 3; at least 3 training runs are needed on each side")
    assert found.estimate is not None
    assert found.tipping_sd is not None
    if scale is Scale.RISK_DIFFERENCE:
        assert found.within_lower is not None
        assert found.within_upper is not None
        assert found.within_lower < found.estimate < found.within_upper
    else:
        assert (found.within_lower, found.within_upper) == (None, None)


@pytest.mark.parametrize("scale", RATES)
def test_few_events_are_described_only(scale: Scale) -> None:
    # (1 + 2 + 1 + 0 + 1 + 0) / 6 = 0.83 events a run; of the mirrored counts, 0.83 non-events.
    assert_withheld(effect([1, 2, 1], [0, 1, 0], scale), "0.83 events a run on average")
    assert_withheld(effect([99, 98, 99], [100, 99, 100], scale), "0.83 non-events a run on average")


def test_a_ratio_needs_events_on_both_sides() -> None:
    # The treated side has (1 + 2 + 1)/3 = 1.33 events a run, the runs together 16: enough for a difference of rates.
    assert_withheld(effect([30, 35, 28], [1, 2, 1], Scale.RISK_RATIO), "1.33 events a run in one group; a risk ratio")
    assert_withheld(effect([30, 35, 28], [1, 2, 1], Scale.LOG_ODDS), "1.33 events a run in one group; a log odds ratio")
    assert effect([30, 35, 28], [1, 2, 1], Scale.RISK_DIFFERENCE).reason == ""


def test_a_ratio_with_few_treated_events_bounds_the_treated_rate_instead() -> None:
    (note,) = effect([30, 35, 28], [1, 2, 1], Scale.RISK_RATIO).notes
    assert note.startswith("treated rate at most 0.0")


def test_a_side_without_events_has_no_ratio() -> None:
    found = effect([0, 0, 0], [30, 35, 28], Scale.RISK_RATIO)
    assert_withheld(found, "a side without events has no ratio")
    assert found.estimate is None


def test_the_region_is_empty_where_the_interval_stands() -> None:
    summaries, contrast, design = two_arms(REFERENCE, TREATED)
    for scale in RATES:
        assert outside_region(evidence_of(summaries, contrast, scale, design), summaries, contrast) == ""
    inside = effect(REFERENCE, TREATED, Scale.RISK_DIFFERENCE)
    assert (inside.within_lower, inside.within_upper, inside.tipping_sd) == (None, None, None)


def test_the_tipping_sd_of_one_run_against_one() -> None:
    # d = log(30.5/70.5) - log(60.5/40.5), v = the four reciprocals, and |d| = z sqrt(v + 2 s^2) is solved for s.
    found = effect([60], [30], Scale.RISK_DIFFERENCE)
    d = math.log(30.5 / 70.5) - math.log(60.5 / 40.5)
    v = 1 / 30.5 + 1 / 70.5 + 1 / 60.5 + 1 / 40.5
    z = norm.ppf(0.975)
    assert found.tipping_sd == pytest.approx(math.sqrt(((d / z) ** 2 - v) / 2), rel=ROUNDING)
    assert abs(d) == pytest.approx(z * math.sqrt(v + 2 * found.tipping_sd**2), rel=ROUNDING)
    assert "1 run against 1" in found.reason
    # 45 against 50 of 100 is within rollout noise: there is nothing to tip.
    assert effect([50], [45], Scale.RISK_DIFFERENCE).tipping_sd is None


def test_missing_rollouts_are_not_counted_as_harmless() -> None:
    # 120 attempted, 20 missing, 40 events: the rate is 40/100, not 40/120.
    summaries, _, _ = two_arms([40, 50, 60], [10, 20, 30], missing=20)
    assert summaries.level == pytest.approx([0.4, 0.5, 0.6, 0.1, 0.2, 0.3])
    assert summaries.trials.ravel().tolist() == [100.0] * 6
    assert effect([40, 50, 60], [10, 20, 30], Scale.LOG_ODDS, missing=20) == effect(
        [40, 50, 60], [10, 20, 30], Scale.LOG_ODDS
    )


def test_missing_rollouts_are_bounded_from_both_sides() -> None:
    summaries, contrast, design = two_arms([40, 50, 60], [10, 20, 30], missing=20)
    treated = frozenset(arm_id for arm_id, c in contrast.coefficients if c > 0)
    reference = frozenset(arm_id for arm_id, c in contrast.coefficients if c < 0)
    # Worst for the treated arm: (k + 20)/120 against k/120; best: k/120 against (k + 20)/120.
    worst, best = push_missing(summaries, treated), push_missing(summaries, reference)
    assert worst.level == pytest.approx(np.array([40, 50, 60, 30, 40, 50]) / 120)
    assert best.level == pytest.approx(np.array([60, 70, 80, 10, 20, 30]) / 120)
    assert worst.log_odds[3] == pytest.approx(math.log(30.5 / 90.5))
    assert not worst.missing.any()
    low, seen, high = (
        evidence_of(s, contrast, Scale.RISK_DIFFERENCE, design).estimate for s in (best, summaries, worst)
    )
    assert (low, seen, high) == pytest.approx((20 / 120 - 70 / 120, -0.3, 40 / 120 - 50 / 120))


def test_higher_is_better_changes_the_reading_and_no_number() -> None:
    study = study_of(["tools"])
    cells = [({"tools": 0}, REFERENCE), ({"tools": 1}, TREATED)]
    tables = tables_of(study, cells, evals={"blackmail": {"direction": "higher"}})
    summaries, design = summaries_of(study, tables)
    assert not summaries.outcome.lower_is_better
    found = run_level_effect(summaries, contrast_of(design), Scale.LOG_ODDS, design, level=0.95)
    assert found == effect(REFERENCE, TREATED, Scale.LOG_ODDS)


def test_a_run_that_lacks_one_of_two_evals_is_absent() -> None:
    study = study_of(["tools"])
    cells: list[tuple[Mapping[str, object], Mapping[str, Sequence[int]]]] = [
        ({"tools": 0}, {"blackmail": [40, 50, 60], "leaking": [20, 30, 40]}),
        ({"tools": 1}, {"blackmail": [10, 20, 30, 40], "leaking": [6, 8, 10]}),
    ]
    tables = tables_of(study, cells)
    summaries, design = summaries_of(study, tables, "blackmail", "leaking")
    assert summaries.absent == ("arm1/é03",)
    assert "arm1/é03" not in summaries.run_ids
    # Means of the two evals: (.40 + .20)/2 and so on.
    assert summaries.level == pytest.approx([0.3, 0.4, 0.5, 0.08, 0.14, 0.2])
    assert run_level_effect(summaries, contrast_of(design), Scale.LOG_ODDS, design, level=0.95).n_treated == 3
    assert summarise(tables, design, outcome_of(tables, ["blackmail"])).absent == ()


def widths_once_and_doubled(one: list[int], other: list[int]) -> tuple[float, float]:
    """Rates unchanged, rollouts doubled: there are as many runs as before, and so no more is known about runs."""
    once = interval(evidence(one, other, Scale.RISK_DIFFERENCE), 0.95)
    doubled = [2 * k for k in one], [2 * k for k in other]
    twice = interval(evidence(*doubled, Scale.RISK_DIFFERENCE, trials=200), 0.95)
    return once[1] - once[0], twice[1] - twice[0]


@given(SHOWN, SHOWN)
def test_more_rollouts_of_the_same_runs_never_shrink_the_interval(one: list[int], other: list[int]) -> None:
    once, twice = widths_once_and_doubled(one, other)
    assert twice >= once - 1e-9


def test_an_arm_without_events_still_learns_from_more_rollouts() -> None:
    # The exception to the property above: runs at 0 of n show no spread, so the arm's limit is the binomial one, and
    # 0 of 600 bounds a rate closer than 0 of 300. Counting the same rollouts twice is refused when tables are read.
    once, twice = widths_once_and_doubled([30, 35, 28], [0, 0, 0])
    assert 0.0 < twice < once


@given(st.lists(st.integers(40, 90), min_size=4, max_size=5), st.lists(st.integers(5, 30), min_size=4, max_size=5))
def test_the_regression_agrees_in_sign(high: list[int], low: list[int]) -> None:
    summaries, contrast, design = two_arms(high, low)
    beside = {e.scale: e for e in regression_effects(summaries, [contrast], design, level=0.95)}
    for scale in (Scale.LOG_ODDS, Scale.RISK_DIFFERENCE):
        assert beside[scale].estimate is not None
        assert beside[scale].estimate < 0 > evidence_of(summaries, contrast, scale, design).estimate


def test_under_separation_the_regression_is_firths_and_says_why_it_has_no_interval() -> None:
    summaries, contrast, design = two_arms([40, 52, 47, 61], [0, 0, 0, 0])
    ratio, difference = regression_effects(summaries, [contrast], design, level=0.95)
    # Half an event and half a non-event more in each arm of 400.
    assert ratio.estimate == pytest.approx(math.log(0.5 / 400.5) - math.log(200.5 / 200.5), rel=ROUNDING)
    assert difference.estimate == pytest.approx(0.5 / 401 - 200.5 / 401, rel=ROUNDING)
    for found in (ratio, difference):
        assert found.reason
        assert "Firth" in found.method
        assert (found.lower, found.upper, found.p_value) == (None,) * 3


def test_limits_of_a_paired_difference_reach_no_further_than_rates_can_be_apart() -> None:
    # Differences of -2, -98 and -95 points: mean -65, SD 54.6, t(2) = 4.30, so that the symmetric interval reaches at
    # least 4.30 * 54.6 / sqrt(3) = 136 points either way, below -100 and above 0.
    pairs = [2, 98, 95], [0, 0, 0]
    summaries, contrast, design = two_arms(*pairs, pair="seed")
    symmetric = interval(evidence_of(summaries, contrast, Scale.RISK_DIFFERENCE, design), 0.95)
    assert symmetric[0] < -1.9
    found = effect(*pairs, Scale.RISK_DIFFERENCE, pair="seed")
    assert found.lower == -1.0
    assert any("interval cut" in note for note in found.notes)
    assert found.upper == min(1.0, symmetric[1])
    narrow = effect(REFERENCE[:3], TREATED, Scale.RISK_DIFFERENCE, pair="seed")  # -18, -22 and -30 points
    assert narrow.lower is not None
    assert narrow.lower > -1.0
    assert narrow.upper == pytest.approx(2 * narrow.estimate - narrow.lower)  # type: ignore[operator]
