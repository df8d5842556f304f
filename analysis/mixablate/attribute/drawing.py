"""What joint draws of all parts say: limits of shares, and how often each part is which in rank."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mixablate.attribute.replicates import GameValues, drawn_values
from mixablate.attribute.scales import AttributionScale, combined, scaled

__all__ = ["MOST_UNDEFINED", "Drawn", "JointDraws", "draw_jointly", "from_draws"]

Floats = NDArray[np.float64]

MOST_UNDEFINED = 0.05  # of draws without a value; beyond, what draws say is withheld


@dataclass(frozen=True, slots=True)
class JointDraws:
    """Coalition values of resampled runs, in blocks (b, m); or why there are none."""

    blocks: tuple[Floats, ...]
    reason: str = ""

    def on(self, scale: AttributionScale) -> JointDraws:
        """The same draws with their values on the scale; NaN where a draw has none there."""
        return JointDraws(tuple(scaled(block, scale) for block in self.blocks), self.reason)

    def numbers(self, matrix: Floats) -> Floats:
        """(draws, q) of matrix @ values; NaN where a draw leaves it undefined."""
        return np.concatenate([combined(block, matrix) for block in self.blocks])


@dataclass(frozen=True, slots=True)
class Drawn:
    """What joint draws say: (k,) limits of shares and chances of being largest, (k, k) of each rank; NaN where none."""

    lowers: Floats
    uppers: Floats
    ranks: Floats
    draws: int = 0
    undefined: int = 0


def draw_jointly(game: GameValues, draws: int, rng: np.random.Generator) -> JointDraws:
    """Coalition values of this many resamplings of the runs."""
    found = drawn_values(game, draws, rng)
    return JointDraws((), found) if isinstance(found, str) else JointDraws(tuple(found))


def from_draws(drawn: JointDraws, matrix: Floats, total: float, level: float, *, clear: bool) -> Drawn:
    """Shares' limits and rank probabilities, where the total is clear and few draws are undefined.

    `drawn` holds values on the scale that is split; `matrix` (1 + k, m) combines them to the total, then to the parts.
    """
    k = len(matrix) - 1
    nothing = Drawn(np.full(k, np.nan), np.full(k, np.nan), np.full((k, k), np.nan))
    if not clear or not drawn.blocks:
        return nothing
    numbers = drawn.numbers(matrix)
    defined = ~np.isnan(numbers).any(axis=1)
    draws, undefined = len(numbers), int(np.count_nonzero(~defined))
    if undefined > MOST_UNDEFINED * draws:
        return Drawn(nothing.lowers, nothing.uppers, nothing.ranks, draws, undefined)
    numbers = numbers[defined]
    sign = np.sign(total)
    places = _places(-sign * numbers[:, 1:])
    ranks = np.stack([(places == rank).mean(axis=0) for rank in range(k)], axis=1)
    lowers, uppers = _share_limits(numbers, float(sign), level)
    return Drawn(lowers, uppers, ranks, draws, undefined)


def _places(numbers: Floats) -> NDArray[np.intp]:
    """(draws, k) the place of each number among those of its draw, from 0 for the smallest; of equal ones, by column.

    Counted pair by pair: for the few parts there are, a fraction of the time that sorting every row takes.
    """
    columns = np.ascontiguousarray(numbers.T)
    places = np.zeros(columns.shape, dtype=np.intp)
    for one, other in combinations(range(len(columns)), 2):
        first = columns[one] <= columns[other]
        places[other] += first
        places[one] += ~first
    return places.T


def _share_limits(drawn: Floats, sign: float, level: float) -> tuple[Floats, Floats]:
    """Percentile limits of the shares; NaN where draws whose total vanishes or turns round would reach into them."""
    nothing = np.full(drawn.shape[1] - 1, np.nan)
    tail = (1.0 - level) / 2.0
    sound = drawn[:, 0] * sign > 0.0
    if np.count_nonzero(~sound) > tail * len(drawn):
        return nothing, nothing
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(sound[:, None], drawn[:, 1:] / drawn[:, :1], np.inf * np.sign(drawn[:, 1:]))
    lowers, uppers = np.quantile(np.nan_to_num(shares, nan=0.0), [tail, 1.0 - tail], axis=0)
    return np.where(np.isfinite(lowers), lowers, np.nan), np.where(np.isfinite(uppers), uppers, np.nan)
