"""How often models acted at all, and how often harm came when they did: a model that stopped acting is not safe."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.design import Contrast
from mixablate.estimate.runs.summaries import RunSummaries, keep_runs, recounted
from mixablate.tables import OutcomeKind, Tables

__all__ = ["acted_only", "acting_rates", "side_mean"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Counts:
    """(R, E) rollouts attempted and acted in, NaN where the tables do not say."""

    trials: Floats
    acted: Floats


def acting_rates(tables: Tables, summaries: RunSummaries, evals: Mapping[str, float]) -> Floats:
    """(R,) each run's share of attempted rollouts in which the model acted, weighted over evals; NaN where unknown.

    Missing rollouts count as not acted in, unless `n_acted` counts them.

    Args:
        tables: whose headline holds `n_acted`.
        summaries: of the runs.
        evals: eval id -> weight; the weights sum to 1.
    """
    counts = _counts(tables, summaries.run_ids, tuple(evals))
    return np.asarray((counts.acted / counts.trials) @ np.array(list(evals.values())), dtype=float)


def acted_only(tables: Tables, summaries: RunSummaries) -> RunSummaries | None:
    """The summaries of the rollouts in which the model acted; None for scores, and where some run does not say.

    Events are taken to be among them. A run that never acted leaves. Wrong as a causal comparison: what keeps a model
    from acting may also have kept it from harm.
    """
    if summaries.outcome.kind is not OutcomeKind.EVENTS or not len(summaries.run_ids):
        return None
    acted = _counts(tables, summaries.run_ids, tuple(name for name, _ in summaries.outcome.evals)).acted
    if np.isnan(acted).any():
        return None
    some = np.array((acted > 0.0).all(axis=1), dtype=bool)
    kept = keep_runs(summaries, some.tolist())
    # acted in but not scored: which of them is not known, so that no more than the scored ones are counted
    trials = np.minimum(acted[some], kept.trials)
    events = np.minimum(kept.events, trials)
    return recounted(kept, events, trials, kept.missing)


def side_mean(values: Floats, summaries: RunSummaries, contrast: Contrast, sign: float) -> float:
    """The mean of run values on one side, arms weighted as in the contrast; NaN where an arm has no known value."""
    total, weight = 0.0, 0.0
    for arm_id, coefficient in contrast.coefficients:
        if sign * coefficient > 0.0:
            mine = values[[own == arm_id for own in summaries.arm_ids]]
            known = mine[~np.isnan(mine)]
            total += abs(coefficient) * (float(known.mean()) if known.size else math.nan)
            weight += abs(coefficient)
    return total / weight if weight > 0.0 else math.nan


def _counts(tables: Tables, run_ids: tuple[str, ...], evals: tuple[str, ...]) -> _Counts:
    headline = tables.headline
    place = {run_id: row for row, run_id in enumerate(run_ids)}
    column = {eval_id: index for index, eval_id in enumerate(evals)}
    trials, acted = (np.full((len(run_ids), len(evals)), math.nan) for _ in range(2))
    if "n_acted" not in headline.columns:
        return _Counts(trials, acted)
    rows = headline[headline["eval_id"].isin(evals) & headline["run_id"].isin(run_ids)]
    for run_id, eval_id, tried, did in zip(
        rows["run_id"], rows["eval_id"], rows["n_trials"], rows["n_acted"], strict=True
    ):
        trials[place[run_id], column[eval_id]] = tried
        acted[place[run_id], column[eval_id]] = did
    return _Counts(trials, acted)
