"""The supported region: what its rule says where rollouts differ between sides, and where a factorial was run once."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from mixablate.estimate import (
    RunSummaries,
    evidence_of,
    existence,
    outside_region,
    regression_effects,
    run_level_effect,
    two_sided_p,
)
from mixablate.study import Scale
from small_studies import contrast_of, study_of, summaries_of, tables_of

STUDIES = 400
RUNS = 5


def counted(summaries: RunSummaries, events: np.ndarray, trials: np.ndarray) -> RunSummaries:
    """The same runs with other counts on their one eval."""
    return replace(
        summaries,
        events=events[:, None],
        trials=trials[:, None],
        log_odds=np.log((events + 0.5) / (trials - events + 0.5)),
        level=events / trials,
    )


def test_a_side_of_few_rollouts_is_held_to_its_own_expected_events() -> None:
    study = study_of(["tools"])
    tables = tables_of(study, [({"tools": 0}, [8] * 3), ({"tools": 1}, [1] * 3)], trials=100)
    summaries, design = summaries_of(study, tables)
    contrast = contrast_of(design)
    # 8 of 1,000 a run against 1 of 50: 4.5 events a run, but 50 rollouts at the mean rate of (.008 + .02)/2 expect .7.
    uneven = counted(summaries, np.array([8.0] * 3 + [1.0] * 3), np.array([1000.0] * 3 + [50.0] * 3))
    found = run_level_effect(uneven, contrast, Scale.RISK_DIFFERENCE, design, level=0.95)
    assert found.reason.startswith("0.70 events a run on average at the mean rate, on the side with fewer rollouts")
    assert found.p_value is None
    # 15 of 50 against none of 1,000: 7.5 expected. What is there to see is not withheld.
    plain = counted(summaries, np.array([0.0, 0.0, 0.0, 14.0, 15.0, 16.0]), uneven.trials[:, 0])
    assert run_level_effect(plain, contrast, Scale.RISK_DIFFERENCE, design, level=0.95).reason == ""


def test_unequal_rollouts_do_not_make_an_effect_of_the_half_event() -> None:
    # True rate .005 on both sides, 1,000 rollouts a run against 50. Without the rule above the existence test rejected
    # half of these studies: log(.5/50.5) is not log(.005/.995). Allowed: 5 % and 3 standard errors.
    rng = np.random.default_rng(3)
    study = study_of(["tools"])
    summaries, design = summaries_of(
        study, tables_of(study, [({"tools": 0}, [1] * RUNS), ({"tools": 1}, [1] * RUNS)], trials=100)
    )
    contrast = contrast_of(design)
    rejected = 0
    trials = np.repeat([1000.0, 50.0], RUNS)
    for _ in range(STUDIES):
        eta = np.log(0.005 / 0.995) + 0.5 * rng.standard_normal(2 * RUNS)
        drawn = counted(summaries, rng.binomial(trials.astype(int), 1 / (1 + np.exp(-eta))).astype(float), trials)
        tested = existence(drawn, contrast, design)
        shown = not outside_region(evidence_of(drawn, contrast, Scale.RISK_DIFFERENCE, design), drawn, contrast)
        rejected += shown and two_sided_p(tested) <= 0.05
    assert rejected / STUDIES <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / STUDIES)


@pytest.mark.parametrize("scale", [Scale.LOG_ODDS, Scale.RISK_DIFFERENCE])
def test_a_full_factorial_run_once_has_its_four_degrees_of_freedom(scale: Scale) -> None:
    # 8 runs, an intercept and three main effects: 4 degrees of freedom and leverage one half, both on the region's edge
    # and off it by rounding.
    names = ("tools", "prompts", "advice")
    counts = dict(zip(product((0, 1), repeat=3), (60, 50, 40, 45, 20, 15, 18, 12), strict=True))
    study = study_of(names)
    tables = tables_of(study, [(dict(zip(names, arm, strict=True)), [k]) for arm, k in counts.items()], trials=300)
    summaries, design = summaries_of(study, tables)
    found = run_level_effect(summaries, contrast_of(design), scale, design, level=0.95)
    assert found.reason == ""
    assert found.df == pytest.approx(4.0)
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower < found.upper < 0.0
    lines = regression_effects(summaries, [contrast_of(design)], design, level=0.95)
    assert all("leverage" not in line.reason for line in lines)


def test_runs_that_agree_to_the_last_digit_show_no_spread() -> None:
    study = study_of(["tools"])
    summaries, design = summaries_of(study, tables_of(study, [({"tools": 0}, [6, 6, 6]), ({"tools": 1}, [5, 5, 5])]))
    found = run_level_effect(summaries, contrast_of(design), Scale.RISK_DIFFERENCE, design, level=0.95)
    assert "agree to the last digit" in found.reason
    assert found.lower is None


def test_a_mean_over_rare_evals_has_a_difference_but_no_log_odds_ratio() -> None:
    # Five evals of 100 rollouts: two events a run and eval in the reference arm, one in the treated.
    study = study_of(["tools"])
    evals = [f"e{i}" for i in range(5)]
    cells = [
        ({"tools": 0}, {e: [2, 3, 1, 2] for e in evals}),
        ({"tools": 1}, {e: [1, 0, 2, 1] for e in evals}),
    ]
    summaries, design = summaries_of(study, tables_of(study, cells), *evals)
    contrast = contrast_of(design)
    odds = run_level_effect(summaries, contrast, Scale.LOG_ODDS, design, level=0.95)
    assert odds.reason.startswith("1.00 events a run and eval in one group")
    assert run_level_effect(summaries, contrast, Scale.RISK_DIFFERENCE, design, level=0.95).reason == ""
