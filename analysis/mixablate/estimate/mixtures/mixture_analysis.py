"""What each part of the mix does to one outcome: the model, changes of the mix with intervals, and traces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mixablate.errors import counted
from mixablate.estimate.mixtures.blends import BlendModel, blend_words
from mixablate.estimate.mixtures.cross_validation import Candidate, candidates, contenders, folds_of
from mixablate.estimate.mixtures.directions import Change, cox_change, cox_path, replacement
from mixablate.estimate.mixtures.mean_levels import MeanLevels, level_changes, levels_at, mean_levels
from mixablate.estimate.mixtures.mix_regression import (
    MixFit,
    design_rows,
    estimable,
    fit_mix,
    mix_contrasts,
    moving_together,
)
from mixablate.estimate.mixtures.mix_runs import StudyMix, runs_with
from mixablate.estimate.mixtures.simultaneous import max_t
from mixablate.estimate.models.inference import Inference, withheld
from mixablate.estimate.runs.region import FEWEST_EVENTS, thin_regression
from mixablate.estimate.runs.run_level import existence_scale, values_on
from mixablate.estimate.runs.summaries import RunSummaries
from mixablate.study import Mixture, Scale
from mixablate.tables import OutcomeKind

__all__ = ["MixtureAnalysis", "MixtureEffect", "TracePoint", "analyse_mixture", "change_rows", "changes_of"]

Floats = NDArray[np.float64]

MOST_PAIRS = 6
"""Parts up to which every pair is replaced both ways; beyond, each part against the reference mix's largest."""

POINTS = 21
"""Of a trace."""

RESPONSES = {
    Scale.LOG_ODDS: "mean log-odds of each run",
    Scale.RISK_DIFFERENCE: "log-odds of each run and eval, mean rates by smearing and the delta method",
    Scale.VALUE: "each run's score",
}


@dataclass(frozen=True, slots=True)
class MixtureEffect:
    """What a change of the mix does to an outcome: the outcome after it less before it, in the scale's unit.

    Attributes:
        outcome: name.
        part: what rises.
        kind: "cox" (all others fall in proportion) or "replacement" (one falls).
        against: what falls, "" where all others do.
        start, end: fractions of the part before and after.
        scale: of the estimate and its interval.
        inference: estimate, standard error, degrees of freedom, interval; p always on the outcome's existence scale.
        simultaneous_lower, simultaneous_upper: limits that hold for all effects of this kind at once; NaN without.
        p_adjusted: over the same family (max-T); NaN without.
        n_runs: runs in the fit.
        method: in words.
        reason: why there is no interval; empty where there is one.
    """

    outcome: str
    part: str
    kind: str
    against: str
    start: float
    end: float
    scale: Scale
    inference: Inference
    simultaneous_lower: float
    simultaneous_upper: float
    p_adjusted: float
    n_runs: int
    method: str
    reason: str


@dataclass(frozen=True, slots=True)
class TracePoint:
    """The predicted outcome where one part stands at a fraction and the others keep their ratios of the reference."""

    part: str
    fraction: float
    inference: Inference
    reason: str


@dataclass(frozen=True, slots=True)
class MixtureAnalysis:
    """The mix and one outcome.

    Attributes:
        candidates: every model tried, with its cross-validated figures.
        chosen: index of the one that is used; -1 where none is supported.
        fit: on the existence scale; None where none is supported.
        levels: the fits of rates (scores), for traces and predictions; None likewise.
        effects: on every scale.
        traces: of rates or scores.
        reason: why there are no intervals at all; empty where effects say each for itself.
    """

    candidates: tuple[Candidate, ...]
    chosen: int
    fit: MixFit | None
    levels: MeanLevels | None
    effects: tuple[MixtureEffect, ...]
    traces: tuple[TracePoint, ...]
    reason: str


