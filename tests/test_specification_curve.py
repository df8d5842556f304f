"""Specifications: which are admissible, the boundary they are held to, and beside the study judged as they say."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mixablate.claims import Estimator, Inclusion, Specification, Status, Verdict, judge, specifications_frame
from mixablate.claims.admissible import converted
from mixablate.design import design_of
from mixablate.study import Scale
from mixablate.tables import tables_from_frames
from small_studies import claim, evals_frame, study_of, tables_of

HIGH, LOW = [60, 55, 65, 58, 62], [20, 25, 15, 22, 18]
EVEN = [40, 41, 39, 42, 38]
DROP = claim(kind="reduces")
RATES = [Scale.LOG_ODDS, Scale.RISK_DIFFERENCE, Scale.RISK_RATIO]


def verdicts(cells, *claims, components=("tools",), analysis=None, **keys) -> tuple[Verdict, ...]:
    study = study_of(components, claims, draws=999, **(analysis or {}))
    tables = tables_of(study, cells, **keys)
    return judge(study, tables, design_of(study, tables))


def verdict(reference, treated, asked=DROP, **keys) -> Verdict:
    (found,) = verdicts([({"tools": 0}, reference), ({"tools": 1}, treated)], asked, **keys)
    return found


def one(found: Verdict, **keys) -> Specification:
    (single,) = [s for s in found.specifications if all(getattr(s, name) == value for name, value in keys.items())]
    return single


@pytest.mark.parametrize(
    ("boundary", "scale", "other", "reference", "expected"),
    [
        (-0.05, Scale.RISK_DIFFERENCE, Scale.RISK_RATIO, 0.2, 0.75),  # 15 % of 20 %
        (-0.05, Scale.RISK_DIFFERENCE, Scale.LOG_ODDS, 0.2, math.log(0.15 / 0.85) - math.log(0.25)),
        (0.5, Scale.RISK_RATIO, Scale.RISK_DIFFERENCE, 0.3, -0.15),
        (math.log(0.5), Scale.LOG_ODDS, Scale.RISK_RATIO, 0.5, 2 / 3),  # odds 1 to 1/2: 1/3 against 1/2
        (-0.3, Scale.RISK_DIFFERENCE, Scale.RISK_RATIO, 0.2, math.nan),  # a rate of -10 %
        (2.0, Scale.RISK_RATIO, Scale.LOG_ODDS, 0.6, math.nan),  # a rate of 120 %
        (0.1, Scale.RISK_DIFFERENCE, Scale.LOG_ODDS, None, math.nan),
        (math.inf, Scale.RISK_DIFFERENCE, Scale.LOG_ODDS, 0.2, math.inf),
    ],
)
def test_a_boundary_is_the_rate_it_means(boundary, scale, other, reference, expected) -> None:
    assert converted(boundary, scale, other, reference) == pytest.approx(expected, nan_ok=True)


@given(
    reference=st.floats(0.02, 0.98),
    treated=st.floats(0.02, 0.98),
    scale=st.sampled_from(RATES),
    other=st.sampled_from(RATES),
)
def test_a_boundary_comes_back_from_another_scale(reference: float, treated: float, scale: Scale, other: Scale) -> None:
    assume(abs(treated - reference) > 1e-6)
    there = converted(treated - reference, Scale.RISK_DIFFERENCE, scale, reference)
    back = converted(converted(there, scale, other, reference), other, Scale.RISK_DIFFERENCE, reference)
    assert back == pytest.approx(treated - reference, abs=1e-9)


def test_a_drop_is_asked_on_every_scale_and_by_every_estimator() -> None:
    found = verdict(HIGH, LOW)
    kinds = [(s.scale, s.estimator) for s in found.specifications]
    assert kinds == [
        *((scale, estimator) for scale in RATES[:2] for estimator in Estimator),
        (Scale.RISK_RATIO, Estimator.RUNS),  # no regression here speaks of a ratio
    ]
    first = found.specifications[0]
    assert first.declared
    assert (first.p_support, first.scale) == (found.p_value, Scale.LOG_ODDS)  # the test that decided
    assert [s.region_upper for s in found.specifications] == [0.0] * 6 + [1.0]
    assert found.agreement == 1.0
    # Two arms: least squares on a flag is the difference of means, (20 - 60)/100.
    assert one(found, scale=Scale.RISK_DIFFERENCE, estimator=Estimator.LEAST_SQUARES).estimate == pytest.approx(-0.4)


def test_a_margin_is_carried_to_the_scale_that_is_asked() -> None:
    # Mean reference rate 60 %: a drop of at least 30 points is a ratio of at most 1/2, or odds of 3/7 over 3/2.
    found = verdict(HIGH, LOW, claim(kind="reduces", minimum=0.3))
    assert found.specifications[0].scale is Scale.RISK_DIFFERENCE
    assert one(found, scale=Scale.RISK_RATIO).region_upper == pytest.approx(0.5)
    log_odds = one(found, scale=Scale.LOG_ODDS, estimator=Estimator.RUNS)
    assert log_odds.region_upper == pytest.approx(math.log(3 / 7) - math.log(3 / 2))
    ratio = verdict(HIGH, LOW, claim(kind="reduces", minimum=0.5, scale="risk_ratio"))
    assert one(found, scale=Scale.RISK_RATIO).p_support == pytest.approx(ratio.p_value)


def test_a_margin_that_is_no_rate_elsewhere_is_not_asked_there() -> None:
    # A drop of 25 points from 20 % would be a rate of -5 %.
    found = verdict([20, 22, 18, 21, 19], [10, 12, 8, 11, 9], claim(kind="reduces", minimum=0.25))
    refused = [s for s in found.specifications if s.scale is not Scale.RISK_DIFFERENCE]
    assert {s.reason for s in refused} == {
        "at the reference rate seen, the claimed boundary is no rate between 0 and 1"
    }
    assert all(s.agrees is None and s.status == "" and s.p_support is None for s in refused)
    assert found.agreement == 1.0  # of the specifications that count


FOUR = [({"tools": t, "prompts": p}, [50 - 12 * t - 9 * p + d for d in (-2, 0, 1, 3)]) for t in (0, 1) for p in (0, 1)]


def test_an_interaction_keeps_its_scale_and_a_difference_that_does_not_cancel_too() -> None:
    both = ("tools", "prompts")
    synergy = claim(kind="synergy", together_with=("prompts",), scale="risk_difference")
    (found,) = verdicts(FOUR, synergy, components=both)
    assert {(s.scale, s.estimator) for s in found.specifications} == {(Scale.RISK_DIFFERENCE, Estimator.RUNS)}
    # In the factorial "tools against prompts" is one arm against another: every scale asks who is lower.
    (plain,) = verdicts(FOUR, claim(kind="stronger", than=("prompts",)), components=both)
    assert {s.scale for s in plain.specifications} == set(RATES)
    assert {s.estimator for s in plain.specifications} == {Estimator.RUNS, Estimator.LEAST_SQUARES}


def test_main_effects_do_not_stand_in_for_the_full_mix() -> None:
    (found,) = verdicts(FOUR, claim(kind="reduces", at="full"), components=("tools", "prompts"))
    assert {s.estimator for s in found.specifications} == {Estimator.RUNS}


def test_scores_keep_their_scale() -> None:
    study = study_of(["tools"], [claim(kind="reduces", scale="value")], draws=999)
    runs = pd.DataFrame(
        [{"run_id": f"{t}-{i}", "base_model": "m", "seed": str(i), "tools": t} for t in (0, 1) for i in range(5)]
    )
    outcomes = [
        {"run_id": f"{t}-{i}", "eval_id": "blackmail", "value": 3.0 - t + 0.1 * i, "n": 50, "sd": 1.0}
        for t in (0, 1)
        for i in range(5)
    ]
    evals = evals_frame(["blackmail"], {})
    tables = tables_from_frames(study, runs=runs, outcomes=pd.DataFrame(outcomes), evals=evals)
    (found,) = judge(study, tables, design_of(study, tables))
    assert {s.scale for s in found.specifications} == {Scale.VALUE}
    assert {s.estimator for s in found.specifications} == {Estimator.RUNS, Estimator.LEAST_SQUARES}


@pytest.mark.parametrize(("inclusion", "added"), [(Inclusion.MISSING_EVENTS, 6), (Inclusion.MISSING_OTHERS, 0)])
def test_missing_rollouts_scored_are_tables_that_hold_them(inclusion: Inclusion, added: int) -> None:
    # 100 scored and 6 missing rollouts a run, against 106 scored of which 6 more, or none more, are events.
    found = verdict(HIGH, LOW, missing=6)
    scored = verdict([k + added for k in HIGH], [k + added for k in LOW], trials=106)
    for mine, theirs in zip(
        [s for s in found.specifications if s.inclusion is inclusion], scored.specifications, strict=True
    ):
        assert mine.estimate == pytest.approx(theirs.estimate)
        assert mine.p_support == pytest.approx(theirs.p_support)


def test_runs_that_lack_an_eval_can_be_left_out_of_all() -> None:
    # Run 4 of each arm has no audit: it counts for blackmail, and not among the runs with every eval.
    cells = [({"tools": t}, {"blackmail": counts, "audit": EVEN[:4]}) for t, counts in ((0, HIGH), (1, LOW))]
    (found,) = verdicts(cells, DROP)
    (fewer,) = verdicts([({"tools": 0}, HIGH[:4]), ({"tools": 1}, LOW[:4])], DROP)
    complete = [s for s in found.specifications if s.inclusion is Inclusion.COMPLETE_RUNS]
    assert [s.p_support for s in complete] == pytest.approx([s.p_support for s in fewer.specifications])


def test_contaminated_evals_can_be_left_out_of_a_mean() -> None:
    asked = claim(kind="reduces", evals=("blackmail", "audit"))
    cells = [({"tools": 0}, {"blackmail": HIGH, "audit": EVEN}), ({"tools": 1}, {"blackmail": LOW, "audit": EVEN})]
    (found,) = verdicts(cells, asked, evals={"blackmail": {"contaminated": True}})
    clean = one(found, inclusion=Inclusion.UNCONTAMINATED, scale=Scale.RISK_DIFFERENCE, estimator=Estimator.RUNS)
    assert clean.estimate == pytest.approx(0.0)
    assert clean.agrees is False
    assert found.agreement == pytest.approx(0.5)  # seven specifications with the eval agree, seven without do not


def test_another_judge_and_the_last_step_are_specifications() -> None:
    study = study_of(["tools"], [DROP], draws=999, judge="A", step=1)
    runs = pd.DataFrame(
        [{"run_id": f"{t}-{i}", "base_model": "m", "seed": str(i), "tools": t} for t in (0, 1) for i in range(5)]
    )
    table = {("A", 1): (HIGH, LOW), ("A", 2): (HIGH, EVEN), ("B", 1): (EVEN, EVEN)}
    outcomes = [
        {"run_id": f"{t}-{i}", "eval_id": "blackmail", "judge": who, "step": step, "n_trials": 100, "n_events": n}
        for (who, step), arms in table.items()
        for t in (0, 1)
        for i, n in enumerate(arms[t])
    ]
    evals = evals_frame(["blackmail"], {})
    tables = tables_from_frames(study, runs=runs, outcomes=pd.DataFrame(outcomes), evals=evals)
    (found,) = judge(study, tables, design_of(study, tables))
    shown = {"scale": Scale.RISK_DIFFERENCE, "estimator": Estimator.RUNS}
    assert one(found, inclusion=Inclusion.DECLARED, judge="", **shown).estimate == pytest.approx(-0.4)
    assert one(found, inclusion=Inclusion.LAST_STEP, judge="", **shown).estimate == pytest.approx(-0.2)
    assert one(found, inclusion=Inclusion.DECLARED, judge="B", **shown).estimate == pytest.approx(0.0, abs=1e-12)
    assert found.status is Status.SUPPORTED


def test_specifications_are_held_to_the_level_of_the_family() -> None:
    # Alone p = .0159 is below .025; beside a claim that fails, Holm doubles it, and the specification's with it.
    close = [40, 46, 43, 45, 38], [37, 34, 39, 32, 41]
    (alone,) = verdicts([({"tools": 0}, close[0]), ({"tools": 1}, close[1])], DROP)
    other = claim(id="d", kind="equivalent", margin=0.001)
    first, _ = verdicts([({"tools": 0}, close[0]), ({"tools": 1}, close[1])], DROP, other)
    assert alone.specifications[0].status == "supported"
    assert first.p_adjusted == pytest.approx(2 * first.p_value)
    assert first.specifications[0].status == "undecided"
    assert first.specifications[0].p_support == alone.specifications[0].p_support


def test_the_declared_specification_says_what_the_primary_said() -> None:
    rng = np.random.default_rng(11)
    for _ in range(10):
        rates = rng.uniform(0.15, 0.6, 2)
        counts = [rng.binomial(100, rate, 5).tolist() for rate in rates]
        for asked in (DROP, claim(kind="no_harm", margin=0.06), claim(kind="reduces", minimum=0.05, margin=0.04)):
            found = verdict(*counts, asked)
            if found.status is Status.UNTESTABLE or any(o.agrees is False for o in found.second_opinions if o.decides):
                continue
            (declared,) = [s for s in found.specifications if s.declared]
            assert declared.agrees is True


def test_specifications_become_a_frame_with_their_columns() -> None:
    frame = specifications_frame(verdict(HIGH, LOW).specifications)
    assert list(frame.columns) == [
        *("claim", "scale", "estimator", "inclusion", "judge", "outcome", "estimate", "lower", "upper", "level"),
        *("region_lower", "region_upper", "p_support", "p_contradict", "p_needed", "status", "agrees", "declared"),
        *("reason", "distance", "distance_needed"),
    ]
    assert frame["estimator"].tolist()[:3] == ["over runs", "least squares over runs", "logit on counts"]
    assert specifications_frame(()).empty
