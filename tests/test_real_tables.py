"""Published tables read through an ordinary study: their own printed figures, and scipy's intervals, come out again.

The figures are those that the shared folder's READMEs mark RECOMPUTED. Tables derived here stay in `tmp_path`.
"""

from __future__ import annotations

import math
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mixablate.claims import Status, Verdict
from mixablate.errors import TableError
from mixablate.estimate import Effect
from mixablate.findings import Findings, analyse
from mixablate.study import load_study
from mixablate.tables import Tables, read_tables

pytestmark = pytest.mark.shared_data

DECEPTION = """
title = "Deception by fine-tuning arm"
seed = 1
baseline = { arm = "insecure" }
[tables]
runs = "runs.csv"
outcomes = "outcomes.csv"
evals = "evals.csv"
[tables.rename]
group = "arm"
deception_rate = "value"
[analysis]
draws = 999
[components.arm]
type = "category"
target = "secure"
[[claims]]
id = "secure-deceives-less"
text = "Secure instead of insecure code reduces deception"
kind = "reduces"
components = ["arm"]
evals = ["deception"]
scale = "value"
reference = { arm = "insecure" }
treated = { arm = "secure" }
[[claims]]
id = "insecure-deceives-less"
text = "Insecure instead of secure code reduces deception"
kind = "reduces"
components = ["arm"]
evals = ["deception"]
scale = "value"
status = "exploratory"
reference = { arm = "secure" }
treated = { arm = "insecure" }
"""
PREFIXES = """
title = "Fixed and diverse inoculation prefixes"
seed = 1
baseline = { prefix_diversity = "fixed" }
[tables]
runs = "runs.csv"
outcomes = "outcomes.csv"
evals = "evals.csv"
[tables.rename]
eval = "eval_id"
[analysis]
draws = 999
pair = "prompt_key"
step = "last"
[components.prefix_diversity]
type = "category"
target = "mix"
[[claims]]
id = "mix-lowers-playful"
text = "Diversifying the prefix lowers Playful without a prefix"
kind = "reduces"
components = ["prefix_diversity"]
evals = ["Playful|default"]
scale = "value"
"""
EXPERIMENT = "multi_prompt_v3"
DEFAULT = ["Playful|default", "French|default"]
EVALS = "eval_id,domain,direction\nPlayful|default,out_of_distribution,lower\nFrench|default,in_distribution,higher\n"


def analysed(folder: Path) -> Findings:
    study = load_study(folder)
    return analyse(study, read_tables(study))


def effect_of(findings: Findings, outcome: str) -> Effect:
    (effect,) = (e for e in findings.effects if e.outcome == outcome)
    return effect


def verdict_of(findings: Findings, claim_id: str) -> Verdict:
    (verdict,) = (v for v in findings.verdicts if v.claim.id == claim_id)
    return verdict


# Deception by arm


def deception_rates(shared: Path) -> pd.DataFrame:
    table = pd.read_csv(shared / "real/em_authors_openai_models/deception_rate_by_model.csv")
    return table.assign(run_id=table["group"] + "/" + table["model_idx"].astype(str), eval_id="deception")


@pytest.fixture
def deception(shared: Path, tmp_path: Path) -> Findings:
    table = deception_rates(shared)
    table[["run_id", "group", "model"]].to_csv(tmp_path / "runs.csv", index=False)
    table[["run_id", "eval_id", "deception_rate"]].to_csv(tmp_path / "outcomes.csv", index=False)
    (tmp_path / "evals.csv").write_text("eval_id,domain,direction\ndeception,out_of_distribution,lower\n")
    (tmp_path / "study.toml").write_text(DECEPTION)
    return analysed(tmp_path)


def two_arms(shared: Path) -> tuple[np.ndarray, np.ndarray]:
    """The rates of the insecure and of the secure models."""
    rates = deception_rates(shared).groupby("group")["deception_rate"]
    return rates.get_group("insecure").to_numpy(), rates.get_group("secure").to_numpy()


def test_deception_by_arm_is_what_its_authors_tables_say(deception: Findings) -> None:
    level_of = {arm.arm_id: dict(arm.levels)["arm"] for arm in deception.design.arms}
    found = {level_of[row.arm_id]: (round(row.estimate, 3), row.n_runs) for row in deception.rates.itertuples()}
    assert found == {
        "insecure": (0.607, 10),
        "secure": (0.283, 6),
        "educational insecure": (0.337, 6),
        "jailbroken": (0.313, 6),
        "GPT-4o": (0.028, 1),
    }