def analyse_mixture(
    summaries: RunSummaries,
    mix: StudyMix,
    declared: Mixture,
    *,
    level: float,
    draws: int,
    rng: np.random.Generator,
) -> MixtureAnalysis:
    """The model of the mix for one outcome, the effect of every change with its interval, and the traces.

    The model is the declared one, or, with "auto", the simplest that predicts about as well as any on the existence
    scale (per-run log-odds, or scores; `contenders`). Effects on rates are differences of mean run rates that follow
    from the model of the log-odds (`mean_levels`); their p-values are those of the log-odds. The limits hold those of
    every contender: without that, the intervals of the best of the models among 30 runs covered 75 % where pairs of
    parts blend; with it 96 % (docs/questions/which-part-of-the-mix.md).

    Args:
        summaries: of the outcome.
        mix: of the study.
        declared: the `[mixture]` section.
        level: of the intervals.
        draws: of max-T.
        rng: of the folds and of max-T.
    """
    runs, rows = runs_with(mix.runs, summaries.run_ids)
    existence = existence_scale(summaries)
    scales = (existence,) if existence is Scale.VALUE else (existence, Scale.RISK_DIFFERENCE)
    response = values_on(summaries, existence)[rows]
    changes = changes_of(mix, declared.delta)
    if len(rows) < 2:
        few = f"{counted(len(rows), 'run')} of a known mix with this outcome"
        return _nothing(summaries, mix, changes, scales, (), few)
    tried = candidates(runs, response, folds_of(runs, rng), models=_models(declared), zero=declared.zero, level=level)
    near = contenders(tried)
    if not near:
        return _nothing(summaries, mix, changes, scales, tried, f"{tried[0].blend.model} model: {tried[0].reason}")
    reason = _too_few_events(summaries, rows)
    chosen, *rivals = near
    bases = [
        _Basis(summaries, mix, fit_mix(blend, runs, response), mean_levels(summaries, rows, runs, blend), reason, level)
        for blend in (candidate.blend for candidate in near)
    ]
    method = _method(bases[0].fit, mix, declared, len(rivals), guessed=bool(chosen.unseen))
    effects: list[MixtureEffect] = []
    for kind in ("cox", "replacement"):
        effects += _family(bases, [c for c in changes if c.kind == kind], scales, method, draws, rng)
    return MixtureAnalysis(
        tried,
        next(place for place, candidate in enumerate(tried) if candidate is chosen),
        bases[0].fit,
        bases[0].levels,
        (*effects, *_constants(summaries, mix, scales, len(rows))),
        tuple(_traces(bases)),
        reason,
    )


def changes_of(mix: StudyMix, delta: float) -> tuple[Change, ...]:
    """The Cox change of every part, then replacements: all ordered pairs of up to 6 parts.

    With more parts each is set against the reference mix's largest part, either way.
    """
    parts = range(len(mix.runs.parts))
    filler = int(np.argmax(mix.reference.mix))
    pairs = list(permutations(parts, 2))
    if len(parts) > MOST_PAIRS:
        pairs = [(p, filler) for p in parts if p != filler] + [(filler, p) for p in parts if p != filler]
    cox = [cox_change(mix.reference, part, delta) for part in parts]
    return (*cox, *(replacement(mix.reference, up, down, delta) for up, down in pairs))


def _models(declared: Mixture) -> tuple[BlendModel, ...]:
    return tuple(BlendModel) if declared.model == "auto" else (BlendModel(declared.model),)


def _too_few_events(summaries: RunSummaries, rows: NDArray[np.intp]) -> str:
    if summaries.outcome.kind is OutcomeKind.SCORE:
        return ""
    events, trials = summaries.events[rows].sum(axis=1), summaries.trials[rows].sum(axis=1)
    for word, counts in (("events", events), ("non-events", trials - events)):
        if not counts.mean() >= FEWEST_EVENTS:
            return f"{counts.mean():.2f} {word} a run on average; at least {FEWEST_EVENTS:g} are needed for an interval"
    return ""


@dataclass(frozen=True, slots=True)
class _Basis:
    """What every effect of one outcome rests on; `unsupported` says why none has an interval."""

    summaries: RunSummaries
    mix: StudyMix
    fit: MixFit
    levels: MeanLevels
    unsupported: str
    level: float


