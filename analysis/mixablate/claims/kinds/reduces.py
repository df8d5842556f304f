"""`reduces`: did switching the components lower the outcome by at least so much?"""

from __future__ import annotations

from mixablate.claims.kinds.of_contrast import contrast_kind
from mixablate.claims.regions import Region, check_region, drop_words, improvement
from mixablate.study import Reduces

__all__ = ["KIND"]


def _region(claim: Reduces, lower_is_better: bool) -> Region:
    """On the ratio scale minimum m claims a ratio of at most 1 - m."""
    check_region(claim, minimum=claim.minimum, margin=claim.margin)
    words = drop_words(claim.minimum, claim.scale, lower_is_better=lower_is_better)
    return improvement(claim.minimum, claim.scale, lower_is_better=lower_is_better, words=words)


KIND = contrast_kind(_region, difference=True)
