"""W3: Firth's logit under the cluster bootstrap's weights, on data that a feature separates: 40 runs of 6 evals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixablate.resample import stage_rng
from mixablate.resample.refits.refit import FirthUse, refit_logit
from speed.harness import Contender, Workload
from speed.refits import (
    REPLICATES,
    SEED,
    TRIALS,
    Fit,
    Sample,
    compared,
    crossed_columns,
    drawn_weights,
    labels_of,
    planned,
)

__all__ = ["workload"]

Floats = NDArray[np.float64]
RUNS, EVALS, FEATURES = 40, 6, 6
SEPARATING = 3  # the column with which no rollout has the outcome
FITTED = 8  # replicates a call of a peer
ITERATIONS = 500  # of the pseudo-data


def workload(*, small: bool) -> Workload:
    """2,000 replicates a call of ours, or 500."""
    sample, batch = drawn_sample(), 500 if small else 2000
    plan = planned(sample)
    weights = drawn_weights(sample, batch)

    def ours() -> Floats:
        return refit_logit(plan, drawn_weights(sample, batch), firth=FirthUse.ALWAYS).coefficients

    def firthmodels(backend: str, needs: tuple[str, ...]) -> Contender:
        def build() -> Fit:
            return firthmodels_fit(sample, backend)

        return compared(f"firthmodels, {backend}", "firthmodels", build, sample, weights[:FITTED], 8.0, needs)

    cells, columns = sample.design.shape
    return Workload(
        "W3",
        f"cluster bootstrap of Firth's logit, separated, {RUNS} runs, {cells} cells, {columns} coefficients, "
        f"{int(sample.events.sum())} events, {REPLICATES:,} replicates",
        ours,
        (
            firthmodels("numba", ("numba",)),
            firthmodels("numpy", ()),
            compared(
                "statsmodels GLM of Firth's pseudo-data",
                "statsmodels",
                lambda: pseudo_data_fit(sample),
                sample,
                weights[: FITTED // 4],
            ),
        ),
        share=batch / REPLICATES,
        unit=("replicate", REPLICATES),
    )


def drawn_sample() -> Sample:
    """Rare events, none with the separating feature."""
    rng = stage_rng(SEED, "firth")
    fixed = np.column_stack([np.ones(RUNS), rng.random((RUNS, FEATURES)) < 0.4])
    design, number = crossed_columns(fixed, EVALS)
    effects = np.concatenate([[-4.6], 0.4 * rng.normal(size=FEATURES), 0.5 * rng.normal(size=EVALS - 1)])
    rates = 1 / (1 + np.exp(-(design @ effects + 0.4 * rng.normal(size=RUNS)[number])))
    rates[design[:, SEPARATING] > 0] = 0
    trials = np.full(number.size, float(TRIALS))
    return Sample(design, rng.binomial(TRIALS, rates).astype(float), trials, number, labels_of(number))


def firthmodels_fit(sample: Sample, backend: str) -> Fit:
    """A row of events and one of the others for every cell; those of weight 0 are left out."""
    from firthmodels import FirthLogisticRegression

    design = np.vstack([sample.design, sample.design])[:, 1:]  # the intercept is its own
    outcome = np.repeat([1.0, 0.0], len(sample.design))

    def fit(weights: Floats) -> Floats:
        counts = np.concatenate([weights * sample.events, weights * (sample.trials - sample.events)])
        kept = counts > 0
        model = FirthLogisticRegression(gtol=1e-6, xtol=1e-8, max_iter=200, backend=backend)
        model.fit(design[kept], outcome[kept], sample_weight=counts[kept])
        return np.concatenate([[model.intercept_], model.coef_])

    return fit


def pseudo_data_fit(sample: Sample) -> Fit:
    """Firth by statsmodels, which has none: half an event and half a non-event per unit of leverage, iterated."""
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    def fit(weights: Floats) -> Floats:
        kept = weights > 0
        design, events, trials = sample.design[kept], (weights * sample.events)[kept], (weights * sample.trials)[kept]
        leverages, found = np.full(len(design), design.shape[1] / len(design)), None
        for _ in range(ITERATIONS):
            augmented = trials + leverages
            model = GLM((events + leverages / 2) / augmented, design, family=Binomial(), freq_weights=augmented)
            before, found = found, np.asarray(model.fit(start_params=found, tol=1e-12).params)
            if before is not None and np.abs(found - before).max() < 1e-11:
                return found
            rates = 1 / (1 + np.exp(-design @ found))
            basis = np.linalg.qr(np.sqrt(trials * rates * (1 - rates))[:, None] * design)[0]
            leverages = (basis**2).sum(axis=1)
        return np.full(design.shape[1], np.nan)

    return fit
