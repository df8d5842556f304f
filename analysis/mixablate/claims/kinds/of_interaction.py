"""Kinds about two sets of components together: the interaction contrast on a stated scale, from four observed arms.

An interaction belongs to its scale: two components that halve a rate each add up exactly on log rates, and fall short
of adding up in points. So no test of existence on another scale stands in for it, and where the scales disagree in sign
the words say so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mixablate.claims.case import Case, Standing
from mixablate.claims.contrast_evidence import design_refusal, refused_margin, standing_in
from mixablate.claims.contrast_opinions import posed_opinion
from mixablate.claims.kind import Kind, Posed, Question
from mixablate.claims.kinds.of_contrast import contrast_cases, runs_needed, scored_outcome
from mixablate.claims.numbers_in_words import change, effect_words
from mixablate.claims.regions import Region
from mixablate.claims.verdict import SecondOpinion
from mixablate.design import CORNERS, Design, Interaction, Switch, interaction, interaction_switches
from mixablate.errors import counted
from mixablate.estimate import (
    FEWEST_RUNS,
    Effect,
    Evidence,
    cell_arrays,
    cell_moments,
    evidence_of,
    method_words,
    number_or_none,
    outcome_limit,
    possible_interval,
    run_level_effect,
    satterthwaite,
    scales_of,
    tail,
    values_on,
)
from mixablate.estimate.runs.region import few_pairs
from mixablate.study import Scale, Together
from mixablate.tables import Tables

__all__ = ["interaction_kind"]

C = TypeVar("C", bound=Together)
Floats = NDArray[np.float64]
FEWEST_EVENTS = 2.0  # a run, in each combination, as for the two sides of a ratio (estimate.runs.region)
NO_RATIO = 'on risk_ratio an interaction has no interval for {}; use scale = "log_odds" or "risk_difference"'


def interaction_kind(region: Callable[[C, bool], Region], *, difference: bool) -> Kind[C]:
    """A kind that claims how far the joint effect of two sets of components lies from the sum of their own.

    Args:
        region: of a claim, given whether a drop is better.
        difference: whether the kind claims a difference, so that one within the declared margin is `equivalent`.
    """

    def cases(claim: C, tables: Tables, design: Design) -> tuple[Case, ...]:
        contrast = _interaction(claim, design).contrast
        return contrast_cases(claim, tables, design, region, contrast, difference=difference)

    return Kind(
        region=region,
        cases=cases,
        refusal=_refusal,
        standing=_standing,
        effect=_effect,
        opinion=_opinion,
        beside=lambda _: None,  # the logit has main effects only
        posed=_posed,
        scored=scored_outcome,
        states=_states,
        settles=runs_needed,
        fewest=lambda _, effect: min(effect.n_treated, effect.n_reference),
        contrast=lambda claim, _, design: _interaction(claim, design).contrast,
        switches=_switches,
    )


def _interaction(claim: Together, design: Design) -> Interaction:
    return interaction(
        design,
        claim.components,
        claim.together_with,
        name=claim.id,
        at=claim.at,
        reference=claim.reference,
        treated=claim.treated,
    )


def _switches(claim: Together, design: Design) -> tuple[Switch, ...]:
    return interaction_switches(
        design,
        claim.components,
        claim.together_with,
        name=claim.id,
        at=claim.at,
        reference=claim.reference,
        treated=claim.treated,
    )


def _corner_runs(case: Case, found: Interaction) -> dict[str, list[int]]:
    """Corner -> rows of the summaries."""
    return {
        corner: [r for r, arm_id in enumerate(case.summaries.arm_ids) if arm_id in found.arms(corner)]
        for corner in CORNERS
    }


def _refusal(case: Case, design: Design) -> tuple[str, bool]:
    reason, by_design = _outside(case, design)
    return (reason, by_design) if reason else (_margin_refused(case, design), False)


def _outside(case: Case, design: Design) -> tuple[str, bool]:
    """Why the interaction has no interval, and whether that is the design's fault; ("", False) where it has one."""
    refused = design_refusal(case) or _few_runs(case, design)
    if refused:
        return refused, True
    evidence = _evidence(case, design, case.scale)
    if evidence.reason:
        return evidence.reason, not evidence.reason.startswith("a combination")
    return outcome_limit(evidence, case.summaries, case.contrast) or _few_events(case, design), False


