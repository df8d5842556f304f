"""Prediction-powered rates and differences: by hand, as Welch's t over runs, against a known truth, and refused."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import norm, ttest_ind

from mixablate.estimate import (
    JudgedSample,
    PredictionPowered,
    clopper_pearson,
    judged_sample,
    optimal_weight,
    prediction_powered_difference,
    prediction_powered_mean,
    prediction_powered_over_runs,
    tuned_weight,
)

ROUNDING = 1e-12  # the same sums in another order
Z = norm.ppf(0.975)
NAN = math.nan
HUMAN = [1, 0, 0, 1, NAN, NAN, NAN, NAN, NAN]
JUDGE = [1, 0, 1, 1, 1, 0, 0, 1, 0]


def drawn(
    rng: np.random.Generator, rate: float, labels: int, rest: int, sensitivity: float = 0.9, specificity: float = 0.95
) -> JudgedSample:
    """One model's rollouts, the first of them labelled."""
    events = rng.random(labels + rest) < rate
    judge = np.where(events, rng.random(labels + rest) < sensitivity, rng.random(labels + rest) > specificity)
    return judged_sample(np.where(np.arange(labels + rest) < labels, events, np.nan), judge)


@st.composite
def columns(draw: st.DrawFn) -> tuple[list[float], list[float], list[str]]:
    size = draw(st.integers(8, 40))
    human = [
        *draw(st.lists(st.sampled_from([0.0, 1.0, NAN]), min_size=size - 4, max_size=size - 4)),
        0.0,
        1.0,
        NAN,
        NAN,
    ]
    judge = draw(st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=size, max_size=size))
    return human, judge, [f"run {index % 5}" for index in range(size)]


def numbers(found: PredictionPowered) -> tuple[float, ...]:
    return found.estimate, found.std_error, found.lower, found.upper


def test_a_rate_by_hand() -> None:
    # Judge on the unlabelled: 1 0 0 1 0, mean .4, variance .24; human - judge: 0 0 -1 0, mean -.25, variance .1875.
    found = prediction_powered_mean(judged_sample(HUMAN, JUDGE))
    assert found.estimate == pytest.approx(0.4 - 0.25, abs=ROUNDING)
    assert found.std_error == pytest.approx(math.sqrt(0.24 / 5 + 0.1875 / 4), abs=ROUNDING)
    assert found.unwidened == pytest.approx((0.15 - Z * found.std_error, 0.15 + Z * found.std_error), abs=ROUNDING)
    assert (found.n_labels, found.n_labelled_events) == (4, 2)


def test_the_optimal_weight_by_hand() -> None:
    # Cov of (1 0 0 1) and (1 0 1 1): 1/3 sum (y - .5)(f - .75) = 1/3 (.125 + .375 - .125 + .125) = 1/6.
    # Variance of all nine answers (five ones): 9/8 * 5/9 * 4/9 = .277778. (1/6) / ((1 + 4/5) * .277778) = 1/3.
    sample = judged_sample(HUMAN, JUDGE)
    assert optimal_weight(sample) == pytest.approx(1 / 3, abs=ROUNDING)
    assert tuned_weight(sample) == pytest.approx(1 / 3 * 3 / 4, abs=ROUNDING)


def test_the_tuned_weight_stays_within_0_and_1() -> None:
    against = judged_sample([1, 1, 0, 0, NAN], [0, 0, 1, 1, 1])
    assert optimal_weight(against) < 0.0 == tuned_weight(against)
    scores = judged_sample([1, 1, 0, 0, NAN], [0.6, 0.6, 0.4, 0.4, 0.5])
    assert optimal_weight(scores) > 1.0 == tuned_weight(scores)


def test_without_an_optimal_weight_the_labels_stand_alone() -> None:
    for sample in (
        judged_sample([1, 0, NAN], [1, 1, 1]),
        judged_sample([1, NAN], [1, 0]),
        judged_sample([1, 0], [1, 0]),
    ):
        assert math.isnan(optimal_weight(sample))
        assert tuned_weight(sample) == 0.0


