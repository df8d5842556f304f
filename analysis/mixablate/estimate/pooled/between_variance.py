"""How much studies (base models) truly differ: estimators of the variance tau2 between their effects."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import chdtri

from mixablate.estimate.counts.checks import check_level

__all__ = [
    "BetweenVariance",
    "WeightedFit",
    "checked_studies",
    "paule_mandel_std_error",
    "tau2_dersimonian_laird",
    "tau2_hedges",
    "tau2_interval",
    "tau2_maximum_likelihood",
    "tau2_paule_mandel",
    "tau2_reml",
    "tau2_sidik_jonkman",
    "weighted_fit",
]

Floats = NDArray[np.float64]

GRID = 120
"""Places at which the likelihood's slope is looked at, so that a lower of two peaks is not taken for the highest."""

NARROWEST = 1e-9
"""The first of them, as a part of the largest tau2 considered."""

ROOT = 1e-14  # relative tolerance of brentq: as near as floating point tells


@dataclass(frozen=True, slots=True)
class BetweenVariance:
    """An estimate of the variance between the true effects of studies.

    Attributes:
        tau2: 0 or more, in the squared unit of the effects; NaN where nothing can be said.
        std_error: of tau2, by its estimator's large-sample formula; not for an interval (see `tau2_interval`).
        estimator: its name.
        reason: why there is no number; empty where there is one.
    """

    tau2: float
    std_error: float
    estimator: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class WeightedFit:
    """Effects regressed on a design with weights 1 / (variance + tau2); k studies, p columns.

    With W the weights and P = W - W X (X'WX)^-1 X'W, what tau2 estimators need are sums of squares and traces of P.

    Attributes:
        coefficients: (p,).
        covariance: (p, p), (X'WX)^-1.
        weights: (k,).
        basis: (k, p), orthonormal columns that span W^(1/2) X.
        residuals: (k,), W^(1/2) (effects - X coefficients).
    """

    coefficients: Floats
    covariance: Floats
    weights: Floats
    basis: Floats
    residuals: Floats

    @property
    def squares(self) -> float:
        """Cochran's generalised Q: the weighted sum of squared residuals, y'Py."""
        return float(self.residuals @ self.residuals)

    @property
    def slope_squares(self) -> float:
        """The same with each square weighted once more, y'PPy."""
        return float(self.weights @ self.residuals**2)

    def trace(self, diagonal: Floats | float = 1.0) -> float:
        """The trace of P D, with D diagonal."""
        return float((self.weights * diagonal * (1 - (self.basis**2).sum(axis=1))).sum())

    def double_trace(self, one: Floats | float = 1.0, other: Floats | float = 1.0) -> float:
        """The trace of P D P E, with D and E diagonal."""
        left, right = self.weights * one, self.weights * other
        crossed = (self.basis.T * left) @ self.basis @ ((self.basis.T * right) @ self.basis)
        return float((left * right * (1 - 2 * (self.basis**2).sum(axis=1))).sum() + np.trace(crossed))


def tau2_dersimonian_laird(
    effects: ArrayLike, variances: ArrayLike, design: ArrayLike | None = None
) -> BetweenVariance:
    """The method of moments with weights 1 / variance: what Cochran's Q exceeds its expectation by, 0 at least.

    Wrong (too small, and its intervals with it) where studies are few or of unequal size: error rates of its
    normal interval "could be over 30 %" (IntHout 2014). Here because others report it.

    Source: DerSimonian & Laird (1986), Controlled Clinical Trials 7, 177-188; standard error as in R's metafor.

    Args:
        effects: (k,) one per study.
        variances: (k,) their squared standard errors, more than 0.
        design: (k, p) of full column rank; a column of ones if not given.

    Raises:
        ValueError: shapes that do not fit, values that are not finite, or a variance that is not above 0.

    >>> round(tau2_dersimonian_laird([0.1, 0.5, 1.2], [0.04, 0.04, 0.04]).tau2, 4)
    0.27
    """
    y, v, x = checked_studies(effects, variances, design)
    return _moments(y, v, x, 1 / v, "DerSimonian-Laird")


def tau2_hedges(effects: ArrayLike, variances: ArrayLike, design: ArrayLike | None = None) -> BetweenVariance:
    """The method of moments with equal weights: the plain variance of effects less the mean of their variances.

    Unbiased before it is cut off at 0, and imprecise where the variances differ much. Arguments and errors as
    `tau2_dersimonian_laird`.

    Source: Hedges & Olkin (1985), Statistical Methods for Meta-Analysis, chapter 9.
    """
    y, v, x = checked_studies(effects, variances, design)
    return _moments(y, v, x, np.ones_like(v), "Hedges")


