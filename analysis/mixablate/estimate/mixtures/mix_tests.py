"""Tests of several coefficients of a mix at once: does the mix matter, do parts blend, does the model fit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from mixablate.estimate.mixtures.blends import BlendModel
from mixablate.estimate.mixtures.mix_regression import MixFit, rank_of
from mixablate.estimate.models.joint_tests import JointTest, hotelling_htz

__all__ = ["ExtraSquares", "equal_blending", "extra_squares", "lack_of_fit", "mix_matters"]

Floats = NDArray[np.float64]

MOST_PRODUCTS = 400
"""Constraints times columns up to which the test by run is computed; its sums grow with the square of both."""


@dataclass(frozen=True, slots=True)
class ExtraSquares:
    """An F test by sums of squares, of equal residual variance; NaN where there is no test.

    Attributes:
        squares: what the tested terms explain beyond the others.
        statistic: F.
        df_num, df_denom: of F.
        p_value: of a statistic as large or larger.
    """

    squares: float
    statistic: float
    df_num: int
    df_denom: int
    p_value: float


def extra_squares(smaller_rss: float, smaller_df: int, larger_rss: float, larger_df: int) -> ExtraSquares:
    """The F test of a model within a larger one, from their residual sums of squares and degrees of freedom."""
    squares, df_num = smaller_rss - larger_rss, smaller_df - larger_df
    if not (df_num > 0 and larger_df > 0 and larger_rss > 0):
        return ExtraSquares(squares, math.nan, max(df_num, 0), max(larger_df, 0), math.nan)
    statistic = (squares / df_num) / (larger_rss / larger_df)
    return ExtraSquares(squares, statistic, df_num, larger_df, float(fdtrc(df_num, larger_df, max(statistic, 0.0))))


def equal_blending(parts: int, columns: int) -> Floats:
    """The constraints b_1 = b_j (parts - 1, columns) under which the linear terms do not tell the parts apart.

    Never b_j = 0: a Scheffé coefficient is the outcome of a pure part, and 0 is no neutral outcome.
    """
    constraints = np.zeros((parts - 1, columns))
    constraints[:, 0] = 1.0
    constraints[np.arange(parts - 1), np.arange(1, parts)] = -1.0
    return constraints


def mix_matters(fit: MixFit) -> tuple[JointTest, str]:
    """The test that no mix differs from another (process variables as they are), and its method in words.

    By run (Hotelling's T^2 with its degrees of freedom, `hotelling_htz`) where all columns are separate and few; else
    the F test of extra sums of squares, which takes runs as equally variable.
    """
    parts, mixed = len(fit.runs.parts), _mix_columns(fit)
    columns = fit.basis.shape[0]
    full = columns == fit.basis.shape[1]
    if full and not fit.runs.crossed and (mixed - 1) * columns <= MOST_PRODUCTS:
        constraints = np.eye(columns)[1:mixed]
        if fit.blend.model is not BlendModel.LOG_RATIO:
            constraints = np.vstack([equal_blending(parts, columns), np.eye(columns)[parts:mixed]])
        found = hotelling_htz(constraints @ fit.coefficients, fit.robust, constraints)
        if not found.reason:
            return found, "Hotelling's T² by run, equality of all blending coefficients"
    alone = np.column_stack([np.ones(len(fit.response)), fit.runs.process])
    squares, rank = _rss(alone, fit.response), rank_of(alone)
    test = extra_squares(squares, len(alone) - rank, fit.rss, fit.df_residual)
    reason = "" if math.isfinite(test.p_value) else "no run to spare"
    return (
        JointTest(test.statistic, test.df_num, test.df_denom, test.p_value, reason),
        "F of extra sums of squares, equality of all blending coefficients, runs taken as equally variable",
    )


def lack_of_fit(fit: MixFit) -> ExtraSquares:
    """The F test of the model against a mean of its own for every mix and process variable that was run twice or more.

    Pure error is the spread of runs of one mix. Source: Cornell (2002), section 2.10; Draper & Smith (1998), 2.1.
    """
    cells = np.round(np.hstack([fit.runs.fractions, fit.runs.process]), 9)
    codes = np.unique(cells, axis=0, return_inverse=True)[1].ravel()
    counts = np.bincount(codes)
    means = np.bincount(codes, fit.response) / counts
    pure = float(((fit.response - means[codes]) ** 2).sum())
    return extra_squares(fit.rss, fit.df_residual, pure, len(codes) - len(counts))


def _mix_columns(fit: MixFit) -> int:
    process = fit.runs.process.shape[1]
    return int(fit.basis.shape[0] - process * (len(fit.runs.parts) if fit.runs.crossed else 1))


def _rss(rows: Floats, response: Floats) -> float:
    fitted = rows @ np.linalg.lstsq(rows, response, rcond=None)[0]
    return float(((response - fitted) ** 2).sum())
