"""What a study file's names and levels must agree on: components, baseline, targets, claims."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from mixablate.errors import Problem, nearest
from mixablate.study.declaration import ComponentType
from mixablate.study.refusals import key_place, shown

__all__ = ["name_problems"]

TEXT_COLUMNS = frozenset({"base_model", "seed", "stage", "parent_run_id"})
NUMBER_COLUMNS = frozenset({"tokens", "examples", "epochs"})
LEVELS_REQUIRED = {
    "flag": "0 or 1",
    "dose": "a number",
    "fraction": "a number from 0 to 1",
    "category": "a name in quotes",
}


def name_problems(data: Mapping[str, object], place: str) -> list[Problem]:
    """Every disagreement of names and levels in a parsed study file, whether or not its types are right.

    Works on the raw mapping, so that a misspelt key does not hide an unknown component; values of a wrong type are
    left to pydantic.
    """
    components = _sections(data.get("components"))
    return [
        *_one_of(data.get("tables"), "outcomes", "rollouts", key_place(place, ["tables"], data)),
        *_component_problems(components, data, place),
        *_baseline_problems(components, data, place),
        *_claim_problems(components, data, place),
    ]


def _one_of(section: object, one: str, other: str, where: str) -> Iterator[Problem]:
    if not isinstance(section, Mapping):
        return
    given = [section.get(key) not in (None, "", []) for key in (one, other)]
    if given[0] != given[1]:
        return
    found = "both" if given[0] else "neither"
    remedy = "Keep one of them." if given[0] else "Add one of them."
    yield Problem("STUDY_VALUE", where, found, f'exactly one of "{one}" and "{other}" is required', remedy)


def _sections(value: object) -> dict[str, Mapping[str, object]]:
    if not isinstance(value, Mapping):
        return {}
    return {str(key): entry for key, entry in value.items() if isinstance(entry, Mapping)}


def _type(entry: Mapping[str, object]) -> str | None:
    """The declared type, flag by default, None where it is not a known one."""
    declared = entry.get("type", "flag")
    return declared if isinstance(declared, str) and declared in set(ComponentType) else None


def _component_problems(
    components: Mapping[str, Mapping[str, object]], data: Mapping[str, object], place: str
) -> Iterator[Problem]:
    columns: dict[str, str] = {}
    for name, entry in components.items():
        here = key_place(place, ["components", name], data)
        yield from _id_problems(name, entry, here)
        column = entry.get("column", name)
        if isinstance(column, str) and column in columns:
            yield Problem(
                "STUDY_VALUE",
                here,
                f'the column "{column}", which component "{columns[column]}" reads too',
                "a column of its own for every component",
                "Remove one of the two, or correct its column.",
            )
        columns.setdefault(str(column), name)
        yield from _target_problems(name, entry, data, place)


def _id_problems(name: str, entry: Mapping[str, object], here: str) -> Iterator[Problem]:
    column, kind = entry.get("column", name), _type(entry)
    if not name.strip() or name != name.strip():
        yield Problem(
            "STUDY_VALUE", here, f"the component id {shown(name)}", "an id without spaces around it", "Trim it."
        )
    if name.startswith(("mix.", "feature.")) or name == "run_id":
        yield Problem(
            "STUDY_VALUE",
            here,
            f'the component id "{name}"',
            "an id that is not the name of a mix, feature or key column",
            f'Give it a short id and write column = "{name}".',
        )
    fits = column == name and (
        (name in TEXT_COLUMNS and kind == "category") or (name in NUMBER_COLUMNS and kind == "dose")
    )
    if name in TEXT_COLUMNS | NUMBER_COLUMNS and kind is not None and not fits:
        needed = "category" if name in TEXT_COLUMNS else "dose"
        yield Problem(
            "STUDY_VALUE",
            here,
            f'the component id "{name}" with type "{kind}" and column {shown(column)}',
            f'for the id "{name}": type = "{needed}" and no other column, since runs have a column of that name',
            "Give the component another id.",
        )


def _target_problems(
    name: str, entry: Mapping[str, object], data: Mapping[str, object], place: str
) -> Iterator[Problem]:
    kind = _type(entry)
    if kind is None:
        return
    where = key_place(place, ["components", name, "target"], data)
    target = entry.get("target", 1 if kind == "flag" else None)
    if target is None and kind != "category":
        yield Problem(
            "STUDY_MISSING",
            where,
            "nothing",
            f'the level of "{name}" in the full mix ({LEVELS_REQUIRED[kind]})',
            f"Add target = {0.2 if kind == 'fraction' else 1000} with your own number.",
        )
    elif target is not None:
        yield from _level_problems(target, kind, where)
    baseline = data.get("baseline")
    at_baseline = baseline.get(name) if isinstance(baseline, Mapping) else None
    if target is not None and at_baseline is not None and target == at_baseline:
        yield Problem(
            "STUDY_VALUE",
            where,
            f"{shown(target)}, which is its baseline too",
            "a target that differs from the baseline",
            f'Correct the target or the baseline of "{name}".',
        )


def _level_problems(level: object, kind: str, where: str) -> Iterator[Problem]:
    if not isinstance(level, str | int | float):
        return
    number = None if isinstance(level, str) else float(level)
    holds = {
        "flag": number in (0.0, 1.0),
        "dose": number is not None and abs(number) < float("inf") and not isinstance(level, bool),
        "fraction": number is not None and 0.0 <= number <= 1.0 and not isinstance(level, bool),
        "category": isinstance(level, str) and bool(level),
    }
    if holds[kind]:
        return
    remedy = "Correct the level, or the component's type."
    if kind == "category":
        remedy = f'Write "{str(level).lower() if isinstance(level, bool) else level}" in quotes.'
    elif kind == "fraction" and number is not None and 1.0 < number <= 100.0:
        remedy = f"A percentage? Write {number / 100:g}."
    elif isinstance(level, str):
        remedy = "Write the number without quotes, or declare the component's type as category."
    yield Problem("STUDY_VALUE", where, shown(level), f"{LEVELS_REQUIRED[kind]} (type {kind})", remedy)


def _baseline_problems(
    components: Mapping[str, Mapping[str, object]], data: Mapping[str, object], place: str
) -> Iterator[Problem]:
    numeric = [name for name, entry in components.items() if _type(entry) not in (None, "category")]
    baseline = data.get("baseline")
    where = key_place(place, ["baseline"], data)
    if baseline is None and "baseline" not in data:
        if numeric:
            levels = ", ".join(f"{name} = 0" for name in numeric)
            yield Problem(
                "STUDY_MISSING",
                where,
                "nothing",
                "the reference mix: a level for every component that is not a category",
                f"Add, above the first [section]: baseline = {{ {levels} }} (with the levels of your reference mix).",
            )
        return
    if not isinstance(baseline, Mapping):
        return
    for name, level in baseline.items():
        here = key_place(place, ["baseline", str(name)], data)
        if name not in components:
            yield _unknown_component(str(name), components, here)
        elif (kind := _type(components[name])) is not None:
            yield from _level_problems(level, kind, here)
    for name in numeric:
        if name not in baseline:
            yield Problem(
                "STUDY_MISSING",
                key_place(place, ["baseline", name], data),
                "nothing",
                f'the level of "{name}" in the reference mix',
                f"Add {name} = 0 (or its level there) to baseline.",
            )


def _unknown_component(name: str, components: Iterable[str], where: str) -> Problem:
    return Problem(
        "STUDY_COMPONENT",
        where,
        f"the unknown component {shown(name)}",
        "a component declared as [components.<id>]",
        nearest(name, components),
    )


def _claim_problems(
    components: Mapping[str, Mapping[str, object]], data: Mapping[str, object], place: str
) -> Iterator[Problem]:
    claims = data.get("claims")
    if not isinstance(claims, Sequence) or isinstance(claims, str):
        return
    first: dict[str, int] = {}
    for index, claim in enumerate(claims):
        if not isinstance(claim, Mapping):
            continue
        claim_id = claim.get("id")
        if isinstance(claim_id, str) and claim_id in first:
            yield Problem(
                "STUDY_DUPLICATE",
                f"{place}, claims number {first[claim_id] + 1} and number {index + 1}",
                f"the id {shown(claim_id)} twice",
                "a claim id of its own for every claim",
                "Rename one of them.",
            )
        elif isinstance(claim_id, str):
            first[claim_id] = index
        yield from _one_of(claim, "evals", "domain", key_place(place, ["claims", index], data))
        if claim.get("kind") == "matches_rate":
            yield from _one_of(claim, "rate", "record", key_place(place, ["claims", index], data))
        yield from _claim_component_problems(claim, index, components, data, place)


def _claim_component_problems(
    claim: Mapping[str, object],
    index: int,
    components: Mapping[str, Mapping[str, object]],
    data: Mapping[str, object],
    place: str,
) -> Iterator[Problem]:
    for key in ("components", "than", "together_with", "reference", "treated"):
        where = key_place(place, ["claims", index, key], data)
        given = claim.get(key)
        named = list(given) if isinstance(given, Mapping | Sequence) and not isinstance(given, str) else []
        for name in named:
            if isinstance(name, str) and name not in components:
                yield _unknown_component(name, components, where)
            elif isinstance(name, str) and isinstance(given, Mapping):
                kind = _type(components[name])
                if kind is not None:
                    yield from _level_problems(given[name], kind, f"{where}.{name}")
        if key in ("components", "than", "together_with"):
            for name in named:
                yield from _category_sides(name, claim, index, components, data, place)


def _category_sides(
    name: object,
    claim: Mapping[str, object],
    index: int,
    components: Mapping[str, Mapping[str, object]],
    data: Mapping[str, object],
    place: str,
) -> Iterator[Problem]:
    """A category has no level to switch from and to unless the study or the claim says so."""
    entry = components.get(name) if isinstance(name, str) else None
    if entry is None or _type(entry) != "category":
        return
    baseline = data.get("baseline")
    sides = {
        "reference": isinstance(baseline, Mapping) and name in baseline,
        "treated": "target" in entry,
    }
    for side, study_has_it in sides.items():
        levels = claim.get(side)
        if study_has_it or (isinstance(levels, Mapping) and name in levels):
            continue
        general = f"a baseline of {name}" if side == "reference" else f"target in [components.{name}]"
        yield Problem(
            "STUDY_MISSING",
            key_place(place, ["claims", index, side], data),
            f'no {side} level of the category "{name}"',
            f"the {side} level of every category the claim switches",
            f'Add {side} = {{ {name} = "..." }} to the claim, or {general} to the study.',
        )
