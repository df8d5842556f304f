"""The coefficients of a log-ratio regression by part, whatever the basis it was fitted in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixablate.estimate.mixtures.blends import BlendModel
from mixablate.estimate.mixtures.compositions import pivot_basis
from mixablate.estimate.mixtures.mix_regression import MixFit

__all__ = ["clr_coefficients", "working_covariance"]

Floats = NDArray[np.float64]


def clr_coefficients(fit: MixFit, *, by_run: bool = True) -> tuple[Floats, Floats]:
    """What one unit of each part's centred log-ratio does to the outcome, (D,), and the covariance, (D, D).

    They sum to 0 and do not depend on the basis or on the order of the parts. That of a part is also its additive
    log-ratio coefficient against any reference part, whose own is left out there.

    Source: V times the pivot coordinates' coefficients; Egozcue et al. (2012), Coenders & Pawlowsky-Glahn (2020), SORT.

    Args:
        fit: of the log-ratio model.
        by_run: with the covariance by run, else that of equal residual variance.

    Raises:
        ValueError: another model, or log-ratios that the runs did not vary separately.
    """
    if fit.blend.model is not BlendModel.LOG_RATIO or fit.basis.shape[0] != fit.basis.shape[1]:
        raise ValueError("clr coefficients need a log-ratio regression whose coordinates all varied")
    parts = len(fit.runs.parts)
    turn = np.zeros((parts, len(fit.coefficients)))
    turn[:, 1:parts] = pivot_basis(parts)
    covariance = fit.robust.covariance if by_run else working_covariance(fit)
    return turn @ fit.coefficients, turn @ covariance @ turn.T


def working_covariance(fit: MixFit) -> Floats:
    """The covariance of the coefficients if runs are equally variable: sigma^2 (X'X)^-1, (r, r)."""
    return np.asarray(fit.sigma**2 * (fit.robust.root @ fit.robust.root.T), dtype=float)
