"""Every claim judged: primary, second opinion, family, fragility, and what would settle it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from mixablate.claims.asked import Asked
from mixablate.claims.case import Case
from mixablate.claims.contrast_opinions import regression_opinion
from mixablate.claims.deciding import Decision, decide
from mixablate.claims.families import adjusted_p_values
from mixablate.claims.kinds import Question, cases_of_claims, kind_of
from mixablate.claims.measurement.measuring import with_measurement
from mixablate.claims.measurement.reused_seeds import beside_named
from mixablate.claims.other_tables import other_tables
from mixablate.claims.robustness import with_robustness
from mixablate.claims.selecting import effects_of, with_selection
from mixablate.claims.selection import selection_words
from mixablate.claims.sensitivity import missing_matters, tipping_words
from mixablate.claims.specification import Inclusion
from mixablate.claims.specification_curve import Fits
from mixablate.claims.verdict import Flag, SecondOpinion, Status, Verdict
from mixablate.claims.wording import reason_words, settling_words, testable_words, untestable_words
from mixablate.design import Design, design_of
from mixablate.estimate import Effect, OutcomeModels, fit_outcome
from mixablate.study import Claim, Study
from mixablate.tables import Tables, counted_once_words

__all__ = ["judge"]

FEW_RUNS = 5  # on a side; below it intervals hold their level only on the wide side (scorecard S2)


def judge(
    study: Study,
    tables: Tables,
    design: Design,
    *,
    models: OutcomeModels | None = None,
    cases: Mapping[str, tuple[Case, ...]] | None = None,
    progress: Callable[[str], None] | None = None,
) -> tuple[Verdict, ...]:
    """One verdict per declared claim, in declaration order.

    Families are adjusted on the primary: supporting and contradicting p-values each among themselves. `models` are
    the third lines fitted already; what claims ask beyond them is fitted here, once an outcome. `cases` are those of
    `cases_of_claims`, where they were made already. Where the tables count runs of one arm and seed once, a verdict
    that would be another if each counted says so.

    Raises:
        ClaimError: declarations that do not fit the tables.
    """
    put = _put(study, tables, design, models or {}, cases)
    others = other_tables(study, tables)
    fits: Fits = {("", Inclusion.DECLARED, evals): model for evals, model in put.lines.items()}
    verdicts = []
    for place, asked in enumerate(put.asked):
        if progress:
            progress(f"claim {asked.claim.id}")
        found = put.verdict(place)
        verdicts.append(with_robustness(found, asked, study.analysis.level, tables, design, others, fits))
    if tables.named is None:
        return tuple(verdicts)
    every = _put(study, tables.named, design_of(study, tables.named), {}, None)
    named = [every.verdict(place).status for place in range(len(every.asked))]
    return beside_named(verdicts, named, counted_once_words(study, tables))


@dataclass(frozen=True, slots=True)
class _Put:
    """All claims put to tables: p-values adjusted within their families, and the third lines."""

    study: Study
    tables: Tables
    design: Design
    asked: tuple[Asked, ...]
    support: Sequence[float]
    contradict: Sequence[float]
    lines: OutcomeModels

    def verdict(self, place: int) -> Verdict:
        """Of the claim at this place, with its measurement and without its robustness."""
        asked = self.asked[place]
        found = _verdict(asked, self.support[place], self.contradict[place], self.study, self.design, self.lines)
        return with_measurement(found, asked, self.study, self.tables, self.design)


def _put(
    study: Study, tables: Tables, design: Design, models: OutcomeModels, cases: Mapping[str, tuple[Case, ...]] | None
) -> _Put:
    if cases is None:
        cases = cases_of_claims(study.claims, tables, design)
    asked = tuple(_ask(claim, cases[claim.id], study, tables, design) for claim in study.claims)
    support = adjusted_p_values(asked, study, design, supports=True)
    contradict = adjusted_p_values(asked, study, design, supports=False)
    return _Put(study, tables, design, asked, support, contradict, _lines(asked, design, models))


def _ask(claim: Claim, cases: tuple[Case, ...], study: Study, tables: Tables, design: Design) -> Asked:
    kind = kind_of(claim)
    for index, case in enumerate(cases):
        reason, by_design = kind.refusal(case, design)
        if reason:
            return with_selection(Asked(claim, cases, reason, by_design, (), index), study, tables, design)
    standings = tuple(kind.standing(case, design) for case in cases)
    return with_selection(Asked(claim, cases, "", False, standings), study, tables, design)


def _lines(asked: Sequence[Asked], design: Design, known: OutcomeModels) -> OutcomeModels:
    """The third line of every outcome on which it has a say."""
    cases = (
        case for one in asked if not one.refused for case in one.cases if kind_of(one.claim).beside(case) is not None
    )
    needed = {case.summaries.outcome.evals: case.summaries for case in cases}
    return {e: known[e] if e in known else fit_outcome(summaries, design) for e, summaries in needed.items()}


def _verdict(
    asked: Asked, p_support: float, p_contradict: float, study: Study, design: Design, lines: OutcomeModels
) -> Verdict:
    level = study.analysis.level
    alpha = 1.0 - level
    effects = effects_of(asked, design, level)
    exploratory = (Flag.EXPLORATORY,) if asked.claim.status == "exploratory" else ()
    if asked.refused:
        return _untestable(asked, effects, exploratory)
    leaning = decide(p_support, p_contradict, asked.p_equivalent, alpha, agrees=True)
    supports = leaning is not Status.CONTRADICTED
    deciding, beside = _opinions(asked, study, design, lines, supports=supports)
    agrees = all(opinion.agrees is not False for opinion in deciding)
    status = decide(p_support, p_contradict, asked.p_equivalent, alpha, agrees=agrees)
    decision = Decision(status, leaning, p_support if supports else p_contradict, deciding)
    flags = exploratory + _flags(asked, decision, effects, design, alpha)
    tipping = tipping_words(asked.cases, design, alpha) if Flag.MISSING_MATTERS in flags else ""
    chosen = selection_words(asked.cases, asked.selected)
    said = (reason_words(asked, effects, decision, alpha), chosen, tipping, _beside(asked))
    adjusted = replace(effects[0], p_adjusted=decision.p_adjusted)
    return Verdict(
        claim=asked.claim,
        status=status,
        evidence=(adjusted, *effects[1:]),
        region=asked.region,
        p_value=asked.p_support if supports else asked.p_contradict,
        p_adjusted=decision.p_adjusted,
        second_opinions=(*deciding, *beside),
        fragility=(),
        reason=". ".join(filter(None, said)),
        would_settle=settling_words(asked, effects, status, alpha),
        flags=flags,
    )


def _untestable(asked: Asked, effects: tuple[Effect, ...], flags: tuple[Flag, ...]) -> Verdict:
    return Verdict(
        claim=asked.claim,
        status=Status.UNTESTABLE,
        evidence=effects,
        region=asked.region,
        p_value=None,
        p_adjusted=None,
        second_opinions=(),
        fragility=(),
        reason=". ".join(filter(None, (untestable_words(asked.refused, effects), _beside(asked)))),
        would_settle=testable_words(asked.cases[asked.at_fault], effects[asked.at_fault], by_design=asked.by_design),
        flags=flags,
    )


def _beside(asked: Asked) -> str:
    """What else differs between the two sides, said once over the claim's outcomes."""
    return ". ".join(dict.fromkeys(words for case in asked.cases for words in case.beside))


