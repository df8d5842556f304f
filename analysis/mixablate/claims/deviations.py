"""Verdicts beside the lock: what changed after it, said in the verdict of every claim that the change can move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mixablate.claims.declaration_changes import declaration_changes, removed_claims
from mixablate.claims.lock_changes import Deviation, LockedClaim
from mixablate.claims.table_changes import table_changes
from mixablate.claims.verdict import Flag, Verdict
from mixablate.design import Design
from mixablate.study import Study
from mixablate.tables import Tables

__all__ = ["LockComparison", "Locking", "compared_with_lock", "with_deviations"]

MOST_SAID = 4  # changes in the reason of one verdict; the report lists all


@dataclass(frozen=True, slots=True)
class Locking:
    """One record of the lock file.

    Attributes:
        locked_at: UTC, ISO 8601.
        sha256: of the record.
        reason: why it was locked again; "" for the first.
        outcomes_seen: outcome rows that held a measurement by then.
        holds: whether claims are held against it.
    """

    locked_at: str
    sha256: str
    reason: str
    outcomes_seen: int
    holds: bool


@dataclass(frozen=True, slots=True)
class LockComparison:
    """The study and its tables beside what was locked.

    Attributes:
        records: every locking, oldest first.
        deviations: what is not as it was locked.
        removed: claims that were locked and are declared no longer.
    """

    records: tuple[Locking, ...]
    deviations: tuple[Deviation, ...]
    removed: tuple[LockedClaim, ...]

    @property
    def holding(self) -> Locking:
        """The record that claims are held against."""
        return next(record for record in self.records if record.holds)

    @property
    def day(self) -> str:
        """When that record was made, as a date."""
        return self.holding.locked_at[:10]

    def answer(self, verdicts: Sequence[Verdict]) -> str:
        """What a reader of the answer alone must know: how many verdicts deviate, what is gone; "" where nothing."""
        deviated = sum(Flag.DEVIATED in verdict.flags for verdict in verdicts)
        gone = ", ".join(f'"{claim.id}"' for claim in self.removed)
        said = [f"{deviated} of {len(verdicts)} verdicts rest on something changed after the lock of {self.day}"]
        said = said if deviated else []
        said += [f"claims that were locked and are declared no longer: {gone}"] if gone else []
        joined = "; ".join(said)
        return f"{joined[0].upper()}{joined[1:]}." if joined else ""

    @property
    def sentences(self) -> tuple[str, ...]:
        """When it was locked, whether outcomes had been seen, what was removed, what changed; one sentence each."""
        holding = self.holding
        later = self.records[self.records.index(holding) + 1 :]
        said = [f"Locked on {self.day}, before any outcome was in the tables."]
        if holding.outcomes_seen:
            said = [
                f"Locked on {self.day}, when {holding.outcomes_seen} outcome rows were in the tables already: the lock "
                "shows what changed since, not that anything was decided before looking."
            ]
        if later:
            reasons = "; ".join(f'"{record.reason}"' for record in later)
            said.append(f"Locked again after outcomes were seen ({reasons}): kept in the file, but it frees no claim.")
        said += [
            f'The {claim.status} claim "{claim.id}" ({claim.text}) was locked and is declared no longer.'
            for claim in self.removed
        ]
        if not self.deviations and not self.removed:
            said.append("Nothing that a verdict rests on has changed since.")
        return tuple(said)


def compared_with_lock(study: Study, tables: Tables | None, design: Design | None) -> LockComparison | None:
    """What changed since the study was locked; None where it was not. Tables are None where a study has none."""
    if study.lock is None:
        return None
    holding = study.lock.holding
    changes = declaration_changes(study, holding)
    if holding.shape is not None and tables is not None and design is not None:
        changes += table_changes(study, holding.shape, tables, design)
    records = tuple(Locking(r.locked_at, r.sha256, r.reason, r.outcomes_seen, r is holding) for r in study.lock.records)
    return LockComparison(records, changes, removed_claims(study, holding))


def with_deviations(verdicts: Sequence[Verdict], lock: LockComparison | None) -> tuple[Verdict, ...]:
    """The verdicts, those that a change after the lock can move flagged `deviated`, with the change in their reason."""
    if lock is None:
        return tuple(verdicts)
    return tuple(_marked(verdict, lock) for verdict in verdicts)


def _marked(verdict: Verdict, lock: LockComparison) -> Verdict:
    mine = [change.words for change in lock.deviations if verdict.claim.id in change.claims]
    if not mine:
        return verdict
    more = [f"and {len(mine) - MOST_SAID} more"] if len(mine) > MOST_SAID else []
    said = f"Changed after the lock of {lock.day}: {'; '.join([*mine[:MOST_SAID], *more])}"
    reason = f"{verdict.reason.rstrip('.')}. {said}"
    return replace(verdict, reason=reason, flags=(*verdict.flags, Flag.DEVIATED))
