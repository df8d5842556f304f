"""Which runs, evals and outcome rows are not those that were locked, and which verdicts rest on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mixablate.claims.lock_changes import Deviation, was_and_is
from mixablate.claims.switches import claim_contrast
from mixablate.design import Design
from mixablate.errors import ClaimError
from mixablate.study import Claim, PlannedCells, Shape, Study
from mixablate.tables import Tables, shape_of

__all__ = ["table_changes"]

Values = Mapping[str, bool | float | str | None]

MOST_NAMED = 4  # runs in a sentence


@dataclass(frozen=True, slots=True)
class _Resting:
    """What one claim rests on: its arms (None: all of them) and its evals, as locked and as they are."""

    claim: str
    arms: frozenset[str] | None
    evals: frozenset[str]


def table_changes(study: Study, locked: Shape, tables: Tables, design: Design) -> tuple[Deviation, ...]:
    """Every difference between the locked shape and the present one that is not the arrival of planned outcomes.

    A cell of the runs that was blank when locked and is filled now is no change. Where no outcome row was locked, every
    locked run is expected on every eval of a claim.
    """
    present = shape_of(study, tables)
    if locked == present:
        return ()
    resting = tuple(_resting(claim, locked, present, tables, design) for claim in study.claims)
    runs = _RunChanges(locked, present, design, resting)
    return (*runs.changes(), *_evals(locked, present, resting), *_outcomes(locked, present, runs, resting))


def _resting(claim: Claim, locked: Shape, present: Shape, tables: Tables, design: Design) -> _Resting:
    try:
        contrast = claim_contrast(claim, tables, design)
    except ClaimError:
        contrast = None
    arms = (
        frozenset(arm for arm, _ in contrast.coefficients) if contrast is not None and contrast.coefficients else None
    )
    domains = {claim.domain, getattr(claim, "to_domain", "")} - {""}
    of_domain = {e for shape in (locked, present) for e, row in shape.evals.items() if row.get("domain") in domains}
    return _Resting(claim.id, arms, frozenset({*claim.named_evals, *of_domain}))


@dataclass(frozen=True, slots=True)
class _RunChanges:
    """The runs of two shapes, and the arms they are in."""

    locked: Shape
    present: Shape
    design: Design
    resting: tuple[_Resting, ...]

    def changes(self) -> Iterator[Deviation]:
        """Runs added, removed, or changed in a level that was known when locked."""
        for run in sorted({*self.locked.runs, *self.present.runs}):
            subject = f'run "{run}"'
            if run not in self.present.runs:
                yield Deviation(
                    subject, "", "listed", "absent", f"{subject} was removed after the lock", self.claims(run)
                )
            elif run not in self.locked.runs:
                yield Deviation(
                    subject, "", "absent", "listed", f"{subject} was added after the lock", self.claims(run)
                )
            else:
                yield from self._levels(run, subject)

    def _levels(self, run: str, subject: str) -> Iterator[Deviation]:
        was, now = self.locked.runs[run], self.present.runs[run]
        for column in was:
            if was[column] is not None and column in now and was[column] != now[column]:
                yield was_and_is(subject, column, _shown(was[column]), _shown(now[column]), self.claims(run))

    def claims(self, run: str) -> tuple[str, ...]:
        """Claims that rest on an arm the run is in, or was in when locked; all of them where that arm is gone."""
        arms = self._arms(run)
        return tuple(r.claim for r in self.resting if r.arms is None or arms is None or arms & r.arms)

    def _arms(self, run: str) -> frozenset[str] | None:
        found = {arm.arm_id for arm in self.design.arms if run in arm.run_ids}
        if run in self.locked.runs:
            values = self.locked.runs[run]
            alike = {arm.arm_id for arm in self.design.arms if self._alike(dict(arm.levels), arm.block, values)}
            if not alike:
                return None
            found |= alike
        return frozenset(found)

    def _alike(self, levels: Mapping[str, float | str | None], block: tuple[str, ...], values: Values) -> bool:
        within = all(values.get(name) in (None, value) for name, value in zip(self.design.block, block, strict=True))
        return within and all(values.get(name) == level for name, level in levels.items())


def _evals(locked: Shape, present: Shape, resting: tuple[_Resting, ...]) -> Iterator[Deviation]:
    for name in sorted({*locked.evals, *present.evals}):
        subject, claims = f'eval "{name}"', tuple(r.claim for r in resting if name in r.evals)
        if name not in locked.evals or name not in present.evals:
            was, now = ("listed", "absent") if name in locked.evals else ("absent", "listed")
            verb = "removed" if name in locked.evals else "added"
            yield Deviation(subject, "", was, now, f"{subject} was {verb} after the lock", claims)
            continue
        before, after = locked.evals[name], present.evals[name]
        for column in before:
            if column in after and before[column] != after[column]:
                yield was_and_is(subject, column, _shown(before[column]), _shown(after[column]), claims)


def _outcomes(locked: Shape, present: Shape, runs: _RunChanges, resting: tuple[_Resting, ...]) -> Iterator[Deviation]:
    """Planned outcomes that are not there, and outcomes that were not planned, by outcome row."""
    both = set(locked.runs) & set(present.runs)
    expected, found = _rows(locked, both), _rows(present, both)
    if not locked.outcomes:
        claimed = sorted({name for one in resting for name in one.evals})
        measured = {
            name: {run for row, members in found.items() if row[0] == name for run in members} for name in claimed
        }
        expected = {(name, f'eval "{name}"'): both for name in claimed if measured[name]}
        found = {(name, f'eval "{name}"'): measured[name] for name in claimed}
    for eval_id, words in sorted({*expected, *found}):
        planned, there = expected.get((eval_id, words), set()), found.get((eval_id, words), set())
        for gone, members in ((True, planned - there), (False, there - planned)):
            if not members or (not gone and not locked.outcomes):
                continue
            bearing = {claim for run in members for claim in runs.claims(run)}
            claims = tuple(r.claim for r in resting if eval_id in r.evals and r.claim in bearing)
            was, now = ("planned", "absent") if gone else ("not planned", "present")
            of = f"{_named(members)} of the locked runs"
            said = f"{words} lacks outcomes of {of}" if gone else f"{words} has outcomes, not planned, of {of}"
            yield Deviation(words, f"outcomes of {_named(members)}", was, now, said, claims)


def _rows(shape: Shape, runs: set[str]) -> dict[tuple[str, str], set[str]]:
    return {(cells.eval, _row_words(cells)): set(cells.runs) & runs for cells in shape.outcomes}


def _row_words(cells: PlannedCells) -> str:
    step = "" if cells.step is None else f"{cells.step:g}"
    parts = {"step": step, "metric": cells.metric, "judge": cells.judge, "version": cells.task_version}
    parts["replicate"] = cells.replicate
    return ", ".join([f'eval "{cells.eval}"', *(f"{name} {value}" for name, value in parts.items() if value)])


def _named(runs: set[str]) -> str:
    ordered = sorted(runs)
    more = f" and {len(ordered) - MOST_NAMED} more" if len(ordered) > MOST_NAMED else ""
    return f"{len(ordered)} (" + ", ".join(f'"{r}"' for r in ordered[:MOST_NAMED]) + more + ")"


def _shown(value: bool | float | str | None) -> str:
    if value is None:
        return "blank"
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"
