"""Every claim judged: primary, second opinion, family, fragility, and what would settle it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from mixablate.claims.adjust import holm
from mixablate.claims.boundary import Standing, refusal, standing
from mixablate.claims.cases import Case, cases_of
from mixablate.claims.deciding import Decision, decide
from mixablate.claims.opinions import deciding_opinion, regression_opinion
from mixablate.claims.sensitivity import fragile_runs, missing_matters
from mixablate.claims.verdict import Flag, SecondOpinion, Status, Verdict
from mixablate.claims.wording import reason_words, settling_words, testable_words, untestable_words
from mixablate.design import Design
from mixablate.estimate import Effect, run_level_effect, treated_rate_effect
from mixablate.study import Claim, ReachesZero, Study
from mixablate.tables import Tables

__all__ = ["judge"]

FEW_RUNS = 5  # on a side; below it intervals hold their level only on the wide side (scorecard S2)


@dataclass(frozen=True, slots=True)
class Asked:
    """A claim with its cases and the primary's answer to each.

    Attributes:
        claim: as declared.
        cases: one per outcome judged.
        refused: why it cannot be tested; empty where it can.
        by_design: whether the design is to blame for that.
        standings: one per case, where not refused.
    """

    claim: Claim
    cases: tuple[Case, ...]
    refused: str
    by_design: bool
    standings: tuple[Standing, ...]

    @property
    def p_support(self) -> float:
        """Every case must support: the largest p (intersection-union)."""
        return max((s.p_support for s in self.standings), default=1.0)

    @property
    def p_contradict(self) -> float:
        """One contradicted case contradicts: the smallest p, times the number of cases (Bonferroni)."""
        smallest = min((s.p_contradict for s in self.standings), default=1.0)
        return min(1.0, smallest * len(self.standings)) if self.standings else 1.0

    @property
    def p_equivalent(self) -> float | None:
        """Every case must be within the margin; None without a margin."""
        found = [s.p_equivalent for s in self.standings]
        return max(p for p in found if p is not None) if found and None not in found else None


def judge(
    study: Study, tables: Tables, design: Design, *, progress: Callable[[str], None] | None = None
) -> tuple[Verdict, ...]:
    """One verdict per declared claim, in declaration order.

    Families are adjusted by Holm on the primary: supporting and contradicting p-values each among themselves. Claims
    that the design cannot test do not count in their family; claims lost through their outcomes count with p = 1.
    Exploratory claims form one family of their own.

    Raises:
        ClaimError: declarations that do not fit the tables.
    """
    asked = [_ask(claim, tables, design) for claim in study.claims]
    support = _adjusted(asked, [a.p_support for a in asked])
    contradict = _adjusted(asked, [a.p_contradict for a in asked])
    verdicts = []
    for one, p_support, p_contradict in zip(asked, support, contradict, strict=True):
        if progress:
            progress(f"claim {one.claim.id}")
        verdicts.append(_verdict(one, p_support, p_contradict, study, design))
    return tuple(verdicts)


def _ask(claim: Claim, tables: Tables, design: Design) -> Asked:
    cases = cases_of(claim, tables, design)
    refusals = [refusal(case, design) for case in cases]
    reason, by_design = next(((why, blame) for why, blame in refusals if why), ("", False))
    if reason:
        return Asked(claim, cases, reason, by_design, ())
    return Asked(claim, cases, "", False, tuple(standing(case, case.summaries, design) for case in cases))


def _adjusted(asked: list[Asked], p_values: list[float]) -> list[float]:
    """Holm within families; NaN for claims that are out of their family."""
    families: dict[str, list[int]] = {}
    for index, one in enumerate(asked):
        if not (one.refused and one.by_design):
            exploratory = one.claim.status == "exploratory"
            families.setdefault("exploratory" if exploratory else f"confirmatory {one.claim.family}", []).append(index)
    adjusted = [math.nan] * len(asked)
    for members in families.values():
        for index, p in zip(members, holm([p_values[i] for i in members]), strict=True):
            adjusted[index] = p
    return adjusted


def _verdict(asked: Asked, p_support: float, p_contradict: float, study: Study, design: Design) -> Verdict:
    level = study.analysis.level
    alpha = 1.0 - level
    effects = tuple(_effect(case, design, level) for case in asked.cases)
    exploratory = (Flag.EXPLORATORY,) if asked.claim.status == "exploratory" else ()
    if asked.refused:
        return _untestable(asked, effects, exploratory)
    leaning = decide(p_support, p_contradict, asked.p_equivalent, alpha, agrees=True)
    supports = leaning is not Status.CONTRADICTED
    deciding, beside = _opinions(asked, study, design, supports=supports)
    agrees = all(opinion.agrees is not False for opinion in deciding)
    status = decide(p_support, p_contradict, asked.p_equivalent, alpha, agrees=agrees)
    decision = Decision(status, leaning, p_support if supports else p_contradict, deciding)
    fragile = (
        fragile_runs(asked.cases, status, design, alpha) if status in (Status.SUPPORTED, Status.CONTRADICTED) else ()
    )
    flags = exploratory + _flags(asked, decision, fragile, effects, design, alpha)
    adjusted = replace(effects[0], p_adjusted=decision.p_adjusted)
    return Verdict(
        claim=asked.claim,
        status=status,
        evidence=(adjusted, *effects[1:]),
        region=asked.cases[0].region.words,
        p_value=asked.p_support if supports else asked.p_contradict,
        p_adjusted=decision.p_adjusted,
        second_opinions=(*deciding, *beside),
        fragility=fragile,
        reason=reason_words(asked.claim, asked.cases, effects, decision, alpha),
        would_settle=settling_words(asked.cases, effects, asked.standings, status, alpha),
        flags=flags,
    )


def _effect(case: Case, design: Design, level: float) -> Effect:
    if isinstance(case.claim, ReachesZero):
        return treated_rate_effect(case.summaries, case.contrast, level=level)
    return run_level_effect(case.summaries, case.contrast, case.claim.scale, design, level=level)


def _untestable(asked: Asked, effects: tuple[Effect, ...], flags: tuple[Flag, ...]) -> Verdict:
    return Verdict(
        claim=asked.claim,
        status=Status.UNTESTABLE,
        evidence=effects,
        region=asked.cases[0].region.words,
        p_value=None,
        p_adjusted=None,
        second_opinions=(),
        fragility=(),
        reason=untestable_words(asked.refused, effects),
        would_settle=testable_words(asked.cases[0], effects[0], by_design=asked.by_design),
        flags=flags,
    )


def _opinions(
    asked: Asked, study: Study, design: Design, *, supports: bool
) -> tuple[tuple[SecondOpinion, ...], tuple[SecondOpinion, ...]]:
    level, draws = study.analysis.level, study.analysis.draws
    deciding, beside = [], []
    cases = asked.cases
    if not supports and len(cases) > 1:
        weakest = min(range(len(cases)), key=lambda i: asked.standings[i].p_contradict)
        cases = (cases[weakest],)
    for case in cases:
        opinion = deciding_opinion(case, design, supports=supports, alpha=1.0 - level, draws=draws, seed=study.seed)
        deciding += [opinion] if opinion else []
        line = regression_opinion(case, design, supports=supports, level=level)
        beside += [line] if line else []
    return tuple(deciding), tuple(beside)


def _flags(
    asked: Asked,
    decision: Decision,
    fragile: tuple[str, ...],
    effects: tuple[Effect, ...],
    design: Design,
    alpha: float,
) -> tuple[Flag, ...]:
    flags = [Flag.FRAGILE] if fragile else []
    sides = [e.n_treated if isinstance(asked.claim, ReachesZero) else min(e.n_treated, e.n_reference) for e in effects]
    if min(sides) < FEW_RUNS or any(opinion.abstains for opinion in decision.opinions):
        flags.append(Flag.FEW_RUNS)
    if missing_matters(asked.cases, design, alpha):
        flags.append(Flag.MISSING_MATTERS)
    return tuple(flags)
