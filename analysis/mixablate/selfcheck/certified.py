"""Gold cases of numerical accuracy: least squares beside values certified to more digits than a double holds."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.estimate.models.cluster_robust import cluster_robust, least_squares
from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.comparing import Comparison, close, each_close, listed

__all__ = ["check_numerical_accuracy"]

Floats = NDArray[np.float64]


def check_numerical_accuracy(case: GoldCase) -> Iterator[Comparison]:
    """Coefficients, their classical errors, residual SD and R2 to the digits asked for.

    The log relative error -log10(|found - certified| / |certified|) is at least L where the relative error is at most
    10^-L, which is how it is compared (absolute where 0 is certified, as NIST has it).
    """
    table, reference = case.table(), case.reference
    digits = float(reference.get("tolerance", {}).get("log_relative_error_min", 8.0))
    certified, relative = 10.0**-digits, case.tolerance("rel")
    response = "y" if "y" in table.columns else str(table.columns[0])
    y = table[response].to_numpy(dtype=float)
    design = _design(table.drop(columns=response), len(listed(reference["certified_coef"])))
    coefficients, residuals = least_squares(design, y)
    root = cluster_robust(design, residuals, np.arange(len(y))).root
    square = float(residuals @ residuals)
    spread = math.sqrt(square / (len(y) - len(coefficients)))
    centre = float(y.mean()) if np.ptp(design[:, 0]) == 0 else 0.0
    errors = np.sqrt(np.diag(root @ root.T)) * spread
    yield from each_close(
        "certified_coef", coefficients.tolist(), reference["certified_coef"], certified, relative=True
    )
    for key, tolerance, found in (
        ("lm_coef", relative, coefficients),
        ("certified_se", certified, errors),
    ):
        if key in reference:
            yield from each_close(key, found.tolist(), reference[key], tolerance, relative=True)
    for key, number in (("residual_sd", spread), ("r2", 1 - square / float(((y - centre) ** 2).sum()))):
        if key in reference:
            yield close(key, number, reference[key], certified, relative=True)


def _design(columns: pd.DataFrame, wanted: int) -> Floats:
    """The columns with an intercept; without one where there are no more coefficients; powers of a lone column."""
    x = columns.to_numpy(dtype=float)
    if x.shape[1] == wanted:
        return x
    if x.shape[1] == 1:
        return np.asarray(x ** np.arange(wanted))
    if x.shape[1] + 1 == wanted:
        return np.column_stack([np.ones(len(x)), x])
    raise ValueError(f"{wanted} coefficients for the columns {list(columns.columns)}")
