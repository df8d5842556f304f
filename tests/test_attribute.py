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

from mixablate.attribute import Attribution, Part, Rule, attribute, coalitions, players_of, rule_coefficients
from mixablate.design import design_of
from mixablate.estimate import evidence_of, outcome_of, run_level_effect, summarise
from mixablate.resample import stage_rng
from mixablate.study import Scale, load_study
from mixablate.tables import read_tables
from small_studies import contrast_of, study_of, summaries_of, tables_of

ROOT = Path(__file__).resolve().parents[1]
GOLD = ROOT / "fixtures/gold/shapley_ablation_game"
EXACT = 1e-12  # sums of at most 32 values of magnitude one
ROUNDING = 1e-9  # the same sums in another order
ADDITIVE = [({"tools": t, "prompts": p}, [k] * 3) for t, p, k in ((0, 0, 16), (1, 0, 49), (0, 1, 49), (1, 1, 82))]
SPREAD = {(0, 0): [61, 55, 70, 58], (1, 0): [40, 35, 47, 30], (0, 1): [50, 44, 58, 49], (1, 1): [12, 20, 15, 9]}


def games(players: int) -> st.SearchStrategy[np.ndarray]:
    return st.lists(st.floats(-1, 1), min_size=2**players, max_size=2**players).map(np.array)


def split(
    cells: Sequence[tuple[dict[str, object], Sequence[int]]], scale: Scale, rule: Rule, *, trials: int = 100
) -> Attribution:
    study = study_of()
    summaries, design = summaries_of(study, tables_of(study, cells, trials=trials))
    found = attribute(summaries, design, scale, rule, level=0.95, draws=999, rng=stage_rng(3, "test"))
    assert found is not None
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


@given(games(4), st.sampled_from(list(Rule)))
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
    return Part(component, component, estimate, *(None,) * 8, source="observed arms")


def attribution(total: float, unattributed: float) -> Attribution:
    parts = (part("tools", -0.2), part("prompts", -0.1))
    scale = Scale.RISK_DIFFERENCE
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
    frame = split(spread(), Scale.RISK_DIFFERENCE, Rule.ADD_ONE_IN).to_frame().set_index("component")["estimate"]
    assert frame[["tools", "prompts", "unattributed"]].sum() == pytest.approx(frame["total"], abs=EXACT)


@pytest.mark.parametrize("rule", list(Rule))
def test_an_additive_table_gives_each_component_its_effect(rule: Rule) -> None:
    # 98 rollouts: (k + 1/2)/(n - k + 1/2) is 16.5/82.5 = 1/5, 49.5/49.5 = 1 twice, and 82.5/16.5 = 5,
    # so each component multiplies the odds by 5 with or without the other.
    found = split(ADDITIVE, Scale.LOG_ODDS, rule, trials=98)
    assert [p.estimate for p in found.parts] == pytest.approx([math.log(5)] * 2, rel=ROUNDING)
    assert found.unattributed == 0.0
    assert found.total == pytest.approx(2 * math.log(5), rel=ROUNDING)
    assert (found.baseline, found.full) == pytest.approx((-math.log(5), math.log(5)), rel=ROUNDING)
    assert {p.source for p in found.parts} == {"observed arms"}
    study = study_of()
    summaries, design = summaries_of(study, tables_of(study, ADDITIVE, trials=98))
    for p in found.parts:
        effect = evidence_of(summaries, contrast_of(design, p.component), Scale.LOG_ODDS, design)
        assert p.estimate == pytest.approx(effect.estimate, rel=ROUNDING)


@pytest.mark.parametrize("scale", [Scale.LOG_ODDS, Scale.RISK_DIFFERENCE])
def test_shapley_in_a_two_by_two_is_the_average_effect_with_its_interval(scale: Scale) -> None:
    # Both weigh "alone" and "with the other" by 1/2.
    found = split(spread(), scale, Rule.SHAPLEY)
    study = study_of()
    summaries, design = summaries_of(study, tables_of(study, spread()))
    for p in found.parts:
        effect = run_level_effect(summaries, contrast_of(design, p.component), scale, design, level=0.95)
        for name in ("estimate", "std_error", "df", "lower", "upper"):
            assert getattr(p, name) == pytest.approx(getattr(effect, name), rel=ROUNDING), name
    assert not found.descriptive
    assert sum(p.share or 0.0 for p in found.parts) == pytest.approx(1.0, abs=EXACT)


