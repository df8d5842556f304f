"""What stands beside the rates: how often models acted, said that they may be in a test, or failed."""

from __future__ import annotations

import pandas as pd

from mixablate.design import Design
from mixablate.tables import OutcomeKind, Tables

__all__ = ["MEASURED_COLUMNS", "measured_rates", "nothing_measured"]

MEASURED_COLUMNS = (
    "arm_id", "arm", "outcome", "outcome_label", "n_runs", "rate", "n_trials", "n_missing", "n_errored",
    "acting_rate", "rate_given_acted", "aware_rate", "rate_aware", "rate_unaware", "contaminated",
)  # fmt: skip
SUMS = ("n_trials", "n_missing", "n_errored")
MEANS = ("rate", "acting_rate", "rate_given_acted", "aware_rate", "rate_aware", "rate_unaware")
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
    evals = tables.evals[tables.evals["kind"] == OutcomeKind.EVENTS].set_index("eval_id")
    arm_of = design.arm_of_runs()
    rows = tables.headline[tables.headline["eval_id"].isin(evals.index) & tables.headline["run_id"].isin(arm_of)]
    if rows.empty:
        return nothing_measured()
    by_run = _of_runs(rows).assign(arm_id=rows["run_id"].map(arm_of), outcome=rows["eval_id"])
    groups = by_run.groupby(["outcome", "arm_id"], sort=False)
    sums = groups[list(SUMS)].sum(min_count=1)
    found = groups[[*MEANS]].mean().join(sums).join(groups.size().rename("n_runs")).reset_index()
    found["outcome_label"] = found["outcome"].map(evals["label"])
    found["contaminated"] = found["outcome"].map(evals["contaminated"]).astype(bool)
    found["arm"] = found["arm_id"].map({arm.arm_id: arm.label for arm in design.arms})
    places = {arm.arm_id: place for place, arm in enumerate(design.arms)}
    order = pd.DataFrame(
        {
            "eval": found["outcome"].map({name: place for place, name in enumerate(evals.index)}),
            "arm": found["arm_id"].map(places),
        }
    )
    return found.loc[order.sort_values(["eval", "arm"]).index, list(MEASURED_COLUMNS)].reset_index(drop=True)


def _of_runs(rows: pd.DataFrame) -> pd.DataFrame:
    """The same of every run and eval; NaN where a run does not have it."""
    counts = rows.reindex(columns=["n_trials", "n_events", "n_missing", "n_scored", *OPTIONAL]).astype(float)
    scored, events, acted, aware = (counts[name] for name in ("n_scored", "n_events", "n_acted", "n_aware"))
    acted_scored = acted.where(acted < scored, scored.where(acted.notna()))
    return counts[list(SUMS)].assign(
        rate=events / scored.where(scored > 0.0),
        acting_rate=acted / counts["n_trials"].where(counts["n_trials"] > 0.0),
        rate_given_acted=events.where(events < acted_scored, acted_scored) / acted_scored.where(acted_scored > 0.0),
        aware_rate=aware / scored.where(scored > 0.0),
        rate_aware=counts["n_aware_events"] / aware.where(aware > 0.0),
        rate_unaware=(events - counts["n_aware_events"]) / (scored - aware).where(scored > aware),
    )
