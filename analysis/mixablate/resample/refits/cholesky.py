"""Cholesky factors of many small matrices at once, the replicates (R) in the last axis.

Every step is then one vector operation over all replicates, and a singular matrix is a column with a small pivot: it
neither stops nor slows the others, as it would in a batch of LAPACK calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Factors", "Kind", "Reals", "factors", "inverses", "mirrored", "solutions", "upper"]

Reals = NDArray[np.floating[Any]]
"""Of double or single precision."""

Kind = type[np.float64] | type[np.float32]
"""The precision itself."""

SMALLEST_PIVOT = {np.dtype(np.float64): 1e-11, np.dtype(np.float32): 3e-6}


@dataclass(frozen=True, slots=True)
class Factors:
    """Lower triangles of R symmetric matrices of order p.

    Attributes:
        lower: (p, p, R), with the reciprocals of the pivots on the diagonal; a pivot too small to trust has 0 there,
            and its coordinate of a solution is 0. What stands above the diagonal means nothing.
        least: (R,) the smallest pivot relative to its scale; 0 where one was too small to trust.
    """

    lower: Reals
    least: Reals


def factors(matrices: Reals, scale: Reals | None = None, floor: Reals | float = 0.0) -> Factors:
    """Cholesky factors of symmetric matrices, whose memory they take over.

    Args:
        matrices: (p, p, R), positive semidefinite up to rounding; only the lower triangle is read.
        scale: (p, R) that pivots are compared with; the diagonal if not given.
        floor: (p, R) below which a pivot is too small whatever it is compared with.
    """
    order, dtype = len(matrices), matrices.dtype
    diagonal = np.arange(order)
    measure = np.array(matrices[diagonal, diagonal] if scale is None else scale)
    smallest = SMALLEST_PIVOT[dtype]
    floors = np.broadcast_to(floor, measure.shape)
    least = np.full(matrices.shape[2], np.inf, dtype)
    with np.errstate(divide="ignore", invalid="ignore"):
        for j in range(order):
            if j:
                matrices[j:, j] -= np.einsum("ikr,kr->ir", matrices[j:, :j], matrices[j, :j])
            relative = matrices[j, j] / measure[j]
            sound = (relative > smallest) & (matrices[j, j] > floors[j])
            np.minimum(least, np.where(sound, relative, 0.0), out=least)
            matrices[j, j] = np.where(sound, 1.0 / np.sqrt(matrices[j, j]), 0.0)
            matrices[j + 1 :, j] *= matrices[j, j]
    return Factors(matrices, least)


def solutions(triangles: Factors, sides: Reals) -> Reals:
    """The solutions (p, R) of the factored matrices for right-hand sides (p, R), whose memory they take over."""
    lower, order = triangles.lower, len(sides)
    for j in range(order):
        if j:
            sides[j] -= np.einsum("kr,kr->r", lower[j, :j], sides[:j])
        sides[j] *= lower[j, j]
    for j in range(order - 1, -1, -1):
        if j + 1 < order:
            sides[j] -= np.einsum("kr,kr->r", lower[j + 1 :, j], sides[j + 1 :])
        sides[j] *= lower[j, j]
    return sides


def inverses(triangles: Factors) -> Reals:
    """The inverses (p, p, R) of the factored matrices; only their lower triangles are filled."""
    lower = triangles.lower
    order = len(lower)
    roots = np.zeros_like(lower)
    for j in range(order):
        roots[j, j] = lower[j, j]
        if j:
            roots[j, :j] = -lower[j, j] * np.einsum("kr,kir->ir", lower[j, :j], roots[:j, :j])
    found = np.zeros_like(lower)
    for j in range(order):
        found[j, : j + 1] = np.einsum("kr,kir->ir", roots[j:, j], roots[j:, : j + 1])
    return found


def mirrored(packed: Reals, order: int) -> Reals:
    """Symmetric matrices (p, p, R) of their upper triangles (p(p + 1)/2, R), row by row as `numpy.triu_indices`."""
    rows, columns = upper(order)
    full = np.empty((order, order, packed.shape[1]), packed.dtype)
    full[rows, columns] = packed
    full[columns, rows] = packed
    return full


@cache
def upper(order: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The places of an upper triangle, row by row, as `numpy.triu_indices`, which is slow to find them."""
    return np.triu_indices(order)
