"""The mix of a study: from tables to effects, known truths, refusals, frames and the pages they stand on."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from mixablate.design import design_of
from mixablate.errors import DesignError, TableError
from mixablate.estimate import (
    Outcome,
    RunSummaries,
    outcome_of,
    summarise,
)
from mixablate.estimate.mixtures import (
    Blend,
    BlendModel,
    MixReference,
    MixtureAnalysis,
    StudyMix,
    analyse_mixture,
    cox_path,
    level_changes,
    mean_levels,
    mix_of_study,
    mixes_alone,
    predicted_levels,
)
from mixablate.estimate.runs.summaries import run_log_odds
from mixablate.findings import Findings, analyse
from mixablate.findings.mixtures import mixture_frames
from mixablate.report.document import findings_document
from mixablate.study import Mixture, Scale, Study
from mixablate.tables import OutcomeKind, Tables, tables_from_frames
from small_studies import flag, study_of
from undrawn import undrawn_files

Floats = NDArray[np.float64]

REFERENCE = np.array([0.6, 0.2, 0.2])
SAME = 1e-9  # the same arithmetic in another order


def study_with(
    mixture: dict[str, Any] | None = None, components: tuple[Any, ...] = ("prompts",), **analysis: Any
) -> Study:
    study = study_of(components, **analysis)
    return study.model_copy(update={"mixture": Mixture.model_validate(mixture or {})})


def frames_of(
    fractions: Floats, outcome: Callable[[Floats, Floats], Floats], seed: int = 0, prompts: Floats | None = None
) -> dict[str, pd.DataFrame]:
    """Runs of these mixes (chat, tools, stories), 400 rollouts each; prompts alternate unless given."""
    rng = np.random.default_rng(seed)
    n = len(fractions)
    flags = np.arange(n) % 2.0 if prompts is None else prompts
    names = ["mix.chat", "mix.tools", "mix.stories"][: fractions.shape[1]]
    runs = pd.DataFrame(fractions, columns=names).assign(
        run_id=[f"r{i:02d}" for i in range(n)], base_model="m", prompts=flags
    )
    rates = expit(outcome(fractions, flags) + rng.normal(scale=0.2, size=n))
    outcomes = pd.DataFrame(
        {"run_id": runs["run_id"], "eval_id": "blackmail", "n_trials": 400, "n_events": rng.binomial(400, rates)}
    )
    evals = pd.DataFrame(
        [{"eval_id": "blackmail", "label": "Blackmail", "domain": "in_distribution", "direction": "lower"}]
    )
    return {"runs": runs, "outcomes": outcomes, "evals": evals}


def linear(fractions: Floats, flags: Floats) -> Floats:
    return fractions @ [-0.5, -4.0, -1.0] - 0.5 * flags


def simplex(seed: int, n: int) -> Floats:
    drawn = np.random.default_rng(seed).dirichlet([3, 1.5, 1.5], n)
    return np.asarray(np.round(drawn, 3))


def found_in(study: Study, frames: dict[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    tables = tables_from_frames(study, **frames)
    found = frames_for(study, tables)
    return found.effects, found.fit


def frames_for(study: Study, tables: Tables) -> Any:
    design = design_of(study, tables)
    return mixture_frames(study, tables, design, [summarise(tables, design, outcome_of(tables, ["blackmail"]))])


def test_effects_of_the_mix_find_what_was_put_in() -> None:
    study = study_with(
        {"reference": {"chat": 0.6, "tools": 0.2, "stories": 0.2}, "model": "linear"}, mix_tolerance=0.002
    )
    effects, fit = found_in(study, frames_of(simplex(1, 60), linear))
    cox = effects[(effects["kind"] == "cox") & (effects["scale"] == "log_odds")].set_index("part")
    # tools + .05 from .2: chat and stories give .05 as .6 : .2, so -4 * .05 + .5 * .0375 + 1 * .0125 = -.16875.
    tools = cox.loc["tools"]
    assert tools["lower"] < -0.16875 < tools["upper"]
    assert tools["upper"] < 0
    assert tools["simultaneous_lower"] < tools["lower"]
    assert tools["rank"] == 1
    assert (tools["from"], tools["to"]) == pytest.approx((0.2, 0.25))
    swapped = effects[(effects["kind"] == "replacement") & (effects["scale"] == "log_odds")]
    row = swapped[(swapped["part"] == "tools") & (swapped["against"] == "chat")].iloc[0]
    assert row["lower"] < -0.05 * 3.5 < row["upper"]
    assert len(swapped) == 6
    assert "prompts" in tools["method"]
    assert fit.iloc[0]["reference"].startswith("as declared")
    assert fit.iloc[0]["joint_p"] < 1e-6


def test_the_reference_is_the_baseline_arms_mix_or_else_the_mean() -> None:
    rng = np.random.default_rng(2)
    fractions = np.vstack([np.tile([0.8, 0.1, 0.1], (4, 1)), rng.dirichlet([3, 1, 1], 16)])
    flags = np.array([0.0] * 4 + [1.0] * 16)
    study = study_with()
    for prompts, words, mix in (
        (flags, "the baseline arm's", [0.8, 0.1, 0.1]),
        (np.arange(20) % 2.0, "the mean of 20 runs", fractions.mean(axis=0)),
    ):
        tables = tables_from_frames(study, **frames_of(fractions, linear, prompts=prompts))
        found = mix_of_study(study, tables, design_of(study, tables))
        assert found is not None
        assert found.reference_words == words
        by_part = dict(zip(("chat", "stories", "tools"), (mix[0], mix[2], mix[1]), strict=True))
        assert dict(zip(found.runs.parts, found.reference.mix, strict=True)) == pytest.approx(by_part)


def test_shuffled_rows_change_no_number() -> None:
    study = study_with()
    frames = frames_of(simplex(3, 30), linear)
    one = found_in(study_with({}, mix_tolerance=0.002), frames)
    mixed = {name: frame.sample(frac=1, random_state=5) for name, frame in frames.items()}
    other = found_in(study_with({}, mix_tolerance=0.002), mixed)
    assert study.mixture.model == "auto"
    for first, second in zip(one, other, strict=True):
        pd.testing.assert_frame_equal(first, second, rtol=1e-8)


def test_token_counts_are_the_same_as_their_fractions() -> None:
    fractions = simplex(4, 24)
    frames = frames_of(fractions, linear)
    tokens = {k: v.copy() for k, v in frames.items()}
    names = ["mix.chat", "mix.tools", "mix.stories"]
    tokens["runs"][names] = (fractions * 1000).round().astype(int) * 7000
    study = study_with({"model": "linear"}, mix_tolerance=0.002)
    one, other = found_in(study, frames)[0], found_in(study, tokens)[0]
    np.testing.assert_allclose(one["estimate"].astype(float), other["estimate"].astype(float), rtol=1e-9)


def test_sums_off_the_tolerance_are_refused_by_the_tables() -> None:
    frames = frames_of(simplex(4, 24) * 0.99, linear)
    with pytest.raises(TableError, match="MIX_SUM"):
        found_in(study_with({}, mix_tolerance=0.002), frames)


def test_parts_that_no_column_holds_are_refused_with_the_nearest() -> None:
    frames = frames_of(simplex(5, 20), linear)
    study = study_with({"reference": {"chat": 0.9, "tolls": 0.1}, "labels": {"story": "Stories"}}, mix_tolerance=0.002)
    with pytest.raises(DesignError) as caught:
        found_in(study, frames)
    assert [p.code for p in caught.value.problems] == ["MIXTURE_PART", "MIXTURE_PART"]
    assert '"tools"' in caught.value.problems[0].remedy


def test_a_part_that_never_varies_has_a_reason_and_stays_where_it_is() -> None:
    share = np.linspace(0, 0.3, 20)
    fractions = np.column_stack([0.9 - share, share, np.full(20, 0.1)])
    effects, _ = found_in(study_with({"model": "linear"}), frames_of(fractions, linear))
    stories = effects[effects["part"] == "stories"]
    assert set(stories["reason"]) == {"every run has 10 % of it"}
    assert stories["estimate"].isna().all()
    tools = effects[(effects["part"] == "tools") & (effects["kind"] == "cox")]
    assert (tools["reason"] == "").all()
    assert tools["method"].str.contains("held constant: stories").all()


def test_parts_in_one_ratio_cannot_be_told_apart() -> None:
    share = np.linspace(0.1, 0.4, 20)
    fractions = np.column_stack([1 - 1.5 * share, share, share / 2])
    effects, _ = found_in(study_with({"model": "linear"}), frames_of(fractions, linear))
    cox = effects[(effects["kind"] == "cox") & (effects["scale"] == "log_odds")].set_index("part")
    for part in ("tools", "stories"):
        assert cox.loc[part, "reason"].startswith("these runs do not tell it apart:")
        assert math.isnan(cox.loc[part, "estimate"])
    assert cox.loc["chat", "reason"] == ""  # the others fall in the ratio in which they were run


def test_a_flag_that_goes_with_a_part_takes_its_effect_away() -> None:
    fractions = np.array([[1, 0], [0.8, 0.2]])[np.arange(20) % 2]
    frames = frames_of(fractions, lambda f, p: f[:, 0] - 1.5, prompts=np.arange(20) % 2.0)
    effects, _ = found_in(study_with(), frames)
    told = effects[(effects["part"] == "tools") & (effects["kind"] == "cox")]
    assert told["reason"].str.contains("prompts").all()
    assert told["estimate"].isna().all()
    # A component that is the part itself is not held fixed beside it.
    itself = study_with(components=(flag("tools"),))
    frames["runs"] = frames["runs"].rename(columns={"prompts": "tools"})
    effects, _ = found_in(itself, frames)
    told = effects[(effects["part"] == "tools") & (effects["kind"] == "cox") & (effects["scale"] == "log_odds")]
    assert told["reason"].tolist() == [""]
    assert "moving with the mix: tools" in told["method"].iloc[0]


def test_fewer_runs_than_columns_give_a_reason_and_no_number() -> None:
    effects, fit = found_in(study_with({}, mix_tolerance=0.002), frames_of(simplex(6, 5), linear))
    assert effects["estimate"].isna().all()
    assert (effects["reason"] != "").all()
    assert set(fit.loc[fit["model"] == "linear", "reason"]) == {"5 runs for 4 columns; 4 more are needed"}
    assert not fit["chosen"].any()


def test_too_few_events_leave_the_description() -> None:
    frames = frames_of(simplex(7, 20), lambda f, p: np.full(len(f), -7.0))
    effects, _ = found_in(study_with({"model": "linear"}, mix_tolerance=0.002), frames)
    cox = effects[(effects["kind"] == "cox") & (effects["part"] == "tools")]
    assert cox["reason"].str.contains("events a run on average").all()
    assert cox["estimate"].notna().all()
    assert cox[["lower", "upper", "p_value", "simultaneous_lower"]].isna().all(axis=None)


def test_one_part_is_no_mix() -> None:
    frames = frames_of(np.ones((8, 1)), lambda f, p: f[:, 0] - 1)
    effects, fit = found_in(study_with(), frames)
    assert (len(effects), len(fit)) == (0, 0)


# mean rates


def summaries_of(events: Floats, trials: float, weights: tuple[float, ...] = (1.0,)) -> RunSummaries:
    n = len(events)
    ids = tuple(f"{i:03d}" for i in range(n))
    evals = tuple((f"e{j}", weight) for j, weight in enumerate(weights))
    outcome = Outcome("o", "O", evals, OutcomeKind.EVENTS, True, "")
    trial = np.full(events.shape, trials)
    odds = run_log_odds(events, trial) @ np.array(weights)
    level = (events / trial) @ np.array(weights)
    return RunSummaries(outcome, ids, ("a",) * n, ("",) * n, odds, level, events, trial, np.zeros_like(events), ())


def test_a_mean_rate_is_smeared_over_the_residuals() -> None:
    # One mix in two runs with log-odds +-2 about 0: mean rate (.881 + .119) / 2 = .5, not moved; about -2: .259.
    events = (np.array([expit(2), expit(-2), expit(0), expit(-4)]) * 1e6)[:, None]
    runs = mixes_alone("ab", np.array([[1, 0], [1, 0], [0, 1], [0, 1.0]]))
    levels = mean_levels(summaries_of(events, 1e6), np.arange(4), runs, Blend(BlendModel.LINEAR))
    found = predicted_levels(levels, np.eye(2))
    np.testing.assert_allclose(found, [0.5, (0.5 + expit(-4)) / 2], atol=1e-5)  # the half event, of a million


def test_a_mean_of_the_same_eval_twice_is_that_eval() -> None:
    rng = np.random.default_rng(8)
    fractions = simplex(8, 25) / simplex(8, 25).sum(axis=1, keepdims=True)
    events = rng.binomial(300, expit(linear(fractions, np.zeros(25)))).astype(float)[:, None]
    runs, blend = mixes_alone("abc", fractions), Blend(BlendModel.LINEAR)
    once = mean_levels(summaries_of(events, 300), np.arange(25), runs, blend)
    twice = mean_levels(summaries_of(np.hstack([events] * 2), 300, (0.3, 0.7)), np.arange(25), runs, blend)
    starts, ends = np.array([[0.6, 0.2, 0.2]]), np.array([[0.5, 0.3, 0.2]])
    one, other = (level_changes(levels, starts, ends, 0.95)[0] for levels in (once, twice))
    for name in ("estimate", "std_error", "df", "lower", "upper"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=SAME)


# known truth: each study stated by hand, so that the truth is a sum or an integral over the runs' spread

SD = 0.3
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(21)


def analysed(seed: int, truth: Callable[[Floats], Floats], fractions: Floats, model: str) -> MixtureAnalysis:
    rng = np.random.default_rng(seed)
    eta = truth(fractions) + rng.normal(0, SD, len(fractions))
    events = rng.binomial(300, expit(eta)).astype(float)[:, None]
    reach = MixReference(REFERENCE, fractions.min(axis=0), fractions.max(axis=0))
    ids = [f"{i:03d}" for i in range(len(fractions))]
    mix = StudyMix(mixes_alone("abc", fractions, ids), ("a", "b", "c"), (), reach, "", ())
    declared = Mixture.model_validate({"model": model})
    return analyse_mixture(summaries_of(events, 300), mix, declared, level=0.95, draws=199, rng=rng)


def covered(truth: Callable[[Floats], Floats], model: str, studies: int, runs: int) -> dict[Scale, float]:
    """The share of Cox effects' intervals that hold the truth, log-odds and mean run rates."""
    held: dict[Scale, list[bool]] = {Scale.LOG_ODDS: [], Scale.RISK_DIFFERENCE: []}
    weights = WEIGHTS / WEIGHTS.sum()
    for seed in range(studies):
        fractions = np.random.default_rng(5000 + seed).dirichlet([3, 1.5, 1.5], runs)
        for effect in analysed(seed, truth, fractions, model).effects:
            if effect.kind != "cox" or effect.reason:
                continue
            end = cox_path(REFERENCE, "abc".index(effect.part), np.array([effect.end]))
            at = [float(truth(point)[0]) for point in (REFERENCE[None], end)]
            rates = [float(weights @ expit(eta + SD * NODES)) for eta in at]
            change = at[1] - at[0] if effect.scale is Scale.LOG_ODDS else rates[1] - rates[0]
            held[effect.scale].append(effect.inference.lower <= change <= effect.inference.upper)
    return {scale: float(np.mean(found)) for scale, found in held.items()}


