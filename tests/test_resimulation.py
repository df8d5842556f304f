"""A small version of benchmarks/resimulate.py: coverage, false decisions and power of the shipped study's analysis."""

from __future__ import annotations

from collections import Counter

import pytest
from resimulate import (
    FIRST_SEED,
    POWER_STUDY,
    POWER_TRUTH,
    ROOT,
    STUDY,
    TRUTH,
    Tally,
    claim_truth,
    one_study,
    status_of,
    true_values,
)

from mixablate.design import design_of
from mixablate.simulate import parse_truth, read_truth, simulate
from mixablate.study import load_study, parse_study
from mixablate.tables import tables_from_frames

STUDIES = 30
# One study's share of covered intervals has an SD of about .08 (its 90 intervals are correlated), so the mean over 30
# studies one of .015: the band is three of those on each side of 95 to 96 %, crossed by chance in about 1 of 300.
COVERAGE = (0.905, 0.995)


@pytest.fixture(scope="module")
def tallies() -> list[Tally]:
    study = load_study(STUDY)
    study = study.model_copy(update={"analysis": study.analysis.model_copy(update={"draws": 199})})
    truth = read_truth(TRUTH)
    truths = true_values(study, truth)
    return [one_study(study, truth, FIRST_SEED + i, truths) for i in range(STUDIES)]


def test_intervals_of_components_and_shapley_parts_cover_their_truth(tallies: list[Tally]) -> None:
    covered = sum((tally.covered for tally in tallies), Counter())
    intervals = sum((tally.intervals for tally in tallies), Counter())
    assert intervals.total() == STUDIES * len(intervals)
    for kind in ("component", "shapley"):
        keys = [key for key in intervals if key.startswith(kind)]
        share = sum(covered[key] for key in keys) / sum(intervals[key] for key in keys)
        assert COVERAGE[0] <= share <= COVERAGE[1]


def test_no_claim_of_the_shipped_study_is_decided_falsely(tallies: list[Tally]) -> None:
    # Over 2,000 studies no claim was decided falsely more than once, so 30 have none but for a chance of 1 in 70.
    study, truth = load_study(STUDY), read_truth(TRUTH)
    simulated = simulate(truth, seed=0)
    tables = tables_from_frames(study, runs=simulated.runs, outcomes=simulated.outcomes, evals=simulated.evals)
    verdicts = sum((tally.verdicts for tally in tallies), Counter())
    wrong = {"inside": "contradicted", "outside": "supported"}
    for claim in study.claims:
        place = claim_truth(claim, truth, tables, design_of(study, tables))
        assert verdicts[claim.id, wrong[place]] == 0


def test_a_drop_from_22_to_3_percent_is_found_at_five_runs_an_arm() -> None:
    # Supported in at least 99 % of 2,000 studies; 40 of 40 or 39 of 40 unless something broke.
    study = parse_study(POWER_STUDY.format(draws=999), place="power study", folder=ROOT)
    truth = parse_truth(POWER_TRUTH.format(runs=5), place="power truth")
    found = [status_of(study, truth, FIRST_SEED + i) for i in range(40)]
    assert found.count("supported") >= 38
