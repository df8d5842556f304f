"""The lock: what it holds, what it never holds, and which verdicts a later change moves."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from claims_folder import judged_at
from mixablate.claims import Flag, LockComparison, compared_with_lock, judge, with_deviations
from mixablate.cli.program import exit_code
from mixablate.design import design_of
from mixablate.errors import StudyError, TableError
from mixablate.report.lock_tables import lock_tables
from mixablate.study import Study, load_study, locked_declaration
from mixablate.tables import planned_tables, read_tables

STUDY = """
title = "Two flags"
seed = 5
baseline = { tools = 0, prompts = 0 }
[tables]
runs = "runs.csv"
outcomes = "outcomes.csv"
evals = "evals.csv"
[analysis]
draws = 199
[components.tools]
[components.prompts]
[[claims]]
id = "tools"
text = "Tools lower blackmail by five points"
kind = "reduces"
components = ["tools"]
evals = ["blackmail"]
minimum = 0.05
[[claims]]
id = "alone"
text = "Prompts alone lower leaking"
kind = "sufficient"
components = ["prompts"]
evals = ["leaking"]
family = "second"
[[claims]]
id = "looked"
text = "Both evals, by eye"
kind = "reduces"
components = ["tools"]
evals = ["leaking", "blackmail"]
status = "exploratory"
"""
EVALS = """\
eval_id,domain,direction,weight
blackmail,in_distribution,lower,
leaking,out_of_distribution,lower,
"""
RUNS = "run_id,tools,prompts,seed\n" + "".join(
    f"t{tools}p{prompts}s{seed},{tools},{prompts},{seed}\n"
    for tools in (0, 1)
    for prompts in (0, 1)
    for seed in (1, 2, 3)
)
HEADER = "run_id,eval_id,n_trials,n_events\n"


def outcomes(*, blank: bool = False) -> str:
    """Rates of about 30 % without tools and 10 % with, a little apart between seeds; or the same rows, not filled."""
    rows = []
    for line in RUNS.splitlines()[1:]:
        run_id, tools, _, seed = line.split(",")
        events = (10 if tools == "1" else 30) + int(seed)
        rows += [
            f"{run_id},{name},{'' if blank else 100},{'' if blank else events}" for name in ("blackmail", "leaking")
        ]
    return HEADER + "\n".join(rows) + "\n"


@dataclass(frozen=True)
class Folder:
    path: Path

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(text, encoding="utf-8")

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.path / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def study(self) -> Study:
        return load_study(self.path)

    def lock(self, *words: str) -> int:
        return exit_code(["lock", str(self.path), *words])

    def record(self) -> dict[str, Any]:
        found = json.loads((self.path / "study.lock").read_text(encoding="utf-8"))
        assert isinstance(found, dict)
        return found

    def compared(self) -> LockComparison:
        study = self.study()
        tables = read_tables(study)
        found = compared_with_lock(study, tables, design_of(study, tables))
        assert found is not None
        return found

    def moved(self) -> dict[str, list[str]]:
        """The words of each change, and the claims it can move."""
        return {change.words: sorted(change.claims) for change in self.compared().deviations}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A study with runs and evals, and no outcome table."""
    made = Folder(tmp_path)
    for name, text in {"study.toml": STUDY, "runs.csv": RUNS, "evals.csv": EVALS}.items():
        made.write(name, text)
    return made


@pytest.fixture
def locked(folder: Folder) -> Folder:
    """The same, locked before its outcomes came."""
    assert folder.lock() == 0
    folder.write("outcomes.csv", outcomes())
    return folder


# what is locked


@pytest.mark.parametrize("text", ["", HEADER, None, outcomes(blank=True)], ids=["empty", "header", "absent", "blank"])
def test_a_study_is_locked_before_it_has_outcomes(folder: Folder, text: str | None) -> None:
    if text is not None:
        folder.write("outcomes.csv", text)
    assert folder.lock() == 0
    (record,) = folder.record()["records"]
    assert record["outcomes_seen"] == 0
    assert len(record["shape"]["runs"]) == 12
    assert record["shape"]["runs"]["t1p0s2"]["tools"] == 1.0
    assert sorted(record["declaration"]["claims"]) == ["alone", "looked", "tools"]


def test_a_lock_never_holds_an_outcome(folder: Folder) -> None:
    folder.write("outcomes.csv", outcomes())
    one = planned_tables(folder.study())
    folder.write("outcomes.csv", outcomes().replace(",100,", ",101,").replace(",31\n", ",77\n"))
    other = planned_tables(folder.study())
    assert (one.shape, one.measured) == (other.shape, other.measured) == (one.shape, 24)  # 12 runs x 2 evals


