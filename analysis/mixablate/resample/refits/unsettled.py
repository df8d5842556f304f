"""What becomes of the replicates that a few Newton steps did not settle: iterated on, or flagged with the cause.

The flags are those of linear programming (`separated`) on every replicate, though few need a program: ranks are bounded
from information matrices, separation is recognised along directions known from other replicates, and replicates that
converge with a well-conditioned information matrix have a finite maximum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.estimate.models.separation import aliased_columns, separated
from mixablate.resample.refits.build_engine import dense_engine
from mixablate.resample.refits.cholesky import factors, inverses, mirrored
from mixablate.resample.refits.dense import pair_products
from mixablate.resample.refits.directions import Directions, column_directions, recognised, tried
from mixablate.resample.refits.engine import Engine
from mixablate.resample.refits.newton import damped
from mixablate.resample.refits.replicates import RefitStatus
from mixablate.resample.refits.rows import WeightedRows, added_up, unit_kinds

__all__ = ["Unsettled", "linearly_dependent", "settle"]

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Codes = NDArray[np.int8]

CERTAIN = 1e-9  # smallest eigenvalue of a Gram matrix (largest diagonal entry 1): a singular value of 3e-5
ROUNDS = 60  # for those that have a maximum
FREE = 1e-12  # eigenvalues of the same, relative: directions that leave rows alone
PATIENT = 2  # rounds before linear programs are asked
UNDECIDED = RefitStatus.NOT_CONVERGED  # until something else is known


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Replicates to be settled (R).

    Attributes:
        weights: (U, R) of the units.
        theta: (p, R) where they stand, in the engine's coordinates.
        near: (R,) whether that is close to the maximum.
    """

    weights: Floats
    theta: Floats
    near: Booleans


def settle(engine: Engine, rows: WeightedRows, centre: Floats, pending: Unsettled) -> tuple[Floats, Codes]:
    """Coordinates (p, R), which mean nothing where a replicate is flagged, and status codes (R,)."""
    codes = np.full(pending.weights.shape[1], UNDECIDED, dtype=np.int8)
    theta = np.where(pending.near, pending.theta, centre[:, None])
    support = pending.weights > 0
    codes[linearly_dependent(engine, rows, support)] = RefitStatus.RANK_DEFICIENT
    known = tried(rows, column_directions(rows))
    codes[(codes == UNDECIDED) & recognised(known, support)[1]] = RefitStatus.SEPARATED
    left = np.flatnonzero(codes == UNDECIDED)
    theta[:, left], found = _iterated(engine, pending.weights[:, left], theta[:, left], PATIENT)
    codes[left[found]] = RefitStatus.CONVERGED
    left = left[~found]
    apart = _separated(rows, support[:, left], known)
    codes[left[apart]] = RefitStatus.SEPARATED
    left = left[~apart]
    if left.size:  # they have a maximum, far from where they were going: cell by cell, whatever its log odds
        dense = dense_engine(rows)
        start = np.linalg.solve(dense.basis, engine.basis @ centre)
        far, found = _iterated(dense, pending.weights[:, left], np.repeat(start[:, None], left.size, axis=1), ROUNDS)
        theta[:, left] = np.linalg.solve(engine.basis, dense.basis @ far)
        codes[left[found]] = RefitStatus.CONVERGED
    return theta, codes


def _iterated(engine: Engine, weights: Floats, theta: Floats, rounds: int) -> tuple[Floats, Booleans]:
    """Theta after at most so many rounds of damped steps, and which replicates converged."""
    theta, found = theta.copy(), np.zeros(theta.shape[1], dtype=bool)
    for _ in range(rounds):
        left = np.flatnonzero(~found)
        for start in range(0, left.size, engine.width):
            part = left[start : start + engine.width]
            settled = damped(engine, engine.block(np.ascontiguousarray(weights[:, part])), theta[:, part])
            theta[:, part], found[part] = settled.theta, settled.found
    return theta, found


