"""How often the flags on the measurement are raised: a few seeded studies of benchmarks/claims/flags, and the results.

A study's control check has a false-alarm rate of at most 5 %: 4 or more of 12 have probability 2.3e-3 or less. What is
wrong by a distance is found in more than 95 %: fewer than 9 of 12 have probability 2.3e-3 or less as well. Seeded, so
that it fails always or never.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from claims.flags import CELLS, CHECKS, LABELS, SENSITIVITY, drawn_of, shares
from claims.scenarios import TRIALS

from mixablate.claims.measurement.acting import LEAST_ACTING

ROOT = Path(__file__).resolve().parents[1]
COMMITTED = json.loads((ROOT / "benchmarks/results/flags.json").read_text(encoding="utf-8"))
STUDIES, MOST_FALSE, FEWEST_FOUND = 12, 3, 9
NOTHING_WRONG = ("no effect", "no effect, 3 runs", "no effect, 10 runs", "drop found half the time", "clear drop")


def raised(cell: str) -> dict[str, int]:
    found = shares(cell, STUDIES)
    return {check: round(found[check] * STUDIES) for check in CHECKS}


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["no effect", "clear drop"])
def test_where_nothing_is_wrong_the_checks_are_silent(cell: str) -> None:
    found = raised(cell)
    assert found["control"] <= MOST_FALSE
    assert found["labels_differ"] <= MOST_FALSE
    assert found["stopped_acting"] == 0  # 97 % of rollouts acted in, the flag at 70 %


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "check"),
    [
        ("false alarms up to 22 %", "control"),
        ("false alarms up to 22 %", "judge_matters"),
        ("acted 50 %", "stopped_acting"),
    ],
)
def test_what_is_wrong_by_a_distance_is_found(cell: str, check: str) -> None:
    assert raised(cell)[check] >= FEWEST_FOUND


@pytest.mark.parametrize("cell", NOTHING_WRONG)
def test_the_committed_false_alarm_rates_keep_to_what_is_promised(cell: str) -> None:
    found, studies = COMMITTED["cells"][cell], COMMITTED["studies"]
    slack = 3.0 * math.sqrt(0.05 * 0.95 / studies)
    assert found["control"] <= 0.05 + slack
    assert found["labels_differ"] <= 0.05 + slack
    assert found["stopped_acting"] == 0.0


def test_the_page_shows_what_is_committed() -> None:
    page = (ROOT / "docs/calibration.md").read_text(encoding="utf-8").split("## Flags on the measurement")[1]
    rows = re.findall(
        r"^\| ([^|]+?) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", page, re.M
    )
    assert {name for name, *_ in rows} == set(CELLS) == set(COMMITTED["cells"])
    for name, *numbers in rows:
        shown = dict(zip(CHECKS, numbers, strict=True))
        assert shown == {check: f"{100 * COMMITTED['cells'][name][check]:.1f}" for check in CHECKS}, name


def test_a_study_is_drawn_as_its_cell_says() -> None:
    cell = CELLS["false alarms up to 22 %"]
    drawn = [drawn_of(cell, np.random.default_rng(seed)) for seed in range(40)]
    labels = [row for study in drawn for row in study.labels]
    # 40 studies of 10 runs; of the treated rollouts that are no events the judge calls 22 % so: SE below 1.1 points
    assert sum(row["n"] for row in labels) == 40 * 10 * LABELS
    treated = [row for row in labels if str(row["run_id"]).startswith("t1") and row["human"] == 0]
    alarms = sum(row["n"] for row in treated if row["judged"] == 1) / sum(row["n"] for row in treated)
    assert alarms == pytest.approx(0.22, abs=0.04)
    events = [row for row in labels if row["human"] == 1]
    found = sum(row["n"] for row in events if row["judged"] == 1) / sum(row["n"] for row in events)
    assert found == pytest.approx(SENSITIVITY, abs=0.02)
    acted = [row["n_acted"] / TRIALS for study in drawn for row in study.outcomes]
    assert min(acted) > LEAST_ACTING
