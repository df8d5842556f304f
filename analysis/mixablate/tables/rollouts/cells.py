"""Rollouts -> one row of counts or of mean, n and sd per run, eval, step, metric, judge, task version, replicate."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mixablate.errors import Problem, Severity
from mixablate.tables.contract import MARKED, OUTCOME_KEYS
from mixablate.tables.names import as_nfc, shown
from mixablate.tables.numbers import explain_number
from mixablate.tables.raw import Cells, RawTable
from mixablate.tables.rollouts.exact_sums import ExactSums, bins_between, mean_and_sd, summed, sums_query
from mixablate.tables.rollouts.marks import Marks
from mixablate.tables.rollouts.source import LARGEST, Engine, RolloutSource, quoted_name, quoted_text

__all__ = ["Counted", "count_cells", "outcomes_table", "value_problems"]

MOST_CELLS = 1_000_000
LISTED = 5
OTHER_TEXT = "value IS NOT NULL AND (number IS NULL OR number NOT IN (0, 1))"
FINITE = f"CASE WHEN abs(number) <= {LARGEST} THEN number END"

Key = tuple[str, ...]
"""A cell: the text of each of `OUTCOME_KEYS`, "" where absent or NULL."""


@dataclass(frozen=True, slots=True)
class CellCount:
    """What one cell holds: rows, those with a number, those with the number 1."""

    n_rows: int = 0
    n: int = 0
    ones: int = 0

    def __add__(self, other: CellCount) -> CellCount:
        """Of both together."""
        return CellCount(self.n_rows + other.n_rows, self.n + other.n, self.ones + other.ones)


@dataclass(frozen=True, slots=True)
class Counted:
    """All cells of a table of rollouts.

    Attributes:
        cells: each cell's counts.
        scores: the exact sums of the cells whose eval has a value other than 0 and 1.
        blank: columns that are NULL in some cell.
        n_nan: values that are NaN in the source's own numbers.
        n_bad: values that are no numbers, or infinite.
        evals: the ids, as the source spells them, of the evals with any value other than 0 and 1.
        marks: what the rollouts of each cell say beside their value.
    """

    cells: Mapping[Key, CellCount]
    scores: Mapping[Key, ExactSums] = field(default_factory=dict)
    blank: frozenset[str] = frozenset()
    n_nan: int = 0
    n_bad: int = 0
    evals: tuple[str, ...] = ()
    marks: Mapping[Key, Marks] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        """Rows in all."""
        return sum(cell.n_rows for cell in self.cells.values())


def count_cells(engine: Engine, source: RolloutSource, declared: str) -> Counted | Problem:
    """The cells, in one pass where every value is 0, 1 or missing; evals that hold others are read twice more.

    Groups are formed by the ids as the source spells them and composed (NFC) afterwards: a few thousand ids in place of
    every row's.
    """
    names = ", ".join(map(quoted_name, source.keys))
    # text is parsed once; numbers are read again instead, since a scan that only looks for other values is all but free
    others = "0" if source.typed else f"count(*) FILTER (WHERE {OTHER_TEXT})"
    found = engine.rows(
        f"{source.rows()}SELECT {names}, count(*) AS n_rows, count(value) AS n, sum(number) AS total, "
        f"{others} AS others FROM rollouts GROUP BY {names} LIMIT {MOST_CELLS + 1}"
    )
    if len(found) > MOST_CELLS:
        kinds = f"more than {MOST_CELLS:,} combinations of {', '.join(source.keys)}"
        remedy = "Check that none of these columns numbers single rollouts: item_id and epoch do that."
        return Problem("TABLE_SIZE", declared, kinds, "one for each evaluation of a run", remedy)
    blank = frozenset(name for row in found for name, part in zip(source.keys, row, strict=False) if part is None)
    composed = {as_nfc(_eval_id(source, row)) for row in found if row[-1]} | _other_numbers(engine, source)
    evals = sorted({_eval_id(source, row) for row in found if as_nfc(_eval_id(source, row)) in composed})
    usual = [row for row in found if _eval_id(source, row) not in evals]
    counted = Counted(_merged(source, usual), blank=blank)
    return _with_unusual(engine, source, counted, evals) if evals else counted


def _other_numbers(engine: Engine, source: RolloutSource) -> set[str]:
    """The evals, composed, with a number other than 0 and 1, where numbers are numbers in the source."""
    if not source.typed:
        return set()
    query = "SELECT eval_id, count(*) AS n FROM rollouts WHERE number NOT IN (0, 1) GROUP BY eval_id"
    return {as_nfc(str(row[0] or "")) for row in engine.rows(source.rows() + query)}


def _with_unusual(engine: Engine, source: RolloutSource, usual: Counted, evals: Sequence[str]) -> Counted:
    """The cells, with those of `evals` counted one value at a time.

    Args:
        engine: reads the rows.
        source: where they are.
        usual: the cells of all other evals.
        evals: the ids of these evals, in each spelling that the source has.
    """
    names = ", ".join(map(quoted_name, source.keys))
    # text is NULL as a number where it is none, so only the source's own numbers can be NaN
    nan = "count(*) FILTER (WHERE isnan(number))" if source.typed else "0"
    found = engine.rows(
        f"{source.rows()}SELECT {names}, count(*) AS n_rows, count(finite) AS n, "
        "count(*) FILTER (WHERE finite = 1) AS ones, count(*) FILTER (WHERE finite NOT IN (0, 1)) AS others, "
        f"count(value) - count(finite) AS n_wrong, {nan} AS n_nan, min(abs(nullif(finite, 0))) AS low, "
        f"max(abs(finite)) AS high FROM (SELECT *, {FINITE} AS finite FROM rollouts WHERE {_of(evals)}) AS unusual "
        f"GROUP BY {names}"
    )
    width = len(source.keys)
    others, wrong, nans, low, high = zip(*(row[width + 3 :] for row in found), strict=True)
    scored = {as_nfc(_eval_id(source, row)) for row, often in zip(found, others, strict=True) if often}
    bins = bins_between(min(map(_real, low)), max(map(_real, high))) if scored else []
    scores = _score_sums(engine, source, [e for e in evals if as_nfc(e) in scored], bins) if scored else {}
    n_nan = sum(map(_whole, nans))
    cells = {**usual.cells, **_merged(source, found)}
    return Counted(cells, scores, usual.blank, n_nan, sum(map(_whole, wrong)) - n_nan, tuple(evals))


def _score_sums(
    engine: Engine, source: RolloutSource, evals: Sequence[str], bins: Sequence[int]
) -> dict[Key, ExactSums]:
    names = ", ".join(map(quoted_name, source.keys))
    rows = f"rollouts WHERE {_of(evals)} AND abs(number) <= {LARGEST}"
    parts: defaultdict[Key, list[list[int]]] = defaultdict(list)
    for row in engine.rows(source.rows() + sums_query(names, "number", rows, bins)):
        parts[_key(source, row)].append([_whole(part) for part in row[len(source.keys) :]])
    return {key: summed(limbs) for key, limbs in parts.items()}


def _of(evals: Collection[str]) -> str:
    return f"coalesce(eval_id, '') IN ({', '.join(quoted_text(eval_id) for eval_id in evals)})"


def _merged(source: RolloutSource, rows: Iterable[Sequence[object]]) -> dict[Key, CellCount]:
    """The counts of each cell, from rows of keys, n_rows, n and ones."""
    merged: defaultdict[Key, CellCount] = defaultdict(CellCount)
    for row in rows:
        n_rows, n, ones = (_whole(count) for count in row[len(source.keys) : len(source.keys) + 3])
        merged[_key(source, row)] += CellCount(n_rows, n, ones)
    return dict(merged)


def _eval_id(source: RolloutSource, row: Sequence[object]) -> str:
    return str(row[source.keys.index("eval_id")] or "")


def _key(source: RolloutSource, row: Sequence[object]) -> Key:
    parts = {name: as_nfc(str(part)) for name, part in zip(source.keys, row, strict=False) if part is not None}
    return tuple(parts.get(name, "") for name in OUTCOME_KEYS)


def _whole(value: object) -> int:
    """A count or an exact sum, as whatever number type the engine returns it."""
    return 0 if value is None else int(value)  # type: ignore[call-overload]


def _real(value: object) -> float:
    """A size, 1 where a cell holds only zeros."""
    return 1.0 if value is None else float(value)  # type: ignore[arg-type]


def outcomes_table(counted: Counted, declared: str) -> RawTable:
    """The cells as an outcomes table: counts for evals of events, value, n and sd for scores."""
    keys = sorted(counted.cells)
    scored = {key[OUTCOME_KEYS.index("eval_id")] for key in counted.scores}
    columns: dict[str, Cells] = {name: [key[place] for key in keys] for place, name in enumerate(OUTCOME_KEYS)}
    rows = [_numbers(counted, key, events=key[OUTCOME_KEYS.index("eval_id")] not in scored) for key in keys]
    for name, numbers in zip(
        ("n_trials", "n_events", "n_missing", "value", "n", "sd"), zip(*rows, strict=True), strict=True
    ):
        columns[name] = np.array(numbers, dtype=float)
    if counted.marks:
        marked = zip(*(_marked(counted, key, scored) for key in keys), strict=True)
        columns |= {name: np.array(numbers, dtype=float) for name, numbers in zip(MARKED, marked, strict=True)}
    labels = [f"run {shown(key[0])}, eval {shown(key[1])}" for key in keys]
    return RawTable("outcomes", declared, columns, len(keys), labels=labels)


def _marked(counted: Counted, key: Key, scored: Collection[str]) -> tuple[float, ...]:
    """The counts of `MARKED`, NaN where they are not known; all of them for a score, whose row holds no counts."""
    marks = counted.marks[key]
    found = (marks.acted, marks.errored, marks.aware, marks.aware_events)
    if key[OUTCOME_KEYS.index("eval_id")] in scored:
        return (math.nan,) * len(found)
    return tuple(math.nan if count is None else float(count) for count in found)


def _numbers(counted: Counted, key: Key, *, events: bool) -> tuple[float, ...]:
    cell = counted.cells[key]
    missing = cell.n_rows - cell.n
    if events:
        return cell.n_rows, cell.ones, missing, math.nan, math.nan, math.nan
    mean, sd = mean_and_sd(counted.scores.get(key, ExactSums()))
    return math.nan, math.nan, missing, mean, cell.n, sd


def value_problems(engine: Engine, source: RolloutSource, counted: Counted, declared: str) -> list[Problem]:
    """Values that are neither numbers nor blank, each distinct one with how often it occurs; a note on NaN."""
    problems = _bad_values(engine, source, counted, declared) if counted.n_bad else []
    if counted.n_nan:
        found, remedy = f"{counted.n_nan} NaN values", "Read as missing rollouts, like nulls."
        problems.append(Problem("NAN_VALUE", declared, found, "null for a missing rollout", remedy, Severity.INFO))
    return problems


def _bad_values(engine: Engine, source: RolloutSource, counted: Counted, declared: str) -> list[Problem]:
    given, bad = "value", "value IS NOT NULL AND number IS NULL"
    if source.typed:
        given, bad = "CASE WHEN number > 0 THEN 'inf' ELSE '-inf' END", f"abs(number) > {LARGEST} AND NOT isnan(number)"
    found = engine.rows(
        f"{source.rows()}SELECT {given} AS given, count(*) AS often, min(run_id) AS run_id, min(eval_id) AS eval_id "
        f"FROM rollouts WHERE {_of(counted.evals)} AND {bad} GROUP BY {given} "
        f"ORDER BY often DESC, given LIMIT {LISTED + 1}"
    )
    problems = [_bad_value(declared, *(as_nfc(str(part)) for part in row)) for row in found[:LISTED]]
    if len(found) > LISTED:
        still, remedy = "still other such values", "Mend them in the same way."
        problems.append(Problem("NOT_A_NUMBER", f'{declared}, column "value"', still, "numbers", remedy))
    return problems


def _bad_value(declared: str, given: str, often: str, run_id: str, eval_id: str) -> Problem:
    code, found, _, remedy = explain_number(given)
    where = f'{declared}, column "value", {often} rows (one of run {shown(run_id)}, eval {shown(eval_id)})'
    remedy = remedy.replace("Leave the cell blank", "Leave the value blank (null in JSONL)")
    if code == "NOT_A_NUMBER":
        remedy = "Write 1 for the event and 0 for none (which of them is bad the eval's direction says), or the score."
    return Problem(code, where, found, "0, 1, a score, or blank for missing", remedy)
