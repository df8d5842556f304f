"""For each kind of claim a small study that can be drawn anew, its truth inside the region, on its edge, or outside.

Rates come from run-level log-odds with a standard deviation of .3 over runs, 300 rollouts a run, 5 runs an arm unless
a kind needs other data. On the edge a false `supported` is to be found in at most 2.5 % of studies (one-sided).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from unittest import mock

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit

from mixablate.claims import Status, Verdict, judge, judging
from mixablate.design import design_of
from mixablate.study import Study, parse_study
from mixablate.tables import Tables, tables_from_frames

__all__ = ["PLACES", "SCENARIOS", "Scenario", "status_of", "verdict_on"]

Place = Literal["true", "edge", "false"]
PLACES: tuple[Place, ...] = ("true", "edge", "false")
RUN_SD, TRIALS, RUNS = 0.3, 300, 5
FOUR = ((0, 0), (1, 0), (0, 1), (1, 1))  # tools, prompts
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
STUDY = """
title = "A claim of known truth"
seed = 1
baseline = {{ tools = 0, prompts = 0 }}
[tables]
runs = "r.csv"
outcomes = "o.csv"
evals = "e.csv"
[analysis]
draws = {draws}
{analysis}
[components.tools]
{tools}
[components.prompts]
[[claims]]
id = "c"
text = "A claim of known truth"
{claim}
"""
BLACKMAIL = 'evals = ["blackmail"]\n'
TOOLS = 'components = ["tools"]\n' + BLACKMAIL
TOGETHER = 'together_with = ["prompts"]\n' + TOOLS


@dataclass(frozen=True, slots=True)
class Drawn:
    """The rows of two tables, keys of the claim that were drawn too, and labels where there are any."""

    runs: list[dict[str, object]]
    outcomes: list[dict[str, object]]
    claim: str = ""
    labels: list[dict[str, object]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A claim and how to draw tables for it.

    Attributes:
        claim: its keys in a study file.
        draw: tables with the truth at a place.
        analysis: further keys of [analysis].
        tools: keys of the component `tools`.
        domains: eval -> domain, where not in_distribution.
    """

    claim: str
    draw: Callable[[np.random.Generator, Place], Drawn]
    analysis: str = ""
    tools: str = ""
    domains: Mapping[str, str] | None = None


def study_of(scenario: Scenario, drawn: Drawn, draws: int) -> Study:
    """The scenario's declaration."""
    claim = scenario.claim + drawn.claim
    text = STUDY.format(draws=draws, analysis=scenario.analysis, tools=scenario.tools, claim=claim)
    return parse_study(text, place="study.toml", folder=Path())


def tables_of(scenario: Scenario, study: Study, drawn: Drawn) -> Tables:
    outcomes = pd.DataFrame(drawn.outcomes)
    names = sorted(set(outcomes["eval_id"]))
    domains = [(scenario.domains or {}).get(e, "in_distribution") for e in names]
    evals = pd.DataFrame({"eval_id": names, "label": names, "direction": "lower", "domain": domains})
    labels = pd.DataFrame(drawn.labels) if drawn.labels else None
    return tables_from_frames(study, runs=pd.DataFrame(drawn.runs), outcomes=outcomes, evals=evals, labels=labels)


def status_of(scenario: Scenario, place: Place, seed: int, *, draws: int = 999) -> Status:
    """The verdict on one drawn study."""
    return verdict_on(scenario, scenario.draw(np.random.default_rng(seed), place), draws).status


def verdict_on(scenario: Scenario, drawn: Drawn, draws: int) -> Verdict:
    """The verdict on these tables, without how easily it flips: half of the work, and no part of its status."""
    study = study_of(scenario, drawn, draws)
    tables = tables_of(scenario, study, drawn)
    with mock.patch.object(judging, "with_robustness", lambda verdict, *_: verdict):
        (found,) = judge(study, tables, design_of(study, tables))
    return found


def row(run_id: str, log_odds: float, rng: np.random.Generator, eval_id: str = "blackmail", **keys: object) -> dict:
    """One outcome at a run's log-odds."""
    events = int(rng.binomial(TRIALS, expit(log_odds)))
    return {"run_id": run_id, "eval_id": eval_id, "n_trials": TRIALS, "n_events": events, "n_missing": 0} | keys


def run(run_id: str, **keys: object) -> dict[str, object]:
    """One run, at the baseline unless told otherwise."""
    return {"run_id": run_id, "base_model": "m", "seed": run_id, "tools": 0, "prompts": 0} | keys


