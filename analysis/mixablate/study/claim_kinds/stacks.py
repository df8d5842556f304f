"""The declaration of `stacks`: together no less than the sum of both."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixablate.study.claim_kinds.together import Together

__all__ = ["Stacks"]


class Stacks(Together):
    """The drop of both sets together falls short of the sum of their separate drops by no more than `margin`."""

    kind: Literal["stacks"]
    margin: float = Field(gt=0.0, strict=True, description="antagonism that would not matter; a factor on risk_ratio")
