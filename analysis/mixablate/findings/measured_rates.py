"""What stands beside the rates: how often models acted, said that they may be in a test, or failed."""

from __future__ import annotations

import math

import pandas as pd

from mixablate.design import Design
from mixablate.tables import OutcomeKind, Tables

__all__ = ["MEASURED_COLUMNS", "measured_rates", "nothing_measured"]

MEASURED_COLUMNS = (
    "arm_id", "arm", "outcome", "outcome_label", "n_runs", "rate", "n_trials", "n_missing", "n_errored",
    "acting_rate", "rate_given_acted", "aware_rate", "rate_aware", "rate_unaware", "contaminated",
)  # fmt: skip
OPTIONAL = ("n_acted", "n_errored", "n_aware", "n_aware_events")


def nothing_measured() -> pd.DataFrame:
    """The frame without a row."""
    return pd.DataFrame(columns=list(MEASURED_COLUMNS))


def measured_rates(tables: Tables, design: Design) -> pd.DataFrame:
    """One row per arm and eval of events, in the order of the design and the evals: means over runs, NaN where unknown.

    `acting_rate` is the share of attempted rollouts in which the model acted and `rate_given_acted` that of events
    among them; `aware_rate` the share of scored rollouts in which it said that it may be in a test, `rate_aware` and
    `rate_unaware` those of events in either. The last two are strata, not an effect of awareness: what makes a model
    speak of a test may also change what it does.
    """
    evals = tables.evals[tables.evals["kind"] == OutcomeKind.EVENTS]
    rows = []
    for one in evals.itertuples():
        mine = tables.headline[tables.headline["eval_id"] == one.eval_id].set_index("run_id")
        for arm in design.arms:
            runs = mine.reindex([run_id for run_id in arm.run_ids if run_id in mine.index])
            if len(runs):
                named = (arm.arm_id, arm.label, one.eval_id, one.label, len(runs))
                rows.append((*named, *_of_arm(runs), bool(one.contaminated)))
    return pd.DataFrame(rows, columns=list(MEASURED_COLUMNS)) if rows else nothing_measured()


def _of_arm(runs: pd.DataFrame) -> tuple[float, ...]:
    runs = runs.assign(**{name: math.nan for name in OPTIONAL if name not in runs.columns}).astype(
        dict.fromkeys(("n_trials", "n_events", "n_missing", "n_scored", *OPTIONAL), float)
    )
    scored, events = runs["n_scored"], runs["n_events"]
    acted_scored = runs["n_acted"].where(runs["n_acted"] < scored, scored.where(runs["n_acted"].notna()))
    return (
        _mean(events / scored),
        float(runs["n_trials"].sum()),
        float(runs["n_missing"].sum()),
        float(runs["n_errored"].sum(min_count=1)),
        _mean(runs["n_acted"] / runs["n_trials"]),
        _mean(events.where(events < acted_scored, acted_scored) / acted_scored.where(acted_scored > 0.0)),
        _mean(runs["n_aware"] / scored),
        _mean(runs["n_aware_events"] / runs["n_aware"].where(runs["n_aware"] > 0.0)),
        _mean((events - runs["n_aware_events"]) / (scored - runs["n_aware"]).where(scored > runs["n_aware"])),
    )


def _mean(values: pd.Series) -> float:
    """Over the runs that have one."""
    known = values[values.notna()]
    return float(known.mean()) if len(known) else math.nan
