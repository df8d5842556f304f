"""Simulated tables: their truths by hand, their moments, their bytes, and the three shipped studies."""

from __future__ import annotations

import math
import re
import time
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from mixablate.errors import StudyError
from mixablate.simulate import (
    ArmTruth,
    Checkpoints,
    ComponentTruth,
    EventEval,
    InteractionTruth,
    ScoreEval,
    Truth,
    arm_keys,
    contrast_truth,
    draw_counts,
    lay_out,
    mean_log_odds,
    mean_run_rate,
    mean_value,
    parse_truth,
    read_truth,
    simulate,
    simulate_counts,
    simulate_rollouts,
    study_files,
    truth_frame,
)
from mixablate.simulate.estimands import normal_mean
from mixablate.simulate.expectation import rate_of
from mixablate.study import Scale, load_study

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = ROOT / "fixtures"
STUDIES = ("harmlessness_diversification", "qwen_difficult_advice", "agentic_misalignment_2025")

EXACT = 1e-12  # sums and products of a few float64 numbers
QUADRATURE = 1e-9  # 100 Gauss-Hermite nodes reach it up to a run SD of 3
STANDARD_ERRORS = 4.0  # chance of a larger deviation: 6 in 100,000 a check, and the seed is fixed
MILLISECONDS = 3.0  # promised for one draw of 40 runs on 5 evals; measured 0.2


def event(eval_id: str = "blackmail", rate: float = 0.2, **more: Any) -> EventEval:
    return EventEval(id=eval_id, domain="in_distribution", baseline_rate=rate, **more)


def score(eval_id: str = "helpful", **more: Any) -> ScoreEval:
    return ScoreEval(id=eval_id, domain="capability", **({"mean": 6.0, "item_sd": 2.0} | more))


def two_flags(**more: Any) -> Truth:
    """Odd names on purpose: an accent, a space, and short names for run ids."""
    declared: dict[str, Any] = {"evals": (event(),), "scores": ()} | more
    ids = {e.id for e in (*declared["evals"], *declared["scores"])}

    def only_declared(**by_eval: float) -> dict[str, float]:
        return {eval_id: shift for eval_id, shift in by_eval.items() if eval_id in ids}

    components = {
        "outils factices": ComponentTruth(short="tools", effect=-1.0, by_eval=only_declared(helpful=0.25)),
        "système": ComponentTruth(short="sys", effect=-0.5, by_eval=only_declared(leaking=0.0)),
    }
    together = InteractionTruth(
        components=("outils factices", "système"), effect=0.25, by_eval=only_declared(leaking=0.1)
    )
    return Truth(**({"components": components, "interactions": (together,)} | declared))


def arm(first: float, second: float) -> dict[str, float | str]:
    return {"outils factices": first, "système": second}


# what is true, by hand


def test_log_odds_add_up_effects_and_interactions() -> None:
    truth = two_flags()
    base = math.log(0.2 / 0.8)
    assert mean_log_odds(truth, arm(0, 0), "blackmail") == pytest.approx(base, abs=EXACT)
    assert mean_log_odds(truth, arm(1, 0), "blackmail") == pytest.approx(base - 1.0, abs=EXACT)
    # -1 - 0.5 + 0.25 together
    assert mean_log_odds(truth, arm(1, 1), "blackmail") == pytest.approx(base - 1.25, abs=EXACT)


def test_effects_of_one_eval_override_the_general_ones() -> None:
    truth = two_flags(evals=(event(), event("leaking", 0.5)))
    # logit(0.5) = 0; tools -1, system prompts 0 here, interaction 0.1 here
    assert mean_log_odds(truth, arm(1, 1), "leaking") == pytest.approx(-0.9, abs=EXACT)


def test_without_spread_the_mean_run_rate_is_the_rate_of_the_logit() -> None:
    # odds 0.25 * exp(-1.25) = 0.0716; rate 0.0716 / 1.0716
    odds = 0.25 * math.exp(-1.25)
    assert mean_run_rate(two_flags(), arm(1, 1), "blackmail") == pytest.approx(odds / (1.0 + odds), abs=EXACT)


def test_the_mean_run_rate_of_22_percent_at_half_a_logit_of_spread_is_23_1_percent() -> None:
    truth = two_flags(evals=(event(rate=0.22),), run_sd=0.3, run_eval_sd=0.4)  # together 0.5
    assert round(100.0 * mean_run_rate(truth, arm(0, 0), "blackmail"), 1) == 23.1
    assert mean_log_odds(truth, arm(0, 0), "blackmail") == pytest.approx(math.log(0.22 / 0.78), abs=EXACT)


