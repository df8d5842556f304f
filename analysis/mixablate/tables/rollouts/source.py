"""Rows of rollouts as an engine sees them: one relation with our columns, in DuckDB's dialect of SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from mixablate.errors import Problem, TableError
from mixablate.tables.columns import missing_column, renamed_columns
from mixablate.tables.contract import OUTCOME_KEYS

__all__ = [
    "ERRED",
    "ROLLOUT_COLUMNS",
    "ROLLOUT_KEYS",
    "Engine",
    "KeyPass",
    "Kind",
    "RolloutSource",
    "missing_columns",
    "part_of",
    "quoted_name",
    "quoted_text",
    "united",
]

ROLLOUT_COLUMNS = {
    "run_id": "the run that was evaluated",
    "eval_id": "the eval it was evaluated on",
    "item_id": "the prompt or scenario of the rollout",
    "epoch": "which repetition of the item this is (default: one each)",
    "value": "0 or 1, or a score; blank or null where the rollout was not scored",
    "step": "the checkpoint",
    "metric": "what was scored",
    "judge": "who scored it",
    "task_version": "the version of its prompts and scoring",
    "replicate": "which evaluation of the run this is",
    "acted": "1 where the model acted at all, 0 where it did not",
    "aware": "1 where the model said that it may be in a test",
    "error": "what went wrong; blank where nothing did",
}
REQUIRED = ("run_id", "eval_id", "item_id", "value")
ROLLOUT_KEYS = (*OUTCOME_KEYS, "item_id", "epoch")
NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
LARGEST = "1.7976931348623157e308"
TEXT_NUMBER = (
    "CASE WHEN value IN ('0', '0.0') THEN 0e0 WHEN value IN ('1', '1.0') THEN 1e0 "
    rf"WHEN regexp_matches(value, '^({NUMBER})\z') AND abs(TRY_CAST(value AS DOUBLE)) <= {LARGEST} "
    "THEN TRY_CAST(value AS DOUBLE) "
    "WHEN lower(value) = 'true' THEN 1e0 WHEN lower(value) = 'false' THEN 0e0 END"
)
"""The finite double that a text spells; try_cast alone would take "nan" or "1_000", and in Spark "1d"."""

ERRED = "lower(trim(coalesce(error, ''))) NOT IN ('', '0', '0.0', 'false', 'none', 'null', 'nan')"
"""Whether a rollout ended in an error."""


class Kind(StrEnum):
    """What a column of the source holds."""

    TEXT = "text"
    INTEGER = "integer"
    REAL = "real"
    BOOLEAN = "boolean"
    OTHER = "other"


TYPES = {
    Kind.TEXT: "VARCHAR",
    Kind.INTEGER: "BIGINT",
    Kind.REAL: "DOUBLE",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.OTHER: "VARCHAR",
}


@dataclass(frozen=True, slots=True)
class Part:
    """Files with the same columns, or a table.

    Attributes:
        relation: what stands after FROM.
        header: all its columns, in our names.
        columns: our name -> the column as an expression, for those of `ROLLOUT_COLUMNS` that are there.
        kinds: of those columns.
    """

    relation: str
    header: tuple[str, ...]
    columns: Mapping[str, str]
    kinds: Mapping[str, Kind]


@dataclass(frozen=True, slots=True)
class RolloutSource:
    """Where the rows are.

    Attributes:
        relation: what stands after FROM.
        columns: our name -> an expression over the relation. The columns of `OUTCOME_KEYS` are text; `item_id` and
            `epoch` are text or integers; `value` is a number or text, NULL where blank.
        header: all the source's columns, in our names.
        kinds: of the columns named in `columns`, as the source has them.
        sentinels: values that stand for "not scored".
    """

    relation: str
    columns: Mapping[str, str]
    header: tuple[str, ...]
    kinds: Mapping[str, Kind]
    sentinels: tuple[float, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns present that tell cells apart."""
        return tuple(name for name in OUTCOME_KEYS if name in self.columns)

    @property
    def typed(self) -> bool:
        """Whether values are numbers in the source."""
        return self.kinds["value"] is not Kind.TEXT

    def rows(self) -> str:
        """The beginning of every query: the rows as `rollouts`, with our columns.

        And with `number`, the value as a double: NULL where the text is no finite number; infinite or NaN only where
        the source's own column of numbers is. A rollout that ended in an error, or whose value is a sentinel, has no
        value; `given` has the rows before that.
        """
        parts = ", ".join(f"{expression} AS {quoted_name(name)}" for name, expression in self.columns.items())
        void, kept, kept_rows = self.void, "given", ""
        if void:
            others = ", ".join(quoted_name(name) for name in self.columns if name != "value")
            kept, value = "kept", f"CASE WHEN {void} THEN NULL ELSE value END AS value"
            kept_rows = f"kept AS (SELECT {others}, {value} FROM given), "
        return (
            f"WITH given AS (SELECT {parts} FROM {self.relation}), {kept_rows}"
            f"rollouts AS (SELECT *, {self.number} AS number FROM {kept}) "
        )

    @property
    def number(self) -> str:
        """The value as a double, an expression over `given`."""
        return "CAST(value AS DOUBLE)" if self.typed else TEXT_NUMBER

    @property
    def void(self) -> str:
        """Whether a row of `given` has no score whatever its value says; "" where that is so of none."""
        found = [ERRED] if "error" in self.columns else []
        if self.sentinels:
            found.append(f"({self.number}) IN ({', '.join(f'{value:.17e}' for value in self.sentinels)})")
        return " OR ".join(found)


