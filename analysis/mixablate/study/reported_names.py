"""What a study file's reported records must agree on, and what a file without them must hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mixablate.errors import Problem
from mixablate.study.refusals import EXAMPLES, key_place, shown

__all__ = ["reported_problems"]


def reported_problems(data: Mapping[str, object], place: str) -> Iterator[Problem]:
    """Record ids used twice; tables or components that are not there, in a file that reports no figures.

    Works on the raw mapping, like `name_problems`.
    """
    records = data.get("reported")
    entries = records if isinstance(records, Sequence) and not isinstance(records, str) else ()
    yield from _repeated_ids(entries, place)
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
