"""A game: the coalitions a rule needs and what it makes of their values; sampled where there are too many to list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.attribute.rules import PairIndex, Rule, coalitions, pair_coefficients, rule_coefficients

__all__ = ["MOST_EXACT", "Game", "end_row", "exact_game", "game_of", "pair_game", "placed", "sampled_game"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

MOST_EXACT = 15  # players: 32,768 coalitions; beyond, orders are sampled
MOST_ORDERS = 4096  # sampled orders, half of them the other half reversed


@dataclass(frozen=True, slots=True)
class Game:
    """A rule over k players as coefficients on the values of m coalitions.

    Attributes:
        rule: "shapley" and so on, or a pair index.
        coalitions: (m,) bit masks, ascending; the first is empty, the last holds everyone.
        matrix: (k, m); parts = matrix @ values.
        gains: (orders, k, 2) of a sampled game: the positions in `coalitions` with and without each player, order by
            order, an order beside its mirror; None where every coalition is listed.
    """

    rule: Rule | PairIndex
    coalitions: tuple[int, ...]
    matrix: Floats
    gains: Ints | None = None

    @property
    def orders(self) -> int:
        """Sampled orders; 0 where the game is exact."""
        return 0 if self.gains is None else len(self.gains)

    def mc_errors(self, values: Floats) -> Floats:
        """Monte Carlo standard errors (k,) of the parts of these values (m,), from pairs of mirrored orders."""
        if self.gains is None:
            return np.zeros(len(self.matrix))
        steps = values[self.gains[:, :, 0]] - values[self.gains[:, :, 1]]
        pairs = steps.reshape(-1, 2, steps.shape[1]).mean(axis=1)
        return np.asarray(pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs)))


def game_of(players: int, rule: Rule, groups: Sequence[int], keys: Floats) -> Game:
    """The game of a rule: exact to 15 players, and sampled from `keys` beyond where the rule needs all coalitions.

    Args:
        players: k.
        rule: the rule.
        groups: (k,) for Owen.
        keys: (orders / 2, 2 k) uniform numbers that give the sampled orders, of players and of groups.
    """
    if players <= MOST_EXACT or rule in (Rule.LEAVE_ONE_OUT, Rule.ADD_ONE_IN, Rule.ORDERED):
        return exact_game(players, rule, groups)
    return sampled_game(players, rule, groups, keys)


def exact_game(players: int, rule: Rule, groups: Sequence[int] = ()) -> Game:
    """The game with every coalition that the rule needs."""
    if rule in (Rule.LEAVE_ONE_OUT, Rule.ADD_ONE_IN, Rule.ORDERED):
        return _few(players, rule)
    matrix = rule_coefficients(players, rule, groups)
    needed = coalitions(matrix)
    return Game(rule, needed, matrix[:, list(needed)])


def pair_game(players: int, index: PairIndex) -> Game:
    """The interactions of all pairs, over all coalitions."""
    return Game(index, tuple(range(2**players)), pair_coefficients(players, index))


def sampled_game(players: int, rule: Rule, groups: Sequence[int], keys: Floats) -> Game:
    """Parts averaged over random orders and their mirrors (Castro, Gomez & Tejada 2009; Mitchell et al. 2022).

    A Shapley order is any; an Owen order draws groups, then members within them; for Banzhaf every order is a random
    half of the players, mirrored by the other half. Unbiased whatever the number of orders.

    Raises:
        ValueError: fewer than two rows of keys, which show no Monte Carlo error.
    """
    if len(keys) < 2:
        raise ValueError("at least two orders and their mirrors are needed to see a Monte Carlo error")
    bits = [1 << i for i in range(players)]
    everyone = sum(bits)
    steps: list[tuple[list[int], list[int]]] = []
    for row in keys:
        if rule is Rule.BANZHAF:
            half = sum(bit for bit, key in zip(bits, row, strict=False) if key < 0.5)
            for coalition in (half, everyone ^ half):
                steps.append(([coalition | bit for bit in bits], [coalition & ~bit for bit in bits]))
        else:
            order = _order(row, groups if rule is Rule.OWEN else ())
            steps += [_joining(order, bits), _joining(order[::-1], bits)]
    listed = sorted({0, everyone, *(mask for pair in steps for side in pair for mask in side)})
    place = {mask: index for index, mask in enumerate(listed)}
    gains = np.array([[[place[mask] for mask in side] for side in pair] for pair in steps], dtype=np.intp)
    gains = np.ascontiguousarray(gains.transpose(0, 2, 1))
    matrix = np.zeros((players, len(listed)))
    for player in range(players):
        np.add.at(matrix[player], gains[:, player, 0], 1.0 / len(steps))
        np.add.at(matrix[player], gains[:, player, 1], -1.0 / len(steps))
    return Game(rule, tuple(listed), matrix, gains)


def placed(game: Game, coalitions: Sequence[int]) -> Floats:
    """The game's matrix with a column for each of these coalitions."""
    where = {mask: index for index, mask in enumerate(coalitions)}
    matrix = np.zeros((len(game.matrix), len(coalitions)))
    matrix[:, [where[mask] for mask in game.coalitions]] = game.matrix
    return matrix


def end_row(coalitions: int) -> Floats:
    """The total: the last coalition minus the first."""
    ends = np.zeros(coalitions)
    ends[0] -= 1.0
    ends[-1] += 1.0
    return ends


def _few(players: int, rule: Rule) -> Game:
    """A rule that needs one pair of coalitions a player, without listing the others."""
    everyone = (1 << players) - 1
    pairs = []
    for player in range(players):
        bit = 1 << player
        pairs.append(
            {
                Rule.LEAVE_ONE_OUT: (everyone, everyone ^ bit),
                Rule.ADD_ONE_IN: (bit, 0),
                Rule.ORDERED: ((bit << 1) - 1, bit - 1),
            }[rule]
        )
    listed = sorted({0, everyone, *(mask for pair in pairs for mask in pair)})
    matrix = np.zeros((players, len(listed)))
    for player, (with_it, without_it) in enumerate(pairs):
        matrix[player, listed.index(with_it)] += 1.0
        matrix[player, listed.index(without_it)] -= 1.0
    return Game(rule, tuple(listed), matrix)


def _order(keys: Floats, groups: Sequence[int]) -> list[int]:
    """Players by the first half of the keys; where there are groups, these by the second half, members within them."""
    players = range(len(keys) // 2)
    if not groups:
        return sorted(players, key=lambda i: float(keys[i]))
    return sorted(players, key=lambda i: (float(keys[len(players) + groups.index(groups[i])]), float(keys[i])))


def _joining(order: Sequence[int], bits: Sequence[int]) -> tuple[list[int], list[int]]:
    """Per player, the coalition with it and the one without it when players join in this order."""
    with_it, without_it, so_far = [0] * len(order), [0] * len(order), 0
    for player in order:
        without_it[player] = so_far
        so_far |= bits[player]
        with_it[player] = so_far
    return with_it, without_it
