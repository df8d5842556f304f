"""How many rollouts a printed interval implies: the n for which the formula gives those limits, rounded so."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mixablate.estimate.counts.one_proportion import clopper_pearson, wald_interval, wilson
from mixablate.estimate.reported.count_reconstruction import possible_counts
from mixablate.estimate.reported.rounding import PossibleValues, possible_rates, possible_values
from mixablate.study import IntervalKind, Reported

__all__ = ["ImpliedTrials", "implied_trials"]

Interval = Callable[[float, float], tuple[float, float]]
Prints = tuple[PossibleValues, PossibleValues]

ONE_STANDARD_ERROR = math.erf(math.sqrt(0.5))
"""The level of an interval of one standard error either way: .683."""

ASSUMED_LEVEL = 0.95
NO_INTERVAL = "no interval is printed"
NOT_A_RATE = "the figure is not a rate"
OVER_RUNS = "one {unit} either way says how runs differ, not how many rollouts there were"
SPREAD = {"sem_of_runs": "standard error over runs"}
NONE_FITS = "no number of rollouts up to {largest} gives these limits by this formula"
ROUNDING = 1e-9
"""Limits this close to half a unit of the last digit count as rounded either way: they carry floating-point error."""


@dataclass(frozen=True, slots=True)
class ImpliedTrials:
    """The numbers of rollouts that reproduce a printed interval by one formula.

    Attributes:
        kind: the formula.
        level: its confidence level, as stated or else 95 %; one standard error has .683.
        solutions: each n with the fewest and the most events that give these limits.
        reason: why there is none; empty where there is one.
    """

    kind: IntervalKind
    level: float
    solutions: tuple[tuple[int, int, int], ...]
    reason: str = ""

    @property
    def trials(self) -> tuple[int, ...]:
        """The numbers of rollouts, ascending."""
        return tuple(n for n, _, _ in self.solutions)


def implied_trials(record: Reported, *, largest: int = 10_000) -> tuple[ImpliedTrials, ...]:
    """The n behind a printed interval, by its stated formula, or by each known one where none is stated.

    Both limits and the value must round to what is printed. The n is that of independent rollouts: of an interval that
    was widened for clustering it is the effective number, and of one that was not it says nothing of the runs. An end
    beyond 0 or 1 may have been cut there.

    Args:
        record: a rate with an interval.
        largest: where the search ends.

    Raises:
        ValueError: a search that ends before 1.
    """
    if not largest >= 1:
        raise ValueError(f"largest must be 1 or more, found {largest}")
    kinds: tuple[IntervalKind, ...] = (record.interval_kind,)
    if record.interval_kind == "unknown" and record.limits is not None and record.unit == "rate":
        kinds = ("wilson", "clopper_pearson", "wald", "sem")
    return tuple(_by_formula(record, kind, largest) for kind in kinds)


def _by_formula(record: Reported, kind: IntervalKind, largest: int) -> ImpliedTrials:
    level = ONE_STANDARD_ERROR if kind in {"sem", "sd", "sem_of_runs"} else record.interval_level or ASSUMED_LEVEL
    limits = record.limits
    if limits is None or record.unit != "rate" or kind in {"sd", "sem_of_runs", "unknown"}:
        reason = (
            NO_INTERVAL
            if limits is None
            else NOT_A_RATE
            if record.unit != "rate"
            else OVER_RUNS.format(unit=SPREAD.get(kind, "SD"))
        )
        return ImpliedTrials(kind, level, (), reason)
    rates, lower, upper = possible_rates(record.figure), possible_values(limits[0]), possible_values(limits[1])
    formula = _formula(kind, level)
    found = []
    for trials in _candidates(rates, (lower, upper), formula, largest):
        counts = possible_counts(rates, trials).counts
        fitting = _fitting(counts, trials, formula, (lower, upper))
        if fitting:
            found.append((trials, fitting[0], fitting[-1]))
    return ImpliedTrials(kind, level, tuple(found), "" if found else NONE_FITS.format(largest=largest))


def _formula(kind: IntervalKind, level: float) -> Interval:
    formulas = {"wilson": wilson, "clopper_pearson": clopper_pearson}
    return partial(formulas.get(kind, wald_interval), level=level)


def _fitting(counts: range, trials: int, formula: Interval, printed: Prints) -> range:
    """The counts whose limits are printed so: a stretch, since both limits rise with the count (cut at 0 and 1).

    A Wald limit printed beyond 0 or 1 was not cut; its lower one falls at first, so that all counts are tried.
    """
    if _beyond(printed):
        held = [k for k in counts if _reached(formula(k, trials), printed) and _kept(formula(k, trials), printed)]
        return range(held[0], held[-1] + 1) if held else range(0)
    first = bisect_left(counts, True, key=lambda k: _reached(_cut(formula(k, trials)), printed))
    past = bisect_left(counts, True, key=lambda k: not _kept(_cut(formula(k, trials)), printed))
    return counts[first:past]


def _beyond(printed: Prints) -> bool:
    """Whether a limit is printed below 0 or above 1, as only a Wald limit can be."""
    return _largest(printed[0]) < 0 or _least(printed[1]) > 1


def _reached(limits: tuple[float, float], printed: Prints) -> bool:
    return all(limit >= _least(one) - ROUNDING for limit, one in zip(limits, printed, strict=True))


def _kept(limits: tuple[float, float], printed: Prints) -> bool:
    return all(limit <= _largest(one) + ROUNDING for limit, one in zip(limits, printed, strict=True))


def _cut(limits: tuple[float, float]) -> tuple[float, float]:
    return min(1.0, max(0.0, limits[0])), min(1.0, max(0.0, limits[1]))


def _candidates(rates: PossibleValues, printed: Prints, formula: Interval, largest: int) -> range:
    """The n that the limits allow at real-valued counts: both limits close in on a fixed rate as n grows.

    So the lower limit at the highest rate must have come up to its print, that at the lowest rate not passed it, and
    the same from above; each of the four bounds n by bisection. Wald limits beyond 0 or 1 do not rise with the rate:
    there every n is a candidate.
    """
    if _beyond(printed):
        return range(1, largest + 1)
    low, high = _least(rates), _largest(rates)

    def limit(rate: float, trials: int, side: int) -> float:
        return _cut(formula(rate * trials, trials))[side]

    least = max(
        _first(lambda n: limit(high, n, 0) >= _least(printed[0]) - ROUNDING, largest),
        _first(lambda n: limit(low, n, 1) <= _largest(printed[1]) + ROUNDING, largest),
    )
    past = min(
        _first(lambda n: limit(low, n, 0) > _largest(printed[0]) + ROUNDING, largest),
        _first(lambda n: limit(high, n, 1) < _least(printed[1]) - ROUNDING, largest),
    )
    return range(least, min(past, largest + 1))


def _first(holds: Callable[[int], bool], largest: int) -> int:
    """The first n from 1 on for which it holds, of a condition that stays true; one past the largest where none."""
    low, high = 0, largest + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _least(values: PossibleValues) -> float:
    return -math.inf if values.lower is None else float(values.lower)


def _largest(values: PossibleValues) -> float:
    return math.inf if values.upper is None else float(values.upper)
