"""How a case's columns are read from names of coefficients and from their roles."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.column_roles import binomial_counts, counts_of, nearest
from mixablate.selfcheck.formula import model_frame
from mixablate.selfcheck.named_columns import named_columns, source_columns
from mixablate.selfcheck.recognised import candidate_designs


def test_names_of_coefficients_become_columns() -> None:
    data = pd.DataFrame({"dose": [1, 2, 4], "x": [0.5, 1, 2], "arm": ["a", "b:c", "b:c"], "flag": [True, False, True]})
    names = ["(Intercept)", "dose", "factor(dose)2", "armb:c", "flagTRUE", "I(x^2)", "log(dose)", "dose:x", "dose4"]
    expected = [
        [1, 1, 1],
        [1, 2, 4],
        [0, 1, 0],
        [0, 1, 1],
        [1, 0, 1],
        [0.25, 1, 4],
        [0, math.log(2), math.log(4)],
        [0.5, 2, 8],
        [0, 0, 1],
    ]
    np.testing.assert_allclose(named_columns(names, data).T, expected)
    assert source_columns(["factor(dose)2", "I(x^2)", "flagTRUE"], data) == {"dose", "x", "flag"}
    with pytest.raises(KeyError, match='explains the coefficient "brand"'):
        named_columns(["brand"], data)


def test_proportions_without_weights_are_refused() -> None:
    with pytest.raises(ValueError, match='makes whole numbers of the proportions "p"'):
        counts_of("p", pd.DataFrame({"p": [0.5, 1 / 3], "n": [2, 4]}))


def test_bound_counts_and_0_1_rows_are_read_as_counts() -> None:
    data = pd.DataFrame({"k": [1, 2], "n": [4, 2], "y": [0, 1]})
    bound, ones = counts_of("cbind(k, n - k)", data), counts_of("y", data)
    assert (bound.events.tolist(), bound.trials.tolist(), bound.columns) == ([1, 2], [4, 2], {"k", "n"})
    assert counts_of("cbind(y, 1L - y)", data).trials.tolist() == [1, 1]
    assert (ones.events.tolist(), ones.trials.tolist(), ones.columns) == ([0, 1], [1, 1], {"y"})


def test_of_several_weights_the_smallest_that_makes_whole_numbers_is_taken() -> None:
    found = counts_of("p", pd.DataFrame({"p": [0.5, 0.25], "twice": [8, 16], "n": [4, 8], "k": [2, 2], "odd": [3, 5]}))
    assert (found.trials.tolist(), found.columns) == ([4, 8], {"p", "n", "k"})


def test_the_nearest_column_leaves_out_what_gives_no_number() -> None:
    numbers = {"a": np.array([1.0, np.nan]), "b": np.array([1.1, 2.0]), "c": np.array([1.01, 2.5])}
    assert nearest(list(numbers), lambda name: numbers[name], [1.0, 2.0]) == "b"
    assert nearest(list(numbers), lambda name: numbers[name], [1.0, None]) == "a"


def test_arithmetic_truth_values_and_other_factors_become_columns_too() -> None:
    data = pd.DataFrame(
        {"week": [1, 2, 4], "GNP.deflator": [1.0, 3.0, 5.0], "HS Grad": [1, 0, 2], "a": ["NA", "b", "c"]}
    )
    names = [
        "I(week > 1)TRUE",
        "I(week > 1)FALSE",
        "log2(week)",
        "I(GNP.deflator^2)",
        "`HS Grad`",
        "scale(GNP.deflator)",
    ]
    expected = [[0, 1, 1], [1, 0, 0], [0, 1, 2], [1, 9, 25], [1, 0, 2], [-1, 0, 1]]
    np.testing.assert_allclose(named_columns(names, data).T, expected)
    factors = [
        "as.factor(week)4",
        'relevel(a, ref = "b")NA',
        'relevel(factor(a), ref = "b")c',
        "`HS Grad`:as.factor(week)4",
    ]
    np.testing.assert_allclose(named_columns(factors, data).T, [[0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 0, 2]])
    assert source_columns(["`HS Grad`", "I(GNP.deflator^2)", 'relevel(a, ref = "b")c'], data) == {
        "HS Grad",
        "GNP.deflator",
        "a",
    }
    for wrong in ("log(", "system(week)", "I(weak > 1)TRUE", "week.upper()"):
        with pytest.raises(KeyError, match="explains the coefficient"):
            named_columns([wrong], data)


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("y ~ (a + b)^2", ["(Intercept)", "a", "bv", "bw", "a:bv", "a:bw"]),
        ("y ~ a * (b + t)", ["(Intercept)", "a", "bv", "bw", "tTRUE", "a:bv", "a:bw", "a:tTRUE"]),
        ("y ~ b:a + a:b + a", ["(Intercept)", "a", "bv:a", "bw:a"]),
        ("y ~ .", ["(Intercept)", "a", "bv", "bw", "tTRUE"]),
        ("y ~ a - 1", ["a"]),
        ("y ~ 0 + log(a)", ["log(a)"]),
        ("y ~ I(a - 1) + factor(a) + (1 | b)", ["(Intercept)", "I(a - 1)", "factor(a)2", "factor(a)4.5"]),
        ("y ~ 1", ["(Intercept)"]),
    ],
)
def test_a_formula_gives_r_s_columns(formula: str, names: list[str]) -> None:
    data = pd.DataFrame({"y": [0, 1, 0], "a": [1.0, 2.0, 4.5], "b": ["u", "v", "w"], "t": [True, False, True]})
    frame = model_frame(formula, data)
    assert list(frame.names) == names
    np.testing.assert_allclose(frame.matrix, named_columns(names, data))


def test_only_the_intercept_can_be_taken_out_of_a_formula() -> None:
    with pytest.raises(ValueError, match="only the intercept can be taken out"):
        model_frame("y ~ a * b - a:b", pd.DataFrame({"a": [1], "b": [2]}))


def test_of_several_readings_of_a_response_the_one_with_the_stated_numbers_is_taken() -> None:
    # Rates of 20 or 100 trials each: only the model's numbers can tell.
    data = pd.DataFrame({"rate": [0.1, 0.2, 0.3, 0.05], "block": 20, "n": 100})
    for trials in (20, 100):
        expected = [math.sqrt(trials)]
        found = binomial_counts({"formula": "rate ~ 1"}, data, (), lambda c: np.sqrt(c.trials[:1]), expected)
        assert found.trials.tolist() == [trials] * 4
    rows = pd.DataFrame({"arm": [0, 1, 0, 1], "mild": [1, 1, 0, 1], "bad": [0, 1, 0, 0], "seen": [5, 2, 3, 4]})
    read = binomial_counts({}, rows, {"arm"}, lambda c: np.array([c.events.sum(), c.trials.sum()]), [2, 14])
    assert (read.columns, read.trials.tolist()) == ({"bad", "seen"}, [5, 2, 3, 4])
    with pytest.raises(ValueError, match="no column of the case can stand in this role"):
        binomial_counts({}, rows[["seen"]], (), lambda c: c.trials, [1.0])


def test_what_a_file_quotes_is_text_and_only_empty_cells_and_na_are_missing(tmp_path: Path) -> None:
    lines = ['"id","arm","k","word"', '"1.1","None",1,"a ""b"", c"', '"1.10",NA,NA,"NA"', '"01","null",2.5,"d"']
    (tmp_path / "data.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "plain.csv").write_text("id,arm\n7,None\n8,\n")
    case = GoldCase("quoted", "any", tmp_path, {})
    table = case.table()
    assert table["id"].tolist() == ["1.1", "1.10", "01"]
    assert (table["arm"].tolist()[::2], table["arm"].isna().tolist()) == (["None", "null"], [False, True, False])
    assert (table["k"].sum(), table["word"].tolist()) == (3.5, ['a "b", c', "NA", "d"])
    plain = case.table("plain")
    assert (plain["id"].tolist(), plain["arm"].tolist()[0], plain["arm"].isna().sum()) == ([7, 8], "None", 1)


def test_designs_are_guessed_from_tested_names_the_likeliest_first() -> None:
    data = pd.DataFrame(
        {"run": [1, 1, 2, 2, 3, 3], "mix": list("abcabc"), "dose": [1.0, 2, 3, 4, 5, 7], "arm": [0, 0, 1, 1, 0, 1]}
    )
    designs = candidate_designs(data, ["arm", "mixb", "arm:dose"])
    first = next(designs)
    assert first.names == ("(Intercept)", "arm", "mixb", "mixc", "dose", "arm:dose")
    # Neither a nor c may be tested, so that either may be the level left out.
    assert next(designs).names == ("(Intercept)", "arm", "mixa", "mixb", "dose", "arm:dose")
    later = {design.names[len(first.names) :] for design in designs}
    assert {("run",), ("factor(run)2", "factor(run)3"), ("log(run)",)} <= later
