"""The speed study at a small size: how it compares, and that no ratio has fallen below 60 % of the committed one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from speed import draw
from speed.harness import Contender, Workload, measure
from speed.machine import processor
from speed.r_process import Timed
from speed.table import markdown

ROOT = Path(__file__).resolve().parents[1]
COMMITTED = json.loads((ROOT / "benchmarks/results/speed.json").read_text(encoding="utf-8"))
# Of a committed ratio. Interleaved medians move by a tenth on one machine, twofold between kinds of processor, as what
# is compared differs: with 512-bit vectors an exponential takes a fifth of the time, a loop of Python's all of it. So
# each kind of processor has committed ratios of its own, and a kind that has none must keep 60 % of the lowest.
KEPT = 0.6
ROUNDS = "5"  # the median holds though other test processes take two of them unawares
PEERS = ("numpy", "scipy", "statsmodels")  # which every test environment has
MEASURED = ("W1", "W1-dense", "W2", "W3", "W4", "W5", "W6-binary", "W6-continuous")
SHOWN = sorted(
    {
        (key, entry["contender"])
        for workloads in COMMITTED["small"].values()
        for key in MEASURED
        for entry in workloads[key]["contenders"]
        if entry["ratio"] is not None
    }
)


def entry_of(workloads: Any, key: str, name: str) -> dict[str, Any]:
    return dict(next(entry for entry in workloads[key]["contenders"] if entry["contender"] == name))


def expected(small: Any, kind: str, key: str, name: str) -> float:
    """The committed ratio of this kind of processor, or the lowest of all kinds."""
    ratios = {one: float(entry_of(workloads, key, name)["ratio"]) for one, workloads in small.items()}
    return ratios.get(kind, min(ratios.values()))


def run(out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The study in a process of its own, where one thread is set before NumPy is loaded."""
    path = os.pathsep.join([str(ROOT / "analysis"), str(ROOT / "benchmarks")])
    return subprocess.run(
        [sys.executable, "-m", "speed", *arguments, "--small", "--out", str(out), "--packages", *PEERS],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def measured(out: Path, *keys: str) -> dict[str, Any]:
    done = run(out, *keys, "--rounds", ROUNDS)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(out.read_text(encoding="utf-8"))["small"][processor()])


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return measured(tmp_path_factory.mktemp("speed") / "speed.json", *MEASURED)


@pytest.mark.slow
@pytest.mark.parametrize(("key", "name"), SHOWN)
def test_ours_keeps_sixty_percent_of_its_committed_lead(
    found: dict[str, Any], key: str, name: str, tmp_path: Path
) -> None:
    now, least = entry_of(found, key, name), KEPT * expected(COMMITTED["small"], processor(), key, name)
    assert now["error"] <= now["tolerance"]
    if now["ratio"] < least:  # whatever took three rounds or more takes them seldom twice: a lead that is lost stays so
        now = entry_of(measured(tmp_path / "speed.json", key), key, name)
    assert now["ratio"] >= least


def test_a_kind_of_processor_is_held_to_its_own_ratios_and_an_unknown_one_to_the_lowest() -> None:
    small = {
        kind: {"W0": {"contenders": [{"contender": "other", "ratio": ratio}]}}
        for kind, ratio in (("one", 500.0), ("another", 300.0))
    }
    found = [expected(small, kind, "W0", "other") for kind in ("one", "another", "a third")]
    assert found == [500.0, 300.0, 300.0]
    assert len(COMMITTED["small"]) >= 2


# Goals that the committed study did not reach, said in docs/speed.md; one that is reached must leave this list.
MISSED: set[tuple[str, str, str]] = set()


def test_the_committed_study_met_its_goals_but_those_named_with_the_same_answers() -> None:
    missed = set()
    for kind, workloads in COMMITTED["full"].items():
        for key, entry in workloads.items():
            for row in entry["contenders"]:
                if row["ratio"] is None:
                    continue
                assert row["error"] <= row["tolerance"], row["contender"]
                if row["goal"] is not None and row["ratio"] < row["goal"]:
                    missed.add((kind, key, row["contender"]))
    assert missed == MISSED


def waiting(steps: int) -> Callable[[], float]:
    """Work in proportion to `steps`."""
    values = np.ones(20_000)

    def work() -> float:
        return float(sum((values * step).sum() for step in range(steps)) * 0.0)

    return work


def example(**keys: Any) -> Workload:
    contender = Contender("ten times", "numpy", lambda: waiting(100), lambda a, b: abs(a - b), 1e-8, "difference")
    return Workload("W0", "waiting", waiting(10), (replace(contender, **keys),))


def test_a_contender_with_ten_times_the_work_takes_ten_times_as_long() -> None:
    (row,) = measure(example(), rounds=5)
    assert row.passed
    assert row.ratio is not None
    assert 5 < row.ratio < 20
    (whole,) = measure(example(share=0.1), rounds=3)
    assert whole.ratio is not None
    assert 50 < whole.ratio < 200


def test_another_answer_fails_the_gate_whatever_its_time() -> None:
    (row,) = measure(example(error=lambda a, b: 1e-7), rounds=1)
    assert not row.passed
    (undefined,) = measure(example(error=lambda a, b: float("nan")), rounds=1)
    assert not undefined.passed


def test_absent_packages_are_listed_and_not_run() -> None:
    def never() -> Callable[[], Any]:
        raise AssertionError("an absent contender was run")

    (row,) = measure(example(package="no-such-package", build=never), rounds=1)
    assert (row.ratio, row.absent, row.passed) == (None, "no-such-package is not installed", True)
    (needy,) = measure(example(needs=("no-such-package",), build=never), rounds=1)
    assert needy.absent == "no-such-package is not installed"
    (unasked,) = measure(example(package="scipy", build=never), rounds=1, packages=frozenset({"numpy"}))
    assert unasked.absent == "not asked for"


def test_another_process_tells_its_own_seconds() -> None:
    (row,) = measure(example(build=lambda: lambda: Timed(0.0, 2.0)), rounds=1)
    assert row.seconds == pytest.approx(2.0)


def test_the_table_has_a_row_for_every_contender() -> None:
    text = markdown(COMMITTED["full"])
    for entry in (entry for workloads in COMMITTED["full"].values() for entry in workloads.values()):
        for row in entry["contenders"]:
            assert f"| {row['contender']} ({row['package']}) |" in text
    assert text == (ROOT / "benchmarks/results/speed.md").read_text(encoding="utf-8")


def test_an_unknown_workload_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path / "speed.json", "W99")
    assert done.returncode == 2
    assert "no such workload: W99" in done.stderr


def test_rounds_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="rounds must be at least 1"):
        next(measure(example(), rounds=0))


def test_the_figure_has_a_row_for_every_contender_that_was_measured() -> None:
    processors = json.loads(draw.RESULTS.read_text(encoding="utf-8"))["full"]
    rows = {
        (workload, contender["contender"])
        for workloads in processors.values()
        for workload, entry in workloads.items()
        for contender in entry["contenders"]
        if not contender["absent"]
    }
    (axes,) = draw.speed_figure(processors).axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert len(set(labels)) == len(labels) == len(rows)
    assert set(draw.SHORT) == {workload for workload, _ in rows}
