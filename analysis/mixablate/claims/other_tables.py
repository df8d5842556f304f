"""The tables as another judge, or another step, would have them: made once for all claims of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mixablate.claims.reduced_cases import tables_of_judge
from mixablate.study import Study
from mixablate.tables import Tables, headline_under

__all__ = ["OtherTables", "other_tables"]


@dataclass(frozen=True, slots=True)
class OtherTables:
    """What the same runs' outcomes say otherwise.

    Attributes:
        without: what stands without a judge, by words that name it: the other judges' scores pooled where the study
            pools them, each other judge's where it chose one.
        alone: each other judge's scores alone, by judge.
        last_step: the last step's, where an earlier one headlines; else None.
        complete: the runs that have every eval of the study.
    """

    without: Mapping[str, Tables]
    alone: Mapping[str, Tables]
    last_step: Tables | None
    complete: frozenset[str]


def other_tables(study: Study, tables: Tables) -> OtherTables:
    """The tables of the other judges and of the last step; nothing where outcomes have one of each."""
    headline = tables.headline
    counts = headline.groupby("run_id")["eval_id"].nunique()
    complete = frozenset(str(run_id) for run_id in counts.index[counts == headline["eval_id"].nunique()])
    judges = sorted({str(name) for name in tables.outcomes["judge"]} - {""})
    chosen, pooled = study.analysis.judge, "judge" in study.analysis.pool
    if len(judges) < 2 or not (chosen in judges or pooled):
        # No run was scored by two, so that leaving a judge out is leaving out its runs.
        return OtherTables({}, {}, _last_step(study, tables), complete)
    alone = {name: tables_of_judge(study, tables, {name}) for name in judges if name != chosen}
    if chosen in judges:
        without = {f"{chosen}, {name} in its place": others for name, others in alone.items()}
    elif len(judges) == 2:
        without = {judges[0]: alone[judges[1]], judges[1]: alone[judges[0]]}
    else:
        without = {name: tables_of_judge(study, tables, set(judges) - {name}) for name in judges}
    return OtherTables(without, alone, _last_step(study, tables), complete)


def _last_step(study: Study, tables: Tables) -> Tables | None:
    step, steps = study.analysis.step, tables.outcomes["step"]
    if step is None or step == "last" or not (steps > float(step)).any():
        return None
    headline, _ = headline_under(study, tables.outcomes, "step", "last")
    return replace(tables, headline=headline)
