"""What is estimable: aliases by hand, confounds of every kind, leverage, balance, the smallest set of arms to add."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixablate.claims import Status
from mixablate.design import (
    AddedArm,
    Additions,
    ConfoundKind,
    Design,
    aliases,
    audit_contrasts,
    audit_design,
    audit_sentences,
    closeness,
    confounds,
    design_of,
    difference_of,
    inseparable_groups,
    interaction_aliases,
    near_confounds,
    run_leverage,
    smallest_additions,
    switch,
    switch_of,
    with_arms,
)
from mixablate.design.arm_search import fewest_arms, search_of
from mixablate.design.arms import named_arm
from mixablate.findings import analyse
from mixablate.findings.limits import limits_of
from mixablate.study import ComponentType, Study
from mixablate.tables import Tables
from small_studies import claim, contrast_of, flag, study_of, tables_of

EXACT = 1e-9  # sums and inverses of small whole numbers in double precision
EXAMPLES = 40  # small designs drawn; every one is solved exactly and by brute force
COUNTS = [30, 31, 29]


def drawn(
    names: list[str], levels: list[tuple[object, ...]], counts: list[int] | None = None
) -> tuple[Study, Tables, Design]:
    """A study of flags with one arm a tuple of levels."""
    study = study_of(names)
    cells = [(dict(zip(names, row, strict=True)), counts or COUNTS) for row in levels]
    tables = tables_of(study, cells)
    return study, tables, design_of(study, tables)


def additions(design: Design, *names: str) -> Additions:
    return smallest_additions(design, [switch_of(design, [name], name=name) for name in names])


def ids(found: Additions) -> list[str]:
    return [added.arm.arm_id for added in found.arms]


# What moves together


def test_components_that_only_come_together_are_one_set_whatever_their_levels_are_called() -> None:
    study = study_of(["a", flag("b", type=ComponentType.DOSE, target=5.0), flag("c", baseline=1.0, target=0.0), "d"])
    cells = [({"a": x, "b": 5 * x, "c": 1 - x, "d": d}, COUNTS) for x, d in ((0, 0), (1, 0), (1, 1))]
    assert inseparable_groups(design_of(study, tables_of(study, cells))) == (("a", "b", "c"),)


def test_a_component_that_never_varies_is_in_no_set() -> None:
    _, _, design = drawn(["a", "b", "c"], [(0, 1, 1), (1, 1, 1)])
    assert inseparable_groups(design) == ()


def test_tools_and_prompts_that_only_come_together_are_said_in_one_sentence_with_the_arm_to_run() -> None:
    study, tables, design = drawn(["tools", "prompts"], [(0, 0), (1, 1)])
    audit = audit_design(study, design, tables)
    assert audit.groups == (("tools", "prompts"),)
    (sentence,) = audit.sentences
    assert "only ever appear together: these runs give their joint effect and cannot split it" in sentence
    assert ids(audit.additions) == ["tools=1 prompts=0"]  # tools alone: the first declared, nearest the baseline
    assert audit.additions.arms[0].runs == 3
    assert audit.additions.arms[0].unlocks == ("tools", "prompts")
    (joint,) = audit.joint
    assert (joint.components, joint.testable, joint.n_treated) == (("tools", "prompts"), True, 3)


# Aliases


def test_the_sum_of_others_is_named_by_its_equation() -> None:
    # a and b never beside c=0 alone: every arm with one of them has c, so c = a + b, and each is the rest of it.
    _, _, design = drawn(["a", "b", "c"], [(0, 0, 0), (1, 0, 1), (0, 1, 1)])
    assert {x.component: x.equation for x in aliases(design)} == {
        "a": "a = -b + c",
        "b": "b = -a + c",
        "c": "c = a + b",
    }


def test_an_alias_may_need_the_intercept() -> None:
    # tools + 1 = a + b in every arm: (1,1,1), (0,1,0), (0,0,1), and twice over nothing else.
    _, _, design = drawn(["tools", "a", "b"], [(1, 1, 1), (0, 1, 0), (0, 0, 1)])
    assert aliases(design)[0].equation == "tools = a + b - intercept"
    assert aliases(design)[0].others == ("a", "b")


def test_a_category_is_aliased_by_the_level_that_is() -> None:
    study = study_of([flag("mode", type=ComponentType.CATEGORY, baseline="x", target="y"), "tools"])
    cells = [({"mode": m, "tools": t}, COUNTS) for m, t in (("x", 0), ("y", 1), ("z", 0))]
    found = aliases(design_of(study, tables_of(study, cells)))
    assert [(a.component, a.equation) for a in found] == [("mode", "mode=y = tools"), ("tools", "tools = mode=y")]


def test_a_sum_of_doses_carries_its_weights() -> None:
    doses = [flag(n, type=ComponentType.DOSE, target=4.0) for n in ("a", "b", "total")]
    study = study_of(doses)
    cells = [({"a": a, "b": b, "total": 2 * a + 0.5 * b}, COUNTS) for a, b in ((0, 0), (1, 0), (0, 4), (1, 4))]
    assert aliases(design_of(study, tables_of(study, cells)))[2].equation == "total = 2 a + 0.5 b"


def test_a_full_factorial_has_no_alias_and_no_inflation() -> None:
    study, tables, design = drawn(["a", "b", "c"], list(product((0, 1), repeat=3)))
    audit = audit_design(study, design, tables)
    assert (audit.aliases, audit.groups, audit.sentences, audit.additions.arms) == ((), (), (), ())
    assert interaction_aliases(design) == {}
    assert audit_sentences(design, audit) == ()
    for row in audit.components:
        # 4 strata of 3 v 3 runs: all 12 a side count; p / n = 4 coefficients / 24 runs is each run's hat value.
        assert (row.n_treated, row.effective_treated, row.effective_reference) == (12, 12.0, 12.0)
        assert row.leverage == pytest.approx(4 / 24, abs=EXACT)
        assert row.closeness is not None
        assert row.closeness.inflation == pytest.approx(1.0, abs=EXACT)
        assert [(s.n_reference, s.n_treated) for s in row.strata] == [(3, 3)] * 4


def test_in_the_half_fraction_each_effect_is_one_contrast_with_the_interaction_of_the_other_two() -> None:
    # 2^(3-1), defining relation I = ABC: a = bc, b = ac, c = ab. No two arms differ in one component alone.
    study, tables, design = drawn(["a", "b", "c"], [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)])
    assert interaction_aliases(design) == {"a": (("b", "c"),), "b": (("a", "c"),), "c": (("a", "b"),)}
    audit = audit_design(study, design, tables)
    assert audit.aliases == ()
    assert [row.estimable for row in audit.components] == [False] * 3
    # The baseline differs from each single-component arm by that component: one arm opens all three.
    assert ids(audit.additions) == ["a=0 b=0 c=0"]
    assert audit.additions.exact


# Leverage, balance, nearness


def test_hat_values_are_those_of_the_run_level_regression() -> None:
    # One flag, 4 runs against 1: the mean of each side, so 1/4 for each of the four and 1 for the single one.
    study = study_of(["tools"])
    tables = tables_of(study, [({"tools": 0}, [30, 31, 29, 30]), ({"tools": 1}, [5])])
    design = design_of(study, tables)
    found = run_leverage(design)
    assert found == pytest.approx({"tools=0": 0.25, "tools=1": 1.0}, abs=EXACT)
    audit = audit_design(study, design, tables)
    assert any("Tools (1.00)" in s and "leverage above one half" in s for s in audit_sentences(design, audit))


def test_unequal_arms_waste_runs() -> None:
    # Treated: arms of 3 and 9 runs with weights 1/2: 1 / (1/4/3 + 1/4/9) = 9 effective runs of 12.
    study = study_of()
    cells = [({"tools": t, "prompts": p}, [30] * (9 if t and p else 3)) for t in (0, 1) for p in (0, 1)]
    tables = tables_of(study, cells)
    row = audit_design(study, design_of(study, tables), tables).components[0]
    assert (row.n_treated, row.effective_treated) == (12, pytest.approx(9.0, abs=EXACT))
    assert row.effective_reference == pytest.approx(6.0, abs=EXACT)


def test_variance_inflation_is_that_of_the_correlation() -> None:
    # Two flags over 10 runs that differ in 2: r = (n11 n00 - n10 n01) / 25 = (16 - 1) / 25 = .6; 1 / (1 - .36).
    study = study_of(["a", "b"])
    cells = [({"a": a, "b": b}, [30] * n) for a, b, n in ((0, 0, 4), (1, 1, 4), (1, 0, 1), (0, 1, 1))]
    found = closeness(design_of(study, tables_of(study, cells)))["a"]
    assert found.inflation == pytest.approx(1 / (1 - 0.36), abs=EXACT)
    assert found.nearest == "b"


def test_a_component_that_nearly_always_comes_with_another_is_named_with_its_inflation() -> None:
    # r = (19 x 20 - 0 x 1) / sqrt(20 x 20 x 19 x 21) = .951, r^2 = .905.
    study = study_of(["a", "b"])
    cells = [({"a": a, "b": b}, [30] * n) for a, b, n in ((0, 0, 20), (1, 1, 19), (1, 0, 1))]
    tables = tables_of(study, cells)
    design = design_of(study, tables)
    audit = audit_design(study, design, tables)
    assert audit.components[0].closeness is not None
    assert audit.components[0].closeness.r_squared == pytest.approx(19**2 * 20**2 / (20 * 20 * 19 * 21), abs=EXACT)
    words = "A is nearly inseparable from the other components, most of all from B: they explain 90 % of it"
    assert any(sentence.startswith(words) for sentence in audit_sentences(design, audit))


def test_of_many_components_what_is_alike_is_said_once() -> None:
    # Eight flags: 20 runs without any, 20 with all, and one run of each alone: every one nearly goes with the others,
    # and has both sides only where no other was switched (baseline and it alone); with all switched, none lacks one.
    names = [f"c{i}" for i in range(8)]
    study = study_of(names)
    arms = [(dict.fromkeys(names, 0), 20), (dict.fromkeys(names, 1), 20)]
    arms += [({name: int(name == alone) for name in names}, 1) for alone in names]
    tables = tables_of(study, [(levels, [30] * n) for levels, n in arms])
    design = design_of(study, tables)
    audit = audit_design(study, design, tables)
    (near,) = [s for s in audit_sentences(design, audit) if "nearly inseparable" in s]
    assert near.startswith("8 components (C0, C1, C2 and 5 more) are each nearly inseparable from the others together")
    sided = [s for s in limits_of(design, audit, [], []) if "both" in s]
    assert len(sided) == 1
    assert sided[0].startswith(
        "8 components were compared only where both their sides were run. Left out of each are 8"
    )


# Confounds


def two_sides(study: Study, **columns: list[object]) -> tuple[Tables, Design]:
    tables = tables_of(study, [({"tools": 0}, COUNTS), ({"tools": 1}, COUNTS)], run_columns=columns)
    return tables, design_of(study, tables)


@pytest.mark.parametrize(
    ("dates", "named"),
    [
        (["2026-01-01", "2026-01-02", "2026-01-03", "2026-02-01", "2026-02-02", "2026-02-03T10:00:00Z"], True),
        (["2026-01-01", "2026-02-02", "2026-01-03", "2026-02-01", "2026-02-02", "2026-02-03"], False),
        (["yesterday", "2026-01-02", "2026-01-03", "2026-02-01", "2026-02-02", "2026-02-03"], False),
    ],
)
def test_sides_made_in_different_periods_are_a_named_limit(dates: list[object], named: bool) -> None:
    study = study_of(["tools"], [claim(kind="reduces")])
    tables, design = two_sides(study, date=dates)
    found = [c for c in confounds(design, tables, contrast_of(design)) if c.column == "date"]
    assert [c.kind for c in found] == ([ConfoundKind.ORIGIN] if named else [])
    findings = analyse(study, tables)
    assert any("is later than every run" in s for s in findings.limits) is named
    assert ("is later than every run" in findings.verdicts[0].reason) is named
    assert findings.verdicts[0].status is not Status.UNTESTABLE  # a limit, not a refusal


@pytest.mark.parametrize(
    ("seeds", "named"),
    [
        (["1", "1", "2", "3", "3", "4"], True),  # each side repeats its seeds and shares none
        (["1", "2", "3", "4", "5", "6"], False),  # every run has a seed of its own
        (["1", "2", "3", "1", "2", "3"], False),  # crossed
        (["1", "1", "2", "2", "3", "3"], False),  # one in common
    ],
)
def test_a_block_of_seeds_that_is_one_side_is_named(seeds: list[object], named: bool) -> None:
    tables, design = two_sides(study_of(["tools"], same_seed="independent"), seed=seeds)
    found = [c.kind for c in confounds(design, tables, contrast_of(design)) if c.column == "seed"]
    assert found == ([ConfoundKind.ORIGIN] if named else [])


def test_sizes_that_differ_within_every_stratum_are_confounded_although_their_ranges_overlap() -> None:
    study = study_of()
    sizes = {(0, 0): 1e6, (1, 0): 5e6, (0, 1): 4e6, (1, 1): 20e6}
    cells = [({"tools": t, "prompts": p, "tokens": sizes[t, p]}, COUNTS) for t, p in sizes]
    tables = tables_of(study, cells)
    design = design_of(study, tables)
    assert [c.column for c in confounds(design, tables, contrast_of(design, "tools"))] == ["tokens"]


def test_a_property_that_explains_a_component_given_the_others_is_nearly_inseparable() -> None:
    # tokens = 10 tools + 5 prompts + noise of .1: given prompts, tokens follow tools almost exactly.
    study = study_of()
    noise = iter(np.tile([0.0, 0.1, 0.2], 4))
    tokens = [10 * t + 5 * p + next(noise) for t in (0, 1) for p in (0, 1) for _ in range(3)]
    cells = [({"tools": t, "prompts": p}, COUNTS) for t in (0, 1) for p in (0, 1)]
    tables = tables_of(study, cells, run_columns={"tokens": tokens})
    (near,) = near_confounds(design_of(study, tables), tables)["prompts"]
    # Residual of prompts: +-1/2 over 12 runs, SS 3; of tokens: 2.5^2 x 12 + within .02 x 4 = 75 + .08.
    assert near.r_squared == pytest.approx(75 / 75.08, abs=EXACT)
    assert "nearly inseparable from tokens" in near.sentence


def test_a_judge_of_its_own_makes_a_claims_contrast_confounded() -> None:
    study = study_of(["tools"], [claim(kind="reduces")])
    tables, design = two_sides(study, base_model=["a"] * 3 + ["b"] * 3)
    (row,) = audit_contrasts(design, tables, [(contrast_of(design), ["blackmail"])])
    assert (row.estimable, row.testable) == (True, False)
    assert "share no base model" in row.reason


# The arms to add


def test_a_missing_baseline_is_the_arm_to_run() -> None:
    _, _, design = drawn(["tools", "prompts"], [(1, 0), (0, 1)])
    assert ids(additions(design, "tools", "prompts")) == ["tools=0 prompts=0"]


def test_an_arm_of_one_run_that_is_compared_with_is_asked_for_more() -> None:
    _, _, design = drawn(["tools", "prompts"], [(0, 0), (1, 1)], [30])
    (added,) = additions(design, "tools").arms
    assert added.beside == (("tools=0 prompts=0", 2),)


def test_three_that_only_come_together_take_two_arms() -> None:
    _, _, design = drawn(["a", "b", "c"], [(0, 0, 0), (1, 1, 1)])
    assert ids(additions(design, "a", "b", "c")) == ["a=1 b=0 c=0", "a=1 b=1 c=0"]


def test_fractions_that_sum_to_one_cannot_be_switched_alone() -> None:
    shares = [flag(n, type=ComponentType.FRACTION, baseline=0.5, target=0.8) for n in ("p", "q")]
    study = study_of(shares)
    tables = tables_of(study, [({"p": p, "q": round(1 - p, 3)}, COUNTS) for p in (0.2, 0.5, 0.8)])
    found = additions(design_of(study, tables), "p")
    assert found.arms == ()
    assert "sum to one in every run" in found.impossible[0][1]


def test_a_claim_at_the_full_mix_asks_for_arms_there() -> None:
    _, _, design = drawn(["tools", "prompts"], [(0, 0), (1, 0)])
    wanted = switch_of(design, ["tools"], name="c", at="full")
    found = smallest_additions(design, [wanted])
    assert ids(found) == ["tools=0 prompts=1", "tools=1 prompts=1"]
    assert switch(with_arms(design, found.arms), ["tools"], name="c", at="full").estimable


def test_many_components_are_solved_one_arm_at_a_time_and_say_so() -> None:
    names = [f"c{i}" for i in range(8)]
    rows = [tuple(int(i == j) for i in range(8)) for j in range(0, 8, 2)]  # every second one alone, no baseline
    _, _, design = drawn(names, [tuple([1] * 8), *rows])
    found = additions(design, *names)
    after = with_arms(design, found.arms)
    assert not found.exact
    assert all(switch(after, [name], name=name).estimable for name in names)


@st.composite
def small_designs(draw: st.DrawFn) -> Design:
    """Two to four flags (one may be a category of three), two to six of their arms, one or three runs each."""
    n = draw(st.integers(2, 4))
    category = draw(st.booleans())
    names = [f"c{i}" for i in range(n)]
    components = [flag(name) for name in names]
    if category:
        components[0] = flag(names[0], type=ComponentType.CATEGORY, baseline="a", target="b")
    levels = [("a", "b", "c") if category and i == 0 else (0, 1) for i in range(n)]
    arms = draw(st.lists(st.sampled_from(list(product(*levels))), min_size=2, max_size=6, unique=True))
    study = study_of(components)
    runs = draw(st.sampled_from([1, 3]))
    cells = [(dict(zip(names, arm, strict=True)), [30] * runs) for arm in arms]
    return design_of(study, tables_of(study, cells))


@settings(max_examples=EXAMPLES, deadline=None)
@given(small_designs())
def test_the_arms_proposed_make_every_switch_estimable_and_no_smaller_set_of_candidates_does(design: Design) -> None:
    names = [c.id for c in design.components]
    found = additions(design, *names)
    assert found.impossible == ()
    after = with_arms(design, found.arms)
    assert all(switch(after, [name], name=name).estimable for name in names)
    assert all(added.runs >= 3 for added in found.arms)
    if not found.exact:
        return
    search = search_of(design, [switch_of(design, [name], name=name) for name in names])
    for size in range(len(found.arms)):
        for keys in combinations(search.candidates, size):
            fewer = [AddedArm(named_arm(design, *key), 3, ()) for key in keys]
            smaller = with_arms(design, fewer)
            assert not all(switch(smaller, [name], name=name).estimable for name in names)


@settings(max_examples=EXAMPLES // 3, deadline=None)
@given(small_designs(), st.randoms(use_true_random=False))
def test_shuffled_runs_and_renamed_components_change_nothing_but_names(design: Design, random: object) -> None:
    names = [c.id for c in design.components]
    renamed = {name: f"zz {i} é" for i, name in enumerate(names)}
    study = study_of([c.model_copy(update={"id": renamed[c.id], "column": renamed[c.id]}) for c in design.components])
    cells = [({renamed[n]: v for n, v in arm.levels}, [30] * len(arm.run_ids)) for arm in design.arms]
    random.shuffle(cells)  # type: ignore[attr-defined]
    other = design_of(study, tables_of(study, cells))

    def back(text: str) -> str:
        for old, new in renamed.items():
            text = text.replace(new, old)
        return text

    assert [back(a.equation) for a in aliases(other)] == [a.equation for a in aliases(design)]
    assert [tuple(back(n) for n in g) for g in inseparable_groups(other)] == list(inseparable_groups(design))
    assert [back(i) for i in ids(additions(other, *renamed.values()))] == ids(additions(design, *names))


@settings(max_examples=EXAMPLES // 3, deadline=None)
@given(small_designs())
def test_hat_values_sum_to_the_rank_over_runs(design: Design) -> None:
    found = run_leverage(design)
    total = sum(h * len(design.arm(a).run_ids) for a, h in found.items())
    assert abs(total - round(total)) < 1e-8
    assert all(0.0 <= h <= 1.0 for h in found.values())


def test_an_effect_against_another_needs_both_and_is_confounded_by_either() -> None:
    _, _, design = drawn(["a", "b"], [(0, 0), (1, 0)])
    net = difference_of(design, contrast_of(design, "a"), contrast_of(design, "b"), name="net")
    assert not net.estimable
    wanted = [switch_of(design, [n], name="net") for n in ("a", "b")]
    assert fewest_arms(search_of(design, wanted))[0] == (((0.0, 1.0), ()),)
