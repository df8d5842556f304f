"""`necessary`: does the full mix lose its drop when the components are switched off?"""

from __future__ import annotations

from dataclasses import replace

from mixablate.claims.kinds.of_contrast import contrast_kind, own_switch
from mixablate.claims.regions import Region, check_region, drop_words, improvement
from mixablate.design import Contrast, Design
from mixablate.study import Necessary

__all__ = ["KIND"]

WHERE = "every other component at its target"


def _region(claim: Necessary, lower_is_better: bool) -> Region:
    check_region(claim, minimum=claim.minimum, margin=claim.margin)
    words = drop_words(claim.minimum, claim.scale, lower_is_better=lower_is_better) + " in the full mix"
    return improvement(claim.minimum, claim.scale, lower_is_better=lower_is_better, words=words)


def _contrast(claim: Necessary, design: Design) -> Contrast:
    found = own_switch(claim, design)
    if not found.reason:
        return found
    return replace(found, reason=f"{found.reason}, {WHERE}", needed=f"{found.needed}, {WHERE}")


KIND = contrast_kind(_region, _contrast, difference=True)
