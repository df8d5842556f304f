"""The declaration of a published `stronger`: one arm's drop against another's, from one reference."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixablate.study.published_kinds.declared import PublishedCompared, RecordId

__all__ = ["PublishedStronger"]


class PublishedStronger(PublishedCompared):
    """The treated arm's drop from the reference exceeds that of the arm in `than` by at least `minimum`."""

    kind: Literal["stronger"]
    than: RecordId = Field(description="the record of the arm it is compared with, of the same quantity")
    minimum: float = Field(0.0, ge=0.0, lt=1.0, strict=True, description="by how much the drop exceeds the other's")
