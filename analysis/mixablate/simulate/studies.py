"""Simulated studies: tables whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mixablate.simulate.draw import draw_with, streams_of
from mixablate.simulate.estimands import truth_frame
from mixablate.simulate.layout import lay_out
from mixablate.simulate.rollouts import place_rollouts
from mixablate.simulate.tabulate import evals_frame, outcomes_frame, rollouts_frame, runs_frame
from mixablate.simulate.truth import Truth
from mixablate.tables.write import csv_text

__all__ = ["SimulatedRollouts", "SimulatedTables", "simulate", "simulate_rollouts", "study_files"]

DECIMALS = 12  # of truth.csv: the last digits of log and exp differ between machines


@dataclass(frozen=True, slots=True)
class SimulatedTables:
    """The three tables of a study, as a reader of `runs.csv`, `outcomes.csv` and `evals.csv` would find them."""

    runs: pd.DataFrame
    outcomes: pd.DataFrame
    evals: pd.DataFrame


@dataclass(frozen=True, slots=True)
class SimulatedRollouts:
    """The same study with one row per rollout instead of counts."""

    runs: pd.DataFrame
    rollouts: pd.DataFrame
    evals: pd.DataFrame


def simulate(truth: Truth, *, seed: int | np.random.Generator) -> SimulatedTables:
    """The tables of one simulated study whose truth is known.

    The same truth and integer seed give the same tables. The stages of chance have separate streams, so that runs keep
    their true log-odds when the missing rate, the judge or the number of rollouts changes; there is no promise that a
    study with more runs begins with the runs of a smaller one. A generator is advanced by one spawn.

    What an analysis of these tables should find is in `estimands`. The run summary log((k + 1/2) / (n - k + 1/2)) is an
    estimate of the run's true logit; the estimand is the mean of those true logits, not the mean of the summary.

    Raises:
        StudyError: two runs would share an id, or there is no run.

    >>> from mixablate.simulate import ComponentTruth, EventEval, Truth
    >>> truth = Truth(
    ...     components={"tools": ComponentTruth(effect=-1.0)},
    ...     evals=(EventEval(id="blackmail", domain="in_distribution", baseline_rate=0.3),),
    ...     runs_per_arm=2,
    ...     run_sd=0.4,
    ... )
    >>> simulate(truth, seed=1).outcomes["run_id"].tolist()
    ['tools0-s1', 'tools0-s2', 'tools1-s1', 'tools1-s2']
    """
    layout = lay_out(truth)
    counts = draw_with(layout, streams_of(seed))
    return SimulatedTables(runs_frame(truth, layout), outcomes_frame(truth, layout, counts), evals_frame(truth))


def simulate_rollouts(truth: Truth, *, seed: int | np.random.Generator, items: int = 50) -> SimulatedRollouts:
    """One row per rollout, whose counts (and, to rounding, score means and SDs) are those of `simulate` at this seed.

    Which rollouts are the events is drawn at random: items carry no difficulty of their own, the scenario's difficulty
    is its eval's baseline. Rollouts are numbered over `items` items, then epochs.

    Raises:
        StudyError: as for `simulate`.
        ValueError: `items` below 1.
    """
    if not items >= 1:
        raise ValueError(f"items must be at least 1, found {items}")
    layout = lay_out(truth)
    streams = streams_of(seed)
    counts = draw_with(layout, streams)
    values = place_rollouts(counts, layout, streams["placement"])
    return SimulatedRollouts(
        runs_frame(truth, layout), rollouts_frame(truth, layout, values, items=items), evals_frame(truth)
    )


def study_files(truth: Truth, *, seed: int | None = None) -> dict[str, str]:
    """The simulated study as files: name -> CSV text of `runs.csv`, `outcomes.csv`, `evals.csv` and `truth.csv`.

    The first three are what `tables.write_tables` writes. `truth.csv` holds what every arm's means truly are
    (`truth_frame`, rounded to 12 decimals). Without a seed the truth's own is used.

    Raises:
        StudyError: as for `simulate`.
    """
    tables = simulate(truth, seed=truth.seed if seed is None else seed)
    frames = {
        "runs": tables.runs,
        "outcomes": tables.outcomes,
        "evals": tables.evals,
        "truth": truth_frame(truth).round(DECIMALS),
    }
    return {f"{name}.csv": csv_text(frame) for name, frame in frames.items()}
