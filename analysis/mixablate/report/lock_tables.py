"""The tables of the lock: what is not as it was locked, claims that are declared no longer, and every locking."""

from __future__ import annotations

from mixablate.claims import LockComparison
from mixablate.report.table import PageTable, count, text

__all__ = ["LOCK_LEAD", "lock_tables"]

LOCK_LEAD = "Was this decided before looking? The declaration and the tables beside what was locked."


def lock_tables(lock: LockComparison) -> tuple[PageTable, ...]:
    """Changes with the claims they can move, removed claims, and the records of the lock file."""
    changes = PageTable(
        "deviations",
        "What is not as it was locked",
        ("What", "Key", "Locked", "Now", "Claims it can move"),
        tuple(
            (
                text(change.subject),
                text(change.key, "code" if change.key else "text"),
                text(change.locked),
                text(change.present),
                text(", ".join(change.claims) or "none", "code" if change.claims else "text"),
            )
            for change in lock.deviations
        ),
        "Names for people, sources and descriptions are not locked.",
    )
    removed = PageTable(
        "removed_claims",
        "Claims that were locked and are declared no longer",
        ("Claim", "In words", "Kind", "Declared as"),
        tuple((text(c.id, "code"), text(c.text), text(c.kind, "code"), text(c.status)) for c in lock.removed),
    )
    records = PageTable(
        "lock_records",
        "The lock file",
        ("Locked at", "Outcome rows by then", "Why again", "Claims are held against it", "SHA-256"),
        tuple(
            (
                text(record.locked_at),
                count(record.outcomes_seen),
                text(record.reason),
                text("yes" if record.holds else "no"),
                text(record.sha256, "code"),
            )
            for record in lock.records
        ),
        folded=True,
    )
    return tuple(table for table in (changes, removed, records) if table.rows)
