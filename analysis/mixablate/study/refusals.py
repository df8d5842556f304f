"""What pydantic refuses in a study file, as problems a person can act on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from mixablate.errors import Problem, nearest
from mixablate.study.claim_kinds import CLAIM_KINDS
from mixablate.study.declaration import Analysis, TablePaths
from mixablate.study.mixture import Mixture
from mixablate.study.published_kinds import PUBLISHED_KINDS
from mixablate.study.reported import Reported
from mixablate.study.study_file import ComponentEntry, StudyFile

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["key_place", "refusals", "shown"]

EXAMPLES: dict[str, str] = {
    "title": 'title = "Harmlessness data, diversified"',
    "seed": "seed = 20260508",
    "tables": 'a section [tables] with runs = "runs.csv", outcomes = "outcomes.csv", evals = "evals.csv"',
    "runs": 'runs = "runs.csv"',
    "evals": 'evals = "evals.csv"',
    "components": 'a section [components.tools] with label = "Unused tool definitions"',
    "id": 'id = "tools-reduce-blackmail"',
    "text": 'text = "Unused tools reduce blackmail"',
    "kind": 'kind = "reduces"',
    "ratio": "ratio = 3.0",
    "bound": "bound = 0.01",
    "margin": "margin = 0.02",
    "than": 'than = ["system_prompts"]',
    "quantity": 'quantity = "mean honeypot rate of Sonnet 4"',
    "value": 'value = "22%"',
    "together_with": 'together_with = ["system_prompts"]',
    "scale": 'scale = "log_odds"',
    "rate": "rate = 0.22",
    "gap": "gap = 0.1",
    "stage": 'stage = "rl"',
}
PUBLISHED_EXAMPLES: dict[str, str] = {
    "reference": 'reference = "base-rate"',
    "treated": 'treated = "trained-rate"',
    "than": 'than = "other-rate"',
    "treated_amount": 'treated_amount = "trained-tokens"',
    "than_amount": 'than_amount = "other-tokens"',
    "needs": 'needs = "the rate of each arm, with n and its training runs"',
}
"""Keys of claims on published figures, which name records."""
NAMED_ENTRIES = {"claims": "claim", "reported": "record", "published_claims": "published claim"}
"""Lists of the file whose entries a message names by their id."""

KINDS: dict[object, Mapping[str, type[BaseModel]]] = {"claims": CLAIM_KINDS, "published_claims": PUBLISHED_KINDS}
"""What `kind` may be in each list of claims."""

SHOWN = 60
"""Characters of a value that a message quotes; a longer one is cut, since the place says where it is."""


def shown(value: object) -> str:
    """The value as it stands in the file, cut to 60 characters, invisible characters escaped."""
    text = str(value).lower() if isinstance(value, bool) else ascii(value) if not _plain(value) else _quoted(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def _plain(value: object) -> bool:
    return str(value).isprintable()


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def key_place(place: str, path: Sequence[str | int], data: object) -> str:
    """Where a key stands, in words: file, then the dotted key; claims and reported records by their id.

    >>> key_place("study.toml", ["claims", 0, "minimum"], {"claims": [{"id": "drop"}]})
    'study.toml, claim "drop", key minimum'
    >>> key_place("study.toml", ["components", "tools", "type"], {})
    'study.toml, key components.tools.type'
    """
    if len(path) > 1 and path[0] in NAMED_ENTRIES and isinstance(path[1], int):
        name = _entry_name(data, str(path[0]), path[1])
        rest = ".".join(str(part) for part in path[2:])
        return f"{place}, {NAMED_ENTRIES[str(path[0])]} {name}" + (f", key {rest}" if rest else "")
    dotted = ".".join(str(part) for part in path)
    return f"{place}, key {dotted}" if dotted else place


def _entry_name(data: object, section: str, index: int) -> str:
    entries = data.get(section) if isinstance(data, Mapping) else None
    entry = entries[index] if isinstance(entries, Sequence) and index < len(entries) else None
    entry_id = entry.get("id") if isinstance(entry, Mapping) else None
    return shown(entry_id) if isinstance(entry_id, str) and entry_id else f"number {index + 1}"


def refusals(error: ValidationError, data: Mapping[str, object], place: str) -> list[Problem]:
    """One problem for each key that pydantic refused, in the order of the file's sections."""
    problems: dict[tuple[str, str], Problem] = {}
    for detail in error.errors():
        path = list(_file_path(detail["loc"], data, absent=detail["type"] == "missing"))
        problem = _problem(detail, path, data, place)
        first = problems.setdefault((problem.code, problem.place), problem)
        if problem.required not in first.required:  # the members of a union, each with its own complaint
            both = f"{first.required} or {problem.required}"
            problems[problem.code, problem.place] = replace(first, required=both)
    return list(problems.values())


