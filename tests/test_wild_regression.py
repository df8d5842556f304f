"""The wild cluster bootstrap of a regression: against refitting, by its properties, and under a true null."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mixablate.resample import (
    SignWeights,
    restricted_wild_test,
    stage_rng,
    two_arms,
    unrestricted_wild_test,
    wild_interval,
    wild_regression,
    wild_t,
    wild_test,
)

Floats = NDArray[np.float64]
EXACT = 1e-12  # counts over counts
ROUNDING = 1e-9  # the same sums in another order


def example(clusters: int = 6, seed: int = 1) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Clusters of 3 to 5 rows: an intercept, a cluster-level and a row-level column, and an effect of each."""
    rng = stage_rng(seed, "wild example")
    labels = np.repeat(np.arange(clusters), [3 + cluster % 3 for cluster in range(clusters)])
    rows = labels.size
    design = np.column_stack([np.ones(rows), labels % 2, rng.normal(size=rows)])
    return design, design @ [1.0, 0.8, 0.4] + rng.normal(size=clusters)[labels] + rng.normal(size=rows), labels


def rng() -> np.random.Generator:
    return stage_rng(2, "signs")


def cr1_t(design: Floats, response: Floats, labels: NDArray[np.intp], vector: Floats, null: float) -> float:
    """The t of one combination by the textbook: (X'X)^-1 sum (X'e)(X'e)' (X'X)^-1 times Stata's factor."""
    rows, columns = design.shape
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ design.T @ response
    errors = response - design @ coefficients
    scores = np.array([design[labels == g].T @ errors[labels == g] for g in np.unique(labels)])
    clusters = len(scores)
    factor = clusters / (clusters - 1) * (rows - 1) / (rows - columns)
    variance = factor * float(vector @ inverse @ scores.T @ scores @ inverse @ vector)
    return (float(vector @ coefficients) - null) / math.sqrt(variance)


def refitted(
    design: Floats, response: Floats, labels: NDArray[np.intp], place: int, null: float, *, impose: bool
) -> tuple[float, Floats]:
    """t and its distribution over all sign vectors, every sample fitted anew, the null imposed by leaving it out."""
    vector = np.eye(design.shape[1])[place]
    if impose:
        others = np.delete(design, place, axis=1)
        offset = null * design[:, place]
        fitted = offset + others @ np.linalg.lstsq(others, response - offset, rcond=None)[0]
        centre = null
    else:
        coefficients = np.linalg.lstsq(design, response, rcond=None)[0]
        fitted, centre = design @ coefficients, float(coefficients[place])
    drawn = []
    for signs in product((1.0, -1.0), repeat=len(np.unique(labels))):
        sample = fitted + np.array(signs)[labels] * (response - fitted)
        drawn.append(cr1_t(design, sample, labels, vector, centre))
    return cr1_t(design, response, labels, vector, null), np.array(drawn)


@pytest.mark.parametrize("place", [1, 2])
@pytest.mark.parametrize("null", [0.0, 0.5])
def test_the_cluster_products_are_all_the_refitted_regressions(place: int, null: float) -> None:
    design, response, labels = example()
    fit = wild_regression(design, response, labels, np.eye(3)[place])
    for test, impose in ((restricted_wild_test, True), (unrestricted_wild_test, False)):
        observed, drawn = refitted(design, response, labels, place, null, impose=impose)
        found = test(fit, draws=999, rng=rng(), null=null)
        assert found.exact
        assert found.draws == 64
        assert found.observed == wild_t(fit, null) == pytest.approx(observed, rel=ROUNDING)
        assert found.p_below == pytest.approx(np.mean(drawn <= observed + ROUNDING), abs=EXACT)
        assert found.p_above == pytest.approx(np.mean(drawn >= observed - ROUNDING), abs=EXACT)
        assert found.p_absolute == pytest.approx(np.mean(abs(drawn) >= abs(observed) - ROUNDING), abs=EXACT)
        assert found.p_absolute_beyond == pytest.approx(np.mean(abs(drawn) > abs(observed) + ROUNDING), abs=EXACT)


