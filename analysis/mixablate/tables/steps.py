"""The outcomes at each training step, each like the headline."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from mixablate.tables.frames import Tables
from mixablate.tables.headline import outcome_rows
from mixablate.tables.pooling import HeadlineRow, OutcomeRow, pooled

__all__ = ["step_headlines"]


def step_headlines(tables: Tables, evals: Collection[str]) -> dict[float, pd.DataFrame]:
    """Step -> a frame like `Tables.headline` of these evals at that step; rows without a step are left out.

    Of each run and eval only rows of the metric, judge and task version that headline count, replicates pooled. A run
    that does not headline has no rows.
    """
    keys = ("metric", "judge", "task_version")
    chosen = {
        (row["run_id"], row["eval_id"]): tuple(set(str(row[key]).split(" + ")) for key in keys)
        for row in tables.headline[tables.headline["eval_id"].isin(list(evals))].to_dict("records")
    }
    found: dict[float, dict[tuple[str, str], list[OutcomeRow]]] = {}
    for row in outcome_rows(tables.outcomes):
        allowed = chosen.get((row.run_id, row.eval_id))
        if allowed is None or row.step != row.step:
            continue
        if all(getattr(row, key) in values for key, values in zip(keys, allowed, strict=True)):
            found.setdefault(row.step, {}).setdefault((row.run_id, row.eval_id), []).append(row)
    return {step: _frame(rows) for step, rows in sorted(found.items())}


def _frame(rows: dict[tuple[str, str], list[OutcomeRow]]) -> pd.DataFrame:
    at_step = [pooled(rows[key]) for key in sorted(rows)]
    return HeadlineRow.frame([row for row in at_step if row.n_scored != 0])
