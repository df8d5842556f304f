"""Models that a reference does not state: what its tested coefficients may stand in, the likeliest first.

A tested name says part of its model: `tensionM` that there is a factor, `arm:scen` that there is an interaction with
its main effects. Further columns are added in the forms that formulas have, fewest first, and whoever asks stops at
the model whose numbers are the reference's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.selfcheck.named_columns import level_of, levels_of, named_columns, pieces_of

__all__ = ["Design", "candidate_designs"]

Floats = NDArray[np.float64]

MOST_LEVELS = 60  # of a factor that is only adjusted for
MOST_ADDED = 3  # blocks beyond the tested ones
PLAIN, FACTOR, CURVED, CROSSED = 1.0, 1.5, 2.0, 2.5


@dataclass(frozen=True, slots=True)
class Design:
    """A model matrix: names (k,), matrix (n, k) with its intercept first, and the columns of the data it uses."""

    names: tuple[str, ...]
    matrix: Floats
    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Block:
    """Columns that stand in a model together: a numeric column, a factor's levels but one, a product.

    Attributes:
        names: (k,) R's.
        matrix: (n, k).
        columns: of the data.
        rarity: how far down the list of guesses it stands.
    """

    names: tuple[str, ...]
    matrix: Floats
    columns: frozenset[str]
    rarity: float = PLAIN

    def times(self, other: _Block) -> _Block:
        names = tuple(f"{own}:{name}" for name in other.names for own in self.names)
        matrix = np.column_stack([own * column for column in other.matrix.T for own in self.matrix.T])
        return _Block(names, matrix, self.columns | other.columns, CROSSED)


def candidate_designs(data: pd.DataFrame, tested: Sequence[str]) -> Iterator[Design]:
    """Models that hold all tested coefficients, the likeliest first; some without full column rank.

    Args:
        data: of the case.
        tested: R's names of coefficients.

    Raises:
        KeyError: a name that no column of the data explains.
    """
    cores = list(_cores(data, tested))
    used = cores[0][-1].columns.union(*(block.columns for block in cores[0]))
    alone = [_alone(data, str(c)) for c in data.columns if c not in used]
    further = [_squared(block) for block in (*cores[0], *(own[0] for own in alone if own)) if _numeric(block)]
    crossed = [block.times(own[0]) for block in cores[0] if block.rarity < CROSSED for own in alone if own]
    pool = [block for own in alone for block in own] + further + crossed
    chosen = [added for size in range(MOST_ADDED + 1) for added in combinations(pool, size)]
    for added in sorted(chosen, key=lambda blocks: sum(block.rarity for block in blocks)):
        for core in cores:
            yield _joined(len(data), [*core, *added])


def _cores(data: pd.DataFrame, tested: Sequence[str]) -> Iterator[list[_Block]]:
    """The blocks of the tested coefficients, main effects first; once for each level that a factor may leave out."""
    pieces = list(dict.fromkeys(piece for name in tested for piece in pieces_of(name, data)))
    seen: dict[str, set[str]] = {}
    for piece in pieces:
        _, level = level_of(piece, data)
        if level:
            seen.setdefault(piece.removesuffix(level), set()).add(level)
    free = {
        prefix: [level for level in levels_of(data[level_of(f"{prefix}{min(levels)}", data)[0]]) if level not in levels]
        for prefix, levels in seen.items()
    }
    for left_out in product(*free.values()):
        base = dict(zip(free, left_out, strict=True))
        terms = {piece: _term(data, piece, base) for piece in pieces}
        blocks = {block.names: block for block in terms.values()}
        for name in tested:
            several = [terms[piece] for piece in pieces_of(name, data)]
            for size in range(2, len(several) + 1):
                for some in combinations(several, size):
                    whole = some[0]
                    for block in some[1:]:
                        whole = whole.times(block)
                    blocks[whole.names] = whole
        yield list(blocks.values())


def _term(data: pd.DataFrame, piece: str, base: Mapping[str, str]) -> _Block:
    column, level = level_of(piece, data)
    if not level:
        used = frozenset({column}) if column else frozenset(str(c) for c in data.columns if str(c) in piece)
        return _Block((piece,), named_columns([piece], data), used)
    prefix = piece.removesuffix(level)
    return _factor(data, column, prefix, base[prefix])


def _factor(data: pd.DataFrame, column: str, prefix: str, base: str) -> _Block:
    names = tuple(f"{prefix}{level}" for level in levels_of(data[column]) if level != base)
    return _Block(names, named_columns(names, data), frozenset({column}), FACTOR)


def _alone(data: pd.DataFrame, column: str) -> list[_Block]:
    """The forms that a column may have in a model, the usual one first; none for text that is an id."""
    if data[column].isna().any():
        return []
    levels = levels_of(data[column])
    factor = 2 <= len(levels) <= min(MOST_LEVELS, len(data) // 2)
    if not pd.api.types.is_numeric_dtype(data[column]) or pd.api.types.is_bool_dtype(data[column]):
        return [_factor(data, column, column, levels[0])] if factor else []
    values = data[column].to_numpy(dtype=float)
    used = frozenset({column})
    blocks = [_Block((column,), values[:, None], used)] if np.ptp(values) > 0 else []
    if factor and len(levels) > 2:
        blocks.append(_factor(data, column, f"factor({column})", levels[0]))
    if blocks and (values > 0).all():
        blocks.append(_Block((f"log({column})",), np.log(values)[:, None], used, CURVED))
    return blocks


def _numeric(block: _Block) -> bool:
    return block.rarity == PLAIN and len(block.columns) == 1 and len(np.unique(block.matrix)) > 2


def _squared(block: _Block) -> _Block:
    return _Block((f"I({block.names[0]}^2)",), block.matrix**2, block.columns, CURVED)


def _joined(rows: int, blocks: Sequence[_Block]) -> Design:
    names = ("(Intercept)", *(name for block in blocks for name in block.names))
    matrix = np.column_stack([np.ones(rows), *(block.matrix for block in blocks)])
    return Design(names, matrix, frozenset().union(*(block.columns for block in blocks)))
