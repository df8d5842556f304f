"""The beta-binomial logit: run rates drawn from a beta distribution, rollouts from the run's rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_triangular
from scipy.optimize import brentq
from scipy.special import chdtrc, chdtri, expit, gammaln

from mixablate.estimate.counts.checks import check_level
from mixablate.estimate.models.count_cells import count_cells, separation_of, separation_words
from mixablate.estimate.models.inference import Inference, t_inference, withheld
from mixablate.estimate.models.logit import Unfitted

__all__ = ["BetaBinomial", "beta_binomial_contrast", "correlation_interval", "fit_beta_binomial"]

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

SEARCHED = np.concatenate([[0.0], expit(np.linspace(-12.0, 8.0, 41))])  # correlations among which the best is bracketed
MOST_STEPS = 200
MOST_HALVINGS = 60
CONVERGED = 1e-16  # Newton decrement
SLACK = 1e-13  # of the log-likelihood's size: what rounding may take from it
LEAST_CURVED = 1e-6  # eigenvalue of the curvature relative to the largest
CLOSEST = 1e-15  # of a correlation, relative


@dataclass(frozen=True, slots=True)
class Ladder:
    """Products such as mu (mu + r) (mu + 2 r) over all rows, as the steps they climb.

    Attributes:
        cell: (m,) the distinct design row of each step.
        step: (m,) j of mu (1 - rho) + j rho.
        times: (m,) how many rows climb it.
    """

    cell: Indices
    step: Floats
    times: Floats


@dataclass(frozen=True, slots=True)
class BetaBinomialRows:
    """Counts of runs, held so that the likelihood is exact down to a correlation of 0.

    Attributes:
        design: (c, p) the distinct design rows, their columns made orthogonal: Q of QR.
        triangle: (p, p) R.
        events, others, all: the steps of events, of non-events and of trials.
        constant: the sum of the log binomial coefficients.
        count: rows with trials.
    """

    design: Floats
    triangle: Floats
    events: Ladder
    others: Ladder
    all: Ladder
    constant: float
    count: int


@dataclass(frozen=True, slots=True)
class BetaBinomial:
    """A maximum likelihood fit of a beta-binomial logit (p coefficients).

    Attributes:
        names: of the columns.
        coefficients: (p,) log odds of the mean rate per unit of each column.
        covariance: (p + 1, p + 1) inverse observed information of the coefficients and of logit rho, which comes last;
            its row and column are NaN where rho is 0.
        correlation: rho, between two rollouts of one run: 1 / (1 + a + b) of the beta distribution, 0 or more.
        log_likelihood: with the binomial coefficients.
        binomial_log_likelihood: the largest at a correlation of 0.
        rows: the counts.
    """

    names: tuple[str, ...]
    coefficients: Floats
    covariance: Floats
    correlation: float
    log_likelihood: float
    binomial_log_likelihood: float
    rows: BetaBinomialRows

    @property
    def ratio_statistic(self) -> float:
        """Twice the log-likelihood gained over the binomial."""
        return 2 * max(0.0, self.log_likelihood - self.binomial_log_likelihood)

    @property
    def ratio_p_value(self) -> float:
        """Of no correlation, which lies on the boundary: half a chi-square of one degree of freedom, half a zero."""
        return 0.5 * float(chdtrc(1, self.ratio_statistic)) if self.correlation > 0 else 1.0


@dataclass(frozen=True, slots=True)
class _Point:
    """The log-likelihood at some coefficients and correlation with its first two derivatives, correlation last."""

    coefficients: Floats
    value: float
    slope: Floats
    curvature: Floats


def fit_beta_binomial(
    design: ArrayLike, events: ArrayLike, trials: ArrayLike, *, names: Sequence[str]
) -> BetaBinomial | Unfitted:
    """The beta-binomial logit of counts, a row for each training run; or the reason why there is none.

    Grouping matters: a row is a run. Splitting a row in two makes two runs of one and changes every number; 0/1 rows
    carry no information on the correlation.

    When wrong. One correlation for all arms: a rare arm with the same spread on the logit has a smaller one. With few
    runs the likelihood takes too little spread (it knows nothing of the degrees of freedom spent on coefficients), so
    that its standard errors are too small; `beta_binomial_contrast` mends that only in part. Runs that vary less than
    binomial are fitted at a correlation of 0.

    Source: Williams (1975), Biometrics 31, 949-952; parametrisation and numbers of R's VGAM (betabinomial).

    Args:
        design: (n, p), with its intercept.
        events: (n,) whole, 0 to trials.
        trials: (n,) whole, 0 or more; rows with 0 are left out.
        names: (p,) of the columns.

    Raises:
        DesignError: columns that are linear combinations of others, or no rows with trials.
        ValueError: shapes that do not fit, values that are not finite or not whole, or events outside 0 to trials.
        ArithmeticError: no convergence, which no data is known to cause.

    >>> fit = fit_beta_binomial([[1]] * 4, [4, 5, 6, 12], [20] * 4, names=["(Intercept)"])
    >>> round(fit.correlation, 3), round(fit.ratio_p_value, 6)
    (0.053, 0.107804)
    """
    x, k, n = (np.asarray(values, dtype=float) for values in (design, events, trials))
    cells = count_cells(x, k, n, [str(row) for row in range(len(x))], names)
    if not ((k == np.floor(k)).all() and (n == np.floor(n)).all()):
        raise ValueError("events and trials must be whole numbers")
    separation = separation_of(cells)
    if not separation.finite:
        return Unfitted(separation_words(separation, names), separation)
    if n.max() < 2:
        return Unfitted("rows of a single trial carry no information on the correlation within runs", separation)
    rows = _rows(cells.design, cells.events, cells.trials)
    grid = [_profiled(rows, rho) for rho in SEARCHED]
    best = int(np.argmax([point.value for point in grid]))
    if best == len(grid) - 1 and grid[best].slope[-1] > 0:
        return Unfitted("rollouts of a run all agree: the correlation within runs is 1", separation)
    rho = _best_correlation(rows, grid, best)
    top = _profiled(rows, rho, grid[best].coefficients)
    return BetaBinomial(
        names=tuple(names),
        coefficients=solve_triangular(rows.triangle, top.coefficients),
        covariance=_covariance(top, rows.triangle, rho),
        correlation=rho,
        log_likelihood=top.value,
        binomial_log_likelihood=grid[0].value,
        rows=rows,
    )


def correlation_interval(fit: BetaBinomial, level: float = 0.95) -> tuple[float, float]:
    """The profile likelihood interval of the correlation within runs.

    The lower limit is 0 where a correlation of 0 is not excluded, the upper 1 where none below is.

    Args:
        fit: the fit.
        level: of the interval, between 0 and 1.

    Raises:
        ValueError: a level outside its range.
    """
    check_level(level)
    fall = float(chdtri(1, 1 - level)) / 2

    def beyond(rho: float) -> float:
        return fit.log_likelihood - _profiled(fit.rows, rho, fit.rows.triangle @ fit.coefficients).value - fall

    rho, highest = fit.correlation, float(expit(30.0))
    lower = _root(beyond, 0.0, rho) if rho > 0 and beyond(0.0) > 0 else 0.0
    upper = _root(beyond, rho, highest) if beyond(highest) > 0 else 1.0
    return lower, upper


def beta_binomial_contrast(fit: BetaBinomial, vector: ArrayLike, level: float = 0.95) -> Inference:
    """A linear combination of the coefficients with its interval: observed information, t with rows - p df.

    The t is a remedy for few runs, not part of the likelihood (VGAM and aod use the normal).

    Args:
        fit: the fit.
        vector: (p,) weights of the coefficients.
        level: of the interval, between 0 and 1.

    Raises:
        ValueError: a vector of another length, or a level outside its range.
    """
    direction = np.asarray(vector, dtype=float)
    if direction.shape != fit.coefficients.shape:
        raise ValueError(f"a contrast needs {len(fit.coefficients)} weights, found {direction.shape}")
    estimate = float(direction @ fit.coefficients)
    df = fit.rows.count - len(direction)
    if not df > 0:
        return withheld(estimate, "as many coefficients as rows: nothing shows how much runs vary")
    variance = float(direction @ fit.covariance[:-1, :-1] @ direction)
    return t_inference(estimate, math.sqrt(max(variance, 0.0)), df, level)


def _best_correlation(rows: BetaBinomialRows, grid: Sequence[_Point], best: int) -> float:
    """Where the profile's slope is 0, between the neighbours of the best point of the grid; 0 where it only falls."""
    if best == 0 and grid[0].slope[-1] <= 0:
        return 0.0
    start = grid[best].coefficients
    ahead = grid[best].slope[-1] > 0
    low, high = (best, best + 1) if ahead else (best - 1, best)
    return _root(lambda rho: float(_profiled(rows, rho, start).slope[-1]), SEARCHED[low], SEARCHED[high])


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    return float(brentq(function, low, high, xtol=CLOSEST, rtol=1e-14))


