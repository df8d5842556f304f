"""The least squares fit of a per-run outcome on the run's mix, with process variables beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.estimate.mixtures.blends import Blend, blend_columns, blend_names
from mixablate.estimate.mixtures.many_contrasts import contrast_inferences
from mixablate.estimate.models.cluster_robust import ClusterRobust, Inference, cluster_robust, least_squares

__all__ = [
    "MixFit",
    "MixRuns",
    "design_rows",
    "estimable",
    "fit_mix",
    "mix_contrasts",
    "mixes_alone",
    "moving_together",
    "orthonormal",
    "rank_of",
]

Floats = NDArray[np.float64]

DEPENDENT = 1e-9
"""Singular values of the unit-length columns below this part of the largest are 0: the columns depend on each other."""

REACHED = 1e-7
"""Part of a contrast's length that may lie outside what the runs varied (rounding)."""


@dataclass(frozen=True, slots=True)
class MixRuns:
    """The runs of known mixes, one row each.

    Attributes:
        parts: names of the D parts that vary.
        fractions: (n, D); rows sum to 1, or to a constant below it where further parts never vary.
        process: (n, k) what else was varied: flags, doses, dummies of categories and blocks, covariates.
        process_names: of its columns.
        crossed: whether the parts' blending may differ by process variable.
        run_ids: (n,).
        clusters: (n,) runs, or pairs of runs.
    """

    parts: tuple[str, ...]
    fractions: Floats
    process: Floats
    process_names: tuple[str, ...]
    crossed: bool
    run_ids: tuple[str, ...]
    clusters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MixFit:
    """A fit. Coefficients live in the r directions that the runs varied; r = p where all columns are separate.

    Attributes:
        blend: the model of the mix.
        runs: what was fitted.
        rows: (n, r) the columns in those directions.
        basis: (p, r) orthonormal directions of the columns; the identity where r = p.
        coefficients: (r,).
        robust: their HC2 covariance by run.
        residuals: (n,).
        response: (n,).
        r2: 1 - RSS / sum of squares about the mean. (That of a fit without intercept is taken about 0: never use it.)
        sigma: residual standard deviation; NaN without residual degrees of freedom.
    """

    blend: Blend
    runs: MixRuns
    rows: Floats
    basis: Floats
    coefficients: Floats
    robust: ClusterRobust
    residuals: Floats
    response: Floats
    r2: float
    sigma: float

    @property
    def df_residual(self) -> int:
        """Runs less coefficients."""
        return len(self.residuals) - len(self.coefficients)

    @property
    def rss(self) -> float:
        """Residual sum of squares."""
        return float(self.residuals @ self.residuals)


def design_rows(blend: Blend, runs: MixRuns, fractions: Floats, process: Floats) -> Floats:
    """The model's columns at these mixes and process variables, (m, p): the mix, then the process variables.

    Crossed, each process variable is multiplied by every fraction (their sum is its main effect): the mixture-process
    model of Cornell (2002), chapter 7.
    """
    mix = blend_columns(blend, fractions)
    if not runs.crossed:
        return np.hstack([mix, process])
    products = [process[:, [k]] * fractions for k in range(process.shape[1])]
    return np.hstack([mix, *products])


def rank_of(rows: Floats) -> int:
    """The numerical rank of columns scaled to unit length."""
    return int(_directions(rows)[0].shape[1])


def orthonormal(rows: Floats) -> Floats:
    """Orthonormal columns (n, r) that span those of the rows."""
    turn, values, _ = np.linalg.svd(rows / _lengths(rows), full_matrices=False)
    return np.asarray(turn[:, values > DEPENDENT * values[0]], dtype=float)


def _lengths(rows: Floats) -> Floats:
    scale = np.sqrt((rows**2).sum(axis=0))
    return np.where(scale == 0.0, 1.0, scale)


