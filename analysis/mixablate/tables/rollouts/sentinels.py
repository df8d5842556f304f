"""Sentinels among the values of rollouts: refused where nobody declared them, read as missing where the study does."""

from __future__ import annotations

from collections.abc import Collection

from mixablate.errors import Problem, Severity
from mixablate.tables.names import as_nfc, shown
from mixablate.tables.rollouts.source import Engine, RolloutSource
from mixablate.tables.sentinels import USUAL_SENTINELS, undeclared_sentinel

__all__ = ["sentinel_problems"]


def sentinel_problems(
    engine: Engine, source: RolloutSource, evals: Collection[str], declared: str, *, known: bool
) -> list[Problem]:
    """A usual sentinel among scores that are otherwise 0 or more (refused); declared ones that were read as missing.

    Args:
        engine: reads the rows.
        source: where they are.
        evals: those with a value other than 0 and 1; the others hold no sentinel.
        declared: how messages name the rollouts.
        known: whether the study says which values are sentinels.
    """
    if known:
        return _sentinels_read(engine, source, declared) if source.sentinels else []
    if not evals:
        return []
    found = engine.rows(
        f"{source.rows()}SELECT coalesce(eval_id, '') AS eval_id, min(number) AS low, "
        "max(CASE WHEN number < 0 THEN number END) AS high, count(*) FILTER (WHERE number < 0) AS often "
        "FROM rollouts GROUP BY coalesce(eval_id, '') ORDER BY 1"
    )
    return [
        undeclared_sentinel(f"{declared}, eval {shown(as_nfc(str(eval_id)))}", float(str(low)), int(str(often)))
        for eval_id, low, high, often in found
        if low == high and low is not None and float(str(low)) in USUAL_SENTINELS
    ]


def _sentinels_read(engine: Engine, source: RolloutSource, declared: str) -> list[Problem]:
    values = ", ".join(f"{value:.17e}" for value in source.sentinels)
    found = engine.rows(
        f"{source.rows()}SELECT coalesce(eval_id, '') AS eval_id, count(*) AS often FROM given "
        f"WHERE ({source.number}) IN ({values}) GROUP BY coalesce(eval_id, '') ORDER BY 1"
    )
    said = " or ".join(f"{value:g}" for value in source.sentinels)
    return [
        Problem(
            "SENTINEL_READ",
            f"{declared}, eval {shown(as_nfc(str(eval_id)))}",
            f"{often} values of {said}",
            "a blank value for a rollout without a score",
            "Read as missing, as the study declares.",
            Severity.WARNING,
        )
        for eval_id, often in found
    ]
