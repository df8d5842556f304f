"""The declaration of a published `at_least_ratio`: the reference rate is so many times the treated rate."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixablate.study.claim_kinds.declared import Scale
from mixablate.study.published_kinds.declared import PublishedCompared

__all__ = ["PublishedAtLeastRatio"]


class PublishedAtLeastRatio(PublishedCompared):
    """The reference rate is at least `ratio` times the treated rate."""

    kind: Literal["at_least_ratio"]
    ratio: float = Field(gt=1.0, strict=True, description="reference rate over treated rate, above 1")

    @property
    def scale(self) -> Scale:
        """Treated over reference."""
        return Scale.RISK_RATIO
