"""The methods in words: the rules that hold for every study, and the formulas this one used."""

from __future__ import annotations

from collections.abc import Iterable

from mixablate.figures.number_text import scale_words
from mixablate.findings import Findings
from mixablate.report.table import PageTable, text

__all__ = ["RULES", "method_tables"]

RULES: tuple[tuple[str, str], ...] = (
    (
        "The training run is the unit.",
        "Rollouts of one run are not independent evidence about a data mix, so intervals and tests are over runs.",
    ),
    (
        "Existence is tested on per-run log-odds.",
        "Each run is summarised as log((k + 1/2) / (n - k + 1/2)), for several evals by its weighted mean, whatever "
        "scale is shown. Two arms are compared by Welch's t; contrasts of several arms by cell means with "
        "Satterthwaite's degrees of freedom; paired or blocked runs within pairs or blocks.",
    ),
    (
        "Intervals are on the scale that is shown.",
        "Margins are judged on the scale the claim declares, with that scale's own interval.",
    ),
    (
        "Numbers outside the supported region are withheld.",
        "An interval needs at least 3 runs on each side and at least 2 expected events a run at the pooled rate. "
        "Elsewhere the difference is described, with the reason why no interval is given.",
    ),
    (
        "One run an arm supports no inference about a mix.",
        "The difference between two models is then given with its within-run interval, and the run-to-run standard "
        "deviation below which it would stand (.3 to .7 on the logit are typical).",
    ),
    (
        "A second opinion of another nature decides with the primary.",
        "It is exact randomisation where that can reach the level, else the enumerated wild cluster bootstrap; where "
        "it cannot reach the level either it abstains and the claim is flagged as resting on few runs. Disagreement "
        "gives \u201cundecided\u201d.",
    ),
    (
        "Claims are adjusted within families.",
        "Holm's method on the primary p-values, unless the study asks for Hochberg's or for step-down max-T. Claims "
        "untestable by design do not count; claims lost through their outcomes count with p = 1. Exploratory claims "
        "have a family of their own.",
    ),
    (
        "Verdicts are regions.",
        "A claim is supported when the interval lies inside the claimed region, contradicted when it lies inside its "
        "complement, equivalent when neither holds and the effect lies within the margin, otherwise undecided; it is "
        "untestable when the design or the outcomes cannot speak to it.",
    ),
    (
        "Scenarios are fixed unless declared random.",
        "Intervals are about runs like these on these scenarios, not about other scenarios. Where the study says "
        'scenarios = "random", means over evals are clustered by run and by eval, and speak about others like them.',
    ),
    (
        "Zeros carry bounds.",
        "A rate of zero is given with its one-sided 95 % upper bound (0 of 100: at most 2.95 %), widened for "
        "clustering over runs.",
    ),
    (
        "What cannot be separated is not attributed.",
        "Components that only ever appear together, or together with another base model or judge, are named, and their "
        "claims are untestable.",
    ),
    (
        "Fragile means that one thing carries it.",
        "With some one run, scenario, judge or base model left out, the estimate leaves the claimed region or p "
        "exceeds twice the level.",
    ),
    (
        "Missing rollouts are not harmless.",
        "They leave the rate, and a claim is flagged when counting them on either side would change its verdict.",
    ),
)


def method_tables(findings: Findings) -> tuple[PageTable, ...]:
    """Every distinct formula behind a number of this report, with what it was used for."""
    used: dict[str, list[str]] = {}
    for what, method in _uses(findings):
        places = used.setdefault(method, [])
        if what not in places:
            places.append(what)
    rows = tuple((text("; ".join(places)), text(method)) for method, places in used.items())
    return (PageTable("formulas", "Formulas used in this report", ("Used for", "Method"), rows),) if rows else ()


def _uses(findings: Findings) -> Iterable[tuple[str, str]]:
    for effect in findings.effects:
        yield f"effects in {scale_words(effect.scale)}", effect.method
        yield "what the intervals cover", effect.scope
    for row in findings.block_effects.itertuples():
        if row.kind == "pooled":
            yield "means over blocks", str(row.method)
    for effect in findings.regression:
        yield f"regression, {scale_words(effect.scale)}", effect.method
    for found in findings.attributions:
        yield f"attribution ({found.rule.replace('_', ' ')}) in {scale_words(found.scale)}", found.method
    for method in findings.mixture_effects["method"].loc[lambda words: words != ""].unique():
        yield "changes of the mix", str(method)
    for verdict in findings.verdicts:
        for effect in verdict.evidence:
            yield "verdicts", effect.method
        for opinion in verdict.second_opinions:
            yield "second opinions", opinion.method
