"""Runs crossed with a few scenarios: who covers what, for these scenarios and for scenarios like these."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from calibration.intervals import ALPHA
from mixablate.estimate import cell_log_odds, scenario_contrast
from mixablate.resample import stage_rng

Floats = NDArray[np.float64]
ROLLOUTS = 50  # per run and scenario
BASE, RUN_SD, SCENARIO_SD, CELL_SD = 0.2, 0.5, 1.0, 0.3


@dataclass(frozen=True, slots=True)
class Crossing:
    """Arms of equal size, each run on every scenario; no effect on average over scenarios."""

    runs: int
    scenarios: int
    effect_sd: float

    def draw(self, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Counts (2 x runs, scenarios), and the effect on each of these scenarios."""
        treated = np.repeat([0.0, 1.0], self.runs)
        effects = self.effect_sd * rng.standard_normal(self.scenarios)
        eta = (
            logit(BASE)
            + RUN_SD * rng.standard_normal((2 * self.runs, 1))
            + SCENARIO_SD * rng.standard_normal(self.scenarios)
            + CELL_SD * rng.standard_normal((2 * self.runs, self.scenarios))
            + treated[:, None] * effects
        )
        return rng.binomial(ROLLOUTS, expit(eta)).astype(float), effects


def crossings() -> Iterator[Crossing]:
    """3 to 10 runs an arm, 6 and 20 scenarios, effects alike and varying over scenarios."""
    for runs, scenarios, effect_sd in product((3, 5, 10), (6, 20), (0.0, 0.5)):
        yield Crossing(runs, scenarios, effect_sd)


def crossing_result(crossing: Crossing, studies: int, seed: int) -> dict[str, Any]:
    """Coverage of both targets by both intervals, and what rows taken as units would claim."""
    label = f"{crossing.runs} v {crossing.runs} runs, {crossing.scenarios} scenarios, effect SD {crossing.effect_sd:g}"
    rng = stage_rng(seed, "scenarios", label)
    arms = ["reference"] * crossing.runs + ["treated"] * crossing.runs
    these = new = these_for_new = rows = 0
    for _ in range(studies):
        counts, effects = crossing.draw(rng)
        values = cell_log_odds(counts, np.full_like(counts, ROLLOUTS))
        found = scenario_contrast(values, arms, {"reference": -1.0, "treated": 1.0})
        here = float(effects.mean())
        these += found.these.lower <= here <= found.these.upper
        these_for_new += found.these.lower <= 0.0 <= found.these.upper
        new += found.new.lower <= 0.0 <= found.new.upper
        half = [values[: crossing.runs].ravel(), values[crossing.runs :].ravel()]
        error = float(np.sqrt(sum(v.var(ddof=1) / v.size for v in half)))
        rows += abs(half[1].mean() - half[0].mean()) <= 1.96 * error
    return {
        "crossing": label,
        "alpha": ALPHA,
        "these_scenarios": round(these / studies, 4),
        "new_scenarios": round(new / studies, 4),
        "new_scenarios_clustered_by_run_only": round(these_for_new / studies, 4),
        "rows_as_units": round(int(rows) / studies, 4),
    }
