"""A claim is a region of an effect: what a region is, and the ends that several kinds share."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from mixablate.claims.every_claim import of_every_claim
from mixablate.claims.numbers_in_words import amount
from mixablate.errors import ClaimError, Problem
from mixablate.study import Declared, Scale

__all__ = ["Region", "check_region", "drop_words", "improvement", "refuse_regions", "refused_region", "within_margin"]


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


def improvement(
    minimum: float, scale: Scale, *, lower_is_better: bool, words: str, exists: bool | None = None
) -> Region:
    """Better by at least `minimum`: a drop of a lower-is-better outcome, a rise of a higher-is-better one.

    On the ratio scale minimum m is a ratio of at most 1 - m (at least 1 + m for a rise).

    Args:
        minimum: 0 or more, in the unit of the scale.
        scale: of the effect.
        lower_is_better: of the outcome.
        words: for people.
        exists: whether the region is that of an effect at all, whatever the scale; by default where `minimum` is 0.
    """
    none = 1.0 if scale is Scale.RISK_RATIO else 0.0
    at_no_effect = minimum == 0.0 if exists is None else exists
    if lower_is_better:
        return Region(-math.inf, none - minimum, at_no_effect, words)
    return Region(none + minimum, math.inf, at_no_effect, words)


def within_margin(margin: float, scale: Scale) -> tuple[float, float]:
    """The ends of "no more than `margin` either way": 1/f to f for a factor f on the ratio scale."""
    return (1.0 / margin, margin) if scale is Scale.RISK_RATIO else (-margin, margin)


def drop_words(minimum: float, scale: Scale, *, lower_is_better: bool) -> str:
    """A drop (or rise) in words, e.g. "a drop", "drop of at least 5.0 points"."""
    word = "drop" if lower_is_better else "rise"
    return f"{word} of at least {amount(minimum, scale)}" if minimum else f"a {word}"


def check_region(claim: Declared, *, minimum: float = 0.0, margin: float | None = None) -> None:
    """Refuse a margin or minimum that has no meaning on the claim's scale.

    Raises:
        ClaimError: a margin not above 1 or a minimum not below 1 on the ratio scale; 1 or more on differences of rates.
    """
    ratio = claim.scale is Scale.RISK_RATIO
    if ratio and margin is not None and not margin > 1.0:
        required = "a factor above 1 on risk_ratio"
        raise refused_region(claim, f"margin = {margin:g}", required, "For 25 % either way write margin = 1.25.")
    if ratio and not minimum < 1.0:
        required = "below 1 on risk_ratio: a fraction of the reference rate"
        raise refused_region(claim, f"minimum = {minimum:g}", required, "For half write 0.5.")
    if claim.scale is Scale.RISK_DIFFERENCE and not max(margin or 0.0, minimum) < 1.0:
        required = "below 1: rates are fractions"
        name, value = ("minimum", minimum) if minimum >= 1.0 else ("margin", margin or 0.0)
        remedy = f"For {value:g} points write {value / 100:g}."
        raise refused_region(claim, f"{name} = {value:g}", required, remedy)


def refuse_regions(claims: Iterable[Declared]) -> None:
    """Refuse, all at once, margins and minima of declared claims that have no meaning on their scales.

    Raises:
        ClaimError: as `check_region` raises it, with the problems of every claim.
    """

    def check(claim: Declared) -> None:
        check_region(claim, minimum=getattr(claim, "minimum", 0.0), margin=getattr(claim, "margin", None))

    of_every_claim(claims, check)


def refused_region(claim: Declared, found: str, required: str, remedy: str) -> ClaimError:
    """The error of a claim whose numbers mean nothing on its scale."""
    return ClaimError(Problem("CLAIM_REGION", f'claim "{claim.id}"', found, required, remedy))
