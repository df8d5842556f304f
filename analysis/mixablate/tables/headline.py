"""The headline: one row per run and eval, at the study's step, metric and judge, replicates pooled within the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from mixablate.errors import Problem, Severity
from mixablate.study import Analysis, Study
from mixablate.tables.names import joined, nearest_name, shown
from mixablate.tables.pooling import HeadlineRow, OutcomeRow, pooled

__all__ = ["read_headline"]

BLANK = "(blank)"


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The rows of one eval that headline, and what was said on the way."""

    rows: list[OutcomeRow]
    problems: list[Problem]


def read_headline(study: Study, outcomes: pd.DataFrame, place: str) -> tuple[pd.DataFrame, list[Problem]]:
    """The headline of validated, canonically ordered outcomes.

    Rows of one run and eval that differ in metric, judge or task version are refused unless `analysis.metric` or
    `analysis.judge` chooses one or `analysis.pool` allows them; runs that differ from one another in judge or task
    version are let through with a warning, since whether that confounds a contrast is a question of the design.
    Several steps, or different last steps over runs, are refused unless `analysis.step` is declared.

    Args:
        study: whose `analysis` chooses.
        outcomes: as `Tables.outcomes`.
        place: how messages name the outcomes.
    """
    by_eval: dict[str, list[OutcomeRow]] = {}
    for row in outcome_rows(outcomes):
        by_eval.setdefault(row.eval_id, []).append(row)
    problems = _declared_names(study.analysis, outcomes)
    said: dict[Problem, list[str]] = {}
    pooled_rows: list[HeadlineRow] = []
    for eval_id in sorted(by_eval):
        chosen = _choose(by_eval[eval_id], study.analysis, f"{place}, eval {shown(eval_id)}")
        for problem in chosen.problems:
            said.setdefault(replace(problem, place=""), []).append(eval_id)
        problems += _left_out(by_eval[eval_id], chosen, f"{place}, eval {shown(eval_id)}")
        by_run: dict[str, list[OutcomeRow]] = {}
        for row in chosen.rows:
            by_run.setdefault(row.run_id, []).append(row)
        pooled_rows += [pooled(rows) for rows in by_run.values()]
    problems += [problem for same, evals in said.items() for problem in _of_evals(same, evals, place)]
    scored = [row for row in pooled_rows if row.n_scored != 0]
    problems += _nothing_scored([row for row in pooled_rows if row.n_scored == 0], place)
    scored.sort(key=lambda row: (row.run_id, row.eval_id))
    return HeadlineRow.frame(scored), problems


def _of_evals(problem: Problem, evals: Sequence[str], place: str) -> list[Problem]:
    """One problem with its evals: an error once for all of them, what does not stop the reader once for each."""
    if problem.severity is Severity.ERROR and len(evals) > 1:
        return [replace(problem, place=f"{place}, evals {joined(evals)}")]
    return [replace(problem, place=f"{place}, eval {shown(eval_id)}") for eval_id in evals]


def outcome_rows(outcomes: pd.DataFrame) -> list[OutcomeRow]:
    """The outcomes as rows, in the frame's order."""
    names = OutcomeRow.__dataclass_fields__
    columns = [outcomes[name].tolist() for name in names]
    return [OutcomeRow(*values) for values in zip(*columns, strict=True)]


def _declared_names(analysis: Analysis, outcomes: pd.DataFrame) -> list[Problem]:
    """A declared metric or judge that no row has."""
    problems = []
    for name, declared in (("metric", analysis.metric), ("judge", analysis.judge)):
        known = set(outcomes[name].tolist()) - {""}
        if declared is not None and known and declared not in known:
            found, where = f"the unknown {name} {shown(declared)}", f"the study's analysis.{name}"
            remedy = nearest_name(declared, known)
            problems.append(Problem(f"UNKNOWN_{name.upper()}", where, found, f"a {name} of the outcomes", remedy))
    return problems


def _choose(rows: list[OutcomeRow], analysis: Analysis, where: str) -> _Chosen:
    problems: list[Problem] = []
    for key, declared in (("metric", analysis.metric), ("judge", analysis.judge), ("task_version", None)):
        values = {getattr(row, key) for row in rows}
        if len(values) == 1:
            problems += _other(values.pop(), declared, key, where)
            continue
        if declared in values:
            rows = [row for row in rows if getattr(row, key) == declared]
        elif key not in analysis.pool:
            problems.append(_mixed(rows, key, where))
    if any(problem.severity is Severity.ERROR for problem in problems):
        return _Chosen([], problems)
    at_step, faults = _at_step(rows, analysis, where)
    return _Chosen(at_step, [*problems, *faults])


