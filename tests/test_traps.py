"""Simulated tables with a trap beside the same tables without: each is named, and changes the verdict as it should."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mixablate.claims import Flag, Status, Verdict, judging
from mixablate.errors import TableError
from mixablate.findings import Findings, analyse
from mixablate.report.design_tables import notice_tables
from mixablate.report.measurement_tables import measurement_points
from mixablate.simulate import ComponentTruth, EventEval, ScoreEval, SimulatedTables, Truth, simulate, simulate_rollouts
from mixablate.study import Study
from mixablate.tables import Tables, read_tables, tables_from_frames
from small_studies import claim, flag, study_of

DROP = claim(kind="reduces", minimum=0.05)
ANY_DROP = claim(kind="reduces")


def truth(effect: float = -1.2, **keys: object) -> Truth:
    """Six runs an arm of 200 rollouts: blackmail falls from 30 %, on the control nothing happens."""
    tools = ComponentTruth(effect=effect, by_eval={"control": 0.0})
    evals = (
        EventEval(id="blackmail", domain="in_distribution", baseline_rate=0.3),
        EventEval(id="control", domain="control", baseline_rate=0.1),
    )
    base = {"components": {"tools": tools}, "evals": evals, "runs_per_arm": 6, "run_sd": 0.3, "n_trials": 200}
    return Truth(**(base | keys))


def found(frames: SimulatedTables, asked=DROP, **analysis: object) -> Findings:
    study = study_of(("tools",), (asked,), draws=499, **analysis)
    tables = tables_from_frames(study, runs=frames.runs, outcomes=frames.outcomes, evals=frames.evals)
    return analyse(study, tables)


def verdict(findings: Findings) -> Verdict:
    (one,) = findings.verdicts
    return one


def with_outcomes(frames: SimulatedTables, outcomes: pd.DataFrame) -> SimulatedTables:
    return replace(frames, outcomes=outcomes)


def said_in_report(findings: Findings) -> str:
    """What the section on the measurement and the notices say, with the reason of the verdict."""
    cells = [cell.shown for table in notice_tables(findings) for row in table.rows for cell in row]
    return "\n".join([*measurement_points(findings), *cells, verdict(findings).reason])


# 1. A duplicated seed


def copied_under_another_name(clean: SimulatedTables) -> SimulatedTables:
    again = [frame.assign(run_id=frame["run_id"] + "-again") for frame in (clean.runs, clean.outcomes)]
    return replace(clean, runs=pd.concat([clean.runs, again[0]]), outcomes=pd.concat([clean.outcomes, again[1]]))


def test_runs_copied_under_another_name_with_their_seed_do_not_make_a_verdict() -> None:
    clean = simulate(truth(-0.5, runs_per_arm=4, run_sd=0.4), seed=1)
    copied = copied_under_another_name(clean)
    without, trapped = found(clean, ANY_DROP), found(copied, ANY_DROP)
    fooled = found(copied, ANY_DROP, same_seed="independent")
    # eight names of four trainings an arm would be enough to support the claim; the four trainings are not
    assert verdict(without).status is Status.UNDECIDED
    assert verdict(fooled).status is Status.SUPPORTED
    assert verdict(trapped).status is Status.UNDECIDED
    assert verdict(trapped).p_adjusted == verdict(without).p_adjusted
    assert Flag.REUSED_SEED in verdict(trapped).flags
    assert Flag.REUSED_SEED not in verdict(without).flags
    said = said_in_report(trapped)
    assert "REUSED_SEED" in said
    assert 'Runs of one arm with one seed are counted once, as the first: "tools0-s1" and "tools0-s1-again"' in said
    assert "Counted as trainings of their own, the claim would be supported" in said
    assert 'same_seed = "independent"' in verdict(trapped).would_settle


def test_a_verdict_on_copied_runs_is_that_of_the_trainings_to_the_last_digit() -> None:
    # five trainings an arm support the claim and hang on two of them; ten names would give a p of 0.0009, not 0.0205
    clean = simulate(truth(-0.6, runs_per_arm=5, run_sd=0.4), seed=9)
    without, trapped = (verdict(found(each, ANY_DROP)) for each in (clean, copied_under_another_name(clean)))
    assert trapped.status is Status.SUPPORTED
    assert Flag.FRAGILE in trapped.flags
    assert trapped.fragility == ("tools0-s1", "tools0-s4")
    assert trapped == without


def test_how_easily_a_verdict_flips_is_studied_once_where_runs_share_a_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    studied = []
    whole = judging.with_robustness

    def counted(one: Verdict, *rest: object) -> Verdict:
        studied.append(one.claim.id)
        return whole(one, *rest)

    monkeypatch.setattr(judging, "with_robustness", counted)
    found(copied_under_another_name(simulate(truth(), seed=1)))
    assert studied == ["c"]


def test_everything_in_the_report_counts_copied_runs_once_and_says_so() -> None:
    clean = simulate(truth(), seed=1)
    without, trapped = found(clean), found(copied_under_another_name(clean))
    assert trapped.effects == without.effects
    assert trapped.attributions == without.attributions
    assert trapped.design == without.design
    for name in ("rates", "run_rates", "measured_rates", "coalitions"):
        pd.testing.assert_frame_equal(getattr(trapped, name), getattr(without, name))
    # 12 trainings of 24 names; 2 arms of 6 seeds, of which 3 are listed
    assert (len(trapped.tables.runs), len(trapped.tables.named.runs)) == (12, 24)
    assert trapped.limits[0] == (
        'Runs of one arm with one seed are counted once, as the first: "tools0-s1" and "tools0-s1-again"; "tools0-s2" '
        'and "tools0-s2-again"; "tools0-s3" and "tools0-s3-again" and 9 more seeds. The others are in no number here: '
        "they may be the same training."
    )
    assert trapped.limits[1:] == without.limits


def test_of_runs_of_one_seed_the_one_with_the_most_evals_is_counted() -> None:
    clean = simulate(truth(), seed=1)
    twice = copied_under_another_name(clean)
    bare = (twice.outcomes["run_id"] == "tools0-s1") & (twice.outcomes["eval_id"] == "control")
    kept = found(with_outcomes(twice, twice.outcomes[~bare])).tables.runs["run_id"].tolist()
    assert kept[:2] == ["tools0-s1-again", "tools0-s2"]


def test_of_runs_of_one_seed_with_as_many_evals_the_one_with_the_most_rollouts_is_counted() -> None:
    twice = copied_under_another_name(simulate(truth(), seed=1))
    first = twice.outcomes["run_id"] == "tools0-s1"
    counts = {name: twice.outcomes[name].where(~first, twice.outcomes[name] // 10) for name in ("n_trials", "n_events")}
    kept = found(with_outcomes(twice, twice.outcomes.assign(**counts))).tables.runs["run_id"].tolist()
    assert kept[:2] == ["tools0-s1-again", "tools0-s2"]


@pytest.mark.parametrize("word", ["", "NA", "nan", "None"])
def test_a_seed_that_is_missing_is_no_seed_in_common(word: str) -> None:
    clean = simulate(truth(), seed=1)
    unknown = found(replace(clean, runs=clean.runs.assign(seed=word)))
    assert unknown.tables.named is None
    assert len(unknown.tables.runs) == len(clean.runs)
    assert "no seed for runs of one arm" in said_in_report(unknown)


def test_one_seed_used_twice_leaves_a_clear_verdict_and_is_named() -> None:
    clean = simulate(truth(), seed=1)
    runs = clean.runs.assign(seed=clean.runs["seed"].astype(str))
    runs.loc[runs["run_id"] == "tools1-s2", "seed"] = "1"
    without, trapped = found(clean), found(replace(clean, runs=runs))
    assert verdict(trapped).status is verdict(without).status is Status.SUPPORTED
    assert "tools1-s1" in said_in_report(trapped)
    assert "REUSED_SEED" in said_in_report(trapped)


# 2. A -1 sentinel


def score_truth() -> Truth:
    """An audit score that the tools do not move: a mean of 0.8 with items of SD 0.3."""
    audit = ScoreEval(id="blackmail", domain="capability", mean=0.8, item_sd=0.3, run_sd=0.02)
    return truth(scores=(audit,), evals=(), components={"tools": ComponentTruth()})


UNHARMED = claim(kind="no_harm", margin=0.05, scale="value")


def test_a_score_of_minus_one_for_not_scored_is_refused_until_it_is_declared() -> None:
    clean = simulate(score_truth(), seed=1)
    outcomes = clean.outcomes.copy()
    lost = outcomes["run_id"].isin(["tools1-s1", "tools1-s2"])
    outcomes.loc[lost, "value"] = -1.0
    trapped = with_outcomes(clean, outcomes)
    assert verdict(found(clean, UNHARMED)).status is Status.SUPPORTED
    with pytest.raises(TableError) as refused:
        found(trapped, UNHARMED)
    (problem,) = refused.value.problems
    assert problem.code == "SENTINEL"
    assert problem.found == "-1 2 times, and no other value below 0"
    assert "sentinels = [-1]" in problem.remedy
    # read as a score, it would speak against the claim; declared, the four other runs speak for it
    fooled = found_with_sentinels(trapped, ())
    declared = found_with_sentinels(trapped, (-1.0,))
    assert verdict(fooled).status is not Status.SUPPORTED
    assert verdict(declared).status is Status.SUPPORTED
    assert verdict(declared).evidence[0].n_treated == 4
    assert "SENTINEL_READ" in said_in_report(declared)
    assert "2 values of -1" in said_in_report(declared)


def found_with_sentinels(frames: SimulatedTables, sentinels: tuple[float, ...]) -> Findings:
    study = study_of(("tools",), (UNHARMED,), draws=499)
    assert study.tables is not None
    study = study.model_copy(update={"tables": study.tables.model_copy(update={"sentinels": sentinels})})
    return analyse(study, tables_from_frames(study, runs=frames.runs, outcomes=frames.outcomes, evals=frames.evals))


def test_rollouts_of_minus_one_are_refused_and_read_as_missing_where_the_study_says_so(tmp_path: Path) -> None:
    clean = simulate_rollouts(truth(missing_rate=0.1), seed=1)
    trapped = clean.rollouts.assign(value=clean.rollouts["value"].fillna(-1.0))
    without = verdict(rollout_findings(tmp_path, clean.runs, clean.rollouts, clean.evals))
    with pytest.raises(TableError) as refused:
        rollout_findings(tmp_path, clean.runs, trapped, clean.evals)
    assert {problem.code for problem in refused.value.problems} == {"SENTINEL"}
    declared = rollout_findings(tmp_path, clean.runs, trapped, clean.evals, sentinels=(-1.0,))
    assert verdict(declared).evidence == without.evidence
    assert verdict(declared).measurement == without.measurement
    assert "values of -1" in said_in_report(declared)
    # 0, 1 and -1 taken as they are would be scores, which have no rate
    with pytest.raises(Exception, match="CLAIM_SCALE"):
        rollout_findings(tmp_path, clean.runs, trapped, clean.evals, sentinels=())


def rollout_tables(
    folder: Path, study: Study, runs: pd.DataFrame, rollouts: pd.DataFrame, evals: pd.DataFrame
) -> Tables:
    runs.to_csv(folder / "runs.csv", index=False)
    evals.to_csv(folder / "evals.csv", index=False)
    lines = (json.dumps({k: None if v != v else v for k, v in row.items()}) for row in rollouts.to_dict("records"))
    (folder / "rollouts.jsonl").write_text("\n".join(lines) + "\n")
    return read_tables(study)


def rollout_findings(
    folder: Path,
    runs: pd.DataFrame,
    rollouts: pd.DataFrame,
    evals: pd.DataFrame,
    asked=DROP,
    sentinels: tuple[float, ...] | None = None,
) -> Findings:
    study = study_of(("tools",), (asked,), draws=499)
    assert study.tables is not None
    paths = study.tables.model_copy(update={"outcomes": None, "rollouts": "rollouts.jsonl", "sentinels": sentinels})
    study = study.model_copy(update={"tables": paths, "folder": folder})
    return analyse(study, rollout_tables(folder, study, runs, rollouts, evals))


# 3. Errored rollouts counted as harmless


def errors_in_treated(frames: SimulatedTables, share: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Outcomes in which that share of the treated runs' rollouts failed: counted as harmless, and as missing."""
    honest = frames.outcomes.copy()
    treated = honest["run_id"].str.startswith("tools1") & (honest["eval_id"] == "blackmail")
    failed = (honest["n_trials"] * share).round().astype(int).where(treated, 0)
    honest["n_events"] = (honest["n_events"] * (1.0 - failed / honest["n_trials"])).round().astype(int)
    honest["n_missing"] = failed
    return honest.assign(n_missing=0, n_errored=failed), honest


