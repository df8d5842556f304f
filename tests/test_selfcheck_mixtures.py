"""Scheffé and log-ratio regressions beside R: the gold cases, changed in ways that change no number, and other data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from changed_cases import Check, assert_passes, numbers_in, original, written
from mixablate.selfcheck.mixed_fractions import check_log_ratio_regression, check_scheffe_mixture

CHECKS: dict[str, Check] = {
    "scheffe_yarn": check_scheffe_mixture,
    "logratio_glass": check_log_ratio_regression,
}
GIVEN = {"scheffe_yarn": 3, "logratio_glass": 0}  # numbers of the reference that are inputs: the predicted mix


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_every_number_of_the_gold_case_agrees(name: str, tmp_path: Path) -> None:
    data, reference = original(name)
    assert_passes(CHECKS[name], written(tmp_path, data, reference), numbers_in(reference) - GIVEN[name])


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_shuffled_rows_pass_alike(name: str, tmp_path: Path) -> None:
    data, reference = original(name)
    first = data.iloc[:1]  # the reference states the first row's coordinates
    shuffled = pd.concat([first, data.iloc[1:].sample(frac=1, random_state=4)])
    assert_passes(CHECKS[name], written(tmp_path, shuffled, reference), numbers_in(reference) - GIVEN[name])


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_columns_of_other_names_in_another_order_pass_alike(name: str, tmp_path: Path) -> None:
    data, reference = original(name)
    old = list(reference["linear"]["coef"]) if name == "scheffe_yarn" else reference["parts"]
    new = {part: f"part {i} of é" for i, part in enumerate(old)}
    text = json.dumps(reference, ensure_ascii=False)
    for part, name_of in new.items():
        text = text.replace(f'"{part}"', f'"{name_of}"').replace(f'"{part}:', f'"{name_of}:')
        text = text.replace(f':{part}"', f':{name_of}"')
    renamed = data.rename(columns=new)[sorted(data.rename(columns=new).columns)]
    assert_passes(CHECKS[name], written(tmp_path, renamed, json.loads(text)), numbers_in(reference) - GIVEN[name])


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("scheffe_yarn", ("quadratic", "se", "x1:x2")),
        ("scheffe_yarn", ("quadratic", "r2_correct_mean_adjusted")),
        ("logratio_glass", ("clr_coef_se", "Al")),
        ("logratio_glass", ("total_variance",)),
    ],
)
def test_a_wrong_number_does_not_pass(name: str, path: tuple[str, ...], tmp_path: Path) -> None:
    data, reference = original(name)
    place: Any = reference
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] *= 1 + 1e-6
    failed = [c.what for c in CHECKS[name](written(tmp_path, data, reference)) if not c.passed]
    assert failed == [".".join(path)]


def classical(rows: np.ndarray, response: np.ndarray, names: list[str]) -> dict[str, Any]:
    fit = sm.OLS(response, rows).fit()
    coefficients, errors = (dict(zip(names, map(float, v), strict=True)) for v in (fit.params, fit.bse))
    return {"coef": coefficients, "se": errors, "rss": float(fit.ssr)}


def test_another_mixture_of_four_parts_passes(tmp_path: Path) -> None:
    """By statsmodels: designs written out here, an intercept-free fit and its F test against the linear one."""
    rng = np.random.default_rng(5)
    parts = ["chat", "tools", "prompts", "advice"]
    x = rng.dirichlet([1.5] * 4, 40)
    y = x @ [3, 1, 4, 1.5] + 6 * x[:, 0] * x[:, 1] + rng.normal(scale=0.3, size=40)
    pairs = [(i, j) for i in range(4) for j in range(i + 1, 4)]
    wide = np.column_stack([x, *(x[:, i] * x[:, j] for i, j in pairs)])
    names = [*parts, *(f"{parts[i]}:{parts[j]}" for i, j in pairs)]
    fit, narrow = sm.OLS(y, wide).fit(), sm.OLS(y, x).fit()
    test = fit.compare_f_test(narrow)
    at = np.array([0.4, 0.3, 0.2, 0.1])
    point = np.array([*at, *(at[i] * at[j] for i, j in pairs)])

    def value(mix: np.ndarray) -> float:
        return float(fit.params @ [*mix, *(mix[i] * mix[j] for i, j in pairs)])

    totals, slopes = [], []
    for part in range(4):
        all_of_it, none_of_it = np.eye(4)[part], np.where(np.arange(4) == part, 0, 1 / 3)
        totals.append(value(all_of_it) - value(none_of_it))
        direction = all_of_it - none_of_it
        gradient = fit.params[:4] + np.array(
            [sum(fit.params[4 + k] / 4 for k, pair in enumerate(pairs) if i in pair) for i in range(4)]
        )
        slopes.append(float(gradient @ direction))
    spread = float(((y - y.mean()) ** 2).sum())
    reference = {
        "linear": classical(x, y, parts),
        "quadratic": classical(wide, y, names)
        | {
            "sigma": float(np.sqrt(fit.scale)),
            "df": int(fit.df_resid),
            "r2_correct_mean_adjusted": 1 - float(fit.ssr) / spread,
            "r2_no_intercept_naive": 1 - float(fit.ssr) / float(y @ y),
            "ss_linear": spread - float(narrow.ssr),
            "ss_quadratic": float(narrow.ssr - fit.ssr),
            "F_quadratic": float(test[0]),
            "p_quadratic": float(test[1]),
        },
        "prediction": {
            "x": at.tolist(),
            "fit": float(point @ fit.params),
            "se": float(np.sqrt(point @ fit.cov_params() @ point)),
        },
        "cox_direction": {"total_effect_0_to_1_at_centroid": totals, "slope_at_centroid": slopes},
        "tolerance": {"rel": 1e-8},
    }
    data = pd.DataFrame(x, columns=parts).assign(drop=y)
    assert_passes(check_scheffe_mixture, written(tmp_path, data, reference), numbers_in(reference) - 4)


def test_another_composition_of_five_parts_passes(tmp_path: Path) -> None:
    """By statsmodels, in additive log-ratios: the clr coefficients follow; all sum to 0."""
    rng = np.random.default_rng(6)
    parts = ["a", "b", "c", "d", "e"]
    amounts = rng.lognormal(size=(50, 5)) * 10
    x = amounts / amounts.sum(axis=1, keepdims=True)
    y = np.log(x) @ [1, -2, 0.5, 0.5, 0] + rng.normal(size=50)
    basis = np.array([[1 / np.sqrt(j * (j + 1)) * (1 if i < j else -j if i == j else 0) for j in range(1, 5)]
                      for i in range(5)])  # fmt: skip
    fit = sm.OLS(y, sm.add_constant(np.log(x) @ basis)).fit()
    ratios = sm.OLS(y, sm.add_constant(np.log(x[:, :4] / x[:, 4:]))).fit()
    last = -float(ratios.params[1:].sum())
    last_error = float(np.sqrt(ratios.cov_params()[1:, 1:].sum()))
    centred = np.log(x) - np.log(x).mean(axis=1, keepdims=True)
    middle = np.exp(np.log(x).mean(axis=0))
    names, alr = ["(Intercept)", "ilr1", "ilr2", "ilr3", "ilr4"], ["(Intercept)", *parts[:4]]
    reference = {
        "parts": parts,
        "reference_part": "e",
        "ilr_basis": basis.tolist(),
        "ilr_coef": dict(zip(names, fit.params.tolist(), strict=True)),
        "ilr_se": dict(zip(names, fit.bse.tolist(), strict=True)),
        "clr_coef": dict(zip(parts, [*ratios.params[1:].tolist(), last], strict=True)),
        "clr_coef_se": dict(zip(parts, [*ratios.bse[1:].tolist(), last_error], strict=True)),
        "clr_coef_sum": 0,
        "alr_coef": dict(zip(alr, ratios.params.tolist(), strict=True)),
        "alr_se": dict(zip(alr, ratios.bse.tolist(), strict=True)),
        "r2": float(ratios.rsquared),
        "F": float(ratios.fvalue),
        "rss": float(ratios.ssr),
        "centre_closed_geometric_mean": dict(zip(parts, (middle / middle.sum()).tolist(), strict=True)),
        "first_row_ilr": (np.log(x[0]) @ basis).tolist(),
        "first_row_clr": centred[0].tolist(),
        "total_variance": float(np.var(centred, axis=0, ddof=1).sum()),
        "tolerance": {"rel": 1e-8},
    }
    data = pd.DataFrame(amounts, columns=parts).assign(outcome=y)
    assert_passes(check_log_ratio_regression, written(tmp_path, data, reference), numbers_in(reference))
