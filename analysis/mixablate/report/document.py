"""Findings as one JSON document with a schema version: every number, shortest round trip, null where unknown."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from enum import Enum
from pathlib import PurePath

import numpy as np
import pandas as pd
from pydantic import BaseModel

from mixablate.claims import Verdict
from mixablate.findings import SCHEMA_VERSION, Findings
from mixablate.report.summary import summary_sentences

__all__ = ["findings_document", "json_bytes", "plain", "verdict_document"]

PLAIN = frozenset({str, int, bool, type(None)})
NESTING = frozenset({dict, list})
NOT_DECLARED = frozenset({"folder", "file", "file_sha256", "lock"})
ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def plain(value: object) -> object:
    """`value` in JSON's own types: enums by value, frames as rows, what is not a finite number as null.

    Raises:
        TypeError: nothing in JSON stands for it.
    """
    if type(value) in PLAIN:  # most are, and asking what else a value might be takes most of the time
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, np.bool_ | np.integer):
        return value.item()
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, pd.DataFrame):
        return _records(value)
    if isinstance(value, BaseModel):
        return plain({name: getattr(value, name) for name in type(value).model_fields})
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, PurePath):
        return value.as_posix()
    if value is pd.NA or value is pd.NaT:
        return None
    raise TypeError(f"nothing in JSON stands for {type(value).__name__}")


def _records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """The rows, made column by column: most cells are floats, and need only to be finite."""
    names = [str(name) for name in frame.columns]
    columns = [_cells(frame.iloc[:, i]) for i in range(len(names))]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _cells(column: pd.Series) -> list[object]:
    if column.dtype == np.float64:
        return [number if math.isfinite(number) else None for number in column.tolist()]
    return [plain(value) for value in column.tolist()]


def json_bytes(document: Mapping[str, object]) -> bytes:
    """A plain document as UTF-8 JSON, keys in their order, a row (what holds nothing nested) on a line of its own."""
    return (_lines(document, "\n") + "\n").encode()


def _lines(value: object, margin: str) -> str:
    """The value as JSON, two spaces a level.

    Rows go through the encoder of the standard library whole: with its `indent` it would write every number in Python.
    """
    if isinstance(value, dict) and not NESTING.isdisjoint(map(type, value.values())):
        inner = margin + "  "
        items = (f"{ENCODER.encode(key)}: {_lines(item, inner)}" for key, item in value.items())
        return f"{{{inner}{f',{inner}'.join(items)}{margin}}}"
    if isinstance(value, list) and not NESTING.isdisjoint(map(type, value)):
        inner = margin + "  "
        return f"[{inner}{f',{inner}'.join(_lines(item, inner) for item in value)}{margin}]"
    return ENCODER.encode(value)


def declaration_document(findings: Findings) -> dict[str, object]:
    """The study as declared, without where it was read from and the lock it is held against."""
    study = findings.study
    return {name: plain(getattr(study, name)) for name in type(study).model_fields if name not in NOT_DECLARED}


def verdict_document(verdict: Verdict) -> dict[str, object]:
    """One verdict with its claim's declaration, the effects that decided and, of what was left out, what flips it."""
    names = [f.name for f in dataclasses.fields(verdict) if f.name not in ("claim", "left_out")]
    fields = {name: plain(getattr(verdict, name)) for name in (*names, "flips")}
    return {"claim": verdict.claim.id, "declaration": plain(verdict.claim)} | fields


def findings_document(findings: Findings) -> dict[str, object]:
    """Everything in `findings` but the raw tables, and the sentences the report answers with."""
    return {
        "schema": SCHEMA_VERSION,
        "study": declaration_document(findings),
        "summary": list(summary_sentences(findings)),
        "verdicts": [verdict_document(verdict) for verdict in findings.verdicts],
        "effects": plain(findings.effects),
        "regression": plain(findings.regression),
        "attributions": plain(findings.attributions),
        "attributions_withheld": plain(findings.withheld),
        "interactions": plain(findings.interactions),
        "coalitions": plain(findings.coalitions),
        "scale_agreements": plain(findings.agreements),
        "design": plain(findings.design),
        "evals": plain(findings.tables.evals),
        "rates": plain(findings.rates),
        "run_rates": plain(findings.run_rates),
        "measured_rates": plain(findings.measured_rates),
        "truths": plain(findings.truths),
        "mixture": plain(findings.mixture),
        "doses": plain(findings.doses.tests),
        "dose_curves": plain(findings.doses.curves),
        "dose_runs": plain(findings.doses.runs),
        "features": plain(findings.features),
        "explained": plain(findings.explained),
        "block_effects": plain(findings.block_effects),
        "published": plain(findings.published),
        "limits": list(findings.limits),
        "lock": plain(findings.lock),
        "notices": plain(findings.notices),
        "sources": plain(findings.sources),
    }
