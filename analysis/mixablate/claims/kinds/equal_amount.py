"""`efficient` at an equal amount of data: a ratio of two drops per token.

No ratio of two uncertain drops is formed: the claim "at least r times" is tested as a contrast of arms, own drop less r
times what the other's drop would be at the same tokens (Fieller 1954, JRSS B 16, 175), and the interval holds the
ratios that such tests do not refuse.
"""

from __future__ import annotations

import math
from dataclasses import replace

from scipy.optimize import brentq

from mixablate.claims.case import Case
from mixablate.claims.kinds.data_ratio import (
    DataRatio,
    Sides,
    Told,
    claim_of,
    data_words,
    extra_data,
    other_switch,
    without_arms,
)
from mixablate.claims.kinds.of_contrast import own_switch
from mixablate.design import Contrast, Design, weighted_coefficients
from mixablate.estimate import evidence_of, tail
from mixablate.study import Efficient
from mixablate.tables import Tables

__all__ = ["EQUAL_AMOUNT"]

FARTHEST = 1e4  # ratios beyond it are told as no limit


def _sides(claim: Efficient, tables: Tables, design: Design) -> Sides:
    own, other = own_switch(claim, design), other_switch(claim, design)
    costs = tuple(extra_data(claim, contrast, tables, design) for contrast in (own, other))
    reason = own.reason or other.reason or _no_cost(claim, costs)
    if reason:
        of_both = f"{claim.per} of both, above those of their reference"
        return Sides(own, other, without_arms(own, reason, own.needed or other.needed or of_both), costs, ())
    notes = (f"{data_words(costs[0])} {claim.per} against {data_words(costs[1])}",)
    return Sides(own, other, _less(design, own, other, claim.ratio * costs[0] / costs[1]), costs, notes)


def _no_cost(claim: Efficient, costs: tuple[float, ...]) -> str:
    if all(cost > 0.0 for cost in costs):
        return ""
    return f"one of the two sides has no more {claim.per} than its reference, so that nothing can be told for each"


def _less(design: Design, own: Contrast, other: Contrast, times: float) -> Contrast:
    return replace(
        own, coefficients=weighted_coefficients(design, [(1.0, own), (-times, other)]), strata=(), strata_left_out=()
    )


def _point(case: Case, design: Design) -> float:
    """Own drop per token over the other's; infinite where the other has none, NaN where neither has."""
    claim, sign = claim_of(case), -1.0 if case.summaries.outcome.lower_is_better else 1.0
    contrasts = (own_switch(claim, design), other_switch(claim, design))
    drops = [sign * evidence_of(case.summaries, each, case.scale, design).estimate for each in contrasts]
    first, second = (drop / cost for drop, cost in zip(drops, case.constants, strict=True))
    if second > 0.0:
        return first / second
    return math.inf if first > 0.0 else math.nan


def _told(case: Case, design: Design, level: float) -> Told:
    point = _point(case, design)
    low, high = (_limit(case, design, 1.0 - level, lower=end) for end in (True, False))
    return Told(point if math.isfinite(point) else None, low, high)


def _limit(case: Case, design: Design, alpha: float, *, lower: bool) -> float | None:
    """The ratio at which the test of the claim turns: Fieller's limit; None where it never does."""
    below = case.summaries.outcome.lower_is_better == lower
    claim, (own_cost, other_cost) = claim_of(case), case.constants
    own, other = own_switch(claim, design), other_switch(claim, design)

    def left(log_ratio: float) -> float:
        joint = _less(design, own, other, math.exp(log_ratio) * own_cost / other_cost)
        return tail(evidence_of(case.summaries, joint, case.scale, design), 0.0, below=below) - alpha / 2.0

    reach = math.log(FARTHEST)
    if left(-reach) * left(reach) > 0.0:
        return None
    return math.exp(float(brentq(left, -reach, reach, xtol=1e-6)))


def _region(claim: Efficient) -> str:
    return f"{claim.ratio:g} times or more of the other's for each of the {claim.per}"


def _states(_: Efficient, ratio: float | None) -> str:
    told = "no ratio (the other has no drop)" if ratio is None else f"{ratio:.3g} times the other's"
    return f"drop for each unit of data {told}"


EQUAL_AMOUNT = DataRatio(
    sides=_sides,
    point=_point,
    told=_told,
    region=_region,
    states=_states,
    method="ratio of drops per unit of data, Fieller limits from",
    settles="more training runs of the two mixes and of their reference, or more data in each",
)
