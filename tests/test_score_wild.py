"""The score wild bootstrap of a logit: against a second road, by its properties, and under a true null."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mixablate.errors import DesignError
from mixablate.resample import SignWeights, score_wild_test, stage_rng

Floats = NDArray[np.float64]
Rows = tuple[Floats, NDArray[np.intp], NDArray[np.intp], list[str]]
EXACT = 1e-12  # counts over counts
ROUNDING = 1e-7  # two iterative fits, each converged to 1e-8 or better


def rng() -> np.random.Generator:
    return stage_rng(3, "signs")


def example(runs: int = 6) -> Rows:
    """Runs on three evals of 20 to 30 rollouts: an intercept, a run-level and an eval-level column."""
    draws = stage_rng(4, "score example")
    run = np.repeat(np.arange(runs), 3)
    design = np.column_stack([np.ones(run.size), run % 2, np.tile([0.0, 1.0, 2.0], runs)])
    trials = 20 + 5 * (run % 3)
    rate = 1 / (1 + np.exp(-(design @ [-1.0, -0.5, 0.3] + 0.5 * draws.normal(size=runs)[run])))
    return design, draws.binomial(trials, rate), trials, [f"run/{number}" for number in run]


def test_the_statistic_and_p_are_those_of_a_fit_by_statsmodels() -> None:
    design, events, trials, runs = example()
    others = design[:, [0, 2]]
    null = sm.GLM(np.column_stack([events, trials - events]), others, family=sm.families.Binomial()).fit(tol=1e-12)
    rate = null.fittedvalues
    information = design.T @ (design * (trials * rate * (1 - rate))[:, None])
    scores = np.array(
        [design[np.array(runs) == run].T @ (events - trials * rate)[np.array(runs) == run] for run in sorted(set(runs))]
    )
    share = scores @ np.linalg.inv(information)[:, 1]

    def statistic(signs: tuple[float, ...]) -> float:
        signed = np.array(signs) * share
        return float(signed.sum() / math.sqrt(((signed - signed.mean()) ** 2).sum()))

    observed = statistic((1.0,) * 6)
    drawn = np.array([statistic(signs) for signs in product((1.0, -1.0), repeat=6)])
    found = score_wild_test(design, events, trials, runs, 1, draws=999, rng=rng())
    assert found.observed == pytest.approx(observed, rel=ROUNDING)
    assert found.draws == 64
    assert found.smallest == 1 / 64
    assert found.p_absolute == pytest.approx(np.mean(abs(drawn) >= abs(observed) - ROUNDING), abs=EXACT)
    assert found.p_below == pytest.approx(np.mean(drawn <= observed + ROUNDING), abs=EXACT)


def test_two_runs_by_hand() -> None:
    # Two runs of 10, one treated: 8 and 2 events. Null rate .5; scores on the treated column in terms of its own
    # coefficient: information per run 2.5, inverse [[.4, -.4], [-.4, .8]]; scores (3, 0) and (-3, -3) give
    # -.4 x 3 = -1.2 and .4 x 3 - .8 x 3 = -1.2: alike, no spread around their mean, so t is minus infinity.
    found = score_wild_test([[1, 0], [1, 1]], [8, 2], [10, 10], ["a", "b"], 1, draws=99, rng=rng())
    assert found.observed == -math.inf
    # Signs (+,+) and (-,-) are infinite, the others cancel to 0: p is 2 of 4.
    assert found.p_absolute == 0.5


def test_under_a_true_null_the_test_keeps_its_level_at_five_runs_a_side() -> None:
    # 300 studies of 5 against 5 runs of 200 rollouts at 20 %, run SD .5 on the logit. The evidence says 5.9 %; at that
    # more than 35 refusals (11.7 %) come once in 10,000 times (binomial).
    draws = stage_rng(9, "score size")
    design = np.column_stack([np.ones(10), np.arange(10) % 2])
    runs = [str(run) for run in range(10)]
    refused = 0
    for _ in range(300):
        rate = 1 / (1 + np.exp(1.386 + 0.5 * draws.normal(size=10)))
        test = score_wild_test(design, draws.binomial(200, rate), np.full(10, 200), runs, 1, draws=1024, rng=rng())
        refused += test.p_absolute <= 0.05
    assert refused <= 35


@given(st.permutations(range(18)))
def test_order_labels_and_rows_of_single_rollouts_change_nothing(order: list[int]) -> None:
    design, events, trials, runs = example()
    outcomes = [(row, value) for row in order for value in [1] * events[row] + [0] * (trials[row] - events[row])]
    rows = [row for row, _ in outcomes]
    one = score_wild_test(design, events, trials, runs, 1, draws=999, rng=rng())
    other = score_wild_test(
        design[rows],
        [value for _, value in outcomes],
        np.ones(len(rows)),
        [runs[row].replace("run", "é") for row in rows],
        1,
        draws=999,
        rng=rng(),
    )
    assert other.observed == pytest.approx(one.observed, rel=ROUNDING)
    assert other.p_absolute == one.p_absolute


def test_rows_and_runs_without_trials_change_nothing() -> None:
    design, events, trials, runs = example()
    one = score_wild_test(design, events, trials, runs, 1, draws=999, rng=rng())
    padded = np.vstack([design, [[1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]])
    other = score_wild_test(
        padded, [*events, 0, 0], [*trials, 0, 0], [*runs, runs[0], "an empty run"], 1, draws=999, rng=rng()
    )
    assert other.observed == pytest.approx(one.observed, rel=ROUNDING)
    assert (other.p_absolute, other.draws) == (one.p_absolute, one.draws)


def test_counting_the_other_arm_as_treated_flips_the_sign() -> None:
    design, events, trials, runs = example()
    swapped = design.copy()
    swapped[:, 1] = 1 - swapped[:, 1]
    one = score_wild_test(design, events, trials, runs, 1, draws=999, rng=rng())
    other = score_wild_test(swapped, events, trials, runs, 1, draws=999, rng=rng())
    assert other.observed == pytest.approx(-one.observed, rel=ROUNDING)
    assert (other.p_below, other.p_above) == (one.p_above, one.p_below)


def test_more_runs_than_can_be_enumerated_are_drawn() -> None:
    # 500 draws of 2^12 vectors: five standard errors of a proportion, missed once in a million.
    rows = example(runs=12)
    whole, some = (score_wild_test(*rows, 1, draws=draws, rng=rng()) for draws in (4096, 500))
    assert whole.exact
    assert not some.exact
    assert some.p_absolute == pytest.approx(whole.p_absolute, abs=5 * math.sqrt(0.25 / 500))
    webb = score_wild_test(*rows, 1, draws=500, rng=rng(), weights=SignWeights.WEBB)
    assert "500 Webb vectors" in webb.method


def test_a_null_that_is_separated_or_without_spread_tests_nothing() -> None:
    design, events, trials, runs = example()
    separated = score_wild_test(design, np.zeros(18), trials, runs, 1, draws=999, rng=rng())
    assert "separation" in separated.method
    alone = score_wild_test(design, events, trials, ["one"] * 18, 1, draws=999, rng=rng())
    assert "no spread between clusters" in alone.method
    for found in (separated, alone):
        assert math.isnan(found.p_absolute)
        assert math.isnan(found.p_below)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda x, k, n, g: score_wild_test(x[:, :1], k, n, g, 0, draws=9, rng=rng()), "two columns or more"),
        (lambda x, k, n, g: score_wild_test(x, k, n, g, 3, draws=9, rng=rng()), "two columns or more"),
        (lambda x, k, n, g: score_wild_test(x, k + 99, n, g, 1, draws=9, rng=rng()), "events must lie"),
        (lambda x, k, n, g: score_wild_test(x, k, n, g[1:], 1, draws=9, rng=rng()), "needs as many names and clusters"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(call: Callable[..., Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call(*example())


def test_columns_that_repeat_one_another_are_refused() -> None:
    design, events, trials, runs = example()
    for columns in ([0, 1, 2, 2], [0, 2, 1, 1]):
        with pytest.raises(DesignError, match="linear combination"):
            score_wild_test(design[:, columns], events, trials, runs, 2, draws=9, rng=rng())
