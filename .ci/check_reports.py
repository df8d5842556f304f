"""Render every committed report again, elsewhere, and compare: verdicts, numbers and figure data, not bytes."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from mixablate.findings import analyse
from mixablate.report import compare_reports, write_report
from mixablate.simulate import study_truth
from mixablate.study import load_study
from mixablate.tables import read_tables

REPORTS = Path(__file__).resolve().parents[1] / "reports"


def differences_of(committed: Path) -> list[str]:
    study = load_study(committed / "study.toml")
    findings = analyse(study, read_tables(study), truth=study_truth(study))
    with tempfile.TemporaryDirectory() as folder:
        return compare_reports(committed, write_report(findings, Path(folder)))


def main() -> int:
    studies = sorted(path.parent for path in REPORTS.glob("*/study.toml"))
    if not studies:
        print(f"no study under {REPORTS}: nothing was compared")
        return 1
    failed = False
    for committed in studies:
        began = time.monotonic()
        differences = differences_of(committed)
        failed = failed or bool(differences)
        said = "differs from what is committed" if differences else "as committed"
        print(f"{committed.name}: {said} ({time.monotonic() - began:.1f} s)")
        for difference in differences:
            print(f"  {difference}")
    if failed:
        print("If the change is meant: make reports, read the difference, and commit it.")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
