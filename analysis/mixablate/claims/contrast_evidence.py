"""The primary for contrasts of arms: whether the runs carry it, and where their evidence stands."""

from __future__ import annotations

import math

from mixablate.claims.case import Case, Standing
from mixablate.claims.regions import within_margin
from mixablate.design import Design
from mixablate.estimate import Evidence, design_limit, evidence_of, existence, outcome_limit, tail
from mixablate.study import Scale

__all__ = [
    "contrast_refusal",
    "contrast_standing",
    "design_refusal",
    "judged_evidence",
    "refused_margin",
    "standing_in",
]


def judged_evidence(case: Case, design: Design) -> Evidence:
    """The evidence the region is compared with: the existence test's where the region begins at no effect."""
    if case.region.at_no_effect:
        return existence(case.summaries, case.contrast, design)
    return evidence_of(case.summaries, case.contrast, case.scale, design)


def contrast_refusal(case: Case, design: Design) -> tuple[str, bool]:
    """Why the claim cannot be tested, and whether that is the design's fault; ("", False) if it can."""
    refused = design_refusal(case)
    if refused:
        return refused, True
    evidence = evidence_of(case.summaries, case.contrast, case.scale, design)
    by_design = design_limit(evidence, case.summaries, case.contrast)
    if by_design:
        return by_design, True
    return outcome_limit(evidence, case.summaries, case.contrast) or _margin_refused(case, evidence), False


def design_refusal(case: Case) -> str:
    """Why no runs of this design could test the claim; empty where they could."""
    return case.contrast.reason or case.confounded


def contrast_standing(case: Case, design: Design) -> Standing:
    """Where the runs' evidence stands; NaN p-values where they carry no standard error."""
    evidence = judged_evidence(case, design)
    if evidence.reason:
        return Standing(evidence.estimate, math.nan, math.nan)
    shown = evidence if not case.region.at_no_effect else evidence_of(case.summaries, case.contrast, case.scale, design)
    return standing_in(case, evidence, shown)


def standing_in(case: Case, evidence: Evidence, shown: Evidence) -> Standing:
    """Where evidence stands relative to the case's region, and `shown`, on the case's scale, to its margin."""
    ends = [(0.0 if case.region.at_no_effect else value, below) for value, below in case.region.boundaries]
    support = max(tail(evidence, value, below=below) for value, below in ends)
    contradict = min(tail(evidence, value, below=not below) for value, below in ends)
    return Standing(evidence.estimate, support, contradict, _equivalence(case, shown))


def _equivalence(case: Case, evidence: Evidence) -> float | None:
    if case.margin is None or not case.difference or evidence.reason:
        return None
    low, high = within_margin(case.margin, case.scale)
    return max(tail(evidence, high, below=True), tail(evidence, low, below=False))


def _margin_refused(case: Case, evidence: Evidence) -> str:
    return refused_margin(case, evidence.reference, "reference", "change")


def refused_margin(case: Case, rate: float, side: str, passes: str) -> str:
    """Why the margin is too wide for this rate of the `side` named, with the widest that is not; empty where it is not.

    What would pass is named for people by `passes`. Only margins of differences of rates are refused.
    """
    if case.margin is None or case.scale is not Scale.RISK_DIFFERENCE:
        return ""
    widest = min(rate, 1.0 - rate) / 2.0
    if case.margin < widest:
        return ""
    return (
        f"margin refused: {case.margin:g} is half the reference rate or more ({side} {rate:.3f}, counted from the "
        f"nearer of 0 and 1), so that almost any {passes} would pass; a margin below {widest:.3g} would be taken"
    )
