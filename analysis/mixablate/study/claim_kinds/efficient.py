"""The declaration of `efficient`: more drop for the same amount of data."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mixablate.study.claim_kinds.declared import Compared, Scale

__all__ = ["Efficient"]


class Efficient(Compared):
    """The components' drop per token is at least `ratio` times that of the components in `than`."""

    kind: Literal["efficient"]
    than: tuple[str, ...] = Field(min_length=1, description="the components they are compared with")
    ratio: float = Field(gt=0.0, strict=True, description="own drop per token over the other's")
    per: str = Field("tokens", min_length=1, description="the run column that counts: tokens, examples, ...")
    scale: Literal[Scale.RISK_DIFFERENCE, Scale.LOG_ODDS, Scale.VALUE] = Scale.RISK_DIFFERENCE

    @model_validator(mode="after")
    def _two_sets(self) -> Efficient:
        if set(self.components) == set(self.than):
            raise ValueError('other components in "than" than in "components" are required')
        return self
