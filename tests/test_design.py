"""Arms, contrasts, and what these runs cannot separate."""

from __future__ import annotations

import pytest

from mixablate.design import (
    ConfoundKind,
    alias_sentences,
    confounds,
    design_of,
    difference_of,
    estimability,
    model_matrix,
)
from mixablate.errors import ClaimError
from mixablate.study import ComponentType, Study
from mixablate.tables import Tables
from small_studies import contrast_of, flag, study_of, tables_of

FACTORIAL = [({"tools": t, "prompts": p}, [30 - 10 * t - 5 * p, 31, 29]) for t in (0, 1) for p in (0, 1)]


def coefficients(study: Study, tables: Tables, *components: str, **keys: object) -> dict[str, float]:
    return dict(contrast_of(design_of(study, tables), *components, **keys).coefficients)


def test_arms_are_ordered_from_the_baseline_to_the_full_mix() -> None:
    study = study_of()
    design = design_of(study, tables_of(study, FACTORIAL[::-1]))
    assert [arm.label for arm in design.arms] == ["baseline", "Tools", "Prompts", "Tools + Prompts"]
    assert [len(arm.run_ids) for arm in design.arms] == [3, 3, 3, 3]


def test_the_average_effect_weighs_strata_equally_whatever_their_runs() -> None:
    # Two strata of prompts, so each side of a stratum weighs 1/2, although one arm has three times the runs.
    study = study_of()
    cells = [*FACTORIAL[:3], ({"tools": 1, "prompts": 1}, [10] * 9)]
    assert coefficients(study, tables_of(study, cells)) == {
        "tools=0 prompts=0": -0.5,
        "tools=1 prompts=0": 0.5,
        "tools=0 prompts=1": -0.5,
        "tools=1 prompts=1": 0.5,
    }


def test_at_baseline_and_at_full_keep_one_stratum_each() -> None:
    study = study_of()
    tables = tables_of(study, FACTORIAL)
    assert coefficients(study, tables, "tools", at="baseline") == {"tools=0 prompts=0": -1.0, "tools=1 prompts=0": 1.0}
    assert coefficients(study, tables, "tools", at="full") == {"tools=0 prompts=1": -1.0, "tools=1 prompts=1": 1.0}


def test_components_switched_together_compare_the_two_corners() -> None:
    study = study_of()
    found = coefficients(study, tables_of(study, FACTORIAL), "tools", "prompts")
    assert found == {"tools=0 prompts=0": -1.0, "tools=1 prompts=1": 1.0}


def test_strata_with_one_side_are_left_out_and_named() -> None:
    study = study_of()
    contrast = contrast_of(design_of(study, tables_of(study, FACTORIAL[:3])), "tools")
    assert contrast.strata_used == ("prompts=0",)
    assert contrast.strata_left_out == ("prompts=1",)


def test_blocks_are_strata() -> None:
    study = study_of(["tools"], block=("base_model",))
    cells = [({"tools": t}, [10, 12]) for t in (0, 1, 0, 1)]
    models = ["llama"] * 4 + ["qwen"] * 4
    design = design_of(study, tables_of(study, cells, run_columns={"base_model": models}))
    assert {arm.block for arm in design.arms} == {("llama",), ("qwen",)}
    contrast = contrast_of(design)
    assert sorted(value for _, value in contrast.coefficients) == [-0.5, -0.5, 0.5, 0.5]
    assert len(set(dict(contrast.strata).values())) == 2


def test_a_difference_of_effects_cancels_what_both_share() -> None:
    # Tools: (10 - 00 + 11 - 01)/2; prompts: (01 - 00 + 11 - 10)/2; their difference is 10 - 01.
    study = study_of()
    design = design_of(study, tables_of(study, FACTORIAL))
    net = difference_of(design, contrast_of(design, "tools"), contrast_of(design, "prompts"), name="net")
    assert dict(net.coefficients) == {"tools=1 prompts=0": 1.0, "tools=0 prompts=1": -1.0}
    assert len({stratum for _, stratum in net.strata}) == 1


def test_components_that_only_come_together_are_named_with_the_arm_that_would_part_them() -> None:
    study = study_of()
    design = design_of(study, tables_of(study, [FACTORIAL[0], FACTORIAL[3]]))
    (sentence,) = alias_sentences(design)
    assert '"Tools" and "Prompts" only ever appear together' in sentence
    assert "tools at its target and prompts at its baseline" in sentence
    tools, prompts = estimability(study, design)
    assert not tools.estimable
    assert 'together with "Prompts"' in tools.reason
    assert 'together with "Tools"' in prompts.reason
    assert "tools=1" in tools.needed


