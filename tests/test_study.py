"""study.toml: what is read, what is refused, and that all of it is refused at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixablate.errors import Problem, StudyError
from mixablate.study import Component, ComponentType, Reduces, Scale, Study, load_study, parse_study, study_schema

STUDY = """
title = "Harmlessness data, diversified"
seed = 20260508
baseline = { tools = 0, system_prompts = 0, "dose of advice" = 0 }

[tables]
runs = "runs.csv"
outcomes = "outcomes.csv"
evals = "evals.csv"
[tables.rename]
"model" = "run_id"

[analysis]
block = ["base_model"]

[components.tools]
label = "Unused tool definitions"
group = "diversification"
[components.system_prompts]
column = "mix.prompts"
type = "fraction"
target = 0.2
[components."dose of advice"]
type = "dose"
target = 3_000_000
[components.arm]
type = "category"

[[claims]]
id = "diversity-reduces"
text = "Tools and prompts reduce blackmail by five points"
kind = "reduces"
components = ["tools", "system_prompts"]
evals = ["blackmail"]
minimum = 0.05
[[claims]]
id = "arms"
text = "The secure arm is better"
kind = "reduces"
components = ["arm"]
domain = "out_of_distribution"
reference = { arm = "insecure" }
treated = { arm = "secure" }
"""


def parse(text: str) -> Study:
    return parse_study(text, place="study.toml", folder=Path("somewhere"))


def refused(text: str) -> tuple[Problem, ...]:
    with pytest.raises(StudyError) as caught:
        parse(text)
    return caught.value.problems


def only(text: str) -> Problem:
    problems = refused(text)
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


def test_a_study_is_read_as_it_was_declared() -> None:
    study = parse(STUDY)
    assert study.seed == 20260508
    assert study.folder == Path("somewhere")
    assert study.tables.rename == {"model": "run_id"}
    assert study.analysis.block == ("base_model",)
    assert study.analysis.level == 0.95
    assert [component.id for component in study.components] == ["tools", "system_prompts", "dose of advice", "arm"]


def test_defaults_of_a_flag_are_its_id_as_label_and_column_and_a_target_of_one() -> None:
    text = STUDY.replace('label = "Unused tool definitions"\ngroup = "diversification"\n', "")
    assert parse(text).component("tools") == Component(
        id="tools", label="tools", type=ComponentType.FLAG, column="tools", target=1.0, baseline=0.0
    )


def test_a_component_keeps_its_declared_column_type_target_and_baseline() -> None:
    prompts = parse(STUDY).component("system_prompts")
    assert (prompts.column, prompts.type, prompts.target, prompts.baseline) == ("mix.prompts", "fraction", 0.2, 0.0)


def test_a_category_needs_neither_target_nor_baseline() -> None:
    arm = parse(STUDY).component("arm")
    assert (arm.target, arm.baseline) == (None, None)


def test_claims_are_of_their_kind_with_its_defaults() -> None:
    claim = parse(STUDY).claims[0]
    assert isinstance(claim, Reduces)
    assert (claim.minimum, claim.scale, claim.require, claim.family) == (0.05, Scale.RISK_DIFFERENCE, "mean", "main")


def test_the_baseline_may_be_left_out_when_every_component_is_a_category() -> None:
    text = """
