"""W6: the BCa interval of a difference of two means, 10,000 rollouts a side, 10,000 resamples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixablate.resample import mean_difference_bca, rate_difference_bca, stage_rng
from speed.harness import Contender, Workload

__all__ = ["binary", "continuous"]

Floats = NDArray[np.float64]
Limits = tuple[float, float]
SEED = 20261122
# Standard errors: a BCa limit of 10,000 resamples moves by .037 of one between seeds (quantile and z0), the difference
# of two by .052; five times that.
TOLERANCE = 0.26
GATE = "larger difference of a limit, in standard errors of the estimate"


def binary(*, small: bool) -> Workload:
    """Rates of 6 % and 5 %."""
    size, draws = _sizes(small)
    one, other = (np.repeat([1.0, 0.0], [round(rate * size), size - round(rate * size)]) for rate in (0.06, 0.05))
    counts = int(one.sum()), size, int(other.sum()), size

    def ours() -> Limits:
        found = rate_difference_bca(*counts, draws=draws, rng=stage_rng(SEED, "difference"))
        return found.lower, found.upper

    title = f"BCa of a difference of rates, {size:,} rollouts a side, {draws:,} resamples"
    return Workload("W6-binary", title, ours, _contenders(one, other, draws, 1000.0))


def continuous(*, small: bool) -> Workload:
    """Scores without ties."""
    size, draws = _sizes(small)
    rng = stage_rng(SEED, "scores")
    one, other = rng.gamma(2.0, size=size), rng.gamma(1.9, size=size)

    def ours() -> Limits:
        found = mean_difference_bca(one, other, draws=draws, rng=stage_rng(SEED, "difference"))
        return found.lower, found.upper

    title = f"BCa of a difference of means, {size:,} scores a side, {draws:,} resamples"
    return Workload("W6-continuous", title, ours, _contenders(one, other, draws, 1.5))


def _sizes(small: bool) -> tuple[int, int]:
    return (2_000, 4_000) if small else (10_000, 10_000)


def _contenders(one: Floats, other: Floats, draws: int, goal: float) -> tuple[Contender, ...]:
    std_error = float(np.sqrt(one.var() / one.size + other.var() / other.size))
    wider = TOLERANCE * (10_000 / draws) ** 0.5

    def error(own: Limits, theirs: Limits) -> float:
        return max(abs(a - b) for a, b in zip(own, theirs, strict=True)) / std_error

    def contender(name: str, package: str, build: Callable[[], Callable[[], Any]], aim: float | None) -> Contender:
        return Contender(name, package, build, error, wider, GATE, goal=aim)

    return (
        contender("scipy.stats.bootstrap, batch=100", "scipy", lambda: scipying(one, other, draws), goal),
        contender("arch IndependentSamplesBootstrap", "arch", lambda: arching(one, other, draws), None),
    )


def scipying(one: Floats, other: Floats, draws: int) -> Callable[[], Limits]:
    """scipy, vectorised, in batches that it does not spill memory with."""
    from scipy.stats import bootstrap

    def difference(x: Floats, y: Floats, axis: int) -> Floats:
        return np.asarray(x.mean(axis=axis) - y.mean(axis=axis))

    def run() -> Limits:
        rng = np.random.default_rng(SEED)
        found = bootstrap((one, other), difference, n_resamples=draws, batch=100, method="BCa", rng=rng)
        return float(found.confidence_interval.low), float(found.confidence_interval.high)

    return run


def arching(one: Floats, other: Floats, draws: int) -> Callable[[], Limits]:
    """arch."""
    from arch.bootstrap import IndependentSamplesBootstrap

    def run() -> Limits:
        found = IndependentSamplesBootstrap(one, other, seed=np.random.default_rng(SEED))
        limits = found.conf_int(lambda x, y: np.array([x.mean() - y.mean()]), reps=draws, method="bca")
        return float(limits[0, 0]), float(limits[1, 0])

    return run
