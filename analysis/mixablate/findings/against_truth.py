"""What was found beside what was put in: for simulated studies whose truth is declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from mixablate.attribute import Attribution, AttributionScale, Part, Rule, ValueSource, true_parts
from mixablate.design import Contrast, Design
from mixablate.estimate import Effect, RunSummaries
from mixablate.simulate import ArmKey, Truth, contrast_truth, mean_run_rate, mean_value
from mixablate.study import Scale
from mixablate.study.claim_kinds import Level

__all__ = ["TRUTH_COLUMNS", "against_truth", "no_truth"]

TRUTH_COLUMNS = ("kind", "outcome", "contrast", "scale", "truth", "estimate", "lower", "upper", "covered")


@dataclass(frozen=True, slots=True)
class Stated:
    """A number of the analysis that has a true value: which contrast of which outcome, and what was found."""

    outcome: str
    contrast: Contrast
    scale: Scale
    estimate: float | None
    lower: float | None
    upper: float | None


def against_truth(
    truth: Truth,
    design: Design,
    summaries: Sequence[RunSummaries],
    contrasts: Sequence[Contrast],
    effects: Sequence[Effect],
    attributions: Sequence[Attribution],
) -> pd.DataFrame:
    """One row per component effect and per Shapley part from observed arms: its true value, estimate and interval.

    The truth is stated per estimand: of effects mean run log-odds, mean run rate, ratio of mean run rates, mean score;
    of parts the same function of the coalitions' mean run rates as the part itself. `covered` is empty where the
    interval was withheld. Over many studies 95 % of such intervals should cover; within one study they stand and fall
    together.

    Raises:
        StudyError: the truth does not know an eval or component of the study.
    """
    evals = {summary.outcome.name: dict(summary.outcome.evals) for summary in summaries}
    keys: dict[str, ArmKey] = {
        arm.arm_id: tuple((name, level) for name, level in arm.levels if level is not None) for arm in design.arms
    }
    rows = []
    for stated in _effects(contrasts, effects):
        coefficients = {keys[arm_id]: c for arm_id, c in stated.contrast.coefficients}
        value = contrast_truth(truth, coefficients, evals[stated.outcome], stated.scale)
        rows.append(_row("effect", stated.outcome, stated.contrast.name, stated.scale, value, stated))
    for found in attributions:
        if found.rule == Rule.SHAPLEY:
            summary = next(s for s in summaries if s.outcome.name == found.outcome)
            rows += _parts(truth, design, summary, found)
    return pd.DataFrame(rows, columns=list(TRUTH_COLUMNS))


def no_truth() -> pd.DataFrame:
    """The same columns without a row, for studies whose truth nobody knows."""
    return pd.DataFrame(columns=list(TRUTH_COLUMNS))


def _effects(contrasts: Sequence[Contrast], effects: Sequence[Effect]) -> list[Stated]:
    by_name = {contrast.name: contrast for contrast in contrasts if contrast.estimable}
    return [
        Stated(e.outcome, by_name[e.contrast], e.scale, e.estimate, e.lower, e.upper)
        for e in effects
        if e.contrast in by_name
    ]


def _parts(truth: Truth, design: Design, summary: RunSummaries, found: Attribution) -> list[tuple[object, ...]]:
    order = [component.id for component in design.components]
    mean = mean_value if found.scale is AttributionScale.VALUE else mean_run_rate

    def value_of(levels: Mapping[str, Level]) -> float:
        return mean(truth, {name: levels[name] for name in order}, dict(summary.outcome.evals))

    true = true_parts(value_of, summary, design, found.scale)
    return [
        _row("shapley", found.outcome, part.component, found.scale, value, part)
        for part, value in zip(found.parts, true, strict=True)
        if part.source == ValueSource.OBSERVED
    ]


def _row(kind: str, outcome: str, name: str, scale: str, value: float, stated: Stated | Part) -> tuple[object, ...]:
    covered = None
    if stated.lower is not None and stated.upper is not None:
        covered = stated.lower <= value <= stated.upper
    return kind, outcome, name, str(scale), value, stated.estimate, stated.lower, stated.upper, covered
