"""Numerical accuracy of gold cases: polynomials solved in rational arithmetic, and a line by hand."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest

from changed_cases import assert_passes, written
from mixablate.selfcheck.certified import check_numerical_accuracy


def exact_fit(design: list[list[Fraction]], response: list[Fraction]) -> list[Fraction]:
    """The least squares coefficients in rational arithmetic, by Gauss and Jordan on the normal equations."""
    columns = range(len(design[0]))
    system = [
        [sum((row[a] * row[b] for row in design), Fraction(0)) for b in columns]
        + [sum((row[a] * y for row, y in zip(design, response, strict=True)), Fraction(0))]
        for a in columns
    ]
    for pivot in columns:
        system[pivot] = [value / system[pivot][pivot] for value in system[pivot]]
        for other in columns:
            if other != pivot:
                by = system[other][pivot]
                system[other] = [v - by * w for v, w in zip(system[other], system[pivot], strict=True)]
    return [row[-1] for row in system]


@pytest.mark.parametrize("noise", [0, 200, 20000])
def test_polynomials_of_degree_five_have_eight_digits_of_their_rational_solution(noise: int, tmp_path: Path) -> None:
    # The shape of NIST's Wampler sets: x = 0 ... 20, y = 1 + x + ... + x^5 and an error that does not follow x.
    design = [[Fraction(x) ** power for power in range(6)] for x in range(21)]
    response = [sum(row) + noise * (-1) ** x * ((7 * x) % 5) for x, row in enumerate(design)]
    exact = exact_fit(design, response)
    rest = [y - sum(b * v for b, v in zip(exact, row, strict=True)) for y, row in zip(response, design, strict=True)]
    square = sum(e * e for e in rest)
    around = sum((y - Fraction(sum(response), 21)) ** 2 for y in response)
    unit = [[Fraction(int(a == b)) for a in range(6)] for b in range(6)]
    gram = [[sum(row[a] * row[b] for row in design) for b in range(6)] for a in range(6)]
    variances = [exact_fit(gram, unit[place])[place] for place in range(6)]
    reference = {
        "certified_coef": [float(b) for b in exact],
        "certified_se": [math.sqrt(v * square / 15) for v in variances],
        "residual_sd": math.sqrt(square / 15),
        "r2": float(1 - square / around),
        "tolerance": {"rel": 1e-8, "log_relative_error_min": 8},
    }
    data = pd.DataFrame({"y": [int(y) for y in response], "x": range(21)})
    assert_passes(check_numerical_accuracy, written(tmp_path, data, reference), 14)


def test_a_line_through_the_origin_has_no_intercept(tmp_path: Path) -> None:
    # y = 2, 3, 7 on x = 1, 2, 3: b = (2 + 6 + 21)/14, square = 62 - 29^2/14, R2 is uncentred.
    square = 62 - 29**2 / 14
    reference = {
        "certified_coef": [29 / 14],
        "certified_se": [math.sqrt(square / 2 / 14)],
        "residual_sd": math.sqrt(square / 2),
        "r2": 1 - square / 62,
    }
    data = pd.DataFrame({"y": [2, 3, 7], "x1": [1, 2, 3]})
    assert_passes(check_numerical_accuracy, written(tmp_path, data, reference), 4)


def test_coefficients_that_no_column_gives_are_refused(tmp_path: Path) -> None:
    case = written(tmp_path, pd.DataFrame({"y": [1, 2], "a": [1, 2], "b": [2, 1]}), {"certified_coef": [1] * 5})
    with pytest.raises(ValueError, match="5 coefficients for the columns"):
        list(check_numerical_accuracy(case))
