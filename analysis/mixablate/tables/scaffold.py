"""A first study file for the tables found in a folder: what `mixablate init` writes."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mixablate.errors import Problem, TableError

__all__ = ["Scaffold", "scaffold", "write_scaffold"]

RUN_COLUMNS = frozenset({"run_id", "base_model", "seed", "tokens", "examples", "epochs", "stage", "parent_run_id"})
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

    Run columns that hold only 0 and 1, both of them, are proposed as components. Claims are left to the user: a claim
    that a tool proposed after reading the tables was not declared before looking.

    Raises:
        TableError: a table is missing or two files could be it; or no run column holds only 0 and 1.
    """
    if not folder.is_dir():
        remedy = "Check the path: `mixablate init` takes the folder that holds the tables."
        raise TableError(Problem("NO_TABLE", str(folder), "no such folder", "a folder with tables", remedy))
    found = _by_role(folder)
    problems = [problem for role in ROLES for problem in _role_problems(folder, role, found)]
    if problems:
        raise TableError(problems)
    (runs,), (outcomes,), (evals,) = (found[role] for role in ROLES)
    columns = _columns(folder / runs)
    components = tuple(name for name, cells in columns.items() if name not in RUN_COLUMNS and set(cells) == {"0", "1"})
    if not components:
        raise TableError(_no_component(runs, columns))
    others = tuple(
        (name, _seen(cells)) for name, cells in columns.items() if name not in RUN_COLUMNS and name not in components
    )
    rollouts = _is_rollouts(_header(folder / outcomes))
    text = _study_text(folder, (runs, outcomes, evals), components, others, rollouts=rollouts)
    return Scaffold(text, runs, outcomes, evals, rollouts, components, others)


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
            f"Only CSV files are recognised here. If {_quoted(others[0])} holds a rollout per row, write study.toml by "
            f"hand, with rollouts = {_quoted(others[0])} under [tables] (docs/tables.md)."
        )
    return "Rename the columns, or write study.toml by hand with [tables.rename] (docs/getting-started.md)."


def _columns(path: Path) -> dict[str, list[str]]:
    header, *rows = _rows(path)
    return {name: [row[index] for row in rows if index < len(row)] for index, name in enumerate(header)}


def _no_component(runs: str, columns: Mapping[str, Sequence[str]]) -> Problem:
    return Problem(
        code="NO_COMPONENT",
        place=runs,
        found="; ".join(f"{name}: {_seen(cells)}" for name, cells in columns.items()),
        required="at least one column of 0 and 1 that says which runs had the component",
        remedy="Add one, or declare a dose, fraction or category in study.toml by hand (docs/getting-started.md).",
    )


def _seen(cells: Sequence[str]) -> str:
    values = sorted(set(cells))
    shown = ", ".join(json.dumps(value, ensure_ascii=False) for value in values[:4])
    return shown if len(values) <= 4 else f"{shown} and {len(values) - 4} more"


def _study_text(
    folder: Path,
    files: tuple[str, str, str],
    components: Sequence[str],
    others: Sequence[tuple[str, str]],
    *,
    rollouts: bool,
) -> str:
    runs, outcomes, evals = (_quoted(name) for name in files)
    lines = [
        f"title = {_quoted(folder.resolve().name or 'study')}",
        "seed = 1                          # any whole number; it fixes every random draw",
        "baseline = { " + ", ".join(f"{_key(name)} = 0" for name in components) + " }",
        "",
        "[tables]",
        f"runs = {runs}",
        f"{'rollouts' if rollouts else 'outcomes'} = {outcomes}",
        f"evals = {evals}",
    ]
    for name in components:
        lines += ["", f"[components.{_key(name)}]", f"label = {_quoted(_label(name))}", 'type = "flag"', "target = 1"]
    if others:
        lines += ["", "# Run columns that are not components here; declare one as a flag, dose, fraction or category:"]
        lines += [f"#   {_comment(name)}: {_comment(seen)}" for name, seen in others]
    lines += ["", "# Declare each claim before looking at the outcomes:", *_claim_lines(components[0])]
    return "\n".join(lines) + "\n"


def _label(name: str) -> str:
    """The column's name as a reader would write it.

    >>> _label("system_prompts"), _label("RLHF_chats")
    ('System prompts', 'RLHF chats')
    """
    words = name.replace("_", " ").strip() or name
    return words[:1].upper() + words[1:]


def _claim_lines(component: str) -> list[str]:
    return [
        "# [[claims]]",
        '# id = "reduces"',
        f"# text = {_quoted(f'{_label(component)} lower the rate by at least five points')}",
        '# kind = "reduces"',
        f"# components = [{_quoted(component)}]",
        '# domain = "in_distribution"',
        "# minimum = 0.05",
    ]


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string, except for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _comment(text: str) -> str:
    return _quoted(text)[1:-1]