def four_arms(rng: np.random.Generator, means: tuple[float, float, float, float]) -> Drawn:
    """Neither, tools, prompts, both, with these mean log-odds."""
    drawn = Drawn([], [])
    for (tools, prompts), mean in zip(FOUR, means, strict=True):
        for index in range(RUNS):
            run_id = f"t{tools}p{prompts}r{index}"
            drawn.runs.append(run(run_id, tools=tools, prompts=prompts))
            drawn.outcomes.append(row(run_id, rng.normal(mean, RUN_SD), rng))
    return drawn


def shifted(place: Place, edge: float, by: float) -> float:
    """A truth on the edge, or so far inside (below it) or outside."""
    return edge + {"true": -by, "edge": 0.0, "false": by}[place]


def mean_rate(mean: float) -> float:
    """The mean rate of runs whose log-odds have this mean."""
    return float(WEIGHTS @ expit(mean + RUN_SD * NODES) / WEIGHTS.sum())


def _synergy(rng: np.random.Generator, place: Place) -> Drawn:
    return four_arms(rng, (0.4, -0.4, -0.4, -1.2 + shifted(place, 0.0, 1.2)))


def _stacks(rng: np.random.Generator, place: Place) -> Drawn:
    return four_arms(rng, (0.4, -0.4, -0.4, -1.2 + shifted(place, 0.6, 1.2)))


def _stacks_ratio(rng: np.random.Generator, place: Place) -> Drawn:
    """On the edge the ratio of mean rates' ratios is 1.25 exactly."""
    joint = mean_rate(-0.4) ** 2 / mean_rate(0.4) * {"true": 0.6, "edge": 1.25, "false": 2.2}[place]
    mean = float(brentq(lambda m: mean_rate(m) - joint, -6.0, 6.0))
    return four_arms(rng, (0.4, -0.4, -0.4, mean))


def _necessary(rng: np.random.Generator, place: Place) -> Drawn:
    return four_arms(rng, (0.4, -0.4, 0.0, 0.0 + shifted(place, -0.5, 1.0)))


def _sufficient(rng: np.random.Generator, place: Place) -> Drawn:
    return four_arms(rng, (0.4, 0.4 + shifted(place, -0.5, 1.0), 0.0, -0.5))


def _matches_rate(rng: np.random.Generator, place: Place) -> Drawn:
    """Our mean rate, and a published one from 300 rollouts whose truth is the same, 20 or 40 points above."""
    low = float(logit(0.3))
    drawn = four_arms(rng, (0.4, low, 0.4, low))
    published = rng.binomial(300, mean_rate(low) + {"true": 0.0, "edge": 0.2, "false": 0.4}[place]) / 300
    return replace(drawn, claim=f"rate = {published}\n")


def _generalises(rng: np.random.Generator, place: Place) -> Drawn:
    """Drops of 1.2 in and 0.6 out of distribution on the edge; a run's own level is shared by both evals."""
    falls = {"near": 1.2, "far": 0.6 - shifted(place, 0.0, 0.8)}
    drawn = Drawn([], [])
    for run_id, tools in two_arms(drawn):
        own = rng.normal(0.0, RUN_SD)
        for eval_id, fall in falls.items():
            drawn.outcomes.append(row(run_id, 0.4 - fall * tools + own + rng.normal(0.0, 0.15), rng, eval_id))
    return drawn


def _accelerates(rng: np.random.Generator, place: Place) -> Drawn:
    """Runs that fall by 1 over four steps, treated ones by 0.5 more on the edge; each run with a slope of its own."""
    more = 0.5 - shifted(place, 0.0, 1.0)
    drawn = Drawn([], [])
    for run_id, tools in two_arms(drawn):
        start, change = rng.normal(0.4, RUN_SD), rng.normal(-1.0 - more * tools, RUN_SD)
        drawn.outcomes.extend(row(run_id, start + change * step / 3.0, rng, step=step) for step in range(4))
    return drawn


def _persists(rng: np.random.Generator, place: Place) -> Drawn:
    """A lead of 1.2 before the stage and 0.6 after it on the edge of "at least half"."""
    after = -0.6 + shifted(place, 0.0, 0.8)
    drawn = Drawn([], [])
    for run_id, tools in two_arms(drawn):
        drawn.runs[-1] |= {"stage": "sft", "parent_run_id": ""}
        drawn.runs.append(run(f"{run_id} rl", tools=tools, stage="rl", parent_run_id=run_id))
        own = rng.normal(0.0, RUN_SD)
        drawn.outcomes.append(row(run_id, 0.4 - 1.2 * tools + own, rng))
        drawn.outcomes.append(row(f"{run_id} rl", after * tools + own + rng.normal(0.0, 0.15), rng))
    return drawn


