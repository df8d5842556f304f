"""Effects within blocks (experiments, base models, labs), and how far they carry over to another."""

from mixablate.estimate.blocks.over_blocks import (
    Against,
    EffectOverBlocks,
    Heterogeneity,
    effect_over_blocks,
    further_block,
)
from mixablate.estimate.blocks.within_blocks import (
    WithinBlock,
    split_by_block,
    within_blocks,
)

__all__ = [
    "Against",
    "EffectOverBlocks",
    "Heterogeneity",
    "WithinBlock",
    "effect_over_blocks",
    "further_block",
    "split_by_block",
    "within_blocks",
]
