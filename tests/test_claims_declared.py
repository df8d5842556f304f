"""Every kind of claim, as a study file declares it: keys, pages, errors, and the rules that hold for all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mixablate.claims import Flag, Status, judge
from mixablate.claims.kinds import KINDS, region_of, regions_of
from mixablate.design import design_of
from mixablate.errors import StudyError
from mixablate.study import parse_study, study_schema
from mixablate.study.claim_kinds import CLAIM_KINDS, Compared, Declared
from mixablate.study.published_kinds import PUBLISHED_KINDS
from small_studies import claim, study_of, tables_of

DOCS = Path(__file__).resolve().parents[1] / "docs"
STUDY = """
title = "Wrong claims"
seed = 1
baseline = { tools = 0, prompts = 0 }
[tables]
runs = "r.csv"
outcomes = "o.csv"
evals = "e.csv"
[components.tools]
[components.prompts]
[[claims]]
id = "c"
text = "t"
evals = ["blackmail"]
"""
SHARED = set(Declared.model_fields) | {"kind"}
FOUR = ((0, 0), (1, 0), (0, 1), (1, 1))
STEADY = (-2, -1, 0, 1, 2)
FRAGILE_FAR, FRAGILE_RUN = [27, 32, 36, 23, 35], "arm1/é00"


def test_what_can_be_declared_can_be_judged_and_the_other_way_round() -> None:
    assert set(KINDS) == set(CLAIM_KINDS.values())
    for name, model in CLAIM_KINDS.items():
        assert model.model_fields["kind"].annotation.__args__ == (name,)
        assert model.model_config["extra"] == "forbid"


def test_the_schema_of_the_study_file_knows_every_kind() -> None:
    definitions = study_schema()["$defs"]
    kinds = {d["properties"]["kind"]["const"] for d in definitions.values() if "kind" in d.get("properties", {})}
    assert kinds == set(CLAIM_KINDS) | set(PUBLISHED_KINDS)


@pytest.mark.parametrize("name", CLAIM_KINDS)
def test_every_kind_has_its_row_and_its_page_with_all_its_keys(name: str) -> None:
    row = re.search(rf"^\| \[`{name}`\]\(claims/([a-z-]+\.md)\) \|(.*)$", (DOCS / "verdicts.md").read_text(), re.M)
    assert row
    page = (DOCS / "claims" / row[1]).read_text(encoding="utf-8")
    assert page.startswith("# ")
    assert page.splitlines()[0].endswith("?")
    assert f'kind = "{name}"' in page
    own = {key for key in CLAIM_KINDS[name].model_fields if key not in SHARED}
    assert {key for key in own if f"`{key}" not in page and not re.search(rf"^{key} = ", page, re.M)} == set()
    assert {key for key in own if f"`{key}`" not in row[2]} == set()


@pytest.mark.parametrize(
    ("keys", "code", "said"),
    [
        ('kind = "necessary"\ncomponents = ["tool"]', "STUDY_COMPONENT", '"tools"'),
        ('kind = "necessary"\ncomponents = ["tools"]\nat = "baseline"', "STUDY_VALUE", "full"),
        ('kind = "sufficient"\ncomponents = ["tools"]\nbound = 0.1', "STUDY_KEY", '"reaches_zero"'),
        (
            'kind = "synergy"\ncomponents = ["tools"]\ntogether_with = ["prompts"]',
            "STUDY_MISSING",
            'scale = "log_odds"',
        ),
        ('kind = "synergy"\nscale = "log_odds"\ncomponents = ["tools"]', "STUDY_MISSING", "together_with = ["),
        (
            'kind = "stacks"\nscale = "log_odds"\nmargin = 0.1\ncomponents = ["tools"]\ntogether_with = ["prompt"]',
            "STUDY_COMPONENT",
            '"prompts"',
        ),
        (
            'kind = "stacks"\nscale = "log_odds"\nmargin = 0.1\ncomponents = ["tools"]\ntogether_with = ["tools"]',
            "STUDY_VALUE",
            "Correct these keys",
        ),
        ('kind = "matches_rate"\ncomponents = ["tools"]\nmargin = 0.1', "STUDY_VALUE", '"rate" and "record"'),
        (
            'kind = "matches_rate"\ncomponents = ["tools"]\nmargin = 0.1\nrate = 0.2\nrate_lower = 0.1',
            "STUDY_VALUE",
            "both or neither",
        ),
        ('kind = "generalises"\ncomponents = ["tools"]', "STUDY_MISSING", "gap = 0.1"),
        ('kind = "persists"\ncomponents = ["tools"]', "STUDY_MISSING", 'stage = "rl"'),
        ('kind = "correlates"', "STUDY_VALUE", "Keep one of them"),
        ('kind = "correlates"\ncolumn = "tokens"\ncomponents = ["tools"]', "STUDY_VALUE", "nothing is switched"),
        ('kind = "accelerates"\ncomponents = ["tools"]\nover = "epochs"', "STUDY_VALUE", "log_step"),
        ('kind = "dose_response"\ncomponents = ["tools", "prompts"]', "STUDY_VALUE", "at most 1"),
        ('kind = "efficient"\nratio = 2.0\ncomponents = ["tools"]', "STUDY_MISSING", "than = ["),
        ('kind = "transfers"\ncomponents = ["tools"]\nscale = "risk_ratio"', "STUDY_VALUE", "log_odds"),
    ],
)
def test_a_wrong_declaration_names_its_place_and_what_to_do(keys: str, code: str, said: str) -> None:
    with pytest.raises(StudyError) as refused:
        parse_study(STUDY + keys, place="study.toml", folder=Path())
    (problem,) = refused.value.problems
    assert problem.code == code
    assert 'claim "c"' in problem.place
    assert said in str(refused.value)


def test_regions_of_kinds_with_several_cases_begin_with_that_of_the_first() -> None:
    assert len(regions_of(claim(kind="reduces"), lower_is_better=True)) == 1
    for keys, cases in (
        ({"kind": "generalises", "gap": 0.1}, 3),
        ({"kind": "persists", "stage": "rl"}, 2),
        ({"kind": "efficient", "than": ("prompts",), "ratio": 2.0}, 2),
    ):
        asked = claim(**keys)
        regions = regions_of(asked, lower_is_better=True)
        assert len(regions) == cases
        assert regions[0] == region_of(asked, lower_is_better=True)


def factorial(claims, means=(60, 50, 50, 10), spread=STEADY, **analysis):
    """Verdicts on four arms whose two evals move alike."""
    study = study_of(claims=claims, **({"draws": 999} | analysis))
    cells = [
        (
            {"tools": t, "prompts": p},
            {"blackmail": [m + d for d in spread], "audit": [m - 5 - d for d in spread]},
        )
        for (t, p), m in zip(FOUR, means, strict=True)
    ]
    tables = tables_of(study, cells, evals={"audit": {"domain": "out_of_distribution"}})
    return judge(study, tables, design_of(study, tables))


SEVERAL = (
    claim(id="s", kind="synergy", scale="log_odds", components=("tools",), together_with=("prompts",)),
    claim(id="k", kind="stacks", scale="risk_ratio", components=("tools",), together_with=("prompts",), margin=1.5),
    claim(id="g", kind="generalises", components=("prompts",), gap=0.1),
    claim(id="n", kind="necessary", minimum=0.1),
)


def test_families_of_such_claims_are_adjusted_by_max_t_too() -> None:
    by_holm, by_max_t = (factorial(SEVERAL, adjust=rule) for rule in ("holm", "max_t"))
    for one, other in zip(by_holm, by_max_t, strict=True):
        assert one.p_value == other.p_value
        assert other.p_value <= other.p_adjusted
    assert [v.p_adjusted for v in by_max_t] != [v.p_adjusted for v in by_holm]


def test_a_claim_without_a_place_in_the_joint_bootstrap_falls_back_to_holm() -> None:
    rate = claim(id="m", kind="matches_rate", rate=0.5, margin=0.2, at="baseline")
    by_holm, by_max_t = (factorial((*SEVERAL, rate), adjust=rule) for rule in ("holm", "max_t"))
    assert [v.p_adjusted for v in by_max_t] == pytest.approx([v.p_adjusted for v in by_holm])


def paired(asked, *, pair: str):
    """Seeds differ by far more than the interaction, which is 30 points in each of them but for an event or two."""
    study = study_of(claims=[asked], draws=999, pair=pair)
    own = {(1, 1): (0, 1, -1, 1, -1)}
    cells = [
        (
            {"tools": t, "prompts": p},
            [m + d + e for d, e in zip((-8, -4, 0, 4, 8), own.get((t, p), (0,) * 5), strict=True)],
        )
        for (t, p), m in zip(FOUR, (60, 50, 50, 10), strict=True)
    ]
    tables = tables_of(study, cells)
    (found,) = judge(study, tables, design_of(study, tables))
    return found


def test_paired_runs_are_compared_within_pairs() -> None:
    sides = {"components": ("tools",), "together_with": ("prompts",)}
    asked = claim(kind="synergy", scale="log_odds", minimum=0.2, **sides)
    within, apart = (paired(asked, pair=pair) for pair in ("seed", ""))
    assert within.evidence[0].estimate == pytest.approx(apart.evidence[0].estimate)
    assert within.evidence[0].std_error < apart.evidence[0].std_error
    assert "within pairs" in within.evidence[0].method
    assert "within 5 pairs" in within.second_opinions[0].method
    refused = paired(claim(kind="stacks", scale="risk_ratio", margin=1.2, **sides), pair="seed")
    assert refused.status is Status.UNTESTABLE
    assert "paired runs" in refused.reason


def test_fragility_names_the_runs_that_carry_a_gap() -> None:
    near, far = ([60, 62, 58, 61, 59], [30, 32, 28, 31, 29]), ([50, 51, 49, 52, 48], FRAGILE_FAR)
    asked = claim(kind="generalises", gap=0.2)

    def judged(left_out: tuple[int, int] | None):
        study = study_of(["tools"], [asked], draws=999)
        kept = [[i for i in range(5) if (t, i) != left_out] for t in (0, 1)]
        cells = [
            ({"tools": t}, {"blackmail": [near[t][i] for i in kept[t]], "audit": [far[t][i] for i in kept[t]]})
            for t in (0, 1)
        ]
        tables = tables_of(study, cells, evals={"audit": {"domain": "out_of_distribution"}})
        return judge(study, tables, design_of(study, tables))[0]

    found = judged(None)
    assert found.status is Status.SUPPORTED
    # Judged anew without each run: p beyond 0.05 one-sided without the runs named, and only without those.
    carried = {f"arm{t}/é{i:02d}" for t in (0, 1) for i in range(5) if judged((t, i)).p_value > 0.05}
    assert set(found.fragility) == carried == {FRAGILE_RUN}
    assert Flag.FRAGILE in found.flags


def test_every_kind_that_compares_requires_components() -> None:
    compared = {name for name, model in CLAIM_KINDS.items() if issubclass(model, Compared)}
    assert set(CLAIM_KINDS) - compared == {"correlates"}
