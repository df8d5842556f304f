"""W1, W2: refits of a binomial logit under the cluster bootstrap's weights; W1-dense: the same without crossed columns.

Everybody has the full fit beforehand: the peers start from its coefficients, ours from its plan. Ours draws the weights
within its time; the peers are given theirs, and leave out the rows of weight 0, from which they all gain. A call of a
peer refits a few replicates, at a tolerance that keeps it within the gate: looser ones were tried and did not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.resample import stage_rng
from mixablate.resample.refits.cluster_weights import bootstrap_weights
from mixablate.resample.refits.plan import RefitPlan, refit_plan
from mixablate.resample.refits.refit import refit_logit
from speed.harness import Contender, Workload
from speed.r_process import r_call

__all__ = ["Sample", "compared", "crossed_columns", "dense", "large", "planned", "typical"]

Floats = NDArray[np.float64]
Fit = Callable[[Floats], Floats]
SEED = 20261122
REPLICATES = 10_000
TRIALS = 100
GATE = 1e-8
R_MORE = 6  # times the replicates of the others: its clock counts milliseconds
GLM_FIT = """
design <- as.matrix(cells[grep("^x", names(cells))])
work <- function() sapply(weights, function(weight) {
  kept <- weight > 0
  glm.fit(design[kept, ], (cells$events / cells$trials)[kept], (weight * cells$trials)[kept],
          start = full$start, family = binomial(), intercept = FALSE)$coefficients
})
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """Cells of runs x evals.

    Attributes:
        design: (n, p).
        events: (n,).
        trials: (n,).
        runs: (n,) numbers from 0.
        labels: (n,) of the runs, in the order of their numbers.
    """

    design: Floats
    events: Floats
    trials: Floats
    runs: NDArray[np.intp]
    labels: NDArray[np.str_]

    @property
    def clusters(self) -> int:
        """Runs."""
        return int(self.runs[-1]) + 1


def large(*, small: bool) -> Workload:
    """W1: 300 runs x 20 evals, 32 coefficients."""
    return _refitting("W1", drawn_sample(300, 20, 12), "crossed", 256 if small else 1024, 2, (90.0, 60.0, 50.0))


def typical(*, small: bool) -> Workload:
    """W2: 40 runs x 6 evals, 12 coefficients."""
    return _refitting("W2", drawn_sample(40, 6, 6), "crossed", 2000 if small else REPLICATES, 20, (90.0, 150.0, 35.0))


def dense(*, small: bool) -> Workload:
    """W1-dense: 300 runs x 20 evals, 32 coefficients, 19 of them of features that vary from cell to cell."""
    return _refitting("W1-dense", drawn_sample(300, 20, 12, 19), "dense", 128 if small else 512, 2, (30.0, None, None))


def _refitting(
    key: str, sample: Sample, kind: str, batch: int, fitted: int, goals: tuple[float, float | None, float | None]
) -> Workload:
    plan = planned(sample)
    weights = drawn_weights(sample, batch)

    def ours() -> Floats:
        return refit_logit(plan, drawn_weights(sample, batch)).coefficients

    def contender(name: str, package: str, fitter: Callable[[Sample, Floats], Fit], goal: float | None) -> Contender:
        return compared(name, package, lambda: fitter(sample, plan.coefficients), sample, weights[:fitted], goal)

    cells, columns = sample.design.shape
    return Workload(
        key,
        f"cluster bootstrap of a binomial logit, {sample.clusters} runs, {cells:,} cells, {columns} coefficients, "
        f"{kind} design, {REPLICATES:,} replicates",
        ours,
        (
            contender("statsmodels GLM, warm start", "statsmodels", statsmodels_fit, goals[0]),
            contender("glum, warm start", "glum", glum_fit, goals[1]),
            contender("scikit-learn, newton-cholesky", "scikit-learn", sklearn_fit, goals[1]),
            r_contender(sample, plan.coefficients, weights[: fitted * R_MORE], goals[2]),
        ),
        share=batch / REPLICATES,
        unit=("replicate", REPLICATES),
    )


def r_contender(sample: Sample, start: Floats, weights: Floats, goal: float | None) -> Contender:
    """R's glm.fit, started and weighted as the others."""
    columns = {f"x{i}": column for i, column in enumerate(sample.design.T)}
    counts = {"events": sample.events, "trials": sample.trials}
    given = {f"w{b}": row for b, row in enumerate(weights[:, sample.runs])}
    tables = {"cells": {**columns, **counts}, "weights": given, "full": {"start": start}}

    def error(own: Floats, theirs: Floats) -> float:
        return float(np.abs(own[: len(weights)] - theirs.reshape(len(weights), -1)).max())

    return Contender(
        "glm.fit, warm start",
        "R stats",
        lambda: r_call(tables, GLM_FIT),
        error,
        GATE,
        f"largest difference of a coefficient, {len(weights)} replicates of the same weights",
        share=len(weights) / REPLICATES,
        goal=goal,
    )


