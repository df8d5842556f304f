"""Where the likelihood of a mixed logit is highest, and how sharply it falls off there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from mixablate.estimate.models.mixed_logit_laplace import MixedCells, conditional_modes, laplace
from mixablate.estimate.models.mixed_logit_quadrature import quadrature

__all__ = ["Maximum", "maximise"]

Floats = NDArray[np.float64]
Objective = Callable[[Floats], tuple[float, Floats]]

START_SD = 0.5  # log odds
ZERO_SD = 1e-4  # log odds; an SD that comes to less is 0 (as lme4's isSingular has it)
GRADIENTS = 1e-3, 1e-6  # in the metric of the start, where line searches end; the second if the first was not enough
NEAR, CLOSE = 1e-5, 1e-9  # distance from the maximum in standard errors: Newton's Hessian holds there; converged
MOST_NEWTON = 8
STEP = 1e-3  # of the gradient's difference quotients, in standard errors


@dataclass(frozen=True, slots=True)
class Maximum:
    """The maximum over p coefficients and two SDs.

    Attributes:
        parameters: (p + 2,), SDs 0 or more.
        covariance: (p + 2, p + 2), the inverse of the negative second derivative; 0 for SDs at 0.
        log_likelihood: without binomial constants.
    """

    parameters: Floats
    covariance: Floats
    log_likelihood: float


def maximise(cells: MixedCells, groupings: int, nodes: int) -> Maximum | None:
    """The joint maximum over coefficients and the SDs of the first `groupings` groupings, or None without one.

    Quasi-Newton steps on the exact gradient, then Newton's on its difference quotients. The SDs are searched on their
    own scale, in which the likelihood is even and smooth: an SD of 0 is reached like any other value, where its
    logarithm would run off. An SD that ends at 0 is held there and the rest is found again.
    """
    p = cells.design.shape[1]
    free = np.arange(p + 2) < p + groupings
    start = np.concatenate([_first_coefficients(cells), np.where(free[p:], START_SD, 0.0)])
    while True:
        found = _climb(cells, nodes if free[p] else 1, start, free)
        if found is None:
            return None
        vanished = free & (np.arange(p + 2) >= p) & (found.parameters < ZERO_SD)
        if not vanished.any():
            return found
        start = np.where(vanished, 0.0, found.parameters)
        free &= ~vanished


def _climb(cells: MixedCells, nodes: int, start: Floats, free: NDArray[np.bool_]) -> Maximum | None:
    """The maximum over the free parameters, the others as at the start; None without convergence."""
    for gradient in GRADIENTS:
        try:
            root = _root(cells, start, free)
            z = _descended(_depth(cells, nodes, start, free, root), len(root), gradient)
            start = _moved(start, free, root @ z)
            found = _newton(_depth(cells, nodes, start, free, root), len(root))
        except (ArithmeticError, np.linalg.LinAlgError):  # parameters ran off to where rates are 0 or 1 in doubles
            return None
        if found is not None:
            z, covariance, depth = found
            parameters, whole = _moved(start, free, root @ z), np.zeros((len(start), len(start)))
            parameters[-2:] = np.abs(parameters[-2:])
            whole[np.ix_(free, free)] = root @ covariance @ root.T
            return Maximum(parameters, whole, -depth)
    return None


def _newton(depth: Objective, size: int) -> tuple[Floats, Floats, float] | None:
    """The minimum by Newton's steps from 0, the inverse second derivative and the value; None where it is not near."""
    z, scale = np.zeros(size), np.ones(size)
    for _ in range(MOST_NEWTON):
        hessian = _second_derivative(depth, z, scale)
        if not (np.isfinite(hessian).all() and np.linalg.eigvalsh(hessian).min() > 0):
            return None
        covariance = np.asarray(np.linalg.inv(hessian), dtype=float)
        scale = np.sqrt(np.diag(covariance))
        distances: list[float] = []
        while len(distances) < MOST_NEWTON and not (distances and distances[-1] < CLOSE):
            value, gradient = depth(z)
            distances.append(float(np.sqrt(gradient @ covariance @ gradient)))
            z = z - covariance @ gradient
        if distances[0] < NEAR and distances[-1] < CLOSE:
            return z, covariance, value
    return None


def _depth(cells: MixedCells, nodes: int, start: Floats, free: NDArray[np.bool_], root: Floats) -> Objective:
    """The negative log-likelihood with its gradient, by steps from the start in units of the root of a metric."""
    near = conditional_modes(cells, cells.design @ start[:-2], start[-2:])

    def depth(z: Floats) -> tuple[float, Floats]:
        parameters = _moved(start, free, root @ z)
        height, gradient = (
            laplace(cells, parameters, near) if nodes == 1 else quadrature(cells, parameters, nodes, near)
        )
        return -height, -(root.T @ gradient[free])

    return depth


def _moved(start: Floats, free: NDArray[np.bool_], step: Floats) -> Floats:
    parameters = start.copy()
    parameters[free] += step
    return parameters


def _descended(depth: Objective, size: int, gradient: float) -> Floats:
    """Where quasi-Newton steps from 0 end: with a line search down to this gradient, then without."""
    found = minimize(depth, np.zeros(size), jac=True, method="BFGS", options={"gtol": gradient})
    z, inverse, last = np.asarray(found.x), np.asarray(found.hess_inv), np.inf
    for _ in range(MOST_NEWTON):
        slope = depth(z)[1]
        distance = float(np.sqrt(max(0.0, slope @ inverse @ slope)))
        if not NEAR / 10 < distance < last:
            break
        z, last = z - inverse @ slope, distance
    return z


def _first_coefficients(cells: MixedCells) -> Floats:
    """Weighted least squares on the cells' empirical logits."""
    others = cells.trials - cells.events
    weight = np.sqrt((cells.events + 0.5) * (others + 0.5) / (cells.trials + 1))
    response = np.log((cells.events + 0.5) / (others + 0.5))
    return np.asarray(np.linalg.lstsq(cells.design * weight[:, None], response * weight)[0])


def _root(cells: MixedCells, start: Floats, free: NDArray[np.bool_]) -> Floats:
    """The Cholesky root of a guess at the covariance of coefficients given the SDs, and of SDs by themselves."""
    p = cells.design.shape[1]
    sds = start[p:]
    modes = conditional_modes(cells, cells.design @ start[:p], sds)
    weighted = modes.weight[:, None] * cells.design
    sums = [np.zeros((size, p)) for size in cells.sizes]
    np.add.at(sums[0], cells.wide, sds[0] * weighted)
    np.add.at(sums[1], cells.narrow, sds[1] * weighted)
    solved = modes.curvature.solve(sums[0], sums[1])
    information = cells.design.T @ weighted - sums[0].T @ solved[0] - sums[1].T @ solved[1]
    metric = np.zeros((p + 2, p + 2))
    metric[:p, :p] = np.linalg.inv((information + information.T) / 2)
    metric[p, p], metric[p + 1, p + 1] = START_SD**2 / (2 * np.array(cells.sizes))
    return np.linalg.cholesky(metric[np.ix_(free, free)])


def _second_derivative(depth: Objective, z: Floats, scale: Floats) -> Floats:
    """(q, q), by central differences of the gradient."""
    steps = STEP * scale
    slopes = np.stack([depth(z + step)[1] - depth(z - step)[1] for step in np.diag(steps)]) / (2 * steps[:, None])
    return np.asarray((slopes + slopes.T) / 2)
