"""The declaration of `persists`: the lead is still there after a later stage."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixablate.study.claim_kinds.declared import Compared, Scale

__all__ = ["Persists"]


class Persists(Compared):
    """The lead of the treated runs is there before the later `stage`, and at least `share` of it after."""

    kind: Literal["persists"]
    stage: str = Field(min_length=1, description="the later stage, as in the runs' column stage")
    share: float = Field(0.0, ge=0.0, le=1.0, strict=True, description="of the lead that is left; 0: some is")
    scale: Literal[Scale.RISK_DIFFERENCE, Scale.LOG_ODDS, Scale.VALUE] = Scale.RISK_DIFFERENCE
