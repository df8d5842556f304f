"""A claim's cases without one item (prompt, scenario) of an eval, where rollouts say which item each was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from mixablate.claims.case import Case
from mixablate.estimate import RunSummaries, keep_runs, recounted
from mixablate.tables import OutcomeKind, Tables

__all__ = ["ItemCounts", "cases_without_item", "items_of"]

ItemCounts = Mapping[str, tuple[float, float, float]]
"""Run id -> trials, events and missing rollouts of one item."""

MOST_ITEMS = 200  # of an eval; of more than that none carries much


def items_of(cases: Sequence[Case], tables: Tables) -> dict[tuple[str, str], ItemCounts]:
    """(eval, item) -> its counts, for the evals of these cases that have from 2 to 200 items."""
    evals = [e for case in cases if not case.parts for e, _ in case.summaries.outcome.evals]
    found: dict[tuple[str, str], dict[str, tuple[float, float, float]]] = {}
    for eval_id in dict.fromkeys(evals):
        rows = tables.items[tables.items["eval_id"] == eval_id]
        if not 2 <= rows["item_id"].nunique() <= MOST_ITEMS:
            continue
        columns = (rows[name].tolist() for name in ("run_id", "item_id", "n_trials", "n_events", "n_missing"))
        for run_id, item_id, trials, events, missing in zip(*columns, strict=True):
            found.setdefault((eval_id, item_id), {})[run_id] = (trials, events, missing)
    return dict(sorted(found.items()))


def cases_without_item(cases: Sequence[Case], eval_id: str, counts: ItemCounts) -> tuple[Case, ...] | None:
    """The cases without the item's rollouts; None for numbers made of several outcomes, which are not remade."""
    if any(case.parts for case in cases):
        return None
    return tuple(replace(case, summaries=_without(case.summaries, eval_id, counts)) for case in cases)


def _without(summaries: RunSummaries, eval_id: str, counts: ItemCounts) -> RunSummaries:
    """The summaries without the item; a run of which nothing scored is left drops out."""
    names = [name for name, _ in summaries.outcome.evals]
    if eval_id not in names or summaries.outcome.kind is not OutcomeKind.EVENTS:
        return summaries
    column = names.index(eval_id)
    item = np.array([counts.get(run_id, (0.0, 0.0, 0.0)) for run_id in summaries.run_ids])
    events, trials, missing = (values.copy() for values in (summaries.events, summaries.trials, summaries.missing))
    events[:, column] -= item[:, 1]
    trials[:, column] -= item[:, 0] - item[:, 2]
    missing[:, column] -= item[:, 2]
    some = np.array(trials[:, column] > 0.0, dtype=bool)
    left = keep_runs(replace(summaries, events=events, trials=trials, missing=missing), some.tolist())
    return recounted(left, left.events, left.trials, left.missing)
