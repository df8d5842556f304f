"""Where the search for the maximum of a mixed logit begins, and what it measures distances by.

Neither changes what is found, only how soon.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixablate.estimate.models.mixed_logit_laplace import MixedCells, Modes, mode_pulls, modes_at, newton_step

__all__ = ["first_parameters", "metric_root"]

Floats = NDArray[np.float64]

START_SD = 0.5  # log odds
LEAST_SD, MOST_SD = 0.05, 5.0  # at 0 itself the likelihood is flat in an SD
STEPS = 2, 1, 1  # of Newton, before each new pair of SDs
SAFE = 1.0  # log odds; see `conditional_modes`


def first_parameters(cells: MixedCells, random: NDArray[np.bool_]) -> Floats:
    """Coefficients and standard deviations (p + 2,) near those of maximum likelihood.

    Coefficients and random effects are climbed together, Newton's step for Newton's step; a standard deviation is then
    that of the effects, their own variances given the counts added: one step of the EM algorithm on the quadratic at
    the modes. Source: Schall (1991), Biometrika 78, 719-727, without his correction for the coefficients.

    Args:
        cells: the counts.
        random: (2,) whether the groupings have a standard deviation; it stays 0 where not.
    """
    coefficients, sds = _first_coefficients(cells), np.where(random, START_SD, 0.0)
    scores = np.zeros(cells.sizes[0]), np.zeros(cells.sizes[1])
    for steps in STEPS:
        for _ in range(steps):
            modes = modes_at(cells, cells.design @ coefficients, sds, *scores)
            step, further = _joint_step(cells, modes)
            coefficients = coefficients + step
            scores = modes.wide + further[0], modes.narrow + further[1]
        own = modes.curvature.pair_solves()[:2]
        squares = [float((u**2 + variance).mean()) for u, variance in zip(scores, own, strict=True)]
        then = np.where(random, np.clip(sds * np.sqrt(squares), LEAST_SD, MOST_SD), 0.0)
        scores = scores[0] * _ratio(sds[0], then[0]), scores[1] * _ratio(sds[1], then[1])
        sds = then
    return np.concatenate([coefficients, sds])


def metric_root(cells: MixedCells, free: NDArray[np.bool_], modes: Modes) -> Floats:
    """The Cholesky root of a guess at the covariance of coefficients given the SDs, and of SDs by themselves.

    Args:
        cells: the counts.
        free: (p + 2,) the parameters that are looked for.
        modes: at the start.
    """
    p = cells.design.shape[1]
    pulls = mode_pulls(cells, modes)
    metric = np.zeros((p + 2, p + 2))
    metric[:p, :p] = np.linalg.inv(_information(cells, modes, pulls, modes.curvature.solve(*pulls)))
    variances = np.maximum(np.abs(modes.sds), LEAST_SD) ** 2 / (2 * np.array(cells.sizes))
    metric[p, p], metric[p + 1, p + 1] = variances
    return np.linalg.cholesky(metric[np.ix_(free, free)])


def _joint_step(cells: MixedCells, modes: Modes) -> tuple[Floats, tuple[Floats, Floats]]:
    """Newton's step of coefficients and scores together, shortened where it changes a predictor by much."""
    p = cells.design.shape[1]
    pulls = mode_pulls(cells, modes)
    moves = modes.curvature.solve(*pulls)
    alone = newton_step(cells, modes)
    ascent = (cells.events - cells.trials * modes.rate) @ cells.design
    ascent = ascent + (pulls[0] @ alone[0] + pulls[1] @ alone[1])[:p]
    step = np.linalg.solve(_information(cells, modes, pulls, moves), ascent)
    wide, narrow = alone[0] + step @ moves[0][:p], alone[1] + step @ moves[1][:p]
    longest = np.abs(cells.design @ step).max() + np.abs(modes.sds) @ [np.abs(wide).max(), np.abs(narrow).max()]
    part = SAFE / max(SAFE, float(longest))
    return np.asarray(part * step), (part * wide, part * narrow)


def _information(cells: MixedCells, modes: Modes, pulls: tuple[Floats, Floats], moves: tuple[Floats, Floats]) -> Floats:
    """On the coefficients (p, p) given the SDs, the random effects not being known."""
    p = cells.design.shape[1]
    whole = (modes.weight * cells.design.T) @ cells.design
    found = whole - (pulls[0] @ moves[0].T + pulls[1] @ moves[1].T)[:p, :p]
    return np.asarray((found + found.T) / 2)


def _ratio(sd: float, then: float) -> float:
    """What a score is multiplied by for an effect to stay as it was."""
    return sd / then if then > 0 else 0.0


def _first_coefficients(cells: MixedCells) -> Floats:
    """Weighted least squares on the cells' empirical logits."""
    others = cells.trials - cells.events
    weight = np.sqrt((cells.events + 0.5) * (others + 0.5) / (cells.trials + 1))
    response = np.log((cells.events + 0.5) / (others + 0.5))
    weighted = weight**2 * cells.design.T
    return np.asarray(np.linalg.lstsq(weighted @ cells.design, weighted @ response)[0])
