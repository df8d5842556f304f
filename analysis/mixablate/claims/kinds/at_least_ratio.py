"""`at_least_ratio`: is the reference rate at least so many times the treated rate?"""

from __future__ import annotations

import math

from mixablate.claims.kinds.of_contrast import contrast_kind
from mixablate.claims.regions import Region
from mixablate.study import AtLeastRatio

__all__ = ["KIND"]


def _region(claim: AtLeastRatio, lower_is_better: bool) -> Region:
    if lower_is_better:
        words = f"reference rate at least {claim.ratio:g} times the treated rate"
        return Region(-math.inf, 1.0 / claim.ratio, False, words)
    return Region(claim.ratio, math.inf, False, f"treated rate at least {claim.ratio:g} times the reference rate")


KIND = contrast_kind(_region)