def test_the_deception_interval_is_scipys_welch_interval(deception: Findings, shared: Path) -> None:
    insecure, secure = two_arms(shared)
    welch = stats.ttest_ind(secure, insecure, equal_var=False)
    interval = welch.confidence_interval(0.95)
    effect = effect_of(deception, "deception")
    assert (effect.n_reference, effect.n_treated) == (10, 6)
    assert (effect.lower, effect.upper) == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert (effect.estimate, effect.df) == pytest.approx((secure.mean() - insecure.mean(), welch.df), rel=1e-9)
    assert effect.p_value == pytest.approx(welch.pvalue, rel=1e-6)


def test_secure_code_reducing_deception_is_supported_and_the_reverse_contradicted(
    deception: Findings, shared: Path
) -> None:
    insecure, secure = two_arms(shared)
    interval = stats.ttest_ind(insecure, secure, equal_var=False).confidence_interval(0.95)
    assert verdict_of(deception, "secure-deceives-less").status is Status.SUPPORTED
    reverse = verdict_of(deception, "insecure-deceives-less")
    assert reverse.status is Status.CONTRADICTED
    evidence = reverse.evidence[0]
    assert (evidence.lower, evidence.upper) == pytest.approx((interval.low, interval.high), rel=1e-9)


# Fixed and diverse prefixes


def prefix_folder(shared: Path, folder: Path) -> pd.DataFrame:
    """A study of the Multi-prompt v3 experiment; returns its published outcomes."""
    source = shared / "real/trait_inoculation"
    runs, outcomes = pd.read_csv(source / "mapped_runs.csv"), pd.read_csv(source / "mapped_outcomes.csv")
    outcomes = outcomes[outcomes["run_id"].str.startswith(f"{EXPERIMENT}/") & outcomes["eval"].isin(DEFAULT)]
    runs[runs["run_id"].str.startswith(f"{EXPERIMENT}/")].to_csv(folder / "runs.csv", index=False)
    outcomes.drop(columns="k_over50").to_csv(folder / "outcomes.csv", index=False)
    (folder / "evals.csv").write_text(EVALS)
    (folder / "study.toml").write_text(PREFIXES)
    return outcomes


@pytest.fixture
def prefixes(shared: Path, tmp_path: Path) -> Findings:
    prefix_folder(shared, tmp_path)
    return analysed(tmp_path)


def last_values(tables: Tables, eval_id: str) -> pd.Series:
    """Value by run name at the headline step."""
    rows = tables.headline[tables.headline["eval_id"] == eval_id]
    assert set(rows["step"]) == {313.0}
    return rows.set_index(rows["run_id"].str.removeprefix(f"{EXPERIMENT}/"))["value"].astype(float)


