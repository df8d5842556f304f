"""How well a model of the mix predicts runs that it was not fitted to: k-fold cross-validation, from one fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from mixablate.estimate.mixtures.blends import OFFSETS, Blend, BlendModel, blend_columns
from mixablate.estimate.mixtures.mix_regression import MixRuns, design_rows, orthonormal, rank_of
from mixablate.estimate.runs.region import FEWEST_DF

__all__ = ["Candidate", "best", "candidates", "contenders", "folds_of", "spearman"]

Floats = NDArray[np.float64]

FOLDS = 10
CLOSE = 1.0  # standard errors
SINGULAR = 1e-8  # eigenvalues of I - H of a fold below this are directions that the other folds do not determine
MOST_SEEN = 0.8  # share of the runs that must be predicted; fewer say nothing about the rest


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model and how it did out of sample. Numbers are NaN where `reason` or `unseen` says why.

    Attributes:
        blend: the model.
        columns: of its design, process variables included.
        folds: the parts of the runs that were predicted from the others; runs of one mix stand in one fold.
        rmse: root mean squared error of the predictions.
        spearman: rank correlation of predictions and outcomes.
        coverage: share of runs inside their prediction interval.
        reason: why the runs do not support the model; empty where they do.
        unseen: why nothing could be predicted out of sample, although the runs support the model.
        errors: (n,) of the predictions; empty where nothing was predicted.
    """

    blend: Blend
    columns: int
    folds: int = 0
    rmse: float = math.nan
    spearman: float = math.nan
    coverage: float = math.nan
    reason: str = ""
    unseen: str = ""
    errors: Floats = field(default_factory=lambda: np.empty(0), compare=False, repr=False)


def folds_of(runs: MixRuns, rng: np.random.Generator) -> NDArray[np.intp]:
    """The fold of every run, (n,): at most ten, of distinct mixes dealt out in random order.

    Runs of one mix share a fold, so that what is predicted is a mix that was not seen. Whatever the order of the rows.
    """
    mixes, codes = np.unique(np.round(runs.fractions, 9), axis=0, return_inverse=True)
    dealt = np.empty(len(mixes), dtype=np.intp)
    dealt[rng.permutation(len(mixes))] = np.arange(len(mixes)) % FOLDS
    return dealt[codes.ravel()]


def candidates(
    runs: MixRuns,
    response: Floats,
    folds: NDArray[np.intp],
    *,
    models: Sequence[BlendModel] = tuple(BlendModel),
    zero: float,
    level: float,
) -> tuple[Candidate, ...]:
    """Each model with its cross-validated figures, the curved one at each of its offsets."""
    found = []
    for model in models:
        for offset in OFFSETS if model is BlendModel.CURVED else OFFSETS[:1]:
            found.append(_candidate(Blend(model, offset, zero), runs, response, folds, level))
    return tuple(found)


def best(found: Sequence[Candidate]) -> Candidate | None:
    """The supported candidate with the smallest cross-validated error on the runs that all predict; None where none is.

    Where none could be cross-validated (two mixes: neither is predicted from the other), the first that is supported.
    """
    supported = [c for c in found if not c.reason]
    seen = [c for c in supported if not c.unseen]
    if not seen:
        return next(iter(supported), None)
    common = np.isfinite([c.errors for c in seen]).all(axis=0)
    return min(seen, key=lambda c: float((c.errors[common] ** 2).mean()) if common.any() else c.rmse)


