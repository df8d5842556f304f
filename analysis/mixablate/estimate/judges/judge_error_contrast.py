"""A difference of two arms corrected for judge error: between two models by counts, or over training runs.

The errors of one judge on both sides are the same errors. With a common judge the corrected difference is the apparent
one over J, and its variance has the judge's part d^2 (Var Se + Var Sp) / J^2, which vanishes with the difference; with
a judge validated on each side by itself each corrected rate p brings its own [p^2 Var Se + (1 - p)^2 Var Sp] / J^2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri, stdtrit

from mixablate.design import Contrast, Design
from mixablate.estimate.counts.checks import check_counts, check_level
from mixablate.estimate.judges.judge_error import Judge, judge_limit, rogan_gladen
from mixablate.estimate.runs.cells import satterthwaite
from mixablate.estimate.runs.evidence import Evidence, interval
from mixablate.estimate.runs.rate_limits import RateSpread, difference_limits
from mixablate.estimate.runs.region import outside_region
from mixablate.estimate.runs.run_level import complete_pairs, evidence_of
from mixablate.estimate.runs.summaries import RunSummaries
from mixablate.study import Scale
from mixablate.tables import OutcomeKind

__all__ = ["CorrectedDifference", "JudgeByArm", "corrected_contrast", "corrected_difference"]

FEWEST_VALIDATED = 200.0
"""Validated rollouts, and of them events, below which the coverage of these intervals is not vouched for (S11)."""
FEWEST_VALIDATED_EVENTS = 10.0


@dataclass(frozen=True, slots=True)
class JudgeByArm:
    """Two judges, or one judge validated on each side by itself: their shares are estimated independently."""

    treated: Judge
    reference: Judge


@dataclass(frozen=True, slots=True)
class CorrectedDifference:
    """Treated minus reference with the judge's errors taken out. NaN from `std_error` on where `reason` says why.

    Attributes:
        apparent: the difference as judged.
        treated, reference: corrected rates, not cut to 0 and 1.
        estimate: their difference, not cut either; NaN for a judge no better than a coin.
        std_error: of the estimate.
        df: infinity for counts, Satterthwaite's over training runs.
        lower, upper: two-sided limits at `level`.
        level: confidence level.
        judge_share: the part of the variance that comes from the validation set, 0 to 1.
        reason: why there is no estimate, or no interval.
        note: what to know beside the interval.
    """

    apparent: float
    treated: float
    reference: float
    estimate: float
    std_error: float
    df: float
    lower: float
    upper: float
    level: float
    judge_share: float
    reason: str = ""
    note: str = ""

    @property
    def clipped(self) -> float:
        """The estimate kept within -1 and 1."""
        return self.estimate if math.isnan(self.estimate) else min(1.0, max(-1.0, self.estimate))


@dataclass(frozen=True, slots=True)
class _Part:
    """One independent part of a variance, with its degrees of freedom."""

    variance: float
    df: float


def corrected_difference(
    events_1: float,
    trials_1: float,
    events_0: float,
    trials_0: float,
    judge: Judge | JudgeByArm,
    level: float = 0.95,
) -> CorrectedDifference:
    """Rate 1 minus rate 0 of two models as they are, corrected for the judge; delta method, normal interval.

    Every rate's variance is taken at (k + 1/2) / (n + 1), so that no side without errors or events is thought certain.
    Wrong for rollouts pooled over training runs that differ (`corrected_contrast`), where the validated rollouts are
    not like these, and where the judge's J is not clearly above 0: then the interval is withheld.

    Source: Rogan & Gladen (1978), with the covariance of both sides through a common judge.

    Args:
        events_1: rollouts of side 1 judged events, 0 to `trials_1`.
        trials_1: judged rollouts of side 1, more than 0.
        events_0: of side 0.
        trials_0: of side 0.
        judge: common to both sides, or validated on each (side 1 is the treated one).
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: an argument outside its range.

    >>> found = corrected_difference(30, 300, 66, 300, Judge(0.9, 0.96))
    >>> round(found.apparent, 3), round(found.estimate, 3), round(found.lower, 3), round(found.upper, 3)
    (-0.12, -0.14, -0.207, -0.072)
    """
    check_counts(events_1, trials_1)
    check_counts(events_0, trials_0)
    check_level(level)
    rates = events_1 / trials_1, events_0 / trials_0
    found = _point(*rates, judge, level)
    if found.reason:
        return found
    sides = [
        _Part(_variance(rate, trials) / one.youden**2, math.inf)
        for rate, trials, one in zip(rates, (trials_1, trials_0), _by_side(judge), strict=True)
    ]
    return _symmetric(found, sides, _judge_parts(judge, found))


def corrected_contrast(
    summaries: RunSummaries, contrast: Contrast, design: Design, judge: Judge | JudgeByArm, level: float = 0.95
) -> CorrectedDifference:
    """A contrast of training runs in rates, corrected for the judge: spread between runs plus the judge's part.

    The limits of the apparent rates are those of `evidence_of` (found on the logit, combined by MOVER), divided by J;
    the judge's part, which all runs of a side share and more runs do not reduce, is added to the squares of their
    distances from the estimate. Degrees of freedom are Satterthwaite's over all parts. Withheld outside the supported
    region. Wrong where the validated rollouts are not like these.

    Source: Rogan & Gladen (1978); Zou & Donner (2008), Stat. Med. 27, 1693, for the combination.

    Args:
        summaries: of an outcome of events, all its evals judged by this judge.
        contrast: over arms.
        design: of the study; with a judge for each side its runs must not be paired.
        judge: common to both sides, or validated on each.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: scores, which have no events to misjudge; or a level outside its range.
    """
    check_level(level)
    if summaries.outcome.kind is not OutcomeKind.EVENTS:
        raise ValueError("a judge's errors can be taken out of counts of events, found scores")
    summaries = complete_pairs(summaries, design, [arm_id for arm_id, _ in contrast.coefficients])
    whole = evidence_of(summaries, contrast, Scale.RISK_DIFFERENCE, design)
    found = _point(whole.treated, whole.reference, judge, level)
    reason = found.reason or outside_region(whole, summaries, contrast)
    if reason:
        return replace(found, reason=reason)
    if isinstance(judge, Judge):
        sides, distances = _whole(whole, judge, level)
    elif whole.rates is not None:
        sides, distances = _by_arm(whole.rates, judge, level)
    else:
        return replace(found, reason="a judge for each side needs independent arms of two runs or more")
    return _over_runs(found, sides, distances, _judge_parts(judge, found))


def _by_side(judge: Judge | JudgeByArm) -> tuple[Judge, Judge]:
    """The judges of the treated and of the reference side."""
    return (judge, judge) if isinstance(judge, Judge) else (judge.treated, judge.reference)


def _point(rate_1: float, rate_0: float, judge: Judge | JudgeByArm, level: float) -> CorrectedDifference:
    """The estimate alone, with the reason where the judge allows no more."""
    one, zero = _by_side(judge)
    treated, reference = rogan_gladen(rate_1, one), rogan_gladen(rate_0, zero)
    reason = judge_limit(one) or judge_limit(zero) or _unclear(one, level) or _unclear(zero, level)
    nothing = math.nan
    return CorrectedDifference(
        apparent=rate_1 - rate_0,
        treated=treated,
        reference=reference,
        estimate=treated - reference,
        std_error=nothing,
        df=nothing,
        lower=nothing,
        upper=nothing,
        level=level,
        judge_share=nothing,
        reason=reason,
        note="; ".join(dict.fromkeys(note for note in (_small(one), _small(zero)) if note)),
    )


def _unclear(judge: Judge, level: float) -> str:
    """Why the judge is not clearly better than a coin: with J within its error of 0 a corrected rate has no bounds."""
    found, passed = _judge_variances(judge)
    least = judge.youden - _z(level) * math.sqrt(found + passed)
    if least > 0.0:
        return ""
    return (
        f"sensitivity + specificity - 1 is {judge.youden:.2f}, but may be {least:.2f}: the validation set does not "
        "show the judge to be better than a coin"
    )


def _small(judge: Judge) -> str:
    """What to say of a validation set too small to vouch for the interval."""
    n = judge.n_events + judge.n_others
    if n >= FEWEST_VALIDATED and min(judge.n_events, judge.n_others) >= FEWEST_VALIDATED_EVENTS:
        return ""
    return (
        f"validated on {n:g} rollouts, {judge.n_events:g} of them events: below {FEWEST_VALIDATED:g} and "
        f"{FEWEST_VALIDATED_EVENTS:g} the coverage of this interval is not vouched for"
    )


def _variance(rate: float, n: float) -> float:
    """Of a rate seen in n, at (k + 1/2) / (n + 1); 0 where n is infinite."""
    if math.isinf(n):
        return 0.0
    pulled = (rate * n + 0.5) / (n + 1.0)
    return pulled * (1.0 - pulled) / n


def _judge_variances(judge: Judge) -> tuple[float, float]:
    return _variance(judge.sensitivity, judge.n_events), _variance(judge.specificity, judge.n_others)


def _judge_parts(judge: Judge | JudgeByArm, found: CorrectedDifference) -> list[_Part]:
    """What the validation sets add to the variance of the difference."""
    if isinstance(judge, Judge):
        slopes = [(judge, found.estimate, found.estimate)]
    else:
        slopes = [
            (judge.treated, found.treated, 1.0 - found.treated),
            (judge.reference, found.reference, 1.0 - found.reference),
        ]
    parts = []
    for one, by_sensitivity, by_specificity in slopes:
        sensitivity, specificity = _judge_variances(one)
        parts.append(_Part((by_sensitivity / one.youden) ** 2 * sensitivity, max(1.0, one.n_events - 1.0)))
        parts.append(_Part((by_specificity / one.youden) ** 2 * specificity, max(1.0, one.n_others - 1.0)))
    return parts


def _whole(evidence: Evidence, judge: Judge, level: float) -> tuple[list[_Part], tuple[float, float]]:
    """The variance of the apparent contrast over J^2, and its limits' distances from the estimate over J."""
    lower, upper = interval(evidence, level)
    distances = [
        max(0.0, distance) / judge.youden for distance in (evidence.estimate - lower, upper - evidence.estimate)
    ]
    return [_Part((evidence.std_error / judge.youden) ** 2, evidence.df)], (distances[0], distances[1])