def _dose_response(rng: np.random.Generator, place: Place) -> Drawn:
    """One run at each of twelve doses; the fall from dose 0 to dose 10 is 0.8 on the edge."""
    fall = 0.8 - shifted(place, 0.0, 1.4)
    drawn = Drawn([], [])
    for dose in range(12):
        drawn.runs.append(run(f"d{dose}", tools=dose))
        drawn.outcomes.append(row(f"d{dose}", rng.normal(0.4 - fall * dose / 10.0, RUN_SD), rng))
    return drawn


def _efficient(rng: np.random.Generator, place: Place) -> Drawn:
    """Prompts bring 1.2 for 30 M tokens; tools 1.0 for 5 M on the edge of five times as much for each."""
    own = 1.0 - shifted(place, 0.0, 1.0)
    return sized_arms(rng, [(0, 0, 100.0, 0.0), (1, 0, 105.0, own), (0, 1, 130.0, 1.2)])


def _equal_outcome(rng: np.random.Generator, place: Place) -> Drawn:
    """Prompts bring 1.2 for 30 M tokens; tools, straight in log tokens, bring it for 6 M on the edge of a fifth."""
    reached = 1.2 - shifted(place, 0.0, 1.0)
    arms = [(dose, 0, 100.0 + dose, reached + 0.6 * float(np.log(dose / 6.0))) for dose in (3, 9, 27)]
    return sized_arms(rng, [(0, 0, 100.0, 0.0), (0, 1, 130.0, 1.2), *arms])


def sized_arms(rng: np.random.Generator, arms: list[tuple[int, int, float, float]]) -> Drawn:
    """Arms of tools, prompts, tokens (in millions), and by how much the log-odds fall from 0.4."""
    drawn = Drawn([], [])
    for tools, prompts, tokens, fall in arms:
        for index in range(RUNS):
            run_id = f"t{tools}p{prompts}r{index}"
            drawn.runs.append(run(run_id, tools=tools, prompts=prompts, tokens=tokens))
            drawn.outcomes.append(row(run_id, rng.normal(0.4 - fall, RUN_SD), rng))
    return drawn


def _correlates(rng: np.random.Generator, place: Place) -> Drawn:
    """Sixteen mixes of two runs each; mixes differ by 0.5 on their own, and by nothing of their feature on the edge."""
    slope = {"true": 0.15, "edge": 0.0, "false": -0.15}[place]
    drawn = Drawn([], [])
    for mix in range(16):
        mean = 0.1 + slope * (mix - 7.5) + rng.normal(0.0, 0.5)
        for index in range(2):
            run_id = f"m{mix}r{index}"
            drawn.runs.append(run(run_id, tools=mix) | {"feature.variety": mix})
            drawn.outcomes.append(row(run_id, rng.normal(mean, RUN_SD), rng))
    return drawn


def _transfers(rng: np.random.Generator, place: Place) -> Drawn:
    """Five base models whose drops differ by 0.2 (SD); the mean drop is the claimed 0.5 on the edge."""
    mean = -0.5 + shifted(place, 0.0, 1.6)
    drawn = Drawn([], [])
    for model in range(5):
        drop, own = rng.normal(mean, 0.2), rng.normal(0.4, 0.5)
        for tools in (0, 1):
            for index in range(3):
                run_id = f"b{model}t{tools}r{index}"
                drawn.runs.append(run(run_id, tools=tools, base_model=f"b{model}"))
                drawn.outcomes.append(row(run_id, rng.normal(own + drop * tools, RUN_SD), rng))
    return drawn


def two_groups(rng: np.random.Generator, reference: float, treated: float, runs: int = RUNS) -> Drawn:
    """Two arms with these mean log-odds."""
    drawn = Drawn([], [])
    for run_id, tools in two_arms(drawn, runs):
        drawn.outcomes.append(row(run_id, rng.normal(treated if tools else reference, RUN_SD), rng))
    return drawn


def mean_of_rate(rate: float) -> float:
    """The mean log-odds of runs whose mean rate is this."""
    return float(brentq(lambda mean: mean_rate(mean) - rate, -12.0, 12.0))


def _reduces(rng: np.random.Generator, place: Place) -> Drawn:
    """From 40 %; on the edge the mean rate falls by the claimed ten points exactly."""
    return two_groups(rng, mean_of_rate(0.4), mean_of_rate(0.4 - {"true": 0.28, "edge": 0.1, "false": 0.0}[place]))


def _at_least_ratio(rng: np.random.Generator, place: Place) -> Drawn:
    """40 % against 20 % on the edge of a ratio of 2."""
    return two_groups(rng, mean_of_rate(0.4), mean_of_rate({"true": 0.08, "edge": 0.2, "false": 0.35}[place]))


def _reaches_zero(rng: np.random.Generator, place: Place) -> Drawn:
    """A mean rate of the claimed bound of 5 % on the edge."""
    return two_groups(rng, mean_of_rate(0.3), mean_of_rate({"true": 0.005, "edge": 0.05, "false": 0.15}[place]))


