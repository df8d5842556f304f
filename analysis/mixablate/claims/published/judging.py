"""Every claim on published figures judged: report by report, in families, with what would settle it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mixablate.claims.adjust import hochberg, holm
from mixablate.claims.deciding import Decision, decide
from mixablate.claims.published.only_stated import stated_words
from mixablate.claims.published.per_amount import read_per_amount
from mixablate.claims.published.reading import Reading
from mixablate.claims.published.regions import published_region
from mixablate.claims.published.reports import Reports, reports_of
from mixablate.claims.published.two_rates import read_rates
from mixablate.claims.published.wording import conflict_words, decided_words, joined, refused_words
from mixablate.claims.verdict import Flag, Status, Verdict
from mixablate.study import (
    PublishedClaim,
    PublishedEfficient,
    PublishedReachesZero,
    PublishedStated,
    PublishedStronger,
    Study,
)

__all__ = ["judge_published"]

FEW_RUNS = 5  # on a side, as for claims on tables


@dataclass(frozen=True, slots=True)
class _Asked:
    """A claim with every report of its figures and what each comparison says."""

    claim: PublishedClaim
    figures: tuple[Reports, ...]
    readings: tuple[Reading, ...]

    @property
    def conflicting(self) -> bool:
        return any(not figure.agree for figure in self.figures)

    @property
    def places(self) -> tuple[tuple[Reading, ...], ...]:
        """The readings of each figure that the claim is about."""
        places = dict.fromkeys(reading.place for reading in self.readings)
        return tuple(tuple(r for r in self.readings if r.place == place) for place in places)

    @property
    def untestable(self) -> Reading | None:
        """The first comparison of a figure that no report of it can decide."""
        return next((place[0] for place in self.places if all(r.refused for r in place)), None)

    @property
    def counted(self) -> tuple[tuple[Reading, ...], ...]:
        """The readings that decide: of reports that agree, those with all that it takes; of others, every one."""
        return tuple(
            place if self.conflicting else tuple(r for r in place if not r.refused) or place for place in self.places
        )

    @property
    def p_support(self) -> float:
        """Every figure by every report: the largest p."""
        return max((r.p_support for place in self.counted for r in place), default=1.0)

    @property
    def p_contradict(self) -> float:
        """One figure by every report of it: the smallest p of a figure, times their number (Bonferroni)."""
        worst = [max(r.p_contradict for r in place) for place in self.counted]
        return min(1.0, min(worst, default=1.0) * len(worst))


def judge_published(study: Study) -> tuple[Verdict, ...]:
    """One verdict per claim on published figures, in declaration order.

    A claim that names a record is held to every report of that figure. Testable claims are adjusted within their
    families, apart from claims on tables, and compared with alpha/2 like these.
    """
    asked = [_ask(claim, study) for claim in study.published_claims]
    support = _adjusted(asked, study, [one.p_support for one in asked])
    contradict = _adjusted(asked, study, [one.p_contradict for one in asked])
    alpha = 1.0 - study.analysis.level
    return tuple(
        _untestable(one, study) if _no_test(one) else _decided(one, p, q, alpha)
        for one, p, q in zip(asked, support, contradict, strict=True)
    )


def _ask(claim: PublishedClaim, study: Study) -> _Asked:
    records, level = study.reported, study.analysis.level
    if isinstance(claim, PublishedStated):
        return _Asked(claim, tuple(reports_of(name, records) for name in claim.rests_on), ())
    if isinstance(claim, PublishedEfficient):
        figures = tuple(reports_of(name, records) for name in (claim.reference, claim.than, claim.treated))
        amounts = tuple(reports_of(name, records) for name in (claim.treated_amount, claim.than_amount))
        readings = tuple(
            read_per_amount(claim, (start, than, treated), (own, other), level)
            for start in figures[0].distinct
            for than in figures[1].distinct
            for treated in figures[2].distinct
            for own in amounts[0].distinct
            for other in amounts[1].distinct
        )
        return _Asked(claim, (*figures, *amounts), readings)
    treated = tuple(reports_of(name, records) for name in claim.treated_ids)
    if isinstance(claim, PublishedReachesZero):
        zeros = (read_rates(claim, None, r, place, level, None) for place, t in enumerate(treated) for r in t.distinct)
        return _Asked(claim, treated, tuple(zeros))
    stronger = isinstance(claim, PublishedStronger)
    reference = reports_of(claim.than if isinstance(claim, PublishedStronger) else claim.reference, records)
    start = reports_of(claim.reference, records).named if stronger else None
    readings = tuple(
        read_rates(claim, one, other, place, level, start)
        for place, figure in enumerate(treated)
        for one in reference.distinct
        for other in figure.distinct
    )
    return _Asked(claim, (reference, *treated), readings)


def _no_test(one: _Asked) -> bool:
    return not one.readings or one.untestable is not None


def _adjusted(asked: Sequence[_Asked], study: Study, p_values: Sequence[float]) -> list[float]:
    """Within families, of the claims that can be tested; max-T needs runs, so that Holm's rule stands for it."""
    rule = hochberg if study.analysis.adjust == "hochberg" else holm
    families: dict[str, list[int]] = {}
    for index, one in enumerate(asked):
        if not _no_test(one):
            exploratory = one.claim.status == "exploratory"
            families.setdefault("exploratory" if exploratory else f"confirmatory {one.claim.family}", []).append(index)
    adjusted = list(p_values)
    for members in families.values():
        for index, p in zip(members, rule([p_values[i] for i in members]), strict=True):
            adjusted[index] = p
    return adjusted


