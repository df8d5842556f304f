"""What was declared before looking: components, evals, baseline, claims and the seed, read from `study.toml`."""

from mixablate.study.claim_kinds import (
    AtLeastRatio,
    Claim,
    Equivalent,
    NoHarm,
    ReachesZero,
    Reduces,
    Scale,
    Stronger,
)
from mixablate.study.declaration import Analysis, Component, ComponentType, Study, TablePaths
from mixablate.study.mixture import Mixture
from mixablate.study.printed_figure import PrintedFigure, Qualifier, parse_figure
from mixablate.study.read import load_study, parse_study, study_schema
from mixablate.study.reported import RATE, WORDS, IntervalKind, Reported

__all__ = [
    "RATE",
    "WORDS",
    "Analysis",
    "AtLeastRatio",
    "Claim",
    "Component",
    "ComponentType",
    "Equivalent",
    "IntervalKind",
    "Mixture",
    "NoHarm",
    "PrintedFigure",
    "Qualifier",
    "ReachesZero",
    "Reduces",
    "Reported",
    "Scale",
    "Stronger",
    "Study",
    "TablePaths",
    "load_study",
    "parse_figure",
    "parse_study",
    "study_schema",
]