def _by_arm(spread: RateSpread, judge: JudgeByArm, level: float) -> tuple[list[_Part], tuple[float, float]]:
    """The same for a contrast of independent arms, each side's apparent rates divided by its own J."""
    treated = spread.coefficients > 0.0
    coefficients = spread.coefficients / np.where(treated, judge.treated.youden, judge.reference.youden)
    shares = (coefficients * spread.rates * (1.0 - spread.rates) * spread.logit_se) ** 2
    variance, df = float(shares.sum()), float(satterthwaite(shares, spread.own_df + 1.0))
    scaled = replace(spread, coefficients=coefficients, std_error=np.sqrt(shares.sum()), df=np.asarray(df))
    lower, upper = difference_limits(scaled, (1.0 - level) / 2.0)
    centre = float(spread.rates @ coefficients)
    return [_Part(variance, df)], (max(0.0, centre - float(lower)), max(0.0, float(upper) - centre))


def _over_runs(
    found: CorrectedDifference, sides: list[_Part], distances: tuple[float, float], judged: list[_Part]
) -> CorrectedDifference:
    """The runs' own distances and the judge's t interval, combined by their squares."""
    parts = sides + judged
    total = math.fsum(part.variance for part in parts)
    spread = math.fsum(part.variance**2 / part.df for part in parts)
    df = total**2 / spread if spread > 0.0 else math.inf
    judge_variance = math.fsum(part.variance for part in judged)
    reach = float(stdtrit(df, (1.0 + found.level) / 2.0)) * math.sqrt(judge_variance)
    return replace(
        found,
        std_error=math.sqrt(total),
        df=df,
        lower=found.estimate - math.hypot(distances[0], reach),
        upper=found.estimate + math.hypot(distances[1], reach),
        judge_share=judge_variance / total if total > 0.0 else 0.0,
    )


def _symmetric(found: CorrectedDifference, sides: list[_Part], judged: list[_Part]) -> CorrectedDifference:
    distance = _z(found.level) * math.sqrt(math.fsum(part.variance for part in sides))
    wide = [_Part(part.variance, math.inf) for part in judged]
    return _over_runs(found, sides, (distance, distance), wide)


def _z(level: float) -> float:
    return float(ndtri((1.0 + level) / 2.0))
