"""What each part of the mix does to one outcome: the model, changes of the mix with intervals, and traces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from mixablate.estimate.mixtures.blends import BlendModel, blend_words
from mixablate.estimate.mixtures.cross_validation import Candidate, best, candidates, folds_of
from mixablate.estimate.mixtures.directions import Change, cox_change, cox_path, replacement
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

__all__ = ["MixtureAnalysis", "MixtureEffect", "TracePoint", "analyse_mixture", "change_contrasts", "changes_of"]

Floats = NDArray[np.float64]

MOST_PAIRS = 6
"""Parts up to which every pair is replaced both ways; beyond, each part against the reference mix's largest."""

POINTS = 21
"""Of a trace."""


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
        shown: the fit of rates (scores), for traces and predictions; None likewise.
        effects: on every scale.
        traces: of rates or scores.
        reason: why there are no intervals at all; empty where effects say each for itself.
    """

    candidates: tuple[Candidate, ...]
    chosen: int
    fit: MixFit | None
    shown: MixFit | None
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

    The model is the declared one, or, with "auto", that with the smallest cross-validated error on the existence scale
    (per-run log-odds, or scores). Effects on rates come from the same model fitted to the runs' rates, as everywhere
    here; their p-values are those of the log-odds. Choosing by cross-validation is not paid for in the intervals.

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
    responses = {scale: values_on(summaries, scale)[rows] for scale in scales}
    changes = changes_of(mix, declared.delta)
    if len(rows) < 2:
        return _nothing(summaries, mix, changes, scales, (), f"{len(rows)} run(s) of a known mix have this outcome")
    tried = candidates(
        runs, responses[existence], folds_of(runs, rng), models=_models(declared), zero=declared.zero, level=level
    )
    chosen = best(tried)
    if chosen is None:
        return _nothing(summaries, mix, changes, scales, tried, f"{tried[0].blend.model} model: {tried[0].reason}")
    reason = _too_few_events(summaries, rows)
    fits = {scale: fit_mix(chosen.blend, runs, response) for scale, response in responses.items()}
    guessed = bool(chosen.unseen)
    effects = [
        effect
        for kind in ("cox", "replacement")
        for effect in _family(
            summaries,
            mix,
            [c for c in changes if c.kind == kind],
            fits,
            declared,
            reason,
            guessed,
            level,
            draws,
            rng,
        )
    ]
    shown = fits[scales[-1]]
    return MixtureAnalysis(
        tried,
        tried.index(chosen),
        fits[existence],
        shown,
        (*effects, *_constants(summaries, mix, scales, len(rows))),
        tuple(_traces(shown, mix, reason, level)),
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


def _family(
    summaries: RunSummaries,
    mix: StudyMix,
    changes: Sequence[Change],
    fits: dict[Scale, MixFit],
    declared: Mixture,
    unsupported: str,
    guessed: bool,
    level: float,
    draws: int,
    rng: np.random.Generator,
) -> list[MixtureEffect]:
    """The effects of one kind on all scales, with the limits that hold for all of them at once."""
    existence = next(iter(fits))
    contrasts = change_contrasts(next(iter(fits.values())), changes)
    found: list[MixtureEffect] = []
    p_values = np.full(len(changes), math.nan)
    adjusted = np.full(len(changes), math.nan)
    for scale, fit in fits.items():
        inferences = mix_contrasts(fit, contrasts, level)
        reasons = [
            change.reason or unsupported or lost or one.reason or thin_regression(one.df, one.leverage)
            for change, one, lost in zip(changes, inferences, _confounded(fit, contrasts), strict=True)
        ]
        held = [k for k, reason in enumerate(reasons) if not reason]
        gradients = contrasts[held] @ fit.basis
        family = max_t(
            [inferences[k] for k in held], gradients @ fit.robust.covariance @ gradients.T, level, draws, rng
        )
        if scale is existence:
            p_values = np.array([math.nan if r else one.p_value for r, one in zip(reasons, inferences, strict=True)])
            adjusted[held] = family.p_adjusted
        words = _method(fit, scale, mix, declared, guessed)
        for k, (change, one) in enumerate(zip(changes, inferences, strict=True)):
            found.append(_effect(summaries, mix, change, scale, one, reasons[k], family.multiple, words, fit))
            p, many = (float(p_values[k]), float(adjusted[k])) if not reasons[k] else (math.nan, math.nan)
            found[-1] = replace(found[-1], inference=replace(found[-1].inference, p_value=p), p_adjusted=many)
    return found


def change_contrasts(fit: MixFit, changes: Sequence[Change]) -> Floats:
    """The columns after each change less those before it, at the mean of the process variables; (k, p)."""
    starts, ends = (np.array([getattr(change, side) for change in changes]) for side in ("start", "end"))
    at = np.tile(fit.runs.process.mean(axis=0), (len(changes), 1))
    return design_rows(fit.blend, fit.runs, ends, at) - design_rows(fit.blend, fit.runs, starts, at)


def _confounded(fit: MixFit, contrasts: Floats) -> list[str]:
    apart = estimable(fit, contrasts)
    if apart.all():
        return [""] * len(apart)
    named = ", ".join(moving_together(fit))
    return ["" if one else f"these runs do not tell it apart: {named} only ever move together" for one in apart]


def _effect(
    summaries: RunSummaries,
    mix: StudyMix,
    change: Change,
    scale: Scale,
    one: Inference,
    reason: str,
    multiple: float,
    method: str,
    fit: MixFit,
) -> MixtureEffect:
    hidden = change.reason or "do not tell it apart" in reason
    inference = one if not reason else withheld(math.nan if hidden else one.estimate, reason)
    reach = multiple * inference.std_error
    return MixtureEffect(
        outcome=summaries.outcome.name,
        part=mix.labels[change.part],
        kind=change.kind,
        against="" if change.against < 0 else mix.labels[change.against],
        start=float(change.start[change.part]),
        end=float(change.end[change.part]),
        scale=scale,
        inference=inference,
        simultaneous_lower=inference.estimate - reach,
        simultaneous_upper=inference.estimate + reach,
        p_adjusted=math.nan,
        n_runs=len(fit.response),
        method=method,
        reason=reason,
    )


def _method(fit: MixFit, scale: Scale, mix: StudyMix, declared: Mixture, guessed: bool) -> str:
    what = {Scale.LOG_ODDS: "mean log-odds", Scale.VALUE: "scores"}.get(scale, "rates")
    unit = "run" if fit.runs.clusters == fit.runs.run_ids else "pair"
    words = f"{blend_words(fit.blend)} on per-run {what}, least squares, HC2 by {unit}, Bell-McCaffrey df"
    if guessed:
        words += "; too few mixes to check the model: between them it is taken as true"
    elif declared.model == "auto":
        words += "; model chosen by cross-validation"
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


def _traces(fit: MixFit, mix: StudyMix, unsupported: str, level: float) -> list[TracePoint]:
    """The Cox path of every part from its lowest to its highest fraction in the runs (Piepel 1982)."""
    reference = mix.reference
    points: list[TracePoint] = []
    at = fit.runs.process.mean(axis=0)
    for part, label in enumerate(mix.labels):
        total = float(reference.mix.sum())
        if not total - reference.mix[part] > 1e-9:
            continue
        grid = np.linspace(reference.lowest[part], min(reference.highest[part], total), POINTS)
        path = cox_path(reference.mix, part, grid)
        rows = design_rows(fit.blend, fit.runs, path, np.tile(at, (POINTS, 1)))
        lost = _confounded(fit, rows)
        for fraction, one, hidden in zip(grid.tolist(), mix_contrasts(fit, rows, level), lost, strict=True):
            reason = unsupported or hidden or one.reason or thin_regression(one.df, one.leverage)
            estimate = math.nan if hidden else one.estimate
            points.append(TracePoint(label, fraction, withheld(estimate, reason) if reason else one, reason))
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
