"""The package's own road from counts to an interval, one study at a time: what the batched cells are held against.

Also the only road for paired runs and for unreplicated doses, whose layouts are not batched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.design import Contrast, Design, design_of, switch
from mixablate.estimate import (
    Evidence,
    RunSummaries,
    evidence_of,
    existence,
    interval,
    outcome_of,
    outside_region,
    summarise,
    two_sided_p,
)
from mixablate.study import Analysis, Component, ComponentType, Scale, Study, TablePaths
from mixablate.tables import tables_from_frames

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Template:
    """A design whose counts can be exchanged: `order` puts counts in the order of the summaries' runs."""

    study: Study
    design: Design
    contrast: Contrast
    summaries: RunSummaries
    order: NDArray[np.intp]

    def with_counts(self, counts: Floats, rollouts: int) -> RunSummaries:
        """The summaries of these counts, (R,) in the order the runs were declared."""
        events = counts[self.order]
        return replace(
            self.summaries,
            log_odds=np.log((events + 0.5) / (rollouts - events + 0.5)),
            level=events / rollouts,
            events=events[:, None],
            trials=np.full((events.size, 1), float(rollouts)),
        )

    def shows(self, counts: Floats, rollouts: int, scale: Scale, level: float = 0.95) -> tuple[float, float] | None:
        """The interval the package shows, or None where the region withholds it."""
        summaries = self.with_counts(counts, rollouts)
        evidence = evidence_of(summaries, self.contrast, scale, self.design)
        return None if outside_region(evidence, summaries, self.contrast) else interval(evidence, level)

    def existence(self, counts: Floats, rollouts: int) -> tuple[Evidence, float]:
        """The existence test's evidence and two-sided p."""
        found = existence(self.with_counts(counts, rollouts), self.contrast, self.design)
        return found, two_sided_p(found) if not found.reason else float("nan")


def template_of(levels: Sequence[float], *, pairs: Sequence[str] = (), kind: str = "flag") -> Template:
    """A study of one component, `x`, with a run per level."""
    component = Component(
        id="x", label="x", column="x", type=ComponentType(kind), baseline=min(levels), target=max(levels)
    )
    study = Study(
        title="calibration",
        seed=1,
        tables=TablePaths(runs="runs.csv", outcomes="outcomes.csv", evals="evals.csv"),
        analysis=Analysis(pair="seed" if pairs else ""),
        components=(component,),
    )
    run_ids = [f"r{i:03d}" for i in range(len(levels))]
    runs = pd.DataFrame({"run_id": run_ids, "base_model": "m", "seed": list(pairs) or run_ids, "x": list(levels)})
    outcomes = pd.DataFrame({"run_id": run_ids, "eval_id": "e", "n_trials": 100, "n_events": 10, "n_missing": 0})
    evals = pd.DataFrame([{"eval_id": "e", "label": "E", "domain": "in_distribution", "direction": "lower"}])
    tables = tables_from_frames(study, runs=runs, outcomes=outcomes, evals=evals)
    design = design_of(study, tables)
    summaries = summarise(tables, design, outcome_of(tables, ["e"]))
    order = np.array([run_ids.index(run_id) for run_id in summaries.run_ids])
    return Template(study, design, switch(design, ("x",), name="x"), summaries, order)