def _opinions(
    asked: Asked, study: Study, design: Design, lines: OutcomeModels, *, supports: bool
) -> tuple[tuple[SecondOpinion, ...], tuple[SecondOpinion, ...]]:
    level, draws = study.analysis.level, study.analysis.draws
    deciding, beside = [], []
    cases = asked.cases
    if not supports and len(cases) > 1:
        weakest = min(range(len(cases)), key=lambda i: asked.standings[i].p_contradict)
        cases = (cases[weakest],)
    kind, question = kind_of(asked.claim), Question(supports, 1.0 - level, draws, study.seed)
    for case in cases:
        opinion = kind.opinion(case, design, question)
        deciding += [opinion] if opinion else []
        scale = kind.beside(case)
        if scale is not None:
            beside.append(regression_opinion(case, scale, design, lines, supports=supports, level=level))
    return tuple(deciding), tuple(beside)


def _flags(
    asked: Asked,
    decision: Decision,
    effects: tuple[Effect, ...],
    design: Design,
    alpha: float,
) -> tuple[Flag, ...]:
    flags = []
    kind = kind_of(asked.claim)
    sides = [kind.fewest(case, effect) for case, effect in zip(asked.cases, effects, strict=True)]
    if min(sides) < FEW_RUNS or any(opinion.abstains for opinion in decision.opinions):
        flags.append(Flag.FEW_RUNS)
    if missing_matters(asked.cases, design, alpha):
        flags.append(Flag.MISSING_MATTERS)
    return tuple(flags)
