"""The answer in a few sentences, built from verdicts and the main attribution; pure, and careful with its words."""

from __future__ import annotations

from collections.abc import Sequence

from mixablate.attribute import Attribution, AttributionScale
from mixablate.claims import Status, Verdict
from mixablate.estimate import Effect
from mixablate.figures.frames import headline_outcomes, outcome_labels
from mixablate.figures.number_text import (
    bounded_rate_text,
    change_text,
    interval_text,
    level_text,
    rate_text,
    scale_words,
)
from mixablate.findings import Findings
from mixablate.report.published_summary import FIGURES, first_sentences, on_figures, on_runs, published_sentences
from mixablate.study import PublishedDeclared, Scale

__all__ = ["effect_words", "main_attributions", "summary_sentences"]

MOST_CHANGES = 3
MOST_PARTS = {1: 4, 2: 2, 3: 2}  # of each change, by how many are told
RUNS = "by these runs"
WORDS = {
    Status.SUPPORTED: "supported",
    Status.EQUIVALENT: "equivalent (no difference beyond the margin)",
    Status.UNDECIDED: "undecided",
    Status.CONTRADICTED: "contradicted",
    Status.UNTESTABLE: "untestable",
}


def summary_sentences(findings: Findings) -> tuple[str, ...]:
    """About five sentences: what became of the claims, the evidence of the leading ones, the change of each domain.

    "Supported" is said only of claims whose verdict is that; where none is, that is said first. Numbers without
    run-level inference are called descriptive.
    """
    judged, own = on_figures(findings), on_runs(findings)
    sentences = [] if judged and not own else [_tally(own, RUNS), *_leading(own)]
    if findings.lock is not None and (deviating := findings.lock.answer(findings.verdicts)):
        sentences.append(deviating)
    if judged:
        sentences += [_tally(judged, FIGURES), *_leading(judged)]
    if findings.tables.runs.empty:
        sentences += published_sentences(findings)
    changes = main_attributions(findings)
    sentences += [_attribution_sentence(findings, found, MOST_PARTS[len(changes)]) for found in changes]
    return tuple(sentences)


def main_attributions(findings: Findings) -> tuple[Attribution, ...]:
    """The Shapley attributions of the first three headline outcomes on their rate (or score) scale."""
    plain = {a.outcome: a for a in findings.attributions if a.rule == "shapley" and a.scale.additive}
    return tuple(plain[name] for name in headline_outcomes(findings) if name in plain)[:MOST_CHANGES]


def effect_words(effect: Effect) -> str:
    """An effect in words: estimate, unit, interval and runs.

    An interval that was withheld is said to be.
    """
    if effect.estimate is None:
        return f"no estimate; {effect.n_treated} v {effect.n_reference} runs"
    runs = f"{effect.n_treated} v {effect.n_reference} runs" if effect.n_reference else f"n = {effect.n_treated}"
    stated = f"{change_text(effect.estimate, effect.scale)} {_unit(effect.scale)}"
    if effect.lower is None and effect.upper is None:
        return f"{stated}, no interval over runs; {runs}"
    interval = interval_text(effect.lower, effect.upper, effect.scale)
    return f"{stated}, {level_text(effect.level)} interval {interval}; {runs}"


def _unit(scale: Scale) -> str:
    return {Scale.RISK_RATIO: "times the reference rate", Scale.LOG_ODDS: "on the log-odds"}.get(
        scale, scale_words(scale)
    )


def _tally(verdicts: Sequence[Verdict], by: str) -> str:
    if not verdicts:
        return "The study declares no claims, so none is judged; the numbers below describe the runs."
    confirmatory = [v for v in verdicts if v.claim.status == "confirmatory"]
    exploratory = [v for v in verdicts if v.claim.status != "confirmatory"]
    if not confirmatory:
        return _counts(exploratory, "exploratory claim", by) + " Exploratory verdicts confirm nothing."
    sentence = _counts(confirmatory, "confirmatory claim", by)
    return sentence if not exploratory else f"{sentence} {_counts(exploratory, 'exploratory claim', by)}"


def _counts(verdicts: Sequence[Verdict], noun: str, by: str) -> str:
    """How many of the claims have which verdict; "none is supported" comes first where that is so."""
    total = len(verdicts)
    counts = {status: sum(v.status is status for v in verdicts) for status in WORDS}
    others = [f"{n} {WORDS[s]}" for s, n in counts.items() if n and s is not Status.SUPPORTED]
    supported = counts[Status.SUPPORTED]
    if total == 1:
        status = verdicts[0].status
        word = WORDS[status] if supported else f"not supported {by}: it is {WORDS[status]}"
        return f"The one {noun} is {word}."
    if not supported and len(others) == 1:
        return f"None of the {total} {noun}s is supported {by}: all are {WORDS[verdicts[0].status]}."
    if not supported:
        return f"None of the {total} {noun}s is supported {by}: {', '.join(others)}."
    verb, where = "is" if supported == 1 else "are", f" {by}" if by == FIGURES else ""
    return f"{supported} of {total} {noun}s {verb} supported{where}" + (f"; {', '.join(others)}." if others else ".")


