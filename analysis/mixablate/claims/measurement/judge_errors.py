"""A claim with its judge's errors taken out, as people's labels show them, and whether they differ by side."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.optimize import brentq

from mixablate.claims.case import Case
from mixablate.claims.contrast_evidence import contrast_standing
from mixablate.claims.deciding import decide
from mixablate.claims.kinds import kind_of
from mixablate.claims.measurement.measured import JudgeChecked
from mixablate.claims.numbers_in_words import change, p_words, span
from mixablate.claims.verdict import SecondOpinion
from mixablate.design import Design
from mixablate.estimate import CorrectedDifference, Judge, JudgeByArm, corrected_contrast, number_or_none
from mixablate.estimate.judges.labelled import Labelled, differential_error, labelled
from mixablate.study import Scale
from mixablate.tables import OutcomeKind, Tables

__all__ = ["Corrected", "corrected"]

METHOD = "the judge's errors taken out (Rogan and Gladen, over training runs)"
LEAST_LEVEL, MOST_LEVEL = 1e-6, 1.0 - 1e-9
NO_JUDGE = "the labels hold no event, or nothing else"
OTHER_SCALE = "errors are taken out of differences of rates between arms only"

Corrects = Callable[[float], CorrectedDifference]


@dataclass(frozen=True, slots=True)
class Corrected:
    """A case with the judge's errors taken out.

    Attributes:
        checked: as a row of the report.
        opinion: whether it agrees with the primary; decides with it where the judge errs differently on the two sides.
        words: in a sentence.
        differs: whether the judge errs differently on the two sides.
    """

    checked: JudgeChecked
    opinion: SecondOpinion
    words: str
    differs: bool


@dataclass(frozen=True, slots=True)
class _Labels:
    """The labels of a case: of all its evals, of each side, and whether the judge errs differently on the sides."""

    judges: tuple[str, ...]
    whole: Labelled
    treated: Labelled
    reference: Labelled
    p_value: float | None
    differs: bool


def corrected(
    case: Case, says: str, tables: Tables, design: Design, *, supports: bool, level: float
) -> Corrected | None:
    """The case with the judge's errors taken out; None where no rollout of its evals is labelled.

    Where labels of both sides show errors that differ, each side is corrected by its own; else all labels make one
    judge. Labels are taken as independent and as drawn from rollouts like these.

    Args:
        case: of a claim.
        says: what the primary says of it, unadjusted.
        tables: with the labels.
        design: of the study.
        supports: whether the one-sided p is that of support or of contradiction.
        level: 1 - alpha.
    """
    if case.parts or case.summaries.outcome.kind is not OutcomeKind.EVENTS:
        return None
    labels = _labels(case, tables, 1.0 - level)
    if labels is None:
        return None
    judge = _judge(labels)
    reason = judge if isinstance(judge, str) else _out_of_reach(case)
    if reason or isinstance(judge, str):
        return _withheld(labels, reason)

    def at(some_level: float) -> CorrectedDifference:
        return corrected_contrast(case.summaries, case.contrast, design, judge, some_level)

    found = at(level)
    if found.reason:
        return _withheld(labels, found.reason)
    return _judged(case, labels, at, says, supports=supports, level=level)


def _labels(case: Case, tables: Tables, alpha: float) -> _Labels | None:
    evals = [eval_id for eval_id, _ in case.summaries.outcome.evals]
    shown = tables.headline[tables.headline["eval_id"].isin(evals)]
    named = shown["judge"].tolist() if "judge" in shown.columns else []
    judges = tuple(sorted({part for value in named for part in str(value).split(" + ") if part}))
    whole = labelled(tables.labels, evals, judges, None)
    if not whole.n:
        return None
    treated, reference = (labelled(tables.labels, evals, judges, _runs(case, sign)) for sign in (1.0, -1.0))
    p_value = differential_error(treated, reference)
    return _Labels(judges, whole, treated, reference, p_value, p_value is not None and p_value <= alpha)


def _runs(case: Case, sign: float) -> list[str]:
    arms = {arm_id for arm_id, coefficient in case.contrast.coefficients if sign * coefficient > 0.0}
    own = zip(case.summaries.run_ids, case.summaries.arm_ids, strict=True)
    return [run_id for run_id, arm_id in own if arm_id in arms]


def _judge(labels: _Labels) -> Judge | JudgeByArm | str:
    """The judge to correct for, or why there is none."""
    if not labels.differs:
        return labels.whole.judge or NO_JUDGE
    treated, reference = labels.treated.judge, labels.reference.judge
    if treated is None or reference is None:
        return f"{NO_JUDGE}, on one of the sides"
    return JudgeByArm(treated, reference)


def _out_of_reach(case: Case) -> str:
    """Why a claim of this kind or scale cannot be corrected; empty where it can."""
    by_arms = kind_of(case.claim).standing is contrast_standing
    return "" if by_arms and (case.scale is Scale.RISK_DIFFERENCE or case.region.at_no_effect) else OTHER_SCALE


def _judged(case: Case, labels: _Labels, at: Corrects, says: str, *, supports: bool, level: float) -> Corrected:
    found, alpha = at(level), 1.0 - level
    tested = [(0.0 if case.region.at_no_effect else value, below) for value, below in case.region.boundaries]
    p_support = max(_tail(at, end, below=below) for end, below in tested)
    p_contradict = min(_tail(at, end, below=not below) for end, below in tested)
    theirs = str(decide(p_support, p_contradict, None, alpha, agrees=True))
    between = span(found.lower, found.upper, Scale.RISK_DIFFERENCE)
    moved = f"{change(found.estimate, Scale.RISK_DIFFERENCE)} ({level:.0%} interval {between})"
    words = f"{_label_words(labels)}. With its errors taken out: {moved}, by itself {theirs}"
    opinion = SecondOpinion(
        METHOD, p_support if supports else p_contradict, None, False, theirs == says, labels.differs, found.note
    )
    checked = _row(labels, theirs, theirs == says, found)
    return Corrected(checked, opinion, words, labels.differs)


def _withheld(labels: _Labels, reason: str) -> Corrected:
    words = f"{_label_words(labels)}. Its errors cannot be taken out: {reason}"
    opinion = SecondOpinion(METHOD, None, None, True, None, labels.differs, f"abstains: {reason}")
    return Corrected(_row(labels, "untestable", None, None, reason), opinion, words, labels.differs)


def _row(
    labels: _Labels, says: str, agrees: bool | None, found: CorrectedDifference | None, reason: str = ""
) -> JudgeChecked:
    judge = labels.whole.judge
    return JudgeChecked(
        "errors taken out",
        " + ".join(labels.judges),
        says,
        agrees,
        None if found is None else number_or_none(found.estimate),
        None if found is None else number_or_none(found.lower),
        None if found is None else number_or_none(found.upper),
        n_labels=int(labels.whole.n),
        sensitivity=judge.sensitivity if judge else None,
        specificity=judge.specificity if judge else None,
        p_differs=labels.p_value,
        reason=reason,
    )


def _label_words(labels: _Labels) -> str:
    name = f' "{" + ".join(labels.judges)}"' if labels.judges else ""
    if labels.differs and labels.p_value is not None:
        shares = [_shares(side) for side in (labels.treated, labels.reference)]
        return (
            f"The judge{name} errs differently on the two sides ({p_words(labels.p_value)}): on the treated side it "
            f"{shares[0]}, on the reference side it {shares[1]}"
        )
    return f"Labels of {labels.whole.n:g} rollouts: the judge{name} {_shares(labels.whole)}"


def _shares(labels: Labelled) -> str:
    found = f"{labels.found:g} of {labels.n_events:g} events"
    return f"finds {found} and calls {labels.alarms:g} of {labels.n_others:g} other rollouts events"


def _tail(at: Corrects, boundary: float, *, below: bool) -> float:
    """One-sided p of "the corrected difference is not below (above) the boundary": where a limit touches it."""
    estimate = at(LEAST_LEVEL).estimate
    clear = estimate < boundary if below else estimate > boundary
    upper = below == clear

    def past(level: float) -> float:
        found = at(level)
        limit = found.upper if upper else found.lower
        if math.isnan(limit):  # at this level the judge is not shown to be better than a coin: no bound
            return 1.0
        return (limit - boundary) * (1.0 if upper else -1.0)

    if past(LEAST_LEVEL) >= 0.0:
        p = 0.5
    elif past(MOST_LEVEL) < 0.0:
        p = (1.0 - MOST_LEVEL) / 2.0
    else:
        p = (1.0 - float(brentq(past, LEAST_LEVEL, MOST_LEVEL, xtol=1e-9))) / 2.0
    return p if clear else 1.0 - p
