"""One number from several studies or base models, each with its own effect and standard error."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, stdtrit

from mixablate.estimate.counts.checks import check_level
from mixablate.estimate.models.inference import ROUNDING, t_inference, withheld
from mixablate.estimate.pooled.between_variance import (
    BetweenVariance,
    WeightedFit,
    checked_studies,
    tau2_reml,
    weighted_fit,
)

__all__ = [
    "BetweenEstimator",
    "MeanInterval",
    "Pooled",
    "fixed_effect",
    "leave_one_out",
    "pool",
    "variance_scale",
]

Floats = NDArray[np.float64]

BetweenEstimator = Callable[[ArrayLike, ArrayLike, ArrayLike | None], BetweenVariance]
"""Effects, variances and a design to tau2; those of `between_variance`."""


class MeanInterval(StrEnum):
    """How the standard error and interval of a random-effects mean are found.

    `normal` takes tau2 as known. `hartung_knapp` scales the variance by the weighted mean square of the studies and
    reads t with k - 1 degrees of freedom, the scale taken as at least 1. `hartung_knapp_unguarded` lets the
    scale fall below 1.
    """

    NORMAL = "normal"
    HARTUNG_KNAPP = "hartung_knapp"
    HARTUNG_KNAPP_UNGUARDED = "hartung_knapp_unguarded"


@dataclass(frozen=True, slots=True)
class Pooled:
    """The mean effect of k studies. Numbers that the studies cannot give are NaN, and `reason` says why.

    Attributes:
        estimate: the weighted mean, in the unit of the effects (take logarithms of ratios before pooling).
        std_error: of it.
        df: k - 1 for the Hartung-Knapp intervals, else infinity.
        lower, upper: the interval of the mean.
        level: of both intervals.
        statistic: estimate over standard error.
        p_value: two-sided, of a mean of 0.
        tau2: the variance between studies' true effects; 0 for a fixed effect.
        tau2_std_error: of it; NaN for a fixed effect.
        i2: the part of the effects' variance that is between studies, 0 to 1 (metafor prints it in percent).
        h2: the variance of effects over that expected from their standard errors.
        q: Cochran's, with `q_df` degrees of freedom and p-value `q_p` for "all studies share one effect".
        prediction_lower, prediction_upper: where the effect of one more study would lie; NaN for a fixed effect.
        n_studies: k.
        method: in words.
        reason: why there is no interval; empty where there is one.
    """

    estimate: float
    std_error: float
    df: float
    lower: float
    upper: float
    level: float
    statistic: float
    p_value: float
    tau2: float
    tau2_std_error: float
    i2: float
    h2: float
    q: float
    q_df: int
    q_p: float
    prediction_lower: float
    prediction_upper: float
    n_studies: int
    method: str
    reason: str = ""


def fixed_effect(effects: ArrayLike, variances: ArrayLike, *, level: float = 0.95) -> Pooled:
    """The mean of studies weighted by 1 / variance, with its normal interval.

    It describes these studies only. Wrong for "base models like these": its interval shrinks with the rollouts and
    runs within studies, whatever the studies' differences. With `q_p` small or `i2` large, use `pool`.

    Args:
        effects: (k,) one per study.
        variances: (k,) their squared standard errors, more than 0.
        level: of the interval, between 0 and 1.

    Raises:
        ValueError: lists that do not fit, values that are not finite, or an argument outside its range.

    >>> mean = fixed_effect([-1.0, -0.5], [0.04, 0.01])
    >>> round(mean.estimate, 3), round(mean.std_error, 4)
    (-0.6, 0.0894)
    """
    y, v, x = checked_studies(effects, variances)
    fit = weighted_fit(y, v, x, 0.0)
    return _pooled(fit, fit, BetweenVariance(0.0, math.nan, "fixed effect"), MeanInterval.NORMAL, level, fixed=True)


def pool(
    effects: ArrayLike,
    variances: ArrayLike,
    between: BetweenEstimator = tau2_reml,
    *,
    interval: MeanInterval = MeanInterval.HARTUNG_KNAPP,
    level: float = 0.95,
) -> Pooled:
    """The random-effects mean of studies, with the interval of the mean and that of one more study.

    The study (base model) is the unit: k of them give k - 1 degrees of freedom, so that the default interval is very
    wide at 3 (at least 4.3 standard errors each way) and of little use at 2 (12.7). The others buy their width with
    errors: a normal interval takes tau2 as known, and with few studies may reject a true null in over 30 % of cases
    (DerSimonian-Laird; IntHout 2014); the unguarded Hartung-Knapp interval can be narrower than that of a fixed effect
    where studies happen to agree (Wiksten 2016), which the guard prevents: the default is never narrower than `normal`,
    nor than `fixed_effect`. All are wrong where the studies' own standard errors are (rollouts taken as independent
    runs), or where only studies with some results were reported.

    Source: DerSimonian & Laird (1986); Knapp & Hartung (2003), Stat. Med. 22, 2693-2710; guard: Rover, Knapp & Friede
    (2015), BMC Med. Res. Methodol. 15:99; prediction interval: Riley, Higgins & Deeks (2011), BMJ 342, d549, with the
    quantile and standard error of the mean's interval, as R's metafor; others use t with k - 2 degrees of freedom.

    Args:
        effects: (k,) one per study.
        variances: (k,) their squared standard errors, more than 0.
        between: which estimator of tau2.
        interval: how the mean's standard error and interval are found.
        level: of the intervals, between 0 and 1.

    Returns:
        With NaN and a reason for a single study, and where an unguarded interval would have no width.

    Raises:
        ValueError: lists that do not fit, values that are not finite, or an argument outside its range.

    >>> mean = pool([0.1, 0.5, 1.2], [0.04, 0.04, 0.04])
    >>> round(mean.estimate, 3), round(mean.lower, 2), round(mean.upper, 2)
    (0.6, -0.78, 1.98)
    """
    y, v, x = checked_studies(effects, variances)
    found = between(y, v, None)
    if not found.tau2 >= 0:
        found = BetweenVariance(math.nan, math.nan, found.estimator, found.reason or "tau2 has no estimate")
    tau2 = 0.0 if found.reason else found.tau2
    return _pooled(weighted_fit(y, v, x, tau2), weighted_fit(y, v, x, 0.0), found, interval, level)


def leave_one_out(
    effects: ArrayLike,
    variances: ArrayLike,
    between: BetweenEstimator = tau2_reml,
    *,
    interval: MeanInterval = MeanInterval.HARTUNG_KNAPP,
    level: float = 0.95,
) -> tuple[Pooled, ...]:
    """The random-effects mean without each study in turn, in their order; empty for a single study.

    Arguments and errors as `pool`.
    """
    y, v, _ = checked_studies(effects, variances)
    kept = [np.arange(len(y)) != left_out for left_out in range(len(y))] if len(y) > 1 else []
    return tuple(pool(y[rest], v[rest], between, interval=interval, level=level) for rest in kept)


def _pooled(
    fit: WeightedFit,
    common: WeightedFit,
    between: BetweenVariance,
    interval: MeanInterval,
    level: float,
    *,
    fixed: bool = False,
) -> Pooled:
    """The result of a weighted mean; `common` is the fit at tau2 = 0, which Q, I2 and H2 are about."""
    check_level(level)
    studies = len(fit.weights)
    df = math.inf if interval is MeanInterval.NORMAL else float(studies - 1)
    estimate, variance = float(fit.coefficients[0]), float(fit.covariance[0, 0])
    reason = between.reason
    std_error = math.nan if reason else math.sqrt(variance * variance_scale(fit, interval))
    if std_error <= ROUNDING * max(abs(estimate), math.sqrt(variance)):
        std_error, reason = 0.0, "the studies agree to the last digit: their spread says nothing of the mean's error"
    reach = math.nan if reason else float(stdtrit(df, (1 + level) / 2))
    mean = withheld(estimate, reason) if reason else t_inference(estimate, std_error, df, level)
    further = math.nan if fixed else reach * math.sqrt(std_error**2 + between.tau2)
    i2, h2 = _heterogeneity(common, between.tau2, fixed=fixed)
    free = studies - 1
    return Pooled(
        estimate=estimate,
        std_error=std_error,
        df=df,
        lower=mean.lower,
        upper=mean.upper,
        level=level,
        statistic=math.nan if reason else estimate / std_error,
        p_value=mean.p_value,
        tau2=between.tau2,
        tau2_std_error=between.std_error,
        i2=i2,
        h2=h2,
        q=common.squares,
        q_df=free,
        q_p=float(chdtrc(free, common.squares)) if free else math.nan,
        prediction_lower=estimate - further,
        prediction_upper=estimate + further,
        n_studies=studies,
        method=_words(between.estimator, interval, fixed=fixed),
        reason=reason,
    )


def variance_scale(fit: WeightedFit, interval: MeanInterval) -> float:
    """What (X'WX)^-1 is multiplied by to give the covariance of the coefficients."""
    if interval is MeanInterval.NORMAL:
        return 1.0
    free = len(fit.weights) - len(fit.coefficients)
    mean_square = fit.squares / free if free else math.nan
    return mean_square if interval is MeanInterval.HARTUNG_KNAPP_UNGUARDED else max(1.0, mean_square)


def _heterogeneity(common: WeightedFit, tau2: float, *, fixed: bool) -> tuple[float, float]:
    """I2 and H2: from Q for a fixed effect, else from tau2 beside the typical variance within studies."""
    free = len(common.weights) - len(common.coefficients)
    if free == 0:
        return math.nan, math.nan
    if fixed:
        return max(0.0, 1 - free / common.squares) if common.squares > 0 else 0.0, common.squares / free
    within = free / common.trace()
    return tau2 / (within + tau2), tau2 / within + 1


def _words(estimator: str, interval: MeanInterval, *, fixed: bool) -> str:
    if fixed:
        return "fixed effect, weights 1 / variance; normal interval"
    quantile = {
        MeanInterval.NORMAL: "normal interval",
        MeanInterval.HARTUNG_KNAPP: "Hartung-Knapp interval, never narrower than the normal one",
        MeanInterval.HARTUNG_KNAPP_UNGUARDED: "Hartung-Knapp interval without a guard",
    }[interval]
    return f"random effects, tau2 by {estimator}; {quantile}"
