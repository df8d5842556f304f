"""`equivalent`: did the components leave the outcome within a margin, either way?"""

from __future__ import annotations

from mixablate.claims.kinds.of_contrast import contrast_kind
from mixablate.claims.numbers_in_words import amount
from mixablate.claims.regions import Region, check_region, within_margin
from mixablate.study import Equivalent

__all__ = ["KIND"]


def _region(claim: Equivalent, _: bool) -> Region:
    """On the ratio scale margin f claims a ratio within 1/f to f."""
    check_region(claim, margin=claim.margin)
    low, high = within_margin(claim.margin, claim.scale)
    return Region(low, high, False, f"change between {amount(low, claim.scale)} and {amount(high, claim.scale)}")


KIND = contrast_kind(_region)