def _family(
    bases: Sequence[_Basis],
    changes: Sequence[Change],
    scales: Sequence[Scale],
    method: str,
    draws: int,
    rng: np.random.Generator,
) -> list[MixtureEffect]:
    """The effects of one kind on all scales, with the limits that hold for all of them at once.

    The first model's, widened to the limits of all others that the runs do not tell from it.
    """
    basis = bases[0]
    starts, ends = (change_rows(basis.fit, changes, side) for side in ("start", "end"))
    by_scale = [{scale: _inferences(one, changes, scale) for scale in scales} for one in bases]
    inferences = by_scale[0][scales[0]]
    confounded = _confounded(basis.fit, ends - starts)
    reasons = [
        change.reason or basis.unsupported or lost or one.reason or thin_regression(one.df, one.leverage)
        for change, one, lost in zip(changes, inferences, confounded, strict=True)
    ]
    held = [k for k, reason in enumerate(reasons) if not reason]
    gradients = (ends - starts)[held] @ basis.fit.basis
    covariance = gradients @ basis.fit.robust.covariance @ gradients.T
    family = max_t([inferences[k] for k in held], covariance, basis.level, draws, rng)
    adjusted = np.full(len(changes), math.nan)
    adjusted[held] = family.p_adjusted
    found = []
    for scale in scales:
        for k, change in enumerate(changes):
            one = by_scale[0][scale][k]
            reason = reasons[k] or one.reason
            p_values = [by_model[scales[0]][k].p_value for by_model in by_scale]
            widened = _hull([by_model[scale][k] for by_model in by_scale], max(p_values))
            hidden = bool(change.reason or confounded[k])
            # All limits move out by as much as the family's multiple exceeds the effect's own.
            more = 1.0 if reason else family.multiple * one.std_error / (one.upper - one.estimate)
            effect = _effect(basis, change, scale, widened, reason, hidden, more)
            many = math.nan if reason else max(float(adjusted[k]), *p_values)
            found.append(replace(effect, p_adjusted=many, method=method.replace("{}", RESPONSES[scale], 1)))
    return found


def _inferences(basis: _Basis, changes: Sequence[Change], scale: Scale) -> tuple[Inference, ...]:
    starts, ends = (change_rows(basis.fit, changes, side) for side in ("start", "end"))
    if scale is Scale.RISK_DIFFERENCE:
        return level_changes(basis.levels, starts, ends, basis.level)
    return mix_contrasts(basis.fit, ends - starts, basis.level)


def _hull(models: Sequence[Inference], p_value: float) -> Inference:
    """The first model's inference with limits that hold those of all models, and a p-value no smaller than any."""
    lower, upper = (np.array([getattr(one, end) for one in models]) for end in ("lower", "upper"))
    if math.isnan(lower[0]):
        return models[0]
    return replace(models[0], lower=float(np.nanmin(lower)), upper=float(np.nanmax(upper)), p_value=p_value)


def change_rows(fit: MixFit, changes: Sequence[Change], side: Literal["start", "end"]) -> Floats:
    """The columns before or after each change, at the mean of the process variables; (k, p)."""
    mixes = np.array([change.start if side == "start" else change.end for change in changes])
    at = np.tile(fit.runs.process.mean(axis=0), (len(changes), 1))
    return design_rows(fit.blend, fit.runs, mixes, at)


def _confounded(fit: MixFit, contrasts: Floats) -> list[str]:
    apart = estimable(fit, contrasts)
    if apart.all():
        return [""] * len(apart)
    named = ", ".join(moving_together(fit))
    return ["" if one else f"these runs do not tell it apart: {named} only ever move together" for one in apart]


def _effect(
    basis: _Basis, change: Change, scale: Scale, one: Inference, reason: str, hidden: bool, more: float
) -> MixtureEffect:
    """One effect; where the change itself is out of reach (`hidden`) there is no estimate either."""
    inference = withheld(math.nan if hidden else one.estimate, reason) if reason else one
    labels = basis.mix.labels
    return MixtureEffect(
        outcome=basis.summaries.outcome.name,
        part=labels[change.part],
        kind=change.kind,
        against="" if change.against < 0 else labels[change.against],
        start=float(change.start[change.part]),
        end=float(change.end[change.part]),
        scale=scale,
        inference=inference,
        simultaneous_lower=inference.estimate - more * (inference.estimate - inference.lower),
        simultaneous_upper=inference.estimate + more * (inference.upper - inference.estimate),
        p_adjusted=math.nan,
        n_runs=len(basis.fit.response),
        method="",
        reason=reason,
    )


