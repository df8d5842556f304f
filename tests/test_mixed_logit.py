"""The mixed logit: lme4's numbers, integrals by other roads, what leaves the numbers alone, why there are none."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.special import expit, gammaln, roots_hermitenorm
from scipy.stats import binom, chi2, norm, t

from mixablate.estimate.models.mixed_logit import (
    MixedLogit,
    RandomIntercepts,
    fit_mixed_logit,
    likelihood_ratio,
    mixed_contrast,
)
from mixablate.estimate.models.mixed_logit_laplace import MixedCells, laplace, mixed_cells
from mixablate.estimate.models.mixed_logit_quadrature import quadrature
from mixablate.estimate.models.separation import SeparationKind

GOLD = Path(__file__).resolve().parents[1] / "fixtures" / "gold"
SAME = 1e-6  # one maximum found from other sums: converged to 1e-9 standard errors, second derivatives to about 1e-7
LME4, LME4_SE = 2e-6, 5e-5  # lme4's optimiser (rhoend 1e-10) and its difference quotients
DENSE = 1e-7  # one Laplace approximation, its modes by a general optimiser
INTEGRAL = 1e-9  # quadrature with many nodes against another quadrature
STEP, SLOPE = 1e-5, 1e-7  # of a central difference, and its relative error
FEW = settings(max_examples=15)
SEEDS = st.integers(0, 2**32 - 1)
Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


def must_fit(*arguments: Any, **named: Any) -> MixedLogit:
    fit = fit_mixed_logit(*arguments, **named)
    assert isinstance(fit, MixedLogit), fit.reason
    return fit


def unfit(*arguments: Any, **named: Any) -> str:
    fit = fit_mixed_logit(*arguments, **named)
    assert not isinstance(fit, MixedLogit)
    return fit.reason


def cbpp() -> tuple[pd.DataFrame, Floats]:
    data = pd.read_csv(GOLD / "mixedlogit_cbpp" / "data.csv")
    return data, np.column_stack([np.ones(len(data)), *((data["period"] == p).to_numpy(float) for p in (2, 3, 4))])


def crossed(
    seed: int, runs: int = 6, scenarios: int = 3, trials: int = 40, sds: tuple[float, float] = (0.6, 0.8)
) -> tuple[Floats, Floats, Floats, dict[str, list[str]]]:
    """Design (intercept and arm), events, trials and groupings of runs in two arms, crossed with scenarios."""
    rng = np.random.default_rng(seed)
    run, scenario = np.repeat(np.arange(runs), scenarios), np.tile(np.arange(scenarios), runs)
    design = np.column_stack([np.ones(len(run)), run % 2]).astype(float)
    predictor = design @ [-0.5, 0.7]
    predictor += sds[0] * rng.normal(size=runs)[run] + sds[1] * rng.normal(size=scenarios)[scenario]
    n = rng.integers(trials // 2, 2 * trials, len(run)).astype(float)
    groupings = {"run": [f"r/{i}" for i in run], "scenario": [f"é {i}" for i in scenario]}
    return design, rng.binomial(n.astype(int), expit(predictor)).astype(float), n, groupings


def numbers(fit: MixedLogit) -> Floats:
    """All numbers of a fit but the log-likelihoods, which depend on how rows are split."""
    parts = [np.append(np.sort(part.modes), [part.sd, part.df]) for part in fit.intercepts]
    return np.concatenate([fit.coefficients, fit.covariance.ravel(), *parts])


def sd_of(fit: MixedLogit, name: str) -> float:
    return next(part.sd for part in fit.intercepts if part.name == name)


# R 4.2.2, lme4 1.1-31 on the gold case's data.csv: glmer(cbind(incidence, size - incidence) ~ FORMULA, binomial,
# control = glmerControl(optimizer = "bobyqa", tolPwrss = 1e-13, optCtrl = list(maxfun = 1e5, rhoend = 1e-10)))
LAPLACE_HERD = {
    "beta": [-1.3985321438, -0.9923326827, -1.1286720380, -1.5803139023],
    "se": [0.2324718471, 0.3066421635, 0.3266375889, 0.4274359462],
    "sd": {"herd": 0.64226143},
    "logLik": -92.02628187,
    "modes": {"1": 0.5900200104, "10": -0.5409351886, "7": 0.8893939429},
}
LAPLACE_LATE = {
    "beta": [-1.8519424987, -0.8880668084],
    "se": [0.3435812406, 0.4518571658],
    "sd": {"herd": 0.6791696596, "period": 0.3577233257},
    "logLik": -95.56231816,
    "modes": {"1": 0.5951770412, "10": -0.5772950783, "7": 0.9072834400},
}
LAPLACE_NONE = {
    "beta": [-2.284428116],
    "se": [0.3611856922],
    "sd": {"herd": 0.6850137924, "period": 0.5567824004},
    "logLik": -96.93896913,
    "modes": {"1": 0.5976784986, "10": -0.5871935464, "7": 0.9046923779},
}


@pytest.mark.parametrize("columns", ["period", "late", "none"])
def test_laplace_fits_are_those_of_lme4_let_run_to_convergence(columns: str) -> None:
    data, periods = cbpp()
    late = np.column_stack([periods[:, 0], data["period"] > 2])
    design = {"period": periods, "late": late, "none": periods[:, :1]}[columns]
    theirs: dict[str, Any] = {"period": LAPLACE_HERD, "late": LAPLACE_LATE, "none": LAPLACE_NONE}[columns]
    groupings = {name: data[name].tolist() for name in theirs["sd"]}
    names = [str(i) for i in range(design.shape[1])]
    fit = must_fit(design, data["incidence"], data["size"], groupings, names=names)
    np.testing.assert_allclose(fit.coefficients, theirs["beta"], atol=LME4)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), theirs["se"], atol=LME4_SE)
    assert {part.name: part.sd for part in fit.intercepts} == pytest.approx(theirs["sd"], abs=LME4)
    assert fit.log_likelihood == pytest.approx(theirs["logLik"], abs=1e-7)
    herds = dict(zip(fit.intercepts[0].labels, fit.intercepts[0].modes.tolist(), strict=True))
    assert {herd: herds[herd] for herd in theirs["modes"]} == pytest.approx(theirs["modes"], abs=5 * LME4)


def codes(groupings: Mapping[str, Sequence[str]]) -> list[Codes]:
    found = [np.unique(ids, return_inverse=True)[1] for ids in groupings.values()]
    return sorted(found, key=lambda c: -int(c.max()))


@pytest.mark.parametrize("seed", range(3))
def test_the_block_laplace_is_the_dense_one(seed: int) -> None:
    x, k, n, groupings = crossed(seed)
    cells = mixed_cells(x, k, n, codes(groupings))
    parameters = np.array([-0.3, 0.5, 0.7, 0.9])
    dummies = np.hstack(
        [s * np.eye(size)[c] for s, c, size in zip(parameters[2:], codes(groupings), (6, 3), strict=True)]
    )

    def depth(u: Floats) -> float:
        predictor = x @ parameters[:2] + dummies @ u
        return float(n @ np.logaddexp(0, predictor) - k @ predictor + u @ u / 2)

    best = minimize(depth, np.zeros(9), method="BFGS", options={"gtol": 1e-9})
    rate = expit(x @ parameters[:2] + dummies @ best.x)
    curvature = np.eye(9) + dummies.T @ (dummies * (n * rate * (1 - rate))[:, None])
    assert laplace(cells, parameters)[0] == pytest.approx(-best.fun - np.linalg.slogdet(curvature)[1] / 2, abs=DENSE)


def test_laplace_comes_close_to_the_four_dimensional_integral_of_two_runs_in_two_scenarios() -> None:
    # 24^4 points of the product rule, right to .001 (16 and 30 points a dimension differ from it by .0008 and .0006);
    # Laplace's error was .0098.
    k, n = np.array([12.0, 30.0, 5.0, 19.0]), np.full(4, 60.0)
    wide, narrow = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    parameters = np.array([-0.8, 0.5, 0.6])
    points, weights = roots_hermitenorm(24)
    grid = np.stack(np.meshgrid(*[points] * 4, indexing="ij")).reshape(4, -1)
    mass = np.prod(np.stack(np.meshgrid(*[weights / weights.sum()] * 4, indexing="ij")).reshape(4, -1), axis=0)
    predictor = parameters[0] + parameters[1] * grid[wide] + parameters[2] * grid[2 + narrow]
    terms = k @ predictor - n @ np.logaddexp(0, predictor)
    exact = terms.max() + math.log(float(mass @ np.exp(terms - terms.max())))
    cells = mixed_cells(np.ones((4, 1)), k, n, [wide, narrow])
    assert laplace(cells, parameters)[0] == pytest.approx(exact, abs=0.012)


def one_grouping(seed: int) -> tuple[MixedCells, Codes, Floats, Floats, Floats]:
    x, k, n, groupings = crossed(seed, trials=8)
    run = codes(groupings)[0]
    return mixed_cells(x, k, n, [run]), run, x, k, n


@pytest.mark.parametrize("seed", range(3))
def test_quadrature_with_many_nodes_is_the_product_of_the_runs_integrals(seed: int) -> None:
    cells, run, x, k, n = one_grouping(seed)
    parameters = np.array([-0.3, 0.5, 1.3, 0.0])
    total = 0.0
    for group in range(6):
        rows = run == group

        def density(u: float, rows: NDArray[np.bool_] = rows) -> float:
            return float(binom.pmf(k[rows], n[rows], expit(x[rows] @ parameters[:2] + 1.3 * u)).prod() * norm.pdf(u))

        total += math.log(quad(density, -9, 9, epsabs=0, epsrel=1e-11, limit=200)[0])
    constants = (gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)).sum()
    assert quadrature(cells, parameters, 50)[0] + constants == pytest.approx(total, abs=INTEGRAL)


def test_quadrature_with_one_node_is_laplace() -> None:
    cells, *_ = one_grouping(0)
    parameters = np.array([-0.3, 0.5, 0.8, 0.0])
    one, other = quadrature(cells, parameters, 1), laplace(cells, parameters)
    assert one[0] == pytest.approx(other[0], rel=1e-12)
    np.testing.assert_allclose(one[1][:3], other[1][:3], atol=1e-9)


@pytest.mark.parametrize("nodes", [0, 1, 2, 7])
def test_gradients_are_those_of_central_differences(nodes: int) -> None:
    """At 0 nodes the crossed Laplace approximation."""
    x, k, n, groupings = crossed(4)
    cells = mixed_cells(x, k, n, codes(groupings)[: 1 if nodes else 2])
    parameters = np.array([-0.3, 0.5, 0.7, 0.0 if nodes else 0.9])

    def value(at: Floats) -> tuple[float, Floats]:
        return quadrature(cells, at, nodes) if nodes else laplace(cells, at)

    free = 3 if nodes else 4
    slopes = [(value(parameters + e)[0] - value(parameters - e)[0]) / (2 * STEP) for e in STEP * np.eye(4)[:free]]
    np.testing.assert_allclose(value(parameters)[1][:free], slopes, rtol=SLOPE, atol=50 * SLOPE)


def test_three_hundred_nodes_are_as_good_as_sixty() -> None:
    # The outermost of so many weights are 0 in double precision.
    cells, *_ = one_grouping(1)
    parameters = np.array([-0.3, 0.5, 1.3, 0.0])
    assert quadrature(cells, parameters, 300)[0] == pytest.approx(quadrature(cells, parameters, 60)[0], abs=INTEGRAL)


@FEW
@given(SEEDS, st.sampled_from([1, 6]))
def test_the_order_and_the_splitting_of_rows_empty_rows_and_empty_runs_change_nothing(seed: int, nodes: int) -> None:
    x, k, n, groupings = crossed(seed)
    names = ["intercept", "arm"]
    if nodes > 1:
        groupings.pop("scenario")
    fit = must_fit(x, k, n, groupings, names=names, nodes=nodes)
    rng = np.random.default_rng(seed)
    part = rng.hypergeometric(k.astype(int), (n - k).astype(int), n.astype(int) // 3)
    order = rng.permutation(2 * len(k) + 2)
    events = np.concatenate([part, k - part, [0.0, 0.0]])
    trials = np.concatenate([n // 3, n - n // 3, [0.0, 0.0]])
    rows = np.vstack([x, x, [[1.0, 0.0], [1.0, 5.0]]])
    ids = {name: [*own, *own, own[0], "a new one"] for name, own in groupings.items()}
    moved = {name: [own[i] for i in order] for name, own in ids.items()}
    again = must_fit(rows[order], events[order], trials[order], moved, names=names, nodes=nodes)
    assert (numbers(again) == numbers(fit)).all()


@FEW
@given(SEEDS)
def test_new_names_of_groups_and_the_order_of_groupings_change_no_number(seed: int) -> None:
    x, k, n, groupings = crossed(seed)
    fit = must_fit(x, k, n, groupings, names=["intercept", "arm"])
    order = np.random.default_rng(seed).permutation(6)
    renamed = {name: [f"{order[int(label[2:])]} of {label}" for label in own] for name, own in groupings.items()}
    renamed = dict(reversed(renamed.items()))
    again = must_fit(x, k, n, renamed, names=["intercept", "arm"])
    np.testing.assert_allclose(again.coefficients, fit.coefficients, atol=SAME)
    np.testing.assert_allclose(again.covariance, fit.covariance, atol=SAME)
    for name in groupings:
        assert sd_of(again, name) == pytest.approx(sd_of(fit, name), abs=SAME)
    assert [part.name for part in again.intercepts] == ["scenario", "run"]
    assert again.log_likelihood == pytest.approx(fit.log_likelihood, abs=SAME)


@FEW
@given(SEEDS, st.sampled_from([1, 5]))
def test_swapping_the_arms_and_swapping_events_turn_the_sign(seed: int, nodes: int) -> None:
    x, k, n, groupings = crossed(seed)
    if nodes > 1:
        groupings.pop("scenario")
    fit = must_fit(x, k, n, groupings, names=["intercept", "arm"], nodes=nodes)
    swapped = must_fit(np.column_stack([x[:, 0], 1 - x[:, 1]]), k, n, groupings, names=["i", "arm"], nodes=nodes)
    mirrored = must_fit(x, n - k, n, groupings, names=["i", "arm"], nodes=nodes)
    one, other, third = (mixed_contrast(f, [0, 1]) for f in (fit, swapped, mirrored))
    for turned in (other, third):
        assert turned.estimate == pytest.approx(-one.estimate, abs=SAME)
        assert (turned.lower, turned.upper) == pytest.approx((-one.upper, -one.lower), abs=10 * SAME)
    assert mirrored.log_likelihood == pytest.approx(fit.log_likelihood, abs=SAME)


def test_rows_of_0_and_1_differ_in_the_constants_alone() -> None:
    x, k, n, groupings = crossed(2, trials=10)
    fit = must_fit(x, k, n, groupings, names=["intercept", "arm"])
    at = np.repeat(np.arange(len(k)), n.astype(int))
    place = np.arange(len(at)) - np.repeat(np.cumsum(n) - n, n.astype(int))
    wide = {name: [own[i] for i in at] for name, own in groupings.items()}
    again = must_fit(x[at], place < k[at], np.ones(len(at)), wide, names=["intercept", "arm"])
    assert (numbers(again) == numbers(fit)).all()
    assert again.saturated == 0.0
    constants = float((gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)).sum())
    assert fit.log_likelihood - again.log_likelihood == pytest.approx(constants, abs=SAME)
    assert (fit.n_rows, again.n_rows) == (len(k), len(at))


def test_the_truth_is_found_in_many_runs() -> None:
    # 300 runs in 40 scenarios, SDs .6 and .8, log odds ratio .7. Within 4 standard errors: 1 in 16,000 seeds fails a
    # line; this seed does not.
    x, k, n, groupings = crossed(11, runs=300, scenarios=40, trials=30)
    fit = must_fit(x, k, n, groupings, names=["intercept", "arm"])
    errors = np.sqrt(np.diag(fit.covariance))
    assert abs(fit.coefficients[1] - 0.7) < 4 * errors[1]
    # Two arms of 150 runs: sqrt(.36 (1/150 + 1/150)) = .069, and a little for the binomial noise.
    assert 0.069 * 0.9 < errors[1] < 0.069 * 1.15
    for part, truth in zip(fit.intercepts, (0.6, 0.8), strict=True):
        assert abs(math.log(part.sd / truth)) < 4 * part.se_log_sd
    assert [part.df for part in fit.intercepts] == [298, 39]


def test_runs_without_spread_have_an_sd_of_0_and_a_logit_without_random_intercepts() -> None:
    # Rates of .30 in every run of one arm and .20 in the other: log odds ratio log(.2/.8 / (.3/.7)), variance
    # 1/60 + 1/140 + 1/40 + 1/160 for 200 trials an arm.
    x = np.column_stack([np.ones(8), np.repeat([0.0, 1.0], 4)])
    k, n = np.repeat([15.0, 10.0], 4), np.full(8, 50.0)
    fit = must_fit(x, k, n, {"run": range(8)}, names=["intercept", "arm"])
    (part,) = fit.intercepts
    assert part.sd == 0.0
    assert math.isnan(part.se_log_sd)
    assert (part.modes == 0).all()
    assert 'SD over "run" is estimated as 0' in fit.singular
    found = mixed_contrast(fit, [0, 1], reference="z")
    assert found.estimate == pytest.approx(math.log(0.25 / (3 / 7)), abs=SAME)
    assert found.std_error == pytest.approx(math.sqrt(1 / 60 + 1 / 140 + 1 / 40 + 1 / 160), abs=SAME)
    assert fit.log_likelihood == pytest.approx(binom.logpmf(k, n, k / n).sum(), abs=SAME)
    assert fit.log_likelihood == pytest.approx(fit.saturated, abs=SAME)


def test_one_of_two_sds_may_be_0() -> None:
    x, k, n, groupings = crossed(3, runs=12, sds=(0.0, 0.9))
    both = must_fit(x, k, n, groupings, names=["intercept", "arm"])
    assert (sd_of(both, "run"), sd_of(both, "scenario") > 0.1) == (0.0, True)
    assert both.singular.startswith('the SD over "run" is')
    alone = must_fit(x, k, n, {"scenario": groupings["scenario"]}, names=["intercept", "arm"])
    assert both.log_likelihood == pytest.approx(alone.log_likelihood, abs=SAME)
    np.testing.assert_allclose(both.covariance, alone.covariance, atol=SAME)
    assert must_fit(*crossed(5)[:3], {"run": crossed(5)[3]["run"]}, names=["i", "arm"], nodes=9).singular == ""


def test_contrasts_by_t_have_the_runs_less_their_columns_as_degrees_of_freedom() -> None:
    x, k, n, groupings = crossed(5, runs=10)
    fit = must_fit(x, k, n, groupings, names=["intercept", "arm"])
    by_t, by_z = mixed_contrast(fit, [0, 1], 0.9), mixed_contrast(fit, [0, 1], 0.9, reference="z")
    assert (by_t.df, by_z.df) == (8, math.inf)
    reach = (by_t.upper - by_t.lower) / 2
    assert reach == pytest.approx(t.ppf(0.95, 8) * math.sqrt(fit.covariance[1, 1]), rel=1e-9)
    assert by_z.p_value == pytest.approx(2 * norm.sf(abs(by_z.estimate) / by_z.std_error), rel=1e-9)
    assert by_t.p_value > by_z.p_value


def test_columns_within_runs_cost_the_runs_no_degree_of_freedom() -> None:
    # Intercept, arm and two dummies of the three scenarios; the second coding mixes arm and scenario columns.
    x, k, n, groupings = crossed(6, runs=10)
    dummies = np.eye(3)[codes(groupings)[1]][:, 1:]
    plain, mixed = np.hstack([x, dummies]), np.column_stack([x, dummies[:, 0] + 3 * x[:, 1], dummies[:, 1]])
    for design in (plain, mixed):
        fit = must_fit(design, k, n, {"run": groupings["run"]}, names=["i", "arm", "b", "c"])
        assert fit.intercepts[0].df == 8


def test_the_likelihood_ratio_is_twice_the_difference_and_says_less_than_it_seems_to() -> None:
    x, k, n, groupings = crossed(7)
    fit = must_fit(x, k, n, groupings, names=["intercept", "arm"])
    smaller = must_fit(x[:, :1], k, n, groupings, names=["intercept"])
    found = likelihood_ratio(fit, smaller)
    assert found.statistic == pytest.approx(2 * (fit.log_likelihood - smaller.log_likelihood), abs=1e-12)
    assert (found.df, found.p_value) == (1, pytest.approx(chi2.sf(found.statistic, 1), rel=1e-9))
    for function in (mixed_contrast, likelihood_ratio):
        assert "Not for headline inference" in str(function.__doc__)


def test_fits_of_other_rows_groupings_nodes_or_columns_have_no_likelihood_ratio() -> None:
    x, k, n, groupings = crossed(7)
    fit = must_fit(x, k, n, {"run": groupings["run"]}, names=["intercept", "arm"])
    others = [
        must_fit(x[:, :1], k, n, groupings, names=["intercept"]),
        must_fit(x[:, :1], k, n, {"run": groupings["run"]}, names=["intercept"], nodes=3),
        must_fit(x[1:, :1], k[1:], n[1:], {"run": groupings["run"][1:]}, names=["intercept"]),
        must_fit(x[:, :1], n - k, n + 1, {"run": groupings["run"]}, names=["intercept"]),
    ]
    for other in others:
        with pytest.raises(ValueError, match="the same rows, groupings and nodes"):
            likelihood_ratio(fit, other)
    for columns in (["intercept", "arm"], ["intercept", "other"]):
        with pytest.raises(ValueError, match="columns must be some of"):
            likelihood_ratio(fit, must_fit(x, k, n, {"run": groupings["run"]}, names=columns))


TWO_ARMS = np.column_stack([np.ones(6), [0, 0, 0, 1, 1, 1]]).astype(float)


@pytest.mark.parametrize(
    ("design", "events", "trials", "runs", "said"),
    [
        (TWO_ARMS, [3, 4, 5, 0, 0, 0], [9] * 6, "abcdef", 'quasi separation: no finite estimate for "arm"'),
        (TWO_ARMS, [9, 9, 9, 0, 0, 0], [9] * 6, "abcdef", 'complete separation: no finite estimate for "arm"'),
        (TWO_ARMS, [0] * 6, [9] * 6, "abcdef", 'complete separation: no finite estimate for "i"'),
        (TWO_ARMS, [9, 0, 0, 0, 9, 9], [9] * 6, "abcdef", 'every group of "run" has events only or none'),
        (TWO_ARMS, [3, 4, 5, 2, 3, 1], [9] * 6, "aaabbb", '2 groups of "run" and as many fixed columns'),
        (TWO_ARMS, [0] * 6, [0] * 6, "abcdef", "no row has trials"),
        (TWO_ARMS[:, [1, 1]], [3, 4, 5, 2, 3, 1], [9] * 6, "abcdef", 'combinations of one another: "i", "arm"'),
    ],
)
def test_where_there_are_no_finite_estimates_the_reason_is_given(
    design: Floats, events: list[int], trials: list[int], runs: str, said: str
) -> None:
    assert said in unfit(design, events, trials, {"run": list(runs)}, names=["i", "arm"])


def test_the_rows_of_a_separation_are_those_given() -> None:
    fit = fit_mixed_logit(TWO_ARMS, [3, 4, 5, 0, 0, 0], [9, 9, 9, 9, 0, 9], {"run": range(6)}, names=["i", "arm"])
    assert not isinstance(fit, MixedLogit)
    assert (fit.separation.kind, fit.separation.rows) == (SeparationKind.QUASI, (3, 5))


def test_an_sd_without_limit_is_a_reason_and_not_a_number() -> None:
    # All but one of 12 runs have events only or none at all; the twelfth has one event in 5,000.
    events = [5000, 0] * 5 + [5000, 1]
    design = np.column_stack([np.ones(12), np.repeat([0, 1], 6)])
    said = unfit(design, events, [5000] * 12, {"run": range(12)}, names=["i", "arm"], nodes=30)
    assert said in ('the SD over "run" grows without limit', "the mixed logit did not converge")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"names": ["i"]}, "as many names as columns"),
        ({"groupings": {}}, "one or two groupings are needed, found 0"),
        ({"groupings": {"a": range(6), "b": range(6), "c": range(6)}}, "one or two groupings are needed, found 3"),
        ({"groupings": {"a": range(5)}}, 'the grouping "a" must have an id for each of 6 rows, found 5'),
        ({"nodes": 0}, "nodes must be 1 or more"),
        ({"nodes": 3, "groupings": {"a": range(6), "b": range(6)}}, r"one node \(Laplace\), found 3"),
        ({"events": [3, 4, 5, 2, 3, 99]}, "events must lie between 0 and trials"),
        ({"events": [3, 4, 5, 2, 3, math.nan]}, "events must lie between 0 and trials"),
        ({"design": TWO_ARMS[1:]}, "events and trials"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(changed: dict[str, Any], said: str) -> None:
    plain = {"design": TWO_ARMS, "events": [3, 4, 5, 2, 3, 1], "trials": [9] * 6, "groupings": {"run": range(6)}}
    with pytest.raises(ValueError, match=said):
        fit_mixed_logit(**({"names": ["i", "arm"]} | plain | changed))


def test_random_intercepts_carry_their_labels() -> None:
    x, k, n, groupings = crossed(8)
    part = must_fit(x, k, n, groupings, names=["intercept", "arm"]).intercepts[1]
    assert isinstance(part, RandomIntercepts)
    assert (part.name, part.labels) == ("scenario", ("é 0", "é 1", "é 2"))
