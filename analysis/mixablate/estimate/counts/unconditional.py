"""Two-sided exact tests of two rates without conditions: the largest probability over the rate both sides may share.

Side 1 comes first. Both describe two fixed models: they hold for independent rollouts of each, and are wrong for
rollouts pooled over training runs that differ, however exact they are for one run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import gammaln, xlog1py, xlogy

from mixablate.estimate.counts.hypergeometric import Table, chances, fewest, no_likelier, of_total, whole_table

__all__ = ["UnconditionalTest", "barnard", "boschloo", "probability_at"]

Floats = NDArray[np.float64]

TIED = 1e-9
"""Statistics that differ by less than this (a p-value by less than this part) are those of a tie."""

PER_WAVE = 8
"""Points of the grid over the shared rate, per trial; see `_supremum`."""

NEAR_THE_TOP = 0.99
"""A local maximum on the grid below this part of the highest cannot lie beside the highest there is."""

AT_ONCE = 1 << 20
"""Probabilities held in memory at a time."""


@dataclass(frozen=True, slots=True)
class UnconditionalTest:
    """A two-sided test of no difference whose p-value is the largest over the rate that both sides share.

    Attributes:
        statistic: what tables are ordered by: Fisher's two-sided p (`boschloo`), the pooled z (`barnard`).
        p_value: the largest probability, over the shared rate, of a table as extreme.
        nuisance: the shared rate at which it is reached, the lowest one found.
        extreme: (N + 1,) the probability of a table as extreme given 0 to N events in all.
    """

    statistic: float
    p_value: float
    nuisance: float
    extreme: Floats = field(repr=False, compare=False)


def boschloo(events_1: float, trials_1: float, events_0: float, trials_0: float) -> UnconditionalTest:
    """Boschloo's two-sided test: tables ordered by Fisher's two-sided p, the largest probability over the shared rate.

    Its p is never above Fisher's, and its size never above the level. For independent rollouts of two fixed models;
    wrong for rollouts pooled over training runs that differ. R's Exact package orders tables so; scipy's
    `boschloo_exact` doubles the smaller one-sided test instead and gives other numbers. Takes about .02 s at 100 trials
    a side, .3 s at 300 (of the order of the square of the trials).

    Source: Boschloo (1970), Statistica Neerlandica 24, 1-35.

    Args:
        events_1: events of side 1, 0 to `trials_1`, whole.
        trials_1: trials of side 1, more than 0, whole.
        events_0: events of side 0, 0 to `trials_0`, whole.
        trials_0: trials of side 0, more than 0, whole.

    Raises:
        ValueError: counts outside their range, or not whole.

    >>> round(boschloo(7, 12, 8, 10).p_value, 4)
    0.3129
    """
    table = whole_table(events_1, trials_1, events_0, trials_0)
    statistic = min(1.0, float(no_likelier(chances(table))[table[0] - fewest(table)]))
    trials = table[1] + table[3]
    extreme = np.zeros(trials + 1)
    for events in range(trials + 1):
        reached = no_likelier(chances(of_total(table, events)))
        # The tables no likelier than one of this p have that p as their probability given the total.
        extreme[events] = reached[reached <= statistic * (1 + TIED)].max(initial=0.0)
    return _supremum(statistic, extreme)


def barnard(events_1: float, trials_1: float, events_0: float, trials_0: float) -> UnconditionalTest:
    """Barnard's two-sided test by the pooled z: the largest probability, over the shared rate, of as large a |z|.

    For independent rollouts of two fixed models; wrong for rollouts pooled over training runs that differ. Tables
    without variance have z = 0. scipy's `barnard_exact` takes the largest of fewer rates and loses ties to rounding (3
    of 7 against 5 of 6: .1503, exactly .1560). As fast as `boschloo`.

    Source: Barnard (1947), Biometrika 34, 123-138, with the score statistic of Suissa & Shuster (1985).

    Args:
        events_1: events of side 1, 0 to `trials_1`, whole.
        trials_1: trials of side 1, more than 0, whole.
        events_0: events of side 0, 0 to `trials_0`, whole.
        trials_0: trials of side 0, more than 0, whole.

    Raises:
        ValueError: counts outside their range, or not whole.

    >>> round(barnard(7, 15, 12, 15).p_value, 4)
    0.0682
    """
    table = whole_table(events_1, trials_1, events_0, trials_0)
    statistic = float(_pooled_z(table)[table[0] - fewest(table)])
    trials = table[1] + table[3]
    extreme = np.zeros(trials + 1)
    for events in range(trials + 1):
        other = of_total(table, events)
        extreme[events] = chances(other)[np.abs(_pooled_z(other)) >= abs(statistic) - TIED].sum()
    return _supremum(statistic, extreme)


def probability_at(test: UnconditionalTest, rate: float) -> float:
    """The probability of a table as extreme as the one tested, where both sides have this rate.

    Args:
        test: from `boschloo` or `barnard`.
        rate: between 0 and 1.

    Raises:
        ValueError: a rate outside its range, or not a number.

    >>> round(probability_at(barnard(7, 15, 12, 15), 0.5), 4)
    0.0565
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"rate must lie between 0 and 1, found {rate}")
    return float(_probabilities(test.extreme, np.array([rate]))[0])