def contenders(found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The simplest of the models that these runs do not tell from the best, then the others of them; () without any.

    A model's mean squared error may exceed that of the best by one standard error of the difference, run by run. The
    simplest has the fewest columns, of equals the smallest error. What could not be cross-validated contends alone.

    Source: the one-standard-error rule, Breiman et al. (1984), section 3.4.3.
    """
    first = best(found)
    if first is None or first.unseen:
        return () if first is None else (first,)
    near = [c for c in found if len(c.errors) and (c is first or _close(c, first))]
    return tuple(sorted(near, key=lambda c: (c.columns, c.rmse)))


def _close(candidate: Candidate, first: Candidate) -> bool:
    excess = candidate.errors**2 - first.errors**2
    excess = excess[np.isfinite(excess)]
    return bool(excess.mean() <= CLOSE * excess.std(ddof=1) / math.sqrt(len(excess)))


def _candidate(blend: Blend, runs: MixRuns, response: Floats, folds: NDArray[np.intp], level: float) -> Candidate:
    if blend.model is BlendModel.LOG_RATIO and not blend.zero * runs.fractions.shape[1] < 1.0:
        return Candidate(
            blend, len(runs.parts), reason=f"zeros of {len(runs.parts)} parts cannot all be {blend.zero:g}"
        )
    rows = design_rows(blend, runs, runs.fractions, runs.process)
    columns, turn = rows.shape[1], orthonormal(rows)
    if len(rows) - turn.shape[1] < FEWEST_DF:
        return Candidate(
            blend, columns, reason=f"{len(rows)} runs for {columns} columns; {FEWEST_DF:g} more are needed"
        )
    if blend.model is not BlendModel.LINEAR and turn.shape[1] < columns:
        mixes = blend_columns(blend, runs.fractions)
        if rank_of(mixes) < mixes.shape[1]:
            return Candidate(blend, columns, reason="the mixes that were run do not tell its columns apart")
    return _validated(blend, columns, turn, response, folds, level)


def _validated(
    blend: Blend, columns: int, turn: Floats, response: Floats, folds: NDArray[np.intp], level: float
) -> Candidate:
    errors, reach = np.full(len(turn), math.nan), np.full(len(turn), math.nan)
    names = np.unique(folds)
    for fold in names:
        held = folds == fold
        errors[held], reach[held] = _held_out(turn, response, held, level)
    seen = np.isfinite(errors)
    if seen.mean() < MOST_SEEN or np.unique(folds[seen]).size < 2:
        said = f"{int((~seen).sum())} of {len(turn)} runs cannot be predicted from the others"
        return Candidate(blend, columns, len(names), unseen=said)
    return Candidate(
        blend,
        columns,
        len(names),
        float(np.sqrt((errors[seen] ** 2).mean())),
        spearman((response - errors)[seen], response[seen]),
        float((np.abs(errors) <= reach)[seen].mean()),
        errors=errors,
    )


def _held_out(turn: Floats, response: Floats, held: NDArray[np.bool_], level: float) -> tuple[Floats, Floats]:
    """Errors of the predictions of one fold from the others, and the reach of their prediction intervals.

    Errors are e = (I - H_ff)^-1 e_f, of variance sigma^2 (I - H_ff)^-1, with H the hat matrix of all runs and sigma^2
    from the other folds, (RSS - e_f' e) over their degrees of freedom: what refitting without the fold gives, exactly.
    NaN for runs that the other folds do not determine (the only run of a flag), and they are left out of the fold.

    Args:
        turn: (n, r) orthonormal columns.
        response: (n,).
        held: (n,) the fold.
        level: of the intervals.
    """
    residuals = response - turn @ (turn.T @ response)
    block = np.eye(int(held.sum())) - turn[held] @ turn[held].T
    values, axes = np.linalg.eigh(block)
    lost = values < SINGULAR
    found, reach = np.full(len(block), math.nan), np.full(len(block), math.nan)
    # A run is determined by the others where it has no part in the directions that only this fold shows.
    kept = (axes[:, lost] ** 2).sum(axis=1) < SINGULAR
    spare = int(len(turn) - held.sum() - turn.shape[1] + lost.sum())
    if spare < 1 or not kept.any():
        return found, reach
    inverse = (axes[:, ~lost] / values[~lost]) @ axes[:, ~lost].T
    missed = inverse @ residuals[held]
    rss = float(residuals @ residuals) - float(residuals[held] @ missed)
    sigma = math.sqrt(max(rss, 0.0) / spare)
    found[kept] = missed[kept]
    reach[kept] = float(stdtrit(spare, (1 + level) / 2)) * sigma * np.sqrt(np.diag(inverse)[kept])
    return found, reach


def spearman(one: Floats, other: Floats) -> float:
    """The rank correlation of two vectors, ties at their mean rank; NaN where one has no spread."""
    from scipy.stats import rankdata  # here: importing it takes half a second, and few studies ask

    ranks = [rankdata(values) - (len(values) + 1) / 2 for values in (one, other)]
    lengths = math.sqrt(float(ranks[0] @ ranks[0]) * float(ranks[1] @ ranks[1]))
    return float(ranks[0] @ ranks[1]) / lengths if lengths > 0 else math.nan
