"""How much more one arm's rate fell for each token than another's, over all that two prints of each allow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

from mixablate.estimate.reported.rounding import PossibleValues, possible_rates, possible_values
from mixablate.study import Reported

__all__ = ["DropPerAmount", "drop_per_amount"]

NO_DROP = "the other arm's rate may not have fallen at all"
NOT_POINTS = "an amount of data must be printed as a figure above 0"


@dataclass(frozen=True, slots=True)
class DropPerAmount:
    """(Reference - treated) / its amount, over (reference - other) / the other's amount.

    Attributes:
        estimate: at the printed figures; NaN where undefined.
        lower, upper: over all that the prints allow; the upper one infinite where the other arm's drop may be none.
        reason: why a number is missing; empty where none is.
    """

    estimate: float
    lower: float
    upper: float
    reason: str = ""


def drop_per_amount(
    reference: Reported, treated: Reported, than: Reported, treated_amount: Reported, than_amount: Reported
) -> DropPerAmount:
    """The ratio of two drops per unit of data, as far as printed figures give it; no interval, since it has no n.

    It falls with the treated rate and amount and rises with the other's; in the reference rate it has no turning
    point, so that its ends hold the extremes. A straight line through two points: where the drop levels off with the
    amount, which of two amounts is the larger decides the ratio.

    Args:
        reference: rate of the arm without the change.
        treated: rate of the arm said to be efficient.
        than: rate of the other arm.
        treated_amount: data of the treated arm.
        than_amount: data of the other arm, in the same unit.
    """
    start, own, other = (possible_rates(record.figure) for record in (reference, treated, than))
    amounts = [possible_values(record.figure) for record in (treated_amount, than_amount)]
    if any(amount.lower is None or amount.upper is None or amount.lower <= 0 for amount in amounts):
        return DropPerAmount(math.nan, math.nan, math.nan, NOT_POINTS)
    printed = [float(r.figure.figure) for r in (reference, treated, than, treated_amount, than_amount)]
    estimate = _ratio(*printed)
    least = min(
        _ratio(at, _end(own, 1), _end(other, 0), _end(amounts[0], 1), _end(amounts[1], 0)) for at in _ends(start)
    )
    most = max(
        _ratio(at, _end(own, 0), _end(other, 1), _end(amounts[0], 0), _end(amounts[1], 1)) for at in _ends(start)
    )
    open_above = any(at <= rate for at, rate in product(_ends(start), _ends(other)))
    return DropPerAmount(estimate, least, math.inf if open_above else most, NO_DROP if open_above else "")


def _ratio(start: float, own: float, other: float, own_amount: float, other_amount: float) -> float:
    if start == other:
        return math.nan
    return (start - own) / own_amount / ((start - other) / other_amount)


def _end(values: PossibleValues, upper: int) -> float:
    found = values.upper if upper else values.lower
    return float(upper) if found is None else float(found)


def _ends(values: PossibleValues) -> tuple[float, float]:
    return _end(values, 0), _end(values, 1)
