"""Randomisation, wild bootstrap and bootstrap: by brute force, against gold, and by their properties."""

from __future__ import annotations

import csv
import json
import math
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, permutation_test, ttest_ind

from mixablate.estimate import CellArrays, cell_arrays, paired_cells, studentised
from mixablate.resample import (
    assignments,
    bootstrap_means,
    difference_randomisation_test,
    exchangeable,
    listed_randomisation_test,
    randomisation_test,
    rank_sum_randomisation_test,
    sign_flip_test,
    stage_rng,
    two_arms,
    wild_test,
)
from mixablate.resample.linear_randomisation import _at_most, _at_most_on_grid
from small_studies import contrast_of, study_of, summaries_of, tables_of

GOLD = Path(__file__).resolve().parents[1] / "fixtures/gold/permutation_5v5_runs"
EXACT = 1e-12  # counts over counts
ROUNDING = 1e-9  # the same sums in another order


def cells_of(counts: dict[int, list[int]]) -> tuple[np.ndarray, CellArrays]:
    study = study_of(["tools"])
    summaries, design = summaries_of(study, tables_of(study, [({"tools": t}, c) for t, c in counts.items()]))
    cells = cell_arrays(summaries, contrast_of(design))
    return summaries.level[cells.rows], cells


def rng(name: str = "test") -> np.random.Generator:
    return stage_rng(3, name)


def test_gold_five_against_five_is_the_published_exact_p() -> None:
    rows = list(csv.DictReader((GOLD / "data.csv").read_text().splitlines()))
    counts = {t: [int(r["k"]) for r in rows if int(r["arm"]) == t] for t in (0, 1)}
    study = study_of(["tools"])
    summaries, design = summaries_of(
        study, tables_of(study, [({"tools": t}, c) for t, c in counts.items()], trials=200)
    )
    cells = cell_arrays(summaries, contrast_of(design))
    reference = json.loads((GOLD / "reference.json").read_text())["welch_t"]
    values = summaries.level[cells.rows]
    assert studentised(values[None, :], cells)[0] == pytest.approx(reference["t0"], rel=ROUNDING)
    test = randomisation_test(values, cells, draws=999, rng=rng())
    assert test.draws == reference["n_assignments"]
    assert test.p_below == pytest.approx(reference["p_less"], abs=EXACT)
    assert test.p_above == pytest.approx(reference["p_greater"], abs=EXACT)
    assert test.p_two_sided == pytest.approx(reference["p_two_sided_abs"], abs=EXACT)


def test_three_against_three_cannot_go_below_one_in_twenty() -> None:
    # C(6,3) = 20 assignments, so the smallest one-sided p is 1/20 and the smallest two-sided p .10.
    values, cells = cells_of({0: [40, 41, 42], 1: [1, 2, 3]})
    test = randomisation_test(values, cells, draws=999, rng=rng())
    assert test.smallest == pytest.approx(1 / 20)
    assert test.p_below == pytest.approx(1 / 20)
    assert test.p_two_sided == pytest.approx(0.10)


def test_the_enumeration_is_the_brute_force_one() -> None:
    values, cells = cells_of({0: [30, 35, 42], 1: [12, 33, 20, 25]})
    observed = ttest_ind(values[3:], values[:3], equal_var=False).statistic
    statistics = []
    for chosen in combinations(range(7), 3):
        rest = [i for i in range(7) if i not in chosen]
        statistics.append(ttest_ind(values[rest], values[list(chosen)], equal_var=False).statistic)
    below = np.mean(np.array(statistics) <= observed + ROUNDING)
    assert assignments(cells) == math.comb(7, 3) == len(statistics)
    assert randomisation_test(values, cells, draws=999, rng=rng()).p_below == pytest.approx(below, abs=EXACT)


def test_monte_carlo_is_near_the_enumeration() -> None:
    # All 252 assignments against 200 drawn ones: five standard errors of a proportion, missed once in a million.
    values, cells = cells_of({0: [30, 35, 42, 20, 28], 1: [12, 33, 20, 25, 31]})
    exact = randomisation_test(values, cells, draws=999, rng=rng())
    drawn = randomisation_test(values, cells, draws=200, rng=rng())
    assert exact.exact
    assert not drawn.exact
    assert drawn.p_below == pytest.approx(exact.p_below, abs=5 * math.sqrt(0.25 / 200))


