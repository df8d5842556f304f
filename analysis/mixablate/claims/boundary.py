"""The primary: where the run-level evidence stands relative to a claimed region."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq

from mixablate.claims.cases import Case
from mixablate.design import Contrast, Design
from mixablate.estimate import (
    FEWEST_RUNS,
    Evidence,
    RunSummaries,
    cell_arrays,
    clustered_upper_bound,
    design_limit,
    evidence_of,
    existence,
    outcome_limit,
    tail,
    treated_counts,
)
from mixablate.study import ReachesZero, Scale

__all__ = ["Standing", "judged_evidence", "refusal", "standing", "treated_only"]


@dataclass(frozen=True, slots=True)
class Standing:
    """The evidence relative to the region.

    Attributes:
        estimate: in the unit of the region.
        p_support: one-sided p of "outside the region": small where the interval lies inside.
        p_contradict: one-sided p of "inside the region".
        p_equivalent: of "the change exceeds the margin"; None without a margin.
    """

    estimate: float
    p_support: float
    p_contradict: float
    p_equivalent: float | None = None


def judged_evidence(case: Case, summaries: RunSummaries, design: Design) -> Evidence:
    """The evidence the region is compared with: the existence test's where the region begins at no effect."""
    if case.region.at_no_effect:
        return existence(summaries, case.contrast, design)
    return evidence_of(summaries, case.contrast, case.claim.scale, design)


def refusal(case: Case, design: Design) -> tuple[str, bool]:
    """Why the claim cannot be tested, and whether that is the design's fault; ("", False) if it can."""
    contrast = case.contrast
    if contrast.reason:
        return contrast.reason, True
    if case.confounded:
        return case.confounded, True
    if isinstance(case.claim, ReachesZero):
        runs = _treated_runs(case.summaries, contrast)
        few = f"{runs} treated run(s); at least {FEWEST_RUNS} are needed for a bound over runs"
        return (few, True) if runs < FEWEST_RUNS else ("", False)
    evidence = evidence_of(case.summaries, contrast, case.claim.scale, design)
    by_design = design_limit(evidence, case.summaries, contrast)
    if by_design:
        return by_design, True
    return outcome_limit(evidence, case.summaries, contrast) or _margin_refused(case, evidence), False


def _margin_refused(case: Case, evidence: Evidence) -> str:
    margin = getattr(case.claim, "margin", None)
    rate = min(evidence.reference, 1.0 - evidence.reference)
    if margin is None or case.claim.scale is not Scale.RISK_DIFFERENCE or margin < rate / 2.0:
        return ""
    return (
        f"margin refused: {margin:g} is half the reference rate or more (reference {evidence.reference:.3f}, counted "
        "from the nearer of 0 and 1), so that almost any change would pass"
    )


def standing(case: Case, summaries: RunSummaries, design: Design) -> Standing:
    """Where these summaries' evidence stands; NaN p-values where they carry no standard error."""
    if isinstance(case.claim, ReachesZero):
        return _against_zero(case, summaries, design)
    evidence = judged_evidence(case, summaries, design)
    if evidence.reason:
        return Standing(evidence.estimate, math.nan, math.nan)
    ends = [(0.0 if case.region.at_no_effect else value, below) for value, below in case.region.boundaries]
    support = max(tail(evidence, value, below=below) for value, below in ends)
    contradict = min(tail(evidence, value, below=not below) for value, below in ends)
    return Standing(evidence.estimate, support, contradict, _equivalence(case, summaries, design))


def treated_only(contrast: Contrast) -> Contrast:
    """The treated side alone: coefficients that sum to 1, so that the estimate is its mean rate."""
    return replace(contrast, coefficients=tuple((a, c) for a, c in contrast.coefficients if c > 0), strata=())


def _equivalence(case: Case, summaries: RunSummaries, design: Design) -> float | None:
    margin = getattr(case.claim, "margin", None)
    if margin is None or case.claim.kind not in ("reduces", "stronger"):
        return None
    evidence = evidence_of(summaries, case.contrast, case.claim.scale, design)
    if evidence.reason:
        return None
    low = 1.0 / margin if case.claim.scale is Scale.RISK_RATIO else -margin
    return max(tail(evidence, margin, below=True), tail(evidence, low, below=False))


def _treated_runs(summaries: RunSummaries, contrast: Contrast) -> int:
    cells = cell_arrays(summaries, treated_only(contrast))
    return int(cells.counts.sum()) if (cells.counts > 0).all() else 0


def _against_zero(case: Case, summaries: RunSummaries, design: Design) -> Standing:
    """`reaches_zero`: supported by the clustered one-sided bound at 1 - alpha, contradicted by the rate's own interval.

    The bound is one-sided at alpha where every other p here is one-sided at alpha/2; its p is halved so that one
    threshold and one family serve all (design.md section 6.9).
    """
    events, trials = treated_counts(summaries, case.contrast)
    bound = case.region.upper

    def gap(level: float) -> float:
        return clustered_upper_bound(events, trials, level) - bound

    lowest, highest = 0.51, 1.0 - 1e-9  # the clustered bound is defined above one half
    if gap(highest) <= 0.0:
        p_bound = 1.0 - highest
    elif gap(lowest) >= 0.0:
        p_bound = 1.0
    else:
        p_bound = 1.0 - float(brentq(gap, lowest, highest, xtol=1e-12))
    rate = float(np.sum(events) / np.sum(trials))
    these = replace(design, scenarios="fixed")  # a rate is bounded on these scenarios, and its scope says so
    alone = evidence_of(summaries, treated_only(case.contrast), Scale.RISK_DIFFERENCE, these)
    above = 1.0 if alone.reason or rate <= bound else tail(alone, bound, below=False)
    return Standing(rate, p_bound / 2.0, above)