def _covariance(point: _Point, triangle: Floats, rho: float) -> Floats:
    """The inverse observed information of the coefficients and logit rho."""
    size = len(triangle)
    turn = np.eye(size + 1)
    turn[:size, :size] = solve_triangular(triangle, np.eye(size))
    if rho == 0:
        covariance = np.full((size + 1, size + 1), np.nan)
        covariance[:size, :size] = (
            turn[:size, :size] @ np.linalg.inv(point.curvature[:size, :size]) @ turn[:size, :size].T
        )
        return covariance
    turn[size, size] = 1 / (rho * (1 - rho))
    return np.asarray(turn @ np.linalg.inv(point.curvature) @ turn.T)


def _rows(design: Floats, events: Floats, trials: Floats) -> BetaBinomialRows:
    distinct, cell = np.unique(design, axis=0, return_inverse=True)
    orthogonal, triangle = np.linalg.qr(distinct)
    ways = gammaln(trials + 1) - gammaln(events + 1) - gammaln(trials - events + 1)
    return BetaBinomialRows(
        design=orthogonal,
        triangle=triangle,
        events=_ladder(cell.ravel(), events),
        others=_ladder(cell.ravel(), trials - events),
        all=_ladder(np.zeros_like(cell.ravel()), trials),
        constant=float(ways.sum()),
        count=len(trials),
    )


