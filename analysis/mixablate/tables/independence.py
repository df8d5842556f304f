"""Whether two rows of the runs table can be two trained models: seeds and checkpoint hashes."""

from __future__ import annotations

import re

import pandas as pd

from mixablate.errors import Problem, Severity
from mixablate.study import Study
from mixablate.tables.contract import AMOUNTS
from mixablate.tables.mixes import MIX
from mixablate.tables.names import joined, shown
from mixablate.tables.raw import RawTable, text_cells

__all__ = ["independence_problems"]

HASH_COLUMN = re.compile(r"(checkpoint|weights|model|adapter)[_ .-]?(hash|sha|sha1|sha256|md5|digest)", re.IGNORECASE)


def independence_problems(study: Study, table: RawTable, runs: pd.DataFrame) -> list[Problem]:
    """Equal checkpoint hashes (refused), equal or missing seeds among runs of one arm (warned of)."""
    problems: list[Problem] = []
    for column in sorted(name for name in table.columns if HASH_COLUMN.fullmatch(name)):
        problems += _same_checkpoint(table, column)
    return problems + _seed_notices(study, table, runs)


def _same_checkpoint(table: RawTable, column: str) -> list[Problem]:
    first: dict[str, int] = {}
    run_ids = text_cells(table, "run_id")
    problems = []
    for row, cell in enumerate(text_cells(table, column)):
        digest = cell.strip()
        if digest and digest in first:
            one = first[digest]
            problems.append(
                Problem(
                    "PSEUDO_REPLICATE",
                    f"{table.at(one)} and {table.at(row, column).removeprefix(table.place + ', ')}",
                    f"the same checkpoint {shown(digest)} for runs {joined([run_ids[one], run_ids[row]])}",
                    "one row per trained model",
                    "Keep one run; its second evaluation belongs in the outcomes, with a replicate column.",
                )
            )
        elif digest:
            first[digest] = row
    return problems


def _seed_notices(study: Study, table: RawTable, runs: pd.DataFrame) -> list[Problem]:
    arms: dict[tuple[object, ...], list[int]] = {}
    alike = _alike_columns(study, runs)
    for row, key in enumerate(zip(*(runs[name].tolist() for name in alike), strict=True)):
        arms.setdefault(tuple(None if part != part else part for part in key), []).append(row)
    run_ids, seeds = runs["run_id"].tolist(), runs["seed"].tolist()
    reused: list[str] = []
    without: list[str] = []
    for rows in arms.values():
        by_seed: dict[str, list[str]] = {}
        for row in rows if len(rows) > 1 else []:
            if seeds[row] is None:
                without.append(run_ids[row])
            else:
                by_seed.setdefault(seeds[row], []).append(run_ids[row])
        reused += [f"{joined(sorted(same))} (seed {seed})" for seed, same in by_seed.items() if len(same) > 1]
    notices = []
    if reused:
        notices.append(_seed_notice(table, f"one seed for several runs of one arm: {'; '.join(sorted(reused))}"))
    if without:
        notices.append(_seed_notice(table, f"no seed for runs of one arm: {joined(sorted(without))}"))
    return notices


def _alike_columns(study: Study, runs: pd.DataFrame) -> list[str]:
    """What two runs must share to be called repetitions of one another."""
    mixes = [name for name in runs.columns if name.startswith(MIX)]
    named = [component.id for component in study.components] + list(study.analysis.block)
    columns = [*named, "base_model", "stage", "parent_run_id", *AMOUNTS, *mixes]
    return [name for name in dict.fromkeys(columns) if name in runs.columns]


def _seed_notice(table: RawTable, found: str) -> Problem:
    return Problem(
        "REUSED_SEED",
        table.at(None, "seed"),
        found,
        "a seed of its own for every run of an arm",
        "They are counted as independent trainings: make sure that each was trained on its own.",
        Severity.WARNING,
    )
