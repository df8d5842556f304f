"""Rules that split a change over players, as coefficients on the values of all coalitions.

A coalition is a bit mask over the players: bit i set means component i stands at its target.
"""

from __future__ import annotations

from enum import StrEnum
from math import factorial

import numpy as np
from numpy.typing import NDArray

__all__ = ["Rule", "coalitions", "rule_coefficients"]

Floats = NDArray[np.float64]


class Rule(StrEnum):
    """How the credit is split: over all orders, by what is lost without it, by what it brings alone."""

    SHAPLEY = "shapley"
    LEAVE_ONE_OUT = "leave_one_out"
    ADD_ONE_IN = "add_one_in"


def rule_coefficients(players: int, rule: Rule) -> Floats:
    """The matrix that turns coalition values (2^players,) into parts (players,).

    Shapley (1953): part i = sum over coalitions S without i of |S|! (k - |S| - 1)! / k! times v(S + i) - v(S);
    the parts sum to v(all) - v(none). Leave-one-out: v(all) - v(all without i), the component's necessity. Add-one-in:
    v(i) - v(none), its sufficiency. The last two leave a joint remainder where components interact.
    """
    matrix = np.zeros((players, 2**players))
    everyone = 2**players - 1
    for player in range(players):
        bit = 1 << player
        if rule is Rule.LEAVE_ONE_OUT:
            matrix[player, everyone] += 1.0
            matrix[player, everyone ^ bit] -= 1.0
        elif rule is Rule.ADD_ONE_IN:
            matrix[player, bit] += 1.0
            matrix[player, 0] -= 1.0
        else:
            for mask in range(2**players):
                if mask & bit:
                    continue
                size = mask.bit_count()
                weight = factorial(size) * factorial(players - size - 1) / factorial(players)
                matrix[player, mask | bit] += weight
                matrix[player, mask] -= weight
    return matrix


def coalitions(rule_matrix: Floats) -> tuple[int, ...]:
    """The coalitions whose value a rule needs, with the empty and the full one, ascending."""
    needed = np.abs(rule_matrix).sum(axis=0) > 0.0
    needed[[0, -1]] = True
    return tuple(int(mask) for mask in np.flatnonzero(needed))
