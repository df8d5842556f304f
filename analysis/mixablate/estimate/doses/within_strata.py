"""Least squares of run values on terms of a dose, every stratum with an intercept of its own, HC2 over runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.estimate.doses.dose_runs import DoseRuns
from mixablate.estimate.models.cluster_robust import ClusterRobust, cluster_robust, least_squares
from mixablate.estimate.models.separation import aliased_columns

__all__ = ["WithinStrata", "fit_rows", "within_strata"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WithinStrata:
    """A fit over runs (n rows).

    Attributes:
        rows: (n, p) strata first, then the terms.
        coefficients: (p,).
        residuals: (n,).
        robust: their HC2 covariance (CR2 with every run a cluster of its own).
        strata: how many of the columns are strata.
    """

    rows: Floats
    coefficients: Floats
    residuals: Floats
    robust: ClusterRobust
    strata: int


def within_strata(runs: DoseRuns, terms: Floats) -> WithinStrata | str:
    """The fit of the runs' values on `terms` (R, k) within strata, or why these runs do not determine it."""
    strata = runs.strata
    return fit_rows(np.hstack([strata, terms]), runs.values, runs.run_ids, strata.shape[1])


def fit_rows(rows: Floats, values: Floats, run_ids: tuple[str, ...], strata: int) -> WithinStrata | str:
    """The same from rows (n, p) whose first columns are strata."""
    if aliased_columns(rows):
        return "the strata do not share enough doses to tell the terms of the dose from the strata"
    if len(rows) <= rows.shape[1]:
        return f"{len(rows)} runs for {rows.shape[1]} coefficients leave no run to learn run-to-run spread from"
    coefficients, residuals = least_squares(rows, values)
    return WithinStrata(rows, coefficients, residuals, cluster_robust(rows, residuals, run_ids), strata)
