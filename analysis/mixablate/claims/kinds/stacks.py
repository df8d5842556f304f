"""`stacks`: do two sets of components add up, without getting in each other's way by more than a margin?"""

from __future__ import annotations

import math

from mixablate.claims.kinds.of_interaction import interaction_kind
from mixablate.claims.numbers_in_words import amount
from mixablate.claims.regions import Region, check_region, within_margin
from mixablate.study import Scale, Stacks

__all__ = ["KIND"]


def _region(claim: Stacks, lower_is_better: bool) -> Region:
    """On the ratio scale margin f claims a ratio of ratios of at most f."""
    check_region(claim, margin=claim.margin)
    low, high = within_margin(claim.margin, claim.scale)
    word = "drop" if lower_is_better else "rise"
    allowed = f"a factor {claim.margin:g}" if claim.scale is Scale.RISK_RATIO else amount(claim.margin, claim.scale)
    words = f"a {word} together no more than {allowed} short of the sum of the separate ones"
    return Region(-math.inf, high, False, words) if lower_is_better else Region(low, math.inf, False, words)


KIND = interaction_kind(_region, difference=False)
