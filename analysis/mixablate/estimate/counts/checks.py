"""What every function of counts asks of its counts, its level and its margin."""

from __future__ import annotations

import math

__all__ = ["check_counts", "check_level", "check_margin", "check_sides", "whole_counts"]


def check_counts(events: float, trials: float, least: float = math.ulp(0.0)) -> None:
    """Pass counts that make sense: trials from `least` up and finite, events between 0 and the trials.

    Raises:
        ValueError: counts outside their range, or not a number.
    """
    if not least <= trials < math.inf:
        raise ValueError(f"trials must be {'0 or more' if least == 0 else 'more than 0'} and finite, found {trials}")
    if not 0 <= events <= trials:
        raise ValueError(f"events must lie between 0 and the {trials} trials, found {events}")


def whole_counts(events: float, trials: float) -> tuple[int, int]:
    """The same counts as whole numbers.

    Raises:
        ValueError: counts outside their range, or not whole.
    """
    check_counts(events, trials)
    if events != int(events) or trials != int(trials):
        raise ValueError(f"an exact test needs whole counts, found {events} of {trials}")
    return int(events), int(trials)


def check_level(level: float) -> None:
    """Pass a confidence level between 0 and 1.

    Raises:
        ValueError: a level outside its range, or not a number.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, found {level}")


def check_margin(margin: float) -> None:
    """Pass a margin between two rates: above 0 and below 1.

    Raises:
        ValueError: a margin outside its range, or not a number.
    """
    if not 0 < margin < 1:
        raise ValueError(f"margin must lie between 0 and 1, found {margin}")


def check_sides(events_1: float, trials_1: float, events_0: float, trials_0: float) -> None:
    """Pass the counts of two sides.

    Raises:
        ValueError: counts outside their range, or not a number.
    """
    check_counts(events_1, trials_1)
    check_counts(events_0, trials_0)
