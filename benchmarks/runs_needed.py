"""How many runs an arm does a drop need, by run-to-run SD and rollouts a run; and is it found as often as promised?

    python benchmarks/runs_needed.py --studies 20000

Two arms of runs whose log-odds are normal around those of the two rates. `formula` is `runs_for_power` at 80 %, for the
spread of the runs' summaries (rollouts included); `found` is how often Welch's t on those summaries finds the drop in
simulated studies of that many runs. Results go to benchmarks/results/runs_needed.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.special import expit, logit
from scipy.stats import ttest_ind

from mixablate.estimate import FEWEST_RUNS, runs_for_power

RESULTS = Path(__file__).parent / "results/runs_needed.json"
DROPS = ((0.22, 0.03), (0.22, 0.10), (0.22, 0.15))
RUN_SDS, ROLLOUTS = (0.3, 0.5, 0.7), (50, 300, 10_000)
SEED = 20261125


def summaries(
    rng: np.random.Generator, rate: float, run_sd: float, rollouts: int, shape: tuple[int, int]
) -> np.ndarray:
    """One log-odds a run, log((k + 1/2)/(n - k + 1/2)), of `shape` (studies, runs)."""
    events = rng.binomial(rollouts, expit(rng.normal(logit(rate), run_sd, shape)))
    return np.log((events + 0.5) / (rollouts - events + 0.5))


def cell(drop: tuple[float, float], run_sd: float, rollouts: int, studies: int) -> dict[str, object]:
    """Runs an arm by the formula, and how often that many find the drop in its direction."""
    rng = np.random.default_rng([SEED, *(round(1000 * rate) for rate in drop), round(10 * run_sd), rollouts])
    variance = sum(run_sd**2 + 1 / (rollouts * p * (1 - p)) for p in drop) / 2
    runs = max(FEWEST_RUNS, runs_for_power(float(logit(drop[0]) - logit(drop[1])), variance**0.5))
    reference, treated = (summaries(rng, rate, run_sd, rollouts, (studies, runs)) for rate in drop)
    test = ttest_ind(reference, treated, axis=1, equal_var=False)
    found = float(np.mean((test.pvalue < 0.05) & (test.statistic > 0)))
    named = {"from": drop[0], "to": drop[1], "run_sd": run_sd, "rollouts": rollouts}
    return named | {"formula": runs, "found": round(found, 4)}


def main() -> None:
    """Every cell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=20_000)
    studies = parser.parse_args().studies
    cells = [cell(drop, sd, rollouts, studies) for drop in DROPS for sd in RUN_SDS for rollouts in ROLLOUTS]
    RESULTS.write_text(json.dumps({"studies": studies, "cells": cells}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
