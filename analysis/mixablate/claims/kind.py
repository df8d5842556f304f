"""What makes one kind of claim differ from another; how a claim is judged is the same for all (`judging`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from mixablate.claims.case import Case, Standing
from mixablate.claims.regions import Region
from mixablate.claims.verdict import SecondOpinion
from mixablate.design import Contrast, Design, Switch
from mixablate.estimate import CellArrays, Effect
from mixablate.study import Declared, Scale
from mixablate.tables import Tables

__all__ = ["Kind", "Posed", "Question"]

C = TypeVar("C", bound=Declared)
Floats = NDArray[np.float64]

Posed = tuple[Floats, CellArrays, float]
"""Run values (all runs of the case), the contrast's cells among them, and the boundary left to test."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a second opinion is asked.

    Attributes:
        supports: whether the primary says supported (all boundaries must be cleared) or contradicted (one must).
        alpha: two-sided level.
        draws: Monte Carlo draws where enumeration is too long.
        seed: of the study.
    """

    supports: bool
    alpha: float
    draws: int
    seed: int


@dataclass(frozen=True, slots=True)
class Kind(Generic[C]):
    """A kind of claim as functions.

    Attributes:
        region: the claimed region of one declared claim, given whether a drop is better.
        cases: what it asks of the tables: one case per outcome judged.
        refusal: why a case cannot be tested, and whether that is the design's fault; ("", False) if it can.
        standing: where its run-level evidence stands; NaN p-values where it carries no standard error.
        effect: the evidence as a row of the report, at a level.
        opinion: the second opinion that decides; None where no test of another nature speaks to the claim.
        beside: the scale on which the binomial logit has a say beside; None where it has none.
        posed: a boundary as a contrast of run values, for joint tests of a family; None where it is none.
        scored: the case with a share of the missing rollouts of some arms scored as events.
        states: the evidence in words.
        settles: what would decide an undecided case, at alpha.
        fewest: the runs of the smallest group that is compared.
        contrast: of arms, on which the claim rests; None where it compares no arms.
        switches: those that must be estimable for it to be tested.
        compared: the runs, as a design, between which it compares arms.
        further: the regions of the further cases of each outcome; none where there is one case an outcome.
        bound_decides: whether a bound, not the estimate, says on which side of the region's end the runs stand.
    """

    region: Callable[[C, bool], Region]
    cases: Callable[[C, Tables, Design], tuple[Case, ...]]
    refusal: Callable[[Case, Design], tuple[str, bool]]
    standing: Callable[[Case, Design], Standing]
    effect: Callable[[Case, Design, float], Effect]
    opinion: Callable[[Case, Design, Question], SecondOpinion | None]
    beside: Callable[[Case], Scale | None]
    posed: Callable[[Case, float], Posed | None]
    scored: Callable[[Case, Mapping[str, float]], Case]
    states: Callable[[Case, Effect], str]
    settles: Callable[[Case, Effect, float], str]
    fewest: Callable[[Case, Effect], int]
    contrast: Callable[[C, Tables, Design], Contrast | None] = lambda *_: None
    switches: Callable[[C, Design], tuple[Switch, ...]] = lambda *_: ()
    compared: Callable[[C, Tables, Design], Design] = lambda _, __, design: design
    further: Callable[[C, bool], tuple[Region, ...]] = lambda *_: ()
    bound_decides: bool = False
