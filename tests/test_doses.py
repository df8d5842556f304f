"""Dose curves: by hand, by two roads, with a known truth, and what another way of writing may not change."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import linregress
from scipy.stats import t as student

from mixablate.design import Contrast
from mixablate.estimate import (
    Outcome,
    cell_arrays,
    evidence_of,
)
from mixablate.estimate.doses import (
    DoseRuns,
    DoseTest,
    Shape,
    departure_from_linearity,
    dose_components,
    dose_curves,
    dose_runs,
    dose_terms,
    isotonic_effects,
    isotonic_rows,
    last_step,
    pool_adjacent_violators,
    step_against,
    trend,
    trend_coefficients,
)
from mixablate.findings import analyse
from mixablate.resample import isotonic_randomisation_test, isotonic_statistics, stage_rng
from mixablate.study import Component, ComponentType, Scale
from mixablate.tables import OutcomeKind
from small_studies import claim, flag, study_of, summaries_of, tables_of

EXACT = 1e-12  # the same sums in another order
ROADS = 1e-9  # QR against normal equations
LEVEL = 0.95
SCORE = Outcome("score", "Score", (("score", 1.0),), OutcomeKind.SCORE, True, "in_distribution")


def dose(name: str = "stories", **keys: object) -> Component:
    return flag(name, **({"type": ComponentType.DOSE, "target": 4.0} | keys))


def runs_at(cells: dict[float, list[int]], *, trials: int = 100) -> DoseRuns:
    study = study_of([dose()])
    tables = tables_of(study, [({"stories": d}, c) for d, c in cells.items()], trials=trials)
    summaries, design = summaries_of(study, tables)
    found = dose_runs(summaries, design, study.components[0])
    assert isinstance(found, DoseRuns)
    return found


def raw_runs(x: np.ndarray, y: np.ndarray, stratum: np.ndarray | None = None) -> DoseRuns:
    """Runs of a score, made without tables."""
    doses, at = np.unique(x, return_inverse=True)
    none = np.full((x.size, 1), math.nan)
    where = np.zeros(x.size, dtype=np.intp) if stratum is None else stratum
    return DoseRuns(
        "stories", "Stories", SCORE, Scale.VALUE, tuple(f"r{i:03d}" for i in range(x.size)), x.astype(float),
        y.astype(float), y.astype(float), none, none, where, doses.astype(float), at.ravel(), (),
    )  # fmt: skip


def linear(runs: DoseRuns) -> DoseTest:
    return trend(runs, dose_terms(runs.doses, Shape.LINEAR), level=LEVEL)


# Pooling adjacent violators


def test_five_means_are_pooled_as_by_hand() -> None:
    # 1, 4, 3, 2, 5 with weights 1, 1, 2, 1, 1: 4 and 3 pool to (4 + 6)/3 = 10/3; 2 is below: (10 + 2)/4 = 3; 5 stands.
    pooled = pool_adjacent_violators([1.0, 4.0, 3.0, 2.0, 5.0], [1.0, 1.0, 2.0, 1.0, 1.0])
    assert pooled == pytest.approx([1.0, 3.0, 3.0, 3.0, 5.0], abs=EXACT)


def test_falling_means_are_the_mirror_image() -> None:
    means = [1.0, 4.0, 3.0, 2.0, 5.0]
    # Falling: 1 < 4 pools to 2.5, below 3: (1 + 4 + 3)/3 = 8/3; 2 stands below it but 5 above: (2 + 5)/2 = 3.5 > 8/3,
    # so all five pool to 3.
    assert pool_adjacent_violators(means, rising=False) == pytest.approx([3.0] * 5, abs=EXACT)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=12), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_pooling_and_the_max_min_formula_agree_and_keep_the_mean(means: list[float], seed: int) -> None:
    weights = np.random.default_rng(seed).integers(1, 6, len(means)).astype(float)
    pooled = pool_adjacent_violators(means, weights)
    assert (np.diff(pooled) >= -1e-9).all()
    assert pooled @ weights == pytest.approx(np.array(means) @ weights, abs=1e-9)
    assert isotonic_rows(np.array([means]), weights)[0] == pytest.approx(pooled, abs=1e-9)


def test_a_weight_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="weights above 0"):
        pool_adjacent_violators([1.0, 2.0], [1.0, 0.0])


def test_strata_levels_do_not_pass_for_a_dose_effect() -> None:
    # Stratum 0 holds doses 0, 1 at level 0; stratum 1 doses 1, 2 at level 10; the dose adds 1 a step in both.
    at, stratum = np.array([0, 1, 1, 2]), np.array([0, 0, 1, 1])
    effects = isotonic_effects(np.array([0.0, 1.0, 11.0, 12.0]), stratum, at, rising=True)
    assert np.diff(effects) == pytest.approx([1.0, 1.0], abs=1e-9)


# The trend


def test_the_trend_over_balanced_doses_is_that_of_arithmetic() -> None:
    # Doses 0, 1, 2, two runs each: y = 1, 3 | 4, 6 | 7, 9. Means 2, 5, 8; slope (8 - 2)/2 = 3; s^2 = 2 in every cell.
    # c = (x - 1)/4 a run, so (-1/2, 0, 1/2) a cell: SE^2 = (1/4)(2/2) + (1/4)(2/2) = 1/2, but two runs a side.
    runs = raw_runs(np.repeat([0.0, 1.0, 2.0], 2), np.array([1.0, 3.0, 4.0, 6.0, 7.0, 9.0]))
    per_run = trend_coefficients(runs, dose_terms(runs.doses, Shape.LINEAR))
    assert per_run == pytest.approx([-0.25, -0.25, 0.0, 0.0, 0.25, 0.25], abs=EXACT)
    test = linear(runs)
    assert test.estimate == pytest.approx(3.0, abs=EXACT)
    assert test.reason == "2 runs against 2; at least 3 training runs are needed on each side"
    assert test.p_value is None


def test_the_trend_is_the_contrast_of_cell_means_of_the_run_level_analysis() -> None:
    study = study_of([dose()])
    cells = {0.0: [40, 46, 52], 1.0: [30, 41, 35], 2.0: [20, 33, 28], 4.0: [10, 22, 15]}
    summaries, design = summaries_of(study, tables_of(study, [({"stories": d}, c) for d, c in cells.items()]))
    runs = dose_runs(summaries, design, study.components[0])
    assert isinstance(runs, DoseRuns)
    per_run = trend_coefficients(runs, dose_terms(runs.doses, Shape.LINEAR))
    arms = {arm.arm_id: float(str(arm.level("stories"))) for arm in design.arms}
    coefficients = tuple((arm_id, float(per_run[runs.dose == d].sum())) for arm_id, d in arms.items())
    contrast = Contrast("t", "t", ("stories",), coefficients, (), (), (), "", "")
    assert cell_arrays(summaries, contrast).counts.tolist() == [3.0] * 4
    road = evidence_of(summaries, contrast, Scale.LOG_ODDS, design)
    test = linear(runs)
    assert test.estimate == pytest.approx(road.estimate, abs=EXACT)
    assert test.std_error == pytest.approx(road.std_error, rel=ROADS)
    assert test.df == pytest.approx(road.df, rel=ROADS)
    assert test.estimate == pytest.approx(linregress(runs.dose, runs.values).slope, rel=ROADS)


def test_a_trend_of_single_runs_is_read_off_the_regression_or_withheld() -> None:
    x = np.arange(12.0)
    y = 0.3 * x + np.array([0.1, -0.2, 0.3, 0.0, -0.1, 0.2, -0.3, 0.1, 0.2, -0.2, 0.0, 0.1])
    test = linear(raw_runs(x, y))
    # HC2 by hand: sum of c^2 e^2 / (1 - h) with h = 1/n + (x - mean)^2 / Sxx.
    line = linregress(x, y)
    e, size = y - line.intercept - line.slope * x, ((x - x.mean()) ** 2).sum()
    h = 1 / 12 + (x - x.mean()) ** 2 / size
    assert test.std_error == pytest.approx(math.sqrt((((x - x.mean()) / size) ** 2 * e**2 / (1 - h)).sum()), rel=ROADS)
    assert test.reason == ""
    assert "HC2" in test.method
    four = linear(raw_runs(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 1.1, 1.9, 3.0])))
    assert four.p_value is None
    assert four.reason


def test_one_run_far_out_carries_the_line_and_the_reason_says_so() -> None:
    x = np.concatenate([np.repeat([0.0, 1.0, 2.0], 4), [100.0]])
    y = np.concatenate([np.tile([0.1, 0.2, 0.0, 0.3], 3), [3.0]])
    test = linear(raw_runs(x, y))
    assert test.p_value is None
    assert "leverage" in test.reason or "degrees of freedom" in test.reason


def test_few_events_withhold_a_log_odds_trend() -> None:
    test = linear(runs_at({0.0: [0, 1, 0], 1.0: [1, 0, 1], 2.0: [5, 6, 4]}))
    assert test.reason.startswith("0.33 events a run and eval at the lower doses")


def test_the_log_trend_gives_dose_zero_a_level_of_its_own() -> None:
    # Above 0 the score rises by 1 a doubling; the runs at 0 stand anywhere without moving the slope.
    x = np.repeat([0.0, 1.0, 2.0, 4.0], 3)
    noise = np.tile([-0.1, 0.0, 0.1], 4)
    terms = dose_terms(np.unique(x), Shape.LOG)
    assert terms is not None
    assert "level of their own" in terms.words
    for zero in (-50.0, 7.0):
        y = np.where(x > 0, np.log2(np.maximum(x, 1.0)), zero) + noise
        assert trend(raw_runs(x, y), terms, level=LEVEL).estimate == pytest.approx(1.0, abs=1e-9)


def test_only_differences_within_strata_count() -> None:
    rng = np.random.default_rng(3)
    x = np.concatenate([np.repeat([0.0, 1.0, 2.0], 3), np.repeat([1.0, 2.0, 4.0], 3)])
    stratum = np.repeat([0, 1], 9)
    y = 0.5 * x + rng.normal(0, 0.1, 18)
    shifted = y + np.where(stratum == 1, 100.0, 0.0)
    one, two = linear(raw_runs(x, y, stratum)), linear(raw_runs(x, shifted, stratum))
    assert one.estimate == pytest.approx(two.estimate, abs=1e-9)
    assert one.p_value == pytest.approx(two.p_value, rel=1e-6)


def test_a_stratum_with_one_dose_is_left_out_and_named() -> None:
    study = study_of([dose(), "tools"])
    cells = [({"stories": d, "tools": 0}, [40 - 5 * i, 35 - 5 * i, 44 - 5 * i]) for i, d in enumerate((0, 1, 2))]
    cells.append(({"stories": 4, "tools": 1}, [9, 9, 9]))
    summaries, design = summaries_of(study, tables_of(study, cells))
    runs = dose_runs(summaries, design, study.components[0])
    assert isinstance(runs, DoseRuns)
    assert runs.left_out == ("tools=1",)
    assert len(runs.run_ids) == 9


def test_doses_that_never_vary_alone_have_a_reason_and_no_number() -> None:
    study = study_of([dose(), dose("advice")])
    cells = [({"stories": d, "advice": d}, [40, 30, 35]) for d in (0, 1, 2)]
    tables = tables_of(study, cells)
    summaries, design = summaries_of(study, tables)
    assert len(dose_components(design)) == 2
    assert "no two runs differ" in str(dose_runs(summaries, design, study.components[0]))
    tests = analyse(study, tables).doses.tests
    assert tests["outcome"].tolist() == ["", ""]
    assert tests["p_value"].isna().all()


# Departure from a line


def test_the_departure_of_three_doses_is_welchs_contrast_of_the_middle() -> None:
    x = np.repeat([0.0, 1.0, 2.0], 4)
    rng = np.random.default_rng(8)
    y = np.where(x == 1.0, 1.0, 0.0) + rng.normal(0, 0.3, 12)
    test = departure_from_linearity(raw_runs(x, y), level=LEVEL)
    means = [y[x == d].mean() for d in (0.0, 1.0, 2.0)]
    squares = [y[x == d].var(ddof=1) / 4 for d in (0.0, 1.0, 2.0)]
    # m1 - (m0 + m2)/2 over sqrt(s1 + s0/4 + s2/4), one constraint: HTZ is its square.
    t = (means[1] - (means[0] + means[2]) / 2) / math.sqrt(squares[1] + squares[0] / 4 + squares[2] / 4)
    # The distance of the middle mean from the line through three equal cells is 2/3 of that contrast.
    assert test.estimate == pytest.approx(2 / 3 * (means[1] - (means[0] + means[2]) / 2), abs=1e-9)
    assert test.p_value == pytest.approx(2 * student.sf(abs(t), test.df), rel=1e-6)


def test_means_on_a_line_do_not_depart_from_it() -> None:
    x = np.repeat([0.0, 1.0, 3.0, 7.0], 4)
    y = 2.0 * x + np.tile([-0.3, 0.1, 0.4, -0.2], 4)
    test = departure_from_linearity(raw_runs(x, y), level=LEVEL)
    assert test.estimate == pytest.approx(0.0, abs=1e-9)
    assert test.p_value == pytest.approx(1.0, abs=1e-6)


def test_without_replication_there_is_no_lack_of_fit_test() -> None:
    test = departure_from_linearity(raw_runs(np.arange(6.0), np.arange(6.0) ** 2), level=LEVEL)
    assert test.p_value is None
    assert "no run to learn run-to-run spread from" in test.reason


# The monotone test


def test_the_monotone_p_is_the_share_of_all_orders() -> None:
    # Five runs at five doses: 120 orders; by brute force through pooling.
    values, at, stratum = np.array([0.2, 0.1, 0.9, 0.6, 1.4]), np.arange(5), np.zeros(5, dtype=np.intp)

    def statistic(y: tuple[float, ...]) -> float:
        y = np.array(y) - np.mean(y)
        gains = [(pool_adjacent_violators(y, rising=way) ** 2).sum() for way in (True, False)]
        return max(gains) / (y**2).sum()

    all_of = [statistic(order) for order in permutations(values.tolist())]
    expected = np.mean(np.array(all_of) >= statistic(tuple(values.tolist())) - 1e-12)
    test = isotonic_randomisation_test(values, at, stratum, draws=999, rng=stage_rng(1, "t"))
    assert test.exact
    assert test.p_absolute == pytest.approx(expected, abs=EXACT)
    assert test.smallest == pytest.approx(2 / 120)


def test_drawn_orders_agree_with_all_of_them() -> None:
    rng = np.random.default_rng(2)
    at, stratum = np.tile([0, 0, 1, 1, 2, 2], 2), np.repeat([0, 1], 6)  # 90 x 90 = 8,100 assignments
    values = 0.5 * at + rng.normal(0, 1, 12)
    exact = isotonic_randomisation_test(values, at, stratum, draws=9999, rng=stage_rng(1, "t"))
    drawn = isotonic_randomisation_test(values, at, stratum, draws=5000, rng=stage_rng(1, "t"))
    assert exact.exact
    assert not drawn.exact
    # Four standard errors of a share of 5,000: a chance of 1 in 15,000 that was taken once, with a fixed seed.
    assert abs(exact.p_absolute - drawn.p_absolute) < 4 * math.sqrt(exact.p_absolute / 5000) + 2e-4


def test_the_better_direction_has_its_sign_and_both_directions_are_tried() -> None:
    at, stratum = np.repeat([0, 1, 2], 3), np.zeros(9, dtype=np.intp)
    values = np.arange(9.0)
    up = isotonic_statistics(np.array([values]), at, stratum)[0]
    down = isotonic_statistics(np.array([-values]), at, stratum)[0]
    assert up == pytest.approx(-down, abs=EXACT)
    assert up == pytest.approx(54 / 60, abs=EXACT)  # means 1, 4, 7: 3 (9 + 0 + 9) = 54 of 60


def test_more_assignments_than_a_float_can_hold_are_still_counted_in_words() -> None:
    rng = np.random.default_rng(5)
    at = np.arange(400)
    test = isotonic_randomisation_test(rng.normal(size=400), at, np.zeros(400, dtype=np.intp), draws=99, rng=rng)
    assert "more than 1e300" in test.method
    assert "10 groups" in test.method


# Steps


def steps_of(cells: dict[float, list[int]], **keys: float) -> tuple[DoseTest, DoseTest]:
    study = study_of([dose()])
    summaries, design = summaries_of(study, tables_of(study, [({"stories": d}, c) for d, c in cells.items()]))
    runs = dose_runs(summaries, design, study.components[0])
    assert isinstance(runs, DoseRuns)
    against = step_against(summaries, design, study.components[0], runs, level=LEVEL)
    margins = {Scale.RISK_DIFFERENCE: keys["margin"]} if keys else None
    last = last_step(
        summaries, design, study.components[0], runs, (Scale.RISK_DIFFERENCE,), level=LEVEL, margins=margins
    )
    return against, last[0]


def test_a_clear_step_against_the_trend_is_named_with_its_doses() -> None:
    against, last = steps_of({0.0: [60, 62, 61, 59], 1.0: [20, 22, 21, 19], 2.0: [40, 42, 41, 39], 4.0: [5, 6, 7, 5]})
    assert against.unit == "from 1 to 2"
    assert against.finding == "the step from 1 to 2 rises, against the trend"
    assert against.p_value is not None
    assert last.finding == "still falling at the highest dose"


def test_no_step_goes_against_a_monotone_curve() -> None:
    against, _ = steps_of({0.0: [60, 62, 61], 1.0: [40, 42, 41], 2.0: [20, 22, 21]})
    assert against.finding == "no step goes against the fall in these runs"
    assert against.p_value is None


def test_steps_between_doses_of_one_run_are_not_read_off_a_straight_line() -> None:
    # The run-level analysis reads an arm of one run off a regression that is linear in the dose: the step would be the
    # slope times the gap.
    rng = np.random.default_rng(3)
    against, last = steps_of({float(d): [int(k)] for d, k in zip(range(12), rng.integers(30, 60, 12), strict=True)})
    for test in (against, last):
        assert test.p_value is None
        assert test.reason == "a dose of one run within a stratum has no spread of its own to judge a step by"


def test_a_plateau_needs_a_declared_margin() -> None:
    cells = {0.0: [60, 62, 61, 59], 1.0: [20, 22, 21, 19], 2.0: [20, 21, 22, 19]}
    assert "no margin was declared" in steps_of(cells)[1].finding
    assert steps_of(cells, margin=0.1)[1].finding.startswith("a plateau")
    assert "not shown to lie" in steps_of(cells, margin=0.001)[1].finding


def test_the_margin_of_an_equivalence_claim_is_the_plateaus() -> None:
    same = claim(
        kind="equivalent", components=("stories",), margin=0.1, reference={"stories": 0.0}, treated={"stories": 2.0}
    )
    study = study_of([dose(target=2.0)], [same])
    cells = {0.0: [60, 62, 61, 59], 1.0: [20, 22, 21, 19], 2.0: [20, 21, 22, 19]}
    tests = analyse(study, tables_of(study, [({"stories": d}, c) for d, c in cells.items()])).doses.tests
    last = tests[(tests["asked"] == "last step") & (tests["scale"] == "risk_difference")].iloc[0]
    assert last["finding"] == "a plateau: the last step changes the outcome by less than the declared 0.1"


# Curves


def test_the_line_passes_through_the_fitted_rates_and_the_band_holds_it() -> None:
    cells = {0.0: [60, 55, 64, 58], 1.0: [45, 52, 40, 49], 2.0: [30, 36, 39, 33], 4.0: [15, 20, 11, 18]}
    runs = runs_at(cells | {6.0: [8, 12, 7, 10]})
    curves = {curve.shape: curve for curve in dose_curves(runs, level=LEVEL)}
    assert set(curves) == {Shape.LINEAR, Shape.LOG, Shape.SPLINE, Shape.MONOTONE}
    line = linregress(runs.dose, runs.values)
    found = curves[Shape.LINEAR]
    assert found.estimate == pytest.approx(expit(line.intercept + line.slope * found.dose), abs=1e-9)
    assert (found.lower < found.estimate).all()
    assert (found.estimate < found.upper).all()
    assert np.isnan(curves[Shape.MONOTONE].lower).all()
    assert (np.diff(curves[Shape.MONOTONE].estimate) <= EXACT).all()


def test_a_spline_is_straight_beyond_its_end_knots_and_bends_between() -> None:
    terms = dose_terms(np.arange(7.0), Shape.SPLINE)
    assert terms is not None
    assert terms.knots == (0.0, 2.0, 4.0, 6.0)
    outside = terms.columns(np.array([6.0, 7.0, 8.0, 9.0]))
    assert np.diff(outside, n=2, axis=0) == pytest.approx(np.zeros((2, 3)), abs=1e-9)


def test_four_doses_get_no_spline_and_two_above_zero_no_logarithm() -> None:
    assert dose_terms(np.array([0.0, 1.0, 2.0, 3.0]), Shape.SPLINE) is None
    assert dose_terms(np.array([0.0, 1.0, 2.0]), Shape.LOG) is None
    assert dose_terms(np.array([-1.0, 1.0, 2.0, 4.0]), Shape.LOG) is None


# Properties


@given(st.floats(1e-6, 1e9))
@settings(max_examples=25, deadline=None)
def test_another_unit_of_dose_scales_the_slope_and_no_p_value(unit: float) -> None:
    rng = np.random.default_rng(4)
    x = np.repeat([0.0, 1.0, 2.0, 8.0], 6)
    y = 0.2 * x + rng.normal(0, 0.5, 24)
    for shape, power in ((Shape.LINEAR, -1.0), (Shape.LOG, 0.0)):
        one, two = (trend(raw_runs(v, y), dose_terms(np.unique(v), shape), level=LEVEL) for v in (x, x * unit))
        assert two.estimate == pytest.approx(one.estimate * unit**power, rel=1e-6)
        assert two.p_value == pytest.approx(one.p_value, rel=1e-6)
    bends = [departure_from_linearity(raw_runs(v, y), level=LEVEL).p_value for v in (x, x * unit)]
    assert bends[0] is not None
    assert bends[1] == pytest.approx(bends[0], rel=1e-6)


def test_swapping_events_for_non_events_flips_every_sign() -> None:
    cells = {0.0: [40, 46, 52], 1.0: [30, 41, 35], 2.0: [20, 33, 28]}
    one, two = (linear(runs_at(c)) for c in (cells, {d: [100 - k for k in ks] for d, ks in cells.items()}))
    assert one.estimate == pytest.approx(-two.estimate, abs=EXACT)
    assert one.p_value == pytest.approx(two.p_value, rel=ROADS)


def test_relabelled_runs_and_shuffled_rows_change_no_number() -> None:
    study = study_of([dose()])
    cells = [({"stories": d}, c) for d, c in {0: [40, 46, 52], 1: [30, 41, 35], 2: [20, 33, 28]}.items()]
    turned = [cells[2], cells[0], cells[1]]
    one, two = (analyse(study, tables_of(study, c)).doses.tests for c in (cells, turned))
    numbers = ["estimate", "std_error", "p_value", "smallest_p"]
    assert np.allclose(one[numbers].astype(float), two[numbers].astype(float), rtol=1e-9, equal_nan=True)


@pytest.mark.parametrize("times", [2, 10])
def test_duplicated_rollouts_never_shrink_a_trend_interval(times: int) -> None:
    # Each run's rate as it was, `times` as many rollouts: the runs differ as much, and the half event pulls less.
    cells = {0.0: [40, 46, 52], 1.0: [30, 41, 35], 2.0: [20, 33, 28]}
    one = linear(runs_at(cells))
    two = linear(runs_at({d: [k * times for k in ks] for d, ks in cells.items()}, trials=100 * times))
    assert two.upper - two.lower >= one.upper - one.lower


# Known truth


def test_a_null_dose_is_found_in_one_in_twenty_and_a_monotone_one_mostly() -> None:
    """Scores of 4 doses x 4 runs; 1,000 nulls, 300 with a rise of 2 SD from end to end.

    Expected 5 % of nulls; 8.3 % is five standard errors above, so this fails by chance once in a few million seeds.
    """
    rng = np.random.default_rng(17)
    x, at, stratum = np.repeat([0.0, 1.0, 2.0, 3.0], 4), np.repeat(np.arange(4), 4), np.zeros(16, dtype=np.intp)
    null = [linear(raw_runs(x, rng.normal(size=16))).p_value for _ in range(1000)]
    assert np.mean(np.array(null) <= 0.05) <= 0.083
    monotone = [
        isotonic_randomisation_test(rng.normal(size=16), at, stratum, draws=199, rng=rng).p_absolute for _ in range(400)
    ]
    assert np.mean(np.array(monotone) <= 0.05) <= 0.05 + 5 * math.sqrt(0.05 * 0.95 / 400)
    steps = np.array([0.0, 0.0, 2.0, 2.0])[at]  # a threshold, monotone but not straight
    power = [
        isotonic_randomisation_test(steps + rng.normal(size=16), at, stratum, draws=199, rng=rng).p_absolute <= 0.05
        for _ in range(300)
    ]
    assert np.mean(power) >= 0.8
