"""Judges beside a claim: labels and what they refuse, errors taken out, other judges and metrics."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mixablate.claims import Flag, Status, Verdict, judge
from mixablate.design import design_of
from mixablate.estimate import corrected_contrast, outcome_of, summarise
from mixablate.estimate.judges.labelled import Labelled, differential_error, labelled
from mixablate.findings import analyse
from mixablate.report.measurement_tables import measurement_tables
from mixablate.tables import Tables, other_choices, tables_from_frames, with_choice
from small_studies import claim, contrast_of, evals_frame, study_of
from study_folder import STUDY, sound_folder

HIGH, LOW = [60, 55, 65, 58, 62], [20, 25, 15, 22, 18]
REDUCES = claim(kind="reduces", minimum=0.05)
LABELS = """\
eval_id,run_id,judge,human,judged,n
blackmail,001,,1,1,30
blackmail,001,,0,0,25
blackmail,,,0,1,3
Flattering|default,1e5,,yes,no,
"""
STUDY_WITH_LABELS = STUDY.replace('evals = "evals.csv"', 'evals = "evals.csv"\nlabels = "labels.csv"')


def folder(path: Path, labels: str = LABELS):
    found = sound_folder(path, study=STUDY_WITH_LABELS)
    found.write("labels.csv", labels)
    return found


# The table


def test_labels_are_rollouts_or_counts_of_rollouts_labelled_alike(tmp_path: Path) -> None:
    found = folder(tmp_path, LABELS.replace("yes,no", "1,0")).tables()
    assert found.labels[["run_id", "human", "judged", "n"]].to_numpy().tolist() == [
        ["001", 1, 1, 30], ["001", 0, 0, 25], ["", 0, 1, 3], ["1e5", 1, 0, 1],
    ]  # fmt: skip
    assert [source.path for source in found.sources][-1] == "labels.csv"


def test_a_study_without_labels_has_none(tmp_path: Path) -> None:
    assert sound_folder(tmp_path).tables().labels.empty


@pytest.mark.parametrize(
    ("old", "new", "code", "found"),
    [
        ("human", "people", "COLUMN_MISSING", 'no column "human"'),
        ("001,,1,1,30", "01,,1,1,30", "UNKNOWN_RUN", '"01"'),
        ("blackmail,001,,1", "balckmail,001,,1", "UNKNOWN_EVAL", '"balckmail"'),
        ("1,1,30", ",1,30", "LABEL_MISSING", "a blank cell"),
        ("1,1,30", "1,perhaps,30", "FLAG_VALUE", '"perhaps"'),
        ("1,1,30", "1,1,-30", "COUNT_RANGE", "-30"),
        ("1,1,30", "1,1,0.5", "COUNT_INTEGER", "0.5"),
    ],
)
def test_a_wrong_label_is_refused(old: str, new: str, code: str, found: str, tmp_path: Path) -> None:
    text = LABELS.replace("yes,no", "1,0")
    assert old in text
    problems = folder(tmp_path, text.replace(old, new, 1)).errors()
    assert [(problem.code, problem.found) for problem in problems] == [(code, found)]


def test_a_blank_label_says_what_is_required(tmp_path: Path) -> None:
    (problem,) = folder(tmp_path, LABELS.replace("yes,no", "1,0").replace("1,1,30", ",1,30")).errors()
    assert problem.place == 'labels.csv, line 2, column "human"'
    assert problem.required == '0 or 1 in "human"'
    assert problem.remedy.endswith("a rollout without both answers validates nothing.")


# Errors that differ by side


def test_labels_are_counted_by_eval_judge_and_run() -> None:
    rows = [
        ("a", "r1", "x", 1, 1, 5), ("a", "r1", "x", 1, 0, 2), ("a", "r2", "", 0, 0, 7), ("a", "r2", "x", 0, 1, 1),
        ("b", "r1", "x", 1, 1, 50), ("a", "r1", "y", 1, 1, 90),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["eval_id", "run_id", "judge", "human", "judged", "n"])
    assert labelled(frame, ["a"], ["x"], None) == Labelled(5, 2, 7, 1)
    assert labelled(frame, ["a"], ["x"], ["r2"]) == Labelled(0, 0, 7, 1)
    assert labelled(frame, ["a"], ["x"], ["r2"]).judge is None


def test_errors_that_differ_by_hand() -> None:
    # Fisher of 0 of 4 against 4 of 4 false alarms: 2 of the 70 tables. The events agree fully: 1. Twice the smaller.
    p = differential_error(Labelled(3, 0, 0, 4), Labelled(3, 0, 4, 0))
    assert p == pytest.approx(4 / 70)
    assert differential_error(Labelled(3, 0, 0, 4), Labelled()) is None


def tables(study, labels: pd.DataFrame | None = None, **judges: tuple[list[int], list[int]]) -> Tables:
    """Two arms of five runs of 100 rollouts, scored by each of the judges."""
    runs, outcomes = [], []
    for t in (0, 1):
        for i in range(5):
            run_id = f"arm{t}-{i}"
            runs.append({"run_id": run_id, "base_model": "m", "seed": str(i), "tools": t})
            for name, counts in judges.items():
                row = {"run_id": run_id, "eval_id": "blackmail", "n_trials": 100, "n_events": counts[t][i]}
                outcomes.append(row | {"judge": name})
    frames = {"runs": pd.DataFrame(runs), "outcomes": pd.DataFrame(outcomes)}
    return tables_from_frames(study, **frames, evals=evals_frame(["blackmail"], {}), labels=labels)


def verdict(asked=REDUCES, labels=None, **judges) -> Verdict:
    study = study_of(("tools",), (asked,), draws=199, judge=next(iter(judges)))
    found = tables(study, labels, **judges)
    (one,) = judge(study, found, design_of(study, found))
    return one


def counts(found: int, missed: int, passed: int, alarms: int, run_id: str = "") -> list[dict[str, object]]:
    cells = ((1, 1, found), (1, 0, missed), (0, 0, passed), (0, 1, alarms))
    base = {"eval_id": "blackmail", "run_id": run_id}
    return [base | {"human": human, "judged": said, "n": n} for human, said, n in cells if n]


def test_a_judge_validated_elsewhere_is_taken_out_of_the_contrast() -> None:
    # sensitivity .9, specificity .95: J = .85. As judged -40 points, corrected -40 / .85 = -47.1
    labels = pd.DataFrame(counts(90, 10, 190, 10))
    one = verdict(labels=labels, opus=(HIGH, LOW))
    (checked,) = one.measurement.judges
    assert (checked.what, checked.judge, checked.n_labels) == ("errors taken out", "opus", 300)
    assert (checked.sensitivity, checked.specificity) == pytest.approx((0.9, 0.95))
    assert checked.estimate == pytest.approx(-0.4 / 0.85)
    assert (checked.says, checked.agrees, checked.p_differs) == ("supported", True, None)
    assert one.status is Status.SUPPORTED
    assert Flag.JUDGE_MATTERS not in one.flags
    assert 'Labels of 300 rollouts: the judge "opus" finds 90 of 100 events' in one.reason


def test_its_p_is_the_level_at_which_the_corrected_limit_touches_the_boundary() -> None:
    labels = pd.DataFrame(counts(90, 10, 190, 10))
    study = study_of(("tools",), (REDUCES,), draws=199, judge="opus")
    found = tables(study, labels, opus=([30, 25, 35, 28, 32], [18, 25, 14, 22, 21]))
    design = design_of(study, found)
    (one,) = judge(study, found, design)
    (opinion,) = [o for o in one.second_opinions if "Rogan" in o.method]
    runs = summarise(found, design, outcome_of(found, ["blackmail"]))
    whole = labelled(found.labels, ["blackmail"], ["opus"], None).judge
    touching = corrected_contrast(runs, contrast_of(design), design, whole, 1.0 - 2.0 * opinion.p_value)
    assert touching.upper == pytest.approx(-0.05, abs=1e-6)
    assert not opinion.decides


def test_labels_that_change_what_is_said_flag_the_judge_and_leave_the_status() -> None:
    # As judged within 8 points; with J = .5 twice as far, and no longer.
    same = claim(kind="equivalent", margin=0.08)
    labels = pd.DataFrame(counts(60, 40, 180, 20))
    one = verdict(same, labels, opus=([44, 39, 41, 40, 42], [38, 37, 39, 36, 41]))
    assert one.status is Status.SUPPORTED
    assert Flag.JUDGE_MATTERS in one.flags
    assert "by itself undecided" in one.reason


def test_too_few_labels_of_a_judge_that_errs_differently_unsettle_the_verdict() -> None:
    labels = pd.DataFrame(
        [row for i in range(5) for row in [*counts(0, 0, 6, 6, f"arm1-{i}"), *counts(0, 0, 12, 0, f"arm0-{i}")]]
    )
    one = verdict(labels=labels, opus=(HIGH, LOW))
    assert one.status is Status.UNDECIDED
    assert Flag.JUDGE_MATTERS in one.flags
    assert (
        "Its errors cannot be taken out: the labels hold no event, or nothing else, on one of the sides" in one.reason
    )
    assert "enough labels of both sides" in one.would_settle


def test_a_ratio_is_not_corrected_and_it_is_said() -> None:
    asked = claim(kind="at_least_ratio", ratio=1.5, scale="risk_ratio")
    one = verdict(asked, pd.DataFrame(counts(90, 10, 190, 10)), opus=(HIGH, LOW))
    (checked,) = one.measurement.judges
    assert checked.reason == "errors are taken out of differences of rates between arms only"
    assert Flag.JUDGE_MATTERS not in one.flags


# Other judges


def test_another_judge_that_would_say_otherwise_is_named_and_flagged() -> None:
    one = verdict(opus=(HIGH, LOW), sonnet=(HIGH, [68, 71, 65, 70, 73]))
    (checked,) = one.measurement.judges
    assert (checked.what, checked.judge, checked.says) == ("another judge", "sonnet", "contradicted")
    assert one.status is Status.SUPPORTED
    assert Flag.JUDGE_MATTERS in one.flags
    assert 'By another judge, "sonnet", the primary would say contradicted in place of supported' in one.reason


def test_another_judge_that_agrees_is_shown_and_flags_nothing() -> None:
    one = verdict(opus=(HIGH, LOW), sonnet=([k + 5 for k in HIGH], LOW))
    assert [checked.agrees for checked in one.measurement.judges] == [True]
    assert Flag.JUDGE_MATTERS not in one.flags


def test_the_tables_of_another_judge_hold_its_rows_alone() -> None:
    study = study_of(("tools",), judge="opus")
    found = tables(study, opus=(HIGH, LOW), sonnet=(LOW, HIGH))
    assert other_choices(found, "judge", ["blackmail"]) == ("sonnet",)
    other = with_choice(study, found, "judge", "sonnet")
    assert other is not None
    assert other.headline["n_events"].tolist() == [*LOW, *HIGH]
    assert with_choice(study, found, "judge", "haiku") is None


def test_the_section_lists_judges_claim_by_claim() -> None:
    study = study_of(("tools",), (REDUCES,), draws=199, judge="opus")
    labels = pd.DataFrame(counts(90, 10, 190, 10))
    found = analyse(study, tables(study, labels, opus=(HIGH, LOW), sonnet=(HIGH, HIGH)))
    (shown,) = [table for table in measurement_tables(found) if table.name == "judges"]
    assert [[cell.shown for cell in row][1:4] for row in shown.rows] == [
        ["errors taken out", "opus", "300"], ["another judge", "sonnet", "\u2013"],
    ]  # fmt: skip
