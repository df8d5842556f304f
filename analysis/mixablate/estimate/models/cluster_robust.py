"""Covariances that allow for dependence within training runs, and the degrees of freedom that go with them.

Everything here works on whitened rows: for least squares the rows as they are, for weighted least squares and for a
binomial logit at its maximum each row times the square root of its weight. The working model is then independent
errors of equal variance, which for the logit means binomial variance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixablate.estimate.models.inference import Inference, t_inference, withheld

__all__ = [
    "ClusterRobust",
    "Correction",
    "Inference",
    "cluster_robust",
    "contrast_inference",
    "least_squares",
    "satterthwaite_df",
    "stata_factor",
    "t_inference",
]

Floats = NDArray[np.float64]

SINGULAR = 1e-10
"""Eigenvalues of I - H below this are zero: the cluster is fitted exactly in that direction."""

MOST_UNSEEN = 1e-6
"""Share of an estimate's variance that may sit in such directions (rounding) before its standard error is withheld."""


class Correction(StrEnum):
    """What is done to the residuals of a cluster before they are squared: (I - H)^0, ^(-1/2) or ^(-1).

    CR0 is the plain sandwich, CR1 the same times G/(G - 1), CR2 unbiased under the working model (Bell & McCaffrey
    2002), CR3 close to the jackknife over clusters. With every row a cluster of its own they are HC0, HC2 and HC3.

    CR1S is Stata's: CR0 times `stata_factor`, (G/(G - 1)) ((n - 1)/(n - p)), and HC1 with every row its own cluster. It
    is the default of nothing here, since n counts the rows it is given: the same rollouts as counts or as 0/1 rows have
    different standard errors (cbpp: .4130 as 56 counts, .4023 as 842 rows). `fit_logit` adds rows up first, so that
    its n is the number of distinct (cluster, design row) pairs.
    """

    CR0 = "CR0"
    CR1 = "CR1"
    CR1S = "CR1S"
    CR2 = "CR2"
    CR3 = "CR3"


@dataclass(frozen=True, slots=True)
class ClusterRobust:
    """A cluster-robust covariance with what the degrees of freedom of any contrast need.

    G clusters, p coefficients, m rows per cluster (padded with zeros; without variances rotated to at most p).

    Attributes:
        covariance: (p, p).
        root: (p, p), root @ root.T = (X'X)^-1, the working model's covariance up to its error variance.
        rows: (G, m, p) the whitened rows times root.
        adjusted: (G, m, p) the same times the transposed correction A_g' of each cluster.
        leverage: (G,) the largest eigenvalue of each cluster's block of the hat matrix; 1 means that some combination
            of the cluster's rows is fitted exactly, whatever its outcome. For runs with a row each it is the run's
            leverage, and 1/n in an arm of n runs.
        unseen: (p, p), in the coordinates of root, the part of the working variance that no residual can show.
        clusters: the cluster labels, in the order of G.
    """

    covariance: Floats
    root: Floats
    rows: Floats
    adjusted: Floats
    leverage: Floats
    unseen: Floats
    clusters: tuple[str, ...]


def least_squares(design: Floats, response: Floats) -> tuple[Floats, Floats]:
    """Coefficients (p,) and residuals (n,) of a least squares fit, by QR of the columns scaled to unit length.

    Args:
        design: (n, p), of full column rank (see `separation.aliased_columns`).
        response: (n,).

    Raises:
        ValueError: a design without full column rank, or values that are not finite.
    """
    scale, orthogonal, triangle = _scaled_qr(design)
    coefficients = np.linalg.solve(triangle, orthogonal.T @ response) / scale
    if not np.isfinite(coefficients).all():
        raise ValueError("response must be finite, found NaN or infinity")
    return coefficients, response - design @ coefficients


