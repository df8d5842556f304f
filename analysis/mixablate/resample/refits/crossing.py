"""Whether a design is a crossing of runs and evals: run-level columns, and one free level for every eval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.resample.refits.rows import WeightedRows

__all__ = ["Crossing", "crossing", "orthogonal"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

RANK_TOLERANCE = 1e-9  # singular values relative to the largest
FEWEST_CELLS = 0.5  # of the classes x evals, that hold trials: below it a dense engine has less to do


@dataclass(frozen=True, slots=True)
class Crossing:
    """A design seen as classes of runs (C, alike in the run-level columns) x evals (E).

    Attributes:
        columns: (q, C) run-level columns, centred and orthogonal, of mean square 1.
        run_class: (n,) the class of each row.
        eval: (n,) the eval of each row.
        evals: how many there are, E.
        run_level: (p,) which columns of the design never vary within a cluster.
    """

    columns: Floats
    run_class: Ints
    eval: Ints
    evals: int
    run_level: NDArray[np.bool_]


def crossing(rows: WeightedRows) -> Crossing | None:
    """The crossing, or None where the design is another one.

    Columns that never vary within a cluster are run-level; rows alike in the others are an eval. The design is a
    crossing if its columns span all functions of the eval, which they do if they are as many as evals and independent
    centred run-level columns together.
    """
    cluster = rows.unit_cluster[rows.unit]
    _, first = np.unique(cluster, return_index=True)
    leader = np.zeros(len(rows.clusters), dtype=np.intp)
    leader[cluster[first]] = first
    run_level = (rows.design == rows.design[leader[cluster]]).all(axis=0)
    if run_level.all() or not run_level.any():
        return None
    levels, which = np.unique(rows.design[:, ~run_level], axis=0, return_inverse=True)
    classes, run_class = np.unique(rows.design[:, run_level], axis=0, return_inverse=True)
    filled = np.unique(np.column_stack([run_class.ravel(), which.ravel()]), axis=0)
    if len(levels) < 2 or len(filled) < FEWEST_CELLS * len(levels) * len(classes):
        return None
    centred, _ = orthogonal(classes - classes.mean(axis=0))
    if len(centred) + len(levels) != rows.design.shape[1]:
        return None
    return Crossing(centred, run_class.ravel(), which.ravel(), len(levels), run_level)


def orthogonal(columns: Floats) -> tuple[Floats, Floats]:
    """Orthogonal columns of mean square 1 that span the given ones (m, k), as rows (r, m); and their map (k, r).

    Given columns times the map are the orthogonal ones, for columns of full rank.
    """
    scale = np.abs(columns).max(axis=0, initial=0.0)
    scale = np.where(scale > 0, scale, 1.0)
    left, values, right = np.linalg.svd(columns / scale, full_matrices=False)
    rank = int((values > RANK_TOLERANCE * values.max(initial=1.0)).sum())
    size = np.sqrt(len(columns))
    return np.ascontiguousarray(left[:, :rank].T) * size, right[:rank].T / values[:rank] * size / scale[:, None]
