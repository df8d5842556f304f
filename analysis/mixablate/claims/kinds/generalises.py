"""`generalises`: are evals in and out of distribution both reduced, and is the gap of the two drops small?

Three cases, all of which must hold (intersection-union): the drop in distribution, the drop out of it, and the gap, run
by run the difference of the two summaries. The gap is judged on the declared scale: a drop from 60 to 30 % and one from
10 to 5 % are alike as ratios and far apart in points, and the words show all three.
"""

from __future__ import annotations

import math
from dataclasses import replace

from mixablate.claims.case import Case
from mixablate.claims.kind import Kind
from mixablate.claims.kinds.of_contrast import contrast_kind, own_switch, sides_confounded
from mixablate.claims.kinds.of_run_numbers import aligned, number_kind, numbers_of
from mixablate.claims.numbers_in_words import amount, change
from mixablate.claims.outcomes import check_scale, claimed_outcomes, evals_of_domain
from mixablate.claims.regions import Region, check_region, drop_words, improvement, refused_region
from mixablate.design import Contrast, Design
from mixablate.errors import ClaimError, Problem
from mixablate.estimate import RunSummaries, evidence_of, outcome_of, scales_of, summarise
from mixablate.study import Generalises, Scale
from mixablate.tables import Tables

__all__ = ["KIND"]


def _region(claim: Generalises, lower_is_better: bool) -> Region:
    """Of each of the two drops."""
    check_region(claim, minimum=claim.minimum)
    words = drop_words(claim.minimum, claim.scale, lower_is_better=lower_is_better) + " on both"
    return improvement(claim.minimum, claim.scale, lower_is_better=lower_is_better, words=words)


def _gap_region(claim: Generalises, lower_is_better: bool) -> Region:
    """Of the second effect less the first: a drop that falls short by no more than the gap."""
    if claim.scale is Scale.RISK_DIFFERENCE and not claim.gap < 1.0:
        raise refused_region(claim, f"gap = {claim.gap:g}", "below 1: rates are fractions", "For 5 points write 0.05.")
    word = "drop" if lower_is_better else "rise"
    words = f"the second {word} no more than {amount(claim.gap, claim.scale)} short of the first"
    if lower_is_better:
        return Region(-math.inf, claim.gap, False, words)
    return Region(-claim.gap, math.inf, False, words)


def _cases(claim: Generalises, tables: Tables, design: Design) -> tuple[Case, ...]:
    (near,) = claimed_outcomes(claim, tables)
    names = list(claim.to) or evals_of_domain(claim, claim.to_domain, tables)
    shared = sorted({name for name, _ in near.evals} & set(names))
    far = outcome_of(tables, names, name=("" if claim.to or len(names) == 1 else claim.to_domain) or " + ".join(names))
    if shared or (near.kind, near.lower_is_better) != (far.kind, far.lower_is_better):
        found = f"evals on both sides: {', '.join(shared)}" if shared else "sides that differ in kind or direction"
        required = "two sets of evals of one kind and direction, without a shared one"
        raise ClaimError(Problem("CLAIM_MIXED_EVALS", f'claim "{claim.id}"', found, required, "Correct evals or to."))
    parts = tuple(summarise(tables, design, outcome) for outcome in (near, far))
    check_scale(claim, parts[0])
    contrast, lower = own_switch(claim, design), near.lower_is_better
    own = []
    for part in parts:
        confounded, beside = sides_confounded(design, tables, contrast, part.outcome)
        own.append(Case(claim, part, contrast, _region(claim, lower), claim.scale, confounded, beside=beside))
    together = aligned(parts)
    gap = Case(
        claim,
        numbers_of(together, (-1.0, 1.0), claim.scale, f"{far.name} less {near.name}"),
        contrast,
        _gap_region(claim, lower),
        claim.scale,
        parts=together,
        weights=(-1.0, 1.0),
        notes=_signs(together, contrast, design),
    )
    return (*own, gap)


def _signs(parts: tuple[RunSummaries, ...], contrast: Contrast, design: Design) -> tuple[str, ...]:
    """The gap on every scale, with a warning where its sign depends on the scale."""
    found = []
    for scale in scales_of(parts[0]):
        near, far = (evidence_of(part, contrast, scale, design).estimate for part in parts)
        value = far / near if scale is Scale.RISK_RATIO else far - near
        if not math.isnan(value):
            found.append((scale, float(value)))
    if len(found) < 2:
        return ()
    over = {value > (1.0 if scale is Scale.RISK_RATIO else 0.0) for scale, value in found}
    warning = "; the gap's sign depends on the scale" if len(over) > 1 else ""
    each = ", ".join(change(value, scale) for scale, value in found)
    return (f"the gap on all scales: {each}{warning}",)


def _further(claim: Generalises, lower_is_better: bool) -> tuple[Region, ...]:
    return _region(claim, lower_is_better), _gap_region(claim, lower_is_better)


KIND: Kind[Generalises] = replace(number_kind(contrast_kind(_region), _cases), further=_further)
