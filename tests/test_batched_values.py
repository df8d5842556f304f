"""Values of all coalitions at once: against summing rows one by one, by the error bound, and by their properties."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from scipy.special import expit, logsumexp

from mixablate.attribute import (
    AttributionScale,
    CoalitionRows,
    Rule,
    ValueSource,
    attribute_outcome,
    batched_parts,
    coalition_gradients,
    coalition_rows,
    coalition_values,
    plain_values,
    players_of,
    rule_coefficients,
)
from mixablate.attribute.mean_log_odds import ALLOWED, interpolation_bound, mean_log_odds, nodes_needed
from mixablate.estimate import OutcomeModel, fit_outcome, rate_contrast, rows_at, standardised_rates
from mixablate.resample import stage_rng
from mixablate.study import Component
from small_studies import study_of, summaries_of, tables_of

Floats = NDArray[np.float64]
EXACT = 1e-12  # rates, and log odds below 5: what the interpolation promises
RELATIVE = 1e-12  # of rates and log odds of any size
STEP = 1e-6  # of a central difference, whose error is then about 1e-10
DIFFERENCE = 1e-8
FIRST_ORDER = 0.02  # jackknife and delta method differ by curvature within their own standard error


def example(
    players: int = 6, rows: int = 400, replicates: int = 5, *, width: float = 0.5, level: float = -1.5
) -> tuple[Floats, Floats, Floats, Floats]:
    """Coefficients (B, p), rows without components (n, p), coalition shifts with all pairs (K, p), weights (B, n)."""
    rng = stage_rng(4, "batched values", str(players), str(rows))
    one, other = np.triu_indices(players, 1)
    bits = (np.arange(2**players)[:, None] >> np.arange(players) & 1).astype(float)
    added = np.hstack([bits, bits[:, one] * bits[:, other]])
    covariates = np.hstack([np.ones((rows, 1)), rng.normal(size=(rows, 2))])
    base = np.hstack([covariates, np.zeros((rows, added.shape[1]))])
    shifts = np.hstack([np.zeros((len(bits), 3)), added])
    centre = np.concatenate([[level, 0.7, -0.4], rng.normal(0, width, players), rng.normal(0, width / 5, one.size)])
    coefficients = centre + 0.1 * rng.normal(size=(replicates, centre.size))
    return coefficients, base, shifts, rng.integers(0, 4, (replicates, rows)).astype(float)


def one_by_one(coefficients: Floats, rows: Floats, shifts: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Rates and log odds of every coalition, each from its own sum over rows, on the log scale."""
    log_odds = np.empty((len(coefficients), len(shifts)))
    for b, beta in enumerate(coefficients):
        for s, shift in enumerate(shifts):
            eta = (rows + shift) @ beta
            sides = [logsumexp(-np.logaddexp(0.0, -side * eta), b=weights[b]) for side in (1.0, -1.0)]
            log_odds[b, s] = sides[0] - sides[1]
    return expit(log_odds), log_odds


def test_two_rows_by_hand() -> None:
    # Odds 1 and 3, or 1/3 and 1 with the component: rates 1/2 and 3/4, 1/4 and 1/2. Weights 1 and 3: means
    # (.5 + 2.25)/4 = .6875 and (.25 + 1.5)/4 = .4375.
    rows = coalition_rows([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]], [[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]], [1.0, 3.0])
    found = coalition_values([0.0, math.log(3), -math.log(3)], [rows])
    assert found.rates[0] == pytest.approx([0.6875, 0.4375], abs=EXACT)
    assert found.log_odds[0] == pytest.approx([math.log(11 / 5), math.log(7 / 9)], abs=EXACT)


@pytest.mark.parametrize(
    ("players", "rows", "width", "level"),
    [
        (2, 50, 0.5, 0.0),
        (8, 300, 0.5, -1.5),
        (8, 300, 0.5, 2.0),
        (8, 300, 0.5, -12.0),
        (8, 301, 4.0, -3.0),
        (7, 9, 2.0, 1.0),
    ],
)
def test_all_coalitions_of_all_replicates_are_the_sums_over_rows(
    players: int, rows: int, width: float, level: float
) -> None:
    coefficients, base, shifts, weights = example(players, rows, 3, width=width, level=level)
    found = coalition_values(coefficients, [coalition_rows(base, shifts, weights)])
    rates, log_odds = one_by_one(coefficients, base, shifts, weights)
    assert np.abs(found.rates - rates).max() <= EXACT
    assert found.rates == pytest.approx(rates, rel=RELATIVE, abs=0.0)
    assert found.log_odds == pytest.approx(log_odds, rel=RELATIVE, abs=EXACT)