def tau2_sidik_jonkman(effects: ArrayLike, variances: ArrayLike, design: ArrayLike | None = None) -> BetweenVariance:
    """A guess of tau2 (the variance of effects with divisor k), corrected once by the weighted sum of squares.

    Above 0 unless all effects are equal: wrong (too large) where studies hardly differ. Arguments and errors as
    `tau2_dersimonian_laird`.

    Source: Sidik & Jonkman (2005), Applied Statistics 54, 367-384.
    """
    y, v, x = checked_studies(effects, variances, design)
    free = len(y) - x.shape[1]
    if free < 1:
        return _unknown("Sidik-Jonkman", len(y))
    guess = float(y.var())
    fit = weighted_fit(y, v, x, guess)
    tau2 = guess * fit.squares / free
    return BetweenVariance(tau2, guess / free * math.sqrt(_variance_of_squares(fit, v, tau2)), "Sidik-Jonkman")


def tau2_paule_mandel(effects: ArrayLike, variances: ArrayLike, design: ArrayLike | None = None) -> BetweenVariance:
    """The tau2 at which the weighted sum of squares equals its degrees of freedom; the empirical Bayes estimate.

    Both names stand for the same equation. Assumes no distribution, and does better than DerSimonian-Laird for few
    studies. Arguments and errors as `tau2_dersimonian_laird`.

    Source: Paule & Mandel (1982), J. Res. Natl. Bur. Stand. 87, 377-385; Morris (1983), JASA 78, 47-55.
    """
    y, v, x = checked_studies(effects, variances, design)
    free = len(y) - x.shape[1]
    if free < 1:
        return _unknown("Paule-Mandel", len(y))
    tau2 = _tau2_of_squares(y, v, x, float(free))
    return BetweenVariance(tau2, paule_mandel_std_error(v, tau2, x.shape[1]), "Paule-Mandel")


def paule_mandel_std_error(variances: ArrayLike, tau2: float, columns: int = 1) -> float:
    """The standard error of a Paule-Mandel tau2: k / (k - p) sqrt(2 (k - p)) over the sum of weights."""
    v = np.asarray(variances, dtype=float)
    free = len(v) - columns
    return len(v) / free * math.sqrt(2 * free) / float((1 / (v + tau2)).sum())


def tau2_maximum_likelihood(
    effects: ArrayLike, variances: ArrayLike, design: ArrayLike | None = None
) -> BetweenVariance:
    """The tau2 under which normal effects are likeliest, with its standard error from the Fisher information.

    Wrong (too small) for few studies: it takes the mean as known. Arguments and errors as `tau2_dersimonian_laird`.

    Source: Hardy & Thompson (1996), Stat. Med. 15, 619-629.
    """
    y, v, x = checked_studies(effects, variances, design)
    if len(y) <= x.shape[1]:
        return _unknown("maximum likelihood", len(y))
    tau2 = _peak(y, v, x, restricted=False)
    information = float(((v + tau2) ** -2).sum()) / 2
    return BetweenVariance(tau2, 1 / math.sqrt(information), "maximum likelihood")


def tau2_reml(effects: ArrayLike, variances: ArrayLike, design: ArrayLike | None = None) -> BetweenVariance:
    """The tau2 under which the effects' differences are likeliest (REML): maximum likelihood without its bias.

    The highest peak is taken where the likelihood has several. Arguments and errors as `tau2_dersimonian_laird`.

    Source: Viechtbauer (2005), J. Educ. Behav. Stat. 30, 261-293.
    """
    y, v, x = checked_studies(effects, variances, design)
    if len(y) <= x.shape[1]:
        return _unknown("REML", len(y))
    tau2 = _peak(y, v, x, restricted=True)
    return BetweenVariance(tau2, math.sqrt(2 / weighted_fit(y, v, x, tau2).double_trace()), "REML")


def tau2_interval(
    effects: ArrayLike, variances: ArrayLike, design: ArrayLike | None = None, *, level: float = 0.95
) -> tuple[float, float]:
    """The confidence interval of tau2: the values at which the weighted sum of squares is no unlikely chi-squared.

    Exact where effects are normal with the stated variances (Q-profile). Very wide for few studies. Both limits are 0
    where effects agree better than chance would let them without any difference between studies; both NaN for a single
    study.

    Source: Viechtbauer (2007), Stat. Med. 26, 37-52.

    Args:
        effects: (k,) one per study.
        variances: (k,) their squared standard errors, more than 0.
        design: (k, p) of full column rank; a column of ones if not given.
        level: of the interval, between 0 and 1.

    Raises:
        ValueError: as `tau2_dersimonian_laird`, or a level outside its range.
    """
    check_level(level)
    y, v, x = checked_studies(effects, variances, design)
    free = len(y) - x.shape[1]
    if free < 1:
        return math.nan, math.nan
    tail = (1 - level) / 2
    high, low = float(chdtri(free, tail)), float(chdtri(free, 1 - tail))
    return _tau2_of_squares(y, v, x, high), _tau2_of_squares(y, v, x, low)