def _other(value: str, declared: str | None, key: str, where: str) -> list[Problem]:
    """A note where an eval has one metric or judge, and it is not the declared one."""
    if declared is None or value in ("", declared):
        return []
    found, required = (
        f"only the {key} {shown(value)}",
        f"the declared {key}, {shown(declared)}, where an eval has several",
    )
    return [Problem(f"OTHER_{key.upper()}", where, found, required, "Used as it is.", Severity.INFO)]


def _mixed(rows: Sequence[OutcomeRow], key: str, where: str) -> Problem:
    """Several metrics, judges or task versions: refused within a run (and for metrics anywhere), else a warning."""
    by_run: dict[str, set[str]] = {}
    for row in rows:
        by_run.setdefault(row.run_id, set()).add(getattr(row, key))
    values = sorted({value or BLANK for values in by_run.values() for value in values})
    word = key.replace("_", " ")
    within = sorted(run for run, values in by_run.items() if len(values) > 1)
    if not within and key != "metric":
        return Problem(
            f"MIXED_{key.upper()}",
            where,
            f"{word}s that differ between runs: {joined(values)}",
            f"one {word} for all runs that are compared",
            f"A difference between such runs is a difference between {word}s too. Score all runs with one {word}.",
            Severity.WARNING,
        )
    choose = "" if key == "task_version" else f"set {key} = {shown(values[-1])} (or another) under [analysis], or "
    example = f" (run {shown(within[0])})" if within else ""
    return Problem(
        f"MIXED_{key.upper()}",
        where,
        f"several {word}s{example}: {joined(values)}",
        f"one {word} per run and eval",
        f'To use one of them, {choose}keep only its rows; to pool them, declare pool = ["{key}"] under [analysis].',
    )


def _at_step(rows: list[OutcomeRow], analysis: Analysis, where: str) -> tuple[list[OutcomeRow], list[Problem]]:
    by_run: dict[str, set[float]] = {}
    for row in rows:
        if row.step == row.step:
            by_run.setdefault(row.run_id, set()).add(row.step)
    steps = sorted({step for values in by_run.values() for step in values})
    if not steps or (len(steps) == 1 and analysis.step is None):
        return rows, []
    if analysis.step is None:
        return [], [_undeclared_step(by_run, where)]
    if analysis.step == "last":
        last = {run: max(values) for run, values in by_run.items()}
        chosen = [row for row in rows if row.step == last[row.run_id]]
        ends = sorted(set(last.values()))
        notices = [] if len(ends) == 1 else [_differing_ends(ends, where)]
        return chosen, notices
    chosen = [row for row in rows if row.step == float(analysis.step)]
    if chosen:
        return chosen, []
    found, required = f"no row at step {analysis.step:g}", "the step that analysis.step names"
    remedy = f"Steps here: {_steps(steps)}."
    return [], [Problem("UNKNOWN_STEP", where, found, required, remedy)]


def _undeclared_step(by_run: Mapping[str, set[float]], where: str) -> Problem:
    several = sorted(run for run, values in by_run.items() if len(values) > 1)
    steps = _steps(sorted({step for values in by_run.values() for step in values}))
    remedy = 'Declare step = "last" or a number under [analysis].'
    if several:
        found = f"several steps in {joined(several)} ({steps})"
        return Problem("STEP_UNDECLARED", where, found, "the step that headlines, declared", remedy)
    found = f"runs measured at different steps ({steps})"
    return Problem("MIXED_STEPS", where, found, "one step for all runs, or a declared one", remedy)


def _differing_ends(ends: Sequence[float], where: str) -> Problem:
    found = f"last steps that differ between runs: {_steps(ends)}"
    remedy = "Taken as declared; runs of different length are compared."
    return Problem("MIXED_STEPS", where, found, "one last step", remedy, Severity.INFO)


def _steps(steps: Sequence[float]) -> str:
    text = ", ".join(f"{step:g}" for step in steps[:8])
    return text if len(steps) <= 8 else f"{text} and {len(steps) - 8} more"


def _left_out(rows: Sequence[OutcomeRow], chosen: _Chosen, where: str) -> list[Problem]:
    if not chosen.rows:
        return []
    lost = sorted({row.run_id for row in rows} - {row.run_id for row in chosen.rows})
    if not lost:
        return []
    found = f"{len(lost)} runs without a row at the headline step, metric and judge: {joined(lost)}"
    remedy = "They leave this eval; add the rows, or declare another step, metric or judge."
    return [Problem("RUN_LEFT_OUT", where, found, "such a row for every run", remedy, Severity.WARNING)]


def _nothing_scored(rows: Sequence[HeadlineRow], place: str) -> list[Problem]:
    if not rows:
        return []
    named = joined(sorted(f"{row.run_id} on {row.eval_id}" for row in rows))
    found = f"every rollout missing: {named}"
    remedy = "No rate can be said for them; they leave the headline."
    return [Problem("NOTHING_SCORED", place, found, "at least one scored rollout", remedy, Severity.WARNING)]