def cluster_robust(
    whitened: Floats,
    residuals: Floats,
    clusters: ArrayLike,
    correction: Correction = Correction.CR2,
    variances: Floats | None = None,
) -> ClusterRobust:
    """The cluster-robust covariance of the coefficients of a whitened least squares fit.

    With M = (X'X)^-1 and e_g, X_g, H_gg the cluster's residuals, rows and block of the hat matrix it is
    M [sum over g of X_g' A_g e_g e_g' A_g' X_g] M. For CR2 A_g (I - H_gg) A_g' = I, so that it is unbiased under the
    working model; A_g is (V (I - H_gg) V)^(-1/2) V with V the rows' variances on the scale of the response (the root
    that Pustejovsky and Tipton choose; without `variances` it is the symmetric one), and 0 in the directions where
    I - H_gg is singular. CR2 with every row a cluster of its own is HC2. Wrong where one cluster carries the estimate:
    look at `leverage` and the degrees of freedom.

    Source: Bell & McCaffrey (2002), Survey Methodology 28, 169-181; Pustejovsky & Tipton (2018), JBES 36, 672-683;
    the numbers of R's clubSandwich.

    Args:
        whitened: (n, p), of full column rank: rows times the square root of their weights.
        residuals: (n,), whitened alike (for a logit (k - n p) / sqrt(n p (1 - p))).
        clusters: (n,) labels.
        correction: CR0 to CR3; for CR1S n is the number of rows given.
        variances: (n,) working variance of each row's response, up to a factor, if rows differ in it. For a logit
            p(1 - p), of a single trial: then a row of counts may be split into several without changing a number.

    Raises:
        ValueError: shapes that do not fit, variances not above 0, or a design without full column rank.
    """
    labels, codes = np.unique(np.asarray(clusters), return_inverse=True)
    if not len(whitened) == len(residuals) == len(codes):
        raise ValueError(f"unequal rows: design {len(whitened)}, residuals {len(residuals)}, labels {len(codes)}")
    if variances is not None and not (len(variances) == len(codes) and (variances > 0).all()):
        raise ValueError("variances must be as many as the rows and all above 0")
    scale, _, triangle = _scaled_qr(whitened)
    root = np.linalg.inv(triangle) / scale[:, None]
    rows, errors, spread = _by_cluster(whitened @ root, residuals, codes.ravel(), variances)
    adjusted, hat, fitted = _adjust(rows, spread, correction)
    scores = (adjusted.transpose(0, 2, 1) @ errors[:, :, None])[:, :, 0] @ root.T
    inflation = _inflation(correction, len(codes), len(root), len(labels))
    return ClusterRobust(
        covariance=inflation * (scores.T @ scores),
        root=root,
        rows=rows,
        adjusted=adjusted,
        leverage=np.clip(hat[:, -1], 0.0, 1.0),
        unseen=fitted.T @ fitted,
        clusters=tuple(str(label) for label in labels),
    )


def stata_factor(rows: int, columns: int, clusters: int) -> float:
    """The factor (G/(G - 1)) ((n - 1)/(n - p)) of Stata's clustered covariance; n/(n - p) with every row a cluster.

    Wrong as a rule for counts: n is 56 or 842 for the same animals, by whether each has a row. A factor without a
    denominator (one cluster, or as many columns as rows) is 1.

    Source: Stata's `regress, vce(cluster)`; HC1 of R's sandwich and CR1S of clubSandwich.

    >>> round(stata_factor(rows=12, columns=2, clusters=12), 6) == round(12 / 10, 6)
    True
    """
    between = clusters / (clusters - 1) if clusters > 1 else 1.0
    return between * (rows - 1) / (rows - columns) if rows > columns else between


def satterthwaite_df(robust: ClusterRobust, vector: Floats) -> float:
    """Degrees of freedom of the squared standard error of a contrast, by matching two moments under the working model.

    The squared standard error is a sum of G squared linear forms of the errors; with P the matrix of their inner
    products it has (tr P)^2 / tr(P^2) degrees of freedom. In a two-arm comparison of runs it is
    (1/n1 + 1/n0)^2 / (1/(n1^2 (n1 - 1)) + 1/(n0^2 (n0 - 1))), that is Welch's formula at equal variances.

    Source: Bell & McCaffrey (2002); Pustejovsky & Tipton (2018).

    Args:
        robust: the covariance.
        vector: (p,) the contrast.

    Returns:
        1 or more; NaN where no residual carries information on the contrast.
    """
    direction = robust.root.T @ vector
    forms = robust.adjusted @ direction
    lengths = (forms**2).sum(axis=1)
    pulls = (forms[:, None, :] @ robust.rows)[:, 0, :]
    diagonal = lengths - (pulls**2).sum(axis=1)
    # P = diag(lengths) - pulls pulls', so tr(P^2) needs no matrix of G by G.
    squares = float((lengths**2).sum() - 2 * (lengths * (lengths - diagonal)).sum() + ((pulls.T @ pulls) ** 2).sum())
    trace = float(diagonal.sum())
    if not trace > SINGULAR * float(direction @ direction):
        return math.nan
    return trace**2 / squares


def contrast_inference(estimate: float, robust: ClusterRobust, gradient: Floats, level: float = 0.95) -> Inference:
    """The t inference of a function of the coefficients, with its cluster-robust standard error.

    Where a cluster is fitted exactly in a direction that the contrast uses (an arm of one run with a coefficient of its
    own), its variation over runs cannot be seen: the standard error would be too small, often zero. It is withheld.

    Args:
        estimate: the function's value.
        robust: the covariance of the coefficients.
        gradient: (p,) of the function by the coefficients; for a linear contrast its vector.
        level: of the interval, between 0 and 1.

    Raises:
        ValueError: a level outside its range.
    """
    direction = robust.root.T @ gradient
    working = float(direction @ direction)
    hidden = float(direction @ robust.unseen @ direction)
    if hidden > MOST_UNSEEN * working:
        exactly = [c for c, h in zip(robust.clusters, robust.leverage, strict=True) if 1 - h < SINGULAR]
        names = ", ".join(f'"{c}"' for c in exactly[:5]) + (" and others" if len(exactly) > 5 else "")
        return withheld(
            estimate,
            f"{hidden / working:.0%} of the estimate's variance comes from runs that the model fits exactly ({names}): "
            "nothing shows how much they vary",
        )
    std_error = math.sqrt(float(gradient @ robust.covariance @ gradient))
    used = ((robust.rows @ direction) ** 2).sum(axis=1) > SINGULAR * working
    found = t_inference(estimate, std_error, satterthwaite_df(robust, gradient), level)
    return replace(found, leverage=float(robust.leverage[used].max(initial=0.0)))


