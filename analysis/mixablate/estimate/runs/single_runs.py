"""What single runs do say: the difference between these models, and the run-to-run SD that would undo it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from mixablate.design import Contrast
from mixablate.estimate.counts.one_proportion import wilson
from mixablate.estimate.runs.cells import cell_arrays
from mixablate.estimate.runs.summaries import RunSummaries
from mixablate.tables import OutcomeKind

__all__ = ["WithinRuns", "tipping_run_sd", "within_runs"]


@dataclass(frozen=True, slots=True)
class WithinRuns:
    """A rate difference between these very models, without any claim about other runs of their mixes.

    Attributes:
        lower, upper: interval of the difference from rollout noise alone.
        tipping_sd: the run-to-run SD on the logit at which the difference would no longer exclude zero; None where
            rollout noise alone already hides it, and for paired runs (their SD is that of pairs).
    """

    lower: float
    upper: float
    tipping_sd: float | None


def within_runs(summaries: RunSummaries, contrast: Contrast, level: float) -> WithinRuns | None:
    """The within-run interval (MOVER from Wilson limits, Newcombe 1998 method 10) and the tipping run SD.

    Rollouts are taken as independent given the run. The tipping SD s solves
    |d| = z sqrt(v + s^2 sum c^2/n) for the log-odds difference d with rollout variance v (delta method). None for
    scores and where a side has no run.
    """
    if summaries.outcome.kind is not OutcomeKind.EVENTS:
        return None
    cells = cell_arrays(summaries, contrast)
    if not cells.counts.size or (cells.counts == 0).any():
        return None
    lower, upper = _mover(summaries, contrast, level)
    weights = np.array([w for _, w in summaries.outcome.evals])
    events, trials = summaries.events[cells.rows], summaries.trials[cells.rows]
    rollout = (1.0 / (events + 0.5) + 1.0 / (trials - events + 0.5)) @ weights**2
    per_run = (cells.coefficients / cells.counts)[cells.cell]
    difference = float(per_run @ summaries.log_odds[cells.rows])
    if any(summaries.pairs):
        return WithinRuns(lower, upper, None)
    tipping = tipping_run_sd(difference, float(per_run**2 @ rollout), float(per_run @ per_run), level)
    return WithinRuns(lower, upper, tipping)


def tipping_run_sd(difference: float, rollout_variance: float, squares: float, level: float) -> float | None:
    """The run-to-run SD s at which |difference| = z sqrt(v + s^2 sum c^2), None where v alone already hides it.

    Args:
        difference: a sum of runs' log-odds with coefficients c.
        rollout_variance: v, its variance from rollouts alone; 0 for an unlimited number of them.
        squares: sum c^2; 2 for one run against one.
        level: of the two-sided interval, between 0 and 1.
    """
    spare = (difference / float(ndtri(0.5 + level / 2))) ** 2 - rollout_variance
    return math.sqrt(spare / squares) if spare > 0.0 else None


def _mover(summaries: RunSummaries, contrast: Contrast, level: float) -> tuple[float, float]:
    cells = cell_arrays(summaries, contrast)
    per_run = (cells.coefficients / cells.counts)[cells.cell]
    estimate, down, up = 0.0, 0.0, 0.0
    for row, coefficient in zip(cells.rows, per_run, strict=True):
        for column, (_, weight) in enumerate(summaries.outcome.evals):
            events, trials = summaries.events[row, column], summaries.trials[row, column]
            rate = events / trials
            low, high = wilson(events, trials, level)
            share = coefficient * weight
            estimate += share * rate
            below, above = (rate - low, high - rate) if share > 0 else (high - rate, rate - low)
            down += (share * below) ** 2
            up += (share * above) ** 2
    return estimate - math.sqrt(down), estimate + math.sqrt(up)
