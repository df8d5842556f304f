"""What was found beside what was put in: for simulated studies whose truth is declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from mixablate.attribute import (
    Attribution,
    Rule,
    coalitions,
    observed_game,
    observed_strata,
    players_of,
    rule_coefficients,
)
from mixablate.design import Contrast, Design
from mixablate.estimate import Effect, RunSummaries
from mixablate.simulate import ArmKey, Truth, contrast_truth
from mixablate.study import Scale

__all__ = ["TRUTH_COLUMNS", "against_truth", "no_truth"]

TRUTH_COLUMNS = ("kind", "outcome", "contrast", "scale", "truth", "estimate", "lower", "upper", "covered")


@dataclass(frozen=True, slots=True)
class Stated:
    """A number of the analysis that has a true value: which contrast of which outcome, and what was found."""

    kind: str
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

    The truth is stated per estimand (mean run log-odds, mean run rate, ratio of mean run rates, mean score). `covered`
    is empty where the interval was withheld. Over many studies 95 % of such intervals should cover; within one study
    they stand and fall together.

    Raises:
        StudyError: the truth does not know an eval or component of the study.
    """
    evals = {summary.outcome.name: dict(summary.outcome.evals) for summary in summaries}
    keys: dict[str, ArmKey] = {
        arm.arm_id: tuple((name, level) for name, level in arm.levels if level is not None) for arm in design.arms
    }
    rows = []
    for stated in (*_effects(contrasts, effects), *_parts(design, summaries, attributions)):
        coefficients = {keys[arm_id]: c for arm_id, c in stated.contrast.coefficients}
        value = contrast_truth(truth, coefficients, evals[stated.outcome], stated.scale)
        covered = None
        if stated.lower is not None and stated.upper is not None:
            covered = stated.lower <= value <= stated.upper
        named = (stated.kind, stated.outcome, stated.contrast.name, str(stated.scale))
        rows.append((*named, value, stated.estimate, stated.lower, stated.upper, covered))
    return pd.DataFrame(rows, columns=list(TRUTH_COLUMNS))


def no_truth() -> pd.DataFrame:
    """The same columns without a row, for studies whose truth nobody knows."""
    return pd.DataFrame(columns=list(TRUTH_COLUMNS))


def _effects(contrasts: Sequence[Contrast], effects: Sequence[Effect]) -> list[Stated]:
    by_name = {contrast.name: contrast for contrast in contrasts if contrast.estimable}
    return [
        Stated("effect", e.outcome, by_name[e.contrast], e.scale, e.estimate, e.lower, e.upper)
        for e in effects
        if e.contrast in by_name
    ]


def _parts(design: Design, summaries: Sequence[RunSummaries], attributions: Sequence[Attribution]) -> list[Stated]:
    players = players_of(design)
    matrix = rule_coefficients(len(players), Rule.SHAPLEY)
    found = []
    by_outcome = {summary.outcome.name: summary for summary in summaries}
    for split in attributions:
        if split.rule != Rule.SHAPLEY:
            continue
        strata = observed_strata(design, by_outcome[split.outcome], players, coalitions(matrix))
        contrasts = observed_game(players, strata, matrix).contrasts[1:] if strata else ()
        for part, contrast in zip(split.parts, contrasts, strict=False):
            found.append(Stated("shapley", split.outcome, contrast, split.scale, part.estimate, part.lower, part.upper))
    return found
