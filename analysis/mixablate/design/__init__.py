"""Arms, strata, and which contrasts these runs can estimate."""

from mixablate.design.arms import Arm, Design, design_of
from mixablate.design.contrasts import Contrast, difference_of, switch
from mixablate.design.estimable import SIDES_MUST_SHARE, Estimability, alias_sentences, confounds, estimability
from mixablate.design.interactions import CORNERS, Interaction, interaction
from mixablate.design.matrix import ModelMatrix, model_matrix

__all__ = [
    "CORNERS",
    "SIDES_MUST_SHARE",
    "Arm",
    "Contrast",
    "Design",
    "Estimability",
    "Interaction",
    "ModelMatrix",
    "alias_sentences",
    "confounds",
    "design_of",
    "difference_of",
    "estimability",
    "interaction",
    "model_matrix",
    "switch",
]
