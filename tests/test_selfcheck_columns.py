"""How a case's columns are read from names of coefficients and from their roles."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from mixablate.selfcheck.column_roles import counts_of, nearest
from mixablate.selfcheck.named_columns import named_columns, source_columns


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
    assert (ones.events.tolist(), ones.trials.tolist(), ones.columns) == ([0, 1], [1, 1], {"y"})


def test_of_several_weights_the_smallest_that_makes_whole_numbers_is_taken() -> None:
    found = counts_of("p", pd.DataFrame({"p": [0.5, 0.25], "twice": [8, 16], "n": [4, 8], "k": [2, 2], "odd": [3, 5]}))
    assert (found.trials.tolist(), found.columns) == ([4, 8], {"p", "n", "k"})


def test_the_nearest_column_leaves_out_what_gives_no_number() -> None:
    numbers = {"a": np.array([1.0, np.nan]), "b": np.array([1.1, 2.0]), "c": np.array([1.01, 2.5])}
    assert nearest(list(numbers), lambda name: numbers[name], [1.0, 2.0]) == "b"
    assert nearest(list(numbers), lambda name: numbers[name], [1.0, None]) == "a"
