"""What a run of another mix would come to: the predicted outcome, with intervals of its mean and of a new run."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from mixablate.estimate.mixtures.mix_regression import MixFit, design_rows, estimable

__all__ = ["MixPrediction", "predict_mix"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MixPrediction:
    """Predictions of m mixes; limits are NaN where the runs do not carry them.

    Attributes:
        estimate: (m,) the mean outcome of runs of the mix, in the unit of the response.
        std_error: (m,) of that mean under equal residual variance.
        lower, upper: (m,) interval of a new run's outcome.
    """

    estimate: Floats
    std_error: Floats
    lower: Floats
    upper: Floats


def predict_mix(fit: MixFit, fractions: Floats, process: Floats | None = None, level: float = 0.95) -> MixPrediction:
    """Predicted outcomes with prediction intervals of single new runs: sigma^2 (1 + x' (X'X)^-1 x), t on n - p.

    Wrong beyond the mixes that were run, where runs differ more at some mixes than at others, and for another size of
    model: the cross-validated coverage says how it went among these runs.

    Source: ordinary least squares; Cornell (2002), section 2.8.

    Args:
        fit: the fit.
        fractions: (m, D) rows that sum to 1.
        process: (m, k) process variables; their means where left out.
        level: of the intervals.
    """
    at = np.tile(fit.runs.process.mean(axis=0), (len(fractions), 1)) if process is None else process
    full = design_rows(fit.blend, fit.runs, fractions, at)
    rows = full @ fit.basis
    apart = estimable(fit, full)
    estimate = np.where(apart, rows @ fit.coefficients, math.nan)
    working = ((rows @ fit.robust.root) ** 2).sum(axis=1)
    if fit.df_residual < 1:
        blank = np.full(len(rows), math.nan)
        return MixPrediction(estimate, blank, blank, blank)
    reach = float(stdtrit(fit.df_residual, (1 + level) / 2)) * fit.sigma * np.sqrt(1 + working)
    std_error = np.where(apart, fit.sigma * np.sqrt(working), math.nan)
    return MixPrediction(estimate, std_error, estimate - reach, estimate + reach)