def test_weight_0_is_the_labels_alone_and_so_is_a_sample_without_unlabelled_rollouts() -> None:
    labels = [1.0, 0.0, 0.0, 1.0, 0.0]
    alone = prediction_powered_mean(judged_sample([*labels, NAN], [1, 0, 0, 1, 1, 1]), 0.0)
    assert (alone.estimate, alone.std_error) == pytest.approx((0.4, math.sqrt(0.24 / 5)), abs=ROUNDING)
    assert numbers(prediction_powered_mean(judged_sample(labels, [0, 0, 0, 1, 1]))) == pytest.approx(numbers(alone))


def test_a_difference_is_that_of_the_two_rates_and_its_variance_their_sum() -> None:
    rng = np.random.default_rng(1)
    one, zero = drawn(rng, 0.1, 100, 300), drawn(rng, 0.3, 120, 200)
    found = prediction_powered_difference(one, zero, (0.8, 0.3))
    sides = prediction_powered_mean(one, 0.8), prediction_powered_mean(zero, 0.3)
    assert found.estimate == pytest.approx(sides[0].estimate - sides[1].estimate, abs=ROUNDING)
    assert found.std_error == pytest.approx(math.hypot(sides[0].std_error, sides[1].std_error), abs=ROUNDING)
    assert (found.note, found.reason) == ("", "")


def test_swapping_the_sides_turns_the_difference_around() -> None:
    rng = np.random.default_rng(2)
    for labels in (20, 120):
        one, zero = drawn(rng, 0.1, labels, 300), drawn(rng, 0.3, labels, 200)
        estimate, error, lower, upper = numbers(prediction_powered_difference(one, zero))
        turned = numbers(prediction_powered_difference(zero, one))
        assert turned == pytest.approx((-estimate, error, -upper, -lower), abs=ROUNDING)


@given(columns(), st.randoms(use_true_random=False))
def test_row_order_and_run_names_move_nothing(data: tuple[list[float], ...], shuffle: object) -> None:
    human, judge, runs = data
    rows = list(zip(human, judge, runs, strict=True))
    shuffle.shuffle(rows)  # type: ignore[attr-defined]
    moved = [list(column) for column in zip(*rows, strict=True)]
    found = prediction_powered_mean(judged_sample(human, judge))
    assert numbers(prediction_powered_mean(judged_sample(*moved[:2]))) == pytest.approx(numbers(found), abs=ROUNDING)
    other = judged_sample([0, 1, 0, 1, 0, 1, NAN], [0, 1, 0, 0, 0, 1, 1], ["a", "a", "b", "b", "c", "c", "d"])
    over = prediction_powered_over_runs(judged_sample(human, judge, runs), other)
    renamed = judged_sample(moved[0], moved[1], [f"é {run}" for run in moved[2]])
    again = prediction_powered_over_runs(renamed, other)
    assert over.reason == again.reason
    assert numbers(again) == pytest.approx(numbers(over), abs=ROUNDING, nan_ok=True)


def runs_of(rng: np.random.Generator, centre: float, runs: int, labels: int, rest: int, name: str) -> JudgedSample:
    """Equal numbers of labelled and other rollouts from runs that differ (SD .5 on the logit)."""
    human, judge, ids = [], [], []
    for run, rate in enumerate(expit(logit(centre) + 0.5 * rng.standard_normal(runs))):
        one = drawn(rng, rate, labels, rest)
        human += [*one.human, *[NAN] * rest]
        judge += [*one.judged, *one.unlabelled]
        ids += [f"{name}{run}"] * (labels + rest)
    return judged_sample(human, judge, ids)


def run_rates(sample: JudgedSample, weight: float) -> list[float]:
    rates = []
    for run in np.unique(sample.runs):
        mine, others = sample.runs == run, sample.unlabelled_runs == run
        own = JudgedSample(sample.human[mine], sample.judged[mine], sample.unlabelled[others], *[np.array([])] * 2)
        rates.append(prediction_powered_mean(own, weight).estimate)
    return rates


def test_over_runs_of_equal_size_it_is_welch_on_the_runs_own_rates() -> None:
    rng = np.random.default_rng(4)
    one, zero = runs_of(rng, 0.1, 4, 30, 80, "a"), runs_of(rng, 0.3, 5, 30, 80, "b")
    found = prediction_powered_over_runs(one, zero, (0.9, 0.9))
    expected = ttest_ind(run_rates(one, 0.9), run_rates(zero, 0.9), equal_var=False)
    limits = expected.confidence_interval(0.95)
    assert found.df == pytest.approx(expected.df, rel=1e-9)
    assert found.unwidened == pytest.approx((limits.low, limits.high), rel=1e-9)
    assert found.estimate == pytest.approx(prediction_powered_difference(one, zero, (0.9, 0.9)).estimate, abs=ROUNDING)