title = "t"
seed = 1
[tables]
runs = "r.csv"
rollouts = "o.parquet"
evals = "e.csv"
[components.arm]
type = "category"
"""
    assert parse(text).component("arm").baseline is None


def test_without_a_baseline_the_message_says_what_to_add_and_where() -> None:
    text = STUDY.replace('baseline = { tools = 0, system_prompts = 0, "dose of advice" = 0 }', "")
    problem = only(text)
    assert problem.code == "STUDY_MISSING"
    assert problem.place == "study.toml, key baseline"
    assert "above the first [section]" in problem.remedy
    assert "tools = 0" in problem.remedy


def test_an_unknown_key_is_refused_with_the_nearest_known_one() -> None:
    problem = only(STUDY.replace("label =", "lable ="))
    assert problem.code == "STUDY_KEY"
    assert problem.place == "study.toml, key components.tools.lable"
    assert problem.remedy == 'Did you mean "label"?'


def test_a_top_level_key_below_a_section_is_told_to_move_up() -> None:
    problems = refused(STUDY.replace("[tables.rename]", "description = 'x'\n[tables.rename]"))
    assert [problem.code for problem in problems] == ["STUDY_KEY"]
    assert "move it above the first [section]" in problems[0].remedy


def test_a_key_of_another_kind_of_claim_names_that_kind() -> None:
    problem = only(STUDY.replace("minimum = 0.05", "bound = 0.05"))
    assert problem.place == 'study.toml, claim "diversity-reduces", key bound'
    assert problem.remedy == '"bound" belongs to the kind "reaches_zero".'


def test_an_analysis_key_elsewhere_is_sent_to_its_section() -> None:
    problem = only(STUDY.replace("[tables.rename]", "draws = 999\n[tables.rename]"))
    assert problem.remedy == '"draws" belongs in the section [analysis].'


@pytest.mark.parametrize(
    ("was", "becomes", "place", "required"),
    [
        ("seed = 20260508", 'seed = "20260508"', "key seed", "a integer"),
        ("seed = 20260508", "seed = true", "key seed", "integer"),
        ("seed = 20260508", "seed = -1", "key seed", "greater than or equal to 0"),
        ("minimum = 0.05", "minimum = nan", 'claim "diversity-reduces", key minimum', "finite"),
        ("minimum = 0.05", "minimum = -0.1", 'claim "diversity-reduces", key minimum', "greater than or equal to 0"),
        ("minimum = 0.05", 'scale = "odds"', 'claim "diversity-reduces", key scale', "'risk_difference'"),
        ("minimum = 0.05", 'at = "mean"', 'claim "diversity-reduces", key at', "'average'"),
        ('domain = "out_of_distribution"', 'domain = "ood"', 'claim "arms", key domain', "'out_of_distribution'"),
        ("target = 0.2", "target = 20", "key components.system_prompts.target", "a number from 0 to 1"),
        ("target = 0.2", 'target = "0.2"', "key components.system_prompts.target", "a number from 0 to 1"),
        ('type = "dose"', 'type = "amount"', "key components.dose of advice.type", "'dose'"),
        ("tools = 0,", "tools = 2,", "key baseline.tools", "0 or 1"),
        ("tools = 0,", 'tools = "off",', "key baseline.tools", "0 or 1"),
        ('treated = { arm = "secure" }', "treated = { arm = 4 }", 'claim "arms", key treated.arm', "in quotes"),
        ('block = ["base_model"]', 'block = "base_model"', "key analysis.block", "a list"),
        ('block = ["base_model"]', "level = 95", "key analysis.level", "less than 1"),
        ('block = ["base_model"]', 'pool = ["judges"]', "key analysis.pool.0", "'judge'"),
        ('block = ["base_model"]', "mix_tolerance = 0.5", "key analysis.mix_tolerance", "less than or equal to 0.05"),
        ('kind = "reduces"\ncomponents = ["tools"', 'kind = "reduce"\ncomponents = ["tools"', "key kind", "reduces"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place_and_what_is_required(
    was: str, becomes: str, place: str, required: str
) -> None:
    assert was in STUDY
    problems = refused(STUDY.replace(was, becomes, 1))
    assert [problem.code for problem in problems] == ["STUDY_VALUE"]
    assert problems[0].place.endswith(place)
    assert required.removeprefix("a ") in problems[0].required


def test_a_percentage_given_as_a_fraction_is_recognised() -> None:
    assert only(STUDY.replace("target = 0.2", "target = 20")).remedy == "A percentage? Write 0.2."


@pytest.mark.parametrize(
    ("was", "key"),
    [
        ('title = "Harmlessness data, diversified"', "title"),
        ("seed = 20260508", "seed"),
        ('runs = "runs.csv"', "runs"),
        ('evals = "evals.csv"', "evals"),
        ("target = 0.2", "target"),
        ("target = 3_000_000", "target"),
        ("tools = 0, ", "tools"),
        ('kind = "reduces"\ncomponents = ["tools"', "kind"),
        ('treated = { arm = "secure" }', "treated"),
        ('reference = { arm = "insecure" }', "reference"),
    ],
)
def test_a_missing_key_is_named_with_an_example_to_add(was: str, key: str) -> None:
    assert was in STUDY
    becomes = 'components = ["tools"' if "components" in was else ""
    problem = only(STUDY.replace(was, becomes, 1))
    assert problem.code == "STUDY_MISSING"
    assert problem.place.endswith(key)
    assert problem.remedy.startswith("Add ")
    assert key in problem.remedy


def test_neither_or_both_of_outcomes_and_rollouts_are_refused() -> None:
    neither = only(STUDY.replace('outcomes = "outcomes.csv"', ""))
    both = only(STUDY.replace('outcomes = "outcomes.csv"', 'outcomes = "o.csv"\nrollouts = "r.jsonl"'))
    assert (neither.found, both.found) == ("neither", "both")
    assert neither.required == 'exactly one of "outcomes" and "rollouts" is required'


def test_a_claim_needs_evals_or_a_domain_and_not_both() -> None:
    neither = only(STUDY.replace('evals = ["blackmail"]', ""))
    both = only(STUDY.replace('evals = ["blackmail"]', 'evals = ["blackmail"]\ndomain = "control"'))
    assert neither.place == both.place == 'study.toml, claim "diversity-reduces"'


def test_an_unknown_component_in_a_claim_or_the_baseline_is_named_with_the_nearest() -> None:
    problems = refused(
        STUDY.replace('["tools", "system_prompts"]', '["tool", "system_prompts"]').replace("{ tools = 0", "{ toolz = 0")
    )
    found = {(problem.code, problem.place, problem.remedy) for problem in problems}
    assert ("STUDY_COMPONENT", "study.toml, key baseline.toolz", 'Did you mean "tools"?') in found
    assert (
        "STUDY_COMPONENT",
        'study.toml, claim "diversity-reduces", key components',
        'Did you mean "tools"?',
    ) in found


def test_two_claims_of_one_id_are_refused() -> None:
    problem = only(STUDY.replace('id = "arms"', 'id = "diversity-reduces"'))
    assert problem.code == "STUDY_DUPLICATE"
    assert problem.place == "study.toml, claims number 1 and number 2"


def test_a_target_equal_to_its_baseline_is_refused() -> None:
    assert "baseline too" in only(STUDY.replace("tools = 0,", "tools = 1,")).found


def test_two_components_cannot_read_one_column() -> None:
    problem = only(STUDY.replace('column = "mix.prompts"', 'column = "tools"'))
    assert "tools" in problem.found
    assert problem.code == "STUDY_VALUE"


@pytest.mark.parametrize("name", ["mix.tools", "feature.hill", "run_id", "seed", "epochs"])
def test_a_component_id_cannot_be_the_name_of_another_runs_column(name: str) -> None:
    text = STUDY.replace("[components.tools]", f'[components."{name}"]').replace('"tools", ', f'"{name}", ')
    problem = only(text.replace("{ tools = 0", f'{{ "{name}" = 0'))
    assert problem.code == "STUDY_VALUE"
    assert name in problem.found


def test_the_base_model_may_be_a_category_component() -> None:
    text = STUDY.replace("[components.arm]", "[components.base_model]").replace("arm =", "base_model =")
    assert parse(text.replace('["arm"]', '["base_model"]')).component("base_model").column == "base_model"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('title = "a"\nseed = \n', "study.toml, line 2, column 8"),
        ('title = "a"\ntitle = "b"\n', "study.toml, line 2"),
        ("[tables]\n[tables]\n", "study.toml, line 2"),
        ("a = [1,", "study.toml, line 1"),
        ("a = " + "9" * 5000, "study.toml, line 1"),
        ("a = " + "[" * 100_000, "study.toml, line 1"),
        ("title = 'Ω\u202e'\nseed", "study.toml, line 2"),
    ],
)
def test_text_that_is_not_toml_is_refused_with_its_line(text: str, place: str) -> None:
    problem = only(text)
    assert problem.code == "STUDY_SYNTAX"
    assert problem.place.startswith(place)


def test_every_problem_of_a_file_comes_at_once() -> None:
    text = (
        STUDY.replace("label =", "lable =")
        .replace("seed = 20260508", "")
        .replace("minimum = 0.05", "minimum = -1")
        .replace('["arm"]', '["arms"]')
        .replace('runs = "runs.csv"', "runs = 3")
    )
    assert sorted(problem.code for problem in refused(text)) == [
        "STUDY_COMPONENT",
        "STUDY_KEY",
        "STUDY_MISSING",
        "STUDY_VALUE",
        "STUDY_VALUE",
    ]


def test_invisible_and_reordering_characters_are_refused_and_shown_escaped() -> None:
    problem = only(STUDY.replace("Unused tool", "Unused\\u202e tool"))
    assert problem.code == "STUDY_CHARACTER"
    assert "U+202E" in problem.found
    assert "\u202e" not in str(problem)


def test_names_are_composed_so_that_two_ways_of_typing_an_accent_are_one_name() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    text = STUDY.replace("[components.tools]", f'[components."{decomposed}"]').replace('"tools", ', f'"{composed}", ')
    study = parse(text.replace("{ tools = 0", f'{{ "{composed}" = 0'))
    assert study.components[0].id == composed


def test_a_study_is_loaded_from_its_file_or_its_folder_and_paths_start_there(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_bytes(b"\xef\xbb\xbf" + STUDY.encode())
    assert load_study(file) == load_study(str(tmp_path))
    assert load_study(file).folder == tmp_path


def test_a_file_that_is_not_there_is_named_with_the_nearest_one_beside_it(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(STUDY)
    with pytest.raises(StudyError) as caught:
        load_study(tmp_path / "studdy.toml")
    assert caught.value.problems[0].code == "STUDY_FILE"
    assert caught.value.problems[0].remedy == 'Did you mean "study.toml"?'


def test_bytes_that_are_not_utf8_are_refused_with_their_offset(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_bytes('title = "café"'.encode("latin-1"))
    with pytest.raises(StudyError) as caught:
        load_study(file)
    assert caught.value.problems[0].code == "ENCODING"
    assert caught.value.problems[0].place == "study.toml, byte 12"


def test_the_schema_describes_the_file_components_by_id_and_baseline_as_a_table() -> None:
    schema = study_schema()
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert properties["components"]["type"] == "object"
    assert properties["components"]["additionalProperties"] == {"$ref": "#/$defs/ComponentEntry"}
    assert "baseline" in properties
    assert schema["additionalProperties"] is False
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


TOML_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=True)
    | st.text("ab\u202e\u0301\n", max_size=4),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text("ab.", max_size=3), values, max_size=3),
    max_leaves=6,
)
KEYS = ["title", "seed", "baseline", "tables", "analysis", "components", "claims", "x"]


@given(data=st.dictionaries(st.sampled_from(KEYS), TOML_VALUES, max_size=8))
def test_whatever_stands_in_a_file_it_is_read_or_refused_with_places(data: dict[str, object]) -> None:
    problems = refused(_toml(data))
    assert problems
    assert all(problem.place and problem.remedy and problem.found for problem in problems)


def _toml(data: dict[str, object]) -> str:
    return "\n".join(f"{key} = {_value(value)}" for key, value in data.items())


def _value(value: object) -> str:
    match value:
        case None:
            return "1979-05-27"
        case bool():
            return str(value).lower()
        case str():
            escaped = "".join(f"\\u{ord(c):04x}" for c in value)
            return f'"{escaped}"'
        case dict():
            return "{" + ", ".join(f"{_value(key)} = {_value(entry)}" for key, entry in value.items()) + "}"
        case list():
            return "[" + ", ".join(_value(entry) for entry in value) + "]"
        case _:
            return repr(value)


MIXTURE = (
    '[mixture]\nmodel = "linear"\ndelta = 0.02\nreference = { chat = 0.8, tools = 0.2 }\nlabels = { chat = "Chat" }\n'
)


def test_the_mixture_is_read_as_declared_and_has_defaults() -> None:
    study = parse(STUDY.replace("[components.tools]", MIXTURE + "[components.tools]", 1))
    assert study.mixture.reference == {"chat": 0.8, "tools": 0.2}
    assert (study.mixture.model, study.mixture.delta, study.mixture.labels) == ("linear", 0.02, {"chat": "Chat"})
    default = parse(STUDY).mixture
    assert (default.model, default.delta, default.zero, default.crossed) == ("auto", 0.05, 0.005, False)
    assert set(study_schema()["properties"]) >= {"mixture"}  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("was", "becomes", "code", "place", "said"),
    [
        ("delta = 0.02", "delta = 0", "STUDY_VALUE", "key mixture.delta", "greater than 0"),
        ("delta = 0.02", "step = 0.02", "STUDY_KEY", "key mixture.step", "delta"),
        ("delta = 0.02", "draws = 99", "STUDY_KEY", "key mixture.draws", "[analysis]"),
        ('"linear"', '"cubic"', "STUDY_VALUE", "key mixture.model", "'quadratic'"),
        ("tools = 0.2", "tools = 0.3", "STUDY_VALUE", "key mixture.reference", "sum to 1"),
        ("tools = 0.2", 'tools = "0.2"', "STUDY_VALUE", "key mixture.reference.tools", "number"),
    ],
)
def test_a_wrong_mixture_is_refused_with_its_place(was: str, becomes: str, code: str, place: str, said: str) -> None:
    assert was in MIXTURE
    problem = only(STUDY.replace("[components.tools]", MIXTURE.replace(was, becomes) + "[components.tools]", 1))
    assert (problem.code, problem.place) == (code, f"study.toml, {place}")
    assert said in problem.required + problem.remedy
