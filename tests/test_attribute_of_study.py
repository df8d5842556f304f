"""`attribute(study, tables)`: the published counts of one run per mix, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mixablate.attribute import ONE_RUN, Attribution, WithheldAttribution, attribute
from mixablate.errors import ClaimError
from mixablate.study import Study, load_study
from mixablate.tables import Tables, read_tables, tables_from_frames
from small_studies import study_of, tables_of

ROOT = Path(__file__).resolve().parents[1]
FIXTURE = ROOT / "fixtures/qwen_difficult_advice"
PUBLISHED = 0.005  # shares are stated in whole percent
SCALES = ("risk_difference", "log_odds", "log_ratio")


def published(evaluation: str) -> tuple[Study, Tables]:
    """The published counts with both evaluations of base and mix pooled, or with one of them alone."""
    study = load_study(ROOT / "reports/qwen_difficult_advice/study.toml")
    if evaluation == "pooled":
        return study, read_tables(study)
    outcomes = pd.read_csv(FIXTURE / "outcomes.csv")
    twice = outcomes["run_id"].isin(outcomes.loc[outcomes["replicate"] == "run2", "run_id"])
    outcomes = outcomes[~twice | (outcomes["replicate"] == evaluation)]
    frames = {name: pd.read_csv(FIXTURE / f"{name}.csv") for name in ("runs", "evals")}
    return study, tables_from_frames(study, outcomes=outcomes, **frames)


# Mean rates of both scenarios. Pooled: base (537 + 243)/1200 = .650, plain chat (155 + 76)/600 = .385, mix (212 + 114)/
# 1200 = .2717: .265/.3783 = .70, 1.087/1.605 = .68 (log-odds .619, -.468, -.986), .5237/.8724 = .60 (logs).
# Second alone: .655, .385, .2533: .270/.4017 = .67. First alone: .645, .385, .290: .260/.355 = .73.
@pytest.mark.parametrize(
    ("evaluation", "shares"),
    [("pooled", (0.70, 0.68, 0.60)), ("run2", (0.67, 0.64, 0.56)), ("run1", (0.73, 0.71, 0.65))],
)
def test_plain_chat_brings_about_two_thirds_of_the_published_drop(
    evaluation: str, shares: tuple[float, float, float]
) -> None:
    study, tables = published(evaluation)
    for scale, share in zip(SCALES, shares, strict=True):
        found = attribute(study, tables, outcome="out_of_distribution", game="ordered", scale=scale)  # type: ignore[arg-type]
        assert isinstance(found, Attribution)
        chat, advice = found.parts
        assert (chat.component, chat.source, advice.source) == ("plain_chat", "observed", "observed")
        assert found.descriptive
        assert found.reason == ONE_RUN
        assert (chat.lower, found.total_lower) == (None, None)
        assert chat.share == pytest.approx(share, abs=PUBLISHED)
        assert advice.share == pytest.approx(1.0 - (chat.share or 0.0), abs=1e-12)


def test_the_default_is_the_shapley_split_of_the_first_mean_that_is_better_when_lower() -> None:
    found = attribute(*published("pooled"))
    assert (found.outcome, found.rule, str(found.scale)) == ("out_of_distribution", "shapley", "risk_difference")


def test_what_was_not_run_is_withheld_with_its_reason() -> None:
    found = attribute(*published("pooled"), value="observed")
    assert isinstance(found, WithheldAttribution)
    assert found.reason == 'not run: "Difficult advice"'
    assert found.to_frame().loc[0, "reason"] == found.reason


def test_owen_without_groups_points_to_shapley() -> None:
    found = attribute(*published("pooled"), game="owen")
    assert isinstance(found, WithheldAttribution)
    assert "the Owen value is the Shapley value" in found.reason


def test_questions_that_make_no_sense_are_refused() -> None:
    study = study_of()
    tables = tables_of(study, [({"tools": t, "prompts": p}, [40, 50]) for t in (0, 1) for p in (0, 1)])
    with pytest.raises(ClaimError, match="blackmail"):
        attribute(study, tables, outcome="blackmai")
    with pytest.raises(ValueError, match="not on value"):
        attribute(study, tables, scale="value")
    with pytest.raises(ValueError, match="is not a valid Rule"):
        attribute(study, tables, game="nash")  # type: ignore[arg-type]