def test_ten_components_over_six_thousand_rows_are_exact() -> None:
    coefficients, base, shifts, weights = example(10, 6000, 2)
    group = coalition_rows(base, shifts, weights)
    matrix = rule_coefficients(10, Rule.SHAPLEY)
    beta, share = coefficients[0], weights[0] / weights[0].sum()
    rates = np.array([share @ expit((base + shift) @ beta) for shift in shifts])
    assert np.abs(coalition_values(coefficients, [group]).rates[0] - rates).max() <= EXACT
    assert np.abs(batched_parts(coefficients, [group], matrix)[0] - matrix @ rates).max() <= EXACT


@given(st.floats(0.05, 8.0), st.lists(st.floats(-9.0, 9.0), min_size=1, max_size=8), st.integers(2, 30))
def test_the_bound_holds_at_any_number_of_nodes(half: float, offsets: list[float], nodes: int) -> None:
    # numpy's interpolation at Chebyshev points, which rounds at 1e-13 or so with values up to 17.
    rows = np.array([offsets])
    weights = np.linspace(1.0, 2.0, len(offsets))[None]

    def log_odds(t: Floats) -> Floats:
        return one_by_one(np.ones((1, 1)), rows.T, half * t[:, None], weights)[1][0]

    places = np.linspace(-1.0, 1.0, 41)
    series = chebyshev.chebinterpolate(log_odds, nodes - 1)
    error = np.abs(chebyshev.chebval(places, series) - log_odds(places)).max()
    assert error <= interpolation_bound(half, nodes) + 1e-12


def test_the_nodes_are_enough_and_not_many_too_many() -> None:
    for half in (0.01, 0.3, 1.9, 4.0, 15.0):
        nodes = int(nodes_needed(np.array([half]))[0])
        assert interpolation_bound(half, nodes) <= ALLOWED * (1 + 1e-9)
        assert interpolation_bound(half, nodes - 2) > ALLOWED


def test_interpolated_and_evaluated_log_odds_are_two_roads_to_one_number() -> None:
    # With a few shifts each is evaluated; among many of the same range it is interpolated.
    coefficients, base, shifts, weights = example(9, 200, 4)
    offsets, steps = coefficients @ base.T, coefficients @ shifts.T
    many = mean_log_odds(offsets, steps, weights)
    for start in range(0, steps.shape[1], 8):
        few = mean_log_odds(offsets, steps[:, start : start + 8], weights)
        assert many[:, start : start + 8] == pytest.approx(few, abs=EXACT)


def test_effects_that_differ_between_evals_are_summed_over_groups() -> None:
    coefficients, base, shifts, weights = example(6, 90, 4)
    evals = np.arange(90) % 3
    dummies = np.eye(3)[evals][:, 1:]
    interacting = [shifts[:, 3:4] * dummies[row] for row in range(90)]  # the first component's effect by eval
    coefficients = np.hstack([coefficients, [[0.8, -1.1]] * 4])
    padded = np.hstack([base, np.zeros((90, 2))])
    groups = [
        coalition_rows(
            padded[evals == e], np.hstack([shifts, interacting[int(np.argmax(evals == e))]]), weights[:, evals == e]
        )
        for e in range(3)
    ]
    found = coalition_values(coefficients, groups)
    designs = [
        padded + np.hstack([np.tile(shifts[mask], (90, 1)), np.array([i[mask] for i in interacting])])
        for mask in range(64)
    ]
    plain = plain_values(coefficients, designs, weights)
    assert found.rates == pytest.approx(plain.rates, abs=EXACT)
    assert found.log_odds == pytest.approx(plain.log_odds, abs=EXACT)
    assert np.ptp(found.rates - coalition_values(coefficients, groups[:1]).rates) > 0.01


def test_a_group_that_a_replicate_did_not_draw_counts_for_nothing() -> None:
    coefficients, base, shifts, weights = example(5, 60, 3)
    weights[1, 30:] = 0.0
    halves = [coalition_rows(base[half], shifts, weights[:, half]) for half in (slice(30), slice(30, 60))]
    found = coalition_values(coefficients, halves)
    whole = coalition_rows(base, shifts, weights)
    assert found.log_odds == pytest.approx(coalition_values(coefficients, [whole]).log_odds, abs=EXACT)


def test_plain_values_are_the_same_numbers() -> None:
    coefficients, base, shifts, weights = example(5, 60, 3)
    plain = plain_values(coefficients, (base + shift for shift in shifts), weights)
    found = coalition_values(coefficients, [coalition_rows(base, shifts, weights)])
    assert plain.log_odds == pytest.approx(found.log_odds, abs=EXACT)


