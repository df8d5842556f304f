"""The best of several prompts: what intervals at the winner cover, and on which side of the truth estimates fall.

    python -m winners --studies 2000

Each study draws one reference arm and eight candidates on the logit (run-to-run SD 0.4, 200 rollouts a run), keeps the
candidate whose runs did best, and holds intervals and estimates of its drop against the drop that was put in.
"""

from __future__ import annotations

import argparse
import json
import platform
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from mixablate.claims.case import Case
from mixablate.claims.kinds import cases_of, kind_of
from mixablate.claims.selection import selected_effect, selected_of
from mixablate.design import Design, design_of
from mixablate.estimate import run_log_odds
from mixablate.study import Component, ComponentType, Reduces, Scale, Study, TablePaths
from mixablate.tables import Tables, tables_from_frames

CANDIDATES = 8
RUN_SD = 0.4
ROLLOUTS = 200
REFERENCE = -0.8  # on the logit: a rate of 31 %
RESULTS = Path(__file__).resolve().parent / "results" / "winners.json"


def study_and_tables(runs: int, draws: int) -> tuple[Study, Tables, Design]:
    """One reference arm and the candidates, `runs` runs each; the counts are put in study by study."""
    levels = ["none", *(f"p{i}" for i in range(CANDIDATES))]
    component = Component(id="prompt", label="Prompt", column="prompt", type=ComponentType.CATEGORY, baseline="none")
    study = Study.model_validate(
        {
            "title": "The best of eight",
            "seed": 1,
            "tables": TablePaths(runs="r.csv", outcomes="o.csv", evals="e.csv"),
            "components": (component,),
            "analysis": {"draws": draws},
        }
    )
    ids = [(level, f"{level}-{i:02d}") for level in levels for i in range(runs)]
    frame = pd.DataFrame(
        [{"run_id": r, "base_model": "m", "seed": str(i), "prompt": p} for i, (p, r) in enumerate(ids)]
    )
    outcomes = pd.DataFrame(
        [{"run_id": r, "eval_id": "e", "n_trials": ROLLOUTS, "n_events": 60 + i % 3} for i, (_, r) in enumerate(ids)]
    )
    evals = pd.DataFrame([{"eval_id": "e", "label": "E", "domain": "in_distribution", "direction": "lower"}])
    tables = tables_from_frames(study, runs=frame, outcomes=outcomes, evals=evals)
    return study, tables, design_of(study, tables)


def drawn_case(case: Case, events: np.ndarray) -> Case:
    """The case with these event counts of its runs."""
    trials = case.summaries.trials
    counts = events[:, None].astype(float)
    logs, level = run_log_odds(counts, trials)[:, 0], (counts / trials)[:, 0]
    return replace(case, summaries=replace(case.summaries, events=counts, log_odds=logs, level=level))


def measure(runs: int, spread: float, studies: int, draws: int, seed: int) -> dict[str, object]:
    """Coverage at the winner and the side of the truth on which its estimate falls, naive and corrected."""
    study, tables, design = study_and_tables(runs, draws)
    rng = np.random.default_rng(seed)
    truths = {f"p{i}": -spread * i / (CANDIDATES - 1) for i in range(CANDIDATES)}
    cases = {level: _claimed(level, tuple(truths), tables, design) for level in truths}
    arms = [arm_id.removeprefix("prompt=") for arm_id in cases["p0"].summaries.arm_ids]
    centre = REFERENCE + np.array([truths.get(arm, 0.0) for arm in arms])
    found: dict[str, list[float]] = {
        name: [] for name in ("naive", "held", "below", "below_corrected", "bias", "bias_corrected")
    }
    for number in range(studies):
        rates = 1.0 / (1.0 + np.exp(-(centre + rng.normal(0.0, RUN_SD, centre.size))))
        case = drawn_case(cases["p0"], rng.binomial(ROLLOUTS, rates))
        means = {level: case.summaries.log_odds[[arm == level for arm in arms]].mean() for level in truths}
        best = min(means, key=means.__getitem__)
        own = replace(cases[best], summaries=case.summaries)
        named = study.model_copy(update={"seed": number})
        plain = kind_of(own.claim).effect(own, design, 0.95)
        selected = selected_of(own, named, tables, design)
        held = selected_effect(plain, own, selected, design)
        if plain.lower is None or selected is None or selected.corrected is None:
            continue
        truth = truths[best]
        found["naive"].append(plain.lower <= truth <= plain.upper)
        found["held"].append(held.lower <= truth <= held.upper)
        found["below"].append(plain.estimate < truth)
        found["below_corrected"].append(selected.corrected < truth)
        found["bias"].append(plain.estimate - truth)
        found["bias_corrected"].append(selected.corrected - truth)
    means = {name: round(float(np.mean(values)), 4) for name, values in found.items()}
    return {"runs": runs, "spread": spread, "studies": len(found["held"]), **means}


def _claimed(level: str, candidates: tuple[str, ...], tables: Tables, design: Design) -> Case:
    claim = Reduces(
        id="best", text="t", kind="reduces", components=("prompt",), evals=("e",), scale=Scale.LOG_ODDS,
        treated={"prompt": level}, selected_from=candidates,
    )  # fmt: skip
    (case,) = cases_of(claim, tables, design)
    return case


def main() -> None:
    """Measure over the grid and write the results with the machine's description."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=999)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    rows = []
    for runs in (3, 5, 10):
        for spread in (0.0, 0.6):
            rows.append(measure(runs, spread, given.studies, given.draws, seed=20261125))
            print(rows[-1], flush=True)
    machine = {"machine": platform.machine(), "python": platform.python_version(), "numpy": np.__version__}
    given.out.write_text(json.dumps({"machine": machine, "draws": given.draws, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
