"""What `mixablate report` costs on a large study: 300 runs x 20 evals, five components, 10,000 draws.

cd benchmarks && python -m speed.report
cd benchmarks && python -m speed.report --keep /tmp/large-study     leaves the study and its report there
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

from mixablate.simulate import ArmTruth, ComponentTruth, EventEval, Truth, study_files
from speed.machine import machine

COMPONENTS = {"tools": -0.35, "prompts": -0.25, "advice": -0.6, "stories": -0.15, "constitution": -0.4}
DOMAINS = {"in_distribution": 12, "out_of_distribution": 6, "capability": 2}
RUNS_PER_ARM = 15  # in 20 arms: none, all, each alone, each left out, and eight pairs
PAIRS = 8
DRAWS = 10_000
SECONDS, MIB = 15.0, 500.0  # what a report may take
RESULTS = Path(__file__).resolve().parents[1] / "results"


def main() -> int:
    """Write what the report took; 1 where it is more than it may be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="folder for the study and its report")
    parser.add_argument("--out", type=Path, default=RESULTS / "report.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        write_study(folder)
        seconds = [reported(folder) for _ in range(options.rounds)]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    result = {
        "title": f"mixablate report: {20 * RUNS_PER_ARM} runs x {sum(DOMAINS.values())} evals, {DRAWS:,} draws",
        "measured": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": machine(),
        "rounds": options.rounds,
        "cpu_seconds": round(statistics.median(cpu for cpu, _ in seconds), 2),
        "wall_seconds": round(statistics.median(wall for _, wall in seconds), 2),
        "peak_mib": round(peak),
    }
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"{result['cpu_seconds']} CPU s, {result['wall_seconds']} s, {result['peak_mib']} MiB", file=sys.stderr)
    return 0 if result["cpu_seconds"] <= SECONDS and result["peak_mib"] <= MIB else 1


def write_study(folder: Path) -> None:
    """The simulated tables and a declaration of a claim for each component and one for all."""
    folder.mkdir(parents=True, exist_ok=True)
    evals = [
        EventEval(id=f"{domain[:3]}-{number:02d}", domain=domain, baseline_rate=0.08 + 0.02 * number)
        for domain, count in DOMAINS.items()
        for number in range(count)
    ]
    truth = Truth(
        seed=20261122,
        components={name: ComponentTruth(effect=effect) for name, effect in COMPONENTS.items()},
        evals=tuple(evals),
        arms=tuple(ArmTruth(levels={name: float(name in arm) for name in COMPONENTS}) for arm in arms()),
        runs_per_arm=RUNS_PER_ARM,
        n_trials=200,
        run_sd=0.3,
        run_eval_sd=0.15,
    )
    for name, text in study_files(truth).items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "study.toml").write_text(declaration(), encoding="utf-8")


def arms() -> Iterator[tuple[str, ...]]:
    """Which components each arm has."""
    names = tuple(COMPONENTS)
    yield from combinations(names, 0)
    yield from combinations(names, 1)
    yield from list(combinations(names, 2))[:PAIRS]
    yield from combinations(names, len(names) - 1)
    yield names


def declaration() -> str:
    """The study's declaration."""
    zeros = ", ".join(f"{name} = 0" for name in COMPONENTS)
    lines = ['title = "A large simulated study"', "simulated = true", "seed = 20261122", f"baseline = {{ {zeros} }}"]
    lines += [
        "[tables]",
        'runs = "runs.csv"',
        'outcomes = "outcomes.csv"',
        'evals = "evals.csv"',
        "[analysis]",
        f"draws = {DRAWS}",
    ]
    for name in COMPONENTS:
        lines += [f"[components.{name}]", f'label = "{name.title()}"']
    for name in (*COMPONENTS, "all"):
        parts = json.dumps(list(COMPONENTS) if name == "all" else [name])
        lines += ["[[claims]]", f'id = "{name}-lowers"', f'text = "Lower with: {name}."', 'kind = "reduces"']
        lines += [f"components = {parts}", 'domain = "in_distribution"', 'family = "honeypots"']
    return "\n".join(lines) + "\n"


def reported(folder: Path) -> tuple[float, float]:
    """CPU and wall seconds of the command, in a process of its own."""
    before, began = os.times(), time.perf_counter()
    program = "from mixablate.cli import main; main()"
    command = [sys.executable, "-c", program, "report", str(folder / "study.toml"), "-o", str(folder / "report")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    after = os.times()
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return cpu, time.perf_counter() - began


if __name__ == "__main__":
    raise SystemExit(main())