def linearly_dependent(engine: Engine, rows: WeightedRows, support: Booleans) -> Booleans:
    """Which replicates (R) have linearly dependent columns over the rows with weight; `support` is (U, R)."""
    found = np.zeros(support.shape[1], dtype=bool)
    left = np.flatnonzero(~_surely_independent(engine, rows, support))
    if not left.size:
        return found
    known = tried(rows, column_directions(rows))
    while left.size:
        seen = recognised(known, support[:, left])[0]
        found[left[seen]] = True
        left = left[~seen]
        if left.size:
            vector = _dependence(rows.design[rows.spread(support[:, left[0]])])
            found[left[0]] = vector is not None
            if vector is not None:
                known = known.joined(tried(rows, vector[None]))
            left = left[1:]
    return found


def _surely_independent(engine: Engine, rows: WeightedRows, support: Booleans) -> Booleans:
    """Where the Gram matrix of the rows with weight has no small eigenvalue: none is below 1/trace of its inverse.

    Units with the same rows are one here, and replicates that hold the same rows are asked about once: runs drawn
    within arms leave every arm with some.
    """
    kind, firsts = unit_kinds(rows)
    held = added_up(support.T.astype(float), kind, firsts.size).T > 0  # (kinds, R)
    packed, which = np.unique(np.packbits(held, axis=0), axis=1, return_inverse=True)
    patterns = np.unpackbits(packed, axis=0, count=firsts.size).astype(float)
    kept = np.isin(rows.unit, firsts)
    along = rows.design[kept] @ engine.basis
    table, order = added_up(pair_products(along), kind[rows.unit[kept]], firsts.size), along.shape[1]
    found = []
    for start in range(0, patterns.shape[1], engine.width):
        gram = mirrored(table @ patterns[:, start : start + engine.width], order)
        largest = gram[np.arange(order), np.arange(order)].max(axis=0)
        triangles = factors(gram / np.where(largest > 0, largest, 1.0))
        found.append((triangles.least > 0) & (np.einsum("iir->r", inverses(triangles)) < 1.0 / CERTAIN))
    return np.asarray(np.concatenate(found)[which.ravel()])


def _dependence(design: Floats) -> Floats | None:
    """The coefficients (p,) of a linear dependence of the columns, or None where there is none."""
    if not aliased_columns(design):
        return None
    scale = np.abs(design).max(axis=0, initial=0.0)
    scale = np.where(scale > 0, scale, 1.0)
    scaled = design / scale
    return np.asarray(np.linalg.eigh(scaled.T @ scaled)[1][:, 0] / scale)


def _separated(rows: WeightedRows, support: Booleans, known: Directions) -> Booleans:
    """Which replicates (R), of full rank, are separated: by a known direction, or by a linear program of their own."""
    found = np.zeros(support.shape[1], dtype=bool)
    left = np.arange(support.shape[1])
    while left.size:
        seen = recognised(known, support[:, left])[1]
        found[left[seen]] = True
        left = left[~seen]
        if left.size:
            kept = rows.spread(support[:, left[0]])
            separation = separated(rows.design[kept], rows.events[kept], rows.trials[kept])
            found[left[0]] = not separation.finite
            if not separation.finite:
                favoured = np.flatnonzero(kept)[list(separation.rows)]
                known = known.joined(tried(rows, _favouring(rows, kept, favoured)[None]))
            left = left[1:]
    return found


def _favouring(rows: WeightedRows, kept: Booleans, favoured: NDArray[np.intp]) -> Floats:
    """A direction (p,) that leaves the other rows alone and should score the favoured ones towards their outcomes."""
    scale = np.abs(rows.design).max(axis=0)
    scaled, still = rows.design / scale, kept.copy()
    still[favoured] = False
    values, vectors = np.linalg.eigh(scaled[still].T @ scaled[still])
    free = vectors[:, values <= FREE * max(float(values[-1]), 1.0)]
    towards = np.where(rows.events[favoured] > 0, 1.0, -1.0) @ scaled[favoured]
    return np.asarray(free @ (free.T @ towards) / scale)
