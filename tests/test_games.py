"""Rules over players: by their axioms, by hand on small tables, by brute force over orders, and sampled."""

from __future__ import annotations

from itertools import combinations, pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mixablate.attribute import (
    PairIndex,
    Rule,
    exact_game,
    pair_coefficients,
    rule_coefficients,
    sampled_game,
)
from mixablate.attribute.games import game_of
from mixablate.resample import stage_rng

Floats = NDArray[np.float64]
EXACT = 1e-12  # sums of at most 32 values of magnitude one
EFFICIENT = [rule for rule in Rule if rule.efficient]


def values_of(players: int) -> st.SearchStrategy[Floats]:
    return st.lists(st.floats(-1, 1), min_size=2**players, max_size=2**players).map(np.array)


@given(st.integers(1, 5).flatmap(values_of), st.sampled_from(EFFICIENT), st.lists(st.integers(0, 2), min_size=5))
def test_parts_of_efficient_rules_add_up(values: Floats, rule: Rule, labels: list[int]) -> None:
    players = values.size.bit_length() - 1
    parts = rule_coefficients(players, rule, labels[:players]) @ values
    assert parts.sum() == pytest.approx(values[-1] - values[0], abs=EXACT)


@given(st.integers(2, 5).flatmap(values_of))
def test_shapley_taylor_singles_and_pairs_add_up(values: Floats) -> None:
    players = values.size.bit_length() - 1
    singles = sum(values[1 << i] - values[0] for i in range(players))
    pairs = pair_coefficients(players, PairIndex.SHAPLEY_TAYLOR) @ values
    assert singles + pairs.sum() == pytest.approx(values[-1] - values[0], abs=EXACT)


@given(values_of(4), values_of(4), st.floats(-2, 2), st.sampled_from(list(Rule)))
def test_parts_of_a_sum_of_games_are_sums_of_parts(one: Floats, two: Floats, factor: float, rule: Rule) -> None:
    matrix = rule_coefficients(4, rule, (0, 0, 1, 2))
    assert matrix @ (one + factor * two) == pytest.approx(matrix @ one + factor * (matrix @ two), abs=10 * EXACT)


@given(values_of(4))
def test_owen_is_shapley_for_singletons_and_for_one_group_of_all(values: Floats) -> None:
    shapley = rule_coefficients(4, Rule.SHAPLEY) @ values
    for groups in ((0, 1, 2, 3), (5, 5, 5, 5), ()):
        assert rule_coefficients(4, Rule.OWEN, groups) @ values == pytest.approx(shapley, abs=EXACT)


@given(values_of(5))
def test_a_groups_owen_parts_sum_to_its_shapley_value_in_the_game_of_groups(values: Floats) -> None:
    groups = (0, 1, 0, 1, 2)
    parts = rule_coefficients(5, Rule.OWEN, groups) @ values
    unions = [sum(1 << i for i in range(5) if groups[i] == g) for g in range(3)]
    quotient = np.array([values[sum(unions[g] for g in range(3) if mask >> g & 1)] for mask in range(8)])
    sums = [sum(parts[i] for i in range(5) if groups[i] == g) for g in range(3)]
    assert sums == pytest.approx(rule_coefficients(3, Rule.SHAPLEY) @ quotient, abs=EXACT)


@pytest.mark.parametrize("groups", [(0, 1, 2, 3), (0, 0, 1, 2), (0, 1, 0, 1)])
def test_owen_averages_over_the_orders_that_keep_groups_together(groups: tuple[int, ...]) -> None:
    values = stage_rng(1, "owen").normal(size=16)
    sums, orders = np.zeros(4), 0
    for order in permutations(range(4)):
        labels = [groups[i] for i in order]
        if sum(a != b for a, b in pairwise(labels)) != len(set(groups)) - 1:
            continue
        orders += 1
        mask = 0
        for player in order:
            sums[player] += values[mask | 1 << player] - values[mask]
            mask |= 1 << player
    assert rule_coefficients(4, Rule.OWEN, groups) @ values == pytest.approx(sums / orders, abs=EXACT)


def test_banzhaf_of_a_majority_of_three_by_hand() -> None:
    # v = 1 for two players or more. Player 1 turns {2} and {3} of the four coalitions {}, {2}, {3}, {2, 3}: 2/4.
    values = np.array([0, 0, 0, 1, 0, 1, 1, 1.0])
    assert rule_coefficients(3, Rule.BANZHAF) @ values == pytest.approx([0.5] * 3, abs=EXACT)
    # Together 3/2, of a total of 1: Banzhaf is not efficient.
    # Players 1 and 2 that must both be there, 3 idle: each turns {other}, {other, 3} of four: 2/4, and 3 none.
    both = np.array([0, 0, 0, 1, 0, 0, 0, 1.0])
    assert rule_coefficients(3, Rule.BANZHAF) @ both == pytest.approx([0.5, 0.5, 0.0], abs=EXACT)


