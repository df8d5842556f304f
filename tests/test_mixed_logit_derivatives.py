"""The mixed logit's second derivatives against difference quotients, and where its search begins."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from mixablate.estimate.models.mixed_logit_laplace import (
    MixedCells,
    Modes,
    conditional_modes,
    determinant_slopes,
    laplace,
    mixed_cells,
    profile_curvature,
)
from mixablate.estimate.models.mixed_logit_maximum import maximise
from mixablate.estimate.models.mixed_logit_start import first_parameters, metric_root

Floats = NDArray[np.float64]

STEP = 3e-5  # of central difference quotients; by its square they err, more where an SD is 0
QUOTIENT = 1e-6  # relative to the largest entry
PARAMETERS = np.array([-0.3, 0.5, 0.7, 0.9])
WITH_ONE = np.array([-0.3, 0.5, 0.7, 0.0])


def crossed(seed: int, runs: int = 9, scenarios: int = 4, gap: bool = False) -> MixedCells:
    """Two columns; with a gap, some pairs of run and scenario have no cell."""
    rng = np.random.default_rng(seed)
    run, scenario = np.repeat(np.arange(runs), scenarios), np.tile(np.arange(scenarios), runs)
    kept = (run + 2 * scenario) % 5 > 0 if gap else run >= 0
    run, scenario = run[kept], scenario[kept]
    design = np.column_stack([np.ones(len(run)), rng.normal(size=len(run))])
    effects = 0.5 * rng.normal(size=runs)[run] + 0.8 * rng.normal(size=scenarios)[scenario]
    trials = rng.integers(20, 80, len(run)).astype(float)
    events = rng.binomial(trials.astype(int), expit(design @ [-0.5, 0.4] + effects)).astype(float)
    return mixed_cells(design, events, trials, [run, scenario])


def modes_of(cells: MixedCells, parameters: Floats) -> Modes:
    return conditional_modes(cells, cells.design @ parameters[:-2], parameters[-2:])


def quotients(cells: MixedCells, parameters: Floats) -> Floats:
    """The second derivative of the Laplace log-likelihood from its gradient, the modes found anew at every step."""
    steps = STEP * np.eye(len(parameters))
    return np.stack([laplace(cells, parameters + e)[1] - laplace(cells, parameters - e)[1] for e in steps]) / (2 * STEP)


@pytest.mark.parametrize("parameters", [PARAMETERS, WITH_ONE])
@pytest.mark.parametrize("gap", [False, True])
def test_the_two_parts_of_the_second_derivative_add_up_to_difference_quotients(parameters: Floats, gap: bool) -> None:
    cells = crossed(1, gap=gap)
    modes = modes_of(cells, parameters)
    steps = STEP * np.eye(len(parameters))
    slopes = determinant_slopes(cells, parameters, np.concatenate([steps, -steps]), modes)
    bent = (slopes[:4] - slopes[4:]) / (2 * STEP)
    whole = quotients(cells, parameters)
    np.testing.assert_allclose(profile_curvature(cells, modes) - bent, whole, atol=QUOTIENT * np.abs(whole).max())


def test_many_steps_are_the_steps_one_by_one() -> None:
    cells = crossed(2)
    modes, steps = modes_of(cells, PARAMETERS), 1e-3 * np.random.default_rng(3).normal(size=(700, 4))
    singly = [determinant_slopes(cells, PARAMETERS, step[None], modes)[0] for step in steps[::50]]
    np.testing.assert_allclose(determinant_slopes(cells, PARAMETERS, steps, modes)[::50], singly, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("gap", [False, True])
def test_the_covariance_is_the_inverse_of_difference_quotients_at_the_maximum(gap: bool) -> None:
    cells = crossed(4, runs=30, scenarios=6, gap=gap)
    found = maximise(cells, 2, 1)
    assert found is not None
    expected = np.linalg.inv(-quotients(cells, found.parameters))
    np.testing.assert_allclose(found.covariance, expected, atol=5 * QUOTIENT * np.abs(expected).max())
    errors = np.sqrt(np.diag(expected))
    assert np.abs(laplace(cells, found.parameters)[1] * errors).max() < 1e-8


@pytest.mark.parametrize("seed", range(5))
def test_the_search_begins_within_a_standard_error_of_its_end(seed: int) -> None:
    cells = crossed(seed, runs=40, scenarios=8)
    found = maximise(cells, 2, 1)
    assert found is not None
    start = first_parameters(cells, np.array([True, True]))
    assert np.abs((start - found.parameters) / np.sqrt(np.diag(found.covariance))).max() < 1
    only = first_parameters(cells, np.array([True, False]))
    assert only[-1] == 0
    assert only[-2] > 0


def test_distances_are_measured_by_about_the_covariance_of_the_coefficients() -> None:
    cells = crossed(0, runs=40, scenarios=8)
    found = maximise(cells, 2, 1)
    assert found is not None
    free = np.array([True, True, False, True])
    root = metric_root(cells, free, modes_of(cells, found.parameters))
    metric = root @ root.T
    # The determinant's part is left out: of the order of one in the number of trials.
    np.testing.assert_allclose(np.sqrt(np.diag(metric)[:2]), np.sqrt(np.diag(found.covariance)[:2]), rtol=0.02)
    assert metric[2, 2] == pytest.approx(found.parameters[3] ** 2 / 16)  # an SD's of 8 scenarios: s^2 / (2 x 8)


def test_a_prediction_that_would_be_far_is_not_used() -> None:
    cells = crossed(5)
    near = modes_of(cells, PARAMETERS)
    for there in (np.array([3.0, -2.0, -1.5, 0.05]), PARAMETERS + 0.01):
        direct = modes_of(cells, there)
        again = conditional_modes(cells, cells.design @ there[:-2], there[-2:], near)
        np.testing.assert_allclose(again.wide, direct.wide, atol=1e-10)
        np.testing.assert_allclose(again.narrow, direct.narrow, atol=1e-10)
