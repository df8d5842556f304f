"""`no_harm`: is the outcome, a capability say, not worse by more than a margin?"""

from __future__ import annotations

import math

from mixablate.claims.kinds.of_contrast import contrast_kind
from mixablate.claims.numbers_in_words import amount
from mixablate.claims.regions import Region, check_region, within_margin
from mixablate.study import NoHarm, Scale

__all__ = ["KIND"]


def _region(claim: NoHarm, lower_is_better: bool) -> Region:
    check_region(claim, margin=claim.margin)
    low, high = within_margin(claim.margin, claim.scale)
    allowed = claim.margin if claim.scale is Scale.RISK_RATIO else amount(claim.margin, claim.scale)
    words = f"no more than {allowed} worse"
    return Region(-math.inf, high, False, words) if lower_is_better else Region(low, math.inf, False, words)


KIND = contrast_kind(_region)
