"""What rollouts say beside their value: that the model acted, that it said it may be in a test, that they failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mixablate.errors import Problem, Severity
from mixablate.tables.contract import OUTCOME_KEYS
from mixablate.tables.names import as_nfc, shown
from mixablate.tables.rollouts.source import ERRED, Engine, RolloutSource, quoted_name

__all__ = ["Marks", "count_marks"]

Key = tuple[str, ...]

SAID = ("acted", "aware")
YES, NO = "('1', '1.0', 'true', 'yes')", "('0', '0.0', 'false', 'no')"
LISTED = 5


@dataclass(frozen=True, slots=True)
class Marks:
    """How many rollouts of a cell carry each mark; None where the rollouts do not say.

    Attributes:
        acted: rollouts in which the model acted.
        errored: those that ended in an error.
        aware: scored ones in which the model said that it may be in a test.
        aware_events: events among these.
    """

    acted: int | None = None
    errored: int | None = None
    aware: int | None = None
    aware_events: int | None = None

    def __add__(self, other: Marks) -> Marks:
        """Of both together; unknown where one of them is."""
        return Marks(
            _both(self.acted, other.acted),
            _both(self.errored, other.errored),
            _both(self.aware, other.aware),
            _both(self.aware_events, other.aware_events),
        )


def _both(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def count_marks(engine: Engine, source: RolloutSource, declared: str) -> tuple[dict[Key, Marks], list[Problem]]:
    """The marks of each cell, by the text of `OUTCOME_KEYS`, and what is wrong with them.

    A blank mark is no; where a whole cell is blank, nothing is known of it. Marks that are neither yes nor no are
    refused; rollouts with an error and a value were read as missing, and are warned of. One pass of its own, and none
    over rollouts without these columns.
    """
    if not {*SAID, "error"} & source.columns.keys():
        return {}, []
    names = ", ".join(map(quoted_name, source.keys))
    erred = ERRED if "error" in source.columns else "false"
    counts = {f"{mark}_known": f"{_said(source, mark)} <> ''" for mark in SAID}
    counts |= {f"{mark}_bad": _bad(source, mark) for mark in SAID}
    counts |= {
        "n_acted": _yes(source, "acted"),
        "n_errored": erred,
        "n_aware": f"number IS NOT NULL AND {_yes(source, 'aware')}",
        "n_aware_events": f"number = 1 AND {_yes(source, 'aware')}",
    }
    each = ", ".join(f"count(*) FILTER (WHERE {when}) AS {name}" for name, when in counts.items())
    marks: dict[Key, Marks] = {}
    totals = dict.fromkeys(counts, 0)
    for row in engine.rows(f"{source.rows()}SELECT {names}, {each} FROM rollouts GROUP BY {names}"):
        parts = {name: as_nfc(str(part)) for name, part in zip(source.keys, row, strict=False) if part is not None}
        key = tuple(parts.get(name, "") for name in OUTCOME_KEYS)
        found = dict(zip(counts, (int(str(count)) for count in row[len(source.keys) :]), strict=True))
        totals = {name: total + found[name] for name, total in totals.items()}
        one = _of_cell(found, errors_known="error" in source.header)
        marks[key] = marks[key] + one if key in marks else one
    return marks, [*_problems(engine, source, totals, declared)]


def _of_cell(found: Mapping[str, int], *, errors_known: bool) -> Marks:
    aware = bool(found["aware_known"])
    return Marks(
        found["n_acted"] if found["acted_known"] else None,
        found["n_errored"] if errors_known or found["n_errored"] else None,
        found["n_aware"] if aware else None,
        found["n_aware_events"] if aware else None,
    )


def _problems(engine: Engine, source: RolloutSource, totals: Mapping[str, int], declared: str) -> Iterator[Problem]:
    for mark in SAID:
        if totals[f"{mark}_bad"]:
            yield from _bad_marks(engine, source, mark, declared)
    if totals["n_errored"]:
        yield from _errors_scored(engine, source, declared)


def _said(source: RolloutSource, mark: str) -> str:
    return f"lower(trim(coalesce({mark}, '')))" if mark in source.columns else "''"


def _yes(source: RolloutSource, mark: str) -> str:
    return f"{_said(source, mark)} IN {YES}"


def _bad(source: RolloutSource, mark: str) -> str:
    said = _said(source, mark)
    return f"{said} <> '' AND {said} NOT IN {YES} AND {said} NOT IN {NO}"


def _bad_marks(engine: Engine, source: RolloutSource, mark: str, declared: str) -> Iterator[Problem]:
    found = engine.rows(
        f"{source.rows()}SELECT {mark} AS given, count(*) AS often FROM rollouts WHERE {_bad(source, mark)} "
        f"GROUP BY {mark} ORDER BY often DESC, given LIMIT {LISTED}"
    )
    for given, often in found:
        where = f'{declared}, column "{mark}", {often} rows'
        required = "0/1, true/false or yes/no, blank where it is not known"
        yield Problem("FLAG_VALUE", where, shown(as_nfc(str(given))), required, "Correct the cells.")


def _errors_scored(engine: Engine, source: RolloutSource, declared: str) -> Iterator[Problem]:
    ((often, harmless),) = engine.rows(
        f"{source.rows()}SELECT count(*) AS often, count(*) FILTER (WHERE ({source.number}) = 0) AS harmless "
        f"FROM given WHERE {ERRED} AND value IS NOT NULL"
    )
    if int(str(often)):
        found = f"{often} rollouts with an error and a value, {harmless} of them 0"
        remedy = "Read as missing: a rollout that ended in an error shows no behaviour."
        place = f'{declared}, column "error"'
        yield Problem("ERRORS_SCORED", place, found, "a blank value beside an error", remedy, Severity.WARNING)