def _pooled_z(table: Table) -> Floats:
    """The pooled z of the tables with these totals, by events of side 1; 0 where there is no variance."""
    _, trials_1, _, trials_0 = table
    events = table[0] + table[2]
    on_1 = np.arange(fewest(table), min(events, trials_1) + 1, dtype=float)
    rate = events / (trials_1 + trials_0)
    variance = rate * (1 - rate) * (1 / trials_1 + 1 / trials_0)
    difference = on_1 / trials_1 - (events - on_1) / trials_0
    return difference / math.sqrt(variance) if variance > 0 else np.zeros(len(on_1))


def _supremum(statistic: float, extreme: Floats) -> UnconditionalTest:
    """The test, its largest probability found on a grid and refined at every local maximum that can be the highest.

    In phi, with rate = (1 - cos phi) / 2, the probability is a trigonometric polynomial of degree N between 0 and its
    maximum, whose second derivative is at most N^2 / 2 of that (Bernstein). From the maximum to the nearest of points
    pi / (8 N) apart it falls by less than (pi / 16)^2 / 4 = 1 % of itself.
    """
    points = PER_WAVE * (len(extreme) - 1)
    angles = np.linspace(0.0, math.pi, points + 1)
    on_grid = np.concatenate(
        [_probabilities(extreme, _rate(part)) for part in np.array_split(angles, 1 + points * len(extreme) // AT_ONCE)]
    )
    padded = np.concatenate([[-1.0], on_grid, [-1.0]])
    local = (on_grid >= padded[:-2]) & (on_grid >= padded[2:]) & (on_grid >= NEAR_THE_TOP * on_grid.max())
    heights = [(float(on_grid[place]), float(angles[place])) for place in map(int, np.flatnonzero(local))]
    for place in map(int, np.flatnonzero(local)):
        if max(heights)[0] >= 1 - TIED:
            break
        bounds = (float(angles[max(0, place - 1)]), float(angles[min(points, place + 1)]))
        heights.append(_refined(extreme, bounds))
    highest = max(height for height, _ in heights)
    angle = min(angle for height, angle in heights if height >= highest * (1 - TIED))
    return UnconditionalTest(statistic, min(1.0, highest), float(_rate(np.array(angle))), extreme)


def _refined(extreme: Floats, bounds: tuple[float, float]) -> tuple[float, float]:
    """The largest probability between two angles, and its angle."""

    def lowered(angle: float) -> float:
        return -float(_probabilities(extreme, _rate(np.array([angle])))[0])

    found = minimize_scalar(lowered, bounds=bounds, method="bounded", options={"xatol": 1e-10})
    return -float(found.fun), float(found.x)


def _rate(angles: Floats) -> Floats:
    return np.asarray(np.sin(angles / 2) ** 2)


def _probabilities(extreme: Floats, rates: Floats) -> Floats:
    """The chance of an extreme table at each shared rate: binomial over the total of events."""
    trials = len(extreme) - 1
    total = np.arange(trials + 1, dtype=float)
    logs = gammaln(trials + 1) - gammaln(total + 1) - gammaln(trials - total + 1)
    logs = logs + xlogy(total, rates[:, None]) + xlog1py(trials - total, -rates[:, None])
    return np.asarray(np.exp(logs) @ extreme)
