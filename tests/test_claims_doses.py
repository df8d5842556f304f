"""Dose response and efficiency: trends over doses, and drops per token."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from pydantic import ValidationError

from mixablate.claims import Flag, Status, Verdict, judge, region_of
from mixablate.design import design_of
from mixablate.errors import ClaimError
from mixablate.study import ComponentType, Scale
from small_studies import claim, flag, study_of, tables_of

DOSE = flag("tools", type=ComponentType.DOSE, baseline=0.0, target=10.0)
TWELVE = tuple(range(12))
JITTER = (0, 1, -1, 0, 2, -2, 1, 0, -1, 1, -1, 0)


def trend(fall: float, asked, *, doses: Sequence[float] = TWELVE, jitter=JITTER, components=(DOSE,)) -> Verdict:
    """The verdict on one run at each dose, whose events (of 100) fall by so many a dose from 60."""
    study = study_of(components, [asked], draws=999)
    cells = [({"tools": d}, [round(60 - fall * d) + j]) for d, j in zip(doses, jitter, strict=True)]
    tables = tables_of(study, cells)
    (found,) = judge(study, tables, design_of(study, tables))
    return found


def response(**keys):
    return claim(kind="dose_response", **keys)


@pytest.mark.parametrize(
    ("fall", "keys", "status"),
    [
        (3.0, {"minimum": 0.1}, "supported"),  # 30 points from dose 0 to dose 10
        (3.0, {}, "supported"),
        (-2.0, {}, "contradicted"),
        (0.3, {"minimum": 0.1}, "contradicted"),
        (0.0, {"margin": 0.1}, "equivalent"),
        (1.1, {"minimum": 0.1}, "undecided"),
        (3.0, {"scale": "log_odds", "minimum": 0.5}, "supported"),
    ],
)
def test_a_trend_over_doses_is_judged_without_replicates(fall: float, keys: dict[str, object], status: str) -> None:
    found = trend(fall, response(**keys))
    assert found.status == status, found.reason
    assert "wild cluster bootstrap" in found.second_opinions[0].method
    if keys.get("scale") is None:
        y = [(round(60 - fall * d) + j) / 100 for d, j in zip(TWELVE, JITTER, strict=True)]
        assert found.evidence[0].estimate == pytest.approx(10 * np.polyfit(TWELVE, y, 1)[0])


def test_the_standard_error_is_hc2_by_hand() -> None:
    found = trend(3.0, response(minimum=0.1))
    x = np.array(TWELVE, dtype=float)
    y = np.array([(60 - 3 * d + j) / 100 for d, j in zip(TWELVE, JITTER, strict=True)])
    rows = np.column_stack([np.ones(12), x])
    hat = rows @ np.linalg.inv(rows.T @ rows) @ rows.T
    left = y - hat @ y
    pull = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    error = math.sqrt(float((pull**2 * left**2 / (1 - np.diag(hat))).sum()))
    assert found.evidence[0].std_error == pytest.approx(10 * error)


def test_a_trend_on_logs_leaves_dose_zero_out() -> None:
    doses = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)
    component = flag("tools", type=ComponentType.DOSE, baseline=0.0, target=1024.0)
    study = study_of([component], [response(over="log_dose")], draws=999)
    counts = [90, *(60 - 3 * i + j for i, j in zip(range(11), JITTER, strict=False))]
    tables = tables_of(study, [({"tools": d}, [n]) for d, n in zip(doses, counts, strict=True)])
    (found,) = judge(study, tables, design_of(study, tables))
    slope = np.polyfit(np.log(doses[1:]), np.array(counts[1:]) / 100, 1)[0]
    assert found.evidence[0].estimate == pytest.approx(slope * math.log(1024))
    assert found.evidence[0].n_treated + found.evidence[0].n_reference == 11
    assert "from 1 to 1024 on the log of the dose" in found.reason


def test_strata_have_levels_of_their_own() -> None:
    study = study_of((DOSE, "prompts"), [response(minimum=0.1)], draws=999)
    cells = [
        ({"tools": d, "prompts": p}, [60 - 3 * d - 20 * p + j])
        for p in (0, 1)
        for d, j in zip(range(8), JITTER, strict=False)
    ]
    tables = tables_of(study, cells)
    (found,) = judge(study, tables, design_of(study, tables))
    slope = np.polyfit(range(8), [(60 - 3 * d + j) / 100 for d, j in zip(range(8), JITTER, strict=False)], 1)[0]
    assert found.evidence[0].estimate == pytest.approx(10 * slope)
    assert found.status is Status.SUPPORTED


def test_a_step_against_the_trend_is_named() -> None:
    jitter = (*JITTER[:5], 12, *JITTER[6:])  # dose 5: 45 + 12 after 48 + 2, 7 points up
    assert "between 4 and 5 the runs go the other way, by 7.0 points" in trend(3.0, response(), jitter=jitter).reason


@pytest.mark.parametrize(
    ("doses", "jitter", "words"),
    [
        ((5,) * 6, (0, 1, -1, 0, 1, -1), "one dose only"),
        (range(4), (0, 1, -1, 0), "effective degrees of freedom"),
        ((*range(11), 60), JITTER, "effective degrees of freedom"),
    ],
)
def test_doses_that_carry_no_trend_are_untestable(doses, jitter, words: str) -> None:
    found = trend(0.4, response(), doses=tuple(doses), jitter=jitter)
    assert found.status is Status.UNTESTABLE
    assert words in found.reason
    assert "doses" in found.would_settle


def test_a_flag_has_no_dose() -> None:
    with pytest.raises(ClaimError, match="CLAIM_DOSE"):
        trend(1.0, response(), doses=(0, 1) * 3, jitter=(0, 1, 2, 0, 1, 2), components=("tools",))


ARMS = ((0, 0), (1, 0), (0, 1))
SPREAD = (-2, -1, 0, 1, 2)


def efficient(counts: tuple[int, int, int], tokens: tuple[float, float, float], **keys) -> Verdict:
    """The verdict on arms neither, tools, prompts with these events of 100 and tokens (in millions)."""
    asked = claim(kind="efficient", than=("prompts",), **keys)
    study = study_of(claims=[asked], draws=999)
    cells = [
        ({"tools": t, "prompts": p, "tokens": size}, [mean + d for d in SPREAD])
        for (t, p), mean, size in zip(ARMS, counts, tokens, strict=True)
    ]
    tables = tables_of(study, cells)
    (found,) = judge(study, tables, design_of(study, tables))
    return found


@pytest.mark.parametrize(
    ("counts", "keys", "status"),
    [
        # Drops of 30 points for 3 M tokens and of 30 for 30 M: ten times as much for each.
        ((60, 30, 30), {"ratio": 5.0}, "supported"),
        ((60, 30, 30), {"ratio": 20.0}, "contradicted"),
        ((60, 30, 30), {"ratio": 10.0}, "undecided"),
        ((60, 30, 58), {"ratio": 20.0}, "supported"),  # 2 points for 30 M: 150 times
        ((60, 60, 60), {"ratio": 2.0}, "undecided"),
        ((60, 75, 90), {"ratio": 2.0}, "contradicted"),  # no drop of its own
        ((60, 30, 30), {"ratio": 5.0, "scale": "log_odds"}, "supported"),
    ],
)
def test_efficiency_is_a_ratio_of_drops_per_token(counts, keys, status) -> None:
    found = efficient(counts, (100.0, 103.0, 130.0), **keys)
    assert found.status == status, found.reason
    drop, ratio = found.evidence
    assert Flag.SATURATED not in found.flags  # a ratio of 5 is no rise by 500 points
    if keys.get("scale") is None and counts[2] < 60:
        assert ratio.estimate == pytest.approx((60 - counts[1]) / 3 / ((60 - counts[2]) / 30))
    assert drop.scale == keys.get("scale", "risk_difference")


def test_its_interval_is_fiellers() -> None:
    # On scores' scale a linear model: Fieller's limits solve (a - r b)^2 = t^2 (Va - 2 r Vab + r^2 Vb) with the two
    # drops in log-odds per token, which share the arm with neither; df by Satterthwaite at each ratio.
    found = efficient((60, 30, 30), (100.0, 103.0, 130.0), ratio=5.0, scale="log_odds")
    means, variances = [], []
    for mean in (60, 30, 30):
        values = [math.log((mean + d + 0.5) / (100 - mean - d + 0.5)) for d in SPREAD]
        means.append(float(np.mean(values)))
        variances.append(float(np.var(values, ddof=1)) / 5)
    from scipy.special import stdtrit

    for limit in (found.evidence[1].lower, found.evidence[1].upper):
        c = np.array([-1 / 3 + limit / 30, 1 / 3, -limit / 30])
        shares = c**2 * np.array(variances)
        df = shares.sum() ** 2 / (shares**2 / 4).sum()
        assert abs(c @ np.array(means)) == pytest.approx(stdtrit(df, 0.975) * math.sqrt(shares.sum()), rel=1e-4)


def test_an_other_side_without_a_clear_drop_leaves_the_ratio_without_an_upper_limit() -> None:
    found = efficient((60, 30, 59), (100.0, 103.0, 130.0), ratio=2.0)
    assert found.status is Status.SUPPORTED
    assert found.evidence[1].upper is None
    assert "no upper limit" in found.reason


def test_what_is_left_without_a_run_is_told_as_a_ratio() -> None:
    found = efficient((60, 30, 30), (100.0, 103.0, 130.0), ratio=20.0)
    assert found.left_out
    assert {row.scale for row in found.left_out} == {Scale.RISK_RATIO}


def test_another_base_model_on_the_other_side_makes_it_untestable() -> None:
    asked = claim(kind="efficient", than=("prompts",), ratio=2.0)
    study = study_of(claims=[asked])
    cells = [
        ({"tools": t, "prompts": p, "tokens": 100.0 + 5 * t + 30 * p, "base_model": "n" if p else "m"}, [50, 53, 56])
        for t, p in ARMS
    ]
    tables = tables_of(study, cells)
    (found,) = judge(study, tables, design_of(study, tables))
    assert found.status is Status.UNTESTABLE
    assert "share no base model" in found.reason


def test_mixes_that_cost_nothing_more_have_no_efficiency() -> None:
    found = efficient((60, 30, 30), (100.0, 100.0, 130.0), ratio=2.0)
    assert found.status is Status.UNTESTABLE
    assert "no more tokens than its reference" in found.reason
    assert "tokens of both" in found.would_settle


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"kind": "dose_response", "components": ("tools", "prompts")}, "at most 1"),
        ({"kind": "dose_response", "over": "logit"}, "log_dose"),
        ({"kind": "dose_response", "scale": "risk_ratio"}, "log_odds"),
        ({"kind": "efficient", "than": ("prompts",)}, "ratio"),
        ({"kind": "efficient", "ratio": 2.0}, "than"),
        ({"kind": "efficient", "than": ("prompts",), "ratio": 0.0}, "greater than 0"),
        ({"kind": "efficient", "than": ("tools",), "ratio": 2.0}, "other components"),
    ],
)
def test_wrong_declarations_are_refused(keys: dict[str, object], found: str) -> None:
    with pytest.raises(ValidationError, match=found):
        claim(**keys)


@pytest.mark.parametrize("column", ["token", "seed_text"])
def test_a_column_without_numbers_is_refused(column: str) -> None:
    asked = claim(kind="efficient", than=("prompts",), ratio=2.0, per=column)
    study = study_of(claims=[asked])
    cells = [
        ({"tools": t, "prompts": p, "tokens": 10.0 * (1 + t + p), "seed_text": "x"}, [30, 31, 32]) for t, p in ARMS
    ]
    tables = tables_of(study, cells)
    with pytest.raises(ClaimError, match="CLAIM_COLUMN"):
        judge(study, tables, design_of(study, tables))


def test_their_regions() -> None:
    region = region_of(response(minimum=0.1), lower_is_better=True)
    assert (region.lower, region.upper, region.at_no_effect) == (-math.inf, -0.1, False)
    own = region_of(claim(kind="efficient", than=("prompts",), ratio=2.0), lower_is_better=False)
    assert (own.lower, own.upper, own.at_no_effect) == (0.0, math.inf, True)
