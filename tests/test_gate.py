"""What fails a build: the gate's words, JUnit XML, the step summary, and that exploratory claims never do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from claims_folder import STUDY, claims_folder, judged_at
from mixablate.claims import Deviation, Flag, LockComparison, Status, Verdict, gate_of, gate_results
from mixablate.claims.deviations import Locking
from mixablate.claims.lock_changes import LockedClaim
from mixablate.cli.check import suite_name
from mixablate.cli.junit import junit_bytes
from mixablate.cli.program import exit_code
from mixablate.cli.step_summary import markdown_summary
from mixablate.errors import StudyError
from mixablate.findings import analyse, judged
from mixablate.study import load_study
from mixablate.tables import read_tables

EVERYTHING = ",".join([*map(str, Status), *(str(flag) for flag in Flag if flag is not Flag.EXPLORATORY)])
LOCKED = LockComparison((Locking("2026-11-25T10:00:00Z", "ab", "", 0, True),), (), ())


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Verdict, ...]:
    found = judged_at(claims_folder(tmp_path_factory.mktemp("claims")))
    assert found.lock is None
    return found.verdicts


def test_the_verdicts_of_a_check_are_those_of_the_report(tmp_path: Path) -> None:
    study = load_study(claims_folder(tmp_path))
    tables = read_tables(study)
    alone, whole = judged(study, tables), analyse(study, tables)
    for one, other in zip(alone.verdicts, whole.verdicts, strict=True):
        assert (one.status, one.flags, one.reason, one.p_adjusted) == (
            other.status, other.flags, other.reason, other.p_adjusted,
        )  # fmt: skip
        assert [o.p_value for o in one.second_opinions] == [o.p_value for o in other.second_opinions]
    assert alone.notices == whole.notices


def outcomes(verdicts: tuple[Verdict, ...], words: str, lock: LockComparison | None = None) -> list[str]:
    return [str(result.outcome) for result in gate_results(verdicts, lock, gate_of(words), "study.toml")]


def test_the_claims_are_what_the_tests_below_take_them_for(verdicts: tuple[Verdict, ...]) -> None:
    found = [(v.claim.id, v.status, v.claim.status) for v in verdicts]
    assert found == [
        ("tools-help", Status.SUPPORTED, "confirmatory"),
        ("tools-do-nothing", Status.CONTRADICTED, "confirmatory"),
        ("seen-later", Status.CONTRADICTED, "exploratory"),
        ("prompts-help", Status.UNDECIDED, "confirmatory"),
        ("no-claim-at-all", Status.UNTESTABLE, "confirmatory"),
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", "passed failed skipped skipped skipped"),
        ("undecided", "passed failed skipped failed skipped"),
        (" untestable , undecided,", "passed failed skipped failed failed"),
        ("supported", "failed failed skipped skipped skipped"),
    ],
)
def test_only_a_supported_claim_is_green(verdicts: tuple[Verdict, ...], words: str, expected: str) -> None:
    assert outcomes(verdicts, words) == expected.split()


def test_an_exploratory_claim_fails_no_build_whatever_its_status_and_flags(verdicts: tuple[Verdict, ...]) -> None:
    exploratory = verdicts[2]
    for status in Status:
        worst = replace(exploratory, status=status, flags=tuple(Flag))
        assert outcomes((worst,), EVERYTHING, LOCKED) == ["skipped"]


def test_exploratory_claims_are_a_family_of_their_own(verdicts: tuple[Verdict, ...], tmp_path: Path) -> None:
    # "tools-do-nothing" is alone in its family: unadjusted. One more exploratory claim doubles the other's p by Holm.
    one, other = verdicts[1], verdicts[2]
    assert one.p_adjusted == one.p_value
    assert other.p_adjusted == other.p_value
    again = STUDY.split("[[claims]]")[3].replace("seen-later", "seen-later-still")
    found = {v.claim.id: v for v in judged_at(claims_folder(tmp_path, f"{STUDY}[[claims]]{again}")).verdicts}
    assert found["seen-later"].p_adjusted == pytest.approx(2 * other.p_value)
    assert {v.claim.id: v.p_adjusted for v in verdicts if v is not other} == {
        name: v.p_adjusted for name, v in found.items() if not name.startswith("seen-later")
    }


def test_a_flag_can_fail_a_claim_and_is_named(verdicts: tuple[Verdict, ...]) -> None:
    flagged = replace(verdicts[0], flags=(Flag.FRAGILE, Flag.DEVIATED))
    (result,) = gate_results((flagged,), LOCKED, gate_of("fragile,deviated"), "study.toml")
    assert result.outcome == "failed"
    assert result.headline.startswith("supported (fragile, deviated): ")
    assert result.detail[-1] == "flags: fragile, deviated"


@pytest.mark.parametrize("word", ["exploratory", "undecidet", "deviate"])
def test_a_word_that_fails_nothing_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=f'"{word}" is not a status or flag that can fail a claim'):
        gate_of(word)


def test_a_removed_claim_is_listed_and_fails_where_deviated_does(verdicts: tuple[Verdict, ...]) -> None:
    gone = tuple(LockedClaim(s, "It helps", "reduces", s) for s in ("confirmatory", "exploratory"))
    lock = replace(LOCKED, removed=gone)
    assert outcomes(verdicts[:1], "", lock) == ["passed", "skipped", "skipped"]
    assert outcomes(verdicts[:1], "deviated", lock) == ["passed", "failed", "skipped"]


def test_a_gate_that_compared_nothing_is_not_green(verdicts: tuple[Verdict, ...]) -> None:
    with pytest.raises(StudyError, match=r"LOCK_MISSING at study\.toml"):
        outcomes(verdicts, "deviated")
    with pytest.raises(StudyError, match=r"NO_CLAIMS at study\.toml"):
        outcomes((), "")


def test_junit_holds_one_case_a_claim_with_its_reason(verdicts: tuple[Verdict, ...]) -> None:
    awkward = replace(verdicts[1], reason='A < B & "C" ]]> \x00\x1b[31m. More')
    results = gate_results((verdicts[0], awkward, *verdicts[2:]), None, gate_of(""), "study.toml")
    root = ElementTree.fromstring(junit_bytes(results, title="A & B", suite="study"))
    (suite,) = root
    counts = {name: suite.get(name) for name in ("name", "tests", "failures", "errors", "skipped")}
    assert counts == {"name": "A & B", "tests": "5", "failures": "1", "errors": "0", "skipped": "3"}
    cases = [(case.get("classname"), case.get("name"), [child.tag for child in case]) for case in suite]
    assert cases == [
        ("study", "tools-help", ["system-out"]),
        ("study", "tools-do-nothing", ["failure"]),
        ("study", "seen-later", ["skipped"]),
        ("study", "prompts-help", ["skipped"]),
        ("study", "no-claim-at-all", ["skipped"]),
    ]
    failure = suite[1][0]
    assert failure.get("message") == 'contradicted: A < B & "C" ]]> \\x00\\x1b[31m'
    assert failure.text is not None
    assert failure.text.splitlines()[:2] == [
        "Claim <tools-do-nothing> & 'more'",
        'contradicted: A < B & "C" ]]> \\x00\\x1b[31m. More',
    ]


def test_the_summary_is_markdown_in_which_names_stay_names(verdicts: tuple[Verdict, ...]) -> None:
    awkward = replace(verdicts[1], reason="<img src=x> | `code` @you\n## no heading")
    change = Deviation("analysis", "level", "0.95", "0.9", "analysis level was 0.95 when locked and is 0.9", ())
    late = Deviation('claim "tools"', "", "not declared", "declared", "declared after the lock", ("tools",))
    lock = replace(LOCKED, deviations=(change, late))
    results = gate_results((verdicts[0], awkward), lock, gate_of(""), "study.toml")
    lines = markdown_summary(results, lock, title="A | <b>", last="Check failed: x.").splitlines()
    assert lines[0] == r"## A \| &lt;b&gt;"
    assert lines[5] == (
        r"| ❌ failed | tools-do-nothing | contradicted: &lt;img src=x&gt; \| \`code\` \@you \#\# no heading |"
    )
    assert "- Locked on 2026-11-25, before any outcome was in the tables." in lines
    assert "- analysis level was 0.95 when locked and is 0.9" in lines
    assert '- claim "tools": declared after the lock' in lines
    assert lines[-2:] == ["Check failed: x.", ""]


def test_the_suite_is_named_after_the_study(tmp_path: Path) -> None:
    file = claims_folder(tmp_path / "tools_2026")
    assert (suite_name(file), suite_name(file.parent), suite_name(tmp_path / "other.toml")) == (
        "tools_2026",
        "tools_2026",
        "other",
    )


@pytest.mark.slow
def test_check_writes_both_files_and_keeps_stdout_pure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = claims_folder(tmp_path / "study")
    summary = tmp_path / "new" / "summary.md"
    words = ["check", str(study), "--json", "--fail-on", "undecided"]
    assert exit_code([*words, "--junit", str(tmp_path / "claims.xml"), "--summary", str(summary)]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["failed"] == ["tools-do-nothing", "prompts-help"]
    assert document["fail_on"] == ["contradicted", "undecided"]
    suite = ElementTree.fromstring((tmp_path / "claims.xml").read_bytes())[0]
    assert (suite.get("failures"), suite[0].get("classname")) == ("2", "study")
    assert summary.read_text(encoding="utf-8").count("## Two flags") == 1


def test_a_place_that_cannot_be_written_to_is_refused_before_the_analysis(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    study = claims_folder(tmp_path / "study")
    assert exit_code(["check", str(study), "--junit", str(tmp_path / "file" / "claims.xml"), "--json"]) == 3
    said = capsys.readouterr()
    assert json.loads(said.out)["error"]["problems"][0]["code"] == "COULD_NOT_WRITE"
    assert said.err == ""
