"""What must not matter, held at every function that gives an interval: names, order, sides, how counts are written."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixablate.design import design_of, switch
from mixablate.estimate import (
    Effect,
    fit_crossed,
    fit_outcome,
    outcome_of,
    regression_effects,
    run_level_effect,
    scenario_contrast,
    summarise,
)
from mixablate.study import Scale
from mixablate.tables import tables_from_frames
from small_studies import evals_frame, study_of

TRIALS = 200
SCALES = (Scale.LOG_ODDS, Scale.RISK_DIFFERENCE, Scale.RISK_RATIO)
NUMBERS = ("estimate", "std_error", "df", "lower", "upper", "p_value")
SAME = 1e-9  # relative: sums in another order
# Counts a run on three evals, for 3 to 5 runs an arm; at least three events each, so that every scale has its interval.
ARM = st.lists(st.tuples(*[st.integers(4, TRIALS - 4)] * 3), min_size=3, max_size=5)
EVALS = ("a", "b", "c")
Rows = Sequence[tuple[int, ...]]


def frames(reference: Rows, treated: Rows) -> tuple[pd.DataFrame, pd.DataFrame]:
    runs, outcomes = [], []
    for tools, arm in ((0, reference), (1, treated)):
        for index, counts in enumerate(arm):
            run_id = f"r{tools}{index}"
            runs.append({"run_id": run_id, "base_model": "m", "seed": f"{tools}{index}", "tools": tools})
            outcomes += [
                {"run_id": run_id, "eval_id": e, "replicate": 0, "n_trials": TRIALS, "n_events": k, "n_missing": 0}
                for e, k in zip(EVALS, counts, strict=True)
            ]
    return pd.DataFrame(runs), pd.DataFrame(outcomes)


def run_level(runs: pd.DataFrame, outcomes: pd.DataFrame, **analysis: Any) -> list[Effect]:
    study = study_of(["tools"], **analysis)
    tables = tables_from_frames(study, runs=runs, outcomes=outcomes, evals=evals_frame(EVALS, {}))
    design = design_of(study, tables)
    summaries = summarise(tables, design, outcome_of(tables, EVALS, name="mean"))
    contrast = switch(design, ["tools"], name="tools")
    return [run_level_effect(summaries, contrast, scale, design, level=0.95) for scale in SCALES]


def random_scenarios(runs: pd.DataFrame, outcomes: pd.DataFrame) -> list[Effect]:
    return run_level(runs, outcomes, scenarios="random")


def third_line(runs: pd.DataFrame, outcomes: pd.DataFrame) -> list[Effect]:
    study = study_of(["tools"])
    tables = tables_from_frames(study, runs=runs, outcomes=outcomes, evals=evals_frame(EVALS, {}))
    design = design_of(study, tables)
    summaries = summarise(tables, design, outcome_of(tables, EVALS, name="mean"))
    return list(regression_effects(summaries, [switch(design, ["tools"], name="tools")], design, level=0.95))


ROADS = (run_level, random_scenarios, third_line)
Road = Callable[[pd.DataFrame, pd.DataFrame], list[Effect]]


def width(effect: Effect) -> float:
    assert effect.lower is not None
    assert effect.upper is not None
    return math.log(effect.upper / effect.lower) if effect.scale is Scale.RISK_RATIO else effect.upper - effect.lower


def assert_same(found: list[Effect], expected: list[Effect]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert one.reason == other.reason
        for name in NUMBERS:
            ours, theirs = getattr(one, name), getattr(other, name)
            assert (ours is None) == (theirs is None), (one.scale, name)
            if ours is not None:
                assert ours == pytest.approx(theirs, rel=1e-6, abs=SAME), (one.scale, name)


@pytest.mark.parametrize("road", ROADS)
@settings(max_examples=15)
@given(reference=ARM, treated=ARM, order=st.randoms(use_true_random=False))
def test_names_and_order_mean_nothing(road: Road, reference: Rows, treated: Rows, order: Any) -> None:
    runs, outcomes = frames(reference, treated)
    names = list(runs["run_id"])
    others = [f"ü {i}" for i in range(len(names))]
    order.shuffle(others)
    renamed = dict(zip(names, others, strict=True))
    mixed = outcomes.assign(run_id=outcomes["run_id"].map(renamed)).sample(frac=1, random_state=order.randrange(999))
    moved = runs.assign(run_id=runs["run_id"].map(renamed)).sample(frac=1, random_state=order.randrange(999))
    assert_same(road(moved, mixed.reset_index(drop=True)), road(runs, outcomes))


@pytest.mark.parametrize("road", ROADS)
@settings(max_examples=15)
@given(reference=ARM, treated=ARM)
def test_swapping_the_arms_mirrors_the_interval(road: Road, reference: Rows, treated: Rows) -> None:
    forward, backward = road(*frames(reference, treated)), road(*frames(treated, reference))
    for one, other in zip(forward, backward, strict=True):
        if one.lower is None or other.lower is None:
            assert one.lower is other.lower
            continue
        limits = (other.estimate, other.lower, other.upper)
        assert all(limit is not None for limit in limits)
        back = [1 / x if one.scale is Scale.RISK_RATIO else -x for x in limits if x is not None]
        assert [one.estimate, one.upper, one.lower] == pytest.approx(back, rel=1e-6, abs=SAME)


@pytest.mark.parametrize("road", ROADS)
@settings(max_examples=15)
@given(reference=ARM, treated=ARM, share=st.floats(0.1, 0.9))
def test_a_count_row_split_in_two_is_one_row(road: Road, reference: Rows, treated: Rows, share: float) -> None:
    runs, outcomes = frames(reference, treated)
    events, trials = np.floor(outcomes["n_events"] * share), round(TRIALS / 2)
    events = np.clip(events, np.maximum(0, outcomes["n_events"] - (TRIALS - trials)), trials).astype(int)
    first = outcomes.assign(n_events=events, n_trials=trials)
    second = outcomes.assign(n_events=outcomes["n_events"] - events, n_trials=TRIALS - trials, replicate=1)
    assert_same(road(runs, pd.concat([first, second], ignore_index=True)), road(runs, outcomes))


@pytest.mark.parametrize("road", ROADS)
@settings(max_examples=15)
@given(reference=ARM, treated=ARM)
def test_every_row_twice_under_its_run_never_shrinks_an_interval_below_what_runs_differ_by(
    road: Road, reference: Rows, treated: Rows
) -> None:
    runs, outcomes = frames(reference, treated)
    twice = pd.concat([outcomes, outcomes.assign(replicate=1)], ignore_index=True)
    for one, other in zip(road(runs, twice), road(runs, outcomes), strict=True):
        if one.lower is None:
            continue
        # The half event that is added to every run weighs less in twice the rollouts: log-odds move outwards, rates and
        # the logit's coefficients not at all.
        slack = 0.02 if one.scale is Scale.LOG_ODDS else 1e-6
        assert width(one) >= width(other) * (1 - slack)


@settings(max_examples=15)
@given(reference=ARM, treated=ARM)
def test_a_scenario_without_a_rollout_adds_nothing(reference: Rows, treated: Rows) -> None:
    table = np.array([*reference, *treated], dtype=float) / TRIALS
    arms = ["reference"] * len(reference) + ["treated"] * len(treated)
    contrast = {"reference": -1.0, "treated": 1.0}
    empty = np.hstack([table, np.full((len(table), 1), np.nan)])
    one, other = scenario_contrast(empty, arms, contrast), scenario_contrast(table, arms, contrast)
    assert one == other or (one.these == other.these and one.new == other.new)


def test_an_eval_that_no_run_has_changes_no_model() -> None:
    runs, outcomes = frames([(40, 60, 30), (52, 71, 41), (47, 66, 28)], [(20, 31, 22), (26, 40, 15), (30, 36, 25)])
    study = study_of(["tools"])
    fits = []
    for evals in (EVALS, (*EVALS, "never")):
        tables = tables_from_frames(study, runs=runs, outcomes=outcomes, evals=evals_frame(evals, {}))
        design = design_of(study, tables)
        summaries = summarise(tables, design, outcome_of(tables, EVALS, name="mean"))
        crossed, plain = fit_crossed(summaries, design), fit_outcome(summaries, design)
        assert not isinstance(crossed, str)
        assert not isinstance(plain, str)
        fits.append((crossed.fit.coefficients.tolist(), plain.fit.coefficients.tolist()))
    assert fits[0] == fits[1]
