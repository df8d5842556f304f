"""The same tables with another judge or metric at the headline."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Literal

from mixablate.errors import Severity
from mixablate.study import Study
from mixablate.tables.frames import Tables
from mixablate.tables.headline import read_headline

__all__ = ["other_choices", "with_choice"]

Key = Literal["judge", "metric"]


def other_choices(tables: Tables, key: Key, evals: Collection[str]) -> tuple[str, ...]:
    """The judges (metrics) of these evals' outcomes that do not headline, in alphabetical order."""
    rows = tables.outcomes[tables.outcomes["eval_id"].isin(list(evals))]
    shown = tables.headline[tables.headline["eval_id"].isin(list(evals))]
    headline = {part for value in shown[key] for part in str(value).split(" + ")} if key in shown.columns else set()
    return tuple(sorted({str(value) for value in rows[key] if value} - headline)) if key in rows.columns else ()


def with_choice(study: Study, tables: Tables, key: Key, value: str) -> Tables | None:
    """The tables whose headline holds the rows of this judge (metric) alone; None where they make none.

    Runs and evals that it did not score leave the headline.
    """
    rows = tables.outcomes[tables.outcomes[key] == value].reset_index(drop=True)
    if rows.empty:
        return None
    asked = study.model_copy(update={"analysis": study.analysis.model_copy(update={key: value})})
    headline, problems = read_headline(asked, rows, "the outcomes")
    if headline.empty or any(problem.severity is Severity.ERROR for problem in problems):
        return None
    return replace(tables, headline=headline)
