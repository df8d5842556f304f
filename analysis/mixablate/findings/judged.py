"""The verdicts of a study file, and nothing else of its findings."""

from __future__ import annotations

from pathlib import Path

from mixablate.claims import LockComparison, Verdict, compared_with_lock, judge, with_deviations
from mixablate.design import design_of
from mixablate.study import load_study
from mixablate.tables import read_tables

__all__ = ["judged"]


def judged(path: Path | str) -> tuple[tuple[Verdict, ...], LockComparison | None]:
    """The verdicts of a study, the same as in its findings, and what it was held against.

    Raises:
        MixablateError: the study or its tables cannot be used.
    """
    study = load_study(path)
    tables = read_tables(study)
    design = design_of(study, tables)
    lock = compared_with_lock(study, tables, design)
    return with_deviations(judge(study, tables, design), lock), lock
