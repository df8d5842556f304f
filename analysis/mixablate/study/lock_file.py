"""`study.lock`: what was declared, and which runs and outcomes were planned, at a moment that can be shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mixablate.errors import Problem, StudyError

__all__ = ["Lock", "LockRecord", "PlannedCells", "Shape", "digest", "lock_file", "lock_text", "read_lock", "sealed"]

LOCK_SCHEMA = 1
LONGEST_LINE = 200

Plain = bool | float | str | None


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PlannedCells(_Frozen):
    """Outcome rows of one eval that share step, metric, judge, task version and replicate; `runs` are those in it."""

    eval: str
    step: float | None = None
    metric: str = ""
    judge: str = ""
    task_version: str = ""
    replicate: str = ""
    runs: tuple[str, ...]


class Shape(_Frozen):
    """The tables without a single outcome: runs with their levels, evals, and which outcome rows there are.

    Attributes:
        runs: run_id -> column -> level or name; None where blank.
        evals: eval_id -> domain, direction, weight and task version.
        outcomes: the outcome rows that are in the table, by eval; empty where there is no outcome table yet.
    """

    runs: dict[str, dict[str, Plain]] = Field(default_factory=dict)
    evals: dict[str, dict[str, Plain]] = Field(default_factory=dict)
    outcomes: tuple[PlannedCells, ...] = ()


class LockRecord(_Frozen):
    """One locking.

    Attributes:
        locked_at: UTC, ISO 8601.
        version: of mixablate.
        reason: why it was locked again; "" for the first record.
        outcomes_seen: outcome rows that held a measurement when this was written.
        declaration: section -> id or key -> what was declared, keys at their default left out (see `locked_keys`).
        shape: of the tables; None for a study without tables.
        hashes: section, or section and id, -> sha256 of that part.
        previous: sha256 of the record before; "" for the first.
        sha256: of everything above.
    """

    locked_at: str
    version: str
    reason: str = ""
    outcomes_seen: int = Field(0, ge=0)
    declaration: dict[str, dict[str, object]]
    shape: Shape | None
    hashes: dict[str, str]
    previous: str = ""
    sha256: str


class Lock(_Frozen):
    """A lock file: every locking, oldest first."""

    schema_version: Literal[1] = Field(1, alias="schema")
    records: tuple[LockRecord, ...] = Field(min_length=1)

    @property
    def holding(self) -> LockRecord:
        """The record that claims are held against: the newest one made before outcomes were seen, else the first.

        A record made later than the first look at outcomes frees no claim of what was locked before it.
        """
        held = self.records[0]
        for record in self.records:
            if record.outcomes_seen:
                break
            held = record
        return held


def lock_file(study_file: Path) -> Path:
    """Where the lock of a study file stands: beside it, `study.lock` for `study.toml`."""
    return study_file.with_suffix(".lock")


def digest(value: object) -> str:
    """The sha256 of a value's canonical JSON: the order of keys and the layout of the file do not count."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(
    declaration: Mapping[str, Mapping[str, object]],
    shape: Shape | None,
    *,
    locked_at: str,
    version: str,
    outcomes_seen: int,
    reason: str = "",
    previous: str = "",
) -> LockRecord:
    """A record with its hashes."""
    hashes = {section: digest(entries) for section, entries in declaration.items()}
    for section in ("components", "claims", "reported"):
        hashes |= {f"{section}.{name}": digest(entry) for name, entry in declaration.get(section, {}).items()}
    hashes["shape"] = digest(None if shape is None else shape.model_dump(mode="json"))
    record = LockRecord(
        locked_at=locked_at,
        version=version,
        reason=reason,
        outcomes_seen=outcomes_seen,
        declaration={section: dict(entries) for section, entries in declaration.items()},
        shape=shape,
        hashes=hashes,
        previous=previous,
        sha256="",
    )
    return record.model_copy(update={"sha256": _seal(record)})


def _seal(record: LockRecord) -> str:
    return digest(record.model_dump(mode="json", exclude={"sha256"}))


def lock_text(lock: Lock) -> str:
    """The file's text: JSON, a run, an eval or a component a line."""
    return _written(lock.model_dump(mode="json", by_alias=True), "") + "\n"


def _written(value: object, indent: str) -> str:
    """JSON with everything that holds no further list or table, and is not too long, on one line."""
    deeper, line = indent + "  ", json.dumps(value, ensure_ascii=False, allow_nan=False)
    nested = isinstance(value, Mapping) and any(isinstance(entry, Mapping | list) for entry in value.values())
    if isinstance(value, Mapping) and (nested or len(line) > LONGEST_LINE):
        entries = [f"{deeper}{json.dumps(k, ensure_ascii=False)}: {_written(v, deeper)}" for k, v in value.items()]
        return "{\n" + ",\n".join(entries) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(entry, Mapping | list) for entry in value):
        return "[\n" + ",\n".join(deeper + _written(entry, deeper) for entry in value) + f"\n{indent}]"
    return line


def read_lock(path: Path) -> Lock | None:
    """The lock at that path, None where there is none.

    Raises:
        StudyError: LOCK_FILE (not a lock that this version reads), LOCK_CHANGED (its content was altered after it was
            written).
    """
    if not path.exists():
        return None
    try:
        lock = Lock.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error.strerror or str(error)
        required = f"a lock of schema {LOCK_SCHEMA}, as `mixablate lock` writes it"
        remedy = "Take the file back from version control; a lock is not edited by hand."
        raise StudyError(Problem("LOCK_FILE", path.name, first, required, remedy)) from None
    before = ""
    for number, record in enumerate(lock.records, start=1):
        if record.sha256 != _seal(record) or record.previous != before:
            found = f"record {number}, which is not what was written on {record.locked_at}"
            remedy = "Take the file back from version control; `mixablate lock --relock REASON` adds a record."
            raise StudyError(Problem("LOCK_CHANGED", path.name, found, "records as they were written", remedy))
        before = record.sha256
    return lock
