"""Claims on published figures: what their prints can decide, what they cannot, and what would settle them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mixablate.claims import Flag, Status, Verdict, judge_published, published_region
from mixablate.study import PublishedClaim, Reported, Study, parse_study

INVERTED = 1e-6  # a p found by bisection


def record(record_id: str, value: str, **stated: object) -> str:
    keys = {"id": record_id, "quantity": "honeypot rate", "arm": record_id, "value": value} | stated
    return "[[reported]]\n" + lines(keys)


def claim(claim_id: str, kind: str, **keys: object) -> str:
    return "[[published_claims]]\n" + lines({"id": claim_id, "text": f"{claim_id}.", "kind": kind} | keys)


def lines(keys: dict[str, object]) -> str:
    return "".join(f"{key} = {toml(value)}\n" for key, value in keys.items())


def toml(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def study(*entries: str, head: str = "") -> Study:
    text = 'title = "t"\nseed = 1\n' + head + "\n".join(entries)
    return parse_study(text, place="study.toml", folder=Path())


def verdict(*entries: str, head: str = "") -> Verdict:
    (found,) = judge_published(study(*entries, head=head))
    return found


def two(reference: str = "22%", treated: str = "15%", **stated: object) -> tuple[str, str]:
    return record("before", reference, **stated), record("after", treated, **stated)


DROP = claim("drop", "reduces", reference="before", treated="after")
DROP_OF_MODELS = claim("drop", "reduces", reference="before", treated="after", about="models")


def test_22_to_15_without_n_says_what_it_would_need() -> None:
    found = verdict(*two(), DROP)
    assert found.status is Status.UNTESTABLE
    assert found.reason.startswith(
        "22% -> 15%: n and training runs are not stated, and one run an arm says nothing of a mix."
    )
    needs = "would need about 480 rollouts an arm even if every rollout were independent, and at least 8 runs an arm "
    assert needs in found.reason
    assert "run-to-run SD on the logit is below 0.17" in found.reason
    assert "0.3 to 0.7 are typical" in found.reason
    assert found.would_settle == (
        "about 480 rollouts an arm even if every one were independent, and 8 training runs an arm at a run-to-run SD "
        "of 0.3 on the logit, 36 at 0.7; with n, runs and their spread printed"
    )
    assert found.flags == (Flag.REPORTED,)
    assert (found.p_value, found.p_adjusted, found.second_opinions) == (None, None, ())


def test_the_row_of_a_comparison_holds_the_printed_rates_and_no_interval_of_the_mix() -> None:
    (effect,) = verdict(*two(n=500, runs=1), DROP).evidence
    assert (effect.reference, effect.treated, effect.n_reference, effect.n_treated) == (0.22, 0.15, 1, 1)
    assert effect.estimate == pytest.approx(-0.07)
    assert (effect.lower, effect.upper) == (None, None)
    assert effect.within_lower is not None
    assert effect.within_upper is not None
    assert effect.within_lower < -0.07 < effect.within_upper < 0
    assert effect.tipping_sd is not None
    assert effect.contrast == "before -> after"


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ({}, "n and training runs are not stated, and one run an arm says nothing of a mix"),
        ({"n": 500}, "training runs are not stated, and one run an arm says nothing of a mix"),
        ({"n": 500, "runs": 1}, "one run an arm says nothing of a mix"),
        ({"n": 500, "runs": 2}, "2 runs on a side are fewer than the 3 needed"),
        ({"n": 500, "runs": 3}, "how the runs differ is not printed"),
    ],
)
def test_a_claim_about_a_mix_is_untestable_without_runs_and_their_spread(
    stated: dict[str, object], reason: str
) -> None:
    found = verdict(*two(**stated), DROP)
    assert found.status is Status.UNTESTABLE
    assert found.reason.startswith(f"22% -> 15%: {reason}")


@pytest.mark.parametrize(
    ("n", "status"),
    # half an interval just excludes no drop from 237 an arm on, and rounding takes more
    [(100, Status.UNDECIDED), (500, Status.SUPPORTED)],
)
def test_a_claim_about_the_models_is_decided_by_their_rollouts(n: int, status: Status) -> None:
    assert verdict(*two(n=n), DROP_OF_MODELS).status is status


def test_a_claim_about_the_models_is_contradicted_beyond_its_region() -> None:
    three_times = claim("three", "at_least_ratio", reference="before", treated="after", ratio=3.0, about="models")
    found = verdict(*two(n=500), three_times)
    assert found.status is Status.CONTRADICTED
    (effect,) = found.evidence
    # 22 / 15: the treated rate is .68 of the reference, its interval above a third
    assert effect.estimate == pytest.approx(15 / 22, abs=0.02)
    assert effect.lower is not None
    assert effect.lower > 1 / 3


def test_a_claim_about_models_without_n_is_untestable_and_speaks_of_no_runs() -> None:
    found = verdict(*two(), DROP_OF_MODELS)
    assert found.status is Status.UNTESTABLE
    assert "the number of rollouts is not stated" in found.reason
    assert "run" not in found.reason.replace("rollout", "")
    assert found.would_settle == "about 480 rollouts an arm, their number printed"


def over_runs(record_id: str, value: str, lower: str, upper: str, runs: int = 4) -> str:
    return record(record_id, value, runs=runs, lower=lower, upper=upper, interval_kind="sd")


def test_a_mix_is_decided_where_runs_and_their_spread_are_printed() -> None:
    found = verdict(over_runs("before", "22%", "18%", "26%"), over_runs("after", "10%", "8%", "12%"), DROP)
    assert found.status is Status.SUPPORTED
    assert Flag.FEW_RUNS in found.flags  # 4 on a side
    (effect,) = found.evidence
    assert (effect.n_treated, effect.n_reference) == (4, 4)
    assert effect.upper is not None
    assert effect.upper < 0
    assert effect.scope == "runs like these, as far as the printed spread says"


def test_a_wide_spread_of_runs_leaves_the_mix_undecided_with_what_would_settle_it() -> None:
    found = verdict(over_runs("before", "22%", "2%", "42%"), over_runs("after", "15%", "2%", "28%"), DROP)
    assert found.status is Status.UNDECIDED
    assert found.would_settle.startswith("about 480 rollouts an arm")


def test_0_of_100_is_at_most_2_95_percent_with_the_two_sided_bound_beside_it() -> None:
    found = verdict(record("z", "0", n=100), claim("zero", "reaches_zero", treated="z", bound=0.03, about="models"))
    assert found.status is Status.SUPPORTED
    assert "at most 2.95 % (one-sided 95 % bound; the two-sided interval reaches 3.6 %)" in found.reason
    (effect,) = found.evidence
    assert effect.upper == pytest.approx(0.0295, abs=5e-5)
    assert effect.within_upper == pytest.approx(0.0362, abs=5e-5)
    # the chance of none in 100 at .03, halved so that one threshold serves one-sided and two-sided claims
    assert found.p_value == pytest.approx(0.97**100 / 2, rel=INVERTED)


def test_a_zero_without_n_bounds_nothing() -> None:
    found = verdict(record("z", "0"), claim("zero", "reaches_zero", treated="z", bound=0.01, about="models"))
    assert found.status is Status.UNTESTABLE
    assert '"0" without n bounds nothing; 0 of 299 would show at most 1 %' in found.reason
    assert found.evidence[0].upper is None


def test_a_zero_of_one_run_says_nothing_of_the_mix_but_carries_its_bound() -> None:
    found = verdict(record("z", "0", n=100, runs=1), claim("zero", "reaches_zero", treated="z", bound=0.03))
    assert found.status is Status.UNTESTABLE
    assert "at most 2.95 %" in found.reason
    assert found.evidence[0].upper is None


def test_a_claim_about_several_figures_must_hold_of_each() -> None:
    zeros = record("a", "0", n=1000), record("b", "0", n=1000), record("c", "0", n=20)
    asked = claim("zeros", "reaches_zero", treated=["a", "b", "c"], bound=0.03, about="models")
    found = verdict(*zeros, asked)
    assert found.status is Status.UNDECIDED  # 0 of 20 is at most 13.9 %
    assert len(found.evidence) == 3
    high = record("c", "30%", n=1000)
    assert verdict(*zeros[:2], high, asked).status is Status.CONTRADICTED


def test_one_figure_without_n_makes_the_claim_about_several_untestable() -> None:
    found = verdict(
        record("a", "0", n=1000),
        record("b", "0"),
        claim("zeros", "reaches_zero", treated=["a", "b"], bound=0.03, about="models"),
    )
    assert found.status is Status.UNTESTABLE
    assert found.reason.startswith("B, 0: the number of rollouts is not stated")


def test_figures_of_other_quantities_evals_or_models_are_not_compared() -> None:
    for key in ("quantity", "eval", "base_model"):
        found = verdict(
            record("before", "96%", n=900, **{key: "one"}), record("after", "22%", n=900, **{key: "two"}), DROP
        )
        assert found.status is Status.UNTESTABLE
        assert "are never compared" in found.reason
        assert found.evidence[0].estimate is None
        assert found.would_settle.startswith("two records of one quantity, eval and base model")


def test_words_decide_nothing_and_name_the_record_that_would() -> None:
    found = verdict(record("before", "22%"), record("after", "within error bars", unit="words"), DROP)
    assert found.status is Status.UNTESTABLE
    assert found.reason == 'After is given in words only, "within error bars".'
    assert found.would_settle == "a printed rate, with its n and training runs, of after"


def test_a_print_that_no_count_gives_is_named() -> None:
    # k / 300 is never 22.1 %: 66 / 300 = 22.0 %, 67 / 300 = 22.33 %
    found = verdict(*two("22.1%", "15.0%", n=300), DROP_OF_MODELS)
    assert found.status is Status.UNTESTABLE
    assert "22.1% with n = 300 is impossible, no whole count of 300 rollouts gives a rate printed so" in found.reason


def test_a_bound_is_held_to_its_least_favourable_rate_and_shows_no_estimate() -> None:
    found = verdict(*two(">60%", "25%"), DROP)
    assert '">60%" is not a rate but a bound or range; the claim is held to the least favourable rate' in found.reason
    (effect,) = found.evidence
    assert (effect.reference, effect.estimate, effect.treated) == (None, None, 0.25)


def conflicting(*values: str, **stated: object) -> tuple[str, ...]:
    return tuple(record(f"after{i}", value, arm="after", **stated) for i, value in enumerate(values))


def test_conflicting_reports_are_each_judged_and_never_averaged() -> None:
    found = verdict(
        record("before", "22%"),
        *conflicting("0", "~1%", "3%"),
        claim("drop", "reduces", reference="before", treated="after0"),
    )
    assert [effect.contrast for effect in found.evidence] == [
        "before -> after0",
        "before -> after1",
        "before -> after2",
    ]
    assert [effect.treated for effect in found.evidence] == [0.0, 0.01, 0.03]
    assert Flag.CONFLICTING_REPORTS in found.flags
    assert 'is reported as "0"; "~1%"; "3%": each is judged, none averaged' in found.reason
    # the report that needs most: 22 against 3 %
    assert found.would_settle.startswith("47 rollouts an arm")


def test_of_several_comparisons_the_run_sd_is_said_first_then_intervals_then_the_needs_of_the_hardest() -> None:
    prints = [record("before", "31.7%", n=180, runs=1)]
    prints += [record(f"after{i}", value, n=180, runs=1) for i, value in enumerate(("15.6%", "10.0%"))]
    reason = verdict(*prints, claim("drop", "reduces", reference="before", treated=["after0", "after1"])).reason
    order = (
        "one run an arm says nothing of a mix",
        "Run-to-run SD on the logit below which the claim stands",
        "Between these models only, with 95 % intervals",
        "15.6% with n = 180 is 28 of 180",
        "would need",
    )
    places = [reason.index(said) for said in order]
    assert places == sorted(places)
    # 57 and 28 of 180: 28/180 - 57/180 = -16.1 points
    assert "31.7% -> 15.6%: -16.1 points (" in reason
    assert "31.7% -> 10.0%: -21.7 points (" in reason
    assert reason.count("would need") == 1
    assert "31.7% -> 15.6%: would need" in reason


@pytest.mark.parametrize(("treated", "status"), [("15%", Status.SUPPORTED), ("21%", Status.UNDECIDED)])
def test_a_claim_that_was_decided_needs_no_more_rollouts(treated: str, status: Status) -> None:
    found = verdict(*two(treated=treated, n=500), DROP_OF_MODELS)
    assert found.status is status
    assert ("would need" in found.reason) == (status is Status.UNDECIDED)


def test_conflicting_reports_that_lead_to_different_verdicts_leave_the_claim_undecided() -> None:
    found = verdict(
        record("before", "22.0%", n=1000),
        *conflicting("10.0%", "22.0%", n=1000),
        claim("drop", "reduces", reference="before", treated="after0", about="models"),
    )
    assert found.status is Status.UNDECIDED
    assert Flag.CONFLICTING_REPORTS in found.flags


def test_a_report_without_n_that_conflicts_with_one_that_decides_leaves_the_claim_undecided() -> None:
    found = verdict(
        record("before", "22%", n=500),
        record("intro", "0", arm="after"),
        record("after", "3%", n=500),
        claim("drop", "reduces", reference="before", treated="after", minimum=0.1, about="models"),
    )
    assert found.status is Status.UNDECIDED
    # any drop of ten points from 22 % to none: 73 an arm
    assert (
        found.would_settle == "which of the conflicting reports is right; then 73 rollouts an arm, their number printed"
    )


def test_reports_that_agree_are_one_where_they_print_the_same() -> None:
    found = verdict(record("before", "22%"), record("again", "0.22", arm="before"), record("after", "15%"), DROP)
    assert len(found.evidence) == 1
    assert Flag.CONFLICTING_REPORTS not in found.flags


def test_a_report_without_n_does_not_undo_one_with_it_that_agrees() -> None:
    found = verdict(
        record("before", "22.0%", n=1000),
        record("rounded", "22%", arm="before"),
        record("after", "10.0%", n=1000),
        DROP_OF_MODELS,
    )
    assert len(found.evidence) == 2
    assert found.status is Status.SUPPORTED


def test_a_claim_that_names_a_report_is_held_to_the_others_too() -> None:
    figures = record("before", "22.0%", n=1000), *conflicting("10.0%", "21.0%", n=1000)
    for named in ("after0", "after1"):
        asked = claim("drop", "reduces", reference="before", treated=named, about="models")
        assert verdict(*figures, asked).status is Status.UNDECIDED


def test_claims_of_a_family_are_adjusted_together() -> None:
    # .97^100 / 2 = .0238 alone; two of them by Holm .0476, above .025
    zeros = record("a", "0", n=100), record("b", "0", n=100)
    one, other = (claim(f"{z}-zero", "reaches_zero", treated=z, bound=0.03, about="models") for z in "ab")
    both = judge_published(study(*zeros, one, other))
    assert [found.status for found in both] == [Status.UNDECIDED, Status.UNDECIDED]
    assert both[0].p_adjusted == pytest.approx(0.97**100, rel=INVERTED)
    apart = claim("b-zero", "reaches_zero", treated="b", bound=0.03, about="models", family="other")
    assert {found.status for found in judge_published(study(*zeros, one, apart))} == {Status.SUPPORTED}


def test_untestable_claims_do_not_count_in_their_family() -> None:
    zeros = record("a", "0", n=100), record("b", "0")
    one, other = (claim(f"{z}-zero", "reaches_zero", treated=z, bound=0.03, about="models") for z in "ab")
    assert judge_published(study(*zeros, one, other))[0].status is Status.SUPPORTED


def test_exploratory_claims_say_so() -> None:
    asked = claim("drop", "reduces", reference="before", treated="after", status="exploratory")
    assert Flag.EXPLORATORY in verdict(*two(), asked).flags


def test_equivalence_is_held_to_the_two_sided_interval() -> None:
    figures = two("22.0%", "22.0%", n=1000)
    # 95 % interval of no difference: 1.96 x sqrt(2 x .22 x .78 / 1000) = 3.6 points, 90 % 3.0 points
    between = claim("same", "equivalent", reference="before", treated="after", margin=0.033, about="models")
    assert verdict(*figures, between).status is Status.UNDECIDED
    outside = claim("same", "equivalent", reference="before", treated="after", margin=0.04, about="models")
    assert verdict(*figures, outside).status is Status.SUPPORTED


def test_stronger_compares_two_drops_from_one_reference() -> None:
    figures = record("start", "22.0%", n=2000), record("one", "3.0%", n=2000), record("other", "15.0%", n=2000)
    asked = claim("more", "stronger", reference="start", treated="one", than="other", about="models")
    found = verdict(*figures, asked)
    # (22 - 3) - (22 - 15) = 12 points: the two arms' own difference
    assert found.status is Status.SUPPORTED
    assert found.evidence[0].estimate == pytest.approx(-0.12)
    elsewhere = record("start", "22.0%", n=2000, base_model="another")
    assert verdict(elsewhere, *figures[1:], asked).status is Status.UNTESTABLE


def test_efficiency_is_given_as_printed_and_never_decided() -> None:
    figures = record("start", "22%"), record("one", "~1%"), record("other", "~1%")
    sizes = record("one-size", "3M", unit="tokens"), record("other-size", "85M", unit="tokens")
    asked = claim(
        "frugal", "efficient", reference="start", treated="one", than="other", treated_amount="one-size",
        than_amount="other-size", ratio=28.0,
    )  # fmt: skip
    found = verdict(*figures, *sizes, asked)
    assert found.status is Status.UNTESTABLE
    assert found.evidence[0].estimate == pytest.approx(85 / 3)
    assert (
        "28.3 times the drop per unit of data (21.9 to 37.7 over rounding), which reaches into the claimed 28"
        in found.reason
    )
    worded = record("one", "much lower", unit="words")
    assert (
        'one is given in words only, "much lower"'
        in verdict(figures[0], worded, figures[2], *sizes, asked).reason.lower()
    )


def test_what_is_only_stated_is_untestable_with_what_would_make_it_testable() -> None:
    said = record("s", "small but significant", unit="words", source="the paper")
    found = verdict(said, claim("said", "stated", rests_on=["s"], needs="the rates, with n and runs"))
    assert found.status is Status.UNTESTABLE
    assert found.reason == 'Stated in words only: "small but significant" (the paper).'
    assert (found.would_settle, found.evidence) == ("the rates, with n and runs", ())
    times = record("s", "1.3x to 3x", unit="times")
    assert verdict(times, claim("said", "stated", rests_on=["s"], needs="rates")).reason == (
        'No two rates are printed that could be compared: "1.3x to 3x".'
    )
    assert verdict(said, claim("said", "stated", needs="rates")).reason == "Stated without any figure."
    rates = two(treated="15%", n=500)
    assert verdict(*rates, claim("said", "stated", rests_on=["before", "after"], needs="a trend")).reason == (
        'Printed rates do not decide a claim of this form: "22%", "15%".'
    )


def test_of_one_comparison_the_run_sd_is_said_first() -> None:
    reason = verdict(*two(n=500, runs=1), DROP).reason
    lead = (
        "22% -> 15%: one run an arm says nothing of a mix. With one run an arm, the claim of any drop stands only where"
    )
    assert reason.startswith(lead)
    assert reason.index("with n = 500") > len(lead)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"kind": "reduces"}, "a drop"),
        ({"kind": "reduces", "minimum": 0.05}, "drop of at least 5.0 points"),
        ({"kind": "stronger", "than": "c", "minimum": 0.05}, "drop exceeds the other's by at least 5.0 points"),
        ({"kind": "at_least_ratio", "ratio": 3.0}, "reference rate at least 3 times the treated rate"),
        ({"kind": "equivalent", "margin": 0.02}, "rates within 2.0 points of each other"),
    ],
)
def test_every_region_has_its_words(keys: dict[str, object], words: str) -> None:
    named = {"reference": "a", "treated": "b"} | {key: value for key, value in keys.items() if key != "kind"}
    asked: PublishedClaim = study(
        record("a", "22%"), record("b", "15%"), record("c", "18%"), claim("x", str(keys["kind"]), **named)
    ).published_claims[0]
    region = published_region(asked)
    assert region is not None
    assert region.words == words


def test_records_of_a_study_are_not_changed_by_judging() -> None:
    one = study(*two(), DROP)
    before: tuple[Reported, ...] = one.reported
    judge_published(one)
    assert one.reported == before
