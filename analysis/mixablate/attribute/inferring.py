"""From spread to inference: intervals where the runs support one, the reason where they do not."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from mixablate.attribute.fitted import thin
from mixablate.attribute.replicates import Deletions, GameValues, deletions
from mixablate.attribute.scales import AttributionScale
from mixablate.attribute.spread import ArmSpread, Jackknife, arm_spread, jackknife
from mixablate.design import Contrast, Design
from mixablate.estimate import (
    Evidence,
    RunSummaries,
    complete_pairs,
    design_limit,
    evidence_of,
    limits,
    outcome_limit,
    tail,
)
from mixablate.estimate.models.inference import Inference
from mixablate.estimate.runs.cells import cell_arrays, runs_on_sides
from mixablate.estimate.runs.region import FEWEST_DF, few_on_a_side
from mixablate.study import Scale

__all__ = ["ONE_RUN", "Inferences", "Inferred", "Setting", "infer", "setting_of"]

Floats = NDArray[np.float64]
Coefficients = tuple[tuple[str, float], ...]

ONE_RUN = "one run per arm carries no run-to-run uncertainty"
NOTHING = 1e-12  # coefficients of arms are small fractions; what is left below this cancelled
ROUNDING = 1e-9  # of an estimate: a spread below it is what floating point leaves of none


@dataclass(frozen=True, slots=True)
class Setting:
    """All that inference about one outcome's coalition values rests on.

    Attributes:
        game: the values.
        design: arms, pairs and scenarios.
        left_out: the deletions.
        spread: of the arms.
        level: of intervals.
        usable: the runs that evidence speaks about (complete pairs).
        known: evidence on differences of observed arms, by contrast: rules and scales ask for the same again.
    """

    game: GameValues
    design: Design
    left_out: Deletions
    spread: ArmSpread
    level: float
    usable: RunSummaries = field(init=False)
    known: dict[Coefficients, Evidence] = field(init=False, default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        usable = complete_pairs(self.game.summaries, self.design, self.game.cells.arm_ids)
        object.__setattr__(self, "usable", usable)

    def evidence(self, contrast: Contrast) -> Evidence:
        """That of the contrast, as a difference of mean rates (or scores)."""
        found = self.known.get(contrast.coefficients)
        if found is None:
            plain = Scale.RISK_DIFFERENCE if self.game.events else Scale.VALUE
            found = self.known[contrast.coefficients] = evidence_of(self.usable, contrast, plain, self.design)
        return found

    @property
    def crossed(self) -> bool:
        """Whether a mean over evals stands for others like them."""
        return self.design.scenarios == "random" and len(self.game.summaries.outcome.evals) > 1


@dataclass(frozen=True, slots=True)
class Inferred:
    """A number with its inference; the numbers after the estimate are NaN where `reason` says why.

    Attributes:
        estimate, std_error, df: on the scale.
        evidence: what limits come from for differences of observed arms; None where they are t limits.
        reason: why there is no interval; empty where there is one.
        source: "observed", "model" or "mixed".
    """

    estimate: float
    std_error: float
    df: float
    evidence: Evidence | None
    reason: str
    source: str

    def limits(self, tail_probability: float) -> tuple[float, float]:
        """Lower and upper limit, each exceeded with this probability; NaN where there is none."""
        if self.reason:
            return math.nan, math.nan
        if self.evidence is not None:
            return limits(self.evidence, tail_probability)
        reach = -float(stdtrit(self.df, tail_probability)) * self.std_error
        return self.estimate - reach, self.estimate + reach

    @property
    def p_value(self) -> float:
        """Two-sided p of no difference, the one whose interval this is; NaN where there is none."""
        if self.reason:
            return math.nan
        if self.evidence is not None:
            one = tail(self.evidence, 0.0, below=True)
            return 2.0 * min(one, 1.0 - one)
        return 2.0 * float(stdtr(self.df, -abs(self.estimate) / self.std_error))


@dataclass(frozen=True, slots=True)
class Inferences:
    """q numbers with their inference and their joint spread."""

    numbers: tuple[Inferred, ...]
    jackknife: Jackknife


def setting_of(game: GameValues, design: Design, level: float) -> Setting:
    """The values with their deletions and the spread of their arms."""
    return Setting(game, design, deletions(game), arm_spread(game), level)


def infer(setting: Setting, matrix: Floats, scale: AttributionScale) -> Inferences:
    """The numbers matrix @ g(values), (q, m), each with its inference.

    Differences of observed arms have the calibrated limits of run-level contrasts. Everything else has a t interval
    from the jackknife. Outside the supported region: the reason.
    """
    spread = jackknife(setting.game, setting.left_out, setting.spread, matrix, scale)
    cells = setting.game.cells
    from_model, from_arms = (np.asarray(held.any(axis=1)) for held in (cells.modelled, cells.weights))
    numbers = []
    for q, (row, by_arm) in enumerate(zip(matrix, matrix @ cells.weights, strict=True)):
        used = np.flatnonzero(row)
        source = "observed" if not from_model[used].any() else "mixed" if from_arms[used].any() else "model"
        numbers.append(_one(setting, row, _contrast(setting, by_arm), source, q, spread, scale))
    return Inferences(tuple(numbers), spread)


def _one(
    setting: Setting,
    row: Floats,
    contrast: Contrast,
    source: str,
    q: int,
    spread: Jackknife,
    scale: AttributionScale,
) -> Inferred:
    estimate = float(spread.estimates[q])
    error, df = float(spread.std_errors[q]), float(spread.dfs[q])
    evidence, reason = None, ""
    if source == "observed":
        evidence, reason = _observed(setting, contrast, scale)
        if evidence is not None:
            error, df = evidence.std_error, evidence.df
    else:
        reason, found = _modelled(setting, row, scale, contrast)
        if found is not None and source == "model" and not (found.std_error <= error and _replicated(setting)):
            # CR2 takes what the model does not fit for spread over runs, and knows designs without replication.
            error, df = max(error, found.std_error), found.df
    reason = reason or _unseen(setting, spread, q, estimate, error)
    if reason:
        return Inferred(estimate, math.nan, math.nan, None, reason, source)
    return Inferred(estimate, error, df, evidence, "", source)


def _observed(setting: Setting, contrast: Contrast, scale: AttributionScale) -> tuple[Evidence | None, str]:
    """The calibrated evidence where it is that of this scale, and why there is no interval."""
    design, usable = setting.design, setting.usable
    if setting.crossed and not scale.additive:
        return None, "random scenarios have an interval on the risk difference of observed arms only"
    counts = [usable.arm_ids.count(arm_id) for arm_id, _ in contrast.coefficients]
    if not design.pair and min(counts, default=0) == 1:
        if max(counts) == 1 and not _replicated(setting):
            return None, ONE_RUN
        return None, _some_single(setting, contrast, scale)
    evidence = setting.evidence(contrast)
    reason = design_limit(evidence, usable, contrast) or outcome_limit(
        replace(evidence, scale=scale.claim_scale), usable, contrast
    )
    return (evidence if scale.additive else None), reason


def _some_single(setting: Setting, contrast: Contrast, scale: AttributionScale) -> str:
    """Why arms of one run among replicated ones carry no interval; empty where the pooled spread speaks for them."""
    if setting.spread.pooled_df < FEWEST_DF:
        few = f"{setting.spread.pooled_df:.0f} degrees of freedom; at least {FEWEST_DF:g} are needed"
        return f"an arm has a single run, and the spread pooled over the others has only {few}"
    cells = cell_arrays(setting.usable, contrast)
    sides = few_on_a_side(*runs_on_sides(cells))
    seen = Evidence(scale.claim_scale, 1.0, 1.0, setting.spread.pooled_df, "cells", math.nan, math.nan)
    return sides or outcome_limit(seen, setting.usable, contrast)


def _modelled(
    setting: Setting, row: Floats, scale: AttributionScale, contrast: Contrast
) -> tuple[str, Inference | None]:
    """Why a number that needs the model carries no interval; else the model's own inference, all values from it."""
    fitted = setting.game.fitted
    if fitted is None or isinstance(fitted, str):
        return fitted or "no model was fitted", None
    if setting.crossed:
        return "random scenarios have an interval on the risk difference of observed arms only", None
    replicated = _replicated(setting)
    if contrast.coefficients and not replicated:
        return ONE_RUN, None
    found = fitted.inference(row, scale.rate_scale, setting.level)
    reason = thin(found)
    if reason and not replicated:
        return f"{ONE_RUN}; {reason}", None
    return reason, None if reason else found


def _replicated(setting: Setting) -> bool:
    return bool((setting.left_out.counts > 1).any())


def _unseen(setting: Setting, spread: Jackknife, q: int, estimate: float, error: float) -> str:
    lost = np.isnan(spread.replicates[:, q])
    if lost.any():
        units = ", ".join(f'"{setting.left_out.units[u]}"' for u in np.flatnonzero(lost)[:3])
        return f"without {units} the number is not defined: nothing shows how much it would vary"
    if not error > ROUNDING * max(1.0, abs(estimate)):
        return "the runs of each arm agree to the last digit: nothing shows how much runs differ"
    return ""


def _contrast(setting: Setting, by_arm: Floats) -> Contrast:
    """A number as a contrast of arm means (of a linear scale), by its weights (A,); arms that cancel are left out."""
    arm_ids = setting.game.cells.arm_ids
    coefficients = tuple((a, c) for a, c in zip(arm_ids, by_arm.tolist(), strict=True) if abs(c) > NOTHING)
    return Contrast("part", "Part", (), coefficients, (), (), (), "baseline", "full mix")
