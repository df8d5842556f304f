"""How well a model of the mix predicts runs that it was not fitted to: k-fold cross-validation, from one fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit
from scipy.stats import rankdata

from mixablate.estimate.mixtures.blends import OFFSETS, Blend, BlendModel, blend_columns
from mixablate.estimate.mixtures.mix_regression import DEPENDENT, MixRuns, design_rows, rank_of
from mixablate.estimate.runs.region import FEWEST_DF

__all__ = ["Candidate", "best", "candidates", "close_to", "folds_of", "spearman"]

Floats = NDArray[np.float64]

FOLDS = 10
CLOSE = 2.0  # standard errors
SINGULAR = 1e-8  # smallest eigenvalue of I - H of a fold: below it the other folds do not determine the fold's columns


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
    """The supported candidate with the smallest cross-validated error, the first of equals; None where none is.

    Where none could be cross-validated (two mixes: neither is predicted from the other), the first that is supported.
    """
    supported = [c for c in found if not c.reason]
    seen = [c for c in supported if not c.unseen]
    return min(seen, key=lambda c: c.rmse, default=next(iter(supported), None))


def close_to(chosen: Candidate, found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The other supported candidates that these runs do not tell from the chosen one.

    Their mean squared error exceeds its by less than two standard errors of the difference, run by run. One that could
    not be cross-validated is not among them: nothing was seen of it.
    """
    others = [c for c in found if c is not chosen and len(c.errors) and len(chosen.errors)]
    near = []
    for other in others:
        excess = other.errors**2 - chosen.errors**2
        if excess.mean() <= CLOSE * excess.std(ddof=1) / math.sqrt(len(excess)):
            near.append(other)
    return tuple(near)


def _candidate(blend: Blend, runs: MixRuns, response: Floats, folds: NDArray[np.intp], level: float) -> Candidate:
    if blend.model is BlendModel.LOG_RATIO and not blend.zero * runs.fractions.shape[1] < 1.0:
        return Candidate(
            blend, len(runs.parts), reason=f"zeros of {len(runs.parts)} parts cannot all be {blend.zero:g}"
        )
    rows = design_rows(blend, runs, runs.fractions, runs.process)
    columns, rank = rows.shape[1], rank_of(rows)
    spare = len(rows) - rank
    if spare < FEWEST_DF:
        return Candidate(
            blend, columns, reason=f"{len(rows)} runs for {columns} columns; {FEWEST_DF:g} more are needed"
        )
    mixes = blend_columns(blend, runs.fractions)
    if rank_of(mixes) < mixes.shape[1]:
        if blend.model is BlendModel.LINEAR:
            return _validated(blend, rows, response, folds, level)
        return Candidate(blend, columns, reason="the mixes that were run do not tell its columns apart")
    return _validated(blend, rows, response, folds, level)


def _validated(blend: Blend, rows: Floats, response: Floats, folds: NDArray[np.intp], level: float) -> Candidate:
    """Predictions of each fold from the others, from the hat matrix H of all: (I - H_ff)^-1 e_f is their error.

    The variance of that error is sigma^2 (I - H_ff)^-1, with sigma^2 from the other folds, RSS - e_f' (I - H_ff)^-1 e_f
    over their degrees of freedom: what refitting without the fold gives, exactly.
    """
    scale = np.sqrt((rows**2).sum(axis=0))
    scale[scale == 0.0] = 1.0
    turn, values, _ = np.linalg.svd(rows / scale, full_matrices=False)
    turn = turn[:, values > DEPENDENT * values[0]]
    errors = response - turn @ (turn.T @ response)
    rss, rank = float(errors @ errors), turn.shape[1]
    missed, inside = np.full(len(rows), math.nan), np.zeros(len(rows), dtype=bool)
    names = np.unique(folds)
    for fold in names:
        held = folds == fold
        block = np.eye(int(held.sum())) - turn[held] @ turn[held].T
        spare = int(len(rows) - held.sum() - rank)
        if np.linalg.eigvalsh(block)[0] < SINGULAR or spare < 1:
            said = f"without the runs of fold {fold + 1} of {len(names)} the others do not determine the model"
            return Candidate(blend, rows.shape[1], len(names), unseen=said)
        inverse = np.linalg.inv(block)
        missed[held] = inverse @ errors[held]
        sigma = math.sqrt(max(rss - float(errors[held] @ missed[held]), 0.0) / spare)
        reach = float(stdtrit(spare, (1 + level) / 2)) * sigma * np.sqrt(np.diag(inverse))
        inside[held] = np.abs(missed[held]) <= reach
    return Candidate(
        blend,
        rows.shape[1],
        len(names),
        float(np.sqrt((missed**2).mean())),
        spearman(response - missed, response),
        float(inside.mean()),
        errors=missed,
    )


def spearman(one: Floats, other: Floats) -> float:
    """The rank correlation of two vectors, ties at their mean rank; NaN where one has no spread."""
    ranks = [rankdata(values) - (len(values) + 1) / 2 for values in (one, other)]
    lengths = math.sqrt(float(ranks[0] @ ranks[0]) * float(ranks[1] @ ranks[1]))
    return float(ranks[0] @ ranks[1]) / lengths if lengths > 0 else math.nan