def test_a_boundary_is_taken_off_the_treated_runs() -> None:
    values, cells = cells_of({0: [30, 35, 42], 1: [12, 33, 20]})
    shifted = values.copy()
    shifted[cells.coefficients[cells.cell] > 0] += 0.1
    moved = randomisation_test(shifted, cells, draws=999, rng=rng(), boundary=0.1)
    assert moved.p_below == randomisation_test(values, cells, draws=999, rng=rng()).p_below


def test_runs_are_exchanged_within_strata_only() -> None:
    study = study_of()
    cells_in = [({"tools": t, "prompts": p}, [30, 31, 29 - t]) for p in (0, 1) for t in (0, 1)]
    summaries, design = summaries_of(study, tables_of(study, cells_in))
    cells = cell_arrays(summaries, contrast_of(design, "tools"))
    assert exchangeable(cells)
    assert assignments(cells) == 20 * 20
    both = cell_arrays(summaries, contrast_of(design, "tools", "prompts"))
    assert assignments(both) == 20


def test_the_first_draws_are_the_draws_of_a_shorter_run() -> None:
    values, cells = cells_of({0: list(range(20, 32)), 1: list(range(10, 22))})
    keys = [stage_rng(9, "x").random((n, values.size)) for n in (50, 500)]
    assert (keys[0] == keys[1][:50]).all()
    short, long = (randomisation_test(values, cells, draws=n, rng=stage_rng(9, "x")) for n in (999, 9_999))
    assert not short.exact
    assert not long.exact


def test_named_streams_do_not_depend_on_one_another() -> None:
    alone = stage_rng(1, "second opinion", "a").random(4)
    stage_rng(1, "figures").random(1000)
    assert (stage_rng(1, "second opinion", "a").random(4) == alone).all()
    assert (stage_rng(1, "second opinion", "b").random(4) != alone).all()
    assert (stage_rng(2, "second opinion", "a").random(4) != alone).all()


@given(st.lists(st.integers(0, 100), min_size=3, max_size=4), st.lists(st.integers(0, 100), min_size=3, max_size=4))
def test_swapping_the_arms_swaps_the_tails(one: list[int], other: list[int]) -> None:
    for test in (randomisation_test, wild_test):
        forward = test(*cells_of({0: one, 1: other}), draws=999, rng=rng())
        backward = test(*cells_of({0: other, 1: one}), draws=999, rng=rng())
        assert forward.p_below == pytest.approx(backward.p_above, abs=EXACT)


def test_the_wild_bootstrap_is_the_brute_force_one() -> None:
    # Null imposed: both arms share one mean (equal sizes), residuals change sign, the Welch t is compared.
    values, cells = cells_of({0: [30, 35, 42], 1: [12, 33, 20]})
    pooled = values.mean()
    residuals = values - pooled
    statistics = []
    for signs in product((1.0, -1.0), repeat=6):
        drawn = pooled + np.array(signs) * residuals
        statistics.append(ttest_ind(drawn[3:], drawn[:3], equal_var=False).statistic)
    observed = ttest_ind(values[3:], values[:3], equal_var=False).statistic
    test = wild_test(values, cells, draws=999, rng=rng())
    assert test.exact
    assert test.draws == 64
    assert test.smallest == 1 / 64
    assert test.p_below == pytest.approx(np.mean(np.array(statistics) <= observed + ROUNDING), abs=EXACT)


def test_pairs_change_sign() -> None:
    # Differences 1, 2, 3: of the 8 sign vectors only the observed one has a t as large, so p = 1/8 above.
    test = sign_flip_test(np.array([1.0, 2.0, 3.0]), draws=999, rng=rng())
    assert test.p_above == pytest.approx(1 / 8)
    assert test.p_below == pytest.approx(1.0)
    assert test.smallest == pytest.approx(1 / 8)