@pytest.mark.parametrize("sd", [0.05, 0.5, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("centre", [-5.0, -1.0, 0.0, 2.5])
def test_gauss_hermite_agrees_with_adaptive_quadrature(centre: float, sd: float) -> None:
    by_quad = quad(lambda z: expit(centre + sd * z) * norm.pdf(z), -12, 12, epsabs=1e-13, limit=400)[0]
    assert normal_mean(rate_of, centre, sd) == pytest.approx(by_quad, abs=QUADRATURE)


@given(centre=st.floats(-8, 8), sd=st.floats(0, 3))
def test_counting_non_events_instead_of_events_mirrors_the_mean_rate(centre: float, sd: float) -> None:
    mirrored = 1.0 - normal_mean(rate_of, -centre, sd)
    assert normal_mean(rate_of, centre, sd) == pytest.approx(mirrored, abs=EXACT)


def test_judge_error_moves_the_reported_rate_and_log_odds_but_not_the_true_ones() -> None:
    truth = two_flags(judge_sensitivity=0.9, judge_specificity=0.95)
    # 0.2 * 0.9 + 0.8 * 0.05 = 0.22
    assert mean_run_rate(truth, arm(0, 0), "blackmail") == pytest.approx(0.22, abs=EXACT)
    assert mean_run_rate(truth, arm(0, 0), "blackmail", judged=False) == pytest.approx(0.2, abs=EXACT)
    assert mean_log_odds(truth, arm(0, 0), "blackmail") == pytest.approx(math.log(0.22 / 0.78), abs=EXACT)
    assert mean_log_odds(truth, arm(0, 0), "blackmail", judged=False) == pytest.approx(math.log(0.25), abs=EXACT)


def test_judged_log_odds_average_over_runs_after_the_judge() -> None:
    truth = two_flags(judge_sensitivity=0.9, judge_specificity=0.95, run_sd=0.8)

    def reported(z: float) -> float:
        rate = float(expit(math.log(0.25) + 0.8 * z))
        seen = 0.9 * rate + 0.05 * (1.0 - rate)
        return math.log(seen / (1.0 - seen)) * float(norm.pdf(z))

    by_quad = quad(reported, -12, 12, epsabs=1e-13, limit=400)[0]
    assert mean_log_odds(truth, arm(0, 0), "blackmail") == pytest.approx(by_quad, abs=QUADRATURE)


def test_several_evals_are_averaged_with_declared_or_given_weights() -> None:
    truth = two_flags(evals=(event(rate=0.2), event("leaking", 0.5, weight=3.0)))
    # (1 * 0.2 + 3 * 0.5) / 4
    assert mean_run_rate(truth, arm(0, 0), ["blackmail", "leaking"]) == pytest.approx(0.425, abs=EXACT)
    given_weights = {"blackmail": 1.0, "leaking": 1.0}
    assert mean_run_rate(truth, arm(0, 0), given_weights) == pytest.approx(0.35, abs=EXACT)


def test_contrasts_are_stated_on_every_scale() -> None:
    truth = two_flags(run_sd=0.5)
    coefficients = {key: 1.0 if dict(key)["outils factices"] else -1.0 for key in arm_keys(truth) if key[1][1] == 0.0}
    treated, reference = (mean_run_rate(truth, arm(level, 0), "blackmail") for level in (1, 0))
    for scale, expected in (
        (Scale.LOG_ODDS, -1.0),
        (Scale.RISK_DIFFERENCE, treated - reference),
        (Scale.RISK_RATIO, treated / reference),
    ):
        assert contrast_truth(truth, coefficients, "blackmail", scale) == pytest.approx(expected, abs=EXACT)


def test_a_main_effect_averages_over_the_other_component() -> None:
    truth = two_flags()
    coefficients = {key: (0.5 if dict(key)["outils factices"] else -0.5) for key in arm_keys(truth)}
    # -1 where system prompts are off, -1 + 0.25 where they are on
    found = contrast_truth(truth, coefficients, "blackmail", Scale.LOG_ODDS)
    assert found == pytest.approx(-0.875, abs=EXACT)


def test_checkpoints_let_effects_grow_but_not_the_baseline() -> None:
    truth = two_flags(checkpoints=Checkpoints(steps=(100, 300), tau=200.0))
    base = math.log(0.25)
    grown = 1.0 - math.exp(-0.5)
    assert mean_log_odds(truth, arm(1, 0), "blackmail", step=100) == pytest.approx(base - grown, abs=EXACT)
    at_last = mean_log_odds(truth, arm(1, 0), "blackmail", step=300)
    assert mean_log_odds(truth, arm(1, 0), "blackmail") == at_last
    assert mean_log_odds(truth, arm(0, 0), "blackmail", step=100) == pytest.approx(base, abs=EXACT)


def test_base_models_count_equally() -> None:
    truth = two_flags(base_models={"small": 0.0, "large": 1.0})
    found = mean_log_odds(truth, arm(0, 0), "blackmail")
    assert found == pytest.approx(math.log(0.25) + 0.5, abs=EXACT)


def test_scores_move_only_by_their_own_effects() -> None:
    truth = two_flags(scores=(score(),))
    assert mean_value(truth, arm(1, 1), "helpful") == pytest.approx(6.25, abs=EXACT)
    coefficients = {arm_keys(truth)[2]: 1.0, arm_keys(truth)[0]: -1.0}  # tools on, tools off
    assert contrast_truth(truth, coefficients, "helpful", Scale.VALUE) == pytest.approx(0.25, abs=EXACT)


def test_a_category_takes_the_shift_of_its_level() -> None:
    truth = Truth(
        components={
            "genre": ComponentTruth(levels=("none", "story", "essay"), effect={"none": 0, "story": -1, "essay": -2})
        },
        evals=(event(rate=0.5),),
    )
    assert [mean_log_odds(truth, key, "blackmail") for key in arm_keys(truth)] == [0.0, -1.0, -2.0]
    assert simulate(truth, seed=1).runs["genre"].unique().tolist() == ["none", "story", "essay"]


def test_the_truth_frame_holds_every_arm_and_eval_once() -> None:
    truth = two_flags(scores=(score(),))
    frame = truth_frame(truth)
    assert len(frame) == 4 * 2
    assert frame.loc[frame["eval_id"] == "helpful", "mean_value"].tolist() == [6.0, 6.0, 6.25, 6.25]
    assert frame["outils factices"].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda t: mean_run_rate(t, arm(0, 0), "blackmale"), "UNKNOWN_EVAL"),
        (lambda t: mean_run_rate(t, arm(0, 0), "helpful"), "EVAL_KIND"),
        (lambda t: mean_value(t, arm(0, 0), "blackmail"), "EVAL_KIND"),
        (lambda t: mean_run_rate(t, {"outils factices": 0}, "blackmail"), "NO_LEVEL"),
        (lambda t: mean_run_rate(t, arm(0, 0) | {"tools": 1}, "blackmail"), "UNKNOWN_COMPONENT"),
        (lambda t: mean_run_rate(t, arm(0, 0), []), "NO_WEIGHT"),
        (lambda t: mean_log_odds(t, arm(0, 0), "blackmail", step=10), "NO_CHECKPOINTS"),
        (lambda t: contrast_truth(t, {arm_keys(t)[0]: 1.0}, "blackmail", Scale.RISK_RATIO), "NO_REFERENCE"),
    ],
)
def test_an_estimand_that_the_truth_does_not_hold_is_refused(call: Any, code: str) -> None:
    with pytest.raises(StudyError) as refusal:
        call(two_flags(scores=(score(),)))
    assert [problem.code for problem in refusal.value.problems] == [code]


