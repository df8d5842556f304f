"""The sentences of a verdict: why this status, and what would settle it."""

from __future__ import annotations

from collections.abc import Sequence

from mixablate.claims.asked import Asked
from mixablate.claims.case import Case
from mixablate.claims.deciding import Decision
from mixablate.claims.kinds import kind_of
from mixablate.claims.numbers_in_words import change, p_words, span
from mixablate.claims.verdict import Status
from mixablate.errors import sentence_case
from mixablate.estimate import FEWEST_RUNS, Effect
from mixablate.estimate.runs.region import pairs_of
from mixablate.study import Scale

__all__ = ["reason_words", "settling_words", "testable_words", "untestable_words"]


def reason_words(asked: Asked, effects: Sequence[Effect], decision: Decision, alpha: float) -> str:
    """One or two sentences: the estimate, where it lies relative to the region, and who decided."""
    cases, kind = asked.cases, kind_of(asked.claim)
    shown = "; ".join(
        (f"{case.summaries.outcome.name}: " if len(cases) > 1 else "") + kind.states(case, effect)
        for case, effect in zip(cases, effects, strict=True)
    )
    region = asked.region
    threshold = f"adjusted one-sided {p_words(decision.p_adjusted)}, needed {alpha / 2:g}"
    if decision.status is Status.SUPPORTED:
        sentence = f"{shown}. It lies inside the claimed region ({region}; {threshold})"
    elif decision.status is Status.CONTRADICTED:
        sentence = f"{shown}. It lies outside the claimed region ({region}; {threshold})"
    elif decision.status is Status.EQUIVALENT:
        sentence = f"{shown}. No difference beyond the margin: the {1 - 2 * alpha:.0%} interval lies within it"
    elif decision.leaning is not Status.UNDECIDED:
        against = next(o for o in decision.opinions if o.agrees is False)
        p_value = p_words(against.p_value) if against.p_value is not None else "no p"
        sentence = (
            f"{shown}. The primary says {decision.leaning} ({threshold}), the second opinion does not "
            f"({against.method}: {p_value})"
        )
    else:
        sentence = f"{shown}. The runs do not settle whether it lies in the claimed region ({region}; {threshold})"
    if decision.status in (Status.SUPPORTED, Status.CONTRADICTED) and any(
        _includes_no_effect(c, e) for c, e in zip(cases, effects, strict=True)
    ):
        sentence += (
            ". The effect is tested on the per-run log-odds, and found there; the interval shown, on another scale, "
            "includes no effect"
        )
    abstained = next((o.note for o in decision.opinions if o.abstains and o.note), "")
    return sentence + (f". The second opinion {abstained}" if abstained else "")


def _includes_no_effect(case: Case, effect: Effect) -> bool:
    if not case.region.at_no_effect or effect.lower is None or effect.upper is None:
        return False
    return effect.lower <= (1.0 if effect.scale is Scale.RISK_RATIO else 0.0) <= effect.upper


def untestable_words(refused: str, effects: Sequence[Effect]) -> str:
    """Why a claim cannot be tested, with what these very models show where there is a run on each side."""
    sentence = sentence_case(refused)
    shown = [
        _between_models(effect)
        for effect in effects
        if effect.tipping_sd is not None or effect.within_lower is not None
    ]
    return ". ".join([sentence, *shown])


def _between_models(effect: Effect) -> str:
    words = f"Between these models: {change(effect.estimate, effect.scale)}" if effect.estimate is not None else "Here"
    if effect.within_lower is not None and effect.within_upper is not None:
        within = span(effect.within_lower, effect.within_upper, effect.scale)
        words += f" ({effect.level:.0%} interval within these runs {within})"
    if effect.tipping_sd is not None:
        words += f"; it would stand only if run-to-run SD were below {effect.tipping_sd:.2f} on the logit"
    elif (
        effect.within_lower is not None
        and effect.within_upper is not None
        and effect.within_lower <= 0.0 <= effect.within_upper
    ):
        words += "; rollout noise alone could explain it"
    return words


def settling_words(asked: Asked, effects: Sequence[Effect], status: Status, alpha: float) -> str:
    """What would decide an undecided claim; empty for any other."""
    if status is not Status.UNDECIDED:
        return ""
    weakest = max(range(len(effects)), key=lambda i: asked.standings[i].p_support)
    return kind_of(asked.claim).settles(asked.cases[weakest], effects[weakest], alpha)


def testable_words(case: Case, effect: Effect, *, by_design: bool) -> str:
    """What would make an untestable claim testable."""
    if case.contrast.needed:
        return case.contrast.needed
    if case.confounded:
        return "runs of both sides that share it, all else equal"
    if by_design and case.needed:
        return case.needed
    if by_design:
        if not any(case.summaries.pairs):
            return f"at least {FEWEST_RUNS} training runs on each side"
        held = pairs_of(case.summaries, case.contrast)
        how = f". {held.remedy}" if held.within_strata and held.fullest < held.n_arms else ""
        return f"at least {FEWEST_RUNS} complete pairs{how}"
    if case.margin is not None and effect.lower is not None:
        return "a smaller margin, declared before looking"
    return "outcomes with more events a run (more rollouts, or a harder eval)"
