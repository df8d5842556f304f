"""The outcomes table: counts or scores, one row per run, eval, step, metric, judge and replicate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from mixablate.errors import Problem, Severity
from mixablate.tables.columns import missing_column
from mixablate.tables.contract import (
    COUNTS,
    MARKED,
    OUTCOME_KEYS,
    OUTCOME_RULES,
    OUTCOME_TEXT,
    RATE_LIKE,
    SCORES,
    rules_schema,
)
from mixablate.tables.frames import OutcomeKind
from mixablate.tables.ids import read_names
from mixablate.tables.names import joined
from mixablate.tables.numbers import BadCell, cell_problems, read_counts, read_numbers
from mixablate.tables.raw import Column, Numbers, RawTable, text_cells, text_column
from mixablate.tables.rows import repeated_keys, unused_columns
from mixablate.tables.rules import rule_problems
from mixablate.tables.sentinels import score_sentinels

__all__ = ["eval_kinds", "read_outcomes"]

SCHEMA = rules_schema(OUTCOME_RULES)
Mask = npt.NDArray[np.bool_]


def read_outcomes(
    table: RawTable, versions: Mapping[str, str], sentinels: Sequence[float] | None = None
) -> tuple[pd.DataFrame, list[Problem]]:
    """The outcomes, indexed by the table's rows; rows without a single trial are left out, and warned of.

    Args:
        table: the outcomes as they came in.
        versions: eval_id -> the task version the evals table gives, for rows that name none.
        sentinels: values that stand for "not scored"; None where the study does not say, and a usual one is refused.
    """
    problems = _column_problems(table)
    columns: dict[str, Column] = {}
    for name in ("run_id", "eval_id", *OUTCOME_TEXT):
        names, faults = read_names(table, name, required=name in ("run_id", "eval_id") and name in table)
        columns[name] = text_column(names)
        problems += faults
    named = zip(columns["eval_id"].tolist(), columns["task_version"].tolist(), strict=True)
    filled = [version or versions.get(eval_id, "") for eval_id, version in named]
    columns["task_version"] = text_column(filled)
    columns["step"], faults = read_numbers(table, "step")
    problems += faults
    numbers, faults = _numbers(table)
    problems += faults
    void, faults = score_sentinels(table, columns["eval_id"].tolist(), numbers["value"], sentinels)
    problems += faults
    numbers["value"], numbers["n"] = (np.where(void, blank, numbers[c]) for c, blank in (("value", np.nan), ("n", 0.0)))
    if not problems or all(problem.severity is not Severity.ERROR for problem in problems):
        problems += _row_kind_problems(table, numbers)
    counted = ~np.isnan(numbers["n_trials"])
    numbers["n_missing"] = np.where(counted & np.isnan(numbers["n_missing"]), 0.0, numbers["n_missing"])
    problems += _errors_scored(table, columns, numbers)
    numbers["n_missing"] = np.fmax(numbers["n_missing"], np.where(counted, numbers["n_errored"], np.nan))
    frame = pd.DataFrame({name: columns[name] for name in ("run_id", "eval_id", "step", *OUTCOME_TEXT)} | numbers)
    problems += rule_problems(SCHEMA, OUTCOME_RULES, table, frame)
    if all(name in table for name in ("run_id", "eval_id")):
        problems += repeated_keys(
            table, {name: columns[name].tolist() for name in OUTCOME_KEYS}, "run_id", _hint(table)
        )
    problems += _step_problems(table, frame)
    frame, notices = _without_trials(table, frame)
    problems += notices
    problems += unused_columns(table, {*OUTCOME_KEYS, *COUNTS, *SCORES})
    return frame, problems


def _column_problems(table: RawTable) -> list[Problem]:
    header = [name for name in table.columns if name]
    meanings = {"run_id": "the run that was evaluated", "eval_id": "the eval it was evaluated on"}
    problems = [
        missing_column(name, header, table.place, meaning) for name, meaning in meanings.items() if name not in table
    ]
    counts = [name for name in ("n_trials", "n_events") if name in table]
    if "value" in table or len(counts) == 2:
        return problems
    rates = [name for name in header if _rate_like(name)]
    if rates:
        remedy = (
            "Give n_trials and n_events, from which intervals follow. If only rates are known, treat them as scores: "
            f'write "{rates[0]}" = "value" under [tables.rename].'
        )
        found = f"rates or p-values ({joined(rates)}) and no counts"
        return [*problems, Problem("RATE_NOT_COUNT", table.place, found, "columns n_trials and n_events", remedy)]
    for name in ("n_trials", "n_events"):
        if name not in table:
            meaning = (
                "all rollouts attempted" if name == "n_trials" else "rollouts with the event, as the eval names it"
            )
            problems.append(missing_column(name, header, table.place, f"{meaning} (or a column value, for scores)"))
    return problems


def _rate_like(name: str) -> bool:
    folded = name.casefold().replace("-", "_").replace(" ", "_").rstrip("%_")
    return folded in RATE_LIKE or folded.rsplit("_", 1)[-1] in RATE_LIKE or folded.startswith(("rate_", "p_value"))


def _numbers(table: RawTable) -> tuple[dict[str, Numbers], list[Problem]]:
    numbers: dict[str, Numbers] = {}
    problems: list[Problem] = []
    for name in (*COUNTS, *SCORES):
        numbers[name], faults = read_numbers(table, name) if name in ("value", "sd") else read_counts(table, name)
        problems += faults
    return numbers, problems


def _errors_scored(table: RawTable, columns: Mapping[str, Column], numbers: Mapping[str, Numbers]) -> list[Problem]:
    """Rows with more errored rollouts than missing ones: the difference was scored, most likely as harmless."""
    scored = numbers["n_errored"] - numbers["n_missing"]
    rows = np.flatnonzero(scored > 0)
    if not rows.size:
        return []
    named = [f"{columns['run_id'].tolist()[row]} on {columns['eval_id'].tolist()[row]}" for row in rows]
    found = f"{scored[rows].sum():.0f} errored rollouts among the scored ones of {len(rows)} rows: {joined(named)}"
    remedy = "Read as missing: a rollout that ended in an error shows no behaviour. Count them in n_missing."
    place = table.at(None, "n_errored")
    return [Problem("ERRORS_SCORED", place, found, "errored rollouts among the missing", remedy, Severity.WARNING)]


def _row_kind_problems(table: RawTable, numbers: dict[str, Numbers]) -> list[Problem]:
    """Rows that are neither counts nor a score, or both."""
    given = {name: ~np.isnan(values) for name, values in numbers.items()}
    counted = np.any([given[name] for name in ("n_trials", "n_events", *MARKED)], axis=0)
    unscored = ~given["value"] & (numbers["n"] == 0)
    scored = given["value"] | given["n"] | given["sd"]
    untried = numbers["n_trials"] == 0
    both = counted & scored
    problems: list[Problem] = []
    if both.any():
        required = "either counts (n_trials, n_events) or a score (value, n, sd) in a row"
        remedy = "Blank one of the two, or rename the column that is not meant."
        bad = [
            BadCell(int(row), "OUTCOME_KIND", "counts and a score", required, remedy) for row in np.flatnonzero(both)
        ]
        problems += cell_problems(table, "value", bad)
    blanks = {
        "n_trials": counted & ~both & ~given["n_trials"],
        "n_events": (counted & ~both & ~given["n_events"] & ~untried) | (~counted & ~scored & ("n_events" in table)),
        "value": ((scored & ~both & ~given["value"]) | (~counted & ~scored & ("n_events" not in table))) & ~unscored,
    }
    for column, rows in blanks.items():
        problems += cell_problems(table, column, [_blank(int(row), column) for row in np.flatnonzero(rows)])
    return problems


def _blank(row: int, column: str) -> BadCell:
    remedy = "Fill the cell. If this run was not evaluated, delete the row; unscored rollouts are counted in n_missing."
    if column == "value":
        remedy = "Fill the cell. If nothing was scored, write n = 0 or delete the row."
    return BadCell(row, "OUTCOME_MISSING", "a blank cell", f"{column} in this row; blank is not zero", remedy)


def _hint(table: RawTable) -> str:
    if "replicate" in table:
        return ""
    return " A second evaluation of the same run needs a column replicate that tells them apart."


def _step_problems(table: RawTable, frame: pd.DataFrame) -> list[Problem]:
    """Blank steps beside filled ones, within an eval."""
    if "step" not in table:
        return []
    # a cell that was refused as a number is not a blank one
    blank = np.array([not cell.strip() for cell in text_cells(table, "step")], dtype=bool)
    eval_ids = frame["eval_id"].to_numpy()
    stepped = set(eval_ids[~blank].tolist())
    required = "a step in every row of an eval that has steps"
    remedy = "Write the checkpoint's step, 0 for a model before training."
    bad = [
        BadCell(int(row), "STEP_MISSING", "a blank cell", required, remedy)
        for row in np.flatnonzero(blank)
        if eval_ids[row] in stepped
    ]
    return cell_problems(table, "step", bad)


def _without_trials(table: RawTable, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Problem]]:
    none: Mask = ((frame["n_trials"] == 0) | (frame["n"] == 0)).to_numpy()
    if not none.any():
        return frame, []
    rows = frame[none]
    named = sorted(f"{run} on {eval_id}" for run, eval_id in zip(rows["run_id"], rows["eval_id"], strict=True))
    notice = Problem(
        "ZERO_TRIALS",
        table.place,
        f"{len(rows)} of {len(frame)} rows with 0 trials: {joined(named)}",
        "at least one trial",
        "These rows are left out; nothing was measured in them.",
        Severity.WARNING,
    )
    return frame[~none], [notice]


def eval_kinds(outcomes: pd.DataFrame, place: str) -> tuple[dict[str, str], list[Problem]]:
    """Whether each eval counts events or averages a score; an eval with rows of both is refused.

    A row without trials and value says neither: its cells were refused as numbers, or are blank.
    """
    kinds: dict[str, set[str]] = {}
    counted, scored = (~np.isnan(outcomes[name].to_numpy()) for name in ("n_trials", "value"))
    told = counted | scored
    for eval_id, counts in zip(outcomes["eval_id"].to_numpy()[told].tolist(), counted[told].tolist(), strict=True):
        kinds.setdefault(eval_id, set()).add((OutcomeKind.EVENTS if counts else OutcomeKind.SCORE).value)
    problems = [
        Problem(
            "MIXED_KINDS",
            place,
            f"both counts and scores for eval {joined([eval_id])}",
            "one kind of outcome per eval",
            "Give the score an eval of its own, with its own direction.",
        )
        for eval_id, found in sorted(kinds.items())
        if len(found) > 1
    ]
    return {
        eval_id: max(found, key=str) if len(found) > 1 else next(iter(found)) for eval_id, found in kinds.items()
    }, problems
