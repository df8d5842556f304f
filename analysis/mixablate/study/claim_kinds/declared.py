"""The keys that claims of every kind share, and the words they are written in."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Compared", "Declared", "DomainName", "Level", "Scale"]

Level = float | str
"""A component's level: a number for flags, doses and fractions, a name for categories."""


DomainName = Literal["in_distribution", "out_of_distribution", "capability", "control"]
"""Where an eval stands relative to the training data; the tables' `EvalDomain` holds the same names."""


class Scale(StrEnum):
    """The unit of an effect: estimates are treated minus reference, or treated over reference for the ratio."""

    LOG_ODDS = "log_odds"
    RISK_DIFFERENCE = "risk_difference"
    RISK_RATIO = "risk_ratio"
    VALUE = "value"


class Declared(BaseModel):
    """Keys that every claim has; a claim that switches no component leaves `components` empty."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    id: str = Field(min_length=1, description="short name, unique in the study")
    text: str = Field(min_length=1, description="the claim, in words")
    source: str = Field("", description="who made it, where")
    components: tuple[str, ...] = Field((), description="components switched together, baseline to target")
    evals: tuple[str, ...] = Field((), description="eval ids the claim is about")
    domain: DomainName | Literal[""] = Field("", description="instead of evals: every eval of this domain")
    require: Literal["mean", "each"] = Field("mean", description="over several evals: their mean, or each of them")
    scale: Scale = Scale.RISK_DIFFERENCE
    at: Literal["average", "baseline", "full"] = Field("average", description="where the other components stand")
    reference: dict[str, Level] = Field(default_factory=dict, description="levels instead of the study's baseline")
    treated: dict[str, Level] = Field(default_factory=dict, description="levels instead of the components' targets")
    family: str = Field("main", description="claims tested together; p-values are adjusted within it")
    status: Literal["confirmatory", "exploratory"] = "confirmatory"

    @model_validator(mode="after")
    def _evals_or_domain(self) -> Declared:
        if bool(self.evals) == bool(self.domain):
            raise ValueError('exactly one of "evals" and "domain" is required')
        return self

    @property
    def named_evals(self) -> tuple[str, ...]:
        """Every eval that the claim names."""
        return (*self.evals, *getattr(self, "to", ()), *getattr(self, "other", ()))

    @property
    def named_components(self) -> tuple[str, ...]:
        """Every component that the claim names."""
        named = [*self.components, *getattr(self, "than", ()), *getattr(self, "together_with", ())]
        return (*named, *self.reference, *self.treated)


class Compared(Declared):
    """Keys of a claim that compares two levels of components."""

    components: tuple[str, ...] = Field(min_length=1, description="components switched together, baseline to target")
