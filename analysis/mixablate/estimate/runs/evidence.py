"""The numbers behind one interval, and the functions that read limits and tail probabilities off them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, stdtr, stdtrit

from mixablate.design import Contrast
from mixablate.estimate.runs.rate_limits import RateSpread, difference_limits, log_ratio_limits
from mixablate.study import Scale

__all__ = ["PAIRED", "Evidence", "interval", "limits", "possible_interval", "tail", "two_sided_p"]

PAIRED = ("pairs", "block_pairs")
FARTHEST = 21.0  # normal quantile of 3e-98: beyond it t quantiles lose their digits, and no verdict changes


@dataclass(frozen=True, slots=True)
class Evidence:
    """A contrast with its standard error over training runs.

    Attributes:
        scale: unit of `estimate`.
        estimate: treated minus reference, or the ratio; NaN where undefined.
        std_error: of the estimate, of its logarithm on the risk_ratio scale.
        df: degrees of freedom (Satterthwaite, pairs - 1, Bell-McCaffrey, or min(runs, scenarios) - 1).
        layout: "cells" (independent arms), "pairs", "block_pairs" (pairs within several blocks), "regression"
            (unreplicated design), or "scenarios" (runs crossed with evals that stand for others).
        reference, treated: the two sides' mean level.
        rates: what the limits of a contrast of rates of independent arms are made of; None elsewhere.
        leverage: largest leverage among the runs that a regression's contrast uses, 0 in the other layouts.
        reason: why there is no standard error; empty where there is one.
    """

    scale: Scale
    estimate: float
    std_error: float
    df: float
    layout: Literal["cells", "pairs", "block_pairs", "regression", "scenarios"]
    reference: float
    treated: float
    rates: RateSpread | None = None
    leverage: float = 0.0
    reason: str = ""


def limits(evidence: Evidence, tail: float) -> tuple[float, float]:
    """Lower and upper limit, each exceeded with probability `tail` (at most one half).

    Contrasts of rates of independent arms have the limits of `rate_limits`. Another ratio is symmetric on the log,
    and everything else is the estimate plus or minus a t quantile times its standard error.
    """
    if evidence.rates is not None:
        if evidence.scale is Scale.RISK_DIFFERENCE:
            low, high = difference_limits(evidence.rates, tail)
            return float(low), float(high)
        low, high = log_ratio_limits(evidence.rates, tail)
        with np.errstate(over="ignore"):
            return float(np.exp(low)), float(np.exp(high))
    width = -float(stdtrit(evidence.df, tail)) * evidence.std_error
    if evidence.scale is Scale.RISK_RATIO:
        return evidence.estimate * math.exp(-width), evidence.estimate * math.exp(width)
    return evidence.estimate - width, evidence.estimate + width


def interval(evidence: Evidence, level: float) -> tuple[float, float]:
    """The two-sided interval at `level`."""
    return limits(evidence, (1.0 - level) / 2.0)


def possible_interval(evidence: Evidence, contrast: Contrast, level: float) -> tuple[float, float]:
    """The interval to be shown: of a paired contrast of rates, no further than rates between 0 and 1 can be apart.

    Symmetric limits of few, widely spread pairs reach beyond; what lies there is no possible value.
    """
    lower, upper = interval(evidence, level)
    if evidence.scale is not Scale.RISK_DIFFERENCE or evidence.layout not in PAIRED:
        return lower, upper
    coefficients = [coefficient for _, coefficient in contrast.coefficients]
    least, most = (sum(sign * c for c in coefficients if sign * c > 0) for sign in (-1.0, 1.0))
    return max(lower, -least), min(upper, most)


def tail(evidence: Evidence, boundary: float, *, below: bool) -> float:
    """One-sided p of "the effect is not below (or above) the boundary": small where the interval clears it.

    It is the tail probability at which `limits` touches the boundary, so that p <= alpha/2 exactly when the two-sided
    1 - alpha interval lies on the claimed side.
    """
    centre = _centre(evidence)
    clear = centre < boundary if below else centre > boundary
    if evidence.std_error == 0.0:
        return 0.0 if clear else 1.0
    p = _touching(evidence, boundary, upper=below == clear)
    return p if clear else 1.0 - p


def two_sided_p(evidence: Evidence) -> float:
    """Two-sided p of no effect, for evidence on an additive scale."""
    if evidence.std_error == 0.0:
        return 1.0 if evidence.estimate == 0.0 else 0.0
    return float(2.0 * stdtr(evidence.df, -abs(evidence.estimate) / evidence.std_error))


def _centre(evidence: Evidence) -> float:
    """Where both limits meet as their tails grow to one half: off the estimate where an arm stands at 0 or 1."""
    return evidence.estimate if evidence.rates is None else limits(evidence, 0.5)[0]


def _touching(evidence: Evidence, boundary: float, *, upper: bool) -> float:
    """The tail probability at which the upper (lower) limit reaches the boundary."""
    if evidence.rates is None:
        return float(stdtr(evidence.df, -abs(_distance(evidence, boundary))))

    def gap(z: float) -> float:
        return limits(evidence, float(ndtr(-z)))[upper] - boundary

    away = -1.0 if upper else 1.0  # the side of the boundary on which the centre lies
    if gap(0.0) * away <= 0.0:
        return 0.5  # centre and boundary differ in their last bits
    if gap(FARTHEST) * away > 0.0:
        return 0.0
    return float(ndtr(-brentq(gap, 0.0, FARTHEST, xtol=1e-12)))


def _distance(evidence: Evidence, boundary: float) -> float:
    """From the estimate to the boundary, in standard errors."""
    if evidence.scale is not Scale.RISK_RATIO:
        return (boundary - evidence.estimate) / evidence.std_error
    return math.log(boundary / evidence.estimate) / evidence.std_error if boundary > 0.0 else math.inf
