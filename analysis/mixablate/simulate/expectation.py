"""What a run of an arm is expected to score, before any chance: the linear predictor of a truth."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mixablate.errors import Problem, StudyError
from mixablate.simulate.truth import EventEval, ScoreEval, Shift, Truth
from mixablate.study.claim_kinds import Level

__all__ = ["expected_log_odds", "expected_score", "growth", "rate_of", "reported_rate"]

Floats = NDArray[np.float64]


def growth(truth: Truth, step: float | None) -> float:
    """The share of its full size an effect has reached at a step: 1 - exp(-step / tau).

    1 where the truth has no checkpoints; `None` is the last checkpoint.

    Raises:
        StudyError: a step is named where the truth has no checkpoints.
    """
    if truth.checkpoints is None:
        if step is not None:
            raise StudyError(Problem("NO_CHECKPOINTS", "step", f"{step:g}", "no step", "Declare [checkpoints]."))
        return 1.0
    at = truth.checkpoints.steps[-1] if step is None else step
    return -math.expm1(-at / truth.checkpoints.tau)


def expected_log_odds(
    truth: Truth, levels: Mapping[str, Level], declared: EventEval, *, base_model: str, step: float | None = None
) -> float:
    """The logit of a run whose random effects are zero; it is also the mean of the runs' true logits."""
    shifts = [
        _shift(component.by_eval.get(declared.id, component.effect), levels[name])
        for name, component in truth.components.items()
    ]
    shifts += [
        interaction.by_eval.get(declared.id, interaction.effect) * _product(levels, interaction.components)
        for interaction in truth.interactions
    ]
    return declared.log_odds + truth.base_models[base_model] + growth(truth, step) * math.fsum(shifts)


def expected_score(
    truth: Truth, levels: Mapping[str, Level], declared: ScoreEval, *, step: float | None = None
) -> float:
    """The expected score of a run, in the score's unit; also its mean over runs."""
    shifts = [
        _shift(component.by_eval.get(declared.id, 0.0), levels[name]) for name, component in truth.components.items()
    ]
    shifts += [
        interaction.by_eval.get(declared.id, 0.0) * _product(levels, interaction.components)
        for interaction in truth.interactions
    ]
    return declared.mean + growth(truth, step) * math.fsum(shifts)


def _shift(shift: Shift, level: Level) -> float:
    if isinstance(shift, dict):
        return shift[str(level)]
    return 0.0 if isinstance(level, str) else shift * level


def _product(levels: Mapping[str, Level], components: tuple[str, ...]) -> float:
    return math.prod(float(levels[name]) for name in components)


def rate_of(log_odds: Floats) -> Floats:
    """The rates of these log-odds, elementwise; exact to rounding at both ends."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -log_odds)), dtype=float)


def reported_rate(rate: Floats, sensitivity: float, specificity: float) -> Floats:
    """The rate at which the judge reports events: rate * sensitivity + (1 - rate) * (1 - specificity)."""
    return rate * sensitivity + (1.0 - rate) * (1.0 - specificity)
