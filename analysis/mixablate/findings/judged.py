"""The verdicts of a study, and nothing else of its findings: what a check needs, in a fraction of the time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mixablate.claims import (
    LockComparison,
    Verdict,
    cases_of_claims,
    compared_with_lock,
    judge,
    judge_published,
    with_deviations,
)
from mixablate.claims.case import Case
from mixablate.claims.directions import claims_that_rise
from mixablate.design import Design, design_of, mixed_stages
from mixablate.errors import Problem
from mixablate.estimate import OutcomeModels
from mixablate.study import Study
from mixablate.tables import Tables

__all__ = ["Judged", "judged"]


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdicts, with what they are read beside.

    Attributes:
        study: the declaration.
        verdicts: of claims on the tables, then of those on published figures, in declaration order.
        lock: what they were held against; None without a lock.
        notices: warnings and information on the claims, from the design, and from reading the tables.
    """

    study: Study
    verdicts: tuple[Verdict, ...]
    lock: LockComparison | None
    notices: tuple[Problem, ...]


def judged(
    study: Study,
    tables: Tables,
    *,
    design: Design | None = None,
    models: OutcomeModels | None = None,
    cases: Mapping[str, tuple[Case, ...]] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Judged:
    """Every claim judged, the same as in the findings; of a study without runs only those on published figures.

    Args:
        study: the declaration.
        tables: its tables.
        design: `design_of` these, where it was made already.
        models: third lines fitted already.
        cases: what each claim, by id, asks of the tables (`cases_of`), where that was made already.
        progress: is told of each claim.

    Raises:
        ClaimError: claims that do not fit the tables.
    """
    if tables.runs.empty:
        return Judged(study, judge_published(study), None, tables.notices)
    made = design or design_of(study, tables)
    lock = compared_with_lock(study, tables, made)
    asked = cases_of_claims(study.claims, tables, made) if cases is None else cases
    own = judge(study, tables, made, models=models, cases=asked, progress=progress)
    verdicts = (*with_deviations(own, lock), *judge_published(study))
    notices = (*claims_that_rise(asked, made), *mixed_stages(study, made, tables), *tables.notices)
    return Judged(study, verdicts, lock, notices)
