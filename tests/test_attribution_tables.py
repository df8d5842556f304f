"""What the report says of who earned the change: published counts of one run per mix, and a small factorial."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from mixablate.findings import Findings, analyse
from mixablate.report.attribution_tables import attribution_points, attribution_tables
from mixablate.report.table import PageTable
from mixablate.resample import stage_rng
from mixablate.study import load_study
from mixablate.tables import read_tables
from small_studies import flag, study_of, tables_of

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def published() -> Findings:
    study = load_study(ROOT / "reports/qwen_difficult_advice/study.toml")
    return analyse(study, read_tables(study))


@pytest.fixture(scope="module")
def factorial() -> Findings:
    rng = stage_rng(3, "factorial")
    study = study_of([flag("a", group="g"), flag("b", group="g"), flag("c")], draws=199)
    cells = []
    for a, b, c in itertools.product((0, 1), repeat=3):
        rate = 0.7 - 0.1 * a - 0.15 * b - 0.35 * c * (1 - 0.5 * a)
        cells.append(({"a": a, "b": b, "c": c}, [int(rng.binomial(200, rate)) for _ in range(3)]))
    return analyse(study, tables_of(study, cells, trials=200))


def tables_by_name(findings: Findings) -> dict[str, PageTable]:
    return {table.name: table for table in attribution_tables(findings)}


def test_the_published_shares_of_plain_chat_stand_open_side_by_side(published: Findings) -> None:
    table = tables_by_name(published)["attribution_shares"]
    assert not table.folded
    assert table.caption.startswith("Descriptive shares")
    rows = [[cell.shown for cell in row] for row in table.rows]
    chat = next(row for row in rows if row[1].startswith("ordered") and row[2].startswith("Plain chat"))
    assert chat[3:] == ["70%", "68%", "60%", "observed"]
    assert any("one run per arm carries no run-to-run uncertainty" in point for point in attribution_points(published))


def test_a_factorial_shows_ranks_groups_and_interactions(factorial: Findings) -> None:
    tables = tables_by_name(factorial)
    assert {"attribution_risk_difference", "attribution_log_odds", "attribution_log_ratio"} <= set(tables)
    assert "p, all parts at once" in tables["attribution_log_odds"].columns
    assert "Any one run left out" in tables["attribution_log_odds"].columns
    assert [row[2].shown for row in tables["attribution_groups"].rows][:2] == ["g", "c"]
    assert len(tables["attribution_interactions"].rows) == 3
    assert tables["attribution_coalitions"].folded
    assert len(tables["attribution_coalitions"].rows) == 8
    assert any('"C" (' in point and "it by more than" in point for point in attribution_points(factorial))


def test_every_frame_behind_the_attribution_holds_its_rows(factorial: Findings) -> None:
    # Three scales times six rules; Owen has two groups more, and every split an unattributed and a total row.
    frame = factorial.attribution_frame()
    assert frame["row"].value_counts().to_dict() == {"part": 54, "unattributed": 18, "total": 18, "group": 6}
    assert len(factorial.comparisons_frame()) == 3 * 6 * 3
    assert len(factorial.interactions_frame()) == 3 * 2 * 3
    assert list(factorial.coalitions["n_runs"]) == [3] * 8
