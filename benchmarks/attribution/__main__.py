"""Run the calibration of attributions and write its results.

cd benchmarks && python -m attribution --studies 1000 --jobs 2
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from cluster import on_cluster
from joblib import Parallel, delayed

from attribution.cells import ARMS, Cell, cells_of
from attribution.parts import DRAWS, Counts, known, one_study
from attribution.summary import cell_summary

RESULTS = Path(__file__).resolve().parents[1] / "results"
FIRST_SEED = 3_000_000
BATCH = 20  # studies a job


def main() -> None:
    """Run the chosen cells."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=ARMS)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--dask", default="", metavar="ADDRESS", help="of a Dask scheduler, e.g. tcp://host:8786")
    parser.add_argument("--out", type=Path, default=RESULTS / "attribution.json")
    options = parser.parse_args()
    started = time.perf_counter()
    cells = list(cells_of(options.arms))
    batches = [(cell, start) for cell in cells for start in range(0, options.studies, BATCH)]
    found: dict[Cell, Counts] = {cell: Counter() for cell in cells}
    with on_cluster(options.dask):
        work = (delayed(studies_of)(cell, start, min(BATCH, options.studies - start)) for cell, start in batches)
        jobs = -1 if options.dask else options.jobs
        counted = Parallel(n_jobs=jobs, return_as="generator")(work)
        for done, ((cell, _), counts) in enumerate(zip(batches, counted, strict=True), start=1):
            found[cell].update(counts)
            if done % 20 == 0:
                print(f"{done} of {len(batches)} batches, {time.perf_counter() - started:.0f} s", file=sys.stderr)
    document = {
        "studies": options.studies,
        "draws": DRAWS,
        "first_seed": FIRST_SEED,
        "machine": f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}",
        "seconds": round(time.perf_counter() - started),
        "cells": [cell_result(cell, found[cell], options.studies) for cell in cells],
    }
    options.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def studies_of(cell: Cell, start: int, number: int) -> Counts:
    """What these studies of a cell count together."""
    counts: Counts = Counter()
    for study in range(start, start + number):
        counts.update(one_study(cell, FIRST_SEED + study))
    return counts


def cell_result(cell: Cell, counts: Counts, studies: int) -> dict[str, Any]:
    """A cell's entry of the results."""
    truth = {str(scale): dict(parts) for scale, parts in known(cell).parts.items()}
    return {
        "cell": cell.name,
        "arms": cell.arms,
        "runs": cell.runs,
        "effects": cell.effects,
        "run_sd": cell.run_sd,
        "evals": cell.evals,
        **cell_summary(counts, studies, truth),
    }


if __name__ == "__main__":
    main()