def test_repeating_every_rollout_under_its_run_never_shrinks_the_interval_over_runs() -> None:
    rng = np.random.default_rng(5)
    one, zero = runs_of(rng, 0.1, 4, 30, 80, "a"), runs_of(rng, 0.3, 5, 30, 80, "b")
    twice = [
        JudgedSample(*(np.tile(c, 2) for c in (s.human, s.judged, s.unlabelled, s.runs, s.unlabelled_runs)))
        for s in (one, zero)
    ]
    once = prediction_powered_over_runs(one, zero)
    assert prediction_powered_over_runs(*twice).unwidened == pytest.approx(once.unwidened, rel=1e-9)
    assert prediction_powered_difference(*twice).std_error < prediction_powered_difference(one, zero).std_error


def test_rollouts_counted_as_independent_are_too_sure_of_runs_that_differ() -> None:
    rng = np.random.default_rng(6)
    one, zero = runs_of(rng, 0.2, 4, 60, 300, "a"), runs_of(rng, 0.2, 4, 60, 300, "b")
    assert prediction_powered_over_runs(one, zero).std_error > 1.5 * prediction_powered_difference(one, zero).std_error


def test_runs_without_labels_bring_their_judged_rollouts_and_too_few_labelled_runs_no_interval() -> None:
    rng = np.random.default_rng(7)
    one, zero = runs_of(rng, 0.1, 4, 40, 80, "a"), runs_of(rng, 0.3, 4, 40, 80, "b")
    human = [*one.human, *[NAN] * 80 * 4, *[NAN] * 200]
    judge = [*one.judged, *one.unlabelled, *rng.integers(0, 2, 200)]
    wider = judged_sample(human, judge, [*one.runs, *one.unlabelled_runs, *["a9"] * 200])
    found = prediction_powered_over_runs(wider, zero)
    assert found.reason == ""
    assert found.estimate > prediction_powered_over_runs(one, zero).estimate
    few = judged_sample(np.where(np.char.find(wider.runs, "a0") == 0, wider.human, np.nan), wider.judged, wider.runs)
    withheld = prediction_powered_over_runs(few, zero)
    assert "1 labelled run against 4" in withheld.reason
    assert math.isnan(withheld.lower)
    assert not math.isnan(withheld.estimate)


def test_a_side_without_labels_has_no_estimate() -> None:
    found = prediction_powered_difference(judged_sample([NAN, NAN], [1, 0]), judged_sample(HUMAN, JUDGE))
    assert math.isnan(found.estimate)
    assert "no rollout of a side has a human label" in found.reason
    assert found.n_labels == 4


def test_few_labels_are_noted_and_the_interval_reaches_the_exact_one_of_the_labels() -> None:
    rng = np.random.default_rng(8)
    few = prediction_powered_mean(drawn(rng, 0.2, 60, 500))
    assert "60 labelled rollouts" in few.note
    low, high = clopper_pearson(few.n_labelled_events, 60)
    assert few.lower == min(low, few.unwidened[0])
    assert few.upper == max(high, few.unwidened[1])
    rare = prediction_powered_mean(judged_sample([*[1] * 4, *[0] * 296, *[NAN] * 50], [0] * 350))
    assert "4 labelled events" in rare.note
    common = prediction_powered_mean(judged_sample([*[0] * 4, *[1] * 296, *[NAN] * 50], [0] * 350))
    assert "4 labelled non-events" in common.note
    lopsided = prediction_powered_difference(drawn(rng, 0.2, 40, 500), drawn(rng, 0.2, 260, 500))
    assert "40 and 260 labelled rollouts" in lopsided.note


def test_no_events_anywhere_bound_the_rate_and_do_not_promise_zero() -> None:
    found = prediction_powered_mean(judged_sample([*[0] * 100, *[NAN] * 400], [0] * 500))
    assert (found.estimate, found.std_error, found.lower) == (0.0, 0.0, 0.0)
    assert found.upper == pytest.approx(clopper_pearson(0, 100)[1], abs=ROUNDING)


