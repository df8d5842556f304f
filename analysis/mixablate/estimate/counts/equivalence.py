"""Whether two rates differ by less than a margin: score tests of each side, and the interval that goes with them.

Side 1 comes first: a difference is rate 1 - rate 0. All describe two fixed models: they hold for independent rollouts
of each, and are wrong for rollouts pooled over training runs that differ, where they find equivalence, or harm, that is
only that of these runs. Non-whole counts (weighted or effective ones) are allowed throughout.
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import ndtr

from mixablate.estimate.counts.checks import check_margin, check_sides
from mixablate.estimate.counts.restricted_rates import score_z
from mixablate.estimate.counts.two_proportions import mee_difference

__all__ = ["EquivalenceTest", "MarginTest", "equivalence_test", "not_higher", "not_lower"]


@dataclass(frozen=True, slots=True)
class MarginTest:
    """A one-sided test against a margin.

    Attributes:
        z: large where the difference is far on the right side of the margin.
        p_value: one-sided, of a difference at the margin or beyond it.
    """

    z: float
    p_value: float


@dataclass(frozen=True, slots=True)
class EquivalenceTest:
    """Two one-sided tests of a difference within a margin.

    Attributes:
        difference: rate 1 - rate 0.
        margin: what it is held to be within, on either side.
        above: the test that the difference is above -margin.
        below: the test that it is below +margin.
        p_value: of a difference at the margin or beyond it: the larger of the two.
        lower, upper: the Mee interval of level 1 - 2 alpha, which lies strictly within the margins exactly where
            `p_value` is below alpha.
        alpha: of each one-sided test.
    """

    difference: float
    margin: float
    above: MarginTest
    below: MarginTest
    p_value: float
    lower: float
    upper: float
    alpha: float


def not_lower(events_1: float, trials_1: float, events_0: float, trials_0: float, margin: float) -> MarginTest:
    """The score test that rate 1 is not lower than rate 0 by `margin` or more.

    For an event that is wanted this is non-inferiority of side 1. Its size may exceed alpha a little, as that of any
    score test. For independent rollouts of two fixed models; wrong for rollouts pooled over training runs that differ.

    Source: Farrington & Manning (1990), Stat. Med. 9, 1447-1454, with the most likely rates at the margin.

    Args:
        events_1: events of side 1, 0 to `trials_1`.
        trials_1: trials of side 1, more than 0.
        events_0: events of side 0, 0 to `trials_0`.
        trials_0: trials of side 0, more than 0.
        margin: the difference that would matter, above 0 and below 1.

    Raises:
        ValueError: an argument outside its range, or not a number.

    >>> round(not_lower(10, 200, 12, 200, 0.05).p_value, 4)
    0.0484
    """
    check_margin(margin)
    check_sides(events_1, trials_1, events_0, trials_0)
    z = score_z(events_1, trials_1, events_0, trials_0, -margin)
    return MarginTest(z, float(ndtr(-z)))


def not_higher(events_1: float, trials_1: float, events_0: float, trials_0: float, margin: float) -> MarginTest:
    """The score test that rate 1 is not higher than rate 0 by `margin` or more.

    For an event that is not wanted this is non-inferiority of side 1: no harm by as much as the margin. Its size may
    exceed alpha a little, as that of any score test. For independent rollouts of two fixed models; wrong for rollouts
    pooled over training runs that differ.

    Source: Farrington & Manning (1990), Stat. Med. 9, 1447-1454, with the most likely rates at the margin.

    Args:
        events_1: events of side 1, 0 to `trials_1`.
        trials_1: trials of side 1, more than 0.
        events_0: events of side 0, 0 to `trials_0`.
        trials_0: trials of side 0, more than 0.
        margin: the difference that would matter, above 0 and below 1.

    Raises:
        ValueError: an argument outside its range, or not a number.

    >>> round(not_higher(10, 200, 12, 200, 0.05).p_value, 4)
    0.0075
    """
    return not_lower(events_0, trials_0, events_1, trials_1, margin)


def equivalence_test(
    events_1: float, trials_1: float, events_0: float, trials_0: float, margin: float, alpha: float = 0.05
) -> EquivalenceTest:
    """Whether the rates differ by less than `margin`: two one-sided score tests and their interval.

    For independent rollouts of two fixed models; wrong for rollouts pooled over training runs that differ. A large
    p-value is no evidence of a difference.

    Source: Schuirmann (1987), J. Pharmacokinetics Biopharm. 15, 657-680, with the tests of Farrington & Manning (1990)
    and the interval of Mee (1984).

    Args:
        events_1: events of side 1, 0 to `trials_1`.
        trials_1: trials of side 1, more than 0.
        events_0: events of side 0, 0 to `trials_0`.
        trials_0: trials of side 0, more than 0.
        margin: the difference that would matter, above 0 and below 1.
        alpha: of each one-sided test, above 0 and below .5.

    Raises:
        ValueError: an argument outside its range, or not a number.

    >>> found = equivalence_test(1186, 1300, 1149, 1300, margin=0.05)
    >>> round(found.p_value, 4), round(found.lower, 4), round(found.upper, 4)
    (0.0357, 0.009, 0.0481)
    """
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha must lie between 0 and 0.5, found {alpha}")
    sides = (events_1, trials_1, events_0, trials_0)
    above, below = not_lower(*sides, margin), not_higher(*sides, margin)
    lower, upper = mee_difference(*sides, 1 - 2 * alpha)
    return EquivalenceTest(
        events_1 / trials_1 - events_0 / trials_0,
        margin,
        above,
        below,
        max(above.p_value, below.p_value),
        lower,
        upper,
        alpha,
    )
