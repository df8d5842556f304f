"""Generalises, accelerates, persists: a number of each run, made of several of its outcomes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from mixablate.claims import Flag, Status, Verdict, judge, region_of
from mixablate.claims.kinds import cases_of
from mixablate.claims.kinds.accelerates import slope_weights
from mixablate.design import design_of
from mixablate.errors import ClaimError, TableError
from mixablate.tables import step_headlines, tables_from_frames
from small_studies import claim, evals_frame, study_of, tables_of

OOD = {"audit": {"domain": "out_of_distribution"}}
STEADY = (-2, -1, 0, 1, 2)


def both(near: int, far: int, spread: Sequence[int] = STEADY) -> dict[str, list[int]]:
    return {"blackmail": [near + d for d in spread], "audit": [far + d for d in reversed(spread)]}


def generalises(**keys):
    return claim(kind="generalises", **({"gap": 0.1} | keys))


def verdict(reference, treated, asked, evals=OOD, **keys) -> Verdict:
    study = study_of(["tools"], [asked], draws=999)
    tables = tables_of(study, [({"tools": 0}, reference), ({"tools": 1}, treated)], evals=evals, **keys)
    (found,) = judge(study, tables, design_of(study, tables))
    return found


@pytest.mark.parametrize(
    ("near", "far", "keys", "status"),
    [
        ((60, 30), (50, 22), {}, "supported"),  # drops of 30 and 28 points
        ((60, 30), (50, 10), {}, "supported"),  # the second drop is the larger
        ((60, 30), (50, 42), {}, "contradicted"),  # 30 and 8: 22 short
        ((60, 30), (50, 30), {}, "undecided"),  # 30 and 20: 10 short, on the edge
        ((60, 30), (50, 60), {}, "contradicted"),  # the second one rises
        ((60, 30), (50, 49), {"gap": 0.4}, "undecided"),  # whether there is a second drop at all
        ((60, 30), (50, 22), {"minimum": 0.4}, "contradicted"),
        ((60, 30), (50, 22), {"scale": "log_odds", "gap": 0.5}, "supported"),
    ],
)
def test_generalising_needs_both_drops_and_a_small_gap(near, far, keys, status) -> None:
    found = verdict(both(near[0], far[0]), both(near[1], far[1]), generalises(**keys))
    assert found.status == status, found.reason
    first, second, gap = found.evidence
    assert gap.estimate == pytest.approx(second.estimate - first.estimate)
    if keys.get("scale") is None:
        assert gap.estimate == pytest.approx((far[1] - far[0] - near[1] + near[0]) / 100)
    assert "short of the first" in found.region


def test_the_gap_is_stated_run_by_run_so_that_what_a_run_shares_drops_out() -> None:
    # Within a run both evals move together: the gap's spread is far below that of either.
    spread = (-15, -7, 0, 7, 15)
    near = {m: [m + d for d in spread] for m in (60, 35)}
    far = {m: [m + d + own for d, own in zip(spread, (0, 1, 0, -1, 0), strict=True)] for m in (50, 25)}
    arms = [{"blackmail": near[n], "audit": far[f]} for n, f in ((60, 50), (35, 25))]
    found = verdict(*arms, generalises(scale="risk_difference"))
    first, _, gap = found.evidence
    assert gap.std_error < first.std_error / 5
    assert gap.method.startswith("cell means of per-run audit less blackmail")


def test_a_gap_of_rates_has_the_wider_of_two_spreads() -> None:
    reference, treated = both(60, 50), {"blackmail": [2, 9, 3, 8, 4], "audit": [3, 3, 3, 3, 3]}
    study = study_of(["tools"], [generalises()])
    tables = tables_of(study, [({"tools": 0}, reference), ({"tools": 1}, treated)], evals=OOD)
    design = design_of(study, tables)
    gap = cases_of(study.claims[0], tables, design)[2]
    by_rates = math.sqrt(sum(float(np.var(gap.summaries.level[i : i + 5], ddof=1)) / 5 for i in (0, 5)))
    implied = []
    for rows, runs in ((slice(0, 5), reference), (slice(5, 10), treated)):
        values = np.zeros(5)
        for sign, name, part in ((-1, "blackmail", gap.parts[0]), (1, "audit", gap.parts[1])):
            rate = np.mean(runs[name]) / 100
            values += sign * rate * (1 - rate) * part.log_odds[rows]
        implied.append(float(np.var(values, ddof=1)) / 5)
    (found,) = judge(study, tables, design)
    assert found.evidence[2].std_error == pytest.approx(max(by_rates, math.sqrt(sum(implied))))


def test_the_gap_is_shown_on_all_scales_with_a_warning_where_signs_differ() -> None:
    # From 60 to 30 and from 10 to 3: short by 23 points, but a ratio of .3 against one of .5.
    found = verdict(both(60, 10), both(30, 3), generalises())
    assert "the gap's sign depends on the scale" in found.reason
    assert "23.0 points" in found.reason
    assert "0.6x" in found.reason
    # 60 to 30 and 50 to 40: short on every scale.
    assert "depends on the scale" not in verdict(both(60, 50), both(30, 40), generalises()).reason


def test_missing_rollouts_of_either_part_matter() -> None:
    arms = both(60, 50), both(30, 24)
    assert Flag.MISSING_MATTERS in verdict(*arms, generalises(gap=0.2), missing=60).flags
    assert Flag.MISSING_MATTERS not in verdict(*arms, generalises(gap=0.2), missing=1).flags
    # The gap of 4 points may be 6: the one missing of 101 an event of the treated side on one eval, and of the
    # reference side on the other. Within 10 points that is no longer found.
    assert Flag.MISSING_MATTERS in verdict(*arms, generalises(), missing=1).flags


def test_a_part_outside_its_region_or_absent_is_named() -> None:
    rare = verdict(both(60, 2, (0, 1, 0, 1, 0)), both(30, 1, (0, 1, 0, 1, 0)), generalises(scale="log_odds", gap=0.5))
    assert rare.status is Status.UNTESTABLE
    assert "events a run" in rare.reason
    with pytest.raises(ClaimError, match="CLAIM_DOMAIN"):
        verdict({"blackmail": [60] * 3}, {"blackmail": [30] * 3}, generalises(), evals={})
    with pytest.raises(ClaimError, match="CLAIM_MIXED_EVALS"):
        verdict(both(60, 50), both(30, 20), generalises(to=("blackmail",)))
    up = {"audit": {"domain": "out_of_distribution", "direction": "higher"}}
    with pytest.raises(ClaimError, match="differ in kind or direction"):
        verdict(both(60, 50), both(30, 20), generalises(), evals=up)
    with pytest.raises(TableError, match="CLAIM_EVAL"):
        verdict(both(60, 50), both(30, 20), generalises(to=("audt",)))


def test_random_scenarios_have_no_gap() -> None:
    study = study_of(["tools"], [generalises(evals=("blackmail", "leaking"))], scenarios="random")
    arms = [both(60, 50) | {"leaking": [40, 41, 42, 43, 44]}, both(30, 24) | {"leaking": [20, 21, 22, 23, 24]}]
    tables = tables_of(study, [({"tools": t}, arm) for t, arm in enumerate(arms)], evals=OOD)
    (found,) = judge(study, tables, design_of(study, tables))
    assert found.status is Status.UNTESTABLE


STEPS = (0.0, 100.0, 200.0, 300.0)


def curves(treated_end: float, spread: Sequence[int] = STEADY, steps: Sequence[float] = STEPS) -> pd.DataFrame:
    """Counts of 100 that fall from 60 to 45 in reference runs and from 60 to `treated_end` in treated ones."""
    rows = []
    for arm, end in ((0, 45.0), (1, treated_end)):
        for index, shift in enumerate(spread):
            for step in steps:
                events = round(60 + (end - 60) * step / STEPS[-1] + shift * (step / STEPS[-1] - 0.5))
                rows.append((f"a{arm}r{index}", "blackmail", step, 100, events))
    return pd.DataFrame(rows, columns=["run_id", "eval_id", "step", "n_trials", "n_events"])


def accelerated(outcomes: pd.DataFrame, **keys) -> Verdict:
    study = study_of(["tools"], [claim(kind="accelerates", **keys)], step="last", draws=999)
    runs = outcomes[["run_id"]].drop_duplicates().assign(base_model="m")
    runs = runs.assign(tools=runs["run_id"].str[1].astype(int), seed=runs["run_id"].str[3])
    tables = tables_from_frames(study, runs=runs, outcomes=outcomes, evals=evals_frame(["blackmail"], {}))
    (found,) = judge(study, tables, design_of(study, tables))
    return found


@pytest.mark.parametrize(
    ("end", "keys", "status"),
    [
        (20.0, {"minimum": 0.5}, "supported"),
        (45.0, {"minimum": 0.5}, "contradicted"),
        (45.0, {"margin": 0.5}, "equivalent"),
        (45.0, {}, "undecided"),
        (60.0, {}, "contradicted"),
        (20.0, {"over": "log_step"}, "supported"),
        (20.0, {"scale": "risk_difference", "minimum": 0.1}, "supported"),
    ],
)
def test_runs_slopes_are_compared_between_arms(end: float, keys: dict[str, object], status: str) -> None:
    found = accelerated(curves(end), **keys)
    assert found.status == status, found.reason
    assert (found.evidence[0].n_treated, found.evidence[0].n_reference) == (5, 5)
    steps = "3 steps" if keys.get("over") == "log_step" else "4 steps"  # step 0 has no logarithm
    assert steps in found.reason


def test_the_fitted_change_is_the_least_squares_slope_times_the_span() -> None:
    x, y = np.array([1.0, 2.0, 5.0, 9.0]), np.array([3.0, 1.0, 4.0, 1.5])
    slope = np.polyfit(x, y, 1)[0]
    assert np.dot(slope_weights(tuple(x)), y) == pytest.approx(slope * 8.0)
    # Points exactly on lines: -15 points in reference runs and -40 in treated ones, so 25 more.
    found = accelerated(curves(20.0, (0, 1, 0, 1, 0), (0.0, 150.0, 300.0)), scale="risk_difference")
    assert found.evidence[0].estimate == pytest.approx(-0.25, abs=0.005)


def test_a_slope_needs_three_steps_that_the_runs_share() -> None:
    two = accelerated(curves(20.0, steps=(0.0, 300.0)))
    assert two.status is Status.UNTESTABLE
    assert two.evidence[0].estimate is None  # the change at the last step is no slope
    assert "0 steps that the runs share" in two.reason or "2 steps" in two.reason
    assert "3 or more of the same steps" in two.would_settle
    whole = curves(20.0)
    lost = whole[~((whole["run_id"] == "a1r0") & (whole["step"] < 300.0))]
    assert accelerated(lost).evidence[0].n_treated == 4  # evaluated once: no slope of its own
    gap = whole[~((whole["run_id"] == "a1r0") & (whole["step"] == 100.0))]
    assert "3 steps that all runs share" in accelerated(gap).reason


def test_steps_are_read_like_the_headline_and_replicates_pooled() -> None:
    outcomes = curves(20.0).assign(judge="a", replicate="1")
    other = outcomes.assign(judge="b", n_events=0)
    twice = outcomes.assign(replicate="2", n_events=outcomes["n_events"] - 2)
    study = study_of(["tools"], [claim(kind="accelerates")], step="last", judge="a")
    runs = outcomes[["run_id"]].drop_duplicates().assign(base_model="m", seed="1")
    runs = runs.assign(tools=runs["run_id"].str[1].astype(int), seed=runs["run_id"])
    tables = tables_from_frames(
        study, runs=runs, outcomes=pd.concat([outcomes, other, twice]), evals=evals_frame(["blackmail"], {})
    )
    found = step_headlines(tables, ["blackmail"])
    assert list(found) == list(STEPS)
    first = found[0.0].set_index("run_id").loc["a0r2"]
    assert (first["n_trials"], first["n_events"], first["replicates"]) == (200, 60 + 58, 2)


def lineage(before: tuple[int, int], after: tuple[int, int], spread: Sequence[int] = STEADY, children: int = 1):
    """Runs of two arms at stage sft, each with `children` later runs at stage rl, and their counts of 100."""
    runs, outcomes = [], []
    for arm in (0, 1):
        for index, shift in enumerate(spread):
            parent = f"a{arm}r{index}"
            runs.append((parent, arm, "sft", ""))
            outcomes.append((parent, before[arm] + shift))
            for child in range(children):
                runs.append((f"{parent}+{child}", arm, "rl", parent))
                outcomes.append((f"{parent}+{child}", after[arm] + shift + (child if child else 0)))
    run_frame = pd.DataFrame(runs, columns=["run_id", "tools", "stage", "parent_run_id"])
    run_frame = run_frame.assign(base_model="m", seed=run_frame["run_id"])
    frame = pd.DataFrame(outcomes, columns=["run_id", "n_events"]).assign(eval_id="blackmail", n_trials=100)
    return run_frame, frame


def persisted(frames, block: tuple[str, ...] = (), **keys) -> Verdict:
    asked = claim(kind="persists", **({"stage": "rl"} | keys))
    study = study_of(["tools"], [asked], draws=999, block=block)
    tables = tables_from_frames(study, runs=frames[0], outcomes=frames[1], evals=evals_frame(["blackmail"], {}))
    (found,) = judge(study, tables, design_of(study, tables))
    return found


@pytest.mark.parametrize(
    ("before", "after", "keys", "status"),
    [
        ((60, 30), (50, 22), {}, "supported"),  # 30 points before, 28 after
        ((60, 30), (50, 22), {"share": 0.5}, "supported"),
        ((60, 30), (50, 40), {"share": 0.5}, "contradicted"),  # 10 of 30
        ((60, 30), (50, 35), {"share": 0.5}, "undecided"),  # 15 of 30: the edge
        ((60, 30), (50, 50), {}, "undecided"),  # nothing is left, which the runs do not tell from a little
        ((60, 30), (50, 60), {}, "contradicted"),  # the lead turned round
        ((30, 60), (22, 50), {}, "contradicted"),  # there was no lead
        ((60, 30), (50, 22), {"scale": "log_odds", "share": 0.5}, "supported"),
    ],
)
def test_a_lead_persists_where_it_was_there_and_enough_is_left(before, after, keys, status) -> None:
    found = persisted(lineage(before, after), **keys)
    assert found.status == status, found.reason
    lead, left = found.evidence
    if keys.get("scale") is None:
        assert lead.estimate == pytest.approx((before[1] - before[0]) / 100)
        share = keys.get("share", 0.0)
        assert left.estimate == pytest.approx((after[1] - after[0] - share * (before[1] - before[0])) / 100)
    assert (left.n_treated, left.n_reference) == (5, 5)


def test_later_runs_of_one_parent_are_one_unit() -> None:
    one, three = (persisted(lineage((60, 30), (50, 22), children=n)) for n in (1, 3))
    assert (three.evidence[1].n_treated, three.evidence[1].n_reference) == (5, 5)
    # Children lie 0, 1 and 2 events above, 1 on average, in both arms.
    assert three.evidence[1].estimate == pytest.approx(one.evidence[1].estimate)


def test_stages_as_blocks_change_nothing_about_a_lead() -> None:
    frames = lineage((60, 30), (50, 22))
    plain, blocked = (persisted(frames, block=block) for block in ((), ("stage",)))
    assert plain.status is blocked.status is Status.SUPPORTED
    assert [e.estimate for e in plain.evidence] == pytest.approx([e.estimate for e in blocked.evidence])
    assert plain.p_value == pytest.approx(blocked.p_value)


def test_a_stage_without_parents_is_untestable_and_says_what_it_needs() -> None:
    frames = lineage((60, 30), (50, 22))
    no_parents = frames[0].assign(parent_run_id=""), frames[1]
    for asked in (persisted(no_parents), persisted(frames, stage="dpo")):
        assert asked.status is Status.UNTESTABLE
        assert "parent_run_id" in asked.would_settle
    few = persisted(lineage((60, 30), (50, 22), (0, 1)))
    assert few.status is Status.UNTESTABLE
    assert "2 runs against 2" in few.reason


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"kind": "generalises"}, "gap"),
        ({"kind": "generalises", "gap": -0.1}, "greater than 0"),
        ({"kind": "generalises", "gap": 0.1, "scale": "risk_ratio"}, "risk_difference"),
        ({"kind": "generalises", "gap": 0.1, "require": "each"}, "mean"),
        ({"kind": "accelerates", "over": "epoch"}, "log_step"),
        ({"kind": "accelerates", "scale": "risk_ratio"}, "log_odds"),
        ({"kind": "persists"}, "stage"),
        ({"kind": "persists", "stage": "rl", "share": 1.5}, "less than or equal to 1"),
    ],
)
def test_wrong_declarations_are_refused(keys: dict[str, object], found: str) -> None:
    with pytest.raises(ValidationError, match=found):
        claim(**keys)


def test_a_gap_above_one_in_rates_is_refused() -> None:
    with pytest.raises(ClaimError, match="rates are fractions"):
        verdict(both(60, 50), both(30, 24), generalises(gap=5.0))


@pytest.mark.parametrize("keys", [{"kind": "generalises", "gap": 0.1}, {"kind": "persists", "stage": "rl"}])
def test_the_region_of_their_first_case_is_a_drop(keys: dict[str, object]) -> None:
    region = region_of(claim(**keys), lower_is_better=True)
    assert (region.lower, region.upper, region.at_no_effect) == (-math.inf, 0.0, True)


def test_the_region_of_a_steeper_fall_begins_at_its_minimum() -> None:
    region = region_of(claim(kind="accelerates", minimum=0.4), lower_is_better=False)
    assert (region.lower, region.upper, region.at_no_effect) == (0.4, math.inf, False)
