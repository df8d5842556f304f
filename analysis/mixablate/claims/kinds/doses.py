"""The doses of the one component that a claim is about."""

from __future__ import annotations

import math

from mixablate.design import Arm, Design
from mixablate.errors import ClaimError, Problem
from mixablate.study import Component, ComponentType, Declared

__all__ = ["DOSED", "check_dosed", "claimed_component", "dose_of"]

DOSED = (ComponentType.DOSE, ComponentType.FRACTION)


def claimed_component(claim: Declared, design: Design) -> Component:
    """The first component of the claim, which is the only one of a claim over doses."""
    return next(c for c in design.components if c.id == claim.components[0])


def check_dosed(claim: Declared, component: Component, instead: str) -> None:
    """Refuse a component that has no doses; `instead` is what else could be declared.

    Raises:
        ClaimError: it is a flag or a category.
    """
    if component.type in DOSED:
        return
    found, required = f'the component "{component.id}" of type {component.type}', "a dose or a fraction"
    raise ClaimError(Problem("CLAIM_DOSE", f'claim "{claim.id}"', found, required, f"Declare its type, or {instead}."))


def dose_of(arm: Arm, component: Component) -> float:
    """The arm's dose, NaN where unknown."""
    level = arm.level(component.id)
    return math.nan if level is None else float(level)
