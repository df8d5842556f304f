"""The tables of a study that has none, because it rests on reported figures alone."""

from __future__ import annotations

import pandas as pd

from mixablate.tables.frames import Tables

__all__ = ["no_tables"]

RUNS = ("run_id", "base_model", "seed", "tokens", "examples", "epochs", "stage", "parent_run_id")
KEYS = ("run_id", "eval_id", "step", "metric", "judge", "task_version")
COUNTS = ("n_trials", "n_events", "n_missing", "n_acted", "value", "n", "sd")
EVALS = ("eval_id", "label", "domain", "direction", "weight", "contaminated", "task_version", "kind")


def no_tables() -> Tables:
    """Frames with the columns of `Tables` and without a row."""
    return Tables(
        runs=pd.DataFrame(columns=list(RUNS)),
        outcomes=pd.DataFrame(columns=[*KEYS, "replicate", *COUNTS]),
        evals=pd.DataFrame(columns=list(EVALS)),
        headline=pd.DataFrame(columns=[*KEYS, *COUNTS, "n_scored", "replicates"]),
    )
