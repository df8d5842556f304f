"""Claims of a drop, put to outcomes of which more is better: there they claim a rise, whatever their text says."""

from __future__ import annotations

from collections.abc import Mapping

from mixablate.claims.case import Case, region_words
from mixablate.claims.kinds import kind_of
from mixablate.design import Design
from mixablate.design.contrasts import switched_levels
from mixablate.errors import Problem, Severity
from mixablate.study import AtLeastRatio, Declared, NoHarm, Reduces
from mixablate.study.toml_text import toml_levels

__all__ = ["claims_that_rise"]

SWAPPED = (Reduces, AtLeastRatio)
"""Kinds that claim the opposite where their two sides are swapped."""


def claims_that_rise(cases: Mapping[str, tuple[Case, ...]], design: Design) -> tuple[Problem, ...]:
    """A warning for each claim whose kind is told as a drop, on an outcome whose `direction` makes it a rise.

    Left alone are kinds that claim the same in either direction, `no_harm`, which says no direction, and claims that
    name the declared target as their reference: whoever wrote that knows which side is to stand higher.

    Args:
        cases: of each claim, by its id (`cases_of_claims`).
        design: whose components say between which levels a claim switches.
    """
    rising = {claim_id: tuple(case for case in own if _rises(case, design)) for claim_id, own in cases.items()}
    return tuple(_problem(own, design) for own in rising.values() if own)


def _rises(case: Case, design: Design) -> bool:
    """Whether the region would be another if less were better, and the sides are not swapped already."""
    claim, outcome = case.claim, case.summaries.outcome
    if outcome.lower_is_better or isinstance(claim, NoHarm) or _swapped(claim, design):
        return False
    region = kind_of(claim).region
    return region(claim, False) != region(claim, True)


def _swapped(claim: Declared, design: Design) -> bool:
    target = {component.id: component.target for component in design.components if component.target is not None}
    return bool(claim.reference) and all(level == target.get(name) for name, level in claim.reference.items())


def _problem(rising: tuple[Case, ...], design: Design) -> Problem:
    claim, contrast = rising[0].claim, rising[0].contrast
    on = ", ".join(dict.fromkeys(f'"{case.summaries.outcome.label}"' for case in rising))
    claimed, remedy = region_words(rising), "declare it as reduces with its two sides swapped"
    if isinstance(claim, SWAPPED):
        claimed += f", higher with {contrast.treated} than with {contrast.reference}"
        reference, treated = _sides(claim, design)
        remedy = f"swap the sides of the claim: reference = {treated}, treated = {reference}"
    return Problem(
        code="CLAIM_RISES",
        place=f'claim "{claim.id}"',
        found=f"a kind of claim about a drop, on {on}, where higher is better; claimed is: {claimed}",
        required="a text that says the same",
        remedy=f"If the text claims a fall, {remedy} (docs/claims/reduces.md).",
        severity=Severity.WARNING,
    )


def _sides(claim: Declared, design: Design) -> tuple[str, str]:
    """The levels that the claim switches from and to, as TOML."""
    start, end = switched_levels(
        design, claim.components, name=claim.id, reference=claim.reference, treated=claim.treated
    )
    return toml_levels(start), toml_levels(end)
