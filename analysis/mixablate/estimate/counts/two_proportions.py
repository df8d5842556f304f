"""Intervals for the difference of two rates, from their counts alone.

Side 1 comes first: a difference is rate 1 - rate 0. All describe two fixed models: they hold for independent rollouts
of each, and are wrong for rollouts pooled over training runs that differ, where they are far too narrow (at three runs
a side the z test behind them rejects a true null 51 % of the time). Non-whole counts (weighted or effective ones) are
allowed throughout. The coverage that is stated of each is that of nominal 95 % at 40 against 40 and 30 against 50
trials, enumerated at rates of .02, .05, .1, .2, .3, .5, .7, .9 and .98 on either side.
"""

from __future__ import annotations

import math

from mixablate.estimate.counts.checks import check_level, check_sides
from mixablate.estimate.counts.one_proportion import wilson
from mixablate.estimate.counts.restricted_rates import miettinen_nurminen_factor, score_z
from mixablate.estimate.counts.roots import normal_quantile, score_limit

__all__ = [
    "agresti_caffo_difference",
    "mee_difference",
    "miettinen_nurminen_difference",
    "newcombe_difference",
    "wald_difference",
]


def newcombe_difference(
    events_1: float, trials_1: float, events_0: float, trials_0: float, level: float = 0.95
) -> tuple[float, float]:
    """The interval of rate 1 minus rate 0, built from the two Wilson intervals.

    For two models as they are: rollouts of each are independent, and nothing is said about other training runs. Stays
    within -1 and 1 and needs no events on either side. Coverage .929 to .999. Wrong for rollouts pooled over training
    runs that differ.

    Source: Newcombe (1998), Stat. Med. 17, 873-890, method 10 (hybrid score).

    Args:
        events_1: events of side 1, 0 to `trials_1`.
        trials_1: trials of side 1, more than 0.
        events_0: events of side 0, 0 to `trials_0`.
        trials_0: trials of side 0, more than 0.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range, or not a number.

    >>> [round(limit, 4) for limit in newcombe_difference(56, 70, 48, 80)]
    [0.0524, 0.3339]
    """
    lower_1, upper_1 = wilson(events_1, trials_1, level)
    lower_0, upper_0 = wilson(events_0, trials_0, level)
    rate_1, rate_0 = events_1 / trials_1, events_0 / trials_0
    difference = rate_1 - rate_0
    return (
        difference - math.hypot(rate_1 - lower_1, upper_0 - rate_0),
        difference + math.hypot(upper_1 - rate_1, rate_0 - lower_0),
    )


def miettinen_nurminen_difference(
    events_1: float, trials_1: float, events_0: float, trials_0: float, level: float = 0.95
) -> tuple[float, float]:
    """The differences of rates that the score test does not reject, its variance times N/(N - 1).

    Found by bracketed root finding for any counts; exactly 1 or -1 where one side has no events and the other nothing
    else. Coverage .935 to .993. For independent rollouts of two fixed models; wrong for rollouts pooled over training
    runs that differ. The function of that name in statsmodels 0.15 gives other numbers, or none (its issue 10269).

    Source: Miettinen & Nurminen (1985), Stat. Med. 4, 213-226.

    Args:
        events_1: events of side 1, 0 to `trials_1`.
        trials_1: trials of side 1, more than 0.
        events_0: events of side 0, 0 to `trials_0`.
        trials_0: trials of side 0, more than 0; more than 1 with those of side 1.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range, or not a number.

    >>> [round(limit, 4) for limit in miettinen_nurminen_difference(56, 70, 48, 80)]
    [0.0528, 0.3382]
    """
    check_sides(events_1, trials_1, events_0, trials_0)
    check_level(level)
    quantile = normal_quantile(level) * miettinen_nurminen_factor(trials_1, trials_0)
    return _score_difference(events_1, trials_1, events_0, trials_0, quantile)


