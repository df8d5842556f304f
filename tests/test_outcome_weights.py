"""Weights of evals: they matter in a mean only, and an eval of weight 0 is in none."""

from __future__ import annotations

import pytest

from mixablate.claims import judge
from mixablate.design import design_of
from mixablate.errors import ClaimError
from mixablate.estimate import outcome_of
from mixablate.findings import analyse
from mixablate.study import Study
from mixablate.tables import Tables
from small_studies import claim, study_of, tables_of

BASE = {"a": [30, 35, 28], "b": [10, 14, 8], "c": [52, 47, 55]}
LESS = {"a": [12, 15, 9], "b": [8, 11, 7], "c": [20, 26, 22]}


def tables(study: Study, **weights: float) -> Tables:
    cells = [({"tools": 0}, BASE), ({"tools": 1}, LESS)]
    return tables_of(study, cells, evals={name: {"weight": weight} for name, weight in weights.items()})


def test_an_eval_of_weight_zero_is_left_out_of_means_and_stands_alone() -> None:
    study = study_of(["tools"], [claim(kind="reduces", evals=("a", "b", "c"))])
    found = analyse(study, tables(study, c=0.0))
    outcomes = {effect.outcome: effect for effect in found.effects if effect.scale == "risk_difference"}
    assert outcomes["c"].estimate == pytest.approx(0.68 / 3 - 1.54 / 3)  # (20 + 26 + 22)/300 less (52 + 47 + 55)/300
    assert outcomes["in_distribution"].estimate == pytest.approx(
        ((36 + 26) - (93 + 32)) / 600  # a and b alone
    )
    assert outcome_of(tables(study, c=0.0), ["a", "b", "c"]).evals == (("a", 0.5), ("b", 0.5))


def test_a_domain_whose_evals_all_have_weight_zero_has_no_mean() -> None:
    study = study_of(["tools"])
    found = analyse(study, tables(study, a=0.0, b=0.0, c=0.0))
    assert {effect.outcome for effect in found.effects} == {"a", "b", "c"}


def test_a_claim_about_a_mean_of_nothing_is_refused() -> None:
    study = study_of(["tools"], [claim(kind="reduces", evals=("a", "b"))])
    read = tables(study, a=0.0, b=0.0)
    with pytest.raises(ClaimError, match='evals that all have weight 0: "a", "b"'):
        judge(study, read, design_of(study, read))
