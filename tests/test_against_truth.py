"""What was found beside what was put in, for a study whose truth is declared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mixablate.findings import analyse
from mixablate.simulate import arm_keys, mean_run_rate, study_truth
from mixablate.study import load_study
from mixablate.tables import read_tables

STUDY = Path(__file__).resolve().parents[1] / "reports/harmlessness_diversification/study.toml"
SAME_SUMS = 1e-12  # the same eight rates, added in another order


@pytest.fixture(scope="module")
def truths() -> pd.DataFrame:
    study = load_study(STUDY)
    study = study.model_copy(update={"claims": ()})
    return analyse(study, read_tables(study), truth=study_truth(study)).truths


def true_rates() -> dict[tuple[float, ...], float]:
    truth = study_truth(load_study(STUDY))
    assert truth is not None
    found = {}
    for key in arm_keys(truth):
        levels = tuple(float(level) for _, level in key)
        found[levels] = mean_run_rate(truth, key, "blackmail")
    return found


def row(truths: pd.DataFrame, kind: str, contrast: str) -> pd.Series:
    mine = truths[(truths["outcome"] == "blackmail") & (truths["scale"] == "risk_difference")]
    return mine[(mine["kind"] == kind) & (mine["contrast"] == contrast)].iloc[0]


def test_a_components_truth_is_the_mean_of_its_four_differences(truths: pd.DataFrame) -> None:
    rates = true_rates()
    differences = [rates[1.0, p, a] - rates[0.0, p, a] for p in (0.0, 1.0) for a in (0.0, 1.0)]
    assert row(truths, "effect", "tools")["truth"] == pytest.approx(np.mean(differences), abs=SAME_SUMS)


def test_the_true_shapley_parts_add_up_to_the_true_total(truths: pd.DataFrame) -> None:
    rates = true_rates()
    parts = [row(truths, "shapley", name)["truth"] for name in ("tools", "system_prompts", "difficult_advice")]
    assert sum(parts) == pytest.approx(rates[1.0, 1.0, 1.0] - rates[0.0, 0.0, 0.0], abs=SAME_SUMS)


def test_covered_says_whether_the_interval_holds_the_truth(truths: pd.DataFrame) -> None:
    inside = (truths["lower"] <= truths["truth"]) & (truths["truth"] <= truths["upper"])
    assert (truths["covered"].astype(bool) == inside).all()
    assert len(truths) == 108  # 3 components x 6 outcomes x 3 scales, and as many parts


def test_a_study_without_a_truth_has_none_beside_it() -> None:
    study = load_study(STUDY.parents[1] / "qwen_difficult_advice/study.toml")
    assert study_truth(study) is None
    assert analyse(study, read_tables(study)).truths.empty
