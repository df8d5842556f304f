"""What a zero rests on: evals that models may have trained on, and rollouts in which they spoke of a test."""

from __future__ import annotations

import numpy as np

from mixablate.claims.case import Case
from mixablate.estimate import cell_arrays, clustered_upper_bound
from mixablate.tables import OutcomeKind, Tables

__all__ = ["zero_words"]

COUNTS = ["n_scored", "n_aware", "n_aware_events"]


def zero_words(case: Case, tables: Tables, level: float) -> str:
    """What to know beside a treated side without an event; empty where there is nothing, or an event.

    Where the rollouts say in which the models spoke of a test, the one-sided bound of the others stands alone: what
    models do when they take a test for one says little about what they do otherwise.
    """
    if case.parts or case.summaries.outcome.kind is not OutcomeKind.EVENTS:
        return ""
    cells = cell_arrays(case.summaries, case.contrast)
    treated = cells.rows[cells.coefficients[cells.cell] > 0.0]
    if not treated.size or case.summaries.events[treated].any():
        return ""
    evals = [eval_id for eval_id, _ in case.summaries.outcome.evals]
    run_ids = [case.summaries.run_ids[row] for row in treated]
    said = [_contaminated(evals, tables), _aware(evals, run_ids, tables, level)]
    return ". ".join(words for words in said if words)


def _contaminated(evals: list[str], tables: Tables) -> str:
    rows = tables.evals[tables.evals["eval_id"].isin(evals) & tables.evals["contaminated"].astype(bool)]
    named = ", ".join(f'"{eval_id}"' for eval_id in rows["eval_id"])
    return f"The zero is on {named}, which models may have trained on: it says less" if named else ""


def _aware(evals: list[str], run_ids: list[str], tables: Tables, level: float) -> str:
    headline = tables.headline
    if not set(COUNTS) <= set(headline.columns):
        return ""
    rows = headline[headline["eval_id"].isin(evals) & headline["run_id"].isin(run_ids)]
    counts = rows.groupby("run_id")[COUNTS].sum(min_count=len(evals)).to_numpy(float)
    if not len(counts) or np.isnan(counts[:, 1]).any() or not counts[:, 1].any():
        return ""
    scored, aware = counts[:, 0], counts[:, 1]
    words = (
        f"In {aware.sum() / scored.sum():.1%} of the rollouts behind the zero the model said that it may be in a test"
    )
    others = scored - aware
    if len(counts) < 2 or not others.any():
        return words
    bound = clustered_upper_bound(np.zeros(len(counts)), others, level)
    return f"{words}; of the other {others.sum():.0f} alone the one-sided {level:.0%} bound is {bound:.2%}"
