"""One figure that someone reported, as it is printed, with all that is stated about it."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from mixablate.study.printed_figure import PrintedFigure, Qualifier, parse_figure

__all__ = ["RATE", "WORDS", "IntervalKind", "Reported"]

RATE, WORDS = "rate", "words"

IntervalKind = Literal["wilson", "clopper_pearson", "wald", "sem", "sd", "sem_of_runs", "unknown"]
"""What a printed interval is.

Of one proportion; one standard error of it either way; of training runs, one SD or one standard error of their mean
either way; or not stated.
"""

WITHOUT_LEVEL: dict[str, str] = {"sem": "SEM", "sd": "SD", "sem_of_runs": "SEM"}
"""Kinds whose ends lie one such unit away, so that they have no level."""


class Reported(BaseModel):
    """One `[[reported]]` record: a published figure. Two records of one quantity are kept side by side, never pooled.

    `quantity` names what is measured, so that records of one quantity can be compared: metric, base model and evals.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    id: str = Field(min_length=1, description="short name, unique in the study")
    quantity: str = Field(min_length=1, description="what is measured; only records of one quantity are ever compared")
    arm: str = Field("", description="the arm it was measured on")
    label: str = Field("", description="the arm's name for people (default: arm)")
    eval: str = Field("", description="the eval, or the mean of evals, it was measured by")
    base_model: str = Field("", description="the model that training started from")
    value: str = Field(min_length=1, description='as printed, in quotes: "22%", "0.22", "~3%", "<1%", "up to 96%"')
    unit: str = Field(RATE, min_length=1, description='"rate", another such as "times" or "tokens", or "words"')
    n: int | None = Field(None, ge=1, strict=True, description="scored rollouts behind the rate, where it is stated")
    runs: int | None = Field(None, ge=1, strict=True, description="training runs behind it, where it is stated")
    lower: str | None = Field(None, min_length=1, description="lower end of the printed interval, as printed")
    upper: str | None = Field(None, min_length=1, description="upper end of the printed interval, as printed")
    interval_level: float | None = Field(None, gt=0.0, lt=1.0, strict=True, description="its stated level, e.g. 0.95")
    interval_kind: IntervalKind = Field("unknown", description="what the printed interval is, where it is stated")
    source: str = Field("", description="who reported it, where")
    note: str = Field("", description="anything else stated about it")

    @model_validator(mode="after")
    def _readable(self) -> Reported:
        if self.unit != RATE and self.n is not None:
            raise _refused("n", f'"{self.n}"', f'"n" only for a rate; the unit here is "{self.unit}"')
        if self.unit == WORDS:
            if self.lower is not None or self.upper is not None:
                raise _refused("lower", f'"{self.lower or self.upper}"', "no interval of a statement in words")
            return self
        figure = _parsed("value", self.value, rate=self.unit == RATE)
        ends = self._ends()
        if ends and figure.is_point and not ends[0] <= figure.figure <= ends[1]:
            found = f'"{self.value}" beside "{self.lower}" to "{self.upper}"'
            raise _refused("value", found, "an interval that holds the value")
        return self

    def _ends(self) -> tuple[Fraction, Fraction] | None:
        if (self.lower is None) != (self.upper is None):
            raise _refused("lower", "one end of an interval", 'both "lower" and "upper", or neither')
        if self.lower is None or self.upper is None:
            if self.interval_level is not None or self.interval_kind != "unknown":
                raise _refused("lower", "nothing", "the ends of the interval whose level or kind is stated")
            return None
        if self.interval_kind in WITHOUT_LEVEL and self.interval_level is not None:
            unit = WITHOUT_LEVEL[self.interval_kind]
            found, words = f"{self.interval_level:g}", f"no level: the ends are one {unit} away"
            raise _refused("interval_level", found, words)
        lower, upper = (_parsed(key, text, rate=self.unit == RATE) for key, text in self._printed_ends())
        if not lower.figure < upper.figure:
            raise _refused("lower", f'"{self.lower}"', f'an end below the upper one, "{self.upper}"')
        return lower.figure, upper.figure

    def _printed_ends(self) -> tuple[tuple[str, str], tuple[str, str]]:
        return ("lower", self.lower or ""), ("upper", self.upper or "")

    @property
    def name(self) -> str:
        """Its arm for people: label, arm or id."""
        return self.label or self.arm or self.id

    @property
    def figure(self) -> PrintedFigure:
        """The value, parsed.

        Raises:
            ValueError: the record is a statement in words.
        """
        return parse_figure(self.value, rate=self.unit == RATE)

    @property
    def limits(self) -> tuple[PrintedFigure, PrintedFigure] | None:
        """The printed interval, parsed; None where none is printed."""
        if self.lower is None or self.upper is None:
            return None
        rate = self.unit == RATE
        return parse_figure(self.lower, rate=rate, within=False), parse_figure(self.upper, rate=rate, within=False)


def _parsed(key: str, text: str, *, rate: bool) -> PrintedFigure:
    try:
        figure = parse_figure(text, rate=rate, within=key == "value")
    except ValueError as error:
        raise _refused(key, f'"{text}"', str(error)) from None
    if key != "value" and figure.qualifier is not Qualifier.ROUNDED:
        raise _refused(key, f'"{text}"', 'a plain figure as the end of an interval, such as "18%"')
    return figure


def _refused(key: str, found: str, required: str) -> PydanticCustomError:
    return PydanticCustomError("reported", "{required}", {"key": key, "found": found, "required": required})
