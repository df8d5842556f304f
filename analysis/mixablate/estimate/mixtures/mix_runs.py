"""The mixes of a study's runs: which parts vary, what else was varied beside them, and where changes start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.design import Design
from mixablate.errors import DesignError, Problem, nearest
from mixablate.estimate.mixtures.compositions import closed
from mixablate.estimate.mixtures.directions import MixReference
from mixablate.estimate.mixtures.mix_regression import MixRuns
from mixablate.study import ComponentType, Study
from mixablate.tables import Tables

__all__ = ["StudyMix", "mix_of_study", "runs_with"]

Floats = NDArray[np.float64]

MIX = "mix."


@dataclass(frozen=True, slots=True)
class StudyMix:
    """The mixes of all runs whose mix and components are known.

    Attributes:
        runs: one row each.
        labels: of the parts that vary.
        constant: (label, fraction) of the parts that never vary; they stay where they are.
        reference: where changes start.
        reference_words: where that mix comes from.
        moved_along: components that are parts of the mix themselves, and so are not held fixed beside it.
    """

    runs: MixRuns
    labels: tuple[str, ...]
    constant: tuple[tuple[str, float], ...]
    reference: MixReference
    reference_words: str
    moved_along: tuple[str, ...]


def mix_of_study(study: Study, tables: Tables, design: Design) -> StudyMix | None:
    """The mixes of the study's runs; None where fewer than two parts vary.

    Fractions are closed (divided by their sum, which the tables hold to 1 within `mix_tolerance`), token counts made
    fractions. Runs of an unknown mix or with an unknown component are left out.

    Raises:
        DesignError: a part that `[mixture]` names and the runs table does not have.
    """
    columns = sorted(name for name in tables.runs.columns if name.startswith(MIX))
    parts = [name.removeprefix(MIX) for name in columns]
    _refuse_unknown(study, parts)
    if len(parts) < 2:
        return None
    amounts = tables.runs[columns].to_numpy(float)
    known = np.isfinite(amounts).all(axis=1)
    beside = pd.DataFrame(dict(_process(study, tables, parts)), index=tables.runs.index)
    known &= np.isfinite(beside.to_numpy(float)).all(axis=1)
    if known.sum() < 2:
        return None
    fractions = closed(amounts[known])
    varies = np.ptp(fractions, axis=0) > max(study.analysis.mix_tolerance, 1e-9)
    if varies.sum() < 2:
        return None
    labels = [study.mixture.labels.get(part, part) for part in parts]
    process = beside[known].loc[:, lambda rows: rows.nunique() > 1]
    run_ids = tables.runs.loc[known, "run_id"].astype(str).tolist()
    pairs = dict(design.pairs)
    runs = MixRuns(
        parts=tuple(part for part, moves in zip(parts, varies, strict=True) if moves),
        fractions=fractions[:, varies],
        process=process.to_numpy(float),
        process_names=tuple(str(name) for name in process.columns),
        crossed=study.mixture.crossed and process.shape[1] > 0,
        run_ids=tuple(run_ids),
        clusters=tuple(pairs.get(run_id) or run_id for run_id in run_ids),
    )
    start, words = _reference(study, design, parts, fractions, run_ids)
    start = start[varies] * (fractions[:, varies].sum(axis=1).mean() / start[varies].sum())
    return StudyMix(
        runs=runs,
        labels=tuple(label for label, moves in zip(labels, varies, strict=True) if moves),
        constant=tuple((labels[i], float(fractions[0, i])) for i in np.flatnonzero(~varies)),
        reference=MixReference(start, runs.fractions.min(axis=0), runs.fractions.max(axis=0)),
        reference_words=words,
        moved_along=tuple(c.id for c in study.components if _is_part(c.id, c.column, parts)),
    )


def runs_with(runs: MixRuns, run_ids: Sequence[str]) -> tuple[MixRuns, NDArray[np.intp]]:
    """The runs of known mixes among these, in this order, and their positions among `run_ids`."""
    place = {run_id: row for row, run_id in enumerate(runs.run_ids)}
    kept = [position for position, run_id in enumerate(run_ids) if run_id in place]
    rows = [place[run_ids[position]] for position in kept]
    chosen = MixRuns(
        runs.parts,
        runs.fractions[rows],
        runs.process[rows],
        runs.process_names,
        runs.crossed,
        tuple(runs.run_ids[row] for row in rows),
        tuple(runs.clusters[row] for row in rows),
    )
    return chosen, np.array(kept, dtype=np.intp)


def _refuse_unknown(study: Study, parts: Sequence[str]) -> None:
    problems = [
        Problem(
            "MIXTURE_PART",
            f"study.toml, key mixture.{key}.{name}",
            f'the unknown part "{name}"',
            "a part of the mix: a runs column mix.<part>" + ("" if parts else ", and the runs table has none"),
            nearest(name, parts),
        )
        for key, named in (("reference", study.mixture.reference), ("labels", study.mixture.labels))
        for name in named
        if name not in parts
    ]
    if problems:
        raise DesignError(problems)


def _is_part(component_id: str, column: str, parts: Sequence[str]) -> bool:
    return column.startswith(MIX) or component_id in parts or column in parts


def _process(study: Study, tables: Tables, parts: Sequence[str]) -> Iterator[tuple[str, pd.Series]]:
    """Columns of what was varied beside the mix: 0 at a component's baseline; NaN where unknown."""
    pair = study.analysis.pair
    for component in study.components:
        if _is_part(component.id, component.column, parts) or component.column == pair:
            continue
        values = tables.runs[component.id]
        if component.type is ComponentType.CATEGORY:
            yield from _dummies(component.id, values, component.baseline)
        else:
            yield component.id, values.astype(float) - float(component.baseline or 0.0)
    for name in study.analysis.block:
        yield from _dummies(name, tables.runs[name], None)
    for name in study.analysis.covariates:
        values = tables.runs[name]
        if pd.api.types.is_numeric_dtype(values):
            yield name, values.astype(float)
        else:
            yield from _dummies(name, values, None)


def _dummies(name: str, values: pd.Series, baseline: object) -> Iterator[tuple[str, pd.Series]]:
    missing = values.isna()
    levels = sorted(values[~missing].astype(str).unique())
    first = baseline if baseline in levels else next(iter(levels), None)
    for level in levels:
        if level != first:
            yield f"{name}={level}", (values.astype(str) == level).astype(float).mask(missing)


def _reference(
    study: Study, design: Design, parts: Sequence[str], fractions: Floats, run_ids: Sequence[str]
) -> tuple[Floats, str]:
    """The mix where changes start, (D,), and where it comes from."""
    declared = study.mixture.reference
    if declared:
        mix = np.array([declared.get(part, 0.0) for part in parts])
        return mix / mix.sum(), "as declared"
    wanted = {component.id: component.baseline for component in study.components}
    baseline = {i for arm in design.arms if arm.known and dict(arm.levels) == wanted for i in arm.run_ids}
    rows = [row for row, run_id in enumerate(run_ids) if run_id in baseline]
    if rows and np.ptp(fractions[rows], axis=0).max() <= max(study.analysis.mix_tolerance, 1e-9):
        return fractions[rows].mean(axis=0), "the baseline arm's"
    return fractions.mean(axis=0), f"the mean of {len(fractions)} runs"
