"""Verdicts with runs of one arm and one seed counted once: they may be one training under two names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mixablate.claims.verdict import Flag, Verdict
from mixablate.study import Study
from mixablate.tables import Tables, runs_of_one_seed, without_runs

__all__ = ["counted_once", "with_seeds_once"]

LISTED = 3


def counted_once(study: Study, tables: Tables) -> Tables | None:
    """The tables with one run of each arm and seed; None where none is repeated, or the study calls them independent.

    The run that stays is the first by its id.
    """
    if study.analysis.same_seed == "independent" or not study.claims:
        return None
    repeated = [run_id for group in runs_of_one_seed(study, tables.runs) for run_id in group[1:]]
    return without_runs(tables, repeated) if repeated else None


def with_seeds_once(
    verdicts: Sequence[Verdict], once: Sequence[Verdict], study: Study, tables: Tables
) -> tuple[Verdict, ...]:
    """Each verdict, or where it differs, that with runs of one arm and seed counted once, which says what it replaces.

    Args:
        verdicts: all runs counted.
        once: the same claims with such runs counted once; empty where there are none.
        study: whose runs these are.
        tables: with all runs.
    """
    if not once:
        return tuple(verdicts)
    words = _repeated_words(study, tables)
    return tuple(_of_both(found, other, words) for found, other in zip(verdicts, once, strict=True))


def _of_both(found: Verdict, once: Verdict, words: str) -> Verdict:
    if once.status is found.status:
        return replace(found, flags=tuple(dict.fromkeys([*found.flags, *once.flags])))
    said = f"{words}. Counted as trainings of their own, the claim would be {found.status}"
    settle = 'trainings with seeds of their own (or, if these are, same_seed = "independent" under [analysis])'
    return replace(
        once,
        reason=f"{once.reason}. {said}",
        would_settle=f"{once.would_settle}; {settle}" if once.would_settle else settle,
        flags=tuple(dict.fromkeys([*once.flags, Flag.REUSED_SEED])),
    )


def _repeated_words(study: Study, tables: Tables) -> str:
    groups = runs_of_one_seed(study, tables.runs)
    named = "; ".join(" and ".join(f'"{run_id}"' for run_id in group[:LISTED]) for group in groups[:LISTED])
    more = f" and {len(groups) - LISTED} more seeds" if len(groups) > LISTED else ""
    return f"Runs of one arm with one seed are counted once: {named}{more}"
