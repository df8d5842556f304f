"""Tables and a contrast in, an `Effect` out: run-level analysis, regression beside it, exact intervals."""

from mixablate.estimate.cells import CellArrays, cell_arrays, cell_moments, satterthwaite, studentised
from mixablate.estimate.detectable import detectable, power
from mixablate.estimate.effect import Effect, effects_frame
from mixablate.estimate.effects import method_words, run_level_effect, treated_counts, treated_rate_effect
from mixablate.estimate.evidence import Evidence, interval, limits, tail, two_sided_p
from mixablate.estimate.exact import (
    clopper_pearson,
    clustered_upper_bound,
    newcombe_difference,
    upper_bound,
    wilson,
)
from mixablate.estimate.logit import RateScale, rate_contrast, standardised_rates
from mixablate.estimate.region import FEWEST_RUNS, design_limit, outcome_limit, outside_region, runs_on_sides
from mixablate.estimate.regression import (
    OutcomeModel,
    fit_outcome,
    outside_regression_region,
    regression_effects,
    rows_at,
)
from mixablate.estimate.run_level import (
    complete_pairs,
    evidence_of,
    existence,
    existence_scale,
    paired_cells,
    scales_of,
    values_on,
)
from mixablate.estimate.single_runs import WithinRuns, within_runs
from mixablate.estimate.summaries import (
    Outcome,
    RunSummaries,
    keep_runs,
    outcome_of,
    push_missing,
    summarise,
)

__all__ = [
    "FEWEST_RUNS",
    "CellArrays",
    "Effect",
    "Evidence",
    "Outcome",
    "OutcomeModel",
    "RateScale",
    "RunSummaries",
    "WithinRuns",
    "cell_arrays",
    "cell_moments",
    "clopper_pearson",
    "clustered_upper_bound",
    "complete_pairs",
    "design_limit",
    "detectable",
    "effects_frame",
    "evidence_of",
    "existence",
    "existence_scale",
    "fit_outcome",
    "interval",
    "keep_runs",
    "limits",
    "method_words",
    "newcombe_difference",
    "outcome_limit",
    "outcome_of",
    "outside_region",
    "outside_regression_region",
    "paired_cells",
    "power",
    "push_missing",
    "rate_contrast",
    "regression_effects",
    "rows_at",
    "run_level_effect",
    "runs_on_sides",
    "satterthwaite",
    "scales_of",
    "standardised_rates",
    "studentised",
    "summarise",
    "tail",
    "treated_counts",
    "treated_rate_effect",
    "two_sided_p",
    "upper_bound",
    "values_on",
    "wilson",
    "within_runs",
]
