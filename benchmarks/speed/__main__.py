"""Compare contenders and write the results.

cd benchmarks && python -m speed            every workload
cd benchmarks && python -m speed W4 W5      some; the others' results stay as they are in the file
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from speed import difference, firth, mixed, refits, rollouts, shapley, wild
from speed.harness import Measured, Workload, measure
from speed.machine import machine, processor
from speed.table import markdown

WORKLOADS: dict[str, Callable[..., Workload]] = {
    "W1": refits.large,
    "W1-dense": refits.dense,
    "W2": refits.typical,
    "W3": firth.workload,
    "W4": wild.workload,
    "W5": shapley.workload,
    "W6-binary": difference.binary,
    "W6-continuous": difference.continuous,
    "W7": rollouts.workload,
    "W8-typical": mixed.typical,
    "W8-large": mixed.large,
}
RESULTS = Path(__file__).resolve().parents[1] / "results"


def main() -> int:
    """Run the chosen workloads; 1 where an answer differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workloads", nargs="*", metavar="W4", help="of " + ", ".join(WORKLOADS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--small", action="store_true", help="the sizes of the test suite")
    parser.add_argument("--packages", nargs="+", default=[], help="contenders that need nothing but these")
    parser.add_argument("--out", type=Path, default=RESULTS / "speed.json", help="with a table in Markdown beside it")
    options = parser.parse_args()
    unknown = set(options.workloads) - set(WORKLOADS)
    if unknown:
        parser.error(f"no such workload: {', '.join(sorted(unknown))}; there are {', '.join(WORKLOADS)}")
    document: dict[str, Any] = json.loads(options.out.read_text(encoding="utf-8")) if options.out.exists() else {}
    part = document.setdefault("small" if options.small else "full", {}).setdefault(processor(), {})
    sound = True
    for key in options.workloads or WORKLOADS:
        workload = WORKLOADS[key](small=options.small)
        found = []
        for row in measure(workload, rounds=options.rounds, packages=frozenset(options.packages)):
            print(f"{key}: {said(row)}", file=sys.stderr)
            found.append(row)
            sound = sound and row.passed
        part[key] = result(workload, found, options.rounds)
        entries = {name: part.pop(name) for name in WORKLOADS if name in part}
        part.update(entries)
        options.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if "full" in document:
        options.out.with_suffix(".md").write_text(markdown(document["full"]), encoding="utf-8")
    return 0 if sound else 1


def result(workload: Workload, found: list[Measured], rounds: int) -> dict[str, Any]:
    """A workload's entry of the results."""
    return {
        "title": workload.title,
        "unit": workload.unit[0],
        "rounds": rounds,
        "measured": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": machine(),
        "contenders": [{name: digits(value) for name, value in asdict(row).items()} for row in found],
    }


def said(row: Measured) -> str:
    """A contender in one line."""
    if row.absent:
        return f"{row.contender}: {row.absent}"
    verdict = "agrees" if row.passed else f"DIFFERS by {row.error:.2g} (at most {row.tolerance:g})"
    return f"{row.contender}: {row.ratio:.3g} times ours ({row.lowest:.3g} to {row.highest:.3g}), {verdict}"


def digits(value: Any) -> Any:
    """Four significant digits."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


if __name__ == "__main__":
    raise SystemExit(main())
