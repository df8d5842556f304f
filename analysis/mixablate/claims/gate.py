"""Which verdicts fail a build: the one rule of `check`, JUnit files, step summaries and pytest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from mixablate.claims.deviations import LockComparison
from mixablate.claims.lock_changes import LockedClaim
from mixablate.claims.verdict import Flag, Status, Verdict
from mixablate.errors import Problem, StudyError, nearest

__all__ = ["Gate", "GateOutcome", "GateResult", "gate_of", "gate_results"]


class GateOutcome(StrEnum):
    """What a build is told of one claim: passed is only what is supported, so that green means just that."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Gate:
    """The statuses and flags of a confirmatory claim that fail a build; `contradicted` is always among them."""

    words: tuple[str, ...]

    def hits(self, verdict: Verdict) -> tuple[str, ...]:
        """The verdict's status and flags that fail the build; none for an exploratory claim."""
        if verdict.claim.status != "confirmatory":
            return ()
        return tuple(word for word in (str(verdict.status), *map(str, verdict.flags)) if word in self.words)


@dataclass(frozen=True, slots=True)
class GateResult:
    """What a build is told of one claim.

    Attributes:
        claim: its id.
        text: the claim in words.
        outcome: see `GateOutcome`.
        headline: status, what failed, and the number that decided, in a line.
        detail: the whole reason, what would settle it, and the flags, a line each.
    """

    claim: str
    text: str
    outcome: GateOutcome
    headline: str
    detail: tuple[str, ...]


def gate_of(named: str) -> Gate:
    """The gate that a list such as "undecided,deviated" names.

    Raises:
        ValueError: a word is neither a status nor a flag, or is the flag of claims that never fail a build.
    """
    known = [str(word) for word in (*Status, *Flag) if word is not Flag.EXPLORATORY]
    words = [word.strip() for word in named.split(",") if word.strip()]
    for word in words:
        if word not in known:
            raise ValueError(f'"{word}" is not a status or flag that can fail a claim. {nearest(word, known)}')
    return Gate(tuple(dict.fromkeys([str(Status.CONTRADICTED), *words])))


def gate_results(
    verdicts: Sequence[Verdict], lock: LockComparison | None, gate: Gate, place: str
) -> tuple[GateResult, ...]:
    """One result a declared claim, in declaration order, then one for every locked claim that is declared no longer.

    A gate that judged nothing, or compared with nothing, must not be green.

    Args:
        verdicts: of the declared claims.
        lock: what the study was held against.
        gate: what fails.
        place: how messages name the study.

    Raises:
        StudyError: NO_CLAIMS, or LOCK_MISSING where the gate fails on deviated claims and there is no lock.
    """
    if not verdicts:
        remedy = "Declare one (docs/verdicts.md lists the kinds), or use `mixablate report`."
        raise StudyError(Problem("NO_CLAIMS", place, "no [[claims]]", "at least one claim to check", remedy))
    if lock is None and Flag.DEVIATED in gate.words:
        remedy = "Write it with `mixablate lock`, before outcomes are seen, and commit it."
        required = "a study.lock, without which nothing can be found to deviate"
        raise StudyError(Problem("LOCK_MISSING", place, "no lock beside the study", required, remedy))
    removed = lock.removed if lock is not None else ()
    return (*(_judged(verdict, gate) for verdict in verdicts), *(_removed(claim, gate) for claim in removed))


def _judged(verdict: Verdict, gate: Gate) -> GateResult:
    hits = gate.hits(verdict)
    supported = verdict.status is Status.SUPPORTED and verdict.claim.status == "confirmatory"
    outcome = GateOutcome.FAILED if hits else GateOutcome.PASSED if supported else GateOutcome.SKIPPED
    kind = "exploratory, " if verdict.claim.status == "exploratory" else ""
    failed = [word for word in hits if word != verdict.status]
    named = f"{kind}{verdict.status}" + (f" ({', '.join(failed)})" if failed else "")
    detail = [verdict.claim.text, f"{verdict.status}: {verdict.reason}"]
    detail += [f"would settle it: {verdict.would_settle}"] if verdict.would_settle else []
    detail += [f"flags: {', '.join(verdict.flags)}"] if verdict.flags else []
    headline = f"{named}: {verdict.reason.partition('. ')[0]}"
    return GateResult(verdict.claim.id, verdict.claim.text, outcome, headline, tuple(detail))


def _removed(claim: LockedClaim, gate: Gate) -> GateResult:
    failed = claim.status == "confirmatory" and Flag.DEVIATED in gate.words
    words = f"this {claim.status} claim was locked and is declared no longer"
    outcome = GateOutcome.FAILED if failed else GateOutcome.SKIPPED
    return GateResult(claim.id, claim.text, outcome, f"removed: {words}", (claim.text, f"removed: {words}"))
