"""The counts behind a rounded rate: every k with k/n printed so, and every n that a table's rates allow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mixablate.estimate.reported.rounding import PossibleValues

__all__ = ["CompatibleTrials", "PossibleCounts", "compatible_trials", "possible_counts"]

IMPOSSIBLE = "no whole count of {trials} rollouts gives a rate printed so"
NO_TRIALS = "no number of rollouts up to {largest} gives every one of these rates"


@dataclass(frozen=True, slots=True)
class PossibleCounts:
    """Every count of events that may have been printed so; they follow each other without a gap.

    Attributes:
        trials: scored rollouts, the denominator of the printed rate.
        fewest, most: events; None where no count fits.
        reason: why none fits; empty where one does.
    """

    trials: int
    fewest: int | None
    most: int | None
    reason: str = ""

    @property
    def counts(self) -> range:
        """The counts themselves, empty where none fits."""
        return range(0) if self.fewest is None or self.most is None else range(self.fewest, self.most + 1)


@dataclass(frozen=True, slots=True)
class CompatibleTrials:
    """The numbers of rollouts that several printed rates of one table allow.

    Attributes:
        trials: those up to `largest`, ascending.
        largest: how far the search went.
        always_from: from this number on the prints can exclude none; None where a print allows a single rate.
        reason: why there is none; empty where there is one.
    """

    trials: tuple[int, ...]
    largest: int
    always_from: int | None
    reason: str = ""


def possible_counts(rates: PossibleValues, trials: int) -> PossibleCounts:
    """Every k for which k / `trials` lies among the possible rates; in exact arithmetic.

    Where there is none the print is impossible for this n: a slip in one of the two, or a rate over another denominator
    (a weighted mean over evals, missing rollouts left out). Wrong for such rates, whose denominator is not n.

    Source: the GRIM test of Brown & Heathers (2017), Soc. Psychol. Personal. Sci. 8, 363-369, for items of 0 and 1.

    Args:
        rates: within 0 and 1.
        trials: scored rollouts, 1 or more.

    Raises:
        ValueError: no trials.

    >>> from mixablate.study import parse_figure
    >>> from mixablate.estimate.reported.rounding import possible_rates
    >>> list(possible_counts(possible_rates(parse_figure("22%", rate=True)), 300).counts)
    [65, 66, 67]
    """
    if trials < 1:
        raise ValueError(f"trials must be 1 or more, found {trials}")
    fewest, most = _span(rates, trials)
    if fewest > most:
        return PossibleCounts(trials, None, None, IMPOSSIBLE.format(trials=trials))
    return PossibleCounts(trials, fewest, most)


def compatible_trials(rates: Sequence[PossibleValues], *, smallest: int = 1, largest: int = 1000) -> CompatibleTrials:
    """Every n, shared by all of these rates, for which each has a count.

    A whole percentage excludes no n from 100 on, one decimal none from 1,000 on: a list that begins there says nothing.

    Source: the GRIM test of Brown & Heathers (2017), turned about.

    Args:
        rates: one or more, of one table whose rows share their n.
        smallest: where the search begins.
        largest: where it ends.

    Raises:
        ValueError: no rates, or a search that ends before it begins.

    >>> from mixablate.study import parse_figure
    >>> from mixablate.estimate.reported.rounding import possible_rates
    >>> prints = [possible_rates(parse_figure(text, rate=True)) for text in ("15.6%", "10.0%", "7.2%", "3.9%", "4.4%")]
    >>> compatible_trials(prints, largest=400).trials
    (180, 360)
    """
    if not rates:
        raise ValueError("rates must hold at least one, found none")
    if not 1 <= smallest <= largest:
        raise ValueError(f"smallest must lie between 1 and largest, {largest}, found {smallest}")
    found = []
    for trials in range(smallest, largest + 1):
        spans = (_span(one, trials) for one in rates)
        if all(fewest <= most for fewest, most in spans):
            found.append(trials)
    reason = "" if found else NO_TRIALS.format(largest=largest)
    return CompatibleTrials(tuple(found), largest, _always_from(rates), reason)


def _span(rates: PossibleValues, trials: int) -> tuple[int, int]:
    """The first and the last count within the rates; the last below the first where there is none."""
    lower = rates.lower * trials if rates.lower is not None else 0
    upper = rates.upper * trials if rates.upper is not None else trials
    fewest = math.ceil(lower) if rates.lower_in else math.floor(lower) + 1
    most = math.floor(upper) if rates.upper_in else math.ceil(upper) - 1
    return max(0, fewest), min(trials, most)


def _always_from(rates: Sequence[PossibleValues]) -> int | None:
    """From one over the narrowest width on, a multiple of 1/n lies within; one more where an end is excluded."""
    needed = 1
    for one in rates:
        if one.lower is None or one.upper is None:
            continue
        if one.lower == one.upper:
            if one.lower not in (0, 1):
                return None
            continue
        closed = one.lower_in and one.upper_in
        width = one.upper - one.lower
        needed = max(needed, math.ceil(1 / width) if closed else math.floor(1 / width) + 1)
    return needed