def _file_path(location: Sequence[str | int], data: object, *, absent: bool) -> Iterator[str | int]:
    """The part of pydantic's location that exists in the file: union tags and type names are not keys.

    Args:
        location: pydantic's.
        data: the file.
        absent: whether the last part names a key that is not there.
    """
    here: Any = data
    for depth, part in enumerate(location):
        if isinstance(here, Mapping) and isinstance(part, str):
            if part in here or (absent and depth == len(location) - 1):
                here = here.get(part)
                yield part
        elif isinstance(here, Sequence) and isinstance(part, int):
            here = here[part]
            yield part


def _problem(detail: ErrorDetails, path: list[str | int], data: Mapping[str, object], place: str) -> Problem:
    where = key_place(place, path, data)
    key = str(path[-1]) if path else ""
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _unknown_key(path, data, place)
    if kind == "missing":
        return _missing_key(key, where, path)
    if kind == "union_tag_not_found":
        return _missing_key("kind", key_place(place, [*path, "kind"], data), path)
    if kind == "union_tag_invalid":
        given = detail["input"].get("kind") if isinstance(detail["input"], Mapping) else None
        return Problem(
            "STUDY_VALUE",
            key_place(place, [*path, "kind"], data),
            shown(given),
            "one of " + ", ".join(KINDS[path[0]]),
            nearest(str(given), KINDS[path[0]]),
        )
    if kind == "engine_password":
        return Problem("STUDY_VALUE", where, "a password in the URL", _required(detail), "Leave it to the environment.")
    if kind == "reported":
        said = detail["ctx"]
        where = key_place(place, [*path, said["key"]], data)
        return Problem("STUDY_VALUE", where, said["found"], _required(detail), "Write it as it is printed.")
    if kind == "value_error":
        message = detail["msg"].removeprefix("Value error, ")
        one = message.startswith(("exactly one", "at most one"))
        remedy = "Keep one of them." if one else "Correct these keys."
        return Problem("STUDY_VALUE", where, "another combination of keys", message, remedy)
    return Problem("STUDY_VALUE", where, shown(detail["input"]), _required(detail), _value_remedy(path, data))


def _missing_key(key: str, where: str, path: Sequence[str | int]) -> Problem:
    examples = EXAMPLES | PUBLISHED_EXAMPLES if path and path[0] == "published_claims" else EXAMPLES
    example = examples.get(key, f"{key} = ...")
    return Problem("STUDY_MISSING", where, "nothing", f'the key "{key}"', f"Add {example}.")


def _required(detail: ErrorDetails) -> str:
    message = detail["msg"]
    by_type = {
        "string_type": "text in quotes",
        "too_short": "at least one entry",
        "string_too_short": "text that is not empty",
        "tuple_type": 'a list, e.g. ["tools"]',
        "dict_type": "a section of keys",
        "model_type": "a section of keys",
        "bool_type": "true or false",
    }
    said = re.sub(r", unable to parse.*$", "", message.removeprefix("Input should be "))
    return by_type.get(detail["type"], said.replace("a valid integer", "an integer").replace("a valid ", "a "))


def _value_remedy(path: Sequence[str | int], data: object) -> str:
    model, key = _model_at(path[:-1], data), str(path[-1]) if path else ""
    field = model.model_fields.get(key) if model is not None else None
    if field is None:
        return "Correct the value."
    said = f"{key}: {field.description}. " if field.description else ""
    if field.is_required() or field.default_factory is not None or field.default in ("", (), None):
        return f"{said}Correct the value."
    return f"{said}Correct the value, or leave the key out for its default, {shown(field.default)}."


def _model_at(path: Sequence[str | int], data: object) -> type[BaseModel] | None:
    if not path:
        return StudyFile
    sections: dict[object, type[BaseModel]] = {"tables": TablePaths, "analysis": Analysis, "mixture": Mixture}
    if len(path) == 1:
        return sections.get(path[0])
    if path[0] == "components" and len(path) == 2:
        return ComponentEntry
    if path[0] == "reported" and len(path) == 2:
        return Reported
    if path[0] in KINDS and len(path) == 2 and isinstance(data, Mapping) and isinstance(path[1], int):
        claims = data.get(str(path[0]))
        claim = claims[path[1]] if isinstance(claims, Sequence) else None
        kind = claim.get("kind") if isinstance(claim, Mapping) else None
        return KINDS[path[0]].get(kind) if isinstance(kind, str) else None
    return None


def _unknown_key(path: Sequence[str | int], data: object, place: str) -> Problem:
    key, model = str(path[-1]), _model_at(path[:-1], data)
    known = list(model.model_fields) if model is not None else []
    required = "one of the keys " + ", ".join(known) if known else "a known key"
    owners = [kind for kind, claim in KINDS.get(path[0], {}).items() if key in claim.model_fields]
    if key in StudyFile.model_fields and len(path) > 1:
        remedy = f'"{key}" belongs at the top of the file: move it above the first [section].'
    elif owners:
        remedy = f'"{key}" belongs to the kind ' + " and ".join(f'"{owner}"' for owner in owners) + "."
    elif key in Analysis.model_fields and path[0] != "analysis":
        remedy = f'"{key}" belongs in the section [analysis].'
    else:
        remedy = nearest(key, known)
    return Problem("STUDY_KEY", key_place(place, path, data), f'the unknown key "{key}"', required, remedy)
