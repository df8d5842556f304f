"""The declaration of `reduces`: a drop of at least so much."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixablate.study.claim_kinds.selectable import Selectable

__all__ = ["Reduces"]


class Reduces(Selectable):
    """The components lower the outcome (or raise a higher-is-better one) by at least `minimum`, in the scale's unit."""

    kind: Literal["reduces"]
    minimum: float = Field(
        0.0, ge=0.0, strict=True, description="the claimed drop; on risk_ratio a fraction of the reference rate"
    )
    margin: float | None = Field(None, gt=0.0, strict=True, description="a drop within ±margin counts as no difference")
