"""The declaration of `stronger`: component against component."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixablate.study.claim_kinds.declared import Compared

__all__ = ["Stronger"]


class Stronger(Compared):
    """The components' drop exceeds that of the components in `than` by at least `minimum`."""

    kind: Literal["stronger"]
    than: tuple[str, ...] = Field(min_length=1, description="the components they are compared with")
    minimum: float = Field(0.0, ge=0.0, strict=True, description="by how much the drop exceeds the other's")
    margin: float | None = Field(None, gt=0.0, strict=True, description="a difference within ±margin counts as none")
