"""Dominance analysis: whether one source explains more than another in every model, by model size, or on average.

Source: Budescu (1993), Psychological Bulletin 114:542; Azen & Budescu (2003), Psychological Methods 8:129.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Dominance", "dominance"]

Floats = NDArray[np.float64]
TIED = 1e-12


@dataclass(frozen=True, slots=True)
class Dominance:
    """Dominance of k players.

    Attributes:
        conditional: (k, k) mean gain of player i (row) when it joins s others (column s = 0 to k - 1).
        general: (k,) the mean over sizes, which equals the LMG (Shapley) part.
        complete: (k, k) 1 where player i gains at least as much as j in every model of others (more in some), -1 where
            j does, 0 where neither.
        by_size: (k, k) the same for the conditional gains.
    """

    conditional: Floats
    general: Floats
    complete: NDArray[np.intp]
    by_size: NDArray[np.intp]


def dominance(values: Floats, players: int) -> Dominance:
    """Complete, conditional and general dominance from the values (2^k,) of all sets of players.

    Complete dominance implies conditional, which implies general (the order of the LMG parts). None of them is a test:
    runs vary, and so would the order.

    Raises:
        ValueError: values of another number of sets.
    """
    if values.shape != (2**players,):
        raise ValueError(f"{players} players have {2**players} sets, found {values.size} values")
    masks = np.arange(2**players)
    sizes = np.array([int(mask).bit_count() for mask in masks])
    conditional = np.zeros((players, players))
    for player in range(players):
        without = masks[(masks >> player) & 1 == 0]
        gains = values[without | 1 << player] - values[without]
        conditional[player] = np.bincount(sizes[without], gains) / np.bincount(sizes[without])
    complete = np.zeros((players, players), dtype=np.intp)
    by_size = np.zeros((players, players), dtype=np.intp)
    for one in range(players):
        for other in range(players):
            if one != other:
                rest = masks[((masks >> one) & 1 == 0) & ((masks >> other) & 1 == 0)]
                complete[one, other] = _order(values[rest | 1 << one] - values[rest | 1 << other])
                by_size[one, other] = _order(conditional[one] - conditional[other])
    return Dominance(conditional, conditional.mean(axis=1), complete, by_size)


def _order(gaps: Floats) -> int:
    if (gaps >= -TIED).all() and (gaps > TIED).any():
        return 1
    return -1 if (gaps <= TIED).all() and (gaps < -TIED).any() else 0
