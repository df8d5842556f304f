"""Every claim is a region of an effect; this page says which."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mixablate.claims.numbers_in_words import amount
from mixablate.errors import ClaimError, Problem
from mixablate.study import AtLeastRatio, Claim, Equivalent, NoHarm, ReachesZero, Scale, Stronger

__all__ = ["Region", "region_of"]


@dataclass(frozen=True, slots=True)
class Region:
    """The values of the effect (treated minus, or over, reference) that the claim says it has.

    Attributes:
        lower, upper: ends, infinite where open.
        at_no_effect: the region begins at no effect, so that the existence test is its test.
        words: for people.
    """

    lower: float
    upper: float
    at_no_effect: bool
    words: str

    def holds(self, value: float) -> bool:
        """Whether a value of the effect lies inside."""
        return self.lower <= value <= self.upper

    @property
    def boundaries(self) -> tuple[tuple[float, bool], ...]:
        """(boundary, whether the region lies below it), for the ends that are not open."""
        ends = ((self.upper, True), (self.lower, False))
        return tuple((value, below) for value, below in ends if math.isfinite(value))


def region_of(claim: Claim, *, lower_is_better: bool) -> Region:
    """The claimed region in the unit of the claim's scale.

    A drop of a lower-is-better outcome is an improvement, a rise of a higher-is-better one its mirror. On the ratio
    scale `reduces` with minimum m claims a ratio of at most 1 - m, `equivalent` with margin f a ratio within 1/f to f.

    Raises:
        ClaimError: a margin or minimum that has no meaning on the claim's scale.
    """
    ratio = claim.scale is Scale.RISK_RATIO
    _check(claim, ratio)
    word = "drop" if lower_is_better else "rise"
    if isinstance(claim, ReachesZero):
        return Region(-math.inf, claim.bound, False, f"treated rate at most {claim.bound:.2%}")
    if isinstance(claim, AtLeastRatio):
        if lower_is_better:
            return Region(
                -math.inf, 1.0 / claim.ratio, False, f"reference rate at least {claim.ratio:g} times the treated rate"
            )
        return Region(claim.ratio, math.inf, False, f"treated rate at least {claim.ratio:g} times the reference rate")
    if isinstance(claim, Equivalent):
        low, high = (1.0 / claim.margin, claim.margin) if ratio else (-claim.margin, claim.margin)
        return Region(low, high, False, f"change within {amount(low, claim.scale)} to {amount(high, claim.scale)}")
    if isinstance(claim, NoHarm):
        allowed = claim.margin if ratio else amount(claim.margin, claim.scale)
        if lower_is_better:
            return Region(-math.inf, claim.margin, False, f"no more than {allowed} worse")
        return Region(1.0 / claim.margin if ratio else -claim.margin, math.inf, False, f"no more than {allowed} worse")
    subject = f"the other's by at least {amount(claim.minimum, claim.scale)}" if isinstance(claim, Stronger) else ""
    words = f"{word} exceeds {subject}" if subject else f"{word} of at least {amount(claim.minimum, claim.scale)}"
    if claim.minimum == 0.0:
        words = f"a larger {word} than the other's" if subject else f"a {word}"
    return _improvement(claim.minimum, ratio, lower_is_better, words)


def _improvement(minimum: float, ratio: bool, lower_is_better: bool, words: str) -> Region:
    none = 1.0 if ratio else 0.0
    if lower_is_better:
        return Region(-math.inf, none - minimum, minimum == 0.0, words)
    return Region(none + minimum, math.inf, minimum == 0.0, words)


def _check(claim: Claim, ratio: bool) -> None:
    margin = getattr(claim, "margin", None)
    minimum = getattr(claim, "minimum", 0.0)
    problem = None
    if ratio and isinstance(claim, Stronger):
        problem = (
            "scale risk_ratio",
            "a difference scale: two ratios have no difference in one unit",
            "Use risk_difference.",
        )
    elif ratio and margin is not None and not margin > 1.0:
        problem = (f"margin = {margin:g}", "a factor above 1 on risk_ratio", "For 25 % either way write margin = 1.25.")
    elif ratio and not minimum < 1.0:
        problem = (
            f"minimum = {minimum:g}",
            "below 1 on risk_ratio: a fraction of the reference rate",
            "For half write 0.5.",
        )
    elif claim.scale is Scale.RISK_DIFFERENCE and not max(margin or 0.0, minimum) < 1.0:
        problem = (f"{max(margin or 0.0, minimum):g}", "below 1: rates are fractions", "For 5 points write 0.05.")
    if problem:
        found, required, remedy = problem
        raise ClaimError(Problem("CLAIM_REGION", f'claim "{claim.id}"', found, required, remedy))
