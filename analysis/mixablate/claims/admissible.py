"""Which other ways to judge a claim are admissible: the one place where that is decided.

A specification is admissible where it asks the claim's own question and these runs carry its answer.

- Scale. Only a plain comparison of arms, on counts of events, may change its scale: a difference of differences (an
  interaction, one drop less another that does not cancel) is another quantity on another scale. Where the region begins
  at no effect, no effect is the boundary on every scale. Any other boundary is taken to the rate it means at the
  observed reference rate, and from there to the other scale; it must be a rate between 0 and 1. Scores keep theirs.
- Estimator. A main-effects regression speaks of an effect averaged over the other components, so that it may stand in
  for claims of that average alone, and for no paired runs and no random scenarios, which it would ignore. The logit has
  no say where the claim has none for it (two drops compared).
- Inclusion. A rule counts where it changes what counts: missing rollouts scored as events, or as non-events, on both
  sides; runs with every eval of the study; evals not flagged contaminated; the last step where an earlier one
  headlines. An earlier step than the declared one answers another question.
- Judge. Every other judge of the same outcomes, alone.

Whatever the choice, its interval must lie in the supported region (design.md 6.4); where it does not, the reason stands
in place of numbers and the specification does not count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy.special import expit, logit

from mixablate.claims.case import Case
from mixablate.claims.contrast_evidence import contrast_standing
from mixablate.claims.kinds import kind_of
from mixablate.claims.regions import Region, within_margin
from mixablate.claims.specification import Estimator, Inclusion
from mixablate.design import Design
from mixablate.estimate import existence_scale, side_level
from mixablate.study import Necessary, Scale, Sufficient
from mixablate.tables import OutcomeKind, Tables

__all__ = ["Asking", "asking", "converted", "estimators_of", "inclusions_of", "scales_of_claim"]

RATES = (Scale.LOG_ODDS, Scale.RISK_DIFFERENCE, Scale.RISK_RATIO)
NOTHING = {Scale.LOG_ODDS: 0.0, Scale.RISK_DIFFERENCE: 0.0, Scale.RISK_RATIO: 1.0, Scale.VALUE: 0.0}
ONE_SIDE = 1e-9  # how far the treated side's coefficients may sum from 1 by rounding
NO_RATE = "at the reference rate seen, the claimed boundary is no rate between 0 and 1"


@dataclass(frozen=True, slots=True)
class Asking:
    """A case on one scale.

    Attributes:
        case: with its region on that scale.
        gate: the case whose supported region must hold: as declared on the scale whose test decided.
        within: the region of "no difference beyond the margin" there; None without a margin.
        reason: why the scale is not admissible; empty where it is.
    """

    case: Case
    gate: Case
    within: Region | None
    reason: str = ""


def scales_of_claim(cases: Sequence[Case]) -> tuple[Scale, ...]:
    """The scales on which all cases can be asked, the one that decided first."""
    own = dict.fromkeys(_declared(case) for case in cases)
    if len(own) > 1 or not all(_plain(case) and case.summaries.outcome.kind is OutcomeKind.EVENTS for case in cases):
        return (_declared(cases[0]),)
    return tuple(dict.fromkeys([*own, *RATES]))


def estimators_of(cases: Sequence[Case], design: Design) -> tuple[Estimator, ...]:
    """The estimators that ask the claim's question."""
    claim = cases[0].claim
    averaged = claim.at == "average" and not isinstance(claim, Necessary | Sufficient)
    if not averaged or design.pair or design.scenarios == "random" or not all(_plain(case) for case in cases):
        return (Estimator.RUNS,)
    logits = all(kind_of(case.claim).beside(case) is not None for case in cases)
    return (Estimator.RUNS, Estimator.LEAST_SQUARES, *([Estimator.LOGIT] if logits else []))


def inclusions_of(cases: Sequence[Case], complete: frozenset[str], tables: Tables) -> tuple[Inclusion, ...]:
    """The rules that change what counts for these cases, as declared first.

    Args:
        cases: of the claim.
        complete: the runs that have every eval of the study.
        tables: of the study.
    """
    found = [Inclusion.DECLARED]
    parts = [part for case in cases for part in case.parts or (case.summaries,)]
    if any(part.missing.any() for part in parts if part.outcome.kind is OutcomeKind.EVENTS):
        found += [Inclusion.MISSING_EVENTS, Inclusion.MISSING_OTHERS]
    if any(run_id not in complete for case in cases for run_id in case.summaries.run_ids):
        found.append(Inclusion.COMPLETE_RUNS)
    flagged = set(tables.evals.loc[tables.evals["contaminated"], "eval_id"])
    means = [{eval_id for eval_id, _ in part.outcome.evals} for part in parts]
    if any(mean & flagged and mean - flagged for mean in means):
        found.append(Inclusion.UNCONTAMINATED)
    return tuple(found)


def asking(case: Case, scale: Scale) -> Asking:
    """The case on a scale that `scales_of_claim` names: its region, and its margin, carried there."""
    if not _plain(case):
        return Asking(case, case, None)
    reference = side_level(case.summaries, case.contrast, -1.0)
    ends = (case.region.lower, case.region.upper)
    if case.region.at_no_effect:
        moved = tuple(NOTHING[scale] if math.isfinite(end) else end for end in ends)
    else:
        moved = tuple(converted(end, case.scale, scale, reference) for end in ends)
    if any(math.isnan(end) for end in moved):
        nowhere = replace(case, scale=scale, region=Region(-math.inf, math.inf, False, case.region.words))
        return Asking(nowhere, nowhere, None, NO_RATE)
    region = Region(moved[0], moved[1], False, case.region.words)
    within = None
    if case.margin is not None and case.difference:
        low, high = (converted(e, case.scale, scale, reference) for e in within_margin(case.margin, case.scale))
        within = Region(low, high, False, "") if not math.isnan(low + high) else None
    there = replace(case, scale=scale, region=region, margin=None)
    return Asking(there, replace(case, margin=None) if scale is _declared(case) else there, within)


def converted(boundary: float, scale: Scale, other: Scale, reference: float | None) -> float:
    """A boundary on another scale, at a reference rate; NaN where it means no rate between 0 and 1.

    It is the treated rate that the boundary means at the reference rate, taken back to the other scale. Infinite ends
    stay open. The reference rate is taken as known.

    >>> round(converted(-0.05, Scale.RISK_DIFFERENCE, Scale.RISK_RATIO, 0.2), 3)
    0.75
    """
    if scale is other or math.isinf(boundary):
        return boundary
    if reference is None or not 0.0 < reference < 1.0:
        return math.nan
    if scale is Scale.RISK_DIFFERENCE:
        treated = reference + boundary
    elif scale is Scale.RISK_RATIO:
        treated = reference * boundary
    else:
        treated = float(expit(logit(reference) + boundary))
    if not 0.0 < treated < 1.0:
        return math.nan
    if other is Scale.RISK_DIFFERENCE:
        return treated - reference
    return treated / reference if other is Scale.RISK_RATIO else float(logit(treated) - logit(reference))


def _declared(case: Case) -> Scale:
    """The scale of the test that decided."""
    return existence_scale(case.summaries) if case.region.at_no_effect else case.scale


def _plain(case: Case) -> bool:
    """Whether it is one comparison of arms: a treated side of weight 1 against a reference side of weight 1."""
    treated = math.fsum(c for _, c in case.contrast.coefficients if c > 0.0)
    return kind_of(case.claim).standing is contrast_standing and abs(treated - 1.0) < ONE_SIDE