def checked_studies(
    effects: ArrayLike, variances: ArrayLike, design: ArrayLike | None = None
) -> tuple[Floats, Floats, Floats]:
    """Effects (k,), variances (k,) and design (k, p) as arrays.

    Raises:
        ValueError: shapes that do not fit, values that are not finite, or a variance that is not above 0.
    """
    y, v = np.asarray(effects, dtype=float), np.asarray(variances, dtype=float)
    if not (y.ndim == 1 and y.shape == v.shape and len(y) > 0):
        raise ValueError(f"one variance per effect and at least one effect are needed, found {y.shape} and {v.shape}")
    if not np.isfinite(y).all():
        raise ValueError("effects must be finite, found NaN or infinity")
    if not ((v > 0) & np.isfinite(v)).all():
        raise ValueError(f"variances must be above 0 and finite, found {v[~((v > 0) & np.isfinite(v))][0]}")
    x = np.ones((len(y), 1)) if design is None else np.asarray(design, dtype=float)
    if not (x.ndim == 2 and len(x) == len(y) and np.isfinite(x).all()):
        raise ValueError(f"the design must be finite with one row per effect, found {x.shape} for {len(y)} effects")
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise ValueError(f"the design's {x.shape[1]} columns must be linearly independent over the {len(y)} studies")
    return y, v, x


def weighted_fit(effects: Floats, variances: Floats, design: Floats, tau2: float) -> WeightedFit:
    """The weighted least squares fit at this tau2, of arrays from `checked_studies`."""
    return _fit(effects, design, 1 / (variances + tau2))


def _fit(effects: Floats, design: Floats, weights: Floats) -> WeightedFit:
    root = np.sqrt(weights)
    basis, triangle = np.linalg.qr(design * root[:, None])
    turned = basis.T @ (root * effects)
    coefficients = np.linalg.solve(triangle, turned)
    inverse = np.linalg.inv(triangle)
    return WeightedFit(coefficients, inverse @ inverse.T, weights, basis, root * (effects - design @ coefficients))


def _moments(y: Floats, v: Floats, x: Floats, weights: Floats, name: str) -> BetweenVariance:
    if len(y) <= x.shape[1]:
        return _unknown(name, len(y))
    fit = _fit(y, x, weights)
    tau2 = max(0.0, (fit.squares - fit.trace(v)) / fit.trace())
    return BetweenVariance(tau2, math.sqrt(_variance_of_squares(fit, v, tau2)) / fit.trace(), name)


def _variance_of_squares(fit: WeightedFit, v: Floats, tau2: float) -> float:
    """The variance of y'Py for normal effects of variance v + tau2."""
    return 2 * fit.double_trace(v, v) + 4 * tau2 * fit.double_trace(v) + 2 * tau2**2 * fit.double_trace()


def _tau2_of_squares(y: Floats, v: Floats, x: Floats, wanted: float) -> float:
    """The tau2 at which the weighted sum of squares, which falls with it, has this value; 0 if it never does."""

    def excess(tau2: float) -> float:
        return weighted_fit(y, v, x, tau2).squares - wanted

    if not excess(0.0) > 0:
        return 0.0
    return float(brentq(excess, 0.0, _beyond(excess, v), xtol=1e-300, rtol=ROOT))


def _beyond(slope: Callable[[float], float], v: Floats) -> float:
    """A tau2 large enough for the slope to be negative."""
    high = float(v.max())
    while slope(high) > 0:
        high *= 4
    return high


def _peak(y: Floats, v: Floats, x: Floats, *, restricted: bool) -> float:
    """The tau2 of the highest (restricted) likelihood."""

    def slope(tau2: float) -> float:
        fit = weighted_fit(y, v, x, tau2)
        return fit.slope_squares - (fit.trace() if restricted else float(fit.weights.sum()))

    def height(tau2: float) -> float:
        fit = weighted_fit(y, v, x, tau2)
        scatter = float(np.log(v + tau2).sum()) + fit.squares
        return -(scatter - (np.linalg.slogdet(fit.covariance)[1] if restricted else 0.0)) / 2

    spread = 4 * float(((y - y.mean()) ** 2).sum())
    highest = _beyond(slope, np.append(v, spread))
    grid = np.concatenate([[0.0], np.geomspace(NARROWEST * highest, highest, GRID)])
    slopes = [slope(tau2) for tau2 in grid]
    peaks = [
        float(brentq(slope, grid[i], grid[i + 1], xtol=1e-300, rtol=ROOT))
        for i in range(GRID)
        if slopes[i] > 0 >= slopes[i + 1]
    ]
    return max([0.0, *peaks], key=height)


def _unknown(name: str, studies: int) -> BetweenVariance:
    reason = f"{studies} {'study leaves' if studies == 1 else 'studies leave'} nothing to tell how much studies differ"
    return BetweenVariance(math.nan, math.nan, name, reason)
