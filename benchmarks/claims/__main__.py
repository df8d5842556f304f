"""Measure every kind of claim on simulated studies of known truth; results go to benchmarks/results/claims.json.

    python -m claims --studies 2000 --jobs 2 [--kind synergy] [--place edge]
    python -m claims --table

A false `supported` (truth on the edge or outside) is to be found in at most 5 %, a clear true case in at least 80 %.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections import Counter
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

from claims.scenarios import PLACES, SCENARIOS, Place, status_of

FIRST_SEED = 2_000_000
SHOWN = (("edge", "supported"), ("edge", "contradicted"), ("true", "supported"), ("false", "contradicted"))
OUT = Path(__file__).resolve().parents[1] / "results" / "claims.json"


def measured(name: str, place: Place, studies: int, jobs: int) -> dict[str, float]:
    """Shares of the statuses among so many studies, and how many studies these were."""
    start = time.perf_counter()
    found = Parallel(n_jobs=jobs, batch_size=10)(
        delayed(status_of)(SCENARIOS[name], place, FIRST_SEED + i) for i in range(studies)
    )
    shares = {str(status): round(count / studies, 4) for status, count in sorted(Counter(map(str, found)).items())}
    print(f"{name}, {place}: {shares} in {time.perf_counter() - start:.0f} s", file=sys.stderr)
    return shares | {"studies": studies}


def table(claims: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """The table of docs/calibration.md: per kind, percent of the studies of each place with each status."""
    heads = ["claim", "`supported` on the edge", "`contradicted` on the edge", "`supported` where true"]
    heads.append("`contradicted` where false")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name in SCENARIOS:
        kind, _, rest = name.partition(" ")
        shown = [(place, status) for place, status in SHOWN if place in claims[name]]
        cells = [f"{100.0 * claims[name][place].get(status, 0.0):.1f}" for place, status in shown]
        lines.append(f"| {' '.join([f'`{kind}`', rest]).strip()} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write; cells that are not measured stay as they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kind", action="append", choices=sorted(SCENARIOS), help="only this one; may be repeated")
    parser.add_argument("--place", action="append", choices=PLACES, help="only there; may be repeated")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--table", action="store_true", help="print the committed results as the docs show them")
    options = parser.parse_args()
    result = json.loads(options.out.read_text()) if options.out.exists() else {"claims": {}}
    if options.table:
        print(table(result["claims"]), end="")
        return
    for name, place in product(options.kind or SCENARIOS, options.place or PLACES):
        cells = result["claims"].setdefault(name, {})
        cells[place] = measured(name, place, options.studies, options.jobs)
    result["machine"] = f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}"
    result["numpy"] = np.__version__
    options.out.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
