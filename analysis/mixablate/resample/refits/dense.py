"""Any other design: scores and information matrices of a block of replicates as matrix products over distinct rows.

Rows alike in design are one cell, however many runs share it. The information of a replicate is a product of the table
of column pairs (p(p + 1)/2 by cells) and the replicate's weights, the one cost that grows with p squared: it is done
once or twice in single precision and kept for the last steps where it outweighs the scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mixablate.resample.refits.cholesky import Factors, Kind, Reals, factors, mirrored, solutions, upper
from mixablate.resample.refits.engine import LEAST_INFORMATION, Block, Curvature, Precision

__all__ = ["DenseEngine", "FullCurvature", "pair_products"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FullCurvature:
    """A factored information matrix of order p for each replicate."""

    triangles: Factors

    @property
    def least(self) -> Reals:
        """(R,) the smallest relative pivot."""
        return self.triangles.least

    def solved(self, score: Reals) -> Reals:
        """The Newton steps (p, R) for these scores, which it overwrites."""
        return solutions(self.triangles, score)


@dataclass(frozen=True, slots=True)
class DenseEngine:
    """The likelihood of a design of m distinct rows (cells) and p columns, made orthogonal.

    Attributes:
        basis: (p, p).
        width: replicates of a block.
        keeps_curvature: whether the last steps share one.
        columns: (p, m) by type.
        rows: (m, p) by type.
        pairs: (p(p + 1)/2, m) by type: products of two columns.
        trials: (m, U) by type: trials of each unit in each cell.
        events: (p, U) of each unit along each column.
        squares: (p, U) trials of each unit times the column squared.
        begin: (p(p + 1)/2 + p, U) information and score of each unit at the fit of the full data; None where units are
            too many for a table: then the start is `centre`.
        centre: (p,) the fit of the full data.
    """

    basis: Floats
    width: int
    keeps_curvature: bool
    columns: dict[Kind, Reals]
    rows: dict[Kind, Reals]
    pairs: dict[Kind, Reals]
    trials: dict[Kind, csr_array]
    events: Floats
    squares: Floats
    begin: Floats | None
    centre: Floats

    @property
    def tabled(self) -> bool:
        """Whether `begin` is there."""
        return self.begin is not None

    def block(self, weights: Floats, buffers: dict[Kind, tuple[Reals, Reals, Reals]] | None = None) -> Block:
        """The block of these weights of the units (U, R)."""
        totals = {dtype: matrix @ weights.astype(dtype) for dtype, matrix in self.trials.items()}
        shape = totals[np.float64].shape
        if buffers is None or buffers[np.float64][0].shape != shape:
            buffers = {
                dtype: (np.empty(shape, dtype), np.empty(shape, dtype), np.empty(shape, dtype)) for dtype in totals
            }
        return Block(weights, totals, self.events @ weights, LEAST_INFORMATION * (self.squares @ weights), buffers)

    def start(self, block: Block) -> Floats:
        """(p, R): one Newton step from the fit of the full data, or that fit."""
        p = len(self.basis)
        if self.begin is None:
            return np.repeat(self.centre[:, None], block.weights.shape[1], axis=1)
        summed = self.begin @ block.weights
        return np.asarray(
            self.centre[:, None] + FullCurvature(factors(mirrored(summed[:-p], p))).solved(summed[-p:].copy())
        )

    def newton(
        self, block: Block, theta: Floats, precision: Precision, held: Curvature | None = None
    ) -> tuple[Floats, Curvature]:
        """The Newton step (p, R) from theta, by the curvature there or the one that is held."""
        score = precision.score
        rate, expected, information = block.buffers[score]
        np.matmul(self.rows[score], (-theta).astype(score), out=rate)
        with np.errstate(over="ignore"):
            np.exp(rate, out=rate)
        rate += 1.0
        np.divide(block.totals[score], rate, out=expected)
        slope = block.targets - self.columns[score] @ expected
        if held is None:
            p, dtype = len(self.basis), precision.curvature
            np.divide(expected, rate, out=rate)
            weights = information if dtype == score else block.buffers[dtype][2]
            np.subtract(expected, rate, out=weights, casting="same_kind")
            held = FullCurvature(factors(mirrored(self.pairs[dtype] @ weights, p), floor=block.floor))
        return held.solved(slope.astype(precision.curvature)).astype(np.float64), held

    def reach(self, block: Block, step: Floats) -> Floats:
        """(R,) the farthest move of a cell with trials."""
        moves = np.abs(self.rows[np.float64] @ step)
        return np.asarray(np.where(block.totals[np.float64] > 0, moves, 0.0).max(axis=0))


def pair_products(rows: Reals) -> Reals:
    """Products of two columns (p(p + 1)/2, m) of rows (m, p), in the order of `numpy.triu_indices`."""
    first, second = upper(rows.shape[1])
    columns = rows.T
    return np.ascontiguousarray(columns[first] * columns[second])
