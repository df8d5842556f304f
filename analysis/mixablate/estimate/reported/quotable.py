"""The sentences about a comparison of reported rates that a reviewer can quote."""

from __future__ import annotations

import math
from collections.abc import Iterator

from mixablate.estimate.reported.reported_claim import ClaimedRegion, ReportedClaim
from mixablate.estimate.reported.reported_contrast import INDEPENDENT, ReportedContrast
from mixablate.estimate.reported.reported_side import ReportedSide
from mixablate.estimate.reported.run_variation import TYPICAL_RUN_SDS, RunVariation
from mixablate.estimate.reported.trials_needed import TrialsNeeded

__all__ = [
    "about",
    "contrast_sentence",
    "needed_sentences",
    "print_sentences",
    "sentences_of",
    "tipping_sentence",
]

Sides = tuple[ReportedSide, ReportedSide]

LEAST_FAVOURABLE = "the claim is held to the least favourable rate that it allows"
TYPICAL = f"{TYPICAL_RUN_SDS[0]:g} to {TYPICAL_RUN_SDS[-1]:g} are typical of fine-tuning runs"


def about(count: int) -> str:
    """A count as a sentence holds it: to two digits from a hundred on.

    >>> about(482), about(2319), about(43)
    ('about 480', 'about 2,300', '43')
    """
    if count < 100:
        return str(count)
    unit = 10 ** (len(str(count)) - 2)
    return f"about {round(count / unit) * unit:,}"


def sentences_of(
    sides: Sides,
    claim: ReportedClaim,
    contrasts: tuple[ReportedContrast, ...],
    stands: bool | None,
    needed: TrialsNeeded,
    at_worst: TrialsNeeded,
    variation: RunVariation,
    level: float,
) -> tuple[str, ...]:
    """What each print stands for, what the two show, what the claim would need, and what run-to-run variation does.

    Args:
        sides: reference and treated side.
        claim: about them.
        contrasts: empty where n is not stated on both sides.
        stands: whether the claim holds were every rollout independent, as far as it can be told.
        needed: rollouts an arm at the rates taken.
        at_worst: the same at the least favourable rates.
        variation: of training runs.
        level: of the intervals.
    """
    shown = sides[1:] if claim.region is ClaimedRegion.REACHES_ZERO else sides
    return (
        *(sentence for side in shown for sentence in print_sentences(side, level)),
        *contrast_sentence(contrasts, claim, stands, level),
        *needed_sentences(sides, claim, needed, at_worst, variation),
        *tipping_sentence(shown, claim, variation),
    )


def print_sentences(side: ReportedSide, level: float) -> Iterator[str]:
    """What the print stands for, where that is more than a rounded rate."""
    record, counts, bounds = side.record, side.counts, side.bounds
    if counts is None:
        if not record.figure.is_point:
            yield f'{record.name}: "{record.value}" is not a rate but a bound or range; {LEAST_FAVOURABLE}.'
        elif side.taken == 0:
            clean = math.ceil(math.log(1 - level) / math.log(0.99))
            yield f'{record.name}: "{record.value}" without n bounds nothing; 0 of {clean} would show at most 1 %.'
        return
    if not counts.counts or bounds is None:
        yield f"{record.name}: {record.value} with n = {counts.trials} is impossible: {counts.reason}."
        return
    events = f"{counts.fewest}" if len(counts.counts) == 1 else f"{counts.fewest} to {counts.most}"
    tail = ""
    if counts.fewest == 0:
        tail = (
            f": at most {_bound(bounds.at_most)} (one-sided {_level(level)} bound; the two-sided interval reaches "
            f"{_percent(bounds.upper)})"
        )
    yield f"{record.name}: {record.value} with n = {counts.trials} is {events} of {counts.trials}{tail}."


