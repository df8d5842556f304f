"""Average marginal effects of gold cases: new ones with their truth by the delta method on paper."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM

from changed_cases import assert_passes, numbers_in, original, written
from mixablate.selfcheck.marginal import check_average_marginal_effect


def test_another_logits_marginal_effects_pass(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    data = pd.DataFrame(
        {"age": rng.integers(18, 60, 300), "on": rng.integers(0, 2, 300), "site": rng.choice(["a", "b", "c"], 300)}
    )
    eta = -2 + 0.03 * data["age"] + 0.7 * data["on"] + 0.4 * (data["site"] == "b")
    data["bad"] = (rng.random(300) < expit(eta)).astype(int)
    design = np.column_stack([np.ones(300), data["age"], data["on"], data["site"] == "b", data["site"] == "c"]).astype(
        float
    )
    fit = GLM(data["bad"].to_numpy(), design, family=Binomial()).fit(tol=1e-15)
    b = fit.params
    rate = expit(design @ b)
    white = fit.cov_params() @ (design.T * (data["bad"] - rate).to_numpy() ** 2) @ design @ fit.cov_params()
    data["run"] = [f"run {c}" for c in rng.integers(0, 12, 300)]
    scores = pd.DataFrame((data["bad"] - rate).to_numpy()[:, None] * design).groupby(data["run"]).sum().to_numpy()
    clustered = fit.cov_params() @ scores.T @ scores @ fit.cov_params() * 12 / 11
    on, off = design.copy(), design.copy()
    on[:, 2], off[:, 2] = 1, 0
    slopes = [(expit(x @ b) * (1 - expit(x @ b)))[:, None] * x for x in (on, off)]
    high, low = (float(expit(x @ b).mean()) for x in (on, off))
    bend = rate * (1 - rate) * (1 - 2 * rate)
    unit = np.eye(5)[1]
    truth = {
        "risk1_on": (high, slopes[0].mean(axis=0)),
        "risk0_on": (low, slopes[1].mean(axis=0)),
        "dydx_on": (high - low, (slopes[0] - slopes[1]).mean(axis=0)),
        "logRR_on": (math.log(high / low), slopes[0].mean(axis=0) / high - slopes[1].mean(axis=0) / low),
        "dydx_age": (
            float((rate * (1 - rate)).mean() * b[1]),
            (bend[:, None] * design).mean(axis=0) * b[1] + (rate * (1 - rate)).mean() * unit,
        ),
    }
    reference: dict[str, Any] = {
        key: {
            "estimate": value,
            "se_model": float(np.sqrt(slope @ fit.cov_params() @ slope)),
            "se_HC0": float(np.sqrt(slope @ white @ slope)),
            "se_cluster": float(np.sqrt(slope @ clustered @ slope)),
        }
        for key, (value, slope) in truth.items()
    }
    reference |= {"formula": "bad ~ age + on + factor(site)", "tolerance": {"est_abs": 1e-7, "se_rel": 1e-5}}
    assert_passes(check_average_marginal_effect, written(tmp_path, data, reference), numbers_in(reference))


def test_a_marginal_effect_of_an_unknown_kind_does_not_pass(tmp_path: Path) -> None:
    data, reference = original("ame_birthwt")
    reference["elasticity_age"] = {"estimate": 0.1}
    failed = [c.what for c in check_average_marginal_effect(written(tmp_path, data, reference)) if not c.passed]
    assert failed == ["elasticity_age.estimate"]


def test_counts_weigh_the_rows_of_a_marginal_effect(tmp_path: Path) -> None:
    # Two sites of 10 and 30 rollouts with and without the flag: rates .3, .1 at one and .6, .4 at the other, fitted by
    # a model with all four cells. The mean drop is (20 * .2 + 60 * .2)/80, the flag's rate (20 * .1 + 60 * .4)/80.
    data = pd.DataFrame({"p": [0.3, 0.1, 0.6, 0.4], "n": [10, 10, 30, 30], "flag": [0, 1, 0, 1], "site": list("aabb")})
    reference = {
        "risk1_flag": {"estimate": (20 * 0.1 + 60 * 0.4) / 80},
        "dydx_flag": {"estimate": -0.2},
        "formula": "p ~ flag * site",
        "tolerance": {"est_abs": 1e-9},
    }
    assert_passes(check_average_marginal_effect, written(tmp_path, data, reference), 2)
