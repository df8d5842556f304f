"""How easily verdicts flip: all left out in turn, by hand, beside the study judged anew, and at a known truth."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixablate.claims import Flag, LeftOut, Status, Unit, Verdict, judge, left_out_frame
from mixablate.design import design_of
from mixablate.estimate import each_run_left_out, evidence_of, keep_runs, left_out_tails, tail
from mixablate.study import Scale
from mixablate.tables import tables_from_frames
from small_studies import claim, contrast_of, evals_frame, study_of, summaries_of, tables_of

SAME = 1e-9  # bisection against Brent's root finding
HIGH, LOW = [60, 55, 65, 58, 62], [20, 25, 15, 22, 18]
EVEN = [40, 41, 39, 42, 38]
DROP = claim(kind="reduces")


def verdicts(cells, *claims, components=("tools",), analysis=None, **keys) -> tuple[Verdict, ...]:
    study = study_of(components, claims, draws=999, **(analysis or {}))
    tables = tables_of(study, cells, **keys)
    return judge(study, tables, design_of(study, tables))


def rows(found: Verdict, unit: Unit) -> dict[str, LeftOut]:
    return {row.name: row for row in found.left_out if row.unit is unit}


def test_the_scenario_that_carries_a_mean_is_named() -> None:
    # Mean of two evals: blackmail falls by 40 of 100, audit not at all. Without blackmail no drop is left.
    asked = claim(kind="reduces", evals=("blackmail", "audit"))
    cells = [({"tools": 0}, {"blackmail": HIGH, "audit": EVEN}), ({"tools": 1}, {"blackmail": LOW, "audit": EVEN})]
    (found,) = verdicts(cells, asked)
    scenarios = rows(found, Unit.SCENARIO)
    assert found.status is Status.SUPPORTED
    assert scenarios["blackmail"].flipped == "estimate and p"
    assert scenarios["blackmail"].estimate == pytest.approx(0.0, abs=1e-12)
    assert not scenarios["audit"].flips
    assert found.fragility == ("scenario:blackmail",)
    assert Flag.FRAGILE in found.flags


def test_an_eval_that_stands_alone_is_not_left_out() -> None:
    each = claim(kind="reduces", evals=("blackmail", "audit"), require="each")
    cells = [({"tools": 0}, {"blackmail": HIGH, "audit": HIGH}), ({"tools": 1}, {"blackmail": LOW, "audit": LOW})]
    (found,) = verdicts(cells, each)
    assert rows(found, Unit.SCENARIO) == {}
    assert len(rows(found, Unit.RUN)) == 10


def test_the_base_model_that_carries_a_drop_is_named() -> None:
    # Within blocks: a drop of 40 points in "m", a rise of 1 in "n"; without "m" the one block left shows a rise.
    cells = [({"tools": t}, (HIGH, LOW)[t] + [(30, 31)[t] + d for d in (0, 2, -2, 1, -1)]) for t in (0, 1)]
    columns = {"base_model": (["m"] * 5 + ["n"] * 5) * 2}
    (found,) = verdicts(cells, DROP, analysis={"block": ("base_model",)}, run_columns=columns)
    models = rows(found, Unit.BASE_MODEL)
    assert found.status is Status.SUPPORTED
    assert models["m"].flipped == "estimate and p"
    assert not models["n"].flips
    assert "base_model:m" in found.fragility


def test_the_only_base_model_with_both_sides_leaves_nothing_to_compare() -> None:
    # "n" was run without tools only: its stratum is left out, and without "m" no comparison is left at all.
    cells = [({"tools": 0}, [*HIGH, *EVEN]), ({"tools": 1}, LOW)]
    columns = {"base_model": ["m"] * 5 + ["n"] * 5 + ["m"] * 5}
    kept = {"block": ("base_model",)}
    (found,) = verdicts(cells, DROP, analysis=kept, run_columns=columns)
    assert found.status is Status.SUPPORTED
    # Only runs that are compared count: "n" is not, so that "m" is all there is.
    assert rows(found, Unit.BASE_MODEL) == {}


def test_a_seed_is_all_its_runs_and_raises_no_flag_alone() -> None:
    reference, treated = [38, 33, 33, 36], [28, 22, 19, 31]
    (found,) = verdicts([({"tools": 0}, reference), ({"tools": 1}, treated)], DROP)
    seeds = rows(found, Unit.SEED)
    assert set(seeds) == {"0", "1", "2", "3"}
    for index in range(4):
        left = [[c for i, c in enumerate(side) if i != index] for side in (reference, treated)]
        (anew,) = verdicts([({"tools": 0}, left[0]), ({"tools": 1}, left[1])], DROP)
        assert seeds[str(index)].p_value == pytest.approx(anew.p_value, rel=1e-9)
        assert seeds[str(index)].flips is bool(anew.p_value > 0.05)
    assert any(row.flips for row in seeds.values())
    assert found.fragility == ("arm1/é01",)  # the run alone makes it fragile
    assert {row.label for row in found.flips} > set(found.fragility)


def judged_twice(*, judge_b: list[int], analysis: dict[str, object]) -> Verdict:
    study = study_of(["tools"], [DROP], draws=999, **analysis)
    runs, outcomes = [], []
    for tools, own in ((0, HIGH), (1, LOW)):
        for index, events in enumerate(own):
            run_id = f"{tools}-{index}"
            runs.append({"run_id": run_id, "base_model": "m", "seed": f"{tools}{index}", "tools": tools})
            other = judge_b[tools * 5 + index]
            outcomes += [
                {"run_id": run_id, "eval_id": "blackmail", "judge": name, "n_trials": 100, "n_events": n}
                for name, n in (("A", events), ("B", other))
            ]
    tables = tables_from_frames(
        study, runs=pd.DataFrame(runs), outcomes=pd.DataFrame(outcomes), evals=evals_frame(["blackmail"], {})
    )
    (found,) = judge(study, tables, design_of(study, tables))
    return found


def test_the_judge_on_whom_a_verdict_hangs_is_named() -> None:
    found = judged_twice(judge_b=EVEN * 2, analysis={"judge": "A"})
    (row,) = rows(found, Unit.JUDGE).values()
    assert row.name == "A, B in its place"
    assert row.flipped == "estimate and p"
    assert found.fragility == ("judge:A, B in its place",)
    assert judged_twice(judge_b=HIGH + LOW, analysis={"judge": "A"}).fragility == ()


def test_of_pooled_judges_each_is_left_out() -> None:
    found = judged_twice(judge_b=EVEN * 2, analysis={"pool": ("judge",)})
    judges = rows(found, Unit.JUDGE)
    # Without A only B's even counts are left; without B A's drop of 40 points, (20 - 60)/100.
    assert judges["A"].flips
    assert not judges["B"].flips


def test_a_contradiction_stands_while_one_outcome_contradicts() -> None:
    # blackmail rises by 40 points whoever is left out; audit falls, and is no reason to call the verdict fragile.
    each = claim(kind="reduces", evals=("blackmail", "audit"), require="each")
    cells = [({"tools": 0}, {"blackmail": LOW, "audit": HIGH}), ({"tools": 1}, {"blackmail": HIGH, "audit": LOW})]
    (found,) = verdicts(cells, each)
    assert found.status is Status.CONTRADICTED
    assert found.fragility == ()
    assert {row.outcome for row in rows(found, Unit.RUN).values()} == {"blackmail"}


def test_equivalence_hangs_on_runs_too() -> None:
    # Without the run at 44 of the treated the 90 % interval leaves +-4 points or not, as the study judged anew says.
    asked = claim(kind="reduces", margin=0.04)
    reference, treated = [40, 41, 39, 42, 38, 40], [40, 42, 39, 43, 37, 41]
    (found,) = verdicts([({"tools": 0}, reference), ({"tools": 1}, treated)], asked)
    assert found.status is Status.EQUIVALENT
    runs = rows(found, Unit.RUN)
    assert len(runs) == 12
    assert all(row.p_value is not None and row.p_value < 0.5 for row in runs.values())


def test_undecided_and_untestable_claims_have_nothing_to_flip() -> None:
    cells = [({"tools": 0}, EVEN), ({"tools": 1}, EVEN[::-1])]
    (undecided,) = verdicts(cells, DROP)
    (untestable,) = verdicts([({"tools": 0}, [40]), ({"tools": 1}, [30])], DROP)
    assert (undecided.status, untestable.status) == (Status.UNDECIDED, Status.UNTESTABLE)
    assert undecided.left_out == untestable.left_out == ()
    assert untestable.specifications == ()
    assert untestable.agreement is None


def one_by_one(summaries, contrast, scale, design, run_id, boundary, *, below):
    left = keep_runs(summaries, [other != run_id for other in summaries.run_ids])
    evidence = evidence_of(left, contrast, scale, design)
    p = math.nan if evidence.reason else tail(evidence, boundary, below=below)
    return evidence.estimate, p


BOUNDARY = {Scale.LOG_ODDS: -0.2, Scale.RISK_DIFFERENCE: -0.03, Scale.RISK_RATIO: 0.9}


@settings(max_examples=25, deadline=None)
@given(
    counts=st.lists(st.lists(st.integers(3, 60), min_size=2, max_size=5), min_size=4, max_size=4),
    scale=st.sampled_from(list(BOUNDARY)),
    below=st.booleans(),
)
def test_runs_left_out_at_once_are_runs_left_out_one_by_one(counts: list[list[int]], scale: Scale, below: bool) -> None:
    study = study_of()
    arms = [{"tools": t, "prompts": p} for t in (0, 1) for p in (0, 1)]
    tables = tables_of(study, list(zip(arms, counts, strict=True)))
    summaries, design = summaries_of(study, tables)
    contrast = contrast_of(design)
    found = each_run_left_out(summaries, contrast, scale, design)
    assert found is not None
    tails = left_out_tails(found, BOUNDARY[scale], below=below)
    assert sorted(found.run_ids) == sorted(summaries.run_ids)
    for run_id, estimate, p in zip(found.run_ids, found.estimate, tails, strict=True):
        expected = one_by_one(summaries, contrast, scale, design, run_id, BOUNDARY[scale], below=below)
        assert (estimate, p) == pytest.approx(expected, abs=SAME, nan_ok=True)


def test_a_run_that_is_its_whole_arm_is_taken_out_of_the_regression() -> None:
    # Main effects over five arms of one run and three of several: the same least squares without the row.
    study = study_of(("tools", "prompts", "stories"))
    arms = [{"tools": t, "prompts": p, "stories": s} for t in (0, 1) for p in (0, 1) for s in (0, 1)]
    counts = [[50], [45], [47], [40], [30], [28, 26, 33], [25], [22, 20, 24]]
    tables = tables_of(study, list(zip(arms, counts, strict=True)))
    summaries, design = summaries_of(study, tables)
    contrast = contrast_of(design)
    found = each_run_left_out(summaries, contrast, Scale.LOG_ODDS, design)
    assert found is not None
    columns = np.array([[1.0, *dict(design.arm(a).levels).values()] for a in summaries.arm_ids], dtype=float)
    for run_id, estimate in zip(found.run_ids, found.estimate, strict=True):
        keep = np.array([other != run_id for other in summaries.run_ids])
        expected = np.linalg.lstsq(columns[keep], summaries.log_odds[keep], rcond=None)[0][1]
        assert estimate == pytest.approx(expected)
    assert np.isfinite(left_out_tails(found, 0.0, below=True)).all()


def test_a_ratio_that_could_be_left_without_events_is_not_told_at_once() -> None:
    study = study_of(["tools"])
    tables = tables_of(study, [({"tools": 0}, [30, 28, 33]), ({"tools": 1}, [0, 0, 4])])
    summaries, design = summaries_of(study, tables)
    assert each_run_left_out(summaries, contrast_of(design), Scale.RISK_RATIO, design) is None


@pytest.mark.parametrize("seed", range(3))
def test_a_drop_that_all_runs_share_hangs_on_none_of_them(seed: int) -> None:
    # Drawn at 50 % and 30 % with 400 rollouts a run: the drop of 20 points is eight standard errors of a run's rate.
    rng = np.random.default_rng(seed)
    arms = [({"tools": t}, rng.binomial(400, rate, 5).tolist()) for t, rate in ((0, 0.5), (1, 0.3))]
    (found,) = verdicts(arms, claim(kind="reduces", minimum=0.05), trials=400)
    assert found.status is Status.SUPPORTED
    assert found.flips == ()


@pytest.mark.parametrize("seed", range(3))
def test_a_drop_that_one_scenario_makes_hangs_on_it(seed: int) -> None:
    # Three scenarios at 40 % in both arms but for one, which falls to 10 %: without it the truth is no drop.
    rng = np.random.default_rng(seed)
    rates = {"e1": (0.4, 0.4), "e2": (0.4, 0.4), "e3": (0.4, 0.1)}
    cells = [({"tools": t}, {e: rng.binomial(400, r[t], 5).tolist() for e, r in rates.items()}) for t in (0, 1)]
    (found,) = verdicts(cells, claim(kind="reduces", evals=tuple(rates), minimum=0.04), trials=400)
    assert found.status is Status.SUPPORTED
    assert found.fragility == ("scenario:e3",)


def test_rows_become_a_frame_with_their_columns() -> None:
    (found,) = verdicts([({"tools": 0}, HIGH), ({"tools": 1}, LOW)], DROP)
    frame = left_out_frame(found.left_out)
    assert list(frame.columns) == [
        *("claim", "unit", "name", "outcome", "scale", "estimate", "p_value", "flipped"),
        *("region_lower", "region_upper", "note", "flips"),
    ]  # fmt: skip
    assert frame["unit"].tolist() == ["run"] * 10 + ["seed"] * 5
    assert set(frame["scale"]) == {"log_odds"}  # the region begins at no effect: tested, and told, on the log-odds
    assert left_out_frame(()).empty
