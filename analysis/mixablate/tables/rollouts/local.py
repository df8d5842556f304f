"""The embedded engine: DuckDB over files, within a bounded amount of memory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from mixablate.errors import Problem
from mixablate.tables.rollouts.csv_files import csv_faults, csv_parts, listed
from mixablate.tables.rollouts.files import RolloutFiles, path_columns
from mixablate.tables.rollouts.hashes import repeated_hashes
from mixablate.tables.rollouts.json_files import json_faults, json_part
from mixablate.tables.rollouts.source import (
    ROLLOUT_KEYS,
    KeyPass,
    Kind,
    Part,
    RolloutSource,
    part_of,
    quoted_name,
    united,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["LocalEngine", "alike_parquet", "connected", "local_faults", "local_source", "no_room"]

LISTED = 5

MIB_PER_THREAD = 160
LEAST_MIB = 320
CHUNK_VECTORS = 256
"""Of 2,048 hashes each: four megabytes at a time."""

MOST_SUSPECTS = 2**20
"""Hashes whose rows are compared in full: a table with more repeated keys than that is described by a part of them."""

KINDS = {
    Kind.INTEGER: ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
                   "UBIGINT", "UHUGEINT"),
    Kind.REAL: ("FLOAT", "DOUBLE", "DECIMAL"),
    Kind.BOOLEAN: ("BOOLEAN",),
    Kind.TEXT: ("VARCHAR",),
}  # fmt: skip


@contextmanager
def connected() -> Iterator[DuckDBPyConnection]:
    """A connection that stays offline and, past its memory, spills into the temporary folder."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "temp_directory": tempfile.gettempdir(),
        "preserve_insertion_order": "false",
        "memory_limit": f"{max(LEAST_MIB, MIB_PER_THREAD * (os.cpu_count() or 1))}MiB",
    }
    with duckdb.connect(":memory:", config=settings) as con:
        yield con


def local_source(con: DuckDBPyConnection, files: RolloutFiles, rename: Mapping[str, str]) -> RolloutSource:
    """The files as a source.

    Raises:
        TableError: their headers cannot be used.
        duckdb.Error: duckdb cannot read them.
    """
    if files.suffix in (".csv", ".tsv"):
        return united(csv_parts(files, rename))
    if files.suffix in (".jsonl", ".ndjson"):
        return united([json_part(con, files, rename)])
    return united([_parquet_part(con, alike, rename) for alike in alike_parquet(con, files)])


def local_faults(files: RolloutFiles, said: str) -> list[Problem]:
    """What is wrong with files that could not be read.

    Args:
        files: all of one table.
        said: duckdb's message, for what is not explained otherwise.
    """
    found = said.splitlines()[0]
    if said.startswith("Out of Memory"):
        return [no_room(files.declared, found)]
    faults: list[Problem] = []
    explain = {".csv": csv_faults, ".tsv": csv_faults, ".jsonl": json_faults, ".ndjson": json_faults}.get(files.suffix)
    for path, name in zip(files.paths, files.names, strict=True):
        if explain is not None and len(faults) < LISTED:
            faults += explain(path, name)
    return faults or [Problem("FILE_FORMAT", files.declared, found, "a readable file", "Write the file again.")]


def no_room(declared: str, said: str) -> Problem:
    """The problem of rollouts for which memory or the temporary folder is too small.

    Args:
        declared: the rollouts.
        said: what failed, in the words of duckdb or of the system.
    """
    remedy = 'Point TMPDIR to a larger disk, or sum the rollouts elsewhere: engine = "spark".'
    return Problem("TABLE_SIZE", declared, said, "8 bytes of temporary space for each rollout, and some memory", remedy)


