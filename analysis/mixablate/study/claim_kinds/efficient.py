"""The declaration of `efficient`: more for the same amount of data, or the same with less of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mixablate.study.claim_kinds.declared import Compared, Scale

__all__ = ["Efficient"]


class Efficient(Compared):
    """Data of the components is worth at least `ratio` times as much as that of the components in `than`.

    At an equal amount that is a ratio of drops per token; at an equal outcome a ratio of the tokens that bring it,
    read off the doses of one component.
    """

    kind: Literal["efficient"]
    than: tuple[str, ...] = Field(min_length=1, description="the components they are compared with")
    ratio: float = Field(
        gt=0.0, strict=True, description="own drop per token over the other's; at an equal outcome its tokens over own"
    )
    equal: Literal["amount", "outcome"] = Field(
        "amount", description="what is held equal: the amount of data, or the outcome, for a component run at doses"
    )
    per: str = Field("tokens", min_length=1, description="the run column that counts: tokens, examples, ...")
    scale: Literal[Scale.RISK_DIFFERENCE, Scale.LOG_ODDS, Scale.VALUE] = Scale.RISK_DIFFERENCE

    @model_validator(mode="after")
    def _two_sets(self) -> Efficient:
        if set(self.components) == set(self.than):
            raise ValueError('other components in "than" than in "components" are required')
        return self

    @model_validator(mode="after")
    def _one_curve(self) -> Efficient:
        if self.equal == "outcome" and len(self.components) > 1:
            raise ValueError('with equal = "outcome" one component in "components" is required, run at doses')
        if self.equal == "outcome" and set(self.components) & set(self.treated):
            raise ValueError('with equal = "outcome" a "treated" without the component is required: its doses are read')
        return self
