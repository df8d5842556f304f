"""`accelerates`: do treated runs fall faster over training steps?

Each run has its own slope, fitted by least squares over the steps that all runs share, and slopes are compared between
arms by run: points of one run's curve are not independent of one another. The slope is told as the fitted change from
the first step to the last.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from mixablate.claims.case import Case
from mixablate.claims.kind import Kind
from mixablate.claims.kinds.of_contrast import contrast_kind, own_switch, sides_confounded
from mixablate.claims.kinds.of_run_numbers import aligned, number_kind, numbers_of
from mixablate.claims.numbers_in_words import amount
from mixablate.claims.outcomes import check_scale, claimed_outcomes
from mixablate.claims.regions import Region, check_region, improvement
from mixablate.claims.steps import summaries_by_step
from mixablate.design import Contrast, Design
from mixablate.errors import counted
from mixablate.estimate import Outcome, RunSummaries, summarise
from mixablate.study import Accelerates
from mixablate.tables import Tables

__all__ = ["KIND", "slope_weights"]

FEWEST_STEPS = 3  # two points are a line whatever happened between them


def slope_weights(steps: tuple[float, ...]) -> tuple[float, ...]:
    """Weights of the values at these steps in the fitted change from the first to the last: span (x - mean) / Sxx.

    >>> slope_weights((0.0, 1.0, 2.0))
    (-1.0, 0.0, 1.0)
    """
    x = np.array(steps)
    centred = x - x.mean()
    return tuple(((x.max() - x.min()) * centred / float(centred @ centred)).tolist())


def _region(claim: Accelerates, lower_is_better: bool) -> Region:
    check_region(claim, minimum=claim.minimum, margin=claim.margin)
    word = "fall" if lower_is_better else "rise"
    by = f"by at least {amount(claim.minimum, claim.scale)} " if claim.minimum else ""
    words = f"a {word} over the steps that is {by}larger"
    return improvement(claim.minimum, claim.scale, lower_is_better=lower_is_better, words=words, exists=False)


def _cases(claim: Accelerates, tables: Tables, design: Design) -> tuple[Case, ...]:
    contrast = own_switch(claim, design)
    return tuple(_case(claim, tables, design, contrast, outcome) for outcome in claimed_outcomes(claim, tables))


def _case(claim: Accelerates, tables: Tables, design: Design, contrast: Contrast, outcome: Outcome) -> Case:
    whole = summarise(tables, design, outcome)
    check_scale(claim, whole)
    arms = frozenset(arm_id for arm_id, _ in contrast.coefficients)
    by_step = summaries_by_step(tables, design, outcome, arms, FEWEST_STEPS)
    logs = claim.over == "log_step"
    by_step = tuple((step, part) for step, part in by_step if step > 0.0 or not logs)
    confounded, beside = sides_confounded(design, tables, contrast, outcome)
    case = Case(
        claim,
        whole,
        contrast,
        _region(claim, outcome.lower_is_better),
        claim.scale,
        confounded,
        claim.margin,
        difference=True,
        beside=beside,
    )
    if len(by_step) < FEWEST_STEPS:
        reason, needed = contrast.reason or _few_steps(len(by_step)), contrast.needed or NEEDED
        # No coefficient, so that no change of the last step is shown in place of a slope.
        return replace(case, contrast=replace(contrast, coefficients=(), reason=reason, needed=needed))
    parts, weights = aligned([part for _, part in by_step]), _weights(by_step, logs)
    numbers = numbers_of(parts, weights, claim.scale, f"fitted change of {outcome.name} over the steps")
    note = f"{len(by_step)} steps that all runs share, {by_step[0][0]:g} to {by_step[-1][0]:g}"
    notes = (f"{note}, on their logs" if logs else note,)
    return replace(case, summaries=numbers, parts=parts, weights=weights, notes=notes)


NEEDED = f"outcomes of all these runs at {FEWEST_STEPS} or more of the same steps"


def _few_steps(steps: int) -> str:
    return f"{counted(steps, 'step')} that the runs share; at least {FEWEST_STEPS} are needed for a slope"


def _weights(by_step: tuple[tuple[float, RunSummaries], ...], logs: bool) -> tuple[float, ...]:
    return slope_weights(tuple(math.log(step) if logs else step for step, _ in by_step))


KIND: Kind[Accelerates] = number_kind(contrast_kind(_region, difference=True), _cases)
