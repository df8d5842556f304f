"""Firth's penalised logit refitted to a block of replicates: finite estimates where separation leaves none.

Fisher scoring is only linear here, since its matrix leaves out how the leverages move: Anderson's mixing of the last
steps takes about a fifth of the iterations off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.resample.refits.cholesky import factors, inverses, mirrored, solutions, upper
from mixablate.resample.refits.dense import DenseEngine
from mixablate.resample.refits.engine import Block

__all__ = ["Penalised", "penalised"]

Floats = NDArray[np.float64]

CONVERGED = 1e-9  # last step; a step is then about 30 times the error that is left
MOST_STEPS = 60
SHORT = 0.1  # a scoring step from which on steps are mixed: farther out they do not yet shrink evenly
REMEMBERED = 2  # earlier steps that the next is mixed with
LEAST_MIX = 1e-12  # ridge of the least squares problem of the mixing, relative


@dataclass(frozen=True, slots=True)
class Penalised:
    """Firth's estimates of a block.

    Attributes:
        theta: (p, R) in the engine's coordinates.
        found: (R,) whether it is a maximum of the penalised likelihood.
    """

    theta: Floats
    found: NDArray[np.bool_]


def penalised(engine: DenseEngine, block: Block, start: Floats, share: float = 1.0) -> Penalised:
    """Firth's estimates of each replicate, from the start (p, R), by this share of a scoring step at a time.

    Steps are those of Fisher scoring on the score X'(k - n p + h (1/2 - p)), h the leverages, mixed with the last ones
    (Anderson 1965) once they are short, and shortened where they would move a cell's log odds far. With few rollouts
    whole steps can undo one another for ever; half steps, unmixed, then converge.

    When wrong. The penalised likelihood of separated rows can have several maxima: this is the one that the start leads
    to, and the same for all replicates only in spirit.

    Source: Firth (1993), Biometrika 80:27; Heinze & Schemper (2002).
    """
    theta, found = start.copy(), np.zeros(start.shape[1], bool)
    plain: list[Floats] = []
    taken: list[Floats] = []
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for _ in range(MOST_STEPS):
            scoring = _scoring(engine, block, theta)
            size = np.abs(scoring).max(axis=0)
            step = np.where((size <= SHORT) & (share == 1.0), _mixed(scoring, plain, taken), share * scoring)
            reach = engine.reach(block, step)
            step *= np.where(reach > 1.0, (1.0 + np.log(reach)) / reach, 1.0)
            step[:, found] = 0.0
            theta += step
            found |= size <= CONVERGED
            if found.all():
                break
            plain, taken = [*plain, scoring][-REMEMBERED:], [*taken, step][-REMEMBERED:]
    return Penalised(theta, found)


def _scoring(engine: DenseEngine, block: Block, theta: Floats) -> Floats:
    """The step (p, R) of Fisher scoring on the penalised score; NaN where the information matrix is singular."""
    rows, columns, pairs = (table[np.float64] for table in (engine.rows, engine.columns, engine.pairs))
    rate, expected, weight = block.buffers[np.float64]
    np.matmul(rows, -theta, out=rate)
    np.exp(rate, out=rate)
    rate += 1.0
    np.reciprocal(rate, out=rate)
    np.multiply(block.totals[np.float64], rate, out=expected)
    np.multiply(expected, rate, out=weight)
    np.subtract(expected, weight, out=weight)
    order = len(theta)
    triangles = factors(mirrored(pairs @ weight, order))
    inverse = inverses(triangles)
    first, second = upper(order)
    weight *= pairs.T @ (inverse[second, first] * np.where(first == second, 1.0, 2.0)[:, None])
    rate -= 0.5
    rate *= weight
    expected += rate
    slope = block.targets - columns @ expected
    lower = np.tril(np.ones((order, order)))[:, :, None] * inverse
    step = np.einsum("ijr,jr->ir", lower, slope) + np.einsum("jir,jr->ir", lower, slope)
    step -= inverse[np.arange(order), np.arange(order)] * slope
    return np.asarray(np.where(triangles.least > 0, step, np.nan))


def _mixed(scoring: Floats, plain: list[Floats], taken: list[Floats]) -> Floats:
    """The step that would end where the scoring step vanishes, were it linear in the last few differences."""
    if not plain:
        return scoring.copy()
    later = [*plain[1:], scoring]
    changes = np.stack([after - before for before, after in zip(plain, later, strict=True)])
    products = np.einsum("air,bir->abr", changes, changes)
    products[np.arange(len(plain)), np.arange(len(plain))] *= 1.0 + LEAST_MIX
    shares = solutions(factors(products), np.einsum("air,ir->ar", changes, scoring))
    return np.asarray(scoring - np.einsum("ar,air->ir", shares, changes + np.stack(taken)))