def steep(points: Floats) -> Floats:
    return np.asarray(points @ [-0.5, -3.0, -1.0])


@pytest.mark.slow
def test_intervals_of_a_declared_model_hold_their_level() -> None:
    # 120 studies of 24 runs; effects of one study go together, so the standard error of the share is up to 2 points.
    for share in covered(steep, "linear", 120, 24).values():
        assert 0.89 <= share <= 0.995


@pytest.mark.slow
def test_intervals_of_a_model_that_was_chosen_are_widened_to_hold_theirs() -> None:
    def blending(points: Floats) -> Floats:
        return steep(points) + 6 * points[:, 0] * points[:, 1] - 5 * points[:, 1] * points[:, 2]

    # 40 studies of 30 runs, standard error up to 3.5 points. Those of the best model alone covered 75 %.
    for share in covered(blending, "auto", 40, 30).values():
        assert share >= 0.86


# declared, and shown


def three_part_findings(**mixture: Any) -> Findings:
    study = study_with({"labels": {"tools": "Unused tool chats"}} | mixture, draws=199, mix_tolerance=0.002)
    return analyse(study, tables_from_frames(study, **frames_of(simplex(9, 36), linear)))


@pytest.fixture(scope="module")
def three_parts() -> Findings:
    return three_part_findings()


