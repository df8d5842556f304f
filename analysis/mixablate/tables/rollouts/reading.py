"""The outcomes that a table of rollouts sums to, and what is wrong with it."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from mixablate.errors import Problem, Severity, TableError
from mixablate.tables.frames import SourceFile
from mixablate.tables.names import joined
from mixablate.tables.read import Reading
from mixablate.tables.rollouts.cells import count_cells, outcomes_table, value_problems
from mixablate.tables.rollouts.files import RolloutFiles, digest, find_files
from mixablate.tables.rollouts.items import count_items
from mixablate.tables.rollouts.local import LocalEngine, connected, local_faults, local_source, no_room
from mixablate.tables.rollouts.marks import count_marks
from mixablate.tables.rollouts.repeated import key_problems
from mixablate.tables.rollouts.sentinels import sentinel_problems
from mixablate.tables.rollouts.source import ROLLOUT_COLUMNS, Engine, RolloutSource

__all__ = ["LOCAL", "read_rollouts"]

LOCAL = "duckdb"

Said = Callable[[str], None]


def read_rollouts(
    declared: str,
    folder: Path,
    rename: Mapping[str, str],
    *,
    engine: str = LOCAL,
    sentinels: Sequence[float] | None = None,
    progress: Said | None = None,
) -> Reading:
    """The outcomes that rollouts sum to: exact whatever the order of rows and files, the threads and the engine.

    An eval whose values are all 0 or 1 (or true and false) counts events; any other value makes it a score, whose mean
    and sd are the doubles nearest the exact ones. A blank or null value is a missing rollout: part of `n_trials`, never
    harmless. Two rows with the same run, eval, item, epoch, step, metric, judge, task version and replicate are
    refused.

    Args:
        declared: as the study names them: a file (.csv, .tsv, .jsonl or .parquet), a folder or a pattern of such files;
            on another engine than the embedded one Parquet files, or a table of that engine.
        folder: the study's folder.
        rename: their column name -> ours.
        engine: "duckdb", embedded; "spark", a Spark master, or an Ibis connection URL.
        sentinels: values that stand for "not scored"; None where the study does not say, and a usual one is refused.
        progress: told what a pass over the keys cost.
    """
    try:
        if engine == LOCAL:
            return _read_here(find_files(declared, folder), rename, sentinels, progress)
        # Ibis takes half a second to import, and is an extra
        from mixablate.tables.rollouts.distributed import distributed

        with distributed(engine, declared, folder, rename) as (other, source, files):
            return _summed(other, source, declared, files, sentinels, progress)
    except TableError as error:
        return Reading(None, error.problems, None)


def _read_here(
    files: RolloutFiles, rename: Mapping[str, str], sentinels: Sequence[float] | None, progress: Said | None
) -> Reading:
    with connected() as con:
        try:
            source = local_source(con, files, rename)
            return _summed(LocalEngine(con), source, files.declared, files, sentinels, progress)
        except duckdb.Error as error:
            return Reading(None, tuple(local_faults(files, str(error))), None)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return Reading(None, (no_room(files.declared, str(error)),), None)


def _summed(
    engine: Engine,
    source: RolloutSource,
    declared: str,
    files: RolloutFiles | None,
    sentinels: Sequence[float] | None,
    progress: Said | None,
) -> Reading:
    started = time.perf_counter()
    source = replace(source, sentinels=tuple(sentinels or ()))
    counted = count_cells(engine, source, declared)
    if isinstance(counted, Problem):
        return Reading(None, (counted,), None)
    if not counted.n_rows:
        problem = Problem("NO_ROWS", declared, "a header and no rows", "at least one row", "Write one row per rollout.")
        return Reading(None, (problem,), None)
    problems = value_problems(engine, source, counted, declared)
    problems += sentinel_problems(engine, source, counted.evals, declared, known=sentinels is not None)
    marks, faults = count_marks(engine, source, declared)
    counted, problems = replace(counted, marks=marks), [*problems, *faults]
    summed = time.perf_counter()
    problems += key_problems(engine, source, counted.n_rows, counted.blank, declared)
    if progress is not None:
        cost, before = time.perf_counter() - summed, summed - started
        progress(
            f"{counted.n_rows:,} rollouts counted in {before:.1f} s, then checked for repeated keys in {cost:.1f} s"
        )
    if extra := sorted(set(source.header) - set(ROLLOUT_COLUMNS)):
        required = "columns that mixablate knows"
        problems.append(Problem("UNDECLARED_COLUMN", declared, joined(extra), required, "Not read.", Severity.INFO))
    read = SourceFile(declared, digest(files) if files is not None else "", counted.n_rows)
    # another engine's rollouts are too many for a second pass, or stay where they are
    items = count_items(engine, source, counted) if isinstance(engine, LocalEngine) else None
    return Reading(outcomes_table(counted, declared), tuple(problems), read, items)