# chance


@pytest.fixture(scope="module")
def many() -> tuple[Truth, Any]:
    """Four thousand runs of one arm."""
    truth = Truth(
        components={"tools": ComponentTruth(levels=(1,), effect=-0.5, by_eval={"helpful": 0.5})},
        evals=(event(rate=0.3), event("leaking", 0.1, loading=0.5, run_eval_sd=0.3)),
        scores=(score(run_sd=0.4),),
        runs_per_arm=4000,
        run_sd=0.5,
        run_eval_sd=0.2,
        missing_rate=0.1,
        judge_sensitivity=0.9,
        judge_specificity=0.95,
    )
    return truth, simulate_counts(truth, seed=3)


def test_run_logits_have_the_stated_mean_spread_and_correlation(many: tuple[Truth, Any]) -> None:
    truth, counts = many
    spread = {"blackmail": math.hypot(0.5, 0.2), "leaking": math.hypot(0.25, 0.3)}
    for e, (eval_id, sd) in enumerate(spread.items()):
        logits = counts.log_odds[:, e, 0]
        expected = mean_log_odds(truth, {"tools": 1}, eval_id, judged=False)
        assert abs(logits.mean() - expected) < STANDARD_ERRORS * sd / math.sqrt(4000)
        assert abs(logits.std(ddof=1) - sd) < STANDARD_ERRORS * sd / math.sqrt(2 * 4000)
    expected = 0.5 * 0.25 / (spread["blackmail"] * spread["leaking"])  # shared variance: loadings 1 and 0.5
    found = np.corrcoef(counts.log_odds[:, 0, 0], counts.log_odds[:, 1, 0])[0, 1]
    assert abs(found - expected) < STANDARD_ERRORS * (1 - expected**2) / math.sqrt(4000)


