"""[[reported]] records: what a printed figure says, what is refused, and studies that hold nothing else."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest

from mixablate.errors import Problem, StudyError
from mixablate.study import Qualifier, Reported, Study, parse_figure, parse_study, study_schema
from mixablate.tables import read_tables, tables_from_frames

STUDY = """
title = "As published"
seed = 1

[[reported]]
id = "base"
quantity = "mean honeypot rate"
arm = "none"
value = "22%"
n = 300
lower = "18%"
upper = "27%"
interval_level = 0.95
interval_kind = "wilson"
[[reported]]
id = "treated"
quantity = "mean honeypot rate"
arm = "honeypots"
value = "15%"
"""


def parse(text: str) -> Study:
    return parse_study(text, place="study.toml", folder=Path("folder"))


def only(text: str) -> Problem:
    with pytest.raises(StudyError) as caught:
        parse(text)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("text", "qualifier", "figure", "digit"),
    [
        ("22%", Qualifier.ROUNDED, Fraction(22, 100), Fraction(1, 100)),
        ("22.0 %", Qualifier.ROUNDED, Fraction(22, 100), Fraction(1, 1000)),
        ("0.22", Qualifier.ROUNDED, Fraction(22, 100), Fraction(1, 100)),
        (".220", Qualifier.ROUNDED, Fraction(22, 100), Fraction(1, 1000)),
        ("0%", Qualifier.ROUNDED, Fraction(0), Fraction(1, 100)),
        ("0.0", Qualifier.ROUNDED, Fraction(0), Fraction(1, 10)),
        ("0", Qualifier.COUNTED, Fraction(0), Fraction(1)),
        ("zero", Qualifier.COUNTED, Fraction(0), Fraction(1)),
        ("All", Qualifier.COUNTED, Fraction(1), Fraction(1)),
        ("~3%", Qualifier.ABOUT, Fraction(3, 100), Fraction(1, 100)),
        ("about 3 percent", Qualifier.ABOUT, Fraction(3, 100), Fraction(1, 100)),
        ("<1%", Qualifier.BELOW, Fraction(1, 100), Fraction(1, 100)),
        ("well under 1%", Qualifier.BELOW, Fraction(1, 100), Fraction(1, 100)),
        ("≤1%", Qualifier.AT_MOST, Fraction(1, 100), Fraction(1, 100)),
        (">60%", Qualifier.ABOVE, Fraction(60, 100), Fraction(1, 100)),
        ("over 60%", Qualifier.ABOVE, Fraction(60, 100), Fraction(1, 100)),
        (">= 0.6", Qualifier.AT_LEAST, Fraction(6, 10), Fraction(1, 10)),
        ("up to 96%", Qualifier.UP_TO, Fraction(96, 100), Fraction(1, 100)),
    ],
)
def test_a_printed_rate_is_read_with_its_words_and_its_last_digit(
    text: str, qualifier: Qualifier, figure: Fraction, digit: Fraction
) -> None:
    found = parse_figure(text, rate=True)
    assert (found.text, found.qualifier, found.figure, found.last_digit) == (text, qualifier, figure, digit)


@pytest.mark.parametrize(
    ("text", "figure", "digit"),
    [
        ("28x", Fraction(28), Fraction(1)),
        (">3×", Fraction(3), Fraction(1)),
        ("85M", Fraction(85_000_000), Fraction(1_000_000)),
        ("12k", Fraction(12_000), Fraction(1_000)),
        ("12,000", Fraction(12_000), Fraction(1)),
        ("-0.09", Fraction(-9, 100), Fraction(1, 100)),
        ("−0.09", Fraction(-9, 100), Fraction(1, 100)),
        ("75%", Fraction(75), Fraction(1)),
    ],
)
def test_figures_of_other_units_keep_their_sign_size_and_suffix(text: str, figure: Fraction, digit: Fraction) -> None:
    found = parse_figure(text, rate=False)
    assert (found.figure, found.last_digit) == (figure, digit)


def test_a_range_keeps_both_ends_and_lends_the_unit_of_the_second_to_the_first() -> None:
    found = parse_figure("1.3x to 3x", rate=False)
    assert (found.figure, found.last_digit) == (Fraction(13, 10), Fraction(1, 10))
    assert (found.upper_figure, found.upper_last_digit) == (Fraction(3), Fraction(1))
    assert parse_figure("0.1-79.4%", rate=True).figure == Fraction(1, 1000)


@pytest.mark.parametrize(
    ("text", "required"),
    [
        ("65% -> 19%", "one figure, not a change: give each side a record of its own"),
        ("65 -> ", "one figure, not a change: give each side a record of its own"),
        ("65 → ", "one figure, not a change: give each side a record of its own"),
        ("lower", 'one printed figure, such as "22%"'),
        ("22,5%", 'one printed figure, such as "22%"'),
        ("nearly 22%", 'one printed figure, such as "22%"'),
        ("22% of runs", 'one printed figure, such as "22%"'),
        ("22", "a rate from 0% to 100%, with its % sign or as a fraction of 1"),
        ("122%", "a rate from 0% to 100%"),
        ("3x", "a rate from 0% to 100%"),
        ("50 to 120%", "a rate from 0% to 100%"),
        ("30% to 3%", "a range from its lower to its upper end"),
        ("0.1234567890123", "a figure of at most 12 digits"),
    ],
)
def test_text_that_is_not_one_printed_rate_is_refused_with_what_is_required(text: str, required: str) -> None:
    problem = only(STUDY.replace("15%", text))
    assert problem.code == "STUDY_VALUE"
    assert problem.place == 'study.toml, record "treated", key value'
    assert problem.found == f'"{text}"'
    assert problem.required.startswith(required)
    assert problem.remedy == "Write it as it is printed."


@pytest.mark.parametrize(
    ("was", "becomes", "key", "required"),
    [
        ('lower = "18%"\n', "", "lower", 'both "lower" and "upper", or neither'),
        ('lower = "18%"\nupper = "27%"\n', "", "lower", "the ends of the interval whose level or kind is stated"),
        ('kind = "wilson"', 'kind = "sem"', "interval_level", "no level: the ends are one SEM away"),
        ('lower = "18%"', 'lower = "27%"', "lower", 'an end below the upper one, "27%"'),
        ('lower = "18%"', 'lower = "23%"', "value", "an interval that holds the value"),
        ('lower = "18%"', 'lower = "~18%"', "lower", 'a plain figure as the end of an interval, such as "18%"'),
        ('lower = "18%"', 'lower = "18 -> "', "lower", "one figure, not a change"),
        ('n = 300\nlower = "18%"', 'unit = "words"\nlower = "18%"', "lower", "no interval of a statement in words"),
        ('arm = "none"', 'unit = "times"', "n", '"n" only for a rate; the unit here is "times"'),
    ],
)
def test_keys_of_a_record_that_do_not_fit_each_other_are_refused(
    was: str, becomes: str, key: str, required: str
) -> None:
    assert was in STUDY
    problem = only(STUDY.replace(was, becomes, 1))
    assert (problem.code, problem.place) == ("STUDY_VALUE", f'study.toml, record "base", key {key}')
    assert problem.required.startswith(required)


@pytest.mark.parametrize(
    ("was", "becomes", "code", "place"),
    [
        ("n = 300", "n = 0", "STUDY_VALUE", 'record "base", key n'),
        ("n = 300", "n = 300.0", "STUDY_VALUE", 'record "base", key n'),
        ("n = 300", "runs = 0", "STUDY_VALUE", 'record "base", key runs'),
        ('value = "22%"', "value = 0.22", "STUDY_VALUE", 'record "base", key value'),
        ('value = "22%"', 'value = ""', "STUDY_VALUE", 'record "base", key value'),
        ('kind = "wilson"', 'kind = "bootstrap"', "STUDY_VALUE", 'record "base", key interval_kind'),
        ("interval_level = 0.95", "interval_level = 95", "STUDY_VALUE", 'record "base", key interval_level'),
        ('arm = "none"', 'arms = "none"', "STUDY_KEY", 'record "base", key arms'),
        ('value = "15%"', "", "STUDY_MISSING", 'record "treated", key value'),
        ('id = "base"\nquantity = "mean honeypot rate"', 'id = "base"', "STUDY_MISSING", 'record "base", key quantity'),
    ],
)
def test_a_wrong_key_of_a_record_is_refused_at_its_place(was: str, becomes: str, code: str, place: str) -> None:
    assert was in STUDY
    problem = only(STUDY.replace(was, becomes, 1))
    assert (problem.code, problem.place) == (code, f"study.toml, {place}")


def test_an_unknown_key_of_a_record_names_the_nearest_known_one() -> None:
    assert only(STUDY.replace('arm = "none"', 'arms = "none"')).remedy == 'Did you mean "arm"?'


def test_two_records_of_one_id_are_refused() -> None:
    problem = only(STUDY.replace('id = "treated"', 'id = "base"'))
    assert problem.code == "STUDY_DUPLICATE"
    assert problem.place == "study.toml, reported number 1 and number 2"


def test_a_record_is_read_as_it_was_declared() -> None:
    base, treated = parse(STUDY).reported
    assert (base.id, base.n, base.runs, base.interval_kind) == ("base", 300, None, "wilson")
    assert base.limits is not None
    assert [limit.figure for limit in base.limits] == [Fraction(18, 100), Fraction(27, 100)]
    assert (treated.n, treated.limits, treated.name, treated.unit) == (None, None, "honeypots", "rate")


def test_a_statement_in_words_is_kept_as_it_is_and_holds_no_figure() -> None:
    record = Reported(id="a", quantity="q", unit="words", value="small but significant")
    assert record.value == "small but significant"
    with pytest.raises(ValueError, match="one printed figure"):
        _ = record.figure


def test_a_wald_interval_may_be_printed_below_zero() -> None:
    record = Reported(id="a", quantity="q", value="2%", lower="-1%", upper="5%", interval_kind="wald")
    assert record.limits is not None
    assert record.limits[0].figure == Fraction(-1, 100)


def test_a_study_may_rest_on_reported_figures_alone_and_then_has_no_tables() -> None:
    study = parse(STUDY)
    assert (study.tables, study.components, study.claims) == (None, (), ())
    tables = read_tables(study)
    assert [len(frame) for frame in (tables.runs, tables.outcomes, tables.evals, tables.headline)] == [0, 0, 0, 0]


def test_a_study_without_records_needs_tables_and_components() -> None:
    with pytest.raises(StudyError) as caught:
        parse('title = "x"\nseed = 1\n')
    assert [(p.code, p.place) for p in caught.value.problems] == [
        ("STUDY_MISSING", "study.toml, key tables"),
        ("STUDY_MISSING", "study.toml, key components"),
    ]


def test_tables_without_components_need_them_whatever_is_reported() -> None:
    tables = '[tables]\nruns = "r.csv"\noutcomes = "o.csv"\nevals = "e.csv"\n'
    assert only(STUDY + tables).place == "study.toml, key components"


def test_frames_of_a_study_without_tables_are_read_without_renaming() -> None:
    frames = {
        "runs": pd.DataFrame({"run_id": ["a"]}),
        "outcomes": pd.DataFrame({"run_id": ["a"], "eval_id": ["e"], "n_trials": [10], "n_events": [1]}),
        "evals": pd.DataFrame(
            {"eval_id": ["e"], "label": ["E"], "domain": ["in_distribution"], "direction": ["lower"]}
        ),
    }
    assert len(tables_from_frames(parse(STUDY), **frames).runs) == 1


def test_the_schema_asks_for_tables_and_components_or_for_records() -> None:
    schema = study_schema()
    assert schema["required"] == ["title", "seed"]
    assert schema["anyOf"] == [{"required": ["tables", "components"]}, {"required": ["reported"]}]


def test_the_schema_describes_a_record_and_refuses_other_keys() -> None:
    definitions = study_schema()["$defs"]
    assert isinstance(definitions, dict)
    record = definitions["Reported"]
    assert record["required"] == ["id", "quantity", "value"]
    assert record["additionalProperties"] is False
    assert set(record["properties"]) == set(Reported.model_fields)
    assert all(entry["description"] for entry in record["properties"].values())
