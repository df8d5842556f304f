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
from scipy.stats import ttest_ind

from mixablate.estimate import CellArrays, cell_arrays, studentised
from mixablate.resample import (
    assignments,
    bootstrap_means,
    exchangeable,
    randomisation_test,
    sign_flip_test,
    stage_rng,
    wild_test,
)
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
