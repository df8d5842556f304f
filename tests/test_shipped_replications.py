"""The two studies of published counts: what their figures are, what is never compared, what one seed an arm forbids."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from mixablate.claims import Flag, Status, Verdict
from mixablate.figures import figure_frames
from mixablate.findings import Findings, analyse
from mixablate.report import summary_sentences
from mixablate.report.published_tables import published_tables
from mixablate.study import RATE, PublishedDeclared, PublishedStated, load_study
from mixablate.tables import read_tables

REPORTS = Path(__file__).resolve().parents[1] / "reports"


def findings_of(name: str) -> Findings:
    study = load_study(REPORTS / name / "study.toml")
    return analyse(study, read_tables(study))


@pytest.fixture(scope="module")
def qwen() -> Findings:
    return findings_of("qwen_difficult_advice")


@pytest.fixture(scope="module")
def agentic() -> Findings:
    return findings_of("agentic_misalignment_2025")


@pytest.fixture(scope="module", params=["qwen", "agentic"])
def either(request: pytest.FixtureRequest) -> Findings:
    found: Findings = request.getfixturevalue(request.param)
    return found


def verdict(findings: Findings, claim_id: str) -> Verdict:
    (found,) = [verdict for verdict in findings.verdicts if verdict.claim.id == claim_id]
    return found


def test_every_record_names_its_source(either: Findings) -> None:
    assert all(record.source for record in either.study.reported)


def test_no_comparison_crosses_a_quantity_an_eval_or_a_base_model(either: Findings) -> None:
    records = {record.id: record for record in either.study.reported}
    refused = 0
    for row in either.published.comparisons.to_dict("records"):
        sides = [records[name] for name in str(row["contrast"]).split(" -> ")]
        scopes = {(side.quantity, side.eval, side.base_model, side.unit) for side in sides}
        assert len(scopes) == 1 or pd.isna(row["estimate"])
        refused += len(scopes) > 1
    assert refused >= 2  # claims that would chain are declared, and refused


def test_the_counts_in_the_notes_are_those_of_the_prints(either: Findings) -> None:
    stated = 0
    for record in either.study.reported:
        if record.unit == RATE and (found := re.match(r"(\d+) of (\d+)\b", record.note)):
            events, trials = map(int, found.groups())
            digits = len(record.value.rstrip("%").partition(".")[2])
            assert record.n == trials
            assert f"{100 * events / trials:.{digits}f}%" == record.value
            stated += 1
    assert stated >= 3


def test_both_replications_stand_in_one_table_with_their_scope(qwen: Findings) -> None:
    table = next(t for t in published_tables(qwen) if t.caption == "Agentic misalignment rate")
    shown = {row[0].more: [cell.shown for cell in row] for row in table.rows}
    assert shown["r1-base"][1:6] == ["65.5%", "600", "1", "blackmail and leaking, 12 conditions x 50", "Qwen3.6-27B"]
    assert shown["r2-base"][1:6] == [
        "31.7%",
        "180",
        "1",
        "agentic misalignment, 6 cells x 30",
        "Qwen, second replication",
    ]
    # 28, 18, 13, 7 and 8 of 180
    ladder = [shown[f"r2-rung-{rung}"][1] for rung in range(1, 6)]
    assert ladder == [f"{100 * k / 180:.1f}%" for k in (28, 18, 13, 7, 8)]


def test_the_printed_means_are_those_of_the_run_tables_evaluation_by_evaluation(qwen: Findings) -> None:
    outcomes = qwen.tables.outcomes
    printed = {record.id: record.value for record in qwen.study.reported}
    for name, run, replicate in [
        ("r1-base", "base", "run2"),
        ("r1-base-first", "base", "run1"),
        ("r1-chat", "tulu_100", "run1"),
        ("r1-advice", "difficult_advice_20_80", "run2"),
        ("r1-advice-first", "difficult_advice_20_80", "run1"),
        ("r1-threeway", "threeway_constitution", "run1"),
    ]:
        rows = outcomes[(outcomes["run_id"] == run) & (outcomes["replicate"] == replicate)]
        assert rows["n_trials"].sum() == 600
        assert f"{100 * rows['n_events'].sum() / 600:.1f}%" == printed[name]


def test_one_seed_an_arm_leaves_every_claim_about_a_mix_untestable_with_its_run_sd(qwen: Findings) -> None:
    about_mixes = 0
    for found in qwen.verdicts:
        if isinstance(found.claim, PublishedStated):
            assert found.status is Status.UNTESTABLE
        elif getattr(found.claim, "about", "mix") == "mix" and found.claim.id != "one-baseline":
            assert found.status is Status.UNTESTABLE
            assert re.search(r"run-to-run SD (on the logit (is )?below|were below)", found.reason, re.IGNORECASE)
            about_mixes += 1
    assert about_mixes == 13  # 5 on the run tables, 8 on printed rates


def test_the_description_says_what_one_seed_an_arm_forbids(qwen: Findings) -> None:
    assert "One seed an arm forbids" in qwen.study.description


def test_the_answer_says_what_one_run_cannot_speak_to_before_what_models_support(qwen: Findings) -> None:
    said = summary_sentences(qwen)
    mix = next(i for i, words in enumerate(said) if "lowers harm below the untrained model" in words)
    assert said[mix].startswith("Untestable")
    assert "one run an arm says nothing of a mix. Run-to-run SD on the logit below which the claim stands" in said[mix]
    assert mix < next(i for i, words in enumerate(said) if words.startswith("Supported"))


def test_each_replication_is_judged_by_itself_and_every_evaluation_counts(qwen: Findings) -> None:
    first, second = verdict(qwen, "r1-advice-lowers"), verdict(qwen, "r2-advice-lowers")
    # 393 and 387 of 600 against 152 and 174 of 600
    assert [(e.reference, e.treated) for e in first.evidence] == [
        (k / 600, j / 600) for k in (393, 387) for j in (152, 174)
    ]
    assert Flag.CONFLICTING_REPORTS in first.flags
    assert {e.reference for e in second.evidence} == {57 / 180}
    assert len(second.evidence) == 5
    assert verdict(qwen, "one-baseline").evidence[0].estimate is None


def test_the_verdict_ladder_draws_of_several_comparisons_the_one_that_lies_least_inside(qwen: Findings) -> None:
    drawn = figure_frames(qwen)["verdict_ladder"].set_index("claim")
    assert drawn.index.is_unique
    # the smallest drop of the five rungs; the two evaluations that are closest; the one teacher above the untrained
    assert drawn.loc["r2-advice-lowers-models", "outcome_label"] == "31.7% → 15.6%, hardest of 5"
    assert drawn.loc["r1-advice-lowers-models", "outcome_label"] == "64.5% → 29.0%, hardest of 4"
    assert drawn.loc["r2-any-teacher", "outcome_label"] == "31.7% → 37.8%, hardest of 7"
    assert drawn.loc["r2-step-1-2", "outcome_label"] == "15.6% → 10.0%"


def test_no_step_of_the_ladder_is_decided_though_its_ends_are(qwen: Findings) -> None:
    steps = [verdict(qwen, f"r2-step-{rung}-{rung + 1}").status for rung in range(1, 5)]
    assert steps == [Status.UNDECIDED] * 4
    assert verdict(qwen, "r2-more-helps-models").status is Status.SUPPORTED
    assert verdict(qwen, "r2-more-helps").status is Status.UNTESTABLE


def test_the_correction_of_the_baseline_stands_side_by_side_and_is_compared_with_no_rung(qwen: Findings) -> None:
    conflicts = qwen.published.conflicts
    assert ("33.0%", "43.0%") in {tuple(rows["value"]) for _, rows in conflicts.groupby("conflict")}
    assert not qwen.published.comparisons["contrast"].str.contains("r2-base-before|r2-base-after").any()


def test_the_contrast_of_real_and_test_rests_on_derived_counts(agentic: Findings) -> None:
    records = {record.id: record for record in agentic.study.reported}
    # 21.4 % of 500 = 107, 64.8 % of 500 = 324; 59 and 21 of them
    for name, share, n, events in [("real", 0.214, 107, 59), ("test", 0.648, 324, 21)]:
        found = records[f"blackmail-{name}"]
        assert found.n == n == round(500 * share)
        assert f"{100 * events / n:.1f}%" == found.value
        assert "derived, not printed" in found.note
    contrast = verdict(agentic, "says-real-blackmails-more")
    assert contrast.status is Status.SUPPORTED
    assert "derived here" in contrast.claim.source
    assert verdict(agentic, "belief-causes-blackmail").status is Status.UNTESTABLE


def test_a_zero_of_the_control_bounds_each_model_and_their_mean_apart(agentic: Findings) -> None:
    # 1 - 0.05 ** (1 / 100) = 2.95 %, 1 - 0.025 ** (1 / 100) = 3.6 %, 1 - 0.05 ** (1 / 1600) = 0.187 %
    each = verdict(agentic, "each-control-at-most-three")
    assert each.status is Status.SUPPORTED
    assert "at most 2.95 % (one-sided 95 % bound; the two-sided interval reaches 3.6 %)" in each.reason
    assert verdict(agentic, "each-control-at-most-one").status is Status.UNDECIDED
    assert "at most 0.187 %" in verdict(agentic, "mean-control-near-zero").reason
    records = {record.id: record for record in agentic.study.reported}
    assert records["control-each"].quantity != records["control-together"].quantity


def test_cells_that_the_study_left_out_are_in_no_mean_and_their_adapted_rates_in_no_comparison(
    agentic: Findings,
) -> None:
    assert not set(agentic.tables.runs["base_model"]) & {"o3", "o4-mini"}
    for name in ("o3", "o4-mini", "maverick"):
        found = verdict(agentic, f"{name}-adapted-raises")
        assert found.status is Status.UNTESTABLE
        assert "records of different evals are never compared" in found.reason


def test_study_and_port_are_each_judged(agentic: Findings) -> None:
    conflicts = agentic.published.conflicts
    reports = {tuple(rows["value"]) for _, rows in conflicts.groupby("conflict")}
    assert {("96%", "0.9"), ("80%", "0.6"), ("65%", "0.3"), ("79%", "1.0"), ("57%", "1.0")} <= reports
    found = verdict(agentic, "opus-4-pressure")
    assert [effect.reference for effect in found.evidence] == [0.96, 0.9]
    assert Flag.CONFLICTING_REPORTS in found.flags


def test_no_claim_of_the_agentic_study_is_about_a_mix(agentic: Findings) -> None:
    claims = [v.claim for v in agentic.verdicts if isinstance(v.claim, PublishedDeclared)]
    assert all(getattr(claim, "about", "models") == "models" for claim in claims if claim.kind != "stated")
    assert all(record.runs is None for record in agentic.study.reported if record.unit == RATE)
