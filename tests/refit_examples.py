"""Crossed and other designs to refit, and the same refits by other software."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray

from mixablate.estimate.models.separation import SeparationKind, separated
from mixablate.resample import RefitPlan, RefitStatus, refit_plan, stage_rng

Floats = NDArray[np.float64]

STATUS = {
    SeparationKind.NONE: RefitStatus.CONVERGED,
    SeparationKind.QUASI: RefitStatus.SEPARATED,
    SeparationKind.COMPLETE: RefitStatus.SEPARATED,
    SeparationKind.COLLINEAR: RefitStatus.RANK_DEFICIENT,
}


@dataclass(frozen=True, slots=True)
class Example:
    """Rows of a logit: design (n, p), counts (n,), run ids (n,)."""

    design: Floats
    events: Floats
    trials: Floats
    runs: list[str]

    @property
    def names(self) -> list[str]:
        return [f"x {column}" for column in range(self.design.shape[1])]

    def plan(self, *, crossed: bool = True, scenarios: Sequence[object] | None = None) -> RefitPlan:
        return refit_plan(
            self.design,
            self.events,
            self.trials,
            self.runs,
            names=self.names,
            crossed=crossed,
            scenarios=scenarios,
        )

    def row_weights(self, plan: RefitPlan, weights: Floats) -> Floats:
        """The weights of one replicate (G,) for the rows."""
        return weights[[plan.clusters.index(run) for run in self.runs]]


def crossed_example(
    runs: int, evals: int, columns: Floats, *, intercept: float, stage: str, slope: float = 0.3, trials: int = 100
) -> Example:
    """Runs with these columns (G, q) on every eval; run-to-run SD .4 on the logit."""
    draws = stage_rng(8, stage)
    levels = intercept + np.concatenate([[0.0], draws.normal(0.0, 0.5, evals - 1)])
    run = columns @ draws.normal(0.0, slope, columns.shape[1]) + draws.normal(0.0, 0.4, runs)
    rate = 1 / (1 + np.exp(-(run[:, None] + levels)))
    counts = np.full((runs, evals), trials) - draws.integers(0, max(1, trials // 3), (runs, evals))
    design = np.hstack(
        [np.ones((runs * evals, 1)), np.repeat(columns, evals, axis=0), np.tile(np.eye(evals)[:, 1:], (runs, 1))]
    )
    names = np.repeat([f"run {number}" for number in range(runs)], evals).tolist()
    return Example(design, draws.binomial(counts, rate).astype(float).ravel(), counts.astype(float).ravel(), names)


def flags(runs: int, columns: int, stage: str) -> Floats:
    return (stage_rng(8, stage, "flags").random((runs, columns)) < 0.5).astype(float)


def rare_example(*, intercept: float, doses: bool = False) -> Example:
    """40 runs x 6 evals with six components that 3 to 9 runs carry: resamples lose carriers, or all their events."""
    draws = stage_rng(8, "rare", str(doses))
    columns = np.zeros((40, 6))
    for place, carriers in enumerate((3, 4, 5, 6, 7, 9)):
        who = draws.choice(40, carriers, replace=False)
        columns[who, place] = draws.uniform(0.3, 1.0, carriers) if doses and place % 2 else 1.0
    return crossed_example(40, 6, columns, intercept=intercept, stage="rare counts", slope=0.5)


def by_statsmodels(example: Example, weights: Floats) -> Floats:
    """The coefficients (p,) with these frequency weights of the rows, iterated to the end."""
    used = weights * example.trials > 0
    trials, events = (weights * example.trials)[used], (weights * example.events)[used]
    model = sm.GLM(np.column_stack([events, trials - events]), example.design[used], family=sm.families.Binomial())
    fit = model.fit(tol_criterion="params", atol=1e-13, rtol=1e-13, maxiter=100)
    return np.asarray(fit.params, dtype=float)


def by_linear_programming(example: Example, weights: Floats) -> RefitStatus:
    """What a replicate with these row weights is, decided by a linear program of its own."""
    used = (weights > 0).astype(float)
    return STATUS[separated(example.design, example.events * used, example.trials * used).kind]
