"""A claim's estimate as a function of what its missing rollouts were."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from mixablate.claims.case import Case
from mixablate.claims.kinds import kind_of
from mixablate.design import Design
from mixablate.estimate import Effect, scored_rate, sides_of
from mixablate.tables import OutcomeKind

__all__ = ["MISSING_COLUMNS", "missing_curves", "no_curves"]

STEPS = 4  # between none and all of a side's missing rollouts being events: differences move along a straight line
MISSING_COLUMNS = (
    "claim", "text", "outcome", "scale", "side", "n_missing", "scored_rate", "share", "estimate", "lower", "upper",
    "level", "region_lower", "region_upper",
)  # fmt: skip


def no_curves() -> pd.DataFrame:
    """The frame without a row."""
    return pd.DataFrame(columns=list(MISSING_COLUMNS))


def missing_curves(cases: Iterable[Case], design: Design, level: float) -> pd.DataFrame:
    """Per claim, outcome and side with missing rollouts: the effect for each share of them that were events.

    The other side's missing rollouts stay out. `share` NaN is the effect as found, with both sides' left out;
    `scored_rate` the side's rate among its scored rollouts: where the missing are like the scored, that is their share.
    Claims on scores, and on numbers made of several outcomes of a run, have no such curve. The tipping share of a
    verdict (`Verdict.reason`) is where its curve leaves the region.

    Source: the delta-adjusted or "tipping point" analysis of Yan, Lee & Li (2009), Drug Inf. J. 43, 589.

    Args:
        cases: what each claim asks of the tables (`cases_of`), in declaration order.
        design: of the study.
        level: of the intervals.
    """
    rows = []
    for case in cases:
        if _has_curve(case) and not kind_of(case.claim).refusal(case, design)[0]:
            rows += list(_of_case(case, design, level))
    return pd.DataFrame(rows, columns=list(MISSING_COLUMNS)) if rows else no_curves()


def _has_curve(case: Case) -> bool:
    return not case.parts and case.summaries.outcome.kind is OutcomeKind.EVENTS and bool(case.summaries.missing.any())


def _of_case(case: Case, design: Design, level: float) -> Iterator[dict[str, object]]:
    kind = kind_of(case.claim)
    region = {"region_lower": case.region.lower, "region_upper": case.region.upper}
    for side, arms in sides_of(case.contrast).items():
        missing = case.summaries.missing[[arm_id in arms for arm_id in case.summaries.arm_ids]].sum()
        if not missing:
            continue
        named = {
            "claim": case.claim.id,
            "text": case.claim.text,
            "outcome": case.summaries.outcome.name,
            "scale": str(case.unit),
            "side": str(side),
            "n_missing": int(missing),
            "scored_rate": scored_rate(case.summaries, arms),
            "level": level,
        }
        yield named | region | {"share": math.nan} | _numbers(kind.effect(case, design, level))
        for share in np.linspace(0.0, 1.0, STEPS + 1).tolist():
            found = kind.effect(kind.scored(case, dict.fromkeys(arms, share)), design, level)
            yield named | region | {"share": share} | _numbers(found)


def _numbers(effect: Effect) -> dict[str, object]:
    return {"estimate": effect.estimate, "lower": effect.lower, "upper": effect.upper}
