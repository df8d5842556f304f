"""The declaration of `at_least_ratio`: the reference rate is so many times the treated rate."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixablate.study.claim_kinds.declared import Scale
from mixablate.study.claim_kinds.selectable import Selectable

__all__ = ["AtLeastRatio"]


class AtLeastRatio(Selectable):
    """The reference rate is at least `ratio` times the treated rate."""

    kind: Literal["at_least_ratio"]
    ratio: float = Field(gt=1.0, strict=True, description="reference rate over treated rate, above 1")
    scale: Literal[Scale.RISK_RATIO] = Scale.RISK_RATIO