def test_a_missing_arm_falls_back_to_the_fitted_model_and_says_so() -> None:
    # Prompts alone was never run: Shapley needs it for both parts, add-one-in for that of prompts only.
    cells = spread((0, 0), (1, 0), (1, 1))
    shapley = split(cells, Scale.RISK_DIFFERENCE, Rule.SHAPLEY)
    assert [p.source for p in shapley.parts] == ["fitted model", "fitted model"]
    assert "fitted model" in shapley.method
    assert "observed arms" not in shapley.method
    assert math.fsum(p.estimate for p in shapley.parts) == pytest.approx(shapley.total, abs=ROUNDING)
    alone = split(cells, Scale.RISK_DIFFERENCE, Rule.ADD_ONE_IN)
    assert [p.source for p in alone.parts] == ["observed arms", "fitted model"]
    assert "observed arms" in alone.method
    assert "fitted model" in alone.method
    # Rates 244/400 = .61, 152/400 = .38 and 56/400 = .14.
    assert alone.parts[0].estimate == pytest.approx(0.38 - 0.61, abs=ROUNDING)
    assert alone.total == pytest.approx(0.14 - 0.61, abs=ROUNDING)


@pytest.mark.parametrize("rule", list(Rule))
def test_single_runs_are_split_without_intervals(rule: Rule) -> None:
    cells = [(levels, counts[:1]) for levels, counts in spread()]
    found = split(cells, Scale.RISK_DIFFERENCE, rule)
    assert found.descriptive
    assert found.reason == 'the arm "baseline" has a single run'
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
    found = split(cells, Scale.RISK_DIFFERENCE, Rule.SHAPLEY)
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
    found = split(cells, Scale.RISK_DIFFERENCE, Rule.SHAPLEY)
    assert sum(p.p_largest or 0.0 for p in found.parts) == pytest.approx(1.0, abs=EXACT)
    for p in found.parts:
        assert p.share is not None
        assert p.share_lower is not None
        assert p.share_upper is not None
        assert p.share_lower < p.share < p.share_upper


def test_one_component_has_nothing_to_split() -> None:
    study = study_of(["tools"])
    summaries, design = summaries_of(study, tables_of(study, [({"tools": t}, [40, 50, 60]) for t in (0, 1)]))
    keys = {"level": 0.95, "draws": 99, "rng": stage_rng(3, "test")}
    assert len(players_of(design)) == 1
    assert attribute(summaries, design, Scale.LOG_ODDS, Rule.SHAPLEY, **keys) is None


# Blackmail falls 537/600 -> 155/300 -> 212/600, leaking 243/600 -> 76/300 -> 114/600. Mean rates .650, .385, .272:
# .265/.378 = .70. Their log-odds .619, -.468, -.986: 1.087/1.605 = .68; over several evals the modelled values stand.
@pytest.mark.parametrize(("scale", "share"), [(Scale.RISK_DIFFERENCE, 0.70), (Scale.LOG_ODDS, 0.68)])
def test_plain_chat_alone_brings_seven_tenths_of_the_published_drop(scale: Scale, share: float) -> None:
    study = load_study(ROOT / "reports/qwen_difficult_advice/study.toml")
    tables = read_tables(study)
    design = design_of(study, tables)
    summaries = summarise(tables, design, outcome_of(tables, ["blackmail", "leaking"], name="out_of_distribution"))
    found = attribute(
        summaries, design, scale, Rule.ADD_ONE_IN, level=0.95, draws=99, rng=stage_rng(study.seed, "test")
    )
    assert found is not None
    chat = next(p for p in found.parts if p.component == "plain_chat")
    assert chat.source == ("fitted model" if scale is Scale.LOG_ODDS else "observed arms")
    assert found.descriptive
    assert chat.share == pytest.approx(share, abs=0.005)
