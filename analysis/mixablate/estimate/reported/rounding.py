"""The values a printed figure may stand for: half a unit of its last digit either way, or one side of it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from mixablate.study import PrintedFigure, Qualifier

__all__ = ["ABOUT_UNITS", "PossibleValues", "possible_rates", "possible_values"]

ABOUT_UNITS = Fraction(1)
"""How many units of its last digit a figure with "~" may be off, either way; a bare figure is off by half a unit."""

HALF = Fraction(1, 2)
NOTHING, EVERYTHING = Fraction(0), Fraction(1)


@dataclass(frozen=True, slots=True)
class PossibleValues:
    """The interval of true values that a print stands for, exact.

    Attributes:
        lower, upper: its ends; None where that side is open to infinity.
        lower_in, upper_in: whether an end itself is possible.
    """

    lower: Fraction | None
    upper: Fraction | None
    lower_in: bool = True
    upper_in: bool = True

    def __contains__(self, value: Fraction) -> bool:
        above = self.lower is None or value > self.lower or (self.lower_in and value == self.lower)
        below = self.upper is None or value < self.upper or (self.upper_in and value == self.upper)
        return above and below

    def overlaps(self, other: PossibleValues) -> bool:
        """Whether one value could have been printed both ways."""
        return _starts_before_end(self, other) and _starts_before_end(other, self)


def possible_values(figure: PrintedFigure, *, about_units: Fraction = ABOUT_UNITS) -> PossibleValues:
    """Every value that may have been printed so.

    Both ends of half a unit are possible, so that the answer holds whether ties go up, to even, or away from zero; a
    figure that was cut rather than rounded is not covered. A bound ("<1%", "at most") is taken at its word. "Up to" is
    the largest of several, itself rounded: it says nothing of the others but that they are no higher.

    Args:
        figure: parsed.
        about_units: how many units of its last digit a figure with "~" may be off, half or more.

    Raises:
        ValueError: `about_units` below one half.

    >>> from mixablate.study import parse_figure
    >>> found = possible_values(parse_figure("22%", rate=True))
    >>> float(found.lower), float(found.upper)
    (0.215, 0.225)
    """
    if not about_units >= HALF:
        raise ValueError(f"about_units must be at least 1/2, found {about_units}")
    value, half = figure.figure, figure.last_digit * HALF
    match figure.qualifier:
        case Qualifier.ROUNDED:
            return PossibleValues(value - half, value + half)
        case Qualifier.COUNTED:
            return PossibleValues(value, value)
        case Qualifier.ABOUT:
            return PossibleValues(value - about_units * figure.last_digit, value + about_units * figure.last_digit)
        case Qualifier.BELOW:
            return PossibleValues(None, value, upper_in=False)
        case Qualifier.AT_MOST:
            return PossibleValues(None, value)
        case Qualifier.ABOVE:
            return PossibleValues(value, None, lower_in=False)
        case Qualifier.AT_LEAST:
            return PossibleValues(value, None)
        case Qualifier.UP_TO:
            return PossibleValues(None, value + half)
        case Qualifier.BETWEEN:
            upper = figure.upper_figure if figure.upper_figure is not None else value
            upper_digit = figure.upper_last_digit if figure.upper_last_digit is not None else figure.last_digit
            return PossibleValues(value - half, upper + upper_digit * HALF)


def possible_rates(figure: PrintedFigure, *, about_units: Fraction = ABOUT_UNITS) -> PossibleValues:
    """The same of a rate: no further than 0 and 1.

    Args:
        figure: parsed as a rate.
        about_units: as in `possible_values`.

    Raises:
        ValueError: `about_units` below one half.
    """
    values = possible_values(figure, about_units=about_units)
    low_cut = values.lower is None or values.lower < NOTHING
    high_cut = values.upper is None or values.upper > EVERYTHING
    return PossibleValues(
        NOTHING if low_cut else values.lower,
        EVERYTHING if high_cut else values.upper,
        lower_in=low_cut or values.lower_in,
        upper_in=high_cut or values.upper_in,
    )


def _starts_before_end(one: PossibleValues, other: PossibleValues) -> bool:
    if one.lower is None or other.upper is None or one.lower < other.upper:
        return True
    return one.lower == other.upper and one.lower_in and other.upper_in