def compared(
    name: str,
    package: str,
    build: Callable[[], Fit],
    sample: Sample,
    weights: Floats,
    goal: float | None = None,
    needs: tuple[str, ...] = (),
) -> Contender:
    """A peer that refits replicates one by one, whose coefficients must be those of our first ones."""

    def built() -> Callable[[], Floats]:
        fit, given = build(), weights[:, sample.runs]
        return lambda: np.array([fit(row) for row in given])

    return Contender(
        name,
        package,
        built,
        lambda own, theirs: float(np.abs(own[: len(theirs)] - theirs).max()),
        GATE,
        f"largest difference of a coefficient, {len(weights)} replicates of the same weights",
        share=len(weights) / REPLICATES,
        goal=goal,
        needs=needs,
    )


def drawn_sample(runs: int, evals: int, features: int, inner: int = 0) -> Sample:
    """Binary run-level features, and eval dummies or `inner` features that vary within a run."""
    rng = stage_rng(SEED, "refits")
    fixed = np.column_stack([np.ones(runs), rng.random((runs, features)) < 0.5])
    if inner:
        number = np.repeat(np.arange(runs), evals)
        design = np.hstack([fixed[number], rng.normal(size=(number.size, inner))])
    else:
        design, number = crossed_columns(fixed, evals)
    scales = np.repeat([0.3, 0.3 if inner else 0.7], [features, design.shape[1] - 1 - features])
    effects = np.concatenate([[-1.5], scales * rng.normal(size=scales.size)])
    rates = 1 / (1 + np.exp(-(design @ effects + 0.4 * rng.normal(size=runs)[number])))
    trials = np.full(number.size, float(TRIALS))
    return Sample(design, rng.binomial(TRIALS, rates).astype(float), trials, number, labels_of(number))


def crossed_columns(fixed: Floats, evals: int) -> tuple[Floats, NDArray[np.intp]]:
    """Run-level columns beside a dummy of every eval but the first, and the run of every row."""
    number = np.repeat(np.arange(len(fixed)), evals)
    return np.hstack([fixed[number], np.tile(np.eye(evals)[:, 1:], (len(fixed), 1))]), number


def labels_of(number: NDArray[np.intp]) -> NDArray[np.str_]:
    """Labels whose order is that of the numbers."""
    return np.char.zfill(number.astype(str), 4)


def planned(sample: Sample) -> RefitPlan:
    """Our plan, which holds the full fit."""
    names = [f"x{i}" for i in range(sample.design.shape[1])]
    return refit_plan(sample.design, sample.events, sample.trials, sample.labels.tolist(), names=names)


def drawn_weights(sample: Sample, draws: int) -> Floats:
    """The bootstrap's counts of runs, (B, G)."""
    return bootstrap_weights(["all"] * sample.clusters, draws=draws, rng=stage_rng(SEED, "weights"))


def statsmodels_fit(sample: Sample, start: Floats) -> Fit:
    """Iteratively reweighted least squares with frequency weights, default tolerance."""
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    rates = sample.events / sample.trials

    def fit(weights: Floats) -> Floats:
        kept = weights > 0
        counts = (weights * sample.trials)[kept]
        model = GLM(rates[kept], sample.design[kept], family=Binomial(), freq_weights=counts)
        return np.asarray(model.fit(start_params=start).params)

    return fit


def glum_fit(sample: Sample, start: Floats) -> Fit:
    """Without a penalty."""
    from glum import GeneralizedLinearRegressor

    rates = sample.events / sample.trials

    def fit(weights: Floats) -> Floats:
        kept = weights > 0
        counts = (weights * sample.trials)[kept]
        model = GeneralizedLinearRegressor(
            family="binomial", alpha=0, fit_intercept=False, start_params=start, gradient_tol=1e-9
        )
        return np.asarray(model.fit(sample.design[kept], rates[kept], sample_weight=counts).coef_)

    return fit


def sklearn_fit(sample: Sample, start: Floats) -> Fit:
    """Without a penalty; a row of events and one of the others for every cell. It takes no start of ours."""
    from sklearn.linear_model import LogisticRegression

    design = np.vstack([sample.design, sample.design])
    outcome = np.repeat([1.0, 0.0], len(sample.design))

    def fit(weights: Floats) -> Floats:
        counts = np.concatenate([weights * sample.events, weights * (sample.trials - sample.events)])
        kept = counts > 0
        model = LogisticRegression(C=np.inf, solver="newton-cholesky", fit_intercept=False, tol=1e-11)
        return np.asarray(model.fit(design[kept], outcome[kept], sample_weight=counts[kept]).coef_[0])

    return fit
