"""A published rate, and how far it may lie from what it estimates: as a claim typed it, or as a record prints it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.special import ndtr, ndtri, stdtrit

from mixablate.errors import ClaimError, Problem
from mixablate.estimate import wilson
from mixablate.estimate.reported import (
    PossibleValues,
    Role,
    RunSpread,
    possible_rates,
    possible_values,
    reported_side,
    run_spread,
)
from mixablate.study import MatchesRate, Reported

__all__ = ["PublishedRate", "published_rate"]

OF_ONE_MODEL = "the published rate's interval holds no run-to-run spread of its own mix"
EXACT = "no n and no interval was published: the rate is taken as exact"
ROUNDED = "no n and no interval was published: the rate is taken as exact but for its rounding"
FEW_RUNS = "the printed spread is of fewer than 3 training runs, or of a number not stated, and is not used"
NO_LEVEL = "the level of the published interval is not stated: taken as 95%"
USUAL_LEVEL = 0.95
ONE_SEM = float(ndtr(1.0) - ndtr(-1.0))
SMALLEST_TAIL = 1e-12  # beyond it a level is 1 but for rounding, and no verdict changes

Limits = Callable[[float], tuple[float, float]]
"""A tail probability -> the lower and upper limit that are each exceeded with it."""


@dataclass(frozen=True, slots=True)
class PublishedRate:
    """A rate with its limits.

    Attributes:
        rate: as a fraction.
        source: what its uncertainty is taken from, in words.
        limits: of the rate, by tail.
        notes: what a reader must know of them.
        reason: why the print cannot be right; empty where it can.
        scope: whom the limits are about.
    """

    rate: float
    source: str
    limits: Limits
    notes: tuple[str, ...]
    reason: str = ""
    scope: str = "the published model only"

    def reach(self, tail: float) -> tuple[float, float]:
        """Distances from the rate down and up to its limits."""
        low, high = self.limits(tail)
        return max(self.rate - low, 0.0), max(high - self.rate, 0.0)


def published_rate(claim: MatchesRate) -> PublishedRate:
    """The rate that a claim holds ours against: its own `rate`, or that of the record it cites.

    Raises:
        ClaimError: it cites a record, and is not part of a study that has it.
    """
    if claim.rate is not None:
        return _typed(claim, claim.rate)
    if claim.cited is None:
        found, required = f'the record "{claim.record}"', "a claim of a study with that [[reported]] record"
        raise ClaimError(Problem("CLAIM_RECORD", f'claim "{claim.id}"', found, required, "Take it from the study."))
    return _printed(claim.cited)


def _typed(claim: MatchesRate, rate: float) -> PublishedRate:
    if claim.n is not None:
        events = rate * claim.n
        return PublishedRate(rate, f"n = {claim.n}, Wilson", _of_counts(events, events, claim.n), (OF_ONE_MODEL,))
    if claim.rate_lower is not None and claim.rate_upper is not None:
        limits = _of_interval(rate, claim.rate_lower, claim.rate_upper, claim.rate_level)
        return PublishedRate(rate, f"its {claim.rate_level:.0%} interval", limits, (OF_ONE_MODEL,))
    return PublishedRate(rate, "no n stated", lambda _: (rate, rate), (EXACT,))


def _printed(record: Reported) -> PublishedRate:
    """By what says most of the record's uncertainty: its runs' spread, else its n, its interval, its rounding."""
    cited = f'record "{record.id}"'
    rates, rate = possible_rates(record.figure), float(record.figure.figure)
    spread = run_spread(record)
    if spread is not None:
        source = f"{cited}, the spread of its {spread.runs} runs, t"
        return PublishedRate(spread.mean, source, _of_runs(spread), (), scope="runs like the published ones")
    if record.n is not None:
        side = reported_side(record, Role.TREATED)
        assert side.counts is not None
        counts, reason = side.counts.counts or range(record.n + 1), side.counts.reason
        said = f"{cited} prints {record.value} with n = {record.n}, which is impossible: {reason}" if reason else ""
        limits = _of_counts(counts[0], counts[-1], record.n)
        return PublishedRate(side.taken, f"{cited}, n = {record.n}, Wilson", limits, (OF_ONE_MODEL,), said)
    if record.limits is not None and record.interval_kind not in ("sd", "sem_of_runs"):
        low, high = (possible_values(end) for end in record.limits)
        level = ONE_SEM if record.interval_kind == "sem" else record.interval_level
        limits = _of_interval(rate, _end(low, 0), _end(high, 1), level or USUAL_LEVEL)
        notes = (OF_ONE_MODEL,) if level else (OF_ONE_MODEL, NO_LEVEL)
        return PublishedRate(rate, f"{cited}, its {level or USUAL_LEVEL:.0%} interval", limits, notes)
    ends = (_end(rates, 0), _end(rates, 1))
    notes = (ROUNDED,) if record.limits is None else (FEW_RUNS, ROUNDED)
    return PublishedRate(rate, f"{cited}, no n stated", lambda _: ends, notes)


def _end(values: PossibleValues, side: int) -> float:
    """The least (0) or largest (1) rate that may have been printed so."""
    value = values.upper if side else values.lower
    return float(side) if value is None else min(max(float(value), 0.0), 1.0)


def _of_counts(fewest: float, most: float, n: int) -> Limits:
    """Wilson's, over every count from the fewest to the most."""

    def limits(tail: float) -> tuple[float, float]:
        level = 1.0 - 2.0 * max(tail, SMALLEST_TAIL)
        return (wilson(fewest, n, level)[0], wilson(most, n, level)[1]) if level > 0.0 else (fewest / n, most / n)

    return limits


def _of_runs(spread: RunSpread) -> Limits:
    """Student's t on the mean over runs, over what rounding allows."""

    def limits(tail: float) -> tuple[float, float]:
        reach = -float(stdtrit(spread.runs - 1, max(tail, SMALLEST_TAIL))) * math.sqrt(spread.square)
        return spread.low - reach, spread.high + reach

    return limits


def _of_interval(rate: float, low: float, high: float, level: float) -> Limits:
    """An interval's ends, moved as those of a normal distribution would be."""

    def limits(tail: float) -> tuple[float, float]:
        stretch = float(ndtri(tail) / ndtri((1.0 - level) / 2.0))
        return rate - (rate - low) * stretch, rate + (high - rate) * stretch

    return limits
