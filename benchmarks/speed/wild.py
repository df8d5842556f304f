"""W4: the wild cluster bootstrap of one coefficient, null imposed, CR1 t: 40 runs of 6 evals, 12 columns."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixablate.resample import restricted_wild_test, stage_rng, wild_regression
from mixablate.resample.randomisation import drawn_signs
from speed.harness import Contender, Workload

__all__ = ["workload"]

Floats = NDArray[np.float64]
SEED = 20261122
RUNS, EVALS, FEATURES = 40, 6, 6
PLACE = 1  # the coefficient tested
FITTED = 100  # draws that the naive loop does; its gate compares them with ours on the same signs


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows of a run-level treatment, five run-level features and eval dummies, runs differing."""

    design: Floats
    response: Floats
    runs: NDArray[np.intp]
    labels: NDArray[np.str_]


def workload(*, small: bool) -> Workload:
    """9,999 draws, or 1,999."""
    draws, sample = 1999 if small else 9999, drawn_sample()

    def ours() -> tuple[float, float]:
        return tested(sample, draws)

    def at_few(_: Any, theirs: tuple[float, float]) -> float:
        return max(abs(a - b) for a, b in zip(tested(sample, FITTED), theirs, strict=True))

    def at_random(own: tuple[float, float], theirs: tuple[float, float]) -> float:
        spread = math.sqrt(2 * own[1] * (1 - own[1]) / draws)
        return max(abs(own[0] - theirs[0]) / 1e-8, abs(own[1] - theirs[1]) / (4 * spread))

    agreed = "t to 1e-8 and p to 4 Monte Carlo standard errors, as a share of both"
    return Workload(
        "W4",
        f"wild cluster bootstrap, {RUNS} clusters, {RUNS * EVALS} rows, {draws:,} Rademacher draws",
        ours,
        (
            Contender(
                "statsmodels, refitted in a loop",
                "statsmodels",
                lambda: refitting(sample),
                at_few,
                1e-8,
                f"t and p of the same {FITTED} sign vectors",
                share=FITTED / draws,
            ),
            Contender(
                "wildboottest, parallel=False",
                "wildboottest",
                lambda: wildboottesting(sample, draws),
                at_random,
                1.0,
                agreed,
                goal=60.0,
            ),
            Contender(
                "pyfixest, wildboottest() of the fit",
                "pyfixest",
                lambda: pyfixesting(sample, draws),
                at_random,
                1.0,
                agreed,
                goal=80.0,
                needs=("wildboottest",),
            ),
        ),
    )


def drawn_sample() -> Sample:
    """The rows."""
    rng = stage_rng(SEED, "wild")
    runs = np.repeat(np.arange(RUNS), EVALS)
    features = np.column_stack([np.arange(RUNS) % 2, rng.normal(size=(RUNS, FEATURES - 1))])[runs]
    evals = np.tile(np.eye(EVALS)[:, 1:], (RUNS, 1))
    design = np.hstack([np.ones((runs.size, 1)), features, evals])
    effects = np.concatenate([[0.0, 0.4], rng.normal(scale=0.3, size=design.shape[1] - 2)])
    noise = 0.6 * rng.normal(size=RUNS)[runs] + rng.normal(size=runs.size)
    labels = np.char.zfill(runs.astype(str), 2)  # in the order of the numbers
    return Sample(design, design @ effects + noise, runs, labels)


def tested(sample: Sample, draws: int) -> tuple[float, float]:
    """Our t and p, from the rows on."""
    fit = wild_regression(sample.design, sample.response, sample.labels, np.eye(sample.design.shape[1])[PLACE])
    found = restricted_wild_test(fit, draws=draws, rng=stage_rng(SEED, "signs"))
    return found.observed, found.p_absolute


def refitting(sample: Sample) -> Callable[[], tuple[float, float]]:
    """The loop: the regression fitted anew to every resample, its covariance clustered."""
    from statsmodels.regression.linear_model import OLS

    signs = drawn_signs(RUNS, FITTED, stage_rng(SEED, "signs"))
    clustered = {"cov_type": "cluster", "cov_kwds": {"groups": sample.runs}, "use_t": True}

    def run() -> tuple[float, float]:
        observed = OLS(sample.response, sample.design).fit(**clustered).tvalues[PLACE]
        fitted = OLS(sample.response, np.delete(sample.design, PLACE, axis=1)).fit().fittedvalues
        residuals = sample.response - fitted
        drawn = np.array(
            [OLS(fitted + s[sample.runs] * residuals, sample.design).fit(**clustered).tvalues[PLACE] for s in signs]
        )
        extreme = int((np.abs(drawn) >= abs(observed)).sum())
        return float(observed), (extreme + 1) / (FITTED + 1)

    return run


def wildboottesting(sample: Sample, draws: int) -> Callable[[], tuple[float, float]]:
    """wildboottest with the model as statsmodels holds it."""
    import pandas as pd
    from statsmodels.regression.linear_model import OLS
    from wildboottest.wildboottest import wildboottest

    frame = pd.DataFrame(sample.design, columns=[f"x{i}" for i in range(sample.design.shape[1])])
    model = OLS(sample.response, frame)

    def run() -> tuple[float, float]:
        found = wildboottest(
            model,
            B=draws,
            param=f"x{PLACE}",
            cluster=sample.runs,
            weights_type="rademacher",
            bootstrap_type="11",
            parallel=False,
            seed=SEED,
            show=False,
        )
        return float(found["statistic"].iloc[0]), float(found["p-value"].iloc[0])

    return run


def pyfixesting(sample: Sample, draws: int) -> Callable[[], tuple[float, float]]:
    """pyfixest, whose fit is made beforehand: only its bootstrap is timed."""
    import pandas as pd
    import pyfixest

    names = [f"x{i}" for i in range(1, sample.design.shape[1])]
    frame = pd.DataFrame(sample.design[:, 1:], columns=names).assign(y=sample.response, run=sample.runs)
    fit = pyfixest.feols("y ~ " + " + ".join(names), data=frame, vcov={"CRV1": "run"})

    def run() -> tuple[float, float]:
        found = fit.wildboottest(param=f"x{PLACE}", reps=draws, seed=SEED)
        return float(found["t value"]), float(found["Pr(>|t|)"])

    return run
