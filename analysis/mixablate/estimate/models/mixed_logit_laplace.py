"""The Laplace log-likelihood of a binomial logit with one or two crossed random intercepts, and its gradient.

The linear predictor of a row in groups g and h is x'beta + s_1 u_g + s_2 v_h, with u and v standard normal and s the
standard deviations in log odds. Given (beta, s), the modes of u and v are found by penalised iteratively reweighted
least squares. Its matrix is diagonal within each grouping, so that everything is solved on the Schur complement of the
grouping with fewer groups. The sign of s has no meaning: the likelihood is even in s and smooth, so that s = 0 is a
point like any other.

Sums over cells are made by pair of groups first, in a (G, H) table, which costs nothing where every pair has one cell.
Functions that say so take a leading axis of parameters (...,): many are done at once where they are near one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.estimate.models.distinct_rows import distinct_rows

__all__ = [
    "Curvature",
    "MixedCells",
    "Modes",
    "conditional_modes",
    "determinant_slopes",
    "laplace",
    "laplace_at",
    "mixed_cells",
    "mode_pulls",
    "modes_at",
    "newton_step",
    "profile_curvature",
]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

MOST_STEPS = 100
SAFE = 1.7  # log odds
MOST_LOG_ODDS = 230.0  # of each of the three parts of a predictor, so that odds are finite
SETTLED = 1e-6  # a Newton step below this leaves an error of about its square
PREDICTED = 0.5  # of a score: what derivatives tell of the modes nearby
SLACK = 1e-12  # relative: what rounding may add to the penalised log-likelihood
BLOCK = 12_000  # cells x parameters at once: what stays in cache


@dataclass(frozen=True, slots=True)
class MixedCells:
    """Counts by groups and distinct design row (c cells), sorted by the first grouping.

    A grouping that is not there is one group of all cells, whose standard deviation is held at 0.

    Attributes:
        design: (c, p).
        events, trials: (c,), trials above 0.
        wide, narrow: (c,) codes of the groups; the first grouping has at least as many groups as the second.
        sizes: numbers of groups of the two.
        full: whether the cells are all pairs of groups, each once and in order.
    """

    design: Floats
    events: Floats
    trials: Floats
    wide: Codes
    narrow: Codes
    sizes: tuple[int, int]
    full: bool


@dataclass(frozen=True, slots=True)
class Curvature:
    """The negative second derivative A of the penalised log-likelihood by (u, v), ready for solving.

    A = [[D, C], [C', E]] with D (..., G) and E (..., H) diagonal; S = E - C' D^-1 C.

    Attributes:
        diagonal: (..., G) D.
        pull: (..., G, H) D^-1 C.
        schur: (..., H, H) S.
        inverse: (..., H, H) S^-1.
    """

    diagonal: Floats
    pull: Floats
    schur: Floats
    inverse: Floats

    def solve(self, wide: Floats, narrow: Floats) -> tuple[Floats, Floats]:
        """A^-1 times vectors, in their two parts (..., G) and (..., H)."""
        pulled = (np.swapaxes(self.pull, -1, -2) @ wide[..., None])[..., 0]
        below = (self.inverse @ (narrow - pulled)[..., None])[..., 0]
        return wide / self.diagonal - (self.pull @ below[..., None])[..., 0], below

    def pair_solves(self) -> tuple[Floats, Floats, Floats]:
        """The entries of A^-1 by a group itself, (..., G) and (..., H), and by the groups of a pair, (..., G, H)."""
        turned = self.pull @ self.inverse
        own_wide = 1 / self.diagonal + _across(turned * self.pull)
        return own_wide, np.diagonal(self.inverse, axis1=-2, axis2=-1), -turned

    def log_determinant(self) -> float:
        """Of A, where there are no leading axes."""
        # S's eigenvalues are at least 1, the prior's part.
        lower = np.linalg.cholesky(self.schur)
        return float(np.log(self.diagonal).sum() + 2 * np.log(np.diag(lower)).sum())


@dataclass(frozen=True, slots=True)
class Modes:
    """The most probable random effects given the counts and the parameters, or scores on the way to them.

    Attributes:
        sds: (..., 2) of the parameters.
        wide, narrow: (..., G) and (..., H) standard normal scores u and v.
        fixed: (..., c) fixed part of the linear predictor.
        rate: (..., c) fitted.
        weight: (..., c) trials times rate times (1 - rate).
        curvature: at the scores.
    """

    sds: Floats
    wide: Floats
    narrow: Floats
    fixed: Floats
    rate: Floats
    weight: Floats
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
    codes, kept = [code[used] for code in codes], design[used]
    first, cell = distinct_rows([*codes, *kept.T])
    wide, narrow = (code[first] for code in codes)
    sizes = int(wide.max(initial=0)) + 1, int(narrow.max(initial=0)) + 1
    pairs = np.arange(sizes[0] * sizes[1])
    return MixedCells(
        np.ascontiguousarray(kept[first]),
        np.asarray(np.bincount(cell, events[used], len(first)), dtype=float),
        np.asarray(np.bincount(cell, trials[used], len(first)), dtype=float),
        wide,
        narrow,
        sizes,
        bool(np.array_equal(wide * sizes[1] + narrow, pairs)),
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
    odds = _odds_against(offset)
    now = _state(cells, offset, odds, sds, *_first_scores(cells, offset, sds, near))
    for _ in range(MOST_STEPS):
        wide, narrow = newton_step(cells, now)
        then = _state(cells, offset, odds, sds, now.wide + wide, now.narrow + narrow)
        lengths = np.abs(wide).max(), np.abs(narrow).max()
        if not np.abs(sds) @ lengths < SAFE:
            then = _shortened(cells, odds, now, (wide, narrow), then)
        now = then
        if max(lengths) < SETTLED:
            return now
    raise ArithmeticError(f"the random effects' modes were not found in {MOST_STEPS} steps")


def _shortened(cells: MixedCells, odds: Floats, now: Modes, step: tuple[Floats, Floats], then: Modes) -> Modes:
    """Where a Newton step, or the largest half of a half of it that does not descend, leads.

    A whole step that changes no predictor by d = 1.79 or more cannot descend: along it the second derivative grows by
    exp(d) at most, and (exp(d) - d - 1) / d^2 < 1 (Bach 2010, Electron. J. Stat. 4, 384-414, proposition 1).
    """
    height, scale = _penalised(cells, now), 1.0
    while not _penalised(cells, then) >= height - SLACK * abs(height) and scale > SETTLED:
        scale /= 2
        scores = now.wide + scale * step[0], now.narrow + scale * step[1]
        then = _state(cells, now.fixed, odds, now.sds, *scores)
    return then


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
    return laplace_at(cells, conditional_modes(cells, cells.design @ parameters[:-2], parameters[-2:], near))


def laplace_at(cells: MixedCells, modes: Modes) -> tuple[float, Floats]:
    """As `laplace`, with the modes found."""
    value = _penalised(cells, modes) - 0.5 * modes.curvature.log_determinant()
    return value, _gradient(cells, modes)


def profile_curvature(cells: MixedCells, modes: Modes) -> Floats:
    """The second derivative (p + 2, p + 2) of the penalised log-likelihood at its modes, by (beta, s)."""
    p = cells.design.shape[1]
    scores = np.stack([modes.wide[cells.wide], modes.narrow[cells.narrow]])
    weighted = modes.weight * cells.design.T
    whole = np.empty((p + 2, p + 2))
    whole[:p, :p], whole[:p, p:] = weighted @ cells.design, weighted @ scores.T
    whole[p:, :p], whole[p:, p:] = whole[:p, p:].T, (modes.weight * scores) @ scores.T
    wide, narrow = mode_pulls(cells, modes)
    moves = modes.curvature.solve(wide, narrow)
    return np.asarray(wide @ moves[0].T + narrow @ moves[1].T - whole)


def determinant_slopes(cells: MixedCells, centre: Floats, steps: Floats, modes: Modes) -> Floats:
    """The gradients (B, p + 2) of half the log determinant of the curvature, in a centre's close surroundings.

    The modes are predicted from those at the centre to first order.

    Args:
        cells: the counts.
        centre: (p + 2,) coefficients and standard deviations.
        steps: (B, p + 2), small; from the centre.
        modes: at the centre.
    """
    width = max(1, BLOCK // len(cells.events))
    moves = modes.curvature.solve(*mode_pulls(cells, modes))
    found = []
    for start in range(0, len(steps), width):
        block = steps[start : start + width]
        parameters, scores = centre + block, (modes.wide + block @ moves[0], modes.narrow + block @ moves[1])
        there = modes_at(cells, parameters[:, :-2] @ cells.design.T, parameters[:, -2:], *scores)
        found.append(_penalised_gradient(cells, there) - _gradient(cells, there))
    return np.concatenate(found)


def _penalised_gradient(cells: MixedCells, modes: Modes) -> Floats:
    """Of the penalised log-likelihood at its modes, by (beta, s), (..., p + 2)."""
    residual = cells.events - cells.trials * modes.rate
    residuals = _by_pair(cells, residual)
    by_sds = [(_across(residuals) * modes.wide).sum(axis=-1), (_down(residuals) * modes.narrow).sum(axis=-1)]
    return np.concatenate([residual @ cells.design, np.stack(by_sds, axis=-1)], axis=-1)


def mode_pulls(cells: MixedCells, modes: Modes) -> tuple[Floats, Floats]:
    """Mixed second derivatives of the penalised log-likelihood by parameters and (u, v), (p + 2, G) and (p + 2, H).

    By implicit differentiation the modes move with the parameters by A^-1 times these.
    """
    tables, weights = _by_pair(cells, modes.weight * cells.design.T), _by_pair(cells, modes.weight)
    by_wide = [*_across(tables), _across(weights) * modes.wide, weights @ modes.narrow]
    by_narrow = [*_down(tables), modes.wide @ weights, _down(weights) * modes.narrow]
    wide, narrow = -modes.sds[0] * np.stack(by_wide), -modes.sds[1] * np.stack(by_narrow)
    residual = _by_pair(cells, cells.events - cells.trials * modes.rate)
    wide[-2] += _across(residual)
    narrow[-1] += _down(residual)
    return wide, narrow


def _gradient(cells: MixedCells, modes: Modes) -> Floats:
    """By (beta, s), (..., p + 2), at the modes."""
    one, other = modes.sds[..., :1], modes.sds[..., 1:]
    own_wide, own_narrow, between = modes.curvature.pair_solves()
    spread = (one**2 * own_wide)[..., :, None] + (other**2 * own_narrow)[..., None, :]
    spread += (2 * one * other)[..., None] * between
    bend = 0.5 * _of_pair(cells, spread) * modes.weight * (1 - 2 * modes.rate)
    bends, weights = _by_pair(cells, bend), _by_pair(cells, modes.weight)
    back_wide, back_narrow = modes.curvature.solve(one * _across(bends), other * _down(bends))
    residual = cells.events - cells.trials * modes.rate
    back = (one * back_wide)[..., :, None] + (other * back_narrow)[..., None, :]
    slope = residual - bend + modes.weight * _of_pair(cells, back)
    slopes, residuals = _by_pair(cells, slope), _by_pair(cells, residual)
    both = _across(weights * between).sum(axis=-1)
    by_wide = (_across(slopes) * modes.wide - _across(residuals) * back_wide - one * _across(weights) * own_wide).sum(
        axis=-1
    ) - other[..., 0] * both
    by_narrow = (
        _down(slopes) * modes.narrow - _down(residuals) * back_narrow - other * _down(weights) * own_narrow
    ).sum(axis=-1) - one[..., 0] * both
    return np.concatenate([slope @ cells.design, np.stack([by_wide, by_narrow], axis=-1)], axis=-1)


def _first_scores(cells: MixedCells, offset: Floats, sds: Floats, near: Modes | None) -> tuple[Floats, Floats]:
    """Scores to start from: predicted, or such that no effect is further from 0, in log odds, than where it was."""
    if near is None:
        return np.zeros(cells.sizes[0]), np.zeros(cells.sizes[1])
    wide, narrow = _predicted(cells, offset, sds, near)
    if max(np.abs(wide).max(), np.abs(narrow).max()) < PREDICTED:
        return near.wide + wide, near.narrow + narrow
    shrunk = np.abs(near.sds) / np.maximum(np.maximum(np.abs(near.sds), np.abs(sds)), np.finfo(float).tiny)
    turned = shrunk * np.where(near.sds * sds < 0, -1.0, 1.0)
    return turned[0] * near.wide, turned[1] * near.narrow


def _predicted(cells: MixedCells, offset: Floats, sds: Floats, near: Modes) -> tuple[Floats, Floats]:
    """How the modes move to these parameters, to first order: `mode_pulls` along the way there."""
    (one, other), (more, further) = near.sds, sds - near.sds
    moved = _by_pair(cells, near.weight * (offset - near.fixed))
    moved = moved + _by_pair(cells, near.weight) * ((more * near.wide)[:, None] + further * near.narrow)
    residual = _by_pair(cells, cells.events - cells.trials * near.rate)
    return near.curvature.solve(
        more * _across(residual) - one * _across(moved), further * _down(residual) - other * _down(moved)
    )


def newton_step(cells: MixedCells, now: Modes) -> tuple[Floats, Floats]:
    """From scores towards the modes, (..., G) and (..., H)."""
    residual = _by_pair(cells, cells.events - cells.trials * now.rate)
    return now.curvature.solve(
        now.sds[..., :1] * _across(residual) - now.wide, now.sds[..., 1:] * _down(residual) - now.narrow
    )


def modes_at(cells: MixedCells, fixed: Floats, sds: Floats, wide: Floats, narrow: Floats) -> Modes:
    """At any scores."""
    return _state(cells, fixed, _odds_against(fixed), sds, wide, narrow)


def _state(cells: MixedCells, fixed: Floats, odds: Floats, sds: Floats, wide: Floats, narrow: Floats) -> Modes:
    """At any scores; `odds` (..., c) are those against by the fixed part: no exponential is taken by cell."""
    by_wide, by_narrow = _odds_against(sds[..., :1] * wide), _odds_against(sds[..., 1:] * narrow)
    against = odds * _of_pair(cells, by_wide[..., :, None] * by_narrow[..., None, :])
    rate = 1 / (1 + against)
    weight = cells.trials * rate * (against * rate)
    return Modes(sds, wide, narrow, fixed, rate, weight, _curvature(cells, weight, sds))


def _odds_against(predictor: Floats) -> Floats:
    return np.asarray(np.exp(np.clip(-predictor, -MOST_LOG_ODDS, MOST_LOG_ODDS)))


def _penalised(cells: MixedCells, modes: Modes) -> float:
    """The log-likelihood without binomial constants, less half the squared length of (u, v)."""
    scores = (modes.sds[0] * modes.wide)[:, None] + modes.sds[1] * modes.narrow
    predictor = modes.fixed + _of_pair(cells, scores)
    # log(1 + exp(x)) = max(x, 0) - log(max(rate, 1 - rate)), to 1e-16; log1p would be three times as slow.
    logs = np.maximum(predictor, 0.0) - np.log(np.maximum(modes.rate, 1 - modes.rate))
    log_likelihood = cells.events @ predictor - cells.trials @ logs
    return float(log_likelihood - 0.5 * (modes.wide @ modes.wide + modes.narrow @ modes.narrow))


def _curvature(cells: MixedCells, weight: Floats, sds: Floats) -> Curvature:
    one, other = sds[..., :1], sds[..., 1:]
    crossed = _by_pair(cells, weight)
    diagonal = 1 + one**2 * _across(crossed)
    across = (one * other)[..., None] * crossed
    pull = across / diagonal[..., None]
    own = 1 + other**2 * _down(crossed)
    schur = own[..., None] * np.eye(cells.sizes[1]) - np.swapaxes(across, -1, -2) @ pull
    # Its eigenvalues are at least 1, the prior's part: an inverse is as good as a factor here.
    return Curvature(diagonal, pull, schur, np.asarray(np.linalg.inv(schur), dtype=float))


def _across(table: Floats) -> Floats:
    """Sums (..., G) of a table (..., G, H); by a product, which is faster than `sum`."""
    return table @ np.ones(table.shape[-1])


def _down(table: Floats) -> Floats:
    """Sums (..., H)."""
    return np.ones(table.shape[-2]) @ table


def _by_pair(cells: MixedCells, values: Floats) -> Floats:
    """The cells' sums (..., G, H) by pair of groups; `values` is (..., c)."""
    leading, size = values.shape[:-1], cells.sizes[0] * cells.sizes[1]
    if not cells.full:
        pair, copies = cells.wide * cells.sizes[1] + cells.narrow, int(np.prod(leading))
        places = np.arange(copies)[:, None] * size + pair
        values = np.asarray(np.bincount(places.ravel(), values.ravel(), copies * size), dtype=float)
    return values.reshape(*leading, *cells.sizes)


def _of_pair(cells: MixedCells, table: Floats) -> Floats:
    """Each cell's entry (..., c) of a table (..., G, H)."""
    return table.reshape(*table.shape[:-2], -1) if cells.full else table[..., cells.wide, cells.narrow]
