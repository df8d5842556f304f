"""Where the likelihood of a mixed logit is highest, and how sharply it falls off there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from mixablate.estimate.models.mixed_logit_laplace import (
    MixedCells,
    Modes,
    conditional_modes,
    determinant_slopes,
    laplace_at,
    profile_curvature,
)
from mixablate.estimate.models.mixed_logit_quadrature import quadrature
from mixablate.estimate.models.mixed_logit_start import first_parameters, metric_root

__all__ = ["Maximum", "maximise"]

Floats = NDArray[np.float64]
Objective = Callable[[Floats], tuple[float, Floats]]

ZERO_SD = 1e-4  # log odds; an SD that comes to less is 0 (as lme4's isSingular has it)
GRADIENTS = 1e-3, 1e-6  # in the metric of the start, where line searches end; the second if the first was not enough
NEAR, CLOSE = 1e-5, 1e-9  # distance from the maximum in standard errors: Newton's Hessian holds there; converged
MOST_NEWTON = 8
STEP = 1e-3  # of central difference quotients of the gradient, in standard errors
SHORT_STEP = 1e-6  # of one-sided ones, where they are a small part of the second derivative


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

    Quasi-Newton steps on the exact gradient, then Newton's with the second derivative. The SDs are searched on their
    own scale, in which the likelihood is even and smooth: an SD of 0 is reached like any other value, where its
    logarithm would run off. An SD that ends at 0 is held there and the rest is found again.
    """
    p = cells.design.shape[1]
    free = np.arange(p + 2) < p + groupings
    start = first_parameters(cells, free[p:])
    while True:
        found = _climb(cells, nodes if free[p] else 1, start, free)
        if found is None:
            return None
        vanished = free & (np.arange(p + 2) >= p) & (found.parameters < ZERO_SD)
        if not vanished.any():
            return found
        start = np.where(vanished, 0.0, found.parameters)
        free &= ~vanished


@dataclass(frozen=True, slots=True)
class _Surface:
    """The log-likelihood over the free parameters, by steps z (q,) from a start in units of the root of a metric."""

    cells: MixedCells
    nodes: int
    start: Floats
    free: NDArray[np.bool_]
    root: Floats

    def parameters(self, z: Floats) -> Floats:
        """(p + 2,)."""
        moved = self.start.copy()
        moved[self.free] += self.root @ z
        return moved

    def modes(self, z: Floats, near: Modes | None = None) -> Modes:
        """Of the random effects."""
        at = self.parameters(z)
        return conditional_modes(self.cells, self.cells.design @ at[:-2], at[-2:], near)


def _climb(cells: MixedCells, nodes: int, start: Floats, free: NDArray[np.bool_]) -> Maximum | None:
    """The maximum over the free parameters, the others as at the start; None without convergence."""
    for gradient in GRADIENTS:
        try:
            near = conditional_modes(cells, cells.design @ start[:-2], start[-2:])
            root = metric_root(cells, free, near)
            surface = _Surface(cells, nodes, start, free, root)
            start = surface.parameters(_descended(_depth(surface, near), len(root), gradient))
            surface = replace(surface, start=start)
            found = _newton(surface)
        except (ArithmeticError, np.linalg.LinAlgError):  # parameters ran off to where rates are 0 or 1 in doubles
            return None
        if found is not None:
            z, covariance, depth = found
            parameters, whole = surface.parameters(z), np.zeros((len(start), len(start)))
            parameters[-2:] = np.abs(parameters[-2:])
            whole[np.ix_(free, free)] = root @ covariance @ root.T
            return Maximum(parameters, whole, -depth)
    return None


def _newton(surface: _Surface) -> tuple[Floats, Floats, float] | None:
    """The minimum by Newton's steps from 0, the inverse second derivative and the value; None where it is not near."""
    z, scale = np.zeros(len(surface.root)), np.ones(len(surface.root))
    near = surface.modes(z)
    depth = _depth(surface, near)
    for _ in range(MOST_NEWTON):
        hessian = _second_derivative(surface, z, scale, near)
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


def _depth(surface: _Surface, near: Modes) -> Objective:
    """The negative log-likelihood with its gradient; modes are looked for from the last ones, and found anyway."""

    def depth(z: Floats) -> tuple[float, Floats]:
        nonlocal near
        if surface.nodes == 1:
            near = surface.modes(z, near)
            height, gradient = laplace_at(surface.cells, near)
        else:
            height, gradient = quadrature(surface.cells, surface.parameters(z), surface.nodes, near)
        return -height, -(surface.root.T @ gradient[surface.free])

    return depth


def _descended(depth: Objective, size: int, gradient: float) -> Floats:
    """Where quasi-Newton steps from 0 end: with a line search down to this gradient, then without."""
    found = minimize(depth, np.zeros(size), jac=True, method="BFGS", options={"gtol": gradient})
    z, inverse, last = np.asarray(found.x), np.asarray(found.hess_inv), np.inf
    slope = depth(z)[1]
    for _ in range(MOST_NEWTON):
        distance = float(np.sqrt(max(0.0, slope @ inverse @ slope)))
        if not NEAR / 100 < distance < last:
            break
        step, before, last = -inverse @ slope, slope, distance
        z, slope = z + step, depth(z + step)[1]
        inverse = _updated(inverse, step, slope - before)
    return z


def _updated(inverse: Floats, step: Floats, change: Floats) -> Floats:
    """The inverse second derivative after a step with this change of the gradient, by the BFGS formula."""
    along = float(step @ change)
    if not along > 0:
        return inverse
    left = np.eye(len(step)) - np.outer(step, change) / along
    return left @ inverse @ left.T + np.outer(step, step) / along


def _second_derivative(surface: _Surface, z: Floats, scale: Floats, near: Modes) -> Floats:
    """(q, q), of the negative log-likelihood."""
    if surface.nodes > 1:
        depth, steps = _depth(surface, near), np.diag(STEP * scale)
        slopes = np.stack([depth(z + step)[1] - depth(z - step)[1] for step in steps]) / (2 * STEP * scale[:, None])
    else:
        slopes = _laplace_curvature(surface, z, SHORT_STEP * scale, surface.modes(z, near))
    return np.asarray((slopes + slopes.T) / 2)


def _laplace_curvature(surface: _Surface, z: Floats, steps: Floats, modes: Modes) -> Floats:
    """The penalised log-likelihood's part, exact, and the determinant's by difference quotients (q, q); not symmetric.

    The second is the smaller by the number of trials, but for the SDs: quotients of short steps (q,) do.
    """
    free = surface.free
    moves = np.zeros((len(steps) + 1, len(surface.start)))
    moves[1:, free] = (surface.root * steps).T
    gradients = determinant_slopes(surface.cells, surface.parameters(z), moves, modes)[:, free] @ surface.root
    exact = profile_curvature(surface.cells, modes)[np.ix_(free, free)]
    return np.asarray((gradients[1:] - gradients[0]) / steps[:, None] - surface.root.T @ exact @ surface.root)
