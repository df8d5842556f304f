"""The pytest plugin: which studies it collects, what a claim's outcome is, and what it costs where there is none."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from claims_folder import claims_folder

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[1]
INSTALLED = any(point.value == "mixablate.pytest_plugin" for point in entry_points(group="pytest11"))
PLUGIN = () if INSTALLED else ("-p", "mixablate.pytest_plugin")


def run(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess(*PLUGIN, "-p", "no:cacheprovider", *words)


def test_a_study_named_on_the_command_line_is_tested_claim_by_claim(pytester: pytest.Pytester) -> None:
    claims_folder(pytester.path / "tools")
    found = run(pytester, "tools/study.toml", "-v", "-rs")
    found.assert_outcomes(passed=1, failed=1, skipped=3)
    found.stdout.fnmatch_lines(
        [
            "tools/study.toml::tools-help PASSED*",
            "tools/study.toml::tools-do-nothing FAILED*",
            "tools/study.toml::seen-later SKIPPED*",
            "tools/study.toml::prompts-help SKIPPED*",
            "tools/study.toml::no-claim-at-all SKIPPED*",
            "*seen-later: exploratory, contradicted: *",
        ]
    )
    said = found.stdout.str()
    assert "contradicted: -20.0 points" in said
    assert "Traceback" not in said
    assert "pytest_plugin.py:" not in said.partition("short test summary")[0]


def test_statuses_named_in_the_settings_fail_and_say_what_would_settle_it(pytester: pytest.Pytester) -> None:
    claims_folder(pytester.path / "tools")
    settings = "[pytest]\nmixablate_studies = tools/study.toml\nmixablate_fail_on = undecided,untestable\n"
    (pytester.path / "pytest.ini").write_text(settings, encoding="utf-8")
    found = run(pytester)  # no path: the listed studies
    found.assert_outcomes(passed=1, failed=3, skipped=1)
    found.stdout.fnmatch_lines(
        ["*claim no-claim-at-all*", "*would settle it: a smaller margin, declared before looking"]
    )


def test_the_option_overrides_the_setting_and_one_claim_can_be_chosen(pytester: pytest.Pytester) -> None:
    claims_folder(pytester.path)
    words = ["study.toml::prompts-help", "--mixablate-fail-on", "undecided"]
    run(pytester, *words).assert_outcomes(failed=1)


def test_claims_on_published_figures_are_tests_as_well(pytester: pytest.Pytester) -> None:
    (pytester.path / "study.toml").write_text(
        """
title = "As printed"
seed = 1
[[reported]]
id = "before"
quantity = "misalignment rate"
eval = "honeypots"
value = "22%"
source = "A paper"
[[reported]]
id = "after"
quantity = "misalignment rate"
eval = "honeypots"
value = "15%"
source = "A paper"
[[published_claims]]
id = "printed-drop"
text = "It fell"
kind = "reduces"
source = "A paper"
treated = "after"
reference = "before"
""",
        encoding="utf-8",
    )
    found = run(pytester, "study.toml", "-rs")
    found.assert_outcomes(skipped=1)
    found.stdout.fnmatch_lines(["*printed-drop*untestable*"])


def test_a_study_that_nobody_named_is_not_collected(pytester: pytest.Pytester) -> None:
    claims_folder(pytester.path / "reports" / "tools")
    (pytester.path / "test_other.py").write_text("def test_it(): pass\n", encoding="utf-8")
    run(pytester).assert_outcomes(passed=1)
    run(pytester, "reports").assert_outcomes()


def test_a_listed_study_is_collected_once_and_not_when_other_tests_are_named(pytester: pytest.Pytester) -> None:
    claims_folder(pytester.path / "tools")
    (pytester.path / "test_other.py").write_text("def test_it(): pass\n", encoding="utf-8")
    settings = '[tool.pytest.ini_options]\nmixablate_studies = ["tools/study.toml"]\n'
    (pytester.path / "pyproject.toml").write_text(settings, encoding="utf-8")
    everything = run(pytester, "--collect-only", "-q").stdout.str()
    assert everything.count("::tools-help") == 1
    assert everything.count("::test_it") == 1
    assert "::tools-help" not in run(pytester, "--collect-only", "-q", "test_other.py").stdout.str()
    assert "::tools-help" in run(pytester, "--collect-only", "-q", "tools").stdout.str()


def test_a_study_that_cannot_be_read_is_an_error_without_a_traceback(pytester: pytest.Pytester) -> None:
    file = claims_folder(pytester.path)
    file.write_text(file.read_text(encoding="utf-8").replace("seed = 5", "seeds = 5"), encoding="utf-8")
    found = run(pytester, "study.toml")
    found.assert_outcomes(errors=1)
    found.stdout.fnmatch_lines(["*STUDY_KEY at study.toml*"])
    assert "Traceback" not in found.stdout.str()


def test_a_study_without_claims_is_not_green(pytester: pytest.Pytester) -> None:
    file = claims_folder(pytester.path)
    file.write_text(file.read_text(encoding="utf-8").partition("[[claims]]")[0], encoding="utf-8")
    found = run(pytester, "study.toml")
    found.assert_outcomes(errors=1)
    found.stdout.fnmatch_lines(["*NO_CLAIMS*"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--mixablate-fail-on", "undecidet"], '"undecidet" is not a status or flag that can fail a claim*'),
        (["--mixablate-fail-on", "deviated"], "LOCK_MISSING at *"),
    ],
)
def test_a_gate_that_cannot_judge_fails_every_claim(pytester: pytest.Pytester, words: list[str], said: str) -> None:
    claims_folder(pytester.path)
    found = run(pytester, "study.toml::tools-help", *words)
    found.assert_outcomes(failed=1)
    found.stdout.fnmatch_lines([said])


def test_missing_tables_fail_every_claim_with_what_to_do(pytester: pytest.Pytester) -> None:
    claims_folder(pytester.path)
    (pytester.path / "outcomes.csv").unlink()
    found = run(pytester, "study.toml")
    found.assert_outcomes(failed=5)
    found.stdout.fnmatch_lines(["FILE_MISSING at outcomes.csv*"])


def test_the_plugin_imports_nothing_of_its_own_before_a_study_is_collected() -> None:
    code = "import pytest, sys; old = set(sys.modules); import mixablate.pytest_plugin; print(*set(sys.modules) - old)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT / "analysis")}
    )
    assert set(done.stdout.split()) == {"mixablate", "mixablate.pytest_plugin"}