def _flags(one: _Asked) -> tuple[Flag, ...]:
    flags = [Flag.EXPLORATORY] if one.claim.status == "exploratory" else []
    flags.append(Flag.REPORTED)
    if one.conflicting:
        flags.append(Flag.CONFLICTING_REPORTS)
    return tuple(flags)


def _untestable(one: _Asked, study: Study) -> Verdict:
    claim, region = one.claim, published_region(one.claim)
    if isinstance(claim, PublishedStated):
        reason, settles = joined((), lead=[stated_words(claim, study.reported)]), claim.needs
    else:
        reason = joined(one.readings, lead=refused_words(one.readings), conflicts=conflict_words(one.figures))
        settles = _hardest([r for r in one.readings if r.refused]).settles
    return Verdict(
        claim=claim,
        status=Status.UNTESTABLE,
        evidence=tuple(reading.effect for reading in one.readings),
        region=region.words if region is not None else "as stated",
        p_value=None,
        p_adjusted=None,
        second_opinions=(),
        fragility=(),
        reason=reason,
        would_settle=settles,
        flags=_flags(one),
    )


def _hardest(readings: Sequence[Reading]) -> Reading:
    """The comparison that would need the most rollouts of those that some number would decide; else the first."""
    return max(readings, key=lambda reading: reading.rollouts or 0)


def _settles(one: _Asked, counted: Sequence[Reading]) -> str:
    """Of reports that conflict, which is right comes before any number of rollouts."""
    hardest = _hardest([reading for reading in counted if reading.refused] or counted).settles
    return f"which of the conflicting reports is right; then {hardest}" if one.conflicting else hardest


def _decided(one: _Asked, p_support: float, p_contradict: float, alpha: float) -> Verdict:
    status = decide(p_support, p_contradict, None, alpha, agrees=True)
    supports = status is not Status.CONTRADICTED
    decision = Decision(status, status, p_support if supports else p_contradict, ())
    region = published_region(one.claim)
    words = region.words if region is not None else ""
    counted = [reading for place in one.counted for reading in place]
    first, *others = (reading.effect for reading in one.readings)
    few = any(0 < runs < FEW_RUNS for r in counted for runs in (r.effect.n_treated, r.effect.n_reference))
    of_mix = getattr(one.claim, "about", "mix") == "mix"
    flags = (*_flags(one), Flag.FEW_RUNS) if few and of_mix else _flags(one)
    lead = [decided_words(decision, words, alpha), *refused_words(counted)]
    return Verdict(
        claim=one.claim,
        status=status,
        evidence=(replace(first, p_adjusted=decision.p_adjusted), *others),
        region=words,
        p_value=one.p_support if supports else one.p_contradict,
        p_adjusted=decision.p_adjusted,
        second_opinions=(),
        fragility=(),
        reason=joined(
            counted, lead=lead, conflicts=conflict_words(one.figures), decided=status is not Status.UNDECIDED
        ),
        would_settle=_settles(one, counted) if status is Status.UNDECIDED else "",
        flags=flags,
    )
