"""What the judges make of a verdict: opinions, sentences, and whether it hangs on the judge."""

from __future__ import annotations

from dataclasses import dataclass

from mixablate.claims.asked import Asked
from mixablate.claims.measurement.judge_errors import Corrected, corrected
from mixablate.claims.measurement.judges import other_judges, primary_says
from mixablate.claims.measurement.measured import JudgeChecked
from mixablate.claims.outcomes import claim_evals
from mixablate.claims.verdict import SecondOpinion, Status, Verdict
from mixablate.design import Design
from mixablate.study import Study
from mixablate.tables import Tables

__all__ = ["Judged", "judges_of"]

SAID = ("supported", "contradicted", "undecided")


@dataclass(frozen=True, slots=True)
class Judged:
    """What the judges make of a verdict.

    Attributes:
        checked: rows of the report.
        opinions: of the judge with its errors taken out.
        remarks: (sentence, whether the judge matters, what would settle a verdict that hangs on it).
    """

    checked: tuple[JudgeChecked, ...] = ()
    opinions: tuple[SecondOpinion, ...] = ()
    remarks: tuple[tuple[str, bool, str], ...] = ()


def judges_of(verdict: Verdict, asked: Asked, study: Study, tables: Tables, design: Design) -> Judged:
    """The judge with its errors taken out, where rollouts are labelled; then every other judge and metric."""
    evals = claim_evals(asked.claim, tables)
    alpha = 1.0 - study.analysis.level
    says = primary_says(asked.cases, design, alpha)
    others = other_judges(asked.claim, evals, says, study, tables, design)
    found = _with_labels(verdict, asked, says, study, tables, design)
    remarks = [(one.words, *_hangs(one, says)) for one in found]
    remarks += [_other_words(one, says) for one in others if one.agrees is False and one.says in SAID]
    return Judged((*(one.checked for one in found), *others), tuple(one.opinion for one in found), tuple(remarks))


def _with_labels(
    verdict: Verdict, asked: Asked, says: str, study: Study, tables: Tables, design: Design
) -> list[Corrected]:
    if tables.labels.empty or asked.refused:
        return []
    supports = verdict.status is not Status.CONTRADICTED
    level = study.analysis.level
    found = (corrected(case, says, tables, design, supports=supports, level=level) for case in asked.cases)
    return [one for one in found if one is not None]


def _hangs(found: Corrected, says: str) -> tuple[bool, str]:
    """Whether the judge matters, and what would settle a verdict that hangs on it."""
    agrees = found.checked.agrees
    matters = found.differs or agrees is False
    if not found.differs or agrees:
        return matters, ""
    return matters, "a judge that errs alike on both sides, or enough labels of both sides to take its errors out"


def _other_words(other: JudgeChecked, says: str) -> tuple[str, bool, str]:
    words = f'By {other.what}, "{other.judge}", the primary would say {other.says} in place of {says}, unadjusted'
    return words, True, ""
