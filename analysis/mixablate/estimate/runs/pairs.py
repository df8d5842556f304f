"""Runs matched over arms: cell means within complete pairs, and their spread over pairs, block by block.

A pair lies in one block: pairs of the same name in two blocks are two pairs, and a pair is complete when it holds every
cell of the contrast that lies in its block.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.estimate.runs.cells import CellArrays, satterthwaite
from mixablate.estimate.runs.summaries import RunSummaries

__all__ = ["PairedRuns", "paired_cells", "paired_differences", "paired_runs", "paired_spread"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class PairedRuns:
    """Complete pairs of a contrast.

    Attributes:
        means: (P, C) mean of the pair's runs in each cell; 0 in the cells of other blocks.
        block: (P,) the block of each pair, as a code.
        cell_block: (C,) the block of each cell.
        counts: (B,) complete pairs in each block.
    """

    means: Floats
    block: Ints
    cell_block: Ints
    counts: Ints

    @property
    def cells(self) -> Floats:
        """(C,) mean over the complete pairs of the cell's block; NaN where it has none."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.means.sum(axis=0) / self.counts[self.cell_block])


def paired_runs(values: Floats, summaries: RunSummaries, cells: CellArrays) -> PairedRuns:
    """The complete pairs of a contrast of which every cell has a run; incomplete ones are left out."""
    blocks = np.array(summaries.blocks or ("",) * len(summaries.pairs))[cells.rows]
    names, run_block = np.unique(blocks, return_inverse=True)
    cell_block = np.zeros(cells.coefficients.size, dtype=np.intp)
    cell_block[cells.cell] = run_block
    _, pairs = np.unique(np.array(summaries.pairs)[cells.rows], return_inverse=True)
    units, codes = np.unique(np.stack([run_block, pairs]), axis=1, return_inverse=True)
    shape = (units.shape[1], cells.coefficients.size)
    sums, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, (codes.ravel(), cells.cell), values[cells.rows])
    np.add.at(counts, (codes.ravel(), cells.cell), 1.0)
    complete = ((counts > 0.0) | (cell_block[None, :] != units[0][:, None])).all(axis=1)
    block = units[0][complete].astype(np.intp)
    means = sums[complete] / np.maximum(counts[complete], 1.0)
    return PairedRuns(means, block, cell_block, np.bincount(block, minlength=names.size))


def paired_cells(values: Floats, summaries: RunSummaries, cells: CellArrays) -> Floats:
    """Cell means within each complete pair, (P, C), 0 in the cells of other blocks than the pair's."""
    return paired_runs(values, summaries, cells).means


def paired_spread(paired: PairedRuns, weights: Floats) -> tuple[float, float]:
    """Standard error and degrees of freedom of the weighted sum of cell means, each block's pairs on their own.

    SE^2 = sum over blocks of s^2/n with Satterthwaite's degrees of freedom; in one block t with pairs - 1. NaN where a
    block has fewer than two complete pairs.
    """
    if (paired.counts < 2).any():
        return math.nan, math.nan
    differences = paired.means @ weights
    shares = np.array([differences[paired.block == b].var(ddof=1) / n for b, n in enumerate(paired.counts)])
    return math.sqrt(float(shares.sum())), float(satterthwaite(shares, paired.counts.astype(float)))


def paired_differences(values: Floats, summaries: RunSummaries, cells: CellArrays, *, boundary: float = 0.0) -> Floats:
    """(P,) differences within pairs less the boundary, scaled so that their mean is the contrast less the boundary.

    In one block the plain differences; over several, each block's pairs weigh as much as the block does in the
    contrast. Every entry is as likely to be positive as negative where the effect is `boundary` in every block.
    """
    paired = paired_runs(values, summaries, cells)
    positive = np.clip(cells.coefficients, 0.0, None)
    share = np.bincount(paired.cell_block, positive, minlength=paired.counts.size)
    scale = len(paired.block) / paired.counts[paired.block]
    return np.asarray(scale * (paired.means @ cells.coefficients - share[paired.block] * boundary))