def test_errored_rollouts_counted_as_harmless_are_named_and_do_not_make_a_drop() -> None:
    clean = simulate(truth(0.0, run_sd=0.1), seed=4)
    trapped, honest = errors_in_treated(clean, 0.5)
    fooled = verdict(found(with_outcomes(clean, trapped.drop(columns="n_errored"))))
    without, caught = found(with_outcomes(clean, honest)), found(with_outcomes(clean, trapped))
    # half of the treated rollouts failed: 15 % of all, 30 % of those that ran
    assert fooled.status is Status.SUPPORTED
    assert verdict(without).status is not Status.SUPPORTED
    assert verdict(caught).status is verdict(without).status
    assert verdict(caught).evidence == verdict(without).evidence
    said = said_in_report(caught)
    assert "ERRORS_SCORED" in said
    assert "600 errored rollouts among the scored ones of 6 rows" in said
    assert "600 treated and 0 reference rollouts are missing" in said


def test_rollouts_with_an_error_and_a_value_are_missing_whatever_the_value_says(tmp_path: Path) -> None:
    clean = simulate_rollouts(truth(0.0, run_sd=0.1), seed=4)
    treated = clean.rollouts["run_id"].str.startswith("tools1") & (clean.rollouts["eval_id"] == "blackmail")
    failed = treated & (clean.rollouts["epoch"] % 2 == 0)
    fooled = clean.rollouts.assign(value=clean.rollouts["value"].where(~failed, 0.0))
    trapped = fooled.assign(error=np.where(failed, "grader timed out", None))
    honest = clean.rollouts.assign(value=clean.rollouts["value"].where(~failed))
    without = verdict(rollout_findings(tmp_path, clean.runs, honest, clean.evals))
    assert verdict(rollout_findings(tmp_path, clean.runs, fooled, clean.evals)).status is Status.SUPPORTED
    caught = rollout_findings(tmp_path, clean.runs, trapped, clean.evals)
    assert without.status is not Status.SUPPORTED
    assert verdict(caught).status is without.status
    assert verdict(caught).evidence == without.evidence
    assert "600 rollouts with an error and a value, 600 of them 0" in said_in_report(caught)


