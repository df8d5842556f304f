"""What the rollouts without a score could do to a contrast: bounds, and the share of events that would tip it.

Refused, crashed and unscored rollouts leave the rate's denominator. That is right only where they would have been
events as often as the scored ones. Nothing in the data says so; these functions say how much hangs on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mixablate.design import Contrast, Design
from mixablate.estimate.counts.checks import check_level
from mixablate.estimate.runs.evidence import possible_interval
from mixablate.estimate.runs.region import outside_region
from mixablate.estimate.runs.run_level import complete_pairs, evidence_of
from mixablate.estimate.runs.summaries import RunSummaries, push_missing, score_missing
from mixablate.study import Scale
from mixablate.tables import OutcomeKind

__all__ = [
    "MissingBounds",
    "Scored",
    "Side",
    "TippingCurve",
    "missing_bounds",
    "scored_rate",
    "sides_of",
    "tipping_curve",
    "tipping_share",
]

Floats = NDArray[np.float64]

STEPS = 100
"""Shares tried between 0 and 1; a change of conclusion that comes and goes within one step is not seen."""
CLOSE = 1e-9  # of a tipping share


class Side(StrEnum):
    """The two sides of a contrast."""

    TREATED = "treated"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Scored:
    """A contrast's estimate and interval under one scoring of the missing; NaN limits where `reason` says why."""

    estimate: float
    lower: float
    upper: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MissingBounds:
    """A contrast as found, and with the missing put on either side.

    Attributes:
        as_found: missing rollouts left out.
        treated_events: the treated side's missing are all events, the reference side's none.
        reference_events: the other way round.
        n_treated, n_reference: missing rollouts on each side.
        lower, upper: from the lowest to the highest limit of the three intervals; NaN where one has none.
    """

    as_found: Scored
    treated_events: Scored
    reference_events: Scored
    n_treated: int
    n_reference: int

    @property
    def lower(self) -> float:
        """The lowest limit of the three."""
        return float(np.min([s.lower for s in (self.as_found, self.treated_events, self.reference_events)]))

    @property
    def upper(self) -> float:
        """The highest limit of the three."""
        return float(np.max([s.upper for s in (self.as_found, self.treated_events, self.reference_events)]))


@dataclass(frozen=True, slots=True)
class TippingCurve:
    """A contrast over the share of one side's missing rollouts that were events.

    Attributes:
        side: whose missing rollouts vary.
        shares: (K,) from 0 to 1.
        estimates, lowers, uppers: (K,) at each share.
        scored: the share of events among the side's scored rollouts, where the curve crosses what was assumed.
        tipping: the share nearest to `scored` at which the interval lies otherwise to no effect than as found; None
            where no share does that.
        reason: why there is no curve; empty where there is one.
    """

    side: Side
    shares: Floats
    estimates: Floats
    lowers: Floats
    uppers: Floats
    scored: float
    tipping: float | None
    reason: str = ""


def sides_of(contrast: Contrast) -> Mapping[Side, frozenset[str]]:
    """The arms of each side."""
    return {
        Side.TREATED: frozenset(arm_id for arm_id, c in contrast.coefficients if c > 0.0),
        Side.REFERENCE: frozenset(arm_id for arm_id, c in contrast.coefficients if c < 0.0),
    }


def missing_bounds(
    summaries: RunSummaries, contrast: Contrast, scale: Scale, design: Design, level: float = 0.95
) -> MissingBounds:
    """The contrast with the missing left out, and with all of them scored for and against it.

    Between the two outer estimates the estimate lies whatever the missing rollouts were; the outer intervals add the
    uncertainty over training runs. Wide where much is missing, and then the honest answer. Scores cannot be bounded so:
    all three are as found.

    Source: Manski (1990), American Economic Review 80, 319-323; Horowitz & Manski (2000), JASA 95, 77-84.

    Args:
        summaries: of an outcome.
        contrast: over arms.
        scale: of the estimate.
        design: of the study.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: a level outside its range.
    """
    check_level(level)
    arms = sides_of(contrast)
    summaries = complete_pairs(summaries, design, frozenset().union(*arms.values()))
    return MissingBounds(
        _scored(summaries, contrast, scale, design, level),
        _scored(push_missing(summaries, arms[Side.TREATED]), contrast, scale, design, level),
        _scored(push_missing(summaries, arms[Side.REFERENCE]), contrast, scale, design, level),
        _missing_on(summaries, arms[Side.TREATED]),
        _missing_on(summaries, arms[Side.REFERENCE]),
    )


