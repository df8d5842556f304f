"""A logit prepared for refitting: its rows, its fit to the full data, and the engine that suits its design."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixablate.design import Design
from mixablate.estimate import OutcomeModel, RunSummaries, fit_firth
from mixablate.estimate.models.count_cells import count_cells, separation_words
from mixablate.estimate.models.separation import separated
from mixablate.resample.refits.build_engine import centred, crossed_engine, dense_engine
from mixablate.resample.refits.crossing import crossing
from mixablate.resample.refits.engine import Engine
from mixablate.resample.refits.newton import damped
from mixablate.resample.refits.rows import WeightedRows, by_unit, weighted_rows

__all__ = ["RefitPlan", "plan_of_outcome", "refit_plan"]

Floats = NDArray[np.float64]

MOST_STEPS = 60
SMALL_SPREAD = 0.25  # log odds: up to this SD one step in single precision is enough after the start's, beyond it two


@dataclass(frozen=True, slots=True)
class RefitPlan:
    """A logit whose rows' weights are to vary.

    Attributes:
        names: of the columns (p).
        rows: the rows with trials.
        engine: crossed or dense.
        coefficients: (p,) of the full data; NaN where they have no finite maximum.
        reason: why not: how the full data are separated, in words; empty where they have one.
        centre: (p,) where refits start, in the engine's coordinates: the full data's estimates, or Firth's.
        singles: steps in single precision before the last one.
        run_level: (p,) which columns never vary within a cluster; all, where the design is not crossed.
    """

    names: tuple[str, ...]
    rows: WeightedRows
    engine: Engine
    coefficients: Floats
    reason: str
    centre: Floats
    singles: int
    run_level: NDArray[np.bool_]

    @property
    def clusters(self) -> tuple[str, ...]:
        """The clusters, one column of weights each, in order."""
        return self.rows.clusters

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The scenarios, one column of scenario weights each, in order; empty where they have none."""
        return self.rows.scenarios


def refit_plan(
    design: ArrayLike,
    events: ArrayLike,
    trials: ArrayLike,
    clusters: Sequence[object],
    *,
    names: Sequence[str],
    scenarios: Sequence[object] | None = None,
    crossed: bool = True,
) -> RefitPlan:
    """The logit of `fit_logit`, prepared for refits under other weights of its clusters.

    Columns that never vary within a cluster beside a free level for every eval make a crossed design, which has an
    engine of its own, several times as fast; any other design has the dense one. Both give the same numbers.

    Args:
        design: (n, p), with its intercept.
        events: (n,), 0 to trials.
        trials: (n,), 0 or more.
        clusters: (n,) run ids.
        names: (p,) of the columns.
        scenarios: (n,) ids, where scenarios are to have weights of their own.
        crossed: whether to look for a crossed design.

    Raises:
        DesignError: columns that are linear combinations of others, or no rows with trials.
        ValueError: shapes that do not fit, values that are not finite, or events outside 0 to trials.
        ArithmeticError: no start: separated rows of which not even Firth's likelihood has a maximum to be found.
    """
    x, k, n = (np.asarray(values, dtype=float) for values in (design, events, trials))
    count_cells(x, k, n, clusters, names)
    rows = weighted_rows(x, k, n, clusters, scenarios)
    seen = crossing(rows) if crossed else None
    cold: Engine = dense_engine(rows) if seen is None else crossed_engine(rows, seen)
    start, reason = _full_fit(cold, rows, names)
    centre = np.asarray(np.linalg.solve(cold.basis, start), dtype=float)
    engine = centred(cold, centre, rows, seen)
    return RefitPlan(
        names=tuple(names),
        rows=rows,
        engine=engine,
        coefficients=np.full(x.shape[1], np.nan) if reason else start,
        reason=reason,
        centre=centre,
        singles=(1 if _spread(rows, start) < SMALL_SPREAD else 2) + (not engine.tabled),
        run_level=np.ones(x.shape[1], bool) if seen is None else seen.run_level,
    )


def plan_of_outcome(model: OutcomeModel, summaries: RunSummaries, design: Design) -> RefitPlan:
    """The refits of an outcome's logit over the runs of known arms, clustered as its fit is.

    Args:
        model: from `fit_outcome` of these summaries and this design.
        summaries: of the outcome.
        design: whose pairs, if any, are the clusters.
    """
    known = [r for r, arm_id in enumerate(summaries.arm_ids) if arm_id in model.matrix.arm_ids]
    units = summaries.pairs if design.pair else summaries.run_ids
    return refit_plan(
        model.rows,
        summaries.events[known].ravel(),
        summaries.trials[known].ravel(),
        np.repeat([units[r] for r in known], len(summaries.outcome.evals)).tolist(),
        names=model.fit.names,
    )


def _full_fit(engine: Engine, rows: WeightedRows, names: Sequence[str]) -> tuple[Floats, str]:
    """Coefficients (p,) to start refits from, and why they are not the full data's estimate (empty where they are)."""
    full = damped(engine, engine.block(np.ones((rows.units, 1))), np.zeros((len(names), 1)), MOST_STEPS)
    if full.found[0]:
        return engine.basis @ full.theta[:, 0], ""
    separation = separated(rows.design, rows.events, rows.trials)
    start = fit_firth(rows.design, rows.events, rows.trials, names=names).coefficients
    words = separation_words(separation, names)
    return start, words or f"the logit of the full data did not converge in {MOST_STEPS} steps"


def _spread(rows: WeightedRows, coefficients: Floats) -> float:
    """The largest standard deviation over clusters (sandwich, uncorrected) of a row's log odds."""
    rate = 1.0 / (1.0 + np.exp(-(rows.design @ coefficients)))
    weight = np.sqrt(rows.trials * rate * (1.0 - rate))
    _, triangle = np.linalg.qr(rows.design * weight[:, None])
    along = np.asarray(np.linalg.solve(triangle.T, rows.design.T), dtype=float)
    scores = by_unit(along * (rows.events - rows.trials * rate), rows)
    return float(np.sqrt(((scores @ scores.T @ along) * along).sum(axis=0).max()))
