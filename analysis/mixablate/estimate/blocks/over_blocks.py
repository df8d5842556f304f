"""How far an effect carries over: pooled over blocks, where a new block would lie, and the blocks that go against it.

The block is the unit of these statements: ten runs more in one base model say nothing about another base model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, stdev

from scipy.special import stdtrit

from mixablate.design import Contrast, Design
from mixablate.estimate.blocks.within_blocks import WithinBlock, split_by_block, within_blocks
from mixablate.estimate.pooled.between_variance import tau2_interval
from mixablate.estimate.pooled.pooling import Pooled, pool
from mixablate.estimate.runs.detectable import detectable
from mixablate.estimate.runs.effect import Effect
from mixablate.estimate.runs.summaries import RunSummaries
from mixablate.study import Scale

__all__ = [
    "FEWEST_TO_POOL",
    "FEWEST_TO_PREDICT",
    "Against",
    "EffectOverBlocks",
    "Heterogeneity",
    "effect_over_blocks",
    "further_block",
]

FEWEST_TO_POOL = 2
FEWEST_TO_PREDICT = 3  # two blocks show one difference: t with 1 df reaches 12.7 standard errors and says nothing


class Against(StrEnum):
    """How an effect within a block stands to the pooled effect.

    `no`: on its side. `estimate`: the estimate lies on the other side of no effect, its interval includes no effect.
    `interval`: the whole interval lies on the other side: a reversal.
    """

    NO = ""
    ESTIMATE = "estimate"
    INTERVAL = "interval"


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """How much the effects of the pooled blocks truly differ; on the log on the risk_ratio scale.

    Attributes:
        tau: SD between blocks' true effects (REML), in the effects' unit.
        tau_lower, tau_upper: its interval (Q-profile); very wide for few blocks.
        i2: the part of the spread of estimates that is between blocks, 0 to 1; it grows with the runs in a block and
            so is no measure of how much blocks differ.
        q, q_df, q_p: Cochran's test of "all blocks share one effect".
    """

    tau: float
    tau_lower: float
    tau_upper: float
    i2: float
    q: float
    q_df: int
    q_p: float


@dataclass(frozen=True, slots=True)
class EffectOverBlocks:
    """One contrast on one scale: in every block, pooled over blocks, and in a block yet to be run.

    Attributes:
        within: one entry a block, sorted by name.
        weights: of the blocks in the pooled effect, in the order of `within`; they sum to 1, None where left out.
        against: how each block stands to the pooled effect.
        pooled: the mean effect of blocks like these; withheld with its reason where fewer than two can be pooled.
        heterogeneity: None where the pooled effect is withheld.
        prediction_lower, prediction_upper: where the estimate of one more block like these would lie, and its true
            effect at least as often.
        prediction_reason: why there is no such interval; empty where there is one.
    """

    within: tuple[WithinBlock, ...]
    weights: tuple[float | None, ...]
    against: tuple[Against, ...]
    pooled: Effect
    heterogeneity: Heterogeneity | None
    prediction_lower: float | None
    prediction_upper: float | None
    prediction_reason: str


def effect_over_blocks(
    summaries: RunSummaries, contrast: Contrast, scale: Scale, design: Design, *, level: float
) -> EffectOverBlocks:
    """The contrast's effect in every block, pooled over the blocks whose runs carry an interval, and in a new one.

    Random effects with tau2 by REML; the Hartung-Knapp interval, never narrower than the normal one, with blocks - 1
    degrees of freedom. Ratios are pooled on the log. The p-value is that of the pooled log-odds (or scores), whatever
    the scale. Blocks without an interval over runs keep their description and leave the pooling, counted.

    Wrong where blocks are no sample of anything (the base models at hand are all there will be: then read them one by
    one); where blocks were chosen for their results; and, within limits that docs/calibration.md measures, where runs
    are few: the blocks' standard errors are taken as known. I2 and Q stand beside and decide nothing.

    Source: as `pool`; prediction: that of a further normal value from the blocks' estimates alone.
    """
    within = within_blocks(summaries, contrast, scale, split_by_block(design), level=level)
    used = [block for block in within if block.pools]
    if len(used) < FEWEST_TO_POOL:
        pooled = _pooled_effect(summaries, contrast, scale, design, within, None, level)
        apart = tuple(None for _ in within)
        return EffectOverBlocks(
            within, apart, tuple(Against.NO for _ in within), pooled, None, None, None, pooled.reason
        )
    effects, variances = [_additive(b.effect) for b in used], [_variance(b.effect) for b in used]
    found = pool(effects, variances, level=level)
    shares = iter(_shares(effects, variances, found.tau2))
    weights = tuple(next(shares) if block.pools else None for block in within)
    lower, upper, reason = _prediction(effects, scale, level)
    return EffectOverBlocks(
        within=within,
        weights=weights,
        against=tuple(_against(block.effect, found.estimate) for block in within),
        pooled=_pooled_effect(summaries, contrast, scale, design, within, found, level),
        heterogeneity=_heterogeneity(effects, variances, found, level),
        prediction_lower=lower,
        prediction_upper=upper,
        prediction_reason=reason,
    )


def _additive(effect: Effect) -> float:
    """The estimate on the scale on which effects are averaged."""
    assert effect.estimate is not None
    return math.log(effect.estimate) if effect.scale is Scale.RISK_RATIO else effect.estimate


def _variance(effect: Effect) -> float:
    assert effect.std_error is not None
    return effect.std_error**2


def _shown(value: float, scale: Scale) -> float:
    return math.exp(value) if scale is Scale.RISK_RATIO else value


def _shares(effects: Sequence[float], variances: Sequence[float], tau2: float) -> list[float]:
    weights = [1.0 / (v + tau2) for v in variances]
    return [weight / math.fsum(weights) for weight in weights]


def further_block(effects: Sequence[float]) -> tuple[float, float, int]:
    """Where the estimate of one more block would lie, as (mean, standard error, df): t of any further normal value.

    The standard error is s sqrt(1 + 1/k) of the k blocks' estimates, the df k - 1. Limits hold the new block's true
    effect at least as often as its estimate. The interval from tau2 (Higgins and others 2009) does not: at REML's tau2
    it covers 89 to 94 % with 4 to 12 blocks that differ (docs/calibration.md).
    """
    k = len(effects)
    return fmean(effects), stdev(effects) * math.sqrt(1 + 1 / k), k - 1


def _prediction(effects: Sequence[float], scale: Scale, level: float) -> tuple[float | None, float | None, str]:
    if len(effects) < FEWEST_TO_PREDICT:
        few = f"{len(effects)} blocks show one difference; at least {FEWEST_TO_PREDICT} with an interval are needed"
        return None, None, few
    mean, std_error, df = further_block(effects)
    reach = float(stdtrit(df, (1 + level) / 2)) * std_error
    return _shown(mean - reach, scale), _shown(mean + reach, scale), ""


def _heterogeneity(effects: Sequence[float], variances: Sequence[float], found: Pooled, level: float) -> Heterogeneity:
    low, high = tau2_interval(effects, variances, level=level)
    return Heterogeneity(
        math.sqrt(found.tau2), math.sqrt(low), math.sqrt(high), found.i2, found.q, found.q_df, found.q_p
    )


def _against(effect: Effect, pooled: float) -> Against:
    """Whether a block lies on the other side of no effect than the pooled effect (on the additive scale) does."""
    if effect.estimate is None or not effect.supported or pooled == 0.0:
        return Against.NO
    none = 1.0 if effect.scale is Scale.RISK_RATIO else 0.0
    down = pooled > 0.0
    if not (effect.estimate < none if down else effect.estimate > none):
        return Against.NO
    end = effect.upper if down else effect.lower
    clear = end is not None and (end < none if down else end > none)
    return Against.INTERVAL if clear else Against.ESTIMATE


def _pooled_effect(
    summaries: RunSummaries,
    contrast: Contrast,
    scale: Scale,
    design: Design,
    within: tuple[WithinBlock, ...],
    found: Pooled | None,
    level: float,
) -> Effect:
    used = [block.effect for block in within if block.pools]
    apart = [block.block for block in within if not block.pools]
    smallest = None if found is None else detectable(found.std_error, found.df, level=level)
    ratio = scale is Scale.RISK_RATIO
    few = f"{len(used)} of {len(within)} blocks have an interval over runs; it takes {FEWEST_TO_POOL} to pool"
    return Effect(
        outcome=summaries.outcome.name,
        contrast=contrast.name,
        scale=scale,
        estimate=None if found is None else _shown(found.estimate, scale),
        std_error=None if found is None else found.std_error,
        df=None if found is None else found.df,
        lower=None if found is None else _shown(found.lower, scale),
        upper=None if found is None else _shown(found.upper, scale),
        level=level,
        p_value=None if found is None else _existence_p(within, level),
        p_adjusted=None,
        detectable=math.exp(-smallest) if smallest is not None and ratio else smallest,
        reference=None,
        treated=None,
        n_treated=sum(effect.n_treated for effect in used),
        n_reference=sum(effect.n_reference for effect in used),
        method=f"{_words(found)}; {'log ratios' if ratio else 'effects'} within blocks, the block is the unit",
        scope=f"blocks ({', '.join(design.block)}) like these {len(used)}",
        reason=few if found is None else "",
        notes=(f"{len(apart)} of {len(within)} blocks left out: {'; '.join(apart)}",) if apart else (),
    )


def _words(found: Pooled | None) -> str:
    return "not pooled" if found is None else f"{found.method}, t with blocks - 1 df"


def _existence_p(within: tuple[WithinBlock, ...], level: float) -> float | None:
    """The p of no mean effect on the existence scale, over the same blocks; None where one of them has no spread."""
    tested = [block.tested for block in within if block.pools]
    if any(evidence.reason or not evidence.std_error > 0.0 for evidence in tested):
        return None
    return pool([e.estimate for e in tested], [e.std_error**2 for e in tested], level=level).p_value
