"""What was declared before looking: components, evals, baseline, claims and the seed, read from `study.toml`."""

from mixablate.study.claim_kinds import (
    AtLeastRatio,
    Claim,
    Declared,
    Equivalent,
    MatchesRate,
    Necessary,
    NoHarm,
    ReachesZero,
    Reduces,
    Scale,
    Stacks,
    Stronger,
    Sufficient,
    Synergy,
    Together,
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
    "MatchesRate",
    "Necessary",
    "NoHarm",
    "ReachesZero",
    "Reduces",
    "Scale",
    "Stacks",
    "Stronger",
    "Study",
    "Sufficient",
    "Synergy",
    "TablePaths",
    "Together",
    "load_study",
    "parse_study",
    "study_schema",
]
