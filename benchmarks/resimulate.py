"""Does the shipped study's analysis keep its promises? Thousands of studies with its known truth, analysed anew.

    python benchmarks/resimulate.py --studies 2000 --jobs 2

Three truths: the shipped one; `null`, where no component does anything; `edge`, where every claimed minimum and margin
is exactly the true effect. For each: coverage of the 95 % intervals of components and Shapley parts, estimand by
estimand, and how often each claim's verdict was right or falsely decided. And the power study: a drop from 22 % to 3 %
at 300 rollouts and run SD .5. Results go to benchmarks/results/resimulate.json with the machine's description.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from cluster import on_cluster
from joblib import Parallel, delayed

from mixablate.attribute import Part, Rule, attribute_outcome, attribution_scales, take_part, true_parts
from mixablate.claims import Status, judge
from mixablate.claims.case import Case
from mixablate.claims.kinds import cases_of
from mixablate.design import Contrast, Design, design_of
from mixablate.estimate import Effect, run_level_effect, scales_of, summarise
from mixablate.findings.analysing import component_contrasts, outcomes_of
from mixablate.simulate import (
    ArmKey,
    Truth,
    contrast_truth,
    mean_run_rate,
    mean_value,
    parse_truth,
    read_truth,
    simulate,
)
from mixablate.study import Claim, ReachesZero, Scale, Study, load_study, parse_study
from mixablate.study.claim_kinds import Level
from mixablate.tables import OutcomeKind, Tables, tables_from_frames

HERE = Path(__file__).parent
ROOT = HERE.parent
STUDY = ROOT / "reports/harmlessness_diversification/study.toml"
TRUTH = ROOT / "fixtures/harmlessness_diversification/truth.toml"
DRAWS = 999  # Monte Carlo draws of the second opinion; enough to place a p against .025
FIRST_SEED = 1_000_000
Mean = Callable[..., float]
EDGE = 1e-9  # a truth this near a region's end is on it


Truths = Mapping[tuple[str, str, str, str], float]  # kind, outcome, contrast, scale -> true value


@dataclass(frozen=True, slots=True)
class Tally:
    """What a batch of re-simulated studies counted: estimand -> (covered, intervals), claim -> status -> studies."""

    covered: Counter[str]
    intervals: Counter[str]
    verdicts: Counter[tuple[str, str]]


def arm_keys_of(design: Design) -> dict[str, ArmKey]:
    """arm_id -> the arm's levels, as `simulate` names arms."""
    return {arm.arm_id: tuple((name, level or 0.0) for name, level in arm.levels) for arm in design.arms}


def truth_of(truth: Truth, contrast: Contrast, design: Design, evals: Mapping[str, float], scale: Scale) -> float:
    """The true value of a contrast on a scale."""
    keys = arm_keys_of(design)
    return contrast_truth(truth, {keys[a]: c for a, c in contrast.coefficients}, evals, scale)


def claim_truth(claim: Claim, truth: Truth, tables: Tables, design: Design) -> str:
    """Where the truth lies: "inside" the claimed region on every outcome judged, "outside" on one, or on its "edge"."""
    places = {_place(case, truth, design) for case in cases_of(claim, tables, design)}
    return next(place for place in ("outside", "edge", "inside") if place in places)


def _place(case: Case, truth: Truth, design: Design) -> str:
    value = true_value(case, truth, design)
    ends = [0.0 if case.region.at_no_effect else end for end, _ in case.region.boundaries]
    if min(abs(value - end) for end in ends) < EDGE:
        return "edge"
    if case.region.at_no_effect:
        return "inside" if (value < 0.0) == case.region.boundaries[0][1] else "outside"
    return "inside" if case.region.holds(value) else "outside"


def true_value(case: Case, truth: Truth, design: Design) -> float:
    """The true effect in the unit of the case's region; log-odds where the region begins at no effect."""
    evals = dict(case.summaries.outcome.evals)
    if isinstance(case.claim, ReachesZero):
        keys = arm_keys_of(design)
        treated = [keys[arm_id] for arm_id, c in case.contrast.coefficients if c > 0]
        return float(np.mean([mean_run_rate(truth, arm, evals) for arm in treated]))
    scale = Scale.LOG_ODDS if case.region.at_no_effect else case.claim.scale
    return truth_of(truth, case.contrast, design, evals, scale)


