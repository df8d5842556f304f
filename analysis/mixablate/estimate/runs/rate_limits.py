"""Limits for differences and ratios of mean run rates, for one study or for many at once.

Rates of runs are skewed: a plain Welch interval on them covers 83 to 98 % where 95 was promised. The limits here differ
from it in three ways, each settled by the calibration that docs/calibration.md shows.

1. Each arm's mean rate has limits symmetric on the logit; they are combined by the squares of their distances (MOVER,
   Zou & Donner 2008, Stat. Med. 27, 1693, eq. 3). A ratio is symmetric on the log.
2. An arm's spread is that of its rates (delta method) or of its log-odds, whichever makes the contrast wider: where
   few runs drew low rates, their standard deviation is too small whenever their mean is, that of log-odds is not.
3. Between two arms Satterthwaite's degrees of freedom, estimated from such spreads, are too many when the smaller arm
   carries the variance. Each arm's t quantile is moved toward that of its own n - 1 degrees of freedom (Cochran's
   solution, 1964, Biometrics 20, 191), by the share min(1, k / (n - 1)), k = 1.5 for differences and 1 for ratios. With
   several arms a side the estimated degrees of freedom err on the safe side, and stand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, stdtrit

from mixablate.estimate.runs.cells import CellArrays, cell_moments, satterthwaite
from mixablate.study import Scale

__all__ = ["RateSpread", "difference_limits", "log_ratio_limits", "rate_spread"]

Floats = NDArray[np.float64]
OWN_DF = {Scale.RISK_DIFFERENCE: 1.5, Scale.RISK_RATIO: 1.0}
"""k of rule 3: the calibrated weight of an arm's own degrees of freedom, over n - 1."""


@dataclass(frozen=True, slots=True)
class RateSpread:
    """What the limits of a contrast of mean run rates are made of; C arms, for each of any leading studies.

    Attributes:
        coefficients: (C,) the contrast's.
        rates: (..., C) mean run rates; at 0 or 1 half an event or non-event is added.
        logit_se: (..., C) standard errors of the rates' logits; that of rollouts alone at 0 or 1.
        own_df: (C,), or (..., C) where the studies' arms differ in size: runs - 1.
        own_share: of the same shape: how far each arm's t quantile is moved to that of its own df.
        std_error: (...) of the contrast: of the difference, or of the log ratio.
        df: (...) Satterthwaite's.
    """

    coefficients: Floats
    rates: Floats
    logit_se: Floats
    own_df: Floats
    own_share: Floats
    std_error: Floats
    df: Floats


def rate_spread(rates: Floats, log_odds: Floats, trials: Floats, cells: CellArrays, scale: Scale) -> RateSpread:
    """The spread of a contrast of mean run rates on the scale of its difference or of its log ratio.

    Args:
        rates: (..., R) of the runs of `cells`.
        log_odds: (..., R) log((k + 1/2)/(n - k + 1/2)) of the same runs.
        trials: (R,) scored rollouts of the runs.
        cells: the runs' arms, each of at least 2 runs.
        scale: RISK_DIFFERENCE or RISK_RATIO.
    """
    means, variances = cell_moments(rates, cells)
    total = trials @ cells.indicator
    flat = (means <= 0.0) | (means >= 1.0)
    centre = np.where(flat, (means * total + 0.5) / (total + 1.0), means)
    slope = centre * (1.0 - centre)
    _, log_odds_variances = cell_moments(log_odds, cells)
    floor = np.where(flat, 1.0 / (total * slope), 0.0)
    candidates = [np.maximum(found, floor) for found in (variances / slope**2, log_odds_variances)]
    weights = (cells.coefficients * slope / _unit(centre, cells.coefficients, scale)) ** 2
    spread, other = ((weights * found).sum(axis=-1) for found in candidates)
    squared = np.where((spread >= other)[..., None], *candidates)
    shares = weights * squared
    two_arms = cells.counts.size == 2
    own_df = cells.counts - 1.0
    return RateSpread(
        coefficients=cells.coefficients,
        rates=centre,
        logit_se=np.sqrt(squared),
        own_df=own_df,
        own_share=np.minimum(1.0, OWN_DF[scale] / own_df) if two_arms else np.zeros_like(own_df),
        std_error=np.sqrt(shares.sum(axis=-1)),
        df=satterthwaite(shares, cells.counts),
    )


def difference_limits(spread: RateSpread, tail: float | Floats) -> tuple[Floats, Floats]:
    """Lower and upper limits of the difference, each exceeded with probability `tail` (one, or (...)); shapes (...).

    They lie within minus and plus the sum of the positive coefficients (for two arms within -1 and 1).
    """
    reach = _quantiles(spread, tail) * spread.logit_se
    low, high = expit(logit(spread.rates) - reach), expit(logit(spread.rates) + reach)
    treated = spread.coefficients > 0
    down = np.where(treated, spread.rates - low, high - spread.rates)
    up = np.where(treated, high - spread.rates, spread.rates - low)
    squares = spread.coefficients**2
    difference = spread.rates @ spread.coefficients
    most = float(spread.coefficients[treated].sum())  # an arm at 0 or n has its centre off its mean: hence the clip
    return (
        np.maximum(-most, difference - np.sqrt(down**2 @ squares)),
        np.minimum(most, difference + np.sqrt(up**2 @ squares)),
    )


def log_ratio_limits(spread: RateSpread, tail: float | Floats) -> tuple[Floats, Floats]:
    """Lower and upper limits of the log of treated over reference, each exceeded with probability `tail`; (...)."""
    coefficients = spread.coefficients
    unit = _unit(spread.rates, coefficients, Scale.RISK_RATIO)
    slope = spread.rates * (1.0 - spread.rates)
    shares = (coefficients * slope * spread.logit_se / unit) ** 2
    reach = np.sqrt((_quantiles(spread, tail) ** 2 * shares).sum(axis=-1))
    treated = spread.rates @ np.clip(coefficients, 0.0, None)
    centre = np.log(treated / (spread.rates @ np.clip(-coefficients, 0.0, None)))
    return centre - reach, centre + reach


def _quantiles(spread: RateSpread, tail: float | Floats) -> Floats:
    """The t quantile of each arm, (..., C), or (..., 1) where all arms share one."""
    shared = np.asarray(-stdtrit(spread.df, tail))[..., None]
    if not spread.own_share.any():
        return np.asarray(shared, dtype=float)
    own = -stdtrit(spread.own_df, np.asarray(tail)[..., None])
    return np.asarray(shared + spread.own_share * (own - shared))


def _unit(rates: Floats, coefficients: Floats, scale: Scale) -> Floats:
    """What a change of an arm's rate is divided by, (..., C): 1, or for a log ratio its own side's mean rate."""
    if scale is Scale.RISK_DIFFERENCE:
        return np.ones_like(rates)
    treated = (rates @ np.clip(coefficients, 0.0, None))[..., None]
    reference = (rates @ np.clip(-coefficients, 0.0, None))[..., None]
    return np.where(coefficients > 0, treated, reference)
