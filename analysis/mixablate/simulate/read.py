"""A truth from its TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mixablate.errors import MixablateError, Problem, StudyError, nearest
from mixablate.simulate.truth import Truth
from mixablate.study import Study

__all__ = ["parse_truth", "read_truth", "study_truth"]

UNION_TAGS = frozenset({"float", "int", "str", "dict[str,float]"})
"""What pydantic adds to a place to name the branch of a union; no part of the reader's file."""


def read_truth(path: str | Path) -> Truth:
    """The truth declared in a TOML file.

    Raises:
        StudyError: the file cannot be read (TRUTH_FILE) or its text is refused by `parse_truth`.
    """
    place = str(path)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        remedy = "Give the path of a truth file."
        raise StudyError(Problem("TRUTH_FILE", place, str(error), "a readable UTF-8 file", remedy)) from error
    return parse_truth(text, place=Path(path).name)


def study_truth(study: Study) -> Truth | None:
    """The known truth that a simulated study declares, None where it declares none.

    Raises:
        StudyError: the file it names cannot be used.
    """
    return read_truth(study.folder / study.truth) if study.truth else None


def parse_truth(text: str, *, place: str = "truth.toml") -> Truth:
    """The truth declared in TOML text; `place` names it in problems.

    Raises:
        StudyError: the text is not TOML (TRUTH_SYNTAX), has an unknown key (TRUTH_KEY), lacks one (TRUTH_MISSING), has
            a value of the wrong kind (TRUTH_VALUE), or its parts do not fit together (the codes of `consistency`);
            every problem found at once.
    """
    try:
        declared = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(Problem("TRUTH_SYNTAX", place, str(error), "TOML", "Mend the line named.")) from error
    try:
        return Truth.model_validate(declared)
    except ValidationError as error:
        problems = [problem for detail in error.errors() for problem in _problems(detail, place)]
    raise StudyError(_first_at_each_place(problems))


def _first_at_each_place(problems: list[Problem]) -> list[Problem]:
    """The problems, without repeats: a value that fits no branch of a union is refused once, not once a branch."""
    first: dict[tuple[str, str, str], Problem] = {}
    for problem in problems:
        first.setdefault((problem.code, problem.place, problem.found), problem)
    return list(first.values())


def _problems(detail: ErrorDetails, place: str) -> Iterator[Problem]:
    """One validation error as problems; those that the truth's own checks found are unpacked."""
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, MixablateError):
        for problem in cause.problems:
            yield Problem(problem.code, f"{place}, {problem.place}", problem.found, problem.required, problem.remedy)
        return
    where = [part for part in detail["loc"] if part not in UNION_TAGS]
    at = f"{place}, {'.'.join(map(str, where))}" if where else place
    if detail["type"] == "extra_forbidden":
        remedy = nearest(str(where[-1]), _keys_beside(where))
        yield Problem("TRUTH_KEY", at, f'the key "{where[-1]}"', "only known keys", remedy)
    elif detail["type"] == "missing":
        yield Problem("TRUTH_MISSING", at, "nothing", f'the key "{where[-1]}"', "Add it.")
    elif cause is not None:
        yield Problem("TRUTH_VALUE", at, "values that do not go together", str(cause), "Mend this table.")
    else:
        found = f'"{detail["input"]}"' if isinstance(detail["input"], str) else repr(detail["input"])
        required = detail["msg"].removeprefix("Input should be ")
        yield Problem("TRUTH_VALUE", at, found, required, "Give such a value.")


def _keys_beside(where: list[int | str]) -> list[str]:
    """The keys that the table holding this one may have."""
    model: type[BaseModel] = Truth
    for part in where[:-1]:
        if part in model.model_fields:
            model = _model_in(model.model_fields[str(part)].annotation) or model
    return list(model.model_fields)


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The model that an annotation such as `dict[str, Model]` or `tuple[Model, ...]` holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for model in map(_model_in, get_args(annotation)) if model), None)