def test_observed_rates_average_to_the_mean_run_rate_with_judge_error(many: tuple[Truth, Any]) -> None:
    truth, counts = many
    for e, eval_id in enumerate(("blackmail", "leaking")):
        rates = counts.n_events[:, e, 0] / (counts.n_trials - counts.n_missing)[:, e, 0]
        error = rates.std(ddof=1) / math.sqrt(len(rates))
        assert abs(rates.mean() - mean_run_rate(truth, {"tools": 1}, eval_id)) < STANDARD_ERRORS * error


def test_missing_rollouts_come_at_the_stated_rate_and_are_part_of_the_trials(many: tuple[Truth, Any]) -> None:
    _, counts = many
    trials = 4000 * 2 * 300
    assert abs(counts.n_missing.sum() / trials - 0.1) < STANDARD_ERRORS * math.sqrt(0.1 * 0.9 / trials)
    assert (counts.n_events <= counts.n_trials - counts.n_missing).all()


def test_scores_have_the_stated_mean_and_spreads(many: tuple[Truth, Any]) -> None:
    truth, counts = many
    value, n, sd = counts.value[:, 0, 0], counts.n[:, 0, 0], counts.sd[:, 0, 0]
    spread = math.sqrt(0.4**2 + 2.0**2 / 270)
    assert abs(value.mean() - mean_value(truth, {"tools": 1}, "helpful")) < STANDARD_ERRORS * spread / math.sqrt(4000)
    assert abs(value.std(ddof=1) - spread) < STANDARD_ERRORS * spread / math.sqrt(2 * 4000)
    # pooled item variance: chi-square on sum(n - 1) degrees of freedom
    df = (n - 1).sum()
    assert abs((sd**2 @ (n - 1)) / df - 4.0) < STANDARD_ERRORS * 4.0 * math.sqrt(2 / df)


def test_the_stages_of_chance_have_streams_of_their_own() -> None:
    plain = simulate_counts(two_flags(run_sd=0.5, run_eval_sd=0.2), seed=8)
    other = two_flags(run_sd=0.5, run_eval_sd=0.2, missing_rate=0.2, judge_specificity=0.9, n_trials=50)
    assert (simulate_counts(other, seed=8).log_odds == plain.log_odds).all()


def test_a_layout_drawn_from_gives_what_simulate_gives() -> None:
    truth = two_flags(run_sd=0.5, scores=(score(),))
    counts = draw_counts(lay_out(truth), seed=21)
    outcomes = simulate(truth, seed=21).outcomes
    assert outcomes["n_events"].dropna().tolist() == counts.n_events.ravel().tolist()
    assert outcomes["value"].dropna().tolist() == counts.value.ravel().tolist()


def test_one_seed_gives_the_same_bytes_and_a_generator_a_new_study_each_time() -> None:
    truth = two_flags(run_sd=0.5, seed=4)
    assert study_files(truth) == study_files(truth, seed=4)
    assert study_files(truth, seed=5)["outcomes.csv"] != study_files(truth, seed=4)["outcomes.csv"]
    rng = np.random.default_rng(4)
    first, second = (simulate(truth, seed=rng).outcomes for _ in range(2))
    assert not first.equals(second)
    pd.testing.assert_frame_equal(first, simulate(truth, seed=4).outcomes)


def test_a_run_keeps_its_effects_over_checkpoints() -> None:
    truth = two_flags(run_sd=1.0, checkpoints=Checkpoints(steps=(1, 2, 1e9), tau=10.0))
    log_odds = simulate_counts(truth, seed=1).log_odds
    effects = log_odds - lay_out(truth).log_odds
    np.testing.assert_allclose(effects, np.broadcast_to(effects[:, :, :1], effects.shape), atol=EXACT)


def test_drawing_the_counts_of_forty_runs_on_five_evals_is_quick() -> None:
    truth = read_truth(FIXTURES / "harmlessness_diversification" / "truth.toml")
    layout, rng, seconds = lay_out(truth), np.random.default_rng(1), []
    assert layout.log_odds.shape == (40, 5, 1)
    for _ in range(51):
        start = time.perf_counter()
        draw_counts(layout, seed=rng)
        seconds.append(time.perf_counter() - start)
    assert 1000.0 * float(np.median(seconds)) < MILLISECONDS


