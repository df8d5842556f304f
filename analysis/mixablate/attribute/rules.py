"""Rules that split a change over players, as coefficients on the values of coalitions.

A coalition is a bit mask over the players: bit i set means player i stands at its target.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from math import comb, factorial

import numpy as np
from numpy.typing import NDArray

__all__ = ["PairIndex", "Rule", "coalitions", "pair_coefficients", "rule_coefficients"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Rule(StrEnum):
    """How the credit is split.

    Over all orders (Shapley), over the orders that keep groups together (Owen), over all coalitions alike (Banzhaf), by
    what is lost without the player (leave one out: necessity), by what it brings alone (add one in: sufficiency), or in
    the order of declaration (ordered: the waterfall's steps).
    """

    SHAPLEY = "shapley"
    OWEN = "owen"
    BANZHAF = "banzhaf"
    LEAVE_ONE_OUT = "leave_one_out"
    ADD_ONE_IN = "add_one_in"
    ORDERED = "ordered"

    @property
    def efficient(self) -> bool:
        """Whether the parts always sum to the total; the other rules leave a remainder where players interact."""
        return self in (Rule.SHAPLEY, Rule.OWEN, Rule.ORDERED)


class PairIndex(StrEnum):
    """How the interaction of two players is averaged over the coalitions of the others."""

    SHAPLEY_TAYLOR = "shapley_taylor"
    SHAPLEY_INTERACTION = "shapley_interaction"


def rule_coefficients(players: int, rule: Rule, groups: Sequence[int] = ()) -> Floats:
    """The matrix that turns coalition values (2^players,) into parts (players,).

    Shapley (1953): part i = sum over coalitions S without i of |S|! (k - |S| - 1)! / k! times v(S + i) - v(S); the
    parts sum to v(all) - v(none). Owen (1977): the same over orders in which the members of a group stand together; a
    group's parts sum to its Shapley value in the game of groups. Banzhaf (1965): all S alike, 2^-(k - 1) each.
    Leave-one-out: v(all) - v(all without i). Add-one-in: v(i) - v(none). Ordered: v(1..i) - v(1..i-1).

    Args:
        players: k, at most 20 or so: the matrix has 2^k columns.
        rule: the rule.
        groups: for Owen, the group of each player; none means that every player stands alone.
    """
    matrix = np.zeros((players, 2**players))
    masks = np.arange(2**players)
    everyone = 2**players - 1
    for player in range(players):
        bit = 1 << player
        if rule is Rule.LEAVE_ONE_OUT:
            without, weight = np.array([everyone ^ bit]), np.ones(1)
        elif rule is Rule.ADD_ONE_IN:
            without, weight = np.array([0]), np.ones(1)
        elif rule is Rule.ORDERED:
            without, weight = np.array([bit - 1]), np.ones(1)
        else:
            without = masks[masks & bit == 0]
            weight = _order_weights(without, player, players, rule, groups)
            without, weight = without[weight > 0.0], weight[weight > 0.0]
        matrix[player, without | bit] = weight
        matrix[player, without] = -weight
    return matrix


def _order_weights(without: Ints, player: int, players: int, rule: Rule, groups: Sequence[int]) -> Floats:
    """The weight of each coalition without the player, at which the player joins."""
    if rule is Rule.BANZHAF:
        return np.full(without.size, 0.5 ** (players - 1))
    labels = list(groups) if rule is Rule.OWEN and groups else list(range(players))
    if len(labels) != players:
        raise ValueError(f"{players} players need as many groups, found {len(labels)}")
    unions = [sum(1 << i for i in range(players) if labels[i] == label) for label in dict.fromkeys(labels)]
    own = next(union for union in unions if union >> player & 1)
    whole = np.ones(without.size, dtype=bool)
    before = np.zeros(without.size, dtype=np.int64)
    for union in unions:
        if union != own:
            part = without & union
            whole &= (part == 0) | (part == union)  # another group has come altogether or not at all
            before += part == union
    inside = np.bitwise_count(without & own).astype(np.int64)
    outer = np.array([factorial(h) * factorial(len(unions) - h - 1) for h in range(len(unions))], dtype=float)
    size = own.bit_count()
    inner = np.array([factorial(t) * factorial(size - t - 1) for t in range(size)], dtype=float)
    return np.where(whole, outer[before] / factorial(len(unions)) * inner[inside] / factorial(size), 0.0)


def pair_coefficients(players: int, index: PairIndex) -> Floats:
    """The matrix that turns coalition values (2^players,) into interactions of pairs (players choose 2,).

    Pairs in the order of `itertools.combinations`. With d(T) = v(T + ij) - v(T + i) - v(T + j) + v(T), over coalitions
    T of the others: Shapley-Taylor of order 2 (Sundararajan, Dhamdhere & Agarwal 2020, eq. 3) weighs d(T) by
    (2 / k) / C(k - 1, |T|), and with v(i) - v(none) for singles sums to v(all) - v(none); the Shapley interaction index
    (Grabisch & Roubens 1999) weighs it by |T|! (k - |T| - 2)! / (k - 1)!.
    """
    masks = np.arange(2**players)
    rows = []
    for i in range(players):
        for j in range(i + 1, players):
            first, second = 1 << i, 1 << j
            others = masks[masks & (first | second) == 0]
            sizes = np.bitwise_count(others).astype(int)
            if index is PairIndex.SHAPLEY_TAYLOR:
                by_size = [2.0 / players / comb(players - 1, t) for t in range(players - 1)]
            else:
                by_size = [
                    factorial(t) * factorial(players - t - 2) / factorial(players - 1) for t in range(players - 1)
                ]
            weight = np.array(by_size)[sizes]
            row = np.zeros(2**players)
            row[others | first | second], row[others | first] = weight, -weight
            row[others | second], row[others] = -weight, weight
            rows.append(row)
    return np.array(rows).reshape(-1, 2**players)


def coalitions(rule_matrix: Floats) -> tuple[int, ...]:
    """The coalitions whose value a rule needs, with the empty and the full one, ascending."""
    needed = np.abs(rule_matrix).sum(axis=0) > 0.0
    needed[[0, -1]] = True
    return tuple(int(mask) for mask in np.flatnonzero(needed))