def test_ordered_parts_are_the_steps_in_the_order_of_declaration() -> None:
    values = np.array([10.0, 7.0, 9.0, 4.0, 8.0, 5.0, 6.0, 1.0])
    # {} = 10, {1} = 7, {1, 2} = 4, all = 1.
    assert rule_coefficients(3, Rule.ORDERED) @ values == pytest.approx([-3.0, -3.0, -3.0], abs=EXACT)


@pytest.mark.parametrize("index", list(PairIndex))
def test_the_interaction_of_two_players_is_the_double_difference(index: PairIndex) -> None:
    # 5 - 3 - 4 + 1 = -1.
    assert pair_coefficients(2, index) @ np.array([1.0, 3.0, 4.0, 5.0]) == pytest.approx([-1.0], abs=EXACT)


def test_interaction_indices_equal_their_averages_over_orders() -> None:
    # Shapley-Taylor (2020, section 2): the pair's double difference at the players before the first of the two.
    # Grabisch & Roubens (1999): the same where the two stand next to each other, as one player among k - 1.
    values = stage_rng(2, "pairs").normal(size=16)
    taylor, adjacent = [], []
    for i, j in combinations(range(4), 2):
        found: tuple[list[float], list[float]] = [], []
        for order in permutations(range(4)):
            places = sorted((order.index(i), order.index(j)))
            before = sum(1 << p for p in order[: places[0]])
            one, other = 1 << i, 1 << j
            gap = values[before | one | other] - values[before | one] - values[before | other] + values[before]
            found[0].append(gap)
            if places[1] == places[0] + 1:
                found[1].append(gap)
        taylor.append(np.mean(found[0]))
        adjacent.append(np.mean(found[1]))
    assert pair_coefficients(4, PairIndex.SHAPLEY_TAYLOR) @ values == pytest.approx(taylor, abs=EXACT)
    assert pair_coefficients(4, PairIndex.SHAPLEY_INTERACTION) @ values == pytest.approx(adjacent, abs=EXACT)


@pytest.mark.parametrize("rule", list(Rule))
def test_a_game_of_few_coalitions_equals_the_full_matrix(rule: Rule) -> None:
    values = stage_rng(3, "few").normal(size=32)
    game = exact_game(5, rule, (0, 0, 1, 1, 2))
    full = rule_coefficients(5, rule, (0, 0, 1, 1, 2)) @ values
    assert game.matrix @ values[list(game.coalitions)] == pytest.approx(full, abs=EXACT)
    assert (game.coalitions[0], game.coalitions[-1]) == (0, 31)
    assert not game.mc_errors(values[list(game.coalitions)]).any()


@pytest.mark.parametrize("rule", [Rule.SHAPLEY, Rule.OWEN, Rule.BANZHAF])
def test_sampled_parts_lie_within_four_monte_carlo_errors_of_the_exact_ones(rule: Rule) -> None:
    # Six players at 4 errors: about one failure in 2,600 seeds; the seed is fixed.
    groups = (0, 0, 1, 1, 2, 2)
    values = stage_rng(4, "sampled").normal(size=64)
    game = sampled_game(6, rule, groups, stage_rng(5, "orders").random((2000, 12)))
    mine = values[list(game.coalitions)]
    errors = game.mc_errors(mine)
    exact = rule_coefficients(6, rule, groups) @ values
    assert (errors > 0.0).all()
    assert (np.abs(game.matrix @ mine - exact) < 4 * errors).all()
    if rule.efficient:
        assert (game.matrix @ mine).sum() == pytest.approx(values[-1] - values[0], abs=EXACT)


def test_more_orders_begin_with_the_fewer() -> None:
    keys = stage_rng(6, "orders").random((64, 80))
    few, many = sampled_game(40, Rule.SHAPLEY, (), keys[:8]), sampled_game(40, Rule.SHAPLEY, (), keys)
    assert set(few.coalitions) <= set(many.coalitions)
    assert few.coalitions[-1] == 2**40 - 1
    assert (few.orders, many.orders) == (16, 128)


def test_beyond_fifteen_players_orders_are_sampled_and_one_at_a_time_rules_are_not() -> None:
    keys = stage_rng(6, "orders").random((4, 40))
    assert game_of(20, Rule.SHAPLEY, (), keys).orders == 8
    assert game_of(20, Rule.LEAVE_ONE_OUT, (), keys).orders == 0
    assert len(game_of(20, Rule.ORDERED, (), keys).coalitions) == 21
    assert game_of(15, Rule.ORDERED, (), keys[:, :30]).orders == 0


def test_one_order_shows_no_monte_carlo_error_and_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two orders"):
        sampled_game(3, Rule.SHAPLEY, (), np.full((1, 6), 0.5))


def test_owen_needs_a_group_for_every_player() -> None:
    with pytest.raises(ValueError, match="as many groups"):
        rule_coefficients(3, Rule.OWEN, (0, 1))
