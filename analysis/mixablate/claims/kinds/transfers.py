"""`transfers`: would the drop be found in a base model that was not trained here?

The block, most often the base model, is the unit. Each block has its own effect, over its own runs, and the claim is
held against where that of one more block would lie: the prediction interval of a further value, not that of the mean.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from scipy.special import stdtr, stdtrit

from mixablate.claims.case import Case, Standing
from mixablate.claims.kind import Kind, Question
from mixablate.claims.kinds.of_contrast import contrast_cases, contrast_kind, own_switch
from mixablate.claims.numbers_in_words import change, span
from mixablate.claims.regions import Region, check_region, drop_words, improvement
from mixablate.claims.verdict import SecondOpinion
from mixablate.design import Contrast, Design
from mixablate.errors import counted
from mixablate.estimate import (
    Effect,
    Evidence,
    design_limit,
    evidence_of,
    notes_without_limits,
    outcome_limit,
    run_level_effect,
)
from mixablate.estimate.blocks import (
    further_block,
    split_by_block,
)
from mixablate.study import Transfers
from mixablate.tables import Tables

__all__ = ["KIND"]

FEWEST_BLOCKS = 3  # two leave one degree of freedom, and a spread between blocks that is a guess
NEEDED = f"both sides in at least {FEWEST_BLOCKS} blocks (base models)"


@dataclass(frozen=True, slots=True)
class OfBlock:
    """One block's effect.

    Attributes:
        name: of the block.
        evidence: over its own runs.
        outside: why it carries no interval; empty where it does.
        by_design: whether its runs are too few for one.
    """

    name: str
    evidence: Evidence
    outside: str
    by_design: bool


def _region(claim: Transfers, lower_is_better: bool) -> Region:
    check_region(claim, minimum=claim.minimum)
    words = drop_words(claim.minimum, claim.scale, lower_is_better=lower_is_better) + " in a further block"
    return improvement(claim.minimum, claim.scale, lower_is_better=lower_is_better, words=words, exists=False)


def _cases(claim: Transfers, tables: Tables, design: Design) -> tuple[Case, ...]:
    cases = contrast_cases(claim, tables, design, _region, _contrast(claim, design))
    return tuple(replace(case, needed=NEEDED) for case in cases)


def _contrast(claim: Transfers, design: Design) -> Contrast:
    contrast = own_switch(claim, design)
    if design.block:
        return contrast
    reason = "the study declares no block, so that there are no base models to compare"
    needed = 'block = ["base_model"] under [analysis]'
    return replace(contrast, coefficients=(), reason=reason, needed=needed)


def _of_blocks(case: Case, design: Design) -> tuple[OfBlock, ...]:
    """The effect within each block that holds both sides."""
    found = []
    for block in split_by_block(design):
        contrast = own_switch(case.claim, block.design)
        if contrast.reason:
            continue
        evidence = evidence_of(case.summaries, contrast, case.scale, block.design)
        by_design = evidence.reason or design_limit(evidence, case.summaries, contrast)
        outside = by_design or outcome_limit(evidence, case.summaries, contrast)
        found.append(OfBlock(block.label, evidence, outside, bool(by_design)))
    return tuple(found)


def _usable(case: Case, design: Design) -> list[Evidence]:
    return [block.evidence for block in _of_blocks(case, design) if not block.outside]


def _refusal(case: Case, design: Design) -> tuple[str, bool]:
    if case.contrast.reason or case.confounded:
        return case.contrast.reason or case.confounded, True
    blocks = _of_blocks(case, design)
    usable = [block for block in blocks if not block.outside]
    if len(usable) >= FEWEST_BLOCKS:
        alike = not further_block([block.evidence.estimate for block in usable])[1] > 0.0
        return "no spread between blocks was seen" if alike else "", False
    lost = "; ".join(f"{block.name}: {block.outside}" for block in blocks if block.outside)
    found = (
        f"{counted(len(usable), 'block')} of which an effect is known; at least {FEWEST_BLOCKS} are needed for another"
    )
    enough = sum(not block.by_design for block in blocks) >= FEWEST_BLOCKS
    return found + (f" ({lost})" if lost else ""), not enough


def _standing(case: Case, design: Design) -> Standing:
    evidence = _usable(case, design)
    if len(evidence) < FEWEST_BLOCKS:
        return Standing(math.nan, math.nan, math.nan)
    mean, std_error, df = further_block([e.estimate for e in evidence])
    if not std_error > 0.0:
        return Standing(mean, math.nan, math.nan)
    ((boundary, below),) = case.region.boundaries
    p_above = float(stdtr(df, (mean - boundary) / std_error))  # small where the prediction lies below the boundary
    return Standing(mean, p_above if below else 1.0 - p_above, 1.0 - p_above if below else p_above)


def _opinion(case: Case, design: Design, asked: Question) -> SecondOpinion | None:
    """The rank of a further block among those seen, without a model of their spread.

    Of k exchangeable blocks a further one lies beyond all with probability 1 / (k + 1): fewer than 39 can say nothing
    at 2.5 %.
    """
    evidence = _usable(case, design)
    against = sum(case.region.holds(e.estimate) != asked.supports for e in evidence)
    smallest = 1.0 / (len(evidence) + 1.0)
    p, method = (against + 1.0) * smallest, f"rank of a further block among {len(evidence)}"
    if smallest > asked.alpha / 2.0:
        note = f"abstains: its smallest attainable one-sided p is {smallest:.3g}, above {asked.alpha / 2.0:g}"
        return SecondOpinion(method, p, smallest, True, None, True, note)
    return SecondOpinion(method, p, smallest, False, p <= asked.alpha / 2.0, True)


def _effect(case: Case, design: Design, level: float) -> Effect:
    """The mean effect of the blocks with the prediction interval for one more; `df` counts blocks."""
    base = run_level_effect(case.summaries, case.contrast, case.scale, design, level=level)
    reason, _ = _refusal(case, design)
    blocks = _of_blocks(case, design)
    each = tuple(f"{block.name}: {change(block.evidence.estimate, case.scale)}" for block in blocks)
    evidence = _usable(case, design)
    described = replace(base, p_value=None, detectable=None, reason=reason, notes=(*notes_without_limits(base), *each))
    if reason:
        return replace(described, std_error=None, df=None, lower=None, upper=None)
    mean, std_error, df = further_block([e.estimate for e in evidence])
    reach = float(stdtrit(df, (1.0 + level) / 2.0)) * std_error
    words = "mean of the blocks' estimates; prediction interval for one more: t times their SD times sqrt(1 + 1/k)"
    return replace(
        described,
        estimate=mean,
        std_error=std_error,
        df=float(df),
        lower=mean - reach,
        upper=mean + reach,
        method=f"{words}, of {len(evidence)} blocks",
        scope="a further block like these, on these scenarios",
    )


def _states(case: Case, effect: Effect) -> str:
    low, high = effect.lower, effect.upper
    if effect.estimate is None or low is None or high is None:
        return "no prediction"
    each = "; ".join(note for note in effect.notes if ": " in note and not note.startswith("strata"))
    blocks = 0 if effect.df is None else round(effect.df + 1)
    stated, within = change(effect.estimate, effect.scale), span(low, high, effect.scale)
    return f"mean {stated} over {blocks} blocks, {effect.level:.0%} prediction for one more {within} ({each})"


KIND: Kind[Transfers] = replace(
    contrast_kind(_region, _contrast),
    cases=_cases,
    refusal=_refusal,
    standing=_standing,
    effect=_effect,
    opinion=_opinion,
    beside=lambda _: None,
    posed=lambda *_: None,
    states=_states,
    settles=lambda *_: "more blocks (base models), each with runs of both sides; more runs in these narrow it less",
    fewest=lambda _, effect: 0 if effect.df is None else round(effect.df + 1),
)
