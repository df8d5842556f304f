"""A coverage study of W2's size: how long 1,000 studies take on one core, and what their intervals cover.

cd benchmarks && python -m speed.coverage
cd benchmarks && python -m speed.coverage --studies 50 --out /tmp/coverage.json

A study has 40 runs of 6 evals. Its logit is fitted, refitted to 2,000 resamples of runs and without each run; its 12
coefficients get BCa intervals of 95 %. The truth is exact though runs differ: their intercepts follow the bridge
distribution, with which rates averaged over runs follow a logit themselves (Wang & Louis 2003, Biometrika 90, 765-775).
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mixablate.resample import (
    Draws,
    acceleration,
    bca_interval,
    bootstrap_weights,
    jackknife_weights,
    refit_logit,
    refit_plan,
    stage_rng,
)
from speed.machine import machine
from speed.refits import TRIALS, crossed_columns, labels_of

Floats = NDArray[np.float64]
SEED = 20261122
RUNS, EVALS, FEATURES = 40, 6, 6
DRAWS = 2_000
LEVEL = 0.95
RUN_SD = 0.4
PER_THOUSAND = 100.0  # CPU seconds that 1,000 studies may take
RESULTS = Path(__file__).resolve().parents[1] / "results"


@dataclass(frozen=True, slots=True)
class Setting:
    """What all studies share.

    Attributes:
        design: (n, p).
        runs: (n,) numbers.
        labels: (n,) of the runs.
        truth: (p,) coefficients of the rates averaged over runs.
    """

    design: Floats
    runs: NDArray[np.intp]
    labels: list[str]
    truth: Floats


def main() -> int:
    """Write the study's result; 1 where it took too long."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=1_000)
    parser.add_argument("--out", type=Path, default=RESULTS / "coverage.json")
    options = parser.parse_args()
    setting = drawn_setting()
    covered, missing = np.zeros(setting.truth.size, dtype=int), 0
    began = time.process_time()
    for number in range(options.studies):
        limits = study_limits(setting, number)
        found = np.isfinite(limits).all(axis=1)
        covered += (limits[:, 0] <= setting.truth) & (setting.truth <= limits[:, 1])
        missing += int((~found).sum())
    seconds = time.process_time() - began
    whole = covered.sum() / (options.studies * covered.size - missing)
    result = {
        "title": f"{options.studies:,} studies of {RUNS} runs x {EVALS} evals, {DRAWS:,} resamples each, a jackknife, "
        f"{covered.size} BCa intervals of {LEVEL:.0%}",
        "measured": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": machine(),
        "studies": options.studies,
        "cpu_seconds": round(seconds, 1),
        "cpu_seconds_per_1000": round(1000 * seconds / options.studies, 1),
        "coverage": round(float(whole), 4),
        "coverage_by_coefficient": (covered / options.studies).round(4).tolist(),
        "intervals_withheld": missing,
    }
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"{seconds:.1f} CPU s; coverage {whole:.1%}", file=sys.stderr)
    return 0 if 1000 * seconds / options.studies <= PER_THOUSAND else 1


def drawn_setting() -> Setting:
    """The design of W2 and its coefficients."""
    rng = stage_rng(SEED, "coverage")
    fixed = np.column_stack([np.ones(RUNS), rng.random((RUNS, FEATURES)) < 0.5])
    design, number = crossed_columns(fixed, EVALS)
    truth = np.concatenate([[-1.5], 0.3 * rng.normal(size=FEATURES), 0.7 * rng.normal(size=EVALS - 1)])
    return Setting(design, number, labels_of(number).tolist(), truth)


def drawn_events(setting: Setting, rng: np.random.Generator) -> Floats:
    """Counts (n,) whose rates, averaged over the runs' intercepts, are the logit of the truth.

    The bridge's parameter f gives a variance of pi^2 / 3 (1 / f^2 - 1), and coefficients within a run of truth / f.
    """
    bridge = 1 / math.sqrt(1 + 3 * RUN_SD**2 / math.pi**2)
    angle = bridge * math.pi * rng.random(RUNS)
    intercepts = np.log(np.sin(angle) / np.sin(bridge * math.pi - angle)) / bridge
    predictor = setting.design @ setting.truth / bridge + intercepts[setting.runs]
    return rng.binomial(TRIALS, 1 / (1 + np.exp(-predictor))).astype(float)


def study_limits(setting: Setting, number: int) -> Floats:
    """The lower and upper limits (p, 2) of one study; NaN where an interval is withheld."""
    events = drawn_events(setting, stage_rng(SEED, "events", str(number)))
    trials = np.full(events.size, float(TRIALS))
    names = [f"x{i}" for i in range(setting.truth.size)]
    plan = refit_plan(setting.design, events, trials, setting.labels, names=names)
    drawn = bootstrap_weights(["all"] * RUNS, draws=DRAWS, rng=stage_rng(SEED, "weights", str(number)))
    refits = refit_logit(plan, np.vstack([jackknife_weights(RUNS), drawn])).coefficients
    without, resampled = refits[:RUNS], refits[RUNS:]
    shares = np.full(DRAWS, 1 / DRAWS)
    limits = np.full((setting.truth.size, 2), np.nan)
    for place, estimate in enumerate(plan.coefficients.tolist()):
        influence = without[:, place].mean() - without[:, place]
        draws = Draws(estimate, resampled[:, place], shares, exact=False)
        found = bca_interval(draws, acceleration(influence), LEVEL)
        limits[place] = found.lower, found.upper
    return limits


if __name__ == "__main__":
    raise SystemExit(main())
