"""The `[mixture]` section: from which mix, by how much, and with which model the parts of the mix are compared."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

__all__ = ["Mixture"]

ROUNDED = 0.01
"""A reference mix may be written with two decimals; it is scaled to sum to 1."""

Fraction = Annotated[float, Field(ge=0.0, le=1.0, strict=True)]


class Mixture(BaseModel):
    """How the fractions of the mix are analysed, where two or more of them vary; every key has a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    reference: dict[str, Fraction] = Field(
        default_factory=dict,
        description="part -> fraction, where changes of the mix start (default: the baseline arm's mix, else the mean)",
    )
    model: Literal["auto", "linear", "quadratic", "curved", "log_ratio"] = Field(
        "auto", description="how the outcome depends on the fractions; auto: the smallest cross-validated error"
    )
    delta: float = Field(0.05, gt=0.0, lt=1.0, strict=True, description="by how much a part rises")
    zero: float = Field(0.005, gt=0.0, lt=0.1, strict=True, description="what stands for 0 in log-ratios")
    crossed: bool = Field(False, strict=True, description="whether flags may change what each part does")
    labels: dict[str, str] = Field(default_factory=dict, description="part -> its name for people")

    @field_validator("reference")
    @classmethod
    def _sums_to_one(cls, reference: dict[str, float]) -> dict[str, float]:
        if reference and not abs(math.fsum(reference.values()) - 1.0) <= ROUNDED:
            required = "fractions of the reference mix that sum to 1 (parts left out are 0)"
            raise PydanticCustomError("mixture_reference", "{required}", {"required": required})
        return reference
