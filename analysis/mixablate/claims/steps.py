"""One outcome at each training step: summaries of every run at the steps that all runs have."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from mixablate.design import Design
from mixablate.estimate import Outcome, RunSummaries, summarise
from mixablate.tables import Tables, step_headlines

__all__ = ["summaries_by_step"]


def summaries_by_step(
    tables: Tables, design: Design, outcome: Outcome, arms: frozenset[str], fewest: int
) -> tuple[tuple[float, RunSummaries], ...]:
    """(step, summaries) for the steps at which every run of these arms has the outcome, in order.

    A run with the outcome at fewer than `fewest` steps is not one of them. Metric and judge are those that headline;
    replicates of a step are pooled.
    """
    arm_of = design.arm_of_runs()
    found = {}
    for step, headline in step_headlines(tables, [eval_id for eval_id, _ in outcome.evals]).items():
        at = replace(tables, headline=headline)
        found[step] = summarise(at, design, replace(outcome, name=f"{outcome.name} at step {step:g}"))
    steps = Counter(r for summaries in found.values() for r in summaries.run_ids if arm_of.get(r) in arms)
    runs = {run_id for run_id, count in steps.items() if count >= fewest}
    return tuple((step, found[step]) for step in sorted(found) if runs <= set(found[step].run_ids))
