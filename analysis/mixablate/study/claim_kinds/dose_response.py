"""The declaration of `dose_response`: the more, the better."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixablate.study.claim_kinds.declared import Compared, Scale

__all__ = ["DoseResponse"]


class DoseResponse(Compared):
    """Over the doses of one component the outcome falls by at least `minimum` from its baseline to its target."""

    kind: Literal["dose_response"]
    components: tuple[str, ...] = Field(min_length=1, max_length=1, description="one dose or fraction")
    over: Literal["dose", "log_dose"] = Field("dose", description="the axis of the trend; on log_dose, doses above 0")
    minimum: float = Field(0.0, ge=0.0, strict=True, description="the fitted drop from baseline to target")
    margin: float | None = Field(None, gt=0.0, strict=True, description="a change within ±margin counts as none")
    scale: Literal[Scale.RISK_DIFFERENCE, Scale.LOG_ODDS, Scale.VALUE] = Scale.RISK_DIFFERENCE
