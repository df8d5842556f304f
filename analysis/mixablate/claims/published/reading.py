"""What one comparison of printed figures says of a claim."""

from __future__ import annotations

from dataclasses import dataclass

from mixablate.estimate import Effect

__all__ = ["Reading"]


@dataclass(frozen=True, slots=True)
class Reading:
    """One report of a figure held against a claim.

    Attributes:
        place: which of the claim's figures it reports, from 0.
        subject: what is compared, as it is printed: "22% -> 15%".
        effect: the comparison as a row of the report.
        refused: why the prints cannot decide the claim; empty where they can.
        p_support, p_contradict: one-sided p of the region's boundary; 1 where refused.
        sentences: what the prints show and what the claim would need, in the words of a review.
        settles: what would decide it.
        rollouts: an arm that the claim would need at the least; None where it would not stand at any.
    """

    place: int
    subject: str
    effect: Effect
    refused: str
    p_support: float = 1.0
    p_contradict: float = 1.0
    sentences: tuple[str, ...] = ()
    settles: str = ""
    rollouts: int | None = None
