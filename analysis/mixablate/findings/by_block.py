"""Every component's effect block by block, pooled over blocks, and where it would lie in a new one: as one frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from mixablate.design import Contrast, Design
from mixablate.estimate import (
    Effect,
    RunSummaries,
    scales_of,
)
from mixablate.estimate.blocks import (
    EffectOverBlocks,
    effect_over_blocks,
)

__all__ = ["BLOCK_COLUMNS", "block_effects", "no_blocks"]

BLOCK_COLUMNS = (
    "outcome", "contrast", "scale", "block", "kind", "estimate", "std_error", "df", "lower", "upper",
    "level", "p_value", "n_treated", "n_reference", "n_runs", "n_blocks", "weight", "against", "tau", "tau_lower",
    "tau_upper", "i2", "q", "q_df", "q_p", "reason", "method", "notes",
)  # fmt: skip
FEWEST_BLOCKS = 2
PREDICTION = "mean of the blocks' estimates, t with blocks - 1 df times their SD times sqrt(1 + 1/blocks)"


def block_effects(
    design: Design, contrasts: Sequence[Contrast], summaries: Sequence[RunSummaries], *, level: float
) -> pd.DataFrame:
    """Rows `kind` "within" (one a block), "pooled" and "prediction" for every outcome, component and scale.

    `against` says of a block whether its estimate ("estimate") or its whole interval ("interval") lies on the other
    side of no effect than the pooled effect. `weight` is the block's share of the pooled effect; tau, I2 and Q stand in
    the pooled row, tau and the standard error on the log on the risk_ratio scale. `n_blocks` counts the blocks that
    were pooled. Empty where no block is declared or only one was run.
    """
    if len({arm.block for arm in design.arms}) < FEWEST_BLOCKS or not design.block:
        return no_blocks()
    rows = [
        row
        for summary in summaries
        for contrast in contrasts
        for scale in scales_of(summary)
        for row in _rows(effect_over_blocks(summary, contrast, scale, design, level=level))
    ]
    return pd.DataFrame(rows, columns=list(BLOCK_COLUMNS)).astype(object)


def no_blocks() -> pd.DataFrame:
    """The frame of a study without blocks: no rows."""
    return pd.DataFrame(columns=list(BLOCK_COLUMNS))


def _rows(found: EffectOverBlocks) -> Iterator[dict[str, object]]:
    for block, weight, against in zip(found.within, found.weights, found.against, strict=True):
        yield _row(block.effect, "within", block.block) | {"weight": weight, "against": str(against)}
    pooled = found.pooled
    used = sum(weight is not None for weight in found.weights)
    counted = {"n_blocks": used}
    differ = found.heterogeneity
    names = ("tau", "tau_lower", "tau_upper", "i2", "q", "q_df", "q_p")
    yield _row(pooled, "pooled", "") | counted | {name: getattr(differ, name) for name in names if differ}
    numbers: dict[str, object] = dict.fromkeys(("estimate", "std_error", "p_value"))
    numbers |= {"lower": found.prediction_lower, "upper": found.prediction_upper, "reason": found.prediction_reason}
    numbers["method"] = PREDICTION
    yield _row(pooled, "prediction", "") | counted | numbers | {"df": None if found.prediction_reason else pooled.df}


def _row(effect: Effect, kind: str, block: str) -> dict[str, object]:
    blank: dict[str, object] = dict.fromkeys(BLOCK_COLUMNS)
    same = ("outcome", "contrast", "estimate", "std_error", "df", "lower", "upper", "level", "p_value", "n_treated",
            "n_reference", "n_runs", "reason", "method")  # fmt: skip
    taken = {name: getattr(effect, name) for name in same}
    named = {"scale": str(effect.scale), "kind": kind, "block": block, "against": "", "notes": "; ".join(effect.notes)}
    return blank | taken | named