@dataclass(frozen=True, slots=True)
class KeyPass:
    """What an engine says before the exact comparison of keys.

    Attributes:
        keys: our name -> the key as composed text, an expression over `rollouts`.
        suspects: a condition that every row of a repeated key meets; "" where there is no such row.
        blank_items: rows without an item.
        n_more: about how many more keys are repeated than those that `suspects` leads to.
    """

    keys: Mapping[str, str]
    suspects: str
    blank_items: int
    n_more: int = 0


class Engine(Protocol):
    """Who reads the rows. Queries are written in DuckDB's dialect and return few rows."""

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """The rows that a query gives."""

    def key_pass(self, source: RolloutSource, n_rows: int, blank: Collection[str]) -> KeyPass:
        """One pass over the keys of all rows.

        Args:
            source: where the rows are.
            n_rows: how many.
            blank: columns in which some cell's key is NULL.
        """


def quoted_name(name: str) -> str:
    """A column name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quoted_text(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def united(parts: Sequence[Part]) -> RolloutSource:
    """The source that holds the rows of all parts, read as the contract has them.

    Files of one table may differ: pandas writes whole numbers as integers where no value is missing and as doubles
    where one is. A column that a part lacks is blank in it; numbers of several kinds become doubles, other mixtures
    text.
    """
    kinds = _common_kinds(parts)
    if len(parts) == 1:
        relation, raw = parts[0].relation, parts[0].columns
    else:
        relation = f"({' UNION ALL '.join(_aligned(part, kinds) for part in parts)}) AS parts"
        raw = {name: quoted_name(name) for name in kinds}
    columns: dict[str, str] = {}
    for name in kinds.keys() - {"value"}:
        whole = kinds[name] is Kind.INTEGER and name in ("item_id", "epoch")
        columns[name] = raw[name] if whole or kinds[name] is Kind.TEXT else f"CAST({raw[name]} AS VARCHAR)"
    columns["value"] = raw["value"]
    if kinds["value"] is Kind.BOOLEAN:
        columns["value"] = f"CAST({raw['value']} AS INTEGER)"
    elif kinds["value"] in (Kind.TEXT, Kind.OTHER):
        columns["value"], kinds["value"] = f"nullif(CAST({raw['value']} AS VARCHAR), '')", Kind.TEXT
    ordered = {name: columns[name] for name in ROLLOUT_COLUMNS if name in columns}
    return RolloutSource(relation, ordered, tuple(dict.fromkeys(name for part in parts for name in part.header)), kinds)


def _common_kinds(parts: Sequence[Part]) -> dict[str, Kind]:
    """What each column holds in the source: the parts' own kind, where they agree."""
    common = {}
    for name in ROLLOUT_COLUMNS:
        found = {part.kinds[name] for part in parts if name in part.kinds}
        if len(found) == 1:
            (common[name],) = found
        elif found:
            numbers = name == "value" and found <= {Kind.INTEGER, Kind.REAL, Kind.BOOLEAN}
            common[name] = Kind.REAL if numbers else Kind.TEXT
    return common


def _aligned(part: Part, kinds: Mapping[str, Kind]) -> str:
    columns = []
    for name, kind in kinds.items():
        column = part.columns.get(name, "NULL")
        if part.kinds.get(name) is not kind or kind is Kind.OTHER:
            column = f"CAST({column} AS {TYPES[kind]})"
        columns.append(f"{column} AS {quoted_name(name)}")
    return f"SELECT {', '.join(columns)} FROM {part.relation}"


def missing_columns(names: Sequence[str], declared: str) -> list[Problem]:
    """The required columns that a header lacks."""
    header = [name for name in names if name]
    return [missing_column(name, header, declared, ROLLOUT_COLUMNS[name]) for name in REQUIRED if name not in names]


def part_of(relation: str, columns: Mapping[str, Kind], place: str, rename: Mapping[str, str]) -> Part:
    """A part whose columns have types, checked.

    Run and eval ids must be text: "001" has become 1 in a column of numbers, and which id was meant cannot be known.

    Args:
        relation: what stands after FROM.
        columns: the name of each column, as the source has it -> what it holds.
        place: how messages name the part.
        rename: their column name -> ours.

    Raises:
        TableError: columns are missing, repeated or of the wrong type.
    """
    names, _, problems = renamed_columns(list(columns), rename, place)
    problems += missing_columns(names, place)
    raw, kinds = {}, {}
    for name, (column, kind) in zip(names, columns.items(), strict=True):
        if name in ROLLOUT_COLUMNS:
            raw[name], kinds[name] = quoted_name(column), kind
        if name in ("run_id", "eval_id") and kind in (Kind.INTEGER, Kind.REAL):
            found, required = f'numbers ({kind}) in column "{name}"', 'ids as text ("001" is not 1)'
            problems.append(Problem("ID_TYPE", place, found, required, "Write the column as text."))
    if problems:
        raise TableError(problems)
    return Part(relation, tuple(names), raw, kinds)