def alike_parquet(con: DuckDBPyConnection, files: RolloutFiles) -> list[RolloutFiles]:
    """The files, those with the same columns and types together, in the order of the first of each.

    A scan of files that differ takes the first one's types and casts the others to them: 0.5 would become 0 unsaid.

    Raises:
        duckdb.Error: a file is no Parquet file.
    """
    if len(files.paths) == 1:
        return [files]
    query = f"SELECT file_name, name, type, converted_type, logical_type FROM parquet_schema({listed(files.paths)})"
    columns: dict[str, list[tuple[str, ...]]] = {str(path): [] for path in files.paths}
    for path, *column in con.execute(query).fetchall():
        columns[str(path)].append(tuple(map(str, column)))
    alike: dict[tuple[tuple[str, ...], ...], list[int]] = {}
    for number, path in enumerate(files.paths):
        alike.setdefault(tuple(sorted(columns[str(path)])), []).append(number)
    return [
        replace(files, paths=tuple(files.paths[n] for n in numbers), names=tuple(files.names[n] for n in numbers))
        for numbers in alike.values()
    ]


def _parquet_part(con: DuckDBPyConnection, files: RolloutFiles, rename: Mapping[str, str]) -> Part:
    # without autocast: a folder run_id=001 holds run "001", not 1
    partitions = f"hive_partitioning={str(bool(path_columns(files))).lower()}, hive_types_autocast=false"
    relation = f"read_parquet({listed(files.paths)}, {partitions})"
    described = con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return part_of(relation, {str(row[0]): _kind(str(row[1])) for row in described}, files.place, rename)


def _kind(declared: str) -> Kind:
    return next((kind for kind, types in KINDS.items() if declared.split("(")[0] in types), Kind.OTHER)


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """DuckDB in this process."""

    con: DuckDBPyConnection

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """The rows that a query gives."""
        return list(self.con.execute(query).fetchall())

    def key_pass(self, source: RolloutSource, n_rows: int, blank: Collection[str]) -> KeyPass:
        """Hashes of all keys, 8 bytes each; rows whose hash occurs twice are compared in full afterwards."""
        keys = {name: _key(name) for name in ROLLOUT_KEYS if name in source.columns}
        # NULL and "" are one key and two hashes, save where `coalesce` (five times the cost of the pass) makes them one
        doubtful = {*blank, "epoch"} if source.kinds.get("epoch") is Kind.TEXT else {*blank}
        hashed, suspects, n_more, blanks = self._scan(source, n_rows, doubtful)
        if blanks and "item_id" not in doubtful:
            hashed, suspects, n_more, blanks = self._scan(source, n_rows, {*doubtful, "item_id"})
        if not suspects.size:
            return KeyPass(keys, "", blanks)
        self.con.register("suspects", pd.DataFrame({"h": suspects}))
        return KeyPass(keys, f"{hashed} IN (SELECT h FROM suspects)", blanks, n_more)

    def _scan(
        self, source: RolloutSource, n_rows: int, doubtful: Collection[str]
    ) -> tuple[str, npt.NDArray[np.uint64], int, int]:
        """The hash as an expression, those that occur twice, how many more of them there are, and blank items."""
        names = [name for name in ROLLOUT_KEYS if name in source.columns]
        hashed = f"hash({', '.join(_hashed(source, name, exact=name in doubtful) for name in names)})"
        empty = "false" if source.kinds["item_id"] is Kind.INTEGER else "trim(item_id) = ''"
        blanks = 0

        def chunks() -> Iterator[npt.NDArray[np.uint64]]:
            nonlocal blanks
            query = f"SELECT {hashed} AS h, item_id IS NULL OR {empty} AS blank FROM rollouts"
            self.con.execute(source.rows() + query)
            while len(chunk := self.con.fetch_df_chunk(CHUNK_VECTORS)):
                blanks += int(chunk["blank"].sum())
                yield chunk["h"].to_numpy(dtype=np.uint64)

        kept, n_more = [np.array([], np.uint64)], 0
        for part in repeated_hashes(chunks(), n_rows):
            room = MOST_SUSPECTS - sum(map(len, kept))
            kept.append(part[:room].copy())  # a view would keep the whole part
            n_more += max(len(part) - room, 0)
        return hashed, np.concatenate(kept), n_more, blanks


def _hashed(source: RolloutSource, name: str, *, exact: bool) -> str:
    if name in ("item_id", "epoch") and source.kinds[name] is Kind.INTEGER:
        return name
    return _key(name) if exact else f"nfc_normalize({quoted_name(name)})"


def _key(name: str) -> str:
    return f"coalesce(nfc_normalize(CAST({quoted_name(name)} AS VARCHAR)), '')"
