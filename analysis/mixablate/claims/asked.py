"""A claim put to the tables: its cases and where the primary's evidence stands in each."""

from __future__ import annotations

from dataclasses import dataclass

from mixablate.claims.case import Case, Standing, region_words
from mixablate.claims.selection import Selected
from mixablate.study import Claim

__all__ = ["Asked"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A claim with its cases and the primary's answer to each.

    Attributes:
        claim: as declared.
        cases: one per outcome judged.
        refused: why it cannot be tested; empty where it can.
        by_design: whether the design is to blame for that.
        standings: one per case, where not refused.
        at_fault: which case cannot be tested.
        selected: per case, what having been chosen from several does to it; None for a claim that was not.
        raised: by how much that raised p of support.
    """

    claim: Claim
    cases: tuple[Case, ...]
    refused: str
    by_design: bool
    standings: tuple[Standing, ...]
    at_fault: int = 0
    selected: tuple[Selected | None, ...] = ()
    raised: float = 1.0

    @property
    def region(self) -> str:
        """What is claimed, in words: the regions of all its cases, each once."""
        return region_words(self.cases)

    @property
    def p_support(self) -> float:
        """Every case must support: the largest p (intersection-union)."""
        return max((s.p_support for s in self.standings), default=1.0)

    @property
    def p_contradict(self) -> float:
        """One contradicted case contradicts: the smallest p, times the number of cases (Bonferroni)."""
        smallest = min((s.p_contradict for s in self.standings), default=1.0)
        return min(1.0, smallest * len(self.standings)) if self.standings else 1.0

    @property
    def p_equivalent(self) -> float | None:
        """Every case must be within the margin; None without a margin."""
        found = [s.p_equivalent for s in self.standings]
        return max(p for p in found if p is not None) if found and None not in found else None
