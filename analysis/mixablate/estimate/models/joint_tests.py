"""Tests of several constraints at once on a cluster-robust covariance: Hotelling's with few clusters, and the naive F.

The squared statistic Q = d' (C V C')^-1 d of q constraints has an F distribution only if the clusters are many. With
few, C V C' is taken as a Wishart matrix whose degrees of freedom nu are found by matching moments under the working
model; then (nu - q + 1) / (nu q) Q is compared with F(q, nu - q + 1). With one constraint this is the t test on
Satterthwaite's degrees of freedom.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtrc

from mixablate.estimate.models.cluster_robust import MOST_UNSEEN, SINGULAR, ClusterRobust
from mixablate.estimate.models.inference import ROUNDING
from mixablate.estimate.models.logit import AGREEMENT, LogitFit

__all__ = ["JointTest", "hotelling_hta", "hotelling_htz", "joint_log_odds", "naive_f"]

Floats = NDArray[np.float64]

FLAT = 1e-12
"""A direction with less than this part of the largest variance over clusters shows rounding, not spread."""


@dataclass(frozen=True, slots=True)
class JointTest:
    """A test that q functions of the coefficients are all 0. Numbers are NaN where `reason` says why.

    Attributes:
        statistic: the F statistic, scaled to its reference distribution.
        df_num: q.
        df_denom: of the F distribution.
        p_value: of a statistic as large or larger.
        reason: why there is no p-value; empty where there is one.
    """

    statistic: float
    df_num: int
    df_denom: float
    p_value: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Constraints:
    """Constraints (q of them) turned so that their covariance has the identity as its expectation.

    Attributes:
        q: constraints.
        wald: Q = d' (C V C')^-1 d.
        products: (q, q, q, q), entry (a, b, c, d) the sum over clusters j, k of P_ab[j, k] P_cd[j, k], with P_ab[j, k]
            the working covariance of cluster j's contribution to constraint a and cluster k's to b.
        reason: why there is no test; the numbers before it are then not to be used.
    """

    q: int
    wald: float = math.nan
    products: Floats | None = None
    reason: str = ""


def hotelling_htz(estimates: ArrayLike, robust: ClusterRobust, gradients: ArrayLike) -> JointTest:
    """The approximate Hotelling T-squared test (AHT) of q functions of the coefficients: the one to use.

    nu = q (q + 1) / (sum of the variances of the entries of the covariance, turned to expectation I), the total
    variance of a Wishart matrix. Each constraint costs degrees of freedom: at q near the number of clusters there is no
    test, and below about 4 (`df_denom`) hardly any power. Wrong, like every clustered test, where the clusters are not
    independent of each other.

    Source: Pustejovsky & Tipton (2018), JBES 36, 672-683, section 3.2; Zhang (2012); HTZ of R's clubSandwich.

    Args:
        estimates: (q,) values of the functions less their values under the null hypothesis.
        robust: the covariance of the coefficients, for the size CR2.
        gradients: (q, p) of the functions by the coefficients; for linear constraints their matrix.

    Raises:
        ValueError: shapes that do not fit, or constraints that are not linearly independent.
    """
    found = _constraints(estimates, robust, gradients)
    if found.products is None:
        return _withheld(found)
    total = float(np.einsum("stst->", _entry_covariances(found.products)))
    return _hotelling(found, found.q * (found.q + 1) / total)


def hotelling_hta(estimates: ArrayLike, robust: ClusterRobust, gradients: ArrayLike) -> JointTest:
    """Hotelling's test with degrees of freedom matched on all covariances of entries (Pan & Wall's).

    Kept for comparison with other software: more conservative than `hotelling_htz`, which Pustejovsky and Tipton find
    closer to its level. Arguments and errors are those of `hotelling_htz`.

    Source: Pan & Wall (2002), Statistics in Medicine 21, 1429-1441; HTA of R's clubSandwich.
    """
    found = _constraints(estimates, robust, gradients)
    if found.products is None:
        return _withheld(found)
    covariances = _entry_covariances(found.products)
    total = float(np.einsum("stst->", covariances))
    return _hotelling(found, 2 * total / float((covariances**2).sum()))


def naive_f(estimates: ArrayLike, robust: ClusterRobust, gradients: ArrayLike) -> JointTest:
    """The F test of Q / q with q and G - 1 degrees of freedom, as most software reports it.

    Rejects a true null far too often with few clusters; kept for comparison. Arguments and errors are those of
    `hotelling_htz`.
    """
    found = _constraints(estimates, robust, gradients)
    if found.products is None:
        return _withheld(found)
    return _f_test(found.wald / found.q, found.q, len(robust.clusters) - 1.0)


def joint_log_odds(fit: LogitFit, constraints: ArrayLike) -> JointTest:
    """The approximate Hotelling test (`hotelling_htz`) that q linear combinations of a logit's coefficients are all 0.

    Runs that agree to a millionth of binomial noise in every combination agree to rounding: no spread was seen.

    Args:
        fit: the fit.
        constraints: (q, p) a combination a row.

    Raises:
        ValueError: shapes that do not fit, or constraints that are not linearly independent.
    """
    matrix = np.atleast_2d(np.asarray(constraints, dtype=float))
    if matrix.shape[1] != len(fit.coefficients):
        raise ValueError(f"constraints must be (q, {len(fit.coefficients)}), found {matrix.shape}")
    found = hotelling_htz(matrix @ fit.coefficients, fit.robust, matrix)
    spread, binomial = (np.einsum("qi,ij,qj->q", matrix, v, matrix) for v in (fit.covariance, fit.model_covariance))
    if not found.reason and (spread < AGREEMENT**2 * binomial).all():
        return JointTest(math.nan, found.df_num, math.nan, math.nan, "no spread between runs was seen")
    return found


def _constraints(estimates: ArrayLike, robust: ClusterRobust, gradients: ArrayLike) -> _Constraints:
    values, matrix = np.atleast_1d(np.asarray(estimates, dtype=float)), np.asarray(gradients, dtype=float)
    if matrix.ndim != 2 or matrix.shape != (len(values), len(robust.root)) or not len(values):
        raise ValueError(
            f"gradients must be (q, {len(robust.root)}) for q estimates, found {matrix.shape} for {values.shape}"
        )
    if not (np.isfinite(values).all() and np.isfinite(matrix).all()):
        raise ValueError("estimates and gradients must be finite, found NaN or infinity")
    directions = robust.root.T @ matrix.T
    q = len(values)
    scale = np.sqrt((directions**2).sum(axis=0))
    if q > len(directions) or not (scale > 0).all() or np.linalg.cond(directions / scale) > 1 / SINGULAR:
        raise ValueError("the constraints must be linearly independent")
    orthonormal, triangle = np.linalg.qr(directions / scale)
    if np.linalg.eigvalsh(orthonormal.T @ robust.unseen @ orthonormal)[-1] > MOST_UNSEEN:
        return _Constraints(q, reason="a combination of the constraints rests on runs that the model fits exactly")
    # In the coordinates of the orthonormal directions the working model's covariance is I.
    turn = np.linalg.inv(triangle).T / scale
    spread = turn @ matrix @ robust.covariance @ matrix.T @ turn.T
    variances, axes = np.linalg.eigh((spread + spread.T) / 2)
    seen = math.sqrt(max(float(variances[-1]), 0.0)) > ROUNDING * float(np.abs(turn @ values).max())
    if not seen or variances[0] < FLAT * variances[-1]:
        rank = int((variances >= FLAT * variances[-1]).sum()) if seen else 0
        return _Constraints(q, reason=f"{q} constraints, but spread between runs was seen in {rank} directions only")
    wald = float(((axes.T @ turn @ values) ** 2 / variances).sum())
    return _Constraints(q, wald, _products(robust, orthonormal))


def _products(robust: ClusterRobust, directions: Floats) -> Floats:
    """The sums over pairs of clusters that moments need, (q, q, q, q), for P turned to an expected covariance of I."""
    forms = np.einsum("gmp,pa->gam", robust.adjusted, directions)
    overlap = np.einsum("gam,gbm->gab", forms, forms)
    pulls = np.einsum("gmp,gam->gap", robust.rows, forms)
    expected = overlap.sum(axis=0) - np.einsum("gap,gbp->ab", pulls, pulls)
    values, axes = np.linalg.eigh((expected + expected.T) / 2)
    half = (axes / np.sqrt(values)) @ axes.T
    overlap = half @ overlap @ half
    pulls = half @ pulls
    # P_ab[j, k] is overlap_ab of cluster j where j = k, less pull_a[j] . pull_b[k]: no G by G matrix is needed.
    own = np.einsum("gap,gbp->gab", pulls, pulls)
    cross = np.einsum("gap,gbr->abpr", pulls, pulls, optimize=True)
    q, p = pulls.shape[1:]
    between = cross.reshape(q * q, p * p) @ cross.reshape(q * q, p * p).T
    within = np.einsum("gab,gcd->abcd", overlap, overlap - own, optimize=True)
    within -= np.einsum("gab,gcd->abcd", own, overlap, optimize=True)
    return np.asarray(within + between.reshape(q, q, q, q).transpose(0, 2, 1, 3))


def _entry_covariances(products: Floats) -> Floats:
    """Covariances of the entries (s, t) and (u, v) of the turned covariance under normal errors, (q, q, q, q)."""
    # Cov(sum_j x_s[j] x_t[j], sum_k x_u[k] x_v[k]) = sum_jk P_su P_tv + P_sv P_tu  (Isserlis)
    return products.transpose(0, 2, 1, 3) + products.transpose(0, 2, 3, 1)


def _hotelling(found: _Constraints, wishart_df: float) -> JointTest:
    df = wishart_df - found.q + 1
    if not df > SINGULAR:
        return _withheld(found, f"too few clusters for {found.q} constraints: {wishart_df:.1f} degrees of freedom")
    return _f_test(df / wishart_df * found.wald / found.q, found.q, df)


def _f_test(statistic: float, df_num: int, df_denom: float) -> JointTest:
    return JointTest(statistic, df_num, df_denom, float(fdtrc(df_num, df_denom, statistic)))


def _withheld(found: _Constraints, reason: str = "") -> JointTest:
    return JointTest(math.nan, found.q, math.nan, math.nan, reason or found.reason)