def _few_runs(case: Case, design: Design) -> str:
    cells = cell_arrays(case.summaries, case.contrast)
    if design.pair:
        return few_pairs(case.summaries, case.contrast)
    runs = {corner: len(rows) for corner, rows in _corner_runs(case, _interaction_of(case, design)).items()}
    fewest = min(runs.values())
    if fewest < FEWEST_RUNS:
        return f"{counted(fewest, 'run')} in one of the four combinations; at least {FEWEST_RUNS} are needed in each"
    if (cells.counts < 2).any():
        return "an arm of one run, and no run beside it that would show how much runs differ"
    return ""


def _interaction_of(case: Case, design: Design) -> Interaction:
    claim = case.claim
    assert isinstance(claim, Together)
    return _interaction(claim, design)


def _few_events(case: Case, design: Design) -> str:
    """Ratios and log-odds of a combination need events of its own, however many the others have."""
    if case.scale not in (Scale.LOG_ODDS, Scale.RISK_RATIO):
        return ""
    events = case.summaries.events.mean(axis=1)
    others = (case.summaries.trials - case.summaries.events).mean(axis=1)
    by_word = [("events", events)] + ([("non-events", others)] if case.scale is Scale.LOG_ODDS else [])
    for corner, rows in _corner_runs(case, _interaction_of(case, design)).items():
        for word, counts in by_word:
            if counts[rows].mean() < FEWEST_EVENTS:
                mean = counts[rows].mean()
                return f"{mean:.2f} {word} a run with {corner} of the sets; at least {FEWEST_EVENTS:g} are needed"
    return ""


def _margin_refused(case: Case, design: Design) -> str:
    if case.margin is None or case.scale is not Scale.RISK_DIFFERENCE:
        return ""
    return refused_margin(case, _corner_levels(case, design)["neither"], "rate with neither", "interaction")


def _corner_levels(case: Case, design: Design) -> dict[str, float]:
    """Corner -> its mean run rate (or score), arms weighted as in the contrast."""
    found = _interaction_of(case, design)
    arm_of = np.array(case.summaries.arm_ids)
    return {
        corner: sum(w * float(case.summaries.level[arm_of == a].mean()) for a, w in found.arms(corner).items())
        for corner in CORNERS
    }


def _evidence(case: Case, design: Design, scale: Scale) -> Evidence:
    """The interaction's evidence on a scale; on risk_ratio that of a ratio of ratios, averaged over strata on logs."""
    if scale is not Scale.RISK_RATIO:
        return evidence_of(case.summaries, case.contrast, scale, design)
    cells = cell_arrays(case.summaries, case.contrast)
    nothing = Evidence(scale, math.nan, math.nan, math.nan, "cells", math.nan, math.nan)
    if design.pair:
        return replace(nothing, reason=NO_RATIO.format("paired runs"))
    if design.scenarios == "random" and len(case.summaries.outcome.evals) > 1:
        return replace(nothing, reason=NO_RATIO.format("random scenarios"))
    means, variances = cell_moments(case.summaries.level[cells.rows], cells)
    if not (means > 0.0).all():
        return replace(nothing, reason="a combination without events has no ratio")
    if not (cells.counts >= 2).all():
        return replace(nothing, reason="an arm of one run has no spread of its own")
    # The wider of the rates' and the log-odds' spread, as for the other contrasts of rates (rate_limits, rule 2).
    _, on_logits = cell_moments(case.summaries.log_odds[cells.rows], cells)
    shares = [cells.coefficients**2 * v for v in (variances / means**2, on_logits * (1.0 - means) ** 2)]
    widest = max(shares, key=lambda share: float(share.sum()))
    error, df = math.sqrt(float(widest.sum())), float(satterthwaite(widest, cells.counts))
    return replace(nothing, estimate=float(np.exp(np.log(means) @ cells.coefficients)), std_error=error, df=df)


def _standing(case: Case, design: Design) -> Standing:
    evidence = _evidence(case, design, case.scale)
    if evidence.reason:
        return Standing(evidence.estimate, math.nan, math.nan)
    return standing_in(case, evidence, evidence)


def _posed(case: Case, boundary: float) -> Posed | None:
    """The boundary as a contrast of run values; on risk_ratio of rates linearised at the logs of their arms' means."""
    cells = cell_arrays(case.summaries, case.contrast)
    if case.scale is not Scale.RISK_RATIO:
        return values_on(case.summaries, case.scale), cells, boundary
    means, _ = cell_moments(case.summaries.level[cells.rows], cells)
    if not (means > 0.0).all():
        return None
    values = case.summaries.level.copy()
    values[cells.rows] = np.log(means)[cells.cell] + values[cells.rows] / means[cells.cell] - 1.0
    return values, cells, math.log(boundary)


