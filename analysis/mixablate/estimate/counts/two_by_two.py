"""Exact tests of two rates given the total of events, and the odds ratio that goes with them, from whole counts.

Side 1 comes first; "less" means that its rate is the lower. All describe two fixed models: they hold for independent
rollouts of each, and are wrong for rollouts pooled over training runs that differ, however exact they are for one run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.estimate.counts.checks import check_level
from mixablate.estimate.counts.hypergeometric import chances, fewest, log_chances, no_likelier, whole_table
from mixablate.estimate.counts.rate_ratios import RatioInterval
from mixablate.estimate.counts.roots import increasing_root

__all__ = ["ConditionalTest", "conditional_odds_ratio", "fisher", "fisher_mid_p"]

Floats = NDArray[np.float64]

TIED = 1e-9
"""Tables whose probabilities differ by less than this part tie with the one seen."""

ONE_TABLE = "no trial or every trial is an event, so that every odds ratio fits"


@dataclass(frozen=True, slots=True)
class ConditionalTest:
    """The p-values of a test given the total of events, of no difference between the sides.

    Attributes:
        less: one-sided, small where rate 1 is the lower.
        greater: one-sided, small where rate 1 is the higher.
        doubled: two-sided, twice the smaller of the two, at most 1.
        two_sided: two-sided, over the tables no likelier than this one (R's rule).
    """

    less: float
    greater: float
    doubled: float
    two_sided: float


def fisher(events_1: float, trials_1: float, events_0: float, trials_0: float) -> ConditionalTest:
    """Fisher's exact test, one-sided on either side and two-sided.

    Conservative: the size lies well under its nominal level at small counts. For independent rollouts of two fixed
    models; wrong for rollouts pooled over training runs that differ.

    Source: Fisher (1935), The Design of Experiments; two-sided as R's `fisher.test`, by minimum likelihood.

    Args:
        events_1: events of side 1, 0 to `trials_1`, whole.
        trials_1: trials of side 1, more than 0, whole.
        events_0: events of side 0, 0 to `trials_0`, whole.
        trials_0: trials of side 0, more than 0, whole.

    Raises:
        ValueError: counts outside their range, or not whole.

    >>> round(fisher(3, 4, 1, 4).two_sided, 4)  # the lady tasting tea
    0.4857
    """
    table = whole_table(events_1, trials_1, events_0, trials_0)
    likely = chances(table)
    place = table[0] - fewest(table)
    less, greater = float(likely[: place + 1].sum()), float(likely[place:].sum())
    return ConditionalTest(
        min(1.0, less),
        min(1.0, greater),
        min(1.0, 2 * min(less, greater)),
        min(1.0, float(no_likelier(likely)[place])),
    )


def fisher_mid_p(events_1: float, trials_1: float, events_0: float, trials_0: float) -> ConditionalTest:
    """Fisher's test with only half the probability of what was seen (of tables as likely, where two-sided).

    Close to its nominal level on average, and may exceed it a little at single rates. For independent rollouts of two
    fixed models; wrong for rollouts pooled over training runs that differ.

    Source: Lancaster (1961), JASA 56, 223-234.

    Args:
        events_1: events of side 1, 0 to `trials_1`, whole.
        trials_1: trials of side 1, more than 0, whole.
        events_0: events of side 0, 0 to `trials_0`, whole.
        trials_0: trials of side 0, more than 0, whole.

    Raises:
        ValueError: counts outside their range, or not whole.

    >>> round(fisher_mid_p(3, 4, 1, 4).doubled, 4)
    0.2571
    """
    table = whole_table(events_1, trials_1, events_0, trials_0)
    likely = chances(table)
    place = table[0] - fewest(table)
    own = float(likely[place])
    as_likely = float(likely[np.abs(likely - own) <= TIED * own].sum())
    less = min(1.0, float(likely[: place + 1].sum()) - own / 2)
    greater = min(1.0, float(likely[place:].sum()) - own / 2)
    two_sided = min(1.0, float(no_likelier(likely)[place]) - as_likely / 2)
    return ConditionalTest(less, greater, min(1.0, 2 * min(less, greater)), two_sided)


def conditional_odds_ratio(
    events_1: float, trials_1: float, events_0: float, trials_0: float, level: float = 0.95
) -> RatioInterval:
    """The odds ratio of greatest likelihood given the total of events, with its exact interval.

    Not the sample odds ratio: it lies nearer to 1. Exactly 0 or infinite where the events are as far on one side as
    they can be. NaN, with limits 0 and infinity, where no trial or every trial is an event. For independent rollouts of
    two fixed models; wrong for rollouts pooled over training runs that differ.

    Source: Cornfield (1956), Proc. 3rd Berkeley Symp. 4, 135-148; what R's `fisher.test` estimates. R stops at a
    tolerance of 1.2e-4 in the odds ratio or its inverse; here the roots are found to the last digits.

    Args:
        events_1: events of side 1, 0 to `trials_1`, whole.
        trials_1: trials of side 1, more than 0, whole.
        events_0: events of side 0, 0 to `trials_0`, whole.
        trials_0: trials of side 0, more than 0, whole.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range, or counts that are not whole.

    >>> round(conditional_odds_ratio(3, 4, 1, 4).estimate, 3)
    6.408
    """
    table = whole_table(events_1, trials_1, events_0, trials_0)
    check_level(level)
    logs = log_chances(table)
    if len(logs) == 1:
        return RatioInterval(math.nan, 0.0, math.inf, ONE_TABLE)
    place, tail = table[0] - fewest(table), (1 - level) / 2
    steps = np.arange(len(logs), dtype=float)

    def tilted(log_odds_ratio: float) -> Floats:
        weights = logs + log_odds_ratio * (steps - place)
        weights = np.exp(weights - weights.max())
        return np.asarray(weights / weights.sum())

    last = place == len(logs) - 1
    estimate = 0.0 if place == 0 else math.inf
    if place > 0 and not last:
        estimate = increasing_root(lambda t: float(tilted(t) @ steps) - place)
    lower = 0.0 if place == 0 else increasing_root(lambda t: float(tilted(t)[place:].sum()) - tail)
    upper = math.inf if last else increasing_root(lambda t: tail - float(tilted(t)[: place + 1].sum()))
    return RatioInterval(estimate, lower, upper)
