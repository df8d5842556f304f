"""A claim of a ratio between the data of two sides: what is compared, and how the ratio is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from mixablate.claims.case import Case
from mixablate.claims.run_columns import run_column
from mixablate.design import Contrast, Design, switch
from mixablate.study import Efficient
from mixablate.tables import Tables

__all__ = [
    "DataRatio",
    "Sides",
    "Told",
    "claim_of",
    "data_words",
    "extra_data",
    "other_switch",
    "without_arms",
]


@dataclass(frozen=True, slots=True)
class Sides:
    """What a claim of a ratio compares.

    Attributes:
        own: the drop of the components that must be real.
        other: the drop of the components that they are compared with.
        joint: own less other as the claimed ratio puts them: better than 0 where the ratio is larger. Its `reason`
            says why the ratio cannot be told, where it cannot.
        constants: amounts of data, taken as known, which the functions of `DataRatio` read; never empty.
        notes: what a reader must know beside the ratio.
    """

    own: Contrast
    other: Contrast
    joint: Contrast
    constants: tuple[float, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A ratio with its limits, None where there is none, and what must be said beside them."""

    estimate: float | None
    lower: float | None
    upper: float | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DataRatio:
    """One way to set the data of two sides in a ratio.

    Attributes:
        sides: what is compared.
        point: the ratio found in a case; infinite or 0 beyond all that can be told, NaN where there is none.
        told: the ratio with its limits, at a level.
        region: the claimed ratio in words.
        states: the ratio found in words; of None, what stands in its place.
        method: for the report's row.
        settles: what would decide an undecided claim.
    """

    sides: Callable[[Efficient, Tables, Design], Sides]
    point: Callable[[Case, Design], float]
    told: Callable[[Case, Design, float], Told]
    region: Callable[[Efficient], str]
    states: Callable[[Efficient, float | None], str]
    method: str
    settles: str


def claim_of(case: Case) -> Efficient:
    """The declaration behind a case."""
    assert isinstance(case.claim, Efficient)
    return case.claim


def other_switch(claim: Efficient, design: Design) -> Contrast:
    """The components that the claim's are compared with, switched together."""
    return switch(design, claim.than, name=claim.id, at=claim.at, reference=claim.reference, treated=claim.treated)


def extra_data(claim: Efficient, contrast: Contrast, tables: Tables, design: Design) -> float:
    """What the treated side has more of the column than the reference side, in the mean."""
    total = 0.0
    for arm_id, coefficient in contrast.coefficients:
        total += coefficient * float(np.mean(run_column(claim, claim.per, tables, design.arm(arm_id).run_ids)))
    return total


def without_arms(contrast: Contrast, reason: str, needed: str) -> Contrast:
    """The contrast without arms, for this reason."""
    return replace(contrast, coefficients=(), strata=(), reason=reason, needed=needed)


def data_words(data: float) -> str:
    """An amount of data: whole tokens, or three digits where the column counts in millions.

    >>> data_words(85_000_000.0), data_words(2.5)
    ('85,000,000', '2.5')
    """
    return f"{data:,.0f}" if abs(data) >= 1000.0 else f"{data:.3g}"
