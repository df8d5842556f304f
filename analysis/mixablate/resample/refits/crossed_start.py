"""Where the refits of a crossed design start: an expansion of the score around the fit of the full data.

The score and the information of a replicate at that fit are weighted sums over runs, and so is the second derivative
along a step: all are matrix products over a table of runs, without an exponential.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.resample.refits.cholesky import mirrored, upper
from mixablate.resample.refits.engine import Curvature

__all__ = ["CrossedStart", "crossed_start", "started"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CrossedStart:
    """Tables of G runs at the fit of the full data; q run-level columns, E evals.

    Attributes:
        columns: (q, G) the run-level columns.
        table: (q(q + 1)/2 + qE + E + q + E, G) information by pairs of columns, by column and eval, by eval; score by
            column, by eval.
        bend: (G, E) the derivative of the information in each cell; `bend_evals` its transpose.
        bend_evals: see bend.
    """

    columns: Floats
    table: Floats
    bend: Floats
    bend_evals: Floats


def crossed_start(columns: Floats, trials: Floats, events: Floats, log_odds: Floats) -> CrossedStart:
    """The tables.

    Args:
        columns: (q, G).
        trials: (G, E), 0 where a cell is missing.
        events: (G, E).
        log_odds: (G, E) of the fit.
    """
    rate = 1.0 / (1.0 + np.exp(-log_odds))
    information, score = trials * rate * (1.0 - rate), events - trials * rate
    bend = information * (1.0 - 2.0 * rate)
    first, second = upper(len(columns))
    crossed = (columns[:, None] * information.T[None]).reshape(-1, len(trials))
    table = [
        columns[first] * columns[second] * information.sum(axis=1),
        crossed,
        information.T,
        columns * score.sum(axis=1),
        score.T,
    ]
    return CrossedStart(columns, np.vstack(table), bend, np.ascontiguousarray(bend.T))


def started(start: CrossedStart, weights: Floats, factored: Callable[[Floats, Floats, Floats], Curvature]) -> Floats:
    """The step (q + E, R) to first and second order, from weights (G, R).

    With d the Newton step and b(d) the second derivative along it, d - H^-1 b(d) / 2 (Chebyshev's method).
    """
    (q, _), (evals, _) = start.columns.shape, start.bend_evals.shape
    sizes = np.cumsum([q * (q + 1) // 2, q * evals, evals])
    runs, mixed, diagonal, score = np.split(start.table @ weights, sizes)
    curvature = factored(
        np.asarray(mirrored(runs, q), dtype=float), mixed.reshape(q, evals, weights.shape[1]), diagonal
    )
    first = np.asarray(curvature.solved(score), dtype=float)
    return np.asarray(first + curvature.solved(-0.5 * _second(start, weights, first)), dtype=float)


def _second(start: CrossedStart, weights: Floats, step: Floats) -> Floats:
    """The second derivative of the score along the step, sign changed, (q + E, R)."""
    q, width = len(start.columns), weights.shape[1]
    run, evals = start.columns.T @ step[:q], step[q:]
    weighted = weights * run
    along = start.bend @ np.hstack([evals, evals**2])
    by_run = weights * along[:, width:] + weighted * (2.0 * along[:, :width] + run * start.bend.sum(axis=1)[:, None])
    powers = start.bend_evals @ np.hstack([weights, weighted, weighted * run])
    plain, linear, square = powers[:, :width], powers[:, width : 2 * width], powers[:, 2 * width :]
    return np.vstack([start.columns @ by_run, square + evals * (2.0 * linear + evals * plain)])
