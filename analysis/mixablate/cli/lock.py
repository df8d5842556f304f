"""`mixablate lock`: what was declared and planned, written down before outcomes are seen."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mixablate.cli.arguments import json_option, study_argument
from mixablate.cli.exits import writing
from mixablate.errors import counted

if TYPE_CHECKING:
    from mixablate.claims import LockComparison
    from mixablate.errors import Problem
    from mixablate.study import Lock, LockRecord, Shape, Study
    from mixablate.tables import PlannedTables

__all__ = ["lock"]


@click.command(epilog='Example: mixablate lock study.toml --relock "two more seeds"')
@study_argument
@click.option(
    "--relock",
    default="",
    metavar="REASON",
    help="Add a record to a lock that exists; the older ones stay in the file, and claims are held against the newest "
    "that was made before outcomes were seen.",
)
@json_option
def lock(study: Path, relock: str, as_json: bool) -> None:
    """Write study.lock beside a study file.

    It holds the claims, components and settings, the planned runs and evals, and which outcome rows there are; no
    outcome. Outcomes may be absent, empty or blank. What changes later makes the claims that it can move `deviated`.
    """
    from mixablate.claims.regions import refuse_regions
    from mixablate.cli.document import SCHEMA, json_text
    from mixablate.cli.terminal import say, show_notices, show_problems, stages
    from mixablate.study import load_study, lock_file
    from mixablate.tables import planned_tables

    with stages("reading the tables"):
        declared = load_study(study)
        refuse_regions(declared.claims)
        planned = planned_tables(declared, progress=say) if declared.tables is not None else None
    target = lock_file(study / "study.toml" if study.is_dir() else study)
    record = record_of(declared, planned, relock)
    before = declared.lock
    written = before is None or bool(relock)
    if not written and before is not None:
        refuse_changed(before, record, target)
    kept = () if before is None else before.records
    now = locked((*kept, record) if written else kept)
    if written:
        write(now, target)
    seen = looked_already(record, target) if written else ()
    if as_json:
        print(json_text({"schema": SCHEMA, "written": written, "notices": seen, **entry(now, target)}))
        return
    show_notices(planned.notices if planned is not None else (), warnings_only=True)
    show_problems(seen)
    print(summary(now, target, written=written))


def record_of(study: Study, planned: PlannedTables | None, reason: str) -> LockRecord:
    """What is locked now, with its hashes."""
    from mixablate import __version__
    from mixablate.study import locked_declaration, sealed

    return sealed(
        locked_declaration(study),
        planned.shape if planned is not None else None,
        locked_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        version=__version__,
        outcomes_seen=planned.measured if planned is not None else 0,
        reason=reason if study.lock is not None else "",
        previous=study.lock.records[-1].sha256 if study.lock is not None else "",
    )


def locked(records: tuple[LockRecord, ...]) -> Lock:
    """A lock of these records."""
    from mixablate.study import Lock

    return Lock(schema=1, records=records)


def refuse_changed(before: Lock, record: LockRecord, target: Path) -> None:
    """Nothing, where the newest record says what would be locked now.

    Raises:
        StudyError: it says something else; a lock is never overwritten.
    """
    from mixablate.errors import Problem, StudyError

    newest = before.records[-1]
    names = sorted({*newest.hashes, *record.hashes})
    sections = {name.split(".")[0] for name in names if "." in name}
    changed = [n for n in names if n not in sections and newest.hashes.get(n) != record.hashes.get(n)]
    if "shape" in changed and outcomes_came(newest.shape, record.shape):
        changed.remove("shape")
    if changed:
        problem = Problem(
            code="LOCK_EXISTS",
            place=str(target),
            found=f"a lock of {newest.locked_at}, since which these changed: {', '.join(changed)}",
            required="a lock is never overwritten",
            remedy='`mixablate check` shows each change; --relock "REASON" adds a record and keeps this one.',
        )
        raise StudyError(problem)


def outcomes_came(before: Shape | None, now: Shape | None) -> bool:
    """Whether the shapes differ only by outcomes where none had been planned row by row."""
    if before is None or now is None or before.outcomes:
        return False
    return before == now.model_copy(update={"outcomes": ()})


def looked_already(record: LockRecord, target: Path) -> tuple[Problem, ...]:
    """A warning where outcomes were in the tables when this record was made."""
    from mixablate.errors import Problem, Severity

    if not record.outcomes_seen:
        return ()
    problem = Problem(
        code="LOCKED_LATE",
        place=str(target),
        found=f"{record.outcomes_seen} outcome rows that hold a measurement",
        required="a lock before any outcome is in the tables",
        remedy="It is recorded in the lock, and every report says so.",
        severity=Severity.WARNING,
    )
    return (problem,)


def write(lock: Lock, target: Path) -> None:
    """The lock file, in place only when it is whole.

    Raises:
        CouldNotWriteError: it cannot be written.
    """
    from mixablate.study import lock_text

    beside = target.with_name(f".{target.name}.part")
    with writing(target):
        beside.write_text(lock_text(lock), encoding="utf-8", newline="\n")
        beside.replace(target)


def entry(lock: Lock, target: Path) -> dict[str, object]:
    """What the JSON document says of the newest record."""
    newest = lock.records[-1]
    return {
        "lock": str(target),
        "locked_at": newest.locked_at,
        "sha256": newest.sha256,
        "records": len(lock.records),
        "holds": lock.holding.sha256,
        "outcomes_seen": newest.outcomes_seen,
        "hashes": newest.hashes,
    }


def summary(lock: Lock, target: Path, *, written: bool) -> str:
    """What was locked, in a line or two."""
    from mixablate.cli.terminal import printable

    newest, held = lock.records[-1], lock.holding
    claims = len(newest.declaration.get("claims", {}))
    runs = len(newest.shape.runs) if newest.shape is not None else 0
    verb = "locked" if written else f"locked on {newest.locked_at}, and nothing changed since"
    lines = [f"{target}: {verb}: {counted(claims, 'claim')}, {counted(runs, 'run')}", f"sha256 {newest.sha256}"]
    if held is not newest:
        lines.append(
            f"Claims are still held against the record of {held.locked_at}: outcomes had been seen by this one."
        )
    if written:
        lines.append("Commit the file now: when it was committed is what shows that this was decided before looking.")
    return printable("\n".join(lines))


def show_comparison(comparison: LockComparison | None) -> None:
    """On stdout: when the study was locked, what was removed since, and each change; nothing without a lock."""
    from mixablate.cli.terminal import screen, show_beside

    if comparison is None:
        return
    console = screen()
    lines = [*comparison.sentences]
    for change in comparison.deviations:
        moves = f" (can move: {', '.join(change.claims)})" if change.claims else " (moves no verdict)"
        lines.append(f"{change.sentence}{moves}")
    for number, line in enumerate(lines):
        show_beside("lock" if not number else "", [line], console, width=6)
