"""One change since the lock, and the claims that it can bear on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

__all__ = ["Deviation", "LockedClaim", "value_words", "was_and_is"]


@dataclass(frozen=True, slots=True)
class Deviation:
    """One thing that is not as it was locked.

    Attributes:
        subject: what it is about: 'claim "x"', "analysis", 'component "tools"', 'run "r5"', 'eval "blackmail"'.
        key: which key or column of it; "" where the whole was added or removed.
        locked: what was locked, in words.
        present: what is found now, in words.
        words: the change, as the reason of a verdict says it.
        claims: ids of the declared claims whose verdict it can change; empty where none.
    """

    subject: str
    key: str
    locked: str
    present: str
    words: str
    claims: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The change with what it is about, for where that is not said beside it."""
        return self.words if self.words.startswith(self.subject) else f"{self.subject}: {self.words}"


@dataclass(frozen=True, slots=True)
class LockedClaim:
    """A claim that was locked and is declared no longer."""

    id: str
    text: str
    kind: str
    status: str


def was_and_is(
    subject: str, key: str, locked: str, present: str, claims: Iterable[str], *, said: str | None = None
) -> Deviation:
    """A changed value; `said` names the subject in the sentence where that is not the subject itself."""
    name = f"{subject if said is None else said} {key}".strip()
    return Deviation(subject, key, locked, present, f"{name} was {locked} when locked and is {present}", tuple(claims))


def value_words(entry: Mapping[str, object] | None, key: str, model: type[BaseModel] | None = None) -> str:
    """A declared value as a study file would say it; a key that is not written has its default.

    >>> value_words({"minimum": 0.05, "evals": ["a", "b"]}, "minimum"), value_words({"evals": ["a", "b"]}, "evals")
    ('0.05', '["a", "b"]')
    >>> value_words({}, "judge")
    'not set'
    """
    value = (entry or {}).get(key)
    if value is None and model is not None and key in model.model_fields:
        default = model.model_fields[key].get_default(call_default_factory=True)
        value = None if default is PydanticUndefined else default
    if value is None or value == "" or value == () or value == {}:
        return "not set"
    return json.dumps(value, ensure_ascii=False)
