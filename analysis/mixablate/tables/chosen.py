"""The same tables with another judge or metric at the headline."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Literal

import pandas as pd

from mixablate.errors import Problem, Severity
from mixablate.study import Study
from mixablate.tables.frames import Tables
from mixablate.tables.headline import read_headline

__all__ = ["headline_under", "other_choices", "with_choice"]

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
    headline, problems = headline_under(study, rows, key, value)
    if headline.empty or any(problem.severity is Severity.ERROR for problem in problems):
        return None
    return replace(tables, headline=headline)


def headline_under(
    study: Study, rows: pd.DataFrame, key: Literal["judge", "metric", "step"], value: str | None
) -> tuple[pd.DataFrame, list[Problem]]:
    """The headline rows of these outcomes, and what is wrong with them, had the study declared this of its analysis."""
    analysis = study.analysis.model_copy(update={key: value})
    return read_headline(study.model_copy(update={"analysis": analysis}), rows, "the outcomes")