def _opinion(case: Case, design: Design, asked: Question) -> SecondOpinion:
    """The wild bootstrap (exchange within pairs where runs are paired): four arms leave no two to be exchanged."""
    ends = [(_posed(case, boundary), below) for boundary, below in case.region.boundaries]
    return posed_opinion(case, design, asked, [(end, below) for end, below in ends if end is not None])


def _effect(case: Case, design: Design, level: float) -> Effect:
    """`treated` is the level with both sets, `reference` what adding their effects up would give on the scale."""
    base = run_level_effect(case.summaries, case.contrast, _linear(case.scale), design, level=level)
    reason, _ = _outside(case, design)
    if case.contrast.reason or not all(_corner_runs(case, _interaction_of(case, design)).values()):
        return replace(base, scale=case.scale, estimate=None, reason=reason, lower=None, upper=None, p_value=None)
    levels = _corner_levels(case, design)
    runs = {corner: len(rows) for corner, rows in _corner_runs(case, _interaction_of(case, design)).items()}
    evidence = _evidence(case, design, case.scale)
    shown = not evidence.reason and not reason
    low, high = possible_interval(evidence, case.contrast, level) if shown else (math.nan, math.nan)
    none = 1.0 if case.scale is Scale.RISK_RATIO else 0.0
    p_value = 2.0 * min(tail(evidence, none, below=b) for b in (True, False)) if shown else None
    return replace(
        base,
        scale=case.scale,
        estimate=number_or_none(evidence.estimate),
        std_error=evidence.std_error if shown else None,
        df=evidence.df if shown else None,
        lower=low if shown else None,
        upper=high if shown else None,
        p_value=None if p_value is None else min(1.0, p_value),
        detectable=base.detectable if shown and case.scale is not Scale.RISK_RATIO else None,
        treated=levels["both"],
        reference=_expected(levels, case.scale),
        n_treated=runs["both"],
        n_reference=min(runs[corner] for corner in CORNERS[1:]),
        method=_method(evidence, reason),
        reason=reason,
        notes=(*base.notes, *_notes(case, design)),
    )


def _linear(scale: Scale) -> Scale:
    return Scale.RISK_DIFFERENCE if scale is Scale.RISK_RATIO else scale


def _method(evidence: Evidence, reason: str) -> str:
    joint = "interaction (both - first - second + neither) of "
    if evidence.scale is not Scale.RISK_RATIO or reason:
        return joint + method_words(evidence, reason)
    return (
        joint
        + "logs of mean run rates by the delta method, s^2 the wider of the rates' and the log-odds', Satterthwaite df"
    )


def _expected(levels: dict[str, float], scale: Scale) -> float | None:
    """What the separate effects, added up on the scale, would give with both sets."""
    first, second, neither = levels["first"], levels["second"], levels["neither"]
    if scale is Scale.RISK_RATIO:
        return first * second / neither if neither > 0.0 else None
    if scale is Scale.LOG_ODDS:
        odds = [p / (1.0 - p) if 0.0 < p < 1.0 else math.nan for p in (first, second, neither)]
        joint = odds[0] * odds[1] / odds[2]
        return None if math.isnan(joint) else joint / (1.0 + joint)
    return first + second - neither


def _signs(case: Case, design: Design) -> list[tuple[Scale, float]]:
    """(scale, interaction) on every scale on which it has an estimate."""
    found = [(scale, _evidence(case, design, scale).estimate) for scale in scales_of(case.summaries)]
    return [(scale, value) for scale, value in found if not math.isnan(value)]


def _notes(case: Case, design: Design) -> tuple[str, ...]:
    found = _signs(case, design)
    positive = {value > (1.0 if scale is Scale.RISK_RATIO else 0.0) for scale, value in found}
    if len(positive) < 2:
        return ()
    each = ", ".join(change(value, scale) for scale, value in found)
    return (f"the interaction's sign depends on the scale: {each}",)


def _states(_: Case, effect: Effect) -> str:
    words = f"together beyond the sum: {effect_words(effect)}"
    if effect.treated is not None and effect.reference is not None and effect.scale is not Scale.VALUE:
        words += f", {effect.treated:.1%} where adding up would give {effect.reference:.1%}"
    warning = next((note for note in effect.notes if note.startswith("the interaction's sign")), "")
    return f"{words} ({warning})" if warning else words
