"""A published rate against ours: both uncertainties in the interval, runs the unit on our side."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from pydantic import ValidationError

from mixablate.claims import Status, Verdict, judge, region_of
from mixablate.claims.kinds import cases_of
from mixablate.design import design_of
from mixablate.errors import ClaimError, StudyError
from mixablate.estimate import evidence_of, limits, wilson
from mixablate.study import Reported, Study, parse_study
from mixablate.tables import tables_from_frames
from small_studies import claim, evals_frame, study_of, tables_of

OURS = [28, 31, 30, 29, 32]  # of 100 each: 30 %


def published(**keys):
    return claim(kind="matches_rate", **({"rate": 0.3, "margin": 0.1} | keys))


def verdict(asked, counts=OURS, reference=(60, 61, 62), reported=(), **keys) -> Verdict:
    study = citing(asked, *reported)
    tables = tables_of(study, [({"tools": 0}, list(reference)), ({"tools": 1}, list(counts))], **keys)
    (found,) = judge(study, tables, design_of(study, tables))
    return found


def citing(asked, *reported: Reported) -> Study:
    """A study of the claim and these records."""
    plain = study_of(["tools"], draws=999)
    return Study(
        **{name: getattr(plain, name) for name in Study.model_fields} | {"claims": (asked,), "reported": reported}
    )


def cited(value: str = "30%", **keys) -> Verdict:
    """The verdict on our 30 % against a record that prints this."""
    record = Reported(id="paper", quantity="blackmail", value=value, **keys)
    return verdict(claim(kind="matches_rate", record="paper", margin=0.1), reported=[record])


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
        ([30, 31], "2 runs on our side", True),
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


# a rate that a record prints


@pytest.mark.parametrize(
    ("record", "typed"),
    [
        # 30.0 % of 200 is 60 of them alone (59 are 29.5 %), as rate = 0.3, n = 200 says
        ({"value": "30.0%", "n": 200}, {"n": 200}),
        # the ends stand for half a point beyond them
        (
            {"lower": "24%", "upper": "36%", "interval_level": 0.9, "interval_kind": "wald"},
            {"rate_lower": 0.235, "rate_upper": 0.365, "rate_level": 0.9},
        ),
        # one standard error either way: within one SD of a normal distribution lie 68.27 %
        (
            {"lower": "27%", "upper": "33%", "interval_kind": "sem"},
            {"rate_lower": 0.265, "rate_upper": 0.335, "rate_level": 0.682689492137086},
        ),
    ],
)
def test_a_cited_record_says_what_the_same_numbers_typed_in_say(
    record: dict[str, object], typed: dict[str, object]
) -> None:
    one, other = cited(**record), verdict(published(**typed))
    assert (one.status, one.p_value) == (other.status, pytest.approx(other.p_value, rel=1e-9))
    names = ("estimate", "lower", "upper", "std_error", "reference")
    for name in names:
        assert getattr(one.evidence[0], name) == pytest.approx(getattr(other.evidence[0], name), rel=1e-9), name
    assert 'against the published 30.0% (record "paper", ' in one.reason


def test_counts_that_rounding_leaves_open_all_count() -> None:
    # 30 % of 300 may be 89, 90 or 91 of them (29.67 to 30.33 %), and no other
    effect = cited(n=300).evidence[0]
    exact = verdict(published(n=300)).evidence[0]
    low, high = wilson(89, 300, 0.95)[0], wilson(91, 300, 0.95)[1]
    ours = [limit - effect.treated for limit in limits_of_ours()]
    assert effect.lower == pytest.approx(-math.hypot(ours[0], high - 0.3))
    assert effect.upper == pytest.approx(math.hypot(ours[1], 0.3 - low))
    assert effect.lower < exact.lower
    assert effect.upper > exact.upper


def limits_of_ours() -> tuple[float, float]:
    asked = published()
    study = study_of(["tools"], [asked])
    tables = tables_of(study, [({"tools": 0}, [60, 61]), ({"tools": 1}, OURS)])
    design = design_of(study, tables)
    (case,) = cases_of(asked, tables, design)
    return limits(evidence_of(case.summaries, case.contrast, asked.scale, design), 0.025)


def test_a_record_that_prints_how_its_runs_differ_is_taken_over_runs() -> None:
    # a mean of 30 % over 4 runs, SD 2 points, at most 2.5 as printed: t(3) = 3.1824 times 2.5 / sqrt(4), and rounding
    found = cited(runs=4, lower="28%", upper="32%", interval_kind="sd", n=400)
    effect = found.evidence[0]
    reach = 3.182446305284263 * 0.025 / 2 + 0.005
    ours = limits_of_ours()
    assert effect.lower == pytest.approx(-math.hypot(0.3 - ours[0], reach))
    assert effect.upper == pytest.approx(math.hypot(ours[1] - 0.3, reach))
    assert effect.notes == ()
    assert "the spread of its 4 runs, t" in found.reason


def test_a_record_without_n_and_interval_is_as_sure_as_its_rounding() -> None:
    for value, half in (("30%", 0.005), ("30.0%", 0.0005), ("~30%", 0.01)):
        found = cited(value)
        low, high = limits_of_ours()
        assert found.evidence[0].lower == pytest.approx(-math.hypot(0.3 - low, half))
        assert found.evidence[0].upper == pytest.approx(math.hypot(high - 0.3, half))
        assert found.evidence[0].notes == (
            "no n and no interval was published: the rate is taken as exact but for its rounding",
        )


def test_what_a_record_leaves_open_is_said() -> None:
    unstated = cited(lower="24%", upper="36%").evidence[0]
    assert "the level of the published interval is not stated: taken as 95%" in unstated.notes
    assert unstated.lower == pytest.approx(
        cited(lower="24%", upper="36%", interval_level=0.95, interval_kind="wilson").evidence[0].lower
    )
    few = cited(runs=2, lower="24%", upper="36%", interval_kind="sd").evidence[0]
    assert (
        few.notes[0]
        == "the printed spread is of fewer than 3 training runs, or of a number not stated, and is not used"
    )


def test_a_print_that_its_n_cannot_give_is_untestable() -> None:
    # 2 of 7 are 28.6 %, 3 of 7 are 42.9 %
    found = cited(n=7)
    assert found.status is Status.UNTESTABLE
    assert 'Record "paper" prints 30% with n = 7, which is impossible: no whole count of 7 rollouts' in found.reason


def test_a_published_zero_with_its_n_holds_no_event() -> None:
    # 0 of 100 reaches up to 3.70 % by Wilson; our 30 % lie clear of it
    found = cited("0", n=100)
    assert found.status is Status.CONTRADICTED
    assert found.evidence[0].reference == 0.0


STUDY = """
title = "s"
seed = 1
baseline = { tools = 0 }
[tables]
runs = "r.csv"
outcomes = "o.csv"
evals = "e.csv"
[components.tools]
[[reported]]
id = "paper"
quantity = "blackmail"
value = "22%"
n = 300
[[reported]]
id = "less"
quantity = "blackmail"
value = "<1%"
[[reported]]
id = "size"
quantity = "data"
unit = "tokens"
value = "3M"
[[claims]]
id = "c"
text = "t"
kind = "matches_rate"
components = ["tools"]
evals = ["blackmail"]
margin = 0.1
"""


def test_a_study_file_gives_the_claim_its_record() -> None:
    study = parse_study(STUDY + 'record = "paper"', place="study.toml", folder=Path())
    (asked,) = study.claims
    assert asked.cited is study.reported[0]
    assert region_of(asked, lower_is_better=True).words == "within 10.0 points of 22.00%"


@pytest.mark.parametrize(
    ("keys", "code", "place", "said"),
    [
        ('record = "papers"', "STUDY_RECORD", "key record", ('unknown record "papers"', '"paper"')),
        ('record = "less"', "STUDY_VALUE", "key record", ('the record "less" that prints "<1%"', "reaches_zero")),
        ('record = "size"', "STUDY_VALUE", "key record", ('the record "size" of the unit "tokens"',)),
        ('record = "paper"\nrate = 0.22', "STUDY_VALUE", "", ("both", '"rate" and "record"', "Keep one of them.")),
        ('record = "paper"\nrate = 0.0', "STUDY_VALUE", "", ("both", '"rate" and "record"', "Keep one of them.")),
        ("", "STUDY_VALUE", "", ("neither", '"rate" and "record"', "Add one of them.")),
        ('record = "paper"\nn = 300', "STUDY_VALUE", "", ('at most one of "record" and "n"', "Keep one of them.")),
        ('record = "paper"\nrate_level = 0.9', "STUDY_VALUE", "", ('"record" and "rate_level"',)),
    ],
)
def test_a_citation_that_cannot_be_followed_is_refused(keys: str, code: str, place: str, said: tuple[str, ...]) -> None:
    with pytest.raises(StudyError) as refused:
        parse_study(STUDY + keys, place="study.toml", folder=Path())
    (problem,) = refused.value.problems
    assert problem.code == code
    assert problem.place == f'study.toml, claim "c"{place and ", "}{place}'
    for words in said:
        assert words in str(problem)


def test_a_claim_outside_a_study_has_no_record_to_follow() -> None:
    with pytest.raises(ClaimError, match="CLAIM_RECORD"):
        region_of(claim(kind="matches_rate", record="paper", margin=0.1), lower_is_better=True)


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (Reported(id="papers", quantity="blackmail", value="22%"), 'names the unknown record "paper"'),
        (Reported(id="paper", quantity="blackmail", value="<1%"), 'cites the record "paper" that prints "<1%"'),
    ],
)
def test_a_study_in_memory_holds_the_records_of_its_claims(record: Reported, found: str) -> None:
    with pytest.raises(ValidationError, match=found):
        citing(claim(kind="matches_rate", record="paper", margin=0.1), record)


@pytest.mark.parametrize("counts", [OURS, [2, 4, 6, 9, 20]])
def test_one_arm_has_no_pairs_so_that_pairing_moves_no_limit(counts: list[int]) -> None:
    # A pair holds a difference of two arms; the rate of one arm stands on its own runs, its limits between 0 and 1.
    asked = published(rate=0.08, n=300)
    rows = []
    for pair in ("", "seed"):
        study = study_of(["tools"], [asked], pair=pair)
        tables = tables_of(study, [({"tools": 0}, [60, 61, 62, 63, 64]), ({"tools": 1}, counts)])
        (found,) = judge(study, tables, design_of(study, tables))
        rows += found.evidence
    alone, paired = rows
    assert (paired.lower, paired.upper, paired.method) == (alone.lower, alone.upper, alone.method)


def test_arms_of_the_same_seeds_are_still_averaged_seed_by_seed() -> None:
    # Two arms that move together with the seed: their mean over a seed spreads as much as one arm does.
    counts, flags = [20, 30, 40, 50, 60], ["tools", "prompts"]
    study = study_of(flags, [published(rate=0.4, n=300)], pair="seed")
    cells = [({"tools": t, "prompts": p}, counts) for t in (0, 1) for p in (0, 1)]
    tables = tables_of(study, cells)
    (found,) = judge(study, tables, design_of(study, tables))
    assert "within pairs" in found.evidence[0].method
    theirs = sum(wilson(120, 300, 0.6826894921370859)[end] * sign for end, sign in ((1, 0.5), (0, -0.5)))
    # the rates' SD is 15.8 points over 5 seeds, whatever the number of arms
    ours = math.sqrt(found.evidence[0].std_error ** 2 - theirs**2)
    assert ours == pytest.approx(0.158113883 / math.sqrt(5), rel=0.06)


def test_a_print_of_several_runs_is_not_called_one_model() -> None:
    several = cited(runs=4, lower="28%", upper="32%", interval_kind="sd", n=400)
    assert several.evidence[0].scope == "runs like these, on these scenarios; runs like the published ones"
    assert cited("30%", n=300).evidence[0].scope.endswith("; the published model only")
