"""Effects block by block: by hand, by a second road through each block's own study, on known truth, by symmetries."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import findings_example as example
from mixablate.claims import Status
from mixablate.design import Design
from mixablate.estimate import (
    RunSummaries,
    cell_arrays,
    paired_differences,
    pool,
    run_level_effect,
    tau2_interval,
)
from mixablate.estimate.blocks import (
    Against,
    EffectOverBlocks,
    effect_over_blocks,
)
from mixablate.findings import Findings, analyse
from mixablate.report.block_tables import block_sentences
from mixablate.study import Scale, Study
from mixablate.tables import Tables, tables_from_frames
from small_studies import claim, contrast_of, evals_frame, study_of, summaries_of, tables_of
from undrawn import undrawn_files

ROUNDING = 1e-9  # the same sums in another order
RATES = (Scale.RISK_DIFFERENCE, Scale.RISK_RATIO, Scale.LOG_ODDS)
T2 = 4.302652729911275  # t at .975 with 2 degrees of freedom
T1 = 12.706204736432095
ThreeByThree = Mapping[str, tuple[Sequence[float], Sequence[float]]]
COUNTS = {
    "llama, 8B": ([40, 52, 47, 61], [22, 30, 17]),
    "001": ([30, 41, 35], [25, 19, 33]),
    "é": ([20, 31, 26, 24], [28, 22, 35]),
}


def scored(blocks: ThreeByThree, *, pair: str = "") -> tuple[Study, Tables]:
    """A study of scores: reference and treated runs of each block; runs in one place of both lists are a pair."""
    study = study_of(["tools"], block=("base_model",), pair=pair)
    runs, outcomes = [], []
    for name, sides in blocks.items():
        for level, values in enumerate(sides):
            for i, value in enumerate(values):
                run_id = f"{name}/{level}/{i}"
                runs.append({"run_id": run_id, "base_model": name, "seed": str(i), "tools": level})
                outcomes.append({"run_id": run_id, "eval_id": "score", "value": value})
    evals = evals_frame(["score"], {})
    return study, tables_from_frames(study, runs=pd.DataFrame(runs), outcomes=pd.DataFrame(outcomes), evals=evals)


def counted(blocks: Mapping[str, tuple[Sequence[int], Sequence[int]]], **analysis: object) -> tuple[Study, Tables]:
    study = study_of(["tools"], [claim(kind="reduces")], block=("base_model",), **analysis)
    cells = [({"base_model": b, "tools": t}, counts) for b, sides in blocks.items() for t, counts in enumerate(sides)]
    return study, tables_of(study, [cell for cell in cells if cell[1]])


def over(study: Study, tables: Tables, scale: Scale = Scale.VALUE) -> EffectOverBlocks:
    summaries, design = summaries_of(study, tables, "score" if scale is Scale.VALUE else "blackmail")
    return effect_over_blocks(summaries, contrast_of(design), scale, design, level=0.95)


FEW = settings(max_examples=25, deadline=None)  # a study of three blocks is made, read and pooled twice an example

# By hand


def test_two_blocks_by_hand() -> None:
    # Differences 3 and 1, each with variance 1/3 + 1/3 = 2/3. REML at equal variances: tau2 = S2 - 2/3 = 2 - 2/3 = 4/3.
    # Weights equal, Var = (2/3 + 4/3)/2 = 1, Q at tau2 = (1 + 1)/2 = 1 on 1 df: SE 1, t with 1 df.
    found = over(*scored({"a": ([1, 2, 3], [4, 5, 6]), "b": ([1, 2, 3], [2, 3, 4])}))
    assert [b.effect.estimate for b in found.within] == pytest.approx([3.0, 1.0])
    assert found.weights == pytest.approx((0.5, 0.5))
    pooled = found.pooled
    assert (pooled.estimate, pooled.std_error, pooled.df) == pytest.approx((2.0, 1.0, 1.0))
    assert (pooled.lower, pooled.upper) == pytest.approx((2.0 - T1, 2.0 + T1))
    assert found.heterogeneity is not None
    assert found.heterogeneity.tau == pytest.approx(math.sqrt(4 / 3))
    assert (found.prediction_lower, found.prediction_upper) == (None, None)
    assert found.prediction_reason == "2 blocks show one difference; at least 3 with an interval are needed"
    assert (pooled.n_treated, pooled.n_reference) == (6, 6)


def test_three_blocks_by_hand_and_the_one_that_goes_the_other_way() -> None:
    # Differences 3, 5, -4, mean 4/3, S2 = ((5/3)^2 + (11/3)^2 + (16/3)^2)/2 = 67/3, tau2 = 67/3 - 2/3 = 65/3.
    # SE^2 = 67/9; one more block: t(2) sqrt(S2 (1 + 1/3)). Within c: -4 +- t(4) sqrt(2/3) = -4 +- 2.267 excludes zero.
    blocks = {"a": ([1, 2, 3], [4, 5, 6]), "b": ([1, 2, 3], [6, 7, 8]), "c": ([5, 6, 7], [1, 2, 3])}
    found = over(*scored(blocks))
    assert found.pooled.estimate == pytest.approx(4 / 3)
    assert found.pooled.std_error == pytest.approx(math.sqrt(67 / 9))
    assert found.heterogeneity is not None
    assert found.heterogeneity.tau == pytest.approx(math.sqrt(65 / 3))
    half = T2 * math.sqrt(67 / 3 * (1 + 1 / 3))
    assert (found.prediction_lower, found.prediction_upper) == pytest.approx((4 / 3 - half, 4 / 3 + half))
    assert found.against == (Against.NO, Against.NO, Against.INTERVAL)


def test_a_block_whose_interval_includes_zero_is_no_reversal() -> None:
    # Block c: -1 +- t(4) 0.816 = -1 +- 2.27.
    found = over(*scored({"a": ([1, 2, 3], [4, 5, 6]), "b": ([1, 2, 3], [6, 7, 8]), "c": ([5, 6, 7], [4, 5, 6])}))
    assert found.against == (Against.NO, Against.NO, Against.ESTIMATE)


def test_what_cannot_be_pooled_is_listed_with_its_reason_and_counted() -> None:
    blocks = COUNTS | {"one side": ([30, 40, 50], []), "few": ([30, 40], [20, 10]), "rare": ([1, 0, 0], [0, 0, 1])}
    found = over(*counted(blocks), Scale.RISK_DIFFERENCE)
    by_name = {b.block: b for b in found.within}
    assert list(by_name) == sorted(blocks)
    assert {name for name, b in by_name.items() if b.pools} == set(COUNTS)
    assert by_name["one side"].effect.reason == "no run stands at tools=1"
    assert by_name["one side"].effect.estimate is None
    assert "2 runs against 2" in by_name["few"].effect.reason
    assert by_name["few"].effect.estimate == pytest.approx(0.15 - 0.35)
    assert "events a run" in by_name["rare"].effect.reason
    assert found.pooled.notes == ("3 of 6 blocks left out: few; one side; rare",)
    assert found.pooled.scope == "blocks (base_model) like these 3"
    assert [w is None for w in found.weights] == [not b.pools for b in found.within]
    assert sum(w for w in found.weights if w is not None) == pytest.approx(1.0)
    alone = over(*counted(COUNTS), Scale.RISK_DIFFERENCE)
    assert (alone.pooled.estimate, alone.pooled.lower) == (found.pooled.estimate, found.pooled.lower)


def test_one_block_with_an_interval_is_not_pooled() -> None:
    found = over(*counted({"a": COUNTS["001"], "b": ([30], [20])}), Scale.LOG_ODDS)
    assert found.pooled.reason == "1 of 2 blocks have an interval over runs; it takes 2 to pool"
    assert (found.pooled.estimate, found.pooled.lower, found.pooled.p_value, found.heterogeneity) == (None,) * 4
    assert found.prediction_reason == found.pooled.reason


# Two roads


@pytest.mark.parametrize("scale", RATES)
def test_a_block_is_what_a_study_of_that_block_alone_says_and_the_mean_is_what_pool_says(scale: Scale) -> None:
    found = over(*counted(COUNTS), scale)
    alone = []
    for name in sorted(COUNTS):
        study = study_of(["tools"])
        summaries, design = summaries_of(
            study, tables_of(study, [({"tools": t}, counts) for t, counts in enumerate(COUNTS[name])])
        )
        alone.append(run_level_effect(summaries, contrast_of(design), scale, design, level=0.95))
    numbers = (
        "estimate",
        "std_error",
        "df",
        "lower",
        "upper",
        "p_value",
        "n_treated",
        "n_reference",
        "method",
        "reason",
    )
    for block, effect in zip(found.within, alone, strict=True):
        for name in numbers:
            one, other = getattr(block.effect, name), getattr(effect, name)
            assert one == (other if isinstance(other, str) else pytest.approx(other, rel=ROUNDING)), name
    log = np.log if scale is Scale.RISK_RATIO else np.asarray
    effects, variances = log([e.estimate for e in alone]), np.square([e.std_error for e in alone])
    direct = pool(effects, variances)
    back = math.exp if scale is Scale.RISK_RATIO else float
    reach = T2 * np.std(effects, ddof=1) * math.sqrt(4 / 3)
    ends = (direct.estimate, direct.lower, direct.upper, np.mean(effects) - reach, np.mean(effects) + reach)
    pooled = found.pooled
    shown = (pooled.estimate, pooled.lower, pooled.upper, found.prediction_lower, found.prediction_upper)
    assert shown == pytest.approx(tuple(map(back, ends)), rel=ROUNDING)
    assert (pooled.std_error, pooled.df) == pytest.approx((direct.std_error, 2.0), rel=ROUNDING)
    differ = found.heterogeneity
    assert differ is not None
    assert (differ.tau_lower**2, differ.tau_upper**2) == pytest.approx(tau2_interval(effects, variances), rel=ROUNDING)
    assert (differ.i2, differ.q, differ.q_df, differ.q_p) == pytest.approx(
        (direct.i2, direct.q, 2, direct.q_p), rel=ROUNDING
    )


def test_the_p_value_of_the_mean_is_the_same_on_every_scale() -> None:
    study, tables = counted(COUNTS)
    found = {over(study, tables, scale).pooled.p_value for scale in RATES}
    assert len(found) == 1
    assert None not in found


# Pairs inside blocks

PAIRED = {"a": ([1.0, 4.0, 2.0, 8.0], [3.0, 5.0, 5.5, 9.0]), "b": ([2.0, 3.0, 7.0], [2.5, 5.0, 6.5])}


def test_runs_paired_inside_blocks_are_the_paired_t_test_in_each() -> None:
    found = over(*scored(PAIRED, pair="seed"))
    for block, (one, other) in zip(found.within, PAIRED.values(), strict=True):
        expected = stats.ttest_rel(other, one)
        limits = expected.confidence_interval(0.95)
        effect = block.effect
        assert (effect.df, effect.p_value) == pytest.approx((expected.df, expected.pvalue), rel=ROUNDING)
        assert (effect.lower, effect.upper) == pytest.approx((limits.low, limits.high), rel=ROUNDING)


def test_the_average_over_blocks_of_paired_runs_keeps_each_blocks_pairs_apart() -> None:
    # "seed 0" of both blocks are two pairs: half each block's mean difference, SE^2 = sum (1/2)^2 s^2/n, Satterthwaite.
    study, tables = scored(PAIRED, pair="seed")
    summaries, design = summaries_of(study, tables, "score")
    found = run_level_effect(summaries, contrast_of(design), Scale.VALUE, design, level=0.95)
    differences = [np.subtract(other, one) for one, other in PAIRED.values()]
    shares = [d.var(ddof=1) / d.size / 4 for d in differences]
    df = sum(shares) ** 2 / sum(v**2 / (d.size - 1) for v, d in zip(shares, differences, strict=True))
    assert found.estimate == pytest.approx(np.mean([d.mean() for d in differences]), rel=ROUNDING)
    assert (found.std_error, found.df) == pytest.approx((math.sqrt(sum(shares)), df), rel=ROUNDING)
    assert (found.n_treated, found.n_reference, found.reason) == (7, 7, "")
    assert "within pairs" in found.method
    assert "Satterthwaite" in found.method


def test_pairs_that_no_two_blocks_share_are_complete_in_their_own_block() -> None:
    study, tables = scored(PAIRED, pair="seed")
    renamed = dataclasses.replace(tables, runs=tables.runs.assign(seed=tables.runs["base_model"] + tables.runs["seed"]))
    one, other = (over(study, t) for t in (tables, renamed))
    assert one == other
    effects = []
    for t in (tables, renamed):
        summaries, design = summaries_of(study, t, "score")
        effects.append(run_level_effect(summaries, contrast_of(design), Scale.VALUE, design, level=0.95))
    assert effects[0] == effects[1]


def test_an_incomplete_pair_leaves_its_own_block_only() -> None:
    blocks = PAIRED | {"a": (PAIRED["a"][0], PAIRED["a"][1][:3])}
    found = over(*scored(blocks, pair="seed"))
    assert [(b.effect.n_treated, b.effect.n_reference) for b in found.within] == [(3, 3), (3, 3)]
    assert found.within[1].effect == over(*scored(PAIRED, pair="seed")).within[1].effect


def test_a_block_with_one_pair_withholds_the_average_and_says_so() -> None:
    study, tables = scored(PAIRED | {"c": ([1.0], [2.0])}, pair="seed")
    summaries, design = summaries_of(study, tables, "score")
    found = run_level_effect(summaries, contrast_of(design), Scale.VALUE, design, level=0.95)
    assert found.reason == "a block with 1 complete pair: no spread over pairs to learn from"
    assert found.lower is None
    assert found.estimate == pytest.approx((1.875 + 2 / 3 + 1.0) / 3)  # (2+1+3.5+1)/4, (.5+2-.5)/3, 1


def test_differences_of_pairs_average_to_the_contrast_less_the_boundary() -> None:
    # Four pairs in a, three in b: a pair of a stands for 7/4 of one in seven, and carries half of the boundary.
    study, tables = scored(PAIRED, pair="seed")
    summaries, design = summaries_of(study, tables, "score")
    cells = cell_arrays(summaries, contrast_of(design))
    found = paired_differences(summaries.level, summaries, cells, boundary=0.5)
    by_hand = [7 / 4 * (d - 0.5) / 2 for d in (2, 1, 3.5, 1)] + [7 / 3 * (d - 0.5) / 2 for d in (0.5, 2, -0.5)]
    assert found == pytest.approx(by_hand)
    assert found.mean() == pytest.approx((1.875 + 2 / 3) / 2 - 0.5)


def test_a_claim_on_pairs_inside_blocks_is_judged() -> None:
    rows = {"a": ([40, 52, 47, 61, 50, 44], [22, 30, 17, 35, 25, 20]), "b": ([60, 55, 70, 66], [41, 30, 52, 44])}
    study, tables = counted(rows, pair="seed")
    (verdict,) = analyse(study, tables).verdicts
    assert verdict.status is Status.SUPPORTED
    assert any("within 10 pairs" in opinion.method for opinion in verdict.second_opinions)


# Known truth


def simulated_blocks(count: int, runs: int) -> tuple[RunSummaries, Design]:
    study, tables = scored({f"b{i}": (np.arange(runs), np.arange(runs) + 1.0) for i in range(count)})
    return summaries_of(study, tables, "score")


def test_the_prediction_holds_a_new_blocks_effect_about_as_often_as_it_says() -> None:
    # 6 blocks of 4 v 4 runs of SD 1 (standard error .71 within a block), effects of mean 1 and SD 1 between blocks.
    # 150 studies at 95 %: the standard error is 1.8 points. Fails below 88 % (by chance where it truly covers 95 %:
    # 1 in 10,000 seeds); the prediction may hold nearly always, since it is that of a block's estimate.
    summaries, design = simulated_blocks(6, 4)
    rng = np.random.default_rng(20260508)
    block = np.unique(summaries.blocks, return_inverse=True)[1]
    treated = np.array([arm_id.startswith("tools=1") for arm_id in summaries.arm_ids])
    held, mean_held, studies = 0, 0, 150
    for _ in range(studies):
        effects = rng.normal(1.0, 1.0, 6)
        level = rng.normal(5.0, 2.0, 6)[block] + effects[block] * treated + rng.normal(size=block.size)
        drawn = dataclasses.replace(summaries, level=level)
        found = effect_over_blocks(drawn, contrast_of(design), Scale.VALUE, design, level=0.95)
        assert found.prediction_lower is not None
        assert found.prediction_upper is not None
        assert found.pooled.lower is not None
        assert found.pooled.upper is not None
        held += found.prediction_lower <= rng.normal(1.0, 1.0) <= found.prediction_upper
        mean_held += found.pooled.lower <= 1.0 <= found.pooled.upper
    assert held / studies >= 0.88
    assert 0.88 <= mean_held / studies <= 0.995


# Properties

SIDE = st.lists(st.integers(10, 90), min_size=3, max_size=4)
BLOCKS = st.lists(st.tuples(SIDE, SIDE), min_size=3, max_size=4)


def numbers(found: EffectOverBlocks) -> list[float | None]:
    pooled = found.pooled
    assert pooled.estimate is not None
    return [pooled.estimate, pooled.lower, pooled.upper, found.prediction_lower, found.prediction_upper]


@FEW
@given(BLOCKS, st.randoms(use_true_random=False))
def test_neither_the_names_of_blocks_nor_the_order_of_rows_move_a_number(blocks: list, random: object) -> None:
    one = over(*counted({f"b{i}": sides for i, sides in enumerate(blocks)}), Scale.LOG_ODDS)
    shuffled = list(enumerate(blocks))
    random.shuffle(shuffled)
    other = over(*counted({"zyxw"[i] + ", é": sides for i, sides in shuffled}), Scale.LOG_ODDS)
    if one.pooled.reason:  # runs of an arm agree to the last digit
        assert other.pooled.reason
        return
    for mine, its in zip(numbers(other), numbers(one), strict=True):
        assert mine == (
            None if its is None else pytest.approx(its, rel=1e-6, abs=1e-9)
        )  # tau2 is a root, found to its tolerance
    assert [a for _, a in sorted(zip((b.block for b in other.within), other.against, strict=True), reverse=True)] == [
        *one.against
    ]


@FEW
@given(BLOCKS)
def test_swapping_the_sides_turns_every_number_round(blocks: list) -> None:
    named = {f"b{i}": sides for i, sides in enumerate(blocks)}
    one = over(*counted(named), Scale.LOG_ODDS)
    other = over(*counted({name: sides[::-1] for name, sides in named.items()}), Scale.LOG_ODDS)
    assert one.against == other.against
    if one.pooled.reason:
        assert other.pooled.reason
        return
    estimate, lower, upper, low, high = numbers(one)
    for mine, its in zip(numbers(other), (estimate, upper, lower, high, low), strict=True):
        if its is None:  # two blocks pooled predict no third
            assert mine is None
        else:
            assert mine == pytest.approx(-its, rel=1e-6, abs=1e-9)


# Findings and report


@pytest.fixture(scope="module")
def found() -> Findings:
    return analyse(*counted(COUNTS | {"one side": ([30, 40, 50], [])}, draws=99))


def test_the_frame_holds_every_block_the_mean_and_the_prediction_on_every_scale(found: Findings) -> None:
    frame = found.block_effects
    assert list(frame.groupby("scale", sort=False).size()) == [6, 6, 6]
    assert list(frame["kind"][:6]) == ["within"] * 4 + ["pooled", "prediction"]
    pooled = frame[(frame["kind"] == "pooled") & (frame["scale"] == "risk_difference")].iloc[0]
    expected = over(*counted(COUNTS), Scale.RISK_DIFFERENCE)
    assert (pooled["estimate"], pooled["n_blocks"], pooled["n_runs"]) == (expected.pooled.estimate, 3, 20)
    ahead = frame[(frame["kind"] == "prediction") & (frame["scale"] == "risk_difference")].iloc[0]
    assert (ahead["lower"], ahead["upper"]) == (expected.prediction_lower, expected.prediction_upper)


def test_the_report_says_which_blocks_were_pooled_and_writes_them(found: Findings) -> None:
    (sentence,) = block_sentences(found)
    assert sentence.startswith('"Tools" on "Blackmail":')
    assert "over 3 of 4 blocks" in sentence
    files = undrawn_files(found)
    assert "## Block by block" in files["report.md"].decode()
    assert files["block_effects.csv"].decode().count("\n") == 19
    assert "figures/block_forest.svg" in files


def test_a_reversal_is_named_and_one_that_is_not_established_is_said_to_be_none() -> None:
    words = next(s for s in block_sentences(example.example_findings()) if "blackmail" in s.lower())
    assert "It goes the other way in Llama-3.1-8B (9.0, 95% interval 7.0 to 11.0, 5 v 5 runs)." in words
    assert "The estimate goes the other way in an 'odd'" in words
    assert words.endswith("its interval includes zero: these runs do not establish a reversal there.")


def test_a_study_without_blocks_or_with_one_has_no_such_section() -> None:
    study = study_of(["tools"], draws=99)
    plain = analyse(study, tables_of(study, [({"tools": t}, counts) for t, counts in enumerate(COUNTS["001"])]))
    one = analyse(*counted({"a": COUNTS["001"]}, draws=99))
    for findings in (plain, one):
        assert findings.block_effects.empty
        assert "Block by block" not in undrawn_files(findings)["report.md"].decode()
        assert "block_effects.csv" not in undrawn_files(findings)
