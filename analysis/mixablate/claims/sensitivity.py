"""How easily a verdict flips: one run left out, or the missing rollouts scored the other way."""

from __future__ import annotations

import math

from mixablate.claims.boundary import Standing, standing
from mixablate.claims.cases import Case
from mixablate.claims.verdict import Status
from mixablate.design import Design
from mixablate.estimate import keep_runs, push_missing
from mixablate.study import ReachesZero

__all__ = ["fragile_runs", "missing_matters"]


def fragile_runs(cases: tuple[Case, ...], status: Status, design: Design, alpha: float) -> tuple[str, ...]:
    """Runs without which the estimate leaves its side of the region or p exceeds 2 alpha, ignoring the region gate.

    p here is one-sided, so that 2 alpha two-sided is alpha. A run without which an arm has no spread left to learn from
    is judged by the estimate alone.
    """
    found = set()
    for case in cases:
        arms = {arm_id for arm_id, _ in case.contrast.coefficients}
        for run_id, arm_id in zip(case.summaries.run_ids, case.summaries.arm_ids, strict=True):
            if arm_id in arms:
                keep = [other != run_id for other in case.summaries.run_ids]
                without = standing(case, keep_runs(case.summaries, keep), design)
                if _flips(case, without, status, alpha):
                    found.add(run_id)
    return tuple(sorted(found))


def missing_matters(cases: tuple[Case, ...], design: Design, alpha: float) -> bool:
    """Whether scoring every missing rollout against the claim, or for it, changes what the primary says unadjusted."""
    for case in cases:
        if not case.summaries.missing.any():
            continue
        sides = [frozenset(a for a, c in case.contrast.coefficients if c * sign > 0) for sign in (-1.0, 1.0)]
        as_found = _says(standing(case, case.summaries, design), alpha)
        for side in sides:
            if _says(standing(case, push_missing(case.summaries, side), design), alpha) != as_found:
                return True
    return False


def _flips(case: Case, without: Standing, status: Status, alpha: float) -> bool:
    supported = status is Status.SUPPORTED
    inside = case.region.holds(without.estimate)
    if case.region.at_no_effect:
        _, below = case.region.boundaries[0]
        inside = without.estimate < 0.0 if below else without.estimate > 0.0
    if inside != supported and not isinstance(case.claim, ReachesZero):
        return True
    p = without.p_support if supported else without.p_contradict
    return not math.isnan(p) and p > alpha


def _says(found: Standing, alpha: float) -> str:
    if found.p_support <= alpha / 2.0:
        return "supported"
    return "contradicted" if found.p_contradict <= alpha / 2.0 else "undecided"
