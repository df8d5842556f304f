"""How often the interval for one more block holds that block's true effect: from the estimates' SD, and from tau^2.

    python benchmarks/prediction_over_blocks.py --studies 4000

k blocks of effects N(1, tau^2), each estimated with a standard error of .71 that is itself estimated on 6 df (four runs
a side of SD 1). Results go to benchmarks/results/prediction_over_blocks.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.special import stdtrit

from mixablate.estimate import pool

RESULTS = Path(__file__).parent / "results/prediction_over_blocks.json"
BLOCKS, TAUS = (3, 4, 6, 8, 12), (0.0, 0.5, 1.0, 2.0)
WITHIN, WITHIN_DF = 0.5, 6
SEED = 20261125


def coverage(blocks: int, tau: float, studies: int) -> dict[str, float]:
    """The share of studies in which each interval holds a new block's true effect."""
    rng = np.random.default_rng([SEED, blocks, round(10 * tau)])
    held = dict.fromkeys(("estimates", "tau2"), 0)
    for _ in range(studies):
        effects = rng.normal(1.0, tau, blocks) + rng.normal(0.0, WITHIN**0.5, blocks)
        variances = WITHIN * rng.chisquare(WITHIN_DF, blocks) / WITHIN_DF
        new = rng.normal(1.0, tau)
        reach = stdtrit(blocks - 1, 0.975) * effects.std(ddof=1) * (1 + 1 / blocks) ** 0.5
        held["estimates"] += abs(new - effects.mean()) <= reach
        found = pool(effects, variances)
        held["tau2"] += found.prediction_lower <= new <= found.prediction_upper
    return {name: round(float(count) / studies, 4) for name, count in held.items()}


def main() -> None:
    """Every cell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=4000)
    options = parser.parse_args()
    cells = [{"blocks": k, "tau": tau, **coverage(k, tau, options.studies)} for k in BLOCKS for tau in TAUS]
    RESULTS.write_text(json.dumps({"studies": options.studies, "cells": cells}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
