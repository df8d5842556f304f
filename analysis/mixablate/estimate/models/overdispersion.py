"""Counts that vary more between runs than binomial: quasi-binomial and beta-binomial regressions, a row a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, gammaln, xlog1py, xlogy

from mixablate.estimate.models.inference import Inference, t_inference, withheld
from mixablate.estimate.models.logit import Unfitted, fit_logit

__all__ = ["QuasiBinomial", "binomial_log_likelihood", "fit_quasibinomial", "quasi_contrast"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class QuasiBinomial:
    """A binomial logit whose variance is phi times the binomial one (p coefficients).

    Attributes:
        names: of the columns.
        coefficients: (p,) log odds per unit of each column; those of the binomial logit.
        model_covariance: (p, p) inverse Fisher information, as if phi were 1.
        pearson: the sum over rows of (k - n p)^2 / (n p (1 - p)).
        df: rows with trials, less p.
        dispersion: phi = pearson / df; NaN without degrees of freedom. Below 1 where rows vary less than binomial.
        deviance: of the rows as given.
        log_likelihood: binomial, with the binomial coefficients.
    """

    names: tuple[str, ...]
    coefficients: Floats
    model_covariance: Floats
    pearson: float
    df: int
    dispersion: float
    deviance: float
    log_likelihood: float


def fit_quasibinomial(
    design: ArrayLike, events: ArrayLike, trials: ArrayLike, *, names: Sequence[str]
) -> QuasiBinomial | Unfitted:
    """The quasi-binomial logit of counts, a row for each training run; or the reason why there is none.

    Grouping matters: phi measures how rows differ, so a row must hold all that belongs together (a run, summed over
    its evals). Two rows of one run would be taken for two runs; 0/1 rows measure nothing.

    When wrong. One phi for all: where runs of one arm differ more than those of another, or an arm is rare and another
    is not, it is too small for the one and too large for the other. With phi no lower than 1 and two arms of 2 to 10
    runs, the type I error stayed at or below 5.8 % in 54 simulated null settings, but coverage ran from 71 to 100 % in
    44 settings of three runs and more with unequal rates or spreads. The variance grows in proportion to the trials of
    a row; a spread of true rates makes it grow with their square, so that rows of very unequal size are weighted badly.

    Source: Wedderburn (1974), Biometrika 61, 439-447; McCullagh & Nelder (1989), section 4.5. R's quasibinomial.

    Args:
        design: (n, p), with its intercept.
        events: (n,), 0 to trials.
        trials: (n,), 0 or more; rows with 0 are left out.
        names: (p,) of the columns.

    Raises:
        DesignError: columns that are linear combinations of others, or no rows with trials.
        ValueError: shapes that do not fit, values that are not finite, or events outside 0 to trials.

    >>> fit = fit_quasibinomial([[1]] * 3, [2, 6, 10], [20, 20, 20], names=["(Intercept)"])
    >>> round(fit.dispersion, 4)  # variance 16 of the counts over 20 (.3) (.7)
    3.8095
    """
    x, k, n = (np.asarray(values, dtype=float) for values in (design, events, trials))
    fit = fit_logit(x, k, n, [str(row) for row in range(len(x))], names=names)
    if isinstance(fit, Unfitted):
        return fit
    used = n > 0
    rate = expit(x[used] @ fit.coefficients)
    pearson = float(((k[used] - n[used] * rate) ** 2 / (n[used] * rate * (1 - rate))).sum())
    df = fit.n_rows - x.shape[1]
    return QuasiBinomial(
        names=fit.names,
        coefficients=fit.coefficients,
        model_covariance=fit.model_covariance,
        pearson=pearson,
        df=df,
        dispersion=pearson / df if df > 0 else math.nan,
        deviance=fit.deviance,
        log_likelihood=binomial_log_likelihood(k[used], n[used], rate),
    )


def quasi_contrast(fit: QuasiBinomial, vector: ArrayLike, level: float = 0.95, *, floor: float = 1.0) -> Inference:
    """A linear combination of the coefficients with its t interval on rows - p degrees of freedom.

    Args:
        fit: the fit.
        vector: (p,) weights of the coefficients.
        level: of the interval, between 0 and 1.
        floor: the least phi. At 1 runs are never taken to vary less than binomial, which with few runs is chance; 0
            gives R's numbers.

    Raises:
        ValueError: a vector of another length, a level or a floor outside its range.
    """
    direction = np.asarray(vector, dtype=float)
    if direction.shape != fit.coefficients.shape:
        raise ValueError(f"a contrast needs {len(fit.coefficients)} weights, found {direction.shape}")
    if not 0 <= floor < math.inf:
        raise ValueError(f"floor must be 0 or more and finite, found {floor}")
    estimate = float(direction @ fit.coefficients)
    if not fit.df > 0:
        return withheld(estimate, "as many coefficients as rows: nothing shows how much runs vary")
    variance = float(direction @ fit.model_covariance @ direction) * max(fit.dispersion, floor)
    return t_inference(estimate, math.sqrt(variance), fit.df, level)


def binomial_log_likelihood(events: Floats, trials: Floats, rate: Floats) -> float:
    """The log probability of these counts at these rates, all of one shape, the binomial coefficients included."""
    others = trials - events
    ways = gammaln(trials + 1) - gammaln(events + 1) - gammaln(others + 1)
    return float((ways + xlogy(events, rate) + xlog1py(others, -rate)).sum())
