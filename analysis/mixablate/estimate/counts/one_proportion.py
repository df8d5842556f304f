"""Intervals for one rate, from its counts alone.

All of them describe one fixed model: they hold for independent rollouts of it, and are wrong for rollouts pooled over
training runs that differ (see `clustered_upper_bound` and the run-level analysis for those). Non-whole counts (weighted
or effective ones) are allowed throughout. The lowest coverage that is stated of each is that of nominal 95 % at 200
trials and rates of .001 to .999, enumerated at both sides of every limit, where it jumps.
"""

from __future__ import annotations

import math

from scipy.special import betainc, betaincc, betaincinv, xlogy

from mixablate.estimate.counts.checks import check_counts, check_level
from mixablate.estimate.counts.roots import normal_quantile, root

__all__ = [
    "agresti_coull",
    "clopper_pearson",
    "jeffreys",
    "likelihood_ratio_interval",
    "mid_p_interval",
    "rule_of_three",
    "upper_bound",
    "wald_interval",
    "wilson",
    "wilson_continuity",
]


def clopper_pearson(events: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """The exact two-sided interval of a rate, from `events` among `trials`.

    The lower limit is exactly 0 at no events and the upper exactly 1 at all events. Counts need not be whole (weighted
    or effective counts are allowed). Never below its level for independent trials (lowest coverage .950, on average
    over the rates .961). Wrong for rollouts pooled over training runs that differ: it then describes these models only.

    Source: Clopper & Pearson (1934), Biometrika 26, 404-413, by quantiles of the beta distribution.

    Args:
        events: 0 to `trials`.
        trials: more than 0.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range, or not a number.

    >>> [round(limit, 4) for limit in clopper_pearson(0, 100)]
    [0.0, 0.0362]
    """
    check_counts(events, trials)
    check_level(level)
    tail = (1 - level) / 2
    lower = 0.0 if events == 0 else float(betaincinv(events, trials - events + 1, tail))
    upper = 1.0 if events == trials else float(betaincinv(events + 1, trials - events, 1 - tail))
    return lower, upper


def mid_p_interval(events: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """The exact interval that counts only half the probability of what was seen: narrower than `clopper_pearson`.

    The limits are the rates at which P(more than was seen) + P(what was seen)/2, and the same with "less", is half of 1
    - level; exactly 0 at no events and 1 at all events. Its coverage is near the level on average and lies below it at
    single rates (lowest .919). For independent rollouts of one fixed model; wrong for rollouts pooled over training
    runs that differ.

    Source: Newcombe (1998), Stat. Med. 17, 857-872, method 6; non-whole counts by the incomplete beta function.

    Args:
        events: 0 to `trials`.
        trials: more than 0.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range, or not a number.

    >>> [round(limit, 4) for limit in mid_p_interval(81, 263)]
    [0.2544, 0.3658]
    """
    check_counts(events, trials)
    check_level(level)
    tail, others = (1 - level) / 2, trials - events

    def at_least(rate: float) -> float:
        more = betainc(events + 1, others, rate) if others > 0 else 0.0
        return float(more + betainc(events, others + 1, rate)) / 2 - tail

    def at_most(rate: float) -> float:
        fewer = betaincc(events, others + 1, rate) if events > 0 else 0.0
        return float(fewer + betaincc(events + 1, others, rate)) / 2 - tail

    lower = 0.0 if events == 0 else root(at_least, 0.0, 1.0)
    upper = 1.0 if others == 0 else root(at_most, 0.0, 1.0)
    return lower, upper


def wilson(events: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """The score interval of a rate, without continuity correction.

    Closer to its level on average than the exact one, but below it for some rates (lowest coverage .895, at a rate of
    .003). Wrong, like every interval here, for rollouts pooled over runs that differ.

    Source: Wilson (1927), JASA 22, 209-212; formula (method 3) of Newcombe (1998), Stat. Med. 17, 857-872.

    Args:
        events: 0 to `trials`.
        trials: more than 0.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range, or not a number.
    """
    check_counts(events, trials)
    check_level(level)
    z = normal_quantile(level)
    centre = 2 * events + z**2
    reach = z * math.sqrt(z**2 + 4 * events * (trials - events) / trials)
    scale = 2 * (trials + z**2)
    lower = 0.0 if events == 0 else (centre - reach) / scale
    upper = 1.0 if events == trials else (centre + reach) / scale
    return lower, upper


def wilson_continuity(events: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """The score interval of a rate with continuity correction: about as wide as `clopper_pearson`.

    The lower limit is exactly 0 up to half an event and the upper 1 up to half a non-event. Lowest coverage .951, and
    below .95 at rates nearer to the edges (.949): `clopper_pearson` serves the same end with a guarantee. For
    independent rollouts of one fixed model; wrong for rollouts pooled over training runs that differ.

    Source: Newcombe (1998), Stat. Med. 17, 857-872, method 4 (R's `prop.test` with `correct = TRUE`).

    Args:
        events: 0 to `trials`.
        trials: more than 0.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range, or not a number.

    >>> [round(limit, 4) for limit in wilson_continuity(81, 263)]
    [0.2535, 0.3682]
    """
    check_counts(events, trials)
    check_level(level)
    z = normal_quantile(level)
    rate, others = events / trials, trials - events
    centre, scale = 2 * events + z**2, 2 * (trials + z**2)
    # Within half an event of an edge nothing is left of the distance to it: the limit is the edge.
    down = z**2 - 2 - 1 / trials + 4 * rate * (others + 1)
    up = z**2 + 2 - 1 / trials + 4 * rate * (others - 1)
    lower = 0.0 if events <= 0.5 else (centre - 1 - z * math.sqrt(down)) / scale
    upper = 1.0 if others <= 0.5 else (centre + 1 + z * math.sqrt(up)) / scale
    return lower, upper


def likelihood_ratio_interval(events: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """The rates whose deviance from the observed one is below the chi-square quantile with 1 degree of freedom.

    Exactly 0 at no events and 1 at all events, where its other limit is too close for the level (0 of 20: .092, against
    .168 exactly): lowest coverage .840, at a rate of .01. For independent rollouts of one fixed model; wrong for
    rollouts pooled over training runs that differ.

    Source: Newcombe (1998), Stat. Med. 17, 857-872, method 7.

    Args:
        events: 0 to `trials`.
        trials: more than 0.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range, or not a number.

    >>> [round(limit, 4) for limit in likelihood_ratio_interval(81, 263)]
    [0.2542, 0.3655]
    """
    check_counts(events, trials)
    check_level(level)
    quantile, others, rate = normal_quantile(level) ** 2, trials - events, events / trials

    def beyond(trial: float) -> float:
        """Below 0 inside the interval and above 0 outside it, bounded where the deviance is infinite."""
        if not 0 < trial < 1:
            return 0.5
        deviance = 2 * float(xlogy(events, rate / trial) + xlogy(others, (1 - rate) / (1 - trial)))
        return deviance / (abs(deviance) + quantile) - 0.5

    if events == 0:
        return 0.0, -math.expm1(-quantile / (2 * trials))
    if others == 0:
        return math.exp(-quantile / (2 * trials)), 1.0
    return root(beyond, 0.0, rate), root(beyond, rate, 1.0)


def jeffreys(events: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """The equal-tailed interval of the beta posterior under Jeffreys' prior, with the edges kept.

    The lower limit is exactly 0 at no events and the upper exactly 1 at all events. Close to `mid_p_interval`; its
    coverage over repeated samples dips at rates near 0 and 1 (lowest .878). For independent rollouts of one fixed
    model; wrong for rollouts pooled over training runs that differ.

    Source: Brown, Cai & DasGupta (2001), Statistical Science 16, 101-133, section 4.

    Args:
        events: 0 to `trials`.
        trials: more than 0.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range, or not a number.
    """
    check_counts(events, trials)
    check_level(level)
    tail, others = (1 - level) / 2, trials - events
    lower = 0.0 if events == 0 else float(betaincinv(events + 0.5, others + 0.5, tail))
    upper = 1.0 if others == 0 else float(betaincinv(events + 0.5, others + 0.5, 1 - tail))
    return lower, upper


def agresti_coull(events: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """The Wald formula about Wilson's centre, with z^2 added to the trials and half of it to the events.

    May reach below 0 or above 1, and is not cut there: the excess shows that the formula is strained (at 0 of 1 a
    higher level raises the lower limit). Lowest coverage .941. For independent rollouts of one fixed model; wrong for
    rollouts pooled over training runs that differ.

    Source: Agresti & Coull (1998), The American Statistician 52, 119-126.

    Args:
        events: 0 to `trials`.
        trials: more than 0.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range, or not a number.
    """
    check_counts(events, trials)
    check_level(level)
    z = normal_quantile(level)
    return wald_interval(events + z**2 / 2, trials + z**2, level)


def wald_interval(events: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """The rate plus and minus z standard errors: for comparison with published numbers, not for use.

    Has no width at no events and at all events, and may reach below 0 or above 1. Lowest coverage .181. For independent
    rollouts of one fixed model; wrong for rollouts pooled over training runs that differ.

    Source: Newcombe (1998), Stat. Med. 17, 857-872, method 1.

    Args:
        events: 0 to `trials`.
        trials: more than 0.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range, or not a number.
    """
    check_counts(events, trials)
    check_level(level)
    rate = events / trials
    reach = normal_quantile(level) * math.sqrt(rate * (1 - rate) / trials)
    return rate - reach, rate + reach


def upper_bound(events: float, trials: float, level: float = 0.95) -> float:
    """The exact one-sided upper bound of a rate: with this confidence the rate is no higher.

    For independent rollouts of one fixed model; wrong for rollouts pooled over training runs that differ.

    Source: Clopper & Pearson (1934). With no events it is 1 - (1 - level)^(1/trials), of which 3/trials is the familiar
    approximation.

    Args:
        events: 0 to `trials`.
        trials: more than 0.
        level: confidence level of the one side, between 0 and 1.

    Raises:
        ValueError: an argument outside its range, or not a number.

    >>> round(upper_bound(0, 100), 4)
    0.0295
    """
    check_counts(events, trials)
    check_level(level)
    return 1.0 if events == trials else float(betaincinv(events + 1, trials - events, level))


def rule_of_three(trials: float) -> float:
    """About the highest rate that fits no events among `trials` with 95 % confidence, one-sided: 3 / trials.

    For the margin of a page; `upper_bound(0, trials)` is the number itself, and always the lower of the two. Above 1,
    and so no bound, for fewer than three trials. For independent rollouts of one fixed model; wrong for rollouts pooled
    over training runs that differ.

    Source: Hanley & Lippman-Hand (1983), JAMA 249, 1743-1745.

    Args:
        trials: more than 0.

    Raises:
        ValueError: trials outside their range, or not a number.

    >>> rule_of_three(300)
    0.01
    """
    check_counts(0, trials)
    return 3 / trials
