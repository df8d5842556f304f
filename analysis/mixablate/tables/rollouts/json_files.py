"""JSONL files of rollouts as a source for DuckDB: every known key as text, every bad line named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mixablate.errors import Problem, TableError
from mixablate.tables.columns import renamed_columns
from mixablate.tables.names import shown
from mixablate.tables.rollouts.csv_files import listed
from mixablate.tables.rollouts.files import RolloutFiles
from mixablate.tables.rollouts.source import (
    ROLLOUT_COLUMNS,
    Kind,
    Part,
    missing_columns,
    quoted_name,
    quoted_text,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["json_faults", "json_part"]

LISTED = 5


def json_part(con: DuckDBPyConnection, files: RolloutFiles, rename: Mapping[str, str]) -> Part:
    """JSONL files as one part of a source; a key that a line lacks is blank in it.

    Raises:
        TableError: a required key is in none of the first lines.
        duckdb.Error: duckdb cannot read the files.
    """
    newline = "format='newline_delimited', hive_partitioning=false"
    sample = f"read_json({listed(files.paths)}, {newline}, maximum_depth=1, sample_size=20480)"
    header = [str(row[0]) for row in con.execute(f"DESCRIBE SELECT * FROM {sample}").fetchall()]
    names, theirs, problems = renamed_columns(header, rename, files.declared)
    problems += missing_columns(names, files.declared)
    if problems:
        faults = [
            fault for path, name in zip(files.paths, files.names, strict=True) for fault in json_faults(path, name)
        ]
        raise TableError(faults[:LISTED] or problems)
    # keys that first appear after the sample are read too: every known column is asked for
    asked = {name: theirs.get(name, name) for name in ROLLOUT_COLUMNS}
    columns = ", ".join(f"{quoted_text(name)}: 'VARCHAR'" for name in asked.values())
    relation = f"read_json({listed(files.paths)}, {newline}, columns={{{columns}}})"
    raw = {name: f"coalesce({quoted_name(their)}, '')" for name, their in asked.items()}
    return Part(relation, tuple(names), raw, dict.fromkeys(raw, Kind.TEXT))


def json_faults(path: Path, name: str) -> list[Problem]:
    """The first lines of a JSONL file that are not one object each.

    Args:
        path: the file.
        name: how messages name it.
    """
    problems: list[Problem] = []
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            reason = _json_fault(line)
            if reason:
                where = f"{name}, line {number}"
                problems.append(Problem("JSON_LINE", where, reason, "one JSON object per line", "Correct the line."))
            if len(problems) == LISTED:
                break
    return problems


def _json_fault(line: bytes) -> str:
    """Why a line is not a JSON object with each key once; "" if it is one, or is blank."""
    if not line.strip():
        return ""
    try:
        pairs = json.loads(line.decode("utf-8"), object_pairs_hook=list)
    except UnicodeDecodeError as error:
        return f"a byte that is not UTF-8, at {error.start}"
    except (ValueError, RecursionError) as error:
        return f"not JSON: {error}"
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):
        return "no object"
    keys = [key for key, _ in pairs]
    repeated = sorted({key for key in keys if keys.count(key) > 1})
    return f"the key {shown(repeated[0])} twice" if repeated else ""
