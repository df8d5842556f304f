"""The two-by-two tables that share their totals, and their probabilities where both sides have the same rate.

A table is (events 1, trials 1, events 0, trials 0), whole counts. Arrays run over the tables of its totals by their
events of side 1, from the fewest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from mixablate.estimate.counts.checks import whole_counts

__all__ = ["Table", "chances", "fewest", "log_chances", "no_likelier", "of_total", "whole_table"]

Floats = NDArray[np.float64]
Table = tuple[int, int, int, int]

AS_LIKELY = 1e-7
"""Tables whose probabilities differ by less than this part are equally likely: the rule of R's `fisher.test`."""


def whole_table(events_1: float, trials_1: float, events_0: float, trials_0: float) -> Table:
    """The table of these counts.

    Raises:
        ValueError: counts outside their range, or not whole.
    """
    return (*whole_counts(events_1, trials_1), *whole_counts(events_0, trials_0))


def of_total(table: Table, events: int) -> Table:
    """A table of the same trials with this many events in all; which one does not matter."""
    on_1 = min(events, table[1])
    return on_1, table[1], events - on_1, table[3]


def fewest(table: Table) -> int:
    """The fewest events of side 1 that go with the table's totals."""
    return max(0, table[0] + table[2] - table[3])


def log_chances(table: Table) -> Floats:
    """Log hypergeometric probabilities, up to a constant, of the tables with these totals, by events of side 1."""
    _, trials_1, _, trials_0 = table
    events = table[0] + table[2]
    on_1 = np.arange(fewest(table), min(events, trials_1) + 1, dtype=float)
    on_0 = events - on_1
    counts = np.stack([on_1, trials_1 - on_1, on_0, trials_0 - on_0])
    return np.asarray(-gammaln(counts + 1).sum(axis=0))


def chances(table: Table) -> Floats:
    """Hypergeometric probabilities of the tables with these totals."""
    logs = log_chances(table)
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())


def no_likelier(likely: Floats) -> Floats:
    """For each table the probability of those no likelier than it."""
    ordered = np.sort(likely)
    upto = np.searchsorted(ordered, likely * (1 + AS_LIKELY), side="right")
    return np.asarray(np.cumsum(ordered)[upto - 1])
