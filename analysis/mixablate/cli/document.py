"""The one JSON document a command prints under `--json`."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from mixablate.errors import Problem

if TYPE_CHECKING:
    from mixablate.claims import Verdict

__all__ = ["SCHEMA", "error_document", "json_text", "plain", "verdict_entry"]

SCHEMA = 1


def plain(value: object) -> object:
    """`value` as JSON knows it: dataclasses as objects, tuples as arrays, numbers that are not finite as null.

    It gives what `report` writes to findings.json, without the seconds that importing the report's libraries takes.

    Raises:
        TypeError: nothing in JSON stands for it.
    """
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, SupportsItem) and type(value).__module__ == "numpy":
        return plain(value.item())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    raise TypeError(f"nothing in JSON stands for {type(value).__name__}")


def json_text(document: Mapping[str, object]) -> str:
    """The document as ASCII JSON, so that no terminal encoding can spoil it."""
    return json.dumps(plain(document), indent=2, allow_nan=False)


def error_document(problems: Iterable[Problem]) -> dict[str, object]:
    """What `--json` prints where a command could not do its work."""
    return {"schema": SCHEMA, "error": {"problems": list(problems)}}


def verdict_entry(verdict: Verdict) -> dict[str, object]:
    """One claim's entry: its id, its declaration, then everything the verdict carries; the same as in findings.json.

    Of what was left out in turn it has `flips` alone.
    """
    names = [f.name for f in dataclasses.fields(verdict) if f.name not in ("claim", "left_out")]
    carried = {name: getattr(verdict, name) for name in (*names, "flips")}
    return {"claim": verdict.claim.id, "declaration": verdict.claim.model_dump(mode="json")} | carried


@runtime_checkable
class SupportsItem(Protocol):
    """A NumPy scalar, recognised without importing NumPy."""

    def item(self) -> object:
        """The same value as one of Python's own."""
