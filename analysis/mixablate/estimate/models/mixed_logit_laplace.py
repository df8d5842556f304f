"""The Laplace log-likelihood of a binomial logit with one or two crossed random intercepts, and its gradient.

The linear predictor of a row in groups g and h is x'beta + s_1 u_g + s_2 v_h, with u and v standard normal and s the
standard deviations in log odds. Given (beta, s), the modes of u and v are found by penalised iteratively reweighted
least squares. Its matrix is diagonal within each grouping, so that everything is solved on the Schur complement of the
grouping with fewer groups. The sign of s has no meaning: the likelihood is even in s and smooth, so that s = 0 is a
point like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Curvature", "MixedCells", "Modes", "conditional_modes", "laplace", "mixed_cells"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

MOST_STEPS = 100
SETTLED = 1e-7  # a Newton step below this leaves an error of about its square
SLACK = 1e-12  # relative: what rounding may add to the penalised log-likelihood


@dataclass(frozen=True, slots=True)
class MixedCells:
    """Counts by groups and distinct design row (c cells), sorted by the first grouping.

    A grouping that is not there is one group of all cells, whose standard deviation is held at 0.

    Attributes:
        design: (c, p).
        events, trials: (c,), trials above 0.
        wide, narrow: (c,) codes of the groups; the first grouping has at least as many groups as the second.
        sizes: numbers of groups of the two.
    """

    design: Floats
    events: Floats
    trials: Floats
    wide: Codes
    narrow: Codes
    sizes: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Curvature:
    """The negative second derivative A of the penalised log-likelihood by (u, v), ready for solving.

    A = [[D, C], [C', E]] with D (G,) and E (H,) diagonal; S = E - C' D^-1 C.

    Attributes:
        diagonal: (G,) D.
        pull: (G, H) D^-1 C.
        inverse: (H, H) S^-1.
        log_determinant: of A.
    """

    diagonal: Floats
    pull: Floats
    inverse: Floats
    log_determinant: float

    def solve(self, wide: Floats, narrow: Floats) -> tuple[Floats, Floats]:
        """A^-1 times a vector, in its two parts (G, ...) and (H, ...)."""
        below = self.inverse @ (narrow - self.pull.T @ wide)
        return (wide.T / self.diagonal).T - self.pull @ below, below


@dataclass(frozen=True, slots=True)
class Modes:
    """The most probable random effects given the counts and the parameters.

    Attributes:
        sds: (2,) of the parameters.
        wide, narrow: (G,) and (H,) standard normal scores u and v.
        rate: (c,) fitted, at the modes.
        weight: (c,) trials times rate times (1 - rate).
        penalised: log-likelihood without binomial constants, less half the squared length of (u, v).
        curvature: at the modes.
    """

    sds: Floats
    wide: Floats
    narrow: Floats
    rate: Floats
    weight: Floats
    penalised: float
    curvature: Curvature


def mixed_cells(design: Floats, events: Floats, trials: Floats, groupings: Sequence[Codes]) -> MixedCells:
    """The rows with trials, those alike in groups and design added up: 0/1 rows become the counts they make.

    Args:
        design: (n, p).
        events: (n,).
        trials: (n,).
        groupings: up to two, (n,) codes from 0 without gaps among the rows with trials; the one with more groups first.
    """
    used = trials > 0
    codes = [*groupings, *([np.zeros(len(design), dtype=np.intp)] * (2 - len(groupings)))]
    keys, cell = np.unique(np.column_stack([*codes, design])[used], axis=0, return_inverse=True)
    wide, narrow = (keys[:, f].astype(np.intp) for f in range(2))
    return MixedCells(
        np.ascontiguousarray(keys[:, 2:]),
        np.asarray(np.bincount(cell.ravel(), events[used], len(keys)), dtype=float),
        np.asarray(np.bincount(cell.ravel(), trials[used], len(keys)), dtype=float),
        wide,
        narrow,
        (int(wide.max(initial=0)) + 1, int(narrow.max(initial=0)) + 1),
    )


def conditional_modes(cells: MixedCells, offset: Floats, sds: Floats, near: Modes | None = None) -> Modes:
    """The modes of the random effects, by Newton's method with halved steps.

    The penalised log-likelihood is strictly concave, so that there is one mode and the method finds it.

    Args:
        cells: the counts.
        offset: (c,) fixed part of the linear predictor.
        sds: (2,) standard deviations, log odds.
        near: modes at other parameters, to start from; without them it starts from 0.

    Raises:
        ArithmeticError: no convergence, which finite parameters do not give.
    """
    now = _state(cells, offset, sds, *_first_scores(cells, sds, near))
    for _ in range(MOST_STEPS):
        residual = cells.events - cells.trials * now.rate
        wide, narrow = now.curvature.solve(
            sds[0] * np.bincount(cells.wide, residual, cells.sizes[0]) - now.wide,
            sds[1] * np.bincount(cells.narrow, residual, cells.sizes[1]) - now.narrow,
        )
        length, scale = max(np.abs(wide).max(), np.abs(narrow).max()), 1.0
        then = _state(cells, offset, sds, now.wide + wide, now.narrow + narrow)
        while not then.penalised >= now.penalised - SLACK * abs(now.penalised) and scale > SETTLED:
            scale /= 2
            then = _state(cells, offset, sds, now.wide + scale * wide, now.narrow + scale * narrow)
        now = then
        if length < SETTLED:
            return now
    raise ArithmeticError(f"the random effects' modes were not found in {MOST_STEPS} steps")


def laplace(cells: MixedCells, parameters: Floats, near: Modes | None = None) -> tuple[float, Floats]:
    """The Laplace approximation of the log-likelihood without binomial constants, and its gradient (p + 2,).

    The log of the integrand at the modes less half the log determinant of its curvature. The gradient is exact, the
    modes' dependence on the parameters included (adjoint method: one solve for all parameters).

    Source: Breslow & Clayton (1993), JASA 88, 9-25, equation 5, without their further approximations; Bates et al.
    (2015), J. Stat. Software 67(1), for the profiled formulation.

    Args:
        cells: the counts.
        parameters: (p + 2,) coefficients, then the two standard deviations.
        near: modes at other parameters, to start from.
    """
    beta, sds = parameters[:-2], parameters[-2:]
    modes = conditional_modes(cells, cells.design @ beta, sds, near)
    residual = cells.events - cells.trials * modes.rate
    row_wide, row_narrow = _row_solves(cells, modes.curvature, sds)
    spread = sds[0] * row_wide + sds[1] * row_narrow
    bend = 0.5 * spread * modes.weight * (1 - 2 * modes.rate)
    back_wide, back_narrow = modes.curvature.solve(
        sds[0] * np.bincount(cells.wide, bend, cells.sizes[0]),
        sds[1] * np.bincount(cells.narrow, bend, cells.sizes[1]),
    )
    back_wide, back_narrow = back_wide[cells.wide], back_narrow[cells.narrow]
    slope = residual - bend + modes.weight * (sds[0] * back_wide + sds[1] * back_narrow)
    by_wide = slope @ modes.wide[cells.wide] - modes.weight @ row_wide - residual @ back_wide
    by_narrow = slope @ modes.narrow[cells.narrow] - modes.weight @ row_narrow - residual @ back_narrow
    value = modes.penalised - 0.5 * modes.curvature.log_determinant
    return value, np.concatenate([slope @ cells.design, [by_wide, by_narrow]])


def _first_scores(cells: MixedCells, sds: Floats, near: Modes | None) -> tuple[Floats, Floats]:
    """Scores that put no random effect further from 0, in log odds, than where it was."""
    if near is None:
        return np.zeros(cells.sizes[0]), np.zeros(cells.sizes[1])
    shrunk = np.abs(near.sds) / np.maximum(np.maximum(np.abs(near.sds), np.abs(sds)), np.finfo(float).tiny)
    turned = shrunk * np.where(near.sds * sds < 0, -1.0, 1.0)
    return turned[0] * near.wide, turned[1] * near.narrow


def _row_solves(cells: MixedCells, curvature: Curvature, sds: Floats) -> tuple[Floats, Floats]:
    """The entries of A^-1 z that a row's own groups have, (c,) each, z being the row's two standard deviations."""
    turned = curvature.pull @ curvature.inverse
    own_wide = (1 / curvature.diagonal + (turned * curvature.pull).sum(axis=1))[cells.wide]
    own_narrow = np.diag(curvature.inverse)[cells.narrow]
    between = -turned[cells.wide, cells.narrow]
    return sds[0] * own_wide + sds[1] * between, sds[0] * between + sds[1] * own_narrow


def _state(cells: MixedCells, offset: Floats, sds: Floats, wide: Floats, narrow: Floats) -> Modes:
    predictor = offset + sds[0] * wide[cells.wide] + sds[1] * narrow[cells.narrow]
    small = np.exp(-np.abs(predictor))  # the one exponential, without overflow
    rate = np.where(predictor >= 0, 1.0, small) / (1 + small)
    weight = cells.trials * small / (1 + small) ** 2
    log_likelihood = cells.events @ predictor - cells.trials @ (np.maximum(predictor, 0.0) + np.log1p(small))
    penalised = float(log_likelihood - 0.5 * (wide @ wide + narrow @ narrow))
    return Modes(sds, wide, narrow, rate, weight, penalised, _curvature(cells, weight, sds))


def _curvature(cells: MixedCells, weight: Floats, sds: Floats) -> Curvature:
    groups, columns = cells.sizes
    crossed = np.bincount(cells.wide * columns + cells.narrow, weight, groups * columns).reshape(groups, columns)
    diagonal = 1 + sds[0] ** 2 * crossed.sum(axis=1)
    across = sds[0] * sds[1] * crossed
    pull = across / diagonal[:, None]
    schur = np.diag(1 + sds[1] ** 2 * crossed.sum(axis=0)) - across.T @ pull
    # Its eigenvalues are at least 1, the prior's part: an inverse is as good as a factor here.
    lower = np.linalg.cholesky(schur)
    log_determinant = float(np.log(diagonal).sum() + 2 * np.log(np.diag(lower)).sum())
    return Curvature(diagonal, pull, np.linalg.inv(schur), log_determinant)