def test_runs_that_are_all_alike_are_no_evidence() -> None:
    for test in (randomisation_test, wild_test):
        found = test(*cells_of({0: [10, 10, 10], 1: [10, 10, 10]}), draws=999, rng=rng())
        assert found.p_below == found.p_above == 1.0


def test_the_bootstrap_has_the_unbiased_variance_of_a_mean() -> None:
    # Rao-Wu draws n - 1 of n: the variance of the drawn mean is s^2/n. 20,000 draws: relative SE about 1 %.
    values, cells = cells_of({0: [30, 35, 42, 20, 28], 1: [12, 33, 20]})
    means = bootstrap_means(values, cells, draws=20_000, rng=rng())
    for cell in (0, 1):
        own = values[cells.cell == cell]
        assert means[:, cell].var() == pytest.approx(own.var(ddof=1) / own.size, rel=0.06)
        assert means[:, cell].mean() == pytest.approx(own.mean(), rel=0.01)


def test_an_arm_of_one_run_has_nothing_to_resample() -> None:
    values, cells = cells_of({0: [30, 35], 1: [12]})
    with pytest.raises(ValueError, match="at least two runs"):
        bootstrap_means(values, cells, draws=9, rng=rng())


def test_blocks_are_exchanged_within_base_models_only() -> None:
    # Two base models, each with 3 runs of either arm: C(6,3)^2 = 400 assignments, not C(12,6) = 924. All values of the
    # second model lie above all of the first: exchanged across, the difference would drown.
    study = study_of(["tools"], block=("base_model",))
    cells_in = [({"tools": t}, [10 - t, 12 - t, 11 - t, 80 - t, 84 - t, 82 - t]) for t in (0, 1)]
    models = ["small", "small", "small", "large", "large", "large"] * 2
    tables = tables_of(study, cells_in, run_columns={"base_model": models})
    summaries, design = summaries_of(study, tables)
    cells = cell_arrays(summaries, contrast_of(design))
    assert exchangeable(cells)
    assert assignments(cells) == 400
    test = randomisation_test(summaries.level[cells.rows], cells, draws=999, rng=rng())
    assert test.draws == 400
    # By hand: stratified statistics by brute force over both models' choices.
    level, stratum_of = summaries.level[cells.rows], cells.stratum[cells.cell]
    drawn = []
    for chosen in product(combinations(range(6), 3), repeat=2):
        gap = square = 0.0
        for stratum, treated in enumerate(chosen):
            mine = level[stratum_of == stratum]
            one, other = mine[list(treated)], np.delete(mine, treated)
            gap += (one.mean() - other.mean()) / 2
            square += (one.var(ddof=1) / 3 + other.var(ddof=1) / 3) / 4
        drawn.append(gap / math.sqrt(square))
    assert test.p_below == pytest.approx(np.mean(np.array(drawn) <= test.observed + ROUNDING), abs=EXACT)


def test_pairs_are_exchanged_within_seeds_only() -> None:
    # Four seeds, each run in both arms: 2^4 exchanges. The treated run is 3 points lower in every pair.
    study = study_of(["tools"], pair="seed")
    cells_in = [({"tools": t}, [20 - 3 * t, 40 - 3 * t, 60 - 3 * t, 80 - 4 * t]) for t in (0, 1)]
    summaries, design = summaries_of(study, tables_of(study, cells_in))
    cells = cell_arrays(summaries, contrast_of(design))
    differences = paired_cells(summaries.level, summaries, cells) @ cells.coefficients
    assert differences == pytest.approx([-0.03, -0.03, -0.03, -0.04], abs=EXACT)
    test = sign_flip_test(differences, draws=999, rng=rng())
    assert test.draws == 16
    assert test.p_below == 1 / 16
    assert test.abstention(0.05) == "abstains: the smallest two-sided p these runs can give is 0.125, above 0.05"


