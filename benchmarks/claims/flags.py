"""How often the flags on the measurement are raised where nothing is wrong, and where something is.

    python -m claims.flags --studies 300 --jobs 2

Two arms; a claim on blackmail, two control evals, 300 rollouts a run read by two judges, 20 rollouts a run labelled by
people, and how many were acted in. Results go to benchmarks/results/flags.json.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from scipy.special import expit, logit

from claims.scenarios import TOOLS, TRIALS, Drawn, Scenario, two_arms, verdict_on
from mixablate.claims import Flag, Verdict

__all__ = ["CELLS", "CHECKS", "Cell", "checks_of", "shares"]

FIRST_SEED = 3_000_000
OUT = Path(__file__).resolve().parents[1] / "results" / "flags.json"
RATES = {"blackmail": 0.3, "control": 0.1, "other control": 0.03}
SHARED_SD, OWN_SD = 0.3, 0.3  # of a run over its evals, and on each of them, on the logit
SENSITIVITY, ALARMS = 0.95, 0.02  # of either judge, unless a cell says otherwise of the first
LABELS = 20  # rollouts of blackmail that people read, of each run
SCENARIO = Scenario(
    'kind = "reduces"\n' + TOOLS,
    lambda rng, _: drawn_of(CELLS["no effect"], rng),
    analysis='judge = "first"',
    domains={"control": "control", "other control": "control"},
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A truth to be drawn from.

    Attributes:
        drop: of blackmail, on the logit; the controls never move.
        runs: of each arm.
        alarms: of others than events, the share that the first judge calls events on the treated side.
        acting: share of rollouts acted in, on the reference and on the treated side; runs differ by `OWN_SD` (logit).
    """

    drop: float = 0.0
    runs: int = 5
    alarms: float = ALARMS
    acting: tuple[float, float] = (0.97, 0.97)


CELLS: Mapping[str, Cell] = {
    "no effect": Cell(),
    "no effect, 3 runs": Cell(runs=3),
    "no effect, 10 runs": Cell(runs=10),
    "drop found half the time": Cell(drop=0.7),
    "clear drop": Cell(drop=2.0),
    "acted 80 %": Cell(acting=(0.97, 0.8)),
    "acted 75 %": Cell(acting=(0.97, 0.75)),
    "acted 65 %": Cell(acting=(0.97, 0.65)),
    "acted 50 %": Cell(acting=(0.97, 0.5)),
    "false alarms up to 7 %": Cell(alarms=0.07),
    "false alarms up to 12 %": Cell(alarms=0.12),
    "false alarms up to 22 %": Cell(alarms=0.22),
    "false alarms up to 12 %, clear drop": Cell(drop=2.0, alarms=0.12),
    "false alarms up to 12 %, 3 runs": Cell(runs=3, alarms=0.12),
}


def drawn_of(cell: Cell, rng: np.random.Generator) -> Drawn:
    """The tables of one study."""
    drawn = Drawn([], [])
    for run_id, tools in two_arms(drawn, cell.runs):
        shared = rng.normal(0.0, SHARED_SD)
        acted = int(rng.binomial(TRIALS, expit(logit(cell.acting[tools]) + rng.normal(0.0, OWN_SD))))
        for eval_id, rate in RATES.items():
            fall = cell.drop * tools if eval_id == "blackmail" else 0.0
            events = int(rng.binomial(acted, expit(logit(rate) - fall + shared + rng.normal(0.0, OWN_SD))))
            row = {"run_id": run_id, "eval_id": eval_id, "n_trials": TRIALS, "n_missing": 0, "n_acted": acted}
            for judge, alarms in (("first", cell.alarms if tools else ALARMS), ("second", ALARMS)):
                found, called = int(rng.binomial(events, SENSITIVITY)), int(rng.binomial(TRIALS - events, alarms))
                drawn.outcomes.append(row | {"judge": judge, "n_events": found + called})
                if judge == "first" and eval_id == "blackmail":
                    cells = (found, events - found, called, TRIALS - events - called)
                    drawn.labels.extend(_labels(run_id, rng.multivariate_hypergeometric(cells, LABELS).tolist()))
    return drawn


def _labels(run_id: str, counts: list[int]) -> list[dict[str, object]]:
    """What people, and the first judge, said of the rollouts drawn: found, missed, called in error, passed."""
    said = ((1, 1), (1, 0), (0, 1), (0, 0))
    base = {"run_id": run_id, "eval_id": "blackmail", "judge": "first"}
    return [base | {"human": h, "judged": j, "n": n} for (h, j), n in zip(said, counts, strict=True) if n]


CHECKS = ("control", "labels_differ", "labels_say_otherwise", "other_judge", "judge_matters", "stopped_acting")


def checks_of(verdict: Verdict) -> dict[str, bool]:
    """Which checks spoke up: each by its name in `CHECKS`."""
    judges = verdict.measurement.judges
    corrected = [one for one in judges if one.what == "errors taken out"]
    return {
        "control": any(control.moved for control in verdict.measurement.controls),
        "labels_differ": any(one.p_differs is not None and one.p_differs <= 0.05 for one in corrected),
        "labels_say_otherwise": any(one.agrees is False for one in corrected),
        "other_judge": any(one.what == "another judge" and one.agrees is False for one in judges),
        "judge_matters": Flag.JUDGE_MATTERS in verdict.flags,
        "stopped_acting": Flag.STOPPED_ACTING in verdict.flags,
    }


def _one(name: str, seed: int) -> tuple[dict[str, bool], str]:
    found = verdict_on(SCENARIO, drawn_of(CELLS[name], np.random.default_rng(seed)), draws=999)
    return checks_of(found), str(found.status)


def shares(name: str, studies: int, jobs: int = 1) -> dict[str, float]:
    """Of so many studies of a cell, the share in which each check spoke up, and of each status."""
    found = Parallel(n_jobs=jobs, batch_size=10)(delayed(_one)(name, FIRST_SEED + i) for i in range(studies))
    raised = {check: round(sum(checks[check] for checks, _ in found) / studies, 4) for check in CHECKS}
    statuses = Counter(status for _, status in found)
    return raised | {status: round(count / studies, 4) for status, count in sorted(statuses.items())}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--cell", action="append", choices=list(CELLS), help="only this one; may be repeated")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    found = {}
    for name in options.cell or CELLS:
        start = time.perf_counter()
        found[name] = shares(name, options.studies, options.jobs)
        print(f"{name}: {found[name]} in {time.perf_counter() - start:.0f} s", file=sys.stderr)
    machine = f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}"
    result = {"machine": machine, "numpy": np.__version__, "studies": options.studies, "cells": found}
    options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
