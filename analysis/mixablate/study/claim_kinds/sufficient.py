"""The declaration of `sufficient`: alone it brings so much of a drop."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixablate.study.claim_kinds.selectable import Selectable

__all__ = ["Sufficient"]


class Sufficient(Selectable):
    """Alone on the baseline, the components lower the outcome by at least `minimum`."""

    kind: Literal["sufficient"]
    minimum: float = Field(
        0.0, ge=0.0, strict=True, description="the claimed drop; on risk_ratio a fraction of the baseline rate"
    )
    margin: float | None = Field(None, gt=0.0, strict=True, description="a drop within ±margin counts as no difference")
    at: Literal["baseline"] = Field("baseline", description="the other components stand at their baseline")
