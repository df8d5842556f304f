"""Newton's method for blocks of replicates: a fixed short schedule for all, a damped long one for those it leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.resample.refits.cholesky import Reals
from mixablate.resample.refits.engine import Block, Engine, Precision

__all__ = ["DAMPED_STEPS", "Settled", "damped", "settled_at_once"]

Floats = NDArray[np.float64]

ERROR = 2e-11  # of an accepted estimate, in log odds: far below the 1e-8 that replicates are promised to be right to
LOSS = {np.dtype(np.float32): 1e-6, np.dtype(np.float64): 1e-15}  # of a matrix added up in this type, relative
NEAR = 0.5  # log odds: a last step this short is worth going on from
LAST_STEPS = 4  # that share a kept curvature
DAMPED_STEPS = 6


@dataclass(frozen=True, slots=True)
class Settled:
    """Where a block's replicates stand.

    Attributes:
        theta: (p, R) in the engine's coordinates.
        found: (R,) whether it is the maximum, to `ERROR`.
        near: (R,) whether it is close to the maximum: the last step was short, by a curvature that is not singular.
    """

    theta: Floats
    found: NDArray[np.bool_]
    near: NDArray[np.bool_]


def settled_at_once(engine: Engine, block: Block, singles: int) -> Settled:
    """The replicates after the schedule: a start, `singles` steps in single precision, and a last one in double.

    What is accepted depends on each replicate alone, never on those it shares the block with. Where a step s moves log
    odds by d, the information changes along it by a factor between e^-d and e^d, so that Newton's method leaves an
    error of at most about s d/2; a curvature held since log odds were d away leaves s d/2 too, and one that is wrong by
    the share r another r s. Columns have mean square 1, so that d is about sqrt(p) times the largest entry of s.
    """
    theta, held = engine.start(block), None
    bend = np.sqrt(len(theta)) / 2
    size, found = np.zeros(theta.shape[1]), np.zeros(theta.shape[1], bool)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for _ in range(singles):
            step, held = engine.newton(block, theta, Precision.SINGLE)
            theta += step
            size = np.abs(step).max(axis=0)
        moved = size
        for _ in range(LAST_STEPS if engine.keeps_curvature else 1):
            step, curvature = engine.newton(block, theta, Precision.MIXED, held if engine.keeps_curvature else None)
            theta = np.where(found, theta, theta + step)
            size = np.abs(step).max(axis=0)
            moved = np.maximum(moved, size) if engine.keeps_curvature else size
            found |= size * (bend * moved + _loss(curvature.least)) <= ERROR
            if found.all():
                break
    return Settled(theta, found, (size < NEAR) & (curvature.least > 0))


def damped(engine: Engine, block: Block, theta: Floats, steps: int = DAMPED_STEPS) -> Settled:
    """The replicates after at most so many steps in double precision from theta (p, R), which is left as it is.

    A step that would move some cell's log odds by d > 1 is shortened to (1 + log d)/d of itself: the information
    changes by at most e^d over it, so that longer ones cannot be trusted.

    Source: Sun & Tran-Dinh (2019), Math. Programming 178:145, for damping of generalised self-concordant functions.
    """
    bend = np.sqrt(len(theta)) / 2
    theta, found = theta.copy(), np.zeros(theta.shape[1], bool)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for _ in range(steps):
            step, curvature = engine.newton(block, theta, Precision.DOUBLE)
            reach = engine.reach(block, step)
            step *= np.where(reach > 1.0, (1.0 + np.log(reach)) / reach, 1.0)
            theta = np.where(found, theta, theta + step)
            size = np.abs(step).max(axis=0)
            found |= size * (bend * size + _loss(curvature.least)) <= ERROR
            if found.all():
                break
    return Settled(theta, found, (size < NEAR) & (curvature.least > 0))


def _loss(least: Reals) -> Reals:
    """The relative error of a step by a matrix whose smallest relative pivot is `least`; infinite where it is 0."""
    return LOSS[least.dtype] / least
