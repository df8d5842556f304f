"""The declaration of `matches_rate`: our rate against one that somebody published."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mixablate.study.claim_kinds.declared import Compared, Scale

__all__ = ["MatchesRate"]


class MatchesRate(Compared):
    """One side's rate lies within `margin` of a published `rate`, the uncertainty of both counted."""

    kind: Literal["matches_rate"]
    rate: float = Field(ge=0.0, le=1.0, strict=True, description="the published rate, as a fraction")
    n: int | None = Field(None, ge=1, strict=True, description="the rollouts behind it, where they were stated")
    rate_lower: float | None = Field(None, ge=0.0, le=1.0, strict=True, description="instead of n: its interval's ends")
    rate_upper: float | None = Field(None, ge=0.0, le=1.0, strict=True, description="instead of n: its interval's ends")
    rate_level: float = Field(0.95, gt=0.5, lt=1.0, strict=True, description="of that published interval")
    side: Literal["treated", "reference"] = Field("treated", description="which of our sides is held against it")
    margin: float = Field(gt=0.0, lt=1.0, strict=True, description="a difference of rates that would not matter")
    scale: Literal[Scale.RISK_DIFFERENCE] = Scale.RISK_DIFFERENCE

    @model_validator(mode="after")
    def _one_uncertainty(self) -> MatchesRate:
        if (self.rate_lower is None) != (self.rate_upper is None):
            raise ValueError('both or neither of "rate_lower" and "rate_upper" is required')
        if self.n is not None and self.rate_lower is not None:
            raise ValueError('at most one of "n" and the published interval is required')
        if self.rate_lower is not None and not self.rate_lower <= self.rate <= (self.rate_upper or 0.0):
            raise ValueError('"rate_lower" at most "rate" at most "rate_upper" is required')
        return self
