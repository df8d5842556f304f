"""The checks of separation, Firth's logit and overdispersion: gold, variants that must pass, numbers that must not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize, minimize_scalar
from scipy.special import chdtrc, chdtri, expit, log_expit, logit, ndtr, stdtr
from scipy.stats import betabinom, binom

from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.comparing import Comparison
from mixablate.selfcheck.overdispersed import check_overdispersion
from mixablate.selfcheck.penalised import check_firth, check_separation

GOLD = Path(__file__).resolve().parents[1] / "fixtures" / "gold"
Floats = NDArray[np.float64]
Check = Callable[[GoldCase], Iterator[Comparison]]
CASES: list[tuple[str, Check]] = [
    ("firth_endometrial", check_firth),
    ("separation_labels", check_separation),
    ("betabin_lirat", check_overdispersion),
    ("betabin_orob2", check_overdispersion),
]
NOT_OURS = ("ml_default_glm_coef", "ml_converged_flag", "median_bias_reduced", "glm_coef", "converged", "max_abs")
ABOUT = ("tolerance", "meta", "formula")
gold_cases = pytest.mark.parametrize(("name", "check"), CASES, ids=[name for name, _ in CASES])


def of(name: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    return pd.read_csv(GOLD / name / "data.csv"), dict(json.loads((GOLD / name / "reference.json").read_text()))


def compared(check: Check, folder: Path, data: pd.DataFrame, reference: Mapping[str, Any]) -> list[Comparison]:
    data.to_csv(folder / "data.csv", index=False)
    return list(check(GoldCase("a case", "a method", folder, reference)))


def failures(comparisons: list[Comparison]) -> list[Comparison]:
    assert comparisons
    return [comparison for comparison in comparisons if not comparison.passed]


def leaves(node: object) -> int:
    """How many numbers and labels of a reference are results that the checks owe an answer to."""
    if isinstance(node, Mapping):
        return sum(leaves(part) for key, part in node.items() if key not in (*NOT_OURS, *ABOUT))
    return 1


@gold_cases
def test_every_result_of_the_gold_cases_is_compared_and_agrees(name: str, check: Check) -> None:
    _, reference = of(name)
    found = list(check(GoldCase(name, "a method", GOLD / name, reference)))
    assert failures(found) == []
    assert len({comparison.what for comparison in found}) == len(found) == leaves(reference)


def spoilt(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {key: part if key in ABOUT else spoilt(part) for key, part in node.items()}
    if isinstance(node, str):
        return "quasi" if node == "complete" else "complete"
    return node if isinstance(node, bool) or node is None else node * 1.001 + 1e-3


@gold_cases
def test_numbers_and_labels_that_are_off_fail(name: str, check: Check, tmp_path: Path) -> None:
    data, reference = of(name)
    found = compared(check, tmp_path, data, spoilt(reference))
    assert len(failures(found)) == len(found)


@gold_cases
def test_shuffled_rows_and_idle_columns_pass(name: str, check: Check, tmp_path: Path) -> None:
    data, reference = of(name)
    data = data.sample(frac=1, random_state=5).assign(**{"a note, unused": "NA é"})
    assert failures(compared(check, tmp_path, data, reference)) == []


def renamed(reference: Any, names: Mapping[str, str]) -> Any:
    """The reference with these words replaced in formulas and coefficient names."""
    text = json.dumps(reference, ensure_ascii=False)
    for old, new in names.items():
        text = text.replace(old, new)
    return json.loads(text)


def test_other_column_names_pass(tmp_path: Path) -> None:
    data, reference = of("firth_endometrial")
    names = {"NV": "tools_1", "PI": "x", "EH": "mix.code", "HG": "misaligned"}
    assert failures(compared(check_firth, tmp_path, data.rename(columns=names), renamed(reference, names))) == []
    data, reference = of("betabin_orob2")
    names = {"seed": "base", "root": "prompts", "O75": "qwén-3", "CUCUMBER": "varied", "y of n": "hits of tries"}
    levels = data.replace({"O73": "base", "O75": "qwén-3", "BEAN": "plain", "CUCUMBER": "varied"})
    levels = levels.rename(columns={"seed": "base", "root": "prompts", "y": "hits", "n": "tries"})
    assert failures(compared(check_overdispersion, tmp_path, levels, renamed(reference, names))) == []


def test_other_set_names_pass(tmp_path: Path) -> None:
    data, reference = of("separation_labels")
    ids = {name: f"{17 + 3 * i}" for i, name in enumerate(reference["sets"])}
    other = {"sets": {ids[name]: found for name, found in reference["sets"].items()}}
    assert failures(compared(check_separation, tmp_path, data.replace({"set": ids}), other)) == []


def test_the_expected_labels_in_the_data_are_not_read(tmp_path: Path) -> None:
    data, reference = of("separation_labels")
    assert failures(compared(check_separation, tmp_path, data.drop(columns=["label", "infinite"]), reference)) == []


def test_new_sets_of_known_label_pass(tmp_path: Path) -> None:
    # All events; an empty cell of a 2 x 2 table; the same table filled; three columns that add up to the intercept.
    cell = pd.DataFrame({"x1": [0, 0, 1, 1], "x2": [0, 1, 0, 1]}).loc[[0, 0, 1, 1, 2, 2, 3, 3]].reset_index(drop=True)
    some = [0, 1] * 4
    sets = {
        "all": (cell, [1] * 8, "y ~ x1", "complete", "(Intercept)"),
        "empty": (cell, [0, 1, 0, 1, 0, 0, 0, 0], "y~x1 + x2", "quasi", "x1"),
        "filled": (cell, some, "y ~ x1 * x2", "none", ""),
        "one cell": (cell, [0, 1, 0, 1, 0, 1, 1, 1], "y ~ x1 * x2", "quasi", "x1:x2"),
        "twice": (cell.assign(x2=1 - cell["x1"]), some, "y ~ x1 + x2", "collinear", ""),
    }
    data = pd.concat([rows.assign(set=name, model=model, y=y) for name, (rows, y, model, _, _) in sets.items()])
    labels = {name: {"label": label, "infinite": infinite} for name, (_, _, _, label, infinite) in sets.items()}
    assert failures(compared(check_separation, tmp_path, data, {"sets": labels})) == []


def two_arm_reference(counts: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    """Firth's numbers of a two-arm table: half an event more each way, and the profile by nested searches."""
    (k0, n0), (k1, n1) = counts.values()
    arms = np.array([[k0, n0], [k1, n1]], dtype=float)

    def height(a: float, b: float) -> float:
        score = np.array([a, a + b])
        weight = arms[:, 1] * expit(score) * expit(-score)
        likelihood = arms[:, 0] @ log_expit(score) + (arms[:, 1] - arms[:, 0]) @ log_expit(-score)
        return float(likelihood + 0.5 * np.log(weight.prod()))  # the determinant of two arms is the product

    a, b = logit((k0 + 0.5) / (n0 + 1)), logit((k1 + 0.5) / (n1 + 1)) - logit((k0 + 0.5) / (n0 + 1))
    variances = 1 / (arms[:, 1] * expit([a, a + b]) * expit([-a, -a - b]))
    errors = np.sqrt([variances[0], variances.sum()])

    def fall(place: int, value: float) -> float:
        held = (lambda free: height(value, free)) if place == 0 else (lambda free: height(free, value))
        best = minimize_scalar(lambda free: -held(free), bounds=(-25, 25), options={"xatol": 1e-10})
        return 2 * (height(a, b) + float(best.fun))

    deepest = float(chdtri(1, 0.05))
    ends = [
        [brentq(lambda v, p=place: fall(p, v) - deepest, estimate, estimate + sign * 6 * error) for sign in (-1, 1)]
        for place, (estimate, error) in enumerate(zip((a, b), errors, strict=True))
    ]
    names = ["(Intercept)", "armon"]
    falls = [fall(place, 0.0) for place in (0, 1)]

    def named(numbers: object) -> dict[str, float]:
        return dict(zip(names, np.asarray(numbers, dtype=float).tolist(), strict=True))

    return {
        "formula": "cbind(k, n - k) ~ arm",
        "coef": named([a, b]),
        "se": named(errors),
        "wald_p": named(2 * ndtr(-np.abs([a, b]) / errors)),
        "penalized_loglik": height(a, b),
        "profile_ci_lower": named([low for low, _ in ends]),
        "profile_ci_upper": named([high for _, high in ends]),
        "plr_chisq": named(falls),
        "plr_p": named(chdtrc(1, falls)),
        "tolerance": {"coef_abs": 1e-6, "ci_abs": 1e-5},
    }