def _scaled_qr(design: Floats) -> tuple[Floats, Floats, Floats]:
    """Column lengths (p,), and Q (n, p) and R (p, p) of the columns divided by them."""
    scale = np.sqrt((design**2).sum(axis=0))
    if not (scale > 0).all() or len(design) < len(scale) or not np.isfinite(scale).all():
        raise ValueError("the design must be finite, have at least as many rows as columns and no column of zeros")
    orthogonal, triangle = np.linalg.qr(design / scale)
    if np.abs(np.diag(triangle)).min() < SINGULAR:
        raise ValueError("the columns of the design are linearly dependent")
    return scale, orthogonal, triangle


def _inflation(correction: Correction, rows: int, columns: int, clusters: int) -> float:
    if correction is Correction.CR1S:
        return stata_factor(rows, columns, clusters)
    return clusters / (clusters - 1) if correction is Correction.CR1 and clusters > 1 else 1.0


def _adjust(rows: Floats, spread: Floats | None, correction: Correction) -> tuple[Floats, Floats, Floats]:
    """A_g' times the rows (G, m, p), the hat eigenvalues (G, m), and the rows' unseen components (any number, p)."""
    block = rows @ rows.transpose(0, 2, 1)
    hat, turn = np.linalg.eigh(block)
    exact = 1 - hat < SINGULAR
    rest = 1 - hat
    weighted = spread is not None and correction is Correction.CR2
    if spread is not None and weighted:
        between = spread[:, :, None] * (np.eye(block.shape[1]) - block) * spread[:, None, :]
        rest, turn = np.linalg.eigh(between)
        # Scaling by V keeps the number of zero eigenvalues; their size says nothing, as V may be small itself.
        exact = np.arange(block.shape[1]) < exact.sum(axis=1)[:, None]
    turned = turn.transpose(0, 2, 1) @ rows
    power = {Correction.CR2: -0.5, Correction.CR3: -1.0}.get(correction, 0.0)
    factor = np.where(exact & (power != 0), 0.0, np.where(exact, 1.0, rest) ** power)
    adjusted = turn @ (factor[:, :, None] * turned)
    if spread is not None and weighted:
        adjusted = spread[:, :, None] * adjusted
    return adjusted, hat, turned[exact]


def _by_cluster(
    rows: Floats, residuals: Floats, codes: NDArray[np.intp], variances: Floats | None
) -> tuple[Floats, Floats, Floats | None]:
    """Rows (G, m, p), residuals (G, m) and variances (G, m) by cluster, padded with zeros (variances with ones).

    Without variances a cluster of more than p rows is rotated onto p: only rows' A rows and rows' A e are used, for
    functions A of rows rows', and those change neither under rotation nor when what is orthogonal to the rows goes.
    """
    counts = np.bincount(codes)
    columns = rows.shape[1]
    if variances is None and counts.max() > columns:
        return _rotated(rows, residuals, codes, counts)
    order = np.argsort(codes, kind="stable")
    place = np.arange(len(codes)) - np.repeat(np.cumsum(counts) - counts, counts)
    at = (codes[order], place)
    blocks, errors = np.zeros((len(counts), counts.max(), columns)), np.zeros((len(counts), counts.max()))
    blocks[at], errors[at] = rows[order], residuals[order]
    if variances is None:
        return blocks, errors, None
    spread = np.ones((len(counts), counts.max()))
    spread[at] = variances[order]
    return blocks, errors, spread


def _rotated(
    rows: Floats, residuals: Floats, codes: NDArray[np.intp], counts: NDArray[np.intp]
) -> tuple[Floats, Floats, None]:
    """Rows (G, p, p) and residuals (G, p), each cluster replaced by the triangle of its QR factors."""
    columns = rows.shape[1]
    blocks, errors = np.zeros((len(counts), columns, columns)), np.zeros((len(counts), columns))
    for cluster, members in enumerate(np.split(np.argsort(codes, kind="stable"), np.cumsum(counts)[:-1])):
        turn, triangle = np.linalg.qr(rows[members])
        blocks[cluster, : len(triangle)] = triangle
        errors[cluster, : len(triangle)] = turn.T @ residuals[members]
    return blocks, errors, None
