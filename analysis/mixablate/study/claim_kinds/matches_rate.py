"""The declaration of `matches_rate`: our rate against one that somebody published, typed in or cited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, PrivateAttr, model_validator

from mixablate.errors import nearest
from mixablate.study.claim_kinds.declared import Compared, Scale
from mixablate.study.reported import RATE, Reported

__all__ = ["MatchesRate", "not_citable"]

TYPED = ("n", "rate_lower", "rate_upper", "rate_level")


class MatchesRate(Compared):
    """One side's rate lies within `margin` of a published `rate`, the uncertainty of both counted."""

    kind: Literal["matches_rate"]
    rate: float | None = Field(None, ge=0.0, le=1.0, strict=True, description="the published rate, as a fraction")
    record: str = Field("", description="instead of rate: the id of the [[reported]] record that prints it")
    n: int | None = Field(None, ge=1, strict=True, description="the rollouts behind it, where they were stated")
    rate_lower: float | None = Field(None, ge=0.0, le=1.0, strict=True, description="instead of n: its interval's ends")
    rate_upper: float | None = Field(None, ge=0.0, le=1.0, strict=True, description="instead of n: its interval's ends")
    rate_level: float = Field(0.95, gt=0.5, lt=1.0, strict=True, description="of that published interval")
    side: Literal["treated", "reference"] = Field("treated", description="which of our sides is held against it")
    margin: float = Field(gt=0.0, lt=1.0, strict=True, description="a difference of rates that would not matter")
    scale: Literal[Scale.RISK_DIFFERENCE] = Scale.RISK_DIFFERENCE
    _cited: Reported | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _one_uncertainty(self) -> MatchesRate:
        if (self.rate is None) == (not self.record):
            raise ValueError('exactly one of "rate" and "record" is required')
        if self.record and (typed := [key for key in TYPED if key in self.model_fields_set]):
            raise ValueError(f'at most one of "record" and "{typed[0]}" is required')
        if (self.rate_lower is None) != (self.rate_upper is None):
            raise ValueError('both or neither of "rate_lower" and "rate_upper" is required')
        if self.n is not None and self.rate_lower is not None:
            raise ValueError('at most one of "n" and the published interval is required')
        lower, upper = self.rate_lower, self.rate_upper
        if not (self.rate is None or lower is None or upper is None or lower <= self.rate <= upper):
            raise ValueError('"rate_lower" at most "rate" at most "rate_upper" is required')
        return self

    @property
    def cited(self) -> Reported | None:
        """The record that `record` names; None where it names none, and outside a study."""
        return self._cited

    def citing(self, records: Mapping[str, Reported]) -> MatchesRate:
        """The claim with the record it names.

        Raises:
            ValueError: there is no such record, or it prints no rate.
        """
        if not self.record:
            return self
        if self.record not in records:
            raise ValueError(
                f'claim "{self.id}" names the unknown record "{self.record}". {nearest(self.record, records)}'
            )
        if reason := not_citable(records[self.record]):
            raise ValueError(f'claim "{self.id}" cites {reason}')
        copy = self.model_copy()
        copy._cited = records[self.record]
        return copy


def not_citable(record: Reported) -> str:
    """Why ours cannot be held against this record; empty where it prints a rate.

    >>> not_citable(Reported(id="r", quantity="blackmail", value="<1%"))
    'the record "r" that prints "<1%"'
    """
    if record.unit != RATE:
        return f'the record "{record.id}" of the unit "{record.unit}"'
    return "" if record.figure.is_point else f'the record "{record.id}" that prints "{record.value}"'
