"""`stronger`: do these components lower the outcome more than those?"""

from __future__ import annotations

from dataclasses import replace

from mixablate.claims.kinds.of_contrast import contrast_kind, own_switch, switches_of
from mixablate.claims.numbers_in_words import amount
from mixablate.claims.regions import Region, check_region, improvement, refused_region
from mixablate.design import Contrast, Design, difference_of, switch
from mixablate.study import Scale, Stronger

__all__ = ["KIND"]


def _region(claim: Stronger, lower_is_better: bool) -> Region:
    if claim.scale is Scale.RISK_RATIO:
        required = "a difference scale: two ratios have no difference in one unit"
        raise refused_region(claim, "scale risk_ratio", required, "Use risk_difference.")
    check_region(claim, minimum=claim.minimum, margin=claim.margin)
    word = "drop" if lower_is_better else "rise"
    words = f"{word} exceeds the other's by at least {amount(claim.minimum, claim.scale)}"
    if claim.minimum == 0.0:
        words = f"a larger {word} than the other's"
    return improvement(claim.minimum, claim.scale, lower_is_better=lower_is_better, words=words)


def _contrast(claim: Stronger, design: Design) -> Contrast:
    """The components' contrast minus that of `than`; what both compare with drops out."""
    other = switch(design, claim.than, name=claim.id, at=claim.at, reference=claim.reference, treated=claim.treated)
    return difference_of(design, own_switch(claim, design), other, name=claim.id)


# The logit beside has main effects only: it cannot say how one component's drop differs from another's.
KIND = replace(
    contrast_kind(_region, _contrast, difference=True),
    beside=lambda _: None,
    switches=lambda claim, design: switches_of(claim, design, claim.components, claim.than),
)
