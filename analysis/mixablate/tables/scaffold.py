"""A first study file for the tables found in a folder: what `mixablate init` writes."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mixablate.errors import Problem, TableError
from mixablate.study.toml_text import toml_string
from mixablate.tables.numbers import NUMBER
from mixablate.tables.scaffold_text import Proposed, seen_words, study_text

__all__ = ["Scaffold", "scaffold", "write_scaffold"]

RUN_COLUMNS = frozenset({"run_id", "base_model", "seed", "tokens", "examples", "epochs", "stage", "parent_run_id"})
MOST_LEVELS = 12  # of a column of names that may be a category; more of them are labels
ROLLOUT_FORMATS = frozenset({".jsonl", ".parquet", ".tsv"})
ROLES = {
    "runs": "run_id, and no eval_id",
    "outcomes": "run_id, eval_id, and n_trials with n_events or value (or item_id with value: rollouts)",
    "evals": "eval_id, and no run_id",
}


@dataclass(frozen=True, slots=True)
class Scaffold:
    """A study file to start from, and what was recognised.

    Attributes:
        text: the study file.
        runs, outcomes, evals: file names; `outcomes` is a rollouts table where `rollouts` is true.
        components: the columns proposed as components.
        others: run columns left out, each with what was seen in it.
    """

    text: str
    runs: str
    outcomes: str
    evals: str
    rollouts: bool
    components: tuple[str, ...]
    others: tuple[tuple[str, str], ...]


def scaffold(folder: Path) -> Scaffold:
    """A study file for the CSV tables in `folder`, recognised by their columns.

    Run columns that hold only 0 and 1, both of them, are proposed as components; where there is none, columns of a few
    names that several runs share, as categories. Claims are left to the user: a claim that a tool proposed after
    reading the tables was not declared before looking.

    Raises:
        TableError: a table is missing or two files could be it; or no run column could be a component.
    """
    if not folder.is_dir():
        remedy = "Check the path: `mixablate init` takes the folder that holds the tables."
        raise TableError(Problem("NO_TABLE", str(folder), "no such folder", "a folder with tables", remedy))
    found = _by_role(folder)
    problems = [problem for role in ROLES for problem in _role_problems(folder, role, found)]
    if problems:
        raise TableError(problems)
    (runs,), (outcomes,), (evals,) = (found[role] for role in ROLES)
    columns = {name: cells for name, cells in _columns(folder / runs).items() if name not in RUN_COLUMNS}
    components = _components(columns)
    if not components:
        raise TableError(_no_component(runs, columns))
    others = tuple((name, seen_words(cells)) for name, cells in columns.items() if name not in components)
    header = _header(folder / outcomes)
    rollouts = _is_rollouts(header)
    proposed = Proposed(
        title=folder.resolve().name or "study",
        tables={"runs": runs, "rollouts" if rollouts else "outcomes": outcomes, "evals": evals},
        components=components,
        others=others,
        steps="step" in header,
        example=_example(folder / evals),
        scored="value" in header and not rollouts and "n_trials" not in header,
    )
    return Scaffold(study_text(proposed), runs, outcomes, evals, rollouts, tuple(components), others)


def _components(columns: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """The columns that may say what was in the mix, with their cells: flags, and where there is none categories."""
    flags = {name: cells for name, cells in columns.items() if set(cells) == {"0", "1"}}
    return flags or {name: cells for name, cells in columns.items() if _is_category(cells)}


def _is_category(cells: Sequence[str]) -> bool:
    """Whether these are a few names, some of them of several runs."""
    levels = set(cells)
    named = all(level.strip() and not NUMBER.fullmatch(level.strip()) for level in levels)
    return named and 1 < len(levels) <= min(MOST_LEVELS, len(cells) - 1)


def _example(evals: Path) -> dict[str, str]:
    """The first row of the evals table."""
    header, *rows = _rows(evals)
    return dict(zip(header, rows[0] if rows else [], strict=False)) | ({} if rows else {"eval_id": "..."})


def write_scaffold(proposal: Scaffold, target: Path) -> None:
    """Nothing; afterwards `target` holds the study file.

    Raises:
        FileExistsError: it is there already; a declaration is never overwritten.
        OSError: it cannot be written.
    """
    with target.open("x", encoding="utf-8", newline="\n") as file:
        file.write(proposal.text)


def _by_role(folder: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {role: [] for role in ROLES}
    for path in sorted(folder.glob("*.csv")):
        role = _role(_header(path))
        if role:
            found[role].append(path.name)
    for role, names in found.items():
        if f"{role}.csv" in names:
            found[role] = [f"{role}.csv"]
    return found


def _header(path: Path) -> list[str]:
    return next(iter(_rows(path)), [])


def _rows(path: Path) -> Iterable[list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from csv.reader(file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problem = Problem("UNREADABLE", str(path), str(error), "a CSV table in UTF-8", "Save it again as CSV, UTF-8.")
        raise TableError(problem) from error


def _role(header: Sequence[str]) -> str:
    names = set(header)
    if {"run_id", "eval_id"} <= names:
        return "outcomes" if {"n_trials", "value"} & names else ""
    if "run_id" in names:
        return "runs"
    return "evals" if "eval_id" in names else ""


def _is_rollouts(header: Sequence[str]) -> bool:
    return "item_id" in header and "n_trials" not in header


def _role_problems(folder: Path, role: str, found: Mapping[str, Sequence[str]]) -> list[Problem]:
    names = found[role]
    if len(names) == 1:
        return []
    required = f"one CSV file with {ROLES[role]}"
    if names:
        remedy = f"Name the right one {role}.csv, or write study.toml by hand."
        return [Problem("TWO_TABLES", f"{folder}, {role} table", ", ".join(names), required, remedy)]
    seen = "; ".join(f"{path.name} with {', '.join(_header(path))}" for path in sorted(folder.glob("*.csv")))
    return [
        Problem("NO_TABLE", f"{folder}, {role} table", seen or "no CSV file", required, _remedy(folder, role, found))
    ]


def _remedy(folder: Path, role: str, found: Mapping[str, Sequence[str]]) -> str:
    if role == "evals" and len(found["outcomes"]) == 1:
        ids = sorted(set(_columns(folder / found["outcomes"][0])["eval_id"]))
        return (
            "Write evals.csv with the columns eval_id, label, domain, direction, and a row for each of: "
            f"{', '.join(ids)}. Which direction is better cannot be guessed."
        )
    others = sorted(path.name for path in folder.iterdir() if path.suffix.casefold() in ROLLOUT_FORMATS)
    if others and role == "outcomes":
        return (
            f"Only CSV files are recognised here. If {toml_string(others[0])} holds a rollout per row, write "
            f"study.toml by hand, with rollouts = {toml_string(others[0])} under [tables] (docs/tables.md)."
        )
    return "Rename the columns, or write study.toml by hand with [tables.rename] (docs/getting-started.md)."


def _columns(path: Path) -> dict[str, list[str]]:
    header, *rows = _rows(path)
    return {name: [row[index] for row in rows if index < len(row)] for index, name in enumerate(header)}


def _no_component(runs: str, columns: Mapping[str, Sequence[str]]) -> Problem:
    return Problem(
        code="NO_COMPONENT",
        place=runs,
        found="; ".join(f"{name}: {seen_words(cells)}" for name, cells in columns.items()),
        required="a column of 0 and 1 that says which runs had the component, or of a few names (a category)",
        remedy="Add one, or declare a dose or fraction in study.toml by hand (docs/getting-started.md).",
    )
