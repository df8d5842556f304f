"""Uncertainty of parts: the jackknife against closed forms, where it is withheld, what is said of parts jointly."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from mixablate.attribute import (
    ONE_RUN,
    AttributedOutcome,
    Attribution,
    AttributionScale,
    Rule,
    ValueSource,
    attribute_outcome,
)
from mixablate.attribute.cells import cells_of, strata_of
from mixablate.attribute.inferring import Inferred
from mixablate.attribute.interactions import interaction_word
from mixablate.attribute.players import take_part
from mixablate.attribute.replicates import Deletions, deletions, game_values
from mixablate.attribute.simultaneous import simultaneous
from mixablate.attribute.spread import Jackknife, arm_spread, jackknife
from mixablate.design import Design
from mixablate.estimate import RunSummaries
from mixablate.resample import stage_rng
from mixablate.tables import OutcomeKind
from small_studies import flag, study_of, summaries_of, tables_of

ENDS = np.array([[-1.0, 1.0]])
EXACT = 1e-12  # sums of a few float64 terms
SHOWN = 1e-9
SPREAD = {(0, 0): [61, 55, 70, 58], (1, 0): [40, 35, 47, 30], (0, 1): [50, 44, 58, 49], (1, 1): [12, 20, 15, 9]}
DIFFERENCE, LOG_ODDS, LOG_RATIO = list(AttributionScale)[:3]

Cells = Sequence[tuple[dict[str, object], Any]]


def spread(*arms: tuple[int, int], counts: dict[tuple[int, int], list[int]] | None = None) -> Cells:
    held = counts or SPREAD
    return [({"tools": t, "prompts": p}, held[t, p]) for t, p in arms or held]


def studied(cells: Cells, names: Sequence[Any] = ("tools", "prompts"), **keys: Any) -> tuple[RunSummaries, Design]:
    study = study_of(names, **keys)
    evals = sorted(cells[0][1]) if isinstance(cells[0][1], dict) else ["blackmail"]
    return summaries_of(study, tables_of(study, cells), *evals)


def found_of(cells: Cells, names: Sequence[Any] = ("tools", "prompts"), **keys: Any) -> AttributedOutcome:
    summaries, design = studied(cells, names)
    return attribute_outcome(summaries, design, **({"level": 0.95, "draws": 499, "seed": 3} | keys))


def one(cells: Cells, scale: AttributionScale, rule: Rule = Rule.SHAPLEY, **keys: Any) -> Attribution:
    return found_of(cells, scales=(scale,), rules=(rule,), **keys).attributions[0]


def contrast_of_two(summaries: RunSummaries, design: Design) -> tuple[Jackknife, Deletions, list[np.ndarray]]:
    """Target minus baseline, the deletions behind it, and the values of both arms."""
    strata = strata_of(design, summaries, take_part(design).players)
    game = game_values(summaries, design, cells_of((0, 1), strata, ValueSource.MIXED), None)
    left_out = deletions(game)
    arms = [summaries.level[[arm == a for a in summaries.arm_ids]] for arm in game.cells.arm_ids]
    return jackknife(game, left_out, arm_spread(game), ENDS, AttributionScale.VALUE), left_out, arms


def test_the_jackknife_terms_of_an_arm_add_up_to_its_variance_over_n() -> None:
    summaries, design = studied([({"tools": 0}, [61, 55, 70]), ({"tools": 1}, [40, 35, 47, 30, 44])], ["tools"])
    _, left_out, arms = contrast_of_two(summaries, design)
    replicates = (left_out.values @ ENDS.T)[:, 0]
    for stratum, values in enumerate(arms):
        mine, n = replicates[left_out.stratum == stratum], values.size
        terms = (n - 1) / n * ((mine - mine.mean()) ** 2).sum()
        assert terms == pytest.approx(values.var(ddof=1) / n, rel=EXACT)


def test_the_jackknife_of_scores_is_welch_exactly() -> None:
    summaries, design = studied([({"tools": 0}, [1] * 3), ({"tools": 1}, [1] * 5)], ["tools"])
    outcome = replace(summaries.outcome, kind=OutcomeKind.SCORE)
    scores = stage_rng(8, "scores").normal(size=8)
    found, _, (reference, treated) = contrast_of_two(replace(summaries, outcome=outcome, level=scores), design)
    welch = stats.ttest_ind(treated, reference, equal_var=False)
    assert found.dfs[0] == pytest.approx(welch.df, rel=EXACT)
    assert found.estimates[0] / found.std_errors[0] == pytest.approx(welch.statistic, rel=EXACT)


@pytest.mark.parametrize("scale", [DIFFERENCE, LOG_ODDS, LOG_RATIO])
@pytest.mark.parametrize("arms", [list(SPREAD), [(0, 0), (1, 0), (1, 1)]])
def test_every_scale_adds_up_and_its_ends_are_those_of_mean_rates(
    scale: AttributionScale, arms: list[tuple[int, int]]
) -> None:
    found = one(spread(*arms), scale)
    # Mean rates: 244/400 = .61 and 56/400 = .14.
    ends = {
        DIFFERENCE: (0.61, 0.14),
        LOG_ODDS: (math.log(0.61 / 0.39), math.log(0.14 / 0.86)),
        LOG_RATIO: (math.log(0.61), math.log(0.14)),
    }[scale]
    assert (found.baseline, found.full) == pytest.approx(ends, abs=SHOWN)
    assert math.fsum(p.estimate for p in found.parts) == pytest.approx(found.total, abs=SHOWN)
    for part in found.parts:
        assert part.lower is not None
        assert part.upper is not None
        assert part.lower_simultaneous is not None
        assert part.upper_simultaneous is not None
        assert part.p_value is not None
        assert part.p_adjusted is not None
        assert part.lower_simultaneous < part.lower < part.estimate < part.upper < part.upper_simultaneous
        assert part.p_value <= part.p_adjusted <= 2 * part.p_value + 1e-3
        assert part.loo_lower is not None
        assert part.loo_upper is not None
        assert part.loo_lower <= part.estimate <= part.loo_upper
        assert part.loo_run in {f"arm{a}/é0{r}" for a in range(4) for r in range(4)}


@pytest.mark.parametrize("scale", [DIFFERENCE, LOG_ODDS, LOG_RATIO])
@pytest.mark.parametrize("arms", [list(SPREAD), [(0, 0), (1, 0), (1, 1)]])
def test_swapping_baseline_and_target_turns_every_part_round(
    scale: AttributionScale, arms: list[tuple[int, int]]
) -> None:
    there = one(spread(*arms), scale)
    back = found_of(
        spread(*arms),
        [flag("tools", baseline=1.0, target=0.0), flag("prompts", baseline=1.0, target=0.0)],
        scales=(scale,),
        rules=(Rule.SHAPLEY,),
    ).attributions[0]
    for forth, other in zip(there.parts, back.parts, strict=True):
        assert other.estimate == pytest.approx(-forth.estimate, abs=SHOWN)
        assert (other.lower, other.upper) == pytest.approx((-(forth.upper or 0), -(forth.lower or 0)), abs=SHOWN)
        assert other.p_value == pytest.approx(forth.p_value, rel=1e-6)


def test_more_rollouts_of_the_same_rates_never_shrink_an_interval() -> None:
    # Ten times the rollouts at the same run rates: between-run spread is what it was. (Log-odds move a little towards
    # the rates' own, so the wider of two spreads may change by the half event.)
    for scale, arms in itertools.product((DIFFERENCE, LOG_ODDS, LOG_RATIO), (list(SPREAD), [(0, 0), (1, 0), (1, 1)])):
        narrow = one(spread(*arms), scale)
        study = study_of()
        tenfold = {arm: [10 * k for k in counts] for arm, counts in SPREAD.items()}
        summaries, design = summaries_of(study, tables_of(study, spread(*arms, counts=tenfold), trials=1000))
        keys = {"scales": (scale,), "rules": (Rule.SHAPLEY,), "level": 0.95, "draws": 99, "seed": 3}
        many = attribute_outcome(summaries, design, **keys).attributions[0]
        for few, part in zip(narrow.parts, many.parts, strict=True):
            assert (part.std_error or 0.0) >= (few.std_error or 0.0) * (1 - 1e-9)


def test_one_value_per_coalition_whatever_it_rests_on() -> None:
    # In a saturated model (three arms, three coefficients) the fitted values of arms are the observed ones.
    cells = spread((0, 0), (1, 0), (1, 1))
    mixed, model = found_of(cells), found_of(cells, value=ValueSource.MODEL)
    for observed, fitted in zip(mixed.coalitions, model.coalitions, strict=True):
        assert observed.value == pytest.approx(fitted.value, abs=1e-7)
    assert [c.source for c in mixed.coalitions] == ["observed", "observed", "model", "observed"]
    assert [c.n_runs for c in mixed.coalitions] == [4, 4, 0, 4]
    assert {c.source for c in model.coalitions} == {"model"}


def test_observed_values_alone_withhold_what_was_not_run() -> None:
    found = found_of(spread((0, 0), (1, 0), (1, 1)), value=ValueSource.OBSERVED)
    split = {(a.rule, a.scale) for a in found.attributions}
    assert split == {("ordered", scale) for scale in (DIFFERENCE, LOG_ODDS, LOG_RATIO)}
    assert {w.reason for w in found.withheld} == {'not run: "Prompts"'}


def test_a_rate_of_zero_has_no_logarithm_and_keeps_its_difference() -> None:
    counts = SPREAD | {(1, 1): [0, 0, 0, 0]}
    found = found_of(spread(counts=counts), rules=(Rule.SHAPLEY,))
    assert [a.scale for a in found.attributions] == [DIFFERENCE]
    assert {w.scale for w in found.withheld} == {LOG_ODDS, LOG_RATIO}
    assert all('"Tools + Prompts", which has no logarithm' in w.reason for w in found.withheld)
    assert found.attributions[0].parts[0].lower is not None


def test_one_run_per_arm_gives_descriptive_shares_and_says_why() -> None:
    cells = [(levels, k[:1]) for levels, k in spread((0, 0), (1, 0), (1, 1))]
    for scale in (DIFFERENCE, LOG_ODDS, LOG_RATIO):
        found = one(cells, scale, Rule.ORDERED)
        assert found.descriptive
        assert found.reason == ONE_RUN
        assert (found.total_lower, found.parts[0].lower, found.parts[0].p_adjusted) == (None, None, None)
        assert sum(part.share or 0.0 for part in found.parts) == pytest.approx(1.0, abs=SHOWN)


def test_an_arm_of_one_run_borrows_the_spread_of_the_others_and_is_never_certain() -> None:
    counts = SPREAD | {(1, 1): [14]}
    found = one(spread(counts=counts), LOG_ODDS)
    whole = one(spread(), LOG_ODDS)
    for part, before in zip(found.parts, whole.parts, strict=True):
        assert part.std_error is not None
        assert before.std_error is not None
        # One run in place of four has about twice the standard error of its arm's mean.
        assert part.std_error > before.std_error
    # Its side of the total has one run: no interval for that.
    assert "at least 3 training runs are needed on each side" in found.reason


def test_components_only_ever_together_are_one_player_and_the_arm_to_run_is_named() -> None:
    cells = [({"tools": t, "prompts": t, "advice": a}, SPREAD[t, a]) for t, a in SPREAD]
    found = found_of(cells, ["tools", "prompts", "advice"], rules=(Rule.SHAPLEY,), scales=(DIFFERENCE,))
    split = found.attributions[0]
    assert [p.component for p in split.parts] == ["tools+prompts", "advice"]
    assert split.parts[0].label == "Tools + Prompts (only ever together)"
    assert split.notes[0] == (
        '"Tools" and "Prompts" were only ever run together, so the part is theirs jointly; run an arm with tools=1, '
        "prompts=0 to tell them apart."
    )
    assert split.parts[0].estimate == pytest.approx(one(spread(), DIFFERENCE).parts[0].estimate, abs=EXACT)


def test_a_study_of_nothing_but_one_pair_attributes_everything_to_it() -> None:
    cells = [({"tools": t, "prompts": t}, SPREAD[t, 0]) for t in (0, 1)]
    split = one(cells, DIFFERENCE)
    assert [p.component for p in split.parts] == ["tools+prompts"]
    assert split.parts[0].estimate == pytest.approx(split.total, abs=EXACT)
    assert split.parts[0].share == pytest.approx(1.0, abs=EXACT)


def test_a_component_that_never_varies_takes_no_part() -> None:
    cells = [(levels | {"advice": 0}, k) for levels, k in spread()]
    found = found_of(cells, ["tools", "prompts", "advice"], rules=(Rule.SHAPLEY,), scales=(DIFFERENCE,))
    split = found.attributions[0]
    assert [p.component for p in split.parts] == ["tools", "prompts"]
    assert [left.component for left in split.left_out] == ["advice"]
    assert "stands at 0 in every run" in split.left_out[0].reason


def test_differences_of_parts_are_compared_and_put_in_words() -> None:
    # Tools alone does much, prompts next to nothing.
    counts = {(0, 0): [61, 58, 64, 60], (1, 0): [20, 18, 25, 22], (0, 1): [59, 62, 57, 60], (1, 1): [19, 22, 17, 23]}
    split = one(spread(counts=counts), DIFFERENCE)
    (compared,) = split.comparisons
    assert compared.difference == pytest.approx(split.parts[0].estimate - split.parts[1].estimate, abs=EXACT)
    assert compared.upper is not None
    assert compared.upper < 0.0
    assert split.ranking == '"Tools" (-39.4) lowered it by more than "Prompts" (-1.1).'
    assert (
        one(spread((0, 0), (1, 0), (1, 1)), LOG_ODDS).ranking == '"Tools" and "Prompts" cannot be ranked by these runs.'
    )


def test_parts_of_opposite_signs_are_said_to_raise_and_to_lower() -> None:
    # Tools raise the rate by about 20 points, prompts lower it by about 10: neither earned the drop of the other.
    counts = {(0, 0): [41, 38, 44, 40], (1, 0): [60, 58, 65, 62], (0, 1): [29, 32, 27, 30], (1, 1): [49, 52, 47, 53]}
    split = one(spread(counts=counts), DIFFERENCE)
    assert split.ranking == '"Tools" (20.6) raised it, "Prompts" (-11.1) lowered it.'


def test_a_pair_has_a_word_only_if_it_is_clear_among_all_pairs() -> None:
    def words(p_adjusted: float | None) -> str:
        return interaction_word(0.02, 0.28, p_adjusted, level=0.95, lower_is_better=True)

    assert words(0.072) == "no clear interaction"
    assert words(0.04) == words(None) == "worse together"


def test_interactions_have_words_where_all_arms_ran_and_reasons_where_not() -> None:
    # Rates .60, .30, .30 and .28: together 32 points, apart 30 + 30.
    counts = {(0, 0): [60, 58, 64, 58], (1, 0): [30, 28, 33, 29], (0, 1): [30, 31, 27, 32], (1, 1): [28, 27, 29, 28]}
    found = found_of(spread(counts=counts), scales=(DIFFERENCE,), rules=(Rule.SHAPLEY,))
    for interactions in found.interactions:
        (pair,) = interactions.pairs
        assert pair.estimate == pytest.approx(0.28 - 0.30 - 0.30 + 0.60, abs=SHOWN)
        assert pair.word == "worse together"
        assert pair.p_adjusted == pair.p_value
    taylor = found.interactions[0]
    assert sum(v for _, v in taylor.alone) + taylor.pairs[0].estimate == pytest.approx(taylor.total, abs=EXACT)
    missing = found_of(spread((0, 0), (1, 0), (1, 1)), rules=(Rule.SHAPLEY,), scales=(LOG_ODDS,))
    assert all(not i.pairs and "no interactions to report" in i.reason for i in missing.interactions)


def test_scales_that_rank_parts_differently_are_named() -> None:
    # From .80: tools alone to .50, then prompts to .30. Ordered: -30 and -20 points, but log ratios of -.47 and -.51.
    counts = {(0, 0): [80, 79, 81], (1, 0): [50, 49, 51], (0, 1): [62, 60, 61], (1, 1): [30, 29, 31]}
    found = found_of(spread(counts=counts), rules=(Rule.ORDERED,))
    (agreement,) = found.agreements
    assert not agreement.agree
    assert "on the risk difference Tools, then Prompts" in agreement.warning
    assert "on the log-ratio Prompts, then Tools" in agreement.warning
    assert len(agreement.to_frame()) == 6


def grouped(runs: int) -> AttributedOutcome:
    rng = stage_rng(9, "grouped")
    names = [flag("a", group="g"), flag("b", group="g"), flag("c")]
    cells = []
    for a, b, c in itertools.product((0, 1), repeat=3):
        counts = rng.binomial(100, 0.6 - 0.12 * a - 0.1 * b - 0.2 * c, runs).tolist()
        cells.append(({"a": a, "b": b, "c": c}, counts))
    return found_of(cells, names, rules=(Rule.OWEN, Rule.SHAPLEY))


def test_owen_gives_group_totals_that_are_sums_of_members() -> None:
    for split in grouped(3).attributions:
        if split.rule != Rule.OWEN:
            assert split.groups == ()
            continue
        assert [g.component for g in split.groups] == ["g", "c"]
        assert split.groups[0].estimate == pytest.approx(split.parts[0].estimate + split.parts[1].estimate, abs=EXACT)
        assert split.groups[1].estimate == pytest.approx(split.parts[2].estimate, abs=EXACT)
        assert split.groups[0].lower is not None


def test_ranks_come_from_joint_draws_of_twenty_runs_or_more() -> None:
    for split in grouped(3).attributions:
        assert (split.draws, split.undefined) == (499, 0)
        for part in split.parts:
            assert sum(part.rank_probabilities) == pytest.approx(1.0, abs=EXACT)
            assert part.p_largest == part.rank_probabilities[0]
            assert part.share_lower is not None
        assert len(split.ranks_frame()) == 9
    assert all(part.rank_probabilities == () for split in grouped(2).attributions for part in split.parts)


def test_simultaneous_p_values_follow_the_multivariate_t() -> None:
    # Two numbers of correlation one half and 8 df, |t| = 2.5; scipy gives .0649. 4 errors of 40,000 draws are .005.
    rng = stage_rng(10, "t")
    numbers = [Inferred(1.0, 1.0, 8.0, None, "", "observed")] * 2
    correlation = np.array([[1.0, 0.5], [0.5, 1.0]])
    smallest = simultaneous(numbers, correlation, rng.standard_normal((40_000, 2)), rng.standard_normal(40_000))
    inside = stats.multivariate_t(df=8, shape=correlation, seed=1).cdf([2.5, 2.5], lower_limit=[-2.5, -2.5])
    assert (smallest <= 2 * stats.t.sf(2.5, 8)).mean() == pytest.approx(1 - inside, abs=0.005)


def test_pairs_are_left_out_as_pairs() -> None:
    study = study_of(pair="seed")
    summaries, design = summaries_of(study, tables_of(study, spread()))
    found = attribute_outcome(summaries, design, level=0.95, draws=99, seed=3, rules=(Rule.SHAPLEY,))
    for split in found.attributions:
        for part in split.parts:
            assert part.df == 3.0
            assert part.loo_run in {"0", "1", "2", "3"}
    rates = {arm: np.array(k) / 100 for arm, k in SPREAD.items()}
    tools = (rates[1, 0] - rates[0, 0] + rates[1, 1] - rates[0, 1]) / 2
    part = found.attributions[0].parts[0]
    assert part.estimate == pytest.approx(tools.mean(), abs=EXACT)
    assert (part.std_error or 0.0) >= tools.std(ddof=1) / 2 * (1 - EXACT)


def test_sampled_games_of_sixteen_players_show_a_small_monte_carlo_error() -> None:
    rng = stage_rng(11, "sixteen")
    names = [f"c{i:02d}" for i in range(16)]
    cells = []
    for _ in range(80):
        levels = {name: int(rng.integers(2)) for name in names}
        rate = 1 / (1 + math.exp(-(1.0 - 0.25 * sum(levels.values()) + 0.2 * rng.normal())))
        cells.append((levels, [int(rng.binomial(300, rate))]))
    study = study_of(names)
    summaries, design = summaries_of(study, tables_of(study, cells, trials=300))
    keys = {"level": 0.95, "draws": 99, "seed": 3, "rules": (Rule.SHAPLEY,), "scales": (DIFFERENCE,)}
    (split,) = attribute_outcome(summaries, design, **keys).attributions
    assert split.orders >= 128
    assert math.fsum(p.estimate for p in split.parts) == pytest.approx(split.total, abs=SHOWN)
    for part in split.parts:
        assert part.source == "model"
        assert part.std_error is not None
        assert part.mc_error is not None
        assert 0.0 < part.mc_error <= 0.1 * part.std_error * 1.2  # the yardstick was the model's standard error
    assert "sampled orders" in split.notes[-1]
