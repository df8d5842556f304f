"""The scales on which a change is split, as functions of a coalition's mean rate."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mixablate.estimate import RateScale
from mixablate.study import Scale

__all__ = ["AttributionScale", "combined", "combined_on", "scaled", "slopes"]

Floats = NDArray[np.float64]


class AttributionScale(StrEnum):
    """What differences of are split: rates, the log odds of mean rates, their logs; or scores."""

    RISK_DIFFERENCE = "risk_difference"
    LOG_ODDS = "log_odds"
    LOG_RATIO = "log_ratio"
    VALUE = "value"

    @property
    def additive(self) -> bool:
        """Whether parts are differences of the outcome itself."""
        return self in (AttributionScale.RISK_DIFFERENCE, AttributionScale.VALUE)

    @property
    def rate_scale(self) -> RateScale:
        """The same scale of standardised rates."""
        names: dict[AttributionScale, RateScale] = {
            AttributionScale.LOG_ODDS: "log_odds",
            AttributionScale.LOG_RATIO: "log",
        }
        return names.get(self, "rate")

    @property
    def claim_scale(self) -> Scale:
        """The scale whose supported region holds for it."""
        names = {AttributionScale.LOG_ODDS: Scale.LOG_ODDS, AttributionScale.LOG_RATIO: Scale.RISK_RATIO}
        return names.get(self, Scale(str(self)) if self.additive else Scale.RISK_DIFFERENCE)


def scaled(values: Floats, scale: AttributionScale) -> Floats:
    """The values on the scale, elementwise; NaN where a rate has no log, or no log odds."""
    if scale.additive:
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.log(values) if scale is AttributionScale.LOG_RATIO else np.log(values) - np.log1p(-values)
    return np.where(np.isfinite(found), found, np.nan)


def slopes(values: Floats, scale: AttributionScale) -> Floats:
    """The derivative of the scale by the rate, elementwise; NaN where it has none."""
    if scale.additive:
        return np.ones_like(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = 1.0 / values if scale is AttributionScale.LOG_RATIO else 1.0 / (values * (1.0 - values))
    return np.where(np.isfinite(found), found, np.nan)


def combined(values: Floats, matrix: Floats) -> Floats:
    """Values (..., m) @ matrix (q, m) transposed; NaN exactly where a value that the number uses is NaN."""
    values, matrix = _used(values, matrix)
    missing = np.isnan(values)
    if not missing.any():
        return np.asarray(values @ matrix.T)
    found = np.where(missing, 0.0, values) @ matrix.T
    return np.where(missing.astype(float) @ (matrix != 0.0).T.astype(float) > 0.0, np.nan, found)


def combined_on(scale: AttributionScale, values: Floats, matrix: Floats) -> Floats:
    """The values on the scale, `combined`; only those that some number uses are brought onto it."""
    values, matrix = _used(values, matrix)
    return combined(scaled(values, scale), matrix)


def _used(values: Floats, matrix: Floats) -> tuple[Floats, Floats]:
    """Without the coalitions that no row of the matrix uses: a rule uses few of those that all rules together need."""
    used = (matrix != 0.0).any(axis=0)
    return (values, matrix) if used.all() else (values[..., used], matrix[:, used])