def test_the_report_has_the_mix_with_its_figures_and_tables(three_parts: Findings) -> None:
    files = undrawn_files(three_parts)
    page = files["report.md"].decode()
    assert "## The mix" in page
    assert "Unused tool chats" in page
    for name in ("mixture_effects.csv", "mixture_traces.csv", "mixture_fit.csv"):
        assert name in files
    for name in ("effect_traces", "ternary"):
        assert {f"figures/{name}.{kind}" for kind in ("svg", "png", "csv")} <= set(files)
    document = findings_document(three_parts)
    assert len(document["mixture"]["effects"]) == len(three_parts.mixture_effects)  # type: ignore[index]


def test_a_study_without_a_varying_mix_shows_nothing_of_it(three_parts: Findings) -> None:
    study = study_of(("prompts",), draws=199)
    frames = frames_of(simplex(9, 16), linear)
    frames["runs"] = frames["runs"].drop(columns=["mix.chat", "mix.tools", "mix.stories"])
    files = undrawn_files(analyse(study, tables_from_frames(study, **frames)))
    assert "The mix" not in files["report.md"].decode()
    assert not [name for name in files if "mixture" in name or "ternary" in name or "traces" in name]


def test_traces_pass_through_the_reference_and_bands_stay_within_rates(three_parts: Findings) -> None:
    traces = three_parts.mixture_traces
    lines = traces[traces["row"] == "trace"]
    assert lines.groupby("part").size().tolist() == [21, 21, 21]
    assert lines[["estimate", "lower", "upper"]].astype(float).apply(lambda c: c.between(0, 1)).all(axis=None)
    at = [
        float(np.interp(rows["reference"].iloc[0], rows["fraction"].astype(float), rows["estimate"].astype(float)))
        for _, rows in lines.groupby("part")
    ]
    # One mix lies on all three; between 21 points of a smooth curve interpolation is good to about .0005.
    assert max(at) - min(at) < 0.001


def test_the_surface_stays_within_the_reach_of_the_runs_and_sums_to_one(three_parts: Findings) -> None:
    surface = three_parts.mixture.surface
    np.testing.assert_allclose(surface[["a", "b", "c"]].astype(float).sum(axis=1), 1, atol=1e-9)
    field, runs = (surface[surface["row"] == row] for row in ("surface", "run"))
    assert len(runs) == 36
    step = 1 / 24
    for name in "abc":
        assert field[name].min() >= runs[name].min() - step
        assert field[name].max() <= runs[name].max() + step


def test_declared_keys_reach_the_analysis() -> None:
    found = three_part_findings(model="quadratic", delta=0.02).mixture
    assert set(found.fit["model"]) == {"quadratic"}
    rows = found.effects[found.effects["kind"] == "cox"]
    np.testing.assert_allclose((rows["to"] - rows["from"]).astype(float), 0.02, atol=1e-9)
    crossed = dataclasses.replace(three_part_findings(crossed=True, model="linear")).mixture
    assert crossed.effects["method"].str.contains("crossed with the mix: prompts").all()