def _ladder(cell: Indices, counts: Floats) -> Ladder:
    """The steps 0 to count - 1 of every row, those of equal cell and step counted."""
    whole = counts.astype(np.intp)
    step = np.arange(whole.sum()) - np.repeat(np.cumsum(whole) - whole, whole)
    height = int(whole.max(initial=0)) + 1
    keys, times = np.unique(np.repeat(cell, whole) * height + step, return_counts=True)
    return Ladder(keys // height, (keys % height).astype(float), times.astype(float))


def _profiled(rows: BetaBinomialRows, rho: float, start: Floats | None = None) -> _Point:
    """The largest log-likelihood at this correlation, by Newton steps that are halved until they do not lose."""
    point = _at(rows, np.zeros(rows.design.shape[1]) if start is None else start, rho)
    for _ in range(MOST_STEPS):
        values, turn = np.linalg.eigh(point.curvature[:-1, :-1])
        slope = turn.T @ point.slope[:-1]
        turned = slope / np.maximum(np.abs(values), LEAST_CURVED * np.abs(values).max())
        gain = float(turned @ slope)
        moved = _halved(rows, point, turn @ turned, rho)
        flat = moved is None or moved.value <= point.value
        if gain < CONVERGED or (flat and gain < math.sqrt(CONVERGED)):
            return moved or point
        if moved is None:
            break
        point = moved
    raise ArithmeticError(f"the beta-binomial likelihood did not converge at a correlation of {rho:.3g}")


def _halved(rows: BetaBinomialRows, point: _Point, step: Floats, rho: float) -> _Point | None:
    """The first of the full step, half of it and so on that does not lose; None if all lose."""
    slack = SLACK * (1 + abs(point.value))
    for halving in range(MOST_HALVINGS):
        moved = _at(rows, point.coefficients + step / 2**halving, rho)
        if moved.value >= point.value - slack:
            return moved
    return None


def _at(rows: BetaBinomialRows, coefficients: Floats, rho: float) -> _Point:
    """The log-likelihood sum log(A / C) and its derivatives by the coefficients and by rho.

    A = mu (1 - rho) + j rho for the steps j of events, the same with 1 - mu for non-events, and C = 1 - rho + j rho
    for all trials. No gamma functions: those cancel to nothing as rho goes to 0.
    """
    score = rows.design @ coefficients
    size = len(score)
    value, by_rho, by_rho_twice = rows.constant, 0.0, 0.0
    by_mean, by_mean_twice, by_both = np.zeros(size), np.zeros(size), np.zeros(size)
    for ladder, sign in ((rows.events, 1.0), (rows.others, -1.0)):
        mean, step, times = expit(sign * score)[ladder.cell], ladder.step, ladder.times
        rung = mean * (1 - rho) + step * rho
        value += float(times @ np.log(rung))
        by_rho += float(times @ ((step - mean) / rung))
        by_rho_twice -= float(times @ ((step - mean) / rung) ** 2)
        by_mean += sign * (1 - rho) * np.bincount(ladder.cell, times / rung, size)
        by_mean_twice -= (1 - rho) ** 2 * np.bincount(ladder.cell, times / rung**2, size)
        by_both -= sign * np.bincount(ladder.cell, times * step / rung**2, size)
    rung, step, times = 1 - rho + rows.all.step * rho, rows.all.step, rows.all.times
    value -= float(times @ np.log(rung))
    by_rho -= float(times @ ((step - 1) / rung))
    by_rho_twice += float(times @ ((step - 1) / rung) ** 2)
    bend = expit(score) * expit(-score)
    curvature = np.empty((len(coefficients) + 1,) * 2)
    inner = by_mean_twice * bend**2 - by_mean * bend * np.tanh(score / 2)
    curvature[:-1, :-1] = -(rows.design * inner[:, None]).T @ rows.design
    curvature[:-1, -1] = curvature[-1, :-1] = -rows.design.T @ (by_both * bend)
    curvature[-1, -1] = -by_rho_twice
    return _Point(coefficients, value, np.append(rows.design.T @ (by_mean * bend), by_rho), curvature)
