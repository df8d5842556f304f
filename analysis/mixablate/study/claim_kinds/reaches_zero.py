"""The declaration of `reaches_zero`: a treated rate too small to matter."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixablate.study.claim_kinds.declared import Compared

__all__ = ["ReachesZero"]


class ReachesZero(Compared):
    """The one-sided upper bound of the treated rate is at most `bound`."""

    kind: Literal["reaches_zero"]
    bound: float = Field(gt=0.0, lt=1.0, strict=True, description="the highest treated rate that still counts as zero")
