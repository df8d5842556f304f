"""Scenarios declared random: means over evals speak about others like them, and say so."""

from __future__ import annotations

import numpy as np
import pytest

from mixablate.claims import Status, judge
from mixablate.design import design_of
from mixablate.estimate import Effect, cell_log_odds, run_level_effect, scenario_contrast
from mixablate.findings import analyse
from mixablate.study import Scale, Study
from mixablate.tables import Tables
from small_studies import claim, contrast_of, study_of, summaries_of, tables_of

EVALS = ("a", "b", "c", "d")
BASE = {"a": [30, 35, 28, 33], "b": [10, 14, 8, 12], "c": [52, 47, 55, 50], "d": [21, 18, 24, 20]}
LESS = {"a": [12, 15, 9, 13], "b": [8, 11, 7, 9], "c": [20, 26, 22, 24], "d": [19, 16, 22, 18]}  # it differs by eval


def tables(study: Study, **keys) -> Tables:
    return tables_of(study, [({"tools": 0}, BASE), ({"tools": 1}, LESS)], **keys)


def effect(scenarios: str, scale: Scale, evals: tuple[str, ...] = EVALS, **analysis) -> Effect:
    study = study_of(["tools"], scenarios=scenarios, **analysis)
    summaries, design = summaries_of(study, tables(study), *evals)
    return run_level_effect(summaries, contrast_of(design), scale, design, level=0.95)


@pytest.mark.parametrize("scale", [Scale.LOG_ODDS, Scale.RISK_DIFFERENCE])
def test_an_effect_that_differs_by_eval_is_less_certain_for_others_like_them(scale: Scale) -> None:
    fixed, random = effect("fixed", scale), effect("random", scale)
    assert random.estimate == pytest.approx(fixed.estimate)
    assert random.lower is not None
    assert fixed.lower is not None
    assert random.lower < fixed.lower
    assert random.scope == "runs like these, on scenarios like these"
    assert fixed.scope == "runs like these, on these scenarios"
    assert "clustered by run and by eval" in random.method


def test_the_numbers_are_those_of_the_scenario_contrast() -> None:
    counts = np.array([[*BASE[e], *LESS[e]] for e in EVALS]).T
    arms = ["reference"] * 4 + ["treated"] * 4
    table = cell_log_odds(counts, np.full(counts.shape, 100))
    expected = scenario_contrast(table, arms, {"reference": -1, "treated": 1}).new
    found = effect("random", Scale.LOG_ODDS)
    assert (found.lower, found.upper) == pytest.approx((expected.lower, expected.upper))
    assert found.df == pytest.approx(3.0)  # four evals


def test_a_single_eval_speaks_about_itself() -> None:
    assert effect("random", Scale.LOG_ODDS, ("a",)) == effect("fixed", Scale.LOG_ODDS, ("a",))


@pytest.mark.parametrize(
    ("scale", "evals", "analysis", "reason"),
    [
        (Scale.RISK_RATIO, EVALS, {}, "on log_odds and risk_difference only"),
        (Scale.LOG_ODDS, EVALS[:2], {}, "2 scenarios; at least 3 are needed"),
        (Scale.LOG_ODDS, EVALS, {"pair": "seed"}, 'set scenarios = "fixed"'),
    ],
)
def test_what_random_scenarios_cannot_carry_says_why(scale: Scale, evals: tuple[str, ...], analysis, reason) -> None:
    found = effect("random", scale, evals, **analysis)
    assert reason in found.reason
    assert found.lower is None


def test_unequal_weights_are_refused_with_the_reason() -> None:
    study = study_of(["tools"], scenarios="random")
    weighted = tables(study, evals={"a": {"weight": 2.0}})
    summaries, design = summaries_of(study, weighted, *EVALS)
    assert (
        "equal weights" in run_level_effect(summaries, contrast_of(design), Scale.LOG_ODDS, design, level=0.95).reason
    )


def test_a_claim_about_the_mean_is_judged_on_the_wider_interval_and_the_mixed_logit_stands_beside() -> None:
    asked = claim(kind="reduces", evals=EVALS)
    fixed, random = study_of(["tools"], [asked]), study_of(["tools"], [asked], scenarios="random")
    p_values = []
    for study in (fixed, random):
        read = tables(study)
        (verdict,) = judge(study, read, design_of(study, read))
        assert verdict.p_value is not None
        p_values.append(verdict.p_value)
    assert p_values[0] < p_values[1]
    lines = analyse(random, tables(random)).regression
    assert any("random intercepts of runs" in line.method for line in lines)
    assert not any("random intercepts of runs" in line.method for line in analyse(fixed, tables(fixed)).regression)


@pytest.mark.parametrize("scenarios", ["fixed", "random"])
def test_a_bound_of_a_rate_is_about_these_scenarios_whatever_is_declared(scenarios: str) -> None:
    study = study_of(["tools"], [claim(kind="reaches_zero", evals=EVALS, bound=0.01)], scenarios=scenarios)
    read = tables(study)
    (verdict,) = judge(study, read, design_of(study, read))
    assert verdict.status is Status.CONTRADICTED
    assert verdict.evidence[0].scope == "runs like these, on these scenarios"
