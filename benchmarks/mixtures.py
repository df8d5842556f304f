"""Coverage of the effects of a mix where the truth is linear, quadratic or curved and the model is chosen.

    python benchmarks/mixtures.py > benchmarks/results/mixtures.json

Every study draws its mixes of three parts (Dirichlet 3, 1.5, 1.5), run SD .4 on the logit, 300 rollouts a run. Truths
of mean rates are integrals over the runs' spread. About three minutes on one core.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from mixablate.estimate import (
    Outcome,
    RunSummaries,
)
from mixablate.estimate.mixtures import (
    Candidate,
    MixReference,
    MixtureAnalysis,
    StudyMix,
    analyse_mixture,
    best,
    cox_path,
    mixes_alone,
    mixture_analysis,
)
from mixablate.estimate.runs.summaries import run_log_odds
from mixablate.study import Mixture, Scale
from mixablate.tables import OutcomeKind

Floats = NDArray[np.float64]
Truth = Callable[[Floats], Floats]

REFERENCE = np.array([0.6, 0.2, 0.2])
RUN_SD = 0.4
ROLLOUTS = 300
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
PARTS = ("a", "b", "c")
ALONE = ", best alone"

TRUTHS: dict[str, Truth] = {
    "linear": lambda m: m @ np.array([-0.5, -3.0, -1.0]),
    "quadratic": lambda m: m @ np.array([-0.5, -3.0, -1.0]) + 6 * m[:, 0] * m[:, 1] - 5 * m[:, 1] * m[:, 2],
    "curved": lambda m: (
        m @ np.array([-0.5, -1.0, -1.0]) - 0.4 * np.log1p(m[:, 1] / 0.02) - 0.2 * np.log1p(m[:, 2] / 0.02)
    ),
}


def study(seed: int, truth: Truth, mixes: Floats, model: str) -> MixtureAnalysis:
    """One simulated study, analysed."""
    rng = np.random.default_rng(seed)
    runs = len(mixes)
    spread = rng.normal(0, RUN_SD, runs)
    events = rng.binomial(ROLLOUTS, expit(truth(mixes) + spread)).astype(float)[:, None]
    trials = np.full((runs, 1), float(ROLLOUTS))
    ids = tuple(f"{i:03d}" for i in range(runs))
    outcome = Outcome("o", "O", (("o", 1.0),), OutcomeKind.EVENTS, True, "")
    odds = run_log_odds(events, trials)[:, 0]
    nothing = np.zeros((runs, 1))
    blank = ("",) * runs
    summaries = RunSummaries(outcome, ids, blank, blank, odds, events[:, 0] / ROLLOUTS, events, trials, nothing, ())
    reach = MixReference(REFERENCE, mixes.min(axis=0), mixes.max(axis=0))
    mix = StudyMix(mixes_alone(PARTS, mixes, ids), PARTS, (), reach, "", ())
    declared = Mixture.model_validate({"model": model.removesuffix(ALONE)})
    with patch.object(mixture_analysis, "contenders", best_alone) if model.endswith(ALONE) else nullcontext():
        return analyse_mixture(summaries, mix, declared, level=0.95, draws=499, rng=rng)


def best_alone(found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """What the package does not do: the best model's intervals as if it had been declared."""
    first = best(found)
    return () if first is None else (first,)


def change(truth: Truth, part: int, scale: Scale) -> float:
    """The true Cox change of a part by .05."""
    end = cox_path(REFERENCE, part, REFERENCE[[part]] + 0.05)
    before, after = float(truth(REFERENCE[None])[0]), float(truth(end)[0])
    if scale is Scale.LOG_ODDS:
        return after - before
    weights = WEIGHTS / WEIGHTS.sum()
    return float(weights @ expit(after + RUN_SD * NODES) - weights @ expit(before + RUN_SD * NODES))


def coverage(name: str, model: str, runs: int, studies: int) -> dict[str, object]:
    """Shares of intervals, and of whole families, that hold the truth; which models were used."""
    truth, used = TRUTHS[name], Counter[str]()
    single: dict[Scale, list[bool]] = {}
    family: dict[Scale, list[bool]] = {}
    for seed in range(studies):
        mixes = np.random.default_rng(10_000 + seed).dirichlet([3, 1.5, 1.5], runs)
        found = study(seed, truth, mixes, model)
        used[str(found.candidates[found.chosen].blend.model)] += 1
        together: dict[Scale, bool] = {}
        for effect in found.effects:
            if effect.reason or effect.kind != "cox":
                continue
            actual = change(truth, PARTS.index(effect.part), effect.scale)
            single.setdefault(effect.scale, []).append(effect.inference.lower <= actual <= effect.inference.upper)
            held = effect.simultaneous_lower <= actual <= effect.simultaneous_upper
            together[effect.scale] = together.get(effect.scale, True) and held
        for scale, held in together.items():
            family.setdefault(scale, []).append(held)
    return {
        "truth": name,
        "model": model,
        "runs": runs,
        "studies": studies,
        "effects": {str(scale): len(held) for scale, held in single.items()},
        "covered": {str(scale): round(float(np.mean(held)), 4) for scale, held in single.items()},
        "all_at_once": {str(scale): round(float(np.mean(held)), 4) for scale, held in family.items()},
        "used": dict(sorted(used.items())),
    }


def main() -> None:
    """Print the grid as JSON."""
    grid = [("linear", "linear", 30, 150)]
    grid += [("quadratic", "auto" + ALONE, 30, 150)]
    grid += [(name, "auto", runs, studies) for runs, studies in ((30, 150), (60, 80)) for name in TRUTHS]
    cells = []
    for cell in grid:
        cells.append(coverage(*cell))
        print(cells[-1], file=sys.stderr, flush=True)
    print(json.dumps({"run_sd": RUN_SD, "rollouts": ROLLOUTS, "cells": cells}, indent=1))


if __name__ == "__main__":
    main()