# tables


def test_run_ids_name_the_levels_and_seeds_count_within_arms() -> None:
    runs = simulate(two_flags(runs_per_arm=2, base_models={"small": 0.0, "large": 1.0}), seed=1).runs
    assert runs["run_id"].head(4).tolist() == [
        "tools0-sys0-small-s1",
        "tools0-sys0-small-s2",
        "tools0-sys0-large-s3",
        "tools0-sys0-large-s4",
    ]
    assert not runs.duplicated(["outils factices", "système", "seed"]).any()
    assert runs["run_id"].is_unique
    assert runs["outils factices"].dtype == np.int64


def test_listed_arms_have_their_own_runs_and_missing_rates() -> None:
    arms = (
        ArmTruth(levels=arm(0, 0), runs=1),
        ArmTruth(levels=arm(1, 1), missing_rate=0.9),
        ArmTruth(levels=arm(0, 0.25), runs=0),
    )
    tables = simulate(two_flags(arms=arms, runs_per_arm=3), seed=2)
    assert tables.runs["run_id"].tolist() == ["tools0-sys0-s1", "tools1-sys1-s1", "tools1-sys1-s2", "tools1-sys1-s3"]
    missing = tables.outcomes.set_index("run_id")["n_missing"]
    assert missing.iloc[0] == 0
    assert (missing.iloc[1:] > 200).all()


def test_tables_hold_whole_counts_scores_steps_and_nothing_filled_in() -> None:
    truth = two_flags(
        scores=(score(n_trials=20),), checkpoints=Checkpoints(steps=(10, 20), tau=5.0), runs_per_arm=1, missing_rate=0.1
    )
    outcomes = simulate(truth, seed=6).outcomes
    assert list(outcomes) == ["run_id", "eval_id", "step", "n_trials", "n_events", "n_missing", "value", "n", "sd"]
    assert len(outcomes) == 4 * 2 * 2
    assert not outcomes.duplicated(["run_id", "eval_id", "step"]).any()
    counted = outcomes["eval_id"] == "blackmail"
    assert outcomes.loc[counted, ["value", "n", "sd"]].isna().all().all()
    assert outcomes.loc[~counted, ["n_trials", "n_events", "n_missing"]].isna().all().all()
    text = study_files(truth, seed=6)["outcomes.csv"]
    assert re.search(r"^tools0-sys0-s1,blackmail,10,300,\d+,\d+,,,$", text, flags=re.MULTILINE)


def test_the_mix_follows_the_components_and_constant_columns_stay() -> None:
    components = {"advice": ComponentTruth(levels=(0, 1, 3), mix={"chat": -0.1, "advice": 0.1})}
    truth = Truth(
        components=components, evals=(event(),), mix={"chat": 1.0, "advice": 0.0}, columns={"epochs": 2}, runs_per_arm=1
    )
    runs = simulate(truth, seed=1).runs
    assert runs["mix.chat"].tolist() == [1.0, 0.9, 0.7]
    assert runs["mix.advice"].tolist() == [0.0, 0.1, 0.3]  # 3 * 0.1 is not 0.30000000000000004 here
    assert runs["epochs"].tolist() == [2, 2, 2]


@given(
    seed=st.integers(0, 2**32),
    trials=st.integers(1, 40),
    missing=st.floats(0, 0.95),
    items=st.integers(1, 60),
    steps=st.booleans(),
)
def test_rollouts_add_up_to_the_counts_of_the_same_seed(
    seed: int, trials: int, missing: float, items: int, steps: bool
) -> None:
    truth = two_flags(
        n_trials=trials,
        missing_rate=missing,
        runs_per_arm=2,
        run_sd=1.0,
        checkpoints=Checkpoints(steps=(1, 5), tau=2.0) if steps else None,
        evals=(event(), event("leaking", 0.9, n_trials=7)),
    )
    tables, single = simulate(truth, seed=seed), simulate_rollouts(truth, seed=seed, items=items)
    keys = ["run_id", "eval_id", *(["step"] if steps else [])]
    assert not single.rollouts.duplicated([*keys, "item_id", "epoch"]).any()
    found = single.rollouts.groupby(keys)["value"].agg(["size", "sum", "count"])
    counts = tables.outcomes.set_index(keys).sort_index()
    assert found["size"].tolist() == counts["n_trials"].tolist()
    assert found["sum"].tolist() == counts["n_events"].tolist()
    assert (found["size"] - found["count"]).tolist() == counts["n_missing"].tolist()
    pd.testing.assert_frame_equal(single.runs, tables.runs)
    pd.testing.assert_frame_equal(single.evals, tables.evals)


