"""Rows of one run and eval pooled into one: counts added, scores averaged by their n."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter

import pandas as pd

__all__ = ["HeadlineRow", "OutcomeRow", "pooled"]

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """One row of `Tables.outcomes`."""

    run_id: str
    eval_id: str
    step: float
    metric: str
    judge: str
    task_version: str
    n_trials: float
    n_events: float
    n_missing: float
    n_acted: float
    value: float
    n: float
    sd: float
    n_errored: float = NAN
    n_aware: float = NAN
    n_aware_events: float = NAN


@dataclass(frozen=True, slots=True)
class HeadlineRow:
    """One row of `Tables.headline`."""

    run_id: str
    eval_id: str
    step: float
    metric: str
    judge: str
    task_version: str
    n_trials: float
    n_events: float
    n_missing: float
    n_scored: float
    n_acted: float
    n_errored: float
    n_aware: float
    n_aware_events: float
    value: float
    n: float
    sd: float
    replicates: int

    @staticmethod
    def frame(rows: Iterable[HeadlineRow]) -> pd.DataFrame:
        """The rows as a frame: text as objects, numbers as floats, `replicates` as int."""
        rows = list(rows)
        kinds = {"str": object, "float": float, "int": int}
        columns = {}
        for field in fields(HeadlineRow):
            values = list(map(attrgetter(field.name), rows))
            columns[field.name] = pd.Series(values, dtype=kinds[str(field.type)])
        return pd.DataFrame(columns)


def pooled(rows: Sequence[OutcomeRow]) -> HeadlineRow:
    """One headline row from all rows of a run and eval.

    Counts are added (exact: whole numbers below 2^53). A count that one row lacks is lacking in the sum. Scores are
    averaged with their `n` as weights, or equally where an `n` is lacking; `sd` is that of the pooled observations,
    which adds the spread between the rows' means: the root of (Σ (nᵢ - 1) sᵢ² + Σ nᵢ (mᵢ - m)²) / (N - 1).
    """
    first = rows[0]
    if len(rows) == 1:
        value, n, sd = first.value, first.n, first.sd
    else:
        value, n, sd = _pooled_score(rows)
    trials, missing = _total(row.n_trials for row in rows), _total(row.n_missing for row in rows)
    return HeadlineRow(
        run_id=first.run_id,
        eval_id=first.eval_id,
        step=first.step,
        metric=_named(row.metric for row in rows),
        judge=_named(row.judge for row in rows),
        task_version=_named(row.task_version for row in rows),
        n_trials=trials,
        n_events=_total(row.n_events for row in rows),
        n_missing=missing,
        n_scored=trials - missing,
        n_acted=_total(row.n_acted for row in rows),
        n_errored=_total(row.n_errored for row in rows),
        n_aware=_total(row.n_aware for row in rows),
        n_aware_events=_total(row.n_aware_events for row in rows),
        value=value,
        n=n,
        sd=sd,
        replicates=len(rows),
    )


def _total(counts: Iterable[float]) -> float:
    return math.fsum(counts)


def _named(values: Iterable[str]) -> str:
    """The one name, or all of them where rows of several were pooled."""
    return " + ".join(sorted(set(values) - {""}))


def _pooled_score(rows: Sequence[OutcomeRow]) -> tuple[float, float, float]:
    sizes = [row.n for row in rows]
    total = _total(sizes)
    if math.isnan(total):
        return math.fsum(row.value for row in rows) / len(rows), NAN, NAN
    mean = math.fsum(row.n * row.value for row in rows) / total
    if any(math.isnan(row.sd) and row.n > 1 for row in rows) or total <= 1:
        return mean, total, NAN
    within = math.fsum((row.n - 1) * row.sd**2 for row in rows if row.n > 1)
    between = math.fsum(row.n * (row.value - mean) ** 2 for row in rows)
    return mean, total, math.sqrt((within + between) / (total - 1))
