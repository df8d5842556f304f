"""A verdict with how well its outcomes were measured: flags, sentences, and where it hangs on the measurement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mixablate.claims.asked import Asked
from mixablate.claims.case import Case
from mixablate.claims.deciding import decide
from mixablate.claims.kinds import kind_of
from mixablate.claims.measurement.acting import acting_case, acting_of, acting_words, stopped_acting
from mixablate.claims.measurement.controls import control_words, controls_beside, hangs_on_control
from mixablate.claims.measurement.judge_remarks import judges_of
from mixablate.claims.measurement.measured import ControlMoved, Measured, Measurement
from mixablate.claims.measurement.missing import missing_ends, missing_words
from mixablate.claims.measurement.saturation import saturated
from mixablate.claims.measurement.zeros import zero_words
from mixablate.claims.outcomes import claim_evals
from mixablate.claims.verdict import Flag, Status, Verdict
from mixablate.design import Design
from mixablate.estimate import Effect
from mixablate.study import Scale, Study
from mixablate.tables import OutcomeKind, Tables

__all__ = ["with_measurement"]

DECIDED = (Status.SUPPORTED, Status.CONTRADICTED, Status.EQUIVALENT)


@dataclass(frozen=True, slots=True)
class _Remark:
    """A sentence about the measurement, the flag it raises, and whether the verdict hangs on it."""

    words: str
    flag: Flag | None = None
    hangs: str = ""


def with_measurement(verdict: Verdict, asked: Asked, study: Study, tables: Tables, design: Design) -> Verdict:
    """The verdict with its measurement: bounds of the missing, acting rates, saturation, controls, judges.

    A verdict that hangs on a control that moved, or on a judge that errs differently on the two sides, becomes
    undecided. Everything else is flagged and said, and stays.
    """
    cases, level = asked.cases, study.analysis.level
    outcomes = tuple(
        _measured(case, effect, tables, design) for case, effect in zip(cases, verdict.evidence, strict=True)
    )
    controls = _controls(asked, tables, design, level)
    judged = judges_of(verdict, asked, study, tables, design)
    remarks = [
        *_on_outcomes(asked, outcomes, tables, design, 1.0 - level),
        *_on_controls(verdict, cases, controls, tables),
        *(_Remark(words, Flag.JUDGE_MATTERS if matters else None, hangs) for words, matters, hangs in judged.remarks),
    ]
    flags = dict.fromkeys([*verdict.flags, *(remark.flag for remark in remarks if remark.flag is not None)])
    hangs = next((remark.hangs for remark in remarks if remark.hangs), "")
    status = Status.UNDECIDED if hangs and verdict.status in DECIDED else verdict.status
    reason = ". ".join([verdict.reason, *dict.fromkeys(remark.words for remark in remarks)])
    return replace(
        verdict,
        status=status,
        reason=reason,
        would_settle=verdict.would_settle if status is verdict.status else hangs,
        second_opinions=(*verdict.second_opinions, *judged.opinions),
        flags=tuple(flags),
        measurement=Measurement(outcomes, controls, judged.checked),
    )


def _measured(case: Case, effect: Effect, tables: Tables, design: Design) -> Measured:
    return Measured(
        case.summaries.outcome.name,
        missing_ends(case, effect, design),
        acting_of(case, tables),
        saturated(case),
    )


def _controls(asked: Asked, tables: Tables, design: Design, level: float) -> tuple[ControlMoved, ...]:
    """Of the first case whose contrast has two sides; none for a kind that compares no arms."""
    for case in asked.cases:
        signs = {coefficient > 0.0 for _, coefficient in case.contrast.coefficients}
        if len(signs) == 2:
            return controls_beside(case.contrast, claim_evals(asked.claim, tables), tables, design, level)
    return ()


def _on_outcomes(
    asked: Asked, outcomes: Sequence[Measured], tables: Tables, design: Design, alpha: float
) -> list[_Remark]:
    remarks = []
    for case, found in zip(asked.cases, outcomes, strict=True):
        where = f"{found.outcome}: " if len(outcomes) > 1 else ""
        if found.missing is not None and (missing := missing_words(found.missing, case)):
            remarks.append(_Remark(where + missing))
        if found.acting is not None and stopped_acting(found.acting):
            words = where + acting_words(found.acting) + _said_when_acting(case, asked, tables, design, alpha)
            remarks.append(_Remark(words, Flag.STOPPED_ACTING))
        if zero := zero_words(case, tables, 1.0 - alpha):
            remarks.append(_Remark(zero))
        if found.saturated:
            remarks.append(_Remark(f'"{found.outcome}" is saturated: {found.saturated}', Flag.SATURATED))
    return remarks


def _said_when_acting(case: Case, asked: Asked, tables: Tables, design: Design, alpha: float) -> str:
    """What the primary says, unadjusted, of the rollouts in which the models acted."""
    given = acting_case(case, tables)
    if given is None or asked.refused:
        return ""
    reason, _ = kind_of(case.claim).refusal(given, design)
    if reason:
        return f". Of the rollouts acted in nothing can be said: {reason}"
    found = kind_of(case.claim).standing(given, design)
    says = decide(found.p_support, found.p_contradict, None, alpha, agrees=True)
    return f". Of the rollouts acted in it would be {says}, unadjusted"


def _on_controls(
    verdict: Verdict, cases: Sequence[Case], controls: Sequence[ControlMoved], tables: Tables
) -> list[_Remark]:
    kinds = dict(zip(tables.evals["eval_id"], tables.evals["kind"], strict=True))
    remarks = []
    for control in controls:
        if not control.moved:
            continue
        events = kinds[control.eval_id] == OutcomeKind.EVENTS
        hangs = events and any(
            hangs_on_control(case, effect.estimate, control, supported=verdict.status is Status.SUPPORTED)
            for case, effect in zip(cases, verdict.evidence, strict=True)
        )
        words = control_words(control, len(controls), Scale.RISK_DIFFERENCE if events else Scale.VALUE)
        if hangs and verdict.status in DECIDED:
            words += f". Less the control's change the claim would not be {verdict.status}"
        settles = f'labels by hand on both sides, or a judge that leaves the control "{control.eval_id}" where it was'
        remarks.append(_Remark(words, Flag.JUDGE_MATTERS, settles if hangs else ""))
    return remarks
