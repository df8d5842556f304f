"""Directions along which coefficients run off or are free, known once and then recognised in any replicate.

A replicate is a subset of the units. If along a direction every row with events scores 0 or more and every row with
non-events 0 or less, the replicate is separated; if every row scores 0, its columns are linearly dependent. A direction
found in one replicate is tested on all the others by one matrix product, so that few need a linear program.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.resample.refits.rows import WeightedRows

__all__ = ["Directions", "column_directions", "recognised", "tried"]

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

ZERO = 1e-9  # scores of columns scaled to 1, along a direction whose largest entry is 1: rounding
CLEAR = 1e-4  # smallest score that counts as one: a direction with scores in between decides nothing


@dataclass(frozen=True, slots=True)
class Directions:
    """What D directions do to the rows of each unit (U).

    Attributes:
        wrong: (D, U) 1 where a row is scored against its outcomes, in single precision.
        moved: (D, U) 1 where a row is scored at all.
    """

    wrong: NDArray[np.float32]
    moved: NDArray[np.float32]

    def joined(self, others: Directions) -> Directions:
        """These and those."""
        return Directions(np.vstack([self.wrong, others.wrong]), np.vstack([self.moved, others.moved]))


def tried(rows: WeightedRows, vectors: Floats) -> Directions:
    """The directions (D, p) that score every row clearly: at 0 or by a visible amount; the others are left out."""
    scale = np.abs(rows.design).max(axis=0)
    scaled = vectors * scale
    largest = np.abs(scaled).max(axis=1)
    usable = np.isfinite(largest) & (largest > 0)
    scores = (scaled[usable] / largest[usable, None]) @ (rows.design / scale).T
    size = np.abs(scores)
    clear = ((size <= ZERO) | (size >= CLEAR)).all(axis=1)
    scores = np.where(size[clear] <= ZERO, 0.0, scores[clear])
    wrong = ((scores < 0) & (rows.events > 0)) | ((scores > 0) & (rows.events < rows.trials))
    return Directions(_any_by_unit(wrong, rows), _any_by_unit(scores != 0, rows))


def column_directions(rows: WeightedRows) -> Floats:
    """Directions (D, p) along single columns: each away from its smallest and its largest value, both ways.

    Where the design holds a constant: a component without events, and one without events but with it.
    """
    order = rows.design.shape[1]
    scale = np.abs(rows.design).max(axis=0)
    constant, *_ = np.linalg.lstsq(rows.design / scale, np.ones(len(rows.design)), rcond=None)
    constant = constant / scale
    held = bool(np.abs(rows.design @ constant - 1.0).max() < ZERO)
    alone = np.eye(order)
    shifted = [alone - bound[:, None] * constant for bound in (rows.design.min(axis=0), rows.design.max(axis=0))]
    found = np.vstack([alone, *shifted, constant[None]]) if held else alone
    return np.vstack([found, -found])


def recognised(known: Directions, support: Booleans) -> tuple[Booleans, Booleans]:
    """Which replicates (R) have dependent columns, and which are separated, by some known direction.

    A replicate of which neither is said may still be either.

    Args:
        known: the directions.
        support: (U, R) whether a unit has weight.
    """
    present = support.astype(np.float32)
    right, still = known.wrong @ present == 0, known.moved @ present == 0
    return still.any(axis=0), (right & ~still).any(axis=0)


def _any_by_unit(flags: Booleans, rows: WeightedRows) -> NDArray[np.float32]:
    """(D, n) flags of rows as (D, U): 1 where any row of the unit has it."""
    found = np.zeros((rows.units, len(flags)), dtype=np.float32)
    where = np.argwhere(flags)
    found[rows.unit[where[:, 1]], where[:, 0]] = 1.0
    return np.ascontiguousarray(found.T)
