"""The one call that refits a logit to thousands of weightings at once, and says what became of each."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixablate.resample.refits.build_engine import dense_engine
from mixablate.resample.refits.cluster_weights import TwoWayWeights
from mixablate.resample.refits.firth_batch import penalised
from mixablate.resample.refits.newton import Settled, settled_at_once
from mixablate.resample.refits.plan import RefitPlan
from mixablate.resample.refits.replicates import Refits, RefitStatus
from mixablate.resample.refits.rows import WeightedRows
from mixablate.resample.refits.unsettled import Unsettled, linearly_dependent, settle

__all__ = ["FirthUse", "refit_logit"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]

CHUNK = 4096  # unsettled replicates at a time
NONE = np.empty((0, 0))  # weights of scenarios that have none


class FirthUse(StrEnum):
    """For which replicates Firth's penalised logit gives the estimates."""

    NEVER = "never"
    SEPARATED = "separated"
    ALWAYS = "always"


def refit_logit(
    plan: RefitPlan, weights: ArrayLike | TwoWayWeights, *, firth: FirthUse = FirthUse.NEVER, jobs: int = 1
) -> Refits:
    """The logit's coefficients under each row of weights, with each replicate's status.

    Every estimate is that of iteratively reweighted least squares with the same frequency weights, to 1e-8 (usually
    1e-11). Separated, rank deficient and non-converged replicates hold NaN and say which they are: an average over
    `usable` ones leaves them out and is then about those only. With `FirthUse.SEPARATED` the separated ones hold
    Firth's estimate; a distribution of both kinds is no longer that of one estimator, and `Refits.words` says so.

    Results do not depend on the number of jobs, nor, beyond rounding (1e-12), on how many replicates are refitted
    together. Start Python with OMP_NUM_THREADS=1: the matrices are small, and threads that wait for each other cost
    more than they bring; processes over blocks of replicates (`jobs`) do bring something.

    Args:
        plan: from `refit_plan`.
        weights: (B, G), 0 or more, columns in the order of `plan.clusters`; or two-way weights, for a plan with
            scenarios.
        firth: for which replicates Firth's logit gives the estimates.
        jobs: worker processes, of one thread each; more than 1 needs joblib.

    Raises:
        ValueError: weights of another shape, negative or not finite; no scenarios in the plan for two-way weights.
    """
    given = _checked(plan, weights)
    if firth is FirthUse.ALWAYS:
        return _all_penalised(plan, given)
    draws = len(given.clusters)
    theta, found, near = _at_once(plan, given, jobs)
    codes = np.where(found, RefitStatus.CONVERGED, RefitStatus.NOT_CONVERGED).astype(np.int8)
    left = np.flatnonzero(~found)
    for start in range(0, left.size, CHUNK):
        part = left[start : start + CHUNK]
        pending = Unsettled(_of_units(given, plan.rows, part), theta[part].T, near[part])
        settled, codes[part] = settle(plan.engine, plan.rows, plan.centre, pending)
        theta[part] = settled.T
    coefficients = theta @ plan.engine.basis.T
    coefficients[codes != RefitStatus.CONVERGED] = np.nan
    refits = Refits(plan.names, coefficients, codes, np.zeros(draws, bool))
    return _separated_penalised(plan, given, refits) if firth is FirthUse.SEPARATED else refits


def _checked(plan: RefitPlan, weights: ArrayLike | TwoWayWeights) -> TwoWayWeights:
    """The weights as two-way ones, of no scenarios where the plan has none."""
    two_way = isinstance(weights, TwoWayWeights)
    if two_way != bool(plan.scenarios):
        found = "two-way weights" if two_way else "weights of clusters only"
        raise ValueError(f"a plan with {len(plan.scenarios)} scenarios was given {found}")
    given = weights if isinstance(weights, TwoWayWeights) else TwoWayWeights(np.asarray(weights, dtype=float), NONE)
    parts = [("clusters", given.clusters, plan.clusters)]
    parts += [("scenarios", given.scenarios, plan.scenarios)] if two_way else []
    for what, matrix, labels in parts:
        if not (matrix.ndim == 2 and matrix.shape == (len(given.clusters), len(labels))):
            raise ValueError(f"weights of {len(labels)} {what} need as many columns, found shape {matrix.shape}")
        if not ((matrix >= 0) & (matrix < np.inf)).all():
            raise ValueError(f"weights of {what} must be 0 or more and finite")
    return given