def test_a_combination_is_the_coefficient_of_the_design_turned_to_it() -> None:
    # y = a + b u + c v has b + c as the coefficient of u when v - u takes the place of v.
    design, response, labels = example()
    turned = design.copy()
    turned[:, 2] -= turned[:, 1]
    one = wild_regression(design, response, labels, [0.0, 1.0, 1.0])
    other = wild_regression(turned, response, labels, [0.0, 1.0, 0.0])
    assert one.estimate == pytest.approx(other.estimate, rel=ROUNDING)
    assert wild_t(one, 0.3) == pytest.approx(wild_t(other, 0.3), rel=ROUNDING)
    first, second = (restricted_wild_test(fit, draws=999, rng=rng(), null=0.3) for fit in (one, other))
    assert first.p_absolute == second.p_absolute


def test_runs_of_one_row_in_equal_arms_give_the_p_of_the_contrast_of_cells() -> None:
    # CR1 and Welch differ by a constant factor in arms of equal size, so that every p agrees.
    values = np.array([0.31, 0.22, 0.45, 0.12, 0.30, 0.20, 0.11, 0.25])
    treated = np.repeat([0, 1], 4)
    fit = wild_regression(np.column_stack([np.ones(8), treated]), values, np.arange(8), [0.0, 1.0])
    of_rows = restricted_wild_test(fit, draws=999, rng=rng(), null=-0.05)
    of_cells = wild_test(values, two_arms(treated), draws=999, rng=rng(), boundary=-0.05)
    assert (of_rows.p_below, of_rows.p_above) == pytest.approx((of_cells.p_below, of_cells.p_above), abs=EXACT)


def test_the_interval_ends_where_the_test_begins_to_refuse() -> None:
    design, response, labels = example(clusters=8)
    fit = wild_regression(design, response, labels, np.eye(3)[2])
    found = wild_interval(fit, 0.9, draws=999, rng=rng())
    width = found.upper - found.lower
    assert found.lower < fit.estimate < found.upper
    for end, outwards in ((found.lower, -1.0), (found.upper, 1.0)):
        inside, outside = (
            restricted_wild_test(fit, draws=999, rng=rng(), null=end + step * outwards * width).p_absolute
            for step in (-1e-6, 1e-6)
        )
        assert inside >= 0.1 > outside


def test_five_clusters_bound_nothing_at_95_percent() -> None:
    # The data and their mirror image alone are 2 of 32 sign vectors: p is never below .0625.
    found = wild_interval(wild_regression(*example(clusters=5), np.eye(3)[1]), draws=999, rng=rng())
    assert (found.lower, found.upper) == (-math.inf, math.inf)
    assert "too few clusters" in found.note


def test_drawn_signs_are_near_the_enumeration() -> None:
    # 500 draws: five standard errors of a proportion, missed once in a million.
    fit = wild_regression(*example(clusters=10), np.eye(3)[2])
    whole, some = (restricted_wild_test(fit, draws=draws, rng=rng(), null=0.2) for draws in (1024, 500))
    assert whole.exact
    assert not some.exact
    assert some.p_absolute == pytest.approx(whole.p_absolute, abs=5 * math.sqrt(0.25 / 500))
    exact, drawn = (wild_interval(fit, 0.8, draws=draws, rng=rng()) for draws in (1024, 500))
    assert abs(drawn.lower - exact.lower) < 0.25 * (exact.upper - exact.lower)


def test_webb_weights_are_drawn_and_have_unit_variance() -> None:
    fit = wild_regression(*example(), np.eye(3)[2])
    found = restricted_wild_test(fit, draws=999, rng=rng(), weights=SignWeights.WEBB)
    assert not found.exact
    assert "999 Webb vectors" in found.method
    assert 0.0 < found.p_absolute <= 1.0
    # Six points with squares 3/2, 1 and 1/2: their mean is 1.
    assert (2 * 1.5 + 2 * 1.0 + 2 * 0.5) / 6 == 1.0


