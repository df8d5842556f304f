"""Diversity features beside the amount of data, and explained variation: arithmetic, brute force, known truth."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixablate.attribute import (
    dominance,
    explained_deviance,
    explained_r2,
    explained_variation,
    replicated_r2,
)
from mixablate.estimate.models.logit import LogitFit, fit_logit
from mixablate.findings import Findings, analyse
from mixablate.study import ComponentType
from small_studies import flag, study_of, tables_of

EXACT = 1e-12
ROADS = 1e-9
LEVEL = 0.95


def features_with(columns: dict[str, list[float]], counts: list[int], **keys: object) -> Findings:
    """One arm of runs (tools on in the second half) with these run columns."""
    study = study_of(["tools"])
    half = len(counts) // 2
    cells = [({"tools": 0}, counts[:half]), ({"tools": 1}, counts[half:])]
    return analyse(study, tables_of(study, cells, run_columns=columns, **keys))  # type: ignore[arg-type]


def row(findings: Findings, feature: str, given: str) -> pd.Series:
    frame = findings.features
    return frame[(frame["feature"] == feature) & (frame["given"] == given)].iloc[0]


@pytest.fixture(scope="module")
def confounded() -> Findings:
    """24 runs: `length` follows the tokens, `entropy` does not; the outcome falls with entropy alone."""
    rng = np.random.default_rng(6)
    tokens = 1e6 * np.exp(rng.normal(0, 0.7, 24))
    entropy = rng.normal(5, 1, 24)
    length = np.log(tokens) * 3 + rng.normal(0, 0.1, 24)
    counts = rng.binomial(300, 1 / (1 + np.exp(0.3 + 0.6 * (entropy - 5) + rng.normal(0, 0.2, 24)))).tolist()
    columns = {"feature.entropy": entropy.tolist(), "feature.length": length.tolist(), "tokens": tokens.tolist()}
    return features_with(columns, counts, trials=300)


def test_a_feature_that_moves_with_the_tokens_cannot_be_separated_and_has_no_number(confounded: Findings) -> None:
    found = row(confounded, "feature.length", "size")
    assert found["reason"].startswith(
        "cannot separate feature.length from log tokens: they move together over these runs"
    )
    assert found["vif"] >= 10.0
    for number in ("estimate", "lower", "upper", "p_value", "p_adjusted", "per_unit"):
        assert math.isnan(found[number])
    assert row(confounded, "feature.length", "alone")["reason"] == ""


def test_a_feature_with_an_effect_of_its_own_is_found_given_size_and_components(confounded: Findings) -> None:
    for model in ("alone", "size", "components"):
        found = row(confounded, "feature.entropy", model)
        assert found["upper"] < 0.0
        assert found["vif"] < 2.0
        assert found["per_unit"] == pytest.approx(found["estimate"] / found["sd"])


def test_a_feature_alone_is_the_least_squares_slope_with_hc2_by_hand(confounded: Findings) -> None:
    found = row(confounded, "feature.entropy", "alone")
    runs = confounded.tables.runs.set_index("run_id")["feature.entropy"]
    head = confounded.tables.headline.set_index("run_id")
    x = runs.loc[head.index].to_numpy(dtype=float)
    k, n = head["n_events"].to_numpy(float), head["n_scored"].to_numpy(float)
    y = np.log((k + 0.5) / (n - k + 0.5))
    z = (x - x.mean()) / x.std(ddof=1)
    slope = z @ y / (z @ z)
    residual, hat = y - y.mean() - slope * z, 1 / z.size + z**2 / (z @ z)
    error = math.sqrt((z**2 * residual**2 / (1 - hat)).sum()) / (z @ z)
    assert found["estimate"] == pytest.approx(slope, rel=ROADS)
    assert found["std_error"] == pytest.approx(error, rel=ROADS)


def test_p_values_are_adjusted_over_the_features_that_were_tested(confounded: Findings) -> None:
    frame = confounded.features
    alone = frame[frame["given"] == "alone"].sort_values("p_value")
    smaller, larger = alone["p_value"].tolist()
    assert alone["p_adjusted"].tolist() == pytest.approx([2 * smaller, max(2 * smaller, larger)])
    size = row(confounded, "feature.entropy", "size")
    assert size["p_adjusted"] == pytest.approx(size["p_value"])  # the other was not tested


def test_a_constant_feature_and_undeclared_columns_enter_no_model() -> None:
    rng = np.random.default_rng(1)
    columns = {
        "feature.constant": [1.0] * 16,
        "feature.entropy": rng.normal(size=16).tolist(),
        "note": [float(i) for i in range(16)],
    }
    found = features_with(columns, rng.integers(30, 60, 16).tolist())
    assert set(found.features["feature"]) == {"feature.entropy"}
    assert set(found.features["given"]) == {"alone", "components"}  # no size is known
    assert not found.explained["player"].str.contains("note").any()


def test_few_runs_withhold_the_slope() -> None:
    found = features_with({"feature.entropy": [1.0, 2.0, 3.0, 5.0]}, [40, 35, 30, 22])
    assert (found.features["reason"] != "").all()
    assert found.features["estimate"].isna().all()


def test_another_unit_of_a_feature_changes_the_slope_per_unit_only() -> None:
    rng = np.random.default_rng(9)
    values, counts = rng.normal(size=16), rng.integers(30, 60, 16).tolist()
    one, two = (features_with({"feature.x": (values * unit).tolist()}, counts).features.iloc[0] for unit in (1.0, 1e6))
    assert two["estimate"] == pytest.approx(one["estimate"], rel=1e-6)
    assert two["p_value"] == pytest.approx(one["p_value"], rel=1e-6)
    assert two["per_unit"] == pytest.approx(one["per_unit"] / 1e6, rel=1e-6)


def test_studies_without_features_or_doses_have_no_rows() -> None:
    found = features_with({}, [40, 35, 30, 22, 25, 28])
    assert found.features.empty
    assert found.explained.empty
    assert found.doses.tests.empty


# Explained variation


def two_predictors() -> tuple[list[np.ndarray], np.ndarray]:
    x = np.array([-1.0, -1.0, 1.0, 1.0])
    z = np.array([-1.0, 1.0, -1.0, 3.0])
    return [x[:, None], z[:, None]], np.array([0.0, 1.0, 2.0, 5.0])


def test_lmg_of_two_predictors_is_the_mean_of_two_orders() -> None:
    columns, y = two_predictors()
    # y - 2 = -2, -1, 0, 3 (SS 14); x: Sxy = 6, Sxx = 4, so R2(x) = 36/56 = 9/14.
    # z - .5 = -1.5, .5, -1.5, 2.5 (SS 11): Szy = 3 - .5 + 0 + 7.5 = 10, so R2(z) = 100/154 = 50/77.
    # Sxz = 2: b = ((6 11 - 10 2), (10 4 - 6 2)) / 40 = (46, 28)/40; R2 = (46 6 + 28 10)/(40 14) = 556/560.
    values = explained_r2(columns, y)
    assert values == pytest.approx([0.0, 9 / 14, 50 / 77, 139 / 140], abs=EXACT)
    found = explained_variation(["x", "z"], columns, y, level=LEVEL)
    assert [p.part for p in found.parts] == pytest.approx(
        [(9 / 14 + 139 / 140 - 50 / 77) / 2, (50 / 77 + 139 / 140 - 9 / 14) / 2], abs=EXACT
    )
    assert sum(p.part for p in found.parts) == pytest.approx(found.total, abs=EXACT)
    assert found.reason.startswith("4 runs for 3 coefficients")
    assert found.parts[0].lower is None
    assert found.parts[0].share is None


def drawn(seed: int, players: int = 4, runs: int = 25) -> tuple[list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(runs, players)) + rng.normal(size=(runs, 1))
    return [x[:, [i]] for i in range(players)], x @ rng.normal(size=players) + rng.normal(size=runs)


def test_lmg_is_general_dominance_and_the_mean_over_all_orders_of_entry() -> None:
    columns, y = drawn(3)
    values = explained_r2(columns, y)
    brute = np.zeros(4)
    for order in itertools.permutations(range(4)):
        held = 0
        for player in order:
            brute[player] += values[held | 1 << player] - values[held]
            held |= 1 << player
    found = explained_variation([str(i) for i in range(4)], columns, y, level=LEVEL)
    parts = [p.part for p in found.parts]
    assert parts == pytest.approx((brute / 24).tolist(), abs=EXACT)
    assert dominance(values, 4).general == pytest.approx(parts, abs=EXACT)


def test_complete_dominance_implies_conditional_and_general_dominance() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    y = 3 * x[:, 0] + 1 * x[:, 1] + 0.1 * x[:, 2] + rng.normal(size=200)
    found = dominance(explained_r2([x[:, [i]] for i in range(3)], y), 3)
    assert found.complete[0].tolist() == [0, 1, 1]
    assert found.complete[1].tolist() == [-1, 0, 1]
    assert (found.by_size[0, 1:] == 1).all()
    assert found.general[0] > found.general[1] > found.general[2]


@given(st.integers(0, 10_000), st.floats(1e-3, 1e3))
@settings(max_examples=15, deadline=None)
def test_parts_sum_to_r2_and_do_not_depend_on_units_or_order(seed: int, unit: float) -> None:
    columns, y = drawn(seed, 3)
    names = ["a", "b", "c"]
    one = explained_variation(names, columns, y, level=LEVEL)
    assert sum(p.part for p in one.parts) == pytest.approx(one.total, abs=EXACT)
    turned = explained_variation(names[::-1], [c * unit for c in columns[::-1]], y * 7 + 3, level=LEVEL)
    assert [p.part for p in turned.parts][::-1] == pytest.approx([p.part for p in one.parts], abs=1e-9)


def test_replicates_by_moments_are_the_regressions_on_the_runs_left() -> None:
    columns, y = drawn(5)
    ones = np.ones((y.size, 1))
    weights = np.ones((2, y.size))
    weights[1, 7] = 0.0
    found = replicated_r2(columns, y, ones, weights)
    left = np.arange(y.size) != 7
    assert found[0] == pytest.approx(explained_r2(columns, y), abs=ROADS)
    assert found[1] == pytest.approx(explained_r2([c[left] for c in columns], y[left]), abs=ROADS)


def test_a_replicate_in_which_a_source_no_longer_varies_is_undefined_not_zero() -> None:
    columns = [np.array([[1.0], [0.0], [0.0], [0.0], [0.0]]), np.arange(5.0)[:, None]]
    weights = np.array([[0.0, 1.0, 1.0, 1.0, 1.0]])
    assert np.isnan(replicated_r2(columns, np.array([1.0, 3.0, 2.0, 5.0, 4.0]), np.ones((5, 1)), weights)).all()


def test_the_jackknife_is_that_of_refits_without_each_run() -> None:
    columns, y = drawn(11, 2, 20)
    found = explained_variation(["a", "b"], columns, y, level=LEVEL, draws=199, rng=np.random.default_rng(1))
    left_out = np.array(
        [
            [p.part for p in explained_variation(["a", "b"], [np.delete(c, i, 0) for c in columns], np.delete(y, i),
                                                 level=LEVEL).parts]
            for i in range(20)
        ]
    )  # fmt: skip
    error = np.sqrt(19 / 20 * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0))
    reach = 2.093024054  # t with 19 degrees of freedom
    for part, e in zip(found.parts, error.tolist(), strict=True):
        assert part.lower == pytest.approx(part.part - reach * e, abs=1e-8)
        assert part.boot_lower is not None
        assert part.boot_upper is not None
        assert part.boot_lower < part.boot_upper


def test_the_deviance_of_every_set_is_that_of_the_logit_fitted_to_it() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(30, 3))
    events = rng.binomial(50, 1 / (1 + np.exp(-(x @ [0.5, -0.3, 0.0])))).astype(float)
    trials = np.full(30, 50.0)
    values = explained_deviance([x[:, [i]] for i in range(3)], events, trials)
    ids = [f"r{i}" for i in range(30)]

    def deviance(mask: int) -> float:
        held = [i for i in range(3) if mask >> i & 1]
        design = np.column_stack([np.ones(30), x[:, held]])
        fit = fit_logit(design, events, trials, ids, names=[str(i) for i in range(design.shape[1])])
        assert isinstance(fit, LogitFit)
        return fit.deviance

    assert values == pytest.approx([1 - deviance(mask) / deviance(0) for mask in range(8)], abs=1e-8)


def test_a_separated_set_has_the_limit_of_its_deviance() -> None:
    x = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    values = explained_deviance([x], np.array([0.0, 0.0, 10.0, 10.0]), np.full(4, 10.0))
    assert values == pytest.approx([0.0, 1.0], abs=1e-6)


def test_sources_that_cannot_be_told_apart_are_one_and_close_ones_are_named() -> None:
    study = study_of(["tools", flag("stories", type=ComponentType.DOSE, target=3.0)])
    rng = np.random.default_rng(2)
    cells = [({"tools": t, "stories": d}, rng.integers(30, 60, 3).tolist()) for t in (0, 1) for d in (0, 1, 2, 3)]
    doses = [float(levels["stories"]) for levels, _ in cells for _ in range(3)]
    columns = {
        "feature.same": [2.0 * d + 1.0 for d in doses],
        "feature.close": [d + 0.1 * e for d, e in zip(doses, rng.normal(size=24), strict=True)],
    }
    frame = analyse(study, tables_of(study, cells, run_columns=columns)).explained
    assert frame["player"].tolist() == ["Tools", "Stories + feature.same", "feature.close"]
    assert frame["moves_with"].iloc[1].startswith("feature.close (r = ")
    assert frame["part"].sum() == pytest.approx(frame["total"].iloc[0], abs=EXACT)
    assert frame["deviance_part"].sum() == pytest.approx(frame["deviance_total"].iloc[0], abs=EXACT)


def test_duplicated_rollouts_never_shrink_a_feature_interval() -> None:
    rng = np.random.default_rng(12)
    values, counts = rng.normal(size=16).tolist(), rng.integers(30, 60, 16)
    one, two = (
        features_with({"feature.x": values}, (counts * times).tolist(), trials=100 * times).features.iloc[0]
        for times in (1, 10)
    )
    assert two["upper"] - two["lower"] >= one["upper"] - one["lower"]
