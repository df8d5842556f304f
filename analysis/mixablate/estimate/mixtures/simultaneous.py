"""Intervals and p-values that hold for all of a family at once: single-step max-T of correlated t statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.estimate.models.inference import Inference

__all__ = ["Simultaneous", "max_t"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Simultaneous:
    """What a family adds to its members' own intervals.

    Attributes:
        multiple: standard errors to either side; NaN for a family without members.
        p_adjusted: (k,) the chance of a statistic as large anywhere in the family.
    """

    multiple: float
    p_adjusted: Floats


def max_t(
    inferences: Sequence[Inference], covariance: Floats, level: float, draws: int, rng: np.random.Generator
) -> Simultaneous:
    """The multiple of max-T intervals and the adjusted p-values of a family, from draws of a multivariate t.

    Correlations are those of the covariance by run, degrees of freedom the smallest of the members (cautious), so that
    the multiple is never below the members' own. p is (1 + draws as large) / (1 + draws).

    Source: Hothorn, Bretz & Westfall (2008), Biometrical Journal 50:346.

    Args:
        inferences: the k members, each with a standard error.
        covariance: (k, k) of their estimates.
        level: simultaneous.
        draws: of the multivariate t.
        rng: of the draws.
    """
    if not len(inferences):
        return Simultaneous(float("nan"), np.empty(0))
    own = max((found.upper - found.estimate) / found.std_error for found in inferences)
    if len(inferences) == 1:
        return Simultaneous(own, np.array([inferences[0].p_value]))
    spread = np.sqrt(np.diag(covariance))
    values, axes = np.linalg.eigh(covariance / np.outer(spread, spread))
    half = axes * np.sqrt(np.clip(values, 0.0, None))
    df = min(found.df for found in inferences)
    normal = rng.standard_normal((draws, len(values))) @ half.T
    largest = np.sort(np.abs(normal).max(axis=1) / np.sqrt(rng.chisquare(df, draws) / df))
    statistics = np.array([abs(found.estimate) / found.std_error for found in inferences])
    reached = draws - np.searchsorted(largest, statistics, side="left")
    adjusted = np.maximum((1 + reached) / (1 + draws), [found.p_value for found in inferences])
    return Simultaneous(max(float(np.quantile(largest, level)), own), adjusted)
