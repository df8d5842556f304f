"""What keeps a report of many outcomes readable, and what makes it quick without moving a number."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import findings_example as example
from mixablate.attribute.drawing import _places
from mixablate.attribute.replicates import COUNTED, _rao_wu
from mixablate.figures import figure_entries
from mixablate.figures.panels import leading_outcomes
from mixablate.figures.rates_by_arm import draw_rates_by_arm
from mixablate.report.csv_text import csv_bytes
from mixablate.report.document import json_bytes, plain


def outcomes(*pairs: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame([{"outcome": name, "domain": domain} for name, domain in pairs for _ in range(2)])


def test_means_of_domains_are_drawn_before_single_evals_and_in_the_frames_order() -> None:
    frame = outcomes(("inside", "inside"), ("a", "inside"), ("b", "inside"), ("outside", "outside"), ("c", "outside"))
    assert leading_outcomes(frame, 5) == (["inside", "a", "b", "outside", "c"], [])
    shown, notes = leading_outcomes(frame, 3)
    assert shown == ["inside", "a", "outside"]
    assert notes == ["3 of 5 outcomes, the means and the first of the rest; the table has all."]


def test_one_outcome_is_drawn_however_little_room_there_is() -> None:
    shown, notes = leading_outcomes(outcomes(("a", "inside"), ("b", "inside")), 0)
    assert shown == ["a"]
    assert notes == ["1 of 2 outcomes, the first; the table has all."]


def test_the_rates_of_many_outcomes_fit_on_a_page_and_the_frame_keeps_them_all() -> None:
    (entry,) = (e for e in figure_entries(example.example_findings()) if e.name == "rates_by_arm")
    copies = [entry.frame.assign(outcome=entry.frame["outcome"] + f" {number}") for number in range(30)]
    frame = pd.concat(copies, ignore_index=True)
    figure = draw_rates_by_arm(frame)
    assert figure.get_size_inches()[1] < 22.0
    assert any("outcomes, the first; the table has all." in text.get_text() for text in figure.texts)


@given(arrays(float, st.tuples(st.integers(1, 40), st.integers(1, 6)), elements=st.integers(-3, 3).map(float)))
def test_places_are_those_of_a_stable_sort(numbers: np.ndarray) -> None:
    expected = np.argsort(np.argsort(numbers, axis=1, kind="stable"), axis=1)
    assert np.array_equal(_places(numbers), expected)


def test_rao_wu_weights_are_counts_of_picks_whatever_the_block() -> None:
    strata = [np.array([4, 0, 2]), np.array([1, 3])]
    draws = COUNTED + 7
    uniform = np.random.default_rng(3).random((draws, 3))
    expected = np.zeros((draws, 5))
    for row, (one, two, three) in enumerate(uniform):
        for pick in (one, two):  # 2 of 3 runs, weighted 3/2
            expected[row, strata[0][int(3 * pick)]] += 3 / 2
        expected[row, strata[1][int(2 * three)]] += 2.0  # 1 of 2 runs, weighted 2
    weights = _rao_wu(strata, 5, draws, np.random.default_rng(3))
    assert weights == pytest.approx(expected, abs=1e-12)
    first = _rao_wu(strata, 5, 100, np.random.default_rng(3))
    assert np.array_equal(first, weights[:100])


def test_json_has_a_row_a_line_and_reads_back() -> None:
    document = {
        "schema": 1,
        "rows": [{"run": "a", "rate": 0.1}, {"run": 'b "quoted"', "rate": math.nan}],
        "frame": pd.DataFrame({"x": [1.5, math.inf], "n": [3, 4], "text": ["é", None]}),
        "empty": [],
    }
    text = json_bytes({key: plain(value) for key, value in document.items()}).decode()
    assert json.loads(text) == {
        "schema": 1,
        "rows": [{"run": "a", "rate": 0.1}, {"run": 'b "quoted"', "rate": None}],
        "frame": [{"x": 1.5, "n": 3, "text": "é"}, {"x": None, "n": 4, "text": None}],
        "empty": [],
    }
    assert '\n    {"run": "a", "rate": 0.1},\n' in text


def test_csv_columns_keep_every_bit_and_counts_have_no_decimal_point() -> None:
    frame = pd.DataFrame(
        {"x": [0.1, math.nan], "n_runs": [3.0, math.nan], "text": ["=1+1", "ok"], "flag": [True, False]}
    )
    assert csv_bytes(frame).decode() == "x,n_runs,text,flag\n0.1,3,'=1+1,true\n,,ok,false\n"
