"""An estimate with its t interval, or with the reason why it has none."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import stdtr, stdtrit

from mixablate.estimate.counts.checks import check_level

__all__ = ["Inference", "t_inference", "withheld"]

ROUNDING = 1e-10
"""A standard error below this part of its estimate is what floating point leaves of zero, not a spread over runs."""


@dataclass(frozen=True, slots=True)
class Inference:
    """An estimate with its t interval. The numbers after the estimate are NaN where `reason` says why.

    Attributes:
        estimate: in the unit of the contrast.
        std_error: over clusters (runs), or of the working model where that was asked for.
        df: Satterthwaite's; infinity for the working model's standard error.
        lower, upper: two-sided interval.
        p_value: two-sided, of no difference from 0.
        reason: why there is no standard error; empty where there is one.
        leverage: the largest among the clusters that the estimate uses; 0 where it was not asked for.
    """

    estimate: float
    std_error: float
    df: float
    lower: float
    upper: float
    p_value: float
    reason: str = ""
    leverage: float = 0.0


def t_inference(estimate: float, std_error: float, df: float, level: float = 0.95) -> Inference:
    """The t interval and two-sided p-value of an estimate.

    Args:
        estimate: the estimate.
        std_error: its standard error, 0 or more; at 0, or within rounding of the estimate, the clusters agree to the
            last digit: no spread was seen, and the interval is withheld.
        df: degrees of freedom; infinity gives the normal interval.
        level: of the interval, between 0 and 1.

    Raises:
        ValueError: a level outside its range.
    """
    check_level(level)
    if not (std_error > ROUNDING * abs(estimate) and df > 0):
        return withheld(estimate, "no spread between runs was seen")
    reach = float(stdtrit(df, (1 + level) / 2)) * std_error
    p_value = 2 * float(stdtr(df, -abs(estimate) / std_error))
    return Inference(estimate, std_error, df, estimate - reach, estimate + reach, p_value)


def withheld(estimate: float, reason: str) -> Inference:
    """The estimate alone, with the reason why nothing is said about its error."""
    return Inference(estimate, math.nan, math.nan, math.nan, math.nan, math.nan, reason)
