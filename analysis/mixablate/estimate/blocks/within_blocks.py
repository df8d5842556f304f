"""One contrast inside every block: the same comparison, from that block's runs alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mixablate.design import Contrast, Design, switch
from mixablate.estimate.runs.effect import Effect
from mixablate.estimate.runs.effects import run_level_effect
from mixablate.estimate.runs.evidence import Evidence
from mixablate.estimate.runs.run_level import complete_pairs, existence
from mixablate.estimate.runs.summaries import RunSummaries
from mixablate.study import Scale

__all__ = ["BlockDesign", "WithinBlock", "split_by_block", "within_blocks"]


@dataclass(frozen=True, slots=True)
class BlockDesign:
    """The part of a design that lies in one block: `label` as in the labels of its arms, and its arms."""

    label: str
    design: Design


@dataclass(frozen=True, slots=True)
class WithinBlock:
    """The effect of one contrast in one block.

    Attributes:
        block: the block's values, joined by ", ".
        effect: from the block's runs alone; where one side was not run, or the runs carry no interval, with the reason.
        tested: the same contrast on the scale on which existence is tested.
    """

    block: str
    effect: Effect
    tested: Evidence

    @property
    def pools(self) -> bool:
        """Whether the effect has an interval over runs, and so can be pooled."""
        return self.effect.supported and self.effect.std_error is not None and self.effect.std_error > 0.0


def split_by_block(design: Design) -> tuple[BlockDesign, ...]:
    """The design of every block, sorted by the blocks' values; empty where no block is declared.

    A run has one value in each block column, so that no two blocks share a run or a control.
    """
    if not design.block:
        return ()
    values = sorted({arm.block for arm in design.arms})
    return tuple(
        BlockDesign(", ".join(value), replace(design, arms=tuple(arm for arm in design.arms if arm.block == value)))
        for value in values
    )


def within_blocks(
    summaries: RunSummaries, components: Contrast, scale: Scale, blocks: tuple[BlockDesign, ...], *, level: float
) -> tuple[WithinBlock, ...]:
    """The effect of switching the contrast's components in each block, averaged over strata inside the block.

    Paired runs are compared within the pairs of the block; pairs of the same name in two blocks are two pairs.
    """
    found = []
    for block in blocks:
        contrast = switch(block.design, components.components, name=components.name)
        effect = run_level_effect(summaries, contrast, scale, block.design, level=level)
        whole = complete_pairs(summaries, block.design, [arm_id for arm_id, _ in contrast.coefficients])
        found.append(WithinBlock(block.label, effect, existence(whole, contrast, block.design)))
    return tuple(found)
