"""Studies of published figures from end to end: findings, commands, report, and the shipped Teaching Claude Why."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from mixablate.claims import Flag, Status
from mixablate.cli.program import exit_code
from mixablate.findings import Findings, analyse
from mixablate.report import findings_document, report_files, summary_sentences, verdict_document
from mixablate.report.document import plain
from mixablate.report.published_summary import on_runs
from mixablate.report.published_tables import published_claim_tables, published_tables
from mixablate.study import RATE, WORDS, load_study
from mixablate.tables import read_tables

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "reports" / "teaching_claude_why_2026"
QWEN = ROOT / "reports" / "qwen_difficult_advice" / "study.toml"
ALONE = """
title = "Published"
seed = 1

[[reported]]
id = "before"
quantity = "rate"
arm = "none"
value = "22%"
n = 500

[[reported]]
id = "after"
quantity = "rate"
arm = "trained"
value = "15%"
n = 500
source = "a paper"

[[reported]]
id = "press"
quantity = "rate"
arm = "trained"
value = "5%"
n = 500
source = "a page"

[[published_claims]]
id = "halved"
text = "It is at least a third."
kind = "at_least_ratio"
reference = "before"
treated = "after"
ratio = 9.0
about = "models"
"""


def findings_of(path: Path) -> Findings:
    study = load_study(path)
    return analyse(study, read_tables(study))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("published") / "study.toml"
    path.write_text(ALONE, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    text = QWEN.read_text(encoding="utf-8").replace("../../fixtures", str(ROOT / "fixtures"))
    path = tmp_path_factory.mktemp("both") / "study.toml"
    path.write_text(text + ALONE[ALONE.index("[[reported]]") :], encoding="utf-8")
    return findings_of(path)


@pytest.fixture(scope="module")
def shipped() -> Findings:
    return findings_of(SHIPPED)


@pytest.fixture(scope="module")
def pages(shipped: Findings) -> dict[str, str]:
    return {name: text.decode() for name, text in report_files(shipped).items() if name.startswith("report.")}


def test_a_study_of_records_alone_has_findings_without_a_run(alone: Path) -> None:
    found = findings_of(alone)
    assert [verdict.claim.id for verdict in found.verdicts] == ["halved"]
    assert (len(found.rates), found.effects, found.attributions, found.design.arms) == (0, (), (), ())
    assert found.published.records["id"].tolist() == ["before", "after", "press"]
    assert found.published.conflicts[["conflict", "agree", "id"]].to_numpy().tolist() == [
        [1, False, "after"],
        [1, False, "press"],
    ]
    assert found.published.comparisons["contrast"].tolist() == ["before -> after", "before -> press"]


def test_check_fails_on_a_contradicted_published_claim(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # 22 / 15 and 22 / 5 both lie below 9, whatever the rounding
    assert exit_code(["check", str(alone), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    (verdict,) = document["verdicts"]
    assert (verdict["status"], document["failed"]) == ("contradicted", ["halved"])
    assert verdict["flags"] == ["reported", "conflicting_reports"]
    assert verdict["declaration"]["kind"] == "at_least_ratio"
    assert len(verdict["evidence"]) == 2


def test_check_prints_a_published_claim_like_any_other(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["check", str(alone)]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "contradicted halved It is at least a third." in said
    assert "flags: reported, conflicting_reports" in said


def test_validate_sums_up_a_study_of_records(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["validate", str(alone)]) == 0
    said = capsys.readouterr().out
    assert "3 reported figures, 1 published claim" in said
    assert "No error: the published claims can be judged." in said
    assert exit_code(["validate", str(alone), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["reported"], document["published_claims"]) == (["before", "after", "press"], ["halved"])
    assert (document["runs"], document["arms"]) == (0, [])


def test_a_study_of_records_has_no_design_to_show(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["design", str(alone), "--json"]) == 2
    (problem,) = json.loads(capsys.readouterr().out)["error"]["problems"]
    assert problem["code"] == "STUDY_WITHOUT_TABLES"
    assert problem["found"] == "no [tables]: the study rests on reported figures alone"
    assert "`mixablate check`" in problem["remedy"]


def test_a_study_may_hold_both_runs_and_published_figures(both: Findings) -> None:
    on_runs = [verdict for verdict in both.verdicts if Flag.REPORTED not in verdict.flags]
    assert [verdict.claim.id for verdict in on_runs] == [claim.id for claim in both.study.claims]
    assert both.verdicts[-1].claim.id == "halved"
    first, *_ = summary_sentences(both)
    assert first.startswith("None of the 4 confirmatory claims is supported by these runs")
    assert any("by the figures as printed" in sentence for sentence in summary_sentences(both))


def test_published_verdicts_change_no_verdict_on_runs(both: Findings) -> None:
    for alone, beside in zip(on_runs(findings_of(QWEN)), on_runs(both), strict=True):
        assert plain(verdict_document(alone)) == plain(verdict_document(beside))


def test_the_document_holds_records_conflicts_and_comparisons(shipped: Findings) -> None:
    published = findings_document(shipped)["published"]
    assert isinstance(published, dict)
    assert {name: len(rows) for name, rows in published.items()} == {
        "records": len(shipped.study.reported),
        "conflicts": len(shipped.published.conflicts),
        "comparisons": sum(len(verdict.evidence) for verdict in shipped.verdicts),
    }


def test_every_claim_of_the_study_is_judged_with_a_reason_and_what_would_settle_it(shipped: Findings) -> None:
    ids = [verdict.claim.id for verdict in shipped.verdicts]
    for number in range(1, 23):
        assert any(re.match(rf"t{number}-", name) for name in ids), f"T{number} has no claim"
    for number in range(1, 10):
        assert any(re.match(rf"c{number}-", name) for name in ids), f"C{number} has no claim"
    for verdict in shipped.verdicts:
        assert verdict.reason
        assert verdict.would_settle or verdict.status is Status.SUPPORTED


def test_every_figure_of_the_study_has_its_record(shipped: Findings) -> None:
    ids = {record.id for record in shipped.study.reported}
    for number in range(1, 14):
        assert any(re.match(rf"q{number}-", name) for name in ids), f"Q{number} has no record"
    printed = {record.value for record in shipped.study.reported}
    # mission of the study: Q1 to Q13 as printed
    assert {"22%", "15%", "~3%", "~1%", "28x", "2%", "19%", "19x", "65%", ">3x", "over 60%", "25%", "-0.09"} <= printed
    assert {"1.3x to 3x", "up to 96%", "0", "well under 1%", "14M", "30M", "~12k", "~10k", "85M", "3M"} <= printed
    assert {">300M", "350M", "8k"} <= printed


def test_no_rate_of_the_study_itself_states_n_or_runs(shipped: Findings) -> None:
    own = [r for r in shipped.study.reported if r.unit == RATE and "Teaching Claude Why" in r.source]
    assert len(own) > 15
    assert all(record.n is None and record.runs is None for record in own)


def test_no_claim_of_the_study_itself_is_decided(shipped: Findings) -> None:
    decided = [verdict.claim.id for verdict in shipped.verdicts if verdict.status is not Status.UNTESTABLE]
    assert decided == ["t2-elsewhere-models"]


def test_conflicts_c1_to_c3_stand_side_by_side(shipped: Findings) -> None:
    conflicts = shipped.published.conflicts
    reports = {tuple(rows["value"]) for _, rows in conflicts.groupby("conflict")}
    assert ("0", "~1%", "~1%", "3%") in reports
    assert ("misalignment, the mean of three honeypots", "blackmail") in reports
    assert ("substantially reduced", "small but significant improvement in the rate of improvement") in reports


def test_each_report_of_the_end_rate_is_judged(shipped: Findings) -> None:
    (lowered,) = [verdict for verdict in shipped.verdicts if verdict.claim.id == "c1-advice-lowers"]
    assert [effect.treated for effect in lowered.evidence] == [0.0, 0.01, 0.03]
    assert Flag.CONFLICTING_REPORTS in lowered.flags


def test_figures_of_other_models_and_evals_are_refused(shipped: Findings) -> None:
    for name in ("c2-one-series", "c2-one-baseline"):
        (verdict,) = [verdict for verdict in shipped.verdicts if verdict.claim.id == name]
        assert verdict.status is Status.UNTESTABLE
        assert "are never compared" in verdict.reason
        assert all(effect.estimate is None for effect in verdict.evidence)


def chained(words: str) -> bool:
    return all(re.search(rf"(?<![\d.]){number}\s*%", words) for number in (22, 65, 96))


def test_a_sentence_that_chains_the_three_figures_would_be_found() -> None:
    assert chained("from 96 % over 65% to 22 %")
    assert not chained("from 22% to 15%")
    assert not chained("0.22, 0.65 and 0.96; 1.22%, 65% and 96%")


def test_the_report_never_presents_22_65_and_96_as_one_chain(shipped: Findings, pages: dict[str, str]) -> None:
    sentences = [
        *summary_sentences(shipped),
        *(f"{v.claim.text} {v.reason} {v.would_settle}" for v in shipped.verdicts),
        *(f"{r.value} {r.note} {r.source}" for r in shipped.study.reported),
    ]
    assert [words for words in sentences if chained(words)] == []
    lines = [line for line in pages["report.md"].splitlines() if chained(line)]
    assert lines == []


def test_no_table_of_the_report_holds_22_65_and_96_as_figures_of_one_quantity(shipped: Findings) -> None:
    by_quantity = [table for table in published_tables(shipped) if table.name.startswith("published_")]
    printed = [{row[1].shown for row in table.rows} for table in by_quantity]
    wanted = ({"22%"}, {"65%"}, {"96%", "up to 96%"})
    assert all(sum(bool(values & one) for one in wanted) <= 1 for values in printed)
    assert all(any(values & one for values in printed) for one in wanted)


def test_what_is_not_compared_is_not_shown_as_a_step(shipped: Findings, pages: dict[str, str]) -> None:
    for arrow in ("->", "→"):
        for one in ("96%", "65%"):
            assert f"{one} {arrow} 22%" not in pages["report.html"].replace("&gt;", ">")
    table = next(t for t in published_claim_tables(shipped) if t.name == "published_claims")
    (row,) = [row for row in table.rows if "steps of one fall" in row[0].shown]
    assert row[2].shown == "up to 96% | 22%; 96% | 22%"


def test_no_comparison_crosses_a_quantity_an_eval_or_a_base_model(shipped: Findings) -> None:
    records = {record.id: record for record in shipped.study.reported}
    for row in shipped.published.comparisons.to_dict("records"):
        sides = [records[name] for name in str(row["contrast"]).split(" -> ")]
        scopes = {(side.quantity, side.eval, side.base_model, side.unit) for side in sides}
        assert len(scopes) == 1 or row["estimate"] is None or row["estimate"] != row["estimate"]


def test_the_page_shows_every_record_as_printed_with_what_is_not_stated(
    shipped: Findings, pages: dict[str, str]
) -> None:
    cells = {
        row[0].more: row for table in published_tables(shipped) if table.name != "comparisons" for row in table.rows
    }
    for record in shipped.study.reported:
        assert cells[record.id][1].shown == record.value
        if record.unit == RATE and record.n is None:
            assert cells[record.id][2].shown == "not stated"
    assert "What was published" in pages["report.html"]
    assert "nan" not in re.sub(r"[a-z]*nan[a-z]+|[a-z]+nan[a-z]*", "", pages["report.md"].lower())


def test_the_page_of_records_has_no_empty_section_about_runs(pages: dict[str, str]) -> None:
    titles = re.findall(r"^## (.*)$", pages["report.md"], re.MULTILINE)
    assert titles == [
        "Answer", "Claims", "What was published", "What these figures cannot tell", "Methods", "Provenance",
    ]  # fmt: skip


def test_words_are_never_given_a_number(shipped: Findings) -> None:
    records = shipped.published.records
    assert records.loc[records["unit"] == WORDS, ["possible_lower", "possible_upper", "n"]].isna().all(axis=None)


def test_the_answer_says_how_little_is_stated(shipped: Findings) -> None:
    said = " ".join(summary_sentences(shipped))
    assert "None of the 32 confirmatory claims is supported by the figures as printed: all are untestable." in said
    assert "n is stated for 5 of them, the number of training runs for 4" in said
    assert "none is averaged" in said


def test_a_hostile_record_renders_inert(alone: Path) -> None:
    found = findings_of(alone)
    hostile = "<script>alert(1)</script> =1+1 | `x` \u202eothello\u202c"
    records = tuple(
        r.model_copy(update={"source": hostile, "note": hostile, "arm": hostile}) for r in found.study.reported
    )
    study = found.study.model_copy(update={"reported": records})
    page = report_files(dataclasses.replace(analyse(study, read_tables(study))))["report.html"].decode()
    assert "<script>alert" not in page  # the page has a script of its own
    assert "&lt;script&gt;" in page


def test_each_row_of_the_conflicts_stands_by_itself_when_sorted(shipped: Findings) -> None:
    table = next(table for table in published_tables(shipped) if table.name == "conflicts")
    expected = shipped.published.conflicts[["quantity", "value"]].to_numpy().tolist()
    assert [[row[0].shown, row[1].shown] for row in table.rows] == expected
    words = [row for row in table.rows if row[1].shown == "substantially reduced"]
    assert [row[2].shown for row in words] == ["–"]  # a statement has no n that could be stated
