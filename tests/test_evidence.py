"""Tails of an interval: the same decision as its limits, whatever the counts and wherever the boundary."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixablate.claims import Status, judge
from mixablate.design import design_of
from mixablate.estimate import Evidence, evidence_of, interval, tail
from mixablate.study import Scale
from small_studies import claim, contrast_of, study_of, summaries_of, tables_of

TRIALS = 20
APART = 1e-9  # a boundary nearer to a limit than this may fall on either side of it
COUNTS = st.lists(st.integers(0, TRIALS), min_size=3, max_size=5)


def evidence(reference: list[int], treated: list[int], scale: Scale, trials: int = TRIALS) -> Evidence:
    study = study_of(["tools"])
    tables = tables_of(study, [({"tools": 0}, reference), ({"tools": 1}, treated)], trials=trials)
    summaries, design = summaries_of(study, tables)
    return evidence_of(summaries, contrast_of(design), scale, design)


@given(COUNTS, COUNTS, st.floats(-0.9, 0.9), st.sampled_from([0.0, 1e-3, 1e-2, 0.05]))
def test_the_tail_is_small_exactly_where_the_interval_clears_the_boundary(
    reference: list[int], treated: list[int], anywhere: float, off: float
) -> None:
    found = evidence(reference, treated, Scale.RISK_DIFFERENCE)
    if not found.std_error > 0.0:
        return
    low, high = interval(found, 0.95)
    for boundary in (anywhere, found.estimate * (1.0 + off), found.estimate * (1.0 - off)):
        below, above = (tail(found, boundary, below=side) for side in (True, False))
        assert below + above == pytest.approx(1.0)
        if min(abs(boundary - low), abs(boundary - high)) > APART:
            assert (below <= 0.025) == (high < boundary)
            assert (above <= 0.025) == (low > boundary)


def test_a_boundary_between_the_estimate_and_the_centre_of_its_limits_is_not_cleared() -> None:
    # 9 of 20 against none: the estimate is -.45; an arm without events has its centre at .5/61 = .0082, so the limits
    # are laid around -.4418. A drop of at least 44.5 points lies between the two, and nothing settles it.
    found = evidence([8, 10, 9], [0, 0, 0], Scale.RISK_DIFFERENCE)
    assert 0.5 < tail(found, -0.445, below=True) < 0.6
    study = study_of(["tools"], [claim(kind="reduces", minimum=0.445)])
    tables = tables_of(study, [({"tools": 0}, [8, 10, 9]), ({"tools": 1}, [0, 0, 0])], trials=20)
    (verdict,) = judge(study, tables, design_of(study, tables))
    assert verdict.status is Status.UNDECIDED
    assert "The primary says" not in verdict.reason


@pytest.mark.parametrize("scale", [Scale.RISK_DIFFERENCE, Scale.RISK_RATIO])
def test_a_boundary_at_the_estimate_itself_has_a_tail_of_one_half(scale: Scale) -> None:
    # 60 of 300 against 30: -.1 and .5 but for the last bit, which must not decide.
    found = evidence([55, 60, 65], [25, 30, 35], scale, trials=300)
    at = -0.1 if scale is Scale.RISK_DIFFERENCE else 0.5
    for below in (True, False):
        assert tail(found, at, below=below) == pytest.approx(0.5, abs=1e-6)
