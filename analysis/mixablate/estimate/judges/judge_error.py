"""One rate corrected for a judge that errs at known or validated rates (Rogan and Gladen).

A judge that finds the share `sensitivity` of events and passes the share `specificity` of other rollouts reports the
rate p sensitivity + (1 - p)(1 - specificity) where p is true. Turned around, p = (reported + specificity - 1) / J with
J = sensitivity + specificity - 1. Where events are rare, the false alarms of even a good judge are most of what it
reports; a difference between arms is made too small by the factor J.

All of it is wrong where the judge errs otherwise on these rollouts than on the validated ones: validate on rollouts of
the arms compared, and by arm where their style differs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtri

from mixablate.estimate.counts.checks import check_counts, check_level

__all__ = [
    "CorrectedRate",
    "Judge",
    "corrected_limits",
    "corrected_rate",
    "judge_limit",
    "lang_reiczigel",
    "rogan_gladen",
    "validated_judge",
]


@dataclass(frozen=True, slots=True)
class Judge:
    """How often a judge is right, and from how many validated rollouts that is known.

    Attributes:
        sensitivity: the share of events it calls events.
        specificity: the share of other rollouts it calls no events.
        n_events, n_others: validated rollouts of each kind; infinity where the shares are taken as known.
    """

    sensitivity: float
    specificity: float
    n_events: float = math.inf
    n_others: float = math.inf

    def __post_init__(self) -> None:
        for name in ("sensitivity", "specificity"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie between 0 and 1, found {getattr(self, name)}")
        for name in ("n_events", "n_others"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be more than 0, found {getattr(self, name)}")

    @property
    def youden(self) -> float:
        """Sensitivity + specificity - 1: what a true difference is multiplied by. 0 for a coin, 1 for no errors."""
        return self.sensitivity + self.specificity - 1.0

    @property
    def variances(self) -> tuple[float, float]:
        """Of the estimated sensitivity and specificity; 0 where they are known."""
        return (
            self.sensitivity * (1.0 - self.sensitivity) / self.n_events,
            self.specificity * (1.0 - self.specificity) / self.n_others,
        )


@dataclass(frozen=True, slots=True)
class CorrectedRate:
    """A rate with the judge's errors taken out. NaN from `estimate` on where `reason` says why.

    Attributes:
        apparent: the rate as judged.
        estimate: corrected, as the formula gives it; below 0 where the judge's false alarms exceed what it reported.
        std_error: of the estimate.
        lower, upper: two-sided limits at `level`, as the formula gives them.
        level: confidence level.
        reason: why there is no estimate.
    """

    apparent: float
    estimate: float
    std_error: float
    lower: float
    upper: float
    level: float
    reason: str = ""

    @property
    def clipped(self) -> float:
        """The estimate kept within 0 and 1."""
        return _within(self.estimate)

    @property
    def clipped_limits(self) -> tuple[float, float]:
        """The limits kept within 0 and 1."""
        return _within(self.lower), _within(self.upper)


def validated_judge(true_positives: float, positives: float, true_negatives: float, negatives: float) -> Judge:
    """The judge that a validation set shows: `true_positives` of the events found, `true_negatives` passed.

    Args:
        true_positives: 0 to `positives`.
        positives: validated rollouts that are events, more than 0.
        true_negatives: 0 to `negatives`.
        negatives: validated rollouts that are no events, more than 0.

    Raises:
        ValueError: counts outside their range.

    >>> round(validated_judge(96, 100, 89, 100).youden, 2)
    0.85
    """
    check_counts(true_positives, positives)
    check_counts(true_negatives, negatives)
    return Judge(true_positives / positives, true_negatives / negatives, positives, negatives)


def judge_limit(judge: Judge) -> str:
    """Why nothing can be corrected for this judge; empty where it is better than a coin."""
    if judge.youden > 0.0:
        return ""
    return (
        f"sensitivity {judge.sensitivity:.3g} and specificity {judge.specificity:.3g} sum to 1 or less: this judge "
        "tells events from other rollouts no better than a coin, and no rate follows from its answers"
    )


def rogan_gladen(apparent: float, judge: Judge) -> float:
    """The true rate behind an apparent one, not cut to 0 and 1; NaN for a judge no better than a coin.

    Source: Rogan & Gladen (1978), Am. J. Epidemiol. 107, 71-76.
    """
    return (apparent + judge.specificity - 1.0) / judge.youden if judge.youden > 0.0 else math.nan


def corrected_limits(limits: tuple[float, float], judge: Judge) -> tuple[float, float]:
    """The limits of a true rate from those of the apparent one (exact, Wilson, Sterne, Blaker), not cut to 0 and 1.

    Keeps the level of the interval that it is given where the judge's shares are known. Wrong, because too narrow,
    where they are estimated: see `lang_reiczigel`.

    Source: Reiczigel, Foldi & Ozsvari (2010), Epidemiol. Infect. 138, 1674-1678; R's epiR, `epi.prev`.

    >>> [round(limit, 4) for limit in corrected_limits((0.0998, 0.2211), Judge(0.96, 0.89))]
    [-0.012, 0.1307]
    """
    return rogan_gladen(limits[0], judge), rogan_gladen(limits[1], judge)


def corrected_rate(events: float, trials: float, judge: Judge, level: float = 0.95) -> CorrectedRate:
    """The corrected rate with its textbook interval: plus and minus z standard errors by the delta method.

    The variance is [a(1 - a)/n + p^2 Se(1 - Se)/n_events + (1 - p)^2 Sp(1 - Sp)/n_others] / J^2; the last two terms are
    0 for a judge whose shares are known. Too narrow at small counts, and without a part for the judge where it made no
    error in validation: `lang_reiczigel` is the interval to use. Wrong for rollouts pooled over training runs that
    differ (see `corrected_contrast`).

    Source: Rogan & Gladen (1978).

    Args:
        events: rollouts judged events, 0 to `trials`.
        trials: judged rollouts, more than 0.
        judge: its shares, known, or validated on other rollouts than these.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range.

    >>> found = corrected_rate(23, 150, Judge(0.96, 0.89))
    >>> round(found.apparent, 4), round(found.estimate, 4), round(found.std_error, 4)
    (0.1533, 0.051, 0.0346)
    """
    check_counts(events, trials)
    check_level(level)
    apparent = events / trials
    reason = judge_limit(judge)
    if reason:
        return CorrectedRate(apparent, math.nan, math.nan, math.nan, math.nan, level, reason)
    estimate = rogan_gladen(apparent, judge)
    found, passed = judge.variances
    own = apparent * (1.0 - apparent) / trials
    std_error = math.sqrt(own + estimate**2 * found + (1.0 - estimate) ** 2 * passed) / judge.youden
    reach = float(ndtri((1.0 + level) / 2.0)) * std_error
    return CorrectedRate(apparent, estimate, std_error, estimate - reach, estimate + reach, level)


def lang_reiczigel(events: float, trials: float, judge: Judge, level: float = 0.95) -> CorrectedRate:
    """The corrected rate with the interval that also holds at small counts.

    z^2 rollouts are added to the judged ones, half of them events, and one success and one failure to each side of the
    validation set; the centre is then moved against the skew. The estimate is that of these adjusted counts. Wrong for
    rollouts pooled over training runs that differ (see `corrected_contrast`).

    Source: Lang & Reiczigel (2014), Preventive Veterinary Medicine 113, 13-22.

    Args:
        events: rollouts judged events, 0 to `trials`.
        trials: judged rollouts, more than 0.
        judge: its shares, known, or validated on other rollouts than these.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range.

    >>> found = lang_reiczigel(23, 150, validated_judge(96, 100, 89, 100))
    >>> [round(limit, 4) for limit in found.clipped_limits]
    [0.0, 0.1457]
    """
    check_counts(events, trials)
    check_level(level)
    adjusted = _with_one_of_each(judge)
    reason = judge_limit(judge) or judge_limit(adjusted)
    if reason:
        return CorrectedRate(events / trials, math.nan, math.nan, math.nan, math.nan, level, reason)
    z = float(ndtri((1.0 + level) / 2.0))
    size = trials + z**2
    apparent = (events + z**2 / 2.0) / size
    estimate = rogan_gladen(apparent, adjusted)
    found, passed = adjusted.variances
    centre = estimate + 2.0 * z**2 * (estimate * found - (1.0 - estimate) * passed)
    own = apparent * (1.0 - apparent) / size
    std_error = math.sqrt(own + estimate**2 * found + (1.0 - estimate) ** 2 * passed) / adjusted.youden
    return CorrectedRate(events / trials, estimate, std_error, centre - z * std_error, centre + z * std_error, level)


def _with_one_of_each(judge: Judge) -> Judge:
    """One success and one failure more on each side of the validation set; shares that are known stay."""
    sides = []
    for share, n in ((judge.sensitivity, judge.n_events), (judge.specificity, judge.n_others)):
        sides.append(share if math.isinf(n) else (share * n + 1.0) / (n + 2.0))
    return Judge(sides[0], sides[1], judge.n_events + 2.0, judge.n_others + 2.0)


def _within(value: float) -> float:
    return value if math.isnan(value) else min(1.0, max(0.0, value))
