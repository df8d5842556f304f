"""Figures that others reported: what a print stands for, what two of them show, and what a claim on them would need."""

from mixablate.estimate.reported.comparability import (
    Conflict,
    conflicting_reports,
    conflicts_frame,
    not_comparable,
    share_a_value,
)
from mixablate.estimate.reported.count_reconstruction import (
    CompatibleTrials,
    PossibleCounts,
    compatible_trials,
    possible_counts,
)
from mixablate.estimate.reported.drop_per_amount import DropPerAmount, drop_per_amount
from mixablate.estimate.reported.implied_trials import ImpliedTrials, implied_trials
from mixablate.estimate.reported.over_runs import OverRuns, RunSpread, over_runs, run_spread
from mixablate.estimate.reported.quotable import (
    about,
    contrast_sentence,
    needed_sentences,
    print_sentences,
    tipping_sentence,
)
from mixablate.estimate.reported.reported_claim import ClaimedRegion, ReportedClaim
from mixablate.estimate.reported.reported_comparison import (
    ReportedComparison,
    comparisons_frame,
    reported_comparison,
    reported_zero,
    side_by_side,
)
from mixablate.estimate.reported.reported_contrast import (
    INDEPENDENT,
    RateBounds,
    ReportedContrast,
    rate_bounds,
    reported_contrasts,
)
from mixablate.estimate.reported.reported_side import ReportedSide, Role, reported_side
from mixablate.estimate.reported.rollout_tails import rollout_tails
from mixablate.estimate.reported.rounding import PossibleValues, possible_rates, possible_values
from mixablate.estimate.reported.run_variation import (
    TYPICAL_RUN_SDS,
    LogitSide,
    RunVariation,
    logit_side,
    run_variation,
)
from mixablate.estimate.reported.trials_needed import TrialsNeeded, trials_needed

__all__ = [
    "INDEPENDENT",
    "TYPICAL_RUN_SDS",
    "ClaimedRegion",
    "CompatibleTrials",
    "Conflict",
    "DropPerAmount",
    "ImpliedTrials",
    "LogitSide",
    "OverRuns",
    "PossibleCounts",
    "PossibleValues",
    "RateBounds",
    "ReportedClaim",
    "ReportedComparison",
    "ReportedContrast",
    "ReportedSide",
    "Role",
    "RunSpread",
    "RunVariation",
    "TrialsNeeded",
    "about",
    "comparisons_frame",
    "compatible_trials",
    "conflicting_reports",
    "conflicts_frame",
    "contrast_sentence",
    "drop_per_amount",
    "implied_trials",
    "logit_side",
    "needed_sentences",
    "not_comparable",
    "over_runs",
    "possible_counts",
    "possible_rates",
    "possible_values",
    "print_sentences",
    "rate_bounds",
    "reported_comparison",
    "reported_contrasts",
    "reported_side",
    "reported_zero",
    "rollout_tails",
    "run_spread",
    "run_variation",
    "share_a_value",
    "side_by_side",
    "tipping_sentence",
    "trials_needed",
]
