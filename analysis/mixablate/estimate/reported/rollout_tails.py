"""The p-values of a claim about the very models evaluated: the level at which its interval touches the boundary."""

from __future__ import annotations

from scipy.special import ndtr

from mixablate.estimate.reported.reported_claim import ClaimedRegion, ReportedClaim
from mixablate.estimate.reported.reported_comparison import claim_stands
from mixablate.estimate.reported.reported_side import ReportedSide

__all__ = ["rollout_tails"]

FARTHEST, NEAREST, STEPS = 6.0, 1e-3, 40
"""Normal quantiles between which the level is searched; beyond the farther no verdict changes."""

ONE_SIDED = {ClaimedRegion.REACHES_ZERO, ClaimedRegion.EQUIVALENT}
"""Regions whose level is that of each single bound."""


def rollout_tails(sides: tuple[ReportedSide, ReportedSide], claim: ReportedClaim) -> tuple[float, float]:
    """One-sided p of the claim's boundary, for support and for contradiction, over every count that rounding allows.

    The tail at which the interval of `claim_stands` touches the boundary, by bisection; 1 where the rates themselves do
    not lie on that side, or n is not stated. It says nothing of other runs of the same mix.

    Args:
        sides: reference and treated; of `reaches_zero` the treated side twice.
        claim: its region.
    """
    return _tail(sides, claim, wanted=True), _tail(sides, claim, wanted=False)


def _tail(sides: tuple[ReportedSide, ReportedSide], claim: ReportedClaim, *, wanted: bool) -> float:
    def says(quantile: float) -> bool:
        above = float(ndtr(quantile))
        return claim_stands(sides, claim, above if claim.region in ONE_SIDED else 2 * above - 1) is wanted

    low, high = NEAREST, FARTHEST
    if not says(low):
        return 1.0
    if says(high):
        return float(ndtr(-high))
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if says(middle) else (low, middle)
    return float(ndtr(-low))
