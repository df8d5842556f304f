"""The declaration of a published `equivalent`: two rates that differ by no more than a margin."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixablate.study.published_kinds.declared import PublishedCompared

__all__ = ["PublishedEquivalent"]


class PublishedEquivalent(PublishedCompared):
    """The two rates lie within `margin` of each other."""

    kind: Literal["equivalent"]
    margin: float = Field(gt=0.0, lt=1.0, strict=True, description="a difference of rates that would not matter")
