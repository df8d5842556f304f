"""Rows of counts added up where they are alike, and how those cells are separated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mixablate.errors import DesignError, Problem, counted
from mixablate.estimate.models.separation import Separation, SeparationKind, aliased_columns, check_rows, separated

__all__ = ["CountCells", "count_cells", "separation_of", "separation_words"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CountCells:
    """Counts by cluster and distinct design row (c of them).

    Attributes:
        design: (c, p).
        events, trials: (c,), trials above 0.
        clusters: (c,) labels.
        cell: (n,) the cell of each given row, -1 for rows without trials.
    """

    design: Floats
    events: Floats
    trials: Floats
    clusters: NDArray[np.str_]
    cell: NDArray[np.intp]


def count_cells(
    design: Floats, events: Floats, trials: Floats, clusters: Sequence[object], names: Sequence[str]
) -> CountCells:
    """The rows with trials, those alike in cluster and design added up: 0/1 rows become the counts they make.

    Sorted by cluster and design, so that neither the order nor the splitting of the rows moves a digit.

    Args:
        design: (n, p).
        events: (n,), 0 to trials.
        trials: (n,), 0 or more.
        clusters: (n,) labels.
        names: (p,) of the columns, for messages.

    Raises:
        DesignError: columns that are linear combinations of others, or no rows with trials.
        ValueError: shapes that do not fit, values that are not finite, or events outside 0 to trials.
    """
    check_rows(design, events, trials)
    if not (len(names) == design.shape[1] and len(clusters) == len(design)):
        raise ValueError(
            f"design {design.shape} needs as many names and clusters, found {len(names)} and {len(clusters)}"
        )
    used = trials > 0
    labels, codes = np.unique([str(label) for label in clusters], return_inverse=True)
    keys, found = np.unique(np.column_stack([codes, design])[used], axis=0, return_inverse=True)
    cell = np.full(len(design), -1, dtype=np.intp)
    cell[used] = found.ravel()
    _refuse_aliased(keys[:, 1:], names)
    return CountCells(
        keys[:, 1:],
        np.asarray(np.bincount(cell[used], events[used], len(keys)), dtype=float),
        np.asarray(np.bincount(cell[used], trials[used], len(keys)), dtype=float),
        labels[keys[:, 0].astype(np.intp)],
        cell,
    )


def separation_of(cells: CountCells) -> Separation:
    """How the cells are separated, told in terms of the given rows."""
    found = separated(cells.design, cells.events, cells.trials)
    return replace(found, rows=tuple(np.flatnonzero(np.isin(cells.cell, found.rows)).tolist()))


def separation_words(separation: Separation, names: Sequence[str]) -> str:
    """Its kind, how many rows are fitted at 0 or 1, and the columns without a finite estimate; empty where all have."""
    if separation.finite:
        return ""
    columns = ", ".join(f'"{names[i]}"' for i in separation.columns)
    complete = separation.kind is SeparationKind.COMPLETE
    rows = "every row" if complete else counted(len(separation.rows), "row")
    return f"{separation.kind} separation: {rows} fitted at a rate of exactly 0 or 1, no finite estimate for {columns}"


def _refuse_aliased(design: Floats, names: Sequence[str]) -> None:
    if len(design) == 0:
        raise DesignError(
            Problem(
                "NO_ROWS", "the logit", "no row with trials", "at least one scored rollout", "Check the missing counts."
            )
        )
    aliased = aliased_columns(design)
    if aliased:
        raise DesignError(
            Problem(
                "ALIASED",
                "the logit",
                "columns that are linear combinations of one another: " + ", ".join(f'"{names[i]}"' for i in aliased),
                "columns that vary separately over the runs",
                "Leave one of them out, or train the arm in which they differ.",
            )
        )
