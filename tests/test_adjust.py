"""Adjusted p-values: by hand, R's numbers, statsmodels' and the closed testing that they stand for."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from mixablate.claims.adjust import (
    benjamini_hochberg,
    benjamini_yekutieli,
    bonferroni,
    hochberg,
    holm,
    hommel,
)

GOLD = Path(__file__).resolve().parents[1] / "fixtures" / "gold" / "padjust_bh1995"
REFERENCE = json.loads((GOLD / "reference.json").read_text())
P_VALUES = tuple(pd.read_csv(GOLD / "data.csv")["p"])
ROUNDING = 1e-12  # a product and a quotient of numbers below 15

Rule = Callable[[Sequence[float]], tuple[float, ...]]
FAMILY_WISE: dict[str, Rule] = {"bonferroni": bonferroni, "holm": holm, "hochberg": hochberg, "hommel": hommel}
RULES: dict[str, Rule] = FAMILY_WISE | {"BH": benjamini_hochberg, "BY": benjamini_yekutieli}
STATSMODELS = {
    "bonferroni": "bonferroni",
    "holm": "holm",
    "hochberg": "simes-hochberg",
    "hommel": "hommel",
    "BH": "fdr_bh",
    "BY": "fdr_by",
}

FAMILIES = st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.05, 1.0]), min_size=1, max_size=7)
FEW = settings(max_examples=40)
each_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


@pytest.mark.parametrize("name", RULES)
def test_adjusted_p_values_are_those_of_r(name: str) -> None:
    assert RULES[name](P_VALUES) == pytest.approx(REFERENCE[name], abs=REFERENCE["tolerance"]["abs"])


def test_three_p_values_by_hand() -> None:
    # Ascending .01, .03, .04. Bonferroni x 3. Holm .01 x 3, .03 x 2, then .04 raised to .06. Hochberg .04, then
    # min(.04, .06), then .03. BH .04, min(.04, .03 x 3/2), .01 x 3. BY those x (1 + 1/2 + 1/3) = 11/6.
    # Hommel: groups of three have Simes min(.03, .045, .04) = .03; {.03, .04}: min(.06, .04) = .04.
    given_p = (0.04, 0.01, 0.03)
    assert bonferroni(given_p) == pytest.approx((0.12, 0.03, 0.09), rel=ROUNDING)
    assert holm(given_p) == pytest.approx((0.06, 0.03, 0.06), rel=ROUNDING)
    assert hochberg(given_p) == pytest.approx((0.04, 0.03, 0.04), rel=ROUNDING)
    assert hommel(given_p) == pytest.approx((0.04, 0.03, 0.04), rel=ROUNDING)
    assert benjamini_hochberg(given_p) == pytest.approx((0.04, 0.03, 0.04), rel=ROUNDING)
    assert benjamini_yekutieli(given_p) == pytest.approx([p * 11 / 6 for p in (0.04, 0.03, 0.04)], rel=ROUNDING)


@each_rule
def test_one_p_value_stays_and_none_gives_none(rule: Rule) -> None:
    assert rule([0.2]) == (0.2,)
    assert rule([]) == ()


@pytest.mark.parametrize("name", RULES)
@FEW
@given(p_values=FAMILIES)
def test_adjusted_p_values_are_those_of_statsmodels(name: str, p_values: list[float]) -> None:
    theirs = multipletests(p_values, method=STATSMODELS[name])[1]
    assert RULES[name](p_values) == pytest.approx(theirs.tolist(), rel=ROUNDING, abs=1e-300)


def simes(p_values: Sequence[float]) -> float:
    return min(len(p_values) * p / rank for rank, p in enumerate(sorted(p_values), start=1))


def smallest_times_number(p_values: Sequence[float]) -> float:
    return len(p_values) * min(p_values)


@pytest.mark.parametrize(("rule", "local"), [(hommel, simes), (holm, smallest_times_number)])
@given(p_values=FAMILIES)
def test_hommel_and_holm_are_closed_testing(rule: Rule, local: Rule, p_values: list[float]) -> None:
    members = range(len(p_values))
    groups = [set(g) for size in range(1, len(p_values) + 1) for g in combinations(members, size)]
    by_group = [(group, min(1.0, float(local([p_values[i] for i in group])))) for group in groups]  # type: ignore[arg-type]
    closed = [max(p for group, p in by_group if member in group) for member in members]
    assert rule(p_values) == pytest.approx(closed, rel=ROUNDING, abs=1e-300)


@given(FAMILIES)
def test_family_wise_rules_are_ordered_and_none_lowers_a_p_value(p_values: list[float]) -> None:
    largest_first = [np.array(rule(p_values)) for rule in FAMILY_WISE.values()]
    largest_first.append(np.array(p_values))
    for larger, smaller in pairwise(largest_first):
        assert (smaller <= larger * (1 + ROUNDING)).all()
    assert (np.array(benjamini_hochberg(p_values)) <= np.array(hommel(p_values)) * (1 + ROUNDING)).all()
    assert (np.array(benjamini_yekutieli(p_values)) >= np.array(benjamini_hochberg(p_values))).all()


@each_rule
@FEW
@given(p_values=FAMILIES, shuffle=st.randoms(use_true_random=False))
def test_the_order_of_members_moves_nothing(rule: Rule, p_values: list[float], shuffle: object) -> None:
    order = list(range(len(p_values)))
    shuffle.shuffle(order)  # type: ignore[attr-defined]
    adjusted = rule(p_values)
    assert rule([p_values[i] for i in order]) == tuple(adjusted[i] for i in order)


@each_rule
@FEW
@given(p_values=FAMILIES)
def test_equal_p_values_get_equal_ones_and_more_evidence_never_a_larger_one(rule: Rule, p_values: list[float]) -> None:
    adjusted = rule(p_values)
    ranked = sorted(zip(p_values, adjusted, strict=True))
    assert [a for _, a in ranked] == sorted(adjusted)
    for p, a in ranked:
        assert {other for q, other in ranked if q == p} == {a}


@each_rule
@FEW
@given(p_values=FAMILIES)
def test_a_member_that_counts_as_one_never_lowers_the_others(rule: Rule, p_values: list[float]) -> None:
    with_lost = rule([*p_values, 1.0])
    assert with_lost[-1] == 1.0
    assert all(a >= b * (1 - ROUNDING) for a, b in zip(with_lost, rule(p_values), strict=False))


@pytest.mark.parametrize("dependence", ["independent", "equal"])
def test_holm_and_hommel_keep_the_family_wise_error_of_true_nulls(dependence: str) -> None:
    # 4,000 families of 5 true nulls at .05; a correct rule exceeds .0637 (4 standard errors) once in 30,000.
    rng = np.random.default_rng(1)
    drawn = rng.uniform(size=(4000, 5)) if dependence == "independent" else rng.uniform(size=(4000, 1)).repeat(5, 1)
    for rule in (holm, hommel):
        assert np.mean([min(rule(family)) <= 0.05 for family in drawn]) <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / 4000)


@each_rule
@pytest.mark.parametrize("wrong", [math.nan, -0.1, 1.1, math.inf])
def test_what_is_no_p_value_is_refused_with_its_place(rule: Rule, wrong: float) -> None:
    with pytest.raises(
        ValueError, match=r"between 0 and 1, found .* as number 2 of 3; a claim without one counts as 1"
    ):
        rule([0.1, wrong, 0.2])