def mee_difference(
    events_1: float, trials_1: float, events_0: float, trials_0: float, level: float = 0.95
) -> tuple[float, float]:
    """The differences of rates that the score test does not reject, its variance as it is.

    A little narrower than `miettinen_nurminen_difference`, with the same coverage to two digits; the interval that goes
    with the tests of Farrington and Manning (`equivalence_test`). For independent rollouts of two fixed models; wrong
    for rollouts pooled over training runs that differ.

    Source: Mee (1984), Biometrics 40, 1175-1176; method 5 of Newcombe (1998), Stat. Med. 17, 873-890.

    Args:
        events_1: events of side 1, 0 to `trials_1`.
        trials_1: trials of side 1, more than 0.
        events_0: events of side 0, 0 to `trials_0`.
        trials_0: trials of side 0, more than 0.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range, or not a number.

    >>> [round(limit, 4) for limit in mee_difference(56, 70, 48, 80)]
    [0.0533, 0.3377]
    """
    check_sides(events_1, trials_1, events_0, trials_0)
    check_level(level)
    return _score_difference(events_1, trials_1, events_0, trials_0, normal_quantile(level))


def agresti_caffo_difference(
    events_1: float, trials_1: float, events_0: float, trials_0: float, level: float = 0.95
) -> tuple[float, float]:
    """The Wald formula with one event and one non-event added on each side.

    May reach below -1 or above 1, and is not cut there. Coverage .942 to .999. For independent rollouts of two fixed
    models; wrong for rollouts pooled over training runs that differ.

    Source: Agresti & Caffo (2000), The American Statistician 54, 280-288.

    Args:
        events_1: events of side 1, 0 to `trials_1`.
        trials_1: trials of side 1, more than 0.
        events_0: events of side 0, 0 to `trials_0`.
        trials_0: trials of side 0, more than 0.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range, or not a number.
    """
    check_sides(events_1, trials_1, events_0, trials_0)
    check_level(level)
    return wald_difference(events_1 + 1, trials_1 + 2, events_0 + 1, trials_0 + 2, level)


def wald_difference(
    events_1: float, trials_1: float, events_0: float, trials_0: float, level: float = 0.95
) -> tuple[float, float]:
    """The difference of rates plus and minus z standard errors: for comparison with published numbers, not for use.

    Has no width where neither side varies, may reach below -1 or above 1, and falls short of its level for rates near 0
    and 1. Coverage .778 to .993. For independent rollouts of two fixed models; wrong for rollouts pooled over training
    runs that differ.

    Source: method 1 of Newcombe (1998), Stat. Med. 17, 873-890.

    Args:
        events_1: events of side 1, 0 to `trials_1`.
        trials_1: trials of side 1, more than 0.
        events_0: events of side 0, 0 to `trials_0`.
        trials_0: trials of side 0, more than 0.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range, or not a number.
    """
    check_sides(events_1, trials_1, events_0, trials_0)
    check_level(level)
    rate_1, rate_0 = events_1 / trials_1, events_0 / trials_0
    variance = rate_1 * (1 - rate_1) / trials_1 + rate_0 * (1 - rate_0) / trials_0
    reach = normal_quantile(level) * math.sqrt(variance)
    return rate_1 - rate_0 - reach, rate_1 - rate_0 + reach


def _score_difference(
    events_1: float, trials_1: float, events_0: float, trials_0: float, quantile: float
) -> tuple[float, float]:
    """Both limits as lower ones, the upper with the sides swapped: swapping the sides flips the interval exactly."""

    def lower(one: tuple[float, float], other: tuple[float, float]) -> float:
        estimate = one[0] / one[1] - other[0] / other[1]
        return score_limit(lambda difference: score_z(*one, *other, difference), quantile, -1.0, estimate)

    side_1, side_0 = (events_1, trials_1), (events_0, trials_0)
    return lower(side_1, side_0), -lower(side_0, side_1)
