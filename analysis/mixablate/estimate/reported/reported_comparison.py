"""Two reported rates and a claim about them: what they show, and what it would take for the claim to stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import pandas as pd

from mixablate.estimate.counts.checks import check_level
from mixablate.estimate.reported.comparability import not_comparable
from mixablate.estimate.reported.quotable import sentences_of
from mixablate.estimate.reported.reported_claim import ClaimedRegion, ReportedClaim
from mixablate.estimate.reported.reported_contrast import ReportedContrast, rate_bounds, reported_contrasts
from mixablate.estimate.reported.reported_side import ReportedSide, Role, reported_side
from mixablate.estimate.reported.rounding import ABOUT_UNITS
from mixablate.estimate.reported.run_variation import TYPICAL_RUN_SDS, RunVariation, logit_side, run_variation
from mixablate.estimate.reported.trials_needed import TrialsNeeded, trials_needed
from mixablate.study import Reported

__all__ = [
    "ReportedComparison",
    "claim_stands",
    "comparisons_frame",
    "reported_comparison",
    "reported_zero",
    "side_by_side",
]

ANY_DROP = ReportedClaim()


@dataclass(frozen=True, slots=True)
class ReportedComparison:
    """What two reported figures say of a claim; a reason and no numbers where they must not be compared.

    Attributes:
        reference, treated: the records, as declared.
        claim: about them.
        level, power: of every number below.
        refused: why the records are not compared; empty where they are.
        sides: what each print allows; None where refused.
        contrasts: difference, ratio and log odds ratio; empty where n is not stated on both sides, and for a claim
            about the treated rate alone.
        stands_if_independent: whether the claim holds (True), or fails (False), for every count that rounding allows,
            were every rollout independent and all runs alike; None where that cannot be told.
        trials_needed: rollouts an arm at the rates taken.
        trials_needed_at_worst: the same at the least favourable rates that rounding allows.
        variation: the tipping run SD, and the runs an arm that the claim needs.
        sentences: what a reviewer can quote.
    """

    reference: Reported
    treated: Reported
    claim: ReportedClaim
    level: float
    power: float
    refused: str
    sides: tuple[ReportedSide, ReportedSide] | None
    contrasts: tuple[ReportedContrast, ...]
    stands_if_independent: bool | None
    trials_needed: TrialsNeeded | None
    trials_needed_at_worst: TrialsNeeded | None
    variation: RunVariation | None
    sentences: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row: the records, the claim, and every number of the comparison."""
        return pd.DataFrame([_row(self)])

    def contrasts_frame(self) -> pd.DataFrame:
        """One row per scale."""
        names = list(ReportedContrast.__slots__)
        return pd.DataFrame([{n: getattr(c, n) for n in names} for c in self.contrasts], columns=names)


def reported_comparison(
    reference: Reported,
    treated: Reported,
    claim: ReportedClaim = ANY_DROP,
    *,
    level: float = 0.95,
    power: float = 0.8,
    run_sds: Sequence[float] = TYPICAL_RUN_SDS,
    about_units: Fraction = ABOUT_UNITS,
) -> ReportedComparison:
    """What two reported rates show of a claim, were every rollout independent, and what it would need otherwise.

    Not a verdict: figures without runs cannot give one. Records of different quantities, evals or base models, or of
    one arm, are refused with the reason, whatever their numbers.

    Args:
        reference: the figure without the change.
        treated: the figure with it.
        claim: about rates of something unwanted; any drop unless given.
        level: confidence level, between 0 and 1; two-sided, but one-sided for equivalence and zero.
        power: wanted of rollouts and runs needed.
        run_sds: run-to-run SDs on the logit for which runs are counted.
        about_units: how far a figure with "~" may be off, in units of its last digit.

    Raises:
        ValueError: an option outside its range.
    """
    refused = not_comparable(reference, treated)
    if refused:
        check_level(level)
        said = (f"{reference.value} and {treated.value} are not compared: {refused}.",)
        return ReportedComparison(
            reference, treated, claim, level, power, refused, None, (), None, None, None, None, said
        )
    return _compared(reference, treated, claim, level, power, run_sds, about_units)


def reported_zero(
    record: Reported,
    bound: float,
    *,
    level: float = 0.95,
    power: float = 0.8,
    run_sds: Sequence[float] = TYPICAL_RUN_SDS,
    about_units: Fraction = ABOUT_UNITS,
) -> ReportedComparison:
    """What one reported rate shows of the claim that it is at most `bound`; its own reference, which is not used.

    Args:
        record: of a rate of something unwanted.
        bound: the highest rate that still counts as zero, above 0 and below 1.
        level: of the one-sided bound.
        power: wanted of rollouts and runs needed.
        run_sds: run-to-run SDs on the logit for which runs are counted.
        about_units: how far a figure with "~" may be off, in units of its last digit.

    Raises:
        ValueError: an option outside its range, or a record that is not of a rate.

    >>> zero = Reported(id="haiku", quantity="honeypots", value="0", n=100)
    >>> reported_zero(zero, 0.03).sentences[0]
    'haiku: 0 with n = 100 is 0 of 100: at most 2.95 % (one-sided 95 % bound; the two-sided interval reaches 3.6 %).'
    """
    claim = ReportedClaim(ClaimedRegion.REACHES_ZERO, bound)
    return _compared(record, record, claim, level, power, run_sds, about_units)


