"""One question put to every claim, so that what is wrong with any of them is told at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from mixablate.errors import ClaimError, Problem
from mixablate.study import Declared

__all__ = ["of_every_claim"]

C = TypeVar("C", bound=Declared)
T = TypeVar("T")


def of_every_claim(claims: Iterable[C], ask: Callable[[C], T]) -> dict[str, T]:
    """The answer for each claim, by its id.

    Raises:
        ClaimError: the problems of every claim for which `ask` raised one.
    """
    found: dict[str, T] = {}
    problems: list[Problem] = []
    for claim in claims:
        try:
            found[claim.id] = ask(claim)
        except ClaimError as refused:
            problems += refused.problems
    if problems:
        raise ClaimError(problems)
    return found
