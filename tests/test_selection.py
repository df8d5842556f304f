"""Claims about the best of several: the correction by hand, beside simulation, and what a wrong declaration is told."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import norm, truncnorm
from winners import measure

from mixablate.claims import Status, Verdict, judge
from mixablate.design import design_of
from mixablate.errors import ClaimError
from mixablate.estimate import winner_estimate, winning_limits
from mixablate.study import ComponentType
from mixablate.tables import tables_from_frames
from small_studies import claim, evals_frame, flag, study_of, tables_of

PROMPT = flag("prompt", type=ComponentType.CATEGORY, baseline="none", target=None)
COUNTS = {
    "none": [60, 55, 65, 58, 62],
    "p1": [50, 46, 55, 49, 51],
    "p2": [44, 41, 50, 46, 45],
    "p3": [52, 60, 55, 49, 58],
    "p4": [47, 55, 58, 50, 49],
}
ALL = ("p1", "p2", "p3", "p4")
BETA = 0.005


def best_of(selected_from: tuple[object, ...] = ALL, own: str = "p2", **keys: Any):
    named = {"selected_from": selected_from} if selected_from else {}
    return claim(**({"kind": "reduces", "components": ("prompt",), "treated": {"prompt": own}} | named | keys))


def verdict(asked, counts=None, **analysis: Any) -> Verdict:
    study = study_of([PROMPT], [asked], **analysis)
    tables = tables_of(study, [({"prompt": name}, events) for name, events in (counts or COUNTS).items()])
    (found,) = judge(study, tables, design_of(study, tables))
    return found


def test_a_winner_wins_while_it_beats_what_does_not_move_with_it() -> None:
    # Independent: it wins above the runner-up. Correlation one half: X_j moves by half, so above 2 Z_j, Z_j = 2 - 3/2.
    assert winning_limits(np.array([3.0, 2.0]), np.eye(2), 0) == (2.0, math.inf)
    assert winning_limits(np.array([3.0, 2.0]), np.array([[1.0, 0.5], [0.5, 1.0]]), 0) == (1.0, math.inf)
    # A slope of 2: the other runs ahead as the winner grows, so that the winner wins below -Z_j = 2 * 3 - 2 = 4.
    assert winning_limits(np.array([3.0, 2.0]), np.array([[1.0, 2.0], [2.0, 5.0]]), 0) == (-math.inf, 4.0)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=2, max_size=6), st.floats(0.0, 0.8), st.floats(0.1, 3.0))
def test_what_was_seen_is_the_median_at_the_corrected_estimate(
    estimates: list[float], correlation: float, spread: float
) -> None:
    values = np.array(estimates) * spread
    covariance = spread**2 * (correlation + (1.0 - correlation) * np.eye(values.size))
    winner = int(np.argmax(values))
    assume(np.sort(values)[-1] - np.sort(values)[-2] > 0.01 * spread)  # a dead heat is told apart below
    corrected = winner_estimate(values, covariance, winner)
    low, high = winning_limits(values, covariance, winner)
    reach = -float(norm.ppf(BETA / 2 / values.size)) * spread
    low, high = max(low, corrected - reach), min(high, corrected + reach)
    seen = truncnorm.cdf(values[winner], (low - corrected) / spread, (high - corrected) / spread, corrected, spread)
    assert seen == pytest.approx(0.5, abs=1e-3)
    assert corrected <= values[winner] + 1e-6 * spread  # a winner is never corrected upward


def test_a_clear_winner_keeps_its_estimate_and_a_close_one_loses_some() -> None:
    clear = winner_estimate(np.array([10.0, 1.0, 2.0]), np.eye(3), 0)
    close = winner_estimate(np.array([2.1, 2.0, 1.9]), np.eye(3), 0)
    assert clear == pytest.approx(10.0, abs=0.01)
    assert close < 1.5


def test_in_a_dead_heat_the_estimate_is_the_end_of_the_simultaneous_interval() -> None:
    reach = -float(norm.ppf(BETA / 2 / 2))
    assert winner_estimate(np.array([1.0, 1.0]), np.eye(2), 0) == pytest.approx(1.0 - reach)


def test_a_winner_must_have_won_and_must_vary() -> None:
    with pytest.raises(ValueError, match="the winner must have the largest estimate, 2, found 1"):
        winner_estimate(np.array([1.0, 2.0]), np.eye(2), 0)
    with pytest.raises(ValueError, match="must have a variance above 0"):
        winner_estimate(np.array([2.0, 1.0]), np.zeros((2, 2)), 0)


def test_the_best_of_four_is_held_to_all_four() -> None:
    alone, held = verdict(best_of(())), verdict(best_of())
    (narrow,), (wide,) = alone.evidence, held.evidence
    assert wide.estimate == narrow.estimate
    assert wide.lower < narrow.lower
    assert wide.upper > narrow.upper
    assert held.p_value > alone.p_value
    assert "simultaneous over 4 candidates (max-T of a joint wild bootstrap)" in wide.method
    assert "Chosen as the best of 4 (p1, p2, p3, p4)" in held.reason
    assert "without the winner's curse the estimate is -" in held.reason
    corrected = float(held.reason.split("curse the estimate is ")[1].split(" points")[0])
    assert 100 * wide.estimate < corrected < 0.0  # a smaller drop, still a drop


@pytest.mark.parametrize("minimum", [0.02, 0.06, 0.08, 0.1, 0.12])
def test_the_interval_decides_the_verdict(minimum: float) -> None:
    found = verdict(best_of(minimum=minimum))
    (effect,) = found.evidence
    inside = effect.upper <= -minimum
    assert (found.p_value <= 0.025) is bool(inside)
    if found.status is Status.SUPPORTED:
        assert inside


def test_one_that_did_not_do_best_has_no_curse_to_take_off() -> None:
    found = verdict(best_of(own="p1"))
    assert "on this outcome p2 does better" in found.reason
    assert "without the winner's curse" not in found.reason


def test_candidates_of_one_run_are_adjusted_by_bonferroni() -> None:
    counts = {name: events[:1] if name == "p4" else events for name, events in COUNTS.items()}
    alone, held = verdict(best_of(()), counts), verdict(best_of(), counts)
    assert held.p_value == pytest.approx(4 * alone.p_value)
    assert "(Bonferroni)" in held.evidence[0].method


def test_the_best_checkpoint_is_held_to_all_checkpoints() -> None:
    def judged(asked) -> Verdict:
        study = study_of(["tools"], [asked], step=200)
        runs = [{"run_id": f"{t}-{i}", "base_model": "m", "seed": str(i), "tools": t} for t in (0, 1) for i in range(5)]
        outcomes = [
            {"run_id": f"{t}-{i}", "eval_id": "blackmail", "step": step, "n_trials": 100, "n_events": n + drift}
            for step, drift in ((100, 6), (200, 0), (300, 4))
            for t, side in ((0, COUNTS["none"]), (1, COUNTS["p2"]))
            for i, n in enumerate(np.array(side) + (np.arange(5) * step // 100) % 7 * (2 * t - 1))
        ]
        evals = evals_frame(["blackmail"], {})
        tables = tables_from_frames(study, runs=pd.DataFrame(runs), outcomes=pd.DataFrame(outcomes), evals=evals)
        (found,) = judge(study, tables, design_of(study, tables))
        return found

    steps = {"selected_from": (100, 200, 300), "selected_over": "step"}
    alone, held = judged(claim(kind="reduces")), judged(claim(kind="reduces", **steps))
    assert held.evidence[0].lower < alone.evidence[0].lower
    # The runs are the same at every step, so that three steps cost less than three independent looks.
    assert alone.p_value < held.p_value < 3 * max(alone.p_value, 1e-3)
    assert "Chosen as the best of 3 (100, 200, 300)" in held.reason
    with pytest.raises(ClaimError, match=r'the candidate "400".*a step of its outcomes: 100, 200, 300'):
        judged(claim(kind="reduces", **(steps | {"selected_from": (200, 400)})))
    with pytest.raises(ClaimError, match='its own step of its outcomes, "200", not in selected_from'):
        judged(claim(kind="reduces", **(steps | {"selected_from": (100, 300)})))


def test_an_unknown_candidate_is_named_with_the_nearest() -> None:
    with pytest.raises(ClaimError) as caught:
        verdict(best_of(("p1", "p2", "p33")))
    (problem,) = caught.value.problems
    assert problem.code == "CLAIM_SELECTED"
    assert problem.found == 'the candidate "p33"'
    assert problem.required == 'a level of "prompt": none, p1, p2, p3, p4'
    assert "p3" in problem.remedy


def test_a_claim_must_be_one_of_its_candidates() -> None:
    with pytest.raises(ClaimError, match='its own level of "prompt", "p2", not in selected_from'):
        verdict(best_of(("p1", "p3")))


def test_wrong_candidates_of_an_untestable_claim_are_refused_too() -> None:
    with pytest.raises(ClaimError, match="p33"):
        verdict(best_of(("p2", "p33")), {name: events[:1] for name, events in COUNTS.items()})


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"selected_from": ("p2",)}, "two or more different entries"),
        ({"selected_from": ("p2", "p2")}, "two or more different entries"),
        ({"selected_from": ("p1", "p2", "p2")}, "each entry of"),
        ({"selected_from": ("p1", "p2"), "components": ("prompt", "tools")}, "one component whose levels"),
        ({"kind": "equivalent", "margin": 0.1}, "selected_from"),
    ],
)
def test_choices_that_say_nothing_are_refused_in_the_declaration(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        best_of(**({"selected_from": ALL} | keys))


def test_specifications_and_things_left_out_are_held_to_the_choice_too() -> None:
    alone, held = verdict(best_of(())), verdict(best_of())
    assert held.specifications[0].p_needed < alone.specifications[0].p_needed
    pairs = list(zip(alone.left_out, held.left_out, strict=False))
    assert pairs
    assert all(two.p_value >= one.p_value for one, two in pairs)


def test_the_naive_interval_covers_too_little_at_the_winner_and_ours_holds() -> None:
    # Eight candidates without any effect, five runs each, 120 studies, seeded. The rates over 2,000 stand in
    # docs/calibration.md.
    found = measure(5, 0.0, 120, 199, seed=7)
    assert found["studies"] >= 110
    assert found["held"] > 0.92
    assert found["naive"] < found["held"]
    # The winner's estimate lies below the truth nine times of ten; corrected it lies on either side.
    assert found["below"] > 0.8
    assert 0.35 < found["below_corrected"] < 0.7
    assert abs(found["bias_corrected"]) < abs(found["bias"]) / 2
