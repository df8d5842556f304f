"""Figures that others reported: what a print stands for, what two of them show, and what a claim on them would need."""

from mixablate.estimate.reported.comparability import (
    Conflict,
    conflicting_reports,
    conflicts_frame,
    not_comparable,
)
from mixablate.estimate.reported.count_reconstruction import (
    CompatibleTrials,
    PossibleCounts,
    compatible_trials,
    possible_counts,
)
from mixablate.estimate.reported.implied_trials import ImpliedTrials, implied_trials
from mixablate.estimate.reported.reported_claim import ClaimedRegion, ReportedClaim
from mixablate.estimate.reported.reported_comparison import (
    ReportedComparison,
    comparisons_frame,
    reported_comparison,
    reported_zero,
    side_by_side,
)
from mixablate.estimate.reported.reported_contrast import (
    RateBounds,
    ReportedContrast,
    rate_bounds,
    reported_contrasts,
)
from mixablate.estimate.reported.reported_side import ReportedSide, Role, reported_side
from mixablate.estimate.reported.rounding import PossibleValues, possible_rates, possible_values
from mixablate.estimate.reported.run_variation import LogitSide, RunVariation, logit_side, run_variation
from mixablate.estimate.reported.trials_needed import TrialsNeeded, trials_needed

__all__ = [
    "ClaimedRegion",
    "CompatibleTrials",
    "Conflict",
    "ImpliedTrials",
    "LogitSide",
    "PossibleCounts",
    "PossibleValues",
    "RateBounds",
    "ReportedClaim",
    "ReportedComparison",
    "ReportedContrast",
    "ReportedSide",
    "Role",
    "RunVariation",
    "TrialsNeeded",
    "comparisons_frame",
    "compatible_trials",
    "conflicting_reports",
    "conflicts_frame",
    "implied_trials",
    "logit_side",
    "not_comparable",
    "possible_counts",
    "possible_rates",
    "possible_values",
    "rate_bounds",
    "reported_comparison",
    "reported_contrasts",
    "reported_side",
    "reported_zero",
    "run_variation",
    "side_by_side",
    "trials_needed",
]
