"""What was declared before looking: components, evals, baseline, claims and the seed, read from `study.toml`."""

from mixablate.study.claim_kinds import (
    AtLeastRatio,
    Claim,
    Declared,
    Equivalent,
    NoHarm,
    ReachesZero,
    Reduces,
    Scale,
    Stronger,
)
from mixablate.study.declaration import Analysis, Component, ComponentType, Study, TablePaths
from mixablate.study.read import load_study, parse_study, study_schema

__all__ = [
    "Analysis",
    "AtLeastRatio",
    "Claim",
    "Component",
    "ComponentType",
    "Declared",
    "Equivalent",
    "NoHarm",
    "ReachesZero",
    "Reduces",
    "Scale",
    "Stronger",
    "Study",
    "TablePaths",
    "load_study",
    "parse_study",
    "study_schema",
]
