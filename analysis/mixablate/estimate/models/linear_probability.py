"""The linear probability model on counts: risk differences as coefficients, clustered by training run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixablate.errors import DesignError, Problem
from mixablate.estimate.models.cluster_robust import (
    ClusterRobust,
    Correction,
    cluster_robust,
    contrast_inference,
    least_squares,
)
from mixablate.estimate.models.inference import Inference
from mixablate.estimate.models.separation import aliased_columns, check_rows

__all__ = ["LinearProbability", "Weighting", "fit_linear_probability", "risk_difference"]

Floats = NDArray[np.float64]

FEWEST_EVENTS = 2.0  # expected events, and non-events, of a run; below it rates are too skewed for a t interval
BEYOND = 1e-9  # a fitted rate further than this outside 0 to 1 is outside it, and not rounded


class Weighting(StrEnum):
    """Whether every rollout or every training run counts the same."""

    TRIALS = "trials"
    RUNS = "runs"


@dataclass(frozen=True, slots=True)
class LinearProbability:
    """A least squares fit of rates on a design (p coefficients).

    Attributes:
        names: of the columns.
        coefficients: (p,) change of the rate (0 to 1) per unit of each column.
        robust: their covariance over clusters, and what degrees of freedom need.
        fitted: (n,) the fitted rate of each given row, also those without trials; may lie outside 0 to 1.
        weighting: what counted the same.
        doubts: sentences that say why this fit may be wrong; empty where nothing was found.
        n_rows: rows used, those without trials left out.
        n_clusters: training runs.
    """

    names: tuple[str, ...]
    coefficients: Floats
    robust: ClusterRobust
    fitted: Floats
    weighting: Weighting
    doubts: tuple[str, ...]
    n_rows: int
    n_clusters: int

    @property
    def covariance(self) -> Floats:
        """The covariance over clusters, (p, p)."""
        return self.robust.covariance


def fit_linear_probability(
    design: ArrayLike,
    events: ArrayLike,
    trials: ArrayLike,
    clusters: Sequence[object],
    *,
    names: Sequence[str],
    weighting: Weighting = Weighting.RUNS,
    correction: Correction = Correction.CR2,
) -> LinearProbability:
    """The weighted least squares fit of the rates of counts, with its covariance over clusters.

    A component's coefficient is its risk difference: for two arms, the difference of mean run rates (weighting by runs)
    or of pooled rates (by trials). Defined without events too, where a logit is not. Weighting by runs gives each run
    the weight 1, shared among its rows by trials, and takes runs as equally variable; with a row a run its two-arm
    standard error is Welch's. Splitting a row, or giving 0/1 rows for counts, changes nothing (but under CR1S).

    Wrong where rates are not sums of the columns' effects: fitted rates outside 0 to 1 show it. Wrong near 0 and 1: the
    variance of a rate follows its mean, so that the spread over runs is underestimated whenever the mean is, and t
    intervals of arms with few events a run are too short and may pass 0. Both are said in `doubts`; the numbers are
    given all the same. Compare with the average marginal effect of the logit.

    Source: least squares with the sandwich of `cluster_robust`; Wooldridge (2010), section 15.2.

    Args:
        design: (n, p), with its intercept.
        events: (n,), 0 to trials.
        trials: (n,), 0 or more; rows with 0 are left out.
        clusters: (n,) run ids.
        names: (p,) of the columns.
        weighting: of the rows.
        correction: of the clustered covariance.

    Raises:
        DesignError: columns that are linear combinations of others, or no rows with trials.
        ValueError: shapes that do not fit, values that are not finite, or events outside 0 to trials.

    >>> arm = [[1, 0], [1, 0], [1, 0], [1, 1], [1, 1], [1, 1]]
    >>> fit = fit_linear_probability(arm, [30, 24, 36, 12, 9, 21], [100] * 6, range(6), names=["intercept", "tools"])
    >>> found = risk_difference(fit, [0, 1])
    >>> print(f"{found.estimate:+.2f}, from {found.lower:+.3f} to {found.upper:+.3f}")
    -0.16, from -0.299 to -0.021
    """
    x, k, n = (np.asarray(values, dtype=float) for values in (design, events, trials))
    check_rows(x, k, n)
    labels = np.array([str(label) for label in clusters])
    if not (len(names) == x.shape[1] and len(labels) == len(x)):
        raise ValueError(f"design {x.shape} needs as many names and clusters, found {len(names)} and {len(labels)}")
    used = n > 0
    _refuse_aliased(x[used], names)
    runs, codes = np.unique(labels[used], return_inverse=True)
    of_run = np.bincount(codes, n[used])[codes] if weighting is Weighting.RUNS else np.ones(len(codes))
    root = np.sqrt(n[used] / of_run)
    coefficients, residuals = least_squares(x[used] * root[:, None], k[used] / n[used] * root)
    fitted = x @ coefficients
    return LinearProbability(
        names=tuple(names),
        coefficients=coefficients,
        robust=cluster_robust(x[used] * root[:, None], residuals, labels[used], correction),
        fitted=fitted,
        weighting=weighting,
        doubts=_doubts(fitted[used], n[used], codes, runs),
        n_rows=int(used.sum()),
        n_clusters=len(runs),
    )


def risk_difference(fit: LinearProbability, vector: ArrayLike, level: float = 0.95) -> Inference:
    """A linear combination of the coefficients, a difference of rates, with its interval over runs.

    The interval is not cut at -1 and 1. Read it with the fit's `doubts`.

    Args:
        fit: the fit.
        vector: (p,) weights of the coefficients.
        level: of the interval, between 0 and 1.
    """
    direction = np.asarray(vector, dtype=float)
    return contrast_inference(float(direction @ fit.coefficients), fit.robust, direction, level)


def _doubts(fitted: Floats, trials: Floats, codes: NDArray[np.intp], runs: NDArray[np.str_]) -> tuple[str, ...]:
    """What the fitted rates say against the model; rows with trials only, `codes` the run of each."""
    found = []
    outside = (fitted < -BEYOND) | (fitted > 1 + BEYOND)
    if outside.any():
        worst = int(np.argmax(np.maximum(-fitted, fitted - 1)))
        found.append(
            f"{int(outside.sum())} of {len(fitted)} fitted rates lie outside 0 to 1 (the furthest {fitted[worst]:.3g}, "
            f'run "{runs[codes[worst]]}"): differences of rates do not add up here'
        )
    inside = np.clip(fitted, 0.0, 1.0)
    for word, rates in (("events", inside), ("non-events", 1 - inside)):
        expected = np.bincount(codes, trials * rates)
        few = expected < FEWEST_EVENTS
        if few.any():
            found.append(
                f'{int(few.sum())} of {len(runs)} runs expect fewer than {FEWEST_EVENTS:g} {word} (run "'
                f'{runs[int(np.argmin(expected))]}" {expected.min():.2g}): the interval may be too short'
            )
    return tuple(found)


def _refuse_aliased(design: Floats, names: Sequence[str]) -> None:
    where = "the linear probability model"
    if len(design) == 0:
        need = "at least one scored rollout"
        raise DesignError(Problem("NO_ROWS", where, "no row with trials", need, "Check the missing counts."))
    aliased = aliased_columns(design)
    if aliased:
        columns = ", ".join(f'"{names[i]}"' for i in aliased)
        found = f"columns that are linear combinations of one another: {columns}"
        need = "columns that vary separately over the runs"
        remedy = "Leave one of them out, or train the arm in which they differ."
        raise DesignError(Problem("ALIASED", where, found, need, remedy))