# 4. A saturated eval


def test_an_eval_at_its_ceiling_is_named_and_tells_nothing() -> None:
    def at(log_odds: float) -> Findings:
        evals = (EventEval(id="blackmail", domain="in_distribution", baseline_log_odds=log_odds),)
        tools = {"tools": ComponentTruth(effect=-1.2)}
        return found(simulate(truth(evals=evals, components=tools), seed=1), ANY_DROP)

    without, trapped = at(0.0), at(7.0)
    assert verdict(without).status is Status.SUPPORTED
    assert Flag.SATURATED not in verdict(without).flags
    assert verdict(trapped).status is Status.UNTESTABLE
    assert Flag.SATURATED in verdict(trapped).flags
    said = said_in_report(trapped)
    assert '"blackmail" is saturated: both sides stand at an end of the scale' in said
    assert 'The claim "c" is flagged saturated' in said


def test_a_drop_larger_than_the_whole_rate_is_not_possible_on_this_eval() -> None:
    evals = (EventEval(id="blackmail", domain="in_distribution", baseline_rate=0.04),)
    low = simulate(truth(evals=evals, components={"tools": ComponentTruth(effect=-0.8)}), seed=1)
    asked = claim(kind="reduces", minimum=0.1)
    one = verdict(found(low, asked))
    assert Flag.SATURATED in one.flags
    assert "no drop of 10.0 points was possible on it" in one.reason
    assert Flag.SATURATED not in verdict(found(low, claim(kind="reduces", minimum=0.01))).flags