@pytest.mark.parametrize("counts", [{"off": (9, 40), "on": (0, 60)}, {"off": (3, 30), "on": (12, 35)}])
def test_a_two_arm_table_of_counts_passes_split_and_as_single_rows(
    counts: dict[str, tuple[int, int]], tmp_path: Path
) -> None:
    reference = two_arm_reference(counts)
    table = pd.DataFrame([{"arm": arm, "k": k, "n": n} for arm, (k, n) in counts.items()])
    assert failures(compared(check_firth, tmp_path, table, reference)) == []
    parts = [{"arm": r.arm, "k": r.k // 3, "n": 20} for r in table.itertuples()]
    parts += [{"arm": r.arm, "k": r.k - r.k // 3, "n": r.n - 20} for r in table.itertuples()]
    parts += [{"arm": "on", "k": 0, "n": 0}]
    assert failures(compared(check_firth, tmp_path, pd.DataFrame(parts), reference)) == []
    single = [{"arm": r.arm, "hit": int(i < r.k)} for r in table.itertuples() for i in range(r.n)]
    other = reference | {"formula": "hit ~ arm"}
    assert failures(compared(check_firth, tmp_path, pd.DataFrame(single), other)) == []


def beta_binomial_reference(data: pd.DataFrame, design: Floats, names: list[str]) -> dict[str, Any]:
    """The numbers of a beta-binomial and a binomial logit by scipy's distributions and searches."""
    k, n = data["k"].to_numpy(float), data["n"].to_numpy(float)

    def height(point: Floats) -> float:
        mean, rho = expit(design @ point[:-1]), expit(point[-1])
        return float(betabinom.logpmf(k, n, mean * (1 - rho) / rho, (1 - mean) * (1 - rho) / rho).sum())

    def plain(b: Floats) -> float:
        return float(binom.logpmf(k, n, expit(design @ b)).sum())

    def best(function: Callable[[Floats], float], start: Floats) -> Floats:
        options = {"xatol": 1e-10, "fatol": 1e-13, "maxiter": 9000, "maxfev": 9000}
        return np.asarray(minimize(lambda point: -function(point), start, method="Nelder-Mead", options=options).x)

    def information(function: Callable[[Floats], float], top: Floats) -> Floats:
        steps = 1e-4 * np.eye(len(top))
        return -np.array(
            [
                [
                    (function(top + a + b) - function(top + a - b) - function(top - a + b) + function(top - a - b))
                    / 4e-8
                    for a in steps
                ]
                for b in steps
            ]
        )

    b = best(plain, np.zeros(len(names)))
    top = best(height, np.append(b, -2.0))
    errors = np.sqrt(np.diag(np.linalg.inv(information(height, top))))
    rho, gained = float(expit(top[-1])), 2 * (height(top) - plain(b))
    lower = brentq(
        lambda r: (
            2 * (height(top) - height(np.append(best(lambda c: height(np.append(c, logit(r))), b), logit(r))))
            - chdtri(1, 0.05)
        ),
        1e-6,
        rho,
        xtol=1e-9,
    )
    mean = n * expit(design @ b)
    pearson, df = float(((k - mean) ** 2 / (mean * (1 - mean / n))).sum()), len(k) - len(names)
    weighted = design * np.sqrt(mean * (1 - mean / n))[:, None]
    plain_errors = np.sqrt(np.diag(np.linalg.inv(weighted.T @ weighted)))
    quasi_errors = plain_errors * np.sqrt(pearson / df)

    def named(numbers: Floats) -> dict[str, float]:
        return dict(zip(names, numbers.tolist(), strict=True))

    return {
        "formula": "k of n ~ base + dose",
        "betabin": {
            "coef": named(top[:-1]),
            "se": named(errors[:-1]),
            "rho": rho,
            "logit_rho": float(top[-1]),
            "se_logit_rho": float(errors[-1]),
            "alpha_plus_beta": (1 - rho) / rho,
            "loglik": height(top),
            "rho_profile95_lower": lower,
            "lr_vs_binomial": gained,
            "lr_p_boundary_halfchisq": 0.5 * float(chdtrc(1, gained)),
        },
        "binomial": {
            "coef": named(b),
            "se": named(plain_errors),
            "loglik": plain(b),
            "deviance": 2 * (float(binom.logpmf(k, n, k / n).sum()) - plain(b)),
            "pearson_x2": pearson,
            "df": df,
        },
        "quasibinomial": {
            "phi": pearson / df,
            "se": named(quasi_errors),
            "t_p": named(2 * stdtr(df, -np.abs(b / quasi_errors))),
        },
        "tolerance": {"coef_abs": 1e-5, "loglik_abs": 1e-7},
    }


def test_a_new_table_of_runs_passes(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"base": ["qwen", "llama"] * 9, "dose": np.repeat([0.0, 0.25, 1.0], 6)})
    data["n"] = rng.integers(20, 90, size=18)
    mean = expit(-1 + 0.5 * (data["base"] == "qwen") - data["dose"])
    data["k"] = rng.binomial(data["n"], rng.beta(9 * mean, 9 * (1 - mean)))
    names = ["(Intercept)", "baseqwen", "dose"]
    design = np.column_stack([np.ones(18), data["base"] == "qwen", data["dose"]]).astype(float)
    reference = beta_binomial_reference(data, design, names)
    assert reference["betabin"]["rho_profile95_lower"] > 0.0
    assert failures(compared(check_overdispersion, tmp_path, data, reference)) == []


def test_a_formula_without_events_of_trials_is_an_error(tmp_path: Path) -> None:
    data, reference = of("betabin_orob2")
    with pytest.raises(ValueError, match='must begin "events of trials ~"'):
        compared(check_overdispersion, tmp_path, data, reference | {"formula": "y ~ seed"})
