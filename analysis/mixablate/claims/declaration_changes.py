"""What changed in the declaration since it was locked, and which verdicts each change can move."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pydantic import BaseModel

from mixablate.claims.lock_changes import Deviation, LockedClaim, value_words, was_and_is
from mixablate.study import Analysis, Claim, Component, LockRecord, Reported, Study, locked_declaration

__all__ = ["declaration_changes", "removed_claims"]

Entry = Mapping[str, object]
LATE = "declared after the lock"
HOLDING = {"baseline": "baseline", "target": "full"}
"""Which level the components that a claim does not switch are held at, by where it says they stand."""


def declaration_changes(study: Study, record: LockRecord) -> tuple[Deviation, ...]:
    """Every difference between the locked declaration and the present one, claims first."""
    locked, present = record.declaration, locked_declaration(study)
    everything = tuple(claim.id for claim in study.claims)
    return (
        *_claims(study, _entries(locked, "claims"), _entries(present, "claims")),
        *_families(study, _entries(locked, "claims")),
        *_components(study, _entries(locked, "components"), _entries(present, "components")),
        *_settings(study, locked.get("analysis", {}), present["analysis"]),
        *_values("the study's", locked.get("study", {}), present["study"], lambda _: everything),
        *_values("the renamed column", locked.get("rename", {}), present["rename"], lambda _: everything),
        *_reported(study, _entries(locked, "reported"), _entries(present, "reported")),
    )


def removed_claims(study: Study, record: LockRecord) -> tuple[LockedClaim, ...]:
    """Locked claims that are declared no longer, by id."""
    declared = {claim.id for claim in study.claims}
    return tuple(
        LockedClaim(name, str(entry["text"]), str(entry["kind"]), str(entry.get("status", "confirmatory")))
        for name, entry in sorted(_entries(record.declaration, "claims").items())
        if name not in declared
    )


def _entries(declaration: Mapping[str, Entry], section: str) -> dict[str, Entry]:
    return {name: entry for name, entry in declaration.get(section, {}).items() if isinstance(entry, Mapping)}


def _changed(locked: Entry, present: Entry) -> list[str]:
    return [key for key in dict.fromkeys([*locked, *present]) if locked.get(key) != present.get(key)]


def _values(
    subject: str,
    locked: Entry,
    present: Entry,
    reach: Callable[[str], tuple[str, ...]],
    model: type[BaseModel] | None = None,
) -> Iterator[Deviation]:
    for key in _changed(locked, present):
        was, now = value_words(locked, key, model), value_words(present, key, model)
        yield was_and_is(subject, key, was, now, reach(key))


def _claims(study: Study, locked: Mapping[str, Entry], present: Mapping[str, Entry]) -> Iterator[Deviation]:
    for claim in study.claims:
        subject, model = f'claim "{claim.id}"', type(claim)
        if claim.id not in locked:
            yield Deviation(subject, "", "not declared", "declared", LATE, (claim.id,))
            continue
        was, now = locked[claim.id], present[claim.id]
        for key in _changed(was, now):
            before, after = value_words(was, key, model), value_words(now, key, model)
            yield was_and_is(subject, key, before, after, (claim.id,), said="its")


def _families(study: Study, locked: Mapping[str, Entry]) -> Iterator[Deviation]:
    """Confirmatory claims that were locked and whose family has other members now: their p-values are adjusted anew."""
    then, now = _members(locked), _members({c.id: {"family": c.family, "status": c.status} for c in study.claims})
    for family in sorted(now):
        kept = tuple(name for name in now[family] if name in locked)
        if family in then and kept and set(then[family]) != set(now[family]):
            was, is_now = (", ".join(f'"{name}"' for name in members[family]) for members in (then, now))
            yield was_and_is(f'family "{family}"', "", was, is_now, kept)


def _members(claims: Mapping[str, Entry]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, entry in sorted(claims.items()):
        if entry.get("status", "confirmatory") == "confirmatory":
            found.setdefault(str(entry.get("family", "main")), []).append(name)
    return {family: tuple(members) for family, members in found.items()}


def _components(study: Study, locked: Mapping[str, Entry], present: Mapping[str, Entry]) -> Iterator[Deviation]:
    everything = tuple(claim.id for claim in study.claims)
    for name in dict.fromkeys([*locked, *present]):
        subject = f'component "{name}"'
        if name not in locked or name not in present:
            was, now = ("declared", "not declared") if name in locked else ("not declared", "declared")
            yield was_and_is(subject, "", was, now, everything)
            continue

        def reach(key: str, name: str = name) -> tuple[str, ...]:
            """A level moves the claims that switch the component, or that hold the others at a level."""
            if key not in HOLDING:
                return everything
            return tuple(c.id for c in study.claims if name in c.named_components or c.at == HOLDING[key])

        yield from _values(subject, locked[name], present[name], reach, Component)


def _settings(study: Study, locked: Entry, present: Entry) -> Iterator[Deviation]:
    families = _members({c.id: {"family": c.family, "status": c.status} for c in study.claims})
    alone = {members[0] for members in families.values() if len(members) == 1}
    reaches: dict[str, Callable[[Claim], bool]] = {
        "scenarios": lambda claim: bool(claim.domain) or len(claim.named_evals) > 1,
        "adjust": lambda claim: claim.id not in alone,
    }

    def reach(key: str) -> tuple[str, ...]:
        return tuple(claim.id for claim in study.claims if key not in reaches or reaches[key](claim))

    yield from _values("analysis", locked, present, reach, Analysis)


def _reported(study: Study, locked: Mapping[str, Entry], present: Mapping[str, Entry]) -> Iterator[Deviation]:
    """A record bears on the claims that name it."""
    for name in dict.fromkeys([*locked, *present]):
        naming = tuple(c.id for c in study.claims if name in _texts(c.model_dump(mode="json", exclude={"id", "text"})))
        subject = f'reported figure "{name}"'
        if name not in locked or name not in present:
            was, now = ("declared", "not declared") if name in locked else ("not declared", "declared")
            yield was_and_is(subject, "", was, now, naming)
            continue
        for key in _changed(locked[name], present[name]):
            was, now = (value_words(entry[name], key, Reported) for entry in (locked, present))
            yield was_and_is(subject, key, was, now, naming)


def _texts(value: object) -> set[str]:
    """Every text in a declaration's values."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, Mapping):
        return {text for entry in value.values() for text in _texts(entry)}
    return {text for entry in value for text in _texts(entry)} if isinstance(value, list) else set()