def _directions(rows: Floats) -> tuple[Floats, Floats]:
    """Orthonormal directions (p, r) of the scaled columns that the rows vary, and the scale (p,)."""
    scale = _lengths(rows)
    values, turn = np.linalg.svd(rows / scale, full_matrices=False)[1:]
    return turn[values > DEPENDENT * values[0]].T, scale


def fit_mix(blend: Blend, runs: MixRuns, response: Floats) -> MixFit:
    """The fit of a per-run response on the mix, with standard errors by run (HC2; CR2 by pair where runs are paired).

    Columns that the runs do not separate are fitted in the directions that they do; `estimable` says which contrasts
    that reaches. Wrong where the outcome jumps between mixes: see the cross-validated error, and lack of fit.

    Source: Scheffé (1958); Cornell (2002), Experiments with Mixtures, chapters 2, 4 and 7; Bell & McCaffrey (2002).

    Args:
        blend: the model.
        runs: mixes and process variables.
        response: (n,) mean log-odds, rate or score of each run.
    """
    rows = design_rows(blend, runs, runs.fractions, runs.process)
    directions, scale = _directions(rows)
    full = directions.shape[1] == rows.shape[1]
    basis = np.eye(rows.shape[1]) if full else directions / scale[:, None]
    reduced = rows if full else rows @ basis
    coefficients, residuals = least_squares(reduced, response)
    spread = float(((response - response.mean()) ** 2).sum())
    df, rss = len(response) - len(coefficients), float(residuals @ residuals)
    return MixFit(
        blend=blend,
        runs=runs,
        rows=reduced,
        basis=basis,
        coefficients=coefficients,
        robust=cluster_robust(reduced, residuals, list(runs.clusters)),
        residuals=residuals,
        response=response,
        r2=1 - rss / spread if spread > 0 else math.nan,
        sigma=math.sqrt(rss / df) if df > 0 else math.nan,
    )


def estimable(fit: MixFit, contrasts: Floats) -> NDArray[np.bool_]:
    """Whether these runs tell each linear combination of the columns (k, p) apart from what they never varied; (k,)."""
    if fit.basis.shape[0] == fit.basis.shape[1]:
        return np.ones(len(contrasts), dtype=bool)
    rows = design_rows(fit.blend, fit.runs, fit.runs.fractions, fit.runs.process)
    directions, scale = _directions(rows)
    scaled = contrasts / scale
    outside = scaled - (scaled @ directions) @ directions.T
    return np.asarray((outside**2).sum(axis=1) <= REACHED**2 * (scaled**2).sum(axis=1), dtype=bool)


def moving_together(fit: MixFit) -> tuple[str, ...]:
    """Names of the columns that these runs never varied apart from others; empty where all are separate."""
    rows = design_rows(fit.blend, fit.runs, fit.runs.fractions, fit.runs.process)
    directions, _ = _directions(rows)
    # A column is told apart where its own axis lies within the directions that were varied.
    tied = 1.0 - (directions**2).sum(axis=1) > REACHED
    names = [*blend_names(fit.blend, fit.runs.parts)]
    for name in fit.runs.process_names:
        names += [f"{name}:{part}" for part in fit.runs.parts] if fit.runs.crossed else [name]
    return tuple(name for name, bound in zip(names, tied, strict=True) if bound)


def mix_contrasts(fit: MixFit, contrasts: Floats, level: float = 0.95) -> tuple[Inference, ...]:
    """The inference of linear combinations (k, p) of the columns; ask `estimable` first."""
    gradients = contrasts @ fit.basis
    return contrast_inferences(gradients @ fit.coefficients, fit.robust, gradients, level)


def mixes_alone(parts: Sequence[str], fractions: Floats, run_ids: Sequence[str] = ()) -> MixRuns:
    """Runs that differ in their mix alone, every row a run."""
    ids = tuple(run_ids) or tuple(f"{row:06d}" for row in range(len(fractions)))
    return MixRuns(tuple(parts), fractions, np.empty((len(fractions), 0)), (), False, ids, ids)
