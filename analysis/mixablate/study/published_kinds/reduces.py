"""The declaration of a published `reduces`: a drop of at least so much."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixablate.study.published_kinds.declared import PublishedCompared

__all__ = ["PublishedReduces"]


class PublishedReduces(PublishedCompared):
    """The treated rate lies below the reference rate by at least `minimum`."""

    kind: Literal["reduces"]
    minimum: float = Field(0.0, ge=0.0, lt=1.0, strict=True, description="the claimed drop, as a fraction of 1")
