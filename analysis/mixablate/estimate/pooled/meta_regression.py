"""Effects of studies explained by properties of the studies."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, fdtrc

from mixablate.estimate.models.inference import ROUNDING, Inference, t_inference, withheld
from mixablate.estimate.pooled.between_variance import checked_studies, tau2_reml, weighted_fit
from mixablate.estimate.pooled.pooling import BetweenEstimator, MeanInterval, variance_scale

__all__ = ["MetaRegression", "meta_regression", "small_study_test"]


@dataclass(frozen=True, slots=True)
class MetaRegression:
    """Effects of k studies explained by m moderators.

    Attributes:
        coefficients: the intercept, then one per moderator.
        tau2: the variance between studies that the moderators leave.
        explained: by how much they lower it, 0 to 1; 0 where it was 0 without them.
        statistic: of all moderators together: chi-squared with m degrees of freedom for normal intervals, else F with m
            and k - m - 1.
        p_value: of the statistic.
        n_studies: k.
        reason: why there are no numbers; empty where there are.
    """

    coefficients: tuple[Inference, ...]
    tau2: float
    explained: float
    statistic: float
    p_value: float
    n_studies: int
    reason: str = ""


def meta_regression(
    effects: ArrayLike,
    variances: ArrayLike,
    moderators: ArrayLike,
    between: BetweenEstimator = tau2_reml,
    *,
    interval: MeanInterval = MeanInterval.HARTUNG_KNAPP,
    level: float = 0.95,
) -> MetaRegression:
    """How the effects of studies vary with their properties, with random differences beside.

    A comparison between studies: whatever else differs between them is in it. Ten studies per moderator are the usual
    advice; below that it describes.

    Source: Knapp & Hartung (2003); explained variance: Raudenbush (2009), as R's metafor.

    Args:
        effects: (k,) one per study.
        variances: (k,) their squared standard errors, more than 0.
        moderators: (k,) or (k, m); an intercept is added.
        between: which estimator of tau2.
        interval: how standard errors and intervals are found.
        level: of the intervals, between 0 and 1.

    Raises:
        ValueError: as `pool`, or moderators that depend on each other or do not vary.
    """
    columns = np.asarray(moderators, dtype=float)
    y, v, x = checked_studies(effects, variances, np.column_stack([np.ones(len(columns)), columns]))
    m, free = x.shape[1] - 1, len(y) - x.shape[1]
    left = between(y, v, x)
    if left.reason:
        return MetaRegression((), math.nan, math.nan, math.nan, math.nan, len(y), left.reason)
    without = between(y, v, None).tau2
    fit = weighted_fit(y, v, x, left.tau2)
    covariance = fit.covariance * variance_scale(fit, interval)
    df = math.inf if interval is MeanInterval.NORMAL else float(free)
    found = tuple(
        t_inference(float(b), math.sqrt(float(c)), df, level)
        for b, c in zip(fit.coefficients, np.diag(covariance), strict=True)
    )
    total = float(fit.coefficients[1:] @ np.linalg.solve(covariance[1:, 1:], fit.coefficients[1:]))
    statistic = total if math.isinf(df) else total / m
    p_value = float(chdtrc(m, total) if math.isinf(df) else fdtrc(m, free, statistic))
    explained = max(0.0, 1 - left.tau2 / without) if without > 0 else 0.0
    return MetaRegression(found, left.tau2, explained, statistic, p_value, len(y))


def small_study_test(effects: ArrayLike, variances: ArrayLike, *, level: float = 0.95) -> Inference:
    """Whether imprecise studies show other effects than precise ones: the slope of effects on standard errors.

    A slope can mean that small studies were reported only if they found something, or that they differ. Without power
    under ten studies. Wrong for log ratios of rare events, whose standard error depends on the effect itself.

    Source: Egger et al. (1997), BMJ 315, 629-634, as a regression with weights 1 / variance.

    Args:
        effects: (k,) one per study.
        variances: (k,) their squared standard errors, more than 0.
        level: of the slope's interval, between 0 and 1.

    Returns:
        The slope with its t inference on k - 2 degrees of freedom; withheld, with a reason, for fewer than 3 studies or
        standard errors that are all alike.

    Raises:
        ValueError: as `pool`.
    """
    y, v, _ = checked_studies(effects, variances)
    errors = np.sqrt(v)
    if len(y) < 3 or np.ptp(errors) <= ROUNDING * errors.max():
        return withheld(math.nan, "it takes 3 studies whose standard errors differ")
    fit = weighted_fit(y, v, np.column_stack([np.ones_like(errors), errors]), 0.0)
    df = len(y) - 2
    return t_inference(
        float(fit.coefficients[1]), math.sqrt(float(fit.covariance[1, 1]) * fit.squares / df), float(df), level
    )
