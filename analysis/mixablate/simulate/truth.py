"""A known truth: what every component does to every eval, and how much chance lies over it."""

from __future__ import annotations

import itertools
import math
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from mixablate.errors import StudyError
from mixablate.simulate.consistency import level_problems, mix_problems, name_problems
from mixablate.study.claim_kinds import Level
from mixablate.tables import EvalDomain

__all__ = [
    "ArmTruth",
    "Checkpoints",
    "ComponentTruth",
    "EventEval",
    "InteractionTruth",
    "ScoreEval",
    "Shift",
    "Truth",
]

Shift = float | dict[str, float]
"""What a component does: a change per unit of its level, or for a category the change at each named level."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ComponentTruth(_Frozen):
    """One component and what it does.

    `effect` is on the logit of the event as the eval names it (negative lowers the rate), per unit of the level, for
    every event eval not named in `by_eval`. Score evals move only by what `by_eval` gives them, in the score's unit.
    `mix` is the change of each data domain's share of the mix per unit of the level.
    """

    label: str = ""
    short: str = Field("", description="the component's name in run ids")
    levels: tuple[Level, ...] = Field((0.0, 1.0), min_length=1)
    effect: Shift = 0.0
    by_eval: dict[str, Shift] = Field(default_factory=dict)
    mix: dict[str, float] = Field(default_factory=dict)


class InteractionTruth(_Frozen):
    """What components do together beyond the sum of what each does: `effect` times the product of their levels."""

    components: tuple[str, ...] = Field(min_length=2)
    effect: float = 0.0
    by_eval: dict[str, float] = Field(default_factory=dict)


class _Eval(_Frozen):
    id: str = Field(min_length=1)
    label: str = ""
    domain: EvalDomain
    direction: Literal["lower", "higher"] = Field("lower", description="which way is better")
    weight: float = Field(1.0, gt=0.0)


class EventEval(_Eval):
    """An eval that counts events among rollouts. The scenario's difficulty is its baseline.

    Exactly one of `baseline_rate` and `baseline_log_odds` is given: the run whose random effects are zero, with every
    component at zero. (The mean over runs of the rate lies closer to a half: see `estimands.mean_run_rate`.)
    """

    baseline_rate: float | None = Field(None, gt=0.0, lt=1.0)
    baseline_log_odds: float | None = None
    n_trials: int | None = Field(None, ge=1, description="rollouts per run, instead of the study's")
    loading: float = Field(1.0, description="how much of the run's shared effect this eval takes")
    run_eval_sd: float | None = Field(None, ge=0.0, description="instead of the study's")

    @model_validator(mode="after")
    def _one_baseline(self) -> Self:
        if (self.baseline_rate is None) == (self.baseline_log_odds is None):
            raise ValueError('exactly one of "baseline_rate" and "baseline_log_odds" is required')
        return self

    @property
    def log_odds(self) -> float:
        """The baseline on the logit."""
        if self.baseline_log_odds is not None:
            return self.baseline_log_odds
        assert self.baseline_rate is not None
        return math.log(self.baseline_rate / (1.0 - self.baseline_rate))


class ScoreEval(_Eval):
    """An eval that averages normal item scores. Its run effect is its own, in the score's unit."""

    direction: Literal["lower", "higher"] = Field("higher", description="which way is better")
    mean: float = Field(description="at zero components and zero run effect")
    item_sd: float = Field(ge=0.0, description="SD of items within a run")
    run_sd: float = Field(0.0, ge=0.0, description="SD of a run's expected score over runs")
    n_trials: int | None = Field(None, ge=2, description="items attempted per run, instead of the study's")


class ArmTruth(_Frozen):
    """One arm, when the arms are listed rather than a full factorial."""

    levels: dict[str, Level]
    runs: int | None = Field(None, ge=0, description="instead of the study's runs_per_arm")
    missing_rate: float | None = Field(None, ge=0.0, lt=1.0, description="instead of the study's missing_rate")


class Checkpoints(_Frozen):
    """Steps at which every run is evaluated; effects have grown to the share 1 - exp(-step / tau) of their size."""

    steps: tuple[float, ...] = Field(min_length=1)
    tau: float = Field(gt=0.0)

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if not all(a < b for a, b in itertools.pairwise((0.0, *self.steps))):
            raise ValueError("steps must be above 0 and ascending")
        return self


class Truth(_Frozen):
    """Everything a simulation needs but the seed's stream.

    The model of one run r in arm a on event eval e:

        logit p = baseline_e + base_model + sum of component effects and interactions
                  + loading_e * N(0, run_sd^2), one draw per run, shared by its evals
                  + N(0, run_eval_sd^2), one draw per run and eval

    and of its counts: n_missing ~ Binomial(n_trials, missing_rate), independent of the outcome;
    n_events ~ Binomial(n_trials - n_missing, p * sensitivity + (1 - p) * (1 - specificity)).

    Attributes:
        seed: what the `simulate` command uses where no other is given.
        components: id -> what it does, in the order of the run table's columns.
        evals, scores: the event evals and the score evals.
        arms: the arms that are run; "full_factorial" (kept as none) is every combination of the components' levels.
        runs_per_arm: runs per arm and base model.
        base_models: id -> shift of every event eval's logit. Estimands average over them equally.
        mix: share of every data domain where all components stand at zero; empty for no mix columns.
        columns: further run columns, the same for every run (`tokens`, `examples`, `epochs`, `stage`).
    """

    title: str = ""
    seed: int = Field(0, ge=0)
    components: dict[str, ComponentTruth] = Field(min_length=1)
    interactions: tuple[InteractionTruth, ...] = ()
    evals: tuple[EventEval, ...] = ()
    scores: tuple[ScoreEval, ...] = ()
    arms: tuple[ArmTruth, ...] = ()
    runs_per_arm: int = Field(5, ge=1)
    n_trials: int = Field(300, ge=1)
    run_sd: float = Field(0.0, ge=0.0)
    run_eval_sd: float = Field(0.0, ge=0.0)
    missing_rate: float = Field(0.0, ge=0.0, lt=1.0)
    judge_sensitivity: float = Field(1.0, ge=0.0, le=1.0, description="share of events the judge sees")
    judge_specificity: float = Field(1.0, ge=0.0, le=1.0, description="share of non-events the judge clears")
    checkpoints: Checkpoints | None = None
    base_models: dict[str, float] = Field(default_factory=lambda: {"simulated-base": 0.0}, min_length=1)
    mix: dict[str, float] = Field(default_factory=dict)
    columns: dict[str, float | int | str] = Field(default_factory=dict)

    @field_validator("arms", mode="before")
    @classmethod
    def _full_factorial(cls, arms: object) -> object:
        return () if arms == "full_factorial" else arms

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        found = [*name_problems(self), *level_problems(self)]
        problems = found or list(mix_problems(self))
        if problems:
            raise StudyError(problems)
        return self

    def arm_truths(self) -> tuple[ArmTruth, ...]:
        """Every arm, in declaration order; in a full factorial the last component varies fastest."""
        if self.arms:
            return self.arms
        names = list(self.components)
        products = itertools.product(*(component.levels for component in self.components.values()))
        return tuple(ArmTruth(levels=dict(zip(names, levels, strict=True))) for levels in products)
