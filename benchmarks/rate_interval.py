"""Which interval of a rate difference holds over few runs: coverage of the mean run rates' difference, two arms.

    python benchmarks/rate_interval.py --studies 20000

Runs per arm 3, 5, 10, 3 v 10, 10 v 3; rates .2, .05, .02; odds ratio 1 and .25; run SD 0, .5, 1 and unequal; 300
rollouts a run. Cells with fewer than 2 expected events a run at the pooled rate are left out, as in reports.
Contenders: Welch on the rates; MOVER from logit intervals of each arm's mean rate, with the rates' spread; the same
with whichever of the rates' and the log-odds' spread is wider (the package's).
"""

from __future__ import annotations

import argparse
import json
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, stdtrit

Floats = NDArray[np.float64]
ROLLOUTS = 300
RUNS = ((3, 3), (5, 5), (10, 10), (3, 10), (10, 3))
SPREADS = ((0.0, 0.0), (0.5, 0.5), (1.0, 1.0), (0.2, 1.0), (1.0, 0.2))


def mean_rate(centre: float, spread: float) -> float:
    """The mean of a logit-normal rate, by Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    return float(weights @ expit(centre + spread * nodes) / weights.sum())


def covers(counts: tuple[Floats, Floats], truth: float) -> dict[str, float]:
    """Coverage of each contender over the studies (rows) of two arms' event counts."""
    rates = [k / ROLLOUTS for k in counts]
    runs = np.array([k.shape[1] for k in counts])
    means = np.array([r.mean(axis=1) for r in rates])
    centre = np.array([(k.sum(axis=1) + 0.5) / (k.size / len(k) * ROLLOUTS + 1.0) for k in counts])
    slope = centre * (1.0 - centre)
    own = np.array([r.var(axis=1, ddof=1) / r.shape[1] for r in rates])
    summaries = [np.log((k + 0.5) / (ROLLOUTS - k + 0.5)) for k in counts]
    log_odds = np.array([y.var(axis=1, ddof=1) / y.shape[1] for y in summaries]) * slope**2
    wider = np.where(log_odds.sum(axis=0) > own.sum(axis=0), log_odds, own)
    estimate = means[1] - means[0]
    reach = t_of(own, runs) * np.sqrt(own.sum(axis=0))
    found = {"welch": np.mean(np.abs(estimate - truth) <= reach)}
    for name, variance in (("mover_rates", own), ("mover_wider", wider)):
        width = t_of(variance, runs) * np.sqrt(variance) / slope
        low, high = expit(logit(centre) - width), expit(logit(centre) + width)
        middle = centre[1] - centre[0]
        down = np.hypot(centre[1] - low[1], high[0] - centre[0])
        up = np.hypot(high[1] - centre[1], centre[0] - low[0])
        found[name] = np.mean((middle - down <= truth) & (truth <= middle + up))
    return {name: round(float(share), 4) for name, share in found.items()}


def t_of(variance: Floats, runs: NDArray[np.int_]) -> Floats:
    """The .975 t quantile at Satterthwaite's degrees of freedom."""
    spread = (variance**2 / (runs - 1)[:, None]).sum(axis=0)
    total = variance.sum(axis=0)
    df = np.divide(total**2, spread, out=np.full_like(total, float(runs.sum() - 2)), where=spread > 0)
    return np.asarray(stdtrit(df, 0.975))


def main() -> None:
    """Run the grid and write coverage per cell, and how many cells hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=20_000)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results/rate_interval.json")
    options = parser.parse_args()
    rng = np.random.default_rng(20260508)
    cells = []
    for runs, base, ratio, spreads in product(RUNS, (0.2, 0.05, 0.02), (1.0, 0.25), SPREADS):
        centres = (float(logit(base)), float(logit(base) + np.log(ratio)))
        truth = [mean_rate(c, s) for c, s in zip(centres, spreads, strict=True)]
        if float(np.average(truth, weights=runs)) * ROLLOUTS < 2.0:
            continue
        counts = tuple(
            rng.binomial(ROLLOUTS, expit(c + s * rng.standard_normal((options.studies, n)))).astype(float)
            for c, s, n in zip(centres, spreads, runs, strict=True)
        )
        named = {"runs": runs, "rate": base, "odds_ratio": ratio, "run_sd": spreads}
        cells.append(named | {"coverage": covers((counts[0], counts[1]), truth[1] - truth[0])})
    summary = {}
    for name in ("welch", "mover_rates", "mover_wider"):
        for label, fewest in (("3 runs in the smaller arm", (3,)), ("5 or more", (5, 10))):
            shares = [cell["coverage"][name] for cell in cells if min(cell["runs"]) in fewest]
            holding = sum(share >= 0.93 for share in shares)
            summary[f"{name}, {label}"] = {
                "lowest": min(shares), "highest": max(shares), "at_least_93": holding, "cells": len(shares)
            }  # fmt: skip
    options.out.write_text(
        json.dumps({"studies": options.studies, "summary": summary, "cells": cells}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
