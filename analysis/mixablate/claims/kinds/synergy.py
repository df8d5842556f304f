"""`synergy`: do two sets of components lower the outcome together by more than the sum of both?"""

from __future__ import annotations

from mixablate.claims.kinds.of_interaction import interaction_kind
from mixablate.claims.numbers_in_words import amount
from mixablate.claims.regions import Region, check_region, improvement
from mixablate.study import Synergy

__all__ = ["KIND"]


def _region(claim: Synergy, lower_is_better: bool) -> Region:
    """On the ratio scale minimum m claims a ratio of ratios of at most 1 - m."""
    check_region(claim, minimum=claim.minimum, margin=claim.margin)
    word = "drop" if lower_is_better else "rise"
    by = f"at least {amount(claim.minimum, claim.scale)} " if claim.minimum else ""
    words = f"a {word} together {by}larger than the sum of the separate ones"
    return improvement(claim.minimum, claim.scale, lower_is_better=lower_is_better, words=words, exists=False)


KIND = interaction_kind(_region, difference=True)
