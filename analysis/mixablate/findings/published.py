"""What a study reports of others: the records as printed, their conflicts, and every comparison its claims ask for."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from mixablate.claims import Verdict
from mixablate.estimate import effects_frame
from mixablate.estimate.reported import conflicting_reports, possible_rates, possible_values
from mixablate.study import RATE, WORDS, PublishedDeclared, Reported, Study

__all__ = ["COMPARISON_COLUMNS", "CONFLICT_COLUMNS", "RECORD_COLUMNS", "Published", "published_limits", "published_of"]

RECORD_COLUMNS = (
    "id", "quantity", "arm", "label", "eval", "base_model", "unit", "value", "n", "runs", "lower", "upper",
    "interval_level", "interval_kind", "possible_lower", "possible_upper", "source", "note",
)  # fmt: skip
CONFLICT_COLUMNS = (
    "conflict", "quantity", "arm", "label", "eval", "base_model", "unit", "agree", "id", "value", "n", "runs", "source",
    "note",
)  # fmt: skip
COMPARISON_COLUMNS = (
    "claim", "contrast", "outcome", "scale", "reference", "treated", "estimate", "lower", "upper", "within_lower",
    "within_upper", "tipping_sd", "n_reference", "n_treated", "method", "scope", "reason", "notes",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Published:
    """The published figures of a study; empty frames where it reports none.

    Attributes:
        records: one row per `[[reported]]` record, in declaration order; `possible_lower` and `possible_upper` are the
            ends of what its print allows, empty where open or in words.
        conflicts: one row per report of a figure that was reported more than once; `conflict` numbers the figures and
            `agree` says whether their prints share a value.
        comparisons: one row per pair of reports that a claim on them asks for.
    """

    records: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(RECORD_COLUMNS)))
    conflicts: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(CONFLICT_COLUMNS)))
    comparisons: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(COMPARISON_COLUMNS)))


def published_of(study: Study, verdicts: tuple[Verdict, ...]) -> Published:
    """The study's records, what of them conflicts, and the comparisons behind the verdicts on them."""
    if not study.reported:
        return Published()
    conflicts = [
        _columns(record, CONFLICT_COLUMNS) | {"conflict": number, "agree": conflict.agree}
        for number, conflict in enumerate(conflicting_reports(study.reported), start=1)
        for record in conflict.records
    ]
    on_records = [v for v in verdicts if isinstance(v.claim, PublishedDeclared)]
    effects = effects_frame([effect for verdict in on_records for effect in verdict.evidence])
    effects.insert(0, "claim", [verdict.claim.id for verdict in on_records for _ in verdict.evidence])
    return Published(
        pd.DataFrame([_record(record) for record in study.reported], columns=list(RECORD_COLUMNS)).astype(object),
        pd.DataFrame(conflicts, columns=list(CONFLICT_COLUMNS)).astype(object),
        effects[list(COMPARISON_COLUMNS)],
    )


def published_limits(study: Study) -> tuple[str, ...]:
    """What the study's records leave open, a sentence each: n, runs, intervals, figures that are only said or drawn."""
    rates = [record for record in study.reported if record.unit == RATE]
    said = [record for record in study.reported if record.unit == WORDS]
    missing = {
        "their n, so that chance has no bound": sum(record.n is None for record in rates),
        "their training runs, so that nothing is known of how runs of one mix differ": sum(
            record.runs is None for record in rates
        ),
        "an interval": sum(record.limits is None for record in rates),
    }
    of = f"of {len(rates)} published rates"
    sentences = [
        f"{'None' if count == len(rates) else f'{len(rates) - count}'} {of} state{'s' if count == len(rates) else ''} "
        f"{what}."
        for what, count in missing.items()
        if count
    ]
    if said:
        sentences.append(f"{len(said)} records hold words and no figure; no claim can be decided by them.")
    return tuple(sentences)


def _record(record: Reported) -> dict[str, object]:
    row = _columns(record, RECORD_COLUMNS)
    if record.unit == WORDS:
        return row | {"possible_lower": None, "possible_upper": None}
    found = possible_rates(record.figure) if record.unit == RATE else possible_values(record.figure)
    ends = {"possible_lower": found.lower, "possible_upper": found.upper}
    return row | {name: None if end is None else float(end) for name, end in ends.items()}


def _columns(record: Reported, columns: tuple[str, ...]) -> dict[str, object]:
    return {name: getattr(record, name) for name in columns if hasattr(record, name)}