def _equivalent(rng: np.random.Generator, place: Place) -> Drawn:
    """50 % against 50 %, and against 70 % on the edge of a margin of 20 points; eight runs a side."""
    treated = 0.5 + {"true": 0.0, "edge": 0.2, "false": 0.4}[place]
    return two_groups(rng, mean_of_rate(0.5), mean_of_rate(treated), runs=8)


def _no_harm(rng: np.random.Generator, place: Place) -> Drawn:
    """A rate that is better when low rises by the claimed margin on the edge."""
    return two_groups(rng, mean_of_rate(0.4), mean_of_rate(0.4 + {"true": -0.1, "edge": 0.15, "false": 0.35}[place]))


def _stronger(rng: np.random.Generator, place: Place) -> Drawn:
    """Tools and prompts lower the log-odds alike on the edge; in a clear case tools do by 1.2 more."""
    tools = 0.4 + shifted(place, -0.6, 1.2)
    return four_arms(rng, (0.4, tools, -0.2, tools - 0.6))


def two_arms(drawn: Drawn, runs: int = RUNS) -> Iterator[tuple[str, int]]:
    """(run, its level of tools), each written down before it is handed out."""
    for tools in (0, 1):
        for index in range(runs):
            run_id = f"t{tools}r{index}"
            drawn.runs.append(run(run_id, tools=tools))
            yield run_id, tools


SCENARIOS: dict[str, Scenario] = {
    "reduces": Scenario('kind = "reduces"\nminimum = 0.1\n' + TOOLS, _reduces),
    "at_least_ratio": Scenario('kind = "at_least_ratio"\nratio = 2.0\n' + TOOLS, _at_least_ratio),
    "reaches_zero": Scenario('kind = "reaches_zero"\nbound = 0.05\n' + TOOLS, _reaches_zero),
    "equivalent": Scenario('kind = "equivalent"\nmargin = 0.2\n' + TOOLS, _equivalent),
    "no_harm": Scenario('kind = "no_harm"\nmargin = 0.15\n' + TOOLS, _no_harm),
    "stronger": Scenario('kind = "stronger"\nscale = "log_odds"\nthan = ["prompts"]\n' + TOOLS, _stronger),
    "necessary": Scenario('kind = "necessary"\nscale = "log_odds"\nminimum = 0.5\n' + TOOLS, _necessary),
    "sufficient": Scenario('kind = "sufficient"\nscale = "log_odds"\nminimum = 0.5\n' + TOOLS, _sufficient),
    "synergy": Scenario('kind = "synergy"\nscale = "log_odds"\n' + TOGETHER, _synergy),
    "stacks": Scenario('kind = "stacks"\nscale = "log_odds"\nmargin = 0.6\n' + TOGETHER, _stacks),
    "stacks on ratios": Scenario('kind = "stacks"\nscale = "risk_ratio"\nmargin = 1.25\n' + TOGETHER, _stacks_ratio),
    "matches_rate": Scenario('kind = "matches_rate"\nn = 300\nmargin = 0.2\nat = "baseline"\n' + TOOLS, _matches_rate),
    "generalises": Scenario(
        'kind = "generalises"\nscale = "log_odds"\ngap = 0.6\ncomponents = ["tools"]\nevals = ["near"]\n',
        _generalises,
        domains={"far": "out_of_distribution"},
    ),
    "accelerates": Scenario('kind = "accelerates"\nminimum = 0.5\n' + TOOLS, _accelerates, analysis='step = "last"'),
    "persists": Scenario('kind = "persists"\nscale = "log_odds"\nstage = "rl"\nshare = 0.5\n' + TOOLS, _persists),
    "dose_response": Scenario(
        'kind = "dose_response"\nscale = "log_odds"\nminimum = 0.8\n' + TOOLS,
        _dose_response,
        tools='type = "dose"\ntarget = 10',
    ),
    "efficient": Scenario(
        'kind = "efficient"\nscale = "log_odds"\nratio = 5.0\nthan = ["prompts"]\n' + TOOLS, _efficient
    ),
    "efficient at equal outcome": Scenario(
        'kind = "efficient"\nequal = "outcome"\nscale = "log_odds"\nratio = 5.0\nthan = ["prompts"]\n' + TOOLS,
        _equal_outcome,
        tools='type = "dose"\ntarget = 27',
    ),
    "correlates": Scenario(
        'kind = "correlates"\ncolumn = "feature.variety"\n' + BLACKMAIL,
        _correlates,
        tools='type = "dose"\ntarget = 15',
    ),
    "transfers": Scenario('kind = "transfers"\nminimum = 0.5\n' + TOOLS, _transfers, analysis='block = ["base_model"]'),
}
