"""Published claims as they are declared: what is read, and a clear refusal for each wrong declaration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mixablate.errors import Problem, StudyError
from mixablate.study import (
    PublishedReachesZero,
    PublishedReduces,
    PublishedStated,
    Scale,
    Study,
    parse_study,
    study_schema,
)
from mixablate.study.published_kinds import PUBLISHED_KINDS, PublishedDeclared

STUDY = """\
title = "Published"
seed = 1

[[reported]]
id = "before"
quantity = "rate"
arm = "none"
value = "22%"

[[reported]]
id = "after"
quantity = "rate"
arm = "trained"
value = "15%"

[[reported]]
id = "size"
quantity = "size"
arm = "trained"
unit = "tokens"
value = "3M"

[[reported]]
id = "pages"
quantity = "size"
arm = "none"
unit = "pages"
value = "40"

[[published_claims]]
id = "drop"
text = "It falls."
kind = "reduces"
reference = "before"
treated = "after"
"""
FRUGAL = """
[[published_claims]]
id = "frugal"
text = "It takes less data."
kind = "efficient"
reference = "before"
treated = "after"
than = "before"
treated_amount = "size"
than_amount = "size"
ratio = 2.0
"""


def parse(text: str) -> Study:
    return parse_study(text, place="study.toml", folder=Path())


def only(text: str) -> Problem:
    with pytest.raises(StudyError) as caught:
        parse(text)
    (problem,) = caught.value.problems
    return problem


def test_a_published_claim_is_read_as_it_was_declared() -> None:
    study = parse(STUDY)
    (claim,) = study.published_claims
    assert isinstance(claim, PublishedReduces)
    assert (claim.reference, claim.treated_ids, claim.about, claim.minimum) == ("before", ("after",), "mix", 0.0)
    assert (claim.evals, claim.domain, claim.components, claim.scale) == ((), "", (), Scale.RISK_DIFFERENCE)
    assert study.claims == ()


def test_several_treated_records_are_a_list() -> None:
    zero = 'id = "zero"\ntext = "t"\nkind = "reaches_zero"\ntreated = ["before", "after"]\nbound = 0.5\n'
    claim = parse(f"{STUDY}\n[[published_claims]]\n{zero}").published_claims[1]
    assert isinstance(claim, PublishedReachesZero)
    assert claim.treated_ids == ("before", "after")
    assert claim.record_ids == (("treated", "before"), ("treated", "after"))


def test_what_is_only_stated_names_what_it_needs() -> None:
    said = 'id = "said"\ntext = "t"\nkind = "stated"\nrests_on = ["after"]\nneeds = "runs"\n'
    claim = parse(f"{STUDY}\n[[published_claims]]\n{said}").published_claims[1]
    assert isinstance(claim, PublishedStated)
    assert (claim.rests_on, claim.needs) == (("after",), "runs")


@pytest.mark.parametrize(
    ("was", "becomes", "code", "key", "said"),
    [
        ('treated = "after"', 'treated = "aftr"', "STUDY_RECORD", "treated", 'the unknown record "aftr"'),
        ('treated = "after"', 'treated = "size"', "STUDY_VALUE", "treated", 'the record "size" of the unit "tokens"'),
        ('treated = "after"', "treated = []", "STUDY_VALUE", "treated", "[]"),
        ('treated = "after"', "treated = 3", "STUDY_VALUE", "treated", "3"),
        ('treated = "after"', "", "STUDY_MISSING", "treated", "nothing"),
        ('reference = "before"', "", "STUDY_MISSING", "reference", "nothing"),
        ('kind = "reduces"', 'kind = "reduce"', "STUDY_VALUE", "kind", '"reduce"'),
        ('kind = "reduces"', 'kind = "synergy"', "STUDY_VALUE", "kind", '"synergy"'),
        ('kind = "reduces"', "", "STUDY_MISSING", "kind", "nothing"),
        ('kind = "reduces"', 'kind = "reduces"\nminimum = 1.0', "STUDY_VALUE", "minimum", "1.0"),
        ('kind = "reduces"', 'kind = "reduces"\nminimum = -0.1', "STUDY_VALUE", "minimum", "-0.1"),
        ('kind = "reduces"', 'kind = "reduces"\nabout = "runs"', "STUDY_VALUE", "about", '"runs"'),
        ('kind = "reduces"', 'kind = "reduces"\nevals = ["e"]', "STUDY_KEY", "evals", 'the unknown key "evals"'),
        ('kind = "reduces"', 'kind = "at_least_ratio"\nratio = 1.0', "STUDY_VALUE", "ratio", "1.0"),
        ('kind = "reduces"', 'kind = "at_least_ratio"', "STUDY_MISSING", "ratio", "nothing"),
        ('kind = "reduces"', 'kind = "equivalent"\nmargin = 0.0', "STUDY_VALUE", "margin", "0.0"),
        ('kind = "reduces"', 'kind = "equivalent"', "STUDY_MISSING", "margin", "nothing"),
        ('kind = "reduces"', 'kind = "stronger"', "STUDY_MISSING", "than", "nothing"),
    ],
)
def test_a_wrong_key_of_a_published_claim_is_refused_at_its_place(
    was: str, becomes: str, code: str, key: str, said: str
) -> None:
    assert was in STUDY
    problem = only(STUDY.replace(was, becomes))
    assert (problem.code, problem.place) == (code, f'study.toml, published claim "drop", key {key}')
    assert problem.found == said
    assert problem.remedy


def test_a_zero_needs_a_bound_and_no_reference() -> None:
    zero = STUDY.replace('kind = "reduces"', 'kind = "reaches_zero"')
    with pytest.raises(StudyError) as caught:
        parse(zero)
    assert {(p.code, p.place.rpartition(" ")[2]) for p in caught.value.problems} == {
        ("STUDY_MISSING", "bound"),
        ("STUDY_KEY", "reference"),
    }


def test_what_is_only_stated_must_say_what_it_needs() -> None:
    said = 'id = "said"\ntext = "t"\nkind = "stated"\nrests_on = ["after"]\n'
    problem = only(f"{STUDY}\n[[published_claims]]\n{said}")
    assert (problem.code, problem.found) == ("STUDY_MISSING", "nothing")
    assert problem.remedy == 'Add needs = "the rate of each arm, with n and its training runs".'


def test_an_unknown_record_is_answered_with_the_nearest_known_one() -> None:
    problem = only(STUDY.replace('treated = "after"', 'treated = "aftr"'))
    assert (problem.required, problem.remedy) == ("the id of a [[reported]] record", 'Did you mean "after"?')


def test_a_missing_record_key_is_shown_as_a_record() -> None:
    problem = only(STUDY.replace('kind = "reduces"', 'kind = "stronger"'))
    assert problem.remedy == 'Add than = "other-rate".'


def test_the_kinds_that_published_figures_can_speak_to_are_listed() -> None:
    assert only(STUDY.replace('kind = "reduces"', 'kind = "synergy"')).required == (
        "one of reduces, at_least_ratio, reaches_zero, equivalent, stronger, efficient, stated"
    )


def test_a_key_of_another_kind_names_its_kind() -> None:
    problem = only(STUDY.replace('kind = "reduces"', 'kind = "reduces"\nbound = 0.1'))
    assert problem.remedy == '"bound" belongs to the kind "reaches_zero".'


def test_an_amount_of_data_must_be_an_amount() -> None:
    assert parse(STUDY + FRUGAL).published_claims[1].kind == "efficient"
    problem = only(STUDY + FRUGAL.replace('treated_amount = "size"', 'treated_amount = "after"'))
    assert (problem.code, problem.place) == ("STUDY_VALUE", 'study.toml, published claim "frugal", key treated_amount')
    assert (problem.found, problem.required) == (
        'the record "after" of the unit "rate"',
        "a record of an amount of data, such as tokens",
    )


def test_amounts_of_two_units_are_refused() -> None:
    problem = only(STUDY + FRUGAL.replace('than_amount = "size"', 'than_amount = "pages"'))
    assert (problem.code, problem.found, problem.required) == (
        "STUDY_VALUE",
        '"pages" beside "tokens"',
        "both amounts in one unit",
    )


def test_two_published_claims_of_one_id_are_refused() -> None:
    again = STUDY[STUDY.index("[[published_claims]]") :]
    problem = only(STUDY + "\n" + again)
    assert problem.code == "STUDY_DUPLICATE"
    assert problem.place == "study.toml, published_claims number 1 and published_claims number 2"


def test_a_published_claim_must_not_bear_the_id_of_one_on_runs() -> None:
    head, records = STUDY.split("\n\n", 1)
    tables = """
baseline = { tools = 0 }
[tables]
runs = "r.csv"
outcomes = "o.csv"
evals = "e.csv"
[components.tools]
label = "Tools"
[[claims]]
id = "drop"
text = "It falls."
kind = "reduces"
components = ["tools"]
evals = ["e"]
"""
    problem = only(head + tables + records)
    assert problem.place == "study.toml, claims number 1 and published_claims number 1"


def test_published_claims_need_records() -> None:
    claims = STUDY[STUDY.index("[[published_claims]]") :]
    with pytest.raises(StudyError) as caught:
        parse('title = "t"\nseed = 1\n' + claims)
    assert {problem.code for problem in caught.value.problems} == {"STUDY_RECORD", "STUDY_MISSING"}


def test_the_schema_describes_every_published_kind() -> None:
    definitions = study_schema()["$defs"]
    assert isinstance(definitions, dict)
    for kind, model in PUBLISHED_KINDS.items():
        entry = definitions[model.__name__]
        assert entry["additionalProperties"] is False
        assert entry["properties"]["kind"]["const"] == kind
        shared = {"kind", *PublishedDeclared.model_fields}
        assert all("description" in entry["properties"][key] for key in set(entry["properties"]) - shared)
    assert json.dumps(study_schema())