def test_a_list_of_all_assignments_is_the_unrestricted_test() -> None:
    values, cells = cells_of({0: [30, 35, 42], 1: [12, 33, 20, 25]})
    listed = np.ones((35, 7), dtype=int)
    for row, chosen in enumerate(combinations(range(7), 3)):
        listed[row, list(chosen)] = 0
    whole = randomisation_test(values, cells, draws=999, rng=rng(), boundary=0.1)
    found = listed_randomisation_test(values, cells, listed, boundary=0.1)
    assert (found.p_below, found.p_above, found.p_absolute) == (whole.p_below, whole.p_above, whole.p_absolute)
    assert found.observed == pytest.approx(whole.observed, rel=ROUNDING)


def test_only_the_assignments_that_were_possible_are_compared() -> None:
    # Alternating in time: of the assignments of 3 and 3 only the two that alternate. The smallest p is 1/2.
    values, cells = cells_of({0: [30, 35, 42], 1: [12, 13, 20]})
    found = listed_randomisation_test(values, cells, [[0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0]])
    assert found.p_below == 0.5
    assert found.smallest == 0.5


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        ([[0, 0, 1, 1]], "one of 2 cells"),
        ([[0, 0, 0, 1, 1, 2]], "one of 2 cells"),
        ([[0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1]], "listed more than once"),
        ([[1, 1, 1, 0, 0, 0]], "not among the admissible"),
        ([[0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 1]], "at least two runs"),
    ],
)
def test_lists_that_make_no_sense_are_refused(listed: list[list[int]], said: str) -> None:
    values, cells = cells_of({0: [30, 35, 42], 1: [12, 13, 20]})
    with pytest.raises(ValueError, match=said):
        listed_randomisation_test(values, cells, listed)


def test_mid_p_counts_half_of_the_ties_and_three_against_three_abstains() -> None:
    # The most extreme of 20 assignments: p .05 below and .10 both ways (it and its mirror image), mid-p half of each.
    test = randomisation_test(*cells_of({0: [40, 41, 42], 1: [1, 2, 3]}), draws=999, rng=rng())
    assert (test.p_below, test.p_absolute) == pytest.approx((0.05, 0.10))
    assert (test.mid_p_below, test.mid_p_absolute) == pytest.approx((0.025, 0.05))
    assert test.mid_p_above == pytest.approx(1.0 - 0.025)
    assert test.p_absolute_beyond == pytest.approx(0.0)
    assert test.smallest_two_sided == pytest.approx(0.10)
    assert test.abstention(0.05)
    assert test.abstention(0.10) == ""


def test_arms_are_told_by_labels() -> None:
    values, cells = cells_of({0: [30, 35, 42], 1: [12, 33, 20, 25]})
    told = two_arms([False] * 3 + [True] * 4)
    assert studentised(values[None, :], told) == pytest.approx(studentised(values[None, :], cells), rel=ROUNDING)
    assert assignments(told) == assignments(cells)
    blocked = two_arms([0, 1, 1, 0, 0, 1], ["a", "a", "a", "b", "b", "b"])
    assert assignments(blocked) == 9
    assert blocked.coefficients.tolist() == [-0.5, 0.5, -0.5, 0.5]
    with pytest.raises(ValueError, match="true or false"):
        two_arms([0, 2])
    with pytest.raises(ValueError, match="found 1 for 2 runs"):
        two_arms([0, 1], ["a"])
    with pytest.raises(ValueError, match="treated and reference runs"):
        two_arms([0, 1, 1], ["a", "a", "b"])


RUN_VALUES = st.lists(st.integers(-20, 20), min_size=4, max_size=9)


@given(RUN_VALUES, st.integers(1, 3))
def test_counting_sums_is_enumerating_assignments(values: list[int], size: int) -> None:
    treated = np.arange(len(values)) < size
    found = difference_randomisation_test(values, treated)
    numbers = np.array(values, dtype=float)
    drawn = []
    for chosen in combinations(range(numbers.size), size):
        drawn.append(numbers[list(chosen)].mean() - np.delete(numbers, chosen).mean())
    distances, observed = np.abs(drawn), found.observed
    assert found.draws == len(drawn)
    assert found.p_below == pytest.approx(np.mean(np.array(drawn) <= observed + ROUNDING), abs=EXACT)
    assert found.p_above == pytest.approx(np.mean(np.array(drawn) >= observed - ROUNDING), abs=EXACT)
    assert found.p_absolute == pytest.approx(np.mean(distances >= abs(observed) - ROUNDING), abs=EXACT)
    assert found.p_absolute_beyond == pytest.approx(np.mean(distances > abs(observed) + ROUNDING), abs=EXACT)
    swapped = difference_randomisation_test(values, ~treated)
    assert (swapped.p_below, swapped.p_above) == pytest.approx((found.p_above, found.p_below), abs=EXACT)


