"""Measure every kind of claim on simulated studies of known truth; results go to benchmarks/results/claims.json.

    python -m claims --studies 2000 --jobs 2 [--kind synergy] [--place edge]

A false `supported` (truth on the edge or outside) is to be found in at most 5 %, a clear true case in at least 80 %.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

from claims.scenarios import PLACES, SCENARIOS, Place, status_of

FIRST_SEED = 2_000_000
OUT = Path(__file__).resolve().parents[1] / "results" / "claims.json"


def measured(name: str, place: Place, studies: int, jobs: int) -> dict[str, float]:
    """Shares of the statuses among so many studies."""
    start = time.perf_counter()
    found = Parallel(n_jobs=jobs, batch_size=10)(
        delayed(status_of)(SCENARIOS[name], place, FIRST_SEED + i) for i in range(studies)
    )
    shares = {str(status): round(count / studies, 4) for status, count in sorted(Counter(map(str, found)).items())}
    print(f"{name}, {place}: {shares} in {time.perf_counter() - start:.0f} s", file=sys.stderr)
    return shares


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kind", action="append", choices=sorted(SCENARIOS), help="only this one; may be repeated")
    parser.add_argument("--place", action="append", choices=PLACES, help="only there; may be repeated")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    names = options.kind or list(SCENARIOS)
    places = options.place or PLACES
    found = {name: {place: measured(name, place, options.studies, options.jobs) for place in places} for name in names}
    result = {
        "machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
        "numpy": np.__version__,
        "studies": options.studies,
        "claims": found,
    }
    options.out.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
