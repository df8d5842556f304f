"""Which outcomes are split over components: all where they are few, else means and the evals that claims name."""

from __future__ import annotations

from typing import Any

import pytest

from mixablate.findings import Findings, analyse, split_outcomes
from mixablate.study import locked_declaration
from small_studies import claim, study_of, tables_of

ALL = {"blackmail", "leaking", "in_distribution"}


def analysed(**keys: Any) -> Findings:
    """A factorial of two components on two evals, of which a claim names blackmail."""
    study = study_of(claims=[claim(kind="reduces")], **keys)
    counts = {"blackmail": [40, 44, 47], "leaking": [30, 33, 37]}
    fewer = {name: [n - 9 for n in each] for name, each in counts.items()}
    arms = [({"tools": t, "prompts": p}, fewer if t else counts) for t in (0, 1) for p in (0, 1)]
    return analyse(study, tables_of(study, arms))


def split(findings: Findings) -> set[str]:
    return {found.outcome for found in findings.attributions}


def test_a_few_outcomes_are_all_split() -> None:
    findings = analysed()
    assert split(findings) == ALL
    assert not any("not split" in sentence for sentence in findings.limits)


def test_means_leave_single_evals_but_those_that_claims_name_and_say_so() -> None:
    findings = analysed(attribute="means")
    assert split(findings) == {"blackmail", "in_distribution"}
    assert (
        "1 single eval is not split over the 2 components, only means and evals that claims name; "
        'attribute = "every_outcome" under [analysis] splits them too.'
    ) in findings.limits
    # Every other number is as it was.
    assert findings.effects == analysed().effects
    assert [v.status for v in findings.verdicts] == [v.status for v in analysed().verdicts]


def test_more_parts_than_can_be_read_are_not_made_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split_outcomes, "MOST_PARTS", 5)  # three outcomes x two components are 6
    assert split(analysed()) == {"blackmail", "in_distribution"}
    assert split(analysed(attribute="every_outcome")) == ALL


def test_no_verdict_is_locked_to_it() -> None:
    assert locked_declaration(study_of()) == locked_declaration(study_of(attribute="means"))
