"""An outcome before and after a later training stage, run by run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mixablate.design import Design
from mixablate.estimate import Outcome, RunSummaries, keep_runs, recounted, summarise
from mixablate.tables import OutcomeKind, Tables

__all__ = ["before_and_after", "parents_of", "parents_only"]

Floats = NDArray[np.float64]


def parents_of(tables: Tables, stage: str) -> dict[str, str]:
    """Run of the stage -> the run it was trained on from, for runs whose parent is in the table."""
    runs = tables.runs
    later = runs[(runs["stage"].astype(object) == stage) & runs["parent_run_id"].notna()]
    known = set(runs["run_id"].astype(str))
    pairs = zip(later["run_id"].astype(str), later["parent_run_id"].astype(str), strict=True)
    return {run: parent for run, parent in pairs if parent in known}


def parents_only(design: Design, parents: dict[str, str]) -> Design:
    """The design of the runs from which the stage was trained, under the same arm ids."""
    kept = set(parents.values())
    arms = (replace(arm, run_ids=tuple(r for r in arm.run_ids if r in kept)) for arm in design.arms)
    return replace(design, arms=tuple(arm for arm in arms if arm.run_ids))


def before_and_after(
    tables: Tables, design: Design, outcome: Outcome, parents: dict[str, str]
) -> tuple[RunSummaries, RunSummaries]:
    """Summaries of the parent runs, and of what became of each: over the same runs, under the parents' ids.

    Several later runs of one parent are one unit: their counts are added, their scores averaged.
    """
    whole = summarise(tables, design, outcome)
    place = {run_id: row for row, run_id in enumerate(whole.run_ids)}
    children: dict[str, list[int]] = {}
    for run, parent in sorted(parents.items()):
        if run in place:
            children.setdefault(parent, []).append(place[run])
    before = keep_runs(whole, [run_id in children for run_id in whole.run_ids])
    lost = set(parents.values()) - set(before.run_ids)
    before = replace(before, absent=tuple(sorted(lost)), unscored=tuple(r for r in whole.unscored if r in lost))
    rows = [children[run_id] for run_id in before.run_ids]
    after = recounted(before, *(_added(counts, rows) for counts in (whole.events, whole.trials, whole.missing)))
    if outcome.kind is OutcomeKind.EVENTS:
        return before, after
    return before, replace(after, level=np.array([float(whole.level[members].mean()) for members in rows]))


def _added(values: Floats, rows: list[list[int]]) -> Floats:
    return np.array([values[members].sum(axis=0) for members in rows]).reshape(len(rows), values.shape[1])
