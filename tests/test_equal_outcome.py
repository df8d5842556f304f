"""`efficient` at an equal outcome: how many times fewer tokens bring the same, read off a component's doses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.special import stdtrit
from scipy.stats import ttest_ind
from straight_in_log_dose import largest_factor

from mixablate.claims import Flag, Status, Verdict, claim_audits, claim_switches, judge, regions_of
from mixablate.claims.left_out import LeftOut, Unit
from mixablate.design import design_of, smallest_additions
from mixablate.errors import ClaimError
from mixablate.study import ComponentType, Scale, Study
from mixablate.study.locked_keys import locked_declaration
from mixablate.tables import Tables
from small_studies import claim, flag, study_of, tables_of

DOSE = flag("tools", type=ComponentType.DOSE, baseline=0.0, target=27.0)
SPREAD = (-2, -1, 0, 1, 2)
# Ten points more for each tripling: a straight line in log tokens.
CURVE = {1: 50, 3: 40, 9: 30, 27: 20}
ROOT = math.sqrt(3.0)
EXACT = 1e-9  # rounding in logarithms
SEARCHED = 1e-6  # limits are searched to 1e-9 on the log


def asked(**keys: object):
    return claim(**({"kind": "efficient", "equal": "outcome", "than": ("prompts",), "ratio": 3.0} | keys))


def drawn(
    curve: Mapping[float, int] = CURVE,
    other: int = 35,
    *,
    data: float = 27.0,
    unit: float = 1.0,
    spread: Mapping[float, Sequence[int]] | None = None,
    higher: bool = False,
    columns: Mapping[str, Sequence[object]] | None = None,
    amounts: Mapping[float, float] | None = None,
    component=DOSE,
    missing: int = 0,
    pair: str = "",
    **keys: object,
) -> tuple[Study, Tables]:
    """A study of a reference at 60 of 100 events, tools at doses, and prompts with so many tokens more.

    `spread` names doses whose runs differ otherwise; `amounts` doses whose tokens are not the dose.
    """
    study = study_of((component, "prompts"), [asked(**keys)], draws=999, pair=pair)
    arms = [(0, 0, 0.0, 60), *((d, 0, (amounts or {}).get(d, d), n) for d, n in curve.items()), (0, 1, data, other)]
    cells = [
        (
            {"tools": d, "prompts": p, "tokens": unit * (100.0 + more)},
            [(100 - n - k if higher else n + k) for k in (spread or {}).get(d, SPREAD)],
        )
        for d, p, more, n in arms
    ]
    evals = {"blackmail": {"direction": "higher"}} if higher else None
    return study, tables_of(study, cells, evals=evals, run_columns=columns, missing=missing)


def iso(*given: object, **keys: object) -> Verdict:
    study, tables = drawn(*given, **keys)
    (found,) = judge(study, tables, design_of(study, tables))
    return found


@pytest.mark.parametrize(
    ("ratio", "keys", "status"),
    [
        (3.0, {}, "supported"),  # 35 against 30 at a third of the tokens
        (4.0, {}, "supported"),  # read between 3 and 9
        (5.2, {}, "undecided"),
        (9.0, {}, "contradicted"),  # 40 at a ninth
        (20.0, {}, "contradicted"),
        (3.0, {"scale": "log_odds"}, "supported"),
        (9.0, {"scale": "log_odds"}, "contradicted"),
        (3.0, {"higher": True}, "supported"),
        (9.0, {"higher": True}, "contradicted"),
        (3.0, {"other": 60, "curve": {3: 60, 9: 60}}, "undecided"),  # nothing moves
        (3.0, {"other": 80, "curve": {3: 70, 9: 70}}, "contradicted"),  # better than the other, and no drop of its own
    ],
)
def test_the_ratio_is_judged_at_the_tokens_that_it_names(ratio: float, keys: dict[str, object], status: str) -> None:
    found = iso(ratio=ratio, **keys)
    assert found.status == status, found.reason
    assert len(found.evidence) == 2


def test_equal_slopes_in_log_tokens_give_the_ratio_of_their_tokens() -> None:
    # Prompts with 27 bring what tools bring with 9; with 35 events what they bring half-way from 3 to 9, at 3 root 3.
    same = iso(other=30).evidence[1]
    assert same.estimate == pytest.approx(3.0, rel=EXACT)
    between = iso(other=35).evidence[1]
    assert between.estimate == pytest.approx(27.0 / (3.0 * ROOT), rel=EXACT)
    assert iso(other=35, ratio=9.0).evidence[1].estimate == pytest.approx(between.estimate, rel=EXACT)
    assert iso(other=35, higher=True).evidence[1].estimate == pytest.approx(between.estimate, rel=EXACT)


def test_the_own_drop_is_read_on_the_line_between_neighbouring_doses() -> None:
    # 27 / 9 root 3 lies half-way from 1 to 3 in logs: 45 of 100 against 60.
    own = iso(ratio=9.0 * ROOT).evidence[0]
    assert own.estimate == pytest.approx(-0.15, rel=EXACT)
    assert (own.n_treated, own.n_reference) == (10, 5)


def logits(mean: int, spread: Sequence[int] = SPREAD) -> list[float]:
    return [math.log((mean + d + 0.5) / (100 - mean - d + 0.5)) for d in spread]


def test_its_limits_are_where_the_contrast_of_arms_turns() -> None:
    # By hand on log-odds: at the limit's tokens the two doses beside it, weighted in logs, less the other's mean equal
    # t times their standard error, with Satterthwaite's degrees of freedom.
    ratio = iso(scale="log_odds", other=35).evidence[1]
    for limit in (ratio.lower, ratio.upper):
        x = 27.0 / limit
        low = max(d for d in CURVE if d <= x)
        share = math.log(x / low) / math.log(3.0)
        weights = np.array([1.0 - share, share, -1.0])
        values = np.array([logits(CURVE[low]), logits(CURVE[3 * low]), logits(35)])
        parts = weights**2 * values.var(axis=1, ddof=1) / 5
        df = parts.sum() ** 2 / (parts**2 / 4).sum()
        lead = abs(float(weights @ values.mean(axis=1)))
        assert lead == pytest.approx(stdtrit(df, 0.975) * math.sqrt(parts.sum()), rel=SEARCHED)


@pytest.mark.parametrize("curve", [CURVE, {1: 50, 3: 20, 9: 45, 27: 20}])
def test_the_primary_supports_claims_just_below_its_lower_limit_and_none_just_above(curve: dict[float, int]) -> None:
    lower = iso(curve).evidence[1].lower
    assert iso(curve, ratio=lower * 0.999).p_value < 0.025 < iso(curve, ratio=lower * 1.001).p_value


def test_runs_of_one_seed_are_compared_as_pairs() -> None:
    # Every arm has the same five levels, seed by seed, so that a paired difference has no spread but that of dose 9.
    found = iso(spread={9: (-1, -1, 0, 1, 1)}, pair="seed")
    assert found.status is Status.SUPPORTED
    assert "within pairs" in found.evidence[1].method
    loose = iso(spread={9: (-1, -1, 0, 1, 1)})
    assert found.evidence[1].estimate == pytest.approx(loose.evidence[1].estimate)


def test_at_a_dose_that_was_run_it_is_welchs_test_of_two_arms() -> None:
    found = iso(scale="log_odds", other=31)
    welch = ttest_ind(logits(30), logits(31), equal_var=False, alternative="less")
    assert found.p_value == pytest.approx(welch.pvalue)
    assert "exact randomisation" in found.second_opinions[1].method


def test_between_doses_the_second_opinion_is_the_wild_bootstrap_of_the_contrast() -> None:
    found = iso(ratio=4.0)
    assert "wild cluster bootstrap over 15 runs" in found.second_opinions[1].method
    assert found.second_opinions[1].agrees


def test_no_number_depends_on_the_unit_of_the_tokens() -> None:
    one, million = (iso(unit=unit, ratio=4.0).evidence[1] for unit in (1.0, 1e6))
    assert [million.estimate, million.lower, million.upper] == pytest.approx([one.estimate, one.lower, one.upper])


def test_the_page_says_by_how_much_a_bend_may_mislead() -> None:
    page = (Path(__file__).resolve().parents[1] / "docs/claims/efficient.md").read_text(encoding="utf-8")
    two, three, ten = (largest_factor(apart) for apart in (2.0, 3.0, 10.0))
    assert f"{two:.2f} between doses that double, {three:.2f} where they triple and {ten:.1f} where they" in page


def test_what_the_reading_supposes_is_said() -> None:
    assert "at an equal outcome the other takes 5.2 times the tokens (95% interval 4." in iso().reason
    words = "27 tokens against doses of 1 to 27, held against the claim at"
    assert f"{words} 6.75, on a straight line in log tokens between tools=3 and tools=9" in iso(ratio=4.0).reason
    assert f"{words} 9, a dose that was run" in iso(ratio=3.0).reason
    assert "27,000,000 tokens against doses of 1,000,000" in iso(unit=1e6).reason
    assert "straight lines in log data between neighbouring doses" in iso().evidence[1].method


@pytest.mark.parametrize(
    ("curve", "other", "status", "ends", "words"),
    [
        # Ten points below the other at every dose, from 1 to 27: 27 times or more.
        (dict.fromkeys(CURVE, 25), 35, "supported", (27.0, None), "from the claim's down: 27 times or more"),
        (dict.fromkeys(CURVE, 45), 35, "contradicted", (None, 1.0), "from the claim's up: less than 1 times"),
        (dict.fromkeys(CURVE, 35), 35, "undecided", (None, None), "no lower limit within the doses run; no upper"),
    ],
)
def test_nothing_is_told_beyond_the_doses(curve, other, status, ends, words) -> None:
    found = iso(curve, other)
    assert found.status == status
    for end, wanted in zip((found.evidence[1].lower, found.evidence[1].upper), ends, strict=True):
        assert end == (None if wanted is None else pytest.approx(wanted))
    assert found.evidence[1].estimate is None
    assert words in found.reason
    assert "no ratio of tokens at an equal outcome within the doses run" in found.reason


def test_one_limit_may_lie_beyond_the_doses() -> None:
    # At 1 the tools do as well as the prompts, and at 3 clearly better.
    found = iso({1: 35, 3: 25, 9: 15, 27: 10}, 35).evidence[1]
    assert found.estimate is None or found.estimate == pytest.approx(27.0)
    assert 9.0 < found.lower < 27.0
    assert found.upper is None
    assert "no upper limit within the doses run" in found.notes


def test_a_curve_that_turns_is_told_as_the_hull_of_its_pieces() -> None:
    # 35 lies between 50 and 20, between 20 and 45 and between 45 and 20: three times, ten points or more off each dose.
    found = iso({1: 50, 3: 20, 9: 45, 27: 20}, 35, ratio=9.0)
    ratio = found.evidence[1]
    assert found.status is Status.SUPPORTED
    assert "meets the other's outcome 3 times; the one next to the claim is told" in found.reason
    assert "hull of 3 pieces" in found.reason
    # The one with fewer tokens than the claimed 3: half-way from 1 to 3.
    assert ratio.estimate == pytest.approx(27.0 / ROOT, rel=EXACT)
    # The last crossing, at 10/25 of the way from 9 to 27, bounds the hull below.
    assert ratio.lower < 27.0 / (9.0 * 3.0**0.4) < 27.0 / ROOT < ratio.upper
    other_side = iso({1: 50, 3: 20, 9: 45, 27: 20}, 35, ratio=3.0)
    assert other_side.status is Status.CONTRADICTED
    assert other_side.evidence[1].estimate == pytest.approx(27.0 / (9.0 * 3.0**0.4), rel=EXACT)
    assert (other_side.evidence[1].lower, other_side.evidence[1].upper) == (ratio.lower, ratio.upper)


def test_a_curve_that_falls_back_bounds_the_doses_run_only() -> None:
    found = iso({1: 50, 3: 20, 9: 45, 27: 50}, 35, ratio=2.0)
    assert found.status is Status.CONTRADICTED
    assert found.evidence[1].estimate is None
    assert "meets the other's outcome 2 times;" in found.reason
    assert "it does as well at no dose from the claim's up;" in found.reason
    assert "the limits hold within the doses run only" in found.reason


@pytest.mark.parametrize(
    ("keys", "reason", "needed"),
    [
        ({"ratio": 30.0}, "The claim asks for tools at 0.9 tokens above its reference's", "about 0.9 tokens more"),
        (
            {"ratio": 0.5},
            "its doses were run from 1 to 27; nothing is read outside",
            "runs of tools with about 54 tokens",
        ),
        ({"curve": {}}, "No dose of tools has 2 runs beside 2 of its reference", "runs of tools with about 9 tokens"),
        (
            {"spread": dict.fromkeys(CURVE, (0,))},
            "No dose of tools has 2 runs beside 2 of its reference",
            "tokens more than its reference",
        ),
        ({"data": 0.0}, "Prompts has no more tokens than its reference", "tokens of both"),
        ({"data": -5.0}, "Prompts has no more tokens than its reference", "tokens of both"),
        ({"amounts": {3: 9.0}}, "Tools at 3 and 9 has the same tokens", "doses of tools that differ in tokens"),
        ({"treated": {"prompts": 2.0}}, "No run stands at prompts=2", "an arm with prompts=2"),
        ({"spread": {9: (0, 1)}}, "2 runs against 5", "at least 3 training runs on each side"),
    ],
)
def test_what_cannot_be_read_is_untestable_with_what_would_let_it(keys, reason: str, needed: str) -> None:
    found = iso(**keys)
    assert found.status is Status.UNTESTABLE
    assert reason in found.reason
    assert needed in found.would_settle
    assert all(effect.lower is None and effect.upper is None for effect in found.evidence)


def test_an_arm_whose_outcomes_are_those_of_one_run_is_untestable() -> None:
    study, tables = drawn(ratio=4.0)
    lost = {f"arm3/é{i:02d}" for i in range(4)}  # four of the five runs at dose 9
    outcomes, headline = (f[~f["run_id"].isin(lost)] for f in (tables.outcomes, tables.headline))
    tables = replace(tables, outcomes=outcomes, headline=headline)
    (found,) = judge(study, tables, design_of(study, tables))
    assert found.status is Status.UNTESTABLE
    assert "One run at tools=9 prompts=0: a curve over doses needs 2 or more in each arm" in found.reason


def test_a_dose_without_runs_to_spare_is_left_out_of_the_curve_by_name() -> None:
    found = iso(spread={3: (0,)}, ratio=2.0)
    assert "not on the curve for want of 2 runs or of tokens: 3" in found.reason
    assert "27 tokens against doses of 1 to 27" in found.reason
    # The line from 50 at 1 to 30 at 9 meets 35 at three quarters.
    assert found.evidence[1].estimate == pytest.approx(27.0 / 9.0**0.75, rel=EXACT)


def test_another_base_model_on_the_other_side_makes_it_untestable() -> None:
    models = ["m"] * 25 + ["n"] * 5
    found = iso(columns={"base_model": models})
    assert found.status is Status.UNTESTABLE
    assert "share no base model" in found.reason


def left_without(model: str, dose: int, **keys: object) -> LeftOut:
    """What is left without a base model, where one dose was run on the second model only and all else on both."""
    both, second = ["m", "m", "m", "n", "n"], ["n"] * 5
    arms = [both, *(second if d == dose else both for d in CURVE), both]
    found = iso(columns={"base_model": [name for arm in arms for name in arm]}, **keys)
    assert found.status is Status.SUPPORTED
    (row,) = (row for row in found.left_out if (row.unit, row.name) == (Unit.BASE_MODEL, model))
    return row


def test_leaving_out_a_base_model_reads_the_curve_that_is_left() -> None:
    # The first three runs of an arm are one event lower in the mean. Without the second model dose 9 is gone; from 39
    # at 3 to 20 at 27, which the claim does not rest on and which keeps its runs, 34 lies 5 / 19 of the way.
    row = left_without("n", 9, ratio=4.0)
    assert row.scale is Scale.RISK_RATIO
    assert row.estimate == pytest.approx(27.0 / (3.0 * 9.0 ** (5.0 / 19.0)), rel=EXACT)
    assert not row.flips


def test_nothing_is_left_where_the_last_dose_is_left_out() -> None:
    row = left_without("n", 27, ratio=1.0)
    assert row.estimate is None
    assert row.note == "nothing is left to compare"


def test_a_ratio_is_never_taken_for_a_change_in_points() -> None:
    found = iso()
    assert Flag.SATURATED not in found.flags
    assert found.evidence[1].scale is Scale.RISK_RATIO


def test_whatever_the_missing_were_the_ratio_lies_within_ends_told_as_ratios() -> None:
    found = iso(missing=3, ratio=4.0)
    ends = found.measurement.outcomes[1].missing
    assert ends.low < found.evidence[1].estimate < ends.high
    assert f"the estimate lies between {ends.low:.3g}x and {ends.high:.3g}x" in found.reason


def test_its_regions() -> None:
    own, ratio = regions_of(asked(), lower_is_better=True)
    assert (own.upper, own.at_no_effect, own.words) == (0.0, True, "a drop of their own")
    assert (ratio.lower, ratio.upper, ratio.words) == (
        3.0,
        math.inf,
        "the other's outcome, or a better one, with 1/3 of its tokens",
    )


def test_it_asks_for_arms_only_where_no_dose_was_run() -> None:
    study, tables = drawn()
    design = design_of(study, tables)
    assert smallest_additions(design, claim_switches(study.claims[0], design)).arms == ()
    (row,) = claim_audits(study.claims, tables, design)
    assert row.testable
    study, tables = drawn({})
    design = design_of(study, tables)
    (added,) = smallest_additions(design, claim_switches(study.claims[0], design)).arms
    assert added.arm.level("tools") == 27.0
    (row,) = claim_audits(study.claims, tables, design)
    assert not row.estimable


def test_more_runs_or_nearer_doses_would_settle_it() -> None:
    assert "doses beside the claimed one, or doses nearer to it" in iso(ratio=5.2).would_settle


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"equal": "loss"}, "'amount' or 'outcome'"),
        ({"components": ("tools", "third")}, 'one component in "components" is required, run at doses'),
        ({"treated": {"tools": 9.0}}, 'a "treated" without the component is required'),
        ({"than": ("tools",)}, "other components"),
    ],
)
def test_wrong_declarations_are_refused(keys: dict[str, object], found: str) -> None:
    with pytest.raises(ValidationError, match=found):
        asked(**keys)


def test_a_flag_has_no_curve() -> None:
    with pytest.raises(ClaimError, match=r'CLAIM_DOSE.*a dose or a fraction.*leave equal = "outcome" out'):
        iso({1: 30}, component="tools", ratio=27.0)


def test_what_is_held_equal_is_locked() -> None:
    entries = [
        locked_declaration(study_of((DOSE, "prompts"), [asked(**keys)]))["claims"]["c"]
        for keys in ({}, {"equal": "amount"})
    ]
    assert entries[0] == {**entries[1], "equal": "outcome"}


def test_a_ratio_is_not_told_that_its_limits_were_cut_as_a_difference_of_rates() -> None:
    # Seed by seed the dose less the other is -88 or 88 points: a mean of -18, and t(4) = 2.78 times 96/sqrt(5) = 120
    # points either way, beyond 100.
    spread = {0: (39, -39, 39, -39, 39), 3: (-49, 49, -49, 49, -49)}
    own, ratio = iso(dict.fromkeys(CURVE, 50), 50, pair="seed", spread=spread, ratio=9.0).evidence
    assert "within pairs" in ratio.method
    assert any("interval cut" in note for note in own.notes)
    assert not any("interval cut" in note for note in ratio.notes)
