"""What a lock holds of a declaration: everything that can change a verdict, free of order, layout and labels."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from mixablate.study.declaration import Study

__all__ = ["NAMED_SECTIONS", "locked_declaration"]

NAMED_SECTIONS = ("components", "claims", "reported")
"""Sections whose entries have ids of their own."""

WORDS_ONLY = {
    "components": {"id", "label", "group"},
    "claims": {"id", "source"},
    "reported": {"id", "label", "source", "note"},
    "analysis": {"mix_tolerance", "attribute"},
}
"""Keys that no verdict rests on: names for people, sources, whether tables are accepted, and what is split."""


def locked_declaration(study: Study) -> dict[str, dict[str, object]]:
    """Section -> key or id -> what is declared, with keys at their defaults left out and lists of names sorted.

    Two files that declare the same give the same, whatever the order of their keys, sections and lists.
    """
    return {
        "study": {"seed": study.seed} | _sentinels(study),
        "analysis": _entry(study.analysis, "analysis"),
        "rename": dict(study.tables.rename) if study.tables is not None else {},
        "components": {c.id: _entry(c, "components") for c in study.components},
        "claims": {c.id: _entry(c, "claims") for c in study.claims},
        "reported": {r.id: _entry(r, "reported") for r in study.reported},
    }


def _sentinels(study: Study) -> dict[str, object]:
    """They decide what counts as scored."""
    declared = study.tables.sentinels if study.tables is not None else None
    return {} if declared is None else {"sentinels": _canonical(sorted(declared))}


def _entry(declared: BaseModel, section: str) -> dict[str, object]:
    dumped = declared.model_dump(mode="json", exclude_defaults=True, exclude=WORDS_ONLY[section])
    return {key: _canonical(value) for key, value in dumped.items()}


def _canonical(value: object) -> object:
    """Whole numbers without a point, lists of names sorted: 1 and 1.0, ["a", "b"] and ["b", "a"] declare one thing."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): _canonical(entry) for key, entry in value.items()}
    if isinstance(value, list):
        entries = [_canonical(entry) for entry in value]
        return sorted(entries, key=str) if all(isinstance(entry, str) for entry in entries) else entries
    return value
