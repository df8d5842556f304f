"""Does diversifying the prompt weaken suppression? Seven experiments of `trait_inoculation`, each alone and pooled.

Every experiment trained pairs of models on one prompt, fixed or rephrased a thousand times; Playful without a prefix is
the trait that leaks. The eighth experiment, on another base model, measured other traits and has no such outcome.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mixablate.findings import Findings, analyse
from mixablate.report.block_tables import block_sentences
from mixablate.study import load_study
from mixablate.tables import read_tables

pytestmark = pytest.mark.shared_data

OUTCOME = "Playful|default"
STUDY = """
title = "Fixed and diverse inoculation prefixes, by experiment"
seed = 1
baseline = { prefix_diversity = "fixed" }
[tables]
runs = "runs.csv"
outcomes = "outcomes.csv"
evals = "evals.csv"
[tables.rename]
eval = "eval_id"
[analysis]
draws = 199
block = ["experiment"]
pair = "prompt_key"
step = "last"
[components.prefix_diversity]
type = "category"
target = "mix"
"""
HALF_DIGIT = 0.05  # of a mean printed to one decimal
REVERSED = "multi_prompt_french_v4_qwen2.5-7b-instruct"


@pytest.fixture(scope="module")
def pairs(shared: Path) -> pd.DataFrame:
    """Playful at the last step by experiment and prompt, one column for each kind of prefix: by pandas alone."""
    source = shared / "real/trait_inoculation"
    runs, outcomes = pd.read_csv(source / "mapped_runs.csv"), pd.read_csv(source / "mapped_outcomes.csv")
    rows = outcomes[outcomes["eval"] == OUTCOME].merge(runs, on="run_id")
    rows = rows[rows["prefix_diversity"].isin(["fixed", "mix"])]
    rows = rows[rows["step"] == rows.groupby("run_id")["step"].transform("max")]
    return rows.pivot_table(index=["experiment", "prompt_key"], columns="prefix_diversity", values="value").dropna()


@pytest.fixture(scope="module")
def found(shared: Path, pairs: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    source, folder = shared / "real/trait_inoculation", tmp_path_factory.mktemp("prefixes")
    runs, outcomes = pd.read_csv(source / "mapped_runs.csv"), pd.read_csv(source / "mapped_outcomes.csv")
    experiments = pairs.index.get_level_values("experiment")
    runs = runs[runs["experiment"].isin(experiments) & runs["prefix_diversity"].isin(["fixed", "mix"])]
    kept = outcomes[outcomes["run_id"].isin(runs["run_id"]) & (outcomes["eval"] == OUTCOME)]
    runs.to_csv(folder / "runs.csv", index=False)
    kept.drop(columns="k_over50").to_csv(folder / "outcomes.csv", index=False)
    (folder / "evals.csv").write_text(f"eval_id,domain,direction\n{OUTCOME},out_of_distribution,lower\n")
    (folder / "study.toml").write_text(STUDY)
    study = load_study(folder)
    return analyse(study, read_tables(study))


def rows_of(findings: Findings, kind: str) -> pd.DataFrame:
    frame = findings.block_effects
    return frame[frame["kind"] == kind].set_index("block")


def test_each_experiment_has_its_own_paired_effect(found: Findings, pairs: pd.DataFrame) -> None:
    within = rows_of(found, "within")
    assert len(within) == 7
    for experiment, mine in pairs.groupby("experiment"):
        paired = stats.ttest_rel(mine["mix"], mine["fixed"])
        limits = paired.confidence_interval(0.95)
        row = within.loc[str(experiment)]
        assert row["n_treated"] == row["n_reference"] == len(mine)
        assert row["estimate"] == pytest.approx((mine["mix"] - mine["fixed"]).mean(), rel=1e-9)
        assert (row["lower"], row["upper"]) == pytest.approx((limits.low, limits.high), rel=1e-9)


def test_diversifying_weakens_suppression_on_average_and_reverses_in_one_experiment(
    found: Findings, pairs: pd.DataFrame
) -> None:
    """Its README: "reverses in french_v4: 32.2 vs 21.0"."""
    means = pairs.loc[REVERSED].mean().round(1)
    assert (means["fixed"], means["mix"]) == (32.2, 21.0)
    within, pooled = rows_of(found, "within"), rows_of(found, "pooled").iloc[0]
    assert pooled["estimate"] > 0.0
    assert pooled["n_blocks"] == 7
    assert within.loc[REVERSED, "estimate"] == pytest.approx(21.0 - 32.2, abs=2 * HALF_DIGIT)
    assert (within.drop(REVERSED)["estimate"] > 0.0).all()
    (sentence,) = block_sentences(found)
    assert REVERSED in sentence


def test_the_pooled_effect_and_its_prediction_are_the_formulas_by_hand(found: Findings) -> None:
    """Random effects at the stated tau: mean by inverse variances, modified Hartung-Knapp; one more value."""
    within, pooled, ahead = (rows_of(found, kind) for kind in ("within", "pooled", "prediction"))
    y, v = within["estimate"].to_numpy(float), within["std_error"].to_numpy(float) ** 2
    tau2, k = float(pooled["tau"].iloc[0]) ** 2, len(y)
    w = 1 / (v + tau2)
    mean = float(w @ y / w.sum())
    inflated = max(1.0, float(w @ (y - mean) ** 2 / (k - 1)))
    error = np.sqrt(inflated / w.sum())
    row = pooled.iloc[0]
    assert row["estimate"] == pytest.approx(mean, rel=1e-6)
    assert row["std_error"] == pytest.approx(error, rel=1e-6)
    half = stats.t.ppf(0.975, row["df"]) * error
    assert (row["lower"], row["upper"]) == pytest.approx((mean - half, mean + half), rel=1e-6)
    reach = stats.t.ppf(0.975, k - 1) * y.std(ddof=1) * np.sqrt(1 + 1 / k)
    limits = ahead.iloc[0][["lower", "upper"]].astype(float)
    assert tuple(limits) == pytest.approx((y.mean() - reach, y.mean() + reach), rel=1e-9)
    assert ahead["lower"].iloc[0] < 0.0  # a new experiment may reverse, as one of these did
