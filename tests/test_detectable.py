"""Power of the t test: R's numbers, the noncentral t by another road, and the round trip to detectable effects."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import chi, nct, norm, t

from mixablate.estimate.runs.detectable import detectable, power, runs_for_power

GOLD = Path(__file__).resolve().parents[1] / "fixtures" / "gold" / "power"
REFERENCE: dict[str, Any] = json.loads((GOLD / "reference.json").read_text())
TOLERANCE = REFERENCE["tolerance"]["abs"]
INTEGRAL = 1e-10  # adaptive quadrature's own error
SCIPY = 1e-9  # scipy's noncentral t, where it answers at all
ROUND_TRIP = 1e-9

DFS = st.one_of(st.floats(1, 300), st.just(math.inf))
LEVELS = st.sampled_from([0.8, 0.9, 0.95, 0.99])


@pytest.mark.parametrize("row", REFERENCE["cluster"], ids=lambda row: f"{row['K']} runs of {row['m']}")
def test_power_is_that_of_rs_noncentral_t_and_normal(row: dict[str, Any]) -> None:
    effect, df = abs(row["p0"] - row["p1"]), 2 * (row["K"] - 1)
    assert power(effect, row["se"], df) == pytest.approx(row["power_t"], abs=TOLERANCE)
    assert power(effect, row["se"], math.inf) == pytest.approx(row["power_z"], abs=TOLERANCE)


@pytest.mark.parametrize(
    ("df", "level", "noncentrality"),
    [(1, 0.95, 8), (1, 0.999, 40), (1.2, 0.95, 12), (4, 0.999, 8), (12, 0.999, 8), (400, 0.999, 5), (3, 0.99, 12)],
)
def test_power_is_a_number_where_scipys_noncentral_t_has_none(df: float, level: float, noncentrality: float) -> None:
    # scipy 1.17 answers NaN at these. P(|T| > c) is the mean over S ~ chi/sqrt(df) of P(|Z + ncp| > c S).
    critical = t.ppf((1 + level) / 2, df)

    def density(s: float) -> float:
        inside = norm.cdf(critical * s - noncentrality) - norm.cdf(-critical * s - noncentrality)
        return float(inside * chi.pdf(s * math.sqrt(df), df) * math.sqrt(df))

    edges = [x / math.sqrt(df) for x in chi.ppf([1e-14, 0.01, 0.1, 0.3, 0.6, 0.9, 0.99, 1 - 1e-14], df)]
    kept = sum(quad(density, a, b, epsabs=1e-13)[0] for a, b in pairwise(edges))
    assert power(noncentrality, 1, df, level) == pytest.approx(1 - kept, abs=INTEGRAL)


@given(st.floats(0, 3.5), st.floats(2, 200), st.sampled_from([0.9, 0.95]))
def test_power_is_scipys_where_that_has_a_number(noncentrality: float, df: float, level: float) -> None:
    critical = t.ppf((1 + level) / 2, df)
    theirs = nct.sf(critical, df, noncentrality) + nct.cdf(-critical, df, noncentrality)
    if math.isfinite(theirs):
        assert power(noncentrality, 1, df, level) == pytest.approx(theirs, abs=SCIPY)


@given(DFS, LEVELS)
def test_without_an_effect_power_is_the_error_rate(df: float, level: float) -> None:
    assert power(0, 0.3, df, level) == pytest.approx(1 - level, abs=INTEGRAL)


@given(st.floats(0, 6), st.floats(0.01, 2), DFS, LEVELS)
def test_more_effect_and_more_degrees_of_freedom_give_more_power(
    effect: float, more: float, df: float, level: float
) -> None:
    here = power(effect, 1, df, level)
    assert power(-effect, 1, df, level) == here
    assert power(effect + more, 1, df, level) >= here - INTEGRAL
    assert power(effect, 1, 2 * df, level) >= here - INTEGRAL


@given(st.floats(1e-6, 1e3), DFS, LEVELS, st.sampled_from([0.5, 0.8, 0.95]))
def test_the_detectable_effect_is_found_with_the_wanted_power(
    std_error: float, df: float, level: float, wanted: float
) -> None:
    effect = detectable(std_error, df, level, wanted)
    assert power(effect, std_error, df, level) == pytest.approx(wanted, abs=ROUND_TRIP)


def test_with_a_known_standard_error_the_detectable_effect_is_the_sum_of_two_normal_quantiles() -> None:
    # 1.95996 + .84162 = 2.80158; the other tail adds 2e-6 of power
    assert detectable(1, math.inf) == pytest.approx(2.80158, abs=1e-5)
    # 3 runs against 3: 3.76 standard errors, a third more
    assert detectable(1, 4) == pytest.approx(3.7611, abs=1e-4)


def test_a_standard_error_of_zero_finds_everything() -> None:
    assert detectable(0, 4) == 0
    assert power(0.001, 0, 4) == 1
    assert power(0, 0, 4, 0.9) == pytest.approx(0.1)


@pytest.mark.parametrize(("effect", "run_sd"), [(0.7, 0.5), (2.0, 0.5), (0.2, 0.5), (9.0, 0.5)])
def test_the_fewest_runs_suffice_and_one_fewer_does_not(effect: float, run_sd: float) -> None:
    def at(runs: int) -> float:
        return power(effect, run_sd * math.sqrt(2 / runs), 2 * (runs - 1))

    runs = runs_for_power(effect, run_sd)
    assert at(runs) >= 0.8
    assert runs == 2 or at(runs - 1) < 0.8
    assert runs_for_power(-effect, run_sd) == runs


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: power(math.nan, 1, 4), "effect must be finite"),
        (lambda: power(1, -1, 4), "std_error must be 0 or more"),
        (lambda: power(1, math.nan, 4), "std_error must be 0 or more"),
        (lambda: power(1, 1, 0), "df must be more than 0"),
        (lambda: power(1, 1, math.nan), "df must be more than 0"),
        (lambda: power(1, 1, 4, 1.0), "level must lie between 0 and 1"),
        (lambda: detectable(1, 4, 0.95, 0.05), "power must lie between 0.05 and 1"),
        (lambda: detectable(1, 4, 0.95, math.nan), "power must lie between"),
        (lambda: runs_for_power(0, 1), "effect must be finite and not 0"),
        (lambda: runs_for_power(1, 0), "run_sd must be more than 0"),
        (lambda: runs_for_power(1e-6, 1), "more than 1000000 runs per arm"),
    ],
)
def test_arguments_outside_their_range_are_refused(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()
