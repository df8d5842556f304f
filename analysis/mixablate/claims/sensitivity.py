"""How easily a verdict flips: the missing rollouts scored the other way."""

from __future__ import annotations

from collections.abc import Mapping

from mixablate.claims.case import Case, Standing
from mixablate.claims.deciding import decide
from mixablate.claims.kinds import kind_of
from mixablate.claims.measurement.missing import scored_towards
from mixablate.claims.verdict import Status
from mixablate.design import Design
from mixablate.estimate import RunSummaries, scored_rate, sides_of, tipping_share

__all__ = ["missing_matters", "tipping_words"]

TRIED = 50  # shares of a side's missing rollouts between 0 and 1


def missing_matters(cases: tuple[Case, ...], design: Design, alpha: float) -> bool:
    """Whether scoring every missing rollout against the claim, or for it, changes what the primary says unadjusted.

    A run without any scored rollout has left the contrast, so that nothing can be scored either way: it matters.
    """
    arm_of = design.arm_of_runs()
    for case in cases:
        asked = {arm_id for arm_id, _ in case.contrast.coefficients}
        observed = _observed(case)
        if any(arm_of[run_id] in asked for part in observed for run_id in part.unscored):
            return True
        if not any(part.missing.any() for part in observed):
            continue
        as_found = _says(kind_of(case.claim).standing(case, design), alpha)
        for treated in (True, False):
            pushed = scored_towards(case, treated=treated)
            if _says(kind_of(case.claim).standing(pushed, design), alpha) != as_found:
                return True
    return False


def tipping_words(cases: tuple[Case, ...], design: Design, alpha: float) -> str:
    """From which share of events among one side's missing rollouts on the primary would say otherwise, unadjusted.

    The other side's stay out. Empty where no share of one side alone does that, and for numbers that are made of
    several outcomes of a run.
    """
    found = []
    for case in cases:
        if case.parts:
            continue
        as_found = _says(kind_of(case.claim).standing(case, design), alpha)
        for side, arms in sides_of(case.contrast).items():
            if not case.summaries.missing[[arm_id in arms for arm_id in case.summaries.arm_ids]].any():
                continue

            def says(share: float, case: Case = case, arms: frozenset[str] = arms) -> Status:
                return _scored_says(case, dict.fromkeys(arms, share), design, alpha)

            scored = scored_rate(case.summaries, arms)
            share = tipping_share(says, as_found, scored, TRIED)
            if share is not None:
                where = f" in {case.summaries.outcome.name}" if len(cases) > 1 else ""
                of_scored = f"as of its scored ones, {scored:.1%}" if share == scored else f"{scored:.1%} of its scored"
                found.append(f"{share:.1%} of the {side} side's{where} were events ({of_scored})")
    words = "The missing rollouts could change this: it would be judged otherwise if "
    return words + ", or ".join(found) if found else ""


def _observed(case: Case) -> tuple[RunSummaries, ...]:
    return case.parts or (case.summaries,)


def _scored_says(case: Case, shares: Mapping[str, float], design: Design, alpha: float) -> Status:
    kind = kind_of(case.claim)
    return _says(kind.standing(kind.scored(case, shares), design), alpha)


def _says(found: Standing, alpha: float) -> Status:
    return decide(found.p_support, found.p_contradict, None, alpha, agrees=True)
