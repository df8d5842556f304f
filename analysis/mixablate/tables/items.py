"""The counts of single items behind the headline."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["ITEM_COLUMNS", "headline_items", "no_items"]

ITEM_COLUMNS = ("run_id", "eval_id", "item_id", "n_trials", "n_events", "n_missing")
CHOSEN = ("metric", "judge", "task_version")


def no_items() -> pd.DataFrame:
    """The frame without an item."""
    return pd.DataFrame({name: pd.Series(dtype=object if "id" in name else float) for name in ITEM_COLUMNS})


def headline_items(items: pd.DataFrame, headline: pd.DataFrame) -> pd.DataFrame:
    """One row per run, eval and item of the rows that headline, replicates added.

    Args:
        items: one row per cell of the outcomes and item, all keys as text.
        headline: as `Tables.headline`.
    """
    shown = {
        (row["run_id"], row["eval_id"]): (row["step"], *(set(str(row[name]).split(" + ")) for name in CHOSEN))
        for row in headline.to_dict("records")
    }
    keep = [
        (known := shown.get((row["run_id"], row["eval_id"]))) is not None
        and _same_step(row["step"], known[0])
        and all(row[name] in values for name, values in zip(CHOSEN, known[1:], strict=True))
        for row in items.to_dict("records")
    ]
    counts = ["n_trials", "n_events", "n_missing"]
    return (
        items[np.array(keep, dtype=bool)]
        .groupby(["run_id", "eval_id", "item_id"], sort=True, as_index=False)[counts]
        .sum()
    )


def _same_step(said: str, step: float) -> bool:
    return step != step or (bool(said.strip()) and float(said) == step)
