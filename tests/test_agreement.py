"""Two judges of the same rollouts: kappa beside statsmodels, paired rates by hand, and what a swap does to effects."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, ttest_1samp, ttest_ind
from statsmodels.stats.inter_rater import cohens_kappa

from mixablate.design import Contrast, Design
from mixablate.estimate import (
    Confusion,
    RunSummaries,
    cohen_kappa,
    confusion,
    judge_swap,
    mean_swap,
    paired_difference,
    run_level_effect,
)
from mixablate.study import Scale
from small_studies import contrast_of, study_of, summaries_of, tables_of

ROUNDING = 1e-9  # the same sums in another order
HAND = 5e-5  # worked out to four decimals
COUNTS = st.tuples(*[st.integers(0, 60)] * 4).filter(any)
STRICT, LENIENT = ([40, 52, 47, 61], [22, 30, 17]), ([44, 57, 50, 66], [31, 41, 25])


def test_a_confusion_table_by_hand() -> None:
    table = confusion([1, 1, 1, 0, 0, 0, 0], [True, False, True, False, True, False, False])
    assert table == Confusion(both=2, first_only=1, second_only=1, neither=3)
    assert table.agreement == pytest.approx(5 / 7)


def test_kappa_by_hand() -> None:
    # 20 and 15 of 50 judged alike: .7; rates .5 and .6, so .5 * .6 + .5 * .4 = .5 by chance; kappa .2/.5 = .4
    found = cohen_kappa(Confusion(20, 5, 10, 15))
    assert (found.estimate, found.agreement, found.by_chance) == pytest.approx((0.4, 0.7, 0.5))
    assert (found.prevalence_index, found.bias_index, found.pabak) == pytest.approx((0.1, 0.1, 0.4))


@given(st.tuples(*[st.integers(1, 60)] * 4))
def test_kappa_and_its_standard_error_are_those_of_statsmodels(counts: tuple[int, ...]) -> None:
    found, expected = cohen_kappa(Confusion(*counts)), cohens_kappa(np.reshape(counts, (2, 2)))
    assert found.estimate == pytest.approx(expected.kappa, abs=ROUNDING)
    assert found.std_error == pytest.approx(expected.std_kappa, abs=ROUNDING)
    assert (found.lower, found.upper) == pytest.approx((expected.kappa_low, min(1.0, expected.kappa_upp)), abs=ROUNDING)


@given(COUNTS)
def test_swapping_the_judges_keeps_kappa_and_turns_the_bias_around(counts: tuple[int, ...]) -> None:
    a, b, c, d = counts
    found, turned = cohen_kappa(Confusion(a, b, c, d)), cohen_kappa(Confusion(a, c, b, d))
    assert turned.estimate == pytest.approx(found.estimate, abs=ROUNDING, nan_ok=True)
    assert turned.bias_index == -found.bias_index


def test_judges_who_never_disagree_have_kappa_1_and_no_interval_of_no_width() -> None:
    found = cohen_kappa(Confusion(30, 0, 0, 70))
    assert found.estimate == 1.0
    assert math.isnan(found.lower)
    assert "never disagreed" in found.reason


def test_a_judge_who_never_says_event_has_kappa_0_and_no_interval() -> None:
    found = cohen_kappa(Confusion(0, 0, 5, 70))
    assert found.estimate == 0.0
    assert math.isnan(found.std_error)
    assert "first judge gave every rollout the same answer" in found.reason


def test_rare_events_make_kappa_low_and_a_note_says_so() -> None:
    found = cohen_kappa(Confusion(2, 3, 3, 292))
    assert found.agreement == pytest.approx(0.98)
    assert found.estimate < 0.4
    assert found.pabak == pytest.approx(0.96)
    assert "events are rare" in found.note
    assert "98.0%" in found.note
    assert "non-events are rare" in cohen_kappa(Confusion(292, 3, 3, 2)).note
    assert cohen_kappa(Confusion(20, 5, 10, 15)).note == ""


def test_one_answer_to_everything_leaves_nothing_to_agree_on() -> None:
    found = cohen_kappa(Confusion(0, 0, 0, 50))
    assert math.isnan(found.estimate)
    assert "the same answer" in found.reason
    assert found.agreement == 1.0


def test_a_paired_difference_by_hand() -> None:
    # Rates 48/50 and 38/50: -.2. Wilson .8654 to .9890 and .6259 to .8570; ad - bc = -24 < 0 stays; over the root of
    # 48 * 2 * 38 * 12 = 43776 phi = -.114708. Below: .1341^2 + .0290^2 + 2 * .114708 * .1341 * .0290 = .0197; -.3404.
    found = paired_difference(Confusion(36, 12, 2, 0))
    assert found.estimate == pytest.approx(-0.2)
    assert (found.lower, found.upper) == pytest.approx((-0.3404, -0.0569), abs=HAND)
    assert found.p_value == pytest.approx(binomtest(2, 14).pvalue, abs=ROUNDING)
    # (14/50 - .04) / 50 = .0048
    assert found.std_error == pytest.approx(math.sqrt(0.0048))


@given(COUNTS)
def test_swapping_the_judges_turns_the_paired_difference_around(counts: tuple[int, ...]) -> None:
    a, b, c, d = counts
    found, turned = paired_difference(Confusion(a, b, c, d)), paired_difference(Confusion(a, c, b, d))
    assert (turned.estimate, turned.lower, turned.upper) == pytest.approx(
        (-found.estimate, -found.upper, -found.lower), abs=ROUNDING
    )
    assert turned.p_value == found.p_value
    assert -1 - ROUNDING <= found.lower <= found.estimate <= found.upper <= 1 + ROUNDING


def test_no_disagreement_is_no_evidence_of_a_difference() -> None:
    found = paired_difference(Confusion(20, 0, 0, 80))
    assert (found.estimate, found.p_value, found.std_error) == (0.0, 1.0, 0.0)
    assert found.lower < 0.0 < found.upper


def test_paired_differences_cover() -> None:
    # Of 40,000 other models 96.0 % were covered: on another seed 4,000 leave 94.5 to 97.5 % with probability < 1e-5.
    rng = np.random.default_rng(3)
    rates = np.array([0.1, 0.03, 0.08, 0.79])
    tables = rng.multinomial(200, rates, 4000)
    held = [(f := paired_difference(Confusion(*map(int, row)))).lower <= 0.05 <= f.upper for row in tables]
    assert 0.945 <= np.mean(held) <= 0.975


def judged(judge: tuple[list[int], list[int]]) -> tuple[RunSummaries, Contrast, Design]:
    study = study_of(["tools"])
    tables = tables_of(study, [({"tools": 0}, judge[0]), ({"tools": 1}, judge[1])])
    summaries, design = summaries_of(study, tables)
    return summaries, contrast_of(design), design


def test_a_swap_is_the_runs_difference_and_its_mean_a_paired_t() -> None:
    strict, lenient = judged(STRICT)[0], judged(LENIENT)[0]
    differences = (np.array(LENIENT[0] + LENIENT[1]) - np.array(STRICT[0] + STRICT[1])) / 100
    swap = judge_swap(strict, lenient)
    assert swap.level == pytest.approx(differences)
    found, expected = mean_swap(swap), ttest_1samp(differences, 0.0)
    limits = expected.confidence_interval(0.95)
    assert (found.estimate, found.df) == pytest.approx((differences.mean(), 6.0))
    assert found.p_value == pytest.approx(expected.pvalue, rel=ROUNDING)
    assert (found.lower, found.upper) == pytest.approx((limits.low, limits.high), rel=ROUNDING)


def test_what_a_swap_does_to_an_effect_is_the_effect_under_the_one_minus_that_under_the_other() -> None:
    (strict, contrast, design), (lenient, _, _) = judged(STRICT), judged(LENIENT)
    change = run_level_effect(judge_swap(strict, lenient), contrast, Scale.VALUE, design, level=0.95)
    effects = [
        run_level_effect(s, contrast, Scale.RISK_DIFFERENCE, design, level=0.95).estimate for s in (strict, lenient)
    ]
    assert change.estimate == pytest.approx(effects[1] - effects[0], abs=ROUNDING)
    ones, zeros = ([b - a for a, b in zip(STRICT[side], LENIENT[side], strict=True)] for side in (1, 0))
    expected = ttest_ind(ones, zeros, equal_var=False)
    assert change.df == pytest.approx(expected.df, rel=ROUNDING)
    assert change.p_value == pytest.approx(expected.pvalue, rel=ROUNDING)


def test_swapping_twice_turns_the_sign_and_the_order_of_runs_moves_nothing() -> None:
    strict, lenient = judged(STRICT)[0], judged(LENIENT)[0]
    forth, back = judge_swap(strict, lenient), judge_swap(lenient, strict)
    assert back.level == pytest.approx(-forth.level)
    backwards = replace(lenient, run_ids=lenient.run_ids[::-1], level=lenient.level[::-1])
    assert judge_swap(strict, backwards).level == pytest.approx(forth.level)


def test_a_run_that_one_judge_lacks_leaves_and_is_named() -> None:
    strict, lenient = judged(STRICT)[0], judged((LENIENT[0], LENIENT[1][:2]))[0]
    swap = judge_swap(strict, lenient)
    assert len(swap.run_ids) == 6
    assert swap.absent == (strict.run_ids[-1],)


def test_two_runs_have_a_mean_and_no_interval() -> None:
    strict, lenient = judged(([40], [22]))[0], judged(([44], [30]))[0]
    found = mean_swap(judge_swap(strict, lenient))
    assert found.estimate == pytest.approx(0.06)
    assert "2 runs judged by both" in found.reason
    assert math.isnan(found.lower)


def test_other_evals_cannot_be_swapped() -> None:
    strict = judged(STRICT)[0]
    other = replace(strict, outcome=replace(strict.outcome, name="leaking", evals=(("leaking", 1.0),)))
    with pytest.raises(ValueError, match='found "blackmail" and "leaking"'):
        judge_swap(strict, other)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: confusion([1, 0], [1]), "columns of one length"),
        (lambda: confusion([1, math.nan], [1, 0]), "must be 0 or 1"),
        (lambda: confusion([1, 2], [1, 0]), "must be 0 or 1"),
        (lambda: confusion([], []), "not all 0"),
        (lambda: Confusion(-1, 2, 3, 4), "counts must be 0 or more"),
        (lambda: cohen_kappa(Confusion(1, 2, 3, 4), 1.0), "level must lie between 0 and 1"),
        (lambda: paired_difference(Confusion(1, 2, 3, 4), math.nan), "level must lie between 0 and 1"),
        (lambda: mean_swap(judge_swap(judged(STRICT)[0], judged(LENIENT)[0]), 0.0), "level must lie"),
    ],
)
def test_what_makes_no_sense_is_refused(call: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()