def test_a_constant_component_is_named() -> None:
    study = study_of()
    cells = [({"tools": t, "prompts": 1}, [10, 11, 12]) for t in (0, 1)]
    design = design_of(study, tables_of(study, cells))
    assert any('"Prompts" has the same level in every run' in s for s in alias_sentences(design))
    rows = {row.component: row for row in estimability(study, design)}
    assert rows["tools"].estimable
    assert rows["prompts"].reason == "no run stands at prompts=0"


def test_a_component_that_is_the_sum_of_others_is_named() -> None:
    # full = tools + prompts in every arm: rank 3 of 4 columns, although no two columns agree.
    study = study_of([*("tools", "prompts"), flag("share", type=ComponentType.DOSE, target=2.0)])
    cells = [({"tools": t, "prompts": p, "share": t + p}, [9, 8, 7]) for t, p in ((0, 0), (1, 0), (0, 1))]
    sentences = alias_sentences(design_of(study, tables_of(study, cells)))
    assert any("linearly dependent" in s and "rank 3 of 4" in s and "share" in s for s in sentences)


def test_an_arm_of_unknown_levels_is_kept_and_enters_no_contrast() -> None:
    study = study_of()
    cells = [*FACTORIAL, ({"tools": "unknown", "prompts": "unknown"}, [10])]
    design = design_of(study, tables_of(study, cells))
    assert design.arms[-1].label == "unknown mix"
    assert design.arms[-1].arm_id not in coefficients(study, tables_of(study, cells))


def test_sides_without_a_common_base_model_are_confounded() -> None:
    study = study_of(["tools"])
    cells = [({"tools": 0}, [10, 12]), ({"tools": 1}, [5, 6])]
    tables = tables_of(study, cells, run_columns={"base_model": ["llama", "llama", "qwen", "qwen"]})
    design = design_of(study, tables)
    (found,) = confounds(design, tables, contrast_of(design))
    assert (found.column, found.kind) == ("base_model", ConfoundKind.SHARED)
    assert "share no base model" in found.sentence


def test_sides_of_different_size_miss_their_matched_control() -> None:
    study = study_of(["tools"])
    cells = [({"tools": 0, "tokens": 3_000_000}, [10, 12]), ({"tools": 1, "tokens": 85_000_000}, [5, 6])]
    tables = tables_of(study, cells)
    design = design_of(study, tables)
    (found,) = confounds(design, tables, contrast_of(design))
    assert (found.column, found.kind) == ("tokens", ConfoundKind.SIZE)
    assert "a control matched in tokens" in found.sentence
    assert found.control == "at least 3 runs at tools=0 with about 85,000,000 tokens"


def test_mixes_that_differ_make_different_arms() -> None:
    study = study_of(["tools"])
    cells = [
        ({"tools": 0, "mix.chat": 1.0, "mix.code": 0.0}, [10]),
        ({"tools": 0, "mix.chat": 0.5, "mix.code": 0.5}, [11]),
    ]
    assert [arm.label for arm in design_of(study, tables_of(study, cells)).arms] == [
        "baseline, mix 1",
        "baseline, mix 2",
    ]


def test_a_category_without_a_level_to_switch_to_is_refused() -> None:
    study = study_of([flag("condition", type=ComponentType.CATEGORY, baseline=None, target=None)])
    design = design_of(study, tables_of(study, [({"condition": c}, [5, 6]) for c in ("control", "threat")]))
    with pytest.raises(ClaimError, match=r"CLAIM_LEVEL.*no baseline level"):
        contrast_of(design, "condition")
    given = contrast_of(design, "condition", reference={"condition": "threat"}, treated={"condition": "control"})
    assert dict(given.coefficients) == {"condition=control": 1.0, "condition=threat": -1.0}


def test_the_model_matrix_remembers_its_encoding() -> None:
    study = study_of([flag("mode", type=ComponentType.CATEGORY, baseline="a", target="b"), "tools"])
    cells = [({"mode": m, "tools": t}, [5]) for m in "abc" for t in (0, 1)]
    matrix = model_matrix(design_of(study, tables_of(study, cells)))
    assert matrix.names == ("intercept", "mode=b", "mode=c", "tools")
    assert matrix.entries({"mode": "c"}) == {1: 0.0, 2: 1.0}
    assert matrix.rank == 4


def test_an_arm_of_many_components_is_named_by_the_few_it_lacks() -> None:
    names = [f"c{i}" for i in range(9)]
    moved = [(), tuple(names), tuple(n for n in names if n not in ("c2", "c5")), ("c0", "c1", "c2")]
    study = study_of(names)
    cells = [({name: int(name in arm) for name in names}, [10, 11, 12]) for arm in moved]
    labels = {arm.label for arm in design_of(study, tables_of(study, cells)).arms}
    assert labels == {"baseline", "full mix", "full mix without C2, C5", "C0 + C1 + C2"}
