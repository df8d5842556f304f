"""Runs crossed with evals: log odds are a run's part plus an eval's, so exponentials are outer products.

With log odds a_c'alpha + delta_e the expected events of a cell are n / (1 + exp(-a_c'alpha) exp(-delta_e)): C + E
exponentials for C x E cells. The information of the evals is diagonal, so that eliminating them (a Schur complement)
leaves one small matrix of the run-level columns, whose parts are matrix products over all replicates of a block.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mixablate.resample.refits.cholesky import Factors, Kind, Reals, factors, mirrored, solutions
from mixablate.resample.refits.crossed_start import CrossedStart, started
from mixablate.resample.refits.engine import LEAST_INFORMATION, Block, Curvature, Precision

__all__ = ["Arrow", "CrossedEngine", "arrow"]

Floats = NDArray[np.float64]

FARTHEST = {np.float64: 300.0, np.float32: 40.0}  # log odds whose exponentials multiply within the type


@dataclass(frozen=True, slots=True)
class Arrow:
    """A factored information matrix whose lower right block (evals) is diagonal; R replicates.

    Attributes:
        schur: factors of the run-level block after the evals are eliminated, (q, q, R).
        shares: (q, E, R) the off-diagonal block over the diagonal one.
        inverse: (E, R) of the diagonal block; 0 where an eval has no information.
        least: (R,) the smallest relative pivot.
    """

    schur: Factors
    shares: Reals
    inverse: Reals
    least: Reals

    def solved(self, score: Reals) -> Reals:
        """The Newton steps (q + E, R) for these scores, which it overwrites."""
        q = len(self.shares)
        runs = score[:q] - np.einsum("ier,er->ir", self.shares, score[q:])
        score[:q] = solutions(self.schur, runs)
        score[q:] *= self.inverse
        score[q:] -= np.einsum("ier,ir->er", self.shares, score[:q])
        return score


def arrow(runs: Reals, mixed: Reals, evals: Reals, floor: Reals) -> Arrow:
    """The factors of an information matrix given by its blocks.

    Args:
        runs: (q, q, R), overwritten.
        mixed: (q, E, R).
        evals: (E, R) the diagonal of the third block.
        floor: (q + E, R) below which information is none.
    """
    q = len(runs)
    scale = runs[np.arange(q), np.arange(q)]
    informed = evals > floor[q:]
    inverse = np.where(informed, 1.0 / np.where(informed, evals, 1.0), 0.0).astype(evals.dtype, copy=False)
    shares = mixed * inverse
    runs -= np.einsum("ier,jer->ijr", shares, mixed)
    schur = factors(runs, scale, floor[:q])
    return Arrow(schur, shares, inverse, np.where(informed.all(axis=0), schur.least, 0.0))


@dataclass(frozen=True, slots=True)
class CrossedEngine:
    """The likelihood of a crossed design: C classes of runs alike in their columns, E evals, q run-level columns.

    theta is alpha (q), of centred and orthogonal run-level columns, then delta (E), one for every eval.

    Attributes:
        basis: (q + E, q + E).
        width: replicates of a block.
        columns: (q, C) by type: the run-level columns; `lifted`: (q + 1, C) with a row of ones below them.
        lifted: see columns.
        pairs: (q(q + 1)/2, C) by type: products of two columns.
        trials: (C x E, U) by type: trials of each unit in each cell.
        events: (q + E, U) of each unit along each column.
        squares: (q + E, U) trials of each unit times the column squared.
        begin: what the start needs; None where units are too many for tables: then from `centre`.
        centre: (q + E,) the fit of the full data.
    """

    basis: Floats
    width: int
    columns: dict[Kind, Reals]
    lifted: dict[Kind, Reals]
    pairs: dict[Kind, Reals]
    trials: dict[Kind, csr_array]
    events: Floats
    squares: Floats
    begin: CrossedStart | None
    centre: Floats

    keeps_curvature = False

    @property
    def tabled(self) -> bool:
        """Whether `begin` is there."""
        return self.begin is not None

    def block(self, weights: Floats, buffers: dict[Kind, tuple[Reals, Reals, Reals]] | None = None) -> Block:
        """The block of these weights of the units (U, R)."""
        (q, classes), width = self.columns[np.float64].shape, weights.shape[1]
        shape = (classes, len(self.basis) - q, width)
        totals = {dtype: (matrix @ weights.astype(dtype)).reshape(shape) for dtype, matrix in self.trials.items()}
        if buffers is None or buffers[np.float64][0].shape != shape:
            buffers = {
                dtype: (np.empty(shape, dtype), np.empty(shape, dtype), np.empty(shape, dtype)) for dtype in totals
            }
        return Block(weights, totals, self.events @ weights, LEAST_INFORMATION * (self.squares @ weights), buffers)

    def start(self, block: Block) -> Floats:
        """(q + E, R): two terms of the expansion around the fit of the full data, or that fit."""
        if self.begin is None:
            return np.repeat(self.centre[:, None], block.weights.shape[1], axis=1)
        steps = started(self.begin, block.weights, partial(arrow, floor=block.floor))
        return np.asarray(self.centre[:, None] + steps)

    def newton(
        self, block: Block, theta: Floats, precision: Precision, held: Curvature | None = None
    ) -> tuple[Floats, Curvature]:
        """The Newton step (q + E, R) from theta, by the curvature there or the one that is held."""
        score, odds = precision.score, self._odds(theta, precision.score)
        below, expected, _ = block.buffers[score]
        np.add(odds[0][:, None], odds[1], out=below)
        np.multiply(block.totals[score], odds[0][:, None], out=expected)
        np.divide(expected, below, out=expected)
        q = len(self.columns[score])
        slope = block.targets.copy()
        slope[:q] -= self.columns[score] @ np.add.reduce(expected, axis=1)
        slope[q:] -= np.add.reduce(expected, axis=0)
        if held is None:
            held = self._curvature(block, expected, below, odds[1], precision)
        return held.solved(slope.astype(precision.curvature)).astype(np.float64), held

    def reach(self, block: Block, step: Floats) -> Floats:
        """(R,) the farthest move of a run's part plus the farthest of an eval's, of those with trials."""
        columns = self.columns[np.float64]
        q, present = len(columns), block.totals[np.float32] > 0
        runs = np.where(present.any(axis=1), np.abs(columns.T @ step[:q]), 0.0)
        evals = np.where(present.any(axis=0), np.abs(step[q:]), 0.0)
        return np.asarray(runs.max(axis=0) + evals.max(axis=0))

    def _odds(self, theta: Floats, dtype: Kind) -> tuple[Reals, Reals]:
        """Exponentials: (C, R) of the runs' parts, (E, R) of minus the evals' parts."""
        columns = self.columns[np.float64]
        farthest = FARTHEST[dtype]
        runs = np.clip(columns.T @ theta[: len(columns)], -farthest, farthest)
        evals = np.clip(theta[len(columns) :], -farthest, farthest)
        return np.exp(runs).astype(dtype, copy=False), np.exp(-evals).astype(dtype, copy=False)

    def _curvature(self, block: Block, expected: Reals, below: Reals, evals: Reals, precision: Precision) -> Arrow:
        dtype = precision.curvature
        slack = block.buffers[dtype][2]  # the information of a cell without the eval's factor
        np.divide(expected, below, out=slack, casting="same_kind")
        evals = evals.astype(dtype, copy=False)
        lifted = self.lifted[dtype]
        crossed = (lifted @ slack.reshape(len(slack), -1)).reshape(len(lifted), *evals.shape)
        crossed *= evals
        by_class = np.einsum("cer,er->cr", slack, evals)
        return arrow(mirrored(self.pairs[dtype] @ by_class, len(lifted) - 1), crossed[:-1], crossed[-1], block.floor)