def test_score_rollouts_have_the_mean_and_sd_of_the_table() -> None:
    truth = two_flags(evals=(), interactions=(), scores=(score(n_trials=12),), missing_rate=0.3, components={
        "tools": ComponentTruth(by_eval={"helpful": 1.0})
    })  # fmt: skip
    values = simulate_rollouts(truth, seed=2).rollouts.groupby("run_id")["value"].agg(["mean", "std", "count"])
    table = simulate(truth, seed=2).outcomes.set_index("run_id").sort_index()
    np.testing.assert_allclose(values["mean"], table["value"], rtol=EXACT)
    np.testing.assert_allclose(values["std"], table["sd"], rtol=EXACT)
    assert values["count"].tolist() == table["n"].tolist()


def test_no_item_is_refused() -> None:
    with pytest.raises(ValueError, match="items must be at least 1, found 0"):
        simulate_rollouts(two_flags(), seed=1, items=0)


# what is refused

TRUTH_TEXT = """
[components.tools]
effect = -1.0
[components.genre]
levels = ["a", "b"]
effect = { a = 0.0, b = 0.5 }
[[evals]]
id = "blackmail"
domain = "in_distribution"
baseline_rate = 0.3
"""


def test_a_truth_is_read_from_its_text() -> None:
    truth = parse_truth('arms = "full_factorial"\n' + TRUTH_TEXT)
    assert truth.components["tools"].effect == -1.0
    assert len(arm_keys(truth)) == 4


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("runs_per_arms = 3", "TRUTH_KEY", 'Did you mean "runs_per_arm"?'),
        ("[components.tools]\nefect = 1", "TRUTH_KEY", 'Did you mean "effect"?'),
        ("run_sd = nan", "TRUTH_VALUE", "run_sd"),
        ("run_sd = -0.1", "TRUTH_VALUE", "greater than or equal to 0"),
        ("missing_rate = 1.0", "TRUTH_VALUE", "less than 1"),
        ('[components.tools]\neffect = "strong"', "TRUTH_VALUE", "components.tools.effect"),
        ("title = unquoted", "TRUTH_SYNTAX", "line 1"),
        ('[[interactions]]\ncomponents = ["tools", "promts"]', "UNKNOWN_COMPONENT", "promts"),
        ('[[interactions]]\ncomponents = ["tools", "genre"]', "CATEGORY_INTERACTION", "genre"),
        ("[components.x]\nby_eval = { blackmale = 1 }", "UNKNOWN_EVAL", 'Did you mean "blackmail"?'),
        ('[[scores]]\nid = "blackmail"\ndomain = "control"\nmean = 1\nitem_sd = 1', "DUPLICATE_EVAL", "blackmail"),
        ('[[scores]]\nid = "mmlu"\ndomain = "control"\nmean = 1', "TRUTH_MISSING", "item_sd"),
        ('[[evals]]\nid = "e"\ndomain = "control"', "TRUTH_VALUE", "exactly one of"),
        ("[components.x]\nlevels = [0, 0]", "DUPLICATE_LEVEL", "components.x.levels"),
        ('[components.x]\nlevels = [0, "one"]', "MIXED_LEVELS", "components.x.levels"),
        ('[components.x]\nlevels = ["u", "v"]\neffect = 1', "CATEGORY_SHIFT", "components.x.effect"),
        ('[components.x]\nlevels = ["u", "v"]\neffect = { u = 1 }', "NO_SHIFT", '"v"'),
        ("[components.x]\neffect = { u = 1 }", "FLAG_SHIFT", "components.x.effect"),
        ("[components.seed]", "COLUMN_TAKEN", "components.seed"),
        ("[columns]\nrun_id = 1", "COLUMN_TAKEN", "columns.run_id"),
        ('[[arms]]\nlevels = { tools = 0, genre = "a" }\n' * 2, "DUPLICATE_ARM", "arms[1]"),
        ("[[arms]]\nlevels = { tools = 0 }", "NO_LEVEL", '"genre"'),
        ('[[arms]]\nlevels = { tools = 0, genre = "c" }', "NO_SHIFT", '"c"'),
        ("[mix]\nchat = 0.9", "MIX_SUM", "chat = 0.9"),
        ("[mix]\nchat = 1.0\n[components.x]\nmix = { chta = 1 }", "UNKNOWN_DOMAIN", 'Did you mean "chat"?'),
        (
            '[mix]\nchat = 1.0\n[components.x]\nlevels = ["u"]\neffect = { u = 1 }\nmix = { chat = 1 }',
            "CATEGORY_MIX",
            "x",
        ),
        ("judge_sensitivity = 0.4\njudge_specificity = 0.6", "JUDGE_BLIND", "0.4"),
        ("[checkpoints]\nsteps = [200, 100]\ntau = 5", "TRUTH_VALUE", "ascending"),
    ],
)
def test_a_truth_that_does_not_hold_together_is_refused_with_its_code(text: str, code: str, words: str) -> None:
    if text.startswith("[components.tools]"):
        whole = TRUTH_TEXT.replace("[components.tools]\neffect = -1.0", text)
    else:
        top = [line for line in text.splitlines() if re.match(r"\w+ = ", line)] if not text.startswith("[") else []
        whole = "\n".join(top) + "\n" + TRUTH_TEXT + ("" if top else text)
    with pytest.raises(StudyError) as refusal:
        parse_truth(whole, place="wahrheit.toml")
    assert {problem.code for problem in refusal.value.problems} == {code}
    assert words in str(refusal.value)
    assert refusal.value.problems[0].place.startswith("wahrheit.toml")


