"""Every report of a figure that a claim names: they are judged one by one, never averaged and never chosen from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from mixablate.estimate.reported import share_a_value
from mixablate.study import WORDS, Reported

__all__ = ["Reports", "reports_of"]

SAME_FIGURE = ("quantity", "arm", "eval", "base_model")


@dataclass(frozen=True, slots=True)
class Reports:
    """The reports of one figure.

    Attributes:
        named: the record that the claim names.
        distinct: it and the others that print something else of the figure, in the order declared.
        agree: whether every two of them could be prints of one value.
    """

    named: Reported
    distinct: tuple[Reported, ...]
    agree: bool


def reports_of(record_id: str, records: Iterable[Reported]) -> Reports:
    """All reports of the figure that a record reports: of its quantity, arm, eval, base model and unit.

    Two that print the same with the same n, runs and interval are one. A record without an arm stands alone: nothing
    says what else it would report.

    Raises:
        KeyError: no record has that id.
    """
    known = {record.id: record for record in records}
    named = known[record_id]
    same = [record for record in known.values() if record is named or _one_figure(record, named)]
    distinct: dict[tuple[object, ...], Reported] = {}
    for record in sorted(same, key=lambda record: record is not named):
        distinct.setdefault(_print(record), record)
    kept = [record for record in known.values() if any(record is one for one in distinct.values())]
    return Reports(named, tuple(kept), _agree(kept))


def _one_figure(one: Reported, other: Reported) -> bool:
    return bool(other.arm) and one.unit == other.unit and all(getattr(one, k) == getattr(other, k) for k in SAME_FIGURE)


def _print(record: Reported) -> tuple[object, ...]:
    """What of a record decides every number that is made of it."""
    stated = (record.n, record.runs, record.lower, record.upper, record.interval_level, record.interval_kind)
    if record.unit == WORDS:
        return (record.value, *stated)
    found = record.figure
    return (found.qualifier, found.figure, found.last_digit, found.upper_figure, found.upper_last_digit, *stated)


def _agree(records: Sequence[Reported]) -> bool:
    return all(share_a_value(one, other) for one, other in combinations(records, 2))
