"""What the design can say to a claim of each kind before any outcome is looked at."""

from __future__ import annotations

import numpy as np
import pytest
from claims.scenarios import RUNS, SCENARIOS, study_of, tables_of

import small_studies as small
from mixablate.claims import claim_audits, claim_contrast, claim_switches, judge
from mixablate.design import Design, design_of, smallest_additions, with_arms
from mixablate.study import ComponentType, Study
from mixablate.tables import Tables

LEVELS = ((0, 0), (1, 0), (0, 1), (1, 1))  # tools, prompts


def drawn_study(name: str) -> tuple[Study, Tables, Design]:
    drawn = SCENARIOS[name].draw(np.random.default_rng(1), "true")
    study = study_of(SCENARIOS[name], drawn, 199)
    tables = tables_of(SCENARIOS[name], study, drawn)
    return study, tables, design_of(study, tables)


def arms_study(levels: tuple[tuple[int, int], ...], **keys: object) -> tuple[Study, Tables, Design]:
    study = small.study_of(claims=[small.claim(**keys)])
    cells = [({"tools": t, "prompts": p}, (50 - 10 * t - 10 * p, 52 - 10 * t, 54)) for t, p in levels]
    tables = small.tables_of(study, cells)
    return study, tables, design_of(study, tables)


@pytest.mark.parametrize("name", sorted(set(SCENARIOS) - {"correlates"}))
def test_a_claim_that_compares_arms_has_a_row_that_the_design_can_speak_to(name: str) -> None:
    study, tables, design = drawn_study(name)
    (row,) = claim_audits(study.claims, tables, design)
    assert row.name == "c"
    assert row.testable
    assert row.reason == ""
    assert row.n_treated > 0
    assert smallest_additions(design, claim_switches(study.claims[0], design)).arms == ()


def test_a_correlation_compares_no_arms_and_asks_for_none() -> None:
    study, tables, design = drawn_study("correlates")
    assert claim_contrast(study.claims[0], tables, design) is None
    assert claim_audits(study.claims, tables, design) == ()
    assert claim_switches(study.claims[0], design) == ()


@pytest.mark.parametrize(
    "keys",
    [
        {"kind": "reduces"},
        {"kind": "at_least_ratio", "ratio": 2.0},
        {"kind": "reaches_zero", "bound": 0.01},
        {"kind": "equivalent", "margin": 0.1},
        {"kind": "no_harm", "margin": 0.1},
        {"kind": "stronger", "than": ("prompts",)},
    ],
)
def test_a_claim_whose_mix_was_not_run_has_a_row_and_asks_for_it(keys: dict[str, object]) -> None:
    study, tables, design = arms_study(((0, 0), (0, 1)), **keys)
    (row,) = claim_audits(study.claims, tables, design)
    assert not row.estimable
    (added,) = smallest_additions(design, claim_switches(study.claims[0], design)).arms
    assert added.arm.level("tools") == 1.0


def test_a_claim_about_a_later_stage_counts_the_runs_that_it_started_from_once() -> None:
    study, tables, design = drawn_study("persists")
    (row,) = claim_audits(study.claims, tables, design)
    assert (row.n_treated, row.n_reference) == (RUNS, RUNS)


def test_a_published_rate_has_one_side() -> None:
    study, tables, design = drawn_study("matches_rate")
    (row,) = claim_audits(study.claims, tables, design)
    assert (row.n_treated, row.n_reference) == (RUNS, 0)
    assert claim_switches(study.claims[0], design) == ()


@pytest.mark.parametrize("lacking", LEVELS)
def test_an_interaction_asks_for_the_one_combination_that_was_not_run(lacking: tuple[int, int]) -> None:
    run = tuple(pair for pair in LEVELS if pair != lacking)
    study, tables, design = arms_study(run, kind="synergy", scale="log_odds", together_with=("prompts",))
    (row,) = claim_audits(study.claims, tables, design)
    assert not row.estimable
    assert f"tools={lacking[0]}, prompts={lacking[1]}" in row.needed
    (added,) = smallest_additions(design, claim_switches(study.claims[0], design)).arms
    assert (added.arm.level("tools"), added.arm.level("prompts")) == lacking


def test_combinations_in_different_strata_do_not_make_an_interaction() -> None:
    # Beside third=0 all but both were run; beside third=1 neither and both: each is somewhere, nowhere all four.
    run = ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1))
    claimed = small.claim(kind="synergy", scale="log_odds", together_with=("prompts",))
    study = small.study_of(["tools", "prompts", "third"], [claimed])
    cells = [({"tools": t, "prompts": p, "third": o}, (50, 52, 54)) for t, p, o in run]
    tables = small.tables_of(study, cells)
    design = design_of(study, tables)
    found = smallest_additions(design, claim_switches(claimed, design))
    assert [dict(added.arm.levels) for added in found.arms] == [{"tools": 1.0, "prompts": 1.0, "third": 0.0}]
    completed = claim_contrast(claimed, tables, with_arms(design, found.arms))
    assert completed is not None
    assert completed.estimable


@pytest.mark.parametrize(("doses", "asked"), [((0, 3), 0), ((3,), 1)])
def test_a_dose_is_asked_for_only_where_no_two_were_run(doses: tuple[int, ...], asked: int) -> None:
    dose = small.flag("tools", type=ComponentType.DOSE, target=10.0)
    study = small.study_of([dose], [small.claim(kind="dose_response")])
    tables = small.tables_of(study, [({"tools": d}, (50, 52, 54)) for d in doses])
    design = design_of(study, tables)
    assert len(claim_switches(study.claims[0], design)) == asked
    (row,) = claim_audits(study.claims, tables, design)
    assert row.estimable == (asked == 0)


@pytest.mark.parametrize(
    "keys",
    [
        {"kind": "reduces"},
        {"kind": "sufficient"},
        {"kind": "dose_response"},
        {"kind": "reaches_zero", "bound": 0.01},
        {"kind": "stronger", "than": ("prompts",)},
    ],
)
def test_a_size_that_changed_with_the_components_stands_in_the_reason(keys: dict[str, object]) -> None:
    # Tools bring 200 tokens more in every run, in the contrast of each of these claims.
    dose = small.flag("tools", type=ComponentType.DOSE if keys["kind"] == "dose_response" else ComponentType.FLAG)
    study = small.study_of([dose, "prompts"], [small.claim(**keys)])
    cells = [({"tools": t, "prompts": p, "tokens": 100 + 200 * t}, (50, 54, 58)) for t, p in ((0, 0), (1, 0), (0, 1))]
    tables = small.tables_of(study, cells)
    (verdict,) = judge(study, tables, design_of(study, tables))
    assert verdict.reason.count("the sides differ in tokens in every run") == 1
