"""What would be said if runs of one arm and seed, counted once in a verdict, were trainings of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mixablate.claims.verdict import Flag, Status, Verdict

__all__ = ["beside_named"]


def beside_named(verdicts: Sequence[Verdict], named: Sequence[Status], once: str) -> tuple[Verdict, ...]:
    """The verdicts; one that would be another if every run counted says so, and is flagged.

    Args:
        verdicts: with runs of one arm and seed counted once.
        named: the status of each with every run counted.
        once: which runs are counted once, in a sentence.
    """
    return tuple(
        found if found.status is status else _differing(found, status, once)
        for found, status in zip(verdicts, named, strict=True)
    )


def _differing(found: Verdict, named: Status, once: str) -> Verdict:
    settle = 'trainings with seeds of their own (or, if these are, same_seed = "independent" under [analysis])'
    return replace(
        found,
        reason=f"{found.reason}. {once}. Counted as trainings of their own, the claim would be {named}",
        would_settle=f"{found.would_settle}; {settle}" if found.would_settle else settle,
        flags=(*found.flags, Flag.REUSED_SEED),
    )
