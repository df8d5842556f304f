"""What a printed figure says, letter by letter: its number, its unit, its last digit, and the words around it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

__all__ = ["PrintedFigure", "Qualifier", "parse_figure"]


class Qualifier(StrEnum):
    """What the words around a figure make of it."""

    ROUNDED = "rounded"
    COUNTED = "counted"
    ABOUT = "about"
    BELOW = "below"
    AT_MOST = "at_most"
    ABOVE = "above"
    AT_LEAST = "at_least"
    UP_TO = "up_to"
    BETWEEN = "between"


@dataclass(frozen=True, slots=True)
class PrintedFigure:
    """A figure as it stands in a paper.

    Attributes:
        text: as printed.
        qualifier: rounded (a bare figure), counted (a rate of "0" or "1": no rollout, or every one), or its words.
        figure: its number; a rate as a fraction of 1. Of a range, the lower end.
        last_digit: one unit of its last printed digit, on the scale of `figure`.
        upper_figure: of a range ("1.3x to 3x"), the upper end.
        upper_last_digit: of a range, one unit of the upper end's last digit.
    """

    text: str
    qualifier: Qualifier
    figure: Fraction
    last_digit: Fraction
    upper_figure: Fraction | None = None
    upper_last_digit: Fraction | None = None

    @property
    def is_point(self) -> bool:
        """Whether the print states the value itself, and not only a side or a range it lies on."""
        return self.qualifier in {Qualifier.ROUNDED, Qualifier.COUNTED, Qualifier.ABOUT}


NUMBER = r"(?P<{0}>[-−]?(?:[1-9]\d{{0,2}}(?:,\d{{3}})+|\d+)(?:\.\d+)?|[-−]?\.\d+)\s*(?P<{0}_unit>%|percent|x|×|k|M|B)?"
ONE = re.compile(rf"(?P<words>[^\d.−-]*?)\s*{NUMBER.format('low')}")
RANGE = re.compile(rf"{NUMBER.format('low')}\s*(?:to|–|-)\s*{NUMBER.format('high')}")
CHANGE = re.compile(r"->|→|=>|⇒")
WORDS = {
    "": Qualifier.ROUNDED,
    "~": Qualifier.ABOUT,
    "≈": Qualifier.ABOUT,
    "about": Qualifier.ABOUT,
    "around": Qualifier.ABOUT,
    "roughly": Qualifier.ABOUT,
    "<": Qualifier.BELOW,
    "under": Qualifier.BELOW,
    "below": Qualifier.BELOW,
    "less than": Qualifier.BELOW,
    "well under": Qualifier.BELOW,
    "<=": Qualifier.AT_MOST,
    "≤": Qualifier.AT_MOST,
    "at most": Qualifier.AT_MOST,
    ">": Qualifier.ABOVE,
    "over": Qualifier.ABOVE,
    "above": Qualifier.ABOVE,
    "more than": Qualifier.ABOVE,
    ">=": Qualifier.AT_LEAST,
    "≥": Qualifier.AT_LEAST,
    "at least": Qualifier.AT_LEAST,
    "up to": Qualifier.UP_TO,
}
NONE_OR_ALL = {"zero": "0", "none": "0", "all": "1"}
FACTORS = {"k": 1_000, "M": 1_000_000, "B": 1_000_000_000}
MOST_DIGITS = 12

A_FIGURE = 'one printed figure, such as "22%", "0.22", "~3%", "<1%", ">60%", "up to 96%" or "1.3x to 3x"'
ONE_SIDE = "one figure, not a change: give each side a record of its own"
A_RATE = 'a rate from 0% to 100%, with its % sign or as a fraction of 1: "22%" or "0.22"'
ASCENDING = "a range from its lower to its upper end"
FEWER_DIGITS = f"a figure of at most {MOST_DIGITS} digits"


def parse_figure(text: str, *, rate: bool, within: bool = True) -> PrintedFigure:
    """The parts of a printed figure.

    A rate of "0" or "1" (or "zero", "all") without a decimal is read as no event, or nothing but events; "0%" and "0.0"
    are rounded figures like any other.

    Args:
        text: as printed.
        rate: whether it is a rate: then "22%" is .22, and a figure outside 0 to 1 is refused.
        within: whether a rate must lie within 0 and 1 (an end of a Wald interval need not).

    Raises:
        ValueError: text that is not one such figure; the message says what is required.

    >>> found = parse_figure("~3%", rate=True)
    >>> str(found.qualifier), found.figure, found.last_digit
    ('about', Fraction(3, 100), Fraction(1, 100))
    """
    said = text.strip()
    said = NONE_OR_ALL.get(said.lower(), said)
    if CHANGE.search(said):
        raise ValueError(ONE_SIDE)
    if len(re.findall(r"\d", said)) > MOST_DIGITS:
        raise ValueError(FEWER_DIGITS)
    if spread := RANGE.fullmatch(said):
        return _range(text, spread, rate=rate)
    found = ONE.fullmatch(said)
    qualifier = WORDS.get(found["words"].strip().lower()) if found else None
    if found is None or qualifier is None:
        raise ValueError(A_FIGURE)
    figure, digit = _number(found["low"], found["low_unit"], rate=rate)
    if rate and within and not 0 <= figure <= 1:
        raise ValueError(A_RATE)
    if rate and within and qualifier is Qualifier.ROUNDED and found["low"] in {"0", "1"} and not found["low_unit"]:
        qualifier = Qualifier.COUNTED
    return PrintedFigure(text, qualifier, figure, digit)


def _range(text: str, found: re.Match[str], *, rate: bool) -> PrintedFigure:
    low, low_digit = _number(found["low"], found["low_unit"] or found["high_unit"], rate=rate)
    high, high_digit = _number(found["high"], found["high_unit"], rate=rate)
    if rate and not (0 <= low <= 1 and 0 <= high <= 1):
        raise ValueError(A_RATE)
    if not low < high:
        raise ValueError(ASCENDING)
    return PrintedFigure(text, Qualifier.BETWEEN, low, low_digit, high, high_digit)


def _number(digits: str, unit: str | None, *, rate: bool) -> tuple[Fraction, Fraction]:
    """The number and one unit of its last digit; a percentage is divided by 100 where a rate is meant."""
    plain = digits.replace(",", "").replace("−", "-")
    decimals = len(plain.partition(".")[2])
    percent = unit in {"%", "percent"}
    if rate and unit is not None and not percent:
        raise ValueError(A_RATE)
    factor = Fraction(1, 100) if percent and rate else Fraction(FACTORS.get(unit or "", 1))
    return Fraction(plain) * factor, Fraction(1, 10**decimals) * factor
