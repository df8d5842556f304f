"""Which components are sums of others over these arms: alias sets from the null space of the main-effects matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mixablate.design.arms import Design
from mixablate.design.matrix import ModelMatrix, model_matrix

__all__ = ["Alias", "aliases", "interaction_aliases"]

Floats = NDArray[np.float64]
MOST_TERMS = 8
TOLERANCE = 1e-8  # of a column's length: what is left of an aliased column is rounding


@dataclass(frozen=True, slots=True)
class Alias:
    """One column of the main-effects matrix as a combination of others, exact over all arms.

    Attributes:
        component: id of the aliased component.
        term: its column: the id, or "id=level" for a category.
        equation: e.g. "tools = a + b - intercept".
        others: ids of the components on the right-hand side, in declaration order; blocks by their column.
    """

    component: str
    term: str
    equation: str
    others: tuple[str, ...]


def aliases(design: Design) -> tuple[Alias, ...]:
    """The alias of every column that is a combination of the others, in declaration order; empty at full rank.

    The right-hand side is the shortest there is with one or two columns beside the intercept, else the one that takes
    columns in declaration order. Effects of aliased components cannot be told apart by any model of main effects.
    """
    matrix = model_matrix(design)
    lengths = np.linalg.norm(matrix.rows, axis=0)
    columns = matrix.rows / np.where(lengths > 0.0, lengths, 1.0)
    found = []
    for position, (component, _, _) in enumerate(matrix.terms):
        if not component:
            continue
        rest = [i for i in range(len(matrix.terms)) if i != position]
        if not _spanned(columns[:, rest], columns[:, position]):
            continue
        chosen = _shortest(columns, position, rest)
        weights = np.linalg.lstsq(matrix.rows[:, chosen], matrix.rows[:, position], rcond=None)[0]
        kept = [(i, float(w)) for i, w in zip(chosen, weights, strict=True) if abs(w) > TOLERANCE]
        others = tuple(dict.fromkeys(_owner(matrix, design, i) for i, _ in kept if i))
        found.append(Alias(component, matrix.names[position], _equation(matrix, position, kept), others))
    return tuple(found)


def interaction_aliases(design: Design, found: Sequence[Alias] | None = None) -> dict[str, tuple[tuple[str, str], ...]]:
    """Component id -> the pairs of other components whose interaction is, over these arms, the same contrast.

    For components of two levels, coded -1 and 1: the column equals the product of the two others, or its negative, in
    every arm, and the component is no sum of others. In the half fraction of a 2 x 2 x 2 each main effect has one such
    pair (Box, Hunter and Hunter 2005, chapter 6): what is read as the component's effect is that effect plus the
    pair's interaction. `found` is `aliases(design)`, where it is known.
    """
    matrix = model_matrix(design)
    coded: dict[str, Floats] = {}
    summed = {alias.component for alias in (aliases(design) if found is None else found)}
    for position, (component, value, _) in enumerate(matrix.terms):
        levels = np.unique(matrix.rows[:, position])
        if component and not value and len(levels) == 2:
            coded[component] = np.where(matrix.rows[:, position] == levels[1], 1.0, -1.0)
    names = list(coded)
    pairs: dict[str, list[tuple[str, str]]] = {}
    if len(names) < 3 or summed >= set(names):
        return {}
    stacked = np.array([coded[name] for name in names])
    for one, two in combinations(range(len(names)), 2):
        agreement = stacked @ (stacked[one] * stacked[two])
        for other in np.flatnonzero(np.abs(agreement) == stacked.shape[1]):
            if other not in (one, two) and not _same(stacked, [one, two, int(other)]):
                pairs.setdefault(names[other], []).append((names[one], names[two]))
    return {name: tuple(both) for name, both in pairs.items() if name not in summed}


def _same(stacked: Floats, members: Sequence[int]) -> bool:
    """Whether two of these columns are one (up to sign): then the product says nothing new."""
    return any(abs(stacked[a] @ stacked[b]) == stacked.shape[1] for a, b in combinations(members, 2))


def _spanned(columns: Floats, target: Floats) -> bool:
    weights = np.linalg.lstsq(columns, target, rcond=None)[0]
    return bool(np.linalg.norm(target - columns @ weights) <= TOLERANCE)


def _shortest(columns: Floats, position: int, rest: Sequence[int]) -> list[int]:
    """Columns that span column `position`: the intercept and one or two others where that is enough."""
    target = columns[:, position]
    others = [i for i in rest if i]
    for i in others:
        if _spanned(columns[:, [0, i]], target):
            return [0, i]
    for one, two in _pairs(columns, others, target):
        if _spanned(columns[:, [0, one, two]], target):
            return [0, one, two]
    return _first_basis(columns, [0, *others], target)


def _first_basis(columns: Floats, order: Sequence[int], target: Floats) -> list[int]:
    """The first columns, in this order and each new to those before it, that together span the target."""
    chosen: list[int] = []
    basis = np.empty((len(target), 0))
    for i in order:
        fresh = columns[:, i] - basis @ (basis.T @ columns[:, i])
        fresh = fresh - basis @ (basis.T @ fresh)
        if np.linalg.norm(fresh) > TOLERANCE:
            chosen.append(i)
            basis = np.column_stack([basis, fresh / np.linalg.norm(fresh)])
        if np.linalg.norm(target - basis @ (basis.T @ target)) <= TOLERANCE:
            break
    return chosen


def _pairs(columns: Floats, others: Sequence[int], target: Floats) -> Iterator[tuple[int, int]]:
    """Pairs of columns that with the intercept span the target: beside the first, the second is parallel to it."""
    for place, one in enumerate(others):
        basis, _ = np.linalg.qr(columns[:, [0, one]])
        left = target - basis @ (basis.T @ target)
        later = list(others[place + 1 :])
        if not later or np.linalg.norm(left) <= TOLERANCE:
            continue
        beside = columns[:, later] - basis @ (basis.T @ columns[:, later])
        gaps = np.linalg.norm(beside, axis=0) * np.linalg.norm(left) - np.abs(left @ beside)
        for index in np.flatnonzero(gaps <= TOLERANCE):
            yield one, later[int(index)]


def _owner(matrix: ModelMatrix, design: Design, position: int) -> str:
    component, _, block = matrix.terms[position]
    return component or design.block[block]


def _equation(matrix: ModelMatrix, position: int, kept: Sequence[tuple[int, float]]) -> str:
    """The sum in words, components first and the intercept last; one too long to read is only counted."""
    if len(kept) > MOST_TERMS:
        return f"{matrix.names[position]} = a combination of {len(kept)} other columns"
    said = ""
    for i, weight in [*((i, w) for i, w in kept if i), *((i, w) for i, w in kept if not i)]:
        size = f"{abs(weight):.6g}"
        term = matrix.names[i] if size == "1" else f"{size} {matrix.names[i]}"
        sign = (" - " if weight < 0 else " + ") if said else ("-" if weight < 0 else "")
        said += sign + term
    return f"{matrix.names[position]} = {said}"
