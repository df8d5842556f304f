"""Dose-response curves over runs: lines and splines with a band, and the monotone step function."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, stdtrit

from mixablate.estimate.doses.dose_runs import DoseRuns, thin_sides
from mixablate.estimate.doses.dose_terms import LONG_SPAN, Shape, dose_terms, span
from mixablate.estimate.doses.isotonic import isotonic_effects
from mixablate.estimate.doses.within_strata import WithinStrata, within_strata
from mixablate.estimate.models.cluster_robust import satterthwaite_df
from mixablate.estimate.runs.region import thin_regression
from mixablate.study import Scale

__all__ = ["DoseCurve", "dose_curves", "shown_values"]

Floats = NDArray[np.float64]
POINTS = 33
HIDDEN = 1e-6


@dataclass(frozen=True, slots=True)
class DoseCurve:
    """A fitted curve on the display scale: rates for events, the score itself for scores.

    Attributes:
        shape: linear, log, spline or monotone.
        dose: (G,).
        estimate, lower, upper: (G,); limits NaN where withheld. They are pointwise.
        method: how it was fitted, in words.
        reason: why there is no band; empty where there is one.
    """

    shape: Shape
    dose: Floats
    estimate: Floats
    lower: Floats
    upper: Floats
    method: str
    reason: str


def dose_curves(runs: DoseRuns, *, level: float) -> tuple[DoseCurve, ...]:
    """Every curve these doses allow: linear, log, spline (five doses or more) and monotone.

    Each is the mean over the runs' strata, fitted on the per-run log-odds (or scores) with an intercept a stratum, and
    turned back to rates point by point: the rate of a run with the mean log-odds, which is not the mean of the rates
    where runs differ much. The band is a pointwise t interval over runs (HC2, Bell-McCaffrey df), withheld where a
    point has fewer than 4 degrees of freedom or one run carries more than half of it. The monotone curve has none.
    """
    found = []
    for shape in (Shape.LINEAR, Shape.LOG, Shape.SPLINE):
        terms = dose_terms(runs.doses, shape)
        if terms is None:
            continue
        grid = _grid(runs.doses)
        columns, at = terms.columns(runs.dose), terms.columns(grid)
        unit = np.abs(columns).max(axis=0)
        fit = within_strata(runs, columns / unit)
        if isinstance(fit, str):
            continue
        means, limits, reason = _band(runs, fit, at / unit, level)
        lower, upper = (_shown(runs, side) for side in limits)
        found.append(DoseCurve(shape, grid, _shown(runs, means), lower, upper, terms.words, reason))
    found.append(_monotone(runs))
    return tuple(found)


def shown_values(runs: DoseRuns) -> Floats:
    """(R,) where each run's dot stands: its rate or score; for a mean of several evals the rate at its mean log-odds.

    A curve of mean log-odds over evals of different difficulty does not pass through mean rates.
    """
    several = runs.scale is Scale.LOG_ODDS and len(runs.outcome.evals) > 1
    return np.asarray(expit(runs.values), dtype=float) if several else runs.level


def _band(runs: DoseRuns, fit: WithinStrata, terms: Floats, level: float) -> tuple[Floats, tuple[Floats, Floats], str]:
    """Curve (G,), its limits, and why some of them are missing."""
    shares = np.bincount(runs.stratum) / runs.stratum.size
    vectors = np.hstack([np.tile(shares, (len(terms), 1)), terms])
    means = vectors @ fit.coefficients
    error = np.sqrt(np.einsum("gp,pq,gq->g", vectors, fit.robust.covariance, vectors))
    directions = vectors @ fit.robust.root
    seen = np.einsum("gp,pq,gq->g", directions, fit.robust.unseen, directions) <= HIDDEN * (directions**2).sum(axis=1)
    df = np.array([satterthwaite_df(fit.robust, v) for v in vectors])
    leverage = float(fit.robust.leverage.max())
    thin = thin_sides(runs, runs.dose - float(runs.dose.mean()))
    hidden = "a dose of one run is fitted exactly: nothing shows how much it varies"
    reasons = [
        (thin_regression(float(d), leverage) if shows else hidden) or thin for d, shows in zip(df, seen, strict=True)
    ]
    quantile = [math.nan if why else stdtrit(d, 0.5 + level / 2) for d, why in zip(df, reasons, strict=True)]
    reach = np.array(quantile) * error
    return means, (means - reach, means + reach), next((r for r in reasons if r), "")


def _monotone(runs: DoseRuns) -> DoseCurve:
    """The isotonic curve in whichever direction leaves the smaller sum of squares."""
    ways = {rising: isotonic_effects(runs.values, runs.stratum, runs.at, rising=rising) for rising in (True, False)}
    gained = {rising: _fit_of(runs, effects) for rising, effects in ways.items()}
    rising = gained[True] >= gained[False]
    none = np.full(runs.doses.size, math.nan)
    words = f"monotone ({'rising' if rising else 'falling'}), pooled adjacent violators on run means, a level a stratum"
    why = "a monotone step function has no interval of this kind; the monotone test speaks for it"
    return DoseCurve(Shape.MONOTONE, runs.doses, _shown(runs, ways[rising]), none, none, words, why)


def _fit_of(runs: DoseRuns, effects: Floats) -> float:
    """Share of the within-stratum sum of squares that dose effects (D,) explain."""
    sizes = np.bincount(runs.stratum)
    values = runs.values - (np.bincount(runs.stratum, runs.values) / sizes)[runs.stratum]
    fitted = effects[runs.at] - (np.bincount(runs.stratum, effects[runs.at]) / sizes)[runs.stratum]
    total = float(values @ values)
    return 1.0 - float(((values - fitted) ** 2).sum()) / total if total > 0.0 else 0.0


def _grid(doses: Floats) -> Floats:
    """Doses at which curves are drawn: even steps, or even ratios where doses span long; few doses are added."""
    low, high = float(doses.min()), float(doses.max())
    even = np.linspace(low, high, POINTS)
    if span(doses) > LONG_SPAN and low >= 0.0:
        even = np.geomspace(float(doses[doses > 0.0].min()), high, POINTS)
    return np.unique(np.concatenate([even, doses])) if doses.size <= POINTS else even


def _shown(runs: DoseRuns, values: Floats) -> Floats:
    return np.asarray(expit(values) if runs.scale is Scale.LOG_ODDS else values, dtype=float)
