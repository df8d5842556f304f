"""The declaration of a published claim that no two printed rates could speak to."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixablate.study.claim_kinds.declared import Scale
from mixablate.study.published_kinds.declared import PublishedDeclared, RecordId

__all__ = ["PublishedStated"]


class PublishedStated(PublishedDeclared):
    """Stated in words, as a ratio or slope without its rates, or in a figure whose values are not printed.

    Never testable as it stands; `needs` names the records or runs that would make it so.
    """

    kind: Literal["stated"]
    rests_on: tuple[RecordId, ...] = Field((), description="the records that state it")
    needs: str = Field(min_length=1, description="what would make it testable, in words")

    @property
    def scale(self) -> Scale:
        """No unit."""
        return Scale.VALUE