def one_study(study: Study, truth: Truth, seed: int, truths: Truths) -> Tally:
    """Analyse one re-simulated study; `truths` maps (outcome, contrast, scale) to the true value."""
    simulated = simulate(truth, seed=seed)
    tables = tables_from_frames(study, runs=simulated.runs, outcomes=simulated.outcomes, evals=simulated.evals)
    design = design_of(study, tables)
    covered: Counter[str] = Counter()
    intervals: Counter[str] = Counter()
    for outcome in outcomes_of(tables):
        summaries = summarise(tables, design, outcome)
        for scale in scales_of(summaries):
            for contrast in component_contrasts(study, design):
                effect = run_level_effect(summaries, contrast, scale, design, level=0.95)
                _count(covered, intervals, ("component", outcome.name, contrast.name, scale), effect, truths)
        split = attribute_outcome(
            summaries, design, level=0.95, draws=0, seed=seed, rules=(Rule.SHAPLEY,), interactions=False
        )
        for found in split.attributions:
            for part in found.parts:
                _count(covered, intervals, ("shapley", outcome.name, part.component, found.scale), part, truths)
    verdicts = Counter((v.claim.id, str(v.status)) for v in judge(study, tables, design))
    return Tally(covered, intervals, verdicts)


def _count(
    covered: Counter[str],
    intervals: Counter[str],
    key: tuple[str, str, str, str],
    found: Effect | Part,
    truths: Truths,
) -> None:
    if found.lower is None or found.upper is None:
        return
    name = "/".join(str(part) for part in key)
    intervals[name] += 1
    covered[name] += found.lower <= truths[key] <= found.upper


def true_values(study: Study, truth: Truth) -> Truths:
    """The true value of every component effect and Shapley part, by kind, outcome, name and scale."""
    simulated = simulate(truth, seed=0)
    tables = tables_from_frames(study, runs=simulated.runs, outcomes=simulated.outcomes, evals=simulated.evals)
    design = design_of(study, tables)
    players = take_part(design).players
    order = [component.id for component in design.components]
    found: dict[tuple[str, str, str, str], float] = {}
    for outcome in outcomes_of(tables):
        summaries = summarise(tables, design, outcome)
        evals = dict(outcome.evals)
        for scale in scales_of(summaries):
            for contrast in component_contrasts(study, design):
                key = ("component", outcome.name, contrast.name, scale)
                found[key] = truth_of(truth, contrast, design, evals, scale)
        mean = mean_value if outcome.kind is OutcomeKind.SCORE else mean_run_rate

        def value_of(levels: Mapping[str, Level], mean: Mean = mean, evals: Mapping[str, float] = evals) -> float:
            return mean(truth, {name: levels[name] for name in order}, evals)

        for scale in attribution_scales(summaries):
            for player, value in zip(players, true_parts(value_of, summaries, design, scale), strict=True):
                found[("shapley", outcome.name, player.id, scale)] = value
    return found


def run_truth(name: str, study: Study, truth: Truth, studies: int, jobs: int) -> dict[str, object]:
    """Re-simulate one truth; coverage per estimand and verdicts per claim."""
    simulated = simulate(truth, seed=0)
    tables = tables_from_frames(study, runs=simulated.runs, outcomes=simulated.outcomes, evals=simulated.evals)
    design = design_of(study, tables)
    truths = true_values(study, truth)
    places = {claim.id: claim_truth(claim, truth, tables, design) for claim in study.claims}
    start = time.perf_counter()
    tallies = Parallel(n_jobs=jobs, batch_size=10)(
        delayed(one_study)(study, truth, FIRST_SEED + i, truths) for i in range(studies)
    )
    covered = sum((tally.covered for tally in tallies), Counter())
    intervals = sum((tally.intervals for tally in tallies), Counter())
    verdicts = sum((tally.verdicts for tally in tallies), Counter())
    coverage = {key: round(covered[key] / intervals[key], 4) for key in sorted(intervals)}
    claims = {}
    for claim in study.claims:
        counts = {str(s): verdicts[claim.id, str(s)] for s in Status}
        wrong = {"inside": ["contradicted"], "outside": ["supported"], "edge": ["supported", "contradicted"]}
        false = sum(counts[status] for status in wrong[places[claim.id]])
        claims[claim.id] = {"truth": places[claim.id], **counts, "falsely_decided": round(false / studies, 4)}
    print(f"{name}: {studies} studies in {time.perf_counter() - start:.0f} s", file=sys.stderr)
    low, high = min(coverage.values()), max(coverage.values())
    print(f"  coverage {low:.4f} to {high:.4f} over {len(coverage)} estimands", file=sys.stderr)
    print(f"  worst false decision {max(c['falsely_decided'] for c in claims.values()):.4f}", file=sys.stderr)
    return {
        "studies": studies,
        "truth": {"/".join(map(str, key)): value for key, value in sorted(truths.items())},
        "coverage": coverage,
        "withheld": {key: studies - intervals[key] for key in intervals if intervals[key] < studies},
        "claims": claims,
    }


