"""A published rate against ours: both uncertainties in the interval, runs the unit on our side."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from pydantic import ValidationError

from mixablate.claims import Status, Verdict, judge, region_of
from mixablate.claims.kinds import cases_of
from mixablate.design import design_of
from mixablate.errors import ClaimError
from mixablate.estimate import evidence_of, limits, wilson
from mixablate.tables import tables_from_frames
from small_studies import claim, evals_frame, study_of, tables_of

OURS = [28, 31, 30, 29, 32]  # of 100 each: 30 %


def published(**keys):
    return claim(kind="matches_rate", **({"rate": 0.3, "margin": 0.1} | keys))


def verdict(asked, counts=OURS, reference=(60, 61, 62), **keys) -> Verdict:
    study = study_of(["tools"], [asked], draws=999)
    tables = tables_of(study, [({"tools": 0}, list(reference)), ({"tools": 1}, list(counts))], **keys)
    (found,) = judge(study, tables, design_of(study, tables))
    return found


@pytest.mark.parametrize(
    ("keys", "status"),
    [
        ({"n": 2000}, "supported"),
        ({"n": 60}, "undecided"),  # half the width of a Wilson interval at 18 of 60 is 11 points
        ({}, "supported"),  # taken as exact
        ({"rate_lower": 0.28, "rate_upper": 0.32}, "supported"),
        ({"rate_lower": 0.1, "rate_upper": 0.5}, "undecided"),
        ({"rate": 0.6, "n": 2000}, "contradicted"),
        ({"rate": 0.41, "n": 60}, "undecided"),
        ({"side": "reference", "rate": 0.61, "n": 2000}, "supported"),
        ({"side": "reference", "n": 2000}, "contradicted"),
    ],
)
def test_the_truth_table(keys: dict[str, object], status: str) -> None:
    found = verdict(published(**keys))
    assert found.status == status, found.reason
    assert found.evidence[0].reference == (keys.get("rate") or 0.3)
    assert not [opinion for opinion in found.second_opinions if opinion.decides]


def test_the_interval_joins_both_by_the_squares_of_their_distances() -> None:
    asked = published(rate=0.34, n=500)
    study = study_of(["tools"], [asked])
    tables = tables_of(study, [({"tools": 0}, [60, 61]), ({"tools": 1}, OURS)])
    design = design_of(study, tables)
    (case,) = cases_of(asked, tables, design)
    low, high = limits(evidence_of(case.summaries, case.contrast, asked.scale, design), 0.025)
    below, above = wilson(170, 500, 0.95)
    (found,) = judge(study, tables, design)
    effect = found.evidence[0]
    assert effect.estimate == pytest.approx(0.30 - 0.34)
    assert effect.lower == pytest.approx(-0.04 - math.hypot(0.30 - low, above - 0.34))
    assert effect.upper == pytest.approx(-0.04 + math.hypot(high - 0.30, 0.34 - below))
    # The p of the nearer end is the tail at which the limit touches it.
    assert (found.p_value <= 0.025) == (effect.lower > -0.1 and effect.upper < 0.1)


def test_an_exact_rate_leaves_our_own_interval() -> None:
    found = verdict(published())
    assert "no n" in " ".join(found.evidence[0].notes)
    # Welch's t on five runs by hand: SD sqrt(2.5)/100, df 4, t 2.776: 1.96 points either way; ours is on logits.
    reach = 2.776 * math.sqrt(2.5) / 100 / math.sqrt(5)
    assert found.evidence[0].upper == pytest.approx(reach, rel=0.5)


@pytest.mark.parametrize(
    ("counts", "words", "by_design"),
    [
        ([30, 31], "2 run(s) on our side", True),
        ([0, 1, 0, 2, 1], "a claim of the kind reaches_zero", False),
        ([100, 99, 100, 100, 99], "non-events a run", False),
        ([30] * 5, "agree to the last digit", False),
    ],
)
def test_what_our_runs_cannot_carry_is_untestable(counts: list[int], words: str, by_design: bool) -> None:
    found = verdict(published(), counts)
    assert found.status is Status.UNTESTABLE
    assert words in found.reason
    assert found.would_settle
    assert by_design == ("training runs" in found.would_settle)


def test_a_side_that_was_not_run_is_named() -> None:
    study = study_of(["tools"], [published()])
    tables = tables_of(study, [({"tools": 0}, OURS)])
    (found,) = judge(study, tables, design_of(study, tables))
    assert found.status is Status.UNTESTABLE
    assert found.would_settle == "at least 3 training runs at tools=1"


def test_where_the_published_rate_is_the_limit_no_run_of_ours_is_asked_for() -> None:
    assert "no number of our runs" in verdict(published(n=60)).would_settle
    assert "runs on our side in place of 5" in verdict(published(margin=0.03), [26, 32, 30, 28, 34]).would_settle


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"rate": 30.0}, "less than or equal to 1"),
        ({"n": 0}, "greater than or equal to 1"),
        ({"rate_lower": 0.2}, "both or neither"),
        ({"n": 100, "rate_lower": 0.2, "rate_upper": 0.4}, "at most one"),
        ({"rate_lower": 0.31, "rate_upper": 0.4}, "at most"),
        ({"margin": 5.0}, "less than 1"),
        ({"scale": "log_odds"}, "risk_difference"),
    ],
)
def test_wrong_declarations_are_refused(keys: dict[str, object], found: str) -> None:
    with pytest.raises(ValidationError, match=found):
        published(**keys)


def test_scores_have_no_rate() -> None:
    study = study_of(["tools"], [published()])
    names = [(f"{t}{i}", str(i), t) for t in (0, 1) for i in (1, 2, 3)]
    runs = pd.DataFrame(names, columns=["run_id", "seed", "tools"]).assign(base_model="m")
    scores = pd.DataFrame({"run_id": runs["run_id"], "eval_id": "blackmail", "value": [1.0, 2.0, 3.0] * 2})
    tables = tables_from_frames(study, runs=runs, outcomes=scores, evals=evals_frame(["blackmail"], {}))
    with pytest.raises(ClaimError, match="CLAIM_SCALE"):
        judge(study, tables, design_of(study, tables))


def test_its_region_is_one_of_the_difference() -> None:
    region = region_of(published(), lower_is_better=True)
    assert (region.lower, region.upper) == (-0.1, 0.1)
    assert region.words == "within 10.0 points of 30.00%"
