"""Arms, strata, and which contrasts these runs can estimate."""

from mixablate.design.additions import (
    AddedArm,
    Additions,
    Switch,
    addition_sentences,
    smallest_additions,
    switch_of,
    with_arms,
)
from mixablate.design.aliases import Alias, aliases, interaction_aliases
from mixablate.design.arms import Arm, Design, design_of
from mixablate.design.audit import (
    MOST_ALIKE,
    ContrastAudit,
    DesignAudit,
    StratumRuns,
    answer_word,
    audit_contrasts,
    audit_design,
    audit_sentences,
    remarks,
)
from mixablate.design.closeness import Closeness, closeness, near_confounds
from mixablate.design.confounds import SIDES_MUST_SHARE, Confound, ConfoundKind, confounds
from mixablate.design.contrasts import Contrast, difference_of, strata_in_words, switch, weighted_coefficients
from mixablate.design.estimable import Estimability, alias_sentences, estimability
from mixablate.design.interactions import CORNERS, Interaction, interaction, interaction_switches
from mixablate.design.leverage import HIGH_LEVERAGE, run_leverage
from mixablate.design.matrix import ModelMatrix, model_matrix
from mixablate.design.stages import mixed_stages
from mixablate.design.together import inseparable_groups

__all__ = [
    "CORNERS",
    "HIGH_LEVERAGE",
    "MOST_ALIKE",
    "SIDES_MUST_SHARE",
    "AddedArm",
    "Additions",
    "Alias",
    "Arm",
    "Closeness",
    "Confound",
    "ConfoundKind",
    "Contrast",
    "ContrastAudit",
    "Design",
    "DesignAudit",
    "Estimability",
    "Interaction",
    "ModelMatrix",
    "StratumRuns",
    "Switch",
    "addition_sentences",
    "alias_sentences",
    "aliases",
    "answer_word",
    "audit_contrasts",
    "audit_design",
    "audit_sentences",
    "closeness",
    "confounds",
    "design_of",
    "difference_of",
    "estimability",
    "inseparable_groups",
    "interaction",
    "interaction_aliases",
    "interaction_switches",
    "mixed_stages",
    "model_matrix",
    "near_confounds",
    "remarks",
    "run_leverage",
    "smallest_additions",
    "strata_in_words",
    "switch",
    "switch_of",
    "weighted_coefficients",
    "with_arms",
]
