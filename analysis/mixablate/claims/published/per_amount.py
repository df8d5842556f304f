"""A published `efficient`: one drop per token over another's, as far as the printed figures give it."""

from __future__ import annotations

import math

from mixablate.claims.published.evidence import effect_per_amount, no_effect
from mixablate.claims.published.reading import Reading
from mixablate.estimate.reported import DropPerAmount, drop_per_amount, not_comparable
from mixablate.study import WORDS, PublishedEfficient, Reported

__all__ = ["read_per_amount"]

NO_INTERVAL = "printed rates give no interval of a ratio of two drops, and each arm has one amount of data"
SETTLES = (
    "the components at two or more amounts of data, one on either side of what the claim asks for, with three or more "
    'training runs at each and of the other side, as tables of runs with a claim efficient at equal = "outcome"'
)


def read_per_amount(
    claim: PublishedEfficient,
    rates: tuple[Reported, Reported, Reported],
    amounts: tuple[Reported, Reported],
    level: float,
) -> Reading:
    """The claim held against one report of each rate; never decided, since no interval can be had.

    Args:
        claim: as declared.
        rates: of the reference, of the other arm, and of the treated one.
        amounts: of data, of the treated arm and of the other one.
        level: of two-sided intervals.
    """
    reference, than, treated = rates
    said = [record for record in rates if record.unit == WORDS]
    apart = [f"{one.value} and {treated.value}: {why}" for one in rates[:2] if (why := not_comparable(one, treated))]
    if said or apart:
        words = [f'{record.name} is given in words only, "{record.value}"' for record in said] or apart[:1]
        return Reading(0, "", no_effect(claim, rates, level, words[0]), words[0], settles=SETTLES)
    found = drop_per_amount(reference, treated, than, *amounts)
    own, other = (f"{rate.value} at {size.value}" for rate, size in zip((treated, than), amounts, strict=True))
    sentences = (_sentence(claim, found, f"{own} against {other}"), *_line_sentence(amounts))
    effect = effect_per_amount(claim, rates, level, found, NO_INTERVAL)
    return Reading(0, "", effect, NO_INTERVAL, sentences=sentences, settles=SETTLES)


def _sentence(claim: PublishedEfficient, found: DropPerAmount, subject: str) -> str:
    if math.isnan(found.estimate):
        return f"{subject}: the ratio has no value, {found.reason or 'the other arm shows no drop'}."
    upper = "without limit" if math.isinf(found.upper) else f"to {found.upper:.3g}"
    verb = "lies within" if found.lower >= claim.ratio else "reaches into" if found.upper >= claim.ratio else "misses"
    return (
        f"{subject}: {found.estimate:.3g} times the drop per unit of data ({found.lower:.3g} {upper} over rounding), "
        f"which {verb} the claimed {claim.ratio:g} or more."
    )


def _line_sentence(amounts: tuple[Reported, Reported]) -> tuple[str, ...]:
    if amounts[0].figure.figure == amounts[1].figure.figure:
        return ()
    return ("The amounts of data differ: where a drop levels off, more data always looks less efficient.",)
