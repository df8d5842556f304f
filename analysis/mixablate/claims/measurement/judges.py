"""What the outcomes of another judge, or of another metric, say of a claim."""

from __future__ import annotations

import numpy as np

from mixablate.claims.case import Case
from mixablate.claims.deciding import decide
from mixablate.claims.kinds import cases_of, kind_of
from mixablate.claims.measurement.measured import JudgeChecked
from mixablate.design import Design
from mixablate.errors import ClaimError
from mixablate.study import Claim, Study
from mixablate.tables import Tables, other_choices, with_choice

__all__ = ["other_judges", "primary_says"]


def primary_says(cases: tuple[Case, ...], design: Design, alpha: float) -> str:
    """What the primary says of a claim, unadjusted: "supported", "contradicted", "undecided" or "untestable"."""
    for case in cases:
        if kind_of(case.claim).refusal(case, design)[0]:
            return "untestable"
    found = [kind_of(case.claim).standing(case, design) for case in cases]
    support = float(np.max([one.p_support for one in found]))  # NaN supports nothing
    contradict = len(found) * min(one.p_contradict for one in found)
    return str(decide(support, contradict, None, alpha, agrees=True))


def other_judges(
    claim: Claim, evals: tuple[str, ...], says: str, study: Study, tables: Tables, design: Design
) -> tuple[JudgeChecked, ...]:
    """What the primary says of the outcomes of every other judge, then of every other metric, of the claim's evals."""
    found = []
    alpha = 1.0 - study.analysis.level
    for key in ("judge", "metric"):
        for name in other_choices(tables, key, evals):
            other = with_choice(study, tables, key, name)
            if other is None:
                continue
            try:
                cases = cases_of(claim, other, design)
            except ClaimError:
                continue  # it scored none of the evals, or not all of them
            effect = kind_of(claim).effect(cases[0], design, study.analysis.level)
            theirs = primary_says(cases, design, alpha)
            found.append(
                JudgeChecked(
                    f"another {key}", name, theirs, theirs == says, effect.estimate, effect.lower, effect.upper
                )
            )
    return tuple(found)