def test_every_problem_of_a_truth_is_reported_at_once() -> None:
    text = TRUTH_TEXT + '[components.x]\nby_eval = { a = 1, b = 1 }\n[[interactions]]\ncomponents = ["y", "z"]\n'
    with pytest.raises(StudyError) as refusal:
        parse_truth(text)
    codes = [problem.code for problem in refusal.value.problems]
    assert codes == ["UNKNOWN_EVAL", "UNKNOWN_EVAL", "UNKNOWN_COMPONENT", "UNKNOWN_COMPONENT"]


def test_a_truth_without_an_eval_is_refused() -> None:
    with pytest.raises(ValidationError, match="NO_EVALS"):
        Truth(components={"tools": ComponentTruth()})


def test_runs_that_would_share_an_id_are_refused() -> None:
    components = {
        "a": ComponentTruth(short="x", levels=("p", "p-yq"), effect={"p": 0, "p-yq": 0}),
        "b": ComponentTruth(short="y", levels=("q-yq", "q"), effect={"q-yq": 0, "q": 0}),
    }
    with pytest.raises(StudyError, match="RUN_ID_CLASH"):
        simulate(Truth(components=components, evals=(event(),)), seed=1)


def test_a_truth_without_a_run_is_refused() -> None:
    with pytest.raises(StudyError, match="NO_RUNS"):
        simulate(two_flags(arms=(ArmTruth(levels=arm(0, 0), runs=0),)), seed=1)


def test_a_missing_truth_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"TRUTH_FILE at .*absent\.toml"):
        read_truth(tmp_path / "absent.toml")


# the shipped studies


def fixture(study: str, table: str) -> pd.DataFrame:
    return pd.read_csv(FIXTURES / study / f"{table}.csv", dtype=str, keep_default_na=False)


def test_the_simulated_fixture_is_what_its_truth_gives() -> None:
    folder = FIXTURES / "harmlessness_diversification"
    for name, text in study_files(read_truth(folder / "truth.toml")).items():
        assert (folder / name).read_bytes() == text.encode(), name


def test_the_simulated_fixture_states_its_truth_in_words() -> None:
    truth = read_truth(FIXTURES / "harmlessness_diversification" / "truth.toml")
    readme = (FIXTURES / "harmlessness_diversification" / "README.md").read_text(encoding="utf-8")
    for word, level in (("baseline", 0), ("full mix", 1)):
        rates = (mean_run_rate(truth, dict.fromkeys(truth.components, level), e.id) for e in truth.evals)
        assert f"| {word} | " + " | ".join(f"{100 * rate:.1f}" for rate in rates) + " |" in readme
    honeypots = ["blackmail", "sabotage", "framing"]
    for switched in (["tools"], ["system_prompts"], ["difficult_advice"], ["tools", "system_prompts"]):
        keys = [key for key in arm_keys(truth) if len({dict(key)[name] for name in switched}) == 1]
        coefficients = {key: (2 if dict(key)[switched[0]] else -2) / len(keys) for key in keys}
        drop = -contrast_truth(truth, coefficients, honeypots, Scale.RISK_DIFFERENCE)
        assert f"{100 * drop:.1f}" in readme


