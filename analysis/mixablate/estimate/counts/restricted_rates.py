"""The most likely rates of two sides whose difference, or ratio, is given, and the score statistics at them.

For independent rollouts of two fixed models; wrong for rollouts pooled over training runs that differ.
"""

from __future__ import annotations

import math

__all__ = ["miettinen_nurminen_factor", "rates_at_difference", "rates_at_ratio", "ratio_score_z", "score_z"]

LONGEST_STEP = 1e-5
"""Newton's steps from the closed form correct its rounding; a longer step comes from a slope that is all rounding."""


def rates_at_difference(
    events_1: float, trials_1: float, events_0: float, trials_0: float, difference: float
) -> tuple[float, float]:
    """Rate 1 and rate 0 of greatest likelihood among those with rate 1 - rate 0 = `difference`.

    Source: Miettinen & Nurminen (1985), Stat. Med. 4, 213-226, appendix (a cubic in rate 0, by its cosine), then two
    Newton steps on the cubic, which takes the error in the variance from 1e-7 to 1e-10 of itself.

    Args:
        events_1: events of side 1, 0 to `trials_1`.
        trials_1: trials of side 1, more than 0.
        events_0: events of side 0, 0 to `trials_0`.
        trials_0: trials of side 0, more than 0.
        difference: between -1 and 1.
    """
    trials, events = trials_1 + trials_0, events_1 + events_0
    least, most = max(0.0, -difference), min(1.0, 1 - difference)
    if events == 0:
        return least + difference, least
    if events == trials:
        return most + difference, most
    square = (trials_1 + 2 * trials_0) * difference - trials - events
    linear = (trials_0 * difference - trials - 2 * events_0) * difference + events
    constant = events_0 * difference * (1 - difference)
    rate = _middle_root(trials, square, linear, constant)
    for _ in range(2):
        value = ((trials * rate + square) * rate + linear) * rate + constant
        slope = (3 * trials * rate + 2 * square) * rate + linear
        if abs(value) < LONGEST_STEP * abs(slope):
            rate -= value / slope
    rate = min(most, max(least, rate))
    return min(1.0, max(0.0, rate + difference)), rate


def score_z(events_1: float, trials_1: float, events_0: float, trials_0: float, difference: float) -> float:
    """The observed difference of rates minus `difference`, in standard errors at the most likely such rates.

    Positive where rate 1 exceeds rate 0 by more than `difference`; infinite where those rates leave no variance and the
    observed difference is another, 0 where it is the same.

    Source: Mee (1984), Biometrics 40, 1175-1176; Farrington & Manning (1990), Stat. Med. 9, 1447-1454.

    Args:
        events_1: events of side 1, 0 to `trials_1`.
        trials_1: trials of side 1, more than 0.
        events_0: events of side 0, 0 to `trials_0`.
        trials_0: trials of side 0, more than 0.
        difference: between -1 and 1.
    """
    rate_1, rate_0 = rates_at_difference(events_1, trials_1, events_0, trials_0, difference)
    variance = rate_1 * (1 - rate_1) / trials_1 + rate_0 * (1 - rate_0) / trials_0
    return _in_errors(events_1 / trials_1 - events_0 / trials_0 - difference, variance)


def rates_at_ratio(
    events_1: float, trials_1: float, events_0: float, trials_0: float, share: float
) -> tuple[float, float]:
    """Rate 1 and rate 0 of greatest likelihood among those with rate 1 / (rate 1 + rate 0) = `share`.

    The ratio is share / (1 - share): the share stays finite where the ratio does not.

    Source: Miettinen & Nurminen (1985), Stat. Med. 4, 213-226, appendix (a quadratic in rate 0).

    Args:
        events_1: events of side 1, 0 to `trials_1`.
        trials_1: trials of side 1, more than 0.
        events_0: events of side 0, 0 to `trials_0`.
        trials_0: trials of side 0, more than 0.
        share: of rate 1 in the sum of both, above 0 and below 1.
    """
    events, rest = events_1 + events_0, 1 - share
    linear = (trials_1 + events_0) * share + (trials_0 + events_1) * rest
    inside = linear**2 - 4 * (trials_1 + trials_0) * events * share * rest
    scale = 2 * events / (linear + math.sqrt(max(0.0, inside)))
    return min(1.0, share * scale), min(1.0, rest * scale)


def ratio_score_z(events_1: float, trials_1: float, events_0: float, trials_0: float, share: float) -> float:
    """How far the rates are from having this `share`, in standard errors at the most likely such rates.

    Positive where rate 1 has a larger share, that is where the ratio of rate 1 to rate 0 exceeds share / (1 - share).

    Source: Miettinen & Nurminen (1985), Stat. Med. 4, 213-226; without their factor for the variance its square is the
    chi-square of Koopman (1984), Biometrics 40, 513-517.

    Args:
        events_1: events of side 1, 0 to `trials_1`.
        trials_1: trials of side 1, more than 0.
        events_0: events of side 0, 0 to `trials_0`.
        trials_0: trials of side 0, more than 0.
        share: of rate 1 in the sum of both, above 0 and below 1.
    """
    rate_1, rate_0 = rates_at_ratio(events_1, trials_1, events_0, trials_0, share)
    rest = 1 - share
    variance = rest**2 * rate_1 * (1 - rate_1) / trials_1 + share**2 * rate_0 * (1 - rate_0) / trials_0
    return _in_errors(rest * events_1 / trials_1 - share * events_0 / trials_0, variance)


def miettinen_nurminen_factor(trials_1: float, trials_0: float) -> float:
    """The root of N / (N - 1), by which the standard error of Miettinen & Nurminen (1985) is larger than the plain one.

    Raises:
        ValueError: not more than 1 trial in all.
    """
    trials = trials_1 + trials_0
    if not trials > 1:
        raise ValueError(f"the trials of both sides must come to more than 1, found {trials}")
    return math.sqrt(trials / (trials - 1))


def _middle_root(cubic: float, square: float, linear: float, constant: float) -> float:
    """The root of the three real ones that lies between the others' bounds, by the cosine of a third of an angle."""
    third = square / (3 * cubic)
    half = third**3 - linear * square / (6 * cubic**2) + constant / (2 * cubic)
    reach = math.copysign(math.sqrt(max(0.0, third**2 - linear / (3 * cubic))), half)
    cosine = min(1.0, max(-1.0, half / reach**3)) if reach else 1.0
    return 2 * reach * math.cos((math.pi + math.acos(cosine)) / 3) - third


def _in_errors(distance: float, variance: float) -> float:
    if variance > 0:
        return distance / math.sqrt(variance)
    return math.copysign(math.inf, distance) if distance else 0.0
