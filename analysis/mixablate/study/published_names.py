"""What claims must agree on with the records of published figures that they name, and with the other claims."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import ValidationError

from mixablate.errors import Problem, nearest
from mixablate.study.claim_kinds.matches_rate import not_citable
from mixablate.study.refusals import key_place, shown
from mixablate.study.reported import RATE, WORDS, Reported

__all__ = ["published_problems"]

RATE_KEYS = ("reference", "treated", "than")
AMOUNT_KEYS = ("treated_amount", "than_amount")
REMEDY = 'Name another record, or correct its unit; a ratio or slope without its rates belongs in the kind "stated".'


def published_problems(data: Mapping[str, object], place: str) -> Iterator[Problem]:
    """Claim ids used twice over both lists of claims, and records that are unknown or of another unit than is asked.

    Works on the raw mapping, so that other faults of the file do not hide these.
    """
    claims = _mappings(data, "published_claims")
    records = {str(r.get("id")): r for _, r in _mappings(data, "reported")}
    yield from _repeated_ids(data, claims, place)
    yield from _cited_problems(data, records, place)
    for index, claim in claims:
        for key in (*RATE_KEYS, *AMOUNT_KEYS, "rests_on"):
            where = key_place(place, ["published_claims", index, key], data)
            for name in _named(claim.get(key)):
                if name not in records:
                    yield _unknown(name, records, where)
                else:
                    yield from _unit_problem(key, name, str(records[name].get("unit", RATE)), where)
        yield from _amount_units(index, claim, records, data, place)


def _unknown(name: str, records: Iterable[str], where: str) -> Problem:
    found, required = f"the unknown record {shown(name)}", "the id of a [[reported]] record"
    return Problem("STUDY_RECORD", where, found, required, nearest(name, records))


def _cited_problems(
    data: Mapping[str, object], records: Mapping[str, Mapping[str, object]], place: str
) -> Iterator[Problem]:
    """Claims about our runs that cite a record which is not there, or prints no rate."""
    for index, claim in _mappings(data, "claims"):
        name = claim.get("record")
        if claim.get("kind") != "matches_rate" or not isinstance(name, str) or not name:
            continue
        where = key_place(place, ["claims", index, "record"], data)
        if name not in records:
            yield _unknown(name, records, where)
            continue
        try:
            reason = not_citable(Reported.model_validate(records[name]))
        except ValidationError:
            continue  # said of the record itself
        if reason:
            remedy = "Name another record; a bound is judged as a claim of the kind reaches_zero."
            yield Problem("STUDY_VALUE", where, reason, 'a record that prints a rate, such as "22%" or "~3%"', remedy)


def _mappings(data: Mapping[str, object], section: str) -> list[tuple[int, Mapping[str, object]]]:
    found = data.get(section)
    entries = found if isinstance(found, Sequence) and not isinstance(found, str) else ()
    return [(index, entry) for index, entry in enumerate(entries) if isinstance(entry, Mapping)]


def _named(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [name for name in value if isinstance(name, str)] if isinstance(value, Sequence) else []


def _repeated_ids(
    data: Mapping[str, object], claims: Sequence[tuple[int, Mapping[str, object]]], place: str
) -> Iterator[Problem]:
    first = {str(c.get("id")): f"claims number {i + 1}" for i, c in reversed(_mappings(data, "claims"))}
    for index, claim in claims:
        claim_id, here = claim.get("id"), f"published_claims number {index + 1}"
        if isinstance(claim_id, str) and first.setdefault(claim_id, here) != here:
            yield Problem(
                "STUDY_DUPLICATE",
                f"{place}, {first[claim_id]} and {here}",
                f"the id {shown(claim_id)} twice",
                "a claim id of its own for every claim",
                "Rename one of them.",
            )


def _unit_problem(key: str, name: str, unit: str, where: str) -> Iterator[Problem]:
    found = f'the record {shown(name)} of the unit "{unit}"'
    if key in RATE_KEYS and unit not in (RATE, WORDS):
        yield Problem("STUDY_VALUE", where, found, "a record of a rate, or of a statement in words", REMEDY)
    if key in AMOUNT_KEYS and unit in (RATE, WORDS):
        required = "a record of an amount of data, such as tokens"
        yield Problem("STUDY_VALUE", where, found, required, "Name the record that holds the arm's amount of data.")


def _amount_units(
    index: int,
    claim: Mapping[str, object],
    records: Mapping[str, Mapping[str, object]],
    data: Mapping[str, object],
    place: str,
) -> Iterator[Problem]:
    named = [records.get(str(claim.get(key))) for key in AMOUNT_KEYS]
    units = [str(record.get("unit", RATE)) for record in named if record is not None]
    if len(set(units)) > 1 and not {RATE, WORDS} & set(units):
        yield Problem(
            "STUDY_VALUE",
            key_place(place, ["published_claims", index, "than_amount"], data),
            f'"{units[1]}" beside "{units[0]}"',
            "both amounts in one unit",
            "Name records of one unit for both arms.",
        )