def tipping_curve(
    summaries: RunSummaries,
    contrast: Contrast,
    scale: Scale,
    design: Design,
    side: Side,
    *,
    other: float | None = None,
    level: float = 0.95,
) -> TippingCurve:
    """The contrast for every share of one side's missing rollouts that might have been events, and where it tips.

    The same share is taken in each run and eval, in expectation. The other side's missing stay out, or are scored with
    a share of their own. It tips where the interval begins or ceases to exclude no effect. Wrong as a statement about
    runs whose missing rollouts differ among themselves: the tipping share is one of a whole side.

    Source: tipping-point analysis, Yan, Lee & Li (2009), J. Biopharm. Stat. 19, 1085-1098.

    Args:
        summaries: of an outcome of events.
        contrast: over arms.
        scale: of the estimate.
        design: of the study.
        side: whose missing rollouts vary.
        other: the share of events among the other side's missing; None leaves them out.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: a share or level outside its range.
    """
    check_level(level)
    arms = sides_of(contrast)
    summaries = complete_pairs(summaries, design, frozenset().union(*arms.values()))
    others = {} if other is None else dict.fromkeys(_opposite(arms, side), other)
    # Checks the share of the other side even where no curve follows.
    base = score_missing(summaries, others)
    found = _scored(summaries, contrast, scale, design, level)
    reason = _no_curve(summaries, arms[side], side) or found.reason
    grid = np.linspace(0.0, 1.0, STEPS + 1)
    if reason:
        nothing = np.full(STEPS + 1, math.nan)
        return TippingCurve(side, grid, nothing, nothing, nothing, math.nan, None, reason)

    def at(share: float) -> Scored:
        return _scored(score_missing(base, dict.fromkeys(arms[side], share)), contrast, scale, design, level)

    points = [at(float(share)) for share in grid]
    start = scored_rate(summaries, arms[side])
    return TippingCurve(
        side,
        grid,
        np.array([point.estimate for point in points]),
        np.array([point.lower for point in points]),
        np.array([point.upper for point in points]),
        start,
        tipping_share(lambda share: _lies(at(share), scale), _lies(found, scale), start),
    )


def tipping_share(says: Callable[[float], object], as_found: object, start: float, steps: int = STEPS) -> float | None:
    """The share nearest to `start` at which `says` differs from `as_found`; None where it nowhere does.

    Args:
        says: the conclusion at a share of events between 0 and 1.
        as_found: the conclusion without the missing.
        start: the share that needs no explanation, usually that of the scored rollouts.
        steps: of the search; what comes and goes within one step is not seen.

    >>> round(tipping_share(lambda share: share > 0.37, False, 0.05), 6)
    0.37
    """
    if says(start) != as_found:
        return start
    grid = [float(share) for share in np.linspace(0.0, 1.0, steps + 1)]
    changed = [share for share in grid if says(share) != as_found]
    if not changed:
        return None
    outer = min(changed, key=lambda share: abs(share - start))
    toward = [share for share in (*grid, start) if min(start, outer) <= share <= max(start, outer) and share != outer]
    inner = min(toward, key=lambda share: abs(share - outer))
    while abs(outer - inner) > CLOSE:
        middle = (outer + inner) / 2.0
        inner, outer = (middle, outer) if says(middle) == as_found else (inner, middle)
    return outer


def scored_rate(summaries: RunSummaries, arm_ids: frozenset[str]) -> float:
    """The share of events among the scored rollouts of these arms, all runs and evals together."""
    rows = [arm_id in arm_ids for arm_id in summaries.arm_ids]
    return float(summaries.events[rows].sum() / summaries.trials[rows].sum())


def _scored(summaries: RunSummaries, contrast: Contrast, scale: Scale, design: Design, level: float) -> Scored:
    evidence = evidence_of(summaries, contrast, scale, design)
    reason = evidence.reason or outside_region(evidence, summaries, contrast)
    lower, upper = (math.nan, math.nan) if reason else possible_interval(evidence, contrast, level)
    return Scored(evidence.estimate, lower, upper, reason)


def _lies(scored: Scored, scale: Scale) -> str:
    """Where the interval lies relative to no effect."""
    nothing = 1.0 if scale is Scale.RISK_RATIO else 0.0
    if scored.reason:
        return "withheld"
    return "above" if scored.lower > nothing else "below" if scored.upper < nothing else "around"


def _opposite(arms: Mapping[Side, frozenset[str]], side: Side) -> frozenset[str]:
    return arms[Side.REFERENCE if side is Side.TREATED else Side.TREATED]


def _missing_on(summaries: RunSummaries, arm_ids: frozenset[str]) -> int:
    return int(summaries.missing[[arm_id in arm_ids for arm_id in summaries.arm_ids]].sum())


def _no_curve(summaries: RunSummaries, arm_ids: frozenset[str], side: Side) -> str:
    if summaries.outcome.kind is not OutcomeKind.EVENTS:
        return "scores are missing without bounds: no share of events can stand for them"
    return "" if _missing_on(summaries, arm_ids) else f"no rollout of the {side} side is missing"