POWER_TRUTH = """
title = "A drop from 22 % to 3 %"
seed = 1
runs_per_arm = {runs}
arms = "full_factorial"
n_trials = 300
run_sd = 0.5
[components.advice]
effect = -2.2103735  # logit(.03) - logit(.22)
[[evals]]
id = "blackmail"
domain = "in_distribution"
baseline_rate = 0.22
"""
POWER_STUDY = """
title = "Power"
seed = 1
baseline = {{ advice = 0 }}
[analysis]
draws = {draws}
[tables]
runs = "r.csv"
outcomes = "o.csv"
evals = "e.csv"
[components.advice]
[[claims]]
id = "reduces"
text = "Advice lowers blackmail."
kind = "reduces"
components = ["advice"]
evals = ["blackmail"]
"""


def run_power(studies: int, jobs: int) -> dict[str, object]:
    """How often a true drop from 22 % to 3 % is `supported`, by runs per arm."""
    study = parse_study(POWER_STUDY.format(draws=DRAWS), place="power study", folder=ROOT)
    found = {}
    for runs in (3, 4, 5):
        truth = parse_truth(POWER_TRUTH.format(runs=runs), place="power truth")
        statuses = Parallel(n_jobs=jobs, batch_size=50)(
            delayed(status_of)(study, truth, FIRST_SEED + i) for i in range(studies)
        )
        found[f"{runs} v {runs}"] = round(statuses.count("supported") / studies, 4)
    print(f"power: {found}", file=sys.stderr)
    return {"studies": studies, "supported": found}


def status_of(study: Study, truth: Truth, seed: int) -> str:
    """The verdict on the one claim of a re-simulated power study."""
    simulated = simulate(truth, seed=seed)
    tables = tables_from_frames(study, runs=simulated.runs, outcomes=simulated.outcomes, evals=simulated.evals)
    return str(judge(study, tables, design_of(study, tables))[0].status)


def null_truth(text: str) -> str:
    """The shipped truth's text with every component effect and interaction at zero."""
    lines = []
    for line in text.splitlines():
        line = re.sub(r"^effect = .*", "effect = 0.0", line)
        lines.append(re.sub(r"^by_eval = .*", "", line))
    return "\n".join(lines)


def edge_study(study: Study, truth: Truth) -> Study:
    """The study with every minimum, margin, ratio and bound set to the true effect: each claim stands on its edge."""
    simulated = simulate(truth, seed=0)
    tables = tables_from_frames(study, runs=simulated.runs, outcomes=simulated.outcomes, evals=simulated.evals)
    design = design_of(study, tables)
    claims = []
    for claim in study.claims:
        mean = claim.model_copy(update={"require": "mean"})
        case = cases_of(mean, tables, design)[0]
        stated = replace(case, region=replace(case.region, at_no_effect=False))
        value = true_value(stated, truth, design)
        change = {
            "reduces": {"minimum": abs(value), "margin": None},
            "stronger": {"minimum": abs(value)},
            "at_least_ratio": {"ratio": 1.0 / value},
            "reaches_zero": {"bound": value},
            "equivalent": {"margin": abs(value)},
            "no_harm": {"margin": abs(value)},
        }[claim.kind]
        claims.append(mean.model_copy(update=change))
    return study.model_copy(update={"claims": tuple(claims)})


def main() -> None:
    """Run all of it and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--dask", default="", metavar="ADDRESS", help="of a Dask scheduler, e.g. tcp://host:8786")
    parser.add_argument("--out", type=Path, default=HERE / "results/resimulate.json")
    options = parser.parse_args()
    study = load_study(STUDY)
    study = study.model_copy(update={"analysis": study.analysis.model_copy(update={"draws": DRAWS})})
    truth = read_truth(TRUTH)
    nothing = parse_truth(null_truth(TRUTH.read_text()), place="null truth")
    half = max(options.studies // 2, 1)
    jobs = -1 if options.dask else options.jobs
    with on_cluster(options.dask):
        result = {
            "machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
            "numpy": np.__version__,
            "draws": DRAWS,
            "shipped": run_truth("shipped", study, truth, options.studies, jobs),
            "power": run_power(options.studies, jobs),
            "edge": run_truth("edge", edge_study(study, truth), truth, half, jobs),
            "null": run_truth("null", study, nothing, half, jobs),
        }
    options.out.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
