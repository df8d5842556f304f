"""A pytest plugin: the claims of a study as tests, one a claim, named by the claim's id.

A study is collected where its file is named on the command line, or listed in pytest's configuration:

    [tool.pytest.ini_options]
    mixablate_studies = ["studies/tools/study.toml"]
    mixablate_fail_on = "undecided,deviated"

Nothing but pytest is imported until then.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mixablate.claims import GateResult

__all__ = ["ClaimFailed", "ClaimItem", "StudyTests"]

STUDIES = "mixablate_studies"
FAIL_ON = "mixablate_fail_on"


class ClaimFailed(Exception):
    """A claim that fails the build; shown as its reason, without a traceback."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The two settings, and the option that overrides the second."""
    parser.addini(STUDIES, "study files whose claims are tests, relative to this file", type="paths", default=[])
    words = "statuses and flags of a confirmatory claim that fail, beside contradicted (as of `mixablate check`)"
    parser.addini(FAIL_ON, words, default="")
    group = parser.getgroup("mixablate")
    group.addoption("--mixablate-fail-on", dest=FAIL_ON, metavar="WORD,...", default=None, help=words)


def pytest_configure(config: pytest.Config) -> None:
    """Where no path was named on the command line, the listed studies are collected beside the test paths."""
    listed = [str(path) for path in config.getini(STUDIES)]
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args += [path for path in listed if path not in config.args]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> StudyTests | None:
    """A study's claims, where its file was named; any other study file is left alone."""
    if file_path.suffix != ".toml" or file_path.name == "pyproject.toml":
        return None
    listed = any(path.resolve() == file_path.resolve() for path in parent.config.getini(STUDIES))
    if not listed and not parent.session.isinitpath(file_path):
        return None
    return StudyTests.from_parent(parent, path=file_path)


class StudyTests(pytest.File):
    """One study file. Its tables are read when the first of its claims is run."""

    results: dict[str, GateResult] | None = None

    def collect(self) -> Iterable[ClaimItem]:
        """One item a declared claim, and one for each that was locked and is declared no longer."""
        from mixablate.errors import MixablateError
        from mixablate.study import load_study

        try:
            study = load_study(self.path)
        except MixablateError as error:
            raise self.CollectError(str(error)) from None
        names = [claim.id for claim in (*study.claims, *study.published_claims)]
        if not names:
            raise self.CollectError(f"NO_CLAIMS at {self.path}: the study declares no claim to test")
        if study.lock is not None:
            names += [name for name in study.lock.holding.declaration.get("claims", {}) if name not in names]
        return [ClaimItem.from_parent(self, name=name) for name in names]

    def result(self, claim: str) -> GateResult:
        """What the build is told of a claim; the study is judged once.

        Raises:
            MixablateError: the study or its tables cannot be used.
        """
        if self.results is None:
            from mixablate.claims import gate_of, gate_results
            from mixablate.findings import judged
            from mixablate.study import load_study
            from mixablate.tables import read_tables

            study = load_study(self.path)
            found = judged(study, read_tables(study))
            gate = gate_of(self.config.getoption(FAIL_ON) or self.config.getini(FAIL_ON))
            self.results = {r.claim: r for r in gate_results(found.verdicts, found.lock, gate, str(self.path))}
        return self.results[claim]


class ClaimItem(pytest.Item):
    """One claim: passes where it is supported, fails where `mixablate check` would, and is skipped otherwise."""

    def runtest(self) -> None:
        """Judge the claim.

        Raises:
            ClaimFailed: it fails the build, or the study cannot be judged.
        """
        from mixablate.errors import MixablateError

        assert isinstance(self.parent, StudyTests)
        try:
            result = self.parent.result(self.name)
        except (MixablateError, ValueError) as error:
            raise ClaimFailed(str(error)) from None
        detail = "\n".join(result.detail)
        if result.outcome == "failed":
            raise ClaimFailed(detail)
        if result.outcome == "skipped":
            pytest.skip(f"{self.name}: {result.headline}")
        self.add_report_section("call", "verdict", detail)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> Any:
        """The reason alone where the claim failed; a traceback only for a fault in mixablate."""
        if isinstance(excinfo.value, ClaimFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The study file and the claim's id, as pytest heads a failure."""
        return self.path, None, f"claim {self.name}"
