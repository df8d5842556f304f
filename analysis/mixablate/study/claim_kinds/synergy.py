"""The declaration of `synergy`: together more than the sum of both."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixablate.study.claim_kinds.together import Together

__all__ = ["Synergy"]


class Synergy(Together):
    """The drop of both sets together exceeds the sum of their separate drops by at least `minimum`, on the scale."""

    kind: Literal["synergy"]
    minimum: float = Field(0.0, ge=0.0, strict=True, description="by how much; on risk_ratio 1 less a ratio of ratios")
    margin: float | None = Field(None, gt=0.0, strict=True, description="an interaction within ±margin counts as none")
