"""What `mixablate report` costs on two simulated studies: many runs and draws, and many components and evals.

cd benchmarks && python -m speed.report [--study large] [--rounds 3]
cd benchmarks && python -m speed.report --study wide --keep /tmp/wide     leaves the study and its report there
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

from mixablate.simulate import ArmTruth, ComponentTruth, EventEval, Truth, study_files
from speed.machine import machine

RESULTS = Path(__file__).resolve().parents[1] / "results"
REPORT = """
import resource, sys
from mixablate.cli import main
try:
    main()
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, file=sys.stderr)
"""


@dataclass(frozen=True, slots=True)
class ReportStudy:
    """A study whose report is timed, and what that may take.

    Attributes:
        title: in words.
        truth: what its tables are drawn from.
        claimed: claim -> the components whose switch it says lowers the in-distribution mean.
        draws: of the analysis.
        seconds: CPU seconds that the command may take.
        mib: its peak memory.
    """

    title: str
    truth: Truth
    claimed: Mapping[str, tuple[str, ...]]
    draws: int
    seconds: float
    mib: float

    def write(self, folder: Path) -> None:
        """The tables and the declaration."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in study_files(self.truth).items():
            (folder / name).write_text(text, encoding="utf-8")
        (folder / "study.toml").write_text("\n".join(self.declaration()) + "\n", encoding="utf-8")

    def declaration(self) -> Iterator[str]:
        """The lines of its study.toml."""
        names = tuple(self.truth.components)
        zeros = ", ".join(f"{name} = 0" for name in names)
        yield from (f'title = "{self.title}"', "simulated = true", f"seed = {self.truth.seed}")
        yield f"baseline = {{ {zeros} }}"
        yield from ("[tables]", 'runs = "runs.csv"', 'outcomes = "outcomes.csv"', 'evals = "evals.csv"')
        yield from ("[analysis]", f"draws = {self.draws}")
        for name in names:
            yield from (f"[components.{name}]", f'label = "{name.replace("_", " ").capitalize()}"')
        for claim, parts in self.claimed.items():
            yield from ("[[claims]]", f'id = "{claim}-lowers"', f'text = "Lower with: {claim}."', 'kind = "reduces"')
            yield from (f"components = {json.dumps(parts)}", 'domain = "in_distribution"', 'family = "honeypots"')


def large() -> ReportStudy:
    """300 runs x 20 evals, five components in 20 arms: none, all, each alone, each left out, and eight pairs."""
    effects = {"tools": -0.35, "prompts": -0.25, "advice": -0.6, "stories": -0.15, "constitution": -0.4}
    names = tuple(effects)
    held = [(), *combinations(names, 1), *list(combinations(names, 2))[:8], *combinations(names, 4), names]
    truth = Truth(
        seed=20261122,
        components={name: ComponentTruth(effect=effect) for name, effect in effects.items()},
        evals=evals_of({"in_distribution": 12, "out_of_distribution": 6, "capability": 2}, lowest=0.08),
        arms=tuple(ArmTruth(levels={name: float(name in arm) for name in names}) for arm in held),
        runs_per_arm=15,
        n_trials=200,
        run_sd=0.3,
        run_eval_sd=0.15,
    )
    claimed = {**{name: (name,) for name in names}, "all": names}
    return ReportStudy("A large simulated study", truth, claimed, draws=10_000, seconds=15.0, mib=500.0)


def wide() -> ReportStudy:
    """400 runs x 40 evals, 60 components: 20 runs of none and of all, three of each alone and of each left out."""
    names = tuple(f"part_{number:02d}" for number in range(60))
    arms = [ArmTruth(levels=dict.fromkeys(names, level), runs=20) for level in (0.0, 1.0)]
    for name in names:
        arms.append(ArmTruth(levels={other: float(other == name) for other in names}))
        arms.append(ArmTruth(levels={other: float(other != name) for other in names}))
    truth = Truth(
        seed=20261125,
        components={name: ComponentTruth(effect=-0.02 * (1 + number % 5)) for number, name in enumerate(names)},
        evals=evals_of({"in_distribution": 20, "out_of_distribution": 15, "capability": 5}, lowest=0.3),
        arms=tuple(arms),
        runs_per_arm=3,
        n_trials=200,
        run_sd=0.2,
        run_eval_sd=0.15,
    )
    claimed = {name: (name,) for name in names[:10]}
    return ReportStudy("A wide simulated study", truth, claimed, draws=2_000, seconds=30.0, mib=1_000.0)


STUDIES = {"large": large, "wide": wide}


def evals_of(domains: Mapping[str, int], lowest: float) -> tuple[EventEval, ...]:
    """So many evals of each domain, each with a baseline rate two points above the one before."""
    return tuple(
        EventEval(id=f"{domain[:3]}-{number:02d}", domain=domain, baseline_rate=lowest + 0.02 * number)
        for domain, count in domains.items()
        for number in range(count)
    )


def main() -> int:
    """Write what the reports took; 1 where one is more than it may be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--study", action="append", choices=sorted(STUDIES), help="only this one")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="folder for the studies and their reports")
    parser.add_argument("--out", type=Path, default=RESULTS / "report.json")
    options = parser.parse_args()
    result = json.loads(options.out.read_text()) if options.out.exists() else {}
    for name in options.study or STUDIES:
        with tempfile.TemporaryDirectory() as temporary:
            result[name] = measured(STUDIES[name](), (options.keep or Path(temporary)) / name, options.rounds)
        print(f"{name}: {result[name]}", file=sys.stderr)
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return int(not all(found["met"] for found in result.values()))


def measured(study: ReportStudy, folder: Path, rounds: int) -> dict[str, object]:
    """Medians of what the command took."""
    study.write(folder)
    taken = [reported(folder) for _ in range(rounds)]
    cpu, wall, mib = (statistics.median(each) for each in zip(*taken, strict=True))
    truth = study.truth
    return {
        "title": f"{len(truth.components)} components, {len(truth.evals)} evals, {study.draws:,} draws",
        "measured": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": machine(),
        "rounds": rounds,
        "cpu_seconds": round(cpu, 2),
        "wall_seconds": round(wall, 2),
        "peak_mib": round(mib),
        "page_bytes": (folder / "report" / "report.html").stat().st_size,
        "goal": {"cpu_seconds": study.seconds, "peak_mib": study.mib},
        "met": cpu <= study.seconds and mib <= study.mib,
    }


def reported(folder: Path) -> tuple[float, float, float]:
    """CPU and wall seconds of the command, and its peak memory in MiB, in a process of its own."""
    before, began = os.times(), time.perf_counter()
    command = [sys.executable, "-c", REPORT, "report", str(folder / "study.toml"), "-o", str(folder / "report")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    after = os.times()
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return cpu, time.perf_counter() - began, float(done.stderr.splitlines()[-1])


if __name__ == "__main__":
    raise SystemExit(main())
