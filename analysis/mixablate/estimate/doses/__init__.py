"""Outcomes against amounts: dose-response curves and their shape, and diversity features beside the token count."""

from mixablate.estimate.doses.curves import (
    DoseCurve,
    dose_curves,
    shown_values,
)
from mixablate.estimate.doses.dose_runs import (
    DoseRuns,
    dose_components,
    dose_runs,
)
from mixablate.estimate.doses.dose_terms import (
    DoseTerms,
    Shape,
    dose_terms,
)
from mixablate.estimate.doses.features import (
    FeatureEffect,
    Given,
    feature_columns,
    feature_effects,
    size_terms,
)
from mixablate.estimate.doses.isotonic import (
    isotonic_effects,
    isotonic_rows,
    pool_adjacent_violators,
)
from mixablate.estimate.doses.shape_tests import (
    Asked,
    DoseTest,
    departure_from_linearity,
    trend,
    trend_coefficients,
)
from mixablate.estimate.doses.steps import (
    last_step,
    step_against,
)

__all__ = [
    "Asked",
    "DoseCurve",
    "DoseRuns",
    "DoseTerms",
    "DoseTest",
    "FeatureEffect",
    "Given",
    "Shape",
    "departure_from_linearity",
    "dose_components",
    "dose_curves",
    "dose_runs",
    "dose_terms",
    "feature_columns",
    "feature_effects",
    "isotonic_effects",
    "isotonic_rows",
    "last_step",
    "pool_adjacent_violators",
    "shown_values",
    "size_terms",
    "step_against",
    "trend",
    "trend_coefficients",
]