def test_a_zero_that_the_reference_shares_is_not_the_components_doing() -> None:
    zero = claim(kind="reaches_zero", bound=0.02)
    frames = simulate(truth(), seed=1)
    outcomes = frames.outcomes.copy()
    asked = outcomes["eval_id"] == "blackmail"
    outcomes.loc[asked & outcomes["run_id"].str.startswith("tools1"), "n_events"] = 0
    earned = verdict(found(with_outcomes(frames, outcomes), zero))
    never = outcomes.assign(n_events=outcomes["n_events"].where(~asked, 0))
    shared = verdict(found(with_outcomes(frames, never), zero))
    assert earned.status is shared.status is Status.SUPPORTED
    assert Flag.SATURATED not in earned.flags
    assert Flag.SATURATED in shared.flags
    assert "need not have done anything" in shared.reason


def test_scores_of_which_half_share_the_highest_are_saturated() -> None:
    frames = simulate(score_truth(), seed=1)
    outcomes = frames.outcomes.copy()
    full = outcomes["run_id"].str.endswith(("s1", "s2", "s3", "s4"))
    outcomes["value"] = outcomes["value"].clip(upper=0.99).where(~full, 1.0)
    one = verdict(found(with_outcomes(frames, outcomes), UNHARMED))
    assert Flag.SATURATED in one.flags
    assert "share the score 1, which no run passes" in one.reason
    assert Flag.SATURATED not in verdict(found(frames, UNHARMED)).flags


