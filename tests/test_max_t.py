"""Family-wise p-values from joint draws: by hand, by brute force, by their properties, and under true nulls."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mixablate.estimate import CellArrays, cell_arrays
from mixablate.resample import (
    JointDraws,
    JointMember,
    Side,
    joint_randomisation,
    joint_wild,
    randomisation_test,
    raw_p_values,
    single_step_max_t,
    stage_rng,
    step_down_max_t,
    two_arms,
    wild_test,
)
from small_studies import contrast_of, study_of, summaries_of, tables_of

Floats = NDArray[np.float64]
EXACT = 1e-12  # counts over counts
FIVE_AND_FIVE = two_arms([0] * 5 + [1] * 5)


def rng() -> np.random.Generator:
    return stage_rng(4, "joint")


def correlated(draws: np.random.Generator, runs: int, outcomes: int) -> Floats:
    """Run values that share half their variance over outcomes, (runs, outcomes)."""
    return draws.normal(size=(runs, 1)) + draws.normal(size=(runs, outcomes))


def member(values: Floats, cells: CellArrays, runs: range | None = None, **keys: object) -> JointMember:
    ids = tuple(f"run {number:02d}" for number in (runs or range(values.size)))
    return replace(JointMember(ids, values, cells), **keys)


@st.composite
def joints(draw: st.DrawFn) -> JointDraws:
    """Two-digit statistics with ties; the first draw is the observed one."""
    outcomes, draws = draw(st.integers(1, 5)), draw(st.integers(1, 30))
    cells = st.lists(st.integers(-9, 9), min_size=outcomes, max_size=outcomes)
    table = np.array(draw(st.lists(cells, min_size=draws, max_size=draws)), dtype=float)
    return JointDraws(table[0], table, True, 1 / draws, "")


def test_steps_by_hand() -> None:
    # Statistics 3, 1, 2 and four draws. Largest of all: 3, 2, 2, 1, of which one reaches 3: 1/4. Without the first:
    # 2, 2, 2, 1: three reach 2: 3/4. The middle alone: 1, 2, 0, 1: three reach 1: 3/4, and never less than before.
    drawn = np.array([[3.0, 1.0, 2.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0], [1.0, 1.0, 0.0]])
    joint = JointDraws(drawn[0], drawn, True, 0.25, "")
    assert step_down_max_t(joint).tolist() == [0.25, 0.75, 0.75]
    # Single step: of the largest 3, 2, 2, 1 four reach 1 and three 2.
    assert single_step_max_t(joint).tolist() == [0.25, 1.0, 0.75]
    assert raw_p_values(joint).tolist() == [0.25, 0.75, 0.5]


def test_drawn_distributions_count_the_actual_one_in() -> None:
    joint = JointDraws(np.array([5.0]), np.array([[1.0], [2.0], [6.0]]), False, 0.25, "")
    assert raw_p_values(joint).tolist() == single_step_max_t(joint).tolist() == step_down_max_t(joint).tolist() == [0.5]


@given(joints())
def test_the_steps_are_those_of_the_definition(joint: JointDraws) -> None:
    order = np.argsort(-joint.observed, kind="stable")
    expected, before = np.empty(order.size), 0.0
    for step, index in enumerate(order):
        largest = joint.drawn[:, order[step:]].max(axis=1)
        before = max(before, float(np.mean(largest >= joint.observed[index])))
        expected[index] = before
    assert step_down_max_t(joint) == pytest.approx(expected, abs=EXACT)


@given(joints(), st.randoms(use_true_random=False))
def test_adjusted_p_lie_between_raw_and_single_step_in_any_order_of_columns(joint: JointDraws, shuffle: Any) -> None:
    stepped = step_down_max_t(joint)
    assert (raw_p_values(joint) <= stepped + EXACT).all()
    assert (stepped <= single_step_max_t(joint) + EXACT).all()
    columns = list(range(joint.observed.size))
    shuffle.shuffle(columns)
    moved = replace(joint, observed=joint.observed[columns], drawn=joint.drawn[:, columns])
    assert step_down_max_t(moved) == pytest.approx(stepped[columns], abs=EXACT)


def test_one_outcome_is_the_randomisation_test_itself() -> None:
    values = stage_rng(1, "one").normal(size=10)
    test = randomisation_test(values, FIVE_AND_FIVE, draws=999, rng=rng(), boundary=0.2)
    for side, expected in ((Side.BELOW, test.p_below), (Side.ABOVE, test.p_above), (Side.EITHER, test.p_absolute)):
        joint = joint_randomisation(values[:, None], FIVE_AND_FIVE, draws=999, rng=rng(), boundaries=0.2, sides=side)
        assert joint.exact
        assert len(joint.drawn) == 252
        assert joint.smallest == test.smallest == 1 / 252
        assert step_down_max_t(joint)[0] == pytest.approx(expected, abs=EXACT)


def test_one_contrast_is_the_wild_test_itself() -> None:
    study = study_of()
    counts = {(t, p): [30 + 4 * t - 3 * p, 25, 38 - t] for t in (0, 1) for p in (0, 1)}
    cells_in = [({"tools": t, "prompts": p}, c) for (t, p), c in counts.items()]
    summaries, design = summaries_of(study, tables_of(study, cells_in))
    cells = cell_arrays(summaries, contrast_of(design, "tools"))
    values = summaries.level[cells.rows]
    test = wild_test(values, cells, draws=9999, rng=rng(), boundary=-0.1)
    for side, expected in ((Side.BELOW, test.p_below), (Side.ABOVE, test.p_above)):
        joint = joint_wild([member(values, cells, boundary=-0.1, side=side)], draws=9999, rng=rng())
        assert joint.exact
        assert len(joint.drawn) == 4096
        assert step_down_max_t(joint)[0] == pytest.approx(expected, abs=EXACT)


def test_each_outcome_has_its_own_boundary_and_side() -> None:
    values = correlated(stage_rng(2, "own"), 10, 2)
    joint = joint_randomisation(
        values, FIVE_AND_FIVE, draws=999, rng=rng(), boundaries=[0.3, -0.2], sides=[Side.BELOW, Side.ABOVE]
    )
    for column, (boundary, side) in enumerate(((0.3, Side.BELOW), (-0.2, Side.ABOVE))):
        alone = joint_randomisation(
            values[:, [column]], FIVE_AND_FIVE, draws=999, rng=rng(), boundaries=boundary, sides=side
        )
        assert joint.observed[column] == pytest.approx(alone.observed[0], rel=1e-9)
        assert raw_p_values(joint)[column] == raw_p_values(alone)[0]


def test_an_outcome_told_twice_costs_nothing() -> None:
    # Holm would double the smaller p; the draws show that the two are one.
    values = stage_rng(3, "twice").normal(size=(10, 1)) - 1.5 * np.repeat([[0.0], [1.0]], 5, axis=0)
    for joint in (
        joint_randomisation(np.hstack([values, values]), FIVE_AND_FIVE, draws=999, rng=rng()),
        joint_wild([member(values[:, 0], FIVE_AND_FIVE)] * 2, draws=9999, rng=rng()),
    ):
        assert (joint.drawn[:, 0] == joint.drawn[:, 1]).all()
        assert step_down_max_t(joint) == pytest.approx(raw_p_values(joint), abs=EXACT)


def test_signs_go_by_run_so_that_a_missing_run_leaves_the_others_in_step() -> None:
    # The second member lacks the last run of each arm, and lists its runs backwards.
    values = stage_rng(3, "missing").normal(size=10)
    kept = [8, 7, 6, 5, 3, 2, 1, 0]
    fewer = JointMember(
        tuple(f"run {number:02d}" for number in kept), values[kept], two_arms([1] * 4 + [0] * 4), 0.0, Side.ABOVE
    )
    whole = joint_wild([member(values, FIVE_AND_FIVE, side=Side.ABOVE), fewer], draws=9999, rng=rng())
    assert len(whole.drawn) == 1024
    alone = joint_wild([fewer], draws=9999, rng=rng())
    assert len(alone.drawn) == 256
    assert raw_p_values(whole)[1] == pytest.approx(raw_p_values(alone)[0], abs=EXACT)
    # Same runs, same signs: the two statistics go together.
    assert np.corrcoef(np.clip(whole.drawn, -9, 9).T)[0, 1] > 0.5


def test_more_than_can_be_enumerated_is_drawn() -> None:
    # 500 draws: five standard errors of a proportion, missed once in a million.
    values = correlated(stage_rng(5, "drawn"), 12, 3)
    cells = two_arms([0] * 6 + [1] * 6)
    whole, some = (joint_randomisation(values, cells, draws=draws, rng=rng()) for draws in (924, 500))
    assert whole.exact
    assert not some.exact
    assert some.smallest == 1 / 501
    slack = 5 * math.sqrt(0.25 / 500)
    assert single_step_max_t(some) == pytest.approx(single_step_max_t(whole), abs=slack)
    wild = [joint_wild([member(v, cells) for v in values.T], draws=draws, rng=rng()) for draws in (4096, 500)]
    assert single_step_max_t(wild[1]) == pytest.approx(single_step_max_t(wild[0]), abs=slack)


def test_five_true_nulls_are_refused_together_no_more_often_than_the_level_says() -> None:
    # 1,000 studies of 5 against 5 runs on 5 evals. Exact: a true rate of at most 5 %; more than 78 refusals of 1,000
    # come once in 10,000 times (binomial).
    draws = stage_rng(6, "family")
    refused = 0
    for _ in range(1000):
        joint = joint_randomisation(correlated(draws, 10, 5), FIVE_AND_FIVE, draws=999, rng=rng())
        refused += bool(step_down_max_t(joint).min() <= 0.05)
    assert refused <= 78


def test_true_nulls_beside_effects_are_refused_no_more_often_than_the_level_says() -> None:
    # Two of five evals have an effect that is always found; the other three are true nulls.
    draws = stage_rng(7, "beside effects")
    effect = np.outer(np.repeat([0.0, 1.0], 5), [9.0, 9.0, 0.0, 0.0, 0.0])
    refused = found = 0
    for _ in range(500):
        adjusted = step_down_max_t(
            joint_randomisation(correlated(draws, 10, 5) + effect, FIVE_AND_FIVE, draws=999, rng=rng())
        )
        refused += bool(adjusted[2:].min() <= 0.05)
        found += bool(adjusted[:2].max() <= 0.05)
    # At 5 % more than 45 of 500 come once in 10,000 times.
    assert refused <= 45
    assert found >= 450


def test_wild_families_of_factorial_contrasts_keep_the_level() -> None:
    # Two components with 3 runs an arm, two evals: four contrasts over 12 runs, 4,096 sign vectors, 200 studies. At a
    # true rate of 5 % more than 23 refusals of 200 come once in 10,000 times.
    study = study_of()
    cells_in = [({"tools": t, "prompts": p}, [30, 31, 29]) for p in (0, 1) for t in (0, 1)]
    summaries, design = summaries_of(study, tables_of(study, cells_in))
    contrasts = [cell_arrays(summaries, contrast_of(design, name)) for name in ("tools", "prompts")]
    draws = stage_rng(8, "factorial")
    refused = 0
    for _ in range(200):
        values = correlated(draws, 12, 2)
        members = [member(values[cells.rows, column], cells) for cells in contrasts for column in (0, 1)]
        refused += bool(step_down_max_t(joint_wild(members, draws=4096, rng=rng())).min() <= 0.05)
    assert refused <= 23


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: step_down_max_t(JointDraws(np.ones(2), np.ones((3, 1)), True, 1 / 3, "")),
            "a column for each of 2 statistics",
        ),
        (lambda: single_step_max_t(JointDraws(np.ones(1), np.ones((0, 1)), True, 1, "")), "a column for each"),
        (lambda: raw_p_values(JointDraws(np.array([math.nan]), np.ones((3, 1)), True, 1 / 3, "")), "found NaN"),
        (
            lambda: joint_randomisation(np.full((10, 2), math.nan), FIVE_AND_FIVE, draws=9, rng=rng()),
            "values must be finite",
        ),
        (lambda: joint_randomisation(np.ones((9, 2)), FIVE_AND_FIVE, draws=9, rng=rng()), "for 10 runs"),
        (
            lambda: joint_randomisation(np.ones((10, 2)), FIVE_AND_FIVE, draws=9, rng=rng(), sides=[Side.BELOW]),
            "as many as the 2 outcomes",
        ),
        (
            lambda: joint_randomisation(
                np.ones((10, 1)), replace(FIVE_AND_FIVE, stratum=np.array([-1, -1])), draws=9, rng=rng()
            ),
            "one treated and one reference arm",
        ),
        (lambda: joint_wild([], draws=9, rng=rng()), "at least one contrast"),
        (
            lambda: joint_wild([JointMember(("a",) * 10, np.ones(10), FIVE_AND_FIVE)], draws=9, rng=rng()),
            "found 1 ids, 10 values and 10 cells",
        ),
        (lambda: joint_wild([member(np.ones(3), two_arms([0, 0, 1]))], draws=9, rng=rng()), "at least two runs"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(call: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()
