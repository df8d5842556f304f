"""From a declaration and its tables to findings, on one screen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mixablate.attribute import Attribution, Rule, attribute
from mixablate.claims import judge
from mixablate.design import Contrast, Design, design_of, switch
from mixablate.estimate import (
    Effect,
    Outcome,
    OutcomeModel,
    OutcomeModels,
    RunSummaries,
    fit_outcome,
    mixed_effects,
    outcome_of,
    regression_effects,
    run_level_effect,
    scales_of,
    summarise,
)
from mixablate.findings.against_truth import against_truth, no_truth
from mixablate.findings.by_block import block_effects
from mixablate.findings.findings import Findings
from mixablate.findings.limits import limits_of
from mixablate.findings.rates import arm_rates, run_rates
from mixablate.resample import stage_rng
from mixablate.simulate import Truth
from mixablate.study import Scale, Study
from mixablate.tables import Tables

__all__ = ["analyse", "outcomes_of"]

Progress = Callable[[str], None]


def analyse(study: Study, tables: Tables, *, truth: Truth | None = None, progress: Progress | None = None) -> Findings:
    """Everything these runs say about the study: rates, effects, attribution, verdicts, and what they cannot say.

    `truth` is the known truth of a simulated study (`simulate.study_truth`); what was found is then set beside it.
    Pure: the same study and tables give the same findings, whatever the order of their rows. `progress` is called with
    the name of each stage before it starts.

    Raises:
        ClaimError: claims that do not fit the tables.
    """
    say = progress or (lambda _: None)
    say("design")
    design = design_of(study, tables)
    contrasts = component_contrasts(study, design)
    summaries = [summarise(tables, design, outcome) for outcome in outcomes_of(tables)]
    say("run-level effects")
    effects = _effects(study, design, contrasts, summaries)
    say("regression")
    models = {summary.outcome.evals: fit_outcome(summary, design) for summary in summaries}
    regression = [e for s in summaries for e in _regression(study, design, contrasts, s, models[s.outcome.evals])]
    say("attribution")
    attributions = _attributions(study, design, summaries, models)
    say("claims")
    verdicts = judge(study, tables, design, models=models, progress=progress)
    return Findings(
        study=study,
        design=design,
        tables=tables,
        rates=arm_rates(summaries, design, level=study.analysis.level),
        run_rates=run_rates(summaries, design, level=study.analysis.level),
        effects=tuple(effects),
        regression=tuple(regression),
        attributions=tuple(attributions),
        verdicts=verdicts,
        limits=limits_of(study, design, tables, contrasts, summaries, effects),
        notices=tables.notices,
        sources=tables.sources,
        block_effects=block_effects(design, contrasts, summaries, level=study.analysis.level),
        truths=against_truth(truth, design, summaries, contrasts, effects, attributions) if truth else no_truth(),
    )


def outcomes_of(tables: Tables) -> tuple[Outcome, ...]:
    """Every eval with outcomes, in the evals table's order, then the mean of each domain that holds several.

    Evals of a domain that differ in kind or direction have no common mean and get none; one of weight 0 is in no mean.
    """
    present = tables.evals[tables.evals["eval_id"].isin(tables.headline["eval_id"])]
    found = [outcome_of(tables, [str(eval_id)]) for eval_id in present["eval_id"]]
    for domain, rows in present[present["weight"] > 0.0].groupby("domain", sort=True):
        if len(rows) > 1 and len(rows[["kind", "direction"]].drop_duplicates()) == 1:
            label = f"Mean of {len(rows)} {str(domain).replace('_', '-')} evals"
            found.append(outcome_of(tables, [str(e) for e in rows["eval_id"]], name=str(domain), label=label))
    return tuple(found)


def component_contrasts(study: Study, design: Design) -> tuple[Contrast, ...]:
    """Each component switched from its baseline to its target, at the average over strata of the others."""
    return tuple(
        switch(design, [component.id], name=component.id)
        for component in study.components
        if component.baseline is not None and component.target is not None
    )


def _effects(
    study: Study, design: Design, contrasts: tuple[Contrast, ...], summaries: list[RunSummaries]
) -> list[Effect]:
    return [
        run_level_effect(summary, contrast, scale, design, level=study.analysis.level)
        for summary in summaries
        for contrast in contrasts
        for scale in scales_of(summary)
    ]


def _regression(
    study: Study,
    design: Design,
    contrasts: tuple[Contrast, ...],
    summaries: RunSummaries,
    model: OutcomeModel | str,
) -> tuple[Effect, ...]:
    """The third line; beside it, where scenarios are random, runs and scenarios crossed in a mixed logit."""
    level = study.analysis.level
    found = regression_effects(summaries, contrasts, design, level=level, model=model)
    if study.analysis.scenarios == "random" and len(summaries.outcome.evals) > 1:
        found += mixed_effects(summaries, contrasts, design, level=level)
    return found


def _attributions(
    study: Study, design: Design, summaries: list[RunSummaries], models: OutcomeModels
) -> list[Attribution]:
    found = []
    for summary in summaries:
        for scale in scales_of(summary):
            if scale is Scale.RISK_RATIO:
                continue  # ratios multiply: their logarithm is split on the log-odds and difference scales instead
            for rule in Rule:
                split = attribute(
                    summary,
                    design,
                    scale,
                    rule,
                    level=study.analysis.level,
                    draws=study.analysis.draws,
                    rng=_stream(study, summary, scale),
                    model=models[summary.outcome.evals],
                )
                found += [split] if split else []
    return found


def _stream(study: Study, summary: RunSummaries, scale: Scale) -> np.random.Generator:
    return stage_rng(study.seed, "attribution", summary.outcome.name, scale)