def _method(fit: MixFit, mix: StudyMix, declared: Mixture, rivals: int, *, guessed: bool) -> str:
    unit = "run" if fit.runs.clusters == fit.runs.run_ids else "pair"
    words = f"{blend_words(fit.blend)}, least squares on {{}}, HC2 by {unit}, Bell-McCaffrey df"
    if guessed:
        words += "; too few mixes to check the model: between them it is taken as true"
    elif declared.model == "auto":
        words += "; model chosen by cross-validation"
    if rivals:
        words += f"; limits hold those of {rivals} more fits that predict about as well"
    if fit.runs.process_names:
        crossed = "crossed with the mix" if fit.runs.crossed else "held fixed"
        words += f"; beside the mix, {crossed}: {', '.join(fit.runs.process_names)}"
    if mix.moved_along:
        words += f"; moving with the mix: {', '.join(mix.moved_along)}"
    return words + (f"; held constant: {', '.join(name for name, _ in mix.constant)}" if mix.constant else "")


def _constants(summaries: RunSummaries, mix: StudyMix, scales: Sequence[Scale], n_runs: int) -> list[MixtureEffect]:
    """A row for every part that never varied, with that reason."""
    found = []
    for name, fraction in mix.constant:
        reason = f"every run has {100 * fraction:.3g} % of it"
        blank = withheld(math.nan, reason)
        for scale in scales:
            found.append(
                MixtureEffect(
                    summaries.outcome.name, name, "cox", "", fraction, math.nan, scale, blank,
                    math.nan, math.nan, math.nan, n_runs, "", reason,
                )
            )  # fmt: skip
    return found


def _traces(bases: Sequence[_Basis]) -> list[TracePoint]:
    """The Cox path of every part from its lowest to its highest fraction in the runs (Piepel 1982)."""
    basis = bases[0]
    reference, runs = basis.mix.reference, basis.fit.runs
    total = float(reference.mix.sum())
    parts = [part for part in range(len(basis.mix.labels)) if total - reference.mix[part] > 1e-9]
    grids = [np.linspace(reference.lowest[p], min(reference.highest[p], total), POINTS) for p in parts]
    path = np.vstack([cox_path(reference.mix, part, grid) for part, grid in zip(parts, grids, strict=True)])
    at = np.tile(runs.process.mean(axis=0), (len(path), 1))
    models = [levels_at(one.levels, design_rows(one.fit.blend, runs, path, at), basis.level) for one in bases]
    found = [_hull(together, math.nan) for together in zip(*models, strict=True)]
    hidden = _confounded(basis.fit, design_rows(basis.fit.blend, runs, path, at))
    points = []
    for k, (one, lost) in enumerate(zip(found, hidden, strict=True)):
        part = parts[k // POINTS]
        reason = basis.unsupported or lost or one.reason or thin_regression(one.df, one.leverage)
        shown = withheld(math.nan if lost else one.estimate, reason) if reason else one
        points.append(TracePoint(basis.mix.labels[part], float(path[k, part]), shown, reason))
    return points


def _nothing(
    summaries: RunSummaries,
    mix: StudyMix,
    changes: Sequence[Change],
    scales: Sequence[Scale],
    tried: tuple[Candidate, ...],
    reason: str,
) -> MixtureAnalysis:
    blank = withheld(math.nan, reason)
    effects = tuple(
        MixtureEffect(
            summaries.outcome.name, mix.labels[c.part], c.kind, "" if c.against < 0 else mix.labels[c.against],
            float(c.start[c.part]), float(c.end[c.part]), scale, blank, math.nan, math.nan, math.nan,
            len(runs_with(mix.runs, summaries.run_ids)[1]), "", c.reason or reason,
        )
        for scale in scales
        for c in changes
    )  # fmt: skip
    return MixtureAnalysis(tried, -1, None, None, effects, (), reason)
