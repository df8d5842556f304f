"""The log-likelihood of a binomial logit with one random intercept by adaptive Gauss-Hermite quadrature."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import roots_hermitenorm

from mixablate.estimate.models.mixed_logit_laplace import MixedCells, Modes, conditional_modes

__all__ = ["quadrature"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


def quadrature(cells: MixedCells, parameters: Floats, nodes: int, near: Modes | None = None) -> tuple[float, Floats]:
    """The log-likelihood without binomial constants, and its gradient (p + 2,), the last entry of which is 0.

    Each group's integral is summed over `nodes` points, centred at the group's mode and scaled by the curvature there.
    One node is Laplace's approximation; the sum converges to the likelihood itself as nodes are added. The gradient is
    that of the sum, with the movement of the points, so that its zero is the maximum at any number of nodes.

    Source: Pinheiro & Bates (1995), JCGS 4, 12-35, section 2.4; as `nAGQ` of R's lme4.

    Args:
        cells: the counts, sorted by their one grouping.
        parameters: (p + 2,) coefficients, the standard deviation, and a 0 for the grouping that is not there.
        nodes: 1 or more.
        near: modes at other parameters, to start from.
    """
    beta, sd = parameters[:-2], float(parameters[-2])
    offset = cells.design @ beta
    modes = conditional_modes(cells, offset, np.array([sd, 0.0]), near)
    starts = np.searchsorted(cells.wide, np.arange(cells.sizes[0]))
    centre, curvature = modes.wide, modes.curvature.diagonal
    points, log_weights = _nodes(nodes)
    scores = centre[:, None] + points / np.sqrt(curvature)[:, None]
    log_likelihood, residual = _at(cells, offset[:, None] + sd * scores[cells.wide])
    terms = np.add.reduceat(log_likelihood, starts, axis=0) - 0.5 * scores**2 + log_weights
    top = terms.max(axis=1, keepdims=True)
    shares = np.exp(terms - top)
    total = shares.sum(axis=1, keepdims=True)
    shares /= total
    value = float((top + np.log(total)).sum() - 0.5 * np.log(curvature).sum())
    pulled = np.add.reduceat(residual, starts, axis=0)
    drift = shares * (sd * pulled - scores)
    move, stretch = drift.sum(axis=1), 0.5 * (drift @ points) / np.sqrt(curvature) + 0.5
    by_row = (residual * shares[cells.wide]).sum(axis=1)
    centre_slope, curvature_slope = _movement(cells, modes.rate, modes.weight, centre, curvature, sd, starts)
    direct = np.append(by_row @ cells.design, float((shares * scores * pulled).sum()))
    gradient = direct + move @ centre_slope - (stretch / curvature) @ curvature_slope
    return value, np.append(gradient, 0.0)


def _nodes(nodes: int) -> tuple[Floats, Floats]:
    """Points, and log weights against a density of 1 instead of the normal; points whose weight is 0 left out."""
    points, weights = roots_hermitenorm(nodes)
    kept = weights > 0
    return points[kept], np.log(weights[kept] / weights.sum()) + 0.5 * points[kept] ** 2


def _at(cells: MixedCells, predictor: Floats) -> tuple[Floats, Floats]:
    """Log-likelihood without constants and its slope by the predictor, (c, nodes) each."""
    small = np.exp(-np.abs(predictor))
    rate = np.where(predictor >= 0, 1.0, small) / (1 + small)
    events, trials = cells.events[:, None], cells.trials[:, None]
    return events * predictor - trials * (np.maximum(predictor, 0.0) + np.log1p(small)), events - trials * rate


def _movement(
    cells: MixedCells, rate: Floats, weight: Floats, centre: Floats, curvature: Floats, sd: float, starts: Codes
) -> tuple[Floats, Floats]:
    """How the groups' modes and curvatures move with (beta, sd), (G, p + 1) each, by implicit differentiation."""
    by_parameter = np.column_stack([cells.design, centre[cells.wide]])
    pulled = np.add.reduceat(cells.events - cells.trials * rate, starts)
    mixed = -sd * np.add.reduceat(weight[:, None] * by_parameter, starts, axis=0)
    mixed[:, -1] += pulled
    centre_slope = mixed / curvature[:, None]
    predictor_slope = by_parameter + sd * centre_slope[cells.wide]
    bend = (weight * (1 - 2 * rate))[:, None] * predictor_slope
    curvature_slope = sd**2 * np.add.reduceat(bend, starts, axis=0)
    curvature_slope[:, -1] += 2 * sd * np.add.reduceat(weight, starts)
    return centre_slope, curvature_slope
