"""What is claimed of two reported rates, as a region of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["ClaimedRegion", "ReportedClaim"]


class ClaimedRegion(StrEnum):
    """The kinds of claim that two rates can speak to; `stronger` and the like need more."""

    REDUCES = "reduces"
    AT_LEAST_RATIO = "at_least_ratio"
    REACHES_ZERO = "reaches_zero"
    EQUIVALENT = "equivalent"


EDGE = 1e-12
"""Rates this close to the boundary lie on it: .03 - .01 is not less than .02, whatever binary fractions say."""

LIMITS = {
    ClaimedRegion.REDUCES: (0.0, 1.0, "at least 0 and below 1"),
    ClaimedRegion.AT_LEAST_RATIO: (1.0, float("inf"), "1 or more and finite"),
    ClaimedRegion.REACHES_ZERO: (0.0, 1.0, "above 0 and below 1"),
    ClaimedRegion.EQUIVALENT: (0.0, 1.0, "above 0 and below 1"),
}


@dataclass(frozen=True, slots=True)
class ReportedClaim:
    """A claim about a reference rate and a treated rate of something unwanted.

    Of something wanted, swap the two records: a rise of the treated over the reference is a drop the other way.

    Attributes:
        region: reduces (reference - treated >= amount), at_least_ratio (reference / treated >= amount), reaches_zero
            (treated <= amount) or equivalent (within ±amount).
        amount: minimum, ratio, bound or margin.

    Raises:
        ValueError: an amount that claims nothing, or everything.
    """

    region: ClaimedRegion = ClaimedRegion.REDUCES
    amount: float = 0.0

    def __post_init__(self) -> None:
        low, high, words = LIMITS[self.region]
        open_below = self.region in {ClaimedRegion.REACHES_ZERO, ClaimedRegion.EQUIVALENT}
        if not low <= self.amount < high or (open_below and self.amount == low):
            raise ValueError(f"the amount of {self.region} must be {words}, found {self.amount}")

    @property
    def words(self) -> str:
        """The claim in words, its amount in the unit a reader expects."""
        points = f"{100 * self.amount:g}"
        match self.region:
            case ClaimedRegion.REDUCES:
                return "any drop" if self.amount == 0 else f"a drop of at least {points} points"
            case ClaimedRegion.AT_LEAST_RATIO:
                return f"a drop by a factor of at least {self.amount:g}"
            case ClaimedRegion.REACHES_ZERO:
                return f"a treated rate of at most {points} %"
            case ClaimedRegion.EQUIVALENT:
                return f"rates within {points} points of each other"

    def holds(self, reference: float, treated: float) -> bool:
        """Whether these very rates lie in the claimed region, its boundary left out."""
        match self.region:
            case ClaimedRegion.REDUCES:
                return reference - treated > self.amount + EDGE
            case ClaimedRegion.AT_LEAST_RATIO:
                return reference > self.amount * treated + EDGE
            case ClaimedRegion.REACHES_ZERO:
                return treated < self.amount - EDGE
            case ClaimedRegion.EQUIVALENT:
                return abs(reference - treated) < self.amount - EDGE
