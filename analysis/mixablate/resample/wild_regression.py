"""The wild cluster bootstrap of one linear combination of least squares coefficients, clusters of several rows.

Within a cluster (a training run) all residuals change sign together. Everything is a product of G by G matrices of
cluster scores with a matrix of sign vectors: no regression is fitted twice, and 9,999 draws cost milliseconds. The
statistic is the t with a CR1 standard error (Stata's factor). Neither p-values nor interval change if rows of a cluster
are repeated as often in every cluster; the t itself does, by the (n - 1)/(n - k) of that factor.

WRONG where few clusters carry the combination: with one treated cluster among many, p hardly depends on the data. At 3
runs against 3 with one row each, Rademacher signs kept the level (4.7 %), Webb's weights did not (7.7 %).

Source: Cameron, Gelbach & Miller (2008), Rev. Econ. Stat. 90:414; Webb (2014), QED working paper 1315; Roodman,
MacKinnon, Nielsen & Webb (2019), Stata Journal 19:4, whose numbers these are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixablate.estimate.counts.checks import check_level
from mixablate.estimate.models.cluster_robust import least_squares, stata_factor
from mixablate.resample.draw_intervals import DrawInterval
from mixablate.resample.reference import TIE, DrawTest, compare
from mixablate.resample.sign_vectors import SignWeights, sign_vectors

__all__ = [
    "WildRegression",
    "restricted_wild_test",
    "unrestricted_wild_test",
    "wild_interval",
    "wild_regression",
    "wild_t",
]

Floats = NDArray[np.float64]

ROUNDING = 1e-10  # sums of residuals below this part of the response are what floating point leaves of zero
DOUBLINGS = 40  # of a first step of one standard error: past 10^12 of them an interval has no end
BISECTIONS = 60


@dataclass(frozen=True, slots=True)
class WildRegression:
    """A least squares fit reduced to what sign vectors over its G clusters act on (k columns).

    In the coordinates of an orthonormal basis of the columns; residuals restricted to a null are these residuals plus
    `direction` times (estimate - null) / length.

    Attributes:
        estimate: of the combination.
        length: its variance up to the error variance, c'(X'X)^-1 c.
        own, own_shift: (G,) the direction's products with the residuals and with itself, by cluster.
        scores, score_shifts: (G, k) the basis' products with the same.
        factor: CR1's G/(G - 1) (n - 1)/(n - k).
        reason: why nothing can be tested; empty where it can.
    """

    estimate: float
    length: float
    own: Floats
    own_shift: Floats
    scores: Floats
    score_shifts: Floats
    factor: float
    reason: str = ""


def wild_regression(
    design: ArrayLike, response: ArrayLike, clusters: ArrayLike, combination: ArrayLike
) -> WildRegression:
    """The fit behind `restricted_wild_test`, `unrestricted_wild_test`, `wild_interval` and `wild_t`.

    Args:
        design: (n, k), with its intercept.
        response: (n,).
        clusters: (n,) labels.
        combination: (k,) weights of the coefficients; a coefficient alone is a one among zeros.

    Raises:
        ValueError: shapes that do not fit, columns that are linearly dependent, values that are not finite, or a
            combination of zeros only.
    """
    x, y, vector = (np.asarray(values, dtype=float) for values in (design, response, combination))
    labels, codes = np.unique(np.asarray(clusters).astype(str), return_inverse=True)
    if not (x.ndim == 2 and y.shape == codes.shape == x.shape[:1] and vector.shape == x.shape[1:]):
        raise ValueError(
            f"design {x.shape} needs as many responses and clusters as rows and weights as columns, found {y.shape}, "
            f"{codes.shape} and {vector.shape}"
        )
    if not (np.isfinite(vector).all() and vector.any()):
        raise ValueError("combination must be finite and not all zeros")
    _, residuals = least_squares(x, y)
    scale = np.sqrt((x**2).sum(axis=0))
    basis, triangle = np.linalg.qr(x / scale)
    loading = np.linalg.solve(triangle.T, vector / scale)
    direction = basis @ loading
    own = _by_cluster(direction * residuals, codes)
    length = float(loading @ loading)
    spread = len(labels) > 1 and float(own @ own) > ROUNDING**2 * length * float(y @ y)
    return WildRegression(
        estimate=float(direction @ y),
        length=length,
        own=own,
        own_shift=_by_cluster(direction**2, codes),
        scores=_by_cluster(basis * residuals[:, None], codes),
        score_shifts=_by_cluster(basis * direction[:, None], codes),
        factor=stata_factor(len(x), x.shape[1], len(labels)),
        reason="" if spread else "no spread between clusters was seen",
    )


def wild_t(fit: WildRegression, null: float = 0.0) -> float:
    """The t statistic of estimate minus null with its CR1 standard error; NaN where no spread was seen."""
    if fit.reason:
        return math.nan
    return (fit.estimate - null) / math.sqrt(fit.factor * float(fit.own @ fit.own))


def restricted_wild_test(
    fit: WildRegression,
    *,
    draws: int,
    rng: np.random.Generator,
    null: float = 0.0,
    weights: SignWeights = SignWeights.RADEMACHER,
) -> DrawTest:
    """The test with the null imposed on the resampled data (WCR), the one to use.

    All 2^G Rademacher vectors are enumerated where there are at most `draws`. The actual data are among them, and their
    mirror image ties with them: `p_absolute` counts both, `p_absolute_beyond` neither. p is NaN where the fit says why.

    Args:
        fit: from `wild_regression`.
        draws: Monte Carlo draws where enumeration is too long.
        rng: of the stage.
        null: the value supposed.
        weights: Rademacher or Webb.
    """
    return _tested(fit, (fit.estimate - null) / fit.length, null, "imposed", weights, draws, rng)


def unrestricted_wild_test(
    fit: WildRegression,
    *,
    draws: int,
    rng: np.random.Generator,
    null: float = 0.0,
    weights: SignWeights = SignWeights.RADEMACHER,
) -> DrawTest:
    """The test that resamples around the estimate (WCU), for comparison: above its level where clusters are unequal.

    Its draws do not contain the actual data, so that an enumerated p can be 0.

    Args:
        fit: from `wild_regression`.
        draws: Monte Carlo draws where enumeration is too long.
        rng: of the stage.
        null: the value supposed.
        weights: Rademacher or Webb.
    """
    return _tested(fit, 0.0, null, "not imposed", weights, draws, rng)


def wild_interval(
    fit: WildRegression,
    level: float = 0.95,
    *,
    draws: int,
    rng: np.random.Generator,
    weights: SignWeights = SignWeights.RADEMACHER,
) -> DrawInterval:
    """The values that the test with the null imposed does not refuse (`p_absolute` at least 1 - level).

    Each side is followed outwards from the estimate until a value is refused, and the step found by bisection; p is a
    step function and need not fall evenly, so values further out may be accepted again. A side is infinite where
    nothing is refused: with five clusters the smallest p is 2/32.

    Args:
        fit: from `wild_regression`.
        level: between 0 and 1.
        draws: Monte Carlo draws where enumeration is too long.
        rng: of the stage.
        weights: Rademacher or Webb.

    Raises:
        ValueError: a level outside its range.
    """
    check_level(level)
    exact, batches = sign_vectors(fit.own.size, draws=draws, rng=rng, weights=weights)
    count = 2**fit.own.size if exact else draws
    method = f"inverted wild cluster bootstrap, null imposed, {count:,} sign vectors"
    if fit.reason:
        return DrawInterval(method, level, math.nan, math.nan, count, 0.0, reason=fit.reason)
    # The first enumerated vector is the actual data, which tie with themselves whatever rounding says.
    curves = _curves(fit, batches)[:, 1 if exact else 0 :]
    lower, upper = (_end(fit, curves, 1 - level, side) for side in (-1.0, 1.0))
    note = "" if math.isfinite(upper - lower) else "too few clusters to refuse every value on a side"
    return DrawInterval(method, level, lower, upper, count, 0.0, note)


def _p_value(fit: WildRegression, curves: Floats, null: float) -> float:
    """The p of the absolute statistic over the actual vector and those of `curves` (5, B), half of an enumeration."""
    shift = (fit.estimate - null) / fit.length
    base, slope, square, cross, far = curves
    observed = abs(wild_t(fit, null))
    drawn = _ratio(np.abs(base + shift * slope), square + shift * (2 * cross + shift * far), fit)
    found = int(np.count_nonzero(drawn >= observed - TIE * max(1.0, observed)))
    return float((found + 1) / (base.size + 1))


def _curves(fit: WildRegression, batches: Iterator[Floats]) -> Floats:
    """For each sign vector (columns), as polynomials of (estimate - null) / length: numerator and squared scores."""
    own, shifted = _cluster_matrices(fit)
    rows = []
    for signs in batches:
        scores, moved = signs @ own, signs @ shifted
        squares = ((scores, scores), (scores, moved), (moved, moved))
        sums = [np.einsum("bg,bg->b", one, other) for one, other in squares]
        rows.append(np.stack([signs @ fit.own, signs @ fit.own_shift, *sums]))
    return np.concatenate(rows, axis=1)


def _end(fit: WildRegression, curves: Floats, alpha: float, side: float) -> float:
    reach = math.sqrt(fit.factor * float(fit.own @ fit.own))
    inside = fit.estimate
    for doubling in range(DOUBLINGS):
        outside = fit.estimate + side * reach * 2.0**doubling
        if _p_value(fit, curves, outside) < alpha:
            break
        inside = outside
    else:
        return side * math.inf
    for _ in range(BISECTIONS):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if _p_value(fit, curves, middle) >= alpha else (inside, middle)
    return (inside + outside) / 2


def _tested(
    fit: WildRegression,
    shift: float,
    null: float,
    imposed: str,
    weights: SignWeights,
    draws: int,
    rng: np.random.Generator,
) -> DrawTest:
    """The test of residuals moved by `shift` times the direction."""
    groups = fit.own.size
    exact, batches = sign_vectors(groups, draws=draws, rng=rng, weights=weights)
    words = f"all {2**groups:,} sign vectors" if exact else f"{draws:,} {weights} vectors"
    method = f"wild cluster bootstrap over {groups} clusters, null {imposed}, {words}, CR1 t"
    if fit.reason:
        nan = math.nan
        return DrawTest(f"{method}: {fit.reason}", nan, nan, nan, exact, 0, nan, nan, nan, nan)
    own, shifted = _cluster_matrices(fit)
    moved, product = fit.own + shift * fit.own_shift, own + shift * shifted
    half = np.concatenate([_statistics(signs, moved, product, fit) for signs in batches])
    return compare(
        wild_t(fit, null),
        np.concatenate([half, -half]) if exact else half,
        exact=exact,
        smallest=1.0 / 2**groups if exact else 1.0 / (draws + 1),
        method=method,
    )


def _by_cluster(values: Floats, codes: NDArray[np.intp]) -> Floats:
    """Sums of rows (n, ...) over clusters (G, ...), every code from 0 on being held by some row."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    return np.asarray(np.add.reduceat(values[order], starts, axis=0), dtype=float)


def _cluster_matrices(fit: WildRegression) -> tuple[Floats, Floats]:
    """(G, G) each: what the cluster scores u_h'e*_h become under signs, without the shift and per unit of it."""
    across = fit.score_shifts.T
    return np.diag(fit.own) - fit.scores @ across, np.diag(fit.own_shift) - fit.score_shifts @ across


def _statistics(signs: Floats, own: Floats, product: Floats, fit: WildRegression) -> Floats:
    scores = signs @ product
    return _ratio(signs @ own, np.einsum("bg,bg->b", scores, scores), fit)


def _ratio(gap: Floats, squares: Floats, fit: WildRegression) -> Floats:
    """Gap over sqrt(factor squares); without spread minus or plus infinity, or 0 at no gap."""
    tiny = ROUNDING * math.sqrt(float(fit.own @ fit.own))
    error = np.sqrt(np.maximum(squares, 0.0))
    flat = np.where(np.abs(gap) <= tiny, 0.0, np.copysign(np.inf, gap))
    return np.where(error > tiny, gap / np.where(error > tiny, error, 1.0) / math.sqrt(fit.factor), flat)
