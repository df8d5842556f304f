"""Who is trained and what is expected of them: a truth laid out as arrays, once for any number of draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.errors import Problem, StudyError
from mixablate.simulate.expectation import expected_log_odds, expected_score
from mixablate.simulate.truth import ArmTruth, Truth
from mixablate.study.claim_kinds import Level

__all__ = ["Layout", "lay_out", "level_text", "table_levels"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Layout:
    """The runs of a truth and everything about them that chance does not touch.

    R runs, E event evals, C score evals, T steps (1 where there are no checkpoints).

    Attributes:
        run_ids: (R,) ordered by arm, base model, seed.
        base_models: (R,) of each run.
        seeds: (R,) 1, 2, ... within each arm; the same numbers serve every arm.
        arms: the arms, in order.
        arm_of_run: (R,) index into `arms`.
        log_odds: (R, E, T) expected logit.
        run_sd: SD of the run effect shared by a run's event evals.
        loading: (E,) how much of it each eval takes.
        run_eval_sd: (E,) SD of the run x eval effect.
        n_trials: (E,) rollouts attempted.
        missing_rate: (R,) chance that a rollout is not scored.
        sensitivity, specificity: of the judge.
        score: (R, C, T) expected score.
        score_run_sd, score_item_sd: (C,) in each score's unit.
        score_trials: (C,) items attempted.
    """

    run_ids: tuple[str, ...]
    base_models: tuple[str, ...]
    seeds: tuple[int, ...]
    arms: tuple[ArmTruth, ...]
    arm_of_run: Ints
    log_odds: Floats
    run_sd: float
    loading: Floats
    run_eval_sd: Floats
    n_trials: Ints
    missing_rate: Floats
    sensitivity: float
    specificity: float
    score: Floats
    score_run_sd: Floats
    score_item_sd: Floats
    score_trials: Ints


def lay_out(truth: Truth) -> Layout:
    """The layout of a truth.

    Raises:
        StudyError: two runs would share an id (levels that read the same), or no arm has a run.
    """
    arms = truth.arm_truths()
    cells: list[tuple[int, str, int]] = []
    for index, arm in enumerate(arms):
        count = truth.runs_per_arm if arm.runs is None else arm.runs
        names = [base_model for base_model in truth.base_models for _ in range(count)]
        cells += [(index, base_model, seed) for seed, base_model in enumerate(names, start=1)]
    run_ids = tuple(_run_id(truth, arms[index].levels, base_model, seed) for index, base_model, seed in cells)
    _refuse_unusable(run_ids)
    arm_of_run = np.array([index for index, _, _ in cells], dtype=np.int64)
    rates = [truth.missing_rate if arm.missing_rate is None else arm.missing_rate for arm in arms]
    trials = [truth.n_trials if e.n_trials is None else e.n_trials for e in truth.evals]
    items = [truth.n_trials if s.n_trials is None else s.n_trials for s in truth.scores]
    sds = [truth.run_eval_sd if e.run_eval_sd is None else e.run_eval_sd for e in truth.evals]
    log_odds, score = _expected(truth, arms, cells)
    return Layout(
        run_ids=run_ids,
        base_models=tuple(base_model for _, base_model, _ in cells),
        seeds=tuple(seed for _, _, seed in cells),
        arms=arms,
        arm_of_run=arm_of_run,
        log_odds=log_odds,
        run_sd=truth.run_sd,
        loading=np.array([e.loading for e in truth.evals], dtype=float),
        run_eval_sd=np.array(sds, dtype=float),
        n_trials=np.array(trials, dtype=np.int64),
        missing_rate=np.array(rates, dtype=float)[arm_of_run],
        sensitivity=truth.judge_sensitivity,
        specificity=truth.judge_specificity,
        score=score,
        score_run_sd=np.array([s.run_sd for s in truth.scores], dtype=float),
        score_item_sd=np.array([s.item_sd for s in truth.scores], dtype=float),
        score_trials=np.array(items, dtype=np.int64),
    )


def level_text(level: Level) -> str:
    """A level as it stands in run ids and tables: 1.0 is "1", 0.25 is "0.25", names are themselves."""
    if isinstance(level, str):
        return level
    return str(int(level)) if float(level).is_integer() else repr(float(level))


def table_levels(levels: Sequence[Level]) -> list[Level]:
    """Levels as a table's column shows them: 0 and 1 rather than 0.0 and 1.0 where all are whole numbers."""
    numbers = [level for level in levels if not isinstance(level, str)]
    if len(numbers) == len(levels) and all(float(level).is_integer() for level in numbers):
        return [int(level) for level in numbers]
    return list(levels)


def _expected(truth: Truth, arms: tuple[ArmTruth, ...], cells: list[tuple[int, str, int]]) -> tuple[Floats, Floats]:
    """(R, E, T) expected logits and (R, C, T) expected scores, computed once per arm and base model."""
    steps = truth.checkpoints.steps if truth.checkpoints else (None,)
    blocks = {name: b for b, name in enumerate(truth.base_models)}
    log_odds = np.empty((len(arms), len(blocks), len(truth.evals), len(steps)))
    score = np.empty((len(arms), len(truth.scores), len(steps)))
    for a, arm in enumerate(arms):
        for t, step in enumerate(steps):
            for e, declared in enumerate(truth.evals):
                for name, b in blocks.items():
                    log_odds[a, b, e, t] = expected_log_odds(truth, arm.levels, declared, base_model=name, step=step)
            for c, scored in enumerate(truth.scores):
                score[a, c, t] = expected_score(truth, arm.levels, scored, step=step)
    arm_of_run = [index for index, _, _ in cells]
    return log_odds[arm_of_run, [blocks[name] for _, name, _ in cells]], score[arm_of_run]


def _run_id(truth: Truth, levels: Mapping[str, Level], base_model: str, seed: int) -> str:
    parts = [f"{component.short or name}{level_text(levels[name])}" for name, component in truth.components.items()]
    if len(truth.base_models) > 1:
        parts.append(base_model)
    return "-".join([*parts, f"s{seed}"])


def _refuse_unusable(run_ids: tuple[str, ...]) -> None:
    if not run_ids:
        raise StudyError(Problem("NO_RUNS", "arms", "no run in any arm", "at least one run", "Give an arm runs."))
    if len(set(run_ids)) < len(run_ids):
        twice = next(run_id for run_id in run_ids if run_ids.count(run_id) > 1)
        remedy = "Choose other short names or levels."
        raise StudyError(Problem("RUN_ID_CLASH", "components", f'two runs called "{twice}"', "unique run ids", remedy))
