"""The sentences of a verdict on published figures."""

from __future__ import annotations

from collections.abc import Sequence

from mixablate.claims.deciding import Decision
from mixablate.claims.numbers_in_words import change, p_words, span, unit_of_span
from mixablate.claims.published.reading import Reading
from mixablate.claims.published.reports import Reports
from mixablate.claims.verdict import Status
from mixablate.estimate import FEWEST_RUNS
from mixablate.estimate.reported import (
    INDEPENDENT,
    TYPICAL_RUN_SDS,
    ClaimedRegion,
    OverRuns,
    ReportedComparison,
    RunVariation,
    about,
    contrast_sentence,
    needed_sentences,
    print_sentences,
)
from mixablate.study import PublishedClaim, PublishedReachesZero

__all__ = [
    "conflict_words",
    "decided_words",
    "joined",
    "models_sentences",
    "needed_words",
    "over_runs_words",
    "refused_words",
]

OVER_RUNS, NEEDS = "With ", ": would need "
IN_ONE_SENTENCE = ("At the least favourable", OVER_RUNS, "Difference ")
NO_RUNS = RunVariation(None, (), False)
"""Of a claim about the very models evaluated, whose other runs it says nothing of."""


def models_sentences(compared: ReportedComparison) -> tuple[str, ...]:
    """What the prints show of these very models, and the rollouts that the claim would need; nothing about runs."""
    sides, needed, worst = compared.sides, compared.trials_needed, compared.trials_needed_at_worst
    if sides is None or needed is None or worst is None:
        return compared.sentences
    alone = compared.claim.region is ClaimedRegion.REACHES_ZERO
    return (
        *(said for side in (sides[1:] if alone else sides) for said in print_sentences(side, compared.level)),
        *contrast_sentence(compared.contrasts, compared.claim, compared.stands_if_independent, compared.level),
        *needed_sentences(sides, compared.claim, needed, worst, NO_RUNS),
    )


def needed_words(compared: ReportedComparison, *, runs: bool) -> str:
    """What would decide the claim: rollouts an arm, and for a claim about a mix the runs an arm."""
    needed, variation = compared.trials_needed, compared.variation
    if needed is None or variation is None:
        return ""
    one = compared.claim.region is ClaimedRegion.REACHES_ZERO
    arm = "" if one else " an arm"
    if needed.for_power is None:
        numbers = "its n and training runs" if runs else "its n"
        return f"a print whose least favourable value lies inside the claimed region, with {numbers}"
    rollouts = f"{about(needed.for_power)} rollouts{arm}"
    if not runs:
        return f"{rollouts}, their number printed"
    found = [(sd, count) for sd, count in variation.runs_needed if count is not None]
    if not found:
        printed = "both numbers and the spread of the runs printed"
        return f"{rollouts} even if every one were independent, and {FEWEST_RUNS} training runs{arm} or more, {printed}"
    (sd, count), (most_sd, most) = found[0], found[-1]
    spread = f"{count} training runs{arm} at a run-to-run SD of {sd:g} on the logit"
    spread += f", {most} at {most_sd:g}" if most_sd != sd else ""
    return f"{rollouts} even if every one were independent, and {spread}; with n, runs and their spread printed"


def over_runs_words(claim: PublishedClaim, found: OverRuns, level: float) -> tuple[str, ...]:
    """The interval over runs, where their spread is printed."""
    if found.reason:
        return ()
    what = "Rate" if isinstance(claim, PublishedReachesZero) else "Treated against reference"
    told = span(found.lower, found.upper, claim.scale) + unit_of_span(claim.scale)
    return (f"{what}: {level:.0%} interval over runs {told}, from their printed spread.",)


def conflict_words(figures: Sequence[Reports]) -> str:
    """The reports that cannot be prints of one value, side by side; empty where there are none."""
    said = []
    for figure in figures:
        if not figure.agree:
            prints = "; ".join(
                f'"{record.value}"' + (f" ({record.source})" if record.source else "") for record in figure.distinct
            )
            said.append(f"{figure.named.name} is reported as {prints}: each is judged, none averaged")
    return ". ".join(said)


