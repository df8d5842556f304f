"""Every case of a folder, by the method that its index names."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mixablate.errors import Problem, SourceError
from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.comparing import Comparison

__all__ = ["CHECKS", "CaseResult", "check_cases", "read_index"]

CHECKS: Mapping[str, Callable[[GoldCase], Iterable[Comparison]]] = {}
"""The method names of an index, and the function that checks a case of each."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What one case came to.

    Attributes:
        case: its folder's name.
        method: the index's.
        comparisons: every number compared.
        reason: why nothing could be compared; empty where it could.
    """

    case: str
    method: str
    comparisons: tuple[Comparison, ...]
    reason: str = ""

    @property
    def worst(self) -> Comparison | None:
        """The comparison that comes nearest to its tolerance, or exceeds it most."""
        return max(self.comparisons, key=_strain, default=None)

    @property
    def passed(self) -> bool:
        """Whether numbers were compared and all of them agree."""
        return bool(self.comparisons) and all(c.passed for c in self.comparisons)


def check_cases(folder: Path) -> Iterator[CaseResult]:
    """The results of the cases that `folder/index.json` lists, in its order, each as soon as it is known.

    Raises:
        SourceError: no readable index, or one of another shape.
    """
    for name, method in read_index(folder):
        yield _checked(folder / name, name, method)


def read_index(folder: Path) -> tuple[tuple[str, str], ...]:
    """The (case, method) pairs of `folder/index.json`.

    Raises:
        SourceError: no readable index, or one of another shape.
    """
    path = folder / "index.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return tuple((str(entry["case"]), str(entry["method"])) for entry in document["cases"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        found = f"{type(error).__name__}: {error}"
        need = 'a JSON file {"cases": [{"case": folder, "method": name}, ...]}'
        remedy = "Give the folder that holds the cases and their index."
        raise SourceError((Problem("GOLD_INDEX", str(path), found, need, remedy),)) from error


def _checked(folder: Path, name: str, method: str) -> CaseResult:
    check = CHECKS.get(method)
    if check is None:
        return CaseResult(name, method, (), f'the method "{method}" is not built')
    try:
        reference: dict[str, Any] = json.loads((folder / "reference.json").read_text(encoding="utf-8"))
        return CaseResult(name, method, tuple(check(GoldCase(name, method, folder, reference))))
    except (OSError, ValueError, KeyError, TypeError, IndexError, ArithmeticError) as error:
        # A case is other people's data: whatever its files lack is this case's failure, not the end of the others.
        return CaseResult(name, method, (), f"{type(error).__name__}: {error}")


def _strain(comparison: Comparison) -> float:
    if comparison.error == 0.0:
        return 0.0
    return comparison.error / comparison.tolerance if comparison.tolerance > 0.0 else math.inf
