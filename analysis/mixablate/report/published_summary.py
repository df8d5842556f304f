"""The answer of a study that judges what others published, in a few sentences."""

from __future__ import annotations

from mixablate.claims import Verdict
from mixablate.findings import Findings
from mixablate.study import PublishedDeclared

__all__ = ["FIGURES", "first_sentences", "on_figures", "on_runs", "published_sentences"]

FIGURES = "by the figures as printed"
MOST_SENTENCES = 2


def on_figures(findings: Findings) -> tuple[Verdict, ...]:
    """The verdicts on published figures."""
    return tuple(v for v in findings.verdicts if isinstance(v.claim, PublishedDeclared))


def on_runs(findings: Findings) -> tuple[Verdict, ...]:
    """The verdicts on the study's own runs."""
    return tuple(v for v in findings.verdicts if not isinstance(v.claim, PublishedDeclared))


def first_sentences(reason: str) -> str:
    """The beginning of a reason: why, and what it would need."""
    return ". ".join(reason.split(". ")[:MOST_SENTENCES])


def published_sentences(findings: Findings) -> tuple[str, ...]:
    """What of the records is not stated, and how many figures were reported in ways that cannot be one value."""
    records, conflicts = findings.published.records, findings.published.conflicts
    if not len(records):
        return ()
    rates = records[records["unit"] == "rate"]
    with_n, with_runs = (int(rates[name].notna().sum()) for name in ("n", "runs"))
    sentences = [
        f"Of {len(records)} published figures {len(rates)} are rates; n is stated for {with_n or 'none'} of them, the "
        f"number of training runs for {with_runs or 'none'}."
    ]
    apart = conflicts.loc[conflicts["agree"].eq(False), "conflict"].nunique()
    if apart:
        noun = "figure was" if apart == 1 else "figures were"
        sentences.append(
            f"{apart} {noun} reported in ways that cannot be one value; the reports stand side by side, and none is "
            "averaged."
        )
    return tuple(sentences)
