"""Separation: the labelled sets, another linear program for the same question, and what must not change the answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.optimize import linprog

from mixablate.estimate.models.separation import Separation, SeparationKind, aliased_columns, separated

GOLD = Path(__file__).resolve().parents[1] / "fixtures" / "gold" / "separation_labels"
SETS = pd.read_csv(GOLD / "data.csv")
Floats = NDArray[np.float64]


def of_formula(rows: pd.DataFrame) -> tuple[list[str], Floats]:
    names = ["(Intercept)", "x1"] + (["x2"] if "x2" in rows["model"].iloc[0] else [])
    return names, np.column_stack([np.ones(len(rows)), *(rows[name] for name in names[1:])])


@pytest.mark.parametrize("name", sorted(SETS["set"].unique()))
def test_sets_of_known_label_are_labelled_so(name: str) -> None:
    rows = SETS[SETS["set"] == name]
    names, design = of_formula(rows)
    found = separated(design, rows["y"].to_numpy(float), np.ones(len(rows)))
    infinite = rows["infinite"].fillna("").iloc[0]
    assert str(found.kind) == rows["label"].iloc[0]
    assert [names[i] for i in found.columns] == [c for c in infinite.split(",") if c]


@st.composite
def small_regressions(draw: st.DrawFn) -> tuple[Floats, Floats, Floats]:
    n, p = draw(st.integers(4, 9)), draw(st.integers(1, 2))
    columns = draw(arrays(float, (n, p), elements=st.integers(-2, 2).map(float)))
    trials = draw(arrays(float, n, elements=st.integers(0, 3).map(float)))
    events = np.minimum(draw(arrays(float, n, elements=st.integers(0, 3).map(float))), trials)
    return np.column_stack([np.ones(n), columns]), events, trials


def kind_by_another_road(design: Floats, events: Floats, trials: Floats) -> str:
    """Konis's dual pair: a row of each outcome per cell; any split is a positive sum in a box, a full one a margin."""
    signed = np.vstack([design[events > 0], -design[events < trials]])
    box = [(-1.0, 1.0)] * design.shape[1]
    zero = np.zeros(len(signed))
    some = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=zero, bounds=box)
    if -some.fun < 1e-7:
        return "none"
    full = linprog(np.zeros(design.shape[1]), A_ub=-signed, b_ub=zero - 1, bounds=[(None, None)] * design.shape[1])
    return "complete" if full.status == 0 else "quasi"


@given(small_regressions())
def test_the_kind_is_that_of_konis_linear_programs(rows: tuple[Floats, Floats, Floats]) -> None:
    design, events, trials = rows
    found = separated(*rows)
    if found.kind is SeparationKind.COLLINEAR:
        assert np.linalg.matrix_rank(design[trials > 0]) < design.shape[1]
    else:
        assert str(found.kind) == kind_by_another_road(design, events, trials)
        assert found.finite == (not found.rows) == (not found.columns)


@given(small_regressions(), st.permutations(range(4)))
def test_row_order_splitting_units_and_relabelled_outcomes_do_not_change_the_answer(
    rows: tuple[Floats, Floats, Floats], order: list[int]
) -> None:
    design, events, trials = rows
    found = separated(design, events, trials)
    scaled = separated(design * np.array([1.0, 1e-3, 1e4])[: design.shape[1]], events, trials)
    flipped = separated(design, trials - events, trials)
    doubled = separated(np.vstack([design, design]), np.tile(events, 2), np.tile(trials, 2))
    assert (scaled.kind, scaled.columns, scaled.rows) == (found.kind, found.columns, found.rows)
    assert (flipped.kind, flipped.columns, flipped.rows) == (found.kind, found.columns, found.rows)
    assert (doubled.kind, doubled.columns) == (found.kind, found.columns)
    back = np.concatenate([np.array(order), np.arange(4, len(events))])
    moved = separated(design[back], events[back], trials[back])
    assert sorted(back[list(moved.rows)]) == list(found.rows)


def test_an_arm_without_events_is_quasi_separated_and_named() -> None:
    # intercept, "tools", "prompts"; the arm with prompts has no events in either run
    design = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 1.0]])
    found = separated(design, np.array([3, 5, 2, 4, 0, 0.0]), np.full(6, 20.0))
    assert found == Separation(SeparationKind.QUASI, (2,), (4, 5))


def test_a_reference_arm_without_events_sends_every_effect_off() -> None:
    design = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 1.0]])
    found = separated(design, np.array([0, 0, 2, 4, 3, 1.0]), np.full(6, 20.0))
    assert found == Separation(SeparationKind.QUASI, (1, 2), (0, 1))


def test_rows_without_trials_neither_separate_nor_prevent_it() -> None:
    design = np.array([[1, 0], [1, 0], [1, 1], [1, 1.0]])
    events, trials = np.array([3, 5, 0, 0.0]), np.array([20, 20, 20, 0.0])
    assert separated(design, events, trials) == Separation(SeparationKind.QUASI, (1,), (2,))


def test_a_dependence_names_all_of_its_columns_and_no_other() -> None:
    # "a", "b" and 2a + 3b; an unrelated column between them
    rng = np.random.default_rng(7)
    a, b, other = rng.normal(size=(3, 12))
    assert aliased_columns(np.column_stack([a, other, b, 2 * a + 3 * b])) == (0, 2, 3)
    assert aliased_columns(np.column_stack([a, other, b])) == ()
    assert aliased_columns(np.column_stack([1e9 * a, 1e-9 * b])) == ()
    assert aliased_columns(np.column_stack([a, 0 * b])) == (1,)
    assert aliased_columns(np.eye(2, 3)) == (2,)


@pytest.mark.parametrize(
    ("design", "events", "trials", "said"),
    [
        (np.ones(3), np.zeros(3), np.ones(3), "design must be"),
        (np.ones((3, 1)), np.zeros(2), np.ones(3), "design must be"),
        (np.full((3, 1), np.nan), np.zeros(3), np.ones(3), "design must be finite"),
        (np.ones((3, 1)), np.array([0, 2.0, 0]), np.ones(3), "events must lie"),
        (np.ones((3, 1)), np.array([0, np.nan, 0]), np.ones(3), "events must lie"),
        (np.ones((3, 1)), np.zeros(3), np.array([1, 1, np.inf]), "events must lie"),
    ],
)
def test_rows_that_are_no_counts_are_refused(design: Floats, events: Floats, trials: Floats, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        separated(design, events, trials)
