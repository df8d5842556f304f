"""The order in which a verdict is decided: design.md section 5, written once."""

from __future__ import annotations

from dataclasses import dataclass

from mixablate.claims.verdict import SecondOpinion, Status

__all__ = ["Decision", "decide"]


@dataclass(frozen=True, slots=True)
class Decision:
    """A status with what the primary alone would have said.

    Attributes:
        status: decided.
        leaning: the primary's, without the second opinion.
        p_adjusted: the family-adjusted one-sided p that was compared with alpha/2.
        opinions: those that decide with the primary.
    """

    status: Status
    leaning: Status
    p_adjusted: float
    opinions: tuple[SecondOpinion, ...]


def decide(p_support: float, p_contradict: float, p_equivalent: float | None, alpha: float, *, agrees: bool) -> Status:
    """The status of a testable claim.

    Supported where the adjusted one-sided p of the region's boundary is at most alpha/2: the two-sided interval lies
    inside. Where the region begins at no effect, that p is the existence test's, which stands on the per-run log-odds.
    Contradicted by the same standard; equivalent where a claimed difference has neither and the 1 - 2 alpha interval
    lies within its margin; undecided otherwise, and where the second opinion disagrees.
    """
    if p_support <= alpha / 2.0:
        return Status.SUPPORTED if agrees else Status.UNDECIDED
    if p_contradict <= alpha / 2.0:
        return Status.CONTRADICTED if agrees else Status.UNDECIDED
    if p_equivalent is not None and p_equivalent <= alpha:
        return Status.EQUIVALENT
    return Status.UNDECIDED
