"""Rollouts counted item by item, where they are few enough: for leaving one item out."""

from __future__ import annotations

import pandas as pd

from mixablate.tables.contract import OUTCOME_KEYS
from mixablate.tables.names import as_nfc
from mixablate.tables.rollouts.cells import Counted
from mixablate.tables.rollouts.source import Engine, RolloutSource, quoted_name

__all__ = ["count_items"]

MOST_ROLLOUTS = 2_000_000
"""Above this the pass over the items would cost more than the counts themselves."""
MOST_CELLS = 200_000
COUNTED = ("n_trials", "n_events", "n_missing")


def count_items(engine: Engine, source: RolloutSource, counted: Counted) -> pd.DataFrame | None:
    """One row per cell and item of the evals of events: the columns of `OUTCOME_KEYS`, `item_id`, and the counts.

    None where there are too many rollouts or items for a second pass.
    """
    if counted.n_rows > MOST_ROLLOUTS:
        return None
    names = ", ".join(map(quoted_name, source.keys))
    found = engine.rows(
        f"{source.rows()}SELECT {names}, CAST(item_id AS VARCHAR) AS item, count(*) AS n_trials, "
        "count(*) FILTER (WHERE number = 1) AS n_events, count(*) - count(number) AS n_missing "
        f"FROM rollouts GROUP BY {names}, CAST(item_id AS VARCHAR) LIMIT {MOST_CELLS + 1}"
    )
    if len(found) > MOST_CELLS:
        return None
    scored = {key[OUTCOME_KEYS.index("eval_id")] for key in counted.scores}
    rows = []
    for row in found:
        parts = {name: as_nfc(str(part or "")) for name, part in zip(source.keys, row, strict=False)}
        if parts["eval_id"] not in scored:
            keys = [parts.get(name, "") for name in OUTCOME_KEYS]
            item, *counts = row[len(source.keys) :]
            rows.append([*keys, as_nfc(str(item or "")), *(float(str(count)) for count in counts)])
    frame = pd.DataFrame(rows, columns=[*OUTCOME_KEYS, "item_id", *COUNTED])
    return frame.groupby([*OUTCOME_KEYS, "item_id"], sort=True, as_index=False)[list(COUNTED)].sum()
