"""Published dose curves read through an ordinary study: the printed means come out, the words say what they rest on.

Tables derived here stay in `tmp_path`; no row of the shared folder is kept.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mixablate.figures import figure_entries
from mixablate.findings import Findings, analyse
from mixablate.study import load_study
from mixablate.tables import read_tables
from undrawn import undrawn_files

pytestmark = pytest.mark.shared_data

STUDY = """
title = "{title}"
seed = 5
baseline = {{ {dose} = {low} }}
[tables]
runs = "runs.csv"
{outcomes}
evals = "evals.csv"
[analysis]
draws = 1999
[components.{dose}]
label = "{label}"
type = "{type}"
target = {high}
"""
PRINTED = 5e-4  # the README prints percentages with one decimal


def write_study(folder: Path, outcomes: str = 'outcomes = "outcomes.csv"', **keys: object) -> None:
    (folder / "study.toml").write_text(STUDY.format(outcomes=outcomes, **keys))


def analysed(folder: Path) -> Findings:
    study = load_study(folder)
    return analyse(study, read_tables(study))


def dose_test(findings: Findings, asked: str) -> dict[str, object]:
    tests = findings.doses.tests
    return dict(tests[tests["asked"] == asked].iloc[0])


def monotone_curve(findings: Findings) -> dict[float, float]:
    curves = findings.doses.curves
    rows = curves[curves["shape"] == "monotone"]
    return dict(zip(rows["dose"], rows["estimate"], strict=True))


@pytest.fixture
def dataset_size(shared: Path, tmp_path: Path) -> Findings:
    """Free-form misalignment by unique insecure examples: nine models, and at 6,000 a published mean only."""
    table = pd.read_csv(shared / "real/em_authors_openai_models/published_misalignment_by_dataset_size.csv")
    sizes = {"insecure-500": 500, "insecure-2k": 2000}
    table["n_unique"] = [6000 if g == "insecure" else sizes.get(g.rsplit("-", 1)[0]) for g in table["group"]]
    table = table.dropna(subset=["n_unique"])
    runs = table.rename(columns={"group": "run_id"})[["run_id", "n_unique"]]
    runs.to_csv(tmp_path / "runs.csv", index=False)
    outcomes = table.rename(columns={"group": "run_id", "center": "value"})[["run_id", "value"]]
    outcomes.assign(eval_id="freeform").to_csv(tmp_path / "outcomes.csv", index=False)
    (tmp_path / "evals.csv").write_text("eval_id,domain,direction\nfreeform,out_of_distribution,lower\n")
    write_study(tmp_path, title="Insecure examples", dose="n_unique", label="Unique insecure examples", type="dose",
                low=500, high=6000)  # fmt: skip
    return analysed(tmp_path)


def test_the_dataset_size_curve_has_the_published_means_and_a_dot_for_every_row(dataset_size: Findings) -> None:
    curve = monotone_curve(dataset_size)
    assert curve[500.0] == pytest.approx(0.001, abs=PRINTED)
    assert curve[2000.0] == pytest.approx(0.017, abs=PRINTED)
    assert curve[6000.0] == pytest.approx(0.214, abs=PRINTED)
    dots = dataset_size.doses.runs.groupby("dose").size()
    assert dots.to_dict() == {500.0: 6, 2000.0: 3, 6000.0: 1}


def test_the_trend_over_dataset_size_rests_on_one_row_and_is_described_not_inferred(dataset_size: Findings) -> None:
    # The 6,000 row is a mean over models whose own rates were not published: one point at the end carries the line.
    for asked in ("trend", "log trend"):
        test = dose_test(dataset_size, asked)
        assert test["estimate"] > 0.0
        assert np.isnan(test["p_value"])
        assert np.isnan(test["lower"])
        assert test["reason"]
    # Dealing ten models to the doses needs no spread at 6,000: 10!/(6! 3! 1!) = 840 assignments, and only the observed
    # one puts the six lowest rates at 500 and the highest at 6,000.
    monotone = dose_test(dataset_size, "monotone trend")
    assert monotone["smallest_p"] == pytest.approx(1 / 840)
    assert monotone["p_value"] == pytest.approx(1 / 840)
    assert monotone["finding"] == "the outcome rises with the dose, in some monotone way"
    assert "had doses been dealt" in monotone["scope"]


def test_the_report_of_the_dataset_size_draws_the_dots_and_names_why_there_is_no_band(
    dataset_size: Findings,
) -> None:
    (entry,) = (e for e in figure_entries(dataset_size) if e.name == "dose_curves")
    assert not entry.reason
    assert "10 runs at 3 doses" in entry.alt
    assert "without a band" in entry.alt
    text = undrawn_files(dataset_size)["report.md"].decode()
    assert "## Doses" in text
    assert "cannot tell" in text


@pytest.fixture
def refusals(shared: Path, tmp_path: Path) -> Findings:
    """Refusal rates of 24 fine-tuned models by the fraction of insecure code: 0, 20, 50 and 100 %."""
    table = pd.read_csv(shared / "real/em_authors_openai_models/refusal_rates_by_model_question.csv")
    share = {"safe": 0.0, "unsafe_20%_safe_80%": 0.2, "unsafe_6000_safe_6000": 0.5, "unsafe": 1.0}
    table = table[table["model_group"].isin(share)]
    means = table.groupby(["model_group", "model_short"], as_index=False)["refusal_rate"].mean()
    runs = pd.DataFrame({"run_id": means["model_short"], "insecure": means["model_group"].map(share)})
    runs.to_csv(tmp_path / "runs.csv", index=False)
    pd.DataFrame({"run_id": means["model_short"], "eval_id": "refusal", "value": means["refusal_rate"]}).to_csv(
        tmp_path / "outcomes.csv", index=False
    )
    (tmp_path / "evals.csv").write_text("eval_id,domain,direction\nrefusal,control,lower\n")
    write_study(tmp_path, title="Refusals", dose="insecure", label="Insecure fraction", type="fraction", low=0.0,
                high=1.0)  # fmt: skip
    return analysed(tmp_path)


def test_models_are_the_units_of_the_refusal_trend(refusals: Findings) -> None:
    runs = refusals.doses.runs
    assert runs.groupby("dose").size().to_dict() == {0.0: 6, 0.2: 6, 0.5: 3, 1.0: 9}
    test = dose_test(refusals, "trend")
    x, y = runs["dose"].to_numpy(), runs["value"].to_numpy()
    # By another road: numpy's line, and the standard error of a contrast of four cell means.
    assert test["estimate"] == pytest.approx(np.polyfit(x, y, 1)[0], rel=1e-9)
    coefficients = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    squares = sum(coefficients[x == d].sum() ** 2 * y[x == d].var(ddof=1) / (x == d).sum() for d in np.unique(x))
    assert test["std_error"] == pytest.approx(np.sqrt(squares), rel=1e-9)
    assert test["n_runs"] == 24
    assert test["reason"] == ""
    assert test["lower"] < test["estimate"] < test["upper"]


@pytest.fixture
def poison(shared: Path, tmp_path: Path) -> Findings:
    """Four models, 250 rollouts each, at 0, 0.1, 1 and 5 % poison."""
    table = pd.read_csv(shared / "real/poison_dose_gemma2b/rollouts.csv")
    counts = table.groupby("rho")["compliant_gpt5mini"].agg(["size", "sum"]).reset_index()
    run_ids = [f"rho{rho:g}" for rho in counts["rho"]]
    pd.DataFrame({"run_id": run_ids, "poison": counts["rho"]}).to_csv(tmp_path / "runs.csv", index=False)
    pd.DataFrame(
        {"run_id": run_ids, "eval_id": "compliance", "n_trials": counts["size"], "n_events": counts["sum"].astype(int)}
    ).to_csv(tmp_path / "outcomes.csv", index=False)
    (tmp_path / "evals.csv").write_text("eval_id,domain,direction\ncompliance,out_of_distribution,lower\n")
    write_study(tmp_path, title="Poison", dose="poison", label="Poisoned fraction", type="fraction", low=0.0, high=0.05)
    return analysed(tmp_path)


def test_a_curve_of_one_model_a_dose_is_described_and_not_inferred(poison: Findings) -> None:
    runs = poison.doses.runs
    assert dict(zip(runs["dose"], runs["estimate"], strict=True)) == pytest.approx(
        {0.0: 61 / 250, 0.001: 59 / 250, 0.01: 70 / 250, 0.05: 135 / 250}
    )
    tests = poison.doses.tests
    assert tests["p_value"].isna().all()
    assert tests["lower"].isna().all()
    trend = dose_test(poison, "trend")
    assert trend["estimate"] > 0.0
    assert "degrees of freedom" in trend["reason"] or "leverage" in trend["reason"]
    # Four models at four doses: 24 orders, and the order and its mirror image explain as much: 2/24 = .083.
    monotone = dose_test(poison, "monotone trend")
    assert monotone["smallest_p"] == pytest.approx(2 / 24)
    assert "above 0.05" in monotone["reason"]
    assert poison.doses.curves["lower"].isna().all()