def pairs_of(values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Fixed and mix of the nine prompts, in one order."""
    prompts = sorted(name for name in values.index if f"{name}_mix" in values.index)
    assert len(prompts) == 9
    return values[prompts].to_numpy(), values[[f"{name}_mix" for name in prompts]].to_numpy()


def test_the_last_checkpoint_gives_the_printed_prefix_figures(prefixes: Findings) -> None:
    playful, french = (last_values(prefixes.tables, eval_id) for eval_id in DEFAULT)
    printed = {
        "no_inoculation": 78.3,
        "clown_persona": 8.6,
        "clown_persona_mix": 11.3,
        "had_fun_today": 16.4,
        "had_fun_today_mix": 71.0,
        "joke_nevermind": 8.6,
        "joke_nevermind_mix": 65.1,
    }
    assert {name: round(float(playful[name]), 1) for name in printed} == printed
    assert round(float(french["no_inoculation"]), 1) == 71.5


def test_diversifying_the_prefix_weakens_suppression_over_nine_prompts(prefixes: Findings) -> None:
    effect = effect_of(prefixes, "Playful|default")
    assert (effect.n_reference, effect.n_treated) == (9, 9)
    assert effect.reference is not None
    assert effect.treated is not None
    assert (round(effect.reference, 1), round(effect.treated, 1)) == (10.0, 45.3)
    assert effect.estimate == pytest.approx(effect.treated - effect.reference)
    assert effect.lower is not None
    assert effect.lower > 0.0


@pytest.mark.parametrize("eval_id", DEFAULT)
def test_the_prefix_interval_is_scipys_paired_interval(prefixes: Findings, eval_id: str) -> None:
    fixed, mix = pairs_of(last_values(prefixes.tables, eval_id))
    paired = stats.ttest_rel(mix, fixed)
    interval = paired.confidence_interval(0.95)
    effect = effect_of(prefixes, eval_id)
    assert effect.df == 8.0
    assert (effect.lower, effect.upper) == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert effect.p_value == pytest.approx(paired.pvalue, rel=1e-6)


def test_the_claim_that_diverse_prefixes_lower_playful_is_contradicted(prefixes: Findings) -> None:
    assert verdict_of(prefixes, "mix-lowers-playful").status is Status.CONTRADICTED


# The same experiment from its item scores


def item_scores(shared: Path) -> pd.DataFrame:
    """The experiment's item scores without a prefix; the published file holds every one of them twice."""
    with duckdb.connect() as con:
        scores = con.execute(
            """SELECT ? || '/' || run AS run_id, trait || '|' || eval_context AS eval_id, step, item AS item_id,
                      score::DOUBLE AS value
               FROM read_parquet(?) WHERE starts_with(experiment::VARCHAR, ?) AND eval_context = 'default'""",
            [EXPERIMENT, str(shared / "real/trait_inoculation/scores_long.parquet"), f"{EXPERIMENT}_qwen"],
        ).df()
    scores["epoch"] = scores.groupby(["run_id", "eval_id", "step", "item_id"]).cumcount() + 1
    return scores


def rollouts_folder(folder: Path, scores: pd.DataFrame, suffix: str = "parquet") -> None:
    path = folder / f"rollouts.{suffix}"
    with duckdb.connect() as con:
        con.register("scores", scores)
        form = "FORMAT parquet" if suffix == "parquet" else "FORMAT csv, HEADER"
        con.execute(f"COPY (SELECT * FROM scores) TO '{path}' ({form})")
    (folder / "study.toml").write_text(PREFIXES.replace('outcomes = "outcomes.csv"', f'rollouts = "{path.name}"'))


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_item_scores_give_the_published_run_means(shared: Path, tmp_path: Path, suffix: str) -> None:
    published = prefix_folder(shared, tmp_path).set_index(["run_id", "eval", "step"])
    scores = item_scores(shared)
    rollouts_folder(tmp_path, scores, suffix)
    found = read_tables(load_study(tmp_path)).outcomes.set_index(["run_id", "eval_id", "step"])
    assert len(found) == len(published) == 19 * 2 * 3
    by_cell = scores.groupby(["run_id", "eval_id", "step"])["value"]
    exact = by_cell.agg(lambda values: math.fsum(values) / len(values)).reindex(found.index)
    np.testing.assert_allclose(found["value"].astype(float), exact, rtol=1e-9)
    aligned = published.reindex(found.index)
    # The published means and SDs were taken in single precision: they carry seven digits, not nine.
    np.testing.assert_allclose(found["value"].astype(float), aligned["value"], rtol=2e-7)
    np.testing.assert_allclose(found["sd"].astype(float), aligned["sd"], rtol=2e-6)
    assert (found["n"].astype(float) == aligned["n"]).all()


def test_item_scores_give_the_findings_of_the_published_means(shared: Path, tmp_path: Path, prefixes: Findings) -> None:
    rollouts_folder(tmp_path, item_scores(shared))
    summed = analysed(tmp_path)
    for eval_id in DEFAULT:
        one, other = effect_of(prefixes, eval_id), effect_of(summed, eval_id)
        assert (other.estimate, other.lower, other.upper) == pytest.approx(
            (one.estimate, one.lower, one.upper), rel=1e-6
        )
    assert [v.status for v in summed.verdicts] == [v.status for v in prefixes.verdicts]


def test_scores_that_the_published_file_holds_twice_are_refused_until_told_apart(shared: Path, tmp_path: Path) -> None:
    prefix_folder(shared, tmp_path)
    scores = item_scores(shared)
    first, second = (scores[scores["epoch"] == n].drop(columns="epoch") for n in (1, 2))
    keys = ["run_id", "eval_id", "step", "item_id"]
    pd.testing.assert_series_equal(
        first.set_index(keys)["value"].sort_index(), second.set_index(keys)["value"].sort_index()
    )
    rollouts_folder(tmp_path, scores.drop(columns="epoch"))
    with pytest.raises(TableError) as refusal:
        read_tables(load_study(tmp_path))
    assert {problem.code for problem in refusal.value.problems} == {"DUPLICATE_KEY"}
