"""The kinds of claim, a file each: region, cases, evidence, second opinion and words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mixablate.claims.case import Case
from mixablate.claims.every_claim import of_every_claim
from mixablate.claims.kind import Kind, Question
from mixablate.claims.kinds import (
    accelerates,
    at_least_ratio,
    correlates,
    dose_response,
    efficient,
    equivalent,
    generalises,
    matches_rate,
    necessary,
    no_harm,
    persists,
    reaches_zero,
    reduces,
    stacks,
    stronger,
    sufficient,
    synergy,
    transfers,
)
from mixablate.claims.regions import Region
from mixablate.design import Design
from mixablate.study import (
    Accelerates,
    AtLeastRatio,
    Correlates,
    Declared,
    DoseResponse,
    Efficient,
    Equivalent,
    Generalises,
    MatchesRate,
    Necessary,
    NoHarm,
    Persists,
    ReachesZero,
    Reduces,
    Stacks,
    Stronger,
    Sufficient,
    Synergy,
    Transfers,
)
from mixablate.tables import Tables

__all__ = ["KINDS", "Kind", "Question", "cases_of", "cases_of_claims", "kind_of", "region_of", "regions_of"]

KINDS: dict[type[Declared], Kind[Any]] = {
    Reduces: reduces.KIND,
    AtLeastRatio: at_least_ratio.KIND,
    ReachesZero: reaches_zero.KIND,
    Equivalent: equivalent.KIND,
    NoHarm: no_harm.KIND,
    Stronger: stronger.KIND,
    Necessary: necessary.KIND,
    Sufficient: sufficient.KIND,
    Synergy: synergy.KIND,
    Stacks: stacks.KIND,
    MatchesRate: matches_rate.KIND,
    Generalises: generalises.KIND,
    Accelerates: accelerates.KIND,
    Persists: persists.KIND,
    DoseResponse: dose_response.KIND,
    Efficient: efficient.KIND,
    Correlates: correlates.KIND,
    Transfers: transfers.KIND,
}
"""What is declared, and how it is judged: the one place where a kind of claim is chosen."""


def kind_of(claim: Declared) -> Kind[Any]:
    """How a declared claim is judged."""
    return KINDS[type(claim)]


def region_of(claim: Declared, *, lower_is_better: bool) -> Region:
    """The claimed region in the unit of the claim's scale.

    A drop of a lower-is-better outcome is an improvement, a rise of a higher-is-better one its mirror.

    Raises:
        ClaimError: a margin or minimum that has no meaning on the claim's scale.
    """
    return kind_of(claim).region(claim, lower_is_better)


def regions_of(claim: Declared, *, lower_is_better: bool) -> tuple[Region, ...]:
    """The regions of the cases of one outcome, in their order: one, or more for kinds that ask several things."""
    kind = kind_of(claim)
    return (kind.region(claim, lower_is_better), *kind.further(claim, lower_is_better))


def cases_of(claim: Declared, tables: Tables, design: Design) -> tuple[Case, ...]:
    """What a claim asks of the tables, one case per number judged.

    Raises:
        ClaimError: evals, scale, levels or columns that do not fit the tables.
    """
    return kind_of(claim).cases(claim, tables, design)


def cases_of_claims(claims: Iterable[Declared], tables: Tables, design: Design) -> dict[str, tuple[Case, ...]]:
    """The cases of each claim, by its id.

    Raises:
        ClaimError: the problems of every claim that does not fit the tables.
    """
    return of_every_claim(claims, lambda claim: cases_of(claim, tables, design))
