"""Families of claims: Holm, Hochberg and max-T on the primary, and what falls back."""

from __future__ import annotations

import numpy as np
import pytest

from mixablate.claims import Verdict, holm, judge
from mixablate.design import design_of
from small_studies import claim, study_of, tables_of

EVALS = ("a", "b", "c")


def correlated(*, treated_shift: float, runs: int = 5) -> dict[str, list[int]]:
    """Three evals that go up and down together, run by run, around 100 of 300 (shift in events)."""
    rng = np.random.default_rng(11)
    shared = rng.normal(0, 12, runs)
    return {e: [int(k) for k in np.clip(100 + treated_shift + shared + rng.normal(0, 3, runs), 0, 300)] for e in EVALS}


def judged(adjust: str, *extra, shift: float = -25.0, **analysis) -> tuple[Verdict, ...]:
    claims = [claim(id=e, kind="reduces", evals=(e,)) for e in EVALS] + list(extra)
    study = study_of(["tools"], claims, adjust=adjust, **analysis)
    rng_free = correlated(treated_shift=0.0), correlated(treated_shift=shift)
    treated = {e: [k + i for i, k in enumerate(counts)] for e, counts in rng_free[1].items()}
    tables = tables_of(study, [({"tools": 0}, rng_free[0]), ({"tools": 1}, treated)], trials=300)
    return judge(study, tables, design_of(study, tables))


def p_values(found: tuple[Verdict, ...]) -> list[float]:
    return [float(v.p_adjusted) for v in found if v.p_adjusted is not None]


def test_max_t_lies_between_the_primary_and_holm_for_correlated_evals() -> None:
    by_holm, by_max_t = judged("holm"), judged("max_t")
    for one, other in zip(by_holm, by_max_t, strict=True):
        assert one.p_value == other.p_value
        assert other.p_adjusted is not None
        assert one.p_adjusted is not None
        assert one.p_value is not None
        assert one.p_value <= other.p_adjusted
    assert sum(p_values(by_max_t)) < sum(p_values(by_holm))


def test_hochberg_is_never_above_holm() -> None:
    for one, other in zip(p_values(judged("hochberg")), p_values(judged("holm")), strict=True):
        assert one <= other + 1e-15


def test_the_default_is_holm() -> None:
    study = study_of(["tools"])
    assert study.analysis.adjust == "holm"
    found = judged("holm")
    assert p_values(found) == pytest.approx(holm([float(v.p_value) for v in found if v.p_value is not None]))


def test_a_family_with_a_bound_of_a_rate_falls_back_to_holm() -> None:
    zero = claim(id="z", kind="reaches_zero", evals=("a",), bound=0.5)
    assert p_values(judged("max_t", zero)) == pytest.approx(p_values(judged("holm", zero)))


def test_an_equivalence_claim_must_clear_both_of_its_ends_under_max_t() -> None:
    near = claim(id="e", kind="equivalent", evals=("a",), margin=0.15)
    found = judged("max_t", near, shift=-2.0)[-1]
    assert found.p_adjusted is not None
    assert found.p_value is not None
    assert found.p_adjusted >= found.p_value


def test_another_claim_moves_no_draw_of_another_family() -> None:
    other = claim(id="o", kind="reduces", evals=("a",), family="another")
    assert p_values(judged("max_t", other))[:3] == p_values(judged("max_t"))