def side_by_side(
    records: Iterable[Reported], quantity: str, reference_arm: str, treated_arm: str, claim: ReportedClaim = ANY_DROP
) -> tuple[ReportedComparison, ...]:
    """Every report of one arm against every report of another, each judged by itself; none is averaged.

    Args:
        records: of a study.
        quantity: the one whose records are compared.
        reference_arm: arm without the change.
        treated_arm: arm with it.
        claim: about every pair.

    Raises:
        ValueError: no record of that quantity has one of the arms.
    """
    found = [record for record in records if record.quantity == quantity]
    by_arm = {arm: [r for r in found if r.arm == arm] for arm in (reference_arm, treated_arm)}
    for arm, reports in by_arm.items():
        if not reports:
            raise ValueError(f'no record of the quantity "{quantity}" has the arm "{arm}"')
    return tuple(
        reported_comparison(one, other, claim) for one in by_arm[reference_arm] for other in by_arm[treated_arm]
    )


def comparisons_frame(comparisons: Iterable[ReportedComparison]) -> pd.DataFrame:
    """One row per comparison, in the order given."""
    return pd.DataFrame([_row(comparison) for comparison in comparisons])


def _compared(
    reference: Reported,
    treated: Reported,
    claim: ReportedClaim,
    level: float,
    power: float,
    run_sds: Sequence[float],
    about_units: Fraction,
) -> ReportedComparison:
    sides = (
        reported_side(reference, Role.REFERENCE, level=level, about_units=about_units),
        reported_side(treated, Role.TREATED, level=level, about_units=about_units),
    )
    contrasts = () if claim.region is ClaimedRegion.REACHES_ZERO else _contrasts(sides, level)
    stands = claim_stands(sides, claim, level)
    taken, worst = _taken(sides, claim), _worst(sides, claim)
    at_rates = trials_needed(*taken, claim, level=level, power=power)
    at_worst = trials_needed(*worst, claim, level=level, power=power)
    logits = [logit_side(rate, side.trials, side.record.runs) for rate, side in zip(taken, sides, strict=True)]
    variation = run_variation(logits[0], logits[1], claim, level=level, power=power, run_sds=run_sds)
    sentences = sentences_of(sides, claim, contrasts, stands, at_rates, at_worst, variation, level)
    return ReportedComparison(
        reference, treated, claim, level, power, "", sides, contrasts, stands, at_rates, at_worst, variation, sentences
    )


def _contrasts(sides: tuple[ReportedSide, ReportedSide], level: float) -> tuple[ReportedContrast, ...]:
    reference, treated = sides[0].counts, sides[1].counts
    return () if reference is None or treated is None else reported_contrasts(reference, treated, level)


def _taken(sides: tuple[ReportedSide, ReportedSide], claim: ReportedClaim) -> tuple[float, float]:
    """The rates that calculations take: those printed, or of a bound or range the least favourable."""
    if claim.region is ClaimedRegion.EQUIVALENT and not all(side.record.figure.is_point for side in sides):
        return _worst(sides, claim)
    return sides[0].taken, sides[1].taken


def _worst(sides: tuple[ReportedSide, ReportedSide], claim: ReportedClaim) -> tuple[float, float]:
    """The possible rates that favour the claim least: of equivalence, the two furthest apart."""
    if claim.region is not ClaimedRegion.EQUIVALENT:
        return sides[0].unfavourable, sides[1].unfavourable
    (low_0, high_0), (low_1, high_1) = sides[0].ends, sides[1].ends
    return max((low_0, high_1), (high_0, low_1), key=lambda rates: abs(rates[0] - rates[1]))


def claim_stands(sides: tuple[ReportedSide, ReportedSide], claim: ReportedClaim, level: float) -> bool | None:
    """Whether the claim holds (or fails) for every count that rounding allows; None where that is open.

    Of the models evaluated, were every rollout independent.
    """
    if claim.region is ClaimedRegion.REACHES_ZERO:
        counts = sides[1].counts
        bounds = None if counts is None else rate_bounds(counts, level)
        if bounds is None:
            return None
        return True if bounds.at_most <= claim.amount else False if bounds.lower > claim.amount else None
    two_sided = 2 * level - 1 if claim.region is ClaimedRegion.EQUIVALENT else level
    contrasts = _contrasts(sides, two_sided)
    if not contrasts or not (sides[0].bounds and sides[1].bounds):
        return None
    difference, ratio, _ = contrasts
    match claim.region:
        case ClaimedRegion.AT_LEAST_RATIO:
            inside, outside = ratio.upper <= 1 / claim.amount, ratio.lower > 1 / claim.amount
        case ClaimedRegion.EQUIVALENT:
            inside = -claim.amount < difference.lower and difference.upper < claim.amount
            outside = difference.lower > claim.amount or difference.upper < -claim.amount
        case _:
            inside, outside = difference.upper < -claim.amount, difference.lower > -claim.amount
    return True if inside else False if outside else None


def _row(found: ReportedComparison) -> dict[str, object]:
    needed, worst, variation = found.trials_needed, found.trials_needed_at_worst, found.variation
    row: dict[str, object] = {
        "reference": found.reference.id,
        "treated": found.treated.id,
        "quantity": found.reference.quantity if found.reference.quantity == found.treated.quantity else "",
        "reference_value": found.reference.value,
        "treated_value": found.treated.value,
        "reference_n": found.reference.n,
        "treated_n": found.treated.n,
        "claim": found.claim.words,
        "level": found.level,
        "power": found.power,
        "refused": found.refused,
        "stands_if_independent": found.stands_if_independent,
        "trials_interval_excludes": needed.interval_excludes if needed else None,
        "trials_for_power": needed.for_power if needed else None,
        "trials_for_power_at_worst": worst.for_power if worst else None,
        "tipping_sd": variation.tipping_sd if variation else None,
    }
    for sd, runs in variation.runs_needed if variation else ():
        row[f"runs_at_sd_{sd:g}"] = runs
    reasons = [part.reason for part in (needed, variation) if part is not None and part.reason]
    return row | {"reason": "; ".join(dict.fromkeys(reasons)), "sentences": " ".join(found.sentences)}
