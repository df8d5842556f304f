"""The grid: which arms were run, how often, what the components do, and how much runs of one arm differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mixablate.simulate import ArmTruth, ComponentTruth, EventEval, InteractionTruth, Truth
from mixablate.tables import EvalDomain

__all__ = ["ARMS", "EFFECTS", "Cell", "cells_of", "truth_of"]

COMPONENTS = ("advice", "tools", "prompts")
TRIALS = 300
BASELINES = (0.45, 0.3, 0.35)  # of the evals; an attribution of one eval uses the first

Levels = tuple[float, float, float]
Runs = int | Literal["3 to 5"]
RUNS: tuple[Runs, ...] = (3, "3 to 5", 5)
RUN_SD = 0.5

FACTORIAL: tuple[Levels, ...] = tuple((a, t, p) for a in (0.0, 1.0) for t in (0.0, 1.0) for p in (0.0, 1.0))
SINGLES: tuple[Levels, ...] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
LEFT_OUT: tuple[Levels, ...] = ((0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0))
ENDS: tuple[Levels, ...] = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))

ARMS: Mapping[str, tuple[Levels, ...]] = {
    "full factorial": FACTORIAL,
    "one pair missing": tuple(arm for arm in FACTORIAL if arm != (0.0, 1.0, 1.0)),
    "one at a time and the full mix": (*ENDS, *SINGLES),
    "full mix with one left out": (*ENDS, *LEFT_OUT),
    "half fraction": (ENDS[0], *LEFT_OUT),
    "three doses of advice": (
        *ENDS,
        (0.25, 0.0, 0.0),
        (0.5, 0.0, 0.0),
        (0.5, 1.0, 0.0),
        (1.0, 0.0, 1.0),
        (0.0, 1.0, 0.0),
        (0.0, 0.0, 1.0),
    ),
}
"""Which arms were run, by name. In all of them main effects can be told apart; only the first holds every coalition."""

EFFECTS: Mapping[str, tuple[tuple[float, float, float], float]] = {
    "one earns half": ((-0.9, -0.45, -0.45), 0.0),
    "none": ((0.0, 0.0, 0.0), 0.0),
    "antagonism": ((-1.0, -0.8, -0.4), 0.6),
}
"""On the logit: what each component does, and what advice and tools do together beyond that."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One design and one truth.

    Attributes:
        arms: name of the arms that were run.
        runs: training runs of every arm; "3 to 5" draws each arm's number once, the same for all studies.
        effects: name of what the components do.
        run_sd: SD over runs of the logit.
        evals: how many evals the outcome is the mean of.
    """

    arms: str
    runs: Runs
    effects: str
    run_sd: float
    evals: int

    @property
    def name(self) -> str:
        """For people and for the results file."""
        evals = f"{self.evals} eval" + ("s" if self.evals > 1 else "")
        return f"{self.arms}, {self.runs} runs, {self.effects}, run SD {self.run_sd:g}, {evals}"


def cells_of(part: Sequence[str] = ()) -> Iterator[Cell]:
    """Every cell of the grid, or those of these arms."""
    for arms in part or ARMS:
        for runs in RUNS:
            for effects in EFFECTS:
                yield Cell(arms, runs, effects, RUN_SD, 1)
        yield Cell(arms, 5, "one earns half", RUN_SD, 3)


def truth_of(cell: Cell) -> Truth:
    """What the cell's studies are drawn from."""
    own, together = EFFECTS[cell.effects]
    components = {
        name: ComponentTruth(levels=tuple(sorted({arm[i] for arm in ARMS[cell.arms]} | {0.0, 1.0})), effect=own[i])
        for i, name in enumerate(COMPONENTS)
    }
    counts = np.random.default_rng(len(cell.arms)).integers(3, 6, len(ARMS[cell.arms]))
    arms = tuple(
        ArmTruth(
            levels=dict(zip(COMPONENTS, levels, strict=True)),
            runs=int(counts[i]) if cell.runs == "3 to 5" else cell.runs,
        )
        for i, levels in enumerate(ARMS[cell.arms])
    )
    evals = tuple(
        EventEval(id=f"eval{i + 1}", domain=EvalDomain.IN_DISTRIBUTION, baseline_rate=rate)
        for i, rate in enumerate(BASELINES[: cell.evals])
    )
    return Truth(
        components=components,
        interactions=(InteractionTruth(components=("advice", "tools"), effect=together),) if together else (),
        evals=evals,
        arms=arms,
        n_trials=TRIALS,
        run_sd=cell.run_sd,
        run_eval_sd=0.2 if cell.evals > 1 else 0.0,
    )
