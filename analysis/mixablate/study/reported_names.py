"""What a study file's reported records and the claims on them must agree on, and what a file without them holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mixablate.errors import Problem
from mixablate.study.published_names import published_problems
from mixablate.study.refusals import EXAMPLES, key_place, shown

__all__ = ["reported_problems"]


def reported_problems(data: Mapping[str, object], place: str) -> Iterator[Problem]:
    """Record ids used twice, claims on records that are not there or hold something else, and missing sections.

    Tables or components may be missing, together, in a file that reports figures. Works on the raw mapping, like
    `name_problems`.
    """
    entries = _entries(data, "reported")
    yield from _repeated_ids(entries, place)
    yield from published_problems(data, place)
    alone = bool(entries) and not data.get("components") and "tables" not in data
    for section in () if alone else ("tables", "components"):
        if section not in data or (section == "components" and data[section] == {}):
            yield Problem(
                "STUDY_MISSING",
                key_place(place, [section], data),
                "nothing",
                f'the key "{section}"',
                f"Add {EXAMPLES[section]}.",
            )


def _entries(data: Mapping[str, object], section: str) -> Sequence[object]:
    found = data.get(section)
    return found if isinstance(found, Sequence) and not isinstance(found, str) else ()


def _repeated_ids(records: Sequence[object], place: str) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, record in enumerate(records):
        record_id = record.get("id") if isinstance(record, Mapping) else None
        if isinstance(record_id, str) and first.setdefault(record_id, index) != index:
            yield Problem(
                "STUDY_DUPLICATE",
                f"{place}, reported number {first[record_id] + 1} and number {index + 1}",
                f"the id {shown(record_id)} twice",
                "an id of its own for every record",
                "Rename one of them; reports that conflict are records of one quantity and arm.",
            )
