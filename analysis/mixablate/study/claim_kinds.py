"""The kinds of claim a study may declare, each with its own keys."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "AtLeastRatio",
    "Claim",
    "DomainName",
    "Equivalent",
    "Level",
    "NoHarm",
    "ReachesZero",
    "Reduces",
    "Scale",
    "Stronger",
]

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


class _Declared(BaseModel):
    """Keys that every claim has."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    id: str = Field(min_length=1, description="short name, unique in the study")
    text: str = Field(min_length=1, description="the claim, in words")
    source: str = Field("", description="who made it, where")
    components: tuple[str, ...] = Field(min_length=1, description="components switched together, baseline to target")
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
    def _evals_or_domain(self) -> _Declared:
        if bool(self.evals) == bool(self.domain):
            raise ValueError('exactly one of "evals" and "domain" is required')
        return self


class Reduces(_Declared):
    """The components lower the outcome (or raise a higher-is-better one) by at least `minimum`, in the scale's unit."""

    kind: Literal["reduces"]
    minimum: float = Field(
        0.0, ge=0.0, strict=True, description="the claimed drop; on risk_ratio a fraction of the reference rate"
    )
    margin: float | None = Field(None, gt=0.0, strict=True, description="a drop within ±margin counts as no difference")


class AtLeastRatio(_Declared):
    """The reference rate is at least `ratio` times the treated rate."""

    kind: Literal["at_least_ratio"]
    ratio: float = Field(gt=1.0, strict=True, description="reference rate over treated rate, above 1")
    scale: Literal[Scale.RISK_RATIO] = Scale.RISK_RATIO


class ReachesZero(_Declared):
    """The one-sided upper bound of the treated rate is at most `bound`."""

    kind: Literal["reaches_zero"]
    bound: float = Field(gt=0.0, lt=1.0, strict=True, description="the highest treated rate that still counts as zero")


class Equivalent(_Declared):
    """The components change the outcome by no more than `margin`, either way."""

    kind: Literal["equivalent"]
    margin: float = Field(gt=0.0, strict=True, description="on risk_ratio: a factor above 1")


class NoHarm(_Declared):
    """The components make the outcome worse by no more than `margin`."""

    kind: Literal["no_harm"]
    margin: float = Field(gt=0.0, strict=True, description="on risk_ratio: a factor above 1")


class Stronger(_Declared):
    """The components' drop exceeds that of the components in `than` by at least `minimum`."""

    kind: Literal["stronger"]
    than: tuple[str, ...] = Field(min_length=1, description="the components they are compared with")
    minimum: float = Field(0.0, ge=0.0, strict=True, description="by how much the drop exceeds the other's")
    margin: float | None = Field(None, gt=0.0, strict=True, description="a difference within ±margin counts as none")


Claim = Annotated[
    Reduces | AtLeastRatio | ReachesZero | Equivalent | NoHarm | Stronger,
    Field(discriminator="kind"),
]
