"""Figures in which every run is seen, and one figure asked for by name."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

import findings_example as example
from mixablate.claims import claim_contrast
from mixablate.errors import StudyError
from mixablate.figures import chosen_entry, figure_kind, pdf_bytes, plot
from mixablate.figures.axis_layout import value_axis
from mixablate.figures.estimation import APART, CLOSE, beside_each_other, draw_estimation, estimation_alt
from mixablate.figures.run_frames import estimation_frame, slopes_frame, trajectories_frame
from mixablate.findings import Findings
from mixablate.study import ComponentType


@pytest.fixture(scope="module")
def findings() -> Findings:
    return example.example_findings()


def refused(code: str, findings: Findings, name: str, outcomes: tuple[str, ...] = ()) -> str:
    with pytest.raises(StudyError) as caught:
        plot(findings, name, outcomes=outcomes)
    assert [problem.code for problem in caught.value.problems] == [code]
    return str(caught.value.problems[0])


def test_an_axis_of_rates_has_no_tick_that_is_no_rate() -> None:
    axes = Figure().add_subplot()
    value_axis(axes, (-0.08, 0.17), "events")
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0%", "5%", "10%", "15%"]
    value_axis(axes, (-0.08, 0.17), "score")
    assert axes.get_yticks()[0] < 0  # a score may be negative


def test_an_estimation_panel_holds_every_run_of_both_sides_and_the_effect_that_decided(findings: Findings) -> None:
    frame = estimation_frame(findings)
    verdict = findings.verdicts[0]
    effect = verdict.evidence[0]
    panel = frame[(frame["claim"] == verdict.claim.id) & (frame["outcome"] == effect.outcome)]
    means = panel[panel["row"] == "side"].set_index("side")["estimate"]
    assert (means["reference"], means["treated"]) == (effect.reference, effect.treated)
    (difference,) = panel[panel["row"] == "effect"].itertuples()
    assert (difference.estimate, difference.lower, difference.upper) == (effect.estimate, effect.lower, effect.upper)
    runs = panel[panel["row"] == "run"]
    assert runs["run_id"].is_unique
    contrast = claim_contrast(verdict.claim, findings.tables, findings.design)
    for side, sign in (("treated", 1.0), ("reference", -1.0)):
        arms = [findings.design.arm(arm_id) for arm_id, c in contrast.coefficients if c * sign > 0.0]
        assert set(runs.loc[runs["side"] == side, "run_id"]) == {run_id for arm in arms for run_id in arm.run_ids}
    rates = findings.run_rates[findings.run_rates["outcome"] == effect.outcome].set_index("run_id")["rate"]
    assert (runs["estimate"].to_numpy() == rates[runs["run_id"]].to_numpy()).all()


def test_the_sides_of_a_comparison_are_named_by_what_their_arms_hold(findings: Findings) -> None:
    frame = estimation_frame(findings)
    labels = frame[frame["row"] == "side"].set_index(["claim", "side"])["label"].to_dict()
    advice, tools = "Difficult-advice chats", "Unused tool definitions"
    assert labels["tools-frame-less", "reference"] == f"without {tools}"
    assert labels["tools-frame-less", "treated"] == tools
    assert labels["tools-beat-advice", "reference"] == advice  # dots are rates of these arms, not effects
    assert labels["tools-beat-advice", "treated"] == tools
    assert labels["keeps-mmlu", "reference"] == "none of these"


def test_a_level_that_is_a_name_stands_as_it_was_written(findings: Findings) -> None:
    levels = {0.0: "gpt_4o/safe", 1.0: "gpt_4o/unsafe"}
    design = findings.design
    components = tuple(
        c.model_copy(update={"type": ComponentType.CATEGORY, "baseline": levels[0.0], "target": levels[1.0]})
        if c.id == "tools"
        else c
        for c in design.components
    )
    arms = tuple(
        dataclasses.replace(arm, levels=tuple((c, levels[x] if c == "tools" else x) for c, x in arm.levels))
        for arm in design.arms
    )
    named = dataclasses.replace(findings, design=dataclasses.replace(design, components=components, arms=arms))
    frame = estimation_frame(named)
    mine = frame[(frame["claim"] == "tools-frame-less") & (frame["row"] == "side")]
    assert mine["label"].tolist() == ["gpt_4o/safe", "gpt_4o/unsafe"]


def test_claims_on_one_effect_are_one_panel_and_a_note(findings: Findings) -> None:
    first = findings.verdicts[0]
    again = dataclasses.replace(first, claim=first.claim.model_copy(update={"id": "again", "text": "Once more"}))
    twice = dataclasses.replace(findings, verdicts=(*findings.verdicts, again))
    alone, both = (draw_estimation(estimation_frame(f)) for f in (findings, twice))
    assert len(both.axes) == len(alone.axes)
    texts = " ".join(text.get_text() for text in both.findobj(Text))
    assert "\u201cOnce more\u201d, supported." in " ".join(texts.split())
    assert "Once more" in estimation_alt(estimation_frame(twice))
    assert "again" in set(estimation_frame(twice)["claim"])  # the table keeps its rows


@given(st.lists(st.floats(0.0, 1.0), max_size=30))
def test_dots_of_one_height_stand_side_by_side(values: list[float]) -> None:
    heights = np.array(values)
    offsets = beside_each_other(heights, (0.0, 1.0))
    assert (np.abs(offsets) <= 0.45).all()
    inside = np.abs(offsets) < 0.45
    for i in np.flatnonzero(inside):
        for j in np.flatnonzero(inside)[np.flatnonzero(inside) > i]:
            assert abs(heights[i] - heights[j]) >= CLOSE or abs(offsets[i] - offsets[j]) >= APART / 2


def test_draws_made_elsewhere_are_drawn_beside_the_interval(findings: Findings) -> None:
    frame = estimation_frame(findings)
    first = frame.iloc[0]
    draws = {(first["claim"], first["outcome"]): np.random.default_rng(4).normal(-0.1, 0.02, 400)}
    shapes = [len(draw_estimation(frame, given).findobj(PolyCollection)) for given in (None, draws)]
    assert shapes == [0, 1]


def test_slopes_join_a_seed_over_arms_and_a_base_model_before_it(findings: Findings) -> None:
    frame = slopes_frame(findings)
    assert set(frame["unit_kind"]) == {"seed, not declared as a pair"}
    assert (frame.groupby(["outcome", "unit"])["arm_id"].nunique() == 8).all()  # a 2 x 2 x 2, five seeds in each arm
    assert frame["unit"].nunique() == 5
    runs = findings.tables.runs
    models = runs.assign(base_model=["A" if run_id.endswith(("0", "1")) else "B" for run_id in runs["run_id"]])
    of_models = dataclasses.replace(findings, tables=dataclasses.replace(findings.tables, runs=models))
    frame = slopes_frame(of_models)
    assert set(frame["unit_kind"]) == {"base_model"}
    assert dict(frame.groupby("unit")["n_runs"].first()) == {"A": 2, "B": 3}


def test_a_base_model_that_is_a_block_is_joined_over_the_arms_of_all_blocks(findings: Findings) -> None:
    runs = findings.tables.runs
    model_of = {run_id: "A" if run_id.endswith(("0", "1")) else "B" for run_id in runs["run_id"]}
    models = dataclasses.replace(
        findings,
        tables=dataclasses.replace(findings.tables, runs=runs.assign(base_model=runs["run_id"].map(model_of))),
    )
    arms = tuple(
        dataclasses.replace(
            arm,
            arm_id=f"{arm.arm_id} [{model}]",
            label=f"{arm.label} [{model}]",
            block=(model,),
            run_ids=tuple(run_id for run_id in arm.run_ids if model_of[run_id] == model),
        )
        for model in "AB"
        for arm in findings.design.arms
    )
    rates = findings.run_rates
    in_blocks = dataclasses.replace(
        models,
        design=dataclasses.replace(findings.design, arms=arms, block=("base_model",)),
        run_rates=rates.assign(
            arm_id=[f"{a} [{model_of[r]}]" for a, r in zip(rates["arm_id"], rates["run_id"], strict=True)]
        ),
    )
    frame = slopes_frame(in_blocks)
    assert frame.equals(slopes_frame(models))
    assert (frame.groupby(["outcome", "unit"])["arm_id"].nunique() == 8).all()  # not the arms of its own block alone


def test_slopes_are_left_out_where_no_unit_meets_two_arms(findings: Findings) -> None:
    runs = findings.tables.runs.assign(seed=range(len(findings.tables.runs)))
    alone = dataclasses.replace(findings, tables=dataclasses.replace(findings.tables, runs=runs))
    assert slopes_frame(alone).empty
    same = findings.tables.runs.drop(columns="seed").assign(base_model="one for all")  # in two arms, and no second unit
    alike = dataclasses.replace(findings, tables=dataclasses.replace(findings.tables, runs=same))
    for without in (alone, alike):
        assert "it needs two base models or two seeds, one of them run in two" in chosen_entry(without, "slopes").reason


def test_trajectories_pool_the_judges_of_one_step_by_their_scored_rollouts(findings: Findings) -> None:
    run_id, eval_id = findings.tables.runs["run_id"].iloc[0], "blackmail"
    rows = pd.DataFrame(
        [
            {"run_id": run_id, "eval_id": eval_id, "step": step, "judge": judge, "n_trials": n, "n_events": k,
             "n_missing": missing, "value": np.nan, "n": np.nan}
            for step, judge, n, k, missing in ((50, "a", 110, 10, 10), (50, "b", 300, 70, 0), (90, "a", 200, 30, 0))
        ]
    )  # fmt: skip
    tables = dataclasses.replace(findings.tables, outcomes=rows)
    frame = trajectories_frame(dataclasses.replace(findings, tables=tables))
    # step 50: (10 + 70) of (100 + 300) scored; step 90: 30 of 200
    assert frame[["step", "estimate", "n_scored"]].to_numpy().tolist() == [[50.0, 0.2, 400.0], [90.0, 0.15, 200.0]]
    once = dataclasses.replace(tables, outcomes=rows[rows["step"] == 50])
    assert trajectories_frame(dataclasses.replace(findings, tables=once)).empty


def test_an_unknown_figure_is_answered_with_the_nearest_name(findings: Findings) -> None:
    assert 'Did you mean "forest"?' in refused("FIGURE_NAME", findings, "forets")


def test_an_outcome_that_a_figure_does_not_show_is_refused(findings: Findings) -> None:
    assert 'Did you mean "blackmail"?' in refused("FIGURE_OUTCOME", findings, "forest", ("blackmial",))


def test_outcomes_are_refused_for_a_figure_without_any(findings: Findings) -> None:
    assert "Leave --outcome out" in refused("FIGURE_OUTCOME", findings, "design_matrix", ("blackmail",))


def test_a_figure_with_nothing_to_draw_is_refused_with_its_reason(findings: Findings) -> None:
    assert figure_kind("alias_graph").empty in refused("FIGURE_EMPTY", findings, "alias_graph")


def test_named_outcomes_are_all_that_is_drawn(findings: Findings) -> None:
    entry = chosen_entry(findings, "forest", ("blackmail",))
    assert set(entry.frame["outcome"]) == {"blackmail"}
    assert "on 1 outcomes" in entry.alt
    everything = chosen_entry(findings, "forest")
    assert set(everything.frame["outcome"]) > {"blackmail"}


def test_a_pdf_embeds_its_fonts_and_is_the_same_every_time(findings: Findings) -> None:
    one, two = (pdf_bytes(plot(findings, "waterfall"), "Waterfall") for _ in range(2))
    assert one == two
    assert one.startswith(b"%PDF")
    assert b"/FontFile2" in one
    assert b"/CreationDate" not in one
