"""What every column of the validated tables is, and the rules that hold within a row, as pandera schemas.

The schemas state the contract of `Tables`: the column types (`RUNS`, `OUTCOMES`, `EVALS`, `HEADLINE`), which the
reading guarantees and the tests check, and the rules within a row, which decide whether an input is accepted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pa

from mixablate.tables.frames import EvalDomain, OutcomeKind

__all__ = [
    "AMOUNTS",
    "COUNTS",
    "EVALS",
    "EVAL_RULES",
    "FEATURE",
    "HEADLINE",
    "MARKED",
    "OUTCOMES",
    "OUTCOME_KEYS",
    "OUTCOME_RULES",
    "OUTCOME_TEXT",
    "RATE_LIKE",
    "RUNS",
    "RUN_RULES",
    "RUN_TEXT",
    "SCORES",
    "RowRule",
    "rules_schema",
]

FEATURE = "feature."
RUN_TEXT = ("base_model", "seed", "stage", "parent_run_id")
AMOUNTS = ("tokens", "examples", "epochs")
OUTCOME_TEXT = ("metric", "judge", "task_version", "replicate")
MARKED = ("n_acted", "n_errored", "n_aware", "n_aware_events")
"""Counts of rollouts that say how well the events were measured; all of them optional."""

COUNTS = ("n_trials", "n_events", "n_missing", *MARKED)
SCORES = ("value", "n", "sd")
OUTCOME_KEYS = ("run_id", "eval_id", "step", "metric", "judge", "task_version", "replicate")
RATE_LIKE = (
    "rate",
    "p",
    "p_value",
    "pvalue",
    "percent",
    "percentage",
    "pct",
    "proportion",
    "fraction",
    "accuracy",
    "mean",
    "score",
)
"""Column names, or last parts of them, under which people keep rates and p-values."""

Mask = npt.NDArray[np.bool_]
Holds = Callable[[pd.DataFrame], Mask]


@dataclass(frozen=True, slots=True)
class RowRule:
    """A rule within one row: what must hold between `columns`, and what to tell the reader where it does not.

    `holds` is written so that a blank (NaN) cell breaks no rule: which cells may be blank is not a rule of range.
    """

    name: str
    code: str
    columns: tuple[str, ...]
    required: str
    remedy: str
    holds: Holds


def _within(part: str, *, of: str, less: str = "") -> Holds:
    """Whether 0 <= part <= of - less, wherever both are given."""

    def holds(frame: pd.DataFrame) -> Mask:
        values, most = frame[part].to_numpy(), frame[of].to_numpy()
        most = most - np.nan_to_num(frame[less].to_numpy()) if less else most
        return ~((values < 0) | (values > most))

    return holds


def _not_negative(*columns: str) -> Holds:
    def holds(frame: pd.DataFrame) -> Mask:
        broken: Mask = np.any([frame[column].to_numpy() < 0 for column in columns], axis=0)
        return ~broken

    return holds


def _scores_not_negative(frame: pd.DataFrame) -> Mask:
    """Whether n, sd and n_missing of scores are 0 or more; the n_missing of counts has a rule of its own."""
    missing: Mask = (frame["n_missing"].to_numpy() < 0) & np.isnan(frame["n_trials"].to_numpy())
    return _not_negative("n", "sd")(frame) & ~missing


OUTCOME_RULES = (
    RowRule(
        "trials_not_negative",
        "COUNT_RANGE",
        ("n_trials",),
        "n_trials of 0 or more",
        "Correct the count.",
        _not_negative("n_trials"),
    ),
    RowRule(
        "missing_within_trials",
        "COUNT_RANGE",
        ("n_missing", "n_trials"),
        "0 <= n_missing <= n_trials",
        "n_trials counts every rollout attempted, the missing ones included.",
        _within("n_missing", of="n_trials"),
    ),
    RowRule(
        "events_within_scored",
        "COUNT_RANGE",
        ("n_events", "n_trials", "n_missing"),
        "0 <= n_events <= n_trials - n_missing",
        "Check whether columns were swapped, or whether n_trials leaves out the missing rollouts.",
        _within("n_events", of="n_trials", less="n_missing"),
    ),
    RowRule(
        "acted_within_trials",
        "COUNT_RANGE",
        ("n_acted", "n_trials"),
        "0 <= n_acted <= n_trials",
        "n_acted counts the rollouts in which the model acted at all.",
        _within("n_acted", of="n_trials"),
    ),
    RowRule(
        "errored_within_trials",
        "COUNT_RANGE",
        ("n_errored", "n_trials"),
        "0 <= n_errored <= n_trials",
        "n_errored counts the rollouts that ended in an error; they are part of n_missing.",
        _within("n_errored", of="n_trials"),
    ),
    RowRule(
        "aware_within_scored",
        "COUNT_RANGE",
        ("n_aware", "n_trials", "n_missing"),
        "0 <= n_aware <= n_trials - n_missing",
        "n_aware counts the scored rollouts in which the model said that it may be in a test.",
        _within("n_aware", of="n_trials", less="n_missing"),
    ),
    RowRule(
        "aware_events_within_events",
        "COUNT_RANGE",
        ("n_aware_events", "n_events"),
        "0 <= n_aware_events <= n_events",
        "n_aware_events counts the events among the rollouts of n_aware.",
        _within("n_aware_events", of="n_events"),
    ),
    RowRule(
        "aware_events_within_aware",
        "COUNT_RANGE",
        ("n_aware_events", "n_aware"),
        "0 <= n_aware_events <= n_aware",
        "n_aware_events counts the events among the rollouts of n_aware.",
        _within("n_aware_events", of="n_aware"),
    ),
    RowRule(
        "spread_not_negative",
        "SCORE_RANGE",
        ("n", "sd", "n_missing"),
        "n, sd and n_missing of 0 or more",
        "Correct the number.",
        _scores_not_negative,
    ),
)

RUN_RULES = (
    RowRule(
        "amounts_not_negative",
        "AMOUNT_RANGE",
        AMOUNTS,
        "tokens, examples and epochs of 0 or more",
        "Correct the number.",
        _not_negative(*AMOUNTS),
    ),
)

EVAL_RULES = (
    RowRule(
        "weight_not_negative",
        "WEIGHT_RANGE",
        ("weight",),
        "a weight of 0 or more",
        "Correct the weight; leave it blank for 1.",
        _not_negative("weight"),
    ),
)


def rules_schema(rules: tuple[RowRule, ...]) -> pa.DataFrameSchema:
    """A schema of row rules alone: one check, where a schema of typed columns takes 6 ms a table."""
    return pa.DataFrameSchema(checks=[_all_hold(rules)])


def _all_hold(rules: tuple[RowRule, ...]) -> pa.Check:
    def hold(frame: pd.DataFrame) -> pd.Series:
        return pd.Series(np.all([rule.holds(frame) for rule in rules], axis=0), index=frame.index)

    return pa.Check(hold, name="row_rules")


def _text(*names: str, nullable: bool = False) -> dict[str, pa.Column]:
    return {name: pa.Column(object, nullable=nullable) for name in names}


def _numbers(*names: str, nullable: bool = True) -> dict[str, pa.Column]:
    return {name: pa.Column(float, nullable=nullable) for name in names}


RUNS = pa.DataFrameSchema(
    {
        "run_id": pa.Column(object, unique=True),
        **_text(*RUN_TEXT, nullable=True),
        **_numbers(*AMOUNTS),
        r"^(mix|feature)\..+": pa.Column(float, nullable=True, regex=True, required=False),
    },
    checks=[_all_hold(RUN_RULES)],
)
OUTCOMES = pa.DataFrameSchema(
    {
        **_text("run_id", "eval_id", *OUTCOME_TEXT),
        **_numbers("step", *COUNTS, *SCORES),
    },
    checks=[_all_hold(OUTCOME_RULES)],
    unique=list(OUTCOME_KEYS),
    strict=True,
)
EVALS = pa.DataFrameSchema(
    {
        "eval_id": pa.Column(object, unique=True),
        **_text("label", "task_version"),
        "domain": pa.Column(object, pa.Check.isin([domain.value for domain in EvalDomain])),
        "direction": pa.Column(object, pa.Check.isin(["lower", "higher"])),
        **_numbers("weight", nullable=False),
        "contaminated": pa.Column(bool),
        "kind": pa.Column(object, pa.Check.isin([kind.value for kind in OutcomeKind])),
    },
    checks=[_all_hold(EVAL_RULES)],
    strict=True,
)
HEADLINE = pa.DataFrameSchema(
    {
        **_text("run_id", "eval_id", "metric", "judge", "task_version"),
        **_numbers("step", *COUNTS, "n_scored", *SCORES),
        "replicates": pa.Column(int, pa.Check.ge(1)),
    },
    checks=[
        _all_hold(OUTCOME_RULES),
        pa.Check(
            lambda frame: frame["n_trials"].isna() | (frame["n_scored"] == frame["n_trials"] - frame["n_missing"]),
            name="scored_is_trials_less_missing",
        ),
    ],
    unique=["run_id", "eval_id"],
    strict=True,
)
