"""Gold cases of the checkout, written anew as they are or changed, and the assertion that a check passes on one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.comparing import Comparison

GOLD = Path(__file__).resolve().parents[1] / "fixtures" / "gold"
Check = Callable[[GoldCase], Iterable[Comparison]]


def original(name: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    return pd.read_csv(GOLD / name / "data.csv"), dict(json.loads((GOLD / name / "reference.json").read_text()))


def written(folder: Path, data: pd.DataFrame, reference: dict[str, Any]) -> GoldCase:
    """A case folder as `check_cases` reads it, through the files."""
    data.to_csv(folder / "data.csv", index=False)
    (folder / "reference.json").write_text(json.dumps(reference))
    return GoldCase("changed", "any", folder, json.loads((folder / "reference.json").read_text()))


def assert_passes(check: Check, case: GoldCase, fewest: int) -> None:
    found = list(check(case))
    assert [c for c in found if not c.passed] == []
    assert len(found) >= fewest


def numbers_in(value: Any) -> int:
    """Numbers of a reference, its tolerances and metadata aside."""
    if isinstance(value, dict):
        return sum(numbers_in(part) for key, part in value.items() if key not in ("tolerance", "meta"))
    if isinstance(value, list):
        return sum(numbers_in(part) for part in value)
    return int(isinstance(value, int | float))
