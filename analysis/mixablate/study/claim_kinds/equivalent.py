"""The declaration of `equivalent`: no change beyond a margin."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixablate.study.claim_kinds.declared import Compared

__all__ = ["Equivalent"]


class Equivalent(Compared):
    """The components change the outcome by no more than `margin`, either way."""

    kind: Literal["equivalent"]
    margin: float = Field(gt=0.0, strict=True, description="on risk_ratio: a factor above 1")