def test_published_qwen_counts_are_the_published_rates_times_300() -> None:
    outcomes = fixture("qwen_difficult_advice", "outcomes")
    assert len(outcomes) == 12
    for row in outcomes.itertuples():
        assert row.n_trials == "300"
        assert int(row.n_events) == round(float(row.published_pct) * 3), row
        assert f"{100 * int(row.n_events) / 300:.1f}" == row.published_pct
    readme = (FIXTURES / "qwen_difficult_advice" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| (\w+) \| (run\d) \| ([\d.]+) \| ([\d.]+) \| (\d+) \|$", readme, flags=re.MULTILINE)
    assert [(r[0], r[1], r[2], r[3], r[5]) for r in rows] == list(
        outcomes[["run_id", "eval_id", "replicate", "published_pct", "n_events"]].itertuples(index=False, name=None)
    )
    assert all(f"{3 * float(r[3]):.1f}" == r[4] for r in rows)


def test_the_qwen_base_has_no_mix_and_the_three_way_mix_is_unknown() -> None:
    runs = fixture("qwen_difficult_advice", "runs").set_index("run_id")
    shares = ["mix.plain_chat", "mix.difficult_advice"]
    assert runs.loc["base", shares].tolist() == ["", ""]
    unknown = runs.loc["threeway_constitution", ["plain_chat", "difficult_advice", *shares]]
    assert unknown.tolist() == ["unknown"] * 4
    assert runs.loc["difficult_advice_20_80", shares].tolist() == ["0.8", "0.2"]


def test_agentic_cells_are_of_100_samples_with_a_source_each() -> None:
    outcomes = fixture("agentic_misalignment_2025", "outcomes")
    assert len(outcomes) == 46
    assert (outcomes["n_trials"] == "100").all()
    assert (outcomes["n_events"] == outcomes["published_pct"]).all()
    assert (outcomes["source"] != "").all()
    control = outcomes[outcomes["run_id"].str.endswith("| control") & (outcomes["eval_id"] == "blackmail")]
    assert len(control) == 14
    assert (control["n_events"] == "0").all()
    runs = fixture("agentic_misalignment_2025", "runs")
    assert (runs["run_id"] == runs["base_model"] + " | " + runs["condition"]).all()


@pytest.mark.parametrize("study", STUDIES)
def test_fixture_tables_fit_together(study: str) -> None:
    runs, outcomes, evals = (fixture(study, table) for table in ("runs", "outcomes", "evals"))
    assert runs["run_id"].is_unique
    assert evals["eval_id"].is_unique
    keys = [name for name in ("run_id", "eval_id", "replicate") if name in outcomes]
    assert not outcomes.duplicated(keys).any()
    assert set(outcomes["run_id"]) == set(runs["run_id"])
    assert set(outcomes["eval_id"]) == set(evals["eval_id"])
    counts = outcomes[["n_trials", "n_events", "n_missing"]].astype(int)
    assert (counts["n_events"] + counts["n_missing"] <= counts["n_trials"]).all()
    for domain in [name for name in runs if name.startswith("mix.")]:
        assert set(runs[domain]) - {"", "unknown"} <= {"0", "0.0", "0.2", "0.8", "1", "1.0"}


@pytest.mark.parametrize("study", STUDIES)
def test_every_shipped_study_declares_claims_about_evals_it_has(study: str) -> None:
    declared = load_study(ROOT / "reports" / study)
    assert declared.simulated == (study == "harmlessness_diversification")
    evals, runs = fixture(study, "evals"), fixture(study, "runs")
    for claim in declared.claims:
        assert set(claim.evals) <= set(evals["eval_id"])
        assert not claim.domain or claim.domain in set(evals["domain"])
        for levels in (claim.reference, claim.treated):
            assert all(level in set(runs[name]) for name, level in levels.items())
    assert {component.column for component in declared.components} <= set(runs)


def test_the_simulated_study_claims_something_of_every_kind() -> None:
    declared = load_study(ROOT / "reports" / "harmlessness_diversification")
    kinds = {claim.kind for claim in declared.claims}
    assert kinds == {"reduces", "at_least_ratio", "reaches_zero", "equivalent", "no_harm", "stronger"}


def test_the_truth_file_and_the_study_file_agree_on_names() -> None:
    text = (FIXTURES / "harmlessness_diversification" / "truth.toml").read_text(encoding="utf-8")
    truth = tomllib.loads(text)
    declared = load_study(ROOT / "reports" / "harmlessness_diversification")
    named = {name: component["label"] for name, component in truth["components"].items()}
    assert {component.id: component.label for component in declared.components} == named
    labels = {declared_eval["id"]: declared_eval["label"] for declared_eval in truth["evals"]}
    evals = fixture("harmlessness_diversification", "evals")
    assert dict(zip(evals["eval_id"], evals["label"], strict=True)) == labels
