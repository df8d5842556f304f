"""The declaration of `accelerates`: the fall over training steps is steeper."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixablate.study.claim_kinds.declared import Compared, Scale

__all__ = ["Accelerates"]


class Accelerates(Compared):
    """Over the steps measured, treated runs fall further than reference runs by at least `minimum`, on the scale."""

    kind: Literal["accelerates"]
    over: Literal["step", "log_step"] = Field("step", description="the axis on which each run's slope is fitted")
    minimum: float = Field(
        0.0, ge=0.0, strict=True, description="by how much more they fall from the first to the last step, as fitted"
    )
    margin: float | None = Field(None, gt=0.0, strict=True, description="a difference within ±margin counts as none")
    scale: Literal[Scale.LOG_ODDS, Scale.RISK_DIFFERENCE, Scale.VALUE] = Scale.LOG_ODDS
