"""The declaration of `generalises`: the drop is found out of distribution too."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mixablate.study.claim_kinds.declared import Compared, DomainName, Scale

__all__ = ["Generalises"]


class Generalises(Compared):
    """The evals are reduced, those in `to` are too, and the second drop falls short of the first by at most `gap`."""

    kind: Literal["generalises"]
    to: tuple[str, ...] = Field((), description="the evals out of distribution (default: all of to_domain)")
    to_domain: DomainName = Field("out_of_distribution", description="instead of `to`: every eval of this domain")
    gap: float = Field(gt=0.0, strict=True, description="by how much the second drop may fall short, on the scale")
    minimum: float = Field(0.0, ge=0.0, strict=True, description="the drop that each of the two must reach")
    scale: Literal[Scale.RISK_DIFFERENCE, Scale.LOG_ODDS, Scale.VALUE] = Scale.RISK_DIFFERENCE
    require: Literal["mean"] = Field("mean", description="each side of the gap is a mean over its evals")
