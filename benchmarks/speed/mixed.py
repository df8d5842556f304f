"""W8: the binomial logit with random intercepts of runs and, crossed with them, of scenarios; Laplace, to its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.estimate.models.mixed_logit import MixedLogit, fit_mixed_logit
from mixablate.resample import stage_rng
from speed.harness import Contender, Timed, Workload
from speed.r_process import r_call

__all__ = ["large", "typical"]

Floats = NDArray[np.float64]
SEED = 20261122
TRIALS = 100
CLOSE = 1e-3  # standard errors: lme4 stops where its optimiser does, by default
GLMER = """
suppressMessages(library(lme4))
cells$run <- factor(cells$run)
cells$scenario <- factor(cells$scenario)
features <- paste(grep("^x", names(cells), value = TRUE), collapse = " + ")
formula <- as.formula(paste("cbind(events, trials - events) ~ 0 +", features, "+ (1 | run) + (1 | scenario)"))
control <- glmerControl(optimizer = "bobyqa", calc.derivs = FALSE)
work <- function() {
  fit <- glmer(formula, cells, binomial, control = control)
  c(fixef(fit), fit@theta, as.numeric(logLik(fit)))
}
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """Cells of runs x scenarios: design (n, p) of run-level features, counts, and numbers of the groups."""

    design: Floats
    events: Floats
    trials: Floats
    runs: NDArray[np.intp]
    scenarios: NDArray[np.intp]


def typical(*, small: bool) -> Workload:
    """40 runs x 6 scenarios, 7 coefficients."""
    return _workload("W8-typical", drawn_sample(40, 6, 6), 6.0)


def large(*, small: bool) -> Workload:
    """300 runs x 20 scenarios, 13 coefficients; small: 120 x 12."""
    return _workload("W8-large", drawn_sample(120, 12, 12) if small else drawn_sample(300, 20, 12), 50.0)


def _workload(key: str, sample: Sample, goal: float) -> Workload:
    runs, scenarios = ([f"{number:04d}" for number in part.tolist()] for part in (sample.runs, sample.scenarios))
    names = [f"x{i}" for i in range(sample.design.shape[1])]

    def ours() -> Floats:
        fit = fit_mixed_logit(
            sample.design, sample.events, sample.trials, {"run": runs, "scenario": scenarios}, names=names
        )
        assert isinstance(fit, MixedLogit), fit.reason
        sds = [part.sd for part in fit.intercepts]
        return np.concatenate([fit.coefficients, sds, [fit.log_likelihood], np.sqrt(np.diag(fit.covariance))])

    def apart(own: Floats, theirs: Floats) -> float:
        size = len(names)
        return float(np.abs((own[:size] - theirs[:size]) / own[size + 3 :]).max())

    return Workload(
        key,
        f"logit with crossed random intercepts, {len(set(runs))} runs, {len(set(scenarios))} scenarios, "
        f"{len(names)} coefficients",
        ours,
        (
            Contender(
                "glmer, bobyqa, calc.derivs = FALSE",
                "R lme4",
                lambda: glmer(sample),
                apart,
                CLOSE,
                "largest difference of a coefficient, in standard errors",
                goal=goal,
            ),
        ),
        unit=("fit", 1),
    )


def drawn_sample(runs: int, scenarios: int, features: int) -> Sample:
    """Binary features; SDs of .4 between runs and .7 between scenarios."""
    rng = stage_rng(SEED, "mixed")
    fixed = np.column_stack([np.ones(runs), rng.random((runs, features)) < 0.5])
    run, scenario = np.repeat(np.arange(runs), scenarios), np.tile(np.arange(scenarios), runs)
    effects = np.concatenate([[-1.5], 0.3 * rng.normal(size=features)])
    predictor = fixed[run] @ effects + 0.4 * rng.normal(size=runs)[run] + 0.7 * rng.normal(size=scenarios)[scenario]
    events = rng.binomial(TRIALS, 1 / (1 + np.exp(-predictor))).astype(float)
    return Sample(fixed[run], events, np.full(run.size, float(TRIALS)), run, scenario)


def glmer(sample: Sample) -> Callable[[], Timed]:
    """lme4, with what it can be asked to leave out left out: our standard errors come with our fit, its do not."""
    columns = {f"x{i}": column for i, column in enumerate(sample.design.T)}
    counts = {"events": sample.events, "trials": sample.trials, "run": sample.runs, "scenario": sample.scenarios}
    return r_call({"cells": {**columns, **counts}}, GLMER)
