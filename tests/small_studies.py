"""Small studies made in memory, for tests that state their counts by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import TypeAdapter

from mixablate.design import Contrast, Design, design_of, switch
from mixablate.estimate import RunSummaries, outcome_of, summarise
from mixablate.study import Analysis, Claim, Component, ComponentType, Study, TablePaths
from mixablate.tables import Tables, tables_from_frames

FLAGS = ("tools", "prompts")
CLAIM: TypeAdapter[Claim] = TypeAdapter(Claim)


def flag(name: str, **keys: Any) -> Component:
    """A flag component named like a column."""
    return Component(**{"id": name, "label": name.title(), "column": name, "baseline": 0.0, "target": 1.0} | keys)


def claim(**keys: Any) -> Claim:
    """A claim on blackmail about tools unless told otherwise."""
    evals = {} if "domain" in keys else {"evals": ("blackmail",)}
    return CLAIM.validate_python({"id": "c", "text": "t", "components": ("tools",)} | evals | keys)


def study_of(
    components: Sequence[Component | str] = FLAGS, claims: Sequence[Claim] = (), seed: int = 7, **analysis: Any
) -> Study:
    """A study of these components (names are flags)."""
    return Study(
        title="A small study",
        seed=seed,
        tables=TablePaths(runs="runs.csv", outcomes="outcomes.csv", evals="evals.csv"),
        analysis=Analysis(**({"draws": 999} | analysis)),
        components=tuple(flag(c) if isinstance(c, str) else c for c in components),
        claims=tuple(claims),
        folder=Path(),
    )


def tables_of(
    study: Study,
    cells: Sequence[tuple[Mapping[str, object], Sequence[int] | Mapping[str, Sequence[int]]]],
    *,
    trials: int = 100,
    missing: int = 0,
    evals: Mapping[str, Mapping[str, object]] | None = None,
    run_columns: Mapping[str, Sequence[object]] | None = None,
) -> Tables:
    """Tables of cells: the runs-table columns of an arm, and one event count per run (or per eval, one per run).

    `run_columns` adds columns over all runs in the order they are made.
    """
    runs, outcomes = [], []
    for position, (levels, counts) in enumerate(cells):
        by_eval = counts if isinstance(counts, Mapping) else {"blackmail": counts}
        for index in range(max(len(c) for c in by_eval.values())):
            run_id = f"arm{position}/é{index:02d}"
            runs.append({"run_id": run_id, "base_model": "m", "seed": str(index)} | dict(levels))
            for eval_id, events in by_eval.items():
                if index < len(events):
                    outcomes.append(
                        {"run_id": run_id, "eval_id": eval_id, "n_trials": trials + missing, "n_events": events[index]}
                        | {"n_missing": missing}
                    )
    frame = pd.DataFrame(runs).assign(**dict(run_columns or {}))
    names = sorted({str(row["eval_id"]) for row in outcomes})
    return tables_from_frames(study, runs=frame, outcomes=pd.DataFrame(outcomes), evals=evals_frame(names, evals or {}))


def evals_frame(names: Sequence[str], keys: Mapping[str, Mapping[str, object]]) -> pd.DataFrame:
    """An evals table, in-distribution and lower-is-better unless told otherwise."""
    base = {"domain": "in_distribution", "direction": "lower"}
    return pd.DataFrame([{"eval_id": name, "label": name.title()} | base | dict(keys.get(name, {})) for name in names])


def summaries_of(study: Study, tables: Tables, *evals: str) -> tuple[RunSummaries, Design]:
    """Per-run summaries of these evals (blackmail) and the design."""
    design = design_of(study, tables)
    return summarise(tables, design, outcome_of(tables, evals or ("blackmail",))), design


def contrast_of(design: Design, *components: str, **keys: Any) -> Contrast:
    """The contrast of these components (tools)."""
    return switch(design, components or ("tools",), name="+".join(components or ("tools",)), **keys)


__all__ = ["ComponentType", "claim", "contrast_of", "evals_frame", "flag", "study_of", "summaries_of", "tables_of"]
