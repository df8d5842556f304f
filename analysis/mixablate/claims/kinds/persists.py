"""`persists`: is the lead that a mix brought still there after a later training stage?

Two cases, both of which must hold: the lead before the stage, and what is left of it. The second is stated run by run,
the later outcome less `share` times the earlier one of the same run, so that no ratio of two uncertain leads is formed
(Fieller's device) and a run's two stages are held together. The unit is the run from which the later stage started.
"""

from __future__ import annotations

from dataclasses import replace

from mixablate.claims.case import Case
from mixablate.claims.kind import Kind
from mixablate.claims.kinds.of_contrast import contrast_kind, own_switch, sides_confounded
from mixablate.claims.kinds.of_run_numbers import number_kind, numbers_of
from mixablate.claims.outcomes import check_scale, claimed_outcomes
from mixablate.claims.regions import Region, improvement
from mixablate.claims.stages import before_and_after, parents_of, parents_only
from mixablate.design import Contrast, Design
from mixablate.study import Persists
from mixablate.tables import Tables

__all__ = ["KIND"]


def _region(claim: Persists, lower_is_better: bool) -> Region:
    word = "drop" if lower_is_better else "rise"
    words = f"a {word} before the stage"
    return improvement(0.0, claim.scale, lower_is_better=lower_is_better, words=words)


def _left_region(claim: Persists, lower_is_better: bool) -> Region:
    words = f"at least {claim.share:.0%} of it left after it" if claim.share else "some of it left after it"
    return improvement(0.0, claim.scale, lower_is_better=lower_is_better, words=words, exists=False)


def _cases(claim: Persists, tables: Tables, design: Design) -> tuple[Case, ...]:
    parents = parents_of(tables, claim.stage)
    contrast = _contrast(claim, parents_only(design, parents), bool(parents))
    cases: list[Case] = []
    for outcome in claimed_outcomes(claim, tables):
        before, after = before_and_after(tables, design, outcome, parents)
        check_scale(claim, before)
        lower = outcome.lower_is_better
        confounded, beside = sides_confounded(design, tables, contrast, outcome)
        own = Case(claim, before, contrast, _region(claim, lower), claim.scale, confounded, beside=beside)
        parts, weights = (after, before), (1.0, -claim.share)
        what = f"{outcome.name} after {claim.stage}" + (f" less {claim.share:.0%} of before" if claim.share else "")
        numbers = numbers_of(parts, weights, claim.scale, what)
        left = _left_region(claim, lower)
        cases += [own, replace(own, summaries=numbers, region=left, parts=parts, weights=weights)]
    return tuple(cases)


def _compared(claim: Persists, tables: Tables, design: Design) -> Design:
    """The runs from which the stage started; all of them where none is known."""
    parents = parents_of(tables, claim.stage)
    return parents_only(design, parents) if parents else design


def _contrast(claim: Persists, before: Design, any_parent: bool) -> Contrast:
    found = own_switch(claim, before)
    if any_parent:
        return found
    reason = f'no run of the stage "{claim.stage}" names a parent run of this table'
    return replace(found, reason=reason, needed=f'runs of the stage "{claim.stage}" with their parent_run_id')


# The logit beside would take later runs of an arm for runs of their own.
KIND: Kind[Persists] = replace(
    number_kind(contrast_kind(_region), _cases),
    beside=lambda _: None,
    contrast=lambda claim, tables, design: _contrast(
        claim, _compared(claim, tables, design), bool(parents_of(tables, claim.stage))
    ),
    compared=_compared,
    further=lambda claim, lower_is_better: (_left_region(claim, lower_is_better),),
)