def test_outcomes_that_were_there_are_warned_of_counted_and_told(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.write("outcomes.csv", outcomes())
    assert folder.lock("--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["outcomes_seen"] == 24
    assert [notice["code"] for notice in document["notices"]] == ["LOCKED_LATE"]
    (said, _) = folder.compared().sentences
    assert "24 outcome rows were in the tables already" in said


def test_neither_order_nor_layout_of_the_files_counts(locked: Folder) -> None:
    before = locked_declaration(locked.study())
    head, *claims = STUDY.split("[[claims]]\n")
    turned = [
        claim.replace('["leaking", "blackmail"]', '[\n  "blackmail",  # one\n  "leaking",\n]').replace("0.05", "5e-2")
        for claim in reversed(claims)
    ]
    tables = head.replace("[components.tools]\n[components.prompts]", "[components.prompts]\n[components.tools]")
    locked.write("study.toml", "[[claims]]\n".join([tables.replace("title", '"title"'), *turned]))
    rows = RUNS.splitlines(keepends=True)
    locked.write("runs.csv", "".join([rows[0], *reversed(rows[1:])]))
    assert locked_declaration(locked.study()) == before
    assert locked.compared().deviations == ()
    assert locked.lock() == 0


def test_words_for_people_are_not_locked(locked: Folder) -> None:
    locked.change("study.toml", "[components.tools]", '[components.tools]\nlabel = "Unused tools"\ngroup = "both"')
    locked.change("study.toml", 'title = "Two flags"', 'title = "Flags"\ndescription = "Two of them."')
    locked.change("study.toml", 'id = "tools"', 'id = "tools"\nsource = "A paper"')
    assert locked.compared().deviations == ()


def test_an_unlocked_study_is_compared_with_nothing(folder: Folder) -> None:
    folder.write("outcomes.csv", outcomes())
    study = folder.study()
    tables = read_tables(study)
    assert compared_with_lock(study, tables, design_of(study, tables)) is None


def test_outcomes_that_arrive_as_planned_change_nothing(locked: Folder) -> None:
    assert locked.compared().deviations == ()
    assert locked.compared().sentences[-1] == "Nothing that a verdict rests on has changed since."
    assert locked.lock() == 0


# changes of the declaration


@pytest.mark.parametrize(
    ("old", "new", "words", "claims"),
    [
        ("minimum = 0.05", "minimum = 0.01", "its minimum was 0.05 when locked and is 0.01", ["tools"]),
        ("minimum = 0.05", "", "its minimum was 0.05 when locked and is 0.0", ["tools"]),
        ("by five points", "a lot", 'text was "Tools lower blackmail by five points" when locked and is', ["tools"]),
        ("seed = 5", "seed = 6", "the study's seed was 5 when locked and is 6", ["alone", "looked", "tools"]),
        ("[analysis]", "sentinels = [-1]\n[analysis]", "sentinels was not set when", ["alone", "looked", "tools"]),
        ("draws = 199", 'draws = 199\nsame_seed = "independent"', "same_seed was", ["alone", "looked", "tools"]),
        ("draws = 199", "draws = 299", "analysis draws was 199 when locked and is 299", ["alone", "looked", "tools"]),
        ("draws = 199", "", "analysis draws was 199 when locked and is 9999", ["alone", "looked", "tools"]),
        ("draws = 199", "draws = 199\nlevel = 0.9", "analysis level was 0.95 when", ["alone", "looked", "tools"]),
        ("draws = 199", 'draws = 199\nscenarios = "random"', 'scenarios was "fixed" when locked and is', ["looked"]),
        # alone in their families: "tools" in main, "alone" in second
        ("draws = 199", 'draws = 199\nadjust = "hochberg"', 'adjust was "holm" when locked', ["looked"]),
        # a target moves what switches it, but not what stands on the baseline (`sufficient`)
        ("[components.tools]", '[components.tools]\ntype = "dose"\ntarget = 2', "target was 1", ["looked", "tools"]),
    ],
)  # fmt: skip
def test_a_change_is_said_and_moves_the_claims_that_it_can(
    locked: Folder, old: str, new: str, words: str, claims: list[str]
) -> None:
    locked.change("study.toml", old, new)
    found = [moved for said, moved in locked.moved().items() if words in said]
    assert found == [claims]


RECORDS = """
[[reported]]
id = "paper"
quantity = "blackmail rate"
value = "10%"
n = 300
[[claims]]
id = "as-published"
text = "With tools we find the published rate"
kind = "matches_rate"
components = ["tools"]
evals = ["blackmail"]
record = "paper"
margin = 0.1
family = "third"
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('value = "10%"', 'value = "11%"', 'reported figure "paper" value was "10%" when locked and is "11%"'),
        ("n = 300", "n = 3000", 'reported figure "paper" n was 300 when locked and is 3000'),
        ("n = 300", "", 'reported figure "paper" n was 300 when locked and is not set'),
    ],
)
def test_a_changed_record_moves_the_claim_that_cites_it(folder: Folder, old: str, new: str, words: str) -> None:
    folder.write("study.toml", STUDY + RECORDS)
    folder.write("outcomes.csv", outcomes(blank=True))
    assert folder.lock() == 0
    assert "rate" not in folder.record()["records"][0]["declaration"]["claims"]["as-published"]
    folder.write("outcomes.csv", outcomes())
    assert folder.moved() == {}
    folder.change("study.toml", old, new)
    assert folder.moved() == {words: ["as-published"]}


def test_a_claim_added_later_is_said_to_be_and_so_is_its_family(locked: Folder) -> None:
    later = STUDY.split("[[claims]]")[1].replace('"tools"\n', '"later"\n', 1)
    locked.write("study.toml", f"{STUDY}[[claims]]{later}")
    assert locked.moved() == {
        "declared after the lock": ["later"],
        'family "main" was "tools" when locked and is "later", "tools"': ["tools"],
    }


def test_an_exploratory_claim_added_later_moves_no_other(locked: Folder) -> None:
    later = STUDY.split("[[claims]]")[1].replace('"tools"\n', '"later"\nstatus = "exploratory"\n', 1)
    locked.write("study.toml", f"{STUDY}[[claims]]{later}")
    assert locked.moved() == {"declared after the lock": ["later"]}


def test_a_claim_that_is_gone_is_listed(locked: Folder) -> None:
    locked.write(
        "study.toml", "[[claims]]".join(part for part in STUDY.split("[[claims]]") if 'id = "alone"' not in part)
    )
    found = locked.compared()
    assert [(claim.id, claim.kind, claim.status) for claim in found.removed] == [
        ("alone", "sufficient", "confirmatory")
    ]
    assert any(
        '"alone" (Prompts alone lower leaking) was locked and is declared no longer' in s for s in found.sentences
    )
    assert "removed_claims" in [table.name for table in lock_tables(found)]


# changes of the tables


def test_a_removed_run_moves_the_claims_that_rest_on_its_arm(locked: Folder) -> None:
    # "alone" compares the baseline with prompts alone, so that no run with tools bears on it.
    locked.change("runs.csv", "t1p1s3,1,1,3\n", "")
    locked.write("outcomes.csv", "".join(row for row in outcomes().splitlines(True) if not row.startswith("t1p1s3")))
    assert locked.moved() == {'run "t1p1s3" was removed after the lock': ["looked", "tools"]}


def test_an_added_run_moves_the_claims_that_rest_on_its_arm(locked: Folder) -> None:
    locked.write("runs.csv", RUNS + "t0p1s4,0,1,4\n")
    assert locked.moved() == {'run "t0p1s4" was added after the lock': ["alone", "looked", "tools"]}


def test_a_run_of_an_arm_that_is_gone_moves_every_claim(locked: Folder) -> None:
    for seed in (1, 2, 3):
        locked.change("runs.csv", f"t1p1s{seed},1,1,{seed}\n", "")
    locked.write("outcomes.csv", "".join(row for row in outcomes().splitlines(True) if not row.startswith("t1p1")))
    assert set(map(tuple, locked.moved().values())) == {("alone", "looked", "tools")}


def test_a_run_moved_to_another_arm_is_said(locked: Folder) -> None:
    locked.change("runs.csv", "t1p0s1,1,0,1", "t1p0s1,0,0,4")
    assert locked.moved() == {
        'run "t1p0s1" tools was 1 when locked and is 0': ["alone", "looked", "tools"],
        'run "t1p0s1" seed was "1" when locked and is "4"': ["alone", "looked", "tools"],
    }


def test_a_run_moved_to_where_its_seed_was_run_moves_only_the_claims_on_the_arm_it_left(locked: Folder) -> None:
    # beside "t0p0s1" it is counted once, as that run; "alone" compares (0, 0) with (0, 1)
    locked.change("runs.csv", "t1p0s1,1,0,1", "t1p0s1,0,0,1")
    assert locked.moved() == {'run "t1p0s1" tools was 1 when locked and is 0': ["looked", "tools"]}


def test_a_cell_left_blank_may_be_filled(folder: Folder) -> None:
    folder.write("runs.csv", RUNS.replace("t1p0s1,1,0,1", "t1p0s1,1,0,"))
    assert folder.lock() == 0
    folder.write("runs.csv", RUNS)
    folder.write("outcomes.csv", outcomes())
    assert folder.compared().deviations == ()


def test_outcomes_left_out_of_a_locked_run_are_named(locked: Folder) -> None:
    locked.change("outcomes.csv", "t1p0s2,blackmail,100,12\n", "")
    said = 'eval "blackmail" lacks outcomes of 1 ("t1p0s2") of the locked runs'
    assert locked.moved() == {said: ["looked", "tools"]}


def test_outcomes_that_were_not_planned_are_named(folder: Folder) -> None:
    rows = outcomes(blank=True).splitlines(keepends=True)
    folder.write("outcomes.csv", "".join(row for row in rows if not row.startswith("t1p0s2,blackmail")))
    assert folder.lock() == 0
    folder.write("outcomes.csv", outcomes())
    said = 'eval "blackmail" has outcomes, not planned, of 1 ("t1p0s2") of the locked runs'
    assert folder.moved() == {said: ["looked", "tools"]}


def test_an_evals_direction_moves_the_claims_about_it(locked: Folder) -> None:
    locked.change("evals.csv", "leaking,out_of_distribution,lower", "leaking,out_of_distribution,higher")
    locked.change("study.toml", 'evals = ["leaking", "blackmail"]', 'evals = ["blackmail"]')
    assert locked.moved()['eval "leaking" direction was "lower" when locked and is "higher"'] == ["alone"]


# verdicts


def test_a_verdict_that_a_change_can_move_is_flagged_and_says_it(locked: Folder) -> None:
    locked.change("study.toml", "minimum = 0.05", "minimum = 0.01")
    study = locked.study()
    tables = read_tables(study)
    design = design_of(study, tables)
    judged = judge(study, tables, design)
    found = {v.claim.id: v for v in with_deviations(judged, compared_with_lock(study, tables, design))}
    flagged = {name: Flag.DEVIATED in verdict.flags for name, verdict in found.items()}
    assert flagged == {"tools": True, "alone": False, "looked": False}
    assert "its minimum was 0.05 when locked and is 0.01" in found["tools"].reason
    assert [v.status for v in judged] == [v.status for v in found.values()]


def test_the_answer_counts_deviating_verdicts_and_names_what_is_gone(locked: Folder) -> None:
    locked.change("study.toml", "minimum = 0.05", "minimum = 0.01")
    text = (locked.path / "study.toml").read_text(encoding="utf-8")
    locked.write("study.toml", "[[claims]]".join(p for p in text.split("[[claims]]") if 'id = "alone"' not in p))
    found = judged_at(locked.path)
    lock = found.lock
    assert lock is not None
    assert lock.answer(found.verdicts) == (
        f"1 of 2 verdicts rest on something changed after the lock of {lock.day}; "
        'claims that were locked and are declared no longer: "alone".'
    )
    assert replace(lock, removed=()).answer(()) == ""


def test_rollouts_may_be_planned_and_still_to_come(folder: Folder) -> None:
    folder.change("study.toml", 'outcomes = "outcomes.csv"', 'rollouts = "rollouts/"')
    assert folder.lock() == 0
    header, *rows = outcomes().splitlines()
    assert header == HEADER.strip()
    keys = [row.split(",")[:2] for row in rows]
    (folder.path / "rollouts").mkdir()
    counted = [f"{run},{name},i{item},{item % 3 // 2}" for run, name in keys for item in range(30)]
    folder.write("rollouts/part.csv", "run_id,eval_id,item_id,value\n" + "\n".join(counted) + "\n")
    assert folder.compared().deviations == ()
    assert planned_tables(folder.study()).measured == 24  # 12 runs x 2 evals


def test_a_study_of_reported_figures_is_locked_by_its_declaration(tmp_path: Path) -> None:
    text = 'title = "Two"\nseed = 1\n[[reported]]\nid = "a"\nquantity = "q"\nvalue = "22%"\n'
    folder = Folder(tmp_path)
    folder.write("study.toml", text)
    assert folder.lock() == 0
    folder.write("study.toml", text.replace("22%", "15%"))
    found = compared_with_lock(folder.study(), None, None)
    assert found is not None
    assert [change.words for change in found.deviations] == [
        'reported figure "a" value was "22%" when locked and is "15%"'
    ]


@pytest.mark.slow
def test_the_report_and_the_terminal_show_the_change(locked: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    locked.change("study.toml", "minimum = 0.05", "minimum = 0.01")
    assert exit_code(["check", str(locked.path)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "flags: deviated" in said
    assert 'claim "tools": its minimum was 0.05 when locked and is 0.01 (can move: tools)' in said
    assert exit_code(["validate", str(locked.path), "--json"]) == 0
    (change,) = json.loads(capsys.readouterr().out)["lock"]["deviations"]
    assert (change["key"], change["locked"], change["present"]) == ("minimum", "0.05", "0.01")
    changes, _ = lock_tables(locked.compared())
    assert [cell.shown for cell in changes.rows[0]] == ['claim "tools"', "minimum", "0.05", "0.01", "tools"]


# locking again


def test_a_lock_is_never_overwritten(locked: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    before = locked.record()
    locked.change("study.toml", "minimum = 0.05", "minimum = 0.01")
    assert locked.lock("--json") == 2
    (problem,) = json.loads(capsys.readouterr().out)["error"]["problems"]
    assert problem["code"] == "LOCK_EXISTS"
    assert problem["found"].endswith("these changed: claims.tools")
    assert locked.record() == before


def test_a_relock_before_outcomes_holds_and_keeps_the_older_record(folder: Folder) -> None:
    assert folder.lock() == 0
    folder.change("study.toml", "minimum = 0.05", "minimum = 0.01")
    assert folder.lock("--relock", "a pilot said so") == 0
    first, second = folder.record()["records"]
    assert (first["reason"], second["reason"]) == ("", "a pilot said so")
    assert second["previous"] == first["sha256"]
    folder.write("outcomes.csv", outcomes())
    assert folder.compared().deviations == ()


def test_a_relock_after_outcomes_frees_no_claim(locked: Folder) -> None:
    locked.change("study.toml", "minimum = 0.05", "minimum = 0.01")
    assert locked.lock("--relock", "it fits better") == 0
    assert locked.moved() == {"its minimum was 0.05 when locked and is 0.01": ["tools"]}
    assert any('("it fits better")' in sentence for sentence in locked.compared().sentences)
    # nor does one made after the outcomes were moved away again
    (locked.path / "outcomes.csv").unlink()
    assert locked.lock("--relock", "once more") == 0
    locked.write("outcomes.csv", outcomes())
    assert len(locked.record()["records"]) == 3
    assert locked.moved() == {"its minimum was 0.05 when locked and is 0.01": ["tools"]}


# bad locks


def test_an_altered_record_is_refused(locked: Folder) -> None:
    locked.change("study.lock", '"minimum": 0.05', '"minimum": 0.01')
    with pytest.raises(StudyError) as refused:
        locked.study()
    (problem,) = refused.value.problems
    assert (problem.code, problem.place) == ("LOCK_CHANGED", "study.lock")
    assert problem.found.startswith("record 1, which is not what was written on ")


def test_a_record_taken_out_is_noticed(folder: Folder) -> None:
    assert folder.lock() == 0
    assert folder.lock("--relock", "again") == 0
    document = folder.record()
    folder.write("study.lock", json.dumps(document | {"records": document["records"][1:]}))
    with pytest.raises(StudyError, match="LOCK_CHANGED"):
        folder.study()


@pytest.mark.parametrize("text", ["", "{}", '{"schema": 2, "records": []}', "lock"])
def test_a_file_that_is_no_lock_is_refused(locked: Folder, text: str) -> None:
    locked.write("study.lock", text)
    with pytest.raises(StudyError, match=r"LOCK_FILE at study.lock: .* required: a lock of schema 1"):
        locked.study()


def test_a_claim_about_an_unknown_eval_is_refused_when_locked(folder: Folder) -> None:
    folder.change("study.toml", 'evals = ["blackmail"]', 'evals = ["blackmale"]')
    with pytest.raises(TableError, match=r"CLAIM_EVAL.*blackmale"):
        planned_tables(folder.study())


def test_runs_must_be_planned_to_be_locked(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    (folder.path / "runs.csv").unlink()
    assert folder.lock("--json") == 2
    assert json.loads(capsys.readouterr().out)["error"]["problems"][0]["code"] == "FILE_MISSING"
    assert not (folder.path / "study.lock").exists()
