"""What the two engines (crossed, dense) have in common: a block of replicates, and one Newton step for all of them.

Replicates (R) are always the last axis, so that elementwise work runs along them and everything else is one matrix
product for the whole block.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mixablate.resample.refits.cholesky import Kind, Reals

__all__ = ["BLOCK_CELLS", "LEAST_INFORMATION", "Block", "Curvature", "Engine", "Precision", "block_width"]

Floats = NDArray[np.float64]

LEAST_INFORMATION = 1e-11  # relative to trials x squares of the column; a score is right to 1e-16 of them
BLOCK_CELLS = 3 * 2**17  # cells times replicates of a block: an array of them in double precision is 3 MB


class Precision(StrEnum):
    """Of the score and of the curvature in one Newton step.

    The fixed point is where the score is zero, whatever the curvature: only the last steps need a score in double
    precision, and none but those of nearly singular replicates a curvature in it. Single precision takes half the time.
    """

    SINGLE = "single"
    MIXED = "score in double, curvature in single"
    DOUBLE = "double"

    @property
    def score(self) -> Kind:
        """The type in which rates and their score are computed."""
        return np.float32 if self is Precision.SINGLE else np.float64

    @property
    def curvature(self) -> Kind:
        """The type in which the information is added up and factored."""
        return np.float64 if self is Precision.DOUBLE else np.float32


@dataclass(frozen=True, slots=True)
class Block:
    """Replicates that are refitted together.

    Attributes:
        weights: (U, R) of the units.
        totals: trials (cells..., R) by type: in double, and the same in single precision.
        targets: (p, R) the events along each column of the engine's basis: what the score leaves from.
        floor: (p, R) below which the information on a column is not told from none: the score, a difference of sums
            over trials, is then lost in their rounding, and would be taken for 0 where coefficients run off.
        buffers: three arrays by type, shaped as the totals, to be overwritten.
    """

    weights: Floats
    totals: dict[Kind, Reals]
    targets: Floats
    floor: Floats
    buffers: dict[Kind, tuple[Reals, Reals, Reals]]


class Curvature(Protocol):
    """A factored information matrix for each replicate of a block."""

    @property
    def least(self) -> Reals:
        """(R,) the smallest relative pivot; 0 where the matrix is singular to its precision."""

    def solved(self, score: Reals) -> Reals:
        """The Newton steps (p, R) for these scores (p, R), which it may overwrite."""


class Engine(Protocol):
    """A binomial logit's likelihood for blocks of replicates, in coordinates (theta) of its own."""

    @property
    def basis(self) -> Floats:
        """(p, p): coefficients of the plan's columns = basis @ theta."""

    @property
    def width(self) -> int:
        """Replicates of a block that stays in cache."""

    @property
    def keeps_curvature(self) -> bool:
        """Whether a curvature costs so much more than a score that the last steps had better share one."""

    @property
    def tabled(self) -> bool:
        """Whether the start takes a step from the fit of the full data, by a table of units; else it is that fit."""

    def block(self, weights: Floats, buffers: dict[Kind, tuple[Reals, Reals, Reals]] | None = None) -> Block:
        """The block of these weights of the units (U, R)."""

    def start(self, block: Block) -> Floats:
        """(p, R): a good guess, from the scores and curvature of the units at the fit of the full data."""

    def newton(
        self, block: Block, theta: Floats, precision: Precision, held: Curvature | None = None
    ) -> tuple[Floats, Curvature]:
        """The Newton step (p, R) from theta (p, R), by the curvature there or the one that is held."""

    def reach(self, block: Block, step: Floats) -> Floats:
        """(R,) a bound on how far a step (p, R) moves the log odds of any cell with trials."""


def block_width(cells: int) -> int:
    """Replicates of a block: a multiple of 16, from 16 to 512."""
    return int(np.clip(BLOCK_CELLS // max(cells, 1) // 16 * 16, 16, 512))
