"""The declaration of `correlates`: two numbers rise and fall together."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mixablate.study.claim_kinds.declared import Declared, Scale

__all__ = ["Correlates"]


class Correlates(Declared):
    """Over mixes, or over runs within mixes, the outcome correlates with another one or with a run column."""

    kind: Literal["correlates"]
    column: str = Field("", description="a run column, such as feature.entropy or tokens")
    other: tuple[str, ...] = Field((), description="instead of column: the evals of the other outcome")
    direction: Literal["positive", "negative"] = Field("positive", description="the claimed sign")
    minimum: float = Field(0.0, ge=0.0, lt=1.0, strict=True, description="the least size of the correlation")
    method: Literal["spearman", "pearson"] = "spearman"
    given: tuple[str, ...] = Field((), description="run columns held constant, such as tokens")
    across: Literal["arms", "runs_within_arms"] = Field(
        "arms", description="means of arms (a mix is a unit), or runs around their arm's mean"
    )
    require: Literal["mean"] = Field("mean", description="the outcome is the mean of its evals")
    scale: Literal[Scale.VALUE] = Field(Scale.VALUE, description="a correlation has no unit")

    @model_validator(mode="after")
    def _one_other_side(self) -> Correlates:
        if bool(self.column) == bool(self.other):
            raise ValueError('exactly one of "column" and "other" is required')
        if self.components or self.reference or self.treated or self.at != "average":
            raise ValueError("no components, reference, treated or at, since nothing is switched, are required")
        return self
