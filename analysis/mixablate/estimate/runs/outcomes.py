"""The outcomes of a study: every eval, and the mean of each domain that holds several."""

from __future__ import annotations

from mixablate.estimate.runs.summaries import Outcome, outcome_of
from mixablate.tables import Tables

__all__ = ["outcomes_of"]


def outcomes_of(tables: Tables) -> tuple[Outcome, ...]:
    """Every eval with outcomes, in the evals table's order, then the mean of each domain that holds several.

    Evals of a domain that differ in kind or direction have no common mean and get none; one of weight 0 is in no mean.
    """
    present = tables.evals[tables.evals["eval_id"].isin(tables.headline["eval_id"])]
    found = [outcome_of(tables, [str(eval_id)]) for eval_id in present["eval_id"]]
    for domain, rows in present[present["weight"] > 0.0].groupby("domain", sort=True):
        if len(rows) > 1 and len(rows[["kind", "direction"]].drop_duplicates()) == 1:
            label = f"Mean of {len(rows)} {str(domain).replace('_', '-')} evals"
            found.append(outcome_of(tables, [str(e) for e in rows["eval_id"]], name=str(domain), label=label))
    return tuple(found)
