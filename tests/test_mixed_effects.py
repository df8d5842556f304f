"""A contrast on scenarios like these: the crossed fit behind it, its words, and where it is withheld."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from mixablate.design import Contrast, Design
from mixablate.estimate import (
    CrossedModel,
    MixedLogit,
    RunSummaries,
    fit_crossed,
    fit_mixed_logit,
    mixed_contrast,
    mixed_effects,
)
from mixablate.study import Scale
from mixablate.tables import OutcomeKind
from small_studies import contrast_of, study_of, summaries_of, tables_of

SAME = 1e-6  # one maximum found from other sums: converged to 1e-9 standard errors, second derivatives to about 1e-7

LOW, HIGH = [22, 30, 17, 25], [40, 52, 47, 61]
SHIFTS = {"blackmail": 0, "leak": 12, "sabotage": -9}


def crossed_study(
    reference: Sequence[int], treated: Sequence[int], shifts: Mapping[str, int] = SHIFTS, pair: str = ""
) -> tuple[RunSummaries, Contrast, Design]:
    """Two arms of runs on evals whose counts are shifted by so many events of 100."""
    cells = [
        ({"tools": level}, {name: [count + shift for count in counts] for name, shift in shifts.items()})
        for level, counts in ((0, reference), (1, treated))
    ]
    study = study_of(["tools"], pair=pair)
    summaries, design = summaries_of(study, tables_of(study, cells), *shifts)
    return summaries, contrast_of(design), design


def test_a_contrast_over_three_evals_is_the_crossed_fit_s() -> None:
    summaries, contrast, design = crossed_study(HIGH, LOW)
    (found,) = mixed_effects(summaries, [contrast], design, level=0.9)
    model = fit_crossed(summaries, design)
    assert isinstance(model, CrossedModel)
    counts = np.array([[c + s for s in SHIFTS.values()] for c in HIGH + LOW], dtype=float)
    x = np.column_stack([np.ones(24), np.repeat([0.0, 1.0], 12)])
    ids = {"run": np.repeat(np.arange(8), 3).tolist(), "scenario": list(SHIFTS) * 8}
    fit = fit_mixed_logit(x, counts.ravel(), np.full(24, 100.0), ids, names=["intercept", "tools"])
    assert isinstance(fit, MixedLogit)
    by_hand = mixed_contrast(fit, [0, 1], 0.9)
    assert found.estimate == pytest.approx(by_hand.estimate, abs=SAME)
    assert (found.lower, found.upper) == pytest.approx((by_hand.lower, by_hand.upper), abs=SAME)
    assert (found.scale, found.df, found.n_treated, found.n_reference) == (Scale.LOG_ODDS, 6, 4, 4)
    assert found.estimate is not None
    assert found.estimate < 0
    # Mean rates: (200 / 4 + 1) / 100 and (94 / 4 + 1) / 100; the shifts' mean is 1 event.
    assert (found.reference, found.treated) == pytest.approx((0.51, 0.245))
    for words in ("random intercepts of runs", "Laplace", "t with 6 df", "beside the run-level analysis"):
        assert words in found.method
    assert "scenarios like these" in found.scope
    runs, scenarios = fit.intercepts
    assert found.notes == (f"SD of intercepts, log odds: {runs.sd:.2f} over runs, {scenarios.sd:.2f} over scenarios",)


def test_runs_that_agree_are_named_in_the_notes() -> None:
    summaries, contrast, design = crossed_study([40, 41, 40, 41], [20, 21, 20, 21])
    (found,) = mixed_effects(summaries, [contrast], design, level=0.95)
    assert found.supported
    assert 'the SD over "run" is estimated as 0' in found.notes[1]


def test_swapping_the_sides_turns_the_crossed_effect_around() -> None:
    (one,), (other,) = (
        mixed_effects(summaries, [contrast], design, level=0.95)
        for summaries, contrast, design in (crossed_study(HIGH, LOW), crossed_study(LOW, HIGH))
    )
    assert None not in (one.estimate, one.lower, one.upper)
    mirrored = tuple(-v for v in (one.estimate, one.upper, one.lower) if v is not None)
    assert (other.estimate, other.lower, other.upper) == pytest.approx(mirrored, abs=10 * SAME)
    assert other.p_value == pytest.approx(one.p_value, rel=1e-5)


@pytest.mark.parametrize(
    ("reference", "treated", "shifts", "pair", "said"),
    [
        (HIGH, LOW, {"blackmail": 0, "leak": 3}, "", "2 scenarios; at least 3"),
        (HIGH, LOW, SHIFTS, "seed", 'paired by "seed"'),
        (HIGH[:2], LOW, SHIFTS, "", "4 runs against 2; at least 3"),
        ([10, 20, 30], [100, 100, 100], {"blackmail": 0, "leak": 0, "sabotage": 0}, "", 'estimate for "tools"'),
    ],
)
def test_a_crossed_effect_that_the_runs_do_not_support_says_why(
    reference: list[int], treated: list[int], shifts: dict[str, int], pair: str, said: str
) -> None:
    summaries, contrast, design = crossed_study(reference, treated, shifts, pair)
    (found,) = mixed_effects(summaries, [contrast], design, level=0.95)
    assert said in found.reason
    assert (found.std_error, found.df, found.lower, found.upper, found.p_value) == (None,) * 5


def test_scores_and_runs_of_unknown_mixes_have_no_crossed_effect() -> None:
    summaries, _, design = crossed_study(HIGH, LOW)
    scores = replace(summaries, outcome=replace(summaries.outcome, kind=OutcomeKind.SCORE))
    assert fit_crossed(scores, design) == "scores have no binomial regression"
    unknown = replace(summaries, arm_ids=("another",) * len(summaries.arm_ids))
    assert fit_crossed(unknown, design) == "no run of a known mix has this outcome"


def test_few_runs_of_many_arms_leave_too_few_degrees_of_freedom() -> None:
    # 4 arms of a 2 by 2 factorial, 2 runs each but one: 7 runs, 3 columns, 4 df; one run fewer withholds.
    counts = [[40, 52], [30, 33], [25, 37], [18]]
    for fewer, said in ((0, ""), (1, "only 3 degrees of freedom; at least 4 are needed")):
        cells = [
            ({"tools": i % 2, "prompts": i // 2}, {name: [c + s for c in own] for name, s in SHIFTS.items()})
            for i, own in enumerate([counts[0][fewer:], *counts[1:]])
        ]
        study = study_of()
        summaries, design = summaries_of(study, tables_of(study, cells), *SHIFTS)
        (found,) = mixed_effects(summaries, [contrast_of(design)], design, level=0.95)
        assert found.reason == said
