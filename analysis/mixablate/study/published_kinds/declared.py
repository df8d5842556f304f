"""The keys that every claim on published figures shares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from mixablate.study.claim_kinds.declared import Scale

__all__ = ["About", "PublishedCompared", "PublishedDeclared", "RecordId"]

RecordId = Annotated[str, Field(min_length=1)]

About = Literal["mix", "models"]
"""What a claim speaks of: the data mix, of which a model is one draw, or the very models that were evaluated."""


class PublishedDeclared(BaseModel):
    """Keys of every claim that rests on `[[reported]]` records alone."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    id: str = Field(min_length=1, description="short name, unique among all claims of the study")
    text: str = Field(min_length=1, description="the claim, in words")
    source: str = Field("", description="who made it, where")
    family: str = Field("main", description="claims tested together; p-values are adjusted within it")
    status: Literal["confirmatory", "exploratory"] = "confirmatory"

    @property
    def record_ids(self) -> tuple[tuple[str, str], ...]:
        """(key, record id) of every record that the claim names."""
        named = ("reference", "treated", "than", "rests_on", "treated_amount", "than_amount")
        return tuple((key, name) for key in named for name in _named(getattr(self, key, ())))

    @property
    def evals(self) -> tuple[str, ...]:
        """None: its records say what they were measured by."""
        return ()

    @property
    def domain(self) -> Literal[""]:
        """None, as for evals."""
        return ""

    @property
    def components(self) -> tuple[str, ...]:
        """None: what differs between two published arms is for its text to say."""
        return ()


class PublishedCompared(PublishedDeclared):
    """Keys of a claim about the rate of one or more treated arms against that of a reference arm.

    The rates are of something unwanted; of something wanted, name the two sides the other way round.
    """

    reference: RecordId = Field(description="the record of the arm without the change")
    treated: RecordId | Annotated[tuple[RecordId, ...], Field(min_length=1)] = Field(
        description="the record of the arm with it, or a list: the claim is then about each of them"
    )
    about: About = Field(
        "mix", description='"mix": of which a model is one draw, or "models": the very ones that were evaluated'
    )

    @property
    def treated_ids(self) -> tuple[str, ...]:
        """The treated records, one or more."""
        return tuple(_named(self.treated))

    @property
    def scale(self) -> Scale:
        """The unit of its region."""
        return Scale.RISK_DIFFERENCE


def _named(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        yield from (name for name in value if isinstance(name, str))
