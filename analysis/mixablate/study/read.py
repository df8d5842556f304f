"""`study.toml` -> `Study`, with every problem of the file at once."""

from __future__ import annotations

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from mixablate.errors import Problem, StudyError, nearest
from mixablate.study.declaration import Component, ComponentType, Study
from mixablate.study.lock_file import lock_file, read_lock
from mixablate.study.names_and_levels import name_problems
from mixablate.study.refusals import key_place, refusals, shown
from mixablate.study.reported_names import reported_problems
from mixablate.study.study_file import ComponentEntry, StudyFile

__all__ = ["load_study", "parse_study", "study_schema"]

UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
"""Characters that a reader cannot see or that reorder what he sees; no study needs them."""


def load_study(path: Path | str) -> Study:
    """The study that a file declares, with the lock beside it; paths inside it are relative to the file's folder.

    Args:
        path: a study file, or a folder that holds a `study.toml`.

    Raises:
        StudyError: the file is missing, is not UTF-8, is not TOML, or breaks the declaration's contract; carries every
            problem found. Its lock cannot be read, or was altered.
    """
    file = Path(path)
    if file.is_dir():
        file = file / "study.toml"
    if not file.is_file():
        raise StudyError(_missing_file(file))
    try:
        content = file.read_bytes()
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StudyError(
            Problem(
                "ENCODING",
                f"{file.name}, byte {error.start}",
                f"the byte 0x{error.object[error.start]:02x}, which is not UTF-8",
                "UTF-8 text",
                "Save the file as UTF-8.",
            )
        ) from None
    study = parse_study(text, place=file.name, folder=file.parent)
    read = {"file": file.name, "file_sha256": hashlib.sha256(content).hexdigest(), "lock": read_lock(lock_file(file))}
    return study.model_copy(update=read)


def _missing_file(file: Path) -> Problem:
    if file.exists():
        return Problem("STUDY_FILE", str(file), "something that is not a file", "a study file", "Name a .toml file.")
    beside = [entry.name for entry in file.parent.iterdir() if entry.suffix == ".toml"] if file.parent.is_dir() else []
    remedy = nearest(file.name, beside) if beside else "Check the path; `mixablate init` writes a first study.toml."
    return Problem("STUDY_FILE", str(file), "no such file", "a study file", remedy)


def parse_study(text: str, *, place: str, folder: Path) -> Study:
    """The study that a text declares.

    Args:
        text: the content of a study file. Names are NFC-normalised.
        place: how messages name the file.
        folder: where the study's relative paths start.

    Raises:
        StudyError: with codes STUDY_SYNTAX (not TOML), STUDY_KEY (unknown key), STUDY_MISSING (a required one is not
            there), STUDY_VALUE (wrong type or value), STUDY_COMPONENT (unknown component), STUDY_DUPLICATE (claim or
            record ids), STUDY_CHARACTER (unseen or reordering characters); carries every problem found.
    """
    data = _parsed(text, place)
    problems = list(_unseen_characters(data, [], data, place))
    disagreements = [*name_problems(data, place), *reported_problems(data, place)]
    said = {(problem.code, problem.place) for problem in disagreements}
    declared: StudyFile | None = None
    try:
        declared = StudyFile.model_validate(data)
    except ValidationError as error:
        problems += [refused for refused in refusals(error, data, place) if (refused.code, refused.place) not in said]
    problems += disagreements
    if problems or declared is None:
        raise StudyError(problems)
    return _study(declared, folder)


def study_schema() -> dict[str, object]:
    """The JSON Schema (draft 2020-12) of the study file: what editors and `mixablate schema` show.

    It cannot say which keys depend on others (a dose needs a target and a baseline); `parse_study` does.
    """
    schema: dict[str, object] = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return schema | StudyFile.model_json_schema() | {"title": "mixablate study file"}


def _parsed(text: str, place: str) -> dict[str, object]:
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise StudyError(_syntax_problem(str(error), text, place)) from None
    normal = _normalised(data)
    return normal if isinstance(normal, dict) else {}


def _syntax_problem(message: str, text: str, place: str) -> Problem:
    at = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    said = message[: at.start()] if at else message
    lines = text.splitlines()
    number = int(at.group(1)) if at and at.group(1) else max(len(lines), 1)
    line = lines[number - 1].strip() if number <= len(lines) else ""
    return Problem(
        "STUDY_SYNTAX",
        f"{place}, line {number}" + (f", column {at.group(2)}" if at and at.group(2) else ""),
        f"{shown(line)} ({said.lower()})",
        "TOML: key = value, text in quotes, each key and section once",
        "Correct this line or the one before it.",
    )


def _normalised(value: object) -> object:
    """The same data with every name and text in NFC, so that "é" typed in two ways is one name."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return {unicodedata.normalize("NFC", str(key)): _normalised(entry) for key, entry in value.items()}
    if isinstance(value, Sequence):
        return [_normalised(entry) for entry in value]
    return value


def _unseen_characters(value: object, path: Sequence[str | int], data: object, place: str) -> Iterator[Problem]:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _unseen_characters(key, [*path, ascii(key).strip("'")], data, place)
            yield from _unseen_characters(entry, [*path, str(key)], data, place)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, entry in enumerate(value):
            yield from _unseen_characters(entry, [*path, index], data, place)
    elif isinstance(value, str) and (found := UNSEEN.search(value)):
        yield Problem(
            "STUDY_CHARACTER",
            key_place(place, path, data),
            f"the invisible character U+{ord(found.group()):04X} in {shown(value)}",
            "characters that can be seen",
            "Delete it.",
        )


def _study(declared: StudyFile, folder: Path) -> Study:
    return Study(
        title=declared.title,
        description=declared.description,
        simulated=declared.simulated,
        truth=declared.truth,
        seed=declared.seed,
        tables=declared.tables,
        analysis=declared.analysis,
        mixture=declared.mixture,
        components=tuple(
            _component(name, entry, declared.baseline or {}) for name, entry in declared.components.items()
        ),
        claims=declared.claims,
        reported=declared.reported,
        published_claims=declared.published_claims,
        folder=folder,
    )


def _component(name: str, entry: ComponentEntry, baseline: Mapping[str, float | str]) -> Component:
    default = 1.0 if entry.type is ComponentType.FLAG else None
    return Component(
        id=name,
        label=entry.label or name,
        group=entry.group,
        type=entry.type,
        column=entry.column or name,
        target=default if entry.target is None else entry.target,
        baseline=baseline.get(name),
    )