# 5. A judge whose false positives rise with the dose

DOSE = flag("tools", type="dose", target=2.0)


def judged(frames: SimulatedTables, false_positives: dict[str, float]) -> SimulatedTables:
    """The outcomes as a judge reports them who calls this share of an arm's non-events events, on every eval."""
    outcomes = frames.outcomes.copy()
    rates = outcomes["run_id"].str.slice(0, 6).map(false_positives)
    outcomes["n_events"] += ((outcomes["n_trials"] - outcomes["n_events"]) * rates).round().astype(int)
    return with_outcomes(frames, outcomes)


def dose_found(frames: SimulatedTables, asked, labels: pd.DataFrame | None = None) -> Findings:
    study = study_of((DOSE,), (asked,), draws=499)
    tables = {"runs": frames.runs, "outcomes": frames.outcomes, "evals": frames.evals}
    return analyse(study, tables_from_frames(study, **tables, labels=labels))


def labels_of(frames: SimulatedTables, false_positives: dict[str, float]) -> pd.DataFrame:
    """Sixty labelled rollouts of each run, 18 of them events: the judge finds those, and raises the given alarms."""
    rows = []
    for run_id in frames.runs["run_id"]:
        alarms = round(42 * false_positives[run_id[:6]])
        for human, judged_so, n in ((1, 1, 18), (0, 1, alarms), (0, 0, 42 - alarms)):
            rows.append({"run_id": run_id, "eval_id": "blackmail", "human": human, "judged": judged_so, "n": n})
    return pd.DataFrame(rows)


