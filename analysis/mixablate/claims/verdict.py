"""What the evidence says about one declared claim."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mixablate.claims.left_out import LeftOut
from mixablate.claims.measurement.measured import Measurement
from mixablate.claims.specification import Specification, share_agreeing
from mixablate.estimate import Effect
from mixablate.notebook import table_html
from mixablate.study import Claim, PublishedClaim

__all__ = ["Flag", "SecondOpinion", "Status", "Verdict"]

NOT_MEASURED = Measurement()


class Status(StrEnum):
    """The closed list of verdicts, in the order in which they are decided."""

    UNTESTABLE = "untestable"
    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    EQUIVALENT = "equivalent"
    UNDECIDED = "undecided"


class Flag(StrEnum):
    """What a reader must know beside the status."""

    EXPLORATORY = "exploratory"
    DEVIATED = "deviated"
    FRAGILE = "fragile"
    FEW_RUNS = "few_runs"
    MISSING_MATTERS = "missing_matters"
    JUDGE_MATTERS = "judge_matters"
    STOPPED_ACTING = "stopped_acting"
    SATURATED = "saturated"
    REUSED_SEED = "reused_seed"
    REPORTED = "reported"
    CONFLICTING_REPORTS = "conflicting_reports"


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """A test of different nature at the boundary that decided.

    Attributes:
        method: in words.
        p_value: one-sided, None where it abstains.
        smallest: the smallest p this design can give.
        abstains: its smallest p exceeds the level it would have to reach.
        agrees: None where it abstains.
        decides: whether it decides with the primary (the regression line only stands beside).
    """

    method: str
    p_value: float | None
    smallest: float | None
    abstains: bool
    agrees: bool | None
    decides: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One claim judged.

    Attributes:
        claim: as declared.
        status: see `Status`.
        evidence: the effects that decided, one per outcome judged.
        region: the claimed region in words, e.g. "drop of at least 0.05 (risk difference)".
        p_value: one-sided p of the region's boundary (existence test where the region begins at no effect).
        p_adjusted: adjusted within the family.
        second_opinions: the deciding one first, then the regression line.
        fragility: names of what makes the verdict fragile: run ids, and "scenario:", "judge:" or "base_model:" with the
            name of another thing (`LeftOut.label`).
        reason: the sentence that says why this status.
        would_settle: what would decide an undecided or untestable claim.
        flags: see `Flag`.
        measurement: how well its outcomes were measured.
        left_out: what stands without each run, scenario, seed, judge and base model; empty where nothing is decided.
        specifications: the claim judged in every other admissible way, as declared first; empty where untestable.
    """

    claim: Claim | PublishedClaim
    status: Status
    evidence: tuple[Effect, ...]
    region: str
    p_value: float | None
    p_adjusted: float | None
    second_opinions: tuple[SecondOpinion, ...]
    fragility: tuple[str, ...]
    reason: str
    would_settle: str
    flags: tuple[Flag, ...]
    measurement: Measurement = NOT_MEASURED
    left_out: tuple[LeftOut, ...] = ()
    specifications: tuple[Specification, ...] = ()

    def _repr_html_(self) -> str:
        flags = f" ({', '.join(flag.replace('_', ' ') for flag in self.flags)})" if self.flags else ""
        note = " ".join(f"{words.rstrip('.')}." for words in (self.reason, self.would_settle) if words)
        rows = [effect.shown() for effect in self.evidence]
        return table_html(f"{self.status}{flags}: {self.claim.text}", rows, note)

    @property
    def flips(self) -> tuple[LeftOut, ...]:
        """What the verdict does not survive without, seeds among them."""
        return tuple(row for row in self.left_out if row.flips)

    @property
    def agreement(self) -> float | None:
        """The share of admissible specifications that give this verdict too; None where there is none."""
        return share_agreeing(self.specifications)