def test_under_a_true_null_the_test_keeps_its_level_at_five_clusters_a_side() -> None:
    # 400 studies of 5 against 5 runs, 4 rows each, run effects as large as the noise. At a true level of 5 % more than
    # 38 refusals (9.5 %) come once in 10,000 times (binomial).
    draws = stage_rng(8, "size")
    labels = np.repeat(np.arange(10), 4)
    design = np.column_stack([np.ones(40), labels % 2])
    refused = 0
    for _ in range(400):
        response = draws.normal(size=10)[labels] + draws.normal(size=40)
        fit = wild_regression(design, response, labels, [0.0, 1.0])
        refused += restricted_wild_test(fit, draws=1024, rng=rng()).p_absolute <= 0.05
    assert refused <= 38


@given(st.permutations(range(24)), st.integers(2, 3))
def test_order_labels_and_repeated_rows_do_not_move_p_or_interval(order: list[int], copies: int) -> None:
    design, response, labels = example()
    again = np.repeat(np.asarray(order), copies)
    one = wild_regression(design, response, labels, np.eye(3)[2])
    other = wild_regression(design[again], response[again], [f"run é{9 - g}" for g in labels[again]], np.eye(3)[2])
    tests = [restricted_wild_test(fit, draws=999, rng=rng(), null=0.1).p_absolute for fit in (one, other)]
    assert tests[0] == tests[1]
    intervals = [wild_interval(fit, 0.9, draws=999, rng=rng()) for fit in (one, other)]
    assert intervals[0].lower == pytest.approx(intervals[1].lower, rel=1e-6)
    assert intervals[0].upper == pytest.approx(intervals[1].upper, rel=1e-6)


def test_turning_the_combination_swaps_the_tails_and_mirrors_the_interval() -> None:
    design, response, labels = example()
    one, other = (wild_regression(design, response, labels, sign * np.eye(3)[2]) for sign in (1.0, -1.0))
    first, second = (restricted_wild_test(fit, draws=999, rng=rng()) for fit in (one, other))
    assert (first.p_below, first.p_above) == (second.p_above, second.p_below)
    there, back = (wild_interval(fit, 0.9, draws=999, rng=rng()) for fit in (one, other))
    assert (there.lower, there.upper) == pytest.approx((-back.upper, -back.lower), rel=ROUNDING)


def test_clusters_that_are_fitted_exactly_test_nothing() -> None:
    design, _, labels = example()
    for response, clusters in ((design @ [1.0, 2.0, 3.0], labels), (example()[1], np.zeros_like(labels))):
        fit = wild_regression(design, response, clusters, np.eye(3)[1])
        assert fit.reason == "no spread between clusters was seen"
        assert math.isnan(wild_t(fit))
        assert math.isnan(restricted_wild_test(fit, draws=999, rng=rng()).p_absolute)
        assert wild_interval(fit, draws=999, rng=rng()).reason == fit.reason


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda x, y, g: wild_regression(x, y[1:], g, [0, 1, 0]), "needs as many responses and clusters as rows"),
        (lambda x, y, g: wild_regression(x, y, g, [0, 1]), "needs as many responses and clusters as rows"),
        (lambda x, y, g: wild_regression(x, y, g, [0, 0, 0]), "not all zeros"),
        (lambda x, y, g: wild_regression(x, y, g, [0, math.nan, 0]), "not all zeros"),
        (lambda x, y, g: wild_regression(x[:, [0, 1, 1]], y, g, [0, 1, 0]), "linearly dependent"),
        (lambda x, y, g: wild_regression(x, y * math.nan, g, [0, 1, 0]), "must be finite"),
        (
            lambda x, y, g: wild_interval(wild_regression(x, y, g, [0, 1, 0]), 1.0, draws=99, rng=rng()),
            "level must lie between 0 and 1",
        ),
    ],
)
def test_arguments_that_make_no_sense_are_refused(call: Callable[..., object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call(*example())
