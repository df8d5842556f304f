"""What printed figures stand for: rounding, counts, table sizes and intervals, by hand, by trial and as properties."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import partial

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mixablate.estimate import clopper_pearson, wald_interval, wilson
from mixablate.estimate.reported import (
    PossibleValues,
    compatible_trials,
    implied_trials,
    possible_counts,
    possible_rates,
    possible_values,
)
from mixablate.estimate.reported.implied_trials import ONE_STANDARD_ERROR
from mixablate.study import IntervalKind, Reported, parse_figure

QUALIFIERS = ["", "~", "<", "≤", ">", "≥", "up to "]
FORMULAS = {
    "wilson": wilson,
    "clopper_pearson": clopper_pearson,
    "wald": wald_interval,
    "sem": partial(wald_interval, level=ONE_STANDARD_ERROR),
}
LADDER = ["15.6%", "10.0%", "7.2%", "3.9%", "4.4%"]  # REPL-2's scaling ladder: 28, 18, 13, 7 and 8 of 180 rollouts


def rates_of(text: str, about_units: Fraction = Fraction(1)) -> PossibleValues:
    return possible_rates(parse_figure(text, rate=True), about_units=about_units)


def printed(events: int, trials: int, decimals: int, rounding: str = ROUND_HALF_UP) -> str:
    """events/trials as a percentage of so many decimals, rounded in exact decimal arithmetic."""
    scaled = Fraction(100 * events * 10**decimals, trials)
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    tie = Fraction(rest, scaled.denominator) == Fraction(1, 2)
    up = Fraction(rest, scaled.denominator) > Fraction(1, 2) or (tie and (rounding == ROUND_HALF_UP or whole % 2 == 1))
    return f"{Decimal(whole + up).scaleb(-decimals):.{decimals}f}%"


@pytest.mark.parametrize(
    ("text", "ends", "open_ends"),
    [
        ("22%", ("0.215", "0.225"), ""),
        ("22.0%", ("0.2195", "0.2205"), ""),
        ("0.22", ("0.215", "0.225"), ""),
        ("0.2", ("0.15", "0.25"), ""),
        ("~3%", ("0.02", "0.04"), ""),
        ("<1%", ("0", "0.01"), "upper"),
        ("≤1%", ("0", "0.01"), ""),
        (">60%", ("0.6", "1"), "lower"),
        ("≥60%", ("0.6", "1"), ""),
        ("up to 96%", ("0", "0.965"), ""),
        ("0%", ("0", "0.005"), ""),
        ("100%", ("0.995", "1"), ""),
        ("0", ("0", "0"), ""),
        ("1", ("1", "1"), ""),
        ("0.1% to 79.4%", ("0.0005", "0.7945"), ""),
    ],
)
def test_a_printed_rate_stands_for_these_values(text: str, ends: tuple[str, str], open_ends: str) -> None:
    found = rates_of(text)
    assert (found.lower, found.upper) == (Fraction(ends[0]), Fraction(ends[1]))
    assert (found.lower_in, found.upper_in) == (open_ends != "lower", open_ends != "upper")


def test_figures_of_other_units_are_not_cut_at_zero_and_one() -> None:
    slope = possible_values(parse_figure("-0.09", rate=False))
    assert (slope.lower, slope.upper) == (Fraction("-0.095"), Fraction("-0.085"))
    above = possible_values(parse_figure(">3x", rate=False))
    assert (above.lower, above.upper) == (Fraction(3), None)
    ratio = possible_values(parse_figure("1.3x to 3x", rate=False))
    assert (ratio.lower, ratio.upper) == (Fraction("1.25"), Fraction("3.5"))


def test_about_cannot_be_narrower_than_rounding() -> None:
    with pytest.raises(ValueError, match="about_units must be at least 1/2, found 1/4"):
        rates_of("22%", Fraction(1, 4))


@given(
    st.sampled_from(QUALIFIERS),
    st.integers(0, 100),
    st.fractions(Fraction(1, 2), 5),
    st.fractions(0, 5),
    st.fractions(0, 1),
)
def test_widening_about_never_shrinks_the_set(
    words: str, percent: int, units: Fraction, more: Fraction, value: Fraction
) -> None:
    narrow, wide = rates_of(f"{words}{percent}%", units), rates_of(f"{words}{percent}%", units + more)
    assert value in wide or value not in narrow


@given(st.integers(0, 100), st.fractions(0, 1))
def test_a_bare_figure_stands_for_no_more_than_the_same_with_about(percent: int, value: Fraction) -> None:
    assert value in rates_of(f"~{percent}%") or value not in rates_of(f"{percent}%")


@given(st.integers(1, 400), st.data(), st.sampled_from([0, 1, 2]), st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN]))
def test_the_true_count_is_always_among_those_of_its_own_rounding(
    trials: int, data: st.DataObject, decimals: int, rounding: str
) -> None:
    events = data.draw(st.integers(0, trials))
    found = possible_counts(rates_of(printed(events, trials, decimals, rounding)), trials)
    assert events in found.counts


@given(st.integers(1, 120), st.integers(0, 1000))
def test_the_counts_are_those_found_by_trying_every_one(trials: int, thousandths: int) -> None:
    text = f"{thousandths / 10:.1f}%"
    tried = [k for k in range(trials + 1) if abs(Fraction(k, trials) - Fraction(thousandths, 1000)) * 2000 <= 1]
    found = possible_counts(rates_of(text), trials)
    assert list(found.counts) == tried
    assert bool(found.reason) == (not tried)


@given(st.sampled_from(QUALIFIERS), st.integers(0, 100), st.integers(1, 150))
def test_the_counts_of_any_print_are_the_counts_whose_rates_it_stands_for(
    words: str, percent: int, trials: int
) -> None:
    rates = rates_of(f"{words}{percent}%")
    tried = [k for k in range(trials + 1) if Fraction(k, trials) in rates]
    assert list(possible_counts(rates, trials).counts) == tried


@pytest.mark.parametrize(
    ("text", "trials", "counts"),
    [
        ("22%", 300, [65, 66, 67]),  # 64.5 to 67.5
        ("22%", 100, [22]),
        ("89.7%", 300, [269]),  # mission.md 2d: the published rate to 0.1 % times 300
        ("39.3%", 300, [118]),
        ("16.3%", 300, [49]),
        ("0", 100, [0]),
        ("0%", 300, [0, 1]),  # 0.5 % of 300 is 1.5
        ("<1%", 300, [0, 1, 2]),  # 3 of 300 is 1 % itself
        ("≤1%", 300, [0, 1, 2, 3]),
        (">60%", 5, [4, 5]),
        ("50%", 200, [99, 100, 101]),  # ties at 99 and 101: 49.5 and 50.5
    ],
)
def test_counts_of_published_rates(text: str, trials: int, counts: list[int]) -> None:
    assert list(possible_counts(rates_of(text), trials).counts) == counts


def test_a_rate_that_no_count_gives_is_impossible_for_its_n() -> None:
    found = possible_counts(rates_of("22%"), 7)  # 1/7 is 14 %, 2/7 is 29 %
    assert (found.fewest, found.most, len(found.counts)) == (None, None, 0)
    assert found.reason == "no whole count of 7 rollouts gives a rate printed so"


def test_counts_need_a_trial() -> None:
    with pytest.raises(ValueError, match="trials must be 1 or more, found 0"):
        possible_counts(rates_of("22%"), 0)


def test_the_rates_of_one_table_betray_its_n() -> None:
    found = compatible_trials([rates_of(text) for text in LADDER], largest=400)
    assert found.trials == (180, 360)
    assert found.always_from == 1000
    assert [list(possible_counts(rates_of(text), 180).counts) for text in LADDER] == [[28], [18], [13], [7], [8]]


@settings(max_examples=40)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=4), st.integers(60, 99))
def test_the_true_n_is_always_compatible_with_its_own_table(events: list[int], trials: int) -> None:
    found = compatible_trials([rates_of(printed(k, trials, 1)) for k in events], largest=120)
    assert trials in found.trials


@given(st.integers(1, 99), st.sampled_from(["", "~", "<", ">"]))
def test_from_always_on_no_n_is_excluded(percent: int, words: str) -> None:
    rates = rates_of(f"{words}{percent}%")
    found = compatible_trials([rates], largest=250)
    assert found.always_from is not None
    assert set(range(found.always_from, 251)) <= set(found.trials)


def test_whole_percentages_exclude_nothing_from_100_on() -> None:
    assert compatible_trials([rates_of("22%")], largest=200).always_from == 100


def test_rates_that_share_no_n_say_so() -> None:
    found = compatible_trials([rates_of("33.3%"), rates_of("50.0%")], largest=5)
    assert found.trials == ()
    assert found.reason == "no number of rollouts up to 5 gives every one of these rates"


def test_a_search_for_n_needs_rates_and_a_range() -> None:
    with pytest.raises(ValueError, match="rates must hold at least one, found none"):
        compatible_trials([])
    with pytest.raises(ValueError, match="smallest must lie between 1 and largest, 10, found 11"):
        compatible_trials([rates_of("22%")], smallest=11, largest=10)


def record(value: str, lower: str, upper: str, kind: IntervalKind = "unknown", level: float | None = None) -> Reported:
    return Reported(
        id="a", quantity="q", value=value, lower=lower, upper=upper, interval_kind=kind, interval_level=level
    )


@pytest.mark.parametrize("kind", ["wilson", "clopper_pearson", "wald", "sem"])
@settings(max_examples=40)
@given(st.integers(5, 300), st.data())
def test_the_true_n_is_always_among_those_that_its_own_printed_interval_implies(
    kind: IntervalKind, trials: int, data: st.DataObject
) -> None:
    events = data.draw(st.integers(1, trials - 1))
    limits = [min(1.0, max(0.0, limit)) for limit in FORMULAS[kind](events, trials)]
    texts = [f"{100 * limit:.1f}%" for limit in limits]
    value = printed(events, trials, 1)
    assume(texts[0] != texts[1])
    (found,) = implied_trials(record(value, texts[0], texts[1], kind), largest=400)
    assert any(n == trials and fewest <= events <= most for n, fewest, most in found.solutions)


@pytest.mark.parametrize("kind", ["wilson", "clopper_pearson", "wald", "sem"])
def test_implied_trials_are_those_found_by_trying_every_n_and_count(kind: IntervalKind) -> None:
    events, trials = 9, 60
    texts = [f"{100 * limit:.0f}%" for limit in FORMULAS[kind](events, trials)]

    def rounds(value: float, text: str) -> bool:
        return abs(100 * value - float(text[:-1])) <= 0.5

    tried = []
    for n in range(1, 201):
        fitting = [
            k
            for k in range(n + 1)
            if rounds(k / n, "15%") and all(rounds(a, b) for a, b in zip(FORMULAS[kind](k, n), texts, strict=True))
        ]
        tried += [(n, fitting[0], fitting[-1])] if fitting else []
    (found,) = implied_trials(record("15%", texts[0], texts[1], kind), largest=200)
    assert found.solutions == tuple(tried)
    assert 60 in found.trials


def test_a_zero_with_its_exact_bound_gives_its_n() -> None:
    # 1 - .025^(1/n) prints as 3.6 % for n from 100 (3.62) to 102 (3.55); 99 gives 3.66 and 103 gives 3.52
    (found,) = implied_trials(record("0", "0%", "3.6%", "clopper_pearson"))
    assert found.trials == (100, 101, 102)


def test_an_interval_of_unknown_kind_is_tried_by_every_formula() -> None:
    found = implied_trials(record("15%", "8%", "26%"), largest=200)
    assert [one.kind for one in found] == ["wilson", "clopper_pearson", "wald", "sem"]
    assert 60 in found[0].trials
    assert found[3].trials == ()
    assert found[3].reason == "no number of rollouts up to 200 gives these limits by this formula"


def test_the_stated_level_is_used() -> None:
    lower, upper = wilson(20, 80, 0.9)
    (found,) = implied_trials(record("25%", f"{100 * lower:.1f}%", f"{100 * upper:.1f}%", "wilson", 0.9), largest=300)
    assert found.level == 0.9
    assert found.trials == (80,)


def test_a_wald_limit_printed_below_zero_is_taken_as_it_is() -> None:
    lower, upper = wald_interval(2, 50)  # 4 % plus and minus 5.4
    (found,) = implied_trials(record("4%", f"{100 * lower:.1f}%", f"{100 * upper:.1f}%", "wald"), largest=300)
    assert found.trials == (50,)


def test_what_says_nothing_of_n_says_why() -> None:
    (spread,) = implied_trials(record("15%", "8%", "26%", "sd"))
    assert spread.reason == "one SD either way says how runs differ, not how many rollouts there were"
    (bare,) = implied_trials(Reported(id="a", quantity="q", value="15%"))
    assert bare.reason == "no interval is printed"
    (ratio,) = implied_trials(Reported(id="a", quantity="q", unit="times", value="3x", lower="2x", upper="4x"))
    assert ratio.reason == "the figure is not a rate"


def test_a_search_for_an_implied_n_ends_at_one_or_later() -> None:
    with pytest.raises(ValueError, match="largest must be 1 or more, found 0"):
        implied_trials(record("15%", "8%", "26%"), largest=0)


def test_one_standard_error_is_the_level_of_one_sigma() -> None:
    lower, upper = wald_interval(20, 80, ONE_STANDARD_ERROR)
    assert upper - lower == pytest.approx(2 * math.sqrt(0.25 * 0.75 / 80), rel=1e-12)  # the formula itself
