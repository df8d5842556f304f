"""One side of a comparison of reported rates: what its print allows, and the rate that a claim about it is held to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from mixablate.estimate.reported.count_reconstruction import PossibleCounts, possible_counts
from mixablate.estimate.reported.reported_contrast import RateBounds, rate_bounds
from mixablate.estimate.reported.rounding import ABOUT_UNITS, PossibleValues, possible_rates
from mixablate.study import Reported

__all__ = ["ReportedSide", "Role", "reported_side"]


class Role(StrEnum):
    """The side of a comparison a record stands on."""

    REFERENCE = "reference"
    TREATED = "treated"


@dataclass(frozen=True, slots=True)
class ReportedSide:
    """A reported rate, read.

    Attributes:
        record: as declared.
        rates: the true rates that its print may stand for.
        counts: the counts that it may stand for; None where n is not stated.
        bounds: exact bounds of the rate from those counts; None where n is not stated or no count fits.
        taken: the rate that calculations take: the printed one, or where only a side of it is printed, the end that
            favours the claim of a drop least; with n the nearest possible count over n.
        unfavourable: the possible rate that favours the claim of a drop least.
    """

    record: Reported
    rates: PossibleValues
    counts: PossibleCounts | None
    bounds: RateBounds | None
    taken: float
    unfavourable: float

    @property
    def trials(self) -> int | None:
        """The rollouts behind the rate: None where they are not stated, or cannot have given it."""
        return self.counts.trials if self.counts is not None and self.counts.counts else None

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest possible rate."""
        return float(self.rates.lower or 0), float(1 if self.rates.upper is None else self.rates.upper)


def reported_side(
    record: Reported, role: Role, *, level: float = 0.95, about_units: Fraction = ABOUT_UNITS
) -> ReportedSide:
    """A reported rate as one side of a comparison.

    Args:
        record: of a rate.
        role: the side; the least favourable rate of the reference is its lowest, of the treated side its highest.
        level: of the exact bounds.
        about_units: how far a figure with "~" may be off, in units of its last digit.

    Raises:
        ValueError: a record of another unit; the level or `about_units` outside its range.
    """
    if record.unit != "rate":
        raise ValueError(f'record "{record.id}" must hold a rate, found the unit "{record.unit}"')
    rates = possible_rates(record.figure, about_units=about_units)
    counts = None if record.n is None else possible_counts(rates, record.n)
    end = rates.lower if role is Role.REFERENCE else rates.upper
    unfavourable = end if end is not None else Fraction(int(role is Role.TREATED))
    taken = record.figure.figure if record.figure.is_point else unfavourable
    if counts is not None and counts.counts:
        taken = min((Fraction(k, counts.trials) for k in counts.counts), key=lambda rate: abs(rate - taken))
        outer = counts.counts[0] if role is Role.REFERENCE else counts.counts[-1]
        unfavourable = Fraction(outer, counts.trials)
    bounds = None if counts is None else rate_bounds(counts, level)
    return ReportedSide(record, rates, counts, bounds, float(taken), float(unfavourable))
