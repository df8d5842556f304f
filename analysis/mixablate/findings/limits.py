"""What these runs cannot tell, in sentences that name the run or arm that would."""

from __future__ import annotations

from collections.abc import Sequence

from mixablate.design import (
    MOST_ALIKE,
    ContrastAudit,
    Design,
    DesignAudit,
    addition_sentences,
    audit_sentences,
    strata_in_words,
)
from mixablate.errors import sentence_case
from mixablate.estimate import Effect, RunSummaries
from mixablate.study import Scale, Study
from mixablate.tables import Tables, counted_once_words

__all__ = ["limits_of", "seed_limits"]

UNIT = "the training run is the unit, and rollouts of one run are not independent evidence about a mix"


def limits_of(
    design: Design, audit: DesignAudit, summaries: Sequence[RunSummaries], effects: Sequence[Effect]
) -> tuple[str, ...]:
    """The sentences, most consequential first; empty only for a design without any of these limits."""
    sentences = [*(_single_runs(design, summaries, effects) or _withheld(effects)), *audit.sentences]
    sentences += [
        f'The effect of "{row.label}" cannot be estimated: {row.reason}. Needed: {row.needed}.'
        for row in audit.components
        if not row.estimable
    ]
    sentences += _one_sided([row for row in audit.components if row.estimable and row.strata_left_out])
    sentences += audit_sentences(design, audit)
    sentences += addition_sentences(audit.additions)
    unknown = [arm for arm in design.arms if not arm.known]
    if unknown:
        runs = ", ".join(f'"{run_id}"' for arm in unknown for run_id in arm.run_ids)
        sentences.append(f"The mix of {runs} is unknown: shown among the rates, and in no comparison.")
    sentences += _absent(summaries)
    return tuple(dict.fromkeys(_sentence(s) for s in sentences))


def _one_sided(rows: Sequence[ContrastAudit]) -> list[str]:
    """Which strata had one side only: component by component, or of many in one sentence, with the first as example."""
    if len(rows) <= MOST_ALIKE:
        return [
            f'"{row.label}" was compared only where both its sides were run; '
            f"left out: {strata_in_words(row.strata_left_out)}."
            for row in rows
        ]
    counts = sorted({len(row.strata_left_out) for row in rows})
    strata = f"{counts[0]:,} to {counts[-1]:,} strata" if len(counts) > 1 else f"{counts[0]:,} strata"
    return [
        f"{len(rows)} components were compared only where both their sides were run. Left out of each are {strata}; "
        f'of "{rows[0].label}", {strata_in_words(rows[0].strata_left_out)}.'
    ]


def seed_limits(study: Study, tables: Tables) -> tuple[str, ...]:
    """The sentence about runs of one arm and seed; none where there are none."""
    words = counted_once_words(study, tables)
    return (f"{words}. The others are in no number here: they may be the same training.",) if words else ()


def _single_runs(design: Design, summaries: Sequence[RunSummaries], effects: Sequence[Effect]) -> list[str]:
    sizes = [len(arm.run_ids) for arm in design.arms if arm.known]
    if design.pair or not sizes or max(sizes) > 1:
        return []
    found = [
        "Every arm is a single training run, so nothing here carries run-to-run uncertainty: differences are between "
        f"these models, not between their mixes ({UNIT}). Shares and differences are descriptive; at least 3 runs an "
        "arm would support inference."
    ]
    labels = {c.id: c.label for c in design.components} | {s.outcome.name: s.outcome.label for s in summaries}
    for effect in effects:
        if effect.scale is Scale.RISK_DIFFERENCE and effect.tipping_sd is not None:
            found.append(
                f'"{labels[effect.contrast]}" on "{labels[effect.outcome]}": the difference between these models would '
                f"exclude zero only if run-to-run SD were below {effect.tipping_sd:.2f} on the logit "
                "(.3 to .7 are typical)."
            )
    return found


def _withheld(effects: Sequence[Effect]) -> list[str]:
    """One sentence where no effect at all has an interval, with the reasons."""
    if not effects or any(effect.supported for effect in effects):
        return []
    reasons = list(dict.fromkeys(effect.reason for effect in effects))
    more = f" (and {len(reasons) - 3} more reasons)" if len(reasons) > 3 else ""
    return [f"No effect has an interval over runs: {'; '.join(reasons[:3])}{more}."]


def _absent(summaries: Sequence[RunSummaries]) -> list[str]:
    lacking = [f'"{s.outcome.label}" {len(s.absent)}' for s in summaries if s.absent]
    return [f"Runs without an outcome leave its comparisons: {', '.join(lacking)}."] if lacking else []


def _sentence(text: str) -> str:
    return sentence_case(text.strip().rstrip(".")) + "."
