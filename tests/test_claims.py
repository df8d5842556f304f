"""Claims: the order of deciding, regions, families, and tables whose verdict is plain by eye."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from mixablate.claims import Flag, Status, Verdict, holm, judge, region_of
from mixablate.claims.deciding import decide
from mixablate.design import design_of
from mixablate.errors import ClaimError
from mixablate.study import ComponentType
from mixablate.tables import tables_from_frames
from small_studies import claim, evals_frame, flag, study_of, tables_of

GOLD = Path(__file__).resolve().parents[1] / "fixtures" / "gold"
INF = math.inf
HIGH, LOW = [60, 55, 65, 58, 62], [20, 25, 15, 22, 18]
DROP = claim(kind="reduces")


def verdicts(cells, *claims, components=("tools",), **keys) -> tuple[Verdict, ...]:
    study = study_of(components, claims, draws=999)
    tables = tables_of(study, cells, **keys)
    return judge(study, tables, design_of(study, tables))


def verdict(reference, treated, asked=DROP, **keys) -> Verdict:
    (found,) = verdicts([({"tools": 0}, reference), ({"tools": 1}, treated)], asked, **keys)
    return found


# p_support, p_contradict, p_equivalent -> with the second opinion's consent, and against it; alpha is 0.05.
@pytest.mark.parametrize(
    ("support", "contradict", "equivalent", "agreed", "opposed"),
    [
        (0.01, 0.99, None, "supported", "undecided"),
        (0.025, 0.99, None, "supported", "undecided"),
        (0.0251, 0.99, None, "undecided", "undecided"),
        (0.99, 0.01, None, "contradicted", "undecided"),
        (0.99, 0.025, None, "contradicted", "undecided"),
        (0.01, 0.01, 0.01, "supported", "undecided"),  # supported comes first
        (0.99, 0.01, 0.01, "contradicted", "undecided"),  # equivalence cannot rescue what is opposed
        (0.01, 0.99, 0.01, "supported", "undecided"),
        (0.6, 0.4, 0.05, "equivalent", "equivalent"),  # a 1 - 2 alpha interval: one-sided alpha
        (0.6, 0.4, 0.051, "undecided", "undecided"),
        (0.6, 0.4, None, "undecided", "undecided"),
        (math.nan, math.nan, None, "undecided", "undecided"),
    ],
)
def test_the_order_of_deciding(
    support: float, contradict: float, equivalent: float | None, agreed: str, opposed: str
) -> None:
    assert decide(support, contradict, equivalent, 0.05, agrees=True) == agreed
    assert decide(support, contradict, equivalent, 0.05, agrees=False) == opposed


TOOLS_V_PROMPTS = {"kind": "stronger", "than": ("prompts",)}


@pytest.mark.parametrize(
    ("keys", "if_lower", "if_higher"),
    [
        ({"kind": "reduces"}, (-INF, 0.0, True), (0.0, INF, True)),
        ({"kind": "reduces", "minimum": 0.1}, (-INF, -0.1, False), (0.1, INF, False)),
        ({"kind": "reduces", "scale": "risk_ratio"}, (-INF, 1.0, True), (1.0, INF, True)),
        ({"kind": "reduces", "scale": "risk_ratio", "minimum": 0.25}, (-INF, 0.75, False), (1.25, INF, False)),
        ({"kind": "reduces", "scale": "log_odds", "minimum": 1.5}, (-INF, -1.5, False), (1.5, INF, False)),
        ({"kind": "reduces", "scale": "value", "minimum": 2.0}, (-INF, -2.0, False), (2.0, INF, False)),
        ({"kind": "at_least_ratio", "ratio": 4.0}, (-INF, 0.25, False), (4.0, INF, False)),
        ({"kind": "reaches_zero", "bound": 0.01}, (-INF, 0.01, False), (-INF, 0.01, False)),
        ({"kind": "equivalent", "margin": 0.05}, (-0.05, 0.05, False), (-0.05, 0.05, False)),
        ({"kind": "equivalent", "scale": "risk_ratio", "margin": 1.25}, (0.8, 1.25, False), (0.8, 1.25, False)),
        ({"kind": "equivalent", "scale": "log_odds", "margin": 0.5}, (-0.5, 0.5, False), (-0.5, 0.5, False)),
        ({"kind": "equivalent", "scale": "value", "margin": 3.0}, (-3.0, 3.0, False), (-3.0, 3.0, False)),
        ({"kind": "no_harm", "margin": 0.05}, (-INF, 0.05, False), (-0.05, INF, False)),
        ({"kind": "no_harm", "scale": "risk_ratio", "margin": 1.25}, (-INF, 1.25, False), (0.8, INF, False)),
        ({"kind": "no_harm", "scale": "log_odds", "margin": 0.5}, (-INF, 0.5, False), (-0.5, INF, False)),
        ({"kind": "no_harm", "scale": "value", "margin": 3.0}, (-INF, 3.0, False), (-3.0, INF, False)),
        (TOOLS_V_PROMPTS, (-INF, 0.0, True), (0.0, INF, True)),
        (TOOLS_V_PROMPTS | {"minimum": 0.1}, (-INF, -0.1, False), (0.1, INF, False)),
        (TOOLS_V_PROMPTS | {"scale": "log_odds", "minimum": 0.3}, (-INF, -0.3, False), (0.3, INF, False)),
        (TOOLS_V_PROMPTS | {"scale": "value"}, (-INF, 0.0, True), (0.0, INF, True)),
    ],
)
def test_every_kind_is_a_region(keys: dict[str, object], if_lower: tuple, if_higher: tuple) -> None:
    for lower_is_better, expected in ((True, if_lower), (False, if_higher)):
        region = region_of(claim(**keys), lower_is_better=lower_is_better)
        assert (region.lower, region.upper) == pytest.approx(expected[:2])
        assert region.at_no_effect is expected[2]
        assert region.words


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        (TOOLS_V_PROMPTS | {"scale": "risk_ratio"}, "scale risk_ratio"),
        ({"kind": "equivalent", "scale": "risk_ratio", "margin": 0.25}, "margin = 0.25"),
        ({"kind": "no_harm", "scale": "risk_ratio", "margin": 1.0}, "margin = 1"),
        ({"kind": "reduces", "scale": "risk_ratio", "minimum": 1.0}, "minimum = 1"),
        ({"kind": "reduces", "minimum": 5.0}, "below 1: rates are fractions"),
        ({"kind": "reduces", "minimum": 2.5}, "For 2.5 points write 0.025"),
        ({"kind": "no_harm", "margin": 5.0}, "below 1: rates are fractions"),
    ],
)
def test_numbers_without_meaning_on_their_scale_are_refused(keys: dict[str, object], found: str) -> None:
    with pytest.raises(ClaimError, match="CLAIM_REGION") as refused:
        region_of(claim(**keys), lower_is_better=True)
    assert found in str(refused.value)


def test_holm_by_hand() -> None:
    # Sorted .005 x 4, .01 x 3, .03 x 2, .04 x 1; each at least the one before.
    assert holm([0.04, 0.005, 0.03, 0.01]) == pytest.approx((0.06, 0.02, 0.06, 0.03))
    assert holm([]) == ()
    assert holm([0.2]) == (0.2,)
    assert holm([0.9, 0.8]) == (1.0, 1.0)


def test_holm_agrees_with_r() -> None:
    folder = GOLD / "padjust_bh1995"
    p_values = pd.read_csv(folder / "data.csv")["p"].tolist()
    reference = json.loads((folder / "reference.json").read_text())
    assert holm(p_values) == pytest.approx(reference["holm"], rel=1e-12)


def test_a_scale_that_does_not_fit_the_outcome_is_refused() -> None:
    with pytest.raises(ClaimError, match=r'CLAIM_SCALE.*Write scale = "risk_difference"'):
        verdict(HIGH, LOW, claim(kind="reduces", scale="value"))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"kind": "reduces"}, 'scale "risk_difference" (where none is written) for "blackmail", which holds scores'),
        ({"kind": "reduces", "scale": "log_odds"}, 'scale "log_odds" for "blackmail", which holds scores'),
        ({"kind": "reduces"}, 'Write scale = "value" in the claim: run means are compared'),
        ({"kind": "at_least_ratio", "ratio": 2.0}, "required: an eval with counts of events. Choose another kind"),
        ({"kind": "reaches_zero", "bound": 0.1, "scale": "value"}, "A score has no rate that could be zero"),
    ],
)
def test_a_claim_on_scores_is_told_which_scale_to_write(keys: dict[str, object], said: str) -> None:
    study = study_of(("tools",), [claim(**keys)])
    runs = pd.DataFrame({"run_id": list("abcdef"), "tools": [0, 0, 0, 1, 1, 1]})
    outcomes = runs[["run_id"]].assign(eval_id="blackmail", value=[0.5, 0.6, 0.7, 0.2, 0.1, 0.3])
    tables = tables_from_frames(study, runs=runs, outcomes=outcomes, evals=evals_frame(["blackmail"], {}))
    with pytest.raises(ClaimError, match="CLAIM_SCALE") as refused:
        judge(study, tables, design_of(study, tables))
    assert said in str(refused.value)


def test_evals_of_opposite_direction_have_no_mean() -> None:
    both = {"blackmail": HIGH, "probity": HIGH}
    mixed = claim(kind="reduces", evals=("blackmail", "probity"))
    with pytest.raises(ClaimError, match="CLAIM_MIXED_EVALS"):
        verdict(both, both, mixed, evals={"probity": {"direction": "higher"}})


def test_a_category_without_levels_to_switch_between_is_refused() -> None:
    mode = flag("mode", type=ComponentType.CATEGORY, baseline=None, target=None)
    with pytest.raises(ClaimError, match="CLAIM_LEVEL"):
        verdicts([({"mode": m}, HIGH) for m in "ab"], claim(kind="reduces", components=("mode",)), components=[mode])


def test_a_large_drop_is_supported_and_its_mirror_contradicted() -> None:
    supported, contradicted = verdict(HIGH, LOW), verdict(LOW, HIGH)
    assert (supported.status, contradicted.status) == (Status.SUPPORTED, Status.CONTRADICTED)
    assert supported.evidence[0].estimate == pytest.approx(-0.4)
    assert contradicted.evidence[0].estimate == pytest.approx(0.4)
    assert supported.p_value == pytest.approx(contradicted.p_value)
    for found in (supported, contradicted):
        assert found.flags == ()
        # One of the 252 ways to choose 5 of 10.
        assert found.second_opinions[0].p_value == pytest.approx(1 / 252)
        assert found.second_opinions[0].smallest == pytest.approx(1 / 252)


def test_a_higher_is_better_eval_turns_the_direction() -> None:
    up = {"evals": {"blackmail": {"direction": "higher"}}}
    assert verdict(LOW, HIGH, **up).status is Status.SUPPORTED
    assert verdict(HIGH, LOW, **up).status is Status.CONTRADICTED


def test_a_verdict_of_existence_says_where_the_interval_shown_does_not_follow_it() -> None:
    # Nine of ten treated runs fell to 1 or 2 of 300 and one rose to 280: on log-odds a drop, on mean rates nothing.
    # With the arms exchanged it is a rise, and the sentence is the same.
    steady, broken = [30, 31, 29, 30, 32, 30, 31, 29, 30, 31], [1, 2, 1, 1, 2, 2, 1, 2, 1, 280]
    for arms, status in (((steady, broken), Status.SUPPORTED), ((broken, steady), Status.CONTRADICTED)):
        found = verdict(*arms, trials=300)
        assert found.status is status
        assert found.reason.endswith("the interval shown, on another scale, includes no effect")


def test_equal_arms_are_equivalent_only_with_a_margin() -> None:
    arms = ([100, 101, 99, 100, 100], [100, 99, 101, 100, 101])
    within = verdict(*arms, claim(kind="reduces", margin=0.05), trials=300)
    assert within.status is Status.EQUIVALENT
    assert "90% interval" in within.reason
    assert verdict(*arms, trials=300).status is Status.UNDECIDED
    assert verdict(*arms, claim(kind="equivalent", margin=0.05), trials=300).status is Status.SUPPORTED


def test_three_against_three_is_supported_by_the_enumerated_wild_bootstrap_and_flagged() -> None:
    # 1/20 of a randomisation exceeds alpha/2, 1/64 of the sign vectors does not.
    found = verdict([60, 55, 65], [20, 25, 15])
    assert found.status is Status.SUPPORTED
    assert found.flags == (Flag.FEW_RUNS,)
    opinion = found.second_opinions[0]
    assert "wild cluster bootstrap" in opinion.method
    assert "all 64 sign vectors" in opinion.method
    assert opinion.smallest == pytest.approx(1 / 64)
    assert opinion.p_value == pytest.approx(1 / 64)
    assert (opinion.abstains, opinion.agrees, opinion.decides) == (False, True, True)


def test_reaching_zero_needs_a_bound_over_runs() -> None:
    zero = claim(kind="reaches_zero", bound=0.01)
    none = verdict([60] * 5, [0] * 5, zero, trials=300)
    assert none.status is Status.SUPPORTED
    assert none.evidence[0].upper == pytest.approx(1 / 300, abs=1e-4)
    assert none.evidence[0].n_treated == 5
    assert not [o for o in none.second_opinions if o.decides]
    many = verdict([60] * 5, [30, 40, 35, 28, 33], zero, trials=300)
    assert many.status is Status.CONTRADICTED
    # Rates .1, .133, .117, .093, .11: mean .1107. Its own interval decides, and lies beyond the claimed hundredth.
    found = many.evidence[0]
    assert found.lower is not None
    assert found.upper is not None
    assert 0.01 < found.lower < 166 / 1500 < found.upper
    assert "95% interval" in many.reason
    just = verdict([60] * 5, [4, 6, 3, 2, 4], zero, trials=300)  # 19 of 1,500: above 1 %, and not clearly
    assert just.status is Status.UNDECIDED
    assert just.evidence[0].lower is not None
    assert just.evidence[0].lower < 0.01
    few = verdict([60] * 5, [0, 0], zero, trials=300)
    assert few.status is Status.UNTESTABLE
    assert "2 treated runs" in few.reason


@pytest.mark.parametrize("kind", ["no_harm", "equivalent"])
def test_a_margin_of_half_the_reference_rate_is_refused(kind: str) -> None:
    arms = ([10, 11, 12, 9, 8], [10, 11, 12, 9, 8])
    refused = verdict(*arms, claim(kind=kind, margin=0.05))
    assert refused.status is Status.UNTESTABLE
    assert "Margin refused" in refused.reason
    assert "a margin below 0.05 would be taken" in refused.reason
    assert verdict(*arms, claim(kind=kind, margin=0.049)).status is not Status.UNTESTABLE


def test_families_are_adjusted_by_holm_without_what_the_design_cannot_test() -> None:
    full = ("tools", "prompts")
    cells = [({"tools": t, "prompts": 0}, HIGH if not t else [50, 54, 46, 52, 49]) for t in (0, 1)]
    one = claim(id="one", kind="reduces")
    two = claim(id="two", kind="reduces", minimum=0.03)
    never = claim(id="never", kind="reduces", components=("prompts",))
    look = claim(id="look", kind="reduces", minimum=0.01, status="exploratory")
    other = claim(id="other", kind="reduces", family="other")
    found = {v.claim.id: v for v in verdicts(cells, one, two, never, look, other, components=full)}
    members = [found["one"], found["two"]]
    assert [v.p_adjusted for v in members] == pytest.approx(holm([v.p_value for v in members]))
    assert found["one"].p_adjusted == pytest.approx(2 * found["one"].p_value)
    assert found["never"].status is Status.UNTESTABLE
    for alone in (found["look"], found["other"]):
        assert alone.p_adjusted == alone.p_value
    assert Flag.EXPLORATORY in found["look"].flags
    assert Flag.EXPLORATORY not in found["one"].flags


def test_a_claim_lost_through_its_outcomes_still_counts_in_its_family() -> None:
    rare = claim(id="rare", kind="reduces", evals=("rare",))
    cells = [({"tools": t}, {"blackmail": (HIGH, LOW)[t], "rare": [0] * 5}) for t in (0, 1)]
    first, lost = verdicts(cells, DROP, rare)
    assert lost.status is Status.UNTESTABLE
    assert first.p_adjusted == pytest.approx(2 * first.p_value)


def test_a_claim_about_each_eval_needs_every_one() -> None:
    evals = ("blackmail", "audit")
    each = claim(kind="reduces", evals=evals, require="each")
    both, half, worse = (
        verdict({"blackmail": HIGH, "audit": before}, {"blackmail": LOW, "audit": after}, each)
        for before, after in ((HIGH, LOW), (HIGH, HIGH), (LOW, HIGH))
    )
    assert [v.status for v in (both, half, worse)] == [Status.SUPPORTED, Status.UNDECIDED, Status.CONTRADICTED]
    assert [effect.outcome for effect in both.evidence] == list(evals)
    # One contradicted eval contradicts, at twice its p (two chances).
    assert worse.p_value == pytest.approx(2 * both.p_value)


def test_missing_rollouts_matter_only_where_they_could_turn_the_verdict() -> None:
    arms = ([50, 45, 55, 48, 52], [35, 38, 41, 36, 39])
    assert Flag.MISSING_MATTERS in verdict(*arms, missing=60).flags
    assert Flag.MISSING_MATTERS not in verdict(*arms, missing=1).flags
    assert Flag.MISSING_MATTERS not in verdict(*arms).flags


def test_sides_that_share_no_judge_cannot_be_compared() -> None:
    study = study_of(["tools"], [DROP])
    tables = tables_of(study, [({"tools": 0}, HIGH), ({"tools": 1}, LOW)])
    treated = tables.headline["run_id"].str.startswith("arm1")
    judges = treated.map({True: "judge-b", False: "judge-a"}).astype(tables.headline["judge"].dtype)
    design = design_of(study, tables)
    (found,) = judge(study, replace(tables, headline=tables.headline.assign(judge=judges)), design)
    assert found.status is Status.UNTESTABLE
    assert "judge" in found.reason
    assert found.p_value is None


@pytest.mark.parametrize(
    "asked",
    [
        DROP,
        claim(kind="reduces", minimum=0.1),
        claim(kind="at_least_ratio", ratio=2.0),
        claim(kind="no_harm", margin=0.05),
        claim(kind="reduces", scale="log_odds"),
    ],
    ids=lambda asked: f"{asked.kind} {asked.scale}",
)
def test_no_verdict_rests_on_a_bare_p(asked) -> None:
    found = verdict(HIGH, LOW, asked)
    assert found.status is Status.SUPPORTED
    (effect,) = found.evidence
    assert None not in (effect.estimate, effect.lower, effect.upper)
    assert effect.lower < effect.estimate < effect.upper
    assert (effect.n_treated, effect.n_reference) == (5, 5)
    assert "5 v 5 runs" in found.reason
    assert "interval" in found.reason


def test_a_second_opinion_that_disagrees_leaves_the_claim_undecided() -> None:
    # The second smallest of 70 assignments: 2/70 exceeds 0.025, where the t test gives 0.013.
    found = verdict([29, 39, 35, 38], [31, 20, 19, 26])
    assert found.p_value is not None
    assert found.p_value < 0.025
    assert found.second_opinions[0].p_value == pytest.approx(2 / 70)
    assert found.second_opinions[0].agrees is False
    assert found.status is Status.UNDECIDED
    assert "the second opinion does not" in found.reason
    assert found.would_settle


def test_a_fragile_verdict_names_the_run_that_carries_it() -> None:
    reference, treated = [38, 33, 33, 36], [28, 22, 19, 31]
    found = verdict(reference, treated)
    assert found.status is Status.SUPPORTED
    assert Flag.FRAGILE in found.flags
    # The study judged anew without each run: only without the run named does p exceed 0.05 one-sided.
    without = {f"arm0/é{i:02d}": verdict(reference[:i] + reference[i + 1 :], treated) for i in range(4)}
    without |= {f"arm1/é{i:02d}": verdict(reference, treated[:i] + treated[i + 1 :]) for i in range(4)}
    assert found.fragility == tuple(run_id for run_id, v in without.items() if v.p_value > 0.05) == ("arm1/é01",)
    assert verdict(HIGH, LOW).fragility == ()


def test_unreplicated_doses_are_judged_by_their_regression_and_a_wild_bootstrap_of_it() -> None:
    dose = flag("tools", type=ComponentType.DOSE, baseline=0.0, target=1.1)
    counts = [60, 55, 57, 51, 46, 48, 41, 36, 37, 30, 27, 24]
    cells = [({"tools": 0.1 * step}, [count]) for step, count in enumerate(counts)]
    (found,) = verdicts(cells, DROP, components=(dose,))
    assert found.status is Status.SUPPORTED
    (effect,) = found.evidence
    assert "Bell-McCaffrey df" in effect.method
    deciding = found.second_opinions[0]
    assert "wild cluster bootstrap" in deciding.method
    assert deciding.agrees is True


def test_one_dose_far_from_the_others_carries_no_verdict() -> None:
    dose = flag("tools", type=ComponentType.DOSE, baseline=0.0, target=5.0)
    cells = [({"tools": 0.1 * step}, [60 - step]) for step in range(11)] + [({"tools": 5.0}, [10])]
    (found,) = verdicts(cells, DROP, components=(dose,))
    assert found.status is Status.UNTESTABLE


def test_runs_without_a_scored_rollout_matter() -> None:
    study = study_of(["tools"], [DROP])
    whole = tables_of(study, [({"tools": 0}, HIGH), ({"tools": 1}, LOW)])
    (alone,) = judge(study, whole, design_of(study, whole))
    runs = pd.concat([whole.runs, whole.runs.iloc[[-1]].assign(run_id="lost", seed="9")], ignore_index=True)
    lost = whole.outcomes.iloc[[-1]].assign(run_id="lost", n_events=0, n_missing=100, n_trials=100)
    outcomes = pd.concat([whole.outcomes, lost], ignore_index=True)
    columns = ["run_id", "eval_id", "n_trials", "n_events", "n_missing"]
    tables = tables_from_frames(study, runs=runs, outcomes=outcomes[columns], evals=whole.evals)
    (found,) = judge(study, tables, design_of(study, tables))
    assert Flag.MISSING_MATTERS not in alone.flags
    assert Flag.MISSING_MATTERS in found.flags
