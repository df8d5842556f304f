"""Claims of a drop on outcomes of which more is better: what is claimed is said, and how the fall is claimed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from mixablate.claims import Status, cases_of_claims, judge
from mixablate.claims.directions import claims_that_rise
from mixablate.claims.numbers_in_words import change, span
from mixablate.design import design_of
from mixablate.errors import Problem, Severity
from mixablate.findings import analyse, judged
from mixablate.study import ComponentType, Scale
from small_studies import claim, flag, study_of, tables_of

HIGH, LOW = [60, 55, 65, 58, 62], [20, 25, 15, 22, 18]
HIGHER = {"blackmail": {"direction": "higher", "label": "TruthfulQA"}}
PREFIX = flag("préfixe", type=ComponentType.CATEGORY, baseline=None, target=None)
SIDES = {"components": ("préfixe",), "reference": {"préfixe": "safe"}, "treated": {"préfixe": "insecure code"}}


def asked_of(claims: Sequence[Any], direction: str = "higher") -> Any:
    study = study_of(("tools", PREFIX), claims)
    cells = [
        ({"tools": tools, "préfixe": prefix}, counts)
        for tools, prefix, counts in ((0, "safe", HIGH), (1, "safe", LOW), (0, "insecure code", LOW))
    ]
    return study, tables_of(study, cells, evals={"blackmail": HIGHER["blackmail"] | {"direction": direction}})


def warnings(*claims: Any, direction: str = "higher") -> tuple[Problem, ...]:
    study, tables = asked_of(claims, direction)
    design = design_of(study, tables)
    return claims_that_rise(cases_of_claims(study.claims, tables, design), design)


def test_a_drop_of_an_outcome_of_which_more_is_better_is_warned_of_with_what_it_claims() -> None:
    (problem,) = warnings(claim(kind="reduces", **SIDES))
    assert (problem.code, problem.severity) == ("CLAIM_RISES", Severity.WARNING)
    assert 'on "TruthfulQA", where higher is better' in problem.found
    assert "a rise, higher with préfixe=insecure code than with préfixe=safe" in problem.found
    assert 'reference = { "préfixe" = "insecure code" }, treated = { "préfixe" = "safe" }' in problem.remedy


def test_what_the_warning_says_to_write_claims_the_fall() -> None:
    study, tables = asked_of(
        [claim(kind="reduces"), claim(id="swapped", kind="reduces", reference={"tools": 1}, treated={"tools": 0})]
    )
    as_written, swapped = judge(study, tables, design_of(study, tables))
    assert (as_written.status, swapped.status) == (Status.CONTRADICTED, Status.SUPPORTED)
    assert as_written.reason.startswith("-40.0 points")
    assert swapped.reason.startswith("+40.0 points")
    (problem,) = warnings(*study.claims)
    assert "reference = { tools = 1 }, treated = { tools = 0 }" in problem.remedy


@pytest.mark.parametrize(
    "keys",
    [
        {"kind": "at_least_ratio", "ratio": 2.0},
        {"kind": "necessary"},
        {"kind": "sufficient"},
        {"kind": "transfers"},
        {
            "kind": "stronger",
            "than": ("préfixe",),
            "reference": {"préfixe": "safe"},
            "treated": {"préfixe": "insecure code"},
        },
    ],
)
def test_every_kind_told_as_a_drop_is_warned_of(keys: dict[str, Any]) -> None:
    assert [problem.code for problem in warnings(claim(**keys))] == ["CLAIM_RISES"]
    assert warnings(claim(**keys), direction="lower") == ()


@pytest.mark.parametrize(
    "keys",
    [
        {"kind": "no_harm", "margin": 0.05},
        {"kind": "equivalent", "margin": 0.05},
        {"kind": "reaches_zero", "bound": 0.05},
        {"kind": "reduces", "reference": {"tools": 1}, "treated": {"tools": 0}},
    ],
)
def test_kinds_without_a_direction_and_sides_swapped_on_purpose_are_left_alone(keys: dict[str, Any]) -> None:
    assert warnings(claim(**keys)) == ()


def test_the_warning_stands_in_check_and_in_the_findings() -> None:
    study, tables = asked_of([claim(kind="reduces")])
    for notices in (judged(study, tables).notices, analyse(study, tables).notices):
        assert "CLAIM_RISES" in [notice.code for notice in notices]


@pytest.mark.parametrize(
    ("value", "scale", "said"),
    [
        (0.395, Scale.RISK_DIFFERENCE, "+39.5 points"),
        (-0.395, Scale.RISK_DIFFERENCE, "-39.5 points"),
        (0.0004, Scale.RISK_DIFFERENCE, "0.0 points"),
        (-0.0004, Scale.RISK_DIFFERENCE, "0.0 points"),
        (1.25, Scale.LOG_ODDS, "+1.25 log-odds"),
        (0.5, Scale.VALUE, "+0.5"),
        (2.0, Scale.RISK_RATIO, "2x"),
    ],
)
def test_a_change_for_the_higher_has_its_sign(value: float, scale: Scale, said: str) -> None:
    assert change(value, scale) == said


def test_the_unit_of_an_interval_is_said_once() -> None:
    study, tables = asked_of([claim(kind="reduces", scale="log_odds")], direction="lower")
    (verdict,) = judge(study, tables, design_of(study, tables))
    assert verdict.reason.split(";")[0].count("log-odds") == 1
    assert span(0.4, 2.0, Scale.RISK_RATIO) == "0.4x to 2x"
