"""Cell means of runs, for one vector of run values or for many at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mixablate.design import Contrast
from mixablate.estimate.runs.summaries import RunSummaries

__all__ = [
    "CellArrays",
    "cell_arrays",
    "cell_moments",
    "runs_on_sides",
    "satterthwaite",
    "side_level",
    "studentised",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class CellArrays:
    """The runs of a contrast, by cell.

    Attributes:
        rows: (R,) positions of the runs in their summaries.
        cell: (R,) the cell (arm) of each run.
        coefficients: (C,) the contrast's, summing to 0.
        counts: (C,) runs per cell.
        stratum: (C,) the stratum of each cell, -1 where the contrast has none.
        arm_ids: the cells, in arm order.
        indicator: (R, C) of 0 and 1.
    """

    rows: Ints
    cell: Ints
    coefficients: Floats
    counts: Floats
    stratum: Ints
    arm_ids: tuple[str, ...]
    indicator: Floats


@lru_cache(maxsize=8)  # one effect asks for the same cells several times
def cell_arrays(summaries: RunSummaries, contrast: Contrast) -> CellArrays:
    """The contrast's cells among these runs; an arm whose runs are all absent is a cell of 0 runs."""
    arm_ids = tuple(arm_id for arm_id, _ in contrast.coefficients)
    nobody = np.array([], dtype=np.intp)
    by_cell = [summaries.rows_of.get(arm_id, nobody) for arm_id in arm_ids]
    counts = np.array([len(rows) for rows in by_cell], dtype=np.intp)
    rows = np.concatenate([nobody, *by_cell])
    order = np.argsort(rows)
    rows, cell = rows[order], np.repeat(np.arange(len(arm_ids)), counts)[order]
    strata = dict(contrast.strata)
    return CellArrays(
        rows,
        cell,
        np.array([c for _, c in contrast.coefficients]),
        counts.astype(float),
        np.array([strata.get(arm_id, -1) for arm_id in arm_ids], dtype=np.intp),
        arm_ids,
        (cell[:, None] == np.arange(len(arm_ids))[None, :]).astype(float),
    )


def cell_moments(values: Floats, cells: CellArrays) -> tuple[Floats, Floats]:
    """Cell means and the estimated variances s^2/n of those means; values (..., R) give (..., C) each.

    A cell of one run has variance NaN: one run says nothing about run-to-run spread.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        means = values @ cells.indicator / cells.counts
        deviations = values - means @ cells.indicator.T
        variances = deviations**2 @ cells.indicator / (cells.counts * (cells.counts - 1.0))
    return means, variances


def satterthwaite(shares: Floats, counts: Floats) -> Floats:
    """Degrees of freedom of sum of c^2 s^2/n: (sum v)^2 / sum(v^2 / (n - 1)); shares v (..., C) (Satterthwaite 1946).

    Where every share is zero (all runs of every cell alike) the residual count is returned: the interval has width 0
    whatever the df.
    """
    total = shares.sum(axis=-1)
    spread = (shares**2 / np.maximum(counts - 1.0, 1.0)).sum(axis=-1)
    residual = float(np.maximum(counts - 1.0, 0.0).sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 0.0, total**2 / np.where(spread > 0.0, spread, 1.0), residual)


def studentised(values: Floats, cells: CellArrays, boundary: float = 0.0) -> Floats:
    """(c'means - boundary) / SE for each row of values (B, R): the Welch t of two arms, its generalisation to several.

    A zero standard error gives minus or plus infinity, or 0 where the contrast equals the boundary.
    """
    means, variances = cell_moments(values, cells)
    gap = means @ cells.coefficients - boundary
    error = np.sqrt(variances @ cells.coefficients**2)
    tiny = 1e-12 * np.maximum(1.0, np.abs(values).max(axis=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        flat = np.where(np.abs(gap) <= tiny, 0.0, np.copysign(np.inf, gap))
        return np.where(error > tiny, gap / np.where(error > tiny, error, 1.0), flat)


def side_level(summaries: RunSummaries, contrast: Contrast, sign: float) -> float | None:
    """The mean run rate (or score) of one side, arms weighted as in the contrast."""
    cells = cell_arrays(summaries, contrast)
    weights = np.clip(sign * cells.coefficients, 0.0, None)
    if not weights.sum() > 0.0 or (cells.counts[weights > 0.0] == 0).any():
        return None
    sums = np.bincount(cells.cell, summaries.level[cells.rows], minlength=weights.size)
    return float(weights / weights.sum() @ (sums / np.maximum(cells.counts, 1.0)))


def runs_on_sides(cells: CellArrays) -> tuple[int, int]:
    """Runs on the treated and on the reference side."""
    treated = int(cells.counts[cells.coefficients > 0].sum())
    return treated, int(cells.counts[cells.coefficients < 0].sum())