def test_a_judge_whose_false_positives_rise_with_the_dose_moves_the_control_and_unsettles_the_verdict() -> None:
    tools = ComponentTruth(effect=0.0, levels=(0.0, 1.0, 2.0))
    clean = simulate(truth(components={"tools": tools}, run_sd=0.1), seed=2)
    harmless = claim(kind="no_harm", margin=0.08)
    trapped = judged(clean, {"tools0": 0.0, "tools1": 0.1, "tools2": 0.2})
    without, with_trap = dose_found(clean, harmless), dose_found(trapped, harmless)
    # 30 % at every dose; the judge reports 30, 37 and 44 %, and on the control 10, 19 and 28 %
    assert verdict(without).status is Status.SUPPORTED
    assert Flag.JUDGE_MATTERS not in verdict(without).flags
    assert verdict(with_trap).status is Status.UNDECIDED
    assert Flag.JUDGE_MATTERS in verdict(with_trap).flags
    said = said_in_report(with_trap)
    assert 'The control "control" moved by' in said
    assert "Less the control's change the claim would not be contradicted" in said
    assert "labels by hand on both sides" in verdict(with_trap).would_settle


def test_labels_show_that_a_judges_false_positives_rise_with_the_dose_and_take_them_out() -> None:
    # Without a control: a true drop from 30 to 10 %, hidden by a judge that calls a fifth of the harmless rollouts
    # events at dose 2. By hand: .1 + .9 * .2 = 28 % is reported there.
    tools = ComponentTruth(effect=-0.8, levels=(0.0, 1.0, 2.0))
    evals = (EventEval(id="blackmail", domain="in_distribution", baseline_rate=0.3),)
    clean = simulate(truth(components={"tools": tools}, evals=evals, run_sd=0.1), seed=5)
    rates = {"tools0": 0.0, "tools1": 0.1, "tools2": 0.2}
    trapped, honest = judged(clean, rates), labels_of(clean, dict.fromkeys(rates, 0.0))
    no_drop = claim(kind="equivalent", margin=0.08)
    without, blind = dose_found(clean, no_drop, honest), dose_found(trapped, no_drop)
    seen = dose_found(trapped, no_drop, labels_of(clean, rates))
    assert verdict(without).status is Status.CONTRADICTED
    assert Flag.JUDGE_MATTERS not in verdict(without).flags
    assert verdict(blind).status is Status.SUPPORTED
    assert verdict(seen).status is Status.UNDECIDED
    assert Flag.JUDGE_MATTERS in verdict(seen).flags
    (checked,) = verdict(seen).measurement.judges
    assert checked.p_differs < 0.001
    assert checked.says == "contradicted"
    assert checked.lower < verdict(without).evidence[0].estimate < checked.upper
    said = said_in_report(seen)
    assert "The judge errs differently on the two sides (p < 0.0001)" in said
    assert "108 of 108 events and calls 48 of 252 other rollouts events, on the reference side it finds" in said
    assert "a judge that errs alike on both sides" in verdict(seen).would_settle
    assert [o.decides for o in verdict(seen).second_opinions if "Rogan" in o.method] == [True]


def test_a_control_that_moves_is_adjusted_over_the_controls_of_the_claim() -> None:
    # one control of ten with a two-sided p of about .02: by Holm it has not moved
    names = ["blackmail", *(f"control{i}" for i in range(10))]
    tools = {"tools": ComponentTruth(effect=-1.2, by_eval=dict.fromkeys(names[1:], 0.0))}
    evals = tuple(
        EventEval(id=name, domain="in_distribution" if name == "blackmail" else "control", baseline_rate=0.3)
        for name in names
    )
    frames = simulate(truth(evals=evals, components=tools, run_eval_sd=0.2, run_sd=0.0), seed=7)
    controls = verdict(found(frames)).measurement.controls
    assert len(controls) == 10
    smallest = min(control.p_value for control in controls)
    assert smallest < 0.05
    first = next(control for control in controls if control.p_value == smallest)
    assert first.p_adjusted == pytest.approx(min(1.0, 10 * smallest))
    assert [control.eval_id for control in controls if control.moved] == []


