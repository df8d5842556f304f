"""Regression on the data mix: fractions that sum to one, so that no part rises unless another falls."""

from mixablate.estimate.mixtures.blends import (
    Blend,
    BlendModel,
    blend_columns,
    blend_names,
    blend_words,
)
from mixablate.estimate.mixtures.compositions import (
    alr,
    centre,
    closed,
    clr,
    ilr,
    pivot_basis,
    total_variance,
    without_zeros,
)
from mixablate.estimate.mixtures.cross_validation import (
    Candidate,
    best,
    candidates,
    folds_of,
    spearman,
)
from mixablate.estimate.mixtures.directions import (
    Change,
    MixReference,
    cox_change,
    cox_path,
    replacement,
)
from mixablate.estimate.mixtures.log_ratio_coefficients import (
    clr_coefficients,
    working_covariance,
)
from mixablate.estimate.mixtures.mean_levels import (
    MeanLevels,
    level_changes,
    levels_at,
    mean_levels,
    predicted_levels,
)
from mixablate.estimate.mixtures.mix_regression import (
    MixFit,
    MixRuns,
    design_rows,
    estimable,
    fit_mix,
    mix_contrasts,
    mixes_alone,
)
from mixablate.estimate.mixtures.mix_runs import (
    StudyMix,
    mix_of_study,
    runs_with,
)
from mixablate.estimate.mixtures.mix_tests import (
    ExtraSquares,
    equal_blending,
    extra_squares,
    lack_of_fit,
    mix_matters,
)
from mixablate.estimate.mixtures.mixture_analysis import (
    MixtureAnalysis,
    MixtureEffect,
    TracePoint,
    analyse_mixture,
    change_rows,
    changes_of,
)
from mixablate.estimate.mixtures.prediction import (
    MixPrediction,
    predict_mix,
)

__all__ = [
    "Blend",
    "BlendModel",
    "Candidate",
    "Change",
    "ExtraSquares",
    "MeanLevels",
    "MixFit",
    "MixPrediction",
    "MixReference",
    "MixRuns",
    "MixtureAnalysis",
    "MixtureEffect",
    "StudyMix",
    "TracePoint",
    "alr",
    "analyse_mixture",
    "best",
    "blend_columns",
    "blend_names",
    "blend_words",
    "candidates",
    "centre",
    "change_rows",
    "changes_of",
    "closed",
    "clr",
    "clr_coefficients",
    "cox_change",
    "cox_path",
    "design_rows",
    "equal_blending",
    "estimable",
    "extra_squares",
    "fit_mix",
    "folds_of",
    "ilr",
    "lack_of_fit",
    "level_changes",
    "levels_at",
    "mean_levels",
    "mix_contrasts",
    "mix_matters",
    "mix_of_study",
    "mixes_alone",
    "pivot_basis",
    "predict_mix",
    "predicted_levels",
    "replacement",
    "runs_with",
    "spearman",
    "total_variance",
    "without_zeros",
    "working_covariance",
]
