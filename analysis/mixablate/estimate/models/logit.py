"""The binomial logit over rows of counts, clustered by training run: coefficients, contrasts, standardised rates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit, xlogy

from mixablate.estimate.models.cluster_robust import (
    ClusterRobust,
    Correction,
    Inference,
    cluster_robust,
    contrast_inference,
    t_inference,
)
from mixablate.estimate.models.count_cells import CountCells, count_cells, separation_of, separation_words
from mixablate.estimate.models.inference import withheld
from mixablate.estimate.models.separation import Separation

__all__ = [
    "Covariance",
    "LogitFit",
    "RateScale",
    "StandardisedRates",
    "Unfitted",
    "binomial_deviance",
    "fit_logit",
    "linear_contrast",
    "rate_contrast",
    "standardised_rates",
]

Floats = NDArray[np.float64]

Covariance = Literal["clustered", "model"]
"""Over runs (the fit's correction, t), or that of binomial rollouts (normal; as if runs did not differ)."""

RateScale = Literal["rate", "log", "log_odds"]

MOST_ITERATIONS = 100
AGREEMENT = 1e-6  # runs that agree to a millionth of binomial noise agree to rounding: no spread was seen
MOST_QUIET = 0.1  # of a contrast's binomial variance may come from rows without spread; the rest carries the interval
HALVINGS = tuple(0.5**times for times in range(12))
ROUNDING = 1e-12  # of a deviance that a step near the maximum no longer changes
SMALLEST = 1e-280  # weight of a row whose rate is 0 or 1 to rounding
CONVERGED = 1e-10  # relative and absolute change of every coefficient in the last step; the step is quadratic


@dataclass(frozen=True, slots=True)
class LogitFit:
    """A converged fit of a binomial logit (p coefficients): by maximum likelihood, or by Firth's penalty (`firth`).

    Attributes:
        names: of the columns.
        coefficients: (p,) log odds per unit of each column.
        robust: their covariance over clusters (`robust.covariance`), and what degrees of freedom need.
        model_covariance: (p, p) inverse Fisher information, which takes rollouts as independent.
        deviance: of the rows as given (that of counts and of the 0/1 rows behind them differ by a constant).
        n_rows: rows used, those without trials left out.
        n_clusters: training runs.
        penalised_for: how the rows are separated, in words, where the fit is Firth's; empty for maximum likelihood.
        quiet: (p, p) of a Firth fit, the part of `model_covariance` that comes from rows at a rate of exactly 0 or 1
            (those that separation fits so). They show no spread between runs, and `robust` next to nothing of them.
    """

    names: tuple[str, ...]
    coefficients: Floats
    robust: ClusterRobust
    model_covariance: Floats
    deviance: float
    n_rows: int
    n_clusters: int
    penalised_for: str = ""
    quiet: Floats | None = None

    @property
    def covariance(self) -> Floats:
        """The covariance over clusters, (p, p)."""
        return self.robust.covariance


@dataclass(frozen=True, slots=True)
class Unfitted:
    """Why a logit has no numbers: separation (with the columns that diverge), or no convergence."""

    reason: str
    separation: Separation


@dataclass(frozen=True, slots=True)
class StandardisedRates:
    """Mean fitted rates of K counterfactual designs over the same rows.

    Attributes:
        rates: (K,), between 0 and 1.
        gradient: (K, p), by the coefficients.
    """

    rates: Floats
    gradient: Floats


def fit_logit(
    design: ArrayLike,
    events: ArrayLike,
    trials: ArrayLike,
    clusters: Sequence[object],
    *,
    names: Sequence[str],
    correction: Correction = Correction.CR2,
) -> LogitFit | Unfitted:
    """The binomial logit of counts, with its covariance over clusters; or the reason why there is none.

    Rows with 0 trials are left out. Rows of counts and the 0/1 rows behind them give the same coefficients, covariance
    and degrees of freedom. Finite estimates are made sure of before fitting (`separated`), since iteration would
    otherwise stop at large numbers without a word. Wrong, as every marginal logit, as a statement about the average
    run's odds where runs differ much: its coefficients describe pooled rates.

    Source: maximum likelihood by iteratively reweighted least squares; CR2 as in `cluster_robust`.

    Args:
        design: (n, p), with its intercept.
        events: (n,), 0 to trials.
        trials: (n,), 0 or more.
        clusters: (n,) run ids.
        names: (p,) of the columns.
        correction: of the clustered covariance.

    Raises:
        DesignError: columns that are linear combinations of others, or no rows with trials.
        ValueError: shapes that do not fit, values that are not finite, or events outside 0 to trials.
    """
    x, k, n = (np.asarray(values, dtype=float) for values in (design, events, trials))
    cells = count_cells(x, k, n, clusters, names)
    separation = separation_of(cells)
    if not separation.finite:
        return Unfitted(separation_words(separation, names), separation)
    coefficients = _maximum_likelihood(cells)
    if coefficients is None:
        return Unfitted(f"the logit did not converge in {MOST_ITERATIONS} steps", separation)
    rate = expit(cells.design @ coefficients)
    weight = np.sqrt(cells.trials * rate * (1 - rate))
    robust = cluster_robust(
        cells.design * weight[:, None],
        (cells.events - cells.trials * rate) / weight,
        cells.clusters,
        correction,
        rate * (1 - rate),
    )
    return LogitFit(
        names=tuple(names),
        coefficients=coefficients,
        robust=robust,
        model_covariance=robust.root @ robust.root.T,
        deviance=binomial_deviance(k, n, expit(x @ coefficients)),
        n_rows=int((n > 0).sum()),
        n_clusters=len(robust.clusters),
    )


def linear_contrast(
    fit: LogitFit, vector: ArrayLike, level: float = 0.95, covariance: Covariance = "clustered"
) -> Inference:
    """A linear combination of the coefficients (log odds) with its interval.

    Args:
        fit: the fit.
        vector: (p,) weights of the coefficients.
        level: of the interval, between 0 and 1.
        covariance: over runs, with Satterthwaite's t; or the model's, with the normal.
    """
    direction = np.asarray(vector, dtype=float)
    return _inference(fit, float(direction @ fit.coefficients), direction, level, covariance)


def standardised_rates(fit: LogitFit, designs: Sequence[ArrayLike], weights: ArrayLike) -> StandardisedRates:
    """The mean rate the model gives if all rows were as in each counterfactual design (g-computation).

    Covariates and weights are taken as fixed: the rates are about rows like these. A component's column set to 1 in one
    design and to 0 in another gives its average marginal effect by `rate_contrast`.

    Source: Robins (1986); Hernan & Robins, Causal Inference: What If, chapter 13.

    Args:
        fit: the fit.
        designs: K matrices of (m, p), rows in the same order, columns as in the fit.
        weights: (m,) of the rows, 0 or more; scaled to sum to 1.

    Raises:
        ValueError: weights that are negative or sum to 0.
    """
    shares = np.asarray(weights, dtype=float)
    if not ((shares >= 0).all() and 0 < shares.sum() < np.inf):
        raise ValueError("weights must be 0 or more, finite, and not all 0")
    shares = shares / shares.sum()
    stack = np.stack([np.asarray(design, dtype=float) for design in designs])
    rates = expit(stack @ fit.coefficients)
    return StandardisedRates(rates @ shares, np.einsum("km,kmp->kp", rates * (1 - rates) * shares, stack))


def rate_contrast(
    fit: LogitFit,
    standardised: StandardisedRates,
    coefficients: ArrayLike,
    scale: RateScale = "rate",
    level: float = 0.95,
    covariance: Covariance = "clustered",
) -> Inference:
    """A linear combination of standardised rates, of their logs or of their log odds, with its delta-method interval.

    Coefficients (1, -1) give the average marginal effect on "rate" (a risk difference), the log risk ratio on "log" and
    the marginal log odds ratio on "log_odds"; Shapley parts are other coefficients over 2^k designs. The degrees of
    freedom are those of the linear contrast along the gradient. Wrong where the function bends within its own standard
    error (rates within about two standard errors of 0 or 1).

    Args:
        fit: the fit.
        standardised: rates of K designs, from `standardised_rates`.
        coefficients: (K,).
        scale: what the coefficients multiply.
        level: of the interval, between 0 and 1.
        covariance: over runs, with Satterthwaite's t; or the model's, with the normal.
    """
    rates, c = standardised.rates, np.asarray(coefficients, dtype=float)
    used = c != 0
    value, slope = _on_scale(rates[used], scale)
    gradient = (c[used] * slope) @ standardised.gradient[used]
    return _inference(fit, float(c[used] @ value), gradient, level, covariance)


def _on_scale(rates: Floats, scale: RateScale) -> tuple[Floats, Floats]:
    """Rates on the scale, and its slope there."""
    if scale == "rate":
        return rates, np.ones_like(rates)
    if scale == "log":
        return np.log(rates), 1 / rates
    return np.log(rates / (1 - rates)), 1 / (rates * (1 - rates))


def _inference(fit: LogitFit, estimate: float, gradient: Floats, level: float, covariance: Covariance) -> Inference:
    if covariance == "model":
        return t_inference(estimate, float(np.sqrt(gradient @ fit.model_covariance @ gradient)), np.inf, level)
    working = float(gradient @ fit.model_covariance @ gradient)
    quiet = 0.0 if fit.quiet is None else float(gradient @ fit.quiet @ gradient)
    if quiet > MOST_QUIET * working:
        return withheld(
            estimate,
            f"{fit.penalised_for}; {quiet / working:.0%} of the variance of Firth's estimate comes from those rows, "
            "which show no spread between runs",
        )
    found = contrast_inference(estimate, fit.robust, gradient, level)
    if found.std_error < AGREEMENT * math.sqrt(working):
        return t_inference(estimate, 0.0, found.df, level)
    if found.reason or quiet == 0.0:
        return found
    wider = t_inference(estimate, math.hypot(found.std_error, math.sqrt(quiet)), found.df, level)
    return replace(wider, leverage=found.leverage)


def _maximum_likelihood(cells: CountCells) -> Floats | None:
    """The coefficients (p,), or None without convergence.

    Iteratively reweighted least squares from the data's own rates, each step solved by least squares on the weighted
    rows (McCullagh & Nelder 1989, section 2.5) and halved while it would raise the deviance. Once separation is ruled
    out the maximum is unique and finite, so that this is all there is to it; a general GLM would take longer to import.
    """
    x, k, n = cells.design, cells.events, cells.trials
    coefficients = _least_squares_step(x, k, n, logit((k + 0.5) / (n + 1.0)))
    deviance = binomial_deviance(k, n, expit(x @ coefficients))
    for _ in range(MOST_ITERATIONS):
        wanted = _least_squares_step(x, k, n, x @ coefficients) - coefficients
        for share in HALVINGS:
            moved = coefficients + share * wanted
            found = binomial_deviance(k, n, expit(x @ moved))
            if found <= deviance + ROUNDING * (1.0 + deviance):
                break
        done = bool((np.abs(wanted) <= CONVERGED * (1.0 + np.abs(coefficients))).all())
        coefficients, deviance = moved, found
        if done:
            return coefficients if np.isfinite(coefficients).all() else None
    return None


def _least_squares_step(x: Floats, k: Floats, n: Floats, log_odds: Floats) -> Floats:
    """The coefficients (p,) that least squares gives on the working response around these log odds (n,)."""
    rate = expit(log_odds)
    root = np.sqrt(np.maximum(n * rate * (1.0 - rate), SMALLEST))
    return np.asarray(np.linalg.lstsq(x * root[:, None], root * log_odds + (k - n * rate) / root, rcond=None)[0])


def binomial_deviance(events: Floats, trials: Floats, rate: Floats) -> float:
    """Twice the log-likelihood lost against rates fitted to every row."""
    others = trials - events
    observed = events / np.where(trials > 0, trials, 1.0)
    gained = xlogy(events, observed) + xlogy(others, 1 - observed)
    return 2 * float((gained - xlogy(events, rate) - xlogy(others, 1 - rate)).sum())