# 6. One record that carries the effect


def test_one_run_that_carries_the_effect_is_named() -> None:
    clean = simulate(truth(-0.4, run_sd=0.2), seed=8)
    outcomes = clean.outcomes.copy()
    record = (outcomes["run_id"] == "tools1-s1") & (outcomes["eval_id"] == "blackmail")
    outcomes.loc[record, "n_events"] = (outcomes.loc[record, "n_events"] * 0.6).astype(int)
    without, carried = found(clean, ANY_DROP), found(with_outcomes(clean, outcomes), ANY_DROP)
    assert verdict(without).status is Status.UNDECIDED
    assert verdict(carried).status is Status.SUPPORTED
    assert Flag.FRAGILE in verdict(carried).flags
    assert "tools1-s1" in verdict(carried).fragility


def test_one_run_among_runs_without_effect_does_not_carry_a_verdict() -> None:
    clean = simulate(truth(0.0, run_sd=0.1), seed=3)
    outcomes = clean.outcomes.copy()
    outcomes.loc[(outcomes["run_id"] == "tools1-s1") & (outcomes["eval_id"] == "blackmail"), "n_events"] = 0
    assert verdict(found(with_outcomes(clean, outcomes), ANY_DROP)).status is Status.UNDECIDED


def with_one_item(clean: pd.DataFrame, item: str) -> pd.DataFrame:
    """The rollouts in which one item is an event in all runs of the reference and in none of the treated."""
    mine = (clean["eval_id"] == "blackmail") & (clean["item_id"] == item)
    treated = clean["run_id"].str.startswith("tools1")
    return clean.assign(value=clean["value"].where(~mine, (~treated).astype(float)))


def test_one_item_that_carries_the_effect_is_named(tmp_path: Path) -> None:
    # 10 items of 20 rollouts: one that is an event in all of the reference's and in none of the treated's moves the
    # two rates apart by 10 points, and nothing else does
    clean = simulate_rollouts(truth(0.0, run_sd=0.1), seed=9, items=10)
    carried = with_one_item(clean.rollouts, "blackmail-0003")
    spread = simulate_rollouts(truth(-0.8, run_sd=0.1), seed=9, items=10)
    fooled = rollout_findings(tmp_path, clean.runs, carried, clean.evals, ANY_DROP)
    robust = rollout_findings(tmp_path, clean.runs, spread.rollouts, clean.evals, ANY_DROP)
    without = rollout_findings(tmp_path, clean.runs, clean.rollouts, clean.evals, ANY_DROP)
    assert verdict(without).status is not Status.SUPPORTED
    assert verdict(robust).status is verdict(fooled).status is Status.SUPPORTED
    assert Flag.FRAGILE not in verdict(robust).flags
    assert Flag.FRAGILE in verdict(fooled).flags
    assert "item:blackmail / blackmail-0003" in verdict(fooled).fragility
    items = [row for row in verdict(fooled).left_out if row.unit == "item"]
    assert len(items) == 10
    assert [row.name for row in items if row.flips] == ["blackmail / blackmail-0003"]


def test_leaving_an_item_out_is_leaving_its_rollouts_out(tmp_path: Path) -> None:
    drawn = simulate_rollouts(truth(missing_rate=0.1), seed=1, items=10)
    rollouts = drawn.rollouts
    whole = verdict(rollout_findings(tmp_path, drawn.runs, rollouts, drawn.evals, DROP))
    fewer = rollouts[(rollouts["item_id"] != "blackmail-0004")]
    left = verdict(rollout_findings(tmp_path, drawn.runs, fewer, drawn.evals, DROP))
    (row,) = [row for row in whole.left_out if row.name == "blackmail / blackmail-0004"]
    assert row.estimate == pytest.approx(left.evidence[0].estimate, abs=1e-12)
    assert row.p_value == pytest.approx(left.p_value, rel=1e-9)
