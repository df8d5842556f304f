"""The numbers behind one interval, and the functions that read limits and tail probabilities off them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit, stdtr, stdtrit

from mixablate.study import Scale

__all__ = ["Evidence", "interval", "limits", "tail", "two_sided_p"]

Floats = NDArray[np.float64]
FAR = 1e3  # a t multiplier beyond any tail probability that float64 can hold for the df met here


@dataclass(frozen=True, slots=True)
class Evidence:
    """A contrast with its standard error over training runs.

    Attributes:
        scale: unit of `estimate`.
        estimate: treated minus reference, or the ratio; NaN where undefined.
        std_error: of the estimate, of its logarithm on the risk_ratio scale.
        df: degrees of freedom (Satterthwaite, pairs - 1, or Bell-McCaffrey).
        layout: "cells" (independent arms), "pairs", or "regression" (unreplicated design).
        coefficients, means, logit_se: per arm, for the asymmetric interval of a rate difference; empty elsewhere.
        reference, treated: the two sides' mean level.
        leverage: largest leverage among the runs that a regression's contrast uses, 0 in the other layouts.
        reason: why there is no standard error; empty where there is one.
    """

    scale: Scale
    estimate: float
    std_error: float
    df: float
    layout: Literal["cells", "pairs", "regression"]
    coefficients: Floats
    means: Floats
    logit_se: Floats
    reference: float
    treated: float
    leverage: float = 0.0
    reason: str = ""


def limits(evidence: Evidence, multiplier: float) -> tuple[float, float]:
    """Lower and upper limit at a multiplier of the standard error (a t quantile).

    A difference of rates gets MOVER limits (Zou and Donner 2008, Stat. Med. 27:1693, eq. 3): each arm's mean run rate
    has limits symmetric on the logit, combined by the squares of their distances; they never leave [-1, 1] and
    lean the way the skew of rare rates demands. A ratio is symmetric on the log.
    Everything else is estimate plus or minus.
    """
    if evidence.scale is Scale.RISK_RATIO:
        width = multiplier * evidence.std_error
        return evidence.estimate * math.exp(-width), evidence.estimate * math.exp(width)
    if not evidence.means.size:
        width = multiplier * evidence.std_error
        return evidence.estimate - width, evidence.estimate + width
    centre = logit(evidence.means)
    low = expit(centre - multiplier * evidence.logit_se)
    high = expit(centre + multiplier * evidence.logit_se)
    positive = evidence.coefficients > 0
    down = np.where(positive, evidence.means - low, high - evidence.means)
    up = np.where(positive, high - evidence.means, evidence.means - low)
    squares = evidence.coefficients**2
    most = float(evidence.coefficients[positive].sum())  # an arm at 0 or n has its centre off its mean: hence the clip
    return (
        max(-most, evidence.estimate - math.sqrt(float(squares @ down**2))),
        min(most, evidence.estimate + math.sqrt(float(squares @ up**2))),
    )


def interval(evidence: Evidence, level: float) -> tuple[float, float]:
    """The two-sided interval at `level`."""
    return limits(evidence, float(stdtrit(evidence.df, 0.5 + level / 2)))


def tail(evidence: Evidence, boundary: float, *, below: bool) -> float:
    """One-sided p of "the effect is not below (or above) the boundary": small where the interval clears it.

    It is the level at which `limits` touches the boundary, so that p <= alpha/2 exactly when the two-sided 1 - alpha
    interval lies on the claimed side.
    """
    if evidence.std_error == 0.0:
        inside = evidence.estimate < boundary if below else evidence.estimate > boundary
        return 0.0 if inside else 1.0
    clear = evidence.estimate < boundary if below else evidence.estimate > boundary
    side = 1 if below == clear else 0
    p = float(stdtr(evidence.df, -_touching(evidence, boundary, side)))
    return p if clear else 1.0 - p


def two_sided_p(evidence: Evidence) -> float:
    """Two-sided p of no effect, for evidence on an additive scale."""
    if evidence.std_error == 0.0:
        return 1.0 if evidence.estimate == 0.0 else 0.0
    return float(2.0 * stdtr(evidence.df, -abs(evidence.estimate) / evidence.std_error))


def _touching(evidence: Evidence, boundary: float, side: int) -> float:
    if evidence.scale is Scale.RISK_RATIO:
        if boundary <= 0.0:
            return FAR
        return abs(math.log(boundary / evidence.estimate)) / evidence.std_error
    if not evidence.means.size:
        return abs(boundary - evidence.estimate) / evidence.std_error

    def gap(multiplier: float) -> float:
        return limits(evidence, multiplier)[side] - boundary

    if gap(0.0) * gap(FAR) > 0.0:
        return FAR
    return float(brentq(gap, 0.0, FAR, xtol=1e-12))
