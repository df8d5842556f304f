"""A claim held against means over training runs whose spread is printed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import logit, stdtr, stdtrit

from mixablate.estimate.counts.checks import check_level
from mixablate.estimate.reported.reported_claim import ClaimedRegion, ReportedClaim
from mixablate.estimate.reported.rounding import possible_rates, possible_values
from mixablate.estimate.runs.region import FEWEST_RUNS
from mixablate.study import RATE, Reported

__all__ = ["OverRuns", "RunSpread", "over_runs", "run_spread"]

WELCH = "Welch's t on the printed means over runs and their spread, over the worst case of rounding"
NO_SPREAD = "the printed spread over runs is 0 in every digit"
NO_RATIO = "a ratio with a rate of 0 has no interval"


@dataclass(frozen=True, slots=True)
class RunSpread:
    """A printed mean rate over training runs, and how they differ.

    Attributes:
        low, high: the least and the largest mean that is printed so.
        sd: the largest SD of run rates that the printed interval allows.
        runs: 3 or more.
    """

    low: float
    high: float
    sd: float
    runs: int

    @property
    def mean(self) -> float:
        """The middle of what the print allows."""
        return (self.low + self.high) / 2

    @property
    def square(self) -> float:
        """The squared standard error of the mean."""
        return self.sd**2 / self.runs


@dataclass(frozen=True, slots=True)
class OverRuns:
    """What the runs' printed means and spreads say of a claim.

    Attributes:
        lower, upper: two-sided interval of treated minus (or, of a ratio, over) reference, or of the treated rate.
        std_error: of the estimate, of a ratio on its log.
        df: Welch's.
        p_support, p_contradict: one-sided p of the claimed region's boundary.
        method: the formula.
        reason: why numbers are missing (NaN; p of 1); empty where none is.
    """

    lower: float
    upper: float
    std_error: float
    df: float
    p_support: float
    p_contradict: float
    method: str = WELCH
    reason: str = ""


def run_spread(record: Reported) -> RunSpread | None:
    """The mean and spread over runs that a record prints; None where it prints none, or fewer than 3 runs.

    One SD either way, or one standard error of the mean over runs either way. Half the printed interval's width, at its
    widest within rounding, is the SD (or SEM).
    """
    kinds = {"sd": 1, "sem_of_runs": record.runs or 0}
    limits = record.limits
    if record.unit != RATE or record.interval_kind not in kinds or limits is None or (record.runs or 0) < FEWEST_RUNS:
        return None
    rates, low, high = possible_rates(record.figure), possible_values(limits[0]), possible_values(limits[1])
    if rates.lower is None or rates.upper is None or low.lower is None or high.upper is None:
        return None
    half = float(high.upper - low.lower) / 2
    return RunSpread(
        float(rates.lower), float(rates.upper), half * math.sqrt(kinds[record.interval_kind]), record.runs or 0
    )


def over_runs(
    reference: RunSpread | None, treated: RunSpread, claim: ReportedClaim, *, level: float = 0.95
) -> OverRuns:
    """The claim held against the means over runs, each rate at the end of its rounding that is worst for the answer.

    Differences and rates by Welch's t on run rates; ratios by the same on their logs, with delta-method variances. A
    claim of any drop must hold on the log-odds too, where our own verdicts test it. Wrong where a few runs carry a rate
    near 0 or 1, whose spread is not normal.

    Source: Welch (1947), Biometrika 34, 28-35, from summary statistics.

    Args:
        reference: None for `reaches_zero`.
        treated: of the treated arm.
        claim: its region.
        level: of the interval, between 0 and 1.

    Raises:
        ValueError: the level outside its range.
    """
    check_level(level)
    if claim.region is ClaimedRegion.REACHES_ZERO or reference is None:
        return _held((treated.low, treated.high), [(treated.square, treated.runs)], (-math.inf, claim.amount), level)
    squares = [(reference.square, reference.runs), (treated.square, treated.runs)]
    ends = (treated.low - reference.high, treated.high - reference.low)
    if claim.region is ClaimedRegion.AT_LEAST_RATIO:
        return _ratio(reference, treated, claim.amount, level)
    if claim.region is ClaimedRegion.EQUIVALENT:
        return _held(ends, squares, (-claim.amount, claim.amount), level)
    found = _held(ends, squares, (-math.inf, -claim.amount), level)
    return found if claim.amount else _with_log_odds(found, reference, treated, level)


def _held(
    ends: tuple[float, float], squares: list[tuple[float, int]], region: tuple[float, float], level: float
) -> OverRuns:
    variance = sum(square for square, _ in squares)
    if not variance > 0:
        return _missing(NO_SPREAD)
    error = math.sqrt(variance)
    df = variance**2 / sum(square**2 / (runs - 1) for square, runs in squares)
    spare = float(stdtrit(df, 0.5 + level / 2)) * error
    low, high = region
    inside = [stdtr(df, (ends[1] - high) / error), stdtr(df, (low - ends[0]) / error)]
    outside = [stdtr(df, (high - ends[0]) / error), stdtr(df, (ends[1] - low) / error)]
    return OverRuns(
        ends[0] - spare, ends[1] + spare, error, float(df), float(max(inside)), float(min(1.0, min(outside)))
    )


def _ratio(reference: RunSpread, treated: RunSpread, ratio: float, level: float) -> OverRuns:
    if min(reference.low, treated.low) <= 0:
        return _missing(NO_RATIO)
    ends = (math.log(treated.low / reference.high), math.log(treated.high / reference.low))
    squares = [(side.square / side.mean**2, side.runs) for side in (reference, treated)]
    found = _held(ends, squares, (-math.inf, -math.log(ratio)), level)
    if found.reason:
        return found
    lower, upper = math.exp(found.lower), math.exp(found.upper)
    return OverRuns(lower, upper, found.std_error, found.df, found.p_support, found.p_contradict)


def _with_log_odds(found: OverRuns, reference: RunSpread, treated: RunSpread, level: float) -> OverRuns:
    sides = (reference, treated)
    if found.reason or min(s.low for s in sides) <= 0 or max(s.high for s in sides) >= 1:
        return found
    ends = (float(logit(treated.low) - logit(reference.high)), float(logit(treated.high) - logit(reference.low)))
    squares = [(side.square / (side.mean * (1 - side.mean)) ** 2, side.runs) for side in sides]
    also = _held(ends, squares, (-math.inf, 0.0), level)
    return OverRuns(
        found.lower,
        found.upper,
        found.std_error,
        found.df,
        max(found.p_support, also.p_support),
        max(found.p_contradict, also.p_contradict),
        f"{WELCH}, on rates and on log-odds",
    )


def _missing(reason: str) -> OverRuns:
    return OverRuns(math.nan, math.nan, math.nan, math.nan, 1.0, 1.0, reason=reason)
