"""The validated tables of a study, as one frozen bundle."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import pandas as pd

from mixablate.errors import Problem
from mixablate.tables.items import no_items
from mixablate.tables.label_columns import no_labels

__all__ = ["EvalDomain", "OutcomeKind", "SourceFile", "Tables"]


class EvalDomain(StrEnum):
    """Where an eval stands relative to the training data."""

    IN_DISTRIBUTION = "in_distribution"
    OUT_OF_DISTRIBUTION = "out_of_distribution"
    CAPABILITY = "capability"
    CONTROL = "control"


class OutcomeKind(StrEnum):
    """Whether an eval counts events among trials or averages a score."""

    EVENTS = "events"
    SCORE = "score"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """An input file as it was read: its path as declared, the sha256 of its bytes, its data rows (None of no table).

    Of rollouts in several files, `sha256` is that of what `sha256sum` prints for them, in the order of their names; of
    rollouts that an engine reads elsewhere it is "".
    """

    path: str
    sha256: str
    rows: int | None


@dataclass(frozen=True, slots=True)
class Tables:
    """Validated tables, canonically ordered (by run_id, then eval_id), so that input order moves no number.

    Attributes:
        runs: one row per trained model; of runs of one arm and seed one, unless the study calls them independent
            (`named`). `run_id`, `base_model`, `seed` (text or None), every declared component under
            its own id (float for flag, dose and fraction, text for category; NaN or None where the level was declared
            `unknown`), `mix.*` and `feature.*` (float), `tokens`, `examples`, `epochs` (float), `stage`,
            `parent_run_id` (text), and the undeclared columns as text.
        outcomes: every validated row: `run_id`, `eval_id`, `step` (float), `metric`, `judge`, `task_version`,
            `replicate` (text, "" where absent), `n_trials`, `n_events`, `n_missing`, `n_acted`, `n_errored`, `n_aware`,
            `n_aware_events`, `value`, `n`, `sd` (float, NaN where absent).
        evals: `eval_id`, `label`, `domain`, `direction` ("lower" or "higher" is better), `weight` (float),
            `contaminated` (bool), `task_version`, `kind` ("events" or "score"; "events" where nobody ran it).
        headline: one row per run and eval, at the study's step, metric and judge, replicates pooled: `run_id`,
            `eval_id`, `n_trials`, `n_events`, `n_missing`, `n_scored` (= n_trials - n_missing), `n_acted`,
            `n_errored`, `n_aware`, `n_aware_events`, `value`, `n`, `sd`, `replicates` (how many rows were pooled), and
            `step`, `metric`, `judge`, `task_version` of the rows (several names joined by " + " where the study pools
            them): runs that differ in judge or task version are let through with a warning, and whether that confounds
            a contrast is for the design to say.
        labels: what people and the judge said of rollouts: `eval_id`, `run_id`, `judge` (text, "" where not said),
            `human`, `judged` (0 or 1), `n` (rollouts labelled so); empty where none is declared.
        items: the headline's evals of events item by item: `run_id`, `eval_id`, `item_id` (text), `n_trials`,
            `n_events`, `n_missing`; empty for outcomes that come as counts, and for very many rollouts.
        notices: warnings and information found while reading, in a fixed order.
        sources: the files read.
        named: the tables with every run that was named, where of runs of one arm and seed one was kept here; else None.
    """

    runs: pd.DataFrame
    outcomes: pd.DataFrame
    evals: pd.DataFrame
    headline: pd.DataFrame
    notices: tuple[Problem, ...] = ()
    sources: tuple[SourceFile, ...] = ()
    labels: pd.DataFrame = field(default_factory=no_labels)
    items: pd.DataFrame = field(default_factory=no_items)
    named: Tables | None = None