def decided_words(decision: Decision, region: str, alpha: float) -> str:
    """The sentence of a claim that its figures can speak to."""
    threshold = f"{region}; adjusted one-sided {p_words(decision.p_adjusted)}, needed {alpha / 2:g}"
    match decision.status:
        case Status.SUPPORTED:
            return f"It lies inside the claimed region ({threshold})"
        case Status.CONTRADICTED:
            return f"It lies outside the claimed region ({threshold})"
        case _:
            return f"The figures do not settle whether it lies in the claimed region ({threshold})"


def joined(readings: Sequence[Reading], *, lead: Sequence[str], conflicts: str = "", decided: bool = False) -> str:
    """The reason: its lead, what the comparisons show, which reports conflict, what it would need; each sentence once.

    A claim that was decided needs nothing more.
    """
    if len(readings) > 1:
        said = [*_tipping_words(readings), *_between_models(readings), conflicts, *_of_each(readings)]
    else:
        told = [said for reading in readings for said in reading.sentences]
        said = [conflicts, *sorted(told, key=lambda said: not said.startswith(OVER_RUNS))]
    kept = [sentence for sentence in said if sentence and not (decided and NEEDS in sentence)]
    sentences = [*filter(None, lead), *_together(kept)]
    return " ".join(dict.fromkeys(f"{said[:1].upper()}{said[1:].rstrip('.')}." for said in sentences))


def _of_each(readings: Sequence[Reading]) -> list[str]:
    """What each of several prints stands for, then the needs of the hardest comparison: those of the others are less.

    What the least favourable rates would need stands in the table.
    """
    most = max(reading.rollouts or 0 for reading in readings)
    kept = [
        said
        for reading in readings
        for said in reading.sentences
        if not said.startswith(IN_ONE_SENTENCE) and (NEEDS not in said or reading.rollouts == most)
    ]
    return sorted(kept, key=lambda said: NEEDS in said)


def _between_models(readings: Sequence[Reading]) -> list[str]:
    """The differences, or ratios, of these very models with their intervals, where n is stated."""
    found = []
    for reading in readings:
        effect = reading.effect
        if effect.estimate is None or effect.reference is None or None in (effect.within_lower, effect.within_upper):
            continue
        between = span(effect.within_lower or 0.0, effect.within_upper or 0.0, effect.scale)
        found.append(f"{reading.subject}: {change(effect.estimate, effect.scale)} ({between})")
    if not found:
        return []
    level = f"{100 * readings[0].effect.level:g} %"
    return [
        f"Between these models only, with {level} intervals over the worst case of rounding, {INDEPENDENT}: "
        f"{'; '.join(found)}."
    ]


def _together(sentences: Sequence[str]) -> list[str]:
    """The sentences, those that say one thing of several arms as one: "A, B: the same"."""
    subjects: dict[str, list[str]] = {}
    for said in sentences:
        head, colon, tail = said.partition(": ")
        subjects.setdefault(tail if colon else said, []).append(head if colon else "")
    return [f"{', '.join(dict.fromkeys(heads))}: {tail}" if any(heads) else tail for tail, heads in subjects.items()]


def refused_words(readings: Sequence[Reading]) -> tuple[str, ...]:
    """Why comparisons cannot decide, those with one reason in one sentence."""
    by_reason: dict[str, list[str]] = {}
    for reading in readings:
        if reading.refused:
            by_reason.setdefault(reading.refused, []).append(reading.subject)
    return tuple(
        f"{'; '.join(dict.fromkeys(filter(None, subjects)))}: {reason}" if any(subjects) else reason
        for reason, subjects in by_reason.items()
    )


def _tipping_words(readings: Sequence[Reading]) -> list[str]:
    found = [(r.subject, r.effect.tipping_sd) for r in readings if r.effect.tipping_sd is not None]
    if not found:
        return []
    said = "; ".join(f"{subject}: {sd:.2g}" for subject, sd in found)
    low, high = TYPICAL_RUN_SDS[0], TYPICAL_RUN_SDS[-1]
    return [f"Run-to-run SD on the logit below which the claim stands: {said}; {low:g} to {high:g} are typical."]
