"""Tables of a part of the runs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from mixablate.tables.frames import Tables

__all__ = ["without_runs"]


def without_runs(tables: Tables, run_ids: Collection[str]) -> Tables:
    """The tables without these runs; notices and sources stay those of all."""
    left = {
        name: frame[~frame["run_id"].isin(list(run_ids))].reset_index(drop=True)
        for name, frame in (("runs", tables.runs), ("outcomes", tables.outcomes), ("headline", tables.headline))
    }
    return replace(tables, runs=left["runs"], outcomes=left["outcomes"], headline=left["headline"])
