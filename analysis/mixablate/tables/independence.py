"""Whether two rows of the runs table can be two trained models: seeds and checkpoint hashes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from mixablate.errors import Problem, Severity, counted
from mixablate.study import Correlates, Efficient, Study
from mixablate.tables.contract import AMOUNTS, FEATURE
from mixablate.tables.frames import Tables
from mixablate.tables.mixes import MIX, one_mix
from mixablate.tables.names import joined, looks_missing, shown
from mixablate.tables.raw import RawTable, text_cells, text_column
from mixablate.tables.subsets import without_runs

__all__ = ["counted_once", "counted_once_words", "independence_problems", "seed_notices"]

COUNTED = "They are counted as independent trainings: make sure that each was trained on its own."
LISTED = 3
REUSED = "REUSED_SEED"
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


def counted_once(study: Study, tables: Tables) -> Tables:
    """The tables with one run of each arm and seed, which may be one training under several names, and all as `named`.

    As they are where no seed is repeated, or the study calls such runs trainings of their own. The run that stays is
    the one with the most evals, then rollouts, then the first by its id; what was trained from the others is its.
    """
    if study.analysis.same_seed == "independent":
        return tables
    stays = {run_id: group[0] for group in _of_one_seed(study, tables) for run_id in group[1:]}
    if not stays:
        return tables
    left = without_runs(tables, stays)
    parents = [stays.get(str(parent), parent) for parent in left.runs["parent_run_id"].tolist()]
    return replace(left, runs=left.runs.assign(parent_run_id=text_column(parents)), named=tables)


def counted_once_words(study: Study, tables: Tables) -> str:
    """Which runs are counted once, in a sentence, each group with the run that stays first; "" where none are."""
    if tables.named is None:
        return ""
    groups = _of_one_seed(study, tables.named)
    listed = "; ".join(_group_words(group) for group in groups[:LISTED])
    further = len(groups) - LISTED
    more = f" and {counted(further, 'more seed')}" if further > 0 else ""
    return f"Runs of one arm with one seed are counted once, as the first: {listed}{more}"


def _group_words(group: Sequence[str]) -> str:
    shown_ids = [f'"{run_id}"' for run_id in group]
    if len(group) <= LISTED:
        return " and ".join(shown_ids)
    return f"{', '.join(shown_ids[:LISTED])} and {len(group) - LISTED} more"


def seed_notices(tables: Tables) -> tuple[Problem, ...]:
    """The notices on seeds, where they make the runs fewer than were named."""
    return tuple(notice for notice in tables.notices if notice.code == REUSED) if tables.named is not None else ()


def _of_one_seed(study: Study, tables: Tables) -> list[tuple[str, ...]]:
    """The groups of runs that share a seed and all that makes an arm, the one with the most outcomes first in each."""
    seen = tables.headline.assign(trials=tables.headline["n_trials"].fillna(0)).groupby("run_id")
    evals, trials = seen["eval_id"].nunique().to_dict(), seen["trials"].sum().to_dict()
    groups = [
        tuple(sorted(same, key=lambda run_id: (-evals.get(run_id, 0), -trials.get(run_id, 0), run_id)))
        for by_seed in _by_seed(study, tables.runs)
        for seed, same in by_seed.items()
        if seed is not None and len(same) > 1
    ]
    return sorted(groups)


def _by_seed(study: Study, runs: pd.DataFrame) -> list[dict[str | None, list[str]]]:
    """Of each arm of several runs: seed -> its runs. Runs trained from runs of one seed have one parent here."""
    alike = [one_mix(runs[name]) if name.startswith(MIX) else runs[name] for name in _alike_columns(study, runs)]
    rows = list(zip(*map(_known, alike), strict=True))
    seeds = [None if seed is None or looks_missing(str(seed)) else seed for seed in _known(runs["seed"])]
    parents = _known(runs["parent_run_id"])
    while True:
        arms: dict[tuple[object, ...], dict[str | None, list[str]]] = {}
        for run_id, seed, parent, key in zip(runs["run_id"].tolist(), seeds, parents, rows, strict=True):
            arm = arms.setdefault((parent, *key), {})
            arm.setdefault(None if seed is None else str(seed), []).append(str(run_id))
        found = [by_seed for by_seed in arms.values() if sum(map(len, by_seed.values())) > 1]
        if study.analysis.same_seed == "independent":
            return found
        first = {run_id: same[0] for arm in found for seed, same in arm.items() if seed is not None for run_id in same}
        joint = [first.get(str(parent), parent) for parent in parents]
        if joint == parents:
            return found
        parents = joint


def _known(column: pd.Series) -> list[object]:
    return [None if value != value else value for value in column.tolist()]


def _seed_notices(study: Study, table: RawTable, runs: pd.DataFrame) -> list[Problem]:
    reused = [
        f"{joined(sorted(same))} (seed {seed})"
        for by_seed in _by_seed(study, runs)
        for seed, same in by_seed.items()
        if seed is not None and len(same) > 1
    ]
    without = [run_id for by_seed in _by_seed(study, runs) for run_id in by_seed.get(None, [])]
    notices = []
    if reused:
        once = "They are counted once, for they may be one training; if each was trained on its own, "
        remedy = once + 'declare same_seed = "independent" under [analysis].'
        if study.analysis.same_seed == "independent":
            remedy = COUNTED
        found = f"one seed for several runs of one arm: {'; '.join(sorted(reused))}"
        notices.append(_seed_notice(table, found, remedy))
    if without:
        found = f"no seed for runs of one arm: {joined(sorted(without))}"
        if "seed" not in table:
            found = f"no column seed, and {counted(len(without), 'run')} in arms of several"
        notices.append(_seed_notice(table, found, COUNTED))
    return notices


def _alike_columns(study: Study, runs: pd.DataFrame) -> list[str]:
    """What two runs must share to be called repetitions of one another, beside their parent."""
    analysis = study.analysis
    data = [name for name in runs.columns if name.startswith((MIX, FEATURE))]
    named = [*(component.id for component in study.components), *analysis.block, *analysis.covariates, analysis.pair]
    columns = [*named, *_numbers_of_claims(study), "base_model", "stage", *AMOUNTS, *data]
    return [name for name in dict.fromkeys(columns) if name in runs.columns and name != "seed"]


def _numbers_of_claims(study: Study) -> list[str]:
    """The run columns that claims read numbers from."""
    named: list[str] = []
    for claim in study.claims:
        if isinstance(claim, Correlates):
            named += [claim.column, *claim.given]
        elif isinstance(claim, Efficient):
            named.append(claim.per)
    return named


def _seed_notice(table: RawTable, found: str, remedy: str) -> Problem:
    return Problem(
        REUSED,
        table.at(None, "seed") if "seed" in table else table.place,
        found,
        "a seed of its own for every run of an arm",
        remedy,
        Severity.WARNING,
    )
