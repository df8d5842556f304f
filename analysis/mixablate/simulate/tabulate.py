"""Draws as the tables of design.md section 3."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.simulate.consistency import mix_shares
from mixablate.simulate.draw import Counts
from mixablate.simulate.layout import Layout, table_levels
from mixablate.simulate.truth import Truth

__all__ = ["evals_frame", "outcomes_frame", "rollouts_frame", "runs_frame"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def runs_frame(truth: Truth, layout: Layout) -> pd.DataFrame:
    """One row per run: `run_id`, `base_model`, `seed`, the components, `mix.*`, and the constant columns."""
    levels = [layout.arms[index].levels for index in layout.arm_of_run]
    columns: dict[str, object] = {"run_id": layout.run_ids, "base_model": layout.base_models, "seed": layout.seeds}
    columns |= {name: table_levels([arm[name] for arm in levels]) for name in truth.components}
    shares = [mix_shares(truth, arm.levels) for arm in layout.arms]
    columns |= {f"mix.{domain}": [shares[index][domain] for index in layout.arm_of_run] for domain in truth.mix}
    columns |= {name: [constant] * len(levels) for name, constant in truth.columns.items()}
    return pd.DataFrame(columns)


def outcomes_frame(truth: Truth, layout: Layout, counts: Counts) -> pd.DataFrame:
    """One row per run, eval and step: counts for event evals; `value`, `n` and `sd` for score evals.

    `step` is there where the truth has checkpoints, the score columns where it has score evals. A cell that does not
    apply is absent, never zero.
    """
    frame = _keys(truth, layout)
    events = frame["eval_id"].isin([declared.id for declared in truth.evals]).to_numpy()
    for name in ("n_trials", "n_events", "n_missing"):
        frame[name] = _spread(getattr(counts, name), events, whole=True)
    if truth.scores:
        frame["value"] = _spread(counts.value, ~events)
        frame["n"] = _spread(counts.n, ~events, whole=True)
        frame["sd"] = _spread(counts.sd, ~events)
    return frame


def rollouts_frame(truth: Truth, layout: Layout, values: Sequence[Floats], *, items: int) -> pd.DataFrame:
    """One row per rollout: `run_id`, `eval_id`, (`step`), `item_id`, `epoch`, `value` (absent = not scored)."""
    parts = []
    for declared, cells in zip((*truth.evals, *truth.scores), values, strict=True):
        runs, steps, trials = cells.shape
        position = np.tile(np.arange(trials), runs * steps)
        names = np.array([f"{declared.id}-{item:04d}" for item in range(1, min(items, trials) + 1)], dtype=object)
        part = pd.DataFrame({"run_id": np.repeat(np.array(layout.run_ids, dtype=object), steps * trials)})
        part["eval_id"] = declared.id
        if truth.checkpoints:
            part["step"] = np.tile(np.repeat(_step_column(truth), trials), runs)
        part["item_id"] = names[position % items]
        part["epoch"] = position // items + 1
        part["value"] = cells.ravel()
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def evals_frame(truth: Truth) -> pd.DataFrame:
    """One row per eval: `eval_id`, `label`, `domain`, `direction`, `weight`."""
    declared = (*truth.evals, *truth.scores)
    return pd.DataFrame(
        {
            "eval_id": [e.id for e in declared],
            "label": [e.label or e.id for e in declared],
            "domain": [str(e.domain) for e in declared],
            "direction": [e.direction for e in declared],
            "weight": [e.weight for e in declared],
        }
    )


def _keys(truth: Truth, layout: Layout) -> pd.DataFrame:
    """`run_id`, `eval_id` and (`step`) of every outcome row: events before scores within a run."""
    eval_ids = [declared.id for declared in (*truth.evals, *truth.scores)]
    steps = len(truth.checkpoints.steps) if truth.checkpoints else 1
    runs = len(layout.run_ids)
    frame = pd.DataFrame(
        {
            "run_id": np.repeat(np.array(layout.run_ids, dtype=object), len(eval_ids) * steps),
            "eval_id": np.tile(np.repeat(np.array(eval_ids, dtype=object), steps), runs),
        }
    )
    if truth.checkpoints:
        frame["step"] = np.tile(_step_column(truth), runs * len(eval_ids))
    return frame


def _spread(cells: Floats | Ints, rows: NDArray[np.bool_], *, whole: bool = False) -> pd.Series:
    """Cells (R, E, T) laid on the rows they belong to; absent elsewhere. Whole numbers stay whole."""
    column = np.full(len(rows), np.nan)
    column[rows] = cells.ravel()
    if not whole:
        return pd.Series(column)
    return pd.Series(column.astype(np.int64)) if rows.all() else pd.Series(column).astype("Int64")


def _step_column(truth: Truth) -> Floats | Ints:
    assert truth.checkpoints is not None
    steps = np.array(truth.checkpoints.steps)
    return steps.astype(np.int64) if (steps == np.floor(steps)).all() else steps