@pytest.mark.parametrize("rule", list(Rule))
@pytest.mark.parametrize("log_odds", [False, True])
def test_parts_are_the_rule_of_the_values(rule: Rule, log_odds: bool) -> None:
    coefficients, base, shifts, weights = example(6, 200, 40)
    group, matrix = coalition_rows(base, shifts, weights), rule_coefficients(6, rule)
    values = coalition_values(coefficients, [group])
    expected = (values.log_odds if log_odds else values.rates) @ matrix.T
    parts = batched_parts(coefficients, [group], matrix, log_odds=log_odds)
    assert parts == pytest.approx(expected, abs=EXACT)
    if rule is Rule.SHAPLEY:
        chosen = values.log_odds if log_odds else values.rates
        assert parts.sum(axis=1) == pytest.approx(chosen[:, -1] - chosen[:, 0], abs=EXACT)


def test_a_replicate_without_coefficients_spoils_no_other() -> None:
    coefficients, base, shifts, weights = example(6, 200, 5)
    group = coalition_rows(base, shifts, weights)
    sound = coalition_values(coefficients, [group]).log_odds
    coefficients[1, 4], coefficients[3] = math.nan, math.inf
    found = coalition_values(coefficients, [group]).log_odds
    assert np.isnan(found[[1, 3]]).all()
    assert found[[0, 2, 4]] == pytest.approx(sound[[0, 2, 4]], abs=EXACT)


def test_coefficients_of_hundreds_of_logits_neither_overflow_nor_round_to_certainty() -> None:
    coefficients, base, shifts, weights = example(4, 30, 2)
    coefficients[0] *= 150.0
    coefficients[0, 0] = -400.0
    found = coalition_values(coefficients, [coalition_rows(base, shifts, weights)])
    rates, log_odds = one_by_one(coefficients, base, shifts, weights)
    assert np.abs(log_odds[0]).max() > 170.0
    assert found.rates == pytest.approx(rates, abs=EXACT)
    assert found.log_odds == pytest.approx(log_odds, rel=RELATIVE, abs=EXACT)
    assert plain_values(coefficients[1], (base + s for s in shifts), weights[1]).log_odds == pytest.approx(
        log_odds[1:], rel=RELATIVE, abs=EXACT
    )


@given(st.permutations(range(40)), st.floats(0.01, 100.0), st.integers(0, 39), st.floats(0.1, 0.9))
def test_order_unit_splitting_and_empty_rows_change_nothing(
    order: list[int], unit: float, row: int, cut: float
) -> None:
    coefficients, base, shifts, weights = example(6, 40, 2)
    weights = weights + 1.0
    expected = coalition_values(coefficients, [coalition_rows(base, shifts, weights)]).log_odds
    moved = coalition_rows(base[order], shifts, unit * weights[:, order])
    assert coalition_values(coefficients, [moved]).log_odds == pytest.approx(expected, abs=EXACT)
    again = np.vstack([base, base[row], 5.0 * base[row]])
    split = np.hstack([weights, cut * weights[:, row : row + 1], np.zeros((2, 1))])
    split[:, row] *= 1 - cut
    assert coalition_values(coefficients, [coalition_rows(again, shifts, split)]).log_odds == pytest.approx(
        expected, abs=EXACT
    )


def test_equal_rows_are_folded_into_one() -> None:
    evals = np.tile(np.eye(4), (50, 1))
    weights = np.arange(400.0).reshape(2, 200)
    folded = coalition_rows(evals, np.zeros((2, 4)), weights)
    assert folded.rows.shape == (4, 4)
    place = folded.rows.argmax(axis=1)
    assert folded.weights == pytest.approx(weights.reshape(2, 50, 4).sum(axis=1)[:, place])


def test_every_replicate_alone_is_itself_among_others() -> None:
    coefficients, base, shifts, weights = example(7, 500, 70)
    found = coalition_values(coefficients, [coalition_rows(base, shifts, weights)]).log_odds
    for replicate in (0, 33, 69):
        alone = coalition_values(coefficients[replicate], [coalition_rows(base, shifts, weights[replicate])])
        assert found[replicate] == pytest.approx(alone.log_odds[0], abs=EXACT)


def test_players_in_another_order_get_their_parts_in_that_order() -> None:
    coefficients, base, shifts, weights = example(5, 80, 3)
    bits = np.arange(32)[:, None] >> np.arange(5) & 1
    order = np.array([3, 0, 4, 1, 2])
    moved = shifts[(bits << order).sum(axis=1)]  # bit i of the new mask is player order[i]
    matrix = rule_coefficients(5, Rule.SHAPLEY)
    parts = batched_parts(coefficients, [coalition_rows(base, shifts, weights)], matrix)
    again = batched_parts(coefficients, [coalition_rows(base, moved, weights)], matrix)
    assert again == pytest.approx(parts[:, order], abs=EXACT)


