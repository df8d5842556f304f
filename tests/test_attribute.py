"""Parts of a change: against gold, by the axioms, from arms that were run and from the fitted model."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixablate.attribute import (
    ONE_RUN,
    Attribution,
    AttributionScale,
    Part,
    Rule,
    attribute_outcome,
    coalitions,
    players_of,
    rule_coefficients,
)
from mixablate.estimate import run_level_effect
from mixablate.study import Scale
from small_studies import contrast_of, study_of, summaries_of, tables_of

ROOT = Path(__file__).resolve().parents[1]
GOLD = ROOT / "fixtures/gold/shapley_ablation_game"
EXACT = 1e-12  # sums of at most 32 values of magnitude one
ROUNDING = 1e-9  # the same sums in another order
UNGROUPED = [rule for rule in Rule if rule is not Rule.OWEN]  # without groups it is left out
ADDITIVE = [({"tools": t, "prompts": p}, [k] * 3) for t, p, k in ((0, 0, 20), (1, 0, 50), (0, 1, 50), (1, 1, 80))]
SPREAD = {(0, 0): [61, 55, 70, 58], (1, 0): [40, 35, 47, 30], (0, 1): [50, 44, 58, 49], (1, 1): [12, 20, 15, 9]}


def games(players: int) -> st.SearchStrategy[np.ndarray]:
    return st.lists(st.floats(-1, 1), min_size=2**players, max_size=2**players).map(np.array)


def split(
    cells: Sequence[tuple[dict[str, object], Sequence[int]]], scale: AttributionScale, rule: Rule, *, trials: int = 100
) -> Attribution:
    study = study_of()
    summaries, design = summaries_of(study, tables_of(study, cells, trials=trials))
    keys = {"level": 0.95, "draws": 999, "seed": 3}
    (found,) = attribute_outcome(summaries, design, rules=(rule,), scales=(scale,), **keys).attributions
    return found


def spread(*arms: tuple[int, int]) -> list[tuple[dict[str, object], list[int]]]:
    return [({"tools": t, "prompts": p}, SPREAD[t, p]) for t, p in arms or SPREAD]


@pytest.mark.parametrize(
    ("rule", "key"), [(Rule.SHAPLEY, "shapley"), (Rule.ADD_ONE_IN, "first"), (Rule.LEAVE_ONE_OUT, "last")]
)
def test_gold_splits_of_the_ablation_table(rule: Rule, key: str) -> None:
    rows = list(csv.DictReader((GOLD / "data.csv").read_text().splitlines()))
    rates = np.zeros(8)
    for row in rows:
        rates[sum(1 << i for i, player in enumerate("ABC") if row[player] == "1")] = float(row["p"])
    reference = json.loads((GOLD / "reference.json").read_text())
    parts = rule_coefficients(3, rule) @ (rates[0] - rates)
    assert parts == pytest.approx([reference[key][player] for player in "ABC"], abs=EXACT)
    if rule is Rule.SHAPLEY:
        assert parts.sum() == pytest.approx(reference["total"], abs=EXACT)
        assert parts / parts.sum() == pytest.approx([reference["share"][player] for player in "ABC"], abs=EXACT)


@given(st.integers(1, 5).flatmap(games))
def test_shapley_parts_add_up_to_the_total(values: np.ndarray) -> None:
    parts = rule_coefficients(values.size.bit_length() - 1, Rule.SHAPLEY) @ values
    assert parts.sum() == pytest.approx(values[-1] - values[0], abs=EXACT)


@given(games(4), st.sampled_from([rule for rule in Rule if rule is not Rule.ORDERED]))  # an order tells them apart
def test_players_that_may_be_exchanged_get_equal_parts(values: np.ndarray, rule: Rule) -> None:
    swapped = [(mask & ~3) | (mask & 1) << 1 | (mask & 2) >> 1 for mask in range(16)]  # players 0 and 1 exchanged
    parts = rule_coefficients(4, rule) @ ((values + values[swapped]) / 2)
    assert parts[0] == pytest.approx(parts[1], abs=EXACT)


@given(games(4), st.integers(0, 3), st.sampled_from(list(Rule)))
def test_a_player_that_changes_nothing_gets_nothing(values: np.ndarray, player: int, rule: Rule) -> None:
    without = [mask & ~(1 << player) for mask in range(16)]
    assert (rule_coefficients(4, rule) @ values[without])[player] == pytest.approx(0.0, abs=EXACT)


def test_a_rule_names_the_coalitions_that_it_needs() -> None:
    assert coalitions(rule_coefficients(3, Rule.SHAPLEY)) == tuple(range(8))
    assert coalitions(rule_coefficients(3, Rule.ADD_ONE_IN)) == (0, 1, 2, 4, 7)
    assert coalitions(rule_coefficients(3, Rule.LEAVE_ONE_OUT)) == (0, 3, 5, 6, 7)


def part(component: str, estimate: float) -> Part:
    return Part(component, component, estimate, *(None,) * 8, source="observed")


def attribution(total: float, unattributed: float) -> Attribution:
    parts = (part("tools", -0.2), part("prompts", -0.1))
    scale = AttributionScale.RISK_DIFFERENCE
    ends = 0.5, 0.5 + total, total, None, None
    return Attribution("o", scale, "shapley", *ends, parts, unattributed, 0.95, False, "by hand")


def test_an_attribution_that_does_not_add_up_is_refused() -> None:
    assert attribution(-0.3, 0.0).total == -0.3
    assert attribution(-0.4, -0.1).total == -0.4
    with pytest.raises(ValueError, match="parts and unattributed sum to"):
        attribution(-0.4, 0.0)
    with pytest.raises(ValueError, match="parts and unattributed sum to"):
        attribution(math.nan, 0.0)


def test_the_frame_of_an_attribution_adds_up() -> None:
    frame = (
        split(spread(), AttributionScale.RISK_DIFFERENCE, Rule.ADD_ONE_IN).to_frame().set_index("component")["estimate"]
    )
    assert frame[["tools", "prompts", "unattributed"]].sum() == pytest.approx(frame["total"], abs=EXACT)


@pytest.mark.parametrize("rule", UNGROUPED)
def test_an_additive_table_gives_each_component_its_effect(rule: Rule) -> None:
    # Rates 1/5, 1/2 twice and 4/5: odds 1/4, 1 and 4, so each component multiplies them by 4, alone or with the other.
    found = split(ADDITIVE, AttributionScale.LOG_ODDS, rule)
    assert [p.estimate for p in found.parts] == pytest.approx([math.log(4)] * 2, rel=ROUNDING)
    assert found.unattributed == pytest.approx(0.0, abs=EXACT)
    assert found.total == pytest.approx(2 * math.log(4), rel=ROUNDING)
    assert (found.baseline, found.full) == pytest.approx((-math.log(4), math.log(4)), rel=ROUNDING)
    assert {p.source for p in found.parts} == {"observed"}


def test_shapley_in_a_two_by_two_is_the_average_effect_with_its_interval() -> None:
    # Both weigh "alone" and "with the other" by 1/2.
    found = split(spread(), AttributionScale.RISK_DIFFERENCE, Rule.SHAPLEY)
    study = study_of()
    summaries, design = summaries_of(study, tables_of(study, spread()))
    for p in found.parts:
        effect = run_level_effect(
            summaries, contrast_of(design, p.component), Scale.RISK_DIFFERENCE, design, level=0.95
        )
        for name in ("estimate", "std_error", "df", "lower", "upper"):
            assert getattr(p, name) == pytest.approx(getattr(effect, name), rel=ROUNDING), name
    assert not found.descriptive
    assert sum(p.share or 0.0 for p in found.parts) == pytest.approx(1.0, abs=EXACT)


def test_a_missing_arm_is_filled_in_by_the_fitted_model_and_says_so() -> None:
    # Prompts alone was never run: Shapley needs it for both parts, add-one-in for that of prompts only.
    cells = spread((0, 0), (1, 0), (1, 1))
    shapley = split(cells, AttributionScale.RISK_DIFFERENCE, Rule.SHAPLEY)
    assert [p.source for p in shapley.parts] == ["mixed", "mixed"]
    assert "fitted model" in shapley.method
    assert math.fsum(p.estimate for p in shapley.parts) == pytest.approx(shapley.total, abs=ROUNDING)
    alone = split(cells, AttributionScale.RISK_DIFFERENCE, Rule.ADD_ONE_IN)
    assert [p.source for p in alone.parts] == ["observed", "mixed"]
    # Rates 244/400 = .61, 152/400 = .38 and 56/400 = .14.
    assert alone.parts[0].estimate == pytest.approx(0.38 - 0.61, abs=ROUNDING)
    assert alone.total == pytest.approx(0.14 - 0.61, abs=ROUNDING)
    ordered = split(cells, AttributionScale.RISK_DIFFERENCE, Rule.ORDERED)
    assert [p.source for p in ordered.parts] == ["observed", "observed"]
    assert "fitted model" not in ordered.method


@pytest.mark.parametrize("rule", UNGROUPED)
def test_single_runs_are_split_without_intervals(rule: Rule) -> None:
    cells = [(levels, counts[:1]) for levels, counts in spread()]
    found = split(cells, AttributionScale.RISK_DIFFERENCE, rule)
    assert found.descriptive
    assert found.reason == ONE_RUN == "one run per arm carries no run-to-run uncertainty"
    assert (found.total_lower, found.total_upper) == (None, None)
    # 61, 40, 50 and 12 of 100: the total is -.49.
    assert found.total == pytest.approx(-0.49, abs=EXACT)
    for p in found.parts:
        withheld = (p.std_error, p.df, p.lower, p.upper, p.share_lower, p.share_upper, p.p_largest)
        assert withheld == (None,) * 7
        assert p.share == pytest.approx(p.estimate / found.total, abs=EXACT)


def test_shares_are_withheld_where_the_total_may_be_zero() -> None:
    counts = {(0, 0): [61, 35, 70], (1, 0): [40, 65, 47], (0, 1): [50, 44, 58], (1, 1): [45, 70, 50]}
    cells = [({"tools": t, "prompts": p}, k) for (t, p), k in counts.items()]
    found = split(cells, AttributionScale.RISK_DIFFERENCE, Rule.SHAPLEY)
    assert found.total_lower is not None
    assert found.total_upper is not None
    assert found.total_lower < 0.0 < found.total_upper
    assert not found.descriptive
    for p in found.parts:
        assert (p.share, p.share_lower, p.share_upper) == (None,) * 3
        assert p.lower is not None


def test_shares_get_intervals_from_twenty_runs_on() -> None:
    counts = {arm: [*k, k[0] - 3] for arm, k in SPREAD.items()}
    cells = [({"tools": t, "prompts": p}, k) for (t, p), k in counts.items()]
    found = split(cells, AttributionScale.RISK_DIFFERENCE, Rule.SHAPLEY)
    assert sum(p.p_largest or 0.0 for p in found.parts) == pytest.approx(1.0, abs=EXACT)
    for p in found.parts:
        assert p.share is not None
        assert p.share_lower is not None
        assert p.share_upper is not None
        assert p.share_lower < p.share < p.share_upper


def test_one_component_has_nothing_to_split() -> None:
    study = study_of(["tools"])
    summaries, design = summaries_of(study, tables_of(study, [({"tools": t}, [40, 50, 60]) for t in (0, 1)]))
    assert len(players_of(design)) == 1
    found = attribute_outcome(summaries, design, level=0.95, draws=99, seed=3)
    assert found.attributions == ()
    assert "nothing to split" in found.reason
