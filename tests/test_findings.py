"""Findings: the same whatever the order of the input, with the documented frames and the committed verdicts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mixablate.estimate.models.logit import fit_logit
from mixablate.estimate.runs import regression
from mixablate.findings import Findings, analyse
from mixablate.findings.rates import RATE_COLUMNS, RUN_COLUMNS
from mixablate.study import PublishedDeclared, load_study
from mixablate.tables import Tables, read_tables, tables_from_frames
from small_studies import claim, study_of, tables_of

REPORTS = Path(__file__).resolve().parents[1] / "reports"
CLAIMS = (
    claim(id="tools", kind="reduces"),
    claim(id="prompts", kind="reduces", components=("prompts",), minimum=0.02),
    claim(id="full", kind="no_harm", components=("tools", "prompts"), margin=0.05),
)
# Six runs an arm: 924 assignments in each of two strata are too many to enumerate, so that draws decide.
CELLS = [
    ({"tools": t, "prompts": p}, [40 - 9 * t - 5 * p + step for step in (-5, -3, 0, 1, 3, 4)])
    for t in (0, 1)
    for p in (0, 1)
]
VERDICT_COLUMNS = [
    *("claim", "kind", "text", "status", "flags", "region", "outcome", "scale", "estimate", "lower", "upper"),
    *("p_value", "p_adjusted", "fragile_to", "specifications", "agreement", "reason", "would_settle"),
    *("missing_low", "missing_high", "acted_treated", "acted_reference", "controls_moved"),
]


def frames(findings: Findings) -> dict[str, pd.DataFrame]:
    return {
        "rates": findings.rates,
        "run_rates": findings.run_rates,
        "effects": findings.effects_frame(),
        "regression": findings.regression_frame(),
        "attribution": findings.attribution_frame(),
        "verdicts": findings.verdicts_frame(),
    }


def shuffled(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    rows = frame.sample(frac=1.0, random_state=seed)
    return rows.sample(frac=1.0, axis="columns", random_state=seed)


def raw_frames(tables: Tables) -> dict[str, pd.DataFrame]:
    """The frames of tables as a caller would hold them: no column that is blank throughout, none that was derived."""
    outcomes = tables.outcomes[["run_id", "eval_id", "n_trials", "n_events", "n_missing"]]
    runs = tables.runs[["run_id", "base_model", "seed", "tools", "prompts"]]
    evals = tables.evals[["eval_id", "label", "domain", "direction"]]
    return {"runs": runs, "outcomes": outcomes, "evals": evals}


@pytest.fixture(scope="module")
def qwen() -> Findings:
    study = load_study(REPORTS / "qwen_difficult_advice" / "study.toml")
    return analyse(study, read_tables(study))


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_rows_and_columns_moves_no_number(seed: int) -> None:
    study = study_of(claims=CLAIMS, draws=199)
    cells = [(levels, {"blackmail": counts, "audit": [c + 7 for c in counts]}) for levels, counts in CELLS]
    given = raw_frames(tables_of(study, cells, missing=3))
    as_given = analyse(study, tables_from_frames(study, **given))
    reordered = {role: shuffled(frame, seed) for role, frame in given.items()}
    assert list(reordered["runs"]["run_id"]) != list(given["runs"]["run_id"])
    again = analyse(study, tables_from_frames(study, **reordered))
    for name, frame in frames(as_given).items():
        pd.testing.assert_frame_equal(frames(again)[name], frame, check_exact=True, obj=name)
    assert again.verdicts == as_given.verdicts
    assert again.limits == as_given.limits
    assert again.notices == as_given.notices
    assert again.design == as_given.design


def test_the_same_input_gives_the_same_findings_twice() -> None:
    study = study_of(claims=CLAIMS, draws=199)
    first, second = (frames(analyse(study, tables_of(study, CELLS))) for _ in range(2))
    for name, frame in first.items():
        pd.testing.assert_frame_equal(second[name], frame, check_exact=True, obj=name)


def test_a_study_of_single_runs_says_first_that_it_carries_no_run_to_run_uncertainty(qwen: Findings) -> None:
    sentence = qwen.limits[0]
    assert sentence.startswith("Every arm is a single training run")
    assert "the training run is the unit, and rollouts of one run are not independent evidence about a mix" in sentence
    assert all(effect.p_value is None and effect.lower is None for effect in (*qwen.effects, *qwen.regression))
    # A bound over runs needs runs: no claim of this study can be tested.
    on_runs = [verdict for verdict in qwen.verdicts if not isinstance(verdict.claim, PublishedDeclared)]
    assert {str(verdict.status) for verdict in on_runs} == {"untestable"}


def test_limits_are_sentences_and_each_is_said_once(qwen: Findings) -> None:
    assert len(set(qwen.limits)) == len(qwen.limits)
    assert all(sentence.endswith(".") and not sentence.endswith("..") for sentence in qwen.limits)


def test_the_simulated_study_gives_the_statuses_of_its_committed_report() -> None:
    folder = REPORTS / "harmlessness_diversification"
    study = load_study(folder / "study.toml")
    committed = pd.read_csv(folder / "verdicts.csv", keep_default_na=False, dtype=str)
    found = analyse(study, read_tables(study)).verdicts_frame()
    keys = ["claim", "kind", "status", "flags", "fragile_to"]
    assert found[keys].to_numpy().tolist() == committed[keys].to_numpy().tolist()


def test_frames_have_their_documented_columns() -> None:
    study = study_of(claims=CLAIMS, draws=199)
    found = analyse(study, tables_of(study, CELLS))
    assert tuple(found.rates.columns) == RATE_COLUMNS
    assert tuple(found.run_rates.columns) == RUN_COLUMNS
    documented = Findings.__doc__ or ""
    assert [column for column in (*RATE_COLUMNS, *RUN_COLUMNS) if f"`{column}`" not in documented and column not in (
        "estimate", "lower", "upper", "interval", "rate"
    )] == []  # fmt: skip
    assert list(found.verdicts_frame().columns) == VERDICT_COLUMNS
    assert list(found.effects_frame().columns) == list(found.regression_frame().columns)
    assert {"outcome", "contrast", "scale", "estimate", "lower", "upper", "n_treated", "n_reference"} <= set(
        found.effects_frame().columns
    )
    assert {"outcome", "scale", "rule", "component", "label", "estimate"} <= set(found.attribution_frame().columns)
    assert len(found.rates) == 4
    assert len(found.run_rates) == 24
    assert len(found.verdicts_frame()) == len(CLAIMS)


def test_frames_without_claims_or_attribution_still_stand() -> None:
    study = study_of(["tools"], draws=199)
    found = analyse(study, tables_of(study, [({"tools": 0}, [30, 31, 29])]))
    assert found.verdicts == ()
    assert found.verdicts_frame().empty
    assert {"outcome", "scale", "rule", "component", "label", "estimate"} <= set(found.attribution_frame().columns)


def test_adding_a_claim_moves_no_other_claims_second_opinion() -> None:
    # Random numbers are named by claim and outcome, so that a new claim draws none of another's.
    more = claim(id="a-newcomer", kind="equivalent", margin=0.05, components=("prompts",))
    alone, beside = (
        {v.claim.id: v for v in analyse(s, tables_of(s, CELLS)).verdicts}
        for s in (study_of(claims=claims, draws=199) for claims in (CLAIMS, (more, *CLAIMS)))
    )
    assert set(beside) - set(alone) == {"a-newcomer"}
    for name, verdict in alone.items():
        assert verdict.second_opinions == beside[name].second_opinions
        assert verdict.p_value == beside[name].p_value
    assert any("199 of" in opinion.method for verdict in alone.values() for opinion in verdict.second_opinions)


def test_progress_names_each_stage_before_it_starts() -> None:
    study = study_of(claims=CLAIMS[:1], draws=199)
    said: list[str] = []
    analyse(study, tables_of(study, CELLS), progress=said.append)
    assert said == [
        "design",
        "run-level effects",
        "regression",
        "attribution",
        "doses and features",
        "mix",
        "claims",
        "claim tools",
    ]


def test_the_logit_of_an_outcome_is_fitted_once_for_all_that_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    # Regression lines, three rules on two scales, and two claims on the same outcome; one arm of four was not run.
    fits = []

    def counted(*given: Any, **named: Any) -> Any:
        fits.append(given)
        return fit_logit(*given, **named)

    monkeypatch.setattr(regression, "fit_logit", counted)
    study = study_of(claims=[claim(id="a", kind="reduces"), claim(id="b", kind="reduces", components=("prompts",))])
    cells = [
        ({"tools": 0, "prompts": 0}, [60, 52, 57]),
        ({"tools": 1, "prompts": 0}, [41, 38, 47]),
        ({"tools": 0, "prompts": 1}, [35, 44, 36]),
    ]
    found = analyse(study, tables_of(study, cells))
    assert any("fitted model" in attribution.method for attribution in found.attributions)
    assert len(fits) == 1