def _leading(verdicts: Sequence[Verdict]) -> list[str]:
    """The first supported and the first contradicted confirmatory claim, or the first of what else there is.

    Before what printed figures support stands the first claim that they cannot speak to: of a mix, say, where what is
    supported is about single models.
    """
    confirmatory = [v for v in verdicts if v.claim.status == "confirmatory"] or list(verdicts)
    firsts = {s: next((v for v in confirmatory if v.status is s), None) for s in WORDS}
    shown = [v for v in (firsts[Status.SUPPORTED], firsts[Status.CONTRADICTED]) if v is not None]
    untestable = firsts[Status.UNTESTABLE]
    if shown and untestable is not None and isinstance(untestable.claim, PublishedDeclared):
        shown.insert(0, untestable)
    if not shown:
        order = (Status.EQUIVALENT, Status.UNDECIDED, Status.UNTESTABLE)
        shown = [v for v in (firsts[status] for status in order) if v is not None][:1]
    return [_claim_sentence(verdict) for verdict in shown]


def _claim_sentence(verdict: Verdict) -> str:
    text = f"{WORDS[verdict.status].split(' (')[0].capitalize()}: \u201c{verdict.claim.text.rstrip('.')}\u201d"
    if verdict.status in (Status.UNDECIDED, Status.UNTESTABLE) or not verdict.evidence:
        reason = verdict.reason if verdict.claim.evals or verdict.claim.domain else first_sentences(verdict.reason)
        return f"{text}: {reason.rstrip('.')}."
    flags = (
        f" This verdict is flagged {', '.join(f.replace('_', ' ') for f in verdict.flags)}." if verdict.flags else ""
    )
    printed = isinstance(verdict.claim, PublishedDeclared)
    effects = "; ".join(_evidence(verdict, effect, printed=printed) for effect in verdict.evidence[:2])
    noun = "comparisons" if printed else "outcomes"
    more = f" and {len(verdict.evidence) - 2} more {noun}" if len(verdict.evidence) > 2 else ""
    return f"{text} ({effects}{more}).{flags}"


def _evidence(verdict: Verdict, effect: Effect, *, printed: bool) -> str:
    """The effect in words; of figures that someone printed without the runs, which they may not state."""
    if verdict.claim.kind != "reaches_zero":
        words = effect_words(effect)
        return words.rpartition("; ")[0] if printed else words
    limits = bounded_rate_text(effect.lower, effect.upper) if effect.reference is None else ""
    stated = f"rate {rate_text(effect.treated)}" + (f", {limits}" if limits else "")
    return stated if printed else f"{stated}; {effect.n_treated} runs"


def _attribution_sentence(findings: Findings, found: Attribution, most: int) -> str:
    """From where to where, and the largest parts with their intervals."""
    kind = "events" if found.scale is AttributionScale.RISK_DIFFERENCE else "score"
    label = outcome_labels(findings).get(found.outcome, found.outcome)
    ends = f"from {rate_text(found.baseline, kind)} at baseline to {rate_text(found.full, kind)} in the full mix"
    unit = scale_words(found.scale)
    parts = sorted(found.parts, key=lambda part: -abs(part.estimate))
    named = parts if len(parts) <= most + 1 else parts[:most]  # "and 1 more" is no shorter than its name
    stated = [_part_words(p.label, p.estimate, p.lower, p.upper, found.scale) for p in named]
    more = f", and {len(parts) - most} more" if len(named) < len(parts) else ""
    split = f"the Shapley split in {unit}: {', '.join(stated)}{more}"
    if found.descriptive:
        return f"Descriptive only, without run-to-run uncertainty: {label} went {ends}; {split}."
    total = f"{change_text(found.total, found.scale)}"
    interval = interval_text(found.total_lower, found.total_upper, found.scale)
    clear = found.total_lower is not None and found.total_upper is not None
    clear = clear and not (found.total_lower or 0.0) <= 0.0 <= (found.total_upper or 0.0)
    note = "" if clear else " The total is compatible with no change, so no shares are given."
    return f"{label} went {ends} ({total}, {level_text(found.level)} interval {interval}); {split}.{note}"


def _part_words(label: str, estimate: float, lower: float | None, upper: float | None, scale: str) -> str:
    stated = f"{label} {change_text(estimate, scale)}"
    return stated if lower is None and upper is None else f"{stated} ({interval_text(lower, upper, scale)})"