def contrast_sentence(
    contrasts: tuple[ReportedContrast, ...], claim: ReportedClaim, stands: bool | None, level: float
) -> Iterator[str]:
    """The difference of two rates whose n are stated, and what it says so far."""
    if not contrasts or contrasts[0].reason:
        return
    found = contrasts[0]
    estimate = _points(found.estimate_lower)
    if found.estimate_lower != found.estimate_upper:
        estimate += f" to {_points(found.estimate_upper)}"
    says = {True: "the claim holds", False: "the claim fails", None: "the claim is open"}[stands]
    yield (
        f"Difference {estimate} points, {_level(level)} interval {_points(found.lower)} to {_points(found.upper)} over "
        f"the worst case of rounding, {INDEPENDENT}; so far {says} ({claim.words})."
    )


def needed_sentences(
    sides: Sides, claim: ReportedClaim, needed: TrialsNeeded, at_worst: TrialsNeeded, variation: RunVariation
) -> Iterator[str]:
    """From how many rollouts and runs an arm the claim would stand: at the rates taken, then at the worst."""
    missing = [side for side in sides if side.record.n is None]
    alone = claim.region is ClaimedRegion.REACHES_ZERO
    subject = sides[1].record.value if alone else f"{sides[0].record.value} -> {sides[1].record.value}"
    if sides[1].record.n is None or (missing and not alone):
        subject += " without n"
    if needed.for_power is None:
        yield f"{subject}: {claim.words} would not stand at any number of rollouts: {needed.reason}."
        return
    runs, spread = _runs_clauses(variation)
    yield (
        f"{subject}: would need {about(needed.for_power)} rollouts an arm even if every rollout were independent"
        f"{runs} ({_level(needed.power)} power for {claim.words}{spread})."
    )
    worst = "At the least favourable rates that the prints allow"
    if at_worst.for_power is None:
        yield f"{worst}, it would not stand at any number of rollouts: {at_worst.reason}."
    elif at_worst.for_power > needed.for_power:
        yield f"{worst}, {about(at_worst.for_power)} rollouts an arm."


def _runs_clauses(variation: RunVariation) -> tuple[str, str]:
    """How many runs at the least SD asked about, and what that SD is, with the numbers at the others."""
    if not variation.runs_needed:
        return "", ""
    (sd, runs), *others = variation.runs_needed
    more = "".join(f", {_runs(count)} at {other:g}" for other, count in others)
    return f", and at least {_runs(runs)} runs an arm otherwise", f"; {_runs(runs)} runs at run SD {sd:g}{more}"


def _runs(runs: int | None) -> str:
    return "900,000" if runs is None else f"{runs:,}"


def tipping_sentence(sides: tuple[ReportedSide, ...], claim: ReportedClaim, variation: RunVariation) -> Iterator[str]:
    """The run SD below which the claim stands, beside those that are typical."""
    with_runs = f"With {_runs_stated(sides)}"
    if variation.tipping_sd is not None:
        limit = "" if variation.rollouts_counted else ", even with unlimited rollouts"
        yield (
            f"{with_runs}, the claim of {claim.words} stands only where the run-to-run SD on the logit is below "
            f"{variation.tipping_sd:.2g}{limit}; {TYPICAL}."
        )
    elif variation.reason:
        none = "there is no run-to-run SD below which the claim of"
        yield f"{with_runs}, {none} {claim.words} stands: {variation.reason}."


def _runs_stated(sides: tuple[ReportedSide, ...]) -> str:
    stated = {side.record.runs for side in sides}
    if stated <= {None, 1}:
        return "one run an arm"
    return "the runs stated, one where none is" if None in stated else "the runs stated"


def _percent(rate: float) -> str:
    return f"{_trimmed(100 * rate)} %"


def _bound(rate: float) -> str:
    """A bound to three digits: 2.95 %."""
    return f"{100 * rate:.3g} %"


def _points(rate: float) -> str:
    return _trimmed(100 * rate).replace("-", "−")


def _trimmed(number: float) -> str:
    """Two significant digits below ten, one decimal from there on."""
    if number == 0:
        return "0"
    digits = max(0, 1 - math.floor(math.log10(abs(number)))) if abs(number) < 10 else 1
    return f"{number:.{min(digits, 6)}f}".removesuffix(".0")


def _level(level: float) -> str:
    return f"{100 * level:g} %"