def test_gradients_are_differences_of_values() -> None:
    coefficients, base, shifts, weights = example(4, 50, 1)
    group, beta = coalition_rows(base, shifts, weights[0]), coefficients[0]
    found = coalition_gradients(beta, group)
    assert found.rates == pytest.approx(coalition_values(beta, [group]).rates[0], abs=EXACT)
    for column in range(beta.size):
        step = STEP * np.eye(beta.size)[column]
        up, down = (coalition_values(beta + side * step, [group]).rates[0] for side in (1, -1))
        assert found.gradient[:, column] == pytest.approx((up - down) / (2 * STEP), abs=DIFFERENCE)


def model_coalitions(model: OutcomeModel, players: Sequence[Component], weights: Floats | None = None) -> CoalitionRows:
    """The fitted rows with each coalition's components at target and the other players' at baseline."""
    shifts = np.zeros((2 ** len(players), model.rows.shape[1]))
    for mask, shift in enumerate(shifts):
        levels = {p.id: p.target if mask >> i & 1 else p.baseline for i, p in enumerate(players)}
        entries = model.matrix.entries(levels)
        shift[list(entries)] = list(entries.values())
    rows = model.rows.copy()
    rows[:, list(entries)] = 0.0
    return coalition_rows(rows, shifts, model.weights if weights is None else weights)


COUNTS = {(0, 0): [61, 55, 70, 58], (1, 0): [40, 35, 47, 30], (1, 1): [12, 20, 15, 9]}


def test_the_fitted_models_values_are_its_standardised_rates() -> None:
    study = study_of()
    cells = [({"tools": t, "prompts": p}, k) for (t, p), k in COUNTS.items()]
    summaries, design = summaries_of(study, tables_of(study, cells))
    model = fit_outcome(summaries, design)
    assert not isinstance(model, str)
    players = players_of(design)
    designs = [
        rows_at(model, {p.id: p.target if mask >> i & 1 else p.baseline for i, p in enumerate(players)})
        for mask in range(4)
    ]
    standard = standardised_rates(model.fit, designs, model.weights)
    group = model_coalitions(model, players)
    found = coalition_gradients(model.fit.coefficients, group)
    assert found.rates == pytest.approx(standard.rates, abs=EXACT)
    assert found.gradient == pytest.approx(standard.gradient, abs=EXACT)
    assert coalition_values(model.fit.coefficients, [group]).rates[0] == pytest.approx(standard.rates, abs=EXACT)
    # An attribution by the model alone has these values, and the wider of the jackknife's spread and CR2's: in a
    # saturated model both are that of arm means, to first order.
    keys = {"rules": (Rule.SHAPLEY,), "scales": (AttributionScale.RISK_DIFFERENCE,), "value": ValueSource.MODEL}
    (split,) = attribute_outcome(summaries, design, level=0.95, draws=99, seed=3, **keys).attributions
    for part, row in zip(split.parts, rule_coefficients(2, Rule.SHAPLEY), strict=True):
        expected = rate_contrast(model.fit, standard, row)
        assert part.source == "model"
        assert part.estimate == pytest.approx(expected.estimate, rel=1e-9)
        assert part.std_error == pytest.approx(expected.std_error, rel=FIRST_ORDER)
    resampled = model_coalitions(model, players, np.ones((3, len(model.rows))))
    assert resampled.weights.shape[0] == 3


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda b, x, z, w: coalition_rows(x, z[:, 1:], w), "need shifts of as many columns and a weight each"),
        (lambda b, x, z, w: coalition_rows(x, z, w[:, 1:]), "need shifts of as many columns and a weight each"),
        (lambda b, x, z, w: coalition_rows(x * math.nan, z, w), "rows and shifts must be finite"),
        (lambda b, x, z, w: coalition_rows(x, z, -w), "weights must be 0 or more"),
        (lambda b, x, z, w: coalition_values(b, [coalition_rows(x, z, w * 0.0)]), "some row must have weight"),
        (lambda b, x, z, w: coalition_rows(x, z, w * math.nan), "weights must be 0 or more"),
        (lambda b, x, z, w: coalition_values(b, []), "at least one group of rows"),
        (lambda b, x, z, w: coalition_values(b[:, 1:], [coalition_rows(x, z, w)]), "need groups of as many columns"),
        (lambda b, x, z, w: coalition_values(b[1:], [coalition_rows(x, z, w)]), "weights for one or each of them"),
        (
            lambda b, x, z, w: batched_parts(b, [coalition_rows(x, z, w)], np.ones((2, 3))),
            "a column for every coalition",
        ),
    ],
)
def test_arguments_that_make_no_sense_are_refused(call: Callable[..., object], said: str) -> None:
    coefficients, base, shifts, weights = example(3, 20, 2)
    with pytest.raises(ValueError, match=said):
        call(coefficients, base, shifts, weights)
