"""Whether the tables and the study speak of the same runs, evals and names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import pandas as pd

from mixablate.errors import Problem, Severity
from mixablate.study import Study
from mixablate.tables.frames import EvalDomain
from mixablate.tables.names import joined, nearest_name, shown
from mixablate.tables.raw import RawTable

__all__ = ["claim_problems", "join_problems", "rename_notices", "version_notices"]

LISTED = 5


def join_problems(
    runs: tuple[RawTable, pd.DataFrame], outcomes: tuple[RawTable, pd.DataFrame], evals: tuple[RawTable, pd.DataFrame]
) -> list[Problem]:
    """Outcomes of unknown runs or evals (refused), runs and evals without outcomes (warned of).

    A table that lost rows to errors is not used to say that something is unknown.
    """
    problems: list[Problem] = []
    table, frame = outcomes
    for name, code, (other, known) in (("run_id", "UNKNOWN_RUN", runs), ("eval_id", "UNKNOWN_EVAL", evals)):
        if name not in table or name not in other:
            continue
        have = set(known[name].tolist())
        if other.whole:
            problems += _unknown(table, frame, name, code, have, other.place)
        if table.whole:
            problems += _without_outcomes(other, name, have - set(frame[name].tolist()))
    return problems


def _unknown(
    table: RawTable, frame: pd.DataFrame, column: str, code: str, known: set[str], other: str
) -> list[Problem]:
    rows: dict[str, list[int]] = {}
    names = frame[column]
    for row, name in zip(names.index.tolist(), names.tolist(), strict=True):
        if name and name not in known:
            rows.setdefault(name, []).append(row)
    problems = []
    for name, where in list(rows.items())[:LISTED]:
        more = f" (and {len(where) - 1} more rows)" if len(where) > 1 else ""
        required = f"the {column} of a row of {other}"
        found = f"{shown(name)}{more}"
        remedy = nearest_name(name, known - _beside(name, frame, column))
        if not remedy.startswith("Did you mean"):
            remedy = f"Add it to {other}, or correct it. {nearest_name('', known)}"
        problems.append(Problem(code, table.at(where[0], column), found, required, remedy))
    if len(rows) > LISTED:
        found = f"{len(rows) - LISTED} more unknown ids: {joined(list(rows)[LISTED:])}"
        remedy = f"Add them to {other}, or correct them."
        problems.append(Problem(code, table.at(None, column), found, f"ids of rows of {other}", remedy))
    return problems


def _beside(name: str, frame: pd.DataFrame, column: str) -> set[str]:
    """The ids that have rows of their own beside this one's, so that it is no misspelling of them."""
    by = "eval_id" if column == "run_id" else "run_id"
    mine = frame.loc[frame[column] == name, by]
    return set(frame.loc[frame[by].isin(mine), column]) - {name}


def _without_outcomes(table: RawTable, column: str, missing: Iterable[str]) -> list[Problem]:
    names = sorted(name for name in missing if name)
    if not names:
        return []
    thing, code = ("run", "RUN_WITHOUT_OUTCOMES") if column == "run_id" else ("eval", "EVAL_WITHOUT_OUTCOMES")
    found = f"{len(names)} {thing}{'s' if len(names) > 1 else ''} without outcomes: {joined(names)}"
    remedy = f"Counted nowhere; add the outcomes, or remove the {thing} if it is not part of the study."
    return [Problem(code, table.at(None, column), found, f"outcomes for every {thing}", remedy, Severity.WARNING)]


def claim_problems(
    study: Study, evals: pd.DataFrame, place: str, reported: Collection[str] = frozenset()
) -> list[Problem]:
    """Claims about evals, or domains, that the evals table does not have.

    Nothing is said of evals that are `reported` missing already, nor of domains where one could not be read.
    """
    known = evals["eval_id"].tolist()
    domains = set(evals["domain"].tolist())
    all_read = domains <= {domain.value for domain in EvalDomain}
    problems = []
    for claim in study.claims:
        where = f"the study's claim {shown(claim.id)}"
        for name in claim.named_evals:
            if name not in known and name not in reported:
                found, required = f"the unknown eval {shown(name)}", f"the eval_id of a row of {place}"
                problems.append(Problem("CLAIM_EVAL", where, found, required, nearest_name(name, known)))
        if claim.domain and claim.domain not in domains and all_read:
            found, required = f'the domain "{claim.domain}", which no eval has', f"a domain of {place}"
            problems.append(Problem("CLAIM_EVAL", where, found, required, nearest_name(claim.domain, domains)))
    return problems


def rename_notices(rename: Mapping[str, str], tables: Sequence[RawTable]) -> list[Problem]:
    """Renamings that met no column in any table."""
    used = {(theirs, ours) for table in tables for ours, theirs in table.theirs.items()}
    header = {table.theirs.get(name, name) for table in tables for name in table.columns if name}
    return [
        Problem(
            "RENAME_UNUSED",
            "the study's [tables.rename]",
            f"no column {shown(theirs)} in any table",
            "columns that a table has",
            nearest_name(theirs, header),
            Severity.WARNING,
        )
        for theirs, ours in sorted(rename.items())
        if (theirs, ours) not in used and theirs != ours
    ]


def version_notices(outcomes: pd.DataFrame, evals: pd.DataFrame, place: str) -> list[Problem]:
    """Evals whose outcomes name another task version than the evals table."""
    declared = dict(zip(evals["eval_id"].tolist(), evals["task_version"].tolist(), strict=True))
    found: dict[str, set[str]] = {}
    for eval_id, version in zip(outcomes["eval_id"].tolist(), outcomes["task_version"].tolist(), strict=True):
        if version and declared.get(eval_id) and version != declared[eval_id]:
            found.setdefault(eval_id, set()).add(version)
    return [
        Problem(
            "TASK_VERSION",
            f"{place}, eval {shown(eval_id)}",
            f"task version {joined(sorted(versions))}",
            f"{shown(declared[eval_id])}, as in the evals table",
            "Correct one of the two tables.",
            Severity.WARNING,
        )
        for eval_id, versions in sorted(found.items())
    ]
