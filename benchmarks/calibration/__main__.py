"""Run the calibration and write its results.

cd benchmarks && python -m calibration --studies 10000 --jobs 2
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from cluster import on_cluster
from joblib import Parallel, delayed

from calibration.cells import GRIDS, Cell, cells_of
from calibration.decisions import decisions
from calibration.families import families, family_result
from calibration.intervals import (
    coverage,
    existence_p,
    expected_events,
    sample_of,
    shown,
    supported,
    uniform_p,
)
from calibration.layouts import layout_result, layouts
from calibration.scenarios import crossing_result, crossings
from mixablate.resample import stage_rng
from mixablate.study import Scale

SEED = 20261122
RESULTS = Path(__file__).resolve().parents[1] / "results"


def main() -> None:
    """Run the chosen grids."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=10_000)
    parser.add_argument("--decided", type=int, default=2_000, help="studies judged with the second opinion")
    parser.add_argument("--second", type=int, default=300, help="studies on which the second opinion is run alone")
    parser.add_argument("--one-by-one", type=int, default=4_000, help="studies of pairs, doses, scenarios and families")
    parser.add_argument("--grids", nargs="+", default=list(GRIDS), choices=GRIDS)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--dask", default="", metavar="ADDRESS", help="of a Dask scheduler, e.g. tcp://host:8786")
    parser.add_argument("--out", type=Path, default=RESULTS / "calibration.json")
    options = parser.parse_args()
    started = time.perf_counter()
    cells = [cell for grid in options.grids for cell in cells_of(grid)]
    few = options.one_by_one
    parts = {
        "cells": [delayed(result_of)(cell, options.studies, options.decided, options.second) for cell in cells],
        "layouts": [delayed(layout_result)(layout, few, SEED) for layout in layouts()],
        "scenarios": [delayed(crossing_result)(crossing, few, SEED) for crossing in crossings()],
        "families": [delayed(family_result)(family, few, SEED) for family in families()],
    }
    with on_cluster(options.dask):
        rows = {part: run(part, work, -1 if options.dask else options.jobs) for part, work in parts.items()}
    document = {
        "studies": options.studies,
        "studies_decided": options.decided,
        "studies_with_second_alone": options.second,
        "studies_one_by_one": few,
        "seed": SEED,
        "machine": f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}",
        "seconds": round(time.perf_counter() - started),
        **rows,
    }
    options.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def run(part: str, work: list[Any], jobs: int) -> list[dict[str, Any]]:
    """The rows of a part, with progress on stderr."""
    started = time.perf_counter()
    rows = []
    for done, row in enumerate(Parallel(n_jobs=jobs, return_as="generator")(work), 1):
        rows.append(row)
        if done % 50 == 0 or done == len(work):
            print(f"{part}: {done} of {len(work)}, {time.perf_counter() - started:.0f} s", file=sys.stderr)
    return rows


def result_of(cell: Cell, studies: int, decided_studies: int, second: int) -> dict[str, Any]:
    """One cell's row of the results."""
    sample = sample_of(cell, studies, stage_rng(SEED, "calibration", cell.name))
    pooled, fewer = expected_events(cell)
    truth = float(cell.mean_log_odds() @ cell.cell_arrays().coefficients)
    rng = stage_rng(SEED, "second opinion", cell.name)
    decided = decisions(sample, rng, decided=decided_studies, second=second)
    inside = shown(sample, Scale.RISK_DIFFERENCE)
    return {
        "grid": cell.grid,
        "arms": cell.label,
        "fewest_runs": cell.fewest_runs,
        "base": cell.base,
        "odds_ratio": cell.odds_ratio,
        "sd": [cell.arms[0].sd, cell.arms[-1].sd],
        "rollouts": cell.rollouts,
        "shape": cell.shape,
        "events_per_run": round(pooled, 2),
        "events_per_run_fewer": round(fewer, 2),
        "supported": {scale.value: supported(cell, scale) for scale in SCALES},
        "withheld": {scale.value: digits(1 - shown(sample, scale).mean()) for scale in SCALES},
        "coverage": [
            {
                "interval": found.interval,
                "scale": found.scale.value,
                "everywhere": digits(found.everywhere),
                "among_shown": digits(found.among_shown),
                "width": digits(found.width),
            }
            for found in coverage(sample)
        ],
        "null": abs(truth) < 1e-9,
        "primary": digits(decided.primary),
        "primary_among_shown": digits(decided.among_shown),
        "second_alone": digits(decided.second),
        "decided": digits(decided.decided),
        "uniform_p": digits(uniform_p(existence_p(sample)[inside])) if inside.any() else None,
    }


SCALES = (Scale.LOG_ODDS, Scale.RISK_DIFFERENCE, Scale.RISK_RATIO)


def digits(value: float) -> float | None:
    """Four decimals, or None for what is not a number."""
    return round(float(value), 4) if np.isfinite(value) else None


if __name__ == "__main__":
    main()
