"""The declaration of `no_harm`: not worse by more than a margin."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixablate.study.claim_kinds.selectable import Selectable

__all__ = ["NoHarm"]


class NoHarm(Selectable):
    """The components make the outcome worse by no more than `margin`."""

    kind: Literal["no_harm"]
    margin: float = Field(gt=0.0, strict=True, description="on risk_ratio: a factor above 1")
