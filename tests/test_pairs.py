"""Runs paired within strata: no pair holds all arms, which is said, and what makes the pairs whole."""

from __future__ import annotations

import pytest

from mixablate.claims import Status, judge
from mixablate.design import Design, design_of
from mixablate.design.pairs import without_complete_pairs
from mixablate.estimate import run_level_effect
from mixablate.study import Scale, Study
from mixablate.tables import Tables
from small_studies import claim, contrast_of, study_of, summaries_of, tables_of

ROUNDING = 1e-12
WHY = (
    "0 complete pairs; at least 3 are needed: none of 8 pairs holds a run of each of the 4 arms compared; "
    "the fullest holds 2"
)


def within_strata(block: tuple[str, ...] = ()) -> tuple[Study, Tables, Design]:
    """Four pairs, tools off and on, without prompts, and four others with them."""
    study = study_of(["tools", "prompts"], [claim(kind="reduces")], pair="préfixe", block=block)
    cells = [
        ({"tools": 0, "prompts": 0, "with": "a"}, [40, 52, 47, 61]),
        ({"tools": 1, "prompts": 0, "with": "a"}, [22, 30, 39, 50]),
        ({"tools": 0, "prompts": 1, "with": "b"}, [35, 44, 41, 52]),
        ({"tools": 1, "prompts": 1, "with": "b"}, [20, 28, 31, 45]),
    ]
    prefixes = [f"{stratum}{pair}" for stratum in "aabb" for pair in range(4)]
    tables = tables_of(study, cells, run_columns={"préfixe": prefixes})
    return study, tables, design_of(study, tables)


def test_the_reason_says_that_no_pair_holds_all_arms_and_not_that_they_have_no_runs() -> None:
    (verdict,) = judge(*within_strata())
    assert verdict.status is Status.UNTESTABLE
    assert verdict.reason == WHY
    assert verdict.evidence[0].reason == WHY
    assert verdict.would_settle.startswith("at least 3 complete pairs. Where pairs share the levels of the other")


def test_the_design_warns_before_an_outcome_is_looked_at() -> None:
    _, _, design = within_strata()
    (problem,) = without_complete_pairs(design, [contrast_of(design), contrast_of(design)])
    assert problem.code == "PAIR_INCOMPLETE"
    assert problem.found.startswith("no complete pair for tools: none of 8 pairs holds a run of each of the 4 arms")
    assert "make it a block" in problem.remedy


def test_pairs_of_one_side_are_not_mended_by_a_block() -> None:
    _, _, design = within_strata()
    (problem,) = without_complete_pairs(design, [contrast_of(design, "prompts")])
    assert problem.remedy.startswith("Delete pair")


def test_runs_without_a_pair_are_no_pair_of_one_another() -> None:
    study = study_of(["tools"], pair="préfixe")
    cells = [({"tools": 0}, [30, 42, 33, 41]), ({"tools": 1}, [23, 24, 25, 60])]
    found = []
    for last in (("", ""), ("d", "e")):
        tables = tables_of(study, cells, run_columns={"préfixe": ["a", "b", "c", last[0], "a", "b", "c", last[1]]})
        summaries, design = summaries_of(study, tables)
        effect = run_level_effect(summaries, contrast_of(design), Scale.RISK_DIFFERENCE, design, level=0.95)
        found.append((effect.estimate, effect.std_error, effect.n_treated))
    assert found[0] == found[1]
    assert found[0][0] == pytest.approx(0.24 - 0.35, abs=ROUNDING)


def test_a_block_of_the_strata_makes_the_pairs_complete() -> None:
    study, tables, design = within_strata(block=("with",))
    (verdict,) = judge(study, tables, design)
    # 50 -> 35.25 of 100 in the mean without prompts, 43 -> 31 with them
    assert verdict.evidence[0].estimate == pytest.approx(-(0.1475 + 0.12) / 2, abs=ROUNDING)
    assert "within pairs" in verdict.evidence[0].method
    assert verdict.status is Status.SUPPORTED
    assert without_complete_pairs(design, [contrast_of(design)]) == ()
