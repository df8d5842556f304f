"""Rates by arm and by run: what was seen, before any comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import expit, logit, stdtrit

from mixablate.design import Arm, Design
from mixablate.estimate import FEWEST_RUNS, RunSummaries, clopper_pearson, clustered_upper_bound
from mixablate.tables import OutcomeKind

__all__ = ["RATE_COLUMNS", "RUN_COLUMNS", "arm_rates", "run_rates"]

RATE_COLUMNS = (
    "arm_id", "arm", "outcome", "outcome_label", "kind", "domain", "direction", "n_runs",
    "estimate", "lower", "upper", "interval", "n_trials", "n_events", "n_missing",
)  # fmt: skip
RUN_COLUMNS = (
    "run_id", "arm_id", "arm", "outcome", "rate", "n_trials", "n_events", "n_missing", "lower", "upper",
)  # fmt: skip


def arm_rates(summaries: Sequence[RunSummaries], design: Design, *, level: float) -> pd.DataFrame:
    """One row per arm and outcome, in arm order; unknown mixes included.

    The interval of a mean run rate is a t interval on its logit (delta method) over 3 or more runs; of a single run's
    rate, the exact one within that run (one eval only). An arm at 0 or 1 gets the one-sided bound clustered over runs.
    Scores get a plain t interval.
    """
    rows = []
    for summary in summaries:
        ids = np.array(summary.arm_ids)
        for arm in design.arms:
            mine = ids == arm.arm_id
            if mine.any():
                rows.append(_arm_row(summary, arm, mine, level))
    return pd.DataFrame(rows, columns=list(RATE_COLUMNS))


def run_rates(summaries: Sequence[RunSummaries], design: Design, *, level: float) -> pd.DataFrame:
    """One row per run and outcome, with the exact (Clopper-Pearson) interval within the run where it is one eval."""
    labels = {arm.arm_id: arm.label for arm in design.arms}
    rows = []
    for summary in summaries:
        for position, (run_id, arm_id) in enumerate(zip(summary.run_ids, summary.arm_ids, strict=True)):
            events, trials, missing = (getattr(summary, n)[position].sum() for n in ("events", "trials", "missing"))
            lower, upper = _within(summary, events, trials, level)
            named = (run_id, arm_id, labels[arm_id], summary.outcome.name)
            counts = (trials + missing, events, missing)
            rows.append((*named, float(summary.level[position]), *counts, lower, upper))
    return pd.DataFrame(rows, columns=list(RUN_COLUMNS))


def _within(summary: RunSummaries, events: float, trials: float, level: float) -> tuple[float, float]:
    single = summary.outcome.kind is OutcomeKind.EVENTS and len(summary.outcome.evals) == 1
    return clopper_pearson(events, trials, level) if single else (math.nan, math.nan)


def _arm_row(summary: RunSummaries, arm: Arm, mine: np.ndarray, level: float) -> tuple[object, ...]:
    values = summary.level[mine]
    events, trials, missing = (float(getattr(summary, n)[mine].sum()) for n in ("events", "trials", "missing"))
    mean, runs = float(values.mean()), len(values)
    lower, upper, basis = math.nan, math.nan, "none"
    if runs >= FEWEST_RUNS:
        basis = "over runs"
        if summary.outcome.kind is OutcomeKind.EVENTS and not 0.0 < mean < 1.0:
            lower, upper = _at_the_end(summary, mine, level)
        else:
            lower, upper = _over_runs(values, level, rates=summary.outcome.kind is OutcomeKind.EVENTS)
    elif runs == 1:
        lower, upper = _within(summary, events, trials, level)
        basis = "within this run" if not math.isnan(lower) else "none"
    outcome = summary.outcome
    direction = "lower" if outcome.lower_is_better else "higher"
    named = (arm.arm_id, arm.label, outcome.name, outcome.label, str(outcome.kind), outcome.domain, direction)
    return (*named, runs, mean, lower, upper, basis, trials + missing, events, missing)


def _at_the_end(summary: RunSummaries, mine: np.ndarray, level: float) -> tuple[float, float]:
    """Limits of an arm without an event (or without a non-event): the one-sided bound, clustered over runs."""
    events, trials = summary.events[mine].sum(axis=1), summary.trials[mine].sum(axis=1)
    if events.sum() == 0.0:
        return 0.0, clustered_upper_bound(events, trials, level)
    return 1.0 - clustered_upper_bound(trials - events, trials, level), 1.0


def _over_runs(values: np.ndarray, level: float, *, rates: bool) -> tuple[float, float]:
    mean, error = float(values.mean()), float(values.std(ddof=1)) / math.sqrt(values.size)
    reach = float(stdtrit(values.size - 1, 0.5 + level / 2))
    if not rates:
        return mean - reach * error, mean + reach * error
    centre, spread = float(logit(mean)), reach * error / (mean * (1.0 - mean))
    return float(expit(centre - spread)), float(expit(centre + spread))
