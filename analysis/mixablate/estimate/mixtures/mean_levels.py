"""Mean rates (or scores) of runs of a mix, from models of each eval's log-odds: rates bend where log-odds do not."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from mixablate.estimate.mixtures.blends import Blend
from mixablate.estimate.mixtures.many_contrasts import contrast_inferences
from mixablate.estimate.mixtures.mix_regression import MixFit, MixRuns, fit_mix
from mixablate.estimate.models.cluster_robust import cluster_robust
from mixablate.estimate.models.inference import Inference, t_inference
from mixablate.estimate.runs.summaries import RunSummaries, run_log_odds
from mixablate.tables import OutcomeKind

__all__ = ["MeanLevels", "level_changes", "levels_at", "mean_levels", "predicted_levels"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MeanLevels:
    """One fit an eval on the same runs and columns, and how they come together.

    Attributes:
        fits: of log-odds (one an eval), or of the score (one).
        weights: (E,) of the evals in the outcome, summing to 1.
        rates: whether the levels are rates, the fits being of log-odds.
        covariance: (E r, E r) of all coefficients by run, fit after fit.
        observed: (n,) the runs' rates or scores.
    """

    fits: tuple[MixFit, ...]
    weights: Floats
    rates: bool
    covariance: Floats
    observed: Floats


def mean_levels(summaries: RunSummaries, rows: NDArray[np.intp], runs: MixRuns, blend: Blend) -> MeanLevels:
    """The fits of each eval of an outcome on these runs.

    Args:
        summaries: of the outcome.
        rows: (n,) positions of the runs in the summaries.
        runs: the same runs' mixes.
        blend: the model of the mix.
    """
    if summaries.outcome.kind is OutcomeKind.SCORE:
        fit = fit_mix(blend, runs, summaries.level[rows])
        return MeanLevels((fit,), np.ones(1), False, fit.robust.covariance, summaries.level[rows])
    log_odds = run_log_odds(summaries.events[rows], summaries.trials[rows])
    fits = tuple(fit_mix(blend, runs, log_odds[:, position]) for position in range(log_odds.shape[1]))
    weights = np.array([weight for _, weight in summaries.outcome.evals])
    return MeanLevels(fits, weights, True, _joint_covariance(fits), summaries.level[rows])


def predicted_levels(levels: MeanLevels, rows: Floats) -> Floats:
    """The mean rate (score) of runs at these columns, (k,).

    A mean rate is not the rate at the mean log-odds: runs spread, and the logistic curve bends. It is the mean over the
    fit's residuals of expit(prediction + residual).

    Source: smearing, Duan (1983), JASA 78:605.
    """
    return _values_and_slopes(levels, rows)[0]


def levels_at(levels: MeanLevels, rows: Floats, level: float) -> tuple[Inference, ...]:
    """Mean rates (scores) with intervals over runs; rates by the delta method on their logit, so within 0 and 1."""
    values, gradients = _values_and_slopes(levels, rows)
    found = _inferences(levels, values, gradients, level)
    return tuple(_on_logit(one, level) for one in found) if levels.rates else found


def level_changes(levels: MeanLevels, starts: Floats, ends: Floats, level: float) -> tuple[Inference, ...]:
    """Mean rates (scores) at the ends less those at the starts, columns (k, p) each, with intervals over runs.

    Rates by the delta method, residuals taken as given. The degrees of freedom are those of the mean gradient.
    """
    before, after = _values_and_slopes(levels, starts), _values_and_slopes(levels, ends)
    return _inferences(levels, after[0] - before[0], after[1] - before[1], level)


def _values_and_slopes(levels: MeanLevels, rows: Floats) -> tuple[Floats, Floats]:
    """Levels (k,) and their gradients by the coefficients of all fits (E, k, r)."""
    values, gradients = np.zeros(len(rows)), []
    for fit, weight in zip(levels.fits, levels.weights, strict=True):
        reduced = rows @ fit.basis
        eta = reduced @ fit.coefficients
        if levels.rates:
            rates = expit(eta[:, None] + fit.residuals)
            values = values + weight * rates.mean(axis=1)
            gradients.append(weight * (rates * (1 - rates)).mean(axis=1)[:, None] * reduced)
        else:
            values = values + weight * eta
            gradients.append(weight * reduced)
    return values, np.array(gradients)


def _inferences(levels: MeanLevels, estimates: Floats, gradients: Floats, level: float) -> tuple[Inference, ...]:
    first = levels.fits[0].robust
    found = contrast_inferences(estimates, first, gradients.sum(axis=0), level)
    if not levels.rates:
        return found
    stacked = gradients.transpose(1, 0, 2).reshape(len(estimates), -1)
    errors = np.sqrt(np.clip(np.einsum("kp,pq,kq->k", stacked, levels.covariance, stacked), 0.0, None))
    return tuple(
        # df and leverage belong to the design, not to the response.
        one if one.reason else replace(t_inference(one.estimate, float(e), one.df, level), leverage=one.leverage)
        for one, e in zip(found, errors, strict=True)
    )


def _on_logit(one: Inference, level: float) -> Inference:
    spread = one.estimate * (1 - one.estimate)
    if one.reason or not spread > 0:
        return one
    moved = t_inference(float(logit(one.estimate)), one.std_error / spread, one.df, level)
    if moved.reason:
        return one
    return replace(one, lower=float(expit(moved.lower)), upper=float(expit(moved.upper)), p_value=math.nan)


def _joint_covariance(fits: tuple[MixFit, ...]) -> Floats:
    """The covariance by run of the coefficients of several responses on one design, (E r, E r).

    It is a quadratic form of the residuals, so that 2 cov(a, b) = var(a + b) - var(a) - var(b).
    """
    size = len(fits[0].coefficients)
    joint = np.zeros((len(fits) * size, len(fits) * size))
    own = [fit.robust.covariance for fit in fits]
    for i, one in enumerate(fits):
        joint[i * size : (i + 1) * size, i * size : (i + 1) * size] = own[i]
        for j in range(i):
            both = _covariance(one, one.residuals + fits[j].residuals)
            cross = (both - own[i] - own[j]) / 2
            joint[i * size : (i + 1) * size, j * size : (j + 1) * size] = cross
            joint[j * size : (j + 1) * size, i * size : (i + 1) * size] = cross.T
    return joint


def _covariance(fit: MixFit, residuals: Floats) -> Floats:
    return cluster_robust(fit.rows, residuals, list(fit.runs.clusters)).covariance
