"""The declaration of a published `efficient`: more drop for the same amount of data."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixablate.study.claim_kinds.declared import Scale
from mixablate.study.published_kinds.declared import PublishedDeclared, RecordId

__all__ = ["PublishedEfficient"]


class PublishedEfficient(PublishedDeclared):
    """The treated arm's drop per token is at least `ratio` times that of the arm in `than`, from one reference."""

    kind: Literal["efficient"]
    reference: RecordId = Field(description="the record of the arm without the change")
    treated: RecordId = Field(description="the record of the arm that is said to be efficient")
    than: RecordId = Field(description="the record of the arm it is compared with, of the same quantity")
    treated_amount: RecordId = Field(description="the record of its data: tokens, examples, ...")
    than_amount: RecordId = Field(description="the record of the other arm's data, in the same unit")
    ratio: float = Field(gt=0.0, strict=True, description="own drop per unit of data over the other's")

    @property
    def scale(self) -> Scale:
        """One drop per unit of data over another."""
        return Scale.RISK_RATIO
