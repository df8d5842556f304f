"""Tables of a part of the runs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pandas as pd

from mixablate.tables.frames import Tables

__all__ = ["without_runs"]


def without_runs(tables: Tables, run_ids: Collection[str]) -> Tables:
    """The tables without these runs; notices and sources stay those of all."""

    def left(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[~frame["run_id"].isin(list(run_ids))].reset_index(drop=True)

    return replace(
        tables,
        runs=left(tables.runs),
        outcomes=left(tables.outcomes),
        headline=left(tables.headline),
        items=left(tables.items),
        labels=left(tables.labels),
    )