def test_sums_are_counted_exactly_where_enumeration_would_take_days() -> None:
    # 20 against 20: against the normal distribution of a standardised sum, which is .001 away at this size, not .01.
    values = np.arange(40.0) ** 1.5
    treated = np.arange(40) % 3 == 0
    found = difference_randomisation_test(values, treated)
    assert found.draws == math.comb(40, 14)
    drawn = permutation_test(
        (values[treated], values[~treated]),
        lambda a, b, axis: a.mean(axis) - b.mean(axis),
        vectorized=True,
        n_resamples=9_999,
        rng=stage_rng(3, "scipy"),
    )
    # Twice the smaller tail; 9,999 draws: five standard errors, missed once in a million.
    assert found.p_two_sided == pytest.approx(drawn.pvalue, abs=2 * 5 * math.sqrt(0.25 / 9_999))


def test_sums_on_a_grid_are_counted_for_more_runs_than_can_be_split_in_halves() -> None:
    draws = np.random.default_rng(4)
    values, treated = np.round(draws.normal(size=60), 2), np.arange(60) % 3 == 0
    # Without ties scipy's exact distribution of the rank sum is the same shift algorithm, written by others.
    ranks = rank_sum_randomisation_test(np.argsort(values), treated)
    expected = mannwhitneyu(np.argsort(values)[treated], np.argsort(values)[~treated], method="exact")
    assert ranks.p_absolute == pytest.approx(expected.pvalue, rel=1e-9)
    # Runs of one value in each arm change no share of assignments but that of their own number: 2 of 60 against 1.
    means = difference_randomisation_test([1.0, 1.0, *[0.0] * 58], [1, *[0] * 59])
    assert (means.draws, means.p_above, means.p_below) == (60, pytest.approx(2 / 60), 1.0)


def test_both_ways_of_counting_sums_count_the_same() -> None:
    values = np.round(np.random.default_rng(5).normal(size=30), 2)
    bounds, size = np.array([-3.0049, 0.0051, 2.0013]), 11  # none of them a sum
    by_halves = _at_most(values, size, bounds)
    assert _at_most_on_grid(values, size, bounds) == by_halves
    assert 0 < by_halves[0] < by_halves[1] < by_halves[2] < math.comb(30, 11)


def test_rank_sums_without_ties_are_those_of_scipy() -> None:
    values, treated = np.array([3.1, 0.2, 5.5, 4.0, 9.9, 7.3, 8.1]), np.array([0, 0, 0, 1, 1, 0, 1])
    found = rank_sum_randomisation_test(values, treated)
    expected = mannwhitneyu(values[treated == 1], values[treated == 0], method="exact")
    assert found.p_absolute == pytest.approx(expected.pvalue, abs=EXACT)


def test_values_that_all_tie_are_no_evidence() -> None:
    for test in (difference_randomisation_test, rank_sum_randomisation_test):
        found = test([0.3] * 6, [0, 0, 0, 1, 1, 1])
        assert found.p_below == found.p_above == found.p_absolute == 1.0


@pytest.mark.parametrize(
    ("values", "treated", "said"),
    [
        ([1.0, 2.0], [0, 1, 1], "for each of 2 runs, found 3 labels"),
        ([1.0, 2.0], [0, 3], "true or false"),
        ([1.0, math.nan], [0, 1], "finite values"),
        ([1.0], [1], "two runs or more"),
        ([math.pi * place for place in range(45)], [0] + [1] * 44, "at most 44 runs, or values on a coarse grid"),
        ([1.0, 2.0], [1, 1], "both sides need at least one run"),
    ],
)
def test_runs_that_make_no_sense_are_refused(values: list[float], treated: list[int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        difference_randomisation_test(values, treated)
