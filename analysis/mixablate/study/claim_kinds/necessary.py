"""The declaration of `necessary`: without it the full mix loses so much of its drop."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixablate.study.claim_kinds.declared import Compared

__all__ = ["Necessary"]


class Necessary(Compared):
    """Switched off in the full mix, the components take at least `minimum` of the drop away."""

    kind: Literal["necessary"]
    minimum: float = Field(
        0.0, ge=0.0, strict=True, description="the drop that is lost; on risk_ratio a fraction of the rate without"
    )
    margin: float | None = Field(None, gt=0.0, strict=True, description="a loss within ±margin counts as none")
    at: Literal["full"] = Field("full", description="the other components stand at their targets")
