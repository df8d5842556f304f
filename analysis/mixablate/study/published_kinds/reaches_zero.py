"""The declaration of a published `reaches_zero`: a rate too small to matter."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mixablate.study.claim_kinds.declared import Scale
from mixablate.study.published_kinds.declared import About, PublishedDeclared, RecordId

__all__ = ["PublishedReachesZero"]


class PublishedReachesZero(PublishedDeclared):
    """The one-sided upper bound of the treated rate is at most `bound`."""

    kind: Literal["reaches_zero"]
    treated: RecordId | Annotated[tuple[RecordId, ...], Field(min_length=1)] = Field(
        description="the record of the rate, or a list: the claim is then about each of them"
    )
    bound: float = Field(gt=0.0, lt=1.0, strict=True, description="the highest rate that still counts as zero")
    about: About = Field(
        "mix", description='"mix": of which a model is one draw, or "models": the very ones that were evaluated'
    )

    @property
    def treated_ids(self) -> tuple[str, ...]:
        """The treated records, one or more."""
        return (self.treated,) if isinstance(self.treated, str) else self.treated

    @property
    def scale(self) -> Scale:
        """A rate, in the unit of differences of rates."""
        return Scale.RISK_DIFFERENCE
