"""What a claim on published figures says, as a region of the effect and as a question to two printed rates."""

from __future__ import annotations

import math

from mixablate.claims.numbers_in_words import amount
from mixablate.claims.regions import Region, drop_words, improvement, within_margin
from mixablate.estimate.reported import ClaimedRegion, ReportedClaim
from mixablate.study import (
    PublishedAtLeastRatio,
    PublishedClaim,
    PublishedDeclared,
    PublishedEfficient,
    PublishedEquivalent,
    PublishedReachesZero,
    PublishedReduces,
    PublishedStronger,
    Scale,
)

__all__ = ["asked_of_rates", "published_region"]


def published_region(claim: PublishedDeclared) -> Region | None:
    """The claimed region in the unit of the claim's scale; None for what is only stated.

    Rates are of something unwanted, so that a drop is the improvement. Of `efficient` the scale is one drop per unit
    of data over another's.
    """
    match claim:
        case PublishedReduces():
            words = drop_words(claim.minimum, claim.scale, lower_is_better=True)
            return improvement(claim.minimum, claim.scale, lower_is_better=True, words=words)
        case PublishedStronger():
            more = f"exceeds the other's by at least {amount(claim.minimum, claim.scale)}"
            words = f"drop {more}" if claim.minimum else "drop larger than the other's"
            return improvement(claim.minimum, claim.scale, lower_is_better=True, words=words)
        case PublishedAtLeastRatio():
            words = f"reference rate at least {claim.ratio:g} times the treated rate"
            return Region(-math.inf, 1.0 / claim.ratio, False, words)
        case PublishedReachesZero():
            return Region(-math.inf, claim.bound, False, f"treated rate at most {claim.bound:.2%}")
        case PublishedEquivalent():
            low, high = within_margin(claim.margin, claim.scale)
            return Region(low, high, False, f"rates within {amount(claim.margin, Scale.RISK_DIFFERENCE)} of each other")
        case PublishedEfficient():
            return Region(claim.ratio, math.inf, False, f"drop per unit of data at least {claim.ratio:g} times")
    return None


def asked_of_rates(claim: PublishedClaim) -> ReportedClaim:
    """The claim as a region of two rates.

    Raises:
        TypeError: of a kind that two rates cannot speak to.
    """
    match claim:
        case PublishedReduces() | PublishedStronger():
            return ReportedClaim(ClaimedRegion.REDUCES, claim.minimum)
        case PublishedAtLeastRatio():
            return ReportedClaim(ClaimedRegion.AT_LEAST_RATIO, claim.ratio)
        case PublishedReachesZero():
            return ReportedClaim(ClaimedRegion.REACHES_ZERO, claim.bound)
        case PublishedEquivalent():
            return ReportedClaim(ClaimedRegion.EQUIVALENT, claim.margin)
    raise TypeError(f"two rates cannot speak to a claim of the kind {claim.kind}")