def _of_units(given: TwoWayWeights, rows: WeightedRows, part: slice | NDArray[np.intp]) -> Floats:
    """The weights of units (U, R) in some replicates."""
    clusters = given.clusters[part].T
    if not rows.scenarios:
        return np.ascontiguousarray(clusters)
    return np.asarray(clusters[rows.unit_cluster] * given.scenarios[part].T[rows.unit_scenario])


def _at_once(plan: RefitPlan, given: TwoWayWeights, jobs: int) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    """Theta (B, p), who has converged, and who is near, after the short schedule; over worker processes."""
    if jobs == 1:
        return _at_once_in(plan, given)
    # Imported here: joblib is an extra.
    from joblib import Parallel, delayed, parallel_config  # type: ignore[import-untyped]

    blocks = -(-len(given.clusters) // plan.engine.width)
    edges = np.unique(np.linspace(0, blocks, jobs + 1).astype(int)) * plan.engine.width
    shares = [_part(given, slice(*pair)) for pair in pairwise(edges.tolist())]
    with parallel_config(backend="loky", inner_max_num_threads=1):
        done = Parallel(n_jobs=jobs)(delayed(_at_once_in)(plan, share) for share in shares)
    theta, found, near = (np.concatenate(parts) for parts in zip(*done, strict=True))
    return theta, found, near


def _part(given: TwoWayWeights, part: slice) -> TwoWayWeights:
    return TwoWayWeights(given.clusters[part], given.scenarios if given.scenarios is NONE else given.scenarios[part])


def _at_once_in(plan: RefitPlan, given: TwoWayWeights) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    draws, width = len(given.clusters), plan.engine.width
    theta, found, near = np.empty((draws, len(plan.names))), np.empty(draws, bool), np.empty(draws, bool)
    block = None
    for start in range(0, draws, width):
        part = slice(start, start + width)
        block = plan.engine.block(_of_units(given, plan.rows, part), None if block is None else block.buffers)
        settled: Settled = settled_at_once(plan.engine, block, plan.singles)
        theta[part], found[part] = settled.theta.T, settled.found
        near[part] = settled.near
    return theta, found, near


def _all_penalised(plan: RefitPlan, given: TwoWayWeights) -> Refits:
    """Firth's estimates in every replicate; rank deficient ones have none."""
    draws = len(given.clusters)
    coefficients, found = np.full((draws, len(plan.names)), np.nan), np.zeros(draws, bool)
    codes = np.full(draws, RefitStatus.RANK_DEFICIENT, dtype=np.int8)
    for start in range(0, draws, CHUNK):
        part = np.arange(start, min(start + CHUNK, draws))
        part = part[~linearly_dependent(plan.engine, plan.rows, _of_units(given, plan.rows, part) > 0)]
        coefficients[part], found[part] = _penalised(plan, given, part)
        codes[part] = np.where(found[part], RefitStatus.CONVERGED, RefitStatus.NOT_CONVERGED)
    return Refits(plan.names, coefficients, codes, found)


def _separated_penalised(plan: RefitPlan, given: TwoWayWeights, refits: Refits) -> Refits:
    """The refits with Firth's estimates in the separated replicates."""
    where = np.flatnonzero(refits.status == RefitStatus.SEPARATED)
    if where.size == 0:
        return refits
    coefficients, mark = refits.coefficients.copy(), np.zeros(len(refits.status), bool)
    coefficients[where], mark[where] = _penalised(plan, given, where)
    return replace(refits, coefficients=coefficients, penalised=mark)


def _penalised(plan: RefitPlan, given: TwoWayWeights, where: NDArray[np.intp]) -> tuple[Floats, NDArray[np.bool_]]:
    """Firth's estimates (B', p) of these replicates, all of full rank; NaN where not found, and whether found."""
    engine = dense_engine(plan.rows)
    centre = np.linalg.solve(engine.basis, plan.engine.basis @ plan.centre)
    theta, found = np.empty((where.size, len(plan.names))), np.zeros(where.size, bool)
    for share in (1.0, 0.5):
        left = np.flatnonzero(~found)
        for start in range(0, left.size, engine.width):
            part = left[start : start + engine.width]
            block = engine.block(_of_units(given, plan.rows, where[part]))
            done = penalised(engine, block, np.repeat(centre[:, None], part.size, axis=1), share)
            theta[part], found[part] = done.theta.T, done.found
    coefficients = theta @ engine.basis.T
    coefficients[~found] = np.nan
    return coefficients, found
