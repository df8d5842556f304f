"""W7: rollouts in Parquet, ids as shuffled text, to cells of runs x evals, without the check for repeated keys."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mixablate.errors import Problem
from mixablate.tables.rollouts.cells import count_cells
from mixablate.tables.rollouts.files import find_files
from mixablate.tables.rollouts.local import LocalEngine, connected, local_source
from speed.harness import Contender, Workload

__all__ = ["workload"]

Counts = NDArray[np.int64]
RUNS, EVALS = 300, 20
QUERY = "SELECT run_id, eval_id, count(*), count(value), sum(value) FROM '{}' GROUP BY ALL ORDER BY ALL"


def workload(*, small: bool) -> Workload:
    """100 million rollouts; small: 2 million."""
    rows = 2_000_000 if small else 100_000_000
    path = written(rows)

    def differing(own: Counts, theirs: Counts) -> float:
        return float(own.shape != theirs.shape or (own != theirs).any())

    def contender(name: str, package: str, build: Callable[[], Callable[[], Counts]], goal: float | None) -> Contender:
        return Contender(name, package, build, differing, 0.0, "whether any count differs", goal=goal)

    return Workload(
        "W7",
        f"{rows:,} rollouts in Parquet to {RUNS * EVALS:,} cells: rows, numbers and events of each",
        lambda: counted(path),
        (
            contender("DuckDB, the query alone", "duckdb", lambda: querying(path), 1 / 1.2),
            contender("Polars, streaming", "polars", lambda: streaming(path), None),
            contender("pandas, three columns", "pandas", lambda: grouping(path), None),
        ),
    )


def written(rows: int) -> Path:
    """The file, kept in the temporary folder between runs."""
    import duckdb

    path = Path(tempfile.gettempdir()) / f"mixablate-speed-{rows}.parquet"
    if not path.exists():
        part = path.with_suffix(".part")
        duckdb.sql(
            "SELECT 'run-' || lpad((hash(i) % 300)::VARCHAR, 3, '0') AS run_id, "
            "'eval-' || lpad((hash(i + 1) % 20)::VARCHAR, 2, '0') AS eval_id, i AS item_id, "
            "CASE WHEN hash(i + 2) % 1000 < 3 THEN NULL ELSE (hash(i + 3) % 100 < 12)::TINYINT END AS value "
            f"FROM range({rows}) AS numbers(i)"
        ).write_parquet(str(part))
        part.rename(path)
    return path


def counted(path: Path) -> Counts:
    """Our cells, ids and all, of one thread."""
    with connected() as con:
        con.execute("SET threads = 1")
        source = local_source(con, find_files(path.name, path.parent), {})
        found = count_cells(LocalEngine(con), source, path.name)
    assert not isinstance(found, Problem), found
    return np.array([(cell.n_rows, cell.n, cell.ones) for _, cell in sorted(found.cells.items())])


def querying(path: Path) -> Callable[[], Counts]:
    """What the sums alone cost."""
    import duckdb

    def run() -> Counts:
        with duckdb.connect(":memory:", config={"threads": "1", "preserve_insertion_order": "false"}) as con:
            return np.array([row[2:] for row in con.execute(QUERY.format(path)).fetchall()], dtype=np.int64)

    return run


def streaming(path: Path) -> Callable[[], Counts]:
    """Polars; its threads are limited where `speed` is imported."""
    import polars as pl

    value = pl.col("value")
    sums = [pl.len().alias("rows"), value.count().alias("n"), value.cast(pl.Int64).sum().alias("ones")]
    keys = ["run_id", "eval_id"]

    def run() -> Counts:
        found = pl.scan_parquet(path).group_by(keys).agg(sums).sort(keys).collect(engine="streaming")
        return found.select("rows", "n", "ones").to_numpy().astype(np.int64)

    return run


def grouping(path: Path) -> Callable[[], Counts]:
    """pandas, which loads the columns."""
    import pandas as pd

    def run() -> Counts:
        frame = pd.read_parquet(path, columns=["run_id", "eval_id", "value"])
        groups = frame.groupby(["run_id", "eval_id"])["value"]
        return np.asarray(pd.concat([groups.size(), groups.count(), groups.sum()], axis=1), dtype=np.int64)

    return run
