"""The one JSON document a command prints under `--json`."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING

from mixablate.errors import Problem

if TYPE_CHECKING:
    from mixablate.claims import Verdict

__all__ = ["SCHEMA", "error_document", "json_text", "plain", "verdict_entry"]

SCHEMA = 1


def plain(value: object) -> object:
    """`value` as JSON knows it: dataclasses as objects, tuples as arrays, numbers that are not finite as null.

    Raises:
        TypeError: nothing in JSON stands for it.
    """
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
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
    """One claim's entry: its declaration by id, kind and text, then everything the verdict carries."""
    claim = verdict.claim
    fields = {field.name: getattr(verdict, field.name) for field in dataclasses.fields(verdict)}
    declared = {
        "claim": claim.id,
        "kind": claim.kind,
        "text": claim.text,
        "source": claim.source,
        "family": claim.family,
        "confirmatory": claim.status == "confirmatory",
    }
    return declared | {name: value for name, value in fields.items() if name != "claim"}