def coverage(
    rng: np.random.Generator, rates: tuple[float, float], labels: int, size: int, *, tuned: bool = False
) -> float:
    covered = 0
    for _ in range(size):
        sides = [drawn(rng, rate, labels, 300) for rate in rates]
        weights = (tuned_weight(sides[0]), tuned_weight(sides[1])) if tuned else (1.0, 1.0)
        found = prediction_powered_difference(sides[0], sides[1], weights)
        covered += found.lower <= rates[0] - rates[1] <= found.upper
    return covered / size


@pytest.mark.parametrize("rates", [(0.05, 0.2), (0.1, 0.1)], ids=str)
def test_differences_cover_at_200_labels(rates: tuple[float, float]) -> None:
    # S11: 93 to 98 %, 100 labels a side. In 8,000 other studies of these cells 95.2 and 95.4 % were covered: on another
    # seed 2,000 leave 93 to 98 % with probability below 1e-4.
    assert 0.93 <= coverage(np.random.default_rng(12), rates, 100, 2000) <= 0.98


def test_with_40_labels_the_widened_interval_covers_more_than_it_says() -> None:
    # All of 4,000 other studies; 1,000 fall below 95 % with probability below 1e-9.
    assert coverage(np.random.default_rng(13), (0.02, 0.1), 40, 1000) >= 0.95


def coverage_over_runs(
    rng: np.random.Generator, runs: int, labels: int, size: int, rest: int = 200
) -> tuple[float, float]:
    """Of the interval over runs, and of the one that counts rollouts; the mean run rates are the truth."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    centres = (0.1, 0.25)
    one, zero = ((expit(logit(c) + 0.5 * nodes) * weights).sum() / weights.sum() for c in centres)
    held = np.zeros(2)
    for _ in range(size):
        sides = [runs_of(rng, c, runs, labels, rest, name) for c, name in zip(centres, "ab", strict=True)]
        for place, method in enumerate((prediction_powered_over_runs, prediction_powered_difference)):
            found = method(sides[0], sides[1])
            held[place] += found.lower <= one - zero <= found.upper
    return float(held[0] / size), float(held[1] / size)


def test_over_five_runs_a_side_the_interval_covers_and_the_one_of_rollouts_does_not() -> None:
    # In 1,500 other studies 94.7 and 72.0 %; on another seed 400 leave these bounds with probability below .2 %.
    over_runs, over_rollouts = coverage_over_runs(np.random.default_rng(14), 5, 40, 400)
    assert 0.91 <= over_runs <= 0.985
    assert over_rollouts < over_runs - 0.05


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: judged_sample([1, 0], [1]), "columns of one length"),
        (lambda: judged_sample([1, 0], [1, 0], ["a"]), "columns of one length"),
        (lambda: judged_sample([[1, 0]], [[1, 0]]), "columns of one length"),
        (lambda: judged_sample([0.5, 0], [1, 0]), "human labels must be 0 or 1"),
        (lambda: judged_sample([1, 0], [1, NAN]), "answers must be finite"),
        (lambda: prediction_powered_mean(judged_sample(HUMAN, JUDGE), 1.1), "weight must lie between 0 and 1"),
        (lambda: prediction_powered_mean(judged_sample(HUMAN, JUDGE), NAN), "weight must lie between 0 and 1"),
        (lambda: prediction_powered_mean(judged_sample(HUMAN, JUDGE), 1.0, 1.0), "level must lie between 0 and 1"),
        (
            lambda: prediction_powered_difference(judged_sample(HUMAN, JUDGE), judged_sample(HUMAN, JUDGE), level=NAN),
            "level must lie between 0 and 1",
        ),
        (
            lambda: prediction_powered_over_runs(judged_sample(HUMAN, JUDGE), judged_sample(HUMAN, JUDGE)),
            "needs its training run",
        ),
        (
            lambda: prediction_powered_over_runs(*[judged_sample(HUMAN, JUDGE, ["run 1"] * 9)] * 2),
            'belongs to one side, found "run 1" on both',
        ),
    ],
)
def test_what_makes_no_sense_is_refused(call: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()
