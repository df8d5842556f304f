"""Results as a notebook shows them: every one a small table, nothing in it live."""

from __future__ import annotations

import dataclasses

import pytest

import findings_example as example
from mixablate.findings import Findings
from mixablate.notebook import table_html

HOSTILE = '<script>alert("x")</script>'


@pytest.fixture(scope="module")
def findings() -> Findings:
    return example.example_findings()


def test_every_result_shows_itself_as_a_table(findings: Findings) -> None:
    results = [findings, findings.design, findings.effects[0], findings.attributions[0], *findings.verdicts]
    for result in results:
        shown = result._repr_html_()
        assert shown.startswith("<table>")
        assert shown.count("<table>") == shown.count("</table>") == 1


def test_a_verdict_says_status_estimate_and_reason(findings: Findings) -> None:
    verdict = findings.verdicts[0]
    shown = verdict._repr_html_()
    assert f"<b>{verdict.status}" in shown
    assert f"{verdict.evidence[0].estimate:.4g}" in shown
    assert verdict.reason.rstrip(".") in shown


def test_an_attribution_ends_with_its_total_and_calls_descriptive_shares_so() -> None:
    shown = example.single_run_findings().attributions[0]._repr_html_()
    assert "<th>descriptive share</th>" in shown
    assert shown.index("Total change") > shown.rindex("<tr><td", 0, shown.index("Total change") - 40) > 0


def test_names_are_text_whatever_they_hold(findings: Findings) -> None:
    verdict = findings.verdicts[0]
    claim = verdict.claim.model_copy(update={"text": HOSTILE})
    hostile = dataclasses.replace(verdict, claim=claim, reason=HOSTILE)
    for shown in (hostile._repr_html_(), dataclasses.replace(findings, verdicts=(hostile,))._repr_html_()):
        assert "<script" not in shown
        assert "&lt;script&gt;" in shown


def test_unknown_values_are_dashes_and_numbers_stand_on_the_right() -> None:
    shown = table_html("t", [{"a": None, "b": float("nan"), "c": 0.123456, "d": "x", "e": True}])
    cells = shown.splitlines()[2]
    assert cells.count("\u2013") == 2
    assert '<td style="text-align:right">0.1235</td>' in cells
    assert '<td style="text-align:left">True</td>' in cells


def test_a_table_without_rows_is_its_caption_and_note() -> None:
    assert table_html("Nothing", [], "No claims.").splitlines()[1:] == ["</table>", "<p>No claims.</p>"]
