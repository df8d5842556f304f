"""W5: Shapley values of 10 components over all 1,024 coalitions of a logit with pairwise interactions, 6,000 cells.

A thousand replicates, each with coefficients and cluster weights of its own; ours does 64 a call, the others one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from mixablate.attribute import Rule, batched_parts, coalition_rows, rule_coefficients
from mixablate.resample import stage_rng
from speed.harness import Contender, Workload

__all__ = ["workload"]

Floats = NDArray[np.float64]
SEED = 20261122
REPLICATES = 1000
BATCH = 64
RUNS, EVALS = 300, 20
PREDICTED = 20  # coalitions that statsmodels predicts


@dataclass(frozen=True, slots=True)
class Sample:
    """A logit's rows and replicates.

    Attributes:
        rows: (n, p) with the components' columns at 0: intercept, components, their pairs, two features, eval dummies.
        shifts: (2^k, p).
        coefficients: (B, p).
        weights: (B, n), cluster counts.
        players: k.
    """

    rows: Floats
    shifts: Floats
    coefficients: Floats
    weights: Floats
    players: int


def workload(*, small: bool) -> Workload:
    """10 components over 6,000 cells; small: 8."""
    sample = drawn_sample(8 if small else 10)
    matrix = rule_coefficients(sample.players, Rule.SHAPLEY)
    group = coalition_rows(sample.rows, sample.shifts, sample.weights)

    def ours() -> Floats:
        return batched_parts(sample.coefficients, [group], matrix)

    def first(own: Floats, theirs: Floats) -> float:
        return float(np.abs(own[0] - theirs).max())

    def contender(name: str, package: str, build: Callable[[], Callable[[], Any]], goal: float | None) -> Contender:
        gate = "largest difference of a Shapley value"
        return Contender(name, package, build, first, 1e-12, gate, share=1 / REPLICATES, goal=goal)

    values = 2**sample.players
    return Workload(
        "W5",
        f"Shapley values, {sample.players} components, {RUNS * EVALS:,} cells, {REPLICATES:,} replicates",
        ours,
        (
            contender("shapiq ExactComputer, vectorised NumPy game", "shapiq", lambda: shapiqing(sample), 200.0),
            contender("NumPy, one coalition at a time", "numpy", lambda: looping(sample, matrix), 100.0),
            contender("NumPy, outer product of exponentials", "numpy", lambda: multiplying(sample, matrix), None),
            Contender(
                "statsmodels, predict of every coalition",
                "statsmodels",
                lambda: predicting(sample),
                lambda own, theirs: float(np.abs(theirs - _rates(sample)[:PREDICTED]).max()),
                1e-12,
                f"largest difference of a rate, {PREDICTED} coalitions",
                share=PREDICTED / values / REPLICATES,
            ),
        ),
        share=BATCH / REPLICATES,
        unit=("replicate", REPLICATES),
    )


def drawn_sample(players: int) -> Sample:
    """Rows, coefficients around a fit's, and cluster weights."""
    rng = stage_rng(SEED, "shapley")
    one, other = np.triu_indices(players, 1)
    bits = (np.arange(2**players)[:, None] >> np.arange(players) & 1).astype(float)
    features = np.repeat(rng.normal(size=(RUNS, 2)), EVALS, axis=0)
    evals = np.tile(np.eye(EVALS)[:, 1:], (RUNS, 1))
    added = np.hstack([np.zeros((len(bits), 1)), bits, bits[:, one] * bits[:, other]])
    rows = np.hstack([np.ones((RUNS * EVALS, 1)), np.zeros((RUNS * EVALS, added.shape[1] - 1)), features, evals])
    shifts = np.hstack([added, np.zeros((len(bits), rows.shape[1] - added.shape[1]))])
    centre = np.concatenate(
        [
            [-1.0],
            rng.normal(-0.35, 0.2, players),
            rng.normal(0.0, 0.06, one.size),
            rng.normal(0.0, 0.3, 2),
            rng.normal(0.0, 0.5, EVALS - 1),
        ]
    )
    coefficients = centre + 0.05 * rng.normal(size=(BATCH, centre.size))
    counts = rng.multinomial(RUNS, np.full(RUNS, 1 / RUNS), BATCH)
    return Sample(rows, shifts, coefficients, np.repeat(counts, EVALS, axis=1).astype(float), players)


def _first(sample: Sample) -> tuple[Floats, Floats, Floats]:
    """The first replicate's row predictors, coalition shifts and weights of sum 1."""
    beta, weights = sample.coefficients[0], sample.weights[0]
    return sample.rows @ beta, sample.shifts @ beta, weights / weights.sum()


def _rates(sample: Sample) -> Floats:
    offsets, shifts, weights = _first(sample)
    return np.array([weights @ expit(offsets + shift) for shift in shifts])


def shapiqing(sample: Sample) -> Callable[[], Floats]:
    """shapiq, all coalitions in one call of the game."""
    import shapiq

    offsets, _, weights = _first(sample)
    beta, players = sample.coefficients[0], sample.players
    one, other = np.triu_indices(players, 1)
    main, pairs = beta[1 : 1 + players], beta[1 + players : 1 + players + one.size]

    def game(coalitions: NDArray[np.bool_]) -> Floats:
        member = coalitions.astype(float)
        shifts = member @ main + (member[:, one] * member[:, other]) @ pairs
        return np.asarray(expit(shifts[:, None] + offsets) @ weights)

    def run() -> Floats:
        found = shapiq.ExactComputer(game, n_players=players)(index="SV", order=1)
        return np.array([found[(player,)] for player in range(players)])

    return run


def looping(sample: Sample, matrix: Floats) -> Callable[[], Floats]:
    """The loop that anyone would write."""
    return lambda: matrix @ _rates(sample)


def multiplying(sample: Sample, matrix: Floats) -> Callable[[], Floats]:
    """The loop without exponentials: exp(-(o + t)) is a product."""
    offsets, shifts, weights = _first(sample)

    def run() -> Floats:
        rows = np.exp(-offsets)
        return matrix @ np.array([weights @ (1 / (1 + step * rows)) for step in np.exp(-shifts)])

    return run


def predicting(sample: Sample) -> Callable[[], Floats]:
    """statsmodels' predict on the design of every coalition, the weighted mean of its rates."""
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    beta, (_, _, weights) = sample.coefficients[0], _first(sample)
    model = GLM(np.zeros(len(sample.rows)), sample.rows, family=Binomial())

    def run() -> Floats:
        return np.array([weights @ model.predict(beta, sample.rows + shift) for shift in sample.shifts[:PREDICTED]])

    return run
