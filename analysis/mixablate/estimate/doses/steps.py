"""Steps between neighbouring doses: whether one goes clearly against the trend, and whether the last still changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mixablate.design import Design, switch
from mixablate.estimate.doses.dose_runs import DoseRuns
from mixablate.estimate.doses.shape_tests import Asked, DoseTest
from mixablate.estimate.runs.cells import cell_arrays
from mixablate.estimate.runs.effect import Effect
from mixablate.estimate.runs.effects import run_level_effect
from mixablate.estimate.runs.summaries import RunSummaries
from mixablate.study import Component, Scale

__all__ = ["MOST_STEPS", "last_step", "step_against"]

MOST_STEPS = 12  # neighbouring doses beyond that hold too few runs each for steps to say more than the curve


def step_against(
    summaries: RunSummaries, design: Design, component: Component, runs: DoseRuns, *, level: float
) -> DoseTest:
    """The step between neighbouring doses that goes furthest against the overall trend, and whether it is clear.

    Every step is the contrast of its two doses within strata, by the run-level analysis of any two arms. The interval
    and p-value are Bonferroni's over all D - 1 steps, since the furthest of them was looked for. A step counts as
    clear where that interval lies wholly on the wrong side.
    """
    pairs = list(zip(runs.doses[:-1].tolist(), runs.doses[1:].tolist(), strict=True))
    words = f"neighbouring doses as two arms within strata, Bonferroni over {len(pairs)} steps"
    if len(pairs) > MOST_STEPS:
        return _unasked(runs, Asked.AGAINST, f"{len(pairs)} steps, each of few runs", words, level)
    rising = _slope(runs) >= 0.0
    sign = 1.0 if rising else -1.0
    strict = 1.0 - (1.0 - level) / len(pairs)
    effects = [_step(summaries, design, component, runs.scale, pair, strict) for pair in pairs]
    against = [(e, pair) for e, pair in zip(effects, pairs, strict=True) if e.estimate and sign * e.estimate < 0.0]
    if not against and all(effect.estimate is None for effect in effects):
        return _unasked(runs, Asked.AGAINST, effects[0].reason, words, level)
    if not against:
        return replace(
            _unasked(runs, Asked.AGAINST, "", words, level),
            finding=f"no step goes against the {'rise' if rising else 'fall'} in these runs",
        )
    effect, (low, high) = max(against, key=lambda found: _distance(found[0]))
    p_value = None if effect.p_value is None else min(1.0, len(pairs) * effect.p_value)
    clear = effect.lower is not None and effect.upper is not None and (effect.upper < 0.0 or effect.lower > 0.0)
    way = "falls" if rising else "rises"
    finding = f"the step from {low:g} to {high:g} {way}, against the trend" if clear else "no step is clearly against"
    return replace(
        _of_effect(runs, Asked.AGAINST, effect, f"from {low:g} to {high:g}", words, level),
        p_value=p_value,
        finding=f"cannot tell: {effect.reason}" if effect.reason else finding,
    )


def last_step(
    summaries: RunSummaries,
    design: Design,
    component: Component,
    runs: DoseRuns,
    scales: Sequence[Scale],
    *,
    level: float,
    margins: dict[Scale, float] | None = None,
) -> tuple[DoseTest, ...]:
    """The change from the second highest to the highest dose on each scale: a plateau, or not.

    A plateau is claimed only against a margin somebody declared: the 1 - 2 alpha interval then lies within it (two
    one-sided tests). A step that is merely not clear is no plateau, and the words say so.
    """
    low, high = float(runs.doses[-2]), float(runs.doses[-1])
    found = []
    for scale in scales:
        effect = _step(summaries, design, component, scale, (low, high), level)
        margin = (margins or {}).get(scale)
        finding = _plateau(effect, margin)
        if not effect.reason and margin is not None:
            inner = _step(summaries, design, component, scale, (low, high), 2.0 * level - 1.0)
            if inner.lower is not None and inner.upper is not None and -margin < inner.lower <= inner.upper < margin:
                finding = f"a plateau: the last step changes the outcome by less than the declared {margin:g}"
        words = "the two highest doses as two arms within strata: " + effect.method
        made = _of_effect(runs, Asked.LAST_STEP, effect, f"from {low:g} to {high:g}", words, level)
        found.append(replace(made, finding=f"cannot tell: {effect.reason}" if effect.reason else finding))
    return tuple(found)


def _plateau(effect: Effect, margin: float | None) -> str:
    if effect.lower is not None and effect.upper is not None and (effect.lower > 0.0 or effect.upper < 0.0):
        return f"still {'rising' if effect.lower > 0.0 else 'falling'} at the highest dose"
    told = "it is not shown to lie within the declared margin" if margin is not None else "no margin was declared"
    return f"the last step is not clear, which is not yet a plateau: {told}"


def _step(
    summaries: RunSummaries,
    design: Design,
    component: Component,
    scale: Scale,
    pair: tuple[float, float],
    level: float,
) -> Effect:
    level_of = {
        format(float(str(arm.level(component.id))), ".12g"): float(str(arm.level(component.id)))
        for arm in design.arms
        if arm.known
    }
    low, high = (level_of[format(dose, ".12g")] for dose in pair)
    contrast = switch(
        design, [component.id], name=component.id, reference={component.id: low}, treated={component.id: high}
    )
    effect = run_level_effect(summaries, contrast, scale, design, level=level)
    if design.pair or (cell_arrays(summaries, contrast).counts >= 2).all():
        return effect
    # An arm of one run is otherwise read off a regression that is linear in the dose: that is no step of its own.
    plain = scale is not Scale.LOG_ODDS and effect.treated is not None and effect.reference is not None
    return replace(
        effect,
        std_error=None,
        df=None,
        lower=None,
        upper=None,
        p_value=None,
        detectable=None,
        estimate=(effect.treated or 0.0) - (effect.reference or 0.0) if plain else None,
        scope="these models only, on these scenarios",
        method="described, not inferred: a dose of one run within a stratum",
        reason=effect.reason or "a dose of one run within a stratum has no spread of its own to judge a step by",
    )


def _distance(effect: Effect) -> float:
    return abs(effect.estimate or 0.0) / effect.std_error if effect.std_error else abs(effect.estimate or 0.0) * 1e-9


def _slope(runs: DoseRuns) -> float:
    centred = runs.dose - (np.bincount(runs.stratum, runs.dose) / np.bincount(runs.stratum))[runs.stratum]
    return float(centred @ runs.values)


def _of_effect(runs: DoseRuns, asked: Asked, effect: Effect, unit: str, words: str, level: float) -> DoseTest:
    return replace(
        _unasked(runs, asked, effect.reason, words, level),
        scale=effect.scale,
        unit=unit,
        estimate=effect.estimate,
        std_error=effect.std_error,
        df=effect.df,
        lower=effect.lower,
        upper=effect.upper,
        p_value=effect.p_value,
        detectable=effect.detectable,
        n_runs=effect.n_runs,
        scope=effect.scope,
    )


def _unasked(runs: DoseRuns, asked: Asked, reason: str, words: str, level: float) -> DoseTest:
    return DoseTest(
        runs.component, runs.outcome.name, asked, runs.scale, "", None, None, None, None, None, level, None, None, None,
        len(runs.run_ids), runs.doses.size, int(runs.stratum.max()) + 1, words, "these runs, on these scenarios",
        reason, f"cannot tell: {reason}" if reason else "", runs.left_out,
    )  # fmt: skip
