"""The declaration of `transfers`: the drop would be found in another base model too."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixablate.study.claim_kinds.declared import Compared, Scale

__all__ = ["Transfers"]


class Transfers(Compared):
    """In a block (base model) that was not run, the drop would be at least `minimum`, by its prediction interval."""

    kind: Literal["transfers"]
    minimum: float = Field(0.0, ge=0.0, strict=True, description="the drop in the next block")
    scale: Literal[Scale.RISK_DIFFERENCE, Scale.LOG_ODDS, Scale.VALUE] = Scale.LOG_ODDS
